"""二(一) 全员创业活动指数."""

from services.indicators.figures import Indicator, StatisticShare, Sum, Variant
from services.indicators.measures.kinds import Counted, Level, Members, Published
from services.indicators.measures.rows import Predicate, Select, where

ACTIVE = Members("active_persons", (Select("enrolment"), Select("help"), Select("operating")))
ACTIVE_FLOW = Members("active_persons.flow", (Select("enrolment"), Select("help")))
_URBAN = where(urban=True)
ACTIVE_URBAN = Members("active_persons.urban", (Select("enrolment", _URBAN), Select("help", _URBAN), Select("operating", _URBAN)))
_UNPLACED = (Predicate("urban", "=", None),)
UNPLACED = Sum((
    Counted("active_persons.unplaced.enrolments", Select("enrolment", _UNPLACED)),
    Counted("active_persons.unplaced.helps", Select("help", _UNPLACED)),
    Level("active_persons.unplaced.operating", Select("operating", _UNPLACED)),
))  # fmt: skip
"""Facts, not persons: one about two persons counts for each."""
URBAN_WORKERS = Published("urban_workers", Select("statistic", where(series="urban_workers")))

ACTIVITY = (
    Indicator(
        id="activity_index",
        zh="全员创业活动指数",
        en="Entrepreneurial activity index",
        clause="二(一)",
        quote="到年底，全县全员创业活动指数达到20%",
        behaviour="line",
        benchmarked=True,
        variants=(
            Variant(
                "default", StatisticShare(ACTIVE, URBAN_WORKERS), "ratio",
                "distinct persons enrolled in start-up training or helped in the year, or operating, ÷ urban workers",
            ),
            Variant("flow", StatisticShare(ACTIVE_FLOW, URBAN_WORKERS), "ratio", "without those who only operate"),
            Variant(
                "urban", StatisticShare(ACTIVE_URBAN, URBAN_WORKERS), "ratio", "only facts at urban communities, villages and parks",
                note="只计城镇单位的事实，仅知乡镇或县的不计并另列数 / "
                "facts known only at township or county level are left out and counted",
                incomplete=UNPLACED,
            ),
        ),
    ),
)  # fmt: skip
