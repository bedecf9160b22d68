"""Pools are closed even when somebody never gives a connection back."""

import asyncpg
import pytest

from shared import pools
from shared.pools import close_pool
from tests.support.servers import FreshDatabase


async def test_a_connection_that_is_never_given_back_is_cut_off(fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "CLOSE_SECONDS_MAX", 0.2)
    dsn = await fresh_database()
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2)
    await pool.execute("CREATE TABLE kept (number int)")
    lost = await pool.acquire()
    await lost.execute("BEGIN")
    await lost.execute("INSERT INTO kept VALUES (1)")
    await close_pool(pool)
    looking = await asyncpg.connect(dsn)
    try:
        async with looking.transaction():
            await looking.execute("LOCK TABLE kept")  # as soon as the other one's transaction is undone
        assert await looking.fetchval("SELECT count(*) FROM kept") == 0
    finally:
        await looking.close()
