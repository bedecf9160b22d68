"""Reporting over HTTP: facts in, their answers out, and resident ids exchanged before.

There is one way in: what is posted here is published to the bus as the token's own department and system, and decided like any other
report. Sending again changes nothing: the same id with the same content gets the same answer.
"""

from typing import Annotated, Any, Final, Literal, cast

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.indicators.api.access import caller_of
from services.indicators.api.bodies import BODY_BYTES_MAX
from services.indicators.api.counter import BUS_AWAY, NOBODY_ANSWERS, NOT_PASSED_ON, Counter
from services.indicators.api.examples import EXAMPLE_REPORT
from services.indicators.api.metrics import QueryMetrics
from services.indicators.api.posted import JSON_KINDS, LINES_KIND, REPORTS_MAX, read_posted
from services.indicators.api.questions import ID_PATTERN, WAIT_SECONDS_MAX, Problem, answer_bytes
from services.indicators.api.repairs import asker_of
from services.indicators.api.responses import JSON, Refused, documented
from shared.answers import Answer
from shared.contracts.base import Service
from shared.contracts.outcomes import Outcome
from shared.identification import IDS_MAX, IdentifyReply, IdentifyRequest
from shared.repair import Content
from shared.subjects import ANSWERS_KEPT_DAYS, REPORT_BYTES_MAX
from shared.users import DepartmentUser
from shared.write_service.reasons import CONFLICT, RECORDED

WAIT_SECONDS: Final = 5.0
UNREADABLE_IDS: Final = Problem(
    code="unreadable", zh=f'请求无法读取：应为 {{"ids": ["身份证号", …]}}，1 至 {IDS_MAX} 个',
    en=f'the request cannot be read: it should be {{"ids": ["resident id", …]}} with 1 to {IDS_MAX} of them',
)  # fmt: skip
NO_ANSWER: Final = Problem(
    code="no_answer", zh=f"该编号没有答复：尚未裁决、从未报送，或答复已超过 {ANSWERS_KEPT_DAYS} 天；以相同编号和内容重新报送即得答复",
    en=f"there is no answer under this id: it is not decided yet, was never reported, or was answered over {ANSWERS_KEPT_DAYS} days ago; "
    "reported again under the same id with the same content it is answered",
)  # fmt: skip


