"""An entity's rows: registration, state, signs of life, head-counts."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.indicators.history import FOREVER, Content
from services.indicators.measures.kinds import months_later, next_year, until_next
from services.indicators.measures.rows import Relation, Row, Rows
from services.indicators.relations.lives import LIFE_CYCLE, Life, oldest_code, own_lives
from services.indicators.relations.persons import EMPLOYMENT_FACTS, FoundedWithHelp
from shared.contracts.base import Fact
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityRegistered,
    StaffReported,
    SurvivalChecked,
)

SIGN_OF_LIFE_MONTHS = 6
"""A check or staff report speaks for the six months from its day on."""


def says_operating(sign: Fact) -> bool | None:
    """What a check or staff report says of whether its entity operates; None where it says nothing.

    Founders are not among the employees: who works alone reports none, and so none says nothing.
    """
    match sign:
        case SurvivalChecked():
            return sign.operating
        case StaffReported():
            return True if sign.employees else None
        case _:
            raise AssertionError(sign)


def _registrations(rows: Rows) -> Iterator[Row]:
    for life in own_lives(rows):
        registration = life.registration
        attributes = {
            "entity": life.code,
            "entity_kind": registration.entity_kind,
            "year": str(date.fromordinal(life.registered).year),
            "start_up_cost_fen": registration.start_up_cost_fen,
        }
        yield Row(life.registered, registration.unit, registration.park, attributes, order=life.order)


def _states(rows: Rows) -> Iterator[Row]:
    for life in own_lives(rows):
        for stage in life.stages:
            attributes = {
                "entity": life.code, "entity_kind": life.registration.entity_kind, "state": stage.state, "out": stage.out,
            }  # fmt: skip
            yield Row(stage.start, stage.unit, stage.park, attributes, stage.end, life.order)


def _signs_of_life(rows: Rows) -> Iterator[Row]:
    for life in own_lives(rows):
        signs: list[tuple[Content[Any], bool]] = []
        for sign in rows.context.view.of(SurvivalChecked, StaffReported):
            seen = says_operating(sign.fact)
            if seen is not None and sign.day >= life.registered and oldest_code(rows, sign.fact.entity) == life.code:
                signs.append((sign, seen))
        for (sign, seen), following in until_next(signs, lambda later: later[0].day):
            until = min(following, months_later(sign.day, SIGN_OF_LIFE_MONTHS))
            attributes = {"entity": life.code, "operating": seen}
            yield Row(sign.day, life.registration.unit, life.registration.park, attributes, until, sign.order)


def _reports(rows: Rows, life: Life) -> tuple[list[tuple[int, int]], int]:
    """(day, employees) of the head-counts without persons, and the day from which individual employments are known instead."""
    individual = [
        fact.day
        for fact in rows.context.view.of(EmploymentStarted, EmploymentEnded, StaffReported)
        if oldest_code(rows, fact.fact.entity) == life.code and not (isinstance(fact.fact, StaffReported) and fact.fact.persons is None)
    ]
    counts = [
        (report.day, report.fact.employees)
        for report in rows.context.view.of(StaffReported)
        if report.day >= life.registered and report.fact.persons is None and oldest_code(rows, report.fact.entity) == life.code
    ]
    return counts, min(individual, default=FOREVER)


def _head_counts(rows: Rows) -> Iterator[Row]:
    for life in own_lives(rows):
        counts, individual = _reports(rows, life)
        end = min(individual, next_year(life.registered))
        for (day, employees), following in until_next(counts, lambda later: later[0], end):
            for stage in life.stages:
                start, until = max(day, stage.start), min(following, stage.end, end)
                if stage.operating and start < until:
                    helped = rows.context.help_at_founding(life.code) == "successful_start"
                    attributes = {"employees": employees, "helped": helped}
                    yield Row(start, stage.unit, stage.park, attributes, until, life.order)


def _head_count_peaks(rows: Rows) -> Iterator[Row]:
    """The greatest so far, where the entity was at the end of the day of the report that set it; out of the county it sets none."""
    for life in own_lives(rows):
        counts, individual = _reports(rows, life)
        end = min(individual, next_year(life.registered))
        peak, at = 0, life.stages[0]
        for (day, employees), following in until_next(counts, lambda later: later[0], end):
            stage = life.stage_at(day)
            if stage is not None and not stage.out and employees > peak:
                peak, at = employees, stage
            until = min(following, end)
            if peak and day < until:
                yield Row(day, at.unit, at.park, {"employees": peak}, until, life.order)


_REGISTRATION = (EntityRegistered, EntityCodeReplaced)

ENTITY_RELATIONS = (
    Relation(
        "registration", "entity", "event",
        {"entity": "code", "entity_kind": "enterprise or individual_business", "year": "of registration",
         "start_up_cost_fen": "as stated, or null"},
        _registrations, 1, "Registered (登记设立).", _REGISTRATION, (EntityRegistered,)),
    Relation(
        "state", "entity", "span",
        {"entity": "code", "entity_kind": "enterprise or individual_business", "state": "operating, suspended or closed",
         "out": "moved out of the county"},
        _states, 2, "What the registers say of it (登记状态).", LIFE_CYCLE, (EntityRegistered,)),
    Relation(
        "sign_of_life", "entity", "span", {"entity": "code", "operating": "what the latest that tells says"}, _signs_of_life, 2,
        "The latest check, or staff report with at least one employee, for six months (经营核查). No employees say nothing: founders are "
        "not among them.", (*_REGISTRATION, SurvivalChecked, StaffReported),
        (SurvivalChecked, StaffReported)),
    Relation(
        "head_count", "entity", "span", {"employees": "head-count without founders", "helped": "by a successful start"}, _head_counts, 1,
        "Latest staff report of an entity in its year of registration, while no individual employment is known (用工人数，未去重).",
        (*LIFE_CYCLE, *EMPLOYMENT_FACTS, FoundedWithHelp), (StaffReported,)),
    Relation(
        "head_count_peak", "entity", "span", {"employees": "greatest head-count so far"}, _head_count_peaks, 2,
        "Greatest staff report so far in the year of registration, where the entity then was (累计用工人数，未去重).",
        (*LIFE_CYCLE, *EMPLOYMENT_FACTS), (StaffReported,)),
)  # fmt: skip
