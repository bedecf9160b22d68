"""Loans (小额担保贷款): applied for, approved or declined, disbursed in tranches, repaid by instalments, settled.

What a rule depends on stands in the `Account`; the state's word says how far the loan has come. Banks report late and in any
order, so hardly anything is refused: what contradicts the account is recorded with a flag, what needs an earlier fact waits for it.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never

from shared.contracts.base import about_of
from shared.contracts.finance import (
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
from shared.contracts.outcomes import Decision, Odd, Reason, Refuse, Wait, accept

LoanFact = (
    LoanApplied | LoanApproved | LoanDeclined | LoanDisbursed | InstalmentDue | LoanRepaid | LoanOverdue | LoanExtended | LoanCompensated
    | LoanWrittenOff | LoanSettled
)  # fmt: skip

NO_BORROWER = Reason("loan_without_borrower", "个人贷款必须填写借款人", "a personal loan names its borrowers")
WITHOUT_ENTITY = Reason("loan_without_entity", "贷款未填写创业实体", "the loan names no entity")
BEFORE_APPLIED = Reason("before_loan_applied", "日期早于贷款申请日期", "dated before the loan was applied for")
ABOVE_APPLIED = Reason("above_applied", "批准金额超过申请金额", "more was approved than applied for")
APPROVED_AND_DECLINED = Reason("approved_and_declined", "同一贷款既有批准又有不予批准记录", "the loan is both approved and declined")
DECLINED_YET_LENT = Reason("declined_yet_lent", "贷款未获批准却已发放", "the loan was declined and yet disbursed")
NOT_APPROVED = Reason("lent_without_approval", "贷款发放时未见批准记录", "no approval is recorded for the loan")
ABOVE_APPROVED = Reason("above_approved", "累计发放金额超过批准金额", "more is disbursed than was approved")
UNDATED = Reason("undated", "银行未提供发放日期，更正日期之前不计入", "the bank gave no day: not counted until it is corrected")
NOT_LENT = Reason("loan_not_disbursed", "贷款发放尚未记录", "no disbursement of the loan is recorded yet")
DUE_BEFORE_APPLIED = Reason("due_before_applied", "分期到期日早于贷款申请日期", "the instalment falls due before the loan was applied for")
SCHEDULE_ABOVE_LOAN = Reason("schedule_above_loan", "各期本金合计超过贷款金额", "the instalments add up to more than the loan")
NO_INSTALMENT = Reason("instalment_not_scheduled", "该期还款计划尚未记录", "the instalment is not scheduled yet")
NOT_YET_DUE = Reason("overdue_before_due", "该期在此日期尚未到期", "the instalment was not due by that day")
EXTENDED_TO_EARLIER = Reason("extended_to_earlier", "展期后的到期日不晚于原到期日", "an extension moves the due day later, never earlier")
BEFORE_LENT = Reason("before_loan_disbursed", "日期早于首次发放日期", "dated before the first disbursement")
ABOVE_LENT = Reason(
    "above_lent", "还款、代偿和核销合计超过已发放金额", "repaid, compensated and written off add up to more than was disbursed"
)
STILL_OWING = Reason("settled_still_owing", "结清时仍有未还本金", "principal was still owed when the loan was settled")
AFTER_SETTLED = Reason("after_loan_settled", "贷款已结清", "the loan was already settled")


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment as first agreed; extensions change when it counts as due, not what rules compare with."""

    due: date
    principal_fen: int


@dataclass(frozen=True, slots=True)
class Account:
    """What is recorded of one loan, in fen and days."""

    applied: date | None = None
    applied_fen: int | None = None
    approved_fen: int | None = None
    declined: date | None = None
    lent_fen: int = 0
    first_lent: date | None = None
    """The first dated disbursement; None while every tranche is undated."""
    cleared_fen: int = 0
    """Repaid, compensated and written off."""
    instalments: dict[int, Instalment] = field(default_factory=dict)

    @property
    def ceiling_fen(self) -> int:
        """The most that instalments may add up to: what was approved (else applied for), or lent if that is more."""
        return max(self.approved_fen or self.applied_fen or 0, self.lent_fen)


@dataclass(frozen=True, slots=True)
class PendingLoan:
    """Nothing is lent: unknown, applied for, approved or declined."""

    account: Account = Account()
    state: Literal["pending_loan"] = "pending_loan"


@dataclass(frozen=True, slots=True)
class LentLoan:
    """At least one tranche is disbursed."""

    account: Account
    state: Literal["lent_loan"] = "lent_loan"


@dataclass(frozen=True, slots=True)
class SettledLoan:
    """Nothing is owed since that day: this wins over whatever is reported for later days."""

    account: Account
    settled: date
    state: Literal["settled_loan"] = "settled_loan"


LoanState = PendingLoan | LentLoan | SettledLoan


def initial() -> LoanState:
    """A loan nothing is recorded about."""
    return PendingLoan()


