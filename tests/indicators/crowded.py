"""Lives of entities in which much happens on few days: what the order within a day, a code replaced, a rival, a void or a correction makes
of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Literal

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
from tests.indicators.histories import PLACES
from tests.support.records import COUNTY, SOURCE, Records, Told, entity

FIRST = date(2024, 1, 1)
SOURCES = (SOURCE, SOURCE, f"/{COUNTY}/other/core")
LATER = (0, 0, 0, 1, 3, 9)
"""So many days after something happened it becomes known."""
ALIKE: tuple[Callable[..., Fact], ...] = (
    EntitySuspended, EntitySuspended, EntityLicenceRevoked, EntityDeregistered, EntityRestored, EntityRestored,
)  # fmt: skip
"""What is said of an entity without more."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Three codes, of one entity or of several, and the few days on which everything about them happens."""

    by: Random
    codes: tuple[str, str, str]
    days: tuple[date, ...]

    def registration(self) -> Fact:
        kind: Literal["enterprise", "individual_business"] = self.by.choice(("enterprise", "individual_business"))
        return EntityRegistered(
            entity=self._code(), name="甲", industry="C20", entity_kind=kind, founders=(), start_up_cost_fen=None,
            **self._place(),
        )  # fmt: skip

    def change(self) -> Fact:
        drawn = self.by.random()
        if drawn < 0.1:
            return self.registration()
        if drawn < 0.15:
            entity, new_code = self.by.sample(self.codes, 2)
            return EntityCodeReplaced(entity=entity, new_code=new_code)
        if drawn < 0.4:
            away = self.by.random() < 0.4
            return EntityMoved(entity=self._code(), out_of_county=away, **({} if away else self._place()))
        return self.by.choice(ALIKE)(entity=self._code())

    def _place(self) -> Any:
        return self.by.choice(PLACES)

    def _code(self) -> str:
        return self.by.choice((self.codes[0], *self.codes))


def crowded_lives(seed: int, groups: int = 60, changes_max: int = 10) -> Records:
    """Histories of three codes each, from one to four days long, as they became known one after the other."""
    by, order, records = Random(seed), count(), Records()
    due: list[tuple[date, float, int, Callable[[date], None]]] = []

    def later(known: date, act: Callable[[date], None]) -> None:
        heappush(due, (known, by.random(), next(order), act))

    def report(group: _Group, fact: Fact, day: date) -> None:
        def arrive(known: date) -> None:
            told = records.add(day, fact, known=known, source=by.choice(SOURCES))
            for _ in range(by.choice((0, 0, 0, 1, 2))):
                known += timedelta(days=by.choice(LATER))
                other, on = by.choice((fact, group.change())), by.choice(group.days)
                if by.random() < 0.5 or other.type != fact.type:
                    later(known, partial(_void, records, told))
                    return
                known = max(known, on)
                later(known, partial(_correct, records, told, on, other))

        later(day + timedelta(days=by.choice(LATER)), arrive)

    for number in range(groups):
        days = tuple(FIRST + timedelta(days=each) for each in by.sample(range(12), by.randint(1, 4)))
        group = _Group(by, (entity(10 * number + 1), entity(10 * number + 2), entity(10 * number + 3)), days)
        report(group, group.registration(), min(days))
        for _ in range(by.randint(2, changes_max)):
            fact, day = group.change(), by.choice(days)
            for _ in range(by.choice((1, 1, 1, 2, 3))):
                report(group, fact, day)
    while due:
        known, _, _, act = heappop(due)
        act(known)
    return records


def _void(records: Records, told: Told, known: date) -> None:
    records.void(told, known=known)


def _correct(records: Records, told: Told, on: date, fact: Fact, known: date) -> None:
    records.correct(told, on, fact, known=known)
