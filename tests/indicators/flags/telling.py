"""Histories told fact by fact, and the flags they raise."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.indicators.answers import Question, Snapshot
from services.indicators.api.flags import Flags, Wanted, flags
from services.indicators.catalog import FOLDINGS
from services.indicators.evaluation.plan import windows_of
from services.indicators.flags.book import FlagBook
from services.indicators.ledger import Balances
from services.indicators.projection import Projection
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.contracts.finance import LoanApplied, LoanDisbursed
from shared.contracts.registry import EntityRegistered, Founder
from shared.contracts.training import CourseOpened, TraineeCompleted, TraineeEnrolled
from tests.indicators.comparing import example_county
from tests.support.records import COUNTY, VILLAGE, Records, Told, entity, person

LATER = "2026-12-31"
GSJ = f"/{COUNTY}/gsj/dengji"
BANK = f"/{COUNTY}/yinhang/xindai"


@dataclass(frozen=True)
class Flag:
    """What a test says of a flag: the fact it is raised on and the facts that make it odd, by their ids, and since when it is known."""

    kind: str
    on: str
    others: tuple[str, ...]
    day: str
    since: str


class Story(Records):
    """Records with the facts that many stories begin with."""

    def registers(
        self, on: str, number: int, *founders: int, known: str | None = None, source: str = GSJ, name: str = "甲", unit: str = VILLAGE
    ) -> Told:  # fmt: skip
        """Persons found an enterprise."""
        fact = EntityRegistered(
            entity=entity(number), unit=unit, name=name, entity_kind="enterprise", industry="C20",
            founders=tuple(Founder(person=person(each)) for each in founders),
        )  # fmt: skip
        return self.add(on, fact, known=known, source=source)

    def course(self, on: str, course: str, kind: str = "start_up") -> Told:
        """A course begins."""
        return self.add(on, CourseOpened.model_validate({"course": course, "name": "班", "course_kind": kind, "institution": "中心"}))

    def enrols(self, on: str, course: str, who: int, *, known: str | None = None) -> Told:
        """A person enters a course."""
        return self.add(on, TraineeEnrolled(course=course, person=person(who), unit=VILLAGE), known=known)

    def completes(self, on: str, course: str, who: int, *, known: str | None = None) -> Told:
        """A person completes a course."""
        return self.add(on, TraineeCompleted(course=course, person=person(who), passed=True, unit=VILLAGE), known=known)

    def lends(self, on: str, loan: str, *, number: int = 1) -> tuple[Told, Told]:
        """A loan for an entity is applied for and paid out."""
        applied = LoanApplied(
            loan=loan, loan_kind="personal", borrowers=(person(1),), entity=entity(number), amount_fen=5_000_000, unit=VILLAGE
        )
        disbursed = LoanDisbursed(loan=loan, tranche=1, amount_fen=5_000_000)
        return self.add(on, applied, source=BANK), self.add(on, disbursed, source=BANK)

    def flags(self, known: str = LATER, as_of: str | None = None) -> list[Flag]:
        """The county's flags."""
        return [
            Flag(each.kind, each.fact.id, tuple(other.id for other in each.others), each.day.isoformat(), each.since.isoformat())
            for each in self.listed(known, as_of).flags
        ]

    def listed(self, known: str = LATER, as_of: str | None = None, *, unit: str = COUNTY, wanted: Wanted | None = None) -> Flags:
        """The flags as they are listed."""
        projection = loaded(self)
        book = FlagBook(projection.index)
        book.touch(projection.index.chains())
        assert book.catch_up(10_000)
        question = Question(unit, date.fromisoformat(as_of or known), date.fromisoformat(known))
        return flags(book, snapshot_of(projection), question, wanted or Wanted())


def loaded(records: Iterable[Record]) -> Projection:
    """Histories of these records, each service's in its order."""
    projection = Projection(COUNTY, FOLDINGS)
    projection.load(sorted(records, key=lambda record: (SERVICES.index(record.service), record.position)))
    return projection


def snapshot_of(projection: Projection) -> Snapshot:
    """A moment of it, without figures."""
    plan = example_county().plan
    return Snapshot(
        plan=plan, windows=windows_of(plan), balances=Balances(), trees=projection.trees, positions=dict(projection.positions),
        closed=dict(projection.closed), unreadable=(),
    )  # fmt: skip
