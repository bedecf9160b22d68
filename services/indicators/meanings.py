"""What every variant and every relation means, in Chinese.

The English meaning stands with the declaration and is part of what an evidence bundle keeps of it; this one is said beside it wherever
people or programs are told what a figure means, and decides nothing. Pure: no I/O.
"""

import re
from typing import Final

from services.indicators.figures import Indicator, Variant
from services.indicators.relations import RELATIONS

_IN_BRACKETS: Final = re.compile(r" \([\u4e00-\u9fff、，]+\)")
_SURVIVAL_OPERATING: Final = "截至周年日的六个月内，最近一次核查为在营或用工报告有员工的；创业者不算员工，报告无员工的不说明在营与否"
_DESIGNATED: Final = "当日已命名且未撤销的 ÷ 当日存续的"
_OF_ENTERED: Final = "当日已命名且未撤销的 ÷ 争创单位"

VARIANT_MEANINGS_ZH: Final[dict[str, dict[str, str]]] = {
    "activity_index": {
        "default": "当年报名参加创业培训、得到帮助或当日自主创业在营的人（去重）÷ 城镇劳动者",
        "flow": "不含仅因在营而计入的人",
        "urban": "只计发生在城镇社区、村和园区的事实",
    },
    "employment_contribution": {
        "default": "当年创业且前一日未在营的人数与带动就业人数之和 ÷ 新增就业人数；均计至统计数据所属期末",
        "gross": "当年全部创业者与当年任一日曾受雇者之和",
    },
    "trained_and_guided": {
        "default": "创业培训合格的人数与接受创业指导的人数之和，各自去重",
        "union": "两者合并去重的人数",
        "person_times": "培训合格人次与指导人次之和",
    },
    "trained": {
        "default": "创业培训合格的人（去重）",
        "enrolled": "报名参加创业培训的人（去重）",
        "completed": "创业培训结业的人（去重），不论是否合格",
        "person_times": "创业培训合格人次，每人每班计一次",
    },
    "guided": {
        "default": "接受创业指导的人（去重）",
        "person_times": "创业指导人次",
    },
    "training_guidance_ratio": {"default": "接受指导的人数 ÷ 培训合格的人数；方案按 1：2 的比例安排培训和指导"},
    "successful_starts": {
        "default": "当年首次创业，且当日或此前得到过帮助的人（去重）",
        "all_founders": "当年创业的所有人，不论是否得到帮助、是否首次创业",
        "operating": "其中当日仍在营的",
    },
    "jobs_brought": {
        "default": "在当年登记的经营主体中当日仍受雇的人，创业者除外",
        "gross": "当年任一日曾在其中受雇的人；只报人数的取当年最大用工人数，计入报告时所在的单位",
        "helped": "只计成功创业者所创办的经营主体",
    },
    "job_multiplier": {
        "default": "成功创业者所办经营主体的带动就业人数 ÷ 成功创业人数",
        "all_jobs": "全部带动就业人数 ÷ 成功创业人数",
        "per_entity": "全部带动就业人数 ÷ 全部新增经营主体数",
    },
    "new_enterprises": {
        "default": "当年登记的企业",
        "yearly_average": "方案年 1 月 1 日起登记的 ÷ 已开始的方案年数",
    },
    "new_individual_businesses": {
        "default": "当年登记的个体工商户",
        "yearly_average": "方案年 1 月 1 日起登记的 ÷ 已开始的方案年数",
    },
    "enterprise_growth": {
        "default": "当年登记的企业 ÷ 上年末存续的企业；后者取公布的统计数据，未公布的由事实得出",
        "with_businesses": "分子、分母均含个体工商户；上年末存续的由事实得出",
        "helped": "分子只计登记当日或此前有创业者得到过帮助的企业",
    },
    "survival_1y": {
        "default": "登记满一周年之日终了时未注销、未吊销的企业所占比例",
        "with_businesses": "含个体工商户",
        "operating": _SURVIVAL_OPERATING,
        "snapshot": "所问日仍存活的",
    },
    "survival_2y": {
        "default": "登记满两年之日终了时未注销、未吊销的企业所占比例",
        "with_businesses": "含个体工商户",
        "operating": _SURVIVAL_OPERATING,
        "snapshot": "所问日仍存活的",
    },
    "survival_3y": {
        "default": "登记满三年之日终了时未注销、未吊销的企业所占比例",
        "with_businesses": "含个体工商户",
        "operating": _SURVIVAL_OPERATING,
        "snapshot": "所问日仍存活的",
    },
    "environment_satisfaction": {
        "default": "最近一次已结束的公众调查中，满意（五分中的四、五分）的 ÷ 有效答卷",
        "by_group": "按答卷人群体分列，群体按问卷原文",
    },
    "service_satisfaction": {
        "default": "最近一次已结束的公众调查的服务题中，满意的 ÷ 有效答卷",
        "by_service": "按答卷人所指的服务分列",
    },
    "start_up_cost": {
        "default": "当年登记并填报创业成本的经营主体的平均创业成本",
        "days": "当年办结的绿色通道办件从受理到办结的平均日历天数",
        "satisfied_with_cost": "最近一次已结束的公众调查的成本题中，满意的 ÷ 有效答卷",
    },
    "initial_success": {"default": "首次得到帮助后六个月内创业的所占比例；首次得到帮助时已在营的不计"},
    "success_after_training": {
        "default": "首次创业培训合格后六个月内创业的所占比例；合格时已在营的不计",
        "current_period": "当年合格的人中，合格次日起在当年创业的所占比例",
        "over_helped": "成功创业人数 ÷ 创业培训和指导人数",
    },
    "activity_employment": {"default": "首次得到帮助不满十二个月的人中，当日就业或在营的所占比例"},
    "policy_completeness": {
        "default": "各考核项最近一次核查的得分之和 ÷ 满分之和",
        "survey": "最近一次已结束的公众调查的政策题中，满意的 ÷ 有效答卷",
    },
    "new_venue_area": {
        "default": "当年开办且仍开放的孵化基地、创业园、创业街的现有面积，场中场只计一次",
        "with_enlargements": "另计原有场地当年净增的面积",
    },
    "campaign_townships": {"default": "已争创的乡镇"},
    "campaign_parks": {"default": "已争创的园区"},
    "campaign_communities": {"default": "已争创的社区"},
    "campaign_villages": {"default": "已争创的行政村"},
    "created_share": {
        "default": f"{_DESIGNATED}单位",
        "of_entered": _OF_ENTERED,
        "township_or_park": "乡镇和园区合并计算",
    },
    "created_share_townships": {"default": f"{_DESIGNATED}乡镇", "of_entered": _OF_ENTERED},
    "created_share_parks": {"default": f"{_DESIGNATED}园区", "of_entered": _OF_ENTERED},
    "created_share_communities": {"default": f"{_DESIGNATED}社区", "of_entered": _OF_ENTERED},
    "created_share_villages": {"default": f"{_DESIGNATED}行政村", "of_entered": _OF_ENTERED},
    "leading_bodies": {"default": "已成立领导机构的县、乡镇和园区"},
    "letters_signed": {"default": "在方案文件所定之日前（含当日）签订责任书的乡镇、园区和部门，各计一次"},
    "media_campaigns": {
        "default": "县级举办的媒体专题宣传活动",
        "all_levels": "各级举办的媒体专题宣传活动",
    },
    "consultation_days": {
        "default": "县级举办的创业主题宣传咨询活动",
        "all_levels": "各级举办的创业主题宣传咨询活动",
    },
    "contests": {
        "default": "县级举办的创业先锋评选和创业大赛",
        "all_levels": "各级举办的创业先锋评选和创业大赛",
    },
    "county_plan_issued": {"default": "县在方案文件所定之日前（含当日）印发实施方案"},
    "rehearsals": {"default": "窗口内公布的模拟考评"},
    "green_channel_on_time": {
        "default": "承诺办结日在当年且已到的办件中，按时办结的所占比例",
        "days": "当年办结的办件从受理到办结的日历天数",
        "units": "绿色通道开通中的单位",
    },
    "credit_communities": {
        "default": "最近十二个月内评定且回收率不低于 95 % 的社区 ÷ 全部社区",
        "with_villages": "含行政村",
    },
    "loans": {
        "default": "当年首次发放的个人创业贷款人次，共同借款人每笔贷款各计一次",
        "persons": "借款人（去重）",
        "amount": "当年发放的金额",
        "enterprise": "对企业的贷款（三(二)2），另计",
    },
    "loan_recovery": {
        "default": "已到期各期中已还的 ÷ 应还的；代偿不算还款",
        "overdue": "到期未还本金 ÷ 贷款余额；已代偿、核销的从最早到期的起抵减，两者均不含",
        "compensated": "当年代偿金额 ÷ 贷款余额",
    },
    "incubator_area": {
        "default": "各园区开放中的孵化基地面积，场中场只计一次",
        "each": "面积最小的园区",
    },
    "parks_with_incubator": {"default": "有开放中的孵化基地（至少 1 平方米）的园区"},
    "start_up_park_area": {"default": "开放中的创业园面积，场中场只计一次"},
    "plans_submitted": {
        "default": "在方案文件所定之日前（含当日）报送实施方案的乡镇和园区",
        "with_late": "含逾期报送的",
    },
    "support_fund": {"default": "当年筹集的金额", "paid": "当年拨付的金额"},
    "tax_relief": {"default": "当年减免的税费"},
    "subsidies": {
        "default": "当年拨付的补贴，并按培训、创业、贷款贴息分列",
        "persons": "享受补贴的人（去重），并按种类分列",
    },
    "internship_bases": {"default": "开放中的见习基地", "retention": "当年见习结束的人次中留用的所占比例"},
    "associations": {
        "default": "存续的创业者协会",
        "by_township": "按乡镇分列",
        "members": "存续的协会的会员，含个人和经营主体",
    },
    "guarantee_fund": {"default": "历年注入减退出的金额，并按来源分列"},
    "graduate_fund": {"default": "当年筹集的金额，发放不予扣减", "balance": "历年筹集减发放的金额"},
    "meetings": {"default": "当年召开的会议，并按种类分列"},
    "policies": {
        "default": "市场准入、金融、财税、场地、绿色通道五类中有政策生效的类数；政策只计入印发它的单位，乡镇、园区印发的不算县的",
    },
    "trainings": {"default": "当年报名、结业、合格人次，并分别按培训类别、专项和人员类别分列：一人属两类的，两类均计"},
    "platforms": {
        "default": "建有服务平台的单位 ÷ 单位数，按级分列",
        "staffed": "其中配备专职人员的",
        "networked": "其中信息联网的",
        "budgeted": "其中经费列入预算的",
        "guidance_window": "其中设有创业指导窗口的",
    },
    "projects": {"default": "当年征集、展示和对接的创业项目", "high_tech": "其中高新技术的"},
    "follow_up": {"default": "登记不满一年的经营主体中，得到过跟踪服务的所占比例"},
    "inspections": {"default": "当年开展的督查"},
    "progress_reports": {
        "default": "当年汇报过进展的乡镇和园区 ÷ 乡镇和园区数，并按期次分列，不论何时汇报该期；新年后汇报的计入下一方案年",
    },
    "rectifications_closed": {"default": "当年截至当日已到期的整改事项中，已整改完成的所占比例"},
    "commendations": {"default": "当年的表彰奖励", "criticisms": "当年的通报批评"},
    "duties": {
        "default": "当年截至当日已到期的任务中，已验收的（不论是否逾期）所占比例，各责任方分别计；单位的只计其自身的任务",
        "by_department": "按责任部门分列",
        "by_system": "按方案的五个体系分列",
    },
    "documents_owed": {"default": "逐份文件：是否在限期前（含当日）验收"},
}  # fmt: skip
"""By indicator and variant."""

