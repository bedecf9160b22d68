"""Single payments and decisions: a subsidy (补贴) paid, tax relief (税费减免) granted.

Each happens once under its own number, so there is nothing to remember here. Whether a person was paid a one-off (一次性) subsidy
twice is seen across payments, by the indicators.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.contracts.finance import SubsidyPaid, TaxReliefGranted
from shared.contracts.outcomes import Accept, Decision

PaymentFact = SubsidyPaid | TaxReliefGranted


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment or decision, recorded or not: no rule depends on which."""

    state: Literal["payment"] = "payment"


def initial() -> Payment:
    """A payment nothing is recorded about."""
    return Payment()


def decide(_state: Payment, _fact: PaymentFact, _day: date) -> Decision:
    """Money that was paid and relief that was granted are recorded (the same number twice has the same natural key)."""
    return Accept()


def evolve(state: Payment, _fact: PaymentFact, _day: date) -> Payment:
    """A payment changes nothing that a rule depends on."""
    return state
