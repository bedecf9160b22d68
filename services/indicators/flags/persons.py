"""What is odd about persons: two courses at once, two jobs at once, training while employed or after founding, many entities founded of
which nobody sees anything, a one-off subsidy paid twice.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final, NamedTuple, cast

from services.indicators.flags.kinds import Across, FlagKind, Found, Histories, Known, types
from services.indicators.history import FOREVER, Chain, Content, Order
from services.indicators.measures.kinds import months_later
from services.indicators.relations.entities import says_operating
from services.indicators.relations.lives import LIFE_CYCLE, Life, lives, oldest_code
from services.indicators.relations.persons import employments
from services.indicators.subjects import named, staff_lists
from shared.contracts.base import Subject, subject_of
from shared.contracts.finance import SubsidyPaid
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityRegistered,
    StaffReported,
    SurvivalChecked,
)
from shared.contracts.training import CourseClosed, CourseOpened, TraineeCompleted, TraineeEnrolled, TraineeWithdrew

_ENROLMENTS = types(TraineeEnrolled)
_TRAINEE = types(TraineeEnrolled, TraineeCompleted, TraineeWithdrew)
_REGISTRATIONS = types(EntityRegistered)
_FOUNDINGS = types(EntityRegistered, EntityCodeReplaced)
_HIRINGS = types(EmploymentStarted, StaffReported)
_SUBSIDIES = types(SubsidyPaid)
_LIVES = types(*LIFE_CYCLE)
_CLOSED_COURSES = Across("course", types(CourseClosed), _ENROLMENTS)
_JOBS = Across("entity", _LIVES | types(StaffReported), _HIRINGS | types(EmploymentEnded))


# Overlapping courses


def _courses(histories: Histories, person: Subject) -> Iterable[Chain]:
    index = histories.index
    courses = named(index.of(person, _ENROLMENTS), "course")
    if len(courses) < 2:
        return ()
    closings = (closed for course in courses for closed in index.of(course, types(CourseClosed)))
    return (*index.of(person, _TRAINEE), *closings)


def _overlapping(known: Known) -> Iterator[Found]:
    """A course begun before another one was left. It runs until completed, left or closed, whichever comes first."""
    person = known.rows.context.subject
    attended = [enrolled for enrolled in known.view.of(TraineeEnrolled) if enrolled.fact.person == person]
    for first, second in combinations(attended, 2):
        if first.fact.course != second.fact.course and second.day < _left(known, first):
            about = known.subject, subject_of("course", first.fact.course), subject_of("course", second.fact.course)
            yield Found(second.order, (first.order,), about, second.fact.unit, second.fact.park)


def _left(known: Known, enrolled: Content[TraineeEnrolled]) -> int:
    """The first day on which the course no longer keeps the trainee; a course of one day keeps its day."""
    ends: list[Content[TraineeCompleted | TraineeWithdrew]] = known.view.of(TraineeCompleted, TraineeWithdrew)
    own = [ended.day for ended in ends if ended.fact.person == enrolled.fact.person and ended.fact.course == enrolled.fact.course]
    closed = [ended.day for ended in known.view.of(CourseClosed) if ended.fact.course == enrolled.fact.course]
    return max(enrolled.day + 1, min((*own, *closed), default=FOREVER))


# Jobs claimed twice


class _Job(NamedTuple):
    """A job at an operating entity, from `start` to the day before `end`, as one fact claims it."""

    start: int
    end: int
    life: Life
    by: Order
    unit: str | None
    park: str | None


def _jobs(histories: Histories, person: Subject) -> Iterable[Chain]:
    employers = named(histories.index.of(person, _HIRINGS), "entity")
    return _hired_by(histories, person, employers) if len(employers) > 1 else ()


def _hired_by(histories: Histories, person: Subject, codes: Iterable[Subject]) -> Iterable[Chain]:
    """What a person's jobs at these entities follow from."""
    index = histories.index
    employers = {index.canonical(code) for code in codes}
    own = index.of(person, types(EmploymentStarted, EmploymentEnded))
    return (*own, *(chain for employer in employers for chain in (*index.of(employer, _LIVES), *staff_lists(index, employer))))


def _claimed_twice(known: Known) -> Iterator[Found]:
    """A job begun while another entity, which operates, still claims the same person."""
    for first, second in combinations(_all_jobs(known), 2):
        if first.life.code != second.life.code and second.start < first.end:
            about = known.subject, subject_of("entity", first.life.code), subject_of("entity", second.life.code)
            yield Found(second.by, (first.by,), about, second.unit, second.park)


