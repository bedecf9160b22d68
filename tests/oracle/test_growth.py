"""New entities, survival and success after training, worked out by hand."""

from fractions import Fraction

import pytest

from shared.contracts.registry import (
    EntityDeregistered,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRestored,
    EntitySuspended,
    StaffReported,
    SurvivalChecked,
)
from tests.oracle.history import TOWN_B, VILLAGE, VILLAGE_2, VILLAGE_B, History, entity, person, whole


def test_new_entities_are_counted_by_kind_where_they_were_registered() -> None:
    history = History()
    history.founds("2010-01-01", [1], 1)
    history.founds("2010-12-31", [2], 2, kind="individual_business")
    history.founds("2010-06-01", [3], 3, kind="individual_business", unit=TOWN_B)
    history.founds("2009-12-31", [4], 4)
    history.add("2010-02-01", EntityMoved(entity=entity(1), unit=TOWN_B))
    assert [history.ask("new_enterprises", unit=unit).value for unit in (VILLAGE, TOWN_B)] == [1, 0]
    assert [history.ask("new_individual_businesses", unit=unit).value for unit in (VILLAGE, TOWN_B)] == [1, 1]
    assert history.ask("new_individual_businesses", as_of="2010-12-30").value == 1


def test_the_yearly_average_divides_by_the_plan_years_begun() -> None:
    history = History()
    for number, day in enumerate(("2009-12-31", "2010-01-01", "2010-04-01", "2011-01-01")):
        history.founds(day, [number], number)
    first, second = (history.ask("new_enterprises", "yearly_average", as_of=day) for day in ("2010-12-31", "2011-01-01"))
    assert whole(first) == (2, 1, 2)
    assert whole(second) == (3, 2, Fraction(3, 2))
    assert history.ask("new_individual_businesses", "yearly_average", as_of="2011-01-01").value == 0
    for kind in ("new_enterprises", "new_individual_businesses"):
        assert str(history.ask(kind, "yearly_average", as_of="2012-06-01").effective_as_of) == "2011-12-31"
        assert str(history.ask(kind, as_of="2012-06-01").effective_as_of) == "2010-12-31"


def survival(history: History, as_of: str, variant: str = "default", part: str | None = None) -> tuple[int, int]:
    figure = history.ask("survival_1y", variant, part, as_of=as_of)
    assert figure.numerator is not None
    assert figure.denominator is not None
    return int(figure.numerator), int(figure.denominator)


def test_an_enterprise_is_in_the_cohort_from_its_first_to_the_day_before_its_second_anniversary() -> None:
    history = History()
    history.founds("2009-05-10", [1], 1)
    days = {"2010-05-09": (0, 0), "2010-05-10": (1, 1)}
    assert {day: survival(history, day) for day in days} == days
    history.add("2010-05-11", EntityDeregistered(entity=entity(1)))
    assert survival(history, "2010-05-11") == (1, 1)  # what happens after the due day plays no part
    assert history.ask("survival_1y", as_of="2011-05-09", year=2011).value == 1
    assert history.ask("survival_1y", as_of="2011-05-10", year=2011).value is None


def test_who_registered_on_29_february_is_due_on_28_february() -> None:
    history = History()
    history.founds("2008-02-29", [1], 1)
    days = {"2009-02-27": None, "2009-02-28": 1, "2010-02-27": 1, "2010-02-28": None}
    assert {day: history.ask("survival_1y", as_of=day, year=int(day[:4])).value for day in days} == days


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], (1, 1)),
        ([("2010-05-10", EntitySuspended)], (1, 1)),
        ([("2010-05-10", EntityDeregistered)], (0, 1)),
        ([("2010-03-01", EntityLicenceRevoked)], (0, 1)),
        ([("2010-03-01", EntityLicenceRevoked), ("2010-05-10", EntityRestored)], (1, 1)),
        ([("2010-03-01", EntityLicenceRevoked), ("2010-05-11", EntityRestored)], (0, 1)),
        ([("2010-03-01", EntityDeregistered), ("2010-04-01", EntitySuspended)], (0, 1)),
        ([("2009-05-09", EntityDeregistered)], (1, 1)),  # before its registration
    ],
)
def test_alive_is_who_is_not_closed_at_the_end_of_the_due_day(
    events: list[tuple[str, type[EntitySuspended | EntityDeregistered | EntityLicenceRevoked | EntityRestored]]], expected: tuple[int, int]
) -> None:
    history = History()
    history.founds("2009-05-10", [1], 1)
    for day, happens in events:
        history.add(day, happens(entity=entity(1)))
    assert survival(history, "2010-12-31") == expected


