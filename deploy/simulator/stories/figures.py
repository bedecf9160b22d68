"""Figures published by the statistics bureau and the benchmarks from above."""

from deploy.simulator.rates import REPUBLISHED_SHARE
from deploy.simulator.things import Story
from deploy.simulator.world import World

URBAN_WORKERS = 13_600
NEW_EMPLOYMENT = 8_600
ENTERPRISES_EXISTING = 1_050
"""Of a full-size county in the plan year."""
_BENCHMARKS = (
    ("activity_index", "default", "0.182"), ("employment_contribution", "default", "0.42"), ("enterprise_growth", "default", "0.105"),
    ("survival_1y", "default", "0.79"), ("environment_satisfaction", "default", "0.88"), ("created_share", "default", "0.42"),
)  # fmt: skip


def figures(world: World) -> None:
    """All series and benchmarks, from the first year of the history on."""
    first, plan_year = world.year, world.plan_year
    for year in range(first - 1, plan_year + 1):
        world.spawn(_year_end(world, year))
    places = [({"unit": world.county}, 1.0)]
    places += [({"unit": code}, 0.5 / len(world.townships)) for code in world.townships[:4] if world.keeps()]
    for year in range(first, plan_year + 2):
        for place, share in places:
            if year >= plan_year or share == 1.0:
                world.spawn(_new_employment(world, year, place, share))


def _year_end(world: World, year: int) -> Story:
    """Stocks at the end of a year and the national averages of that year, published in the spring."""
    desk = world.desks.statistics
    grown = 1 + 0.02 * (year - world.plan_year + 1)
    scale = max(world.scale, 0.02)
    yield world.day_at(year + 1, 2, 8) + int(world.rnd() * 12)
    for series, value in (("urban_workers", URBAN_WORKERS), ("enterprises_existing", ENTERPRISES_EXISTING)):
        data = {
            "unit": world.county, "series": series, "period_end": f"{year}-12-31", "value": int(value * scale * grown),
            "publisher": "县统计局",
        }  # fmt: skip
        world.report(desk, "registry.statistic_published", data)
    for code in (*world.townships[:4], *world.parks[:1]):
        if world.keeps():
            place = {"park": code} if code in world.parks else {"unit": code}
            value = int(URBAN_WORKERS * scale * grown * 0.12)
            data = {**place, "series": "urban_workers", "period_end": f"{year}-12-31", "value": value, "publisher": "县统计局"}
            world.report(desk, "registry.statistic_published", data)
    yield world.between(20, 40)
    for indicator, variant, value_text in _BENCHMARKS:
        for peer_group in ("national", "province"):
            if peer_group == "national" or world.keeps():
                benchmark = {
                    "indicator": indicator, "variant": variant, "peer_group": peer_group, "period_end": f"{year}-12-31",
                    "value": value_text, "publisher": "人力资源和社会保障部" if peer_group == "national" else "省人力资源和社会保障厅",
                }  # fmt: skip
                world.report(world.desks.office, "registry.benchmark_published", benchmark)


def _new_employment(world: World, year: int, place: dict[str, str], share: float) -> Story:
    """Monthly, cumulative from 1 January, some months published again with another value."""
    rnd = world.rnd
    value = 0.0
    for month in range(1, 13):
        end = (world.day_at(year, month + 1, 1) if month < 12 else world.day_at(year + 1, 1, 1)) - 1
        value += NEW_EMPLOYMENT * max(world.scale, 0.02) * share / 12 * (0.8 + 0.4 * rnd())
        if year < world.plan_year and month % 6:
            continue
        yield end + 5 + int(rnd() * 8)
        data = {**place, "series": "new_employment", "period_end": world.date_of(end), "value": int(value), "publisher": "县统计局"}
        known = world.report(world.desks.statistics, "registry.statistic_published", data)
        if rnd() < REPUBLISHED_SHARE:
            yield world.between(4, 14)
            again = {**data, "value": int(value * (0.97 + 0.05 * rnd()))}
            world.report(world.desks.statistics, "registry.statistic_published", again, after=known)
