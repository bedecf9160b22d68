"""Recorded time: closed days, the wall clock against the database's, the simulated clock over a restart."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.clock import SimulatedClock, WallClock
from shared.contracts.envelope import Record, parse_record
from shared.write_service.handler import ClockAhead, IncomingReport, WriteService, WrongStore
from tests.support.memory_store import MemoryStore
from tests.support.reporting import COUNTY, NOON, RULES, Counter, assert_chained, report, with_units


class SetClock(WallClock):
    """A wall clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


async def closed_days(counter: Counter) -> list[tuple[int, date]]:
    rows = [parse_record(row.raw) for row in await counter.kept.records(0, 1000)]
    return [(row.position, date.fromisoformat(row.data["day"])) for row in rows if row.type.endswith("day_closed")]


async def last(counter: Counter) -> Record:
    return parse_record((await counter.kept.records(0, 1000))[-1].raw)


def a_listing(code: str = COUNTY, instant: datetime | None = None) -> IncomingReport:
    return report("registry.unit_listed", {"code": code, "name": code}, occurred="2009-01-01", instant=instant)


async def test_the_first_record_of_a_day_closes_the_days_before() -> None:
    counter = Counter()
    await counter.ask(a_listing())
    assert await closed_days(counter) == [(1, date(2010, 5, 31))]
    await counter.ask(a_listing("330127101000", NOON + timedelta(hours=11)))
    await counter.ask(a_listing("330127101003", NOON + timedelta(days=3)))
    assert await closed_days(counter) == [(1, date(2010, 5, 31)), (4, date(2010, 6, 3))]
    await assert_chained(counter.kept)


async def test_a_closed_day_is_recorded_by_the_system_itself() -> None:
    counter = Counter()
    await counter.writes.close_day()
    record = await last(counter)
    assert (record.source, record.id, record.type, record.version) == (
        f"/{COUNTY}/kaiye/registry",
        "day-2010-05-31",
        "registry.day_closed",
        1,
    )
    assert (record.occurred, record.data) == (date(2010, 5, 31), {"day": "2010-05-31"})
    assert await counter.answers() == {}


async def test_the_timer_closes_each_day_once() -> None:
    store = MemoryStore("training", COUNTY, database_clock=lambda: NOON)
    clock = SetClock(NOON)
    counter = Counter("training", store, clock)
    for _ in range(3):
        await counter.writes.close_day()
    assert await closed_days(counter) == [(1, date(2010, 5, 31))]
    commits = (await store.head()).commits
    await counter.writes.close_day()
    assert (await store.head()).commits == commits, "nothing to close, nothing written"
    await counter.writes.close_day(NOON + timedelta(days=1))
    assert [day for _, day in await closed_days(counter)] == [date(2010, 5, 31), date(2010, 6, 1)]


async def test_nothing_is_recorded_on_a_day_after_it_was_closed() -> None:
    counter = Counter()
    for days in (0, 2, 1, 5, 3):
        await counter.writes.handle([a_listing(f"33012710{days}000", NOON + timedelta(days=days))])
    closed = date.min
    for row in await counter.kept.records(0, 1000):
        record = parse_record(row.raw)
        assert record.known_day > closed
        if record.type.endswith("day_closed"):
            closed = date.fromisoformat(record.data["day"])


async def test_recorded_time_never_goes_back_with_the_clock() -> None:
    clock = SetClock(NOON)
    counter = Counter(store=MemoryStore("registry", COUNTY, database_clock=lambda: NOON), clock=clock)
    await counter.ask(a_listing())
    clock.time = NOON - timedelta(hours=5)
    await counter.ask(a_listing("330127101000"))
    assert (await last(counter)).recorded == NOON


@pytest.mark.parametrize(("lead", "records"), [(timedelta(seconds=60), True), (timedelta(seconds=61), False)])
async def test_recorded_time_leads_the_database_clock_by_a_minute_at_most(lead: timedelta, records: bool) -> None:
    counter = Counter(store=MemoryStore("registry", COUNTY, database_clock=lambda: NOON), clock=SetClock(NOON + lead))
    if records:
        assert (await counter.ask(a_listing())).outcome == "recorded"
    else:
        with pytest.raises(ClockAhead):
            await counter.ask(a_listing())
        assert (await counter.kept.head()).position == 0


async def test_a_database_clock_set_back_stops_recording() -> None:
    store = MemoryStore("registry", COUNTY, database_clock=lambda: NOON)
    clock = SetClock(NOON)
    counter = Counter(store=store, clock=clock)
    await counter.ask(a_listing())
    store.database_clock = lambda: NOON - timedelta(hours=1)
    clock.time = NOON - timedelta(hours=1)
    with pytest.raises(ClockAhead):
        await counter.ask(a_listing("330127101000"))


async def test_the_wall_clock_does_not_listen_to_reports() -> None:
    counter = Counter(store=MemoryStore("registry", COUNTY, database_clock=lambda: NOON), clock=SetClock(NOON))
    await counter.ask(a_listing(instant=datetime(2099, 1, 1, tzinfo=UTC)))
    assert (await last(counter)).recorded == NOON


async def test_each_report_is_recorded_at_the_greatest_instant_seen_so_far() -> None:
    counter = Counter()
    minutes = (5, 3, None, 9)
    batch = [a_listing(f"33012710{n}000", None if at is None else NOON + timedelta(minutes=at)) for n, at in enumerate(minutes)]
    await counter.hand_in(*batch)
    assert [(record.recorded - NOON).seconds // 60 for record in await counter.records()] == [5, 5, 5, 9]


async def test_a_refused_report_advances_the_simulated_clock_too() -> None:
    counter = await with_units(Counter())
    await counter.ask(a_listing("330128000000", NOON + timedelta(days=2)))
    assert counter.clock.now() == NOON + timedelta(days=2)
    assert (await counter.kept.head()).simulated == NOON + timedelta(days=2)


async def test_a_simulated_clock_goes_on_where_it_stood() -> None:
    counter = Counter()
    await counter.ask(a_listing(instant=NOON + timedelta(days=9)))
    counter.clock = SimulatedClock(NOON)
    counter.restarted()
    await counter.ask(a_listing("330127101000"))
    assert (await last(counter)).recorded == NOON + timedelta(days=9)
    await counter.writes.close_day(NOON + timedelta(days=99))
    assert (await last(counter)).recorded == NOON + timedelta(days=9), "it stands still until a report advances it"


async def test_a_store_keeps_its_kind_of_clock_for_life() -> None:
    played = Counter()
    await played.ask(a_listing())
    played.clock = WallClock()
    with pytest.raises(WrongStore):
        await played.restarted().handle([a_listing("330127101000")])
    real = Counter(clock=WallClock())
    await real.ask(a_listing())
    real.clock = SimulatedClock(NOON)
    with pytest.raises(WrongStore):
        await real.restarted().handle([a_listing("330127101000")])


def test_a_service_works_on_its_own_store_only() -> None:
    for service, county in (("finance", COUNTY), ("registry", "330128000000")):
        with pytest.raises(WrongStore):
            WriteService(RULES["registry"], MemoryStore(service, county), COUNTY, WallClock())  # type: ignore[arg-type]
