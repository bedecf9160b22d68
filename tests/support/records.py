"""Recorded histories, written down fact by fact: what the three services have recorded, as the exact bytes they would publish.

One small county that can be surveyed at a glance: two townships, one community (urban), three villages (one of them urban) and two
parks (one urban). Every service's positions are dense and each record names the hash before it. A record's instant is the first
moments of its known day in Asia/Shanghai, still the day before in UTC, and the services' instants coincide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import orjson

from shared.contracts.base import SERVICES, Fact, Service, service_of
from shared.contracts.common import COMMON_VERSION, DayClosed, FactCorrected, FactVoided, common_type, day_closed_id, system_source
from shared.contracts.envelope import NO_HASH, Record, parse_record, record_bytes
from shared.contracts.registry import UnitListed
from shared.days import SHANGHAI

COUNTY = "330127000000"
TOWN, TOWN_B = "330127101000", "330127102000"
COMMUNITY = "330127101001"
VILLAGE, VILLAGE_2, VILLAGE_B = "330127101201", "330127101202", "330127102201"
PARK, PARK_2 = "330127401000", "330127402000"
ROSTER: dict[str, str | None] = {
    COUNTY: None, TOWN: None, TOWN_B: None, COMMUNITY: "111", VILLAGE: "220", VILLAGE_2: "122", VILLAGE_B: "220", PARK: None, PARK_2: "121",
}  # fmt: skip
"""Unit → 城乡分类代码."""
UNITS = tuple(ROSTER)
LISTED = date(2020, 1, 1)
SOURCE = f"/{COUNTY}/employment/hr"

Day = str | date


@dataclass(frozen=True, slots=True)
class Told:
    """A recorded fact, as voids and corrections name it."""

    service: Service
    id: str
    fact: Fact
    source: str = SOURCE


def person(number: int) -> str:
    """A pseudonym."""
    return f"P{number:016d}"


def entity(number: int) -> str:
    """An older 15-digit registration number."""
    return f"330127{number:09d}"


class Records:
    """What the three services have recorded so far. A known day may not lie before the last one of its service."""

    def __init__(self, roster: dict[str, str | None] | None = None) -> None:
        self.of: dict[Service, list[Record]] = {service: [] for service in SERVICES}
        self.listings = {
            code: self.add(LISTED, UnitListed(code=code, name=code, urban_rural_class=own))
            for code, own in (ROSTER if roster is None else roster).items()
        }
        """The units' listings."""

    def add(self, on: Day, fact: Fact, *, known: Day | None = None, source: str = SOURCE) -> Told:
        """Record a fact; without a known day on the day on which it occurred."""
        service = cast(Service, service_of(fact))
        id = f"r-{len(self.of[service]) + 1}"
        self._record(service, source, id, fact.type, fact.version, _day(on), _day(known or on), _data(fact))
        return Told(service, id, fact, source)

    def void(self, told: Told, *, known: Day) -> None:
        """Void a fact."""
        data = {"source": told.source, "id": told.id, "reason": "重复录入"}
        self._amend(told, FactVoided, _day(known), data)

    def correct(self, told: Told, on: Day, fact: Fact, *, known: Day) -> None:
        """Correct a fact to this day and content."""
        data = {"source": told.source, "id": told.id, "reason": "录错", "occurred": _day(on).isoformat(), "data": _data(fact)}
        self._amend(told, FactCorrected, _day(known), data | ({"version": fact.version} if fact.version > 1 else {}))

    def something_else(self, service: Service, name: str, *, known: Day, version: int = 1) -> None:
        """Record a fact of a type, or a version, that this release knows nothing of."""
        day = _day(known)
        self._record(service, SOURCE, f"x-{len(self.of[service]) + 1}", f"{service}.{name}", version, day, day, {"seen": "nothing"})

    def close(self, day: Day, *services: Service) -> None:
        """Services (all of them, unless named) close a day, on the morning of the next."""
        closed = _day(day)
        for service in services or SERVICES:
            source = str(system_source(COUNTY, service))
            type_ = common_type(DayClosed, service)
            data = {"day": closed.isoformat()}
            self._record(service, source, day_closed_id(closed), type_, COMMON_VERSION, closed, closed + timedelta(days=1), data)

    def __iter__(self) -> Iterator[Record]:
        """Every record, as they were recorded."""
        return iter(sorted((record for chain in self.of.values() for record in chain), key=lambda record: record.recorded))

    @property
    def json(self) -> list[dict[str, Any]]:
        """Every record as exported, by service and position."""
        return as_json(record for service in SERVICES for record in self.of[service])

    @property
    def known_days(self) -> list[date]:
        """The days on which anything became known."""
        return sorted({record.known_day for record in self})

    def _amend(self, told: Told, shape: type[FactVoided | FactCorrected], known: date, data: dict[str, Any]) -> None:
        id = f"a-{len(self.of[told.service]) + 1}"
        self._record(told.service, SOURCE, id, common_type(shape, told.service), COMMON_VERSION, known, known, data)

    def _record(
        self, service: Service, source: str, id: str, type: str, version: int, occurred: date, known: date, data: dict[str, Any]
    ) -> None:
        chain = self.of[service]
        assert occurred <= known, "a fact of a later day is refused"
        assert not chain or chain[-1].known_day <= known, "recorded time never goes back"
        recorded = datetime(known.year, known.month, known.day, tzinfo=SHANGHAI) + timedelta(microseconds=len(chain))
        raw = record_bytes(
            source=source, id=id, type=type, version=version, occurred=occurred, recorded=recorded, position=len(chain) + 1,
            prevhash=chain[-1].hash if chain else NO_HASH, data=data,
        )  # fmt: skip
        chain.append(parse_record(raw))


def as_json(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Records as exported."""
    return [orjson.loads(record.raw) for record in records]


def _day(day: Day) -> date:
    return day if isinstance(day, date) else date.fromisoformat(day)


def _data(fact: Fact) -> dict[str, Any]:
    return fact.model_dump(mode="json", exclude_none=True)
