"""What a figure is made of: which measures it reads, at which units, on which days, and which of their parts count; and what counts.

A figure is read off amounts (`reading.py`); here its declaration is followed in the same way, to say what is to be opened to its subjects.
Pure: no I/O, no clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple, assert_never

from services.indicators.answers import BadQuestionError, Question, Snapshot, deadline_of, last_day_of, window_named
from services.indicators.catalog import BENCHMARKS, CATALOG, measures_in
from services.indicators.evaluation.duties import Owed, is_registered
from services.indicators.figures import (
    Amount,
    ByUnit,
    DocumentsAccepted,
    DutiesAccepted,
    Expression,
    Figure,
    HowMany,
    Indicator,
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
    Variant,
)
from services.indicators.measures.kinds import Measure, Published
from services.indicators.reading import Reader
from services.indicators.relations.duties import read_standing

Role = Literal["numerator", "denominator", "pending", "cohort", "chooses", "left_out", "benchmark"]
"""What an amount is to the figure: above or below the line (a count or an amount has only a numerator), a duty that is not accepted, the
cohort whose parts are shown, what says which others count (the latest survey; a statistic without a value), what its definition could not
take in, the national average beside it."""

Parts = frozenset[str]


@dataclass(frozen=True, slots=True)
class Use:
    """What an input is to the figure, and with which sign."""

    role: Role
    sign: Literal[1, -1] = 1


@dataclass(frozen=True, slots=True)
class Input:
    """A measure as a figure reads it: at a unit, at the end of a day (an ordinal), all of its parts or only some."""

    measure: str
    unit: str
    day: int
    parts: Parts | None
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the board (or with `part` one of its parts) at a unit: what its figure is read from, as of a day, as known on a day.

    `effective` is the day at which it is answered; None before its window, when nothing is read.
    """

    indicator: Indicator
    variant: Variant
    part: str | None
    reader: Reader
    effective: date | None
    first: date
    """Of its window."""
    deadline: date | None

    def inputs(self) -> list[Input]:
        """Every measure the row is read from, in the order of its formula."""
        merged: dict[tuple[str, str, int, Parts | None], tuple[Use, ...]] = {}
        for measure, unit, day, parts, use in self._uses():
            key = measure.name, unit, day, parts
            merged[key] = (*merged.get(key, ()), use)
        return [Input(*key, uses) for key, uses in merged.items()]

    def owed(self) -> list[Owed]:
        """The duties it is about, as the county's plan file has them, and how far each has come."""
        figure = self.variant.figure
        if self.effective is None:
            return []
        match figure:
            case DutiesAccepted():
                return [each for each in self.reader.owed(figure.of, self.effective) if each.is_due and self._owed_in_part(figure, each)]
            case DocumentsAccepted():
                owed = self.reader.owed(figure.of, self.effective)
                return [each for each in owed if each.duty.document is not None and self.part in (None, each.duty.document)]
            case _:
                return []

    def _owed_in_part(self, figure: DutiesAccepted, owed: Owed) -> bool:
        return self.part is None or self.part == (owed.duty.system if figure.by == "system" else owed.party)

    def _uses(self) -> "Iterator[_Use]":
        if self.effective is None:
            return
        on = self.effective.toordinal()
        yield from self._figure(self.variant.figure, self.part, on)
        if self.variant.incomplete is not None:
            yield from self._of("left_out", self.variant.incomplete, on, _only(self.part))
        if self.indicator.benchmarked and self.part is None:
            value = frozenset({f"{self.indicator.id}|{self.variant.name}|national|value"})
            yield BENCHMARKS, self.reader.tree.county, on, value, Use("benchmark")

    def _figure(self, figure: Figure, part: str | None, on: int) -> "Iterator[_Use]":
        reader = self.reader
        match figure:
            case Amount():
                yield from self._of("numerator", figure.of, on)
            case InTime():
                done = (str(self.first), str(self.deadline or date.max))
                in_time = (each for each, _ in reader.parts(figure.of.name, on) if done[0] <= each.partition("|")[0] <= done[1])
                yield from self._of("numerator", figure.of, on, frozenset(in_time))
            case SinceStart():
                years = frozenset(year for year, _ in reader.parts(figure.of.name, on) if int(year) >= self.first.year)
                yield from self._of("numerator", figure.of, on, years)
            case Share():
                yield from self._of("numerator", figure.of, on, _only(part))
                yield from self._of("denominator", figure.over, on, _only(part))
                if figure.parts is not None and figure.parts != figure.over:
                    yield from self._of("cohort", figure.parts, on, _only(part))
            case StatisticShare():
                yield from self._of("numerator", figure.of, reader.counts_through(figure, on))
                yield from self._of("denominator", figure.over, on)
            case OverStart():
                yield from self._of("numerator", figure.of, on)
                eve = self.first.toordinal() - 1
                published = figure.series is not None and reader.published(figure.series, "presence", eve)
                if figure.series is not None:
                    yield from self._of("denominator" if published else "chooses", figure.series, eve)
                if not published:
                    yield from self._of("denominator", figure.facts, eve)
            case SurveyShare():
                yield from self._survey(figure, part, on)
            case Quantiles():
                yield from self._of("numerator", figure.of, on)
            case Least() | HowMany():
                for unit in reader.tree.existing(on, figure.over):
                    yield from self._of("numerator", figure.of, on, unit=unit.code)
            case ByUnit():
                for unit in reader.tree.existing(on, figure.over):
                    if part in (None, unit.code):
                        yield from self._of("numerator", figure.of, on, unit=unit.code)
            case Split():
                yield from self._split(figure, part, on)
            case PartShares():
                if part is None:
                    yield from self._of("numerator", figure.whole.of, on)
                of_part = (each for each, _ in reader.parts(figure.of.of.name, on) if part in (None, each.partition("|")[0]))
                yield from self._of("numerator", figure.of, on, frozenset(of_part))
                yield from self._of("denominator", figure.whole.over, on)
            case DutiesAccepted() | DocumentsAccepted():
                yield from self._duties(figure, part, on)
            case _:
                assert_never(figure)

    def _survey(self, figure: SurveyShare, part: str | None, on: int) -> "Iterator[_Use]":
        yield from self._of("chooses", figure.latest, on, unit=self.reader.tree.county)
        survey = self.reader.latest_survey(figure, on)
        if survey is None:
            return
        parts = {survey}
        if figure.split:
            given = (each.partition("|") for each, _ in self.reader.parts(figure.over.name, on))
            parts = {f"{of}|{named}" for of, _, named in given if of == survey and part in (None, named)}
        yield from self._of("numerator", figure.of, on, frozenset(parts))
        yield from self._of("denominator", figure.over, on, frozenset(parts))

    def _split(self, figure: Split, part: str | None, on: int) -> "Iterator[_Use]":
        if part is None and figure.whole is not None:
            yield from self._figure(figure.whole, None, on)
        for named, each in figure.parts:
            if part in (None, named):
                yield from self._figure(each, None, on)
        if figure.beside is not None and part not in dict(figure.parts):
            yield from self._of("numerator", figure.beside, on, _only(part))

    def _duties(self, figure: DutiesAccepted | DocumentsAccepted, part: str | None, on: int) -> "Iterator[_Use]":
        """Whoever owes a duty answers for it alone: how far it has come is read where everyone's is, at the county."""
        county, plan = self.reader.tree.county, self.reader.plan
        accepted = {(each.duty.id, each.party): _counts_as_accepted(figure, each) for each in self.owed()}
        standings = {each: read_standing(each)[:2] for each, _ in self.reader.parts(figure.of.name, on, county)}
        roles: tuple[tuple[Role, bool], ...] = (("numerator", True), ("pending", False))
        for role, counts in roles:
            yield from self._of(
                role, figure.of, on, frozenset(each for each, of in standings.items() if accepted.get(of) is counts), county
            )
        if isinstance(figure, DutiesAccepted) and figure.by is None and part is None:
            unknown = (
                each for each, (duty, party) in standings.items()
                if self.reader.unit in (county, party) and not is_registered(plan.duties, duty, party)
            )  # fmt: skip
            yield from self._of("left_out", figure.of, on, frozenset(unknown), county)

    def _of(self, role: Role, of: Expression, day: int, parts: Parts | None = None, unit: str | None = None) -> "Iterator[_Use]":
        at = unit or self.reader.unit
        match of:
            case Sum():
                yield from ((measure, at, day, parts, Use(role)) for measure in of.of)
            case Less():
                yield of.of, at, day, parts, Use(role)
                yield of.less, at, day, parts, Use(role, -1)
            case PartsHeld():
                yield of.of, at, day, parts, Use(role)
            case Published():
                yield of, at, day, _VALUE, Use(role)
            case _:
                yield of, at, day, parts, Use(role)


