"""Reads a roster (名册) that people keep in Excel or as CSV, row by row, as they left it.

What a spreadsheet did to a code is undone where only one code can have been meant, and said; every other row is refused by itself, with
its row and cell named, so that the rest can be listed. The columns are those of a county's `roster.csv`, in any order, named in English
or Chinese; `kind` and `urban_rural_class` may be missing (what kind of unit it is follows from the code).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.sheet_files import EXCEL_SUFFIXES, GBK, BadSheetFile, csv_rows, encoding_of, workbook
from services.indicators.evaluation.county import COLUMNS, RosterUnit, roster_unit
from services.indicators.evaluation.problems import Problem
from shared.units import CODE_DIGITS, county_of, lineage, unit_kind
from shared.write_service.masking import mask_text

COLUMN_NAMES: Final = {
    "代码": "code", "单位代码": "code", "统计用区划代码": "code", "名称": "name", "单位名称": "name", "类型": "kind", "单位类型": "kind",
    "城乡分类代码": "urban_rural_class",
} | {name: name for name in COLUMNS}  # fmt: skip
KIND_NAMES: Final = {
    "县": "county", "乡镇": "township", "乡": "township", "镇": "township", "园区": "park", "社区": "community", "行政村": "village",
    "村": "village",
}  # fmt: skip
UNCOMPUTED: Final = (
    "公式没有算出值（如 #N/A、#REF!），请改填代码或文字。", "the formula has no value (as #N/A, #REF!): type what it stands for.",
)  # fmt: skip
SHORT_DIGITS: Final = frozenset({6, 9})
"""A county's or township's code without its closing zeros, as other registers write it."""


@dataclass(frozen=True, slots=True)
class RowNote:
    """What is to be said about one row, by the row and cell that a spreadsheet shows. No resident id is repeated."""

    row: int
    cell: str | None
    zh: str
    en: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "zh", mask_text(self.zh))
        object.__setattr__(self, "en", mask_text(self.en))

    def __str__(self) -> str:
        where_zh = f"第 {self.row} 行" + (f" {self.cell}" if self.cell else "")
        where_en = f"row {self.row}" + (f", {self.cell}" if self.cell else "")
        return f"{where_zh}：{self.zh} / {where_en}: {self.en}"


@dataclass(slots=True)
class RosterFile:
    """What a file holds."""

    roster: list[RosterUnit] = field(default_factory=list)
    """The rows that can be listed, in the file's order."""
    row_of: dict[str, int] = field(default_factory=dict)
    """The row of each of their codes."""
    understood: list[RowNote] = field(default_factory=list)
    """What was read otherwise than it stands there."""
    refused: list[RowNote] = field(default_factory=list)


def read_roster(path: Path, county: str, listed: frozenset[str] = frozenset()) -> RosterFile:
    """Read a file for a county; `listed` are the codes of the units that it has already.

    Raises BadSheetFile when it cannot be read at all.
    """
    found = RosterFile()
    rows, uncomputed = _excel_rows(path) if path.suffix.lower() in EXCEL_SUFFIXES else (_csv_rows(path, found), frozenset())
    if not rows:
        raise BadSheetFile(f"{path} 是空的 / {path} is empty")
    columns = _columns(path, rows[0])
    for number, cells in enumerate(rows[1:], start=2):
        if wrong := [at for at in columns.values() if (number, at) in uncomputed]:
            found.refused += [RowNote(number, cell_name(at, number), *UNCOMPUTED) for at in wrong]
        elif any(cell.strip() for cell in cells):
            _read_row(found, number, {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}, columns, county)
    _refuse_strays(found, columns["code"], listed)
    found.refused.sort(key=lambda note: note.row)
    return found


