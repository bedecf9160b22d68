"""Published statistics and benchmarks: the value of the greatest period end, while it is the latest."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import Facts, Rows
from services.indicators.audit.relational.shape import earliest, next_year, rows
from shared.contracts.registry import BenchmarkPublished, StatisticPublished

CUMULATIVE_SERIES = ("new_employment",)
"""Series that run from 1 January: a value of an earlier calendar year says nothing about this one."""
MILLIONTHS = 1_000_000


def _statistic(facts: Facts) -> Table:
    place = ["series", "unit", "park"]
    published = facts.of(StatisticPublished).mutate(
        following=_.period_end.lead().over(group_by=place, order_by="period_end"),
        of=_.series + "|" + _.unit.fill_null("") + "|" + _.park.fill_null(""), presence=1, period=_.period_end,
    )  # fmt: skip
    until = ibis.ifelse(_.series.isin(CUMULATIVE_SERIES), earliest(_.following, next_year(_.period_end)), _.following)
    return rows(published.mutate(until=until), "of", "series", "value", "presence", "period", day="period_end", until="until")


def _benchmark(facts: Facts) -> Table:
    of = ["indicator", "variant", "peer_group"]
    published = facts.of(BenchmarkPublished).mutate(
        following=_.period_end.lead().over(group_by=of, order_by="period_end"),
        of=_.indicator + "|" + _.variant + "|" + _.peer_group, presence=1, period=_.period_end,
        value=(_.value * MILLIONTHS).round(0).cast("int64"), unit=ibis.null("string"), park=ibis.null("string"),
    )  # fmt: skip
    return rows(published, "of", *of, "value", "presence", "period", day="period_end", until="following")


STATISTIC_ROWS: dict[str, Rows] = {"statistic": _statistic, "benchmark": _benchmark}
