"""What must be consistent in a scoring sheet: within itself, and beside the plan and the rows the board has.

Pure; each check yields every problem it finds, with the fix, and `sheet_file` adds lines and items.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, get_args

from services.indicators.evaluation.plan import Plan, System
from services.indicators.evaluation.plan_check import Judged, Judging
from services.indicators.evaluation.problems import Path, Problem, twice, unknown_department, unknown_name
from services.indicators.evaluation.sheet import APART, COMPARING, POINT_PLACES, Item, Rule, Sheet

_SCALES: Final[dict[str, Rule]] = {"half": "tiered", "each": "deduct"}
"""The keys that one rule alone has a use for."""


def check_sheet(sheet: Sheet) -> tuple[Problem, ...]:
    """Everything that contradicts itself within the sheet."""
    items = (problem for at, item in enumerate(sheet.items) for problem in _item(sheet, at, item))
    return (*_whole(sheet), *_sums(sheet), *items, *_twice(sheet))


def check_beside(sheet: Sheet, plan: Plan, rows: Judging) -> tuple[Problem, ...]:
    """What the sheet names that the plan and the catalogue do not have, and what they cannot be asked."""
    return tuple(problem for at, item in enumerate(sheet.items) for problem in _beside(("items", at), item, plan, rows))


# ---- within the sheet


def _whole(sheet: Sheet) -> Iterator[Problem]:
    if not 0 < sheet.pass_share <= 1:
        yield Problem(
            ("pass_share",), f"达标线 {sheet.pass_share} 不是 0 到 1 之间的比例。", f"a pass share of {sheet.pass_share} is no share.",
            '写大于 0、不大于 1 的数，如 "0.85"。', 'write a number above 0 and up to 1, such as "0.85".',
        )  # fmt: skip
    names = [each.system for each in sheet.systems]
    for position, name in enumerate(names):
        if name in names[:position]:
            yield twice(("systems", position, "system"), name)


def _sums(sheet: Sheet) -> Iterator[Problem]:
    """Points that do not add up: items to their system's, systems to the sheet's."""
    for position, system in enumerate(sheet.systems):
        total = sum(
            (item.points or Decimal(0) for item in sheet.items if item.system == system.system and item.rule not in APART), Decimal(0)
        )
        if total != system.points:
            at: Path = ("systems", position, "points")
            yield _not_adding_up(at, f"{system.name}各项目", f"the items of {system.system}", total, system.points)
    total = sum((system.points for system in sheet.systems), Decimal(0))
    if total != sheet.points:
        yield _not_adding_up(("points",), "各体系", "the systems", total, sheet.points)


def _not_adding_up(path: Path, zh: str, en: str, total: Decimal, stated: Decimal) -> Problem:
    difference = total - stated
    return Problem(
        path, f"{zh}分值合计 {total}，写明的是 {stated}，{'多' if difference > 0 else '少'} {abs(difference)}。",
        f"{en} add up to {total} points instead of {stated}: {abs(difference)} too {'many' if difference > 0 else 'few'}.",
        f"改为 {total}，或调整各项分值（加分和一票否决项不计入）。", f"write {total}, or change their points (bonuses and vetoes apart).",
    )  # fmt: skip


def _twice(sheet: Sheet) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, item in enumerate(sheet.items):
        if item.id in seen:
            yield twice(("items", position, "id"), item.id)
        seen.add(item.id)


def _item(sheet: Sheet, position: int, item: Item) -> Iterator[Problem]:
    at: Path = ("items", position)
    if item.system not in {each.system for each in sheet.systems}:
        yield unknown_name(
            (*at, "system"), item.system, (each.system for each in sheet.systems), f"[[systems]] 中没有体系 {item.system}。",
            f"there is no system {item.system} under [[systems]].",
        )  # fmt: skip
    if (item.indicator is None) == (item.duty is None):
        yield Problem(
            at, "应写明一个指标或一项任务。", "it is about either an indicator or a duty.", "indicator、duty 只写一个。",
            "write one of indicator and duty.",
        )  # fmt: skip
    yield from _points(at, item)
    yield from _scale(at, item)


def _points(at: Path, item: Item) -> Iterator[Problem]:
    if item.rule == "veto":
        if item.points is not None:
            yield Problem(
                (*at, "points"), "一票否决项没有分值。", "a veto has no points.", "删去 points。", "delete the points."
            )  # fmt: skip
    elif item.points is None:
        yield _lacks(at, "points", "10")
    else:
        yield from _amount((*at, "points"), item.points)


def _amount(path: Path, points: Decimal) -> Iterator[Problem]:
    if points <= 0 or points != points.quantize(Decimal(1).scaleb(-POINT_PLACES)):
        yield Problem(
            path, f"{points} 不能作为分值。", f"{points} cannot be points.", f"写大于 0、至多 {POINT_PLACES} 位小数的数。",
            f"write a number above 0 with up to {POINT_PLACES} decimals.",
        )  # fmt: skip


def _scale(at: Path, item: Item) -> Iterator[Problem]:
    """What a rule needs beside the points, and what it has no use for."""
    if item.rule == "bonus" and item.reach is None:
        yield _lacks(at, "reach", "0.95")
    if item.rule == "deduct" and item.each is None:
        yield _lacks(at, "each", "2")
    if item.rule == "tiered" and item.indicator is not None and item.half is None:
        yield _lacks(at, "half", "0.80")
    for key, rule in _SCALES.items():
        if getattr(item, key) is not None and item.rule != rule:
            yield _useless(at, key, item.rule)
    if item.reach is not None and item.rule in COMPARING:
        yield _useless(at, "reach", item.rule)
    if item.duty is not None:
        yield from _of_duty(at, item)
    if item.each is not None:
        yield from _amount((*at, "each"), item.each)
        if item.points is not None and item.each > item.points:
            yield Problem(
                (*at, "each"), f"每缺一项扣 {item.each} 分，多于分值 {item.points}。",
                f"{item.each} points are lost for each, more than the {item.points} there are.", f"改为 {item.points} 或更少。",
                f"write {item.points} or less.",
            )  # fmt: skip


def _of_duty(at: Path, item: Item) -> Iterator[Problem]:
    if item.rule in (*COMPARING, "bonus"):
        yield Problem(
            (*at, "rule"), f"工作任务不能按 {item.rule} 计分。", f"a duty cannot be scored by {item.rule}.",
            "改为 threshold、proportional、tiered、deduct 或 veto。", "write threshold, proportional, tiered, deduct or veto.",
        )  # fmt: skip
    for key in ("reach", "half", "part", "department"):
        if getattr(item, key) is not None:
            yield _no_row(at, key)
    if item.variant != "default":
        yield _no_row(at, "variant")


def _no_row(at: Path, key: str) -> Problem:
    return Problem(
        (*at, key), f"工作任务没有 {key}：期限和责任单位按方案。", f"a duty has no {key}: the plan says who owes it and by when.",
        f"删去 {key}。", f"delete the {key}.",
    )  # fmt: skip


def _lacks(at: Path, key: str, example: str) -> Problem:
    return Problem(at, f"缺少“{key}”。", f'"{key}" is missing.', f'补写 {key} = "{example}"。', f'add {key} = "{example}".')


def _useless(at: Path, key: str, rule: Rule) -> Problem:
    return Problem(
        (*at, key), f"按 {rule} 计分用不到“{key}”。", f'"{key}" has no use for {rule}.', f"删去 {key}，或换一个 rule。",
        f"delete {key}, or write another rule.",
    )  # fmt: skip


# ---- beside the plan and the catalogue


def _beside(at: Path, item: Item, plan: Plan, rows: Judging) -> Iterator[Problem]:
    departments = {department.code for department in plan.departments}
    if item.department is not None and item.department not in departments:
        yield unknown_department((*at, "department"), item.department, departments)
    duties = [duty.id for duty in plan.duties]
    if item.duty is not None and item.duty not in duties:
        yield unknown_name(
            (*at, "duty"), item.duty, duties, f"方案中没有工作任务 {item.duty}。", f"the plan file has no duty {item.duty}."
        )  # fmt: skip
    if item.indicator is not None:
        row = rows.get((item.indicator, item.variant))
        if row is None:
            yield _unknown_row(at, item, item.indicator, rows)
        else:
            yield from _parts(at, item, row, plan)
            yield from _asked(at, item, row, plan)


def _unknown_row(at: Path, item: Item, indicator: str, rows: Judging) -> Problem:
    variants = [variant for id, variant in rows if id == indicator]
    ids = sorted({id for id, _ in rows})
    key, given, known = ("variant", item.variant, variants) if variants else ("indicator", indicator, ids)
    return unknown_name(
        (*at, key), given, known, f"指标目录中没有 {indicator}.{item.variant}。", f"the catalogue has no {indicator}.{item.variant}."
    )  # fmt: skip


def _parts(at: Path, item: Item, row: Judged, plan: Plan) -> Iterator[Problem]:
    """A part that the row cannot have, or none where it has no whole; parts that depend on what is recorded are the facts' to say."""
    match row.other_parts:
        case "systems":
            known: tuple[str | None, ...] = (*row.parts, *get_args(System))
        case "departments":
            known = (*row.parts, *(department.code for department in plan.departments))
        case "documents":
            known = (*row.parts, *(duty.document for duty in plan.duties if duty.document is not None))
        case "facts" | None:
            known = row.parts
    if item.part in known or (item.part is not None and row.other_parts == "facts"):
        return
    named = [part for part in known if part is not None]
    whole = f"{item.indicator}.{item.variant}"
    if item.part is None:
        choice = ", ".join(named) or "…"
        yield Problem(
            at, f"{whole} 没有合计，只有分项。", f"{whole} has no whole, only parts.", f"补写 part，如 {choice}。",
            f"add a part: {choice}.",
        )  # fmt: skip
    elif named:
        yield unknown_name((*at, "part"), item.part, named, f"{whole} 没有分项 {item.part}。", f"{whole} has no part {item.part}.")
    else:
        yield Problem(
            (*at, "part"), f"{whole} 没有分项。", f"{whole} has no parts.", "删去 part。", "delete the part.",
        )  # fmt: skip


