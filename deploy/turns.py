"""Keeps simulated reports in turn where their order decides what comes of them.

Any order of arrival gives the same figures, but for two cases. Of reports that speak of the same thing (a contradiction, a statistic
published anew, two corrections) the first or the last holds; and a fact of a day to come is refused only as long as that day has not
come. In life such reports are days apart. A demonstration plays years in seconds, so that both would be under way at once, and a broker
or a service that dies could turn them around. So the later one waits here until the earlier one is answered. Pure.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import orjson

from shared.client import OutgoingReport
from shared.contracts import UnknownFactTypeError, fact_class
from shared.contracts.common import common_class
from shared.days import day_of

Key = tuple[str, str]
"""Source and id: what an answer is found by."""
Matter = tuple[str, ...]
"""What a report speaks of: its natural key, or the fact it amends."""


@dataclass(slots=True)
class _Service:
    """One service's reports about days to come that are under way, and what must not overtake them."""

    to_come: dict[Key, date] = field(default_factory=dict)
    held: deque[OutgoingReport] = field(default_factory=deque)

    def holds(self, report: OutgoingReport) -> bool:
        """Whether the service's clock would reach one of those days by this report."""
        if not self.to_come:
            return False
        assert report.instant is not None
        return day_of(report.instant) >= min(self.to_come.values())


@dataclass(slots=True)
class Turns:
    """Give every report to `put` and the key of every answer to `answered`; send what either of them gives back."""

    _matters: dict[Matter, deque[OutgoingReport]] = field(default_factory=dict)
    """The matters under way, with the reports that wait for their turn."""
    _under_way: dict[Key, deque[Matter]] = field(default_factory=dict)
    _services: dict[str, _Service] = field(default_factory=dict)
    _waiting: int = 0
    """How many reports wait for their turn: asked for with every report."""

    def __len__(self) -> int:
        """How many reports wait for their turn."""
        return self._waiting

    def put(self, report: OutgoingReport) -> Iterator[OutgoingReport]:
        """The report, if its turn is now; otherwise it is kept."""
        service = self._service(report)
        if service.held or service.holds(report):
            self._waiting += 1
            service.held.append(report)
        else:
            yield from self._admit(report, service)

    def answered(self, key: Key) -> Iterator[OutgoingReport]:
        """What to send now that the report of this source and id is answered. Later answers to it change nothing."""
        if matters := self._under_way.get(key):
            matter = matters.popleft()
            if not matters:
                del self._under_way[key]
            if self._matters[matter]:
                self._waiting -= 1
                report = self._matters[matter].popleft()
                self._under_way.setdefault(_key(report), deque()).append(matter)
                yield report
            else:
                del self._matters[matter]
        for service in self._services.values():
            if service.to_come.pop(key, None) is not None:
                while service.held and not service.holds(service.held[0]):
                    self._waiting -= 1
                    yield from self._admit(service.held.popleft(), service)

    def _admit(self, report: OutgoingReport, service: _Service) -> Iterator[OutgoingReport]:
        said = _said(report)
        if said is None:  # nothing comes of it
            yield report
            return
        matter, occurred = said
        if matter in self._matters:
            self._waiting += 1
            self._matters[matter].append(report)
            return
        self._matters[matter] = deque()
        self._under_way.setdefault(_key(report), deque()).append(matter)
        assert report.instant is not None
        if (day := _day(occurred)) is not None and day > day_of(report.instant):
            service.to_come[_key(report)] = day
        yield report

    def _service(self, report: OutgoingReport) -> _Service:
        return self._services.setdefault(report.type.partition(".")[0], _Service())


def _key(report: OutgoingReport) -> Key:
    return str(report.source), report.id


def _said(report: OutgoingReport) -> tuple[Matter, str] | None:
    """What a report speaks of and its day; None where that cannot be read."""
    names = _names(report.type)
    if names is None:
        return None
    try:
        body = orjson.loads(report.raw)
        data, occurred = body["data"], str(body["occurred"])  # a spreadsheet makes a number of it
        return (report.type, *[occurred if name == "occurred" else str(data.get(name)) for name in names]), occurred
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def _day(text: str) -> date | None:
    """The day that a text spells; None where the report is refused for how it spells it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cache
def _names(type: str) -> tuple[str, ...] | None:
    """The fields by which reports of this type speak of the same thing."""
    if common_class(type) is not None:
        return ("source", "id")
    try:
        return fact_class(type, 1).natural_key
    except UnknownFactTypeError:
        return None
