"""三, 六: worked examples of work shown without a number in the plan."""

from typing import Any

from deploy.worked_examples.example import COUNTY, PARK, TOWN, TOWN_B, VILLAGE, VILLAGE_B, Example, Given
from deploy.worked_examples.facts import completes, course, day, enrols, entity, founds, on, person, then
from shared.contracts.registry import (
    CommendationIssued,
    CriticismIssued,
    EntityFollowedUp,
    InspectionHeld,
    MeetingHeld,
    PolicyIssued,
    PolicyRepealed,
    ProgressReportSubmitted,
    ProjectCollected,
    ProjectDisplayed,
    ProjectMatched,
    RectificationClosed,
    RectificationOpened,
    ServicePlatformChanged,
    ServicePlatformOpened,
)
from shared.contracts.registry.campaign import MeetingKind


def _met(when: str, meeting: str, kind: MeetingKind) -> Given:
    return on(when, MeetingHeld(meeting=meeting, title="会议", meeting_kind=kind, unit=COUNTY))


_HAS: dict[str, Any] = {"full_time_staff": 2, "networked": True, "budgeted": False, "guidance_window": False}


def _changes(when: str, platform: str, **now: Any) -> Given:
    return on(when, ServicePlatformChanged.model_validate({"platform": platform, **_HAS, **now}))


def _to_rectify(when: str, name: str, due: str) -> Given:
    return on(when, RectificationOpened(rectification=name, matter="整改", due=day(due), unit=TOWN))


def _reports(when: str, code: str, period: str) -> Given:
    return on(when, ProgressReportSubmitted(code=code, period=period))


