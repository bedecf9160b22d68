"""Funds: given what is recorded of one, what becomes of the next movement."""

from datetime import date

import pytest

from services.finance.fund import ANOTHER_FUND, OVERDRAWN
from services.finance.rules import RULES
from shared.contracts.finance import (
    FinanceFact,
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    SupportFundPaid,
    SupportFundRaised,
)
from tests.support.given import Given, recorded, refused

PERSON, UNIT = "P0123456789ABCDEF", "330127101003"
JANUARY, JUNE = date(2010, 1, 12), date(2010, 6, 30)
CONTRIBUTED = GuaranteeFundContributed(fund="F", voucher="1", origin="county_budget", amount_fen=100)
WITHDRAWN = GuaranteeFundWithdrawn(fund="F", voucher="2", origin="county_budget", amount_fen=100)
RAISED = GraduateFundRaised(fund="F", voucher="3", origin="donation", amount_fen=100)
GRANTED = GraduateFundGranted(fund="F", voucher="4", person=PERSON, unit=UNIT, amount_fen=100)
SUPPORT_RAISED = SupportFundRaised(fund="F", voucher="5", origin="higher_budget", amount_fen=100)
SUPPORT_PAID = SupportFundPaid(fund="F", voucher="6", person=PERSON, unit=UNIT, amount_fen=100)
PAIRS = [(CONTRIBUTED, WITHDRAWN), (RAISED, GRANTED), (SUPPORT_RAISED, SUPPORT_PAID)]


@pytest.mark.parametrize(("comes_in", "goes_out"), PAIRS, ids=["guarantee", "graduate", "support"])
def test_money_comes_in_and_goes_out(comes_in: FinanceFact, goes_out: FinanceFact) -> None:
    assert Given(RULES).when(comes_in, JANUARY) == recorded()
    assert Given(RULES, [(comes_in, JANUARY)]).when(goes_out, JUNE) == recorded()


@pytest.mark.parametrize(("comes_in", "goes_out"), PAIRS, ids=["guarantee", "graduate", "support"])
def test_more_going_out_than_came_in_is_flagged(comes_in: FinanceFact, goes_out: FinanceFact) -> None:
    more = goes_out.model_copy(update={"amount_fen": 101})
    assert Given(RULES, [(comes_in, JANUARY)]).when(more, JUNE) == recorded(OVERDRAWN)
    assert Given(RULES, [(comes_in, JANUARY), (goes_out, JANUARY)]).when(goes_out, JUNE) == recorded(OVERDRAWN)
    assert Given(RULES).when(goes_out, JUNE) == recorded(OVERDRAWN)


def test_money_coming_into_an_overdrawn_fund_is_not_flagged() -> None:
    assert Given(RULES, [(GRANTED, JANUARY), (GRANTED, JANUARY)]).when(RAISED, JUNE) == recorded()


def test_a_contributor_withdraws_only_its_own_share() -> None:
    bank = WITHDRAWN.model_copy(update={"origin": "bank"})
    assert Given(RULES, [(CONTRIBUTED, JANUARY)]).when(bank, JUNE) == recorded(OVERDRAWN)


@pytest.mark.parametrize(
    ("first", "other"),
    [(CONTRIBUTED, RAISED), (CONTRIBUTED, SUPPORT_PAID), (RAISED, WITHDRAWN), (RAISED, SUPPORT_RAISED), (SUPPORT_RAISED, GRANTED)],
)
def test_a_fund_is_of_one_kind(first: FinanceFact, other: FinanceFact) -> None:
    assert Given(RULES, [(first, JANUARY)]).when(other, JUNE) == refused(ANOTHER_FUND)
