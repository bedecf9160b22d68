"""The reference page of a scoring sheet: its keys, its rules, and what can come of an item."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from services.indicators.evaluation.rule_words import OUTCOMES, RULES
from services.indicators.evaluation.sheet import POINT_PLACES, SHEET_FILE, Item, ScoredSystem, Sheet

SECTIONS: Final[Mapping[str, tuple[type[BaseModel], Mapping[str, tuple[str, str]]]]] = {
    "": (Sheet, {
        "name": ("考评标准的名称", "its name"), "points": ("总分，等于各体系分值之和", "the total: what the systems add up to"),
        "pass_share": ("达标线：得分（含加分）占可得分的比例", "passed from this share of the attainable points on, bonuses included"),
        "rectify_days": ("整改期限：截至日后多少天", "so many days after the as-of day what was missed has to be put right"),
    }),
    "[[systems]]": (ScoredSystem, {
        "system": ("体系：organisation、policy、training、services、assessment", "one of the plan's five systems"),
        "name": ("体系名称", "its name"), "points": ("分值，等于该体系各项目之和", "what its items add up to"),
    }),
    "[[items]]": (Item, {
        "id": ("项目标识，不得重复", "unique"), "system": ("所属体系", "which system it belongs to"),
        "clause": ("方案条款", "the plan's clause"),
        "zh": ("中文名称", "its name in Chinese"), "en": ("英文名称", "in English"), "rule": ("计分办法，见下", "the rule, see below"),
        "points": ("分值；一票否决项不写", "what it is worth; none for a veto"),
        "indicator": ("指标；与 duty 二选一", "the indicator; or a duty"),
        "variant": ("口径，缺省为 default", "omitted: default"), "part": ("分项", "the part"),
        "duty": ("方案中的工作任务；与 indicator 二选一", "a duty of the plan file; or an indicator"),
        "reach": ("满分标准；缺省为方案的目标", "the figure for all the points; omitted: the plan's target"),
        "half": ("半分标准（tiered）", "the figure for half of them"),
        "each": ("每少一项扣的分（deduct）", "the points lost for each that is missing"),
        "department": ("责任部门；缺省为目标的责任部门", "who answers for it; omitted: who answers for the target"),
        "evidence": ("应有的佐证材料", "the evidence wanted"),
    }),
}  # fmt: skip
"""What each key of a section means; of the sheet itself first."""


def scoring_page(generated: str) -> str:
    """The page."""
    lines = [
        "# 考评标准 The scoring sheet", "", generated, "",
        f"县文件夹中的 `{SHEET_FILE}`，也可另放别处。分值和数值加引号，分值至多 {POINT_PLACES} 位小数；",
        "部分得分向下取到同样位数，合计是所列各数之和。", "",
        f"A county's `{SHEET_FILE}`, or any other file. Points and numbers stand in quotes, points with up to {POINT_PLACES} decimals;",
        "a part of an item's points is rounded down to them, and sums are sums of what is shown. `kaiye sheet check` names every",
        "mistake by line and item.",
        "", "## 各项 Keys", "", "| 段 section | 键 key | 含义 meaning |", "|---|---|---|",
    ]  # fmt: skip
    for section, (model, meanings) in SECTIONS.items():
        keys = [key for key in model.model_fields if f"[[{key}]]" not in SECTIONS]
        assert sorted(meanings) == sorted(keys), f"{section} has other keys"
        lines += [f"| {f'`{section}`' if section else ''} | `{key}` | {zh} / {en} |" for key, (zh, en) in meanings.items()]
    lines += [
        "", "## 计分办法 Rules", "",
        "数值按全部要求衡量，期末以前也是如此：得分就是当日结束考评的得分。", "",
        "A figure is held against the whole of what is asked, also before its window ends:",
        "the score is what would be had if it ended that day.",
        "", "| 办法 rule | 指标 a figure | 工作任务 a duty |", "|---|---|---|",
    ]  # fmt: skip
    for rule, words in RULES.items():
        duty = f"{words.duty_zh} / {words.duty_en}" if words.duty_zh else ""
        lines.append(f"| `{rule}` {words.zh} | {words.figure_zh} / {words.figure_en} | {duty} |")
    lines += ["", "## 结果 Outcomes", "", "| 结果 outcome | 分值 points |", "|---|---|"]
    lines += [f"| `{outcome}` {words.zh} | {words.points_zh} / {words.points_en} |" for outcome, words in OUTCOMES.items()]
    return "\n".join(lines) + "\n"
