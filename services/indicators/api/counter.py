"""The bus behind the HTTP door: what a department reports there goes the way every report goes, and its answer comes back.

The door speaks as a user of its own, which may say in every department's name what departments may say, and nothing else; the answers
that are kept it reads as the indicators service. What one is told is never more than what is so: a report is *answered*, or the broker has
it, or it is not known to have arrived and has to be sent again, which changes nothing about one that has.
"""

import asyncio
from collections import Counter as Counts
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.indicators.api.questions import Problem
from services.indicators.api.responses import Refused, documented
from shared import subjects
from shared.answers import Answer, parse_answer
from shared.client.forbidden import BusForbids, Forbidden
from shared.client.identify import exchange
from shared.client.outgoing import OutgoingReport, headers_of
from shared.client.repair import NobodyRepairs, RepairDesks, RepairRefused
from shared.client.reporting import unsendable
from shared.contracts.base import Service
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason
from shared.identification import IdentifyReply, IdentifyRequest, Refusal
from shared.logs import logger
from shared.repair import Asker, Content, ShowKept

TAKEN_SECONDS_MAX: Final = 5.0
"""How long the broker has to say that it has a report, and the registry to exchange ids."""
TURN_SECONDS_MAX: Final = 5.0
"""How long one waits for a turn before one is told who has them."""
UNDER_WAY_MAX: Final = 4 * 1000
"""So many reports wait at once for the answers of one service; whoever comes with more waits for a turn."""
SHARE_MAX: Final = UNDER_WAY_MAX // 4
"""So many of them are one system's: as many as one request may hold. A service that answers nothing holds nobody up at the others, and no
system holds up the rest.
"""
RETRY_SECONDS: Final = 5
_STORE_FAILED = 10077
"""What the broker says when a stream has all that it may hold."""

BUS_AWAY: Final = Problem(
    code="bus_away", zh="消息总线暂不可用，报送未能确认：请稍后以相同编号重新报送，已收到的不会重复计入",
    en="the bus is away and nothing is known to have arrived: report again under the same ids in a moment; what did arrive counts once",
)  # fmt: skip
NOBODY_ANSWERS: Final = Problem(
    code="nobody_answers", zh="登记服务未应答，请稍后重试", en="the registry does not answer: ask again in a moment"
)
SERVICE_AWAY: Final = Problem(
    code="nobody_answers", zh="记录该编号的服务未应答，请稍后再查询",
    en="the service that records what stands under this id does not answer: look again in a moment",
)  # fmt: skip
BUS_REFUSES: Final = Problem(
    code="bus_refuses",
    zh="消息总线不允许本服务代为提交或听取答复，请通知系统管理员核对 door 用户的权限；报送和操作以相同编号再次提交不会重复",
    en="the bus does not let this service pass this on, or hear what is answered: tell the system's administrator to look at the user "
    "`door`; a report or an act sent again under the same id counts once",
)  # fmt: skip
NOT_PASSED_ON: Final = documented("消息总线不允许转发 / the bus does not let the door pass it on", BUS_REFUSES)
"""How an endpoint that asks somebody on the bus documents that it may be forbidden to."""
QUEUE_FULL: Final = Problem(
    code="queue_full", zh="待处理的报送已满，本次未接收：请稍后以相同编号重新报送",
    en="so many reports wait to be decided that no more are taken: report again under the same ids later",
)  # fmt: skip
SAME_ID: Final = Problem(
    code="busy", zh="同一编号正在报送；未发送任何报告，请稍后重试",
    en="a report with the same id is under way; nothing was sent: try again in a moment",
)  # fmt: skip


def own_share_used(service: str) -> Problem:
    """Too many of one's own are under way."""
    return Problem(
        code="busy", zh=f"本系统已有 {SHARE_MAX} 条报送在等待 {service} 服务的答复；未发送任何报告，请待其答复后再报",
        en=f"this system has {SHARE_MAX} reports waiting for the service {service}; nothing was sent: report again when they are answered",
    )  # fmt: skip


def service_overrun(service: str) -> Problem:
    """Too many of everybody's are under way."""
    return Problem(
        code="busy", zh=f"{service} 服务的答复积压，各部门已有 {UNDER_WAY_MAX} 条报送在等待；未发送任何报告，请稍后重试",
        en=f"the service {service} is behind: {UNDER_WAY_MAX} reports of all departments wait for it; nothing was sent: try again later",
    )  # fmt: skip


