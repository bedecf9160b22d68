"""Guidance (创业指导): sessions with a person. Every session stands for itself, so there is nothing to remember."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.contracts.outcomes import Accept, Decision
from shared.contracts.training import GuidanceGiven


@dataclass(frozen=True, slots=True)
class Guided:
    """A person, guided or not: no rule depends on earlier sessions (the same session twice has the same natural key)."""

    state: Literal["person"] = "person"


def initial() -> Guided:
    """A person nothing is recorded about."""
    return Guided()


def decide(_state: Guided, _fact: GuidanceGiven, _day: date) -> Decision:
    """A session that was held is recorded, whoever the person is and whatever came of it."""
    return Accept()


def evolve(state: Guided, _fact: GuidanceGiven, _day: date) -> Guided:
    """A session changes nothing that a rule depends on."""
    return state
