"""The store of the indicators service: facts, ledger and checkpoint, in one commit per page.

The checkpoint holds one row per write service: the position taken in and its record's hash. Its rows are locked before anything is
derived, so that two projectors at once do no harm: whoever finds the checkpoint elsewhere than it left it takes in what the other wrote.
Ledger rows are plain integers and go in and out by COPY in PostgreSQL's binary format. A row's cell says of which version of a measure it
is an entry (see `services.indicators.versions`), at which unit and of which part.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import asyncpg
import numpy as np
import orjson

from services.indicators.ledger import Balances, Cell, Entries, only
from services.indicators.versions import FOLLOWING, Difference, Rebuild, Version, Versions
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import NO_HASH, Record, parse_record
from shared.county_schema import county_schema
from shared.pools import close_pool

Checkpoint = dict[str, tuple[int, str]]
"""Service → (position, hash of the record there)."""

CONNECTIONS_MAX: Final = 7
"""One for the projector, two for a rebuild, one for what opens figures, the others for downloads."""

_COPY_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END = b"\xff\xff"
_LEDGER_ROW = np.dtype([
    ("fields", ">i2"), ("l0", ">i4"), ("cell", ">i4"), ("l1", ">i4"), ("day", ">i4"), ("l2", ">i4"), ("known", ">i4"), ("l3", ">i4"),
    ("amount", ">i8"),
])  # fmt: skip
"""One ledger row in COPY's binary format: the number of fields, then each field's length and value."""


@dataclass(slots=True)
class Moment:
    """One moment of the store: the checkpoint, the versions, and a connection on which everything else is of the same moment."""

    connection: Any
    checkpoint: Checkpoint
    versions: Versions


@dataclass(slots=True)
class Writing(Moment):
    """An open page: the checkpoint is locked until the block ends."""

    new_cells: list[tuple[int, Cell]] = field(default_factory=list)
    """Those numbered on this page, each with its version."""


@dataclass(frozen=True, slots=True)
class LedgerRows:
    """Entries of some versions: each one's cell, day, known day and amount, and what each cell is."""

    cells: dict[int, Cell]
    rows: "np.ndarray[tuple[int], np.dtype[Any]]"

    def add_to(self, balances: Balances) -> None:
        """Take all of them in."""
        rows, cells = self.rows, self.cells
        for number, day, known, amount in zip(
            rows["cell"].tolist(), rows["day"].tolist(), rows["known"].tolist(), rows["amount"].tolist(), strict=True
        ):
            balances.add(cells[number], day, known, amount)


@dataclass(frozen=True, slots=True)
class Kept:
    """Entries by named definitions. `upto`: of a measure whose definition has retired, the positions up to which they follow records."""

    balances: Balances
    upto: dict[str, Mapping[str, int]]


class UnknownDefinition(Exception):
    """The store holds no entries of a measure by a definition: it never did, or what retired was forgotten. In Chinese and English."""

    def __init__(self, measure: str, definition: str) -> None:
        super().__init__(
            f"账本中没有 {measure} 按定义 {definition} 的账目 / the ledger holds no entries of {measure} by the definition {definition}"
        )


