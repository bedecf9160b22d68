"""Rows about persons and entities that follow from several of their facts: who became an entrepreneur anew, who works, who was helped."""

from collections.abc import Iterator

from services.indicators.measures.rows import Relation, Row, Rows
from services.indicators.relations.lives import LIFE_CYCLE, lives, oldest_code, own_lives
from services.indicators.relations.persons import EMPLOYMENT_FACTS, FoundedWithHelp, employments
from shared.contracts.registry import EntityCodeReplaced, EntityFollowedUp, EntityRegistered


def _new_entrepreneurs(rows: Rows) -> Iterator[Row]:
    """Each founding by a person who operated nothing at the end of the day before it."""
    founded = [life for life in lives(rows).values() if rows.context.subject in life.founders]
    for life in founded:
        eve = life.registered - 1
        if not any(stage.operating and stage.start <= eve < stage.end for other in founded for stage in other.stages):
            yield Row(life.registered, life.registration.unit, life.registration.park, {"entity": life.code}, order=life.order)


def _working(rows: Rows) -> Iterator[Row]:
    """Operating an entity, or employed in one that is not one's own, whatever has become of it."""
    for life in lives(rows).values():
        place = life.registration.unit, life.registration.park
        if rows.context.subject in life.founders:
            spans = [(stage.start, stage.end) for stage in life.stages if stage.operating]
        else:
            spans = employments(rows, life)
        for start, end in spans:
            if start < end:
                yield Row(start, *place, {"entity": life.code}, end, life.order)


def _founded_by_helped(rows: Rows) -> Iterator[Row]:
    for life in own_lives(rows):
        if rows.context.help_at_founding(life.code) != "none":
            registration = life.registration
            attributes = {"entity": life.code, "entity_kind": registration.entity_kind}
            yield Row(life.registered, registration.unit, registration.park, attributes, order=life.order)


def _followed_up(rows: Rows) -> Iterator[Row]:
    """From its first follow-up since registration on."""
    for life in own_lives(rows):
        asked = rows.context.view.of(EntityFollowedUp)
        days = [each.day for each in asked if each.day >= life.registered and oldest_code(rows, each.fact.entity) == life.code]
        if days:
            yield Row(min(days), life.registration.unit, life.registration.park, {"entity": life.code}, order=life.order)


ENTREPRENEUR_RELATIONS = (
    Relation(
        "new_entrepreneur", "person", "event", {"entity": "code"}, _new_entrepreneurs, 1,
        "Founded an entity, operating none the day before (新增创业者).", LIFE_CYCLE, (EntityRegistered,),
    ),
    Relation(
        "working", "person", "span", {"entity": "code"}, _working, 1, "Operates an entity or is employed in one (就业或创业中).",
        (*LIFE_CYCLE, *EMPLOYMENT_FACTS), (EntityRegistered, *EMPLOYMENT_FACTS),
    ),
    Relation(
        "registration_helped", "entity", "event", {"entity": "code", "entity_kind": "enterprise or individual_business"},
        _founded_by_helped, 1, "Registered by a founder with H on or before that day (受助者设立).",
        (EntityRegistered, EntityCodeReplaced, FoundedWithHelp), (EntityRegistered,),
    ),
    Relation(
        "followed_up", "entity", "span", {"entity": "code"}, _followed_up, 1, "Has been followed up since its registration (跟踪服务).",
        (EntityRegistered, EntityCodeReplaced, EntityFollowedUp), (EntityFollowedUp,),
    ),
)  # fmt: skip
