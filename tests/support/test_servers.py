"""The servers that tests are given are real ones, and databases are not shared."""

import asyncpg
import nats

from tests.support.servers import FreshDatabase


async def test_every_test_has_a_database_of_its_own(database: str, fresh_database: FreshDatabase) -> None:
    other = await fresh_database()
    assert other != database
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE mine (word text)")
    await connection.close()
    connection = await asyncpg.connect(other)
    assert await connection.fetchval("SELECT to_regclass('mine')") is None
    await connection.close()


async def test_the_bus_keeps_streams_and_begins_without_any(clean_nats_url: str) -> None:
    connection = await nats.connect(clean_nats_url)
    jetstream = connection.jetstream()
    assert await jetstream.streams_info() == []
    await jetstream.add_stream(name="LEFT", subjects=["left"])
    assert (await jetstream.publish("left", b"1")).seq == 1
    await connection.close()
