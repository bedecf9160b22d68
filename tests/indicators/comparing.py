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

from services.indicators.answers import BadQuestionError, Question, Snapshot, ask, board
from services.indicators.catalog import CATALOG, MEASURES, measure_digest
from services.indicators.evaluation.county import County, load_county
from services.indicators.evaluation.plan import Plan
from services.indicators.figures import Indicator, Variant
from services.indicators.live import Live
from services.indicators.reading import Reader
from shared.clock import SimulatedClock
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.units import UnitKind, unit_kind
from tests.indicators.memory_ledger import MemoryLedger
from tests.support.oracle import VARIANTS, Key, Oracle, Promised
from tests.support.records import COUNTY

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
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
    return load_county(Path(__file__).parents[2] / "deploy" / "counties" / "example")


def plan_of(year: int, plans_due: date | None) -> Plan:
    """The example county's plan, promised for another year, with another day (or none) by which plans are owed.

    What is due on the last day of February is due on that of the other year.
    """
    plan = example_county().plan
    assert plan.county == COUNTY
    targets = (
        target.model_copy(update={"deadline": plans_due}) if target.indicator == "plans_submitted" else target for target in plan.targets
    )
    duties = tuple(duty.model_copy(update={"due": _in_year(duty.due, year)}) for duty in plan.duties)
    same = {name: getattr(plan, name) for name in Plan.model_fields}  # a copy would keep what is cached of the other as well
    return Plan(**(same | {"year": year, "targets": tuple(targets), "duties": duties}))


def _in_year(due: date, year: int) -> date:
    return date(year, 3, 1) - timedelta(days=1) if (due.month, due.day) == (2, 28) else due.replace(year=year)


def plans_due(plan: Plan) -> date | None:
    """The day by which a plan file wants plans submitted."""
    return next((target.deadline for target in plan.targets if target.indicator == "plans_submitted"), None)


_KINDS = {
    "county": ("county",), "townships": ("township",), "parks": ("park",), "townships_and_parks": ("township", "park"),
    "communities": ("community",), "villages": ("village",),
}  # fmt: skip


def oracle_of(plan: Plan, records: Iterable[Mapping[str, Any]]) -> Oracle:
    """An oracle that is told what the plan file says: the day for plans, and the duties."""
    promised = [
        Promised(duty.id, duty.due, duty.system, duty.owing_departments, _KINDS[duty.units] if duty.units else ()) for duty in plan.duties
    ]
    return Oracle(records, plans_due(plan), promised)


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
    store = MemoryLedger(plan.county)
    store.kept_definitions = {name: measure_digest(name) for name in MEASURES}
    service = Live(plan, store, SimulatedClock(LONG_AGO))
    await service.open()
    for page in pages:
        await service.take(page)
    return service


# Where they differ


Answered = dict[Key, tuple[object, ...]]
"""Row → (numerator, denominator, value, margin, period end, effective day, left out)."""


def differences(snapshot: Snapshot, oracle: Oracle, asked: Asked, *, by_board: bool = False) -> list[str]:
    """What the service and the oracle answer differently, in exact fractions read off the ledger or as the board shows it."""
    ours, theirs = (_on_board if by_board else _read)(snapshot, asked), _of_oracle(snapshot.plan.year, oracle, asked)
    found = _differing(ours, theirs, asked, shown=by_board)
    return [*found, *_baseline_differences(snapshot, oracle, asked)] if by_board and ours is not None else found


def differences_in_json(board: Mapping[str, Any] | None, year: int, oracle: Oracle, asked: Asked) -> list[str]:
    """What a board in JSON (None: the question was refused) and the oracle answer differently, to the last shown digit."""
    return _differing(None if board is None else _of_json(board), _of_oracle(year, oracle, asked), asked, shown=True)


def _differing(ours: Answered | None, theirs: Answered | None, asked: Asked, *, shown: bool) -> list[str]:
    if ours is None or theirs is None:
        return [] if ours is theirs else [f"{asked}: the service {'answers' if ours else 'refuses'}, the oracle does not"]
    if shown:
        theirs = {key: (*map(_shown, answer[:3]), *answer[3:]) for key, answer in theirs.items()}
    rows = {(indicator.id, variant.name) for indicator, variant in rows_of(unit_kind(asked.unit))} & VARIANTS
    keys = sorted((key for key in ours.keys() | theirs.keys() if key[:2] in rows), key=str)
    return [f"{asked} {key}: service {ours.get(key)}, oracle {theirs.get(key)}" for key in keys if ours.get(key) != theirs.get(key)]


