"""What the relay needs from an event store: less than `shared.event_store` offers, so that a list of records will do in tests."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from shared.contracts.envelope import Record


class Head(Protocol):
    """The last record of a store: position 0 and `NO_HASH` before the first."""

    @property
    def position(self) -> int:
        """The last position."""
        ...

    @property
    def hash(self) -> str:
        """The hash of the record there."""
        ...


class StoredRecord(Protocol):
    """One record as the store gives it out."""

    @property
    def position(self) -> int:
        """Its position, which is the stream's sequence too."""
        ...

    @property
    def type(self) -> str:
        """`service.event`, which makes its subject."""
        ...

    @property
    def raw(self) -> bytes:
        """The exact bytes."""
        ...


class RecordStore(Protocol):
    """The event store of one service in one county, as committed."""

    async def head(self) -> Head:
        """The last record."""
        ...

    async def records(self, after_position: int, limit: int, /) -> Sequence[StoredRecord]:
        """The next records in order of position, at most `limit`."""
        ...

    async def record_hash(self, position: int, /) -> str | None:
        """The hash of the record at a position, or None when the store has none there."""
        ...


AppendAdopted = Callable[[Sequence[Record]], Awaitable[None]]
"""Appends records that already have their position, hash and time. Raises when they do not follow the head."""
