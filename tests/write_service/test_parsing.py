"""From bytes to something that can be decided: what is refused while reading, under which id, and in which words."""

import hmac
from collections.abc import Iterator
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared import subjects
from shared.contracts.base import Fact, Service
from shared.contracts.common import OFFICE, FactCorrected, common_type
from shared.contracts.registry import EntityRegistered, GreenChannelCaseAccepted
from shared.write_service import parsing, reasons
from shared.write_service.parsing import Broken, IncomingReport, Readable, Unfit, canonical_json, read
from tests.support.reporting import ANNA, BO, COUNTY, ENTITY, OLD_CODE, RULES, VILLAGE, correction, entity, report

KEY = b"k" * 32
RESIDENT = "11010519491231002X"


def read_one(incoming: IncomingReport, service: Service = "registry") -> Readable | Unfit | Broken:
    return read(incoming, COUNTY, service, KEY)


def refused(incoming: IncomingReport, service: Service = "registry") -> Unfit:
    found = read_one(incoming, service)
    assert isinstance(found, Unfit)
    return found


def raw(body: Any, type: str = "registry.entity_registered") -> IncomingReport:
    return IncomingReport("hr", "main", type, body if isinstance(body, bytes) else orjson.dumps(body))


def envelope(**more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": "r-1", "source": f"/{COUNTY}/hr/main", "type": "registry.entity_registered.v1",
        "occurred": "2010-03-01", "data": entity(),
    } | more  # fmt: skip


def test_a_good_report_is_read() -> None:
    found = read_one(raw(envelope(time="2010-03-01T10:00:00+08:00")))
    assert isinstance(found, Readable)
    assert (found.key.source, found.key.id, found.type, found.version) == (f"/{COUNTY}/hr/main", "r-1", "registry.entity_registered", 1)
    assert isinstance(found.content, EntityRegistered)
    assert found.named is not None
    assert found.named.about == f"entity:{ENTITY}"
    assert found.named.units == {VILLAGE}
    assert found.named.things == {f"person:{ANNA}"}


def test_a_new_code_need_not_exist_before_it_replaces_another() -> None:
    found = read_one(report("registry.entity_code_replaced", {"entity": OLD_CODE, "new_code": ENTITY}))
    assert isinstance(found, Readable)
    assert found.named is not None
    assert found.named.things == {f"entity:{OLD_CODE}"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        ("中文".encode("gb18030"), "not_json"),
        (b"[1]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (envelope(id=7), "no_id"),
        (envelope(id="a b"), "no_id"),
        (envelope(id="x" * 65), "no_id"),
        ({}, "no_id"),
        (envelope(id=RESIDENT), "resident_id"),
        (b" " * subjects.REPORT_BYTES_MAX + b"{}", "too_large"),
        (b"[" * 500 + b"]" * 500, "not_an_object"),
    ],
)
def test_what_cannot_be_read_is_answered_under_the_hmac_of_its_bytes(body: Any, code: str) -> None:
    found, again, other = refused(raw(body)), refused(raw(body)), refused(raw(b"something else"))
    assert found.reason.code == code
    assert len(found.key.id) == 64
    assert found.key == again.key
    assert found.key != other.key
    assert found.key.id == found.digest.hex()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"id":"a","data":' + b"[" * 500 + b"]" * 500 + b"}", "too_deep"),
        (b'{"id":"a","data":[' + b"1," * 5000 + b"1]}", "too_many_values"),
        (b'{"id":"a","data":{"name":"\\u0000"}}', "control_character"),
        (b'{"id":"a","data":{"\\u0000":1}}', "control_character"),
    ],
)
def test_what_is_too_deep_or_too_much_or_holds_null_characters_is_refused_under_its_id(body: bytes, code: str) -> None:
    assert (refused(raw(body)).key.id, refused(raw(body)).reason.code) == ("a", code)


def test_nesting_is_counted_to_the_level() -> None:
    assert not parsing._deeper_than(4, {"a": [[1, {}, "{"]], "b": []})
    assert parsing._deeper_than(3, {"a": [[1, {}, "{"]], "b": []})


