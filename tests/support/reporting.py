"""A write service to report to, directly: reports go in as they come off the bus, answers come back as they stand in the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import orjson

from services.finance.rules import RULES as FINANCE
from services.registry.rules import RULES as REGISTRY
from services.training.rules import RULES as TRAINING
from shared.answers import Answer, parse_answer
from shared.clock import Clock, SimulatedClock
from shared.contracts import FACTS
from shared.contracts.base import Service
from shared.contracts.common import OFFICE
from shared.contracts.envelope import NO_HASH, Record, Source, parse_record, report_bytes
from shared.event_store.interface import EventStore
from shared.rules import Rules
from shared.write_service.audit import audit
from shared.write_service.desk import Limits
from shared.write_service.handler import IncomingReport, WriteService
from tests.support.memory_store import MemoryStore

COUNTY = "330127000000"
TOWNSHIP = "330127101000"
COMMUNITY = "330127101003"
VILLAGE = "330127101205"
OTHER_VILLAGE = "330127101206"
PARK = "330127401000"
UNITS = (COUNTY, TOWNSHIP, COMMUNITY, VILLAGE, OTHER_VILLAGE, PARK)
ENTITY = "91330127MA2B1C0D18"
OLD_CODE = "330127600012345"
NEW_CODE = "92330127MA2KX0022K"
ANNA, BO, CAI, DAN = (f"P000000000000000{letter}" for letter in "ABCD")
OFFICE_TYPES = frozenset(fact.type for fact in FACTS if fact.by_office)
NOON = datetime(2010, 6, 1, 4, tzinfo=UTC)
"""Midday of 1 June 2010 in Asia/Shanghai."""
RULES: dict[Service, Rules[Any]] = {"registry": REGISTRY, "training": TRAINING, "finance": FINANCE}

_ids = count(1)


def report(
    type: str, data: dict[str, Any], *, id: str | None = None, occurred: str = "2010-03-01", by: str | None = None, system: str = "main",
    instant: datetime | None = None, version: int = 1,
) -> IncomingReport:  # fmt: skip
    """One report as it comes off the bus: from the office what only it reports, all else from `hr`, unless it is said by whom."""
    by = by or (OFFICE if type in OFFICE_TYPES else "hr")
    source = Source(COUNTY, by, system)
    raw = report_bytes(
        source=source, id=id or f"r-{next(_ids)}", type=type, version=version, occurred=date.fromisoformat(occurred), data=data
    )
    return IncomingReport(by, system, type, raw, instant)


def source_of(incoming: IncomingReport) -> str:
    """The CloudEvents source of a report."""
    return str(Source(COUNTY, incoming.department, incoming.system))


def id_of(incoming: IncomingReport) -> str:
    """The id of a readable report."""
    return str(orjson.loads(incoming.raw)["id"])


def entity(code: str = ENTITY, *, founders: Sequence[str] = (ANNA,), **more: Any) -> dict[str, Any]:
    """The payload of a registration."""
    persons = [{"person": person} for person in founders]
    return {"unit": VILLAGE, "entity": code, "name": "王记", "entity_kind": "enterprise", "founders": persons, "industry": "C2041"} | more


def void(target: IncomingReport, **more: Any) -> dict[str, Any]:
    """The payload of a void."""
    return {"source": source_of(target), "id": id_of(target), "reason": "录入错误"} | more


def correction(target: IncomingReport, data: dict[str, Any], occurred: str = "2010-03-01", **more: Any) -> dict[str, Any]:
    """The payload of a correction."""
    return {"source": source_of(target), "id": id_of(target), "reason": "录入错误", "occurred": occurred, "data": data} | more


@dataclass
class Counter:
    """The desk of one write service: hand in reports, get answers."""

    service: Service = "registry"
    store: EventStore | None = None
    clock: Clock = field(default_factory=lambda: SimulatedClock(NOON))
    rules: Rules[Any] | None = None
    limits: Limits = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kept: EventStore = self.store or MemoryStore(self.service, COUNTY)
        self.writes = self.restarted()

    def restarted(self) -> WriteService:
        """Another process on the same store."""
        fresh = WriteService(self.rules or RULES[self.service], self.kept, COUNTY, self.clock, limits=lambda: self.limits)
        fresh.recording.set()
        self.writes = fresh
        return fresh

    async def hand_in(self, *reports: IncomingReport) -> list[Answer]:
        """Hand in one batch; the newest answers of these reports."""
        await self.writes.handle(reports)
        return [await self.answer(incoming) for incoming in reports]

    async def ask(self, incoming: IncomingReport) -> Answer:
        """Hand in one report; its answer."""
        return (await self.hand_in(incoming))[0]

    async def answers(self) -> dict[tuple[str, str], Answer]:
        """The newest answer to every report."""
        found = [parse_answer(answer.body) for answer in await self.kept.unsent_answers(100_000)]
        return {(answer.source, answer.id): answer for answer in found}

    async def answer(self, incoming: IncomingReport) -> Answer:
        """The newest answer to this report."""
        return (await self.answers())[source_of(incoming), id_of(incoming)]

    async def records(self) -> list[Record]:
        """Everything recorded, closed days left out."""
        found = [parse_record(row.raw) for row in await self.kept.records(0, 100_000)]
        return [record for record in found if not record.type.endswith("day_closed")]

    async def state(self, subject: str) -> Any:
        """The stored state of one thing, or None."""
        async with self.kept.writing() as writing:
            rows = await writing.states([subject])
        return (self.rules or RULES[self.service]).states.validate_json(rows[0].state) if rows else None


async def with_units(counter: Counter, *codes: str) -> Counter:
    """The county's units listed: by the registry itself, or followed by another service."""
    listings = [report("registry.unit_listed", {"code": code, "name": code}, occurred="2009-01-01") for code in codes or UNITS]
    if counter.service == "registry":
        await counter.writes.handle(listings)
        return counter
    registry = Counter(clock=counter.clock)
    await registry.writes.handle(listings)
    await counter.writes.unit_facts(await registry.records())
    return counter


async def assert_chained(store: EventStore) -> None:
    """Positions are dense, every record names the hash before it, time never goes back, and the head is the last of them.

    Looked at plainly here, and by the audit, which derives the columns too.
    """
    prevhash, last = NO_HASH, None
    rows = await store.rows(0, 100_000)
    for position, row in enumerate(rows, start=1):
        record = parse_record(row.raw)
        assert row.position == record.position == position
        assert record.prevhash == prevhash
        assert row.hash == record.hash
        assert last is None or record.recorded >= last
        assert (row.type, row.source, row.id, row.occurred, row.recorded) == (
            record.type, record.source, record.id, record.occurred, record.recorded,
        )  # fmt: skip
        prevhash, last = record.hash, record.recorded
    head = await store.head()
    assert (head.position, head.hash, head.recorded) == (len(rows), prevhash, last)
    assert [finding async for finding in audit(store)] == []
