"""What is held to be true about one county, as known on one day and as of the end of another: everything the figures are read from.

What is asked of unit after unit is sorted out once by the units for which it counts: every fact counts for a handful of them at most.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from shared.contracts.base import Fact
from shared.contracts.finance import LoanApplied
from shared.contracts.registry import EntityRegistered, ProjectCollected, ProjectMatched, StatisticPublished, TenantAdmitted, VenueOpened
from shared.contracts.training import CourseOpened, GuidanceGiven, TraineeCompleted, TraineeEnrolled
from tests.support.oracle.entities import Entity, Life, one_code
from tests.support.oracle.facts import Dated, Known
from tests.support.oracle.loans import Loan
from tests.support.oracle.once import once
from tests.support.oracle.units import Place, Units, place_of

F = TypeVar("F", bound=Fact)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Deed:
    """Something a person did or was given, on a day, at a place, by a fact."""

    person: str
    day: date
    place: Place
    by: Dated[Fact]


D = TypeVar("D", bound=Deed)


@dataclass(frozen=True)
class Founding(Deed):
    """A person founded an entity."""

    entity: Entity


class Sorted(Generic[T_co]):
    """Things in their order, and sorted out by the units for which they count."""

    def __init__(self, things: Iterable[tuple[T_co, Iterable[str]]]) -> None:
        self._all: list[T_co] = []
        self._at: dict[str, list[T_co]] = defaultdict(list)
        for thing, units in things:
            self._all.append(thing)
            for unit in units:
                self._at[unit].append(thing)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._all)

    def at(self, unit: str) -> Sequence[T_co]:
        """Those that count for a unit, in the same order."""
        return self._at.get(unit, ())


@dataclass(frozen=True)
class Promised:
    """A duty of the plan file: owed by departments, or by all units of these kinds, by the end of its due day."""

    id: str
    due: date
    system: str
    departments: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Due:
    """By when the plan file wants an indicator's things done: the deadline of its target, from the day on which that takes effect."""

    indicator: str
    day: date
    effective: date | None = None


@dataclass(frozen=True)
class Named:
    """The window, both days inclusive, that the plan file of a year names for an indicator."""

    indicator: str
    first: date
    last: date
    year: int

    def of(self, year: int) -> tuple[date, date]:
        """The same days of the window for another plan year; for 29 February the 28th where there is none."""
        return _moved(self.first, year - self.year), _moved(self.last, year - self.year)


def _moved(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 2, 28)


