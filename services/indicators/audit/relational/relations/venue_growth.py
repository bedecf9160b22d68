"""Venue area that is new in a calendar year (新建面积): venues opened in it, and what older ones gained."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import Facts, Rows
from services.indicators.audit.relational.relations.venues import covers, cut, openings, sizes, surrounding_spans
from services.indicators.audit.relational.shape import next_year, rows

BUILT_KINDS = ("incubator", "start_up_park", "start_up_street")
"""创业孵化基地、创业园、创业街, in a park or not."""


def _venue_growth(facts: Facts) -> Table:
    """New area of the calendar year (新建面积), nested area once: until the new year the present area of a venue opened in it, outside
    those opened around it in the same year, and what a resized older venue gained, outside all that are around it.
    """
    built = facts.shared(openings).filter(_.venue_kind.isin(BUILT_KINDS)).drop("area_m2")
    every = facts.shared(sizes).join(built, "venue").mutate(year_end=next_year(_.opened))
    around = facts.shared(surrounding_spans).filter(_.outer_kind.isin(BUILT_KINDS))
    fresh = every.mutate(end=ibis.least(_.following, _.year_end, _.closed))
    grown = every.filter(_.number > 0, _.start >= _.year_end)
    grown = grown.mutate(area_m2=_.area_m2 - _.before_m2, end=ibis.least(next_year(_.start), _.closed))
    ways = ((fresh, around.filter(_.outer_opened.year() == _.opened.year()), True), (grown, around, False))
    found = [
        cut(spans, covers(facts, outer)).filter(~_.nested).select("venue", "unit", "park", "day", "until", "area_m2", new=ibis.literal(new))
        for spans, outer, new in ways
    ]  # fmt: skip
    return rows(ibis.union(*found), "venue", "new", "area_m2", until="until")


VENUE_GROWTH_ROWS: dict[str, Rows] = {"venue_growth": _venue_growth}
