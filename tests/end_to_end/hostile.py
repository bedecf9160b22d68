"""Reports that must not be recorded, of every kind we could think of: each kind by its name, everything reproducible by one seed.

Good reports among them are counted apart: they must all be recorded, once each.
"""

import asyncio
import hashlib
import hmac
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import MaxPayloadError
from nats.js.errors import APIError

from deploy.data_folder import Running
from deploy.reaching import bus
from shared import subjects
from shared.answers import Answer, parse_answer
from shared.client import ReportingClient
from shared.client.outgoing import OutgoingReport
from shared.client.repair import RepairDesks
from shared.contracts import FACTS
from shared.contracts.base import SERVICES, Fact, Service, wire_types
from shared.contracts.envelope import Source
from shared.event_store.postgres import PostgresStore
from shared.repair import OPERATOR, PAGE_MAX, Asker, ListKept
from tests.registry.persons.ids import resident_id

COUNTY = "330127000000"
DAY = "2025-03-03"
REPORTERS = (("gsj", "dengji"), ("rsj", "peixun"), ("rhzh", "daikuan"))
GOOD_IN = 20
"""One report in so many is a good one."""
AGAIN_IN = 25
"""One bad report in so many is an earlier one of any kind, sent again."""
BYTES_MAX = 256 * 1024

Body = dict[str, Any]
Wrong = tuple[Any, ...]


