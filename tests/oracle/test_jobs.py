"""Jobs brought, worked out by hand."""

from fractions import Fraction

from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityDeregistered,
    EntityMoved,
    EntityRestored,
    EntitySuspended,
    StaffReported,
)
from tests.oracle.history import COUNTY, TOWN, TOWN_B, VILLAGE, VILLAGE_2, VILLAGE_B, History, entity, person, whole


def starts(history: History, on: str, who: int, number: int = 1) -> None:
    history.add(on, EmploymentStarted(entity=entity(number), person=person(who)))


def ends(history: History, on: str, who: int, number: int = 1) -> None:
    history.add(on, EmploymentEnded(entity=entity(number), person=person(who)))


def lists(history: History, on: str, *staff: int, number: int = 1, known: str | None = None) -> None:
    fact = StaffReported(entity=entity(number), employees=len(staff), persons=tuple(person(each) for each in staff))
    history.add(on, fact, known=known)


def counts(history: History, on: str, employees: int, number: int = 1) -> None:
    history.add(on, StaffReported(entity=entity(number), employees=employees))


def test_an_employment_is_open_from_its_start_to_the_day_before_its_end() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1)
    starts(history, "2010-03-01", 2)
    ends(history, "2010-05-01", 2)
    days = {"2010-02-28": 0, "2010-03-01": 1, "2010-04-30": 1, "2010-05-01": 0}
    assert {day: history.ask("jobs_brought", as_of=day).value for day in days} == days
    assert history.ask("jobs_brought", "gross").value == 1


def test_only_entities_registered_in_the_window_bring_jobs_and_founders_are_none() -> None:
    history = History()
    history.founds("2009-12-31", [1], 1)
    starts(history, "2010-03-01", 2)
    history.founds("2010-01-01", [3, 4], 2)
    starts(history, "2010-03-01", 3, number=2)
    starts(history, "2010-03-01", 5, number=2)
    assert history.ask("jobs_brought").value == 1
    assert history.ask("jobs_brought", "gross").value == 1


def test_an_employment_begun_before_the_registration_counts_from_the_registration() -> None:
    history = History()
    history.founds("2010-03-01", [1], 1)
    starts(history, "2009-11-01", 2)
    assert history.ask("jobs_brought", as_of="2010-02-28").value == 0
    assert history.ask("jobs_brought", as_of="2010-03-01").value == 1


def test_a_closed_or_suspended_entity_brings_none_until_it_is_restored_but_did_bring_them() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1)
    starts(history, "2010-03-01", 2)
    history.add("2010-04-01", EntitySuspended(entity=entity(1)))
    history.add("2010-05-01", EntityRestored(entity=entity(1)))
    history.add("2010-06-01", EntityDeregistered(entity=entity(1)))
    history.add("2010-07-01", EntitySuspended(entity=entity(1)))
    days = {"2010-03-31": 1, "2010-04-01": 0, "2010-05-01": 1, "2010-06-01": 0, "2010-07-01": 0}
    assert {day: history.ask("jobs_brought", as_of=day).value for day in days} == days
    assert history.ask("jobs_brought", "gross").value == 1


def test_a_staff_report_with_persons_opens_and_ends_employments_and_employment_facts_win_over_it() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1)
    lists(history, "2010-03-01", 2, 3)
    lists(history, "2010-04-01", 3, 4, 5)
    ends(history, "2010-03-15", 4)  # 4 has an employment fact: staff reports do not speak for them
    starts(history, "2010-03-20", 6)  # nor for 6, whom no report lists
    days = {"2010-03-01": 2, "2010-03-31": 3, "2010-04-01": 3}  # {2, 3}; {2, 3, 6}; {3, 5, 6}
    assert {day: history.ask("jobs_brought", as_of=day).value for day in days} == days
    assert history.ask("jobs_brought", "gross").value == 4  # 2, 3, 5, 6


def test_a_staff_report_that_lists_nobody_ends_all_it_opened() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1)
    lists(history, "2010-03-01", 2, 3)
    lists(history, "2010-04-01")
    assert history.ask("jobs_brought").value == 0


def test_a_person_counts_once_per_unit_asked() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1, unit=VILLAGE)
    history.founds("2010-02-01", [1], 2, unit=VILLAGE_2)
    history.founds("2010-02-01", [1], 3, unit=VILLAGE_B)
    for number in (1, 2, 3):
        starts(history, "2010-03-01", 9, number=number)
    assert [history.ask("jobs_brought", unit=unit).value for unit in (VILLAGE, VILLAGE_2, TOWN, TOWN_B)] == [1, 1, 1, 1]
    assert history.ask("jobs_brought").value == 1


