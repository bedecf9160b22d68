"""Sessions of browsers, and tickets for beginning one: both stand for a token, whose own validity is asked for again each time.

They are in memory alone: whoever is signed in signs in again after a restart, and no file holds anything that opens the door.
"""

import secrets
import time
from collections.abc import Callable
from typing import Final

SESSION_SECONDS: Final = 12 * 3600.0
TICKET_SECONDS: Final = 3600.0
KEPT_MAX: Final = 10_000
"""So many sessions, and so many tickets; beyond that the oldest is forgotten."""
_SECRET_BYTES: Final = 32


class Secrets:
    """Random words that each stand for the digest of a token, for so long."""

    def __init__(self, seconds: float, *, kept_max: int = KEPT_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._kept_max = kept_max
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}
        """By the word: the digest, and when it is over; the oldest first."""

    def give(self, digest: str) -> str:
        """A new word for a token."""
        word = secrets.token_urlsafe(_SECRET_BYTES)
        while len(self._kept) >= self._kept_max:
            del self._kept[next(iter(self._kept))]
        self._kept[word] = (digest, self._clock() + self._seconds)
        return word

    def whose(self, word: str) -> str | None:
        """The digest it stands for; None for one that was never given, is over or was taken back."""
        digest, over = self._kept.get(word, (None, 0.0))
        return digest if self._clock() < over else None

    def take(self, word: str) -> str | None:
        """The same, once."""
        digest = self.whose(word)
        self._kept.pop(word, None)
        return digest
