"""The ledger: every figure is a sum of dated, reversible postings, each stamped with the day it became known.

A measure's *postings* for a subject are the jumps of its step function of the day. The *entries* of a subject are a pure function of
the set of its facts, `entries(H) = Σ_k [postings(H recorded ≤ k) − postings(H recorded < k)]`, so neither the order in which
facts arrive nor how services interleave can change them. One read rule: the figure at (as of D, known at K) is
`Σ amount where day ≤ D and known ≤ K`.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from services.indicators.history import Chain, View, in_force
from services.indicators.measures.kinds import Jumps, Measure, jumps, leading, selections
from services.indicators.measures.rows import Context, Relation, Rows
from services.indicators.places import UnitTree
from shared.contracts.base import Fact

Cell = tuple[str, str, str | None]
"""(measure, unit, part): what amounts are summed for."""
Postings = dict[str, Jumps]
"""measure → (units, part, day) → amount: what a subject posts, as known on some day."""
Entries = dict[tuple[Cell, int, int], int]
"""(cell, day, known day) → amount."""


class Trees:
    """The units as known on each day, latest last."""

    def __init__(self, county: str, chains: Iterable[Chain] = ()) -> None:
        self.county = county
        chains = list(chains)
        self.days = sorted({day for chain in chains for day in chain.known_days()})
        self._trees = [UnitTree(county, View(in_force(chains, day))) for day in self.days]
        self._none = UnitTree(county, View([]))

    def at(self, known: int) -> UnitTree:
        """The units as known at the end of a day."""
        index = bisect_right(self.days, known)
        return self._trees[index - 1] if index else self._none

    def since(self, known: int) -> Sequence[int]:
        """The days after this one on which what is known of the units changed."""
        return self.days[bisect_right(self.days, known) :]


@dataclass(frozen=True, slots=True)
class History:
    """A subject, the codes it was ever known by, and every chain its figures follow from."""

    subject: str
    codes: frozenset[str]
    chains: Sequence[Chain]


Types = frozenset[type[Fact]]


@dataclass(frozen=True, slots=True)
class Affected:
    """The measures that facts of some types may change, and every type of fact that those measures follow from."""

    measures: tuple[Measure, ...]
    leads: tuple[tuple[tuple[str, ...], tuple[Measure, ...]], ...]
    """The measures by the relations without a row of which they post nothing."""
    reads: Types


class Folding:
    """The measures of one kind of subject, and the relations they read."""

    def __init__(self, measures: tuple[Measure, ...], relations: Mapping[str, Relation]) -> None:
        self.measures = measures
        self.relations = relations
        self._reads = {measure.name: _reads(measure, relations) for measure in measures}
        self._requires = {measure.name: _requires(measure, relations) for measure in measures}
        self._leading = {measure.name: tuple(select.relation for select in leading(measure)) for measure in measures}
        self._affected: dict[tuple[Types, Types], Affected] = {}
        self.all = self._of(measures)

    def only(self, names: AbstractSet[str]) -> "Folding":
        """The same for some of the measures."""
        return Folding(tuple(measure for measure in self.measures if measure.name in names), self.relations)

    def affected(self, types: Types, present: Types) -> Affected:
        """What facts of these types may change for a subject that facts of the `present` types name."""
        found = self._affected.get((types, present))
        if found is None:
            measures = tuple(
                measure
                for measure in self.measures
                if not types.isdisjoint(self._reads[measure.name]) and not present.isdisjoint(self._requires[measure.name])
            )
            found = self._affected[types, present] = self._of(measures)
        return found

    def _of(self, measures: tuple[Measure, ...]) -> Affected:
        leads: dict[tuple[str, ...], list[Measure]] = {}
        for measure in measures:
            leads.setdefault(self._leading[measure.name], []).append(measure)
        reads = frozenset(type_ for measure in measures for type_ in self._reads[measure.name])
        return Affected(measures, tuple((relations, tuple(led)) for relations, led in leads.items()), reads)

    def postings(self, history: History, trees: Trees, known: int, affected: Affected) -> Postings:
        """What a subject posts under the affected measures, as known on a day; measures that post nothing are left out."""
        context = Context(history.subject.partition(":")[2], history.codes, View(in_force(history.chains, known)), trees.at(known))
        found: Postings = {}
        if not context.view.facts:
            return found
        rows = Rows(context, self.relations)
        for relations, measures in affected.leads:
            if any(rows.all(relation) for relation in relations):
                for measure in measures:
                    posted = jumps(measure, rows)
                    if posted:
                        found[measure.name] = posted
        return found

    def entries(self, history: History, trees: Trees) -> Entries:
        """All entries of a subject: the difference each known day made, over all days on which its facts or the units changed."""
        days = {day for chain in history.chains for day in chain.known_days()}
        first = min(days, default=0)
        days.update(day for day in trees.days if day > first)
        found: Entries = {}
        before: Postings = {}
        for known in sorted(days):
            after = self.postings(history, trees, known, self.all)
            add_difference(found, after, before, known)
            before = after
        return found


def _reads(measure: Measure, relations: Mapping[str, Relation]) -> frozenset[type[Fact]]:
    return frozenset(type_ for select in selections(measure) for type_ in relations[select.relation].reads)


def _requires(measure: Measure, relations: Mapping[str, Relation]) -> Types:
    return frozenset(type_ for select in leading(measure) for type_ in relations[select.relation].requires)


_NOTHING: Jumps = {}


def add_difference(entries: Entries, after: Postings, before: Postings, known: int) -> None:
    """Add `after − before`, stamped with a known day."""
    for name in after.keys() | before.keys():
        new, old = after.get(name, _NOTHING), before.get(name, _NOTHING)
        if new == old:
            continue
        for key, amount in new.items():
            if difference := amount - old.get(key, 0):
                _spread(entries, name, key, known, difference)
        for key, amount in old.items():
            if key not in new:
                _spread(entries, name, key, known, -amount)


def _spread(entries: Entries, measure: str, key: tuple[tuple[str, ...], str | None, int], known: int, amount: int) -> None:
    units, part, day = key
    for unit in units:
        _add(entries, ((measure, unit, part), day, known), amount)


def _add(entries: Entries, key: tuple[Cell, int, int], amount: int) -> None:
    total = entries.get(key, 0) + amount
    if total:
        entries[key] = total
    else:
        entries.pop(key, None)


def add_entries(entries: Entries, more: Entries, sign: int = 1) -> None:
    """Add (or, with sign −1, take back) entries."""
    for key, amount in more.items():
        _add(entries, key, sign * amount)


_FEW = 24
"""Up to so many entries a loop beats setting up vectors."""


class _Account:
    """The entries of one cell, in the order they came, as plain machine numbers."""

    __slots__ = ("_days", "_summed", "_sums", "amounts", "days", "known_max", "knowns")

    def __init__(self) -> None:
        self.days = array("i")
        self.knowns = array("i")
        self.amounts = array("q")
        self.known_max = 0
        self._summed = 0
        self._days: list[int] = []
        self._sums: list[int] = []

    def add(self, day: int, known: int, amount: int) -> None:
        self.days.append(day)
        self.knowns.append(known)
        self.amounts.append(amount)
        self.known_max = max(self.known_max, known)

    def amount(self, day: int, known: int) -> int:
        """`Σ amount where day ≤ D and known ≤ K`."""
        if len(self.days) <= _FEW:
            entries = zip(self.days, self.knowns, self.amounts, strict=True)
            return sum(amount for on, seen, amount in entries if on <= day and seen <= known)
        if known >= self.known_max:
            return self._latest(day)
        # Views, gone when this returns: an array that is looked at cannot grow.
        days, knowns = np.frombuffer(self.days, dtype=np.int32), np.frombuffer(self.knowns, dtype=np.int32)
        return int(np.frombuffer(self.amounts, dtype=np.int64)[(days <= day) & (knowns <= known)].sum())

    def _latest(self, day: int) -> int:
        """At latest knowledge: a prefix sum by day, made anew when entries came since it was made."""
        if self._summed != len(self.days):
            days, places = np.unique(np.frombuffer(self.days, dtype=np.int32), return_inverse=True)
            sums = np.zeros(len(days), dtype=np.int64)
            np.add.at(sums, places, np.frombuffer(self.amounts, dtype=np.int64))
            self._days, self._sums, self._summed = days.tolist(), np.cumsum(sums).tolist(), len(self.days)
        index = bisect_right(self._days, day)
        return self._sums[index - 1] if index else 0


class Balances:
    """All entries in memory, summed by the one read rule."""

    def __init__(self) -> None:
        self._accounts: dict[Cell, _Account] = {}
        self._parts: dict[tuple[str, str], list[str]] = {}
        self.size = 0

    def add(self, cell: Cell, day: int, known: int, amount: int) -> None:
        """Take in one entry."""
        account = self._accounts.get(cell)
        if account is None:
            account = self._accounts[cell] = _Account()
            if cell[2] is not None:
                self._parts.setdefault(cell[:2], []).append(cell[2])
        account.add(day, known, amount)
        self.size += 1

    def add_all(self, entries: Entries) -> None:
        """Take in entries."""
        for (cell, day, known), amount in entries.items():
            self.add(cell, day, known, amount)

    def drop(self, measures: Iterable[str]) -> None:
        """Forget all entries of some measures."""
        gone = set(measures)
        for cell in [cell for cell in self._accounts if cell[0] in gone]:
            self.size -= len(self._accounts.pop(cell).days)
        for key in [key for key in self._parts if key[0] in gone]:
            del self._parts[key]

    def amount(self, measure: str, unit: str, part: str | None, day: int, known: int) -> int:
        """`Σ amount where day ≤ D and known ≤ K` of one cell."""
        account = self._accounts.get((measure, unit, part))
        return 0 if account is None else account.amount(day, known)

    def parts(self, measure: str, unit: str) -> list[str]:
        """Every part that was ever posted for a measure at a unit, in order."""
        return sorted(self._parts.get((measure, unit), ()))

    def whole(self, measure: str, unit: str, day: int, known: int) -> int:
        """The sum over all parts and what has none."""
        return self.amount(measure, unit, None, day, known) + sum(
            self.amount(measure, unit, part, day, known) for part in self._parts.get((measure, unit), ())
        )

    def __iter__(self) -> Iterator[tuple[Cell, int, int, int]]:
        """Every entry as (cell, day, known day, amount)."""
        for cell, account in self._accounts.items():
            for day, known, amount in zip(account.days, account.knowns, account.amounts, strict=True):
                yield cell, day, known, amount
