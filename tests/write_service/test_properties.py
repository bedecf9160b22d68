"""Whatever is reported: batches may be cut anywhere, delivered twice and handled by restarted copies, and nothing comes out differently."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.registry.rules import RULES as REGISTRY
from shared.contracts import parse_fact
from shared.contracts.base import about_of, natural_key_of
from shared.contracts.common import OFFICE, FactCorrected, FactVoided, common_class
from shared.contracts.envelope import parse_record
from shared.contracts.registry import EntityCodeReplaced
from shared.event_store.interface import EventStore, ReportRow
from shared.event_store.postgres import PostgresStore
from shared.migrate import migrate
from shared.write_service.handler import IncomingReport
from tests.support.memory_store import MemoryStore
from tests.support.reporting import (
    ANNA,
    BO,
    COUNTY,
    ENTITY,
    NEW_CODE,
    NOON,
    OLD_CODE,
    OTHER_VILLAGE,
    VILLAGE,
    Counter,
    assert_chained,
    correction,
    entity,
    report,
    void,
)
from tests.support.servers import FreshDatabase

CODES = (ENTITY, OLD_CODE, NEW_CODE)
DEPARTMENTS = ("hr", "tax", OFFICE)
START = date(2010, 5, 28)
KEY = b"k" * 32
KINDS = (
    *("list",) * 2, *("register",) * 3, *("life",) * 2, *("job",) * 2, "check", "replace", "merge", "void", *("correct",) * 2,
)  # fmt: skip


@dataclass(frozen=True)
class Town:
    """Reports about few enough things that most of them have to do with each other."""

    random: Random
    own_ids: bool
    """Whether every report has an id of its own; otherwise ids are used again for other contents."""

    def reports(self, count: int) -> list[IncomingReport]:
        told: list[IncomingReport] = []
        for number in range(count):
            id_ = f"r{number}" if self.own_ids else f"r{self.random.randrange(count)}"
            by = self.random.choice(DEPARTMENTS[:2])
            day = START + timedelta(days=self.random.randrange(6))
            instant = NOON + timedelta(hours=7 * number + self.random.randrange(-20, 20))
            type_, data, by = self.told_next(told, by)
            made = report(f"registry.{type_}", data, id=id_, occurred=day.isoformat(), by=by, instant=instant)
            told.append(made if self.random.randrange(25) else made._replace(raw=b"!" + made.raw[: self.random.randrange(len(made.raw))]))
        return told

    def told_next(self, told: Sequence[IncomingReport], by: str) -> tuple[str, dict[str, Any], str]:
        pick, code, person = self.random.choice, self.random.choice(CODES), self.random.choice((ANNA, BO))
        kind = pick(KINDS)
        readable = [one for one in told if not one.raw.startswith(b"!") and one.type.startswith("registry.en")]
        if kind in {"void", "correct"} and readable:
            target = pick(readable)
            by = pick((target.department, target.department, OFFICE, "tax"))
            if kind == "void":
                return "fact_voided", void(target), by
            data = parse_data(target)
            return "fact_corrected", correction(target, data, (START + timedelta(days=self.random.randrange(6))).isoformat()), by
        match kind:
            case "list":
                return "unit_listed", {"code": pick((COUNTY, VILLAGE, OTHER_VILLAGE)), "name": pick(("甲", "甲", "乙"))}, OFFICE
            case "life":
                return pick(("entity_suspended", "entity_restored", "entity_deregistered")), {"entity": code}, by
            case "job":
                return pick(("employment_started", "employment_ended")), {"entity": code, "person": person}, by
            case "check":
                return "survival_checked", {"entity": code, "operating": pick((True, False))}, by
            case "replace":
                return "entity_code_replaced", {"entity": code, "new_code": pick(CODES)}, by
            case "merge":
                return "unit_merged", {"code": VILLAGE, "into": pick((OTHER_VILLAGE, VILLAGE))}, OFFICE
            case _:
                return "entity_registered", entity(code, founders=[person], unit=pick((VILLAGE, OTHER_VILLAGE))), by


def parse_data(incoming: IncomingReport) -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(incoming.raw)["data"]
    return data


def empty() -> MemoryStore:
    store = MemoryStore("registry", COUNTY)
    store.head_row = replace(store.head_row, key=KEY)
    return store


async def handled(batches: Sequence[Sequence[IncomingReport]], random: Random, store: EventStore, *, twice: bool = False) -> Counter:
    """The batches handed in by copies that restart at random; each batch a second time if asked."""
    counter = Counter(store=store)
    copies = [counter.restarted(), counter.restarted()]
    for batch in batches:
        for _ in range(random.choice((1, 2, 3)) if twice else 1):
            if not random.randrange(4):
                copies[random.randrange(2)] = counter.restarted()
            await random.choice(copies).handle(batch)
    return counter


def cut(reports: Sequence[IncomingReport], random: Random) -> list[Sequence[IncomingReport]]:
    cuts = sorted({0, len(reports), *(random.randrange(len(reports) + 1) for _ in range(random.randrange(8)))})
    return [reports[start:stop] for start, stop in pairwise(cuts)]


def rows(store: EventStore) -> dict[Any, ReportRow]:
    assert isinstance(store, MemoryStore)
    return store.report_rows


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 45))
def test_batches_may_be_cut_anywhere(seed: int, count: int) -> None:
    async def compare() -> None:
        reports = Town(Random(seed), own_ids=False).reports(count)
        one = await handled([[each] for each in reports], Random(seed), empty())
        other = await handled(cut(reports, Random(seed + 1)), Random(seed + 1), empty())
        assert one.kept.record_rows == other.kept.record_rows  # type: ignore[attr-defined]
        assert rows(one.kept) == rows(other.kept)
        assert await one.answers() == await other.answers()
        await assert_chained(one.kept)

    asyncio.run(compare())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 45))
def test_batches_may_be_delivered_again(seed: int, count: int) -> None:
    async def compare() -> None:
        reports = Town(Random(seed), own_ids=True).reports(count)
        one = await handled([reports], Random(seed), empty())
        other = await handled(cut(reports, Random(seed + 1)), Random(seed + 1), empty(), twice=True)
        assert one.kept.record_rows == other.kept.record_rows  # type: ignore[attr-defined]
        assert rows(one.kept) == rows(other.kept)
        assert await one.answers() == await other.answers()
        await assert_chained(other.kept)

    asyncio.run(compare())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(1, 45))
@example(237, 45)  # a correction makes the later of two rivals the one that confirms what is voided
def test_states_are_what_the_effective_facts_fold_into(seed: int, count: int) -> None:
    async def compare() -> None:
        reports = Town(Random(seed), own_ids=False).reports(count)
        store = empty()
        await handled(cut(reports, Random(seed)), Random(seed), store)
        expected = folded(store)
        for subject, row in store.state_rows.items():
            state, opened = expected.pop(subject, (REGISTRY.initial(subject), False))
            assert REGISTRY.states.validate_json(row.state) == state, subject
            assert row.opened == opened, subject
        assert not expected

    asyncio.run(compare())


def folded(store: MemoryStore) -> dict[str, tuple[Any, bool]]:
    """State and openness of every thing, from the records alone, by the definition and without any of the code under test."""
    facts: dict[tuple[str, str], list[Any]] = {}
    for row in store.record_rows:
        record = parse_record(row.raw)
        shape = common_class(record.type)
        if shape is FactVoided:
            facts[record.data["source"], record.data["id"]][3] = record.position
        elif shape is FactCorrected:
            target = facts[record.data["source"], record.data["id"]]
            target[0] = date.fromisoformat(record.data["occurred"])
            target[2] = parse_fact(target[2].type, 1, record.data["data"])
        elif shape is None:
            fact = parse_fact(record.type, record.version, record.data)
            facts[record.source, record.id] = [record.occurred, record.position, fact, None]
    groups: dict[str, list[Any]] = {}
    for told in facts.values():
        groups.setdefault(natural_key_of(told[2], told[0]), []).append(told)
    standing = [told for group in groups.values() if (told := standing_of(group)) is not None]
    standing.sort(key=lambda told: told[:2])
    oldest = oldest_of([(fact.entity, fact.new_code) for _, _, fact, _ in standing if isinstance(fact, EntityCodeReplaced)])
    found: dict[str, tuple[Any, bool]] = {}
    for occurred, _, fact, _ in standing:
        kind, _, code = about_of(fact).partition(":")
        subject = f"{kind}:{oldest.get(code, code)}"
        state, opened = found.get(subject, (REGISTRY.initial(subject), False))
        found[subject] = REGISTRY.evolve(state, fact, occurred), opened or fact.opens
    return found


def standing_of(group: list[Any]) -> Any:
    """Of several reports of one fact (day, position, fact, position of its void) the one that stands, if any.

    The first, or the last where the type supersedes. A void hands on to the earliest report there at the time that says the same as what
    it voids, as its contents are known now, or else to the earliest; where none was there, to the next that came.
    """
    if group[0][2].repeat == "supersedes":
        return max((told for told in group if told[3] is None), key=lambda told: told[1], default=None)
    stands: Any = None
    happened = [(told[1], told) for told in group] + [(told[3], told) for told in group if told[3] is not None]
    for position, told in sorted(happened, key=lambda one: one[0]):
        if position == told[1]:
            stands = stands or told
        elif told is stands:
            there = sorted((one for one in group if one[1] < position and (one[3] or position + 1) > position), key=lambda one: one[1])
            stands = next((one for one in there if (one[0], one[2]) == (told[0], told[2])), next(iter(there), None))
    return stands


def oldest_of(replaced: list[tuple[str, str]]) -> dict[str, str]:
    """Codes joined by replacements share the one that replaced none; in a circle (left over from a void) the first one named."""
    joined = {code: {code} for pair in replaced for code in pair}
    for _ in joined:
        for old, new in replaced:
            joined[old] = joined[new] = joined[old] | joined[new]
    named = [code for pair in replaced for code in pair]
    newer = {new for _, new in replaced}
    return {code: min(group, key=lambda one: (one in newer, named.index(one))) for code, group in joined.items()}


@pytest.mark.parametrize("seed", range(4))
async def test_postgres_and_memory_come_to_the_same(seed: int, fresh_database: FreshDatabase) -> None:
    dsn = await fresh_database()
    await migrate(dsn, COUNTY)
    reports = Town(Random(seed), own_ids=False).reports(300)
    store = await PostgresStore.open(dsn, "registry", COUNTY)
    memory = MemoryStore("registry", COUNTY)
    memory.head_row = replace(memory.head_row, key=(await store.head()).key)
    try:
        batches = cut(reports, Random(seed))
        one, other = await handled(batches, Random(seed), memory), await handled(batches, Random(seed), store)
        assert await other.kept.rows(0, 10_000) == memory.record_rows
        assert await other.kept.head() == memory.head_row
        assert await other.answers() == await one.answers()
        assert await other.kept.counts() == await one.kept.counts()
        async with store.writing() as writing:
            kept = await writing.reports(list({row.key for row in memory.report_rows.values()}))
            assert {(row.key, row.digest): row for row in kept} == memory.report_rows
            assert await writing.aliases() == memory.alias_rows
            states = await writing.states(list(memory.state_rows))
        parsed = [
            {row.subject: (REGISTRY.states.validate_json(row.state), row.opened, row.occurred, row.position) for row in found}
            for found in (states, memory.state_rows.values())
        ]
        assert parsed[0] == parsed[1]
        await assert_chained(store)
    finally:
        await store.close()
