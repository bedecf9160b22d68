"""What was posted to be reported: read, and every event of it looked at, before anything is sent.

A department reports in its own name: the events' `source` is that of its token. Whether an event fits its contract the write service says.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from services.indicators.api.questions import Problem
from services.indicators.api.responses import Refused
from shared.client.outgoing import OutgoingReport
from shared.contracts.envelope import SOURCE_PATTERN, TYPE_PATTERN, EventId, ReportEnvelope, Source
from shared.contracts.exact import Day
from shared.contracts.outcomes import Reason
from shared.users import DepartmentUser
from shared.write_service import reasons

REPORTS_MAX: Final = 1000
"""So many events one request may hold."""
JSON_KINDS: Final = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")
LINES_KIND: Final = "application/x-ndjson"
TYPE_LENGTH_MAX: Final = 100
"""A longer type is none, and would be too long for a subject."""


def _written(text: object) -> object:
    """An instant is a text, and no number of seconds."""
    if not isinstance(text, str):
        raise PydanticCustomError("string_type", "an instant is a text")
    return text


class Report(ReportEnvelope):
    """一条事实的报告（CloudEvents 1.0），data 见 deploy/reference/events.md / one reported fact; `data` as that page has it"""

    specversion: Literal["1.0"] = Field(description="CloudEvents 的版本 / the version of CloudEvents")
    id: EventId = Field(description="编号，本系统自编且不作他用 / your system's own, never used for anything else")
    source: Annotated[str, StringConstraints(pattern=SOURCE_PATTERN.pattern)] = Field(
        description="来源：/县/部门/系统，须为令牌所属 / whose it is: that of the token"
    )
    type: Annotated[str, StringConstraints(pattern=TYPE_PATTERN.pattern, max_length=TYPE_LENGTH_MAX)] = Field(
        description="事实类型与版本 / the fact's type and version"
    )
    occurred: Day = Field(description="事实发生之日 / the day it is about")
    data: dict[str, Any] = Field(description="事实的字段 / the fact's fields")
    time: Annotated[datetime, BeforeValidator(_written)] | None = Field(
        default=None, description="报送方自己的时间，不留存 / the reporter's own clock; it is not kept"
    )


def read_posted(body: bytes, kind: str, source: Source, user: DepartmentUser) -> list[OutgoingReport]:
    """The reports that a department's system posted, in their order. Raises Refused: then none of them may be sent."""
    reports = [_report(number, said, raw, source, user) for number, (said, raw) in enumerate(_each(body, kind), start=1)]
    if not reports:
        raise Refused(422, Problem(code="no_reports", zh="没有要报送的事实", en="there is nothing to report"))
    if len(reports) > REPORTS_MAX:
        raise Refused(422, Problem(
            code="too_many_reports", zh=f"一次至多报送 {REPORTS_MAX} 条，收到 {len(reports)} 条",
            en=f"at most {REPORTS_MAX} reports at a time, not {len(reports)}",
        ))  # fmt: skip
    _require_different(reports)
    return reports


def _each(body: bytes, kind: str) -> Iterator[tuple[Any, bytes]]:
    """Every event, as JSON and as bytes."""
    kind = kind.partition(";")[0].strip().lower()
    if kind == LINES_KIND:
        for number, line in enumerate(body.splitlines(), start=1):
            if line.strip():
                yield _json(line, number), line.strip()
        return
    if kind not in JSON_KINDS:
        expected = ", ".join((*JSON_KINDS, LINES_KIND))
        raise Refused(
            415, Problem(code="bad_content_type", zh=f"Content-Type 应为 {expected} 之一", en=f"Content-Type is one of {expected}")
        )
    said = _json(body)
    if isinstance(said, list):
        for number, each in enumerate(said, start=1):
            try:
                yield each, orjson.dumps(each)
            except orjson.JSONEncodeError:
                raise Refused(422, _of(number, reasons.TOO_DEEP)) from None
    else:
        yield said, body


def _json(text: bytes, line: int | None = None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        zh, en = (f"第 {line} 行：", f"line {line}: ") if line is not None else ("", "")
        raise Refused(400, Problem(code="not_json", zh=zh + reasons.NOT_JSON.zh, en=en + reasons.NOT_JSON.en)) from None


def _report(number: int, said: Any, raw: bytes, source: Source, user: DepartmentUser) -> OutgoingReport:
    if not isinstance(said, dict):
        raise Refused(422, _of(number, reasons.NOT_AN_OBJECT))
    try:
        report = Report.model_validate(said)
    except ValidationError as error:
        raise Refused(422, _of(number, reasons.unfit(error))) from None
    if report.source != str(source):
        raise Refused(403, _of(number, Reason(
            "other_source", f"source 应为令牌所属的 {source}", f"source is that of the token: {source}"
        )))  # fmt: skip
    type_ = report.type.rpartition(".v")[0]
    if user.may_report and type_ not in user.may_report:
        raise Refused(403, _of(number, Reason(
            "type_not_allowed", f"该令牌只可报送 {'、'.join(user.may_report)}", f"this token may report {', '.join(user.may_report)} only"
        )))  # fmt: skip
    return OutgoingReport(source, type_, raw, report.id)


def _require_different(reports: Sequence[OutgoingReport]) -> None:
    """Answers are told apart by the id."""
    numbers: dict[str, int] = {}
    for number, report in enumerate(reports, start=1):
        if (before := numbers.setdefault(report.id, number)) != number:
            raise Refused(422, Problem(
                code="repeated_id", zh=f"第 {before} 条与第 {number} 条编号相同；未发送任何报告",
                en=f"reports {before} and {number} have the same id; nothing was sent",
            ))  # fmt: skip


def _of(number: int, reason: Reason) -> Problem:
    return Problem(
        code=reason.code, zh=f"第 {number} 条：{reason.zh}；未发送任何报告", en=f"report {number}: {reason.en}; nothing was sent"
    )  # fmt: skip
