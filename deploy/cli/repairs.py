"""`kaiye reports`: the repair desk. What waits or was refused is listed, shown, decided again, corrected and dismissed."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, get_args
from uuid import uuid4

import orjson
import typer

from deploy.cli.acting import SeedOption, holder
from deploy.cli.board import show as show_table
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, Unreachable, said, written_day
from deploy.cli.reports import until_figures_reach
from deploy.cli.tables import REPORT_STATES, reports_table
from deploy.cli.usage import add_group
from deploy.data_folder import DEFAULT_FOLDER, DataFolder
from shared.contracts.base import SERVICES, Service

if TYPE_CHECKING:
    from pydantic import BaseModel

    from deploy.seeds import User
    from shared.client.repair import RepairDesks
    from shared.repair import Done, Whole

STATES: Final = {state: f"{zh} {state}" for state, (zh, _) in REPORT_STATES.items()}
KINDS: Final = {"resubmitted": "重新裁决 resubmitted", "corrected": "补正 corrected", "dismissed": "退回不处理 dismissed"}
NOT_CORRECTED: Final = "未补正，原报送不变 not corrected, the original stays as it was"
_NAMED: Final = re.compile(r"(?:(/[0-9]{12})?/?([a-z0-9_-]{1,32})/([a-z0-9_-]{1,32})/)?([A-Za-z0-9_-]{1,64})")
_BY: Final = re.compile(r"(?:/[0-9]{12}/)?([a-z0-9_-]{1,32})(?:/([a-z0-9_-]{1,32}))?")
_AFTER: Final = re.compile(rf"({'|'.join(SERVICES)}):([0-9]{{1,18}})")
_SET: Final = re.compile(r"([^=:]+)(:?)=(.*)", re.DOTALL)

IdArgument = Annotated[
    str,
    typer.Argument(metavar="ID", help="报送编号，如 r-1 或 gsj/dengji/r-1 / the report's id, alone or behind its department and system"),
]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID…", help="报送编号，可有多个 / ids of reports")]
ServiceOption = Annotated[
    str | None, typer.Option("--service", metavar="S", help=f"只查一个服务：{'、'.join(SERVICES)} / one service only; omitted: all")
]
WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="原因，记入留痕，不得含身份证号 / why; recorded; no resident id")]

Read = TypeVar("Read")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    reports = add_group(app, "reports", "待办报送 / reports that wait or were refused", _reports)
    reports.command("list")(show_list)
    reports.command("show")(show)
    reports.command("resubmit")(resubmit)
    reports.command("correct")(correct)
    reports.command("dismiss")(dismiss)


def _reports() -> None:
    """待办报送：等待和退回的，查看、重新裁决、补正、退回不处理 / The repair desk: what waits or was refused."""


def show_list(
    service: ServiceOption = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state", metavar="STATE",
            help="waiting 等待、refused 退回、dismissed 不处理、corrected 已补正，缺省为前两种 / one of these; omitted: the first two",
        ),
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="事实类型 / one type of fact")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="SOURCE", help="报送部门或其系统，如 gsj 或 gsj/dengji / who reported it")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="该日起报到的 / arrived on this day or later")] = None,
    older_than: Annotated[
        int | None, typer.Option("--older-than", metavar="DAYS", min=0, help="报到已超过若干日的 / arrived more than so many days ago")
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="编号、原因或内容含有 / its id, reason or content holds")
    ] = None,
    after: Annotated[str | None, typer.Option("--after", metavar="NEXT", help="接上一页 / where the page before said it goes on")] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="每页条数 / reports at once")] = 50,
    seed: SeedOption = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """列出等待和退回的报送，先到的在前 / List what waits and what was refused, what came first at the top."""
    from deploy.repairing import list_kept
    from shared.event_store.interface import KeptState
    from shared.repair import ListKept

    if state is not None and state not in get_args(KeptState):
        raise BadInput(f"没有状态 {state}，应为 {' '.join(get_args(KeptState))} / there is no state {state}: one of those")
    if by is not None and (reporter := _BY.fullmatch(by)) is None:
        raise BadInput("--by 应写作 部门 或 部门/系统 / --by is written DEPARTMENT or DEPARTMENT/SYSTEM")
    department, system = (None, None) if by is None or reporter is None else reporter.groups()
    services = _services(service)
    begin = None if after is None else _after(after, services)
    asked = _asked(
        ListKept, **({} if state is None else {"state": (state,)}), type=type_, department=department, system=system,
        since=None if since is None else written_day(since), older_than_days=older_than, search=search, limit=limit,
    )  # fmt: skip

    async def listed(desks: "RepairDesks") -> Any:
        return await list_kept(desks, services, asked, begin)

    found = _at_the_desk(data, seed, listed)
    if json:
        typer.echo(orjson.dumps({"reports": [each.model_dump(mode="json") for each in found.reports], "next": found.next}))
        return
    if found.reports:
        show_table(lambda width: reports_table([each.model_dump(mode="json") for each in found.reports], width=width))
    count = len(found.reports)
    said.print(f"{count} 条 / {count} reports" if count else "没有 / none")
    if found.next is not None:
        said.print(f"下一页 / next page: --after {found.next}", markup=False)


def show(
    id: IdArgument, service: ServiceOption = None, seed: SeedOption = None, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER
) -> None:
    """一条报送的全部：内容、历次答复与原因、等待什么、做过什么 / Everything about one report: what it says, every answer and why, what it
    waits for, what was done about it.
    """
    services = _services(service)
    county = DataFolder(data).running().county

    async def shown(desks: "RepairDesks") -> "Whole":
        return await _one(desks, services, county, id)

    found = _at_the_desk(data, seed, shown)
    typer.echo(orjson.dumps(found.model_dump(mode="json")) if json else _told(found))


def resubmit(
    ids: IdsArgument,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="原因，记入留痕 / why; recorded")] = "重新裁决 / decided again",
    service: ServiceOption = None, seed: SeedOption = None, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """重新裁决等待或退回的报送，不改内容；仍有退回的以 1 退出 / Decide again what waits or was refused, as it is. Exits with 1 when one is
    refused again.
    """
    from shared.repair import Resubmit

    async def act(desks: "RepairDesks", whole: "Whole") -> "Done":
        asked = _asked(Resubmit, act=_new_act(), source=whole.source, id=whole.id, why=why)
        return await desks.resubmit(whole.service, asked)

    _act_on(ids, service, seed, data, act, json=json)


def correct(
    id: IdArgument,
    changes: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="PATH=VALUE",
            help="补正一处，可多次：occurred=2025-03-01、data.unit=330127100201、data.founders[0].person=P…；值为 JSON 的写 PATH:=VALUE / "
            "set one value, as often as needed; PATH:=VALUE for a value in JSON",
        ),
    ],
    why: WhyOption,
    service: ServiceOption = None, seed: SeedOption = None, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """补正：以新编号报送改正后的内容，取代原报送，两者互相注明；同样的补正再做一次不会重复。仍被退回的以 1 退出，原报送不变 / Report
    a corrected copy under an id of its own in the place of the original. Each names the other; the same correction again is the same
    copy. Exits with 1 when the copy is refused: the original stays as it was.
    """
    from shared.repair import Change, Correct

    told = []
    for text in changes:
        if (pair := _SET.fullmatch(text)) is None:
            raise BadInput(f"--set 应写作 字段=值：{text} / --set is written PATH=VALUE: {text}")
        told.append(_asked(Change, path=pair[1], value=pair[3], json_value=bool(pair[2])))

    async def act(desks: "RepairDesks", whole: "Whole") -> "Done":
        asked = _asked(Correct, act=_new_act(), source=whole.source, id=whole.id, why=why, changes=tuple(told))
        return await desks.correct(whole.service, asked)

    _act_on([id], service, seed, data, act, json=json)


def dismiss(
    ids: IdsArgument, why: WhyOption, service: ServiceOption = None, seed: SeedOption = None, json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """退回不处理：等待或退回的报送不再处理，原因告知报送部门 / What waits or was refused will not be pursued; its reporter is told why.
    Exits with 1 when that cannot be done for one of several.
    """
    from shared.repair import Dismiss

    async def act(desks: "RepairDesks", whole: "Whole") -> "Done":
        asked = _asked(Dismiss, act=_new_act(), source=whole.source, id=whole.id, why=why)
        return await desks.dismiss(whole.service, asked)

    _act_on(ids, service, seed, data, act, json=json)


def _act_on(
    ids: Sequence[str], service: str | None, seed: Path | None, data: Path, act: "Callable[[RepairDesks, Whole], Awaitable[Done]]", *,
    json: bool,
) -> None:  # fmt: skip
    """Find all of them before anything is done, then act on one after the other. Exits with 1 when one was, or stays, refused."""
    from shared.client.repair import RepairRefused

    services = _services(service)
    running = DataFolder(data).running()
    failed = False

    async def done(desks: "RepairDesks") -> None:
        nonlocal failed
        positions: dict[str, int] = {}
        for whole in [await _one(desks, services, running.county, id) for id in dict.fromkeys(ids)]:
            try:
                found = await act(desks, whole)
            except RepairRefused as refused:
                if len(ids) == 1:
                    raise
                failed = True
                said.print(f"{whole.source} {whole.id}：{refused}", markup=False)
                continue
            failed |= found.outcome == "refused" and found.kind != "dismissed"
            typer.echo(orjson.dumps(found.model_dump(mode="json")) if json else _outcome(found))
            if found.position is not None:
                positions[found.service] = max(positions.get(found.service, 0), found.position)
        await until_figures_reach(running, positions)

    _at_the_desk(data, seed, done)
    if failed:
        raise typer.Exit(EXIT_DIFFERENCE)


def _at_the_desk(data: Path, seed: Path | None, read: "Callable[[RepairDesks], Awaitable[Read]]") -> Read:
    """Ask as the administrator, or as whoever has the seed. Raises BadInput, Unreachable, and BusForbids where the seed may not ask."""
    from deploy.repairing import desks
    from shared.client.repair import NobodyRepairs, RepairRefused

    folder = DataFolder(data)
    running = folder.running()

    async def asked(user: "User | None") -> Read:
        async with desks(running, user) as reached:
            return await read(reached)

    try:
        return asyncio.run(asked(None if seed is None else holder(folder, running, seed)))
    except RepairRefused as error:
        raise BadInput(str(error)) from error
    except NobodyRepairs as error:
        raise Unreachable(str(error)) from error


async def _one(desks: "RepairDesks", services: tuple[Service, ...], county: str, named: str) -> "Whole":
    """The one report of this name. Raises BadInput where there is none, or several."""
    from deploy.repairing import find

    if (parts := _NAMED.fullmatch(named)) is None:
        raise BadInput(f"报送写作 编号 或 部门/系统/编号：{named} / a report is named ID or DEPARTMENT/SYSTEM/ID: {named}")
    in_county, department, system, id = parts.groups()
    source = None if department is None else f"{in_county or '/' + county}/{department}/{system}"
    found = await find(desks, services, id, source)
    if not found:
        whole_zh, whole_en = ("，写明 部门/系统/编号 可查", "it is found by DEPARTMENT/SYSTEM/ID, and ") if source is None else ("", "")
        raise BadInput(
            f"没有留存报送 {named}，或不属于本部门（见 kaiye reports list；未经等待即记录的不列在此{whole_zh}，可由 kaiye facts 导出）/ "
            f"no report {named} is kept, or it is not your department's (kaiye reports list; one that was recorded without waiting is not "
            f"kept in that list: {whole_en}kaiye facts exports it)"
        )
    if len(found) > 1:
        names = "、".join(f"{each.source}/{each.id} ({each.service})" for each in found)
        raise BadInput(f"{named} 有多条，请写明部门、系统或 --service：{names} / several are called so: name department and system")
    return found[0]


def _told(whole: "Whole") -> str:
    """A report for people to read."""
    lines = [f"{whole.source} {whole.id}  {whole.type}  ({whole.service})"]
    if whole.copy_of is not None:
        lines.append(f"补正自 corrected copy of {whole.copy_of}")
    for content in whole.contents:
        where = "" if content.position is None else f"  第 {content.position} 条 position {content.position}"
        lines.append(f"{STATES[content.state]}  第 {content.revision} 次答复 revision {content.revision}  {content.arrived or ''}{where}")
        if content.reason is not None:
            lines.append(f"  {content.reason.code}：{content.reason.zh} / {content.reason.en}")
        lines += [f"  ! {flag.code}：{flag.zh} / {flag.en}" for flag in content.flags]
        if content.report is not None:
            text = content.report if isinstance(content.report, str) else orjson.dumps(content.report, option=orjson.OPT_INDENT_2).decode()
            lines += [f"  {line}" for line in text.splitlines()]
    if whole.waits_for:
        lines.append(f"等待 waits for：{'、'.join(whole.waits_for)}")
    for attempt in whole.attempts:
        why = "" if attempt.reason is None else f"  {attempt.reason.code}：{attempt.reason.zh} / {attempt.reason.en}"
        lines.append(f"答复 answer {attempt.revision}  {attempt.at}  {STATES[attempt.outcome]}{why}")
    for done in whole.acts:
        lines.append(f"处理 act  {done.at}  {_did(done)}  {done.who}：{done.why}")
        lines += [f"  {change.path} {':' if change.json_value else ''}= {change.value}" for change in done.changes or ()]
        lines.append(f"  → {_became(done)}")
    for trouble in whole.troubles:
        lines += [f"出错 bug  {trouble.at}", *(f"  {line}" for line in trouble.traceback.splitlines())]
    return "\n".join(lines)


def _outcome(done: "Done") -> str:
    again = "（此前已做 done before）" if done.again else ""
    return f"{done.source} {done.id}  {_did(done)}{again} → {_became(done)}"


def _did(done: "Done") -> str:
    return NOT_CORRECTED if _gave_no_copy(done) else KINDS[done.kind]


def _gave_no_copy(done: "Done") -> bool:
    """Whether it was a correction whose copy was refused at once, and so is not kept."""
    return done.kind == "corrected" and done.outcome == "refused"


def _became(done: "Done") -> str:
    copy = "" if done.copy_id is None or _gave_no_copy(done) else f"{done.copy_id} "
    where = "" if done.position is None else f" {done.position}"
    why = "" if done.reason is None else f"  {done.reason.code}：{done.reason.zh} / {done.reason.en}"
    return f"{copy}{STATES[done.outcome]}{where}{why}"


def _services(service: str | None) -> tuple[Service, ...]:
    from deploy.repairing import services_of

    try:
        return services_of(service)
    except ValueError:
        raise BadInput(f"没有服务 {service}，应为 {' '.join(SERVICES)} 之一 / there is no service {service}: one of those") from None


def _after(text: str, services: tuple[Service, ...]) -> tuple[Service, int]:
    parts = _AFTER.fullmatch(text)
    service = next((each for each in services if parts is not None and each == parts[1]), None)
    if parts is None or service is None:
        raise BadInput(f"--after 应照上一页所示：{text} / --after is what the page before said: {text}")
    return service, int(parts[2])


def _new_act() -> str:
    return uuid4().hex


Asked = TypeVar("Asked", bound="BaseModel")


def _asked(shape: type[Asked], **words: Any) -> Asked:
    """What the desk is asked. Raises BadInput that names the option at fault."""
    from pydantic import ValidationError

    from shared.write_service.reasons import unfit

    try:
        return shape(**words)
    except ValidationError as error:
        reason = unfit(error)
        raise BadInput(f"{reason.zh} / {reason.en}") from None