def test_a_backslash_is_no_null_character() -> None:
    assert isinstance(read_one(raw(envelope(data=entity(name=r"\u0000")))), Readable)


def test_the_hmac_depends_on_the_secret_key() -> None:
    assert read(raw(b"{"), COUNTY, "registry", b"another key").key != refused(raw(b"{")).key


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"specversion": "2.0"}, "invalid", "specversion"),
        ({"occurred": "yesterday"}, "invalid", "occurred"),
        ({"occurred": "0201-03-01"}, "day_too_early", "1949-10-01"),
        ({"extra": 1}, "invalid", "extra"),
        ({"data": []}, "invalid", "data"),
        ({"source": f"/{COUNTY}/tax/main"}, "other_source", f"/{COUNTY}/hr/main"),
        ({"source": f"/{COUNTY}/hr/other"}, "other_source", f"/{COUNTY}/hr/main"),
        ({"source": "/330128000000/hr/main"}, "other_source", f"/{COUNTY}/hr/main"),
        ({"type": "registry.entity_restored.v1"}, "other_type", "registry.entity_registered"),
        ({"type": "registry.entity_registered.v7"}, "unknown_type", "v7"),
        ({"type": "entity registered"}, "invalid", "type"),
    ],
)
def test_a_bad_envelope_is_refused_under_its_id(change: dict[str, Any], code: str, says: str) -> None:
    found = refused(raw(envelope(**change)))
    assert (found.key.id, found.reason.code) == ("r-1", code)
    assert says in found.reason.zh
    assert says in found.reason.en


def test_a_type_no_contract_has_is_refused() -> None:
    assert refused(report("registry.moon_landed", {})).reason == reasons.unknown_type("registry.moon_landed.v1")


def test_a_report_for_another_service_is_refused() -> None:
    assert refused(report("registry.entity_registered", entity()), "finance").reason.code == "unknown_type"


def test_only_the_system_closes_days() -> None:
    assert refused(report("registry.day_closed", {"day": "2010-01-01"})).reason == reasons.SYSTEM_ONLY


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (entity(entity_kind="shop"), "data.entity_kind"),
        (entity(entity="91330127MA2B1C0D19"), "data.entity"),
        (entity(founders="BO"), "data.founders"),
        (entity(founders=("nobody",)), "data.founders[0].person"),
        (entity(start_up_cost_fen=-1), "data.start_up_cost_fen"),
        (entity(start_up_cost_fen=1.5), "data.start_up_cost_fen"),
        (entity(unit="330127401000"), "data.unit"),
        (entity(colour="red"), "data.colour"),
        (entity(name="x" * 201), "data.name"),
        (entity(name=""), "data.name"),
        ({key: value for key, value in entity().items() if key != "industry"}, "data.industry"),
    ],
)
def test_a_bad_payload_is_refused_with_the_field_named_in_both_languages(data: dict[str, Any], field: str) -> None:
    reason = refused(report("registry.entity_registered", data)).reason
    assert reason.code == "invalid"
    assert f"字段 {field}" in reason.zh
    assert field in reason.en
    assert any("\u4e00" <= character <= "\u9fff" for character in reason.zh.replace("字段", ""))
    assert not any("\u4e00" <= character <= "\u9fff" for character in reason.en)


def test_what_the_contracts_themselves_say_comes_in_its_language() -> None:
    data = entity()
    del data["unit"]
    reason = refused(report("registry.entity_registered", data)).reason
    assert (reason.zh, reason.en) == ("字段 data：必须填写单位或园区", "data: unit or park is required")


@pytest.mark.parametrize("day", ["2025-13-10", "2025-02-30", "2025-06-00", "0000-01-01"])
def test_a_day_that_does_not_exist_is_told_as_that_in_both_languages(day: str) -> None:
    for field, incoming in (
        ("occurred", raw(envelope(occurred=day))),
        ("data.promised", report("registry.green_channel_case_accepted", {**GreenChannelCaseAccepted.example, "promised": day})),
    ):
        reason = refused(incoming).reason
        assert (reason.zh, reason.en) == (f"字段 {field}：没有 {day} 这一天", f"{field}: there is no day {day}")


