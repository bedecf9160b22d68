"""Facts about enterprises and individual businesses (企业、个体工商户): registration, life cycle, staff and employment."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.base import CaseId, Categories, Count, EntityCode, Fact, Fen, Industry, PersonId, Placed, Text
from shared.contracts.exact import Flag, as_set

EntityKind = Literal["enterprise", "individual_business"]
"""企业 or 个体工商户."""


class Founder(BaseModel):
    """创业者: one founder with the categories that held on the day of registration."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    person: PersonId
    categories: Categories = ()


class AboutEntity(Fact):
    """A fact about one entity, by its unified social credit code or its older 15-digit number."""

    about = "entity"
    entity: EntityCode


class EntityRegistered(AboutEntity, Placed):
    """企业、个体工商户登记: the entity exists from this day on. Plan 二(三): 130 enterprises and 900 businesses a year.

    Founders are its natural persons (none when only other entities founded it); their order carries no meaning.
    """

    type = "registry.entity_registered"
    opens = True
    natural_key = ("entity",)
    zh = "市场主体登记"
    example = {
        "unit": "330127101205", "park": "330127401000", "entity": "91330127MA2B1C0D18", "name": "临江竹木制品有限公司",
        "entity_kind": "enterprise", "founders": [{"person": "P0123456789ABCDEF", "categories": ["returning_migrant", "youth"]}],
        "industry": "C2041", "start_up_cost_fen": 3500000, "case": "LS-2010-0031",
        "evidence": [{"document": "登记通知书〔2010〕31号"}],
    }  # fmt: skip

    name: Text
    entity_kind: EntityKind
    founders: Annotated[tuple[Founder, ...], Field(max_length=200), as_set("创业者", "founder", lambda founder: founder.person)] = ()
    industry: Industry
    start_up_cost_fen: Fen | None = None
    """创业成本 in fen, where stated. Plan 二(四): average start-up cost."""
    case: CaseId | None = None
    """The green-channel case (绿色通道) it was registered through."""


class EntityCodeReplaced(AboutEntity):
    """换码: `new_code` names the same entity from now on (三证合一); facts may keep coming under either code."""

    type = "registry.entity_code_replaced"
    natural_key = ("entity", "new_code")
    zh = "市场主体换码"
    example = {"entity": "330127600012345", "new_code": "92330127MA2KX0022K"}

    new_code: EntityCode


class StaffReported(AboutEntity):
    """用工上报: how many people the entity employs at the end of this day, founders excluded. Plan 二(二): jobs brought.

    With `persons` the report opens and ends their employments too; employment facts win over it. The later report of a day supersedes.
    """

    type = "registry.staff_reported"
    natural_key = ("entity", "occurred")
    repeat = "supersedes"
    zh = "用工上报"
    example = {"entity": "91330127MA2B1C0D18", "employees": 2, "persons": ["P0123456789ABCDEG", "P0123456789ABCDEH"]}

    employees: Count
    persons: Annotated[tuple[PersonId, ...], Field(max_length=2000), as_set("人员", "person")] | None = None


class EntityMoved(AboutEntity):
    """迁移: `unit` and `park` are the new place; leaving the county names none. Plan 二(三)."""

    type = "registry.entity_moved"
    natural_key = ("entity", "occurred")
    zh = "市场主体迁移"
    example = {"unit": "330127102000", "entity": "91330127MA2B1C0D18"}

    out_of_county: Flag = False

    @model_validator(mode="after")
    def _either_here_or_away(self) -> Self:
        if self.out_of_county == (self.unit is not None or self.park is not None):
            raise ValueError("name the new unit or park, or out_of_county, not both / 迁入单位（园区）与迁出本县须填且只填一项")
        return self


