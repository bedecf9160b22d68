"""What held on which day: turns of a thing, in order of day.

Facts arrive late and out of order, so a ruling never asks how things stand now but how they stood at the end of the fact's own day.
"""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

Word = TypeVar("Word", bound=str)

Turns = tuple[tuple[date, Word], ...]
"""(day, what holds from the end of that day on), ordered by day; several on one day stand in the order they were recorded."""
TurnsOf = tuple[tuple[date, str, Word], ...]
"""The same for many: (day, whom it concerns, what holds)."""


def with_turn(turns: Turns[Word], day: date, word: Word) -> Turns[Word]:
    """The turns with one more, after those of its own day."""
    later = next((index for index, (other, _) in enumerate(turns) if other > day), len(turns))
    return (*turns[:later], (day, word), *turns[later:])


def standing(turns: Turns[Word], day: date) -> Word | None:
    """What holds at the end of a day; None when nothing is known of any day up to it."""
    return next((word for other, word in reversed(turns) if other <= day), None)


def with_turns_of(turns: TurnsOf[Word], day: date, added: Iterable[tuple[str, Word]]) -> TurnsOf[Word]:
    """The turns with more of one day, each (whom it concerns, what holds)."""
    later = next((index for index, turn in enumerate(turns) if turn[0] > day), len(turns))
    return (*turns[:later], *((day, whom, word) for whom, word in added), *turns[later:])


def standing_of(turns: TurnsOf[Word], whom: str, day: date) -> Word | None:
    """What holds for one of them at the end of a day."""
    return next((word for other, who, word in reversed(turns) if who == whom and other <= day), None)


def standings(turns: TurnsOf[Word], day: date) -> dict[str, Word]:
    """What holds for each of them at the end of a day."""
    return {whom: word for other, whom, word in turns if other <= day}
