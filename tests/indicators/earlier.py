"""An earlier release: some measures, figures and judgements were declared otherwise, and nothing else."""

from dataclasses import replace
from typing import Final

from services.indicators.catalog import BENCHMARKS, CATALOG, MEASURES, Release, with_measures
from services.indicators.figures import Amount, Indicator, Sum
from services.indicators.measures.kinds import Counted
from services.indicators.measures.rows import Select

REGISTRATIONS: Final = Counted("new_enterprises", Select("registration"))
"""Whatever was registered was an enterprise then."""


def _was(indicator: Indicator) -> Indicator:
    match indicator.id:
        case "media_campaigns":
            twice = Amount(Sum((MEASURES["media_campaigns"], MEASURES["media_campaigns"])))
            return replace(indicator, variants=(replace(indicator.variants[0], figure=twice), *indicator.variants[1:]))
        case "contests":
            return replace(indicator, behaviour="level")
        case _:
            return with_measures(indicator, {REGISTRATIONS.name: REGISTRATIONS})


EARLIER: Final = Release(tuple(map(_was, CATALOG)), BENCHMARKS)
"""Enterprises were counted with individual businesses, media campaigns twice, and contests judged as they stand."""
