"""Rulings on one duty of the plan file (任务), for each of those who owe it. Plan 三(一), 三(五), 五, 六."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import needs_earlier
from services.registry.turns import TurnsOf, standing_of, with_turns_of
from shared.contracts.outcomes import Accept, Decision, Reason
from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyFact, DutyReturned

Progress = Literal["evidenced", "accepted", "returned"]


@dataclass(frozen=True, slots=True)
class Duty:
    """How far each has come who owes it; the plan file, not a fact, brings a duty into being."""

    progress: TurnsOf[Progress] = ()
    state: Literal["owed"] = "owed"
    kind: Literal["duty"] = "duty"


DutyState = Duty

NOT_EVIDENCED_YET = Reason("not_evidenced_yet", "该任务尚无佐证提交记录，待提交后处理", "no evidence to accept or return is recorded yet")
ALREADY_ACCEPTED = Reason("already_accepted", "该任务当日已验收", "the duty was already accepted on that day")
NO_NEW_EVIDENCE = Reason("no_new_evidence", "退回后未见新的佐证", "accepted without new evidence since it was returned")


def initial() -> DutyState:
    """Owed by those whom the plan file names, nothing shown yet."""
    return Duty()


def owed_by(fact: DutyFact) -> str:
    """Who owes the duty: a unit, a park or a department (codes are digits, so the names cannot meet)."""
    party = fact.unit or fact.park or fact.department
    assert party is not None, "the contract names exactly one"
    return party


def decide(state: DutyState, fact: DutyFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    progress = standing_of(state.progress, owed_by(fact), day)
    match fact:
        case DutyEvidenced():
            return Accept()
        case DutyAccepted():
            return _decide_accepted(progress, fact)
        case DutyReturned():  # an acceptance may be taken back too
            return needs_earlier(fact, NOT_EVIDENCED_YET) if progress is None else Accept()
        case _:
            assert_never(fact)


def _decide_accepted(progress: Progress | None, fact: DutyAccepted) -> Decision:
    match progress:
        case None:
            return needs_earlier(fact, NOT_EVIDENCED_YET)
        case "evidenced":
            return Accept()
        case "accepted":
            return Accept((ALREADY_ACCEPTED,))
        case "returned":
            return Accept((NO_NEW_EVIDENCE,))


def evolve(state: DutyState, fact: DutyFact, day: date) -> DutyState:
    """The state with a recorded fact taken in."""
    return replace(state, progress=with_turns_of(state.progress, day, ((owed_by(fact), _progress(fact)),)))


def _progress(fact: DutyFact) -> Progress:
    match fact:
        case DutyEvidenced():
            return "evidenced"
        case DutyAccepted():
            return "accepted"
        case DutyReturned():
            return "returned"
        case _:
            assert_never(fact)
