"""A rebuild beside what serves, on a real store: while records come in, across deaths, cancelled, and where the engines disagree."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest

from services.indicators import rebuild as rebuilding
from services.indicators.answers import BEING_REBUILT, Question, Row, board
from services.indicators.audit import agreement
from services.indicators.audit.relational.catalogue import Catalogue
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.catalog import DEFINITIONS, FOLDINGS, MEASURES, digest_of
from services.indicators.ledger import Balances, Folding
from services.indicators.live import Live
from services.indicators.measures.kinds import Measure
from services.indicators.measures.rows import SubjectKind
from services.indicators.rebuild import Rebuilder
from services.indicators.relations import RELATIONS
from services.indicators.store import LedgerStore, UnknownDefinition
from services.indicators.versions import OtherDefinitions
from shared.clock import SimulatedClock
from shared.contracts.envelope import Record
from shared.tasks import end
from tests.indicators import comparing
from tests.indicators.api.system import until
from tests.indicators.comparing import LONG_AGO, example_county, interleaved
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY

ALTERED, LIKE = "new_enterprises", "new_individual_businesses"
"""A measure whose definition is made another's."""
PAGE = 40


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "SLICE_SECONDS", 0.002)
    monkeypatch.setattr(rebuilding, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(agreement, "KNOWN_DAYS", 1)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return interleaved(simulated(5, 800), random.Random(5))


class Process:
    """A service's figures and its rebuilder."""

    def __init__(self, live: Live, rebuilder: Rebuilder) -> None:
        self.live = live
        self.rebuilder = rebuilder

    async def take(self, records: list[Record]) -> None:
        for start in range(0, len(records), PAGE):
            await self.live.take(records[start : start + PAGE])
            await asyncio.sleep(0.005)

    @property
    def sums(self) -> dict[Any, int]:
        return sums(self.live.balances)


def sums(balances: Balances) -> dict[Any, int]:
    found: Counter[Any] = Counter()
    for cell, day, known, amount in balances:
        found[cell, day, known] += amount
    return {key: amount for key, amount in found.items() if amount}


@asynccontextmanager
async def process(
    dsn: str, foldings: Mapping[SubjectKind, Folding] = FOLDINGS, definitions: Mapping[str, str] = DEFINITIONS,
    program: Callable[[], Catalogue] = read_catalogue,
) -> AsyncIterator[Process]:  # fmt: skip
    store = await LedgerStore.open(dsn, COUNTY)
    try:
        live = Live(example_county().plan, store, SimulatedClock(LONG_AGO), foldings, definitions)
        await live.open()
        yield Process(live, Rebuilder(live, program))
    finally:
        await store.close()


async def held(dsn: str) -> dict[str, Any]:
    """What the tables hold, but for the numbers of versions and cells."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": f"c{COUNTY}"})
    try:
        entries = await connection.fetch(
            "SELECT state, name, unit, part, day, known, sum(amount) AS amount FROM ledger JOIN cell ON cell.id = cell "
            "JOIN measure ON number = version GROUP BY state, name, unit, part, day, known HAVING sum(amount) <> 0 "
            "ORDER BY name, unit, part, day, known"
        )
        return {
            "entries": [tuple(row) for row in entries],
            "rows": await connection.fetchval("SELECT count(*) FROM ledger"),
            "cells": await connection.fetchval("SELECT count(*) FROM cell"),
            "measures": {f"{row['name']} {row['state']}" for row in await connection.fetch("SELECT name, state FROM measure")},
        }
    finally:
        await connection.close()


def altered() -> tuple[dict[SubjectKind, Folding], dict[str, str], Callable[[], Catalogue]]:
    """The catalogue with another definition of a measure, and the second engine's program for it."""
    assert type(MEASURES[ALTERED]) is type(MEASURES[LIKE])
    other = replace(MEASURES[LIKE], name=ALTERED)

    def measures(of: tuple[Measure, ...]) -> tuple[Measure, ...]:
        return tuple(other if each.name == ALTERED else each for each in of)

    def program() -> Catalogue:
        there = read_catalogue()
        return replace(there, contributions={**there.contributions, ALTERED: there.contributions[LIKE]})

    foldings = {kind: Folding(measures(each.measures), RELATIONS) for kind, each in FOLDINGS.items()}
    return foldings, {**DEFINITIONS, ALTERED: digest_of(other)}, program


async def at_once(records: list[Record]) -> dict[Any, int]:
    """What is in the ledger of a service that has taken everything in at once."""
    return sums((await comparing.live(example_county().plan, [records])).balances)


async def test_all_is_rebuilt_while_records_come_in(dsn: str, records: list[Record]) -> None:
    half = len(records) // 2
    async with process(dsn) as one:
        await one.take(records[:half])
        await one.rebuilder.begin(None)
        working = asyncio.create_task(one.rebuilder.work())
        await one.take(records[half:])
        await working
        assert one.live.versions.rebuild.stage == "switched"
        assert min(one.live.versions.of) > len(MEASURES), "only new versions are left"
        assert one.sums == await at_once(records)
        kept = await held(dsn)
        assert kept["measures"] == {f"{name} serving" for name in MEASURES}
        async with process(dsn) as again:
            assert again.sums == one.sums


async def test_whatever_dies_the_next_process_goes_on(dsn: str, records: list[Record]) -> None:
    """Killed after slices of chance length, between pages, until it is through: nothing is lost or counted twice."""
    by, start, deaths = random.Random(1), len(records) // 3, 0
    async with process(dsn) as one:
        await one.take(records[:start])
        await one.rebuilder.begin({ALTERED, LIKE, "trained", "active_persons"})
    while True:
        async with process(dsn) as one:
            before = one.live.versions.rebuild.folded
            working = asyncio.create_task(one.rebuilder.work())
            await one.take(records[start : start + PAGE])
            start += PAGE
            done, _ = await asyncio.wait([working], timeout=None if deaths > 8 else by.uniform(0.01, 0.1))
            if done:
                working.result()
                break
            await end([working])
            assert one.live.versions.rebuild.folded >= before
            deaths += 1
    async with process(dsn) as one:
        await one.take(records)
        assert one.live.versions.rebuild.stage == "switched"
        assert one.sums == await at_once(records)


async def test_of_two_processes_one_rebuilds_and_both_follow(dsn: str, records: list[Record]) -> None:
    third = len(records) // 3
    async with process(dsn) as one, process(dsn) as other:
        await one.take(records[:third])
        await other.rebuilder.begin({ALTERED, "trained"})
        running = [asyncio.create_task(each.rebuilder.run()) for each in (one, other)]
        await asyncio.gather(one.take(records[: 2 * third]), other.take(records))
        await until(lambda: "switched" in (one.live.versions.rebuild.stage, other.live.versions.rebuild.stage))
        await end(running)
        for each in (one, other):
            await each.live.take(records)
            assert each.sums == await at_once(records)


async def test_a_cancelled_rebuild_leaves_no_trace(dsn: str, records: list[Record]) -> None:
    async with process(dsn) as one:
        await one.take(records)
        before, figures = await held(dsn), one.sums
        await one.rebuilder.begin(None)
        working = asyncio.create_task(one.rebuilder.work())
        await until(lambda: one.live.versions.rebuild.folded > "f")
        assert (await held(dsn))["rows"] > before["rows"]
        await one.rebuilder.cancel()
        await working
        assert await held(dsn) == before
        assert one.sums == figures


async def test_another_definition_is_built_compared_and_switched_and_the_old_one_stays_readable(dsn: str, records: list[Record]) -> None:
    foldings, definitions, program = altered()
    async with process(dsn) as before:
        await before.take(records)
        old, like = (_row(before.live, name) for name in (ALTERED, LIKE))
        assert old.value != like.value
        async with process(dsn, foldings, definitions, program) as after:
            assert _row(after.live, ALTERED).note.endswith(" / ".join(BEING_REBUILT))
            assert (_row(after.live, ALTERED).value, _row(after.live, ALTERED).status) == (None, "unknown")
            assert _row(after.live, LIKE) == like, "what did not change is answered meanwhile"
            await after.rebuilder.work()
            assert _row(after.live, ALTERED).value == like.value
            with pytest.raises(OtherDefinitions):
                await before.live.take(records)
            kept = await after.live.store.kept(DEFINITIONS)
            assert sums(kept.balances) == before.sums
            assert kept.upto == {ALTERED: after.live.snapshot().positions}
            await after.rebuilder.forget()
            await after.rebuilder.work()
            with pytest.raises(UnknownDefinition, match=ALTERED):
                await after.live.store.kept(DEFINITIONS)


def _row(live: Live, id: str) -> Row:
    return board(live.snapshot(), Question(COUNTY, date(live.plan.year, 12, 31), live.today()), id).indicators[0]


async def test_where_the_engines_disagree_nothing_is_switched(dsn: str, records: list[Record]) -> None:
    foldings, _, _ = altered()
    async with process(dsn, foldings) as one:  # folds something else than its definition says
        await one.take(records)
        before = await held(dsn)
        await one.rebuilder.begin({ALTERED})
        await one.rebuilder.work()
        rebuild = one.live.versions.rebuild
        assert rebuild.stage == "disagrees"
        assert rebuild.difference is not None
        assert (rebuild.difference.measure, rebuild.difference.built != rebuild.difference.recomputed) == (ALTERED, True)
        assert one.live.versions.numbers("serving")[ALTERED] <= len(MEASURES)
        async with process(dsn, foldings) as again:
            assert again.live.versions.rebuild == rebuild
        await one.rebuilder.cancel()
        await one.rebuilder.work()
        assert await held(dsn) == before
