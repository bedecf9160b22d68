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

from shared.contracts import parse_fact
from shared.contracts.base import SERVICES, Fact, names_of, natural_key_of
from shared.contracts.envelope import Record

FOREVER = date.max.toordinal()
"""The day on which something that has no end ends."""

Order = tuple[int, str, int, int]
"""History order: occurred day, recorded instant, service, position. Never the order of arrival."""


@dataclass(frozen=True, slots=True)
class Content:
    """What one report says, as of one revision: the fact and the day it occurred."""

    fact: Fact
    day: int
    key: str
    """The natural key."""
    names: Mapping[str, tuple[str, ...]]
    """The subjects it names, by kind."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """A void (content None) or a correction, with the day it became known."""

    known: int
    position: int
    content: Content | None


@dataclass(slots=True)
class Chain:
    """One recorded fact and its amendments in the order of their positions."""

    source: str
    id: str
    service: int
    position: int
    recorded: str
    known: int
    first: Content
    amendments: list[Amendment] = field(default_factory=list)

    def at(self, known: int) -> Content | None:
        """The content as known at the end of a day: None before it was recorded and once it is voided (a void is final)."""
        if self.known > known:
            return None
        content: Content | None = self.first
        for amendment in self.amendments:
            if amendment.known > known:
                break
            if amendment.content is None:
                return None
            content = amendment.content
        return content

    def contents(self) -> Iterable[Content]:
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


F = TypeVar("F", bound=Fact)


class InForce(Generic[F]):
    """A fact in force, with its place in history order."""

    __slots__ = ("day", "fact", "order")

    def __init__(self, fact: F, day: int, order: Order) -> None:
        self.fact = fact
        self.day = day
        self.order = order


def read_content(type_: str, version: int, data: dict[str, Any], occurred: date) -> Content:
    """The content of a record's or a correction's data. Raises ValueError (pydantic's) when it does not fit the contract."""
    fact = parse_fact(type_, version, data)
    names: dict[str, tuple[str, ...]] = {}
    for subject in sorted(names_of(fact)):
        kind = subject.partition(":")[0]
        names[kind] = (*names.get(kind, ()), subject)
    return Content(fact, occurred.toordinal(), natural_key_of(fact, occurred), names)


def read_chain(record: Record) -> Chain:
    """The chain a newly recorded fact begins."""
    return Chain(
        source=record.source, id=record.id, service=SERVICES.index(record.service),
        position=record.position, recorded=record.recorded.isoformat(), known=record.known_day.toordinal(),
        first=read_content(record.type, record.version, record.data, record.occurred),
    )  # fmt: skip


def in_force(chains: Iterable[Chain], known: int) -> list[InForce[Fact]]:
    """The facts in force as known on a day, in history order.

    Among reports of the same fact (same type and natural key) the first recorded counts, and the others confirm or contradict it without
    counting; of values that supersede one another (statistics, checks, head-counts, answers) the last recorded counts.
    """
    present: dict[str, tuple[Chain, Content]] = {}
    for chain in chains:
        content = chain.at(known)
        if content is None:
            continue
        rival = present.get(content.key)
        if rival is not None:
            later = chain.position > rival[0].position
            if later != (type(content.fact).repeat == "supersedes"):
                continue
        present[content.key] = (chain, content)
    facts = [
        InForce(content.fact, content.day, (content.day, chain.recorded, chain.service, chain.position))
        for chain, content in present.values()
    ]
    facts.sort(key=_ORDER)
    return facts


_ORDER = attrgetter("order")


class View:
    """The facts in force of one history, ready to be asked by type."""

    __slots__ = ("_by_type", "facts")

    def __init__(self, facts: Sequence[InForce[Fact]]) -> None:
        self.facts = facts
        self._by_type: dict[type[Fact], list[InForce[Any]]] = {}
        for fact in facts:
            self._by_type.setdefault(type(fact.fact), []).append(fact)

    def of(self, *types: type[F]) -> list[InForce[F]]:
        """The facts of these types in history order."""
        if len(types) == 1:
            return self._by_type.get(types[0], [])
        found = [fact for type_ in types for fact in self._by_type.get(type_, ())]
        found.sort(key=_ORDER)
        return found
