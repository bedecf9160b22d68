"""Why a report waits, is refused or is flagged, apart from the rules of the aggregates: each reason once, in Chinese and English.

A sentence names the field at fault and says what would be right. It never repeats a value longer than `SHOWN_MAX` characters, and
never one that looks like a resident id.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.contracts.base import Subject
from shared.contracts.outcomes import Reason
from shared.write_service.masking import mask_text

SHOWN_MAX = 40
"""The longest value a sentence repeats, in characters."""
NAMED_MAX = 5
"""How many things a sentence lists before it says "and more"."""
PROBLEMS_MAX = 3
"""How many things that a contract found wrong are told."""

CONFLICT = "conflict"
"""The code of `conflict`."""

RECORDED = Reason("recorded", "已记录", "recorded")
INTERNAL = Reason(
    "internal", "系统处理本条报送时出错，已留存并通知运维，修复后自动重新处理，无需重报",
    "the system failed on this report; it is kept, the operators are told, and it is decided again by itself once that is mended",
)  # fmt: skip
NOT_JSON = Reason("not_json", "报送内容不是有效的 JSON（UTF-8）", "the report is not valid JSON in UTF-8")
NOT_AN_OBJECT = Reason("not_an_object", "报送内容应为一个 JSON 对象", "the report is not a JSON object")
TOO_DEEP = Reason("too_deep", "报送内容嵌套层数过多", "the report is nested too deeply")
CONTROL_CHARACTER = Reason("control_character", "报送内容含有空字符（U+0000）", "the report holds a null character (U+0000)")
NO_ID = Reason(
    "no_id",
    "缺少可用的编号 id（1–64 位字母、数字、下划线或连字符）",
    "id is missing or unusable (1–64 letters, digits, underscores or hyphens)",
)
RESIDENT_ID = Reason(
    "resident_id", "报送内容含有居民身份证号码；请改用人员代号（先调用 identify 取得）；"
    "如是旧的 15 位工商注册号，请在前面写明“注册号”，经营主体代码栏中的则请核对其校验位（末位）",
    "the report holds a resident id; use the person's pseudonym (ask `identify` first); before an older registration number of 15 digits "
    "write 注册号, and in a field for an entity's code look for a wrong digit: the last one must fit the others",
)  # fmt: skip
NO_SUCH_REPORTER = Reason(
    "no_such_reporter", "报送主题中的部门、系统代码应为 1–32 位小写字母、数字、下划线或连字符，且不得为 kaiye",
    "department and system in the subject are 1–32 lower-case letters, digits, underscores or hyphens, and not kaiye",
)  # fmt: skip
SYSTEM_ONLY = Reason("system_only", "此类事实只由系统自身记录", "facts of this type are recorded by the system itself only")
OFFICE_ONLY = Reason(
    "office_only",
    "此类事实（单位名册、命名、认定、发布）只能由创建办报送",
    "only the office reports facts of this type: the roster of units, titles, rulings and what is published",
)
NOT_YOURS = Reason(
    "not_yours",
    "只有原报送部门或创建办可以作废、更正",
    "only the department that reported the original, or the office, may void or correct it",
)
TARGET_REFUSED = Reason("target_refused", "原报送已被退回，无需作废、更正", "the original was refused: there is nothing to void or correct")
NOT_A_FACT = Reason(
    "not_a_fact", "作废、更正和日结本身不能再作废、更正；请对原事实重新更正",
    "voids, corrections and closed days cannot be voided or corrected; correct the original fact again",
)  # fmt: skip
VOIDED_ALREADY = Reason(
    "voided_already", "原事实已作废；作废不可撤销，请重新报送", "the original is voided already, for good; report the fact anew"
)
OTHER_KEY = Reason(
    "other_key", "更正不得改变事实所指的对象和自身标识；请作废后重新报送",
    "a correction may not change what the fact is about nor its own key; void it and report anew",
)  # fmt: skip
UNKNOWN_REPORT = Reason(
    "unknown_report", "没有留存这样的报送：请核对来源与编号（kaiye reports list）",
    "no such report is kept: check its source and id (kaiye reports list)",
)  # fmt: skip
ACT_NAMED_ALREADY = Reason(
    "act_named_already", "该操作编号已用于另一操作，请另编", "another act has this name already: choose another"
)  # fmt: skip
NOT_AS_REPORTED = Reason(
    "not_as_reported", "留存的内容已遮盖疑似身份证号之处，不能照原样重新裁决；请补正，或由部门重新报送",
    "what is kept was masked where it looked like a resident id, so it cannot be decided as it was: correct it, or have it reported anew",
)  # fmt: skip
NOT_CORRECTABLE = Reason(
    "not_correctable", "留存的内容不是 JSON 对象，无从补正；请由部门重新报送",
    "what is kept is no JSON object, so nothing in it can be set: have it reported anew",
)  # fmt: skip
STILL_MASKED = Reason(
    "still_masked", "留存的内容中仍有被遮盖之处（********）；请一并补正这些字段",
    "what is kept still holds masked places (********): set those fields too",
)  # fmt: skip
DISMISSED, CORRECTED = "dismissed", "corrected"
"""The codes of reports that somebody at the repair desk has dealt with."""
TARGET_UNKNOWN = Reason("target_unknown", "等待被作废、更正的原报送", "waiting for the report that this voids or corrects")


def too_large(bytes_max: int) -> Reason:
    """The report has more bytes than any may have."""
    return Reason("too_large", f"报送内容超过 {bytes_max // 1024} KiB", f"the report is larger than {bytes_max // 1024} KiB")


def too_many_values(values_max: int) -> Reason:
    """The report holds more values than any contract takes."""
    return Reason("too_many_values", f"报送内容超过 {values_max} 个值", f"the report holds more than {values_max} values")


def other_source(expected: str) -> Reason:
    """The body names another reporter than the subject it came under."""
    return Reason(
        "other_source", f"source 与报送通道不符，应为 {expected}", f"source does not match the channel it came by; it should be {expected}"
    )


def other_type(expected: str) -> Reason:
    """The body names another type than the subject it came under."""
    return Reason(
        "other_type",
        f"type 与报送通道不符，应为 {shown(expected)}",
        f"type does not match the channel it came by; it should be {shown(expected)}",
    )


def unknown_type(type: str) -> Reason:
    """No contract has this type and version."""
    return Reason("unknown_type", f"没有这种事实类型：{shown(type)}", f"no fact has the type {shown(type)}")


def day_too_early(field: str, earliest: date) -> Reason:
    """A day before anything this system is about."""
    return Reason("day_too_early", f"{field} 早于 {earliest}，请核对年份", f"{field} is before {earliest}: check the year")


def future_day(field: str, today: date) -> Reason:
    """A fact of a day that has not come."""
    return Reason("future_day", f"{field} 晚于今天（{today}）", f"{field} is after today ({today})")


def conflict(position: int | None) -> Reason:
    """The id already stands for another content."""
    where = (f"（已记录在第 {position} 条）", f" (recorded at position {position})") if position else ("（等待处理中）", " (waiting)")
    return Reason(
        CONFLICT, f"该编号已用于另一内容{where[0]}；更改请用更正，新事实请用新编号",
        f"this id already stands for another content{where[1]}; to change it report a correction, for a new fact use a new id",
    )  # fmt: skip


def dismissed(why: str) -> Reason:
    """Somebody at the repair desk decided that it will not be pursued."""
    said = mask_text(why)
    return Reason(DISMISSED, f"已退回不处理：{said}", f"dismissed: {said}")


def corrected(id: str) -> Reason:
    """A corrected copy of it was reported."""
    return Reason(CORRECTED, f"已由补正后的报送 {id} 取代", f"the corrected report {id} takes its place")


def target_replaced(by: Reason) -> Reason:
    """What is to be voided or corrected was given up for a corrected copy, which is another report."""
    return Reason(
        "target_replaced", f"原报送{by.zh}；请以该编号报送作废、更正", f"of the original, {by.en}: void or correct that one, by its id"
    )  # fmt: skip


def recorded_already(position: int) -> Reason:
    """There is nothing to be mended at the repair desk."""
    return Reason(
        "recorded_already", f"已记录在第 {position} 条，无需处理；更改请报送更正或作废",
        f"it is recorded at position {position}: to change it report a correction or a void",
    )  # fmt: skip


def no_such_path(path: str) -> Reason:
    """A place that cannot be corrected, or that is not there."""
    return Reason(
        "no_such_path", f"不能补正 {shown(path)}：应为 occurred 或报送内容中的字段，如 data.unit、data.founders[0].person",
        f"{shown(path)} cannot be set: it should be occurred, or a field of the fact such as data.unit or data.founders[0].person",
    )  # fmt: skip


def other_county(code: str) -> Reason:
    """A unit outside this county."""
    return Reason("other_county", f"单位 {code} 不属于本县", f"the unit {code} lies outside this county")


def outside_types(type: str) -> Reason:
    """A type of fact that the reporting system may not report."""
    return Reason(
        "outside_types",
        f"本系统不得报送 {type} 类事实；如应报送，请管理员调整其报送范围后用新编号重新报送",
        f"this system may not report facts of the type {type}; if it should, have the administrator change that and report anew "
        "under a new id",
    )


def amends_outside_types(type: str) -> Reason:
    """A fact that is to be voided or corrected is of a type that the system may not report."""
    return Reason(
        "outside_types",
        f"本系统不得报送 {type} 类事实，因而也不得作废、更正此类事实；请由原报送系统或创建办办理",
        f"this system may not report facts of the type {type}, and so neither void nor correct them: the system that reported it, or the "
        "office, may",
    )


def outside_units(codes: Collection[str]) -> Reason:
    """Units that the reporting system may not report of."""
    return Reason(
        "outside_units",
        f"单位不在本系统的报送范围内：{_listed(codes, '、')}；如应在内，请管理员调整范围后用新编号重新报送",
        f"units this system may not report of: {_listed(codes, ', ')}; if it should, have the administrator change that and report "
        "anew under a new id",
    )


def unit_gone(code: str, last_day: date, successor: str | None) -> Reason:
    """A unit that no longer existed on the fact's day."""
    zh = f"，请改用 {successor}" if successor else ""
    en = f"; use {successor}" if successor else ""
    return Reason("unit_gone", f"单位 {code} 已于 {last_day} 后撤并{zh}", f"the unit {code} ended after {last_day}{en}")


