"""What people call the variants, parts and states of indicators: Chinese names by the names that JSON and plan files use."""

from typing import Final

VARIANTS_ZH: Final = {
    "default": "", "all_founders": "全部创业者", "all_jobs": "全部带动就业", "all_levels": "各级举办", "amount": "金额", "balance": "结余",
    "budgeted": "经费列入预算", "by_department": "按部门", "by_group": "按人群", "by_service": "按服务", "by_system": "按体系",
    "by_township": "按乡镇", "compensated": "代偿率",
    "completed": "结业", "criticisms": "通报批评", "current_period": "当年结业者", "days": "办理天数", "each": "最小一个园区",
    "enrolled": "报名", "enterprise": "企业贷款", "flow": "不含仅在营者", "gross": "全年曾就业", "guidance_window": "设指导窗口",
    "helped": "受助创业", "high_tech": "高新技术", "members": "会员", "networked": "信息联网", "of_entered": "占争创单位",
    "operating": "在营", "over_helped": "占培训指导人数", "overdue": "逾期率", "paid": "拨付", "per_entity": "户均带动",
    "person_times": "人次", "persons": "人数", "retention": "留用率", "satisfied_with_cost": "对成本满意", "snapshot": "期末存活",
    "staffed": "配备专职人员", "survey": "问卷", "township_or_park": "乡镇或园区", "union": "合并去重", "units": "单位数", "urban": "城镇",
    "with_businesses": "含个体工商户", "with_enlargements": "含扩建", "with_late": "含逾期", "with_villages": "含行政村",
    "yearly_average": "年均",
}  # fmt: skip
PARTS_ZH: Final = {
    "median": "中位数", "p90": "九成分位", "none": "未注明", "other": "其他",
    "enrolled": "报名", "completed": "结业", "passed": "合格",
    "start_up": "创业", "training": "培训", "interest": "贷款贴息", "internship": "见习",
    "vocational_qualification": "职业资格", "skill": "技能",
    "care": "关爱就业", "local_industry": "特色产业", "return_home": "回乡创业", "job_change": "转岗技能",
    "graduate": "高校毕业生", "returning_migrant": "返乡农民工", "urban_migrant": "进城务工农民工", "unemployed": "下岗失业人员",
    "hard_to_employ": "就业困难人员", "veteran": "复转军人", "disabled": "残疾人",
    "woman": "妇女", "youth": "青年", "new_entrant": "新成长劳动力",
    "county_budget": "县财政", "higher_budget": "上级财政", "bank": "银行", "donation": "捐赠",
    "leading_group": "领导小组会议", "joint_conference": "联席会议", "office": "办公室会议", "mobilisation": "动员会",
    "county": "县", "township": "乡镇", "community_or_village": "社区（村）",
    "collected": "征集", "displayed": "展示", "matched": "对接",
    "enterprise": "企业",
    "green_channel_plan": "绿色通道方案和流程", "site_rules": "经营场地使用办法", "training_in_teaching_plan": "创业培训列入教学计划",
    "internship_pilot": "见习试点", "guidance_directory": "项目指导目录", "campus_briefings": "毕业前政策宣传", "ybc": "青年创业计划",
}  # fmt: skip
"""The words of parts that are no year, code or text from a report."""
SYSTEMS_ZH: Final = {
    "organisation": "组织领导", "policy": "政策支持", "training": "创业培训", "services": "创业服务", "assessment": "工作考核",
}  # fmt: skip
"""The plan's five systems, which `by_system` splits by."""
WINDOWS_ZH: Final = {"plan_year": "年度", "two_years": "两年"}
"""The windows that every plan has; a plan file names its own."""
UNIT_KINDS_ZH: Final = {"county": "县", "township": "乡镇", "park": "园区", "community": "社区", "village": "行政村"}
STATUS_ZH: Final = {
    "met": "完成", "on_schedule": "达到进度", "behind": "落后", "missed": "未完成", "not_due": "未到期", "unknown": "不明", "shown": "列示",
    "no_benchmark": "未公布",
}  # fmt: skip
"""Where a row stands, and where the national average is not published."""
OPERATORS: Final = {">=": "≥", "<=": "≤"}
PART_SEPARATOR: Final = "|"
"""Between the words of a part that splits by several things at once, such as `enrolled|start_up|care|woman`."""


def part_zh(part: str, variant: str = "default") -> str | None:
    """What people call a part; None for a year, a code or a text from a report."""
    if variant == "by_system":
        return SYSTEMS_ZH.get(part)
    words = [PARTS_ZH.get(word) for word in part.split(PART_SEPARATOR)]
    return None if None in words else "·".join(word for word in words if word)
