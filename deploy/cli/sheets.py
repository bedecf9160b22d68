"""`kaiye sheet check`: a scoring sheet (考评标准) by itself, with nothing running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.common import EXIT_BAD_INPUT, BadInput, JsonOption
from deploy.cli.plans import read_plan_file, read_text_file, show_problems
from deploy.cli.usage import add_group

if TYPE_CHECKING:
    from services.indicators.evaluation.plan import Plan
    from services.indicators.evaluation.sheet import Sheet


def register(app: typer.Typer) -> None:
    """Add the command."""
    sheet = add_group(app, "sheet", "考评标准 / the scoring sheet", _sheet)
    sheet.command("check")(check)


def _sheet() -> None:
    """考评标准 / The scoring sheet."""


def check(
    file: Annotated[Path, typer.Argument(
        metavar="FILE", exists=True, help="考评标准文件，或所在的县文件夹 / a scoring sheet, or the folder that holds it",
    )],
    plan: Annotated[Path | None, typer.Option(
        "--plan", metavar="PLAN", exists=True,
        help="方案文件或县文件夹，缺省为同一文件夹中的方案 / a plan file, or the county's folder; omitted: the plan in the same folder",
    )] = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """核对考评标准：逐条列出行号、项目、问题和改法，有问题以 2 退出 / What is wrong in a scoring sheet, by line and item, with the fix:
    points that do not add up, what neither the catalogue nor the plan has, a rule without what it needs. Exits with 2 where one is found.
    """
    from services.indicators.evaluation.problems import FileProblems

    chosen = read_plan_file(plan_beside(file) if plan is None else plan)
    try:
        sheet = read_sheet_file(file, chosen)
    except FileProblems as found:
        show_problems(found, json=json)
        raise typer.Exit(EXIT_BAD_INPUT) from found
    if json:
        typer.echo(b"[]")
    else:
        typer.echo(
            f"没有问题：{len(sheet.systems)} 个体系、{len(sheet.items)} 个项目、{sheet.points} 分 / nothing is wrong: "
            f"{len(sheet.systems)} systems, {len(sheet.items)} items, {sheet.points} points"
        )


def sheet_path(file: Path) -> Path:
    """The sheet itself, where its folder is given."""
    from services.indicators.evaluation.sheet import SHEET_FILE

    return file / SHEET_FILE if file.is_dir() else file


def plan_beside(file: Path) -> Path:
    """The plan in the same folder as a sheet. Raises BadInput when there is none."""
    from services.indicators.evaluation.plan_file import PLAN_FILE

    path = sheet_path(file).parent / PLAN_FILE
    if not path.exists():
        raise BadInput(f"{path} 不存在，请用 --plan 指明方案 / there is no {path}: say with --plan which plan it belongs to")
    return path


def read_sheet_file(file: Path, plan: "Plan") -> "Sheet":
    """The sheet of a file (or a folder), beside a plan and the catalogue.

    Raises BadInput when it cannot be read, FileProblems when something is wrong in it.
    """
    from services.indicators.catalog import JUDGED
    from services.indicators.evaluation.sheet_file import checked_sheet

    path = sheet_path(file)
    return checked_sheet(read_text_file(path), plan, JUDGED, path.name)
