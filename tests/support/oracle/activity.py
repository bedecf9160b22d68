"""Activity (plan 二(一)) and employment (plan 二(二)): who was trained, guided, helped, and who founded and employs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from shared.days import add_months
from tests.support.oracle.entities import Entity
from tests.support.oracle.figure import Figure, Variants, count, of_cohort, plus, ratio, share
from tests.support.oracle.once import once
from tests.support.oracle.world import Deed, Founding, Sorted, World, first_of_each


def statistic_over(world: World, unit: str, series: str, numerator: int, *, incomplete: int = 0) -> Figure:
    """A count ÷ the unit's own published stock; without the statistic the ratio is unknown and the count stands alone."""
    statistic = world.statistic(series, unit)
    if statistic is None:
        return Figure(count(numerator).numerator, None, None, incomplete=incomplete, note=f"{series} not published")
    over = share(numerator, statistic.value, incomplete=incomplete)
    return Figure(over.numerator, over.denominator, over.value, incomplete=incomplete, period_end=statistic.period_end)


def activity_index(world: World, unit: str) -> Variants:
    """Distinct persons with an enrolment in start-up training or an H fact dated in the window up to E, or operating at the end of E
    ÷ `urban_workers`. `flow`: without those who only operate. `urban`: only facts at urban units; facts known only at township or
    county level are left out and counted.

    For operating, the place is the entity's at E. A fact whose urban class cannot be told (a township, a county, a class never listed)
    counts in `incomplete` once for each person it is about, an operating entity for each of its founders.
    """
    deeds = world.here(world.enrolments, unit) + world.here(world.helps, unit)
    operating = [(entity, life.place) for entity, life in world.standing.at(unit) if life.operating]

    acting = {deed.person for deed in deeds}
    anyone = acting.union(*(entity.founders for entity, _ in operating))

    urban = {deed.person for deed in deeds if world.units.urban(deed.place) is True}
    untold = sum(world.units.urban(deed.place) is None for deed in deeds)
    for entity, place in operating:
        assert place is not None
        if world.units.urban(place) is True:
            urban |= entity.founders
        if world.units.urban(place) is None:
            untold += len(entity.founders)

    return {
        ("default", None): statistic_over(world, unit, "urban_workers", len(anyone)),
        ("flow", None): statistic_over(world, unit, "urban_workers", len(acting)),
        ("urban", None): statistic_over(world, unit, "urban_workers", len(urban), incomplete=untold),
    }


def persons(deeds: Iterable[Deed]) -> int:
    """How many distinct persons (人)."""
    return len({deed.person for deed in deeds})


def trained(world: World, unit: str) -> Variants:
    """Distinct persons who passed start-up training in the window. `enrolled`, `completed`: distinct persons likewise.
    `person_times`: passes, one per person and course.
    """
    passes = world.here(world.passes, unit)
    return {
        ("default", None): count(persons(passes)),
        ("enrolled", None): count(persons(world.here(world.enrolments, unit))),
        ("completed", None): count(persons(world.here(world.completions, unit))),
        ("person_times", None): count(len(passes)),
    }


def guided(world: World, unit: str) -> Variants:
    """Distinct persons given guidance. `person_times`: sessions."""
    sessions = world.here(world.guidances, unit)
    return {("default", None): count(persons(sessions)), ("person_times", None): count(len(sessions))}


def trained_and_guided(world: World, unit: str) -> Variants:
    """Distinct persons with a pass in start-up training, plus distinct persons guided. `union`: distinct over both. `person_times`."""
    passes, sessions = world.here(world.passes, unit), world.here(world.guidances, unit)
    return {
        ("default", None): plus(trained(world, unit)["default", None], guided(world, unit)["default", None]),
        ("union", None): count(persons(passes + sessions)),
        ("person_times", None): count(len(passes) + len(sessions)),
    }


def training_guidance_ratio(world: World, unit: str) -> Variants:
    """`guided` ÷ `trained`."""
    return {("default", None): ratio(guided(world, unit)["default", None], trained(world, unit)["default", None])}


@once
def helped_first_foundings(world: World) -> Sorted[Founding]:
    """The successful starts (default rule), wherever they are: each person's first ever founding if dated in the window, with H on or
    before that day.
    """
    return world.deeds(
        first for first in first_of_each(world.foundings)
        if world.in_year(first.day) and first.person in world.first_help and world.first_help[first.person] <= first.day
    )  # fmt: skip


def successful_starts(world: World, unit: str) -> Variants:
    """Distinct persons whose first ever founding lies in the window, with H on or before that day. `operating`: still operating at E,
    any entity anywhere in the county. `all_founders`: all founders of the window, helped or not, first founding or not (the words of
    `employment_contribution.gross`).
    """
    starts = world.here(helped_first_foundings(world), unit)
    return {
        ("default", None): count(persons(starts)),
        ("all_founders", None): count(persons(world.here(world.foundings, unit))),
        ("operating", None): count(persons([start for start in starts if world.operates(start.person, world.day)])),
    }


def jobs(persons_employed: set[str], head_counts: list[int]) -> Figure:
    """Distinct persons plus head-counts, which are not de-duplicated."""
    note = f"{len(head_counts)} head-counts not de-duplicated" if head_counts else None
    return count(len(persons_employed) + sum(head_counts), note=note)


