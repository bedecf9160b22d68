"""Opens figures to the subjects and facts behind them, beside a running service or a file of records.

The second engine works in a thread of its own, so that whoever else is asked something waits for nothing; histories are looked into in the
event loop, a few subjects at a time. An answer is of one moment: the facts taken in are exactly those of the ledger's snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple, ParamSpec, Protocol, TypeVar

from services.indicators.answers import BadQuestionError, Snapshot, ask
from services.indicators.api.diff import ChangeRow, Difference, Standing, Turns, WantedChanges, change_row, open_between
from services.indicators.api.duties import duty_row
from services.indicators.api.explain import (
    Explanation,
    Opened,
    Paging,
    SubjectRow,
    Wanted,
    measure_rows,
    open_row,
    require_fact_type,
    require_part,
    said,
    subject_row,
)
from services.indicators.api.persons import Places
from services.indicators.audit.behind import Behind
from services.indicators.ledger import Seen
from services.indicators.subjects import Index
from shared.contracts.base import SERVICES

if TYPE_CHECKING:
    from services.indicators.audit.counting import Held

IDLE_SECONDS: Final = 600.0
"""When nothing was asked for so long, the second engine's facts are let go of."""
LOOKED_INTO_AT_ONCE: Final = 100
"""So many subjects' histories are looked into before whoever else waits has a turn."""


class At(NamedTuple):
    """One of two answers: as of a day, as known on a day; None: today."""

    as_of: date
    known_at: date | None


P = ParamSpec("P")
T = TypeVar("T")


class Source(Protocol):
    """Where figures, facts and histories come from."""

    def snapshot(self) -> Snapshot:
        """What answers are read from: figures and positions of one moment."""
        ...

    def today(self) -> date:
        """The last day that may be asked about."""
        ...

    def histories(self) -> AbstractAsyncContextManager[Index]:
        """Every fact by whose history it belongs to, while none is added. They may be ahead of the snapshot, never behind it."""
        ...

    def readable(self, after: Mapping[str, int], upto: Mapping[str, int]) -> AsyncIterator[Sequence[tuple[int, int, bytes]]]:
        """The records that a contract describes, after some positions up to others, a service's in order: number of the service, position,
        exact bytes.
        """
        ...


