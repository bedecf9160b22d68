"""`kaiye person`: resident ids exchanged for pseudonyms, a person erased, another key, what was done so far, and rosters.

A resident id is never an argument, because everybody on the machine can read those; it is read from a file or from stdin.
"""

import asyncio
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import uuid4

import orjson
import typer

from deploy.cli.common import EXIT_DIFFERENCE, BadInput, DataOption, JsonOption, Unreachable, said
from deploy.cli.explain import PartOption, VariantOption
from deploy.cli.queries import AsOfOption, KnownAtOption, UnitOption
from deploy.cli.usage import add_group
from deploy.data_folder import DEFAULT_FOLDER, DataFolder, Running
from shared.durable import write_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.aio.client import Client
    from pydantic import BaseModel

    from deploy.cli.board import Parameters
    from deploy.cli.tables import Json
    from shared.contracts.outcomes import Reason

COMMAND_SECONDS_MAX: Final = 60.0
DEFAULT_ASKER: Final = "chuangjianban/kaiye"
ACTS: Final = {
    "ids_exchanged": "换取", "person_erased": "注销", "key_made": "生成密钥", "key_rotated": "更换密钥", "roster_exported": "导出花名册",
}  # fmt: skip
MASKED_WHY: Final = "脱敏花名册 / a masked roster"
_ASKER: Final = re.compile(r"([a-z0-9_-]{1,32})/([a-z0-9_-]{1,32})")
_DIGITS_OF_AN_ID: Final = 14
"""As many stand in every resident id, of the older kind and mistyped too: a name with so many is not repeated."""
_AGAIN: Final = frozenset({"internal", "keys_unusable", "not_set_up", "table_in_use"})
"""Refusals that are no fault of what was asked."""

WhoOption = Annotated[
    str,
    typer.Option(
        "--who", metavar="ACCOUNT", help="经办人账号，记于管理员密钥之后 / the account acted for; recorded after the key that acts"
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="原因，记入登记库，不得含身份证号 / why; recorded; no resident id")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    person = add_group(app, "person", "人员代码 / persons' pseudonyms", _person)
    person.command("identify")(identify)
    person.command("erase")(erase)
    person.command("rotate-key")(rotate_key)
    person.command("acts")(acts)
    person.command("export")(export)


def _person() -> None:
    """人员代码：身份证号换取、注销、更换密钥、操作记录、花名册导出 / Persons' pseudonyms."""


def identify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="每行一个身份证号，- 为标准输入 / one resident id per line; - reads stdin")
    ],
    asker: Annotated[
        str, typer.Option("--as", metavar="DEPARTMENT/SYSTEM", help="以哪个部门的哪个系统换取 / the department's system that asks")
    ] = DEFAULT_ASKER,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """身份证号换取人员代码，逐行输出；填错的行为空行，原因在标准错误；有填错的以 1 退出 / Exchange resident ids for pseudonyms, one per
    line in the same order. The line of what is no id is empty, and stderr says why. Exits with 1 when there was one. The same id always
    gets the same pseudonym.
    """
    from shared.contracts.outcomes import Reason

    if (named := _ASKER.fullmatch(asker)) is None:
        raise BadInput("--as 应写作 部门/系统 / --as is written DEPARTMENT/SYSTEM")
    running = DataFolder(data).running()
    ids = _lines(file)
    persons = asyncio.run(_identify(running, ids, *named.groups()))
    for number, each in enumerate(persons, start=1):
        refused = isinstance(each, Reason)
        if json:
            answer = {"code": each.code, "zh": each.zh, "en": each.en} if isinstance(each, Reason) else {"person": each}
            typer.echo(orjson.dumps({"line": number, **answer}))
        else:
            typer.echo("" if refused else each)
        if isinstance(each, Reason) and not json:
            said.print(f"第 {number} 行 line {number}：{each.zh} / {each.en}", markup=False)
    refused_count = sum(isinstance(each, Reason) for each in persons)
    said.print(
        f"{len(persons)} 个：换取 {len(persons) - refused_count}、填错 {refused_count} / "
        f"{len(persons) - refused_count} exchanged, {refused_count} refused"
    )
    if refused_count:
        raise typer.Exit(EXIT_DIFFERENCE)


