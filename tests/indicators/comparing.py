"""The live figures beside the oracle's: how records reach the one, how both are asked, and where their answers differ."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path
from typing import Any

from services.indicators.answers import BadQuestionError, Question, Snapshot, applies, ask, board, deadline_of, window_named
from services.indicators.catalog import CATALOG
from services.indicators.evaluation.county import County, load_county
from services.indicators.evaluation.plan import Duty, Plan, PlanWindow
from services.indicators.evaluation.plan import Target as PlanTarget
from services.indicators.figures import Indicator, Variant, fixed_parts
from services.indicators.live import Live
from services.indicators.reading import Reader
from shared.clock import SimulatedClock
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.units import UnitKind, unit_kind
from tests.indicators.memory_ledger import MemoryLedger
from tests.support.oracle import (
    VARIANTS,
    Declared,
    Due,
    Figure,
    Judgement,
    Key,
    Letter,
    Named,
    Oracle,
    PlanFile,
    Promised,
    Target,
    judgements,
)
from tests.support.records import COUNTY

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_COUNTIES = Path(__file__).parents[2] / "deploy" / "counties"
FAR = date(2100, 1, 1)
"""A today on which every known day is past."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to both."""

    unit: str
    as_of: date
    known_at: date


@cache
def example_county() -> County:
    """The example county's plan file and roster."""
    return load_county(_COUNTIES / "example")


@cache
def second_county() -> County:
    """A county of another shape: other units, no parks, another year, other targets."""
    return load_county(_COUNTIES / "second")


def plan_of(year: int, plans_due: date | None, duties: Sequence[Duty] | None = None) -> Plan:
    """The example county's plan, promised for another year, with another day (or none) by which plans are owed, and perhaps other duties.

    What is due on the last day of February is due on that of the other year.
    """
    plan = example_county().plan
    assert plan.county == COUNTY

    def due(target: PlanTarget) -> date | None:
        return plans_due if target.indicator == "plans_submitted" else target.deadline and _in_year(target.deadline, year)

    targets = (
        target.model_copy(update={"deadline": due(target)})
        for target in plan.targets
        if plans_due is not None or target.indicator != "plans_submitted"
    )
    windows = {name: window_of(_in_year(span.first, year), _in_year(span.last, year)) for name, span in plan.windows.items()}
    if duties is None:
        duties = [duty.model_copy(update={"due": _in_year(duty.due, year)}) for duty in plan.duties]
    same = {name: getattr(plan, name) for name in Plan.model_fields}  # a copy would keep what is cached of the other as well
    return Plan(**(same | {"year": year, "windows": windows, "targets": tuple(targets), "duties": tuple(duties)}))


def window_of(first: date, last: date) -> PlanWindow:
    """A window of its own as a plan file has it."""
    return PlanWindow.model_validate({"zh": "考评期", "from": first, "to": last})


def _in_year(due: date, year: int) -> date:
    return date(year, 3, 1) - timedelta(days=1) if (due.month, due.day) == (2, 28) else due.replace(year=year)


_KINDS = {
    "county": ("county",), "townships": ("township",), "parks": ("park",), "townships_and_parks": ("township", "park"),
    "communities": ("community",), "villages": ("village",),
}  # fmt: skip


def oracle_of(plan: Plan, records: Iterable[Mapping[str, Any]]) -> Oracle:
    """An oracle that is told what the plan file says: its deadlines, the windows it names beside the years, and the duties."""
    due = [Due(target.indicator, target.deadline, target.effective) for target in plan.targets if target.deadline is not None]
    named = [
        Named(target.indicator, plan.windows[target.window].first, plan.windows[target.window].last, plan.year)
        for target in plan.targets
        if target.window in plan.windows
    ]
    promised = [
        Promised(duty.id, duty.due, duty.system, duty.owing_departments, _KINDS[duty.units] if duty.units else ()) for duty in plan.duties
    ]
    return Oracle(records, due, named, promised)


# How records come in


def interleaved(records: Iterable[Record], rng: random.Random) -> list[Record]:
    """The same records with the services' streams shuffled into one another by stretches, each service's order kept."""
    queues = {service: [record for record in records if record.service == service] for service in SERVICES}
    longest = max((len(queue) for queue in queues.values()), default=0)
    found: list[Record] = []
    while waiting := [service for service in SERVICES if queues[service]]:
        service, count = rng.choice(waiting), rng.randint(1, 1 + rng.randint(0, longest))
        found += queues[service][:count]
        del queues[service][:count]
    return found


def paged(records: Sequence[Record], rng: random.Random, *, page_max: int) -> Iterator[Sequence[Record]]:
    """The records in pages of random length, each now and then with some of what came before it once more; all of it again at the end."""
    start = 0
    while start < len(records):
        end = start + rng.randint(1, page_max)
        again = rng.randint(0, start) if rng.random() < 0.4 else start
        yield records[again:end]
        start = end
    yield records


