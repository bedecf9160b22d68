"""What one release of the program declares: its indicators, and the measures they are made of. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property
from typing import Any

from services.indicators.evaluation.plan_check import Judged
from services.indicators.figures import Indicator, Variant, has_baseline, is_whole, known_parts, other_parts
from services.indicators.ledger import Folding
from services.indicators.measures.kinds import Measure, selections
from services.indicators.measures.rows import SubjectKind
from services.indicators.relations import RELATIONS


class Release:
    """The indicators of a release in the order of the plan's sections, and the measure in which it keeps what peers reach.

    There is today's, and there are earlier ones, as they were written down beside what was published by them. Raises ValueError where two
    measures have one name.
    """

    def __init__(self, indicators: tuple[Indicator, ...], benchmarks: Measure) -> None:
        self.indicators = indicators
        self.measures: dict[str, Measure] = {}
        """Every measure by its name."""
        for measure in measures_in((indicators, benchmarks)):
            if self.measures.setdefault(measure.name, measure) != measure:
                raise ValueError(f"two measures are named {measure.name}")
        self.judged: Mapping[tuple[str, str], Judged] = {
            (indicator.id, variant.name): _judged(indicator, variant) for indicator in indicators for variant in indicator.variants
        }
        """How each row is judged: what a plan file's targets and a scoring sheet's items must fit."""

    @cached_property
    def foldings(self) -> dict[SubjectKind, Folding]:
        """The measures by the kind of subject whose history they read."""
        kinds: dict[SubjectKind, list[Measure]] = {}
        for measure in self.measures.values():
            (subject,) = {RELATIONS[select.relation].subject for select in selections(measure)}
            kinds.setdefault(subject, []).append(measure)
        return {kind: Folding(tuple(measures), RELATIONS) for kind, measures in kinds.items()}


def measures_in(declaration: Any) -> Iterator[Measure]:
    """Every measure a declaration is made of."""
    if isinstance(declaration, Measure):
        yield declaration
    elif isinstance(declaration, tuple):
        for part in declaration:
            yield from measures_in(part)
    elif is_dataclass(declaration) and not isinstance(declaration, type):
        for field in fields(declaration):
            yield from measures_in(getattr(declaration, field.name))


def _judged(indicator: Indicator, variant: Variant) -> Judged:
    return Judged(
        variant.behaviour or indicator.behaviour,
        variant.window or indicator.window,
        indicator.window_by_plan,
        variant.better,
        indicator.benchmarked,
        has_baseline(indicator, variant),
        is_whole(variant.figure),
        known_parts(variant.figure),
        other_parts(variant.figure),
    )
