"""From recorded facts to effective facts: what is held to be true, as known at the end of a day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from shared.contracts import read_fact
from shared.contracts.base import Fact, natural_key_of
from shared.days import day_of, instant_from

F = TypeVar("F", bound=Fact, covariant=True)
K = TypeVar("K", bound=Fact)
Name = tuple[str, str, str]
"""Service, source and id of a record."""


@dataclass(frozen=True)
class Dated(Generic[F]):
    """One effective fact with its day and its place in the history."""

    fact: F
    occurred: date
    recorded: datetime
    service: str
    position: int

    @property
    def order(self) -> tuple[date, datetime, str, int]:
        """History order: day, then recorded time, then service, then position."""
        return self.occurred, self.recorded, self.service, self.position


@dataclass(frozen=True)
class Recorded:
    """One record as exported."""

    service: str
    event: str
    version: int
    source: str
    id: str
    recorded: datetime
    occurred: date
    position: int
    data: Mapping[str, Any]

    @cached_property
    def known(self) -> date:
        """The day in Asia/Shanghai on which it was recorded."""
        return day_of(self.recorded)

    @cached_property
    def reported(self) -> Dated[Fact]:
        """The fact as it was first reported."""
        return self.saying(self.version, self.occurred, self.data)

    def saying(self, version: int, occurred: date, data: Mapping[str, Any]) -> Dated[Fact]:
        """The fact with another day and other content, at its own place in the history."""
        fact = read_fact(f"{self.service}.{self.event}", version, dict(data))
        return Dated(fact, occurred, self.recorded, self.service, self.position)


def read(record: Mapping[str, Any]) -> Recorded:
    """A record object `{source, id, type, time, occurred, position, data}` as exported."""
    service, event, version = record["type"].split(".")
    return Recorded(
        service=service, event=event, version=int(version.removeprefix("v")), source=record["source"], id=record["id"],
        recorded=instant_from(record["time"]), occurred=date.fromisoformat(record["occurred"]), position=int(record["position"]),
        data=record["data"],
    )  # fmt: skip


def effective(records: Iterable[Recorded], known_at: date) -> tuple[Dated[Fact], ...]:
    """The effective facts in history order, from the records known at the end of `known_at`.

    1. The last correction (by position) of a fact replaces its day and data; a void is final.
    2. Of several facts of one natural key the first by position holds (`confirms`) or the last (`supersedes`).
    3. When the one that holds (`confirms`) is voided, the first of those there that says the same holds, or the first of them all.

    A corrected fact keeps the recorded time and the position of its original, as if it had been reported so.
    """
    known = sorted((record for record in records if record.known <= known_at), key=lambda record: (record.service, record.position))

    voided: set[Name] = set()
    corrected: dict[Name, Mapping[str, Any]] = {}
    for record in known:
        if record.event == "fact_voided":
            voided.add((record.service, record.data["source"], record.data["id"]))
        if record.event == "fact_corrected":
            name = (record.service, record.data["source"], record.data["id"])
            if name not in voided:
                corrected[name] = record.data

    there: dict[str, dict[Name, Dated[Fact]]] = {}
    holding: dict[str, Name] = {}
    keys: dict[Name, str] = {}
    for record in known:
        if record.event == "fact_voided":
            name = (record.service, record.data["source"], record.data["id"])
            if name in keys:
                key = keys.pop(name)
                gone = there[key].pop(name)
                if holding[key] == name:
                    _hand_on(key, gone, there, holding)
            continue
        if record.event in {"fact_corrected", "day_closed"}:
            continue
        name = (record.service, record.source, record.id)
        dated = record.reported
        if name in corrected:
            said = corrected[name]
            dated = record.saying(said.get("version", 1), date.fromisoformat(said["occurred"]), said["data"])
        key = keys[name] = natural_key_of(dated.fact, dated.occurred)
        there.setdefault(key, {})[name] = dated
        if key not in holding or dated.fact.repeat == "supersedes":
            holding[key] = name
    return tuple(sorted((there[key][name] for key, name in holding.items()), key=lambda dated: dated.order))


def _hand_on(key: str, gone: Dated[Fact], there: Mapping[str, dict[Name, Dated[Fact]]], holding: dict[str, Name]) -> None:
    left = there[key]
    if not left:
        del holding[key]
    elif gone.fact.repeat == "supersedes":
        holding[key] = max(left, key=lambda name: left[name].position)
    else:
        holding[key] = min(left, key=lambda name: (_content(left[name]) != _content(gone), left[name].position))


def _content(dated: Dated[Fact]) -> tuple[date, dict[str, Any]]:
    return dated.occurred, dated.fact.model_dump(exclude={"evidence"})


class Known:
    """The effective facts as known on one day, in history order, and sorted out by class."""

    def __init__(self, facts: Sequence[Dated[Fact]]) -> None:
        self.facts = tuple(facts)
        self._of: dict[type[Fact], list[Dated[Fact]]] = defaultdict(list)
        for dated in self.facts:
            self._of[type(dated.fact)].append(dated)

    def of(self, *kinds: type[K]) -> list[Dated[K]]:
        """The facts of these classes dated on whatever day, in history order."""
        found = [dated for kind in kinds for dated in self._of.get(kind, [])]
        return cast(list[Dated[K]], found if len(kinds) == 1 else sorted(found, key=lambda dated: dated.order))
