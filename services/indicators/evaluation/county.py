"""A county is a folder: its plan file and its roster of units (名册). Another county is another folder and changes no code."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Final

from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.plan_check import Judging, check_names, check_rows, check_units
from services.indicators.evaluation.plan_file import PLAN_FILE, read_plan
from services.indicators.evaluation.problems import FileProblems, Problem
from services.indicators.evaluation.toml_file import locate
from shared.units import CODE_DIGITS, UnitKind, lineage, unit_kind

ROSTER_FILE: Final = "roster.csv"
BYTE_ORDER_MARK: Final = "\ufeff"
"""What spreadsheet programs begin a UTF-8 file with."""
COLUMNS: Final = ("code", "name", "kind", "urban_rural_class")


_FIX_CELL: Final = ("把该列设为文本格式，重填 12 位代码。", "format the column as text and enter all 12 digits.")
_FIX_DIGITS: Final = (
    "核对后六位：乡镇和园区以 000 结尾，社区末三位为 001–199，行政村为 200–399。",
    "check the last six digits: townships and parks end in 000, communities in 001–199, villages in 200–399.",
)


@dataclass(frozen=True, slots=True)
class RosterUnit:
    """One unit as listed: its 统计用区划代码, name, kind, and 城乡分类代码 (1xx is urban; None where the unit has none)."""

    code: str
    name: str
    kind: UnitKind
    urban_rural_class: str | None

    @property
    def urban(self) -> bool:
        """Whether the unit lies in an urban area (城镇)."""
        return self.urban_rural_class is not None and self.urban_rural_class.startswith("1")


@dataclass(frozen=True)
class County:
    """What a county's folder holds. The roster is in the file's order, the county itself among it."""

    plan: Plan
    roster: tuple[RosterUnit, ...]
    plan_digest: str
    """SHA-256 of the plan file's bytes, in hex."""

    @property
    def code(self) -> str:
        """The county's own division code."""
        return self.plan.county

    @cached_property
    def units(self) -> dict[str, RosterUnit]:
        """Every unit by its code."""
        return {unit.code: unit for unit in self.roster}


def load_county(folder: Path, rows: Judging | None = None) -> County:
    """Read a county's folder; `rows`, where given, must hold every row that the plan names and be able to judge its targets.

    Raises FileNotFoundError when a file is not there, FileProblems when one cannot be used.
    """
    return parse_county(_text(folder, PLAN_FILE), _text(folder, ROSTER_FILE), rows)


def file_digest(content: str) -> str:
    """SHA-256 of the bytes of a UTF-8 file with this content, in hex."""
    return sha256(content.encode()).hexdigest()


