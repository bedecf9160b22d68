"""Whom and what stories meet again: bounded samples of the people and entities met so far, so that memory does not grow with time."""

from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Sample(Generic[T]):
    """At most so many of the things put in; once full, a newcomer takes the place of a random one."""

    def __init__(self, random: Random, size_max: int) -> None:
        self._rnd = random.random
        self._size_max = size_max
        self._items: list[T] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        """Put one in."""
        items = self._items
        if len(items) < self._size_max:
            items.append(item)
        else:
            items[int(self._rnd() * self._size_max)] = item

    def take(self) -> T | None:
        """One of them, each as likely, and out it goes; None when there is none."""
        items = self._items
        if not items:
            return None
        at = int(self._rnd() * len(items))
        items[at], items[-1] = items[-1], items[at]
        return items.pop()

    def pick(self) -> T | None:
        """One of them, each as likely, or None when nothing was ever put in."""
        items = self._items
        return items[int(self._rnd() * len(items))] if items else None
