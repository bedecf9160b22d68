"""Units merge: the successor answers with its predecessors' facts, and what was said before stays said."""

from datetime import date

import pytest

from services.indicators.answers import BadQuestionError, ask, board
from shared.contracts.registry import (
    GreenChannelOpened,
    ProgressReportSubmitted,
    ServicePlatformOpened,
    UnitDesignated,
    UnitDissolved,
    UnitListed,
    UnitMerged,
    UnitPlanSubmitted,
)
from tests.indicators.comparing import FAR
from tests.indicators.stories.telling import story
from tests.support.records import COMMUNITY, COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, VILLAGE_B


async def test_two_villages_merge_and_the_news_of_it_comes_ten_days_late() -> None:
    # Given: P1 is guided in both villages, P2 only in the second; an enterprise in the first.
    told = story()
    told.founds("2025-02-01", 1, 9, unit=VILLAGE)
    told.guides("2025-03-01", 1, unit=VILLAGE)
    told.guides("2025-04-01", 2, unit=VILLAGE_2)
    told.guides("2025-05-01", 1, unit=VILLAGE_2)
    # When: 30 June is the first village's last day, recorded on 10 July.
    told.happens("2025-06-30", UnitMerged(code=VILLAGE, into=VILLAGE_2), known="2025-07-10")
    now = await told.ends()

    # Then: as known on 9 July they are two villages still.
    for unit, guided, enterprises in ((VILLAGE, "1", "1"), (VILLAGE_2, "2", "0")):
        assert await now.says("guided", unit=unit, as_of="2025-07-09", known_at="2025-07-09") == guided
        assert await now.says("new_enterprises", unit=unit, as_of="2025-07-09", known_at="2025-07-09") == enterprises
    # As known on 10 July the second answers for both from 1 July on: P1 and P2, each once.
    for as_of, sessions, enterprises in (("2025-06-30", "2", "0"), ("2025-07-01", "3", "1")):
        assert await now.says("guided", unit=VILLAGE_2, as_of=as_of, known_at="2025-07-10") == "2"
        assert await now.says("guided", "person_times", unit=VILLAGE_2, as_of=as_of, known_at="2025-07-10") == sessions
        assert await now.says("new_enterprises", unit=VILLAGE_2, as_of=as_of, known_at="2025-07-10") == enterprises
    # The township and the county never noticed.
    for unit in (TOWN, COUNTY):
        assert await now.says("guided", "person_times", unit=unit, as_of="2025-07-10", known_at="2025-07-10") == "3"


