"""One loan, from its own facts: when it first paid out, what was repaid on which instalment, and what is still owed."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property

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
)  # fmt: skip
from tests.support.oracle.facts import Dated
from tests.support.oracle.units import Place, place_of


@dataclass(frozen=True)
class Loan:
    """A loan that was applied for, with all facts about it up to one day, in history order."""

    applied: LoanApplied
    facts: tuple[Dated[Fact], ...]

    @property
    def personal(self) -> bool:
        """Whether it is a personal start-up loan."""
        return self.applied.loan_kind == "personal"

    @property
    def place(self) -> Place:
        """Where it counts: at the place of its application."""
        return place_of(self.applied)

    @cached_property
    def disbursed(self) -> list[tuple[date, int, int, Dated[Fact]]]:
        """Its dated tranches by (day, tranche, amount in fen, fact); a tranche the bank gave no day for does not count."""
        tranches = [
            (dated.occurred, dated.fact.tranche, dated.fact.amount_fen, dated)
            for dated in self.facts
            if isinstance(dated.fact, LoanDisbursed) and not dated.fact.undated
        ]
        return sorted(tranches, key=lambda tranche: tranche[:2])

    def first_disbursement(self) -> Dated[Fact] | None:
        """The fact by which the loan counts: the dated disbursement of the lowest day, then of the lowest tranche."""
        return self.disbursed[0][3] if self.disbursed else None

    def instalments(self, day: date) -> dict[int, tuple[date, int]]:
        """The schedule in force at the end of a day: number → (due day, principal in fen), from facts dated up to that day.

        An extension replaces the due day; of several the last in history order holds.
        """
        schedule: dict[int, tuple[date, int]] = {}
        for dated in self.facts:
            if dated.occurred <= day and isinstance(dated.fact, InstalmentDue):
                schedule[dated.fact.number] = dated.fact.due, dated.fact.principal_fen
        for dated in self.facts:
            if dated.occurred <= day and isinstance(dated.fact, LoanExtended) and dated.fact.instalment in schedule:
                schedule[dated.fact.instalment] = dated.fact.due, schedule[dated.fact.instalment][1]
        return schedule

    @cached_property
    def repaid_by_instalment(self) -> Counter[int]:
        """What was repaid to each instalment, in fen.

        Day by day, repayments in history order: one that names an instalment goes to it entirely; an unnamed one fills the oldest (due
        day, number) instalments not yet full, among those notified up to its day. What is left of it waits, and fills the oldest of those
        notified later, before anything that is repaid on that day.
        """
        repaid: Counter[int] = Counter()
        waiting = 0
        for day in sorted({dated.occurred for dated in self.facts}):
            schedule = self.instalments(day)
            oldest_first = sorted(schedule, key=lambda number: (schedule[number][0], number))
            for payment in [None, *(dated.fact for dated in self.facts if dated.occurred == day and isinstance(dated.fact, LoanRepaid))]:
                if payment is not None and payment.instalment is not None:
                    repaid[payment.instalment] += payment.principal_fen
                    continue
                waiting += payment.principal_fen if payment else 0
                for number in oldest_first:
                    filling = min(waiting, max(0, schedule[number][1] - repaid[number]))
                    repaid[number] += filling
                    waiting -= filling
        return repaid

    def principal_due(self, day: date) -> int:
        """Σ principal of the instalments due up to a day, in fen."""
        return sum(principal for due, principal in self.instalments(day).values() if due <= day)

    def principal_due_and_repaid(self, day: date) -> int:
        """Σ over the instalments due up to a day of min(repaid to it, its principal), in fen."""
        repaid = self.repaid_by_instalment
        return sum(min(repaid[number], principal) for number, (due, principal) in self.instalments(day).items() if due <= day)

    def undated(self) -> list[date]:
        """The days on which the bank reported a tranche without being able to date it."""
        return [dated.occurred for dated in self.facts if isinstance(dated.fact, LoanDisbursed) and dated.fact.undated]

    @property
    def settled(self) -> bool:
        """Whether it has been settled: then nothing is owed and nothing is overdue, whatever the amounts say."""
        return any(isinstance(dated.fact, LoanSettled) for dated in self.facts)

    def balance(self) -> int:
        """Disbursed − repaid − compensated − written off, in fen; never below 0, and 0 once settled."""
        if self.settled:
            return 0
        repaid = sum(dated.fact.principal_fen for dated in self.facts if isinstance(dated.fact, LoanRepaid))
        borne = sum(dated.fact.amount_fen for dated in self.facts if isinstance(dated.fact, LoanCompensated | LoanWrittenOff))
        return max(0, sum(amount for _, _, amount, _ in self.disbursed) - repaid - borne)

    def overdue(self, day: date) -> int:
        """Principal due up to a day and unpaid to the lender, in fen; none once settled.

        What the guarantee fund paid or the lender wrote off is no longer unpaid: it covers what was not repaid of the instalments, the one
        due first and then the lowest number first.
        """
        if self.settled:
            return 0
        covering = self.compensated() + sum(dated.fact.amount_fen for dated in self.facts if isinstance(dated.fact, LoanWrittenOff))
        repaid, unpaid = self.repaid_by_instalment, 0
        for number, (due, principal) in sorted(self.instalments(day).items(), key=lambda each: (each[1][0], each[0])):
            missing = max(0, principal - repaid[number])
            covered = min(covering, missing)
            covering -= covered
            unpaid += missing - covered if due <= day else 0
        return unpaid

    def compensated(self, since: date = date.min) -> int:
        """What the guarantee fund paid for the borrower, from a day on or ever, in fen."""
        return sum(dated.fact.amount_fen for dated in self.facts if isinstance(dated.fact, LoanCompensated) and dated.occurred >= since)