def _text(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_bytes().decode()
    except UnicodeDecodeError as error:
        raise FileProblems(name, [not_utf8(error)]) from error


def not_utf8(error: UnicodeDecodeError) -> Problem:
    """A file in another encoding."""
    return Problem(
        (), "文件不是 UTF-8 编码。", "the file is not UTF-8 text.", "另存为 UTF-8（CSV UTF-8）。", "save it as UTF-8 (CSV UTF-8).",
        line=error.object.count(b"\n", 0, error.start) + 1,
    )  # fmt: skip


def parse_county(plan_text: str, roster_text: str, rows: Judging | None = None) -> County:
    """A county from the content of its two files, exactly as they are. Raises FileProblems."""
    roster = parse_roster(roster_text)
    return County(checked_plan(plan_text, rows, roster), roster, file_digest(plan_text))


def checked_plan(text: str, rows: Judging | None = None, roster: Iterable[RosterUnit] | None = None) -> Plan:
    """A plan from its text, beside the rows of the catalogue and the units of a roster where they are given. Raises FileProblems."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    plan, problems = read_plan(text)
    if plan is None:
        raise FileProblems(PLAN_FILE, problems)
    beside_roster = () if roster is None else check_units(plan, {unit.code for unit in roster})
    beside_rows = () if rows is None else (*check_names(plan, rows), *check_rows(plan, rows))
    found = (*problems, *locate((*beside_roster, *beside_rows), text))
    if found:
        raise FileProblems(PLAN_FILE, sorted(found, key=lambda problem: problem.line or 0))
    return plan


def parse_roster(text: str) -> tuple[RosterUnit, ...]:
    """Read a roster: CSV with the columns code, name, kind, urban_rural_class. Raises FileProblems naming every wrong line."""
    rows = list(csv.reader(StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=None)))
    if not rows or tuple(rows[0]) != COLUMNS:
        columns = ",".join(COLUMNS)
        raise FileProblems(ROSTER_FILE, [Problem(
            (), "表头不对。", "the header is wrong.", f"第一行写 {columns}。", f"write {columns} as the first line.", line=1,
        )])  # fmt: skip
    units: dict[str, RosterUnit] = {}
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        unit = roster_unit(row, number)
        if isinstance(unit, Problem):
            problems.append(unit)
        elif unit.code in units:
            first = lines[unit.code]
            problems.append(Problem(
                ("code",), f"代码 {unit.code} 与第 {first} 行重复。", f"the code {unit.code} stands on line {first} already.",
                "同名单位也各有自己的代码，请核对。", "units of the same name have codes of their own: check it.", line=number,
            ))  # fmt: skip
        else:
            units[unit.code], lines[unit.code] = unit, number
    problems += _strays(units, lines, {row[0].strip() for row in rows if row})
    if problems:
        raise FileProblems(ROSTER_FILE, sorted(problems, key=lambda problem: problem.line or 0))
    return tuple(units.values())


def roster_unit(row: list[str], line: int) -> RosterUnit | Problem:
    """One row of a roster, its cells in the order of `COLUMNS`; or what is wrong with it, by the column in its `path`."""
    if len(row) != len(COLUMNS):
        return Problem(
            (), f"应有 {len(COLUMNS)} 列，这里有 {len(row)} 列。", f"there are {len(row)} columns instead of {len(COLUMNS)}.",
            "名称中有逗号的加引号；缺的列留空。", "put names with commas in quotes, leave empty what is not known.", line=line,
        )  # fmt: skip
    code, name, kind, urban_rural_class = (cell.strip() for cell in row)
    try:
        found = unit_kind(code)
    except ValueError as error:
        en, _, zh = str(error).partition(" / ")
        fix = _FIX_DIGITS if len(code) == CODE_DIGITS and code.isdigit() else _FIX_CELL
        return Problem(("code",), f"{zh or en}。", f"{en}.", *fix, line=line)
    if kind != found:
        return Problem(
            ("kind",), f"{code} 是 {found}，不是 {kind!r}。", f"{code} is a {found}, not {kind!r}.",
            f"改为 {found}，或改正代码。", f"write {found}, or correct the code.", line=line,
        )  # fmt: skip
    if not name:
        return Problem(
            ("name",), f"{code} 没有名称。", f"{code} has no name.", "补写单位名称。", "write the unit's name.", line=line
        )  # fmt: skip
    if urban_rural_class and not re.fullmatch(r"1(11|12|21|22|23)|2(10|20)", urban_rural_class):
        return Problem(
            ("urban_rural_class",), f"没有城乡分类代码 {urban_rural_class}。", f"there is no urban–rural class {urban_rural_class}.",
            "改为 111、112、121、122、123、210、220 之一，或留空。",
            "write 111, 112, 121, 122, 123, 210 or 220, or leave it empty.", line=line,
        )  # fmt: skip
    return RosterUnit(code, name, found, urban_rural_class or None)


def _strays(units: dict[str, RosterUnit], lines: dict[str, int], listed: set[str]) -> list[Problem]:
    """Units whose township or county is not listed (a wrong line is named once, not again by all below it), and a second county."""
    counties = [code for code, unit in units.items() if unit.kind == "county"]
    problems = [
        Problem(
            ("code",), f"一份名册只列一个县，{code} 是第二个。", f"a roster lists one county, {code} is another.",
            "另一个县写另一份名册。", "write another roster for another county.", line=lines[code],
        )
        for code in counties[1:]
    ]  # fmt: skip
    for code in units:
        missing = [parent for parent in lineage(code)[1:] if parent not in listed]
        if missing:
            problems.append(Problem(
                ("code",), f"{code} 的上级 {missing[0]} 不在名册中。", f"{code} lies in {missing[0]}, which is not listed.",
                "补列上级单位，或改正代码。", "list the unit above it, or correct the code.", line=lines[code],
            ))  # fmt: skip
    return problems