async def test_a_merged_village_answers_as_of_its_last_day_and_a_new_one_not_before_its_first() -> None:
    # Given a village that ends on 30 June, and one that is listed on 1 July.
    new = "330127101299"
    told = story()
    told.guides("2025-03-01", 1, unit=VILLAGE)
    told.happens("2025-06-30", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    told.happens("2025-07-01", UnitListed(code=new, name="新村", urban_rural_class="220"))
    told.guides("2025-07-01", 2, unit=new)
    # When both are asked for at the end of the year.
    snapshot = (await told.ends()).service.snapshot()
    end = date(2025, 12, 31)
    gone = board(snapshot, ask(snapshot, FAR, VILLAGE, end, end))
    # Then the old one says of which day its figures are; the new one has its own; before its first day it is bad input.
    (guided,) = (row for row in gone.indicators if (row.id, row.variant) == ("guided", "default"))
    assert (guided.value, guided.effective_as_of) == ("1", date(2025, 6, 30))
    now = await told.ends()
    assert await now.says("guided", unit=new, as_of="2025-12-31", known_at="2025-12-31") == "1"
    with pytest.raises(BadQuestionError):
        ask(snapshot, FAR, new, date(2025, 6, 30), end)


async def test_a_village_with_the_title_is_merged_away() -> None:
    # Given three villages, of which one holds the title.
    told = story()
    told.happens("2025-03-01", UnitDesignated(code=VILLAGE))
    # When it merges into one that does not.
    told.happens("2025-06-30", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    now = await told.ends()
    # Then the share is of the units that exist on the day: the title is not inherited.
    shares = {"2025-06-29": "1/3", "2025-06-30": "1/3", "2025-07-01": "0/2"}
    for as_of, share in shares.items():
        assert await now.says("created_share_villages", as_of=as_of, known_at="2025-12-31") == share
    assert await now.says("created_share", as_of="2025-07-01", known_at="2025-12-31") == "0/7"


async def test_a_township_merges_into_another_and_takes_its_villages_along() -> None:
    # Given a person guided in a village of the second township, another in the first township.
    told = story()
    told.guides("2025-03-01", 1, unit=VILLAGE_B)
    told.guides("2025-03-01", 2, unit=VILLAGE)
    # When the second township merges into the first on 31 December of the plan year.
    told.happens("2025-12-31", UnitMerged(code=TOWN_B, into=TOWN))
    now = await told.ends()
    # Then its last day is the year's last: the year's figures are its own, two-year rows move on 1 January.
    assert await now.says("guided", unit=TOWN, as_of="2025-12-31", known_at="2026-01-31") == "1"
    assert await now.says("guided", unit=TOWN_B, as_of="2025-12-31", known_at="2026-01-31") == "1"
    assert await now.says("created_share_villages", unit=TOWN, as_of="2025-12-31", known_at="2026-01-31") == "0/2"
    assert await now.says("created_share_villages", unit=TOWN, as_of="2026-01-01", known_at="2026-01-31") == "0/3"


async def test_a_village_moves_below_another_township() -> None:
    # Given a village of the first township: somebody was guided there, an enterprise founded.
    moved = "330127102299"
    told = story()
    told.guides("2025-03-01", 1, unit=VILLAGE)
    told.founds("2025-02-01", 1, 9, unit=VILLAGE)
    # When it lies in the second township from 1 July on, under a code of that.
    told.happens("2025-07-01", UnitListed(code=moved, name="移村", urban_rural_class="220"))
    told.happens("2025-06-30", UnitDissolved(code=VILLAGE, successor=moved), known="2025-07-01")
    now = await told.ends()
    # Then what happened there counts in the second township from that day on, on earlier days in the first.
    for as_of, first, second in (("2025-06-30", "1", "0"), ("2025-07-01", "0", "1")):
        for unit, expected in ((TOWN, first), (TOWN_B, second), (COUNTY, "1")):
            assert await now.says("guided", unit=unit, as_of=as_of, known_at="2025-07-01") == expected
            assert await now.says("new_enterprises", unit=unit, as_of=as_of, known_at="2025-07-01") == expected
    assert await now.says("guided", unit=moved, as_of="2025-07-01", known_at="2025-07-01") == "1"


async def test_a_park_hands_in_its_plan_and_is_merged_since() -> None:
    # Given a park that submitted in time.
    told = story()
    told.happens("2025-03-15", UnitPlanSubmitted(code=PARK))
    # When it is merged in summer.
    told.happens("2025-06-30", UnitMerged(code=PARK, into=PARK_2))
    now = await told.ends()
    # Then its plan counts in the county still, and its successor answers with it.
    for as_of in ("2025-03-15", "2025-12-31"):
        assert await now.says("plans_submitted", as_of=as_of, known_at="2025-12-31") == "1"
    successor = {"2025-06-30": "0", "2025-07-01": "1"}
    for as_of, plans in successor.items():
        assert await now.says("plans_submitted", unit=PARK_2, as_of=as_of, known_at="2025-12-31") == plans


async def test_what_a_merged_township_has_is_its_successors_and_counts_once() -> None:
    # Given two townships and two parks: the first township has a platform, both have a green channel and reported, as one park did.
    told = story()
    told.happens("2025-02-01", ServicePlatformOpened(
        platform="PT-1", name="服务所", level="township", unit=TOWN, full_time_staff=2, networked=True, budgeted=True,
        guidance_window=False,
    ))  # fmt: skip
    for number, unit in enumerate((TOWN, TOWN_B)):
        told.happens("2025-02-01", GreenChannelOpened(channel=f"LT-{number}", unit=unit))
    for code in (TOWN, TOWN_B, PARK):
        told.happens("2025-04-10", ProgressReportSubmitted(code=code, period="2025-Q1"))
    # When the first township merges into the second.
    told.happens("2025-06-30", UnitMerged(code=TOWN, into=TOWN_B))
    now = await told.ends()
    # Then the second has the platform from the next day on, of three units there are; one channel and one report are as good as two.
    for as_of, platforms, channels, reports in (("2025-06-30", "1/4", "2", "3/4"), ("2025-07-01", "1/3", "1", "2/3")):
        for variant in ("default", "staffed"):
            assert await now.says("platforms", variant, part="township", as_of=as_of, known_at="2025-07-01") == platforms
        assert await now.says("green_channel_on_time", "units", as_of=as_of, known_at="2025-07-01") == channels
        for part in (None, "2025-Q1"):
            assert await now.says("progress_reports", part=part, as_of=as_of, known_at="2025-07-01") == reports
    assert await now.says("progress_reports", unit=TOWN_B, as_of="2025-07-01", known_at="2025-07-01") == "1/1"


async def test_a_park_that_became_a_community_reported_for_the_township_it_lies_in_now() -> None:
    # Given a park that reported, and two townships and a park that did not.
    told = story()
    told.happens("2025-04-10", ProgressReportSubmitted(code=PARK, period="2025-Q1"))
    # When it merges into a community.
    told.happens("2025-06-30", UnitMerged(code=PARK, into=COMMUNITY))
    now = await told.ends()
    # Then the township around the community answers with its report.
    for unit, share in ((COUNTY, "1/3"), (TOWN, "1/1"), (TOWN_B, "0/1")):
        assert await now.says("progress_reports", unit=unit, as_of="2025-07-01", known_at="2025-07-01") == share
