"""`kaiye template` and `kaiye import`: facts by spreadsheet."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.cli.persons import exchanged
from deploy.cli.reports import until_figures_reach
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from deploy.spreadsheets.importing import Imported
    from shared.answers import Answer
    from shared.client import OutgoingReport
    from shared.contracts import AnyFact
    from shared.contracts.envelope import Source
    from shared.contracts.outcomes import Reason

SHOWN_MAX: Final = 20
"""So many faulty rows are printed; all of them stand in the returned file."""

TypeOption = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="事实类型，工作表以类型命名时不必填 / type of the facts, where no sheet bears its name"),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("template")(write_template)
    app.command("import")(import_sheets)


def write_template(
    type_: Annotated[
        str | None,
        typer.Argument(metavar="[TYPE]", help="事实类型或其中文名，缺省列出全部 / a type or its Chinese name; omitted: list all"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="写入的 .xlsx 文件 / the .xlsx file to write")] = None,
) -> None:
    """生成一类事实的 Excel 填报模板 / Write the Excel template for one type of fact. Without a type, list the types."""
    from deploy.spreadsheets.columns import reportable
    from deploy.spreadsheets.template import template

    if type_ is None:
        for fact in reportable():
            typer.echo(f"{fact.type}  {fact.zh}")
        return
    fact = _fact(type_)
    if out is None:
        raise BadInput("请用 --out 指明要写入的文件 / say with --out which file to write")
    if out.suffix.lower() != ".xlsx":
        raise BadInput(f"模板是 .xlsx 文件，不是 {out} / a template is an .xlsx file, not {out}")
    try:
        out.write_bytes(template(fact))
    except OSError as error:
        raise BadInput(f"无法写入 {out} / {out} cannot be written: {error.strerror}") from error
    said.print(f"{fact.zh}模板已写入 {out} / the template is in {out}", markup=False)


def import_sheets(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Excel、WPS 或 CSV 文件 / a spreadsheet: Excel, WPS or CSV")],
    department: Annotated[str, typer.Option("--department", metavar="NAME", help="填报部门 / the department that reports")],
    system: Annotated[str, typer.Option("--system", metavar="NAME", help="填报系统 / its system")] = "spreadsheet",
    type_: TypeOption = None,
    returned: Annotated[
        Path | None,
        typer.Option(
            "--returned",
            metavar="FILE",
            help="退回表，须为新文件，缺省为原文件名加“-退回”，已有则再加序号 / a new file for what was not recorded; omitted: the "
            "file's name with -退回, and a number where there is such a file",
        ),
    ] = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """导入表格，逐行上报，退回的行连同原因另存为表格；有退回的以 1 退出 / Report every row of a spreadsheet and give back those that were
    not recorded, each with its reason. Exits with 1 when some were refused. Importing a file again records only what was missing.
    """
    from deploy.spreadsheets.returned import forget_unfinished
    from shared.contracts.envelope import Source

    running = DataFolder(data).running()
    fact = None if type_ is None else _fact(type_)
    if returned is not None and returned.exists():
        raise BadInput(
            f"{returned} 已经存在，退回表不覆盖任何文件，请另给文件名 / {returned} is there already, and what comes back takes no other "
            "file's place: name a new one"
        )
    if returned is not None and not returned.parent.is_dir():
        raise BadInput(f"没有文件夹 {returned.parent}，退回表无处可写 / there is no folder {returned.parent} for what comes back")
    try:
        source = Source.parse(f"/{running.county}/{department}/{system}")
    except ValueError as error:
        raise BadInput(
            f"部门和系统由小写字母、数字、- 和 _ 组成：{department} {system} / "
            f"department and system are of a-z, 0-9, - and _, not {department} {system}"
        ) from error
    if returned is None:
        next(_new_names(file))
    else:
        forget_unfinished(returned)
    asyncio.run(_import(running, file, fact, source, returned, json=json))


def _fact(name: str) -> "type[AnyFact]":
    from deploy.spreadsheets.columns import reportable

    for fact in reportable():
        if name in (fact.type, fact.zh):
            return fact
    raise BadInput(f"没有可填报的事实类型 {name}，全部见 kaiye template / no type {name} can be reported: kaiye template lists them")


async def _import(
    running: Running, file: Path, fact: "type[AnyFact] | None", source: "Source", returned: Path | None, *, json: bool
) -> None:  # fmt: skip
    from deploy.reaching import bus
    from deploy.reports import until_answered
    from deploy.sheet_files import BadSheetFile
    from deploy.spreadsheets.importing import Imported, import_file
    from shared.client import ReportingClient

    imported = Imported()
    async with bus(running) as nc:

        async def identified(ids: "Sequence[str]") -> "dict[str, str | Reason]":
            return dict(zip(ids, await exchanged(nc, ids, department=source.department, system=source.system), strict=True))

        async def send(reports: "AsyncIterator[OutgoingReport]", answered: "Callable[[Answer], None]") -> None:
            async with ReportingClient(
                nc, county=source.county, department=source.department, system=source.system, on_answer=answered
            ) as client:
                with _progress(imported) as tell:
                    await until_answered(client.report_many(reports), imported, tell)

        try:
            await import_file(file, fact, imported=imported, source=source, identify=identified, send=send)
        except BadSheetFile as error:
            raise BadInput(str(error)) from error
    back = None
    if any(imported.faults.values()):
        back = await asyncio.to_thread(_give_back, file, fact, imported, returned)
    await until_figures_reach(running, imported.positions)
    _show(imported, back, json=json)


def _give_back(file: Path, fact: "type[AnyFact] | None", imported: "Imported", returned: Path | None) -> Path:
    """Write what was not recorded into a file where there is none, and say which. Raises BadInput."""
    from deploy.sheet_files import BadSheetFile
    from deploy.spreadsheets.returned import write_returned

    for back in _new_names(file) if returned is None else (returned,):
        try:
            write_returned(file, fact, imported.faults, back)
        except (OSError, BadSheetFile) as error:
            if isinstance(error, FileExistsError) and returned is None:
                continue  # another import was quicker
            because = error.strerror if isinstance(error, OSError) else error
            raise BadInput(
                f"行已上报，但退回表 {back} 无法写入（{because}）；再次导入同一文件即得，已记录的不会重复 / "
                f"the rows were reported, but {back} cannot be written ({because}): import the same file again, what is "
                "recorded stays recorded once"
            ) from error
        return back
    raise AssertionError("there are always more names")


def _new_names(file: Path) -> Iterator[Path]:
    """How what comes back of a file may be called: names that nothing has. What a killed import left under one is removed."""
    from deploy.spreadsheets.returned import forget_unfinished

    stem = f"{file.stem}-退回"
    for name in chain((stem,), (f"{stem}-{number}" for number in count(2))):
        back = file.with_name(f"{name}.xlsx")
        forget_unfinished(back)
        if not back.exists():
            yield back


@contextmanager
def _progress(imported: "Imported") -> Iterator[Callable[[], None]]:
    """A bar on a terminal, and what to call to move it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=said, disable=not said.is_terminal) as bar:
        task = bar.add_task("导入 / rows", total=None)
        yield lambda: bar.update(task, completed=imported.answered, total=imported.rows)


