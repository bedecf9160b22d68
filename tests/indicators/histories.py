"""Small histories aimed at trouble: few things, few days, and everything that real files contain.

A history is drawn from one or two *scenes*, the facts that meet in one figure, about very few persons, entities, units, loans, venues
and surveys, on clashing days; facts are reported late, twice, differently, voided and corrected to other days, persons and places.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from shared.contracts.base import Fact
from shared.contracts.finance import (
    CreditCommunityRated,
    CreditRatingLapsed,
    InstalmentDue,
    LoanApplied,
    LoanCompensated,
    LoanDisbursed,
    LoanExtended,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
)
from shared.contracts.registry import (
    BenchmarkPublished,
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    Founder,
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    ProjectCollected,
    ProjectMatched,
    StaffReported,
    StatisticPublished,
    SurvivalChecked,
    TenantAdmitted,
    TenantLeft,
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
    Score,
    SurveyAnswered,
    SurveyClosed,
    SurveyOpened,
    TraineeCompleted,
    TraineeEnrolled,
)
from shared.units import unit_kind
from tests.indicators.comparing import Asked
from tests.support.records import (
    COMMUNITY,
    COUNTY,
    PARK,
    PARK_2,
    ROSTER,
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
        "2022-06-15", "2022-12-31", "2023-01-01", "2023-02-28", "2023-03-01", "2023-06-30", "2023-08-29", "2023-08-31", "2023-12-31",
        "2024-01-01", "2024-01-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-15", "2024-03-16", "2024-06-15", "2024-06-30",
        "2024-08-31", "2024-12-30", "2024-12-31", "2025-01-01", "2025-02-28", "2025-03-01", "2025-06-30", "2025-12-31", "2026-01-01",
        "2026-02-28",
    )
)  # fmt: skip
"""Days on which something begins, ends or falls due in some figure."""
LAGS = (0, 0, 0, 0, 1, 31, 200, 400)
"""Days from occurred to recorded."""

Facts = SearchStrategy[Fact]


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


def _of(*values: Any) -> SearchStrategy[Any]:
    return st.sampled_from(values)


# What facts are about

PERSONS = _of(*map(person, (1, 1, 2, 3, 4)))
ENTITIES = _of(*map(entity, (1, 1, 1, 2, 3)))
CODES = _of(*map(entity, (1, 1, 1, 1, 2, 3, 4, 5)))
UNIT_CODES = _of(VILLAGE, VILLAGE, VILLAGE_2, VILLAGE_B, COMMUNITY, TOWN, TOWN_B, COUNTY)
PLACES = _of(
    {"unit": VILLAGE}, {"unit": VILLAGE}, {"unit": VILLAGE_2}, {"unit": VILLAGE_B}, {"unit": COMMUNITY}, {"unit": TOWN}, {"unit": COUNTY},
    {"park": PARK}, {"unit": VILLAGE, "park": PARK}, {"unit": TOWN, "park": PARK_2}, {"unit": VILLAGE_B, "park": PARK_2},
)  # fmt: skip
FEN = _of(100, 200, 300, 1000)


def _placed(make: Callable[..., Fact], **fields: SearchStrategy[Any]) -> Facts:
    return st.builds(lambda place, **values: make(**place, **values), PLACES, **fields)


def _founders(persons: Sequence[str]) -> tuple[Founder, ...]:
    return tuple(Founder(person=each) for each in persons)


def _several(of: SearchStrategy[str], most: int = 2) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(of, max_size=most, unique=True).map(tuple)


REGISTERED = _placed(
    lambda **values: EntityRegistered(name="甲", industry="C20", **values),
    entity=ENTITIES, entity_kind=_of("enterprise", "enterprise", "individual_business"), founders=_several(PERSONS).map(_founders),
)  # fmt: skip
MOVED = _placed(EntityMoved, entity=CODES)
LIFE: tuple[Facts, ...] = (
    st.builds(EntitySuspended, entity=CODES),
    st.builds(EntityLicenceRevoked, entity=CODES),
    st.builds(EntityDeregistered, entity=CODES),
    st.builds(EntityRestored, entity=CODES),
    MOVED,
    st.builds(EntityMoved, entity=CODES, out_of_county=st.just(True)),
)
REPLACED = st.builds(EntityCodeReplaced, entity=CODES, new_code=CODES).filter(lambda fact: fact.entity != fact.new_code)
SIGNS: tuple[Facts, ...] = (
    st.builds(SurvivalChecked, entity=CODES, operating=st.booleans()),
    st.builds(StaffReported, entity=CODES, employees=_of(0, 1, 3, 5)),
)
EMPLOYMENTS: tuple[Facts, ...] = (
    st.builds(EmploymentStarted, entity=CODES, person=PERSONS),
    st.builds(EmploymentEnded, entity=CODES, person=PERSONS),
    st.builds(StaffReported, entity=CODES, employees=_of(0, 2, 4), persons=_several(PERSONS)),
    st.builds(StaffReported, entity=CODES, employees=_of(0, 2, 4)),
)
COURSES = _of("C1", "C1", "C2")
GUIDED = _placed(GuidanceGiven, person=PERSONS, guidance_kind=_of("policy", "finance"))
COURSE = st.builds(
    CourseOpened, course=COURSES, name=_of("班"), course_kind=_of("start_up", "start_up", "start_up", "skill"), institution=_of("中心")
)
TRAINING: tuple[Facts, ...] = (
    COURSE,
    _placed(TraineeEnrolled, course=COURSES, person=PERSONS),
    _placed(TraineeCompleted, course=COURSES, person=PERSONS, passed=_of(True, True, False)),
)
VENUES = _of("V1", "V1", "V2", "V3")
OPENED = _placed(
    lambda **values: VenueOpened(name="基地", **values),
    venue=VENUES, venue_kind=_of("incubator", "incubator", "start_up_park"), area_m2=_of(0, 100, 250), within=st.none() | VENUES,
)  # fmt: skip
CLOSED = st.builds(VenueClosed, venue=VENUES)
PROJECTS = _of("X1", "X2")
HELP: tuple[Facts, ...] = (
    GUIDED,
    OPENED,
    st.builds(TenantAdmitted, venue=VENUES, entity=CODES),
    st.builds(TenantLeft, venue=VENUES, entity=CODES),
    _placed(ProjectCollected, project=PROJECTS, name=_of("项目"), high_tech=st.booleans()),
    _placed(ProjectMatched, project=PROJECTS, person=PERSONS),
)
LOANS = _of("L1", "L1", "L1", "L2")
APPLIED = _placed(LoanApplied, loan=LOANS, loan_kind=_of("personal", "personal", "enterprise"), borrowers=_several(PERSONS), amount_fen=FEN)
DISBURSED = st.builds(LoanDisbursed, loan=LOANS, tranche=_of(1, 2), amount_fen=FEN, undated=_of(False, False, False, True))
DUE_DAYS = _of(*DAYS)
REPAYMENT: tuple[Facts, ...] = (
    st.builds(InstalmentDue, loan=LOANS, number=_of(1, 2, 3), due=DUE_DAYS, principal_fen=FEN),
    st.builds(InstalmentDue, loan=LOANS, number=_of(1, 2, 3), due=DUE_DAYS, principal_fen=FEN),
    st.builds(LoanRepaid, loan=LOANS, receipt=_of("1", "2", "3"), amount_fen=_of(50, 150, 400), instalment=_of(None, None, 1, 2)),
    st.builds(LoanExtended, loan=LOANS, instalment=_of(1, 2), due=DUE_DAYS),
    st.builds(LoanCompensated, loan=LOANS, amount_fen=FEN),
    st.builds(LoanWrittenOff, loan=LOANS, amount_fen=FEN),
    st.builds(LoanSettled, loan=LOANS),
)
SURVEYS = _of("S1", "S1", "S2", "S3")
SCORES = st.lists(
    st.builds(Score, question=_of("overall", "overall", "cost"), score=st.integers(1, 5)),
    min_size=1,
    max_size=2,
    unique_by=lambda s: s.question,
).map(tuple)
PLACES_OR_NONE: SearchStrategy[dict[str, str]] = st.just({}) | PLACES
ASKED: tuple[Facts, ...] = (
    st.builds(SurveyOpened, survey=SURVEYS, title=_of("调查"), population=_of("public", "public", "served")),
    st.builds(lambda place, **values: SurveyAnswered(**place, **values), PLACES_OR_NONE, survey=SURVEYS, respondent=PERSONS, scores=SCORES),
    st.builds(SurveyClosed, survey=SURVEYS),
)
STATISTIC = st.builds(
    lambda place, **values: StatisticPublished(publisher="统计局", **place, **values),
    _of({"unit": COUNTY}, {"unit": COUNTY}, {"unit": TOWN}, {"unit": VILLAGE}, {"park": PARK}),
    series=_of("urban_workers", "urban_workers", "new_employment"), period_end=_of(*DAYS), value=_of(0, 3, 7, 20),
)  # fmt: skip
BENCHMARK = st.builds(
    BenchmarkPublished, indicator=_of("activity_index", "survival_1y"), peer_group=_of("national", "city"), period_end=_of(*DAYS),
    value=_of("0.2", "0.25"), publisher=_of("部"),
)  # fmt: skip
LISTABLE = _of(*(code for code in UNITS if code != COUNTY), NEW_VILLAGE)
ABLE_TO_END = _of(VILLAGE, VILLAGE_2, VILLAGE_B, NEW_VILLAGE, TOWN, PARK)


def _mergers(codes: SearchStrategy[str], into: SearchStrategy[str]) -> Facts:
    pairs = st.tuples(codes, into).filter(lambda pair: pair[0] != pair[1] and unit_kind(pair[0]) == unit_kind(pair[1]))
    return pairs.map(lambda pair: UnitMerged(code=pair[0], into=pair[1]))


TREE: tuple[Facts, ...] = (
    _mergers(ABLE_TO_END, LISTABLE),
    _mergers(_of(VILLAGE, VILLAGE_2), _of(VILLAGE, VILLAGE_2, VILLAGE_B)),
    st.builds(UnitDissolved, code=ABLE_TO_END, successor=_of(None, COMMUNITY)),
    st.builds(UnitListed, code=_of(NEW_VILLAGE, NEW_VILLAGE, VILLAGE, TOWN_B), name=_of("新"), urban_rural_class=_of(None, "111", "220")),
    st.builds(UnitRenamed, code=LISTABLE, name=_of("新名")),
)
CAMPAIGN: tuple[Facts, ...] = (
    st.builds(UnitEnteredCampaign, code=LISTABLE),
    st.builds(UnitDesignated, code=LISTABLE),
    st.builds(UnitDesignationWithdrawn, code=LISTABLE),
    st.builds(CreditCommunityRated, code=_of(COMMUNITY, VILLAGE), lending_fen=FEN, recovery_rate=_of("0.94", "0.95", "1")),
    st.builds(CreditRatingLapsed, code=_of(COMMUNITY, VILLAGE)),
    st.builds(UnitPlanSubmitted, code=LISTABLE),
)
CASES = _of("G1", "G1", "G2", "G3")
GREEN_CHANNEL: tuple[Facts, ...] = (
    _placed(GreenChannelCaseAccepted, case=CASES, promised=_of(*DAYS)),
    st.builds(GreenChannelCaseCompleted, case=CASES),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Facts that meet in one figure; `openers` bring about what most of the others are about."""

    openers: tuple[Facts, ...]
    facts: tuple[Facts, ...]


