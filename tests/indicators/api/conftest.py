"""A migrated database, a broker of a test's own, and a service that has followed a small year."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.migrate import migrate
from tests.indicators.api.system import COUNTY, Recorded, System, a_year, connected, serving
from tests.support.nats import broker

__all__ = ["broker"]


@pytest_asyncio.fixture
async def dsn(database: str) -> str:
    await migrate(database, COUNTY, "indicators")
    return database


@pytest_asyncio.fixture
async def recorded(clean_nats_url: str) -> Recorded:
    """A small year, in the streams."""
    history = a_year()
    async with connected(clean_nats_url) as nc:
        await history.publish(nc)
    return history


@pytest_asyncio.fixture
async def system(clean_nats_url: str, dsn: str, recorded: Recorded) -> AsyncIterator[System]:
    async with serving(clean_nats_url, dsn) as running:
        await running.followed(recorded)
        yield running
