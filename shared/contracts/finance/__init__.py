"""Facts of the finance service: loans, funds, subsidies, tax relief and credit communities (plan 三(二)2–3, 三(三)4, 四(七), 四(八))."""

from shared.contracts.finance.communities import CreditCommunityRated, CreditRatingLapsed
from shared.contracts.finance.funds import (
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    Origin,
    SupportFundPaid,
    SupportFundRaised,
)
from shared.contracts.finance.loans import (
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
from shared.contracts.finance.payments import SubsidyKind, SubsidyPaid, TaxReliefGranted

FinanceFact = (
    LoanApplied | LoanApproved | LoanDeclined | LoanDisbursed | InstalmentDue | LoanRepaid | LoanOverdue | LoanExtended | LoanCompensated
    | LoanWrittenOff | LoanSettled | GuaranteeFundContributed | GuaranteeFundWithdrawn | GraduateFundRaised | GraduateFundGranted
    | SupportFundRaised | SupportFundPaid | SubsidyPaid | TaxReliefGranted | CreditCommunityRated | CreditRatingLapsed
)  # fmt: skip
FINANCE_FACTS: tuple[type[FinanceFact], ...] = (
    LoanApplied, LoanApproved, LoanDeclined, LoanDisbursed, InstalmentDue, LoanRepaid, LoanOverdue, LoanExtended, LoanCompensated,
    LoanWrittenOff, LoanSettled, GuaranteeFundContributed, GuaranteeFundWithdrawn, GraduateFundRaised, GraduateFundGranted,
    SupportFundRaised, SupportFundPaid, SubsidyPaid, TaxReliefGranted, CreditCommunityRated, CreditRatingLapsed,
)  # fmt: skip

__all__ = [
    "FINANCE_FACTS", "CreditCommunityRated", "CreditRatingLapsed", "FinanceFact", "GraduateFundGranted", "GraduateFundRaised",
    "GuaranteeFundContributed", "GuaranteeFundWithdrawn", "InstalmentDue", "LoanApplied", "LoanApproved", "LoanCompensated",
    "LoanDeclined", "LoanDisbursed", "LoanExtended", "LoanOverdue", "LoanRepaid", "LoanSettled", "LoanWrittenOff", "Origin",
    "SubsidyKind", "SubsidyPaid", "SupportFundPaid", "SupportFundRaised", "TaxReliefGranted",
]  # fmt: skip
