"""Definitions of an earlier release that this one can follow still: what serves until its successor is built and agreed on. Pure.

Measures are data, so that most of what a release changes is a selection of rows: the earlier declaration, as it was written down, is folded
like any other while its successor is built. It must be all that decided the entries: where a kind, a relation or a ruling has another
revision, the digest says so, and the version cannot be followed. And figures must be read off it in the same way.
"""

from collections.abc import Mapping
from dataclasses import replace

from services.indicators.catalog import digest_of
from services.indicators.ledger import Entries, Folding
from services.indicators.measures.declarations import read
from services.indicators.measures.kinds import Measure, selections
from services.indicators.measures.rows import SubjectKind
from services.indicators.relations import RELATIONS
from services.indicators.versions import Definition, Version, Versions, fits

Previous = Mapping[int, Measure]
"""The declarations of versions that serve by an earlier definition, by number."""

_AS_READ = ("amount", "part", "key", "window", "value", "kinds")
"""What figures rely on, beside a measure's kind."""


def followable(versions: Versions, definitions: Mapping[str, Definition]) -> dict[int, Measure]:
    """The versions that serve by another definition than today's and can be followed."""
    found: dict[int, Measure] = {}
    for version in versions.in_state("serving"):
        if version.measure in definitions and not fits(version, definitions):
            before = _declared(version)
            if before is not None and _read_alike(before, read(definitions[version.measure].declaration)):
                found[version.number] = before
    return found


def _declared(version: Version) -> Measure | None:
    """What a version was computed by, if that is still all there is to it."""
    if version.declaration is None:
        return None
    try:
        measure = read(version.declaration)
        return measure if digest_of(measure) == version.definition else None
    except (ValueError, KeyError):  # a kind or relation that this release does not have
        return None


def _read_alike(one: Measure, other: Measure) -> bool:
    return type(one) is type(other) and all(getattr(one, name, None) == getattr(other, name, None) for name in _AS_READ)


def aside(name: str) -> str:
    """What a previous declaration is called where today's has the measure's name."""
    return f"{name} (previous)"


def folding_both(foldings: Mapping[SubjectKind, Folding], previous: Previous) -> dict[SubjectKind, Folding]:
    """Foldings of today's measures and of the previous ones, which stand aside."""
    found = dict(foldings)
    for measure in previous.values():
        (kind,) = {RELATIONS[select.relation].subject for select in selections(measure)}
        there = found[kind]
        found[kind] = Folding((*there.measures, replace(measure, name=aside(measure.name))), there.relations)
    return found


def serving_entries(entries: Entries, versions: Versions, previous: Previous) -> Entries:
    """Of what was folded, that which serves: of measures with a previous version, that one's, by the measure's name."""
    before = {aside(measure.name): measure.name for measure in previous.values()}
    serving = versions.numbers("serving").keys() - before.values()
    return {
        ((before.get(name, name), unit, part), day, known): amount
        for ((name, unit, part), day, known), amount in entries.items()
        if name in serving or name in before
    }