def decide(state: LoanState, fact: LoanFact, day: date) -> Decision:
    """Rule on a fact that occurred on `day`."""
    account = state.account
    early: Odd = account.applied is not None and day < account.applied and BEFORE_APPLIED
    late: Odd = isinstance(state, SettledLoan) and day > state.settled and AFTER_SETTLED
    match fact:
        case LoanApplied():
            if fact.loan_kind == "personal" and not fact.borrowers:
                return Refuse(NO_BORROWER)
            return accept(fact.entity is None and WITHOUT_ENTITY)
        case LoanApproved():
            above = account.applied_fen is not None and fact.amount_fen > account.applied_fen
            return accept(early, late, account.declined is not None and APPROVED_AND_DECLINED, above and ABOVE_APPLIED)
        case LoanDeclined():
            return accept(
                early,
                account.approved_fen is not None and APPROVED_AND_DECLINED,
                not isinstance(state, PendingLoan) and DECLINED_YET_LENT,
            )
        case LoanDisbursed():
            return _decide_disbursed(account, fact, early, late)
        case InstalmentDue():
            if account.applied is not None and fact.due < account.applied:
                return Refuse(DUE_BEFORE_APPLIED)
            others_fen = sum(one.principal_fen for number, one in account.instalments.items() if number != fact.number)
            return accept(early, late, others_fen + fact.principal_fen > account.ceiling_fen and SCHEDULE_ABOVE_LOAN)
        case LoanRepaid():
            if fact.instalment is not None and fact.instalment not in account.instalments:
                return _wait(fact, NO_INSTALMENT)
            return _decide_cleared(state, fact, fact.principal_fen, day, late)
        case LoanCompensated() | LoanWrittenOff():
            return _decide_cleared(state, fact, fact.amount_fen, day, late)
        case LoanOverdue():
            instalment = account.instalments.get(fact.instalment)
            if instalment is None:
                return _wait(fact, NO_INSTALMENT)
            return Refuse(NOT_YET_DUE) if day <= instalment.due else accept(late)
        case LoanExtended():
            instalment = account.instalments.get(fact.instalment)
            if instalment is None:
                return _wait(fact, NO_INSTALMENT)
            return Refuse(EXTENDED_TO_EARLIER) if fact.due <= instalment.due else accept(early, late)
        case LoanSettled():
            if not account.lent_fen:
                return _wait(fact, NOT_LENT)
            return accept(_before_lent(account, day), account.cleared_fen < account.lent_fen and STILL_OWING)
        case _:
            assert_never(fact)


def _decide_disbursed(account: Account, fact: LoanDisbursed, early: Odd, late: Odd) -> Decision:
    return accept(
        early,
        late,
        account.declined is not None and DECLINED_YET_LENT,
        account.approved_fen is None and account.declined is None and NOT_APPROVED,
        account.approved_fen is not None and account.lent_fen + fact.amount_fen > account.approved_fen and ABOVE_APPROVED,
        fact.undated and UNDATED,
    )


def _decide_cleared(state: LoanState, fact: LoanFact, amount_fen: int, day: date, late: Odd) -> Decision:
    account = state.account
    if not account.lent_fen:
        return _wait(fact, NOT_LENT)
    return accept(_before_lent(account, day), late, account.cleared_fen + amount_fen > account.lent_fen and ABOVE_LENT)


def _before_lent(account: Account, day: date) -> Odd:
    return account.first_lent is not None and day < account.first_lent and BEFORE_LENT


def _wait(fact: LoanFact, reason: Reason) -> Wait:
    return Wait(frozenset({about_of(fact)}), reason)


def evolve(state: LoanState, fact: LoanFact, day: date) -> LoanState:
    """Take a recorded fact into the state, in whatever order the days come."""
    account = state.account
    match fact:
        case LoanApplied():
            return replace(state, account=replace(account, applied=day, applied_fen=fact.amount_fen))
        case LoanApproved():
            return replace(state, account=replace(account, approved_fen=fact.amount_fen))
        case LoanDeclined():
            return replace(state, account=replace(account, declined=day))
        case LoanDisbursed():
            first = account.first_lent if fact.undated else min(day, account.first_lent or day)
            lent = replace(account, lent_fen=account.lent_fen + fact.amount_fen, first_lent=first)
            match state:
                case PendingLoan() | LentLoan():
                    return LentLoan(lent)
                case SettledLoan():
                    return replace(state, account=lent)
                case _:
                    assert_never(state)
        case InstalmentDue():
            agreed = {**account.instalments, fact.number: Instalment(fact.due, fact.principal_fen)}
            return replace(state, account=replace(account, instalments=agreed))
        case LoanRepaid():
            return replace(state, account=replace(account, cleared_fen=account.cleared_fen + fact.principal_fen))
        case LoanCompensated() | LoanWrittenOff():
            return replace(state, account=replace(account, cleared_fen=account.cleared_fen + fact.amount_fen))
        case LoanOverdue() | LoanExtended():
            return state  # no rule depends on them
        case LoanSettled():
            return SettledLoan(account, day)
        case _:
            assert_never(fact)
