"""What must be consistent in a plan file: within itself, with the roster, and with the rows the board has.

Pure; each check yields every problem it finds, with the fix, and `plan_file.locate` adds lines and clauses.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from services.indicators.evaluation.letters import check_letters
from services.indicators.evaluation.plan import BENCHMARK, Decomposition, Plan, Reference, Span, Target, windows_of, years_of
from services.indicators.evaluation.problems import Path, Problem, outside, twice, unknown_department, unknown_name
from services.indicators.evaluation.status import Behaviour, Op


def check_plan(plan: Plan) -> tuple[Problem, ...]:
    """Everything that contradicts itself within the plan file."""
    return (
        *_spans(plan), *_county(plan), *_departments(plan), *_phases(plan), *_periods(plan), *_targets(plan), *_duties(plan),
        *check_letters(plan),
    )  # fmt: skip


def check_units(plan: Plan, codes: Collection[str]) -> tuple[Problem, ...]:
    """Units the plan names that the roster does not have."""
    named: list[tuple[Path, str]] = [(("county",), plan.county)]
    for position, entry in enumerate(plan.decomposition):
        if entry.over != "departments":
            named += [(("decomposition", position, "parts", unit), unit) for unit in entry.parts]
    return tuple(
        Problem(
            path, f"名册中没有单位 {code}。", f"the roster has no unit {code}.",
            "改正单位代码，或在 roster.csv 中补上该单位。", "correct the unit's code, or add the unit to roster.csv.",
        )
        for path, code in named if code not in codes
    )  # fmt: skip


OtherParts = Literal["systems", "departments", "documents", "facts"]
"""Where the parts of a row come from that it does not always have: what the plan file has of these, or what is recorded."""


class Judged(NamedTuple):
    """How a row of the catalogue is judged, the name of the window it is counted in, and whether its targets may name another one.

    The rest is what a scoring sheet may ask of it: which way is better, whether it is compared with the national average and with the year
    before, whether it counts whole things, the parts it always has, and where others come from.
    """

    behaviour: Behaviour
    window: str = "plan_year"
    window_by_plan: bool = False
    better: Op = ">="
    benchmarked: bool = False
    baseline: bool = False
    whole: bool = False
    parts: tuple[str | None, ...] = (None,)
    other_parts: OtherParts | None = None


Judging = Mapping[tuple[str, str], Judged]
"""(id, variant) → how that row is judged."""


def check_rows(plan: Plan, rows: Judging) -> tuple[Problem, ...]:
    """Promises that a row of the catalogue cannot be judged by. Rows the catalogue does not have: `check_names`."""
    problems: list[Problem] = []
    for position, target in enumerate(plan.targets):
        judged = rows.get((target.indicator, target.variant))
        if judged is None:
            continue
        behaviour = judged.behaviour
        at, row = ("targets", position), f"{target.indicator}.{target.variant}"
        if target.milestones and behaviour != "line":
            problems.append(Problem(
                (*at, "milestones"), f"{row} 不按进度线考核，节点目标不起作用。",
                f"{row} is not judged by a line, so milestones have no effect.",
                "删去 milestones。", "delete the milestones.",
            ))  # fmt: skip
        if target.deadline and behaviour != "deadline":
            problems.append(Problem(
                (*at, "deadline"), f"{row} 不是限期完成的事项。", f"{row} is not something due on a day.",
                "删去 deadline，或改用 milestones。", "delete the deadline, or write milestones.",
            ))  # fmt: skip
        if not target.deadline and behaviour == "deadline":
            problems.append(Problem(
                at, f"{row} 须限期完成，但没有写明日期。", f"{row} is due on a day, but no day is written.",
                f"补写 deadline = {plan.year}-03-15 这样的日期。", f"add a day such as deadline = {plan.year}-03-15.",
            ))  # fmt: skip
        if judged.window_by_plan:
            problems += _two_windows(plan, position, target, judged.window)
        else:
            problems += _other_window(plan, (*at, "window"), row, target.window, judged.window)
        if behaviour == "deadline":
            problems += _two_deadlines(plan, position, target)
    return tuple(problems)


def _other_window(plan: Plan, at: Path, row: str, named: str | None, own: str) -> Iterator[Problem]:
    """A row has one figure, counted in its own window: judged in another it would be judged by facts of other days."""
    windows = windows_of(plan)
    if named is None or named not in windows or own not in windows:
        return  # a window that nobody describes is named by `check_plan`
    asked, counted = windows[named], windows[own]
    if (asked.first, asked.last) != (counted.first, counted.last):
        yield Problem(
            at, f"{row} 按 {own}（{counted.first} 至 {counted.last}）计数，不能按 {named} 考核。",
            f"{row} is counted in {own} ({counted.first} to {counted.last}) and cannot be judged in {named}.",
            "删去 window；期中须达到的数写入 milestones，目标调整写明 effective。",
            "delete the window; write what is due on the way as milestones, a changed target with its effective day.",
        )  # fmt: skip


def _two_windows(plan: Plan, position: int, target: Target, own: str) -> Iterator[Problem]:
    """All targets of a row name one window: the row has one figure, whichever of them is in force."""
    first = next(each for each in plan.targets if each.row == target.row).window or own
    if (target.window or own) != first:
        row = f"{target.indicator}.{target.variant}"
        yield Problem(
            ("targets", position, "window"), f"{row} 的目标写了两个窗口：{first} 和 {target.window or own}，只能按一个计数。",
            f"targets of {row} name two windows, {first} and {target.window or own}: it is counted in one.",
            f"每个目标都写 window = \"{first}\"。", f"write window = \"{first}\" with each of its targets.",
        )  # fmt: skip


def _two_deadlines(plan: Plan, position: int, target: Target) -> Iterator[Problem]:
    """A row has one figure, of what was done by one day; a target that replaces an earlier one may set another."""
    for before in plan.targets[:position]:
        replaced = (before.clause, before.op) == (target.clause, target.op)
        if before.row == target.row and before.deadline and target.deadline not in (None, before.deadline) and not replaced:
            row = f"{target.indicator}.{target.variant}"
            yield Problem(
                ("targets", position, "deadline"), f"{row} 写了两个限期：{before.deadline} 和 {target.deadline}，只能按一个计数。",
                f"{row} is due on two days, {before.deadline} and {target.deadline}: it is counted by one.",
                "写同一个 deadline；限期有调整的，沿用原条款并写明 effective。",
                "write one deadline; where the day changed, keep the clause and give the new target its effective day.",
            )  # fmt: skip
            return


def check_names(plan: Plan, rows: Judging) -> tuple[Problem, ...]:
    """Rows the plan names that the catalogue does not have."""
    return tuple(_unknown_rows(plan, rows))


def _unknown_rows(plan: Plan, rows: Judging) -> Iterator[Problem]:
    ids = sorted({indicator for indicator, _ in rows})
    sections: tuple[tuple[str, Sequence[Target | Reference | Decomposition]], ...] = (
        ("targets", plan.targets), ("references", plan.references), ("decomposition", plan.decomposition),
    )  # fmt: skip
    for section, entries in sections:
        for position, entry in enumerate(entries):
            if (entry.indicator, entry.variant) in rows:
                continue
            variants = [variant for indicator, variant in rows if indicator == entry.indicator]
            key, given, known = ("variant", entry.variant, variants) if variants else ("indicator", entry.indicator, ids)
            yield unknown_name(
                (section, position, key), given, known, f"指标目录中没有 {entry.indicator}.{entry.variant}。",
                f"the catalogue has no {entry.indicator}.{entry.variant}.",
            )  # fmt: skip


# ---- days


def _spans(plan: Plan) -> Iterator[Problem]:
    spans: list[tuple[Path, Span]] = [(("windows", name), span) for name, span in plan.windows.items()]
    spans += [(("phases", position), phase) for position, phase in enumerate(plan.phases)]
    spans += [(("periods", position), period) for position, period in enumerate(plan.periods)]
    for path, span in spans:
        if span.last < span.first:
            yield Problem(
                (*path, "to"), f"止日 {span.last} 早于起日 {span.first}。", f"it ends on {span.last}, before it starts on {span.first}.",
                "调整 from 或 to。", "change from or to.",
            )  # fmt: skip
    for name in ("plan_year", "two_years"):
        if name in plan.windows:
            yield Problem(
                ("windows", name), f"{name} 由年度 {plan.year} 推出，不能另写。", f"{name} follows from the year {plan.year}.",
                "删去这一段，或换一个名称。", "delete this section, or give it another name.",
            )  # fmt: skip


def _county(plan: Plan) -> Iterator[Problem]:
    if not plan.county.endswith("000000"):
        yield Problem(
            ("county",), f"{plan.county} 不是县级代码。", f"{plan.county} is not a county's code.",
            "写县级统计用区划代码：六位数字加 000000。", "write the county's division code: six digits and 000000.",
        )  # fmt: skip


def _departments(plan: Plan) -> Iterator[Problem]:
    codes = [department.code for department in plan.departments]
    for position, department in enumerate(plan.departments):
        if department.code in codes[:position]:
            yield twice(("departments", position, "code"), department.code)
        if department.since and department.until and department.until < department.since:
            yield Problem(
                ("departments", position, "until"), f"{department.name}的止日早于起日。", f"{department.code} ends before it starts.",
                "调整 since 或 until。", "change since or until.",
            )  # fmt: skip


def _phases(plan: Plan) -> Iterator[Problem]:
    for position, (before, phase) in enumerate(zip(plan.phases, plan.phases[1:], strict=False), start=1):
        if phase.first <= before.last:
            yield Problem(
                ("phases", position, "from"), f"阶段“{phase.zh}”与前一阶段重叠。", f"the phase {phase.name} overlaps the one before.",
                f"from 改为 {before.last} 之后的日期。", f"let it start after {before.last}.",
            )  # fmt: skip


def _periods(plan: Plan) -> Iterator[Problem]:
    names = [period.period for period in plan.periods]
    for position, period in enumerate(plan.periods):
        if period.period in names[:position]:
            yield twice(("periods", position, "period"), period.period)
        if period.due < period.last:
            yield Problem(
                ("periods", position, "due"), f"报告期 {period.period} 尚未结束就要报告。", f"{period.period} is due before it is over.",
                f"due 改为 {period.last} 或之后。", f"let it be due on {period.last} or later.",
            )  # fmt: skip


# ---- promises


def _targets(plan: Plan) -> Iterator[Problem]:
    departments = {department.code for department in plan.departments}
    seen: set[tuple[object, ...]] = set()
    for position, target in enumerate(plan.targets):
        at: Path = ("targets", position)
        key = (target.indicator, target.variant, target.part, target.op, target.clause, target.effective)
        if key in seen:
            yield Problem(
                at, f"{target.indicator}.{target.variant} 在同一条款下写了两次。",
                f"{target.indicator}.{target.variant} stands twice under one clause.",
                "删去一段；若目标有调整，写明 effective 日期。", "delete one; if the target changed, give the new one an effective day.",
            )  # fmt: skip
        seen.add(key)
        if target.department not in departments:
            yield unknown_department((*at, "department"), target.department, departments)
        if isinstance(target.value, Decimal) and (target.value < 0 or (target.value == 0 and target.op == ">=")):
            yield Problem(
                (*at, "value"), f"目标值 {target.value} 不起作用。", f"a target of {target.value} asks for nothing.",
                "写大于 0 的数值。", "write a number above 0.",
            )  # fmt: skip
        yield from _target_days(plan, at, target)


def _target_days(plan: Plan, at: Path, target: Target) -> Iterator[Problem]:
    windows = {name: (span.first, span.last) for name, span in plan.windows.items()}
    windows |= {window.name: (window.first, window.last) for window in years_of(plan)}
    name = target.window or "plan_year"
    if name not in windows:
        known = ", ".join(windows)
        yield Problem(
            (*at, "window"), f"没有时间窗口 {name}。", f"there is no window {name}.",
            f"改为 {known} 之一，或在 [windows.{name}] 中写明 zh、from 和 to。",
            f"write one of {known}, or give its zh, from and to under [windows.{name}].",
        )  # fmt: skip
        return
    first, last = windows[name]
    if target.deadline and not first <= target.deadline <= last:
        yield outside((*at, "deadline"), target.deadline, name, first, last)
    if target.milestones and target.value == BENCHMARK:
        yield Problem(
            (*at, "milestones"), "以全国平均水平为目标的，不设节点目标。", "a target that is the benchmark has no milestones.",
            "删去 milestones。", "delete the milestones.",
        )  # fmt: skip
    for number, milestone in enumerate(target.milestones):
        if not first <= milestone.day <= last:
            yield outside((*at, "milestones", number), milestone.day, name, first, last)
        if number and milestone.day <= target.milestones[number - 1].day:
            yield Problem(
                (*at, "milestones", number), f"节点 {milestone.day} 不在前一节点之后。",
                f"the milestone of {milestone.day} is not after the one before.",
                "按日期先后排列，一天一个节点。", "put milestones in the order of their days, one a day.",
            )  # fmt: skip


def _duties(plan: Plan) -> Iterator[Problem]:
    departments = {department.code for department in plan.departments}
    _, window = years_of(plan)
    ids = [duty.id for duty in plan.duties]
    for position, duty in enumerate(plan.duties):
        at: Path = ("duties", position)
        if duty.id in ids[:position]:
            yield twice((*at, "id"), duty.id)
        if [duty.department is not None, bool(duty.departments), duty.units is not None].count(True) != 1:
            yield Problem(
                at, f"工作任务 {duty.id} 应由部门或一类单位负责。", f"the duty {duty.id} needs either departments or units.",
                "department、departments、units 只写一个。", "write one of department, departments and units.",
            )  # fmt: skip
        for number, department in enumerate(duty.owing_departments):
            key: Path = (*at, "department") if duty.department is not None else (*at, "departments", number)
            if department not in departments:
                yield unknown_department(key, department, departments)
            if department in duty.owing_departments[:number]:
                yield twice(key, department)
        if duty.document is not None and duty.department is None:
            yield Problem(
                at, f"{duty.id} 是一份文件，应由一个部门负责。", f"{duty.id} is a document and is owed by one department.",
                "写 department；由多个部门或单位负责的任务另起名称。", "write department, or name a duty of many otherwise.",
            )  # fmt: skip
        if not window.first <= duty.due <= window.last:
            yield outside((*at, "due"), duty.due, "two_years", window.first, window.last)
