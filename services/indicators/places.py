"""Where a fact counts: its unit, the units above it, its park, and the county once, by the units that exist on the day.

A unit's parents follow from its code; what changes over time is which units exist. From the day after a unit's last its facts answer
under its successor and the units above that (earlier figures stay as they were, because an earlier day still finds the earlier units).
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from services.indicators.history import FOREVER, View
from shared.contracts.base import Fact
from shared.contracts.registry import UnitDissolved, UnitListed, UnitMerged, UnitRenamed
from shared.units import UnitKind, lineage, unit_kind


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as known on a day: it exists from `listed` to the day before `ended` (the day it is merged or dissolved is its last)."""

    code: str
    name: str
    kind: UnitKind
    urban_rural_class: str | None
    listed: int
    ended: int = FOREVER
    successor: str | None = None

    @property
    def urban(self) -> bool:
        """城乡分类代码 1xx is urban."""
        return (self.urban_rural_class or "").startswith("1")

    def exists(self, day: int) -> bool:
        """Whether it exists at the end of a day."""
        return self.listed <= day < self.ended


class Piece(NamedTuple):
    """From `start` to the day before `end` the fact counts at these units, the county among them."""

    start: int
    end: int
    codes: tuple[str, ...]


def known_units(view: View) -> Iterable[Unit]:
    """The units that facts in force make: listed, renamed, ended."""
    found = {
        listed.fact.code: Unit(
            listed.fact.code, listed.fact.name, unit_kind(listed.fact.code), listed.fact.urban_rural_class, listed.day
        )
        for listed in view.of(UnitListed)
    }  # fmt: skip
    for change in view.of(UnitRenamed, UnitMerged, UnitDissolved):
        unit = found.get(change.fact.code)
        if unit is not None:  # a change to a unit whose listing was voided waits for a new listing
            found[unit.code] = _changed(unit, change.fact, change.day)
    return found.values()


def _changed(unit: Unit, fact: Fact, day: int) -> Unit:
    match fact:
        case UnitRenamed(name=name):
            return replace(unit, name=name)
        case UnitMerged(into=successor) | UnitDissolved(successor=successor):
            ends = unit.ended == FOREVER and day >= unit.listed  # a unit ends once, and not before it began
            return replace(unit, ended=day + 1, successor=successor) if ends else unit
        case _:
            raise AssertionError(fact)


class UnitTree:
    """All units of a county as known on one day."""

    def __init__(self, county: str, units: Iterable[Unit] = ()) -> None:
        self.county = county
        self.units = {unit.code: unit for unit in units}
        self._pieces: dict[tuple[str | None, str | None], tuple[Piece, ...]] = {}
        self._by_kind: dict[UnitKind, list[Unit]] = {}
        for _, unit in sorted(self.units.items()):
            self._by_kind.setdefault(unit.kind, []).append(unit)

    def __contains__(self, code: str) -> bool:
        return code in self.units

    def existing(self, day: int, kind: UnitKind) -> list[Unit]:
        """The units of a kind that exist at the end of a day, by code."""
        return [unit for unit in self._by_kind.get(kind, ()) if unit.exists(day)]

    def has(self, kind: UnitKind) -> bool:
        """Whether any unit of a kind was ever listed."""
        return kind in self._by_kind

    def exists(self, code: str, day: int) -> bool:
        """Whether a unit of this code exists at the end of a day."""
        unit = self.units.get(code)
        return unit is not None and unit.exists(day)

    def places(self, unit: str | None, park: str | None) -> tuple[Piece, ...]:
        """Where a fact that names this unit and park counts, day by day, for all days. Without either it counts for the county."""
        pieces = self._pieces.get((unit, park))
        if pieces is None:
            pieces = self._pieces[unit, park] = tuple(self._trace(unit, park))
        return pieces

    def _trace(self, unit: str | None, park: str | None) -> Iterator[Piece]:
        named = [code for code in (unit, park) if code is not None]
        days = sorted({0, *self._changes(named)})
        for start, end in zip(days, [*days[1:], FOREVER], strict=True):
            codes = {self.county}
            for code in named:
                self._climb(code, start, codes)
            yield Piece(start, end, tuple(sorted(codes)))

    def _changes(self, named: list[str]) -> Iterator[int]:
        """The days on which one of these units, of the units above them or of their successors ended."""
        seen: set[str] = set()
        waiting = list(named)
        while waiting:
            code = waiting.pop()
            if code in seen:
                continue
            seen.add(code)
            waiting += lineage(code)[1:]
            unit = self.units.get(code)
            if unit is not None and unit.ended != FOREVER:
                yield unit.ended
                if unit.successor is not None:
                    waiting.append(unit.successor)

    def _climb(self, code: str, day: int, codes: set[str]) -> None:
        """Add the unit that answers for `code` on a day and all above it; where none answers, its parent does."""
        current = self._at(code, day)
        if current in codes:
            return  # climbed from already; a township's successor may even lie within it
        if current is not None:
            codes.add(current)
        above = lineage(current or code)
        if len(above) > 1:
            self._climb(above[1], day, codes)

    def _at(self, code: str, day: int) -> str | None:
        """The unit that answers for `code` on a day: itself while it exists, then its successors; None once it has none."""
        unit = self.units.get(code)
        if unit is None or unit.ended > day:
            return code
        seen: set[str] = set()
        while (unit := self.units.get(code)) is not None and unit.ended <= day:
            if unit.successor is None or code in seen:
                return None
            seen.add(code)
            code = unit.successor
        return code

    def answering(self, code: str, day: int, kinds: Container[UnitKind]) -> str | None:
        """The lowest unit of these kinds that answers on a day for what happened at a unit."""
        at = self._at(code, day)
        if at is not None and unit_kind(at) in kinds:
            return at
        codes: set[str] = set()
        self._climb(code, day, codes)
        return max((each for each in codes if unit_kind(each) in kinds), key=lambda each: len(lineage(each)), default=None)

    def urban(self, unit: str | None, park: str | None) -> bool | None:
        """Whether a place is urban by its own class: its community's or village's, or its park's where it names neither.

        None where only a township or the county is known, which have parts of both, or where no class was listed.
        """
        code = unit if unit is not None and unit_kind(unit) in ("community", "village") else park
        known = self.units.get(code) if code is not None else None
        return None if known is None or known.urban_rural_class is None else known.urban
