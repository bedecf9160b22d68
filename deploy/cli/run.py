"""`kaiye up` and `kaiye demo`: everything on this machine."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.cli.board import ask, print_board
from deploy.cli.common import (
    EXAMPLE_COUNTY,
    EXIT_INTERRUPTED,
    BadInput,
    CountyOption,
    DataOption,
    HttpPortOption,
    InsecureOption,
    JsonOption,
    NatsPortOption,
    run_until_stopped,
    said,
)  # fmt: skip
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Demonstration, Purpose, Running

if TYPE_CHECKING:
    from services.indicators.evaluation.county import County
    from services.indicators.evaluation.plan_check import Judging

STARTING: Final = "正在启动 / starting …"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("demo")(demo)
    app.command("login")(login)


def up(
    data: DataOption = DEFAULT_FOLDER, county: CountyOption = None, http_port: HttpPortOption = None, nats_port: NatsPortOption = None,
    insecure: InsecureOption = False,
) -> None:  # fmt: skip
    """启动全部服务，直到 Ctrl-C；新文件夹先把县名册中的单位列入 / Run everything on this machine until Ctrl-C; carries on with what the
    folder holds. A new folder begins with the units of the county's roster.
    """
    folder = DataFolder(data)
    known = folder.purpose()
    found, purpose = _purpose(county, known, known.demonstration if known is not None else None)
    run_until_stopped(_up(folder, purpose, found, http_port, nats_port, insecure=insecure))


async def _up(
    folder: DataFolder, purpose: Purpose, county: "County", http_port: int | None, nats_port: int | None, *, insecure: bool
) -> None:
    from deploy.local import local_system

    said.print(STARTING)
    async with local_system(folder, purpose, http_port=http_port, nats_port=nats_port, insecure=insecure) as running:
        if purpose.demonstration is None:
            await _list_units(running, county)
        await _say_where(folder, running)
        await asyncio.Event().wait()


async def _list_units(running: Running, county: "County") -> None:
    """List the county's units where none is listed yet; otherwise only tell which ones of the roster are missing.

    A unit that the roster got later exists from a day that only people know.
    """
    from deploy.reports import figures_follow, list_units

    listed = {each["code"] for each in orjson.loads(await ask(running, "/units"))["units"]}
    missing = [code for code in county.units if code not in listed]
    if listed and missing:
        said.print(
            f"名册中有 {len(missing)} 个单位尚未列入，可用 kaiye roster import / units of the roster are not listed: "
            f"kaiye roster import ({missing[0]}{' …' if len(missing) > 1 else ''})",
            markup=False,
        )
    if listed or not missing:
        return
    answers = await list_units(running, county)
    await figures_follow(running, answers.values())
    recorded = sum(answer.outcome == "recorded" for answer in answers.values())
    name, example_zh, example_en = f"{county.plan.name} {county.code}", "", ""
    if running.county_folder == EXAMPLE_COUNTY:
        example_zh = "（虚构的示例县，自己的县请用 --county FOLDER 和新的数据文件夹）"
        example_en = ", the fictional example (--county FOLDER, on a new data folder, takes your own),"
    said.print(
        f"已按 {name}{example_zh} 的名册列入 {recorded} 个单位 / {recorded} units are listed, as the roster of {name}{example_en} says",
        markup=False,
    )
    for code, answer in answers.items():
        if answer.outcome != "recorded":
            said.print(f"{code}：{answer.zh} / {answer.en}", markup=False)


def demo(
    once: Annotated[bool, typer.Option("--once", help="输出指标后结束 / print the board and end")] = False,
    facts: Annotated[int, typer.Option("--facts", min=0, help="模拟报告数 / number of simulated reports, dirty ones included")] = 60_000,
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / the same seed gives the same history")] = 1,
    json: JsonOption = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="DIR", file_okay=False,
            help=f"数据文件夹，缺省为 {DEFAULT_FOLDER}；与 --once 同用时为临时文件夹 / data folder; omitted: {DEFAULT_FOLDER}, "
            "or with --once a temporary one",
        ),
    ] = None,
    county: CountyOption = None,
    http_port: HttpPortOption = None,
    nats_port: NatsPortOption = None,
    insecure: InsecureOption = False,
) -> None:  # fmt: skip
    """播放模拟部门上报的四年数据 / Everything on this machine, and simulated departments reporting four years through it."""
    with _demo_folder(data, once) as folder:
        known, purpose = _purpose(county, folder.purpose(), Demonstration(seed=seed, facts=facts))
        finished = run_until_stopped(_demo(folder, purpose, known, http_port, nats_port, once=once, json=json, insecure=insecure))
    if once and not finished:
        raise typer.Exit(EXIT_INTERRUPTED)


async def _demo(
    folder: DataFolder, purpose: Purpose, county: "County", http_port: int | None, nats_port: int | None, *, once: bool,
    json: bool, insecure: bool,
) -> None:  # fmt: skip
    from deploy.demo import play
    from deploy.local import local_system

    assert purpose.demonstration is not None
    said.print(STARTING)
    async with local_system(folder, purpose, http_port=http_port, nats_port=nats_port, insecure=insecure) as running:
        with _progress() as progress:
            played = await play(running, county, purpose.demonstration, progress)
        fared = played.fared
        said.print(
            f"{fared.sent} 条报告：记录 {fared.recorded}、等待 {fared.waiting}、退回 {fared.refused}；"
            f"上报 {played.reporting_seconds:.1f} 秒，其后指标更新 {played.settling_seconds:.1f} 秒\n"
            f"{fared.sent} reports: {fared.recorded} recorded, {fared.waiting} waiting, {fared.refused} refused; "
            f"{played.reporting_seconds:.1f} s to the last answer, figures {played.settling_seconds:.1f} s later",
            markup=False,
        )
        await print_board(running, as_of=played.as_of, known_at=played.known_at, json=json)
        if not once:
            _say_which_day(played.as_of, played.known_at)
            await _say_where(folder, running)
            await asyncio.Event().wait()


@contextmanager
def _demo_folder(data: Path | None, once: bool) -> Iterator[DataFolder]:
    """The folder asked for; otherwise the default one, or for a single run one that is gone afterwards."""
    if data is not None or not once:
        yield DataFolder(data or DEFAULT_FOLDER)
        return
    with tempfile.TemporaryDirectory(prefix="kaiye-demo-") as temporary:
        yield DataFolder(Path(temporary) / "data")


def _purpose(county: Path | None, known: Purpose | None, demonstration: Demonstration | None) -> tuple["County", Purpose]:
    """The county asked for, else the folder's own, else the example; and what the folder is then for."""
    from services.indicators.catalog import JUDGED

    chosen = county or (known.county_folder if known is not None else EXAMPLE_COUNTY)
    found = read_county(chosen, JUDGED)
    return found, Purpose(county=found.code, county_folder=chosen, demonstration=demonstration)


