"""Writes an archive: takes records in behind those it has, whole batches at a time.

A batch is in the archive once the index that lists its files has moved: each file is written aside, flushed to the disk and renamed before
that. Whatever kills a writer, the next one finds the index as it was, removes the files that came too late for it, and goes on from there.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import BytesIO
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.indicators.audit.archive.chain import Fault, first_fault
from services.indicators.audit.archive.index import (
    INDEX,
    READING,
    WRITING,
    ArchivedFile,
    BadArchive,
    Head,
    Index,
    came_with,
    file_path,
    in_order,
    index_bytes,
    read_index,
)
from services.indicators.audit.archive.sets import OWN, RECORDS_COLUMNS, RECORDS_SET, contracts_digest, wire_sets
from services.indicators.audit.duck import derived, envelopes
from shared.contracts.base import SERVICES, Service
from shared.durable import UNFINISHED, put, sync

ARRIVING = pa.schema([("service", pa.int8()), ("position", pa.int64()), ("raw", pa.binary()), ("described", pa.bool_())])
"""Records as the archive takes them in: the number of the service, the position, the exact bytes, and whether a contract describes it."""
FILE_ROWS_MAX: Final = 1_000_000
"""No file grows beyond this by taking in others."""
MEMORY: Final = "512MB"
WRITING_AT_ONCE: Final = 4
"""So many files at a time: most of a small file's time is waiting for the disk."""
_BESIDE: Final = ("body.position AS own_position", "body.prevhash", "described")
_TOLD: Final = "SELECT service, position, hash AS own_hash, own_position, type AS own_type, source, prevhash, true AS beside FROM arrived"
_ALIKE: Final = ("service", "known", "type", "described", "source", "occurred")
"""Columns whose values return row after row: a dictionary of them saves room. One of the others takes time and room."""