WORK = (
    Example(
        "meetings",
        (
            _met("2024-12-31", "M1", "office"), _met("2025-01-01", "M2", "leading_group"), _met("2025-12-31", "M3", "leading_group"),
            _met("2025-06-01", "M4", "office"), _met("2026-01-01", "M5", "office"),
        ),
        (
            then("default", "3", "M2 M3 M4"), then("default", "2", "M2 M3", part="leading_group"),
            then("default", "1", "M4", part="office"), then("default", "0", part="mobilisation"),
            then("default", "2", "M2 M4", as_of="2025-12-30"),
        ),
    ),
    Example(
        "policies",
        (
            on("2024-01-01", PolicyIssued(policy="Z1", title="办法", policy_kind="finance", unit=COUNTY)),
            on("2025-03-01", PolicyIssued(policy="Z2", title="办法", policy_kind="finance", unit=COUNTY)),
            on("2025-03-01", PolicyIssued(policy="Z3", title="办法", policy_kind="venues", unit=COUNTY)),
            on("2025-12-31", PolicyRepealed(policy="Z3")),
            on("2025-03-01", PolicyIssued(policy="Z4", title="办法", policy_kind="green_channel", unit=TOWN)),
            on("2025-03-01", PolicyIssued(policy="Z5", title="办法", policy_kind="market_access", park=PARK)),
        ),
        (then("default", "1", "Z1 Z2"), then("default", "2", "Z1 Z2, Z3", as_of="2025-12-30")),
    ),
    Example(
        "trainings",
        (
            course(), course("C2", "skill"), enrols("2024-12-31", 1, "C2"), enrols("2025-01-01", 1, categories=("woman", "youth")),
            completes("2025-02-28", 1), completes("2025-12-31", 1, "C2", passed=False),
        ),
        (
            then("default", "1", "P1 C1", part="enrolled"), then("default", "2", "P1 C1, P1 C2", part="completed"),
            then("default", "1", "P1 C1", part="passed"), then("default", "1", part="passed|start_up|none|woman"),
            then("default", "1", part="passed|start_up|none|youth"), then("default", "1", part="completed|skill|none|none"),
            then("default", "1", "P1 C1", part="completed", as_of="2025-12-30"),
        ),
    ),
    Example(
        "platforms",
        (
            *(
                on("2024-03-01", ServicePlatformOpened.model_validate(
                    {"platform": platform, "name": "服务所", "level": "township", "unit": TOWN, **_HAS}
                ))
                for platform in ("T1", "T2")
            ),
            on("2025-05-01", ServicePlatformOpened.model_validate(
                {"platform": "T3", "name": "服务站", "level": "community_or_village", "unit": VILLAGE_B, **_HAS, "full_time_staff": 0}
            )),
            _changes("2025-12-31", "T1", full_time_staff=0, budgeted=True, guidance_window=True),
        ),
        (
            then("default", "0/1", part="county"), then("default", "1/4", "甲乡 T1 T2", part="township"),
            then("default", "1/4", "乙村", part="community_or_village"), then("staffed", "1/4", "甲乡 T2", part="township"),
            then("staffed", "0/4", part="community_or_village"), then("networked", "1/4", "乙村", part="community_or_village"),
            then("budgeted", "1/4", "甲乡 T1", part="township"), then("budgeted", "0/4", part="township", as_of="2025-12-30"),
            then("guidance_window", "1/4", "甲乡 T1", part="township"),
        ),
    ),
    Example(
        "projects",
        (
            on("2025-01-01", ProjectCollected(project="X1", name="项目", high_tech=True, unit=TOWN)),
            on("2024-12-31", ProjectCollected(project="X2", name="项目", high_tech=False, unit=TOWN)),
            on("2025-02-01", ProjectDisplayed(project="X1")), on("2025-12-31", ProjectDisplayed(project="X1")),
            on("2025-03-01", ProjectMatched(project="X2", person=person(1), unit=VILLAGE_B)),
        ),
        (
            then("default", "1", "X1", part="collected"), then("default", "2", "X1 X1", part="displayed"),
            then("default", "1", "X2", part="matched"), then("high_tech", "1", "X1", part="collected"),
            then("high_tech", "2", "X1 X1", part="displayed"), then("high_tech", "0", part="matched"),
        ),
    ),
    Example(
        "follow_up",
        (
            founds("2025-01-01", 1, 1), founds("2024-12-31", 2, 2), founds("2025-12-31", 3, 3),
            on("2025-06-01", EntityFollowedUp(entity=entity(1), need="资金", outcome="已转贷款")),
            on("2025-06-01", EntityFollowedUp(entity=entity(2), need="资金", outcome="已转贷款")),
        ),
        (then("default", "1/2", "E1 ÷ E1 E3"), then("default", "2/2", "E1 E2 ÷ E1 E2", as_of="2025-12-30")),
    ),
    Example(
        "inspections",
        tuple(
            on(when, InspectionHeld(inspection=when, matter="政策落实", unit=TOWN))
            for when in ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01")
        ),
        (then("default", "2"), then("default", "1", as_of="2025-12-30"), then("default", "0", unit=TOWN_B)),
    ),
    Example(
        "progress_reports",
        (_reports("2025-04-10", TOWN, "2025-Q1"), _reports("2025-04-11", PARK, "2025-Q1"), _reports("2026-01-10", TOWN, "2025-Q4")),
        (
            then("default", "2/4", "甲乡 甲园区"), then("default", "2/4", "甲乡 甲园区", part="2025-Q1"),
            then("default", "2/4", "甲乡 甲园区", as_of="2026-12-31"), then("default", "1/4", "甲乡", as_of="2025-04-10"),
            then("default", "1/1", "甲乡", unit=TOWN),
        ),
    ),
    Example(
        "progress_reports",
        (_reports("2025-12-31", PARK, "2025-Q4"), _reports("2026-01-10", TOWN, "2025-Q4")),
        (
            then("default", "1/4", "甲乡"), then("default", "2/4", "甲乡 甲园区", part="2025-Q4"),
            then("default", "0/4", as_of="2026-01-09"), then("default", "1/4", "甲园区", part="2025-Q4", as_of="2026-01-09"),
        ),
        year=2026,
    ),
    Example(
        "rectifications_closed",
        (
            _to_rectify("2025-05-01", "R1", "2025-06-30"), _to_rectify("2025-05-01", "R2", "2025-12-31"),
            _to_rectify("2025-05-01", "R3", "2026-01-01"), on("2025-07-15", RectificationClosed(rectification="R1")),
        ),
        (
            then("default", "1/2", "R1 ÷ R1 R2"), then("default", "1/1", "R1", as_of="2025-12-30"),
            then("default", "0/1", "÷ R1", as_of="2025-06-30"),
        ),
    ),
    Example(
        "commendations",
        (
            on("2025-12-31", CommendationIssued(occasion="B1", units=(TOWN,), reason="提前完成", unit=COUNTY)),
            on("2025-01-01", CriticismIssued(occasion="B2", units=(TOWN_B,), reason="进展缓慢", unit=COUNTY)),
            on("2025-12-31", CriticismIssued(occasion="B3", units=(VILLAGE,), reason="进展缓慢", unit=COUNTY)),
        ),
        (then("default", "1", "B1"), then("default", "0", as_of="2025-12-30"), then("criticisms", "2", "B2 B3")),
    ),
)  # fmt: skip
