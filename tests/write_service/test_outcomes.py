"""What a reporter is told, outcome by outcome: the same id twice, days, units, things not opened yet, the same fact twice."""

from datetime import timedelta

import orjson
import pytest
import pytest_asyncio

from shared.clock import SimulatedClock
from shared.event_store.interface import ReportKey
from shared.write_service import reasons
from shared.write_service.handler import IncomingReport
from shared.write_service.masking import has_resident_id
from shared.write_service.parsing import Readable, read
from tests.support.memory_store import MemoryStore
from tests.support.reporting import (
    ANNA,
    BO,
    COUNTY,
    ENTITY,
    NEW_CODE,
    NOON,
    OTHER_VILLAGE,
    PARK,
    TOWNSHIP,
    VILLAGE,
    Counter,
    assert_chained,
    correction,
    entity,
    report,
    source_of,
    with_units,
)  # fmt: skip


@pytest_asyncio.fixture
async def registry() -> Counter:
    return await with_units(Counter())


async def kept_bytes(counter: Counter, incoming: IncomingReport, id: str) -> bytes | None:
    async with counter.kept.writing() as writing:
        rows = await writing.reports([ReportKey(source_of(incoming), id)])
    return max(rows, key=lambda row: row.revision).kept


async def test_a_good_report_is_recorded(registry: Counter) -> None:
    good = report("registry.entity_registered", entity())
    answer = await registry.ask(good)
    record = (await registry.records())[-1]
    assert (answer.outcome, answer.code, answer.position, answer.revision, answer.flags) == ("recorded", "recorded", record.position, 1, ())
    assert (record.source, record.type, record.version, record.data) == (source_of(good), "registry.entity_registered", 1, entity())
    await assert_chained(registry.kept)


async def test_the_record_is_what_was_reported_word_for_word(registry: Counter) -> None:
    data = {"entity_kind": "enterprise", "name": "王记 & Söhne", "entity": ENTITY, "unit": VILLAGE, "industry": "C2041", "evidence": []}
    await registry.ask(report("registry.entity_registered", data))
    record = (await registry.records())[-1]
    assert orjson.dumps(record.data) == orjson.dumps(data)


async def test_the_same_report_again_gets_the_same_answer_again(registry: Counter) -> None:
    good = report("registry.entity_registered", entity())
    first = await registry.ask(good)
    sent = [answer.number for answer in await registry.kept.unsent_answers(100)]
    await registry.kept.mark_sent(sent)
    assert await registry.ask(good) == first
    before = len(await registry.records())
    assert await registry.hand_in(good, good, good) == [first] * 3
    assert len(await registry.records()) == before


async def test_nothing_spelled_out_is_the_same_content(registry: Counter) -> None:
    first = await registry.ask(report("registry.entity_registered", entity(), id="a"))
    assert await registry.ask(report("registry.entity_registered", entity(park=None, evidence=[]), id="a")) == first
    spelled = await registry.ask(report("registry.entity_suspended", {"entity": ENTITY, "unit": None}, id="b"))
    assert await registry.ask(report("registry.entity_suspended", {"entity": ENTITY}, id="b")) == spelled
    corrected = correction(report("registry.entity_registered", entity(), id="a"), entity(founders=[BO], park=None))
    told = await registry.ask(report("registry.fact_corrected", corrected, id="c"))
    corrected["data"] = entity(founders=[BO], evidence=[])
    assert await registry.ask(report("registry.fact_corrected", corrected | {"version": 1}, id="c")) == told
    assert [record.data.get("unit", "left out") for record in (await registry.records())[-2:]] == [None, "left out"], "word for word"


