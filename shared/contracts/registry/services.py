"""Facts about what founders are offered: green channels, service platforms, associations, policies and projects."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.contracts.base import (
    AssociationId,
    CaseId,
    ChecklistItemId,
    Count,
    EntityCode,
    Fact,
    GreenChannelId,
    OccasionId,
    PersonId,
    Placed,
    PlatformId,
    PolicyId,
    ProjectId,
    Text,
)  # fmt: skip
from shared.contracts.exact import Day, Flag, Whole

PlatformLevel = Literal["county", "township", "community_or_village"]
"""县, 乡镇（园区）, 社区（村）: the three levels of plan 三(四)1."""
PolicyKind = Literal["market_access", "finance", "tax_and_fees", "venues", "green_channel"]
"""放宽市场准入, 金融扶持, 财税扶持, 创业场地等配套, 绿色通道: the five kinds of plan 三(二)."""
Points = Annotated[Whole, Field(ge=0, le=10_000)]


class GreenChannelOpened(Placed):
    """创业绿色通道开通: registration, joint approval, one stop, a time limit and a promise. Plan 三(二)5, 四(五)."""

    type = "registry.green_channel_opened"
    about = "channel"
    opens = True
    natural_key = ("channel",)
    zh = "绿色通道开通"
    example = {"unit": "330127100000", "channel": "LT-01", "pilot": True}

    channel: GreenChannelId
    pilot: Flag = False
    """试点: tried here first, then in the whole county."""


class GreenChannelClosed(Fact):
    """创业绿色通道关闭."""

    type = "registry.green_channel_closed"
    about = "channel"
    natural_key = ("channel",)
    zh = "绿色通道关闭"
    example = {"channel": "LT-01"}

    channel: GreenChannelId


class GreenChannelCaseAccepted(Placed):
    """绿色通道受理: a case is taken in, with the day by which it is promised. Plan 四(五): 限时办结、服务承诺."""

    type = "registry.green_channel_case_accepted"
    about = "case"
    opens = True
    natural_key = ("case",)
    zh = "绿色通道受理"
    example = {"unit": "330127101003", "case": "LS-2010-0031", "promised": "2010-04-16"}

    case: CaseId
    promised: Day
    """The last day that keeps the promise (承诺办结日)."""


class GreenChannelCaseCompleted(Fact):
    """绿色通道办结."""

    type = "registry.green_channel_case_completed"
    about = "case"
    natural_key = ("case",)
    zh = "绿色通道办结"
    example = {"case": "LS-2010-0031"}

    case: CaseId


class PlatformEquipment(Fact):
    """What a service platform has from this day on. Plan 三(四)1."""

    about = "platform"
    platform: PlatformId
    full_time_staff: Count
    """专职工作人员, persons."""
    networked: Flag
    """信息联网."""
    budgeted: Flag
    """工作经费和人员经费纳入财政预算."""
    guidance_window: Flag
    """创业指导服务窗口 (plan 三(四)3)."""


class ServicePlatformOpened(PlatformEquipment, Placed):
    """公共就业服务平台建立, on one of three levels. Plan 三(四)1."""

    type = "registry.service_platform_opened"
    opens = True
    natural_key = ("platform",)
    zh = "服务平台建立"
    example = {
        "unit": "330127100000", "platform": "PT-100", "name": "城关镇公共就业服务所", "level": "township", "full_time_staff": 3,
        "networked": True, "budgeted": False, "guidance_window": True,
    }  # fmt: skip

    name: Text
    level: PlatformLevel


class ServicePlatformChanged(PlatformEquipment):
    """服务平台变更: everything the platform has from this day on, changed or not. Plan 三(四)1."""

    type = "registry.service_platform_changed"
    natural_key = ("platform", "occurred")
    zh = "服务平台变更"
    example = {"platform": "PT-100", "full_time_staff": 4, "networked": True, "budgeted": True, "guidance_window": True}

    in_service: Flag = True
    """False once the platform has ceased to serve."""


class AssociationFounded(Placed):
    """创业者协会、联谊会成立. Plan 四(六)."""

    type = "registry.association_founded"
    about = "association"
    opens = True
    natural_key = ("association",)
    zh = "创业者协会成立"
    example = {"unit": "330127100000", "association": "XH-03", "name": "城关镇创业者协会"}

    association: AssociationId
    name: Text


class AssociationDissolved(Fact):
    """创业者协会解散."""

    type = "registry.association_dissolved"
    about = "association"
    natural_key = ("association",)
    zh = "创业者协会解散"
    example = {"association": "XH-03"}

    association: AssociationId


class AssociationMemberJoined(Fact):
    """入会: a founder or an entity joins. Plan 四(六)."""

    type = "registry.association_member_joined"
    about = "association"
    natural_key = ("association", "person", "entity")
    zh = "会员入会"
    example = {"association": "XH-03", "person": "P0123456789ABCDEF"}

    association: AssociationId
    person: PersonId | None = None
    entity: EntityCode | None = None

    @model_validator(mode="after")
    def _one_member(self) -> Self:
        if (self.person is None) == (self.entity is None):
            raise ValueError("a member is one person or one entity / 会员须为一名个人或一个单位")
        return self


class PolicyIssued(Placed):
    """创业政策出台. Plan 三(二), 四(九)."""

    type = "registry.policy_issued"
    about = "policy"
    opens = True
    natural_key = ("policy",)
    zh = "政策出台"
    example = {
        "unit": "330127000000", "policy": "ZC-2010-12", "title": "关于放宽创业主体准入条件的若干意见", "policy_kind": "market_access",
        "evidence": [{"document": "县政发〔2010〕12号"}],
    }  # fmt: skip

    policy: PolicyId
    title: Text
    policy_kind: PolicyKind


class PolicyRepealed(Fact):
    """政策废止: it is no longer in force at the end of this day."""

    type = "registry.policy_repealed"
    about = "policy"
    natural_key = ("policy",)
    zh = "政策废止"
    example = {"policy": "ZC-2010-12"}

    policy: PolicyId


class PolicyImplementationChecked(Fact):
    """政策落实核查: the points one checklist item was given on this day; its latest check counts. Plan 二(四)."""

    type = "registry.policy_implementation_checked"
    about = "item"
    natural_key = ("item", "occurred")
    repeat = "supersedes"
    zh = "政策落实核查"
    example = {"item": "2.3", "points": 4, "possible": 5}

    item: ChecklistItemId
    points: Points
    possible: Annotated[Whole, Field(ge=1, le=10_000)]
    """The most the item can be given."""


class GuidanceDirectoryPublished(Placed):
    """创业项目指导目录发布. Plan 三(一)2 (经贸局)."""

    type = "registry.guidance_directory_published"
    about = "directory"
    natural_key = ("directory",)
    zh = "指导目录发布"
    example = {"unit": "330127000000", "directory": "ML-2010-1", "title": "适合微小、中小企业发展的行业及创业项目指导目录", "projects": 60}

    directory: OccasionId
    title: Text
    projects: Count
    """How many projects it lists."""


class ProjectCollected(Placed):
    """创业项目征集: a start-up project enters the database. Plan 三(四)3, 三(一)2 (科技局: high-tech ones)."""

    type = "registry.project_collected"
    about = "project"
    opens = True
    natural_key = ("project",)
    zh = "项目征集"
    example = {"unit": "330127102000", "project": "XM-0042", "name": "山核桃初加工", "high_tech": False}

    project: ProjectId
    name: Text
    high_tech: Flag
    """高科技创业项目."""


class ProjectDisplayed(Fact):
    """创业项目展示推介. Plan 三(四)3."""

    type = "registry.project_displayed"
    about = "project"
    natural_key = ("project", "occurred")
    zh = "项目展示"
    example = {"project": "XM-0042"}

    project: ProjectId


class ProjectMatched(Placed):
    """项目对接: a person takes the project up, and is thereby helped (domain: H). Plan 三(四)3."""

    type = "registry.project_matched"
    about = "project"
    natural_key = ("project", "person")
    zh = "项目对接"
    example = {"unit": "330127102000", "project": "XM-0042", "person": "P0123456789ABCDEF"}

    project: ProjectId
    person: PersonId


GreenChannelFact = GreenChannelOpened | GreenChannelClosed
CaseFact = GreenChannelCaseAccepted | GreenChannelCaseCompleted
PlatformFact = ServicePlatformOpened | ServicePlatformChanged
AssociationFact = AssociationFounded | AssociationDissolved | AssociationMemberJoined
PolicyFact = PolicyIssued | PolicyRepealed
ChecklistFact = PolicyImplementationChecked
ProjectFact = ProjectCollected | ProjectDisplayed | ProjectMatched
ServiceFact = GreenChannelFact | CaseFact | PlatformFact | AssociationFact | PolicyFact | ChecklistFact | ProjectFact
SERVICE_FACTS: tuple[type[ServiceFact], ...] = (
    GreenChannelOpened, GreenChannelClosed, GreenChannelCaseAccepted, GreenChannelCaseCompleted, ServicePlatformOpened,
    ServicePlatformChanged, AssociationFounded, AssociationDissolved, AssociationMemberJoined, PolicyIssued, PolicyRepealed,
    PolicyImplementationChecked, ProjectCollected, ProjectDisplayed, ProjectMatched,
)  # fmt: skip
