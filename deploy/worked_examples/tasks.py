"""四, 六: worked examples of measures with numbers."""

from decimal import Decimal

from deploy.worked_examples.example import COMMUNITY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, Example, Given
from deploy.worked_examples.facts import FEN, case, lends, on, opens_venue, owes, then
from shared.contracts.finance import CreditCommunityRated, LoanCompensated, LoanDisbursed, LoanRepaid, LoanWrittenOff
from shared.contracts.registry import GreenChannelClosed, GreenChannelOpened, UnitPlanSubmitted, VenueClosed, VenueResized


def _rated(when: str, code: str, rate: str) -> Given:
    return on(when, CreditCommunityRated(code=code, lending_fen=1, recovery_rate=Decimal(rate)))


TASKS = (
    Example(
        "green_channel_on_time",
        (
            *case("A", "2025-03-01", "2025-03-10", "2025-03-10"), *case("B", "2025-03-01", "2025-03-10", "2025-03-12"),
            *case("C", "2025-12-20", "2025-12-31"), *case("D", "2025-12-20", "2026-01-01"),
            *case("E", "2024-12-01", "2024-12-31", "2025-01-01"), on("2025-02-01", GreenChannelOpened(channel="L1", unit=TOWN)),
            on("2025-02-01", GreenChannelOpened(channel="L2", unit=TOWN)), on("2025-02-01", GreenChannelOpened(channel="L3", park=PARK)),
            on("2025-12-31", GreenChannelClosed(channel="L3")),
        ),
        (
            then("default", "1/3", "A ÷ A B C"),
            then("default", "1/2", "A ÷ A B", as_of="2025-12-30"),
            then("days", "11", "A 9, B 11, E 31", part="median"),
            then("days", "31", "A 9, B 11, E 31", part="p90"),
            then("units", "1", "甲乡"),
            then("units", "2", "甲乡 甲园区", as_of="2025-12-30"),
        ),
    ),
    Example(
        "credit_communities",
        (_rated("2025-01-01", COMMUNITY, "0.95"), _rated("2025-06-01", VILLAGE, "0.96"), _rated("2025-06-01", VILLAGE_2, "0.9499")),
        (
            then("default", "1/1", "甲社区"),
            then("default", "0/0", unit=TOWN_B),
            then("with_villages", "2/4", "甲社区 甲村"),
        ),
    ),
    Example(
        "credit_communities",
        (_rated("2024-12-31", COMMUNITY, "0.95"),),
        (then("default", "1/1", "甲社区", as_of="2025-12-30"), then("default", "0/1")),
    ),
    Example(
        "loans",
        (
            *lends("2025-01-01", "L1", 1000, 1, 2), *lends("2025-12-31", "L2", 500, 1), *lends("2024-12-31", "L3", 700, 3),
            on("2025-05-01", LoanDisbursed(loan="L3", tranche=2, amount_fen=200 * FEN)), *lends("2025-06-01", "L4", 900, enterprise=1),
            *lends("2025-07-01", "L5", 300, 4, undated=True),
        ),
        (
            then("default", "3", "L1 P1 P2, L2 P1", incomplete=1),
            then("default", "2", "L1 P1 P2", as_of="2025-12-30", incomplete=1),
            then("persons", "2", "P1 P2", incomplete=1),
            then("amount", "170000", "L1 1000 + L2 500 + L3 200 元/yuan", incomplete=1),
            then("enterprise", "1", "L4"),
        ),
    ),
    Example(
        "loan_recovery",
        (
            *lends("2025-01-02", "L1", 1200, 1), owes("2025-01-02", "L1", 1, "2025-06-30", 400),
            owes("2025-01-02", "L1", 2, "2025-12-31", 400), owes("2025-01-02", "L1", 3, "2026-06-30", 400),
            on("2025-06-30", LoanRepaid(loan="L1", receipt="R1", principal_fen=300 * FEN)),
            on("2025-09-01", LoanCompensated(loan="L1", amount_fen=100 * FEN)),
        ),
        (
            then("default", "30000/80000", "300 ÷ (400 + 400) 元/yuan"),
            then("default", "30000/40000", "300 ÷ 400 元/yuan", as_of="2025-12-30"),
            then("overdue", "40000/80000", "(400 + 400 − 300 − 100) ÷ (1200 − 300 − 100) 元/yuan"),
            then("overdue", "0/80000", "(400 − 300 − 100) ÷ (1200 − 300 − 100) 元/yuan", as_of="2025-12-30"),
            then("overdue", "10000/90000", "(400 − 300) ÷ (1200 − 300) 元/yuan", as_of="2025-08-31"),
            then("compensated", "10000/80000", "100 ÷ (1200 − 300 − 100) 元/yuan"),
        ),
    ),
    Example(
        "loan_recovery",
        (
            *lends("2025-01-02", "L1", 1200, 1), owes("2025-01-02", "L1", 1, "2025-06-30", 400),
            owes("2025-01-02", "L1", 2, "2025-12-31", 400), on("2025-03-01", LoanWrittenOff(loan="L1", amount_fen=500 * FEN)),
        ),
        (
            then("overdue", "0/70000", "÷ (1200 − 500) 元/yuan", as_of="2025-12-30"),
            then("overdue", "30000/70000", "(400 + 400 − 500) ÷ (1200 − 500) 元/yuan"),
            then("default", "0/80000"),
        ),
    ),
    Example(
        "incubator_area",
        (
            opens_venue("2024-05-01", "V1", "incubator", 300, park=PARK), opens_venue("2025-01-01", "V2", "incubator", 200, park=PARK_2),
            opens_venue("2025-01-01", "V3", "incubator", 100, park=PARK, within="V1"), opens_venue("2025-01-01", "V4", "incubator", 900),
            on("2025-12-31", VenueResized(venue="V2", area_m2=250)),
        ),
        (
            then("default", "550", "V1 300 + V2 250"),
            then("default", "500", "V1 300 + V2 200", as_of="2025-12-30"),
            then("each", "250", "V2"),
        ),
    ),
    Example(
        "parks_with_incubator",
        (
            opens_venue("2024-05-01", "V1", "incubator", 300, park=PARK), opens_venue("2025-01-01", "V2", "incubator", 200, park=PARK_2),
            on("2025-12-31", VenueClosed(venue="V2")),
        ),
        (then("default", "1", "甲园区"), then("default", "2", "甲园区 乙园区", as_of="2025-12-30")),
    ),
    Example(
        "parks_with_incubator",
        (
            opens_venue("2025-01-01", "V1", "incubator", 0, park=PARK), opens_venue("2025-01-01", "V2", "incubator", 0, park=PARK_2),
            on("2025-12-31", VenueResized(venue="V2", area_m2=1)),
        ),
        (then("default", "1", "乙园区"), then("default", "0", as_of="2025-12-30")),
    ),
    Example(
        "start_up_park_area",
        (
            opens_venue("2025-12-31", "V1", "start_up_park", 9000), opens_venue("2025-12-31", "V2", "start_up_park", 1000, within="V1"),
            opens_venue("2025-02-01", "V3", "start_up_park", 500, park=PARK), opens_venue("2025-02-01", "V4", "incubator", 800, park=PARK),
        ),
        (then("default", "9500", "V1 V3"), then("default", "500", "V3", as_of="2025-12-30"), then("default", "500", "V3", unit=PARK)),
    ),
    Example(
        "plans_submitted",
        tuple(
            on(when, UnitPlanSubmitted(code=code))
            for when, code in (("2025-03-15", TOWN), ("2025-03-16", TOWN_B), ("2024-12-31", PARK), ("2025-01-01", PARK_2))
        ),
        (
            then("default", "2", "甲乡 乙园区"),
            then("default", "1", "乙园区", as_of="2025-03-14"),
            then("default", "2", "甲乡 乙园区", as_of="2025-03-15"),
            then("with_late", "3", "甲乡 乙乡 乙园区", as_of="2025-03-16"),
        ),
    ),
)  # fmt: skip