async def test_what_an_older_release_knew_by_its_json_is_known_by_it_still(registry: Counter) -> None:
    spelled = report("registry.entity_registered", entity(park=None), id="a")
    first = await registry.ask(spelled)
    store = registry.kept
    assert isinstance(store, MemoryStore)
    (known,) = [key for key in store.report_rows if key[0].id == "a"]
    found = read(spelled, COUNTY, "registry", (await store.head()).key)
    assert isinstance(found, Readable)
    assert found.as_sent != known[1]
    store.report_rows[known[0], found.as_sent] = store.report_rows.pop(known)._replace(digest=found.as_sent)
    assert await registry.ask(spelled) == first


async def test_a_recorded_id_with_other_content_is_a_conflict_and_the_record_stands(registry: Counter) -> None:
    good = report("registry.entity_registered", entity(), id="a")
    other = report("registry.entity_registered", entity(founders=[BO]), id="a")
    first, conflict = await registry.ask(good), await registry.ask(other)
    assert (conflict.outcome, conflict.code, conflict.revision) == ("refused", "conflict", 2)
    assert f"第 {first.position} 条" in conflict.zh
    assert f"position {first.position}" in conflict.en
    assert (await registry.ask(other)) == conflict
    again = await registry.ask(good)
    assert (again.outcome, again.position, again.revision) == ("recorded", first.position, 3)
    assert len([record for record in await registry.records() if record.id == "a"]) == 1


async def test_a_waiting_id_with_other_content_is_a_conflict_too(registry: Counter) -> None:
    early = report("registry.entity_suspended", {"entity": ENTITY}, id="a")
    assert (await registry.ask(early)).outcome == "waiting"
    assert (await registry.ask(report("registry.entity_restored", {"entity": ENTITY}, id="a"))).code == "conflict"
    assert (await registry.ask(report("registry.entity_suspended", {"entity": "bad"}, id="a"))).code == "conflict"
    await registry.ask(report("registry.entity_registered", entity()))
    assert (await registry.answer(early)).outcome == "recorded"


async def test_a_refused_id_binds_nothing(registry: Counter) -> None:
    bad = report("registry.entity_registered", entity(entity_kind="shop"), id="a")
    good = report("registry.entity_registered", entity(), id="a")
    refused = await registry.ask(bad)
    assert refused.outcome == "refused"
    assert (await registry.ask(bad)) == refused
    assert ((await registry.ask(good)).outcome, (await registry.answer(good)).revision) == ("recorded", 2)


async def test_one_id_may_wait_twice_in_a_batch_with_different_contents(registry: Counter) -> None:
    """The first content is refused when what it waited for comes; the second then waits under the same id, and is decided in its turn."""
    first = report("registry.entity_suspended", {"entity": ENTITY}, id="a", occurred="2010-01-01")
    opening = report("registry.entity_registered", entity(), occurred="2010-02-01")
    second = report("registry.employment_started", {"entity": NEW_CODE, "person": BO}, id="a")
    await registry.hand_in(first, opening, second, report("registry.entity_registered", entity(NEW_CODE)))
    assert (await registry.answer(second)).outcome == "recorded"
    assert (await registry.records())[-1].type == "registry.employment_started"


async def test_ids_belong_to_their_source(registry: Counter) -> None:
    one = report("registry.entity_registered", entity(), id="a", by="market")
    two = report("registry.entity_registered", entity(NEW_CODE), id="a", by="tax")
    three = report("registry.entity_suspended", {"entity": NEW_CODE}, id="a", by="tax", system="other")
    assert [answer.outcome for answer in await registry.hand_in(one, two, three)] == ["recorded"] * 3


async def test_an_unreadable_report_is_answered_under_the_hmac_of_its_bytes_and_kept(registry: Counter) -> None:
    scrap = IncomingReport("hr", "main", "registry.entity_registered", b'{"id": "a", 11010519491231002X')
    await registry.writes.handle([scrap])
    await registry.writes.handle([scrap])
    (answer,) = [answer for answer in (await registry.answers()).values() if answer.outcome == "refused"]
    assert (answer.code, answer.source, len(answer.id), answer.type) == ("not_json", source_of(scrap), 64, "registry.entity_registered")
    assert await kept_bytes(registry, scrap, answer.id) == b'{"id": "a", 110105************'


