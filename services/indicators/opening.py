"""Opening the store of a service in operation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from services.indicators.store import LedgerStore
from shared.county_schema import county_schema
from shared.service_process import StoreUnreachable
from shared.settings import Settings

_MIGRATIONS = Path(__file__).parent.parent.parent / "deploy" / "migrations" / "indicators" / "versions"


class StoreUnfit(Exception):
    """The database lacks the county's tables, or has those of another release; the message says so in Chinese and English."""


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[LedgerStore]:
    """The ledger's store. Raises StoreUnreachable, and StoreUnfit when its tables are not exactly what this release expects."""
    try:
        await _require_migrated(settings.database_url, settings.county)
        store = await LedgerStore.open(settings.database_url, settings.county)
    except (OSError, asyncpg.CannotConnectNowError) as error:
        raise StoreUnreachable(f"无法连接数据库 / the database cannot be reached: {error}") from error
    try:
        yield store
    finally:
        await store.close()


async def _require_migrated(dsn: str, county: str) -> None:
    there, wanted = await _migration(dsn, county), newest_migration()
    if there != wanted:
        raise StoreUnfit(
            f"数据库中县 {county} 的表与本版本不符（现为迁移 {there}，应为 {wanted}），请先迁移 / the tables of county {county} "
            f"do not fit this release (they are at migration {there}, not {wanted}): migrate the database first"
        )


async def _migration(dsn: str, county: str) -> str | None:
    """The migration the county's tables are at; None when there are none, or only those of another service."""
    try:
        connection = await asyncpg.connect(dsn)
    except asyncpg.InvalidCatalogNameError:
        return None
    try:
        schema = county_schema(county)
        found: str | None = await connection.fetchval(
            f"SELECT version_num FROM {schema}.migration WHERE to_regclass('{schema}.checkpoint') IS NOT NULL"  # noqa: S608
        )
    except (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError):
        return None
    finally:
        await connection.close()
    return found


def newest_migration() -> str:
    """The migration this release expects: the files are named by their numbers, and loading the migrations' library only to ask is slow."""
    return max(path.name for path in _MIGRATIONS.glob("[0-9]*.py")).partition("_")[0]
