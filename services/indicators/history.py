"""The facts of a history and what is in force among them, as known on a day.

Inside indicators a day is its proleptic ordinal (`date.toordinal()`), because figures compare and subtract days all the time.
A *revision chain* is one recorded fact with everything later said about it (voids, corrections); the facts *in force* on a known day
are those that neither a void nor a rival report of the same fact has put out of force. Pure: no I/O, no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any, Generic, TypeVar

from shared.contracts import read_fact
from shared.contracts.base import SERVICES, Fact, names_of, natural_key_of
from shared.contracts.common import FactCorrected, FactVoided
from shared.contracts.envelope import Record

FOREVER = date.max.toordinal()
"""The day on which something that has no end ends."""

Order = tuple[int, str, int, int]
"""History order: occurred day, recorded instant, service, position. Never the order of arrival."""


F = TypeVar("F", bound=Fact)


class Content(Generic[F]):
    """What one report says, as of one revision: the fact, the day it occurred, and its place in history order."""

    __slots__ = ("day", "fact", "key", "names", "order", "supersedes")

    def __init__(self, fact: F, occurred: date, recorded: str, service: int, position: int) -> None:
        self.fact = fact
        self.day = occurred.toordinal()
        self.key = natural_key_of(fact, occurred)
        """The natural key."""
        self.supersedes = fact.repeat == "supersedes"
        self.order: Order = self.day, recorded, service, position
        names: dict[str, tuple[str, ...]] = {}
        for subject in sorted(names_of(fact)):
            kind = subject.partition(":")[0]
            names[kind] = (*names.get(kind, ()), subject)
        self.names: Mapping[str, tuple[str, ...]] = names
        """The subjects it names, by kind."""

    def says_the_same_as(self, other: "Content[F]") -> bool:
        """Whether day, place and payload agree; evidence may differ."""
        return self.day == other.day and self.fact.model_copy(update={"evidence": other.fact.evidence}) == other.fact


@dataclass(frozen=True, slots=True)
class Amendment:
    """A void (content None) or a correction, with the day it became known, who reported it under which id, and why."""

    known: int
    position: int
    content: Content[Fact] | None
    source: str
    id: str
    reason: str


@dataclass(slots=True)
class Chain:
    """One recorded fact and its amendments in the order of their positions."""

    source: str
    id: str
    service: int
    position: int
    recorded: str
    known: int
    first: Content[Fact]
    amendments: list[Amendment] = field(default_factory=list)

    def at(self, known: int) -> Content[Fact] | None:
        """The content as known at the end of a day: None before it was recorded and once it is voided (a void is final)."""
        if self.known > known:
            return None
        content, void = self.said(known)
        return content if void is None else None

    def said(self, known: int) -> tuple[Content[Fact], int | None]:
        """What it said as known at the end of a day on which it was recorded, and the position of the void if it was voided by then."""
        content = self.first
        for amendment in self.amendments:
            if amendment.known > known:
                break
            if amendment.content is None:
                return content, amendment.position
            content = amendment.content
        return content, None

    def contents(self) -> Iterable[Content[Fact]]:
        """Everything any revision of it ever said."""
        yield self.first
        for amendment in self.amendments:
            if amendment.content is not None:
                yield amendment.content

    def known_days(self) -> Iterable[int]:
        """The days on which what is known of it changed."""
        yield self.known
        for amendment in self.amendments:
            yield amendment.known


def read_chain(record: Record) -> Chain:
    """The chain a newly recorded fact begins. Raises LookupError or ValueError (pydantic's) when no contract describes it."""
    fact: Fact = read_fact(record.type, record.version, record.data)
    service, recorded = SERVICES.index(record.service), record.recorded.isoformat()
    first = Content(fact, record.occurred, recorded, service, record.position)
    return Chain(record.source, record.id, service, record.position, recorded, record.known_day.toordinal(), first)


def amend(chain: Chain, record: Record, amendment: FactVoided | FactCorrected) -> None:
    """Add a correction or a void to a chain. Raises LookupError or ValueError when no contract describes the correction."""
    content = None
    if isinstance(amendment, FactCorrected):
        fact: Fact = read_fact(chain.first.fact.type, amendment.version, amendment.data)
        content = Content(fact, amendment.occurred, chain.recorded, chain.service, chain.position)
    known = record.known_day.toordinal()
    chain.amendments.append(Amendment(known, record.position, content, record.source, record.id, amendment.reason))


def in_force(chains: Sequence[Chain], known: int) -> list[Content[Fact]]:
    """The facts in force as known on a day, in history order.

    Among reports of the same fact (same type and natural key) the first recorded counts, and the others confirm or contradict it without
    counting; where it is voided, one of them stands in. Of values that supersede one another (statistics, checks, head-counts, answers)
    the last recorded counts.
    """
    present: dict[str, Content[Fact]] = {}
    voided: list[Chain] = []
    for chain in chains:
        content = (chain.first if chain.known <= known else None) if not chain.amendments else chain.at(known)
        if content is None:
            if chain.known <= known:
                voided.append(chain)
            continue
        rival = present.get(content.key)
        if rival is not None and (content.order[3] > rival.order[3]) != content.supersedes:
            continue
        present[content.key] = content
    for key in {chain.said(known)[0].key for chain in voided} & present.keys():
        if not present[key].supersedes:
            present[key] = _standing_in(key, chains, known)
    return sorted(present.values(), key=_ORDER)


def _standing_in(key: str, chains: Sequence[Chain], known: int) -> Content[Fact]:
    """Of reports of one fact, some of them voided but not all: the one that stands.

    Each void hands on to the earliest of those there at the time that says the same as what it voids, or else to the earliest.
    """
    said = [chain.said(known) for chain in chains if chain.known <= known]
    rivals = sorted(((content, void) for content, void in said if content.key == key), key=lambda rival: rival[0].order[3])
    stands, void = rivals[0]
    while void is not None:
        until = void
        there = [(content, end) for content, end in rivals if content.order[3] < until and (end is None or end > until)]
        behind = [rival for rival in rivals if rival[0].order[3] > until]
        stands, void = next((rival for rival in there if stands.says_the_same_as(rival[0])), None) or (there or behind)[0]
    return stands


_ORDER = attrgetter("order")


class View:
    """The facts in force of one history, ready to be asked by type."""

    __slots__ = ("_by_type", "facts")

    def __init__(self, facts: Sequence[Content[Fact]]) -> None:
        self.facts = facts
        self._by_type: dict[type[Fact], list[Content[Any]]] = {}
        for fact in facts:
            self._by_type.setdefault(type(fact.fact), []).append(fact)

    def of(self, *types: type[F]) -> list[Content[F]]:
        """The facts of these types in history order."""
        if len(types) == 1:
            return self._by_type.get(types[0], [])
        found = [fact for type_ in types for fact in self._by_type.get(type_, ())]
        found.sort(key=_ORDER)
        return found
