"""The example county: 566 units, every number of the plan under its own clause, letters that make the whole."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.indicators.catalog import CATALOG, JUDGED
from services.indicators.evaluation.county import County, load_county
from services.indicators.evaluation.plan import targets_of, unit_targets_of
from tests.support.counties import of_kind

FOLDER = Path(__file__).parents[3] / "deploy/counties/example"
NEW_YEAR = date(2025, 1, 1)


@pytest.fixture(scope="module")
def county() -> County:
    return load_county(FOLDER, JUDGED)


def test_the_roster_has_the_566_units_of_the_plan(county: County) -> None:
    assert Counter(unit.kind for unit in county.roster) == {"county": 1, "township": 18, "park": 6, "community": 23, "village": 518}
    assert [unit.code[6:] for unit in of_kind(county, "park")] == [f"40{n}000" for n in range(1, 7)]


def test_every_class_occurs_and_villages_share_names_but_never_within_a_township(county: County) -> None:
    assert {unit.urban_rural_class for unit in county.roster} == {None, "111", "112", "121", "122", "123", "210", "220"}
    villages = [(unit.code[:9], unit.name) for unit in of_kind(county, "village")]
    assert len(set(villages)) == len(villages)
    assert max(Counter(name for _, name in villages).values()) > 1


@pytest.mark.parametrize(("indicator", "variant", "value", "clause"), [
    ("activity_index", "default", "0.20", "二(一)"),
    ("trained_and_guided", "default", "1500", "二(二)"),
    ("trained", "default", "500", "二(二)"),
    ("trained", "person_times", "500", "四(二)"),
    ("guided", "default", "1000", "二(二)"),
    ("guided", "person_times", "1000", "四(三)"),
    ("successful_starts", "default", "500", "二(二)"),
    ("jobs_brought", "default", "3000", "二(二)"),
    ("job_multiplier", "default", "6", "二(二)"),
    ("new_enterprises", "default", "130", "二(三)"),
    ("new_individual_businesses", "default", "900", "二(三)"),
    ("survival_1y", "default", "0.80", "二(三)"),
    ("environment_satisfaction", "default", "0.90", "二(四)"),
    ("start_up_cost", "satisfied_with_cost", "0.90", "二(四)"),
    ("success_after_training", "default", "0.90", "二(四)"),
    ("new_venue_area", "default", "5000", "二(四)"),
    ("campaign_villages", "default", "233", "二(五)"),
    ("created_share", "default", "0.95", "二(五)"),
    ("created_share_villages", "default", "0.95", "二(五)"),
    ("plans_submitted", "default", "24", "六(一)"),
    ("contests", "default", "2", "四(一)"),
    ("internship_bases", "default", "20", "四(四)"),
    ("credit_communities", "default", "0.50", "四(七)"),
    ("loans", "default", "500", "四(七)"),
    ("graduate_fund", "default", "100000000", "四(八)"),
    ("incubator_area", "default", "5000", "四(九)"),
    ("parks_with_incubator", "default", "6", "四(九)"),
    ("start_up_park_area", "default", "20000", "四(九)"),
])  # fmt: skip
def test_a_number_of_the_plan_stands_under_its_clause(county: County, indicator: str, variant: str, value: str, clause: str) -> None:
    (found,) = targets_of(county.plan, indicator, variant, on=NEW_YEAR)
    assert (found.op, found.value, found.clause) == (">=", Decimal(value), clause)


def test_where_the_plan_names_no_number_the_national_average_is_the_target(county: County) -> None:
    for indicator in ("employment_contribution", "enterprise_growth"):
        (found,) = targets_of(county.plan, indicator, on=NEW_YEAR)
        assert found.value == "benchmark"


def test_created_shares_have_two_years_and_rehearsals_the_phase_of_evaluation(county: County) -> None:
    others = {target.indicator: target.window for target in county.plan.targets if target.window is not None}
    assert others == dict.fromkeys(
        ("created_share", "created_share_townships", "created_share_parks", "created_share_communities", "created_share_villages"),
        "two_years",
    ) | {"rehearsals": "rehearsals"}
    (phase,) = [phase for phase in county.plan.phases if phase.clause == "五(三)"]
    window = county.plan.windows["rehearsals"]
    assert (window.first, window.last) == (phase.first, phase.last) == (date(2025, 9, 1), date(2025, 12, 31))


def test_plans_are_due_on_15_march_and_letters_and_the_countys_plan_by_the_end_of_february(county: County) -> None:
    deadlines = {target.indicator: target.deadline for target in county.plan.targets if target.deadline}
    february = date(2025, 2, 28)
    assert deadlines == {"plans_submitted": date(2025, 3, 15), "letters_signed": february, "county_plan_issued": february}


def test_counts_of_units_and_letters_follow_from_the_roster_and_the_departments(county: County) -> None:
    owing = len(of_kind(county, "township", "park"))
    signing = sum(department.letter for department in county.plan.departments)
    wanted = {indicator: targets_of(county.plan, indicator, on=NEW_YEAR)[0].value for indicator in (
        "plans_submitted", "leading_bodies", "letters_signed", "parks_with_incubator",
    )}  # fmt: skip
    assert wanted == {
        "plans_submitted": owing, "leading_bodies": owing + 1, "letters_signed": owing + signing,
        "parks_with_incubator": len(of_kind(county, "park")),
    }  # fmt: skip


def test_loan_recovery_is_a_reference_and_no_target(county: County) -> None:
    lines = {(reference.indicator, reference.variant): reference.value for reference in county.plan.references}
    assert lines["loan_recovery", "default"] == Decimal("0.95")
    assert lines["loan_recovery", "compensated"] == Decimal("0.20")
    assert targets_of(county.plan, "loan_recovery", on=NEW_YEAR) == ()


@pytest.mark.parametrize("indicator", [
    "trained_and_guided", "successful_starts", "jobs_brought", "new_enterprises", "loans", "plans_submitted",
])  # fmt: skip
def test_letters_are_given_to_all_townships_and_parks(county: County, indicator: str) -> None:
    for unit in of_kind(county, "township", "park"):
        (share,) = unit_targets_of(county.plan, unit.code, indicator, on=NEW_YEAR)
        assert isinstance(share.value, Decimal)
        assert share.value > 0


LEFT_WHOLE = {
    "media_campaigns", "consultation_days", "contests", "rehearsals", "county_plan_issued", "graduate_fund", "campaign_townships",
    "campaign_parks", "parks_with_incubator", "letters_signed", "leading_bodies",
}  # fmt: skip
"""Targets that the plan file's comment names as not split, each with its reason."""


