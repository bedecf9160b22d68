"""Satisfaction and green channels, worked out by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from shared.contracts.registry import GreenChannelCaseAccepted, GreenChannelCaseCompleted, GreenChannelClosed, GreenChannelOpened
from shared.contracts.training import Population, Score, SurveyAnswered, SurveyClosed, SurveyOpened
from tests.oracle.history import COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, History, person, whole


def opens(history: History, survey: str, population: Population = "public") -> None:
    history.add("2010-01-01", SurveyOpened(survey=survey, title="问卷", population=population))


def answers(history: History, on: str, survey: str, who: int, score: int, *, unit: str | None = VILLAGE, park: str | None = None) -> None:
    scores = (Score(question="overall", score=score), Score(question="service", service="贷款", score=6 - score))
    history.add(on, SurveyAnswered(survey=survey, respondent=person(who), scores=scores, unit=unit, park=park))


def closes(history: History, on: str, survey: str) -> str:
    return history.add(on, SurveyClosed(survey=survey))


def test_satisfaction_is_the_share_of_4_and_5_among_the_answers_of_the_latest_closed_public_survey() -> None:
    history = History()
    for survey in ("S1", "S2", "S4"):
        opens(history, survey)
    opens(history, "S3", "served")
    for who, score in ((1, 5), (2, 4), (3, 3)):
        answers(history, "2010-03-01", "S1", who, score)
    answers(history, "2010-03-01", "S2", 1, 1)
    answers(history, "2010-03-01", "S3", 1, 5)
    answers(history, "2010-03-01", "S4", 1, 1)
    closes(history, "2010-05-01", "S1")
    closes(history, "2010-06-01", "S2")
    closes(history, "2010-07-01", "S3")
    before = history.ask("environment_satisfaction", as_of="2010-04-30")
    assert (before.n, whole(before)) == (0, (None, None, None))
    first = history.ask("environment_satisfaction", as_of="2010-05-31")
    assert [first.numerator, first.n, first.value] == [2, 3, Fraction(2, 3)]
    assert first.margin == Decimal("0.533444")  # 1.96·√(2/27) = 1.96 × 0.272166 = 0.533444…
    assert history.ask("environment_satisfaction", as_of="2010-12-31").value == 0


def test_of_two_surveys_closed_on_one_day_the_later_recorded_closing_counts() -> None:
    history = History()
    for survey, score in (("S1", 5), ("S2", 1)):
        opens(history, survey)
        answers(history, "2010-03-01", survey, 1, score)
    closes(history, "2010-05-01", "S2")
    closes(history, "2010-05-01", "S1")
    assert history.ask("environment_satisfaction").value == 1


def test_the_later_answer_of_a_respondent_replaces_the_earlier() -> None:
    history = History()
    opens(history, "S1")
    answers(history, "2010-03-01", "S1", 1, 5)
    answers(history, "2010-03-02", "S1", 1, 2)
    closes(history, "2010-05-01", "S1")
    figure = history.ask("environment_satisfaction")
    assert [figure.numerator, figure.n] == [0, 1]
    assert figure.margin == 0


def test_answers_without_the_overall_question_are_not_valid() -> None:
    history = History()
    opens(history, "S1")
    scores = (Score(question="service", score=5), Score(question="policy", score=5))
    history.add("2010-03-01", SurveyAnswered(survey="S1", respondent=person(1), scores=scores, unit=VILLAGE))
    closes(history, "2010-05-01", "S1")
    assert history.ask("environment_satisfaction").n == 0


def test_answers_count_at_their_own_place_and_all_of_them_for_the_county() -> None:
    history = History()
    opens(history, "S1")
    answers(history, "2010-03-01", "S1", 1, 5)
    answers(history, "2010-03-01", "S1", 2, 2, unit=None)
    answers(history, "2010-03-01", "S1", 3, 4, unit=None, park=PARK)
    closes(history, "2010-05-01", "S1")
    assert [history.ask("environment_satisfaction", unit=unit).n for unit in (COUNTY, TOWN, VILLAGE, PARK, TOWN_B)] == [3, 1, 1, 1, 0]
    nowhere = history.ask("environment_satisfaction", unit=TOWN_B)
    assert [nowhere.value, nowhere.margin] == [None, None]


def accepts(history: History, on: str, case: str, promised: str, *, unit: str | None = VILLAGE) -> None:
    history.add(on, GreenChannelCaseAccepted(case=case, promised=date.fromisoformat(promised), unit=unit))


def completes(history: History, on: str, case: str) -> None:
    history.add(on, GreenChannelCaseCompleted(case=case))


def test_a_case_is_on_time_when_completed_by_its_promised_day_and_late_while_unfinished() -> None:
    history = History()
    accepts(history, "2010-03-01", "A", "2010-03-10")
    completes(history, "2010-03-10", "A")
    accepts(history, "2010-03-01", "B", "2010-03-10", unit=VILLAGE_2)
    completes(history, "2010-03-11", "B")
    accepts(history, "2010-03-01", "C", "2010-03-12")
    accepts(history, "2009-12-20", "D", "2009-12-31")  # promised the year before
    completes(history, "2010-01-03", "D")
    accepts(history, "2010-12-30", "E", "2011-01-04")  # not due yet
    days = {"2010-03-09": (0, 0), "2010-03-10": (1, 2), "2010-03-12": (1, 3), "2010-12-31": (1, 3)}
    asked = {day: history.ask("green_channel_on_time", as_of=day) for day in days}
    assert {day: whole(figure)[:2] for day, figure in asked.items()} == days
    assert history.ask("green_channel_on_time", unit=VILLAGE_2).value == 0


def test_days_are_the_nearest_rank_over_the_cases_completed_in_the_window() -> None:
    history = History()
    for number, day in enumerate((2, 3, 5, 9)):
        accepts(history, "2010-03-01", f"A{number}", "2010-03-31")
        completes(history, f"2010-03-{1 + day:02}", f"A{number}")
    accepts(history, "2009-12-01", "B", "2009-12-31")
    completes(history, "2010-01-10", "B")  # 40 days
    accepts(history, "2009-12-01", "C", "2009-12-31")
    completes(history, "2009-12-30", "C")  # the year before
    median, p90 = (history.ask("green_channel_on_time", "days", part) for part in ("median", "p90"))
    assert [median.value, median.n] == [5, 5]  # rank ⌈2.5⌉ = 3 of 2, 3, 5, 9, 40
    assert [p90.value, p90.n] == [40, 5]  # rank ⌈4.5⌉ = 5
    assert history.ask("green_channel_on_time", "days", "median", as_of="2010-03-06").value == 3  # rank 2 of 2, 3, 5, 40
    nothing = history.ask("green_channel_on_time", "days", "median", unit=TOWN_B)
    assert [nothing.value, nothing.n] == [None, 0]


@pytest.mark.parametrize(("cases", "median", "p90"), [(10, 5, 9), (19, 10, 18)])
def test_the_nearest_rank_is_rounded_up_and_only_then(cases: int, median: int, p90: int) -> None:
    history = History()
    for days in range(1, cases + 1):
        accepts(history, "2010-03-01", f"A{days}", "2010-03-31")
        completes(history, f"2010-03-{1 + days:02}", f"A{days}")
    assert [history.ask("green_channel_on_time", "days", part).value for part in ("median", "p90")] == [median, p90]


def test_units_with_a_green_channel_open_are_counted_once_each() -> None:
    history = History()
    for channel, unit, park in (("L1", TOWN, None), ("L2", TOWN, None), ("L3", TOWN_B, None), ("L4", None, PARK), ("L5", None, PARK_2)):
        history.add("2010-02-01", GreenChannelOpened(channel=channel, unit=unit, park=park))
    history.add("2010-05-01", GreenChannelClosed(channel="L3"))
    history.add("2010-05-01", GreenChannelClosed(channel="L1"))
    days = {"2010-01-31": 0, "2010-04-30": 4, "2010-05-01": 3}
    assert {day: history.ask("green_channel_on_time", "units", as_of=day).value for day in days} == days
    assert [history.ask("green_channel_on_time", "units", unit=unit).value for unit in (TOWN, TOWN_B, PARK)] == [1, 0, 1]
