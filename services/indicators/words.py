"""What people call the variants and parts of indicators: Chinese names by the names that JSON and plan files use."""

from typing import Final

VARIANTS_ZH: Final = {
    "default": "", "all_founders": "全部创业者", "all_jobs": "全部带动就业", "all_levels": "各级举办", "amount": "金额", "balance": "结余",
    "compensated": "代偿率", "completed": "结业", "current_period": "当年结业者", "days": "办理天数", "each": "最小一个园区",
    "enrolled": "报名", "enterprise": "企业贷款", "flow": "不含仅在营者", "gross": "全年曾就业", "helped": "受助创业", "members": "会员",
    "of_entered": "占争创单位", "operating": "在营", "over_helped": "占培训指导人数", "overdue": "逾期率", "per_entity": "户均带动",
    "person_times": "人次", "persons": "人数", "retention": "留用率", "satisfied_with_cost": "对成本满意", "snapshot": "期末存活",
    "survey": "问卷", "township_or_park": "乡镇或园区", "union": "合并去重", "units": "单位数", "urban": "城镇",
    "with_businesses": "含个体工商户", "with_enlargements": "含扩建", "with_late": "含逾期", "with_villages": "含行政村",
    "yearly_average": "年均",
}  # fmt: skip
PARTS_ZH: Final = {"median": "中位数", "p90": "九成分位"}
"""Parts that are no year, code or category."""
