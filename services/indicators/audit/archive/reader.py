"""Reads an archive: everything is checked before anything is answered from it.

The index against its own digest and the county, every file against the index, the records to be dense, chained and what their columns say,
and that each stands in the set of its type. What is found wrong is named by file, and for a record by service and position.
"""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
from numpy.typing import NDArray

from services.indicators.audit.archive.chain import first_fault, told
from services.indicators.audit.archive.index import INDEX, READING, ArchivedFile, BadArchive, Head, Index, came_with, read_index
from services.indicators.audit.archive.sets import RECORDS_SET, common_set, contracts_digest, sets, wire_sets
from services.indicators.audit.columns import UNREAD, table_name
from services.indicators.audit.duck import CORRECTIONS, VOIDS, amend, contest, derived, envelopes, make_tables
from services.indicators.audit.records import End, Ends, require_end, require_hash
from services.indicators.audit.running import together
from shared.contracts import FACTS
from shared.contracts.base import SERVICES, Service
from shared.contracts.common import DayClosed
from shared.contracts.envelope import Record, parse_record

READING_AT_ONCE: Final = 4
CHUNK_RECORDS: Final = 10_000
PLACES: Final = 2**44
"""More positions than a service will ever have."""


@dataclass(frozen=True)
class Archive:
    """A checked archive, or what it holds up to some positions."""

    folder: Path
    index: Index
    positions: dict[str, int]
    """Up to which position each service goes."""
    connection: duckdb.DuckDBPyConnection
    """Has the view `stored`, all records up to there."""

    @cached_property
    def closed(self) -> dict[str, date]:
        """The last day each service has closed."""
        found = {}
        for service in SERVICES:
            query = f"SELECT max_by(day, position) FROM ({self.rows(common_set(DayClosed, service))})"  # noqa: S608
            ((day,),) = self.connection.execute(query).fetchall()
            if day is not None:
                found[str(service)] = day
        return found

    @cached_property
    def unreadable(self) -> list[tuple[Service, date]]:
        """The service and known day of each record that no contract describes."""
        rows = self.connection.execute("SELECT service, known FROM stored WHERE NOT described ORDER BY service, position").fetchall()
        return [(SERVICES[service], known) for service, known in rows]

    @cached_property
    def first_known_day(self) -> date:
        """The day on which the first record was made that says more than that a day is over; of nothing else, the first of all."""
        telling = "min(known) FILTER (split_part(type, '.', 2) <> $closed)"
        query = f"SELECT coalesce({telling}, min(known)) FROM stored"  # noqa: S608
        ((day,),) = self.connection.execute(query, {"closed": DayClosed.name}).fetchall()
        assert isinstance(day, date), "an archive without a record is refused"
        return day

    @cached_property
    def last_known_day(self) -> date:
        """The day on which the last record was made."""
        ((day,),) = self.connection.execute("SELECT max(known) FROM stored").fetchall()
        assert isinstance(day, date), "an archive without a record is refused"
        return day

    def raws(self) -> Iterator[bytes]:
        """The exact bytes of every record, by service and position."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT raw FROM stored ORDER BY service, position")
            while rows := cursor.fetchmany(CHUNK_RECORDS):
                yield from (raw for (raw,) in rows)

    @cached_property
    def records(self) -> list[Record]:
        """Every record, by service and position."""
        return list(map(parse_record, self.raws()))

    def database(self) -> duckdb.DuckDBPyConnection:
        """A database with the tables the second engine reads. Raises BadArchive where records and the sets of their types do not agree."""
        connection = self.connection
        make_tables(connection)
        facts = {table_name(fact) for fact in FACTS}
        filled = [set_ for set_ in (*facts, *VOIDS, *CORRECTIONS) if self.index.of_set(set_)]
        largest_first = sorted(filled, key=lambda set_: (-sum(file.bytes for file in self.index.of_set(set_)), set_))

        def fill(cursor: duckdb.DuckDBPyConnection, set_: str) -> None:
            read = f"* EXCLUDE ({UNREAD}), position AS revision" if set_ in facts else "*"
            cursor.execute(f"INSERT INTO {set_} BY NAME SELECT {read} FROM ({self.rows(set_)})")  # noqa: S608

        with _named_damage(), ExitStack() as opened:
            cursors = [opened.enter_context(connection.cursor()) for _ in range(os.cpu_count() or 1)]
            together(cursors, dict.fromkeys(largest_first, ()), fill)
            self._check_sets()
        amend(connection)
        contest(connection, FACTS)
        return connection

    def check_derivation(self) -> None:
        """Every set holds what the records say, to the last column. It takes as long as writing them did. Raises BadArchive."""
        connection = self.connection
        with _named_damage():
            connection.execute(f"CREATE TEMP TABLE anew AS {envelopes('stored', 'described')}")
            connection.execute("DELETE FROM anew WHERE NOT described")
            for set_, query in derived("anew").items():
                columns = ", ".join(f'"{name}"' for name in sets()[set_])
                ours, theirs = f"SELECT {columns} FROM ({self.rows(set_)})", f"SELECT {columns} FROM ({query})"  # noqa: S608
                found = connection.execute(
                    f"SELECT min(position) FROM (({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours}))"  # noqa: S608
                ).fetchone()
                if found is not None and found[0] is not None:
                    raise BadArchive(f"{set_} 第 {found[0]} 条与记录所说不符 / {set_}: position {found[0]} is not what the record says")
            connection.execute("DROP TABLE anew")

    def rows(self, set_: str) -> str:
        """A query for the rows of a set of facts, which are all of one service."""
        files = self.index.of_set(set_)
        if files:
            paths, up_to = [str(self.folder / file.path) for file in files], self.positions[files[0].service]
            return f"SELECT * FROM read_parquet({paths}, hive_partitioning = false) WHERE position <= {up_to}"  # noqa: S608
        return f"SELECT {', '.join(f'NULL AS {name}' for name in sets()[set_])} WHERE FALSE"

    def _check_sets(self) -> None:
        """Every record that a contract describes stands in the set of its type, and nothing else does.

        One list against another is all that takes, of numbers that say which set and which position.
        """
        closed = {common_set(DayClosed, service) for service in SERVICES}
        numbers = {set_: number for number, set_ in enumerate(sorted(set(wire_sets().values())))}
        held = " UNION ALL ".join(
            f"SELECT {number}::SMALLINT AS number, position FROM {f'({self.rows(set_)})' if set_ in closed else set_}"  # noqa: S608
            for set_, number in numbers.items()
        )
        wire = ", ".join(f"('{type_}', {numbers[set_]}::SMALLINT, '{set_}')" for type_, set_ in wire_sets().items())
        named = f"named(type, number, name) AS (VALUES {wire})"
        told = "SELECT number, type, position FROM stored LEFT JOIN named USING (type) WHERE described"
        if np.array_equal(self._places(f"WITH {named} {told}"), self._places(held)):
            return
        found = self.connection.execute(
            f"WITH {named}, told AS ({told}), "  # noqa: S608
            f"held AS (SELECT number, position, count(*) AS times FROM ({held}) GROUP BY number, position), "
            "other AS (SELECT number, type, position, told.position IS NOT NULL AS told FROM told FULL JOIN held USING (number, position) "
            "WHERE told.position IS NULL OR times IS DISTINCT FROM 1) "
            "SELECT coalesce(named.name, other.type) AS name, position, told FROM other LEFT JOIN named USING (number) "
            "ORDER BY name, position LIMIT 1"
        ).fetchone()
        assert found is not None, "lists that differ, differ somewhere"
        name, position, told_there = found
        zh, en = ("缺少或重复", "is missing there or comes twice") if told_there else ("多出", "has no record")
        raise BadArchive(f"{name} 第 {position} 条与记录不符：{zh} / {name}: position {position} {en}")

    def _places(self, rows: str) -> NDArray[np.int64]:
        """Rows' `number` and `position`, as one number each, in order; a row without a number stands nowhere."""
        query = f"SELECT coalesce(number, -1)::BIGINT * {PLACES} + position AS place FROM ({rows})"  # noqa: S608
        return np.sort(self.connection.execute(query).fetchnumpy()["place"])


