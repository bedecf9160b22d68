"""The repair desk: what waits or was refused is decided again, corrected or dismissed, each act once."""

from typing import Any

import orjson
import pytest
import pytest_asyncio

from shared.contracts.outcomes import Reason
from shared.event_store.interface import ActKind, Dossier, KeptQuery, ReportKey
from shared.repair import Change
from shared.write_service.desk import Limit
from shared.write_service.handler import IncomingReport
from shared.write_service.repairing import Act, Acted
from tests.registry.persons.ids import resident_id
from tests.support.memory_store import MemoryStore
from tests.support.reporting import (
    ANNA,
    BO,
    COUNTY,
    ENTITY,
    VILLAGE,
    Counter,
    assert_chained,
    correction,
    entity,
    id_of,
    report,
    source_of,
    void,
    with_units,
)

WHO = "office chuangjianban/core"
REGISTERED, STARTED = "registry.entity_registered", "registry.employment_started"
ELSEWHERE = "110101001001"


@pytest_asyncio.fixture
async def registry() -> Counter:
    return await with_units(Counter())


def key(incoming: IncomingReport) -> ReportKey:
    return ReportKey(source_of(incoming), id_of(incoming))


def sets(**values: str) -> tuple[Change, ...]:
    return tuple(Change(path=path.replace("__", "."), value=value) for path, value in values.items())


async def told(
    counter: Counter, kind: ActKind, of: ReportKey, *, name: str = "act-1", why: str = "核对后处理", changes: tuple[Change, ...] = ()
) -> Acted | Reason:
    return await counter.writes.repair(Act(name, kind, of, WHO, why, changes))


async def done(counter: Counter, kind: ActKind, of: ReportKey, **more: Any) -> Acted:
    acted = await told(counter, kind, of, **more)
    assert isinstance(acted, Acted), acted
    return acted


async def refused(counter: Counter, kind: ActKind, of: ReportKey, **more: Any) -> str:
    reason = await told(counter, kind, of, **more)
    assert isinstance(reason, Reason), reason
    return reason.code


async def dossier(counter: Counter, of: ReportKey) -> Dossier:
    return await counter.kept.dossier(of)


# Decided again


async def test_a_refused_report_is_recorded_once_the_ground_of_the_refusal_is_gone(registry: Counter) -> None:
    registry.limits = {f"/{COUNTY}/hr/main": (Limit(units=frozenset({"330127102000"})),)}
    outside = report(REGISTERED, entity())
    assert (await registry.ask(outside)).code == "outside_units"
    registry.limits = {}
    assert (await registry.ask(outside)).code == "outside_units", "the same content gets the same answer"
    acted = await done(registry, "resubmitted", key(outside))
    assert (acted.row.outcome, acted.again) == ("recorded", False)
    answer = await registry.answer(outside)
    assert (answer.outcome, answer.position, answer.revision) == ("recorded", acted.row.position, 2)
    found = await dossier(registry, key(outside))
    assert [(each.revision, each.outcome) for each in found.attempts] == [(1, "refused"), (2, "recorded")]
    assert [(each.kind, each.who, each.why) for each in found.acts] == [("resubmitted", WHO, "核对后处理")]
    assert await registry.kept.kept(KeptQuery()) == []
    await assert_chained(registry.kept)


async def test_what_is_refused_again_has_a_new_revision_and_every_attempt_is_kept(registry: Counter) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    assert (await registry.ask(far)).code == "other_county"
    for number in (1, 2):
        acted = await done(registry, "resubmitted", key(far), name=f"act-{number}")
        assert (acted.row.outcome, acted.row.reason and acted.row.reason.code) == ("refused", "other_county")
    assert (await registry.answer(far)).revision == 3
    assert [each.revision for each in (await dossier(registry, key(far))).attempts] == [1, 2, 3]


async def test_what_waits_for_a_resubmitted_report_is_released(registry: Counter) -> None:
    registry.limits = {f"/{COUNTY}/market/main": (Limit(units=frozenset({"330127102000"})),)}
    opening, waits = report(REGISTERED, entity(), by="market"), report(STARTED, {"entity": ENTITY, "person": ANNA})
    assert [answer.outcome for answer in await registry.hand_in(opening, waits)] == ["refused", "waiting"]
    assert (await dossier(registry, key(waits))).needs == (f"opening:entity:{ENTITY}",)
    registry.limits = {}
    await done(registry, "resubmitted", key(opening))
    assert (await registry.answer(waits)).outcome == "recorded", "what waits resolves by itself"
    assert (await dossier(registry, key(waits))).needs == ()


