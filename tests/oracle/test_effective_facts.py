"""What is held to be true on a day: corrections, voids, natural keys, and what was known when."""

import re
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.registry import EntityCodeReplaced, EntityDeregistered, EntityRegistered, StaffReported, StatisticPublished
from shared.contracts.training import GuidanceGiven
from tests.oracle.history import COUNTY, PARK, VILLAGE, VILLAGE_2, History, entity, person, whole
from tests.support.oracle import Oracle
from tests.support.oracle.facts import effective, read


def guidance(who: int, unit: str = VILLAGE) -> GuidanceGiven:
    return GuidanceGiven(person=person(who), guidance_kind="policy", unit=unit)


def test_a_fact_counts_from_the_day_it_is_known_as_of_the_day_it_occurred() -> None:
    history = History()
    history.guides("2010-03-01", 1, known="2010-04-10")
    assert history.ask("guided", as_of="2010-03-01", known_at="2010-04-09").value == 0
    assert history.ask("guided", as_of="2010-03-01", known_at="2010-04-10").value == 1
    assert history.ask("guided", as_of="2010-02-28", known_at="2010-04-10").value == 0


def test_the_known_day_is_a_day_in_shanghai() -> None:
    history = History()
    history.guides("2010-03-01", 1)
    history.records[-1]["time"] = "2010-03-01T16:30:00.000000Z"  # 2 March, half past midnight in Shanghai
    assert history.ask("guided", as_of="2010-03-01", known_at="2010-03-01").value == 0
    assert history.ask("guided", as_of="2010-03-01", known_at="2010-03-02").value == 1


def test_a_correction_replaces_day_and_content_from_the_day_it_is_known() -> None:
    history = History()
    id = history.add("2010-03-01", guidance(1))
    history.correct(id, "2010-05-01", guidance(1, VILLAGE_2), known="2010-06-01")
    assert history.ask("guided", unit=VILLAGE, as_of="2010-05-31", known_at="2010-05-31").value == 1
    assert history.ask("guided", unit=VILLAGE, known_at="2010-12-31").value == 0
    assert history.ask("guided", unit=VILLAGE_2, as_of="2010-04-30", known_at="2010-12-31").value == 0
    assert history.ask("guided", unit=VILLAGE_2, as_of="2010-05-01", known_at="2010-12-31").value == 1


def test_of_two_corrections_the_last_recorded_holds() -> None:
    history = History()
    id = history.add("2010-03-01", guidance(1))
    history.correct(id, "2010-03-01", guidance(1, VILLAGE_2), known="2010-06-01")
    history.correct(id, "2010-03-01", guidance(1, VILLAGE), known="2010-06-01")
    assert history.ask("guided", unit=VILLAGE).value == 1
    assert history.ask("guided", unit=VILLAGE_2).value == 0


def test_a_void_ends_the_fact_and_its_later_corrections() -> None:
    history = History()
    id = history.add("2010-03-01", guidance(1))
    history.void("training", id, known="2010-06-01")
    history.correct(id, "2010-03-01", guidance(1), known="2010-06-02")
    assert history.ask("guided", as_of="2010-05-31", known_at="2010-05-31").value == 1
    assert history.ask("guided", as_of="2010-05-31", known_at="2010-06-01").value == 0
    assert history.ask("guided").value == 0


def test_a_second_report_of_the_same_fact_posts_nothing_until_the_first_is_voided() -> None:
    history = History()
    first = history.founds("2010-03-01", [1], 1, unit=VILLAGE)
    history.founds("2010-03-02", [2, 3], 1, unit=VILLAGE_2)
    assert history.ask("successful_starts", "all_founders").value == 1
    assert history.ask("new_enterprises", unit=VILLAGE_2).value == 0
    history.void("registry", first, known="2010-06-01")
    assert history.ask("successful_starts", "all_founders").value == 2
    assert history.ask("new_enterprises", unit=VILLAGE_2).value == 1


def registered(name: str) -> EntityRegistered:
    return EntityRegistered(entity=entity(1), name=name, entity_kind="enterprise", industry="C20", unit=VILLAGE)


