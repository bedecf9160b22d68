"""What happens once: campaign events, letters signed, evaluations, meetings, inspections, praise and blame; and rectifications."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, Facts, Rows
from services.indicators.audit.relational.shape import FOREVER, earliest, next_year, rows
from services.indicators.audit.relational.units import kind_of, units
from shared.contracts.registry import (
    CampaignEventHeld,
    CommendationIssued,
    CriticismIssued,
    EvaluationPublished,
    InspectionHeld,
    MeetingHeld,
    RectificationClosed,
    RectificationOpened,
    ResponsibilityLetterSigned,
)


def _campaign_event(facts: Facts) -> Table:
    """A campaign event was held (创业活动)."""
    return rows(facts.of(CampaignEventHeld), "event", "event_kind", "organiser_level")


def _signatory(facts: Facts) -> Table:
    """A township, park or department signed its letter: a unit's counts at the unit, a department's for the county (签订目标责任书)."""
    signed = facts.of(ResponsibilityLetterSigned)
    none = ibis.null("string")
    by_units = signed.select("letter", *ORDER, party=_.units.unnest())
    known = facts.shared(units).select("code")
    by_units = by_units.semi_join(known, by_units.party == known.code).mutate(kind=kind_of(_.party))
    by_units = by_units.filter(_.kind.isin(("township", "park"))).select(
        "letter", *ORDER, "party", unit=ibis.ifelse(_.kind == "park", none, _.party), park=ibis.ifelse(_.kind == "park", _.party, none)
    )  # fmt: skip
    by_departments = signed.select("letter", *ORDER, party=_.departments.unnest()).mutate(unit=none, park=none)
    return rows(ibis.union(by_units, by_departments), "letter", day_party=_.day.cast("string") + "|" + _.party)


def _evaluation(facts: Facts) -> Table:
    """An evaluation was published (考评结果)."""
    return rows(facts.of(EvaluationPublished), "evaluation", "rehearsal")


def _meeting(facts: Facts) -> Table:
    """A meeting was held (会议)."""
    return rows(facts.of(MeetingHeld), "meeting", "meeting_kind")


def _inspection(facts: Facts) -> Table:
    """An inspection was held (督查)."""
    return rows(facts.of(InspectionHeld), "inspection")


def _judgement(facts: Facts) -> Table:
    """Praise or blame was given (表彰、通报批评)."""
    given = (
        facts.of(type_).select("occasion", "unit", "park", *ORDER, praise=ibis.literal(type_ is CommendationIssued))
        for type_ in (CommendationIssued, CriticismIssued)
    )
    return rows(ibis.union(*given), "occasion", "praise")


def _rectification(facts: Facts) -> Table:
    """Due in the calendar year: open from its due day (or, opened later, from then), closed once it is, until that year ends (到期整改)."""
    closed = facts.of(RectificationClosed).group_by("rectification").agg(done=_.day.min())
    opened = facts.of(RectificationOpened).left_join(closed, "rectification").drop("rectification_right")
    opened = opened.mutate(begins=ibis.greatest(_.due, _.day)).drop("day").mutate(end=next_year(_.begins))
    open_still = opened.mutate(day=_.begins, until=earliest(_.done, _.end), closed=ibis.literal(value=False))
    done = opened.filter(_.done.notnull()).mutate(day=ibis.greatest(_.begins, _.done), until=_.end, closed=ibis.literal(value=True))
    columns = ("rectification", "unit", "park", *ORDER, "until", "closed")
    both = ibis.union(open_still.select(*columns), done.select(*columns)).filter(_.day < ibis.coalesce(_.until, FOREVER))
    return rows(both, "rectification", "closed", until="until")


OCCASION_ROWS: dict[str, Rows] = {
    "campaign_event": _campaign_event,
    "signatory": _signatory,
    "evaluation": _evaluation,
    "meeting": _meeting,
    "inspection": _inspection,
    "judgement": _judgement,
    "rectification": _rectification,
}
