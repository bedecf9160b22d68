"""`kaiye plan check` and `kaiye plan show`: a plan file (实施方案) by itself, with nothing running."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from deploy.cli.board import show
from deploy.cli.common import EXAMPLE_COUNTY, EXIT_BAD_INPUT, BadInput, JsonOption
from deploy.cli.plan_tables import duties_of_plan_table, letters_table, phases_table, targets_table
from deploy.cli.usage import add_group

if TYPE_CHECKING:
    from services.indicators.evaluation.plan import Plan
    from services.indicators.evaluation.problems import FileProblems

_FILE = typer.Argument(
    metavar="FILE", exists=True, help="方案文件 plan.toml，或所在的县文件夹 / a plan file, or the county's folder that holds it",
)  # fmt: skip
PlanArgument = Annotated[Path, _FILE]
PlanOrExample = Annotated[Path | None, _FILE]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    plan = add_group(app, "plan", "方案文件 / the county's plan file", _plan)
    plan.command("check")(check)
    plan.command("show")(show_plan)


def _plan() -> None:
    """方案文件 / The county's plan file."""


def check(file: PlanArgument, json: JsonOption = False) -> None:
    """核对方案文件：逐条列出行号、条款、问题和改法，有问题以 2 退出 / What is wrong in a plan file, by line and clause, with the fix.

    同一文件夹中有名册的，一并核对单位 / Beside a roster its units are checked too. Exits with 2 where something is wrong.
    """
    from services.indicators.evaluation.problems import FileProblems

    try:
        plan = read_plan_file(file)
    except FileProblems as found:
        show_problems(found, json=json)
        raise typer.Exit(EXIT_BAD_INPUT) from found
    counts = {"targets": len(plan.targets), "duties": len(plan.duties), "decomposition": len(plan.decomposition)}
    if json:
        typer.echo(b"[]")
    else:
        typer.echo(
            f"没有问题：{counts['targets']} 项目标、{counts['duties']} 项任务、{counts['decomposition']} 份目标分解 / nothing is wrong: "
            f"{counts['targets']} targets, {counts['duties']} duties, {counts['decomposition']} decompositions"
        )


def show_problems(found: "FileProblems", *, json: bool) -> None:
    """What is wrong in a file, to stdout."""
    typer.echo(orjson.dumps([*_told(found)]) if json else "\n".join(f"{found.file} {problem}" for problem in found.problems))


def _told(found: "FileProblems") -> Iterator[dict[str, Any]]:
    for problem in found.problems:
        yield {
            "file": found.file, "line": problem.line, "item": problem.item, "clause": problem.clause, "key": problem.key,
            "zh": problem.zh, "en": problem.en, "fix_zh": problem.fix_zh, "fix_en": problem.fix_en,
        }  # fmt: skip


def show_plan(file: PlanOrExample = None, json: JsonOption = False) -> None:
    """方案的阶段、目标、任务和目标分解，缺省为示例县 / A plan's phases, targets, duties, decomposition; omitted: the example county's."""
    plan = read_plan_file(file or EXAMPLE_COUNTY)
    if json:
        typer.echo(plan.model_dump_json(by_alias=True))
        return
    typer.echo(f"{plan.title}：{plan.county} {plan.name}，{plan.year}")
    for table in (phases_table, targets_table, duties_of_plan_table, letters_table):
        typer.echo("")
        show(partial(table, plan))


def read_text_file(path: Path) -> str:
    """The content of a UTF-8 file exactly as it is, line ends and byte order mark included. Raises BadInput when it cannot be read."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise BadInput(f"无法读取 {path} / {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} 应为 UTF-8 编码 / {path} must be UTF-8: {error}") from error


def plan_path(file: Path) -> Path:
    """The plan itself, where its folder is given."""
    from services.indicators.evaluation.plan_file import PLAN_FILE

    return file / PLAN_FILE if file.is_dir() else file


def read_plan_file(file: Path) -> "Plan":
    """The plan of a file (or a folder), beside the catalogue, and beside the roster in the same folder where there is one.

    Raises BadInput when it cannot be read, FileProblems when something is wrong in it.
    """
    from services.indicators.catalog import JUDGED
    from services.indicators.evaluation.county import ROSTER_FILE, checked_plan, parse_roster
    from services.indicators.evaluation.problems import FileProblems

    path = plan_path(file)
    roster = path.parent / ROSTER_FILE
    units = parse_roster(read_text_file(roster)) if roster.exists() else None
    try:
        return checked_plan(read_text_file(path), JUDGED, units)
    except FileProblems as found:
        raise FileProblems(path.name, found.problems) from None