_VALUE: Parts = frozenset({"value"})
"""What counts of a published value; that there is one, and its period, stand beside it."""
_Use = tuple[Measure, str, int, Parts | None, Use]


def _counts_as_accepted(figure: DutiesAccepted | DocumentsAccepted, owed: Owed) -> bool:
    return owed.accepted if isinstance(figure, DutiesAccepted) else owed.in_time


def _only(part: str | None) -> Parts | None:
    return None if part is None else frozenset({part})


class Thing(NamedTuple):
    """Something that counts: as which part, where, and how much."""

    part: str | None
    unit: str | None
    park: str | None
    amount: int


class Counting(NamedTuple):
    """The same with since when it does."""

    part: str | None
    since: date
    unit: str | None
    park: str | None
    amount: int


class Subject(NamedTuple):
    """A subject that counts, and as what; where distinct subjects are counted, however often it does."""

    name: str
    amount: int
    counting: tuple[Counting, ...]


class Changed(NamedTuple):
    """What became of a subject between two questions: as it counted before, as it would have counted had only the day passed, and after."""

    name: str
    before: tuple[Thing, ...]
    by_day: tuple[Thing, ...]
    after: tuple[Thing, ...]


Amounts = Mapping[str | None, int]
"""What a measure comes to, by part."""


def row_of(snapshot: Snapshot, question: Question, indicator: Indicator, variant: Variant, part: str | None) -> Row:
    """A row of the board as it is read. The unit must be known on the known day."""
    plan, tree = snapshot.plan, snapshot.trees.at(question.known_at.toordinal())
    window = snapshot.windows[window_named(plan, indicator, variant)]
    effective = window.effective(last_day_of(tree.units[question.unit], question.as_of))
    reader = Reader(snapshot.balances, tree, question.unit, question.known_at.toordinal(), plan)
    return Row(indicator, variant, part, reader, effective, window.first, deadline_of(plan, indicator, variant, effective or window.first))


def measures_read(id: str) -> frozenset[str]:
    """The measures that an indicator's rows on the board are read from; none where there is no such indicator."""
    return frozenset(measure.name for each in CATALOG if each.id == id for measure in measures_in((each, BENCHMARKS)))


def variant_of(indicator: Indicator, name: str) -> Variant:
    """One reading of an indicator. Raises BadQuestionError when there is none of this name."""
    for each in indicator.variants:
        if each.name == name:
            return each
    there = ", ".join(each.name for each in indicator.variants)
    raise BadQuestionError(
        "unknown_variant", f"指标 {indicator.id} 没有口径 {name}，有：{there}", f"{indicator.id} has no variant {name}, but {there}"
    )
