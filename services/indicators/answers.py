"""Answers: the board of one unit, as of a day, as known on a day.

Contracts other programs rely on; field order is the order of the JSON.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from fractions import Fraction
from functools import cache, lru_cache
from typing import Annotated, Final, Literal, Protocol, cast

from pydantic import BaseModel, ConfigDict, Field

from services.indicators.catalog import BENCHMARKS, TODAY, Release, figure_digest, measures_in, with_measures
from services.indicators.evaluation.display import value_text
from services.indicators.evaluation.plan import Plan, Target, promised_to, targets_of
from services.indicators.evaluation.status import (
    BaselineStatus,
    BenchmarkStatus,
    Exact,
    StandingInput,
    Status,
    Window,
    expected,
    judge,
    judge_alone,
    judge_baseline,
    judge_benchmark,
)
from services.indicators.figures import Figure, Indicator, Variant, fixed_parts, has_baseline, is_whole
from services.indicators.measures.kinds import Measure, selections
from services.indicators.places import Unit, UnitTree
from services.indicators.reading import Amounts, Reader, Value
from services.indicators.relations import RELATIONS
from services.indicators.relations.statistics import BENCHMARK_SCALE
from shared.contracts.base import SERVICES, Service, service_of
from shared.days import add_months
from shared.units import CODE_DIGITS, UnitKind

DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A number as exact decimal text: counts and amounts whole (`500`), ratios to six places, rounded half up."""


class BadQuestionError(ValueError):
    """A question that has no answer. `code` is for programs, the text is Chinese and English."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.code, self.zh, self.en = code, zh, en


_EXACTLY = ConfigDict(extra="forbid")


def _nothing(value: object) -> bool:
    """What does not apply to a row is left out of its JSON."""
    return value is None


# The parts of a row are plain objects, of which a board has a thousand: pydantic describes and writes them, it need not check each again.


@dataclass(slots=True)
class WindowAnswer:
    """The window a row is counted in; both days belong to it."""

    __pydantic_config__ = _EXACTLY
    name: str
    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[date, Field(serialization_alias="to")]


@dataclass(slots=True)
class TargetAnswer:
    """One promise about this row: its comparison, what was expected by the effective day, and where it stands.

    Nothing is expected by a line of what is due on a day, which the row's note names, nor of levels and cohorts, where the target itself
    is compared.
    """

    __pydantic_config__ = _EXACTLY
    op: Literal[">=", "<="]
    value: DecimalText | None
    clause: str
    expected: Annotated[DecimalText | None, Field(description=(
        "截至作答日应达到的数：进度线或节点；限期事项、水平和批次没有进度线，为空 / what the line or the milestone asks for by then; "
        "null where there is no line: of what is due on a day, of levels and cohorts"
    ))]  # fmt: skip
    status: Status


@dataclass(slots=True)
class BenchmarkAnswer:
    """The national average (全国平均水平), the latest up to the effective day; no value as of a day before the window."""

    __pydantic_config__ = _EXACTLY
    value: DecimalText | None
    status: BenchmarkStatus | None


@dataclass(slots=True)
class BaselineAnswer:
    """The same formula one year earlier, at 31 December of the year before the plan's; no value as of an earlier day."""

    __pydantic_config__ = _EXACTLY
    value: DecimalText | None
    status: BaselineStatus | None


@dataclass(slots=True)
class Row:
    """One figure."""

    __pydantic_config__ = _EXACTLY
    id: str
    variant: str
    part: str | None
    clause: str
    unit_of_measure: str
    window: WindowAnswer
    effective_as_of: date | None
    numerator: DecimalText | None
    denominator: DecimalText | None
    value: DecimalText | None
    expected: DecimalText | None
    targets: list[TargetAnswer]
    status: Status
    benchmark: BenchmarkAnswer | None
    baseline: BaselineAnswer | None
    n: int
    incomplete: int
    note: str
    definition: str
    margin: Annotated[DecimalText | None, Field(exclude_if=_nothing)] = None
    """Half the 95 % interval of a survey's share; only survey rows have it."""
    period_end: Annotated[date | None, Field(exclude_if=_nothing)] = None
    """What the published statistic covers; only rows that stand on one have it."""