_ENTITY = REGISTERED, REGISTERED
_LOAN = APPLIED, DISBURSED
SCENES: dict[str, Scene] = {
    "life": Scene(_ENTITY, (REGISTERED, *LIFE, *SIGNS)),
    "jobs": Scene(_ENTITY, (REGISTERED, *EMPLOYMENTS, *EMPLOYMENTS, *LIFE)),
    "staff lists": Scene(_ENTITY, EMPLOYMENTS),
    "codes": Scene((*_ENTITY, REPLACED), (REGISTERED, REPLACED, *LIFE, *EMPLOYMENTS, *SIGNS)),
    "starts": Scene((REGISTERED, COURSE, OPENED), (REGISTERED, *HELP, *TRAINING, *_LOAN, REPLACED)),
    "helped jobs": Scene((*_ENTITY, COURSE), (REGISTERED, *EMPLOYMENTS, *HELP, *TRAINING, *_LOAN)),
    "training": Scene((COURSE, REGISTERED), (*TRAINING, *TRAINING, REGISTERED, GUIDED, *LIFE)),
    "loans": Scene(_LOAN, (*_LOAN, *REPAYMENT)),
    "venues": Scene((OPENED, OPENED), (OPENED, st.builds(VenueResized, venue=VENUES, area_m2=_of(0, 80, 300)), CLOSED)),
    "surveys": Scene(ASKED, ASKED),
    "figures": Scene((STATISTIC, COURSE), (STATISTIC, BENCHMARK, GUIDED, *TRAINING, REGISTERED)),
    "units": Scene((GUIDED, REGISTERED), (*TREE, GUIDED, REGISTERED, STATISTIC, MOVED, OPENED)),
    "campaign": Scene((), (*TREE, *CAMPAIGN)),
    "green channel": Scene(GREEN_CHANNEL, (*GREEN_CHANNEL, *TREE[:1])),
}
"""Every figure has one."""


