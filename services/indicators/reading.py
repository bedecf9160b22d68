"""Reading a figure off the ledger: one unit, one effective day, one known day; exact arithmetic throughout."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import isqrt
from typing import NamedTuple, Protocol, assert_never, get_args

from services.indicators.evaluation.duties import Owed, Reached, accepted_and_due, is_registered, owed, owed_by_kind
from services.indicators.evaluation.plan import Plan, System
from services.indicators.evaluation.status import Absence, Exact
from services.indicators.figures import (
    Amount,
    ByUnit,
    DocumentsAccepted,
    DutiesAccepted,
    Expression,
    Figure,
    HowMany,
    InTime,
    Least,
    Less,
    OverStart,
    PartShares,
    PartsHeld,
    Quantiles,
    Share,
    SinceStart,
    Split,
    StatisticShare,
    Sum,
    SurveyShare,
    fixed_parts,
)
from services.indicators.measures.kinds import Matured, Measure, Published
from services.indicators.places import UnitTree
from services.indicators.relations.duties import read_standing
from shared.units import UnitKind


class Value(NamedTuple):
    """What a figure comes to. `absence` says why there is no value; `n` is how many stand behind it (denominator, else its own)."""

    numerator: int | None
    denominator: int | None
    value: Exact | None
    absence: Absence | None = None
    n: int = 0
    margin: str | None = None
    """Half the 95 % interval of a survey's share."""
    period_end: date | None = None
    """What the published statistic covers that it stands on."""
    left_out: int = 0
    """How many of the things counted the plan file does not know."""


