"""The repair desks over HTTP: what waits or was refused, listed, shown and dealt with, as on the bus.

The write services answer, and decide who may see and do what: the door passes on who has the token, and nothing else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.indicators.api.access import Caller, caller_of
from services.indicators.api.counter import BUS_AWAY, NOT_PASSED_ON, Counter, bus_refused, unavailable
from services.indicators.api.metrics import QueryMetrics
from services.indicators.api.persons import masked_json
from services.indicators.api.questions import ID_PATTERN, Problem, answer_bytes, describe
from services.indicators.api.responses import JSON, Refused
from shared.client.forbidden import BusForbids
from shared.client.repair import NobodyRepairs, RepairDesks, RepairRefused
from shared.contracts.base import Service
from shared.contracts.envelope import Token
from shared.contracts.exact import Day
from shared.event_store.interface import KeptState
from shared.repair import OPERATOR, PAGE_MAX, Asker, Correct, Dismiss, Done, Found, KeptPage, ListKept, Resubmit, ShowKept
from shared.users import MAY, DepartmentUser

_STATUSES: Final = {
    "unknown_report": 404,
    "not_your_report": 403,
    "not_your_systems_report": 403,
    "reads_only": 403,
    "invalid": 422,
    "resident_id_in_words": 422,
}
"""Whatever else is refused stands against what has become of the report meanwhile."""
_NOBODY: Final = Problem(
    code="no_answer", zh="该服务未应答，请稍后以同一 act 重试：不会重复处理",
    en="the service does not answer: try again later under the same `act`, nothing is done twice",
)  # fmt: skip
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    403: {"model": Problem, "description": "是其他部门的报送，或角色只可查看 / another department's report, or the role only looks"},
    404: {"model": Problem, "description": "没有留存这样的报送 / no such report is kept"},
    409: {"model": Problem, "description": "报送已是别的状态 / the report is no longer in that state"},
    422: {"model": Problem, "description": "请求无法理解 / it cannot be understood"},
    502: NOT_PASSED_ON,
    503: {"model": Problem, "description": "服务未应答 / the service does not answer"},
}

ServicePath = Annotated[Service, Path(description="哪个服务 / which service", examples=["registry"])]


class KeptQuestion(BaseModel):
    """Which reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: list[KeptState] = Field(
        default=["waiting", "refused"], min_length=1, description="等待、退回、不处理、已补正 / in which of these states"
    )
    type: str | None = Field(
        default=None, max_length=100, description="事实类型 / one type of fact", examples=["registry.entity_registered"]
    )
    department: Token | None = Field(
        default=None, description="报送部门，只能查本部门的除外 / reported by this department", examples=["gsj"]
    )
    system: Token | None = Field(default=None, description="报送系统 / reported by this system", examples=["dengji"])
    since: Day | None = Field(default=None, description="该日起报到的 / arrived on this day or later", examples=["2025-03-01"])
    older_than_days: int | None = Field(
        default=None, ge=0, le=36500, description="报到已超过若干日 / arrived more than so many days ago", examples=[30]
    )
    search: str | None = Field(
        default=None, min_length=1, max_length=200, description="编号、原因或内容含有 / its id, reason or content holds", examples=["甲厂"]
    )
    after: int = Field(default=0, ge=0, description="上一页的 next / the `next` of the page before", examples=[0])
    limit: int = Field(default=100, ge=1, le=PAGE_MAX, description="每页条数 / reports on a page", examples=[100])


