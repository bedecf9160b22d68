"""The declarations as data: what was computed, so that whoever reads them later can tell whether they would compute the same, and can
compute it still where the catalogue says something else by then.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any, Final, get_args

import orjson

from services.indicators.audit.relational.compiled import made_from
from services.indicators.catalog import (
    BENCHMARKS,
    RULINGS_REVISION,
    TODAY,
    Release,
    digest_of,
    figure_digest,
    with_measures,
)
from services.indicators.figures import Expression, Figure, Indicator, Variant
from services.indicators.measures.declarations import KINDS, as_data, declared
from services.indicators.measures.kinds import KIND_REVISIONS, Measure
from services.indicators.relations import RELATIONS

VERSION = version("kaiye")
"""Of this kaiye."""


def definitions(release: Release = TODAY) -> bytes:
    """What a release computes, as JSON: this kaiye's version, the digest of the second engine's program, the relations by name with their
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
        "measures": {name: {"definition": digest_of(measure), **as_data(measure)} for name, measure in release.measures.items()},
        "benchmarks": BENCHMARKS.name,
        "indicators": [_indicator(each) for each in release.indicators],
    }
    return orjson.dumps(said, option=orjson.OPT_INDENT_2) + b"\n"


def _indicator(indicator: Indicator) -> dict[str, Any]:
    said: dict[str, Any] = as_data(replace(indicator, variants=()), named=True)
    del said["kind"]
    return said | {"variants": [_variant(variant) for variant in indicator.variants]}


def _variant(variant: Variant) -> dict[str, Any]:
    said: dict[str, Any] = as_data(variant, named=True)
    del said["kind"]
    return said | {"definition": figure_digest(variant.figure)}


def other_definitions(text: bytes, release: Release = TODAY) -> list[str]:
    """Which of a bundle's definitions are not a release's, and which of the release's the bundle lacks: `indicator/variant`, or a measure's
    name. A declaration counts with its digest: who reads it must not read another one than was computed. Raises ValueError for what is no
    definitions file.
    """
    theirs, ours = _declared(text), _declared(definitions(release))
    return [name for name in (*ours, *(name for name in theirs if name not in ours)) if theirs.get(name) != ours.get(name)]


def _declared(text: bytes) -> dict[str, Any]:
    try:
        return dict(_named(orjson.loads(text)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no definitions: {error!r}") from error


_INDICATOR_DECIDES: Final = ("behaviour", "window", "window_by_plan", "starts_from_eve", "units", "about", "benchmarked")
_VARIANT_DECIDES: Final = ("definition", "figure", "incomplete", "behaviour", "better", "window", "units")
"""What of a declaration decides what a row shows, and how it is judged. Its names, words and notes do not."""


def _named(said: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for indicator in said["indicators"]:
        for variant in indicator["variants"]:
            deciding = [indicator[name] for name in _INDICATOR_DECIDES], [variant[name] for name in _VARIANT_DECIDES]
            yield f"{indicator['id']}/{variant['name']}", deciding
    yield from said["measures"].items()


_ROW_KINDS: Final = dict(KINDS) | {
    kind.__name__: kind for kind in (*get_args(Figure), *(each for each in get_args(Expression) if each not in get_args(Measure)))
}
"""What declarations of rows are made of, by name."""


@cache
def release_of(text: bytes) -> Release:
    """The release whose definitions these are, as far as this one can compute what that one did: a declaration, with everything else that
    decides what it comes to, must have the digest it had. In place of the others stand today's, where there are such.

    Raises ValueError for what is no definitions file.
    """
    return _release(text, followed=True)


def release_as_written(text: bytes) -> tuple[Release, dict[str, str]]:
    """The same as far as its declarations can be read, whatever else decided what they came to, and of each measure the digest it had: to
    read figures off entries of then. Raises ValueError as above.
    """
    return _release(text, followed=False), {name: measure["definition"] for name, measure in orjson.loads(text)["measures"].items()}


def _release(text: bytes, *, followed: bool) -> Release:
    try:
        said = orjson.loads(text)
        measures = dict(_measures(said["measures"], followed=followed))
        indicators = tuple(_indicators(said["indicators"], measures, followed=followed))
        return Release(indicators, measures.get(said["benchmarks"], BENCHMARKS))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no definitions: {error!r}") from error


def _measures(said: Mapping[str, Any], *, followed: bool) -> Iterator[tuple[str, Measure]]:
    for name, data in said.items():
        with suppress(KeyError, TypeError, ArithmeticError):
            measure = declared({field: value for field, value in data.items() if field != "definition"}, KINDS)
            if isinstance(measure, Measure) and (digest_of(measure) == data["definition"] or not followed):
                yield name, measure


def _indicators(said: Iterable[Mapping[str, Any]], measures: Mapping[str, Measure], *, followed: bool) -> Iterator[Indicator]:
    for each in said:
        today = next((indicator for indicator in TODAY.indicators if indicator.id == each["id"]), None)
        variants = [_row(variant, today, measures, followed=followed) for variant in each["variants"]]
        plain = {name: declared(value, {}) for name, value in each.items() if name != "variants"}
        yield Indicator(**plain, variants=tuple(variant for variant in variants if variant is not None))


def _row(said: Mapping[str, Any], today: Indicator | None, measures: Mapping[str, Measure], *, followed: bool) -> Variant | None:
    with suppress(KeyError, TypeError, ArithmeticError):
        fields_ = {name: declared(value, _ROW_KINDS, measures) for name, value in said.items() if name != "definition"}
        variant = Variant(**fields_)
        if figure_digest(variant.figure) == said["definition"] or not followed:
            return variant
    found = (variant for variant in (today.variants if today is not None else ()) if variant.name == said["name"])
    return next((with_measures(variant, measures) for variant in found), None)
