"""The kinds of measure: each turns the rows of one subject into a step function of the day, given as its jumps.

`level(D)` of a measure is the sum of its jumps on days ≤ D, for each unit and part; a jump may lie on a future day that is already known
(a flow counted "this year" falls back next 1 January, a cohort member leaves twelve months after it entered). Relations join; measures
fold over days. Every kind is data: names, selections and numbers, so that a second engine can evaluate the same declaration.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date
from functools import cache
from typing import Literal, TypeVar, assert_never

from services.indicators.history import FOREVER
from services.indicators.measures.rows import Relation, Row, Rows, Select
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


Derivation = Callable[[Rows], Jumps]
"""The jumps of a measure for one subject."""


def derivation(measure: Measure, relations: Mapping[str, Relation]) -> Derivation:
    """How a measure's jumps follow from a subject's rows, with all that the declaration settles settled once."""
    match measure:
        case Counted():
            return _counted(measure)
        case Level():
            return _level(measure)
        case Distribution():
            return _distribution(measure)
        case Members():
            return _members(measure.any_of, measure.part, measure.meanwhile, relations)
        case UnitsWhere():
            members = _members((measure.rows,), measure.part, None, relations)
            return lambda rows: members(rows) if unit_kind(rows.context.subject) in measure.kinds else {}
        case Matured():
            return _matured(measure)
        case Published():
            return _published(measure)
        case _:
            assert_never(measure)


def _counted(measure: Counted) -> Derivation:
    chosen, amount, part, forever = measure.rows.chosen(), measure.amount, measure.part, measure.window == "ever"

    def derive(rows: Rows) -> Jumps:
        found: Jumps = {}
        for row in chosen(rows):
            _add(found, rows, row, row.day, FOREVER if forever else next_year(row.day), _part(row, part), _amount(row, amount))
        return _without_zeros(found)

    return derive


def _level(measure: Level) -> Derivation:
    chosen, amount, part = measure.rows.chosen(), measure.amount, measure.part

    def derive(rows: Rows) -> Jumps:
        found: Jumps = {}
        for row in chosen(rows):
            _add(found, rows, row, row.day, row.until, _part(row, part), _amount(row, amount))
        return _without_zeros(found)

    return derive


def _distribution(measure: Distribution) -> Derivation:
    chosen = measure.rows.chosen()

    def derive(rows: Rows) -> Jumps:
        found: Jumps = {}
        for row in chosen(rows):
            _add(found, rows, row, row.day, next_year(row.day), str(row.attributes[measure.value]), 1)
        return _without_zeros(found)

    return derive


def _published(measure: Published) -> Derivation:
    chosen = measure.rows.chosen()

    def derive(rows: Rows) -> Jumps:
        found: Jumps = {}
        for row in chosen(rows):
            own = (row.park or row.unit or rows.context.tree.county,)
            for part in ("value", "presence", "period"):
                name = "|".join([*(str(row.attributes[field]) for field in measure.key), part])
                _step(found, own, name, row.day, row.until, row.attributes[part])
        return _without_zeros(found)

    return derive


def _without_zeros(found: Jumps) -> Jumps:
    return found if all(found.values()) else {key: amount for key, amount in found.items() if amount}


@cache
def next_year(day: int) -> int:
    """The ordinal of the next 1 January after a day; FOREVER where the calendar ends before it, as after a slip in a promised day."""
    then = date.fromordinal(day)
    return next_new_year(then).toordinal() if then.year < MAXYEAR else FOREVER


@cache
def months_later(day: int, months: int) -> int:
    """`add_months` on ordinals."""
    return add_months(date.fromordinal(day), months).toordinal()


def _part(row: Row, field: str | None) -> str | None:
    return None if field is None else str(row.attributes[field])


def _amount(row: Row, field: str | None) -> int:
    return 1 if field is None else int(row.attributes[field])


def _step(found: Jumps, units: tuple[str, ...], part: str | None, start: int, end: int, amount: int) -> None:
    if start < end and amount:
        key = units, part, start
        found[key] = found.get(key, 0) + amount
        if end < FOREVER:
            key = units, part, end
            found[key] = found.get(key, 0) - amount


def _add(found: Jumps, rows: Rows, row: Row, start: int, end: int, part: str | None, amount: int) -> None:
    for piece in rows.context.tree.places(row.unit, row.park):
        _step(found, piece.codes, part, max(start, piece.start), min(end, piece.end), amount)


Intervals = Callable[[Rows], list[Interval]]


def _intervals(select: Select, relations: Mapping[str, Relation]) -> Intervals:
    chosen = select.chosen()
    if relations[select.relation].shape == "event":
        return lambda rows: [(row.day, next_year(row.day)) for row in chosen(rows)]
    return lambda rows: [(row.day, row.until) for row in chosen(rows)]


def _members(
    any_of: tuple[Select, ...], part: str | None, meanwhile: Select | None, relations: Mapping[str, Relation]
) -> Derivation:  # fmt: skip
    selected = [(select.chosen(), relations[select.relation].shape == "event") for select in any_of]
    admitted = None if meanwhile is None else _intervals(meanwhile, relations)

    def derive(rows: Rows) -> Jumps:
        held: dict[tuple[str | None, str | None, str | None], list[Interval]] = {}
        for chosen, event in selected:
            for row in chosen(rows):
                key = row.unit, row.park, None if part is None else _part(row, part)
                held.setdefault(key, []).append((row.day, next_year(row.day) if event else row.until))
        found: Jumps = {}
        if not held:
            return found
        allowed = None if admitted is None else union(admitted(rows))
        tree = rows.context.tree
        if len(held) == 1:
            # Everything at one place: it counts alike at the place and at all units above it.
            ((unit, park, only), intervals) = next(iter(held.items()))
            for start, end in _distinct(intervals, allowed):
                for piece in tree.places(unit, park):
                    _step(found, piece.codes, only, max(start, piece.start), min(end, piece.end), 1)
            return _without_zeros(found)
        by_unit: dict[tuple[str, str | None], list[Interval]] = {}
        for (unit, park, named), intervals in held.items():
            for piece in tree.places(unit, park):
                inside = [(max(start, piece.start), min(end, piece.end)) for start, end in intervals]
                for code in piece.codes:
                    by_unit.setdefault((code, named), []).extend(inside)
        for (code, named), intervals in by_unit.items():
            for start, end in _distinct(intervals, allowed):
                _step(found, (code,), named, start, end, 1)
        return _without_zeros(found)

    return derive


def _distinct(intervals: Sequence[Interval], allowed: Sequence[Interval] | None) -> Sequence[Interval]:
    whole = intervals if len(intervals) == 1 else union(intervals)
    return whole if allowed is None else intersection(whole, allowed)


def _matured(measure: Matured) -> Derivation:
    chosen, part = measure.start.chosen(), measure.part
    unless, left = _of_member(measure.unless, measure.member), _of_member(measure.left, measure.member)
    outcomes = _of_member(measure.outcome.rows if measure.outcome else None, measure.member)

    def derive(rows: Rows) -> Jumps:
        started: dict[str | None, Row] = {}
        for row in chosen(rows):
            member = _part(row, measure.member)
            first = started.get(member)
            if first is None or row.order < first.order:
                started[member] = row
        found: Jumps = {}
        for member, row in started.items():
            due = months_later(row.day, measure.lag_months)
            if any(_holds(other, row.day) for other in unless(rows, member)) or any(_holds(other, due - 1) for other in left(rows, member)):
                continue
            stays: Interval = due, months_later(due, measure.stays_months)
            for start, end in _with_outcome(measure.outcome, row, stays, outcomes(rows, member)):
                _add(found, rows, row, start, end, _part(row, part), 1)
        return _without_zeros(found)

    return derive


def _of_member(select: Select | None, field: str | None) -> Callable[[Rows, str | None], Sequence[Row]]:
    """The selected rows of one member; without a selection none, without a field all."""
    if select is None:
        return lambda _, __: ()
    chosen = select.chosen()
    if field is None:
        return lambda rows, _: chosen(rows)
    return lambda rows, member: [row for row in chosen(rows) if _part(row, field) == member]


def _with_outcome(outcome: Happened | Holding | None, start: Row, stays: Interval, rows: Sequence[Row]) -> list[Interval]:
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