class BrokenHistory(Exception):
    """Records that do not follow those in the archive; the message names the first, in Chinese and English."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.service} 第 {fault.position} 条：{fault.zh} / {fault.service}'s position {fault.position}: {fault.en}")
        self.fault = fault


class ArchiveBusy(Exception):
    """Another process writes this archive."""


@dataclass(slots=True)
class _Part:
    """Rows of one set, service and period, yet to be written."""

    set: str
    service: Service
    period: str
    fresh: pa.Table | None
    absorbed: list[ArchivedFile] = field(default_factory=list)
    """Files whose rows are written anew together with the fresh ones."""


class ArchiveWriter:
    """The one writer of an archive. Its methods block; what takes long releases the interpreter's lock."""

    def __init__(self, folder: Path, county: str, *, threads: int = 1) -> None:
        """For `opened`."""
        self._folder = folder
        self._county = county
        self._threads = threads
        self.index = Index(county, contracts_digest())
        """What the archive holds; ahead of what the folder's index says while an archive of other contracts is derived anew."""
        self._replaces: Index | None = None
        """The archive of other contracts that this one takes the place of, as soon as it goes as far."""
        self._moved = False
        """Whether the folder has an index of ours."""
        self._leaving: set[str] = set()
        """Files that belong to the archive no more and could not be deleted yet, because somebody reads it."""

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, county: str, *, threads: int = 1) -> "Iterator[ArchiveWriter]":
        """Open an archive, made if there is none, for writing. Raises ArchiveBusy, BadArchive, OSError.

        A folder that is made is for its owner alone: all facts are in it, and whoever else is on the machine needs a token to ask for one.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / WRITING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ArchiveBusy(f"另一个进程正在写 {folder} / another process is writing {folder}") from error
            writer = cls(folder, county, threads=threads)
            writer._begin()
            yield writer
        finally:
            os.close(descriptor)

    def _begin(self) -> None:
        """Carry on from the index, without what came too late for it."""
        if (self._folder / INDEX).exists():
            found = read_index((self._folder / INDEX).read_bytes())
            if found.county != self._county:
                raise BadArchive(
                    f"{self._folder} 是县 {found.county} 的归档，不是 {self._county} 的 / "
                    f"{self._folder} is the archive of county {found.county}, not of {self._county}"
                )
            for file in found.files:
                self._require(file)
            if found.contracts == self.index.contracts:
                self.index, self._moved = found, True
            else:
                self._replaces = found
                self.index = replace(self.index, number=found.number)
        self._remove({file.path for file in (self._replaces or self.index).files})

    def _require(self, file: ArchivedFile) -> None:
        path = self._folder / file.path
        if not path.exists() or path.stat().st_size != file.bytes:
            raise BadArchive(
                f"{file.path} 缺失或被截断；移走 {self._folder} 后将重新写归档 / "
                f"{file.path} is missing or cut off; take {self._folder} away and the archive is written anew"
            )

    def _remove(self, listed: set[str]) -> None:
        """Delete what was never finished, and what was left out."""
        for unfinished in (*self._folder.glob(UNFINISHED), *self._folder.glob(f"*/county=*/*=*/{UNFINISHED}")):
            unfinished.unlink()
        before = self._replaces or self.index
        self._leaving = set(before.retired)
        for path in self._folder.glob("*/county=*/*=*/*.parquet"):
            name = path.relative_to(self._folder).as_posix()
            if name not in listed and name not in before.retired and came_with(name) > before.number:
                path.unlink()
        self._delete()

    def append(self, arriving: pa.Table) -> None:
        """Take in records that follow those in the archive, each service's from its head on. Raises BrokenHistory, BadArchive, OSError."""
        if self._moved and not (self._folder / INDEX).exists():
            raise BadArchive(f"{INDEX} 已被移走，将重新写归档 / {INDEX} was taken away: the archive is written anew")
        arriving = _in_order(arriving)
        with (
            ThreadPoolExecutor(self._threads) as pool,
            duckdb.connect(config={"threads": self._threads, "memory_limit": MEMORY}) as connection,
        ):
            hashing = pool.submit(_hashes, arriving["raw"])
            connection.register("arriving", arriving)
            arrived = connection.sql(
                f"FROM ({envelopes('arriving', *_BESIDE, unchecked=True)}) ORDER BY service, position"
            ).to_arrow_table()
            arrived = arrived.append_column("hash", hashing.result())
            connection.register("arrived", arrived)
            fault = first_fault(connection, _TOLD, self.index.heads, self._county)
            if fault is not None:
                raise BrokenHistory(fault)
            heads = self.index.heads | _heads(arrived)
            parts = [*_records(arrived.append_column("raw", arriving["raw"])), *_typed(connection, arrived, pool)]
        self._write(parts, heads)
        pa.default_memory_pool().release_unused()

    def _write(self, parts: list[_Part], heads: dict[Service, Head]) -> None:
        number = self.index.number + 1
        parts += self._scattered(parts)
        absorbed = {file.path for part in parts for file in self._absorb(part)}
        files = [file for file in self.index.files if file.path not in absorbed]
        with ThreadPoolExecutor(WRITING_AT_ONCE) as pool:
            files += pool.map(self._write_part, parts, repeat(number))
        for folder in {above for file in files if came_with(file.path) == number for above in Path(file.path).parent.parents}:
            sync(self._folder / folder)
        self._leaving |= absorbed
        index = Index(self._county, self.index.contracts, number, heads, in_order(files))
        before = self._replaces
        if before is not None and any(heads[service].position < head.position for service, head in before.heads.items()):
            self.index = index
            return
        if before is not None:
            self._leaving |= {file.path for file in before.files}
        self.index, self._replaces = replace(index, retired=tuple(sorted(self._leaving))), None
        put(self._folder / INDEX, index_bytes(self.index))
        self._moved = True
        self._delete()

    def _scattered(self, parts: list[_Part]) -> list[_Part]:
        """The partitions of periods gone by that lie in several files still: each is made one."""
        latest = {(part.set, part.service): part.period for part in parts}
        lying: dict[tuple[str, Service, str], list[ArchivedFile]] = {}
        for file in self.index.files:
            if file.period < latest.get((file.set, file.service), ""):
                lying.setdefault((file.set, file.service, file.period), []).append(file)
        touched = {(part.set, part.service, part.period) for part in parts}
        return [
            _Part(*partition, None, files)
            for partition, files in lying.items()
            if len(files) > 1 and partition not in touched and sum(file.rows for file in files) <= FILE_ROWS_MAX
        ]

    def _absorb(self, part: _Part) -> Iterable[ArchivedFile]:
        """Let fresh rows take in the files of their partition that are no larger: a partition has few files at any time, and a row is
        written few times.
        """
        if part.fresh is not None:
            rows = part.fresh.num_rows
            there = [file for file in self.index.files if (file.set, file.service, file.period) == (part.set, part.service, part.period)]
            for file in sorted(there, key=lambda file: file.first, reverse=True):
                if file.rows > rows or file.rows + rows > FILE_ROWS_MAX:
                    break
                part.absorbed.append(file)
                rows += file.rows
        return part.absorbed

    def _read(self, file: ArchivedFile) -> pa.Table:
        """A file's rows. Raises BadArchive where its bytes are not what the index says: damage must not be written anew as sound."""
        raw = (self._folder / file.path).read_bytes()
        if sha256(raw).hexdigest() != file.sha256:
            raise BadArchive(f"{file.path} 已损坏或被改动 / {file.path} is damaged or was edited")
        return pq.ParquetFile(BytesIO(raw)).read()

    def _write_part(self, part: _Part, number: int) -> ArchivedFile:
        older = map(self._read, sorted(part.absorbed, key=lambda file: file.first))
        rows = pa.concat_tables([*older, *([] if part.fresh is None else [part.fresh])], promote_options="permissive")
        first, last = rows["position"][0].as_py(), rows["position"][-1].as_py()
        path = file_path(part.set, self._county, part.service, part.period, first, last, number)
        raw = _parquet(rows)
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        put(self._folder / path, raw)
        last_hash = rows["hash"][-1].as_py() if part.set == RECORDS_SET else None
        return ArchivedFile(
            path, part.set, part.service, part.period, rows.num_rows, first, last, last_hash, len(raw), sha256(raw).hexdigest()
        )  # fmt: skip

    def _delete(self) -> None:
        """Delete what was left out, unless somebody reads the archive: then it is tried again behind the next records."""
        with (self._folder / READING).open("wb") as reading:
            try:
                fcntl.flock(reading, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for path in self._leaving:
                (self._folder / path).unlink(missing_ok=True)
            self._leaving = set()


def _heads(arrived: pa.Table) -> dict[Service, Head]:
    return {
        SERVICES[number]: Head(arrived["position"][end - 1].as_py(), arrived["hash"][end - 1].as_py())
        for number, _, end in _runs(arrived["service"])
    }


def _records(arrived: pa.Table) -> Iterator[_Part]:
    rows = arrived.select([*RECORDS_COLUMNS, "raw"])
    for number, start, end in _runs(arrived["service"]):
        service = SERVICES[number]
        named = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), end - start), [service]).cast(pa.string())
        yield from _by_period(RECORDS_SET, service, rows.slice(start, end - start).set_column(0, "service", named))


