"""The registry's rules: each fact goes to the aggregate that rules on it, and a fact none rules on fails the type check."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, NamedTuple, TypeVar, assert_never, cast

from pydantic import Discriminator, TypeAdapter

from services.registry import (
    association,
    duty,
    entity,
    green_channel,
    green_channel_case,
    occasion,
    platform,
    policy,
    project,
    rectification,
    standalone,
    unit,
    venue,
)  # fmt: skip
from shared.contracts import registry as facts
from shared.contracts.base import Fact, Subject
from shared.contracts.outcomes import Decision
from shared.contracts.registry import REGISTRY_FACTS, RegistryFact
from shared.rules import Rules

RegistryState = (
    entity.EntityState | unit.UnitState | venue.VenueState | green_channel.ChannelState | green_channel_case.CaseState
    | association.AssociationState | platform.PlatformState | policy.PolicyState | project.ProjectState
    | rectification.RectificationState | duty.DutyState | occasion.OccasionState | standalone.NoHistory
)  # fmt: skip

STATES: TypeAdapter[RegistryState] = TypeAdapter(
    Annotated[
        Annotated[entity.EntityState, Discriminator("state")]
        | Annotated[unit.UnitState, Discriminator("state")]
        | Annotated[venue.VenueState, Discriminator("state")]
        | Annotated[green_channel.ChannelState, Discriminator("state")]
        | Annotated[green_channel_case.CaseState, Discriminator("state")]
        | Annotated[association.AssociationState, Discriminator("state")]
        | Annotated[platform.PlatformState, Discriminator("state")]
        | Annotated[policy.PolicyState, Discriminator("state")]
        | Annotated[project.ProjectState, Discriminator("state")]
        | Annotated[rectification.RectificationState, Discriminator("state")]
        | Annotated[occasion.OccasionState, Discriminator("state")]
        | duty.DutyState
        | standalone.NoHistory,
        Discriminator("kind"),
    ]
)
"""Reads and writes a state as JSON, told apart by its kind and its word."""


def initial(subject: Subject) -> RegistryState:
    """The state of a thing nothing is recorded about yet. Raises ValueError for a kind the registry does not rule on."""
    match subject.partition(":")[0]:
        case "entity":
            return entity.initial()
        case "unit":
            return unit.initial()
        case "venue":
            return venue.initial()
        case "green_channel":
            return green_channel.initial()
        case "case":
            return green_channel_case.initial()
        case "association":
            return association.initial()
        case "platform":
            return platform.initial()
        case "policy":
            return policy.initial()
        case "project":
            return project.initial()
        case "rectification":
            return rectification.initial()
        case "duty":
            return duty.initial()
        case "occasion":
            return occasion.initial()
        case "statistic" | "benchmark" | "checklist_item" | "person" as kind:
            return standalone.NoHistory(kind)
        case _:
            raise ValueError(f"the registry rules on no {subject} / 登记服务不处理 {subject}")


def decide(state: RegistryState, fact: Fact, day: date) -> Decision:
    """Rule on a fact of this day. Raises TypeError when the state is not of the thing the fact is about."""
    return _ruling(state, _registry_fact(fact), day).decide()


def evolve(state: RegistryState, fact: Fact, day: date) -> RegistryState:
    """The state with a recorded fact taken in. Raises TypeError when the state is not of the thing the fact is about."""
    return _ruling(state, _registry_fact(fact), day).evolve()


RULES: Rules[RegistryState] = Rules(service="registry", facts=REGISTRY_FACTS, initial=initial, decide=decide, evolve=evolve, states=STATES)
"""What the registry's write service runs."""


class _Ruling(NamedTuple):
    """What the aggregate of a fact says to it, and makes of it."""

    decide: Callable[[], Decision]
    evolve: Callable[[], RegistryState]