class Amounts(Protocol):
    """What measures come to: the ledger's balances, or what another engine makes of the same facts."""

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Mapping[str | None, int]:
        """The amounts of a measure's parts at a unit at the end of a day, as known at the end of another, where they are not 0."""
        ...


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads amounts of one unit as known on one day, each from the ledger once: one reader answers from one moment's ledger."""

    balances: Amounts
    tree: UnitTree
    unit: str
    known: int
    plan: Plan
    """Says which duties there are, who owes them and when they fall due."""
    _read: dict[tuple[str, str, int], Mapping[str | None, int]] = field(default_factory=dict, init=False, repr=False)
    """(measure, unit, day) → what was read."""
    _existing: dict[tuple[int, tuple[UnitKind, ...]], frozenset[str]] = field(default_factory=dict, init=False, repr=False)
    """(day, kinds) → the codes of the units that exist."""
    _owed: dict[tuple[str, date], list[Owed]] = field(default_factory=dict, init=False, repr=False)
    """(measure, day) → the duties the unit owes."""

    def by_part(self, measure: str, day: int, unit: str | None = None) -> Mapping[str | None, int]:
        """The amounts of a measure's parts at the end of a day, where they are not 0; None: what has no part."""
        key = measure, unit or self.unit, day
        found = self._read.get(key)
        if found is None:
            found = self._read[key] = self.balances.by_part(*key, self.known)
        return found

    def parts(self, measure: str, day: int, unit: str | None = None) -> list[tuple[str, int]]:
        """The parts of a measure that come to anything at the end of a day, in order, and their amounts."""
        return sorted((part, amount) for part, amount in self.by_part(measure, day, unit).items() if part is not None)

    def amount(self, of: Expression, day: int, unit: str | None = None) -> int:
        """An expression's amount at the end of a day."""
        match of:
            case Sum():
                return sum(self.amount(measure, day, unit) for measure in of.of)
            case Less():
                return self.amount(of.of, day, unit) - self.amount(of.less, day, unit)
            case PartsHeld():
                return self._held(of, day, unit)
            case _:
                return sum(self.by_part(of.name, day, unit).values())

    def part(self, of: Expression, part: str | None, day: int, unit: str | None = None) -> int:
        """One part of an expression."""
        match of:
            case Sum():
                return sum(self.part(measure, part, day, unit) for measure in of.of)
            case Less():
                return self.part(of.of, part, day, unit) - self.part(of.less, part, day, unit)
            case PartsHeld():
                return self.part(of.of, part, day, unit)
            case _:
                return self.by_part(of.name, day, unit).get(part, 0)

    def values(self, figure: Figure, start: date, day: date, deadline: date | None = None) -> Iterator[tuple[str | None, Value]]:
        """The figure at the end of a day of the window from `start` on: the parts it always has, the whole (None) first, then others.

        `deadline` is the day by which it was owed, for what counts only when in time.
        """
        yield from self.fixed(figure, start, day, deadline)
        yield from self._others(figure, day.toordinal())

    def fixed_parts(self, figure: Figure, day: date) -> Iterator[str | None]:
        """The parts it always has, in the same order as `fixed`."""
        match figure:
            case DutiesAccepted():
                yield from (part for part, _ in self._duties_by(figure.by, self.owed(figure.of, day)))
            case DocumentsAccepted():
                yield from (each.duty.document for each in self.owed(figure.of, day) if each.duty.document is not None)
            case _:
                yield from fixed_parts(figure)

    def fixed(self, figure: Figure, start: date, day: date, deadline: date | None = None) -> Iterator[tuple[str | None, Value]]:
        """The same for only the parts it always has."""
        on = day.toordinal()
        match figure:
            case Amount():
                yield None, _count(self.amount(figure.of, on))
            case InTime():
                yield None, _count(self._in_time(figure, on, str(start), str(deadline or date.max)))
            case SinceStart():
                added = sum(amount for part, amount in self.parts(figure.of.name, on) if int(part) >= start.year)
                years = day.year - start.year + 1
                yield None, Value(added, years, Fraction(added, years), n=added)
            case Share():
                # A cohort without members is not due yet. One of whom nothing is known, and any other missing denominator, is an unknown.
                members = 0 if figure.parts is None else self.amount(figure.parts, on)
                absence: Absence = "empty" if isinstance(figure.over, Matured) and not members else "missing"
                yield None, _ratio(self.amount(figure.of, on), self.amount(figure.over, on), absence)
            case StatisticShare():
                yield None, self._statistic_share(figure, on)
            case OverStart():
                yield None, self._over_start(figure, on, start.toordinal() - 1)
            case SurveyShare():
                if not figure.split:
                    survey = self.latest_survey(figure, on)
                    yield None, Value(None, None, None, "empty") if survey is None else self._satisfied(figure, survey, on)
            case Split():
                for part, each in (*(() if figure.whole is None else ((None, figure.whole),)), *figure.parts):
                    for _, value in self.fixed(each, start, day):
                        yield part, value
            case PartShares():
                yield None, _ratio(self.amount(figure.whole.of, on), self.amount(figure.whole.over, on))
            case ByUnit():
                return
            case DutiesAccepted():
                found = self.owed(figure.of, day)
                left_out = self._unregistered(figure, on) if figure.by is None else 0
                for part, of_part in self._duties_by(figure.by, found):
                    yield part, _ratio(*accepted_and_due(of_part), "empty")._replace(left_out=left_out)
            case DocumentsAccepted():
                for each in self.owed(figure.of, day):
                    if each.duty.document is not None:
                        yield each.duty.document, _count(int(each.in_time))
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

    def _others(self, figure: Figure, on: int) -> Iterator[tuple[str, Value]]:
        """The parts that something was recorded for."""
        match figure:
            case Share():
                for part, _ in () if figure.parts is None else self.parts(figure.parts.name, on):
                    yield part, _ratio(self.part(figure.of, part, on), self.part(figure.over, part, on))
            case SurveyShare():
                survey = self.latest_survey(figure, on) if figure.split else None
                for part, _ in () if survey is None else self.parts(figure.over.name, on):
                    of_survey, _, named = part.partition("|")
                    if of_survey == survey:
                        yield named, self._satisfied(figure, part, on)
            case Split():
                for part, amount in () if figure.beside is None else self.parts(figure.beside.name, on):
                    yield part, _count(amount)
            case PartShares():
                owing = self.amount(figure.whole.over, on)
                having: dict[str, list[str]] = {}
                for part, _ in self.parts(figure.of.of.name, on):
                    named, _, code = part.partition("|")
                    having.setdefault(named, []).append(code)
                for named, codes in having.items():
                    yield named, _ratio(self._units(figure.of, codes, on), owing)
            case ByUnit():
                for unit in self.tree.existing(on, figure.over):
                    yield unit.code, _count(self.amount(figure.of, on, unit.code))
            case (
                Amount() | InTime() | SinceStart() | StatisticShare() | OverStart() | Quantiles() | Least() | HowMany() | DutiesAccepted()
                | DocumentsAccepted()
            ):  # fmt: skip
                return
            case _:
                assert_never(figure)

    def owed(self, of: Measure, day: date) -> list[Owed]:
        """The duties the unit owes at the end of a day, for the county everyone's, and how far each has come."""
        found = self._owed.get((of.name, day))
        if found is None:
            found = self._owed[of.name, day] = self._owing(of, day)
        return found

    def _owing(self, of: Measure, day: date) -> list[Owed]:
        if self.unit == self.tree.county:
            return list(owed(self.plan.duties, self.tree, day, self._reached(of, day.toordinal())))
        kind = self.tree.units[self.unit].kind
        duties = [duty for duty in self.plan.duties if owed_by_kind(duty, kind)]
        reached = self._reached(of, day.toordinal()) if duties else {}
        return [each for each in owed(duties, self.tree, day, reached) if each.party == self.unit]

    def _reached(self, of: Measure, on: int) -> Reached:
        """Whoever owes a duty answers for it alone: it is read where everyone's is, at the county."""
        standings = (read_standing(part) for part, _ in self.parts(of.name, on, self.tree.county))
        return {(duty, party): (progress, since) for duty, party, progress, since in standings}

    def _duties_by(self, by: str | None, found: list[Owed]) -> Iterator[tuple[str | None, list[Owed]]]:
        """The duties of each system or department, or all of them as the whole; who owes none has no part."""
        match by:
            case None:
                groups: list[tuple[str | None, list[Owed]]] = [(None, found)]
            case "system":
                groups = [(system, [each for each in found if each.duty.system == system]) for system in get_args(System)]
            case _:
                codes = [department.code for department in self.plan.departments]
                groups = [(code, [each for each in found if each.party == code]) for code in codes]
        return ((part, of_part) for part, of_part in groups if of_part)

    def _unregistered(self, figure: DutiesAccepted, on: int) -> int:
        """How many duties somebody has shown that the plan file does not have, or not of that unit or department."""
        said = [(id, party) for id, party in self._reached(figure.of, on) if self.unit in (self.tree.county, party)]
        return sum(not is_registered(self.plan.duties, id, party) for id, party in said)

    def _statistic_share(self, figure: StatisticShare, on: int) -> Value:
        if not self.published(figure.over, "presence", on):
            return Value(self.amount(figure.of, on), None, None, "missing")
        period_end = date.fromordinal(self.published(figure.over, "period", on))
        numerator = self.amount(figure.of, self.counts_through(figure, on))
        return _ratio(numerator, self.published(figure.over, "value", on))._replace(period_end=period_end)

    def counts_through(self, figure: Figure, on: int) -> int:
        """The day up to which a figure's numerator counts: over a cumulative statistic the end of its period, else the day asked."""
        if isinstance(figure, StatisticShare) and figure.cumulative and self.published(figure.over, "presence", on):
            return self.published(figure.over, "period", on)
        return on

    def published(self, series: Published, part: str, on: int) -> int:
        """A part of a published value at the unit itself: `value`, `presence` or `period`."""
        return self.part(series, part, on)

    def _over_start(self, figure: OverStart, on: int, eve: int) -> Value:
        period_end = None
        if figure.series is not None and self.published(figure.series, "presence", eve):
            stock = self.published(figure.series, "value", eve)
            period_end = date.fromordinal(self.published(figure.series, "period", eve))
        else:
            stock = self.amount(figure.facts, eve)
        added = self.amount(figure.of, on)
        if not stock:
            return Value(added, None, None, "missing", period_end=period_end)
        return Value(added, stock, Fraction(added, stock), n=stock, period_end=period_end)

    def _held(self, of: PartsHeld, day: int, unit: str | None) -> int:
        held = [part for part, amount in self.by_part(of.of.name, day, unit).items() if part is not None and amount > 0]
        return self._units(of, held, day) if of.units else len(held)

    def _units(self, of: PartsHeld, codes: Collection[str], day: int) -> int:
        """How many units of these kinds that exist on the day answer for what these codes stand for."""
        existing = self._codes(day, of.units)
        standing = existing.intersection(codes)
        answering = {self.tree.answering(code, day, of.units) for code in codes if code not in standing}
        return len(standing | (existing & answering))

    def _codes(self, day: int, kinds: tuple[UnitKind, ...]) -> frozenset[str]:
        found = self._existing.get((day, kinds))
        if found is None:
            found = self._existing[day, kinds] = frozenset(unit.code for kind in kinds for unit in self.tree.existing(day, kind))
        return found

    def _in_time(self, figure: InTime, on: int, first: str, last: str) -> int:
        done = ((*part.partition("|")[::2], amount) for part, amount in self.parts(figure.of.name, on))
        in_time = [(what, amount) for day, what, amount in done if first <= day <= last]
        return len({what for what, _ in in_time}) if figure.distinct else sum(amount for _, amount in in_time)

    def latest_survey(self, figure: SurveyShare, on: int) -> str | None:
        """The survey that counts at the end of a day; None where none is closed."""
        return next((survey for survey, _ in self.parts(figure.latest.name, on, self.tree.county)), None)

    def _satisfied(self, figure: SurveyShare, part: str, on: int) -> Value:
        satisfied, valid = self.part(figure.of, part, on), self.part(figure.over, part, on)
        return _ratio(satisfied, valid)._replace(margin=_margin(satisfied, valid) if valid else None)

    def _quantiles(self, figure: Quantiles, on: int) -> Iterator[tuple[str, Value]]:
        histogram = sorted((int(value), count) for value, count in self.parts(figure.of.name, on))
        total = sum(count for _, count in histogram)
        for part, hundredths in figure.quantiles:
            if not total:
                yield part, Value(None, None, None, "missing")
                continue
            rank = -(-hundredths * total // 100)
            for value, count in histogram:
                rank -= count
                if rank <= 0:
                    yield part, Value(value, None, value, n=total)
                    break


def _count(amount: int) -> Value:
    return Value(amount, None, amount, n=amount)


def _ratio(numerator: int, denominator: int, absence: Absence = "missing") -> Value:
    if not denominator:
        return Value(numerator, 0, None, absence)
    return Value(numerator, denominator, Fraction(numerator, denominator), n=denominator)


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
