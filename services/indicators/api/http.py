"""The HTTP door: the board, its rows, the tables beside it, what is behind a figure, the flags, the duties, the recorded facts, the change
feed, health and metrics; and the way in for reports (`reports.py`). Who is let in says `access.py`.

Handlers are coroutines in the loop that takes records in. They answer without yielding, or as `questions.py` says: figures and positions
are of one moment.
Errors have one shape everywhere: `{"code", "zh", "en"}`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Route

from services.indicators.answers import BadQuestionError, Board
from services.indicators.api.access import Access, Caller, Guard, caller_of
from services.indicators.api.bodies import BODY_BYTES_MAX, BodyTooLong, BoundedBodies
from services.indicators.api.counter import Counter
from services.indicators.api.described import described
from services.indicators.api.diff import Difference
from services.indicators.api.downloads import DOWNLOADS_MAX, STALLED_SECONDS_MAX, Download, Downloads
from services.indicators.api.duties import Duties
from services.indicators.api.examples import (
    EXAMPLE_BOARD,
    EXAMPLE_CHANGED,
    EXAMPLE_DIFFERENCE,
    EXAMPLE_DUTIES,
    EXAMPLE_EXPLANATION,
    EXAMPLE_FLAGS,
    EXAMPLE_PROBLEM,
    EXAMPLE_RECORD,
)
from services.indicators.api.explain import Explanation
from services.indicators.api.feed import Feed
from services.indicators.api.flags import Flags
from services.indicators.api.health import Health, look
from services.indicators.api.login import add_login
from services.indicators.api.metrics import QueryMetrics
from services.indicators.api.page import docs_page
from services.indicators.api.questions import (
    NO_OBJECT,
    NOT_FOUND,
    SHEET_LENGTH_MAX,
    BoardQuestion,
    DiffPersonsQuestion,
    DutiesQuestion,
    EvaluationQuestion,
    ExplainPersonsQuestion,
    FactsQuestion,
    FlagsQuestion,
    IndicatorQuestion,
    NoQuestion,
    NotReadyError,
    Problem,
    Questions,
    UnitsQuestion,
    Unmasking,
    answer_bytes,
    describe,
    problem_of,
)
from services.indicators.api.rebuilds import Rebuilding
from services.indicators.api.repairs import add_repairs
from services.indicators.api.reports import add_reports
from services.indicators.api.responses import JSON, Refused, problem_response
from services.indicators.api.tables import Catalogue, Units
from services.indicators.api.unmasking import ONLY_SOME_MAY, require_may_unmask, shown
from services.indicators.archiving import Archiving
from services.indicators.evaluation.bulletin import Bulletin
from services.indicators.evaluation.evaluation import Evaluation
from shared.logs import logger

LINES: Final = "application/x-ndjson"
EVENTS: Final = "text/event-stream"

_ERROR: Final[dict[str, Any]] = {"model": Problem, "content": {JSON: {"example": EXAMPLE_PROBLEM}}}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    400: {**_ERROR, "description": "问题没有答案 / a question without an answer"},
    404: {**_ERROR, "description": "没有该单位或指标 / no such unit or indicator"},
    422: {**_ERROR, "description": "参数无法理解 / a parameter cannot be understood"},
    503: {**_ERROR, "description": "正在读取指标库 / the ledger is still being read"},
}


log = logger(__name__)

_ABOUT_FACTS: Final = (
    f"按服务和位置排列：已知日终了前记录、发生日不晚于截至日的。一个单位的，是以代码写明它或其下级单位的事实，连同对这些事实的作废和更正；"
    f"全县的为全部。中断的下载没有结尾分块，不会悄悄缺少；{STALLED_SECONDS_MAX:.0f} 秒不读取即中断，"
    f"同时最多 {DOWNLOADS_MAX} 个下载，其余排队。原文含人员代码（从无身份证号），部门不能取用 / "
    "by service and position: those recorded up to the end of the known day whose day is not after the as-of day. A unit's are those that "
    "name it or a unit below it by its code, with the voids and corrections of such facts; the county's are all. A download that breaks "
    f"off ends without the closing chunk: it is never silently short. Whoever reads nothing for {STALLED_SECONDS_MAX:.0f} s is cut off; "
    f"{DOWNLOADS_MAX} download at once, the others wait for their turn. The bytes hold pseudonyms, never resident ids: not for departments"
)


@dataclass(frozen=True, slots=True)
class Doors:
    """What the HTTP door needs to answer."""

    questions: Questions
    feed: Feed
    nc: Client
    metrics: QueryMetrics
    registry: CollectorRegistry
    access: Access
    counter: Counter
    archiving: Archiving | None = None


def make_http(doors: Doors) -> FastAPI:
    """The HTTP application, described at `/docs` and `/openapi.json`; it needs nothing from outside the machine."""
    app = FastAPI(
        title="kaiye 开业", version="1.0.0", docs_url=None, redoc_url=None, openapi_url=None,
        description="创建创业型城市的指标：任一单位、截至任一日、以任一日所知 / figures of any unit, as of any day, as known on any day.",
    )  # fmt: skip
    app.add_middleware(BoundedBodies)
    app.add_middleware(Guard, access=doors.access, routes=app.router.routes)
    _answer_errors(app)
    _add_questions(app, doors)
    _add_explaining(app, doors)
    _add_streams(app, doors)
    _add_watching(app, doors)
    add_reports(app, doors.counter, doors.metrics)
    add_repairs(app, doors.counter, doors.metrics)
    add_login(app, doors.access)
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.response_description = "答复 / the answer"

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(described(app)))

    @app.get("/openapi.json", include_in_schema=False)
    async def description() -> JSONResponse:
        return JSONResponse(described(app))

    @app.get("/", include_in_schema=False)
    async def entrance() -> RedirectResponse:
        return RedirectResponse("/docs")

    return app


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(BadQuestionError)
    async def no_answer(_: Request, error: BadQuestionError) -> Response:
        status = 503 if isinstance(error, NotReadyError) else 404 if error.code in NOT_FOUND else 400
        return problem_response(status, problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def not_understood(_: Request, error: RequestValidationError) -> Response:
        return problem_response(422, describe(list(error.errors())))

    @app.exception_handler(BodyTooLong)
    async def too_long(_: Request, error: BodyTooLong) -> Response:
        return problem_response(error.status_code, Problem(
            code="body_too_long",
            zh=f"请求正文过长，至多 {BODY_BYTES_MAX} 字节；考评标准文件至多 {SHEET_LENGTH_MAX} 个字符，报告请分批报送",
            en=f"the body has more than {BODY_BYTES_MAX} bytes; a scoring sheet has at most {SHEET_LENGTH_MAX} characters, "
            "reports are sent in several requests",
        ))  # fmt: skip

    @app.exception_handler(HTTPException)
    async def no_such_page(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return problem_response(404, Problem(code="not_found", zh=f"没有 {request.url.path}", en=f"there is no {request.url.path}"))
        if error.status_code == 405:
            return _not_by_this_method(app.router.routes, request)
        if error.status_code == 400:  # what FastAPI says of a body that is no text at all; of other bodies it says a 422 itself
            return problem_response(422, NO_OBJECT)
        problem = Problem(code="refused", zh=f"请求无法处理：{error.detail}", en=str(error.detail))
        return problem_response(error.status_code, problem, error.headers)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return problem_response(error.status, error.problem, error.headers)

    @app.exception_handler(Exception)
    async def a_bug(_: Request, error: Exception) -> Response:  # noqa: ARG001 - uvicorn logs it with its traceback
        return problem_response(500, Problem(code="internal", zh="内部错误，已记入日志", en="an internal error, which has been logged"))


def _not_by_this_method(routes: Sequence[BaseRoute], request: Request) -> Response:
    """A page is there, but not for this method: those it is there for, whichever functions answer them."""
    found = (route for route in routes if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE)
    methods = ", ".join(sorted({method for route in found for method in route.methods or ()}))
    problem = Problem(
        code="bad_method", zh=f"{request.url.path} 只接受 {methods}", en=f"{request.url.path} takes {methods} only"
    )  # fmt: skip
    return problem_response(405, problem, {"Allow": methods})


def _add_questions(app: FastAPI, doors: Doors) -> None:
    questions = doors.questions

    def answer(query: str, ask: Callable[[], BaseModel]) -> Response:
        with doors.metrics.measured(query):
            return Response(answer_bytes(ask()), media_type=JSON)

    board_example: dict[int | str, dict[str, Any]] = {200: {"content": {JSON: {"example": EXAMPLE_BOARD}}}, **_ERRORS}

    @app.get("/board", response_model=Board, responses=board_example, summary="一个单位的全部指标 / the board of one unit")
    async def board(question: Annotated[BoardQuestion, Query()]) -> Response:
        return answer("board", lambda: questions.board(question))

    @app.get("/indicators", response_model=Catalogue, summary="指标目录 / the catalogue of indicators")
    async def catalogue(question: Annotated[NoQuestion, Query()]) -> Response:
        return answer("catalogue", lambda: questions.catalogue(question))

    @app.get(
        "/indicators/{id}", response_model=Board, responses=board_example, summary="一个指标的各行 / the rows of one indicator"
    )  # fmt: skip
    async def indicator(
        id: Annotated[str, Path(description="指标 / the indicator", examples=["activity_index"])],
        question: Annotated[BoardQuestion, Query()],
    ) -> Response:
        asked = IndicatorQuestion(id=id, unit=question.unit, as_of=question.as_of, known_at=question.known_at)
        return answer("indicator", lambda: questions.indicator(asked))

    @app.get("/units", response_model=Units, responses=_ERRORS, summary="单位名册 / a unit and those below it")
    async def units(question: Annotated[UnitsQuestion, Query()]) -> Response:
        return answer("units", lambda: questions.units(question))

    @app.get(
        "/flags", response_model=Flags, responses={200: {"content": {JSON: {"example": EXAMPLE_FLAGS}}}, **_ERRORS},
        summary="一个单位的疑点 / what is odd about the recorded facts of one unit",
    )  # fmt: skip
    async def flags(question: Annotated[FlagsQuestion, Query()]) -> Response:
        """先按类别，再按记录先后；kinds 和 departments 为各页合计，还有下一页时给出 next / by kind, then in the order of recording;
        `kinds` and `departments` count over all pages, `next` is given where more follow
        """
        await questions.look_into_flags()
        return answer("flags", lambda: questions.flags(question))

    @app.get(
        "/duties", response_model=Duties, responses={200: {"content": {JSON: {"example": EXAMPLE_DUTIES}}}, **_ERRORS},
        summary="一个单位的工作任务 / the duties of one unit, for the county everyone's",
    )  # fmt: skip
    async def duties(question: Annotated[DutiesQuestion, Query()]) -> Response:
        """按方案谁应在哪日前完成什么、进展如何；逾期的，补办后仍为逾期。rates 先列工作任务完成率（指标 duties）：到窗口末日为止已到期的
        任务中当日已验收的，逾期验收的也算；截至日在其后的，再列截至日的同口径数；不因 state、late 而变 / what the plan file makes them
        owe by which day, and how far each has come; who was late stays so. `rates` begins with the figure of the indicator `duties`: of
        those due by the end of its window the ones accepted by then, late or not; as of a later day the same follows as of that day;
        `state` and `late` do not narrow it
        """
        return answer("duties", lambda: questions.duties(question))

    @app.get(
        "/bulletin", response_model=Bulletin, responses=_ERRORS, summary="一个单位的进展情况通报 / the bulletin on one unit's progress"
    )
    async def bulletin(question: Annotated[BoardQuestion, Query()]) -> Response:
        """Text 为通报全文（Markdown）：总体进展，未完成和落后的，情况不明的，按方案条款的各项目标，县的另列各乡镇、园区；只答不存
        / `text` is the whole bulletin, in Chinese: what is missed or behind first, what is unknown, every target by the plan's clauses,
        for the county each township and park. Nothing is kept of it.
        """
        with doors.metrics.measured("bulletin"):
            return Response(answer_bytes(await questions.bulletin(question)), media_type=JSON)

    @app.get("/rebuild", response_model=Rebuilding, summary="重算的进展 / the rebuild under way, or what became of the last one")
    async def rebuild(question: Annotated[NoQuestion, Query()]) -> Response:
        return answer("rebuild", lambda: questions.rebuild(question))

    @app.post(
        "/evaluation", response_model=Evaluation,
        responses={**_ERRORS, 413: {**_ERROR, "description": f"正文超过 {BODY_BYTES_MAX} 字节 / a body of more than so many bytes"}},
        summary="按考评标准考评一个单位 / one unit evaluated by a scoring sheet",
    )  # fmt: skip
    async def evaluation(question: EvaluationQuestion) -> Response:
        """逐项得分与理由、失分、佐证、整改清单；只答不存 / Score and reason of every item, gaps, evidence wanted, what has to be put right.
        Nothing is kept of it.
        """
        with doors.metrics.measured("evaluation"):
            return Response(answer_bytes(await questions.evaluation(question)), media_type=JSON)


async def _shown(found: Explanation | Difference, question: Unmasking, caller: Caller, doors: Doors) -> Response:
    return await shown(
        answer_bytes(found), question, caller, doors.counter, unit=found.unit, roster=f"{found.id}.{found.variant}",
        live=doors.questions.live,
    )  # fmt: skip


def _add_explaining(app: FastAPI, doors: Doors) -> None:
    @app.get(
        "/explain/{id}", response_model=Explanation,
        responses={200: {"content": {JSON: {"example": EXAMPLE_EXPLANATION}}}, **_ERRORS, **ONLY_SOME_MAY},
        summary="一个数值由哪些对象和事实构成 / a figure opened to the subjects and facts behind it",
    )  # fmt: skip
    async def explain(
        id: Annotated[str, Path(description="指标 / the indicator", examples=["activity_index"])],
        question: Annotated[ExplainPersonsQuestion, Query()],
        request: Request,
    ) -> Response:
        """公式与方案原文、分子与分母、所用度量、各度量计入的对象、各对象的事实；人员代码脱敏，各不相同，各页一致。
        对象由与账本不共用代码的关系式得出，`agrees` 表明两者相符
        / Formula and the plan's sentence, numerator and denominator, the measures they consist of, of each the subjects that count, of each
        subject the facts. The subjects come from relational expressions that share no code with the ledger: `agrees` says that they come to
        its figure. Persons are masked, each otherwise, in the same way on all pages.
        """
        caller = caller_of(request)
        require_may_unmask(question, caller, "GET /explain/{id}")
        with doors.metrics.measured("explain"):
            return await _shown(await doors.questions.explain(id, question), question, caller, doors)

    @app.get(
        "/diff/{id}", response_model=Difference,
        responses={200: {"content": {JSON: {"example": EXAMPLE_DIFFERENCE}}}, **_ERRORS, **ONLY_SOME_MAY},
        summary="一个数值在两次答复之间为何改变 / what changed in a figure between two answers, and which facts did it",
    )  # fmt: skip
    async def diff(
        id: Annotated[str, Path(description="指标 / the indicator", examples=["activity_index"])],
        question: Annotated[DiffPersonsQuestion, Query()],
        request: Request,
    ) -> Response:
        """逐个度量列出新计入、不再计入和计入方式改变的对象，以及原因：`day` 随日期发生、到期或失效，`facts` 因两个已知日之间新知道的事实，
        `input` 因所用的另一项输入改变；人员代码脱敏
        / Measure by measure the subjects that came, left or count otherwise, and why: `day`, it happened, fell due or lapsed as the day
        passed; `facts`, by what became known between the two known days; `input`, because another input is read now. Persons are masked.
        """
        caller = caller_of(request)
        require_may_unmask(question, caller, "GET /diff/{id}")
        with doors.metrics.measured("diff"):
            return await _shown(await doors.questions.diff(id, question), question, caller, doors)


def _add_streams(app: FastAPI, doors: Doors) -> None:
    downloads = Downloads()

    async def events() -> AsyncIterator[bytes]:
        async for told in doors.feed.listen():
            yield b": ping\n\n" if told is None else b"event: changed\ndata: " + answer_bytes(told) + b"\n\n"

    @app.get(
        "/facts", response_class=StreamingResponse, responses={200: {"content": {LINES: {"example": EXAMPLE_RECORD}}}, **_ERRORS},
        summary="已记录的事实，一行一条，与发布时逐字节相同 / the recorded facts, one per line, exactly as published",
        description=_ABOUT_FACTS,
    )  # fmt: skip
    async def facts(request: Request, question: Annotated[FactsQuestion, Query()]) -> Download:
        lines = downloads.lines(doors.questions.facts(question))
        caller = caller_of(request)
        log.info(
            "已记录的事实（含人员代码）被取用 / the recorded facts are taken, pseudonyms and all",
            who=caller.name, role=caller.role, **question.model_dump(mode="json", exclude_none=True),
        )  # fmt: skip
        return Download(lines, media_type=LINES)

    @app.get(
        "/changes", response_class=StreamingResponse, responses={200: {"content": {EVENTS: {"example": EXAMPLE_CHANGED}}}},
        summary="变动通知（SSE）/ the change feed, as server-sent events",
    )  # fmt: skip
    async def changes() -> StreamingResponse:
        """事件 changed：先告知指标所据的记录位置，其后每有变动再告知一次；只提示何时重新查询，不是日志 / event `changed`: first where
        the figures stand, then each change; it tells when to ask again, it is no log
        """
        return StreamingResponse(events(), media_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


def _add_watching(app: FastAPI, doors: Doors) -> None:
    @app.get(
        "/health", response_model=Health, responses={503: {"model": Health, "description": "指标未能跟上记录 / the figures cannot follow"}},
        summary="运行状况 / whether the figures follow the records",
    )  # fmt: skip
    async def health() -> Response:
        well, found = await look(doors.nc, doors.questions, doors.archiving)
        return Response(answer_bytes(found), status_code=200 if well else 503, media_type=JSON)

    @app.get("/metrics", response_class=Response, summary="Prometheus 指标 / metrics for Prometheus")
    async def metrics() -> Response:
        well, found = await look(doors.nc, doors.questions, doors.archiving)
        doors.metrics.health(found, well=well)
        return Response(generate_latest(doors.registry), media_type=CONTENT_TYPE_LATEST)
