"""What is odd about the recorded facts, looked for the slow way: all facts beside all others, as known at the end of one day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from shared.contracts import FACTS, parse_fact
from shared.contracts.base import Fact, about_of, names_of, natural_key_of
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
    SubsidyPaid,
)
from shared.contracts.registry import EmploymentStarted, StaffReported, SurvivalChecked
from shared.contracts.training import CourseClosed, CourseOpened, TraineeCompleted, TraineeEnrolled, TraineeWithdrew
from shared.days import add_months
from tests.support.oracle.entities import one_code
from tests.support.oracle.facts import Dated, Known, Recorded, effective, read
from tests.support.oracle.world import World

Place = tuple[str, int]
"""(service, position)."""

_OPENED_KINDS = {about_of(fact.model_validate(fact.example)).partition(":")[0] for fact in FACTS if fact.opens}


@dataclass(frozen=True)
class Report:
    """A report as it reads on the known day; `fact` is what it first said once it is voided."""

    service: str
    position: int
    fact: Fact
    occurred: date
    voided: bool

    @property
    def place(self) -> Place:
        """Where it is recorded."""
        return self.service, self.position


def odd(records: Iterable[Mapping[str, Any]], known_at: date) -> dict[str, set[Place]]:
    """The facts on which a flag of each kind stands, as known at the end of a day. Claimed jobs: see `claimed_twice`."""
    recorded = [read(record) for record in records]
    reports = list(_reports(recorded, known_at))
    counting = effective(recorded, known_at)
    world = World(Known(counting), date.max, known_at.year)
    found: dict[str, set[Place]] = defaultdict(set)
    for kind, place in (
        *_again(reports, counting), *_without_ground(reports, world), *_courses(world), *_training(world), *_subsidies(world),
        *_closed(world), *_loans(world), *_shells(world), *_at_work(world), *_lent_to_closed(world),
    ):  # fmt: skip
        found[kind].add(place)
    return dict(found)


def _reports(recorded: Sequence[Recorded], known_at: date) -> Iterator[Report]:
    said: dict[tuple[str, str, str], Report] = {}
    for record in sorted((record for record in recorded if record.known <= known_at), key=lambda each: (each.service, each.position)):
        match record.event:
            case "day_closed":
                pass
            case "fact_voided":
                key = record.service, record.data["source"], record.data["id"]
                said[key] = replace(said[key], voided=True)
            case "fact_corrected":
                key = record.service, record.data["source"], record.data["id"]
                type_ = said[key].fact.type
                fact = parse_fact(type_, record.data.get("version", 1), dict(record.data["data"]))
                said[key] = replace(said[key], fact=fact, occurred=date.fromisoformat(record.data["occurred"]))
            case _:
                fact = parse_fact(f"{record.service}.{record.event}", record.version, dict(record.data))
                said[record.service, record.source, record.id] = Report(
                    record.service, record.position, fact, record.occurred, voided=False
                )
    return iter(said.values())


def _again(reports: Sequence[Report], counting: Iterable[Dated[Fact]]) -> Iterator[tuple[str, Place]]:
    counts = {natural_key_of(each.fact, each.occurred): each for each in counting}
    for report in reports:
        if report.voided or report.fact.repeat == "supersedes":
            continue
        standing = counts[natural_key_of(report.fact, report.occurred)]
        if (standing.service, standing.position) != report.place:
            one, other = ({**dict(each.fact), "evidence": (), "day": each.occurred} for each in (standing, report))
            yield "confirmation" if one == other else "contradiction", report.place


def _without_ground(reports: Sequence[Report], world: World) -> Iterator[tuple[str, Place]]:
    codes = one_code(world.known.facts)

    def thing(subject: str) -> str:
        kind, _, identifier = subject.partition(":")
        return f"{kind}:{codes.get(identifier, identifier)}" if kind == "entity" else subject

    opened: dict[str, bool] = {}
    for report in reports:
        if report.fact.opens:
            about = thing(about_of(report.fact))
            opened[about] = opened.get(about, False) or not report.voided
    for report in reports:
        named = {thing(subject) for subject in names_of(report.fact) if subject.partition(":")[0] in _OPENED_KINDS}
        if report.fact.opens:
            named.discard(thing(about_of(report.fact)))
        for subject in () if report.voided else named:
            if not opened.get(subject, False):
                yield "orphaned" if subject in opened else "unknown_reference", report.place


def _courses(world: World) -> Iterator[tuple[str, Place]]:
    enrolled: dict[str, list[Dated[TraineeEnrolled]]] = defaultdict(list)
    for each in world.of(TraineeEnrolled):
        enrolled[each.fact.person].append(each)
    left: list[Dated[TraineeCompleted | TraineeWithdrew]] = [*world.of(TraineeCompleted), *world.of(TraineeWithdrew)]
    for attended in enrolled.values():
        for first, second in combinations(attended, 2):
            own = [each.occurred for each in left if (each.fact.course, each.fact.person) == (first.fact.course, first.fact.person)]
            closed = [each.occurred for each in world.of(CourseClosed) if each.fact.course == first.fact.course]
            until = min([*own, *closed], default=date.max)
            if second.occurred == first.occurred or second.occurred < until:
                yield "overlapping_courses", (second.service, second.position)


def _training(world: World) -> Iterator[tuple[str, Place]]:
    start_up = {each.fact.course for each in world.of(CourseOpened) if each.fact.course_kind == "start_up"}
    for each in world.of(TraineeEnrolled):
        founded = world.foundings_of.get(each.fact.person, [])
        if each.fact.course in start_up and any(founding.day < each.occurred for founding in founded):
            yield "trained_after_founding", (each.service, each.position)


def _subsidies(world: World) -> Iterator[tuple[str, Place]]:
    paid: set[tuple[str, str]] = set()
    for each in world.of(SubsidyPaid):
        if each.fact.one_off:
            to = {(each.fact.subsidy_kind, person) for person in each.fact.persons}
            if to & paid:
                yield "second_one_off_subsidy", (each.service, each.position)
            paid |= to


def _closed(world: World) -> Iterator[tuple[str, Place]]:
    for entity in world.entities.values():
        for dated in entity.facts:
            match dated.fact:
                case SurvivalChecked(operating=True) | EmploymentStarted():
                    sign = True
                case StaffReported(employees=employees):
                    sign = employees > 0
                case _:
                    sign = False
            life = entity.life(dated.occurred)
            if sign and life is not None and life.status != "operating":
                yield "closed_yet_operating", (dated.service, dated.position)


def _loans(world: World) -> Iterator[tuple[str, Place]]:
    for applied in world.of(LoanApplied):
        if applied.fact.entity is None:
            yield "loan_without_entity", (applied.service, applied.position)
    for disbursed in world.of(LoanDisbursed):
        if disbursed.fact.undated:
            yield "undated", (disbursed.service, disbursed.position)
    settled = {each.fact.loan: each.occurred for each in world.of(LoanSettled)}
    for off in world.of(LoanWrittenOff):
        if off.fact.loan in settled:
            yield "written_off_yet_settled", (off.service, off.position)
    for kind in (LoanApproved, LoanDisbursed, InstalmentDue, LoanExtended, LoanRepaid, LoanOverdue, LoanCompensated):
        moves: list[Dated[Any]] = list(world.of(kind))
        for moved in moves:
            if moved.fact.loan in settled and moved.occurred > settled[moved.fact.loan]:
                yield "after_loan_settled", (moved.service, moved.position)


def _shells(world: World) -> Iterator[tuple[str, Place]]:
    shells = [entity for entity in world.entities.values() if not any(_sign(dated.fact) for dated in entity.facts)]
    for last in shells:
        for founder in last.founders:
            others = [
                each
                for each in shells
                if founder in each.founders and each is not last and each.opened.order < last.opened.order
                and not each.closed(last.registered) and last.registered < add_months(each.registered, 12)
            ]  # fmt: skip
            if len(others) >= 2:
                yield "many_shells", (last.opened.service, last.opened.position)


def _sign(fact: Fact) -> bool:
    match fact:
        case SurvivalChecked(operating=True) | EmploymentStarted():
            return True
        case StaffReported(employees=employees):
            return employees > 0
        case _:
            return False


def _at_work(world: World) -> Iterator[tuple[str, Place]]:
    for enrolled in world.of(TraineeEnrolled):
        ends: list[date] = [each.occurred for each in world.of(CourseClosed) if each.fact.course == enrolled.fact.course]
        for kind in (TraineeCompleted, TraineeWithdrew):
            left: list[Dated[Any]] = list(world.of(kind))
            ends += [each.occurred for each in left if (each.fact.course, each.fact.person) == (enrolled.fact.course, enrolled.fact.person)]
        last = max(enrolled.occurred, min(ends) - timedelta(days=1)) if ends else enrolled.occurred
        days = [enrolled.occurred + timedelta(days=more) for more in range((last - enrolled.occurred).days + 1)]
        if any(enrolled.fact.person in entity.employed(day) and entity.operates(day) for entity in world.entities.values() for day in days):
            yield "trained_while_employed", (enrolled.service, enrolled.position)


def _lent_to_closed(world: World) -> Iterator[tuple[str, Place]]:
    codes = one_code(world.known.facts)
    lent_to = {applied.fact.loan: applied.fact.entity for applied in world.of(LoanApplied)}
    for disbursed in world.of(LoanDisbursed):
        code = lent_to.get(disbursed.fact.loan)
        entity = None if code is None else world.entities.get(codes.get(code, code))
        life = None if entity is None else entity.life(disbursed.occurred)
        if life is not None and life.status != "operating" and not disbursed.fact.undated:
            yield "loan_to_closed", (disbursed.service, disbursed.position)


def claimed_twice(records: Iterable[Mapping[str, Any]], known_at: date) -> set[str]:
    """The persons who at the end of some day are employed by two operating entities."""
    world = World(Known(effective([read(record) for record in records], known_at)), date.max, known_at.year)
    days = sorted({day for entity in world.entities.values() for day in entity.days_of_change})
    found: set[str] = set()
    for day in days:
        employed: set[str] = set()
        for entity in world.entities.values():
            here = entity.employed(day) if entity.operates(day) else set()
            found |= employed & here
            employed |= here
    return found
