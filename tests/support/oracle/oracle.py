"""Ask the oracle: the figures of one unit, as of one day, as known on another."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from shared.contracts.base import Fact
from tests.support.oracle import activity, creation, growth, measures
from tests.support.oracle.facts import Dated, effective, read
from tests.support.oracle.figure import NOT_DUE, Figure, Key, Variants
from tests.support.oracle.world import World


@dataclass(frozen=True)
class Indicator:
    """One indicator: the function that counts it, the variants it answers with, and how many years its window has."""

    id: str
    count: Callable[[World, str], Variants]
    variants: tuple[str, ...] = ("default",)
    years: int = 1
    """1: window `plan_year`; 2: window `two_years`."""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The parts of a variant that is always split."""


INDICATORS: tuple[Indicator, ...] = (
    Indicator("activity_index", activity.activity_index, ("default", "flow", "urban")),
    Indicator("trained_and_guided", activity.trained_and_guided, ("default", "union", "person_times")),
    Indicator("trained", activity.trained, ("default", "enrolled", "completed", "person_times")),
    Indicator("guided", activity.guided, ("default", "person_times")),
    Indicator("training_guidance_ratio", activity.training_guidance_ratio),
    Indicator("successful_starts", activity.successful_starts, ("default", "all_founders", "operating")),
    Indicator("jobs_brought", activity.jobs_brought, ("default", "gross", "helped")),
    Indicator("job_multiplier", activity.job_multiplier, ("default", "all_jobs", "per_entity")),
    Indicator("new_enterprises", growth.new_enterprises),
    Indicator("new_enterprises", growth.new_enterprises_yearly, ("yearly_average",), years=2),
    Indicator("new_individual_businesses", growth.new_individual_businesses),
    Indicator("new_individual_businesses", growth.new_individual_businesses_yearly, ("yearly_average",), years=2),
    Indicator("survival_1y", growth.survival_1y, ("default", "with_businesses", "operating", "snapshot")),
    Indicator("environment_satisfaction", measures.environment_satisfaction),
    Indicator("success_after_training", growth.success_after_training, ("default", "current_period", "over_helped")),
    Indicator("campaign_townships", creation.campaign_townships),
    Indicator("campaign_parks", creation.campaign_parks),
    Indicator("campaign_communities", creation.campaign_communities),
    Indicator("campaign_villages", creation.campaign_villages),
    Indicator("created_share", creation.created_share, ("default", "of_entered"), years=2),
    Indicator("created_share_townships", creation.created_share_townships, ("default", "of_entered"), years=2),
    Indicator("created_share_parks", creation.created_share_parks, ("default", "of_entered"), years=2),
    Indicator("created_share_communities", creation.created_share_communities, ("default", "of_entered"), years=2),
    Indicator("created_share_villages", creation.created_share_villages, ("default", "of_entered"), years=2),
    Indicator("green_channel_on_time", measures.green_channel_on_time, ("default", "days", "units"), parts={"days": ("median", "p90")}),
    Indicator("credit_communities", creation.credit_communities, ("default", "with_villages")),
    Indicator("loans", measures.loans, ("default", "persons", "amount", "enterprise")),
    Indicator("loan_recovery", measures.loan_recovery, ("default", "overdue", "compensated")),
    Indicator("incubator_area", measures.incubator_area, ("default", "each")),
    Indicator("parks_with_incubator", measures.parks_with_incubator),
    Indicator("start_up_park_area", measures.start_up_park_area),
    Indicator("plans_submitted", creation.plans_submitted, ("default", "with_late")),
    Indicator("urban_workers", measures.urban_workers),
    Indicator("new_employment", measures.new_employment),
)
VARIANTS: frozenset[tuple[str, str]] = frozenset((each.id, variant) for each in INDICATORS for variant in each.variants)
"""Every (indicator, variant) the oracle answers."""


class Oracle:
    """All records of one county, in any order: asked as often as one likes. `plans_due`: the plan file's day for plans, if it sets one."""

    def __init__(self, records: Iterable[Mapping[str, Any]], plans_due: date | None = None) -> None:
        self._plans_due = plans_due
        self._records = [read(record) for record in records]
        self._known: dict[date, tuple[Dated[Fact], ...]] = {}
        self._worlds: dict[tuple[date, date, int], World] = {}

    def effective(self, known_at: date) -> tuple[Dated[Fact], ...]:
        """The effective facts as known at the end of a day."""
        if known_at not in self._known:
            self._known[known_at] = effective(self._records, known_at)
        return self._known[known_at]

    def world(self, known_at: date, day: date, year: int) -> World:
        """What is held true as known on one day and as of the end of another."""
        key = known_at, day, year
        if key not in self._worlds:
            self._worlds[key] = World(self.effective(known_at), day, year, self._plans_due)
        return self._worlds[key]

    def figures(self, *, unit: str, as_of: date, known_at: date, year: int) -> dict[Key, Figure]:
        """All figures of a unit: answered at E = min(as-of, window end, the unit's last day); all None before the window.

        Raises ValueError when the as-of day is after the known-at day, and for a unit that does not exist yet.
        """
        if as_of > known_at:
            raise ValueError(f"as of {as_of} is after what is known at {known_at}")
        units = self.world(known_at, as_of, year).units
        if not units.listed(unit):
            raise ValueError(f"{unit} does not exist on {as_of}")
        last = units.last_day.get(unit, as_of)

        found: dict[Key, Figure] = {}
        for indicator in INDICATORS:
            day = min(last, date(year + indicator.years - 1, 12, 31))
            if day < date(year, 1, 1):
                found |= {(indicator.id, each, part): NOT_DUE for each in indicator.variants for part in indicator.parts.get(each, (None,))}
                continue
            rows = indicator.count(self.world(known_at, day, year), unit)
            found |= {(indicator.id, variant, part): replace(row, effective_as_of=day) for (variant, part), row in rows.items()}
        return found


def figures(records: Iterable[Mapping[str, Any]], *, unit: str, as_of: date, known_at: date, year: int) -> dict[Key, Figure]:
    """The figures of one unit from records, asked once: see `Oracle.figures`."""
    return Oracle(records).figures(unit=unit, as_of=as_of, known_at=known_at, year=year)
