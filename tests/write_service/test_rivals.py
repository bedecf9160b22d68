"""Rivals: facts whose natural key another one has. They stand in when that is voided, so the rules are asked about them at once."""

from typing import Any

import pytest
import pytest_asyncio

from shared.write_service import reasons
from tests.support.reporting import (
    ANNA,
    BO,
    CAI,
    ENTITY,
    PARK,
    TOWNSHIP,
    VILLAGE,
    Counter,
    correction,
    entity,
    report,
    void,
    with_units,
)


@pytest_asyncio.fixture
async def registry() -> Counter:
    return await with_units(Counter())


@pytest_asyncio.fixture
async def finance() -> Counter:
    return await with_units(Counter("finance"))


def loan(*borrowers: str) -> dict[str, Any]:
    return {"unit": TOWNSHIP, "loan": "L1", "loan_kind": "personal", "borrowers": borrowers, "entity": ENTITY, "amount_fen": 5_000_000}


def venue(**more: Any) -> dict[str, Any]:
    return {"unit": VILLAGE, "venue": "V1", "name": "孵化园", "venue_kind": "incubator", "area_m2": 100} | more


async def test_a_loan_without_borrowers_is_refused_as_a_rival_too(finance: Counter) -> None:
    good = report("finance.loan_applied", loan(ANNA), by="hr")
    bad = report("finance.loan_applied", loan(), by="bank")
    assert (await finance.ask(good)).outcome == "recorded"
    answer = await finance.ask(bad)
    assert (answer.outcome, answer.code, answer.zh) == ("refused", "loan_without_borrower", "个人贷款必须填写借款人")
    await finance.ask(report("finance.fact_voided", void(good)))
    assert (await finance.ask(report("finance.loan_approved", {"loan": "L1", "amount_fen": 5_000_000}))).code == "not_opened"


@pytest.mark.parametrize("together", [True, False])
async def test_it_is_refused_whether_it_comes_first_or_last_or_along_with_the_good_one(finance: Counter, together: bool) -> None:
    good, bad, bad_too = (report("finance.loan_applied", loan(*names)) for names in ((ANNA,), (), ()))
    await (finance.hand_in(bad, good, bad_too) if together else finance.ask(bad))
    finance.restarted()
    await finance.hand_in(bad, good, bad_too)
    answers = [await finance.answer(each) for each in (bad, good, bad_too)]
    assert [answer.code for answer in answers] == ["loan_without_borrower", "recorded", "loan_without_borrower"]


async def test_a_venue_within_itself_is_refused_as_a_rival_too(registry: Counter) -> None:
    good, bad = report("registry.venue_opened", venue()), report("registry.venue_opened", venue(within="V1"), by="tax")
    assert [answer.code for answer in await registry.hand_in(good, bad)] == ["recorded", "within_itself"]


async def test_a_rival_the_rules_accept_stands_in_for_the_voided_first(finance: Counter) -> None:
    first, other = report("finance.loan_applied", loan(ANNA)), report("finance.loan_applied", loan(BO))
    recorded, rival = await finance.hand_in(first, other)
    assert rival.flags == (reasons.contradiction(recorded.position or 0),)
    await finance.ask(report("finance.fact_voided", void(first)))
    right = await with_units(Counter("finance"))
    await right.ask(other)
    assert await finance.state("loan:L1") == await right.state("loan:L1")


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_confirmation_stands_in_before_an_earlier_contradiction(registry: Counter, restarts: bool) -> None:
    first, other, same = (report("registry.venue_opened", venue(area_m2=area), by=by) for area, by in ((100, "a"), (200, "b"), (100, "c")))
    answers = await registry.hand_in(first, other, same)
    assert [flag.code for answer in answers for flag in answer.flags] == ["contradiction", "confirmation"]
    right = await with_units(Counter())
    await right.ask(same)
    for voided, stands in ((first, same), (same, other)):
        if restarts:
            registry.restarted()
        await registry.ask(report("registry.fact_voided", void(voided)))
        right = await with_units(Counter())
        await right.ask(stands)
        assert await registry.state("venue:V1") == await right.state("venue:V1")


async def test_a_rival_corrected_to_what_the_voided_first_said_takes_the_place_of_another(registry: Counter) -> None:
    first, other, third = (report("registry.venue_opened", venue(area_m2=area)) for area in (100, 200, 300))
    await registry.hand_in(first, other, third, report("registry.fact_voided", void(first)))
    answer = await registry.ask(report("registry.fact_corrected", correction(third, venue())))
    assert (answer.outcome, answer.flags) == ("recorded", ()), "ruled on as if the other did not stand"
    right = await with_units(Counter())
    await right.ask(first)
    assert await registry.state("venue:V1") == await right.state("venue:V1")
    again = await registry.ask(report("registry.fact_corrected", correction(third, venue(area_m2=300))))
    assert again.flags == (reasons.contradiction((await registry.answer(other)).position or 0),)


async def test_the_rules_are_asked_as_if_the_first_did_not_stand(registry: Counter) -> None:
    """A venue that has opened refuses another opening; but the rival would open it in the place of the first."""
    opened = report("registry.venue_opened", venue(), occurred="2010-02-01")
    await registry.hand_in(opened, report("registry.venue_closed", {"venue": "V1"}, occurred="2010-03-01"))
    in_time = await registry.ask(report("registry.venue_opened", venue(area_m2=200), occurred="2010-02-15"))
    assert [flag.code for flag in in_time.flags] == ["contradiction"]
    late = await registry.ask(report("registry.venue_opened", venue(), occurred="2010-04-01"))
    assert (late.outcome, late.code) == ("refused", "begins_after_its_end")


async def test_a_confirmation_is_not_asked_about(finance: Counter) -> None:
    recorded = await finance.ask(report("finance.loan_applied", loan(ANNA), by="hr"))
    confirmation = await finance.ask(report("finance.loan_applied", loan(ANNA) | {"evidence": [{"document": "申请表"}]}, by="bank"))
    assert confirmation.flags == (reasons.confirmation(recorded.position or 0),)


async def test_a_rival_that_would_only_wait_is_recorded_for_the_disagreement_to_be_seen(registry: Counter) -> None:
    """Without the voided admission a departure has to wait for one; another report of a departure that is recorded has not."""
    opening = report("registry.entity_registered", entity())
    admitted = report("registry.tenant_admitted", {"venue": "V1", "entity": ENTITY}, occurred="2010-03-05")
    left = report("registry.tenant_left", {"venue": "V1", "entity": ENTITY}, occurred="2010-03-10")
    first = [opening, report("registry.venue_opened", venue()), admitted, left]
    assert [answer.outcome for answer in await registry.hand_in(*first)] == ["recorded"] * 4
    await registry.ask(report("registry.fact_voided", void(admitted)))
    position = (await registry.answer(left)).position or 0
    rival = await registry.ask(report("registry.tenant_left", {"venue": "V1", "entity": ENTITY, "park": PARK}, occurred="2010-03-10"))
    assert rival.flags == (reasons.contradiction(position),)


async def test_a_correction_that_makes_a_rival_worse_is_refused(finance: Counter) -> None:
    first, rival = report("finance.loan_applied", loan(ANNA)), report("finance.loan_applied", loan(BO))
    recorded, _ = await finance.hand_in(first, rival)
    worse = await finance.ask(report("finance.fact_corrected", correction(rival, loan())))
    assert (worse.outcome, worse.code) == ("refused", "loan_without_borrower")
    other = await finance.ask(report("finance.fact_corrected", correction(rival, loan(CAI))))
    assert other.flags == (reasons.contradiction(recorded.position or 0),)
