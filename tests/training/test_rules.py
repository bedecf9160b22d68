"""The training service's rules as a whole: every fact has one, and no order of facts breaks the state."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.rules import RULES
from shared.contracts import TRAINING_FACTS
from shared.contracts.base import Fact, about_of
from shared.contracts.outcomes import Accept, Refuse, Wait

EXAMPLES = [fact.model_validate(fact.example) for fact in TRAINING_FACTS]
BY_SUBJECT = {subject: [fact for fact in EXAMPLES if about_of(fact) == subject] for subject in sorted(map(about_of, EXAMPLES))}
DAYS = st.integers(0, 9).map(lambda n: date(2010, 5, 1) + timedelta(days=n))
HISTORIES = st.sampled_from(sorted(BY_SUBJECT)).flatmap(
    lambda subject: st.tuples(st.just(subject), st.lists(st.tuples(st.sampled_from(BY_SUBJECT[subject]), DAYS), max_size=12))
)


@given(HISTORIES)
def test_any_history_folds_and_every_fact_is_ruled_on(history: tuple[str, list[tuple[Fact, date]]]) -> None:
    subject, facts = history
    state = RULES.initial(subject)
    for fact, day in facts:
        decision = RULES.decide(state, fact, day)
        assert isinstance(decision, Accept | Wait | Refuse)
        assert not isinstance(decision, Wait) or decision.needs == {subject}
        state = RULES.evolve(state, fact, day)
        assert RULES.states.validate_json(RULES.states.dump_json(state)) == state


def test_all_facts_of_the_contract_are_ruled_on() -> None:
    assert RULES.facts == TRAINING_FACTS
    assert all(fact.type.startswith(f"{RULES.service}.") for fact in RULES.facts)


def test_a_thing_of_another_service_has_no_history_here() -> None:
    with pytest.raises(ValueError, match="no history"):
        RULES.initial("entity:91330127MA2B1C0D18")