def test_the_sentence_counts_what_else_is_wrong() -> None:
    reason = refused(report("registry.entity_registered", entity(entity_kind="shop", name="", colour="red", industry=5, evidence=0))).reason
    assert reason.zh.endswith("（另有 2 处）")
    assert reason.en.endswith("(and 2 more)")
    assert [said.split()[0] for said in reason.en.split("; ")] == ["data.colour", "data.evidence", "data.name"]


def test_a_misspelt_field_is_told_before_what_is_missing_for_it_with_the_field_that_may_be_meant() -> None:
    data = entity()
    data["industri"] = data.pop("industry")
    reason = refused(report("registry.entity_registered", data)).reason
    assert reason.zh == "字段 data.industri 不是本类事实的字段（是否应为 industry）；字段 data.industry 不能缺少"
    assert reason.en == "data.industri is not a field of this fact (industry?); data.industry is missing"
    founders = [{"person": ANNA, "categorie": []}]
    within = refused(report("registry.entity_registered", entity() | {"founders": founders})).reason
    assert within.en == "data.founders[0].categorie is not a field of this fact"
    assert refused(raw(envelope(occured="2010-03-01"))).reason.en == "occured is not a field of this fact"
    misspelt = [{"persom": ANNA}]
    inside = refused(report("registry.entity_registered", entity() | {"founders": misspelt})).reason
    assert inside.en == "data.founders[0].persom is not a field of this fact (person?); data.founders[0].person is missing"
    named = refused(report("registry.entity_registered", entity() | {"a\n字段": 1})).reason
    assert named.en == "data.a\\u000a字段 is not a field of this fact"
    of_a_correction = refused(report("registry.fact_corrected", {"sorce": "x"})).reason
    assert of_a_correction.en.startswith("data.sorce is not a field of this fact (source?); data.source is missing; ")
    assert of_a_correction.en.endswith(" (and 3 more)")


@pytest.mark.parametrize("value", ["v" * 41, "长" * 5000, {"a": "b" * 50}, ["c" * 60]])
def test_long_values_are_never_repeated(value: Any) -> None:
    for field in ("name", "entity_kind", "industry", "start_up_cost_fen", "entity", "unit"):
        reason = refused(report("registry.entity_registered", entity(**{field: value}))).reason if field != "name" else None
        if reason is not None:
            assert "v" * 41 not in reason.en
            assert len(reason.zh) < 250
            assert len(reason.en) < 250


def test_a_short_value_is_repeated() -> None:
    assert "收到 shop" in refused(report("registry.entity_registered", entity(entity_kind="shop"))).reason.zh


def test_what_looks_like_a_resident_id_is_not_repeated() -> None:
    reason = refused(report("registry.entity_registered", entity(start_up_cost_fen="x990105491231002"))).reason
    assert "990105491231002" not in reason.zh + reason.en
    assert "990105*" in reason.zh
    for unseen in ("\u200b", "\U000e0001", "\n"):
        parted = f"990105{unseen}491231002"
        reason = refused(report("registry.entity_registered", entity(start_up_cost_fen=parted))).reason
        assert "491231002" not in reason.zh + reason.en


@pytest.mark.parametrize(
    "text", [RESIDENT, f"身份证{RESIDENT}号", f"ID{RESIDENT.lower()}", "11010519491231002\\u0058", "旧证110105491231002"]
)
def test_a_resident_id_in_free_text_is_refused(text: str) -> None:
    incoming = report("registry.entity_registered", entity(name="@"))
    found = refused(incoming._replace(raw=incoming.raw.replace(b"@", text.encode())))
    assert found.reason == reasons.RESIDENT_ID


@pytest.mark.parametrize("fact", [fact for fact in RULES["registry"].facts if fact.by_office], ids=lambda fact: fact.type)
def test_nobody_but_the_office_rules(fact: type[Fact]) -> None:
    assert refused(report(fact.type, fact.example, by="hr")).reason == reasons.OFFICE_ONLY
    assert isinstance(read_one(report(fact.type, fact.example, by=OFFICE)), Readable)


def test_an_entity_code_that_happens_to_be_a_valid_resident_id_is_read() -> None:
    found = read_one(report("registry.entity_registered", entity(entity="913101185304127071")))
    assert isinstance(found, Readable)


