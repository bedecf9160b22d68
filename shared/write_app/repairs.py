"""The door of the repair desk: `repair.<service>.<call>.<role>.<department>.<system>`, by core request and reply.

The broker lets everybody ask under their own role and name only, so the subject says who asks. What they may see and do is decided here:
a department its own reports, the office and administrators all of them, an evaluator looks and does nothing.
"""

import re
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast, get_args

import orjson
from faststream.nats import NatsBroker
from faststream.nats.message import NatsMessage
from pydantic import BaseModel, ValidationError

from shared import subjects
from shared.contracts.base import Service
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason
from shared.days import instant_text, start_of_day
from shared.event_store.interface import ActKind, ActRow, Dossier, EventStore, KeptQuery, ReportKey, ReportRow
from shared.identification import Refusal
from shared.logs import logger
from shared.repair import (
    READS_ONLY,
    SHAPES,
    SHOWN_BYTES_MAX,
    Asker,
    Attempt,
    Call,
    Change,
    Content,
    Correct,
    Dismiss,
    Done,
    Found,
    KeptPage,
    KeptReport,
    ListKept,
    Resubmit,
    Said,
    ShowKept,
    Trouble,
    Whole,
)
from shared.request_reply import answer_requests
from shared.write_app.work import Work
from shared.write_service import reasons
from shared.write_service.masking import has_resident_id, mask
from shared.write_service.repairing import SETTLED, Act, Acted

_ASKED: Final = re.compile(
    r"repair\.[a-z]+\.(list|show|resubmit|correct|dismiss)\.(department|office|evaluator|administrator)\.([a-z0-9_-]{1,32})\.([a-z0-9_-]{1,32})"
)

NOBODY = Refusal(
    code="unknown_asker", zh="请求主题应为 repair.<服务>.<操作>.<角色>.<部门>.<系统>",
    en="the subject should be repair.<service>.<call>.<role>.<department>.<system>",
)  # fmt: skip
NOT_YOUR_REPORT = Refusal(
    code="not_your_report", zh="这是其他部门的报送：只有原报送部门、创建办和系统管理员可以查看、处理",
    en="another department reported this: only that department, the office and administrators may look at it or deal with it",
)  # fmt: skip
NOT_YOUR_SYSTEMS = Refusal(
    code="not_your_systems_report",
    zh="这是本部门其他系统的报送：本系统只可报送部分类型或单位，只能处理自己的报送，请由该系统、创建办或系统管理员处理",
    en="another system of your department reported this, and yours may report some types or units only: it deals with its own reports; "
    "that system, the office and administrators may deal with this one",
)
HELD = Refusal(
    code="not_recording", zh="本服务暂停记录（见 kaiye doctor），请稍后再试",
    en="recording is held (kaiye doctor says why): try again later", retry_after_seconds=2.0,
)  # fmt: skip
ID_IN_WORDS = Refusal(
    code="resident_id_in_words", zh="原因与补正的内容中不得写身份证号", en="neither the reason nor what is set may hold a resident id"
)
INTERNAL = Refusal(
    code="internal", zh="内部错误，已记入日志，请稍后重试", en="an internal error, which has been logged: try again later",
    retry_after_seconds=5.0,
)  # fmt: skip
_DESCRIBED: Final[dict[Call, str]] = {
    "list": "待办报送 / a page of the reports that wait or were refused",
    "show": "一条报送的全部 / everything kept about one report",
    "resubmit": "重新裁决 / decide again what waits or was refused",
    "correct": "补正 / report a corrected copy, which takes its place",
    "dismiss": "退回不处理 / what waits or was refused will not be pursued",
}

log = logger(__name__)


class Refused(Exception):
    """A request is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def answer_repairs(broker: NatsBroker, service: Service, work: Callable[[], Work]) -> None:
    """Subscribe to what is asked of one service's repair desk. `work` is asked for once the service has started."""
    for call in get_args(Call):
        _subscribe(broker, service, call, work)