def _read_row(found: RosterFile, row: int, said: dict[str, str], columns: dict[str, int], county: str) -> None:
    def note(column: str, zh: str, en: str) -> RowNote:
        return RowNote(row, cell_name(columns[column], row), zh, en)

    text = said["code"].strip()
    code = understood_code(text, county)
    if code is None:
        found.refused.append(note("code", f"不能确定代码 {text!r} 原来的 12 位数字。", f"what 12 digits {text!r} was cannot be known."))
        return
    if code != text:
        found.understood.append(note("code", f"{text} 读作 {code}。", f"{text} is read as {code}."))
    if county_of(code) != county:
        found.refused.append(note("code", f"{code} 不在本县 {county}。", f"{code} does not lie in the county {county}."))
        return
    try:
        kind = said.get("kind", "").strip() or unit_kind(code)
    except ValueError:
        kind = ""  # `roster_unit` says what is wrong with the code
    urban_rural_class = unicodedata.normalize("NFKC", said.get("urban_rural_class", "")).strip()
    unit = roster_unit([code, said["name"], KIND_NAMES.get(kind, kind), urban_rural_class], row)
    if isinstance(unit, Problem):
        column = str(unit.path[0])
        found.refused.append(note(column, f"{unit.zh}改法：{unit.fix_zh}", f"{unit.en} Fix: {unit.fix_en}"))
        return
    if (first := found.row_of.get(code)) is None:
        found.roster.append(unit)
        found.row_of[code] = row
    elif unit in found.roster:
        found.understood.append(note("code", f"{code} 与第 {first} 行相同，只列一次。", f"{code} is the same as row {first}: listed once."))
    else:
        found.refused.append(note("code", f"代码 {code} 与第 {first} 行重复。", f"the code {code} stands in row {first} already."))


def understood_code(text: str, county: str) -> str | None:
    """The code that a cell means: full-width digits, blanks and a lost beginning or end are undone if only one code is possible.

    A number that lost leading zeros, or a county's or township's code without its closing zeros, counts as understood only when
    exactly one way of filling it up gives a unit of the county. None when nobody can know.
    """
    digits = re.sub(r"[\s'’]|\.0+$", "", unicodedata.normalize("NFKC", text))
    if not (digits.isascii() and digits.isdigit()) or len(digits) > CODE_DIGITS:
        return None
    if len(digits) == CODE_DIGITS:
        return digits
    filled = {digits.zfill(CODE_DIGITS)} | ({digits.ljust(CODE_DIGITS, "0")} if len(digits) in SHORT_DIGITS else set())
    possible = [code for code in filled if county_of(code) == county and _is_code(code)]
    return possible[0] if len(possible) == 1 else None


def _is_code(code: str) -> bool:
    try:
        unit_kind(code)
    except ValueError:
        return False
    return True


def cell_name(column: int, row: int) -> str:
    """A cell as spreadsheets name it; `column` counts from 0, `row` from 1."""
    letters = ""
    number = column + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Where each column stands. Raises BadSheetFile when code or name is missing."""
    columns: dict[str, int] = {}
    for at, name in enumerate(header):
        known = COLUMN_NAMES.get(name.strip())
        if known is not None:
            columns.setdefault(known, at)
    if missing := {"code", "name"} - columns.keys():
        names = "、".join(sorted(missing))
        raise BadSheetFile(
            f"{path} 的第一行没有列名 {names}（应为 {','.join(COLUMNS)}，或 代码,名称,类型,城乡分类代码）/ "
            f"the first row of {path} names no column {', '.join(sorted(missing))} (expected {','.join(COLUMNS)})"
        )
    return columns


def _refuse_strays(found: RosterFile, column: int, listed: frozenset[str]) -> None:
    """Refuse what would lie in a unit that is neither in the file nor listed; what lies in that goes with it."""
    known = listed | found.row_of.keys()
    for unit in sorted(found.roster, key=lambda unit: len(lineage(unit.code))):
        missing = [above for above in lineage(unit.code)[1:] if above not in known]
        if not missing:
            continue
        row = found.row_of.pop(unit.code)
        known -= {unit.code} - listed
        found.refused.append(RowNote(
            row, cell_name(column, row), f"{unit.code} 的上级 {missing[0]} 不在名册中。",
            f"{unit.code} lies in {missing[0]}, which is not listed.",
        ))  # fmt: skip
    found.roster = [unit for unit in found.roster if unit.code in found.row_of]


def _csv_rows(path: Path, found: RosterFile) -> list[list[str]]:
    encoding = encoding_of(path)
    if encoding == GBK:
        found.understood.append(RowNote(1, None, "文件按 GBK 编码读取。", "the file is read as GBK."))
    return list(csv_rows(path, lambda names: sum(name.strip() in COLUMN_NAMES for name in names), encoding))


def _excel_rows(path: Path) -> tuple[list[list[str]], frozenset[tuple[int, int]]]:
    """The rows of the first sheet, and row and place of the cells that hold an error or a formula without a value."""
    with workbook(path) as book:
        title = book.sheets[0][0]
        return [[_cell_text(cell) for cell in row] for row in book.rows(title)], book.uncomputed(title)


def _cell_text(cell: object) -> str:
    """A cell as people see it: a whole number without `.0`."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
