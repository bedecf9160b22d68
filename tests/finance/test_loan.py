"""Loans: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

import pytest

from services.finance.loan import (
    ABOVE_APPLIED,
    ABOVE_APPROVED,
    ABOVE_LENT,
    AFTER_SETTLED,
    APPROVED_AND_DECLINED,
    BEFORE_APPLIED,
    BEFORE_LENT,
    DECLINED_YET_LENT,
    DUE_BEFORE_APPLIED,
    EXTENDED_TO_EARLIER,
    NO_BORROWER,
    NO_INSTALMENT,
    NOT_APPROVED,
    NOT_LENT,
    NOT_YET_DUE,
    SCHEDULE_ABOVE_LOAN,
    STILL_OWING,
    UNDATED,
    WITHOUT_ENTITY,
)
from services.finance.rules import RULES
from shared.contracts.finance import (
    FinanceFact,
    InstalmentDue,
    LoanApplied,
    LoanApproved,
    LoanCompensated,
    LoanDeclined,
    LoanDisbursed,
    LoanExtended,
    LoanOverdue,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
)
from tests.support.given import Dated, Given, recorded, refused, waits_for

SHOP, LOAN = "92330127MA2KX0022K", "L2010-17"
APPLIED = LoanApplied(
    unit="330127101003", loan=LOAN, loan_kind="personal", borrowers=("P0123456789ABCDEF",), entity=SHOP, amount_fen=5_000_000
)
APPROVED = LoanApproved(loan=LOAN, amount_fen=5_000_000)
DECLINED = LoanDeclined(loan=LOAN)
LENT = LoanDisbursed(loan=LOAN, tranche=1, amount_fen=5_000_000)
DUE_1 = InstalmentDue(loan=LOAN, number=1, due=date(2010, 10, 20), principal_fen=2_000_000)
DUE_2 = InstalmentDue(loan=LOAN, number=2, due=date(2011, 4, 20), principal_fen=3_000_000)
REPAID_1 = LoanRepaid(loan=LOAN, receipt="HK-1", principal_fen=2_000_000, instalment=1)
REPAID_2 = LoanRepaid(loan=LOAN, receipt="HK-2", principal_fen=3_000_000)
OVERDUE = LoanOverdue(loan=LOAN, instalment=1)
COMPENSATED = LoanCompensated(loan=LOAN, amount_fen=3_000_000)
WRITTEN_OFF = LoanWrittenOff(loan=LOAN, amount_fen=3_000_000)
SETTLED = LoanSettled(loan=LOAN)

MARCH, APRIL, MAY, OCTOBER = date(2010, 3, 1), date(2010, 4, 20), date(2010, 5, 1), date(2010, 10, 20)
NOVEMBER, MAY_2011, JUNE_2011 = date(2010, 11, 2), date(2011, 5, 1), date(2011, 6, 1)
TO_APPROVAL: list[Dated] = [(APPLIED, MARCH), (APPROVED, APRIL)]
TO_LENDING: list[Dated] = [*TO_APPROVAL, (LENT, APRIL), (DUE_1, APRIL), (DUE_2, APRIL)]
TO_SETTLEMENT: list[Dated] = [*TO_LENDING, (REPAID_1, OCTOBER), (REPAID_2, MAY_2011), (SETTLED, MAY_2011)]


def test_a_personal_loan_is_applied_for() -> None:
    assert Given(RULES).when(APPLIED, MARCH) == recorded()


def test_a_personal_loan_without_borrowers_is_refused() -> None:
    assert Given(RULES).when(APPLIED.model_copy(update={"borrowers": ()}), MARCH) == refused(NO_BORROWER)


def test_a_loan_without_an_entity_is_flagged() -> None:
    assert Given(RULES).when(APPLIED.model_copy(update={"entity": None}), MARCH) == recorded(WITHOUT_ENTITY)


def test_a_loan_to_an_enterprise_needs_no_borrower() -> None:
    enterprise = APPLIED.model_copy(update={"loan_kind": "enterprise", "borrowers": ()})
    assert Given(RULES).when(enterprise, MARCH) == recorded()


def test_a_loan_is_approved() -> None:
    assert Given(RULES, [(APPLIED, MARCH)]).when(APPROVED, APRIL) == recorded()


def test_an_approval_above_the_application_is_flagged() -> None:
    assert Given(RULES, [(APPLIED, MARCH)]).when(LoanApproved(loan=LOAN, amount_fen=5_000_001), APRIL) == recorded(ABOVE_APPLIED)


def test_an_approval_before_the_application_is_flagged() -> None:
    assert Given(RULES, [(APPLIED, APRIL)]).when(APPROVED, MARCH) == recorded(BEFORE_APPLIED)


def test_a_loan_is_declined() -> None:
    assert Given(RULES, [(APPLIED, MARCH)]).when(DECLINED, APRIL) == recorded()


def test_approving_and_declining_contradict_each_other() -> None:
    assert Given(RULES, [(APPLIED, MARCH), (DECLINED, APRIL)]).when(APPROVED, MAY) == recorded(APPROVED_AND_DECLINED)
    assert Given(RULES, TO_APPROVAL).when(DECLINED, MAY) == recorded(APPROVED_AND_DECLINED)


def test_declining_a_disbursed_loan_is_flagged() -> None:
    assert Given(RULES, [(APPLIED, MARCH), (LENT, APRIL)]).when(DECLINED, MAY) == recorded(DECLINED_YET_LENT)


def test_an_approved_loan_is_disbursed() -> None:
    assert Given(RULES, TO_APPROVAL).when(LENT, APRIL) == recorded()


def test_a_disbursement_without_approval_is_flagged() -> None:
    assert Given(RULES, [(APPLIED, MARCH)]).when(LENT, APRIL) == recorded(NOT_APPROVED)


def test_a_disbursement_of_a_declined_loan_is_flagged() -> None:
    assert Given(RULES, [(APPLIED, MARCH), (DECLINED, APRIL)]).when(LENT, MAY) == recorded(DECLINED_YET_LENT)


def test_a_second_tranche_above_the_approved_amount_is_flagged() -> None:
    given = Given(RULES, [*TO_APPROVAL, (LENT.model_copy(update={"amount_fen": 3_000_000}), APRIL)])
    assert given.when(LoanDisbursed(loan=LOAN, tranche=2, amount_fen=2_000_000), MAY) == recorded()
    assert given.when(LoanDisbursed(loan=LOAN, tranche=2, amount_fen=2_000_001), MAY) == recorded(ABOVE_APPROVED)


def test_an_undated_disbursement_is_flagged() -> None:
    assert Given(RULES, TO_APPROVAL).when(LENT.model_copy(update={"undated": True}), APRIL) == recorded(UNDATED)


def test_a_disbursement_before_the_application_is_flagged() -> None:
    assert Given(RULES, [(APPLIED, APRIL), (APPROVED, APRIL)]).when(LENT, MARCH) == recorded(BEFORE_APPLIED)


def test_a_disbursement_after_the_settlement_is_flagged() -> None:
    given = Given(RULES, TO_SETTLEMENT)
    assert given.when(LoanDisbursed(loan=LOAN, tranche=2, amount_fen=1), JUNE_2011) == recorded(AFTER_SETTLED, ABOVE_APPROVED)


def test_a_schedule_may_be_agreed_before_the_disbursement() -> None:
    assert Given(RULES, [*TO_APPROVAL, (DUE_1, APRIL)]).when(DUE_2, APRIL) == recorded()


def test_instalments_above_the_loan_are_flagged() -> None:
    given = Given(RULES, [*TO_APPROVAL, (LENT, APRIL), (DUE_1, APRIL)])
    assert given.when(DUE_2.model_copy(update={"principal_fen": 3_000_001}), APRIL) == recorded(SCHEDULE_ABOVE_LOAN)


def test_an_instalment_due_before_the_application_is_refused() -> None:
    assert Given(RULES, TO_APPROVAL).when(DUE_1.model_copy(update={"due": date(2010, 2, 28)}), APRIL) == refused(DUE_BEFORE_APPLIED)


def test_a_repayment_is_recorded() -> None:
    assert Given(RULES, TO_LENDING).when(REPAID_1, OCTOBER) == recorded()
    assert Given(RULES, TO_LENDING).when(REPAID_2, OCTOBER) == recorded()


def test_a_repayment_that_arrives_after_a_later_settlement_is_recorded() -> None:
    history = [dated for dated in TO_SETTLEMENT if dated[0] is not REPAID_1]
    assert Given(RULES, history).when(REPAID_1, OCTOBER) == recorded()


@pytest.mark.parametrize("fact", [REPAID_2, COMPENSATED, WRITTEN_OFF, SETTLED], ids=lambda fact: fact.type)
def test_nothing_is_cleared_before_anything_is_disbursed(fact: FinanceFact) -> None:
    assert Given(RULES, TO_APPROVAL).when(fact, OCTOBER) == waits_for("loan:L2010-17", NOT_LENT)


@pytest.mark.parametrize("fact", [REPAID_2, COMPENSATED, WRITTEN_OFF], ids=lambda fact: fact.type)
def test_clearing_before_the_first_disbursement_is_flagged(fact: FinanceFact) -> None:
    assert Given(RULES, TO_LENDING).when(fact, MARCH) == recorded(BEFORE_LENT)


def test_while_the_disbursement_is_undated_no_repayment_is_too_early() -> None:
    undated = LENT.model_copy(update={"undated": True})
    assert Given(RULES, [*TO_APPROVAL, (undated, OCTOBER)]).when(REPAID_2, MAY) == recorded()


@pytest.mark.parametrize("fact", [REPAID_2, COMPENSATED, WRITTEN_OFF], ids=lambda fact: fact.type)
def test_clearing_more_than_was_disbursed_is_flagged(fact: FinanceFact) -> None:
    history: list[Dated] = [*TO_LENDING, (REPAID_1, OCTOBER), (LoanRepaid(loan=LOAN, receipt="HK-0", principal_fen=1), OCTOBER)]
    assert Given(RULES, history).when(fact, MAY_2011) == recorded(ABOVE_LENT)


@pytest.mark.parametrize("fact", [REPAID_2, COMPENSATED, WRITTEN_OFF], ids=lambda fact: fact.type)
def test_a_charge_on_a_settled_loan_is_flagged_and_the_settlement_stands(fact: FinanceFact) -> None:
    assert Given(RULES, TO_SETTLEMENT).when(fact, JUNE_2011) == recorded(AFTER_SETTLED, ABOVE_LENT)


@pytest.mark.parametrize(
    "fact", [REPAID_1, OVERDUE, LoanExtended(loan=LOAN, instalment=1, due=MAY_2011)], ids=lambda fact: fact.type
)  # fmt: skip
def test_what_names_an_instalment_waits_for_it(fact: FinanceFact) -> None:
    assert Given(RULES, [*TO_APPROVAL, (LENT, APRIL), (DUE_2, APRIL)]).when(fact, NOVEMBER) == waits_for("loan:L2010-17", NO_INSTALMENT)


def test_an_instalment_is_overdue_after_its_due_day() -> None:
    assert Given(RULES, TO_LENDING).when(OVERDUE, NOVEMBER) == recorded()


def test_an_instalment_is_not_overdue_on_its_due_day() -> None:
    assert Given(RULES, TO_LENDING).when(OVERDUE, OCTOBER) == refused(NOT_YET_DUE)


def test_an_instalment_overdue_after_the_settlement_is_flagged() -> None:
    assert Given(RULES, TO_SETTLEMENT).when(OVERDUE, JUNE_2011) == recorded(AFTER_SETTLED)


def test_an_instalment_is_extended() -> None:
    assert Given(RULES, TO_LENDING).when(LoanExtended(loan=LOAN, instalment=1, due=MAY_2011), NOVEMBER) == recorded()


def test_an_overdue_reported_late_is_measured_by_the_original_due_day() -> None:
    extended = LoanExtended(loan=LOAN, instalment=1, due=MAY_2011)
    assert Given(RULES, [*TO_LENDING, (extended, date(2010, 12, 1))]).when(OVERDUE, NOVEMBER) == recorded()


def test_an_extension_to_an_earlier_day_is_refused() -> None:
    assert Given(RULES, TO_LENDING).when(LoanExtended(loan=LOAN, instalment=1, due=OCTOBER), MAY) == refused(EXTENDED_TO_EARLIER)


def test_a_repaid_loan_is_settled() -> None:
    assert Given(RULES, TO_SETTLEMENT[:-1]).when(SETTLED, MAY_2011) == recorded()


def test_a_compensated_loan_is_settled() -> None:
    assert Given(RULES, [*TO_LENDING, (REPAID_1, OCTOBER), (COMPENSATED, MAY_2011)]).when(SETTLED, MAY_2011) == recorded()


def test_a_settlement_with_principal_owing_is_flagged() -> None:
    assert Given(RULES, [*TO_LENDING, (REPAID_1, OCTOBER)]).when(SETTLED, MAY_2011) == recorded(STILL_OWING)


def test_a_settlement_before_the_disbursement_is_flagged() -> None:
    assert Given(RULES, TO_LENDING).when(SETTLED, MARCH) == recorded(BEFORE_LENT, STILL_OWING)
