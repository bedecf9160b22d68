"""What happens once: campaign events, letters signed, evaluations, meetings, inspections, praise and blame; and rectifications."""

from collections.abc import Iterator
from datetime import date

from services.indicators.history import FOREVER
from services.indicators.measures.kinds import next_year
from services.indicators.measures.rows import Relation, Row, Rows
from services.indicators.relations.units import UNIT_FACTS, first_of_each_year
from shared.contracts.registry import (
    CampaignEventHeld,
    CommendationIssued,
    CountyPlanIssued,
    CriticismIssued,
    EvaluationPublished,
    InspectionHeld,
    MeetingHeld,
    ProgressReportSubmitted,
    RectificationClosed,
    RectificationOpened,
    ResponsibilityLetterSigned,
)
from shared.units import unit_kind


def _day_text(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _events(rows: Rows) -> Iterator[Row]:
    for held in rows.context.view.of(CampaignEventHeld):
        attributes = {"event_kind": held.fact.event_kind, "organiser_level": held.fact.organiser_level}
        yield Row(held.day, held.fact.unit, held.fact.park, attributes, order=held.order)


def _signatories(rows: Rows) -> Iterator[Row]:
    """A row for each township, park and department that signed: a unit's counts at the unit, a department's for the county."""
    for signed in rows.context.view.of(ResponsibilityLetterSigned):
        day = _day_text(signed.day)
        for code in signed.fact.units:
            kind = unit_kind(code)
            if kind in ("township", "park") and code in rows.context.tree:
                unit, park = (None, code) if kind == "park" else (code, None)
                yield Row(signed.day, unit, park, {"day_party": f"{day}|{code}"}, order=signed.order)
        for department in signed.fact.departments:
            yield Row(signed.day, None, None, {"day_party": f"{day}|{department}"}, order=signed.order)


def _evaluations(rows: Rows) -> Iterator[Row]:
    for published in rows.context.view.of(EvaluationPublished):
        attributes = {"rehearsal": published.fact.rehearsal, "day": _day_text(published.day)}
        yield Row(published.day, published.fact.unit, published.fact.park, attributes, order=published.order)


def _meetings(rows: Rows) -> Iterator[Row]:
    for held in rows.context.view.of(MeetingHeld):
        yield Row(held.day, held.fact.unit, held.fact.park, {"meeting_kind": held.fact.meeting_kind}, order=held.order)


def _inspections(rows: Rows) -> Iterator[Row]:
    for held in rows.context.view.of(InspectionHeld):
        yield Row(held.day, held.fact.unit, held.fact.park, {}, order=held.order)


def _judgements(rows: Rows) -> Iterator[Row]:
    for issued in rows.context.view.of(CommendationIssued, CriticismIssued):
        attributes = {"praise": isinstance(issued.fact, CommendationIssued)}
        yield Row(issued.day, issued.fact.unit, issued.fact.park, attributes, order=issued.order)


def _rectifications(rows: Rows) -> Iterator[Row]:
    """From its due day (or, opened later, from then) to the end of that year: open first, then closed."""
    view = rows.context.view
    closed = min((each.day for each in view.of(RectificationClosed)), default=FOREVER)
    for opened in view.of(RectificationOpened)[:1]:
        due = max(opened.fact.due.toordinal(), opened.day)
        end = next_year(due)
        for is_closed, start, until in ((False, due, min(closed, end)), (True, max(due, closed), end)):
            if start < until:
                yield Row(start, opened.fact.unit, opened.fact.park, {"closed": is_closed}, until, opened.order)


def _county_plans(rows: Rows) -> Iterator[Row]:
    if rows.context.subject in rows.context.tree:
        yield from first_of_each_year(rows, CountyPlanIssued)


def _progress_reports(rows: Rows) -> Iterator[Row]:
    code = rows.context.subject
    if code in rows.context.tree and (kind := unit_kind(code)) in ("township", "park"):
        unit, park = (None, code) if kind == "park" else (code, None)
        for submitted in rows.context.view.of(ProgressReportSubmitted):
            attributes = {"code": code, "period_code": f"{submitted.fact.period}|{code}"}
            yield Row(submitted.day, unit, park, attributes, order=submitted.order)


OCCASION_RELATIONS = (
    Relation(
        "campaign_event", "occasion", "event",
        {"event_kind": "media_campaign, consultation_day, contest, pioneer_selection, expo or campus_briefing",
         "organiser_level": "county, township, park, community or village"},
        _events, 1, "A campaign event was held (创业活动).", (CampaignEventHeld,), (CampaignEventHeld,)),
    Relation(
        "signatory", "occasion", "event", {"day_party": "YYYY-MM-DD, and the unit code or department"}, _signatories, 2,
        "A township, park or department signed its letter (签订目标责任书).", (ResponsibilityLetterSigned, *UNIT_FACTS),
        (ResponsibilityLetterSigned,)),
    Relation(
        "evaluation", "occasion", "event", {"rehearsal": "模拟考评", "day": "YYYY-MM-DD"}, _evaluations, 2,
        "An evaluation was published (考评结果).", (EvaluationPublished,), (EvaluationPublished,)),
    Relation(
        "meeting", "occasion", "event", {"meeting_kind": "of the meeting"}, _meetings, 1, "A meeting was held (会议).", (MeetingHeld,),
        (MeetingHeld,)),
    Relation(
        "inspection", "occasion", "event", {}, _inspections, 1, "An inspection was held (督查).", (InspectionHeld,), (InspectionHeld,)),
    Relation(
        "judgement", "occasion", "event", {"praise": "a commendation, else a criticism"}, _judgements, 1,
        "Praise or blame was given (表彰、通报批评).", (CommendationIssued, CriticismIssued), (CommendationIssued, CriticismIssued)),
    Relation(
        "rectification", "rectification", "span", {"closed": "整改完成"}, _rectifications, 1,
        "Due in the calendar year (到期整改).", (RectificationOpened, RectificationClosed), (RectificationOpened,)),
    Relation(
        "county_plan", "unit", "event", {"day": "YYYY-MM-DD"}, _county_plans, 2,
        "The county first issued its plan of the year (县实施方案印发).",
        (*UNIT_FACTS, CountyPlanIssued), (CountyPlanIssued,)),
    Relation(
        "progress_report", "unit", "event", {"code": "of the unit", "period_code": "period, and the unit"}, _progress_reports, 2,
        "A township or park reported on a period (进展情况汇报).", (*UNIT_FACTS, ProgressReportSubmitted), (ProgressReportSubmitted,)),
)  # fmt: skip
