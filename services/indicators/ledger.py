"""The ledger: every figure is a sum of dated, reversible postings, each stamped with the day it became known.

A measure's *postings* for a subject are the jumps of its step function of the day. The *entries* of a subject are a pure function of
the set of its facts, `entries(H) = Σ_k [postings(H recorded ≤ k) − postings(H recorded < k)]`, so neither the order in which
facts arrive nor how services interleave can change them. One read rule: the figure at (as of D, known at K) is
`Σ amount where day ≤ D and known ≤ K`.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from services.indicators.history import Chain, View, in_force
from services.indicators.measures.kinds import Derivation, Jumps, Measure, derivation, leading, selections
from services.indicators.measures.rows import Relation, Rows, SubjectKind
from services.indicators.places import UnitTree, known_units
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
        self._trees = [UnitTree(county, known_units(View(in_force(chains, day)))) for day in self.days]
        self._none = UnitTree(county)

    def at(self, known: int) -> UnitTree:
        """The units as known at the end of a day."""
        index = bisect_right(self.days, known)
        return self._trees[index - 1] if index else self._none

    def since(self, known: int) -> Sequence[int]:
        """The days after this one on which what is known of the units changed."""
        return self.days[bisect_right(self.days, known) :]


@dataclass(frozen=True, slots=True)
class History:
    """A subject, the codes it was ever known by, every chain its figures follow from, and the entities whose founding with help they
    follow from.
    """

    subject: str
    codes: frozenset[str]
    chains: Sequence[Chain]
    entities: Iterable[str] = ()


Types = frozenset[type[Fact]]
Seen = dict[int, int]
"""Service → up to which of its positions."""


def new_days(chains: Iterable[Chain], seen: Seen) -> set[int]:
    """The known days of what lies beyond these positions."""
    found: set[int] = set()
    for chain in chains:
        before = seen[chain.service]
        if chain.position > before:
            found.add(chain.known)
        found.update(amendment.known for amendment in chain.amendments if amendment.position > before)
    return found


def as_of(chains: Iterable[Chain], seen: Seen) -> list[Chain]:
    """Chains without what lies beyond these positions."""
    found = []
    for chain in chains:
        before = seen[chain.service]
        if chain.position > before:
            continue
        kept = [amendment for amendment in chain.amendments if amendment.position <= before]
        found.append(chain if len(kept) == len(chain.amendments) else replace(chain, amendments=kept))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Measures that follow from the same types of fact, and without a row of the same relations post nothing."""

    derivations: tuple[tuple[str, Derivation], ...]
    """Of each measure, by name."""
    leading: tuple[str, ...]
    reads: Types

    @property
    def names(self) -> Iterator[str]:
        """The names of the measures."""
        return (name for name, _ in self.derivations)

    def postings(self, rows: Rows) -> Postings:
        """What a subject posts under these measures; those that post nothing are left out."""
        found: Postings = {}
        for relation in self.leading:
            if rows.all(relation):
                break
        else:
            return found
        for name, derive in self.derivations:
            posted = derive(rows)
            if posted:
                found[name] = posted
        return found


@dataclass(frozen=True, slots=True)
class Affected:
    """The measures that facts of some types may change, and every type of fact that those measures follow from."""

    groups: tuple[Group, ...]
    reads: Types


class Folding:
    """The measures of one kind of subject, and the relations they read."""

    def __init__(self, measures: tuple[Measure, ...], relations: Mapping[str, Relation]) -> None:
        self.measures = measures
        self.relations = relations
        self._derivations = {measure.name: derivation(measure, relations) for measure in measures}
        self._reads = {measure.name: _reads(measure, relations) for measure in measures}
        self._requires = {measure.name: _requires(measure, relations) for measure in measures}
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
        alike: dict[tuple[tuple[str, ...], Types], list[str]] = {}
        for measure in measures:
            led_by = tuple(select.relation for select in leading(measure))
            alike.setdefault((led_by, self._reads[measure.name]), []).append(measure.name)
        groups = tuple(
            Group(tuple((name, self._derivations[name]) for name in names), led_by, reads) for (led_by, reads), names in alike.items()
        )
        return Affected(groups, frozenset(type_ for group in groups for type_ in group.reads))


def foldings_of(foldings: Mapping[SubjectKind, Folding], names: AbstractSet[str]) -> dict[SubjectKind, Folding]:
    """The same for some of the measures, without the kinds of subject that none of them reads."""
    return {kind: folding.only(names) for kind, folding in foldings.items() if any(measure.name in names for measure in folding.measures)}


def _reads(measure: Measure, relations: Mapping[str, Relation]) -> frozenset[type[Fact]]:
    return frozenset(type_ for select in selections(measure) for type_ in relations[select.relation].reads)


