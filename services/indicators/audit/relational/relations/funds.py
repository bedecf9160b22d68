"""Money that moves: the three funds voucher by voucher, subsidies and tax relief decision by decision."""

from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import Facts, Rows
from services.indicators.audit.relational.shape import rows
from shared.contracts.base import Fact
from shared.contracts.finance import (
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    SubsidyPaid,
    SupportFundPaid,
    SupportFundRaised,
    TaxReliefGranted,
)


def _moved(movement: type[Fact], *attributes: str) -> Rows:
    """A movement of a fund's money (基金收支), voucher by voucher."""

    def relation(facts: Facts) -> Table:
        return rows(facts.of(movement).mutate(of=_.fund + "|" + _.voucher), "of", *attributes)

    return relation


def _subsidy(facts: Facts) -> Table:
    """A subsidy paid (补贴拨付)."""
    return rows(facts.of(SubsidyPaid), "payment", "subsidy_kind", "amount_fen")


def _subsidised(facts: Facts) -> Table:
    """A subsidy was paid for the person (享受补贴)."""
    return rows(facts.of(SubsidyPaid).mutate(person=_.persons.unnest()), "person", "subsidy_kind")


def _tax_relief(facts: Facts) -> Table:
    """Tax or fee reduced or waived (税费减免)."""
    return rows(facts.of(TaxReliefGranted), "relief", "amount_fen")


FUND_ROWS: dict[str, Rows] = {
    "guarantee_contributed": _moved(GuaranteeFundContributed, "amount_fen", "origin"),
    "guarantee_withdrawn": _moved(GuaranteeFundWithdrawn, "amount_fen", "origin"),
    "graduate_raised": _moved(GraduateFundRaised, "amount_fen", "origin"),
    "graduate_granted": _moved(GraduateFundGranted, "amount_fen"),
    "support_raised": _moved(SupportFundRaised, "amount_fen", "origin"),
    "support_paid": _moved(SupportFundPaid, "amount_fen"),
    "subsidy": _subsidy,
    "subsidised": _subsidised,
    "tax_relief": _tax_relief,
}
