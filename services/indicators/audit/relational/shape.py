"""The shape of a relation's rows as a table, and the arithmetic of days that relations need.

`subject`, `day` (the first day), `until` (the first day it no longer holds; null: never, and for events), `unit`, `park`, the relation's
attributes, and history order where order matters: `recorded`, `recorded_by` (the service's number), `position` (null where it does not).
"""

from collections.abc import Sequence
from typing import Any

import ibis
from ibis import _
from ibis.expr.types import BooleanValue, DateValue, IntegerValue, Table, Value

COLUMNS = ("subject", "day", "until", "unit", "park", "recorded", "recorded_by", "position")
"""What every relation's table has before its attributes."""


def rows(table: Table, subject: str, *attributes: str, day: str = "day", until: str | None = None, **computed: Any) -> Table:
    """The rows of a relation from a table that has their columns by name; `computed` are attributes that are computed."""
    never = ibis.null("date")
    return table.select(
        subject=table[subject], day=table[day], until=table[until] if until else never, unit=table["unit"], park=table["park"],
        **{name: table[of] if of in table.columns else ibis.null(kind) for name, (of, kind) in _ORDER.items()},
        **{name: table[name] for name in attributes}, **computed,
    )  # fmt: skip


_ORDER = {"recorded": ("recorded", "timestamp(6)"), "recorded_by": ("service", "int8"), "position": ("position", "int64")}
"""History order as rows have it: the name among the facts, and the type. A row's own `service` may be an attribute."""


def first_of(table: Table, keys: Sequence[str], order: Sequence[Any]) -> Table:
    """The first row of each group."""
    return table.mutate(turn=ibis.row_number().over(group_by=keys, order_by=order)).filter(_.turn == 0).drop("turn")


def lasting(spans: Table, day: str = "day", until: str = "until") -> Table:
    """The spans that hold on some day: those that do not end before they begin."""
    return spans.filter(spans[until].isnull() | (spans[day] < spans[until]))


def months_later(day: DateValue, months: int) -> DateValue:
    """The same day of a later month, clamped to its end."""
    return (day + ibis.interval(months=months)).cast("timestamp").cast("date")


def days_later(day: DateValue, days: int) -> DateValue:
    """Some days later, or earlier."""
    return (day + ibis.interval(days=days)).cast("timestamp").cast("date")


def next_year(day: DateValue) -> DateValue:
    """The next 1 January; null where the calendar ends before it, as after a slip in a day that is yet to come."""
    return ibis.ifelse(day < _LAST_YEAR, ibis.date(day.year() + 1, 1, 1), ibis.null("date"))


def ordinal(day: DateValue) -> IntegerValue:
    """The proleptic ordinal of a day: 1 January of the year 1 is 1."""
    return day.delta(ibis.date(1970, 1, 1), unit="day") + _FIRST_DAY


def earliest(*days: DateValue) -> DateValue:
    """The earliest of some days, where null is the end of time."""
    return ibis.least(*(ibis.coalesce(day, FOREVER) for day in days)).nullif(FOREVER)


def truly(condition: BooleanValue) -> BooleanValue:
    """A condition, false where nothing is known of it."""
    return ibis.coalesce(condition, ibis.literal(value=False))


def holds(day: Value, until: Value, on: Value) -> Value:
    """Whether what begins on `day` and is gone on `until` holds at the end of a day."""
    return (day <= on) & (until.isnull() | (until > on))


_LAST_YEAR = ibis.date("9999-01-01")
_FIRST_DAY = 719_163
"""The proleptic ordinal of 1 January 1970."""
FOREVER = ibis.date("9999-12-31")
"""Stands for the end of time where null cannot be compared."""
