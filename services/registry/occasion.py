"""Rulings on what happens once and has no history: letters, meetings, inspections, events, approvals, and the acts of the office.

Each is told by its own number. Two reports of one number are one happening (that is its natural key); one number for two
different kinds of happening is a mix-up and refused. Plan 三(一)2, 三(五), 四(一), 五(三), 六(四).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import (
    BulletinIssued,
    CampaignEventHeld,
    CommendationIssued,
    CriticismIssued,
    DocumentPublished,
    EvaluationPublished,
    FlagConfirmed,
    FlagDismissed,
    GuidanceDirectoryPublished,
    InspectionHeld,
    MeetingHeld,
    OccasionFact,
    ReportDismissed,
    ReportResubmitted,
    ResponsibilityLetterSigned,
    RosterExported,
    VenueProjectApproved,
)


@dataclass(frozen=True, slots=True)
class Unheard:
    """The number is free."""

    state: Literal["unknown"] = "unknown"
    kind: Literal["occasion"] = "occasion"


@dataclass(frozen=True, slots=True)
class Happened:
    """The number stands for a happening of this type."""

    type: str
    zh: str
    state: Literal["happened"] = "happened"
    kind: Literal["occasion"] = "occasion"


OccasionState = Unheard | Happened

AS_OF_AFTER_KNOWN_AT = Reason("as_of_after_known_at", "数据截止日晚于认知日", "as of a day after the day it was known")
KNOWN_AT_AFTER_PUBLISHED = Reason("known_at_after_published", "认知日晚于发布日", "known on a day after it was published")


def number_taken(by: Happened) -> Reason:
    """The number already stands for a happening of another type."""
    return Reason("number_taken", f"该编号已用于“{by.zh}”，请另编编号", f"this number already stands for a {by.type}; choose another")


def initial() -> OccasionState:
    """The number is free."""
    return Unheard()


def decide(state: OccasionState, fact: OccasionFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    if isinstance(state, Happened) and state.type != fact.type:
        return Refuse(number_taken(state))
    match fact:
        case EvaluationPublished() | DocumentPublished():
            if fact.as_of > fact.known_at:
                return Refuse(AS_OF_AFTER_KNOWN_AT)
            return Refuse(KNOWN_AT_AFTER_PUBLISHED) if fact.known_at > day else Accept()
        case (
            ResponsibilityLetterSigned() | MeetingHeld() | BulletinIssued() | CommendationIssued() | CriticismIssued() | InspectionHeld()
            | CampaignEventHeld() | VenueProjectApproved() | GuidanceDirectoryPublished() | ReportDismissed() | ReportResubmitted()
            | FlagConfirmed() | FlagDismissed() | RosterExported()
        ):  # fmt: skip
            return Accept()
        case _:
            assert_never(fact)


def evolve(state: OccasionState, fact: OccasionFact, day: date) -> OccasionState:  # noqa: ARG001 (every aggregate evolves by the day)
    """The state with a recorded fact taken in: the first happening keeps the number."""
    return Happened(fact.type, fact.zh) if isinstance(state, Unheard) else state
