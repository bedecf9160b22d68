"""Told stories: facts as they come in, and what each figure was said to be, then and now."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from deploy.worked_examples.example import parse
from services.indicators.live import Live
from shared.contracts.base import Fact
from shared.contracts.registry import EntityRegistered, Founder, StaffReported
from shared.contracts.registry.entities import EntityKind
from shared.contracts.training import GuidanceGiven
from tests.indicators.comparing import Answered, Asked, differences, live, numbers_in, oracle_of, plan_of, rows_read
from tests.support.oracle import Oracle
from tests.support.records import COUNTY, VILLAGE, Records, Told, entity, person

YEAR = 2025
DUE = date(YEAR, 3, 15)
"""The day by which plans are owed."""


@dataclass
class Story:
    """What has been recorded, in the small county of `tests.support.records`; a story tells what happens, in the order of known days."""

    records: Records

    def founds(
        self, on: str, number: int, *founders: int, unit: str = VILLAGE, kind: EntityKind = "enterprise", known: str | None = None,
    ) -> Told:  # fmt: skip
        """Persons found an entity."""
        return self.records.add(on, registration(number, *founders, unit=unit, kind=kind), known=known)

    def guides(self, on: str, who: int, *, unit: str = VILLAGE, known: str | None = None) -> Told:
        """A person is given guidance."""
        return self.records.add(on, GuidanceGiven(person=person(who), guidance_kind="policy", unit=unit), known=known)

    def head_count(self, on: str, number: int, employees: int) -> Told:
        """An entity reports how many it employs."""
        return self.records.add(on, StaffReported(entity=entity(number), employees=employees))

    def happens(self, on: str, fact: Fact, *, known: str | None = None) -> Told:
        """Anything else."""
        return self.records.add(on, fact, known=known)

    async def ends(self) -> "Ended":
        """Everything has been told: now it is asked."""
        plan = plan_of(YEAR, DUE)
        return Ended(self.records, await live(plan, [list(self.records)]), oracle_of(plan, self.records.json))


def story() -> Story:
    """An empty county."""
    return Story(Records())


def registration(number: int, *founders: int, unit: str = VILLAGE, kind: EntityKind = "enterprise") -> EntityRegistered:
    """The registration of an entity by its founders."""
    who = tuple(Founder(person=person(each)) for each in founders)
    return EntityRegistered(entity=entity(number), name="甲", entity_kind=kind, founders=who, industry="C20", unit=unit)


@dataclass
class Ended:
    """A story that can be asked. The live fold answers; every row it answers is the oracle's too, and what it says of a known day is
    what was said on that day, when nothing later had been recorded.
    """

    records: Records
    service: Live
    oracle: Oracle

    async def says(
        self, indicator: str, variant: str = "default", *, as_of: str, known_at: str, unit: str = COUNTY, part: str | None = None
    ) -> str:
        """One figure, written as in `deploy.worked_examples.example.parse`: "2", "2/3", "2/?", ""."""
        asked = Asked(unit, date.fromisoformat(as_of), date.fromisoformat(known_at))
        assert differences(self.service.snapshot(), self.oracle, asked, by_board=True) == []
        rows = rows_read(self.service.snapshot(), asked)
        assert rows == await self._said_then(asked)
        assert rows is not None
        return written(*numbers_in(rows[indicator, variant, part]))

    async def _said_then(self, asked: Asked) -> Answered | None:
        by_then = [record for record in self.records if record.known_day <= asked.known_at]
        return rows_read((await live(plan_of(YEAR, DUE), [by_then])).snapshot(), asked)


def written(numerator: object, denominator: object, value: object) -> str:
    """A figure in one word, from which `parse` finds the same numbers again."""
    if numerator is None:
        return ""
    text = str(numerator)
    if denominator is not None:
        text += f"/{denominator}"
    elif value is None:
        text += "/?"
    numbers = tuple(None if each is None else Fraction(str(each)) for each in (numerator, denominator, value))
    assert parse(text) == numbers
    return text
