"""`kaiye flags`: what is odd about recorded facts, and the office's ruling on it."""

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from uuid import uuid4

import orjson
import typer

from deploy.cli.acting import holder
from deploy.cli.board import ask, show
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.cli.queries import AsOfOption, KnownAtOption, UnitOption
from deploy.cli.tables import FLAG_STATES, flag_name, flags_table
from deploy.cli.usage import Commands
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running

if TYPE_CHECKING:
    from pydantic import BaseModel

    from deploy.seeds import User

FLAGS_AT_ONCE: Final = 1_000
READ_MAX: Final = 5
"""So many times a list of several pages is read until nothing is recorded meanwhile."""
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
    str | None,
    typer.Option(
        "--system", metavar="NAME",
        help="系统管理员代创建办认定时，记为认定者的系统，缺省为 kaiye / where the administrator rules for the office: its system that is "
        "recorded as who ruled; omitted: kaiye",
    ),
]  # fmt: skip
SeedOption = Annotated[
    Path | None,
    typer.Option(
        "--seed", metavar="FILE", dir_okay=False,
        help="以该种子所属的创建办系统认定，缺省由系统管理员代办 / rule as the office's system whose seed this is; omitted: the "
        "administrator rules for it",
    ),
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
    flag: FlagArgument, reason: ReasonOption, seed: SeedOption = None, system: SystemOption = None, json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """创建办认定疑点属实，由报送部门更正或作废 / Rule, as the office, that a flag is right: its department has to correct or void the fact.
    Exits with 1 when the registry refuses.
    """
    _rule(data, flag, reason, _ruler(data, seed, system), "confirmed", json=json)


def dismiss(
    flag: FlagArgument, reason: ReasonOption, seed: SeedOption = None, system: SystemOption = None, json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """创建办核实后排除疑点 / Rule, as the office, that what is odd was looked into and is right. Exits with 1 when the registry refuses."""
    _rule(data, flag, reason, _ruler(data, seed, system), "dismissed", json=json)


def _ruler(data: Path, seed: Path | None, system: str | None) -> "User | str":
    """Who rules: a system of the office by its own key, or the administrator for one of this name. Raises BadInput."""
    from shared.contracts.common import OFFICE

    if seed is None:
        return system or "kaiye"
    if system is not None:
        raise BadInput("--seed 已说明由谁认定，不要再用 --system / --seed says who rules: leave out --system")
    folder = DataFolder(data)
    user = holder(folder, folder.running(), seed)
    if user.asker.department != OFFICE:
        raise BadInput(
            f"{seed} 是 {user.asker.department}/{user.asker.system} 的种子，只有创建办（{OFFICE}）可以认定 / "
            f"{seed} is the seed of {user.asker.department}/{user.asker.system}: only the office ({OFFICE}) rules"
        )
    return user


def _rule(data: Path, flag: str, reason: str, ruler: "User | str", ruled: Ruled, *, json: bool) -> None:
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
    answer = asyncio.run(report_as_office(running, ruling, shape.type, told, day, by=ruler))
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
    found = [flag for flag in listed if name in (flag["flag"], flag_name(flag))]
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
    """The pages of an answer as one, all of one moment: where more is recorded meanwhile, they are asked for from the first on.

    Raises BadInput when that happens every time.
    """
    asked = {**asked, "limit": str(FLAGS_AT_ONCE)}
    for _ in range(READ_MAX):
        whole: dict[str, Any] = orjson.loads(await ask(running, "/flags", asked))
        same = {**asked, "as_of": whole["as_of"], "known_at": whole["known_at"]}
        while whole["next"] is not None:
            page = orjson.loads(await ask(running, "/flags", {**same, "after": whole["next"]}))
            if not whole["final"] and page["positions"] != whole["positions"]:
                break
            whole["flags"] += page["flags"]
            whole["next"] = page["next"]
        else:
            return whole
    raise BadInput(
        f"疑点有多页，{READ_MAX} 次读取期间都有新记录；请用 --kind、--unit 缩小范围，或以 --known-at 指明已日结的一日 / "
        f"the flags are several pages, and {READ_MAX} times more was recorded while they were read: narrow them with --kind or --unit, or "
        "ask with --known-at for a day that is final"
    )
