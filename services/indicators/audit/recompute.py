"""Figures recomputed from recorded facts, by either engine: relational expressions on DuckDB, or the live fold in memory."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import duckdb
import pyarrow as pa

from services.indicators.answers import Snapshot
from services.indicators.audit.archive.reader import Archive
from services.indicators.audit.duck import record_batch, take_in
from services.indicators.audit.folded import Folded, Recorded
from services.indicators.audit.known import KnownDay
from services.indicators.audit.relational.catalogue import COUNTS_AT, DAYS, Catalogue, program
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.audit.relational.units import ListedUnit
from services.indicators.audit.running import together
from services.indicators.catalog import TODAY, Release
from services.indicators.evaluation.plan import Plan, windows_of
from services.indicators.history import FOREVER
from services.indicators.measures.kinds import Measure
from services.indicators.places import Unit, UnitTree
from services.indicators.reading import Amounts
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.units import unit_kind

Engine = Literal["duckdb", "live"]
BATCH = 50_000
"""So many records are given to DuckDB at a time."""

TOGETHER = os.cpu_count() or 1
"""So many queries run at the same time: most are too small to keep more than one processor busy."""
AMOUNT = "amount"
"""The table of what measures come to."""

Parts = Mapping[str | None, int]
_NOTHING: Parts = MappingProxyType({})


class Recomputed:
    """The amounts of a county's measures as known on one day; each day asked about is computed when it first is, for all units at once."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, program: Catalogue, county: str, known: date, queries: int = TOGETHER
    ) -> None:
        """`queries`: so many run at the same time."""
        self._day = KnownDay(connection, program, county, known, queries, program.tables.values())
        self.connection = self._day.connection
        """Sees the tables of facts and all that was computed from them."""
        self.units = self._day.units
        self._program = program
        self._county = county
        self._known = known
        self.connection.execute(f"CREATE TABLE {AMOUNT} (measure VARCHAR, as_of DATE, part VARCHAR, code VARCHAR, amount BIGINT)")
        self._places = self.connection.sql(program.places).fetchall()
        self._computed: set[date] = set()
        self._found: dict[tuple[date, str], dict[str, dict[str | None, int]]] = {}

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Parts:
        """The amounts of a measure's parts at a unit at the end of a day, where they are not 0. Raises ValueError for another known day."""
        if known != self._known.toordinal():
            raise ValueError(f"recomputed as known on {self._known}")
        on = date.fromordinal(day)
        found = self._found.get((on, unit))
        if found is None:
            found = self._found[on, unit] = self._at(on, unit)
        return found.get(measure, _NOTHING)

    def all_at(self, day: date) -> Mapping[tuple[str, str], Parts]:
        """The amounts of every measure at every unit at the end of a day, where they are not 0."""
        self.compute([day])
        found: dict[tuple[str, str], dict[str | None, int]] = {}
        query = f"SELECT measure, code, part, amount FROM {AMOUNT} WHERE as_of = ?"  # noqa: S608
        for measure, unit, part, amount in self.connection.execute(query, [day]).fetchall():
            found.setdefault((measure, unit), {})[part] = amount
        return found

    def close(self) -> None:
        """Let go of all that was computed, which takes up memory; nothing can be asked afterwards."""
        self._day.close()

    def compute(self, days: Collection[date]) -> None:
        """Compute every measure at every unit at the end of some days."""
        new = sorted(set(days) - self._computed)
        if not new:
            return
        self._say(new)
        together(self._day.connections, dict.fromkeys(self._program.kinds, ()), self._add)
        self._computed.update(new)

    def _add(self, connection: duckdb.DuckDBPyConnection, kind: str) -> None:
        columns = "measure, as_of, part, code, amount"
        connection.execute(f"INSERT INTO {AMOUNT} ({columns}) SELECT {columns} FROM ({self._program.amounts(kind)}) WHERE amount <> 0")  # noqa: S608

    def _at(self, day: date, unit: str) -> dict[str, dict[str | None, int]]:
        self.compute([day])
        found: dict[str, dict[str | None, int]] = {}
        query = f"SELECT measure, part, amount FROM {AMOUNT} WHERE as_of = ? AND code = ?"  # noqa: S608
        for measure, part, amount in self.connection.execute(query, [day, unit]).fetchall():
            found.setdefault(measure, {})[part] = amount
        return found

    def _say(self, days: Sequence[date]) -> None:
        """Write down what is asked, and at which units the places there are count."""
        counting = [
            (day, unit, park, code) for day in days for unit, park in self._places for code in self._day.roster.counts_at(unit, park, day)
        ]  # fmt: skip
        shape = pa.schema([("on_day", pa.date32()), ("at_unit", pa.string()), ("at_park", pa.string()), ("code", pa.string())])
        columns = zip(*counting, strict=True) if counting else ((),) * len(shape)
        counts_at = pa.table(list(map(pa.array, columns, shape.types)), schema=shape)
        asked = pa.table({"as_of": pa.array(days, pa.date32()), "county": [self._county] * len(days)})
        self._day.say(DAYS.get_name(), asked)
        self._day.say(COUNTS_AT.get_name(), counts_at)


