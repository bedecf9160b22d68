"""The projector: it takes in every record once and in order, whatever is started twice, stopped, killed or wiped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.indicators import projector as projecting
from services.indicators.answers import Question, board
from services.indicators.api.metrics import ProjectorMetrics
from services.indicators.app import create_app
from services.indicators.evaluation.county import load_county
from services.indicators.ledger import Balances
from services.indicators.live import BrokenChain, Live
from services.indicators.projector import Projector
from services.indicators.store import LedgerStore, Writing
from shared import subjects
from shared.bus import ensure_stream, recorded_config
from shared.clock import WallClock
from shared.contracts.base import SERVICES
from shared.tasks import end
from tests.indicators.api.system import (
    COUNTY,
    COUNTY_FOLDER,
    SECONDS_MAX,
    UNITS,
    YEAR,
    Recorded,
    System,
    a_year,
    connected,
    serving,
    settings,
    until,
)  # fmt: skip
from tests.support.nats import Broker


@asynccontextmanager
async def projecting_on(nc: Client, dsn: str) -> AsyncIterator[tuple[Live, "asyncio.Task[None]"]]:
    """A live state of its own, and its projector at work."""
    store = await LedgerStore.open(dsn, COUNTY)
    live = Live(load_county(COUNTY_FOLDER).plan, store, WallClock())
    await live.open()
    task = asyncio.create_task(Projector(nc, live, ProjectorMetrics(CollectorRegistry())).run())
    try:
        yield live, task
    finally:
        await end([task])
        await store.close()


def boards(live: Live) -> list[Any]:
    """Every unit's board at the end of June, and as known a little earlier."""
    snapshot = live.snapshot()
    days = [date(YEAR, 6, day) for day in (10, 30)]
    return [board(snapshot, Question(unit, days[1] if known == days[1] else days[0], known)) for unit in UNITS for known in days]


async def test_records_are_taken_in_as_they_come_and_in_bulk(clean_nats_url: str, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projecting, "FETCH_RECORDS_MAX", 4)
    monkeypatch.setattr(projecting, "PAGE_RECORDS_MAX", 9)
    recorded = a_year()
    async with connected(clean_nats_url) as nc, projecting_on(nc, dsn) as (live, _):
        await recorded.publish(nc)
        await until(lambda: live.snapshot().positions == recorded.positions)
        for number in range(20, 25):
            recorded.founds("2025-06-30", number)
            await recorded.publish(nc)
            await until(lambda: live.snapshot().positions == recorded.positions)
        in_bulk, before = boards(live), live.balances
    async with connected(clean_nats_url) as nc, projecting_on(nc, dsn) as (again, _):
        assert boards(again) == in_bulk
        assert sorted(again.balances, key=str) == sorted(before, key=str)


async def test_pages_are_never_larger_than_their_limit(clean_nats_url: str, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projecting, "FETCH_RECORDS_MAX", 4)
    monkeypatch.setattr(projecting, "PAGE_RECORDS_MAX", 9)
    recorded = a_year()
    sizes: list[int] = []
    async with connected(clean_nats_url) as nc:
        await recorded.publish(nc)
        store = await LedgerStore.open(dsn, COUNTY)
        live = Live(load_county(COUNTY_FOLDER).plan, store, WallClock())
        await live.open()

        class Noted(ProjectorMetrics):
            def page(self, records: int, seconds: float) -> None:
                sizes.append(records)

        task = asyncio.create_task(Projector(nc, live, Noted(CollectorRegistry())).run())
        await until(lambda: live.snapshot().positions == recorded.positions)
        await end([task])
        await store.close()
    assert sum(sizes) == sum(recorded.positions.values())
    assert max(sizes) in range(5, 10), "pages are put together of what is there, up to the limit"


async def test_two_projectors_at_once_do_no_harm(clean_nats_url: str, dsn: str) -> None:
    recorded = Recorded()
    recorded.lists_units()
    recorded.course()
    async with connected(clean_nats_url) as nc, projecting_on(nc, dsn) as (one, first), projecting_on(nc, dsn) as (other, second):
        for number in range(60):
            recorded.guides("2025-02-01", number)
            recorded.founds("2025-03-01", number)
            recorded.passes("2025-03-02", number)
            await recorded.publish(nc)
            await asyncio.sleep(0.005 * (number % 3))
        recorded.close("2025-06-30")
        await recorded.publish(nc)
        await until(lambda: one.snapshot().positions == other.snapshot().positions == recorded.positions)
        assert not first.done()
        assert not second.done()
        both = boards(one), boards(other)
        lines = b"".join([raw + b"\n" async for raw in one.store.export()])
    assert lines == recorded.lines
    assert both[0] == both[1]
    founded = next(row.value for row in both[0][1].indicators if row.id == "new_enterprises")
    assert founded == "60"


