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
from services.indicators.answers import BEING_REBUILT, PREVIOUS, BadQuestionError, Question, Row, board
from services.indicators.api.explain import open_row
from services.indicators.audit import agreement
from services.indicators.audit.relational.catalogue import Catalogue
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.catalog import DEFINITIONS, FOLDINGS, MEASURES, definition_of
from services.indicators.ledger import Balances, Folding
from services.indicators.live import Live
from services.indicators.measures.kinds import Measure
from services.indicators.measures.rows import SubjectKind
from services.indicators.rebuild import Rebuilder
from services.indicators.relations import RELATIONS
from services.indicators.store import Kept, LedgerStore, UnknownDefinition
from services.indicators.versions import Definition, OtherDefinitions
from shared.clock import SimulatedClock
from shared.contracts.envelope import Record
from shared.migrate import migrate
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
    dsn: str, foldings: Mapping[SubjectKind, Folding] = FOLDINGS, definitions: Mapping[str, Definition] = DEFINITIONS,
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


def altered() -> tuple[dict[SubjectKind, Folding], dict[str, Definition], Callable[[], Catalogue]]:
    """The catalogue with another definition of a measure, and the second engine's program for it."""
    assert type(MEASURES[ALTERED]) is type(MEASURES[LIKE])
    other = replace(MEASURES[LIKE], name=ALTERED)

    def measures(of: tuple[Measure, ...]) -> tuple[Measure, ...]:
        return tuple(other if each.name == ALTERED else each for each in of)

    def program() -> Catalogue:
        there = read_catalogue()
        return replace(there, contributions={**there.contributions, ALTERED: there.contributions[LIKE]})

    foldings = {kind: Folding(measures(each.measures), RELATIONS) for kind, each in FOLDINGS.items()}
    return foldings, {**DEFINITIONS, ALTERED: definition_of(other)}, program


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
        assert one.rebuilder.compared() == agreement.KNOWN_DAYS * agreement.PAIRS_PER_KNOWN_DAY
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


async def test_another_definition_is_built_while_the_previous_one_serves(dsn: str, records: list[Record]) -> None:
    foldings, definitions, program = altered()
    whole = await comparing.live(example_county().plan, [records])
    old, like = (_row(whole, name) for name in (ALTERED, LIKE))
    assert old.value != like.value
    half = len(records) // 2
    async with process(dsn) as before:
        await before.take(records[:half])
    async with process(dsn, foldings, definitions, program) as after:
        working = asyncio.create_task(after.rebuilder.run())
        await after.take(records[half : half + PAGE])
        await until(lambda: after.live.versions.rebuild.folded > "f")
        await end([working])
        await after.take(records[half:])
        answered = _row(after.live, ALTERED)
        with pytest.raises(BadQuestionError, match="its definition is another now"):
            open_row(after.live.snapshot(), Question(COUNTY, after.live.today(), after.live.today()), ALTERED, "default", None)
        assert (answered.value, answered.definition, answered.note) == (old.value, old.definition, PREVIOUS), "it follows the records"
        await after.rebuilder.work()
        assert (_row(after.live, ALTERED).value, _row(after.live, ALTERED).note) == (like.value, old.note)
        by_digest = {name: each.digest for name, each in DEFINITIONS.items()}
        kept = await kept_by(after, by_digest)
        assert sums(kept.balances) == sums(whole.balances)
        assert kept.upto == {ALTERED: after.live.snapshot().positions}
        await after.rebuilder.forget()
        await after.rebuilder.work()
        with pytest.raises(UnknownDefinition, match=ALTERED):
            await kept_by(after, by_digest)


async def test_what_cannot_be_followed_is_unknown_until_it_is_built_and_the_rest_is_answered(dsn: str, records: list[Record]) -> None:
    foldings, definitions, program = altered()
    async with process(dsn) as before:
        await before.take(records)
        old, like = (_row(before.live, name) for name in (ALTERED, LIKE))
        connection = await asyncpg.connect(dsn)
        await connection.execute(f"UPDATE c{COUNTY}.measure SET declaration = NULL")  # as before it was written down
        await connection.close()
        async with process(dsn, foldings, definitions, program) as after:
            answered = _row(after.live, ALTERED)
            assert (answered.value, answered.status, answered.note) == (None, "unknown", " / ".join(BEING_REBUILT))
            assert _row(after.live, LIKE) == like
            with pytest.raises(OtherDefinitions):
                await before.live.take(records)
            await after.rebuilder.work()
            assert _row(after.live, ALTERED).value == like.value
            kept = await kept_by(after, {ALTERED: DEFINITIONS[ALTERED].digest})
            assert _value(kept.balances, ALTERED) == old.value


async def kept_by(process: Process, definitions: Mapping[str, str]) -> Kept:
    async with process.live.store.moment() as moment:
        return await process.live.store.kept(moment, definitions)


def _value(balances: Balances, measure: str) -> str:
    year_end = date(example_county().plan.year, 12, 31).toordinal()
    return str(sum(balances.by_part(measure, COUNTY, year_end, 10**6).values()))


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


async def test_a_ledger_of_before_there_were_versions_serves_as_it_did(database: str, records: list[Record]) -> None:
    """The migrations over what the first release wrote: cells named their measure, and every measure had one definition."""
    await migrate(database, COUNTY, "indicators")
    async with process(database) as one:
        await one.take(records)
        before = await held(database)
    connection = await asyncpg.connect(database, server_settings={"search_path": f"c{COUNTY}"})
    try:
        await connection.execute(
            "ALTER TABLE cell ADD COLUMN measure text; UPDATE cell SET measure = name FROM measure WHERE number = version;"
            "ALTER TABLE cell DROP COLUMN version; ALTER TABLE cell ALTER COLUMN measure SET NOT NULL; DROP SEQUENCE cell_id;"
            "DROP TABLE rebuild; ALTER TABLE measure DROP COLUMN number CASCADE, DROP COLUMN state CASCADE, DROP COLUMN upto,"
            "DROP COLUMN declaration, ADD CONSTRAINT measure_pkey PRIMARY KEY (name); UPDATE migration SET version_num = '0001';"
            "INSERT INTO cell VALUES (1000000, '330127000000', NULL, 'gone'); INSERT INTO ledger VALUES (1000000, 1, 1, 1)"
        )
    finally:
        await connection.close()
    await migrate(database, COUNTY, "indicators")
    assert await held(database) == before
    async with process(database) as again:
        await again.take(records)
        assert again.live.snapshot().unbuilt == frozenset()
        assert again.sums == await at_once(records)
