"""Activity, training, guidance and successful starts, worked out by hand."""

from datetime import date
from fractions import Fraction

import pytest

from shared.contracts.finance import LoanApplied, LoanDisbursed
from shared.contracts.registry import (
    EntityMoved,
    EntityRestored,
    EntitySuspended,
    ProjectCollected,
    ProjectMatched,
    StatisticPublished,
    TenantAdmitted,
)
from shared.contracts.training import TraineeEnrolled
from tests.oracle.history import COMMUNITY, COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, History, entity, person, whole


def workers(unit: str, value: int, *, park: bool = False) -> StatisticPublished:
    place = {"park": unit} if park else {"unit": unit}
    return StatisticPublished.model_validate(
        {"series": "urban_workers", "period_end": date(2010, 1, 31), "value": value, "publisher": "统计局", **place}
    )


def test_activity_counts_persons_once_who_enrolled_were_helped_or_operate() -> None:
    history = History()
    history.add("2010-02-01", workers(COUNTY, 20))
    history.course()
    history.add("2010-03-01", TraineeEnrolled(course="C1", person=person(1), unit=VILLAGE))
    history.passes("2010-04-01", 1, unit=VILLAGE_2)
    history.guides("2009-12-31", 2)  # the year before
    history.founds("2008-05-01", [3, 4], 1, unit=COMMUNITY)
    history.guides("2010-03-05", 4, unit=TOWN)
    county = history.ask("activity_index")
    assert whole(county) == (3, 20, Fraction(3, 20))  # 1, 3, 4
    assert history.ask("activity_index", "flow").value == Fraction(2, 20)  # 1, 4
    assert history.ask("activity_index", as_of="2010-02-28").value == Fraction(2, 20)  # 3 and 4 operate
    assert history.ask("activity_index", unit=VILLAGE_2).numerator == 1


def test_activity_at_urban_units_leaves_out_what_is_known_of_townships_and_counts_it() -> None:
    history = History()
    history.add("2010-02-01", workers(COUNTY, 10))
    history.guides("2010-03-01", 1, unit=COMMUNITY)  # class 111
    history.guides("2010-03-01", 2, unit=VILLAGE)  # class 220: rural
    history.guides("2010-03-01", 3, unit=TOWN)  # cannot be told
    history.guides("2010-03-01", 4, unit=None, park=PARK)  # no class listed: cannot be told
    history.guides("2010-03-01", 5, unit=None, park=PARK_2)  # class 121
    history.founds("2009-01-01", [1, 6], 1, unit=VILLAGE_2)  # class 122
    history.founds("2009-01-01", [7], 2, unit=TOWN_B)  # cannot be told
    history.founds("2009-01-01", [8, 9], 3, unit=VILLAGE)  # rural
    history.founds("2009-01-01", [], 4, unit=TOWN)  # nobody's: nothing is left out
    urban = history.ask("activity_index", "urban")
    assert [urban.numerator, urban.value, urban.incomplete] == [3, Fraction(3, 10), 3]  # 1, 5, 6
    assert history.ask("activity_index", "urban", unit=TOWN).incomplete == 1
    assert history.ask("activity_index").incomplete == 0


def test_a_fact_known_of_a_township_is_urban_only_by_a_park_that_is() -> None:
    history = History({COUNTY: None, TOWN: "112", PARK: None, PARK_2: "121"})
    history.guides("2010-03-01", 1, unit=TOWN)  # a township's own class says nothing about its parts
    history.guides("2010-03-01", 2, unit=TOWN, park=PARK)
    history.guides("2010-03-01", 3, unit=TOWN, park=PARK_2)
    urban = history.ask("activity_index", "urban")
    assert [urban.numerator, urban.incomplete] == [1, 2]


def test_without_the_statistic_activity_shows_the_count_and_no_ratio() -> None:
    history = History()
    history.add("2010-02-01", workers(COUNTY, 20))
    history.guides("2010-03-01", 1)
    village = history.ask("activity_index", unit=VILLAGE)
    assert whole(village) == (1, None, None)


def test_operating_ends_with_suspension_and_leaving_the_county_and_begins_again_with_restoration() -> None:
    history = History()
    history.founds("2009-01-01", [1], 1, unit=VILLAGE)
    history.add("2010-02-01", EntitySuspended(entity=entity(1)))
    history.add("2010-03-01", EntityRestored(entity=entity(1)))
    history.add("2010-04-01", EntityMoved(entity=entity(1), out_of_county=True))
    history.add("2010-05-01", EntityMoved(entity=entity(1), park=PARK))
    days = {"2010-01-31": 1, "2010-02-01": 0, "2010-03-01": 1, "2010-04-01": 0, "2010-05-01": 1}
    assert {day: history.ask("activity_index", as_of=day).numerator for day in days} == days
    assert history.ask("activity_index", unit=VILLAGE).numerator == 0
    assert history.ask("activity_index", unit=PARK).numerator == 1


def test_trained_counts_persons_who_passed_start_up_training() -> None:
    history = History()
    for course in ("C1", "C2"):
        history.course(course)
    history.course("C3", "skill")
    history.add("2010-01-10", TraineeEnrolled(course="C1", person=person(1), unit=TOWN))
    history.add("2010-01-11", TraineeEnrolled(course="C1", person=person(6), unit=TOWN))
    history.add("2010-01-10", TraineeEnrolled(course="C3", person=person(4), unit=TOWN))
    history.passes("2010-02-01", 1, course="C1")
    history.passes("2010-03-01", 1, course="C2")
    history.passes("2010-03-01", 2, course="C2", passed=False)
    history.passes("2010-03-01", 3, course="C3")
    history.passes("2009-12-31", 5, course="C1")
    answers = {variant: history.ask("trained", variant).value for variant in ("default", "enrolled", "completed", "person_times")}
    assert answers == {"default": 1, "enrolled": 2, "completed": 2, "person_times": 2}


