"""Money that moves: the three funds voucher by voucher, subsidies and tax relief decision by decision."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from services.indicators.history import Content
from services.indicators.measures.rows import Relation, Row, Rows
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

FUND_FACTS: tuple[type[Fact], ...] = (
    GuaranteeFundContributed, GuaranteeFundWithdrawn, GraduateFundRaised, GraduateFundGranted, SupportFundRaised, SupportFundPaid,
)  # fmt: skip
"""The movements of the funds; each is the whole history of its voucher."""

_Read = Callable[[Rows], Iterable[Row]]


def _moved(type_: type[Fact], *, sourced: bool) -> _Read:
    def rows_of(rows: Rows) -> Iterator[Row]:
        moved: list[Content[Any]] = rows.context.view.of(type_)
        for each in moved:
            attributes = {"amount_fen": each.fact.amount_fen, **({"origin": each.fact.origin} if sourced else {})}
            yield Row(each.day, each.fact.unit, each.fact.park, attributes, order=each.order)

    return rows_of


def _fund(name: str, type_: type[Fact], meaning: str, *, sourced: bool) -> Relation:
    attributes = {"amount_fen": "fen", **({"origin": "where the money comes from"} if sourced else {})}
    return Relation(name, "voucher", "event", attributes, _moved(type_, sourced=sourced), 1, meaning, (type_,), (type_,))


def _subsidies(rows: Rows) -> Iterator[Row]:
    for paid in rows.context.view.of(SubsidyPaid):
        attributes = {"subsidy_kind": paid.fact.subsidy_kind, "amount_fen": paid.fact.amount_fen}
        yield Row(paid.day, paid.fact.unit, paid.fact.park, attributes, order=paid.order)


def _subsidised(rows: Rows) -> Iterator[Row]:
    """A payment that was said to be for the person, and later not, is part of the history all the same."""
    for paid in rows.context.view.of(SubsidyPaid):
        if rows.context.subject in paid.fact.persons:
            yield Row(paid.day, paid.fact.unit, paid.fact.park, {"subsidy_kind": paid.fact.subsidy_kind}, order=paid.order)


FUND_RELATIONS = (
    _fund("guarantee_contributed", GuaranteeFundContributed, "Put into the guarantee fund (担保基金注入).", sourced=True),
    _fund("guarantee_withdrawn", GuaranteeFundWithdrawn, "Taken out of the guarantee fund (担保基金退出).", sourced=True),
    _fund("graduate_raised", GraduateFundRaised, "Raised for graduates (高校毕业生创业基金筹集).", sourced=True),
    _fund("graduate_granted", GraduateFundGranted, "Granted to graduates (高校毕业生创业基金发放).", sourced=False),
    _fund("support_raised", SupportFundRaised, "Raised for support (创业扶持资金筹集).", sourced=True),
    _fund("support_paid", SupportFundPaid, "Paid in support (创业扶持资金拨付).", sourced=False),
    Relation(
        "subsidy", "occasion", "event", {"subsidy_kind": "training, start_up or interest", "amount_fen": "fen"}, _subsidies, 1,
        "A subsidy paid (补贴拨付).", (SubsidyPaid,), (SubsidyPaid,),
    ),
    Relation(
        "subsidised", "person", "event", {"subsidy_kind": "training, start_up or interest"}, _subsidised, 1,
        "A subsidy was paid for the person (享受补贴).", (SubsidyPaid,), (SubsidyPaid,),
    ),
    Relation(
        "tax_relief", "occasion", "event", {"amount_fen": "fen"}, _moved(TaxReliefGranted, sourced=False), 1,
        "Tax or fee reduced or waived (税费减免).", (TaxReliefGranted,), (TaxReliefGranted,),
    ),
)  # fmt: skip
