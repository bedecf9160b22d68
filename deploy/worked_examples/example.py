"""A worked example: a few recorded facts, and what a figure comes to, counted by hand. The tests count it again, twice over."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from services.indicators.evaluation.plan import Duty
from shared.contracts.base import Fact

YEAR: Final = 2025
"""The plan year of an example that names no other."""
COUNTY, TOWN, TOWN_B = "330127000000", "330127101000", "330127102000"
COMMUNITY, VILLAGE, VILLAGE_2, VILLAGE_B = "330127101001", "330127101201", "330127101202", "330127102201"
PARK, PARK_2 = "330127401000", "330127402000"


@dataclass(frozen=True, slots=True)
class Place:
    """A unit of the small county in which all examples happen; `urban_rural_class` is its 城乡分类代码, 1xx is urban."""

    zh: str
    en: str
    urban_rural_class: str | None = None


PLACES: Final = {
    COUNTY: Place("县", "county"),
    TOWN: Place("甲乡", "township A"),
    TOWN_B: Place("乙乡", "township B"),
    COMMUNITY: Place("甲社区", "community A", "111"),
    VILLAGE: Place("甲村", "village A", "220"),
    VILLAGE_2: Place("甲二村", "village A2", "122"),
    VILLAGE_B: Place("乙村", "village B", "220"),
    PARK: Place("甲园区", "park A"),
    PARK_2: Place("乙园区", "park B", "121"),
}
"""Two townships; in the first a community and two villages, in the second a village; two parks."""


@dataclass(frozen=True, slots=True)
class Given:
    """A fact and the day on which it occurred; it is recorded on the same day."""

    on: date
    fact: Fact


@dataclass(frozen=True, slots=True)
class Answer:
    """What one row comes to, at latest knowledge: see `parse` for how `is_` is written. `because` says who or what counts."""

    variant: str
    is_: str
    because: str = ""
    part: str | None = None
    unit: str = COUNTY
    as_of: date | None = None
    """None: the last day of the plan year."""
    incomplete: int = 0
    """How many facts the definition could not take in."""


@dataclass(frozen=True, slots=True)
class Example:
    """One indicator's example; an indicator may have several."""

    indicator: str
    given: tuple[Given, ...]
    then: tuple[Answer, ...]
    year: int = YEAR
    """The plan year; of it plans are owed by 15 March, letters and the county's plan by the last day of February, and rehearsals count
    from 1 September to 31 December, as in the example county.
    """
    duties: tuple[Duty, ...] = ()
    """What the plan file says is owed, where that matters."""

    def as_of(self, answer: Answer) -> date:
        """The day for which an answer is given."""
        return answer.as_of or date(self.year, 12, 31)


Numbers = tuple[Fraction | None, Fraction | None, Fraction | None]


def parse(answer: str) -> Numbers:
    """Numerator, denominator and value: "2" is a count, "2/3" a ratio, "0/0" one with nothing to divide by, "2/?" one whose statistic
    nobody published, "" no figure at all (before its survey, say). Raises ValueError.
    """
    if not answer:
        return None, None, None
    over, slash, under = answer.partition("/")
    numerator = Fraction(int(over))
    if not slash:
        return numerator, None, numerator
    if under == "?":
        return numerator, None, None
    denominator = Fraction(int(under))
    return numerator, denominator, numerator / denominator if denominator else None