def test_trained_and_guided_adds_the_two_and_their_ratio_is_one_to_the_other() -> None:
    history = History()
    history.course()
    history.passes("2010-02-01", 1)
    history.guides("2010-03-01", 1)
    history.guides("2010-03-02", 1)
    history.guides("2010-03-03", 2)
    answers = {variant: history.ask("trained_and_guided", variant).value for variant in ("default", "union", "person_times")}
    assert answers == {"default": 3, "union": 2, "person_times": 4}
    assert [history.ask("guided").value, history.ask("guided", "person_times").value] == [2, 3]
    assert history.ask("training_guidance_ratio").value == 2
    assert history.ask("training_guidance_ratio", unit=TOWN_B).value is None


def test_a_successful_start_is_a_first_founding_in_the_window_with_help_on_or_before_that_day() -> None:
    history = History()
    history.guides("2009-05-01", 1)  # any year, any place
    history.founds("2010-03-01", [1], 1, unit=VILLAGE_2)
    history.guides("2010-03-01", 2)  # the same day
    history.founds("2010-03-01", [2], 2, unit=VILLAGE_2)
    history.founds("2010-03-01", [3], 3, unit=VILLAGE_2)
    history.guides("2010-03-02", 3)  # a day late
    history.guides("2009-01-01", 4)
    history.founds("2009-06-01", [4], 4)  # the first founding was the year before
    history.founds("2010-06-01", [4], 5)
    assert history.ask("successful_starts").value == 2
    assert history.ask("successful_starts", unit=VILLAGE_2).value == 2
    assert history.ask("successful_starts", unit=VILLAGE).value == 0
    assert history.ask("successful_starts", "all_founders").value == 4
    assert history.ask("successful_starts", as_of="2009-12-31", year=2009).value == 1


def test_a_successful_start_still_operates_when_the_person_operates_anything_anywhere() -> None:
    history = History()
    history.guides("2009-05-01", 1)
    history.founds("2010-03-01", [1], 1, unit=VILLAGE)
    history.founds("2010-04-01", [1], 2, unit=TOWN_B)
    history.add("2010-05-01", EntitySuspended(entity=entity(1)))
    history.add("2010-06-01", EntityMoved(entity=entity(2), out_of_county=True))
    assert history.ask("successful_starts", "operating", unit=VILLAGE, as_of="2010-05-31").value == 1
    assert history.ask("successful_starts", "operating", unit=VILLAGE, as_of="2010-06-01").value == 0
    assert history.ask("successful_starts", unit=VILLAGE).value == 1


def test_an_admitted_tenant_helps_its_founders_at_the_place_of_the_venue() -> None:
    history = History()
    venue = history.opens_venue("2009-01-01", "V1", 100, unit=TOWN_B, park=PARK)
    history.founds("2010-03-01", [1, 2], 1, unit=VILLAGE)
    history.add("2010-03-01", TenantAdmitted(venue="V1", entity=entity(1)))
    history.founds("2010-05-01", [3], 2, unit=VILLAGE)
    history.add("2010-04-29", TenantAdmitted(venue="V1", entity=entity(9)))  # never registered
    history.add("2010-04-30", TenantAdmitted(venue="V1", entity=entity(2)))  # before it had founders
    assert history.ask("activity_index", "flow", unit=PARK).numerator == 2
    assert history.ask("activity_index", "flow", unit=TOWN_B).numerator == 2
    assert history.ask("activity_index", "flow", unit=VILLAGE).numerator == 0
    assert history.ask("successful_starts").value == 2
    history.void("registry", venue, known="2010-06-01")
    assert history.ask("successful_starts").value == 0


@pytest.mark.parametrize(("kind", "helped"), [("personal", 2), ("enterprise", 0)])
def test_a_personal_loan_helps_each_borrower_when_it_is_first_paid_out(kind: str, helped: int) -> None:
    history = History()
    applied = {"loan": "L1", "loan_kind": kind, "borrowers": [person(1), person(2)], "amount_fen": 900, "unit": VILLAGE}
    history.add("2010-02-01", LoanApplied.model_validate(applied))
    history.add("2010-03-20", LoanDisbursed(loan="L1", tranche=1, amount_fen=300, undated=True))
    history.add("2010-05-01", LoanDisbursed(loan="L1", tranche=3, amount_fen=300))
    history.add("2010-04-01", LoanDisbursed(loan="L1", tranche=2, amount_fen=300))
    assert history.ask("activity_index", "flow", as_of="2010-03-31").numerator == 0
    assert history.ask("activity_index", "flow", as_of="2010-04-01", unit=VILLAGE).numerator == helped


def test_a_project_matched_helps_the_person_while_the_project_stands() -> None:
    history = History()
    collected = history.add("2010-01-05", ProjectCollected(project="X1", name="项目", high_tech=False, unit=TOWN))
    history.add("2010-02-01", ProjectMatched(project="X1", person=person(1), unit=VILLAGE))
    assert history.ask("activity_index", "flow", unit=VILLAGE).numerator == 1
    history.void("registry", collected, known="2010-03-01")
    assert history.ask("activity_index", "flow", unit=VILLAGE).numerator == 0