@st.composite
def reports(draw: st.DrawFn, facts: Facts, days: SearchStrategy[date]) -> Reported:
    """A fact, and what is said about it later."""
    fact, amendments = draw(facts), []
    for _ in range(draw(_of(0, 0, 0, 0, 1, 1, 2))):
        amending = draw(_of(None, "correction", "correction"))
        amendments.append(Amending(draw(_of(*LAGS)), draw(facts) if amending else None, draw(days)))
    return Reported(fact, draw(days), draw(_of(*LAGS)), tuple(amendments))


@st.composite
def histories(draw: st.DrawFn, *, most: int = 25) -> Records:
    """What the services recorded of 3 to `most` reports, voids and corrections apart."""
    scenes = [SCENES[name] for name in draw(st.lists(_of(*SCENES), min_size=1, max_size=draw(_of(1, 1, 2)), unique=True))]
    year = draw(_of(None, 2023, 2024, 2024, 2025))
    few = draw(st.lists(_of(*(day for day in DAYS if year in (None, day.year))), min_size=1, max_size=5, unique=True))
    days = _of(*few, *(day + timedelta(days=1) for day in few[:1]))
    openers = [facts for scene in scenes for facts in scene.openers]
    opening = [draw(reports(facts, days)) for facts in openers if draw(_of(True, True, True, False))]
    anything = st.one_of([facts for scene in scenes for facts in scene.facts])
    drawn = [*opening, *draw(st.lists(reports(anything, days), min_size=max(0, 3 - len(opening)), max_size=most - len(opening)))]
    return recorded(drawn, draw(st.lists(st.tuples(_of(*ROSTER), days), max_size=draw(_of(0, 0, 0, 2)))))


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


@st.composite
def questions(draw: st.DrawFn, records: Records, *, most: int) -> list[Asked]:
    """Questions at days on which figures may change, and the days beside them."""
    moments = sorted({*DAYS, *records.known_days})
    beside = _of(-1, 0, 0, 0, 1)
    found = []
    for _ in range(most):
        known_at = draw(_of(*moments)) + timedelta(days=draw(beside))
        as_of = min(known_at, draw(_of(*moments)) + timedelta(days=draw(beside)))
        found.append(Asked(draw(_of(*UNITS, NEW_VILLAGE)), as_of, known_at))
    return found
