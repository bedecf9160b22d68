"""Facts that are figures: published statistics and the benchmarks to reach (统计数据、对标值)."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.base import BenchmarkedIndicator, Count, Fact, Placed, SeriesName, Text
from shared.contracts.exact import NUMBER, Day


class StatisticPublished(Placed):
    """统计数据发布: the value of one series for one unit or park at the end of a period; a later publication of it supersedes.

    Series used: `urban_workers` (城镇劳动者, persons), `new_employment` (新增就业, persons since 1 January), `enterprises_existing`
    (企业户数). Plan 二(一)–(三).
    """

    type = "registry.statistic_published"
    about = "series"
    natural_key = ("series", "unit", "park", "period_end")
    repeat = "supersedes"
    zh = "统计数据发布"
    example = {"unit": "330127000000", "series": "urban_workers", "period_end": "2010-03-31", "value": 86500, "publisher": "县统计局"}

    series: SeriesName
    period_end: Day
    """The last day the value covers; never after the day of publication."""
    value: Count
    publisher: Text

    @model_validator(mode="after")
    def _of_one_place(self) -> Self:
        if self.unit is not None and self.park is not None:
            raise ValueError("a statistic is of one unit or of one park / 统计数据只属于一个单位或一个园区")
        return self


class BenchmarkPublished(Fact):
    """对标值发布: what a peer group reached. Plan 二: reach or exceed the national average. A later publication of it supersedes."""

    type = "registry.benchmark_published"
    by_office = True
    about = "indicator"
    natural_key = ("indicator", "variant", "peer_group", "period_end")
    repeat = "supersedes"
    zh = "对标值发布"
    example = {
        "indicator": "activity_index", "variant": "default", "peer_group": "national", "period_end": "2009-12-31", "value": "0.182",
        "publisher": "人力资源和社会保障部",
    }  # fmt: skip

    indicator: BenchmarkedIndicator
    variant: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = "default"
    peer_group: Literal["national", "province", "city"]
    period_end: Day
    value: Annotated[Decimal, Field(max_digits=18, decimal_places=6), NUMBER]
    """In the indicator's own unit of measure; a share is a fraction (0.182 is 18.2 %)."""
    publisher: Text


FigureFact = StatisticPublished | BenchmarkPublished
FIGURE_FACTS: tuple[type[FigureFact], ...] = (StatisticPublished, BenchmarkPublished)