def test_the_digest_knows_content_from_form() -> None:
    plain = orjson.dumps(envelope())
    spaced = orjson.dumps(dict(reversed(envelope().items())) | {"time": "2010-03-02T00:00:00Z"}, option=orjson.OPT_INDENT_2)
    other = orjson.dumps(envelope(occurred="2010-03-02"))
    assert plain != spaced
    assert read_one(raw(plain)).digest == read_one(raw(spaced)).digest
    assert read_one(raw(plain)).digest != read_one(raw(other)).digest


def test_a_bug_while_reading_is_kept_apart_under_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(parsing, "parse_fact", broken)
    found = read_one(raw(envelope()))
    assert isinstance(found, Broken)
    assert found.key.id == "r-1"
    assert "no such luck" in found.traceback


FACTS = [fact for rules in RULES.values() for fact in rules.facts]


def test_what_was_sent_without_defaults_is_known_by_the_hmac_of_its_canonical_json() -> None:
    for key, name in ((KEY, "x"), (b"k" * 64, "x" * 150)):
        found = read(raw(envelope(data=entity(name=name))), COUNTY, "registry", key)
        assert isinstance(found, Readable)
        canonical = canonical_json("registry.entity_registered", 1, date(2010, 3, 1), entity(name=name))
        assert found.digest == found.as_sent == hmac.digest(key, canonical, "sha256")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_a_default_left_out_and_spelled_out_are_the_same_content(fact: type[Fact]) -> None:
    parsed = fact.model_validate(fact.example)
    service: Any = fact.type.partition(".")[0]
    short, long = (parsed.model_dump(mode="json", exclude_defaults=left_out) for left_out in (True, False))
    assert fact.model_validate(short) == fact.model_validate(long) == parsed
    assert "evidence" in long
    more = short | {"evidence": [{"document": "另一份"}]}
    one, same, other = (read_one(report(fact.type, data, version=fact.version), service) for data in (short, long, more))
    assert isinstance(one, Readable)
    assert isinstance(same, Readable)
    assert one.digest == same.digest == one.as_sent != same.as_sent
    assert other.digest not in {one.digest, one.as_sent}


@given(st.sets(st.sampled_from(["park", "unit", "start_up_cost_fen", "green_channel_case", "evidence", "founders"])))
def test_a_correction_says_the_same_with_nothing_spelled_out_in_the_fact_it_states(spelled_out: set[str]) -> None:
    target, plain = report("registry.entity_registered", entity()), entity()
    more: dict[str, Any] = dict.fromkeys(spelled_out - {"founders", "evidence"})
    more |= {"evidence": []} if "evidence" in spelled_out else {}
    more |= {"founders": [{"person": BO, "categories": ["youth"]}]} if "founders" in spelled_out else {}
    plain.pop("unit")
    type_ = common_type(FactCorrected, "registry")
    one, two = (read_one(report(type_, correction(target, data))) for data in (plain, plain | more))
    assert (one.digest == two.digest) == ("founders" not in spelled_out)


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within an annotation."""
    if get_origin(annotation) in (Annotated, Union, UnionType, tuple):
        for part in get_args(annotation):
            yield from models(part)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_null_says_nothing_in_any_contract(fact: type[Fact]) -> None:
    for model in models(fact):
        for name, field in model.model_fields.items():
            assert NoneType not in get_args(field.annotation) or field.default is None, f"{model.__name__}.{name}"
    assert fact.model_fields["evidence"].default == ()


@pytest.mark.parametrize(
    ("department", "system"), [("HR", "main"), ("hr", "Main"), ("d" * 33, "main"), ("hr/x", "main"), ("kaiye", "registry")]
)
def test_who_is_no_department_is_refused_under_the_id_and_kept(department: str, system: str) -> None:
    body = envelope(source=f"/{COUNTY}/{department}/{system}")
    found = refused(IncomingReport(department, system, "registry.entity_registered", orjson.dumps(body)))
    assert (found.key.id, found.reason, found.raw) == ("r-1", reasons.NO_SUCH_REPORTER, orjson.dumps(body))
