"""Resident ids (居民身份号码, GB 11643): how one that somebody typed is understood, so that every spelling of it means the same person.

An id is asked about once, by `identify`, and goes nowhere else; no message made here repeats one.

The region (the first six digits) is not looked up: the code stays as it was when the number was given, tables of former codes have gaps,
and a person whom a table does not know could never be reported. So residence permits (81, 82, 83) need no rule of their own.
"""

import re
from datetime import date
from unicodedata import normalize

from shared.contracts.outcomes import Reason

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = b"10X98765432"
_LEFT_OUT = re.compile(r"[\s'‘’`\-‐-―−\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
"""What is typed around and between the digits: blanks, hyphens, a spreadsheet's apostrophe, characters that show nothing."""
_NEW = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X]", re.ASCII)
_OLD = re.compile(r"[1-9][0-9]{14}", re.ASCII)
_SPREADSHEET = re.compile(r"[0-9](?:\.[0-9]+)?E\+?1[47]", re.ASCII)
_CENTENARIANS = frozenset({"996", "997", "998", "999"})
"""Order codes that 15-digit ids kept for persons born before 1900."""

NOT_AN_ID = Reason(
    "not_a_resident_id",
    "不是身份证号：应为 18 位（末位可为 X）或旧的 15 位，请核对是否缺位、多位或填错了列",
    "not a resident id: 18 characters (the last may be X) or the older 15 digits; one is missing or too many, or it is another column",
)
SPREADSHEET_NUMBER = Reason(
    "spreadsheet_number",
    "表格软件把身份证号变成了数字，末几位已丢失：请把该列设为文本后重新填写",
    "the spreadsheet turned the id into a number and lost its last digits: make the column text and enter the id again",
)
NO_SUCH_BIRTHDAY = Reason(
    "no_such_birthday", "身份证号中的出生日期不存在，请核对", "the day of birth within the id does not exist: look for a wrong digit"
)
WRONG_CHECK = Reason(
    "wrong_check_character",
    "身份证号的校验位（末位）不符，必有一位填错，请核对",
    "the last character does not fit the others: one of them is wrong",
)


class NotAResidentId(Exception):
    """What was given is no resident id; `reason` says why and what to do, and never repeats it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.zh} / {reason.en}")
        self.reason = reason


def canonical(text: str) -> str:
    """The 18-character form of an id, the same for every spelling of it. Raises NotAResidentId.

    Full-width digits, a lower-case x, blanks and hyphens are understood; a 15-digit id of the old kind becomes the 18-character one that
    replaced it (the year's century, 19 but for centenarians, and the check character are added).
    """
    compact = _LEFT_OUT.sub("", normalize("NFKC", text)).upper()
    if _OLD.fullmatch(compact):
        compact = _renewed(compact)
    elif not _NEW.fullmatch(compact):
        raise NotAResidentId(SPREADSHEET_NUMBER if _SPREADSHEET.fullmatch(compact) else NOT_AN_ID)
    if not born_on_a_day(compact):
        raise NotAResidentId(NO_SUCH_BIRTHDAY)
    if check_character(compact.encode()) != ord(compact[17]):
        raise NotAResidentId(WRONG_CHECK)
    return compact


def check_character(id17: bytes) -> int:
    """The 18th character (ISO 7064, MOD 11-2) that belongs to the first 17, all of them ASCII digits."""
    return _CHECKS[(sum(weight * digit for weight, digit in zip(_WEIGHTS, id17, strict=False)) - 48 * sum(_WEIGHTS)) % 11]


def born_on_a_day(id18: str | bytes) -> bool:
    """Whether the eight digits behind the region are a day."""
    try:
        date(int(id18[6:10]), int(id18[10:12]), int(id18[12:14]))
    except ValueError:
        return False
    return True


def _renewed(old: str) -> str:
    id17 = f"{old[:6]}{'18' if old[12:] in _CENTENARIANS else '19'}{old[6:]}"
    return id17 + chr(check_character(id17.encode()))
