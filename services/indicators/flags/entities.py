"""What is odd about entities: closed, yet operating or employing."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.indicators.flags.kinds import FlagKind, Found, Histories, Known, types
from services.indicators.history import Chain, Content
from services.indicators.relations.entities import says_operating
from services.indicators.relations.lives import LIFE_CYCLE, Life, lives, oldest_code
from shared.contracts.base import Fact, Subject, subject_of
from shared.contracts.registry import (
    EmploymentStarted,
    EntityDeregistered,
    EntityLicenceRevoked,
    EntitySuspended,
    StaffReported,
    SurvivalChecked,
)

_CLOSINGS = types(EntitySuspended, EntityLicenceRevoked, EntityDeregistered)
_SIGNS = types(SurvivalChecked, StaffReported, EmploymentStarted)
_ALL = types(*LIFE_CYCLE) | _SIGNS


def _closings_and_signs(histories: Histories, entity: Subject) -> Iterable[Chain]:
    index = histories.index
    if next(index.of(entity, _CLOSINGS), None) is None:
        return ()
    return index.of(entity, _ALL)


def _closed_yet_operating(known: Known) -> Iterator[Found]:
    """A check, a staff report or a hiring of a day at whose end the entity is suspended, revoked or deregistered."""
    for life in lives(known.rows).values():
        closings = [each for each in known.view.of(EntitySuspended, EntityLicenceRevoked, EntityDeregistered) if _is_of(known, each, life)]
        for sign in known.view.of(SurvivalChecked, StaffReported, EmploymentStarted):
            if not _is_of(known, sign, life) or not _operating(sign.fact):
                continue
            stage = life.stage_at(sign.day)
            if stage is not None and stage.state != "operating":
                closed = [each.order for each in closings if life.registered <= each.day <= sign.day]
                yield Found(sign.order, (closed[-1],), (subject_of("entity", life.code),), stage.unit, stage.park)


def _is_of(known: Known, content: Content[Any], life: Life) -> bool:
    return oldest_code(known.rows, content.names["entity"][0].partition(":")[2]) == life.code


def _operating(fact: Fact) -> bool:
    return isinstance(fact, EmploymentStarted) or says_operating(fact) is True


ENTITY_FLAGS = (
    FlagKind(
        "closed_yet_operating", "已停业、吊销或注销仍有经营或用工", "closed on that day, yet operating or employing",
        "存活、经营、带动就业以登记状态为准", "survival, operating and jobs go by the register",
        "entity", _closings_and_signs, (_CLOSINGS, _SIGNS), _ALL, _closed_yet_operating,
    ),
)  # fmt: skip
