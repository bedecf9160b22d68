"""The live state of a county: histories and balances in memory, brought forward page by page with what the store commits.

Memory changes only after a commit and without yielding in between, so that figures and positions of an answer are of one moment.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

from services.indicators.answers import Snapshot
from services.indicators.backlog import Backlog
from services.indicators.catalog import DEFINITIONS, FOLDINGS
from services.indicators.evaluation.plan import Plan, windows_of
from services.indicators.evaluation.shown import SHOWN_BY
from services.indicators.flags.book import FlagBook
from services.indicators.history import Chain
from services.indicators.ledger import Balances, Entries, Folding, only
from services.indicators.measures.rows import SubjectKind
from services.indicators.previous import Previous, folding_both, followable, serving_entries
from services.indicators.projection import Page, Projection
from services.indicators.relations.units import UNIT_FACTS
from services.indicators.store import Checkpoint, LedgerStore, Writing
from services.indicators.subjects import Index
from services.indicators.versions import Definition, Versions, opened, switched
from shared.clock import Clock
from shared.contracts.base import SERVICES, Service, subject_of
from shared.contracts.envelope import NO_HASH, Record
from shared.days import day_of
from shared.logs import logger

log = logger(__name__)

_MOVING = frozenset(fact.type for fact in UNIT_FACTS)

READ_AT_ONCE = 20_000
"""So many records are given at once to whoever reads many."""
LOOKED_INTO_AT_ONCE = 250
"""So many facts and histories are looked into for flags before whoever else waits has a turn: 4 ms, where much is odd 30 ms."""


class BrokenChain(Exception):
    """A record that does not follow the one before it: its position or `prevhash` is wrong. Nothing is taken in from then on."""


@dataclass(frozen=True, slots=True)
class Change:
    """What moved: up to which positions, and the measures and units whose figures changed; None: anything may have, ask again."""

    positions: dict[str, int]
    measures: frozenset[str] | None
    units: frozenset[str] | None


class Live:
    """One county's figures, live. `open` reads what the store holds; `take` brings records in."""

    def __init__(
        self, plan: Plan, store: LedgerStore, clock: Clock, foldings: Mapping[SubjectKind, Folding] = FOLDINGS,
        definitions: Mapping[str, Definition] = DEFINITIONS,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.windows = windows_of(plan)
        self.store = store
        self.clock = clock
        self.foldings = dict(foldings)
        self.definitions = definitions
        """What this release computes each measure by."""
        self.previous: Previous = {}
        """What serves by an earlier definition until its successor is built."""
        self.projection = Projection(plan.county, self.foldings)
        self.flags = FlagBook(self.projection.index)
        """What is odd, as of the last committed page; see `look_into_flags`."""
        self.balances = Balances()
        self.checkpoint: Checkpoint = dict.fromkeys(SERVICES, (0, NO_HASH))
        self.versions = Versions({})
        self.backlog = Backlog()
        self._shown = self._now()
        self._taking = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._last = Change({}, None, None)
        self._pages = 0

    async def open(self) -> None:
        """Read facts and ledger. What no version follows by today's definition is to be built; until then it is unknown."""
        async with self.store.page() as writing:
            positions = {service: position for service, (position, _) in writing.checkpoint.items()}
            found = opened(writing.versions, self.definitions, positions, followable(writing.versions, self.definitions))
            if found != writing.versions:
                await self.store.set_versions(writing, found)
            await self._read(writing)

    async def _read(self, writing: Writing) -> None:
        """Read the store anew. Answers are given from what was there before, until all of it is read."""
        self.previous = followable(writing.versions, self.definitions)
        projection, balances = Projection(self.plan.county, folding_both(self.foldings, self.previous)), Balances()
        records = [record async for record in self.store.facts(writing)]
        await asyncio.to_thread(projection.load, records)
        await self.store.load(balances, writing)
        self.projection, self.balances, self.checkpoint, self.versions = projection, balances, writing.checkpoint, writing.versions
        self.flags = FlagBook(projection.index)
        self.flags.touch(projection.index.chains())
        self._observe(records)
        self._shown = self._now()
        self.backlog.read_anew()

    async def take(self, records: Sequence[Record]) -> None:
        """Take in a page of records in one commit. What is known already is left out. Raises BrokenChain, and what the store raises."""
        async with self._taking:
            await self._take(records)

    async def _take(self, records: Sequence[Record]) -> None:
        async with self._page() as writing:
            fresh = self._fresh(records)
            if not fresh:
                return
            past = self._past(fresh)
            self.checkpoint = {}  # histories are ahead of the store until the commit: an error on the way has all of it read again
            page = await self._fold(fresh, writing.versions)
            gained = self._gained(page, writing.versions)
            serving, building = writing.versions.numbers("serving"), writing.versions.numbers("building")
            await self.store.append(writing, fresh, [*((serving, entries) for entries in gained), (building, page.built)])
        self._have_taken(fresh, page, gained)
        self.checkpoint = past
        cells = {cell for entries in gained for cell, _, _ in entries}
        await self._announce(frozenset(measure for measure, _, _ in cells), frozenset(unit for _, unit, _ in cells))

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[Writing]:
        """A page of the store, with memory brought up to it. Raises OtherDefinitions, and what the store raises."""
        async with self.store.page() as writing:
            writing.versions.require_fit(self.definitions, self.previous)
            if writing.checkpoint != self.checkpoint or writing.versions.numbers("serving") != self.versions.numbers("serving"):
                await self._follow(writing)
            self.versions = writing.versions
            yield writing

    @asynccontextmanager
    async def between_pages(self) -> AsyncIterator[Writing]:
        """A page of the store that takes no records in: memory is what the store holds, and nothing else is taken in meanwhile."""
        async with self._taking:
            async with self._page() as writing:
                yield writing
            self.versions = writing.versions

    async def switch(self, rebuild: int, built: Balances) -> bool:
        """Have what was built serve, in one commit: what was read of it, and what pages have added since. False when it is not to be: the
        rebuild was cancelled, or memory read anew meanwhile.
        """
        async with self._taking:
            async with self._page() as writing:
                behind = self.backlog.behind()
                if behind is None or (writing.versions.rebuild.number, writing.versions.rebuild.stage) != (rebuild, "verifying"):
                    return False
                names = writing.versions.numbers("building").keys()
                await self.store.set_versions(writing, switched(writing.versions, self._shown.positions))
            for entries in behind:
                built.add_all(only(entries, names))
            self.balances.replace(names, built)
            self.previous = followable(writing.versions, self.definitions)
            self.projection.foldings = folding_both(self.foldings, self.previous)
            self.backlog.read_anew()
            self.versions = writing.versions
            self._shown = self._now()
            await self._announce(None, None)
            return True

    def _gained(self, page: Page, standing: Versions) -> list[Entries]:
        """What a page adds to the versions that serve."""
        gained = [page.entries, page.folded_entries]
        if not self.previous and len(standing.numbers("serving")) == len(self.definitions):
            return gained
        return [serving_entries(entries, standing, self.previous) for entries in gained]

    def _have_taken(self, records: Sequence[Record], page: Page, gained: Sequence[Entries]) -> None:
        """Memory follows what was committed."""
        for entries in gained:
            self.balances.add_all(entries)
        self.flags.touch(page.chains)
        self.backlog.taken(page)
        self._observe(records)
        self._shown = self._now()

    async def _fold(self, records: Sequence[Record], standing: Versions) -> Page:
        """Fold records. Those that move units concern everybody there, which may take seconds: questions have their turns meanwhile.

        Answers read the last snapshot, of which folding changes nothing.
        """
        if any(record.type in _MOVING for record in records):
            return await asyncio.to_thread(self.projection.fold, records, standing.folded)
        return self.projection.fold(records, standing.folded)

    async def look_into_flags(self) -> None:
        """Bring the flags up to the last committed page; the histories are ahead of it while a page is written. Others have turns between.

        Nothing else happens between the end of this and the next `await`, so flags and figures are of one moment.
        """
        while True:
            async with self._taking:
                if self.flags.catch_up(LOOKED_INTO_AT_ONCE):
                    return
            await asyncio.sleep(0)

    @asynccontextmanager
    async def histories(self) -> AsyncIterator[Index]:
        """Every fact by whose history it belongs to, while no page is taken in. They may be ahead of the snapshot, never behind it."""
        async with self._taking:
            yield self.projection.index

    async def readable(self, after: Mapping[str, int], upto: Mapping[str, int]) -> AsyncIterator[list[tuple[int, int, bytes]]]:
        """The records after some positions up to others, a service's in order, without those that no contract here describes: number of
        the service, position, exact bytes.
        """
        unreadable = {(record.service, record.position) for record in self.projection.unreadable}
        for number, service in enumerate(SERVICES):
            last = after[service]
            while records := await self.store.raws(service, last, upto[service], READ_AT_ONCE):
                last = records[-1][0]
                if readable := [(number, position, raw) for position, raw in records if (service, position) not in unreadable]:
                    yield readable

    async def _follow(self, writing: Writing) -> None:
        """Take in what another projector wrote: its facts give the entries it posted. Where they do not follow ours, read all anew."""
        ours = self.checkpoint
        missed = [record async for record in self.store.facts(writing, after=ours)] if ours else []
        try:
            follows = bool(missed) and self._fresh(missed) == missed and self._past(missed) == writing.checkpoint
        except BrokenChain:
            follows = False
        follows &= writing.versions.numbers("serving") == self.versions.numbers("serving")
        log.warning("another projector wrote", ours=ours, theirs=writing.checkpoint, reading="what it added" if follows else "all of it")
        if not follows:
            await self._read(writing)
            await self._announce(None, None)
            return
        await self.store.load_cells(writing)
        self.checkpoint = {}  # memory is ahead of it until the end: an error on the way has all of it read again
        page = await self._fold(missed, writing.versions)
        self._have_taken(missed, page, self._gained(page, writing.versions))
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

    @asynccontextmanager
    async def unmoved(self) -> AsyncIterator[Snapshot]:
        """The same while no page is taken in, for answers that let others have their turns: a page adds to the balances there are."""
        async with self._taking:
            yield self._shown

    def showing(self) -> list[Chain]:
        """The chains by which the plan's duties were shown, those of a page being written among them."""
        index = self.projection.index
        return [chain for duty in self.plan.duties for chain in index.of(subject_of("duty", duty.id), SHOWN_BY)]

    def _observe(self, records: Sequence[Record]) -> None:
        for record in records:
            self.clock.observe(record.recorded)

    def _now(self) -> Snapshot:
        unreadable: tuple[tuple[Service, date], ...] = tuple((record.service, record.known_day) for record in self.projection.unreadable)  # type: ignore[misc]
        return Snapshot(
            plan=self.plan, windows=self.windows, balances=self.balances, trees=self.projection.trees,
            positions=dict(self.projection.positions), closed=dict(self.projection.closed), unreadable=unreadable,
            unbuilt=frozenset(self.definitions.keys() - self.versions.numbers("serving").keys()),
            previous={measure.name: measure for measure in self.previous.values()},
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
