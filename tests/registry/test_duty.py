"""Duties: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

import pytest

from services.registry.duty import ALREADY_ACCEPTED, NO_NEW_EVIDENCE, NOT_EVIDENCED_YET
from services.registry.rules import RULES
from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyFact, DutyReturned
from tests.support.given import Given, recorded, waits_for

JANUARY, FEBRUARY, MARCH, APRIL = (date(2010, month, 10) for month in (1, 2, 3, 4))
DUTY, ABOUT = "3.1.1-leading-group", "duty:3.1.1-leading-group"
SHOWN, ACCEPTED = DutyEvidenced(duty=DUTY, department="employment"), DutyAccepted(duty=DUTY, department="employment")
RETURNED = DutyReturned(duty=DUTY, department="employment", reason="缺少成员名单")


def test_evidence_is_recorded_whenever_it_comes() -> None:
    assert Given(RULES).when(SHOWN, JANUARY) == recorded()
    assert Given(RULES, [(SHOWN, JANUARY), (RETURNED, FEBRUARY)]).when(SHOWN, MARCH) == recorded()
    assert Given(RULES, [(SHOWN, JANUARY), (ACCEPTED, FEBRUARY)]).when(SHOWN, MARCH) == recorded()


@pytest.mark.parametrize("ruling", [ACCEPTED, RETURNED], ids=lambda fact: fact.type)
def test_evidence_is_accepted_or_returned(ruling: DutyFact) -> None:
    assert Given(RULES, [(SHOWN, JANUARY)]).when(ruling, JANUARY) == recorded()


@pytest.mark.parametrize("ruling", [ACCEPTED, RETURNED], ids=lambda fact: fact.type)
def test_a_ruling_waits_for_the_evidence(ruling: DutyFact) -> None:
    assert Given(RULES).when(ruling, FEBRUARY) == waits_for(ABOUT, NOT_EVIDENCED_YET)
    assert Given(RULES, [(SHOWN, MARCH)]).when(ruling, FEBRUARY) == waits_for(ABOUT, NOT_EVIDENCED_YET)


@pytest.mark.parametrize("owed_by", [{"unit": "330127100000"}, {"park": "330127401000"}, {"department": "finance"}])
def test_each_owes_the_duty_for_itself(owed_by: dict[str, str]) -> None:
    others = DutyAccepted.model_validate({"duty": DUTY, **owed_by})
    assert Given(RULES, [(SHOWN, JANUARY)]).when(others, FEBRUARY) == waits_for(ABOUT, NOT_EVIDENCED_YET)


def test_accepting_twice_is_flagged() -> None:
    assert Given(RULES, [(SHOWN, JANUARY), (ACCEPTED, FEBRUARY)]).when(ACCEPTED, MARCH) == recorded(ALREADY_ACCEPTED)


def test_accepting_what_was_returned_without_new_evidence_is_flagged() -> None:
    returned = [(SHOWN, JANUARY), (RETURNED, FEBRUARY)]
    assert Given(RULES, returned).when(ACCEPTED, MARCH) == recorded(NO_NEW_EVIDENCE)
    assert Given(RULES, [*returned, (SHOWN, MARCH)]).when(ACCEPTED, APRIL) == recorded()


def test_an_acceptance_may_be_taken_back() -> None:
    assert Given(RULES, [(SHOWN, JANUARY), (ACCEPTED, FEBRUARY)]).when(RETURNED, MARCH) == recorded()
