"""Every service has a database and a role of its own, and reaches no other: on a new server, and on one from before there were roles."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.databases import CONNECTIONS_MAX, give_databases
from deploy.embedded import EmbeddedPostgres
from deploy.local import INDICATORS, SCHEMAS
from shared.contracts.base import SERVICES
from shared.county_schema import county_schema
from shared.migrate import migrate

COUNTY = "330127000000"
OF_ALL = (*SERVICES, INDICATORS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def dsns(server: EmbeddedPostgres) -> dict[str, str]:
    return {name: server.address_of(name) for name in OF_ALL}


async def _built(dsns: dict[str, str]) -> None:
    for name, dsn in dsns.items():
        for which in SCHEMAS.get(name, ("write",)):
            await migrate(dsn, COUNTY, which)


async def test_what_stands_on_a_server_from_before_there_were_roles_is_taken_over(server: EmbeddedPostgres, dsns: dict[str, str]) -> None:
    as_before = {name: f"{server.address.rpartition('/')[0]}/{name}" for name in OF_ALL}
    connection = await asyncpg.connect(server.address)
    for name in OF_ALL:
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    await _built(as_before)
    for _ in range(2):  # the second time nothing is left to be done
        await give_databases(server.address, dsns)
        await _built(dsns)
    for name, dsn in dsns.items():
        connection = await asyncpg.connect(dsn, server_settings={"search_path": county_schema(COUNTY)})
        owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = $1::regnamespace"
        assert [owner for (owner,) in await connection.fetch(owners, county_schema(COUNTY))] == [f"kaiye_{name}"]
        await connection.execute("CREATE TABLE later (number integer)")
        await connection.close()


async def test_nobody_reaches_anothers_database(server: EmbeddedPostgres, dsns: dict[str, str]) -> None:
    await give_databases(server.address, dsns)
    for name, dsn in dsns.items():
        connection = await asyncpg.connect(dsn)
        rights = "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication FROM pg_roles WHERE rolname = current_user"
        assert await connection.fetchval(rights) is False
        await connection.close()
        for other in (*(each for each in OF_ALL if each != name), "postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
                await asyncpg.connect(f"{dsn.rpartition('/')[0]}/{other}")


async def test_a_password_that_was_lost_is_another_one_from_the_next_start_on(server: EmbeddedPostgres, dsns: dict[str, str]) -> None:
    await give_databases(server.address, dsns)
    (server.folder / "finance.password").unlink()
    fresh = server.address_of("finance")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(fresh)
    await give_databases(server.address, {"finance": fresh})
    await (await asyncpg.connect(fresh)).close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(dsns["finance"])


async def test_a_service_cannot_take_all_connections(server: EmbeddedPostgres, dsns: dict[str, str]) -> None:
    await give_databases(server.address, dsns)
    held = [await asyncpg.connect(dsns["training"]) for _ in range(CONNECTIONS_MAX)]
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await asyncpg.connect(dsns["training"])
    for connection in held:
        await connection.close()


def test_the_passwords_are_for_the_owner_alone(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    assert len({server.address_of(name) for name in OF_ALL} | {server.address}) == len(OF_ALL) + 1
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("*password")} == {0o600}