def _ruling(state: RegistryState, fact: RegistryFact, day: date) -> _Ruling:
    match fact:  # what is reported most stands first: to be none of a case's classes takes a quarter of a microsecond for each
        case (
            facts.EmploymentStarted() | facts.EmploymentEnded() | facts.EntityRegistered() | facts.StaffReported() | facts.SurvivalChecked()
            | facts.EntityFollowedUp() | facts.EntityDeregistered() | facts.EntityCodeReplaced() | facts.EntityMoved()
            | facts.EntitySuspended() | facts.EntityLicenceRevoked() | facts.EntityRestored()
        ):  # fmt: skip
            return _by(entity.decide, entity.evolve, _of(state, entity.Unregistered, entity.Registered), fact, day)
        case (
            facts.UnitListed() | facts.UnitRenamed() | facts.UnitMerged() | facts.UnitDissolved() | facts.UnitEnteredCampaign()
            | facts.UnitDesignated() | facts.UnitDesignationWithdrawn() | facts.LeadingBodyEstablished() | facts.CountyPlanIssued()
            | facts.UnitPlanSubmitted() | facts.ProgressReportSubmitted()
        ):  # fmt: skip
            return _by(unit.decide, unit.evolve, _of(state, unit.Unlisted, unit.Listed), fact, day)
        case facts.VenueOpened() | facts.VenueResized() | facts.VenueClosed() | facts.TenantAdmitted() | facts.TenantLeft():
            return _by(venue.decide, venue.evolve, _of(state, venue.Unopened, venue.Opened), fact, day)
        case facts.GreenChannelOpened() | facts.GreenChannelClosed():
            return _by(green_channel.decide, green_channel.evolve, _of(state, green_channel.Unopened, green_channel.Opened), fact, day)
        case facts.GreenChannelCaseAccepted() | facts.GreenChannelCaseCompleted():
            wanted = _of(state, green_channel_case.Unaccepted, green_channel_case.Accepted)
            return _by(green_channel_case.decide, green_channel_case.evolve, wanted, fact, day)
        case facts.AssociationFounded() | facts.AssociationDissolved() | facts.AssociationMemberJoined():
            return _by(association.decide, association.evolve, _of(state, association.Unfounded, association.Founded), fact, day)
        case facts.ServicePlatformOpened() | facts.ServicePlatformChanged():
            return _by(platform.decide, platform.evolve, _of(state, platform.Unopened, platform.Opened), fact, day)
        case facts.PolicyIssued() | facts.PolicyRepealed():
            return _by(policy.decide, policy.evolve, _of(state, policy.Unissued, policy.Issued), fact, day)
        case facts.ProjectCollected() | facts.ProjectDisplayed() | facts.ProjectMatched():
            return _by(project.decide, project.evolve, _of(state, project.Uncollected, project.Collected), fact, day)
        case facts.RectificationOpened() | facts.RectificationClosed():
            return _by(rectification.decide, rectification.evolve, _of(state, rectification.Unopened, rectification.Opened), fact, day)
        case facts.DutyEvidenced() | facts.DutyAccepted() | facts.DutyReturned():
            return _by(duty.decide, duty.evolve, _of(state, duty.Duty, duty.Duty), fact, day)
        case (
            facts.ResponsibilityLetterSigned() | facts.MeetingHeld() | facts.BulletinIssued() | facts.CommendationIssued()
            | facts.CriticismIssued() | facts.InspectionHeld() | facts.CampaignEventHeld() | facts.VenueProjectApproved()
            | facts.GuidanceDirectoryPublished() | facts.EvaluationPublished() | facts.DocumentPublished() | facts.ReportDismissed()
            | facts.ReportResubmitted() | facts.FlagConfirmed() | facts.FlagDismissed() | facts.RosterExported()
        ):  # fmt: skip
            return _by(occasion.decide, occasion.evolve, _of(state, occasion.Unheard, occasion.Happened), fact, day)
        case (
            facts.StatisticPublished() | facts.BenchmarkPublished() | facts.PolicyImplementationChecked() | facts.PersonFollowedUp()
        ):  # fmt: skip
            return _Ruling(lambda: standalone.decide(fact, day), lambda: state)
        case _:
            assert_never(fact)


_State = TypeVar("_State", bound=RegistryState)
_Ruled = TypeVar("_Ruled", bound=RegistryFact)


def _by(
    decide: Callable[[_State, _Ruled, date], Decision],
    evolve: Callable[[_State, _Ruled, date], _State],
    state: _State,
    fact: _Ruled,
    day: date,
) -> _Ruling:
    return _Ruling(lambda: decide(state, fact, day), lambda: evolve(state, fact, day))


_One = TypeVar("_One")
_Other = TypeVar("_Other")


def _of(state: RegistryState, one: type[_One], other: type[_Other]) -> _One | _Other:
    """The state as one of the two wanted. Raises TypeError when the caller loaded another thing's state."""
    if isinstance(state, one | other):
        return state
    raise TypeError(f"a state of {type(state).__module__} where {one.__module__} is wanted")


_CLASSES = frozenset(REGISTRY_FACTS)


def _registry_fact(fact: Fact) -> RegistryFact:
    """The fact as one of this service's. Raises TypeError for another service's."""
    if type(fact) in _CLASSES:  # not isinstance: pydantic's is slow, and this runs for every fact
        return cast(RegistryFact, fact)
    raise TypeError(f"{fact.type} is no fact of the registry / {fact.type} 不是登记服务的事实")