def _requires(measure: Measure, relations: Mapping[str, Relation]) -> Types:
    return frozenset(type_ for select in leading(measure) for type_ in relations[select.relation].requires)


_NOTHING: Jumps = {}


def add_difference(entries: Entries, after: Postings, before: Postings, known: int) -> None:
    """Add `after − before`, stamped with a known day."""
    for name, new in after.items():
        old = before.get(name, _NOTHING)
        if new is old or new == old:
            continue
        for key, amount in new.items():
            if difference := amount - old.get(key, 0):
                _spread(entries, name, key, known, difference)
        for key, amount in old.items():
            if key not in new:
                _spread(entries, name, key, known, -amount)
    for name, old in before.items():
        if name not in after:
            for key, amount in old.items():
                _spread(entries, name, key, known, -amount)


def only(entries: Entries, measures: Container[str]) -> Entries:
    """The entries of some measures."""
    return {key: amount for key, amount in entries.items() if key[0][0] in measures}


def add_to(entries: Entries, more: Entries) -> None:
    """Add entries up; what comes to nothing is left out."""
    for key, amount in more.items():
        if total := entries.get(key, 0) + amount:
            entries[key] = total
        else:
            del entries[key]


def _spread(entries: Entries, measure: str, key: tuple[tuple[str, ...], str | None, int], known: int, amount: int) -> None:
    units, part, day = key
    for unit in units:
        place = (measure, unit, part), day, known
        total = entries.get(place, 0) + amount
        if total:
            entries[place] = total
        else:
            del entries[place]


_FEW = 24
"""Up to so many entries, or parts, a loop beats setting up vectors."""
_BITS = 22
"""Enough for the ordinal of any day there is."""
_DAY = (1 << _BITS) - 1


class _Account:
    """The entries of one measure at one unit as plain machine numbers, sorted by part and day when many are read."""

    __slots__ = ("_amounts", "_keys", "_known_max", "_late", "_late_places", "_numbers", "_starts", "_sums", "parts")

    def __init__(self) -> None:
        self.parts: list[str | None] = []
        self._numbers: dict[str | None, int] = {}
        self._keys = array("q")
        """Of each entry (where its part stands in `parts`, day, known day) as one number."""
        self._amounts = array("q")
        self._known_max = 0
        self._sums = array("q", (0,))
        """Of the entries in order, up to each of them; too short once entries came since."""
        self._starts = array("q")
        """Where each part's first entry then is."""
        self._late: array[int] | None = None
        """In order, of each entry that became known after its day (how late, as a power of two, day) as one number; None until asked."""
        self._late_places = array("q")
        """Where each of these is among all entries in order."""

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[tuple[str | None, int, int, int]]:
        """Every entry as (part, day, known day, amount)."""
        for key, amount in zip(self._keys, self._amounts, strict=True):
            yield self.parts[key >> 2 * _BITS], key >> _BITS & _DAY, key & _DAY, amount

    def add(self, part: str | None, day: int, known: int, amount: int) -> None:
        number = self._numbers.get(part)
        if number is None:
            number = self._numbers[part] = len(self.parts)
            self.parts.append(part)
        self._keys.append((number << _BITS | day) << _BITS | known)
        self._amounts.append(amount)
        self._known_max = max(self._known_max, known)

    def by_part(self, day: int, known: int) -> dict[str | None, int]:
        """`Σ amount where day ≤ D and known ≤ K` of each part that comes to anything."""
        if len(self._keys) <= _FEW:
            sums = [0] * len(self.parts)
            for key, amount in zip(self._keys, self._amounts, strict=True):
                if key >> _BITS & _DAY <= day and key & _DAY <= known:
                    sums[key >> 2 * _BITS] += amount
        else:
            self._arrange()
            sums = self._latest(day)
            if known < self._known_max:
                self._take_off(sums, self._became_known_later(day, known), known)
        return {part: amount for part, amount in zip(self.parts, sums, strict=True) if amount}

    def _became_known_later(self, day: int, known: int) -> "array[int]":
        """Where all entries up to a day are that became known after another, and some more up to that day.

        An entry that is at least 2**scale and less than 2**(scale + 1) days late, and became known after `known`, is of the fewer
        than 2**(scale + 1) days up to `known`: so of each scale only so many days are looked at, however long the history.
        """
        if day > known:
            keys = np.frombuffer(self._keys, dtype=np.int64)
            return array("q", np.flatnonzero((keys >> _BITS & _DAY) <= day).tobytes())
        late = self._late_ones()
        found = array("q")
        last = (late[-1] >> _BITS) + 1 if late else 0
        for scale in range((known - day + 1).bit_length() - 1, last):
            first = bisect_left(late, (scale << _BITS) + max(known + 2 - (2 << scale), 0))
            found += self._late_places[first : bisect_left(late, (scale << _BITS) + day + 1, first)]
        return found

    def _take_off(self, sums: list[int], places: "array[int]", known: int) -> None:
        """Leave out of the parts' sums those of some entries that became known after a day."""
        if len(places) <= _FEW:
            for place in places:
                key = self._keys[place]
                if key & _DAY > known:
                    sums[key >> 2 * _BITS] -= self._amounts[place]
            return
        at = np.frombuffer(places, dtype=np.int64)
        keys = np.frombuffer(self._keys, dtype=np.int64)[at]
        unknown = np.zeros(len(sums), dtype=np.int64)
        np.add.at(unknown, keys >> 2 * _BITS, np.where(keys & _DAY > known, np.frombuffer(self._amounts, dtype=np.int64)[at], 0))
        sums[:] = [amount - more for amount, more in zip(sums, unknown.tolist(), strict=True)]

    def _latest(self, day: int) -> list[int]:
        """Of each part in turn, all that is known up to a day."""
        upto = day + 1 << _BITS
        if len(self.parts) <= _FEW:
            keys, sums = self._keys, self._sums
            return [sums[bisect_left(keys, (number << 2 * _BITS) + upto, start)] - sums[start] for number, start in enumerate(self._starts)]
        ends = np.frombuffer(self._keys, dtype=np.int64).searchsorted(_first_keys(len(self.parts)) + upto)
        prefix = np.frombuffer(self._sums, dtype=np.int64)
        summed: list[int] = (prefix[ends] - prefix[np.frombuffer(self._starts, dtype=np.int64)]).tolist()
        return summed

    def _arrange(self) -> None:
        """Sort and sum the entries, again when some came since."""
        if len(self._sums) > len(self._keys):
            return
        keys, amounts = np.frombuffer(self._keys, dtype=np.int64), np.frombuffer(self._amounts, dtype=np.int64)
        order = np.argsort(keys, kind="stable")
        sorted_keys, sorted_amounts = keys[order], amounts[order]
        self._sums = array("q", (0, *np.cumsum(sorted_amounts).tolist()))
        self._keys, self._amounts = array("q", sorted_keys.tobytes()), array("q", sorted_amounts.tobytes())
        self._starts = array("q", sorted_keys.searchsorted(_first_keys(len(self.parts))).tolist())
        self._late = None

    def _late_ones(self) -> "array[int]":
        """`_late` of the arranged entries."""
        if self._late is None:
            keys = np.frombuffer(self._keys, dtype=np.int64)
            days = keys >> _BITS & _DAY
            days_late = (keys & _DAY) - days
            places = np.flatnonzero(days_late > 0)
            scales = np.frexp(days_late[places])[1].astype(np.int64) - 1
            late = scales << _BITS | days[places]
            order = np.argsort(late, kind="stable")
            self._late, self._late_places = array("q", late[order].tobytes()), array("q", places[order].tobytes())
        return self._late


_Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


def _first_keys(parts: int) -> _Numbers:
    """Of each part in turn, the key before all of its entries' keys."""
    return np.arange(parts, dtype=np.int64) << 2 * _BITS


_NO_AMOUNTS: Mapping[str | None, int] = MappingProxyType({})


class Balances:
    """All entries in memory, summed by the one read rule."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], _Account] = {}
        self.size = 0

    def add(self, cell: Cell, day: int, known: int, amount: int) -> None:
        """Take in one entry."""
        measure, unit, part = cell
        account = self._accounts.get((measure, unit))
        if account is None:
            account = self._accounts[measure, unit] = _Account()
        account.add(part, day, known, amount)
        self.size += 1

    def add_all(self, entries: Entries) -> None:
        """Take in entries."""
        for (cell, day, known), amount in entries.items():
            self.add(cell, day, known, amount)

    def drop(self, measures: Iterable[str]) -> None:
        """Forget all entries of some measures."""
        gone = set(measures)
        for key in [key for key in self._accounts if key[0] in gone]:
            self.size -= len(self._accounts.pop(key))

    def replace(self, measures: Iterable[str], others: "Balances") -> None:
        """Have the entries of some measures from elsewhere, instead of those there were; `others` must not be used any more."""
        names = set(measures)
        self.drop(names)
        for key, account in others._accounts.items():  # noqa: SLF001 - of this very class
            if key[0] in names:
                self._accounts[key] = account
                self.size += len(account)

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Mapping[str | None, int]:
        """`Σ amount where day ≤ D and known ≤ K` of each part of a measure at a unit, where it is not 0; None: what has no part."""
        account = self._accounts.get((measure, unit))
        return _NO_AMOUNTS if account is None else account.by_part(day, known)

    def __iter__(self) -> Iterator[tuple[Cell, int, int, int]]:
        """Every entry as (cell, day, known day, amount)."""
        for (measure, unit), account in self._accounts.items():
            for part, day, known, amount in account:
                yield (measure, unit, part), day, known, amount
