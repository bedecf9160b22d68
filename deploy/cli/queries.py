"""`kaiye board`, `indicator`, `units`, `duties` and `facts`: questions to the running system."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer

from deploy.cli.board import Parameters, ask, asking, fetch_board, show, show_board
from deploy.cli.common import BadInput, DataOption, JsonOption, refused, said
from deploy.cli.heads import heads_of, write_heads
from deploy.cli.tables import duties_table, units_table
from deploy.cli.whole_file import whole_file
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running

UnitOption = Annotated[str | None, typer.Option("--unit", metavar="CODE", help="单位代码，缺省为县 / code of a unit; omitted: the county")]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="截至日，缺省为已知日 / as of this day; omitted: the known day")
]
KnownAtOption = Annotated[
    str | None, typer.Option("--known-at", metavar="YYYY-MM-DD", help="已知日，缺省为今日 / as known on this day; omitted: today")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("board")(board)
    app.command("indicator")(indicator)
    app.command("units")(units)
    app.command("duties")(duties)
    app.command("facts")(facts)


def board(
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None, json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """一个单位的全部指标 / The board of one unit, as of any day, as known on any day."""
    _print_rows(data, unit, as_of, known_at, None, json=json)


def indicator(
    id: Annotated[str, typer.Argument(metavar="ID", help="指标，如 activity_index / the indicator")],
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None, json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """一个指标的各行 / The rows of one indicator: every variant and part."""
    if not id.isidentifier():
        raise refused("unknown_indicator", f"没有这个指标：{id}", f"there is no indicator {id}")
    _print_rows(data, unit, as_of, known_at, id, json=json)


def _print_rows(data: Path, unit: str | None, as_of: str | None, known_at: str | None, id: str | None, *, json: bool) -> None:
    running = DataFolder(data).running()

    async def fetch_and_show() -> None:
        found = await fetch_board(running, unit=unit, as_of=as_of, known_at=known_at, indicator=id)
        await show_board(running, found, json=json)

    asyncio.run(fetch_and_show())


def units(
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None, json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """单位名册 / A unit and those below it, as of any day, as known on any day: by default every unit ever listed."""
    found = asyncio.run(ask(DataFolder(data).running(), "/units", {"unit": unit, "as_of": as_of, "known_at": known_at}))
    if json:
        typer.echo(found)
    else:
        show(lambda width: units_table(orjson.loads(found), width=width))


def duties(
    unit: UnitOption = None,
    department: Annotated[str | None, typer.Option("--department", metavar="D", help="责任部门 / those this department owes")] = None,
    system: Annotated[str | None, typer.Option(
        "--system", metavar="SYSTEM", help="organisation 组织领导、policy 政策支持、training 创业培训、services 创业服务、"
        "assessment 工作考核 / one of the plan's five systems",
    )] = None,
    state: Annotated[str | None, typer.Option(
        "--state", metavar="STATE", help="not_due 未到期、due 到期未报、evidenced 佐证已报、accepted 已验收、returned 已退回、"
        "late 逾期验收 / one of these",
    )] = None,
    late: Annotated[bool, typer.Option("--late", help="只列逾期的 / late ones only")] = False,
    as_of: AsOfOption = None, known_at: KnownAtOption = None, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """工作任务：谁应在哪日前完成什么，进展如何 / The duties of a unit, for the county everyone's: who owes what by when, how far it is."""
    asked = {
        "unit": unit, "department": department, "system": system, "state": state, "late": "true" if late else None,
        "as_of": as_of, "known_at": known_at,
    }  # fmt: skip
    found = asyncio.run(ask(DataFolder(data).running(), "/duties", asked))
    if json:
        typer.echo(found)
    else:
        show(lambda width: duties_table(orjson.loads(found), width=width))


def facts(
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", dir_okay=False, help="写入文件，缺省为标准输出 / to a file; omitted: to stdout"),
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            "--heads", metavar="FILE", dir_okay=False,
            help="另写各服务到哪一条及其哈希，供 kaiye recompute --heads 核对结尾 / also write up to where each service goes and "
            "the hash there, by which kaiye recompute --heads knows the end",
        ),
    ] = None,
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """已记录的事实，一行一条，与发布时逐字节相同 / The recorded facts, one per line, exactly as published, by service and position:
    those recorded up to the end of the known day about days up to the as-of day, of a unit and those below it, voids and corrections too.
    """
    if heads is not None and (export is None or any((unit, as_of, known_at))):
        raise BadInput("--heads 须与 --export 同用，且不选单位或日期 / --heads goes with --export, without a choice of units or days")
    running = DataFolder(data).running()
    asked = {"unit": unit, "as_of": as_of, "known_at": known_at}
    if export is None:
        asyncio.run(download(running, asked, sys.stdout.buffer))
        sys.stdout.buffer.flush()
        return
    with whole_file(export) as partial:
        with partial.open("wb") as file:
            lines = asyncio.run(download(running, asked, file))
        if heads is not None:
            write_heads(heads, heads_of(partial))
    said.print(f"{lines} 条记录已写入 / records written to {export}", markup=False)


async def download(running: Running, asked: Parameters, file: BinaryIO) -> int:
    """Write the recorded facts asked for as they come; a download that breaks off raises Unreachable. How many lines."""
    lines = 0
    async with asking(running, "/facts", asked) as answer:
        async for chunk in answer.aiter_raw():
            file.write(chunk)
            lines += chunk.count(b"\n")
    return lines
