"""The rules of a scoring sheet and what can come of an item, in words: what `rules` does, for people and for the reference page."""

from typing import Final, NamedTuple

from services.indicators.evaluation.rules import Outcome
from services.indicators.evaluation.sheet import Rule


class RuleWords(NamedTuple):
    """A rule's name, and what it gives for a figure and for a duty of those who owe it; None where it is not for duties."""

    zh: str
    en: str
    figure_zh: str
    figure_en: str
    duty_zh: str | None = None
    duty_en: str | None = None


RULES: Final[dict[Rule, RuleWords]] = {
    "threshold": RuleWords(
        "达标得分", "threshold", "达到目标（或 `reach`）得满分，否则不得分", "all when the target (or `reach`) is reached, else none",
        "全部按期验收得满分，否则不得分", "all when everyone had it accepted by its day, else none",
    ),
    "proportional": RuleWords(
        "按比例得分", "proportional", "按数值占目标（或 `reach`）的比例得分，最多满分，最少零分",
        "the part that the figure is of what is asked, between none and all",
        "按按期验收的家数所占比例得分", "the part of those who had it accepted by its day",
    ),
    "tiered": RuleWords(
        "分档得分", "tiered", "达到目标（或 `reach`）得满分，达到 `half` 得一半，否则不得分",
        "all when it is reached, half when `half` is reached, else none",
        "全部按期验收得满分，有逾期但已全部补验收得一半，否则不得分",
        "all when in time, half when accepted by everyone but late, else none",
    ),
    "deduct": RuleWords(
        "缺项扣分", "deduct", "比目标（或 `reach`）每少一项扣 `each` 分，扣完为止",
        "less `each` for each that is missing, down to none",
        "每逾期一家扣 `each` 分，扣完为止", "less `each` for each who was late, down to none",
    ),
    "bonus": RuleWords(
        "加分", "bonus", "达到 `reach` 加分，不达到不扣分；不计入总分",
        "added when `reach` is reached, beside the total; nothing is lost otherwise",
    ),
    "veto": RuleWords(
        "一票否决", "veto", "没有分值；达不到目标（或 `reach`）的，考评不通过；不明的，考评不能通过",
        "no points: not reached, nothing passes; unknown, nothing passes either",
        "同左，有逾期即否决", "the same, when someone was late",
    ),
    "benchmark": RuleWords(
        "不低于全国平均", "at least the benchmark", "不低于全国平均水平得满分，否则不得分；未公布的为不明",
        "all when at least the national average, else none; unknown where none is published",
    ),
    "baseline": RuleWords(
        "优于上年", "better than baseline", "严格优于上年得满分，持平（按所列六位小数）不得分；没有上年数的为不明",
        "all when strictly better than the year before; a tie, to the six places shown, earns none; unknown without a year before",
    ),
}  # fmt: skip
"""In the order of the sheet's own declaration."""


class OutcomeWords(NamedTuple):
    """What can come of an item, and what becomes of its points."""

    zh: str
    en: str
    points_zh: str
    points_en: str


OUTCOMES: Final[dict[Outcome, OutcomeWords]] = {
    "full": OutcomeWords("得满分", "full", "达到要求，得全部分值", "what was asked is reached: all its points"),
    "part": OutcomeWords("得部分分", "part", "落后或未完成，按计分办法得一部分", "behind or missed: what its rule gives"),
    "none": OutcomeWords("不得分", "none", "落后或未完成，分值全部失去", "behind or missed: all points are lost"),
    "unknown": OutcomeWords(
        "不明", "unknown", "缺少数据、上年数或全国平均水平，分值按不明失去",
        "an input, a baseline or a benchmark is missing: all points are lost",
    ),
    "not_due": OutcomeWords(
        "未到期", "not due", "未到期，或按进度而期末才定：不计入可得分，另列",
        "not yet due, or on schedule until its window ends: left out, shown apart",
    ),
    "not_applicable": OutcomeWords(
        "不适用", "not applicable", "本单位没有这一项：不计入可得分，另列", "the unit has no such thing: left out, shown apart"
    ),
}  # fmt: skip
