"""Small histories aimed at trouble: few things, few days, and everything that real files contain.

A history is drawn from one or two *scenes*, the facts that meet in one figure, about very few persons, entities, units, loans, venues
and surveys, on clashing days; facts are reported late, twice, differently, voided and corrected to other days, persons and places.

Every report is drawn by a number of its own, so that a failing history stays itself while reports are left out of it. And a history
follows from one number: what is made of several equal draws Hypothesis varies by exchanging some of them, which would tell most
histories over and over, with other reports left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from shared.contracts.base import Evidence, Fact
from shared.contracts.finance import (
    CreditCommunityRated,
    CreditRatingLapsed,
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    InstalmentDue,
    LoanApplied,
    LoanCompensated,
    LoanDisbursed,
    LoanExtended,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
    SubsidyPaid,
    SupportFundPaid,
    SupportFundRaised,
    TaxReliefGranted,
)
from shared.contracts.registry import (
    AssociationDissolved,
    AssociationFounded,
    AssociationMemberJoined,
    BenchmarkPublished,
    CampaignEventHeld,
    CommendationIssued,
    CountyPlanIssued,
    CriticismIssued,
    DutyAccepted,
    DutyEvidenced,
    DutyReturned,
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityFollowedUp,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    EvaluationPublished,
    Founder,
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    GreenChannelClosed,
    GreenChannelOpened,
    InspectionHeld,
    LeadingBodyEstablished,
    MeetingHeld,
    PolicyImplementationChecked,
    PolicyIssued,
    PolicyRepealed,
    ProgressReportSubmitted,
    ProjectCollected,
    ProjectDisplayed,
    ProjectMatched,
    RectificationClosed,
    RectificationOpened,
    ResponsibilityLetterSigned,
    ServicePlatformChanged,
    ServicePlatformOpened,
    StaffReported,
    StatisticPublished,
    SurvivalChecked,
    TenantAdmitted,
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitDissolved,
    UnitEnteredCampaign,
    UnitListed,
    UnitMerged,
    UnitPlanSubmitted,
    UnitRenamed,
    VenueClosed,
    VenueOpened,
    VenueResized,
)
from shared.contracts.training import (
    CourseOpened,
    GuidanceGiven,
    InternshipCompleted,
    InternshipStarted,
    Question,
    Score,
    SurveyAnswered,
    SurveyClosed,
    SurveyOpened,
    TraineeCompleted,
    TraineeEnrolled,
)
from shared.days import add_months
from shared.units import lineage, unit_kind
from tests.indicators.comparing import Asked
from tests.support.records import (
    COMMUNITY,
    COUNTY,
    PARK,
    PARK_2,
    TOWN,
    TOWN_B,
    UNITS,
    VILLAGE,
    VILLAGE_2,
    VILLAGE_B,
    Records,
    Told,
    entity,
    person,
)

YEAR = 2024
"""A leap year."""
NEW_VILLAGE = "330127102202"
DAYS: tuple[date, ...] = tuple(
    date.fromisoformat(day)
    for day in (
        "2022-12-31", "2023-01-01", "2023-02-28", "2023-03-01", "2023-06-30", "2023-08-29", "2023-08-31", "2023-12-31",
        "2024-01-01", "2024-01-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-15", "2024-03-16", "2024-06-15", "2024-06-30",
        "2024-08-31", "2024-12-30", "2024-12-31", "2025-01-01", "2025-02-28", "2025-03-01", "2025-06-30", "2025-12-31", "2026-01-01",
    )
)  # fmt: skip
"""Days on which something begins, ends or falls due in some figure."""
LATEST = date(2026, 12, 31)
"""When everything is known."""
LAGS = (0, 1, 31, 200, 400)
"""Days from occurred to recorded."""
AFTERWARDS = (0, 0, 1, 31, 300)
"""Days from what is said of a fact to its being recorded."""

Draws = Callable[[Random], Fact]
"""A fact by chance."""


@dataclass(frozen=True, slots=True)
class Amending:
    """A void (fact None) or a correction to another day and content, some days after what it amends became known."""

    lag: int
    fact: Fact | None
    on: date


@dataclass(frozen=True, slots=True)
class Reported:
    """A fact of a day, how late it is recorded, and what is said about it later."""

    fact: Fact
    on: date
    lag: int
    amendments: tuple[Amending, ...]


# What facts are about: the first of each is drawn most often


def _person(by: Random) -> str:
    return person(by.choice((1, 1, 2, 3, 4)))


def _persons(by: Random, least: int = 0) -> tuple[str, ...]:
    return tuple(sorted({_person(by) for _ in range(by.choice((least, 1, 1, 2)))}))


def _entity(by: Random) -> str:
    return entity(by.choice((1, 1, 1, 2, 3)))


def _code(by: Random) -> str:
    return entity(by.choice((1, 1, 1, 1, 2, 3, 4, 5)))


PLACES: tuple[dict[str, str], ...] = (
    {"unit": VILLAGE}, {"unit": VILLAGE}, {"unit": VILLAGE_2}, {"unit": VILLAGE_B}, {"unit": COMMUNITY}, {"unit": TOWN}, {"unit": COUNTY},
    {"park": PARK}, {"unit": VILLAGE, "park": PARK}, {"unit": TOWN, "park": PARK_2}, {"unit": VILLAGE_B, "park": PARK_2},
)  # fmt: skip


def _place(by: Random) -> Any:
    return by.choice(PLACES)


def _listable(by: Random) -> str:
    return by.choice((*(code for code in UNITS if code != COUNTY), NEW_VILLAGE))


def _fen(by: Random) -> int:
    return by.choice((100, 200, 300, 1000))


def _registered(by: Random) -> Fact:
    return EntityRegistered(
        entity=_entity(by), name="甲", industry="C20", founders=tuple(Founder(person=each) for each in _persons(by)),
        entity_kind=by.choice(("enterprise", "enterprise", "individual_business")),
        start_up_cost_fen=by.choice((None, None, 0, 300, 500)), **_place(by),
    )  # fmt: skip


def _replaced(by: Random) -> Fact:
    old, new = by.sample((1, 2, 3, 4, 5), 2)
    return EntityCodeReplaced(entity=entity(old), new_code=entity(new))


def _moved(by: Random) -> Fact:
    away = by.random() < 0.4
    return EntityMoved(entity=_code(by), out_of_county=away, **({} if away else _place(by)))


def _staffed(by: Random) -> Fact:
    persons = by.choice((None, _persons(by)))
    return StaffReported(entity=_code(by), employees=by.choice((0, 2, 4)), persons=persons)


def _venue(by: Random) -> str:
    return by.choice(("V1", "V1", "V2", "V3"))


def _opened(by: Random) -> Fact:
    return VenueOpened(
        venue=_venue(by), name="基地", venue_kind=by.choice(("incubator", "incubator", "start_up_park", "internship_base")),
        area_m2=by.choice((0, 100, 250)),
        within=by.choice((None, _venue(by))), **_place(by),
    )  # fmt: skip


def _course(by: Random) -> str:
    return by.choice(("C1", "C1", "C2"))


def _course_opened(by: Random) -> Fact:
    return CourseOpened(
        course=_course(by),
        name="班",
        course_kind=by.choice(("start_up", "start_up", "start_up", "skill")),
        institution="中心",
        programme=by.choice((None, "care")),
    )


def _completed(by: Random) -> Fact:
    return TraineeCompleted(course=_course(by), person=_person(by), passed=by.random() < 0.8, **_place(by))


def _loan(by: Random) -> str:
    return by.choice(("L1", "L1", "L1", "L2"))


def _applied(by: Random) -> Fact:
    kind: Any = by.choice(("personal", "personal", "enterprise"))
    return LoanApplied(loan=_loan(by), loan_kind=kind, borrowers=_persons(by), amount_fen=_fen(by), **_place(by))


def _disbursed(by: Random) -> Fact:
    return LoanDisbursed(loan=_loan(by), tranche=by.choice((1, 2)), amount_fen=_fen(by), undated=by.random() < 0.3)


def _due(by: Random) -> Fact:
    return InstalmentDue(loan=_loan(by), number=by.choice((1, 2, 3)), due=by.choice(DAYS), principal_fen=_fen(by))


def _repaid(by: Random) -> Fact:
    receipt, fen = by.choice(("1", "2", "3")), by.choice((50, 150, 400))
    return LoanRepaid(loan=_loan(by), receipt=receipt, principal_fen=fen, instalment=by.choice((None, None, 1, 2)))


def _survey(by: Random) -> str:
    return by.choice(("S1", "S1", "S2", "S3"))


def _survey_opened(by: Random) -> Fact:
    return SurveyOpened(survey=_survey(by), title="调查", population=by.choice(("public", "public", "served")))


_QUESTIONS: tuple[Question, ...] = "overall", "cost", "service", "policy"


def _answered(by: Random) -> Fact:
    scores = [Score(question=question, score=by.randint(1, 5)) for question in _QUESTIONS]
    scores += [Score(question="service", service=service, score=by.randint(1, 5)) for service in ("贷款", "培训")]
    return SurveyAnswered(
        survey=_survey(by),
        respondent=_person(by),
        scores=tuple(by.sample(scores, by.choice((1, 3)))),
        group=by.choice((None, "农民工", "毕业生")),
        **by.choice(({}, _place(by))),
    )


def _survey_closed(by: Random) -> Fact:
    return SurveyClosed(survey=_survey(by))


SURVEY: tuple[Draws, ...] = (_survey_opened, _answered, _survey_closed)


def _statistic(by: Random) -> Fact:
    where: Any = by.choice(({"unit": COUNTY}, {"unit": COUNTY}, {"unit": TOWN}, {"unit": VILLAGE}, {"park": PARK}))
    return StatisticPublished(
        series=by.choice(("urban_workers", "urban_workers", "new_employment", "enterprises_existing")),
        period_end=by.choice(DAYS), value=by.choice((0, 3, 7, 20)),
        publisher="统计局", **where,
    )  # fmt: skip


MAIN = "activity_index", "employment_contribution", "enterprise_growth", "survival_1y", "environment_satisfaction", "created_share"
"""The indicators that are compared with the national average."""


def _benchmark(by: Random) -> Fact:
    group: Any = by.choice(("national", "national", "national", "city"))
    return BenchmarkPublished(
        indicator=by.choice(MAIN), variant=by.choice(("default", "default", "default", "with_businesses", "gross")), peer_group=group,
        period_end=by.choice(DAYS[:14]), value=by.choice((Decimal("0.2"), Decimal("0.25"), Decimal("0.5"), Decimal(1))), publisher="部",
    )  # fmt: skip


def _merged(by: Random) -> Fact:
    village = by.random() < 0.5
    alike = (VILLAGE, VILLAGE_2, VILLAGE_B) if village else by.choice(((VILLAGE, VILLAGE_B, NEW_VILLAGE), (TOWN, TOWN_B), (PARK, PARK_2)))
    code, into = by.sample(alike, 2)
    assert unit_kind(code) == unit_kind(into)
    return UnitMerged(code=code, into=into)


def _dissolved(by: Random) -> Fact:
    return UnitDissolved(code=by.choice((VILLAGE, VILLAGE, VILLAGE_B, NEW_VILLAGE, TOWN, PARK)), successor=by.choice((None, COMMUNITY)))


def _unit_listed(by: Random) -> Fact:
    code = by.choice((NEW_VILLAGE, NEW_VILLAGE, VILLAGE, TOWN_B))
    return UnitListed(code=code, name="新", urban_rural_class=by.choice((None, "111", "220")))


def _rated(by: Random) -> Fact:
    rate = by.choice((Decimal("0.94"), Decimal("0.95"), Decimal(1)))
    return CreditCommunityRated(code=by.choice((COMMUNITY, COMMUNITY, VILLAGE)), lending_fen=_fen(by), recovery_rate=rate)


def _lapsed(by: Random) -> Fact:
    return CreditRatingLapsed(code=by.choice((COMMUNITY, COMMUNITY, VILLAGE)))


def _case(by: Random) -> str:
    return by.choice(("G1", "G1", "G2", "G3"))


LIFE: tuple[Draws, ...] = (
    lambda by: EntitySuspended(entity=_code(by)),
    lambda by: EntityLicenceRevoked(entity=_code(by)),
    lambda by: EntityDeregistered(entity=_code(by)),
    lambda by: EntityRestored(entity=_code(by)),
    _moved,
)
SIGNS: tuple[Draws, ...] = (lambda by: SurvivalChecked(entity=_code(by), operating=by.random() < 0.5), _staffed)
EMPLOYMENTS: tuple[Draws, ...] = (
    lambda by: EmploymentStarted(entity=_code(by), person=_person(by)),
    lambda by: EmploymentEnded(entity=_code(by), person=_person(by)),
    _staffed,
    _staffed,
)


def _guided(by: Random) -> Fact:
    return GuidanceGiven(person=_person(by), guidance_kind=by.choice(("policy", "finance")), **_place(by))


TRAINING: tuple[Draws, ...] = (
    _course_opened,
    lambda by: TraineeEnrolled(
        course=_course(by), person=_person(by), categories=by.choice(((), ("woman",), ("woman", "youth"))), **_place(by)
    ),
    _completed,
    _completed,
)


def _admitted(by: Random) -> Fact:
    return TenantAdmitted(venue=_venue(by), entity=_code(by))


def _matched(by: Random) -> Fact:
    return ProjectMatched(project=by.choice(("X1", "X2")), person=_person(by), **_place(by))


HELP: tuple[Draws, ...] = (
    _guided,
    _opened,
    _admitted,
    _admitted,
    lambda by: ProjectCollected(project=by.choice(("X1", "X2")), name="项目", high_tech=False, **_place(by)),
    _matched,
)
REPAYMENT: tuple[Draws, ...] = (
    _due,
    _due,
    _repaid,
    _repaid,
    lambda by: LoanExtended(loan=_loan(by), instalment=by.choice((1, 2)), due=by.choice(DAYS)),
    lambda by: LoanCompensated(loan=_loan(by), amount_fen=_fen(by)),
    lambda by: LoanWrittenOff(loan=_loan(by), amount_fen=_fen(by)),
    lambda by: LoanSettled(loan=_loan(by)),
)
TREE: tuple[Draws, ...] = (_merged, _merged, _dissolved, _unit_listed, lambda by: UnitRenamed(code=_listable(by), name="新名"))
CAMPAIGN: tuple[Draws, ...] = (
    lambda by: UnitEnteredCampaign(code=_listable(by)),
    lambda by: UnitDesignated(code=_listable(by)),
    lambda by: UnitDesignated(code=_listable(by)),
    lambda by: UnitDesignationWithdrawn(code=_listable(by)),
    _rated,
    _lapsed,
    lambda by: UnitPlanSubmitted(code=_listable(by)),
    lambda by: LeadingBodyEstablished(code=by.choice(UNITS)),
    lambda by: CountyPlanIssued(code=COUNTY),
    lambda by: ProgressReportSubmitted(code=_listable(by), period=by.choice(("2024-Q1", "2024-Q2"))),
)


def _occasion(by: Random) -> str:
    return by.choice(("O1", "O2", "O3", "O4"))


def _signed(by: Random) -> Fact:
    units = tuple(by.sample((TOWN, TOWN_B, PARK, VILLAGE, NEW_VILLAGE), by.randint(0, 3)))
    return ResponsibilityLetterSigned(letter=_occasion(by), units=units, departments=by.choice((("rsj",), ("rsj", "czj"))), **_place(by))


def _met(by: Random) -> Fact:
    kind: Any = by.choice(("leading_group", "joint_conference", "office", "mobilisation", "other"))
    return MeetingHeld(meeting=_occasion(by), title="会", meeting_kind=kind, **_place(by))


def _held(by: Random) -> Fact:
    return CampaignEventHeld(
        event=_occasion(by), name="活动", organiser_level=by.choice(("county", "county", "township", "village")),
        event_kind=by.choice(("media_campaign", "consultation_day", "contest", "pioneer_selection", "expo")), **_place(by),
    )  # fmt: skip


def _evaluated(by: Random) -> Fact:
    return EvaluationPublished(
        evaluation=_occasion(by), rehearsal=by.random() < 0.7, sheet="表", as_of=DAYS[0], known_at=DAYS[0], digest="a9" * 32,
    )  # fmt: skip


def _rectify(by: Random) -> Fact:
    inspection = by.choice((None, _occasion(by)))
    return RectificationOpened(
        rectification=by.choice(("R1", "R2")), matter="事", due=by.choice(DAYS), inspection=inspection, **_place(by)
    )  # fmt: skip


def _owing(by: Random) -> dict[str, Any]:
    """A duty of the example county's plan file and who owes it; now and then one that it does not have, or not of that party."""
    return by.choice((
        {"duty": "plans_submitted", "unit": TOWN}, {"duty": "plans_submitted", "unit": TOWN_B}, {"duty": "plans_submitted", "park": PARK},
        {"duty": "leading_bodies", "unit": TOWN}, {"duty": "leading_group", "department": "rsj"},
        {"duty": "documents_owed.ybc", "department": "txw"}, {"duty": "documents_owed.site_rules", "department": "ghj"},
        {"duty": "documents_owed.site_rules", "department": "ghj"}, {"duty": "rehearsals", "department": "chuangjianban"},
        {"duty": "plans_submitted", "unit": VILLAGE}, {"duty": "leading_group", "department": "czj"}, {"duty": "none", "unit": TOWN},
    ))  # fmt: skip


