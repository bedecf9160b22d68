"""Persons' help and foundings.

**H (helped)** is a pass in start-up training, guidance, a matched project, a tenancy of an entity the person founded, or the first
disbursement of a personal start-up loan, in any year. **Founding** is an entity registered with the person among its founders.
"""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, Facts, Rows
from services.indicators.audit.relational.relations.lives import founders, lives, with_oldest
from services.indicators.audit.relational.relations.loans import first_disbursements
from services.indicators.audit.relational.shape import next_year, rows, truly
from services.indicators.audit.relational.units import with_urban
from shared.contracts.finance import LoanApplied
from shared.contracts.registry import ProjectCollected, ProjectMatched, TenantAdmitted, VenueOpened
from shared.contracts.training import CourseOpened, GuidanceGiven, TraineeCompleted, TraineeEnrolled

PLACED = ("person", "unit", "park", *ORDER)


def _start_up_courses(facts: Facts) -> Table:
    return facts.of(CourseOpened).filter(_.course_kind == "start_up")


def enrolments(facts: Facts) -> Table:
    """Enrolled in start-up training (创业培训报名)."""
    return facts.of(TraineeEnrolled).semi_join(_start_up_courses(facts), "course").select(*PLACED)


def passes(facts: Facts) -> Table:
    """Passed start-up training (创业培训合格)."""
    return facts.of(TraineeCompleted).filter(_.passed).semi_join(_start_up_courses(facts), "course").select(*PLACED)


def guidance(facts: Facts) -> Table:
    """Given start-up guidance (创业指导)."""
    return facts.of(GuidanceGiven).select(*PLACED)


def matches(facts: Facts) -> Table:
    """Matched with a project that was collected (项目对接)."""
    return facts.of(ProjectMatched).semi_join(facts.of(ProjectCollected), "project").select(*PLACED)


def tenancies(facts: Facts) -> Table:
    """An entity was admitted to a venue, which helps those who founded it by then, where the venue stands (入驻)."""
    admitted = with_oldest(facts, facts.of(TenantAdmitted).select("entity", "venue", *ORDER))
    since = facts.shared(lives).select("entity", "registered")
    admitted = admitted.join(since, "entity").filter(_.registered <= _.day).join(facts.shared(founders), "entity")
    return admitted.join(facts.of(VenueOpened).select("venue", "unit", "park"), "venue").select(*PLACED)


def loans_received(facts: Facts) -> Table:
    """First disbursement of a personal start-up loan, to each borrower, where it was applied for (获得创业贷款)."""
    applied = facts.of(LoanApplied).filter(_.loan_kind == "personal").select("loan", "unit", "park", person=_.borrowers.unnest()).distinct()
    return applied.join(facts.shared(first_disbursements).select("loan", *ORDER), "loan").select(*PLACED)


def help(facts: Facts) -> Table:
    """H: every help received (得到帮助)."""
    return ibis.union(*(facts.shared(each) for each in (passes, guidance, matches, tenancies, loans_received)))


def foundings(facts: Facts) -> Table:
    """Every founding by a person: whether it was the `first` ever, and whether there was H on or before its day (`helped`)."""
    founded = facts.shared(founders).join(facts.shared(lives).drop("founders"), "entity")
    helped = facts.shared(help).group_by("person").agg(helped_since=_.day.min())
    found = founded.left_join(helped, "person").drop("person_right")
    first = ibis.row_number().over(group_by="person", order_by=ORDER)
    return found.mutate(first=first == 0, helped=truly(_.helped_since <= _.day)).drop("helped_since")


def helped_entities(facts: Facts) -> Table:
    """The entities of which some founder had H on or before the registration; `successful_start` where it was that one's first founding."""
    helped = facts.shared(foundings).filter(_.helped)
    return helped.group_by("entity").agg(successful_start=_.first.cast("int8").max() == 1)


def _of_persons(compute: Rows) -> Rows:
    def relation(facts: Facts) -> Table:
        return rows(with_urban(facts, facts.shared(compute)), "person", "urban")

    return relation


def _founding(facts: Facts) -> Table:
    return rows(facts.shared(foundings), "person", "entity", "entity_kind", "first", "helped")


def _founding_after_pass(facts: Facts) -> Table:
    """Each founding in the calendar year of a pass, on a later day; it counts where the pass does."""
    passed = facts.shared(passes).select("person", "unit", "park", passed=_.day)
    founded = facts.shared(foundings).select("person", *ORDER)
    later = passed.join(founded, "person").filter(_.passed < _.day, _.day < next_year(_.passed))
    return rows(later, "person")


HELP_ROWS: dict[str, Rows] = {
    "enrolment": _of_persons(enrolments),
    "pass": _of_persons(passes),
    "guidance": _of_persons(guidance),
    "help": _of_persons(help),
    "loan_received": _of_persons(loans_received),
    "founding": _founding,
    "founding_after_pass": _founding_after_pass,
}
