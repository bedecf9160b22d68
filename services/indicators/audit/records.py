"""Recorded facts as a file: one record per line, exactly as published, plain or gzip; read with everything checked that can be.

Records are ordered by service and position. Whatever was taken out of a file's midst, put in, moved or edited is named by its line. Of its
end a file by itself can say nothing: that nothing was cut off there, and that each service's last record is as it was published, is for
whoever knows up to which position and hash the services had come: where the ends are given, the file must reach them, and goes no further.
"""

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from io import BufferedReader
from pathlib import Path
from typing import Final, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from shared.contracts import read_fact
from shared.contracts.base import SERVICES, Service
from shared.contracts.common import DayClosed, FactCorrected, FactVoided, common_class, read_common
from shared.contracts.envelope import NO_HASH, TYPE_PATTERN, EventId, Record, Source, parse_record
from shared.write_service.reasons import shown

_EVENT_ID = TypeAdapter(EventId)
_GZIP = b"\x1f\x8b"
_FOREIGN: Final = {
    b"PAR1": ("这是 Parquet 文件；归档请给出其文件夹", "this is a Parquet file: of an archive give the folder"),
    b"\xef\xbb\xbf": ("文件以字节序标记（BOM）开头，已被改存", "the file begins with a byte order mark: it was saved anew"),
    b"\xff\xfe": ("文件以 UTF-16 编码，已被改存", "the file is UTF-16: it was saved anew"),
    b"\xfe\xff": ("文件以 UTF-16 编码，已被改存", "the file is UTF-16: it was saved anew"),
    b"PK\x03\x04": ("这是 zip 或 Excel 文件", "this is a zip or an Excel file"),
}
"""How files begin that are something else."""
STDIN: Final = Path("-")


Told = tuple[str, str, str]
"""Service, source and id."""


class BadRecords(Exception):
    """A file that is not a whole and unbroken history of records; the message names the line, in Chinese and English."""

    def __init__(self, zh: str, en: str, line: int | None = None) -> None:
        """What is the matter; of a line, what stands behind its number."""
        self.zh, self.en = (zh, en) if line is None else (f"第 {line} 行{zh}", f"line {line}{en}")
        super().__init__(f"{self.zh} / {self.en}")
        self.line = line
        self.of_line = zh.removeprefix("："), en.removeprefix(":").lstrip()
        """What is the matter with the line, without its number."""


@dataclass(frozen=True, slots=True)
class End:
    """Up to where a service goes: a position, and the hash of the record there where it is known."""

    position: int
    hash: str | None = None


Ends = Mapping[str, End]
"""Service → its end; a service left out goes as far as the file does."""


@dataclass(slots=True)
class History:
    """A county's records, unbroken and in order."""

    records: list[Record] = field(default_factory=list)
    positions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SERVICES, 0))
    hashes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(SERVICES, NO_HASH))
    """Of each service's last record."""
    closed: dict[str, date] = field(default_factory=dict)
    readable: list[Record] = field(default_factory=list)
    """The facts, voids and corrections among them that a contract here describes."""
    unreadable: list[tuple[Service, date]] = field(default_factory=list)
    """The service and known day of each of the others."""

    @property
    def first_known_day(self) -> date:
        """The day on which the first record was made that says more than that a day is over; of nothing else, the first of all. Raises
        ValueError for no records.
        """
        telling = (record.known_day for record in self.records if common_class(record.type) is not DayClosed)
        return min(telling, default=None) or min(record.known_day for record in self.records)

    @property
    def last_known_day(self) -> date:
        """The day on which the last record was made. Raises ValueError for no records."""
        return max(record.known_day for record in self.records)


def read_history(path: Path, county: str, ends: Ends | None = None) -> History:
    """Read and check a file of records, or what comes in on stdin. Raises BadRecords, or OSError when the file cannot be read."""
    with _lines(path) as lines:
        return check_history(lines, county, ends)


