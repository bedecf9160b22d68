"""What one cell means, as clerks and spreadsheets leave it: what can only have been meant one way is understood, everything else named.

Understood: full-width digits and letters, blanks and quotation marks around codes, Excel's day numbers, 2010年5月20日 and its kin,
是/否 and ticks, yuan with thousands separators. Named: a code that Excel turned into a rounded number, a day that does not exist, a word
that is none of the choices.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from deploy.roster_file import understood_code
from deploy.sheet_parts import EPOCH
from deploy.spreadsheets.columns import CellKind, Column
from shared.units import CODE_DIGITS
from shared.write_service.reasons import shown

Cell = str | float | int | bool | date | datetime | time | timedelta | None
"""What a spreadsheet reader gives."""

EXACT_DIGITS: Final = 15
"""A number in a spreadsheet keeps so many digits and loses the rest."""
_EXCEL_DAYS: Final = range(20_000, 80_000)
"""Day numbers from 1954 to 2119: outside them a number is no day."""
_DAY: Final = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))(?:[T ]0{1,2}:00(?::00)?)?")
_SEPARATORS: Final = re.compile(r"[；;、，,\n]+")
_YES: Final = frozenset({"是", "有", "对", "√", "✓", "✔", "y", "yes", "true", "1", "合格", "已"})
_NO: Final = frozenset({"否", "无", "错", "×", "✗", "x", "n", "no", "false", "0", "不合格", "未"})
_FULL_WIDTH: Final = re.compile(r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]")
_ROUNDED: Final = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+?[0-9]+")

Understood = Literal["day_number", "full_width", "unit_digits"]
"""In what way a cell was read otherwise than it stands there: a day given by its number, full-width digits and letters, a unit's code
filled up."""


@dataclass(frozen=True, slots=True)
class Person:
    """A resident id to be exchanged for a pseudonym before anything is reported. Never shown."""

    resident_id: str

    def __repr__(self) -> str:
        return "Person(…)"


class BadCell(ValueError):
    """A cell that cannot be understood: why, in Chinese and in English. What it repeats of the cell holds no resident id (`shown`)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en


def read_cell(column: Column, cell: Cell, county: str, epoch: date = EPOCH) -> object:
    """The value that a contract takes: JSON, with a `Person` where a resident id stood. None for an empty cell. Raises BadCell.

    `epoch` is the day from which the workbook counts its days.
    """
    if column.many and isinstance(cell, str):
        return [_value(column, each, county, epoch) for each in _SEPARATORS.split(cell) if each.strip()] or None
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    value = _value(column, cell, county, epoch)
    return [value] if column.many else value


def understood(column: Column, cell: Cell) -> Iterator[Understood]:
    """In what ways a cell that could be read was read otherwise than it stands there."""
    if column.kind == "day" and day_number(cell) is not None:
        yield "day_number"
    if column.kind != "text" and isinstance(cell, str) and _FULL_WIDTH.search(cell):
        yield "full_width"
    if column.kind == "unit":
        codes = _SEPARATORS.split(cell) if column.many and isinstance(cell, str) else [cell]
        if any(0 < len(re.sub(r"\D", "", _plain(code))) < CODE_DIGITS for code in codes):
            yield "unit_digits"