class Board(BaseModel):
    """Every row of one unit, in catalogue order. `final` says that no service can record anything more on the known day."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    county: str
    unit: str
    as_of: date
    known_at: date
    final: bool
    positions: dict[str, int]
    indicators: list[Row]


NAMESAKES_SHOWN: Final = 10
"""So many codes are named to whoever asks for a unit by its name."""


@dataclass(frozen=True, slots=True)
class Question:
    """A unit, as of a day, as known on a day."""

    unit: str
    as_of: date
    known_at: date


class KnownUnits(Protocol):
    """The units as known on each day."""

    def at(self, known: int) -> UnitTree:
        """The units as known at the end of a day."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an answer is read from: figures and positions of one moment."""

    plan: Plan
    windows: dict[str, Window]
    balances: Amounts
    trees: KnownUnits
    positions: dict[str, int]
    closed: dict[str, date]
    unreadable: tuple[tuple[Service, date], ...]
    """The service and known day of each record that no contract here describes."""
    unbuilt: frozenset[str] = frozenset()
    """The measures whose entries by today's definition are still being derived: what reads them is unknown."""
    previous: Mapping[str, Measure] = field(default_factory=dict)
    """The measures that are answered by a previous definition, while those of today's are being derived."""
    release: Release = TODAY
    """By whose declarations everything is answered."""

    @property
    def being_rebuilt(self) -> AbstractSet[str]:
        """The measures that have no entries by today's definition yet."""
        return self.unbuilt | self.previous.keys()

    def final(self, known_at: date) -> bool:
        """Whether all services have closed the known day."""
        return all(self.closed.get(service, date.min) >= known_at for service in SERVICES)


def ask(snapshot: Snapshot, today: date, unit: str | None = None, as_of: date | None = None, known_at: date | None = None) -> Question:
    """A question with what was omitted filled in: known_at = today, as_of = known_at, the county. Raises BadQuestionError."""
    question = ask_days(snapshot, today, as_of, known_at, unit)
    require_unit(snapshot, question)
    return question


def ask_days(snapshot: Snapshot, today: date, as_of: date | None, known_at: date | None, unit: str | None = None) -> Question:
    """The same without asking whether the unit exists. Raises BadQuestionError."""
    known_at = known_at or today
    as_of = as_of or known_at
    if known_at > today:
        raise BadQuestionError("future_known_at", f"已知日 {known_at} 晚于今日 {today}", f"known-at {known_at} lies after today, {today}")
    if as_of > known_at:
        raise BadQuestionError(
            "as_of_after_known_at", f"截至日 {as_of} 晚于已知日 {known_at}", f"as-of {as_of} lies after known-at {known_at}"
        )
    return Question(snapshot.plan.county if unit is None else unit, as_of, known_at)


def require_unit(snapshot: Snapshot, question: Question) -> None:
    """Raises BadQuestionError for a unit that is not known on the known day, or does not exist yet as of the day."""
    unit, tree = question.unit, snapshot.trees.at(question.known_at.toordinal())
    found = tree.units.get(unit)
    if found is None:
        if not tree.units:
            raise BadQuestionError(
                "nothing_known", f"以 {question.known_at} 所知，还没有任何单位：那时一无所知",
                f"as known on {question.known_at} there is no unit at all: nothing was known then",
            )  # fmt: skip
        known = unit in snapshot.trees.at(date.max.toordinal()).units
        zh, en = (f"以 {question.known_at} 所知，", f", as known on {question.known_at}") if known else ("", "")
        named_zh, named_en = _codes_of(unit, tree)
        raise BadQuestionError("unknown_unit", f"{zh}没有这个单位：{unit}{named_zh}", f"there is no unit {unit}{en}{named_en}")
    if found.listed > question.as_of.toordinal():
        since = date.fromordinal(found.listed)
        raise BadQuestionError("unit_not_yet", f"单位 {unit} 自 {since} 起设立", f"unit {unit} exists from {since} on")


