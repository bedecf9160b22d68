"""The rebuild: versions of measures brought forth beside those that serve, while records are taken in and questions answered.

Histories are folded subject by subject, in slices: each is one commit under the checkpoint's lock that adds the slice's entries and says up
to which subject it came, so that whatever dies, the next process goes on from there. Between two slices the loop is free for as long as
the slice took. A page of records adds to the versions in build what it adds to those that serve, of the subjects folded already; the others
are folded with it later: no fact counts twice. When all are folded, facts and entries of one moment are given to the second engine in a
thread; where it agrees, what was compared, and what pages added since, serves from one commit on.

Of several processes on one store only one rebuilds; each of them adds to what is in build.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from services.indicators.audit.agreement import Agreement, Stopped, pairs
from services.indicators.ledger import Balances, Entries, Folding, add_to, foldings_of, only
from services.indicators.live import Live
from services.indicators.measures.rows import SubjectKind
from services.indicators.store import LedgerRows, Moment
from services.indicators.versions import (
    EVERY_SUBJECT,
    UNDER_WAY,
    Difference,
    Rebuild,
    Versions,
    begun,
    cancelled,
    disagreed,
    folded,
    forgotten,
    swept,
)
from shared.contracts.envelope import Record
from shared.logs import logger

if TYPE_CHECKING:
    import pyarrow as pa

    from services.indicators.audit.relational.catalogue import Catalogue

SLICE_SECONDS: Final = 0.02
"""For so long subjects are folded before whoever else waits has a turn, and one subject more."""
CELLS_PER_SWEEP: Final = 200
RECORDS_PER_BATCH: Final = 1000
LOOK_SECONDS: Final = 0.2
"""So often it is looked whether there is anything to do."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far this process has come with the rebuild: subjects folded, then pairs compared; of how many."""

    done: int
    whole: int


