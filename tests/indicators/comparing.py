"""The live figures beside the oracle's: how records reach the one, how both are asked, and where their answers differ."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cache
from math import floor
from pathlib import Path

from services.indicators.answers import BadQuestionError, Board, Row, Snapshot, ask, board
from services.indicators.catalog import CATALOG, MEASURES, measure_digest
from services.indicators.evaluation.county import County, load_county
from services.indicators.evaluation.plan import Plan
from services.indicators.live import Live
from shared.clock import SimulatedClock
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.units import unit_kind
from tests.indicators.memory_ledger import MemoryLedger
from tests.support.oracle import VARIANTS, Figure, Oracle
from tests.support.oracle.oracle import INDICATORS
from tests.support.records import COUNTY

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
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


def plan_of(year: int) -> Plan:
    """The example county's plan, promised for another year."""
    plan = example_county().plan
    assert plan.county == COUNTY
    return plan.model_copy(update={"year": year})


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
    service = Live(plan, store, SimulatedClock(_LONG_AGO))
    await service.open()
    for page in pages:
        await service.take(page)
    return service


# Where they differ


def differences(snapshot: Snapshot, oracle: Oracle, question: Asked) -> list[str]:
    """What the board and the oracle answer differently."""
    return list(_differences(snapshot, oracle, question))


def _differences(snapshot: Snapshot, oracle: Oracle, asked: Asked) -> Iterator[str]:
    year = snapshot.plan.year
    try:
        theirs = oracle.figures(unit=asked.unit, as_of=asked.as_of, known_at=asked.known_at, year=year)
    except ValueError:
        theirs = None
    try:
        ours: Board | None = board(snapshot, ask(snapshot, FAR, asked.unit, asked.as_of, asked.known_at))
    except BadQuestionError:
        ours = None
    if ours is None or theirs is None:
        if (ours is None) != (theirs is None):
            yield f"{asked}: the board {'answers' if ours else 'refuses'}, the oracle does not"
        return
    rows = {(row.id, row.variant, row.part): row for row in ours.indicators}
    asked_of_both = {(row.id, row.variant) for row in ours.indicators} & VARIANTS
    for key in sorted(rows.keys() | theirs.keys(), key=str):
        if key[:2] in asked_of_both:
            row, figure = rows.get(key), theirs.get(key)
            if row is None or figure is None or _of(row) != _of_oracle(figure):
                yield f"{asked} {key}: the board {row and _of(row)}, the oracle {figure and _of_oracle(figure)}"
            elif key[:2] == ("survival_1y", "operating") and row.incomplete != figure.incomplete:
                yield f"{asked} {key}: the board has {row.incomplete} unknown, the oracle {figure.incomplete}"


def _of(row: Row) -> tuple[object, ...]:
    return (*map(_exact, (row.numerator, row.denominator, row.value)), row.margin, row.period_end, row.effective_as_of)


def _of_oracle(figure: Figure) -> tuple[object, ...]:
    margin = None if figure.margin is None else str(figure.margin)
    return (*map(_shown, (figure.numerator, figure.denominator, figure.value)), margin, figure.period_end, figure.effective_as_of)


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)


def _shown(value: Fraction | None) -> Fraction | None:
    """To six places, half up, as answers show numbers."""
    if value is None:
        return None
    return Fraction(floor(value * 10**6 + Fraction(1, 2)), 10**6)


def missing_in_oracle() -> set[tuple[str, str]]:
    """The rows of the catalogue that the oracle does not answer."""
    return {(indicator.id, variant.name) for indicator in CATALOG for variant in indicator.variants} - VARIANTS


def answered_by_both(unit: str) -> set[tuple[str, str]]:
    """The rows that a unit's board and the oracle have in common."""
    kind = unit_kind(unit)
    ours = {
        (indicator.id, variant.name)
        for indicator in CATALOG
        for variant in indicator.variants
        if kind in indicator.units and (variant.units is None or kind in variant.units)
    }
    return ours & {(each.id, variant) for each in INDICATORS for variant in each.variants}
