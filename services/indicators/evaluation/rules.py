"""How one item of a scoring sheet scores, rule by rule, in exact arithmetic.

Every item first comes to a standing, by the first that applies:

1. `not_applicable`: the unit has no such row, no such target, or nobody owes the duty. Left out of the attainable points.
2. `not_due`: before the window, before the deadline, an empty cohort, a duty whose day has not passed; and a figure that is on schedule or
   grows until its window ends, because only then it is decided. Left out of the attainable points and shown apart.
3. `unknown`: an input is missing, or no benchmark or baseline to compare with is there. All points are lost, as unknown.
4. otherwise what is asked for is reached (`full`), or it is behind or missed and the rule says what is earned (`part`, `none`).

The rules themselves, for a figure and for a duty: `rule_words`.

A figure is held against the whole of what is asked, also before the window ends: the score is what would be had if it ended that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final, Literal, NamedTuple, assert_never

from services.indicators.answers import NO_DENOMINATOR, BaselineAnswer, BenchmarkAnswer, Board, Row
from services.indicators.api.duties import DutyRow
from services.indicators.evaluation.display import counted, quantity, value_text
from services.indicators.evaluation.plan import Plan, Target, promised_to
from services.indicators.evaluation.plan_check import Judged, Judging
from services.indicators.evaluation.sheet import Item
from services.indicators.evaluation.status import Goal, Op, StandingInput, Status, Window, judge, reaches
from services.indicators.words import OPERATORS

Outcome = Literal["full", "part", "none", "unknown", "not_due", "not_applicable"]
"""得满分, 得部分分, 不得分, 不明, 未到期, 不适用."""

_ALL: Final = Fraction(1)
_NONE: Final = Fraction(0)
_HALF: Final = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an item is held against: the answers of one moment about one unit, the plan that they were judged by, and how each row is."""

    board: Board
    duties: Sequence[DutyRow]
    plan: Plan
    judged: Judging


class Standing(NamedTuple):
    """Where an item stands: what part of its points that earns, and why."""

    outcome: Outcome
    share: Fraction
    zh: str
    en: str
    status: Status | None = None
    """Of a figure: against what is asked of it."""
    goal: tuple[Op, str] | None = None
    """Of a figure: what is asked of it."""


def stand(item: Item, row: Row | None, owing: Sequence[DutyRow], asked: Asked) -> Standing:
    """Where an item stands: `row` is its row of the board, if the unit has it, `owing` are those who owe its duty."""
    if item.duty is not None:
        return _duty(item, owing)
    if row is None:
        return _absent(item, asked.board)
    match item.rule:
        case "benchmark":
            return _compared(row, row.benchmark, _BENCHMARK, asked.judged[row.id, row.variant])
        case "baseline":
            return _compared(row, row.baseline, _BASELINE, asked.judged[row.id, row.variant])
        case "threshold" | "proportional" | "tiered" | "deduct" | "bonus" | "veto":
            return _against_goal(item, row, asked)
        case _:
            assert_never(item.rule)


def target_of(row: Row, asked: Asked) -> Target | None:
    """The plan's first target of a row that is in force, the unit's own where the board is a unit's."""
    on = row.effective_as_of or row.window.first
    return next(iter(promised_to(asked.plan, asked.board.unit, row.id, row.variant, row.part, on=on)), None)


# ---- figures


def _absent(item: Item, board: Board) -> Standing:
    """No such row: the unit has none of the kind, or nothing was recorded that the part would come from."""
    if any((row.id, row.variant) == (item.indicator, item.variant) for row in board.indicators):
        return Standing(
            "unknown", _NONE, f"没有分项 {item.part} 的数据，按不明失分", f"nothing is known of {item.part}: the points are lost as unknown"
        )  # fmt: skip
    return Standing("not_applicable", _NONE, "本单位没有这一项，不计入可得分", "the unit has no such row: left out")


class _Goal(NamedTuple):
    """What is asked of a figure, and where it stands against that. A value of None: the national average, which nobody published."""

    op: Op
    value: Fraction | None
    status: Status


def _against_goal(item: Item, row: Row, asked: Asked) -> Standing:
    goal = _goal(item, row, asked)
    if goal is None:
        return Standing("not_applicable", _NONE, "当日没有这一项的目标，不计入可得分", "no target of it is in force: left out")
    named = None if goal.value is None else (goal.op, value_text(goal.value))
    value = exact(row)
    if value is None or goal.status == "not_due":
        return _without_value(row, goal.status)._replace(goal=named)
    if goal.value is None:
        return _nothing_to_compare(row, _BENCHMARK)
    return _reached(item, row, value, goal, goal.value)._replace(goal=named)