class Rebuilder:
    """Does what is to be rebuilt. `run` goes on for as long as the service does."""

    def __init__(self, live: Live, program: "Callable[[], Catalogue] | None" = None) -> None:
        """`program`: what the second engine computes, another than this release's."""
        self._live = live
        self._program = program
        self._subjects = 0
        self._agreement: Agreement | None = None
        self._compared = 0, 0
        """The last rebuild that was switched here, and at how many pairs it agreed."""

    async def run(self) -> None:
        """Raises what the store and the engines raise."""
        while True:
            if self._wanted():
                async with self._live.store.rebuilding() as ours:
                    if ours:
                        await self.work()
            await asyncio.sleep(LOOK_SECONDS)

    async def work(self) -> None:
        """Do what there is to do, to its end."""
        while self._wanted():
            match self._live.versions.rebuild.stage:
                case "folding":
                    await self._fold()
                case "verifying":
                    await self._compare()
                case _:
                    await self._sweep()

    def progress(self) -> Progress | None:
        """None while this process does no rebuild."""
        if self._agreement is not None:
            return Progress(self._agreement.compared, len(self._agreement.pairs))
        if self._live.backlog.folding:
            return Progress(self._subjects - len(self._live.backlog), self._subjects)
        return None

    def compared(self) -> int | None:
        """At how many (as of, known at) pairs the rebuild that serves agreed with the second engine; None where another process did it."""
        number, count = self._compared
        return count if self._live.versions.rebuild.stage == "switched" and self._live.versions.rebuild.number == number else None

    def _wanted(self) -> bool:
        versions = self._live.versions
        return versions.rebuild.stage in UNDER_WAY or any(versions.in_state("dropped"))

    async def _fold(self) -> None:
        """Fold what is not folded yet, until all is, or another rebuild has begun or this one was cancelled."""
        live, rebuild = self._live, self._live.versions.rebuild
        foldings = foldings_of(live.foldings, live.versions.numbers("building").keys())
        log.info("folding histories", rebuild=rebuild.number, measures=len(rebuild.measures), after=rebuild.folded)
        try:
            while live.versions.rebuild.stage == "folding":
                started = time.perf_counter()
                async with live.between_pages() as writing:
                    there = writing.versions.rebuild
                    if (there.number, there.stage) != (rebuild.number, "folding"):
                        return
                    if not live.backlog.folding:
                        self._subjects = await asyncio.to_thread(self._gather, there.folded)
                    entries, upto = self._fold_some(foldings, started + SLICE_SECONDS)
                    await live.store.add_entries(writing, writing.versions.numbers("building"), entries)
                    await live.store.set_versions(writing, folded(writing.versions, upto))
                await asyncio.sleep(time.perf_counter() - started)
        finally:
            live.backlog.read_anew()

    def _gather(self, after: str) -> int:
        """Have the backlog hold the subjects after one; how many there are in all. In a thread, because there may be a million."""
        subjects = list(self._live.projection.index.subjects())
        self._live.backlog.begin_folding(subject for subject in subjects if subject > after)
        return len(subjects)

    def _fold_some(self, foldings: dict[SubjectKind, Folding], until: float) -> tuple[Entries, str]:
        """Entries of the subjects whose turn it is, and the last of them."""
        projection = self._live.projection
        found: Entries = {}
        while (subject := self._live.backlog.next()) is not None:
            if projection.index.canonical(subject) != subject:
                continue  # one of several codes of an entity: the least of them stands for all
            add_to(found, projection.entries([subject], foldings))
            if time.perf_counter() >= until:
                return found, subject
        return found, EVERY_SUBJECT

    async def _compare(self) -> None:
        """Compare what was built with what the second engine makes of the same facts: have it serve, or say where they differ."""
        live, store, rebuild = self._live, self._live.store, self._live.versions.rebuild
        async with AsyncExitStack() as reading:
            async with live.between_pages() as writing:
                if writing.versions.rebuild != rebuild:
                    return
                moment = await reading.enter_async_context(store.moment())
                live.backlog.begin_comparing()
            built = await store.rows(moment, moment.versions.numbers("building").values())
            facts, days, occurred = await self._facts(moment)
        self._agreement = Agreement(live.plan.county, pairs(days, seed=rebuild.number, occurred=occurred))
        log.info("comparing with the second engine", rebuild=rebuild.number, pairs=len(self._agreement.pairs))
        try:
            await self._judge(rebuild, self._agreement, built, facts)
        finally:
            self._agreement.stopped = True
            self._agreement = None
            live.backlog.read_anew()

    async def _facts(self, moment: Moment) -> "tuple[deque[pa.RecordBatch], set[date], set[date]]":
        """The facts that contracts here describe, for the second engine, and the days on which anything became known and on which they
        occurred.
        """
        from services.indicators.audit.recompute import batch  # noqa: PLC0415 - the second engine is loaded when it is needed

        unreadable = {(record.service, record.position) for record in self._live.projection.unreadable}
        days: set[date] = set()
        occurred: set[date] = set()
        found: deque[pa.RecordBatch] = deque()
        some: list[Record] = []
        async for record in self._live.store.facts(moment):
            days.add(record.known_day)
            if (record.service, record.position) not in unreadable:
                occurred.add(record.occurred)
                some.append(record)
            if len(some) == RECORDS_PER_BATCH:
                found.append(await asyncio.to_thread(batch, some))
                some = []
        if some:
            found.append(await asyncio.to_thread(batch, some))
        return found, days, occurred

    async def _judge(self, rebuild: Rebuild, agreement: Agreement, built: LedgerRows, facts: "deque[pa.RecordBatch]") -> None:
        live = self._live
        comparing = asyncio.create_task(asyncio.to_thread(self._run, rebuild, agreement, built, facts))
        while not comparing.done():
            await asyncio.wait([comparing], timeout=LOOK_SECONDS)
            agreement.stopped |= live.versions.rebuild != rebuild
        try:
            difference, balances = comparing.result()
        except Stopped:
            return
        if difference is not None:
            log.error(
                "二次引擎结果不一致，不予切换 / the engines disagree: nothing is switched", rebuild=rebuild.number, difference=difference
            )
            async with live.between_pages() as writing:
                if writing.versions.rebuild == rebuild:
                    await live.store.set_versions(writing, disagreed(writing.versions, difference))
            return
        while behind := live.backlog.behind():
            for entries in behind:
                balances.add_all(only(entries, rebuild.measures))
                await asyncio.sleep(0)
        if await live.switch(rebuild.number, balances):
            self._compared = rebuild.number, agreement.compared
            log.info(
                "what was rebuilt serves", rebuild=rebuild.number, measures=len(rebuild.measures), entries=balances.size,
                pairs=agreement.compared,
            )  # fmt: skip

    def _run(
        self, rebuild: Rebuild, agreement: Agreement, built: LedgerRows, facts: "deque[pa.RecordBatch]"
    ) -> tuple[Difference | None, Balances]:
        from services.indicators.audit.relational.compiled import read_catalogue  # noqa: PLC0415 - as above

        program = (self._program or read_catalogue)()
        once = (facts.popleft() for _ in range(len(facts)))  # each is let go of when it is taken in
        difference, balances = agreement.run(once, built, program, rebuild.measures), Balances()
        if difference is None:
            built.add_to(balances)
        return difference, balances

    async def _sweep(self) -> None:
        """Delete the entries of what was dropped."""
        live = self._live
        dropped = [version.number for version in live.versions.in_state("dropped")]
        while await live.store.sweep(dropped, CELLS_PER_SWEEP):
            await asyncio.sleep(0)
        async with live.between_pages() as writing:
            await live.store.set_versions(writing, swept(writing.versions, dropped))

    async def begin(self, measures: AbstractSet[str] | None) -> Rebuild:
        """Begin to build these measures anew, or all. Raises RebuildUnderWay."""
        return await self._change(lambda there: begun(there, measures or self._live.definitions.keys(), self._live.definitions))

    async def cancel(self) -> Rebuild:
        """Drop what is being built. Raises NothingToCancel."""
        return await self._change(cancelled)

    async def forget(self) -> Rebuild:
        """Drop what has retired."""
        return await self._change(forgotten)

    async def _change(self, change: Callable[[Versions], Versions]) -> Rebuild:
        async with self._live.between_pages() as writing:
            await self._live.store.set_versions(writing, change(writing.versions))
        return writing.versions.rebuild
