"""What a history tells, read from the reports themselves: facts by type, and how long entities lived."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from deploy.simulator import SimulatedReport
from shared.days import add_months

RIGHT = ("clean", "late", "overtaken")
"""Dirt that leaves what a report says as it is."""
Told = list[tuple[str, dict[str, Any]]]
"""Day of occurrence (as text) and data."""


@dataclass
class Telling:
    """Well-formed reports by type; neither voids nor corrections are followed."""

    facts: dict[str, Told] = field(default_factory=lambda: defaultdict(list))
    dirt: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, reports: Iterable[SimulatedReport], types: frozenset[str] | None = None) -> "Telling":
        """Read reports, of these types only where types are given; dirt is counted of all."""
        told = cls()
        for report in reports:
            told.dirt[report.dirt] += 1
            if report.dirt in RIGHT and (types is None or report.type in types):
                body = orjson.loads(report.raw)
                told.facts[report.type].append((body["occurred"], body["data"]))
        return told


ENDS = {"registry.entity_deregistered": False, "registry.entity_licence_revoked": False, "registry.entity_restored": True}
LIFE = frozenset({*ENDS, "registry.entity_registered", "registry.entity_moved"})
"""The types that `survival` reads."""


def survival(facts: dict[str, Told], kind: str, last_day: date) -> tuple[int, int]:
    """Of the entities of a kind whose first anniversary has come: how many were alive at its end, and how many there are.

    Who moved out of the county before that day is not among them; who was restored by then is alive.
    """
    turns: defaultdict[str, list[tuple[str, bool]]] = defaultdict(list)
    for type_, alive in ENDS.items():
        for day, data in facts[type_]:
            turns[data["entity"]].append((day, alive))
    left = {data["entity"]: day for day, data in facts["registry.entity_moved"] if data.get("out_of_county")}
    living = cohort = 0
    for day, data in facts["registry.entity_registered"]:
        due = add_months(date.fromisoformat(day), 12)
        entity = data["entity"]
        if data["entity_kind"] != kind or due > last_day or left.get(entity, "9") < due.isoformat():
            continue
        cohort += 1
        until = sorted(turn for turn in turns[entity] if turn[0] <= due.isoformat())
        living += until[-1][1] if until else True
    return living, cohort


def duty_histories(told: Telling) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(duty, who owes it) → what became of it by day: evidenced, returned, accepted."""
    found: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for what in ("evidenced", "returned", "accepted"):
        for day, data in told.facts[f"registry.duty_{what}"]:
            found[data["duty"], data.get("unit") or data.get("park") or data["department"]].append((day, what))
    return {owed: sorted(history, key=lambda event: event[0]) for owed, history in found.items()}
