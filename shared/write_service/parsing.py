"""From the bytes of a report to something that can be decided, or to the reason why it cannot. Pure.

The *content* of a report is what its contract reads in it: a field left out and one spelled out with its default are the same content,
whatever the order of keys and of the members of sets. What no contract can read is known by its JSON or, failing that, by its bytes.

Who reported and what are taken from the subject the report came under, which the broker vouches for; a body that says otherwise is
refused. A report whose id cannot be read is answered under the HMAC of its bytes.
"""

import hashlib
import re
import traceback
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

import orjson
from pydantic import ValidationError

from shared import subjects
from shared.contracts import AnyFact, UnknownFactTypeError, as_written, parse_fact, read_fact
from shared.contracts.base import Fact, Service, Subject, about_of, names_of, natural_key_of
from shared.contracts.common import COMMON_VERSION, OFFICE, SYSTEM, DayClosed, FactCorrected, FactVoided, common_class, read_common
from shared.contracts.envelope import SOURCE_PATTERN, Record, ReportEnvelope, Source
from shared.contracts.outcomes import Reason
from shared.contracts.registry import EntityCodeReplaced
from shared.event_store.interface import ReportKey
from shared.write_service import reasons
from shared.write_service.masking import has_resident_id

DEPTH_MAX = 16
"""How deeply a report may be nested."""
VALUES_MAX = 5000
"""How many values a report may hold, more than any contract takes. A contract names all that is wrong before the first of it can be
told, at ten microseconds each: 100,000 wrong ones in 256 KiB would hold up everybody else's reports for a second.
"""
OCCURRED_MIN = date(1949, 10, 1)
"""Nothing this system is about is older; an earlier year is a slip, and arithmetic on years stays within the calendar."""
HMAC_BLOCK_BYTES = 64
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Content = Fact | FactVoided | FactCorrected


class IncomingReport(NamedTuple):
    """One report as it came off the bus. Who reported and what is read from its subject, which the broker vouches for."""

    department: str
    system: str
    type: str
    """`<service>.<event>` from the subject, without a version."""
    raw: bytes
    instant: datetime | None = None
    """The simulated instant of its header, honoured only by a simulated clock."""


class Readable(NamedTuple):
    """A report that fits its contract."""

    key: ReportKey
    digest: bytes
    """Of its content."""
    as_sent: bytes
    """Of its JSON, as whatever could not be read is known by: a report may be readable that once met a bug, or an older release, here."""
    department: str
    type: str
    version: int
    occurred: date
    data: dict[str, Any]
    content: Content
    named: "Named | None"
    """What a fact names; None for a void or a correction."""
    raw: bytes


class Named(NamedTuple):
    """What a fact of some day names."""

    about: Subject
    natural: str
    """The text of its natural key."""
    natural_digest: int
    """63 bits of it: equal keys have equal digests, and an index over them stays small whatever the key's length."""
    units: frozenset[str]
    """The codes of the units it names, but for one that it brings into being."""
    things: frozenset[Subject]
    """What else it names and does not bring into being."""

    @classmethod
    def by(cls, fact: Fact, occurred: date) -> "Named":
        """Read off the fact's fields."""
        about, names = about_of(fact), names_of(fact)
        brings = {about} if fact.opens else set()
        if type(fact) is EntityCodeReplaced:
            brings.add(f"entity:{fact.new_code}")
        units = {code for code in (fact.unit, fact.park) if code is not None}
        things = []
        for name in names:
            if name not in brings:
                if name.startswith("unit:"):
                    units.add(name[5:])
                else:
                    things.append(name)
        natural = natural_key_of(fact, occurred)
        digest = int.from_bytes(hashlib.blake2b(natural.encode(), digest_size=8).digest()) >> 1
        return cls(about, natural, digest, frozenset(units), frozenset(things))


class Unfit(NamedTuple):
    """A report that cannot be decided, and why."""

    key: ReportKey
    digest: bytes
    type: str
    reason: Reason
    raw: bytes


class Broken(NamedTuple):
    """A report that met a bug while it was read."""

    key: ReportKey
    digest: bytes
    type: str
    raw: bytes
    traceback: str


