"""Whether a version of measures agrees with the second engine: every part of every measure at every unit, at many (as of, known at) pairs.

Both are given the same moment of the store: the facts up to its checkpoint, and the entries derived from them.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from services.indicators.ledger import Cell
from services.indicators.store import LedgerRows
from services.indicators.versions import Difference

if TYPE_CHECKING:
    import pyarrow as pa

    from services.indicators.audit.relational.catalogue import Catalogue

KNOWN_DAYS = 10
"""On so many known days the engines are compared, or on all there are."""
PAIRS_PER_KNOWN_DAY = 2
_EDGES = ((1, 1), (3, 15), (3, 16), (12, 31))
"""Where windows and deadlines begin and end, as (month, day)."""

Pair = tuple[date, date]
"""(as of, known at)."""
Amounts = Mapping[tuple[str, str], Mapping[str | None, int]]
"""(measure, unit) → part → amount, where it is not 0."""


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


def pairs(days: AbstractSet[date], seed: int, known_days: int | None = None, occurred: AbstractSet[date] = frozenset()) -> list[Pair]:
    """Where to compare a history whose records became known on these days: on the last of them, at edges of the years in which there are
    any, and wherever the seed falls. Two pairs on each of so many known days, `KNOWN_DAYS` unless said; where there are fewer days, more on
    each of them, as of days on and around which facts `occurred` and the ends of months, until there are as many pairs.
    """
    if not days:
        return []
    known_days = known_days or KNOWN_DAYS
    by = random.Random(seed)  # noqa: S311 - a choice of days, to be repeated
    first, last = min(days), max(days)
    edges = {date(year, month, at) for year in {day.year for day in days} for month, at in _EDGES}
    within = sorted(day for day in edges if first <= day < last)
    chosen = {last, *by.sample(within, min(len(within), known_days // 2))}
    others = sorted(days - chosen)
    chosen |= set(by.sample(others, min(len(others), known_days - len(chosen))))
    found = []
    for known in sorted(chosen):
        earlier = [day for year in (known.year - 1, known.year) for month, at in _EDGES if (day := date(year, month, at)) < known]
        found += [(day, known) for day in sorted({known, *by.sample(earlier, PAIRS_PER_KNOWN_DAY - 1)})]
    wanted = known_days * PAIRS_PER_KNOWN_DAY
    if len(found) < wanted:
        around = {day + timedelta(days=shift) for day in days | occurred for shift in (-1, 0, 1)}
        more = [(day, known) for known in sorted(chosen) for day in sorted(around | set(_month_ends(known))) if day < known]
        others_left = sorted(set(more) - set(found))
        found += by.sample(others_left, min(len(others_left), wanted - len(found)))
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def _month_ends(known: date) -> Iterable[date]:
    """The last days of the months of two years, the latest before a day."""
    ends = []
    for _ in range(24):
        known = known.replace(day=1) - timedelta(days=1)
        ends.append(known)
    return ends


@dataclass(slots=True)
class Agreement:
    """A comparison under way; `run` it in a thread of its own. `compared` counts the pairs done, `stopped` ends it between two of them."""

    county: str
    pairs: Sequence[Pair]
    compared: int = 0
    stopped: bool = False

    def run(self, facts: "Iterable[pa.RecordBatch]", built: LedgerRows, program: "Catalogue", measures: Sequence[str]) -> Difference | None:
        """The first difference, in the order of the pairs; None when there is none. Raises Stopped, and duckdb's errors."""
        import duckdb  # noqa: PLC0415 - DuckDB, Arrow and Ibis take 100 MB: only where something is compared

        from services.indicators.audit.duck import take_in  # noqa: PLC0415
        from services.indicators.audit.recompute import Recomputed  # noqa: PLC0415

        if not self.pairs:
            return None
        amounts = Entries(built)
        some = program.of(measures)
        with duckdb.connect(config={"threads": 1}) as connection:  # and one query at a time: the service goes on beside it
            take_in(connection, facts)
            for known_at, asked in groupby(self.pairs, key=itemgetter(1)):
                days = [as_of for as_of, _ in asked]
                self._go_on()
                recomputed = Recomputed(connection, some, self.county, known_at, queries=1)
                recomputed.compute(days)
                for as_of in days:
                    self._go_on()
                    found = difference(amounts.at(as_of, known_at), recomputed.all_at(as_of), as_of, known_at)
                    if found is not None:
                        return found
                    self.compared += 1
                recomputed.close()
        return None

    def _go_on(self) -> None:
        if self.stopped:
            raise Stopped


class Entries:
    """What the ledger's entries come to."""

    def __init__(self, built: LedgerRows) -> None:
        rows = built.rows
        self._day, self._known = rows["day"].astype(np.int64), rows["known"].astype(np.int64)
        self._amount = rows["amount"].astype(np.int64)
        self._cells: list[Cell] = list(built.cells.values())
        numbers = np.fromiter(built.cells, np.int64, len(built.cells))
        order = np.argsort(numbers)
        self._cell = order[np.searchsorted(numbers, rows["cell"].astype(np.int64), sorter=order)]

    def at(self, as_of: date, known_at: date) -> Amounts:
        """`Σ amount where day ≤ D and known ≤ K` of every cell that comes to anything."""
        counts = (self._day <= as_of.toordinal()) & (self._known <= known_at.toordinal())
        sums = np.zeros(len(self._cells), dtype=np.int64)
        np.add.at(sums, self._cell[counts], self._amount[counts])
        found: dict[tuple[str, str], dict[str | None, int]] = {}
        for at in np.flatnonzero(sums).tolist():
            measure, unit, part = self._cells[at]
            parts = found.setdefault((measure, unit), {})
            parts[part] = parts.get(part, 0) + int(sums[at])
        return found


def difference(built: Amounts, recomputed: Amounts, as_of: date, known_at: date) -> Difference | None:
    """The first measure, unit and part of which the two say something else; None when there is none."""
    for measure, unit in sorted(built.keys() | recomputed.keys()):
        ours, theirs = built.get((measure, unit), {}), recomputed.get((measure, unit), {})
        for part in sorted(ours.keys() | theirs.keys(), key=str):
            if ours.get(part, 0) != theirs.get(part, 0):
                return Difference(
                    measure, unit, part, as_of.isoformat(), known_at.isoformat(), built=ours.get(part, 0), recomputed=theirs.get(part, 0)
                )
    return None