def _asked(at: Path, item: Item, row: Judged, plan: Plan) -> Iterator[Problem]:
    """What the item's rule asks of its row."""
    name = f"{item.indicator}.{item.variant}"
    targets = plan.targets_by_row.get((item.indicator or "", item.variant, item.part), ())
    if item.rule == "benchmark" and not (row.benchmarked and item.part is None):
        yield Problem(
            (*at, "rule"), f"{name} 不与全国平均水平比较。", f"{name} is not compared with the national average.", "换一个 rule。",
            "write another rule.",
        )  # fmt: skip
    if item.rule == "baseline" and not (row.baseline and item.part in row.parts):
        yield Problem(
            (*at, "rule"), f"{name} 没有上年基数。", f"{name} has no baseline.", "换一个 rule。", "write another rule."
        )  # fmt: skip
    if item.rule == "deduct" and not row.whole:
        yield Problem(
            (*at, "rule"), f"{name} 不是计数，不能按缺项扣分。", f"{name} counts no things, so none can be missing.",
            "改为 tiered 或 proportional。", "write tiered or proportional.",
        )  # fmt: skip
    if item.rule not in COMPARING and item.reach is None and not targets:
        yield Problem(
            at, f"方案没有给 {name} 定目标，无从得知达到多少得满分。",
            f"the plan has no target of {name}: what earns the points is not said.", "补写 reach，或改用有目标的指标。",
            "add reach, or name a row that has a target.",
        )  # fmt: skip
    if item.department is None and not targets:
        yield Problem(
            at, f"方案没有给 {name} 定目标，无从得知由谁负责。", f"the plan has no target of {name}: who answers for it is not said.",
            "补写 department。", "add the department.",
        )  # fmt: skip
    yield from _numbers(at, item, row, plan)


