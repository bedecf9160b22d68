"""Subsidies and tax relief: each payment is recorded."""

from datetime import date

from services.finance.rules import RULES
from shared.contracts.base import natural_key_of
from shared.contracts.finance import SubsidyPaid, TaxReliefGranted
from tests.support.given import Given, recorded

MAY, JUNE = date(2010, 5, 1), date(2010, 6, 1)
SUBSIDY = SubsidyPaid(unit="330127101003", payment="BT-1", subsidy_kind="training", persons=("P0123456789ABCDEF",), amount_fen=80_000)
RELIEF = TaxReliefGranted(unit="330127101003", relief="JM-1", person="P0123456789ABCDEF", levy="营业税", amount_fen=9_600)


def test_a_subsidy_is_recorded() -> None:
    assert Given(RULES).when(SUBSIDY, MAY) == recorded()


def test_tax_relief_is_recorded() -> None:
    assert Given(RULES).when(RELIEF, MAY) == recorded()


def test_the_number_alone_says_whether_it_is_the_same_payment() -> None:
    assert natural_key_of(SUBSIDY, MAY) == natural_key_of(SUBSIDY.model_copy(update={"amount_fen": 1}), JUNE)
    assert natural_key_of(SUBSIDY, MAY) != natural_key_of(SUBSIDY.model_copy(update={"payment": "BT-2"}), MAY)


def test_a_number_used_for_a_subsidy_may_be_used_for_a_relief() -> None:
    assert Given(RULES, [(SUBSIDY, MAY)]).when(RELIEF.model_copy(update={"relief": "BT-1"}), JUNE) == recorded()