class World:
    """The facts dated up to `day`, of the effective facts as known on one day."""

    def __init__(
        self, known: Known, day: date, year: int, due: Sequence[Due] = (), named: Sequence[Named] = (), promised: Sequence[Promised] = ()
    ) -> None:
        self.day = day
        """E."""
        self.year = year
        """The plan year Y."""
        self.due = due
        """The days by which the county's plan file wants things done."""
        self.named = named
        """The windows that the county's plan file names for indicators."""
        self.promised = promised
        """The duties of the county's plan file."""
        self.new_year = date(day.year, 1, 1)
        """1 January of the year of `day`."""
        self.known = known
        """All effective facts, those dated after `day` too: for statistics, which go by their period, and for what things are (an entity's
        codes, a course's kind, a project, a venue's place, a loan's application, a survey's population), which is so on any day.
        """
        self.facts = tuple(dated for dated in known.facts if dated.occurred <= day)
        self.units = Units(known, day)

    @once
    def on(self, day: date) -> "World":
        """The world as of the end of another day."""
        return World(self.known, day, self.year, self.due, self.named, self.promised)

    @once
    def of(self, *kinds: type[F]) -> Sequence[Dated[F]]:
        """The facts of these classes, in history order."""
        return tuple(dated for dated in self.known.of(*kinds) if dated.occurred <= self.day)

    def ever(self, kind: type[F]) -> Sequence[Dated[F]]:
        """The facts of one class dated on whatever day, in history order."""
        return self.known.of(kind)

    def at(self, unit: str, kind: type[F]) -> Sequence[Dated[F]]:
        """The facts of one class that count for a unit, in history order."""
        return self._of_sorted(kind).at(unit)

    def ever_at(self, unit: str, kind: type[F]) -> Sequence[Dated[F]]:
        """The same, dated on whatever day."""
        return self._ever_sorted(kind).at(unit)

    @once
    def _of_sorted(self, kind: type[F]) -> Sorted[Dated[F]]:
        return self.sorted(self.of(kind), lambda dated: place_of(dated.fact))

    @once
    def _ever_sorted(self, kind: type[F]) -> Sorted[Dated[F]]:
        return self.sorted(self.ever(kind), lambda dated: place_of(dated.fact))

    def sorted(self, things: Iterable[T], place: Callable[[T], Place | None]) -> Sorted[T]:
        """Things sorted out by where each of them is; what is nowhere counts for no unit."""
        return Sorted((thing, self.units.where(place(thing))) for thing in things)

    def in_year(self, day: date) -> bool:
        """Whether a day lies in the window: from 1 January of the year of E up to E."""
        return self.new_year <= day <= self.day

    def first_day(self, indicator: str) -> date:
        """The first day of an indicator's window."""
        return next((named.of(self.year)[0] for named in self.named if named.indicator == indicator), date(self.year, 1, 1))

    def in_time(self, indicator: str, day: date) -> bool:
        """Whether what was done on a day was done by the day that is set for it at E; where none is set, nothing is late."""
        begun = [due for due in self.due if due.indicator == indicator and (due.effective or date.min) <= self.day]
        return not begun or day <= max(begun, key=lambda due: due.effective or date.min).day

    def here(self, deeds: Sorted[D], unit: str) -> list[D]:
        """The deeds of the year up to E that count for `unit`."""
        return [deed for deed in deeds.at(unit) if self.in_year(deed.day)]

    def deeds(self, deeds: Iterable[D]) -> Sorted[D]:
        """Deeds sorted out by where they were done."""
        return self.sorted(deeds, lambda deed: deed.place)

    # ── entities ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _codes(self) -> dict[str, str]:
        return one_code(self.known.facts)

    @cached_property
    def entities(self) -> dict[str, Entity]:
        """Every registered entity by the code that stands for it, in history order of registration.

        An entity is opened by its registration; facts about a code never registered (or whose registration is voided) count for nothing.
        An entity registered under two codes that replace one another was registered once: first.
        """
        opened: dict[str, Dated[EntityRegistered]] = {}
        for dated in self.of(EntityRegistered):
            opened.setdefault(self._codes.get(dated.fact.entity, dated.fact.entity), dated)
        about: dict[str, list[Dated[Fact]]] = defaultdict(list)
        for each in self.facts:
            if each.fact.about == "entity":
                code = cast(Any, each.fact).entity
                about[self._codes.get(code, code)].append(each)
        return {code: Entity(registration, tuple(about[code])) for code, registration in opened.items()}

    def entity(self, code: str) -> Entity | None:
        """The entity a code names, whichever of its codes that is."""
        return self.entities.get(self._codes.get(code, code))

    @cached_property
    def registered(self) -> Sorted[Entity]:
        """The entities, by where they were registered."""
        return self.sorted(self.entities.values(), lambda entity: entity.place)

    @cached_property
    def standing(self) -> Sorted[tuple[Entity, Life]]:
        """The entities with their state at E, by where they then are."""
        lives = [(entity, life) for entity in self.entities.values() if (life := entity.life(self.day)) is not None]
        return self.sorted(lives, lambda each: each[1].place)

    @cached_property
    def passed_through(self) -> Sorted[Entity]:
        """The entities, by everywhere they have been at the end of any day up to E."""
        return Sorted(
            (entity, {unit for life in entity.lives() for unit in self.units.where(life.place)}) for entity in self.entities.values()
        )

    @cached_property
    def foundings(self) -> Sorted[Founding]:
        """Every founding, in history order."""
        return self.deeds(
            Founding(person, entity.registered, entity.place, cast(Dated[Fact], entity.opened), entity)
            for entity in self.entities.values()
            for person in sorted(entity.founders)
        )

    @cached_property
    def foundings_of(self) -> dict[str, list[Founding]]:
        """The foundings of each person, first one first."""
        found: dict[str, list[Founding]] = defaultdict(list)
        for founding in self.foundings:
            found[founding.person].append(founding)
        return found

    def operates(self, person: str, day: date) -> bool:
        """Operating person: founder of an entity not deregistered, revoked, suspended or out of the county at the end of the day."""
        return any(founding.entity.operates(day) for founding in self.foundings_of.get(person, ()))

    # ── help ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _start_up_courses(self) -> set[str]:
        return {dated.fact.course for dated in self.ever(CourseOpened) if dated.fact.course_kind == "start_up"}

    @cached_property
    def enrolments(self) -> Sorted[Deed]:
        """Enrolments in start-up training."""
        return self.deeds(
            Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated)
            for dated in self.of(TraineeEnrolled)
            if dated.fact.course in self._start_up_courses
        )

    @cached_property
    def completions(self) -> Sorted[Deed]:
        """Start-up trainings completed, passed or not."""
        return self.deeds(
            Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated)
            for dated in self.of(TraineeCompleted)
            if dated.fact.course in self._start_up_courses
        )

    @cached_property
    def passes(self) -> Sorted[Deed]:
        """Passes in start-up training, in history order: one per person and course (its natural key)."""
        return self.deeds(deed for deed in self.completions if isinstance(deed.by.fact, TraineeCompleted) and deed.by.fact.passed)

    @cached_property
    def guidances(self) -> Sorted[Deed]:
        """Sessions of guidance."""
        return self.deeds(Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated) for dated in self.of(GuidanceGiven))

    @cached_property
    def helps(self) -> Sorted[Deed]:
        """H (helped), in history order, of any year.

        Passed start-up training, guidance given, project matched, tenant admitted (each founder of the tenant entity as of that day, at
        the venue's place at its opening), personal start-up loan first disbursed (each borrower, at the application's place).
        """
        projects = {dated.fact.project for dated in self.ever(ProjectCollected)}
        matched = [
            Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated)
            for dated in self.of(ProjectMatched)
            if dated.fact.project in projects
        ]  # fmt: skip

        venues = {dated.fact.venue: place_of(dated.fact) for dated in self.ever(VenueOpened)}
        admitted: list[Deed] = []
        for tenant in self.of(TenantAdmitted):
            entity = self.entity(tenant.fact.entity)
            if entity is not None and entity.registered <= tenant.occurred and tenant.fact.venue in venues:
                admitted += [Deed(person, tenant.occurred, venues[tenant.fact.venue], tenant) for person in entity.founders]

        lent: list[Deed] = []
        for loan in self.loans:
            first = loan.first_disbursement()
            if loan.personal and first is not None:
                lent += [Deed(person, first.occurred, loan.place, first) for person in loan.applied.borrowers]

        helps = [*self.passes, *self.guidances, *matched, *admitted, *lent]
        return self.deeds(sorted(helps, key=lambda deed: (deed.by.order, deed.person)))

    @cached_property
    def first_helps(self) -> Sorted[Deed]:
        """Each person's first H."""
        return self.deeds(first_of_each(self.helps))

    @cached_property
    def first_help(self) -> dict[str, date]:
        """The day of each person's first H."""
        return {deed.person: deed.day for deed in self.first_helps}

    # ── loans and statistics ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def loans(self) -> Sorted[Loan]:
        """Every loan that was applied for."""
        about: dict[str, list[Dated[Fact]]] = defaultdict(list)
        for dated in self.facts:
            if dated.fact.about == "loan":
                about[cast(Any, dated.fact).loan].append(dated)
        loans = [Loan(dated.fact, tuple(about[dated.fact.loan])) for dated in self.ever(LoanApplied)]
        return self.sorted(loans, lambda loan: loan.place)

    def statistic(self, series: str, unit: str, *, cumulative: bool = False) -> StatisticPublished | None:
        """The unit's own statistic: the greatest period end P ≤ E, its last value by position; None when there is none.

        A cumulative series must have P in E's year. The day of publication plays no part: the figure of 31 December is published in January
        and still is the one of 31 December.
        """
        own = [
            (dated.fact.period_end, dated.position, dated.fact)
            for dated in self._statistics.get((series, unit), [])
            if dated.fact.period_end <= self.day
        ]
        if not own:
            return None
        statistic = max(own, key=lambda each: each[:2])[2]
        return None if cumulative and statistic.period_end < self.new_year else statistic

    @cached_property
    def _statistics(self) -> dict[tuple[str, str | None], list[Dated[StatisticPublished]]]:
        own: dict[tuple[str, str | None], list[Dated[StatisticPublished]]] = defaultdict(list)
        for dated in self.ever(StatisticPublished):
            own[dated.fact.series, dated.fact.park or dated.fact.unit].append(dated)
        return own


def first_of_each(deeds: Iterable[D]) -> list[D]:
    """Of each person's deeds the first."""
    first: dict[str, D] = {}
    for deed in deeds:
        first.setdefault(deed.person, deed)
    return list(first.values())
