"""Checking a store against itself: the chain of its records, and the columns derived from their bytes.

The bytes are the truth. Everything beside them in a row can be derived anew, and must come out the same.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from shared.contracts import in_each_version
from shared.contracts.base import Fact, Subject, about_of
from shared.contracts.common import DayClosed, FactCorrected, common_class
from shared.contracts.envelope import NO_HASH, Record, parse_record
from shared.event_store.interface import EventStore, RecordRow, ReportKey
from shared.write_service.parsing import Named, read_recorded

PAGE = 1000
_BEFORE_ALL = RecordRow(0, NO_HASH, "", "", "", date.min, datetime.min.replace(tzinfo=UTC), None, None, b"")


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that does not fit."""

    position: int
    zh: str
    en: str


async def audit(store: EventStore) -> AsyncIterator[AuditFinding]:
    """Every record from the first to the head; nothing is found in a sound store. Holds one entry per fact in memory."""
    rows = Derived()
    while page := await store.rows(rows.last.position, PAGE):
        for row in page:
            for zh, en in rows.problems(row):
                yield AuditFinding(row.position, f"第 {row.position} 条：{zh}", f"record {row.position}: {en}")
    head, last = await store.head(), rows.last
    if (head.position, head.hash) != (last.position, last.hash):
        yield AuditFinding(
            head.position,
            f"表头指向第 {head.position} 条，末条为第 {last.position} 条",
            f"the head names {head.position}, the last is {last.position}",
        )


class Derived:
    """The rows of one store, given from the first: whether each is what its own bytes, and those before it, say that it is."""

    def __init__(self) -> None:
        self.last = _BEFORE_ALL
        """The row given last; one at position 0 before all."""
        self.record: Record | None = None
        """What its bytes say; None where they are no record."""
        self.unread = 0
        """How many of them only a newer release can read: of these, what they are about and their natural keys are not looked at."""
        self._about: dict[ReportKey, tuple[str, Subject] | None] = {}
        """The type and the subject of every fact so far, for an amendment names only its key; None where it cannot be read."""

    def problems(self, row: RecordRow) -> list[tuple[str, str]]:
        """What does not fit of the next row, in Chinese and English."""
        last, self.last, self.record = self.last, row, None
        try:
            record = self.record = parse_record(row.raw)
            about, naturals = self._read(record)
        except KeyError:
            return [("作废或更正的事实不在其前", "it voids or corrects a fact that is not there before it")]
        except ValueError as error:
            return [("无法读取", f"it cannot be read: {error}")]
        except LookupError:  # a type or version of a newer release
            self.unread += 1
            about, naturals = row.about, [row.natural]
        problems = []
        if not row.position == record.position == last.position + 1:
            problems.append(("位置不连续", f"its position is not the one after {last.position}"))
        if record.prevhash != last.hash:
            problems.append(("与前一条不相连", "it does not name the hash of the one before"))
        if record.recorded < last.recorded:
            problems.append(("记录时间早于前一条", "it was recorded before the one before it"))
        derived = RecordRow(
            record.position, record.hash, record.type, record.source, record.id, record.occurred, record.recorded, about,
            row.natural if row.natural in naturals else naturals[-1], record.raw,
        )  # fmt: skip
        if row != derived:
            wrong = ", ".join(name for name, here, there in zip(row._fields, row, derived, strict=True) if here != there)
            problems.append((f"列与原文不符：{wrong}", f"columns differ from the bytes: {wrong}"))
        return problems

    def _read(self, record: Record) -> tuple[Subject | None, list[int | None]]:
        """What a record is about, and its natural key in the words of each release that may have recorded it. Remembers facts.

        Raises KeyError for what amends a fact that is not there, another LookupError for what only a newer release can read, ValueError.
        """
        key = ReportKey(record.source, record.id)
        if common_class(record.type) is None:
            self._about[key] = None
        content = read_recorded(record)
        if isinstance(content, Fact):
            self._about[key] = content.type, about_of(content)
            return about_of(content), _naturals(record.type, record.version, record.data, record.occurred)
        if isinstance(content, DayClosed):
            return None, [None]
        amended = self._about[ReportKey(content.source, content.id)]
        if amended is None:
            raise LookupError(f"what {record.id} amends cannot be read")
        type_, subject = amended
        if isinstance(content, FactCorrected):
            return subject, _naturals(type_, content.version, content.data, content.occurred)
        return subject, [None]


def _naturals(type: str, version: int, data: Mapping[str, Any], occurred: date) -> list[int | None]:
    return [Named.by(fact, occurred).natural_digest for fact in in_each_version(type, version, data)]
