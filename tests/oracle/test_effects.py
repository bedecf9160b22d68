"""Contribution, growth, later survival, cost, success and employment after help, policies and new area, worked out by hand."""

from datetime import date
from fractions import Fraction

from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityDeregistered,
    EntityRegistered,
    EntitySuspended,
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    PolicyImplementationChecked,
    StatisticPublished,
    UnitDesignated,
    VenueClosed,
    VenueResized,
)
from shared.contracts.training import Question, Score, SurveyAnswered, SurveyClosed, SurveyOpened
from tests.oracle.history import COUNTY, PARK, TOWN, VILLAGE, VILLAGE_2, History, entity, person, whole


def published(history: History, series: str, period_end: str, value: int) -> None:
    history.add("2010-12-31", StatisticPublished(
        series=series, period_end=date.fromisoformat(period_end), value=value, publisher="统计局", unit=COUNTY,
    ))  # fmt: skip


def test_contribution_is_counted_up_to_the_end_of_the_period_the_statistic_covers() -> None:
    history = History()
    history.founds("2009-01-01", [1], 1)  # operates already
    history.founds("2010-03-01", [1, 2], 2)  # 2 alone is new
    history.founds("2010-06-30", [3], 3)
    history.founds("2010-07-01", [4], 4)  # after the period
    history.add("2010-03-02", EmploymentStarted(entity=entity(2), person=person(8)))
    history.add("2010-03-02", EmploymentStarted(entity=entity(2), person=person(9)))
    history.add("2010-05-01", EmploymentEnded(entity=entity(2), person=person(9)))
    assert whole(history.ask("employment_contribution")) == (4, None, None)  # 2, 3, 4 and one job; no statistic
    published(history, "new_employment", "2010-06-30", 10)
    figure = history.ask("employment_contribution")
    assert whole(figure) == (3, 10, Fraction(3, 10))  # 2, 3 and one job
    assert figure.period_end == date(2010, 6, 30)
    assert history.ask("employment_contribution", "gross").value == Fraction(5, 10)  # 1, 2, 3 and both jobs
    assert history.ask("employment_contribution", as_of="2010-06-29").value is None


def test_who_ceased_to_operate_before_the_day_is_a_new_entrepreneur_again() -> None:
    history = History()
    published(history, "new_employment", "2010-12-31", 10)
    history.founds("2009-01-01", [1], 1)
    history.add("2010-02-28", EntityDeregistered(entity=entity(1)))
    history.founds("2010-03-01", [1], 2)
    history.founds("2009-01-01", [2], 3)
    history.add("2010-03-01", EntitySuspended(entity=entity(3)))
    history.founds("2010-03-01", [2], 4)  # still operated the day before
    assert history.ask("employment_contribution").numerator == 1


def test_growth_is_over_what_was_published_for_the_eve_of_the_year_else_over_the_facts() -> None:
    history = History()
    history.founds("2008-05-01", [1], 1)
    history.founds("2008-05-01", [2], 2)
    history.founds("2008-05-01", [3], 3, kind="individual_business")
    history.add("2009-12-31", EntityDeregistered(entity=entity(2)))
    assert whole(history.ask("enterprise_growth")) == (0, 1, 0)
    history.guides("2010-01-01", 4)
    history.founds("2010-01-01", [4], 4)
    history.founds("2010-12-31", [5], 5)
    history.founds("2010-12-31", [6], 6, kind="individual_business")
    assert history.ask("enterprise_growth").value == 2
    assert whole(history.ask("enterprise_growth", "with_businesses")) == (3, 2, Fraction(3, 2))
    assert whole(history.ask("enterprise_growth", "helped")) == (1, 1, 1)
    published(history, "enterprises_existing", "2009-12-31", 8)
    published(history, "enterprises_existing", "2010-06-30", 9)
    figure = history.ask("enterprise_growth")
    assert (figure.value, figure.period_end) == (Fraction(2, 8), date(2009, 12, 31))
    assert whole(history.ask("enterprise_growth", unit=PARK)) == (0, None, None)


