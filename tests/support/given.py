"""Given–when–then for the pure rules: a history of (fact, day), a new fact, and the decision on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic

from shared.contracts.base import Fact, about_of
from shared.contracts.outcomes import Accept, Decision, Reason, Refuse, Wait
from shared.rules import Rules, State

Dated = tuple[Fact, date]


@dataclass(frozen=True)
class Given(Generic[State]):
    """A service's rules after a history. The state is taken through JSON at every step, as the store does."""

    rules: Rules[State]
    history: Sequence[Dated] = ()

    def state(self, about: Fact) -> State:
        """The state of what a fact is about, its history folded in order of the days."""
        state = self.rules.initial(about_of(about))
        for fact, day in sorted(self.history, key=lambda dated: dated[1]):
            state = self.rules.evolve(state, fact, day)
            stored = self.rules.states.dump_json(state)
            assert self.rules.states.validate_json(stored) == state
        return state

    def when(self, fact: Fact, day: date) -> Decision:
        """The decision on a new fact."""
        return self.rules.decide(self.state(fact), fact, day)


def recorded(*flags: Reason) -> Accept:
    """The fact is recorded with exactly these flags."""
    return Accept(flags)


def waits_for(subject: str, reason: Reason) -> Wait:
    """The fact waits for something to be recorded about one subject."""
    return Wait(frozenset({subject}), reason)


def refused(reason: Reason) -> Refuse:
    """The fact is refused."""
    return Refuse(reason)