async def live(plan: Plan, pages: Iterable[Sequence[Record]]) -> Live:
    """A live service that has taken these pages in."""
    service = Live(plan, MemoryLedger(plan.county), SimulatedClock(LONG_AGO))
    await service.open()
    for page in pages:
        await service.take(page)
    return service


# Where they differ


Numbers = tuple[object, object, object]
"""Numerator, denominator and value."""
Answered = dict[Key, dict[str, object]]
"""Row → what is answered about it, by name: dates and words as text, numbers as exact fractions."""


def differences(snapshot: Snapshot, oracle: Oracle, asked: Asked, *, by_board: bool = False) -> list[str]:
    """What the service and the oracle answer differently: exact figures read off the ledger, or all that the board says of every row."""
    if by_board:
        question = _question(snapshot, asked)
        shown = None if question is None else board(snapshot, question).model_dump(mode="json", by_alias=True)
        return differences_in_json(shown, snapshot.plan, oracle, asked)
    return _differing(rows_read(snapshot, asked), _figures(snapshot.plan.year, oracle, asked), asked)


def differences_in_json(board: Mapping[str, Any] | None, plan: Plan, oracle: Oracle, asked: Asked) -> list[str]:
    """What a board in JSON (None: the question was refused) and the oracle answer differently, to the last shown digit, and where they
    judge differently.
    """
    ours = None if board is None else {(row["id"], row["variant"], row["part"]): _of_json(row) for row in board["indicators"]}
    return _differing(ours, _judged(plan, oracle, asked), asked)


def _differing(ours: Answered | None, theirs: Answered | None, asked: Asked) -> list[str]:
    if ours is None or theirs is None:
        return [] if ours is theirs else [f"{asked}: the service {'answers' if ours else 'refuses'}, the oracle does not"]
    rows = {(indicator.id, variant.name) for indicator, variant in rows_of(unit_kind(asked.unit))} & VARIANTS
    found = []
    for key in sorted((key for key in ours.keys() | theirs.keys() if key[:2] in rows), key=str):
        own, other = ours.get(key, {}), theirs.get(key, {})
        names = [name for name in {**own, **other} if name not in own or name not in other or own[name] != other[name]]
        found += [f"{asked} {key} {name}: service {own.get(name)}, oracle {other.get(name)}" for name in names]
    return found


def _question(snapshot: Snapshot, asked: Asked) -> Question | None:
    try:
        return ask(snapshot, FAR, asked.unit, asked.as_of, asked.known_at)
    except BadQuestionError:
        return None


def _of_json(row: Mapping[str, Any]) -> dict[str, object]:
    def compared(beside: Mapping[str, Any] | None) -> object:
        return beside and (_exact(beside["value"]), beside["status"])

    return {
        **{name: _exact(row[name]) for name in ("numerator", "denominator", "value", "expected")},
        "margin": row.get("margin"), "period_end": row.get("period_end"), "effective_as_of": row["effective_as_of"],
        "incomplete": row["incomplete"], "n": row["n"], "status": row["status"],
        "targets": [
            (target["op"], _exact(target["value"]), target["clause"], _exact(target["expected"]), target["status"])
            for target in row["targets"]
        ],
        "benchmark": compared(row["benchmark"]), "baseline": compared(row["baseline"]),
    }  # fmt: skip


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _judgement(judged: Judgement) -> dict[str, object]:
    return {
        "n": judged.n, "status": judged.status, "expected": _shown(judged.expected),
        "targets": [
            (standing.op, _shown(standing.value), standing.clause, _shown(standing.expected), standing.status)
            for standing in judged.targets
        ],
        "benchmark": judged.benchmark and (_shown(judged.benchmark[0]), judged.benchmark[1]),
        "baseline": judged.baseline and (_shown(judged.baseline[0]), judged.baseline[1]),
    }  # fmt: skip


