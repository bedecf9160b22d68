"""Letters, bodies, plans, rehearsals, events, meetings, inspections and reports, worked out by hand."""

from datetime import date
from fractions import Fraction

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
    UnitMerged,
)
from shared.contracts.registry.campaign import CampaignEventKind, MeetingKind
from shared.units import UnitKind
from tests.oracle.history import COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, History, whole
from tests.support.oracle import Due, Named


def test_leading_bodies_are_those_of_the_county_its_townships_and_its_parks() -> None:
    history = History()
    for code in (COUNTY, TOWN, PARK, VILLAGE):
        history.add("2009-05-01" if code == TOWN else "2010-02-01", LeadingBodyEstablished(code=code))
    assert history.ask("leading_bodies").value == 3
    assert history.ask("leading_bodies", as_of="2010-01-31").value == 1
    assert [history.ask("leading_bodies", unit=unit).value for unit in (TOWN, TOWN_B, PARK)] == [1, 0, 1]


def test_letters_count_each_party_once_and_only_until_their_day() -> None:
    history = History()
    history.add("2008-02-29", ResponsibilityLetterSigned(letter="Z1", units=(TOWN,), departments=("rsj",), unit=COUNTY))
    history.add("2008-02-29", ResponsibilityLetterSigned(letter="Z2", units=(TOWN, PARK, VILLAGE), unit=COUNTY))
    history.add("2008-03-01", ResponsibilityLetterSigned(letter="Z3", units=(TOWN_B,), departments=("czj",), unit=COUNTY))
    due = [Due("letters_signed", date(2008, 2, 29))]
    days = {"2008-02-28": 0, "2008-02-29": 3, "2008-12-31": 3}  # the township, the park and one department
    assert {day: history.ask("letters_signed", as_of=day, year=2008, due=due).value for day in days} == days
    answers = [history.ask("letters_signed", unit=unit, as_of="2008-12-31", year=2008, due=due).value for unit in (TOWN, TOWN_B, PARK)]
    assert answers == [1, 0, 1]
    assert history.ask("letters_signed", as_of="2009-12-31", year=2009, due=due).value == 0
    for day, signed in ((date(2008, 2, 28), 0), (date(2008, 3, 1), 5)):
        assert history.ask("letters_signed", as_of="2008-12-31", year=2008, due=[Due("letters_signed", day)]).value == signed
    assert history.ask("letters_signed", as_of="2008-12-31", year=2008, due=()).value == 5  # without a day nobody is late


def test_the_county_plan_is_in_time_on_its_day_and_late_the_next() -> None:
    history = History()
    history.add("2010-03-01", CountyPlanIssued(code=COUNTY))
    due = [Due("county_plan_issued", date(2010, 2, 28))]
    assert history.ask("county_plan_issued", due=due).value == 0
    assert history.ask("county_plan_issued", due=()).value == 1
    history.add("2010-02-28", CountyPlanIssued(code=COUNTY))
    assert history.ask("county_plan_issued", as_of="2010-02-27", due=due).value == 0
    assert history.ask("county_plan_issued", as_of="2010-02-28", due=due).value == 1
    assert history.ask("county_plan_issued", due=[Due("county_plan_issued", date(2010, 2, 27))]).value == 0


def test_a_day_that_is_changed_holds_from_its_effective_day_on() -> None:
    history = History()
    history.add("2010-03-01", CountyPlanIssued(code=COUNTY))
    due = [Due("county_plan_issued", date(2010, 2, 28)), Due("county_plan_issued", date(2010, 3, 31), effective=date(2010, 3, 10))]
    days = {"2010-03-09": 0, "2010-03-10": 1, "2010-12-31": 1}
    assert {day: history.ask("county_plan_issued", as_of=day, due=due).value for day in days} == days


def test_rehearsals_count_in_the_window_that_the_plan_names_else_all_through_the_year() -> None:
    history = History()
    for number, (day, rehearsal) in enumerate((("2010-08-31", True), ("2010-09-01", True), ("2010-12-31", True), ("2010-12-31", False))):
        history.add(day, EvaluationPublished(
            evaluation=f"K{number}", rehearsal=rehearsal, sheet="标准", as_of=date(2010, 8, 1), known_at=date(2010, 8, 1), digest="3f" * 32,
        ))  # fmt: skip
    autumn = [Named("rehearsals", date(2010, 9, 1), date(2010, 12, 31), 2010)]
    days = {"2010-08-31": None, "2010-09-01": 1, "2010-12-30": 1, "2010-12-31": 2, "2011-01-31": 2}
    assert {day: history.ask("rehearsals", as_of=day, named=autumn).value for day in days} == days
    to_november = [Named("rehearsals", date(2010, 8, 31), date(2010, 11, 30), 2010)]
    assert [history.ask("rehearsals", as_of=day, named=to_november).value for day in ("2010-08-31", "2010-12-31")] == [1, 2]
    whole_year = {"2010-08-30": 0, "2010-08-31": 1, "2010-12-31": 3}
    assert {day: history.ask("rehearsals", as_of=day).value for day in whole_year} == whole_year


def held(history: History, on: str, number: int, kind: CampaignEventKind, level: UnitKind, unit: str = COUNTY) -> None:
    history.add(on, CampaignEventHeld(event=f"H{number}", name="活动", event_kind=kind, organiser_level=level, unit=unit))


