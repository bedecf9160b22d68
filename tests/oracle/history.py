"""Tiny histories written out by hand, as records, and questions about them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.contracts.base import Fact, service_of
from shared.contracts.finance import InstalmentDue, LoanApplied, LoanDisbursed, LoanRepaid
from shared.contracts.registry import EntityRegistered, Founder, UnitListed, VenueOpened
from shared.contracts.registry.entities import EntityKind
from shared.contracts.registry.venues import VenueKind
from shared.contracts.training import CourseKind, CourseOpened, GuidanceGiven, TraineeCompleted
from tests.support.oracle import Due, Figure, Named, Oracle, Promised

COUNTY = "330127000000"
TOWN, TOWN_B = "330127101000", "330127102000"
COMMUNITY = "330127101001"
VILLAGE, VILLAGE_2, VILLAGE_B = "330127101201", "330127101202", "330127102201"
PARK, PARK_2 = "330127401000", "330127402000"
ROSTER = {
    COUNTY: None, TOWN: None, TOWN_B: None, COMMUNITY: "111", VILLAGE: "220", VILLAGE_2: "122", VILLAGE_B: "220", PARK: None, PARK_2: "121",
}  # fmt: skip
"""One county with two townships, one community (urban), three villages (one of them urban) and two parks (one urban)."""
SOURCE = "/330127000000/employment/hr"
PLANS_DUE = Due("plans_submitted", date(2010, 3, 15))


def person(number: int) -> str:
    """A pseudonym."""
    return f"P{number:016d}"


def entity(number: int) -> str:
    """An older 15-digit code."""
    return f"330127{number:09d}"


def whole(figure: Figure) -> tuple[object, object, object]:
    """Numerator, denominator and value."""
    return figure.numerator, figure.denominator, figure.value


class History:
    """Records in the order in which they are recorded; without a known day a fact is recorded on the day on which it occurred."""

    def __init__(self, roster: dict[str, str | None] | None = None) -> None:
        self.records: list[dict[str, Any]] = []
        for code, own in (ROSTER if roster is None else roster).items():
            self.add("2005-01-01", UnitListed(code=code, name=code, urban_rural_class=own))

    def add(self, on: str, fact: Fact, *, known: str | None = None) -> str:
        """Record a fact; answers its event id."""
        data = fact.model_dump(mode="json", exclude_none=True)
        return self._record(service_of(fact), f"{fact.type}.v{fact.version}", on, known or on, data)

    def void(self, service: str, id: str, *, known: str) -> None:
        """Void the fact of this id."""
        self._record(service, f"{service}.fact_voided.v1", known, known, {"source": SOURCE, "id": id, "reason": "重复"})

    def correct(self, id: str, on: str, fact: Fact, *, known: str) -> str:
        """Correct the fact of this id to this day and content."""
        data = {
            "source": SOURCE, "id": id, "reason": "录错", "occurred": on, "version": fact.version,
            "data": fact.model_dump(mode="json", exclude_none=True),
        }  # fmt: skip
        return self._record(service_of(fact), f"{service_of(fact)}.fact_corrected.v1", known, known, data)

    def _record(self, service: str, type: str, on: str, known: str, data: dict[str, Any]) -> str:
        position = 1 + sum(1 for record in self.records if record["type"].startswith(service))
        recorded = datetime.fromisoformat(known).replace(hour=4, tzinfo=UTC) + timedelta(microseconds=len(self.records))
        id = f"r-{len(self.records)}"
        self.records.append({
            "source": SOURCE, "id": id, "type": type, "time": recorded.isoformat().replace("+00:00", "Z"), "occurred": on,
            "position": str(position), "data": data,
        })  # fmt: skip
        return id

    def ask(
        self, indicator: str, variant: str = "default", part: str | None = None, *, unit: str = COUNTY, as_of: str = "2010-12-31",
        known_at: str = "2012-12-31", year: int = 2010, due: Sequence[Due] = (PLANS_DUE,), named: Sequence[Named] = (),
        promised: Sequence[Promised] = (),
    ) -> Figure:  # fmt: skip
        """One figure."""
        answers = Oracle(self.records, due, named, promised).figures(
            unit=unit, as_of=date.fromisoformat(as_of), known_at=date.fromisoformat(known_at), year=year
        )
        return answers[indicator, variant, part]

    # ── facts that many histories need ────────────────────────────────────────────────────────────────────────────────────────────

    def founds(
        self, on: str, founders: Iterable[int], number: int, *, unit: str | None = VILLAGE, park: str | None = None,
        kind: EntityKind = "enterprise", known: str | None = None,
    ) -> str:  # fmt: skip
        """Persons found the entity of this number."""
        fact = EntityRegistered(
            entity=entity(number), unit=unit, park=park, name="甲", entity_kind=kind, industry="C20",
            founders=tuple(Founder(person=person(each)) for each in founders),
        )  # fmt: skip
        return self.add(on, fact, known=known)

    def guides(self, on: str, who: int, *, unit: str | None = VILLAGE, park: str | None = None, known: str | None = None) -> str:
        """A person is given guidance on policy."""
        return self.add(on, GuidanceGiven(person=person(who), guidance_kind="policy", unit=unit, park=park), known=known)

    def course(self, course: str = "C1", kind: CourseKind = "start_up", *, on: str = "2006-01-01") -> str:
        """A course opens."""
        return self.add(on, CourseOpened(course=course, name="班", course_kind=kind, institution="中心"))

    def passes(self, on: str, who: int, *, course: str = "C1", unit: str | None = VILLAGE, passed: bool = True) -> str:
        """A person completes a course."""
        return self.add(on, TraineeCompleted(course=course, person=person(who), passed=passed, unit=unit))

    def opens_venue(
        self, on: str, venue: str, area_m2: int, *, kind: VenueKind = "incubator", unit: str | None = None, park: str | None = None,
        within: str | None = None,
    ) -> str:  # fmt: skip
        """A venue opens."""
        return self.add(on, VenueOpened(venue=venue, name="基地", venue_kind=kind, area_m2=area_m2, within=within, unit=unit, park=park))

    def lends(
        self, on: str, loan: str, borrowers: Iterable[int], yuan: int, *, unit: str | None = VILLAGE, park: str | None = None,
    ) -> None:  # fmt: skip
        """A personal loan is applied for and paid out on one day."""
        who = tuple(person(each) for each in borrowers)
        self.add(on, LoanApplied(loan=loan, loan_kind="personal", borrowers=who, amount_fen=yuan * 100, unit=unit, park=park))
        self.add(on, LoanDisbursed(loan=loan, tranche=1, amount_fen=yuan * 100))

    def owes(self, on: str, loan: str, number: int, due: str, yuan: int) -> str:
        """An instalment of the loan is notified."""
        return self.add(on, InstalmentDue(loan=loan, number=number, due=date.fromisoformat(due), principal_fen=yuan * 100))

    def repays(self, on: str, loan: str, receipt: str, yuan: int, instalment: int | None = None) -> str:
        """Principal of the loan is repaid."""
        return self.add(on, LoanRepaid(loan=loan, receipt=receipt, principal_fen=yuan * 100, instalment=instalment))