DUTIES: tuple[Draws, ...] = (
    lambda by: DutyEvidenced(**_owing(by)),
    lambda by: DutyEvidenced(**_owing(by)),
    lambda by: DutyAccepted(**_owing(by)),
    lambda by: DutyAccepted(**_owing(by)),
    lambda by: DutyReturned(reason="不齐", **_owing(by)),
)
CALENDAR: tuple[Draws, ...] = (
    _signed,
    _held,
    _held,
    _evaluated,
    _rectify,
    lambda by: RectificationClosed(rectification=by.choice(("R1", "R1", "R2"))),
    _met,
    lambda by: InspectionHeld(inspection=_occasion(by), matter="事", **_place(by)),
    lambda by: CommendationIssued(occasion=_occasion(by), departments=("rsj",), reason="好", **_place(by)),
    lambda by: CriticismIssued(occasion=_occasion(by), departments=("rsj",), reason="慢", **_place(by)),
)


def _moving(by: Random) -> dict[str, Any]:
    return {"fund": by.choice(("F", "F", "G")), "voucher": by.choice(("1", "2", "3")), "amount_fen": _fen(by)}


def _from(by: Random) -> Any:
    return by.choice(("county_budget", "higher_budget", "bank", "enterprise", "donation", "other"))


def _subsidised(by: Random) -> Fact:
    kind: Any = by.choice(("training", "start_up", "interest"))
    return SubsidyPaid(payment=_occasion(by), subsidy_kind=kind, persons=_persons(by, 1), amount_fen=_fen(by), **_place(by))