def _reached(item: Item, row: Row, value: Fraction, goal: _Goal, asked_for: Fraction) -> Standing:
    zh, en = _said(row, (goal.op, asked_for))
    match goal.status:
        case "met":
            return Standing("full", _ALL, f"{zh}：达到", f"{en}: reached", "met")
        case "on_schedule":
            return _still_open(zh, en, "达到进度", "on schedule", "on_schedule")
        case "behind" if item.rule == "bonus":
            return _still_open(zh, en, "还未达到", "not reached yet", "behind")
        case "behind":
            share, why_zh, why_en = _earned(item, value, goal.op, asked_for)
            return Standing("part" if share else "none", share, f"{zh}：落后{why_zh}", f"{en}: behind{why_en}", "behind")
        case _:
            share, why_zh, why_en = _earned(item, value, goal.op, asked_for)
            return Standing("part" if share else "none", share, f"{zh}：未完成{why_zh}", f"{en}: missed{why_en}", "missed")


def _still_open(zh: str, en: str, why_zh: str, why_en: str, status: Status) -> Standing:
    return Standing(
        "not_due", _NONE, f"{zh}：{why_zh}，期末才定，不计入可得分", f"{en}: {why_en}, left out until its window ends", status
    )  # fmt: skip


def _goal(item: Item, row: Row, asked: Asked) -> _Goal | None:
    """What the item asks of its row; None where nothing is asked of this unit on this day."""
    if item.reach is not None:
        return _own_goal(row, Fraction(item.reach), asked)
    target = target_of(row, asked)
    if target is None or not row.targets:
        return None
    status = row.targets[0].status
    if isinstance(target.value, Decimal):
        return _Goal(target.op, Fraction(target.value), status)
    benchmark = None if row.benchmark is None else row.benchmark.value
    return _Goal(target.op, None if benchmark is None else Fraction(benchmark), status)


def _own_goal(row: Row, reach: Fraction, asked: Asked) -> _Goal:
    """A number of the sheet's own: what grows until its window ends is judged by an even line, everything else as it stands."""
    judged, value = asked.judged[row.id, row.variant], exact(row)
    if value is None:
        return _Goal(judged.better, reach, row.status)
    grows = judged.better == ">=" and (judged.behaviour == "line" or row.denominator is None)
    standing = StandingInput(
        as_of=row.effective_as_of or asked.board.as_of, window=Window(row.window.name, row.window.first, row.window.last), value=value,
        behaviour="line" if grows else "level", goal=Goal(judged.better, reach), whole=judged.whole,
    )  # fmt: skip
    return _Goal(judged.better, reach, judge(standing))


def _earned(item: Item, value: Fraction, op: Op, asked_for: Fraction) -> tuple[Fraction, str, str]:
    """The part of the points for a figure that falls short, and how it comes about."""
    match item.rule:
        case "proportional":
            return max(_NONE, min(_ALL, value / asked_for)), "，按比例得分", ", scored in proportion"
        case "tiered":
            if item.half is not None and reaches(value, op, Fraction(item.half)):
                return _HALF, "，达到半分标准", ", enough for half"
            return _NONE, "，未达到半分标准", ", not enough for half"
        case "deduct":
            missing = ceil(abs(asked_for - value))
            return _left(item, missing), f"，差 {missing}", f", {missing} short"
        case _:
            return _NONE, "", ""


def _left(item: Item, missing: int) -> Fraction:
    """The part of the points that is left after a deduction for each that is missing, down to none."""
    return max(_NONE, 1 - missing * Fraction(item.each or 0) / Fraction(item.points or 1))


class _Comparison(NamedTuple):
    """What a figure is held against beside a number, in words."""

    zh: str
    en: str
    reached_zh: str
    reached_en: str
    absent_zh: str
    absent_en: str


_BENCHMARK: Final = _Comparison(
    "全国平均", "the national average is", "不低于全国平均", "at least the national average", "全国平均水平尚未公布",
    "no national average is published",
)  # fmt: skip
_BASELINE: Final = _Comparison(
    "上年", "the year before it was", "优于上年", "better than the year before", "没有上年基数", "no figure of the year before is known",
)  # fmt: skip