class LedgerStore:
    """PostgreSQL, one schema per county."""

    def __init__(self, pool: asyncpg.Pool, county: str) -> None:
        self._pool = pool
        self.county = county
        self._versions: tuple[int, Versions] | None = None
        """The versions last read or written, and which change of them that was."""
        self._cells: dict[int, dict[Cell, int]] = {}
        """Version → its cells' numbers. One that another process numbered as well has two: its entries add up."""
        self._last_cell = 0

    @classmethod
    async def open(cls, dsn: str, county: str) -> "LedgerStore":
        """Connect to a migrated database. Raises what asyncpg raises when it cannot."""
        pool = await asyncpg.create_pool(
            dsn, min_size=1, max_size=CONNECTIONS_MAX, server_settings={"search_path": county_schema(county)}
        )  # fmt: skip
        try:
            for service in SERVICES:
                await pool.execute("INSERT INTO checkpoint VALUES ($1, 0, $2) ON CONFLICT DO NOTHING", service, NO_HASH)
        except BaseException:
            await close_pool(pool)
            raise
        return cls(pool, county)

    async def close(self) -> None:
        """Close every connection."""
        await close_pool(self._pool)

    async def checkpoint(self) -> Checkpoint:
        """Up to where facts are taken in."""
        async with self._pool.acquire() as connection:
            return await _checkpoint(connection, "SELECT service, position, hash FROM checkpoint")

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Writing]:
        """One commit. The checkpoint is locked first; an error within the block leaves nothing behind."""
        writing: Writing | None = None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                checkpoint = await _checkpoint(connection, "SELECT service, position, hash FROM checkpoint ORDER BY service FOR UPDATE")
                writing = Writing(connection, checkpoint, await self._read_versions(connection))
                yield writing
        except BaseException:
            self._versions = None
            for version, cell in writing.new_cells if writing else ():
                self._cells.get(version, {}).pop(cell, None)
            raise

    @asynccontextmanager
    async def moment(self) -> AsyncIterator[Moment]:
        """The store as it is now, to be read at leisure: nobody waits for it."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            checkpoint = await _checkpoint(connection, "SELECT service, position, hash FROM checkpoint")
            yield Moment(connection, checkpoint, await self._read_versions(connection))

    @asynccontextmanager
    async def rebuilding(self) -> AsyncIterator[bool]:
        """Whether it is for this process to rebuild: for as long as the block lasts no other one does."""
        async with self._pool.acquire() as connection:  # which lets go of its locks when it goes back
            yield await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", f"rebuild {county_schema(self.county)}")

    async def append(self, writing: Writing, records: Sequence[Record], entries: Iterable[tuple[Mapping[str, int], Entries]]) -> None:
        """Add a page's facts and entries (see `add_entries`) and move the checkpoint to them."""
        connection = writing.connection
        await connection.copy_records_to_table(
            "fact", records=[(SERVICES.index(record.service), record.position, record.raw) for record in records],
            columns=("service", "position", "raw"),
        )  # fmt: skip
        for versions, those in entries:
            await self.add_entries(writing, versions, those)
        for service, record in {record.service: record for record in records}.items():
            await connection.execute(
                "UPDATE checkpoint SET position = $2, hash = $3 WHERE service = $1", service, record.position, record.hash
            )

    async def add_entries(self, writing: Writing, versions: Mapping[str, int], entries: Entries) -> None:
        """Add entries to these versions of measures; those of other measures are left out."""
        if entries and not all(cell[0] in versions for cell, _, _ in entries):
            entries = only(entries, versions)
        if not entries:
            return
        rows = np.empty(len(entries), dtype=_LEDGER_ROW)
        rows["fields"], rows["l0"], rows["l1"], rows["l2"], rows["l3"] = 4, 4, 4, 4, 8
        rows["cell"] = await self._numbers(writing, versions, [cell for cell, _, _ in entries])
        rows["day"] = [day for _, day, _ in entries]
        rows["known"] = [known for _, _, known in entries]
        rows["amount"] = list(entries.values())
        source = BytesIO(_COPY_SIGNATURE + rows.tobytes() + _COPY_END)
        await writing.connection.copy_to_table("ledger", source=source, columns=("cell", "day", "known", "amount"), format="binary")

    async def _numbers(self, writing: Writing, versions: Mapping[str, int], cells: Sequence[Cell]) -> list[int]:
        """The numbers of cells; those that have none yet are given one."""
        known = {measure: self._cells.setdefault(version, {}) for measure, version in versions.items()}
        new = [cell for cell in dict.fromkeys(cells) if cell not in known[cell[0]]]
        if new:
            given = await writing.connection.fetch("SELECT nextval('cell_id') AS id FROM generate_series(1, $1)", len(new))
            for cell, row in zip(new, given, strict=True):
                known[cell[0]][cell] = row["id"]
                writing.new_cells.append((versions[cell[0]], cell))
            await writing.connection.copy_records_to_table(
                "cell", records=[(row["id"], versions[cell[0]], cell[1], cell[2]) for cell, row in zip(new, given, strict=True)],
                columns=("id", "version", "unit", "part"),
            )  # fmt: skip
        return [known[cell[0]][cell] for cell in cells]

    async def set_versions(self, writing: Writing, versions: Versions) -> None:
        """Write down what has become of the versions and the rebuild."""
        connection, before = writing.connection, writing.versions
        changed = [each for number, each in versions.of.items() if before.of.get(number) != each]
        # In this order no measure has two versions that serve, not even in between.
        changed.sort(key=lambda version: version.state == "serving")
        await connection.executemany(
            "INSERT INTO measure (number, name, definition, state, upto, declaration) VALUES ($1, $2, $3, $4, $5, $6) "
            "ON CONFLICT (number) DO UPDATE SET state = excluded.state, upto = excluded.upto",
            [(each.number, each.measure, each.definition, each.state, _json(each.upto), each.declaration) for each in changed],
        )
        gone = before.of.keys() - versions.of.keys()
        await connection.execute("DELETE FROM measure WHERE number = ANY($1)", sorted(gone))
        for number in gone:
            self._cells.pop(number, None)
        rebuild = versions.rebuild
        change = await connection.fetchval(
            "UPDATE rebuild SET number = $1, stage = $2, measures = $3, folded = $4, difference = $5, last_version = $6, "
            "change = change + 1 RETURNING change",
            rebuild.number, rebuild.stage, list(rebuild.measures), rebuild.folded,
            _json(rebuild.difference), versions.last,
        )  # fmt: skip
        writing.versions = versions
        self._versions = change, versions

    async def _read_versions(self, connection: Any) -> Versions:
        """The versions, read anew only when somebody changed them."""
        row = await connection.fetchrow("SELECT * FROM rebuild")
        if self._versions is None or self._versions[0] != row["change"]:
            found = {
                each["number"]: Version(
                    each["number"],
                    each["name"],
                    each["definition"],
                    each["state"],
                    each["upto"] and orjson.loads(each["upto"]),
                    each["declaration"],
                )
                for each in await connection.fetch("SELECT * FROM measure ORDER BY number")
            }
            difference = None if row["difference"] is None else Difference(**orjson.loads(row["difference"]))
            rebuild = Rebuild(row["number"], row["stage"], tuple(row["measures"]), row["folded"], difference)
            self._versions = row["change"], Versions(found, row["last_version"], rebuild)
        return self._versions[1]

    async def load(self, balances: Balances, writing: Writing) -> None:
        """Read all that serves into memory."""
        self._cells, self._last_cell = {}, 0
        await self.load_cells(writing)
        (await self.rows(writing, writing.versions.numbers("serving").values())).add_to(balances)

    async def load_cells(self, writing: Writing) -> None:
        """Read what each cell's number is, beyond the numbers known already, of what still grows."""
        growing = {version.number: version.measure for state in FOLLOWING for version in writing.versions.in_state(state)}
        query = "SELECT id, version, unit, part FROM cell WHERE id > $1 AND version = ANY($2) ORDER BY id"
        for row in await writing.connection.fetch(query, self._last_cell, list(growing)):
            self._cells.setdefault(row["version"], {})[growing[row["version"]], row["unit"], row["part"]] = self._last_cell = row["id"]

    async def rows(self, moment: Moment, versions: Iterable[int]) -> LedgerRows:
        """All entries of some versions."""
        connection, numbers = moment.connection, list(versions)
        cells = await connection.fetch("SELECT id, version, unit, part FROM cell WHERE version = ANY($1)", numbers)
        sink = BytesIO()
        await connection.copy_from_query(
            "SELECT cell, day, known, amount FROM ledger WHERE cell IN (SELECT id FROM cell WHERE version = ANY($1))", numbers,
            output=sink, format="binary",
        )  # fmt: skip
        count = (sink.tell() - len(_COPY_SIGNATURE)) // _LEDGER_ROW.itemsize
        rows = np.frombuffer(sink.getbuffer(), dtype=_LEDGER_ROW, offset=len(_COPY_SIGNATURE), count=count)
        of = {number: moment.versions.of[number].measure for number in numbers}
        return LedgerRows(await asyncio.to_thread(lambda: {id: (of[version], unit, part) for id, version, unit, part in cells}), rows)

    async def kept(self, moment: Moment, definitions: Mapping[str, str]) -> Kept:
        """The entries of measures by named definitions, that serve or have retired: what an evaluation of the past was computed from.

        As known on a day that was final before its version retired they say all there is to say. Raises UnknownDefinition.
        """
        chosen: dict[str, Version] = {}
        for state in ("retired", "serving"):
            chosen |= {each.measure: each for each in moment.versions.in_state(state) if definitions.get(each.measure) == each.definition}
        for measure, definition in definitions.items():
            if measure not in chosen:
                raise UnknownDefinition(measure, definition)
        found = await self.rows(moment, [version.number for version in chosen.values()])
        balances = Balances()
        await asyncio.to_thread(found.add_to, balances)
        return Kept(balances, {measure: version.upto for measure, version in chosen.items() if version.upto is not None})

    async def sweep(self, dropped: Sequence[int], cells_max: int) -> bool:
        """Delete some of the entries of versions that were dropped. Whether there may be more. Nobody writes there, so nobody waits."""
        async with self._pool.acquire() as connection, connection.transaction():
            gone = await connection.fetch("SELECT id FROM cell WHERE version = ANY($1) LIMIT $2", dropped, cells_max)
            numbers = [row["id"] for row in gone]
            await connection.execute("DELETE FROM ledger WHERE cell = ANY($1)", numbers)
            await connection.execute("DELETE FROM cell WHERE id = ANY($1)", numbers)
        return len(gone) == cells_max

    async def facts(self, moment: Moment, after: Checkpoint | None = None) -> AsyncIterator[Record]:
        """Every fact taken in, or those after a checkpoint, by service and position."""
        for number, service in enumerate(SERVICES):
            position, _ = (after or {}).get(service, (0, NO_HASH))
            query = "SELECT raw FROM fact WHERE service = $1 AND position > $2 ORDER BY position"
            async for row in moment.connection.cursor(query, number, position, prefetch=1000):
                yield parse_record(row["raw"])

    async def raws(self, service: Service, after: int, up_to: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and exact bytes of a service's facts after a position, up to another, so many at most."""
        query = "SELECT position, raw FROM fact WHERE service = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4"
        return [(row["position"], row["raw"]) for row in await self._pool.fetch(query, SERVICES.index(service), after, up_to, limit)]

    async def export(self) -> AsyncGenerator[bytes]:
        """The exact bytes of every fact taken in, by service and position, as of one moment."""
        async with self._pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            async for row in connection.cursor("SELECT raw FROM fact ORDER BY service, position", prefetch=1000):
                yield row["raw"]


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


async def _checkpoint(connection: Any, query: str) -> Checkpoint:
    return {row["service"]: (row["position"], row["hash"]) for row in await connection.fetch(query)}
