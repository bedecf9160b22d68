"""二(三): worked examples."""

from deploy.worked_examples.example import TOWN_B, VILLAGE, Example
from deploy.worked_examples.facts import checked, closes, founds, guides, happens, head_count, leaves, publishes, then
from shared.contracts.registry import EntityLicenceRevoked, EntityRestored


def _survivors(years: int) -> Example:
    """Two enterprises and a business that fall due in 2025, two or three years after they were registered."""
    born = 2025 - years
    return Example(
        f"survival_{years}y",
        (
            founds(f"{born}-03-01", 1, 1), founds(f"{born}-04-01", 2, 2), founds(f"{born}-05-01", 3, 3, kind="individual_business"),
            founds(f"{born - 1}-12-31", 4, 4), happens("2025-03-31", EntityLicenceRevoked, 2), checked("2025-02-01", 1, operating=True),
            closes("2025-06-01", 1),
        ),
        (
            then("default", "1/2", "E1 ÷ E1 E2"),
            then("default", "1/2", part=str(born)),
            then("default", "2/3", "E1 E4 ÷ E1 E2 E4", as_of="2025-12-30"),
            then("with_businesses", "2/3", "E1 E3 ÷ E1 E2 E3"),
            then("operating", "1/1", "E1 ÷ E1", incomplete=1),
            then("snapshot", "0/2", "÷ E1 E2"),
        ),
    )  # fmt: skip


GROWTH = (
    Example(
        "new_enterprises",
        (
            founds("2024-12-31", 1, 1), founds("2025-01-01", 2, 2), founds("2025-05-01", 3, 3, kind="individual_business"),
            founds("2025-12-31", 4, 4), founds("2026-01-01", 5, 5), founds("2026-12-31", 6, 6), founds("2027-01-01", 7, 7),
        ),
        (
            then("default", "2", "E2 E4"),
            then("default", "1", "E2", as_of="2025-12-30"),
            then("default", "2", "E2 E4", as_of="2026-01-01"),
            then("yearly_average", "2/1", "E2 E4"),
            then("yearly_average", "3/2", "E2 E4 E5", as_of="2026-01-01"),
            then("yearly_average", "4/2", "E2 E4 E5 E6", as_of="2026-12-31"),
            then("yearly_average", "4/2", "E2 E4 E5 E6", as_of="2027-01-01"),
        ),
    ),
    Example(
        "new_individual_businesses",
        (
            founds("2024-12-31", 1, 1, kind="individual_business"), founds("2025-01-01", 2, 2, kind="individual_business"),
            founds("2025-05-01", 3, 3), founds("2025-12-31", 4, 4, kind="individual_business"),
            founds("2026-12-31", 5, 5, kind="individual_business"),
        ),
        (then("default", "2", "E2 E4"), then("yearly_average", "3/2", "E2 E4 E5", as_of="2026-12-31")),
    ),
    Example(
        "enterprise_growth",
        (
            founds("2021-05-01", 1, 1), founds("2021-05-01", 2, 2), closes("2024-12-31", 2),
            founds("2022-05-01", 3, 3, kind="individual_business"), guides("2025-01-01", 4), founds("2025-01-01", 4, 4),
            founds("2025-06-01", 5, 5, kind="individual_business"), founds("2025-12-31", 6, 6),
            publishes("2025-01-20", "enterprises_existing", 8, "2024-12-31"),
        ),
        (
            then("default", "2/8", "E4 E6"),
            then("default", "2/1", "E4 E6 ÷ E1", unit=VILLAGE),
            then("default", "0/?", unit=TOWN_B),
            then("with_businesses", "3/2", "E4 E5 E6 ÷ E1 E3"),
            then("helped", "1/8", "E4"),
        ),
    ),
    Example(
        "survival_1y",
        (
            founds("2024-02-29", 1, 1), founds("2024-05-10", 2, 2), founds("2024-06-01", 3, 3), founds("2024-07-01", 4, 4),
            founds("2024-03-01", 5, 5, kind="individual_business"), founds("2023-12-31", 6, 6), checked("2025-02-28", 1, operating=True),
            closes("2025-12-31", 1), closes("2025-05-10", 2), leaves("2025-05-31", 3), happens("2025-01-01", EntityLicenceRevoked, 4),
            checked("2025-01-02", 4, operating=False), happens("2025-07-01", EntityRestored, 4),
        ),
        (
            then("default", "2/3", "E1 E4 ÷ E1 E2 E4"),
            then("default", "2/3", part="2024"),
            then("default", "3/4", "E1 E4 E6 ÷ E1 E2 E4 E6", as_of="2025-12-30"),
            then("default", "1/1", "E6", as_of="2025-02-27"),
            then("default", "2/2", "E1 E6", as_of="2025-02-28"),
            then("with_businesses", "3/4", "E1 E4 E5 ÷ E1 E2 E4 E5"),
            then("operating", "1/2", "E1 ÷ E1 E4", incomplete=1),
            then("snapshot", "1/3", "E4 ÷ E1 E2 E4"),
            then("snapshot", "3/4", "E1 E4 E6 ÷ E1 E2 E4 E6", as_of="2025-12-30"),
        ),
    ),
    Example(
        "survival_1y",
        (
            founds("2024-05-01", 1, 1), founds("2024-05-01", 2, 2), founds("2024-05-01", 3, 3), founds("2024-05-01", 4, 4),
            head_count("2025-04-30", 1, 0), checked("2025-03-01", 2, operating=True), head_count("2025-04-30", 2, 0),
            checked("2025-03-01", 3, operating=False), head_count("2025-04-30", 3, 1), checked("2025-03-01", 4, operating=False),
        ),
        (
            then("operating", "2/3", "E2 E3 ÷ E2 E3 E4", incomplete=1),
            then("default", "4/4", "E1 E2 E3 E4"),
        ),
    ),
    _survivors(2),
    _survivors(3),
)  # fmt: skip