def _subscribe(broker: NatsBroker, service: Service, call: Call, work: Callable[[], Work]) -> None:
    async def reply_to(message: NatsMessage) -> tuple[bytes, str]:
        reply: BaseModel
        try:
            asker = _asker(message.raw_message.subject)
            if not asker.may(call):
                raise Refused(_refusal(READS_ONLY))
            reply = await _answer(RepairDesk(service, work()), asker, SHAPES[call].model_validate_json(message.body))
        except ValidationError as error:
            reply = _refusal(reasons.unfit(error))
        except Refused as refused:
            reply = refused.refusal
        except Exception:  # noqa: BLE001 - logged below, with ids masked
            log.error("the repair desk met an error", service=service, call=call, traceback=mask(traceback.format_exc().encode()).decode())
            reply = INTERNAL
        code = reply.code if isinstance(reply, Refusal) else ""
        return reply.model_dump_json(exclude_none=bool(code)).encode(), code

    answer_requests(
        broker, subjects.repair(service, call, "*", "*", "*"), SHAPES[call], reply_to, queue=service, title=f"repair.{call}",
        description=_DESCRIBED[call],
    )  # fmt: skip


async def _answer(desk: "RepairDesk", asker: Asker, asked: BaseModel) -> BaseModel:
    match asked:
        case ListKept():
            return await desk.list(asker, asked)
        case ShowKept():
            return await desk.show(asker, asked)
        case Resubmit():
            return await desk.act(asker, "resubmitted", asked)
        case Correct():
            return await desk.act(asker, "corrected", asked)
        case Dismiss():
            return await desk.act(asker, "dismissed", asked)
        case _:
            raise AssertionError(f"nobody asks {asked!r}")


def _asker(subject: str) -> Asker:
    if (found := _ASKED.fullmatch(subject)) is None:
        raise Refused(NOBODY)
    return Asker(cast(Any, found[2]), found[3], found[4])


