"""What both engines read off a file of records, alike to the last part; whole counties are compared in `test_agreement`."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from services.indicators.answers import ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import check_history
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import Record
from shared.contracts.registry import MeetingHeld
from shared.contracts.training import CourseOpened
from tests.indicators.comparing import example_county
from tests.support.records import COUNTY, SOURCE, TOWN, Records, Told

ENGINES: tuple[Engine, ...] = ("live", "duckdb")


def in_order(records: Sequence[Record]) -> list[bytes]:
    """Records as a file has them: by service and position."""
    return [record.raw for record in sorted(records, key=lambda record: (SERVICES.index(record.service), record.position))]


def test_what_no_contract_here_describes_marks_both_boards_alike() -> None:
    records = Records()
    records.add("2025-03-01", MeetingHeld(unit=COUNTY, meeting="m1", title="领导小组会议", meeting_kind="leading_group"))
    records.something_else("registry", "meeting_streamed", known="2025-03-02")
    records.something_else("registry", "meeting_held", known="2025-03-03")
    history = check_history(in_order(list(records)), COUNTY)
    assert len(history.unreadable) == 2
    known = history.last_known_day
    as_shown = []
    for engine in ENGINES:
        snapshot = recompute(history, example_county().plan, engine)(known)
        as_shown.append(answer_bytes(board(snapshot, ask(snapshot, known))))
    assert as_shown[0] == as_shown[1]
    assert b'"incomplete":2' in as_shown[0]


def test_what_a_contract_puts_right_both_engines_read_alike() -> None:
    """Categories named twice are one, and those left out are none: of three registrations one of which is voided the same one stands in."""
    records = Records()
    records.add("2025-03-01", CourseOpened(unit=TOWN, course="C1", name="创业培训", course_kind="start_up", institution="就业局"))
    person = "P0000000000000001"
    say(records, "training.trainee_enrolled", {"unit": TOWN, "course": "C1", "person": person, "categories": ["youth", "youth", "woman"]})
    entity = {"unit": TOWN, "entity": "330127000000001", "name": "甲", "industry": "C20"}
    first = say(records, "registry.entity_registered", {**entity, "entity_kind": "enterprise", "founders": [{"person": person}]})
    say(records, "registry.entity_registered", {**entity, "entity_kind": "individual_business", "founders": [{"person": person}]})
    say(records, "registry.entity_registered", {**entity, "entity_kind": "enterprise", "founders": [{"person": person, "categories": []}]})
    records.void(Told("registry", first, MeetingHeld(unit=COUNTY, meeting="m", title="会", meeting_kind="office")), known=date(2025, 3, 5))
    history = check_history(in_order(list(records)), COUNTY)
    known = history.last_known_day
    live, relational = (recompute(history, example_county().plan, engine)(known) for engine in ENGINES)
    boards = [board(each, ask(each, known)) for each in (live, relational)]
    assert answer_bytes(boards[0]) == answer_bytes(boards[1])
    rows = {(row.id, row.variant, row.part): row.value for row in boards[1].indicators}
    assert rows["new_enterprises", "default", None] == "1"
    assert rows["trainings", "default", "enrolled"] == "1"


def say(records: Records, type_: str, data: dict[str, Any]) -> str:
    """Record data as it was reported, untouched, on 1 March 2025; the event's id."""
    service = cast(Service, type_.partition(".")[0])
    id = f"s-{len(records.of[service]) + 1}"
    records._record(service, SOURCE, id, type_, 1, date(2025, 3, 1), date(2025, 3, 1), data)
    return id
