"""A person's way through courses of every kind: enrolled, completed, passed, by kind, programme and category."""

import ibis
from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import ORDER, Facts, Rows
from services.indicators.audit.relational.shape import rows
from shared.contracts.training import CourseOpened, TraineeCompleted, TraineeEnrolled

NONE = "none"
"""Where a course belongs to no programme, or no category of a person is known."""


def _training(facts: Facts) -> Table:
    """Enrolled in, completed or passed a course (各类培训): a row for each of the person's categories as of the enrolment, the first of
    which is `counted`.
    """
    enrolled, completed = facts.of(TraineeEnrolled), facts.of(TraineeCompleted)
    reached = {"enrolled": enrolled, "completed": completed, "passed": completed.filter(_.passed)}
    steps = ibis.union(
        *(each.select("person", "course", "unit", "park", *ORDER, stage=ibis.literal(stage)) for stage, each in reached.items())
    )
    courses = facts.of(CourseOpened).select("course", "course_kind", programme=_.programme.fill_null(NONE))
    known = enrolled.filter(_.categories.length() > 0).select("person", "course", "categories")
    steps = steps.join(courses, "course").left_join(known, ["person", "course"])
    steps = steps.mutate(categories=ibis.coalesce(_.categories, ibis.array([NONE])))
    each = steps.mutate(first=_.categories[0], category=_.categories.unnest())
    return rows(
        each, "person", "stage", "course_kind", "programme", "category", counted=each.category == each.first,
        split=each.stage + "|" + each.course_kind + "|" + each.programme + "|" + each.category,
    )  # fmt: skip


TRAINING_ROWS: dict[str, Rows] = {"training": _training}
