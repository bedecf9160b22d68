"""What contracts and services say of a row, in the words of its columns, and the cell that they mean."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from deploy.spreadsheets.columns import Column, columns_of
from deploy.spreadsheets.words import field_zh
from shared.answers import Answer
from shared.contracts.base import Fact
from shared.write_service.reasons import CONFLICT

Location = tuple[int | str, ...]
"""Where something stands in a fact: `("founders", 1, "person")`. A list's place counts from 0."""
Groups = Mapping[str, Sequence[int]]
"""Of every list of things that have fields of their own: the numbers of the groups that are filled, in their order."""
_PATH: Final = re.compile(
    r"(?:字段 ?)?(?<![A-Za-z0-9_.])(?:data\.)?([a-z][a-z0-9_]*)(?:\[([0-9]+)\])?(?:\.([a-z][a-z0-9_]*))?(?![A-Za-z0-9_]) ?"
)
_RECEIVED: Final = "，收到 "
_NEXT: Final = re.compile(r"(?=；字段 )")
"""Where what is wrong with the next field begins."""
_WORD: Final = re.compile(r"[A-Za-z0-9_-]+")
_SHORT_DIGITS: Final = 5
"""A number of fewer digits may be a position or a count as well."""


def column_named(fact: type[Fact], location: Location, groups: Groups) -> str | None:
    """The title of the column in which something stands; None where no column is meant."""
    of_field = [column for column in columns_of(fact, 1) if location and column.field == location[0]]
    if not of_field or not of_field[0].number:
        return of_field[0].zh if of_field else None
    name, numbers = of_field[0].field, groups.get(of_field[0].field, ())
    index = location[1] if len(location) > 1 else None
    group = f"{field_zh(fact.type, name)}{numbers[index] if isinstance(index, int) and index < len(numbers) else ''}"
    return group + next((field_zh(None, column.part) for column in of_field if column.part in location[2:]), "")


def place_named(columns: Mapping[int, Column], location: Location, groups: Groups) -> int | None:
    """The cell in which something stands. Groups that are left out empty count in their numbers, and not in the fact's list."""
    of_field = [(at, column) for at, column in columns.items() if location and column.field == location[0]]
    if not of_field or not of_field[0][1].number:
        return of_field[0][0] if of_field else None
    if len(location) < 3 or not isinstance(index := location[1], int) or index >= len(groups.get(str(location[0]), ())):
        return None
    number = groups[str(location[0])][index]
    return next((at for at, column in of_field if (column.part, column.number) == (location[2], number)), None)


def in_columns_words(fact: type[Fact], zh: str, groups: Groups) -> tuple[str, Location]:
    """A sentence with the columns' titles in place of the fields' names, and the first of the fields that it named."""
    named: list[Location] = []

    def title(path: re.Match[str]) -> str:
        location = _location(path)
        if (found := column_named(fact, location, groups)) is None:
            return path[0]
        named.append(location)
        return f"「{found}」"

    said = [each.partition(_RECEIVED) for each in _NEXT.split(zh)]
    return "".join(_PATH.sub(title, each) + received + value for each, received, value in said), named[0] if named else ()


def told_of(
    fact: type[Fact], columns: Mapping[int, Column], groups: Groups, values: Mapping[int, Sequence[str]], answer: Answer
) -> tuple[int | None, str, str]:
    """The cell that an answer is about, where that can be known, and what it says. `values` are the codes that stand in the row's cells."""
    zh, location = in_columns_words(fact, answer.zh, groups)
    at = place_named(columns, location, groups)
    if answer.code == CONFLICT:
        at = next((place for place, column in columns.items() if column.field == "id"), None)
    elif at is None:
        words = {word for word in _WORD.findall(answer.en) if not (word.isdigit() and len(word) < _SHORT_DIGITS)}
        at = next((place for place in values if not words.isdisjoint(values[place])), None)
    if at is not None and not location:
        zh = f"{columns[at].zh}：{zh}"
    return at, zh, f"{answer.code}: {answer.en}"


def codes_in(columns: Mapping[int, Column], values: Mapping[int, Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The cells in which codes stand, and these."""
    for at, value in values.items():
        if columns[at].kind in {"code", "unit", "entity", "person"}:
            yield at, tuple(map(str, value if isinstance(value, list) else (value,)))


def _location(path: re.Match[str]) -> Location:
    field, index, part = path.groups()
    return (field, *(() if index is None else (int(index),)), *(() if part is None else (part,)))
