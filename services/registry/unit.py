"""Rulings on one unit (单位): its place in the roster and its own part in the campaign. Plan 二(五), 三(一)1, 六(一)."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, assert_never

from services.registry.reasons import before_its_beginning, beginning, needs_earlier, not_opened_yet
from services.registry.turns import Turns, standing, with_turn
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import (
    CountyPlanIssued,
    LeadingBodyEstablished,
    ProgressReportSubmitted,
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitDissolved,
    UnitEnteredCampaign,
    UnitFact,
    UnitListed,
    UnitMerged,
    UnitPlanSubmitted,
    UnitRenamed,
)
from shared.units import unit_kind

Designation = Literal["designated", "withdrawn"]


@dataclass(frozen=True, slots=True)
class End:
    """The unit's last day, and who answers for it afterwards."""

    day: date
    successor: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a unit apart from its listing."""

    end: End | None = None
    entered: tuple[date, ...] = ()
    """The days on which it entered the campaign."""
    designation: Turns[Designation] = ()


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The roster does not hold it."""

    story: Story = Story()
    state: Literal["unknown"] = "unknown"
    kind: Literal["unit"] = "unit"


@dataclass(frozen=True, slots=True)
class Listed:
    """The roster holds it from a day on, up to its end."""

    listed: date
    story: Story
    state: Literal["listed"] = "listed"
    kind: Literal["unit"] = "unit"


UnitState = Unlisted | Listed

ALREADY_LISTED = Reason("already_listed", "该单位已列入名册", "the unit is already listed")
ALREADY_ENDED = Reason("already_ended", "该单位已合并或撤销", "the unit has already been merged or dissolved")
COUNTY_CANNOT_END = Reason("county_cannot_end", "本县自身不能合并或撤销", "the county itself cannot be merged or dissolved here")
INTO_ITSELF = Reason("into_itself", "不能并入自身或由自身承接", "a unit cannot be its own successor")
INTO_ANOTHER_KIND = Reason(
    "into_another_kind",
    "只能并入同类单位；改变类型请报撤销并填写承接单位",
    "a unit merges into one of its own kind; to change its kind, dissolve it and name the successor",
)
NO_CAMPAIGN_FOR_COUNTY = Reason("no_campaign_for_county", "争创与命名不针对县级", "the county itself neither enters nor is designated")
COUNTY_ONLY = Reason("county_only", "县实施方案只由县级印发", "only the county issues the county's plan")
NOT_THE_COUNTY = Reason("not_the_county", "县级请报“县实施方案印发”", "the county issues its plan, it does not submit it")
ENTERED_BEFORE = Reason("entered_before", "该单位此前已争创", "the unit has entered the campaign before")
ALREADY_DESIGNATED = Reason("already_designated", "该单位当日已命名", "the unit was already designated on that day")
NOT_DESIGNATED_YET = Reason("not_designated_yet", "该单位尚无命名记录，待补报后处理", "no designation to withdraw is recorded yet")
ALREADY_WITHDRAWN = Reason("already_withdrawn", "该单位的命名当日已撤销", "the designation had already been withdrawn on that day")


def ended(end: End) -> Reason:
    """The unit's code is accepted up to its last day; afterwards its successor is named."""
    zh, en = (f"，由 {end.successor} 承接", f"; its successor is {end.successor}") if end.successor else ("", "")
    return Reason("unit_ended", f"该单位已于 {end.day} 合并或撤销{zh}", f"the unit ended on {end.day}{en}")


def initial() -> UnitState:
    """The roster does not hold it."""
    return Unlisted()


def decide(state: UnitState, fact: UnitFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match state:
        case Unlisted():
            ended_on = state.story.end.day if state.story.end is not None else None
            return beginning(day, ended_on) if isinstance(fact, UnitListed) else not_opened_yet(fact)
        case Listed():
            return _decide_listed(state, fact, day)
        case _:
            assert_never(state)


def _decide_listed(state: Listed, fact: UnitFact, day: date) -> Decision:
    end, is_county = state.story.end, unit_kind(fact.code) == "county"
    if isinstance(fact, UnitListed):
        return Refuse(ALREADY_LISTED)
    if day < state.listed:
        return Refuse(before_its_beginning(state.listed))
    if end is not None and day > end.day:
        return Refuse(ended(end))
    match fact:
        case UnitMerged() | UnitDissolved():
            return _decide_end(state, fact)
        case UnitEnteredCampaign():
            if is_county:
                return Refuse(NO_CAMPAIGN_FOR_COUNTY)
            return Accept((ENTERED_BEFORE,)) if any(entered < day for entered in state.story.entered) else Accept()
        case UnitDesignated():
            if is_county:
                return Refuse(NO_CAMPAIGN_FOR_COUNTY)
            return Accept((ALREADY_DESIGNATED,)) if standing(state.story.designation, day) == "designated" else Accept()
        case UnitDesignationWithdrawn():
            return _decide_withdrawn(state, fact, day)
        case CountyPlanIssued():
            return Accept() if is_county else Refuse(COUNTY_ONLY)
        case UnitPlanSubmitted():
            return Refuse(NOT_THE_COUNTY) if is_county else Accept()
        case UnitRenamed() | LeadingBodyEstablished() | ProgressReportSubmitted():
            return Accept()
        case _:
            assert_never(fact)


def _decide_end(state: Listed, fact: UnitMerged | UnitDissolved) -> Decision:
    kind, successor = unit_kind(fact.code), fact.into if isinstance(fact, UnitMerged) else fact.successor
    if kind == "county":
        return Refuse(COUNTY_CANNOT_END)
    if successor == fact.code:
        return Refuse(INTO_ITSELF)
    if isinstance(fact, UnitMerged) and unit_kind(fact.into) != kind:
        return Refuse(INTO_ANOTHER_KIND)
    return Refuse(ALREADY_ENDED) if state.story.end is not None else Accept()


def _decide_withdrawn(state: Listed, fact: UnitDesignationWithdrawn, day: date) -> Decision:
    match standing(state.story.designation, day):
        case None:
            return needs_earlier(fact, NOT_DESIGNATED_YET)
        case "designated":
            return Accept()
        case "withdrawn":
            return Accept((ALREADY_WITHDRAWN,))


def evolve(state: UnitState, fact: UnitFact, day: date) -> UnitState:
    """The state with a recorded fact taken in."""
    story = _evolve_story(state.story, fact, day)
    if isinstance(state, Listed):
        return replace(state, story=story)
    return Listed(day, story) if isinstance(fact, UnitListed) else Unlisted(story)


def _evolve_story(story: Story, fact: UnitFact, day: date) -> Story:
    match fact:
        case UnitMerged():
            return _with_end(story, End(day, fact.into))
        case UnitDissolved():
            return _with_end(story, End(day, fact.successor))
        case UnitEnteredCampaign():
            return replace(story, entered=tuple(sorted({*story.entered, day})))
        case UnitDesignated():
            return replace(story, designation=with_turn(story.designation, day, "designated"))
        case UnitDesignationWithdrawn():
            return replace(story, designation=with_turn(story.designation, day, "withdrawn"))
        case UnitListed() | UnitRenamed() | LeadingBodyEstablished() | CountyPlanIssued() | UnitPlanSubmitted() | ProgressReportSubmitted():
            return story
        case _:
            assert_never(fact)


def _with_end(story: Story, end: End) -> Story:
    """A unit ends once; should corrections leave two ends, the earlier one holds."""
    return replace(story, end=end) if story.end is None or end.day < story.end.day else story
