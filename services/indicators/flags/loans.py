"""What is odd about loans: no entity or a closed one, no day of disbursement, written off though paid, moving after settlement."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.indicators.flags.kinds import Across, FlagKind, Found, Histories, Known, types
from services.indicators.history import Chain, Content
from services.indicators.relations.lives import LIFE_CYCLE, lives, oldest_code
from services.indicators.subjects import named
from shared.contracts.base import Fact, Subject, subject_of
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
from shared.contracts.registry import EntityDeregistered, EntityLicenceRevoked, EntitySuspended

_MOVES: tuple[type[Fact], ...] = (LoanApproved, LoanDisbursed, InstalmentDue, LoanExtended, LoanRepaid, LoanOverdue, LoanCompensated)
_APPLICATIONS, _DISBURSEMENTS, _SETTLED = types(LoanApplied), types(LoanDisbursed), types(LoanSettled)
_CLOSINGS, _LIVES = types(EntitySuspended, EntityLicenceRevoked, EntityDeregistered), types(*LIFE_CYCLE)
_ALL = _APPLICATIONS | _SETTLED | types(LoanWrittenOff, *_MOVES)


def _applications(histories: Histories, loan: Subject) -> Iterable[Chain]:
    applied = list(histories.index.of(loan, _APPLICATIONS))
    named = all(isinstance(content.fact, LoanApplied) and content.fact.entity for chain in applied for content in chain.contents())
    return () if named else applied


def _without_entity(known: Known) -> Iterator[Found]:
    for applied in known.view.of(LoanApplied):
        if applied.fact.entity is None:
            yield _flag(known, applied)


def _lendings_and_lives(histories: Histories, loan: Subject) -> Iterable[Chain]:
    index = histories.index
    applied = list(index.of(loan, _APPLICATIONS))
    borrowing = {index.canonical(code) for code in named(applied, "entity")}
    if all(next(index.of(entity, _CLOSINGS), None) is None for entity in borrowing):
        return ()
    return (*applied, *index.of(loan, _DISBURSEMENTS), *(chain for entity in borrowing for chain in index.of(entity, _LIVES)))


def _to_a_closed_one(known: Known) -> Iterator[Found]:
    """Money paid out on a day at whose end the entity it is for is suspended, revoked or deregistered."""
    applied = next((each for each in known.view.of(LoanApplied)), None)
    if applied is None or applied.fact.entity is None:
        return
    code = oldest_code(known.rows, applied.fact.entity)
    if (life := lives(known.rows).get(code)) is None:
        return
    for disbursed in known.view.of(LoanDisbursed):
        stage = life.stage_at(disbursed.day)
        if stage is not None and stage.state != "operating" and not disbursed.fact.undated:
            closed = [
                each.order
                for each in known.view.of(EntitySuspended, EntityLicenceRevoked, EntityDeregistered)
                if oldest_code(known.rows, each.fact.entity) == code and life.registered <= each.day <= disbursed.day
            ]
            about = known.subject, subject_of("entity", code)
            yield Found(disbursed.order, (applied.order, closed[-1]), about, applied.fact.unit, applied.fact.park)


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
        "loan_to_closed", "向已停业、吊销或注销的实体发放贷款", "money lent to an entity that is closed on that day",
        "贷款照计；存活、经营以登记状态为准", "the loan counts all the same; survival and operating go by the register",
        "loan", _lendings_and_lives, (_APPLICATIONS, _DISBURSEMENTS), _APPLICATIONS | _DISBURSEMENTS, _to_a_closed_one,
        (Across("entity", _LIVES, _APPLICATIONS),),
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