def erase(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="一行：身份证号或人员代码，- 为标准输入 / one line: a resident id or pseudonym; - reads stdin"),
    ],
    who: WhoOption, reason: ReasonOption, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """注销一人：删除身份证号与人员代码的对应关系，事实与证明不变；此后同一身份证号换取的是新代码，会重复计数 / Erase one person: delete the
    link between resident id and pseudonym. Facts and proofs stay; the same id gets another pseudonym later, and is then counted twice.
    """
    from shared.identification import ErasePerson

    running = DataFolder(data).running()
    lines = _lines(file)
    if len(lines) != 1:
        raise BadInput(f"应恰有一行，实有 {len(lines)} 行 / there should be exactly one line, not {len(lines)}")
    told = _told(ErasePerson, person=lines[0].strip(), who=on_behalf(running, who), reason=reason)
    found = asyncio.run(_command(running, "erase_person", told))
    typer.echo(orjson.dumps(found) if json else f"已注销 / erased: {found['person']}")


def rotate_key(who: WhoOption, reason: ReasonOption, json: JsonOption = False, data: DataOption = DEFAULT_FOLDER) -> None:
    """更换人员代码的密钥：代码不变，各人下次出现时改用新密钥，旧密钥保留至无人使用 / Take a new key for persons' links into use. Pseudonyms
    stay; everybody is re-tagged when next seen, and an older key is kept until nobody is tagged with it and the key is rotated again.
    """
    from shared.identification import RotateKey

    running = DataFolder(data).running()
    found = asyncio.run(_command(running, "rotate_person_key", _told(RotateKey, who=on_behalf(running, who), reason=reason)))
    if json:
        typer.echo(orjson.dumps(found))
        return
    left = "、".join(f"v{version} {count}" for version, count in sorted(found["left"].items())) or "0"
    typer.echo(
        f"新密钥为第 {found['version']} 版；仍用旧密钥的人数：{left} / "
        f"key version {found['version']}; persons still tagged with older keys: {left}"
    )


def acts(
    act: Annotated[str | None, typer.Option("--act", metavar="ACT", help=f"只看一种：{'、'.join(ACTS)} / one kind; omitted: all")] = None,
    after: Annotated[int, typer.Option("--after", metavar="N", min=0, help="接上一页 / where the page before said it goes on")] = 0,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=500, help="每页条数 / acts at once")] = 100,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """人员代码操作记录：换取、注销、更换密钥、花名册导出，何时、何人、为何、多少人，从不显示是谁 / What was done about persons' links:
    when, by whom, why and how many, never whom. Ids exchanged are one line for each asker and day.
    """
    from shared.identification import ListPersonActs

    if act is not None and act not in ACTS:
        raise BadInput(f"没有操作 {act}，应为 {' '.join(ACTS)} 之一 / there is no act {act}: one of those")
    asked = ListPersonActs.model_validate({"act": act, "after": after, "limit": limit})
    found = asyncio.run(_command(DataFolder(data).running(), "person_acts", asked))
    if json:
        typer.echo(orjson.dumps(found))
        return
    for each in found["acts"]:
        version = "" if each["key_version"] is None else f"  v{each['key_version']}"
        count = "" if each["persons"] is None else f"  {each['persons']} 人 persons"
        typer.echo(f"{each['at']}  {ACTS[each['act']]} {each['act']}  {each['who']}：{each['reason']}{version}{count}")
    if found["next"] is not None:
        said.print(f"下一页 / next page: --after {found['next']}", markup=False)


