"""A broker of each test's own (it is killed, wiped and loosened), and a connection to it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from nats.aio.client import Client

from tests.support.nats import Broker, connected


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    server = Broker(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def nc(broker: Broker) -> AsyncIterator[Client]:
    async with connected(broker) as client:
        yield client
