"""Where every figure stands against what was promised: the rules as they are written, applied to the oracle's own figures.

The first rule that applies answers.

1. As of a day before the window: `not_due`.
2. An input is missing: `unknown`; an empty cohort, or no survey yet: `not_due`, at the window's end `unknown`.
3. No target: `shown`.
4. The comparison holds at E: `met`.
5. E is the window's end: `missed`.
6. A deadline: up to its day `not_due`, after it `missed`.
7. On the line: `on_schedule` when the value has reached what is expected by E, else `behind`.
8. A level or cohort: `behind`.

What was promised is the plan file's, and how a row is declared to be judged is data of the catalogue: both are handed in.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import TypeVar

from shared.contracts.registry import BenchmarkPublished
from tests.support.oracle.figure import Figure, Key
from tests.support.oracle.oracle import Oracle


@dataclass(frozen=True)
class Target:
    """One target of the plan file. A value of None is the national average, a promise without a number."""

    row: Key
    op: str
    value: Fraction | None
    clause: str
    deadline: date | None = None
    milestones: tuple[tuple[date, Fraction], ...] = ()
    effective: date | None = None


@dataclass(frozen=True)
class Letter:
    """One row's target as split over units (责任书); `over` names the partition."""

    row: Key
    over: str
    parts: Mapping[str, Fraction]
    effective: date | None = None


@dataclass(frozen=True)
class PlanFile:
    """What a county promised, in the order of its plan file."""

    targets: tuple[Target, ...]
    letters: tuple[Letter, ...] = ()

    def of(self, row: Key) -> list[Target]:
        """The targets of one row."""
        return self._by_row.get(row, [])

    @cached_property
    def _by_row(self) -> dict[Key, list[Target]]:
        found: dict[Key, list[Target]] = defaultdict(list)
        for target in self.targets:
            found[target.row].append(target)
        return found


@dataclass(frozen=True)
class Declared:
    """How a row is declared to be judged."""

    behaviour: str
    """`line`, `level`, `deadline` or `shown`."""
    ratio: bool
    """Whether it is measured in shares rather than in things, so that its line is never rounded."""
    stock: bool
    """Whether its line starts from the value on the eve of the window."""
    benchmarked: bool
    """Whether it is judged against the national average as well."""
    better: str
    """The comparison by which it is no worse than the year before."""
    with_baseline: tuple[str | None, ...]
    """Which of its parts are compared with the year before."""


@dataclass(frozen=True)
class Standing:
    """Where a row stands against one promise."""

    op: str
    value: Fraction | None
    clause: str
    expected: Fraction | None
    status: str


@dataclass(frozen=True)
class Judgement:
    """Where one row stands. `status` and `expected` are those of its first target, without any by rule alone."""

    figure: Figure
    n: int
    status: str
    expected: Fraction | None
    targets: tuple[Standing, ...]
    benchmark: tuple[Fraction | None, str | None] | None
    """(the national average, where the figure stands against it); None for rows that are not compared with it."""
    baseline: tuple[Fraction | None, str | None] | None
    """(the figure a year earlier, where this one stands against it); None likewise."""


def judgements(
    oracle: Oracle, promises: PlanFile, rules: Mapping[tuple[str, str], Declared], *, unit: str, county: str,
    as_of: date, known_at: date, year: int,
) -> dict[Key, Judgement]:  # fmt: skip
    """Where the rows of a unit stand that are declared. Raises ValueError like `Oracle.figures`."""
    figures = oracle.figures(unit=unit, as_of=as_of, known_at=known_at, year=year)
    earlier: dict[date, dict[Key, Figure]] = {}
    found: dict[Key, Judgement] = {}
    for key, figure in figures.items():
        if key[:2] not in rules:
            continue
        declared, (first, last) = rules[key[:2]], oracle.window(key[:2], year)
        day = figure.effective_as_of
        average = benchmark(oracle, key, known_at, day) if declared.benchmarked and key[2] is None and day is not None else None
        # The year before ends where its own window does, at the latest on the eve of this one.
        eve = min(oracle.window(key[:2], year - 1)[1], first - timedelta(days=1))
        if eve not in earlier:
            earlier[eve] = {} if as_of < eve else _figures_of(oracle, unit, eve, known_at, year - 1)
        before = earlier[eve].get(key)
        start = before.value if declared.stock and before is not None and before.value is not None else Fraction(0)
        held = in_force(promises, key, day or first, None if unit == county else unit)
        targets = tuple(_standing(figure, promise, average, declared, start, first, last) for promise in held)
        found[key] = Judgement(
            figure=figure,
            n=standing_behind(figure),
            status=targets[0].status if targets else status(figure, None, declared, None, last),
            expected=targets[0].expected if targets else None,
            targets=targets,
            benchmark=(average, _against_average(figure, average, last)) if declared.benchmarked and key[2] is None else None,
            baseline=(
                before.value if before is not None else None,
                _against_year_before(figure, before, declared.better, last)
            ) if key[2] in declared.with_baseline else None,
        )  # fmt: skip
    return found


def _figures_of(oracle: Oracle, unit: str, day: date, known_at: date, year: int) -> dict[Key, Figure]:
    """The figures of a unit at the end of a day; none where it did not exist on it."""
    try:
        figures = oracle.figures(unit=unit, as_of=day, known_at=known_at, year=year)
    except ValueError:
        return {}
    return {key: figure for key, figure in figures.items() if figure.effective_as_of == day}


