"""The three funds: for guarantees (担保基金), for graduates (高校毕业生创业基金), for support (扶持资金).

Money that has moved is recorded even when more went out than came in so far: contributions are often reported last.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from shared.contracts.finance import (
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    SupportFundPaid,
    SupportFundRaised,
)
from shared.contracts.outcomes import Decision, Reason, Refuse, accept

FundFact = (
    GuaranteeFundContributed | GuaranteeFundWithdrawn | GraduateFundRaised | GraduateFundGranted | SupportFundRaised | SupportFundPaid
)  # fmt: skip

FundKind = Literal["guarantee", "graduate", "support"]

ANOTHER_FUND = Reason("another_fund", "该基金编号已用于另一类基金", "this fund id already belongs to a fund of another kind")
OVERDRAWN = Reason("fund_overdrawn", "累计支出（退出）金额超过已筹集（注入）金额", "more has gone out than is recorded as having come in")


@dataclass(frozen=True, slots=True)
class UnusedFund:
    """Nothing is recorded."""

    state: Literal["unused_fund"] = "unused_fund"


@dataclass(frozen=True, slots=True)
class Fund:
    """A fund of one kind and what each pocket holds, in fen: a contributor's share of a guarantee fund, else the one pocket `all`."""

    kind: FundKind
    pockets_fen: dict[str, int]
    state: Literal["fund"] = "fund"


FundState = UnusedFund | Fund


@dataclass(frozen=True, slots=True)
class _Movement:
    kind: FundKind
    pocket: str
    amount_fen: int
    """Negative for money that goes out."""


def initial() -> FundState:
    """A fund nothing is recorded about."""
    return UnusedFund()


def decide(state: FundState, fact: FundFact, _day: date) -> Decision:
    """Rule on a movement: the fund must be of the fact's kind, and what goes beyond it is flagged."""
    moved = _movement(fact)
    match state:
        case UnusedFund():
            held_fen = 0
        case Fund():
            if state.kind != moved.kind:
                return Refuse(ANOTHER_FUND)
            held_fen = state.pockets_fen.get(moved.pocket, 0)
        case _:
            assert_never(state)
    return accept(moved.amount_fen < 0 and held_fen + moved.amount_fen < 0 and OVERDRAWN)


def evolve(state: FundState, fact: FundFact, _day: date) -> FundState:
    """Take a recorded movement into the state. The first one says of which kind the fund is."""
    moved = _movement(fact)
    match state:
        case UnusedFund():
            return Fund(moved.kind, {moved.pocket: moved.amount_fen})
        case Fund():
            held_fen = state.pockets_fen.get(moved.pocket, 0)
            return Fund(state.kind, {**state.pockets_fen, moved.pocket: held_fen + moved.amount_fen})
        case _:
            assert_never(state)


def _movement(fact: FundFact) -> _Movement:
    match fact:
        case GuaranteeFundContributed():
            return _Movement("guarantee", fact.origin, fact.amount_fen)
        case GuaranteeFundWithdrawn():
            return _Movement("guarantee", fact.origin, -fact.amount_fen)
        case GraduateFundRaised():
            return _Movement("graduate", "all", fact.amount_fen)
        case GraduateFundGranted():
            return _Movement("graduate", "all", -fact.amount_fen)
        case SupportFundRaised():
            return _Movement("support", "all", fact.amount_fen)
        case SupportFundPaid():
            return _Movement("support", "all", -fact.amount_fen)
        case _:
            assert_never(fact)
