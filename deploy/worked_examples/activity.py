"""二(一): worked examples."""

from deploy.worked_examples.example import COMMUNITY, TOWN, VILLAGE_2, Example
from deploy.worked_examples.facts import closes, completes, course, enrols, founds, guides, publishes, then

ACTIVITY = (
    Example(
        "activity_index",
        (
            publishes("2025-02-10", "urban_workers", 20, "2025-01-31"), course(), enrols("2025-01-01", 1), completes("2025-04-01", 1),
            guides("2025-12-31", 2, unit=COMMUNITY), guides("2024-12-31", 3, unit=COMMUNITY),
            founds("2023-05-01", 1, 4, 5, unit=VILLAGE_2), founds("2022-01-01", 2, 6), closes("2025-06-30", 2),
            guides("2025-05-05", 7, unit=TOWN),
        ),
        (
            then("default", "5/20", "P1 P2 P4 P5 P7"),
            then("default", "5/20", "P1 P4 P5 P6 P7", as_of="2025-06-29"),
            then("default", "4/?", "P1 P4 P5 P6", as_of="2025-01-01"),
            then("flow", "3/20", "P1 P2 P7"),
            then("urban", "3/20", "P2 P4 P5", incomplete=1),
        ),
    ),
)  # fmt: skip
