"""The two stores."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.event_store.interface import EventStore
from shared.event_store.postgres import PostgresStore
from shared.migrate import migrate
from tests.support.memory_store import MemoryStore
from tests.support.servers import FreshDatabase

COUNTY = "330127000000"


@pytest_asyncio.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> AsyncIterator[EventStore]:
    """An empty store, in memory and in PostgreSQL."""
    if request.param == "memory":
        yield MemoryStore("registry", COUNTY)
        return
    dsn = await fresh_database()
    await migrate(dsn, COUNTY)
    opened = await PostgresStore.open(dsn, "registry", COUNTY)
    yield opened
    await opened.close()