def _baseline_differences(snapshot: Snapshot, oracle: Oracle, asked: Asked) -> list[str]:
    """Baselines are the oracle's figures at the end of the year before, of a day up to the as-of day only."""
    day = date(snapshot.plan.year - 1, 12, 31)
    earlier = Asked(asked.unit, day, asked.known_at)
    theirs = _of_oracle(day.year, oracle, earlier) if day <= asked.as_of else None
    question = _question(snapshot, asked)
    assert question is not None
    found = []
    for row in board(snapshot, question).indicators:
        key = row.id, row.variant, row.part
        if row.baseline is not None and key[:2] in VARIANTS:
            ours = None if row.baseline.value is None else Fraction(row.baseline.value)
            answer = (theirs or {}).get(key)
            value = _shown(answer[2]) if answer is not None and answer[5] == day else None  # a unit that ended earlier has none
            if ours != value:
                found.append(f"{asked} {key}: baseline of the service {ours}, of the oracle {value}")
    return found


def _question(snapshot: Snapshot, asked: Asked) -> Question | None:
    try:
        return ask(snapshot, FAR, asked.unit, asked.as_of, asked.known_at)
    except BadQuestionError:
        return None


def _on_board(snapshot: Snapshot, asked: Asked) -> Answered | None:
    question = _question(snapshot, asked)
    if question is None:
        return None
    return {
        (row.id, row.variant, row.part): (
            *(None if text is None else Fraction(text) for text in (row.numerator, row.denominator, row.value)),
            row.margin, row.period_end, row.effective_as_of,
            row.incomplete,
        )
        for row in board(snapshot, question).indicators
    }  # fmt: skip


def _of_json(board: Mapping[str, Any]) -> Answered:
    return {
        (row["id"], row["variant"], row["part"]): (
            *(None if row[name] is None else Fraction(row[name]) for name in ("numerator", "denominator", "value")),
            row.get("margin"),
            *(None if text is None else date.fromisoformat(text) for text in (row.get("period_end"), row["effective_as_of"])),
            row["incomplete"],
        )
        for row in board["indicators"]
    }


def _read(snapshot: Snapshot, asked: Asked) -> Answered | None:
    question = _question(snapshot, asked)
    if question is None:
        return None
    tree = snapshot.trees.at(question.known_at.toordinal())
    unit = tree.units[question.unit]
    reader = Reader(snapshot.balances, tree, unit.code, question.known_at.toordinal(), snapshot.plan)
    last_day = min(question.as_of, date.fromordinal(unit.ended) - timedelta(days=1))
    found: Answered = {}
    for indicator, variant in rows_of(unit.kind):
        window = snapshot.windows[variant.window or indicator.window]
        effective = window.effective(last_day)
        if effective is None:
            found |= {(indicator.id, variant.name, part): (*(None,) * 6, 0) for part in reader.fixed_parts(variant.figure, window.first)}
            continue
        for part, value in reader.values(variant.figure, window.first, effective, plans_due(snapshot.plan)):
            period = value.extra.get("period_end")
            unknown = value.left_out
            if variant.incomplete is not None:
                day = effective.toordinal()
                unknown += reader.amount(variant.incomplete, day) if part is None else reader.part(variant.incomplete, part, day)
            found[indicator.id, variant.name, part] = (
                value.numerator, value.denominator, value.value, value.extra.get("margin"), period and date.fromisoformat(period),
                effective, unknown,
            )  # fmt: skip
    return found


def _of_oracle(year: int, oracle: Oracle, asked: Asked) -> Answered | None:
    try:
        figures = oracle.figures(unit=asked.unit, as_of=asked.as_of, known_at=asked.known_at, year=year)
    except ValueError:
        return None
    return {
        key: (
            figure.numerator, figure.denominator, figure.value, None if figure.margin is None else str(figure.margin), figure.period_end,
            figure.effective_as_of, figure.incomplete,
        )
        for key, figure in figures.items()
    }  # fmt: skip


def _shown(value: object) -> Fraction | None:
    """To six places, half up, as answers show numbers."""
    if value is None:
        return None
    assert isinstance(value, Fraction)
    return Fraction(floor(value * 10**6 + Fraction(1, 2)), 10**6)


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