RELATION_MEANINGS_ZH: Final[dict[str, str]] = {
    "enrolment": "报名参加创业培训",
    "pass": "创业培训合格",
    "guidance": "接受创业指导",
    "help": "每次得到帮助：培训合格、接受指导、项目对接、入驻场地或获得个人创业贷款",
    "founding": "创办经营主体",
    "founding_after_pass": "在培训合格当年、合格次日以后创业",
    "loan_received": "个人创业贷款首次发放",
    "operating": "所创办的经营主体在营",
    "job": "在当年登记、正在经营的主体中受雇，创业者除外",
    "job_gross": "当年截至当日任一日曾在其中受雇",
    "registration": "登记设立",
    "state": "登记状态",
    "sign_of_life": "最近一次核查，或有员工的用工报告，六个月内有效；无员工的报告不说明在营与否，创业者不算员工",
    "head_count": "登记当年最近一次用工报告的人数，尚无逐人用工事实的主体，未去重",
    "head_count_peak": "登记当年截至当日最大的用工报告人数，计入报告时所在的单位，未去重",
    "first_disbursement": "贷款首次有日期的发放",
    "tranche": "每次有日期的发放",
    "undated_disbursement": "未报发放日期的发放，更正前不计",
    "compensation": "担保基金代偿",
    "loan_standing": "还款情况",
    "venue": "场地开放中，按现有面积",
    "case_promised": "承诺办结日",
    "case_completed": "办结",
    "answer": "答卷人对一题的最近答复",
    "survey_in_force": "最近一次已结束的调查",
    "unit": "单位存续",
    "entered_campaign": "已争创",
    "designated": "已命名，未撤销",
    "leading_body": "已成立领导机构",
    "plan_submitted": "首次报送当年实施方案",
    "credit_rating": "最近十二个月内评定为信用社区",
    "statistic": "一地一项统计数据的最近公布值",
    "benchmark": "同类地区平均水平的最近公布值，以百万分之一计",
    "venue_growth": "当年新增的场地面积，场中场只计一次",
    "training": "各类培训的报名、结业或合格",
    "green_channel": "绿色通道开通中",
    "policy": "政策生效中",
    "association": "创业者协会存续",
    "association_member": "存续的协会的会员",
    "platform": "服务平台运行中，及其配备",
    "check": "一个考核项的最近一次核查",
    "project": "项目的征集、展示或对接",
    "internship_completed": "见习结束",
    "campaign_event": "举办一次创业活动",
    "signatory": "一个乡镇、园区或部门签订责任书",
    "evaluation": "公布一次考评",
    "meeting": "召开一次会议",
    "inspection": "开展一次督查",
    "judgement": "一次表彰或通报批评",
    "rectification": "当年到期的整改事项",
    "county_plan": "县首次印发当年实施方案",
    "progress_report": "一个乡镇或园区汇报一期进展",
    "duty_standing": "任务的进展",
    "guarantee_contributed": "担保基金注入",
    "guarantee_withdrawn": "担保基金退出",
    "graduate_raised": "高校毕业生创业基金筹集",
    "graduate_granted": "高校毕业生创业基金发放",
    "support_raised": "创业扶持资金筹集",
    "support_paid": "创业扶持资金拨付",
    "subsidy": "一次补贴拨付",
    "subsidised": "一人享受一次补贴",
    "tax_relief": "一次税费减免",
    "new_entrepreneur": "创业，且前一日未在营",
    "working": "在营或受雇",
    "registration_helped": "有创业者在登记当日或此前得到过帮助的登记设立",
    "followed_up": "自登记以来得到过跟踪服务",
}
"""By relation."""


def variant_zh(indicator: Indicator, variant: Variant) -> str:
    """What a variant means, in Chinese."""
    return VARIANT_MEANINGS_ZH[indicator.id][variant.name]


def relation_words(name: str) -> str:
    """What a relation yields, in Chinese and English; the Chinese word that its English meaning names in brackets is said already."""
    en = _IN_BRACKETS.sub("", RELATIONS[name].meaning).removesuffix(".")
    return f"{RELATION_MEANINGS_ZH[name]} / {en}"
