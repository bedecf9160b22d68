"""Reports on their way: kept by the day they will be sent on, handed out in the order of their instants."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from deploy.simulator.desks import Desk
from deploy.simulator.rates import Dirt
from deploy.simulator.report import SimulatedReport
from deploy.simulator.versions import as_sent

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EAST_US = 8 * HOUR_US
"""Asia/Shanghai is eight hours ahead of UTC all year round (no summer time since 1991)."""


def midnight_us(day: int) -> int:
    """Microseconds since 1970 (UTC) at which a day begins in Asia/Shanghai."""
    return (day - _EPOCH_DAY) * DAY_US - _EAST_US


def day_of_us(instant: int) -> int:
    """The day in Asia/Shanghai on which an instant falls, as an ordinal."""
    return (instant + _EAST_US) // DAY_US + _EPOCH_DAY


class Outgoing:
    """One report before it is put into bytes. `raw` overrides the bytes, `source` what the body says about who reports."""

    __slots__ = ("data", "day", "desk", "dirt", "id", "instant", "raw", "source", "type")

    def __init__(self, instant: int, desk: Desk, id: str, type: str, day: int, data: dict[str, Any], dirt: Dirt = "clean") -> None:
        self.instant = instant
        self.desk = desk
        self.id = id
        self.type = type
        self.day = day
        self.data = data
        self.dirt: Dirt = dirt
        self.source = desk.source
        self.raw: bytes | None = None

    def again(self, instant: int, dirt: Dirt) -> "Outgoing":
        """The same report at another time."""
        copy = Outgoing(instant, self.desk, self.id, self.type, self.day, self.data, dirt)
        copy.source = self.source
        return copy


def _when(outgoing: Outgoing) -> int:
    return outgoing.instant


class Outbox:
    """The days to come and what will be sent on each. Nothing is kept for days after the last."""

    def __init__(self, first_day: int, last_day: int) -> None:
        self.last_day = last_day
        self._today = first_day
        self._days: dict[int, list[Outgoing]] = {}
        self._day_texts: dict[int, str] = {}

    def begin_day(self, day: int) -> None:
        """From now on nothing is sent before this day."""
        self._today = day

    def send(self, outgoing: Outgoing) -> None:
        """Keep a report for the day of its instant."""
        day = day_of_us(outgoing.instant)
        assert day >= self._today, "a report would be sent on a day that is over"
        if day <= self.last_day:
            self._days.setdefault(day, []).append(outgoing)

    def waiting(self, day: int) -> int:
        """How many reports will be sent on this day, as far as is known."""
        return len(self._days.get(day, ()))

    def take(self, day: int) -> list[SimulatedReport]:
        """The reports of a day in the order they are sent."""
        outgoing = self._days.pop(day, [])
        outgoing.sort(key=_when)
        return [self._written(each) for each in outgoing]

    def day_text(self, day: int) -> str:
        """The day as contracts spell it."""
        text = self._day_texts.get(day)
        if text is None:
            text = self._day_texts[day] = date.fromordinal(day).isoformat()
        return text

    def _written(self, outgoing: Outgoing) -> SimulatedReport:
        raw = outgoing.raw
        if raw is None:
            raw = self._bytes(outgoing, *as_sent(outgoing.type, outgoing.data))
        instant = _EPOCH + timedelta(microseconds=outgoing.instant)
        desk = outgoing.desk
        return SimulatedReport(desk.department, desk.system, outgoing.id, outgoing.type, raw, instant, outgoing.dirt)

    def bytes_of(self, outgoing: Outgoing) -> bytes:
        """The report's JSON in the first version of its type, whatever version it is sent in: what chance does to it depends on its length,
        and what befalls a county must not depend on which systems were renewed.
        """
        return self._bytes(outgoing, 1, outgoing.data)

    def _bytes(self, outgoing: Outgoing, version: int, data: dict[str, Any]) -> bytes:
        """JSON as `shared.contracts.envelope.report_bytes` writes it (a test compares them); inlined for speed."""
        occurred = self._day_texts.get(outgoing.day) or self.day_text(outgoing.day)
        return orjson.dumps({
            "specversion": "1.0", "id": outgoing.id, "source": outgoing.source, "type": f"{outgoing.type}.v{version}",
            "datacontenttype": "application/json", "occurred": occurred, "data": data,
        })  # fmt: skip
