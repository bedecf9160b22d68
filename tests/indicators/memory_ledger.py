"""The indicators' store kept in memory: facts, ledger, versions and checkpoint, each page all or nothing."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from services.indicators.ledger import Balances, Entries, only
from services.indicators.store import Checkpoint, LedgerStore, Moment, Writing
from services.indicators.versions import Versions
from shared.contracts.base import SERVICES
from shared.contracts.envelope import NO_HASH, Record, parse_record


class MemoryLedger(LedgerStore):
    """What the projector writes, without a database. `rows` is the ledger as appended, each entry with its version, nothing compacted."""

    def __init__(self, county: str) -> None:
        self.county = county
        self.raw: list[bytes] = []
        self.ledger: list[tuple[Mapping[str, int], Entries]] = []
        self.versions = Versions({})
        self.at: Checkpoint = dict.fromkeys(SERVICES, (0, NO_HASH))

    none: Checkpoint = dict.fromkeys(SERVICES, (0, NO_HASH))

    async def close(self) -> None:
        return

    async def checkpoint(self) -> Checkpoint:
        return dict(self.at)

    @property
    def kept(self) -> Any:
        """Everything, as of now."""
        return list(self.raw), list(self.ledger), self.versions, dict(self.at)

    @kept.setter
    def kept(self, state: Any) -> None:
        self.raw, self.ledger, self.versions, self.at = state

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Writing]:
        kept = self.kept
        try:
            yield Writing(None, dict(self.at), self.versions)
        except BaseException:
            self.kept = kept
            raise

    async def append(self, writing: Writing, records: Sequence[Record], entries: Iterable[tuple[Mapping[str, int], Entries]]) -> None:
        self.raw += [record.raw for record in records]
        self.at |= {record.service: (record.position, record.hash) for record in records}
        for versions, those in entries:
            await self.add_entries(writing, versions, those)

    async def add_entries(self, writing: Writing, versions: Mapping[str, int], entries: Entries) -> None:
        self.ledger.append((dict(versions), only(entries, versions)))

    async def set_versions(self, writing: Writing, versions: Versions) -> None:
        self.versions = writing.versions = versions

    async def load(self, balances: Balances, writing: Writing) -> None:
        serving = set(writing.versions.numbers("serving").values())
        for versions, entries in self.ledger:
            balances.add_all(only(entries, {measure for measure, number in versions.items() if number in serving}))

    async def load_cells(self, writing: Writing) -> None:
        return

    async def facts(self, moment: Moment, after: Checkpoint | None = None) -> AsyncIterator[Record]:
        records = [parse_record(raw) for raw in self.raw]
        for record in sorted(records, key=lambda record: (SERVICES.index(record.service), record.position)):
            if record.position > (after or self.none)[record.service][0]:
                yield record

    async def export(self) -> AsyncGenerator[bytes]:
        for raw in self.raw:
            yield raw