def read_county(folder: Path, rows: "Judging | None" = None) -> "County":
    """The county of a folder, its plan beside these rows of the catalogue where they are given.

    Raises BadInput when it lacks a file, FileProblems when one cannot be used.
    """
    from services.indicators.evaluation.county import load_county

    try:
        return load_county(folder, rows)
    except OSError as error:
        raise BadInput(
            f"无法读取县文件夹中的 {error.filename} / {error.filename} in the county's folder cannot be read: {error.strerror}"
        ) from error


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description:<26}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=said) as progress:
        yield progress


def _say_which_day(as_of: date, known_at: date) -> None:
    if as_of < known_at:
        said.print(
            f"上表截至方案年度末 {as_of}；kaiye board 缺省截至最新一日 {known_at}，看同一张表用 --as-of {as_of}\n"
            f"the board above is as of {as_of}, the end of the plan's year; kaiye board asks as of the latest day, {known_at}, "
            f"unless given --as-of {as_of}",
            markup=False,
        )


def login(data: DataOption = DEFAULT_FOLDER) -> None:
    """给出一次有效的浏览器登录链接，供本机使用者查看指标与接口 / A link with which a browser on this machine signs in once, to look at
    figures and the API as whoever operates the system.
    """
    typer.echo(asyncio.run(_login_link(DataFolder(data).running())))


async def _login_link(running: Running) -> str:
    """A link that signs in once. Raises Unreachable."""
    ticket = orjson.loads(await ask(running, "/login/ticket", body={}))
    return f"{running.http_url}{ticket['path']}"


async def _say_where(folder: DataFolder, running: Running) -> None:
    data = "" if folder.path == DEFAULT_FOLDER.resolve() else f" --data {folder.path}"
    clock = "（演示：模拟时钟 / demonstration: simulated clock）" if running.simulated_clock else ""
    said.print(
        f"kaiye 正在运行 / is running{clock}\n"
        f"  登录 / sign in   {await _login_link(running)}\n"
        f"                   一次有效，再要用 kaiye login{data} / works once; kaiye login{data} gives another\n"
        f"  指标 / figures   {running.http_url}/board   kaiye board{data}\n"
        f"  接口 / API       {running.http_url}/docs\n"
        f"  总线 / bus       {running.nats_url}   kaiye department add{data} …\n"
        f"  数据 / data      {folder.path}\n"
        f"  日志 / logs      {folder.path / 'logs'}\n"
        "  Ctrl-C 结束 / ends",
        markup=False,
    )