@contextmanager
def _lines(path: Path) -> Iterator[Iterable[bytes]]:
    with nullcontext(cast(BufferedReader, sys.stdin.buffer)) if path == STDIN else path.open("rb") as file:
        packed = file.peek(2).startswith(_GZIP)
        with BufferedReader(gzip.GzipFile(fileobj=file)) if packed else nullcontext(file) as plain:
            yield plain


def check_history(lines: Iterable[bytes], county: str, ends: Ends | None = None) -> History:
    """Check the lines of a file of records: each a record of this county, each service's positions dense from 1 and its chain unbroken.

    Where ends are given the history goes up to them; what comes behind is checked to be in its place, and left out. Raises BadRecords.
    """
    found, ends = History(), ends or {}
    last: dict[str, tuple[int, str]] = dict.fromkeys(SERVICES, (0, NO_HASH))
    rest, recorded = iter(enumerate(lines, 1)), False
    told: dict[Told, str | None] = {}
    recorded_on: dict[Told, int] = {}
    try:
        for number, line in rest:
            raw = line.rstrip(b"\r\n")
            if not raw:
                continue
            record = _record(raw, number)
            service, hash_, recorded = record.service, record.hash, True
            _check_place(record, number, county, last, rest)
            last[service] = record.position, hash_
            end = ends.get(service)
            if end is not None and record.position > end.position:
                continue
            if end is not None:
                require_hash(service, record.position, hash_, end)
            _check_id(record, number, recorded_on, found)
            _add(found, record, hash_, readable=_is_readable(record, number, told))
    except (EOFError, zlib.error, OSError) as error:
        zh = "压缩文件不完整：结尾被截去" if isinstance(error, EOFError) else "文件已损坏，无法解压或读取"
        raise BadRecords(zh, f"the file is cut off or damaged: {error}") from error
    _require_ends(found, ends)
    if not found.records and recorded:
        raise BadRecords("所给的位置为止没有任何记录", "up to the positions that were given there are no records")
    if not found.records:
        raise BadRecords("文件中没有记录", "the file holds no records")
    return found


def up_to(history: History, ends: Ends) -> History:
    """A history that was checked already, up to earlier ends. Raises BadRecords where it does not go so far, or goes by another record."""
    found, readable = History(), {(record.service, record.position) for record in history.readable}
    for record in history.records:
        service, hash_, end = record.service, record.hash, ends.get(record.service)
        if end is not None and record.position > end.position:
            continue
        if end is not None:
            require_hash(service, record.position, hash_, end)
        _add(found, record, hash_, readable=(service, record.position) in readable)
    _require_ends(found, ends)
    return found


def _require_ends(found: History, ends: Ends) -> None:
    for service, end in ends.items():
        require_end(service, found.positions[service], end)


def _add(found: History, record: Record, hash_: str, *, readable: bool) -> None:
    """Add the next record of a service, which a contract here describes or not."""
    found.positions[record.service], found.hashes[record.service] = record.position, hash_
    found.records.append(record)
    closed = None if readable else _closed_day(record)
    if readable:
        found.readable.append(record)
    elif closed is not None:
        found.closed[record.service] = closed
    else:
        found.unreadable.append((cast(Service, record.service), record.known_day))


def _closed_day(record: Record) -> date | None:
    """The day that a service says it has closed; None where a record does not say so, or not as the contract has it."""
    if common_class(record.type) is not DayClosed:
        return None
    try:
        closed = read_common(record.type, record.version, record.data)
    except (LookupError, ValidationError):
        return None
    assert isinstance(closed, DayClosed)
    return closed.day


def require_hash(service: str, position: int, hash_: str, end: End) -> None:
    """Raises BadRecords where the record at a service's end is another than it must be."""
    if position == end.position and end.hash not in (None, hash_):
        raise BadRecords(
            f"{service} 第 {position} 条的哈希是 {hash_}，应为 {end.hash}：本条被改动",
            f"{service}'s position {position} has the hash {hash_}, not {end.hash}: it was changed",
        )


