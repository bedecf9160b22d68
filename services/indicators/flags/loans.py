"""What is odd about loans: no entity, no day of disbursement, written off though paid, moving after settlement."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.indicators.flags.kinds import FlagKind, Found, Histories, Known, types
from services.indicators.history import Chain, Content
from shared.contracts.base import Fact, Subject
from shared.contracts.finance import (
    InstalmentDue,
    LoanApplied,
    LoanApproved,
    LoanCompensated,
    LoanDisbursed,
    LoanExtended,
    LoanOverdue,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
)

_MOVES: tuple[type[Fact], ...] = (LoanApproved, LoanDisbursed, InstalmentDue, LoanExtended, LoanRepaid, LoanOverdue, LoanCompensated)
_APPLICATIONS, _DISBURSEMENTS, _SETTLED = types(LoanApplied), types(LoanDisbursed), types(LoanSettled)
_ALL = _APPLICATIONS | _SETTLED | types(LoanWrittenOff, *_MOVES)


def _applications(histories: Histories, loan: Subject) -> Iterable[Chain]:
    applied = list(histories.index.of(loan, _APPLICATIONS))
    named = all(isinstance(content.fact, LoanApplied) and content.fact.entity for chain in applied for content in chain.contents())
    return () if named else applied


def _without_entity(known: Known) -> Iterator[Found]:
    for applied in known.view.of(LoanApplied):
        if applied.fact.entity is None:
            yield _flag(known, applied)


def _disbursements(histories: Histories, loan: Subject) -> Iterable[Chain]:
    index = histories.index
    disbursed = list(index.of(loan, _DISBURSEMENTS))
    dated = not any(isinstance(content.fact, LoanDisbursed) and content.fact.undated for chain in disbursed for content in chain.contents())
    return () if dated else (*disbursed, *index.of(loan, _APPLICATIONS))


def _undated(known: Known) -> Iterator[Found]:
    for disbursed in known.view.of(LoanDisbursed):
        if disbursed.fact.undated:
            yield _flag(known, disbursed)


def _settlement(histories: Histories, loan: Subject) -> Iterable[Chain]:
    index = histories.index
    if next(index.of(loan, _SETTLED), None) is None:
        return ()
    return index.of(loan, _ALL)


def _written_off(known: Known) -> Iterator[Found]:
    for settled in known.view.of(LoanSettled):
        for written_off in known.view.of(LoanWrittenOff):
            yield _flag(known, written_off, settled)


def _moving_after_settled(known: Known) -> Iterator[Found]:
    for settled in known.view.of(LoanSettled):
        for moved in known.view.of(*_MOVES):
            if moved.day > settled.day:
                yield _flag(known, moved, settled)


def _flag(known: Known, on: Content[Any], *others: Content[Any]) -> Found:
    """It counts where the loan does."""
    applied = next((each.fact for each in known.view.of(LoanApplied)), None)
    place = (None, None) if applied is None else (applied.unit, applied.park)
    return Found(on.order, tuple(each.order for each in others), (known.subject,), *place)


LOAN_FLAGS = (
    FlagKind(
        "loan_without_entity", "贷款未填写创业实体", "the loan names no entity",
        "贷款照计", "the loan counts all the same",
        "loan", _applications, (_APPLICATIONS,), _APPLICATIONS, _without_entity,
    ),
    FlagKind(
        "undated", "贷款发放未提供日期", "a disbursement without its day",
        "更正日期之前不计入，并使有关指标标为不完整", "not counted until a correction dates it; the figures that lack it say so",
        "loan", _disbursements, (_DISBURSEMENTS,), _APPLICATIONS | _DISBURSEMENTS, _undated,
    ),
    FlagKind(
        "written_off_yet_settled", "已结清的贷款又有核销", "written off, though settled",
        "以结清为准：不再有余额和逾期", "the settled state wins: no balance, nothing overdue",
        "loan", _settlement, (_SETTLED, types(LoanWrittenOff)), _ALL, _written_off,
    ),
    FlagKind(
        "after_loan_settled", "贷款结清之后仍有往来", "the loan moves after it was settled",
        "以结清为准：不再有余额和逾期", "the settled state wins: no balance, nothing overdue",
        "loan", _settlement, (_SETTLED,), _ALL, _moving_after_settled,
    ),
)  # fmt: skip
