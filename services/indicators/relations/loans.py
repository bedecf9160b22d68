"""A loan's rows: first disbursement, tranches, and where repayment stands day by day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.indicators.history import FOREVER, Content, View
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.base import Fact
from shared.contracts.finance import (
    InstalmentDue,
    LoanApplied,
    LoanCompensated,
    LoanDisbursed,
    LoanExtended,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
)


def first_disbursement(view: View, loan: str) -> Content[LoanDisbursed] | None:
    """The first dated disbursement of a loan: lowest day, then lowest tranche. A disbursement without a date does not count."""
    dated = _dated(view, loan)
    return min(dated, key=lambda paid: (paid.day, paid.fact.tranche), default=None)


def _dated(view: View, loan: str) -> list[Content[LoanDisbursed]]:
    return [paid for paid in view.of(LoanDisbursed) if paid.fact.loan == loan and not paid.fact.undated]


def _application(rows: Rows) -> Content[LoanApplied] | None:
    return next(iter(rows.context.view.of(LoanApplied)), None)


def _loan(rows: Rows, paid: Content[Any], amount_fen: int) -> Row | None:
    applied = _application(rows)
    if applied is None:
        return None
    fact = applied.fact
    attributes = {"loan_kind": fact.loan_kind, "borrowers": len(set(fact.borrowers)), "programme": fact.programme, "amount_fen": amount_fen}
    return Row(paid.day, fact.unit, fact.park, attributes, order=paid.order)


def _first_disbursements(rows: Rows) -> Iterator[Row]:
    paid = first_disbursement(rows.context.view, rows.context.subject)
    if paid is not None and (row := _loan(rows, paid, 0)) is not None:
        yield row


def _tranches(rows: Rows) -> Iterator[Row]:
    for paid in _dated(rows.context.view, rows.context.subject):
        row = _loan(rows, paid, paid.fact.amount_fen)
        if row is not None:
            yield row


def _undated(rows: Rows) -> Iterator[Row]:
    for paid in rows.context.view.of(LoanDisbursed):
        if paid.fact.undated and (row := _loan(rows, paid, 0)) is not None:
            yield row


def _compensations(rows: Rows) -> Iterator[Row]:
    for paid in rows.context.view.of(LoanCompensated):
        row = _loan(rows, paid, paid.fact.amount_fen)
        if row is not None:
            yield row


@dataclass(slots=True)
class _Instalment:
    number: int
    due: int
    principal_fen: int
    repaid_fen: int = 0


@dataclass(slots=True)
class _Account:
    """Where one loan stands after the facts taken in so far."""

    instalments: dict[int, _Instalment] = field(default_factory=dict)
    named_ahead: dict[int, int] = field(default_factory=dict)
    """Repaid to instalments that no fact has announced yet."""
    in_hand_fen: int = 0
    """Repaid without naming an instalment while none was open: it goes to the oldest of those announced later."""
    extended: dict[int, int] = field(default_factory=dict)
    """The latest due day that an extension gave an instalment."""
    balance_fen: int = 0
    relieved_fen: int = 0
    """Compensated or written off: no longer unpaid to the lender, the oldest due first."""
    undated: int = 0
    """Disbursements without a date: what was lent by them is not in the balance."""
    settled: bool = False

    def take(self, fact: Fact) -> None:
        """Take one fact into the account."""
        match fact:
            case LoanDisbursed():
                self.balance_fen += 0 if fact.undated else fact.amount_fen
                self.undated += fact.undated
            case InstalmentDue():
                ahead = self.named_ahead.pop(fact.number, 0)
                due = self.extended.get(fact.number, fact.due.toordinal())
                self.instalments[fact.number] = _Instalment(fact.number, due, fact.principal_fen, ahead)
            case LoanExtended():
                self.extended[fact.instalment] = fact.due.toordinal()
                if fact.instalment in self.instalments:
                    self.instalments[fact.instalment].due = fact.due.toordinal()
            case LoanRepaid():
                self.balance_fen -= fact.principal_fen
                self.fill()  # what was in hand is the older money
                self._allocate(fact.principal_fen, fact.instalment)
            case LoanCompensated() | LoanWrittenOff():
                self.balance_fen -= fact.amount_fen
                self.relieved_fen += fact.amount_fen
            case LoanSettled():
                self.settled = True
            case _:
                pass  # applications, approvals and notices of arrears move no money

    def _allocate(self, amount_fen: int, number: int | None) -> None:
        """A repayment goes to the instalment it names, else fills the oldest open ones; what is left of it stays in hand."""
        if number is None:
            self.in_hand_fen += amount_fen
            self.fill()
        elif number in self.instalments:
            self.instalments[number].repaid_fen += amount_fen
        else:
            self.named_ahead[number] = self.named_ahead.get(number, 0) + amount_fen

    def fill(self) -> None:
        """Fill the oldest open instalments with what is in hand."""
        if not self.in_hand_fen:
            return
        for instalment in sorted(self.instalments.values(), key=lambda each: (each.due, each.number)):
            part = min(self.in_hand_fen, max(0, instalment.principal_fen - instalment.repaid_fen))
            instalment.repaid_fen += part
            self.in_hand_fen -= part

    def standing(self, day: int) -> dict[str, int]:
        """Due, repaid of what is due, overdue and balance at the end of a day, in fen; how many disbursements the balance lacks."""
        due = [instalment for instalment in self.instalments.values() if instalment.due <= day]
        due_fen = sum(instalment.principal_fen for instalment in due)
        repaid_fen = sum(min(instalment.repaid_fen, instalment.principal_fen) for instalment in due)
        return {
            "due_fen": due_fen,
            "repaid_fen": repaid_fen,
            "overdue_fen": 0 if self.settled else max(0, due_fen - repaid_fen - self.relieved_fen),
            "balance_fen": 0 if self.settled else max(0, self.balance_fen),
            "undated": 0 if self.settled else self.undated,
        }


def _standings(rows: Rows) -> Iterator[Row]:
    """Where the loan stands, piece by piece: on every day a fact or a due day changes it."""
    applied = _application(rows)
    if applied is None:
        return
    # Of one day's facts repayments come last: they fill what is scheduled at its end.
    facts = sorted(rows.context.view.facts, key=lambda each: (each.day, isinstance(each.fact, LoanRepaid)))
    days = {fact.day for fact in facts}
    days.update(due.fact.due.toordinal() for due in rows.context.view.of(InstalmentDue))
    days.update(extended.fact.due.toordinal() for extended in rows.context.view.of(LoanExtended))
    account = _Account()
    taken = 0
    since, standing = 0, account.standing(0)
    for day in sorted(days):
        while taken < len(facts) and facts[taken].day <= day:
            account.take(facts[taken].fact)
            taken += 1
        account.fill()
        changed = account.standing(day)
        if changed != standing:
            if any(standing.values()):
                yield Row(since, applied.fact.unit, applied.fact.park, standing, day)
            since, standing = day, changed
    if any(standing.values()):
        yield Row(since, applied.fact.unit, applied.fact.park, standing, FOREVER)


_PAID = (LoanApplied, LoanDisbursed)
_LOAN = {
    "loan_kind": "personal or enterprise",
    "borrowers": "number of distinct borrowers",
    "programme": "ybc or null",
    "amount_fen": "fen",
}

LOAN_RELATIONS = (
    Relation(
        "first_disbursement", "loan", "event", _LOAN, _first_disbursements, 1, "First dated disbursement of the loan (首次发放).", _PAID,
        (LoanDisbursed,),
    ),
    Relation("tranche", "loan", "event", _LOAN, _tranches, 1, "Each dated disbursement (发放).", _PAID, (LoanDisbursed,)),
    Relation(
        "undated_disbursement", "loan", "event", _LOAN, _undated, 1,
        "A disbursement reported without its date: not counted until corrected.", _PAID, (LoanDisbursed,),
    ),
    Relation(
        "compensation", "loan", "event", _LOAN, _compensations, 1, "Paid by the guarantee fund in the borrower's stead (代偿).",
        (LoanApplied, LoanCompensated), (LoanCompensated,),
    ),
    Relation(
        "loan_standing", "loan", "span",
        {"due_fen": "principal due", "repaid_fen": "repaid of what is due",
         "overdue_fen": "due, and neither repaid, compensated nor written off", "balance_fen": "outstanding",
         "undated": "disbursements without a date, which the balance lacks"},
        _standings, 3, "Where repayment stands (还款情况).",
        (LoanApplied, LoanDisbursed, InstalmentDue, LoanExtended, LoanRepaid, LoanCompensated, LoanWrittenOff, LoanSettled),
        (LoanDisbursed, InstalmentDue)),
)  # fmt: skip