class Sent(NamedTuple):
    """One report as it goes onto the bus, and what has to become of it."""

    kind: str
    department: str
    system: str
    subject_type: str
    """`<service>.<event>` in the subject."""
    raw: bytes
    id: str | None
    """None where nobody can read one: it is answered under the HMAC of its bytes."""
    codes: frozenset[str]
    """Any of these codes answers it."""

    @property
    def service(self) -> Service:
        """Which service draws it."""
        service = self.subject_type.partition(".")[0]
        assert service in ("registry", "training", "finance")
        return service  # type: ignore[return-value]

    @property
    def source(self) -> str:
        """Whose it is, as the subject says."""
        return f"/{COUNTY}/{self.department}/{self.system}"

    def answered_as(self, keys: dict[Service, bytes]) -> tuple[str, str]:
        """The source and id of its answer, given each store's HMAC key."""
        return self.source, self.id if self.id is not None else hmac.new(keys[self.service], self.raw, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Kind:
    """One way to be wrong."""

    name: str
    codes: frozenset[str]
    spoil: Callable[["Maker", Body], bytes | Body]
    """Makes a good report's body wrong: gives bytes, or a body that is still JSON."""
    fits: Callable[[Body], bool] = lambda _: True
    """The payloads that can be wrong in this way."""
    by_office: bool = False
    """Whether the facts are rulings of the office, which none of the reporters is."""
    has_id: bool = True
    """Whether somebody can be answered by the id the body states."""
    subject: Callable[["Maker", str, Any], str] = lambda _, type_, told: type_
    """The type in the subject, given that of the good report and what was made of it."""


class Maker:
    """Draws one report after another."""

    def __init__(self, seed: int) -> None:
        self.by = random.Random(seed)
        self.number = 0
        self.good: list[Sent] = []
        self._bad: deque[Sent] = deque(maxlen=500)

    def reports(self, bad: int) -> Iterator[Sent]:
        """So many bad reports of every kind in turn, good ones strewn in."""
        for reporter in REPORTERS:
            yield self._good(reporter)
        for _ in range(bad):
            if self.by.randrange(GOOD_IN) == 0:
                yield self._good(self.by.choice(REPORTERS))
            if self._bad and self.by.randrange(AGAIN_IN) == 0:
                yield self.by.choice(self._bad)
            else:
                yield self._new(KINDS[self.number % len(KINDS)])

    def _new(self, kind: Kind) -> Sent:
        fact = self.by.choice([each for each in FACTS if each.by_office == kind.by_office and kind.fits(each.example)])
        department, system = self.by.choice(REPORTERS)
        body = self.body(fact, department, system)
        told = kind.spoil(self, body)
        raw, id_ = (told, body["id"]) if isinstance(told, bytes) else (orjson.dumps(told), told.get("id"))
        bad = Sent(
            kind.name, department, system, kind.subject(self, fact.type, told), raw, id_ if kind.has_id else None, kind.codes
        )  # fmt: skip
        self._bad.append(bad)
        return bad

    def _good(self, reporter: tuple[str, str]) -> Sent:
        fact, own = self.by.choice(GOOD)
        department, system = reporter
        body = self.body(fact, department, system)
        body["data"] |= {own: f"G{self.number}"} if own != "person" else {own: f"P{self.number:016d}"}
        good = Sent("good", department, system, fact.type, orjson.dumps(body), body["id"], frozenset({"recorded"}))
        self.good.append(good)
        return good

    def body(self, fact: type[Fact], department: str, system: str) -> Body:
        """A report that would be read."""
        self.number += 1
        return {
            "specversion": "1.0", "id": f"r-{self.number}", "source": f"/{COUNTY}/{department}/{system}", "type": wire_types(fact)[-1],
            "datacontenttype": "application/json", "occurred": DAY, "data": orjson.loads(orjson.dumps(fact.example)),
        }  # fmt: skip


_BY_TYPE = {fact.type: fact for fact in FACTS}
GOOD: tuple[tuple[type[Fact], str], ...] = tuple((_BY_TYPE[type], own) for type, own in (
    ("training.course_opened", "course"), ("training.guidance_given", "person"), ("registry.meeting_held", "meeting"),
    ("registry.project_collected", "project"), ("finance.support_fund_raised", "voucher"),
))  # fmt: skip
"""Facts that wait for nothing, and the field that makes each one a fact of its own."""


# How to be wrong


_TEXTS = ("name", "title", "reason", "matter", "outcome")
_TOKENS = ("course", "venue", "loan", "project", "policy", "survey", "case", "platform", "meeting")


def _with_data(change: Callable[[Maker, Body], Body | None]) -> Callable[[Maker, Body], Body]:
    def spoil(by: Maker, body: Body) -> Body:
        return body | {"data": body["data"] | (change(by, body["data"]) or {})}

    return spoil


def _with(change: Callable[[Maker, Body], Body]) -> Callable[[Maker, Body], Body]:
    return lambda by, body: body | change(by, body)


def _fields(data: Body, *ends: str) -> list[str]:
    return [name for name in data if name.endswith(ends)]


def _cut(by: Maker, body: Body) -> bytes:
    raw = orjson.dumps(body)
    return raw[: by.by.randrange(1, len(raw) - 1)] + b" " * (by.number % 7)


def _in_a_text(*pieces: bytes) -> Callable[[Maker, Body], bytes]:
    """Bytes put into the text of the id's neighbour: the report is no JSON any more."""

    def spoil(by: Maker, body: Body) -> bytes:
        raw = orjson.dumps(body)
        return raw.replace(b'"datacontenttype":"', b'"datacontenttype":"' + by.by.choice(pieces), 1)

    return spoil


_NUMBERS = ("_fen", "_m2", "employees", "number", "tranche", "points", "value")


def _as_number(*written: bytes) -> Callable[[Maker, Body], bytes]:
    """A number of the payload written like this in the JSON."""

    def spoil(by: Maker, body: Body) -> bytes:
        body["data"][by.by.choice(_fields(body["data"], *_NUMBERS))] = "@@"
        return orjson.dumps(body).replace(b'"@@"', by.by.choice(written))

    return spoil


def _nested(body: Body, levels: int, open_: str, close: str) -> bytes:
    return orjson.dumps(body)[:-2] + b',"name":' + (open_ * levels + "1" + close * levels).encode() + b"}}"


def _deep(by: Maker, body: Body) -> bytes:
    return _nested(body, by.by.randrange(20, 400), *by.by.choice((("[", "]"), ('{"a":', "}"))))


def _bottomless(by: Maker, body: Body) -> bytes:
    return _nested(body, by.by.randrange(2000, 20000), *by.by.choice((("[", "]"), ('{"a":', "}"))))


def _bare(by: Maker, body: Body) -> bytes:
    return by.by.choice((b"[%d]", b'"%d"', b"%d", b"[[],%d]", b"-%d.5e3", b'[{"id":"r-%d"}]')) % by.number


def _other_encoding(by: Maker, body: Body) -> bytes:
    text = orjson.dumps(body | {"time": "二〇二五年"}).decode()
    return text.encode(by.by.choice(("utf-16", "utf-32", "gb18030", "utf-8-sig", "big5")), "replace")


def _unusable_id(by: Maker, body: Body) -> Body:
    ids: Wrong = (
        None,
        7,
        True,
        [],
        {},
        "",
        "a b",
        "a.b",
        "a*",
        ">",
        "编号",
        "x" * 65,
        "x\n",
        "x\u0000",
        f"ⅹ{by.number}",
        "../../etc",
        1e300,
    )
    return body | {"id": by.by.choice(ids), "time": f"{by.number}"}


def _no_id(by: Maker, body: Body) -> Body:
    return {name: value for name, value in body.items() if name != "id"} | {"time": f"{by.number}"}


def _resident(by: Maker) -> str:
    return resident_id(by.by.randrange(1000), born=f"19{by.by.randrange(50, 99)}{by.by.randrange(1, 13):02d}{by.by.randrange(1, 29):02d}")


def _id_of_a_person(by: Maker, body: Body) -> Body:
    return body | {"id": f"r-{_resident(by)}-{by.number}", "time": f"{by.number}"}


_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


def _person_in_text(by: Maker, body: Body) -> Body:
    sought = _resident(by)
    written = by.by.choice(
        (sought, sought.translate(_FULL_WIDTH), f"{sought[:6]} {sought[6:14]} {sought[14:]}", sought.lower(), f"身份证{sought}号")
    )
    return body | {"data": body["data"] | {"name": written}}


def _amounts(by: Maker, data: Body) -> Body:
    wrong: Wrong = (12.5, "十万元", "12,000", "5000", -1, 10**15 + 1, 1e300, True, [], {}, "", "1e5", 5000.0, -(2**63), 2**64 - 1)
    return {by.by.choice(_fields(data, "_fen", "_m2", "employees", "number", "tranche")): by.by.choice(wrong)}


def _units(by: Maker, data: Body) -> Body:
    wrong: Wrong = (
        "330127", "33012710100", "3301271010000", "33012710100X", "３３０１２７１０１０００", "石门镇", "", 330127101000,
        330127101000.0, [],
        "330127101000 ", "\n330127101000", "330127000001x", "330127101999",
    )  # fmt: skip
    return {by.by.choice(_fields(data, "unit", "code", "into", "successor")): by.by.choice(wrong)}


def _elsewhere(by: Maker, data: Body) -> Body:
    code = by.by.choice(("330128101205", "110101001001", "330199100201", "990127101003"))
    return {by.by.choice(_fields(data, "unit", "code")): code}


def _check_character(by: Maker, data: Body) -> Body:
    name = by.by.choice(_checked(data))
    place = by.by.randrange(2, 17)
    code = str(data[name])
    return {name: code[:place] + by.by.choice([each for each in "0123456789" if each != code[place]]) + code[place + 1 :]}


def _codes(by: Maker, data: Body) -> Body:
    wrong: Wrong = (
        "91330127MA2B1C0D1",
        "91330127MA2B1C0DI8",
        "９１３３０１２７ＭＡ２Ｂ１Ｃ０Ｄ１８",
        "某某公司",
        "",
        913301270000000,
        ["91330127MA2B1C0D18"],
    )
    return {by.by.choice(_fields(data, "entity", "new_code")): by.by.choice(wrong)}


def _persons(by: Maker, data: Body) -> Body:
    wrong: Wrong = (
        "张三",
        "p0123456789abcdef",
        "P0123456789ABCDE",
        "P0123456789ABCDEIL",
        "",
        7,
        [],
        {},
        "P0123456789ABCDEU",
        "P0123456789ABCDEF\n",
    )
    return {by.by.choice(_fields(data, "person", "respondent")): by.by.choice(wrong)}


def _future(by: Maker, body: Body) -> Body:
    return {"occurred": by.by.choice(("9999-12-31", "2199-01-01", "2125-02-28", f"21{by.by.randrange(10, 99)}-06-01"))}


def _no_day(by: Maker, body: Body) -> Body:
    wrong: Wrong = (
        "2025-02-30", "2025-13-01", "0000-01-01", "2025-3-3", "20250303", "2025-03-03T08:00:00+08:00", "２０２５-03-03", "", "昨天", None,
        45719,
        45719.0, True, [], {}, "2025-03-03 ", "-2025-03-03", "12025-03-03", "1741000000",
    )  # fmt: skip
    return {"occurred": by.by.choice(wrong)}


def _envelopes(by: Maker, body: Body) -> Body:
    return by.by.choice((
        {"specversion": "0.3"}, {"specversion": 1.0}, {"specversion": None}, {"datacontenttype": "text/xml"}, {"position": "1"},
        {"prevhash": "0" * 64}, {"recorded": "2020-01-01"}, {"data": None}, {"data": []}, {"data": "{}"}, {"data": 1},
        {"time": "yesterday"},
        {"time": {}}, {"": 1}, {"data_base64": "e30="}, {"__proto__": {}}, {"data": {}, "ID": "x"},
    ))  # fmt: skip


def _others(by: Maker, body: Body) -> Body:
    _, _, department, system = body["source"].split("/")
    return {"source": by.by.choice((
        f"/{COUNTY}/chuangjianban/{system}", f"/{COUNTY}/{department}/other", f"/330128000000/{department}/{system}",
        f"/{COUNTY}/kaiye/kaiye",
        f"/{COUNTY}/kaiye/registry",
    ))}  # fmt: skip


def _no_source(by: Maker, body: Body) -> Body:
    source = body["source"]
    return {
        "source": by.by.choice(
            ("", None, 1, [], "gsj", source.upper(), f"{source}/", f"{source}/x", f"{source}\n", "/*/*/*", "//a/b", f" {source}")
        )
    }


def _bad_types(by: Maker, body: Body) -> Body:
    type_ = body["type"].rpartition(".")[0]
    wrong: Wrong = (
        type_,
        f"{type_}.v0",
        f"{type_}.v01",
        f"{type_}.v1000",
        f"{type_}.V1",
        f"{type_}.v1.v1",
        f"{type_}.v-1",
        "",
        None,
        1,
        "entity",
        f"{type_}.v1 ",
    )
    return {"type": by.by.choice(wrong)}


def _other_version(by: Maker, body: Body) -> Body:
    return {"type": f"{body['type'].rpartition('.')[0]}.v{by.by.randrange(max(fact.version for fact in FACTS) + 1, 1000)}"}


def _other_type(by: Maker, body: Body) -> Body:
    other = by.by.choice([fact for fact in FACTS if body["type"] not in wire_types(fact)])
    return {"type": wire_types(other)[-1], "data": other.example}


def _null_character(by: Maker, body: Body) -> Body:
    name = by.by.choice(list(body["data"]))
    return {"data": body["data"] | by.by.choice(({name: "a\u0000b"}, {"a\u0000b": 1}, {name: ["\u0000"]}))}


def _controls(by: Maker, data: Body) -> Body:
    name = by.by.choice(_fields(data, *_TEXTS))
    sign = by.by.choice("\x01\x08\x1b\x7f\x85\u200b\u200e\u202e\u2066\ufeff")
    return {name: by.by.choice((f"甲{sign}乙", sign, " ", "\t", "\u3000\u3000", "", "甲\r乙"))}


def _long(by: Maker, data: Body) -> Body:
    name = by.by.choice(_fields(data, *_TEXTS))
    return {name: by.by.choice(("长", "x", "🙂", "é")) * by.by.choice((2001, 20_000, 60_000))}


def _many_fields(by: Maker, data: Body) -> Body:
    return {f"f{number}": number for number in range(by.by.choice((1, 50, 3000)))}


def _many_items(by: Maker, data: Body) -> Body:
    return {"evidence": [by.by.choice((1, {}, [], "x", {"document": ""})) for _ in range(by.by.choice((51, 2000)))]}


def _myriads(by: Maker, data: Body) -> Body:
    """Within the bytes a report may have, more values than any contract takes."""
    many = by.by.choice((6000, 20_000))
    return by.by.choice(({"evidence": [by.by.choice((1, {}, ""))] * 2 * many}, {f"f{number}": 1 for number in range(many)}))


def _shapes(by: Maker, data: Body) -> Body:
    """The value of a field that no contract takes there."""
    return {by.by.choice(list(data)): by.by.choice(({"$ne": None}, [[[]]], {"": {}}, [None, {"x": []}], {"toString": 1}))}


def _fewer(by: Maker, body: Body) -> Body:
    data = dict(body["data"])
    fact = _BY_TYPE[body["type"].rpartition(".")[0]]
    needed = [name for name, field in fact.model_fields.items() if field.is_required()]
    del data[by.by.choice(needed)]
    return {"data": data}


def _tokens(by: Maker, data: Body) -> Body:
    name = by.by.choice([each for each in _TOKENS if each in data])
    return {
        name: by.by.choice(
            ("'; DROP TABLE record; --", "$(reboot)", "a b", "", "x" * 65, "编号", "../..", "{{7*7}}", "%00", "a\n", 7, "=1+1")
        )
    }


def _amend(name: str, body: Body, data: Body) -> Body:
    service = body["type"].partition(".")[0]
    return body | {"type": f"{service}.{name}.v1", "data": data}


def _not_theirs(by: Maker, body: Body) -> Body:
    others = [sent for sent in by.good if sent.source != body["source"]] or by.good
    other = by.by.choice(others)
    source = other.source if other.source != body["source"] else f"/{COUNTY}/chuangjianban/x"
    return _amend("fact_voided", body, {"source": source, "id": other.id, "reason": "并非本部门"})


def _no_amendment(by: Maker, body: Body) -> Body:
    wrong: Wrong = (
        {}, {"source": body["source"], "id": "r-1"}, {"source": "x", "id": "r-1", "reason": "x"},
        {"source": body["source"], "id": "", "reason": "x"},
        {"source": body["source"], "id": "r-1", "reason": ""}, {"source": body["source"], "id": "r-1", "reason": "x", "data": {}},
    )  # fmt: skip
    return _amend("fact_voided", body, by.by.choice(wrong))


def _a_closed_day(by: Maker, body: Body) -> Body:
    return _amend("day_closed", body, {"day": DAY})


def _conflict(by: Maker, body: Body) -> Body:
    """The id of a good report of the same system, with other content."""
    earlier = by.by.choice([sent for sent in by.good if sent.source == body["source"]])
    said: Body = orjson.loads(earlier.raw)
    return said | {"occurred": f"2025-02-{by.by.randrange(1, 29):02d}"}


def _long_gone(by: Maker, _: Body) -> Body:
    return {"occurred": by.by.choice(("0001-01-01", "1949-09-30", "0214-03-03"))}


def _no_such_type(_: Maker, body: Body) -> Body:
    return {"type": f"{_service_of(body['type'])}.no_such_fact.v1"}


def _as_it_is(_: Maker, body: Body) -> Body:
    return body


def _checked(data: Body) -> list[str]:
    """The fields of entity codes that have a check character."""
    return [name for name in ("entity", "new_code") if len(str(data.get(name))) == 18]


def _service_of(type: str) -> str:
    return type.partition(".")[0]


def _as_told(_: Maker, __: str, told: Body) -> str:
    return str(told["type"]).rpartition(".")[0]


def _no_such_subject(by: Maker, type: str, _: Body) -> str:
    return f"{_service_of(type)}.{by.by.choice(('x', 'no_such', 'ENTITY', 'a-b', '编号', 't' * 150))}"


def _another_service(by: Maker, type: str, _: Body) -> str:
    service = by.by.choice([each for each in ("registry", "training", "finance") if each != _service_of(type)])
    return f"{service}.{type.partition('.')[2]}"


def _has(*ends: str) -> Callable[[Body], bool]:
    return lambda data: bool(_fields(data, *ends))


NOT_JSON, INVALID = frozenset({"not_json"}), frozenset({"invalid"})

KINDS: tuple[Kind, ...] = (
    Kind("cut off", NOT_JSON, _cut, has_id=False),
    Kind(
        "invalid UTF-8", NOT_JSON,
        _in_a_text(b"\xff", b"\xc3(", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe4\xb8"), has_id=False,
    ),
    Kind("raw control characters", NOT_JSON, _in_a_text(b"\x00", b"\n", b"\x1b", b"\x01"), has_id=False),
    Kind("lone surrogates", NOT_JSON, _in_a_text(rb"\ud800", rb"\udc00\ud800", rb"\ud83dx"), has_id=False),
    Kind("broken escapes", NOT_JSON, _in_a_text(rb"\x41", rb"\u12", rb"\'"), has_id=False),
    Kind(
        "numbers that JSON has not", NOT_JSON,
        _as_number(b"NaN", b"Infinity", b"-Infinity", b"0x10", b"01", b"1.", b".5", b"+1", b"1e", b"True", b"1e400", b"-1e999"),
        _has(*_NUMBERS), has_id=False,
    ),
    Kind("bottomless nesting", NOT_JSON, _bottomless, has_id=False),
    Kind("no object", frozenset({"not_an_object"}), _bare, has_id=False),
    Kind("another encoding", NOT_JSON, _other_encoding, has_id=False),
    Kind("noise", NOT_JSON, lambda by, _: b"\xfe" + by.by.randbytes(by.by.randrange(1, 3000)), has_id=False),
    Kind("an unusable id", frozenset({"no_id"}), _unusable_id, has_id=False),
    Kind("no id", frozenset({"no_id"}), _no_id, has_id=False),
    Kind("a resident id in the id", frozenset({"resident_id"}), _id_of_a_person, has_id=False),
    Kind("a resident id in a text", frozenset({"resident_id"}), _person_in_text),
    Kind("nested too deeply", frozenset({"too_deep"}), _deep),
    Kind("a null character", frozenset({"control_character"}), _with(_null_character)),
    Kind("control characters and blanks", INVALID, _with_data(_controls), _has(*_TEXTS)),
    Kind("numbers out of all bounds", INVALID, _as_number(b"9" * 30, b"1e-999", b"-0.0", b"1E+2"), _has("_fen", "_m2")),
    Kind("an amount that is none", INVALID, _with_data(_amounts), _has("_fen", "_m2", "employees", "number", "tranche")),
    Kind("a unit that is none", INVALID, _with_data(_units), _has("unit", "code", "into", "successor")),
    Kind("a unit of another county", frozenset({"other_county"}), _with_data(_elsewhere), _has("unit")),
    Kind("a wrong check character", INVALID, _with_data(_check_character), lambda data: bool(_checked(data))),
    Kind("an entity code that is none", INVALID, _with_data(_codes), _has("entity", "new_code")),
    Kind("a person who is no pseudonym", INVALID, _with_data(_persons), _has("person", "respondent")),
    Kind("a day to come", frozenset({"future_day"}), _with(_future)),
    Kind("a day long gone", frozenset({"day_too_early"}), _with(_long_gone)),
    Kind("a day that is none", INVALID, _with(_no_day)),
    Kind("a wrong envelope", INVALID, _with(_envelopes)),
    Kind("another department's source", frozenset({"other_source"}), _with(_others)),
    Kind("a source that is none", INVALID, _with(_no_source)),
    Kind("a type that is none", INVALID, _with(_bad_types)),
    Kind("another version", frozenset({"unknown_type"}), _with(_other_version)),
    Kind("another type than the subject's", frozenset({"other_type"}), _with(_other_type)),
    Kind("a type under another service's subject", frozenset({"other_type"}), _as_it_is, subject=_another_service),
    Kind("a subject of no type", frozenset({"other_type"}), _as_it_is, subject=_no_such_subject),
    Kind("a subject and a type that are none", frozenset({"unknown_type"}), _with(_no_such_type), subject=_as_told),
    Kind("too long", INVALID, _with_data(_long), _has(*_TEXTS)),
    Kind("fields nobody knows", INVALID, _with_data(_many_fields)),
    Kind("too many items", INVALID, _with_data(_many_items)),
    Kind("more values than anybody takes", frozenset({"too_many_values"}), _with_data(_myriads)),
    Kind("other shapes", INVALID, _with_data(_shapes)),
    Kind("something missing", INVALID, _with(_fewer)),
    Kind("an identifier that is none", INVALID, _with_data(_tokens), lambda data: any(each in data for each in _TOKENS)),
    Kind("another department's fact voided", frozenset({"not_yours"}), _not_theirs, subject=_as_told),
    Kind("a ruling of the office by a department", frozenset({"office_only"}), _as_it_is, by_office=True),
    Kind("a void that says too little", INVALID, _no_amendment, subject=_as_told),
    Kind("a day closed by a department", frozenset({"system_only"}), _a_closed_day, subject=_as_told),
    Kind("an id taken by other content", frozenset({"conflict"}), _conflict, subject=_as_told),
)  # fmt: skip
"""What a report may have wrong with it, each answered with the code beside it."""


# On a running system

UNDER_WAY_MAX = 1500
"""So many reports may be unanswered at a time."""
ANSWER_SECONDS_MAX = 60.0


class Unanswered(AssertionError):
    """Somebody was not answered in time, or not as he should have been."""


class Desk:
    """Puts reports onto the bus as they are, past our own client, which would not send some of them; and hears what answers them."""

    def __init__(self, nc: Client, keys: dict[Service, bytes]) -> None:
        self._nc = nc
        self._queue = nc.jetstream()  # one: each has a subscription of its own
        self.keys = keys
        self._under_way: dict[tuple[str, str], Sent] = {}
        self._moved = asyncio.Event()
        self.answered: Counter[str] = Counter()
        """Reports by kind."""
        self.unexpected: list[tuple[Sent, Answer]] = []
        self.recorded: dict[tuple[str, str], set[int | None]] = {}
        """Where each recorded report says that it stands."""

    async def listen(self) -> None:
        """Hear the answers from now on."""
        await self._nc.subscribe(subjects.answered(COUNTY, "*", "*", "*"), cb=self._hear)
        await self._nc.flush()

    async def send(self, sent: Sent) -> None:
        """Put one report into the work queue; waits while many are unanswered, or one whose answer could not be told from this one's."""
        key = sent.answered_as(self.keys)
        await self._until(lambda: len(self._under_way) < UNDER_WAY_MAX and key not in self._under_way)
        self._under_way[key] = sent
        subject = subjects.reported(COUNTY, sent.department, sent.system, sent.subject_type)
        await self._queue.publish_async(subject, sent.raw)

    async def all_answered(self) -> None:
        """Wait until nothing is unanswered."""
        await self._until(lambda: not self._under_way)

    async def _until(self, done: Callable[[], bool]) -> None:
        while not done():
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), ANSWER_SECONDS_MAX)
            except TimeoutError:
                left = list(self._under_way.values())
                raise Unanswered(f"{Counter(sent.kind for sent in left)}, the first: {left[0]}") from None

    async def _hear(self, message: Msg) -> None:
        answer = parse_answer(message.data)
        key = answer.source, answer.id
        if answer.outcome == "recorded":
            self.recorded.setdefault(key, set()).add(answer.position)
        if (sent := self._under_way.get(key)) is not None and (sent.kind != "good" or answer.outcome != "waiting"):  # for the roster
            del self._under_way[key]
            self.answered[sent.kind] += 1
            if answer.code not in sent.codes or not (answer.zh and answer.en):
                self.unexpected.append((sent, answer))
        self._moved.set()