def unit_unknown(codes: Collection[str]) -> Reason:
    """Units nothing is recorded about yet."""
    return Reason("unit_unknown", f"单位尚未列入名册：{_listed(codes, '、')}", f"units not listed yet: {_listed(codes, ', ')}")


def not_opened(subjects: Collection[Subject]) -> Reason:
    """Things named that do not exist yet."""
    zh = [f"{KINDS_ZH.get(kind, kind)} {identifier}" for kind, _, identifier in (subject.partition(":") for subject in sorted(subjects))]
    en = [subject.replace(":", " ", 1).replace("_", " ") for subject in sorted(subjects)]
    return Reason("not_opened", f"等待其登记或开办：{_listed(zh, '、')}", f"waiting for these to be opened: {_listed(en, ', ')}")


def code_taken(code: str, oldest: str) -> Reason:
    """The new code of an entity already stands for another entity."""
    return Reason("code_taken", f"代码 {code} 已属于市场主体 {oldest}", f"the code {code} already belongs to the entity {oldest}")


def confirmation(position: int) -> Reason:
    """The same fact with the same content was recorded before."""
    return Reason(
        "confirmation", f"与第 {position} 条为同一事实且内容一致，记为佐证，不重复计数",
        f"the same fact with the same content stands at position {position}: recorded as a confirmation, counted once",
    )  # fmt: skip


