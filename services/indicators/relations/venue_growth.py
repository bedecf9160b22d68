"""Venue area that is new in a calendar year (新建面积): venues opened in it, and what older ones gained."""

from collections.abc import Iterator
from itertools import pairwise

from services.indicators.history import View
from services.indicators.measures.kinds import intersection, next_year, union, until_next
from services.indicators.measures.rows import Relation, Row, Rows
from services.indicators.relations.venues import closing, opening, sizes, without
from shared.contracts.registry import VenueClosed, VenueOpened, VenueResized

BUILT_KINDS = frozenset({"incubator", "start_up_park", "start_up_street"})
"""创业孵化基地、创业园、创业街, in a park or not."""


def _growth(rows: Rows) -> Iterator[Row]:
    view = rows.context.view
    found = opening(view, rows.context.subject)
    if found is None or found[0].venue_kind not in BUILT_KINDS:
        return
    opened, day = found
    closed, first_year_end = closing(view, opened.venue, day), next_year(day)
    grown = sizes(view, opened, day)
    around_new = _surrounding(view, opened, year_end=first_year_end)
    for (start, area_m2), end in until_next(grown, lambda later: later[0], first_year_end):
        yield from _rows(opened, (start, min(end, first_year_end, closed)), around_new, area_m2, new=True)
    around = _surrounding(view, opened, year_end=None)
    for (_, before_m2), (start, area_m2) in pairwise(grown):
        if start >= first_year_end:
            yield from _rows(opened, (start, min(next_year(start), closed)), around, area_m2 - before_m2, new=False)


def _rows(opened: VenueOpened, span: tuple[int, int], nested: list[tuple[int, int]], area_m2: int, *, new: bool) -> Iterator[Row]:
    if span[0] < span[1]:
        for first, last in without(span, intersection([span], nested)):
            yield Row(first, opened.unit, opened.park, {"new": new, "area_m2": area_m2}, last)


def _surrounding(view: View, inner: VenueOpened, *, year_end: int | None) -> list[tuple[int, int]]:
    """The days on which a surrounding venue counts the area already: one opened in the same year (or, without a year, any)."""
    spans: list[tuple[int, int]] = []
    seen, around = {inner.venue}, inner.within
    while around is not None and around not in seen:
        seen.add(around)
        found = opening(view, around)
        if found is None:
            break
        outer, day = found
        if outer.venue_kind in BUILT_KINDS and year_end in (None, next_year(day)):
            spans.append((day, closing(view, around, day)))
        around = outer.within
    return union(spans)


VENUE_GROWTH_RELATIONS = (
    Relation(
        "venue_growth", "venue", "span", {"new": "opened in the calendar year, else enlarged in it", "area_m2": "present, or gained"},
        _growth, 1, "New area of the calendar year, nested area once (新建面积).", (VenueOpened, VenueResized, VenueClosed),
        (VenueOpened,)),
)  # fmt: skip
