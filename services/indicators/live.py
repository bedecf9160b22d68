"""The live state of a county: histories and balances in memory, brought forward page by page with what the store commits.

Memory changes only after a commit and without yielding in between, so that figures and positions of an answer are of one moment.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.indicators.answers import Snapshot
from services.indicators.catalog import FOLDINGS, MEASURES, measure_digest
from services.indicators.evaluation.plan import Plan, windows_of
from services.indicators.flags.book import FlagBook
from services.indicators.ledger import Balances, Folding
from services.indicators.measures.rows import SubjectKind
from services.indicators.projection import Page, Projection
from services.indicators.relations.units import UNIT_FACTS
from services.indicators.store import Checkpoint, LedgerStore, Writing
from shared.clock import Clock
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import NO_HASH, Record
from shared.days import day_of
from shared.logs import logger

log = logger(__name__)

_MOVING = frozenset(fact.type for fact in UNIT_FACTS)

LOOKED_INTO_AT_ONCE = 250
"""So many facts and histories are looked into for flags before whoever else waits has a turn: 4 ms, where much is odd 30 ms."""


class BrokenChain(Exception):
    """A record that does not follow the one before it: its position or `prevhash` is wrong. Nothing is taken in from then on."""


class OtherDefinitions(Exception):
    """Another release has derived the ledger by its own definitions: what this one would add would not fit."""


@dataclass(frozen=True, slots=True)
class Change:
    """What moved: up to which positions, and the measures and units whose figures changed; None: anything may have, ask again."""

    positions: dict[str, int]
    measures: frozenset[str] | None
    units: frozenset[str] | None


class Live:
    """One county's figures, live. `open` reads what the store holds; `take` brings records in."""

    def __init__(self, plan: Plan, store: LedgerStore, clock: Clock) -> None:
        self.plan = plan
        self.windows = windows_of(plan)
        self.store = store
        self.clock = clock
        self.projection = Projection(plan.county, FOLDINGS)
        self.flags = FlagBook(self.projection.index)
        """What is odd, as of the last committed page; see `look_into_flags`."""
        self.balances = Balances()
        self.checkpoint: Checkpoint = dict.fromkeys(SERVICES, (0, NO_HASH))
        self._shown = self._now()
        self._definitions = {name: measure_digest(name) for name in MEASURES}
        self._taking = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._last = Change({}, None, None)
        self._pages = 0

    async def open(self) -> None:
        """Read facts and ledger, and backfill the measures whose definition is new or another than their entries were computed by."""
        async with self.store.page() as writing:
            await self._read(writing)
            await self._backfill(writing)

    async def _read(self, writing: Writing) -> None:
        """Read the store anew. Answers are given from what was there before, until all of it is read."""
        projection, balances = Projection(self.plan.county, FOLDINGS), Balances()
        records = [record async for record in self.store.facts(writing)]
        await asyncio.to_thread(projection.load, records)
        await self.store.load(balances, writing)
        self.projection, self.balances, self.checkpoint = projection, balances, writing.checkpoint
        self.flags = FlagBook(projection.index)
        self.flags.touch(projection.index.chains())
        self._observe(records)
        self._shown = self._now()

    async def _backfill(self, writing: Writing) -> None:
        held = await self.store.definitions(writing)
        wanted = self._definitions
        if held == wanted:
            return
        changed = {name for name in wanted if held.get(name) != wanted[name]}
        gone = (held.keys() - wanted.keys()) | changed
        log.info("backfilling measures", measures=sorted(changed) if held else "all", gone=sorted(held.keys() - wanted.keys()))
        foldings: dict[SubjectKind, Folding] = {
            kind: folding.only(changed)
            for kind, folding in FOLDINGS.items()
            if any(measure.name in changed for measure in folding.measures)
        }
        entries = await asyncio.to_thread(self.projection.entries, list(self.projection.index.subjects()), foldings)
        await self.store.replace_measures(writing, gone, {name: wanted[name] for name in changed}, entries)
        self.balances.drop(gone)
        self.balances.add_all(entries)

    async def take(self, records: Sequence[Record]) -> None:
        """Take in a page of records in one commit. What is known already is left out. Raises BrokenChain, and what the store raises."""
        async with self._taking:
            await self._take(records)

    async def _take(self, records: Sequence[Record]) -> None:
        async with self.store.page() as writing:
            if await self.store.definitions(writing) != self._definitions:
                raise OtherDefinitions(
                    "账本已按其他版本的指标定义重算，本程序不再写入 / "
                    "the ledger was derived again by other definitions: this release must not write"
                )
            if writing.checkpoint != self.checkpoint:
                await self._follow(writing)
            fresh = self._fresh(records)
            if not fresh:
                return
            past = self._past(fresh)
            self.checkpoint = {}  # histories are ahead of the store until the commit: an error on the way has all of it read again
            page = await self._fold(fresh)
            await self.store.append(writing, fresh, page.entries)
        self.checkpoint = past
        self.balances.add_all(page.entries)
        self.flags.touch(page.chains)
        self._observe(fresh)
        self._shown = self._now()
        cells = {cell for cell, _, _ in page.entries}
        await self._announce(frozenset(measure for measure, _, _ in cells), frozenset(unit for _, unit, _ in cells))

    async def _fold(self, records: Sequence[Record]) -> Page:
        """Fold records. Those that move units concern everybody there, which may take seconds: questions have their turns meanwhile.

        Answers read the last snapshot, of which folding changes nothing.
        """
        if any(record.type in _MOVING for record in records):
            return await asyncio.to_thread(self.projection.fold, records)
        return self.projection.fold(records)

    async def look_into_flags(self) -> None:
        """Bring the flags up to the last committed page; the histories are ahead of it while a page is written. Others have turns between.

        Nothing else happens between the end of this and the next `await`, so flags and figures are of one moment.
        """
        while True:
            async with self._taking:
                if self.flags.catch_up(LOOKED_INTO_AT_ONCE):
                    return
            await asyncio.sleep(0)

    async def _follow(self, writing: Writing) -> None:
        """Take in what another projector wrote: its facts give the entries it posted. Where they do not follow ours, read all anew."""
        ours = self.checkpoint
        missed = [record async for record in self.store.facts(writing, after=ours)] if ours else []
        try:
            follows = bool(missed) and self._fresh(missed) == missed and self._past(missed) == writing.checkpoint
        except BrokenChain:
            follows = False
        log.warning("another projector wrote", ours=ours, theirs=writing.checkpoint, reading="what it added" if follows else "all of it")
        if not follows:
            await self._read(writing)
            await self._announce(None, None)
            return
        await self.store.load_cells(writing)
        self.checkpoint = {}  # memory is ahead of it until the end: an error on the way has all of it read again
        page = await self._fold(missed)
        self.balances.add_all(page.entries)
        self.flags.touch(page.chains)
        self._observe(missed)
        self._shown = self._now()
        self.checkpoint = writing.checkpoint
        await self._announce(None, None)

    def _past(self, records: Sequence[Record]) -> Checkpoint:
        """The checkpoint once these records, which follow it, are taken in."""
        return {**self.checkpoint, **{record.service: (record.position, record.hash) for record in records}}

    def _fresh(self, records: Sequence[Record]) -> list[Record]:
        """The records beyond the checkpoint, each verified to follow the one before."""
        last = dict(self.checkpoint)
        fresh = []
        for record in records:
            position, hash_ = last[record.service]
            if record.position <= position:
                continue
            if record.position != position + 1 or record.prevhash != hash_:
                raise BrokenChain(f"{record.service} {record.position} does not follow {position} {hash_[:12]}…")
            last[record.service] = record.position, record.hash
            fresh.append(record)
        return fresh

    def today(self) -> date:
        """Today by the system's clock, in Asia/Shanghai."""
        return day_of(self.clock.now())

    def snapshot(self) -> Snapshot:
        """What answers are read from: the last committed page. A page being written shows in none of it."""
        return self._shown

    def _observe(self, records: Sequence[Record]) -> None:
        for record in records:
            self.clock.observe(record.recorded)

    def _now(self) -> Snapshot:
        unreadable: tuple[tuple[Service, date], ...] = tuple((record.service, record.known_day) for record in self.projection.unreadable)  # type: ignore[misc]
        return Snapshot(
            plan=self.plan, windows=self.windows, balances=self.balances, trees=self.projection.trees,
            positions=dict(self.projection.positions), closed=dict(self.projection.closed), unreadable=unreadable,
        )  # fmt: skip

    async def _announce(self, measures: frozenset[str] | None, units: frozenset[str] | None) -> None:
        async with self._changed:
            self._last = Change(dict(self._shown.positions), measures, units)
            self._pages += 1
            self._changed.notify_all()

    async def changes(self) -> AsyncIterator[Change]:
        """Each page's change from now on; a slow listener is given the changes it missed as one."""
        seen = self._pages
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda since=seen: self._pages > since)  # type: ignore[misc]
                missed, seen = self._pages - seen > 1, self._pages
                change = self._last
            yield Change(change.positions, None, None) if missed else change