def export(
    id: Annotated[str, typer.Argument(metavar="ID", help="指标，如 trained / the indicator whose persons are listed")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE",
            help="新文件 .csv，或放入其中的文件夹，没有则新建 / a new .csv file, or a folder to put it in, made if there is none",
        ),
    ],
    who: WhoOption,
    variant: VariantOption = None, part: PartOption = None,
    measure: Annotated[str | None, typer.Option("--measure", metavar="M", help="只列一个度量的人员 / the persons of one measure")] = None,
    unit: UnitOption = None, as_of: AsOfOption = None, known_at: KnownAtOption = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="不脱敏，须说明原因 / whole pseudonyms; needs --why")] = False,
    why: Annotated[str | None, typer.Option("--why", metavar="TEXT", help="导出原因，记入登记库，不得含身份证号 / why; recorded")] = None,
    json: JsonOption = False,
    data: DataOption = DEFAULT_FOLDER,
) -> None:  # fmt: skip
    """花名册导出：一个指标所计的人员，每人一行，缺省脱敏；先作为事实 registry.roster_exported 记录，不脱敏的还记入人员代码操作记录 / Export
    a roster: the persons who count in a figure, masked unless asked for otherwise. It is recorded before the file is written.
    """
    running = DataFolder(data).running()
    if unmasked and why is None:
        raise BadInput("不脱敏须以 --why 说明原因 / --unmasked needs a reason: --why")
    if not out.is_dir() and (out.suffix not in ("", ".csv") or out.exists() or not out.parent.is_dir()):
        raise BadInput(
            f"{out} 应为尚不存在的 .csv 文件，或一个文件夹，其所在文件夹须已存在 / "
            f"{out} should be a .csv file that does not exist yet, or a folder, in a folder there is"
        )
    asked = {
        "unit": unit, "as_of": as_of, "known_at": known_at, "variant": variant, "part": part, "measure": measure, "subject": None,
        "department": None, "fact": None, "after": None, "limit": None,
    }  # fmt: skip
    if why is not None and not unmasked:
        raise BadInput("--why 只用于 --unmasked / --why goes with --unmasked")
    told, content, name = asyncio.run(_export(running, data, id, asked, on_behalf(running, who), why, unmasked=unmasked))
    file = out / name if out.is_dir() or not out.suffix else out
    try:
        file.parent.mkdir(exist_ok=True)
        write_new(file, content, mode=0o600)
    except OSError as error:
        raise BadInput(f"无法写入 {file} / {file} cannot be written: {error.strerror}") from error
    told["file"] = str(file)
    typer.echo(orjson.dumps(told) if json else str(told["file"]))
    said.print(f"{told['persons']} 人，登记为 {told['export']} / {told['persons']} persons, recorded as {told['export']}", markup=False)


async def _export(
    running: Running, data: Path, id: str, asked: "Parameters", who: str, why: str | None, *, unmasked: bool
) -> tuple[dict[str, Any], bytes, str]:  # fmt: skip
    """Gather, and have it recorded: what is told of it, the file and its name. Raises BadInput where it is refused, Unreachable."""
    from functools import partial

    from deploy import rosters
    from deploy.cli.answering import answering, answering_as_then
    from deploy.cli.explain import pages

    async with answering("explain", id, data, None, None, (None,)) as of:
        subjects, first = list[Any](), dict[str, Any]()
        async for page in pages(of, asked, partial(answering_as_then, "explain", id, data), unmasked=unmasked):
            first = first or page
            subjects += page["subjects"]
    persons = rosters.persons_of(subjects)
    if not persons and not any(each["of"] == "person" for each in first["measures"]):
        raise BadInput(f"指标 {id} 不以人员计数，没有花名册 / {id} counts no persons: it has no roster")
    count = rosters.number_of(persons)
    number, position = await recorded_export(running, first, who, why, count)
    name = rosters.file_name(first["unit"], first["id"], first["variant"], first["as_of"], unmasked=unmasked)
    told_of = {"export": number, "persons": count, "masked": not unmasked, "position": position}
    return told_of, rosters.roster(persons, unmasked=unmasked), name