class Explainer:
    """Answers one question at a time; the others wait their turn."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="explain")
        self._held: Held | None = None
        self._places = Places()
        self._idle: asyncio.TimerHandle | None = None

    async def explain(self, id: str, wanted: Wanted, unit: str | None, as_of: date | None, known_at: date | None) -> Explanation:
        """A row of an indicator opened, one page of its subjects. Raises BadQuestionError."""
        require_fact_type(wanted.fact)
        async with self._turn:
            snapshot = self._source.snapshot()
            question = ask(snapshot, self._source.today(), unit, as_of, known_at)
            opened = open_row(snapshot, question, id, wanted.variant, wanted.part)
            require_part(opened)
            held = await self._fed(snapshot)
            measures = await self._run(measure_rows, opened, held)
            async with self._source.histories() as index:
                paging = Paging(opened, wanted, Behind(index, _seen(snapshot)), self._places)
            subjects, next_ = await self._subjects(held, paging, _seen(snapshot))
            total = await self._run(paging.total, held)
        plan, tree = snapshot.plan, snapshot.trees.at(question.known_at.toordinal())
        return Explanation(
            **said(opened.row), county=plan.county, unit=question.unit, as_of=question.as_of, known_at=question.known_at,
            final=snapshot.final(question.known_at), positions=dict(snapshot.positions), rows=opened.rows,
            agrees=all(measure.agrees for measure in measures), measures=measures,
            duties=[duty_row(each, plan, tree) for each in opened.row.owed()], total=total, subjects=subjects, next=next_,
        )  # fmt: skip

    async def diff(self, id: str, wanted: WantedChanges, unit: str | None, before: At, after: At) -> Difference:
        """What changed in a row of an indicator between two answers, one page of the subjects. Raises BadQuestionError."""
        async with self._turn:
            snapshot = self._source.snapshot()
            first, last = (ask(snapshot, self._source.today(), unit, each.as_of, each.known_at) for each in (before, after))
            between = open_between(snapshot, first, last, id, wanted)
            turns = Turns(between, wanted.after, self._places)
            held = await self._fed(snapshot)
            measures = await self._run(turns.measures, held)
            changes, next_ = await self._changes(held, turns, wanted.limit, _seen(snapshot))
        standings = [_standing(each, snapshot) for each in (between.before, between.after)]
        return Difference(
            **said(between.after.row), county=snapshot.plan.county, unit=first.unit, positions=dict(snapshot.positions),
            before=standings[0], after=standings[1], agrees=all(measure.agrees for measure in measures), measures=measures,
            total=sum(each.came + each.left + each.changed for each in measures), changes=changes, next=next_,
        )  # fmt: skip

    def close(self) -> None:
        """Let go of everything."""
        if self._idle is not None:
            self._idle.cancel()
        self._drop()
        self._thread.shutdown()

    async def _subjects(self, held: "Held", paging: Paging, seen: Seen) -> tuple[list[SubjectRow], str | None]:
        """One page of subjects, and after which one to go on where more follow."""
        found: list[tuple[int, SubjectRow]] = []
        while len(found) <= paging.wanted.limit:
            following = await self._run(paging.following, held, LOOKED_INTO_AT_ONCE)
            if following is None:
                break
            asked, subjects = following
            async with self._source.histories() as index:
                behind = Behind(index, seen)
                rows = [subject_row(asked, each, behind, paging.known, paging.wanted) for each in subjects]
            found += [(paging.way.number, row) for row in rows if row is not None]
        page = found[: paging.wanted.limit]
        return [row for _, row in page], paging.way.place(page[-1][0], page[-1][1].subject) if len(found) > len(page) else None

    async def _changes(self, held: "Held", turns: Turns, limit: int, seen: Seen) -> tuple[list[ChangeRow], str | None]:
        """One page of changes, and after which one to go on where more follow."""
        found: list[tuple[int, ChangeRow]] = []
        while len(found) <= limit:
            following = await self._run(turns.following, held, LOOKED_INTO_AT_ONCE)
            if following is None:
                break
            key, changes = following
            async with self._source.histories() as index:
                behind = Behind(index, seen)
                found += [(turns.way.number, change_row(key, each, behind, turns)) for each in changes]
        page = found[:limit]
        return [row for _, row in page], turns.way.place(page[-1][0], page[-1][1].subject) if len(found) > limit else None

    async def _fed(self, snapshot: Snapshot) -> "Held":
        """The second engine with exactly the facts of a snapshot."""
        self._wait_for_more()
        if self._held is not None and any(self._held.positions[service] > snapshot.positions[service] for service in SERVICES):
            self._drop()  # the store was put back to an earlier state
        if self._held is None:
            self._held = await self._run(_engine, snapshot.plan.county)
        held = self._held
        try:
            async for records in self._source.readable(held.positions, snapshot.positions):
                await self._run(held.take, records)
            held.positions = dict(snapshot.positions)
        except BaseException:
            self._drop()  # it may hold half of what came: the next question begins anew
            raise
        return held

    def _wait_for_more(self) -> None:
        """Let go of the facts when nothing more is asked for some time."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop_unless_busy)

    def _drop_unless_busy(self) -> None:
        if self._turn.locked():
            self._wait_for_more()
        else:
            self._drop()

    def _drop(self) -> None:
        """Let go of the facts; the thread does it when what it is at is done."""
        held, self._held = self._held, None
        if held is not None:
            self._thread.submit(held.close)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something in the second engine's own thread. Where it fails the next question begins with another engine."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))
        except BadQuestionError:
            raise
        except Exception:
            self._drop()
            raise


def _standing(opened: Opened, snapshot: Snapshot) -> Standing:
    asked = opened.question
    return Standing(as_of=asked.as_of, known_at=asked.known_at, final=snapshot.final(asked.known_at), rows=opened.rows)


def _seen(snapshot: Snapshot) -> Seen:
    return {number: snapshot.positions[service] for number, service in enumerate(SERVICES)}


def _engine(county: str) -> "Held":
    """The second engine, without any facts. What it stands on (Ibis, DuckDB, Arrow) takes 100 MB: only where a figure is opened."""
    from services.indicators.audit.counting import Held  # noqa: PLC0415
    from services.indicators.audit.relational.compiled import read_catalogue  # noqa: PLC0415

    return Held(county, read_catalogue())
