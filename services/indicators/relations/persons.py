"""A person's rows: help, foundings, operating, jobs.

**H (helped)** is a pass in start-up training, guidance, a matched project, a tenancy of an entity the person founded, or the first
disbursement of a personal start-up loan, in any year. **Founding** is an entity registered with the person among its founders.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from services.indicators.history import FOREVER, Content
from services.indicators.measures.kinds import next_year
from services.indicators.measures.rows import Derived, HelpAtFounding, Relation, Row, Rows
from services.indicators.relations.lives import LIFE_CYCLE, Life, lives, oldest_code
from services.indicators.relations.loans import first_disbursement
from shared.contracts.base import Fact
from shared.contracts.finance import LoanApplied, LoanDisbursed
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityRegistered,
    ProjectCollected,
    ProjectMatched,
    StaffReported,
    TenantAdmitted,
    VenueOpened,
)
from shared.contracts.training import CourseOpened, GuidanceGiven, TraineeCompleted, TraineeEnrolled


def _row(rows: Rows, fact: Content[Any], unit: str | None, park: str | None, **attributes: Any) -> Row:
    return Row(fact.day, unit, park, {"urban": rows.context.tree.urban(unit, park), **attributes}, order=fact.order)


def _start_up_course(rows: Rows, course: str) -> bool:
    return any(opened.fact.course == course and opened.fact.course_kind == "start_up" for opened in rows.context.view.of(CourseOpened))


def _enrolments(rows: Rows) -> Iterator[Row]:
    for enrolled in rows.context.view.of(TraineeEnrolled):
        fact = enrolled.fact
        if fact.person == rows.context.subject and _start_up_course(rows, fact.course):
            yield _row(rows, enrolled, fact.unit, fact.park)


def _passes_of(rows: Rows, person: str) -> list[Row]:
    found = []
    for completed in rows.context.view.of(TraineeCompleted):
        fact = completed.fact
        if fact.person == person and fact.passed and _start_up_course(rows, fact.course):
            found.append(_row(rows, completed, fact.unit, fact.park))
    return found


def _guidance_of(rows: Rows, person: str) -> list[Row]:
    return [
        _row(rows, given, given.fact.unit, given.fact.park) for given in rows.context.view.of(GuidanceGiven) if given.fact.person == person
    ]


def _tenancies_of(rows: Rows, person: str) -> Iterator[Row]:
    """A tenancy helps the founders its entity has on the day; it took place where the venue stands."""
    known = lives(rows)
    for admitted in rows.context.view.of(TenantAdmitted):
        fact = admitted.fact
        life = known.get(oldest_code(rows, fact.entity))
        if life is None or person not in life.founders or life.registered > admitted.day:
            continue
        for opened in rows.context.view.of(VenueOpened):
            if opened.fact.venue == fact.venue:
                yield _row(rows, admitted, opened.fact.unit, opened.fact.park)


def _loans_of(rows: Rows, person: str) -> list[Row]:
    found = []
    for applied in rows.context.view.of(LoanApplied):
        fact = applied.fact
        if fact.loan_kind == "personal" and person in fact.borrowers:
            disbursed = first_disbursement(rows.context.view, fact.loan)
            if disbursed is not None:
                found.append(_row(rows, disbursed, fact.unit, fact.park))
    return found


def _matches_of(rows: Rows, person: str) -> Iterator[Row]:
    collected = {project.fact.project for project in rows.context.view.of(ProjectCollected)}
    for matched in rows.context.view.of(ProjectMatched):
        fact = matched.fact
        if fact.person == person and fact.project in collected:
            yield _row(rows, matched, fact.unit, fact.park)


def _help_of(rows: Rows, person: str) -> list[Row]:
    found = [
        *rows.shared(_passes_of, person),
        *rows.shared(_guidance_of, person),
        *_matches_of(rows, person),
        *_tenancies_of(rows, person),
        *rows.shared(_loans_of, person),
    ]
    found.sort(key=lambda row: row.order)
    return found


def _foundings_of(rows: Rows, person: str) -> list[Row]:
    founded = sorted((life for life in lives(rows).values() if person in life.founders), key=lambda life: life.order)
    helped_since = min((row.day for row in rows.shared(_help_of, person)), default=FOREVER) if founded else FOREVER
    return [
        Row(
            life.registered, life.registration.unit, life.registration.park,
            {
                "entity": life.code, "entity_kind": life.registration.entity_kind, "first": life is founded[0],
                "helped": helped_since <= life.registered,
            },
            order=life.order,
        )
        for life in founded
    ]  # fmt: skip


def _foundings_after_pass(rows: Rows) -> Iterator[Row]:
    """Each founding in the calendar year of a pass, on a later day; it counts where the pass does."""
    person = rows.context.subject
    for passed in rows.shared(_passes_of, person):
        for founded in rows.shared(_foundings_of, person):
            if passed.day < founded.day < next_year(passed.day):
                yield Row(founded.day, passed.unit, passed.park, {}, order=founded.order)


def _operating(rows: Rows) -> Iterator[Row]:
    for life in lives(rows).values():
        if rows.context.subject in life.founders:
            for stage in life.stages:
                if stage.operating:
                    urban = rows.context.tree.urban(stage.unit, stage.park)
                    yield Row(stage.start, stage.unit, stage.park, {"entity": life.code, "urban": urban}, stage.end, life.order)


def employments(rows: Rows, life: Life) -> list[tuple[int, int]]:
    """The days the person is employed in an entity: from their first day on, explicit facts win over staff reports that list persons."""
    person = rows.context.subject
    facts: list[Content[EmploymentStarted | EmploymentEnded]] = rows.context.view.of(EmploymentStarted, EmploymentEnded)
    explicit = [
        (fact.day, type(fact.fact) is EmploymentStarted)
        for fact in facts
        if fact.fact.person == person and oldest_code(rows, fact.fact.entity) == life.code
    ]
    since_day = explicit[0][0] if explicit else FOREVER
    listed = [
        (report.day, person in report.fact.persons)
        for report in rows.context.view.of(StaffReported)
        if report.fact.persons is not None and report.day < since_day and oldest_code(rows, report.fact.entity) == life.code
    ]
    spans: list[tuple[int, int]] = []
    since: int | None = None
    for day, employed in (*listed, *explicit):
        if employed and since is None:
            since = day
        elif not employed and since is not None:
            spans.append((since, day))
            since = None
    if since is not None:
        spans.append((since, FOREVER))
    return [(max(start, life.registered), end) for start, end in spans]


def help_at_founding(rows: Rows, life: Life) -> HelpAtFounding:
    """Whether some founder had H on or before the registration, and for one of them it was the first founding ever."""
    founded = [
        row.attributes
        for founder in life.founders
        for row in rows.shared(_foundings_of, founder)
        if row.attributes["entity"] == life.code and row.attributes["helped"]
    ]
    if any(attributes["first"] for attributes in founded):
        return "successful_start"
    return "helped" if founded else "none"


def _jobs(rows: Rows) -> Iterator[Row]:
    """Open employments while the entity operates, until the new year after its registration."""
    for life in lives(rows).values():
        if rows.context.subject in life.founders:
            continue
        year_end = next_year(life.registered)
        for start, end in employments(rows, life):
            for stage in life.stages:
                day, until = max(start, stage.start), min(end, stage.end, year_end)
                if stage.operating and day < until:
                    helped = rows.context.help_at_founding(life.code) == "successful_start"
                    attributes = {"entity": life.code, "helped": helped}
                    yield Row(day, stage.unit, stage.park, attributes, until, life.order)


def _jobs_gross(rows: Rows) -> Iterator[Row]:
    """Employed on any day since the registration, counted until the new year after it, wherever the entity stood meanwhile."""
    for life in lives(rows).values():
        if rows.context.subject in life.founders:
            continue
        year_end = next_year(life.registered)
        for start, end in employments(rows, life):
            for stage in life.stages:
                day = max(start, stage.start)
                if not stage.out and day < min(end, stage.end, year_end):
                    yield Row(day, stage.unit, stage.park, {"entity": life.code}, year_end, life.order)


def _own(function: Any) -> Any:
    def rows_of_subject(rows: Rows) -> Iterable[Row]:
        found: Iterable[Row] = rows.shared(function, rows.context.subject)
        return found

    return rows_of_subject


_PASSES = (TraineeCompleted, CourseOpened)
_LOANS = (LoanApplied, LoanDisbursed)
_HELP = (
    *_PASSES, GuidanceGiven, ProjectMatched, ProjectCollected, TenantAdmitted, VenueOpened, EntityRegistered, EntityCodeReplaced, *_LOANS,
)  # fmt: skip
FOUNDING_FACTS: tuple[type[Fact], ...] = _HELP
"""What a person's foundings, and whether help came before them, follow from."""
EMPLOYMENT_FACTS: tuple[type[Fact], ...] = (EmploymentStarted, EmploymentEnded, StaffReported)
"""What employments and head-counts follow from."""


