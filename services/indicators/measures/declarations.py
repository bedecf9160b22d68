"""Declarations of measures as text, and back: what a version was computed by stays readable when the catalogue says something else."""

from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

import orjson

from services.indicators.measures.kinds import KIND_REVISIONS, Happened, Holding, Measure
from services.indicators.measures.rows import Predicate, Select

_BY_NAME: dict[str, type] = {kind.__name__: kind for kind in (*KIND_REVISIONS, Happened, Holding, Select, Predicate, Decimal)}


def written(measure: Measure) -> str:
    """A declaration as JSON: the name of its kind beside its fields, and so for all within it."""
    return orjson.dumps(_data(measure)).decode()


def read(text: str) -> Measure:
    """The declaration that was written. Raises ValueError where it has kinds or fields that this release does not know."""
    try:
        measure = _value(orjson.loads(text))
        if isinstance(measure, Measure):
            return measure
        raise TypeError(f"no measure: {text[:80]}")
    except (KeyError, TypeError) as error:
        raise ValueError(f"no declaration of this release: {error!r}") from error


def _data(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_data(each) for each in value]
    if isinstance(value, Decimal):
        return {"kind": "Decimal", "value": str(value)}
    if not is_dataclass(value):
        return value
    return {"kind": type(value).__name__} | {field.name: _data(getattr(value, field.name)) for field in fields(value)}


def _value(data: Any) -> Any:
    match data:
        case list():
            return tuple(_value(each) for each in data)
        case dict():
            return _BY_NAME[data["kind"]](**{name: _value(each) for name, each in data.items() if name != "kind"})
        case _:
            return data
