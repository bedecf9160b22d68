"""A unit's rows: existing, in the campaign, designated, its plan, its credit rating."""

from collections.abc import Iterator
from datetime import date

from services.indicators.history import FOREVER
from services.indicators.measures.kinds import months_later, until_next
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.base import Fact
from shared.contracts.finance import CreditCommunityRated, CreditRatingLapsed
from shared.contracts.registry import (
    LeadingBodyEstablished,
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitDissolved,
    UnitEnteredCampaign,
    UnitListed,
    UnitMerged,
    UnitPlanSubmitted,
    UnitRenamed,
)

UNIT_FACTS: tuple[type[Fact], ...] = (UnitListed, UnitRenamed, UnitMerged, UnitDissolved)
"""The facts that make the unit tree; they touch every subject with a fact at such a unit."""
RATING_MONTHS = 12
"""A credit rating speaks for at most twelve months."""


def _existing(rows: Rows) -> Iterator[Row]:
    unit = rows.context.tree.units.get(rows.context.subject)
    if unit is not None:
        yield Row(unit.listed, unit.code, None, {"kind": unit.kind}, unit.ended)


def _while_existing(rows: Rows, day: int, until: int, **attributes: object) -> Iterator[Row]:
    unit = rows.context.tree.units.get(rows.context.subject)
    if unit is not None and (start := max(day, unit.listed)) < (end := min(until, unit.ended)):
        yield Row(start, unit.code, None, {"kind": unit.kind, **attributes}, end)


def _entered(rows: Rows) -> Iterator[Row]:
    for entered in rows.context.view.of(UnitEnteredCampaign)[:1]:
        yield from _while_existing(rows, entered.day, FOREVER)


def _designated(rows: Rows) -> Iterator[Row]:
    since: int | None = None
    for change in rows.context.view.of(UnitDesignated, UnitDesignationWithdrawn):
        if type(change.fact) is UnitDesignated:
            since = change.day if since is None else since
        elif since is not None:
            yield from _while_existing(rows, since, change.day)
            since = None
    if since is not None:
        yield from _while_existing(rows, since, FOREVER)


def _leading_bodies(rows: Rows) -> Iterator[Row]:
    for established in rows.context.view.of(LeadingBodyEstablished)[:1]:
        yield from _while_existing(rows, established.day, FOREVER)


def _plans(rows: Rows) -> Iterator[Row]:
    if rows.context.subject in rows.context.tree:
        yield from first_of_each_year(rows, UnitPlanSubmitted)


def first_of_each_year(rows: Rows, type_: type[Fact]) -> Iterator[Row]:
    """A row of the subject, a unit, on the day of its first fact of a type in each calendar year."""
    years: set[int] = set()
    for fact in rows.context.view.of(type_):
        day = date.fromordinal(fact.day)
        if day.year not in years:
            years.add(day.year)
            yield Row(fact.day, rows.context.subject, None, {"day": day.isoformat()}, order=fact.order)


def _ratings(rows: Rows) -> Iterator[Row]:
    changes = rows.context.view.of(CreditCommunityRated, CreditRatingLapsed)
    for change, until in until_next(changes, lambda later: later.day):
        if type(change.fact) is CreditCommunityRated:
            end = min(until, months_later(change.day, RATING_MONTHS))
            yield from _while_existing(rows, change.day, end, recovery_rate=change.fact.recovery_rate, lending_fen=change.fact.lending_fen)


_KIND = {"kind": "of the unit"}

UNIT_RELATIONS = (
    Relation("unit", "unit", "span", _KIND, _existing, 1, "Exists (单位存续).", UNIT_FACTS, (UnitListed,)),
    Relation(
        "entered_campaign", "unit", "span", _KIND, _entered, 1, "Entered the campaign (争创).", (*UNIT_FACTS, UnitEnteredCampaign),
        (UnitEnteredCampaign,),
    ),
    Relation(
        "designated", "unit", "span", _KIND, _designated, 1, "Holds the title (命名，未撤销).",
        (*UNIT_FACTS, UnitDesignated, UnitDesignationWithdrawn), (UnitDesignated,),
    ),
    Relation(
        "leading_body", "unit", "span", _KIND, _leading_bodies, 1, "Has its leading body (领导机构).",
        (*UNIT_FACTS, LeadingBodyEstablished), (LeadingBodyEstablished,),
    ),
    Relation(
        "plan_submitted", "unit", "event", {"day": "YYYY-MM-DD"}, _plans, 2, "First submitted its plan of the year (报送实施方案).",
        (*UNIT_FACTS, UnitPlanSubmitted), (UnitPlanSubmitted,),
    ),
    Relation(
        "credit_rating", "unit", "span", {**_KIND, "recovery_rate": "0 to 1", "lending_fen": "fen"}, _ratings, 1,
        "Rated as a credit community at most twelve months ago (信用社区评定).", (*UNIT_FACTS, CreditCommunityRated, CreditRatingLapsed),
        (CreditCommunityRated,)),
)  # fmt: skip
