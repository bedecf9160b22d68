"""三(一), 三(五), 四(一), 五: worked examples."""

from datetime import date

from deploy.worked_examples.example import COUNTY, PARK, TOWN, TOWN_B, VILLAGE, Example, Given
from deploy.worked_examples.facts import on, then
from shared.contracts.registry import (
    CampaignEventHeld,
    CountyPlanIssued,
    EvaluationPublished,
    LeadingBodyEstablished,
    ResponsibilityLetterSigned,
)
from shared.contracts.registry.campaign import CampaignEventKind
from shared.units import UnitKind


def _held(when: str, event: str, kind: CampaignEventKind, level: UnitKind = "county", unit: str = COUNTY) -> Given:
    return on(when, CampaignEventHeld(event=event, name="活动", event_kind=kind, organiser_level=level, unit=unit))


def _rehearsed(when: str, name: str, *, rehearsal: bool = True) -> Given:
    asked = date(2025, 6, 30)
    return on(when, EvaluationPublished(
        evaluation=name, rehearsal=rehearsal, sheet="标准", as_of=asked, known_at=asked, digest="3f" * 32,
    ))  # fmt: skip


CAMPAIGN = (
    Example(
        "leading_bodies",
        (
            on("2025-01-10", LeadingBodyEstablished(code=COUNTY)), on("2024-05-01", LeadingBodyEstablished(code=TOWN)),
            on("2025-12-31", LeadingBodyEstablished(code=PARK)), on("2025-02-01", LeadingBodyEstablished(code=VILLAGE)),
        ),
        (
            then("default", "3", "县 甲乡 甲园区"),
            then("default", "2", "县 甲乡", as_of="2025-12-30"),
            then("default", "0", unit=TOWN_B),
        ),
    ),
    Example(
        "letters_signed",
        (
            on("2024-02-29", ResponsibilityLetterSigned(letter="Z1", units=(TOWN, PARK), departments=("rsj",), unit=COUNTY)),
            on("2024-02-29", ResponsibilityLetterSigned(letter="Z2", units=(TOWN,), unit=COUNTY)),
            on("2024-03-01", ResponsibilityLetterSigned(letter="Z3", units=(TOWN_B,), departments=("czj",), unit=COUNTY)),
        ),
        (then("default", "3", "甲乡 甲园区 rsj"), then("default", "0", as_of="2024-02-28"), then("default", "0", unit=TOWN_B)),
        year=2024,
    ),
    Example(
        "media_campaigns",
        (
            _held("2024-12-31", "H1", "media_campaign"), _held("2025-01-01", "H2", "media_campaign"),
            _held("2025-12-31", "H3", "media_campaign", unit=TOWN), _held("2025-05-01", "H4", "media_campaign", "township", TOWN),
            _held("2026-01-01", "H5", "media_campaign"), _held("2025-06-01", "H6", "consultation_day"),
        ),
        (
            then("default", "2", "H2 H3"),
            then("default", "1", "H2", as_of="2025-12-30"),
            then("all_levels", "3", "H2 H3 H4"),
            then("all_levels", "2", "H3 H4", unit=TOWN),
        ),
    ),
    Example(
        "consultation_days",
        (
            _held("2025-01-01", "H1", "consultation_day"), _held("2025-05-01", "H2", "consultation_day", "township", TOWN),
            _held("2025-06-01", "H3", "media_campaign"),
        ),
        (then("default", "1", "H1"), then("all_levels", "2", "H1 H2")),
    ),
    Example(
        "contests",
        (
            _held("2025-05-01", "H1", "contest"), _held("2025-06-01", "H2", "pioneer_selection"), _held("2025-06-01", "H3", "expo"),
            _held("2025-12-31", "H4", "contest", "park", TOWN),
        ),
        (then("default", "2", "H1 H2"), then("all_levels", "3", "H1 H2 H4")),
    ),
    Example(
        "county_plan_issued",
        (on("2025-02-28", CountyPlanIssued(code=COUNTY)),),
        (then("default", "0", as_of="2025-02-27"), then("default", "1", as_of="2025-02-28")),
    ),
    Example("county_plan_issued", (on("2025-03-01", CountyPlanIssued(code=COUNTY)),), (then("default", "0"),)),
    Example("county_plan_issued", (on("2024-02-29", CountyPlanIssued(code=COUNTY)),), (then("default", "1"),), year=2024),
    Example(
        "rehearsals",
        (
            _rehearsed("2025-08-31", "K1"), _rehearsed("2025-09-01", "K2"), _rehearsed("2025-12-31", "K3"),
            _rehearsed("2025-12-31", "K4", rehearsal=False),
        ),
        (
            then("default", "", as_of="2025-08-31"),
            then("default", "1", "K2", as_of="2025-09-01"),
            then("default", "1", "K2", as_of="2025-12-30"),
            then("default", "2", "K2 K3"),
        ),
    ),
)  # fmt: skip