MONEY: tuple[Draws, ...] = (
    lambda by: GuaranteeFundContributed(origin=_from(by), **_moving(by)),
    lambda by: GuaranteeFundWithdrawn(origin=_from(by), **_moving(by)),
    lambda by: GraduateFundRaised(origin=_from(by), **_moving(by)),
    lambda by: GraduateFundGranted(person=_person(by), **_moving(by), **_place(by)),
    lambda by: SupportFundRaised(origin=_from(by), **_moving(by)),
    lambda by: SupportFundPaid(person=_person(by), **_moving(by), **_place(by)),
    _subsidised,
    _subsidised,
    lambda by: TaxReliefGranted(relief=_occasion(by), person=_person(by), levy="税", amount_fen=_fen(by), **_place(by)),
)


def _equipped(by: Random) -> dict[str, Any]:
    has: dict[str, Any] = {name: by.random() < 0.5 for name in ("networked", "budgeted", "guidance_window")}
    return {"platform": by.choice(("T1", "T1", "T2")), "full_time_staff": by.choice((0, 2)), **has}


def _platform_opened(by: Random) -> Fact:
    return ServicePlatformOpened(name="站", level=by.choice(("county", "township", "community_or_village")), **_equipped(by), **_place(by))


def _channel(by: Random) -> str:
    return by.choice(("N1", "N1", "N2"))


