"""`kaiye template` and `kaiye import`: facts by spreadsheet."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer

from deploy.cli.acting import CountyCodeOption, NatsOption, SeedOption, reached, reporter, require_department, require_type, stranger
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.cli.persons import exchanged
from deploy.cli.reports import until_figures_reach
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running
from shared.durable import write_new

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from deploy.seeds import User
    from deploy.spreadsheets.cells import Understood
    from deploy.spreadsheets.importing import Imported
    from deploy.spreadsheets.rows import Place, Survey, UnknownColumn
    from shared.answers import Answer
    from shared.client import BusForbids, OutgoingReport
    from shared.contracts import AnyFact
    from shared.contracts.envelope import Source
    from shared.contracts.outcomes import Reason

UNDERSTOOD: "Final[dict[Understood, tuple[str, str]]]" = {
    "day_number": ("日期是日数，读作日期", "days given by their numbers are read as days"),
    "full_width": ("全角字符读作半角", "full-width characters are read as plain ones"),
    "unit_digits": ("单位代码不足 12 位，已补足", "units' codes of fewer than 12 digits are filled up"),
}
SYSTEM: Final = "spreadsheet"
SHOWN_MAX: Final = 20
"""So many faulty rows are printed; all of them stand in the returned file."""

TypeOption = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="首张不以事实类型命名的工作表的类型 / type of the first sheet that is not named after one"),
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
        if out is not None:
            raise BadInput("请写明哪一类事实，如 kaiye template 创业指导 --out 创业指导.xlsx / say which type the template is of")
        for fact in reportable():
            typer.echo(f"{fact.type}  {fact.zh}")
        return
    fact = _fact(type_)
    if out is None:
        raise BadInput("请用 --out 指明要写入的文件 / say with --out which file to write")
    if out.suffix.lower() != ".xlsx":
        raise BadInput(f"模板是 .xlsx 文件，不是 {out} / a template is an .xlsx file, not {out}")
    try:
        write_new(out, template(fact), mode=0o644)
    except FileExistsError as error:
        raise BadInput(
            f"{out} 已经存在，模板不覆盖任何文件，请另给文件名 / {out} is there already, and a template takes no other file's place: name "
            "a new one"
        ) from error
    except OSError as error:
        raise BadInput(f"无法写入 {out} / {out} cannot be written: {error.strerror}") from error
    said.print(f"{fact.zh}模板已写入 {out} / the template is in {out}", markup=False)


def import_sheets(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Excel、WPS 或 CSV 文件 / a spreadsheet: Excel, WPS or CSV")],
    department: Annotated[
        str | None,
        typer.Option("--department", metavar="NAME", help="填报部门，有 --seed 时不必填 / the department that reports; --seed tells it"),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option("--system", metavar="NAME", help=f"填报系统，缺省为 {SYSTEM}，有 --seed 时不必填 / its system; omitted: {SYSTEM}"),
    ] = None,
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
    seed: SeedOption = None,
    nats: NatsOption = None,
    county: CountyCodeOption = None,
    ignore_columns: Annotated[
        bool,
        typer.Option(
            "--ignore-columns",
            help="不读列名不认识或没有列名的列，缺省为先指出、不上报 / leave out columns of unknown names or "
            "of none; omitted: all are named and nothing is sent",
        ),
    ] = False,
    new_department: Annotated[
        bool, typer.Option("--new-department", help="填报部门不在名单和方案中也可 / the department need not be listed nor in the plan")
    ] = False,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """导入表格，逐行上报，退回的行连同原因另存为表格；有退回的以 1 退出 / Report every row of a spreadsheet and give back those that were
    not recorded, each with its reason. Exits with 1 when some were refused, or a sheet was not read. Importing a file again records only
    what was missing.
    """
    from deploy.sheet_files import BadSheetFile
    from deploy.spreadsheets.returned import forget_unfinished
    from deploy.spreadsheets.rows import survey
    from shared.contracts.envelope import Source

    folder = DataFolder(data)
    running = reached(folder, nats, county)
    user = reporter(folder, running, seed) if nats is None else None
    if nats is not None and department is None:
        raise BadInput(
            "有 --nats 时须用 --department 指明填报部门：种子属于谁只有那边的总线知道 / "
            "beside --nats say with --department who reports: whose a seed is the bus there alone knows"
        )
    department, system = _in_whose_name(user, department, system)
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
    if nats is not None:
        user = stranger(source, seed)
    if user is None and not new_department:
        require_department(folder, running, department)
    try:
        surveyed = survey(file, fact)
    except BadSheetFile as error:
        raise BadInput(str(error)) from error
    require_type(user, surveyed.types)
    if surveyed.columns and not ignore_columns:
        raise _unknown_columns(surveyed)
    if returned is None:
        next(_new_names(file))
    else:
        forget_unfinished(returned)
    asyncio.run(_import(running, file, fact, source, returned, user, surveyed, json=json))


def _in_whose_name(user: "User | None", department: str | None, system: str | None) -> tuple[str, str]:
    """The department and its system that report. Raises BadInput."""
    if user is None:
        if department is None:
            raise BadInput("请用 --department 指明填报部门，或用 --seed 给出其种子 / say with --department who reports, or give its --seed")
        return department, system or SYSTEM
    own = user.listed.department, user.listed.system
    if (department or own[0], system or own[1]) != own:
        raise BadInput(
            f"种子属于 {own[0]} 的系统 {own[1]}，与 --department、--system 不符 / the seed is that of the system {own[1]} of {own[0]}"
        )
    return own


def _unknown_columns(surveyed: "Survey") -> BadInput:
    """Columns that would not be read: what they may be meant for."""
    from shared.write_service.reasons import shown

    zh, en = list[str](), list[str]()
    for each in surveyed.columns[:SHOWN_MAX]:
        called_zh, called_en = _called(each)
        zh.append(f"{shown(each.title)}（按{each.fact.zh}读取）{called_zh}" + (f"（是否应为「{each.meant}」）" if each.meant else ""))
        en.append(f"{shown(each.title)}, read as {each.fact.type}: {called_en}" + (f" ({each.meant}?)" if each.meant else ""))
    return BadInput(
        f"这些列的列名不认识，或没有列名，没有上报任何行：{'、'.join(zh)}；请改列名，或删去该列，确实不需要的加 --ignore-columns / "
        f"columns of unknown names or of none, nothing was reported: {'; '.join(en)}; rename or delete them, or leave them out "
        "with --ignore-columns"
    )


def _called(column: "UnknownColumn") -> tuple[str, str]:
    """How a column that is not read is called, in Chinese and English."""
    from shared.write_service.reasons import shown

    if column.first:
        return f"有内容而没有列名的一列（{column.first}）", f"a column that is filled in and has no name ({column.first})"
    return f"「{shown(column.name)}」", shown(column.name)


def _fact(name: str) -> "type[AnyFact]":
    from deploy.spreadsheets.columns import reportable

    types = {called: fact for fact in reportable() for called in (fact.type, fact.zh)}
    if name in types:
        return types[name]
    near = get_close_matches(name, types, n=1)
    meant_zh, meant_en = (f"，是否应为 {near[0]}", f", did you mean {near[0]}?") if near else ("", "")
    raise BadInput(
        f"没有可填报的事实类型 {name}{meant_zh}（全部见 kaiye template）/ no type {name} can be reported{meant_en} "
        "(kaiye template lists them)"
    )


async def _import(
    running: Running, file: Path, fact: "type[AnyFact] | None", source: "Source", returned: Path | None, user: "User | None",
    surveyed: "Survey", *, json: bool,
) -> None:  # fmt: skip
    from deploy.reports import until_answered
    from deploy.seeds import bus_as
    from deploy.sheet_files import BadSheetFile
    from deploy.spreadsheets.importing import Imported, import_file
    from shared.client import ReportingClient

    imported = Imported()
    async with bus_as(running, user) as nc:

        async def identified(ids: "Sequence[str]") -> "dict[str, str | Reason]":
            return dict(zip(ids, await exchanged(nc, ids, department=source.department, system=source.system), strict=True))

        async def send(
            reports: "AsyncIterator[OutgoingReport]", answered: "Callable[[Answer], None]",
            forbidden: "Callable[[OutgoingReport, BusForbids], None]",
        ) -> None:  # fmt: skip
            async with ReportingClient(
                nc, county=source.county, department=source.department, system=source.system, on_answer=answered, on_forbidden=forbidden
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
    _show(imported, surveyed, back, json=json)


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
        yield lambda: bar.update(task, completed=imported.heard, total=imported.rows)


def _show(imported: "Imported", surveyed: "Survey", returned: Path | None, *, json: bool) -> None:
    """Say how the rows fared. Exits with 1 when some were refused, or a sheet was not read."""
    from shared.write_service.reasons import shown

    rows = [(shown(title), row, faults) for title, found in imported.faults.items() for row, faults in sorted(found.items())]
    if json:
        for title, row, faults in rows:
            typer.echo(orjson.dumps({"sheet": title, "row": row, "faults": [dataclasses.asdict(fault) for fault in faults]}))
        typer.echo(orjson.dumps(_counts(imported, surveyed)))
    else:
        for title, row, faults in rows[:SHOWN_MAX]:
            zh, en = "；".join(fault.zh for fault in faults), "; ".join(fault.en for fault in faults)
            typer.echo(f"{title} 第 {row} 行 row {row}：{zh} / {en}")
        if len(rows) > SHOWN_MAX:
            typer.echo(f"另有 {len(rows) - SHOWN_MAX} 行见退回表 / {len(rows) - SHOWN_MAX} more stand in the returned file")
    for way, rows_read in imported.understood.items():
        zh, en = UNDERSTOOD[way]
        said.print(f"{zh}：{rows_read} 行，{_places(imported.understood_first[way], rows_read)} / {en}: {rows_read} rows", markup=False)
    if imported.repeated:
        first = "、".join(f"{_place(place)}同{_place(earlier)}" for place, earlier in imported.repeated_first)
        more = " …" if imported.repeated > len(imported.repeated_first) else ""
        said.print(
            f"与前面的行完全相同，是同一事实，只报一次：{imported.repeated} 行，{first}{more} / "
            f"{imported.repeated} rows repeat another one: one fact, reported once",
            markup=False,
        )
    for title, fact in surveyed.assumed:
        said.print(f"「{shown(title)}」依列名按{fact.zh}读取 / {shown(title)} was read as {fact.type}, by its header", markup=False)
    for column in surveyed.columns:
        zh, en = _called(column)
        said.print(f"没有读{shown(column.title)}的列：{zh} / left out of {shown(column.title)}: {en}", markup=False)
    for sheet in surveyed.sheets:
        said.print(f"没有读「{shown(sheet.title)}」：{sheet.zh} / {shown(sheet.title)} was not read: it {sheet.en}", markup=False)
    repeated_zh, repeated_en = (f"、重复 {imported.repeated}", f", {imported.repeated} repeated") if imported.repeated else ("", "")
    said.print(
        f"{imported.rows} 行：记录 {imported.recorded}、等待 {imported.waiting}、退回 {imported.refused}{repeated_zh} / "
        f"{imported.recorded} recorded, {imported.waiting} waiting, {imported.refused} refused{repeated_en}"
    )
    if returned is not None:
        said.print(f"退回表 / given back: {returned}", markup=False)
    if imported.refused or surveyed.sheets:
        raise typer.Exit(EXIT_DIFFERENCE)


def _counts(imported: "Imported", surveyed: "Survey") -> dict[str, object]:
    from shared.write_service.reasons import shown

    return {
        "rows": imported.rows, "recorded": imported.recorded, "waiting": imported.waiting, "refused": imported.refused,
        "repeated": imported.repeated, "understood": dict(imported.understood),
        "unread_columns": [_called(column)[0] for column in surveyed.columns],
        "unread_sheets": [shown(each.title) for each in surveyed.sheets],
        "types_by_header": {shown(title): fact.type for title, fact in surveyed.assumed},
    }  # fmt: skip


def _places(places: "Iterable[Place]", count: int) -> str:
    named = [_place(place) for place in places]
    return "、".join(named) + (" …" if count > len(named) else "")


def _place(place: "Place") -> str:
    from shared.write_service.reasons import shown

    return f"{shown(place.title)} 第 {place.row} 行"
