"""Published statistics: the value of the greatest period end, while it is the latest."""

from collections.abc import Iterator

from services.indicators.measures.kinds import next_year, until_next
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.registry import BenchmarkPublished, StatisticPublished

CUMULATIVE_SERIES = frozenset({"new_employment"})
"""Series that run from 1 January: a value of an earlier calendar year says nothing about this one."""
BENCHMARK_SCALE = 1_000_000
"""Benchmarks are kept as millionths, the precision figures are shown with."""


def _statistics(rows: Rows) -> Iterator[Row]:
    published = sorted(
        ((each.fact.period_end.toordinal(), each.fact.value, each.fact) for each in rows.context.view.of(StatisticPublished)),
        key=lambda found: found[0],
    )
    for (period, value, fact), following in until_next(published, lambda later: later[0]):
        until = min(following, next_year(period)) if fact.series in CUMULATIVE_SERIES else following
        yield Row(period, fact.unit, fact.park, {"series": fact.series, "value": value, "presence": 1, "period": period}, until)


def _benchmarks(rows: Rows) -> Iterator[Row]:
    published = sorted(
        ((each.fact.period_end.toordinal(), each.fact) for each in rows.context.view.of(BenchmarkPublished)), key=lambda found: found[0]
    )
    for (period, fact), until in until_next(published, lambda later: later[0]):
        value = int((fact.value * BENCHMARK_SCALE).to_integral_value(rounding="ROUND_HALF_UP"))
        attributes = {
            "indicator": fact.indicator,
            "variant": fact.variant,
            "peer_group": fact.peer_group,
            "value": value,
            "presence": 1,
            "period": period,
        }
        yield Row(period, None, None, attributes, until)


STATISTIC_RELATIONS = (
    Relation(
        "statistic", "statistic", "span", {"series": "name", "value": "as published", "presence": "1", "period": "its end's ordinal"},
        _statistics, 1,
        "The latest value of a series at one place (统计数据).", (StatisticPublished,), (StatisticPublished,)),
    Relation(
        "benchmark", "benchmark", "span",
        {"indicator": "id", "variant": "name", "peer_group": "national, province or city", "value": "millionths", "presence": "1",
         "period": "its end's ordinal"},
        _benchmarks, 1, "The latest benchmark of a peer group (全国平均水平), in millionths (百万分之一).", (BenchmarkPublished,),
        (BenchmarkPublished,)),
)  # fmt: skip
