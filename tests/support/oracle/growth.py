"""Enterprise growth (plan 二(三)) and success after training (plan 二(四)): cohorts that fall due."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from shared.days import add_months
from tests.support.oracle.activity import new_entities, successful_starts, trained_and_guided
from tests.support.oracle.entities import Entity, the_day_before
from tests.support.oracle.figure import Figure, Variants, count, of_cohort, ratio, share
from tests.support.oracle.once import once
from tests.support.oracle.world import Deed, Sorted, World, first_of_each


def new_enterprises(world: World, unit: str) -> Variants:
    """Enterprises registered in the window."""
    return {("default", None): count(new_entities(world, unit)["enterprise"])}


def new_individual_businesses(world: World, unit: str) -> Variants:
    """Individual businesses registered in the window."""
    return {("default", None): count(new_entities(world, unit)["individual_business"])}


def _yearly_average(world: World, unit: str, kind: str) -> Variants:
    """`yearly_average`: registered since 1 January Y ÷ plan years begun (平均每年).

    The window is `two_years`: within `plan_year` one plan year alone has ever begun, and the variant would say nothing.
    """
    since = date(world.year, 1, 1)
    registered = new_entities(world, unit, since)[kind]
    return {("yearly_average", None): share(registered, world.day.year - world.year + 1, n=registered)}


def new_enterprises_yearly(world: World, unit: str) -> Variants:
    """`new_enterprises.yearly_average`."""
    return _yearly_average(world, unit, "enterprise")


def new_individual_businesses_yearly(world: World, unit: str) -> Variants:
    """`new_individual_businesses.yearly_average`."""
    return _yearly_average(world, unit, "individual_business")


def due_day(entity: Entity, years: int) -> date:
    """The first (second, third) anniversary of the registration."""
    return add_months(entity.registered, 12 * years)


def in_cohort(due: date, day: date) -> bool:
    """From the due day until the day before due day + 12 months."""
    return due <= day < add_months(due, 12)


def survival_1y(world: World, unit: str) -> Variants:
    """`_survival` one year on."""
    return _survival(world, unit, 1)


def survival_2y(world: World, unit: str) -> Variants:
    """`_survival` two years on."""
    return _survival(world, unit, 2)


def survival_3y(world: World, unit: str) -> Variants:
    """`_survival` three years on."""
    return _survival(world, unit, 3)


def _survival(world: World, unit: str, years: int) -> Variants:
    """Enterprises in the cohort on E (due day = that anniversary of registration): share not deregistered or revoked at the end of their
    due day (suspended is alive); moved out of the county before the due day leaves the cohort; unit = registration's place.

    `with_businesses`: individual businesses too. `operating`: the last check or staff report that tells, of the 6 months up to the
    anniversary, says operating; none = unknown, counted apart (`incomplete`). `snapshot`: the same cohort, alive at E; out of the county
    at E leaves it.
    Parts: the registration year, for years with a member.
    """
    cohort = [
        entity for entity in world.registered.at(unit)
        if in_cohort(due_day(entity, years), world.day) and not entity.out_of_county(the_day_before(due_day(entity, years)))
    ]  # fmt: skip
    enterprises = [entity for entity in cohort if entity.kind == "enterprise"]

    def rows(variant: str, members: list[Entity], survived: dict[str, bool | None]) -> Variants:
        found: Variants = {}
        registered_in = sorted({entity.registered.year for entity in members})
        for part, year in [(None, None), *((str(year), year) for year in registered_in)]:
            said = [survived[entity.opened.fact.entity] for entity in members if year in {None, entity.registered.year}]
            judged = said.count(True) + said.count(False)
            found[variant, part] = of_cohort(said.count(True), judged, len(said), incomplete=said.count(None))
        return found

    alive: dict[str, bool | None] = {entity.opened.fact.entity: not entity.closed(due_day(entity, years)) for entity in cohort}
    said = {entity.opened.fact.entity: entity.said_operating(due_day(entity, years)) for entity in enterprises}
    still: dict[str, bool | None] = {entity.opened.fact.entity: not entity.closed(world.day) for entity in enterprises}
    return (
        rows("default", enterprises, alive)
        | rows("with_businesses", cohort, alive)
        | rows("operating", enterprises, said)
        | rows("snapshot", [entity for entity in enterprises if not entity.out_of_county(world.day)], still)
    )


def founded(world: World, person: str, since: date, through: date) -> bool:
    """Whether the person founded anything anywhere in the county from a day through another."""
    return any(since <= founding.day <= through for founding in world.foundings_of.get(person, ()))


def enterprise_growth(world: World, unit: str) -> Variants:
    """Enterprises registered in the window ÷ enterprises existing at 31 December Y−1 (series `enterprises_existing` if published, else
    facts dated before Y, else unknown). `with_businesses`: both kinds, above and below; no series counts both. `helped`: enterprises of
    which a founder had H on or before registration.

    An entity exists while it is neither deregistered nor revoked, and in the county; it is where it then was.
    """
    eve = world.on(world.new_year - timedelta(days=1))

    def existing(*kinds: str) -> int:
        return sum(1 for entity, life in eve.standing.at(unit) if entity.kind in kinds and life.status != "closed")

    def over(added: int, stock: int, period_end: date | None = None) -> Figure:
        if not stock:
            return Figure(Fraction(added), None, None, period_end=period_end)
        return replace(share(added, stock), period_end=period_end)

    statistic = eve.statistic("enterprises_existing", unit)
    stock, period_end = (existing("enterprise"), None) if statistic is None else (statistic.value, statistic.period_end)
    kinds = new_entities(world, unit)
    helped = {
        founding.entity.opened.fact.entity
        for founding in world.here(world.foundings, unit)
        if founding.entity.kind == "enterprise"
        and founding.person in world.first_help and world.first_help[founding.person] <= founding.day
    }  # fmt: skip
    return {
        ("default", None): over(kinds["enterprise"], stock, period_end),
        ("with_businesses", None): over(kinds["enterprise"] + kinds["individual_business"], existing("enterprise", "individual_business")),
        ("helped", None): over(len(helped), stock, period_end),
    }


def initial_success(world: World, unit: str) -> Variants:
    """Persons in the cohort on E (due day = first H + 6 months) who were not operating on the day of first H: share that founded after
    that day and by their due day. Place: the first H's.
    """
    cohort = [
        deed for deed in world.first_helps.at(unit)
        if in_cohort(add_months(deed.day, 6), world.day) and not world.operates(deed.person, deed.day)
    ]  # fmt: skip
    succeeded = [deed for deed in cohort if founded(world, deed.person, deed.day + timedelta(days=1), add_months(deed.day, 6))]
    return {("default", None): of_cohort(len(succeeded), len(cohort), len(cohort))}


@once
def first_passes(world: World) -> Sorted[Deed]:
    """Each person's first pass in start-up training."""
    return world.deeds(first_of_each(world.passes))


def success_after_training(world: World, unit: str) -> Variants:
    """Persons in the cohort on E (due day = first pass in start-up training + 6 months) who were not operating on the day of the first
    pass: share that founded after that day and by their due day. Place: the pass's.

    `current_period`: of those who passed in the window (at the unit), share that founded in it after the day of their first such pass.
    `over_helped`: `successful_starts` ÷ `trained_and_guided`.
    """
    cohort = [
        (first, add_months(first.day, 6))
        for first in first_passes(world).at(unit)
        if in_cohort(add_months(first.day, 6), world.day) and not world.operates(first.person, first.day)
    ]
    succeeded = [first for first, due in cohort if founded(world, first.person, first.day + timedelta(days=1), due)]

    passed_here = first_of_each(world.here(world.passes, unit))
    founded_since = [deed for deed in passed_here if founded(world, deed.person, deed.day + timedelta(days=1), world.day)]

    return {
        ("default", None): of_cohort(len(succeeded), len(cohort), len(cohort)),
        ("current_period", None): share(len(founded_since), len(passed_here)),
        ("over_helped", None): ratio(successful_starts(world, unit)["default", None], trained_and_guided(world, unit)["default", None]),
    }