class ReportQuestion(BaseModel):
    """How long to wait for answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    wait: float = Field(
        default=WAIT_SECONDS, ge=0, le=WAIT_SECONDS_MAX, description="等待答复的秒数 / how many seconds to wait for answers",
        examples=[WAIT_SECONDS],
    )  # fmt: skip


class ReportAnswer(BaseModel):
    """What became of one report."""

    model_config = ConfigDict(frozen=True)
    id: str = Field(description="报告编号 / the report's id")
    type: str = Field(description="事实类型 / the fact's type")
    outcome: Outcome | Literal["unanswered"] = Field(
        description="已记录、等待、退回、尚无答复 / recorded, waiting, refused, not answered yet"
    )
    code: str = Field(description="供程序使用的代码 / for programs")
    zh: str
    en: str
    position: int | None = Field(description="记录的位置 / where it is recorded; null when it is not")
    revision: int = Field(description="第几次答复，0 为未交裁决 / which answer to this report; 0: it was never decided")
    flags: list[Problem] = Field(description="已记录事实的疑点 / what is odd about a recorded fact")
    later_refused: Problem | None = Field(
        default=None, description="同一编号后来报送的另一内容为何退回，仅见于按编号查询 / why another content that came under this id "
        "later was refused; told where one id is looked at",
    )  # fmt: skip


class ReportAnswers(BaseModel):
    """What became of each report, in the order in which they were posted."""

    model_config = ConfigDict(frozen=True)
    reports: list[ReportAnswer]


_RETRY: Final = {"Retry-After": {"description": "秒数 / in so many seconds", "required": True, "schema": {"type": "integer"}}}
_LOCATION: Final = {
    "Location": {"description": "首条未答复者 / the first of those not answered", "required": True, "schema": {"type": "string"}}
}
_TOO_LONG: Final = {"model": Problem, "description": f"正文超过 {BODY_BYTES_MAX} 字节 / a body of more than so many bytes"}
_POSTED: Final[dict[str, Any]] = {
    "anyOf": [
        {"$ref": "#/components/schemas/Report"},
        {"type": "array", "items": {"$ref": "#/components/schemas/Report"}, "minItems": 1, "maxItems": REPORTS_MAX},
    ]
}
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": f"一条报告、一组报告，或每行一条；至多 {REPORTS_MAX} 条，每条至多 {REPORT_BYTES_MAX // 1024} KiB / "
        f"one report, a list, or one per line; at most {REPORTS_MAX}, each of at most {REPORT_BYTES_MAX // 1024} KiB",
        "content": {
            **{kind: {"schema": _POSTED, "example": EXAMPLE_REPORT} for kind in JSON_KINDS},
            LINES_KIND: {"schema": {"type": "string"}},
        },
    }
}  # fmt: skip
_IDS_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {JSON: {"schema": {"$ref": "#/components/schemas/IdentifyRequest"}}}}
}


def add_reports(app: FastAPI, counter: Counter, metrics: QueryMetrics) -> None:
    """Add the endpoints by which departments report."""

    @app.post(
        "/reports", response_model=ReportAnswers, openapi_extra=_BODY, summary="报送事实 / report facts",
        responses={
            202: {"model": ReportAnswers, "headers": {**_LOCATION, **_RETRY}, "description": "有的尚无答复 / some are not answered yet"},
            400: {"model": Problem, "description": "不是 JSON / not JSON"},
            413: _TOO_LONG,
            415: {"model": Problem, "description": "Content-Type 不是所列之一 / another Content-Type than those"},
            422: {"model": Problem, "description": "不是报告 / no report"},
            502: NOT_PASSED_ON,
            503: {**documented("消息总线暂不可用 / the bus is away", BUS_AWAY), "headers": _RETRY},
        },
    )  # fmt: skip
    async def report(request: Request, question: Annotated[ReportQuestion, Query()]) -> Response:
        """只能以令牌所属部门与系统的名义报送（source）。200：每条都有答复，见 outcome；202：有的尚无答复，已在队列中，稍后按编号查询或原样
        重报；其余：未确认收到，请原样重报。相同编号与内容只计一次。
        / Only in the name of the token's department and system (`source`). 200: each is answered, see `outcome`; 202: some are not yet and
        stand in the queue: look at /reports/{id} or report the same again; anything else: not known to have arrived, report the same
        again. The same id with the same content counts once.
        """
        with metrics.measured("report"):
            user = _reporter(request)
            source = counter.source(user.department, user.system)
            reports = read_posted(await request.body(), request.headers.get("content-type", ""), source, user)
            answers = await counter.report(source, reports, question.wait)
            unanswered = [report.id for report in reports if report.id not in answers]
            said = ReportAnswers(
                reports=[_told(answers[each.id]) if each.id in answers else _pending(each.id, each.type) for each in reports]
            )
            headers = {"Location": f"/reports/{unanswered[0]}", "Retry-After": "1"} if unanswered else {}
            return Response(answer_bytes(said), status_code=202 if unanswered else 200, headers=headers, media_type=JSON)

    @app.get(
        "/reports/{id}", response_model=ReportAnswer, summary="本系统一条报告的答复 / the answer to one of one's own reports",
        responses={
            404: documented("没有答复 / no answer", NO_ANSWER),
            409: {"model": Problem, "description": "该编号不容查看 / what stands under this id is not shown"},
            502: NOT_PASSED_ON,
            503: {**documented("总线或记录的服务暂不可用 / the bus or the recording service is away", BUS_AWAY), "headers": _RETRY},
        },
    )  # fmt: skip
    async def answer(
        request: Request,
        id: Annotated[str, Path(description="报告编号 / the report's id", pattern=ID_PATTERN, examples=["dengji-2025-0001"])],
    ) -> Response:
        """令牌所属系统所报的最新答复；因编号已用于另一内容而退回的，答的是那一内容，退回原因见 later_refused / the newest answer to what
        the token's own system reported; where that was refused because the id stands for another content, it is that one's, with the
        refusal in `later_refused`
        """
        with metrics.measured("answer"):
            user = _reporter(request)
            found = await counter.answer(counter.source(user.department, user.system), id)
            if found is None:
                raise Refused(404, NO_ANSWER)
            told = _told(found)
            if found.code == CONFLICT:
                service = cast("Service", found.type.partition(".")[0])  # nobody else looks for what stands under an id
                standing = await counter.standing(asker_of(caller_of(request)), service, found.source, id)
                told = told if standing is None else _standing(id, standing, found)
            return Response(answer_bytes(told), media_type=JSON)

    @app.post(
        "/identify", response_model=IdentifyReply, openapi_extra=_IDS_BODY,
        summary="身份证号换取人员代码 / resident ids exchanged for pseudonyms",
        responses={
            413: _TOO_LONG,
            422: documented("不是身份证号的列表 / no list of resident ids", UNREADABLE_IDS),
            429: {"model": Problem, "headers": _RETRY, "description": "换取过于频繁 / too many in a short time"},
            502: NOT_PASSED_ON,
            503: {**documented("登记服务未应答 / the registry does not answer", NOBODY_ANSWERS), "headers": _RETRY},
        },
    )  # fmt: skip
    async def identify(request: Request) -> Response:
        """逐个给出人员代码或原因，次序同请求；身份证号不留存、不入日志 / for each the pseudonym or why there is none, in the order asked;
        the ids are kept nowhere and enter no log
        """
        with metrics.measured("identify"):
            user = _reporter(request)
            try:
                asked = IdentifyRequest.model_validate_json(await request.body())
            except ValidationError:  # its sentences would repeat what was given
                raise Refused(422, UNREADABLE_IDS) from None
            reply = await counter.identify(counter.source(user.department, user.system), asked)
            return Response(reply.model_dump_json(exclude_none=True), media_type=JSON)


def _reporter(request: Request) -> DepartmentUser:
    """Whose reports these are: whoever reports is a department's system."""
    user = caller_of(request).user
    assert isinstance(user, DepartmentUser), "nobody else reports"
    return user


