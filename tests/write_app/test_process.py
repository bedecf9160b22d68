"""A service as a process of its own, on real servers: what it needs to start, how it ends, and that a kill changes nothing."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest_asyncio
from nats.aio.client import Client

from deploy.embedded import free_port
from deploy.nats.keys import new_seed
from shared import subjects
from shared.contracts.envelope import NO_HASH, parse_record, record_bytes
from shared.event_store.interface import Changes, RecordRow
from shared.event_store.postgres import PostgresStore
from shared.migrate import migrate
from tests.support.nats import Broker, connected, read_stream
from tests.write_app.system import COUNTY, DAY, course, department, each, instant

ROOT = Path(__file__).parents[2]
EXIT_SECONDS_MAX = 30
THEN = instant("2020-03-02T08:00:00")


@pytest_asyncio.fixture
async def dsn(database: str) -> str:
    await migrate(database, COUNTY)
    return database


@pytest_asyncio.fixture
async def store(dsn: str) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(dsn, "training", COUNTY)
    yield opened
    await opened.close()


@contextmanager
def training(**settings: str) -> Iterator["subprocess.Popen[str]"]:
    """`python -m services.training` with these settings and no others."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("KAIYE_")}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "services.training"], cwd=ROOT, env={**inherited, **settings},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """The exit code and what it wrote to stderr; nothing may have gone to stdout."""
    output, errors = process.communicate(timeout=EXIT_SECONDS_MAX)
    assert output == ""
    return process.returncode, errors


def settings(broker: Broker, dsn: str, **more: str) -> dict[str, str]:
    return {"KAIYE_COUNTY": COUNTY, "KAIYE_NATS_URL": broker.address, "KAIYE_DATABASE_URL": dsn, **more}


async def well(port: int) -> None:
    """Wait until /health says that the service records."""
    async with asyncio.timeout(EXIT_SECONDS_MAX), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def until_recorded(store: PostgresStore, position: int) -> None:
    """Wait until the store holds so many records."""
    async with asyncio.timeout(EXIT_SECONDS_MAX):
        while (await store.head()).position < position:
            await asyncio.sleep(0.02)


async def until_published(nc: Client, position: int) -> None:
    """Wait until the stream holds so many records."""
    stream = subjects.recorded_stream(COUNTY, "training")
    async with asyncio.timeout(EXIT_SECONDS_MAX):
        while (await nc.jetstream().stream_info(stream)).state.last_seq < position:
            await asyncio.sleep(0.02)


async def test_whom_the_bus_does_not_let_in_is_told_so_and_exits_with_3(broker: Broker, dsn: str) -> None:
    for user in ({"KAIYE_NATS_NKEY_SEED": new_seed(), "KAIYE_NATS_URL": f"nats://127.0.0.1:{broker.port}"},
                 {"KAIYE_NATS_URL": f"nats://kaiye:wrong@127.0.0.1:{broker.port}"}):  # fmt: skip
        with training(**{**settings(broker, dsn), **user}) as process:
            code, errors = await asyncio.to_thread(ended, process)
        assert code == 3, errors
        assert errors.endswith("its key or password is missing, wrong, lapsed or revoked: ask its administrator\n")
        assert "wrong@" not in errors


async def test_it_serves_until_it_is_asked_to_stop_and_then_exits_with_0(broker: Broker, dsn: str) -> None:
    port = free_port()
    with training(**settings(broker, dsn, KAIYE_HTTP_PORT=str(port))) as process:
        await well(port)
        async with department(broker) as client:
            assert (await asyncio.wait_for(client.report(course(1)), EXIT_SECONDS_MAX)).outcome == "recorded"
        process.send_signal(signal.SIGTERM)
        code, errors = await asyncio.to_thread(ended, process)
    assert code == 0, errors
    assert "service started" in errors
    assert "Traceback" not in errors


async def test_older_than_its_own_records_it_does_not_start_and_says_what_to_do(
    broker: Broker, dsn: str, store: PostgresStore
) -> None:  # fmt: skip
    """A newer release recorded a course as only it can say it; what is reported meanwhile waits in the queue for it."""
    raw = record_bytes(
        source=f"/{COUNTY}/employment/hr", id="newer", type="training.course_opened", version=9, occurred=DAY,
        recorded=THEN, position=1, prevhash=NO_HASH, data={"course": "C9"},
    )  # fmt: skip
    row = RecordRow(1, parse_record(raw).hash, "training.course_opened", f"/{COUNTY}/employment/hr", "newer", DAY, THEN, None, None, raw)
    async with store.writing() as writing:
        await writing.commit(Changes(replace(writing.head, position=1, hash=row.hash, recorded=THEN), records=[row]))
    with training(**settings(broker, dsn)) as process:
        code, errors = await asyncio.to_thread(ended, process)
    assert code == 2, errors
    assert "holds facts that this release cannot read (training.course_opened.v9), recorded by a newer one: start that release" in errors
    assert "training 已记录本版本读不懂的事实（training.course_opened.v9）" in errors
    assert "Traceback" not in errors
    assert (await store.head()).position == 1


async def test_killed_again_and_again_it_records_every_report_once(broker: Broker, dsn: str, store: PostgresStore) -> None:
    reports = [course(n) for n in range(3000)]
    async with department(broker, under_way_max=1000) as client:
        reporting = asyncio.create_task(client.report_many(each(reports)))
        for _ in range(3):
            with training(**settings(broker, dsn)) as process:
                before = (await store.head()).position
                await until_recorded(store, before + 300)
                process.kill()
        with training(**settings(broker, dsn)):
            progress = await asyncio.wait_for(reporting, 3 * EXIT_SECONDS_MAX)
            head = await store.head()
            async with connected(broker) as nc:
                await until_published(nc, head.position)
                messages = await read_stream(nc, subjects.recorded_stream(COUNTY, "training"))
    assert (progress.recorded, progress.answered) == (3000, progress.sent)
    rows = await store.rows(0, 10_000)
    assert sorted(row.id for row in rows if row.type == "training.course_opened") == sorted(one.id for one in reports)
    assert [(message.sequence, message.data) for message in messages] == [(row.position, row.raw) for row in rows]


async def test_a_lost_database_ends_it_with_an_error(broker: Broker, dsn: str) -> None:
    port = free_port()
    with training(**settings(broker, dsn, KAIYE_HTTP_PORT=str(port))) as process:
        await well(port)
        server, _, database = dsn.rpartition("/")
        connection = await asyncpg.connect(f"{server}/postgres")
        try:
            # Lost for good: a connection that is merely cut while nobody uses it is quietly opened again.
            await connection.execute(f'ALTER DATABASE "{database}" WITH ALLOW_CONNECTIONS false')
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database)
        finally:
            await connection.close()
        code, errors = await asyncio.to_thread(ended, process)
    assert code == 1
    assert "the service ends" in errors


async def test_settings_that_cannot_be_used_are_named_and_end_it_with_2(broker: Broker) -> None:
    with training(KAIYE_COUNTY="990101001000", KAIYE_NATS_URL=broker.address) as process:
        code, errors = await asyncio.to_thread(ended, process)
    assert code == 2
    assert "KAIYE_COUNTY" in errors
    assert "KAIYE_DATABASE_URL" in errors


async def test_a_bus_out_of_reach_ends_it_with_3_and_without_its_password(dsn: str) -> None:
    url = f"nats://kaiye:secret@127.0.0.1:{free_port()}"
    with training(KAIYE_COUNTY=COUNTY, KAIYE_NATS_URL=url, KAIYE_DATABASE_URL=dsn, KAIYE_NATS_CONNECT_SECONDS_MAX="1") as process:
        code, errors = await asyncio.to_thread(ended, process)
    assert code == 3
    assert "the bus cannot be reached: 127.0.0.1:" in errors
    assert "secret" not in errors


async def test_a_database_out_of_reach_ends_it_with_3(broker: Broker) -> None:
    dsn = f"postgresql://kaiye:secret@127.0.0.1:{free_port()}/training"
    with training(**settings(broker, dsn)) as process:
        code, errors = await asyncio.to_thread(ended, process)
    assert code == 3
    assert "the database cannot be reached" in errors
    assert "secret" not in errors
