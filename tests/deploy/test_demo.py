"""The demonstration's look at the stores while PostgreSQL is killed and started again."""

from pathlib import Path

import asyncpg
import pytest

from deploy import demo
from deploy.data_folder import Running
from shared.event_store.postgres import PostgresStore


@pytest.mark.parametrize("error", [ConnectionResetError, asyncpg.InternalClientError, asyncpg.CannotConnectNowError])
async def test_a_store_is_opened_again_until_the_database_is_back(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []
    store = PostgresStore.__new__(PostgresStore)

    async def opened(dsn: str, service: str, county: str) -> PostgresStore:
        asked.append(dsn)
        if len(asked) == 1:
            raise error("cannot switch to state 15; another operation (2) is in progress")
        return store

    monkeypatch.setattr(PostgresStore, "open", opened)
    running = Running(
        pid=1, county="990101000000", county_folder=tmp_path, simulated_clock=True, nats_url="nats://nowhere",
        databases={"registry": "postgresql://nowhere"}, http_url="http://nowhere",
    )  # fmt: skip
    assert await demo._opened(running, "registry") is store
    assert asked == [running.databases["registry"]] * 2
