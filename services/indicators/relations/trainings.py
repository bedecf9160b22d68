"""A person's way through courses of every kind: enrolled, completed, passed, by kind, programme and category."""

from collections.abc import Iterator
from typing import Any

from services.indicators.history import Content
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.training import CourseOpened, TraineeCompleted, TraineeEnrolled

NONE = "none"
"""Where a course belongs to no programme, or no category of a person is known."""


def _trainings(rows: Rows) -> Iterator[Row]:
    """A row for each category of the person (as of the enrolment) that a fact speaks of; `counted` marks one of them."""
    person = rows.context.subject
    courses = {opened.fact.course: opened.fact for opened in rows.context.view.of(CourseOpened)}
    enrolled = [each for each in rows.context.view.of(TraineeEnrolled) if each.fact.person == person]
    categories = {each.fact.course: each.fact.categories for each in enrolled}
    stages: list[tuple[str, Content[Any]]] = [("enrolled", each) for each in enrolled]
    for each in rows.context.view.of(TraineeCompleted):
        if each.fact.person == person:
            stages += [("completed", each), ("passed", each)] if each.fact.passed else [("completed", each)]
    for stage, each in stages:
        course = courses.get(each.fact.course)
        if course is None:
            continue
        programme = course.programme or NONE
        for number, category in enumerate(categories.get(course.course) or (NONE,)):
            attributes = {
                "stage": stage, "course_kind": course.course_kind, "programme": programme, "category": category, "counted": number == 0,
                "split": f"{stage}|{course.course_kind}|{programme}|{category}",
            }  # fmt: skip
            yield Row(each.day, each.fact.unit, each.fact.park, attributes, order=each.order)


TRAINING_RELATIONS = (
    Relation(
        "training", "person", "event",
        {"stage": "enrolled, completed or passed", "course_kind": "of the course", "programme": "of the course, or none",
         "category": "of the person, or none", "counted": "true on one row of each fact", "split": "all four"},
        _trainings, 1, "Enrolled in, completed or passed a course of any kind (各类培训).",
        (TraineeEnrolled, TraineeCompleted, CourseOpened), (TraineeEnrolled, TraineeCompleted),
    ),
)  # fmt: skip