def in_force(promises: PlanFile, row: Key, day: date, unit: str | None) -> list[Target]:
    """A row's promises on a day: the county's (unit None), or a unit's, which are the county's with the value its letters name.

    A promise that changes under the same clause and comparison replaces the earlier one from its effective day on.
    """
    begun = [promise for promise in promises.of(row) if (promise.effective or date.min) <= day]
    held: list[Target] = []
    for clause, op in dict.fromkeys((promise.clause, promise.op) for promise in begun):
        held.append(_latest([promise for promise in begun if (promise.clause, promise.op) == (clause, op)]))
    if unit is None:
        return held
    split = [letter for letter in promises.letters if letter.row == row and (letter.effective or date.min) <= day]
    letters = [_latest([letter for letter in split if letter.over == over]) for over in dict.fromkeys(letter.over for letter in split)]
    return [
        Target(promise.row, promise.op, letter.parts[unit], promise.clause, promise.deadline)
        for promise in held
        for letter in letters
        if unit in letter.parts
    ]


P = TypeVar("P", Target, Letter)


def _latest(held: Iterable[P]) -> P:
    """The one that took effect last; of several on one day the first in the file."""
    return max(held, key=lambda each: each.effective or date.min)


def _standing(
    figure: Figure, promise: Target, average: Fraction | None, declared: Declared, start: Fraction, first: date, last: date
) -> Standing:  # fmt: skip
    """A figure beside a promise; where no number was promised the national average takes its place."""
    target = average if promise.value is None else promise.value
    line = None if target is None else expected(figure, promise, target, declared, start, first, last)
    return Standing(promise.op, target, promise.clause, line, status(figure, (promise, target), declared, line, last))


def expected(
    figure: Figure, promise: Target, target: Fraction, declared: Declared, start: Fraction, first: date, last: date
) -> Fraction | None:  # fmt: skip
    """b + (t − b)·(days of the window up to E ÷ days of the window), in whole things for counts: nobody is behind for a part of one.

    Milestones replace the line: the last one reached, and before the first nothing is expected yet. None off the line.
    """
    day = figure.effective_as_of
    if day is None or declared.behaviour != "line":
        return None
    if promise.milestones:
        passed = [value for on, value in promise.milestones if on <= day]
        if passed:
            return passed[-1]
        return Fraction(0) if promise.op == ">=" else None
    line = start + (target - start) * Fraction((day - first).days + 1, (last - first).days + 1)
    if declared.ratio or figure.denominator is not None:
        return line
    return Fraction(floor(line) if promise.op == ">=" else ceil(line))


def status(
    figure: Figure, promised: tuple[Target, Fraction | None] | None, declared: Declared, line: Fraction | None, last: date
) -> str:  # fmt: skip
    """The rules above, in their order. `promised`: a promise and the value it asks for; None where there is no promise."""
    day, value = figure.effective_as_of, figure.value
    if day is None:
        return "not_due"
    if promised is not None and promised[1] is None:
        return "unknown"
    if value is None:
        return "not_due" if figure.awaited and day < last else "unknown"
    if promised is None:
        return "shown"
    promise, target = promised
    assert target is not None
    if reached(value, promise.op, target):
        return "met"
    if day == last:
        return "missed"
    if declared.behaviour == "deadline":
        assert promise.deadline is not None
        return "not_due" if day <= promise.deadline else "missed"
    if declared.behaviour == "line":
        return "on_schedule" if line is None or reached(value, promise.op, line) else "behind"
    return "behind"


def reached(value: Fraction, op: str, other: Fraction) -> bool:
    """Reached or exceeded (达到或超过); for `<=` the other way round."""
    return value >= other if op == ">=" else value <= other


def benchmark(oracle: Oracle, row: Key, known_at: date, day: date) -> Fraction | None:
    """The national peer group's latest period ≤ E of the same variant; of two values of one period the one recorded last."""
    published = [
        (dated.fact.period_end, dated.position, dated.fact.value)
        for dated in oracle.known(known_at).of(BenchmarkPublished)
        if dated.fact.peer_group == "national" and (dated.fact.indicator, dated.fact.variant) == row[:2] and dated.fact.period_end <= day
    ]
    return Fraction(max(published)[2]) if published else None


def _against_average(figure: Figure, average: Fraction | None, last: date) -> str | None:
    if figure.effective_as_of is None:
        return None
    if average is None:
        return "no_benchmark"
    return None if figure.value is None else _compared(figure, ">=", average, last)


def _against_year_before(figure: Figure, before: Figure | None, better: str, last: date) -> str | None:
    if figure.effective_as_of is None:
        return None
    if figure.value is None or before is None or before.value is None:
        return "unknown"
    return _compared(figure, better, before.value, last)


def _compared(figure: Figure, op: str, other: Fraction, last: date) -> str:
    assert figure.value is not None
    if reached(figure.value, op, other):
        return "met"
    return "missed" if figure.effective_as_of == last else "behind"


def standing_behind(figure: Figure) -> int:
    """How many stand behind a figure: what it is divided by, else itself; none where there is no value."""
    if figure.n is not None:
        return figure.n
    behind = figure.value if figure.denominator is None else figure.denominator
    return 0 if behind is None else int(behind)
