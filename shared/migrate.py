"""Brings a database's schema for one county to what this code expects: every database is built by migrations, tests' too.

One schema per county (`c330127000000`); the migrations in `deploy/migrations/<which>` name no schema, the search path does.
"""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.county_schema import county_schema

Which = Literal["write", "indicators"]
MIGRATIONS = Path(__file__).parent.parent / "deploy" / "migrations"


class NewerThanCode(Exception):
    """The database was migrated by a later release; this one must not touch it."""


class NotMigrated(Exception):
    """The database lacks the county's schema, or has that of an earlier release; the message says so in Chinese and English."""


async def ensure_database(dsn: str) -> None:
    """Create the database that the DSN names, unless it exists. Raises what PostgreSQL raises when that is not allowed."""
    parts = urlsplit(dsn)
    name = parts.path.removeprefix("/")
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            quoted = name.replace('"', '""')
            try:
                await connection.execute(f'CREATE DATABASE "{quoted}"')
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                return  # somebody else was faster
    finally:
        await connection.close()


async def migrate(dsn: str, county: str, which: Which = "write") -> None:
    """Bring the county's schema in this database to the newest migration; it is made if there is none.

    Raises NewerThanCode, and what PostgreSQL raises. Several at once do no harm: they take turns.
    """
    schema = county_schema(county)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, schema, which)
    finally:
        await engine.dispose()


async def require_migrated(dsn: str, county: str, which: Which = "write") -> None:
    """Refuse a database that is not exactly what this code expects. Raises NotMigrated, NewerThanCode, and what PostgreSQL raises."""
    schema = county_schema(county)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_require_newest, schema, which)
    finally:
        await engine.dispose()


def _require_newest(connection: Connection, schema: str, which: Which) -> None:
    scripts = ScriptDirectory.from_config(_config(which))
    _refuse_newer(connection, schema, scripts)
    there = _revision(connection, schema)
    if there != scripts.get_current_head():
        raise NotMigrated(
            f"数据库尚未为县 {schema[1:]} 迁移到本版本（现为 {there}），请先运行 kaiye up 或迁移 / "
            f"the database is not migrated to this release for county {schema[1:]} (it is at {there}): run the migrations first"
        )


def _config(which: Which) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / which).replace("%", "%%"))
    return config


def _revision(connection: Connection, schema: str) -> str | None:
    options = {"version_table": "migration", "version_table_schema": schema}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _upgrade(connection: Connection, schema: str, which: Which) -> None:
    config = _config(which)
    config.attributes.update(connection=connection, schema=schema)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:schema))"), {"schema": schema})
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))
    _refuse_newer(connection, schema, ScriptDirectory.from_config(config))
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, schema: str, scripts: ScriptDirectory) -> None:
    there = _revision(connection, schema)
    known = {script.revision for script in scripts.walk_revisions()}
    if there is not None and there not in known:
        raise NewerThanCode(
            f"数据库由更新版本的程序建立（迁移 {there}），请使用该版本或更新版本 / "
            f"the database was made by a newer release (migration {there}): use that release or a later one"
        )