def day_number(cell: Cell) -> int | None:
    """The number that can only be a day's, counted from the day from which the workbook counts; None for any other cell."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, str):
        text = _plain(cell)
        cell = int(text) if len(text) == 5 and text.isascii() and text.isdigit() else None
    return cell if isinstance(cell, int) and cell in _EXCEL_DAYS else None  # a range is walked through for anything but a whole number


def _value(column: Column, cell: Cell, county: str, epoch: date) -> object:
    if column.choices:
        return _choice(column, _plain(cell))
    if column.kind == "unit":
        return _unit(cell, county)
    if column.kind == "day":
        return _day(cell, epoch)
    return _READERS[column.kind](cell)


def _plain(cell: Cell) -> str:
    """A cell as text, in NFKC form, without what surrounds a value by accident; a whole number without `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return unicodedata.normalize("NFKC", str(cell)).strip().strip("'’‘\"“”\u200b\ufeff").strip()


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell.strip()
    return cell.date().isoformat() if isinstance(cell, datetime) else _plain(cell)


def _exact(cell: Cell) -> str:
    """An identifier. Raises BadCell when a spreadsheet has made a rounded number of it."""
    text = _plain(cell)
    digits = len(text) if isinstance(cell, int | float) and not isinstance(cell, bool) else 0
    if _ROUNDED.fullmatch(text):
        raise BadCell(
            f"表格软件把代码写成了科学计数法（{text}），后面的数字已经丢失，请把该列设为文本格式后重新填写",
            f"a spreadsheet wrote this code in scientific notation ({text}) and its digits are lost: make the column text, type it again",
        )
    if digits > EXACT_DIGITS:
        raise BadCell(
            f"表格软件把代码存成了数字，只留下前 {EXACT_DIGITS} 位，请把该列设为文本格式后重新填写",
            f"the spreadsheet keeps this code as a number and only {EXACT_DIGITS} digits of it: make the column text, type it again",
        )
    if isinstance(cell, date | time | timedelta):
        raise BadCell(
            "表格软件把代码存成了日期，请把该列设为文本格式后重新填写", "the spreadsheet keeps this code as a day: make the column text"
        )
    return re.sub(r"\s", "", text)


def _entity(cell: Cell) -> str:
    return _exact(cell).upper()


def _unit(cell: Cell, county: str) -> str:
    text = _exact(cell)
    code = understood_code(text, county)
    if code is None:
        raise BadCell(f"{shown(text)} 不是 12 位统计用区划代码", f"{shown(text)} is no code of 12 digits")
    return code


def _person(cell: Cell) -> str | Person:
    text = _exact(cell).upper()
    if re.fullmatch(r"P[0-9A-Z]{16}", text):
        return text
    if re.fullmatch(r"[0-9]{15}|[0-9]{17}[0-9X]", text):
        return Person(text)
    raise BadCell("既不是身份证号也不是人员编号", "is neither a resident id nor a person's pseudonym")


def _day(cell: Cell, epoch: date) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = _plain(cell)
    if (days := day_number(cell)) is not None:
        return (epoch + timedelta(days=days)).isoformat()
    if (match := _DAY.fullmatch(text)) is not None:
        try:
            return date(int(match[1]), int(match[2] or match[4]), int(match[3] or match[5])).isoformat()
        except ValueError:
            raise BadCell(f"没有 {text} 这一天", f"there is no day {text}") from None
    raise BadCell(
        f"{shown(text)} 不是日期：年份写四位，如 2010-05-20", f"{shown(text)} is no day: write the year with four digits, as in 2010-05-20"
    )


def _number(cell: Cell) -> Decimal:
    text = _plain(cell).replace(",", "").removeprefix("¥").removeprefix("￥")
    percent = text.endswith("%")
    try:
        number = Decimal(text.removesuffix("%").removesuffix("元").strip())
    except InvalidOperation:
        raise BadCell(f"{shown(text)} 不是数字", f"{shown(text)} is no number") from None
    if not number.is_finite():
        raise BadCell(f"{shown(text)} 不是数字", f"{shown(text)} is no number")
    return number / 100 if percent else number


def _whole(cell: Cell) -> int:
    number = _number(cell)
    if number != number.to_integral_value():
        raise BadCell(f"{shown(_plain(cell))} 应为整数", f"{shown(_plain(cell))} must be a whole number")
    return int(number)


def _money(cell: Cell) -> int:
    fen = _number(cell) * 100
    if isinstance(cell, float):
        fen = round(fen, 4)  # 12.34 in a spreadsheet is the nearest binary fraction
    if fen != fen.to_integral_value():
        raise BadCell(f"{shown(_plain(cell))} 元不足一分", f"{shown(_plain(cell))} yuan holds less than a fen")
    return int(fen)


def _decimal(cell: Cell) -> str:
    return f"{_number(cell).normalize():f}"


def _flag(cell: Cell) -> bool:
    text = _plain(cell).lower()
    if text in _YES or text in _NO:
        return text in _YES
    raise BadCell(f"{shown(text)} 应填 是 或 否", f"{shown(text)} must be 是 (yes) or 否 (no)")


def _choice(column: Column, text: str) -> str:
    for zh, value in column.choices:
        if text in (zh, value):
            return value
    words = "、".join(zh for zh, _ in column.choices)
    raise BadCell(f"{shown(text)} 不在可选项中：{words}", f"{shown(text)} is none of {words}")


_READERS: Final[Mapping[CellKind, Callable[[Any], object]]] = {
    "text": _text, "code": _exact, "entity": _entity, "person": _person, "whole": _whole, "money": _money,
    "decimal": _decimal, "flag": _flag,
}  # fmt: skip
