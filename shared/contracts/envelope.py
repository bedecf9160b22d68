"""The two shapes on the wire: a *report* (what a department sends) and a *record* (what the system keeps and publishes).

Both are CloudEvents 1.0 in JSON. A report has no position; a record is its exact bytes for ever: stored, published, hashed and
proved unchanged. `hash = SHA-256(record bytes)`, each record names its predecessor's hash, and the first names 64 zeros.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.exact import Day
from shared.days import day_of, instant_from, instant_text

NO_HASH = "0" * 64
"""The `prevhash` of a service's first record."""

Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
"""A department or system as it stands in a subject."""
EventId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
TYPE_PATTERN = re.compile(r"^(registry|training|finance)\.([a-z][a-z0-9_]*)\.v([1-9][0-9]{0,2})$")
SOURCE_PATTERN = re.compile(r"^/([0-9]{12})/([a-z0-9_-]{1,32})/([a-z0-9_-]{1,32})$")


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports: a county's department and its system. Its text is the CloudEvents `source`: `/county/department/system`."""

    county: str
    department: str
    system: str

    def __str__(self) -> str:
        return f"/{self.county}/{self.department}/{self.system}"

    @classmethod
    def parse(cls, text: str) -> "Source":
        """Raises ValueError when the text is not `/county/department/system`."""
        match = SOURCE_PATTERN.match(text)
        if match is None:
            raise ValueError(f"source must read /county/department/system: {text} / 来源格式应为 /县/部门/系统")
        return cls(*match.groups())


class ReportEnvelope(BaseModel):
    """What a department sends. `time` is the reporter's own and is not kept; `data` is the fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    specversion: Literal["1.0"]
    id: EventId
    source: Annotated[str, StringConstraints(pattern=SOURCE_PATTERN.pattern)]
    type: Annotated[str, StringConstraints(pattern=TYPE_PATTERN.pattern)]
    occurred: Day
    data: dict[str, Any]
    datacontenttype: Literal["application/json"] = "application/json"
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded fact as the streams carry it: the envelope's fields, `data` as plain JSON, and the exact bytes."""

    source: str
    id: str
    type: str
    version: int
    occurred: date
    recorded: datetime
    position: int
    prevhash: str
    data: dict[str, Any]
    raw: bytes

    @property
    def service(self) -> str:
        """The write service that recorded it."""
        return self.type.partition(".")[0]

    @property
    def known_day(self) -> date:
        """The day in Asia/Shanghai on which it became known."""
        return day_of(self.recorded)

    @property
    def hash(self) -> str:
        """SHA-256 of the exact bytes, in hex."""
        return hashlib.sha256(self.raw).hexdigest()


def report_bytes(*, source: Source, id: str, type: str, version: int = 1, occurred: date, data: dict[str, Any]) -> bytes:
    """A report's JSON as a client sends it."""
    return orjson.dumps({
        "specversion": "1.0", "id": id, "source": str(source), "type": f"{type}.v{version}", "datacontenttype": "application/json",
        "occurred": occurred.isoformat(), "data": data,
    })  # fmt: skip


def record_bytes(
    *, source: str, id: str, type: str, version: int, occurred: date, recorded: datetime, position: int, prevhash: str, data: dict[str, Any]
) -> bytes:
    """A record's exact JSON: the same arguments always give the same bytes."""
    return orjson.dumps({
        "specversion": "1.0", "id": id, "source": source, "type": f"{type}.v{version}", "time": instant_text(recorded),
        "datacontenttype": "application/json", "occurred": occurred.isoformat(), "position": str(position), "prevhash": prevhash,
        "data": data,
    })  # fmt: skip


def parse_record(raw: bytes) -> Record:
    """Read a record's bytes. Raises ValueError when they are not a record (a report, for one, has no position)."""
    try:
        body = orjson.loads(raw)
        type_, _, version = body["type"].rpartition(".v")
        return Record(
            source=body["source"], id=body["id"], type=type_, version=int(version), occurred=date.fromisoformat(body["occurred"]),
            recorded=instant_from(body["time"]), position=int(body["position"]), prevhash=body["prevhash"], data=body["data"], raw=raw,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a recorded fact: {error!r} / 不是已记录的事实") from error
