"""The facts in force as known on a day, type by type: what voids, corrections and rival reports leave of what was recorded.

The rulings (design of voids, corrections, confirmations) in terms of tables: of a fact's revisions known by then the last one holds, unless
it is voided; of several reports of the same fact the first recorded counts, and where that is voided another stands in; of values that
supersede one another the last recorded counts.
"""

from collections.abc import Callable
from functools import reduce
from operator import and_

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.columns import payload, table_name
from services.indicators.audit.relational.program import State, Writing
from services.indicators.audit.relational.shape import first_of, only
from shared.contracts.base import SERVICES, Fact, service_of

Rows = Callable[["Facts"], Table]
"""How a relation's rows follow from the facts in force."""

ASKED = "asked"
"""The table of one row that says as known on which day facts are in force."""
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
            found = self._kept[fact] = self._in_force(fact)
        return found

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

    def _in_force(self, fact: type[Fact]) -> Table:
        service, name = SERVICES.index(service_of(fact)), f"{table_name(fact)}_in_force"
        superseded = self._known_of("superseded", service, "position", "revision")
        said = self.writing.table(table_name(fact)).filter(_.known <= self.known).anti_join(superseded, ["position", "revision"])
        said = said.drop("revision", "known", "source", "id", "evidence").rename(day="occurred")
        said = said.mutate(service=ibis.literal(service, "int8"))
        voids = self._known_of("void", service, "position", "voided")
        key = ["day" if field == "occurred" else field for field in fact.natural_key]
        present = said.anti_join(voids, "position")
        if fact.repeat == "supersedes":
            return self.keep(name, only(present, "position", present.group_by(key).agg(position=_.position.max())))
        voided = said.semi_join(voids, "position").select(**{f"voided_{each}": each for each in key}).distinct()
        torn = present.semi_join(voided, [present[each].identical_to(voided[f"voided_{each}"]) for each in key])
        first = only(present, "position", present.group_by(key).agg(position=_.position.min()))
        return self.writing.choose(name, torn, lambda: self._standing(fact, said, voids, key), lambda: first)

    def _known_of(self, amended: str, service: int, *columns: str) -> Table:
        """What is known by then to be voided or superseded in a service."""
        return self.writing.table(amended).filter(_.service == service, _.known <= self.known).select(*columns)

    def _standing(self, fact: type[Fact], said: Table, voids: Table, keys: list[str]) -> Table:
        """Where some reports of one fact are voided and others not, the one that stands: each void hands on to the earliest report there at
        the time that says the same as what it voids, or else to the earliest; where none was there, to the next that came.
        """
        rivals = said.left_join(voids, "position").drop("position_right")
        mine, other = rivals.filter(_.voided.notnull()), rivals.view()
        there = (other.position < mine.voided) & (other.voided.isnull() | (other.voided > mine.voided))
        behind = other.position > mine.voided
        alike = reduce(and_, (mine[name].identical_to(other[name]) for name in ("day", *payload(fact)) if name != "evidence"))
        found = mine.join(other, [*(mine[key].identical_to(other[key]) for key in keys), there | behind]).select(
            position=mine.position, next=other.position, voided=other.voided,
            preference=ibis.ifelse(behind, 2, ibis.ifelse(alike, 0, 1)),
        )  # fmt: skip
        hands_on = self.keep("hands_on", first_of(found, ["position"], ["preference", "next"]).select("position", "next", "voided"))

        def to_hand_on(state: State) -> Table:
            return state["stands"].filter(_.voided.notnull()).semi_join(hands_on, [("stands", "position")])

        def handed_on(state: State) -> State:
            stands = state["stands"]
            onward = stands.left_join(hands_on, stands.stands == hands_on.position)
            moves = stands.voided.notnull() & hands_on.next.notnull()
            return {"stands": onward.select(
                stands=ibis.ifelse(moves, hands_on.next, stands.stands), voided=ibis.ifelse(moves, hands_on.voided, stands.voided)
            )}  # fmt: skip

        start = only(rivals, "position", rivals.group_by(keys).agg(position=_.position.min())).select(stands=_.position, voided=_.voided)
        state = self.repeat({"stands": start}, to_hand_on, handed_on)
        return said.semi_join(state["stands"].filter(_.voided.isnull()), [("position", "stands")])
