"""In whose name a command speaks on the bus: the operator's, or that of the department's system whose seed is given."""

import os
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.common import BadInput, said
from deploy.cli.plans import read_plan_file
from deploy.data_folder import DataFolder, NothingRuns, Running

if TYPE_CHECKING:
    from pydantic import ValidationError

    from deploy.seeds import User
    from shared.contracts.envelope import Source

SeedOption = Annotated[
    Path | None,
    typer.Option(
        "--seed", metavar="FILE", dir_okay=False,
        help="以该种子所属部门的身份，缺省为系统管理员 / act as the department whose seed this is; omitted: as the administrator",
    ),
]  # fmt: skip


NatsOption = Annotated[
    str | None,
    typer.Option(
        "--nats", metavar="ADDRESS",
        help="在别的机器上使用：消息总线地址，须有 --county 和 --seed / on another machine: the bus's address; takes --county and --seed",
    ),
]  # fmt: skip
CountyCodeOption = Annotated[
    str | None,
    typer.Option(
        "--county", metavar="CODE",
        help="县代码，与 --nats 同用，缺省为 KAIYE_COUNTY / the county's code, beside --nats; omitted: that of KAIYE_COUNTY",
    ),
]  # fmt: skip


def reached(folder: DataFolder, nats: str | None, county: str | None) -> Running:
    """What runs on the folder, or, where the address of its bus is given, on another machine: then nothing of it is in the folder, and
    nobody is its administrator. That one is reached is said; no setting of the environment does it unasked. Raises BadInput, NothingRuns
    and BadFolder.
    """
    from pydantic import ValidationError

    from shared.bus import BadAddress, require_addresses, shown_addresses
    from shared.settings import Settings

    if nats is None:
        return _here(folder, county)
    county = county or os.environ.get("KAIYE_COUNTY")
    if county is None:
        raise BadInput(
            "有 --nats 时须用 --county（KAIYE_COUNTY）给出县代码 / beside --nats give the county's code, --county (KAIYE_COUNTY)"
        )
    try:
        settings = Settings(county=county, nats_url=nats, database_url="")
        require_addresses(settings)
    except ValidationError as error:
        raise _unusable(county, error) from error
    except BadAddress as error:
        raise BadInput(f"--nats：{error}") from error
    shown = shown_addresses(settings)
    said.print(f"报送至消息总线 {shown} / reports go to the bus at {shown}", markup=False)
    return Running(
        pid=os.getpid(), county=settings.county, county_folder=Path(), simulated_clock=False, nats_url=settings.nats_url, databases={},
        http_url="",
    )  # fmt: skip


def _here(folder: DataFolder, county: str | None) -> Running:
    try:
        running = folder.running()
    except NothingRuns as nobody:
        zh, _, en = str(nobody).partition(" / ")
        raise NothingRuns(f"{zh}；向别的机器报送请用 --nats / {en}; --nats reports to another machine") from nobody
    if county not in {None, running.county}:
        raise BadInput(
            f"运行中的县是 {running.county}，不是 --county 的 {county}；向别的机器报送另加 --nats / "
            f"the county that runs here is {running.county}, not {county} of --county; --nats reports to another machine"
        )
    return running


def _unusable(county: str, error: "ValidationError") -> BadInput:
    """What is said of settings with a wrong county, or wrong settings of the environment."""
    from shared.write_service.reasons import shown

    wrong = {str(each["loc"][0]): str(each.get("ctx", {}).get("error", "")) for each in error.errors()}
    if "county" in wrong:
        return BadInput(
            f"--county 应为 12 位县代码，如 330127000000：{shown(county)} / "
            f"--county (KAIYE_COUNTY) is the 12 digits of a county's code, such as 330127000000, not {shown(county)}"
        )
    zh, en = [], []
    for field, why in sorted(wrong.items()):
        why_en, _, why_zh = why.partition(" / ")
        zh.append(f"KAIYE_{field.upper()}{f'（{why_zh}）' if why_zh else ''}")
        en.append(f"KAIYE_{field.upper()}{f' ({why_en})' if why_en else ''}")
    return BadInput(f"环境变量的值不能用：{'、'.join(zh)} / these settings of the environment cannot be used: {', '.join(en)}")


def stranger(source: "Source", seed: Path | None) -> "User":
    """As whom one reports to a bus on another machine. Raises BadInput."""
    from deploy import seeds

    if seed is None and seeds.SEED_VARIABLE not in os.environ:
        raise BadInput(
            f"有 --nats 时须用 --seed（或 {seeds.SEED_VARIABLE}）给出种子 / beside --nats give a seed, --seed (or {seeds.SEED_VARIABLE})"
        )
    try:
        return seeds.stranger(source, seed)
    except seeds.UnknownSeed as error:
        raise BadInput(str(error)) from error


def holder(folder: DataFolder, running: Running, seed: Path) -> "User":
    """Whose seed it is. Raises BadInput and BadFolder."""
    from deploy.seeds import UnknownSeed, user_of

    try:
        return user_of(folder, running.county, seed)
    except UnknownSeed as error:
        raise BadInput(str(error)) from error


def reporter(folder: DataFolder, running: Running, seed: Path | None) -> "User | None":
    """Whose seed it is, if it may report; None without one. Raises BadInput and BadFolder."""
    if seed is None:
        return None
    user = holder(folder, running, seed)
    if not user.listed.reports:
        raise BadInput(
            f"{user.asker.department} 的角色 {user.asker.role} 不报送事实 / "
            f"{user.asker.department} has the role {user.asker.role} and reports nothing"
        )
    return user


def require_type(user: "User | None", types: Collection[str]) -> None:
    """Raises BadInput where somebody may not report all of these types."""
    allowed = user.listed.may_report if user is not None else ()
    if user is not None and allowed and (beyond := sorted(set(types) - set(allowed))):
        raise BadInput(
            f"{user.asker.department} 的系统 {user.asker.system} 不可报送 {'、'.join(beyond)}（kaiye department list）/ "
            f"the system {user.asker.system} of {user.asker.department} may not report {', '.join(beyond)}"
        )


def require_department(folder: DataFolder, running: Running, department: str) -> None:
    """Raises BadInput, naming what may have been meant, for a department that is neither listed nor in the plan file. And BadFolder."""
    from shared.write_service.reasons import shown

    meant = unknown_department(folder, running.county, running.county_folder, department)
    if meant is not None:
        raise BadInput(
            f"没有部门 {shown(department)}{meant[0]}（全部见方案文件与 kaiye department list；确为新部门的加 --new-department）/ "
            f"there is no department {shown(department)}{meant[1]} (the plan file and kaiye department list name them; "
            "--new-department takes another)"
        )


def unknown_department(folder: DataFolder, county: str, county_folder: Path, department: str) -> tuple[str, str] | None:
    """What is said, in Chinese and English, of those like a department that is neither listed nor in the plan file, nothing where none is;
    None for one that is known. Raises BadInput and FileProblems when the plan file cannot be used, and BadFolder.
    """
    from deploy.credentials import Credentials
    from services.indicators.evaluation.plan_file import PLAN_FILE

    plan = read_plan_file(county_folder / PLAN_FILE)
    names = {each.code: each.name for each in plan.departments}
    names |= {user.department: "" for user in Credentials(folder, county).users().departments if user.department not in names}
    if department in names:
        return None
    near = [code for code, name in names.items() if name and department in name] or get_close_matches(department, names, n=3, cutoff=0.5)
    meant = "、".join(f"{code} {names[code]}".strip() for code in near)
    return (f"，相近的有 {meant}", f"; alike: {', '.join(near)}") if near else ("", "")
