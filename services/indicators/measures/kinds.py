"""The kinds of measure: each turns the rows of one subject into a step function of the day, given as its jumps.

`level(D)` of a measure is the sum of its jumps on days ≤ D, for each unit and part; a jump may lie on a future day that is already known
(a flow counted "this year" falls back next 1 January, a cohort member leaves twelve months after it entered). Relations join; measures
fold over days. Every kind is data: names, selections and numbers, so that a second engine can evaluate the same declaration.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal, TypeVar, assert_never

from services.indicators.history import FOREVER
from services.indicators.measures.rows import Row, Rows, Select
from services.indicators.places import UnitTree
from shared.days import add_months, next_new_year
from shared.units import UnitKind, unit_kind

Jumps = dict[tuple[tuple[str, ...], str | None, int], int]
"""(units, part, day) → amount: the same amount at each of these units, which most often are a unit and all above it."""

T = TypeVar("T")
Window = Literal["calendar_year", "ever"]
Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """`count` and `total`: rows (or the sum of their `amount`) dated in the calendar year of the day, or ever; a flow."""

    name: str
    rows: Select
    amount: str | None = None
    part: str | None = None
    window: Window = "calendar_year"


@dataclass(frozen=True, slots=True)
class Level:
    """`level`: rows (or the sum of their `amount`) that hold on the day; a stock."""

    name: str
    rows: Select
    amount: str | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """`members`: distinct subjects with a row of any selection: an event in the calendar year of the day, or a span that holds on it.

    With `meanwhile` the subject must also, anywhere in the county, have a row of that selection that holds on the day.
    """

    name: str
    any_of: tuple[Select, ...]
    meanwhile: Select | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """Outcome of a cohort: an event after the start's day and no later than the due day."""

    rows: Select


@dataclass(frozen=True, slots=True)
class Holding:
    """Outcome of a cohort: a span that holds on the due day, or on the very day asked about (`as_of`)."""

    rows: Select
    on: Literal["due", "as_of"] = "due"


@dataclass(frozen=True, slots=True)
class Matured:
    """`matured`: a cohort. The subject's first row of `start` has its due day `lag_months` later; the subject belongs to the cohort
    from the due day until the day before due + `stays_months`, at the place of that row; `outcome` keeps those with that outcome only.

    `unless` keeps out who has such a span on the start's day, `left` who has one at the end of the day before the due day.
    With `member` everything is matched within the rows that share this attribute: codes said to be one entity's and later not so
    are one subject with two entities.
    """

    name: str
    start: Select
    lag_months: int
    outcome: Happened | Holding | None = None
    unless: Select | None = None
    left: Select | None = None
    member: str | None = None
    part: str | None = None
    stays_months: int = 12


@dataclass(frozen=True, slots=True)
class Distribution:
    """`distribution`: a histogram of an integer attribute over rows dated in the calendar year; the part is the integer."""

    name: str
    rows: Select
    value: str


@dataclass(frozen=True, slots=True)
class Published:
    """`published`: the latest statistic on the day, at its own unit only. Parts: `value`, `presence` (1 where there is one) and
    `period` (its end's ordinal), after the values of `key` where one measure holds many series.
    """

    name: str
    rows: Select
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitsWhere:
    """`units_where`: distinct units of these kinds for which a row holds (or happened in the calendar year), at themselves and above."""

    name: str
    rows: Select
    kinds: tuple[UnitKind, ...]
    part: str | None = None


Measure = Counted | Level | Members | Matured | Distribution | Published | UnitsWhere

KIND_REVISIONS: dict[type, int] = {Counted: 1, Level: 1, Members: 1, Matured: 1, Distribution: 1, Published: 1, UnitsWhere: 1}
"""Rises whenever a kind yields other jumps for the same rows: it is part of every definition's digest."""


def selections(measure: Measure) -> Sequence[Select]:
    """Every selection a measure reads."""
    match measure:
        case Members():
            return [*measure.any_of, *([measure.meanwhile] if measure.meanwhile else [])]
        case Matured():
            outcome = [measure.outcome.rows] if measure.outcome else []
            return [measure.start, *outcome, *(select for select in (measure.unless, measure.left) if select)]
        case Counted() | Level() | Distribution() | Published() | UnitsWhere():
            return [measure.rows]
        case _:
            assert_never(measure)


def leading(measure: Measure) -> Sequence[Select]:
    """The selections without a row of which a measure posts nothing."""
    match measure:
        case Members():
            return measure.any_of
        case Matured():
            return [measure.start]
        case Counted() | Level() | Distribution() | Published() | UnitsWhere():
            return [measure.rows]
        case _:
            assert_never(measure)


def jumps(measure: Measure, rows: Rows) -> Jumps:
    """The jumps of a measure for one subject."""
    found: Jumps = {}
    tree = rows.context.tree
    match measure:
        case Counted():
            for row in rows.select(measure.rows):
                end = next_year(row.day) if measure.window == "calendar_year" else FOREVER
                _add(found, tree, row, (row.day, end), _part(row, measure.part), _amount(row, measure.amount))
        case Level():
            for row in rows.select(measure.rows):
                _add(found, tree, row, (row.day, row.until), _part(row, measure.part), _amount(row, measure.amount))
        case Distribution():
            for row in rows.select(measure.rows):
                _add(found, tree, row, (row.day, next_year(row.day)), str(row.attributes[measure.value]), 1)
        case Members():
            _members(found, measure.any_of, measure.part, measure.meanwhile, rows)
        case UnitsWhere():
            if unit_kind(rows.context.subject) in measure.kinds:
                _members(found, (measure.rows,), measure.part, None, rows)
        case Matured():
            _matured(found, measure, rows)
        case Published():
            for row in rows.select(measure.rows):
                own = (row.park or row.unit or tree.county,)
                for part in ("value", "presence", "period"):
                    name = "|".join([*(str(row.attributes[field]) for field in measure.key), part])
                    _step(found, own, name, (row.day, row.until), row.attributes[part])
        case _:
            assert_never(measure)
    return found if all(found.values()) else {key: amount for key, amount in found.items() if amount}


