"""Declarations as data, and back: what figures were computed by stays readable when the catalogue says something else."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import orjson

from services.indicators.measures.kinds import KIND_REVISIONS, Happened, Holding, Measure
from services.indicators.measures.rows import Predicate, Select

KINDS: Mapping[str, type] = {kind.__name__: kind for kind in (*KIND_REVISIONS, Happened, Holding, Select, Predicate, Decimal)}
"""What declarations of measures are made of, by name."""
_NO_MEASURES: Mapping[str, Measure] = {}


def written(measure: Measure) -> str:
    """A declaration as JSON: the name of its kind beside its fields, and so for all within it."""
    return orjson.dumps(as_data(measure)).decode()


def read(text: str) -> Measure:
    """The declaration that was written. Raises ValueError where it has kinds or fields that this release does not know."""
    try:
        measure = declared(orjson.loads(text), KINDS)
        if isinstance(measure, Measure):
            return measure
        raise TypeError(f"no measure: {text[:80]}")
    except (KeyError, TypeError) as error:
        raise ValueError(f"no declaration of this release: {error!r}") from error


def as_data(value: Any, *, named: bool = False) -> Any:
    """A declaration as what JSON has: the name of its kind beside its fields. `named`: the measures within it by their names alone."""
    if isinstance(value, tuple):
        return [as_data(each, named=named) for each in value]
    if isinstance(value, Decimal):
        return {"kind": "Decimal", "value": str(value)}
    if named and isinstance(value, Measure):
        return {"measure": value.name}
    if not is_dataclass(value):
        return value
    return {"kind": type(value).__name__} | {field.name: as_data(getattr(value, field.name), named=named) for field in fields(value)}


def declared(data: Any, kinds: Mapping[str, type], measures: Mapping[str, Measure] = _NO_MEASURES) -> Any:
    """The declaration that data stands for, by the kinds there are and the measures it may name. Raises KeyError and TypeError where it
    has others, or other fields.
    """
    match data:
        case list():
            return tuple(declared(each, kinds, measures) for each in data)
        case {"measure": name}:
            return measures[name]
        case dict():
            return kinds[data["kind"]](**{name: declared(each, kinds, measures) for name, each in data.items() if name != "kind"})
        case _:
            return data
