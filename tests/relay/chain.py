"""A store of one service that is just a list: enough for the relay, and easy to roll back or to fork."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from shared.contracts.envelope import NO_HASH, Record, parse_record, record_bytes

COUNTY = "990101000000"


class ChainHead(NamedTuple):
    position: int
    hash: str


class Chain:
    """Records of `training`, chained as the write service chains them."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.all = list(records)

    def record(self, count: int, note: str = "first history") -> None:
        """Append so many records; the note tells two histories apart."""
        for _ in range(count):
            position = len(self.all) + 1
            raw = record_bytes(
                source=f"/{COUNTY}/employment/hr", id=f"r-{position}", type="training.course_closed", version=1,
                occurred=date(2009, 3, 1), recorded=datetime(2009, 3, 2, tzinfo=UTC) + timedelta(seconds=position),
                position=position, prevhash=self.all[-1].hash if self.all else NO_HASH, data={"course": f"C{position}", "note": note},
            )  # fmt: skip
            self.all.append(parse_record(raw))

    def backup(self, position: int) -> "Chain":
        """The store as it was when it held so many records."""
        return Chain(self.all[:position])

    async def head(self) -> ChainHead:
        return ChainHead(len(self.all), self.all[-1].hash if self.all else NO_HASH)

    async def records(self, after_position: int, limit: int, /) -> list[Record]:
        return self.all[after_position : after_position + limit]

    async def record_hash(self, position: int, /) -> str | None:
        return self.all[position - 1].hash if 0 < position <= len(self.all) else None

    async def append_adopted(self, records: Sequence[Record]) -> None:
        for record in records:
            assert record.position == len(self.all) + 1
            assert record.prevhash == (self.all[-1].hash if self.all else NO_HASH)
            self.all.append(record)
