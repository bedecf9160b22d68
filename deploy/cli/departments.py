"""`kaiye department`: who may speak on the county's bus and at its HTTP door, as what, and from when on no more."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, get_args

import orjson
import typer

from deploy.cli.acting import unknown_department
from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, said
from deploy.cli.usage import add_group
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, NothingRuns, Purpose
from shared.clock import today
from shared.durable import write_new
from shared.tokens import TOKEN_DAYS, last_day

if TYPE_CHECKING:
    from pydantic import ValidationError

    from deploy.credentials import Credentials
    from shared.users import DepartmentUser

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="部门代码，如 gsj / the department as subjects name it")]
ROLES: Final = "department office evaluator administrator"
DAYS_MAX: Final = 3650


def register(app: typer.Typer) -> None:
    """Add the commands."""
    department = add_group(app, "department", "部门凭据 / credentials of departments", _department)
    department.command("add")(add)
    department.command("token")(renew)
    department.command("list")(show)
    department.command("revoke")(revoke)


def _department() -> None:
    """部门凭据 / Who may speak on the bus and over HTTP."""


def add(
    name: NameArgument,
    system: Annotated[str, typer.Option("--system", metavar="SYSTEM", help="部门的系统代码 / the department's system")],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help=f"角色 / role: {ROLES}")] = "department",
    may_report: Annotated[
        str,
        typer.Option("--may-report", metavar="TYPE,…", help="只可报送这些事实类型，缺省为全部 / the types it may report; omitted: all"),
    ] = "",
    units: Annotated[
        str,
        typer.Option(
            "--units", metavar="CODE,…",
            help="只可报送这些单位及其下级的事实，缺省为全部 / the units it may report of, with those below them; omitted: all",
        ),
    ] = "",
    days: Annotated[
        int,
        typer.Option("--days", min=1, max=DAYS_MAX, metavar="N", help="有效天数，含今日 / valid for so many days, today included"),
    ] = TOKEN_DAYS,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", dir_okay=False,
            help="把种子写入新文件，令牌写入同名的 .token，缺省显示一次 / a new file for the seed, beside it one named .token "
            "for the token; omitted: they are shown once",
        ),
    ] = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """为部门的一个系统签发密钥（总线）与令牌（HTTP），立即生效；两者只给出这一次 / Issue a key for the bus and a token for HTTP to one
    system of a department. They hold at once and are given this once: seed and token as the two lines of the result, or in two files that
    only their owner reads.
    """
    from pydantic import ValidationError

    from deploy.credentials import AlreadyListed, Credentials
    from deploy.nats.accounts import inbox_of
    from deploy.nats.keys import new_seed, public_key
    from shared.contracts.common import OFFICE
    from shared.tokens import digest_of, new_token
    from shared.units import county_of
    from shared.users import OFFICE_TYPES, DepartmentUser, Role

    if role not in get_args(Role):
        raise BadInput(f"没有角色 {role}，应为 {ROLES} 之一 / there is no role {role}: one of {ROLES}")
    folder = DataFolder(data)
    purpose = _purpose(folder)
    credentials = Credentials(folder, purpose.county)
    seed, token = new_seed(), new_token()
    try:
        user = DepartmentUser.model_validate({
            "department": name, "system": system, "nkey": public_key(seed), "token": digest_of(token), "role": role,
            "may_report": _listed(may_report), "units": _listed(units),
            "until": last_day(days),
        })  # fmt: skip
    except ValidationError as error:
        raise BadInput(_what_is_wrong(error)) from error
    if role != "office" and (never := [type for type in user.may_report if type in OFFICE_TYPES]):
        raise BadInput(
            f"--may-report：{'、'.join(never)} 只能由创建办（{OFFICE}）报送，{name} 报送的会被拒绝，请去掉 / "
            f"{', '.join(never)}: only the office ({OFFICE}) reports this, what {name} reports of it is refused: leave it out"
        )
    if elsewhere := [unit for unit in user.units if county_of(unit) != purpose.county]:
        raise BadInput(
            f"--units：{'、'.join(elsewhere)} 不在本县（{purpose.county}），请去掉或更正 / "
            f"{', '.join(elsewhere)}: not of this county ({purpose.county}): leave it out or correct it"
        )
    alike = _unknown(folder, purpose, name) if user.reports else None
    inbox, bus = inbox_of(name, system), _bus(folder)  # which may fail: not between issuing what is shown once and showing it
    secrets = {} if out is None else {out: seed, _token_beside(out): token}
    _write(secrets)
    try:
        credentials.add(user)
    except AlreadyListed as error:
        for file in secrets:
            file.unlink()
        raise BadInput(str(error)) from error
    if alike is not None:
        said.print(
            f"方案中没有部门 {name}{alike[0]}；已照此签发 / the county's plan has no department {name}{alike[1]}; it was taken as it is",
            markup=False,
        )
    at_zh, at_en = (f"，总线地址 {bus}（KAIYE_NATS_URL）", f", the bus at {bus} (KAIYE_NATS_URL)") if bus is not None else ("", "")
    if json:
        typer.echo(
            orjson.dumps({**_shown(user), "inbox": inbox, "nats_url": bus, **({"seed": seed, "token": token} if out is None else {})})
        )
    elif out is None:
        typer.echo(f"{seed}\n{token}")
    where_zh, where_en = _where(out)
    said.print(
        f"已签发 {name} 的系统 {system}，有效至 {user.until}，应答前缀 {inbox}（KAIYE_NATS_INBOX）{at_zh}{where_zh}\n"
        f"issued for the system {system} of {name}, valid until {user.until}; its reply prefix is {inbox} (KAIYE_NATS_INBOX){at_en}"
        f"{where_en}",
        markup=False,
    )
    _make_it_hold(folder, credentials)  # only now: should the bus not take it yet, nobody loses what is shown once


def renew(
    name: NameArgument,
    system: Annotated[str, typer.Option("--system", metavar="SYSTEM", help="部门的系统代码 / the department's system")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", dir_okay=False, help="把令牌写入新文件，缺省显示一次 / a new file; omitted: shown once"),
    ] = None,
    days: Annotated[
        int,
        typer.Option(
            "--days", min=1, max=DAYS_MAX, metavar="N",
            help="密钥与令牌自今日起的有效天数，含今日 / for how many days key and token hold from now on, today included",
        ),
    ] = TOKEN_DAYS,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """为部门的一个系统换发 HTTP 令牌，旧令牌立即作废；密钥不变，两者的有效期重新起算，已失效的恢复 / Give one system of a
    department another token for HTTP: the one it had is good for nothing from now on. Its key for the bus stays. Both hold for --days from
    today on, whatever their last day was; what had lapsed holds again.
    """
    from deploy.credentials import NotListed
    from shared.tokens import digest_of, new_token

    folder = DataFolder(data)
    credentials = _credentials(folder)
    token = new_token()
    secrets = {} if out is None else {out: token}
    _write(secrets)
    try:
        user = credentials.renew_token(name, system, digest_of(token), last_day(days))
    except NotListed as error:
        for file in secrets:
            file.unlink()
        raise BadInput(str(error)) from error
    if out is None:
        typer.echo(token)
    said.print(
        f"已为 {name} 的系统 {system} 换发令牌，密钥与令牌有效至 {user.until} / another token for the system {system} of {name}; "
        f"its key and token are valid until {user.until}",
        markup=False,
    )
    _make_it_hold(folder, credentials)  # the key may have lapsed


def show(json: JsonOption = False, data: DataOption = DEFAULT_FOLDER) -> None:
    """列出各部门系统的角色、限定和失效日 / List everybody who may speak on the bus and over HTTP: role, limits and last day."""
    users = _credentials(DataFolder(data)).users().departments
    if json:
        typer.echo(orjson.dumps([_shown(user) for user in users]))
        return
    for user in users:
        limits = (
            f"{','.join(user.may_report) or '全部类型 all types'}  {','.join(user.units) or '全部单位 all units'}  " if user.reports else ""
        )
        last = "长期 for good" if user.until is None else f"至 until {user.until}"
        lapsed = "" if user.valid_on(today()) else "  已失效 lapsed"
        tokenless = "" if user.token else "  无令牌 no token"
        typer.echo(f"{user.department}  {user.system}  {user.role}  {limits}{last}{lapsed}{tokenless}")
    if not users:
        said.print("尚无部门 / no departments yet: kaiye department add NAME --system SYSTEM", markup=False)


def revoke(
    name: NameArgument,
    system: Annotated[
        str | None,
        typer.Option("--system", metavar="SYSTEM", help="只撤销该系统，缺省为该部门全部 / this system only; omitted: all of them"),
    ] = None,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """立即撤销部门的密钥与令牌，已连接的即被断开；没有可撤销的以 1 退出 / Revoke a department's keys and tokens at once. Whoever is
    connected with one is cut off. Exits with 1 when there was none.
    """
    folder = DataFolder(data)
    credentials = _credentials(folder)
    gone = credentials.revoke(name, system)
    if not gone:
        zh, en = (name, name) if system is None else (f"{name} 的系统 {system}", f"the system {system} of {name}")
        said.print(f"名单中没有 {zh}，见 kaiye department list / {en} is not listed: kaiye department list", markup=False)
        raise typer.Exit(EXIT_DIFFERENCE)
    _make_it_hold(folder, credentials)
    systems = ", ".join(user.system for user in gone)
    said.print(f"已撤销 {name} 的系统 {systems} / revoked for {name}: {systems}", markup=False)


def _credentials(folder: DataFolder) -> "Credentials":
    """The list of a folder. Raises BadInput when it is no data folder yet."""
    from deploy.credentials import Credentials

    return Credentials(folder, _purpose(folder).county)


def _purpose(folder: DataFolder) -> Purpose:
    """What a folder is for life. Raises BadInput when it is no data folder yet."""
    purpose = folder.purpose()
    if purpose is None:
        raise BadInput(
            f"{folder.path} 还不是数据文件夹，请先 kaiye up --data {folder.path} / "
            f"{folder.path} is no data folder yet: kaiye up --data {folder.path} makes it one"
        )
    return purpose


def _unknown(folder: DataFolder, purpose: Purpose, department: str) -> tuple[str, str] | None:
    """What is said of those like a department that nobody knows; None for a known one, and where the plan file cannot be used. Raises
    BadFolder.
    """
    from services.indicators.evaluation.problems import FileProblems

    try:
        return unknown_department(folder, purpose.county, purpose.county_folder, department)
    except (BadInput, FileProblems):
        return None


def _bus(folder: DataFolder) -> str | None:
    """Where the bus is, or will be at the next start; None for a folder of which nobody knows yet. Raises BadFolder."""
    from deploy.embedded import HOST

    try:
        return folder.running().nats_url
    except NothingRuns:
        ports = folder.ports()
        return None if ports is None else f"nats://{HOST}:{ports.nats}"


def _make_it_hold(folder: DataFolder, credentials: "Credentials") -> None:
    """Tell the bus, where one runs; otherwise it learns of it at its next start."""
    from deploy.county_bus import CountyBus

    try:
        running = folder.running()
    except NothingRuns:
        said.print("kaiye 未在运行，下次启动时生效 / nothing runs: it holds from the next start on")
        return
    bus = CountyBus(folder.nats, folder.log("nats"), county=running.county, users=credentials.users, insecure=running.insecure)
    bus.renew_accounts()


def _token_beside(seed: Path) -> Path:
    """Where the token goes when the seed goes into a file. Raises BadInput."""
    token = seed.with_suffix(".token")
    if token == seed:
        raise BadInput(
            f"种子文件不能名为 {seed.name}，那是令牌文件的名称 / {seed.name} is what the token's file is called: name the seed's otherwise"
        )
    return token


def _write(secrets: Mapping[Path, str]) -> None:
    """Each into a new file that only its owner reads, or none of them. Raises BadInput."""
    written: list[Path] = []
    for file, secret in secrets.items():
        try:
            write_new(file, f"{secret}\n".encode(), mode=0o600)
        except OSError as error:
            for other in written:
                other.unlink()
            raise BadInput(f"无法写入 {file} / {file} cannot be written: {error.strerror}") from error
        written.append(file)


def _where(out: Path | None) -> tuple[str, str]:
    """Where seed and token lie, in Chinese and English."""
    if out is None:
        return "", ""
    token = _token_beside(out)
    return f"，种子在 {out}，令牌在 {token}", f"; the seed is in {out}, the token in {token}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _what_is_wrong(error: "ValidationError") -> str:
    return "；".join(_wrong(str(each["loc"][0]) if each["loc"] else "", each["type"], each["msg"]) for each in error.errors())


def _wrong(field: str, kind: str, message: str) -> str:
    """What is wrong with one argument or option, Chinese first."""
    place = "" if not field else "NAME：" if field == "department" else f"--{field.replace('_', '-')}："
    if kind == "string_pattern_mismatch":
        return (
            f"{place}应为 1–32 位小写字母、数字、下划线或连字符 / 1 to 32 lower-case letters, digits, underscores or hyphens are expected"
        )
    halves = message.removeprefix("Value error, ").split(" / ")
    return place + " / ".join(sorted(halves, key=_han, reverse=True))


def _han(text: str) -> int:
    """How many Chinese characters stand in it: what is quoted stands in both halves, and an English half may hold a dash."""
    return sum("\u4e00" <= each <= "\u9fff" for each in text)


def _shown(user: "DepartmentUser") -> dict[str, object]:
    return {**user.model_dump(mode="json", exclude={"token"}), "has_token": user.token is not None, "valid": user.valid_on(today())}
