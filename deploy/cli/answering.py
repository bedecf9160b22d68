"""Who answers about what is behind a figure: the running system over HTTP, or what follows from a file of recorded facts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson
import typer

from deploy.cli.board import Parameters, ask
from deploy.cli.common import EXIT_DIFFERENCE, EXIT_OK, BadInput, refused, said
from deploy.cli.given_facts import opened_given, read_day, require_facts
from deploy.cli.plans import read_plan_file
from deploy.cli.queries import download
from deploy.cli.tables import Json
from deploy.data_folder import DataFolder

if TYPE_CHECKING:
    from services.indicators.audit.folded import Recorded
    from services.indicators.evaluation.plan import Plan

Ask = Callable[[Parameters], Awaitable[bytes]]
"""Gives the JSON that answers a question. Raises BadInput when it has no answer, Unreachable when nobody answers."""


AboutFigure = Literal["explain", "diff"]
"""What is asked about an indicator."""

Take = Callable[[Ask], Awaitable[dict[str, Any]]]
"""Asks, does something with the answer, and gives it back."""


def answered(who: AbstractAsyncContextManager[Ask], take: Take) -> int:
    """Ask somebody; the exit code says whether the subjects come to the ledger's figures, and the measures of which they do not are named.

    Raises BadInput, Unreachable.
    """

    async def asked() -> dict[str, Any]:
        async with who as of:
            return await take(of)

    found = asyncio.run(asked())
    if found["agrees"]:
        return EXIT_OK
    differing = ", ".join(each["measure"] for each in found["measures"] if not each["agrees"])
    said.print(f"对象合计与账本不符 / the subjects do not come to the ledger's figure: {differing}", markup=False)
    return EXIT_DIFFERENCE


def printing(asked: Parameters, show: Callable[[Json], None], *, json: bool) -> Take:
    """Asks a question and prints the answer: its exact JSON, or as it is shown to people."""

    async def take(of: Ask) -> dict[str, Any]:
        raw = await of(asked)
        found: dict[str, Any] = orjson.loads(raw)
        if json:
            typer.echo(raw)
        else:
            show(found)
        return found

    return take


@asynccontextmanager
async def answering(
    question: AboutFigure, id: str, data: Path, facts: Path | None, plan: Path | None, known: tuple[str | None, ...]
) -> AsyncIterator[Ask]:
    """Who answers a question about an indicator. `known` are the known days it names: a file answers beyond its last record too,
    a bundle up to its own known day, on which it answers unless asked otherwise.

    Raises BadInput, and NothingRuns where nothing does.
    """
    if not id.isidentifier():
        raise refused("unknown_indicator", f"没有这个指标：{id}", f"there is no indicator {id}", of_facts=facts is not None)
    require_facts(facts, plan)
    if facts is None:
        running = DataFolder(data).running()
        yield lambda asked: ask(running, f"/{question}/{id}", asked)
    else:
        with _from_file(question, id, facts, plan, known) as answer:
            yield answer


@asynccontextmanager
async def answering_as_then(question: AboutFigure, id: str, data: Path, then: dict[str, Any]) -> AsyncIterator[Ask]:
    """Who answers, after the running system has gone on, as it did at the moment of an answer it gave: from the facts up to there.

    Raises BadInput where the facts up to there do not give that answer, Unreachable.
    """
    from services.indicators.audit.records import End, check_history
    from services.indicators.evaluation.plan_file import PLAN_FILE

    running, lines = DataFolder(data).running(), BytesIO()
    await download(running, {}, lines)
    ends = {service: End(position) for service, position in then["positions"].items()}
    history = check_history(BytesIO(lines.getbuffer()), running.county, ends)
    plan = read_plan_file(running.county_folder / PLAN_FILE)
    with _opening(question, id, history, plan, date.fromisoformat(then["known_at"])) as answer:

        async def same(asked: Parameters) -> bytes:
            raw = await answer(asked)
            if _unpaged(orjson.loads(raw)) != _unpaged(then):
                raise BadInput(
                    f"导出期间又有新记录，而按第一页时的事实重算与第一页不同：{running.county_folder / PLAN_FILE} 是否在系统启动后改过？/ "
                    "more was recorded meanwhile, and the facts of the first page's moment give another answer than it did: "
                    "was the plan file edited after the system had read it?"
                )
            return raw

        yield same


def _unpaged(answer: dict[str, Any]) -> dict[str, Any]:
    """What all pages of an answer say."""
    return {name: value for name, value in answer.items() if name not in ("subjects", "next")}


@contextmanager
def _from_file(question: AboutFigure, id: str, facts: Path, plan: Path | None, known: tuple[str | None, ...]) -> Iterator[Ask]:
    days = [day for text in known if (day := read_day(text, "--known-at")) is not None]
    with opened_given(facts, plan) as given:
        of_bundle = given.as_of is not None
        last = given.last if of_bundle else max([given.last, *days])
        for day in days if of_bundle else ():
            given.require_known(day)
        own = {"as_of": given.as_of} if question == "explain" and of_bundle and not days else {}
        with _opening(question, id, given.history, given.plan, last, own) as answer:
            yield answer


@contextmanager
def _opening(
    question: AboutFigure, id: str, history: "Recorded", plan: "Plan", last: date, own: Mapping[str, date | None] | None = None
) -> Iterator[Ask]:
    """Answers from recorded facts, up to a last known day; what a question omits may be their own."""
    from pydantic import ValidationError

    from services.indicators.answers import BadQuestionError
    from services.indicators.api.explainer import Explainer
    from services.indicators.api.questions import OF_EXPLAINER, answer_bytes, unreadable
    from services.indicators.audit.folded import Folded
    from services.indicators.audit.inputs import measures_read

    explainer = Explainer(Folded(history, plan, last, measures_read(id)))
    shape, answer_to = OF_EXPLAINER[question]

    async def answer(asked: Parameters) -> bytes:
        try:
            wanted = shape.model_validate({**(own or {}), **{name: value for name, value in asked.items() if value is not None}})
            return answer_bytes(await answer_to(explainer, id, wanted))
        except ValidationError as error:
            problem = unreadable(error)
            raise BadInput(f"{problem.zh} / {problem.en}") from error
        except BadQuestionError as error:
            raise refused(error.code, error.zh, error.en, of_facts=True) from error

    try:
        yield answer
    finally:
        explainer.close()