def rows_read(snapshot: Snapshot, asked: Asked) -> Answered | None:
    """What the service answers, in exact fractions read off the ledger; None where it refuses the question."""
    question = _question(snapshot, asked)
    if question is None:
        return None
    tree = snapshot.trees.at(question.known_at.toordinal())
    unit = tree.units[question.unit]
    reader = Reader(snapshot.balances, tree, unit.code, question.known_at.toordinal(), snapshot.plan)
    last_day = min(question.as_of, date.fromordinal(unit.ended) - timedelta(days=1))
    found: Answered = {}
    for indicator, variant in rows_of(unit.kind):
        if not applies(indicator, unit.kind, tree):
            continue
        window = snapshot.windows[window_named(snapshot.plan, indicator, variant)]
        effective = window.effective(last_day)
        if effective is None:
            found |= {
                (indicator.id, variant.name, part): _figure(Figure(None, None, None))
                for part in reader.fixed_parts(variant.figure, window.first)
            }
            continue
        deadline = deadline_of(snapshot.plan, indicator, variant, effective)
        for part, value in reader.values(variant.figure, window.first, effective, deadline):
            unknown = value.left_out
            if variant.incomplete is not None:
                day = effective.toordinal()
                unknown += reader.amount(variant.incomplete, day) if part is None else reader.part(variant.incomplete, part, day)
            found[indicator.id, variant.name, part] = {
                "numerator": value.numerator, "denominator": value.denominator, "value": value.value, "margin": value.margin,
                "period_end": value.period_end and value.period_end.isoformat(), "effective_as_of": effective.isoformat(),
                "incomplete": unknown,
            }  # fmt: skip
    return found


def numbers_in(row: Mapping[str, object]) -> Numbers:
    """The numbers of one row."""
    return row["numerator"], row["denominator"], row["value"]


def _figures(year: int, oracle: Oracle, asked: Asked) -> Answered | None:
    try:
        figures = oracle.figures(unit=asked.unit, as_of=asked.as_of, known_at=asked.known_at, year=year)
    except ValueError:
        return None
    return {key: _figure(figure) for key, figure in figures.items()}


def _judged(plan: Plan, oracle: Oracle, asked: Asked) -> Answered | None:
    try:
        judged = judgements(
            oracle, plan_file_of(plan), DECLARED, unit=asked.unit, county=plan.county, as_of=asked.as_of, known_at=asked.known_at,
            year=plan.year,
        )  # fmt: skip
    except ValueError:
        return None
    return {key: _as_shown(_figure(judgement.figure)) | _judgement(judgement) for key, judgement in judged.items()}


def _figure(figure: Figure) -> dict[str, object]:
    return {
        "numerator": figure.numerator, "denominator": figure.denominator, "value": figure.value,
        "margin": None if figure.margin is None else str(figure.margin),
        "period_end": figure.period_end and figure.period_end.isoformat(),
        "effective_as_of": figure.effective_as_of and figure.effective_as_of.isoformat(), "incomplete": figure.incomplete,
    }  # fmt: skip


def _as_shown(figure: dict[str, object]) -> dict[str, object]:
    return {name: _shown(value) if isinstance(value, Fraction) else value for name, value in figure.items()}


def _shown(value: Fraction | None) -> Fraction | None:
    """To six places, half up, as answers show numbers."""
    if value is None or value.denominator == 1:
        return value
    return Fraction(floor(value * 10**6 + Fraction(1, 2)), 10**6)


# What both are told beside the records: what was promised, and how a row is declared


def plan_file_of(plan: Plan) -> PlanFile:
    """What a plan file promises."""
    targets = tuple(
        Target(
            target.row, target.op, None if isinstance(target.value, str) else Fraction(target.value), target.clause, target.deadline,
            tuple((milestone.day, Fraction(milestone.value)) for milestone in target.milestones), target.effective,
        )
        for target in plan.targets
    )  # fmt: skip
    letters = tuple(
        Letter(entry.row, entry.over, {unit: Fraction(value) for unit, value in entry.parts.items()}, entry.effective)
        for entry in plan.decomposition
    )
    documents = tuple(
        Target(("documents_owed", "default", duty.id.removeprefix("documents_owed.")), ">=", Fraction(1), duty.clause, duty.due)
        for duty in plan.duties
        if duty.id.startswith("documents_owed.")
    )
    return PlanFile((*targets, *documents), letters)


DECLARED: dict[tuple[str, str], Declared] = {
    (indicator.id, variant.name): Declared(
        behaviour=variant.behaviour or indicator.behaviour, ratio=variant.unit_of_measure == "ratio", stock=indicator.starts_from_eve,
        benchmarked=indicator.benchmarked, better=variant.better,
        with_baseline=() if indicator.behaviour == "deadline" else fixed_parts(variant.figure),
    )
    for indicator in CATALOG
    for variant in indicator.variants
}  # fmt: skip
"""How every row is declared to be judged."""


def rows_of(kind: UnitKind) -> Iterator[tuple[Indicator, Variant]]:
    """The rows of the catalogue that apply to a kind of unit."""
    for indicator in CATALOG:
        if kind in indicator.units:
            for variant in indicator.variants:
                if variant.units is None or kind in variant.units:
                    yield indicator, variant


def missing_in_oracle() -> set[tuple[str, str]]:
    """The rows of the catalogue that the oracle does not answer."""
    return {(indicator.id, variant.name) for indicator in CATALOG for variant in indicator.variants} - VARIANTS