def holding(words: list[str], seed: int = 0) -> int | None:
    """Which word holds: a letter reports that content, a number voids the word before it at that place (from 1), `2=A` corrects it."""
    history, ids = History({}), dict[int, str]()
    for place, word in enumerate(words, start=1):
        number = re.search("[0-9]+", word)
        known = f"2010-02-{place:02d}"
        if number is None:
            ids[place] = history.add("2010-01-01", registered(word), known=known)
        elif "=" in word:
            history.correct(ids[int(number[0])], "2010-01-01", registered(word[-1]), known=known)
        else:
            history.void("registry", ids[int(number[0])], known=known)
    Random(seed).shuffle(history.records)
    held = [dated.position for dated in effective([read(record) for record in history.records], date(2010, 12, 31))]
    assert len(held) <= 1, "all of them are one fact"
    return held[0] if held else None


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("A B", 1), ("A B A -1", 3), ("A B A B -1 -3", 2), ("A B C B -1 -2", 4), ("A B C B -2 -1", 3), ("A B -1 -2", None),
        ("A -1 B A B -3", 5), ("A -1 B A", 3), ("A B B 3=A -1", 3), ("A B -1 A 2=C", 2), ("A B A 1=B -1", 2), ("A B A -1 1=B", 3),
    ],
)  # fmt: skip
def test_when_the_first_is_voided_the_earliest_that_says_the_same_holds_or_else_the_earliest(words: str, holds: int | None) -> None:
    assert holding(words.split()) == holds


@given(st.data())
def test_a_void_hands_on_to_a_confirmation_and_moves_nothing_that_does_not_hold(data: st.DataObject) -> None:
    words: list[str] = []
    content: dict[int, str] = {}
    holds = None
    for place in range(1, data.draw(st.integers(1, 12)) + 1):
        if data.draw(st.booleans()) and content:
            gone = data.draw(st.sampled_from(sorted(content)))
            words.append(f"-{gone}")
            said = content.pop(gone)
            alike = [other for other in content if content[other] == said]
            expected = holds if holds != gone else min(alike or content, default=None)
        else:
            content[place] = data.draw(st.sampled_from("ABC"))
            words.append(content[place])
            expected = holds or place
        holds = holding(words, seed=place)
        assert holds == expected


def test_of_superseding_facts_the_last_recorded_holds_whatever_the_order_of_arrival() -> None:
    history = History()
    history.founds("2010-03-01", [1], 1)
    history.add("2010-04-01", StaffReported(entity=entity(1), employees=5))
    history.add("2010-04-01", StaffReported(entity=entity(1), employees=7), known="2010-05-01")
    assert history.ask("jobs_brought", known_at="2010-04-30", as_of="2010-04-30").value == 5
    assert history.ask("jobs_brought").value == 7
    history.records.reverse()
    assert history.ask("jobs_brought").value == 7


def test_what_depends_on_a_voided_registration_posts_nothing() -> None:
    history = History()
    id = history.founds("2010-03-01", [1], 1)
    history.add("2010-04-01", StaffReported(entity=entity(1), employees=5))
    history.void("registry", id, known="2010-05-01")
    assert history.ask("jobs_brought").value == 0
    history.founds("2010-03-15", [1], 1, known="2010-06-01")
    assert history.ask("jobs_brought").value == 5


def test_a_pass_in_a_course_that_was_voided_is_no_pass() -> None:
    history = History()
    course = history.course()
    history.passes("2010-03-01", 1)
    history.void("training", course, known="2010-05-01")
    assert history.ask("trained", as_of="2010-04-30", known_at="2010-04-30").value == 1
    assert history.ask("trained").value == 0


def test_facts_under_either_code_belong_to_one_entity_from_any_day() -> None:
    history = History()
    history.founds("2010-03-01", [1], 1)
    history.add("2010-04-01", StaffReported(entity=entity(2), employees=4))
    history.add("2010-06-01", EntityCodeReplaced(entity=entity(1), new_code=entity(2)))
    assert history.ask("jobs_brought", as_of="2010-04-01", known_at="2010-06-01").value == 4
    assert history.ask("jobs_brought", as_of="2010-04-01", known_at="2010-05-31").value == 0
    history.add("2010-07-01", EntityDeregistered(entity=entity(2)))
    assert history.ask("jobs_brought").value == 0


