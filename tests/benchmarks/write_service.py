"""How many reports a second one write service decides and commits on PostgreSQL: `python -m tests.benchmarks.write_service`.

The simulator's reports, dirty ones included, are handed to each service in batches, as the bus would but without it. Two figures matter:
the rate, and the service's own processor time per report (the rest is PostgreSQL's). `--profile SERVICE` shows where that time goes.
"""

import argparse
import cProfile
import gc
import pstats
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from deploy.databases import give_databases
from deploy.embedded import EmbeddedPostgres
from deploy.simulator.simulation import simulate, unit_reports
from services.finance.rules import RULES as FINANCE
from services.indicators.evaluation.county import load_county
from services.registry.rules import RULES as REGISTRY
from services.training.rules import RULES as TRAINING
from shared.clock import SimulatedClock
from shared.contracts.envelope import parse_record
from shared.event_store.postgres import PostgresStore
from shared.migrate import migrate
from shared.write_service.handler import IncomingReport, WriteService

EXAMPLE = Path("deploy/counties/example")
BATCH = 500
RATE_MIN = 3000
"""Reports a second each service should reach on a quiet machine."""


async def run(facts: int, profiled: str | None) -> None:
    """Every service, one after the other."""
    county = load_county(EXAMPLE)
    listings = [IncomingReport(each.department, each.system, each.type, each.raw, each.instant) for each in unit_reports(county)]
    history = [
        IncomingReport(each.department, each.system, each.type, each.raw, each.instant)
        for each in simulate(county.roster, county.plan, 1, facts)
    ]
    with tempfile.TemporaryDirectory(prefix="kaiye-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        administrator = server.start()
        try:
            databases: dict[str, str] = {rules.service: server.address_of(rules.service) for rules in (REGISTRY, TRAINING, FINANCE)}
            await give_databases(administrator, databases)
            listed = None
            for rules in (REGISTRY, TRAINING, FINANCE):
                database = databases[rules.service]
                await migrate(database, county.code)
                store = await PostgresStore.open(database, rules.service, county.code)
                service = WriteService(rules, store, county.code, SimulatedClock(datetime(county.plan.year, 1, 1, tzinfo=UTC)))
                service.recording.set()
                if listed is None:
                    await service.handle(listings)
                    listed = [parse_record(row.raw) for row in await store.records(0, 10_000)]
                else:
                    await service.unit_facts(listed)
                reports = [report for report in history if report.type.startswith(rules.service)]
                await measure(service, reports, profile=profiled == rules.service)
                await store.close()
        finally:
            server.stop()


async def measure(service: WriteService, reports: Sequence[IncomingReport], *, profile: bool) -> None:
    """Hand in the reports and print the rate."""
    profiler = cProfile.Profile()
    before = dict(service.outcomes)
    if profile:
        profiler.enable()
    wall, own = time.perf_counter(), time.process_time()
    slowest = 0.0
    for start in range(0, len(reports), BATCH):
        began = time.perf_counter()
        await service.handle(reports[start : start + BATCH])
        slowest = max(slowest, time.perf_counter() - began)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    profiler.disable()
    outcomes = {name: count - before.get(name, 0) for name, count in sorted(service.outcomes.items())}
    print(
        f"{service.rules.service:10} {len(reports):7} reports  {len(reports) / wall:7.0f} /s (goal {RATE_MIN})  "
        f"own time {own / len(reports) * 1e6:4.0f} us each  slowest batch {slowest * 1e3:4.0f} ms  {outcomes}"
    )
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=60_000)
    parser.add_argument("--profile", metavar="SERVICE")
    arguments = parser.parse_args()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)  # as the services themselves do
    uvloop.run(run(arguments.facts, arguments.profile))
