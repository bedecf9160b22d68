"""`kaiye rebuild`: figures derived anew from all facts, beside those that serve, and switched once the second engine agrees."""

import asyncio
import time
from collections.abc import Iterable
from typing import Annotated, Any, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.cli.board import ask
from deploy.cli.common import EXIT_DIFFERENCE, EXIT_INTERRUPTED, BadInput, DataOption, JsonOption, Unreachable, refused, said
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running

LOOK_SECONDS: Final = 0.3
AWAY_SECONDS_MAX: Final = 120.0
"""For so long the service may be away while its rebuild is followed: it goes on with it when it is back."""
COMMAND_SECONDS_MAX: Final = 60.0
UNDER_WAY: Final = {"folding": "折算历史 / folding histories", "verifying": "第二引擎核对 / the second engine compares"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rebuild")(rebuild)


def rebuild(
    indicator: Annotated[
        str | None, typer.Option("--indicator", metavar="ID", help="只重算一个指标，缺省为全部 / one indicator only; omitted: all")
    ] = None,
    status: Annotated[bool, typer.Option("--status", help="只说明进展或上次结果 / only say how it stands or what became of it")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="取消，丢弃已重算的部分 / cancel it and drop what was built")] = False,
    forget_retired: Annotated[
        bool, typer.Option("--forget-retired", help="清除已退役的旧版账目 / drop the versions kept for evaluations of the past")
    ] = False,
    json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """由全部事实重算指标，不停机：与在用的并存，经第二引擎核对一致后切换 / Derive figures anew from all facts while the present ones serve;
    they are switched once the second engine agrees. Exits with 1 where it does not, and nothing is switched. Ctrl-C stops only watching.
    """
    if sum((status, cancel, forget_retired, indicator is not None)) > 1:
        raise BadInput("--indicator、--status、--cancel、--forget-retired 只能选一个 / choose one of these options")
    running = DataFolder(data).running()
    if status:
        found = asyncio.run(_standing(running))
    elif cancel or forget_retired:
        found = asyncio.run(_tell(running, {"action": "cancel" if cancel else "forget"}))
    else:
        found = asyncio.run(_rebuild(running, indicator))
    if json:
        typer.echo(orjson.dumps(found))
    elif forget_retired:
        typer.echo("已退役的旧版不再保留 / the versions that had retired are kept no more")
    else:
        typer.echo(_told(found))
        if found["retired"]:
            typer.echo(f"为以往的考评保留旧版 {found['retired']} 个 / {found['retired']} versions kept for evaluations of the past")
    if found["stage"] == "disagrees":
        raise typer.Exit(EXIT_DIFFERENCE)
    if found["stage"] == "cancelled" and not (cancel or status or forget_retired):
        raise typer.Exit(EXIT_INTERRUPTED)


async def _rebuild(running: Running, indicator: str | None) -> dict[str, Any]:
    """Begin, and follow it to its end; one that is under way already is followed, unless it leaves out the indicator asked for."""
    before = await _standing(running)
    if before["stage"] in UNDER_WAY and indicator in (None, *before["indicators"]):
        said.print("已有重算在进行，跟随其进展 / a rebuild is under way already: this follows it")
        return await _followed(running, before)
    return await _followed(running, await _tell(running, {"action": "begin", "indicator": indicator}))


async def _tell(running: Running, told: dict[str, Any]) -> dict[str, Any]:
    """Command the service. Raises BadInput when it refuses, Unreachable when it does not answer."""
    import nats.errors

    from deploy.reaching import bus
    from shared import subjects

    async with bus(running) as nc:
        try:
            reply = await nc.request(subjects.command("rebuild"), orjson.dumps(told), timeout=COMMAND_SECONDS_MAX)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
            raise Unreachable("指标服务没有应答 / the indicators service does not answer") from error
    found: dict[str, Any] = orjson.loads(reply.data)
    if reply.headers and "Kaiye-Error" in reply.headers:
        code, zh, en = found["code"], found["zh"], found["en"]
        raise Unreachable(f"{zh} / {en}") if code in ("not_ready", "internal") else refused(code, zh, en)
    return found


async def _standing(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(await ask(running, "/rebuild"))
    return found


async def _followed(running: Running, begun: dict[str, Any]) -> dict[str, Any]:
    """What became of a rebuild; meanwhile a bar on stderr says how far it is."""
    found, heard = begun, time.monotonic()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=said, transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        while found["stage"] in UNDER_WAY and found["number"] == begun["number"]:
            stage, progress = found["stage"], found["progress"]
            if stage not in tasks:
                tasks[stage] = bars.add_task(UNDER_WAY[stage], total=None)
            if progress is not None:
                bars.update(tasks[stage], completed=progress["done"], total=progress["whole"])
            await asyncio.sleep(LOOK_SECONDS)
            try:
                found, heard = await _standing(running), time.monotonic()
            except Unreachable:
                if time.monotonic() - heard > AWAY_SECONDS_MAX:
                    raise
    return found


def set_aside(being_rebuilt: Iterable[str]) -> str:
    """That these measures are not compared; nothing where there are none."""
    named = "、".join(sorted(being_rebuilt))
    return f"正在重算、未作核对的量，见 kaiye rebuild --status / being rebuilt, not compared: {named}" if named else ""


def _told(found: dict[str, Any]) -> str:
    """How it stands, for people."""
    number, measures = found["number"], len(found["measures"])
    match found["stage"]:
        case "none":
            return "从未重算 / there never was a rebuild"
        case "switched":
            compared = found["compared"]
            if compared == 0:
                return (
                    f"第 {number} 次重算时没有事实可与第二引擎核对，已启用：{measures} 个量 / "
                    f"rebuild {number} had no facts to be compared on, and serves: {measures} measures"
                )
            at_zh, at_en = ("", "") if compared is None else (f"在 {compared} 对日期上", f" at {compared} (as of, known at) pairs")
            return (
                f"第 {number} 次重算{at_zh}与第二引擎一致，已启用：{measures} 个量 / "
                f"rebuild {number} agrees{at_en} and serves: {measures} measures"
            )
        case "cancelled":
            return f"第 {number} 次重算已取消，在用的不变 / rebuild {number} was cancelled: what serves is as it was"
        case "disagrees":
            each = found["difference"]
            part = "" if each["part"] is None else f" {each['part']}"
            return (
                f"第 {number} 次重算与第二引擎不一致，未启用 / rebuild {number} disagrees with the second engine and does not serve\n"
                f"  {each['measure']}{part}  {each['unit']}  {each['as_of']}（已知日 known at {each['known_at']}）："
                f"重算 built {each['built']} ≠ 第二引擎 recomputed {each['recomputed']}"
            )
        case stage:
            progress = found["progress"]
            of = "" if progress is None else f" {progress['done']} / {progress['whole']}"
            return f"第 {number} 次重算：{UNDER_WAY[stage]}{of}，{measures} 个量 measures"
