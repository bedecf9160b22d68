"""One thing's history against the definition of effective facts, applied naively from scratch after every step."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.base import Evidence, Fact, natural_key_of
from shared.contracts.registry import EntityRegistered, EntitySuspended, SurvivalChecked
from shared.event_store.interface import ReportKey
from shared.write_service.history import History, Told, standing
from tests.support.reporting import ENTITY, VILLAGE

START = date(2010, 1, 1)
Folded = tuple[tuple[str, date], ...]
NOTHING: Folded = ()


def fold(state: Folded, fact: Fact, day: date) -> Folded:
    """Remembers everything, in the order folded, except every third: so that states often come out as before."""
    if isinstance(fact, EntitySuspended):
        return state
    return (*state, (f"{fact.type} {getattr(fact, 'operating', '')}", day))


def told(position: int, fact: Fact, day: date) -> Told:
    return Told(position, ReportKey("/s", str(position)), day, fact, natural_key_of(fact, day))


def naively(facts: list[Told]) -> tuple[Folded, bool, list[int]]:
    """The definition: per natural key what stands once everything is told again as now known; folded by day and position."""
    standing = [stands for natural in {fact.natural for fact in facts} if (stands := told_again(natural, facts)) is not None]
    standing.sort(key=lambda fact: (fact.occurred, fact.position))
    state: Folded = ()
    for fact in standing:
        state = fold(state, fact.fact, fact.occurred)
    return state, any(fact.fact.opens for fact in standing), [fact.position for fact in standing]


def told_again(natural: str, facts: list[Told]) -> Told | None:
    """Who stands after all tellings and voids in the order of their positions."""
    group = [fact for fact in facts if fact.natural == natural]
    happened = [(fact.position, fact, True) for fact in group] + [(fact.voided_at, fact, False) for fact in group if fact.voided_at]
    present: list[Told] = []
    stands: Told | None = None
    for _, fact, told in sorted(happened, key=lambda each: each[0]):
        if told:
            present.append(fact)
            stands = fact if stands is None or fact.fact.repeat == "supersedes" else stands
        else:
            present.remove(fact)
            if stands is fact:
                last_first = present[::-1] if fact.fact.repeat == "supersedes" else present
                ranked = sorted(last_first, key=lambda other: fact.fact.repeat == "confirms" and not same(other, fact))
                stands = ranked[0] if ranked else None
    return stands


def same(one: Told, other: Told) -> bool:
    return one.occurred == other.occurred and one.fact.model_copy(update={"evidence": ()}) == other.fact.model_copy(update={"evidence": ()})


days = st.integers(0, 5).map(lambda number: START + timedelta(days=number))
facts = st.sampled_from([
    *(
        EntityRegistered(entity=ENTITY, name=name, entity_kind="enterprise", industry="C2041", unit=VILLAGE, evidence=evidence)
        for name in ("王记", "李记", "李记二")
        for evidence in ((), (Evidence(document="执照"),))
    ),
    EntitySuspended(entity=ENTITY),
    SurvivalChecked(entity=ENTITY, operating=True),
    SurvivalChecked(entity=ENTITY, operating=False),
])  # fmt: skip
choices = st.integers(0, 20)
steps = st.one_of(
    st.tuples(st.just("tell"), facts, days), st.tuples(st.just("void"), choices), st.tuples(st.just("correct"), choices, days, facts)
)  # fmt: skip


@given(st.lists(steps, max_size=25))
def test_every_step_leaves_what_the_definition_says(taken: list[tuple]) -> None:  # type: ignore[type-arg]
    history: History[Folded] = History(NOTHING, fold)
    known: list[Told] = []
    for position, step in enumerate(taken, start=1):
        before: Told | None = None
        if step[0] == "tell":
            after = told(position, step[1], step[2])
            known.append(after)
        else:
            alive = [fact for fact in known if not fact.voided]
            if not alive:
                continue
            before = alive[step[1] % len(alive)]
            after = replace(before, voided_at=position)
            if step[0] == "correct":
                fact = step[3] if type(step[3]) is type(before.fact) else before.fact
                after = replace(before, occurred=step[2], fact=fact, natural=natural_key_of(fact, step[2]))
            known[known.index(before)] = after
        planned = history.step(before, after)
        history.take(planned)
        state, opened, standing = naively(known)
        assert (history.state, history.opened) == (state, opened)
        assert [entry.told.position for entry in history._entries] == standing
        assert planned.stands == (after.position in standing)
        assert history.occurred == max((fact.occurred for fact in known if fact.position in standing), default=None)
    assert History.of(NOTHING, fold, known).state == history.state
    assert set(history.told) == set(known)


REGISTRATIONS = {
    name: EntityRegistered(entity=ENTITY, name=name, entity_kind="enterprise", industry="C2041", unit=VILLAGE) for name in "ABC"
}


@pytest.mark.parametrize(
    ("told_and_voided", "stands"),
    [
        ("A B", 1),
        ("A B A -1", 3),
        ("A B A B -1", 3),
        ("A B A B -1 -3", 2),
        ("A B C B -1 -2", 4),
        ("A B C B -2 -1", 3),
        ("A B -1 -2", None),
        ("A -1 B A B -3", 5),
        ("A -1 B A B -3 -4 -5", None),
        ("A -1 B A C B -3", 6),
    ],
)
def test_a_confirmation_stands_in_before_a_contradiction(told_and_voided: str, stands: int | None) -> None:
    """A letter tells that content, a number voids what was told at that position."""
    known: dict[int, Told] = {}
    for position, word in enumerate(told_and_voided.split(), start=1):
        if word in REGISTRATIONS:
            known[position] = told(position, REGISTRATIONS[word], START)
        else:
            known[-int(word)] = replace(known[-int(word)], voided_at=position)
    found = standing(list(known.values()))
    assert (found and found.position) == stands


@given(st.lists(st.tuples(facts, days), max_size=12), st.integers(0, 12))
def test_a_shortened_history_takes_whatever_is_not_older(taken: list[tuple[Fact, date]], cut: int) -> None:
    taken = sorted(taken, key=lambda fact_and_day: fact_and_day[1])
    known = [told(position, fact, day) for position, (fact, day) in enumerate(taken, start=1)]
    whole = History.of(NOTHING, fold, known[:cut])
    short = whole.shortened()
    naturals = {fact.natural for fact in known[:cut]}
    for fact in known[cut:]:
        assert short.takes(fact.occurred)
        if fact.natural in naturals:  # a natural key seen before asks for the whole history
            continue
        for history in (whole, short):
            history.take(history.step(None, fact))
    assert (short.state, short.opened, short.occurred) == (whole.state, whole.opened, whole.occurred)
    older = min((fact.occurred for fact in known[:cut]), default=None)
    if older is not None:
        assert not whole.shortened().takes(older - timedelta(days=1))


def test_folding_anew_stops_where_the_state_comes_out_as_before() -> None:
    folded: list[date] = []

    def counting(state: Folded, fact: Fact, day: date) -> Folded:
        folded.append(day)
        return fold(state, fact, day)

    history: History[Folded] = History(NOTHING, counting)
    checks = [told(n, SurvivalChecked(entity=ENTITY, operating=True), START + timedelta(days=n)) for n in range(1, 1001)]
    for check in checks:
        history.take(history.step(None, check))
    folded.clear()
    history.take(history.step(None, told(2000, EntitySuspended(entity=ENTITY), START)))
    assert len(folded) == 2, "one for the late fact, one to see that nothing changed"


def test_what_a_correction_is_ruled_in_leaves_the_fact_out() -> None:
    registered = told(1, EntityRegistered(entity=ENTITY, name="王记", entity_kind="enterprise", industry="C2041", unit=VILLAGE), START)
    checked = told(2, SurvivalChecked(entity=ENTITY, operating=True), START)
    history = History.of(NOTHING, fold, [registered, checked])
    assert history.state_without(registered) == (("registry.survival_checked True", START),)
    assert history.state_without(checked) == (("registry.entity_registered ", START),)
    assert history.state_without(registered, checked) == NOTHING
    checked_again = told(3, SurvivalChecked(entity=ENTITY, operating=False), START + timedelta(days=1))
    short = history.shortened()
    short.take(short.step(None, checked_again))
    assert short.state_without(checked_again) == history.state, "a partial history can leave out what it still knows"
