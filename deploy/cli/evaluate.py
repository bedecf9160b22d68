"""`kaiye evaluate`: a county or a unit evaluated by a scoring sheet, from the running system or from recorded facts."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.table import Table

from deploy.cli.board import ask, show
from deploy.cli.common import BadInput, DataOption, JsonOption
from deploy.cli.evaluation_tables import items_table, opening, rectifications_table, systems_table
from deploy.cli.given_facts import Days, FactsOption, GivenFacts, PlanOption, opened_given, read_days, recomputed, require_facts
from deploy.cli.plans import read_text_file
from deploy.cli.published import publish_evaluation, show_reproduced, write_documents
from deploy.cli.queries import AsOfOption, KnownAtOption, UnitOption
from deploy.cli.recompute import EngineOption
from deploy.cli.sheets import sheet_path
from deploy.data_folder import DEFAULT_FOLDER, DataFolder

if TYPE_CHECKING:
    from services.indicators.audit.recompute import Engine


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    sheet: Annotated[Path | None, typer.Option(
        "--sheet", metavar="SHEET", exists=True, help="考评标准文件，或所在的县文件夹 / a scoring sheet, or the folder that holds it",
    )] = None,
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None,
    rehearsal: Annotated[bool, typer.Option("--rehearsal", help="模拟考评 / a rehearsal")] = False,
    facts: FactsOption = None, plan: PlanOption = None,
    publish: Annotated[str | None, typer.Option(
        "--publish", metavar="NUMBER", help="以此编号发布并留存，一个编号只发布一次 / publish it under this number, once; it is kept",
    )] = None,
    documents: Annotated[Path | None, typer.Option(
        "--documents", metavar="DIR", file_okay=False,
        help="另写评分表、佐证材料目录、整改清单（CSV）到此文件夹 / also write scoring sheet, evidence index and rectification list as CSV",
    )] = None,
    reproduce: Annotated[str | None, typer.Option(
        "--reproduce", metavar="NUMBER",
        help="重算已发布的考评并逐字节比较，不同的以 1 退出 / compute a published one anew; exits with 1 if a bit differs",
    )] = None,
    engine: EngineOption = "duckdb",
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """按考评标准考评，逐项给出得分与理由、失分、佐证、整改清单 / The evaluation by a scoring sheet: score and reason of every item, sums,
    gaps, evidence wanted, what is to be put right. The same inputs give the same bytes, from a running system as from its recorded facts.
    Exits with 1 where a published one comes out otherwise, and where the registry refuses to publish one.
    """
    if reproduce is not None:
        if sheet is not None or publish is not None or plan is not None:
            raise BadInput("--reproduce 用的是当时留存的文件 / --reproduce goes by what was kept: give no sheet, plan or number to publish")
        show_reproduced(DataFolder(data), reproduce, facts, engine, json=json)
        return
    if sheet is None:
        raise BadInput(
            "缺少 --sheet：请给出考评标准文件或县文件夹，示例为 deploy/counties/example / "
            "--sheet is missing: give a scoring sheet or the county's folder, such as deploy/counties/example"
        )
    require_facts(facts, plan)
    path = sheet_path(sheet)
    text = read_text_file(path)
    if facts is None:
        asked = {"unit": unit, "as_of": as_of, "known_at": known_at, "sheet": text, "file": path.name, "rehearsal": rehearsal}
        body = {name: value for name, value in asked.items() if value is not None}
        found = asyncio.run(ask(DataFolder(data).running(), "/evaluation", body=body))
    elif publish is not None:
        raise BadInput("只能发布运行中系统的考评结果 / only what the running system answers can be published: not with --facts")
    else:
        days = read_days(as_of, known_at)
        with opened_given(facts, plan) as given:
            found = _recomputed(given, engine, unit, days, (text, path.name), rehearsal=rehearsal)
    if documents is not None:
        write_documents(documents, found)
    if publish is not None:
        publish_evaluation(DataFolder(data), publish, found, text)
    if json:
        typer.echo(found)
        return
    answer = orjson.loads(found)
    for number, table in enumerate((systems_table, items_table, rectifications_table)):
        if number:
            typer.echo("")
        show(partial(_made, table, answer))
        if table is items_table:
            typer.echo(opening(answer, _explained_from(facts, plan, data)))


def _explained_from(facts: Path | None, plan: Path | None, data: Path) -> list[str]:
    """The options by which `kaiye explain` asks the same."""
    if facts is not None:
        return ["--facts", str(facts), *(("--plan", str(plan)) if plan is not None else ())]
    return [] if data == DEFAULT_FOLDER else ["--data", str(data)]


def _made(table: Callable[..., Table], evaluation: dict[str, Any], width: int | None) -> Table:
    return table(evaluation, width=width)


def _recomputed(
    given: GivenFacts, engine: "Engine", unit: str | None, asked: Days, sheet: tuple[str, str], *, rehearsal: bool
) -> bytes:  # fmt: skip
    """The same from recorded facts, by the content and the name of a sheet's file. Raises BadInput, FileProblems."""
    from services.indicators.evaluation.evaluating import evaluation, read_given
    from services.indicators.evaluation.evaluation import evaluation_bytes
    from services.indicators.evaluation.shown import showing

    text, file = sheet
    by = read_given(given.plan, given.plan_digest, text, rehearsal=rehearsal, file=file)
    snapshot, question = recomputed(given, engine, unit, asked)
    return evaluation_bytes(evaluation(snapshot, question, by, showing(given.history.records)))
