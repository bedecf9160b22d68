"""Small histories in which nearly everything is odd: very few things, clashing days, and all that can be said, twice and amended."""

from datetime import date, timedelta
from random import Random

from hypothesis import strategies as st

from shared.contracts.finance import InstalmentDue, LoanApplied, LoanDisbursed, LoanRepaid, LoanSettled, LoanWrittenOff, SubsidyPaid
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    Founder,
    StaffReported,
    SurvivalChecked,
)
from shared.contracts.training import CourseClosed, CourseOpened, TraineeCompleted, TraineeEnrolled, TraineeWithdrew
from tests.indicators.histories import AFTERWARDS, LAGS, Amending, Draws, History, Reported, recorded
from tests.support.records import VILLAGE, VILLAGE_B, entity, person

DAYS = tuple(date(2024, 3, 1) + timedelta(days=days) for days in (0, 1, 5, 20, 40, 41, 90))


def _person(by: Random) -> str:
    return person(by.choice((1, 1, 2, 3)))


def _entity(by: Random) -> str:
    return entity(by.choice((1, 1, 2, 2, 3)))


def _course(by: Random) -> str:
    return by.choice(("A", "A", "B", "C"))


def _loan(by: Random) -> str:
    return by.choice(("L1", "L1", "L2"))


def _registered(by: Random) -> EntityRegistered:
    founders = tuple({_person(by) for _ in range(by.choice((0, 1, 1, 2)))})
    return EntityRegistered(
        entity=_entity(by), unit=by.choice((VILLAGE, VILLAGE_B)), name="甲", entity_kind="enterprise", industry="C20",
        founders=tuple(Founder(person=each) for each in founders),
    )  # fmt: skip


def _founded(by: Random) -> EntityRegistered:
    """One of several entities, nearly always by the same person."""
    return _registered(by).model_copy(
        update={"entity": entity(by.choice((1, 2, 3, 4))), "founders": (Founder(person=person(by.choice((1, 1, 1, 2)))),)}
    )


def _staffed(by: Random) -> StaffReported:
    listed = tuple({_person(by) for _ in range(by.choice((0, 1, 2)))}) if by.random() < 0.7 else None
    return StaffReported(entity=_entity(by), employees=by.choice((0, 1, 2)), persons=listed)


def _applied(by: Random) -> LoanApplied:
    named = by.choice((None, _entity(by)))
    return LoanApplied(loan=_loan(by), loan_kind="personal", borrowers=(_person(by),), entity=named, amount_fen=100, unit=VILLAGE)


def _subsidised(by: Random) -> SubsidyPaid:
    return SubsidyPaid(
        payment=by.choice(("P1", "P2", "P3")), subsidy_kind=by.choice(("training", "training", "start_up")), unit=VILLAGE,
        persons=tuple({_person(by), _person(by)}), one_off=by.random() < 0.8, amount_fen=100,
    )  # fmt: skip


