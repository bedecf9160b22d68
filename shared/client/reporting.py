"""Reporting: every report is kept and sent again until it is answered, with a bounded number of them under way.

A report is safe when it is *answered*, not when the broker took it: the broker may lose what it took a moment ago. So nothing waits
for the broker's acknowledgement, and nothing carries a `Nats-Msg-Id` (within its window a report sent again would be swallowed and
never answered). An answer lost on its way is no worse than a report lost on its way: the report is sent again and the write service
gives the same answer again. That is why a plain subscription is enough to collect answers.
"""

import asyncio
import hashlib
import heapq
import re
from collections import deque
from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import inf
from types import TracebackType
from typing import NamedTuple, Self

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError, OutboundBufferLimitError

from shared import subjects
from shared.answers import Answer, parse_answer
from shared.client.progress import Progress
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason
from shared.days import instant_text
from shared.tasks import end
from shared.write_service import reasons
from shared.write_service.masking import has_resident_id

UNDER_WAY_MAX = 2048
RESEND_SECONDS = 5.0
"""How long an answer is waited for at least; every further wait is twice as long, up to the maximum."""
LATENCIES = 4.0
"""An answer is late only after so many times what answers take these days: sending again to a busy service makes it busier."""
_LATENCY_WEIGHT = 0.01
RESEND_SECONDS_MAX = 60.0
AFTER_RECONNECT_SECONDS = 1.0
"""How long answers are waited for after a reconnect before everything under way is sent again."""
_HEADER_BYTES = 100
_LOOK_SECONDS = 0.2
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")

Key = tuple[str, str]
"""What an answer is found by: the source and the id."""


class OutgoingReport(NamedTuple):
    """One report to send: its exact bytes, and what its subject says of it."""

    source: Source
    type: str
    """`<service>.<event>`, without a version."""
    raw: bytes
    id: str
    instant: datetime | None = None
    """The simulated instant, for a demonstration folder only."""


@dataclass(slots=True)
class _UnderWay:
    key: Key
    report: OutgoingReport
    wait_seconds: float
    answer: "asyncio.Future[Answer] | None"
    """Only where somebody waits for this very answer."""
    first_sent: float = 0.0
    """By the loop's clock."""
    last_sent: float = 0.0

    @property
    def service(self) -> str:
        """Who will answer: each service is as busy as it is."""
        return self.report.type.partition(".")[0]