def _show(imported: "Imported", returned: Path | None, *, json: bool) -> None:
    """Say how the rows fared. Exits with 1 when some were refused."""
    rows = [(title, row, faults) for title, found in imported.faults.items() for row, faults in sorted(found.items())]
    if json:
        for title, row, faults in rows:
            typer.echo(orjson.dumps({"sheet": title, "row": row, "faults": [dataclasses.asdict(fault) for fault in faults]}))
    else:
        for title, row, faults in rows[:SHOWN_MAX]:
            zh, en = "；".join(fault.zh for fault in faults), "; ".join(fault.en for fault in faults)
            typer.echo(f"{title} 第 {row} 行 row {row}：{zh} / {en}")
        if len(rows) > SHOWN_MAX:
            typer.echo(f"另有 {len(rows) - SHOWN_MAX} 行见退回表 / {len(rows) - SHOWN_MAX} more stand in the returned file")
    said.print(
        f"{imported.rows} 行：记录 {imported.recorded}、等待 {imported.waiting}、退回 {imported.refused} / "
        f"{imported.recorded} recorded, {imported.waiting} waiting, {imported.refused} refused"
    )
    if returned is not None:
        said.print(f"退回表 / given back: {returned}", markup=False)
    if imported.refused:
        raise typer.Exit(EXIT_DIFFERENCE)
