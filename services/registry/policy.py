"""Rulings on one policy (创业政策): issued, and repealed perhaps. Plan 三(二)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import beginning, ending, not_opened_yet
from shared.contracts.outcomes import Decision, Reason, Refuse
from shared.contracts.registry import PolicyFact, PolicyIssued, PolicyRepealed


@dataclass(frozen=True, slots=True)
class Unissued:
    """No issuing is recorded (or it was voided)."""

    repealed: date | None = None
    state: Literal["unknown"] = "unknown"
    kind: Literal["policy"] = "policy"


@dataclass(frozen=True, slots=True)
class Issued:
    """Issued on a day, and repealed on another perhaps."""

    issued: date
    repealed: date | None
    state: Literal["issued"] = "issued"
    kind: Literal["policy"] = "policy"


PolicyState = Unissued | Issued

ALREADY_ISSUED = Reason("already_issued", "该政策已出台", "the policy has already been issued")


def initial() -> PolicyState:
    """Nothing is recorded."""
    return Unissued()


def decide(state: PolicyState, fact: PolicyFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unissued():
            return beginning(day, state.repealed) if isinstance(fact, PolicyIssued) else not_opened_yet(fact)
        case Issued():
            match fact:
                case PolicyIssued():
                    return Refuse(ALREADY_ISSUED)
                case PolicyRepealed():
                    return ending(state.issued, day)
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def evolve(state: PolicyState, fact: PolicyFact, day: date) -> PolicyState:
    """The state with a recorded fact taken in."""
    match fact:
        case PolicyIssued():
            return Issued(day, state.repealed) if isinstance(state, Unissued) else state
        case PolicyRepealed():
            return replace(state, repealed=day)
        case _:
            assert_never(fact)
