"""Entities' rows: registration, state, signs of life, follow-ups."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, RECORDED, Facts, Rows
from services.indicators.audit.relational.relations.helps import helped_entities
from services.indicators.audit.relational.relations.lives import lives, stages, with_oldest
from services.indicators.audit.relational.shape import earliest, months_later, rows
from shared.contracts.registry import EntityFollowedUp, StaffReported, SurvivalChecked

SIGN_OF_LIFE_MONTHS = 6
"""A check or staff report speaks for the six months from its day on."""


def _registration(facts: Facts) -> Table:
    """Registered (登记设立)."""
    return rows(facts.shared(lives), "entity", "entity", "entity_kind", "start_up_cost_fen", year=_.registered.year().cast("string"))


def _registration_helped(facts: Facts) -> Table:
    """Registered by a founder with H on or before that day (受助者设立)."""
    helped = facts.shared(lives).semi_join(facts.shared(helped_entities), "entity")
    return rows(helped, "entity", "entity", "entity_kind")


def _state(facts: Facts) -> Table:
    """What the registers say of it (登记状态)."""
    own = facts.shared(lives).select("entity", "entity_kind", *RECORDED)
    return rows(facts.shared(stages).join(own, "entity"), "entity", "entity", "entity_kind", "state", "out", day="start", until="end")


def _sign_of_life(facts: Facts) -> Table:
    """The latest check since the registration, or staff report with at least one employee, for six months (经营核查).

    No employees say nothing: founders are not among them.
    """
    signs = ibis.union(
        facts.of(SurvivalChecked).select("entity", "operating", *ORDER),
        facts.of(StaffReported)
        .filter(_.employees > 0)
        .select("entity", operating=ibis.literal(value=True), **{name: _[name] for name in ORDER}),
    )
    own = facts.shared(lives).select("entity", "registered", "unit", "park")
    signs = with_oldest(facts, signs).join(own, "entity").filter(_.day >= _.registered)
    following = _.day.lead().over(group_by="entity", order_by=ORDER)
    signs = signs.mutate(until=earliest(following, months_later(_.day, SIGN_OF_LIFE_MONTHS))).filter(_.day < _.until)
    return rows(signs, "entity", "entity", "operating", until="until")


def _followed_up(facts: Facts) -> Table:
    """Has been followed up since its registration (跟踪服务)."""
    asked = with_oldest(facts, facts.of(EntityFollowedUp).select("entity", "day")).rename(asked="day")
    own = facts.shared(lives)
    since = own.join(asked, "entity").filter(_.asked >= _.registered).group_by("entity").agg(since=_.asked.min())
    return rows(own.join(since, "entity"), "entity", "entity", day="since")


ENTITY_ROWS: dict[str, Rows] = {
    "registration": _registration,
    "registration_helped": _registration_helped,
    "state": _state,
    "sign_of_life": _sign_of_life,
    "followed_up": _followed_up,
}