def _codes_of(name: str, tree: UnitTree) -> tuple[str, str]:
    """A hint for whoever asks by a name, in both languages: the codes of the units called so, else of those with it in their name.

    Several units may share a name, so a name is never an answer. A code without its closing zeros is told the whole one.
    """
    meant = tree.units.get(name.ljust(CODE_DIGITS, "0"))
    if meant is not None:
        return f"，是否指 {meant.code} {meant.name}", f", did you mean {meant.code} {meant.name}?"
    if not name or name.isascii():
        return "", ""
    called = [unit for unit in tree.units.values() if unit.name == name] or [unit for unit in tree.units.values() if name in unit.name]
    if not called:
        return "，单位以代码为准", ": a unit is asked for by its code"
    codes = [f"{unit.code} {unit.name}" if unit.name != name else unit.code for unit in sorted(called, key=lambda unit: unit.code)]
    shown, more = codes[:NAMESAKES_SHOWN], len(codes) - NAMESAKES_SHOWN
    more_zh, more_en = (f" 等 {len(codes)} 个", f" and {more} more") if more > 0 else ("", "")
    return (
        f"，单位以代码为准，名称相符的有 {'、'.join(shown)}{more_zh}",
        f": a unit is asked for by its code; of that name: {', '.join(shown)}{more_en}",
    )


def board(snapshot: Snapshot, question: Question, only: str | None = None) -> Board:
    """The board of one unit (or one indicator of it). Raises BadQuestionError when there is no such indicator."""
    tree = snapshot.trees.at(question.known_at.toordinal())
    unit = tree.units[question.unit]
    catalog = snapshot.release.indicators
    chosen = [indicator for indicator in catalog if only in (None, indicator.id)]
    if not chosen:
        near = get_close_matches(only or "", [indicator.id for indicator in catalog], n=1)
        zh, en = (f"，是否指 {near[0]}", f", did you mean {near[0]}?") if near else ("", "")
        raise BadQuestionError("unknown_indicator", f"没有这个指标：{only}{zh}", f"there is no indicator {only}{en}")
    last_day = last_day_of(unit, question.as_of)
    reader = Reader(snapshot.balances, tree, question.unit, question.known_at.toordinal(), snapshot.plan)
    unreadable = Counter(service for service, day in snapshot.unreadable if day <= question.known_at)
    asked = _Asked(snapshot, question, reader, last_day, unreadable)
    rows = [row for indicator in chosen if applies(indicator, unit.kind, tree) for row in _rows(asked, unit, indicator)]
    return Board(
        county=snapshot.plan.county, unit=question.unit, as_of=question.as_of, known_at=question.known_at,
        final=snapshot.final(question.known_at), positions=dict(snapshot.positions), indicators=rows,
    )  # fmt: skip


def last_day_of(unit: Unit, as_of: date) -> date:
    """The day at which a unit is answered: the day asked for, or its own last where it ended before."""
    return min(as_of, date.fromordinal(unit.ended) - timedelta(days=1))


def applies(indicator: Indicator, kind: UnitKind, tree: UnitTree) -> bool:
    """Whether units of a kind have such a row, in a county of these units."""
    return kind in indicator.units and (indicator.about is None or tree.has(indicator.about))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the rows of one board have in common. `last_day`: the unit's last day where it ended before the day asked for."""

    snapshot: Snapshot
    question: Question
    reader: Reader
    last_day: date
    unreadable: Counter[Service]
    """How many records of each service no contract here describes."""


def _rows(asked: _Asked, unit: Unit, indicator: Indicator) -> Iterator[Row]:
    for variant in indicator.variants:
        if variant.units is None or unit.kind in variant.units:
            window = asked.snapshot.windows[window_named(asked.snapshot.plan, indicator, variant)]
            yield from _variant_rows(asked, indicator, variant, window)


def window_named(plan: Plan, indicator: Indicator, variant: Variant) -> str:
    """The window a row is counted and judged in: its own, or where the county may choose it that which the row's target names."""
    targets = plan.targets_by_row.get((indicator.id, variant.name, None), ()) if indicator.window_by_plan else ()
    chosen = next((target.window for target in targets if target.window is not None), None)
    return chosen or variant.window or indicator.window


def deadline_of(plan: Plan, indicator: Indicator, variant: Variant, on: date) -> date | None:
    """The day by which a row's thing was to be done, as its targets in force on a day have it; None where they set none."""
    promised = targets_of(plan, indicator.id, variant.name, on=on)
    return next((target.deadline for target in promised if target.deadline is not None), None)


