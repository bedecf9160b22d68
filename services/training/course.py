"""Courses (培训班): who enrolled, who completed, who left.

A course is open or closed; its trainees are remembered by the days on which something became of them, because a completion needs
an enrolment. Which of a person's courses overlap is seen across courses, by the indicators.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, assert_never

from shared.contracts.base import about_of
from shared.contracts.outcomes import Decision, Reason, Refuse, Wait, accept
from shared.contracts.training import CourseClosed, CourseOpened, TraineeCompleted, TraineeEnrolled, TraineeWithdrew

CourseFact = CourseOpened | CourseClosed | TraineeEnrolled | TraineeCompleted | TraineeWithdrew

NOT_OPENED = Reason("course_not_opened", "该培训班尚未开班", "the course has not been opened")
CLOSED_BEFORE_OPENED = Reason("course_closed_before_opened", "结班日期早于开班日期", "the course would close before it opened")
NOT_ENROLLED = Reason("trainee_not_enrolled", "该学员的报名尚未记录", "the person's enrolment in this course is not recorded yet")
ENROLLED_AFTER_CLOSE = Reason("enrolled_after_close", "报名日期晚于结班日期", "enrolled after the course had closed")
COMPLETED_BEFORE_OPENING = Reason("completed_before_opening", "结业日期早于开班日期", "completed before the course opened")
COMPLETED_BEFORE_ENROLLED = Reason("completed_before_enrolled", "结业日期早于报名日期", "completed before enrolling")
COMPLETED_YET_WITHDREW = Reason(
    "completed_yet_withdrew", "同一学员既有结业又有退学记录", "the person both completed the course and withdrew from it"
)
WITHDREW_BEFORE_ENROLLED = Reason("withdrew_before_enrolled", "退学日期早于报名日期", "withdrew before enrolling")


@dataclass(frozen=True, slots=True)
class Trainee:
    """What became of one person in the course, by day; None where nothing is recorded."""

    enrolled: date | None = None
    completed: date | None = None
    withdrew: date | None = None


Trainees = dict[str, Trainee]


@dataclass(frozen=True, slots=True)
class NoCourse:
    """Nothing is recorded, or only what was dated before the opening."""

    trainees: Trainees = field(default_factory=dict)
    state: Literal["no_course"] = "no_course"


@dataclass(frozen=True, slots=True)
class OpenCourse:
    """The course runs."""

    opened: date
    trainees: Trainees = field(default_factory=dict)
    state: Literal["open_course"] = "open_course"


@dataclass(frozen=True, slots=True)
class ClosedCourse:
    """The course has ended. `opened` is None while its opening is voided."""

    opened: date | None
    closed: date
    trainees: Trainees = field(default_factory=dict)
    state: Literal["closed_course"] = "closed_course"


CourseState = NoCourse | OpenCourse | ClosedCourse


def initial() -> CourseState:
    """A course nothing is recorded about."""
    return NoCourse()


def decide(state: CourseState, fact: CourseFact, day: date) -> Decision:
    """Rule on a fact that occurred on `day`."""
    match fact:
        case CourseOpened():
            return accept()
        case CourseClosed():
            return _decide_close(state, fact, day)
        case TraineeEnrolled():
            # Courses are entered late and lists are completed after the fact: odd, but it happened.
            return accept(isinstance(state, ClosedCourse) and day > state.closed and ENROLLED_AFTER_CLOSE)
        case TraineeCompleted():
            trainee = state.trainees.get(fact.person, Trainee())
            if trainee.enrolled is None:
                return Wait(frozenset({about_of(fact)}), NOT_ENROLLED)
            return accept(
                not isinstance(state, NoCourse) and state.opened is not None and day < state.opened and COMPLETED_BEFORE_OPENING,
                day < trainee.enrolled and COMPLETED_BEFORE_ENROLLED,
                trainee.withdrew is not None and COMPLETED_YET_WITHDREW,
            )
        case TraineeWithdrew():
            trainee = state.trainees.get(fact.person, Trainee())
            if trainee.enrolled is None:
                return Wait(frozenset({about_of(fact)}), NOT_ENROLLED)
            return accept(day < trainee.enrolled and WITHDREW_BEFORE_ENROLLED, trainee.completed is not None and COMPLETED_YET_WITHDREW)
        case _:
            assert_never(fact)


def _decide_close(state: CourseState, fact: CourseClosed, day: date) -> Decision:
    match state:
        case NoCourse():
            return Wait(frozenset({about_of(fact)}), NOT_OPENED)
        case OpenCourse():
            return Refuse(CLOSED_BEFORE_OPENED) if day < state.opened else accept()
        case ClosedCourse():
            return Refuse(CLOSED_BEFORE_OPENED) if state.opened is not None and day < state.opened else accept()
        case _:
            assert_never(state)


def evolve(state: CourseState, fact: CourseFact, day: date) -> CourseState:
    """Take a recorded fact into the state, in whatever order the days come."""
    match fact:
        case CourseOpened():
            match state:
                case NoCourse() | OpenCourse():
                    return OpenCourse(day, state.trainees)
                case ClosedCourse():
                    return replace(state, opened=day)
                case _:
                    assert_never(state)
        case CourseClosed():
            match state:
                case NoCourse():
                    return ClosedCourse(None, day, state.trainees)
                case OpenCourse() | ClosedCourse():
                    return ClosedCourse(state.opened, day, state.trainees)
                case _:
                    assert_never(state)
        case TraineeEnrolled():
            return _with_trainee(state, fact.person, enrolled=day)
        case TraineeCompleted():
            return _with_trainee(state, fact.person, completed=day)
        case TraineeWithdrew():
            return _with_trainee(state, fact.person, withdrew=day)
        case _:
            assert_never(fact)


def _with_trainee(state: CourseState, person: str, **days: date) -> CourseState:
    trainee = replace(state.trainees.get(person, Trainee()), **days)
    return replace(state, trainees={**state.trainees, person: trainee})