def require_end(service: str, position: int, end: End) -> None:
    """Raises BadRecords where a service does not go as far as it must."""
    if position < end.position:
        raise BadRecords(
            f"{service} 只到第 {position} 条，应到第 {end.position} 条：结尾被截去，或导出更早",
            f"{service} ends at position {position}, not at {end.position}: its end was cut off, or it was exported earlier",
        )


def _record(raw: bytes, number: int) -> Record:
    try:
        record = parse_record(raw)
        Source.parse(record.source)
        _EVENT_ID.validate_python(record.id)
    except (TypeError, ValueError) as error:
        if number == 1:
            _refuse_foreign(raw)
        if _is_report(raw):
            raise BadRecords(
                "是上报的报告，不是已记录的事实；请用 kaiye facts --export 导出的文件",
                " is a report, not a record: give a file that kaiye facts --export wrote",
                number,
            ) from error
        zh, en = lacking(raw)
        raise BadRecords(f"不是已记录的事实：{zh}", f" is no record: {en}", number) from error
    if TYPE_PATTERN.fullmatch(f"{record.type}.v{record.version}") is None:
        raise BadRecords(f"的类型无法识别：{record.type}", f" has a type that cannot be read: {record.type}", number)
    return record


def _refuse_foreign(raw: bytes) -> None:
    for beginning, (zh, en) in _FOREIGN.items():
        if raw.startswith(beginning):
            raise BadRecords(f"{zh}；请用 kaiye facts --export 导出的文件", f"{en}; give a file that kaiye facts --export wrote")


def _is_report(raw: bytes) -> bool:
    """Whether a line is what a department sends, or what a file of reports holds of it."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return isinstance(body, dict) and "position" not in body and ("specversion" in body or "report" in body)


def lacking(raw: bytes) -> tuple[str, str]:
    """What a line that is no record lacks to be one, in Chinese and English."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "不是完整的 JSON", "it is not a whole JSON object"
    if not isinstance(body, dict):
        return "不是 JSON 对象", "it is no JSON object"
    missing = [name for name in _FIELDS if name not in body]
    if missing:
        return f"缺少 {'、'.join(missing)}", f"it lacks {', '.join(missing)}"
    wrong = ", ".join(f"{name} {shown(repr(body[name]))}" for name in _FIELDS[:-1])
    return f"信封内容无法读取（{wrong}）", f"its envelope cannot be read ({wrong})"


_FIELDS = ("id", "source", "type", "time", "occurred", "position", "prevhash", "data")


def _check_place(record: Record, number: int, county: str, last: Mapping[str, tuple[int, str]], rest: Iterator[tuple[int, bytes]]) -> None:
    """Raises BadRecords for a record that is not the next one; what is the matter the `rest` of the lines may tell."""
    service = record.service
    position, hash_ = last[service]
    expected = position + 1
    if record.source.split("/")[1] != county:
        raise BadRecords(
            f"属于 {record.source.split('/')[1]}，方案是 {county} 的",
            f" is of county {record.source.split('/')[1]}, the plan of {county}",
            number,
        )
    later = next((each for each in SERVICES[SERVICES.index(cast(Service, service)) + 1 :] if last[each][0]), None)
    if later is not None:
        raise BadRecords(
            f"次序颠倒：{service} 的第 {record.position} 条在 {later} 的记录之后，应按 {'、'.join(SERVICES)} 的次序",
            f" is out of order: {service}'s position {record.position} comes behind records of {later}; the order is {', '.join(SERVICES)}",
            number,
        )
    if record.position < expected:
        raise BadRecords(
            f"：{service} 的第 {record.position} 条重复或次序颠倒，应为第 {expected} 条",
            f": {service}'s position {record.position} comes twice or too late, {expected} was expected",
            number,
        )
    if record.position > expected:
        found = next((at for at, line in rest if _placed(line) == (service, expected)), None)
        if found is not None:
            raise BadRecords(
                f"次序颠倒：{service} 的第 {record.position} 条在第 {expected} 条（第 {found} 行）之前",
                f" is out of order: {service}'s position {record.position} comes before position {expected}, which is in line {found}",
                number,
            )
        raise BadRecords(
            f"：应为 {service} 的第 {expected} 条，却是第 {record.position} 条，其间缺少；导出时不要选单位或日期",
            f": {service}'s position {record.position} where {expected} was expected, what lies between is missing; "
            "export without choosing units or days",
            number,
        )
    if record.prevhash != hash_:
        zh, en = _which_was_changed(record, rest)
        raise BadRecords(
            f"：{service} 第 {record.position} 条与前一条不相接，{zh}被改动",
            f": {service}'s position {record.position} does not follow the one before it: {en} was changed",
            number,
        )