def open_jobs(world: World, entities: list[Entity]) -> Figure:
    """Distinct persons with an open employment at E in these entities, plus the latest head-count of those of them of which no fact says
    who works there.
    """
    working: set[str] = set()
    head_counts: list[int] = []
    for entity in entities:
        working |= entity.employed(world.day)
        head_counts += entity.head_counts[-1:]
    return jobs(working, head_counts)


@once
def successful_registrations(world: World) -> frozenset[tuple[date, datetime, str, int]]:
    """The registrations that are a founder's successful start."""
    return frozenset(start.by.order for start in helped_first_foundings(world))


def jobs_brought(world: World, unit: str) -> Variants:
    """Open employments at E in entities registered in the window, founders excluded, 0 once the entity is deregistered, revoked or
    suspended, at its place at E; a person counts once per unit asked. An entity with only head-counts counts by its latest staff report.

    `helped`: only entities founded by `successful_starts` (a founder's successful start is exactly that registration).
    `gross`: anyone employed there on any day from registration to E, wherever the entity then was, closed since or not; head-counts by
    their maximum up to E, at the place of the entity on the day of the report that set it.
    """
    operating = [entity for entity, life in world.standing.at(unit) if life.operating and world.in_year(entity.registered)]
    started = successful_registrations(world)

    ever: set[str] = set()
    highest: list[int] = []
    for entity in world.passed_through.at(unit):
        if not world.in_year(entity.registered):
            continue
        for day in entity.days_of_change:
            life = entity.life(day)
            if life is not None and unit in world.units.where(life.place):
                ever |= entity.employed(day)
        greatest = entity.greatest_head_count
        if greatest is not None and unit in world.units.where(greatest[1]):
            highest.append(greatest[0])

    return {
        ("default", None): open_jobs(world, operating),
        ("gross", None): jobs(ever, highest),
        ("helped", None): open_jobs(world, [entity for entity in operating if entity.opened.order in started]),
    }


def job_multiplier(world: World, unit: str) -> Variants:
    """`jobs_brought.helped` ÷ `successful_starts`. `all_jobs`: `jobs_brought` ÷ `successful_starts`. `per_entity`: ÷ all new entities:
    `jobs_brought` ÷ (`new_enterprises` + `new_individual_businesses`), since only so it is about 2.9 when the plan is just met
    (3,000 ÷ 1,030).
    """
    brought, starts = jobs_brought(world, unit), successful_starts(world, unit)["default", None]
    kinds = new_entities(world, unit)
    return {
        ("default", None): ratio(brought["helped", None], starts),
        ("all_jobs", None): ratio(brought["default", None], starts),
        ("per_entity", None): ratio(brought["default", None], count(kinds["enterprise"] + kinds["individual_business"])),
    }


def employment_contribution(world: World, unit: str) -> Variants:
    """(new entrepreneurs + `jobs_brought`) ÷ `new_employment`; new entrepreneurs = distinct founders of entities registered in the window
    who were not operating at the end of the day before. `gross`: all founders of the window + `jobs_brought.gross`.

    Everything is counted up to the end P of the period the statistic covers; without a statistic up to E, and there is no ratio.
    """
    statistic = world.statistic("new_employment", unit, cumulative=True)
    then = world if statistic is None else world.on(statistic.period_end)
    new = persons([deed for deed in then.here(then.foundings, unit) if not then.operates(deed.person, deed.day - timedelta(days=1))])
    everyone = successful_starts(then, unit)["all_founders", None].value
    brought = jobs_brought(then, unit)
    rows: Variants = {}
    for variant, founders, jobs in (("default", new, brought["default", None]), ("gross", everyone, brought["gross", None])):
        assert founders is not None
        assert jobs.value is not None
        figure = share(int(founders + jobs.value), 0 if statistic is None else statistic.value)
        if statistic is None:
            figure = Figure(figure.numerator, None, None, note="new_employment not published")
        else:
            figure = replace(figure, period_end=statistic.period_end)
        rows[variant, None] = figure
    return rows


def activity_employment(world: World, unit: str) -> Variants:
    """Persons whose first H is at most 12 months old (until the day before the same day a year later): share employed (open employment
    in an entity that is not their own, whatever has become of it) or operating at the end of E. Place: the first H's.
    """
    recent = [deed.person for deed in world.first_helps.at(unit) if world.day < add_months(deed.day, 12)]
    working = [person for person in recent if person in employed_anywhere(world) or world.operates(person, world.day)]
    return {("default", None): of_cohort(len(working), len(recent), len(recent))}


@once
def employed_anywhere(world: World) -> frozenset[str]:
    """Who has an open employment at the end of E."""
    return frozenset(person for entity in world.entities.values() for person in entity.employed(world.day))


def new_entities(world: World, unit: str, since: date | None = None) -> Counter[str]:
    """How many entities of each kind were registered at the unit since a day (by default 1 January of the year of E) up to E."""
    since = since or world.new_year
    return Counter(entity.kind for entity in world.registered.at(unit) if entity.registered >= since)
