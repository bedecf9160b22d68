"""Where a fact counts: its unit, the units above it, its park, and the county once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from shared.contracts.base import Fact
from shared.contracts.registry import UnitDissolved, UnitListed, UnitMerged
from shared.units import county_of, lineage, unit_kind
from tests.support.oracle.facts import Dated


@dataclass(frozen=True)
class Place:
    """The unit and the park a fact names; either may be missing."""

    unit: str | None
    park: str | None


def place_of(fact: Fact) -> Place:
    """Where a fact says it counts."""
    return Place(fact.unit, fact.park)


def gone_from(merged_or_dissolved: date) -> date:
    """The first day on which a merged or dissolved unit no longer exists, and its successor answers with its facts: the fact's own day."""
    return merged_or_dissolved


class Units:
    """The roster and its changes at the end of a day."""

    def __init__(self, facts: Iterable[Dated[Fact]], day: date) -> None:
        self.classes: dict[str, str | None] = {}
        """Every unit listed so far with its own class (城乡分类代码)."""
        self.last_day: dict[str, date] = {}
        """The last day of every unit that no longer exists."""
        self._into: dict[str, str] = {}
        for dated in facts:
            match dated.fact:
                case UnitListed(code=code, urban_rural_class=urban_rural_class) if dated.occurred <= day:
                    self.classes[code] = urban_rural_class
                case UnitMerged(code=code, into=into) if gone_from(dated.occurred) <= day:
                    self.last_day.setdefault(code, gone_from(dated.occurred) - timedelta(days=1))
                    self._into.setdefault(code, into)
                case UnitDissolved(code=code) if gone_from(dated.occurred) <= day:
                    self.last_day.setdefault(code, gone_from(dated.occurred) - timedelta(days=1))
                case _:
                    pass

    def listed(self, code: str) -> bool:
        """Whether the unit exists or has existed."""
        return code in self.classes

    def existing(self, unit: str, *kinds: str) -> list[str]:
        """The units of these kinds within `unit` (itself included) that exist: listed, neither merged away nor dissolved."""
        return [
            code for code in sorted(self.classes)
            if unit_kind(code) in kinds and code not in self.last_day and unit in self.answering(code)
        ]  # fmt: skip

    def answering(self, code: str) -> set[str]:
        """The units that answer with what happened at `code`: itself and those above it. Above a merged unit stands its successor."""
        found = {code, county_of(code)}
        while True:
            above = self._into.get(code) or next(iter(lineage(code)[1:]), None)
            if above is None or above in found:
                return found
            found.add(above)
            code = above

    def counts(self, place: Place | None, unit: str) -> bool:
        """Whether a fact at `place` counts for `unit`; a fact that is nowhere (out of the county) counts for none."""
        if place is None:
            return False
        return any(unit in self.answering(code) for code in (place.unit, place.park) if code is not None)

    def urban(self, place: Place) -> bool | None:
        """Whether a place is urban by its own class (城乡分类代码 1xx); None when that cannot be told.

        Its own class is that of its community or village, or of its park where it names neither: a township or a county has parts of both.
        """
        code = place.unit
        if code is None or unit_kind(code) in {"county", "township"}:
            code = place.park
        own = None if code is None else self.classes.get(code)
        return None if own is None else own.startswith("1")
