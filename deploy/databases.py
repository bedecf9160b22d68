"""A database for each service on one server, and for each a role of its own that reaches no other: whose pseudonym is whose only the
registry can read. A server from before there were roles is brought to this form.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

CONNECTIONS_MAX: Final = 40
"""How many connections one service may hold at a time, commands that look into its database included."""
_SHARED: Final = ("postgres", "template1")

_FOREIGN: Final = """
SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, $1::text) FROM pg_namespace
WHERE nspname ~ '^c[0-9]{12}$' AND nspowner <> $1::regrole
UNION ALL
SELECT format('ALTER TABLE %I.%I OWNER TO %I', nspname, relname, $1::text)
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname ~ '^c[0-9]{12}$' AND relkind IN ('r', 'p') AND relowner <> $1::regrole
"""
"""What another role owns in the counties' schemas; indexes and sequences go with their tables."""


async def give_databases(administrator: str, dsns: Mapping[str, str]) -> None:
    """Make the role and the database that each service's DSN names, or take them over; nobody else connects to it. `administrator` is the
    DSN of the server's superuser. Raises what PostgreSQL raises.
    """
    server = await asyncpg.connect(administrator)
    try:
        for name in _SHARED:
            await server.execute(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
        for dsn in dsns.values():
            await _give(server, administrator, dsn)
    finally:
        await server.close()


async def _give(server: asyncpg.Connection, administrator: str, dsn: str) -> None:
    parts = urlsplit(dsn)
    role, database = parts.username, parts.path.removeprefix("/")
    if not await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await _execute(server, "CREATE ROLE %I", role)
    await _execute(server, f"ALTER ROLE %I LOGIN CONNECTION LIMIT {CONNECTIONS_MAX} PASSWORD %L", role, parts.password)
    if await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
        await _execute(server, "ALTER DATABASE %I OWNER TO %I", database, role)
    else:
        await _execute(server, "CREATE DATABASE %I OWNER %I", database, role)
    await _execute(server, "REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC", database)
    inside = await asyncpg.connect(urlunsplit(urlsplit(administrator)._replace(path=parts.path)))
    try:
        async with inside.transaction():
            for (statement,) in await inside.fetch(_FOREIGN, role):
                await inside.execute(statement)
    finally:
        await inside.close()


async def _execute(server: asyncpg.Connection, statement: str, *names: str | None) -> None:
    """A statement that takes no parameters, the names put in by the server itself, quoted."""
    await server.execute(await server.fetchval("SELECT format($1, VARIADIC $2::text[])", statement, names))
