"""The life of an entity: where it stands and whether it operates, piece by piece, from its registration on.

Everything that needs to know of an entity (its survival, who operates, whose jobs are open) reads this one account of it.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from services.indicators.history import FOREVER, Content, View
from services.indicators.measures.rows import Rows
from shared.contracts.base import Fact
from shared.contracts.registry import (
    EntityCodeReplaced,
    EntityDeregistered,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
)

LIFE_CYCLE: tuple[type[Fact], ...] = (
    EntityRegistered, EntityMoved, EntitySuspended, EntityLicenceRevoked, EntityDeregistered, EntityRestored, EntityCodeReplaced,
)  # fmt: skip
"""The facts a life follows from."""

State = Literal["operating", "suspended", "closed"]


class Stage(NamedTuple):
    """From `start` to the day before `end` the entity stands here in this state; `out` when it has moved out of the county."""

    start: int
    end: int
    state: State
    unit: str | None
    park: str | None
    out: bool

    @property
    def operating(self) -> bool:
        """Operating within the county."""
        return self.state == "operating" and not self.out


class Life(NamedTuple):
    """One entity under its oldest code."""

    code: str
    registration: EntityRegistered
    registered: int
    order: tuple[object, ...]
    stages: tuple[Stage, ...]
    founders: frozenset[str]
    """The persons who founded it."""

    def stage_at(self, day: int) -> Stage | None:
        """Its stage at the end of a day; None before its registration."""
        return next((stage for stage in self.stages if stage.start <= day < stage.end), None)


def oldest_code(rows: Rows, code: str) -> str:
    """The code that stands for an entity: of codes that replaced one another, in whatever order and direction, the first one replaced."""
    if not rows.context.view.of(EntityCodeReplaced):
        return code
    return rows.shared(_oldest_codes, None).get(code, code)


def _oldest_codes(rows: Rows, _: None) -> dict[str, str]:
    groups: dict[str, list[str]] = {}
    for replaced in rows.context.view.of(EntityCodeReplaced):
        fact = replaced.fact
        old, new = groups.get(fact.entity, [fact.entity]), groups.get(fact.new_code, [fact.new_code])
        together = old if old is new else [*old, *new]
        groups.update(dict.fromkeys(together, together))
    return {code: group[0] for code, group in groups.items()}


def lives(rows: Rows) -> dict[str, Life]:
    """Every entity whose registration is in force in this history, by its oldest code."""
    return rows.shared(_lives, None)


def own_lives(rows: Rows) -> list[Life]:
    """The lives that are this subject's own, under any of its codes."""
    return [life for life in lives(rows).values() if life.code in rows.context.codes]


def _lives(rows: Rows, _: None) -> dict[str, Life]:
    view: View = rows.context.view
    found: dict[str, Life] = {}
    changes: dict[str, list[Content[Any]]] = {}
    for change in view.of(EntityMoved, EntitySuspended, EntityLicenceRevoked, EntityDeregistered, EntityRestored):
        changes.setdefault(oldest_code(rows, change.fact.entity), []).append(change)
    for registered in view.of(EntityRegistered):
        fact = registered.fact
        code = oldest_code(rows, fact.entity)
        if code not in found:
            stages = tuple(_stages(fact, registered.day, changes.get(code, [])))
            founders = frozenset(founder.person for founder in fact.founders)
            found[code] = Life(code, fact, registered.day, registered.order, stages, founders)
    return found


def _stages(registration: EntityRegistered, registered: int, changes: list[Content[Any]]) -> Iterator[Stage]:
    """The stages from registration on; what is dated before the registration is not part of the life."""
    current = Stage(registered, FOREVER, "operating", registration.unit, registration.park, out=False)
    for change in changes:
        if change.day < registered:
            continue
        following = _changed(current, change.fact)._replace(start=change.day)
        if change.day > current.start:
            yield current._replace(end=change.day)
        current = following
    yield current


def _changed(stage: Stage, fact: Fact) -> Stage:
    match fact:
        case EntityMoved():
            if fact.out_of_county:
                return stage._replace(unit=None, park=None, out=True)
            return stage._replace(unit=fact.unit, park=fact.park, out=False)
        case EntitySuspended():
            return stage if stage.state == "closed" else stage._replace(state="suspended")
        case EntityLicenceRevoked() | EntityDeregistered():
            return stage._replace(state="closed")
        case EntityRestored():
            return stage._replace(state="operating")
        case _:
            raise AssertionError(fact)
