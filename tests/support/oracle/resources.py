"""Money (plan 三(二)3, 三(三)4, 四(七), 四(八)), bases and associations (四(四), 四(六)), and work without a number (三)."""

from collections import Counter, defaultdict
from collections.abc import Container
from typing import Any, TypeVar, cast

from shared.contracts.base import Fact
from shared.contracts.finance import (
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    SubsidyPaid,
    SupportFundPaid,
    SupportFundRaised,
    TaxReliefGranted,
)
from shared.contracts.registry import (
    AssociationDissolved,
    AssociationFounded,
    AssociationMemberJoined,
    EntityFollowedUp,
    PolicyIssued,
    PolicyRepealed,
    ProjectCollected,
    ProjectDisplayed,
    ProjectMatched,
    ServicePlatformChanged,
    ServicePlatformOpened,
    VenueClosed,
    VenueOpened,
)
from shared.contracts.training import CourseOpened, InternshipCompleted, InternshipStarted, TraineeCompleted, TraineeEnrolled
from shared.days import add_months
from shared.units import unit_kind
from tests.support.oracle.facts import Dated
from tests.support.oracle.figure import Variants, count, of_cohort, share
from tests.support.oracle.once import once
from tests.support.oracle.units import Place, place_of
from tests.support.oracle.world import Sorted, World


def is_county(unit: str) -> bool:
    """Whether the figures of the county alone apply."""
    return unit_kind(unit) == "county"


def fen(world: World, unit: str, kind: type[Fact], *, ever: bool = False) -> int:
    """Σ of what facts of one class moved, in the window or ever, up to E; the county takes those without a place too."""
    facts = world.of(kind) if is_county(unit) else world.at(unit, kind)
    return sum(cast(Any, dated.fact).amount_fen for dated in facts if ever or world.in_year(dated.occurred))


def guarantee_fund(world: World, unit: str) -> Variants:
    """Contributed − withdrawn up to E, whole and by source."""
    if not is_county(unit):
        return {}
    held: Counter[str] = Counter()
    for contributed in world.of(GuaranteeFundContributed):
        held[contributed.fact.origin] += contributed.fact.amount_fen
    for withdrawn in world.of(GuaranteeFundWithdrawn):
        held[withdrawn.fact.origin] -= withdrawn.fact.amount_fen
    origins = ("county_budget", "higher_budget", "bank", "enterprise", "donation", "other")
    return {("default", None): count(sum(held.values()))} | {("default", origin): count(held[origin]) for origin in origins}


def graduate_fund(world: World, unit: str) -> Variants:
    """Raised in the window (grants do not reduce it). `balance`: raised − granted, ever."""
    if not is_county(unit):
        return {}
    balance = fen(world, unit, GraduateFundRaised, ever=True) - fen(world, unit, GraduateFundGranted, ever=True)
    return {("default", None): count(fen(world, unit, GraduateFundRaised)), ("balance", None): count(balance)}


def support_fund(world: World, unit: str) -> Variants:
    """Raised in the window, for the county alone. `paid`."""
    rows: Variants = {("paid", None): count(fen(world, unit, SupportFundPaid))}
    if is_county(unit):
        rows["default", None] = count(fen(world, unit, SupportFundRaised))
    return rows


def tax_relief(world: World, unit: str) -> Variants:
    """Granted in the window."""
    return {("default", None): count(fen(world, unit, TaxReliefGranted))}


def subsidies(world: World, unit: str) -> Variants:
    """Fen paid in the window, and distinct persons they were paid for; both whole and by kind."""
    paid = [dated.fact for dated in world.at(unit, SubsidyPaid) if world.in_year(dated.occurred)]
    rows: Variants = {}
    for kind in (None, "training", "start_up", "interest"):
        of_kind = [fact for fact in paid if kind in {None, fact.subsidy_kind}]
        rows["default", kind] = count(sum(fact.amount_fen for fact in of_kind))
        rows["persons", kind] = count(len({person for fact in of_kind for person in fact.persons}))
    return rows


