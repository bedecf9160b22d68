"""Internships: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

from services.training.internship import COMPLETED_BEFORE_STARTED, NOT_STARTED
from services.training.rules import RULES
from shared.contracts.training import InternshipCompleted, InternshipStarted
from tests.support.given import Given, recorded, refused, waits_for

APRIL, MAY, JUNE = date(2010, 4, 1), date(2010, 5, 1), date(2010, 6, 1)
STARTED = InternshipStarted(unit="330127101003", internship="I-31", person="P0123456789ABCDEF", venue="B-03")
COMPLETED = InternshipCompleted(internship="I-31", retained=True)


def test_an_internship_starts() -> None:
    assert Given(RULES).when(STARTED, MAY) == recorded()


def test_an_internship_is_completed() -> None:
    assert Given(RULES, [(STARTED, MAY)]).when(COMPLETED, JUNE) == recorded()


def test_a_completion_waits_for_the_start() -> None:
    assert Given(RULES).when(COMPLETED, JUNE) == waits_for("internship:I-31", NOT_STARTED)


def test_an_internship_cannot_be_completed_before_it_started() -> None:
    assert Given(RULES, [(STARTED, MAY)]).when(COMPLETED, APRIL) == refused(COMPLETED_BEFORE_STARTED)
    assert Given(RULES, [(STARTED, MAY), (COMPLETED, JUNE)]).when(COMPLETED, APRIL) == refused(COMPLETED_BEFORE_STARTED)


def test_a_start_reported_anew_after_its_void_finds_the_completion() -> None:
    assert Given(RULES, [(COMPLETED, MAY)]).when(STARTED, APRIL) == recorded()
    assert Given(RULES, [(COMPLETED, MAY), (STARTED, JUNE)]).when(COMPLETED, MAY) == refused(COMPLETED_BEFORE_STARTED)
