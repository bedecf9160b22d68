"""二(二): worked examples."""

from deploy.worked_examples.example import VILLAGE, VILLAGE_B, Example
from deploy.worked_examples.facts import (
    closes,
    completes,
    course,
    employs,
    enrols,
    founds,
    guides,
    head_count,
    leaves,
    lets_go,
    moves,
    publishes,
    then,
)

EMPLOYMENT = (
    Example(
        "employment_contribution",
        (
            publishes("2025-07-05", "new_employment", 10, "2025-06-30"), founds("2025-01-01", 1, 1, 2), founds("2023-01-01", 2, 3),
            founds("2025-03-01", 3, 3), employs("2025-02-01", 1, 11), employs("2025-02-01", 1, 12), lets_go("2025-06-01", 1, 12),
            employs("2025-07-01", 1, 13),
        ),
        (
            then("default", "3/10", "P1 P2 + P11"),
            then("gross", "5/10", "P1 P2 P3 + P11 P12"),
            then("default", "3/?", "P1 P2 + P11", as_of="2025-06-29"),
        ),
    ),
    Example(
        "trained_and_guided",
        (
            course(), completes("2025-01-01", 1), guides("2025-03-01", 1), guides("2025-12-31", 1), guides("2025-03-03", 2),
            guides("2024-12-31", 3), completes("2026-01-01", 4),
        ),
        (
            then("default", "3", "P1 + P1 P2"),
            then("union", "2", "P1 P2"),
            then("person_times", "4", "1 + 3"),
        ),
    ),
    Example(
        "trained",
        (
            course(), course("C2"), course("C3", "skill"), enrols("2025-01-01", 1), enrols("2025-12-31", 2, "C2"),
            enrols("2025-02-01", 3, "C3"), completes("2025-02-28", 1), completes("2025-03-01", 1, "C2"),
            completes("2025-12-31", 2, "C2", passed=False), completes("2025-03-01", 3, "C3"), completes("2024-12-31", 5),
            completes("2026-01-01", 6, "C2"),
        ),
        (
            then("default", "1", "P1"),
            then("enrolled", "2", "P1 P2"),
            then("completed", "2", "P1 P2"),
            then("person_times", "2", "P1 C1, P1 C2"),
        ),
    ),
    Example(
        "guided",
        (
            guides("2025-01-01", 1), guides("2025-12-31", 1), guides("2025-06-01", 2), guides("2024-12-31", 3), guides("2026-01-01", 4),
        ),
        (then("default", "2", "P1 P2"), then("person_times", "3", "P1 P1 P2")),
    ),
    Example(
        "training_guidance_ratio",
        (course(), completes("2025-02-01", 1), guides("2025-03-01", 1), guides("2025-03-02", 2)),
        (then("default", "2/1", "P1 P2 ÷ P1"), then("default", "0/0", as_of="2025-01-31")),
    ),
    Example(
        "successful_starts",
        (
            guides("2024-05-01", 1), founds("2025-01-01", 1, 1), guides("2025-03-01", 2), founds("2025-03-01", 2, 2),
            founds("2025-03-02", 3, 3), guides("2025-03-03", 3), guides("2023-01-01", 4), founds("2024-12-31", 4, 4),
            founds("2025-06-01", 5, 4), closes("2025-12-31", 2),
        ),
        (
            then("default", "2", "P1 P2"),
            then("all_founders", "4", "P1 P2 P3 P4"),
            then("operating", "1", "P1"),
            then("operating", "2", "P1 P2", as_of="2025-12-30"),
        ),
    ),
    Example(
        "jobs_brought",
        (
            guides("2024-05-01", 1), founds("2025-02-01", 1, 1), founds("2025-03-01", 2, 3), founds("2024-12-31", 3, 4),
            employs("2025-03-01", 1, 1), employs("2025-03-01", 1, 11), employs("2025-03-01", 1, 12), lets_go("2025-12-31", 1, 12),
            head_count("2025-04-01", 2, 6), head_count("2025-05-01", 2, 4), employs("2025-03-01", 3, 13),
        ),
        (
            then("default", "5", "P11 + 4"),
            then("default", "6", "P11 P12 + 4", as_of="2025-12-30"),
            then("gross", "8", "P11 P12 + 6"),
            then("helped", "1", "P11"),
        ),
    ),
    Example(
        "jobs_brought",
        (
            founds("2025-02-01", 1, 1), head_count("2025-03-01", 1, 5), moves("2025-04-01", 1, VILLAGE_B), head_count("2025-04-01", 1, 7),
            leaves("2025-06-01", 1), head_count("2025-06-02", 1, 9),
        ),
        (
            then("gross", "7", "E1"),
            then("gross", "7", "E1", unit=VILLAGE_B),
            then("gross", "0", unit=VILLAGE),
            then("gross", "5", "E1", unit=VILLAGE, as_of="2025-03-31"),
            then("default", "0"),
        ),
    ),
    Example(
        "job_multiplier",
        (
            guides("2024-05-01", 1), founds("2025-02-01", 1, 1, 2), founds("2025-03-01", 2, 3), head_count("2025-06-01", 1, 6),
            head_count("2025-06-01", 2, 2),
        ),
        (
            then("default", "6/1", "E1 ÷ P1"),
            then("all_jobs", "8/1", "E1 E2 ÷ P1"),
            then("per_entity", "8/2", "E1 E2 ÷ E1 E2"),
        ),
    ),
)  # fmt: skip