@once
def _open_bases(world: World) -> Sorted[str]:
    opened = {dated.fact.venue: dated for dated in world.of(VenueOpened)}
    closed = {
        dated.fact.venue for dated in world.of(VenueClosed)
        if dated.fact.venue in opened and dated.occurred >= opened[dated.fact.venue].occurred
    }  # fmt: skip
    return Sorted(
        (venue, world.units.where(place_of(dated.fact))) for venue, dated in opened.items()
        if venue not in closed and dated.fact.venue_kind == "internship_base"
    )  # fmt: skip


@once
def _internships_completed(world: World) -> Sorted[InternshipCompleted]:
    started = {dated.fact.internship: place_of(dated.fact) for dated in world.ever(InternshipStarted)}
    completed = [dated.fact for dated in world.of(InternshipCompleted) if world.in_year(dated.occurred)]
    return world.sorted(completed, lambda fact: started.get(fact.internship))


def internship_bases(world: World, unit: str) -> Variants:
    """Open at E. `retention`: retained ÷ internships completed in the window, at the place of their start."""
    completed = _internships_completed(world).at(unit)
    retained = [fact for fact in completed if fact.retained]
    return {("default", None): count(len(_open_bases(world).at(unit))), ("retention", None): share(len(retained), len(completed))}


@once
def _standing_associations(world: World) -> dict[str, Place]:
    dissolved = {dated.fact.association for dated in world.of(AssociationDissolved)}
    founded = world.of(AssociationFounded)
    return {dated.fact.association: place_of(dated.fact) for dated in founded if dated.fact.association not in dissolved}


@once
def _members(world: World) -> Sorted[Dated[AssociationMemberJoined]]:
    standing = _standing_associations(world)
    return world.sorted(world.of(AssociationMemberJoined), lambda dated: standing.get(dated.fact.association))


def associations(world: World, unit: str) -> Variants:
    """Founded and not dissolved at E, where they were founded. `by_township`: of each township. `members`: who joined existing ones."""

    def existing(of: str) -> int:
        return sum(1 for place in _standing_associations(world).values() if of in world.units.where(place))

    rows: Variants = {("default", None): count(existing(unit)), ("members", None): count(len(_members(world).at(unit)))}
    if is_county(unit):
        rows |= {("by_township", township): count(existing(township)) for township in world.units.existing(unit, "township")}
    return rows


def policies(world: World, unit: str) -> Variants:
    """Kinds with a policy in force at E, of five. A policy counts for its issuer alone (its unit, else its park), and does not roll up."""
    if not is_county(unit):
        return {}
    repealed = {dated.fact.policy for dated in world.of(PolicyRepealed)}
    in_force = [
        dated.fact for dated in world.of(PolicyIssued)
        if dated.fact.policy not in repealed and (dated.fact.unit or dated.fact.park) == unit
    ]  # fmt: skip
    return {("default", None): count(len({fact.policy_kind for fact in in_force}))}


@once
def _stages(world: World) -> Sorted[tuple[str, list[str]]]:
    """What trainees did in the window: the stage, and the parts that it counts in."""
    courses = {dated.fact.course: dated.fact for dated in world.ever(CourseOpened)}
    categories = {(dated.fact.course, dated.fact.person): dated.fact.categories for dated in world.ever(TraineeEnrolled)}
    taken: list[tuple[str, Dated[TraineeEnrolled] | Dated[TraineeCompleted]]] = [("enrolled", dated) for dated in world.of(TraineeEnrolled)]
    for dated in world.of(TraineeCompleted):
        taken.append(("completed", dated))
        if dated.fact.passed:
            taken.append(("passed", dated))

    def parts(stage: str, course: CourseOpened, person: str) -> list[str]:
        of = categories.get((course.course, person)) or ("none",)
        return [f"{stage}|{course.course_kind}|{course.programme or 'none'}|{category}" for category in of]

    return Sorted(
        ((stage, parts(stage, courses[each.fact.course], each.fact.person)), world.units.where(place_of(each.fact)))
        for stage, each in taken
        if each.fact.course in courses and world.in_year(each.occurred)
    )


