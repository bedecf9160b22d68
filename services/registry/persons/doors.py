"""The doors at which persons' pseudonyms are asked for, by core request and reply: no stream ever holds what is said here.

`identify.registry.<department>.<system>` is every department's own: the broker lets it ask under no other name, so the subject says who
asks. `command.registry.…` is the administrator's. What is logged is who asked and how many, never an id.
"""

import re
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from faststream.nats import NatsBroker
from faststream.nats.message import NatsMessage
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.registry.persons.allowance import MINUTE_SECONDS, Allowances
from services.registry.persons.keys import KeysUnusable
from services.registry.persons.links import PersonLinks, TableInUse
from shared import subjects
from shared.contracts.base import PersonId
from shared.contracts.outcomes import Reason
from shared.identification import (
    IDS_MAX,
    Erased,
    ErasePerson,
    ExportRoster,
    Identified,
    IdentifyReply,
    IdentifyRequest,
    ListPersonActs,
    Noted,
    PersonActs,
    Refusal,
    Rotated,
    RotateKey,
)
from shared.logs import logger
from shared.request_reply import answer_requests
from shared.resident_id import NotAResidentId, canonical
from shared.write_service.masking import has_resident_id, mask_text

QUEUE: Final = "registry"
"""Copies of the service share the requests: each is answered once."""
_ASKER = re.compile(r"identify\.registry\.([a-z0-9_-]{1,32})\.([a-z0-9_-]{1,32})")
_PERSON: TypeAdapter[str] = TypeAdapter(PersonId)

UNREADABLE = Refusal(
    code="unreadable",
    zh=f'请求无法读取：应为 {{"ids": ["身份证号", …]}}，1 至 {IDS_MAX} 个',
    en=f'the request cannot be read: it should be {{"ids": ["resident id", …]}} with 1 to {IDS_MAX} of them',
)
UNREADABLE_COMMAND = Refusal(
    code="unreadable",
    zh="命令无法读取：须写明 who（谁）与 reason（原因），各为一行、至多 200 字",
    en="the command cannot be read: it needs who and reason, each one line of at most 200 characters",
)
UNREADABLE_LIST = Refusal(
    code="unreadable",
    zh='请求无法读取：应为 {"act": 操作或省略, "after": 上一页的 next, "limit": 1 至 500}',
    en='the request cannot be read: it should be {"act": an act, or left out, "after": the next of the page before, "limit": 1 to 500}',
)
NOBODY = Refusal(
    code="unknown_asker",
    zh="请求主题中的部门或系统名称不合规：只能用小写字母、数字、_ 与 -，至多 32 个",
    en="the department or system in the subject has no proper name: small letters, digits, _ and -, at most 32",
)
NOT_SET_UP = Refusal(
    code="not_set_up",
    zh="本系统未设置人员代码密钥（KAIYE_PERSON_KEYS），请联系创建办的系统管理员",
    en="this system has no key file for persons (KAIYE_PERSON_KEYS): ask its administrator",
)
INTERNAL = Refusal(
    code="internal", zh="内部错误，已记入日志，请稍后重试", en="an internal error, which has been logged: try again later",
    retry_after_seconds=5.0,
)  # fmt: skip
UNKNOWN_PERSON = Refusal(
    code="unknown_person",
    zh="没有此人的对应关系：从未换取过人员代码，或已注销",
    en="there is no link of this person: never made, or erased already",
)
TABLE_IN_USE = Refusal(
    code="table_in_use",
    zh="人员对应关系表正被他处读取（如备份），尚未注销任何人，请稍后重试",
    en="the table of links is being read elsewhere (by a backup, say): nobody was erased, ask again later",
    retry_after_seconds=60.0,
)
ID_IN_WORDS = Refusal(code="resident_id_in_words", zh="who 与 reason 中不得写身份证号", en="who and reason must not hold a resident id")

Asked = TypeVar("Asked", bound=BaseModel)

log = logger(__name__)