def test_an_entity_registered_under_both_its_codes_is_registered_once() -> None:
    history = History()
    history.founds("2010-03-01", [1], 1)
    history.founds("2010-06-01", [1], 2)
    history.add("2010-06-01", EntityCodeReplaced(entity=entity(1), new_code=entity(2)))
    assert history.ask("new_enterprises").value == 1
    assert history.ask("new_enterprises", as_of="2010-03-01").value == 1


def test_a_figure_is_answered_at_the_windows_end_and_not_before_the_window() -> None:
    history = History()
    history.guides("2010-12-31", 1)
    history.guides("2011-01-01", 2)
    late = history.ask("guided", as_of="2011-05-01")
    assert late.value == 1
    assert late.effective_as_of == date(2010, 12, 31)
    early = history.ask("guided", as_of="2009-12-31")
    assert whole(early) == (None, None, None)
    assert history.ask("guided", as_of="2010-01-01").value == 0


def test_the_year_before_is_answered_by_the_same_formula() -> None:
    history = History()
    history.guides("2009-12-31", 1)
    assert history.ask("guided", as_of="2009-12-31", year=2009).value == 1
    assert history.ask("guided", year=2010).value == 0


def test_days_that_cannot_be_answered_are_bad_input() -> None:
    oracle = Oracle(History().records)
    with pytest.raises(ValueError, match="after what is known"):
        oracle.figures(unit=COUNTY, as_of=date(2010, 2, 2), known_at=date(2010, 2, 1), year=2010)
    with pytest.raises(ValueError, match="does not exist"):
        oracle.figures(unit=VILLAGE, as_of=date(2004, 12, 31), known_at=date(2010, 2, 1), year=2010)


def test_a_statistic_goes_by_its_period_and_not_by_the_day_of_its_publication() -> None:
    history = History()
    for period_end, published, value in (
        ("2010-06-30", "2010-07-10", 200),
        ("2010-12-31", "2011-01-20", 250),
        ("2010-12-31", "2011-02-20", 240),
    ):
        end = date.fromisoformat(period_end)
        history.add(published, StatisticPublished(series="urban_workers", unit=COUNTY, period_end=end, value=value, publisher="统计局"))
    assert history.ask("urban_workers", as_of="2010-12-31", known_at="2011-01-19").value == 200
    assert history.ask("urban_workers", as_of="2010-12-31", known_at="2011-01-20").value == 250
    assert history.ask("urban_workers", as_of="2010-12-31", known_at="2011-02-20").value == 240
    june = history.ask("urban_workers", as_of="2010-12-30", known_at="2011-02-20")
    assert [june.value, june.period_end] == [200, date(2010, 6, 30)]
    assert history.ask("urban_workers", as_of="2010-06-29").value is None
    assert history.ask("urban_workers", unit=VILLAGE).value is None


def test_a_cumulative_statistic_must_end_in_the_year_asked() -> None:
    history = History()
    fact = StatisticPublished(series="new_employment", unit=COUNTY, period_end=date(2009, 12, 31), value=900, publisher="统计局")
    history.add("2010-01-05", fact)
    assert history.ask("new_employment", as_of="2010-02-01").value is None
    assert history.ask("new_employment", as_of="2009-12-31", year=2009).value == 900
    stock = StatisticPublished(series="urban_workers", unit=COUNTY, period_end=date(2009, 12, 31), value=800, publisher="统计局")
    history.add("2010-01-05", stock)
    assert history.ask("urban_workers", as_of="2010-02-01").value == 800
    first_day = StatisticPublished(series="new_employment", unit=COUNTY, period_end=date(2010, 1, 1), value=3, publisher="统计局")
    history.add("2010-01-06", first_day)
    assert history.ask("new_employment", as_of="2010-02-01").value == 3


def test_a_statistic_is_of_one_series_and_of_one_unit_or_park() -> None:
    history = History()
    for series, unit, park, value in (
        ("urban_workers", COUNTY, None, 100), ("urban_workers", None, PARK, 7), ("enterprises_existing", COUNTY, None, 40),
    ):  # fmt: skip
        end = date(2010, 1, 31)
        history.add("2010-02-01", StatisticPublished(series=series, unit=unit, park=park, period_end=end, value=value, publisher="统计局"))
    assert [history.ask("urban_workers", unit=unit).value for unit in (COUNTY, PARK, VILLAGE)] == [100, 7, None]