def _placed(line: bytes) -> tuple[str, int] | None:
    """Service and position of a line further on, None where it is no record."""
    try:
        record = parse_record(line.rstrip(b"\r\n"))
    except (TypeError, ValueError):
        return None
    return record.service, record.position


def _which_was_changed(record: Record, rest: Iterator[tuple[int, bytes]]) -> tuple[str, str]:
    """Of a record and the one before it, which does not follow from it: where the next one follows from this, it was the one before."""
    unknown = "前一条或本条", "one of the two"
    if record.position == 1:
        return "本条", "it"
    _, line = next(rest, (0, b""))
    if _placed(line) != (record.service, record.position + 1):
        return unknown
    follows = parse_record(line.rstrip(b"\r\n")).prevhash == record.hash
    return ("前一条", f"position {record.position - 1}") if follows else ("本条", "it")


def _check_id(record: Record, number: int, recorded_on: dict[Told, int], found: History) -> None:
    """Raises BadRecords where the same report is recorded already: no service records one twice, so that somebody else did."""
    key = record.service, record.source, record.id
    line = recorded_on.setdefault(key, number)
    if line != number:
        first = next(each.position for each in found.records if (each.service, each.source, each.id) == key)
        raise BadRecords(
            f"：{record.service} 第 {record.position} 条与第 {line} 行（第 {first} 条）同为 {record.source} {record.id}，"
            "同一来源的编号只记录一次，两条之一是伪造的",
            f": {record.service}'s position {record.position} is {record.source} {record.id} again, as line {line} "
            f"(position {first}) is: an id of a source is recorded once, so that one of the two is forged",
            number,
        )


def _is_readable(record: Record, number: int, told: dict[Told, str | None]) -> bool:
    """Whether a record is a fact, a void or a correction that a contract here describes. Raises BadRecords for one of an unknown fact."""
    shape = common_class(record.type)
    if shape is DayClosed:
        return False
    try:
        if shape is None:
            told[record.service, record.source, record.id] = None
            read_fact(record.type, record.version, record.data)
            told[record.service, record.source, record.id] = record.type
        else:
            _check_amendment(record, number, told)
    except (LookupError, ValueError):
        return False
    return True


def _check_amendment(record: Record, number: int, told: Mapping[Told, str | None]) -> None:
    """Raises BadRecords where there is no such fact, LookupError or ValueError where no contract here describes it or the correction."""
    amendment = read_common(record.type, record.version, record.data)
    assert isinstance(amendment, FactVoided | FactCorrected)
    target = record.service, amendment.source, amendment.id
    if target not in told:
        raise BadRecords(
            f"作废或更正了不存在的事实 {amendment.source} {amendment.id}",
            f" voids or corrects a fact that is not there: {amendment.source} {amendment.id}",
            number,
        )
    type_ = told[target]
    if type_ is None:
        raise LookupError(f"{amendment.source} {amendment.id} cannot be read")
    if isinstance(amendment, FactCorrected):
        read_fact(type_, amendment.version, amendment.data)