@lru_cache(1000)
def _origin(county: str, department: str, system: str) -> str:
    return str(Source(county, department, system))


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def read(report: IncomingReport, county: str, service: Service, hmac_key: bytes) -> Readable | Unfit | Broken:
    """Read a report: bytes, envelope, identity, payload. Never raises."""
    origin, raw = _origin(county, report.department, report.system), report.raw
    key: ReportKey | None = None
    sent = raw
    try:
        body = _json_object(raw)
        key = ReportKey(origin, _id(body))
        _bounded(body, raw)
        if report.department == SYSTEM or SOURCE_PATTERN.fullmatch(origin) is None:
            raise _Refused(reasons.NO_SUCH_REPORTER)
        envelope = _envelope(body)
        type_, version = _identified(envelope, origin, report.type, service)
        sent = canonical_json(type_, version, envelope.occurred, envelope.data)
        if has_resident_id(sent):
            raise _Refused(reasons.RESIDENT_ID)
        if envelope.occurred < OCCURRED_MIN:
            raise _Refused(reasons.day_too_early("occurred", OCCURRED_MIN))
        content = _content(type_, version, envelope.data)
        if isinstance(content, Fact) and content.by_office and report.department != OFFICE:
            raise _Refused(reasons.OFFICE_ONLY)
        named = Named.by(content, envelope.occurred) if isinstance(content, Fact) else None
        digest, as_sent = content_digests(hmac_key, type_, version, envelope.occurred, written(content, version, envelope.data), sent)
    except _Refused as refused:
        known = _hmac(hmac_key, sent)
        return Unfit(key or ReportKey(origin, known.hex()), known, report.type, refused.reason, raw)
    except Exception:  # noqa: BLE001 - a bug in a contract: this report is set aside, the others go on
        known = _hmac(hmac_key, sent)
        return Broken(key or ReportKey(origin, known.hex()), known, report.type, raw, traceback.format_exc())
    return Readable(key, digest, as_sent, report.department, type_, version, envelope.occurred, envelope.data, content, named, raw)


def corrected_fact(type: str, correction: FactCorrected, today: date) -> Fact | Reason:
    """The whole new fact that a correction states for a fact of this type, or why it cannot be."""
    if correction.occurred < OCCURRED_MIN:
        return reasons.day_too_early("data.occurred", OCCURRED_MIN)
    if correction.occurred > today:
        return reasons.future_day("data.occurred", today)
    try:
        return parse_fact(type, correction.version, correction.data)
    except UnknownFactTypeError:
        return reasons.unknown_type(f"{type}.v{correction.version}")
    except ValidationError as error:
        return reasons.unfit(error, within="data.data")


def canonical_json(type: str, version: int, occurred: date, data: Mapping[str, Any]) -> bytes:
    """What a report says, as JSON, whatever the order of its keys."""
    return orjson.dumps((type, version, occurred, data), option=orjson.OPT_SORT_KEYS)


def content_digests(hmac_key: bytes, type: str, version: int, occurred: date, content: Content, sent: bytes) -> tuple[bytes, bytes]:
    """The HMACs of the content and of the canonical JSON that was sent: nearly always the same, for defaults are left out of a content.

    So a field with a default that a later release adds to a contract changes no digest.
    """
    data = content.model_dump(mode="json", exclude_defaults=True)
    if isinstance(content, FactCorrected):
        data["data"] = _without_nothing(content.data)
    canonical = canonical_json(type, version, occurred, data)
    digest = _hmac(hmac_key, canonical)
    return digest, digest if canonical == sent else _hmac(hmac_key, sent)


def _without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    """The payload that a correction states, without what says nothing in any contract: null, and an empty list of evidence.

    Which contract it fits depends on the fact it corrects, which may not be here yet.
    """
    return {name: _nothing_left_out(value) for name, value in data.items() if value is not None and (name, value) != ("evidence", [])}


def _nothing_left_out(value: Any) -> Any:
    if isinstance(value, dict):
        return _without_nothing(value)
    return [_nothing_left_out(item) for item in value] if isinstance(value, list) else value


def _hmac(key: bytes, text: bytes) -> bytes:
    """HMAC-SHA-256 from the two hashes that depend on the key alone: a third of the time of `hmac.digest` on a report."""
    inside, outside = (begun.copy() for begun in _begun(key))
    inside.update(text)
    outside.update(inside.digest())
    digest: bytes = outside.digest()
    return digest


