"""二(四): worked examples."""

from deploy.worked_examples.example import Example
from deploy.worked_examples.facts import (
    case,
    completes,
    course,
    employs,
    founds,
    guides,
    happens,
    on,
    opens_venue,
    replies,
    survey,
    then,
)
from shared.contracts.registry import EntitySuspended, PolicyImplementationChecked, VenueClosed, VenueResized

ENVIRONMENT = (
    Example(
        "environment_satisfaction",
        (
            *survey(
                "S1", "2025-06-30", replies("2025-03-01", "S1", 1, "学生", overall=1), replies("2025-03-02", "S1", 1, "学生", overall=5),
                replies("2025-03-01", "S1", 2, "创业者", overall=4), replies("2025-03-01", "S1", 3, "创业者", overall=3),
            ),
            *survey("S2", "2025-07-31", replies("2025-03-01", "S2", 4, "创业者", overall=1), population="served"),
        ),
        (
            then("default", "2/3", "P1 P2 ÷ P1 P2 P3"),
            then("default", "", as_of="2025-06-29"),
            then("by_group", "1/1", "P1", part="学生"),
            then("by_group", "1/2", "P2 ÷ P2 P3", part="创业者"),
        ),
    ),
    Example(
        "service_satisfaction",
        survey(
            "S1", "2025-12-31", replies("2025-03-01", "S1", 1, None, ("小额贷款", 4), ("创业培训", 3), service=5),
            replies("2025-03-01", "S1", 2, None, ("小额贷款", 5), service=2),
        ),
        (
            then("default", "1/2", "P1 ÷ P1 P2"),
            then("default", "", as_of="2025-12-30"),
            then("by_service", "2/2", "P1 P2", part="小额贷款"),
            then("by_service", "0/1", "÷ P1", part="创业培训"),
        ),
    ),
    Example(
        "start_up_cost",
        (
            founds("2024-12-31", 1, 1, cost_yuan=900), founds("2025-01-01", 2, 2, cost_yuan=300), founds("2025-12-31", 3, 3, cost_yuan=101),
            founds("2025-06-01", 4, 4), *case("A", "2025-01-10", "2025-01-20", "2025-01-12"),
            *case("B", "2024-12-27", "2025-01-20", "2025-01-01"), *case("C", "2024-12-01", "2025-01-20", "2024-12-31"),
            *survey("S1", "2025-06-30", replies("2025-03-01", "S1", 1, cost=4), replies("2025-03-01", "S1", 2, cost=2)),
        ),
        (
            then("default", "40100/2", "E2 E3", incomplete=1),
            then("days", "7/2", "A 2 + B 5"),
            then("satisfied_with_cost", "1/2", "P1 ÷ P1 P2"),
        ),
    ),
    Example(
        "initial_success",
        (
            guides("2025-02-28", 1), founds("2025-08-28", 1, 1), guides("2025-02-28", 2), founds("2025-08-29", 2, 2),
            founds("2024-01-01", 3, 3), guides("2025-03-01", 3), guides("2025-08-31", 4), guides("2024-06-30", 5),
        ),
        (
            then("default", "1/2", "P1 ÷ P1 P2"),
            then("default", "1/3", "P1 ÷ P1 P2 P5", as_of="2025-12-29"),
            then("default", "0/1", "÷ P5", as_of="2025-08-27"),
        ),
    ),
    Example(
        "success_after_training",
        (
            course(), completes("2025-02-28", 1), completes("2025-02-28", 2), completes("2025-02-28", 3), founds("2025-08-28", 1, 1),
            founds("2025-08-29", 2, 2), founds("2025-02-28", 3, 3), completes("2025-12-31", 4), founds("2026-01-01", 4, 4),
            guides("2025-03-01", 1), guides("2025-03-01", 5),
        ),
        (
            then("default", "1/2", "P1 ÷ P1 P2"),
            then("default", "0/0", as_of="2025-08-27"),
            then("current_period", "2/4", "P1 P2 ÷ P1 P2 P3 P4"),
            then("over_helped", "3/6", "P1 P2 P3 ÷ (P1 P2 P3 P4 + P1 P5)"),
        ),
    ),
    Example(
        "activity_employment",
        (
            founds("2021-01-05", 1, 9), guides("2025-01-01", 1), employs("2025-12-31", 1, 1), guides("2024-12-31", 2),
            guides("2025-06-01", 3), founds("2025-07-01", 2, 3), happens("2025-12-31", EntitySuspended, 2),
        ),
        (
            then("default", "1/2", "P1 ÷ P1 P3"),
            then("default", "1/3", "P3 ÷ P1 P2 P3", as_of="2025-12-30"),
        ),
    ),
    Example(
        "policy_completeness",
        (
            on("2025-03-01", PolicyImplementationChecked(item="A", points=2, possible=5)),
            on("2025-09-01", PolicyImplementationChecked(item="A", points=4, possible=5)),
            on("2024-06-01", PolicyImplementationChecked(item="B", points=3, possible=5)),
            *survey(
                "S1", "2025-06-30", replies("2025-03-01", "S1", 1, policy=5), replies("2025-03-01", "S1", 2, policy=4),
                replies("2025-03-01", "S1", 3, policy=1),
            ),
        ),
        (
            then("default", "7/10", "A 4 + B 3"),
            then("default", "5/10", "A 2 + B 3", as_of="2025-08-31"),
            then("survey", "2/3", "P1 P2 ÷ P1 P2 P3"),
        ),
    ),
    Example(
        "new_venue_area",
        (
            opens_venue("2025-01-01", "V1", "incubator", 300), opens_venue("2025-01-01", "V2", "incubator", 100, within="V1"),
            opens_venue("2024-12-31", "V3", "start_up_park", 500), on("2025-12-31", VenueResized(venue="V3", area_m2=650)),
            opens_venue("2025-03-01", "V4", "internship_base", 900), opens_venue("2025-05-01", "V5", "start_up_street", 200),
            on("2025-12-31", VenueClosed(venue="V5")),
        ),
        (
            then("default", "300", "V1"),
            then("default", "500", "V1 V5", as_of="2025-12-30"),
            then("with_enlargements", "450", "V1 300 + V3 150"),
        ),
    ),
)  # fmt: skip
