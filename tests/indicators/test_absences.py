"""What a row says when there is nothing to divide by, nothing known of those it is about, or nothing to note."""

from datetime import date

from services.indicators.answers import NO_DENOMINATOR, Row, ask, board
from services.indicators.catalog.employment import NOT_DEDUPLICATED
from shared.contracts.registry import EmploymentStarted, EntityRegistered, StaffReported, StatisticPublished, SurvivalChecked
from shared.contracts.training import SurveyClosed, SurveyOpened
from tests.indicators.comparing import FAR, live, plan_of
from tests.support.records import COUNTY, VILLAGE, Records, entity, person


async def rows(records: Records, as_of: date, unit: str = COUNTY) -> dict[tuple[str, str], Row]:
    service = await live(plan_of(2024, None), [list(records)])
    asked = ask(service.snapshot(), FAR, unit, as_of, as_of)
    return {(row.id, row.variant): row for row in board(service.snapshot(), asked).indicators if row.part is None}


def registers(records: Records, on: str, number: int) -> None:
    records.add(on, EntityRegistered(
        entity=entity(number), name="甲", industry="C20", entity_kind="enterprise", founders=(), unit=VILLAGE,
    ))  # fmt: skip


async def test_a_cohort_that_nobody_checked_is_unknown_and_an_empty_one_not_due() -> None:
    records = Records()
    registers(records, "2023-03-01", 1)
    answers = await rows(records, date(2024, 2, 29))
    assert [answers["survival_1y", variant].status for variant in ("default", "operating")] == ["not_due", "not_due"]
    answers = await rows(records, date(2024, 3, 1))
    assert (answers["survival_1y", "operating"].status, answers["survival_1y", "operating"].incomplete) == ("unknown", 1)
    assert (answers["survival_1y", "default"].status, answers["survival_1y", "default"].value) == ("met", "1.000000")
    records.add("2024-03-01", SurvivalChecked(entity=entity(1), operating=False))
    answers = await rows(records, date(2024, 3, 1))
    assert (answers["survival_1y", "operating"].status, answers["survival_1y", "operating"].value) == ("shown", "0.000000")


async def test_without_a_denominator_a_ratio_is_unknown_and_says_so() -> None:
    answers = await rows(Records(), date(2024, 6, 30))
    multiplier = answers["job_multiplier", "default"]
    assert (multiplier.numerator, multiplier.denominator, multiplier.value, multiplier.status) == ("0", "0", None, "unknown")
    assert multiplier.note == NO_DENOMINATOR
    assert answers["loan_recovery", "default"].status == "unknown"
    assert answers["success_after_training", "default"].status == "not_due"
    assert NO_DENOMINATOR not in answers["success_after_training", "default"].note


async def test_a_closed_survey_that_nobody_here_answered_is_unknown_and_none_closed_yet_not_due() -> None:
    records = Records()
    records.add("2024-03-01", SurveyOpened(survey="S1", title="调查", population="public"))
    answers = await rows(records, date(2024, 3, 2))
    assert answers["environment_satisfaction", "default"].status == "not_due"
    records.add("2024-03-03", SurveyClosed(survey="S1"))
    answers = await rows(records, date(2024, 3, 3))
    assert answers["environment_satisfaction", "default"].status == "unknown"
    assert answers["environment_satisfaction", "default"].note == NO_DENOMINATOR


async def test_without_cases_their_median_is_as_unknown_as_their_mean() -> None:
    service = await live(plan_of(2024, None), [list(Records())])
    found = board(service.snapshot(), ask(service.snapshot(), FAR, COUNTY, date(2024, 6, 30), date(2024, 6, 30))).indicators
    days = {(row.variant, row.part): row.status for row in found if row.variant == "days"}
    assert days == {("days", None): "unknown", ("days", "median"): "unknown", ("days", "p90"): "unknown"}


async def test_without_townships_and_parks_the_share_that_reported_is_unknown() -> None:
    answers = await rows(Records({COUNTY: None}), date(2024, 6, 30))
    assert answers["progress_reports", "default"].status == "unknown"


async def test_head_counts_are_noted_only_where_they_took_part() -> None:
    records = Records()
    registers(records, "2024-03-01", 1)
    records.add("2024-03-02", EmploymentStarted(entity=entity(1), person=person(1)))
    registers(records, "2024-03-02", 2)
    answers = await rows(records, date(2024, 6, 30))
    assert (answers["jobs_brought", "default"].value, answers["jobs_brought", "default"].note) == ("1", "")
    records.add("2024-07-01", StaffReported(entity=entity(2), employees=3))
    answers = await rows(records, date(2024, 7, 1))
    assert (answers["jobs_brought", "default"].value, answers["jobs_brought", "default"].note) == ("4", NOT_DEDUPLICATED)
    assert answers["jobs_brought", "gross"].note == NOT_DEDUPLICATED
    assert answers["jobs_brought", "helped"].note == ""


async def test_a_contribution_notes_the_head_counts_of_the_period_that_its_statistic_covers() -> None:
    records = Records()
    registers(records, "2024-03-01", 1)
    records.add("2024-07-01", StaffReported(entity=entity(1), employees=3))
    records.add("2024-07-05", StatisticPublished(
        series="new_employment", period_end=date(2024, 6, 30), value=10, publisher="统计局", unit=COUNTY,
    ))  # fmt: skip
    variants, none, noted = ("default", "gross"), ["", ""], [NOT_DEDUPLICATED, NOT_DEDUPLICATED]
    answers = await rows(records, date(2024, 6, 30))
    assert [answers["employment_contribution", variant].note for variant in variants] == none
    answers = await rows(records, date(2024, 8, 1))
    assert [answers["employment_contribution", variant].numerator for variant in variants] == ["0", "0"]
    assert [answers["employment_contribution", variant].note for variant in variants] == none
    assert answers["jobs_brought", "default"].note == NOT_DEDUPLICATED
    answers = await rows(records, date(2024, 8, 1), VILLAGE)  # nobody published one for it: it counts up to the day
    assert [answers["employment_contribution", variant].numerator for variant in variants] == ["3", "3"]
    assert [answers["employment_contribution", variant].note for variant in variants] == noted
    records.add("2024-10-05", StatisticPublished(
        series="new_employment", period_end=date(2024, 9, 30), value=12, publisher="统计局", unit=COUNTY,
    ))  # fmt: skip
    answers = await rows(records, date(2024, 10, 5))
    assert [answers["employment_contribution", variant].note for variant in variants] == noted


async def test_nothing_against_nothing_a_year_earlier_is_no_worse() -> None:
    baseline = (await rows(Records(), date(2024, 6, 30)))["successful_starts", "default"].baseline
    assert baseline is not None
    assert (baseline.value, baseline.status) == ("0", "met")
