"""What is offered to founders: green channels, platforms, policies and how they are carried out, projects, associations, internships."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, RECORDED, Facts, Rows
from services.indicators.audit.relational.shape import lasting, rows
from services.indicators.audit.relational.units import kind_of
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


def _span(facts: Facts, opens: type[Fact], closes: type[Fact]) -> Table:
    """What opened, `until` the first day on which it is closed again."""
    key = opens.about
    closed = facts.of(closes).group_by(key).agg(until=_.day.min())
    return lasting(facts.of(opens).left_join(closed, key).drop(f"{key}_right"))


def _green_channel(facts: Facts) -> Table:
    """A green channel is open (绿色通道)."""
    opened = _span(facts, GreenChannelOpened, GreenChannelClosed)
    return rows(opened, "channel", "pilot", until="until", at=ibis.coalesce(_.unit, _.park))


def _policy(facts: Facts) -> Table:
    """In force (政策有效)."""
    issued = _span(facts, PolicyIssued, PolicyRepealed)
    return rows(issued, "policy", "policy_kind", until="until", issuer_kind=kind_of(ibis.coalesce(_.unit, _.park)))


def _association(facts: Facts) -> Table:
    """Exists (创业者协会)."""
    return rows(_span(facts, AssociationFounded, AssociationDissolved), "association", until="until")


def _association_member(facts: Facts) -> Table:
    """A member of an association while it exists, where it was founded (会员)."""
    existing = _span(facts, AssociationFounded, AssociationDissolved).select("association", "unit", "park", "until", founded=_.day)
    joined = facts.of(AssociationMemberJoined).select("association", *ORDER).join(existing, "association")
    return rows(lasting(joined.mutate(day=ibis.greatest(_.day, _.founded))), "association", until="until")


def _platform(facts: Facts) -> Table:
    """Serves, with what it has, from its opening and each later change to the next (公共就业服务平台)."""
    has = ("full_time_staff", "networked", "budgeted", "guidance_window")
    opened = facts.of(ServicePlatformOpened)
    place = opened.select("platform", "unit", "park", "level", *RECORDED, opened=_.day)
    changed = facts.of(ServicePlatformChanged).select("platform", *ORDER, *has, "in_service")
    changed = changed.join(opened.select("platform", opened=_.day), "platform").filter(_.day >= _.opened).drop("opened")
    first = opened.select("platform", *ORDER, *has, in_service=ibis.literal(value=True), turn=ibis.literal(0, "int8"))
    changes = ibis.union(first, changed.mutate(turn=ibis.literal(1, "int8")))
    until = _.day.lead().over(group_by="platform", order_by=["turn", *ORDER])
    serving = lasting(changes.mutate(until=until).filter(_.in_service)).drop(*RECORDED).join(place, "platform")
    return rows(
        serving, "platform", "level", "networked", "budgeted", "guidance_window", until="until", at=ibis.coalesce(_.unit, _.park),
        staffed=_.full_time_staff > 0,
    )  # fmt: skip


def _check(facts: Facts) -> Table:
    """The latest check of a checklist item (政策落实核查)."""
    until = _.day.lead().over(group_by="item", order_by=ORDER)
    checked = lasting(facts.of(PolicyImplementationChecked).mutate(until=until))
    return rows(checked, "item", "points", "possible", until="until")


def _project(facts: Facts) -> Table:
    """A project was collected, displayed where it was collected, or matched where the match says (项目征集、展示、对接)."""
    collected = facts.of(ProjectCollected)
    origin = collected.select("project", "high_tech", "unit", "park")
    displayed = facts.of(ProjectDisplayed).select("project", *ORDER).join(origin, "project")
    matched = facts.of(ProjectMatched).select("project", "unit", "park", *ORDER).join(origin.select("project", "high_tech"), "project")
    columns = ("project", "high_tech", "unit", "park", *ORDER)
    stages = {"collected": collected, "displayed": displayed, "matched": matched}
    return rows(
        ibis.union(*(table.select(*columns, stage=ibis.literal(stage)) for stage, table in stages.items())), "project", "stage", "high_tech"
    )  # fmt: skip


def _internship_completed(facts: Facts) -> Table:
    """An internship was completed, where it was started (见习结束)."""
    started = facts.of(InternshipStarted).select("internship", "unit", "park")
    completed = facts.of(InternshipCompleted).select("internship", "retained", *ORDER).join(started, "internship")
    return rows(completed, "internship", "retained")


OFFER_ROWS: dict[str, Rows] = {
    "green_channel": _green_channel,
    "policy": _policy,
    "association": _association,
    "association_member": _association_member,
    "platform": _platform,
    "check": _check,
    "project": _project,
    "internship_completed": _internship_completed,
}
