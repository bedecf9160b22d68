"""Facts about how the campaign is run: letters, meetings, bulletins, praise and blame, inspections, rectifications, duties, events.

Most of them happen once and have no history; each carries its own number (`OccasionId`) so that two reports of it are seen to be one.
"""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.contracts.base import AnyUnitCode, DutyId, EntityCode, Fact, LongText, OccasionId, PersonId, Placed, RectificationId, Text
from shared.contracts.envelope import Token
from shared.contracts.exact import NUMBER, Day, as_set
from shared.units import UnitKind

MeetingKind = Literal["leading_group", "joint_conference", "office", "mobilisation", "other"]
"""创建领导小组会议, 就业工作联席会议, 创建办会议, 动员会, 其他."""
CampaignEventKind = Literal["media_campaign", "consultation_day", "contest", "pioneer_selection", "expo", "campus_briefing"]
"""媒体专题宣传, 主题宣传咨询, 创业大赛, 创业先锋评选, 创业博览会, 高校毕业生政策宣传."""
IndicatorName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Units = Annotated[tuple[AnyUnitCode, ...], Field(max_length=600), as_set("单位", "unit")]
Departments = Annotated[tuple[Token, ...], Field(max_length=100), as_set("部门", "department")]
"""Departments by the names they report under."""


