"""The units as known on a day, and who answers for whom at the end of one: where what happened at a place counts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import ibis
from ibis import _
from ibis.expr.types import BooleanColumn, StringColumn, Table

from services.indicators.audit.relational.facts import ORDER, Facts
from services.indicators.audit.relational.shape import days_later, first_of
from shared.contracts.registry import UnitDissolved, UnitListed, UnitMerged, UnitRenamed
from shared.units import lineage


def kind_of(code: StringColumn) -> StringColumn:
    """What kind of unit a code names."""
    township, village = code.substr(6, 3), code.substr(9, 3)
    below = ibis.cases((village == "000", "township"), (village <= "199", "community"), else_="village")
    return ibis.cases((township == "000", "county"), ((village == "000") & township.between("400", "599"), "park"), else_=below)


def units(facts: Facts) -> Table:
    """Every unit ever listed: `code`, `name`, `kind`, `urban_rural_class`, the day it was `listed`, the first day it is gone (`ended`,
    null while it exists) and its `successor`. A unit ends once, and not before it began.
    """
    listed = facts.of(UnitListed).select("code", "name", "urban_rural_class", listed=_.day)
    ends = ibis.union(
        facts.of(UnitMerged).select("code", *ORDER, successor=_.into),
        facts.of(UnitDissolved).select("code", *ORDER, "successor"),
    )
    ends = first_of(ends.join(listed, "code").filter(_.day >= _.listed), ["code"], ORDER).select("code", "successor", last=_.day)
    renamed = first_of(facts.of(UnitRenamed), ["code"], [ibis.desc(name) for name in ORDER]).select("code", new_name=_.name)
    known = listed.left_join(ends, "code").drop("code_right").left_join(renamed, "code").drop("code_right")
    return known.select(
        "code", name=ibis.coalesce(_.new_name, _.name), kind=kind_of(_.code), urban_rural_class=_.urban_rural_class, listed=_.listed,
        ended=days_later(_.last, 1), successor=_.successor,
    )  # fmt: skip


def with_urban(facts: Facts, rows: Table) -> Table:
    """Rows with `urban`: whether their place is urban by its own class, that of its community or village, or of its park where it names
    neither; null where only a township or the county is known, or no class was listed.
    """
    classes = facts.shared(units).select(code="code", urban_rural_class="urban_rural_class")
    named = kind_of(rows.unit).isin(("community", "village"))
    placed = rows.mutate(placed_at=ibis.ifelse(rows.unit.notnull() & named, rows.unit, rows.park))
    found = placed.left_join(classes, placed.placed_at == classes.code)
    urban: BooleanColumn = found.urban_rural_class.startswith("1")
    return found.mutate(urban=urban).drop("placed_at", "code", "urban_rural_class")


@dataclass(frozen=True, slots=True)
class ListedUnit:
    """A unit as known on a day."""

    code: str
    name: str
    kind: str
    urban_rural_class: str | None
    listed: date
    ended: date | None
    successor: str | None


class Roster:
    """Who answers for whom, by the units as known on a day."""

    def __init__(self, county: str, listed: Iterable[ListedUnit]) -> None:
        self.county = county
        self.units: Mapping[str, ListedUnit] = {unit.code: unit for unit in listed}

    def gone(self, code: str, day: date) -> bool:
        """Whether a unit has ended by the end of a day."""
        unit = self.units.get(code)
        return unit is not None and unit.ended is not None and unit.ended <= day

    def answers(self, code: str, day: date) -> str | None:
        """The unit that answers on a day for what happened at a unit: itself, or the last of its successors; None when all are gone."""
        passed: list[str] = []
        while self.gone(code, day):
            passed.append(code)
            following = self.units[code].successor
            if following is None or following in passed:
                return None
            code = following
        return code

    def counts_at(self, unit: str | None, park: str | None, day: date) -> frozenset[str]:
        """Every unit at which what happened at a unit and park counts at the end of a day, the county among them."""
        return frozenset((self.county, *self._above(unit, day), *self._above(park, day)))

    def _above(self, code: str | None, day: date) -> Iterator[str]:
        climbed: set[str] = set()
        while code is not None:
            at = self.answers(code, day)
            if at in climbed:
                return
            if at is not None:
                climbed.add(at)
                yield at
            above = lineage(at or code)
            code = above[1] if len(above) > 1 else None
