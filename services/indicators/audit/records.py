"""Recorded facts as a file: one record per line, exactly as published, plain or gzip; read with everything checked that can be.

Records are ordered by service and position. Whatever was taken out of a file's midst, put in, moved or edited is named by its line. Of its
end a file by itself can say nothing: that nothing was cut off there, and that each service's last record is as it was published, is for
whoever knows up to which position and hash the services had come. The answer says up to which positions it goes.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import cast

import orjson
from pydantic import TypeAdapter

from shared.contracts import parse_fact
from shared.contracts.base import SERVICES, Service
from shared.contracts.common import DayClosed, FactCorrected, FactVoided, common_class
from shared.contracts.envelope import NO_HASH, TYPE_PATTERN, EventId, Record, Source, parse_record

_EVENT_ID = TypeAdapter(EventId)
_GZIP = b"\x1f\x8b"


Told = tuple[str, str, str]
"""Service, source and id."""


class BadRecords(Exception):
    """A file that is not a whole and unbroken history of records; the message names the line, in Chinese and English."""


@dataclass(slots=True)
class History:
    """A county's records, unbroken and in order."""

    records: list[Record] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 0))
    closed: dict[str, date] = field(default_factory=dict)
    readable: list[Record] = field(default_factory=list)
    """The facts, voids and corrections among them that a contract here describes."""
    unreadable: list[tuple[Service, date]] = field(default_factory=list)
    """The service and known day of each of the others."""

    @property
    def last_known_day(self) -> date:
        """The day on which the last record was made. Raises ValueError for no records."""
        return max(record.known_day for record in self.records)


def read_history(path: Path, county: str) -> History:
    """Read and check a file of records. Raises BadRecords, or OSError when the file cannot be read."""
    with _lines(path) as lines:
        return check_history(lines, county)


@contextmanager
def _lines(path: Path) -> Iterator[Iterable[bytes]]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    with gzip.open(path, "rb") if packed else path.open("rb") as opened:
        yield opened


def check_history(lines: Iterable[bytes], county: str) -> History:
    """Check the lines of a file of records: each a record of this county, each service's positions dense from 1 and its chain unbroken.

    Raises BadRecords.
    """
    found = History()
    hashes: dict[str, str] = dict.fromkeys(SERVICES, NO_HASH)
    told: dict[Told, str | None] = {}
    try:
        for number, line in enumerate(lines, 1):
            raw = line.rstrip(b"\r\n")
            if not raw:
                continue
            record = _record(raw, number)
            _check_place(record, number, county, found.positions, hashes)
            _check_content(record, number, told, found)
            found.positions[record.service], hashes[record.service] = record.position, record.hash
            found.records.append(record)
    except (EOFError, zlib.error, OSError) as error:
        raise BadRecords(f"文件不完整或已损坏：{error} / the file is cut off or damaged: {error}") from error
    if not found.records:
        raise BadRecords("文件中没有记录 / the file holds no records")
    return found


def _record(raw: bytes, number: int) -> Record:
    try:
        record = parse_record(raw)
        Source.parse(record.source)
        _EVENT_ID.validate_python(record.id)
    except (TypeError, ValueError) as error:
        if _is_report(raw):
            raise BadRecords(
                f"第 {number} 行是上报的报告，不是已记录的事实；请用 kaiye facts --export 导出的文件 / "
                f"line {number} is a report, not a record: "
                "give a file that kaiye facts --export wrote"
            ) from error
        raise BadRecords(f"第 {number} 行不是已记录的事实 / line {number} is no record: {error}") from error
    if TYPE_PATTERN.fullmatch(f"{record.type}.v{record.version}") is None:
        raise BadRecords(f"第 {number} 行的类型无法识别：{record.type} / line {number} has a type that cannot be read: {record.type}")
    return record


def _is_report(raw: bytes) -> bool:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and "specversion" in body and "position" not in body


def _check_place(record: Record, number: int, county: str, positions: dict[str, int], hashes: dict[str, str]) -> None:
    service, expected = record.service, positions[record.service] + 1
    if record.source.split("/")[1] != county:
        raise BadRecords(
            f"第 {number} 行属于 {record.source.split('/')[1]}，方案是 {county} 的 / "
            f"line {number} is of county {record.source.split('/')[1]}, "
            f"the plan of {county}"
        )
    if record.position < expected:
        raise BadRecords(
            f"第 {number} 行：{service} 的第 {record.position} 条重复或次序颠倒，应为第 {expected} 条 / "
            f"line {number}: {service}'s position "
            f"{record.position} comes twice or too late, {expected} was expected"
        )
    if record.position > expected:
        raise BadRecords(
            f"第 {number} 行：{service} 缺少第 {expected} 至 {record.position - 1} 条；导出时不要选单位或日期 / "
            f"line {number}: {service} lacks positions {expected} "
            f"to {record.position - 1}; export without choosing units or days"
        )
    if record.prevhash != hashes[service]:
        raise BadRecords(
            f"第 {number} 行：{service} 第 {record.position} 条与前一条不相接，前一条或本条被改动 / line {number}: {service}'s position "
            f"{record.position} does not follow the one before it: one of the two was changed"
        )


def _check_content(record: Record, number: int, told: dict[Told, str | None], found: History) -> None:
    shape = common_class(record.type)
    try:
        if shape is DayClosed:
            found.closed[record.service] = DayClosed.model_validate(record.data).day
            return
        if shape is None:
            told[record.service, record.source, record.id] = None
            parse_fact(record.type, record.version, record.data)
            told[record.service, record.source, record.id] = record.type
        else:
            _check_amendment(record, cast(type[FactVoided | FactCorrected], shape), number, told)
    except (LookupError, ValueError):
        found.unreadable.append((cast(Service, record.service), record.known_day))
        return
    found.readable.append(record)


def _check_amendment(record: Record, shape: type[FactVoided | FactCorrected], number: int, told: Mapping[Told, str | None]) -> None:
    """Raises BadRecords where there is no such fact, LookupError or ValueError where no contract here describes it or the correction."""
    amendment = shape.model_validate(record.data)
    target = record.service, amendment.source, amendment.id
    if target not in told:
        raise BadRecords(
            f"第 {number} 行作废或更正了不存在的事实 {amendment.source} {amendment.id} / "
            f"line {number} voids or corrects a fact that is not there: {amendment.source} {amendment.id}"
        )
    type_ = told[target]
    if type_ is None:
        raise LookupError(f"{amendment.source} {amendment.id} cannot be read")
    if isinstance(amendment, FactCorrected):
        parse_fact(type_, amendment.version, amendment.data)