def _all_jobs(known: Known) -> list[_Job]:
    """The jobs of the person at entities that others founded, in the order in which they begin."""
    jobs = (job for life in lives(known.rows).values() if known.rows.context.subject not in life.founders for job in _jobs_at(known, life))
    return sorted(jobs, key=lambda job: (job.start, job.by))


def _jobs_at(known: Known, life: Life) -> Iterator[_Job]:
    for start, end in employments(known.rows, life):
        for stage in life.stages:
            first, last = max(start, stage.start), min(end, stage.end)
            if stage.operating and first < last:
                yield _Job(first, last, life, _claim(known, life, start), stage.unit, stage.park)


def _claim(known: Known, life: Life, start: int) -> Order:
    """The last fact up to the job's first day that says so."""
    person = known.rows.context.subject
    hirings: list[Content[EmploymentStarted | StaffReported]] = known.view.of(EmploymentStarted, StaffReported)
    claims = [
        hired.order
        for hired in hirings
        if hired.day <= start and oldest_code(known.rows, hired.fact.entity) == life.code and person in _hired(hired.fact)
    ]
    return claims[-1]


def _hired(fact: EmploymentStarted | StaffReported) -> tuple[str, ...]:
    return (fact.person,) if isinstance(fact, EmploymentStarted) else fact.persons or ()


# Trained while employed


def _courses_and_jobs(histories: Histories, person: Subject) -> Iterable[Chain]:
    index = histories.index
    enrolled = list(index.of(person, _ENROLMENTS))
    employers = named(index.of(person, _HIRINGS), "entity") if enrolled else ()
    if not employers:
        return ()
    closings = (closed for course in named(enrolled, "course") for closed in index.of(course, types(CourseClosed)))
    return (*index.of(person, _TRAINEE), *closings, *_hired_by(histories, person, employers))


def _while_employed(known: Known) -> Iterator[Found]:
    """A course on a day of which the person has a job. A course that nobody says was left keeps its first day."""
    person = known.rows.context.subject
    jobs = _all_jobs(known)
    for enrolled in known.view.of(TraineeEnrolled):
        fact = enrolled.fact
        left = _left(known, enrolled)
        until = enrolled.day + 1 if left == FOREVER else left
        for job in jobs if fact.person == person else ():
            if job.start < until and enrolled.day < job.end:
                about = known.subject, subject_of("course", fact.course), subject_of("entity", job.life.code)
                yield Found(enrolled.order, (job.by,), about, fact.unit, fact.park)


# Training after founding


def _training_and_foundings(histories: Histories, person: Subject) -> Iterable[Chain]:
    index = histories.index
    enrolled = list(index.of(person, _ENROLMENTS))
    founded = named(index.of(person, _REGISTRATIONS), "entity") if enrolled else ()
    if not founded:
        return ()
    openings = (opened for course in named(enrolled, "course") for opened in index.of(course, types(CourseOpened)))
    return (*enrolled, *openings, *(chain for entity in founded for chain in index.of(entity, _FOUNDINGS)))


def _after_founding(known: Known) -> Iterator[Found]:
    """Start-up training entered on a later day than the person's first founding."""
    person = known.rows.context.subject
    founded = min((life for life in lives(known.rows).values() if person in life.founders), key=lambda life: life.order, default=None)
    if founded is None:
        return
    start_up = {opened.fact.course for opened in known.view.of(CourseOpened) if opened.fact.course_kind == "start_up"}
    for enrolled in known.view.of(TraineeEnrolled):
        fact = enrolled.fact
        if fact.person == person and fact.course in start_up and enrolled.day > founded.registered:
            about = known.subject, subject_of("course", fact.course), subject_of("entity", founded.code)
            yield Found(enrolled.order, (cast(Order, founded.order),), about, fact.unit, fact.park)


# Many entities that nobody sees anything of

SHELLS_FROM: Final = 3
"""So many entities of one founder within twelve months, none of which employs anybody or was found operating, are odd."""
SHELL_MONTHS: Final = 12
_SIGNS = types(SurvivalChecked, StaffReported, EmploymentStarted)


def _foundings_and_signs(histories: Histories, person: Subject) -> Iterable[Chain]:
    index = histories.index
    founded = named(index.of(person, _REGISTRATIONS), "entity")
    if len(founded) < SHELLS_FROM:  # two codes may turn out not to be one entity's
        return ()
    return [chain for entity in {index.canonical(code) for code in founded} for chain in index.of(entity, _LIVES | _SIGNS)]