async def test_a_waiting_report_still_waits_and_nobody_is_told_again(registry: Counter) -> None:
    waits = report(STARTED, {"entity": ENTITY, "person": ANNA})
    before = await registry.ask(waits)
    assert (await done(registry, "resubmitted", key(waits))).row.outcome == "waiting"
    assert await registry.answer(waits) == before
    await registry.ask(report(REGISTERED, entity()))
    assert (await registry.answer(waits)).outcome == "recorded"


async def test_the_same_act_told_again_is_done_once(registry: Counter) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    await registry.ask(far)
    first = await done(registry, "resubmitted", key(far))
    registry.restarted()
    again = await done(registry, "resubmitted", key(far))
    assert (again.row, again.again) == (first.row, True)
    assert (await registry.answer(far)).revision == 2
    assert await refused(registry, "dismissed", key(far)) == "act_named_already"


async def test_another_correction_under_the_name_of_one_that_was_refused_is_not_taken_for_it(registry: Counter) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    await registry.ask(far)
    wrong, right = sets(data__unit="110101001002"), sets(data__unit=VILLAGE)
    assert (await done(registry, "corrected", key(far), changes=wrong)).row.outcome == "refused"
    assert (await done(registry, "corrected", key(far), changes=wrong)).again
    assert await refused(registry, "corrected", key(far), changes=right) == "act_named_already"
    assert (await done(registry, "corrected", key(far), name="act-2", changes=right)).row.outcome == "recorded"


async def test_unknown_and_recorded_reports_are_none_of_the_desks_business(registry: Counter) -> None:
    opening = report(REGISTERED, entity())
    await registry.ask(opening)
    for kind in ("resubmitted", "corrected", "dismissed"):
        changes = sets(occurred="2010-03-02") if kind == "corrected" else ()
        assert await refused(registry, kind, ReportKey(source_of(opening), "nobody"), changes=changes) == "unknown_report"
        assert await refused(registry, kind, key(opening), changes=changes) == "recorded_already"
    assert len(await registry.records()) == 7


async def test_masked_bytes_are_never_decided_as_if_they_had_been_reported(registry: Counter) -> None:
    held = report(REGISTERED, entity(name=f"王记 {resident_id(1)}"))
    assert (await registry.ask(held)).code == "resident_id"
    assert await refused(registry, "resubmitted", key(held)) == "not_as_reported"
    assert await refused(registry, "corrected", key(held), changes=sets(occurred="2010-03-02")) == "still_masked"
    acted = await done(registry, "corrected", key(held), changes=sets(data__name="王记"))
    assert acted.row.outcome == "recorded"


@pytest.mark.parametrize("separator", [" ", "-", " - "])
async def test_what_is_masked_with_its_separators_is_masked_all_the_same(registry: Counter, separator: str) -> None:
    id = resident_id(1)
    spelt = separator.join((id[:6], id[6:10], id[10:14], id[14:]))
    held = report(REGISTERED, entity(name=f"王记 {spelt}"))
    assert (await registry.ask(held)).code == "resident_id"
    assert await refused(registry, "corrected", key(held), changes=sets(occurred="2010-03-02")) == "still_masked"


async def test_a_report_that_met_a_bug_is_decided_by_better_code() -> None:
    broken = await with_units(Counter(rules=_broken()))
    opening = report(REGISTERED, entity())
    assert (await broken.ask(opening)).code == "internal"
    assert len((await dossier(broken, key(opening))).aside) == 1
    with pytest.raises(ZeroDivisionError):
        await told(broken, "resubmitted", key(opening))
    assert (await dossier(broken, key(opening))).acts == ()
    mended = Counter(store=broken.kept, clock=broken.clock)
    assert await refused(mended, "resubmitted", key(opening)) == "recorded_already", "better code has decided it by itself"


# Corrected


