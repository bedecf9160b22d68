"""The real registry on a broker of the test's own and a database of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.registry.app import create_app
from services.registry.persons.keys import KeyFile
from services.registry.settings import RegistrySettings
from shared.county_schema import county_schema
from shared.migrate import migrate
from tests.support.nats import Broker, broker, nc, settled

__all__ = ["broker", "nc"]

COUNTY = "990101000000"
Serve = Callable[..., AbstractAsyncContextManager[None]]


@pytest_asyncio.fixture
async def dsn(database: str) -> str:
    await migrate(database, COUNTY, "write")
    await migrate(database, COUNTY, "persons")
    return database


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "person.keys")


@pytest.fixture
def serve(broker: Broker, dsn: str, key_file: KeyFile) -> Serve:
    """Runs one copy of the registry for as long as the block lasts."""

    @asynccontextmanager
    async def serving(**changes: Any) -> AsyncIterator[None]:
        settings = RegistrySettings(
            **{"county": COUNTY, "nats_url": broker.address, "database_url": dsn, "person_keys": key_file.path, **changes}
        )  # fmt: skip
        app = create_app(settings)
        await app.start()
        await settled(app.nc)
        try:
            yield
        finally:
            await app.stop()
        assert app.failure is None, app.failure

    return serving


@pytest_asyncio.fixture
async def tables(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": county_schema(COUNTY)})
    yield connection
    await connection.close()
