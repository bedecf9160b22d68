"""What is held to be true about one county, as known on one day and as of the end of another: everything the figures are read from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar, cast

from shared.contracts.base import Fact
from shared.contracts.finance import LoanApplied
from shared.contracts.registry import EntityRegistered, ProjectCollected, ProjectMatched, StatisticPublished, TenantAdmitted, VenueOpened
from shared.contracts.training import CourseOpened, GuidanceGiven, TraineeCompleted, TraineeEnrolled
from tests.support.oracle.entities import Entity, one_code
from tests.support.oracle.facts import Dated
from tests.support.oracle.loans import Loan
from tests.support.oracle.units import Place, Units, place_of

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True)
class Deed:
    """Something a person did or was given, on a day, at a place, by a fact."""

    person: str
    day: date
    place: Place
    by: Dated[Fact]


@dataclass(frozen=True)
class Founding(Deed):
    """A person founded an entity."""

    entity: Entity


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
        self, known: Sequence[Dated[Fact]], day: date, year: int, due: Sequence[Due] = (), named: Sequence[Named] = (),
        promised: Sequence[Promised] = (),
    ) -> None:  # fmt: skip
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
        self.facts = tuple(dated for dated in known if dated.occurred <= day)
        self.units = Units(known, day)

    def of(self, kind: type[F]) -> list[Dated[F]]:
        """The facts of one class, in history order."""
        return cast(list[Dated[F]], [dated for dated in self.facts if isinstance(dated.fact, kind)])

    def ever(self, kind: type[F]) -> list[Dated[F]]:
        """The facts of one class dated on whatever day, in history order."""
        return cast(list[Dated[F]], [dated for dated in self.known if isinstance(dated.fact, kind)])

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

    def counts(self, place: Place | None, unit: str) -> bool:
        """Whether what happened at `place` counts for `unit`."""
        return self.units.counts(place, unit)

    def here(self, deeds: Iterable[Deed], unit: str) -> list[Deed]:
        """The deeds of the year up to E that count for `unit`."""
        return [deed for deed in deeds if self.in_year(deed.day) and self.counts(deed.place, unit)]

    # ── entities ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _codes(self) -> dict[str, str]:
        return one_code(self.known)

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
    def foundings(self) -> list[Founding]:
        """Every founding, in history order."""
        return [
            Founding(person, entity.registered, entity.place, cast(Dated[Fact], entity.opened), entity)
            for entity in self.entities.values()
            for person in sorted(entity.founders)
        ]

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
    def enrolments(self) -> list[Deed]:
        """Enrolments in start-up training."""
        return [
            Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated)
            for dated in self.of(TraineeEnrolled)
            if dated.fact.course in self._start_up_courses
        ]  # fmt: skip

    @cached_property
    def completions(self) -> list[Deed]:
        """Start-up trainings completed, passed or not."""
        return [
            Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated)
            for dated in self.of(TraineeCompleted)
            if dated.fact.course in self._start_up_courses
        ]  # fmt: skip

    @cached_property
    def passes(self) -> list[Deed]:
        """Passes in start-up training, in history order: one per person and course (its natural key)."""
        return [deed for deed in self.completions if isinstance(deed.by.fact, TraineeCompleted) and deed.by.fact.passed]

    @cached_property
    def guidances(self) -> list[Deed]:
        """Sessions of guidance."""
        return [Deed(dated.fact.person, dated.occurred, place_of(dated.fact), dated) for dated in self.of(GuidanceGiven)]

    @cached_property
    def helps(self) -> list[Deed]:
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

        return sorted(self.passes + self.guidances + matched + admitted + lent, key=lambda deed: (deed.by.order, deed.person))

    @cached_property
    def first_help(self) -> dict[str, date]:
        """The day of each person's first H."""
        first: dict[str, date] = {}
        for deed in self.helps:
            first.setdefault(deed.person, deed.day)
        return first

    # ── loans and statistics ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def loans(self) -> list[Loan]:
        """Every loan that was applied for."""
        about: dict[str, list[Dated[Fact]]] = defaultdict(list)
        for dated in self.facts:
            if dated.fact.about == "loan":
                about[cast(Any, dated.fact).loan].append(dated)
        return [Loan(dated.fact, tuple(about[dated.fact.loan])) for dated in self.ever(LoanApplied)]

    def statistic(self, series: str, unit: str, *, cumulative: bool = False) -> StatisticPublished | None:
        """The unit's own statistic: the greatest period end P ≤ E, its last value by position; None when there is none.

        A cumulative series must have P in E's year. The day of publication plays no part: the figure of 31 December is published in January
        and still is the one of 31 December.
        """
        own = [
            (dated.fact.period_end, dated.position, dated.fact)
            for dated in self.known
            if isinstance(dated.fact, StatisticPublished) and dated.fact.series == series
            and (dated.fact.park or dated.fact.unit) == unit and dated.fact.period_end <= self.day
        ]  # fmt: skip
        if not own:
            return None
        statistic = max(own, key=lambda each: each[:2])[2]
        return None if cumulative and statistic.period_end < self.new_year else statistic