async def test_a_corrected_copy_takes_the_place_of_what_was_refused_and_each_names_the_other(registry: Counter) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE), id="r-far")
    await registry.ask(far)
    acted = await done(registry, "corrected", key(far), changes=sets(data__unit=VILLAGE, occurred="2010-02-28"))
    copy = ReportKey(source_of(far), str(acted.row.copy))
    assert (acted.row.outcome, copy.id[:6], len(copy.id)) == ("recorded", "r-far-", 21)
    original = await registry.answer(far)
    assert (original.outcome, original.code) == ("refused", "corrected")
    assert copy.id in original.zh
    assert (await registry.answers())[copy].position == acted.row.position
    (record,) = [record for record in await registry.records() if record.id == copy.id]
    assert (record.source, record.data["unit"], str(record.occurred)) == (copy.source, VILLAGE, "2010-02-28")
    assert (await dossier(registry, copy)).acts == (await dossier(registry, key(far))).acts
    assert await registry.kept.kept(KeptQuery()) == []
    assert [row.id for row in await registry.kept.kept(KeptQuery(states=("corrected",)))] == ["r-far"]
    assert (await registry.ask(far)).code == "corrected", "the original stays given up when it is reported again"


async def test_the_same_correction_twice_is_one_report(registry: Counter) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    await registry.ask(far)
    first = await done(registry, "corrected", key(far), changes=sets(data__unit=VILLAGE))
    again = await done(registry, "corrected", key(far), name="act-2", changes=sets(data__unit=VILLAGE))
    assert (again.again, again.row.copy, again.row.position) == (True, first.row.copy, first.row.position)
    assert await refused(registry, "corrected", key(far), name="act-3", changes=sets(data__unit=COUNTY)) == "corrected"
    assert await refused(registry, "resubmitted", key(far), name="act-4") == "corrected"
    assert len(await registry.records()) == 7
    assert len((await dossier(registry, key(far))).acts) == 1


async def test_a_correction_that_is_still_refused_changes_nothing_and_is_told(registry: Counter) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    before = await registry.ask(far)
    acted = await done(registry, "corrected", key(far), changes=sets(data__entity_kind="factory"))
    assert (acted.row.outcome, acted.row.reason and acted.row.reason.code) == ("refused", "invalid")
    assert await registry.answer(far) == before
    assert (ReportKey(source_of(far), str(acted.row.copy))) not in await registry.answers()
    assert [row.key for row in await registry.kept.kept(KeptQuery())] == [key(far)]
    (act,) = (await dossier(registry, key(far))).acts
    assert act.changes is not None
    assert orjson.loads(act.changes)[0]["value"] == "factory"
    assert (await done(registry, "corrected", key(far), name="act-2", changes=sets(data__unit=VILLAGE))).row.outcome == "recorded"


async def test_a_corrected_copy_may_wait_and_what_waited_gives_way(registry: Counter) -> None:
    waits = report(STARTED, {"entity": ENTITY, "person": ANNA})
    await registry.ask(waits)
    other = "91330127MA2KX0001H"
    acted = await done(registry, "corrected", key(waits), changes=sets(data__entity=other))
    assert acted.row.outcome == "waiting"
    await registry.hand_in(report(REGISTERED, entity()), report(REGISTERED, entity(other)))
    assert (await registry.answer(waits)).code == "corrected"
    assert (await registry.answers())[source_of(waits), str(acted.row.copy)].outcome == "recorded"


async def test_who_voids_or_corrects_what_gave_way_to_a_corrected_copy_is_told_which_report_to_name(registry: Counter) -> None:
    waits = report(STARTED, {"entity": ENTITY, "person": ANNA})
    other = "91330127MA2KX0001H"
    voids = report("registry.fact_voided", void(waits))
    opening, *before = await registry.hand_in(report(REGISTERED, entity(other)), waits, voids)
    assert [answer.code for answer in (opening, *before)] == ["recorded", "not_opened", "target_unknown"]
    copy = str((await done(registry, "corrected", key(waits), changes=sets(data__entity=other))).row.copy)
    assert (await registry.answers())[source_of(waits), copy].outcome == "recorded"
    late = report("registry.fact_corrected", correction(waits, {"entity": other, "person": BO}))
    for answer in (await registry.answer(voids), await registry.ask(late)):
        assert (answer.code, copy in answer.zh, copy in answer.en) == ("target_replaced", True, True)
    named = report("registry.fact_voided", void(waits) | {"id": copy})
    assert (await registry.ask(named)).outcome == "recorded"
    anew = report(STARTED, {"entity": other, "person": ANNA}, id=id_of(waits))
    assert (await registry.ask(anew)).outcome == "recorded", "an id that was given up binds nothing"
    assert (await registry.ask(report("registry.fact_voided", void(waits)))).outcome == "recorded", "and is found again"


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("id", "r-9", "no_such_path"), ("source", "/330127000000/tax/main", "no_such_path"), ("data", "{}", "no_such_path"),
        ("data.founders[7].person", ANNA, "no_such_path"), ("data.name.first", "王", "no_such_path"), ("data..name", "王", "no_such_path"),
        ("occurred.day", "1", "no_such_path"),
    ],
)  # fmt: skip
async def test_only_what_the_fact_says_is_set(registry: Counter, path: str, value: str, code: str) -> None:
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    await registry.ask(far)
    assert await refused(registry, "corrected", key(far), changes=(Change(path=path, value=value),)) == code


