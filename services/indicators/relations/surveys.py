"""Survey rows: each respondent's latest answer, and which survey is the latest closed one."""

from collections.abc import Iterator

from services.indicators.measures.kinds import until_next
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.training import SurveyAnswered, SurveyClosed, SurveyOpened

SATISFIED_FROM = 4
"""Scores run from 1 to 5; 4 and 5 are satisfied (满意)."""


def _answers(rows: Rows) -> Iterator[Row]:
    for answered in rows.context.view.of(SurveyAnswered):
        fact = answered.fact
        for score in fact.scores:
            attributes = {
                "survey": fact.survey, "question": score.question, "service": score.service, "score": score.score,
                "satisfied": score.score >= SATISFIED_FROM, "group": fact.group,
                "survey_service": f"{fact.survey}|{score.service}", "survey_group": f"{fact.survey}|{fact.group}",
            }  # fmt: skip
            yield Row(answered.day, fact.unit, fact.park, attributes, order=answered.order)


def _closed(rows: Rows) -> Iterator[Row]:
    """From its closing day until the next closing of the same population, a survey is the one that counts."""
    populations = {opened.fact.survey: opened.fact.population for opened in rows.context.view.of(SurveyOpened)}
    for population in ("public", "served"):
        closed = [each for each in rows.context.view.of(SurveyClosed) if populations.get(each.fact.survey) == population]
        for survey, until in until_next(closed, lambda later: later.day):
            if survey.day < until:
                attributes = {"survey": survey.fact.survey, "population": population}
                yield Row(survey.day, None, None, attributes, until, survey.order)


SURVEY_RELATIONS = (
    Relation(
        "answer", "answer", "span",
        {"survey": "id", "question": "overall, service, cost or policy", "service": "which, or null", "score": "1–5", "satisfied": "4 or 5",
         "group": "of the respondent, or null", "survey_service": "survey and service", "survey_group": "survey and group"},
        _answers, 2, "A respondent's latest answer to a question (问卷答复).", (SurveyAnswered,), (SurveyAnswered,)),
    Relation(
        "survey_in_force", "surveys", "span", {"survey": "id", "population": "public or served"}, _closed, 1,
        "The latest closed survey (最近一次调查).", (SurveyOpened, SurveyClosed), (SurveyClosed,),
    ),
)  # fmt: skip