class LetterTarget(BaseModel):
    """One target a responsibility letter passes down, in the indicator's own unit of measure."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    indicator: IndicatorName
    variant: IndicatorName = "default"
    value: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6), NUMBER]


class ResponsibilityLetterSigned(Placed):
    """目标责任书签订: who signed with the county, and the targets passed down. Plan 三(五)1, 五(一): by the end of February."""

    type = "registry.responsibility_letter_signed"
    about = "letter"
    natural_key = ("letter",)
    zh = "责任书签订"
    example = {
        "unit": "330127000000", "letter": "ZR-2010-03", "units": ["330127100000"], "departments": [],
        "targets": [{"indicator": "new_enterprises", "variant": "default", "value": "12"}],
    }  # fmt: skip

    letter: OccasionId
    units: Units = ()
    departments: Departments = ()
    targets: Annotated[tuple[LetterTarget, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _someone_signed(self) -> Self:
        if not (self.units or self.departments):
            raise ValueError("a letter needs a signing unit or department / 责任书须有责任单位或部门")
        return self


class MeetingHeld(Placed):
    """会议召开. Plan 三(一)2: the leading group meets regularly."""

    type = "registry.meeting_held"
    about = "meeting"
    natural_key = ("meeting",)
    zh = "会议召开"
    example = {"unit": "330127000000", "meeting": "HY-2010-01", "title": "创建工作领导小组第一次会议", "meeting_kind": "leading_group"}

    meeting: OccasionId
    title: Text
    meeting_kind: MeetingKind


class BulletinIssued(Placed):
    """通报印发. Plan 三(五)2: regular inspection, timely bulletins."""

    type = "registry.bulletin_issued"
    about = "bulletin"
    natural_key = ("bulletin",)
    zh = "通报印发"
    example = {"unit": "330127000000", "bulletin": "TB-2010-02", "title": "关于第一季度创建工作进展情况的通报"}

    bulletin: OccasionId
    title: Text


class Judgement(Placed):
    """What praise and blame have in common: the number of the decision, on whom, and why. `unit` is whose decision it is."""

    occasion: OccasionId
    units: Units = ()
    departments: Departments = ()
    persons: Annotated[tuple[PersonId, ...], Field(max_length=1000), as_set("人员", "person")] = ()
    entities: Annotated[tuple[EntityCode, ...], Field(max_length=1000), as_set("经营主体", "entity")] = ()
    reason: LongText

    @model_validator(mode="after")
    def _on_someone(self) -> Self:
        if not (self.units or self.departments or self.persons or self.entities):
            raise ValueError("name the units, departments, persons or entities concerned / 须写明所涉单位、部门或个人")
        return self


class CommendationIssued(Judgement):
    """表彰奖励. Plan 六(四)."""

    type = "registry.commendation_issued"
    about = "occasion"
    natural_key = ("occasion",)
    zh = "表彰奖励"
    example = {"unit": "330127000000", "occasion": "BZ-2010-01", "units": ["330127100000"], "reason": "创业培训任务提前完成"}


class CriticismIssued(Judgement):
    """通报批评. Plan 六(四)."""

    type = "registry.criticism_issued"
    about = "occasion"
    natural_key = ("occasion",)
    zh = "通报批评"
    example = {"unit": "330127000000", "occasion": "PP-2010-01", "units": ["330127102000"], "reason": "工作进展缓慢"}


class InspectionHeld(Placed):
    """监督检查: held at `unit` or `park` (the county's departments: at the county). Plan 三(五)2, 六(四)."""

    type = "registry.inspection_held"
    about = "inspection"
    natural_key = ("inspection",)
    zh = "监督检查"
    example = {"unit": "330127100000", "inspection": "JC-2010-05", "matter": "创业政策落实情况"}

    inspection: OccasionId
    matter: Text
    department: Token | None = None
    """The department inspected, when it is one."""


class RectificationOpened(Placed):
    """整改要求: `unit`, `park` or `department` must put a matter right by the due day. Plan 五(三), 六(四)."""

    type = "registry.rectification_opened"
    about = "rectification"
    opens = True
    natural_key = ("rectification",)
    zh = "整改要求"
    example = {
        "unit": "330127100000", "rectification": "ZG-2010-011", "matter": "孵化基地面积不足", "due": "2010-10-31",
        "inspection": "JC-2010-05",
    }  # fmt: skip

    rectification: RectificationId
    matter: LongText
    due: Day
    department: Token | None = None
    inspection: OccasionId | None = None
    """The inspection that found it."""


class RectificationClosed(Fact):
    """整改完成."""

    type = "registry.rectification_closed"
    about = "rectification"
    natural_key = ("rectification",)
    zh = "整改完成"
    example = {"rectification": "ZG-2010-011"}

    rectification: RectificationId


class AboutDuty(Fact):
    """A fact about a duty of the plan file, for the one who owes it: `unit`, `park` or `department`. Plan 三(一), 三(五), 五, 六."""

    about = "duty"
    natural_key = ("duty", "unit", "park", "department", "occurred")
    duty: DutyId
    """The duty's name in the plan file."""
    department: Token | None = None

    @model_validator(mode="after")
    def _one_owes_it(self) -> Self:
        if sum(party is not None for party in (self.unit, self.park, self.department)) != 1:
            raise ValueError("name exactly one of unit, park, department: who owes the duty / 责任主体须为单位、园区、部门之一")
        return self


class DutyEvidenced(AboutDuty):
    """任务佐证提交: who owes the duty shows that it is done; `evidence` names the documents."""

    type = "registry.duty_evidenced"
    zh = "任务佐证提交"
    example = {"duty": "3.1.1-leading-group", "department": "employment", "evidence": [{"document": "县委办〔2010〕8号"}]}


class DutyAccepted(AboutDuty):
    """任务验收通过: the office accepts the duty as done."""

    type = "registry.duty_accepted"
    by_office = True
    zh = "任务验收通过"
    example = {"duty": "3.1.1-leading-group", "department": "employment"}


class DutyReturned(AboutDuty):
    """任务退回: the office finds that it is not done, and says why."""

    type = "registry.duty_returned"
    by_office = True
    zh = "任务退回"
    example = {"duty": "3.1.1-leading-group", "department": "employment", "reason": "缺少成员名单"}

    reason: LongText


class CampaignEventHeld(Placed):
    """创业活动举办. Plan 四(一): 3 media campaigns, 3 consultation days, 2 contests or pioneer selections.

    Expos follow from 三(四)3, campus briefings from 三(一)2.
    """

    type = "registry.campaign_event_held"
    about = "event"
    natural_key = ("event",)
    zh = "创业活动举办"
    example = {"unit": "330127000000", "event": "HD-2010-02", "name": "首届创业大赛", "event_kind": "contest", "organiser_level": "county"}

    event: OccasionId
    name: Text
    event_kind: CampaignEventKind
    organiser_level: UnitKind
    """主办层级: county, township, park, community or village, whatever the place is."""


RectificationFact = RectificationOpened | RectificationClosed
DutyFact = DutyEvidenced | DutyAccepted | DutyReturned
CampaignFact = (
    ResponsibilityLetterSigned | MeetingHeld | BulletinIssued | CommendationIssued | CriticismIssued | InspectionHeld | RectificationFact
    | DutyFact | CampaignEventHeld
)  # fmt: skip
CAMPAIGN_FACTS: tuple[type[CampaignFact], ...] = (
    ResponsibilityLetterSigned, MeetingHeld, BulletinIssued, CommendationIssued, CriticismIssued, InspectionHeld, RectificationOpened,
    RectificationClosed, DutyEvidenced, DutyAccepted, DutyReturned, CampaignEventHeld,
)  # fmt: skip
