"""The run: day after day, until exactly as many reports as were asked for have been sent."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from deploy.simulator.outbox import Outbox
from deploy.simulator.rates import FULL_SIZE, MONTH_REPORTS, SEASONS, WEEKDAY_PACE, YEAR_FACTORS
from deploy.simulator.report import CountyPlan, RosterUnit, SimulatedReport
from deploy.simulator.stories.campaign import campaign
from deploy.simulator.stories.figures import figures
from deploy.simulator.stories.flows import fill, flows
from deploy.simulator.stories.offers import offers
from deploy.simulator.stories.paperwork import paperwork
from deploy.simulator.stories.surveys import survey
from deploy.simulator.stories.venues import venues
from deploy.simulator.world import World
from shared.contracts.envelope import Source, report_bytes
from shared.days import SHANGHAI
from shared.units import county_of, lineage

LISTED = date(2000, 1, 1)
"""The day on which every unit of a roster was listed, years before any simulated history."""
MONTHS_AFTER = 3


class County(Protocol):
    """What the simulator needs of a county."""

    @property
    def roster(self) -> Sequence[RosterUnit]:
        """名册: every unit."""


def unit_reports(county: County, *, listed: date = LISTED, instant: datetime | None = None) -> Iterator[SimulatedReport]:
    """One `registry.unit_listed` per unit of the roster, higher units first, reported by the office.

    They occurred on `listed` and are reported at `instant` (the morning of that day unless given), a microsecond apart.
    """
    when = instant or datetime.combine(listed, time(9), SHANGHAI)
    for n, unit in enumerate(sorted(county.roster, key=lambda unit: (len(lineage(unit.code)), unit.code))):
        source = Source(county_of(unit.code), "chuangjianban", "roster")
        data = {"code": unit.code, "name": unit.name, **({"urban_rural_class": unit.urban_rural_class} if unit.urban_rural_class else {})}
        id = f"unit-{unit.code}"
        raw = report_bytes(source=source, id=id, type="registry.unit_listed", occurred=listed, data=data)
        at = (when + timedelta(microseconds=n)).astimezone(UTC)
        yield SimulatedReport(source.department, source.system, id, "registry.unit_listed", raw, at)


def simulate(units: Sequence[RosterUnit], plan: CountyPlan, seed: int, facts: int) -> Iterator[SimulatedReport]:
    """Exactly `facts` reports of a county's departments, in the order they are sent, dirty ones included.

    The story runs from 1 January three years before the plan's year to 31 March after it. The same units, plan, seed and number give
    the same bytes. Memory grows with the entities and loans alive and the duties of the plan, not with the reports sent.
    """
    year = plan.year
    days = _days(year)
    scale = facts / FULL_SIZE
    outbox = Outbox(days.start, days.stop - 1)
    world = World(units, plan, seed, outbox, scale=scale)
    pace = _shares(days, lambda day: MONTH_REPORTS[day.year - year][day.month - 1])
    beginnings = {season: _of_plan_year(days, year, months) for season, months in SEASONS.items()}
    ongoing = flows(scale)
    owed = [world.rnd() for _ in ongoing]
    sent, due = 0, 0.0
    for nth, (day, share) in enumerate(zip(days, pace, strict=True)):
        outbox.begin_day(day)
        world.begin_day(day)
        if day == days.start:
            _set_up(world)
        due += share
        planned = facts if day == days[-1] else int(facts * due)
        ahead_max = min(facts // 200, (facts - planned) // 8)  # further ahead than this, the county begins nothing new
        for n, flow in enumerate(ongoing):
            owed[n] += flow.per_year * scale * beginnings[flow.season][nth]
            while owed[n] >= 1 and sent + outbox.waiting(day) <= planned + ahead_max:
                owed[n] -= 1
                world.spawn(flow.begin(world))
        while sent + outbox.waiting(day) < planned:
            fill(world)
        for report in outbox.take(day)[: facts - sent]:
            sent += 1
            yield report


def _shares(days: range, pace: Callable[[date], float]) -> list[float]:
    """The share of the whole that falls on each day, by the pace of its month and its weekday."""
    paces = [pace(day) * WEEKDAY_PACE[day.weekday()] for day in map(date.fromordinal, days)]
    total = sum(paces)
    return [each / total for each in paces]


def _of_plan_year(days: range, year: int, months: Sequence[float]) -> list[float]:
    """What begins on each day, relative to all that begins in the plan year."""
    shares = _shares(days, lambda day: YEAR_FACTORS[day.year - year] * months[day.month - 1])
    whole = sum(share for day, share in zip(days, shares, strict=True) if date.fromordinal(day).year == year)
    return [share / whole for share in shares]


def _days(year: int) -> range:
    return range(date(year - 3, 1, 1).toordinal(), date(year + 1, MONTHS_AFTER + 1, 1).toordinal())


def _set_up(world: World) -> None:
    """Begin everything that follows the calendar."""
    year = world.plan_year
    campaign(world)
    venues(world)
    offers(world)
    paperwork(world)
    figures(world)
    for opens, population, answers, satisfied in (
        (world.day_at(year - 1, 11, 5), "public", 300, 0.84), (world.day_at(year, 5, 12), "public", 620, 0.885),
        (world.day_at(year, 9, 8), "served", 420, 0.93), (world.day_at(year, 11, 10), "public", 680, 0.912),
    ):  # fmt: skip
        world.spawn(survey(world, opens=opens, days=24, population=population, answers=answers, satisfied=satisfied))