class Refused(Exception):
    """A request as a whole is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class Persons:
    """What the doors answer with. `links` are there once the service has started, unless no key file is set."""

    def __init__(self, per_minute: int, per_day: int) -> None:
        self.links: PersonLinks | None = None
        self._allowances = Allowances(per_minute, per_day)

    async def identify(self, department: str, system: str, ids: tuple[str, ...]) -> IdentifyReply:
        """Exchange resident ids for pseudonyms. Raises Refused, KeysUnusable and what the database raises."""
        links = self._links()
        if wait_seconds := self._allowances.take((department, system), len(ids), time.monotonic()):
            log.warning("identify refused: too many ids", department=department, system=system, ids=len(ids))
            raise Refused(_too_many(wait_seconds))
        understood = [_understood(each) for each in ids]
        await links.note_exchange(f"{department}/{system}", len({each for each in understood if isinstance(each, str)}))
        exchanged = await links.exchange([each for each in understood if isinstance(each, str)])
        refused = sum(not isinstance(each, str) for each in understood)
        log.info("identified", department=department, system=system, ids=len(ids), refused=refused, new=exchanged.new)
        return IdentifyReply(
            persons=tuple(
                Identified(person=exchanged.persons[each]) if isinstance(each, str) else Refusal(code=each.code, zh=each.zh, en=each.en)
                for each in understood
            )
        )

    async def erase(self, told: ErasePerson) -> Erased:
        """Erase one person. Raises Refused, KeysUnusable and what the database raises."""
        _require_no_id(told.who, told.reason)
        try:
            if _is_pseudonym(told.person):
                erased = await self._links().erase(person=told.person, who=told.who, reason=told.reason)
            elif isinstance(id := _understood(told.person), Reason):
                raise Refused(Refusal(code=id.code, zh=id.zh, en=id.en))
            else:
                erased = await self._links().erase(id=id, who=told.who, reason=told.reason)
        except TableInUse:
            log.warning("a person was not erased: the table of links is in use", who=told.who)
            raise Refused(TABLE_IN_USE) from None
        log.info("erase a person", who=told.who, reason=told.reason, found=erased is not None)
        if erased is None:
            raise Refused(UNKNOWN_PERSON)
        return Erased(person=erased)

    async def rotate(self, told: RotateKey) -> Rotated:
        """Take a new key into use. Raises Refused, KeysUnusable and what the database raises."""
        _require_no_id(told.who, told.reason)
        rotated = await self._links().rotate(who=told.who, reason=told.reason)
        log.info("a new person key", who=told.who, reason=told.reason, version=rotated.version, dropped=rotated.dropped)
        return rotated

    async def export(self, told: ExportRoster) -> Noted:
        """Keep that a roster is taken out of the system. Raises Refused and what the database raises."""
        _require_no_id(told.who, told.reason)
        await self._links().note_export(told.who, told.reason, told.persons)
        log.info("a roster is exported", who=told.who, reason=told.reason, persons=told.persons)
        return Noted(persons=told.persons)

    async def acts(self, asked: ListPersonActs) -> PersonActs:
        """A page of what was done. Raises Refused and what the database raises."""
        return await self._links().acts(asked)

    def _links(self) -> PersonLinks:
        if self.links is None:
            raise Refused(NOT_SET_UP)
        return self.links


def answer_for_persons(broker: NatsBroker, persons: Persons) -> None:
    """Subscribe to what departments ask and what the office tells."""

    async def identify(subject: str, request: IdentifyRequest) -> BaseModel:
        if (asker := _ASKER.fullmatch(subject)) is None:
            raise Refused(NOBODY)
        return await persons.identify(asker[1], asker[2], request.ids)

    async def erase(_: str, told: ErasePerson) -> BaseModel:
        return await persons.erase(told)

    async def rotate(_: str, told: RotateKey) -> BaseModel:
        return await persons.rotate(told)

    async def export(_: str, told: ExportRoster) -> BaseModel:
        return await persons.export(told)

    async def acts(_: str, asked: ListPersonActs) -> BaseModel:
        return await persons.acts(asked)

    _subscribe(
        broker, subjects.identify("*", "*"), "identify", IdentifyRequest, identify, UNREADABLE,
        "身份证号换取人员代码 / resident ids exchanged for pseudonyms; the reply holds `persons`: for each id, in order, `person` "
        "or why there is none",
    )  # fmt: skip
    _subscribe(
        broker, subjects.registry_command("erase_person"), "command.erase_person", ErasePerson, erase, UNREADABLE_COMMAND,
        "注销人员对应关系 / delete the link of one person; the reply holds the pseudonym that belongs to nobody any more",
    )  # fmt: skip
    _subscribe(
        broker, subjects.registry_command("rotate_person_key"), "command.rotate_person_key", RotateKey, rotate, UNREADABLE_COMMAND,
        "更换人员代码密钥 / take a new key into use; the reply says how many persons are still tagged with older ones",
    )  # fmt: skip
    _subscribe(
        broker, subjects.registry_command("export_roster"), "command.export_roster", ExportRoster, export, UNREADABLE_COMMAND,
        "花名册导出登记 / keep that a roster is taken out of the system unmasked, by whom and why, before it is",
    )  # fmt: skip
    _subscribe(
        broker, subjects.registry_command("person_acts"), "command.person_acts", ListPersonActs, acts, UNREADABLE_LIST,
        "人员代码操作记录 / a page of what was done about persons' links: who, when, why and how many, never whom",
    )  # fmt: skip


def _subscribe(
    broker: NatsBroker, subject: str, title: str, shape: type[Asked], answer: Callable[[str, Asked], Awaitable[BaseModel]],
    unreadable: Refusal, description: str,
) -> None:  # fmt: skip

    async def reply_to(message: NatsMessage) -> tuple[bytes, str]:
        try:
            reply = await answer(message.raw_message.subject, shape.model_validate_json(message.body))
        except ValidationError:  # its sentences would repeat what was given
            reply = unreadable
        except Refused as refused:
            reply = refused.refusal
        except KeysUnusable as error:
            log.critical("the keys of persons' links cannot be used", because=str(error))
            zh, _, en = str(error).partition(" / ")
            reply = Refusal(code="keys_unusable", zh=zh, en=en)
        except Exception:  # noqa: BLE001 - logged below, with ids masked
            log.error("a request about persons met an error", request=title, traceback=mask_text(traceback.format_exc()))
            reply = INTERNAL
        body = reply.model_dump_json(exclude_none=not isinstance(reply, PersonActs))  # an act is told whole
        return body.encode(), reply.code if isinstance(reply, Refusal) else ""

    answer_requests(broker, subject, shape, reply_to, queue=QUEUE, title=title, description=description)


def _understood(text: str) -> str | Reason:
    """The id in its canonical form, or why it is none."""
    try:
        return canonical(text)
    except NotAResidentId as error:
        return error.reason


def _is_pseudonym(text: str) -> bool:
    try:
        _PERSON.validate_python(text)
    except ValidationError:
        return False
    return True


def _require_no_id(*words: str) -> None:
    if any(has_resident_id(each.encode()) for each in words):
        raise Refused(ID_IN_WORDS)


def _too_many(wait_seconds: float) -> Refusal:
    if wait_seconds > MINUTE_SECONDS:
        hours = wait_seconds / 3600
        return Refusal(
            code="rate_limited", retry_after_seconds=wait_seconds,
            zh=f"本系统一日内换取的身份证号已达上限，请 {hours:.1f} 小时后再试；确需更多请系统管理员调整 KAIYE_IDENTIFY_PER_DAY",
            en=f"your system has had as many ids exchanged as it may in a day: try again in {hours:.1f} hours, or have the administrator "
            "set KAIYE_IDENTIFY_PER_DAY",
        )  # fmt: skip
    return Refusal(
        code="rate_limited", zh=f"换取过于频繁，请 {wait_seconds:.1f} 秒后再试",
        en=f"too many ids in a short time: try again in {wait_seconds:.1f} s",
        retry_after_seconds=wait_seconds,
    )  # fmt: skip
