"""At which (as of, known at) pairs engines are compared: at twenty, however young the county."""

from datetime import date, timedelta

import pytest

from services.indicators.audit.agreement import pairs

FIRST = date(2025, 3, 3)


def days(count: int) -> set[date]:
    return {FIRST + timedelta(days=number) for number in range(count)}


@pytest.mark.parametrize("known", [1, 2, 3, 7, 9, 10, 40])
def test_there_are_twenty_however_few_the_known_days(known: int) -> None:
    found = pairs(days(known), seed=5, occurred={FIRST - timedelta(days=400)})
    assert len(found) == len(set(found)) == 20
    assert all(as_of <= known_at for as_of, known_at in found)
    assert {known_at for _, known_at in found} <= days(known) | {date(2025, 3, 15), date(2025, 3, 16)}
    assert (max(days(known)), max(days(known))) == found[-1], "whoever asks for fewer takes the last of them"
    assert [known_at for _, known_at in found] == sorted(known_at for _, known_at in found)
    assert found == pairs(days(known), seed=5, occurred={FIRST - timedelta(days=400)})


def test_days_on_which_facts_occurred_are_among_them() -> None:
    occurred = {FIRST - timedelta(days=number) for number in range(900, 990)}
    assert {as_of for as_of, _ in pairs(days(1), seed=5, occurred=occurred)} & occurred


def test_without_a_known_day_there_are_none() -> None:
    assert pairs(set(), seed=5) == []
