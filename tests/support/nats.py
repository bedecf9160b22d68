"""A broker that tests may kill, wipe and start again, and what they read out of its streams."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client

from deploy.embedded import HOST, EmbeddedNats
from deploy.nats.accounts import ADMINISTRATOR
from deploy.nats.keys import public_key
from shared.contracts.base import SERVICES
from shared.stream_reader import StreamMessage, StreamReader
from shared.users import AdministratorUser, CountyUsers, DepartmentUser


class Broker(EmbeddedNats):
    """An embedded NATS of one test alone, in a folder of its own, on one port for its whole life."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)

    def kill(self) -> None:
        """As a power cut would: no goodbye, nothing flushed by the server itself."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """It answers nothing meanwhile, and keeps its connections."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)
        try:
            os.waitpid(self.pid, os.WUNTRACED)  # until every thread of it stands
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def wipe(self) -> None:
        """Delete everything it ever stored. It must not be running."""
        assert self.pid is None
        shutil.rmtree(self.folder / "jetstream")


class KeyedBroker(Broker):
    """A broker that knows its users by their NKeys: `accounts` is the block of its configuration that says who may what."""

    def __init__(self, folder: Path, accounts: str) -> None:
        super().__init__(folder)
        self._accounts = accounts

    def access(self) -> str:
        return self._accounts

    def admit(self, accounts: str) -> None:
        """Let it know, while it runs, of other users."""
        assert self.pid is not None
        self._accounts = accounts
        self.make_folder()
        os.kill(self.pid, signal.SIGHUP)

    @property
    def address(self) -> str:
        return f"nats://{HOST}:{self.port}"


def county_users(seeds: Mapping[str, str], *departments: DepartmentUser) -> CountyUsers:
    """Those who have these seeds: the services, an administrator, who does not report for all, and departments."""
    keys = {name: public_key(seeds[name]) for name in (*SERVICES, "indicators")}
    return CountyUsers(**keys, administrator=AdministratorUser(nkey=public_key(seeds[ADMINISTRATOR])), departments=departments)


@asynccontextmanager
async def connected(broker: Broker, **callbacks: Callable[[], Awaitable[None]]) -> AsyncIterator[Client]:
    """A connection that comes back as soon as the broker does, and says nothing about its absence."""

    async def quiet(error: Exception) -> None:
        """The broker is killed on purpose."""

    options: dict[str, Any] = {"reconnect_time_wait": 0.05, "max_reconnect_attempts": -1}
    client = await nats.connect(broker.address, error_cb=quiet, **options, **callbacks)
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of one test's own: it may be killed, wiped and loosened."""
    server = Broker(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def nc(broker: Broker) -> AsyncIterator[Client]:
    """A connection to the test's own broker."""
    async with connected(broker) as client:
        yield client


async def read_stream(nc: Client, stream: str) -> list[StreamMessage]:
    """Every message of a stream, in order."""
    messages: list[StreamMessage] = []
    async with StreamReader(nc, stream) as reader:
        while page := await reader.page(1000, wait_seconds=0.5):
            messages += page
    return messages


async def settled(client: Client) -> None:
    """The broker has taken in everything the client has told it: nats-py's flush sends its ping ahead of what is not written yet."""
    await client.flush()
    await client.flush()