_REGISTERED: tuple[Draws, ...] = (_registered, _registered, _registered)
_OPENED: Draws = lambda by: CourseOpened(  # noqa: E731
    course=_course(by), name="班", course_kind=by.choice(("start_up", "start_up", "skill")), institution="中心"
)  # fmt: skip
_ENROLLED: Draws = lambda by: TraineeEnrolled(course=_course(by), person=_person(by), unit=VILLAGE)  # noqa: E731
SCENES: tuple[tuple[tuple[Draws, ...], tuple[Draws, ...]], ...] = (
    (
        (_OPENED, _OPENED, _OPENED),
        (
            _ENROLLED, _ENROLLED, _ENROLLED, _registered, lambda by: CourseClosed(course=_course(by)),
            lambda by: TraineeCompleted(course=_course(by), person=_person(by), passed=True, unit=VILLAGE),
            lambda by: TraineeWithdrew(course=_course(by), person=_person(by)),
        ),
    ),
    (
        _REGISTERED,
        (
            _staffed, _staffed, lambda by: EmploymentStarted(entity=_entity(by), person=_person(by)),
            lambda by: EmploymentStarted(entity=_entity(by), person=_person(by)),
            lambda by: EmploymentEnded(entity=_entity(by), person=_person(by)), lambda by: EntityDeregistered(entity=_entity(by)),
            lambda by: EntitySuspended(entity=_entity(by)), lambda by: EntityRestored(entity=_entity(by)),
            lambda by: SurvivalChecked(entity=_entity(by), operating=by.random() < 0.7), _registered,
            lambda by: EntityCodeReplaced(entity=_entity(by), new_code=by.choice((entity(2), entity(4)))),
        ),
    ),
    (
        (_applied, _applied, _registered),
        (
            lambda by: LoanDisbursed(loan=_loan(by), tranche=by.choice((1, 2)), amount_fen=100, undated=by.random() < 0.4),
            lambda by: LoanSettled(loan=_loan(by)), lambda by: LoanWrittenOff(loan=_loan(by), amount_fen=100),
            lambda by: LoanRepaid(loan=_loan(by), receipt=by.choice(("R1", "R2")), principal_fen=100),
            lambda by: InstalmentDue(loan=_loan(by), number=1, due=by.choice(DAYS), principal_fen=100), _applied, _registered,
        ),
    ),
    ((_subsidised,), (_subsidised, _subsidised)),
    (
        (_founded, _founded, _founded, _founded),
        (
            _founded, _founded, lambda by: EntityDeregistered(entity=_entity(by)), lambda by: EntityRestored(entity=_entity(by)),
            lambda by: SurvivalChecked(entity=_entity(by), operating=by.random() < 0.5), _staffed,
            lambda by: EntityCodeReplaced(entity=_entity(by), new_code=by.choice((entity(2), entity(4)))),
        ),
    ),
    (
        (_founded, _founded, _OPENED, _ENROLLED),
        (
            _ENROLLED, _ENROLLED, _staffed, lambda by: EmploymentStarted(entity=_entity(by), person=_person(by)),
            lambda by: EmploymentStarted(entity=_entity(by), person=_person(by)),
            lambda by: EmploymentEnded(entity=_entity(by), person=_person(by)), lambda by: EntitySuspended(entity=_entity(by)),
            lambda by: CourseClosed(course=_course(by)), lambda by: TraineeWithdrew(course=_course(by), person=_person(by)),
            lambda by: TraineeCompleted(course=_course(by), person=_person(by), passed=True, unit=VILLAGE),
        ),
    ),
    (
        (_founded, _applied, _applied),
        (
            lambda by: LoanDisbursed(loan=_loan(by), tranche=by.choice((1, 2)), amount_fen=100, undated=by.random() < 0.2),
            lambda by: LoanDisbursed(loan=_loan(by), tranche=by.choice((1, 2)), amount_fen=100), _founded, _applied,
            lambda by: EntityDeregistered(entity=_entity(by)), lambda by: EntitySuspended(entity=_entity(by)),
            lambda by: EntityRestored(entity=_entity(by)),
            lambda by: EntityCodeReplaced(entity=_entity(by), new_code=by.choice((entity(2), entity(4)))),
        ),
    ),
)  # fmt: skip
"""What opens the things, and what is said about them."""


MOST = 15
"""So many reports at most."""


@st.composite
def oddities(draw: st.DrawFn) -> History:
    """What the services recorded of some 15 reports of one scene, voids and corrections apart."""
    seed = draw(st.integers(0, 2**32 - 1))
    by = Random(seed)
    openers, facts = by.choice(SCENES)
    drawn = [*openers, *(by.choice(facts) for _ in range(by.randint(4, 12)))]
    reports = [_reported(Random(f"{seed}/{number}"), each) for number, each in enumerate(drawn)]
    kept = draw(st.binary(min_size=MOST, max_size=MOST))
    return History(seed, recorded([report for report, keep in zip(reports, kept, strict=False) if keep]), DAYS)


def _reported(by: Random, facts: Draws) -> Reported:
    fact = facts(by)
    amendments = [
        Amending(by.choice(AFTERWARDS), facts(by) if by.random() < 0.7 else None, by.choice(DAYS))
        for _ in range(by.choice((0, 0, 0, 1, 1, 2)))
    ]  # fmt: skip
    return Reported(fact, by.choice(DAYS), by.choice((0, 0, *LAGS)), tuple(amendments))
