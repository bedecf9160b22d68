"""A venue's rows: its open area, and whether a surrounding venue of the same kind already counts it."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import Facts, Rows
from services.indicators.audit.relational.program import State
from services.indicators.audit.relational.shape import FOREVER, rows, truly
from shared.contracts.registry import VenueClosed, VenueOpened, VenueResized

BEGINNING = ibis.date("0001-01-01")
"""Before everything."""


def openings(facts: Facts) -> Table:
    """Every venue: its kind, place and the venue it lies `within`, the day it `opened` and the day from which it is `closed`."""
    opened = facts.of(VenueOpened).select("venue", "venue_kind", "within", "area_m2", "unit", "park", opened=_.day)
    ended = facts.of(VenueClosed).select("venue", "day").join(opened.select("venue", "opened"), "venue").filter(_.day >= _.opened)
    known = opened.left_join(ended.group_by("venue").agg(last=_.day.min()), "venue").drop("venue_right")
    return known.mutate(closed=ibis.coalesce(_.last, FOREVER)).drop("last")


def sizes(facts: Facts) -> Table:
    """Each size a venue has had, in the order of `number`: from `start` until the next one, at `following`; `before_m2` is the size before
    it. The one it opened with has number 0.
    """
    own = facts.shared(openings)
    resized = facts.of(VenueResized).select("venue", "area_m2", "day").join(own.select("venue", "opened"), "venue")
    later = resized.filter(_.day >= _.opened).select("venue", "area_m2", start=_.day, turn=ibis.literal(1, "int8"))
    every = ibis.union(own.select("venue", "area_m2", start=_.opened, turn=ibis.literal(0, "int8")), later)
    turns = ibis.window(group_by="venue", order_by=["turn", "start"])
    return every.mutate(
        number=ibis.row_number().over(turns), following=ibis.coalesce(_.start.lead().over(turns), FOREVER),
        before_m2=_.area_m2.lag().over(turns),
    ).drop("turn")  # fmt: skip


def surroundings(facts: Facts) -> Table:
    """The venues around each venue, at any depth: `venue`, `around`. One climbs until the way ends or comes round."""
    lies = facts.shared(openings).filter(_.within.notnull(), _.within != _.venue).select("venue", around=_.within)
    outer = lies.select(inner=_.venue, beyond=_.around)

    def climbing(state: State) -> Table:
        return state["venues_reached"]

    def climbed(state: State) -> State:
        reached, around = state["venues_reached"], state["venues_around"]
        onward = reached.join(outer, reached.around == outer.inner).filter(_.beyond != _.venue).select("venue", around=_.beyond)
        farther = facts.keep("venues_farther", onward.anti_join(around, ["venue", "around"]))
        return {"venues_reached": farther, "venues_around": ibis.union(around, farther)}

    return facts.repeat({"venues_reached": lies, "venues_around": lies}, climbing, climbed)["venues_around"]


def surrounding_spans(facts: Facts) -> Table:
    """For each venue the days, from `start` to the day before `end`, on which each surrounding venue is open, with what it and the venue
    around it (`outer_kind`, `outer_park`, `outer_opened`) are.
    """
    every = facts.shared(openings)
    outer = every.select(
        around=_.venue, outer_kind=_.venue_kind, outer_park=_.park, outer_opened=_.opened, start=_.opened, end=_.closed
    )  # fmt: skip
    inner = every.select("venue", "venue_kind", "opened")
    return inner.join(facts.shared(surroundings), "venue").join(outer, "around").filter(_.start < _.end)


def covers(facts: Facts, spans: Table) -> Table:
    """All time, venue by venue, cut where it begins or ceases to be covered by any of the spans: from `since` to the day before `gone`,
    whether `nested`.
    """
    # A span without days, before everything, makes time begin uncovered.
    start = facts.shared(openings).select("venue", start=BEGINNING, end=BEGINNING)
    so_far = ibis.window(group_by="venue", order_by=["start", "end"], following=0)
    spans = ibis.union(start, spans.select("venue", "start", "end"), distinct=True)
    spans = spans.mutate(reached=_.end.max().over(so_far))
    before = _.reached.lag().over(group_by="venue", order_by=["start", "end"])
    spans = spans.mutate(apart=(~truly(_.start <= before)).cast("int64"))
    spans = spans.mutate(stretch=_.apart.sum().over(so_far))
    stretches = spans.group_by("venue", "stretch").agg(since=_.start.min(), gone=_.end.max())
    gaps = stretches.mutate(next=_.since.lead().over(group_by="venue", order_by="since"))
    return ibis.union(
        stretches.select("venue", "since", "gone", nested=ibis.literal(value=True)),
        gaps.select("venue", since=_.gone, gone=ibis.coalesce(_.next, FOREVER), nested=ibis.literal(value=False)),
    ).filter(_.since < _.gone)


def cut(spans: Table, cover: Table) -> Table:
    """Spans from `start` to the day before `end`, cut by a cover: from `day` to the day before `until` (null: for ever)."""
    found = spans.join(cover, "venue").mutate(day=ibis.greatest(_.start, _.since), until=ibis.least(_.end, _.gone))
    return found.filter(_.day < _.until).mutate(until=_.until.nullif(FOREVER))


def _venue(facts: Facts) -> Table:
    """Open, with its present area (场地面积); `nested` while a surrounding venue of its kind, for incubators one in a park, counts it."""
    counts = (_.outer_kind == _.venue_kind) & ((_.outer_kind != "incubator") | _.outer_park.notnull())
    nested = covers(facts, facts.shared(surrounding_spans).filter(counts))
    present = facts.shared(sizes).join(facts.shared(openings).drop("area_m2"), "venue")
    present = present.mutate(end=ibis.least(_.following, _.closed), in_park=_.park.notnull())
    return rows(cut(present, nested), "venue", "venue_kind", "in_park", "nested", "area_m2", until="until")


VENUE_ROWS: dict[str, Rows] = {"venue": _venue}
