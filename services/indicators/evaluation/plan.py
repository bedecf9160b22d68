"""The plan file (实施方案) as data: what a county promised, in which window, by which clause, and who answers for it.

One TOML file per county. Every promise carries the plan's clause and its quoted words, so that each number on the board can be
traced to its sentence. Another county writes another file and changes no code. Reading the text: `plan_file.read_plan`; what
must be consistent within it: `plan_check`.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.indicators.evaluation.status import Goal, Milestone, Op, Window

UnitGroup = Literal["county", "townships", "parks", "townships_and_parks", "communities", "villages"]
"""Units that owe something together: 县, 乡镇, 园区, 乡镇和园区, 社区, 行政村."""
System = Literal["organisation", "policy", "training", "services", "assessment"]
"""The plan's five systems (三): 组织领导体系, 政策支持体系, 创业培训体系, 创业服务体系, 工作考核体系."""


def _exact(value: object) -> object:
    if type(value) not in (str, int, Decimal):
        raise ValueError('write the number in quotes, such as "0.95", so that it stays exact / 数值请加引号，如 "0.95"，以保持精确')
    return value


Number = Annotated[Decimal, BeforeValidator(_exact), Field(allow_inf_nan=False)]
"""An exact decimal, written in quotes: "0.95". Shares are fractions of 1, money is fen, areas are m²."""
RowName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
DepartmentCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
"""A department as it stands in subjects and sources."""
UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Clause = Annotated[str, StringConstraints(min_length=1, max_length=20)]
"""The plan's own numbering, such as 二(四) or 三(二)2."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]


BENCHMARK: Final = "benchmark"
"""The value of a target that is the national average (达到或超过全国平均水平)."""
DOCUMENTS: Final = "documents_owed"
"""The indicator whose parts are the documents owed: the duties whose id is this name, a dot and the part."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(_Part):
    """A span of days, both inclusive."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")


class PlanWindow(Span):
    """时间窗口: a window that the plan has beside its year and its two years; `zh` is what people call it."""

    zh: Words


class Phase(Span):
    """创建工作步骤 (五): one phase of the campaign."""

    name: RowName
    zh: Words
    clause: Clause


class ReportingPeriod(Span):
    """进展情况报告期 (六(一)): who reports progress for which days, and by when. `period` is the name that reports carry."""

    period: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,20}$")]
    due: date
    units: UnitGroup
    clause: Clause


class Department(_Part):
    """A department that answers for something or reports; `letter` says whether it signs a responsibility letter (目标责任书).

    Departments merge: `since` and `until` bound the days on which the code is valid (both inclusive, None: open).
    """

    code: DepartmentCode
    name: Words
    letter: bool = False
    since: date | None = None
    until: date | None = None


class PlanMilestone(_Part):
    """节点目标: what must be reached by the end of `day`."""

    day: date
    value: Number


class _OfRow(_Part):
    indicator: RowName
    variant: RowName = "default"
    part: Words | None = None

    @property
    def row(self) -> tuple[str, str, str | None]:
        """The row of the board it speaks of: (id, variant, part)."""
        return self.indicator, self.variant, self.part


class Target(_OfRow):
    """目标: one promise of the plan about one row of the board.

    `value` is a number, or "benchmark" where the plan promises the national average and names no number (达到或超过全国平均水平).
    `window` is the row's own, and may be named for the reader's sake: a row is judged in the window it is counted in (`plan_check`). A
    row whose window is the county's to choose (rehearsals) is counted and judged in the one named here, without one in its own.
    `deadline` is the day by which a thing due on a day is done in time: what comes later does not count; without a target nothing is late.
    `effective` is the day from which a changed target holds; figures of earlier days keep the earlier one.
    """

    op: Op
    value: Number | Literal["benchmark"]
    window: RowName | None = None
    clause: Clause
    quote: Words
    department: DepartmentCode
    deadline: date | None = None
    milestones: tuple[PlanMilestone, ...] = ()
    effective: date | None = None

    def goal(self, benchmark: Fraction | None = None) -> Goal:
        """What `status.judge` needs of it; `benchmark` stands in where the target is the national average."""
        value = benchmark if isinstance(self.value, str) else Fraction(self.value)
        milestones = tuple(Milestone(milestone.day, Fraction(milestone.value)) for milestone in self.milestones)
        return Goal(self.op, value, self.deadline, milestones)


class Reference(_OfRow):
    """参考线: a line drawn beside a shown row. It is no target and never judged; `source` says where it comes from."""

    op: Op
    value: Number
    source: Words


class Duty(_Part):
    """工作任务: something owed on a day by one or more departments or by units, with the evidence (佐证材料) wanted for it.

    Everyone who owes it shows it and has it accepted apart. One named `documents_owed.PART` is a document with a row of its own.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    clause: Clause
    quote: Words
    department: DepartmentCode | None = None
    departments: tuple[DepartmentCode, ...] = ()
    units: UnitGroup | None = None
    due: date
    evidence: Words
    system: System

    @property
    def owing_departments(self) -> tuple[DepartmentCode, ...]:
        """The departments that owe it, in the file's order; none where units do."""
        return self.departments if self.department is None else (self.department,)

    @property
    def document(self) -> str | None:
        """The part of `documents_owed` that it is; None for what is no document."""
        return self.id.removeprefix(f"{DOCUMENTS}.") if self.id.startswith(f"{DOCUMENTS}.") else None


