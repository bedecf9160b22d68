"""Rulings on one green-channel case (绿色通道事项): accepted with a promised day, and completed. Plan 四(五)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import beginning, ending, not_opened_yet
from shared.contracts.outcomes import Decision, Reason, Refuse
from shared.contracts.registry import CaseFact, GreenChannelCaseAccepted, GreenChannelCaseCompleted


@dataclass(frozen=True, slots=True)
class Unaccepted:
    """No acceptance is recorded (or it was voided)."""

    completed: date | None = None
    state: Literal["unknown"] = "unknown"
    kind: Literal["case"] = "case"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Accepted on a day, and completed on another perhaps."""

    accepted: date
    completed: date | None
    state: Literal["accepted"] = "accepted"
    kind: Literal["case"] = "case"


CaseState = Unaccepted | Accepted

ALREADY_ACCEPTED = Reason("already_accepted", "该事项已受理", "the case has already been accepted")
PROMISED_BEFORE_ACCEPTED = Reason("promised_before_accepted", "承诺办结日早于受理日", "promised for a day before the case was accepted")


def initial() -> CaseState:
    """Nothing is recorded."""
    return Unaccepted()


def decide(state: CaseState, fact: CaseFact, day: date) -> Decision:
    """Rule on a fact of this day. Late is not wrong: whether the promise was kept is for the figures to say."""
    match state:
        case Unaccepted():
            if not isinstance(fact, GreenChannelCaseAccepted):
                return not_opened_yet(fact)
            return Refuse(PROMISED_BEFORE_ACCEPTED) if fact.promised < day else beginning(day, state.completed)
        case Accepted():
            match fact:
                case GreenChannelCaseAccepted():
                    return Refuse(ALREADY_ACCEPTED)
                case GreenChannelCaseCompleted():
                    return ending(state.accepted, day)
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def evolve(state: CaseState, fact: CaseFact, day: date) -> CaseState:
    """The state with a recorded fact taken in."""
    match fact:
        case GreenChannelCaseAccepted():
            return Accepted(day, state.completed) if isinstance(state, Unaccepted) else state
        case GreenChannelCaseCompleted():
            return replace(state, completed=day)
        case _:
            assert_never(fact)
