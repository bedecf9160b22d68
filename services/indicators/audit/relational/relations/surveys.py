"""Survey rows: each respondent's latest answer, and which survey is the latest closed one."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, Facts, Rows
from services.indicators.audit.relational.shape import rows
from shared.contracts.training import SurveyAnswered, SurveyClosed, SurveyOpened

SATISFIED_FROM = 4
"""Scores run from 1 to 5; 4 and 5 are satisfied (满意)."""
UNNAMED = "None"
"""How keys of two parts write that an answer names no service, or its respondent no group."""


def _answer(facts: Facts) -> Table:
    """A respondent's latest answer to a question (问卷答复)."""
    answered = facts.of(SurveyAnswered).mutate(answer=_.survey + "|" + _.respondent, given=_.scores.unnest())
    given = answered.given
    return rows(
        answered, "answer", "survey", "group", question=given["question"], service=given["service"], score=given["score"],
        satisfied=given["score"] >= SATISFIED_FROM, survey_service=answered.survey + "|" + given["service"].fill_null(UNNAMED),
        survey_group=answered.survey + "|" + answered.group.fill_null(UNNAMED),
    )  # fmt: skip


def _survey_in_force(facts: Facts) -> Table:
    """From its closing day until the next closing of the same population, a survey is the one that counts (最近一次调查)."""
    closed = facts.of(SurveyClosed).join(facts.of(SurveyOpened).select("survey", "population"), "survey")
    counts = closed.mutate(until=_.day.lead().over(group_by="population", order_by=ORDER)).filter(_.until.isnull() | (_.day < _.until))
    nowhere = {"unit": ibis.null("string"), "park": ibis.null("string")}
    return rows(counts.mutate(of=ibis.literal("all"), **nowhere), "of", "survey", "population", until="until")


SURVEY_ROWS: dict[str, Rows] = {"answer": _answer, "survey_in_force": _survey_in_force}