@contextmanager
def opened_archive(folder: Path, county: str, ends: Ends | None = None) -> Iterator[Archive]:
    """A checked archive, up to the ends where some are given; its sets are checked when they are read.

    A writer may go on meanwhile: it deletes no file that is read. Raises BadArchive, BadRecords where the archive does not reach the ends
    or has another record there, or OSError when it cannot be read.
    """
    with ExitStack() as opened:
        if (folder / READING).exists():
            fcntl.flock(opened.enter_context((folder / READING).open("rb")), fcntl.LOCK_SH)
        index = _index(folder, county)
        _check_files(folder, index)
        connection = opened.enter_context(duckdb.connect())
        with _named_damage():
            connection.execute(f"CREATE VIEW kept AS {_kept(folder, index)}")
            _check_records(connection, folder, index)
            positions: dict[str, int] = {
                service: _reached(connection, service, index.heads[service], (ends or {}).get(service)) for service in SERVICES
            }
        up_to = ", ".join(f"({number}, {positions[service]})" for number, service in enumerate(SERVICES))
        connection.execute(
            f"CREATE VIEW stored AS SELECT kept.* FROM kept JOIN (VALUES {up_to}) e(service, up_to) "  # noqa: S608
            "ON e.service = kept.service AND kept.position <= e.up_to"
        )
        yield Archive(folder, index, positions, connection)


