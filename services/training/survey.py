"""Surveys (满意度调查): opened, answered, closed. An answer counts for a day on which the survey was open."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from shared.contracts.base import about_of
from shared.contracts.outcomes import Decision, Reason, Refuse, Wait, accept
from shared.contracts.training import SurveyAnswered, SurveyClosed, SurveyOpened

SurveyFact = SurveyOpened | SurveyAnswered | SurveyClosed

NOT_OPENED = Reason("survey_not_opened", "该调查尚未开始", "the survey has not been opened")
CLOSED_BEFORE_OPENED = Reason("survey_closed_before_opened", "调查结束日期早于开始日期", "the survey would close before it opened")
ANSWERED_BEFORE_OPENED = Reason("answered_before_opened", "答卷日期早于调查开始日期", "answered before the survey opened")
ANSWERED_AFTER_CLOSE = Reason("answered_after_close", "答卷日期晚于调查结束日期", "answered after the survey had closed")
CLOSED_BEFORE_AN_ANSWER = Reason("closed_before_an_answer", "结束日期早于已记录的答卷日期", "answers of later days are already recorded")


@dataclass(frozen=True, slots=True)
class NoSurvey:
    """Nothing is recorded, or its opening is voided."""

    last_answered: date | None = None
    state: Literal["no_survey"] = "no_survey"


@dataclass(frozen=True, slots=True)
class OpenSurvey:
    """Answers are collected."""

    opened: date
    last_answered: date | None = None
    state: Literal["open_survey"] = "open_survey"


@dataclass(frozen=True, slots=True)
class ClosedSurvey:
    """Answers of days up to `closed` are still recorded when they arrive late. `opened` is None while the opening is voided."""

    opened: date | None
    closed: date
    last_answered: date | None = None
    state: Literal["closed_survey"] = "closed_survey"


SurveyState = NoSurvey | OpenSurvey | ClosedSurvey


def initial() -> SurveyState:
    """A survey nothing is recorded about."""
    return NoSurvey()


def decide(state: SurveyState, fact: SurveyFact, day: date) -> Decision:
    """Rule on a fact that occurred on `day`."""
    match fact:
        case SurveyOpened():
            return accept()
        case SurveyAnswered():
            return _decide_answer(state, fact, day)
        case SurveyClosed():
            return _decide_close(state, fact, day)
        case _:
            assert_never(fact)


def _decide_answer(state: SurveyState, fact: SurveyAnswered, day: date) -> Decision:
    match state:
        case NoSurvey():
            return Wait(frozenset({about_of(fact)}), NOT_OPENED)
        case OpenSurvey():
            return Refuse(ANSWERED_BEFORE_OPENED) if day < state.opened else accept()
        case ClosedSurvey():
            if state.opened is not None and day < state.opened:
                return Refuse(ANSWERED_BEFORE_OPENED)
            return Refuse(ANSWERED_AFTER_CLOSE) if day > state.closed else accept()
        case _:
            assert_never(state)


def _decide_close(state: SurveyState, fact: SurveyClosed, day: date) -> Decision:
    match state:
        case NoSurvey():
            return Wait(frozenset({about_of(fact)}), NOT_OPENED)
        case OpenSurvey() | ClosedSurvey():
            if state.opened is not None and day < state.opened:
                return Refuse(CLOSED_BEFORE_OPENED)
            return accept(state.last_answered is not None and day < state.last_answered and CLOSED_BEFORE_AN_ANSWER)
        case _:
            assert_never(state)


def evolve(state: SurveyState, fact: SurveyFact, day: date) -> SurveyState:
    """Take a recorded fact into the state, in whatever order the days come."""
    match fact:
        case SurveyOpened():
            match state:
                case NoSurvey() | OpenSurvey():
                    return OpenSurvey(day, state.last_answered)
                case ClosedSurvey():
                    return replace(state, opened=day)
                case _:
                    assert_never(state)
        case SurveyAnswered():
            return replace(state, last_answered=max(day, state.last_answered or day))
        case SurveyClosed():
            match state:
                case NoSurvey():
                    return ClosedSurvey(None, day, state.last_answered)
                case OpenSurvey() | ClosedSurvey():
                    return ClosedSurvey(state.opened, day, state.last_answered)
                case _:
                    assert_never(state)
        case _:
            assert_never(fact)
