"""`kaiye roster`: the county's units, listed from a file, and what becomes of one of them: another name, an end, another township.

Where a unit lay on a day stays as it was, and so do the figures: every change is a fact with its day, reported to the registry like any
other. Plan 二(五) counts units, so a change that is not reported leaves a unit owing what nobody can do any more.
"""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import orjson
import typer

from deploy.cli.board import ask
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said, written_day
from deploy.cli.reports import OUTCOMES, show, summarise, until_figures_reach
from deploy.cli.usage import add_group
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running
from shared.contracts.outcomes import Outcome

if TYPE_CHECKING:
    from shared.answers import Answer
    from shared.contracts.registry.units import AboutUnit

OLDEST_LISTING: Final = "2000-01-01"
OFFICE: Final = ("chuangjianban", "roster")
"""创建办 and its system: who reports what becomes of units."""
MOVED: Final = ("community", "village")
"""Units that lie in a township, and so can come below another."""

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="单位代码，12 位 / the unit's code, 12 digits")]
OnOption = Annotated[str, typer.Option("--on", metavar="YYYY-MM-DD", help="自该日起 / from this day on")]
LastDayOption = Annotated[
    str,
    typer.Option(
        "--last-day", metavar="YYYY-MM-DD", help="存在的最后一日，次日起由承接单位答复 / its last day; from the next day on another answers"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    roster = add_group(app, "roster", "单位名册 / the county's units", _roster)
    roster.command("import")(import_roster)
    roster.command("rename")(rename)
    roster.command("merge")(merge)
    roster.command("dissolve")(dissolve)
    roster.command("move")(move)


def _roster() -> None:
    """单位名册 / The county's units."""


def import_roster(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="名册：CSV 或 Excel 文件 / the roster: a CSV or Excel file")],
    since: Annotated[
        str, typer.Option("--since", metavar="YYYY-MM-DD", help="这些单位自该日起存在 / the units exist from this day on")
    ] = OLDEST_LISTING,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """把名册文件中的单位列入名册，逐行说明退回的原因；有退回的以 1 退出 / List the units of a roster file, and say for every row that
    is refused why. Columns: code, name, kind, urban_rural_class. Exits with 1 when a row was refused. Importing it again changes nothing.
    """
    listed = written_day(since, "--since")
    running = DataFolder(data).running()
    asyncio.run(_import(running, file, listed, json=json))


async def _import(running: Running, file: Path, listed: date, *, json: bool) -> None:
    from deploy.reports import go_with, list_units
    from deploy.roster_file import read_roster
    from deploy.sheet_files import BadSheetFile

    known = frozenset(each["code"] for each in orjson.loads(await ask(running, "/units"))["units"])
    try:
        found = read_roster(file, running.county, known)
    except BadSheetFile as error:
        raise BadInput(str(error)) from error
    for note in found.understood:
        said.print(str(note), markup=False)
    for note in found.refused:
        refusal = {"row": note.row, "cell": note.cell, "outcome": "refused", "zh": note.zh, "en": note.en}
        typer.echo(orjson.dumps(refusal) if json else str(note))
    answers = {found.row_of[code]: answer for code, answer in (await list_units(running, found, listed)).items()}
    positions: dict[str, int] = {}
    for number, answer in sorted(answers.items()):
        show("row", number, answer, json=json)
        go_with(positions, answer)
    await until_figures_reach(running, positions)
    outcomes = Counter[Outcome](answer.outcome for answer in answers.values())
    outcomes["refused"] += len(found.refused)
    summarise(outcomes)


def rename(
    code: CodeArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="新名称 / the new name")],
    on: OnOption,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """单位更名：代码不变 / Another name for a unit, whose code stays. As known before the report it is called as before.
    Exits with 1 when it is not recorded.
    """
    from shared.contracts.registry import UnitRenamed

    _change(DataFolder(data).running(), [(UnitRenamed, {"code": code, "name": name}, written_day(on, "--on"))], json=json)


