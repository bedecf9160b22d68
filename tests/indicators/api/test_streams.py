"""The facts as they were published, and the change feed."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from datetime import date
from typing import Any

import orjson
import pytest
from nats.aio.subscription import Subscription

from services.indicators.api import downloads, feed
from services.indicators.catalog import CATALOG
from shared import subjects
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.contracts.registry import UnitMerged
from shared.contracts.training import GuidanceGiven
from tests.indicators.api.system import (
    COMMUNITY,
    COUNTY,
    PARK,
    SECONDS_MAX,
    TOWN,
    TOWN_B,
    VILLAGE,
    Recorded,
    System,
    person,
    until,
)


async def test_facts_are_the_exact_records_by_service_and_position(system: System, recorded: Recorded) -> None:
    answer = await system.http.get("/facts")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content == recorded.lines


async def test_facts_known_on_a_day_are_those_recorded_by_its_end(system: System, recorded: Recorded) -> None:
    late = [record for record in recorded.all if record.known_day > date(2025, 6, 19)]
    assert [record.type for record in late] == ["registry.entity_registered", *(f"{service}.day_closed" for service in SERVICES)]
    assert await _facts(system, known_at="2025-06-19") == _lines(record for record in recorded.all if record not in late)
    assert await _facts(system, known_at="2025-06-20") == _lines(record for record in recorded.all if "day_closed" not in record.type)
    assert await _facts(system, known_at="2025-07-01") == recorded.lines
    assert await _facts(system, known_at="2019-12-31") == b""


async def test_facts_as_of_a_day_are_those_of_days_up_to_it(system: System, recorded: Recorded) -> None:
    by_may = _lines(record for record in recorded.all if record.occurred <= date(2025, 5, 1))
    assert b"330127000000003" in by_may
    assert await _facts(system, as_of="2025-05-01") == by_may
    assert b"330127000000003" not in await _facts(system, as_of="2025-05-01", known_at="2025-06-19")


async def test_facts_of_a_unit_are_those_that_name_it_or_a_unit_below_it(system: System, recorded: Recorded) -> None:
    recorded.add("2025-07-02", GuidanceGiven(person=person(50), guidance_kind="policy", park=PARK))
    recorded.add("2025-07-02", UnitMerged(code=COMMUNITY, into=VILLAGE))
    unreadable = recorded.raw("finance", "finance.loan_dreamt", {"unit": VILLAGE}, on="2025-07-02")
    nowhere = recorded.raw("finance", "finance.loan_dreamt", {"unit": 7}, on="2025-07-02")
    await recorded.publish(system.nc)
    await system.followed(recorded)
    below = {
        COMMUNITY: (COMMUNITY,), VILLAGE: (VILLAGE,), PARK: (PARK,), TOWN_B: (TOWN_B,), TOWN: (TOWN, COMMUNITY, VILLAGE),
    }  # fmt: skip
    for unit, codes in below.items():
        named = _lines(record for record in recorded.all if any(f'"{code}"'.encode() in record.raw for code in codes))
        assert named
        assert await _facts(system, unit=unit) == named, unit
    assert unreadable.raw in await _facts(system, unit=TOWN)
    assert nowhere.raw not in await _facts(system, unit=TOWN)
    assert await _facts(system, unit=COUNTY) == recorded.lines


async def test_what_amends_a_fact_is_of_the_units_that_the_fact_was_of(system: System, recorded: Recorded) -> None:
    here = recorded.founds("2025-07-02", 60)
    elsewhere = recorded.founds("2025-07-02", 61, unit=TOWN_B)
    moved = recorded.corrects(here, here.data | {"unit": TOWN_B})
    back = recorded.corrects(here, here.data)
    voided = recorded.voids(here)
    corrected = recorded.corrects(elsewhere, elsewhere.data | {"name": "乙"})
    await recorded.publish(system.nc)
    await system.followed(recorded)
    said = [here, elsewhere, moved, back, voided, corrected]
    for unit, named in ((VILLAGE, [here, moved, back, voided]), (TOWN_B, [elsewhere, moved, back, voided, corrected])):
        found = (await _facts(system, unit=unit)).splitlines()
        assert [record for record in said if record.raw in found] == named
    before = await _facts(system, unit=PARK)
    to_the_park = recorded.corrects(elsewhere, elsewhere.data | {"unit": None, "park": PARK}, on="2025-07-03")
    await recorded.publish(system.nc)
    await system.followed(recorded)
    assert await _facts(system, unit=PARK, known_at="2025-07-02") == before, "what comes later changes nothing"
    assert await _facts(system, unit=PARK) == before + _lines([to_the_park])


async def _facts(system: System, **asked: str) -> bytes:
    answer = await system.http.get("/facts", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.content


def _lines(records: Iterable[Record]) -> bytes:
    return b"".join(record.raw + b"\n" for record in records)


async def test_more_downloads_than_the_store_has_connections_leave_one_to_the_projector(
    system: System, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    store, done = system.app.questions.live.store, asyncio.Event()

    async def slow_export() -> AsyncGenerator[bytes]:
        async with store._pool.acquire():
            yield b"{}"
            await done.wait()

    monkeypatch.setattr(store, "export", slow_export)
    async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as group:
        downloads = [group.create_task(system.http.get("/facts")) for _ in range(6)]
        await until(lambda: store._pool.get_idle_size() < store._pool.get_size())
        recorded.founds("2025-07-02", 9)
        await recorded.publish(system.nc)
        await system.followed(recorded)
        assert not any(download.done() for download in downloads)
        done.set()
    assert [download.result().content for download in downloads] == [b"{}\n"] * 6


async def test_a_reader_who_stands_still_is_cut_off_and_the_next_has_a_turn(
    system: System, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(downloads, "STALLED_SECONDS_MAX", 0.3)
    store = system.app.questions.live.store
    export, line = store.export, bytes(1 << 20)

    async def long_export() -> AsyncGenerator[bytes]:
        async with aclosing(export()) as records:
            async for _ in records:
                yield line

    monkeypatch.setattr(store, "export", long_export)
    async with asyncio.timeout(SECONDS_MAX), AsyncExitStack() as stalled:
        for _ in range(downloads.DOWNLOADS_MAX):
            reader, writer = await asyncio.open_connection("127.0.0.1", system.app.http_port, limit=1 << 10)
            stalled.callback(writer.close)
            writer.write(b"GET /facts HTTP/1.1\r\nHost: here\r\n\r\n")
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await until(lambda: store._pool.get_size() - store._pool.get_idle_size() == downloads.DOWNLOADS_MAX)
        assert len((await system.http.get("/facts")).content) == len(recorded.all) * (len(line) + 1)
        assert not (await reader.read()).endswith(b"0\r\n\r\n"), "never silently short"


async def events(system: System) -> AsyncGenerator[dict[str, Any] | None]:
    """What /changes says: the data of each event, None for a ping."""
    async with system.http.stream("GET", "/changes") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                yield orjson.loads(line.removeprefix("data: "))
            elif line.startswith(":"):
                yield None


async def test_listeners_hear_where_the_figures_stand_and_then_what_changed(system: System, recorded: Recorded) -> None:
    async with asyncio.timeout(SECONDS_MAX), aclosing(events(system)) as listening:
        first = await anext(listening)
        assert first == {"county": COUNTY, "positions": recorded.positions, "indicators": None, "units": None}
        recorded.founds("2025-07-02", 40)
        await recorded.publish(system.nc)
        change = await anext(listening)
    assert change is not None
    assert change["positions"] == recorded.positions
    assert set(change["units"]) == {COUNTY, TOWN, VILLAGE}
    assert "new_enterprises" in change["indicators"]
    assert "loans" not in change["indicators"]
    order = [indicator.id for indicator in CATALOG]
    assert change["indicators"] == sorted(change["indicators"], key=order.index)


async def test_a_slow_listener_is_told_once_that_anything_may_have_changed(system: System, recorded: Recorded) -> None:
    listening = system.app.questions.live.changes()
    hearing = asyncio.ensure_future(anext(listening))
    await asyncio.sleep(0)
    recorded.founds("2025-07-02", 9)
    await recorded.publish(system.nc)
    await system.followed(recorded)
    await hearing
    for number in (10, 11, 12):
        recorded.founds("2025-07-02", number)
        await recorded.publish(system.nc)
        await system.followed(recorded)
    missed = feed.changed(COUNTY, await anext(listening))
    assert (missed.positions, missed.indicators, missed.units) == (recorded.positions, None, None)


async def _next(heard: Subscription) -> dict[str, Any]:
    change: dict[str, Any] = orjson.loads((await heard.next_msg(timeout=SECONDS_MAX)).data)
    return change


async def test_the_bus_hears_every_change(system: System, recorded: Recorded) -> None:
    heard = await system.nc.subscribe(subjects.changed(COUNTY))
    await system.nc.flush()
    recorded.guides("2025-07-02", 30)
    await recorded.publish(system.nc)
    async with asyncio.timeout(SECONDS_MAX):
        change = await _next(heard)
        while change["positions"] != recorded.positions:  # of an earlier page, told as late as this
            change = await _next(heard)
    assert "trained_and_guided" in change["indicators"]
    assert set(change["units"]) == {COUNTY, TOWN, VILLAGE}


async def test_a_quiet_feed_shows_that_it_lives(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PING_SECONDS", 0.05)
    async with asyncio.timeout(SECONDS_MAX), aclosing(events(system)) as listening:
        assert await anext(listening) is not None
        assert await anext(listening) is None
        assert await anext(listening) is None


async def test_listeners_do_not_hold_up_the_end(system: System) -> None:
    async with asyncio.timeout(SECONDS_MAX), aclosing(events(system)) as listening:
        await anext(listening)
        await system.app.stop()
        assert [event async for event in listening] == []