def _policy(by: Random) -> Fact:
    return PolicyIssued(policy=by.choice(("P1", "P2")), title="策", policy_kind=by.choice(("finance", "venues")), **_place(by))


def _association(by: Random) -> str:
    return by.choice(("A1", "A1", "A2"))


def _project(by: Random) -> Fact:
    return ProjectCollected(project=by.choice(("X1", "X2")), name="项目", high_tech=by.random() < 0.5, **_place(by))


def _internship(by: Random) -> Fact:
    return InternshipStarted(internship=by.choice(("I1", "I2")), person=_person(by), venue=_venue(by), **_place(by))


OFFERED: tuple[Draws, ...] = (
    lambda by: GreenChannelOpened(channel=_channel(by), **_place(by)),
    _platform_opened,
    _policy,
    lambda by: AssociationFounded(association=_association(by), name="会", **_place(by)),
    _project,
    _internship,
)
OFFERS: tuple[Draws, ...] = (
    *OFFERED,
    lambda by: GreenChannelClosed(channel=_channel(by)),
    lambda by: ServicePlatformChanged(in_service=by.random() < 0.7, **_equipped(by)),
    lambda by: PolicyRepealed(policy=by.choice(("P1", "P2"))),
    lambda by: AssociationDissolved(association=_association(by)),
    lambda by: AssociationMemberJoined(association=_association(by), person=_person(by)),
    lambda by: PolicyImplementationChecked(item=by.choice(("1.1", "1.2")), points=by.choice((0, 3, 5)), possible=by.choice((5, 6))),
    lambda by: ProjectDisplayed(project=by.choice(("X1", "X2"))),
    _matched,
    lambda by: InternshipCompleted(internship=by.choice(("I1", "I2")), retained=by.random() < 0.5),
)


