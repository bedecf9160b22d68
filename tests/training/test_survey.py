"""Surveys: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

from services.training.rules import RULES
from services.training.survey import (
    ANSWERED_AFTER_CLOSE,
    ANSWERED_BEFORE_OPENED,
    CLOSED_BEFORE_AN_ANSWER,
    CLOSED_BEFORE_OPENED,
    NOT_OPENED,
)
from shared.contracts.training import Score, SurveyAnswered, SurveyClosed, SurveyOpened
from tests.support.given import Given, recorded, refused, waits_for

MAY_1, MAY_9, MAY_20, MAY_31, JUNE = date(2010, 5, 1), date(2010, 5, 9), date(2010, 5, 20), date(2010, 5, 31), date(2010, 6, 1)
OPENED = SurveyOpened(survey="S2", title="创业环境满意度调查", population="public")
ANSWERED = SurveyAnswered(survey="S2", respondent="P0123456789ABCDEF", scores=(Score(question="overall", score=4),))
CLOSED = SurveyClosed(survey="S2")


def test_a_survey_opens() -> None:
    assert Given(RULES).when(OPENED, MAY_9) == recorded()


def test_an_answer_on_any_day_of_the_survey_is_recorded() -> None:
    assert Given(RULES, [(OPENED, MAY_9)]).when(ANSWERED, MAY_9) == recorded()
    assert Given(RULES, [(OPENED, MAY_9), (CLOSED, MAY_31)]).when(ANSWERED, MAY_31) == recorded()


def test_an_answer_waits_while_the_opening_is_voided() -> None:
    assert Given(RULES).when(ANSWERED, MAY_9) == waits_for("survey:S2", NOT_OPENED)


def test_an_answer_before_the_opening_is_refused() -> None:
    assert Given(RULES, [(OPENED, MAY_9)]).when(ANSWERED, MAY_1) == refused(ANSWERED_BEFORE_OPENED)
    assert Given(RULES, [(OPENED, MAY_9), (CLOSED, MAY_31)]).when(ANSWERED, MAY_1) == refused(ANSWERED_BEFORE_OPENED)


def test_an_answer_after_the_close_is_refused() -> None:
    assert Given(RULES, [(OPENED, MAY_9), (CLOSED, MAY_31)]).when(ANSWERED, JUNE) == refused(ANSWERED_AFTER_CLOSE)


def test_a_survey_closes() -> None:
    assert Given(RULES, [(OPENED, MAY_9), (ANSWERED, MAY_20)]).when(CLOSED, MAY_20) == recorded()


def test_a_close_waits_while_the_opening_is_voided() -> None:
    assert Given(RULES, [(ANSWERED, MAY_9)]).when(CLOSED, MAY_31) == waits_for("survey:S2", NOT_OPENED)


def test_a_survey_cannot_close_before_it_opened() -> None:
    assert Given(RULES, [(OPENED, MAY_9)]).when(CLOSED, MAY_1) == refused(CLOSED_BEFORE_OPENED)


def test_a_close_before_a_recorded_answer_is_flagged() -> None:
    given = Given(RULES, [(OPENED, MAY_1), (ANSWERED, MAY_31), (ANSWERED, MAY_9)])
    assert given.when(CLOSED, MAY_20) == recorded(CLOSED_BEFORE_AN_ANSWER)


def test_an_opening_reported_anew_after_its_void_finds_the_close() -> None:
    given = Given(RULES, [(CLOSED, MAY_20), (OPENED, MAY_20)])
    assert given.when(ANSWERED, MAY_31) == refused(ANSWERED_AFTER_CLOSE)
    assert given.when(ANSWERED, MAY_9) == refused(ANSWERED_BEFORE_OPENED)
