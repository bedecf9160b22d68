"""Reading a scoring sheet: text → sheet, or everything that is wrong in it with its line, its item and the fix."""

import tomllib
from dataclasses import replace
from typing import Any, Final

from services.indicators.evaluation.county import BYTE_ORDER_MARK
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.plan_check import Judging
from services.indicators.evaluation.problems import FileProblems, Problem
from services.indicators.evaluation.sheet import SHEET_FILE, Item, ScoredSystem, Sheet
from services.indicators.evaluation.sheet_check import check_beside, check_sheet
from services.indicators.evaluation.toml_file import keys_of, locate, read_toml

_KEYS: Final = keys_of(Sheet, ScoredSystem, Item)


def checked_sheet(text: str, plan: Plan, rows: Judging, file: str = SHEET_FILE) -> Sheet:
    """A sheet from its text, beside a plan and the rows of the catalogue. Raises FileProblems."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    sheet, problems = read_toml(text, Sheet, _KEYS)
    if sheet is not None:
        problems = locate((*check_sheet(sheet), *check_beside(sheet, plan, rows)), text)
    if sheet is None or problems:
        raise FileProblems(file, _of_items(problems, text))
    return sheet


def _of_items(problems: tuple[Problem, ...], text: str) -> list[Problem]:
    """The same problems, each with the id of the item it is about."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return list(problems)
    return [replace(problem, item=_item(problem, data)) for problem in problems]


def _item(problem: Problem, data: dict[str, Any]) -> str | None:
    match problem.path:
        case ("items", int() as position, *_):
            id = data["items"][position].get("id")
            return id if isinstance(id, str) else None
        case _:
            return None
