"""Entity codes that replace one another: everything is ruled in the history of the oldest code."""

import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from shared.write_service.aliases import Aliases, _oldest_codes
from tests.support.reporting import BO, CAI, ENTITY, NEW_CODE, OLD_CODE, Counter, correction, entity, report, void, with_units

REPLACED = "registry.entity_code_replaced"
THIRD_CODE = "91330127MA2B1C0E06"


@pytest_asyncio.fixture
async def registry() -> Counter:
    counter = await with_units(Counter())
    await counter.ask(report("registry.entity_registered", entity(OLD_CODE), occurred="2010-01-01"))
    return counter


async def test_facts_under_either_code_are_about_one_entity(registry: Counter) -> None:
    early = report("registry.employment_started", {"entity": NEW_CODE, "person": BO}, occurred="2010-04-01")
    assert (await registry.ask(early)).outcome == "waiting"
    await registry.ask(report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE}, occurred="2010-03-01"))
    assert (await registry.answer(early)).outcome == "recorded"
    await registry.ask(report("registry.employment_started", {"entity": OLD_CODE, "person": CAI}, occurred="2010-04-02"))
    state = str(await registry.state(f"entity:{OLD_CODE}"))
    assert BO in state
    assert CAI in state
    assert await registry.state(f"entity:{NEW_CODE}") is not None
    assert BO not in str(await registry.state(f"entity:{NEW_CODE}"))


async def test_what_waits_for_the_new_code_is_released_by_facts_under_the_old(registry: Counter) -> None:
    await registry.ask(report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE}))
    ended = report("registry.employment_ended", {"entity": NEW_CODE, "person": BO}, occurred="2010-05-01")
    assert (await registry.ask(ended)).outcome == "waiting"
    registry.restarted()
    await registry.ask(report("registry.employment_started", {"entity": OLD_CODE, "person": BO}, occurred="2010-04-01"))
    assert (await registry.answer(ended)).outcome == "recorded"


async def test_an_entity_registered_under_both_codes_becomes_one(registry: Counter) -> None:
    await registry.ask(report("registry.entity_registered", entity(NEW_CODE), occurred="2010-02-01"))
    await registry.ask(report("registry.employment_started", {"entity": NEW_CODE, "person": BO}, occurred="2010-02-01"))
    assert (await registry.ask(report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE}))).outcome == "recorded"
    assert BO in str(await registry.state(f"entity:{OLD_CODE}"))
    assert BO not in str(await registry.state(f"entity:{NEW_CODE}"))


async def test_a_chain_of_codes_leads_to_the_oldest_whatever_the_order_of_telling(registry: Counter) -> None:
    second = report(REPLACED, {"entity": NEW_CODE, "new_code": THIRD_CODE}, occurred="2010-03-02")
    first = report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE}, occurred="2010-03-01")
    assert (await registry.ask(second)).outcome == "waiting"
    await registry.ask(first)
    assert (await registry.answer(second)).outcome == "recorded"
    registry.restarted()
    assert (await registry.ask(report("registry.employment_started", {"entity": THIRD_CODE, "person": BO}))).outcome == "recorded"
    assert BO in str(await registry.state(f"entity:{OLD_CODE}"))


async def test_a_code_that_belongs_to_another_entity_cannot_be_taken(registry: Counter) -> None:
    await registry.ask(report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE}))
    await registry.ask(report("registry.entity_registered", entity(ENTITY)))
    refused = await registry.ask(report(REPLACED, {"entity": ENTITY, "new_code": NEW_CODE}))
    assert (refused.outcome, refused.code) == ("refused", "code_taken")
    assert OLD_CODE in refused.zh


async def test_codes_do_not_go_round_in_a_circle(registry: Counter) -> None:
    await registry.ask(report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE}))
    assert (await registry.ask(report(REPLACED, {"entity": NEW_CODE, "new_code": OLD_CODE}))).outcome == "refused"


async def test_a_void_of_one_replacement_leaves_the_others_alone(registry: Counter) -> None:
    """The voided replacement's new code has become another entity's meanwhile, and nothing that happens later touches that."""
    replaced = report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE})
    await registry.hand_in(replaced, report("registry.fact_voided", void(replaced)))
    await registry.ask(report("registry.entity_registered", entity(ENTITY)))
    await registry.ask(report(REPLACED, {"entity": ENTITY, "new_code": NEW_CODE}))
    await registry.ask(report(REPLACED, {"entity": OLD_CODE, "new_code": THIRD_CODE}))
    assert (await registry.ask(report("registry.employment_started", {"entity": NEW_CODE, "person": BO}))).outcome == "recorded"
    assert BO in str(await registry.state(f"entity:{ENTITY}"))


async def test_a_voided_replacement_parts_the_histories_again(registry: Counter) -> None:
    alone = await registry.state(f"entity:{OLD_CODE}")
    await registry.ask(report("registry.entity_registered", entity(NEW_CODE)))
    other = await registry.state(f"entity:{NEW_CODE}")
    replaced = report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE})
    await registry.ask(replaced)
    assert await registry.state(f"entity:{OLD_CODE}") != alone
    registry.restarted()
    assert (await registry.ask(report("registry.fact_voided", void(replaced)))).outcome == "recorded"
    assert await registry.state(f"entity:{OLD_CODE}") == alone
    assert await registry.state(f"entity:{NEW_CODE}") == other
    await registry.ask(report("registry.employment_started", {"entity": NEW_CODE, "person": BO}))
    assert BO not in str(await registry.state(f"entity:{OLD_CODE}"))


async def test_a_replacement_may_be_corrected_and_joins_as_before(registry: Counter) -> None:
    replaced = report(REPLACED, {"entity": OLD_CODE, "new_code": NEW_CODE})
    await registry.ask(replaced)
    registry.restarted()
    fixed = correction(replaced, {"entity": OLD_CODE, "new_code": NEW_CODE}, "2010-02-20")
    assert (await registry.ask(report("registry.fact_corrected", fixed))).outcome == "recorded"
    assert (await registry.ask(report("registry.employment_started", {"entity": NEW_CODE, "person": BO}))).outcome == "recorded"
    assert BO in str(await registry.state(f"entity:{OLD_CODE}"))


@given(st.permutations([("A", "B"), ("B", "C"), ("C", "D"), ("X", "Y")]))
def test_the_oldest_code_is_the_one_that_replaced_none(replacements: list[tuple[str, str]]) -> None:
    oldest = _oldest_codes(replacements)
    assert oldest == {"A": "A", "B": "A", "C": "A", "D": "A", "X": "X", "Y": "X"}


def test_codes_replaced_in_a_circle_still_have_one_oldest() -> None:
    assert len(set(_oldest_codes([("A", "B"), ("B", "C"), ("C", "A")]).values())) == 1


def test_aliases_follow_what_changed() -> None:
    aliases = Aliases({"N": "O", "M": "O"})
    assert aliases.canonical("entity:N") == "entity:O"
    assert aliases.canonical("person:N") == "person:N"
    assert aliases.group("entity:M") == {"entity:O", "entity:N", "entity:M"}
    aliases.take({"N": "N", "M": "L"})
    assert aliases.group("entity:O") == {"entity:O"}
    assert aliases.group("entity:L") == {"entity:L", "entity:M"}
    assert aliases.canonical("entity:N") == "entity:N"
