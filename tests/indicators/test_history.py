"""Which facts are in force as known on a day, beside the oracle, over reports of the same fact that confirm and contradict one another."""

from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.history import FOREVER, Chain, amend, in_force, read_chain
from shared.contracts.base import Evidence, Fact
from shared.contracts.common import DayClosed, FactCorrected, FactVoided, common_class
from shared.contracts.registry import EntityRegistered, EntitySuspended, SurvivalChecked, UnitListed
from tests.support.oracle.facts import effective, read
from tests.support.records import VILLAGE, VILLAGE_2, Records, Told, entity

START = date(2024, 1, 1)
CONTENTS: tuple[Fact, ...] = tuple(
    fact.model_copy(update={"evidence": evidence})
    for fact in (
        *(EntityRegistered(entity=entity(1), name=name, entity_kind="enterprise", industry="C20", unit=VILLAGE) for name in "AB"),
        *(EntitySuspended(entity=entity(1), unit=unit) for unit in (VILLAGE, VILLAGE_2)),
        *(SurvivalChecked(entity=entity(1), operating=operating) for operating in (True, False)),
    )
    for evidence in ((), (Evidence(document="副本"),))
)
facts = st.one_of(st.sampled_from(CONTENTS[:4]), st.sampled_from(CONTENTS))
days = st.sampled_from((0, 0, 0, 1, 2))
steps = st.one_of(
    st.tuples(st.just("tell"), st.just(0), facts, days),
    st.tuples(st.just("tell"), st.just(0), facts, days),
    st.tuples(st.just("void"), st.integers(0, 3), facts, days),
    st.tuples(st.just("correct"), st.integers(0, 20), facts, days),
)
Steps = list[tuple[str, int, Fact, int]]


def recorded(taken: Steps) -> Records:
    """A record a day, from the third day on."""
    records, told = Records(), list[Told]()
    for number, (what, which, fact, day) in enumerate(taken, start=2):
        on, known = START + timedelta(days=day), START + timedelta(days=number)
        if what == "tell":
            told.append(records.add(on, fact, known=known))
        elif told and what == "void":
            records.void(told[which % len(told)], known=known)
        elif told and type(fact) is type(told[which % len(told)].fact):
            records.correct(told[which % len(told)], on, fact, known=known)
    return records


def chains_of(records: Records) -> list[Chain]:
    chains: dict[str, Chain] = {}
    for record in records.of["registry"]:
        shape = common_class(record.type)
        assert shape is not DayClosed
        if shape is None:
            chains[record.id] = read_chain(record)
        else:
            amendment = (FactVoided if shape is FactVoided else FactCorrected).model_validate(record.data)
            amend(chains[amendment.id], record, amendment)
    return list(chains.values())


def held(chains: list[Chain], known: date) -> list[tuple[int, date, Fact]]:
    return [(content.order[3], date.fromordinal(content.day), content.fact) for content in in_force(chains, known.toordinal())]


@settings(max_examples=400)
@given(st.lists(steps, min_size=4, max_size=14), st.integers(0, 10**6))
def test_the_facts_in_force_are_the_oracles_on_every_known_day_in_whatever_order_they_come(taken: Steps, seed: int) -> None:
    records = recorded(taken)
    chains = chains_of(records)
    Random(seed).shuffle(chains)
    read_again = [read(record) for record in records.json]
    for number in range(len(taken) + 2):
        known = START + timedelta(days=number)
        expected = [(dated.position, dated.occurred, dated.fact) for dated in effective(read_again, known)]
        assert held(chains, known) == expected


def had_they_been_reported_so(taken: Steps) -> Steps:
    """The same without corrections, every fact told at once as it was known at last."""
    chains = [chain for chain in chains_of(recorded(taken)) if not isinstance(chain.first.fact, UnitListed)]
    said = iter(chain.said(FOREVER)[0] for chain in chains)
    told = [(what, which, (content := next(said)).fact, content.day - START.toordinal()) for what, which, *_ in taken if what == "tell"]
    again = iter(told)
    return [next(again) if step[0] == "tell" else step for step in taken if step[0] != "correct"]


@given(st.lists(steps, max_size=14))
def test_a_corrected_fact_has_the_rivals_it_would_have_had_it_been_reported_so(taken: Steps) -> None:
    corrected, plain = (held(chains_of(recorded(each)), date.max) for each in (taken, had_they_been_reported_so(taken)))
    assert [(day, fact) for _, day, fact in corrected] == [(day, fact) for _, day, fact in plain]
