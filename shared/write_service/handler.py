"""A write service: a batch of reports in; answers, records and everything derived out, in one commit.

`handle` is the path of every report. The rest keeps the service going: closing days, following the roster, deciding again what waits,
taking back records that an older backup lacks.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from traceback import format_exc
from typing import Any

from shared.clock import Clock
from shared.contracts.base import Fact
from shared.contracts.common import DayClosed
from shared.contracts.envelope import Record, Source, parse_record
from shared.contracts.outcomes import Reason
from shared.event_store.interface import EventStore, Head, ReportKey, Writing
from shared.logs import logger
from shared.rules import Rules
from shared.unit_directory import UnitDirectory
from shared.write_service import deciding, reasons
from shared.write_service.aliases import Aliases
from shared.write_service.desk import NO_LIMITS, Candidate, Desk, Limits, openable_kinds
from shared.write_service.loading import load, load_waiters, load_waiting
from shared.write_service.masking import mask_text
from shared.write_service.memory import Memory
from shared.write_service.parsing import (
    Broken,
    IncomingReport,
    Named,
    Readable,
    Unfit,
    canonical_json,
    content_digests,
    read,
    read_recorded,
    written,
)
from shared.write_service.repairing import Act, Acted, repair
from shared.write_service.verdicts import Again, Recording, Refused, Waiting

__all__ = ["ClockAhead", "IncomingReport", "NotAdoptable", "StoreWentBack", "WriteService", "WrongStore"]

LEAD_MAX = timedelta(minutes=1)
"""How far a recorded time may be ahead of the database's clock."""
WAITING_PAGE = 500
"""How many waiting reports are read at once, ahead of their need or when the service starts."""

log = logger(__name__)


class ClockAhead(Exception):
    """The machine's clock, or the last recorded time, is ahead of the database's clock: nothing is recorded until they agree."""


class WrongStore(Exception):
    """The store belongs to another service or county, or was written under the other kind of clock."""


class StoreWentBack(Exception):
    """The store holds less than this process has seen in it: it came back from an older copy while the process ran.

    Recording on would give positions the stream already holds to other records; the next start compares the two first.
    """


class NotAdoptable(Exception):
    """These records do not continue the store's chain."""