async def test_refused_bytes_are_kept_masked(registry: Counter) -> None:
    bad = report("registry.entity_registered", entity(name="李四 110105491231002", entity_kind="shop"), id="a")
    await registry.ask(bad)
    kept = await kept_bytes(registry, bad, "a")
    assert kept is not None
    assert "李四 110105*********".encode() in kept


@pytest.mark.parametrize(
    "spelling", [rb"11010519491231\u0030\u0030\u0032X", "１１０１０５１９４９１２３１００２Ｘ".encode(), b"110105 19491231 002X"]
)
async def test_refused_bytes_are_kept_masked_in_every_spelling(registry: Counter, spelling: bytes) -> None:
    bad = report("registry.entity_registered", entity(name="@"), id="a")
    bad = bad._replace(raw=bad.raw.replace(b"@", spelling))
    assert (await registry.ask(bad)).code == "resident_id"
    kept = await kept_bytes(registry, bad, "a")
    assert kept is not None
    assert b"****" in kept
    assert spelling not in kept
    assert not has_resident_id(kept)


async def test_waiting_bytes_are_kept_as_they_are_and_recorded_ones_not_at_all(registry: Counter) -> None:
    early = report("registry.entity_followed_up", {"entity": ENTITY, "need": "注册号 110105491231002", "outcome": "无"}, id="a")
    await registry.ask(early)
    assert await kept_bytes(registry, early, "a") == early.raw
    await registry.ask(report("registry.entity_registered", entity()))
    assert await kept_bytes(registry, early, "a") is None


async def test_a_day_after_today_is_refused_by_the_day_in_shanghai(registry: Counter) -> None:
    registry.clock.observe(NOON + timedelta(hours=11, minutes=59))  # a minute to midnight on 1 June
    assert (await registry.ask(report("registry.entity_registered", entity(), occurred="2010-06-02"))).code == "future_day"
    registry.clock.observe(NOON + timedelta(hours=12))
    assert (await registry.ask(report("registry.entity_registered", entity(), occurred="2010-06-02"))).outcome == "recorded"


async def test_a_fact_of_an_unknown_unit_waits_for_its_listing() -> None:
    registry = await with_units(Counter(), COUNTY)
    early = report("registry.entity_registered", entity(park=PARK))
    answer = await registry.ask(early)
    assert (answer.outcome, answer.code) == ("waiting", "unit_unknown")
    assert VILLAGE in answer.zh
    assert PARK in answer.zh
    await with_units(registry, VILLAGE)
    then = await registry.answer(early)
    assert (then.outcome, then.revision) == ("waiting", 2)
    assert VILLAGE not in then.zh
    await with_units(registry, PARK)
    assert ((await registry.answer(early)).outcome, (await registry.answer(early)).revision) == ("recorded", 3)


async def test_a_unit_of_another_county_is_refused(registry: Counter) -> None:
    elsewhere = "330128101205"
    assert (await registry.ask(report("registry.entity_registered", entity(unit=elsewhere)))).code == "other_county"
    assert (await registry.ask(report("registry.unit_listed", {"code": elsewhere, "name": "外县村"}))).code == "other_county"
    assert (await registry.ask(report("registry.unit_merged", {"code": VILLAGE, "into": elsewhere}))).code == "other_county"


async def test_a_merged_unit_is_accepted_up_to_its_last_day_and_then_refused_with_its_successor(registry: Counter) -> None:
    merged = report("registry.unit_merged", {"code": VILLAGE, "into": OTHER_VILLAGE}, occurred="2010-03-31")
    assert (await registry.ask(merged)).outcome == "recorded"
    assert (await registry.ask(report("registry.entity_registered", entity(), occurred="2010-03-31"))).outcome == "recorded"
    refused = await registry.ask(report("registry.entity_registered", entity(NEW_CODE), occurred="2010-04-01"))
    assert refused.code == "unit_gone"
    assert OTHER_VILLAGE in refused.zh
    assert OTHER_VILLAGE in refused.en