@cache
def next_year(day: int) -> int:
    """The ordinal of the next 1 January after a day."""
    return next_new_year(date.fromordinal(day)).toordinal()


@cache
def months_later(day: int, months: int) -> int:
    """`add_months` on ordinals."""
    return add_months(date.fromordinal(day), months).toordinal()


def _part(row: Row, field: str | None) -> str | None:
    return None if field is None else str(row.attributes[field])


def _amount(row: Row, field: str | None) -> int:
    return 1 if field is None else int(row.attributes[field])


def _step(found: Jumps, units: tuple[str, ...], part: str | None, interval: Interval, amount: int) -> None:
    start, end = interval
    if start < end and amount:
        key = units, part, start
        found[key] = found.get(key, 0) + amount
        if end < FOREVER:
            key = units, part, end
            found[key] = found.get(key, 0) - amount


def _add(found: Jumps, tree: UnitTree, row: Row, interval: Interval, part: str | None, amount: int) -> None:
    for piece in tree.places(row.unit, row.park):
        _step(found, piece.codes, part, (max(interval[0], piece.start), min(interval[1], piece.end)), amount)


def _interval(rows: Rows, select: Select, row: Row) -> Interval:
    if rows.relations[select.relation].shape == "event":
        return row.day, next_year(row.day)
    return row.day, row.until


def _members(found: Jumps, any_of: tuple[Select, ...], part: str | None, meanwhile: Select | None, rows: Rows) -> None:
    held: dict[tuple[str | None, str | None, str | None], list[Interval]] = {}
    for select in any_of:
        event = rows.relations[select.relation].shape == "event"
        for row in rows.select(select):
            key = row.unit, row.park, None if part is None else _part(row, part)
            held.setdefault(key, []).append((row.day, next_year(row.day) if event else row.until))
    if not held:
        return
    allowed = None if meanwhile is None else union(_interval(rows, meanwhile, row) for row in rows.select(meanwhile))
    tree = rows.context.tree
    if len(held) == 1:
        # Everything at one place: it counts alike at the place and at all units above it.
        ((unit, park, only), intervals) = next(iter(held.items()))
        for interval in _distinct(intervals, allowed):
            for piece in tree.places(unit, park):
                _step(found, piece.codes, only, (max(interval[0], piece.start), min(interval[1], piece.end)), 1)
        return
    by_unit: dict[tuple[str, str | None], list[Interval]] = {}
    for (unit, park, named), intervals in held.items():
        for piece in tree.places(unit, park):
            inside = [(max(start, piece.start), min(end, piece.end)) for start, end in intervals]
            for code in piece.codes:
                by_unit.setdefault((code, named), []).extend(inside)
    for (code, named), intervals in by_unit.items():
        for interval in _distinct(intervals, allowed):
            _step(found, (code,), named, interval, 1)


def _distinct(intervals: Sequence[Interval], allowed: Sequence[Interval] | None) -> Sequence[Interval]:
    whole = intervals if len(intervals) == 1 else union(intervals)
    return whole if allowed is None else intersection(whole, allowed)


def _matured(found: Jumps, measure: Matured, rows: Rows) -> None:
    started: dict[str | None, Row] = {}
    for row in rows.select(measure.start):
        first = started.setdefault(_part(row, measure.member), row)
        if row.order < first.order:
            started[_part(row, measure.member)] = row
    for member, row in started.items():
        due = months_later(row.day, measure.lag_months)
        if measure.unless and any(_holds(other, row.day) for other in _of_member(rows, measure.unless, measure, member)):
            continue
        if measure.left and any(_holds(other, due - 1) for other in _of_member(rows, measure.left, measure, member)):
            continue
        stays: Interval = due, months_later(due, measure.stays_months)
        outcomes = _of_member(rows, measure.outcome.rows, measure, member) if measure.outcome else []
        for interval in _with_outcome(measure.outcome, row, stays, outcomes):
            _add(found, rows.context.tree, row, interval, _part(row, measure.part), 1)


def _of_member(rows: Rows, select: Select, measure: Matured, member: str | None) -> list[Row]:
    return [row for row in rows.select(select) if _part(row, measure.member) == member]


def _with_outcome(outcome: Happened | Holding | None, start: Row, stays: Interval, rows: list[Row]) -> list[Interval]:
    match outcome:
        case None:
            return [stays]
        case Happened():
            return [stays] if any(start.day < row.day <= stays[0] for row in rows) else []
        case Holding(on="due"):
            return [stays] if any(_holds(row, stays[0]) for row in rows) else []
        case Holding():
            return intersection([stays], union((row.day, row.until) for row in rows))
        case _:
            assert_never(outcome)


def _holds(row: Row, day: int) -> bool:
    return row.day <= day < row.until


def until_next(changes: Sequence[T], day: Callable[[T], int], last: int = FOREVER) -> Iterator[tuple[T, int]]:
    """Each of some dated changes, in order, with the day of the next one, and the last of them with `last`."""
    for index, change in enumerate(changes):
        yield change, day(changes[index + 1]) if index + 1 < len(changes) else last


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same days as disjoint intervals in order."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def intersection(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    """The days in both."""
    both = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return [(start, end) for start, end in both if start < end]
