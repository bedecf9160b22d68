"""What time it is: the wall clock, or, for demonstrations only, the clock of a played history.

A simulated clock stands still until a report's header advances it and never goes back; a store that was written by it keeps where
it stood, so that a restart carries on there.
"""

from datetime import UTC, date, datetime
from typing import Protocol

from shared.days import day_of


class Clock(Protocol):
    """Where recorded times come from."""

    @property
    def simulated(self) -> bool:
        """Whether instants come from report headers; only a demonstration folder accepts such a clock."""
        ...

    def now(self) -> datetime:
        """The present instant in UTC."""
        ...

    def observe(self, instant: datetime | None) -> None:
        """A report says it is this late; the wall clock does not listen."""
        ...


class WallClock:
    """The machine's clock. What reports say about the time is ignored."""

    @property
    def simulated(self) -> bool:
        """Never."""
        return False

    def now(self) -> datetime:
        """The present instant in UTC, by the machine."""
        return datetime.now(UTC)

    def observe(self, instant: datetime | None) -> None:
        """Ignored: on a real system nobody but the machine says what time it is."""


def today() -> date:
    """The day it is in Asia/Shanghai, by the machine's clock."""
    return day_of(WallClock().now())


class SimulatedClock:
    """The greatest instant seen so far, at first `start`."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    @property
    def simulated(self) -> bool:
        """Always."""
        return True

    def now(self) -> datetime:
        """The greatest instant seen."""
        return self._now

    def observe(self, instant: datetime | None) -> None:
        """Advance to `instant` unless it is already later than that."""
        if instant is not None:
            self._now = max(self._now, instant.astimezone(UTC))
