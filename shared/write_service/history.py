"""One thing's history: its effective facts in order, and the state they fold into. Pure but for `take`, which cannot fail.

Which facts are effective (domain: what real histories contain): a void is final; the last correction replaces day and content; among
facts with one natural key the first stands, or the last where the type supersedes, and another stands in when it is voided: the earliest
that confirms it, or else the earliest. Contents are compared as they are known now, for a correction says what the fact ever was.
Effective facts are folded in the order (occurred, position).

A history read from a stored state is *partial*: it knows that state and what came after it, which is enough for facts not older than
the last one folded. Anything else asks for the whole history. Folding anew stops early where the state comes out as before, so that
one late answer to a survey does not fold the thousands behind it again.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Generic, NamedTuple

from shared.contracts.base import Fact
from shared.event_store.interface import ReportKey
from shared.rules import State

Evolve = Callable[[State, Fact, date], State]
Order = tuple[date, int]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """One recorded fact, as what amended it has left it."""

    position: int
    key: ReportKey
    occurred: date
    fact: Fact
    natural: str
    """The text of its natural key."""
    voided_at: int | None = None
    """The position of its void."""

    @property
    def voided(self) -> bool:
        """Whether it never held."""
        return self.voided_at is not None

    @property
    def order(self) -> Order:
        """Its place in the history."""
        return (self.occurred, self.position)

    def says_the_same_as(self, other: "Told") -> bool:
        """Whether day, place and payload agree; evidence may differ."""
        mine, theirs = dict(self.fact), dict(other.fact)
        mine.pop("evidence"), theirs.pop("evidence")
        return self.occurred == other.occurred and mine == theirs


class _Entry(NamedTuple, Generic[State]):
    told: Told
    state: State
    """After this fact."""


class Step(NamedTuple, Generic[State]):
    """What a new, corrected or voided fact does to a history; `History.take` applies it."""

    before: Told | None
    """The fact as it stood, if it stood."""
    after: Told
    standing: Told | None
    """The effective fact with the natural key of `after` from now on."""
    start: int
    stop: int
    entries: tuple[_Entry[State], ...]
    """What replaces the entries from `start` to `stop`."""
    openers: int
    """How many more (or fewer) effective facts open the thing."""

    @property
    def stands(self) -> bool:
        """Whether `after` is effective."""
        return self.standing is self.after


class History(Generic[State]):
    """The history of one thing."""

    def __init__(
        self, base: State, evolve: Evolve[State], *, complete: bool = True, base_occurred: date | None = None, base_opened: bool = False
    ) -> None:
        """`base` is the state before everything, or, in a partial history, the state after everything up to `base_occurred`."""
        self.complete = complete
        self._base = base
        self._base_occurred = base_occurred
        self._openers = int(base_opened)
        self._evolve = evolve
        self._entries: list[_Entry[State]] = []
        self._orders: list[Order] = []
        self._groups: dict[str, tuple[Told, ...]] = {}
        """What is known, voided or not, by natural key, in order of position."""
        self._told: dict[ReportKey, Told] = {}

    @classmethod
    def of(cls, initial: State, evolve: Evolve[State], told: Iterable[Told]) -> "History[State]":
        """The whole history of these facts."""
        history = cls(initial, evolve)
        for fact in sorted(told, key=lambda fact: fact.position):
            history.take(history.step(None, fact))
        return history

    @property
    def state(self) -> State:
        """What everything effective has folded into."""
        return self._entries[-1].state if self._entries else self._base

    @property
    def opened(self) -> bool:
        """Whether an effective fact opens the thing."""
        return self._openers > 0

    @property
    def occurred(self) -> date | None:
        """The last day among the effective facts."""
        return self._orders[-1][0] if self._orders else self._base_occurred

    @property
    def told(self) -> tuple[Told, ...]:
        """Every fact known here, effective or not, in order of position."""
        return tuple(sorted(self._told.values(), key=lambda told: told.position))

    @property
    def size(self) -> int:
        """How many facts it holds in memory."""
        return len(self._told)

    def find(self, key: ReportKey) -> Told | None:
        """The fact reported under this key."""
        return self._told.get(key)

    def effective(self, natural: str) -> Told | None:
        """The fact that stands for this natural key."""
        return standing(self._groups.get(natural, ()))

    def takes(self, occurred: date) -> bool:
        """Whether a new fact of that day can be folded in without the whole history."""
        return self.complete or self._base_occurred is None or occurred >= self._base_occurred

    def step(self, before: Told | None, after: Told) -> Step[State]:
        """What happens when `after` is recorded, or takes the place of `before`. Raises whatever `evolve` raises."""
        if before is None and not after.voided and after.natural not in self._groups:  # by far the most common
            start, stop, entries = self._refolded([], [after])
            return Step(before, after, after, start, stop, entries, int(after.fact.opens))
        gone: list[Told] = []
        come: list[Told] = []
        standing_after: Told | None = None
        for natural in {told.natural for told in (before, after) if told is not None}:
            group = self._groups.get(natural, ())
            stood, standing_now = standing(group), standing(_regrouped(group, natural, before, after))
            if natural == after.natural:
                standing_after = standing_now
            if stood is not standing_now:
                gone += [stood] if stood else []
                come += [standing_now] if standing_now else []
        openers = sum(told.fact.opens for told in come) - sum(told.fact.opens for told in gone)
        start, stop, entries = self._refolded(gone, come)
        return Step(before, after, standing_after, start, stop, entries, openers)

    def take(self, step: Step[State]) -> None:
        """Apply a step of this very history."""
        self._entries[step.start : step.stop] = step.entries
        self._orders[step.start : step.stop] = [entry.told.order for entry in step.entries]
        self._openers += step.openers
        for natural in {step.after.natural, (step.before or step.after).natural}:
            self._groups[natural] = _regrouped(self._groups.get(natural, ()), natural, step.before, step.after)
        self._told[step.after.key] = step.after

    def state_without(self, *left_out: Told) -> State:
        """The state as if these facts had never been recorded: what a correction or a rival is ruled in, like a fact reported anew."""
        assert all(self._told.get(told.key) is told for told in left_out), "what a partial history has folded away stays in it"
        start = bisect_left(self._orders, min(told.order for told in left_out))
        state = self._entries[start - 1].state if start else self._base
        for entry in self._entries[start:]:
            if all(entry.told is not told for told in left_out):
                state = self._evolve(state, entry.told.fact, entry.told.occurred)
        return state

    def shortened(self) -> "History[State]":
        """The same with nothing remembered but the state."""
        return History(self.state, self._evolve, complete=False, base_occurred=self.occurred, base_opened=self.opened)

    def _refolded(self, gone: list[Told], come: list[Told]) -> tuple[int, int, tuple[_Entry[State], ...]]:
        """Which entries change: from the first place touched to where the states are again what they were."""
        if not gone and not come:
            return len(self._entries), len(self._entries), ()
        if not gone and len(come) == 1 and (not self._orders or come[0].order > self._orders[-1]):
            assert self.takes(come[0].occurred), "an older fact needs the whole history"
            entry = _Entry(come[0], self._evolve(self.state, come[0].fact, come[0].occurred))
            return len(self._entries), len(self._entries), (entry,)
        left = {told.order for told in gone}
        waiting = sorted(come, key=lambda told: told.order, reverse=True)
        places = [told.order for told in (*gone, *come)]
        first, last = min(places), max(places)
        assert self.takes(first[0]), "an older fact needs the whole history"
        start = stop = bisect_left(self._orders, first)
        state = self._entries[start - 1].state if start else self._base
        folded: list[_Entry[State]] = []
        while waiting or stop < len(self._entries):
            old = self._entries[stop] if stop < len(self._entries) else None
            if old is not None and not (waiting and waiting[-1].order < old.told.order):
                stop += 1
                if old.told.order in left:
                    continue
                told = old.told
            else:
                old, told = None, waiting.pop()
            state = self._evolve(state, told.fact, told.occurred)
            folded.append(_Entry(told, state))
            if old is not None and told.order > last and state == old.state:
                break  # everything behind comes out as before
        return start, stop, tuple(folded)


def standing(group: Sequence[Told]) -> Told | None:
    """The one of a natural key that stands: the last where the type supersedes, else the first or, step by step, who stood in for it.

    When the one that stands is voided, those told by then and not voided stand in: the earliest that says the same, or else the
    earliest. Where nobody is left, the next one told is a first again, however much it contradicts what was voided.
    """
    if group and group[0].fact.repeat == "supersedes":
        return next((told for told in reversed(group) if not told.voided), None)
    stands = group[0] if group else None
    while stands is not None and stands.voided_at is not None:
        void = stands.voided_at
        left = [told for told in group if told.position < void and (told.voided_at is None or told.voided_at > void)]
        alike = (told for told in left if told.says_the_same_as(stands))
        later = (told for told in group if told.position > void)
        stands = next(chain(alike, left, later), None)
    return stands


def _regrouped(group: tuple[Told, ...], natural: str, before: Told | None, after: Told) -> tuple[Told, ...]:
    kept = tuple(told for told in group if told is not before)
    if after.natural != natural:
        return kept
    if not kept or kept[-1].position < after.position:
        return (*kept, after)
    return tuple(sorted((*kept, after), key=lambda told: told.position))
