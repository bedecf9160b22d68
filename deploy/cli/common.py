"""What every command shares: options, exit codes, where output goes, and running until Ctrl-C."""

import asyncio
import errno
import re
import signal
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
import uvloop
from rich.console import Console

from deploy.data_folder import DEFAULT_FOLDER
from shared.tasks import end

EXIT_OK: Final = 0
EXIT_DIFFERENCE: Final = 1
"""A comparison was made and found a difference."""
EXIT_BAD_INPUT: Final = 2
EXIT_UNREACHABLE: Final = 3
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130

EXAMPLE_COUNTY: Final = Path(__file__).resolve().parent.parent / "counties" / "example"


class Printer(Console):
    """A console whose print raises BrokenPipeError when nobody reads it any more: the library would exit with 1, which is a difference."""

    def on_broken_pipe(self) -> NoReturn:
        """Called when it happened."""
        raise BrokenPipeError(errno.EPIPE, "nobody reads what is printed")


said = Printer(stderr=True, highlight=False, soft_wrap=True)
"""For people: everything but the result. stdout carries only the result."""

DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="数据文件夹 / data folder", show_default=str(DEFAULT_FOLDER), file_okay=False)
]
CountyOption = Annotated[
    Path | None,
    typer.Option(
        "--county", metavar="FOLDER", exists=True, file_okay=False, resolve_path=True,
        help="县的方案与名册所在文件夹，缺省为数据文件夹原有的县，否则为示例县 / folder of the county's plan and roster; "
        "omitted: the county of the data folder, else the example county",
    ),
]  # fmt: skip


def _port_option(name: str, zh: str, en: str) -> Any:
    return typer.Option(
        name, min=0, max=65535, help=f"{zh}，缺省同上次启动，0 为自动 / {en}; omitted: as at the last start; 0 takes a free one"
    )


HttpPortOption = Annotated[int | None, _port_option("--http-port", "网页与接口端口", "port of page and API")]
NatsPortOption = Annotated[int | None, _port_option("--nats-port", "消息总线端口", "port of the bus")]
InsecureOption = Annotated[
    bool,
    typer.Option(
        "--insecure",
        help="不要求凭据：本机任何人都可进入，仅供试验 / no credentials asked: anybody on this machine gets in; for trials only",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="只输出 JSON / print JSON only")]


class BadInput(Exception):
    """What was asked for makes no sense; the message says why in Chinese and English. The command exits with 2.

    `code`: of the question's refusal, where it is one.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class Unreachable(Exception):
    """The running system could not be reached; the message says why in Chinese and English. The command exits with 3."""


NEXT_STEP: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_unit": ("单位见 kaiye units", "kaiye units lists them"),
    "unknown_indicator": ("指标见 kaiye board", "kaiye board lists them"),
    "from_after_to": (
        "日期由 --from 和 --to 给出，未写已知日的以今日为已知日", "the days are those of --from and --to; without a known day: known today",
    ),
}  # fmt: skip
"""What helps whoever asked a question that is refused with this code, in Chinese and in English."""
NEXT_STEP_OF_FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_unit": (
        "单位由事实 registry.unit_listed 列出，也见县文件夹的 roster.csv",
        "the registry.unit_listed facts list them, as does roster.csv in the county's folder",
    ),
    "unknown_indicator": ("指标见 kaiye recompute 对这些事实的输出", "kaiye recompute on these facts lists them"),
    "from_after_to": (
        "日期由 --from 和 --to 给出，未写已知日的以最后一条记录之日、证据包以其已知日为已知日",
        "the days are those of --from and --to; without a known day: known on the day of the last record, of a bundle on its own",
    ),
}  # fmt: skip
"""The same where nothing need run, because recorded facts are asked."""


def refused(code: str, zh: str, en: str, *, of_facts: bool = False) -> BadInput:
    """A question that has no answer, with the next step where one is known; `of_facts`: recorded facts were asked, no running system."""
    steps = NEXT_STEP_OF_FACTS if of_facts else NEXT_STEP
    if code not in steps:
        return BadInput(f"{zh} / {en}", code)
    step_zh, step_en = steps[code]
    return BadInput(f"{zh}（{step_zh}） / {en} ({step_en})", code)


_DAY_WRITTEN: Final = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
EARLIEST: Final = date(1949, 10, 1)


def written_day(text: str, option: str | None = None) -> date:
    """The day that a text, or what an option gives, says: written in this one way, whoever is asked. Raises BadInput."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        zh, en = (f"{option} ", option) if option else ("日期", "a day")
        meant = _meant_day(text)
        hint_zh, hint_en = (f"（是否应为 {meant}）", f" ({meant}?)") if meant else ("", "")
        raise BadInput(f"{zh}应写作 YYYY-MM-DD：{text}{hint_zh} / {en} is written YYYY-MM-DD, not {text}{hint_en}")
    if day < EARLIEST:
        raise BadInput(f"日期不得早于 {EARLIEST}：{text} / no day is before {EARLIEST}: {text}")
    return day


def _meant_day(text: str) -> date | None:
    """The day that somebody who writes it in another way may mean."""
    if (written := _DAY_WRITTEN.fullmatch(text.strip())) is None:
        return None
    with suppress(ValueError):
        return date(*(int(number) for number in written.groups()))
    return None


def run_until_stopped(work: Coroutine[Any, Any, None]) -> bool:
    """Run to the end, or until Ctrl-C or SIGTERM, with an orderly shutdown either way. Whether it ran to its end.

    A stop is told again until it is heard (see `shared.tasks.end`): what must not be cut short is done by `shared.tasks.finish`.
    """

    async def guarded() -> bool:
        stopped = False
        over = asyncio.Event()
        task = asyncio.create_task(work)
        task.add_done_callback(lambda _: over.set())

        def stop() -> None:
            nonlocal stopped
            if not stopped:
                said.print("正在结束 / ending …")
            stopped = True
            over.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        await over.wait()
        await end([task])
        if not (stopped and task.cancelled()):
            task.result()
        return not stopped

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(guarded())
