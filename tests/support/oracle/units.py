"""Where a fact counts: its unit, the units above it, its park, and the county once."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from shared.contracts.base import Fact
from shared.contracts.registry import UnitDissolved, UnitListed, UnitMerged
from shared.units import county_of, lineage, unit_kind
from tests.support.oracle.facts import Known
from tests.support.oracle.once import once


@dataclass(frozen=True)
class Place:
    """The unit and the park a fact names; either may be missing."""

    unit: str | None
    park: str | None


def place_of(fact: Fact) -> Place:
    """Where a fact says it counts."""
    return Place(fact.unit, fact.park)


class Units:
    """The roster and its changes at the end of a day.

    The day on which a unit is merged or dissolved is its last; the next day its successor, where it has one, answers with its facts. A
    unit ends once, and not before it is listed; who was never listed (or whose listing is voided) does not end either.
    """

    def __init__(self, known: Known, day: date) -> None:
        self._day = day
        self._since = {dated.fact.code: dated.occurred for dated in known.of(UnitListed)}
        self.classes = {dated.fact.code: dated.fact.urban_rural_class for dated in known.of(UnitListed)}
        """Every unit on the roster, from whatever day, with its own class (城乡分类代码)."""
        self.last_day: dict[str, date] = {}
        """The last day of every unit that no longer exists."""
        self._into: dict[str, str] = {}
        for dated in known.of(UnitMerged, UnitDissolved):
            match dated.fact:
                case UnitMerged(code=code, into=successor) | UnitDissolved(code=code, successor=successor):
                    self._end(code, dated.occurred, successor)
                case _:
                    pass

    def _end(self, code: str, last_day: date, successor: str | None) -> None:
        if code in self._since and self._since[code] <= last_day < self._day and code not in self.last_day:
            self.last_day[code] = last_day
            if successor is not None:
                self._into[code] = successor

    def listed(self, code: str) -> bool:
        """Whether the unit exists or has existed."""
        return code in self._since and self._since[code] <= self._day

    def listed_by(self, code: str, day: date) -> bool:
        """Whether the unit was listed on an earlier day already."""
        return self._since[code] <= day

    @property
    def county(self) -> str:
        """The county's own code."""
        return county_of(next(iter(self.classes)))

    def existing(self, unit: str, *kinds: str) -> list[str]:
        """The units of these kinds within `unit` (itself included) that exist: listed, neither merged away nor dissolved."""
        return [code for code in self._existing.get(unit, []) if unit_kind(code) in kinds]

    @cached_property
    def _existing(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for code in sorted(self.classes):
            if self.listed(code) and code not in self.last_day:
                for unit in self.answering(code):
                    found[unit].append(code)
        return found

    @once
    def answering(self, code: str) -> frozenset[str]:
        """The units that answer with what happened at `code`: itself, or once it ended its successor, and those above that.

        Where nobody succeeds (a unit dissolved for good, mergers that go round in a circle) the unit above answers.
        """
        found = {county_of(code)}
        current: str | None = code
        while current is not None:
            present = self._present(current)
            if present in found:
                break
            if present is not None:
                found.add(present)
            current = next(iter(lineage(present or current)[1:]), None)
        return frozenset(found)

    def lowest_answering(self, place: Place) -> str:
        """The one of them that the others are above, for the unit of a place, or its park where it names no unit."""
        code = place.unit or place.park
        assert code is not None
        return max(self.answering(code), key=lambda answering: len(lineage(answering)))

    def _present(self, code: str) -> str | None:
        """The unit itself while it exists, then the last of its successors; None when there is none."""
        passed: set[str] = set()
        while code in self.last_day:
            if code in passed or code not in self._into:
                return None
            passed.add(code)
            code = self._into[code]
        return code

    @once
    def where(self, place: Place | None) -> frozenset[str]:
        """The units for which a fact at `place` counts; a fact that is nowhere (out of the county) counts for none."""
        if place is None:
            return frozenset()
        return frozenset().union(*(self.answering(code) for code in (place.unit, place.park) if code is not None))

    def urban(self, place: Place) -> bool | None:
        """Whether a place is urban by its own class (城乡分类代码 1xx); None when that cannot be told.

        Its own class is that of its community or village, or of its park where it names neither: a township or a county has parts of both.
        """
        code = place.unit
        if code is None or unit_kind(code) in {"county", "township"}:
            code = place.park
        own = None if code is None else self.classes.get(code)
        return None if own is None else own.startswith("1")
