"""A write service started inside the test, on a real broker and a store in memory, and a department that reports to it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

from shared.client import OutgoingReport, ReportingClient
from shared.contracts.base import Service
from shared.contracts.common import DayClosed, common_type
from shared.contracts.envelope import Source, parse_record, report_bytes
from shared.event_store.interface import EventStore
from shared.rules import Rules
from shared.settings import Settings
from shared.write_app import WriteApp, create_write_app
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected, settled

COUNTY = "990101000000"
SOURCE = Source(COUNTY, "employment", "hr")
DAY = date(2020, 3, 2)
SECONDS_MAX = 20.0


def settings(broker: Broker, **changes: Any) -> Settings:
    return Settings(**{"county": COUNTY, "nats_url": broker.address, "database_url": "postgresql://none", **changes})


@asynccontextmanager
async def serving(broker: Broker, rules: Rules[Any], store: EventStore, **changes: Any) -> AsyncIterator[WriteApp]:
    """A service from start to stop. Whatever ended it early is raised at the end."""

    @asynccontextmanager
    async def open_store(_: Settings, service: Service) -> AsyncIterator[EventStore]:
        assert store.service == service
        yield store

    app = create_write_app(settings(broker, **changes), rules, open_store)
    await app.start()
    await settled(app.nc)
    try:
        yield app
    finally:
        await app.stop()
    assert app.failure is None, app.failure


@asynccontextmanager
async def department(broker: Broker, **options: Any) -> AsyncIterator[ReportingClient]:
    async with connected(broker) as nc, ReportingClient(nc, county=COUNTY, **{"resend_seconds": 1.0, **options}) as client:
        yield client


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            await asyncio.sleep(0.01)


def report(
    id: str, type: str, data: dict[str, Any], *, occurred: date = DAY, instant: datetime | None = None, source: Source = SOURCE
) -> OutgoingReport:
    return OutgoingReport(source, type, report_bytes(source=source, id=id, type=type, occurred=occurred, data=data), id, instant)


def course(number: int, **changes: Any) -> OutgoingReport:
    """A course that opens: recorded whatever else there is."""
    data = {"course": f"C{number}", "name": "创业培训班", "course_kind": "start_up", "institution": "县就业训练中心"}
    return report(f"c-{number}", "training.course_opened", data, **changes)


async def each(reports: Sequence[OutgoingReport]) -> AsyncIterator[OutgoingReport]:
    for one in reports:
        yield one


def recorded_ids(store: MemoryStore) -> list[str]:
    """The ids of what departments reported, by position: closed days are the system's own."""
    own = common_type(DayClosed, store.service)
    return [row.id for row in store.record_rows if row.type != own]


def assert_chained(store: MemoryStore) -> None:
    """Positions are dense and every record names the one before it."""
    hashes = ["0" * 64, *(row.hash for row in store.record_rows)]
    records = [parse_record(row.raw) for row in store.record_rows]
    assert [record.position for record in records] == list(range(1, len(records) + 1))
    assert [record.prevhash for record in records] == hashes[:-1]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
