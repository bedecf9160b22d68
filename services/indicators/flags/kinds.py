"""What a kind of flag declares: whose history it looks into, which facts of it, and what in it is odd.

A flag is raised *on one recorded fact*, so it is named by that fact and its kind: the same names by which the office rules on it (疑点属实,
疑点排除). The facts beside it that make it odd are named with it. Pure: no I/O, no clock.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.indicators.history import Chain, Content, Order, View, in_force
from services.indicators.measures.rows import Context, HelpAtFounding, Rows
from services.indicators.places import UnitTree
from services.indicators.relations import RELATIONS
from services.indicators.subjects import Index
from shared.contracts import FACTS
from shared.contracts.base import Fact, Subject

Scope = Literal["person", "entity", "loan", "thing", "report"]
"""What a flag is looked for in: the history of a person, an entity or a loan; all that names a thing which a fact brings into being; all
reports of one and the same fact."""
Place = tuple[int, int]
"""(service, position) of a recorded fact."""


class Found(NamedTuple):
    """Something odd: the fact it is raised on, the facts that make it odd, the things concerned, and where it counts."""

    on: Order
    others: tuple[Order, ...] = ()
    about: tuple[Subject, ...] = ()
    unit: str | None = None
    park: str | None = None


class Known:
    """What was recorded of one subject, as known at the end of a day."""

    __slots__ = ("chains", "reports", "rows", "subject")

    def __init__(self, subject: Subject, codes: frozenset[str], chains: Sequence[Chain], day: int) -> None:
        self.subject = subject
        self.chains = [chain for chain in chains if chain.known <= day]
        """Voided ones too."""
        self.reports: list[Content[Fact]] = [content for chain in self.chains if (content := chain.at(day)) is not None]
        """What is not voided, every report of one fact."""
        self.rows = Rows(Context(subject.partition(":")[2], codes, View(in_force(self.chains, day)), _NO_UNITS, _never), RELATIONS)

    @property
    def view(self) -> View:
        """The facts in force."""
        return self.rows.context.view


_NO_UNITS = UnitTree("")


def _never(code: str) -> HelpAtFounding:
    raise AssertionError(f"{code}: what is odd does not depend on help")


class Histories:
    """All that was recorded, by what it names and by the fact it reports."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._same: dict[str, list[Chain]] = {}
        self._of_surveys: dict[Subject, dict[Place, Chain]] = {}

    def add(self, chain: Chain) -> Iterator[str]:
        """Take in a chain, or a new revision of it: the keys of the facts that it is not the only report of."""
        for content in chain.contents():
            for survey in content.names.get("survey", ()):
                self._of_surveys.setdefault(survey, {})[chain.service, chain.position] = chain
            if not content.supersedes:
                reports = self._same.setdefault(content.key, [])
                if all(report is not chain for report in reports):
                    reports.append(chain)
                if len(reports) > 1:
                    yield content.key

    def same(self, key: str) -> list[Chain]:
        """Every report that in any revision had this natural key."""
        return self._same.get(key, [])

    def naming(self, thing: Subject) -> list[Chain]:
        """Every chain that in any revision names a thing. (The index knows no single survey: each answer is a subject of its own.)"""
        surveys = self._of_surveys.get(thing)
        return list(self.index.of(thing, _ALL) if surveys is None else surveys.values())


_ALL = frozenset[type[Fact]](FACTS)


class Across(NamedTuple):
    """Facts about other things that a kind of flag looks at as well: each may make the history of every subject linked to its thing odd."""

    kind: str
    """Of the things."""
    facts: frozenset[type[Fact]]
    """The facts about them."""
    by: frozenset[type[Fact]]
    """The facts that link a subject to such a thing: they name both."""


@dataclass(frozen=True, slots=True)
class FlagKind:
    """One kind of flag. `ruling` says what becomes of the fact in the figures."""

    code: str
    zh: str
    en: str
    ruling_zh: str
    ruling_en: str
    scope: Scope
    gather: Callable[[Histories, Subject], Iterable[Chain]]
    """The chains it follows from; none where nothing can be odd, which is told without a closer look."""
    needs: tuple[frozenset[type[Fact]], ...]
    """Nothing is odd before a fact of one type of each of these, which names the subject itself, is known."""
    reads: frozenset[type[Fact]]
    """The types of the facts naming the subject itself by which anything may change."""
    find: Callable[[Known], Iterator[Found]]
    across: tuple[Across, ...] = ()
    """What it looks at beyond the facts naming the subject itself."""


def types(*facts: type[Fact]) -> frozenset[type[Fact]]:
    """Some types of fact."""
    return frozenset(facts)
