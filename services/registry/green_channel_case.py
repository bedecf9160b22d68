"""Rulings on one green-channel case (绿色通道事项): accepted with a promised day, and completed. Plan 四(五)."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import before_its_beginning, not_opened_yet
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import CaseFact, GreenChannelCaseAccepted, GreenChannelCaseCompleted


@dataclass(frozen=True, slots=True)
class Unaccepted:
    """No acceptance is recorded."""

    state: Literal["unknown"] = "unknown"
    kind: Literal["case"] = "case"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Accepted on a day."""

    accepted: date
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
            return Refuse(PROMISED_BEFORE_ACCEPTED) if fact.promised < day else Accept()
        case Accepted():
            match fact:
                case GreenChannelCaseAccepted():
                    return Refuse(ALREADY_ACCEPTED)
                case GreenChannelCaseCompleted():
                    return Refuse(before_its_beginning(state.accepted)) if day < state.accepted else Accept()
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def evolve(state: CaseState, fact: CaseFact, day: date) -> CaseState:
    """The state with a recorded fact taken in."""
    match fact:
        case GreenChannelCaseAccepted():
            return Accepted(day) if isinstance(state, Unaccepted) else state
        case GreenChannelCaseCompleted():
            return state
        case _:
            assert_never(fact)
