"""The people, places and entities that stories are about."""

from collections.abc import Generator
from typing import Any, NamedTuple

from deploy.simulator.desks import Desk

Data = dict[str, Any]
"""A fact's payload as it goes on the bus. Never changed once it has been reported."""
Story = Generator[int, None, None]
"""Something that unfolds over days: it yields the day (an ordinal) on which it goes on."""
NEVER = 10**9
"""A day that does not come."""


class Person(NamedTuple):
    """A person and what they count as."""

    id: str
    categories: list[str]


class Place(NamedTuple):
    """Where something happens: the fields `unit` and `park` as a fact carries them, and the desk in charge there."""

    fields: dict[str, str]
    desk: Desk


class Entity:
    """An entity as its departments know it; `known` is when its registration was reported."""

    __slots__ = ("code", "enterprise", "founders", "known", "open", "place", "staff")

    def __init__(self, code: str, enterprise: bool, place: Place, founders: list[Person], known: int) -> None:
        self.code = code
        self.enterprise = enterprise
        self.place = place
        self.founders = founders
        self.known = known
        self.open = True
        self.staff: list[str] = []
