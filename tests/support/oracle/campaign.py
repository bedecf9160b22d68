"""How the campaign is run (plan 三, 四(一), 五, 六): leading bodies, letters, plans, rehearsals, events, meetings, inspections, reports."""

from collections import defaultdict

from shared.contracts.registry import (
    CampaignEventHeld,
    CommendationIssued,
    CountyPlanIssued,
    CriticismIssued,
    EvaluationPublished,
    InspectionHeld,
    LeadingBodyEstablished,
    MeetingHeld,
    ProgressReportSubmitted,
    RectificationClosed,
    RectificationOpened,
    ResponsibilityLetterSigned,
)
from shared.units import unit_kind
from tests.support.oracle.figure import Variants, count, share
from tests.support.oracle.world import World


def leading_bodies(world: World, unit: str) -> Variants:
    """County, townships and parks existing at E whose leading body was established, in any year."""
    if unit_kind(unit) not in {"county", "township", "park"}:
        return {}
    established = {dated.fact.code for dated in world.of(LeadingBodyEstablished)}
    return {("default", None): count(len(established.intersection(world.units.existing(unit, "county", "township", "park"))))}


def letters_signed(world: World, unit: str) -> Variants:
    """Townships, parks and departments that signed in the year and by the day the plan file sets, each once; departments for the county."""
    if unit_kind(unit) not in {"county", "township", "park"}:
        return {}
    parties: set[str] = set()
    for dated in world.of(ResponsibilityLetterSigned):
        if world.in_year(dated.occurred) and world.in_time("letters_signed", dated.occurred):
            parties |= {
                code for code in dated.fact.units
                if unit_kind(code) in {"township", "park"} and code in world.units.classes and unit in world.units.answering(code)
            }  # fmt: skip
            if unit_kind(unit) == "county":
                parties |= set(dated.fact.departments)
    return {("default", None): count(len(parties))}


def county_plan_issued(world: World, unit: str) -> Variants:
    """1 once the county issued its plan in the year and by the day the plan file sets."""
    if unit_kind(unit) != "county":
        return {}
    issued = {
        dated.fact.code for dated in world.of(CountyPlanIssued)
        if world.in_year(dated.occurred) and world.in_time("county_plan_issued", dated.occurred) and dated.fact.code == unit
    }  # fmt: skip
    return {("default", None): count(len(issued))}


def rehearsals(world: World, unit: str) -> Variants:
    """Rehearsals published in the window: the plan file's, where it names one."""
    if unit_kind(unit) != "county":
        return {}
    held = [
        dated for dated in world.of(EvaluationPublished)
        if dated.fact.rehearsal and world.first_day("rehearsals") <= dated.occurred <= world.day
    ]  # fmt: skip
    return {("default", None): count(len(held))}


def _events(world: World, unit: str, *kinds: str) -> Variants:
    held = [
        dated.fact for dated in world.at(unit, CampaignEventHeld) if dated.fact.event_kind in kinds and world.in_year(dated.occurred)
    ]  # fmt: skip
    rows: Variants = {("all_levels", None): count(len(held))}
    if unit_kind(unit) == "county":
        rows["default", None] = count(len([fact for fact in held if fact.organiser_level == "county"]))
    return rows


def media_campaigns(world: World, unit: str) -> Variants:
    """Held in the window by the county level; `all_levels`."""
    return _events(world, unit, "media_campaign")


def consultation_days(world: World, unit: str) -> Variants:
    """Held in the window by the county level; `all_levels`."""
    return _events(world, unit, "consultation_day")


def contests(world: World, unit: str) -> Variants:
    """Pioneer selections + contests held in the window by the county level; `all_levels`."""
    return _events(world, unit, "contest", "pioneer_selection")


def meetings(world: World, unit: str) -> Variants:
    """Held in the window; parts by kind."""
    held: list[str] = [dated.fact.meeting_kind for dated in world.at(unit, MeetingHeld) if world.in_year(dated.occurred)]
    kinds = ("leading_group", "joint_conference", "office", "mobilisation", "other")
    rows: Variants = {("default", kind): count(held.count(kind)) for kind in kinds}
    return rows | {("default", None): count(len(held))}


def inspections(world: World, unit: str) -> Variants:
    """Held in the window."""
    held = [dated for dated in world.at(unit, InspectionHeld) if world.in_year(dated.occurred)]
    return {("default", None): count(len(held))}


def commendations(world: World, unit: str) -> Variants:
    """Issued in the window; `criticisms` likewise."""

    def issued(kind: type[CommendationIssued] | type[CriticismIssued]) -> int:
        return sum(1 for dated in world.at(unit, kind) if world.in_year(dated.occurred))

    return {("default", None): count(issued(CommendationIssued)), ("criticisms", None): count(issued(CriticismIssued))}


def rectifications_closed(world: World, unit: str) -> Variants:
    """Rectifications opened whose due day (or, opened later, the day of opening) lies in the window up to E: share closed by E."""
    closed = {dated.fact.rectification for dated in world.of(RectificationClosed)}
    due = [
        dated.fact.rectification for dated in world.at(unit, RectificationOpened)
        if world.in_year(max(dated.fact.due, dated.occurred))
    ]  # fmt: skip
    return {("default", None): share(len([each for each in due if each in closed]), len(due))}


def progress_reports(world: World, unit: str) -> Variants:
    """Townships and parks that exist at E and reported in the window up to E, or whose predecessors did ÷ townships and parks that exist
    at E; and by period, whenever reported up to E.
    """
    if unit_kind(unit) not in {"county", "township", "park"}:
        return {}
    reported: dict[str | None, set[str]] = defaultdict(set)
    for dated in world.of(ProgressReportSubmitted):
        code = dated.fact.code
        if unit_kind(code) in {"township", "park"} and code in world.units.classes and unit in world.units.answering(code):
            answering = world.units.answering(code)
            reported[dated.fact.period] |= answering
            if world.in_year(dated.occurred):
                reported[None] |= answering
    owing = world.units.existing(unit, "township", "park")
    rows: Variants = {("default", period): share(len(codes.intersection(owing)), len(owing)) for period, codes in reported.items()}
    return {("default", None): share(0, len(owing))} | rows
