"""With an outbox a report outlives its process: what was not answered is sent by the next one, whatever ended the first."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from services.training.rules import RULES
from shared.answers import Answer
from shared.client import OutboxError, OutboxFull, OutboxInUse, ReportingClient
from shared.contracts.common import DayClosed, FactVoided, common_type
from shared.contracts.envelope import parse_record
from shared.contracts.training import CourseClosed
from shared.event_store.postgres import PostgresStore
from shared.migrate import migrate
from tests.client.desk import COUNTY, answer, deciding
from tests.client.test_outbox import content
from tests.client.test_reporting import SECONDS_MAX, SOURCE, id_of, outgoing, recorded
from tests.support.disks import no_file_larger_than
from tests.support.nats import Broker, connected
from tests.write_app.system import serving, until

REPORTS = 5000


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "hr.outbox"


async def test_a_report_is_kept_before_it_is_sent_and_sent_by_the_next_process(broker: Broker, outbox: Path) -> None:
    async with connected(broker) as nc, ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
        broker.kill()
        await until(lambda: not nc.is_connected)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.report(outgoing("r-1"))
    broker.start()
    async with connected(broker) as nc, deciding(nc, recorded) as desk:
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
            await until(lambda: client.progress.recorded)
            said = await asyncio.wait_for(client.report(outgoing("r-2")), SECONDS_MAX)
            assert (client.progress.taken_over, client.progress.sent) == (1, 1)
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
            assert client.progress.taken_over == 0
    assert said.outcome == "recorded"
    assert [message.data for message in desk.received] == [outgoing("r-1").raw, outgoing("r-2").raw]


async def test_a_refusal_is_kept_until_somebody_is_told(broker: Broker, outbox: Path) -> None:
    def ruling(message: Msg, times: int) -> Answer:
        return answer(message, id_of(message), "waiting" if id_of(message) == "r-3" else "refused")

    async with connected(broker) as nc, deciding(nc, ruling):
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
            assert (await asyncio.wait_for(client.report(outgoing("r-1")), SECONDS_MAX)).outcome == "refused"  # told by this
            large = outgoing("r-4")._replace(raw=b" " * 300_000)
            await asyncio.wait_for(client.report_many([outgoing("r-2"), outgoing("r-3"), large]), SECONDS_MAX)
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
            assert client.progress.taken_over == 0
            async for refusal in client.untold():
                assert refusal.id == "r-2"
                break  # before it was dealt with
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
            assert [refusal.id async for refusal in client.untold()] == ["r-2", "r-4"]
            assert [refusal.id async for refusal in client.untold()] == []


async def test_a_resident_id_is_not_written_to_the_outbox(broker: Broker, outbox: Path) -> None:
    async with connected(broker) as nc, ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
        said = await asyncio.wait_for(client.report(outgoing("r-1", course="11010519491231002X")), SECONDS_MAX)
        await client.outbox.answers()
        written = content(outbox)
    assert said.code == "resident_id"
    assert b"11010519491231002X" not in written


async def test_a_fact_of_the_contracts_is_reported_under_its_id_and_day(broker: Broker) -> None:
    async with connected(broker) as nc, deciding(nc, recorded) as desk:
        async with ReportingClient(nc, county=COUNTY, department="employment", system="hr") as client:
            await asyncio.wait_for(client.report(CourseClosed(course="C1"), id="r-1", day=date(2009, 3, 1)), SECONDS_MAX)
            void = FactVoided(source=str(SOURCE), id="r-1", reason="重复录入")
            await asyncio.wait_for(client.report(void, id="r-2", day=date(2009, 3, 2), service="training"), SECONDS_MAX)
            with pytest.raises(ValueError, match="须给出 service"):
                client.outgoing(void, id="r-3", day=date(2009, 3, 2))
        async with ReportingClient(nc, county=COUNTY) as anybody:
            with pytest.raises(ValueError, match="name department and system"):
                await anybody.report(CourseClosed(course="C1"), id="r-1", day=date(2009, 3, 1))
    assert desk.received[0].data == outgoing("r-1").raw
    assert desk.received[1].subject == f"reported.{COUNTY}.employment.hr.training.fact_voided"


async def test_an_outbox_in_use_or_of_another_system_is_refused(broker: Broker, outbox: Path) -> None:
    async with connected(broker) as nc:
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
            with pytest.raises(OutboxInUse):
                await ReportingClient(nc, county=COUNTY, outbox=outbox).__aenter__()
            waiting = asyncio.create_task(client.report(outgoing("r-1")))
            await asyncio.sleep(0.1)
            waiting.cancel()
        with pytest.raises(OutboxError, match=f"holds reports of {SOURCE}"):
            await ReportingClient(nc, county=COUNTY, department="gsj", system="dengji", outbox=outbox).__aenter__()
        async with ReportingClient(nc, county=COUNTY, department="employment", system="hr", outbox=outbox) as client:
            assert client.progress.taken_over == 1


async def test_a_report_that_cannot_be_kept_is_not_sent(broker: Broker, outbox: Path) -> None:
    async with connected(broker) as nc, deciding(nc, recorded) as desk, ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
        with no_file_larger_than(0):
            for reporting in (client.report(outgoing("r-1")), client.report_many([outgoing("r-2")])):
                with pytest.raises(OutboxFull):
                    await asyncio.wait_for(reporting, SECONDS_MAX)
        assert (await asyncio.wait_for(client.report(outgoing("r-3")), SECONDS_MAX)).outcome == "recorded"
        assert client.progress.sent == 1
    assert [id_of(message) for message in desk.received] == ["r-3"]


async def test_every_report_is_recorded_once_although_reporter_and_broker_are_killed_in_the_midst(
    broker: Broker, outbox: Path, database: str
) -> None:  # fmt: skip
    """The reporter begins anew at the start of its list each time, as a program would that remembers nothing itself."""
    await migrate(database, COUNTY)
    store = await PostgresStore.open(database, "training", COUNTY)
    async with serving(broker, RULES, store), asyncio.timeout(300):
        for killed_at in (REPORTS // 5, REPORTS // 2):
            reporter = _reporter(broker, outbox)
            await _until_recorded(store, killed_at)
            os.kill(reporter.pid, signal.SIGKILL)
            reporter.wait()
            assert await _recorded(store) < REPORTS, "it was not killed in the midst"
        reporter = _reporter(broker, outbox)
        await _until_recorded(store, REPORTS * 3 // 5)
        broker.kill()
        broker.start()
        assert await asyncio.to_thread(reporter.wait) == 0
    rows = await store.rows(0, 2 * REPORTS)
    records = [parse_record(row.raw) for row in rows]
    reported = [record.id for record in records if record.type != common_type(DayClosed, "training")]
    assert Counter(reported) == Counter(f"c-{number}" for number in range(REPORTS))
    await store.close()
    async with connected(broker) as nc, ReportingClient(nc, county=COUNTY, outbox=outbox) as client:
        assert client.progress.taken_over == 0


async def _until_recorded(store: PostgresStore, count: int) -> None:
    while await _recorded(store) < count:
        await asyncio.sleep(0.05)


async def _recorded(store: PostgresStore) -> int:
    return (await store.head()).position


def _reporter(broker: Broker, outbox: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen((sys.executable, "-m", "tests.client.reporter", broker.address, outbox, str(REPORTS)))