def _followed_up(by: Random) -> Fact:
    return EntityFollowedUp(entity=_code(by), need="钱", outcome="办")


GREEN_CHANNEL: tuple[Draws, ...] = (
    lambda by: GreenChannelCaseAccepted(case=_case(by), promised=by.choice(DAYS), **_place(by)),
    lambda by: GreenChannelCaseCompleted(case=_case(by)),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Facts that meet in one figure; `openers` bring about what most of the others are about."""

    openers: tuple[Draws, ...]
    facts: tuple[Draws, ...]


_ENTITIES = _registered, _registered
_LENT = _applied, _disbursed
SCENES: dict[str, Scene] = {
    "life": Scene(_ENTITIES, (_registered, *LIFE, *SIGNS, _followed_up)),
    "jobs": Scene(_ENTITIES, (_registered, *EMPLOYMENTS, *EMPLOYMENTS, *LIFE)),
    "staff lists": Scene(_ENTITIES, EMPLOYMENTS),
    "codes": Scene((*_ENTITIES, _replaced), (_registered, _replaced, *LIFE, *EMPLOYMENTS, *SIGNS, _followed_up)),
    "working": Scene((*_ENTITIES, _guided), (_registered, *EMPLOYMENTS, *LIFE, _guided, _replaced)),
    "contribution": Scene((*_ENTITIES, _statistic), (_registered, _registered, *LIFE, _statistic, _statistic, _guided, *EMPLOYMENTS)),
    "calendar": Scene((), (*CALENDAR, _merged)),
    "duties": Scene(DUTIES[:1], (*DUTIES, *DUTIES, _merged, _unit_listed, _dissolved)),
    "money": Scene((), (*MONEY, _merged)),
    "offers": Scene(OFFERED, (*OFFERS, _merged)),
    "starts": Scene((_course_opened, _opened, _guided, _registered), (_registered, *HELP, *TRAINING, *_LENT, _replaced)),
    "helped jobs": Scene((_guided, _registered, _staffed, _course_opened), (_registered, *EMPLOYMENTS, *HELP, *TRAINING, *_LENT)),
    "training": Scene((_course_opened, _registered), (*TRAINING, *TRAINING, _registered, _guided, *LIFE)),
    "tenants": Scene((_registered, _opened, _admitted), (_registered, _opened, _opened, _admitted, _admitted, _replaced)),
    "projects": Scene((_project, _matched), (_project, _project, _matched, _registered)),
    "ratings": Scene((_rated, _rated), (_rated, _lapsed, _merged)),
    "borrowers": Scene((*_LENT, _registered), (*_LENT, *_LENT, _registered)),
    "loans": Scene((*_LENT, _disbursed, _due), (*_LENT, *REPAYMENT)),
    "venues": Scene(
        (_opened, _opened),
        (_opened, lambda by: VenueResized(venue=_venue(by), area_m2=by.choice((0, 80, 300))), lambda by: VenueClosed(venue=_venue(by))),
    ),
    "surveys": Scene(SURVEY, (*SURVEY, _answered)),
    "figures": Scene((_statistic, _course_opened), (_statistic, _benchmark, _guided, *TRAINING, _registered)),
    "average": Scene(
        (*_ENTITIES, *(_benchmark,) * 5, _statistic, _statistic),
        (_benchmark, _benchmark, _registered, _statistic, lambda by: UnitDesignated(code=_listable(by)), *SURVEY, *LIFE),
    ),
    "units": Scene((_guided, _registered), (*TREE, _guided, _registered, _statistic, _moved, _opened)),
    "campaign": Scene((), (*TREE, *CAMPAIGN)),
    "green channel": Scene(GREEN_CHANNEL, (*GREEN_CHANNEL, _merged)),
}
"""Every figure has one."""


@dataclass(frozen=True, slots=True)
class History:
    """What was recorded, and the days that matter to it."""

    seed: int
    """For whatever else is to be chosen by chance about it."""
    records: Records
    days: tuple[date, ...]


REPORTS_MAX = 25
"""So many reports a history tells at most, voids, corrections and rival reports apart."""


@st.composite
def histories(draw: st.DrawFn) -> History:
    """What the services recorded of a few reports of one scene or two."""
    seed = draw(st.integers(0, 2**32 - 1))
    by = Random(seed)
    scenes = by.sample(tuple(SCENES), by.choice((1, 1, 2)))
    return told(seed, scenes, draw(st.binary(min_size=2 * REPORTS_MAX, max_size=2 * REPORTS_MAX)))


def told(seed: int, scenes: Sequence[str], kept: bytes = b"\1" * 2 * REPORTS_MAX) -> History:
    """The history that follows from a number; reports for which a 0 stands in `kept` are left out."""
    by = Random(f"{seed}/{'/'.join(scenes)}")
    openers = [opener for scene in scenes for opener in SCENES[scene].openers]
    anything = [facts for scene in scenes for facts in SCENES[scene].facts]
    year = by.choice((None, 2023, YEAR, YEAR))
    few = by.sample([day for day in DAYS if year in (None, day.year)], by.randint(2, 5))
    days = *few, few[0] + timedelta(days=1)
    others = [by.choice(anything) for _ in range(by.randint(3, REPORTS_MAX) - len(openers))]
    reports = [_reported(Random(f"{seed}/{number}"), facts, sorted(days)[:2], 0.8) for number, facts in enumerate(openers)]
    reports += [_reported(Random(f"{seed}/{number}"), facts, days, 0.4) for number, facts in enumerate(others, len(openers))]
    reports = _with_rivals(Random(f"{seed}/rivals"), list(zip(reports, (*openers, *others), strict=True)))
    unlisted = [(by.choice(UNITS), by.choice(days)) for _ in range(by.choice((0, 0, 0, 0, 0, 0, 0, 0, 2)))]
    telling = [report for report, keep in zip(reports, kept, strict=False) if keep]
    return History(seed, recorded(telling, unlisted), tuple(sorted(set(days))))


def _reported(by: Random, facts: Draws, days: Sequence[date], plain: float) -> Reported:
    fact, amendments = facts(by), []
    for _ in range(0 if by.random() < plain else by.choice((0, 1, 1, 2))):
        other = facts(by) if by.random() < 0.7 else None
        amendments.append(Amending(by.choice(AFTERWARDS), other, by.choice(days)))
    return Reported(fact, by.choice(days), 0 if by.random() < plain else by.choice(LAGS), tuple(amendments))


def _with_rivals(by: Random, drawn: Sequence[tuple[Reported, Draws]]) -> list[Reported]:
    """Of some facts other systems tell as well: the same or something else, voided or corrected to what another of them says."""
    reports = [report for report, _ in drawn]
    for number in by.sample(range(len(drawn)), by.choice((0, 1, 2, 3))):
        report, facts = drawn[number]
        others = [other for other in (facts(by) for _ in range(4)) if type(other) is type(report.fact)]
        if not others:
            continue
        contents = (report.fact, *(_with_key_of(report.fact, other) for other in others[:2]))
        for _ in range(by.randint(2, 4)):
            fact = by.choice(contents).model_copy(update={"evidence": by.choice(((), (Evidence(document="副本"),)))})
            said = [Amending(by.choice(AFTERWARDS), by.choice((None, *contents)), report.on) for _ in range(by.choice((0, 0, 0, 1, 2)))]
            reports.append(Reported(fact, report.on, report.lag + by.choice((0, 0, 1, 31)), tuple(said)))
        if by.random() < 0.8:
            reports[number] = replace(report, amendments=(*report.amendments, Amending(by.choice((1, 31, 40, 300)), None, report.on)))
    return reports


def recorded(drawn: Sequence[Reported], unlisted: Sequence[tuple[str, date]] = ()) -> Records:
    """Reports as the services record them, in the order in which they become known; `unlisted` names listings voided on a day."""
    records = Records()
    told: dict[int, Told] = {}
    steps: list[tuple[date, int, int]] = []
    for number, report in enumerate(drawn):
        known = report.on + timedelta(days=report.lag)
        steps.append((known, number, -1))
        for turn, amending in enumerate(report.amendments):
            known = max(known, amending.on) + timedelta(days=amending.lag)
            steps.append((known, number, turn))
    voids = [(known, -1 - number, 0) for number, (_, known) in enumerate(unlisted)]
    for known, number, turn in sorted(steps + voids, key=lambda step: step[0]):
        if number < 0:
            records.void(records.listings[unlisted[-1 - number][0]], known=known)
            continue
        report = drawn[number]
        if turn < 0:
            told[number] = records.add(report.on, report.fact, known=known)
            continue
        amending = report.amendments[turn]
        if amending.fact is None:
            records.void(told[number], known=known)
        elif type(amending.fact) is type(report.fact):
            records.correct(told[number], amending.on, _with_key_of(report.fact, amending.fact), known=known)
    return records


def _with_key_of(fact: Fact, other: Fact) -> Fact:
    """Another content for the same fact: its own key stays."""
    own = {name: getattr(fact, name) for name in fact.natural_key if name != "occurred"}
    return type(other).model_validate({**dict(other), **own})


def questions(history: History, by: Random, count: int) -> list[Asked]:
    """Questions at days on which figures may change, and the days beside them, mostly of units that something happened at."""
    records = history.records
    named = {str(code) for record in records for field in ("unit", "park", "code", "into") if (code := record.data.get(field))}
    units = sorted({above for code in named - {NEW_VILLAGE} for above in lineage(code)} | {COUNTY})
    known = [day for day in records.known_days if day.year > 2020]
    usual = [day for day in DAYS if day.year in (YEAR, YEAR + 1)]
    later = {add_months(day, months) for day in history.days for months in (0, 6, 12, 24)}
    own = sorted(day for day in later if day.year in (YEAR, YEAR + 1)) or usual
    asked = []
    for _ in range(count):
        known_at = by.choice((by.choice(known or usual), by.choice(known or usual), LATEST)) + timedelta(days=by.choice((-1, 0, 0, 1)))
        as_of = by.choice(by.choice((own, own, usual))) + timedelta(days=by.choice((-1, -1, 0, 0, 0, 1)))
        unit = by.choice((COUNTY, by.choice(units), by.choice(units), by.choice((*UNITS, NEW_VILLAGE))))
        asked.append(Asked(unit, min(as_of, known_at), known_at))
    return asked
