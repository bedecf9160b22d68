"""The generated reference is fresh, complete and says what the classes say."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.contracts import fact_class
from shared.contracts.base import Fact, Placed
from shared.contracts.envelope import ReportEnvelope
from shared.contracts.reference import Event, events, events_page, example_report, main, reference_files, schema_of, stale_files

PAGE = events_page()
FILES = reference_files()
FOLDER = Path(__file__).parents[2] / "deploy" / "reference"
every_event = pytest.mark.parametrize("event", events(), ids=lambda event: event.name)


def test_the_committed_reference_is_fresh() -> None:
    """Stale: `python -m shared.contracts.reference`."""
    assert stale_files(FOLDER) == []


def test_writing_checks_clean_and_every_kind_of_staleness_is_found(tmp_path: Path) -> None:
    folder = ["--folder", str(tmp_path)]
    assert main([*folder, "--check"]) == 1
    assert main(folder) == 0
    assert main([*folder, "--check"]) == 0
    (tmp_path / "schemas" / "registry.cow_milked.v1.json").write_text("{}")
    (tmp_path / "schemas" / "report.json").unlink()
    (tmp_path / "events.md").write_text("old")
    assert stale_files(tmp_path) == ["events.md", "schemas/registry.cow_milked.v1.json", "schemas/report.json"]
    assert main(folder) == 0
    assert stale_files(tmp_path) == []


@every_event
def test_every_example_is_a_valid_report(event: Event) -> None:
    envelope = ReportEnvelope.model_validate(example_report(event))
    assert event.shape.model_validate(envelope.data).model_dump(mode="json", exclude_unset=True) == event.example


@every_event
def test_a_schema_describes_every_field_and_its_example(event: Event) -> None:
    schema = schema_of(event)
    assert list(schema["properties"]) == list(event.shape.model_fields)
    assert set(schema["required"]) <= set(event.example) <= set(schema["properties"])
    assert schema["examples"] == [event.example]
    assert schema["description"].startswith((event.shape.__doc__ or "?")[:20])
    assert ("anyOf" in schema) == issubclass(event.shape, Placed)
    assert json.loads(FILES[f"schemas/{event.name}.json"]) == schema


@every_event
def test_the_page_has_a_section_per_event_with_every_field_and_leads_to_its_earlier_versions(event: Event) -> None:
    _, _, section = PAGE.partition(f'### <a id="{event.type_name.replace(".", "-")}"></a>`{event.type_name}` {event.zh}\n')
    section = section.partition("\n### ")[0]
    assert f"[`{event.name}`](schemas/{event.name}.json)" in section or not issubclass(event.shape, Fact)
    if issubclass(event.shape, Fact) and event.version < fact_class(event.type_name, event.version).version:
        return
    assert all(f"\n| `{name}` | " in section for name in event.shape.model_fields)
    example = section.partition("```json\n")[2].partition("\n```")[0]
    assert json.loads(example) == example_report(event)
    if issubclass(event.shape, Fact):
        assert all(f"`{name}`" in section.partition("Natural key")[2].partition("：")[0] for name in event.shape.natural_key)


def test_a_field_note_comes_from_the_field_then_from_its_alias() -> None:
    fields = {event.name: schema_of(event)["properties"] for event in events()}
    assert fields["finance.loan_disbursed.v1"]["undated"]["description"].startswith("The bank gave no day")
    assert fields["training.course_opened.v1"]["course_kind"]["description"].startswith("创业培训")
    assert fields["training.course_opened.v1"]["park"]["description"].startswith("统计用区划代码 of the park")


def test_values_are_told_in_words() -> None:
    assert "| `due` | date | yes |" in PAGE
    assert "| `recovery_rate` | decimal (0–1) | yes |" in PAGE
    assert "| `passed` | true \\| false | yes |" in PAGE
    assert "| `data` | object | yes |" in PAGE
    assert "`Score`: One answer of a respondent" in PAGE


def test_every_class_says_what_it_is() -> None:
    assert [event.name for event in events() if not event.shape.__doc__ or event.shape.__doc__ == BaseModel.__doc__] == []