def _kept(folder: Path, index: Index) -> str:
    """The rows of the records with the number of their service instead of its name."""
    numbered = ", ".join(f"('{service}', {number}::TINYINT)" for number, service in enumerate(SERVICES))
    paths = [str(folder / file.path) for file in index.of_set(RECORDS_SET)]
    return (
        f"SELECT n.number AS service, r.* EXCLUDE service FROM read_parquet({paths}, hive_partitioning = false, filename = true) r "  # noqa: S608
        f"JOIN (VALUES {numbered}) n(service, number) ON n.service = r.service"
    )


def _reached(connection: duckdb.DuckDBPyConnection, service: Service, head: Head, end: End | None) -> int:
    """Up to which position a service is asked for. Raises BadRecords where it does not reach that, or has another record there."""
    if end is None:
        return head.position
    require_end(service, head.position, end)
    if end.hash is not None and end.position:
        row = connection.execute(
            "SELECT hash FROM kept WHERE service = ? AND position = ?", [SERVICES.index(service), end.position]
        ).fetchone()  # fmt: skip
        require_hash(service, end.position, row[0] if row else "", end)
    return end.position


@contextmanager
def _named_damage() -> Iterator[None]:
    """What DuckDB cannot read is a damaged archive, whatever its digests say."""
    try:
        yield
    except duckdb.Error as error:
        raise BadArchive(f"归档文件无法读取 / a file of the archive cannot be read: {error}") from error


def is_of_these_contracts(archive: Archive) -> bool:
    """Whether the sets say what the contracts of this release would make of the records."""
    return archive.index.contracts == contracts_digest()


def _index(folder: Path, county: str) -> Index:
    try:
        raw = (folder / INDEX).read_bytes()
    except FileNotFoundError as error:
        raise BadArchive(
            f"其中没有 {INDEX}，不是归档；归档是数据文件夹中的 archive / "
            f"it holds no {INDEX}: it is no archive; the archive is the folder `archive` in the data folder"
        ) from error
    index = read_index(raw)
    if index.county != county:
        raise BadArchive(f"归档属于县 {index.county}，方案是 {county} 的 / the archive is of county {index.county}, the plan of {county}")
    if not index.of_set(RECORDS_SET):
        raise BadArchive("归档中没有记录 / the archive holds no records")
    return index


def _check_files(folder: Path, index: Index) -> None:
    """Every file listed is there as it was written, and no other file of an archive lies beside them."""
    with ThreadPoolExecutor(READING_AT_ONCE) as pool:
        digests = list(pool.map(lambda file: _digest(folder / file.path), index.files))
    owners = {file.sha256: file.path for file in index.files}
    for file, found in zip(index.files, digests, strict=True):
        _check_file(file, found, owners)
    known = {file.path for file in index.files} | set(index.retired)
    for path in sorted(folder.rglob("*.parquet")):
        name = path.relative_to(folder).as_posix()
        if name not in known and not _unfinished(name, index):
            raise BadArchive(f"{name} 不在索引中，不属于本归档 / {name} is not in the index: it does not belong to this archive")


