"""What was recorded is corrected or voided: as known then it stays as it was, as known now it never was."""

from shared.contracts.registry import StatisticPublished, UnitPlanSubmitted
from tests.indicators.stories.telling import registration, story
from tests.support.records import COUNTY, TOWN, TOWN_B, VILLAGE, VILLAGE_B, Day


async def test_a_registration_is_corrected_to_another_founder() -> None:
    # Given P1, who was guided, registered as founder of an enterprise with 6 employees.
    told = story()
    told.guides("2025-01-10", 1)
    first = told.founds("2025-02-01", 1, 1)
    told.head_count("2025-03-01", 1, 6)
    # When it turns out on 1 June that P2 founded it, whom nobody had helped.
    told.records.correct(first, "2025-02-01", registration(1, 2), known="2025-06-01")
    now = await told.ends()

    # Then as known on 31 May there was a successful start with six jobs, as known on 1 June there never was one.
    before, after = {"as_of": "2025-05-31", "known_at": "2025-05-31"}, {"as_of": "2025-05-31", "known_at": "2025-06-01"}
    assert await now.says("successful_starts", **before) == "1"
    assert await now.says("successful_starts", **after) == "0"
    assert await now.says("job_multiplier", **before) == "6/1"
    assert await now.says("job_multiplier", **after) == "0/0"
    assert await now.says("job_multiplier", "per_entity", **before) == "6/1"
    assert await now.says("job_multiplier", "per_entity", **after) == "6/1"
    # One person founded either way; P1 was active by the guidance alone, so that with P2 there are two.
    for asked in (before, after):
        assert await now.says("successful_starts", "all_founders", **asked) == "1"
        assert await now.says("activity_index", "flow", **asked) == "1/?"
    assert await now.says("activity_index", **before) == "1/?"
    assert await now.says("activity_index", **after) == "2/?"


async def test_a_registration_is_corrected_to_the_last_day_of_the_year_before_and_to_another_village() -> None:
    # Given an enterprise registered on 1 January in one village.
    told = story()
    first = told.founds("2025-01-01", 1, 1, unit=VILLAGE)
    # When it is corrected on 1 March to 31 December and another village.
    told.records.correct(first, "2024-12-31", registration(1, 1, unit=VILLAGE_B), known="2025-03-01")
    now = await told.ends()
    # Then it was new this year as known then; as known now it is none of this year's, and due on the last day of it.
    assert await now.says("new_enterprises", unit=VILLAGE, as_of="2025-02-28", known_at="2025-02-28") == "1"
    for unit in (VILLAGE, VILLAGE_B, COUNTY):
        assert await now.says("new_enterprises", unit=unit, as_of="2025-02-28", known_at="2025-03-01") == "0"
    assert await now.says("survival_1y", unit=VILLAGE_B, as_of="2025-12-30", known_at="2025-12-31") == "0/0"
    assert await now.says("survival_1y", unit=VILLAGE_B, as_of="2025-12-31", known_at="2025-12-31") == "1/1"
    # What was there at the end of the year before follows too: one enterprise, not none.
    assert await now.says("enterprise_growth", as_of="2025-02-28", known_at="2025-02-28") == "1/?"
    assert await now.says("enterprise_growth", as_of="2025-02-28", known_at="2025-03-01") == "0/1"


async def test_a_voided_registration_takes_its_jobs_along_until_the_same_code_is_registered_anew() -> None:
    # Given an enterprise with 5 employees.
    told = story()
    first = told.founds("2025-03-01", 1, 1)
    told.head_count("2025-04-01", 1, 5)
    # When its registration is voided on 1 June, and the same code recorded again on 15 June, of 10 March and another village.
    told.records.void(first, known="2025-06-01")
    told.founds("2025-03-10", 1, 2, unit=VILLAGE_B, known="2025-06-15")
    now = await told.ends()
    # Then as of 31 May there were 5 jobs, none, and 5 again, now in the other village.
    known = {"2025-05-31": ("5", "0", "1"), "2025-06-01": ("0", "0", "0"), "2025-06-14": ("0", "0", "0"), "2025-06-15": ("0", "5", "1")}
    for known_at, (here, there, founders) in known.items():
        assert await now.says("jobs_brought", unit=VILLAGE, as_of="2025-05-31", known_at=known_at) == here
        assert await now.says("jobs_brought", unit=VILLAGE_B, as_of="2025-05-31", known_at=known_at) == there
        assert await now.says("successful_starts", "all_founders", as_of="2025-05-31", known_at=known_at) == founders
    assert await now.says("new_enterprises", as_of="2025-03-09", known_at="2025-06-15") == "0"
    assert await now.says("new_enterprises", as_of="2025-03-10", known_at="2025-06-15") == "1"


