"""`kaiye doctor`: does every service's stream hold what its database holds, and what to do where it does not."""

import dataclasses
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from deploy.cli.common import EXIT_DIFFERENCE, EXIT_INTERRUPTED, DataOption, JsonOption, run_until_stopped, said
from deploy.data_folder import DEFAULT_FOLDER, DataFolder

if TYPE_CHECKING:
    from shared.relay import Adopted, Forgotten


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    data: DataOption = DEFAULT_FOLDER,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="数据库恢复自较旧备份时，从记录流取回其余记录，并列出须重新上报的报告 / "
            "take back from the stream what an older backup lacks, and list which reports must be sent again",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """核对各服务的数据库与记录流 / Compare each service's database with its stream. Exits with 1 while something is wrong."""
    folder = DataFolder(data)
    running = folder.running()
    healthy = True

    async def tell() -> None:
        from deploy.doctor import Aged, examine
        from shared.days import day_of
        from shared.relay import Adopted, Forgotten, Healthy, describe

        nonlocal healthy
        async for found in examine(running, adopting=adopt):
            if isinstance(found, Aged):
                since = day_of(found.since)
                said.print(
                    f"{found.service}：{found.waiting} 条报送在等待，最早的自 {since}（kaiye reports list --state waiting）/ "
                    f"{found.waiting} reports wait, the oldest since {since}",
                    markup=False,
                )
                continue
            if isinstance(found, Adopted | Forgotten):
                typer.echo(orjson.dumps(found) if json else _said(found))
                continue
            healthy &= isinstance(found, Healthy)
            zh, en = describe(found)
            typer.echo(orjson.dumps({**dataclasses.asdict(found), "zh": zh, "en": en}) if json else f"{zh}\n  {en}")

    with folder.adopting() if adopt else nullcontext():
        ended = run_until_stopped(tell())
    if not ended:
        raise typer.Exit(EXIT_INTERRUPTED)
    if not healthy:
        raise typer.Exit(EXIT_DIFFERENCE)


def _said(found: "Adopted | Forgotten") -> str:
    from shared.relay import Adopted

    if isinstance(found, Adopted):
        if found.first == found.last:
            return f"{found.service}：已取回第 {found.first} 条 / record {found.first} taken back"
        return f"{found.service}：已取回第 {found.first}–{found.last} 条 / records {found.first}–{found.last} taken back"
    answer = found.answer
    state = "等待中 / was waiting" if answer.outcome == "waiting" else "已退回 / was refused"
    return f"须重新上报 / must be reported again: {answer.source} {answer.id} {answer.type} ({state}: {answer.zh} / {answer.en})"
