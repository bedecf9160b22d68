"""Rulings on one start-up project (创业项目): collected, displayed, matched to persons. Plan 三(四)3."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import not_opened_yet
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import ProjectCollected, ProjectDisplayed, ProjectFact, ProjectMatched


@dataclass(frozen=True, slots=True)
class Uncollected:
    """The database does not hold it."""

    state: Literal["unknown"] = "unknown"
    kind: Literal["project"] = "project"


@dataclass(frozen=True, slots=True)
class Collected:
    """In the database from a day on."""

    collected: date
    state: Literal["collected"] = "collected"
    kind: Literal["project"] = "project"


ProjectState = Uncollected | Collected

ALREADY_COLLECTED = Reason("already_collected", "该项目已征集", "the project has already been collected")
BEFORE_COLLECTED = Reason("before_collected", "日期早于项目征集日期", "dated before the project was collected")


def initial() -> ProjectState:
    """Nothing is recorded."""
    return Uncollected()


def decide(state: ProjectState, fact: ProjectFact, day: date) -> Decision:
    """Rule on a fact of this day. A project may be shown or taken up before it is entered: that is odd, not impossible."""
    match state:
        case Uncollected():
            return Accept() if isinstance(fact, ProjectCollected) else not_opened_yet(fact)
        case Collected():
            match fact:
                case ProjectCollected():
                    return Refuse(ALREADY_COLLECTED)
                case ProjectDisplayed() | ProjectMatched():
                    return Accept((BEFORE_COLLECTED,)) if day < state.collected else Accept()
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def evolve(state: ProjectState, fact: ProjectFact, day: date) -> ProjectState:
    """The state with a recorded fact taken in."""
    match fact:
        case ProjectCollected():
            return Collected(day) if isinstance(state, Uncollected) else state
        case ProjectDisplayed() | ProjectMatched():
            return state
        case _:
            assert_never(fact)
