"""How much each asker may ask."""

import pytest

from services.registry.persons.allowance import ASKERS_MAX, DAY_SECONDS, Allowances


def test_a_minutes_worth_at_once_then_as_it_fills_up_and_each_for_itself() -> None:
    allowances = Allowances(per_minute=600, per_day=100_000)
    assert allowances.take("bank", 600, now=0.0) == 0.0
    assert allowances.take("bank", 5, now=0.0) == 0.5
    assert allowances.take("school", 600, now=0.0) == 0.0
    assert allowances.take("bank", 5, now=0.4) == pytest.approx(0.1)
    assert allowances.take("bank", 5, now=0.5) == 0.0
    assert allowances.take("bank", 601 - 1, now=1000.0) == 0.0, "what is not used does not pile up beyond a minute's"
    assert allowances.take("bank", 1, now=1000.0) > 0.0


def test_a_days_worth_however_slowly_and_nothing_is_taken_by_who_is_refused() -> None:
    allowances = Allowances(per_minute=600, per_day=1440)
    assert [allowances.take("bank", 600, now=minute * 60.0) for minute in range(2)] == [0.0, 0.0]
    assert allowances.take("bank", 600, now=120.0) == pytest.approx((600 - 242) * 60), "one a minute comes in"
    assert allowances.take("bank", 242, now=120.0) == 0.0
    assert allowances.take("school", 600, now=120.0) == 0.0
    assert allowances.take("bank", 600, now=120.0 + 600 * 60) == 0.0


def test_whoever_may_ask_everything_again_is_forgotten() -> None:
    allowances = Allowances(per_minute=600, per_day=100_000)
    for number in range(2 * ASKERS_MAX):
        assert allowances.take(number, 600, now=number * DAY_SECONDS) == 0.0
    assert len(allowances._buckets) <= ASKERS_MAX + 1
