"""Rulings on one public employment service platform (公共就业服务平台). Plan 三(四)1."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import before_its_beginning, not_opened_yet
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import PlatformFact, PlatformLevel, ServicePlatformChanged, ServicePlatformOpened
from shared.units import UnitKind, unit_kind


@dataclass(frozen=True, slots=True)
class Unopened:
    """No opening is recorded."""

    state: Literal["unknown"] = "unknown"
    kind: Literal["platform"] = "platform"


@dataclass(frozen=True, slots=True)
class Opened:
    """Opened on a day."""

    opened: date
    state: Literal["opened"] = "opened"
    kind: Literal["platform"] = "platform"


PlatformState = Unopened | Opened

ALREADY_OPENED = Reason("already_opened", "该平台已建立", "the platform has already been opened")
LEVEL_DIFFERS = Reason("level_differs", "平台层级与所在单位不符", "the platform's level is not that of its unit")

_LEVEL_OF: dict[UnitKind, PlatformLevel] = {
    "county": "county", "township": "township", "park": "township", "community": "community_or_village", "village": "community_or_village",
}  # fmt: skip


def initial() -> PlatformState:
    """Nothing is recorded."""
    return Unopened()


def decide(state: PlatformState, fact: PlatformFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unopened():
            return _decide_opening(fact) if isinstance(fact, ServicePlatformOpened) else not_opened_yet(fact)
        case Opened():
            match fact:
                case ServicePlatformOpened():
                    return Refuse(ALREADY_OPENED)
                case ServicePlatformChanged():
                    return Refuse(before_its_beginning(state.opened)) if day < state.opened else Accept()
                case _:
                    assert_never(fact)
        case _:
            assert_never(state)


def _decide_opening(fact: ServicePlatformOpened) -> Decision:
    levels = {_LEVEL_OF[unit_kind(code)] for code in (fact.unit, fact.park) if code is not None}
    return Accept() if fact.level in levels else Accept((LEVEL_DIFFERS,))


def evolve(state: PlatformState, fact: PlatformFact, day: date) -> PlatformState:
    """The state with a recorded fact taken in."""
    match fact:
        case ServicePlatformOpened():
            return Opened(day) if isinstance(state, Unopened) else state
        case ServicePlatformChanged():
            return state
        case _:
            assert_never(fact)
