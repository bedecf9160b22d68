"""The same fact told otherwise: what a correction puts right, what a second system contradicts."""

from collections.abc import Sequence
from random import Random
from typing import Any

from deploy.simulator.codes import pseudonym
from shared.contracts import FACTS

_KEYS = {fact.type: frozenset((*fact.natural_key, fact.about)) for fact in FACTS}
_AMOUNTS = ("amount_fen", "start_up_cost_fen", "principal_fen", "lending_fen", "employees", "value", "area_m2", "full_time_staff")
_FLAGS = ("passed", "operating", "retained", "high_tech")


class Alterations:
    """Alters facts without touching what makes them the same fact."""

    def __init__(self, random: Random, units: Sequence[str]) -> None:
        self._random = random
        self._units = units

    def of(self, type: str, day: int, data: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """The fact's day and data, one thing in them changed; None when nothing may. A day only moves a little into the past."""
        random = self._random
        key = _KEYS[type]
        ways: list[str] = [name for name in (*_AMOUNTS, *_FLAGS) if name in data and name not in key]
        if "unit" in data and "unit" not in key and random.random() < 0.6:
            ways.append("unit")
        if data.get("founders"):
            ways += ["founders", "founders"]
        if "occurred" not in key:
            ways.append("day")
        if not ways:
            return None
        way = random.choice(ways)
        if way == "day":
            return day - random.randrange(1, 12), data
        if way == "unit":
            return day, {**data, "unit": random.choice(self._units)}
        if way == "founders":
            first, *others = data["founders"]
            return day, {**data, "founders": [{**first, "person": pseudonym(random)}, *others]}
        value = data[way]
        if isinstance(value, bool):
            return day, {**data, way: not value}
        if isinstance(value, int):
            return day, {**data, way: value + max(1, value // random.choice((5, 10, 20)))}
        return None
