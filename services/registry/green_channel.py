"""Rulings on one green channel (创业绿色通道): opened, and closed perhaps. Plan 三(二)5, 四(五)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import beginning, ending, not_opened_yet
from shared.contracts.outcomes import Decision, Reason, Refuse
from shared.contracts.registry import GreenChannelClosed, GreenChannelFact, GreenChannelOpened


@dataclass(frozen=True, slots=True)
class Unopened:
    """No opening is recorded (or it was voided)."""

    closed: date | None = None
    state: Literal["unknown"] = "unknown"
    kind: Literal["green_channel"] = "green_channel"


@dataclass(frozen=True, slots=True)
class Opened:
    """Opened on a day, and closed on another perhaps."""

    opened: date
    closed: date | None
    state: Literal["opened"] = "opened"
    kind: Literal["green_channel"] = "green_channel"


ChannelState = Unopened | Opened

ALREADY_OPENED = Reason("already_opened", "该绿色通道已开通", "the green channel is already open")


def initial() -> ChannelState:
    """Nothing is recorded."""
    return Unopened()


def decide(state: ChannelState, fact: GreenChannelFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unopened():
            return beginning(day, state.closed) if isinstance(fact, GreenChannelOpened) else not_opened_yet(fact)
        case Opened():
            match fact:
                case GreenChannelOpened():
                    return Refuse(ALREADY_OPENED)
                case GreenChannelClosed():
                    return ending(state.opened, day)
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def evolve(state: ChannelState, fact: GreenChannelFact, day: date) -> ChannelState:
    """The state with a recorded fact taken in."""
    match fact:
        case GreenChannelOpened():
            return Opened(day, state.closed) if isinstance(state, Unopened) else state
        case GreenChannelClosed():
            return replace(state, closed=day)
        case _:
            assert_never(fact)
