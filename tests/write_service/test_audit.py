"""What the audit finds when a store is not what it was."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.registry import MeetingHeld
from shared.event_store.interface import RecordRow
from shared.write_service.audit import Derived, audit
from tests.support.memory_store import MemoryStore
from tests.support.records import TOWN, Records, Told
from tests.support.reporting import BO, ENTITY, Counter, correction, entity, report, void, with_units


@pytest_asyncio.fixture
async def store() -> MemoryStore:
    counter = await with_units(Counter())
    job = report("registry.employment_started", {"entity": ENTITY, "person": BO})
    await counter.hand_in(
        report("registry.entity_registered", entity()),
        job,
        report("registry.fact_corrected", correction(job, {"entity": ENTITY, "person": BO}, "2010-03-05")),
        report("registry.fact_voided", void(job)),
    )
    assert isinstance(counter.kept, MemoryStore)
    return counter.kept


async def findings(store: MemoryStore) -> list[tuple[int, str]]:
    return [(finding.position, finding.en) async for finding in audit(store)]


async def test_a_sound_store_has_no_findings(store: MemoryStore) -> None:
    assert await findings(store) == []
    assert await findings(MemoryStore("registry", store.county)) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("about", "entity:other"), ("about", None), ("natural", 7), ("natural", None), ("hash", "0" * 64), ("type", "registry.other"),
        ("source", "/330127000000/a/b"), ("id", "other"), ("occurred", date(2010, 1, 1)),
    ],
)  # fmt: skip
async def test_a_column_that_differs_from_the_bytes_is_named(store: MemoryStore, column: str, value: Any) -> None:
    for at in (-1, -2, -3) if column != "natural" else (-2, -3):
        changed = replace(store, record_rows=[*store.record_rows])
        changed.record_rows[at] = changed.record_rows[at]._replace(**{column: value})
        found = await findings(changed)
        assert (
            changed.record_rows[at].position,
            f"record {changed.record_rows[at].position}: columns differ from the bytes: {column}",
        ) in found


async def test_altered_bytes_break_the_chain_behind_them(store: MemoryStore) -> None:
    row = store.record_rows[-3]
    store.record_rows[-3] = row._replace(raw=row.raw.replace(b"2010-03-01", b"2010-03-02"))
    assert f"record {row.position}: columns differ from the bytes: hash, occurred, natural" in dict(await findings(store)).values()
    rehashed = store.record_rows[-3]._replace(hash="f" * 64)
    store.record_rows[-3] = rehashed
    assert any("hash of the one before" in en for position, en in await findings(store) if position == row.position + 1)


async def test_a_missing_an_unreadable_and_an_unknown_record_are_found(store: MemoryStore) -> None:
    gap = replace(store, record_rows=[*store.record_rows[:3], *store.record_rows[4:]])
    assert any("not the one after" in en for _, en in await findings(gap))
    scrap = replace(store, record_rows=[*store.record_rows[:-1], store.record_rows[-1]._replace(raw=b"{}")])
    assert any("it cannot be read" in en for _, en in await findings(scrap))
    short = replace(store, record_rows=store.record_rows[:-1])
    assert any("the head names" in en for _, en in await findings(short))


async def test_what_only_a_newer_release_can_read_is_counted_and_no_fault() -> None:
    records = Records()
    records.something_else("training", "dreamt", known="2025-03-01")
    dreamt = Told("training", "x-1", MeetingHeld(unit=TOWN, meeting="m1", title="会", meeting_kind="office"))
    records.void(dreamt, known="2025-03-02")
    records.void(replace(dreamt, id="x-9"), known="2025-03-03")
    derived = Derived()
    rows = [
        RecordRow(each.position, each.hash, each.type, each.source, each.id, each.occurred, each.recorded, "person:p", 7, each.raw)
        for each in records.of["training"]
    ]
    assert [derived.problems(row) for row in rows[:2]] == [[], []]
    assert derived.unread == 2
    assert derived.problems(rows[2]) == [("作废或更正的事实不在其前", "it voids or corrects a fact that is not there before it")]
