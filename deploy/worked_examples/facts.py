"""The facts of the worked examples, each as short as what matters of it."""

from datetime import date
from typing import Any, TypeVar

from deploy.worked_examples.example import COUNTY, VILLAGE, Answer, Given
from shared.contracts.base import Fact
from shared.contracts.finance import InstalmentDue, LoanApplied, LoanDisbursed
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityDeregistered,
    EntityMoved,
    EntityRegistered,
    Founder,
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    StaffReported,
    StatisticPublished,
    SurvivalChecked,
    UnitDesignated,
    UnitEnteredCampaign,
    VenueOpened,
)
from shared.contracts.registry.entities import EntityKind
from shared.contracts.registry.venues import VenueKind
from shared.contracts.training import (
    CourseKind,
    CourseOpened,
    GuidanceGiven,
    Population,
    Score,
    SurveyAnswered,
    SurveyClosed,
    SurveyOpened,
    TraineeCompleted,
    TraineeEnrolled,
)

F = TypeVar("F", bound=Fact)
FEN = 100


def day(text: str) -> date:
    """YYYY-MM-DD."""
    return date.fromisoformat(text)


def on(when: str, fact: Fact) -> Given:
    """A fact on its day."""
    return Given(day(when), fact)


def then(
    variant: str, is_: str, because: str = "", *, as_of: str | None = None, part: str | None = None, unit: str = COUNTY,
    incomplete: int = 0,
) -> Answer:  # fmt: skip
    """An answer: `Answer`, with the day as text."""
    return Answer(variant, is_, because, part, unit, None if as_of is None else day(as_of), incomplete)


def person(number: int) -> str:
    """A pseudonym, shown as P and its number."""
    return f"P{number:016d}"


def entity(number: int) -> str:
    """A registration number, shown as E and its number."""
    return f"330127{number:09d}"


def founds(
    when: str, number: int, *founders: int, kind: EntityKind = "enterprise", unit: str = VILLAGE, cost_yuan: int | None = None
) -> Given:
    """Persons found an entity."""
    return on(when, EntityRegistered(
        entity=entity(number), name="甲", entity_kind=kind, founders=tuple(Founder(person=person(each)) for each in founders),
        industry="C20", unit=unit, start_up_cost_fen=None if cost_yuan is None else cost_yuan * FEN,
    ))  # fmt: skip


def happens(when: str, shape: type[F], number: int, **more: Any) -> Given:
    """Something in an entity's life that needs no other word than which entity."""
    return on(when, shape.model_validate({"entity": entity(number), **more}))


def closes(when: str, number: int) -> Given:
    """An entity is deregistered."""
    return happens(when, EntityDeregistered, number)


def moves(when: str, number: int, unit: str) -> Given:
    """An entity moves within the county."""
    return on(when, EntityMoved(entity=entity(number), unit=unit))


def leaves(when: str, number: int) -> Given:
    """An entity moves out of the county."""
    return on(when, EntityMoved(entity=entity(number), out_of_county=True))


def checked(when: str, number: int, *, operating: bool) -> Given:
    """Whether an entity operates."""
    return on(when, SurvivalChecked(entity=entity(number), operating=operating))


def employs(when: str, number: int, who: int) -> Given:
    """A person begins to work at an entity."""
    return on(when, EmploymentStarted(entity=entity(number), person=person(who)))


def lets_go(when: str, number: int, who: int) -> Given:
    """A person no longer works there."""
    return on(when, EmploymentEnded(entity=entity(number), person=person(who)))


def head_count(when: str, number: int, employees: int) -> Given:
    """An entity reports how many it employs, without names."""
    return on(when, StaffReported(entity=entity(number), employees=employees))


def guides(when: str, who: int, *, unit: str = VILLAGE) -> Given:
    """A person is given guidance."""
    return on(when, GuidanceGiven(person=person(who), guidance_kind="policy", unit=unit))


def course(code: str = "C1", kind: CourseKind = "start_up") -> Given:
    """A course opens, long before anything else."""
    return on("2020-02-01", CourseOpened(course=code, name="班", course_kind=kind, institution="中心"))


def enrols(when: str, who: int, code: str = "C1", **more: Any) -> Given:
    """A person enrols in a course."""
    return on(when, TraineeEnrolled.model_validate({"course": code, "person": person(who), "unit": VILLAGE, **more}))


def completes(when: str, who: int, code: str = "C1", *, passed: bool = True) -> Given:
    """A person completes a course, with a pass or without."""
    return on(when, TraineeCompleted(course=code, person=person(who), passed=passed, unit=VILLAGE))


def publishes(when: str, series: str, value: int, period_end: str) -> Given:
    """A statistic of the county."""
    return on(when, StatisticPublished(series=series, period_end=day(period_end), value=value, publisher="统计局", unit=COUNTY))


def opens_venue(when: str, venue: str, kind: VenueKind, area_m2: int, **where: Any) -> Given:
    """A venue opens."""
    data = {"venue": venue, "name": "场地", "venue_kind": kind, "area_m2": area_m2, **where}
    return on(when, VenueOpened.model_validate(data if where.keys() & {"unit", "park"} else {**data, "unit": VILLAGE}))


def survey(code: str, closed: str, *answers: Given, population: Population = "public") -> tuple[Given, ...]:
    """A survey from its opening on 1 January 2025 to its closing."""
    opened = on("2025-01-01", SurveyOpened(survey=code, title="问卷", population=population))
    return opened, *answers, on(closed, SurveyClosed(survey=code))


def replies(when: str, code: str, who: int, group: str | None = None, *scores: tuple[str, int], **score: int) -> Given:
    """A respondent's scores by question; `scores` are those of the service question by service."""
    asked = (
        *(Score.model_validate({"question": question, "score": given}) for question, given in score.items()),
        *(Score(question="service", service=service, score=given) for service, given in scores),
    )
    return on(when, SurveyAnswered(survey=code, respondent=person(who), scores=asked, group=group, unit=VILLAGE))


def lends(when: str, loan: str, yuan: int, *borrowers: int, enterprise: int | None = None, undated: bool = False) -> tuple[Given, Given]:
    """A loan is applied for and paid out on one day, to persons or to an enterprise."""
    applied = LoanApplied(
        loan=loan, loan_kind="personal" if enterprise is None else "enterprise", borrowers=tuple(map(person, borrowers)),
        entity=None if enterprise is None else entity(enterprise), amount_fen=yuan * FEN, unit=VILLAGE,
    )  # fmt: skip
    return on(when, applied), on(when, LoanDisbursed(loan=loan, tranche=1, amount_fen=yuan * FEN, undated=undated))


def owes(when: str, loan: str, number: int, due: str, yuan: int) -> Given:
    """An instalment of a loan is notified."""
    return on(when, InstalmentDue(loan=loan, number=number, due=day(due), principal_fen=yuan * FEN))


def case(code: str, accepted: str, promised: str, completed: str | None = None) -> tuple[Given, ...]:
    """A green-channel case from its acceptance to its completion, if it has one."""
    begun = on(accepted, GreenChannelCaseAccepted(case=code, promised=day(promised), unit=VILLAGE))
    return (begun,) if completed is None else (begun, on(completed, GreenChannelCaseCompleted(case=code)))


def enters(when: str, *codes: str) -> tuple[Given, ...]:
    """Units enter the campaign."""
    return tuple(on(when, UnitEnteredCampaign(code=code)) for code in codes)


def designates(when: str, *codes: str) -> tuple[Given, ...]:
    """Units are given the title."""
    return tuple(on(when, UnitDesignated(code=code)) for code in codes)