def test_who_is_out_of_the_county_before_the_due_day_leaves_the_cohort() -> None:
    history = History()
    for number in (1, 2, 3):
        history.founds("2009-05-10", [number], number)
    history.add("2010-05-09", EntityMoved(entity=entity(1), out_of_county=True))
    history.add("2010-05-10", EntityMoved(entity=entity(2), out_of_county=True))
    history.add("2010-03-01", EntityMoved(entity=entity(3), out_of_county=True))
    history.add("2010-04-01", EntityMoved(entity=entity(3), unit=VILLAGE_B))
    assert survival(history, "2010-12-31") == (2, 2)
    assert survival(history, "2010-12-31", "snapshot") == (1, 1)
    assert [history.ask("survival_1y", unit=unit).denominator for unit in (VILLAGE, VILLAGE_B)] == [2, 0]


def test_survival_is_split_by_registration_year_and_businesses_are_a_variant() -> None:
    history = History()
    history.founds("2008-12-31", [1], 1)
    history.founds("2009-01-01", [2], 2)
    history.founds("2009-02-01", [3], 3)
    history.founds("2009-02-01", [4], 4, kind="individual_business")
    history.add("2010-01-15", EntityDeregistered(entity=entity(3)))
    as_of = "2010-12-30"
    assert survival(history, as_of) == (2, 3)
    assert survival(history, as_of, part="2008") == (1, 1)
    assert survival(history, as_of, part="2009") == (1, 2)
    assert survival(history, as_of, "with_businesses") == (3, 4)
    assert survival(history, as_of, "with_businesses", "2009") == (2, 3)
    assert survival(history, "2010-12-31") == (1, 2)


def test_the_snapshot_looks_at_the_same_cohort_on_the_day_asked() -> None:
    history = History()
    for number in (1, 2, 3):
        history.founds("2009-05-10", [number], number)
    history.add("2010-05-01", EntityDeregistered(entity=entity(1)))
    history.add("2010-07-01", EntityRestored(entity=entity(1)))
    history.add("2010-07-01", EntityDeregistered(entity=entity(2)))
    history.add("2010-07-01", EntitySuspended(entity=entity(3)))
    assert [survival(history, day, "snapshot") for day in ("2010-06-30", "2010-07-01")] == [(2, 3), (2, 3)]
    assert [survival(history, day) for day in ("2010-06-30", "2010-07-01")] == [(2, 3), (2, 3)]
    assert survival(history, "2010-07-01", "snapshot", "2009") == (2, 3)


def test_operating_survival_takes_the_last_check_or_report_of_the_six_months_up_to_the_anniversary() -> None:
    history = History()
    for number in range(1, 8):
        history.founds("2009-05-10", [number], number)
    history.add("2009-11-10", SurvivalChecked(entity=entity(1), operating=True))  # six months and a day: too old
    history.add("2009-11-11", SurvivalChecked(entity=entity(2), operating=True))
    history.add("2010-05-10", SurvivalChecked(entity=entity(3), operating=False))
    history.add("2010-05-11", SurvivalChecked(entity=entity(4), operating=True))  # too late
    history.add("2010-03-01", SurvivalChecked(entity=entity(5), operating=False))
    history.add("2010-03-01", SurvivalChecked(entity=entity(6), operating=False))
    history.add("2010-04-01", StaffReported(entity=entity(6), employees=1))
    history.add("2010-04-01", StaffReported(entity=entity(7), employees=1, persons=(person(99),)))
    history.add("2010-04-02", SurvivalChecked(entity=entity(7), operating=False))
    figure = history.ask("survival_1y", "operating")
    assert [figure.numerator, figure.denominator, figure.incomplete] == [2, 5, 2]  # 2 and 6 of 2, 3, 5, 6, 7; 1 and 4 unknown
    assert history.ask("survival_1y", "operating", "2009").incomplete == 2


