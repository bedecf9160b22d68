"""Every relation has the same rows in the second engine as in the live fold, as known on several days: over small troublesome histories and
simulated counties. Rows are compared one by one, so that a difference names its relation and its subject.
"""

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import pytest

from services.indicators.audit.duck import ask, take_in
from services.indicators.audit.recompute import batch
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.audit.relational.shape import COLUMNS
from services.indicators.audit.running import run
from services.indicators.catalog import FOLDINGS
from services.indicators.differences import known_rows
from services.indicators.history import FOREVER
from services.indicators.measures.rows import Row
from services.indicators.projection import Projection
from services.indicators.relations import RELATIONS
from services.indicators.subjects import history, kind_of, own_subjects
from shared.contracts.envelope import Record
from shared.contracts.registry import EntityRegistered, RectificationClosed, RectificationOpened
from tests.indicators.crowded import crowded_lives
from tests.indicators.histories import SCENES, told
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY, TOWN, Records

SEEDS = range(250) if os.environ.get("KAIYE_HYPOTHESIS") == "thorough" else (*range(12), 41, 42)
"""Small troublesome histories by their numbers, scene by scene; the last two tell of undated loans and of compensations."""


@dataclass(frozen=True)
class Both:
    """A county's history in both engines as known on one day."""

    live: Projection
    relational: duckdb.DuckDBPyConnection
    known: date


def both(records: Sequence[Record], known: date) -> Both:
    """Take the same records into both."""
    projection = Projection(COUNTY, FOLDINGS)
    projection.fold(records)
    connection = duckdb.connect(config={"threads": 1})
    take_in(connection, [batch(records)])
    ask(connection, known)
    run([connection], read_catalogue().relations)
    return Both(projection, connection, known)


@cache
def histories() -> tuple[Both, ...]:
    """Small histories and crowded lives, each as known at its end or on a day before, and a simulated county half a year before its end."""
    found: list[Both] = []
    for seed in SEEDS:
        by = random.Random(seed)
        for happened in (told(seed, [list(SCENES)[seed % len(SCENES)]]).records, crowded_lives(seed)):
            known = happened.known_days
            found.append(both(list(happened), by.choice((known[-1], by.choice(known)))))
    records = simulated(8, 6000)
    return (*found, both(records, max(record.known_day for record in records) - timedelta(days=180)))


Said = tuple[str | None, tuple[tuple[str, Any], ...]]


def live_rows(projection: Projection, relation: str, known: date) -> Counter[Said]:
    """The rows of every subject in the live fold."""
    declared, found = RELATIONS[relation], Counter[Said]()
    reads = frozenset(declared.reads) | FOLDINGS[declared.subject].all.reads
    named = {subject for chain in projection.index.chains() for content in chain.contents() for subject in own_subjects(content)}
    for subject in sorted({projection.index.canonical(each) for each in named if kind_of(each) == declared.subject}):
        whole = history(projection.index, subject, reads)
        rows = known_rows(whole, whole.chains, projection.trees, projection.foundings)(known.toordinal())
        for row in rows.all(relation):
            if row.day < row.until:
                found[None if declared.subject == "entity" else subject.partition(":")[2], _of_row(relation, row)] += 1
    return found


def _of_row(relation: str, row: Row) -> tuple[tuple[str, Any], ...]:
    span = RELATIONS[relation].shape == "span"
    said = {
        **row.attributes, "day": date.fromordinal(row.day),
        "until": date.fromordinal(row.until) if span and row.until < FOREVER else None, "unit": row.unit, "park": row.park,
    }  # fmt: skip
    if "period" in said:
        said["period"] = date.fromordinal(row.attributes["period"])
    return _in_order(said)


def relational_rows(connection: duckdb.DuckDBPyConnection, relation: str) -> Counter[Said]:
    """The rows of the second engine."""
    found = Counter[Said]()
    rows = connection.table(read_catalogue().tables[relation]).to_arrow_table()
    assert tuple(rows.column_names[: len(COLUMNS)]) == COLUMNS
    # An attribute named `day` says in words what the column has.
    assert set(rows.column_names[len(COLUMNS) :]) == set(RELATIONS[relation].attributes) - {"day"}
    for row in rows.to_pylist():
        subject = None if RELATIONS[relation].subject == "entity" else row["subject"]
        said = {name: value for name, value in row.items() if name not in ("subject", "recorded", "recorded_by", "position")}
        found[subject, _in_order(said)] += 1
    return found


def _in_order(said: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value.normalize() if isinstance(value, Decimal) else value) for name, value in sorted(said.items()))


@pytest.mark.parametrize("relation", sorted(RELATIONS))
def test_a_relation_has_the_same_rows_in_both_engines(relation: str) -> None:
    seen = 0
    for each in histories():
        ours, theirs = relational_rows(each.relational, relation), live_rows(each.live, relation, each.known)
        assert ours == theirs, f"{relation} as known on {each.known}: only relational {ours - theirs}, only live {theirs - ours}"
        seen += len(theirs)
    assert seen, "no history has such a row"


def test_what_is_due_in_the_last_year_of_the_calendar_never_ends() -> None:
    records = Records()
    for number, due in enumerate((date(9998, 12, 31), date(9999, 6, 30), date(9999, 12, 31))):
        for name in (f"open-{number}", f"closed-{number}"):
            records.add("2021-03-01", RectificationOpened(rectification=name, matter="面积不足", due=due, unit=TOWN))
    for number in range(3):
        records.add("2021-04-01", RectificationClosed(rectification=f"closed-{number}"))
    for known in records.known_days[-2:]:
        each = both(list(records), known)
        theirs = live_rows(each.live, "rectification", each.known)
        assert relational_rows(each.relational, "rectification") == theirs
        assert theirs


def test_a_correction_after_a_void_says_nothing_any_more() -> None:
    def registered(cost_fen: int) -> EntityRegistered:
        return EntityRegistered(
            unit=TOWN,
            entity="330127000000001",
            name="甲",
            entity_kind="enterprise",
            founders=(),
            industry="C20",
            start_up_cost_fen=cost_fen,
        )

    records = Records()
    first = records.add("2025-03-01", registered(100))
    records.add("2025-03-01", registered(200))
    records.add("2025-03-01", registered(100))
    records.void(first, known=date(2025, 3, 5))
    records.correct(first, date(2025, 3, 1), registered(200), known=date(2025, 3, 6))
    each = both(list(records), date(2025, 3, 6))
    ours = relational_rows(each.relational, "registration")
    assert ours == live_rows(each.live, "registration", each.known)
    assert [dict(said)["start_up_cost_fen"] for _, said in ours] == [100]
