"""The indicators' store kept in memory: facts, ledger and checkpoint, each page all or nothing."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from services.indicators.ledger import Balances, Entries
from services.indicators.store import Checkpoint, LedgerStore, Writing
from shared.contracts.base import SERVICES
from shared.contracts.envelope import NO_HASH, Record, parse_record


class MemoryLedger(LedgerStore):
    """What the projector writes, without a database. `rows` is the ledger as appended, nothing compacted."""

    def __init__(self, county: str) -> None:
        self.county = county
        self.raw: list[bytes] = []
        self.rows: list[Entries] = []
        self.kept_definitions: dict[str, str] = {}
        self.at: Checkpoint = dict.fromkeys(SERVICES, (0, NO_HASH))

    none: Checkpoint = dict.fromkeys(SERVICES, (0, NO_HASH))

    async def close(self) -> None:
        return

    async def checkpoint(self) -> Checkpoint:
        return dict(self.at)

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Writing]:
        kept = list(self.raw), list(self.rows), dict(self.kept_definitions), dict(self.at)
        try:
            yield Writing(None, dict(self.at))
        except BaseException:
            self.raw, self.rows, self.kept_definitions, self.at = kept
            raise

    async def append(self, writing: Writing, records: Sequence[Record], entries: Entries) -> None:
        self.raw += [record.raw for record in records]
        self.at |= {record.service: (record.position, record.hash) for record in records}
        await self.add_entries(writing, entries)

    async def add_entries(self, writing: Writing, entries: Entries) -> None:
        self.rows.append(dict(entries))

    async def definitions(self, writing: Writing) -> dict[str, str]:
        return dict(self.kept_definitions)

    async def replace_measures(self, writing: Writing, gone: Iterable[str], definitions: dict[str, str], entries: Entries) -> None:
        names = set(gone)
        self.rows = [{key: amount for key, amount in page.items() if key[0][0] not in names} for page in self.rows]
        self.kept_definitions = {name: digest for name, digest in self.kept_definitions.items() if name not in names} | definitions
        await self.add_entries(writing, entries)

    async def load(self, balances: Balances, writing: Writing) -> None:
        for page in self.rows:
            balances.add_all(page)

    async def load_cells(self, writing: Writing) -> None:
        return

    async def facts(self, writing: Writing, after: Checkpoint | None = None) -> AsyncIterator[Record]:
        records = [parse_record(raw) for raw in self.raw]
        for record in sorted(records, key=lambda record: (SERVICES.index(record.service), record.position)):
            if record.position > (after or self.none)[record.service][0]:
                yield record

    async def export(self) -> AsyncGenerator[bytes]:
        for raw in self.raw:
            yield raw