def _many_shells(known: Known) -> Iterator[Found]:
    """A founding beside which the same person has at least two others of the twelve months up to it, not closed by then."""
    signs: list[Content[SurvivalChecked | StaffReported | EmploymentStarted]] = known.view.of(
        SurvivalChecked, StaffReported, EmploymentStarted
    )
    seen = {
        oldest_code(known.rows, sign.fact.entity)
        for sign in signs
        if isinstance(sign.fact, EmploymentStarted) or says_operating(sign.fact) is True
    }
    shells = sorted(
        (life for life in lives(known.rows).values() if known.rows.context.subject in life.founders and life.code not in seen),
        key=lambda life: life.order,
    )
    for number, last in enumerate(shells):
        stages = [(life, life.stage_at(last.registered)) for life in shells[:number]]
        others = [
            life
            for life, stage in stages
            if stage is not None and stage.state != "closed" and last.registered < months_later(life.registered, SHELL_MONTHS)
        ]
        if len(others) + 1 >= SHELLS_FROM:
            about = known.subject, *(subject_of("entity", life.code) for life in (*others, last))
            orders = tuple(cast(Order, life.order) for life in others)
            yield Found(cast(Order, last.order), orders, about, last.registration.unit, last.registration.park)


# A second payment of a one-off subsidy


def _payments(histories: Histories, person: Subject) -> Iterable[Chain]:
    """Other reports of these payments too: the first of them counts, whoever it names."""
    paid = list(histories.index.of(person, _SUBSIDIES))
    if len(paid) < 2:
        return ()
    keys = {content.key for chain in paid for content in chain.contents()}
    return [chain for key in keys for chain in histories.same(key)]


def _paid_again(known: Known) -> Iterator[Found]:
    person = known.rows.context.subject
    first: dict[str, Order] = {}
    for paid in known.view.of(SubsidyPaid):
        fact = paid.fact
        if fact.one_off and person in fact.persons:
            earlier = first.setdefault(fact.subsidy_kind, paid.order)
            if earlier != paid.order:
                yield Found(paid.order, (earlier,), (known.subject,), fact.unit, fact.park)


PERSON_FLAGS = (
    FlagKind(
        "overlapping_courses", "同时参加两个培训班", "in two courses at once",
        "各项人次、人数照各自口径计算：人数去重，人次按班计", "every figure counts by its own rule: persons once, person-times by course",
        "person", _courses, (_ENROLMENTS,), _TRAINEE, _overlapping, (_CLOSED_COURSES,),
    ),
    FlagKind(
        "job_claimed_twice", "同一人的就业岗位被两家同时申报", "two entities claim the same person's job at once",
        "带动就业每人在所查单位只计一次", "jobs brought count a person once in whichever unit is asked about",
        "person", _jobs, (_HIRINGS,), _HIRINGS | types(EmploymentEnded), _claimed_twice, (_JOBS,),
    ),
    FlagKind(
        "trained_while_employed", "培训期间在别处就业", "in a course on a day on which an entity employs the person",
        "培训与就业各照各自口径计算", "training and jobs each count by their own rule",
        "person", _courses_and_jobs, (_ENROLMENTS, _HIRINGS), _TRAINEE | _HIRINGS | types(EmploymentEnded), _while_employed,
        (_CLOSED_COURSES, _JOBS),
    ),
    FlagKind(
        "trained_after_founding", "创业之后才参加创业培训", "start-up training entered after founding",
        "培训人数照计；培训后创业成功率不计当时已在经营者", "trained all the same; success after training leaves out who operated already",
        "person", _training_and_foundings, (_ENROLMENTS, _REGISTRATIONS), _ENROLMENTS | _REGISTRATIONS, _after_founding,
        (Across("entity", _FOUNDINGS, _REGISTRATIONS), Across("course", types(CourseOpened), _ENROLMENTS)),
    ),
    FlagKind(
        "many_shells", f"同一人{SHELL_MONTHS}个月内创办{SHELLS_FROM}家以上，均无用工、无经营迹象",
        f"one founder of {SHELLS_FROM} or more within {SHELL_MONTHS} months, none of which employs anybody or was found operating",
        "新增实体数照计；新增创业人数每人只计一次", "new entities count all the same; new entrepreneurs count a person once",
        "person", _foundings_and_signs, (_REGISTRATIONS,), _REGISTRATIONS, _many_shells,
        (Across("entity", _LIVES | _SIGNS, _REGISTRATIONS),),
    ),
    FlagKind(
        "second_one_off_subsidy", "一次性补贴重复拨付", "a one-off subsidy paid again",
        "金额照实列入补贴支出", "the amount stays in what was paid",
        "person", _payments, (_SUBSIDIES,), _SUBSIDIES, _paid_again,
    ),
)  # fmt: skip