@cache
def _year_before(window: Window) -> tuple[date, date]:
    """The first day of the same window a year earlier, and the day at which the year before is compared: one before the window begins."""
    return add_months(window.first, -12), min(add_months(window.last, -12), window.first - timedelta(days=1))


def _variant_rows(asked: _Asked, indicator: Indicator, variant: Variant, window: Window) -> Iterator[Row]:
    plan, question, reader, last_day = asked.snapshot.plan, asked.question, asked.reader, asked.last_day
    declared = _rows_of(asked.snapshot.release)[indicator.id, variant.name]
    effective = window.effective(last_day)
    on = effective or window.first
    unbuilt = not declared.measures.isdisjoint(asked.snapshot.unbuilt)
    values: Iterable[tuple[str | None, Value]]
    if unbuilt:
        values = ((part, _UNBUILT) for part in declared.fixed)
    elif effective:
        values = reader.values(variant.figure, window.first, on, deadline_of(plan, indicator, variant, on))
    else:
        values = ((part, _NOTHING) for part in reader.fixed_parts(variant.figure, on))
    year_before = _year_before(window)
    compares = has_baseline(indicator, variant)
    existed = reader.tree.units[question.unit].listed <= year_before[1].toordinal() and year_before[1] <= last_day
    baselines = dict(reader.fixed(variant.figure, *year_before)) if compares and existed and not unbuilt else {}
    noted = variant.noted_for is None or (
        effective is not None and reader.amount(variant.noted_for, reader.counts_through(variant.figure, on.toordinal()))
    )
    notes = [variant.note] if variant.note and noted else []
    if unbuilt:
        notes.append(" / ".join(BEING_REBUILT))
    before = {name: measure for name, measure in asked.snapshot.previous.items() if name in declared.measures}
    if before:
        notes.append(PREVIOUS)
    if last_day < question.as_of:
        notes.append(f"单位的最后一日是 {last_day}，按该日作答 / merged or dissolved; answered as of its last day, {last_day}")
    note, note_without_ratio = "；".join(notes), "；".join([*notes, NO_DENOMINATOR])
    unreadable = sum(count for service, count in asked.unreadable.items() if service in declared.services)
    window_answer = WindowAnswer(name=window.name, first=window.first, last=window.last)
    for part, value in values:
        compared = indicator.benchmarked and part is None
        benchmark = _benchmark(reader, indicator, variant, effective) if effective and compared else None
        figure = value.value if value.value is not None else value.absence or "empty"
        answers, due = [], ""
        if (indicator.id, variant.name, part) in plan.targets_by_row:
            standing = StandingInput(
                as_of=last_day, window=window, value=figure, behaviour=variant.behaviour or indicator.behaviour,
                start=_start(reader, variant, window, part) if indicator.starts_from_eve and not unbuilt else 0, whole=declared.whole,
            )  # fmt: skip
            promised = promised_to(plan, question.unit, indicator.id, variant.name, part, on=on)
            answers = [_target(target, standing._replace(goal=target.goal(benchmark))) for target in promised]
            due = _due_note(promised)
        no_denominator = value.denominator == 0 and value.absence == "missing"
        has_part_baseline = compares and part in declared.fixed
        yield Row(
            id=indicator.id, variant=variant.name, part=part, clause=indicator.clause, unit_of_measure=variant.unit_of_measure,
            window=window_answer, effective_as_of=effective,
            numerator=_whole_text(value.numerator), denominator=_whole_text(value.denominator),
            value=_text(value.value, whole=declared.whole),
            expected=answers[0].expected if answers else None, targets=answers,
            status=answers[0].status if answers else judge_alone(figure, effective, window),
            benchmark=_benchmark_answer(last_day, window, value, benchmark) if compared else None,
            baseline=_baseline_answer(last_day, window, value, baselines.get(part), variant, declared) if has_part_baseline else None,
            n=value.n, incomplete=value.left_out + _incomplete(reader, variant, part, on) + unreadable if effective else 0,
            note="；".join(filter(None, (note_without_ratio if no_denominator else note, due))),
            definition=figure_digest(with_measures(variant.figure, before)) if before else declared.definition,
            margin=value.margin, period_end=value.period_end,
        )  # fmt: skip


