"""Responsibility letters (目标责任书): targets split over units and departments, and whether the parts make the whole."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from services.indicators.evaluation.plan import Decomposition, Plan, Target, UnitGroup, replaced_on, targets_of, years_of
from services.indicators.evaluation.problems import Path, Problem, unknown_department
from shared.units import UnitKind, unit_kind

GROUP_KINDS: Final[Mapping[UnitGroup, frozenset[UnitKind]]] = {
    "county": frozenset({"county"}),
    "townships": frozenset({"township"}),
    "parks": frozenset({"park"}),
    "townships_and_parks": frozenset({"township", "park"}),
    "communities": frozenset({"community"}),
    "villages": frozenset({"village"}),
}
"""Which kinds of unit a group is made of."""


def check_letters(plan: Plan) -> Iterator[Problem]:
    """Parts that belong to nobody, parts of nothing, and parts that do not make the whole: each shortfall is named."""
    departments = {department.code for department in plan.departments}
    for position, entry in enumerate(plan.decomposition):
        at: Path = ("decomposition", position)
        for unit in entry.parts:
            path = (*at, "parts", unit)
            if entry.over == "departments":
                if unit not in departments:
                    yield unknown_department(path, unit, departments)
            elif not is_of(unit, entry.over):
                yield Problem(
                    path, f"{unit} 不属于 {entry.over}。", f"{unit} is not one of the {entry.over}.", "改正单位代码，或调整 over。",
                    "correct the unit's code, or change over.",
                )  # fmt: skip
        yield from _shortfalls(plan, at, entry)


def is_of(code: str, group: UnitGroup) -> bool:
    """Whether a code is that of a unit of the group; what is no unit's code is of none."""
    try:
        return unit_kind(code) in GROUP_KINDS[group]
    except ValueError:
        return False


def _shortfalls(plan: Plan, at: Path, entry: Decomposition) -> Iterator[Problem]:
    """The parts against the whole, whenever the whole changes while these parts hold."""
    wholes = wholes_of(plan, entry)
    row = f"{entry.indicator}.{entry.variant}"
    if not wholes:
        yield Problem(
            (*at, "indicator"), f"分解了 {row}，但全县没有这项目标。", f"{row} is split, but the plan has no such target.",
            "在 [[targets]] 中补上这项目标，或删去这一段。", "add the target under [[targets]], or delete this section.",
        )  # fmt: skip
    for whole in wholes:
        if isinstance(whole.value, str):
            yield Problem(
                at, f"{row} 以全国平均水平为目标，不能分解。", f"{row} has the benchmark as its target and cannot be split.",
                "删去这一段。", "delete this section.", clause=whole.clause,
            )  # fmt: skip
        elif entry.kind == "additive":
            yield from _sum_short(at, entry, whole, whole.value)
        else:
            yield from _parts_short(at, entry, whole, whole.value)


def wholes_of(plan: Plan, entry: Decomposition) -> list[Target]:
    """The county's targets that hold on some day on which these parts do."""
    begin = entry.effective or years_of(plan)[0].first
    replaced = replaced_on(entry, plan) or date.max
    changes = {target.effective for target in plan.targets if target.effective and begin < target.effective < replaced}
    held = (targets_of(plan, *entry.row, on=day) for day in (begin, *sorted(changes)))
    return list(dict.fromkeys(target for targets in held for target in targets))


def _sum_short(at: Path, entry: Decomposition, whole: Target, value: Decimal) -> Iterator[Problem]:
    total = sum(entry.parts.values(), Decimal(0))
    short = value - total if whole.op == ">=" else total - value
    if short > 0:
        yield Problem(
            (*at, "parts"), f"各单位之和为 {total}，全县目标为 {value}，相差 {short}。",
            f"the parts add up to {total}, {short} away from the whole of {value}.",
            f"把差额 {short} 落实到各单位。", f"settle the difference of {short} among the parts.",
            clause=whole.clause,
        )  # fmt: skip


def _parts_short(at: Path, entry: Decomposition, whole: Target, value: Decimal) -> Iterator[Problem]:
    for unit, part in entry.parts.items():
        if (part < value) if whole.op == ">=" else (part > value):
            yield Problem(
                (*at, "parts", unit), f"{unit} 的目标 {part} 低于全县要求 {value}。",
                f"{unit} is asked for {part}, which falls short of the whole's {value}.",
                f"改为 {value} 或更严的要求。", f"ask for {value} or stricter.", clause=whole.clause,
            )  # fmt: skip