def test_campaign_events_are_those_the_county_held_and_all_levels_those_of_anyone() -> None:
    history = History()
    held(history, "2010-01-01", 1, "media_campaign", "county")
    held(history, "2010-12-31", 2, "media_campaign", "county", TOWN)  # the county's, in a township
    held(history, "2009-12-31", 3, "media_campaign", "county")
    held(history, "2010-05-01", 4, "media_campaign", "township", TOWN)
    held(history, "2010-05-01", 5, "consultation_day", "township", TOWN)
    held(history, "2010-05-01", 6, "contest", "county")
    held(history, "2010-06-01", 7, "pioneer_selection", "county")
    held(history, "2010-06-01", 8, "expo", "county")
    for id, values in {"media_campaigns": [2, 3], "consultation_days": [0, 1], "contests": [2, 2]}.items():
        assert [history.ask(id, variant).value for variant in ("default", "all_levels")] == values
    assert history.ask("media_campaigns", as_of="2010-12-30").value == 1
    assert history.ask("media_campaigns", "all_levels", unit=TOWN).value == 2


def test_meetings_by_kind() -> None:
    history = History()
    meetings: tuple[tuple[str, MeetingKind], ...] = (
        ("2010-01-01", "leading_group"), ("2010-12-31", "leading_group"), ("2010-06-01", "office"), ("2011-01-01", "office"),
    )  # fmt: skip
    for number, (day, kind) in enumerate(meetings):
        history.add(day, MeetingHeld(meeting=f"M{number}", title="会议", meeting_kind=kind, unit=COUNTY))
    parts = {None: 3, "leading_group": 2, "joint_conference": 0, "office": 1, "mobilisation": 0, "other": 0}
    assert {part: history.ask("meetings", part=part).value for part in parts} == parts


def test_inspections_praise_and_blame_count_in_their_year_and_place() -> None:
    history = History()
    history.add("2010-03-01", InspectionHeld(inspection="J1", matter="政策落实", unit=TOWN))
    history.add("2010-03-01", InspectionHeld(inspection="J2", matter="政策落实", unit=COUNTY))
    history.add("2009-03-01", InspectionHeld(inspection="J3", matter="政策落实", unit=TOWN))
    history.add("2010-12-31", CommendationIssued(occasion="B1", units=(TOWN,), reason="提前完成", unit=COUNTY))
    history.add("2010-12-31", CriticismIssued(occasion="P1", units=(TOWN_B,), reason="进展缓慢", unit=COUNTY))
    history.add("2010-12-31", CriticismIssued(occasion="P2", units=(TOWN_B,), reason="进展缓慢", unit=COUNTY))
    assert [history.ask("inspections", unit=unit).value for unit in (COUNTY, TOWN, TOWN_B)] == [2, 1, 0]
    assert [history.ask("commendations", variant).value for variant in ("default", "criticisms")] == [1, 2]


def test_rectifications_are_judged_from_their_due_day_on() -> None:
    history = History()
    for number, due in enumerate((date(2010, 6, 30), date(2010, 6, 30), date(2010, 12, 31), date(2010, 3, 1))):
        history.add("2010-05-01", RectificationOpened(rectification=f"R{number}", matter="整改", due=due, unit=TOWN))
    history.add("2010-06-01", RectificationClosed(rectification="R0"))
    history.add("2010-07-15", RectificationClosed(rectification="R1"))  # late, but closed
    days = {
        "2010-04-30": (0, 0, None), "2010-05-01": (0, 1, 0),  # the last one was due before it was opened
        "2010-06-30": (1, 3, Fraction(1, 3)), "2010-07-15": (2, 3, Fraction(2, 3)), "2010-12-31": (2, 4, Fraction(1, 2)),
    }  # fmt: skip
    assert {day: whole(history.ask("rectifications_closed", as_of=day)) for day in days} == days


def test_progress_reports_by_period_and_those_made_after_the_new_year_are_of_the_next_plan_year() -> None:
    history = History()
    for code, period, day in ((TOWN, "2010-Q1", "2010-04-10"), (PARK, "2010-Q1", "2010-04-11"), (TOWN, "2010-Q4", "2011-01-10")):
        history.add(day, ProgressReportSubmitted(code=code, period=period))
    assert whole(history.ask("progress_reports", part="2010-Q1", as_of="2010-04-10")) == (1, 4, Fraction(1, 4))  # of 2 townships, 2 parks
    assert history.ask("progress_reports", part="2010-Q1").value == Fraction(2, 4)
    assert history.ask("progress_reports", part="2010-Q4", as_of="2011-01-10", year=2011).value == Fraction(1, 4)
    assert history.ask("progress_reports", part="2010-Q1", unit=TOWN).value == 1
    assert [history.ask("progress_reports", as_of=day).value for day in ("2010-04-10", "2010-12-31")] == [Fraction(1, 4), Fraction(2, 4)]
    assert history.ask("progress_reports", as_of="2011-12-31", year=2011).value == Fraction(1, 4)  # the township, in January
    in_2010 = history.ask("progress_reports", as_of="2011-12-31")
    assert (in_2010.value, str(in_2010.effective_as_of)) == (Fraction(2, 4), "2010-12-31")
    history.add("2010-06-30", UnitMerged(code=PARK, into=PARK_2))
    assert history.ask("progress_reports", part="2010-Q1").value == Fraction(2, 3)
    history.add("2010-06-30", ProgressReportSubmitted(code=PARK_2, period="2010-Q1"))
    for part in ("2010-Q1", None):
        assert history.ask("progress_reports", part=part).value == Fraction(2, 3)  # two parks reported, and are one now
