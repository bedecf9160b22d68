"""Rulings on one venue (创业载体: 孵化基地, 创业园, 创业街, 见习基地) and its tenants. Plan 二(四), 四(四), 四(九)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import after_its_end, before_its_beginning, begins_after_its_end, ending, needs_earlier, not_opened_yet
from services.registry.turns import TurnsOf, standing_of, with_turns_of
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import TenantAdmitted, TenantLeft, VenueClosed, VenueFact, VenueOpened, VenueResized

Tenancy = Literal["admitted", "left"]


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a venue apart from its opening."""

    closed: date | None = None
    tenants: TurnsOf[Tenancy] = ()


@dataclass(frozen=True, slots=True)
class Unopened:
    """No opening is recorded."""

    story: Story = Story()
    state: Literal["unknown"] = "unknown"
    kind: Literal["venue"] = "venue"


@dataclass(frozen=True, slots=True)
class Opened:
    """Opened on a day, and closed on another perhaps."""

    opened: date
    story: Story
    state: Literal["opened"] = "opened"
    kind: Literal["venue"] = "venue"


VenueState = Unopened | Opened

ALREADY_OPENED = Reason("already_opened", "该载体已启用", "the venue has already been opened")
WITHIN_ITSELF = Reason("within_itself", "载体不能位于自身之内", "a venue cannot lie within itself")
NO_AREA = Reason("no_area", "未填写面积", "a venue without any area")
BEFORE_OPENING = Reason("before_opening", "日期早于启用日期", "dated before the opening")
ALREADY_TENANT = Reason("already_tenant", "该企业当日已入驻", "the entity was already a tenant on that day")
NOT_ADMITTED_YET = Reason("not_admitted_yet", "该企业尚无入驻记录，待补报后处理", "the entity's admission is not recorded yet")
ALREADY_LEFT = Reason("already_left", "该企业当日已退出", "the entity had already left on that day")


def initial() -> VenueState:
    """Nothing is recorded."""
    return Unopened()


def decide(state: VenueState, fact: VenueFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unopened():
            return _decide_opening(state, fact, day) if isinstance(fact, VenueOpened) else not_opened_yet(fact)
        case Opened():
            return _decide_opened(state, fact, day)
        case _:
            assert_never(state)


def _decide_opening(state: Unopened, fact: VenueOpened, day: date) -> Decision:
    if fact.within == fact.venue:
        return Refuse(WITHIN_ITSELF)
    if state.story.closed is not None and state.story.closed < day:
        return Refuse(begins_after_its_end(state.story.closed))
    return Accept((NO_AREA,)) if fact.area_m2 == 0 and fact.venue_kind != "internship_base" else Accept()


def _decide_opened(state: Opened, fact: VenueFact, day: date) -> Decision:
    closed, early = state.story.closed, day < state.opened
    too_late = (after_its_end(closed),) if closed is not None and day > closed else ()
    match fact:
        case VenueOpened():
            return Refuse(ALREADY_OPENED)
        case VenueResized():
            return Refuse(before_its_beginning(state.opened)) if early else Accept(too_late)
        case VenueClosed():
            return ending(state.opened, day)
        case TenantAdmitted():
            doubled = (ALREADY_TENANT,) if standing_of(state.story.tenants, fact.entity, day) == "admitted" else ()
            return Accept((*((BEFORE_OPENING,) if early else ()), *too_late, *doubled))
        case TenantLeft():
            return _decide_left(state, fact, day)
        case _:
            assert_never(fact)


def _decide_left(state: Opened, fact: TenantLeft, day: date) -> Decision:
    match standing_of(state.story.tenants, fact.entity, day):
        case None:
            return needs_earlier(fact, NOT_ADMITTED_YET)
        case "admitted":
            return Accept()
        case "left":
            return Accept((ALREADY_LEFT,))


def evolve(state: VenueState, fact: VenueFact, day: date) -> VenueState:
    """The state with a recorded fact taken in."""
    story = _evolve_story(state.story, fact, day)
    if isinstance(state, Opened):
        return replace(state, story=story)
    return Opened(day, story) if isinstance(fact, VenueOpened) else Unopened(story)


def _evolve_story(story: Story, fact: VenueFact, day: date) -> Story:
    match fact:
        case VenueClosed():
            return replace(story, closed=day)
        case TenantAdmitted():
            return replace(story, tenants=with_turns_of(story.tenants, day, ((fact.entity, "admitted"),)))
        case TenantLeft():
            return replace(story, tenants=with_turns_of(story.tenants, day, ((fact.entity, "left"),)))
        case VenueOpened() | VenueResized():
            return story
        case _:
            assert_never(fact)