def _told(answer: Answer) -> ReportAnswer:
    return ReportAnswer(
        id=answer.id, type=answer.type, outcome=answer.outcome, code=answer.code, zh=answer.zh, en=answer.en, position=answer.position,
        revision=answer.revision, flags=[Problem(code=each.code, zh=each.zh, en=each.en) for each in answer.flags],
    )  # fmt: skip


def _standing(id: str, standing: Content, later: Answer) -> ReportAnswer:
    """The answer to what an id stands for, of which a later report was none."""
    reason = standing.reason or RECORDED
    return ReportAnswer(
        id=id, type=standing.type, outcome="waiting" if standing.state == "waiting" else "recorded", code=reason.code, zh=reason.zh,
        en=reason.en, position=standing.position, revision=standing.revision,
        flags=[Problem(code=each.code, zh=each.zh, en=each.en) for each in standing.flags],
        later_refused=Problem(code=later.code, zh=later.zh, en=later.en),
    )  # fmt: skip


def _pending(id: str, type: str) -> ReportAnswer:
    return ReportAnswer(
        id=id, type=type, outcome="unanswered", code="unanswered", zh=f"已在队列中，尚无答复，请稍后查询 /reports/{id}",
        en=f"in the queue and not answered yet: look at /reports/{id} in a moment", position=None, revision=0, flags=[],
    )  # fmt: skip