def contradiction(position: int) -> Reason:
    """The same fact with another content was recorded before."""
    return Reason(
        "contradiction", f"与第 {position} 条为同一事实但内容不一致，已记录待核，不计数",
        f"the same fact with another content stands at position {position}: recorded, to be looked into, not counted",
    )  # fmt: skip


def superseded(position: int) -> Reason:
    """A later report of the same thing holds."""
    return Reason("superseded", f"以较晚记录的第 {position} 条为准", f"the one recorded later, at position {position}, holds")


KINDS_ZH: Mapping[str, str] = MappingProxyType({
    "person": "人员", "entity": "市场主体", "venue": "场地", "association": "协会", "platform": "服务平台", "green_channel": "绿色通道",
    "case": "绿色通道办件", "policy": "政策", "project": "项目", "rectification": "整改事项", "course": "培训班", "internship": "见习",
    "survey": "调查", "loan": "贷款", "fund": "基金", "unit": "单位", "statistic": "统计指标", "benchmark": "对标指标", "duty": "任务",
})  # fmt: skip
"""What the kinds of thing are called in sentences."""


def shown(value: object) -> str:
    """A value as a sentence may repeat it: short, on one line, and without resident ids."""
    text = mask_text(str(value))
    if not text.isprintable():  # once masked: written out, what shows nothing would part an id
        text = "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def _listed(texts: Collection[str], separator: str) -> str:
    some = sorted(texts)[:NAMED_MAX]
    return separator.join(map(shown, some)) + (" …" if len(texts) > NAMED_MAX else "")


