"""Facts about units (单位): the roster, and each unit's own part in the campaign.

They name their unit in `code` and count there, so `unit` and `park` stay empty. The roster and the titles are the office's (创建办): nobody
else lists, renames, merges or dissolves a unit, designates one or withdraws that. What a unit does itself, whoever knows of it reports.
"""

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from shared.contracts.base import AnyUnitCode, Fact, Text


class AboutUnit(Fact):
    """A fact about the unit named by `code`."""

    about = "code"
    code: AnyUnitCode

    @model_validator(mode="after")
    def _place_is_the_code(self) -> Self:
        if self.unit is not None or self.park is not None:
            raise ValueError("name the unit by `code` alone / 单位只填写在 code 中，unit、park 留空")
        return self


class UnitListed(AboutUnit):
    """单位列入名册: a unit exists from this day on. Plan 二(五): 18 townships, 6 parks, 23 communities, 518 villages."""

    type = "registry.unit_listed"
    opens = True
    natural_key = ("code",)
    by_office = True
    zh = "单位列入名册"
    example = {"code": "330127101205", "name": "王家村", "urban_rural_class": "220"}

    name: Text
    urban_rural_class: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")] | None = None
    """城乡分类代码; 1xx is urban."""


class UnitRenamed(AboutUnit):
    """单位更名: the code stays, the name changes."""

    type = "registry.unit_renamed"
    natural_key = ("code", "occurred")
    by_office = True
    zh = "单位更名"
    example = {"code": "330127101205", "name": "王家新村"}

    name: Text


class UnitMerged(AboutUnit):
    """单位并入: this was the unit's last day; from the next day on `into`, a unit of the same kind, answers with its facts."""

    type = "registry.unit_merged"
    natural_key = ("code",)
    by_office = True
    zh = "单位合并"
    example = {"code": "330127101205", "into": "330127101206"}

    into: AnyUnitCode


class UnitDissolved(AboutUnit):
    """单位撤销: this was the unit's last day. A village that becomes a community (村改居) is dissolved with the community as successor."""

    type = "registry.unit_dissolved"
    natural_key = ("code",)
    by_office = True
    zh = "单位撤销"
    example = {"code": "330127101205", "successor": "330127101003"}

    successor: AnyUnitCode | None = None


class UnitEnteredCampaign(AboutUnit):
    """争创: a township, park, community or village set out to become entrepreneurial. Plan 二(五): 8, 3, 10 and 233 of them."""

    type = "registry.unit_entered_campaign"
    natural_key = ("code", "occurred")
    zh = "单位争创"
    example = {"code": "330127101205"}


class UnitDesignated(AboutUnit):
    """命名为创业型乡镇（园区、社区、行政村）. Plan 二(五): at least 95 % within two years."""

    type = "registry.unit_designated"
    natural_key = ("code", "occurred")
    by_office = True
    zh = "单位命名"
    example = {"code": "330127101205"}


class UnitDesignationWithdrawn(AboutUnit):
    """撤销命名: the unit is no longer designated after this day's beginning. Plan 二(五)."""

    type = "registry.unit_designation_withdrawn"
    natural_key = ("code", "occurred")
    by_office = True
    zh = "撤销命名"
    example = {"code": "330127101205"}


class LeadingBodyEstablished(AboutUnit):
    """成立领导机构: the county's leading group, or a township's or park's own. Plan 三(一)1: 25 of 25."""

    type = "registry.leading_body_established"
    natural_key = ("code",)
    zh = "成立领导机构"
    example = {"code": "330127100000"}


class CountyPlanIssued(AboutUnit):
    """县实施方案印发: the county's implementation plan. Plan 五(一): by the end of February."""

    type = "registry.county_plan_issued"
    natural_key = ("code", "occurred")
    zh = "县实施方案印发"
    example = {"code": "330127000000"}


class UnitPlanSubmitted(AboutUnit):
    """实施方案报送: a township's or park's implementation plan reached the office. Plan 六(一): by 15 March."""

    type = "registry.unit_plan_submitted"
    natural_key = ("code", "occurred")
    zh = "实施方案报送"
    example = {"code": "330127401000"}


class ProgressReportSubmitted(AboutUnit):
    """进展情况汇报: a unit's progress report for one reporting period of the plan file. Plan 六(一), 六(四)."""

    type = "registry.progress_report_submitted"
    natural_key = ("code", "period")
    zh = "进展情况汇报"
    example = {"code": "330127100000", "period": "2010-Q2"}

    period: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,20}$")]
    """The period's name in the plan file, such as `2010-Q2`."""


UnitFact = (
    UnitListed | UnitRenamed | UnitMerged | UnitDissolved | UnitEnteredCampaign | UnitDesignated | UnitDesignationWithdrawn
    | LeadingBodyEstablished | CountyPlanIssued | UnitPlanSubmitted | ProgressReportSubmitted
)  # fmt: skip
"""Every fact the unit aggregate rules on."""
UNIT_FACTS: tuple[type[UnitFact], ...] = (
    UnitListed, UnitRenamed, UnitMerged, UnitDissolved, UnitEnteredCampaign, UnitDesignated, UnitDesignationWithdrawn,
    LeadingBodyEstablished, CountyPlanIssued, UnitPlanSubmitted, ProgressReportSubmitted,
)  # fmt: skip
