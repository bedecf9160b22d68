"""Voids and corrections: who may, of what, and what becomes of the thing's state."""

from typing import Any

import pytest
import pytest_asyncio

from shared.contracts.common import OFFICE
from shared.contracts.envelope import Source
from shared.contracts.registry import EntityRegistered
from shared.write_service import reasons
from tests.support.reporting import (
    ANNA,
    BO,
    COUNTY,
    ENTITY,
    NEW_CODE,
    OTHER_VILLAGE,
    VILLAGE,
    Counter,
    assert_chained,
    correction,
    entity,
    report,
    void,
    with_units,
)

VOID, CORRECT = "registry.fact_voided", "registry.fact_corrected"


@pytest_asyncio.fixture
async def registry() -> Counter:
    return await with_units(Counter())


async def test_a_void_is_recorded_and_the_state_forgets_the_fact(registry: Counter) -> None:
    await registry.ask(report("registry.entity_registered", entity()))
    before = await registry.state(f"entity:{ENTITY}")
    suspended = report("registry.entity_suspended", {"entity": ENTITY})
    await registry.ask(suspended)
    assert await registry.state(f"entity:{ENTITY}") != before
    answer = await registry.ask(report(VOID, void(suspended)))
    assert (answer.outcome, answer.flags) == ("recorded", ())
    assert await registry.state(f"entity:{ENTITY}") == before
    await assert_chained(registry.kept)


