"""What folding a record costs: `python -m tests.benchmarks.fold`.

Simulated records reach a live county in pages as the projector makes them, with the ledger in memory: reading the record, verifying the
chain, deriving entries, adding them up; neither bus nor database. `--profile` shows where the time goes. `make bench` also folds with
every measure there three times, which says what one more costs.
"""

import argparse
import asyncio
import cProfile
import gc
import hashlib
import pstats
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.indicators.catalog import CATALOG, FOLDINGS, MEASURES
from services.indicators.ledger import Balances, Folding
from services.indicators.live import Live
from services.indicators.projection import Projection
from services.indicators.projector import FETCH_RECORDS_MAX, PAGE_RECORDS_MAX
from shared.clock import SimulatedClock
from shared.contracts.envelope import Record, parse_record
from tests.indicators.comparing import example_county, live
from tests.indicators.simulated import simulated


def pages(records: Iterable[Record]) -> Iterator[Sequence[bytes]]:
    """The records as they are drawn while catching up: each service's in stretches, two stretches to a page."""
    stretches: dict[str, list[bytes]] = {}
    page: list[bytes] = []
    for record in records:
        stretch = stretches.setdefault(record.service, [])
        stretch.append(record.raw)
        if len(stretch) == FETCH_RECORDS_MAX:
            page += stretches.pop(record.service)
            if len(page) + FETCH_RECORDS_MAX > PAGE_RECORDS_MAX:
                yield page
                page = []
    yield page + [raw for stretch in stretches.values() for raw in stretch]


def several(foldings: Iterable[Folding], times: int) -> Iterator[Folding]:
    """The same foldings with each measure so many times, under other names."""
    for folding in foldings:
        copies = (replace(measure, name=f"{measure.name}/{copy}") for copy in range(1, times) for measure in folding.measures)
        yield Folding((*folding.measures, *copies), folding.relations)


async def fold(arriving: Sequence[Sequence[bytes]], *, catalogues: int = 1, profiler: cProfile.Profile | None = None) -> tuple[float, Live]:
    """Processor seconds for all pages, and the county they make."""
    county = example_county()
    service = await live(county.plan, ())
    service.clock = SimulatedClock(datetime(2000, 1, 1, tzinfo=UTC))
    service.projection = Projection(county.code, dict(zip(FOLDINGS, several(FOLDINGS.values(), catalogues), strict=True)))
    gc.set_threshold(50_000, 50, 100)  # as the service itself does
    gc.collect()
    gc.freeze()
    if profiler:
        profiler.enable()
    started = time.process_time()
    for page in arriving:
        await service.take([parse_record(raw) for raw in page])
    seconds = time.process_time() - started
    if profiler:
        profiler.disable()
    return seconds, service


def digest(balances: Balances) -> str:
    """Tells whether two programs came to the same entries, however split."""
    total: dict[str, int] = {}
    for cell, day, known, amount in balances:
        key = f"{cell} {day} {known}"
        total[key] = total.get(key, 0) + amount
    return hashlib.sha256(repr(sorted(item for item in total.items() if item[1])).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor microseconds for one record: of the whole catalogue, and of one more measure."""

    record_us: float
    measure_us: float

    @property
    def indicator_us(self) -> float:
        """What one more indicator of the usual size costs."""
        return self.measure_us * len(MEASURES) / len(CATALOG)


def costs(facts: int, catalogues: int = 3) -> Costs:
    """The two folds side by side, the faster of two runs each."""
    arriving = list(pages(simulated(1, facts)))
    count = sum(map(len, arriving))
    once, several_times = (min(asyncio.run(fold(arriving, catalogues=times))[0] for _ in range(2)) for times in (1, catalogues))
    return Costs(once / count * 1e6, (several_times - once) / (len(MEASURES) * (catalogues - 1)) / count * 1e6)


def run(facts: int, *, profile: bool) -> None:
    """Fold, and print what it took."""
    arriving = list(pages(simulated(1, facts)))
    count = sum(map(len, arriving))
    profiler = cProfile.Profile() if profile else None
    seconds, service = asyncio.run(fold(arriving, profiler=profiler))
    print(
        f"{count} records in {len(arriving)} pages: {seconds:.2f} s of processor time, {seconds / count * 1e6:.0f} us a record; "
        f"{service.balances.size} entries, {digest(service.balances)}"
    )
    if profiler:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(50)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=20_000)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    run(arguments.facts, profile=arguments.profile)