log = logger(__name__)

Key = tuple[str, str]
"""The source and the id of a report."""


def unavailable(problem: Problem, seconds: float = RETRY_SECONDS, *, status: int = 503) -> Refused:
    """What helps is to come again, in so many seconds."""
    return Refused(status, problem, {"Retry-After": str(max(1, -int(-seconds // 1)))})


class Counter:
    """Where reports are handed in. `nc` is the door's own connection, `service` that of the indicators service."""

    def __init__(self, nc: Client, service: Client, county: str) -> None:
        self._nc = nc
        self._service = service
        self._county = county
        self._forbidden = Forbidden.of(nc)
        self._under_way: set[Key] = set()
        """What is not answered yet."""
        self._waiting = Counts[str]()
        """How much of it is for a service."""
        self._waiting_of = Counts[tuple[str, str]]()
        """How much of it is of a source and for a service."""
        self._turn = asyncio.Condition()

    def source(self, department: str, system: str) -> Source:
        """Whose reports a system of a department hands in."""
        return Source(self._county, department, system)

    @property
    def connected(self) -> bool:
        """Whether the door is on the bus."""
        return self._nc.is_connected

    def repairs(self, asker: Asker) -> RepairDesks:
        """The write services' repair desks, asked in somebody's name."""
        return RepairDesks(self._nc, asker, silence_seconds_max=TAKEN_SECONDS_MAX)

    async def report(self, source: Source, reports: Sequence[OutgoingReport], wait_seconds: float) -> dict[str, Answer]:
        """Hand in reports of one source and wait so long for their answers: those that came, by id. Whatever is not answered is in the
        broker's queue. Raises Refused: then it is not known whether they arrived.
        """
        unsent = {report.id: _refusal(report, reason) for report in reports if (reason := unsendable(report)) is not None}
        sending = [report for report in reports if report.id not in unsent]
        if not sending:
            return unsent
        if not self._nc.is_connected:
            raise unavailable(BUS_AWAY)
        async with (
            self._in_turn(str(source), {each.id: each.type.partition(".")[0] for each in sending}),
            self._listening(source, sending) as heard,
        ):
            taken = await asyncio.gather(*(self._publish(report) for report in sending), return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await heard.all_there.wait()
            for report, error in zip(sending, taken, strict=True):
                if isinstance(error, BaseException) and report.id not in heard.answers:
                    raise error
            return unsent | heard.answers

    async def answer(self, source: Source, id: str) -> Answer | None:
        """The newest answer to a report of the last `ANSWERS_KEPT_DAYS` days. Raises Refused."""
        if not self._service.is_connected:
            raise unavailable(BUS_AWAY)
        subject = subjects.answered(self._county, source.department, source.system, id)
        try:
            kept = await self._service.jetstream().get_last_msg(subjects.answered_stream(self._county), subject)
        except nats.js.errors.NotFoundError:
            return None
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise _not_heard(error, BUS_AWAY) from error
        return parse_answer(kept.data or b"")

    async def standing(self, asker: Asker, service: Service, source: str, id: str) -> Content | None:
        """What is recorded or waits under an id; None if nothing. Raises Refused."""
        try:
            found = await self.repairs(asker).show(service, ShowKept(id=id, source=source))
        except RepairRefused as refused:
            reason = refused.reason
            raise Refused(409, Problem(code=reason.code, zh=reason.zh, en=reason.en)) from None
        except BusForbids as error:
            raise bus_refused(error) from error
        except NobodyRepairs:
            raise unavailable(SERVICE_AWAY) from None
        return next((each for report in found.reports for each in report.contents if each.state in ("recorded", "waiting")), None)

    async def identify(self, source: Source, request: IdentifyRequest) -> IdentifyReply:
        """Have the registry exchange resident ids. Raises Refused; no message of it repeats an id."""
        if not self._nc.is_connected:
            raise unavailable(NOBODY_ANSWERS)
        subject = subjects.identify(source.department, source.system)
        try:
            reply = await exchange(self._nc, subject, request, seconds_max=TAKEN_SECONDS_MAX)
        except BusForbids as error:
            raise bus_refused(error) from error
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise _not_heard(error, NOBODY_ANSWERS) from error
        if isinstance(reply, Refusal):
            problem = Problem(code=reply.code, zh=reply.zh, en=reply.en)
            seconds = reply.retry_after_seconds
            raise unavailable(problem, RETRY_SECONDS if seconds is None else seconds, status=429 if reply.code == "rate_limited" else 503)
        return reply

    async def _publish(self, report: OutgoingReport) -> None:
        """Into the broker's queue. Raises Refused."""
        source = report.source
        subject = subjects.reported(source.county, source.department, source.system, report.type)
        publishing = self._nc.jetstream().publish(subject, report.raw, timeout=TAKEN_SECONDS_MAX, headers=headers_of(report))
        try:
            await self._forbidden.reply(subject, publishing)
        except BusForbids as error:
            raise bus_refused(error) from error
        except (nats.errors.Error, nats.js.errors.Error) as error:
            full = isinstance(error, nats.js.errors.APIError) and error.err_code == _STORE_FAILED
            raise _not_heard(error, QUEUE_FULL if full else BUS_AWAY) from error

    @asynccontextmanager
    async def _listening(self, source: Source, reports: Collection[OutgoingReport]) -> "AsyncIterator[_Heard]":
        heard = _Heard({report.id for report in reports})
        try:
            subscription = await self._nc.subscribe(
                subjects.answered(self._county, source.department, source.system, ">"), cb=heard.one
            )  # fmt: skip
        except nats.errors.Error as error:
            raise _not_heard(error, BUS_AWAY) from error
        try:
            yield heard
        finally:
            with suppress(nats.errors.Error):  # a connection that is gone has forgotten it by itself
                await subscription.unsubscribe()

    @asynccontextmanager
    async def _in_turn(self, source: str, services: Mapping[str, str]) -> AsyncIterator[None]:
        """While nobody else reports the same: answers to one id could not be told apart. Raises Refused when that takes too long.

        `services`: which one each report of the source is for, by its id.
        """
        keys = {(source, id) for id in services}
        asked = Counts(services.values())
        asked_of = {(source, service): more for service, more in asked.items()}
        problem: Problem | None = SAME_ID

        def free() -> bool:
            nonlocal problem
            problem = self._in_the_way(keys, asked_of)
            return problem is None

        try:
            async with asyncio.timeout(TURN_SECONDS_MAX), self._turn:
                await self._turn.wait_for(free)
                self._under_way |= keys
                self._waiting.update(asked)
                self._waiting_of.update(asked_of)
        except TimeoutError:
            raise unavailable(problem or SAME_ID) from None
        try:
            yield
        finally:
            self._under_way -= keys
            self._waiting.subtract(asked)
            self._waiting_of.subtract(asked_of)
            async with self._turn:
                self._turn.notify_all()

    def _in_the_way(self, keys: set[Key], asked_of: Mapping[tuple[str, str], int]) -> Problem | None:
        """Why reports of one source have to wait for their turn. Whoever waits asks each time that a turn is given back."""
        if not self._under_way.isdisjoint(keys):
            return SAME_ID
        for (source, service), more in asked_of.items():
            if self._waiting_of[source, service] + more > SHARE_MAX:
                return own_share_used(service)
            if self._waiting[service] + more > UNDER_WAY_MAX:
                return service_overrun(service)
        return None


class _Heard:
    """The answers to some reports, as they come in."""

    def __init__(self, ids: set[str]) -> None:
        self._ids = ids
        self.answers: dict[str, Answer] = {}
        self.all_there = asyncio.Event()

    async def one(self, message: Msg) -> None:
        """An answer to one of this source's reports, be it of these or not."""
        id = message.subject.rpartition(".")[2]
        if id not in self._ids:
            return
        answer = parse_answer(message.data)
        if id not in self.answers or answer.revision >= self.answers[id].revision:
            self.answers[id] = answer
        if len(self.answers) == len(self._ids):
            self.all_there.set()


def _refusal(report: OutgoingReport, reason: Reason) -> Answer:
    """The answer to what is not even sent."""
    return Answer(str(report.source), report.id, report.type, 0, "refused", reason.code, reason.zh, reason.en, None)


def bus_refused(error: BusForbids) -> Refused:
    """What is said, and logged, when the bus does not let the door itself pass something on."""
    log.error("消息总线不允许转发 / the bus lets nothing be passed on", because=str(error))
    return Refused(502, BUS_REFUSES)


def _not_heard(error: Exception, problem: Problem) -> Refused:
    log.warning("消息总线未确认 / the bus confirmed nothing", error=repr(error))
    return unavailable(problem)
