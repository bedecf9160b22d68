"""The columns of a fact's spreadsheet, made from the fact's class: adding an event type adds its template.

A list of plain values is one cell, its values separated by `；`. A list of things that have fields of their own (founders, scores) is
numbered groups of columns: 创业者1身份证号, 创业者1人员类别, 创业者2身份证号 … as many as a file has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, Literal, get_args, get_origin
from unicodedata import normalize

from pydantic import BaseModel, StringConstraints

from deploy.spreadsheets.words import DAY_ZH, ID_ZH, REASON, choice_zh, field_zh
from shared.contracts import FACTS, AnyFact
from shared.contracts.base import Evidence, Fact, Names, Placed, flattened, shape_in

CellKind = Literal["text", "code", "unit", "entity", "person", "day", "whole", "money", "decimal", "flag", "choice"]
"""How a cell is read: `code` an identifier of the department's own, `unit` and `entity` national codes, `person` a resident id or
a pseudonym, `money` yuan (kept in fen), `choice` one of a few words."""

GROUPS: Final = 3
"""So many numbered groups a template offers; a file may have more."""
_REMARK: Final = re.compile(r"\([^()]*\)$")
_UNIT_PATTERN: Final = "^[0-9]{12}$"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    field: str
    """The fact's field; `occurred` and `id` for the two that stand beside the facts' own."""
    zh: str
    kind: CellKind
    required: bool
    many: bool = False
    """Several values in one cell."""
    choices: tuple[tuple[str, str], ...] = ()
    """Chinese word and the contract's."""
    number: int = 0
    """Which group of a list, from 1; 0 for none."""
    part: str = ""
    """The field within a group's thing."""

    @property
    def key(self) -> str:
        """Its name in the contract's words: `passed`, `founders.1.person`."""
        return f"{self.field}.{self.number}.{self.part}" if self.part else self.field


DAY_COLUMN: Final = Column("occurred", DAY_ZH, "day", required=True)
ID_COLUMN: Final = Column("id", ID_ZH, "code", required=False)


def reportable() -> tuple[type[AnyFact], ...]:
    """The facts that people report by spreadsheet: all but what kaiye records about itself (publications, rulings, exports)."""
    return tuple(fact for fact in FACTS if not fact.__module__.endswith(".office"))


@cache
def columns_of(fact: type[Fact], groups: int = GROUPS) -> tuple[Column, ...]:
    """Every column of a fact's template, in its order: the day, the fact's own fields, where and by which documents, the id."""
    own = [name for name in fact.model_fields if name not in Fact.model_fields]
    fields = (*own, *(name for name in Fact.model_fields if name in fact.model_fields))
    return (DAY_COLUMN, *(column for name in fields for column in _columns(fact, name, groups)), ID_COLUMN)


@dataclass(frozen=True, slots=True)
class Header:
    """What the names in a file's header mean."""

    columns: dict[int, Column]
    """By place, from 0."""
    unknown: tuple[str, ...]
    """Names of no column of this fact."""
    twice: tuple[str, ...]
    """Names of a column that an earlier name means already."""

    missing: int
    """How many columns that must be filled in are not there."""


def read_header(fact: type[Fact], names: Sequence[str]) -> Header:
    """Which column of a file is which, by the names in its header: with or without the remark in brackets, in any form of brackets.

    Only the id needs its remark: 编号 alone is what people call a count of their rows, which begins anew in every file.
    """
    known = _spellings(fact)
    found: dict[int, Column] = {}
    unknown, twice = list[str](), list[str]()
    for at, name in enumerate(names):
        plain = _plain(name)
        column = known.get(plain)
        if column is None and (match := re.search(r"[1-9][0-9]{0,2}", plain)):
            group = known.get(f"{plain[: match.start()]}1{plain[match.end() :]}")
            if group is not None and group.number:
                column = replace(group, number=int(match.group()), zh=plain)
        if column is None:
            unknown += [name] if plain and name != REASON else []
        elif (column.field, column.number, column.part) in {(each.field, each.number, each.part) for each in found.values()}:
            twice.append(name)
        else:
            found[at] = column
    fields = {(column.field, column.part) for column in found.values()}
    wanted = [(column.field, column.part) for column in columns_of(fact, 1) if column.required]
    placed = not issubclass(fact, Placed) or not fields.isdisjoint({("unit", ""), ("park", "")})
    return Header(found, tuple(unknown), tuple(twice), sum(each not in fields for each in wanted) + (not placed))


def alike(fact: type[Fact], name: str) -> str | None:
    """The column that somebody may have meant by a name that is none's."""
    found = get_close_matches(_plain(name), _spellings(fact), n=1)
    return _spellings(fact)[found[0]].zh if found else None


@cache
def _spellings(fact: type[Fact]) -> dict[str, Column]:
    whole = {_plain(spelling): column for column in columns_of(fact, 1) for spelling in (column.zh, column.key)}
    return {_REMARK.sub("", spelling): column for spelling, column in whole.items() if column != ID_COLUMN} | whole


def _plain(name: str) -> str:
    return re.sub(r"[\s*]", "", normalize("NFKC", name))


def version_of(fact: type[Fact], header: Sequence[str]) -> int:
    """In which version of a fact a file was made: the newest one all of whose columns that must be filled are there. Where there is none,
    that of which most are: whoever kept a template of an earlier release is told what is wrong in its words.
    """
    return min(range(fact.version, 0, -1), key=lambda version: read_header(shape_in(fact, version), header).missing)


def _columns(model: type[BaseModel], name: str, groups: int) -> Iterator[Column]:
    field = model.model_fields[name]
    things = [kind for kind in flattened(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    if not things or things == [Evidence]:
        yield _column(model, name)
        return
    (thing,) = things
    for number in range(1, groups + 1):
        for part in thing.model_fields:
            column = _column(thing, part)
            zh = f"{_zh(model, name)}{number}{column.zh}"
            required = column.required and field.is_required() and number == 1
            yield replace(column, field=name, number=number, part=part, zh=zh, required=required)


def _column(model: type[BaseModel], name: str) -> Column:
    field = model.model_fields[name]
    marks = [*field.metadata, *flattened(field.annotation)]
    choices = next((get_args(mark) for mark in marks if get_origin(mark) is Literal), ())
    words = tuple((choice_zh(name, each), each) for each in choices)
    return Column(name, _zh(model, name), _kind(name, marks), field.is_required(), tuple in marks, words)


def _zh(model: type[BaseModel], name: str) -> str:
    return field_zh(model.type if issubclass(model, Fact) else None, name)


def _kind(name: str, marks: Sequence[Any]) -> CellKind:
    names = {mark.kind for mark in marks if isinstance(mark, Names)}
    patterns = {str(mark.pattern) for mark in marks if isinstance(mark, StringConstraints) and mark.pattern is not None}
    kinds: Mapping[CellKind, bool] = {
        "choice": any(get_origin(mark) is Literal for mark in marks),
        "person": "person" in names, "entity": "entity" in names, "unit": _UNIT_PATTERN in patterns,
        "flag": bool in marks, "day": date in marks, "decimal": Decimal in marks,
        "money": name.endswith("_fen"), "whole": int in marks, "code": bool(patterns),
    }  # fmt: skip
    return next((kind for kind, holds in kinds.items() if holds), "text")