def _compared(row: Row, other: BenchmarkAnswer | BaselineAnswer | None, comparison: _Comparison, judged: Judged) -> Standing:
    if row.value is None:
        return _without_value(row, row.status)
    if other is None or other.value is None:
        return _nothing_to_compare(row, comparison)
    zh, en = _said(row, None)
    other_zh, other_en = _quantity(row, other.value, row.value)
    zh, en = f"{zh}，{comparison.zh} {other_zh}", f"{en}, {comparison.en} {other_en}"
    tie = comparison is _BASELINE and other.value == row.value
    if other.status == "met" and not tie:
        return Standing("full", _ALL, f"{zh}：{comparison.reached_zh}", f"{en}: {comparison.reached_en}", "met")
    if row.effective_as_of != row.window.last and judged.behaviour == "line":
        return _still_open(zh, en, "还未达到", "not reached yet", "behind")
    status: Status = "missed" if row.effective_as_of == row.window.last else "behind"
    if tie:
        return Standing("none", _NONE, f"{zh}：持平，不算优于上年", f"{en}: a tie is not better", status)
    return Standing("none", _NONE, f"{zh}：未达到", f"{en}: not reached", status)


def _without_value(row: Row, status: Status) -> Standing:
    """A figure that has no value to be held against anything, or is not to be held against anything yet."""
    if status == "not_due":
        return Standing("not_due", _NONE, "尚未到期，不计入可得分", "not yet due: left out", "not_due")
    zh, en = NO_DENOMINATOR.split(" / ") if row.note.endswith(NO_DENOMINATOR) else ("缺少数据", "an input is missing")
    return Standing("unknown", _NONE, f"{zh}，按不明失分", f"{en}, so the points are lost as unknown", "unknown")


def _nothing_to_compare(row: Row, comparison: _Comparison) -> Standing:
    zh, en = _said(row, None)
    return Standing(
        "unknown", _NONE, f"{zh}：{comparison.absent_zh}，无从比较，按不明失分",
        f"{en}: {comparison.absent_en}, so the points are lost as unknown", "unknown",
    )  # fmt: skip


def exact(row: Row) -> Fraction | None:
    """A row's value without rounding: from what it is made of, where that is said."""
    if row.value is None:
        return None
    if row.numerator is not None and row.denominator is not None:
        return Fraction(int(row.numerator), int(row.denominator))
    return Fraction(row.value)


def _said(row: Row, goal: tuple[Op, Fraction] | None) -> tuple[str, str]:
    """The figure, what it is made of, what was asked of it and how many facts it could not take in, in Chinese and in English."""
    asked_for = None if goal is None else value_text(goal[1])
    zh, en = _quantity(row, row.value, asked_for)
    if row.denominator is not None and row.unit_of_measure == "ratio":
        zh, en = f"{zh}（{row.numerator}/{row.denominator}）", f"{en} ({row.numerator}/{row.denominator})"
    if goal is not None:
        asked_zh, asked_en = _quantity(row, asked_for, row.value)
        zh, en = f"{zh}，要求 {OPERATORS[goal[0]]} {asked_zh}", f"{en} of {OPERATORS[goal[0]]} {asked_en}"
    if row.incomplete:
        zh, en = f"{zh}，{row.incomplete} 条事实未能计入", f"{en}, {counted(row.incomplete, 'fact', 'facts')} could not be taken in"
    return zh, en


def _quantity(row: Row, value: str | None, beside: str | None = None) -> tuple[str, str]:
    """A figure of the row; a ratio is read as so many times, not as a percentage, where it or what stands beside it is more than 1."""
    multiple = row.unit_of_measure == "ratio" and any(each is not None and Fraction(each) > 1 for each in (value, beside))
    return quantity(value or "0", row.unit_of_measure, multiple=multiple)


# ---- duties


def _duty(item: Item, owing: Sequence[DutyRow]) -> Standing:
    if not owing:
        return Standing("not_applicable", _NONE, "本单位没有这项任务，不计入可得分", "nobody here owes it: left out")
    open_, late = [each for each in owing if not each.late and each.state != "accepted"], [each for each in owing if each.late]
    in_time, accepted_late = len(owing) - len(open_) - len(late), sum(each.state == "late" for each in late)
    zh = f"应完成 {len(owing)} 家，按期验收 {in_time} 家"
    en = f"{in_time} of {counted(len(owing), 'who owes', 'who owe')} it had it accepted by {owing[0].due}"
    if open_:
        return Standing(
            "not_due", _NONE, f"{zh}，{owing[0].due} 到期，不计入可得分", f"{en}, which has not passed: left out until then", "not_due"
        )  # fmt: skip
    if not late:
        return Standing("full", _ALL, f"{zh}：达到", f"{en}: all of them", "met")
    share = _NONE
    match item.rule:
        case "proportional":
            share = Fraction(in_time, len(owing))
        case "tiered":
            share = _HALF if accepted_late == len(late) else _NONE
        case "deduct":
            share = _left(item, len(late))
        case _:
            pass
    zh += f"，逾期 {len(late)} 家（其中已补验收 {accepted_late} 家）"
    en += f", {counted(len(late), 'was', 'were')} late ({accepted_late} accepted since)"
    return Standing("part" if share else "none", share, zh, en, "missed")
