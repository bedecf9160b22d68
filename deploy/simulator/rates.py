"""How often things happen and how often they go wrong. Everything the simulator can be tuned by is here.

The first half is the *dirt*: what real histories contain (facts weeks late, sent twice, contradicted, voided …). The second half is
the pace of the county's story. Yearly numbers are those of a plan year at `FULL_SIZE` reports, where the plan is roughly just met;
they scale with the number of reports asked for.
"""

from typing import Literal

Dirt = Literal[
    "clean", "late", "overtaken", "resent", "conflicting", "confirming", "contradicting", "lost_zeros", "voiding", "correcting",
    "voided_before", "unauthorised", "malformed", "mistyped", "wrong_check", "unknown_unit", "gone_unit", "future_day",
    "foreign_source", "undated",
]  # fmt: skip
"""What is wrong with a report:
`late` weeks after its day · `overtaken` by the facts that need it · `resent` same id, same content · `conflicting` same id, other
content · `confirming`/`contradicting` the same fact by another system, same/other content · `lost_zeros` the same fact by the same
system, whose running number lost its leading zeros in a spreadsheet · `voiding`, `correcting` another report · `voided_before` voids or
corrects what is already void, or a void · `unauthorised` voids what another department reported · `malformed` not JSON · `mistyped`
as a spreadsheet makes it: full-width digits, a code that became a number, a day that became one · `wrong_check` of an entity code ·
`unknown_unit` on no roster · `gone_unit` merged or dissolved before that day · `future_day` · `foreign_source` names another
department · `undated` a loan disbursed on no stated day."""

DIRT_RATES: dict[Dirt, float] = {
    "late": 0.020, "overtaken": 0.012, "resent": 0.008, "conflicting": 0.002, "confirming": 0.006, "contradicting": 0.002,
    "lost_zeros": 0.001, "voiding": 0.004, "correcting": 0.005, "unauthorised": 0.0005, "malformed": 0.0015, "mistyped": 0.001,
    "wrong_check": 0.0015, "unknown_unit": 0.0015, "gone_unit": 0.001, "future_day": 0.001, "foreign_source": 0.0005,
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

# Dirt that lies in what is told, not in how it is reported: these reports are `clean`.

OVERLAPPING_SHARE = 0.012
"""Of the trainees, those enrolled in another course that is still going on."""
TRAINEE_MET_SHARE = 0.07
"""Of the trainees, those met before: trained twice one after the other, or after they founded."""
CLAIMED_TWICE_SHARE = 0.012
"""Of the hires, those of somebody whom another entity goes on employing."""
CLOSED_YET_OPERATING_SHARE = 0.03
"""Of the closed entities, those that a later check finds operating."""
RESTORED_SHARE = 0.05
"""Of the deregistered and revoked, those restored within months."""
LOAN_WITHOUT_ENTITY_SHARE = 0.15
"""Of the personal loans to founders, those that do not name the entity."""
CHARGED_OFF_AFTER_SETTLED_SHARE = 0.006
"""Of the settled loans, those written off afterwards all the same."""
PAID_TWICE_SHARE = 0.03
"""Of the one-off start-up subsidies, those paid a second time."""
REPUBLISHED_SHARE = 0.2
"""Of the monthly figures, those published again with another value."""
ANSWERED_TWICE_SHARE = 0.05
"""Of the answers to a survey, those by somebody who has answered it before."""
DUTY_LATE_SHARE = 0.10
"""Of the duties, each of those who owe one apart, those accepted only after their due day."""
DUTY_NEVER_SHARE = 0.09
"""Of the duties that no facts of their own tell to be done, those never accepted: for one half nothing is ever shown, for the other
what is shown is returned."""
DUTY_RETURNED_SHARE = 0.20
"""Of the duties that are accepted, those returned once before."""

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
MONTH_REPORTS = {
    -3: (60, 95, 190, 255, 325, 345, 335, 345, 360, 390, 405, 410), -2: (395, 355, 505, 585, 665, 670, 695, 680, 690, 745, 735, 730),
    -1: (730, 675, 905, 1035, 1155, 1130, 1145, 1130, 1130, 1215, 1505, 1180),
    0: (1260, 1345, 1905, 2070, 2845, 2490, 2345, 2250, 2790, 2740, 3180, 2710), 1: (2420, 2105, 2700),
}  # fmt: skip
"""How the reports spread over the months told: what has begun goes on, so that their number grows within each year; surveys add theirs."""
WEEKDAY_PACE = (1.12, 1.12, 1.12, 1.12, 1.12, 0.8, 0.6)
Season = Literal["even", "founding", "training", "guidance"]
SEASONS: dict[Season, tuple[float, ...]] = {
    "even": (1.0,) * 12,
    "founding": (0.75, 0.45, 1.45, 1.30, 1.20, 1.05, 0.85, 0.80, 1.20, 1.15, 1.05, 0.75),
    "training": (0.45, 0.30, 1.50, 1.65, 1.50, 1.15, 0.75, 0.60, 1.10, 1.20, 1.15, 0.65),
    "guidance": (0.65, 0.45, 1.35, 1.30, 1.20, 1.15, 1.00, 0.90, 1.15, 1.10, 1.00, 0.75),
}
"""How much of each kind begins in each month, 1.0 being a twelfth of the year: little around the Spring Festival (春节), most in spring
when those who work elsewhere have decided to stay, less in the summer heat, more again after the harvest."""
TOWNSHIP_SPREAD, UNIT_SPREAD = 0.7, 0.5
"""How much busier than others some townships are, and within them some communities and villages: the standard deviation of the
logarithm of their weight."""
