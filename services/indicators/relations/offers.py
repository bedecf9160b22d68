"""What is offered to founders: green channels, platforms, policies and how they are carried out, projects, associations, internships."""

from collections.abc import Iterator
from typing import Any

from services.indicators.history import FOREVER, Content
from services.indicators.measures.kinds import until_next
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.base import Fact
from shared.contracts.registry import (
    AssociationDissolved,
    AssociationFounded,
    AssociationMemberJoined,
    GreenChannelClosed,
    GreenChannelOpened,
    PolicyImplementationChecked,
    PolicyIssued,
    PolicyRepealed,
    ProjectCollected,
    ProjectDisplayed,
    ProjectMatched,
    ServicePlatformChanged,
    ServicePlatformOpened,
)
from shared.contracts.training import InternshipCompleted, InternshipStarted
from shared.units import unit_kind


def _span(rows: Rows, opens: type[Fact], closes: type[Fact]) -> Iterator[tuple[Content[Any], int]]:
    """What opened, with the first day on which it is closed again."""
    until = min((closed.day for closed in rows.context.view.of(closes)), default=FOREVER)
    for opened in rows.context.view.of(opens)[:1]:
        if opened.day < until:
            yield opened, until


def _green_channels(rows: Rows) -> Iterator[Row]:
    for opened, until in _span(rows, GreenChannelOpened, GreenChannelClosed):
        fact = opened.fact
        yield Row(opened.day, fact.unit, fact.park, {"at": fact.unit or fact.park, "pilot": fact.pilot}, until, opened.order)


def _policies(rows: Rows) -> Iterator[Row]:
    for issued, until in _span(rows, PolicyIssued, PolicyRepealed):
        fact = issued.fact
        attributes = {"policy_kind": fact.policy_kind, "issuer_kind": unit_kind(fact.unit or fact.park)}
        yield Row(issued.day, fact.unit, fact.park, attributes, until, issued.order)


def _associations(rows: Rows) -> Iterator[Row]:
    for founded, until in _span(rows, AssociationFounded, AssociationDissolved):
        yield Row(founded.day, founded.fact.unit, founded.fact.park, {}, until, founded.order)


def _members(rows: Rows) -> Iterator[Row]:
    """Each member, while the association exists, where it was founded."""
    for founded, until in _span(rows, AssociationFounded, AssociationDissolved):
        for joined in rows.context.view.of(AssociationMemberJoined):
            since = max(joined.day, founded.day)
            if since < until:
                yield Row(since, founded.fact.unit, founded.fact.park, {}, until, joined.order)


def _platforms(rows: Rows) -> Iterator[Row]:
    """What a platform has, from each opening or change to the next; changes dated before the opening are ignored."""
    view = rows.context.view
    for opened in view.of(ServicePlatformOpened)[:1]:
        place = opened.fact
        later = [change for change in view.of(ServicePlatformChanged) if change.day >= opened.day]
        changes: list[tuple[int, Any, bool]] = [(opened.day, opened.fact, True)]
        changes += [(change.day, change.fact, change.fact.in_service) for change in later]
        for (day, has, in_service), until in until_next(changes, lambda change: change[0]):
            if in_service and day < until:
                attributes = {
                    "level": place.level, "at": place.unit or place.park, "staffed": has.full_time_staff > 0, "networked": has.networked,
                    "budgeted": has.budgeted, "guidance_window": has.guidance_window,
                }  # fmt: skip
                yield Row(day, place.unit, place.park, attributes, until, opened.order)


def _checks(rows: Rows) -> Iterator[Row]:
    for checked, until in until_next(rows.context.view.of(PolicyImplementationChecked), lambda later: later.day):
        if checked.day < until:
            attributes = {"points": checked.fact.points, "possible": checked.fact.possible}
            yield Row(checked.day, checked.fact.unit, checked.fact.park, attributes, until, checked.order)


def _projects(rows: Rows) -> Iterator[Row]:
    """A project is displayed where it was collected, and matched where the match says."""
    view = rows.context.view
    for collected in view.of(ProjectCollected)[:1]:
        origin, high_tech = collected.fact, collected.fact.high_tech
        yield Row(collected.day, origin.unit, origin.park, {"stage": "collected", "high_tech": high_tech}, order=collected.order)
        for displayed in view.of(ProjectDisplayed):
            yield Row(displayed.day, origin.unit, origin.park, {"stage": "displayed", "high_tech": high_tech}, order=displayed.order)
        for matched in view.of(ProjectMatched):
            attributes = {"stage": "matched", "high_tech": high_tech}
            yield Row(matched.day, matched.fact.unit, matched.fact.park, attributes, order=matched.order)


def _internships(rows: Rows) -> Iterator[Row]:
    """Completed, where it was started."""
    for started in rows.context.view.of(InternshipStarted)[:1]:
        for completed in rows.context.view.of(InternshipCompleted)[:1]:
            attributes = {"retained": completed.fact.retained}
            yield Row(completed.day, started.fact.unit, started.fact.park, attributes, order=completed.order)


_ASSOCIATION = (AssociationFounded, AssociationDissolved)

OFFER_RELATIONS = (
    Relation(
        "green_channel", "green_channel", "span", {"at": "its unit, else its park", "pilot": "试点"}, _green_channels, 1,
        "A green channel is open (绿色通道).", (GreenChannelOpened, GreenChannelClosed), (GreenChannelOpened,),
    ),
    Relation(
        "policy", "policy", "span",
        {"policy_kind": "one of five", "issuer_kind": "kind of its unit, else of its park: county, township, park, community or village"},
        _policies, 2, "In force (政策有效).", (PolicyIssued, PolicyRepealed), (PolicyIssued,),
    ),
    Relation("association", "association", "span", {}, _associations, 1, "Exists (创业者协会).", _ASSOCIATION, (AssociationFounded,)),
    Relation(
        "association_member", "association", "span", {}, _members, 1, "A member of an association that exists (会员).",
        (*_ASSOCIATION, AssociationMemberJoined), (AssociationMemberJoined,),
    ),
    Relation(
        "platform", "platform", "span",
        {"level": "county, township or community_or_village", "at": "its unit, else its park", "staffed": "has full-time staff",
         "networked": "信息联网", "budgeted": "纳入财政预算", "guidance_window": "创业指导服务窗口"},
        _platforms, 1, "Serves, with what it has (公共就业服务平台).", (ServicePlatformOpened, ServicePlatformChanged),
        (ServicePlatformOpened,)),
    Relation(
        "check", "checklist_item", "span", {"points": "given", "possible": "at most"}, _checks, 1,
        "The latest check of a checklist item (政策落实核查).", (PolicyImplementationChecked,), (PolicyImplementationChecked,),
    ),
    Relation(
        "project", "project", "event", {"stage": "collected, displayed or matched", "high_tech": "高科技"}, _projects, 1,
        "A project was collected, displayed or matched (项目征集、展示、对接).", (ProjectCollected, ProjectDisplayed, ProjectMatched),
        (ProjectCollected,),
    ),
    Relation(
        "internship_completed", "internship", "event", {"retained": "the base kept the person on"}, _internships, 1,
        "An internship was completed (见习结束).", (InternshipStarted, InternshipCompleted), (InternshipCompleted,),
    ),
)  # fmt: skip
