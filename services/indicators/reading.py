"""Reading a figure off the ledger: one unit, one effective day, one known day; exact arithmetic throughout."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import isqrt
from typing import assert_never

from services.indicators.evaluation.status import Absence
from services.indicators.figures import (
    Amount,
    Expression,
    Figure,
    HowMany,
    InTime,
    Least,
    Less,
    Quantiles,
    Share,
    SinceStart,
    StatisticShare,
    Sum,
    SurveyShare,
)
from services.indicators.ledger import Balances
from services.indicators.measures.kinds import Matured, Published
from services.indicators.places import UnitTree


@dataclass(frozen=True, slots=True)
class Value:
    """What a figure comes to. `absence` says why there is no value; `n` is how many stand behind it (denominator, else its own)."""

    numerator: Fraction | None
    denominator: Fraction | None
    value: Fraction | None
    absence: Absence | None = None
    n: int = 0
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads amounts of one unit as known on one day."""

    balances: Balances
    tree: UnitTree
    unit: str
    known: int

    def amount(self, of: Expression, day: int, unit: str | None = None) -> int:
        """An expression's amount at the end of a day."""
        match of:
            case Sum():
                return sum(self.amount(measure, day, unit) for measure in of.of)
            case Less():
                return self.amount(of.of, day, unit) - self.amount(of.less, day, unit)
            case _:
                return self.balances.whole(of.name, unit or self.unit, day, self.known)

    def part(self, of: Expression, part: str | None, day: int, unit: str | None = None) -> int:
        """One part of an expression."""
        match of:
            case Sum():
                return sum(self.part(measure, part, day, unit) for measure in of.of)
            case Less():
                return self.part(of.of, part, day, unit) - self.part(of.less, part, day, unit)
            case _:
                return self.balances.amount(of.name, unit or self.unit, part, day, self.known)

    def values(self, figure: Figure, start: date, day: date, deadline: date | None = None) -> Iterator[tuple[str | None, Value]]:
        """The figure at the end of a day of the window from `start` on: its whole (part None) first, where it has one, then parts.

        `deadline` is the day by which it was owed, for what counts only when in time.
        """
        on = day.toordinal()
        match figure:
            case Amount():
                yield None, _count(self.amount(figure.of, on))
            case InTime():
                days = self.balances.parts(figure.of.name, self.unit)
                yield None, _count(sum(self.part(figure.of, done, on) for done in days if done <= str(deadline or done)))
            case SinceStart():
                parts = self.balances.parts(figure.of.name, self.unit)
                added = sum(self.part(figure.of, part, on) for part in parts if int(part) >= start.year)
                years = day.year - start.year + 1
                yield None, Value(Fraction(added), Fraction(years), Fraction(added, years), n=added)
            case Share():
                # A cohort without members is not due yet. One of whom nothing is known, and any other missing denominator, is an unknown.
                members = 0 if figure.parts is None else self.amount(figure.parts, on)
                absence: Absence = "empty" if isinstance(figure.over, Matured) and not members else "missing"
                yield None, _ratio(self.amount(figure.of, on), self.amount(figure.over, on), absence)
                if figure.parts is not None:
                    for part in self.balances.parts(figure.parts.name, self.unit):
                        if self.part(figure.parts, part, on):
                            yield part, _ratio(self.part(figure.of, part, on), self.part(figure.over, part, on), "missing")
            case StatisticShare():
                yield None, self._statistic_share(figure, on)
            case SurveyShare():
                yield None, self._survey_share(figure, on)
            case Quantiles():
                yield from self._quantiles(figure, on)
            case Least():
                areas = [self.amount(figure.of, on, unit.code) for unit in self.tree.existing(on, figure.over)]
                yield None, _count(min(areas)) if areas else Value(None, None, None, "missing")
            case HowMany():
                having = sum(self.amount(figure.of, on, unit.code) > 0 for unit in self.tree.existing(on, figure.over))
                yield None, _count(having)
            case _:
                assert_never(figure)

    def _statistic_share(self, figure: StatisticShare, on: int) -> Value:
        if not self.published(figure.over, "presence", on):
            return Value(Fraction(self.amount(figure.of, on)), None, None, "missing")
        period = self.published(figure.over, "period", on)
        numerator = self.amount(figure.of, period if figure.cumulative else on)
        ratio = _ratio(numerator, self.published(figure.over, "value", on))
        extra = {"period_end": date.fromordinal(period).isoformat()}
        return Value(ratio.numerator, ratio.denominator, ratio.value, "missing" if ratio.value is None else None, ratio.n, extra)

    def published(self, series: Published, part: str, on: int) -> int:
        """A part of a published value at the unit itself: `value`, `presence` or `period`."""
        return self.part(series, part, on)

    def _survey_share(self, figure: SurveyShare, on: int) -> Value:
        county = self.tree.county
        for survey in self.balances.parts(figure.latest.name, county):
            if self.part(figure.latest, survey, on, county):
                satisfied, valid = self.part(figure.of, survey, on), self.part(figure.over, survey, on)
                ratio = _ratio(satisfied, valid)
                extra = {"survey": survey}
                if valid:
                    extra["margin"] = _margin(satisfied, valid)
                return Value(ratio.numerator, ratio.denominator, ratio.value, ratio.absence, valid, extra)
        return Value(None, None, None, "empty")

    def _quantiles(self, figure: Quantiles, on: int) -> Iterator[tuple[str, Value]]:
        counts = [(int(value), self.part(figure.of, value, on)) for value in self.balances.parts(figure.of.name, self.unit)]
        histogram = sorted((value, count) for value, count in counts if count)
        total = sum(count for _, count in histogram)
        for part, hundredths in figure.quantiles:
            if not total:
                yield part, Value(None, None, None, "empty")
                continue
            rank = -(-hundredths * total // 100)
            for value, count in histogram:
                rank -= count
                if rank <= 0:
                    yield part, Value(Fraction(value), None, Fraction(value), n=total)
                    break


def _count(amount: int) -> Value:
    return Value(Fraction(amount), None, Fraction(amount), n=amount)


def _ratio(numerator: int, denominator: int, absence: Absence = "empty") -> Value:
    if not denominator:
        return Value(Fraction(numerator), Fraction(0), None, absence)
    return Value(Fraction(numerator), Fraction(denominator), Fraction(numerator, denominator), n=denominator)


def _margin(satisfied: int, valid: int) -> str:
    """Half the 95 % confidence interval of a share, 1.96·√(p(1−p)/n), to six places, half up."""
    places = 10**6
    # round(1.96·places·√(s(v−s)) / v^1.5) in exact integers: compare squares instead of taking roots of floats.
    square = Fraction(196, 100) ** 2 * Fraction(satisfied * (valid - satisfied), valid**3) * places**2
    root = _integer_root(square)
    return f"{root // places}.{root % places:06d}"


def _integer_root(square: Fraction) -> int:
    """The whole number nearest to √square, half up."""
    root = isqrt(square.numerator // square.denominator)
    return root + (square >= (Fraction(2 * root + 1, 2)) ** 2)