class FoundedWithHelp(Derived):
    """`Context.help_at_founding`."""

    follows_from = FOUNDING_FACTS


_URBAN = {"urban": "true, false, or null when only a township or the county is known"}
_FOUNDING = {
    "entity": "code", "entity_kind": "enterprise or individual_business", "first": "the person's first founding ever",
    "helped": "H on or before that day",
}  # fmt: skip

PERSON_RELATIONS = (
    Relation(
        "enrolment", "person", "event", _URBAN, _enrolments, 1, "Enrolled in start-up training (创业培训报名).",
        (TraineeEnrolled, CourseOpened), (TraineeEnrolled,),
    ),
    Relation(
        "pass", "person", "event", _URBAN, _own(_passes_of), 1, "Passed start-up training (创业培训合格).", _PASSES, (TraineeCompleted,),
    ),
    Relation(
        "guidance", "person", "event", _URBAN, _own(_guidance_of), 1, "Given start-up guidance (创业指导).", (GuidanceGiven,),
        (GuidanceGiven,),
    ),
    Relation(
        "help", "person", "event", _URBAN, _own(_help_of), 1, "H: every help received (得到帮助).", _HELP,
        (TraineeCompleted, GuidanceGiven, ProjectMatched, LoanApplied, EntityRegistered),
    ),
    Relation(
        "founding", "person", "event", _FOUNDING, _own(_foundings_of), 1, "Founded an entity (创业).", FOUNDING_FACTS,
        (EntityRegistered,),
    ),
    Relation(
        "founding_after_pass", "person", "event", {}, _foundings_after_pass, 2,
        "Founded in the year of a pass, on a later day (培训后当年创业).", FOUNDING_FACTS, (EntityRegistered,),
    ),
    Relation(
        "loan_received", "person", "event", _URBAN, _own(_loans_of), 1, "First disbursement of a personal start-up loan (获得创业贷款).",
        _LOANS, (LoanApplied,),
    ),
    Relation(
        "operating", "person", "span", {"entity": "code", **_URBAN}, _operating, 1, "Founder of an entity that operates (自主创业中).",
        LIFE_CYCLE, (EntityRegistered,),
    ),
    Relation(
        "job", "person", "span", {"entity": "code", "helped": "by a successful start"}, _jobs, 1,
        "Open employment in an entity registered in the same calendar year, while it operates; founders excluded (带动就业).",
        (*LIFE_CYCLE, *EMPLOYMENT_FACTS, FoundedWithHelp), (EmploymentStarted, StaffReported)),
    Relation(
        "job_gross", "person", "span", {"entity": "code"}, _jobs_gross, 1, "Employed there on any day of the year so far (累计带动就业).",
        (*LIFE_CYCLE, *EMPLOYMENT_FACTS), (EmploymentStarted, StaffReported),
    ),
)  # fmt: skip
