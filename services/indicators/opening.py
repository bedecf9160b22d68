"""Opening the store of a service in operation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.indicators.store import LedgerStore
from shared.migrate import require_migrated
from shared.settings import Settings


class StoreUnreachable(Exception):
    """Nothing answers at the database's address; the message says so in Chinese and English."""


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[LedgerStore]:
    """The ledger's store. Raises StoreUnreachable, and NotMigrated or NewerThanCode when its tables are not what this release expects."""
    try:
        await require_migrated(settings.database_url, settings.county, "indicators")
        store = await LedgerStore.open(settings.database_url, settings.county)
    except OSError as error:
        raise StoreUnreachable(f"无法连接数据库 / the database cannot be reached: {error}") from error
    try:
        yield store
    finally:
        await store.close()
