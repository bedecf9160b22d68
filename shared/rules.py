"""How a write service's pure rules look from outside: three functions and the shapes they work on.

`initial` gives the state of a thing nothing is recorded about yet, `decide` rules on a fact in a state, `evolve` takes a recorded
fact into the state. All three are pure; the day the fact occurred is an argument because it travels in the envelope.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from shared.contracts.base import Fact, Service, Subject
from shared.contracts.outcomes import Decision

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Rules(Generic[State]):
    """One service's rules over all its aggregates. `states` reads and writes a state as JSON."""

    service: Service
    facts: tuple[type[Fact], ...]
    initial: Callable[[Subject], State]
    decide: Callable[[State, Fact, date], Decision]
    evolve: Callable[[State, Fact, date], State]
    states: TypeAdapter[State]