def merge(
    code: CodeArgument,
    into: Annotated[str, typer.Option("--into", metavar="CODE", help="并入的同类单位 / the unit of the same kind it becomes part of")],
    last_day: LastDayOption,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """单位并入同类单位：次日起由其承接 / A unit becomes part of another of its kind, which answers with its facts from the next day on.
    Earlier figures stay as they were. Exits with 1 when it is not recorded.
    """
    from shared.contracts.registry import UnitMerged

    _change(DataFolder(data).running(), [(UnitMerged, {"code": code, "into": into}, written_day(last_day, "--last-day"))], json=json)


def dissolve(
    code: CodeArgument,
    last_day: LastDayOption,
    successor: Annotated[
        str | None, typer.Option("--successor", metavar="CODE", help="承接单位，如村改居后的社区 / who answers afterwards, of any kind")
    ] = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """撤销单位，可由他类单位承接 / A unit ends; another, of whatever kind, may answer with its facts from the next day on.
    Exits with 1 when it is not recorded.
    """
    from shared.contracts.registry import UnitDissolved

    _change(
        DataFolder(data).running(),
        [(UnitDissolved, {"code": code, "successor": successor}, written_day(last_day, "--last-day"))],
        json=json,
    )


def move(
    code: CodeArgument,
    to: Annotated[str, typer.Option("--to", metavar="CODE", help="在新的乡镇下的代码 / its code below the other township")],
    on: OnOption,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:
    """村（社区）划入另一乡镇：自该日起换新代码，名称、城乡分类不变 / A village or community comes below another township: from that day on
    it has another code, and its name as before; the day before is the old code's last. What happened under the old code counts below the
    other township from then on; figures of earlier days stay as they were. Exits with 1 when it is not recorded.
    """
    from shared.contracts.registry import UnitDissolved, UnitListed

    day, running = written_day(on, "--on"), DataFolder(data).running()
    listed = {each["code"]: each for each in orjson.loads(asyncio.run(ask(running, "/units")))["units"]}
    if (unit := listed.get(code)) is None:
        raise BadInput(f"名册中没有 {code}（单位见 kaiye units） / the roster holds no {code} (kaiye units lists the units)")
    if unit["kind"] not in MOVED or _kind(to) != unit["kind"]:
        raise BadInput(
            f"{code} 与 {to} 不是同类的村或社区；改变类型请用 kaiye roster dissolve --successor / "
            f"{code} and {to} are not both villages or both communities; to change the kind: kaiye roster dissolve --successor"
        )
    if (there := listed.get(to)) is not None and (there["listed"], there["name"]) != (day.isoformat(), unit["name"]):
        raise BadInput(
            f"{to} 已是{there['name']}（自 {there['listed']}）；并入它请用 kaiye roster merge / "
            f"{to} is {there['name']} already, since {there['listed']}: to make {code} part of it: kaiye roster merge"
        )
    anew = {"code": to, "name": unit["name"], "urban_rural_class": unit["urban_rural_class"]}
    ends = {"code": code, "successor": to}
    _change(running, [(UnitListed, anew, day), (UnitDissolved, ends, day - timedelta(days=1))], json=json)


def _change(running: Running, changes: Sequence[tuple[type["AboutUnit"], dict[str, Any], date]], *, json: bool) -> None:
    """Report what becomes of a unit, one fact after the other as long as they are recorded. Exits with 1 when one is not."""
    from pydantic import ValidationError

    from shared.write_service.reasons import unfit

    try:
        facts = [(kind(**said_of), day) for kind, said_of, day in changes]
    except ValidationError as error:
        raise BadInput(f"{unfit(error).zh} / {unfit(error).en}") from error
    if not asyncio.run(_reported(running, facts, json=json)):
        raise typer.Exit(EXIT_DIFFERENCE)


async def _reported(running: Running, facts: Sequence[tuple["AboutUnit", date]], *, json: bool) -> bool:
    """Whether all were recorded, a fact only once the one before is."""
    from deploy.reports import go_with, send
    from shared.client.outgoing import outgoing
    from shared.contracts.envelope import Source

    source, positions = Source(running.county, *OFFICE), dict[str, int]()
    for number, (fact, day) in enumerate(facts, start=1):
        id = f"{fact.type.partition('.')[2]}-{fact.code}-{day}"
        (answer,) = await send(running, [outgoing(source, fact, id=id, day=day)])
        _tell(fact, day, answer, json=json)
        if answer.outcome != "recorded":
            if left := [f"{each.zh} {each.code} {its_day}" for each, its_day in facts[number:]]:
                said.print(
                    f"尚未报送：{'、'.join(left)}；原因消除后请再次运行同一命令 / not reported yet: {', '.join(left)}; "
                    "once the reason is gone run the same command again", markup=False,
                )  # fmt: skip
            return False
        go_with(positions, answer)
    await until_figures_reach(running, positions)
    return True


def _tell(fact: "AboutUnit", day: date, answer: "Answer", *, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps({"type": fact.type, **dataclasses.asdict(answer)}))
    else:
        reasons = answer.flags if answer.outcome == "recorded" else (answer,)
        because = "".join(f"  {reason.code} {reason.zh} / {reason.en}" for reason in reasons)
        typer.echo(f"{fact.zh} {fact.code} {day}  {OUTCOMES[answer.outcome]}{because}")


def _kind(code: str) -> str:
    from shared.units import unit_kind

    try:
        return unit_kind(code)
    except ValueError as error:
        raise BadInput(str(error)) from error
