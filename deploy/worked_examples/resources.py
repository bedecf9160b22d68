"""三(二)3, 四(四), 四(六)–(八): worked examples of bases, associations and money."""

from deploy.worked_examples.example import COUNTY, PARK, TOWN, TOWN_B, VILLAGE, VILLAGE_B, Example
from deploy.worked_examples.facts import FEN, entity, on, opens_venue, person, then
from shared.contracts.finance import (
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    SubsidyPaid,
    SupportFundPaid,
    SupportFundRaised,
    TaxReliefGranted,
)
from shared.contracts.registry import AssociationDissolved, AssociationFounded, AssociationMemberJoined, VenueClosed
from shared.contracts.training import InternshipCompleted, InternshipStarted

RESOURCES = (
    Example(
        "support_fund",
        (
            on("2024-12-31", SupportFundRaised(fund="F", voucher="1", origin="bank", amount_fen=100 * FEN)),
            on("2025-01-01", SupportFundRaised(fund="F", voucher="2", origin="higher_budget", amount_fen=900 * FEN)),
            on("2025-12-31", SupportFundPaid(fund="F", voucher="3", person=person(1), amount_fen=200 * FEN, unit=VILLAGE)),
        ),
        (then("default", "90000"), then("paid", "20000"), then("paid", "0", as_of="2025-12-30"), then("paid", "20000", unit=TOWN)),
    ),
    Example(
        "tax_relief",
        tuple(
            on(when, TaxReliefGranted(relief=when, person=person(1), levy="营业税", amount_fen=100 * FEN, unit=VILLAGE))
            for when in ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01")
        ),
        (then("default", "20000"), then("default", "10000", as_of="2025-12-30"), then("default", "0", unit=TOWN_B)),
    ),
    Example(
        "subsidies",
        (
            on("2025-01-01", SubsidyPaid(
                payment="1", subsidy_kind="training", persons=(person(1), person(2)), amount_fen=160 * FEN, unit=TOWN,
            )),
            on("2025-04-01", SubsidyPaid(
                payment="2", subsidy_kind="start_up", persons=(person(1),), amount_fen=500 * FEN, unit=VILLAGE,
            )),
            on("2025-12-31", SubsidyPaid(
                payment="3", subsidy_kind="start_up", persons=(person(1),), amount_fen=40 * FEN, unit=VILLAGE,
            )),
        ),
        (
            then("default", "70000"), then("default", "16000", part="training"), then("default", "54000", part="start_up"),
            then("default", "0", part="interest"), then("persons", "2", "P1 P2"), then("persons", "2", "P1 P2", part="training"),
            then("persons", "1", "P1", part="start_up"), then("persons", "0", part="interest"),
        ),
    ),
    Example(
        "internship_bases",
        (
            opens_venue("2024-03-01", "V1", "internship_base", 100), opens_venue("2025-12-31", "V2", "internship_base", 100),
            opens_venue("2025-03-01", "V3", "start_up_street", 100),
            on("2024-10-01", InternshipStarted(internship="I1", person=person(1), venue="V1", unit=VILLAGE)),
            on("2024-10-01", InternshipStarted(internship="I2", person=person(2), venue="V1", unit=VILLAGE)),
            on("2024-10-01", InternshipStarted(internship="I3", person=person(3), venue="V1", unit=VILLAGE)),
            on("2024-12-31", InternshipCompleted(internship="I1", retained=True)),
            on("2025-01-01", InternshipCompleted(internship="I2", retained=True)),
            on("2025-12-31", InternshipCompleted(internship="I3", retained=False)),
        ),
        (
            then("default", "2", "V1 V2"), then("default", "1", "V1", as_of="2025-12-30"), then("retention", "1/2", "I2 ÷ I2 I3"),
            then("retention", "0/0", unit=TOWN_B),
        ),
    ),
    Example(
        "internship_bases",
        (opens_venue("2024-03-01", "V1", "internship_base", 100), on("2025-12-31", VenueClosed(venue="V1"))),
        (then("default", "0"), then("default", "1", "V1", as_of="2025-12-30")),
    ),
    Example(
        "associations",
        (
            on("2024-05-01", AssociationFounded(association="A1", name="创业者协会", unit=TOWN)),
            on("2025-05-01", AssociationFounded(association="A2", name="创业者联谊会", unit=VILLAGE_B)),
            on("2025-06-01", AssociationMemberJoined(association="A1", person=person(1))),
            on("2025-06-01", AssociationMemberJoined(association="A1", entity=entity(1))),
            on("2025-06-01", AssociationMemberJoined(association="A2", person=person(1))),
            on("2025-12-31", AssociationDissolved(association="A1")),
        ),
        (
            then("default", "1", "A2"), then("default", "2", "A1 A2", as_of="2025-12-30"), then("by_township", "0", part=TOWN),
            then("by_township", "1", "A2", part=TOWN_B), then("members", "1", "A2 P1"),
            then("members", "3", "A1 P1, A1 E1, A2 P1", as_of="2025-12-30"),
        ),
    ),
    Example(
        "guarantee_fund",
        (
            on("2024-12-31", GuaranteeFundContributed(fund="G", voucher="1", origin="county_budget", amount_fen=500 * FEN)),
            on("2025-01-01", GuaranteeFundContributed(fund="G", voucher="2", origin="bank", amount_fen=300 * FEN)),
            on("2025-12-31", GuaranteeFundWithdrawn(fund="G", voucher="3", origin="bank", amount_fen=100 * FEN)),
        ),
        (
            then("default", "70000", "500 + 300 − 100 元/yuan"), then("default", "80000", as_of="2025-12-30"),
            then("default", "50000", part="county_budget"), then("default", "20000", part="bank"), then("default", "0", part="donation"),
        ),
    ),
    Example(
        "graduate_fund",
        (
            on("2024-12-31", GraduateFundRaised(fund="B", voucher="1", origin="donation", amount_fen=1000 * FEN)),
            on("2025-01-01", GraduateFundRaised(fund="B", voucher="2", origin="donation", amount_fen=400 * FEN)),
            on("2025-12-31", GraduateFundGranted(fund="B", voucher="3", person=person(1), amount_fen=150 * FEN, unit=VILLAGE, park=PARK)),
        ),
        (
            then("default", "40000"), then("balance", "125000", "1000 + 400 − 150 元/yuan", unit=COUNTY),
            then("balance", "140000", as_of="2025-12-30"),
        ),
    ),
)  # fmt: skip
