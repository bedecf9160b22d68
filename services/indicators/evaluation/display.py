"""Numbers as people and files read them: exact arithmetic until here, rounded half up only when shown."""

from fractions import Fraction

VALUE_PLACES = 6
"""Ratios and expected values in JSON."""
SHARE_PLACES = 1
"""Percentages in documents and on the page."""


def decimal_text(value: Fraction | int, places: int) -> str:
    """The number to so many places, half up (away from zero): 1/32 to 3 places is 0.031, 31.25 to one place is 31.3."""
    tenths = 10**places
    magnitude, remainder = divmod(abs(value.numerator) * tenths, value.denominator)
    if 2 * remainder >= value.denominator:
        magnitude += 1
    sign = "-" if value.numerator < 0 and magnitude else ""
    whole, fraction = divmod(magnitude, tenths)
    return f"{sign}{whole}.{fraction:0{places}d}" if places else f"{sign}{whole}"


def value_text(value: Fraction | int) -> str:
    """A ratio or an expected value as it stands in JSON: six places."""
    return decimal_text(value, VALUE_PLACES)


def share_text(share: Fraction, places: int = SHARE_PLACES) -> str:
    """A share as a percentage: 260 of 832 is `31.3%`."""
    return decimal_text(share * 100, places) + "%"
