"""A plan file as tables for people: phases, targets, duties, responsibility letters. Pure."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from rich.table import Table
from rich.text import Text

from deploy.cli.tables import BENCHMARK_WORDS, MEASURED, Cell, Column, fitted
from services.indicators.catalog import CATALOG
from services.indicators.evaluation.display import measure_words, number_text
from services.indicators.evaluation.letters import wholes_of
from services.indicators.evaluation.plan import Decomposition, Plan, Target, replaced_on
from services.indicators.words import OPERATORS, SYSTEMS_ZH

GROUPS: Final = {
    "county": "县 county", "townships": "各乡镇 townships", "parks": "各园区 parks",
    "townships_and_parks": "各乡镇和园区 townships and parks",
    "communities": "各社区 communities", "villages": "各行政村 villages", "departments": "各部门 departments",
}  # fmt: skip
PHASE_COLUMNS: Final = (Column("阶段", "phase"), Column("自", "from"), Column("至", "to"), Column("条款", "clause"))
IN_FORCE: Final = Column("施行", "in force")
TARGET_COLUMNS: Final = (
    Column("条款", "clause"), Column("指标", "indicator", wraps=True), Column("目标", "target", right=True), MEASURED,
    IN_FORCE, Column("期限", "by"), Column("责任部门", "department", wraps=True), Column("原文", "quote", wraps=True),
)  # fmt: skip
TARGET_ORDER: Final = (1, 2, 4, 0, 3, 5, 6, 7)
DUTY_COLUMNS: Final = (
    Column("条款", "clause"), Column("任务", "duty", wraps=True), Column("到期", "due"), Column("责任", "owed by", wraps=True),
    Column("体系", "system"), Column("佐证", "evidence", wraps=True),
)  # fmt: skip
DUTY_ORDER: Final = (1, 2, 3, 0, 4, 5)
LETTER_COLUMNS: Final = (
    Column("分解的目标", "decomposed target", wraps=True), Column("到", "over"), IN_FORCE,
    Column("份数", "parts", right=True), Column("合计", "sum", right=True), Column("全县", "whole", right=True), MEASURED,
)  # fmt: skip
LETTER_ORDER: Final = (0, 2, 1, 3, 4, 5, 6)

_UNITS_OF_MEASURE: Final = {(each.id, variant.name): variant.unit_of_measure for each in CATALOG for variant in each.variants}
_NAMES: Final = {indicator.id: indicator.zh for indicator in CATALOG}


def phases_table(plan: Plan, width: int | None = None) -> Table:
    """The phases of the campaign (创建工作步骤)."""
    rows = [(phase.zh, str(phase.first), str(phase.last), phase.clause) for phase in plan.phases]
    return fitted(PHASE_COLUMNS, range(len(PHASE_COLUMNS)), [rows], width, title=f"阶段 phases · {len(rows)}", caption=None)


def targets_table(plan: Plan, width: int | None = None) -> Table:
    """Every target with its clause and quoted words, in the file's order."""
    departments = _departments(plan)
    rows = [
        (
            target.clause, _row_name(target.indicator, target.variant, target.part), _goal(target), _measured(target),
            _in_force(target, plan), _until(target, plan), departments(target.department), target.quote,
        )
        for target in plan.targets
    ]  # fmt: skip
    return _with_days(TARGET_COLUMNS, TARGET_ORDER, rows, width, f"目标 targets · {len(rows)}")


def duties_of_plan_table(plan: Plan, width: int | None = None) -> Table:
    """Every duty with its clause, due day and the evidence wanted, in the file's order."""
    departments = _departments(plan)
    rows = [
        (
            duty.clause, Text(duty.quote) + Text(f" {duty.id}", style="dim"), str(duty.due),
            "、".join([*map(departments, duty.owing_departments), *([GROUPS[duty.units]] if duty.units else [])]),
            f"{SYSTEMS_ZH[duty.system]} {duty.system}", duty.evidence,
        )
        for duty in plan.duties
    ]  # fmt: skip
    return fitted(DUTY_COLUMNS, DUTY_ORDER, [rows], width, title=f"工作任务 duties · {len(rows)}", caption=None)


def letters_table(plan: Plan, width: int | None = None) -> Table:
    """What was split over units or departments, its parts added up beside the whole (目标责任书). Levels are not added up.

    The whole is what the county promises while these parts hold; where it changes meanwhile each of them stands with its days.
    """
    rows = []
    for entry in plan.decomposition:
        of_measure = _UNITS_OF_MEASURE.get((entry.indicator, entry.variant), "units")
        total = number_text(str(sum(entry.parts.values())), of_measure) if entry.kind == "additive" else ""
        wholes = wholes_of(plan, entry)
        alone = len({whole.clause for whole in wholes}) == len(wholes)
        rows.append((
            _row_name(entry.indicator, entry.variant, entry.part), GROUPS[entry.over], _in_force(entry, plan), str(len(entry.parts)), total,
            "\n".join(_goal(whole) if alone else f"{_in_force(whole, plan)} {_goal(whole)}".lstrip() for whole in wholes),
            _measured(wholes[0]) if wholes else "",
        ))  # fmt: skip
    return _with_days(LETTER_COLUMNS, LETTER_ORDER, rows, width, f"目标分解 decomposition · {len(rows)}")


def _with_days(columns: Sequence[Column], order: Sequence[int], rows: Sequence[Sequence[Cell]], width: int | None, title: str) -> Table:
    """A table that says when its rows are in force, where one of them is not so throughout."""
    at = columns.index(IN_FORCE)
    if any(row[at] for row in rows):
        return fitted(columns, order, [rows], width, title=title, caption="施行为空的始终有效 / what has no days in force holds throughout")
    return fitted(columns, [each for each in order if each != at], [rows], width, title=title, caption=None)


def _in_force(entry: Target | Decomposition, plan: Plan) -> str:
    """From which day and to which day it holds; empty for what holds throughout, which nearly all do."""
    replaced = replaced_on(entry, plan)
    first, last = entry.effective, None if replaced is None else replaced - timedelta(days=1)
    return "" if first is last is None else f"{first or ''}—{last or ''}"


def _departments(plan: Plan) -> Callable[[str], str]:
    names = {department.code: department.name for department in plan.departments}
    return lambda code: f"{names[code]} {code}"


def _row_name(indicator: str, variant: str, part: str | None) -> Text:
    row = ".".join([indicator, *([variant] if variant != "default" else []), *([part] if part else [])])
    return Text(f"{_NAMES.get(indicator, '')} ") + Text(row, style="dim")


def _goal(target: Target) -> str:
    if isinstance(target.value, str):
        return f"{OPERATORS[target.op]} {BENCHMARK_WORDS}"
    of_measure, multiple = _measure(target)
    return f"{OPERATORS[target.op]} {number_text(str(target.value), of_measure, multiple=multiple)}"


def _measured(target: Target) -> str:
    of_measure, multiple = _measure(target)
    return measure_words(of_measure, multiple=multiple)


def _measure(target: Target) -> tuple[str, bool]:
    """What a target is measured in, and whether it is read as so many times."""
    of_measure = _UNITS_OF_MEASURE[target.indicator, target.variant]
    return of_measure, of_measure == "ratio" and not isinstance(target.value, str) and target.value > 1


def _until(target: Target, plan: Plan) -> str:
    if target.deadline is not None:
        return str(target.deadline)
    if target.window in plan.windows:
        return f"{plan.windows[target.window].first}—{plan.windows[target.window].last}"
    return "；".join(f"{milestone.day} {milestone.value}" for milestone in target.milestones)