class KeptOfSource(BaseModel):
    """Whose report, where several have reported under one id."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str | None = Field(
        default=None, pattern=r"^/[0-9]{12}/[a-z0-9_-]{1,32}/[a-z0-9_-]{1,32}$", description="来源 / the source",
        examples=["/330127000000/gsj/dengji"],
    )  # fmt: skip


def add_repairs(app: FastAPI, counter: Counter, metrics: QueryMetrics) -> None:
    """Add the endpoints of the repair desks."""

    @asynccontextmanager
    async def desks(request: Request, query: str) -> AsyncIterator[RepairDesks]:
        with metrics.measured(query):
            try:
                yield counter.repairs(asker_of(caller_of(request)))
            except RepairRefused as refused:
                reason = refused.reason
                raise Refused(_STATUSES.get(reason.code, 409), Problem(code=reason.code, zh=reason.zh, en=reason.en)) from None
            except BusForbids as error:
                raise bus_refused(error) from error
            except NobodyRepairs:
                raise unavailable(_NOBODY if counter.connected else BUS_AWAY) from None

    @app.get(
        "/repairs/{service}", response_model=KeptPage, responses=_ANSWERS, summary="等待和退回的报送 / what waits or was refused"
    )  # fmt: skip
    async def kept(request: Request, service: ServicePath, question: Annotated[KeptQuestion, Query()]) -> Response:
        """一个服务留存的，先到的在前；部门只见本部门的 / kept by one service, what came first at the top; a department sees its own"""
        try:
            wanted = ListKept(**{**question.model_dump(), "state": tuple(question.state)})
        except ValidationError as error:
            raise Refused(422, describe(error.errors())) from None
        async with desks(request, "repairs") as asked:
            return _told_to(caller_of(request), await asked.list(service, wanted))

    @app.get("/repairs/{service}/{id}", response_model=Found, responses=_ANSWERS, summary="一条报送的全部 / everything about one report")
    async def shown(
        request: Request, service: ServicePath,
        id: Annotated[str, Path(description="报告编号 / the report's id", pattern=ID_PATTERN, examples=["dengji-2025-0001"])],
        question: Annotated[KeptOfSource, Query()],
    ) -> Response:  # fmt: skip
        """内容、历次答复与原因、等待什么、做过什么；各来源一条 / what it says, every answer and why, what it waits for, what was done about
        it; one of each source
        """
        async with desks(request, "repair_shown") as asked:
            return _told_to(caller_of(request), await asked.show(service, ShowKept(id=id, source=question.source)))

    @app.post("/repairs/{service}/acts/resubmit", response_model=Done, responses=_ANSWERS, summary="重新裁决 / decide it again")
    async def resubmit(request: Request, service: ServicePath, act: Resubmit) -> Response:
        """照原样重新裁决；act 由调用者自编，同一 act 只做一次 / as it is; `act` is the caller's own name for it, done once"""
        async with desks(request, "resubmit") as asked:
            return _told(await asked.resubmit(service, act))

    @app.post("/repairs/{service}/acts/correct", response_model=Done, responses=_ANSWERS, summary="补正 / a corrected copy in its place")
    async def correct(request: Request, service: ServicePath, act: Correct) -> Response:
        """以新编号报送改正后的内容，取代原报送；仍被退回的，原报送不变，见 outcome / reported under an id of its own in the place of the
        original, which stays as it was where the copy is refused: see `outcome`
        """
        async with desks(request, "correct") as asked:
            return _told(await asked.correct(service, act))

    @app.post("/repairs/{service}/acts/dismiss", response_model=Done, responses=_ANSWERS, summary="退回不处理 / pursue it no more")
    async def dismiss(request: Request, service: ServicePath, act: Dismiss) -> Response:
        """不再处理，原因告知报送部门 / its reporter is told why"""
        async with desks(request, "dismiss") as asked:
            return _told(await asked.dismiss(service, act))


def asker_of(caller: Caller) -> Asker:
    """Who asks, as the write services know people."""
    user = caller.user
    if isinstance(user, DepartmentUser):
        return Asker(user.role, user.department, user.system)
    return Asker(caller.role, *OPERATOR)


def _told_to(caller: Caller, found: BaseModel) -> Response:
    """What is kept, whole for whoever may put it right; for others persons are masked."""
    if "repair" in MAY[caller.role]:
        return _told(found)
    return Response(masked_json(answer_bytes(found)), media_type=JSON)


def _told(found: BaseModel) -> Response:
    return Response(answer_bytes(found), media_type=JSON)
