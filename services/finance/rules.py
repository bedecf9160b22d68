"""The finance service's rules: which aggregate rules on which fact. A new fact fails the type check here until it has a rule."""

from datetime import date
from typing import Annotated, assert_never, cast

from pydantic import Discriminator, TypeAdapter

from services.finance import credit_community, fund, loan, payment
from services.finance.credit_community import CommunityState, RatedCommunity, UnratedCommunity
from services.finance.fund import Fund, FundState, UnusedFund
from services.finance.loan import LentLoan, LoanState, PendingLoan, SettledLoan
from services.finance.payment import Payment
from shared.contracts.base import Fact, Subject
from shared.contracts.finance import (
    FINANCE_FACTS,
    CreditCommunityRated,
    CreditRatingLapsed,
    FinanceFact,
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
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
    SubsidyPaid,
    SupportFundPaid,
    SupportFundRaised,
    TaxReliefGranted,
)
from shared.contracts.outcomes import Decision
from shared.rules import Rules

State = LoanState | FundState | Payment | CommunityState


def initial(subject: Subject) -> State:
    """The state of a thing nothing is recorded about. Raises ValueError for a kind this service keeps no history of."""
    kind = subject.partition(":")[0]
    match kind:
        case "loan":
            return loan.initial()
        case "fund":
            return fund.initial()
        case "occasion":
            return payment.initial()
        case "unit":
            return credit_community.initial()
        case _:
            raise ValueError(f"the finance service keeps no history of {subject}")


def decide(state: State, fact: Fact, day: date) -> Decision:
    """Rule on a fact of this service that occurred on `day`, in the state of the thing it is about."""
    ours = _finance_fact(fact)
    match ours:
        case (
            LoanApplied() | LoanApproved() | LoanDeclined() | LoanDisbursed() | InstalmentDue() | LoanRepaid() | LoanOverdue()
            | LoanExtended() | LoanCompensated() | LoanWrittenOff() | LoanSettled()
        ):  # fmt: skip
            assert isinstance(state, PendingLoan | LentLoan | SettledLoan)
            return loan.decide(state, ours, day)
        case (
            GuaranteeFundContributed() | GuaranteeFundWithdrawn() | GraduateFundRaised() | GraduateFundGranted() | SupportFundRaised()
            | SupportFundPaid()
        ):  # fmt: skip
            assert isinstance(state, UnusedFund | Fund)
            return fund.decide(state, ours, day)
        case SubsidyPaid() | TaxReliefGranted():
            assert isinstance(state, Payment)
            return payment.decide(state, ours, day)
        case CreditCommunityRated() | CreditRatingLapsed():
            assert isinstance(state, UnratedCommunity | RatedCommunity)
            return credit_community.decide(state, ours, day)
        case _:
            assert_never(ours)


def evolve(state: State, fact: Fact, day: date) -> State:
    """Take a recorded fact of this service into the state of the thing it is about."""
    ours = _finance_fact(fact)
    match ours:
        case (
            LoanApplied() | LoanApproved() | LoanDeclined() | LoanDisbursed() | InstalmentDue() | LoanRepaid() | LoanOverdue()
            | LoanExtended() | LoanCompensated() | LoanWrittenOff() | LoanSettled()
        ):  # fmt: skip
            assert isinstance(state, PendingLoan | LentLoan | SettledLoan)
            return loan.evolve(state, ours, day)
        case (
            GuaranteeFundContributed() | GuaranteeFundWithdrawn() | GraduateFundRaised() | GraduateFundGranted() | SupportFundRaised()
            | SupportFundPaid()
        ):  # fmt: skip
            assert isinstance(state, UnusedFund | Fund)
            return fund.evolve(state, ours, day)
        case SubsidyPaid() | TaxReliefGranted():
            assert isinstance(state, Payment)
            return payment.evolve(state, ours, day)
        case CreditCommunityRated() | CreditRatingLapsed():
            assert isinstance(state, UnratedCommunity | RatedCommunity)
            return credit_community.evolve(state, ours, day)
        case _:
            assert_never(ours)


_STATES: TypeAdapter[State] = TypeAdapter(Annotated[State, Discriminator("state")])

RULES: Rules[State] = Rules("finance", FINANCE_FACTS, initial, decide, evolve, _STATES)


_CLASSES = frozenset(FINANCE_FACTS)


def _finance_fact(fact: Fact) -> FinanceFact:
    """The fact as one of this service's. Raises TypeError for another service's."""
    if type(fact) in _CLASSES:  # not isinstance: pydantic's is slow, and this runs for every fact
        return cast(FinanceFact, fact)
    raise TypeError(f"{fact.type} is no fact of the finance service / {fact.type} 不是金融服务的事实")