def _digest(path: Path) -> tuple[int, str] | None:
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size, file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _check_file(file: ArchivedFile, found: tuple[int, str] | None, owners: dict[str, str]) -> None:
    if found is None:
        raise BadArchive(f"缺少文件 {file.path} / the file {file.path} is missing")
    size, digest = found
    if digest == file.sha256:
        return
    if digest in owners:
        raise BadArchive(f"{file.path} 的内容属于 {owners[digest]} / {file.path} holds what belongs to {owners[digest]}")
    if size != file.bytes:
        raise BadArchive(
            f"{file.path} 长 {size} 字节，应为 {file.bytes}：被截断或被改动 / "
            f"{file.path} has {size} bytes, not {file.bytes}: it is cut off or was edited"
        )
    raise BadArchive(f"{file.path} 已损坏或被改动：摘要不符 / {file.path} is damaged or was edited: its digest is another")


def _unfinished(name: str, index: Index) -> bool:
    """Whether a file came too late for the index: its writer is at work, or was stopped."""
    try:
        return came_with(name) > index.number
    except ValueError:
        return False


def _check_records(connection: duckdb.DuckDBPyConnection, folder: Path, index: Index) -> None:
    fault = first_fault(connection, told("kept"), dict.fromkeys(SERVICES, Head()), index.county)
    if fault is not None:
        path = _lying(connection, folder, index, fault.service, fault.position)
        raise BadArchive(
            f"{path}：{fault.service} 第 {fault.position} 条{fault.zh} / {path}: {fault.service}'s position {fault.position}: {fault.en}"
        )
    _check_ids(connection, folder, index)
    rows = connection.execute("SELECT service, max(position), max_by(hash, position) FROM kept GROUP BY service").fetchall()
    found = dict.fromkeys(SERVICES, Head()) | {SERVICES[number]: Head(position, hash_) for number, position, hash_ in rows}
    for service in SERVICES:
        if found[service] != index.heads[service]:
            raise BadArchive(
                f"{INDEX}：{service} 应到第 {index.heads[service].position} 条，文件只到第 {found[service].position} 条 / "
                f"{INDEX}: {service} goes to position {index.heads[service].position}, its files to {found[service].position}"
            )


def _check_ids(connection: duckdb.DuckDBPyConnection, folder: Path, index: Index) -> None:
    """Raises BadArchive where the same report is recorded twice: no service does that, so that somebody else did.

    Ids are told apart by their hashes, and only those whose hash comes twice by what they are.
    """
    named = "SELECT service, position, json_extract_string(decode(raw), ['$.source', '$.id']) AS named FROM kept"
    twice = f"SELECT hash(service, named) AS key FROM ({named}) GROUP BY key HAVING min(position) <> max(position)"  # noqa: S608
    keys = [key for (key,) in connection.execute(twice).fetchall()]
    if not keys:
        return
    found = connection.execute(
        f"SELECT service, named[1], named[2], min(position), min(position, 2)[2] AS again FROM ({named}) "  # noqa: S608
        "WHERE list_contains(?::UBIGINT[], hash(service, named)) GROUP BY service, named HAVING again IS NOT NULL "
        "ORDER BY service, again LIMIT 1", [keys],
    ).fetchone()  # fmt: skip
    if found is not None:
        number, source, id_, first, again = found
        service = SERVICES[number]
        path, path_again = (_lying(connection, folder, index, service, position) for position in (first, again))
        raise BadArchive(
            f"{path_again}：{service} 第 {again} 条与 {path} 的第 {first} 条同为 {source} {id_}，"
            "同一来源的编号只记录一次，两条之一是伪造的 / "
            f"{path_again}: {service}'s position {again} is {source} {id_} again, as position {first} in {path} is: "
            "an id of a source is recorded once, so that one of the two is forged"
        )


def _lying(connection: duckdb.DuckDBPyConnection, folder: Path, index: Index, service: Service, position: int) -> str:
    """The files in which a record lies, or else should lie."""
    found = connection.execute(
        "SELECT DISTINCT filename FROM kept WHERE service = ? AND position = ? ORDER BY filename", [SERVICES.index(service), position]
    ).fetchall()
    should = (file.path for file in index.of_set(RECORDS_SET) if file.service == service and file.first <= position <= file.last)
    return ", ".join(Path(path).relative_to(folder).as_posix() for (path,) in found) or next(should, INDEX)