@lru_cache(16)
def _begun(key: bytes) -> tuple[Any, Any]:
    """SHA-256 of the inner and the outer pad (RFC 2104), to be copied and continued."""
    assert len(key) <= HMAC_BLOCK_BYTES, "a longer key would have to be hashed first"
    padded = key.ljust(HMAC_BLOCK_BYTES, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


def written(content: Content, version: int, data: Mapping[str, Any]) -> Content:
    """What was read, as the version says it in which it was written."""
    return content if isinstance(content, FactVoided | FactCorrected) else as_written(cast(AnyFact, content), version, data)


def read_recorded(record: Record) -> Content | DayClosed:
    """The payload of a record. Raises LookupError for a type or version of a newer release, or pydantic's ValidationError."""
    if common_class(record.type) is None:
        return read_fact(record.type, record.version, record.data)
    return read_common(record.type, record.version, record.data)


def read_content(type: str, version: int, data: Mapping[str, Any]) -> Content | DayClosed:
    """The payload of anything reported. Raises UnknownFactTypeError or pydantic's ValidationError."""
    shape = common_class(type)
    if shape is None:
        return parse_fact(type, version, data)
    if version != COMMON_VERSION:
        raise UnknownFactTypeError(f"no fact has the type {type}.v{version} / 没有这种事实类型：{type}.v{version}")
    return shape.model_validate(data)


def _json_object(raw: bytes) -> dict[str, Any]:
    if len(raw) > subjects.REPORT_BYTES_MAX:
        raise _Refused(reasons.too_large(subjects.REPORT_BYTES_MAX))
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise _Refused(reasons.NOT_JSON) from None
    if not isinstance(body, dict):
        raise _Refused(reasons.NOT_AN_OBJECT)
    return body


def _id(body: Mapping[str, Any]) -> str:
    id_ = body.get("id")
    if not isinstance(id_, str) or _ID.fullmatch(id_) is None:
        raise _Refused(reasons.NO_ID)
    if has_resident_id(id_.encode()):  # it would stand in the subject of the answer
        raise _Refused(reasons.RESIDENT_ID)
    return id_


def _bounded(body: Mapping[str, Any], raw: bytes) -> None:
    if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX and _deeper_than(DEPTH_MAX, body):
        raise _Refused(reasons.TOO_DEEP)
    if raw.count(b",") >= VALUES_MAX and _values(body) > VALUES_MAX:
        raise _Refused(reasons.too_many_values(VALUES_MAX))
    if rb"\u0000" in raw and "\x00" in _texts(body):
        raise _Refused(reasons.CONTROL_CHARACTER)  # PostgreSQL's texts cannot hold it


def _envelope(body: Mapping[str, Any]) -> ReportEnvelope:
    try:
        return ReportEnvelope.model_validate(body)
    except ValidationError as error:
        raise _Refused(reasons.unfit(error)) from None


def _identified(envelope: ReportEnvelope, source: str, type: str, service: Service) -> tuple[str, int]:
    type_, _, version = envelope.type.rpartition(".v")
    if envelope.source != source:
        raise _Refused(reasons.other_source(source))
    if type_ != type:
        raise _Refused(reasons.other_type(type))
    if type_.partition(".")[0] != service:
        raise _Refused(reasons.unknown_type(envelope.type))
    return type_, int(version)


def _content(type: str, version: int, data: Mapping[str, Any]) -> Content:
    try:
        content = read_content(type, version, data)
    except UnknownFactTypeError:
        raise _Refused(reasons.unknown_type(f"{type}.v{version}")) from None
    except ValidationError as error:
        raise _Refused(reasons.unfit(error, within="data")) from None
    if isinstance(content, DayClosed):
        raise _Refused(reasons.SYSTEM_ONLY)
    return content


def _deeper_than(levels: int, value: Any) -> bool:
    """Whether objects and arrays are nested in more levels than that; looks no deeper than it must."""
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(levels - 1, item) for item in inside)


def _values(value: Any) -> int:
    """How many values there are in a JSON value, itself not counted."""
    if not isinstance(value, dict | list):
        return 0
    return len(value) + sum(map(_values, value.values() if isinstance(value, dict) else value))


def _texts(value: Any) -> str:
    """All texts of a JSON value, keys too, one after the other."""
    if isinstance(value, dict):
        return "".join(str(key) + _texts(item) for key, item in value.items())
    if isinstance(value, list):
        return "".join(map(_texts, value))
    return value if isinstance(value, str) else ""
