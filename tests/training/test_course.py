"""Courses: given what is recorded of a course, what becomes of the next report about it."""

from datetime import date, timedelta

from services.training.course import (
    CLOSED_BEFORE_OPENED,
    COMPLETED_BEFORE_ENROLLED,
    COMPLETED_BEFORE_OPENING,
    COMPLETED_YET_WITHDREW,
    ENROLLED_AFTER_CLOSE,
    NOT_ENROLLED,
    NOT_OPENED,
    WITHDREW_BEFORE_ENROLLED,
)
from services.training.rules import RULES
from shared.contracts.training import CourseClosed, CourseOpened, TraineeCompleted, TraineeEnrolled, TraineeWithdrew
from tests.support.given import Given, recorded, refused, waits_for

COURSE, WEI, LAN = "C2010-07", "P0123456789ABCDEF", "P0123456789ABCDEG"
UNIT = "330127101003"
MARCH = date(2010, 3, 1)
OPENED = CourseOpened(course=COURSE, name="第七期创业培训班", course_kind="start_up", institution="县就业训练中心")
CLOSED = CourseClosed(course=COURSE)
ENROLLED = TraineeEnrolled(unit=UNIT, course=COURSE, person=WEI)
COMPLETED = TraineeCompleted(unit=UNIT, course=COURSE, person=WEI, passed=True)
WITHDREW = TraineeWithdrew(course=COURSE, person=WEI)


def day(n: int) -> date:
    return MARCH + timedelta(days=n)


def test_a_course_opens() -> None:
    assert Given(RULES).when(OPENED, MARCH) == recorded()


def test_a_course_closes_on_the_day_it_opened_or_later() -> None:
    given = Given(RULES, [(OPENED, MARCH)])
    assert given.when(CLOSED, MARCH) == recorded()
    assert given.when(CLOSED, day(20)) == recorded()


def test_a_course_cannot_close_before_it_opened() -> None:
    assert Given(RULES, [(OPENED, MARCH)]).when(CLOSED, day(-1)) == refused(CLOSED_BEFORE_OPENED)
    assert Given(RULES, [(OPENED, MARCH), (CLOSED, day(5))]).when(CLOSED, day(-1)) == refused(CLOSED_BEFORE_OPENED)


def test_a_close_waits_while_the_opening_is_voided() -> None:
    assert Given(RULES, [(ENROLLED, MARCH)]).when(CLOSED, day(9)) == waits_for("course:C2010-07", NOT_OPENED)


def test_an_enrolment_before_the_course_opens_is_usual() -> None:
    assert Given(RULES, [(OPENED, MARCH)]).when(ENROLLED, day(-10)) == recorded()


def test_an_enrolment_after_the_course_closed_is_flagged() -> None:
    given = Given(RULES, [(OPENED, MARCH), (CLOSED, day(10))])
    assert given.when(ENROLLED, day(10)) == recorded()
    assert given.when(ENROLLED, day(11)) == recorded(ENROLLED_AFTER_CLOSE)


def test_a_completion_waits_for_the_enrolment() -> None:
    assert Given(RULES, [(OPENED, MARCH)]).when(COMPLETED, day(10)) == waits_for("course:C2010-07", NOT_ENROLLED)


def test_another_persons_enrolment_is_not_enough() -> None:
    lan = ENROLLED.model_copy(update={"person": LAN})
    assert Given(RULES, [(OPENED, MARCH), (lan, MARCH)]).when(COMPLETED, day(10)) == waits_for("course:C2010-07", NOT_ENROLLED)


def test_a_completion_after_enrolment_is_recorded_even_after_the_close() -> None:
    assert Given(RULES, [(OPENED, MARCH), (ENROLLED, MARCH), (CLOSED, day(8))]).when(COMPLETED, day(10)) == recorded()


def test_an_enrolment_dated_before_the_opening_counts_as_enrolment() -> None:
    assert Given(RULES, [(OPENED, MARCH), (ENROLLED, day(-5))]).when(COMPLETED, day(10)) == recorded()


def test_a_completion_before_the_enrolment_is_flagged() -> None:
    assert Given(RULES, [(OPENED, MARCH), (ENROLLED, day(5))]).when(COMPLETED, day(4)) == recorded(COMPLETED_BEFORE_ENROLLED)


def test_a_completion_before_the_opening_is_flagged() -> None:
    given = Given(RULES, [(OPENED, MARCH), (ENROLLED, day(-5))])
    assert given.when(COMPLETED, day(-1)) == recorded(COMPLETED_BEFORE_OPENING)


def test_completing_and_withdrawing_contradict_each_other() -> None:
    enrolled = [(OPENED, MARCH), (ENROLLED, MARCH)]
    assert Given(RULES, [*enrolled, (WITHDREW, day(3))]).when(COMPLETED, day(9)) == recorded(COMPLETED_YET_WITHDREW)
    assert Given(RULES, [*enrolled, (COMPLETED, day(9))]).when(WITHDREW, day(3)) == recorded(COMPLETED_YET_WITHDREW)


def test_a_withdrawal_waits_for_the_enrolment() -> None:
    assert Given(RULES, [(OPENED, MARCH)]).when(WITHDREW, day(3)) == waits_for("course:C2010-07", NOT_ENROLLED)


def test_a_withdrawal_is_recorded() -> None:
    assert Given(RULES, [(OPENED, MARCH), (ENROLLED, MARCH)]).when(WITHDREW, day(3)) == recorded()


def test_a_withdrawal_before_the_enrolment_is_flagged() -> None:
    assert Given(RULES, [(OPENED, MARCH), (ENROLLED, day(5))]).when(WITHDREW, day(3)) == recorded(WITHDREW_BEFORE_ENROLLED)


def test_the_same_state_results_when_the_opening_is_dated_last() -> None:
    """Facts are folded by day, so a mistaken opening day must lose nobody."""
    assert Given(RULES, [(ENROLLED, MARCH), (CLOSED, day(1)), (OPENED, day(2))]).when(COMPLETED, day(3)) == recorded()