class WriteService:
    """One write service in one county. Several copies on one store do no harm: they take turns at the lock on its head."""

    def __init__(
        self, rules: Rules[Any], store: EventStore, county: str, clock: Clock, *, limits: Callable[[], Limits] = lambda: NO_LIMITS
    ) -> None:  # fmt: skip
        """`limits` is asked for every batch. Raises WrongStore when the store belongs to another service or county."""
        if (store.service, store.county) != (rules.service, county):
            raise WrongStore(f"库属于 {store.county} {store.service} / the store belongs to {store.service} of {store.county}")
        self.rules = rules
        self.store = store
        self.county = county
        self.clock = clock
        self._limits = limits
        self.recording = asyncio.Event()
        """Set while recording is allowed: the relay sets it once stream and store agree."""
        self.outcomes: Counter[str] = Counter()
        """How many answers of each outcome this process has given, for metrics."""
        self._openable = openable_kinds(rules)
        self._turn = asyncio.Lock()
        self._memory: Memory | None = None
        self._seen: tuple[int, str, int] | None = None
        self._commits = 0
        self._key: bytes | None = None
        self._started = False

    async def handle(self, batch: Sequence[IncomingReport]) -> None:
        """Decide every report of the batch in this order and write everything in one commit. Acknowledge the batch when it returns.

        Raises only what the database raises, and ClockAhead: nothing is written then, and the batch comes again.
        """
        if not batch:
            return
        await self._begin()
        assert self._key is not None
        fresh = [read(report, self.county, self.rules.service, self._key) for report in batch]
        async with self._batch() as (desk, writing):
            await load(desk, writing, fresh)
            if len(expecting := desk.expecting()) <= WAITING_PAGE:  # else only if what they wait for does come
                await load_waiting(desk, writing, expecting, self._key)
            for report, candidate in zip(batch, fresh, strict=True):
                self.clock.observe(report.instant)
                desk.at(self.clock.now())
                await self._settle(candidate, desk, writing)

    async def repair(self, act: Act) -> Acted | Reason:
        """Do something about a report that waits or was refused, in one commit; or why it cannot be done, and nothing is written.

        Raises what the database raises, ClockAhead, and whatever a bug in a rule raises: nothing is written then.
        """
        await self._begin()
        assert self._key is not None
        async with self._batch() as (desk, writing):
            desk.at(self.clock.now())
            acted = await repair(act, desk, writing, self._key)
            await self._release(desk, writing)
        return acted

    async def unit_facts(self, records: Sequence[Record]) -> None:
        """Take over what the registry recorded about units (other records among them are passed over), and decide what waited for it.

        Give every record once and in order of position, from behind `store.head().followed`; those taken over before are left out.
        """
        await self._begin()
        async with self._batch() as (desk, writing):
            desk.at(self.clock.now())
            for record in records:
                if record.position > writing.head.followed and not desk.follow(record):
                    log.warning(
                        "单位事实的版本比本程序新，升级后才能读取 / a unit fact of a version that only a newer release can read",
                        type=f"{record.type}.v{record.version}", position=record.position,
                    )  # fmt: skip
            await self._release(desk, writing)

    async def close_day(self, now: datetime | None = None) -> None:
        """On a new day, record that the days before it are closed. `now` is the clock's time unless given; a simulated clock's always."""
        await self._begin()
        async with self._batch() as (desk, _):
            desk.at(self.clock.now() if now is None or self.clock.simulated else now)

    async def append_adopted(self, records: Sequence[Record]) -> None:
        """Append records that the stream holds and an older backup of this store lacks, deriving answers and states anew.

        Flags are not derived: they told the reporter once. Raises NotAdoptable when a record does not follow the head; nothing is
        written then.
        """
        await self._ready()
        assert self._key is not None
        async with self._batch() as (desk, writing):
            for record in records:
                await self._adopt(record, desk, writing)
            desk.take_moved()
            self._started = False  # what waited for these records is decided again before the next batch

    async def _begin(self) -> None:
        """Wait until recording is allowed; once per process, decide again what waits: a new release may know better."""
        await self.recording.wait()
        await self._ready()
        if not self._started:
            await self._decide_waiting()
            self._started = True

    async def _ready(self) -> None:
        if self._key is None:
            head = await self.store.head()
            if head.commits and self.clock.simulated != (head.simulated is not None):
                raise WrongStore(
                    "模拟时钟只能用于演示数据夹，且终身如此 / a simulated clock is for demonstration folders only, which keep it for life"
                )
            self._key = head.key
            self._commits = head.commits

    async def _decide_waiting(self) -> None:
        arrival = 0
        while True:
            async with self._batch() as (desk, writing):
                rows = await writing.all_waiting(arrival, WAITING_PAGE)
                if not rows:
                    return
                arrival = rows[-1].arrival
                desk.at(self.clock.now())
                keys = [row.key for row in rows]
                assert self._key is not None
                for key in await load_waiting(desk, writing, keys, self._key):
                    await self._settle_waiting(key, desk, writing)
                await self._release(desk, writing)  # what came before may wait for what came behind it

    # One report

    async def _settle(self, candidate: Candidate, desk: Desk, writing: Writing) -> None:
        """Decide a report that has come in, then whatever waited for it."""
        known = desk.reports[candidate.key].get(candidate.digest)
        if not isinstance(candidate, Broken):
            if isinstance(candidate, Readable) and candidate.named is None:  # what it amends may have been recorded in this very batch
                await load(desk, writing, [candidate])
            self._decide(candidate, desk, anew=False)
        elif known is not None:
            desk.again(known)
        elif (bound := desk.bound(candidate.key)) is not None:  # nobody can tell now whether it says the same; sent again, it will be known
            _log_bug(candidate, candidate.traceback)
            desk.refuse(candidate, reasons.conflict(bound.position))
            self.outcomes["refused"] += 1
        else:
            self._put_aside(candidate, candidate.traceback, desk)
        await self._release(desk, writing)

    async def _release(self, desk: Desk, writing: Writing) -> None:
        """Decide again what waited for something that has happened, until nothing moves any more."""
        queue: dict[ReportKey, None] = {}
        while True:
            if moved := desk.take_moved():
                if not moved <= desk.asked:
                    await load_waiters(desk, writing, moved)
                await self._enqueue(desk.release(moved), queue, desk, writing)
            if not queue:
                return
            key = next(iter(queue))
            del queue[key]
            await self._settle_waiting(key, desk, writing)

    async def _enqueue(self, keys: set[ReportKey], queue: dict[ReportKey, None], desk: Desk, writing: Writing) -> None:
        """Those that do wait, in order of arrival, behind whoever is queued already."""
        assert self._key is not None
        queue.update(dict.fromkeys(await load_waiting(desk, writing, keys - queue.keys(), self._key)))

    async def _settle_waiting(self, key: ReportKey, desk: Desk, writing: Writing) -> None:
        row, candidate = desk.bound(key), desk.candidates[key]
        if row is None or row.outcome != "waiting":
            return
        if isinstance(candidate, Readable) and candidate.named is None:
            await load(desk, writing, [candidate])
        if isinstance(candidate, Broken):
            self._put_aside(candidate, candidate.traceback, desk)
        elif candidate.digest == row.digest:  # otherwise it was masked when it was put aside: it must be reported anew
            self._decide(candidate, desk, anew=True)

    def _decide(self, candidate: Readable | Unfit, desk: Desk, *, anew: bool) -> None:
        try:
            verdict = deciding.decide_anew(candidate, desk) if anew else deciding.decide(candidate, desk)
        except Exception:  # noqa: BLE001 - a bug in a rule: this report is set aside, the batch goes on
            self._put_aside(candidate, format_exc(), desk)
            return
        match verdict:
            case Again(row):
                desk.again(row)
                self.outcomes["again"] += 1
            case Refused(reason):
                desk.refuse(candidate, reason)
                self.outcomes["refused"] += 1
            case Waiting(needs, reason):
                desk.wait(candidate, needs, reason)
                self.outcomes["waiting"] += 1
            case Recording():
                assert isinstance(candidate, Readable)
                desk.record(candidate, verdict)
                self.outcomes["recorded"] += 1

    def _put_aside(self, candidate: Candidate, traceback: str, desk: Desk) -> None:
        desk.put_aside(candidate, traceback)
        self.outcomes["internal"] += 1
        _log_bug(candidate, traceback)

    # One record that exists already

    async def _adopt(self, record: Record, desk: Desk, writing: Writing) -> None:
        assert self._key is not None
        if record.service != self.rules.service or not desk.follows(record):
            raise NotAdoptable(
                f"第 {record.position} 条与库中最后一条不相连 / record {record.position} does not follow the last one of this store"
            )
        self.clock.observe(record.recorded)
        content = read_recorded(record)
        if isinstance(content, DayClosed):
            desk.adopt_day_closed(record)
            return
        sent = canonical_json(record.type, record.version, record.occurred, record.data)
        told = written(content, record.version, record.data)
        digests = content_digests(self._key, record.type, record.version, record.occurred, told, sent)
        named = Named.by(content, record.occurred) if isinstance(content, Fact) else None
        key, department = ReportKey(record.source, record.id), Source.parse(record.source).department
        report = Readable(key, *digests, department, record.type, record.version, record.occurred, record.data, content, named, record.raw)
        await load(desk, writing, [report])
        bound = desk.bound(report.key)
        if bound is not None and bound.digest == report.as_sent:
            report = report._replace(digest=bound.digest)
        elif bound is not None and bound.digest != report.digest:
            desk.displace(bound, record.position)
        desk.record(report, deciding.adopt(report, desk), record)

    # One transaction

    @asynccontextmanager
    async def _batch(self) -> AsyncIterator[tuple[Desk, Writing]]:
        """Lock the head, hand out a desk, commit. After any failure nothing is remembered."""
        async with self._turn, self.store.writing() as writing:
            head = writing.head
            if head.commits < self._commits:
                raise StoreWentBack(
                    f"库已倒退：现有 {head.commits} 次提交，此前见过 {self._commits} 次 / the store went back: {head.commits} commits, "
                    f"where this process has seen {self._commits}"
                )
            self._commits = head.commits
            self._check_clock(head, writing)
            try:
                memory = self._memory
                if memory is None or self._seen != _seen(head):
                    memory = await _fresh_memory(writing)
                desk = Desk(self.rules, self.county, self._openable, head, memory, self._limits())
                yield desk, writing
                if desk.idle:
                    return
                changes = desk.changes(self.clock.now() if self.clock.simulated else None)
                await writing.commit(changes)
            except BaseException:
                self._memory = None
                raise
            memory.settle(desk.used)
            self._memory, self._seen, self._commits = memory, _seen(changes.head), changes.head.commits

    def _check_clock(self, head: Head, writing: Writing) -> None:
        self.clock.observe(head.simulated)
        if self.clock.simulated:
            return
        latest = max(self.clock.now(), head.recorded) if head.recorded is not None else self.clock.now()
        if latest > writing.database_now + LEAD_MAX:
            raise ClockAhead(f"时间 {latest} 超前于数据库时钟 {writing.database_now} / {latest} is ahead of the database's clock")


def _log_bug(candidate: Candidate, traceback: str) -> None:
    said = mask_text(traceback)
    log.error("a report met a bug", source=candidate.key.source, id=candidate.key.id, type=candidate.type, traceback=said)


def _seen(head: Head) -> tuple[int, str, int]:
    """What tells whether anybody else has written since."""
    return head.position, head.hash, head.commits


async def _fresh_memory(writing: Writing) -> Memory:
    units = UnitDirectory()
    for raw in await writing.units():
        units.take(parse_record(raw))
    return Memory(Aliases(await writing.aliases()), units)