def test_survival_after_two_and_three_years() -> None:
    history = History()
    history.founds("2008-02-29", [1], 1)
    history.founds("2008-02-29", [2], 2)
    history.add("2010-03-01", EntityDeregistered(entity=entity(2)))
    assert whole(history.ask("survival_2y", as_of="2010-02-27")) == (0, 0, None)
    assert whole(history.ask("survival_2y", as_of="2010-02-28")) == (2, 2, 1)  # 29 February + 2 years
    assert history.ask("survival_2y", as_of="2010-12-31").value == 1
    assert history.ask("survival_2y", part="2008").value == 1
    assert whole(history.ask("survival_2y", as_of="2011-02-28", year=2011)) == (0, 0, None)
    assert whole(history.ask("survival_3y", as_of="2011-02-28", year=2011)) == (1, 2, Fraction(1, 2))


def registers(history: History, on: str, number: int, cost_fen: int | None) -> None:
    history.add(on, EntityRegistered(
        entity=entity(number), unit=VILLAGE, name="甲", entity_kind="enterprise", industry="C20", start_up_cost_fen=cost_fen,
    ))  # fmt: skip


def test_the_mean_cost_is_over_those_that_state_one_and_the_others_are_counted() -> None:
    history = History()
    for number, (day, cost) in enumerate((("2010-01-01", 100), ("2010-12-31", 201), ("2010-06-01", None), ("2009-12-31", 900)), start=1):
        registers(history, day, number, cost)
    figure = history.ask("start_up_cost")
    assert whole(figure) == (301, 2, Fraction(301, 2))
    assert figure.incomplete == 1
    assert history.ask("start_up_cost", as_of="2010-12-30").value == 100


def test_the_mean_days_are_those_of_the_cases_completed_in_the_year() -> None:
    history = History()
    for case, accepted, completed in (
        ("G1", "2009-12-30", "2010-01-01"),
        ("G2", "2010-03-01", "2010-03-04"),
        ("G3", "2010-12-30", "2011-01-02"),
    ):
        history.add(accepted, GreenChannelCaseAccepted(case=case, promised=date(2010, 12, 31), unit=VILLAGE))
        history.add(completed, GreenChannelCaseCompleted(case=case))
    assert history.ask("start_up_cost", "days").value == Fraction(2 + 3, 2)


def test_each_question_group_and_service_of_the_latest_survey() -> None:
    history = History()
    history.add("2010-01-01", SurveyOpened(survey="S1", title="问卷", population="public"))
    questions: dict[Question, tuple[int, int]] = {"overall": (5, 3), "service": (4, 4), "cost": (2, 4), "policy": (1, 1)}
    for who, group in ((0, "农民工"), (1, "毕业生")):
        scores = [Score(question=question, score=given[who]) for question, given in questions.items()]
        named = Score(question="service", service="小额贷款", score=(5, 1)[who])
        history.add("2010-02-01", SurveyAnswered(
            survey="S1", respondent=person(who), scores=(*scores, named), group=group, unit=VILLAGE,
        ))  # fmt: skip
    history.add("2010-03-01", SurveyClosed(survey="S1"))
    asked = {
        ("environment_satisfaction", "default", None): Fraction(1, 2), ("environment_satisfaction", "by_group", "农民工"): 1,
        ("environment_satisfaction", "by_group", "毕业生"): 0, ("service_satisfaction", "default", None): 1,
        ("service_satisfaction", "by_service", "小额贷款"): Fraction(1, 2), ("start_up_cost", "satisfied_with_cost", None): Fraction(1, 2),
        ("policy_completeness", "survey", None): 0,
    }  # fmt: skip
    assert {row: history.ask(*row).value for row in asked} == asked
    assert history.ask("service_satisfaction", as_of="2010-02-28").value is None


