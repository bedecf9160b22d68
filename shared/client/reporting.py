"""Reporting: every report is kept and sent again until it is answered, with a bounded number of them under way.

Kept where: with an outbox in a file, in which a report stands before it is first sent and until it is answered, so that whoever opens
it next goes on where a crash ended; without one in memory only.

A report is safe when it is *answered*, not when the broker took it: the broker may lose what it took a moment ago. So nothing waits
for the broker's acknowledgement (what is sent again asks for one, only to tell why a full broker takes nothing), and nothing carries a
`Nats-Msg-Id` (within its window a report sent again would be swallowed and never answered). An answer lost on its way is no worse than a
report lost on its way: the report is sent again and the write service gives the same answer again.
That is why a plain subscription is enough to collect answers.
"""

import asyncio
import hashlib
import heapq
import re
from collections import Counter, deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self, overload

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError, OutboundBufferLimitError

from shared import subjects
from shared.answers import Answer, parse_answer
from shared.client.forbidden import BusForbids, Forbidden, HearingForbidden, PublishForbidden
from shared.client.outbox import Outbox, OutboxError
from shared.client.outgoing import OutgoingReport, Reportable, headers_of, outgoing
from shared.client.progress import Progress
from shared.contracts.base import Service
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason
from shared.logs import logger
from shared.tasks import end, finish
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
_UNREADABLE = "sha256:"

log = logger(__name__)

Key = tuple[str, str]
"""What an answer is found by: the source and the id."""


class ReportForbidden(BusForbids):
    """The broker does not let this user report `reports`: how many of each type. They are not sent again before the outbox that holds them
    is opened anew; without an outbox nobody keeps them.
    """

    def __init__(self, reports: Mapping[str, int], outbox: Path | None) -> None:
        zh = "、".join(f"{type} {count} 条" for type, count in sorted(reports.items()))
        en = ", ".join(f"{count} of {type}" for type, count in sorted(reports.items()))
        kept_zh, kept_en = ("报告未送达，须重新报送", "what was not let through is to be reported again")
        if outbox is not None:
            kept_zh, kept_en = (
                f"报告留在发件箱 {outbox}，再次打开时重新发送",
                f"they stay in the outbox {outbox}, and are sent when it is opened again",
            )
        super().__init__(
            f"消息总线不允许本密钥报送：{zh}；{kept_zh}；请用可报送这些类型的密钥，或请管理员放宽其权限",
            f"the bus does not let this key report: {en}; {kept_en}; use a key that may report these types, or have this one allowed to",
        )
        self.reports = dict(reports)


@dataclass(slots=True)
class _UnderWay:
    key: Key
    report: OutgoingReport
    wait_seconds: float
    answer: "asyncio.Future[Answer] | None"
    """Only where somebody waits for this very answer."""
    forbidden: Counter[str]
    """What it counts in where the broker does not let it through and nobody waits for this very answer: see `_told_later`."""
    number: int | None = None
    """What the outbox knows the report by."""
    first_sent: float = 0.0
    """By the loop's clock."""
    last_sent: float = 0.0

    @property
    def service(self) -> str:
        """Who will answer: each service is as busy as it is."""
        return self.report.type.partition(".")[0]

    @property
    def subject(self) -> str:
        """Where it is published."""
        source = self.report.source
        return subjects.reported(source.county, source.department, source.system, self.report.type)

    def fail(self, error: BaseException) -> bool:
        """Let whoever waits for this very answer know that none comes. Whether anybody does."""
        if self.answer is None or self.answer.done():
            return False
        self.answer.set_exception(error)
        return True


