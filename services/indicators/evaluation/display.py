"""Numbers as people and files read them: exact arithmetic until here, rounded half up only when shown."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

VALUE_PLACES = 6
"""Ratios and expected values in JSON."""
SHARE_PLACES = 1
"""Percentages in documents and on the page."""
NOTHING: Final = "—"
_FEN: Final = 100
UNITS_OF_MEASURE: Final[Mapping[str, str]] = {
    "persons": "人", "person_times": "人次", "entities": "家", "jobs": "个", "units": "个", "venues": "个", "cases": "件",
    "m2": "m²", "days": "天", "associations": "个", "events": "次", "kinds": "类", "members": "名", "parties": "个", "projects": "个",
    "documents": "份",
}  # fmt: skip
"""The measure words of counts and amounts; shares and money have none."""


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


def number_text(value: str | None, unit_of_measure: str, *, multiple: bool = False) -> str:
    """A figure as people read it: shares as percentages to one place, money in yuan. What it is measured in: `measure_words`."""
    if value is None:
        return NOTHING
    exact = Fraction(value)
    if unit_of_measure == "ratio":
        return decimal_text(exact, 2) if multiple else share_text(exact)
    if unit_of_measure == "fen":
        return yuan_text(value)
    return grouped(decimal_text(exact, 0 if exact.denominator == 1 else 1))


def measure_words(unit_of_measure: str, *, multiple: bool = False) -> str:
    """What a figure is measured in, in both languages; a percentage says so itself."""
    return " ".join(dict.fromkeys(_measure_words(unit_of_measure, multiple=multiple)))


def quantity(value: str, unit_of_measure: str, *, multiple: bool = False) -> tuple[str, str]:
    """A figure with what it is measured in, in Chinese and in English."""
    number = number_text(value, unit_of_measure, multiple=multiple)
    zh, en = _measure_words(unit_of_measure, multiple=multiple)
    return f"{number} {zh}".rstrip(), f"{number} {_singular(en) if number == '1' else en}".rstrip()


def counted(number: int, one: str, more: str) -> str:
    """A number of something in English: `1 fact`, `2 facts`."""
    return f"{number} {one if number == 1 else more}"


def _singular(words: str) -> str:
    """`parties` is `party`, `persons` is `person`, what has no plural stays."""
    return f"{words.removesuffix('ies')}y" if words.endswith("ies") else words.removesuffix("s")


def _measure_words(unit_of_measure: str, *, multiple: bool) -> tuple[str, str]:
    match unit_of_measure:
        case "ratio":
            return ("倍", "times") if multiple else ("", "")
        case "fen":
            return "元", "yuan"
        case "m2":
            return UNITS_OF_MEASURE["m2"], UNITS_OF_MEASURE["m2"]
        case _:
            return UNITS_OF_MEASURE[unit_of_measure], unit_of_measure.replace("_", "-")


def yuan_text(fen: str) -> str:
    """An amount in fen as yuan."""
    return grouped(decimal_text(Fraction(fen) / _FEN, 2))


def grouped(number: str) -> str:
    """Thousands set apart."""
    whole, point, rest = number.partition(".")
    return f"{int(whole):,}{point}{rest}"