def test_initial_success_is_to_found_within_six_months_of_the_first_help() -> None:
    history = History()
    for who in (1, 2, 3):
        history.guides("2010-03-31", who)
    history.guides("2010-06-01", 1)  # not the first
    history.founds("2010-09-30", [1], 1)  # the due day itself
    history.founds("2010-10-01", [2], 2)  # a day late
    history.founds("2010-03-31", [3], 3)  # operates on the day of the first help
    assert whole(history.ask("initial_success", as_of="2010-09-29")) == (0, 0, None)
    assert whole(history.ask("initial_success", as_of="2010-09-30")) == (1, 2, Fraction(1, 2))
    assert history.ask("initial_success", as_of="2010-12-31").value == Fraction(1, 2)
    assert whole(history.ask("initial_success", as_of="2011-09-30", year=2011)) == (0, 0, None)


def test_employment_after_help_is_of_those_first_helped_at_most_twelve_months_ago() -> None:
    history = History()
    for who in (1, 2, 3):
        history.guides("2010-03-31", who)
    history.founds("2010-05-01", [1], 1)
    history.founds("2008-01-01", [9], 2)
    history.add("2009-01-01", EmploymentStarted(entity=entity(2), person=person(2)))
    history.add("2010-08-01", EmploymentEnded(entity=entity(2), person=person(2)))
    days = {"2010-04-30": 1, "2010-05-01": 2, "2010-08-01": 1, "2010-12-31": 1}
    assert {day: history.ask("activity_employment", as_of=day).numerator for day in days} == days
    assert history.ask("activity_employment").denominator == 3
    assert [history.ask("activity_employment", as_of=day, year=2011).denominator for day in ("2011-03-30", "2011-03-31")] == [3, 0]


def test_policies_are_complete_by_the_latest_check_of_each_item() -> None:
    history = History()
    for day, item, points in (("2009-06-01", "1.1", 2), ("2010-06-01", "1.1", 5), ("2010-06-01", "1.2", 3)):
        history.add(day, PolicyImplementationChecked(item=item, points=points, possible=5))
    assert whole(history.ask("policy_completeness", as_of="2010-05-31")) == (2, 5, Fraction(2, 5))
    assert whole(history.ask("policy_completeness")) == (8, 10, Fraction(4, 5))


def test_new_area_is_what_opened_in_the_year_and_is_still_open_nested_area_once() -> None:
    history = History()
    history.opens_venue("2009-12-31", "V1", 1000, unit=VILLAGE)  # the year before
    history.opens_venue("2010-01-01", "V2", 300, unit=VILLAGE_2)
    history.opens_venue("2010-02-01", "V3", 50, unit=VILLAGE_2, within="V2", kind="start_up_street")
    history.opens_venue("2010-02-01", "V4", 70, unit=VILLAGE, within="V1")  # within one that is not new
    history.opens_venue("2010-02-01", "V5", 900, unit=VILLAGE, kind="internship_base")
    assert history.ask("new_venue_area").value == 370
    history.add("2010-05-01", VenueResized(venue="V2", area_m2=400))
    history.add("2010-06-01", VenueResized(venue="V1", area_m2=1200))
    history.add("2010-07-01", VenueResized(venue="V1", area_m2=1100))
    days = {"2010-04-30": [370, 370], "2010-05-01": [470, 470], "2010-06-01": [470, 670], "2010-07-01": [470, 570]}
    variants = "default", "with_enlargements"
    found = {day: [history.ask("new_venue_area", variant, as_of=day).value for variant in variants] for day in days}
    assert found == days
    history.add("2010-09-01", VenueClosed(venue="V2"))
    assert history.ask("new_venue_area").value == 120  # V3 is in nothing that is open, V4 as before
    assert history.ask("new_venue_area", as_of="2011-01-01", year=2011).value == 0


def test_townships_and_parks_together() -> None:
    history = History()
    history.add("2010-06-01", UnitDesignated(code=TOWN))
    assert whole(history.ask("created_share", "township_or_park")) == (1, 4, Fraction(1, 4))
    assert history.ask("created_share", "township_or_park", unit=TOWN).value == 1
