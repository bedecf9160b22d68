"""What a clerk calls the columns of a template and the choices of its drop-downs, by the names that contracts use."""

from collections.abc import Mapping
from typing import Final

from services.indicators.words import PARTS_ZH

DAY_ZH: Final = "日期"
ID_ZH: Final = "编号（可不填）"
REASON: Final = "退回原因 reason"
"""The column of what is given back in which the reason stands."""
INSTRUCTIONS: Final = "填写说明"
CHOICES: Final = "可选项"
"""The sheets of a template that hold no facts."""
FIELDS_ZH: Final[Mapping[str, str]] = {
    "unit": "所在单位代码", "park": "园区代码", "evidence": "佐证材料文号",
    "code": "单位代码", "name": "名称", "urban_rural_class": "城乡分类代码", "into": "并入单位代码", "successor": "承接单位代码",
    "period": "汇报期次",
    "entity": "统一社会信用代码", "entity_kind": "市场主体类型", "founders": "创业者", "person": "身份证号", "categories": "人员类别",
    "industry": "行业代码", "start_up_cost_fen": "创业成本（元）", "case": "绿色通道办件编号",
    "new_code": "新代码", "employees": "用工人数",
    "persons": "人员身份证号", "out_of_county": "迁出本县", "operating": "正在经营", "need": "需求", "outcome": "结果",
    "approval": "立项文号", "venue_kind": "载体类型", "planned_area_m2": "规划面积（平方米）",
    "venue": "载体编号", "area_m2": "面积（平方米）",
    "within": "上级载体编号", "channel": "绿色通道编号", "pilot": "试点", "promised": "承诺办结日", "platform": "服务平台编号",
    "full_time_staff": "专职人员数", "networked": "信息联网", "budgeted": "经费列入预算",
    "guidance_window": "设指导窗口", "level": "平台级别",
    "in_service": "正在服务", "association": "协会编号", "policy": "政策编号", "title": "标题",
    "policy_kind": "政策类别", "item": "核查项编号",
    "points": "得分", "possible": "满分", "project": "项目编号", "high_tech": "高新技术项目",
    "directory": "指导目录编号", "projects": "项目数",
    "letter": "责任书编号", "units": "单位代码", "departments": "部门", "targets": "责任目标", "indicator": "指标", "variant": "口径",
    "value": "数值", "meeting": "会议编号", "meeting_kind": "会议类型", "bulletin": "通报编号", "occasion": "事项编号",
    "entities": "统一社会信用代码", "reason": "事由", "inspection": "督查编号", "matter": "事项", "department": "责任部门",
    "rectification": "整改编号", "due": "到期日", "duty": "任务编号", "event": "活动编号", "event_kind": "活动类型",
    "organiser_level": "主办级别", "series": "统计指标", "period_end": "期末日", "publisher": "发布单位", "peer_group": "比较范围",
    "course": "培训班编号", "course_kind": "培训类别", "programme": "专项", "institution": "机构", "passed": "合格",
    "guidance_kind": "指导类别", "internship": "见习编号", "retained": "留用", "survey": "调查编号", "population": "调查对象",
    "respondent": "受访者身份证号", "scores": "评分", "question": "问题", "service": "所评服务", "score": "分值", "group": "人群",
    "loan": "贷款编号", "loan_kind": "贷款类别", "borrowers": "借款人身份证号", "amount_fen": "金额（元）", "tranche": "发放批次",
    "undated": "无还款日期", "number": "期次", "principal_fen": "应还本金（元）", "interest_fen": "利息（元）",
    "receipt": "还款凭证号", "instalment": "还款期次",
    "fund": "基金编号", "voucher": "凭证号", "origin": "资金来源", "payment": "支付编号", "subsidy_kind": "补贴类别", "one_off": "一次性",
    "relief": "减免编号", "levy": "税费种类", "lending_fen": "贷款发放额（元）", "recovery_rate": "到期贷款回收率",
}  # fmt: skip
"""Columns. A place in a group (a founder's categories) is named after the group, its number and this."""
OWN_FIELDS_ZH: Final[Mapping[tuple[str, str], str]] = {("finance.loan_repaid", "principal_fen"): "归还本金（元）"}
"""Fields of a type that are called otherwise in it."""
CHOICES_ZH: Final[Mapping[str, Mapping[str, str]]] = {
    "entity_kind": {"individual_business": "个体工商户"},
    "venue_kind": {"incubator": "孵化基地", "start_up_park": "创业园", "start_up_street": "创业街", "internship_base": "见习基地"},
    "policy_kind": {
        "market_access": "市场准入", "finance": "金融支持", "tax_and_fees": "税费减免", "venues": "经营场地", "green_channel": "绿色通道",
    },
    "event_kind": {
        "media_campaign": "媒体宣传", "consultation_day": "咨询日", "contest": "创业大赛", "pioneer_selection": "创业明星评选",
        "expo": "项目展示会", "campus_briefing": "校园宣讲",
    },
    "organiser_level": {"park": "园区", "community": "社区", "village": "行政村"},
    "peer_group": {"national": "全国", "province": "全省", "city": "全市"},
    "guidance_kind": {
        "policy": "政策咨询", "information": "信息", "law": "法律", "technology": "技术指导", "finance": "融资贷款", "project": "项目",
    },
    "population": {"public": "社会公众", "served": "服务对象"},
    "question": {"overall": "总体满意度", "service": "创业服务", "cost": "创业成本", "policy": "创业政策"},
    "loan_kind": {"personal": "个人贷款", "enterprise": "企业贷款"},
    "meeting_kind": {"leading_group": "领导小组会议"},
}  # fmt: skip
"""Choices that have a name of their own in this field."""


def field_zh(type: str | None, field: str) -> str:
    """What a clerk calls a field of a type of fact, or of something in one (None). Raises KeyError when it has no name."""
    own = OWN_FIELDS_ZH.get((type, field)) if type is not None else None
    return own if own is not None else FIELDS_ZH[field]


def choice_zh(field: str, value: str) -> str:
    """What a clerk calls a choice. Raises KeyError when it has no name."""
    own = CHOICES_ZH.get(field, {}).get(value)
    return own if own is not None else PARTS_ZH[value]
