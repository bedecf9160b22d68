"""`kaiye report`: sending reports to the running system, and telling what became of each."""

import asyncio
import dataclasses
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from deploy.cli.acting import CountyCodeOption, NatsOption, SeedOption, reached, reporter, require_type, stranger
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running
from shared.answers import Answer
from shared.contracts.outcomes import Outcome

if TYPE_CHECKING:
    from deploy.report_file import Checked
    from deploy.seeds import User
    from shared.contracts.envelope import Source

OUTCOMES: Final[dict[Outcome, str]] = {"recorded": "已记录 recorded", "waiting": "等待 waiting", "refused": "退回 refused"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("report")(report)


def report(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="每行一条 JSON 报告，- 为标准输入 / one report in JSON per line; - reads stdin"),
    ],
    seed: SeedOption = None,
    nats: NatsOption = None,
    county: CountyCodeOption = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """上报文件中的报告并等待答复，列出等待与退回的；有退回的以 1 退出 / Send the reports of a file, wait for their answers, and list
    those that wait or were refused. Exits with 1 when some were refused. Sending the same file again changes nothing; cut off in the
    midst, the same command goes on with what is left.
    """
    from deploy.report_file import BadReportFile

    folder = DataFolder(data)
    running = reached(folder, nats, county)
    user = reporter(folder, running, seed) if nats is None else None
    try:
        with _checked(file, running, user) as checked:
            if nats is not None:
                user = stranger(_only(file, checked), seed)
            require_type(user, checked.types)
            asyncio.run(_report(running, folder, checked, user, json=json))
    except BadReportFile as error:
        raise BadInput(f"{file} {error}") from error


def _only(file: Path, checked: "Checked") -> "Source":
    """Whose reports all of a file are. Raises BadInput when they are of several."""
    if len(checked.sources) > 1:
        first, second, *_ = sorted(map(str, checked.sources))
        raise BadInput(
            f"{file} 中有 {first}、{second} 等的报告，一个种子只属于一个系统，未发送任何报告 / "
            f"{file} holds reports of {first}, {second} and so on, but a seed is of one system: nothing was sent"
        )
    return next(iter(checked.sources))


@contextmanager
def _checked(file: Path, running: Running, user: "User | None") -> Iterator["Checked"]:
    """The file, looked through; what can be read only once is put into a temporary one. Raises BadInput when it cannot be read."""
    from deploy.report_file import check

    with ExitStack() as opened:
        try:
            found: BinaryIO = sys.stdin.buffer if str(file) == "-" else opened.enter_context(file.open("rb"))
            if str(file) == "-" or not found.seekable():
                copied = opened.enter_context(TemporaryFile())
                shutil.copyfileobj(found, copied)
                found = copied
            checked = check(found, running, None if user is None else user.source(running.county))
        except OSError as error:
            raise BadInput(f"无法读取 {file} / {file} cannot be read: {error.strerror}") from error
        yield checked


async def _report(running: Running, folder: DataFolder, checked: "Checked", user: "User | None", *, json: bool) -> None:
    from deploy.report_file import sent
    from deploy.reports import go_with

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.fields[outcomes]}"),
               TimeElapsedColumn(), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=said, transient=True, disable=not said.is_terminal) as bars:
        bar = bars.add_task("上报 / reporting", total=checked.lines, outcomes="")

        def tell(answered: int, outcomes: Mapping[Outcome, int]) -> None:
            bars.update(bar, completed=answered, outcomes=_counted(outcomes))

        async with sent(running, folder, checked, tell, user) as found:
            bars.stop()
            positions: dict[str, int] = {}
            async for number, answer in found.outbox.every_answer():
                show("line", number, answer, json=json)
                go_with(positions, answer)
            sys.stdout.flush()
            outcomes = await found.outbox.outcomes()
    await until_figures_reach(running, positions)
    if found.forbidden is not None:
        reason = found.forbidden.reason
        said.print(f"{reason.zh}，再次运行同一命令 / {reason.en}: run the same command again", markup=False)
    summarise(outcomes, well=found.forbidden is None)


async def until_figures_reach(running: Running, positions: Mapping[str, int]) -> None:
    """Wait until whoever asks next sees what was recorded up to these positions, or say that it takes longer."""
    from deploy.reports import figures_reach

    if not await figures_reach(running, positions):
        said.print("已答复；指标稍后更新 / answered; the figures follow later")


def show(place: str, number: int, answer: Answer, *, json: bool) -> None:
    """A line for a report that is not recorded; as JSON for any, with the line or row of its report."""
    if json:
        typer.echo(orjson.dumps({place: number, **dataclasses.asdict(answer)}))
    elif answer.outcome != "recorded":
        typer.echo(
            f"第 {number} 行 {place} {number}  {answer.source} {answer.id}  "
            f"{OUTCOMES[answer.outcome]} {answer.code}  {answer.zh} / {answer.en}"
        )


def _counted(outcomes: Mapping[Outcome, int]) -> str:
    recorded, waiting, refused = (outcomes.get(outcome, 0) for outcome in OUTCOMES)
    return f"记录 {recorded}、等待 {waiting}、退回 {refused} / {recorded} recorded, {waiting} waiting, {refused} refused"


def summarise(outcomes: Mapping[Outcome, int], *, well: bool = True) -> None:
    """Say how many fared how. Exits with 1 when something was refused, or all was not well besides."""
    said.print(f"{sum(outcomes.values())} 条：{_counted(outcomes)}")
    if outcomes.get("refused") or not well:
        raise typer.Exit(EXIT_DIFFERENCE)
