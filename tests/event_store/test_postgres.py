"""What only the store in PostgreSQL has: migrations, one schema per county, one service per database."""

import asyncio
import json

import asyncpg
import pytest

from shared.contracts.reference import events
from shared.county_schema import county_schema
from shared.event_store.interface import Changes
from shared.event_store.postgres import PostgresStore
from shared.migrate import NewerThanCode, migrate
from tests.contracts.golden import FOLDER

COUNTY, OTHER_COUNTY = "330127000000", "330128000000"


async def test_migrating_twice_or_at_once_does_no_harm(database: str) -> None:
    await asyncio.gather(*(migrate(database, COUNTY) for _ in range(3)))
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "registry", COUNTY)
    await store.close()


async def test_a_database_made_by_a_newer_release_is_left_alone(database: str) -> None:
    await migrate(database, COUNTY)
    connection = await asyncpg.connect(database)
    await connection.execute(f"UPDATE {county_schema(COUNTY)}.migration SET version_num = '9999'")
    await connection.close()
    with pytest.raises(NewerThanCode, match="9999"):
        await migrate(database, COUNTY)


async def test_a_store_of_before_knows_the_types_of_what_was_recorded_then(database: str) -> None:
    await migrate(database, COUNTY)
    schema = county_schema(COUNTY)
    connection = await asyncpg.connect(database)
    await connection.execute(f"DROP TABLE {schema}.wire_type")
    await connection.execute(f"UPDATE {schema}.migration SET version_num = '0002'")
    for position, path in enumerate(sorted(FOLDER.iterdir()), 1):
        await connection.execute(
            f"INSERT INTO {schema}.record (position, hash, type, source, id, occurred, recorded, raw) "
            "VALUES ($1, '', '', '', '', '2010-01-01', now(), $2)",
            position, path.read_bytes(),
        )  # fmt: skip
    await connection.close()
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "registry", COUNTY)
    assert await store.wire_types() == {event.name for event in events()}
    await store.close()


async def test_a_store_of_before_knows_in_which_version_corrections_state_a_fact(database: str) -> None:
    await migrate(database, COUNTY)
    schema = county_schema(COUNTY)
    connection = await asyncpg.connect(database)
    await connection.execute(f"UPDATE {schema}.migration SET version_num = '0003'")
    source = f"/{COUNTY}/bank/core"
    states: list[dict[str, object]] = [{"version": 2}, {}, {"id": "not-here", "version": 3}]
    for position, stated in enumerate([{"receipt": "HK-1"}, *({"source": source, "id": "1", **each} for each in states)], 1):
        await connection.execute(
            f"INSERT INTO {schema}.record (position, hash, type, source, id, occurred, recorded, raw) "
            "VALUES ($1, '', $2, $3, $4, '2010-01-01', now(), $5)",
            position, "finance.loan_repaid" if position == 1 else "finance.fact_corrected", source, str(position),
            json.dumps({"specversion": "1.0", "data": stated}).encode(),
        )  # fmt: skip
    await connection.close()
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "finance", COUNTY)
    assert await store.wire_types() == {"finance.loan_repaid.v1", "finance.loan_repaid.v2"}
    await store.close()


async def test_counties_share_a_database_and_see_nothing_of_each_other(database: str) -> None:
    for county in (COUNTY, OTHER_COUNTY):
        await migrate(database, county)
    here, there = [await PostgresStore.open(database, "registry", county) for county in (COUNTY, OTHER_COUNTY)]
    async with here.writing() as writing:
        await writing.commit(Changes(writing.head, units=[(1, b"unit")]))
    async with there.writing() as writing:
        assert await writing.units() == []
    assert (await here.head()).key != (await there.head()).key
    await here.close()
    await there.close()


async def test_the_database_of_another_service_is_refused(database: str) -> None:
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "registry", COUNTY)
    key = (await store.head()).key
    await store.close()
    with pytest.raises(ValueError, match="registry"):
        await PostgresStore.open(database, "finance", COUNTY)
    again = await PostgresStore.open(database, "registry", COUNTY)
    assert (await again.head()).key == key
    await again.close()


async def test_commits_are_durable(database: str) -> None:
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "registry", COUNTY)
    assert await store._pool.fetchval("SHOW synchronous_commit") == "on"
    await store.close()


def test_only_a_county_has_a_schema() -> None:
    assert county_schema(COUNTY) == "c330127000000"
    with pytest.raises(ValueError, match="330127101000"):
        county_schema("330127101000")


async def test_a_connection_lost_in_the_middle_is_raised_and_nothing_is_written(database: str) -> None:
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "registry", COUNTY)
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        async with store.writing() as writing:
            await terminate_all_others(database)
            await writing.units()
    assert (await store.head()).commits == 0
    await store.close()


async def test_a_lock_lost_with_its_connection_is_let_go_quietly(database: str) -> None:
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "registry", COUNTY)
    async with store.sole_sender() as mine:
        assert mine()
        await terminate_all_others(database)
        await asyncio.sleep(0.2)
        assert not mine()
    async with store.sole_sender() as mine:
        assert mine()
    await store.close()


async def terminate_all_others(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kaiye-registry'")
    await connection.close()
