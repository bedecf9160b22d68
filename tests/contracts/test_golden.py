"""Stored shapes: every one has a golden file, and today's code reads and rebuilds it to the last byte."""

from datetime import date

import pytest
from pydantic import BaseModel

from shared.contracts import as_written, parse_fact
from shared.contracts.base import Fact
from shared.contracts.common import common_class
from shared.contracts.envelope import parse_record, record_bytes
from shared.contracts.reference import Event, events
from tests.contracts.golden import FOLDER, POSITION, PREVHASH, RECORDED, golden_bytes, golden_path

every_event = pytest.mark.parametrize("event", events(), ids=lambda event: event.name)


def test_every_stored_shape_has_a_golden_file_and_no_file_is_left_over() -> None:
    """A new shape: `python -m tests.contracts.golden`. A file too many: a stored shape lost its class, which must come back."""
    assert {path.name for path in FOLDER.iterdir()} == {golden_path(event).name for event in events()}


@every_event
def test_the_record_of_the_example_is_the_golden_file(event: Event) -> None:
    """Never answered by a new golden file: what is stored cannot change, so a changed shape gets a new version."""
    assert golden_bytes(event) == golden_path(event).read_bytes()


@every_event
def test_a_golden_record_is_read_and_rebuilt_to_the_same_bytes(event: Event) -> None:
    raw = golden_path(event).read_bytes()
    record = parse_record(raw)
    assert (record.type, record.version, record.position, record.prevhash) == (event.type_name, event.version, POSITION, PREVHASH)
    assert record.recorded == RECORDED
    assert record.known_day == date(2010, 5, 21)
    rebuilt = record_bytes(
        source=record.source,
        id=record.id,
        type=record.type,
        version=record.version,
        occurred=record.occurred,
        recorded=record.recorded,
        position=record.position,
        prevhash=record.prevhash,
        data=record.data,
    )
    assert rebuilt == raw


@every_event
def test_the_payload_of_a_golden_record_is_read_without_loss(event: Event) -> None:
    record = parse_record(golden_path(event).read_bytes())
    shape = common_class(record.type)
    if shape is None:
        fact = parse_fact(record.type, record.version, record.data)
        content: BaseModel = as_written(fact, record.version, record.data)
    else:
        content = shape.model_validate(record.data)
    assert isinstance(content, Fact) == (shape is None)
    assert content.model_dump(mode="json", exclude_unset=True) == record.data
