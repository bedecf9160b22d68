"""Where a fact counts: unit, ancestors, park, the county once; and after a merger."""

import pytest

from shared.contracts.registry import UnitDissolved, UnitListed, UnitMerged
from tests.oracle.history import COMMUNITY, COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, VILLAGE_B, History


def where_guided(history: History, as_of: str = "2010-12-31") -> dict[str, int]:
    """How many are guided in each unit that answers with any."""
    units = (COUNTY, TOWN, TOWN_B, COMMUNITY, VILLAGE, VILLAGE_2, VILLAGE_B, PARK, PARK_2)
    counted = {unit: history.ask("guided", unit=unit, as_of=as_of).value for unit in units}
    return {unit: int(value) for unit, value in counted.items() if value}


@pytest.mark.parametrize(
    ("unit", "park", "expected"),
    [
        (VILLAGE, None, {COUNTY, TOWN, VILLAGE}),
        (TOWN, None, {COUNTY, TOWN}),
        (COUNTY, None, {COUNTY}),
        (None, PARK, {COUNTY, PARK}),
        (VILLAGE_B, PARK, {COUNTY, TOWN_B, VILLAGE_B, PARK}),
    ],
)
def test_a_fact_counts_for_its_unit_the_units_above_its_park_and_the_county_once(
    unit: str | None, park: str | None, expected: set[str]
) -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=unit, park=park)
    assert where_guided(history) == dict.fromkeys(expected, 1)


def test_a_person_is_distinct_within_each_units_subtree() -> None:
    history = History()
    for unit in (VILLAGE, VILLAGE_2, VILLAGE_B):
        history.guides("2010-03-01", 1, unit=unit)
        history.records[-1]["data"]["guidance_kind"] = {VILLAGE: "law", VILLAGE_2: "finance", VILLAGE_B: "policy"}[unit]
    assert where_guided(history) == {COUNTY: 1, TOWN: 1, TOWN_B: 1, VILLAGE: 1, VILLAGE_2: 1, VILLAGE_B: 1}
    assert history.ask("guided", "person_times", unit=TOWN).value == 2
    assert history.ask("guided", "person_times").value == 3


def test_after_a_merger_the_successor_answers_and_the_predecessor_answers_as_of_its_last_day() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.guides("2010-03-02", 2, unit=VILLAGE_2)
    history.add("2010-05-31", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    assert where_guided(history, "2010-05-31") == {COUNTY: 2, TOWN: 2, VILLAGE: 1, VILLAGE_2: 1}
    assert where_guided(history, "2010-06-01") == {COUNTY: 2, TOWN: 2, VILLAGE: 1, VILLAGE_2: 2}
    old = history.ask("guided", unit=VILLAGE)
    assert str(old.effective_as_of) == "2010-05-31"


def test_a_township_merged_into_another_takes_its_villages_along() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-06-01", UnitMerged(code=TOWN, into=TOWN_B))
    assert where_guided(history) == {COUNTY: 1, TOWN_B: 1, TOWN: 1, VILLAGE: 1}
    assert history.ask("created_share_villages", unit=TOWN_B).denominator == 3


def test_a_village_merged_across_townships_counts_with_its_successor_from_then_on() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-06-01", UnitMerged(code=VILLAGE, into=VILLAGE_B))
    assert where_guided(history) == {COUNTY: 1, TOWN_B: 1, VILLAGE_B: 1, VILLAGE: 1}


def test_the_successor_of_a_dissolved_unit_answers_with_its_facts() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-05-31", UnitDissolved(code=VILLAGE, successor=COMMUNITY))
    assert where_guided(history, "2010-05-31") == {COUNTY: 1, TOWN: 1, VILLAGE: 1}
    assert where_guided(history) == {COUNTY: 1, TOWN: 1, VILLAGE: 1, COMMUNITY: 1}
    assert str(history.ask("guided", unit=VILLAGE).effective_as_of) == "2010-05-31"


def test_a_unit_dissolved_without_a_successor_keeps_its_facts_where_they_were() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-05-31", UnitDissolved(code=VILLAGE))
    assert where_guided(history) == {COUNTY: 1, TOWN: 1, VILLAGE: 1}


def test_a_unit_ends_once_and_not_before_it_is_listed() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2004-12-31", UnitMerged(code=VILLAGE, into=VILLAGE_B))
    assert where_guided(history) == {COUNTY: 1, TOWN: 1, VILLAGE: 1}
    history.add("2010-05-31", UnitDissolved(code=VILLAGE, successor=COMMUNITY), known="2010-06-30")
    assert where_guided(history)[COMMUNITY] == 1
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-05-31", UnitDissolved(code=VILLAGE, successor=COMMUNITY))
    history.add("2010-06-30", UnitMerged(code=VILLAGE, into=VILLAGE_B))
    assert VILLAGE_B not in where_guided(history)


def test_units_merged_into_one_another_still_answer() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-06-01", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    history.add("2010-06-01", UnitMerged(code=VILLAGE_2, into=VILLAGE))
    assert where_guided(history) == {COUNTY: 1, TOWN: 1, VILLAGE: 1}
    history.add("2010-06-02", UnitDissolved(code=TOWN, successor=COMMUNITY))
    assert where_guided(history) == {COUNTY: 1, COMMUNITY: 1, TOWN: 1, VILLAGE: 1}


def test_units_are_counted_while_they_exist() -> None:
    history = History()
    assert history.ask("created_share").denominator == 8
    history.add("2010-02-01", UnitListed(code="330127101203", name="新村"))
    history.add("2010-06-01", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    history.add("2010-07-01", UnitDissolved(code=VILLAGE_B))
    expected = {"2010-01-31": 8, "2010-02-01": 9, "2010-06-01": 9, "2010-06-02": 8, "2010-07-01": 8, "2010-07-02": 7}
    assert {day: history.ask("created_share", as_of=day).denominator for day in expected} == expected


def test_a_merger_known_later_moves_nothing_before_it_is_known() -> None:
    history = History()
    history.guides("2010-03-01", 1, unit=VILLAGE)
    history.add("2010-06-01", UnitMerged(code=VILLAGE, into=VILLAGE_2), known="2010-09-01")
    assert history.ask("guided", unit=VILLAGE_2, as_of="2010-08-31", known_at="2010-08-31").value == 0
    assert history.ask("guided", unit=VILLAGE_2, as_of="2010-08-31", known_at="2010-09-01").value == 1
