"""The kinds of measure as relational expressions: what counts at the end of each day asked about, row by row, and what it comes to.

`contributions` is the expression before its last group-by: a row for each subject, place and part that counts on a day, which is what a
figure opens to; `amounts` adds it up at every unit.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_
from typing import Any, assert_never

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, StringValue, Table

from services.indicators.audit.relational.shape import days_later, first_of, holds, months_later, ordinal
from services.indicators.audit.relational.units import kind_of
from services.indicators.measures.kinds import (
    Counted,
    Distribution,
    Happened,
    Holding,
    Level,
    Matured,
    Measure,
    Members,
    Published,
    UnitsWhere,
)
from services.indicators.measures.rows import Predicate, Relation, Select

Relations = Callable[[str], Table]
"""Gives a relation's rows by its name."""

CONTRIBUTIONS = {
    "as_of": "date", "subject": "string", "day": "date", "unit": "string", "park": "string", "county": "string", "part": "string",
    "amount": "int64",
}  # fmt: skip
"""The columns of every measure's contributions."""


def contributions(measure: Measure, declared: dict[str, Relation], rows: Relations, days: Table) -> Table:
    """What counts at the end of each of the days: `as_of`, `subject`, `day` (since when), `unit`, `park`, `county`, `part` and
    `amount`.

    Where one subject has several rows of a measure of distinct subjects, each of them stands here.
    """
    match measure:
        case Counted():
            chosen = _on(_selected(measure.rows, rows), days, _in_year if measure.window == "calendar_year" else _so_far)
            return _counting(chosen, measure.part, measure.amount)
        case Level():
            return _counting(_on(_selected(measure.rows, rows), days, _holding), measure.part, measure.amount)
        case Distribution():
            return _counting(_on(_selected(measure.rows, rows), days, _in_year), measure.value, None)
        case UnitsWhere():
            chosen = _selected(measure.rows, rows).filter(kind_of(_.subject).isin(measure.kinds))
            return _counting(_on(chosen, days, _when(declared, measure.rows)), measure.part, None)
        case Members():
            ways = (_counting(_on(_selected(select, rows), days, _when(declared, select)), measure.part, None) for select in measure.any_of)
            found = reduce(Table.union, ways)
            if measure.meanwhile is not None:
                admitted = _on(_selected(measure.meanwhile, rows), days, _when(declared, measure.meanwhile)).select("as_of", "subject")
                found = found.semi_join(admitted.distinct(), ["as_of", "subject"])
            return found
        case Matured():
            return _counting(_matured(measure, rows, days), measure.part, None)
        case Published():
            return _published(measure, _on(_selected(measure.rows, rows), days, _holding))
        case _:
            assert_never(measure)


def amounts(kind: str, counting: Table, counts_at: Table) -> Table:
    """What contributions to measures of a kind come to: `measure`, `as_of`, `code` (of each unit at which any of them counts), `part`,
    `amount`. `counting` names the `measure` of each contribution.

    `counts_at` says at which units what happened at a place counts at the end of a day; a published value counts at its own only.
    """
    told = ("measure", "as_of", "part")
    if kind == "Published":
        own = counting.mutate(code=ibis.coalesce(_.park, _.unit, _.county))
        return own.group_by(*told, "code").agg(amount=_.amount.sum())
    place = (*told, "unit", "park")
    if kind == "UnitsWhere":
        return _at_units(counting.select(*place, "subject").distinct(), counts_at).group_by(*told, "code").agg(amount=_.subject.nunique())
    if kind != "Members":
        return _at_units(counting.group_by(*place).agg(amount=_.amount.sum()), counts_at).group_by(*told, "code").agg(amount=_.amount.sum())
    # Most subjects are at one place only, where one need not ask again who was counted there already.
    subject = (*told, "subject")
    there = counting.select(*place, "subject").distinct()
    alone = there.group_by(*subject).agg(unit=_.unit.max(), park=_.park.max(), places=_.count())
    once = alone.filter(_.places == 1).group_by(*place).agg(amount=_.count())
    several = alone.filter(_.places > 1)
    same = [there[name].identical_to(several[name]) for name in subject]
    everywhere = there.semi_join(several, same)
    both = ibis.union(
        _at_units(once, counts_at).select(*told, "code", "amount"),
        _at_units(everywhere, counts_at).group_by(*told, "code").agg(amount=_.subject.nunique()),
    )
    return both.group_by(*told, "code").agg(amount=_.amount.sum())


