"""The AsyncAPI documents are fresh, say what is really on the bus, and every reference in them leads somewhere."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.asyncapi_reference import APPS, documents, main, stale_files
from shared.contracts import FACTS
from shared.contracts.base import SERVICES, Service, service_of
from shared.contracts.common import COMMON_FACTS, common_type
from shared.contracts.envelope import NO_HASH, Source, record_bytes, report_bytes
from shared.contracts.finance import LoanRepaid
from shared.write_app.messages import record_schema, report_schema, types_of
from tests.write_app.system import COUNTY, DAY, instant

DOCUMENTS = {name: json.loads(text) for name, text in documents().items()}
CALLS = ("list", "show", "resubmit", "correct", "dismiss")
ASKED = {service: {f"repair.{service}.{call}.*.*.*" for call in CALLS} for service in SERVICES}
ASKED["registry"] |= {"identify.registry.*.*"} | {
    f"command.registry.{name}" for name in ("erase_person", "rotate_person_key", "export_roster", "person_acts")
}
"""What a write service answers by request and reply."""
every_document = pytest.mark.parametrize("name", DOCUMENTS, ids=str)


def test_the_committed_documents_are_fresh() -> None:
    """Stale: `python -m deploy.asyncapi_reference`."""
    assert stale_files() == []


def test_there_is_a_document_for_every_service() -> None:
    assert set(APPS) == {*SERVICES, "indicators"}
    assert set(DOCUMENTS) == {f"{service}.json" for service in APPS}


@every_document
def test_every_reference_leads_somewhere(name: str) -> None:
    references = list(_references(DOCUMENTS[name]))
    assert references
    for reference in references:
        found: Any = DOCUMENTS[name]
        for step in reference.removeprefix("#/").split("/"):
            found = found[unquote(step).replace("~1", "/").replace("~0", "~")]


@pytest.mark.parametrize("service", SERVICES)
def test_every_type_has_a_channel_of_its_own_and_the_queue_takes_all_that_may_be_reported(service: Service) -> None:
    document = DOCUMENTS[f"{service}.json"]
    assert document["asyncapi"] == "3.0.0"
    facts = [fact for fact in FACTS if service_of(fact) == service]
    types = {*(fact.type for fact in facts), *(common_type(shape, service) for shape in COMMON_FACTS)}
    addresses = {channel["address"] for channel in document["channels"].values()}
    expected = {f"recorded.{COUNTY}.{type_}" for type_ in types}
    assert addresses == expected | {f"answered.{COUNTY}.*.*.*", f"reported.{COUNTY}.*.*.{service}.>"} | ASKED[service]
    reported = document["components"]["schemas"]["reported:Message:Payload"]
    versions = sum(fact.version for fact in facts)
    assert len(reported["oneOf"]) == versions + 2  # voids and corrections; closed days are the system's own
    assert document["operations"]["reported"]["action"] == "receive"


def test_an_example_of_every_fact_is_a_valid_message_and_an_unknown_field_is_not() -> None:
    for service in SERVICES:
        reports = TypeAdapter[Any](report_schema(service))
        for fact in FACTS:
            if service_of(fact) != service:
                continue
            raw = report_bytes(
                source=Source(COUNTY, "office", "hand"), id="x-1", type=fact.type, version=fact.version, occurred=DAY, data=fact.example
            )
            reports.validate_json(raw)
            with pytest.raises(ValidationError):
                reports.validate_python({**json.loads(raw), "data": {**fact.example, "moon": "full"}})


def test_an_example_of_every_record_is_a_valid_message() -> None:
    for service in SERVICES:
        for type_, version, data in types_of(service):
            raw = record_bytes(
                source=f"/{COUNTY}/office/hand", id="x-1", type=type_, version=version, occurred=DAY,
                recorded=instant("2020-03-02T08:00:00"), position=1, prevhash=NO_HASH, data=data.example,
            )  # fmt: skip
            record_schema(type_, version, data).model_validate_json(raw)


def test_a_type_of_several_versions_is_recorded_in_any_of_them_under_one_subject() -> None:
    document = DOCUMENTS["finance.json"]
    payload = document["components"]["schemas"][f"recorded.{LoanRepaid.type}:Message:Payload"]
    told = [document["components"]["schemas"][each["$ref"].rpartition("/")[2]]["properties"]["type"]["const"] for each in payload["oneOf"]]
    assert told == [f"{LoanRepaid.type}.v1", f"{LoanRepaid.type}.v2"]


def test_writing_checks_clean_and_every_kind_of_staleness_is_found(tmp_path: Path) -> None:
    folder = ["--folder", str(tmp_path)]
    assert main([*folder, "--check"]) == 1
    assert main(folder) == 0
    assert main([*folder, "--check"]) == 0
    (tmp_path / "finance.json").unlink()
    (tmp_path / "training.json").write_text("{}")
    (tmp_path / "kitchen.json").write_text("{}")
    assert stale_files(tmp_path) == ["finance.json", "kitchen.json", "training.json"]
    assert main([*folder, "--check"]) == 1
    assert main(folder) == 0
    assert stale_files(tmp_path) == []


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
