"""How often things happen and how often they go wrong. Everything the simulator can be tuned by is here.

The first half is the *dirt*: what real histories contain (facts weeks late, sent twice, contradicted, voided …). The second half is
the pace of the county's story. Yearly numbers are those of a plan year at `FULL_SIZE` reports, where the plan is roughly just met;
they scale with the number of reports asked for.
"""

from typing import Literal

Dirt = Literal[
    "clean", "late", "overtaken", "resent", "conflicting", "confirming", "contradicting", "voiding", "correcting", "voided_before",
    "malformed", "wrong_check", "unknown_unit", "future_day", "foreign_source", "undated",
]  # fmt: skip
"""What is wrong with a report:
`late` weeks after its day · `overtaken` by the facts that need it · `resent` same id, same content · `conflicting` same id, other
content · `confirming`/`contradicting` the same fact by another system, same/other content · `voiding`, `correcting` another report ·
`voided_before` voids or corrects what is already void, or a void · `malformed` not JSON · `wrong_check` of an entity code ·
`unknown_unit` · `future_day` · `foreign_source` names another department · `undated` a loan disbursed on no stated day."""

DIRT_RATES: dict[Dirt, float] = {
    "late": 0.020, "overtaken": 0.012, "resent": 0.008, "conflicting": 0.002, "confirming": 0.006, "contradicting": 0.002,
    "voiding": 0.004, "correcting": 0.005, "malformed": 0.0015, "wrong_check": 0.0015, "unknown_unit": 0.0015, "future_day": 0.001,
    "foreign_source": 0.0005,
}  # fmt: skip
"""The share of all reports that each kind of dirt strikes. Dirt that cannot strike a report (a wrong check character where no entity
is named) becomes `resent` instead."""
VOIDED_BEFORE_SHARE = 0.15
"""Of the voids, those after which the same fact is voided or corrected once more, or the void itself is voided."""
REGISTERED_ANEW_SHARE = 0.6
"""Of the voided registrations, those reported again later under the same code."""
OFFICE_AMENDS_SHARE = 0.3
"""Of the voids and corrections, those the office (创建办) reports instead of the department."""
MENDED_SHARE = 0.9
"""Of the reports spoiled on the way, those sent again properly under the same id."""
UNDATED_SHARE = 0.015
"""Of the disbursements, those for which the bank gives no day."""
DATED_LATER_SHARE = 0.7
"""Of the undated disbursements, those that get their day by a correction."""

LATE_DAYS = (14, 90)
OVERTAKEN_DAYS = (1, 20)
AMENDED_DAYS = (1, 60)
RESENT_HOURS = (0.01, 72.0)
SECOND_SYSTEM_HOURS = (1.0, 720.0)
REPORTING_LAGS = (0,) * 55 + (1,) * 25 + (2,) * 9 + (3,) * 6 + (5,) * 3 + (8,) * 2
"""Days between a fact and its report, when nothing goes wrong."""

FULL_SIZE = 60_000
"""Reports for which the yearly numbers below are meant."""
YEAR_FACTORS = {-3: 0.20, -2: 0.30, -1: 0.45, 0: 1.0, 1: 1.1}
"""How much begins in each year relative to the plan year; of the year after it, January to March are told."""
QUARTER_REPORTS = (2.8, 5.4, 9.1, 11.6, 14.0, 18.0, 20.5, 21.4, 28.3, 30.7, 34.8, 39.0, 51.9, 70.8, 74.1, 87.7, 80.1)
"""How the reports spread over the quarters told: what has begun goes on, so that their number grows within each year."""
WEEKDAY_PACE = (1.12, 1.12, 1.12, 1.12, 1.12, 0.8, 0.6)
