"""`kaiye flags`: what is odd about recorded facts, and the office's ruling on it."""

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import uuid4

import orjson
import typer

from deploy.cli.board import ask, show
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.cli.queries import AsOfOption, KnownAtOption, UnitOption
from deploy.cli.tables import FLAG_STATES, flags_table
from deploy.cli.usage import Commands
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running

if TYPE_CHECKING:
    from pydantic import BaseModel

FLAGS_AT_ONCE: Final = 1_000
Ruled = Literal["confirmed", "dismissed"]

KindOption = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="疑点类别，缺省为全部 / one kind of flag; omitted: all")
]  # fmt: skip
DepartmentOption = Annotated[
    str | None, typer.Option("--department", metavar="D", help="报送部门，缺省为全部 / on facts this department reported; omitted: all")
]
StateOption = Annotated[
    str | None,
    typer.Option("--state", metavar="STATE", help="open 待核、confirmed 属实、dismissed 排除，缺省为全部 / one of these; omitted: all"),
]
FlagArgument = Annotated[
    str,
    typer.Argument(
        metavar="FLAG", help="疑点：类别:编号，或 --json 所列全名 / the flag: KIND:ID as listed, or its whole name as --json gives it"
    ),
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由，记入登记库 / why; recorded")]
SystemOption = Annotated[
    str, typer.Option("--system", metavar="NAME", help="创建办的系统，记为认定者 / the office's system, recorded as who ruled")
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(name="flags", cls=Commands, invoke_without_command=True, rich_markup_mode=None)
    group.callback()(flags)
    group.command("confirm")(confirm)
    group.command("dismiss")(dismiss)
    app.add_typer(group)


def flags(
    context: typer.Context, unit: UnitOption = None,
    kind: KindOption = None, department: DepartmentOption = None, state: StateOption = None,
    as_of: AsOfOption = None, known_at: KnownAtOption = None, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """疑点：事实之间不相符之处 / What is odd about the recorded facts of a unit, with the counts of each kind; persons are masked."""
    if context.invoked_subcommand is not None:
        return
    asked = {"unit": unit, "kind": kind, "department": department, "state": state, "as_of": as_of, "known_at": known_at}
    found = asyncio.run(_all_flags(DataFolder(data).running(), asked))
    if json:
        typer.echo(orjson.dumps(found))
    else:
        show(lambda width: flags_table(found, width=width))


def confirm(
    flag: FlagArgument, reason: ReasonOption, system: SystemOption = "kaiye", json: JsonOption = False, data: DataOption = DEFAULT_FOLDER
) -> None:  # fmt: skip
    """创建办认定疑点属实，由报送部门更正或作废 / Rule, as the office, that a flag is right: its department has to correct or void the fact.
    Exits with 1 when the registry refuses.
    """
    _rule(data, flag, reason, system, "confirmed", json=json)


def dismiss(
    flag: FlagArgument, reason: ReasonOption, system: SystemOption = "kaiye", json: JsonOption = False, data: DataOption = DEFAULT_FOLDER
) -> None:  # fmt: skip
    """创建办核实后排除疑点 / Rule, as the office, that what is odd was looked into and is right. Exits with 1 when the registry refuses."""
    _rule(data, flag, reason, system, "dismissed", json=json)


def _rule(data: Path, flag: str, reason: str, system: str, ruled: Ruled, *, json: bool) -> None:
    from deploy.publishing import report_as_office
    from shared.answers import answer_bytes
    from shared.contracts.registry import FlagConfirmed, FlagDismissed

    running = DataFolder(data).running()
    listed = asyncio.run(_all_flags(running, {"kind": flag.partition(":")[0]}))
    row = _named(listed["flags"], flag)
    ruling = f"flag-{uuid4().hex[:24]}"  # the same words may be said again, as after a void
    shape = FlagConfirmed if ruled == "confirmed" else FlagDismissed
    about = row["fact"]
    fact = _told(shape, ruling=ruling, service=about["service"], source=about["source"], id=about["id"], flag=row["kind"], note=reason)
    told = fact.model_dump(mode="json", exclude_defaults=True)
    day = date.fromisoformat(listed["known_at"])
    answer = asyncio.run(report_as_office(running, ruling, shape.type, told, day, system=system))
    if json:
        typer.echo(answer_bytes(answer))
    elif answer.outcome == "recorded":
        zh = FLAG_STATES[ruled][0]
        typer.echo(f"{row['flag']} {zh} {ruled} · {ruling} · 第 {answer.position} 条 at position {answer.position}")
    if answer.outcome != "recorded":
        said.print(f"{answer.zh} / {answer.en}", markup=False)
        raise typer.Exit(EXIT_DIFFERENCE)


def _named(listed: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The flag of this name. Raises BadInput when there is none, or several of the short name."""
    found = [flag for flag in listed if name in (flag["flag"], f"{flag['kind']}:{flag['fact']['id']}")]
    if not found:
        raise BadInput(f"没有这个疑点：{name}；全部见 kaiye flags / there is no flag {name}: kaiye flags lists them")
    if len(found) > 1:
        names = ", ".join(flag["flag"] for flag in found)
        raise BadInput(f"不止一个疑点叫 {name}，请用全名 / several flags are called {name}; say the whole name: {names}")
    return found[0]


def _told(shape: "type[BaseModel]", **fields: str) -> "BaseModel":
    from pydantic import ValidationError

    from shared.write_service.reasons import unfit

    try:
        return shape(**fields)
    except ValidationError as error:
        reason = unfit(error)
        raise BadInput(f"{reason.zh} / {reason.en}") from error


async def _all_flags(running: Running, asked: dict[str, str | None]) -> dict[str, Any]:
    """The pages of an answer as one; the later ones are asked for as of the days of the first."""
    asked = {**asked, "limit": str(FLAGS_AT_ONCE)}
    whole: dict[str, Any] = orjson.loads(await ask(running, "/flags", asked))
    asked |= {"as_of": whole["as_of"], "known_at": whole["known_at"]}
    while whole["next"] is not None:
        page = orjson.loads(await ask(running, "/flags", {**asked, "after": whole["next"]}))
        whole["flags"] += page["flags"]
        whole["next"] = page["next"]
    return whole
