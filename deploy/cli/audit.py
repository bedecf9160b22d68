"""`kaiye audit`: everything a running system keeps compared with everything else it keeps, and its figures recomputed."""

import dataclasses
import os
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from deploy.cli.common import EXIT_DIFFERENCE, EXIT_INTERRUPTED, DataOption, JsonOption, run_until_stopped, said
from deploy.cli.rebuild import set_aside
from deploy.data_folder import DEFAULT_FOLDER, DataFolder

if TYPE_CHECKING:
    from deploy.audit.found import Audited, Difference, NotCompared

NICE: Final = 10
"""The system audited goes first."""
CHECKS: Final = {
    "stream": "事件库与记录流 / event store and stream",
    "facts": "指标库的事实 / facts in the indicators' store",
    "archive": "归档 / archive",
    "ledger": "账本数字 / figures of the ledger",
    "board": "实时指标表 / boards over HTTP",
    "published": "已发布的考评与文件 / what was published",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("audit")(audit)


def audit(
    pairs: Annotated[
        int, typer.Option("--pairs", metavar="N", min=1, help="比较多少个（截至日，已知日） / at so many (as of, known at) pairs")
    ] = 20,
    units: Annotated[
        int, typer.Option("--units", metavar="N", min=0, help="每处比较多少个单位，0 为全部 / boards of so many units at each; 0: all")
    ] = 10,
    seed: Annotated[int, typer.Option("--seed", help="随机种子 / the same seed chooses the same pairs and units")] = 1,
    json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """审计运行中的系统，只读：各处所存互相核对，数值同第二引擎核对 / Audit a running system, only
    reading: event stores, streams, the indicators' store and the archive against each other, ledger, boards and what was published
    against a second engine. Exits with 1 at the first difference and names it, and where no figure or no board could be compared.
    """
    from deploy.audit.found import Asked, Audited, Different
    from deploy.audit.system import audit as compared

    folder = DataFolder(data)
    running = folder.running()
    os.nice(NICE)
    difference: Difference | None = None
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=said) as progress:
        audited = Audited(Asked(pairs, units or None, seed), _Shown(progress))
        try:
            finished = run_until_stopped(compared(running, folder, audited))
        except Different as error:
            finished, difference = True, error.found
    if not finished:
        raise typer.Exit(EXIT_INTERRUPTED)
    typer.echo(orjson.dumps(_summary(running.county, audited, difference)) if json else told(audited, difference))
    if difference is not None or audited.nothing is not None:
        raise typer.Exit(EXIT_DIFFERENCE)


class _Shown:
    """One bar for each thing that is going on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, whole: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=whole)
        self._progress.update(self._tasks[what], completed=done)


def _summary(county: str, audited: "Audited", difference: "Difference | None") -> dict[str, Any]:
    return {
        "county": county, "positions": audited.positions, "being_rebuilt": sorted(audited.being_rebuilt),
        "checked": [dataclasses.asdict(each) for each in audited.checked],
        "pairs": audited.pairs, "not_compared": [dataclasses.asdict(each) for each in audited.not_compared],
        "all_the_same": difference is None and audited.nothing is None,
        "difference": None if difference is None else dataclasses.asdict(difference),
    }  # fmt: skip


def told(audited: "Audited", difference: "Difference | None") -> str:
    """What was compared, what was not and why, and what came of it, for people."""
    lines = [*filter(None, [set_aside(audited.being_rebuilt)])]
    lines += [f"{CHECKS[each.check]}{f' {each.service}' if each.service else ''}：{each.compared}" for each in audited.checked]
    lines.append(f"（截至日，已知日） / (as of, known at) pairs：{audited.pairs}")
    lines += [_passed_over(each) for each in audited.not_compared]
    if difference is not None:
        return "\n".join([*lines, f"不符 / a difference：{difference.zh}\n  {difference.en}"])
    if audited.nothing is not None:
        return "\n".join(
            [*lines, f"没有可核对的：{CHECKS[audited.nothing]}，不能说全部相符 / nothing there could be compared: not all is shown"]
        )
    return "\n".join([*lines, "全部相符 / all the same"])


def _passed_over(each: "NotCompared") -> str:
    names = f"：{', '.join(each.names)}" if each.names else ""
    return f"未核对 / not compared {CHECKS[each.check]}（{each.count}）：{each.zh} / {each.en}{names}"
