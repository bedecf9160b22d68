"""Reading a TOML file that people write by hand: as a model, or everything that is wrong in it with its line, its clause and the fix."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.indicators.evaluation.problems import Path, Problem

_Model = TypeVar("_Model", bound=BaseModel)


def read_toml(text: str, model: type[_Model], keys: Collection[str]) -> tuple[_Model | None, tuple[Problem, ...]]:
    """The text as a model, or what keeps it from being one; `keys` are all that such a file can have. No model without a problem."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, (_not_toml(error, text),)
    try:
        return model.model_validate(data), ()
    except ValidationError as error:
        other = _of_another_kind(data, model)
        return None, locate(_misshapen(error, data, keys) if other is None else [other], text)


def keys_of(*models: type[BaseModel]) -> tuple[str, ...]:
    """Every key that these may have, in order."""
    return tuple(sorted({field.alias or name for model in models for name, field in model.model_fields.items()}))


def locate(problems: Iterable[Problem], text: str) -> tuple[Problem, ...]:
    """The same problems with their lines and clauses, in the order of the file."""
    lines, data = lines_of(text), tomllib.loads(text)
    located = (
        replace(problem, line=_line(problem.path, lines), clause=_clause(problem.path, data) or problem.clause) for problem in problems
    )
    return tuple(sorted(located, key=lambda problem: problem.line or 0))


# ---- where things stand in the text

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_DOTTED})\s*\]\]?")
_ASSIGNMENT = re.compile(rf"^\s*({_DOTTED})\s*=\s*(.*)$")


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of every table and every key that starts a line. `tomllib` tells no lines, so they are found beside it."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if closing:
            closing = "" if closing in line else closing
        elif header := _HEADER.match(line):
            table = _table(_steps(header[2]), header[1] == "[[", counts)
            found.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            found[table + _steps(assignment[1])] = number
            quotes = assignment[2][:3]
            if quotes in ('"""', "'''") and quotes not in assignment[2][3:]:
                closing = quotes
    return found


def _steps(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, dotted))


def _table(steps: tuple[str, ...], in_array: bool, counts: dict[Path, int]) -> Path:
    """The path a header opens: names of arrays of tables stand for their newest entry."""
    path: Path = ()
    for position, step in enumerate(steps, start=1):
        path = (*path, step)
        if in_array and position == len(steps):
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _line(path: Path, lines: Mapping[Path, int]) -> int | None:
    """The line of a path, or of the nearest thing around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _clause(path: Path, data: Any) -> str | None:
    """The clause of the innermost entry around a path that names one."""
    clause: str | None = None
    for step in (*path, ""):
        if isinstance(data, dict) and isinstance(data.get("clause"), str):
            clause = data["clause"]
        data = _inside(data, step)
    return clause


# ---- what the reader's own errors mean to the person who writes the file


def _not_toml(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    at = re.search(r"at line (\d+)", str(error))
    return Problem(
        (), "不是合法的 TOML。", f"not valid TOML: {error}.",
        "每行写成 名称 = 值，文字加引号，日期写成 2025-03-15。", 'write name = value, texts in quotes, days as 2025-03-15.',
        line=int(at[1]) if at else len(text.splitlines()) or 1,
    )  # fmt: skip


_KINDS: Final = {"phases": ("方案文件", "a plan"), "systems": ("评分表", "a scoring sheet")}
"""What a file is, by a key that files of its kind have, and others have not."""


def _of_another_kind(data: Mapping[str, Any], model: type[BaseModel]) -> Problem | None:
    """That the whole file is one of another kind; then what else is wrong in it says nothing."""
    own = next(key for key in _KINDS if key in model.model_fields)
    found = next((key for key in _KINDS if key != own and key in data), None)
    if own in data or found is None:
        return None
    (zh, en), (wanted_zh, wanted_en) = _KINDS[found], _KINDS[own]
    return Problem(
        (found,), f"这是{zh}，不是{wanted_zh}。", f"this is {en}, not {wanted_en}.",
        f"请给出{wanted_zh}。", f"give the file of {wanted_en}.",
    )  # fmt: skip


def _misshapen(error: ValidationError, data: Any, keys: Collection[str]) -> list[Problem]:
    """One problem per place: a value that may be one of two things fails twice."""
    problems: dict[Path, Problem] = {}
    for detail in error.errors():
        path = _in_file(detail["loc"], data)
        problems.setdefault(path, _explain(path, detail, keys))
    return list(problems.values())


def _in_file(loc: Path, data: Any) -> Path:
    """The path without what pydantic appends below a value: the alternative that failed (`value.decimal`)."""
    path: Path = ()
    for step in loc:
        if not isinstance(data, dict | list):
            break
        path = (*path, step)
        data = _inside(data, step)
    return path


def _inside(data: Any, step: str | int) -> Any:
    """What stands at one step, None where the file has nothing there."""
    if isinstance(data, dict):
        return data.get(step)
    return data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None


def _explain(path: Path, detail: ErrorDetails, keys: Collection[str]) -> Problem:
    key, kind, given = str(path[-1]), detail["type"], detail.get("input")
    match kind:
        case "missing":
            return Problem(path, f"缺少“{key}”。", f'"{key}" is missing.', f"补写 {key} = … 。", f"add {key} = ….")
        case "extra_forbidden":
            near = get_close_matches(key, keys, n=1)
            return Problem(
                path, f"没有“{key}”这一项。", f'there is no "{key}".',
                f"改为 {near[0]}。" if near else "删去这一行。", f"write {near[0]}." if near else "delete this line.",
            )  # fmt: skip
        case "literal_error" | "enum":
            expected = detail["ctx"]["expected"]
            return Problem(
                path, f"“{key}”不能是 {given!r}。", f'"{key}" cannot be {given!r}.', f"改为 {expected} 之一。", f"write one of {expected}."
            )
        case "value_error":
            own_en, _, own_zh = str(detail["ctx"]["error"]).partition(" / ")
            return Problem(path, f"“{key}”的值不合要求：{given!r}。", f'"{key}" is {given!r}.', f"{own_zh or own_en}。", f"{own_en}.")
        case _:
            wanted_zh, wanted_en = _wanted(kind, detail)
            return Problem(path, f"“{key}”的值不合要求：{given!r}。", f'"{key}" cannot be {given!r}.', f"{wanted_zh}。", f"{wanted_en}.")


def _wanted(kind: str, detail: ErrorDetails) -> tuple[str, str]:
    if kind.startswith("date"):
        return "写成不加引号的日期，如 2025-03-15", "write a day without quotes, such as 2025-03-15"
    if kind.startswith("decimal") or kind == "finite_number":
        return '写成加引号的数值，如 "0.95"', 'write a number in quotes, such as "0.95"'
    if kind == "string_pattern_mismatch":
        return f"格式应为 {detail['ctx']['pattern']}", f"it must read {detail['ctx']['pattern']}"
    if kind in ("tuple_type", "list_type"):
        return "写成 [[名称]] 的若干段", "write it as [[name]] sections"
    return f"按此改正：{detail['msg']}", f"{detail['msg']}"