async def test_the_successor_named_is_the_one_that_still_exists(registry: Counter) -> None:
    await registry.ask(report("registry.unit_merged", {"code": VILLAGE, "into": OTHER_VILLAGE}, occurred="2010-03-31"))
    await registry.ask(report("registry.unit_dissolved", {"code": OTHER_VILLAGE, "successor": "330127101003"}, occurred="2010-04-30"))
    assert OTHER_VILLAGE in (await registry.ask(report("registry.entity_registered", entity(), occurred="2010-04-30"))).en
    assert "330127101003" in (await registry.ask(report("registry.entity_registered", entity(), occurred="2010-05-01"))).en


async def test_a_fact_about_something_not_opened_waits_for_it(registry: Counter) -> None:
    early = report("registry.employment_started", {"entity": ENTITY, "person": BO})
    answer = await registry.ask(early)
    assert (answer.outcome, answer.code, answer.position) == ("waiting", "not_opened", None)
    assert f"市场主体 {ENTITY}" in answer.zh
    assert f"entity {ENTITY}" in answer.en
    assert (await registry.ask(early)) == answer
    opening, then = report("registry.entity_registered", entity()), await registry.ask(report("registry.entity_registered", entity()))
    assert then.outcome == "recorded"
    assert (await registry.answer(early)).position == (then.position or 0) + 1
    assert opening


async def test_a_fact_that_names_something_not_opened_waits_for_it(registry: Counter) -> None:
    opening = report("registry.venue_opened", {"unit": VILLAGE, "venue": "V1", "name": "孵化园", "venue_kind": "incubator", "area_m2": 100})
    admitted = report("registry.tenant_admitted", {"venue": "V1", "entity": ENTITY})
    assert [answer.outcome for answer in await registry.hand_in(opening, admitted)] == ["recorded", "waiting"]
    await registry.ask(report("registry.entity_registered", entity()))
    assert (await registry.answer(admitted)).outcome == "recorded"


async def test_things_of_other_services_are_never_waited_for() -> None:
    finance = await with_units(Counter("finance"))
    loan = {
        "unit": TOWNSHIP, "loan": "L1", "loan_kind": "personal", "borrowers": [ANNA], "entity": ENTITY, "amount_fen": 5_000_000,
    }  # fmt: skip
    assert (await finance.ask(report("finance.loan_applied", loan))).outcome == "recorded"


async def test_the_answer_of_a_waiting_report_is_always_the_present_one(registry: Counter) -> None:
    """It waits for its green-channel case when the unit it names ends before its day: it need not wait any longer to be refused."""
    waits = report("registry.entity_registered", entity(case="LS-1"), occurred="2010-04-01")
    assert (await registry.ask(waits)).code == "not_opened"
    await registry.ask(report("registry.unit_merged", {"code": VILLAGE, "into": OTHER_VILLAGE}, occurred="2010-03-31"))
    assert (await registry.answer(waits)).code == "unit_gone"


async def test_one_recording_releases_what_waits_for_what_it_releases(registry: Counter) -> None:
    restored = report("registry.entity_restored", {"entity": ENTITY}, occurred="2010-05-01")
    suspended = report("registry.entity_suspended", {"entity": ENTITY}, occurred="2010-04-01")
    listed = Counter(clock=SimulatedClock(NOON))
    registered = report("registry.entity_registered", entity())
    assert [answer.outcome for answer in await listed.hand_in(restored, suspended, registered)] == ["waiting"] * 3
    await with_units(listed)
    assert [(await listed.answer(each)).outcome for each in (restored, suspended, registered)] == ["recorded"] * 3
    days = [record.occurred.isoformat() for record in await listed.records() if record.type.startswith("registry.entity")]
    assert days == ["2010-03-01", "2010-04-01", "2010-05-01"]


