"""Versions of a contract: how what was reported in an earlier one reads in the newest.

What is recorded is never rewritten, and departments' systems go on reporting in the version they were written for. So a type whose shape
has to change keeps its earlier shapes, and says of each what its payload goes through to be one of the next version: by steps, which are
data, so that every reader takes the same ones (`shared.contracts.parse_fact`; the second engine by a table expression). Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Renamed:
    """The field has another name now."""

    field: str
    to: str


@dataclass(frozen=True, slots=True)
class Given:
    """A field that there was not: what holds of everything reported before. One that may be left out needs no step."""

    field: str
    value: str | int


@dataclass(frozen=True, slots=True)
class Reworded:
    """A word of the field, or of the list it is, is another one now; the others stay."""

    field: str
    words: tuple[tuple[str, str], ...]
    """(earlier, now)."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The field is said no more."""

    field: str


Step = Renamed | Given | Reworded | Dropped


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier version of a type, in which facts are reported and recorded still."""

    shape: type[BaseModel]
    """Its class, a `Fact` with the type and that version; it stays as it was published."""
    steps: tuple[Step, ...]
    """What its payload goes through to be one of the next version."""


def upcast(data: Mapping[str, Any], steps: Iterable[Step]) -> dict[str, Any]:
    """A payload after some steps."""
    found = dict(data)
    for step in steps:
        match step:
            case Renamed():
                if step.field in found:
                    found[step.to] = found.pop(step.field)
            case Given():
                found[step.field] = step.value
            case Reworded():
                if step.field in found:
                    found[step.field] = _reworded(found[step.field], dict(step.words))
            case Dropped():
                found.pop(step.field, None)
            case _:
                assert_never(step)
    return found


def fields_touched(steps: Iterable[Step]) -> frozenset[str]:
    """The fields that steps write, rename or drop, under each of their names."""
    return frozenset(name for step in steps for name in ((step.field, step.to) if isinstance(step, Renamed) else (step.field,)))


def _reworded(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, list | tuple):
        return [_reworded(each, words) for each in value]
    return words.get(value, value) if isinstance(value, str) else value