async def recorded_export(running: Running, answer: "Json", who: str, why: str | None, persons: int) -> tuple[str, int | None]:
    """Have it recorded that the persons of an answer leave the system, masked unless there is a reason: its number, and where it stands.
    Raises BadInput where it is refused, Unreachable.
    """
    from deploy import publishing
    from deploy.cli.board import ask
    from shared.identification import ExportRoster

    number = f"DC-{uuid4().hex[:16]}"
    today = date.fromisoformat(orjson.loads(await ask(running, "/units", {"unit": answer["unit"]}))["known_at"])
    told = _told(ExportRoster, who=who, reason=why or MASKED_WHY, persons=persons)
    if why is not None:
        await _command(running, "export_roster", told)
    found = await publishing.publish_roster(
        running, number, unit=answer["unit"], roster=f"{answer['id']}.{answer['variant']}", who=who, reason=why or MASKED_WHY,
        masked=why is None, persons=persons, day=today,
    )  # fmt: skip
    if found.outcome != "recorded":
        raise BadInput(f"导出未能登记，未写文件 / the export was not recorded, nothing is written: {found.zh} / {found.en}")
    return number, found.position


def on_behalf(running: Running, account: str | None = None) -> str:
    """Who acts: whoever holds the administrator's key, by its public half, and for which account they say they do."""
    from deploy.nats.accounts import ADMINISTRATOR
    from deploy.nats.keys import public_key

    key = public_key(running.nats_seeds[ADMINISTRATOR]) if running.nats_seeds else "--insecure"
    return f"{ADMINISTRATOR} {key}" + ("" if account is None else f" : {account}")


async def _identify(running: Running, ids: list[str], department: str, system: str) -> "list[str | Reason]":
    from deploy.reaching import bus

    async with bus(running) as nc:
        return await exchanged(nc, ids, department=department, system=system)


async def exchanged(nc: "Client", ids: "Sequence[str]", *, department: str, system: str) -> "list[str | Reason]":
    """For each resident id the pseudonym, or why it is none. Raises BadInput when the registry refuses, Unreachable when it cannot."""
    from shared.client.identify import IdentifyRefused, NobodyIdentifies
    from shared.client.identify import identify as exchange

    try:
        return await exchange(nc, ids, department=department, system=system)
    except NobodyIdentifies as error:
        raise Unreachable(str(error)) from error
    except IdentifyRefused as error:
        raise (Unreachable if error.reason.code in _AGAIN else BadInput)(str(error)) from error


async def _command(running: Running, name: str, told: "BaseModel") -> dict[str, Any]:
    """Command the registry. Raises BadInput when it refuses, Unreachable when it cannot do it."""
    import nats.errors

    from deploy.reaching import bus
    from shared import subjects

    async with bus(running) as nc:
        try:
            body = told.model_dump_json().encode()
            reply = await nc.request(subjects.registry_command(name), body, timeout=COMMAND_SECONDS_MAX)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
            raise Unreachable("登记服务没有应答 / the registry does not answer") from error
    found: dict[str, Any] = orjson.loads(reply.data)
    if reply.headers and subjects.ERROR_HEADER in reply.headers:
        raise (Unreachable if found["code"] in _AGAIN else BadInput)(f"{found['zh']} / {found['en']}")
    return found


def _told(shape: "type[BaseModel]", **said: Any) -> "BaseModel":
    """What the registry is told. Raises BadInput, without repeating it."""
    from pydantic import ValidationError

    try:
        return shape(**said)
    except ValidationError as error:
        fields = ", ".join(str(each["loc"][0]) for each in error.errors(include_input=False))
        raise BadInput(f"不能为空、不得换行、至多 200 字 / must be one line of 1 to 200 characters: {fields}") from None


def _lines(file: Path) -> list[str]:
    """The lines of a file or of stdin, without an empty end."""
    zh, en = _named(file)
    try:
        text = (sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()).decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"无法读取{zh} / {en} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{zh} 不是 UTF-8 文本，请另存为 UTF-8 / {en} is no UTF-8 text: save it as UTF-8") from None
    lines = text.rstrip().splitlines()
    if not lines:
        raise BadInput(f"{zh} 是空的 / {en} is empty")
    return lines


def _named(file: Path) -> tuple[str, str]:
    """A file in Chinese and English: by its name, unless that may be an id, because whoever gives one is not answered with it."""
    if sum(map(str.isdecimal, file.name)) < _DIGITS_OF_AN_ID:
        return f"文件 {file}", str(file)
    return (
        "所给文件（身份证号只从文件或标准输入 - 读取，不写在命令行）",
        "the file given (ids are read from a file or stdin -, never given as an argument)",
    )
