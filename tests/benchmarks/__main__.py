"""`make bench`: sixty thousand simulated reports through the whole system, then the board; where the time went, what an indicator costs;
how long a report takes to its answer and to the board at a steady pace; and what can be done with a million recorded facts.

Prints a table; the exit code is 1 when a stated limit was missed. `--facts N` plays a smaller history, and the limit in seconds scales.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.progress import Progress

from deploy.data_folder import DataFolder, Demonstration, Purpose, Running
from deploy.demo import Played, play
from deploy.local import local_system
from services.indicators.evaluation.county import County, load_county
from tests.benchmarks import latency, recorded
from tests.benchmarks.fold import costs
from tests.benchmarks.measured import Measured, table, told

EXAMPLE = Path("deploy/counties/example").resolve()
FACTS = 60_000
SECONDS_MAX = 30.0
INDICATORS_MB_MAX = 600
BOARD_MS_MAX = 20.0
BOARDS = 200
"""How many boards are asked for, of as many units."""


async def measure(county: County, facts: int, console: Console) -> list[Measured]:
    """Play the history on a fresh folder and ask for boards."""
    with tempfile.TemporaryDirectory(prefix="kaiye-bench-") as temporary:
        demonstration = Demonstration(seed=1, facts=facts)
        purpose = Purpose(county=county.code, county_folder=EXAMPLE, demonstration=demonstration)
        async with local_system(DataFolder(Path(temporary) / "data"), purpose, log_level="WARNING") as running:
            before = _cpu_seconds()
            with Progress(console=console) as progress:
                played = await play(running, county, demonstration, progress)
            after = _cpu_seconds()
            return [*_flow(played, facts), *_spent(before, after), *await _boards(running, county, played)]


def _flow(played: Played, facts: int) -> Iterable[Measured]:
    total = played.reporting_seconds + played.settling_seconds
    yield Measured("reports", facts, "")
    yield Measured("first report to last answer", played.reporting_seconds, "s")
    yield Measured("last answer to last figure", played.settling_seconds, "s")
    yield Measured("first report to last figure", total, "s", SECONDS_MAX * facts / FACTS)
    yield Measured("reports per second", facts / total, "1/s")


def _spent(before: dict[str, float], after: dict[str, float]) -> Iterable[Measured]:
    for name in sorted(after, key=lambda name: before.get(name, 0.0) - after[name]):
        yield Measured(f"CPU {name}", after[name] - before.get(name, 0.0), "s")
    processes = {_part(process): process for process in _parts()}
    yield Measured("indicators' memory", processes["indicators"].memory_info().rss / 2**20, "MB", INDICATORS_MB_MAX)
    writing = processes["indicators.audit.archive"]
    yield Measured("memory of the process that writes the archive", writing.memory_full_info().pss / 2**20, "MB")


def _parts() -> list[psutil.Process]:
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def _part(process: psutil.Process) -> str:
    """What a process is in this system."""
    command: list[str] = process.cmdline()
    for word in command:
        if word.startswith("services."):
            return word.removeprefix("services.")
    if not command or process.pid == psutil.Process().pid:
        return "departments and supervisor"
    return "postgres" if "postgres" in command[0] else "nats" if "nats" in command[0] else "other"


def _cpu_seconds() -> dict[str, float]:
    found: dict[str, float] = {}
    for process in _parts():
        try:
            times = process.cpu_times()
            name = _part(process)
        except psutil.NoSuchProcess:
            continue  # a PostgreSQL worker that ended between the listing and the look
        found[name] = found.get(name, 0.0) + times.user + times.system
    return found


async def _boards(running: Running, county: County, played: Played) -> list[Measured]:
    units = [unit.code for unit in county.roster][: BOARDS - 1]
    as_of, known_at = played.as_of, played.known_at
    whole = await _ask(running, [county.code] * 30, as_of, known_at)
    each = await _ask(running, units, as_of, known_at)
    earlier = await _ask(running, [county.code] * 30, as_of, date(known_at.year - 1, 12, 31))
    return [
        Measured("board of the county, median", statistics.median(whole), "ms", BOARD_MS_MAX),
        Measured("board of the county as known earlier, median", statistics.median(earlier), "ms", BOARD_MS_MAX),
        Measured("board of one unit, median", statistics.median(each), "ms", BOARD_MS_MAX),
        Measured("board of one unit, 99th percentile", statistics.quantiles(each, n=100)[98], "ms"),
    ]


async def _ask(running: Running, units: list[str], as_of: date, known_at: date) -> list[float]:
    """Milliseconds from the request to the whole answer, over HTTP."""
    taken = []
    async with httpx.AsyncClient(base_url=running.http_url, headers=running.http_headers, trust_env=False) as http:
        for unit in units:
            started = time.perf_counter()
            answer = await http.get("/board", params={"unit": unit, "as_of": as_of.isoformat(), "known_at": known_at.isoformat()})
            taken.append((time.perf_counter() - started) * 1000)
            answer.raise_for_status()
    return taken


def main() -> int:
    """Measure, print, and say whether every limit holds."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--facts", type=int, default=FACTS)
    facts = parser.parse_args().facts
    console = Console(stderr=True)
    found = asyncio.run(measure(load_county(EXAMPLE), facts, console))
    folding = costs(facts // 6)
    found += [
        Measured("processor time to fold a record", folding.record_us, "us"),
        Measured("the same for one more indicator", folding.indicator_us, "us"),
    ]
    share = facts / FACTS
    found += told(latency.measure(), console)
    found += told(recorded.measure(int(recorded.FACTS * share), int(recorded.FOLDED * share), console), console)
    Console().print(table(found))
    return int(any(each.missed for each in found))


sys.exit(main())