async def test_both_projectors_went_on_to_write(clean_nats_url: str, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was overtaken takes in what the other added, not all of it again, and is the one to write next, when its turn comes."""
    recorded = a_year()
    opened = 0
    load = LedgerStore.load

    async def counted(self: LedgerStore, balances: Balances, writing: Writing) -> None:
        nonlocal opened
        opened += 1
        await load(self, balances, writing)

    monkeypatch.setattr(LedgerStore, "load", counted)
    async with connected(clean_nats_url) as nc, projecting_on(nc, dsn) as (one, _):
        await recorded.publish(nc)
        await until(lambda: one.snapshot().positions == recorded.positions)
        async with projecting_on(nc, dsn) as (other, _):
            recorded.founds("2025-06-30", 50)
            await recorded.publish(nc)
            await until(lambda: one.snapshot().positions == other.snapshot().positions == recorded.positions)
            for number in range(51, 71):
                recorded.founds("2025-06-30", number)
                await recorded.publish(nc)
                await until(lambda: one.snapshot().positions == other.snapshot().positions == recorded.positions)
            assert boards(one) == boards(other)
            assert sum(row.value == "24" for row in boards(one)[1].indicators if row.id == "new_enterprises") == 1
        recorded.founds("2025-06-30", 71)
        await recorded.publish(nc)
        await until(lambda: one.snapshot().positions == recorded.positions)
        assert opened == 2
        assert b"".join([raw + b"\n" async for raw in one.store.export()]) == recorded.lines


async def test_a_restart_resumes_at_the_checkpoint(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    async with serving(clean_nats_url, dsn) as system:
        await system.followed(recorded)
        before = (await system.http.get("/board")).content
    async with serving(clean_nats_url, dsn) as system:
        await system.followed(recorded)
        assert (await system.http.get("/board")).content == before
        assert "kaiye_projector_records_total 0.0" in (await system.http.get("/metrics")).text
        recorded.founds("2025-07-02", 9)
        await recorded.publish(system.nc)
        await system.followed(recorded)
        assert await system.figure("new_enterprises") == "4"
        assert "kaiye_projector_records_total 1.0" in (await system.http.get("/metrics")).text


async def test_a_killed_broker_is_waited_for(broker: Broker, dsn: str) -> None:
    recorded = a_year()
    async with serving(broker.address, dsn) as system:
        await recorded.publish(system.nc)
        await system.followed(recorded)
        broker.kill()
        await until(lambda: not system.nc.is_connected)
        await _finds(system, ["bus_away"])
        assert await system.figure("new_enterprises") == "3"
        broker.start()
        await until(lambda: system.nc.is_connected)
        recorded.founds("2025-07-02", 9)
        await recorded.publish(system.nc)
        await system.followed(recorded)
        await _finds(system, [])
        assert await system.figure("new_enterprises") == "4"


async def test_a_wiped_broker_that_is_refilled_changes_no_figure(broker: Broker, dsn: str) -> None:
    recorded = a_year()
    async with serving(broker.address, dsn) as system:
        await recorded.publish(system.nc)
        await system.followed(recorded)
        before = (await system.get("/board"))["indicators"]
        broker.kill()
        await until(lambda: not system.nc.is_connected)
        broker.wipe()
        broker.start()
        await until(lambda: system.nc.is_connected)
        recorded.published = dict.fromkeys(SERVICES, 0)
        await recorded.publish(system.nc)
        await _finds(system, [])
        assert (await system.get("/board"))["indicators"] == before
        recorded.founds("2025-07-01", 9)
        await recorded.publish(system.nc)
        await system.followed(recorded)
        assert await system.figure("new_enterprises") == "4"


async def _finds(system: System, codes: list[str]) -> None:
    """Wait until /health finds exactly this."""
    async with asyncio.timeout(SECONDS_MAX):
        while [finding["code"] for finding in (await system.http.get("/health")).json()["findings"]] != codes:
            await asyncio.sleep(0.02)


async def test_a_record_that_does_not_follow_ends_the_service(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    app = create_app(settings(clean_nats_url, dsn))
    running = asyncio.create_task(app.run())
    async with connected(clean_nats_url) as nc:
        await until(lambda: app.questions.ready and app.questions.live.snapshot().positions == recorded.positions)
        forged = Recorded()
        for number in range(len(recorded.records["finance"]) + 1):
            forged.raw("finance", "finance.loan_settled", {"loan": f"L{number}"})
        record = forged.records["finance"][-1]
        await nc.jetstream().publish(subjects.recorded(COUNTY, record.type), record.raw)
        with pytest.raises(BrokenChain, match="finance 2 does not follow 1"):
            await asyncio.wait_for(running, SECONDS_MAX)
    assert await _positions(dsn) == recorded.positions


@pytest.mark.parametrize(
    ("service", "data", "said"),
    [
        ("finance", b"{}", "not a recorded fact"),
        ("finance", a_year().records["finance"][0].raw.replace(b'"1"', b'"7"'), "holds record finance 7"),
        ("finance", a_year().records["training"][0].raw, "holds record training 1"),
    ],
)
async def test_a_stream_that_holds_something_else_ends_the_projector(
    clean_nats_url: str, dsn: str, service: str, data: bytes, said: str
) -> None:
    async with connected(clean_nats_url) as nc:
        await ensure_stream(nc.jetstream(), recorded_config(COUNTY, service))
        await nc.jetstream().publish(f"recorded.{COUNTY}.{service}.x", data)
        async with projecting_on(nc, dsn) as (_, task):
            with pytest.raises(BrokenChain, match=said):
                await asyncio.wait_for(task, SECONDS_MAX)
    assert await _positions(dsn) == dict.fromkeys(SERVICES, 0)


async def _positions(dsn: str) -> dict[str, int]:
    """Up to where the store has taken records in."""
    store = await LedgerStore.open(dsn, COUNTY)
    try:
        return {service: position for service, (position, _) in (await store.checkpoint()).items()}
    finally:
        await store.close()
