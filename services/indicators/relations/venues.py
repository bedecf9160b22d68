"""A venue's rows: its open area, and whether a surrounding venue of the same kind already counts it."""

from collections.abc import Iterator

from services.indicators.history import FOREVER, View
from services.indicators.measures.kinds import intersection, union, until_next
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.registry import VenueClosed, VenueOpened, VenueResized


def opening(view: View, venue: str) -> tuple[VenueOpened, int] | None:
    """How and when a venue opened; None for one that never did."""
    for opened in view.of(VenueOpened):
        if opened.fact.venue == venue:
            return opened.fact, opened.day
    return None


def closing(view: View, venue: str, opened: int) -> int:
    """The day from which a venue that opened on a day is closed."""
    days = (closed.day for closed in view.of(VenueClosed) if closed.fact.venue == venue)
    return min((day for day in days if day >= opened), default=FOREVER)


def _nested(view: View, inner: VenueOpened) -> list[tuple[int, int]]:
    """The days on which some surrounding venue of the same kind counts the area (an incubator only counts within a park)."""
    spans: list[tuple[int, int]] = []
    seen = {inner.venue}
    around = inner.within
    while around is not None and around not in seen:
        seen.add(around)
        found = opening(view, around)
        if found is None:
            break
        outer, day = found
        if outer.venue_kind == inner.venue_kind and (outer.venue_kind != "incubator" or outer.park is not None):
            spans.append((day, closing(view, around, day)))
        around = outer.within
    return union(spans)


def sizes(view: View, opened: VenueOpened, day: int) -> list[tuple[int, int]]:
    """(day, m²) of each size a venue has had since it opened on a day."""
    resized = view.of(VenueResized)
    later = [(change.day, change.fact.area_m2) for change in resized if change.fact.venue == opened.venue and change.day >= day]
    return [(day, opened.area_m2), *later]


def _areas(rows: Rows) -> Iterator[Row]:
    view, venue = rows.context.view, rows.context.subject
    found = opening(view, venue)
    if found is None:
        return
    opened, day = found
    closed = closing(view, venue, day)
    nested = _nested(view, opened)
    for (start, area_m2), end in until_next(sizes(view, opened, day), lambda later: later[0]):
        whole = [(start, min(end, closed))]
        inside = intersection(whole, nested)
        for is_nested, spans in ((True, inside), (False, without(whole[0], inside))):
            for first, last in spans:
                attributes = {"venue_kind": opened.venue_kind, "in_park": opened.park is not None, "nested": is_nested, "area_m2": area_m2}
                yield Row(first, opened.unit, opened.park, attributes, last)


def without(whole: tuple[int, int], holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The days of `whole` outside the holes, which are disjoint and in order."""
    left = []
    start, end = whole
    for hole_start, hole_end in holes:
        if start < hole_start:
            left.append((start, hole_start))
        start = max(start, hole_end)
    if start < end:
        left.append((start, end))
    return left


VENUE_RELATIONS = (
    Relation(
        "venue", "venue", "span",
        {"venue_kind": "incubator, start_up_park, start_up_street or internship_base", "in_park": "stands in a park",
         "nested": "a surrounding venue of its kind counts the area", "area_m2": "present area"},
        _areas, 1, "Open, with its present area (场地面积).", (VenueOpened, VenueResized, VenueClosed), (VenueOpened,)),
)  # fmt: skip