class SurvivalChecked(AboutEntity):
    """存活核查: whether the entity was found operating on this day; the later check of a day supersedes. Plan 二(三)."""

    type = "registry.survival_checked"
    natural_key = ("entity", "occurred")
    repeat = "supersedes"
    zh = "存活核查"
    example = {"entity": "91330127MA2B1C0D18", "operating": True}

    operating: Flag


class EntitySuspended(AboutEntity):
    """歇业（停业）: the entity stops operating until restored."""

    type = "registry.entity_suspended"
    natural_key = ("entity", "occurred")
    zh = "市场主体歇业"
    example = {"entity": "91330127MA2B1C0D18"}


class EntityLicenceRevoked(AboutEntity):
    """吊销营业执照."""

    type = "registry.entity_licence_revoked"
    natural_key = ("entity", "occurred")
    zh = "吊销执照"
    example = {"entity": "91330127MA2B1C0D18"}


class EntityDeregistered(AboutEntity):
    """注销登记: the entity ends. Plan 二(三)."""

    type = "registry.entity_deregistered"
    natural_key = ("entity", "occurred")
    zh = "市场主体注销"
    example = {"entity": "91330127MA2B1C0D18"}


class EntityRestored(AboutEntity):
    """恢复: a suspended, revoked or deregistered entity operates again."""

    type = "registry.entity_restored"
    natural_key = ("entity", "occurred")
    zh = "市场主体恢复"
    example = {"entity": "91330127MA2B1C0D18"}


class EmploymentStarted(AboutEntity):
    """就业（入职）: a person works for the entity from this day on. Plan 二(二), 二(四)."""

    type = "registry.employment_started"
    natural_key = ("entity", "person", "occurred")
    zh = "入职"
    example = {"entity": "91330127MA2B1C0D18", "person": "P0123456789ABCDEG", "evidence": [{"document": "劳动合同备案2010-118"}]}

    person: PersonId


class EmploymentEnded(AboutEntity):
    """离职: the person no longer works for the entity at the end of this day."""

    type = "registry.employment_ended"
    natural_key = ("entity", "person", "occurred")
    zh = "离职"
    example = {"entity": "91330127MA2B1C0D18", "person": "P0123456789ABCDEG"}

    person: PersonId


class EntityFollowedUp(AboutEntity):
    """跟踪服务: a young entity was asked what it needs, and helped. Plan 二、三(四)3: follow-up service."""

    type = "registry.entity_followed_up"
    natural_key = ("entity", "occurred")
    zh = "企业跟踪服务"
    example = {"entity": "91330127MA2B1C0D18", "need": "流动资金", "outcome": "已转小额担保贷款"}

    need: Text
    outcome: Text


class PersonFollowedUp(Placed):
    """跟踪服务: a person who has founded nothing yet was followed up. Plan 三(四)3."""

    type = "registry.person_followed_up"
    about = "person"
    natural_key = ("person", "occurred")
    zh = "创业者跟踪服务"
    example = {"unit": "330127101003", "person": "P0123456789ABCDEF", "need": "场地", "outcome": "推荐入驻孵化基地"}

    person: PersonId
    need: Text
    outcome: Text


EntityFact = (
    EntityRegistered | EntityCodeReplaced | StaffReported | EntityMoved | SurvivalChecked | EntitySuspended | EntityLicenceRevoked
    | EntityDeregistered | EntityRestored | EmploymentStarted | EmploymentEnded | EntityFollowedUp
)  # fmt: skip
"""Every fact the entity aggregate rules on."""
ENTITY_FACTS: tuple[type[EntityFact], ...] = (
    EntityRegistered, EntityCodeReplaced, StaffReported, EntityMoved, SurvivalChecked, EntitySuspended, EntityLicenceRevoked,
    EntityDeregistered, EntityRestored, EmploymentStarted, EmploymentEnded, EntityFollowedUp,
)  # fmt: skip
PersonFact = PersonFollowedUp
"""Every registry fact about a person alone."""
PERSON_FACTS: tuple[type[PersonFact], ...] = (PersonFollowedUp,)
