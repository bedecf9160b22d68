"""Rulings on one rectification (整改): opened with a due day, and closed. Plan 五(三), 六(四)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import beginning, ending, not_opened_yet
from shared.contracts.outcomes import Decision, Reason, Refuse
from shared.contracts.registry import RectificationClosed, RectificationFact, RectificationOpened


@dataclass(frozen=True, slots=True)
class Unopened:
    """No opening is recorded (or it was voided)."""

    closed: date | None = None
    state: Literal["unknown"] = "unknown"
    kind: Literal["rectification"] = "rectification"


@dataclass(frozen=True, slots=True)
class Opened:
    """Opened on a day, and closed on another perhaps."""

    opened: date
    closed: date | None
    state: Literal["opened"] = "opened"
    kind: Literal["rectification"] = "rectification"


RectificationState = Unopened | Opened

ALREADY_OPENED = Reason("already_opened", "该整改已提出", "the rectification has already been opened")
DUE_BEFORE_OPENED = Reason("due_before_opened", "整改期限早于提出日期", "due before the day it was opened")


def initial() -> RectificationState:
    """Nothing is recorded."""
    return Unopened()


def decide(state: RectificationState, fact: RectificationFact, day: date) -> Decision:
    """Rule on a fact of this day. Closing after the due day is late, not wrong."""
    match state:
        case Unopened():
            if not isinstance(fact, RectificationOpened):
                return not_opened_yet(fact)
            return Refuse(DUE_BEFORE_OPENED) if fact.due < day else beginning(day, state.closed)
        case Opened():
            match fact:
                case RectificationOpened():
                    return Refuse(ALREADY_OPENED)
                case RectificationClosed():
                    return ending(state.opened, day)
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def evolve(state: RectificationState, fact: RectificationFact, day: date) -> RectificationState:
    """The state with a recorded fact taken in."""
    match fact:
        case RectificationOpened():
            return Opened(day, state.closed) if isinstance(state, Unopened) else state
        case RectificationClosed():
            return replace(state, closed=day)
        case _:
            assert_never(fact)
