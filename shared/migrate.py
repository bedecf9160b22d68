"""Brings a database's schema for one county to what this code expects: every database is built by migrations, tests' too.

One schema per county (`c330127000000`); the migrations in `deploy/migrations/<which>` name no schema, the search path does.
"""

from pathlib import Path
from typing import Literal

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.county_schema import county_schema

Which = Literal["write", "persons", "indicators"]
"""The store of a write service; the links of persons, beside the registry's store; the ledger."""
MIGRATIONS = Path(__file__).parent.parent / "deploy" / "migrations"


class NewerThanCode(Exception):
    """The database was migrated by a later release; this one must not touch it."""


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


def _upgrade(connection: Connection, schema: str, which: Which) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS / which).replace("%", "%%"))
    version_table = "persons_migration" if which == "persons" else "migration"
    config.attributes.update(connection=connection, schema=schema, version_table=version_table)
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:schema))"), {"schema": schema})
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    connection.execute(text(f"SET LOCAL search_path TO {schema}"))
    _refuse_newer(connection, schema, version_table, ScriptDirectory.from_config(config))
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, schema: str, version_table: str, scripts: ScriptDirectory) -> None:
    there = MigrationContext.configure(
        connection, opts={"version_table": version_table, "version_table_schema": schema}
    ).get_current_revision()  # fmt: skip
    known = {script.revision for script in scripts.walk_revisions()}
    if there is not None and there not in known:
        raise NewerThanCode(
            f"数据库由更新版本的程序建立（迁移 {there}），请使用该版本或更新版本 / "
            f"the database was made by a newer release (migration {there}): use that release or a later one"
        )
