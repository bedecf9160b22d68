"""The event store in PostgreSQL: one database per service, one schema per county, bulk statements throughout.

asyncpg is used directly: a batch is a dozen statements over arrays, and `COPY` for records, which SQLAlchemy would only wrap. The
tables are built by the migrations (`deploy/migrations/write`), which are SQLAlchemy's and Alembic's.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Self

import asyncpg
import orjson

from shared.contracts.base import Service, Subject
from shared.contracts.envelope import NO_HASH
from shared.contracts.outcomes import Reason
from shared.county_schema import county_schema
from shared.event_store import statements as sql
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
from shared.pools import close_pool

CONNECTIONS_MAX = 5
"""One writes, one holds the sender's lock; the relay, the sender of answers and health read beside them."""
COMMAND_SECONDS_MAX = 60.0
"""How long one statement may take, waiting for the lock on the head included."""
KEY_BYTES = 32
_GONE = (asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError, OSError)
"""What tidying up raises on a connection that is gone: the server has let go of transaction and lock by itself then."""


class PostgresStore:
    """One write service's store. Open it with `PostgresStore.open`, on a migrated database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", service: Service, county: str) -> None:
        self._pool = pool
        self._service = service
        self._county = county
        self._wire_types: frozenset[str] = frozenset()
        """Some of those that are there already."""

    @classmethod
    async def open(cls, dsn: str, service: Service, county: str) -> Self:
        """Connect, and on the first time make the head. Raises what asyncpg raises, and ValueError when the schema is another service's."""
        settings = {"search_path": county_schema(county), "synchronous_commit": "on", "application_name": f"kaiye-{service}"}
        pool = await asyncpg.create_pool(
            dsn, min_size=1, max_size=CONNECTIONS_MAX, command_timeout=COMMAND_SECONDS_MAX, server_settings=settings, reset=_let_go
        )
        try:
            await pool.execute(sql.MAKE_HEAD, service, county, NO_HASH, secrets.token_bytes(KEY_BYTES))
            owner = await pool.fetchval(sql.OWNER)
            if owner != service:
                raise ValueError(f"该数据库属于 {owner} 服务，不属于 {service} / this database belongs to {owner}, not to {service}")
        except BaseException:
            await close_pool(pool)
            raise
        return cls(pool, service, county)

    async def close(self) -> None:
        """Give all connections back."""
        await close_pool(self._pool)

    @property
    def service(self) -> Service:
        """Whose truth it holds."""
        return self._service

    @property
    def county(self) -> str:
        """Which county's."""
        return self._county

    @asynccontextmanager
    async def writing(self) -> AsyncIterator["PostgresWriting"]:
        """Open a transaction and lock the head."""
        async with self._pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            writing = PostgresWriting(connection, transaction, self._wire_types)
            try:
                await writing.lock()
                yield writing
                if writing.committed:
                    self._wire_types |= writing.wire_types
            finally:
                if not writing.committed:
                    with suppress(*_GONE):
                        await transaction.rollback()

    async def head(self) -> Head:
        """The head, not locked."""
        return _head(await self._pool.fetchrow(sql.HEAD))

    async def records(self, after_position: int, limit: int) -> list[Recorded]:
        """The records behind a position, in order."""
        rows = await self._pool.fetch(sql.RECORDS, after_position, limit)
        return [Recorded(*row) for row in rows]

    async def wire_types(self) -> set[str]:
        """The type, with its version, of everything recorded."""
        return {row["name"] for row in await self._pool.fetch(sql.WIRE_TYPES)}

    async def record_hash(self, position: int) -> str | None:
        """The hash of one record; None when there is none."""
        found: str | None = await self._pool.fetchval(sql.RECORD_HASH, position)
        return found

    async def rows(self, after_position: int, limit: int) -> list[RecordRow]:
        """The records with their derived columns."""
        rows = await self._pool.fetch(sql.RECORD_ROWS, after_position, limit)
        return [RecordRow(*row) for row in rows]

    @asynccontextmanager
    async def sole_sender(self) -> AsyncIterator[Callable[[], bool]]:
        """Try to be the one process that publishes answers: a lock of the session, let go when the session ends in any way."""
        async with self._pool.acquire() as connection:
            try:
                locked = bool(await connection.fetchval(sql.LOCK_SENDER))
                yield lambda: locked and _is_open(connection)
            finally:
                with suppress(*_GONE):
                    await connection.execute(sql.UNLOCK_SENDER)

    async def unsent_answers(self, limit: int) -> list[OutgoingAnswer]:
        """Answers to publish, oldest first."""
        rows = await self._pool.fetch(sql.OUTBOX, limit)
        return [OutgoingAnswer(*row) for row in rows]

    async def mark_sent(self, numbers: Sequence[int]) -> None:
        """These answers were published."""
        await self._pool.execute(sql.MARK_SENT, list(numbers))

    async def set_aside(self, limit: int) -> list[AsideRow]:
        """Reports that met a bug, newest first."""
        rows = await self._pool.fetch(sql.ASIDE, limit)
        return [AsideRow(*row) for row in rows]

    async def kept(self, query: KeptQuery) -> list[ReportRow]:
        """A page of reports that wait or were refused, by arrival."""
        rows = await self._pool.fetch(
            sql.KEPT,
            query.after, query.limit, list(query.states), query.type, query.department, query.system, query.since, query.before, query.text,
        )  # fmt: skip
        return [_report(row) for row in rows]

    async def sources_of(self, id: str) -> list[str]:
        """Who reported something under this id that was not simply recorded at once."""
        return [source for (source,) in await self._pool.fetch(sql.SOURCES_OF, id)]

    async def dossier(self, key: ReportKey) -> Dossier:
        """Everything kept about one report, all of it as of one moment."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            return Dossier(
                reports=tuple(_report(row) for row in await connection.fetch(sql.CONTENTS, *key)),
                attempts=tuple(_attempt(row) for row in await connection.fetch(sql.ATTEMPTS, *key)),
                acts=tuple(_act(row) for row in await connection.fetch(sql.ACTS, *key)),
                needs=tuple(need for (need,) in await connection.fetch(sql.NEEDS, *key)),
                aside=tuple(AsideRow(*row) for row in await connection.fetch(sql.ASIDE_OF, *key)),
            )

    async def counts(self) -> Counts:
        """How much there is of everything."""
        row = await self._pool.fetchrow(sql.COUNTS)
        assert row is not None
        return Counts(*row)


class PostgresWriting:
    """One transaction under the lock on the head."""

    def __init__(self, connection: Any, transaction: Any, wire_types: frozenset[str]) -> None:
        self.wire_types = wire_types
        """Some of those that are there, once this is committed."""
        self._connection = connection
        self._transaction = transaction
        self._head: Head | None = None
        self._now: datetime | None = None
        self.committed = False

    async def lock(self) -> None:
        """Wait for the lock; then read the clock."""
        self._head = _head(await self._connection.fetchrow(sql.LOCKED_HEAD))
        self._now = await self._connection.fetchval(sql.NOW)

    @property
    def head(self) -> Head:
        """The head as locked."""
        assert self._head is not None
        return self._head

    @property
    def database_now(self) -> datetime:
        """The database's clock, read after the lock was had."""
        assert self._now is not None
        return self._now

    async def reports(self, keys: Sequence[ReportKey]) -> list[ReportRow]:
        """All rows of these reports."""
        rows = await self._connection.fetch(
            sql.REPORTS,
            [key.source for key in keys], [key.id for key in keys],
        )  # fmt: skip
        return [_report(row) for row in rows]

    async def waiting(self, needs: Sequence[str]) -> list[tuple[str, ReportKey]]:
        """Which reports wait for which of these needs."""
        rows = await self._connection.fetch(sql.WAITING, list(needs))
        return [(need, ReportKey(source, id_)) for need, source, id_ in rows]

    async def all_waiting(self, after_arrival: int, limit: int) -> list[ReportRow]:
        """Waiting reports in order of arrival."""
        rows = await self._connection.fetch(sql.ALL_WAITING, after_arrival, limit)
        return [_report(row) for row in rows]

    async def act(self, act: str) -> ActRow | None:
        """What was done at the repair desk under this name."""
        row = await self._connection.fetchrow(sql.ACT, act)
        return None if row is None else _act(row)

    async def states(self, subjects: Sequence[Subject]) -> list[StateRow]:
        """The stored states."""
        rows = await self._connection.fetch(sql.STATES, list(subjects))
        return [StateRow(subject, state.encode(), opened, occurred, position) for subject, state, opened, occurred, position in rows]

    async def naturals(self, digests: Sequence[int]) -> set[int]:
        """Which of these natural keys some record carries."""
        rows = await self._connection.fetch(sql.NATURALS, list(digests))
        return {natural for (natural,) in rows}

    async def histories(self, subjects: Sequence[Subject]) -> list[RecordRow]:
        """All records about these subjects by position."""
        rows = await self._connection.fetch(sql.HISTORIES, list(subjects))
        return [RecordRow(*row) for row in rows]

    async def about(self, positions: Sequence[int]) -> dict[int, Subject | None]:
        """What the records at these positions are about."""
        return dict(await self._connection.fetch(sql.ABOUT, list(positions)))

    async def aliases(self) -> Mapping[str, str]:
        """Replaced entity codes and the oldest code of each."""
        return dict(await self._connection.fetch(sql.ALIASES))

    async def units(self) -> list[bytes]:
        """The unit facts by registry position."""
        return [raw for _, raw in await self._connection.fetch(sql.UNIT_FACTS)]

    async def commit(self, changes: Changes) -> None:
        """Write everything and end the transaction."""
        assert changes.head.position == self.head.position + len(changes.records), "positions are dense"
        if changes.records:
            await self._copy("record", sql.RECORD_COLUMNS, (_record_values(row) for row in changes.records))
            await self._write_wire_types({row.wire_type for row in changes.records} | changes.stated)
        if changes.reports:
            await self._write_reports(changes.reports.values())
        await self._write_waiting(changes.waiting)
        if changes.states:
            await self._write_states(changes.states.values())
        if changes.answers:
            await self._copy("outbox", sql.OUTBOX_COLUMNS, changes.answers.values())
        await self._write_rest(changes)
        head = changes.head
        await self._connection.execute(
            sql.PUT_HEAD,
            head.position, head.hash, head.recorded, head.closed, head.followed, head.arrivals, head.answers, head.commits, head.simulated,
        )  # fmt: skip
        await self._transaction.commit()
        self.committed = True

    async def _copy(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        await self._connection.copy_records_to_table(table, columns=columns, records=rows)

    async def _write_wire_types(self, names: set[str]) -> None:
        """Nothing to write, nearly always: every batch but the first of a type finds them there."""
        if new := names - self.wire_types:
            await self._connection.execute(sql.PUT_WIRE_TYPES, sorted(new))
            self.wire_types |= new

    async def _write_reports(self, rows: Iterable[ReportRow]) -> None:
        """Known contents first, and of those the refused: one that gives way goes before the one that stands."""
        known, new = list[ReportRow](), list[ReportRow]()
        for row in rows:
            (known if row.arrival <= self.head.arrivals else new).append(row)
        known.sort(key=lambda row: row.outcome != "refused")
        if known:
            await self._connection.execute(sql.PUT_REPORTS, *zip(*map(_report_values, known), strict=True))
        if new:
            await self._copy("report", sql.REPORT_COLUMNS, map(_report_values, new))

    async def _write_waiting(self, waiting: Mapping[ReportKey, frozenset[str]]) -> None:
        if not waiting:
            return
        await self._connection.execute(
            sql.FORGET_WAITING,
            [key.source for key in waiting], [key.id for key in waiting],
        )  # fmt: skip
        rows = [(need, key.source, key.id) for key, needs in waiting.items() for need in needs]
        if rows:
            await self._copy("waiting", ("need", "source", "id"), rows)

    async def _write_states(self, rows: Iterable[StateRow]) -> None:
        values = [(row.subject, row.state.decode(), row.opened, row.occurred, row.position) for row in rows]
        await self._connection.execute(sql.PUT_STATES, *zip(*values, strict=True))

    async def _write_rest(self, changes: Changes) -> None:
        """What few batches change."""
        if changes.aliases:
            await self._connection.execute(sql.FORGET_ALIASES, list(changes.aliases))
            renamed = [(code, oldest) for code, oldest in changes.aliases.items() if code != oldest]
            await self._copy("alias", ("code", "oldest"), renamed)
        if changes.units:
            await self._copy("unit_fact", ("position", "raw"), changes.units)
        if changes.attempts:
            await self._copy("attempt", sql.ATTEMPT_COLUMNS, map(_attempt_values, changes.attempts))
        if changes.acts:
            await self._copy("act", sql.ACT_COLUMNS, map(_act_values, changes.acts))
        for row in changes.aside:
            await self._connection.execute(sql.PUT_ASIDE, row.arrival, row.source, row.id, row.at, row.kept, row.traceback)


async def _let_go(connection: Any) -> None:
    """Before the pool lends a connection again: asyncpg has ended what transaction there was.

    Its own clean-up, a statement more for every statement of the pool, would also forget settings, cursors and channels that nothing
    here makes; the sender's lock is let go of where it was taken.
    """
    assert not connection.is_in_transaction()


def _is_open(connection: Any) -> bool:
    """Whether a connection out of the pool is: a lost one is taken back by the pool, and cannot even be asked."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False


def _head(row: Any) -> Head:
    assert row is not None
    return Head(*row)


def _report(row: Any) -> ReportRow:
    source, id_, digest, arrival, type_, outcome, revision, code, zh, en, position, flags, kept, arrived = row
    said = tuple(Reason(**flag) for flag in orjson.loads(flags)) if flags is not None else ()
    return ReportRow(
        source, id_, digest, arrival, type_, outcome, revision, _reason(code, zh, en), position, said, kept, arrived
    )  # fmt: skip


def _report_values(row: ReportRow) -> tuple[Any, ...]:
    flags = orjson.dumps(row.flags).decode() if row.flags else None
    return (
        row.source, row.id, row.digest, row.arrival, row.type, row.outcome, row.revision, *_said(row.reason), row.position, flags, row.kept,
        row.arrived,
    )  # fmt: skip


def _attempt(row: Any) -> AttemptRow:
    source, id_, revision, digest, at, outcome, code, zh, en, position = row
    return AttemptRow(source, id_, revision, digest, at, outcome, _reason(code, zh, en), position)


def _attempt_values(row: AttemptRow) -> tuple[Any, ...]:
    return (row.source, row.id, row.revision, row.digest, row.at, row.outcome, *_said(row.reason), row.position)


def _act(row: Any) -> ActRow:
    act, at, kind, source, id_, who, why, changes, copy, outcome, code, zh, en, revision, position = row
    return ActRow(act, at, kind, source, id_, who, why, changes, copy, outcome, _reason(code, zh, en), revision, position)


def _act_values(row: ActRow) -> tuple[Any, ...]:
    *first, reason, revision, position = row
    return (*first, *_said(reason), revision, position)


def _reason(code: str | None, zh: str, en: str) -> Reason | None:
    return None if code is None else Reason(code, zh, en)


def _said(reason: Reason | None) -> tuple[str | None, str | None, str | None]:
    return (None, None, None) if reason is None else (reason.code, reason.zh, reason.en)


def _record_values(row: RecordRow) -> tuple[Any, ...]:
    return (
        row.position, row.hash, row.type, row.source, row.id, row.occurred, row.recorded, row.about, row.natural, row.raw,
    )  # fmt: skip
