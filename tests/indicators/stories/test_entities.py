"""Entities move, close and are restored, and get new codes."""

from shared.contracts.registry import (
    EmploymentStarted,
    EntityCodeReplaced,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRestored,
)
from tests.indicators.stories.telling import story
from tests.support.records import TOWN, TOWN_B, VILLAGE, VILLAGE_B, entity, person


async def test_an_enterprise_moves_to_another_village_and_the_news_comes_late() -> None:
    # Given an enterprise founded in January with one employee.
    told = story()
    told.founds("2025-01-01", 1, 1, unit=VILLAGE)
    told.happens("2025-03-01", EmploymentStarted(entity=entity(1), person=person(11)))
    # When it moves on 1 May, recorded on 20 May.
    told.happens("2025-05-01", EntityMoved(entity=entity(1), unit=VILLAGE_B), known="2025-05-20")
    now = await told.ends()

    # Then as known on 19 May the job is where the enterprise was.
    assert await now.says("jobs_brought", unit=VILLAGE, as_of="2025-05-19", known_at="2025-05-19") == "1"
    assert await now.says("jobs_brought", unit=VILLAGE_B, as_of="2025-05-19", known_at="2025-05-19") == "0"
    # As known on 20 May it went along on 1 May; the registration, a flow, stays where it happened.
    for as_of, jobs in {"2025-04-30": ("1", "0"), "2025-05-01": ("0", "1")}.items():
        asked = {"as_of": as_of, "known_at": "2025-05-20"}
        assert (await now.says("jobs_brought", unit=VILLAGE, **asked), await now.says("jobs_brought", unit=VILLAGE_B, **asked)) == jobs
        assert await now.says("new_enterprises", unit=VILLAGE, **asked) == "1"
        assert await now.says("new_enterprises", unit=VILLAGE_B, **asked) == "0"
        assert await now.says("jobs_brought", **asked) == "1"
    # Anyone employed there on any day of the year counts at both places, and once in the county.
    assert await now.says("jobs_brought", "gross", unit=TOWN, as_of="2025-12-31", known_at="2025-12-31") == "1"
    assert await now.says("jobs_brought", "gross", unit=TOWN_B, as_of="2025-12-31", known_at="2025-12-31") == "1"
    assert await now.says("jobs_brought", "gross", as_of="2025-12-31", known_at="2025-12-31") == "1"


async def test_one_leaves_the_county_on_the_day_before_it_is_due_another_on_the_day_itself() -> None:
    # Given two enterprises of 10 June 2024, one of which moves within the county.
    told = story()
    for number in (1, 2):
        told.founds("2024-06-10", number, number, unit=VILLAGE)
    told.happens("2025-02-01", EntityMoved(entity=entity(2), unit=VILLAGE_B))
    # When the first leaves on 9 June 2025 and the second on 10 June.
    told.happens("2025-06-09", EntityMoved(entity=entity(1), out_of_county=True))
    told.happens("2025-06-10", EntityMoved(entity=entity(2), out_of_county=True))
    now = await told.ends()
    # Then the first was never in the cohort; the second is, where it was registered, and alive.
    asked = {"as_of": "2025-12-31", "known_at": "2025-12-31"}
    assert await now.says("survival_1y", **asked) == "1/1"
    assert await now.says("survival_1y", unit=VILLAGE, **asked) == "1/1"
    assert await now.says("survival_1y", unit=VILLAGE_B, **asked) == "0/0"
    assert await now.says("survival_1y", "snapshot", **asked) == "0/0"


async def test_a_revoked_enterprise_was_restored_in_time_but_nobody_said_so_for_weeks() -> None:
    # Given an enterprise of 10 May 2024, due on 10 May 2025, whose licence is revoked in March.
    told = story()
    told.founds("2024-05-10", 1, 1)
    told.happens("2025-03-01", EntityLicenceRevoked(entity=entity(1)))
    # When it is restored on 10 May, recorded on 20 June.
    told.happens("2025-05-10", EntityRestored(entity=entity(1)), known="2025-06-20")
    now = await told.ends()
    # Then it had died as known before, and is alive as known since, on the very day it was due as well.
    known = {"2025-05-10": "0/1", "2025-06-19": "0/1", "2025-06-20": "1/1", "2025-12-31": "1/1"}
    for known_at, survived in known.items():
        assert await now.says("survival_1y", as_of="2025-05-10", known_at=known_at) == survived


async def test_an_enterprise_restored_the_day_after_it_was_due_stays_dead_in_its_cohort_but_brings_jobs_again() -> None:
    # Given an enterprise of this year with 4 employees, and one that was due on 10 May, both revoked in March.
    told = story()
    told.founds("2024-05-10", 1, 1)
    told.founds("2025-01-01", 2, 2)
    told.head_count("2025-02-28", 2, 4)
    for number in (1, 2):
        told.happens("2025-03-01", EntityLicenceRevoked(entity=entity(number)))
    # When both are restored on 11 May.
    for number in (1, 2):
        told.happens("2025-05-11", EntityRestored(entity=entity(number)))
    now = await told.ends()
    # Then the cohort does not take the first back; the second's jobs are there again.
    assert await now.says("survival_1y", as_of="2025-12-31", known_at="2025-12-31") == "0/1"
    assert await now.says("survival_1y", "snapshot", as_of="2025-12-31", known_at="2025-12-31") == "1/1"
    days = {"2025-02-28": "4", "2025-03-01": "0", "2025-05-10": "0", "2025-05-11": "4"}
    for as_of, jobs in days.items():
        assert await now.says("jobs_brought", as_of=as_of, known_at="2025-12-31") == jobs


async def test_an_enterprise_gets_a_new_code_and_a_job_is_reported_under_each() -> None:
    # Given an enterprise with one employee under its old number.
    told, new_code = story(), "91330127MA2B1C0D18"
    told.founds("2025-01-01", 1, 1)
    told.happens("2025-02-01", EmploymentStarted(entity=entity(1), person=person(11)))
    # When it is given a unified social credit code, recorded a month late, and the next employee is reported under that.
    told.happens("2025-03-01", EmploymentStarted(entity=new_code, person=person(12)))
    told.happens("2025-03-01", EntityCodeReplaced(entity=entity(1), new_code=new_code), known="2025-04-01")
    now = await told.ends()
    # Then the second job counts only as known since, and it is one enterprise all along.
    known = {"2025-03-31": "1", "2025-04-01": "2"}
    for known_at, jobs in known.items():
        assert await now.says("jobs_brought", as_of="2025-03-31", known_at=known_at) == jobs
        assert await now.says("new_enterprises", as_of="2025-03-31", known_at=known_at) == "1"
