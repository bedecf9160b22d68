"""The declarations as data: what was computed, so that whoever reads a bundle later can tell whether they would compute the same."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import orjson

from services.indicators.audit.relational.compiled import made_from
from services.indicators.catalog import BENCHMARKS, CATALOG, MEASURES, RULINGS_REVISION, figure_digest, measure_digest
from services.indicators.figures import Indicator, Variant
from services.indicators.measures.kinds import KIND_REVISIONS, Measure
from services.indicators.relations import RELATIONS

VERSION = version("kaiye")
"""Of this kaiye."""


def definitions() -> bytes:
    """What this kaiye computes, as JSON: its version, the digest of the second engine's program, the relations by name with their
    revisions, every measure and every figure as declared with its digest. The same each time.
    """
    said = {
        "kaiye": VERSION,
        "program": made_from(),
        "rulings": RULINGS_REVISION,
        "kinds": {kind.__name__: revision for kind, revision in KIND_REVISIONS.items()},
        "relations": {
            name: {"subject": relation.subject, "shape": relation.shape, "revision": relation.revision, "meaning": relation.meaning}
            for name, relation in RELATIONS.items()
        },
        "measures": {name: {"definition": measure_digest(name), **_fields(measure)} for name, measure in MEASURES.items()},
        "benchmarks": BENCHMARKS.name,
        "indicators": [_indicator(each) for each in CATALOG],
    }
    return orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n"


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return {**_fields(indicator, "Indicator", ("variants",)), "variants": [_variant(variant) for variant in indicator.variants]}


def _variant(variant: Variant) -> dict[str, Any]:
    return {**_fields(variant, "Variant"), "definition": figure_digest(variant.figure)}


def _fields(declaration: Any, plain: str = "", without: tuple[str, ...] = ()) -> dict[str, Any]:
    """A declaration's fields; which kind of declaration it is stands first, unless it can only be one."""
    kind = type(declaration).__name__
    said: dict[str, Any] = {} if kind == plain else {"kind": kind}
    return said | {field.name: _data(getattr(declaration, field.name)) for field in fields(declaration) if field.name not in without}


def _data(value: Any) -> Any:
    """A declaration within another; a measure by its name."""
    if isinstance(value, Measure):
        return {"measure": value.name}
    if isinstance(value, tuple):
        return [_data(each) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    return _fields(value) if is_dataclass(value) else value


def other_definitions(text: bytes) -> list[str]:
    """Which of a bundle's definitions are not this kaiye's, and which of this kaiye's the bundle lacks: `indicator/variant`, or a measure's
    name. A declaration counts with its digest: who reads it must not read another one than was computed. Raises ValueError for what is no
    definitions file.
    """
    theirs, ours = _declared(text), _declared(definitions())
    return [name for name in (*ours, *(name for name in theirs if name not in ours)) if theirs.get(name) != ours.get(name)]


def _declared(text: bytes) -> dict[str, Any]:
    try:
        return dict(_named(orjson.loads(text)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no definitions: {error!r}") from error


def _named(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for indicator in said["indicators"]:
        for variant in indicator["variants"]:
            yield f"{indicator['id']}/{variant['name']}", [variant[name] for name in ("definition", "figure", "incomplete")]
    yield from said["measures"].items()
