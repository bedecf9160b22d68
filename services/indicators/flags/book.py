"""All flags of a county: looked for when somebody asks, in the histories that changed since the last time.

A flag is a pure function of a history, as a figure is, but nobody needs it before it is asked about, so taking in a page only notes which
facts it brought. What was found is kept by history, with the known days from and to which it stands: any known day is answered from it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from services.indicators.flags.catalogue import ACROSS, KINDS_BY_SCOPE
from services.indicators.flags.kinds import Histories, Place, Scope
from services.indicators.flags.reports import OPENINGS, opens
from services.indicators.flags.timeline import Raised, raised
from services.indicators.history import FOREVER, Chain, Content, in_force
from services.indicators.subjects import Index, named
from shared.contracts.base import SERVICES, Fact, Subject
from shared.contracts.registry import FlagConfirmed, FlagDismissed

_OF_OTHERS = {
    thing: frozenset[type[Fact]]().union(*(each.facts for across in scopes.values() for each in across)) for thing, scopes in ACROSS.items()
}
"""Kind of thing → the facts about it that belong to the histories of others."""


@cache
def _scopes(kind: str, type_: type[Fact]) -> tuple[Scope, ...]:
    """In which histories of a thing of this kind a fact of this type may change something."""
    return tuple(scope for scope, kinds in KINDS_BY_SCOPE.items() if scope == kind and any(type_ in each.reads for each in kinds))


class Ruling(NamedTuple):
    """What the office said of a flag: FlagConfirmed or FlagDismissed, of a day; which of its systems, as the bus knew it, and when."""

    fact: FlagConfirmed | FlagDismissed
    day: int
    source: str
    recorded: str


class FlagBook:
    """The flags of one county."""

    def __init__(self, index: Index) -> None:
        self._histories = Histories(index)
        self._index = index
        self._touched: deque[Chain] = deque()
        self._crowds: dict[Subject, None] = {}
        """Things that belong to histories of others, of people or loans: found out before any is looked into, so that each is once."""
        self._due: dict[tuple[Scope, Subject], None] = {}
        """Histories to be looked into."""
        self._sure: dict[Subject, int] = {}
        """Things opened by a fact that nobody amended, with its known day: what names them later is sure of them."""
        self._raised: dict[tuple[Scope, Subject], list[Raised]] = {}
        self._rulings: dict[tuple[str, str, str, str], dict[Place, Chain]] = {}

    def touch(self, chains: Iterable[Chain]) -> None:
        """Note facts that are new, or of which something new is known. The index holds them already."""
        self._touched.extend(chains)

    def catch_up(self, most: int) -> bool:
        """Look into up to so many of the histories that changed; whether nothing is left to look into."""
        for _ in range(most):
            if self._touched:
                self._take(self._touched.popleft())
            elif self._crowds:
                self._take_crowd(self._crowds.popitem()[0])
            elif self._due:
                look = next(reversed(self._due))
                self._look(*look)
                del self._due[look]  # only now: whoever met a bug meets it again
            else:
                return True
        return not (self._touched or self._crowds or self._due)

    def standing(self, known: int) -> Iterator[Raised]:
        """Every flag that stands as known at the end of a day, each history's own."""
        return (flag for flags in self._raised.values() for flag in flags if flag.start <= known < flag.end)

    def report(self, service: int, source: str, id: str) -> Chain | None:
        """The fact that a report began."""
        return self._index.report(service, source, id)

    def ruling(self, flag: Raised, day: int, known: int) -> Ruling | None:
        """The office's last ruling on a flag as of a day, as known on a day."""
        target = SERVICES[flag.on.service], flag.on.source, flag.on.id, flag.kind.code
        rulings = [
            (content, chain.source)
            for chain in self._rulings.get(target, {}).values()
            if (content := chain.at(known)) is not None
            and content.day <= day
            and _target(content) == target
            and self._counts(content, known)
        ]
        if not rulings:
            return None
        last, source = max(rulings, key=lambda ruling: ruling[0].order)
        assert isinstance(last.fact, FlagConfirmed | FlagDismissed)
        return Ruling(last.fact, last.day, source, last.order[1])

    def _counts(self, content: Content[Fact], known: int) -> bool:
        """Whether a ruling is the one of its number that counts: another one confirms or contradicts it without counting."""
        return any(ruling is content for ruling in in_force(self._histories.same(content.key), known))

    def _take(self, chain: Chain) -> None:
        """Note which histories a chain may change."""
        for key in self._histories.add(chain):
            self._due["report", key] = None
            for report in self._histories.same(key):
                self._mark(report)
        self._mark(chain)

    def _mark(self, chain: Chain) -> None:
        type_ = type(chain.first.fact)
        for content in chain.contents():
            if (target := _target(content)) is not None:
                self._rulings.setdefault(target, {})[chain.service, chain.position] = chain
            for kind, subjects in content.names.items():
                for subject in subjects:
                    for scope in _scopes(kind, type_):
                        self._due[scope, subject] = None
                    if type_ in _OF_OTHERS.get(kind, ()):
                        self._crowds[subject] = None
                    if kind in OPENINGS and not self._is_sure(chain, subject):
                        self._due["thing", subject] = None

    def _is_sure(self, chain: Chain, thing: Subject) -> bool:
        """Whether a chain cannot be without the thing it names; facts come in here as they were recorded, openings mostly first."""
        if not type(chain.first.fact).opens or not opens(chain, thing, self._index.codes(thing)):
            return self._sure.get(thing, FOREVER) <= chain.known
        if chain.amendments:
            self._sure.pop(thing, None)
            return False
        self._sure[thing] = min(chain.known, self._sure.get(thing, FOREVER))
        return ("thing", self._index.canonical(thing)) not in self._raised

    def _take_crowd(self, thing: Subject) -> None:
        for scope, across in ACROSS[thing.partition(":")[0]].items():
            linking = frozenset[type[Fact]]().union(*(each.by for each in across))
            for subject in named(self._index.of(thing, linking), scope):
                self._due[scope, subject] = None

    def _look(self, scope: Scope, subject: Subject) -> None:
        index = self._index
        codes = index.codes(subject)
        if scope in ("entity", "thing"):
            for code in codes:  # what was found before two codes turned out to be one entity's
                self._raised.pop((scope, f"{subject.partition(':')[0]}:{code}"), None)
            subject = index.canonical(subject)
        found: list[Raised] = []
        present = index.types(subject)
        for kind in KINDS_BY_SCOPE[scope]:
            if all(not present.isdisjoint(needed) for needed in kind.needs):
                chains = list(kind.gather(self._histories, subject))
                if chains:
                    found += raised(kind, subject, codes, chains)
        if found:
            self._raised[scope, subject] = found
        else:
            self._raised.pop((scope, subject), None)


def _target(content: Content[Fact]) -> tuple[str, str, str, str] | None:
    """The flag that a ruling is about: service, source and id of the fact, and the kind of flag."""
    fact = content.fact
    return (fact.service, fact.source, fact.id, fact.flag) if isinstance(fact, FlagConfirmed | FlagDismissed) else None