@dataclass(frozen=True, slots=True)
class KnownOnOneDay:
    """The units as known on one day, whichever is asked about."""

    tree: UnitTree

    def at(self, known: int) -> UnitTree:
        """The units."""
        del known
        return self.tree


SnapshotAsKnown = Callable[[date], Snapshot]
"""Gives what boards are read from, as known on a day."""


@dataclass(frozen=True, slots=True)
class Redefined:
    """The amounts of a county's measures, of which some are by other declarations than today's."""

    others: frozenset[str]
    by_others: Amounts
    by_todays: Amounts

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Parts:
        """The amounts of a measure's parts at a unit at the end of a day, where they are not 0."""
        return (self.by_others if measure in self.others else self.by_todays).by_part(measure, unit, day, known)


def recompute(history: Recorded, plan: Plan, engine: Engine, release: Release = TODAY) -> SnapshotAsKnown:
    """Takes records into an engine, which computes anew what boards are read from, as known on any day, by what a release declares."""
    return _by_duckdb(history, plan, release) if engine == "duckdb" else _by_live_fold(history, plan, release)


def _by_duckdb(history: Recorded, plan: Plan, release: Release) -> SnapshotAsKnown:
    connection = _database(history)
    others = {name: measure for name, measure in release.measures.items() if TODAY.measures.get(name) != measure}
    by_others = _program(tuple(others.items())) if others else None

    def as_known(known: date) -> Snapshot:
        recomputed = Recomputed(connection, read_catalogue(), plan.county, known)
        tree = UnitTree(plan.county, map(_unit, recomputed.units))
        amounts: Amounts = recomputed
        if by_others is not None:
            amounts = Redefined(frozenset(others), Recomputed(connection, by_others, plan.county, known), recomputed)
        return Snapshot(
            plan, windows_of(plan), amounts, KnownOnOneDay(tree), history.positions, history.closed, tuple(history.unreadable),
            release=release,
        )  # fmt: skip

    return as_known


@lru_cache(maxsize=4)
def _program(measures: tuple[tuple[str, Measure], ...]) -> Catalogue:
    return program(dict(measures))


def _database(history: Recorded) -> duckdb.DuckDBPyConnection:
    if isinstance(history, Archive):
        return history.database()
    connection = duckdb.connect()
    take_in(connection, batches(history.readable))
    return connection


def _by_live_fold(history: Recorded, plan: Plan, release: Release) -> SnapshotAsKnown:
    found = Folded(history, plan, release=release).snapshot()
    return lambda _: found


def batches(records: Sequence[Record]) -> Iterator[pa.RecordBatch]:
    """Records as the second engine takes them in."""
    for start in range(0, len(records), BATCH):
        yield batch(records[start : start + BATCH])


def batch(records: Iterable[Record]) -> pa.RecordBatch:
    """Some records, as the second engine takes them in."""
    return record_batch([(SERVICES.index(record.service), record.position, record.raw) for record in records])


def _unit(unit: ListedUnit) -> Unit:
    ended = FOREVER if unit.ended is None else unit.ended.toordinal()
    return Unit(unit.code, unit.name, unit_kind(unit.code), unit.urban_rural_class, unit.listed.toordinal(), ended, unit.successor)