Phrase = Callable[[Mapping[str, Any]], tuple[str, str]]


def _bound(zh: str, en: str, key: str) -> Phrase:
    return lambda context: (zh.format(context.get(key)), en.format(context.get(key)))


def _fixed(zh: str, en: str) -> Phrase:
    return lambda _: (zh, en)


_DAY = _fixed("应为日期（年-月-日）", "must be a day (YYYY-MM-DD)")
_INSTANT = _fixed("应为带时区的时间", "must be an instant with an offset")
_INTEGER = _fixed("应为整数", "must be an integer")
_NUMBER = _fixed("应为数字", "must be a number")
_LIST = _fixed("应为数组", "must be an array")
_OBJECT = _fixed("应为对象", "must be an object")
_TRUTH = _fixed("应为 true 或 false", "must be true or false")

_PHRASES: Mapping[str, Phrase] = MappingProxyType({
    "missing": _fixed("不能缺少", "is missing"),
    "extra_forbidden": _fixed("不是本类事实的字段", "is not a field of this fact"),
    "literal_error": lambda context: _choices(str(context["expected"])),
    "string_type": _fixed("应为文本", "must be a text"),
    "string_too_short": _bound("不得少于 {} 个字符", "must have at least {} characters", "min_length"),
    "string_too_long": _bound("不得超过 {} 个字符", "must have at most {} characters", "max_length"),
    "too_short": _bound("不得少于 {} 项", "must have at least {} items", "min_length"),
    "too_long": _bound("不得超过 {} 项", "must have at most {} items", "max_length"),
    "string_pattern_mismatch": _bound("格式不符，应符合 {}", "does not have the form {}", "pattern"),
    "greater_than_equal": _bound("不得小于 {}", "must be at least {}", "ge"),
    "greater_than": _bound("必须大于 {}", "must be greater than {}", "gt"),
    "less_than_equal": _bound("不得大于 {}", "must be at most {}", "le"),
    "less_than": _bound("必须小于 {}", "must be less than {}", "lt"),
    "int_type": _INTEGER, "int_parsing": _INTEGER, "int_from_float": _INTEGER, "int_parsing_size": _INTEGER,
    "float_type": _NUMBER, "float_parsing": _NUMBER, "finite_number": _NUMBER,
    "decimal_type": _NUMBER, "decimal_parsing": _NUMBER,
    "decimal_max_digits": _bound("不得超过 {} 位数字", "must have at most {} digits", "max_digits"),
    "decimal_max_places": _bound("小数不得超过 {} 位", "must have at most {} decimal places", "decimal_places"),
    "bool_type": _TRUTH, "bool_parsing": _TRUTH,
    "date_type": _DAY, "date_parsing": _DAY, "date_from_datetime_parsing": _DAY, "date_from_datetime_inexact": _DAY,
    "datetime_type": _INSTANT, "datetime_parsing": _INSTANT, "datetime_from_date_parsing": _INSTANT, "timezone_aware": _INSTANT,
    "tuple_type": _LIST, "list_type": _LIST, "frozen_set_type": _LIST, "set_type": _LIST,
    "dict_type": _OBJECT, "model_type": _OBJECT, "model_attributes_type": _OBJECT,
})  # fmt: skip
"""What is wrong with a field, by pydantic's error type. Any other type gets the general phrase."""

