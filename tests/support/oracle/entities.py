"""The life of an enterprise or individual business, from its own facts: where it is, whether it operates, who works there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

from shared.contracts.base import Fact
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    StaffReported,
    SurvivalChecked,
)  # fmt: skip
from shared.days import add_months
from tests.support.oracle.facts import Dated
from tests.support.oracle.once import once
from tests.support.oracle.units import Place, place_of


@dataclass(frozen=True)
class Life:
    """An entity at the end of a day. `place` is None while it is out of the county."""

    status: Literal["operating", "suspended", "closed"]
    place: Place | None

    @property
    def operating(self) -> bool:
        """Whether it operates in the county."""
        return self.status == "operating" and self.place is not None


@dataclass(frozen=True)
class Entity:
    """One entity with all facts about it, under whichever code, in history order."""

    opened: Dated[EntityRegistered]
    facts: tuple[Dated[Fact], ...]

    @property
    def registered(self) -> date:
        """Its day of registration."""
        return self.opened.occurred

    @property
    def kind(self) -> str:
        """`enterprise` or `individual_business`."""
        return self.opened.fact.entity_kind

    @property
    def place(self) -> Place:
        """Where it was registered."""
        return place_of(self.opened.fact)

    @cached_property
    def founders(self) -> frozenset[str]:
        """The persons who founded it."""
        return frozenset(founder.person for founder in self.opened.fact.founders)

    @once
    def life(self, day: date) -> Life | None:
        """Its state at the end of a day; None before its registration. Facts dated before the registration are ignored.

        Life-cycle facts apply in history order. A closed entity stays closed until it is restored: to suspend it does not reopen it.
        """
        if day < self.registered:
            return None
        status: Literal["operating", "suspended", "closed"] = "operating"
        place: Place | None = self.place
        for dated in self.facts:
            if not self.registered <= dated.occurred <= day:
                continue
            match dated.fact:
                case EntitySuspended():
                    status = "closed" if status == "closed" else "suspended"
                case EntityLicenceRevoked() | EntityDeregistered():
                    status = "closed"
                case EntityRestored():
                    status = "operating"
                case EntityMoved(out_of_county=True):
                    place = None
                case EntityMoved() as moved:
                    place = place_of(moved)
                case _:
                    pass
        return Life(status, place)

    def lives(self) -> list[Life]:
        """Its states at the end of every day on which they may have changed."""
        return [life for day in self.days_of_change if (life := self.life(day)) is not None]

    def operates(self, day: date) -> bool:
        """Whether it operates in the county at the end of a day."""
        life = self.life(day)
        return life is not None and life.operating

    def closed(self, day: date) -> bool:
        """Whether it is deregistered or its licence revoked at the end of a day; a suspended entity is not closed."""
        life = self.life(day)
        return life is not None and life.status == "closed"

    def out_of_county(self, day: date) -> bool:
        """Whether it has moved out of the county, at the end of a day."""
        life = self.life(day)
        return life is not None and life.place is None

    def has_individual_employment(self) -> bool:
        """Whether any fact names who works there: an employment, or a staff report with persons (even with none of them)."""
        return any(
            isinstance(dated.fact, EmploymentStarted | EmploymentEnded)
            or (isinstance(dated.fact, StaffReported) and dated.fact.persons is not None)
            for dated in self.facts
        )

    @once
    def employed(self, day: date) -> frozenset[str]:
        """Who has an open employment there at the end of a day, founders excluded; nobody before the registration.

        A staff report with persons opens the employments of those it lists and ends those of the others; from the first employment fact
        of a person at this entity on, staff reports say nothing of that person. An employment begun before the registration counts from
        that day.
        """
        if day < self.registered:
            return frozenset()
        spoken_of: dict[str, date] = {}
        for dated in self.facts:
            if isinstance(dated.fact, EmploymentStarted | EmploymentEnded):
                spoken_of.setdefault(dated.fact.person, dated.occurred)
        working: set[str] = set()
        for dated in self.facts:
            if dated.occurred > day:
                continue
            match dated.fact:
                case EmploymentStarted(person=person):
                    working.add(person)
                case EmploymentEnded(person=person):
                    working.discard(person)
                case StaffReported(persons=tuple(persons)):
                    explicit = {person for person, since in spoken_of.items() if since <= dated.occurred}
                    working = (working & explicit) | (set(persons) - explicit)
                case _:
                    pass
        return frozenset(working - self.founders)

    @cached_property
    def head_counts(self) -> list[int]:
        """The numbers of its staff reports since registration, in history order, when nothing says who they are; else none at all."""
        if self.has_individual_employment():
            return []
        reports = [dated for dated in self.facts if dated.occurred >= self.registered]
        return [dated.fact.employees for dated in reports if isinstance(dated.fact, StaffReported)]

    @cached_property
    def greatest_head_count(self) -> tuple[int, Place] | None:
        """The first greatest of the same numbers, of at least 1, that it reported while in the county, and where it was at the end of
        that day.
        """
        reported = [
            (dated.fact.employees, life.place)
            for dated in self.facts
            if isinstance(dated.fact, StaffReported) and dated.fact.employees
            and (life := self.life(dated.occurred)) is not None and life.place is not None
        ]  # fmt: skip
        return None if self.has_individual_employment() else max(reported, key=lambda each: each[0], default=None)

    def said_operating(self, due: date) -> bool | None:
        """What the latest survival check or staff report in the 6 months up to a day says; None when there is none.

        A staff report with at least one employee says operating. One with none says nothing, since founders are not counted in it.
        It speaks for 6 months: from its day to the day before the same day 6 months later.
        """
        said: bool | None = None
        for dated in self.facts:
            if self.registered <= dated.occurred <= due < add_months(dated.occurred, 6):
                match dated.fact:
                    case SurvivalChecked(operating=operating):
                        said = operating
                    case StaffReported(employees=employees) if employees > 0:
                        said = True
                    case _:
                        pass
        return said

    @cached_property
    def days_of_change(self) -> list[date]:
        """The registration day and every later day with a fact: between two of them nothing about the entity changes."""
        return sorted({self.registered} | {dated.occurred for dated in self.facts if dated.occurred > self.registered})


def one_code(known: Iterable[Dated[Fact]]) -> dict[str, str]:
    """Code → the code that stands for the entity: codes replaced by one another are one entity, from any day."""
    groups: dict[str, set[str]] = {}
    for dated in known:
        if isinstance(dated.fact, EntityCodeReplaced):
            old, new = dated.fact.entity, dated.fact.new_code
            together = groups.get(old, {old}) | groups.get(new, {new})
            for code in together:
                groups[code] = together
    return {code: min(together) for code, together in groups.items()}


def the_day_before(day: date) -> date:
    """Yesterday, seen from `day`."""
    return day - timedelta(days=1)
