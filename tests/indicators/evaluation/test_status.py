"""The ordered rules of status, one sentence each, with numbers worked out by hand."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.evaluation.status import (
    Absence,
    Behaviour,
    Goal,
    Milestone,
    StandingInput,
    Status,
    Window,
    expected,
    judge,
    judge_baseline,
    judge_benchmark,
)

YEAR = Window("plan_year", date(2025, 1, 1), date(2025, 12, 31))
LEAP_YEAR = Window("plan_year", date(2024, 1, 1), date(2024, 12, 31))
TWO_YEARS = Window("two_years", date(2025, 1, 1), date(2026, 12, 31))


def standing(
    as_of: date,
    value: Fraction | int | Absence,
    goal: Goal | int | str | None,
    behaviour: Behaviour = "line",
    *,
    window: Window = YEAR,
    start: int = 0,
    whole: bool = True,
) -> StandingInput:
    if isinstance(goal, int | str):
        goal = Goal(">=", Fraction(goal))
    return StandingInput(
        as_of=as_of,
        window=window,
        value=value if isinstance(value, str) else Fraction(value),
        behaviour=behaviour,
        goal=goal,
        start=Fraction(start),
        whole=whole,
    )


# days


def test_a_window_counts_both_its_first_and_its_last_day() -> None:
    assert (YEAR.days, LEAP_YEAR.days, TWO_YEARS.days) == (365, 366, 730)
    assert YEAR.days_through(date(2025, 1, 1)) == 1
    assert YEAR.days_through(date(2025, 2, 28)) == 59
    assert YEAR.days_through(date(2025, 3, 15)) == 74
    assert LEAP_YEAR.days_through(date(2024, 2, 29)) == 60
    assert YEAR.days_through(date(2025, 12, 31)) == 365
    assert YEAR.days_through(date(2026, 1, 1)) == 365
    assert YEAR.days_through(date(2024, 12, 31)) == 0


def test_the_effective_day_is_the_as_of_day_inside_the_window_and_its_end_after_it() -> None:
    assert YEAR.effective(date(2024, 12, 31)) is None
    assert YEAR.effective(date(2025, 1, 1)) == date(2025, 1, 1)
    assert YEAR.effective(date(2025, 12, 31)) == date(2025, 12, 31)
    assert YEAR.effective(date(2026, 1, 1)) == date(2025, 12, 31)


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="止日早于起日"):
        Window("odd", date(2025, 2, 1), date(2025, 1, 31))


# the rules in their order


def test_before_the_window_nothing_is_due_even_when_an_input_is_missing_or_the_target_is_reached() -> None:
    eve = date(2024, 12, 31)
    assert judge(standing(eve, "missing", 500)) == "not_due"
    assert judge(standing(eve, 500, 500)) == "not_due"
    assert judge(standing(eve, 500, None, "shown")) == "not_due"


def test_a_missing_input_is_unknown_with_or_without_a_target() -> None:
    assert judge(standing(date(2025, 6, 30), "missing", "0.20")) == "unknown"
    assert judge(standing(date(2025, 12, 31), "missing", "0.20")) == "unknown"
    assert judge(standing(date(2025, 6, 30), "missing", None, "shown")) == "unknown"


@pytest.mark.parametrize(("as_of", "status"), [
    (date(2025, 1, 1), "not_due"), (date(2025, 12, 30), "not_due"), (date(2025, 12, 31), "unknown"), (date(2026, 6, 1), "unknown"),
])  # fmt: skip
def test_an_empty_cohort_is_not_due_and_at_the_windows_end_unknown(as_of: date, status: Status) -> None:
    assert judge(standing(as_of, "empty", "0.80", "level")) == status
    assert judge(standing(as_of, "empty", None, "shown")) == status


def test_a_target_that_is_the_benchmark_is_unknown_until_the_benchmark_is_published() -> None:
    assert judge(standing(date(2025, 6, 30), Fraction(1, 3), Goal(">=", None), "level")) == "unknown"
    assert judge(standing(date(2025, 6, 30), "empty", Goal(">=", None), "level")) == "unknown"
    assert judge(standing(date(2025, 6, 30), Fraction(1, 3), Goal(">=", Fraction(1, 3)), "level")) == "met"


def test_without_a_target_a_figure_is_shown() -> None:
    assert judge(standing(date(2025, 6, 30), 7, None, "shown")) == "shown"
    assert judge(standing(date(2025, 12, 31), 7, None, "line")) == "shown"


@pytest.mark.parametrize("behaviour", ["line", "level", "deadline", "shown"])
def test_reaching_the_target_is_met_on_any_day_and_short_of_it_the_last_day_is_missed(behaviour: Behaviour) -> None:
    assert judge(standing(date(2025, 1, 1), 500, 500, behaviour)) == "met"
    assert judge(standing(date(2025, 12, 31), 500, 500, behaviour)) == "met"
    assert judge(standing(date(2025, 12, 31), 499, 500, behaviour)) == "missed"
    assert judge(standing(date(2026, 1, 1), 499, 500, behaviour)) == "missed"


@pytest.mark.parametrize(("as_of", "submitted", "status"), [
    (date(2025, 1, 1), 0, "not_due"),
    (date(2025, 3, 14), 23, "not_due"),
    (date(2025, 3, 14), 24, "met"),
    (date(2025, 3, 15), 23, "not_due"),
    (date(2025, 3, 15), 24, "met"),
    (date(2025, 3, 16), 23, "missed"),
    (date(2025, 3, 16), 24, "met"),
    (date(2025, 12, 31), 23, "missed"),
    (date(2026, 1, 1), 23, "missed"),
])  # fmt: skip
def test_a_deadline_is_not_due_through_its_day_and_missed_from_the_next(as_of: date, submitted: int, status: Status) -> None:
    goal = Goal(">=", Fraction(24), deadline=date(2025, 3, 15))
    assert judge(standing(as_of, submitted, goal, "deadline")) == status


@pytest.mark.parametrize(("window", "deadline", "next_day"), [
    (YEAR, date(2025, 2, 28), date(2025, 3, 1)), (LEAP_YEAR, date(2024, 2, 29), date(2024, 3, 1)),
])  # fmt: skip
def test_the_last_day_of_february_is_a_deadline_in_common_and_in_leap_years(window: Window, deadline: date, next_day: date) -> None:
    goal = Goal(">=", Fraction(50), deadline=deadline)
    assert judge(standing(deadline, 49, goal, "deadline", window=window)) == "not_due"
    assert judge(standing(next_day, 49, goal, "deadline", window=window)) == "missed"


@pytest.mark.parametrize(("as_of", "line", "on_schedule"), [
    (date(2025, 1, 1), 1, 1),  # 500 · 1/365 = 1.37
    (date(2025, 2, 28), 80, 80),  # 500 · 59/365 = 80.8
    (date(2025, 3, 15), 101, 101),  # 500 · 74/365 = 101.4
    (date(2025, 7, 2), 250, 250),  # 500 · 183/365 = 250.7
    (date(2025, 12, 30), 498, 498),  # 500 · 364/365 = 498.6
])  # fmt: skip
def test_a_count_is_on_schedule_from_the_whole_number_below_the_line(as_of: date, line: int, on_schedule: int) -> None:
    assert expected(standing(as_of, 0, 500)) == line
    assert judge(standing(as_of, on_schedule, 500)) == "on_schedule"
    assert judge(standing(as_of, on_schedule - 1, 500)) == "behind"


def test_a_share_is_compared_with_the_line_exactly() -> None:
    as_of = date(2025, 3, 14)  # 73 of 365 days: a fifth
    assert expected(standing(as_of, 0, "0.20", whole=False)) == Fraction(1, 25)
    assert judge(standing(as_of, Fraction(1, 25), "0.20", whole=False)) == "on_schedule"
    assert judge(standing(as_of, Fraction(1, 25) - Fraction(1, 10**12), "0.20", whole=False)) == "behind"


def test_a_share_over_two_years_is_expected_half_after_the_first() -> None:
    assert expected(standing(date(2025, 12, 31), 0, "0.95", window=TWO_YEARS, whole=False)) == Fraction(19, 40)
    assert judge(standing(date(2025, 12, 31), Fraction(19, 40), "0.95", window=TWO_YEARS, whole=False)) == "on_schedule"
    assert judge(standing(date(2026, 1, 1), Fraction(19, 40), "0.95", window=TWO_YEARS, whole=False)) == "behind"
    assert judge(standing(date(2026, 12, 31), Fraction(94, 100), "0.95", window=TWO_YEARS, whole=False)) == "missed"


def test_a_stock_starts_from_its_value_on_the_eve() -> None:
    as_of = date(2025, 3, 14)  # a fifth of the way from 10 to 20
    assert expected(standing(as_of, 0, 20, start=10)) == 12
    assert judge(standing(as_of, 12, 20, start=10)) == "on_schedule"
    assert judge(standing(as_of, 11, 20, start=10)) == "behind"


def test_a_target_not_to_be_exceeded_reverses_line_and_comparison() -> None:
    falling = Goal("<=", Fraction(50))
    as_of = date(2025, 1, 1)  # 100 − 50/365 = 99.9, rounded towards those who owe
    assert expected(standing(as_of, 100, falling, start=100)) == 100
    assert judge(standing(as_of, 100, falling, start=100)) == "on_schedule"
    assert judge(standing(as_of, 101, falling, start=100)) == "behind"
    assert judge(standing(as_of, 50, falling, start=100)) == "met"
    assert judge(standing(date(2025, 12, 31), 51, falling, start=100)) == "missed"


MILESTONES = Goal(">=", Fraction(130), milestones=(Milestone(date(2025, 3, 31), Fraction(20)), Milestone(date(2025, 6, 30), Fraction(70))))


@pytest.mark.parametrize(("as_of", "line", "value", "status"), [
    (date(2025, 3, 30), 0, 0, "on_schedule"),
    (date(2025, 3, 31), 20, 19, "behind"),
    (date(2025, 3, 31), 20, 20, "on_schedule"),
    (date(2025, 6, 29), 20, 20, "on_schedule"),
    (date(2025, 6, 30), 70, 69, "behind"),
    (date(2025, 12, 30), 70, 70, "on_schedule"),
    (date(2025, 12, 31), 70, 129, "missed"),
])  # fmt: skip
def test_milestones_replace_the_line_by_steps(as_of: date, line: int, value: int, status: Status) -> None:
    assert expected(standing(as_of, value, MILESTONES)) == line
    assert judge(standing(as_of, value, MILESTONES)) == status


def test_before_its_first_milestone_a_target_not_to_be_exceeded_expects_nothing() -> None:
    goal = Goal("<=", Fraction(5), milestones=(Milestone(date(2025, 6, 30), Fraction(8)),))
    assert expected(standing(date(2025, 6, 29), 9, goal)) is None
    assert judge(standing(date(2025, 6, 29), 9, goal)) == "on_schedule"
    assert judge(standing(date(2025, 6, 30), 9, goal)) == "behind"
    assert judge(standing(date(2025, 6, 30), 8, goal)) == "on_schedule"


def test_a_level_below_its_target_is_behind_until_the_end() -> None:
    assert judge(standing(date(2025, 1, 1), Fraction(79, 100), "0.80", "level")) == "behind"
    assert judge(standing(date(2025, 1, 1), Fraction(80, 100), "0.80", "level")) == "met"
    assert judge(standing(date(2025, 6, 30), Fraction(79, 100), "0.80", "shown")) == "behind"


def test_only_rows_on_the_line_have_an_expected_value_and_only_within_the_window() -> None:
    assert expected(standing(date(2025, 6, 30), 0, "0.80", "level")) is None
    assert expected(standing(date(2025, 6, 30), 0, Goal(">=", Fraction(24), date(2025, 3, 15)), "deadline")) is None
    assert expected(standing(date(2025, 6, 30), 0, None)) is None
    assert expected(standing(date(2025, 6, 30), 0, Goal(">=", None))) is None
    assert expected(standing(date(2024, 12, 31), 0, 500)) is None
    assert expected(standing(date(2025, 12, 31), 0, 500)) == 500
    assert expected(standing(date(2026, 12, 31), 0, 500)) == 500


# benchmark and baseline


@pytest.mark.parametrize(("as_of", "value", "benchmark", "status"), [
    (date(2025, 6, 30), Fraction(1, 5), Fraction(1, 5), "met"),
    (date(2025, 6, 30), Fraction(1, 5), Fraction(1, 4), "behind"),
    (date(2025, 12, 31), Fraction(1, 5), Fraction(1, 4), "missed"),
    (date(2026, 1, 1), Fraction(1, 5), Fraction(1, 4), "missed"),
    (date(2025, 6, 30), Fraction(1, 5), None, "no_benchmark"),
    (date(2025, 6, 30), None, None, "no_benchmark"),
    (date(2025, 6, 30), None, Fraction(1, 4), None),
    (date(2024, 12, 31), Fraction(1, 5), Fraction(1, 5), None),
])  # fmt: skip
def test_the_benchmark_is_met_when_reached_or_exceeded(
    as_of: date, value: Fraction | None, benchmark: Fraction | None, status: str | None
) -> None:
    assert judge_benchmark(as_of=as_of, window=YEAR, value=value, benchmark=benchmark) == status


@pytest.mark.parametrize(("as_of", "value", "baseline", "status"), [
    (date(2025, 6, 30), Fraction(1, 5), Fraction(1, 5), "met"),
    (date(2025, 6, 30), Fraction(1, 5), Fraction(1, 4), "behind"),
    (date(2025, 12, 31), Fraction(1, 5), Fraction(1, 4), "missed"),
    (date(2025, 6, 30), Fraction(1, 5), None, "unknown"),
    (date(2025, 6, 30), None, Fraction(1, 4), "unknown"),
    (date(2024, 12, 31), Fraction(1, 5), Fraction(1, 5), None),
])  # fmt: skip
def test_the_baseline_is_unknown_when_either_side_is(
    as_of: date, value: Fraction | None, baseline: Fraction | None, status: str | None
) -> None:
    assert judge_baseline(as_of=as_of, window=YEAR, value=value, baseline=baseline) == status


def test_a_benchmark_not_to_be_exceeded_is_reached_from_above() -> None:
    day = date(2025, 6, 30)
    assert judge_benchmark(as_of=day, window=YEAR, value=Fraction(3), benchmark=Fraction(4), op="<=") == "met"
    assert judge_baseline(as_of=day, window=YEAR, value=Fraction(5), baseline=Fraction(4), op="<=") == "behind"


RANK = {"missed": 0, "behind": 1, "not_due": 1, "on_schedule": 2, "met": 3}


@given(
    as_of=st.dates(date(2025, 1, 1), date(2026, 2, 1)), target=st.integers(1, 4000), value=st.integers(0, 4000), more=st.integers(1, 50),
    behaviour=st.sampled_from(["line", "level", "deadline", "shown"]), start=st.integers(0, 50),
)  # fmt: skip
def test_more_is_never_worse(as_of: date, target: int, value: int, more: int, behaviour: Behaviour, start: int) -> None:
    goal = Goal(">=", Fraction(target), deadline=date(2025, 3, 15))
    less = judge(standing(as_of, value, goal, behaviour, start=start))
    assert RANK[judge(standing(as_of, value + more, goal, behaviour, start=start))] >= RANK[less]


@given(day=st.dates(date(2025, 1, 1), date(2025, 12, 30)), target=st.integers(1, 4000), value=st.integers(0, 4000))
def test_standing_still_never_improves(day: date, target: int, value: int) -> None:
    today, later = (judge(standing(as_of, value, target)) for as_of in (day, YEAR.last))
    assert RANK[later] <= RANK[today]
