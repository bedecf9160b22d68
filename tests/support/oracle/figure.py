"""What the oracle says about one figure: exact fractions, never rounded, and `None` for what is not known."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

Key = tuple[str, str, str | None]
"""(indicator id, variant, part): one row of a board; part is None for the whole."""
Variants = dict[tuple[str, str | None], "Figure"]
"""The rows of one indicator by (variant, part)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one unit.

    A count has a numerator and the same value, and no denominator. A share has all three, and no value when its denominator is 0.
    A share whose statistic was never published has a numerator alone. All three are None before the window.
    """

    numerator: Fraction | None
    denominator: Fraction | None
    value: Fraction | None
    n: int | None = None
    """How many stand behind a figure that says so itself: a survey row, a distribution, an average."""
    incomplete: int = 0
    """How many facts the definition could not take in."""
    margin: Decimal | None = None
    """Half-width of the 95 % interval of a survey share, to 6 places."""
    period_end: date | None = None
    """The period end of the statistic in use."""
    effective_as_of: date | None = None
    """The day E for which the figure is answered."""
    awaited: bool = False
    """Whether there is no value because there is nothing to judge yet: a cohort without members, no survey closed, no duty due."""
    note: str | None = None

    def on(self, day: date) -> "Figure":
        """The same, answered for a day."""
        return Figure(
            self.numerator, self.denominator, self.value, self.n, self.incomplete, self.margin, self.period_end, day, self.awaited,
            self.note,
        )  # fmt: skip


NOT_DUE = Figure(None, None, None, note="as of a day before the window")


def count(number: int, *, note: str | None = None) -> Figure:
    """A plain count or amount."""
    value = Fraction(number)
    return Figure(value, None, value, note=note)


def share(numerator: int, denominator: int, *, n: int | None = None, incomplete: int = 0) -> Figure:
    """A ratio of two sums; without a value when there is nothing to divide by."""
    value = Fraction(numerator, denominator) if denominator else None
    return Figure(Fraction(numerator), Fraction(denominator), value, n=n, incomplete=incomplete)


def of_cohort(numerator: int, denominator: int, members: int, *, incomplete: int = 0) -> Figure:
    """A ratio within a cohort; while the cohort has no member there is nothing to judge yet."""
    return replace(share(numerator, denominator, incomplete=incomplete), awaited=not members)


def ratio(over: Figure, under: Figure) -> Figure:
    """The ratio of two counts."""
    assert over.numerator is not None
    assert under.numerator is not None
    value = over.numerator / under.numerator if under.numerator else None
    return Figure(over.numerator, under.numerator, value, note=over.note)


def plus(one: Figure, other: Figure) -> Figure:
    """The sum of two counts."""
    assert one.value is not None
    assert other.value is not None
    return Figure(one.value + other.value, None, one.value + other.value)