def _due_note(promised: Iterable[Target]) -> str:
    """By which day what is promised is due; nothing for what is not due on a day."""
    days = dict.fromkeys(target.deadline for target in promised if target.deadline is not None)
    return "；".join(f"限 {day}，含当日 / due by {day}, that day included" for day in days)


NO_DENOMINATOR = "没有分母，比率不明 / nothing to divide by: the ratio is unknown"

BEING_REBUILT = "定义已变，正由全部事实重算，其间数值不明", "its definition is another now: unknown while it is derived anew from all facts"

PREVIOUS = "定义已变，新数由全部事实重算后启用，现按原定义 / by the previous definition, until the new figures are derived"

_NOTHING = Value(None, None, None, "empty")
_UNBUILT = Value(None, None, None, "missing")


def _start(reader: Reader, variant: Variant, window: Window, part: str | None) -> Exact:
    """What a stock's line starts from: its value on the eve of the window, 0 when unknown."""
    eve = dict(reader.values(variant.figure, window.first, window.first - timedelta(days=1))).get(part)
    return 0 if eve is None or eve.value is None else eve.value


def _whole_text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _text(value: Exact | None, *, whole: bool) -> str | None:
    if value is None:
        return None
    return str(value.numerator) if whole and value.denominator == 1 else value_text(value)


def _target(target: Target, standing: StandingInput) -> TargetAnswer:
    line = expected(standing)
    value = standing.goal.value if standing.goal else None
    return TargetAnswer(
        op=target.op, value=_text(value, whole=standing.whole), clause=target.clause,
        expected=None if line is None else value_text(line), status=judge(standing),
    )  # fmt: skip


def _benchmark(reader: Reader, indicator: Indicator, variant: Variant, on: date) -> Fraction | None:
    """The latest published value of the national peer group up to the effective day, for the same variant."""
    published = reader.by_part(BENCHMARKS.name, on.toordinal(), reader.tree.county)
    subject = f"{indicator.id}|{variant.name}|national"
    if f"{subject}|presence" not in published:
        return None
    return Fraction(published.get(f"{subject}|value", 0), BENCHMARK_SCALE)


def _benchmark_answer(as_of: date, window: Window, value: Value, benchmark: Fraction | None) -> BenchmarkAnswer:
    status = judge_benchmark(as_of=as_of, window=window, value=value.value, benchmark=benchmark)
    return BenchmarkAnswer(value=None if benchmark is None else value_text(benchmark), status=status)


def _baseline_answer(
    as_of: date, window: Window, value: Value, baseline: Value | None, variant: Variant, declared: "_Declared"
) -> BaselineAnswer:  # fmt: skip
    earlier = None if baseline is None else baseline.value
    status = judge_baseline(as_of=as_of, window=window, value=value.value, baseline=earlier, op=variant.better)
    return BaselineAnswer(value=_text(earlier, whole=declared.whole), status=status)


def _incomplete(reader: Reader, variant: Variant, part: str | None, on: date) -> int:
    """How many of the facts that could be read this definition could not take in."""
    if variant.incomplete is None:
        return 0
    day = on.toordinal()
    return reader.amount(variant.incomplete, day) if part is None else reader.part(variant.incomplete, part, day)


@dataclass(frozen=True, slots=True)
class _Declared:
    """What follows from a row's declaration alone, whatever is asked."""

    definition: str
    fixed: tuple[str | None, ...]
    whole: bool
    """Whether its values count things."""
    services: frozenset[Service]
    """The services whose facts it follows from."""
    measures: frozenset[str]
    """The measures it is read off."""


@lru_cache(maxsize=4)
def _rows_of(release: Release) -> Mapping[tuple[str, str], _Declared]:
    """The same of every row of a release."""
    return {(indicator.id, variant.name): _declared(variant) for indicator in release.indicators for variant in indicator.variants}


def _declared(variant: Variant) -> _Declared:
    whole = is_whole(variant.figure) or variant.unit_of_measure == "days"
    measures = frozenset(measure.name for measure in measures_in(variant))
    return _Declared(figure_digest(variant.figure), fixed_parts(variant.figure), whole, _services_read(variant.figure), measures)


def _services_read(figure: Figure) -> frozenset[Service]:
    names = {select.relation for measure in measures_in(figure) for select in selections(measure)}
    return frozenset(cast(Service, service_of(type_)) for name in names for type_ in RELATIONS[name].facts)