async def test_after_the_void_of_an_opening_facts_wait_for_a_new_one(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.hand_in(opening, report("registry.employment_started", {"entity": ENTITY, "person": BO}))
    await registry.ask(report(VOID, void(opening)))
    waits = report("registry.employment_started", {"entity": ENTITY, "person": ANNA})
    assert (await registry.ask(waits)).code == "not_opened"
    await registry.ask(report("registry.entity_registered", entity(founders=[BO])))
    assert (await registry.answer(waits)).outcome == "recorded"


async def test_a_confirmation_stands_in_for_the_voided_first(registry: Counter) -> None:
    first = report("registry.entity_registered", entity(), by="market")
    _, second = await registry.hand_in(first, report("registry.entity_registered", entity(name="王记二店"), by="tax"))
    state = await registry.state(f"entity:{ENTITY}")
    await registry.ask(report(VOID, void(first), by="market"))
    assert await registry.state(f"entity:{ENTITY}") == state
    third = await registry.ask(report("registry.entity_registered", entity(), by="health"))
    assert third.flags == (reasons.contradiction(second.position or 0),), "it is compared with the one that stands now"


async def test_a_fact_is_voided_once_and_for_good(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.hand_in(opening, report(VOID, void(opening)))
    assert (await registry.ask(report(VOID, void(opening)))).code == "voided_already"
    assert (await registry.ask(report(CORRECT, correction(opening, entity())))).code == "voided_already"


@pytest.mark.parametrize(("by", "code"), [("tax", "not_yours"), ("hr2", "not_yours"), ("kaiye", "no_such_reporter")])
async def test_other_departments_may_not(registry: Counter, by: str, code: str) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.ask(opening)
    for type_, data in ((VOID, void(opening)), (CORRECT, correction(opening, entity()))):
        assert (await registry.ask(report(type_, data, by=by))).code == code


async def test_the_department_through_any_of_its_systems_may_and_so_may_the_office(registry: Counter) -> None:
    one, two = report("registry.entity_registered", entity()), report("registry.entity_registered", entity(NEW_CODE))
    await registry.hand_in(one, two)
    assert (await registry.ask(report(VOID, void(one), system="other"))).outcome == "recorded"
    assert (await registry.ask(report(VOID, void(two), by="chuangjianban"))).outcome == "recorded"


async def test_records_of_other_counties_and_of_the_system_are_out_of_reach(registry: Counter) -> None:
    elsewhere = {"source": "/330128000000/hr/main", "id": "a", "reason": "错"}
    assert (await registry.ask(report(VOID, elsewhere))).code == "not_yours"
    closed = {"source": str(Source(COUNTY, "kaiye", "registry")), "id": "day-2010-05-31", "reason": "错"}
    assert (await registry.ask(report(VOID, closed, by="chuangjianban"))).code == "not_a_fact"


async def test_voids_and_corrections_are_not_amended_themselves(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    voided = report(VOID, void(opening))
    await registry.hand_in(opening, voided)
    assert (await registry.ask(report(VOID, void(voided)))).code == "not_a_fact"
    assert (await registry.ask(report(CORRECT, correction(voided, void(opening))))).code == "not_a_fact"


async def test_a_void_waits_for_its_original(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    voided = report(VOID, void(opening))
    answer = await registry.ask(voided)
    assert (answer.outcome, answer.code) == ("waiting", "target_unknown")
    await registry.ask(opening)
    assert (await registry.answer(voided)).outcome == "recorded"
    assert [record.type for record in await registry.records()][-2:] == ["registry.entity_registered", VOID]


async def test_a_void_waits_while_its_original_waits(registry: Counter) -> None:
    early = report("registry.entity_suspended", {"entity": ENTITY})
    voided = report(VOID, void(early))
    assert [answer.outcome for answer in await registry.hand_in(early, voided)] == ["waiting", "waiting"]
    await registry.ask(report("registry.entity_registered", entity()))
    assert (await registry.answer(voided)).outcome == "recorded"


async def test_a_void_of_a_refused_report_is_refused_whichever_comes_first(registry: Counter) -> None:
    bad, other = (report("registry.entity_registered", entity(entity_kind="shop")) for _ in range(2))
    before, after = report(VOID, void(bad)), report(VOID, void(other))
    await registry.hand_in(before, bad, other, after)
    assert {(await registry.answer(each)).code for each in (before, after)} == {"target_refused"}


async def test_a_correction_replaces_day_and_content(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity(), occurred="2010-03-01")
    await registry.ask(opening)
    answer = await registry.ask(report(CORRECT, correction(opening, entity(founders=[BO], unit=OTHER_VILLAGE), "2010-02-01")))
    assert (answer.outcome, answer.flags) == ("recorded", ())
    right = await with_units(Counter())
    await right.ask(report("registry.entity_registered", entity(founders=[BO], unit=OTHER_VILLAGE), occurred="2010-02-01"))
    assert await registry.state(f"entity:{ENTITY}") == await right.state(f"entity:{ENTITY}")
    confirmation = await registry.ask(
        report("registry.entity_registered", entity(founders=[BO], unit=OTHER_VILLAGE), by="tax", occurred="2010-02-01")
    )
    assert [flag.code for flag in confirmation.flags] == ["confirmation"], "others are compared with what it reads now"


async def test_the_last_correction_wins_and_a_restart_knows_it(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.ask(opening)
    for day in ("2010-02-03", "2010-02-02"):
        await registry.ask(report(CORRECT, correction(opening, entity(), day)))
    state = await registry.state(f"entity:{ENTITY}")
    registry.restarted()
    await registry.ask(report("registry.entity_suspended", {"entity": ENTITY}, occurred="2010-02-02", id="s"))
    assert (await registry.answer(report("registry.entity_suspended", {"entity": ENTITY}, id="s"))).outcome == "recorded"
    assert "2010-02-02" in (registry.writes.rules.states.dump_json(state)).decode()


async def test_a_correction_keeps_the_thing_it_is_about(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.ask(opening)
    assert (await registry.ask(report(CORRECT, correction(opening, entity(NEW_CODE))))).code == "other_key"


async def test_a_correction_keeps_the_own_key_but_may_move_the_day(registry: Counter) -> None:
    job = report("registry.employment_started", {"entity": ENTITY, "person": BO})
    await registry.hand_in(report("registry.entity_registered", entity()), job)
    assert (await registry.ask(report(CORRECT, correction(job, {"entity": ENTITY, "person": ANNA})))).code == "other_key"
    moved = await registry.ask(report(CORRECT, correction(job, {"entity": ENTITY, "person": BO}, "2010-03-05")))
    assert moved.outcome == "recorded"


async def test_a_correction_onto_another_facts_key_is_a_repetition(registry: Counter) -> None:
    one = report("registry.employment_started", {"entity": ENTITY, "person": BO}, occurred="2010-03-01")
    two = report("registry.employment_started", {"entity": ENTITY, "person": BO}, occurred="2010-03-02")
    await registry.hand_in(report("registry.entity_registered", entity()), one, two)
    answer = await registry.ask(report(CORRECT, correction(two, {"entity": ENTITY, "person": BO}, "2010-03-01")))
    assert [flag.code for flag in answer.flags] == ["confirmation"]


async def test_a_correction_of_something_superseded_says_what_holds(registry: Counter) -> None:
    one, two = (report("registry.survival_checked", {"entity": ENTITY, "operating": each}) for each in (True, False))
    await registry.hand_in(report("registry.entity_registered", entity()), one, two)
    answer = await registry.ask(report(CORRECT, correction(one, {"entity": ENTITY, "operating": False})))
    assert [flag.code for flag in answer.flags] == ["superseded"]


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"data": {"entity": ENTITY}}, "invalid", "data.data.name"),
        ({"occurred": "2010-06-02"}, "future_day", "data.occurred"),
        ({"occurred": "0201-01-01"}, "day_too_early", "data.occurred"),
        ({"version": 9}, "unknown_type", "registry.entity_registered.v9"),
        ({"data": entity(unit="330128101205")}, "other_county", "330128101205"),
    ],
)
async def test_a_correction_must_be_right_itself(registry: Counter, more: dict[str, Any], code: str, says: str) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.ask(opening)
    answer = await registry.ask(report(CORRECT, correction(opening, entity()) | more))
    assert (answer.outcome, answer.code) == ("refused", code)
    assert says in answer.zh
    assert says in answer.en


async def test_a_correction_waits_for_what_it_names(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.ask(opening)
    waits = report(CORRECT, correction(opening, entity(case="LS-1")))
    assert (await registry.ask(waits)).code == "not_opened"
    accepted = {"unit": VILLAGE, "case": "LS-1", "promised": "2010-03-20"}
    await registry.ask(report("registry.green_channel_case_accepted", accepted))
    assert (await registry.answer(waits)).outcome == "recorded"


async def test_a_correction_is_ruled_on_like_the_fact_reported_anew(registry: Counter) -> None:
    accepted = report("registry.green_channel_case_accepted", {"unit": VILLAGE, "case": "LS-1", "promised": "2010-03-20"})
    await registry.ask(accepted)
    answer = await registry.ask(report(CORRECT, correction(accepted, {"unit": VILLAGE, "case": "LS-1", "promised": "2010-02-20"})))
    fresh = await registry.ask(report("registry.green_channel_case_accepted", {"unit": VILLAGE, "case": "LS-2", "promised": "2010-02-20"}))
    assert answer.outcome == fresh.outcome == "refused"
    assert answer.code == fresh.code


async def test_amendments_of_unit_facts_move_the_directory(registry: Counter) -> None:
    merged = report("registry.unit_merged", {"code": VILLAGE, "into": OTHER_VILLAGE}, occurred="2010-03-31")
    await registry.ask(merged)
    fact = report("registry.entity_registered", entity(), occurred="2010-04-15")
    assert (await registry.ask(fact)).code == "unit_gone"
    moved = {"code": VILLAGE, "into": OTHER_VILLAGE}
    assert (await registry.ask(report(CORRECT, correction(merged, moved, "2010-04-30"), by=OFFICE))).outcome == "recorded"
    assert (await registry.ask(report("registry.entity_registered", entity(), occurred="2010-04-15"))).outcome == "recorded"
    assert (await registry.ask(report("registry.entity_registered", entity(NEW_CODE), occurred="2010-05-01"))).code == "unit_gone"
    await registry.ask(report(VOID, void(merged), by=OFFICE))
    registry.restarted()
    assert (await registry.ask(report("registry.entity_registered", entity(NEW_CODE), occurred="2010-05-01"))).outcome == "recorded"


def test_the_fixture_speaks_of_a_real_contract() -> None:
    assert EntityRegistered.model_validate(entity()).opens


async def test_a_correction_that_waits_hears_of_the_void_of_its_original(registry: Counter) -> None:
    opening = report("registry.entity_registered", entity())
    await registry.ask(opening)
    waits = report(CORRECT, correction(opening, entity(case="LS-1")))
    assert (await registry.ask(waits)).outcome == "waiting"
    await registry.ask(report(VOID, void(opening)))
    assert (await registry.answer(waits)).code == "voided_already"
