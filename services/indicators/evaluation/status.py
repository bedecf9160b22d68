"""Where a figure stands against its target: the ordered rules, in exact arithmetic. The first rule that applies answers.

1. as of a day before the window: `not_due`
2. an input is missing: `unknown`; nothing to judge yet (an empty cohort, no survey): `not_due`, at the window's end `unknown`
3. no target: `shown`
4. the comparison holds at E: `met` (a stock, share or cohort may lose it again until its window ends)
5. E is the window's end: `missed`
6. a deadline: up to its day `not_due`, from the next day `missed`, however many came late
7. a row on the line: `on_schedule` when it has reached what is expected by E, else `behind`
8. a level or cohort: `behind`

E, the effective day, is min(as of, window end); a state is the state at the end of its day, and days are inclusive.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Literal, NamedTuple

Status = Literal["met", "on_schedule", "behind", "missed", "not_due", "unknown", "shown"]
"""完成, 达到进度, 落后, 未完成, 未到期, 不明, 列示."""
BenchmarkStatus = Literal["met", "behind", "missed", "no_benchmark"]
BaselineStatus = Literal["met", "behind", "missed", "unknown"]

Behaviour = Literal["line", "level", "deadline", "shown"]
"""How a row is judged between the window's start and its end: `line` for counts and amounts that grow, `level` for levels and
cohorts, `deadline` for what is due on a day, `shown` for rows that have no target in the plan; a county that gives such a row
a target has it judged as a level."""

Op = Literal[">=", "<="]
Exact = Fraction | int
"""A number without rounding; a whole one needs no fraction."""
Absence = Literal["missing", "empty"]
"""Why there is no value: an input is missing (statistic, points, head-count, a check of any member of a cohort) or there is nothing to
divide by, or there is nothing to judge yet (empty cohort, no survey closed, no duty due)."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of days, both inclusive; in JSON {name, from, to}."""

    name: str
    first: date
    last: date

    def __post_init__(self) -> None:
        """Raise ValueError when the window ends before it starts."""
        if self.last < self.first:
            raise ValueError(f"window {self.name} ends before it starts / 时间窗口 {self.name} 的止日早于起日")

    @property
    def days(self) -> int:
        """How many days the window has."""
        return (self.last - self.first).days + 1

    def effective(self, as_of: date) -> date | None:
        """E, the day at which a figure is answered: min(as of, window end); None as of a day before the window."""
        return None if as_of < self.first else min(as_of, self.last)

    def days_through(self, day: date) -> int:
        """How many days of the window have passed at the end of `day`, that day included."""
        return max(0, (min(day, self.last) - self.first).days + 1)


@dataclass(frozen=True, slots=True)
class Milestone:
    """What must be reached by the end of a day (节点目标)."""

    day: date
    value: Fraction


@dataclass(frozen=True, slots=True)
class Goal:
    """What a target asks for. A value of None means the benchmark that is the target has not been published: the row is unknown."""

    op: Op
    value: Fraction | None
    deadline: date | None = None
    milestones: tuple[Milestone, ...] = ()


class StandingInput(NamedTuple):
    """Everything a judgement needs.

    `value` is the figure at E (a share as a fraction, money in fen, areas in m²) or why there is none; `start` is b, the value on
    the eve of the window for a stock (0 when unknown) and 0 for a flow; `whole` says that the figure counts things, so that the
    expected number is a whole one.
    """

    as_of: date
    window: Window
    value: Exact | Absence
    behaviour: Behaviour
    goal: Goal | None = None
    start: Exact = 0
    whole: bool = False


def judge(standing: StandingInput) -> Status:
    """The status of one figure against one target (or, without a target, by rule alone)."""
    effective, value, goal = standing.window.effective(standing.as_of), standing.value, standing.goal
    if goal is None or effective is None:
        return judge_alone(value, effective, standing.window)
    if goal.value is None:
        return "unknown"
    if isinstance(value, str):
        return judge_alone(value, effective, standing.window)
    if reaches(value, goal.op, goal.value):
        return "met"
    if effective == standing.window.last:
        return "missed"
    match standing.behaviour:
        case "deadline":
            # The day itself still belongs to those who owe: only the next day is too late.
            return "not_due" if goal.deadline is not None and effective <= goal.deadline else "missed"
        case "line":
            line = expected(standing)
            return "on_schedule" if line is None or reaches(value, goal.op, line) else "behind"
        case "level" | "shown":
            return "behind"


def judge_alone(value: Exact | Absence, effective: date | None, window: Window) -> Status:
    """The status of one figure at E (None: before the window) without a target."""
    if effective is None:
        return "not_due"
    if isinstance(value, str):
        return "unknown" if value == "missing" or effective == window.last else "not_due"
    return "shown"


def expected(standing: StandingInput) -> Fraction | None:
    """What should have been reached at the end of E: b + (t − b) · days of the window up to E ÷ days of the window.

    For counts it is rounded down (for a `<=` target up: nobody is behind for a part of a thing). Milestones replace the line:
    the last one at or before E applies; before the first nothing is expected yet (0; None for a `<=` target). None where
    there is no line: before the window, without a target, for levels and deadlines.
    """
    effective, goal = standing.window.effective(standing.as_of), standing.goal
    if effective is None or goal is None or goal.value is None or standing.behaviour != "line":
        return None
    if goal.milestones:
        reached = [milestone for milestone in goal.milestones if milestone.day <= effective]
        if reached:
            return max(reached, key=lambda milestone: milestone.day).value
        return Fraction(0) if goal.op == ">=" else None
    passed = Fraction(standing.window.days_through(effective), standing.window.days)
    line = standing.start + (goal.value - standing.start) * passed
    if not standing.whole:
        return line
    return Fraction(floor(line) if goal.op == ">=" else ceil(line))


def reaches(value: Exact, op: Op, target: Exact) -> bool:
    """Whether the comparison holds; equality counts as reached (达到或超过)."""
    return value >= target if op == ">=" else value <= target


def judge_benchmark(
    *, as_of: date, window: Window, value: Exact | None, benchmark: Fraction | None, op: Op = ">="
) -> BenchmarkStatus | None:
    """The figure against the national average (达到或超过全国平均水平), for the five main indicators.

    `no_benchmark` when none is published up to E; None when the figure itself has no value, so that nothing can be compared.
    """
    effective = window.effective(as_of)
    if effective is None:
        return None
    if benchmark is None:
        return "no_benchmark"
    if value is None:
        return None
    return _compared(value, op, benchmark, at_end=effective == window.last)


def judge_baseline(*, as_of: date, window: Window, value: Exact | None, baseline: Exact | None, op: Op = ">=") -> BaselineStatus | None:
    """The figure against the same formula at 31 December of the year before the plan; `unknown` when either is. None before the window.

    Reached or exceeded (达到或超过) is `met`: 0 against 0 too, which is no worse than the year before. Who wants more asks for it in the
    scoring sheet (strictly better than baseline).
    """
    effective = window.effective(as_of)
    if effective is None:
        return None
    if value is None or baseline is None:
        return "unknown"
    return _compared(value, op, baseline, at_end=effective == window.last)


def _compared(value: Exact, op: Op, other: Exact, *, at_end: bool) -> Literal["met", "behind", "missed"]:
    if reaches(value, op, other):
        return "met"
    return "missed" if at_end else "behind"
