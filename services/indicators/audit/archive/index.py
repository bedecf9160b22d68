"""The index of an archive: which files belong to it, what each holds and its digest, and up to where each service goes.

One line of JSON each: what the archive is, every file, and at the end the SHA-256 of the lines before. The bytes follow from what they
say, so that there is only one way to write an index, and whatever else is there is found to be damaged.
"""

import dataclasses
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from services.indicators.audit.archive.sets import RECORDS_SET
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import NO_HASH

INDEX = "index.jsonl"
READING = "reading.lock"
"""Locked by whoever reads an archive; shared among readers. No file is deleted meanwhile."""
WRITING = "writing.lock"
"""Locked by the one process that writes."""
FORMAT = 1

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
SafePath = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_]+/county=[0-9]{12}/(month=[0-9]{4}-[0-9]{2}|year=[0-9]{4})/[a-z0-9-]+\.parquet$")
]


class BadArchive(Exception):
    """A folder that is not a whole and unbroken archive of the county; the message names the file, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """One file: of which set, service and period of recording, how many rows from which position to which, its size and digest."""

    path: SafePath
    set: str
    service: Service
    period: str
    rows: Annotated[int, Field(ge=1)]
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    last_hash: Digest | None
    """The hash of the last record; null but for files of records."""
    bytes: Annotated[int, Field(ge=1)]
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Head:
    """Up to where a service goes: the position of its last record, and that record's hash."""

    position: Annotated[int, Field(ge=0)] = 0
    hash: Digest = NO_HASH


class _First(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: Literal[1]
    county: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
    contracts: Digest
    number: int
    heads: dict[Service, Head]
    retired: list[SafePath]


@dataclass(frozen=True, slots=True)
class Index:
    """What belongs to an archive."""

    county: str
    contracts: str
    """Which contracts the sets were derived by: see `sets.contracts_digest`."""
    number: int = 0
    """Counts the indexes of this archive. A file's name says with which it came: one that came later is not finished yet."""
    heads: dict[Service, Head] = dataclasses.field(default_factory=lambda: {service: Head() for service in SERVICES})
    files: tuple[ArchivedFile, ...] = ()
    retired: tuple[str, ...] = ()
    """Files that this index left out: they are being deleted."""

    def of_set(self, name: str) -> list[ArchivedFile]:
        """The files of a set, by service and position."""
        return [file for file in self.files if file.set == name]


def file_path(set_: str, county: str, service: Service, period: str, first: int, last: int, number: int) -> str:
    """Where a file lies within an archive."""
    partition = "month" if set_ == RECORDS_SET else "year"
    return f"{set_}/county={county}/{partition}={period}/{service}-{first:010d}-{last:010d}-{number:08d}.parquet"


def came_with(path: str) -> int:
    """The number of the index a file came with. Raises ValueError for the name of another file."""
    return int(PurePosixPath(path).stem.rpartition("-")[2])


def in_order(files: list[ArchivedFile]) -> tuple[ArchivedFile, ...]:
    """Files as an index lists them: the records first, then set by set; by service and position."""
    return tuple(sorted(files, key=lambda file: (file.set != RECORDS_SET, file.set, SERVICES.index(file.service), file.first)))


def index_bytes(index: Index) -> bytes:
    """An index as it is written."""
    first = {
        "format": FORMAT, "county": index.county, "contracts": index.contracts, "number": index.number,
        "heads": {service: dataclasses.asdict(head) for service, head in index.heads.items()}, "retired": index.retired,
    }  # fmt: skip
    lines = b"".join(orjson.dumps(each) + b"\n" for each in (first, *index.files))
    return lines + orjson.dumps({"sha256": sha256(lines).hexdigest()}) + b"\n"


_FILE = TypeAdapter(ArchivedFile)


def read_index(raw: bytes) -> Index:
    """Read an index. Raises BadArchive when it is damaged, edited or of a format this release does not know."""
    try:
        lines = raw.splitlines()
        said = orjson.loads(lines[0])
        if isinstance(said, dict) and isinstance(said.get("format"), int) and said["format"] > FORMAT:
            raise BadArchive(
                f"{INDEX} 由更新版本的 kaiye 写入（格式 {said['format']}，本版本最高 {FORMAT}）/ "
                f"{INDEX} was written by a newer kaiye (format {said['format']}, this one knows up to {FORMAT})"
            )
        first = _First.model_validate(said)
    except (IndexError, ValueError, ValidationError) as error:
        raise _damaged(1) from error
    files = tuple(_file_of(line, number) for number, line in enumerate(lines[1:-1], 2))
    index = Index(first.county, first.contracts, first.number, first.heads, files, tuple(first.retired))
    if index_bytes(index) != raw:
        raise _damaged()
    return index


def _file_of(line: bytes, number: int) -> ArchivedFile:
    try:
        return _FILE.validate_json(line)
    except ValidationError as error:
        raise _damaged(number) from error


def _damaged(line: int | None = None) -> BadArchive:
    if line is None:
        return BadArchive(
            f"{INDEX} 已损坏或被改动：与其自身的摘要不符 / {INDEX} is damaged or was edited: it does not match its own digest"
        )
    return BadArchive(f"{INDEX} 第 {line} 行已损坏或被改动 / {INDEX}, line {line}, is damaged or was edited")
