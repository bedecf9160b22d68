"""What can be done with a million recorded facts: `python -m tests.benchmarks.recorded`, part of `make bench`.

An archive of them is written and read, every measure at every unit is recomputed from it, five measures are compared with what an analyst
would write in SQL, the live fold takes in a part of them, and boards are asked for at early and late days of a small and a large ledger.
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from rich.console import Console

from services.indicators.answers import ask, board
from services.indicators.audit.archive.reader import opened_archive
from services.indicators.audit.archive.writer import ArchiveWriter
from services.indicators.audit.recompute import Recomputed
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.evaluation.county import County
from shared.contracts.envelope import Record
from shared.days import add_months
from tests.benchmarks.by_hand import BY_HAND
from tests.benchmarks.fold import fold, pages
from tests.benchmarks.measured import Measured, Watch, table, told
from tests.indicators.audit.archives import arriving
from tests.indicators.comparing import example_county
from tests.indicators.simulated import simulated

FACTS = 1_000_000
FOLDED = FACTS
"""So many the live fold takes in, which is a hundred times slower: some minutes; `--folded` asks for fewer."""
SMALL = 10_000
BATCH = 250_000
"""So many records are handed to the archive at a time."""
TIMES = 3
"""The quickest of so many runs counts."""
WRITTEN_PER_SECOND = 100_000.0
RECOMPUTED_PER_SECOND = 300_000.0
BY_HAND_TIMES = 3.0
FOLD_TIMES = 5.0
"""Recomputing is several times faster than the live fold."""
LARGER_TIMES, EARLIER_TIMES = 2.0, 1.5
"""A board costs the same of a large ledger as of a small one, and at an early day as today, but for what is noise."""
BOARDS = 40
TODAY = "today"
EARLIER = ("as of a year ago, as known today", "as of a year ago, as known then")


def measure(facts: int, folded: int, console: Console) -> Iterator[Measured]:
    """Every figure, as it is found."""
    county, watch = example_county(), Watch()
    console.print(f"{facts:,} facts …")
    records = simulated(1, facts, county)
    yield Measured("recorded facts", len(records), "")
    with tempfile.TemporaryDirectory(prefix="kaiye-bench-") as temporary:
        folder = Path(temporary) / "archive"
        console.print("archive …")
        _write(folder, county, records, watch)
        for _ in range(TIMES):
            gc.collect()
            _recompute(folder, county, watch)
    taken = watch.seconds
    recomputing = taken["load"] + taken["compute"]
    yield Measured("archive written", len(records) / taken["write"], "facts/s", WRITTEN_PER_SECOND, "least")
    yield Measured("archive checked, before anything else", taken["check"], "s")
    yield Measured("every measure at every unit recomputed from it", len(records) / recomputing, "facts/s", RECOMPUTED_PER_SECOND, "least")
    yield Measured("of that, reading facts into tables", taken["load"], "s")
    yield Measured("five measures, against SQL written by hand", taken["five measures"] / taken["by hand"], "times", BY_HAND_TIMES)
    console.print("live fold …")
    small: dict[str, float] = {}
    large: dict[str, float] = {}
    _fold(simulated(1, SMALL, county), small)
    count = len(records)
    records = records if folded == facts else simulated(1, folded, county)
    _fold(records, large)
    yield Measured(
        "live fold of a record, against recomputing one", large["fold"] / len(records) / (recomputing / count), "times", FOLD_TIMES, "least"
    )
    for day in (TODAY, *EARLIER):
        yield Measured(
            f"board of the county {day}, {len(records):,} facts against {SMALL:,}", large[day] / small[day], "times", LARGER_TIMES
        )
    for day in EARLIER:
        yield Measured(f"the same, {day}, against today", large[day] / large[TODAY], "times", EARLIER_TIMES)


def _write(folder: Path, county: County, records: Sequence[Record], watch: Watch) -> None:
    batches = [arriving(records[start : start + BATCH]) for start in range(0, len(records), BATCH)]
    with watch.on("write"), ArchiveWriter.opened(folder, county.code, threads=2) as writer:
        for batch in batches:
            writer.append(batch)


def _recompute(folder: Path, county: County, watch: Watch) -> None:
    as_of = date(county.plan.year, 12, 31)
    with ExitStack() as opened:
        with watch.on("check"):
            archive = opened.enter_context(opened_archive(folder, county.code))
        known = archive.last_known_day
        with watch.on("load"):
            database = archive.database()
        with watch.on("compute"):
            Recomputed(database, read_catalogue(), county.code, known).compute([as_of])
        some = read_catalogue().of(BY_HAND)
        with watch.on("five measures"):
            five = Recomputed(database, some, county.code, known)
            five.compute([as_of])
        found = dict(five.all_at(as_of))
        with watch.on("by hand"):
            rows = [
                (name, *row)
                for name, query in BY_HAND.items()
                for row in five.connection.execute(query, {"known": known, "as_of": as_of}).fetchall()
            ]
        by_hand: dict[tuple[str, str], dict[str | None, int]] = {}
        for name, code, part, amount in rows:
            by_hand.setdefault((name, code), {})[part] = amount
        assert by_hand == found, "written by hand, the measures come to something else"


def _fold(records: Sequence[Record], seconds: dict[str, float]) -> None:
    """Processor seconds of the live fold, and of a board on the last day, as of a year before it, and as it was known then."""
    seconds["fold"], service = asyncio.run(fold(list(pages(records))))
    last = max(record.known_day for record in records)
    snapshot, earlier = service.snapshot(), add_months(last, -12)
    for name, as_of, known in zip((TODAY, *EARLIER), (last, earlier, earlier), (last, last, earlier), strict=True):
        taken = []
        for _ in range(BOARDS):
            started = time.process_time()
            board(snapshot, ask(snapshot, last, None, as_of, known))
            taken.append(time.process_time() - started)
        seconds[name] = statistics.median(taken)


def main() -> int:
    """Measure, print, and say whether every limit holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=FACTS)
    parser.add_argument("--folded", type=int, default=FOLDED)
    arguments = parser.parse_args()
    console = Console(stderr=True)
    found = list(told(measure(arguments.facts, arguments.folded, console), console))
    Console().print(table(found))
    return int(any(each.missed for each in found))


if __name__ == "__main__":
    sys.exit(main())
