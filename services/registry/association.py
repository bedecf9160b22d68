"""Rulings on one founders' association (创业者协会、联谊会) and its members. Plan 四(六)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import after_its_end, before_its_beginning, beginning, ending, not_opened_yet
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import AssociationDissolved, AssociationFact, AssociationFounded, AssociationMemberJoined


@dataclass(frozen=True, slots=True)
class Unfounded:
    """No founding is recorded."""

    dissolved: date | None = None
    state: Literal["unknown"] = "unknown"
    kind: Literal["association"] = "association"


@dataclass(frozen=True, slots=True)
class Founded:
    """Founded on a day, and dissolved on another perhaps."""

    founded: date
    dissolved: date | None
    state: Literal["founded"] = "founded"
    kind: Literal["association"] = "association"


AssociationState = Unfounded | Founded

ALREADY_FOUNDED = Reason("already_founded", "该协会已成立", "the association has already been founded")


def initial() -> AssociationState:
    """Nothing is recorded."""
    return Unfounded()


def decide(state: AssociationState, fact: AssociationFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unfounded():
            return beginning(day, state.dissolved) if isinstance(fact, AssociationFounded) else not_opened_yet(fact)
        case Founded():
            return _decide_founded(state, fact, day)
        case _:
            assert_never(state)


def _decide_founded(state: Founded, fact: AssociationFact, day: date) -> Decision:
    match fact:
        case AssociationFounded():
            return Refuse(ALREADY_FOUNDED)
        case AssociationDissolved():
            return ending(state.founded, day)
        case AssociationMemberJoined():
            if day < state.founded:
                return Refuse(before_its_beginning(state.founded))
            return Accept((after_its_end(state.dissolved),)) if state.dissolved is not None and day > state.dissolved else Accept()
        case _:
            assert_never(fact)


def evolve(state: AssociationState, fact: AssociationFact, day: date) -> AssociationState:
    """The state with a recorded fact taken in."""
    match fact:
        case AssociationFounded():
            return Founded(day, state.dissolved) if isinstance(state, Unfounded) else state
        case AssociationDissolved():
            return replace(state, dissolved=day)
        case AssociationMemberJoined():
            return state
        case _:
            assert_never(fact)
