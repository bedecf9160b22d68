"""`kaiye recompute`: the board of one unit computed anew from recorded facts, with nothing running."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deploy.cli.board import show
from deploy.cli.common import BadInput, JsonOption
from deploy.cli.plans import read_plan_file
from deploy.cli.queries import AsOfOption, UnitOption
from deploy.cli.tables import board_table

if TYPE_CHECKING:
    from services.indicators.audit.records import History


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("recompute")(recompute)


def recompute(
    facts: Annotated[
        Path,
        typer.Argument(
            metavar="FACTS", exists=True, dir_okay=False,
            help="已记录的事实，每行一条，可为 gzip：kaiye facts --export 的文件 / recorded facts, one per line, plain or gzip: "
            "what kaiye facts --export wrote",
        ),
    ],
    plan: Annotated[
        Path,
        typer.Option("--plan", metavar="PLAN", exists=True, help="方案文件或县文件夹 / a plan file, or the county's folder that holds it"),
    ],
    unit: UnitOption = None,
    as_of: AsOfOption = None,
    known_at: Annotated[
        str | None,
        typer.Option(
            "--known-at", metavar="YYYY-MM-DD",
            help="已知日，缺省为最后一条记录的日期 / as known on this day; omitted: the day of the last record",
        ),
    ] = None,
    engine: Annotated[
        Literal["duckdb", "live"],
        typer.Option("--engine", help="关系式引擎，或内存中的实时折算 / relational expressions, or the live fold in memory"),
    ] = "duckdb",
    json: JsonOption = False,
) -> None:  # fmt: skip
    """从已记录的事实重算一个单位的全部指标，不需要运行中的系统 / The board of one unit, computed anew from recorded facts with nothing
    running: the same JSON as `kaiye board`.
    """
    from services.indicators.answers import BadQuestionError, ask, board
    from services.indicators.api.questions import answer_bytes
    from services.indicators.api.tables import catalogue
    from services.indicators.audit.recompute import recompute as computed_anew

    chosen = read_plan_file(plan)
    history = _read(facts, chosen.county)
    last = history.last_known_day
    known = _day(known_at, "--known-at") or last
    snapshot = computed_anew(history, chosen, engine)(known)
    try:
        question = ask(snapshot, max(last, known), unit, _day(as_of, "--as-of"), known)
    except BadQuestionError as error:
        raise BadInput(f"{error.zh} / {error.en}") from error
    answer = board(snapshot, question)
    if json:
        typer.echo(answer_bytes(answer))
        return
    name = snapshot.trees.at(known.toordinal()).units[question.unit].name
    shown, told = answer.model_dump(mode="json", by_alias=True), catalogue(chosen).model_dump(mode="json", by_alias=True)
    show(lambda width: board_table(shown, told, name, width=width))


def _read(file: Path, county: str) -> "History":
    from services.indicators.audit.records import BadRecords, read_history

    try:
        return read_history(file, county)
    except BadRecords as error:
        raise BadInput(f"{file}：{error}") from error
    except OSError as error:
        raise BadInput(f"无法读取 {file} / {file} cannot be read: {error.strerror}") from error


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{option} 应写作 YYYY-MM-DD：{text} / {option} is written YYYY-MM-DD: {text}") from error
