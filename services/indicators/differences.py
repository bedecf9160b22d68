"""What a page adds to a subject's entries: its postings on each known day that the page speaks of, less those of the day before.

With `after(k)` and `before(k)` for what a subject posts as known on day k after and before the page, the page adds on day k
`[after(k) − after(k − 1)] − [before(k) − before(k − 1)]`. Until the first day on which it brings something they are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.indicators.founding import Foundings
from services.indicators.history import FOREVER, Chain, View, in_force
from services.indicators.ledger import Entries, Group, History, Postings, Seen, Trees, Types, add_difference
from services.indicators.measures.rows import Context, Rows
from services.indicators.relations import RELATIONS
from services.indicators.relations.persons import FoundedWithHelp
from shared.contracts.base import Fact

Known = Callable[[int], Rows]
"""A subject's rows as known on a day."""


@dataclass(slots=True)
class Changes:
    """The known days on which facts of which types changed a subject's history."""

    new: dict[int, set[type[Fact]]] = field(default_factory=dict)
    """By what the page brings."""
    old: dict[int, set[type[Fact]]] = field(default_factory=dict)
    """By what was there before it."""
    moved: frozenset[int] = frozenset()
    """The days on which, by the page, units or codes changed under it."""

    def in_order(self, trees: Trees) -> bool:
        """Whether everything the page brings became known after (or on the last day of) all that was known of subject and units."""
        return not self.moved and max((*self.old, *trees.days[-1:]), default=0) <= min(self.new)

    def everything(self) -> "Changes":
        """As if the page brought all there is."""
        return Changes({day: self.new.get(day, set()) | self.old.get(day, set()) for day in self.new.keys() | self.old.keys()})


def changes(whole: History, foundings: Foundings, seen: Seen, moved: frozenset[int] = frozenset()) -> Changes:
    """What of a history changed when, beyond these positions and up to them."""
    found = Changes(moved=moved)
    new, old = found.new, found.old
    for chain in whole.chains:
        type_, before = type(chain.first.fact), seen[chain.service]
        (new if chain.position > before else old).setdefault(chain.known, set()).add(type_)
        for amendment in chain.amendments:
            (new if amendment.position > before else old).setdefault(amendment.known, set()).add(type_)
    for entity in whole.entities:
        steps, steps_before = foundings.steps(entity), foundings.steps(entity, before=True)
        for day, _ in steps_before:
            old.setdefault(day, set()).add(FoundedWithHelp)
        differing = {*steps} ^ {*steps_before}
        if differing:
            first = min(day for day, _ in differing)
            for day, _ in (*steps, *steps_before):
                if day >= first:
                    new.setdefault(day, set()).add(FoundedWithHelp)
    return found


def known_rows(whole: History, chains: Sequence[Chain], trees: Trees, foundings: Foundings, *, before: bool = False) -> Known:
    """A subject's rows as known on a day, each day's made once, from its chains, units and foundings after the page or before it."""
    identifier = whole.subject.partition(":")[2]
    made: dict[int, Rows] = {}

    def rows(known: int) -> Rows:
        found = made.get(known)
        if found is None:
            view = View(in_force(chains, known))
            context = Context(identifier, whole.codes, view, trees.at(known), lambda code: foundings.help_at(code, known, before=before))
            found = made[known] = Rows(context, RELATIONS)
        return found

    return rows


def add_gained_in_order(entries: Entries, group: Group, changed: Changes, after: Known, held: Postings) -> Postings | None:
    """`add_gained` for changes in order, by far the most frequent: each day's difference is from what was held until then."""
    reads, now = group.reads, None
    for known in sorted(day for day, types in changed.new.items() if not reads.isdisjoint(types)):
        now = group.postings(after(known))
        add_difference(entries, now, held, known)
        held = now
    return now


def add_gained(
    entries: Entries, group: Group, changed: Changes, trees: Trees, after: Known, before: Known, held: Postings | None
) -> Postings | None:
    """Add what a group of measures gains by the page; what the subject posts under it then, at latest knowledge. None: nothing changed.

    `held` is what it posted before the page; None when that has to be derived. Beside the days of the page every later day counts on
    which something was known already, of the subject or of the units: another service was ahead.
    """
    fresh = _days_of(changed.new, group.reads) | changed.moved
    if not fresh:
        return None
    first = min(fresh)
    known_already = _days_of(changed.old, group.reads)
    latest = max((*known_already, *trees.days[-1:]), default=0)
    if held is None and known_already and not changed.moved:
        held = group.postings(before(FOREVER))
    now = then = _NOTHING
    for known in sorted(fresh.union(day for day in (*known_already, *trees.since(first)) if day > first)):
        now_before, then_before = now, then
        now = group.postings(after(known))
        if not known_already:
            then = _NOTHING
        elif held is None or changed.moved or known < latest:
            then = group.postings(before(known))
        else:
            then = held
        if then is then_before:
            add_difference(entries, now, now_before, known)
            continue
        add_difference(entries, now, then, known)
        if then_before is not now_before:
            add_difference(entries, then_before, now_before, known)
    return now


_NOTHING: Postings = {}


def _days_of(changed: dict[int, set[type[Fact]]], reads: Types) -> set[int]:
    return {day for day, types in changed.items() if not reads.isdisjoint(types)}
