"""Rounding happens once, half up, when a number is shown."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.evaluation.display import decimal_text, quantity, share_text, value_text


def test_260_of_832_shows_31_3_percent() -> None:
    assert share_text(Fraction(260, 832)) == "31.3%"
    assert value_text(Fraction(260, 832)) == "0.312500"


@pytest.mark.parametrize(("value", "places", "text"), [
    (Fraction(1, 2), 0, "1"),
    (Fraction(5, 2), 0, "3"),
    (Fraction(1, 3), 6, "0.333333"),
    (Fraction(2, 3), 6, "0.666667"),
    (Fraction(1, 2_000_000), 6, "0.000001"),
    (Fraction(1, 2_000_001), 6, "0.000000"),
    (Fraction(-1, 2_000_001), 6, "0.000000"),
    (Fraction(-5, 2), 0, "-3"),
    (Fraction(999_999_999_999_999, 1), 0, "999999999999999"),
    (Fraction(9999, 10000), 2, "1.00"),
])  # fmt: skip
def test_half_goes_up_and_nothing_is_ever_minus_zero(value: Fraction, places: int, text: str) -> None:
    assert decimal_text(value, places) == text


@pytest.mark.parametrize(("value", "unit_of_measure", "english"), [
    ("1", "units", "1 unit"), ("1.000000", "parties", "1 party"), ("1", "person_times", "1 person-time"), ("1", "kinds", "1 kind"),
    ("0", "units", "0 units"), ("2", "parties", "2 parties"), ("1", "m2", "1 m²"), ("100", "fen", "1.00 yuan"),
    ("0.999", "days", "1.0 days"),
])  # fmt: skip
def test_one_of_something_is_said_in_the_singular(value: str, unit_of_measure: str, english: str) -> None:
    assert quantity(value, unit_of_measure)[1] == english


@given(units=st.integers(-(10**12), 10**12), shift=st.integers(0, 9), places=st.integers(0, 7))
def test_it_agrees_with_decimal_wherever_decimal_is_exact(units: int, shift: int, places: int) -> None:
    exact = Decimal(units).scaleb(-shift)
    shown = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    assert Decimal(decimal_text(Fraction(exact), places)) == shown
