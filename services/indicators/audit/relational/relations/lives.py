"""The lives of entities: where each stands and whether it operates, stage by stage, from its registration on."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, Facts
from services.indicators.audit.relational.shape import first_of
from shared.contracts.registry import (
    EntityCodeReplaced,
    EntityDeregistered,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
)


def codes(facts: Facts) -> Table:
    """Of codes that replaced one another: each `code` and the `oldest` that stands for the entity, the first one replaced."""
    replaced = facts.of(EntityCodeReplaced).order_by(*ORDER).select("entity", "new_code")
    return facts.writing.derive("codes", replaced, "oldest_codes", {"code": "string", "oldest": "string"})


def with_oldest(facts: Facts, table: Table) -> Table:
    """A table whose `entity` is the code that stands for the entity."""
    known = facts.shared(codes)
    joined = table.left_join(known, table.entity == known.code)
    return joined.mutate(entity=ibis.coalesce(_.oldest, _.entity)).drop("code", "oldest")


def lives(facts: Facts) -> Table:
    """Every entity whose registration is in force, by its oldest code; of several registrations of one entity the first."""
    registered = with_oldest(facts, facts.of(EntityRegistered)).select(
        "entity", "entity_kind", "unit", "park", "founders", "start_up_cost_fen", *ORDER, registered=_.day
    )
    # Few are registered again: only those need to be put in order.
    again = registered.group_by("entity").agg(times=_.count()).filter(_.times > 1)
    return ibis.union(registered.anti_join(again, "entity"), first_of(registered.semi_join(again, "entity"), ["entity"], ORDER))


def founders(facts: Facts) -> Table:
    """The persons who founded each entity: `entity`, `person`."""
    founded = facts.shared(lives).select("entity", founder=_.founders.unnest())
    return founded.select("entity", person=_.founder["person"]).distinct()


def stages(facts: Facts) -> Table:
    """The stages of each life: from `start` to the day before `end` (null: still) the entity stands at `unit` and `park` in this `state`
    (operating, suspended or closed), or has moved out of the county (`out`).

    What is closed stays so, whatever is said of a suspension, until it is restored. What is dated before the registration is no part of it.
    Most lives have one stage.
    """
    begun, changes = facts.shared(lives), facts.shared(life_changes)
    quiet = begun.anti_join(changes, "entity").select(
        "entity", "unit", "park", out=ibis.literal(value=False), start=_.registered, end=ibis.null("date"),
        state=ibis.literal("operating"), operating=ibis.literal(value=True),
    )  # fmt: skip
    return ibis.union(quiet, _eventful(facts, begun.semi_join(changes, "entity"), changes))


def life_changes(facts: Facts) -> Table:
    """What changes an entity's life after its registration: where it moves (`unit`, `park`, or `out` of the county), what is `decided` of
    it, or that it is `suspended`; null where it is not about that.
    """
    none, not_suspended = ibis.null("string"), ibis.null("boolean")
    nowhere = {"unit": none, "park": none, "out": ibis.null("boolean")}
    own = ("entity", *ORDER, "revision")
    decides = {EntityLicenceRevoked: "closed", EntityDeregistered: "closed", EntityRestored: "operating"}
    changes = [
        facts.revisions(type_).select(*own, **nowhere, decided=ibis.literal(state), suspended=not_suspended)
        for type_, state in decides.items()
    ]
    suspended = facts.revisions(EntitySuspended)
    changes.append(suspended.select(*own, **nowhere, decided=none, suspended=ibis.literal(value=True)))
    moved = facts.revisions(EntityMoved)
    away = moved.out_of_county
    place = {"unit": away.ifelse(none, moved.unit), "park": away.ifelse(none, moved.park), "out": away}
    changes.append(moved.select(*own, **place, decided=none, suspended=not_suspended))
    in_force = facts.in_force(ibis.union(*changes), *decides, EntitySuspended, EntityMoved)
    begun = facts.shared(lives).select("entity", "registered")
    return with_oldest(facts, in_force).join(begun, "entity").filter(_.day >= _.registered).drop("registered")


def _eventful(facts: Facts, begun: Table, changes: Table) -> Table:
    """The stages of lives in which something changes."""
    first = begun.select(
        "entity", *ORDER, "unit", "park", out=ibis.literal(value=False), decided=ibis.literal("operating"),
        suspended=ibis.null("boolean"), turn=ibis.literal(0, "int8"),
    )  # fmt: skip
    events = ibis.union(first, changes.mutate(turn=ibis.literal(1, "int8")).select(*first.columns))
    order = ("turn", *ORDER)
    so_far = ibis.window(group_by="entity", order_by=order, following=0)
    events = facts.keep("life_events", events.select(
        "entity", "unit", "park", "out", "decided", start=_.day, end=_.day.lead().over(group_by="entity", order_by=order),
        place=_.out.count().over(so_far), decision=_.decided.count().over(so_far), suspensions=_.suspended.count().over(so_far),
    ))  # fmt: skip
    # Of several changes on one day the last holds at its end.
    last = events.filter(_.end.isnull() | (_.end > _.start)).select("entity", "start", "end", "place", "decision", "suspensions")
    moves = events.filter(_.out.notnull()).select("entity", "place", "unit", "park", "out")
    decisions = events.filter(_.decided.notnull()).select("entity", "decision", "decided", before="suspensions")
    return last.join(moves, ["entity", "place"]).join(decisions, ["entity", "decision"]).select(
        "entity", "unit", "park", "out", "start", "end",
        state=ibis.ifelse((_.decided == "operating") & (_.suspensions > _.before), "suspended", _.decided),
    ).mutate(operating=(_.state == "operating") & ~_.out)  # fmt: skip