def _numbers(at: Path, item: Item, row: Judged, plan: Plan) -> Iterator[Problem]:
    """Figures to be reached that are on the wrong side, or ask for nothing."""
    targets = plan.targets_by_row.get((item.indicator or "", item.variant, item.part), ())
    op = row.better if item.reach is not None or not targets else targets[0].op
    values = [item.reach] if item.reach is not None else [each.value for each in targets if isinstance(each.value, Decimal)]
    if item.rule == "proportional" and op == "<=":
        yield Problem(
            (*at, "rule"), "越小越好的指标不能按比例得分。", "a figure that is better when smaller cannot be scored in proportion.",
            "改为 threshold 或 tiered。", "write threshold or tiered.",
        )  # fmt: skip
    if item.reach is not None and item.reach <= 0 and op == ">=":
        yield Problem(
            (*at, "reach"), f"达到 {item.reach} 不起作用。", f"to reach {item.reach} asks for nothing.", "写大于 0 的数值。",
            "write a number above 0.",
        )  # fmt: skip
    for full in values:
        if item.half is not None and full is not None and (item.half >= full if op == ">=" else item.half <= full):
            yield Problem(
                (*at, "half"), f"半分的标准 {item.half} 不低于满分的标准 {full}。",
                f"half the points for {item.half} asks no less than all of them for {full}.",
                f"写{'小' if op == '>=' else '大'}于 {full} 的数值。", f"write a number {'below' if op == '>=' else 'above'} {full}.",
            )  # fmt: skip
