"""Keeping going: copies on one store, bugs set aside, failures of the store, recording held back, records adopted."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from shared.contracts.base import Fact
from shared.contracts.envelope import parse_record
from shared.contracts.outcomes import Decision
from shared.contracts.registry import EntitySuspended
from shared.event_store.interface import Changes
from shared.rules import Rules
from shared.write_service import handler
from shared.write_service.handler import NotAdoptable, StoreWentBack
from tests.support.memory_store import MemoryStore, MemoryWriting
from tests.support.reporting import (
    BO,
    CAI,
    COUNTY,
    ENTITY,
    NEW_CODE,
    OLD_CODE,
    RULES,
    TOWNSHIP,
    Counter,
    assert_chained,
    correction,
    entity,
    report,
    void,
    with_units,
)
from tests.write_service.test_properties import Town, empty, handled


def rules_with_a_bug(where: str) -> Rules[Any]:
    good = RULES["registry"]

    def decide(state: Any, fact: Fact, day: date) -> Decision:
        if where == "decide" and isinstance(fact, EntitySuspended):
            raise ZeroDivisionError("110105491231002 divided by nothing")
        return good.decide(state, fact, day)

    def evolve(state: Any, fact: Fact, day: date) -> Any:
        if where == "evolve" and isinstance(fact, EntitySuspended):
            raise ZeroDivisionError("nothing")
        return good.evolve(state, fact, day)

    return replace(good, decide=decide, evolve=evolve)


@pytest.mark.parametrize("where", ["decide", "evolve"])
async def test_a_bug_sets_its_report_aside_and_the_batch_goes_on(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = LogCapture()
    monkeypatch.setattr(handler, "log", structlog.wrap_logger(None, processors=[logs]))
    counter = await with_units(Counter(rules=rules_with_a_bug(where)))
    registered, suspended = report("registry.entity_registered", entity()), report("registry.entity_suspended", {"entity": ENTITY})
    job = report("registry.employment_started", {"entity": ENTITY, "person": BO})
    answers = await counter.hand_in(registered, suspended, job)
    assert [answer.code for answer in answers] == ["recorded", "internal", "recorded"]
    assert [answer.outcome for answer in answers] == ["recorded", "waiting", "recorded"]
    (aside,) = await counter.kept.set_aside(10)
    assert (aside.id, aside.kept) == (answers[1].id, suspended.raw)
    assert "ZeroDivisionError" in aside.traceback
    logged = "".join(str(each.get("traceback")) for each in logs.entries)
    assert "ZeroDivisionError" in logged
    assert "110105491231002" not in aside.traceback + logged
    assert counter.writes.outcomes["internal"] == 1
    assert await counter.ask(suspended) == answers[1], "the same answer again"
    await assert_chained(counter.kept)


async def test_what_was_set_aside_is_decided_again_by_the_next_release() -> None:
    counter = await with_units(Counter(rules=rules_with_a_bug("decide")))
    suspended = report("registry.entity_suspended", {"entity": ENTITY})
    await counter.hand_in(report("registry.entity_registered", entity()), suspended)
    counter.restarted()
    await counter.writes.handle([report("registry.employment_started", {"entity": ENTITY, "person": BO})])
    assert (await counter.answer(suspended)).revision == 1, "the bug is still there: nothing new to say"
    counter.rules = RULES["registry"]
    counter.restarted()
    await counter.writes.handle([report("registry.employment_started", {"entity": ENTITY, "person": CAI})])
    assert ((await counter.answer(suspended)).outcome, (await counter.answer(suspended)).revision) == ("recorded", 2)
    assert [record.type for record in await counter.records()][-2:] == ["registry.entity_suspended", "registry.employment_started"]


async def test_what_waited_for_something_set_aside_behind_it_is_decided_again_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "WAITING_PAGE", 1)
    counter = await with_units(Counter(rules=rules_with_a_bug("decide")))
    suspended = report("registry.entity_suspended", {"entity": ENTITY})
    voided = report("registry.fact_voided", void(suspended))
    answers = await counter.hand_in(report("registry.entity_registered", entity()), voided, suspended)
    assert [answer.code for answer in answers] == ["recorded", "target_unknown", "internal"]
    counter.rules = RULES["registry"]
    counter.restarted()
    await counter.writes.handle([report("registry.employment_started", {"entity": ENTITY, "person": CAI})])
    assert [(await counter.answer(each)).outcome for each in (suspended, voided)] == ["recorded", "recorded"]
    await assert_chained(counter.kept)


async def test_what_had_to_be_masked_is_not_recorded_from_the_masked_bytes() -> None:
    counter = await with_units(Counter(rules=rules_with_a_bug("decide")))
    suspended = report("registry.entity_suspended", {"entity": ENTITY, "evidence": [{"document": "990105491231002"}]})
    await counter.hand_in(report("registry.entity_registered", entity()), suspended)
    counter.rules = RULES["registry"]
    counter.restarted()
    await counter.writes.handle([report("registry.employment_started", {"entity": ENTITY, "person": CAI})])
    assert (await counter.answer(suspended)).code == "internal"
    assert (await counter.kept.set_aside(1))[0].kept == suspended.raw.replace(b"990105491231002", b"990105*********")


async def test_a_bug_while_reading_sets_the_report_aside_under_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    counter = await with_units(Counter())
    registered = report("registry.entity_registered", entity(park=None))
    monkeypatch.setattr("shared.write_service.parsing.parse_fact", broken)
    assert (await counter.ask(registered)).code == "internal"
    assert (await counter.ask(registered)).revision == 1
    monkeypatch.undo()
    counter.restarted()
    await counter.writes.handle([report("registry.employment_started", {"entity": ENTITY, "person": CAI})])
    recorded = await counter.answer(registered)
    assert recorded.outcome == "recorded"
    assert await counter.ask(registered) == recorded, "it is known by what it was set aside under"


async def test_a_bug_while_reading_another_content_of_an_id_does_not_get_in_the_way_of_the_one_that_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    counter = await with_units(Counter())
    recorded = await counter.ask(report("registry.entity_registered", entity(), id="a"))
    spelled = report("registry.entity_registered", entity(park=None), id="a")
    with monkeypatch.context() as patch:
        patch.setattr("shared.write_service.parsing.parse_fact", broken)
        assert (await counter.ask(spelled)).code == "conflict", "who cannot read it cannot tell whether it says the same"
    store = counter.kept
    assert isinstance(store, MemoryStore)
    assert [row.outcome for row in store.report_rows.values() if row.key.id == "a"] == ["recorded", "refused"], "one content stands"
    again = await counter.ask(spelled)
    assert (again.outcome, again.position) == ("recorded", recorded.position)


async def test_what_waits_is_known_again_by_releases_that_read_it_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    counter = await with_units(Counter())
    waits, waits_too = (report("registry.entity_suspended", {"entity": code, "unit": None}) for code in (ENTITY, NEW_CODE))
    assert [answer.code for answer in await counter.hand_in(waits, waits_too)] == ["not_opened"] * 2
    other = [report("registry.platform_opened", {"platform": "P1"}) for _ in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr("shared.write_service.parsing.parse_fact", broken)
        counter.restarted()
        await counter.writes.handle(other[:1])
        assert (await counter.answer(waits)).code == "internal"
    counter.restarted()
    await counter.writes.handle([report("registry.entity_registered", entity())])
    assert (await counter.answer(waits)).outcome == "recorded"
    monkeypatch.setattr("shared.write_service.parsing.OCCURRED_MIN", date(2010, 4, 1))
    counter.restarted()
    await counter.writes.handle(other[1:])
    assert ((await counter.answer(waits_too)).outcome, (await counter.answer(waits_too)).code) == ("refused", "day_too_early")


async def test_two_copies_on_one_store_take_turns() -> None:
    counter = await with_units(Counter())
    one, two = counter.restarted(), counter.restarted()
    await one.handle([report("registry.entity_registered", entity(), id="a")])
    await two.handle([report("registry.employment_started", {"entity": ENTITY, "person": BO}, id="b", occurred="2010-03-05")])
    await one.handle([report("registry.employment_started", {"entity": ENTITY, "person": CAI}, id="c", occurred="2010-03-02")])
    state = str(await counter.state(f"entity:{ENTITY}"))
    assert BO in state
    assert CAI in state
    batches = [
        [report("registry.entity_registered", entity(code)), report("registry.employment_started", {"entity": code, "person": BO})]
        for code in (OLD_CODE, NEW_CODE)
    ]
    await asyncio.gather(*(each.handle(batch) for batch in batches for each in (one, two)))
    assert sum(record.type == "registry.entity_registered" for record in await counter.records()) == 3
    await assert_chained(counter.kept)


class FailingStore(MemoryStore):
    """Loses the connection at the commit, as often as told."""

    failures = 0

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[MemoryWriting]:
        async with super().writing() as writing:
            yield FailingWriting(self) if self.failures else writing


class FailingWriting(MemoryWriting):
    async def commit(self, changes: Changes) -> None:
        assert isinstance(self._store, FailingStore)
        self._store.failures -= 1
        raise ConnectionError("gone")


async def test_a_lost_connection_is_raised_and_the_same_batch_succeeds_later() -> None:
    store = FailingStore("registry", COUNTY)
    counter = await with_units(Counter(store=store))
    batch = [report("registry.entity_registered", entity()), report("registry.employment_started", {"entity": ENTITY, "person": BO})]
    before = await counter.kept.head()
    store.failures = 1
    with pytest.raises(ConnectionError):
        await counter.writes.handle(batch)
    assert await counter.kept.head() == before
    assert [answer.outcome for answer in await counter.hand_in(*batch)] == ["recorded"] * 2
    await assert_chained(counter.kept)


async def test_nothing_is_recorded_before_recording_is_allowed() -> None:
    counter = Counter()
    counter.writes.recording.clear()
    handing_in = asyncio.create_task(counter.hand_in(report("registry.unit_listed", {"code": COUNTY, "name": "县"})))
    await asyncio.sleep(0.05)
    assert not handing_in.done()
    assert (await counter.kept.head()).commits == 0
    counter.writes.recording.set()
    assert (await handing_in)[0].outcome == "recorded"


async def test_an_empty_batch_writes_nothing() -> None:
    counter = Counter()
    await counter.writes.handle([])
    assert (await counter.kept.head()).commits == 0


async def test_states_written_in_another_shape_are_folded_anew() -> None:
    counter = await with_units(Counter())
    await counter.ask(report("registry.entity_registered", entity()))
    good = await counter.state(f"entity:{ENTITY}")
    store = counter.kept
    assert isinstance(store, MemoryStore)
    row = store.state_rows[f"entity:{ENTITY}"]
    store.state_rows[row.subject] = row._replace(state=b'{"state": "of old"}')
    counter.restarted()
    await counter.ask(report("registry.survival_checked", {"entity": ENTITY, "operating": True}))
    assert await counter.state(f"entity:{ENTITY}") == good


# Records taken back from the stream


def copy_of(store: MemoryStore) -> MemoryStore:
    """A backup of a store as it is now."""
    return MemoryStore(
        "registry", COUNTY, store.database_clock, store.head_row, list(store.record_rows), dict(store.report_rows), dict(store.needs),
        dict(store.state_rows), dict(store.alias_rows), dict(store.unit_rows), dict(store.outbox), dict(store.aside_rows),
    )  # fmt: skip


async def two_stores() -> tuple[Counter, Counter, list[Any]]:
    """One that went on, and one restored from the backup taken before; and what was reported since."""
    whole = await with_units(Counter())
    early = report("registry.entity_suspended", {"entity": ENTITY}, occurred="2010-04-01", id="early")
    await whole.ask(early)
    store = whole.kept
    assert isinstance(store, MemoryStore)
    backup = copy_of(store)
    job = report("registry.employment_started", {"entity": OLD_CODE, "person": BO}, id="job")
    since = [
        report("registry.entity_registered", entity(), id="reg"),
        report("registry.entity_registered", entity(OLD_CODE), id="old"),
        job,
        report("registry.fact_corrected", correction(job, {"entity": OLD_CODE, "person": BO}, "2010-03-05"), id="fix"),
        report("registry.entity_code_replaced", {"entity": OLD_CODE, "new_code": NEW_CODE}, id="new"),
        report("registry.employment_started", {"entity": NEW_CODE, "person": CAI}, id="job2"),
        report("registry.unit_listed", {"code": "330127102000", "name": "新镇"}, id="unit"),
        report("registry.entity_registered", entity(founders=[CAI]), id="dup", by="tax"),
        report("registry.fact_voided", void(job), id="void"),
    ]
    await whole.hand_in(*since)
    restored = Counter(store=backup)
    restored.writes.recording.clear()
    return whole, restored, since


def standing(store: MemoryStore) -> set[tuple[object, ...]]:
    """What each id stands for."""
    return {(row.key, row.digest, row.outcome, row.position) for row in store.report_rows.values() if row.outcome != "refused"}


async def tail(whole: Counter, restored: Counter) -> list[Any]:
    behind = (await restored.kept.head()).position
    return [parse_record(row.raw) for row in await whole.kept.records(behind, 1000)]


@pytest.mark.parametrize("page", [1, 4, 100])
async def test_adopted_records_leave_the_store_as_if_it_had_recorded_them(page: int) -> None:
    whole, restored, _ = await two_stores()
    records = await tail(whole, restored)
    for start in range(0, len(records), page):
        await restored.writes.append_adopted(records[start : start + page])
    one, two = whole.kept, restored.kept
    assert isinstance(one, MemoryStore)
    assert isinstance(two, MemoryStore)
    assert two.record_rows == one.record_rows
    assert two.state_rows == one.state_rows
    assert two.alias_rows == one.alias_rows
    assert two.unit_rows == one.unit_rows
    assert two.needs == one.needs == {}
    assert standing(one) == standing(two)
    await assert_chained(two)


async def test_after_adopting_work_goes_on_and_what_was_reported_is_known() -> None:
    whole, restored, since = await two_stores()
    await restored.writes.append_adopted(await tail(whole, restored))
    restored.writes.recording.set()
    positions = {(await whole.answer(each)).position for each in since}
    again = await restored.hand_in(*since)
    assert {answer.position for answer in again} == positions
    assert (await restored.ask(report("registry.employment_started", {"entity": ENTITY, "person": CAI}))).outcome == "recorded"
    await assert_chained(restored.kept)


async def test_a_content_that_was_replaced_after_the_backup_gives_way() -> None:
    """The backup holds the waiting content of an id; after it, that was refused and another content recorded."""
    whole = await with_units(Counter())
    restored = await with_units(Counter())
    store = restored.kept
    assert isinstance(store, MemoryStore)
    assert isinstance(whole.kept, MemoryStore)
    store.record_rows, store.head_row = list(whole.kept.record_rows), replace(whole.kept.head_row)
    waits = report("registry.entity_suspended", {"entity": ENTITY}, id="a")
    await restored.ask(waits)
    other = report("registry.entity_registered", entity(), id="a")
    await whole.ask(other)
    await restored.writes.append_adopted(await tail(whole, restored))
    assert (await restored.ask(waits)).code == "conflict"
    assert (await restored.ask(other)).outcome == "recorded"


async def test_a_content_set_aside_by_a_bug_while_reading_is_known_again_when_it_is_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    whole, restored = await with_units(Counter()), await with_units(Counter())
    store = restored.kept
    assert isinstance(store, MemoryStore)
    assert isinstance(whole.kept, MemoryStore)
    store.record_rows, store.head_row = list(whole.kept.record_rows), replace(whole.kept.head_row)
    registered = report("registry.entity_registered", entity(park=None))
    monkeypatch.setattr("shared.write_service.parsing.parse_fact", broken)
    assert (await restored.ask(registered)).code == "internal"
    monkeypatch.undo()
    recorded = await whole.ask(registered)
    await restored.writes.append_adopted(await tail(whole, restored))
    assert [(row.outcome, row.position) for row in store.report_rows.values() if row.key.id == recorded.id] == [
        ("recorded", recorded.position)
    ]
    assert (await restored.ask(registered)).outcome == "recorded"


async def test_records_that_do_not_follow_the_head_are_not_adopted() -> None:
    whole, restored, _ = await two_stores()
    records = await tail(whole, restored)
    before = await restored.kept.head()
    reformed = parse_record(records[0].raw.replace(b'{"specversion"', b'{ "specversion"'))
    elsewhere = replace(records[0], source="/330128000000/hr/main")
    for wrong in ([records[1]], [records[0], records[2]], [reformed], [elsewhere], [replace(records[0], prevhash="0" * 64)]):
        with pytest.raises(NotAdoptable):
            await restored.writes.append_adopted(wrong)
    assert await restored.kept.head() == before


async def test_waiting_reports_are_decided_again_page_by_page_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "WAITING_PAGE", 2)
    counter = await with_units(Counter())
    waits = [report("registry.employment_started", {"entity": ENTITY, "person": BO}, occurred=f"2010-03-0{day}") for day in range(1, 6)]
    await counter.hand_in(*waits)
    before = await counter.answers()
    counter.restarted()
    await counter.writes.handle([report("registry.unit_listed", {"code": COUNTY, "name": COUNTY})])
    assert {key: value for key, value in (await counter.answers()).items() if key in before} == before


async def test_a_store_that_went_back_while_the_service_runs_ends_it() -> None:
    counter = await with_units(Counter())
    store = counter.kept
    assert isinstance(store, MemoryStore)
    before, kept = store.head_row, list(store.record_rows)
    await counter.ask(report("registry.entity_registered", entity()))
    store.head_row, store.record_rows = before, kept
    with pytest.raises(StoreWentBack):
        await counter.writes.handle([report("registry.entity_registered", entity(NEW_CODE))])


async def test_thousands_that_wait_for_one_thing_are_released_at_once() -> None:
    """Neither every batch in the meantime nor the release itself may look at all of them again and again."""
    training = await with_units(Counter("training"))
    answers = [
        report(
            "training.survey_answered", {"survey": "S", "respondent": f"P{number:016d}", "scores": [{"question": "overall", "score": 5}]}
        )
        for number in range(3000)
    ]
    for start in range(0, 3000, 500):
        await training.writes.handle(answers[start : start + 500])
    opened = {"survey": "S", "title": "满意度", "population": "public"}
    started = time.process_time()
    await training.writes.handle([report("training.survey_opened", opened, occurred="2010-02-01")])
    assert (await training.kept.head()).position == 3002
    assert (await training.kept.counts()).waiting == 0
    assert time.process_time() - started < 15, "seconds; looking at all of them for each would take minutes"


async def test_what_waits_for_something_else_is_left_alone_by_a_busy_thing() -> None:
    training = await with_units(Counter("training"))
    waits = {"survey": "S", "respondent": BO, "scores": [{"question": "overall", "score": 5}], "unit": "330127199000"}
    await training.hand_in(
        report("training.survey_opened", {"survey": "S", "title": "满意度", "population": "public"}),
        report("training.survey_answered", waits),
    )
    await training.writes.handle(
        [report("training.survey_answered", waits | {"respondent": f"P{number:016d}", "unit": TOWNSHIP}) for number in range(50)]
    )
    assert training.writes.outcomes["waiting"] == 1


async def test_records_adopted_at_any_cut_leave_what_recording_left() -> None:
    for seed in range(25):
        reports = Town(Random(seed), own_ids=True).reports(60)
        whole = await handled([reports[:30]], Random(seed), empty())
        assert isinstance(whole.kept, MemoryStore)
        backup = copy_of(whole.kept)
        await whole.writes.handle(reports[30:])
        restored = Counter(store=backup)
        records = await tail(whole, restored)
        for start in range(0, len(records), 7):
            await restored.writes.append_adopted(records[start : start + 7])
        assert backup.record_rows == whole.kept.record_rows
        assert backup.state_rows == whole.kept.state_rows
        assert (backup.alias_rows, backup.unit_rows) == (whole.kept.alias_rows, whole.kept.unit_rows)
        recorded = [{entry for entry in standing(store) if entry[2] == "recorded"} for store in (backup, whole.kept)]
        assert recorded[0] == recorded[1]
        await assert_chained(backup)