async def test_values_are_texts_unless_something_else_stands_there_or_is_asked_for(registry: Counter) -> None:
    far = report("registry.staff_reported", {"entity": ENTITY, "unit": ELSEWHERE, "employees": "3"})
    await registry.hand_in(report(REGISTERED, entity()), far)
    changes = (
        Change(path="data.unit", value=VILLAGE), Change(path="data.employees", value="4", json_value=True),
        Change(path="data.evidence", value='[{"document": "a"}]', json_value=True),
        Change(path="data.evidence[0].document", value="330127"),
        Change(path="data.evidence[1]", value='{"document": "b"}', json_value=True),
    )  # fmt: skip
    acted = await done(registry, "corrected", key(far), changes=changes)
    assert acted.row.outcome == "recorded", acted.row.reason
    (record,) = [record for record in await registry.records() if record.id == acted.row.copy]
    assert record.data == {
        "entity": ENTITY, "unit": VILLAGE, "employees": 4, "evidence": [{"document": "330127"}, {"document": "b"}],
    }  # fmt: skip


async def test_what_is_no_json_object_cannot_be_corrected_but_dismissed(registry: Counter) -> None:
    await registry.writes.handle([IncomingReport("hr", "main", REGISTERED, b"[1]"), IncomingReport("hr", "main", REGISTERED, b"?")])
    rows = await registry.kept.kept(KeptQuery())
    assert [row.reason and row.reason.code for row in rows] == ["not_an_object", "not_json"]
    for row in rows:
        assert await refused(registry, "corrected", row.key, changes=sets(occurred="2010-01-01")) == "not_correctable"
        assert (await done(registry, "dismissed", row.key, name=f"a-{row.arrival}")).row.outcome == "refused"
    assert await registry.kept.kept(KeptQuery()) == []


# Dismissed


async def test_what_is_dismissed_waits_no_more_and_its_reporter_is_told_why(registry: Counter) -> None:
    waits = report(STARTED, {"entity": ENTITY, "person": ANNA})
    await registry.ask(waits)
    await done(registry, "dismissed", key(waits), why="重复报送")
    answer = await registry.answer(waits)
    assert (answer.outcome, answer.code, answer.zh, answer.revision) == ("refused", "dismissed", "已退回不处理：重复报送", 2)
    await registry.ask(report(REGISTERED, entity()))
    assert (await registry.answer(waits)).code == "dismissed"
    assert await refused(registry, "dismissed", key(waits), name="act-2") == "dismissed"
    assert (await done(registry, "resubmitted", key(waits), name="act-3")).row.outcome == "recorded", "it may be taken up again"


async def test_a_conflict_is_dismissed_and_the_record_stands(registry: Counter) -> None:
    opening = report(REGISTERED, entity(), id="r-1")
    await registry.hand_in(opening, report(REGISTERED, entity(name="李记"), id="r-1"))
    assert len(await registry.kept.kept(KeptQuery())) == 1
    await done(registry, "dismissed", key(opening))
    assert await registry.kept.kept(KeptQuery()) == []
    assert (await registry.ask(opening)).outcome == "recorded"
    assert await refused(registry, "dismissed", key(opening), name="act-2") == "recorded_already"


async def test_no_resident_id_is_kept_of_what_was_said_at_the_desk(registry: Counter) -> None:
    id = resident_id(2)
    far = report(REGISTERED, entity(unit=ELSEWHERE))
    await registry.ask(far)
    await done(registry, "corrected", key(far), changes=sets(data__name=f"王 {id}"), why=f"因 {id}")
    store = registry.kept
    assert isinstance(store, MemoryStore)
    assert id[:17] not in repr(store.act_rows)


def _broken() -> Any:
    from dataclasses import replace

    from services.registry.rules import RULES
    from shared.contracts.registry import EntityRegistered

    def decide(state: Any, fact: Any, day: Any) -> Any:
        return 1 // 0 if isinstance(fact, EntityRegistered) else RULES.decide(state, fact, day)

    return replace(RULES, decide=decide)
