"""Units' rows: existing, in the campaign, designated, plans, leading bodies, credit ratings, progress reports."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, Facts, Rows
from services.indicators.audit.relational.shape import earliest, first_of, lasting, months_later, rows, truly
from services.indicators.audit.relational.units import kind_of, units
from shared.contracts.base import Fact
from shared.contracts.finance import CreditCommunityRated, CreditRatingLapsed
from shared.contracts.registry import (
    CountyPlanIssued,
    LeadingBodyEstablished,
    ProgressReportSubmitted,
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitEnteredCampaign,
    UnitPlanSubmitted,
)

RATING_MONTHS = 12
"""A credit rating speaks for at most twelve months."""


def _at_itself(facts: Facts, spans: Table, *attributes: str) -> Table:
    """Spans (`code`, `since`, `until`) of units, each at the unit itself and only while it exists."""
    known = facts.shared(units).select("code", "kind", "listed", "ended")
    found = spans.join(known, "code").mutate(
        day=ibis.greatest(_.since, _.listed), until=earliest(_.until, _.ended), unit=_.code, park=ibis.null("string")
    )  # fmt: skip
    return rows(lasting(found), "code", "kind", *attributes, until="until")


def _unit(facts: Facts) -> Table:
    """Exists (单位存续)."""
    known = lasting(facts.shared(units).mutate(unit=_.code, park=ibis.null("string")), "listed", "ended")
    return rows(known, "code", "kind", day="listed", until="ended")


def _first(facts: Facts, type_: type[Fact]) -> Table:
    """The day of each unit's first fact of a type, from which on it holds."""
    return facts.of(type_).group_by("code").agg(since=_.day.min()).mutate(until=ibis.null("date"))


def _entered_campaign(facts: Facts) -> Table:
    """Entered the campaign (争创)."""
    return _at_itself(facts, _first(facts, UnitEnteredCampaign))


def _leading_body(facts: Facts) -> Table:
    """Has its leading body (领导机构)."""
    return _at_itself(facts, _first(facts, LeadingBodyEstablished))


def _designated(facts: Facts) -> Table:
    """Holds the title (命名，未撤销)."""
    changes = ibis.union(
        *(
            facts.of(type_).select("code", *ORDER, holds=ibis.literal(type_ is UnitDesignated))
            for type_ in (UnitDesignated, UnitDesignationWithdrawn)
        )
    )
    turns = ibis.window(group_by="code", order_by=ORDER)
    changes = changes.mutate(before=truly(_.holds.lag().over(turns))).filter(_.holds != _.before)
    spans = changes.mutate(until=_.day.lead().over(turns)).filter(_.holds)
    return _at_itself(facts, spans.select("code", "until", since=_.day))


def _first_of_year(facts: Facts, type_: type[Fact]) -> Table:
    """Each unit's first fact of a type in each calendar year, at the unit itself."""
    said = facts.of(type_).semi_join(facts.shared(units), "code").mutate(year=_.day.year())
    first = first_of(said, ["code", "year"], ORDER).mutate(unit=_.code, park=ibis.null("string"))
    return rows(first, "code")


def _plan_submitted(facts: Facts) -> Table:
    """First submitted its plan of the year (报送实施方案)."""
    return _first_of_year(facts, UnitPlanSubmitted)


def _county_plan(facts: Facts) -> Table:
    """The county first issued its plan of the year (县实施方案印发)."""
    return _first_of_year(facts, CountyPlanIssued)


def _credit_rating(facts: Facts) -> Table:
    """Rated as a credit community at most twelve months ago (信用社区评定)."""
    rated = facts.of(CreditCommunityRated).select("code", *ORDER, "recovery_rate", "lending_fen", rated=True)
    lapsed = facts.of(CreditRatingLapsed).select(
        "code", *ORDER, recovery_rate=ibis.null("decimal(38, 18)"), lending_fen=ibis.null("int64"), rated=False
    )  # fmt: skip
    following = _.day.lead().over(group_by="code", order_by=ORDER)
    spans = ibis.union(rated, lapsed).mutate(following=following).filter(_.rated)
    spans = spans.select(
        "code", "recovery_rate", "lending_fen", since=_.day, until=earliest(_.following, months_later(_.day, RATING_MONTHS))
    )  # fmt: skip
    return _at_itself(facts, spans, "recovery_rate", "lending_fen")


def _progress_report(facts: Facts) -> Table:
    """A township or park reported on a period (进展情况汇报)."""
    kind = kind_of(_.code)
    said = facts.of(ProgressReportSubmitted).semi_join(facts.shared(units), "code").filter(kind.isin(("township", "park")))
    none = ibis.null("string")
    placed = said.mutate(unit=ibis.ifelse(kind == "park", none, _.code), park=ibis.ifelse(kind == "park", _.code, none))
    return rows(placed, "code", "code", period_code=_.period + "|" + _.code)


UNIT_ROWS: dict[str, Rows] = {
    "unit": _unit,
    "entered_campaign": _entered_campaign,
    "designated": _designated,
    "leading_body": _leading_body,
    "plan_submitted": _plan_submitted,
    "county_plan": _county_plan,
    "credit_rating": _credit_rating,
    "progress_report": _progress_report,
}
