"""Real servers for tests: one NATS and one PostgreSQL per test session, and a fresh database for whoever asks.

`KAIYE_TEST_SERVERS` chooses where they come from: `embedded` (the default: the wheels' binaries in a temporary folder) or
`containers` (testcontainers, with the images that `deploy/images/build.sh` makes).
"""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import nats
import pytest
import pytest_asyncio

from deploy.embedded import EmbeddedNats, EmbeddedPostgres

NATS_IMAGE = "kaiye-nats:local"
POSTGRES_IMAGE = "kaiye-postgres:local"

FreshDatabase = Callable[[], Awaitable[str]]
"""Makes an empty database and gives its `postgresql://` DSN; it is dropped when the session ends."""

_numbers = itertools.count(1)


def servers_come_from() -> str:
    """`embedded` or `containers`. Raises ValueError for anything else."""
    chosen = os.environ.get("KAIYE_TEST_SERVERS", "embedded")
    if chosen not in ("embedded", "containers"):
        raise ValueError(f"KAIYE_TEST_SERVERS must be embedded or containers, not {chosen}")
    return chosen


@pytest.fixture(scope="session")
def nats_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A NATS server with JetStream, shared by the session: name streams uniquely or use `clean_nats_url`."""
    with _nats(tmp_path_factory.mktemp("nats")) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The administrator's DSN of a PostgreSQL server shared by the session: tests take databases from `fresh_database`."""
    with _postgres(tmp_path_factory.mktemp("postgres")) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def fresh_database(postgres_dsn: str) -> FreshDatabase:
    """Makes empty databases on the session's server."""

    async def make() -> str:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        connection = await asyncpg.connect(postgres_dsn)
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return f"{postgres_dsn.rpartition('/')[0]}/{name}"

    return make


@pytest_asyncio.fixture
async def database(fresh_database: FreshDatabase) -> str:
    """An empty database for this test alone: its `postgresql://` DSN."""
    return await fresh_database()


@pytest_asyncio.fixture
async def clean_nats_url(nats_url: str) -> AsyncIterator[str]:
    """The session's NATS server without any stream, before and after this test."""
    await _delete_streams(nats_url)
    yield nats_url
    await _delete_streams(nats_url)


async def _delete_streams(url: str) -> None:
    connection = await nats.connect(url)
    try:
        jetstream = connection.jetstream()
        for stream in await jetstream.streams_info():
            assert stream.config.name is not None
            await jetstream.delete_stream(stream.config.name)
    finally:
        await connection.close()


@contextmanager
def _nats(folder: Path) -> Iterator[str]:
    if servers_come_from() == "embedded":
        server = EmbeddedNats(folder)
        try:
            yield server.start()
        finally:
            server.stop()
    else:
        from testcontainers.community.nats import NatsContainer

        with NatsContainer(NATS_IMAGE, jetstream=True) as container:
            yield container.nats_uri()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    if servers_come_from() == "embedded":
        server = EmbeddedPostgres(folder)
        try:
            yield server.start()
        finally:
            server.stop()
    else:
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer(POSTGRES_IMAGE, username="kaiye", password="kaiye", dbname="postgres", driver=None) as container:
            yield container.get_connection_url()