def test_every_target_that_adds_up_is_split_into_the_whole_or_the_file_says_why_not(county: County) -> None:
    units = {(indicator.id, variant.name): variant.unit_of_measure for indicator in CATALOG for variant in indicator.variants}
    additive = {
        target.row[:2]: target.value for target in county.plan.targets
        if JUDGED[target.row[:2]].behaviour in ("line", "deadline") and units[target.row[:2]] != "ratio"
    }  # fmt: skip
    split = {entry.row[:2]: sum(entry.parts.values()) for entry in county.plan.decomposition if entry.kind == "additive"}
    assert {indicator for indicator, _ in additive.keys() - split.keys()} == LEFT_WHOLE
    assert split == {row: whole for row, whole in additive.items() if row in split}
    comment = (FOLDER / "plan.toml").read_text("utf-8").partition("decomposition\n#\n")[2].partition("\n\n")[0]
    assert {word for word in re.findall("[a-z_]+", comment) if "_" in word or word in LEFT_WHOLE} == LEFT_WHOLE


def test_villages_and_communities_compete_where_they_are(county: County) -> None:
    for indicator, lower in (("campaign_villages", of_kind(county, "village")), ("campaign_communities", of_kind(county, "community"))):
        for township in of_kind(county, "township"):
            inside = sum(unit.code.startswith(township.code[:9]) for unit in lower)
            for share in unit_targets_of(county.plan, township.code, indicator, on=NEW_YEAR):
                assert isinstance(share.value, Decimal)
                assert 0.4 * inside - 1 < share.value <= inside


def test_duties_cover_the_five_systems_and_the_documents_the_plan_asks_for(county: County) -> None:
    assert {duty.system for duty in county.plan.duties} == {"organisation", "policy", "training", "services", "assessment"}
    assert {duty.id.partition(".")[2] for duty in county.plan.duties if duty.id.startswith("documents_owed.")} == {
        "green_channel_plan", "site_rules", "training_in_teaching_plan", "internship_pilot", "guidance_directory",
        "campus_briefings", "ybc",
    }  # fmt: skip


def test_phases_and_quarters_cover_the_plan_year_without_gaps(county: County) -> None:
    for spans in (county.plan.phases, county.plan.periods):
        days = [day for span in spans for day in range(span.first.toordinal(), span.last.toordinal() + 1)]
        assert days == list(range(date(2025, 1, 1).toordinal(), date(2025, 12, 31).toordinal() + 1))
