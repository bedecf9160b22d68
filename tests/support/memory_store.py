"""The event store kept in memory: the same promises as the one in PostgreSQL, proved by the same suite."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.contracts.base import Service, Subject
from shared.contracts.envelope import NO_HASH
from shared.contracts.outcomes import Reason
from shared.event_store.interface import (
    ActRow,
    AsideRow,
    AttemptRow,
    Changes,
    Counts,
    Dossier,
    Head,
    KeptQuery,
    OutgoingAnswer,
    Recorded,
    RecordRow,
    ReportKey,
    ReportRow,
    StateRow,
)


def wall_time() -> datetime:
    return datetime.now(UTC)


@dataclass
class MemoryStore:
    """`database_clock` may be replaced to see what happens when the clocks disagree."""

    service: Service
    county: str
    database_clock: Callable[[], datetime] = wall_time
    head_row: Head = field(default_factory=lambda: Head(0, NO_HASH, None, None, 0, 0, 0, 0, None, secrets.token_bytes(32)))
    record_rows: list[RecordRow] = field(default_factory=list)
    report_rows: dict[tuple[ReportKey, bytes], ReportRow] = field(default_factory=dict)
    needs: dict[ReportKey, frozenset[str]] = field(default_factory=dict)
    state_rows: dict[Subject, StateRow] = field(default_factory=dict)
    alias_rows: dict[str, str] = field(default_factory=dict)
    unit_rows: dict[int, bytes] = field(default_factory=dict)
    outbox: dict[int, OutgoingAnswer] = field(default_factory=dict)
    aside_rows: dict[int, AsideRow] = field(default_factory=dict)
    attempt_rows: dict[tuple[ReportKey, int], AttemptRow] = field(default_factory=dict)
    act_rows: dict[str, ActRow] = field(default_factory=dict)
    stated: set[str] = field(default_factory=set)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _sender: object | None = None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["MemoryWriting"]:
        async with self._lock:
            yield MemoryWriting(self)

    async def head(self) -> Head:
        return self.head_row

    async def records(self, after_position: int, limit: int) -> list[Recorded]:
        return [Recorded(row.position, row.hash, row.type, row.raw) for row in await self.rows(after_position, limit)]

    async def wire_types(self) -> set[str]:
        return {row.wire_type for row in self.record_rows} | self.stated

    async def record_hash(self, position: int) -> str | None:
        return self.record_rows[position - 1].hash if 0 < position <= len(self.record_rows) else None

    async def rows(self, after_position: int, limit: int) -> list[RecordRow]:
        return self.record_rows[after_position : after_position + limit]

    @asynccontextmanager
    async def sole_sender(self) -> AsyncIterator[Callable[[], bool]]:
        me = object()
        self._sender = self._sender or me
        try:
            yield lambda: self._sender is me
        finally:
            if self._sender is me:
                self._sender = None

    async def unsent_answers(self, limit: int) -> list[OutgoingAnswer]:
        return sorted(self.outbox.values())[:limit]

    async def mark_sent(self, numbers: Sequence[int]) -> None:
        self.outbox = {number: answer for number, answer in self.outbox.items() if number not in set(numbers)}

    async def set_aside(self, limit: int) -> list[AsideRow]:
        return sorted(self.aside_rows.values(), key=lambda row: -row.arrival)[:limit]

    async def counts(self) -> Counts:
        waiting = sum(row.outcome == "waiting" for row in self.report_rows.values())
        first = min((row for row in self.report_rows.values() if row.outcome == "waiting"), key=lambda row: row.arrival, default=None)
        oldest = None if first is None else first.arrived
        return Counts(self.head_row.position, waiting, len(self.outbox), len(self.aside_rows), oldest)

    async def kept(self, query: KeptQuery) -> list[ReportRow]:
        found = [row for row in self.report_rows.values() if row.outcome != "recorded" and row.arrival > query.after and _asked(row, query)]
        return sorted(found, key=lambda row: row.arrival)[: query.limit]

    async def sources_of(self, id: str) -> list[str]:
        kept = {row.source for row in self.report_rows.values() if row.id == id and row.outcome != "recorded"}
        return sorted(kept | {row.source for row in self.attempt_rows.values() if row.id == id})

    async def dossier(self, key: ReportKey) -> Dossier:
        reports = sorted((row for row in self.report_rows.values() if row.key == key), key=lambda row: (-row.revision, -row.arrival))
        return Dossier(
            reports=tuple(reports),
            attempts=tuple(sorted(row for (of, _), row in self.attempt_rows.items() if of == key)),
            acts=tuple(row for row in self.act_rows.values() if row.source == key.source and key.id in (row.id, row.copy)),
            needs=tuple(sorted(self.needs.get(key, ()))),
            aside=tuple(row for _, row in sorted(self.aside_rows.items()) if (row.source, row.id) == key),
        )


def _asked(row: ReportRow, query: KeptQuery) -> bool:
    assert row.reason is not None
    assert row.kept is not None
    _, _, department, system = row.source.split("/")
    dealt_with = row.outcome == "refused" and row.reason.code in ("dismissed", "corrected")
    state = row.reason.code if dealt_with else row.outcome
    text = query.text
    return (
        state in query.states
        and query.type in (None, row.type)
        and query.department in (None, department)
        and query.system in (None, system)
        and (query.since is None or (row.arrived is not None and row.arrived >= query.since))
        and (query.before is None or row.arrived is None or row.arrived < query.before)
        and (text is None or any(text in each for each in (row.id, *_words(row.reason))) or text.encode() in row.kept)
    )


def _words(reason: Reason) -> tuple[str, str, str]:
    return reason.code, reason.zh, reason.en


class MemoryWriting:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._now = store.database_clock()

    @property
    def head(self) -> Head:
        return self._store.head_row

    @property
    def database_now(self) -> datetime:
        return self._now

    async def reports(self, keys: Sequence[ReportKey]) -> list[ReportRow]:
        return [row for row in self._store.report_rows.values() if row.key in set(keys)]

    async def waiting(self, needs: Sequence[str]) -> list[tuple[str, ReportKey]]:
        return [(need, key) for key, needed in self._store.needs.items() for need in needed.intersection(needs)]

    async def all_waiting(self, after_arrival: int, limit: int) -> list[ReportRow]:
        waiting = [row for row in self._store.report_rows.values() if row.outcome == "waiting" and row.arrival > after_arrival]
        return sorted(waiting, key=lambda row: row.arrival)[:limit]

    async def act(self, act: str) -> ActRow | None:
        return self._store.act_rows.get(act)

    async def states(self, subjects: Sequence[Subject]) -> list[StateRow]:
        return [self._store.state_rows[subject] for subject in subjects if subject in self._store.state_rows]

    async def naturals(self, digests: Sequence[int]) -> set[int]:
        return {row.natural for row in self._store.record_rows if row.natural is not None and row.natural in set(digests)}

    async def histories(self, subjects: Sequence[Subject]) -> list[RecordRow]:
        return [row for row in self._store.record_rows if row.about in set(subjects)]

    async def about(self, positions: Sequence[int]) -> dict[int, Subject | None]:
        return {position: self._store.record_rows[position - 1].about for position in positions}

    async def aliases(self) -> Mapping[str, str]:
        return dict(self._store.alias_rows)

    async def units(self) -> list[bytes]:
        return [raw for _, raw in sorted(self._store.unit_rows.items())]

    async def commit(self, changes: Changes) -> None:
        store = self._store
        assert changes.head.position == self.head.position + len(changes.records)
        assert all((row.arrival <= self.head.arrivals) == (at in store.report_rows) for at, row in changes.reports.items())
        came = {at: row.arrived for at, row in store.report_rows.items()}
        reports = store.report_rows | {at: row._replace(arrived=came.get(at, row.arrived)) for at, row in changes.reports.items()}
        bound = [row.key for row in reports.values() if row.outcome != "refused"]
        assert len(bound) == len(set(bound)), "at most one content of an id stands"
        assert not store.unit_rows.keys() & {position for position, _ in changes.units}
        store.record_rows += changes.records
        store.stated |= changes.stated
        store.report_rows = reports
        store.needs = {key: needs for key, needs in (store.needs | changes.waiting).items() if needs}
        store.state_rows |= changes.states
        store.alias_rows = {code: oldest for code, oldest in (store.alias_rows | changes.aliases).items() if code != oldest}
        store.unit_rows |= dict(changes.units)
        store.outbox |= {answer.number: answer for answer in changes.answers.values()}
        store.aside_rows |= {row.arrival: row for row in changes.aside}
        attempts = {(ReportKey(row.source, row.id), row.revision): row for row in changes.attempts}
        acts = {row.act: row for row in changes.acts}
        assert len(attempts) == len(changes.attempts)
        assert not attempts.keys() & store.attempt_rows.keys()
        assert not acts.keys() & store.act_rows.keys()
        store.attempt_rows |= attempts
        store.act_rows |= acts
        store.head_row = changes.head
