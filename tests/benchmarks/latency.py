"""How long a report takes to its answer, and from there to the board, at a steady pace: `python -m tests.benchmarks.latency`.

Sessions of guidance, each for another person, are reported through an outbox, so many a second whether or not the ones before are answered.
The answer: from the call of `client.report` to its return, so with the commit to the outbox, the bus, the decision and its commit. The
board: from there until the change feed says that the figures hold it. Last, as many at once with an outbox and without, in turn.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count, islice
from pathlib import Path

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from rich.console import Console

from deploy.data_folder import DataFolder, Purpose
from deploy.local import local_system
from deploy.reaching import bus
from deploy.reports import list_units
from services.indicators.evaluation.county import County, load_county
from shared import subjects
from shared.answers import Answer
from shared.client import ReportingClient
from shared.contracts.training import GuidanceGiven
from tests.benchmarks.measured import Measured, table, told

EXAMPLE = Path("deploy/counties/example").resolve()
PACES: Mapping[int, float] = {50: 3.0, 200: 15.0, 1000: 10.0}
"""Reports a second, and for how many seconds; the first warms up."""
WARM_UP = 50
BOARD_P99_MS_MAX = 100.0
BULK = 5000
SETTLE_SECONDS_MAX = 120.0


@dataclass(slots=True)
class Followed:
    """When the figures held which answered reports."""

    position: int = 0
    awaited: dict[int, float] = field(default_factory=dict)
    """When the report at a position was answered that the figures do not hold yet."""
    board_ms: list[float] = field(default_factory=list)

    async def changed(self, message: Msg) -> None:
        """The change feed spoke."""
        self.position = max(self.position, orjson.loads(message.data)["positions"].get("training", 0))
        now = time.perf_counter()
        for position in [position for position in self.awaited if position <= self.position]:
            self.board_ms.append((now - self.awaited.pop(position)) * 1000)

    def answered(self, position: int) -> None:
        """A report was answered just now."""
        if position <= self.position:
            self.board_ms.append(0.0)
        else:
            self.awaited[position] = time.perf_counter()


async def _measured(county: County) -> list[Measured]:
    with tempfile.TemporaryDirectory(prefix="kaiye-bench-") as temporary:
        folder = DataFolder(Path(temporary) / "data")
        async with local_system(folder, Purpose(county=county.code, county_folder=EXAMPLE), log_level="WARNING") as running:
            await list_units(running, county)
            found: list[Measured] = []
            guidances = _guidances(county)
            async with bus(running) as nc:
                for pace, seconds in PACES.items():
                    found += await _paced(nc, county, pace, seconds, guidances, Path(temporary) / "paced")
                found += await _bulk(nc, county, guidances, Path(temporary))
            return found


def _guidances(county: County) -> Iterator[tuple[str, GuidanceGiven]]:
    units = [unit.code for unit in county.roster if unit.kind in ("community", "village")]
    for number in count():
        fact = GuidanceGiven(unit=units[number % len(units)], person=f"P{number:016}", guidance_kind="policy")
        yield f"g-{number}", fact


@dataclass(slots=True)
class _Last:
    """The last position that was answered."""

    position: int = 0

    def __call__(self, answer: Answer) -> None:
        self.position = max(self.position, answer.position or 0)


def _client(nc: Client, county: County, outbox: Path | None, on_answer: Callable[[Answer], None] | None = None) -> ReportingClient:
    return ReportingClient(nc, county=county.code, department="rensheju", system="jiuye", outbox=outbox, on_answer=on_answer)


async def _paced(
    nc: Client, county: County, pace: int, seconds: float, guidances: Iterator[tuple[str, GuidanceGiven]], outbox: Path
) -> Iterable[Measured]:  # fmt: skip
    followed, answer_ms = Followed(), list[float]()

    async with _client(nc, county, outbox) as client:

        async def report() -> None:
            id, fact = next(guidances)
            started = time.perf_counter()
            answer = await client.report(fact, id=id, day=date.today())  # noqa: DTZ011 - any day that has begun will do
            assert answer.position is not None, answer
            answer_ms.append((time.perf_counter() - started) * 1000)
            followed.answered(answer.position)

        feed = await nc.subscribe(subjects.changed(county.code), cb=followed.changed)
        started = time.perf_counter()
        async with asyncio.timeout(seconds + SETTLE_SECONDS_MAX), asyncio.TaskGroup() as reports:
            for number in range(int(pace * seconds)):
                await asyncio.sleep(max(0.0, started + number / pace - time.perf_counter()))
                reports.create_task(report())
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while followed.awaited:
                await asyncio.sleep(0.01)
        await feed.unsubscribe()
    return () if pace == WARM_UP else (
        _percentile(f"report to answer at {pace}/s, median", answer_ms, 50),
        _percentile(f"report to answer at {pace}/s, 99th percentile", answer_ms, 99),
        _percentile(f"answer to board at {pace}/s, median", followed.board_ms, 50),
        _percentile(f"answer to board at {pace}/s, 99th percentile", followed.board_ms, 99, BOARD_P99_MS_MAX),
    )  # fmt: skip


def _percentile(name: str, values: list[float], percent: int, limit: float | None = None) -> Measured:
    return Measured(name, statistics.quantiles(values, n=100)[percent - 1], "ms", limit)


async def _bulk(nc: Client, county: County, guidances: Iterator[tuple[str, GuidanceGiven]], folder: Path) -> Iterable[Measured]:
    """In turn, each while the figures have nothing left to do."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    followed = Followed()
    feed = await nc.subscribe(subjects.changed(county.code), cb=followed.changed)
    for number, kept in enumerate((False, True, True, False)):
        async with _client(nc, county, folder / f"bulk-{number}" if kept else None, last := _Last()) as client:
            reports = [client.outgoing(fact, id=id, day=date.today()) for id, fact in islice(guidances, BULK)]  # noqa: DTZ011
            started = time.perf_counter()
            progress = await client.report_many(reports)
            taken[kept].append(time.perf_counter() - started)
        assert progress.recorded == BULK, progress
        async with asyncio.timeout(SETTLE_SECONDS_MAX):
            while followed.position < last.position:
                await asyncio.sleep(0.1)
    await feed.unsubscribe()
    return (
        Measured("bulk reports answered per second, with an outbox", BULK / statistics.mean(taken[True]), "1/s"),
        Measured("time of bulk reporting with an outbox, against without", sum(taken[True]) / sum(taken[False]), "times"),
    )


def measure() -> list[Measured]:
    """On a system of its own, started and stopped here."""
    return asyncio.run(_measured(load_county(EXAMPLE)))


if __name__ == "__main__":
    found = list(told(measure(), Console(stderr=True)))
    Console().print(table(found))
    sys.exit(int(any(each.missed for each in found)))
