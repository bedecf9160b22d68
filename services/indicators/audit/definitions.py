"""The declarations as data: what was computed, so that whoever reads them later can tell whether they would compute the same, and can
compute it still where the catalogue says something else by then.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
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
    measures_in,
    with_measures,
)
from services.indicators.catalog.duties import DUTY_STANDINGS
from services.indicators.figures import Expression, Figure, Indicator, Variant
from services.indicators.measures.declarations import KINDS, as_data, declared
from services.indicators.measures.kinds import KIND_REVISIONS, Measure, selections
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


def other_definitions(text: bytes) -> list[str]:
    """Which of a bundle's definitions are not this kaiye's, and which of this kaiye's the bundle lacks: `indicator/variant`, or a measure's
    name. A declaration counts with its digest: who reads it must not read another one than was computed. Raises ValueError for what is no
    definitions file.
    """
    theirs, ours = _named(text), _named(definitions())
    return [name for name in (*ours, *(name for name in theirs if name not in ours)) if theirs.get(name) != ours.get(name)]


_WORDS: Final = frozenset({"zh", "en", "clause", "quote", "meaning", "note", "noted_for", "unit_of_measure", "variants"})
"""What of a declaration decides nothing of what a row comes to and how it is judged."""


def _named(text: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(text)
        found = {
            f"{indicator['id']}/{variant['name']}": [{name: each[name] for name in each.keys() - _WORDS} for each in (indicator, variant)]
            for indicator in said["indicators"] for variant in indicator["variants"]
        }  # fmt: skip
        return {**found, **said["measures"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no definitions: {error!r}") from error


_ROW_KINDS: Final = dict(KINDS) | {
    kind.__name__: kind for kind in (*get_args(Figure), *(each for each in get_args(Expression) if each not in get_args(Measure)))
}
"""What declarations of rows are made of, by name."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_.]{0,99}")
"""What a measure may be called: names become part of queries."""
Row = tuple[str, str]
"""(indicator, variant)."""


@dataclass(frozen=True)
class Declared:
    """What a file of declarations says, and what this release can make of it."""

    release: Release
    """As far as this one can compute what that one did: a declaration, with everything else that decides what it comes to, has the digest
    it had. In place of the others stand today's, where there are such.
    """
    written: Release
    """As its declarations read, whatever else decided what they came to: to read figures off entries of then."""
    measures: Mapping[str, str]
    """The digest that each measure had."""
    rows: Mapping[Row, str]
    """The digest that each row's figure had."""
    unfollowed: frozenset[Row]
    """The rows that this release cannot compute as that one did."""
    duties_followed: bool
    others: tuple[str, ...]
    """What is declared otherwise than today, as `other_definitions` names it."""


@lru_cache(maxsize=8)
def read_declarations(text: bytes) -> Declared:
    """What `definitions` wrote. Raises ValueError for what is none."""
    try:
        said = orjson.loads(text)
        digests = {name: str(each["definition"]) for name, each in said["measures"].items()}
        rows = {(str(each["id"]), str(row["name"])): str(row["definition"]) for each in said["indicators"] for row in each["variants"]}
        followed, written = (_Reading(said, digests, followed=followed) for followed in (True, False))
        release = Release(tuple(followed.indicators), followed.measures.get(BENCHMARKS.name, BENCHMARKS))
        as_written = Release(tuple(written.indicators), written.measures.get(BENCHMARKS.name, BENCHMARKS))
        return Declared(
            release, as_written, digests, rows, frozenset(rows) - followed.read, DUTY_STANDINGS.name in followed.measures,
            tuple(other_definitions(text)),
        )  # fmt: skip
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no definitions: {error!r}") from error


class _Reading:
    """The declarations of a file, one by one: what cannot be read is today's, or is not there. `followed`: only with the digest it had."""

    def __init__(self, said: Mapping[str, Any], digests: Mapping[str, str], *, followed: bool) -> None:
        """`digests`: those that the measures had."""
        self._followed = followed
        self._digests = digests
        self.measures = dict(self._measures(said["measures"]))
        self.read: set[Row] = set()
        """The rows that were read, with all that decides them."""
        self.indicators = [each for each in map(self._indicator, said["indicators"]) if each is not None]

    def _measures(self, said: Mapping[str, Any]) -> Iterator[tuple[str, Measure]]:
        for name, data in said.items():
            with suppress(LookupError, TypeError, AttributeError, ArithmeticError):
                measure = declared({field: value for field, value in data.items() if field != "definition"}, KINDS)
                relations = all(select.relation in RELATIONS for select in selections(measure))
                if measure.name != name or not _NAME.fullmatch(name) or not relations:
                    continue
                if not self._followed or digest_of(measure) == self._digests[name]:
                    yield name, measure

    def _indicator(self, said: Mapping[str, Any]) -> Indicator | None:
        today = next((indicator for indicator in TODAY.indicators if indicator.id == said["id"]), None)
        there = set(self.read)
        variants = tuple(filter(None, (self._variant(said["id"], variant, today) for variant in said["variants"])))
        try:
            return Indicator(**{name: declared(value, {}) for name, value in said.items() if name != "variants"}, variants=variants)
        except (LookupError, TypeError):
            self.read = there
            return None if today is None else replace(today, variants=variants)

    def _variant(self, id: str, said: Mapping[str, Any], today: Indicator | None) -> Variant | None:
        with suppress(LookupError, TypeError, AttributeError, ArithmeticError):
            variant = Variant(**{name: declared(value, _ROW_KINDS, self.measures) for name, value in said.items() if name != "definition"})
            # Where every measure is as it was, so is the figure that is made of them.
            known = all(digest_of(measure) == self._digests[measure.name] for measure in measures_in(variant.figure))
            if figure_digest(variant.figure) == said["definition"] or not (self._followed or known):
                self.read.add((id, variant.name))
                return variant
        found = (variant for variant in (today.variants if today is not None else ()) if variant.name == said["name"])
        return next((with_measures(variant, self.measures) for variant in found), None)