class ReportingClient:
    """Use as `async with`. One client reports for one department's system, or, without naming one, for all that the user may speak for.

    It survives restarts of the broker and of the write services, and with an `outbox` of its own process too: what was not answered is
    sent as soon as the file is opened again. Without one, closing it forgets what is not answered yet.

    What the broker does not let the user report is no more sent: whoever waits for its answer is told, and it stays in the outbox.
    """

    def __init__(
        self,
        nc: Client,
        *,
        county: str,
        department: str | None = None,
        system: str | None = None,
        outbox: Path | None = None,
        keep_answers: bool = False,
        under_way_max: int = UNDER_WAY_MAX,
        resend_seconds: float = RESEND_SECONDS,
        resend_seconds_max: float = RESEND_SECONDS_MAX,
        on_answer: Callable[[Answer], None] | None = None,
        on_forbidden: Callable[[OutgoingReport, ReportForbidden], None] | None = None,
    ) -> None:
        """`outbox`: the file that keeps reports, for this client alone. `keep_answers`: it keeps the newest answer to every report too;
        otherwise only the refusals nobody was told of, neither who waits in `report` nor `on_answer`. `on_forbidden` hears of each report
        of many that the broker does not let through, and why. Where it raises, the client ends: whoever waits is told what it raised.
        """
        self._nc = nc
        self._county = county
        self._department = department
        self._system = system
        self._answers = f"answered.{county}.{department or '*'}.{system or '*'}.>"
        self._outbox_file = outbox
        self._outbox: Outbox | None = None
        self._keep_answers = keep_answers
        self._under_way_max = under_way_max
        self._resend_seconds = resend_seconds
        self._resend_seconds_max = resend_seconds_max
        self._on_answer = on_answer
        self._on_forbidden = on_forbidden
        self._told_later = [Counter[str]()]
        """How many reports of a type the broker does not let through where no call waits for them any more: those of the outbox first, then
        of each call of many that was cut short. The next such call tells of them.
        """
        self._aside: dict[tuple[Key, str, bytes], list[int]] = {}
        """The numbers by which the outbox knows what the broker did not let through, by the type and the digest of the bytes."""
        self._open = 0
        """How many reports are not answered yet, those not sent yet among them."""
        self._ready: deque[_UnderWay] = deque()
        self._something_ready = asyncio.Event()
        self._under_way: dict[Key, _UnderWay] = {}
        self._behind: dict[Key, deque[_UnderWay]] = {}
        self._unreadable: dict[tuple[str, str], deque[Key]] = {}
        self._unreadable_ids: dict[Key, Key] = {}
        self._due: list[tuple[float, int, Key]] = []
        self._numbers = 0
        self._latencies: dict[str, float] = {}
        self._answer_came = asyncio.Event()
        self._subscriptions: list[Subscription] = []
        self._acknowledged = nc.new_inbox()
        self._complained = -inf
        self._tasks: list[asyncio.Task[None]] = []
        self._listening = ExitStack()
        self._ended: BaseException | None = None
        """Why nothing is sent any more."""
        self._not_kept: OutboxError | None = None
        self.progress = Progress()
        """Kept up to date while reporting."""

    async def __aenter__(self) -> Self:
        """Raises OutboxError when the outbox cannot be used."""
        if self._outbox_file is not None:
            self._outbox = await Outbox.open(self._outbox_file)
        try:
            for kept in self._outbox.left if self._outbox is not None else ():
                self._take_over(kept.report)
            self._listening.enter_context(Forbidden.of(self._nc).told_to(self._heard_forbidden))
            self._subscriptions.append(await self._nc.subscribe(self._answers, cb=self._answered))
            self._subscriptions.append(await self._nc.subscribe(self._acknowledged, cb=self._taken))
        except BaseException:
            self._listening.close()
            await self._close_outbox()
            raise
        for work in (self._send_ready(), self._resend()):
            task = asyncio.create_task(work)
            task.add_done_callback(self._task_ended)
            self._tasks.append(task)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Raises OutboxError when what was answered could not be deleted from the outbox: it is then sent again, and answered alike."""
        try:
            self._listening.close()
            await end(self._tasks)
            if not (self._nc.is_closed or self._nc.is_draining):
                for subscription in self._subscriptions:
                    await subscription.unsubscribe()
        finally:
            await self._close_outbox()

    @property
    def outbox(self) -> Outbox:
        """The outbox, while it is open. Raises ValueError when there is none."""
        if self._outbox is None:
            raise ValueError("没有发件箱 / there is no outbox")
        return self._outbox

    @overload
    async def report(self, report: OutgoingReport) -> Answer: ...

    @overload
    async def report(self, report: Reportable, *, id: str, day: date, service: Service | None = None) -> Answer: ...

    async def report(
        self, report: OutgoingReport | Reportable, *, id: str = "", day: date = date.min, service: Service | None = None
    ) -> Answer:
        """Report one fact and wait for its answer, however long that takes: bound it with `asyncio.timeout`.

        A fact of the contracts is given with the id it is reported under and the day it is about (see `outgoing`); a report ready to be
        sent says so itself. One that is larger than `REPORT_BYTES_MAX` or holds a resident id is neither kept nor sent: it is *refused* at
        once, with revision 0. Whoever stops waiting leaves a report in the outbox: it is sent until it is answered.
        Raises OutboxError when the report could not be kept, and so was not sent; ReportForbidden when the broker does not let the user
        report it, HearingForbidden when it does not let it hear answers; nats' ConnectionClosedError when the connection was closed for
        good.
        """
        self._raise_if_ended()
        made = report if isinstance(report, OutgoingReport) else self.outgoing(report, id=id, day=day, service=service)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        entry = self._admit(made, answer, self._told_later[0])
        try:
            said = await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled():  # in the same moment
                if (error := answer.exception()) is None:
                    self._settle(entry, answer.result(), told=self._on_answer is not None)
                elif isinstance(error, ReportForbidden):
                    self._tell_forbidden(entry, error)
            raise
        self._settle(entry, said, told=True)
        return said

    async def report_many(self, reports: AsyncIterable[OutgoingReport] | Iterable[OutgoingReport]) -> Progress:
        """Send all, at most `under_way_max` of them unanswered at a time: no more are asked for meanwhile. Returns once the last answer
        is there, to what an outbox held before too.

        Raises OutboxError when a report could not be kept: others of the last few may not be either, so report all of them again, which
        changes nothing about those that are; ReportForbidden, once all others are answered, for those that the broker did not let through
        and nobody was told of; HearingForbidden when it does not let the user hear answers; nats' ConnectionClosedError when the connection
        was closed for good.
        """
        self._raise_if_ended()
        forbidden = Counter[str]()
        try:
            async for report in _each(reports):
                self._admit(report, None, forbidden)
                while self._open >= self._under_way_max:
                    await self._some_answer()
            while self._open:
                await self._some_answer()
        except BaseException:
            self._told_later.append(forbidden)
            raise
        for later in self._told_later:
            forbidden += later
            later.clear()
        if forbidden:
            raise ReportForbidden(forbidden, self._outbox_file)
        return self.progress

    def outgoing(self, fact: Reportable, *, id: str, day: date, service: Service | None = None) -> OutgoingReport:
        """The report by which this system says that `fact` held on `day`: see `shared.client.outgoing`.

        Raises ValueError when the client was not told whose system it reports for.
        """
        if self._department is None or self._system is None:
            raise ValueError("上报事实须先指明 department 与 system / name department and system to report facts")
        return outgoing(Source(self._county, self._department, self._system), fact, id=id, day=day, service=service)

    async def untold(self) -> AsyncIterator[Answer]:
        """The refusals that nobody was told of, from earlier runs too: each is forgotten once the next one is asked for.

        With `keep_answers` every answer that is kept. Raises OutboxError, and ValueError when there is no outbox.
        """
        async for number, answer in self.outbox.every_answer():
            yield answer
            self.outbox.forget(number)

    async def _some_answer(self) -> None:
        self._raise_if_ended()
        self._answer_came.clear()
        await self._answer_came.wait()
        self._raise_if_ended()
        if self._not_kept is not None:
            error, self._not_kept = self._not_kept, None
            raise error

    def _raise_if_ended(self) -> None:
        if self._ended is not None:
            raise self._ended
        self._raise_if_closed()

    def _raise_if_closed(self) -> None:
        if self._nc.is_closed:
            raise ConnectionClosedError

    def _admit(self, report: OutgoingReport, answer: "asyncio.Future[Answer] | None", forbidden: Counter[str]) -> _UnderWay:
        """Keep a report and have it sent."""
        self.progress.sent += 1
        entry = _UnderWay(_key(report), report, self._resend_seconds, answer, forbidden, report.number)
        if (reason := unsendable(report)) is not None:
            refusal = Answer(str(report.source), report.id, report.type, 0, "refused", reason.code, reason.zh, reason.en, None)
            if self._outbox is not None and (self._keep_answers or (answer is None and self._on_answer is None)):
                entry.number = self._outbox.refused(report.number, refusal)
            self.progress.settle(refusal)
            self._tell(refusal)
            if answer is not None:
                answer.set_result(refusal)
            return entry
        self._open += 1
        if self._outbox is None:
            self._put_ready(entry)
        elif aside := self._aside.get(_same(entry)):
            entry.number = aside.pop()
            self._put_ready(entry)
        else:
            entry.number, kept = self._outbox.put(report)
            kept.add_done_callback(partial(self._kept, entry))
        return entry

    def _take_over(self, report: OutgoingReport) -> None:
        """Send what an earlier process left. Raises OutboxError when the answers to it are not for this client."""
        source = report.source
        if (source.county, self._department or source.department, self._system or source.system) != (
            self._county,
            *str(source).split("/")[2:],
        ):
            raise OutboxError(
                f"发件箱 {self._outbox_file} 存有 {source} 的报告，请由该系统打开 / "
                f"the outbox {self._outbox_file} holds reports of {source}: open it for that system"
            )
        self.progress.taken_over += 1
        self._open += 1
        self._put_ready(_UnderWay(_key(report), report, self._resend_seconds, None, self._told_later[0], report.number))

    def _kept(self, entry: _UnderWay, kept: "asyncio.Future[None]") -> None:
        error = kept.exception()
        if error is None:
            self._put_ready(entry)
            return
        self._open -= 1
        self.progress.sent -= 1
        entry.fail(error)
        if entry.answer is None and isinstance(error, OutboxError):
            self._not_kept = error
        self._answer_came.set()

    def _put_ready(self, entry: _UnderWay) -> None:
        if self._ended is not None:
            entry.fail(self._ended)
            return
        self._ready.append(entry)
        self._something_ready.set()

    async def _send_ready(self) -> None:
        """Send what is kept, in the order in which it was reported."""
        while True:
            await self._something_ready.wait()
            self._something_ready.clear()
            while self._ready:
                while not self._nc.is_connected:  # what the library buffers now it might send long after the answer
                    self._raise_if_closed()
                    await asyncio.sleep(_LOOK_SECONDS)
                entry = self._ready.popleft()
                if entry.key in self._under_way:  # one after the other: answers to one id could not be told apart
                    self._behind.setdefault(entry.key, deque()).append(entry)
                    continue
                self._under_way[entry.key] = entry
                if entry.key[1].startswith(_UNREADABLE) and entry.key not in self._unreadable_ids.values():
                    self._unreadable.setdefault((entry.key[0], entry.report.type), deque()).append(entry.key)
                await self._send(entry)

    async def _send(self, entry: _UnderWay) -> None:
        report = entry.report
        reply = self._acknowledged if entry.first_sent else ""
        entry.last_sent = asyncio.get_running_loop().time()
        entry.first_sent = entry.first_sent or entry.last_sent
        self._put_due(entry.last_sent + entry.wait_seconds, entry.key)
        with suppress(OutboundBufferLimitError):  # disconnected this moment: it is sent again when its time is over
            await self._nc.publish(entry.subject, report.raw, reply=reply, headers=headers_of(report))

    async def _taken(self, message: Msg) -> None:
        """What the broker says of a report sent again: where it takes none, that is told once in a while."""
        error = orjson.loads(message.data).get("error") if message.data else None
        now = asyncio.get_running_loop().time()
        if error is not None and now - self._complained > self._resend_seconds_max:
            self._complained = now
            log.warning(
                "消息总线暂不接收报送，已保留，稍后自动重新发送 / the bus takes no reports: they are kept, and sent again",
                because=error.get("description"), unanswered=self._open,
            )  # fmt: skip

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

    def _task_ended(self, task: "asyncio.Task[None]") -> None:
        """Nothing will be sent any more: whoever waits for an answer must not wait for ever."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)

    def _stop(self, error: BaseException) -> None:
        """Send nothing any more, and tell everybody why."""
        for task in self._tasks:
            task.cancel()
        self._end(error)

    def _end(self, error: BaseException) -> None:
        self._ended = error
        behind = (entry for queued in self._behind.values() for entry in queued)
        for entry in (*self._under_way.values(), *behind, *self._ready):
            entry.fail(error)
        self._answer_came.set()

    def _heard_forbidden(self, error: PublishForbidden | HearingForbidden) -> None:
        """The broker forbids something on this connection: what concerns the answers, or reports under way."""
        if isinstance(error, PublishForbidden):
            for entry in [each for each in self._under_way.values() if each.subject.lower() == error.subject]:
                if self._ended is None:
                    self._set_aside(entry)
        elif error.subject == self._answers.lower():
            self._stop(error)  # no answer would ever be heard

    def _set_aside(self, entry: _UnderWay) -> None:
        """The broker does not let a report through: it is under way no more, and stays in the outbox; once, unless each of those that are
        the same is to get an answer under its own number.
        """
        del self._under_way[entry.key]
        self._unreadable.pop((entry.key[0], entry.report.type), None)
        self._open -= 1
        self.progress.forbidden += 1
        if self._outbox is not None and entry.number is not None:
            aside = self._aside.setdefault(_same(entry), [])
            if aside and not self._keep_answers:
                self._outbox.settle(entry.number)  # it stands there already
            else:
                aside.append(entry.number)
        if (following := self._next_behind(entry.key)) is not None:
            self._put_ready(following)
        error = ReportForbidden({entry.report.type: 1}, self._outbox_file)
        if not entry.fail(error):
            self._tell_forbidden(entry, error)
        self._answer_came.set()

    def _tell_forbidden(self, entry: _UnderWay, error: ReportForbidden) -> None:
        """Tell of a report that the broker does not let through, for whose answer nobody waits."""
        if self._on_forbidden is not None:
            try:
                self._on_forbidden(entry.report, error)
            except Exception as failed:  # noqa: BLE001 - whatever it is, whoever waits is told
                self._stop(failed)
            return
        entry.forbidden[entry.report.type] += 1
        if entry.forbidden[entry.report.type] == 1:
            log.error("消息总线不允许报送 / the bus does not let this user report", type=entry.report.type, subject=entry.subject)

    async def _answered(self, message: Msg) -> None:
        answer = parse_answer(message.data)
        key = self._key_of(answer)
        entry = self._under_way.pop(key, None)
        if entry is None:
            if self.progress.revise(answer):
                if self._outbox is not None and self._keep_answers:
                    self._outbox.revise(answer)
                self._tell(answer)
            return
        self._open -= 1
        latency = self._latencies.get(entry.service, 0.0)
        self._latencies[entry.service] = latency + _LATENCY_WEIGHT * (asyncio.get_running_loop().time() - entry.first_sent - latency)
        self.progress.settle(answer)
        self._tell(answer)
        if entry.answer is not None and not entry.answer.done():
            entry.answer.set_result(answer)  # who waits for it settles it, unless it is too late to be told
        else:
            self._settle(entry, answer, told=self._on_answer is not None)
        self._answer_came.set()
        if (following := self._next_behind(key)) is not None:
            self._under_way[key] = following
            await self._send(following)

    def _next_behind(self, key: Key) -> _UnderWay | None:
        """The next report under an id, once the one before is under way no more."""
        behind = self._behind.get(key)
        following = behind.popleft() if behind else None
        if not behind:
            self._behind.pop(key, None)
        return following

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

    def _settle(self, entry: _UnderWay, answer: Answer, *, told: bool) -> None:
        """An answered report leaves the outbox; its answer stays if it is asked for, or nobody was told that it was refused."""
        if self._outbox is None or entry.number is None:
            return
        kept = self._keep_answers or (answer.outcome == "refused" and not told)
        if self._keep_answers and answer.outcome == "recorded":  # as `Progress` counts: what waited under this id was recorded meanwhile
            self._outbox.revise(answer)
        self._outbox.settle(entry.number, answer if kept else None)

    async def _close_outbox(self) -> None:
        if self._outbox is not None:
            await finish(self._outbox.close())

    def _tell(self, answer: Answer) -> None:
        if self._on_answer is not None:
            self._on_answer(answer)


