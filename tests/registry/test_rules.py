"""The registry's rules as a whole: every fact has one, no order of facts breaks a state, facts of another service are turned away."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.rules import RULES, RegistryState
from shared.contracts.base import Fact, about_of
from shared.contracts.finance import LoanSettled
from shared.contracts.outcomes import Accept, Refuse, Wait
from shared.contracts.registry import REGISTRY_FACTS, EmploymentEnded, EmploymentStarted, EntityRegistered, StaffReported

KIND_OF = {fact: about_of(fact.model_validate(fact.example)).partition(":")[0] for fact in REGISTRY_FACTS}


def of_one_thing(kind: str) -> list[Fact]:
    """The example of each fact about this kind of thing, all about one and the same thing."""
    classes = [fact for fact in REGISTRY_FACTS if KIND_OF[fact] == kind]
    name = classes[0].example[classes[0].about]
    return [fact.model_validate({**fact.example, fact.about: name}) for fact in classes]


BY_KIND = {kind: of_one_thing(kind) for kind in sorted(set(KIND_OF.values()))}
DAYS = st.integers(0, 9).map(lambda n: date(2010, 5, 1) + timedelta(days=n))
HISTORIES = st.sampled_from(sorted(BY_KIND)).flatmap(
    lambda kind: st.lists(st.tuples(st.sampled_from(BY_KIND[kind]), DAYS), min_size=1, max_size=12)
)


@given(HISTORIES)
def test_any_history_folds_and_every_fact_is_ruled_on(history: list[tuple[Fact, date]]) -> None:
    subject = about_of(history[0][0])
    state = RULES.initial(subject)
    for fact, day in history:
        decision = RULES.decide(state, fact, day)
        assert isinstance(decision, Accept | Wait | Refuse)
        assert not isinstance(decision, Wait) or decision.needs == {subject}
        state = RULES.evolve(state, fact, day)
        assert RULES.states.validate_json(RULES.states.dump_json(state)) == state


REMEMBERING = ("association", "case", "duty", "entity", "green_channel", "policy", "rectification", "unit", "venue")
"""The kinds whose state holds more than their beginning."""


@pytest.mark.parametrize("kind", REMEMBERING)
def test_facts_of_different_days_give_the_same_state_in_any_order(kind: str) -> None:
    # A list of staff means what it does by the employments before it: alone it needs the order, which the refold gives.
    facts = [fact for fact in BY_KIND[kind] if not isinstance(fact, StaffReported)]
    history = [(fact, date(2010, 5, 1) + timedelta(days=n)) for n, fact in enumerate(facts)]
    expected = folded(history)

    @given(st.permutations(history))
    def in_any_order(shuffled: list[tuple[Fact, date]]) -> None:
        assert folded(shuffled) == expected

    in_any_order()


def folded(history: list[tuple[Fact, date]]) -> RegistryState:
    state = RULES.initial(about_of(history[0][0]))
    for fact, day in history:
        state = RULES.evolve(state, fact, day)
    return state


def test_all_facts_of_the_contract_are_ruled_on() -> None:
    assert RULES.service == "registry"
    assert RULES.facts == REGISTRY_FACTS
    assert all(fact.type.startswith("registry.") for fact in RULES.facts)


def test_a_thing_of_another_service_has_no_history_here() -> None:
    with pytest.raises(ValueError, match="loan:L-1"):
        RULES.initial("loan:L-1")


def test_a_fact_of_another_service_is_not_ruled_on() -> None:
    with pytest.raises(TypeError, match="loan_settled"):
        RULES.decide(RULES.initial("policy:Z-1"), LoanSettled(loan="L-1"), date(2010, 5, 1))


def test_a_state_of_another_thing_is_not_taken() -> None:
    fact = EntityRegistered.model_validate(EntityRegistered.example)
    with pytest.raises(TypeError, match="entity"):
        RULES.evolve(RULES.initial("policy:Z-1"), fact, date(2010, 5, 1))


def test_employment_is_ruled_on_day_by_day_whatever_came_first() -> None:
    code, person = "91330127MA2B1C0D18", "P0123456789ABCDEG"
    registered = EntityRegistered.model_validate({**EntityRegistered.example, "entity": code})
    started, ended = EmploymentStarted(entity=code, person=person), EmploymentEnded(entity=code, person=person)
    history: list[tuple[Fact, date]] = [
        (ended, date(2010, 5, 9)),
        (started, date(2010, 5, 2)),
        (registered, date(2010, 5, 1)),
    ]
    assert RULES.decide(folded(history), ended, date(2010, 5, 5)) == Accept()