class ReportingClient:
    """Use as `async with`. One client reports for one department's system, or, without naming one, for all that the user may speak for.

    It survives restarts of the broker and of the write services. Closing it forgets what is not answered yet.
    """

    def __init__(
        self,
        nc: Client,
        *,
        county: str,
        department: str | None = None,
        system: str | None = None,
        under_way_max: int = UNDER_WAY_MAX,
        resend_seconds: float = RESEND_SECONDS,
        resend_seconds_max: float = RESEND_SECONDS_MAX,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> None:
        self._nc = nc
        self._county = county
        self._answers = f"answered.{county}.{department or '*'}.{system or '*'}.>"
        self._under_way_max = under_way_max
        self._resend_seconds = resend_seconds
        self._resend_seconds_max = resend_seconds_max
        self._on_answer = on_answer
        self._under_way: dict[Key, _UnderWay] = {}
        self._behind: dict[Key, deque[_UnderWay]] = {}
        self._behind_count = 0
        self._unreadable: dict[tuple[str, str], deque[Key]] = {}
        self._unreadable_ids: dict[Key, Key] = {}
        self._due: list[tuple[float, int, Key]] = []
        self._numbers = 0
        self._latencies: dict[str, float] = {}
        self._answer_came = asyncio.Event()
        self._subscription: Subscription | None = None
        self._resender: asyncio.Task[None] | None = None
        self.progress = Progress()
        """Kept up to date while reporting."""

    async def __aenter__(self) -> Self:
        self._subscription = await self._nc.subscribe(self._answers, cb=self._answered)
        self._resender = asyncio.create_task(self._resend())
        self._resender.add_done_callback(self._resender_ended)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._resender is not None:
            await end([self._resender])
        if self._subscription is not None and not (self._nc.is_closed or self._nc.is_draining):
            await self._subscription.unsubscribe()

    async def report(self, report: OutgoingReport) -> Answer:
        """Send one report and wait for its answer, however long that takes: bound it with `asyncio.timeout`.

        A report that is larger than `REPORT_BYTES_MAX` or holds a resident id is not sent: it is *refused* at once, with revision 0.
        Raises nats' ConnectionClosedError when the connection was closed for good.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        await self._start(report, answer)
        return await answer

    async def report_many(self, reports: AsyncIterable[OutgoingReport]) -> Progress:
        """Send all, at most `under_way_max` of them unanswered at a time, and return once the last answer is there.

        Raises nats' ConnectionClosedError when the connection was closed for good.
        """
        async for report in reports:
            await self._start(report, None)
            while len(self._under_way) + self._behind_count >= self._under_way_max:
                await self._some_answer()
        while self._under_way:
            await self._some_answer()
        return self.progress

    async def _some_answer(self) -> None:
        self._answer_came.clear()
        await self._answer_came.wait()
        self._raise_if_closed()

    def _raise_if_closed(self) -> None:
        if self._nc.is_closed:
            raise ConnectionClosedError

    async def _start(self, report: OutgoingReport, answer: "asyncio.Future[Answer] | None") -> None:
        self.progress.sent += 1
        if (reason := _unsendable(report)) is not None:
            refusal = Answer(str(report.source), report.id, report.type, 0, "refused", reason.code, reason.zh, reason.en, None)
            self.progress.settle(refusal)
            self._tell(refusal)
            if answer is not None:
                answer.set_result(refusal)
            return
        key, readable = _key(report)
        entry = _UnderWay(key, report, self._resend_seconds, answer)
        if key in self._under_way:  # one after the other: answers to one id could not be told apart
            self._behind.setdefault(key, deque()).append(entry)
            self._behind_count += 1
            return
        while not self._nc.is_connected:  # what the library buffers now it might send long after the answer
            self._raise_if_closed()
            await asyncio.sleep(_LOOK_SECONDS)
        self._under_way[key] = entry
        if not readable and key not in self._unreadable_ids.values():
            self._unreadable.setdefault((key[0], report.type), deque()).append(key)
        await self._send(entry)

    async def _send(self, entry: _UnderWay) -> None:
        report = entry.report
        subject = subjects.reported(report.source.county, report.source.department, report.source.system, report.type)
        headers = {subjects.INSTANT_HEADER: instant_text(report.instant)} if report.instant is not None else None
        entry.last_sent = asyncio.get_running_loop().time()
        entry.first_sent = entry.first_sent or entry.last_sent
        self._put_due(entry.last_sent + entry.wait_seconds, entry.key)
        with suppress(OutboundBufferLimitError):  # disconnected this moment: it is sent again when its time is over
            await self._nc.publish(subject, report.raw, headers=headers)

    async def _resend(self) -> None:
        """Send again what is not answered in time, and, after a reconnect, everything soon: its answers may have been missed."""
        reconnects, reconnected = self._nc.stats["reconnects"], -inf
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._raise_if_closed()
            if not self._nc.is_connected:
                continue
            now = asyncio.get_running_loop().time()
            if self._nc.stats["reconnects"] != reconnects:
                reconnects = self._nc.stats["reconnects"]
                reconnected = now
                self._due.clear()
                for key in self._under_way:
                    self._put_due(now + AFTER_RECONNECT_SECONDS, key)
            while self._due and self._due[0][0] <= now and self._nc.is_connected:
                _, _, key = heapq.heappop(self._due)
                if (entry := self._under_way.get(key)) is not None:
                    late = entry.last_sent + max(entry.wait_seconds, self._patience(entry.service))
                    if late > now and entry.last_sent > reconnected:
                        self._put_due(late, key)
                        continue
                    entry.wait_seconds = min(2 * entry.wait_seconds, self._resend_seconds_max)
                    self.progress.sent_again += 1
                    await self._send(entry)

    def _patience(self, service: str) -> float:
        """How many seconds a service may take before its answer counts as lost, as busy as it is these days."""
        return min(LATENCIES * self._latencies.get(service, 0.0), self._resend_seconds_max)

    def _put_due(self, when: float, key: Key) -> None:
        self._numbers += 1
        heapq.heappush(self._due, (when, self._numbers, key))

    def _resender_ended(self, resender: "asyncio.Task[None]") -> None:
        """Nothing will be sent again: whoever waits for an answer must not wait for ever."""
        if resender.cancelled() or (error := resender.exception()) is None:
            return
        for entry in (*self._under_way.values(), *(entry for behind in self._behind.values() for entry in behind)):
            if entry.answer is not None and not entry.answer.done():
                entry.answer.set_exception(error)
        self._answer_came.set()

    async def _answered(self, message: Msg) -> None:
        answer = parse_answer(message.data)
        key = self._key_of(answer)
        entry = self._under_way.pop(key, None)
        if entry is None:
            if self.progress.revise(answer):
                self._tell(answer)
            return
        latency = self._latencies.get(entry.service, 0.0)
        self._latencies[entry.service] = latency + _LATENCY_WEIGHT * (asyncio.get_running_loop().time() - entry.first_sent - latency)
        self.progress.settle(answer)
        self._tell(answer)
        if entry.answer is not None and not entry.answer.done():
            entry.answer.set_result(answer)
        self._answer_came.set()
        if behind := self._behind.get(key):
            following = behind.popleft()
            self._behind_count -= 1
            if not behind:
                del self._behind[key]
            self._under_way[key] = following
            await self._send(following)

    def _key_of(self, answer: Answer) -> Key:
        """The report an answer is to. One nobody could read is answered under an id only the write service knows: the oldest such
        report of that source and type is meant, and from then on the id is known.
        """
        key = (answer.source, answer.id)
        if key in self._under_way or _DIGEST.fullmatch(answer.id) is None:
            return key
        if key not in self._unreadable_ids and (unreadable := self._unreadable.get((answer.source, answer.type))):
            self._unreadable_ids[key] = unreadable.popleft()
        return self._unreadable_ids.get(key, key)

    def _tell(self, answer: Answer) -> None:
        if self._on_answer is not None:
            self._on_answer(answer)


def _key(report: OutgoingReport) -> tuple[Key, bool]:
    """What the answer is found by, and whether that is certain: bytes without a usable id are answered under the write service's digest
    of them, which `report.id` may be, where somebody knows it.
    """
    source = str(report.source)
    try:
        body = orjson.loads(report.raw)
    except orjson.JSONDecodeError:
        body = None
    id_ = body.get("id") if isinstance(body, dict) else None
    if isinstance(id_, str) and _ID.fullmatch(id_):
        return (source, id_), True
    if _DIGEST.fullmatch(report.id):
        return (source, report.id), True
    return (source, f"sha256:{hashlib.sha256(report.raw).hexdigest()}"), False


def _unsendable(report: OutgoingReport) -> Reason | None:
    """Why a report must not even be sent: the broker would drop it without a word, or it would carry a resident id onto the bus."""
    if len(report.raw) + _HEADER_BYTES > subjects.REPORT_BYTES_MAX:
        return reasons.too_large(subjects.REPORT_BYTES_MAX)
    return reasons.RESIDENT_ID if has_resident_id(report.raw) else None