def test_jobs_are_where_the_entity_is_and_gross_wherever_it_was_meanwhile() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1, unit=VILLAGE)
    starts(history, "2010-03-01", 2)
    history.add("2010-04-01", EntityMoved(entity=entity(1), unit=VILLAGE_B))
    starts(history, "2010-05-01", 3)
    history.add("2010-06-01", EntityMoved(entity=entity(1), out_of_county=True))
    starts(history, "2010-07-01", 4)
    assert [history.ask("jobs_brought", unit=unit, as_of="2010-05-31").value for unit in (VILLAGE, VILLAGE_B)] == [0, 2]
    assert history.ask("jobs_brought", as_of="2010-06-01").value == 0
    assert [history.ask("jobs_brought", "gross", unit=unit).value for unit in (VILLAGE, VILLAGE_B)] == [1, 2]
    assert history.ask("jobs_brought", "gross").value == 2


def test_an_entity_with_only_head_counts_brings_its_latest_and_gross_its_highest() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1, unit=VILLAGE)
    counts(history, "2010-01-15", 99)  # before the registration
    counts(history, "2010-03-01", 5)
    counts(history, "2010-04-01", 3)
    history.add("2010-05-01", EntityMoved(entity=entity(1), unit=VILLAGE_B))
    assert history.ask("jobs_brought", as_of="2010-02-28").value == 0
    assert [history.ask("jobs_brought", unit=VILLAGE, as_of=day).value for day in ("2010-03-31", "2010-04-01")] == [5, 3]
    assert [history.ask("jobs_brought", unit=unit).value for unit in (VILLAGE, VILLAGE_B)] == [0, 3]
    assert [history.ask("jobs_brought", "gross", unit=unit).value for unit in (VILLAGE, VILLAGE_B)] == [5, 0]
    assert history.ask("jobs_brought").note == "1 head-counts not de-duplicated"


def test_the_highest_head_count_is_where_the_entity_was_when_it_reported_it() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1, unit=VILLAGE)
    counts(history, "2010-03-01", 5)
    history.add("2010-04-01", EntityMoved(entity=entity(1), unit=VILLAGE_2))
    counts(history, "2010-04-01", 5)  # no more than before
    history.add("2010-05-01", EntityMoved(entity=entity(1), unit=VILLAGE_B))
    counts(history, "2010-05-01", 7)
    history.add("2010-06-01", EntityMoved(entity=entity(1), out_of_county=True))
    counts(history, "2010-06-01", 9)
    units = VILLAGE, VILLAGE_2, VILLAGE_B, COUNTY
    days = {"2010-03-01": [5, 0, 0, 5], "2010-04-30": [5, 0, 0, 5], "2010-05-01": [0, 0, 7, 7], "2010-12-31": [0, 0, 7, 7]}
    assert {day: [history.ask("jobs_brought", "gross", unit=unit, as_of=day).value for unit in units] for day in days} == days


def test_a_head_count_of_the_registration_day_counts() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1)
    counts(history, "2010-02-01", 4)
    assert history.ask("jobs_brought").value == 4
    assert history.ask("jobs_brought", "gross").value == 4


def test_head_counts_end_with_the_first_fact_about_a_persons_employment() -> None:
    history = History()
    history.founds("2010-02-01", [1], 1)
    counts(history, "2010-03-01", 5)
    starts(history, "2010-04-01", 2)
    assert [history.ask("jobs_brought", as_of=day).value for day in ("2010-03-31", "2010-04-01")] == [5, 1]
    assert [history.ask("jobs_brought", "gross", as_of=day).value for day in ("2010-03-31", "2010-04-01")] == [5, 1]


def test_helped_jobs_are_those_of_entities_that_are_somebodys_successful_start() -> None:
    history = History()
    history.guides("2009-05-01", 1)
    history.founds("2010-02-01", [1, 2], 1)  # the successful start of 1
    history.founds("2010-03-01", [1], 2)  # a second founding is no start
    history.founds("2010-03-01", [3], 3)  # without help
    counts(history, "2010-04-01", 6, number=1)
    counts(history, "2010-04-01", 10, number=2)
    starts(history, "2010-04-01", 9, number=3)
    assert history.ask("jobs_brought", "helped").value == 6
    assert history.ask("jobs_brought").value == 17
    assert history.ask("job_multiplier").value == 6
    assert history.ask("job_multiplier", "all_jobs").value == 17
    per_entity = history.ask("job_multiplier", "per_entity")
    assert whole(per_entity) == (17, 3, Fraction(17, 3))


def test_without_starts_there_is_no_multiplier() -> None:
    none = History().ask("job_multiplier")
    assert whole(none) == (0, 0, None)