def _at_units(there: Table, counts_at: Table) -> Table:
    """What there is at places, at every unit at which it counts."""
    at = [there.as_of == counts_at.on_day, there.unit.identical_to(counts_at.at_unit), there.park.identical_to(counts_at.at_park)]
    return there.join(counts_at, at)


def _selected(select: Select, rows: Relations) -> Table:
    table = rows(select.relation)
    return table.filter(*(_satisfied(table, predicate) for predicate in select.where)) if select.where else table


def _satisfied(table: Table, predicate: Predicate) -> BooleanValue:
    column, value = table[predicate.field], predicate.value
    match predicate.operator:
        case "=":
            return column.isnull() if value is None else column == value
        case "!=":
            return column != value
        case ">=":
            return column >= value
        case "<=":
            return column <= value
        case "in":
            return column.isin(value)


When = Callable[[Any], BooleanValue]


def _in_year(row: Any) -> BooleanValue:
    """An event of the calendar year, up to the day."""
    return (row.day <= row.as_of) & (row.day.year() == row.as_of.year())


def _so_far(row: Any) -> BooleanValue:
    return row.day <= row.as_of


def _holding(row: Any) -> BooleanValue:
    return holds(row.day, row.until, row.as_of)


def _when(declared: dict[str, Relation], select: Select) -> When:
    return _in_year if declared[select.relation].shape == "event" else _holding


def _on(rows: Table, days: Table, when: When) -> Table:
    return rows.cross_join(days).filter(when(_))


def _counting(rows: Table, part: str | None, amount: str | None) -> Table:
    return rows.select(
        "as_of", "subject", "day", "unit", "park", "county", part=_part(rows, part),
        amount=ibis.literal(1, "int64") if amount is None else rows[amount].cast("int64"),
    )  # fmt: skip


def _part(rows: Table, field: str | None) -> StringValue:
    """A part is named as values are written in Python, which declarations are: none is `None`."""
    if field is None:
        return ibis.null("string")
    column = rows[field]
    text = column.ifelse("True", "False") if column.type().is_boolean() else column.cast("string")
    return text.fill_null("None")


def _matured(measure: Matured, rows: Relations, days: Table) -> Table:
    started = _selected(measure.start, rows)
    own = ["subject"] if measure.member is None else ["subject", measure.member]
    first = first_of(started, own, ["day", "recorded", "recorded_by", "position"]).drop("until", "recorded", "recorded_by", "position")
    cohort = first.mutate(due=months_later(_.day, measure.lag_months))
    if measure.unless is not None:
        cohort = cohort.anti_join(*_matching(cohort, measure.unless, rows, own, lambda one, row: holds(row.since, row.gone, one.day)))
    if measure.left is not None:
        cohort = cohort.anti_join(
            *_matching(cohort, measure.left, rows, own, lambda one, row: holds(row.since, row.gone, days_later(one.due, -1)))
        )
    present = cohort.cross_join(days).filter(_.due <= _.as_of, _.as_of < months_later(_.due, measure.stays_months))
    if measure.outcome is None:
        return present
    return present.semi_join(*_matching(present, measure.outcome.rows, rows, own, _outcome(measure.outcome)))


Matching = Callable[[Table, Table], BooleanValue]
"""Whether a row (`since`, `gone`) is one that a member of a cohort (`day`, `due`, `as_of`) is asked for."""


def _outcome(outcome: Happened | Holding) -> Matching:
    match outcome:
        case Happened():
            return lambda one, row: (one.day < row.since) & (row.since <= one.due)
        case Holding(on="due"):
            return lambda one, row: holds(row.since, row.gone, one.due)
        case Holding():
            return lambda one, row: holds(row.since, row.gone, one.as_of)
        case _:
            assert_never(outcome)


def _matching(cohort: Table, select: Select, rows: Relations, own: Sequence[str], condition: Matching) -> tuple[Table, BooleanValue]:
    """The selected rows of the cohort's members, and the condition under which one of them matches."""
    chosen = _selected(select, rows)
    others = chosen.select(since=_.day, gone=_.until, **{f"of_{name}": chosen[name] for name in own})
    same = reduce(and_, (cohort[name] == others[f"of_{name}"] for name in own))
    return others, same & condition(cohort, others)


def _published(measure: Published, rows: Table) -> Table:
    prefix = [rows[field].cast("string") + "|" for field in measure.key]

    def part(name: str, amount: Any) -> Table:
        named = ibis.literal(name)
        for before in reversed(prefix):
            named = before + named
        return rows.select("as_of", "subject", "day", "unit", "park", "county", part=named, amount=amount.cast("int64"))

    return ibis.union(part("value", rows.value), part("presence", rows.presence), part("period", ordinal(rows.period)))
