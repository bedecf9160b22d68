"""The facts in force as known on a day: what voids, corrections and rival reports leave of what was recorded.

The rulings (design of voids, corrections, confirmations) in terms of tables: of a fact's revisions known by then the last one holds, unless
it is voided; of several reports of the same fact the first recorded counts, and where that is voided another stands in; of values that
supersede one another the last recorded counts.
"""

from collections.abc import Callable

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.columns import ASKED, table_name
from services.indicators.audit.relational.program import State, Writing
from services.indicators.audit.relational.shape import first_of
from shared.contracts.base import SERVICES, Fact, service_of

Rows = Callable[["Facts"], Table]
"""How a relation's rows follow from the facts in force."""

RECORDED = ("recorded", "service", "position")
"""What history order goes by within a day: recorded instant, service, position."""
ORDER = ("day", *RECORDED)
"""History order: the occurred day before that."""


class Facts:
    """What is in force as known at the end of a day, and whatever follows from it, each computed once."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.known = writing.table(ASKED).known.as_scalar()
        """The day as known at whose end everything is."""
        self._kept: dict[object, Table] = {}

    def of(self, fact: type[Fact]) -> Table:
        """The facts of a type in force: `day` (occurred), the payload's columns, and `recorded`, `service`, `position`."""
        found = self._kept.get(fact)
        if found is None:
            found = self._kept[fact] = self.in_force(self.revisions(fact), fact)
        return found

    def revisions(self, fact: type[Fact]) -> Table:
        """All that was said of a type as known by then, in force or not: as `of` has it, with `revision` beside."""
        known = self.writing.table(table_name(fact)).filter(_.known <= self.known).drop("known", "source", "id").rename(day="occurred")
        return known.mutate(service=ibis.literal(SERVICES.index(service_of(fact)), "int8"))

    def in_force(self, revisions: Table, *of: type[Fact]) -> Table:
        """What is in force of revisions of some types, all of one service's: once for all of them, without `revision`."""
        (service,) = {service_of(fact) for fact in of}
        here = _.service == SERVICES.index(service)
        superseded, aside = self.shared(superseded_revisions).filter(here), self.shared(set_aside).filter(here)
        return revisions.anti_join(superseded, ["position", "revision"]).anti_join(aside, "position").drop("revision")

    def shared(self, compute: Rows) -> Table:
        """What several relations need, computed once; its name is the function's."""
        return self._once(compute, compute.__name__.strip("_"), lambda: compute(self))

    def relation(self, name: str, compute: Rows) -> Table:
        """A relation's rows, computed once, in a table of its name."""
        return self._once(compute, f"relation_{name}", lambda: compute(self))

    def keep(self, name: str, table: Table) -> Table:
        """A table of an intermediate step, computed here and read from now on. Names need not be unique."""
        return self.writing.keep(name, table)

    def repeat(self, start: State, condition: Callable[[State], Table], step: Callable[[State], State]) -> State:
        """Tables that a step renews out of themselves as long as a condition of them has any row."""
        return self.writing.repeat(start, condition, step)

    def _once(self, key: object, name: str, compute: Callable[[], Table]) -> Table:
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self.writing.keep(name, compute())
        return found


def superseded_revisions(facts: Facts) -> Table:
    """The revisions in place of which a later one holds as known by then: `service`, `position`, `revision`."""
    return facts.writing.table("superseded").filter(_.known <= facts.known).drop("known")


def voids(facts: Facts) -> Table:
    """The facts that are voided as known by then, and by which record: `service`, `position`, `voided`."""
    return facts.writing.table("void").filter(_.known <= facts.known).drop("known")


def rivals(facts: Facts) -> Table:
    """All that is said, by several records, of the same fact: `key` tells which of a service's, `content` what, `supersedes` whether the
    last of them counts instead of the first; `service`, `position`, and `voided` where it is. No two types have a revision in common, so
    that none has a key of another's.
    """
    said = facts.writing.table("contested").filter(_.known <= facts.known).drop("known", "type").mutate(service=_.service.cast("int8"))
    said = said.anti_join(facts.shared(superseded_revisions), ["service", "position", "revision"]).drop("revision")
    return said.left_join(facts.shared(voids), ["service", "position"]).drop("service_right", "position_right")


def set_aside(facts: Facts) -> Table:
    """The facts that are not in force whatever they say: those voided, and of several reports of one fact all but the one that stands.
    `service`, `position`.
    """
    said = facts.shared(rivals)
    standing = ibis.union(_last(said.filter(_.supersedes, _.voided.isnull())), _standing(facts, said.filter(~_.supersedes)))
    beside = said.select("service", "position").anti_join(standing, ["service", "position"])
    return ibis.union(facts.shared(voids).drop("voided"), beside, distinct=True)


def _last(said: Table) -> Table:
    return said.group_by("service", "key").agg(position=_.position.max()).drop("key")


def _standing(facts: Facts, said: Table) -> Table:
    """Of several reports of one fact the one that stands, unless all are voided: the first; each void hands on to the earliest report there
    at the time that says the same as what it voids, or else to the earliest; where none was there, to the next that came.
    """
    mine, other = said.filter(_.voided.notnull()), said.view()
    there = (other.position < mine.voided) & (other.voided.isnull() | (other.voided > mine.voided))
    behind = other.position > mine.voided
    found = mine.join(other, [mine.service == other.service, mine.key == other.key, there | behind]).select(
        service=mine.service, position=mine.position, next=other.position, voided=other.voided,
        preference=ibis.ifelse(behind, 2, ibis.ifelse(mine.content == other.content, 0, 1)),
    )  # fmt: skip
    hands_on = facts.keep("hands_on", first_of(found, ["service", "position"], ["preference", "next"]).drop("preference"))

    def to_hand_on(state: State) -> Table:
        return state["stands"].filter(_.voided.notnull()).semi_join(hands_on, ["service", "position"])

    def handed_on(state: State) -> State:
        onward = state["stands"].left_join(hands_on.rename(to_voided="voided"), ["service", "position"])
        moves = _.voided.notnull() & _.next.notnull()
        return {"stands": onward.select(
            "service", position=ibis.ifelse(moves, _.next, _.position), voided=ibis.ifelse(moves, _.to_voided, _.voided)
        )}  # fmt: skip

    start = first_of(said, ["service", "key"], ["position"]).select("service", "position", "voided")
    return facts.repeat({"stands": start}, to_hand_on, handed_on)["stands"].filter(_.voided.isnull()).drop("voided")