def trainings(world: World, unit: str) -> Variants:
    """Person-times enrolled, completed and passed in the window in courses of every kind, a part each; then a part for each stage, kind,
    programme and category (as of the enrolment in that course; `none` without any) that somebody is of. No whole.
    """
    here = _stages(world).at(unit)
    stages = Counter(stage for stage, _ in here)
    split = Counter(part for _, parts in here for part in parts)
    rows: Variants = {("default", stage): count(stages[stage]) for stage in ("enrolled", "completed", "passed")}
    return rows | {("default", part): count(number) for part, number in split.items()}


def platforms(world: World, unit: str) -> Variants:
    """Units with a platform in service at E, their own or a predecessor's ÷ units, by level (townships with parks, communities with
    villages); and those with staff, on the network, in the budget, with a guidance window. A changed platform has what its latest change
    since the opening says.
    """
    if not is_county(unit):
        return {}
    rows: Variants = {}
    levels = {"county": ("county",), "township": ("township", "park"), "community_or_village": ("community", "village")}
    has: dict[tuple[str, str], set[str]] = defaultdict(set)
    for opened in world.of(ServicePlatformOpened):
        latest: ServicePlatformOpened | ServicePlatformChanged = opened.fact
        for changed in world.of(ServicePlatformChanged):
            if changed.fact.platform == opened.fact.platform and changed.occurred >= opened.occurred:
                latest = changed.fact
        if isinstance(latest, ServicePlatformChanged) and not latest.in_service:
            continue
        code, of_level = opened.fact.unit or opened.fact.park, opened.fact.level
        assert code is not None
        at = world.units.answering(code)
        has["default", of_level] |= at
        for aspect, true in (
            ("staffed", latest.full_time_staff > 0), ("networked", latest.networked), ("budgeted", latest.budgeted),
            ("guidance_window", latest.guidance_window),
        ):  # fmt: skip
            if true:
                has[aspect, of_level] |= at
    for aspect in ("default", "staffed", "networked", "budgeted", "guidance_window"):
        for level, kinds in levels.items():
            existing = world.units.existing(unit, *kinds)
            rows[aspect, level] = share(len(has[aspect, level].intersection(existing)), len(existing))
    return rows


def projects(world: World, unit: str) -> Variants:
    """Collected, displayed (where they were collected) and matched (where the match says) in the window; of projects collected."""
    rows: Variants = {}
    for variant in ("default", "high_tech"):
        for stage, places in _projects_of_the_year(world, high_tech=variant == "high_tech").items():
            rows[variant, stage] = count(len(places.at(unit)))
    return rows


@once
def _projects_of_the_year(world: World, *, high_tech: bool) -> dict[str, Sorted[Place]]:
    collected = [dated.fact for dated in world.ever(ProjectCollected)]
    counted = {fact.project: place_of(fact) for fact in collected if fact.high_tech or not high_tech}
    places = {
        "collected": [place_of(dated.fact) for dated in _of_the_year(world, ProjectCollected, counted)],
        "displayed": [counted[dated.fact.project] for dated in _of_the_year(world, ProjectDisplayed, counted)],
        "matched": [place_of(dated.fact) for dated in _of_the_year(world, ProjectMatched, counted)],
    }
    return {stage: world.sorted(held, lambda place: place) for stage, held in places.items()}


P = TypeVar("P", ProjectCollected, ProjectDisplayed, ProjectMatched)


def _of_the_year(world: World, kind: type[P], projects: Container[str]) -> list[Dated[P]]:
    return [dated for dated in world.of(kind) if world.in_year(dated.occurred) and dated.fact.project in projects]


def follow_up(world: World, unit: str) -> Variants:
    """Entities under one year old at E, whatever has become of them, followed up since their registration ÷ such entities."""
    young = [
        entity for entity in world.registered.at(unit) if world.day < add_months(entity.registered, 12)
    ]  # fmt: skip
    asked = [
        entity for entity in young
        if any(isinstance(dated.fact, EntityFollowedUp) and dated.occurred >= entity.registered for dated in entity.facts)
    ]  # fmt: skip
    return {("default", None): of_cohort(len(asked), len(young), len(young))}
