"""The store of the indicators service: facts, ledger and checkpoint, in one commit per page.

The checkpoint holds one row per write service: the position taken in and its record's hash. Its rows are locked before anything is
derived, so that two projectors at once do no harm: whoever finds the checkpoint elsewhere than it left it takes in what the other wrote.
Ledger rows are plain integers and go in and out by COPY in PostgreSQL's binary format.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import asyncpg
import numpy as np

from services.indicators.ledger import Balances, Cell, Entries
from shared.contracts.base import SERVICES
from shared.contracts.envelope import NO_HASH, Record, parse_record
from shared.county_schema import county_schema

Checkpoint = dict[str, tuple[int, str]]
"""Service → (position, hash of the record there)."""

_COPY_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END = b"\xff\xff"
_LEDGER_ROW = np.dtype([
    ("fields", ">i2"), ("l0", ">i4"), ("cell", ">i4"), ("l1", ">i4"), ("day", ">i4"), ("l2", ">i4"), ("known", ">i4"), ("l3", ">i4"),
    ("amount", ">i8"),
])  # fmt: skip
"""One ledger row in COPY's binary format: the number of fields, then each field's length and value."""


@dataclass(slots=True)
class Writing:
    """An open page: the checkpoint is locked until the block ends."""

    connection: Any
    checkpoint: Checkpoint


class LedgerStore:
    """PostgreSQL, one schema per county."""

    def __init__(self, pool: asyncpg.Pool, county: str) -> None:
        self._pool = pool
        self.county = county
        self._cells: dict[Cell, int] = {}

    @classmethod
    async def open(cls, dsn: str, county: str) -> "LedgerStore":
        """Connect to a migrated database. Raises what asyncpg raises when it cannot."""
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=4, server_settings={"search_path": county_schema(county)})
        try:
            for service in SERVICES:
                await pool.execute("INSERT INTO checkpoint VALUES ($1, 0, $2) ON CONFLICT DO NOTHING", service, NO_HASH)
        except BaseException:
            await pool.close()
            raise
        return cls(pool, county)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def checkpoint(self) -> Checkpoint:
        """Up to where facts are taken in."""
        async with self._pool.acquire() as connection:
            return await _checkpoint(connection, "SELECT service, position, hash FROM checkpoint")

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Writing]:
        """One commit. The checkpoint is locked first; an error within the block leaves nothing behind."""
        async with self._pool.acquire() as connection, connection.transaction():
            yield Writing(
                connection, await _checkpoint(connection, "SELECT service, position, hash FROM checkpoint ORDER BY service FOR UPDATE")
            )

    async def append(self, writing: Writing, records: Sequence[Record], entries: Entries) -> None:
        """Add a page's facts and entries and move the checkpoint to them."""
        connection = writing.connection
        await connection.copy_records_to_table(
            "fact", records=[(SERVICES.index(record.service), record.position, record.raw) for record in records],
            columns=("service", "position", "raw"),
        )  # fmt: skip
        await self.add_entries(writing, entries)
        for service, record in {record.service: record for record in records}.items():
            await connection.execute(
                "UPDATE checkpoint SET position = $2, hash = $3 WHERE service = $1", service, record.position, record.hash
            )

    async def add_entries(self, writing: Writing, entries: Entries) -> None:
        """Add entries to the ledger."""
        if not entries:
            return
        new: list[tuple[int, str, str, str | None]] = []
        rows = np.empty(len(entries), dtype=_LEDGER_ROW)
        rows["fields"], rows["l0"], rows["l1"], rows["l2"], rows["l3"] = 4, 4, 4, 4, 8
        numbers = []
        for cell, _, _ in entries:
            number = self._cells.get(cell)
            if number is None:
                number = self._cells[cell] = len(self._cells)
                new.append((number, *cell))
            numbers.append(number)
        rows["cell"] = numbers
        rows["day"] = [day for _, day, _ in entries]
        rows["known"] = [known for _, _, known in entries]
        rows["amount"] = list(entries.values())
        if new:
            await writing.connection.copy_records_to_table("cell", records=new, columns=("id", "measure", "unit", "part"))
        source = BytesIO(_COPY_SIGNATURE + rows.tobytes() + _COPY_END)
        await writing.connection.copy_to_table("ledger", source=source, columns=("cell", "day", "known", "amount"), format="binary")

    async def definitions(self, writing: Writing) -> dict[str, str]:
        """Which definition each measure's entries were computed by; they cannot change while the page is open."""
        return {row["name"]: row["definition"] for row in await writing.connection.fetch("SELECT name, definition FROM measure")}

    async def replace_measures(self, writing: Writing, gone: Iterable[str], definitions: dict[str, str], entries: Entries) -> None:
        """Drop all entries of some measures, note the new definitions, and add their entries."""
        connection = writing.connection
        names = sorted(gone)
        await connection.execute("DELETE FROM ledger USING cell WHERE ledger.cell = cell.id AND cell.measure = ANY($1)", names)
        await connection.execute("DELETE FROM measure WHERE name = ANY($1)", names)
        await connection.executemany("INSERT INTO measure VALUES ($1, $2)", sorted(definitions.items()))
        await self.add_entries(writing, entries)

    async def load(self, balances: Balances, writing: Writing) -> None:
        """Read the whole ledger into memory."""
        self._cells = {}
        await self.load_cells(writing)
        cells = list(self._cells)
        sink = BytesIO()
        await writing.connection.copy_from_query("SELECT cell, day, known, amount FROM ledger", output=sink, format="binary")
        rows = np.frombuffer(
            sink.getbuffer(),
            dtype=_LEDGER_ROW,
            offset=len(_COPY_SIGNATURE),
            count=(sink.tell() - len(_COPY_SIGNATURE)) // _LEDGER_ROW.itemsize,
        )
        for number, day, known, amount in zip(
            rows["cell"].tolist(), rows["day"].tolist(), rows["known"].tolist(), rows["amount"].tolist(), strict=True
        ):
            balances.add(cells[number], day, known, amount)

    async def load_cells(self, writing: Writing) -> None:
        """Read what each cell's number is, beyond the numbers known already."""
        query = "SELECT measure, unit, part FROM cell WHERE id >= $1 ORDER BY id"
        for row in await writing.connection.fetch(query, len(self._cells)):
            self._cells[row["measure"], row["unit"], row["part"]] = len(self._cells)

    async def facts(self, writing: Writing, after: Checkpoint | None = None) -> AsyncIterator[Record]:
        """Every fact taken in, or those after a checkpoint, by service and position."""
        for number, service in enumerate(SERVICES):
            position, _ = (after or {}).get(service, (0, NO_HASH))
            query = "SELECT raw FROM fact WHERE service = $1 AND position > $2 ORDER BY position"
            async for row in writing.connection.cursor(query, number, position, prefetch=1000):
                yield parse_record(row["raw"])

    async def export(self) -> AsyncGenerator[bytes]:
        """The exact bytes of every fact taken in, by service and position, as of one moment."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            async for row in connection.cursor("SELECT raw FROM fact ORDER BY service, position", prefetch=1000):
                yield row["raw"]


async def _checkpoint(connection: Any, query: str) -> Checkpoint:
    return {row["service"]: (row["position"], row["hash"]) for row in await connection.fetch(query)}
