"""Internships (创业见习): started at a base, completed with or without being kept on."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from shared.contracts.base import about_of
from shared.contracts.outcomes import Decision, Reason, Refuse, Wait, accept
from shared.contracts.training import InternshipCompleted, InternshipStarted

InternshipFact = InternshipStarted | InternshipCompleted

NOT_STARTED = Reason("internship_not_started", "见习开始尚未记录", "the start of the internship is not recorded yet")
COMPLETED_BEFORE_STARTED = Reason(
    "internship_completed_before_started", "见习结束日期早于开始日期", "the internship would end before it started"
)


@dataclass(frozen=True, slots=True)
class NoInternship:
    """Nothing is recorded."""

    state: Literal["no_internship"] = "no_internship"


@dataclass(frozen=True, slots=True)
class RunningInternship:
    """The person is at the base."""

    started: date
    state: Literal["running_internship"] = "running_internship"


@dataclass(frozen=True, slots=True)
class CompletedInternship:
    """It is over. `started` is None while its start is voided."""

    started: date | None
    state: Literal["completed_internship"] = "completed_internship"


InternshipState = NoInternship | RunningInternship | CompletedInternship


def initial() -> InternshipState:
    """An internship nothing is recorded about."""
    return NoInternship()


def decide(state: InternshipState, fact: InternshipFact, day: date) -> Decision:
    """Rule on a fact that occurred on `day`."""
    match fact:
        case InternshipStarted():
            return accept()
        case InternshipCompleted():
            match state:
                case NoInternship():
                    return Wait(frozenset({about_of(fact)}), NOT_STARTED)
                case RunningInternship():
                    return Refuse(COMPLETED_BEFORE_STARTED) if day < state.started else accept()
                case CompletedInternship():
                    return Refuse(COMPLETED_BEFORE_STARTED) if state.started is not None and day < state.started else accept()
                case _:
                    assert_never(state)
        case _:
            assert_never(fact)


def evolve(state: InternshipState, fact: InternshipFact, day: date) -> InternshipState:
    """Take a recorded fact into the state, in whatever order the days come."""
    match fact:
        case InternshipStarted():
            match state:
                case NoInternship() | RunningInternship():
                    return RunningInternship(day)
                case CompletedInternship():
                    return CompletedInternship(day)
                case _:
                    assert_never(state)
        case InternshipCompleted():
            match state:
                case NoInternship():
                    return CompletedInternship(None)
                case RunningInternship() | CompletedInternship():
                    return CompletedInternship(state.started)
                case _:
                    assert_never(state)
        case _:
            assert_never(fact)
