"""What an archived fact looks like as a row: the columns of each type of fact, as its contract declares them.

Every table of facts begins with the same columns, whose names and meanings are `ENVELOPE`; its payload follows, field by field.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from shared.contracts.base import Fact

Scalar = Literal["text", "whole", "flag", "day", "instant", "decimal"]
"""Text, a whole number, true or false, a day, an instant (UTC, to the microsecond), and a number with at most eighteen decimals."""


@dataclass(frozen=True, slots=True)
class Structure:
    """Named fields, each of a type of its own, and what stands in those that may be left out, other than null."""

    fields: tuple[tuple[str, "ColumnType"], ...]
    defaults: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A list whose order says nothing: it is put in order, and each of its members stands once."""

    of: "ColumnType"


ColumnType = Scalar | Structure | Listed

ENVELOPE: dict[str, ColumnType] = {
    "position": "whole",
    "revision": "whole",
    "recorded": "instant",
    "known": "day",
    "source": "text",
    "id": "text",
    "occurred": "day",
}
"""`position`: of the record that began the fact, within its service. `revision`: of the record that says what stands here, the same or a
correction's. `recorded`: the instant the fact was first recorded. `known`: the day on which this revision became known.
`source`, `id`: who first reported it and under which id. `occurred`: the day it is about, as this revision has it.
"""

ASKED = "asked"
"""Beside the tables of facts: the table of one row that says as known on which day they are in force."""
CONTESTED: dict[str, ColumnType] = {
    "service": "whole", "type": "text", "position": "whole", "revision": "whole", "known": "day", "key": "whole", "content": "whole",
    "supersedes": "flag",
}  # fmt: skip
"""What is said by several records of the same fact, whatever became of them: `key` tells which fact of a service's, `content` what is
said, both by the first revision that says it, which is of one type; `supersedes`: the last of them counts instead of the first. By `type`
what is told of one is written anew. A few facts more may stand there.
"""


@cache
def payload(fact: type[Fact]) -> dict[str, ColumnType]:
    """The columns of a type's payload, in the order of its contract. A field with the name of an envelope's column has `of_` before it: a
    ruling's `of_source` is the source of the report it rules on.
    """
    return {column_name(name): _column(field.annotation) for name, field in fact.model_fields.items()}


UNREAD = "evidence"
"""The column that no figure depends on: it stays in the archive."""


@cache
def columns_read(fact: type[Fact]) -> dict[str, ColumnType]:
    """The columns of a type that figures are computed from, the envelope's among them."""
    return {name: of for name, of in (ENVELOPE | payload(fact)).items() if name != UNREAD}


def column_name(field: str) -> str:
    """The column of a payload's field."""
    return f"of_{field}" if field in ENVELOPE else field


@cache
def defaults(fact: type[Fact]) -> dict[str, Any]:
    """What stands in the columns of fields that a report may leave out, other than null."""
    return {column_name(name): default for name, default in _defaults(fact).items()}


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    return {name: field.default for name, field in model.model_fields.items() if not field.is_required() and field.default is not None}


def table_name(fact: type[Fact]) -> str:
    """The name of a type's table: its own, with an underscore for the dot."""
    return fact.type.replace(".", "_")


def _column(annotation: Any) -> ColumnType:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _column(get_args(annotation)[0])
    if origin in (Union, UnionType):
        (inner,) = (each for each in get_args(annotation) if each is not type(None))
        return _column(inner)
    if origin is Literal:
        return "text"
    if origin is tuple:
        return Listed(_column(get_args(annotation)[0]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = tuple((name, _column(field.annotation)) for name, field in annotation.model_fields.items())
        return Structure(fields, tuple(_defaults(annotation).items()))
    return _SCALARS[annotation]


_SCALARS: dict[Any, Scalar] = {str: "text", int: "whole", bool: "flag", date: "day", Decimal: "decimal"}