async def hand_in(running: Running, *, seed: int, bad: int) -> Counter[str]:
    """Have a running system take so many bad reports, and see what becomes of each and of the good ones among them; how many by kind."""
    maker = Maker(seed)
    async with AsyncExitStack() as stack:
        stores = {}
        for service in SERVICES:
            stores[service] = await PostgresStore.open(running.databases[service], service, running.county)
            stack.push_async_callback(stores[service].close)
        heads = {service: await store.head() for service, store in stores.items()}
        nc = await stack.enter_async_context(bus(running))
        desk = Desk(nc, {service: head.key for service, head in heads.items()})
        await desk.listen()
        sent: Counter[str] = Counter()
        refused: set[tuple[str, str]] = set()
        for report in maker.reports(bad):
            await desk.send(report)
            sent[report.kind] += 1
            if report.kind != "good":
                refused.add(report.answered_as(desk.keys))
        await desk.all_answered()
        assert desk.unexpected == [], f"{Counter(sent.kind for sent, _ in desk.unexpected)}, the first: {desk.unexpected[:3]}"
        assert desk.answered == sent
        good = {(report.source, report.id) for report in maker.good}
        ours = {source for source, _ in good}
        told = {key: positions for key, positions in desk.recorded.items() if key[0] in ours}
        assert told.keys() == good
        assert all(len(positions) == 1 for positions in told.values()), "the same answer each time"
        for service, store in stores.items():
            rows = await store.rows(heads[service].position, 10 * len(good) + 1000)
            kept = [(row.source, row.id) for row in rows if row.source in ours]
            assert sorted(kept) == sorted((report.source, report.id) for report in maker.good if report.service == service)
            assert (await store.counts()).aside == 0
        listed = {key for service in SERVICES async for key in _listed(nc, service)}
        assert refused - listed == set(), "what was refused is kept and listed, under the HMAC of its bytes where it has no id"
        queue = await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))
        assert queue.state.messages == 0
    return sent