_UNFIT = _fixed("不符合要求", "does not fit the contract")

Location = tuple[int | str, ...]
"""Where in what was sent something is, from the outside in."""


def unfit(error: ValidationError, *, within: str = "") -> Reason:
    """The first things a contract found wrong, and how many more there are: fields it does not know come first, for one that is misspelt
    is missing too. `within` is the field whose content was read.
    """
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    missing = [detail["loc"] for detail in details if detail["type"] == "missing"]
    told = [_sentence(detail, within, missing) for detail in details[:PROBLEMS_MAX]]
    zh, en = "；".join(zh for zh, _ in told), "; ".join(en for _, en in told)
    if (more := len(details) - PROBLEMS_MAX) > 0:
        zh, en = f"{zh}（另有 {more} 处）", f"{en} (and {more} more)"
    return Reason("invalid", zh, en)


def _sentence(detail: ErrorDetails, within: str, missing: Sequence[Location]) -> tuple[str, str]:
    field = _path(within, detail["loc"])
    if detail["type"] in {"value_error", "assertion_error"}:  # the contracts' own checks say it in both languages
        en, zh = _own_words(detail)
        return (f"字段 {field}：{zh}", f"{field}: {en}") if field else (zh, en)
    zh, en = _PHRASES.get(detail["type"], _UNFIT)(detail.get("ctx", {}))
    if detail["type"] == "extra_forbidden" and (meant := _meant(detail["loc"], missing)) is not None:
        return f"字段 {field} {zh}（是否应为 {meant}）", f"{field} {en} ({meant}?)"
    value = detail["input"]
    if detail["type"] in {"missing", "extra_forbidden"} or not isinstance(value, str | int | float | None) or len(str(value)) > SHOWN_MAX:
        return f"字段 {field} {zh}", f"{field} {en}"
    return f"字段 {field} {zh}，收到 {shown(value)}", f"{field} {en}, got {shown(value)}"


def _meant(location: Location, missing: Sequence[Location]) -> str | None:
    """The missing field that somebody may have meant by a name that is none's."""
    names = [str(name) for *place, name in missing if tuple(place) == location[:-1]]
    name = str(location[-1])
    return next(iter(get_close_matches(name, names, n=1)), None) if len(name) <= SHOWN_MAX else None


def _own_words(detail: ErrorDetails) -> tuple[str, str]:
    message = detail["msg"].partition(", ")[2] or detail["msg"]
    if len(value := str(detail["input"])) > SHOWN_MAX:
        message = message.replace(value, shown(value))
    en, _, zh = mask_text(message).partition(" / ")
    return en, zh or en


def _path(within: str, location: Location) -> str:
    path = within
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{shown(step)}" if path else shown(step)
    return path


def _choices(expected: str) -> tuple[str, str]:
    return f"只能是 {expected.replace(' or ', '、').replace(', ', '、')}", f"must be {expected}"