async def test_the_same_fact_from_two_systems_is_a_confirmation(registry: Counter) -> None:
    first = await registry.ask(report("registry.entity_registered", entity(), by="market"))
    second = report("registry.entity_registered", entity(evidence=[{"document": "税务登记"}]), by="tax")
    answer = await registry.ask(second)
    assert answer.outcome == "recorded"
    assert answer.flags == (reasons.confirmation(first.position or 0),)


async def test_the_same_fact_told_otherwise_is_a_contradiction_and_moves_nothing(registry: Counter) -> None:
    first = await registry.ask(report("registry.entity_registered", entity(), by="market"))
    state = await registry.state(f"entity:{ENTITY}")
    for other in (entity(founders=[BO]), entity(unit=OTHER_VILLAGE)):
        answer = await registry.ask(report("registry.entity_registered", other, by="tax"))
        assert answer.flags == (reasons.contradiction(first.position or 0),)
    answer = await registry.ask(report("registry.entity_registered", entity(), by="tax", occurred="2010-02-28"))
    assert answer.flags == (reasons.contradiction(first.position or 0),)
    assert await registry.state(f"entity:{ENTITY}") == state


async def test_a_second_check_of_one_day_supersedes_the_first(registry: Counter) -> None:
    await registry.ask(report("registry.entity_registered", entity()))
    for operating in (True, False):
        answer = await registry.ask(report("registry.survival_checked", {"entity": ENTITY, "operating": operating}))
        assert (answer.outcome, answer.flags) == ("recorded", ())


async def test_a_rule_of_the_aggregate_refuses_with_its_own_words(registry: Counter) -> None:
    answer = await registry.ask(report("registry.unit_merged", {"code": VILLAGE, "into": VILLAGE}))
    assert (answer.outcome, answer.code) == ("refused", "into_itself")


async def test_a_rule_of_the_aggregate_flags_what_is_odd(registry: Counter) -> None:
    await registry.ask(report("registry.entity_registered", entity(), occurred="2010-01-01"))
    await registry.ask(report("registry.entity_deregistered", {"entity": ENTITY}, occurred="2010-03-01"))
    answer = await registry.ask(report("registry.employment_started", {"entity": ENTITY, "person": BO}, occurred="2010-04-01"))
    assert answer.outcome == "recorded"
    assert len(answer.flags) == 1


async def test_a_late_fact_is_folded_at_its_day(registry: Counter) -> None:
    """Deregistered, and only then the suspension of weeks before is told: the entity stays deregistered."""
    await registry.ask(report("registry.entity_registered", entity(), occurred="2010-01-01"))
    await registry.ask(report("registry.entity_deregistered", {"entity": ENTITY}, occurred="2010-03-01"))
    registry.restarted()  # nothing is remembered: the whole history is read
    late = await registry.ask(report("registry.entity_suspended", {"entity": ENTITY}, occurred="2010-02-01"))
    assert late.outcome == "recorded"
    in_order = await with_units(Counter())
    for type_, day in (("entity_suspended", "2010-02-01"), ("entity_deregistered", "2010-03-01")):
        if type_ == "entity_suspended":
            await in_order.ask(report("registry.entity_registered", entity(), occurred="2010-01-01"))
        await in_order.ask(report(f"registry.{type_}", {"entity": ENTITY}, occurred=day))
    assert await registry.state(f"entity:{ENTITY}") == await in_order.state(f"entity:{ENTITY}")


async def test_answers_name_department_and_system_of_the_channel(registry: Counter) -> None:
    await registry.kept.mark_sent([answer.number for answer in await registry.kept.unsent_answers(100)])
    await registry.writes.handle([report("registry.entity_registered", entity(), id="a", by="market", system="amr")])
    (outgoing,) = await registry.kept.unsent_answers(10)
    assert (outgoing.department, outgoing.system, outgoing.id) == ("market", "amr", "a")
