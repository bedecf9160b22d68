"""The door on the bus: `query.indicators.board | indicator | units | catalogue | flags | duties`, by core request and reply.

A request is a JSON object with the same parameters as over HTTP (nothing at all asks for the defaults), a reply the same bytes as
over HTTP. A question without an answer is replied to with `{"code", "zh", "en"}` and the code in the header `Kaiye-Error`.
`command.indicators.rebuild` is for operators alone.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from faststream.nats import NatsBroker
from faststream.nats.message import NatsMessage
from pydantic import BaseModel, ValidationError

from services.indicators.answers import BadQuestionError
from services.indicators.api.metrics import QueryMetrics
from services.indicators.api.questions import (
    BoardQuestion,
    DutiesQuestion,
    FlagsQuestion,
    IndicatorQuestion,
    NoQuestion,
    Problem,
    Questions,
    UnitsQuestion,
    answer_bytes,
    problem_of,
    unreadable,
)
from services.indicators.api.rebuilds import RebuildCommand
from shared import subjects
from shared.logs import logger
from shared.request_reply import answer_requests

QUEUE: Final = "indicators"
"""Copies of the service share the questions: each is answered once."""

Asked = TypeVar("Asked", bound=BaseModel)

log = logger(__name__)


def answer_questions(broker: NatsBroker, questions: Questions, metrics: QueryMetrics) -> None:
    """Subscribe to the six questions."""
    _answer(
        broker,
        "board",
        BoardQuestion,
        questions.board,
        metrics,
        "一个单位的全部指标 / the board of one unit; the reply is that of GET /board",
    )
    _answer(
        broker, "indicator", IndicatorQuestion, questions.indicator, metrics,
        "一个指标的各行 / the rows of one indicator; the reply is that of GET /indicators/{id}",
    )  # fmt: skip
    _answer(
        broker, "units", UnitsQuestion, questions.units, metrics,
        "单位名册 / a unit and those below it; the reply is that of GET /units",
    )  # fmt: skip
    _answer(
        broker, "catalogue", NoQuestion, questions.catalogue, metrics,
        "指标目录 / the catalogue of indicators; the reply is that of GET /indicators",
    )  # fmt: skip
    _answer(
        broker, "flags", FlagsQuestion, questions.flags, metrics,
        "一个单位的疑点 / what is odd about the recorded facts of one unit; the reply is that of GET /flags",
        first=questions.look_into_flags,
    )  # fmt: skip
    _answer(
        broker, "duties", DutiesQuestion, questions.duties, metrics,
        "一个单位的工作任务 / the duties of one unit, for the county everyone's; the reply is that of GET /duties",
    )  # fmt: skip


def take_commands(broker: NatsBroker, questions: Questions, metrics: QueryMetrics) -> None:
    """Subscribe to what only operators may tell the service: brokers let departments publish to no such subject."""

    async def command(told: RebuildCommand) -> BaseModel:
        return await questions.command_rebuild(told)

    _subscribe(
        broker, "rebuild", subjects.command("rebuild"), RebuildCommand, command, metrics,
        "重算 / begin or cancel a rebuild; the reply is that of GET /rebuild",
    )  # fmt: skip


def _answer(
    broker: NatsBroker, query: str, shape: type[Asked], ask: Callable[[Asked], BaseModel], metrics: QueryMetrics, description: str, *,
    first: Callable[[], Awaitable[None]] | None = None,
) -> None:  # fmt: skip
    """Subscribe to one question; what has to be done `first` may await."""

    async def answer(question: Asked) -> BaseModel:
        if first is not None:
            await first()
        return ask(question)

    _subscribe(broker, query, subjects.query(query), shape, answer, metrics, description)


def _subscribe(
    broker: NatsBroker, query: str, subject: str, shape: type[Asked], answer: Callable[[Asked], Awaitable[BaseModel]],
    metrics: QueryMetrics, description: str,
) -> None:  # fmt: skip

    async def reply(message: NatsMessage) -> tuple[bytes, str]:
        started = time.perf_counter()
        body, code = await _reply(query, shape, answer, message.body)
        metrics.answered("bus", query, code or "ok", time.perf_counter() - started)
        return body, code

    title = subject.replace(".indicators", "")
    answer_requests(broker, subject, shape, reply, queue=QUEUE, title=title, description=description)


async def _reply(
    query: str, shape: type[Asked], answer: Callable[[Asked], Awaitable[BaseModel]], body: bytes
) -> tuple[bytes, str]:  # fmt: skip
    """The reply to a question, and the code of the error when it has no answer."""
    try:
        return answer_bytes(await answer(shape.model_validate_json(body or b"{}"))), ""
    except ValidationError as error:
        problem = unreadable(error)
    except BadQuestionError as error:
        problem = problem_of(error)
    except Exception:
        log.exception("a question met a bug", query=query)
        problem = Problem(code="internal", zh="内部错误，已记入日志", en="an internal error, which has been logged")
    return answer_bytes(problem), problem.code
