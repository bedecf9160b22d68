"""Ask the oracle: the figures of one unit, as of one day, as known on another."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.contracts.base import Fact
from shared.units import unit_kind
from tests.support.oracle import activity, campaign, creation, duties, growth, measures, resources
from tests.support.oracle.facts import Dated, Known, effective, read
from tests.support.oracle.figure import NOT_DUE, Figure, Key, Variants
from tests.support.oracle.world import Due, Named, Promised, World


@dataclass(frozen=True)
class Indicator:
    """One indicator: the function that counts it, the variants it answers with, and how many years its window has."""

    id: str
    count: Callable[[World, str], Variants]
    variants: tuple[str, ...] = ("default",)
    years: int = 1
    """1: window `plan_year`; 2: window `two_years`."""
    parts: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """The parts of a variant that is always split."""
    parts_by_plan: bool = False
    """Whether its parts are what the plan file asks for, on the first day of the window where it has not begun."""
    about: str | None = None
    """The kind of unit it is about: where none of it is on the roster there is no such row."""


SUBSIDY_PARTS = (None, "training", "start_up", "interest")
FUND_PARTS = (None, "county_budget", "higher_budget", "bank", "enterprise", "donation", "other")
MEETING_PARTS = (None, "leading_group", "joint_conference", "office", "mobilisation", "other")
PLATFORMS = ("default", "staffed", "networked", "budgeted", "guidance_window")
PLATFORM_PARTS = ("county", "township", "community_or_village")
PROJECT_PARTS = ("collected", "displayed", "matched")

INDICATORS: tuple[Indicator, ...] = (
    Indicator("activity_index", activity.activity_index, ("default", "flow", "urban")),
    Indicator("employment_contribution", activity.employment_contribution, ("default", "gross")),
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
    Indicator("survival_2y", growth.survival_2y, ("default", "with_businesses", "operating", "snapshot")),
    Indicator("survival_3y", growth.survival_3y, ("default", "with_businesses", "operating", "snapshot")),
    Indicator("enterprise_growth", growth.enterprise_growth, ("default", "with_businesses", "helped")),
    Indicator("environment_satisfaction", measures.environment_satisfaction, ("default", "by_group"), parts={"by_group": ()}),
    Indicator("service_satisfaction", measures.service_satisfaction, ("default", "by_service"), parts={"by_service": ()}),
    Indicator("start_up_cost", measures.start_up_cost, ("default", "days", "satisfied_with_cost")),
    Indicator("initial_success", growth.initial_success),
    Indicator("activity_employment", activity.activity_employment),
    Indicator("policy_completeness", measures.policy_completeness, ("default", "survey")),
    Indicator("new_venue_area", measures.new_venue_area, ("default", "with_enlargements")),
    Indicator("success_after_training", growth.success_after_training, ("default", "current_period", "over_helped")),
    Indicator("campaign_townships", creation.campaign_townships, about="township"),
    Indicator("campaign_parks", creation.campaign_parks, about="park"),
    Indicator("campaign_communities", creation.campaign_communities, about="community"),
    Indicator("campaign_villages", creation.campaign_villages, about="village"),
    Indicator("created_share", creation.created_share, ("default", "of_entered", "township_or_park"), years=2),
    Indicator("created_share_townships", creation.created_share_townships, ("default", "of_entered"), years=2, about="township"),
    Indicator("created_share_parks", creation.created_share_parks, ("default", "of_entered"), years=2, about="park"),
    Indicator("created_share_communities", creation.created_share_communities, ("default", "of_entered"), years=2, about="community"),
    Indicator("created_share_villages", creation.created_share_villages, ("default", "of_entered"), years=2, about="village"),
    Indicator("green_channel_on_time", measures.green_channel_on_time, ("default", "days", "units"), parts={"days": ("median", "p90")}),
    Indicator("credit_communities", creation.credit_communities, ("default", "with_villages"), about="community"),
    Indicator("loans", measures.loans, ("default", "persons", "amount", "enterprise")),
    Indicator("loan_recovery", measures.loan_recovery, ("default", "overdue", "compensated")),
    Indicator("incubator_area", measures.incubator_area, ("default", "each"), about="park"),
    Indicator("parks_with_incubator", measures.parks_with_incubator, about="park"),
    Indicator("start_up_park_area", measures.start_up_park_area),
    Indicator("plans_submitted", creation.plans_submitted, ("default", "with_late")),
    Indicator("leading_bodies", campaign.leading_bodies),
    Indicator("letters_signed", campaign.letters_signed),
    Indicator("county_plan_issued", campaign.county_plan_issued),
    Indicator("rehearsals", campaign.rehearsals),
    Indicator("media_campaigns", campaign.media_campaigns, ("default", "all_levels")),
    Indicator("consultation_days", campaign.consultation_days, ("default", "all_levels")),
    Indicator("contests", campaign.contests, ("default", "all_levels")),
    Indicator("support_fund", resources.support_fund, ("default", "paid")),
    Indicator("tax_relief", resources.tax_relief),
    Indicator("subsidies", resources.subsidies, ("default", "persons"), parts=dict.fromkeys(("default", "persons"), SUBSIDY_PARTS)),
    Indicator("internship_bases", resources.internship_bases, ("default", "retention")),
    Indicator("associations", resources.associations, ("default", "by_township", "members"), parts={"by_township": ()}),
    Indicator("guarantee_fund", resources.guarantee_fund, parts={"default": FUND_PARTS}),
    Indicator("graduate_fund", resources.graduate_fund, ("default", "balance")),
    Indicator("meetings", campaign.meetings, parts={"default": MEETING_PARTS}),
    Indicator("policies", resources.policies),
    Indicator("trainings", resources.trainings, parts={"default": ("enrolled", "completed", "passed")}),
    Indicator("platforms", resources.platforms, PLATFORMS, parts=dict.fromkeys(PLATFORMS, PLATFORM_PARTS)),
    Indicator("projects", resources.projects, ("default", "high_tech"), parts=dict.fromkeys(("default", "high_tech"), PROJECT_PARTS)),
    Indicator("follow_up", resources.follow_up),
    Indicator("inspections", campaign.inspections),
    Indicator("progress_reports", campaign.progress_reports),
    Indicator("rectifications_closed", campaign.rectifications_closed),
    Indicator("commendations", campaign.commendations, ("default", "criticisms")),
    Indicator("duties", duties.duties, ("default", "by_department", "by_system"), parts_by_plan=True),
    Indicator("documents_owed", duties.documents_owed, parts_by_plan=True),
    Indicator("urban_workers", measures.urban_workers),
    Indicator("new_employment", measures.new_employment),
)
VARIANTS: frozenset[tuple[str, str]] = frozenset((each.id, variant) for each in INDICATORS for variant in each.variants)
"""Every (indicator, variant) the oracle answers."""
YEARS: Mapping[tuple[str, str], int] = {(each.id, variant): each.years for each in INDICATORS for variant in each.variants}
"""How many years the window of a row has, from 1 January of the plan year on, where the plan file names no other."""


class Oracle:
    """All records of one county, in any order: asked as often as one likes. `due`, `named`, `promised`: the plan file's deadlines, the
    windows it names, and its duties.
    """

    def __init__(
        self, records: Iterable[Mapping[str, Any]], due: Iterable[Due] = (), named: Iterable[Named] = (), promised: Iterable[Promised] = ()
    ) -> None:  # fmt: skip
        self._due, self._named = tuple(due), tuple(named)
        self._promised = tuple(promised)
        self._records = [read(record) for record in records]
        self._known: dict[date, Known] = {}
        self._worlds: dict[tuple[date, int], World] = {}

    def effective(self, known_at: date) -> tuple[Dated[Fact], ...]:
        """The effective facts as known at the end of a day."""
        return self.known(known_at).facts

    def known(self, known_at: date) -> Known:
        """The same by class, kept until another known day is asked about."""
        if known_at not in self._known:
            self._worlds = {}
            self._known = {known_at: Known(effective(self._records, known_at))}
        return self._known[known_at]

    def world(self, known_at: date, day: date, year: int) -> World:
        """What is held true as known on one day and as of the end of another."""
        known, key = self.known(known_at), (day, year)
        if key not in self._worlds:
            self._worlds[key] = World(known, day, year, self._due, self._named, self._promised)
        return self._worlds[key]

    def window(self, row: tuple[str, str], year: int) -> tuple[date, date]:
        """The first and the last day of a row's window for a plan year."""
        own = date(year, 1, 1), date(year + YEARS[row] - 1, 12, 31)
        return next((named.of(year) for named in self._named if named.indicator == row[0]), own)

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
        listed = {unit_kind(code) for code in units.classes}
        for indicator in INDICATORS:
            if indicator.about is not None and indicator.about not in listed:
                continue
            first_day, last_day = self.window((indicator.id, indicator.variants[0]), year)
            day = min(last, last_day)
            if day < first_day and indicator.parts_by_plan:
                keys = indicator.count(self.world(known_at, first_day, year), unit)
                found |= {(indicator.id, *key): NOT_DUE for key in keys}
                continue
            if day < first_day:
                found |= {(indicator.id, each, part): NOT_DUE for each in indicator.variants for part in indicator.parts.get(each, (None,))}
                continue
            rows = indicator.count(self.world(known_at, day, year), unit)
            found |= {(indicator.id, variant, part): row.on(day) for (variant, part), row in rows.items()}
        return found


def figures(records: Iterable[Mapping[str, Any]], *, unit: str, as_of: date, known_at: date, year: int) -> dict[Key, Figure]:
    """The figures of one unit from records, asked once: see `Oracle.figures`."""
    return Oracle(records).figures(unit=unit, as_of=as_of, known_at=known_at, year=year)