async def test_a_voided_guidance_undoes_the_successful_start_that_it_made() -> None:
    # Given P1, guided in one village, who founded an enterprise with 6 employees in another.
    told = story()
    guidance = told.guides("2025-01-10", 1, unit=VILLAGE)
    told.founds("2025-02-01", 1, 1, unit=VILLAGE_B)
    told.head_count("2025-03-01", 1, 6)
    # When the guidance turns out never to have been given.
    told.records.void(guidance, known="2025-06-01")
    now = await told.ends()
    # Then the start in the other village goes, and with it the helped jobs; the jobs themselves stay.
    known = {"2025-05-31": ("1", "6", "6"), "2025-06-01": ("0", "0", "6")}
    for known_at, figures in known.items():
        asked = {"unit": VILLAGE_B, "as_of": "2025-05-31", "known_at": known_at}
        found = [await now.says(*row, **asked) for row in (("successful_starts",), ("jobs_brought", "helped"), ("jobs_brought",))]
        assert tuple(found) == figures


async def test_a_plan_handed_in_on_15_march_and_recorded_days_later_was_in_time() -> None:
    # Given nothing; when a plan of 15 March is recorded on the 20th, and one of 16 March on the 16th.
    told = story()
    told.happens("2025-03-16", UnitPlanSubmitted(code=TOWN_B))
    told.happens("2025-03-15", UnitPlanSubmitted(code=TOWN), known="2025-03-20")
    now = await told.ends()
    # Then the first was missing as known on the 19th, and in time as known on the 20th; the other is late for ever.
    known = {"2025-03-16": ("0", "1"), "2025-03-19": ("0", "1"), "2025-03-20": ("1", "2"), "2025-12-31": ("1", "2")}
    for known_at, (in_time, at_all) in known.items():
        assert await now.says("plans_submitted", as_of="2025-03-16", known_at=known_at) == in_time
        assert await now.says("plans_submitted", "with_late", as_of="2025-03-16", known_at=known_at) == at_all


def published(series: str, value: int, period_end: Day) -> StatisticPublished:
    return StatisticPublished.model_validate(
        {"series": series, "period_end": period_end, "value": value, "publisher": "统计局", "unit": COUNTY}
    )


async def test_the_number_of_urban_workers_is_republished_and_published_for_a_later_day() -> None:
    # Given five active persons and 20 workers at the end of January.
    told = story()
    for who in range(1, 6):
        told.guides("2025-01-01", who)
    told.happens("2025-02-10", published("urban_workers", 20, "2025-01-31"))
    # When January is republished as 25 on 1 June, and June published as 40 on 15 July.
    told.happens("2025-06-01", published("urban_workers", 25, "2025-01-31"))
    told.happens("2025-07-15", published("urban_workers", 40, "2025-06-30"))
    now = await told.ends()
    # Then every day is read with the latest period up to it, as last published by the known day.
    asked = {
        ("2025-02-09", "2025-02-09"): "5/?", ("2025-02-09", "2025-02-10"): "5/20", ("2025-01-30", "2025-02-10"): "5/?",
        ("2025-05-31", "2025-05-31"): "5/20", ("2025-05-31", "2025-06-01"): "5/25", ("2025-06-30", "2025-07-14"): "5/25",
        ("2025-06-30", "2025-07-15"): "5/40", ("2025-06-29", "2025-07-15"): "5/25",
    }  # fmt: skip
    for (as_of, known_at), index in asked.items():
        assert await now.says("activity_index", as_of=as_of, known_at=known_at) == index


async def test_the_newly_employed_are_republished_and_begin_anew_with_the_year() -> None:
    # Given two founders in spring and one in autumn, and 10 newly employed by the end of June.
    told = story()
    told.founds("2025-03-01", 1, 1, 2)
    told.happens("2025-07-05", published("new_employment", 10, "2025-06-30"))
    told.founds("2025-09-01", 2, 3)
    # When June is republished as 16, and the year as 20 in January.
    told.happens("2025-10-01", published("new_employment", 16, "2025-06-30"))
    told.happens("2026-01-10", published("new_employment", 20, "2025-12-31"))
    now = await told.ends()
    # Then the numerator ends with the period; as known before January the year is still read with June.
    asked = {
        ("2025-09-30", "2025-09-30"): "2/10", ("2025-09-30", "2025-10-01"): "2/16", ("2025-12-31", "2026-01-09"): "2/16",
        ("2025-12-31", "2026-01-10"): "3/20", ("2025-12-30", "2026-01-10"): "2/16",
    }  # fmt: skip
    for (as_of, known_at), contribution in asked.items():
        assert await now.says("employment_contribution", as_of=as_of, known_at=known_at) == contribution


async def test_the_stock_of_the_year_before_is_published_late_and_republished() -> None:
    # Given one enterprise of before and two of this year.
    told = story()
    told.founds("2024-05-01", 1, 1)
    for number, day in ((2, "2025-01-01"), (3, "2025-02-28")):
        told.founds(day, number, number)
    # When the statistics office publishes 8 for the end of 2024, and later 10.
    told.happens("2025-03-01", published("enterprises_existing", 8, "2024-12-31"))
    told.happens("2025-06-01", published("enterprises_existing", 10, "2024-12-31"))
    now = await told.ends()
    # Then until then the facts stood in.
    known = {"2025-02-28": "2/1", "2025-03-01": "2/8", "2025-05-31": "2/8", "2025-06-01": "2/10"}
    for known_at, growth in known.items():
        assert await now.says("enterprise_growth", as_of="2025-02-28", known_at=known_at) == growth