class Decomposition(_OfRow):
    """目标分解 (责任书): one target split over units or departments.

    `additive` parts must add up to at least the whole; for a `level` every part must itself reach the whole's value.
    Parts are judged on the units' own figures: a fact that names a township and a park counts in both.
    """

    over: UnitGroup | Literal["departments"]
    kind: Literal["additive", "level"]
    effective: date | None = None
    parts: dict[str, Number]


class Plan(_Part):
    """A county's plan file. Units are the roster's, rows the catalogue's; both are checked beside, not here."""

    county: UnitCode
    name: Words
    title: Words
    year: Annotated[int, Field(ge=2000, le=2100)]
    windows: dict[RowName, PlanWindow] = {}
    """Windows beside `plan_year` and `two_years`, which follow from the year."""
    departments: tuple[Department, ...]
    phases: tuple[Phase, ...] = ()
    periods: tuple[ReportingPeriod, ...] = ()
    targets: tuple[Target, ...]
    references: tuple[Reference, ...] = ()
    duties: tuple[Duty, ...] = ()
    decomposition: tuple[Decomposition, ...] = ()

    @cached_property
    def targets_by_row(self) -> dict[tuple[str, str, str | None], tuple[Target, ...]]:
        """The targets of each row that has any, in the file's order; a document owed asks for itself, by its due day."""
        found: dict[tuple[str, str, str | None], tuple[Target, ...]] = {}
        for target in (*self.targets, *_documents_owed(self.duties)):
            found[target.row] = (*found.get(target.row, ()), target)
        return found

    @cached_property
    def decomposition_by_row(self) -> dict[tuple[str, str, str | None], tuple[Decomposition, ...]]:
        """What the target of each row that is split is split into, in the file's order."""
        found: dict[tuple[str, str, str | None], tuple[Decomposition, ...]] = {}
        for entry in self.decomposition:
            found[entry.row] = (*found.get(entry.row, ()), entry)
        return found


def _documents_owed(duties: Iterable[Duty]) -> Iterator[Target]:
    for duty in duties:
        if duty.document is not None and duty.department is not None:
            yield Target(
                indicator=DOCUMENTS, part=duty.document, op=">=", value=Decimal(1), clause=duty.clause, quote=duty.quote,
                department=duty.department, deadline=duty.due,
            )  # fmt: skip


def windows_of(plan: Plan) -> dict[str, Window]:
    """Every window of the plan by name: `plan_year` (Y), `two_years` (Y and Y+1), then others as written."""
    own = {window.name: window for window in years_of(plan)}
    return own | {name: Window(name, span.first, span.last) for name, span in plan.windows.items()}


def years_of(plan: Plan) -> tuple[Window, Window]:
    """The two windows every plan has: 1 January to 31 December of its year, and to 31 December of the year after."""
    first = date(plan.year, 1, 1)
    return Window("plan_year", first, date(plan.year, 12, 31)), Window("two_years", first, date(plan.year + 1, 12, 31))


def targets_of(plan: Plan, indicator: str, variant: str = "default", part: str | None = None, *, on: date) -> tuple[Target, ...]:
    """The targets of one row that hold on a day, in the file's order."""
    return _in_force(plan.targets_by_row.get((indicator, variant, part), ()), on)


def unit_targets_of(
    plan: Plan, unit: str, indicator: str, variant: str = "default", part: str | None = None, *, on: date
) -> tuple[Target, ...]:
    """The same row's targets for one township, park or department: the whole's target with the value its letter names.

    Empty where nothing was decomposed to that unit.
    """
    entries = _latest(plan.decomposition_by_row.get((indicator, variant, part), ()), on)
    shares = [entry.parts[unit] for entry in entries if unit in entry.parts]
    if not shares:
        return ()
    whole = targets_of(plan, indicator, variant, part, on=on)
    return tuple(target.model_copy(update={"value": share, "milestones": ()}) for target in whole for share in shares)


def promised_to(
    plan: Plan, unit: str, indicator: str, variant: str = "default", part: str | None = None, *, on: date
) -> tuple[Target, ...]:  # fmt: skip
    """What was promised about a row to whoever asks for a unit: the county's targets, of any other unit those of its letter."""
    if unit == plan.county:
        return targets_of(plan, indicator, variant, part, on=on)
    return unit_targets_of(plan, unit, indicator, variant, part, on=on)


def replaced_on(entry: Target | Decomposition, plan: Plan) -> date | None:
    """The day from which a later version holds instead of a target or of its decomposition; None where none does."""
    later: Iterable[Target | Decomposition]
    if isinstance(entry, Target):
        later = (other for other in plan.targets if (other.row, other.clause, other.op) == (entry.row, entry.clause, entry.op))
    else:
        later = (other for other in plan.decomposition if (other.row, other.over) == (entry.row, entry.over))
    since = entry.effective or date.min
    return min((other.effective for other in later if other.effective is not None and other.effective > since), default=None)


def _in_force(targets: Iterable[Target], on: date) -> tuple[Target, ...]:
    """Of targets that replace one another (same row, same clause and comparison) the one with the latest effective day up to `on`."""
    held: dict[tuple[str, Op], Target] = {}
    for target in targets:
        key, since = (target.clause, target.op), target.effective or date.min
        if since <= on and (key not in held or since > (held[key].effective or date.min)):
            held[key] = target
    return tuple(held.values())


def _latest(entries: Iterable[Decomposition], on: date) -> tuple[Decomposition, ...]:
    """The decomposition in force, one per partition."""
    held: dict[str, Decomposition] = {}
    for entry in entries:
        since = entry.effective or date.min
        if since <= on and (entry.over not in held or since > (held[entry.over].effective or date.min)):
            held[entry.over] = entry
    return tuple(held.values())