def test_a_report_of_no_employees_says_nothing_of_whether_the_founder_operates() -> None:
    history = History()
    for number in range(1, 4):
        history.founds("2009-05-10", [number], number)
        history.add("2010-04-01", StaffReported(entity=entity(number), employees=0))
    history.add("2010-03-01", StaffReported(entity=entity(2), employees=1))
    history.add("2010-03-01", SurvivalChecked(entity=entity(3), operating=False))
    figure = history.ask("survival_1y", "operating")
    assert [figure.numerator, figure.denominator, figure.incomplete] == [1, 2, 1]  # 2 of 2 and 3; of 1 nothing is known


def test_an_empty_cohort_has_no_value() -> None:
    figure = History().ask("survival_1y")
    assert whole(figure) == (0, 0, None)


def success(history: History, as_of: str, unit: str = VILLAGE, variant: str = "default") -> tuple[int, int]:
    figure = history.ask("success_after_training", variant, unit=unit, as_of=as_of, year=int(as_of[:4]))
    assert figure.numerator is not None
    assert figure.denominator is not None
    return int(figure.numerator), int(figure.denominator)


def test_success_after_training_is_a_founding_after_the_first_pass_and_within_six_months() -> None:
    history = History()
    history.course()
    history.course("C2")
    for who in (1, 2, 3, 4):
        history.passes("2010-02-28", who)
    history.passes("2010-03-15", 1, course="C2", unit=VILLAGE_2)  # not the first pass
    history.founds("2010-08-28", [1], 1, unit=VILLAGE_B)
    history.founds("2010-08-29", [2], 2)
    history.founds("2010-02-28", [3], 3)  # operates on the day of the pass: not in the cohort
    assert success(history, "2010-08-27") == (0, 0)
    assert success(history, "2010-08-28") == (1, 3)
    assert success(history, "2011-08-27") == (1, 3)
    assert success(history, "2011-08-28") == (0, 0)
    assert success(history, "2010-12-31", VILLAGE_2) == (0, 0)


def test_who_founds_on_the_day_after_the_pass_has_succeeded() -> None:
    history = History()
    history.course()
    history.passes("2010-02-01", 1)
    history.founds("2010-02-02", [1], 1)
    assert success(history, "2010-12-31") == (1, 1)


def test_who_founded_on_the_day_of_the_pass_and_closed_it_that_day_is_in_the_cohort_without_success() -> None:
    history = History()
    history.course()
    history.passes("2010-02-01", 1)
    history.founds("2010-02-01", [1], 1)
    history.add("2010-02-01", EntityDeregistered(entity=entity(1)))
    assert success(history, "2010-12-31") == (0, 1)


def test_the_current_period_asks_whether_those_who_passed_in_the_window_founded_in_it_since() -> None:
    history = History()
    history.course()
    history.course("C2")
    history.passes("2009-06-01", 1, course="C2")
    history.passes("2010-05-01", 1)
    history.founds("2010-04-30", [1], 1)  # after the pass of last year, before that of this year
    history.passes("2010-05-01", 2)
    history.founds("2010-05-01", [2], 2, unit=VILLAGE_B)  # on the day: not afterwards
    history.passes("2010-05-01", 3)
    history.founds("2011-01-01", [3], 3)
    history.passes("2010-03-01", 4, unit=VILLAGE_2)
    history.founds("2010-04-01", [4], 4)
    history.passes("2010-05-01", 4, course="C2")
    history.passes("2010-05-01", 5)
    history.founds("2010-05-02", [5], 5)  # the day after
    assert success(history, "2010-12-31", VILLAGE, "current_period") == (1, 5)  # 4 founded before the pass in this village
    assert success(history, "2010-12-31", VILLAGE_2, "current_period") == (1, 1)
    assert history.ask("success_after_training", "current_period").value == Fraction(2, 5)


def test_success_over_helped_divides_successful_starts_by_trained_and_guided() -> None:
    history = History()
    history.course()
    history.passes("2010-02-01", 1)
    history.guides("2010-02-01", 1)
    history.guides("2010-02-01", 2)
    history.founds("2010-03-01", [1], 1)
    assert history.ask("success_after_training", "over_helped").value == Fraction(1, 3)