def _typed(connection: duckdb.DuckDBPyConnection, arrived: pa.Table, pool: ThreadPoolExecutor) -> Iterator[_Part]:
    """A set at a time, out of its own records: every set looking through all of them would take longer than reading them."""
    queries, named = derived("record"), wire_sets()
    described = arrived.filter(arrived["described"]).select(["type", *OWN, "data"])
    types = described["type"].combine_chunks().dictionary_encode()
    sets = pa.array([named[type_] for type_ in types.dictionary.to_pylist()], pa.string()).take(types.indices).dictionary_encode()
    order = pc.sort_indices(sets.indices)
    by_set, runs = described.take(order), pa.chunked_array([sets.take(order).dictionary_decode()])

    def read(run: tuple[str, int, int]) -> list[_Part]:
        set_, start, end = run
        with connection.cursor() as cursor:
            cursor.register("record", by_set.slice(start, end - start))
            rows = cursor.sql(f"{queries[set_]} ORDER BY position").to_arrow_table()
        return list(_by_period(set_, cast(Service, set_.partition("_")[0]), rows))

    return chain.from_iterable(pool.map(read, list(_runs(runs))))


def _by_period(set_: str, service: Service, rows: pa.Table) -> Iterator[_Part]:
    """The rows of a set of one service, a period of recording at a time: see `file_path`."""
    years, months = pc.year(rows["known"]), pc.month(rows["known"])
    periods = pc.add(pc.multiply(years, 100), months) if set_ == RECORDS_SET else years
    for period, start, end in _runs(periods):
        at = f"{period // 100}-{period % 100:02}" if set_ == RECORDS_SET else str(period)
        yield _Part(set_, service, at, rows.slice(start, end - start))


def _runs(column: pa.ChunkedArray) -> Iterator[tuple[Any, int, int]]:
    """The values that stand in a column one after another, from which row, and before which."""
    runs, start = pc.run_end_encode(column.combine_chunks()), 0
    for end, value in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
        yield value, start, end
        start = end


def _in_order(arriving: pa.Table) -> pa.Table:
    """Records by service and position, which they mostly are already: moving their bytes takes long."""
    keys = arriving.select(["service", "position"])
    order = pc.sort_indices(keys, [("service", "ascending"), ("position", "ascending")])
    return arriving if keys.take(order).equals(keys) else arriving.take(order)


def _hashes(raws: pa.ChunkedArray) -> pa.Array:
    """SHA-256 of each, in hex: less than half as long as DuckDB takes."""
    return pa.array([sha256(raw).hexdigest() for raw in raws.to_pylist()], pa.string())


def _parquet(rows: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(
        rows, sink, compression="zstd", store_schema=False,
        use_dictionary=[name for name in rows.column_names if name in _ALIKE], write_statistics=["position", "known"],
    )  # fmt: skip
    return sink.getvalue()