class RepairDesk:
    """What one service answers, to those who may ask."""

    def __init__(self, service: Service, work: Work) -> None:
        self._service = service
        self._work = work

    @property
    def _store(self) -> EventStore:
        return self._work.store

    async def list(self, asker: Asker, asked: ListKept) -> KeptPage:
        """A page of what waits or was refused, of whatever the asker may see."""
        now = self._work.service.clock.now()
        query = KeptQuery(
            after=asked.after, limit=asked.limit + 1, states=asked.state, type=asked.type, department=asked.department,
            system=asked.system, text=asked.search, since=None if asked.since is None else start_of_day(asked.since),
            before=None if asked.older_than_days is None else now - timedelta(days=asked.older_than_days),
        )  # fmt: skip
        if not asker.sees_all:
            if asked.department not in (None, asker.department):
                raise Refused(NOT_YOUR_REPORT)
            query = query._replace(department=asker.department)
        rows = await self._store.kept(query)
        page = rows[: asked.limit]
        return KeptPage(reports=tuple(self._kept(row) for row in page), next=page[-1].arrival if len(rows) > len(page) else None)

    async def show(self, asker: Asker, asked: ShowKept) -> Found:
        """Everything about the reports under an id, of whatever the asker may see. Raises Refused."""
        sources = [asked.source] if asked.source is not None else await self._store.sources_of(asked.id)
        seen = [source for source in sources if _may_see(asker, source)]
        if sources and not seen and asked.source is not None:
            raise Refused(NOT_YOUR_REPORT)
        dossiers = [await self._store.dossier(ReportKey(source, asked.id)) for source in seen]
        return Found(reports=tuple(self._whole(asker, each) for each in dossiers if each.reports))

    async def act(self, asker: Asker, kind: ActKind, asked: Resubmit | Correct | Dismiss) -> Done:
        """Do something about one report. Raises Refused, and what the database raises."""
        if not _may_see(asker, asked.source):
            raise Refused(NOT_YOUR_REPORT)
        reporter = Source.parse(asked.source)
        asking = replace(reporter, department=asker.department, system=asker.system)
        if asker.role == "department" and asking != reporter and str(asking) in self._work.bounded():
            raise Refused(NOT_YOUR_SYSTEMS)
        changes = asked.changes if isinstance(asked, Correct) else ()
        if has_resident_id(asked.why.encode()) or any(map(_holds_resident_id, changes)):
            raise Refused(ID_IN_WORDS)
        if not self._work.service.recording.is_set():
            raise Refused(HELD)
        act = Act(asked.act, kind, ReportKey(asked.source, asked.id), str(asker), asked.why, changes)
        acted = await self._work.repair(act)
        if isinstance(acted, Reason):
            raise Refused(_refusal(acted))
        done = self._done(acted)
        log.info("repair", kind=kind, who=str(asker), source=asked.source, id=asked.id, outcome=done.outcome, again=done.again)
        return done

    # As it is shown

    def _kept(self, row: ReportRow) -> KeptReport:
        return KeptReport(
            service=self._service, number=row.arrival, source=row.source, id=row.id, type=row.type, state=_state(row),
            reason=_said(row.reason), revision=row.revision, arrived=_instant(row.arrived),
        )  # fmt: skip

    def _whole(self, asker: Asker, dossier: Dossier) -> Whole:
        newest = dossier.reports[0]
        left = SHOWN_BYTES_MAX
        contents = []
        for row in dossier.reports:
            left -= len(row.kept or b"")
            contents.append(_content(row, shown=left >= 0))
        done = [self._done(Acted(act, again=False)) for act in dossier.acts]
        attempts = [
            Attempt(
                revision=each.revision, at=instant_text(each.at), outcome=each.outcome, reason=_said(each.reason), position=each.position
            )
            for each in dossier.attempts
        ]
        operates = asker.role in ("office", "administrator")
        troubles = [Trouble(at=instant_text(each.at), traceback=each.traceback) for each in dossier.aside] if operates else []
        return Whole(
            service=self._service, source=newest.source, id=newest.id, type=newest.type, contents=tuple(contents),
            attempts=tuple(attempts), waits_for=dossier.needs, acts=tuple(done), troubles=tuple(troubles),
            copy_of=next((act.id for act in dossier.acts if act.copy == newest.id and act.outcome != "refused"), None),
        )  # fmt: skip

    def _done(self, acted: Acted) -> Done:
        row: ActRow = acted.row
        changes = None if row.changes is None else tuple(Change.model_validate(each) for each in orjson.loads(row.changes))
        return Done(
            act=row.act, kind=row.kind, service=self._service, at=instant_text(row.at), who=row.who, why=row.why, source=row.source,
            id=row.id, changes=changes, copy_id=row.copy, outcome=row.outcome, reason=_said(row.reason), position=row.position,
            again=acted.again,
        )  # fmt: skip


def _holds_resident_id(change: Change) -> bool:
    """Whether a service would refuse a report for what is to be set there."""
    field = change.path.rpartition(".")[2].partition("[")[0]
    value = change.value.encode() if change.json_value else orjson.dumps(change.value)
    return has_resident_id(change.path.encode()) or has_resident_id(b"{%s:%s}" % (orjson.dumps(field), value))


def _may_see(asker: Asker, source: str) -> bool:
    return asker.sees_all or source.split("/")[2] == asker.department


def _state(row: ReportRow) -> Any:
    """How the desk speaks of it."""
    return row.reason.code if row.outcome == "refused" and row.reason is not None and row.reason.code in SETTLED else row.outcome


def _content(row: ReportRow, *, shown: bool) -> Content:
    return Content(
        type=row.type, state=_state(row), revision=row.revision, arrived=_instant(row.arrived), reason=_said(row.reason),
        position=row.position, flags=tuple(Said(code=flag.code, zh=flag.zh, en=flag.en) for flag in row.flags),
        report=_shown(mask(row.kept)) if shown and row.kept is not None else None,
    )  # fmt: skip


def _shown(kept: bytes) -> Any:
    try:
        return orjson.loads(kept)
    except orjson.JSONDecodeError:
        return kept.decode("utf-8", "backslashreplace")


def _said(reason: Reason | None) -> Said | None:
    return None if reason is None else Said(code=reason.code, zh=reason.zh, en=reason.en)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _refusal(reason: Reason) -> Refusal:
    return Refusal(code=reason.code, zh=reason.zh, en=reason.en)
