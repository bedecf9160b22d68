"""What a write service remembers between batches, so that most of them need no history from the store. Pure memory."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from shared.contracts.base import Subject
from shared.unit_directory import UnitDirectory
from shared.write_service.aliases import Aliases
from shared.write_service.history import History

HISTORIES_MAX = 50_000
"""How many things' states are remembered."""
HISTORY_FACTS_MAX = 20_000
"""How many facts the remembered histories may hold together (about 2 kB each)."""


class Memory:
    """Holds only while nobody else has written to the store; then, and after any failure, it is thrown away whole."""

    def __init__(self, aliases: Aliases, units: UnitDirectory) -> None:
        self.aliases = aliases
        self.units = units
        self.histories: OrderedDict[Subject, History[Any]] = OrderedDict()
        self._sizes: dict[Subject, int] = {}
        self._facts = 0

    def settle(self, used: Iterable[Subject]) -> None:
        """After a commit: forget facts that were only touched in passing, and whatever was not used for longest."""
        for subject in used:
            history = self.histories[subject]
            if not history.complete:
                history = self.histories[subject] = history.shortened()
            self.histories.move_to_end(subject)
            self._facts += history.size - self._sizes.get(subject, 0)
            self._sizes[subject] = history.size
        while len(self.histories) > HISTORIES_MAX or self._facts > HISTORY_FACTS_MAX:
            subject, _ = self.histories.popitem(last=False)
            self._facts -= self._sizes.pop(subject, 0)