async def _listed(nc: Client, service: Service) -> AsyncIterator[tuple[str, str]]:
    """Every report that the repair desk of a service lists as refused."""
    desks, after = RepairDesks(nc, Asker("administrator", *OPERATOR)), 0
    while True:
        page = await desks.list(service, ListKept(state=("refused",), after=after, limit=PAGE_MAX))
        for each in page.reports:
            yield str(each.source), each.id
        if page.next is None:
            return
        after = page.next


async def too_large(running: Running) -> None:
    """What the bus itself does not take: whoever sends it is told, and our own client says it in so many words."""
    maker = Maker(0)
    body = maker.body(_BY_TYPE["registry.meeting_held"], *REPORTERS[0])
    subject = subjects.reported(COUNTY, *REPORTERS[0], "registry.meeting_held")
    async with bus(running) as nc:
        for size in (BYTES_MAX + 1, BYTES_MAX + 100_000):
            with pytest.raises(APIError, match="maximum"):
                await nc.jetstream().publish(subject, orjson.dumps(body).ljust(size))
        with pytest.raises(MaxPayloadError):
            await nc.publish(subject, orjson.dumps(body).ljust(4 * 1024 * 1024))
        async with ReportingClient(nc, county=COUNTY, department=REPORTERS[0][0], system=REPORTERS[0][1]) as client:
            source = Source(COUNTY, *REPORTERS[0])
            for size in (BYTES_MAX + 1, 4 * 1024 * 1024):
                sent = OutgoingReport(source, "registry.meeting_held", orjson.dumps(body).ljust(size), body["id"])
                answer = await asyncio.wait_for(client.report(sent), ANSWER_SECONDS_MAX)
                assert (answer.outcome, answer.code, answer.en) == ("refused", "too_large", "the report is larger than 256 KiB")