async def _each(reports: AsyncIterable[OutgoingReport] | Iterable[OutgoingReport]) -> AsyncIterator[OutgoingReport]:
    if isinstance(reports, AsyncIterable):
        async for report in reports:
            yield report
    else:
        for report in reports:
            yield report


def _key(report: OutgoingReport) -> Key:
    """What the answer is found by. Bytes without a usable id are answered under the write service's digest of them, which `report.id` may
    be, where somebody knows it; else the key begins with `_UNREADABLE`.
    """
    source = str(report.source)
    try:
        body = orjson.loads(report.raw)
    except orjson.JSONDecodeError:
        body = None
    id_ = body.get("id") if isinstance(body, dict) else None
    if isinstance(id_, str) and _ID.fullmatch(id_):
        return source, id_
    if _DIGEST.fullmatch(report.id):
        return source, report.id
    return source, f"{_UNREADABLE}{hashlib.sha256(report.raw).hexdigest()}"


def _same(entry: _UnderWay) -> tuple[Key, str, bytes]:
    """What a report has in common with itself reported again."""
    return entry.key, entry.report.type, hashlib.sha256(entry.report.raw).digest()


def unsendable(report: OutgoingReport) -> Reason | None:
    """Why a report must not even be sent: the broker would drop it without a word, or it would carry a resident id onto the bus."""
    if len(report.raw) + _HEADER_BYTES > subjects.REPORT_BYTES_MAX:
        return reasons.too_large(subjects.REPORT_BYTES_MAX)
    return reasons.RESIDENT_ID if has_resident_id(report.raw) else None
