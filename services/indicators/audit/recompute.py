"""Figures recomputed from recorded facts, by either engine: relational expressions on DuckDB, or the live fold in memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

import duckdb
import pyarrow as pa

from services.indicators.answers import Snapshot
from services.indicators.audit.duck import RECORDS, ask, run, take_in
from services.indicators.audit.records import History
from services.indicators.audit.relational.catalogue import COUNTS_AT, DAYS, Catalogue
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.audit.relational.units import ListedUnit, Roster
from services.indicators.catalog import FOLDINGS
from services.indicators.evaluation.plan import Plan, windows_of
from services.indicators.history import FOREVER
from services.indicators.ledger import Balances
from services.indicators.places import Unit, UnitTree
from services.indicators.projection import Projection
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.units import unit_kind

Engine = Literal["duckdb", "live"]
BATCH = 50_000
"""So many records are given to DuckDB at a time."""

Parts = Mapping[str | None, int]
_NOTHING: Parts = MappingProxyType({})


class Recomputed:
    """The amounts of a county's measures as known on one day; each day asked about is computed when it first is, for all units at once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, program: Catalogue, county: str, known: date) -> None:
        self._connection = connection
        self._program = program
        self._county = county
        self._known = known
        ask(connection, known)
        run(connection, program.relations)
        listed = connection.sql(f'SELECT * FROM "{program.units}"')  # noqa: S608
        self.units = [ListedUnit(**unit) for unit in listed.to_arrow_table().to_pylist()]
        self._roster = Roster(county, self.units)
        self._places = connection.sql(program.places).fetchall()
        self._found: dict[date, Mapping[tuple[str, str], Parts]] = {}

    def by_part(self, measure: str, unit: str, day: int, known: int) -> Parts:
        """The amounts of a measure's parts at a unit at the end of a day, where they are not 0. Raises ValueError for another known day."""
        if known != self._known.toordinal():
            raise ValueError(f"recomputed as known on {self._known}")
        on = date.fromordinal(day)
        if on not in self._found:
            self._found[on] = self._compute(on)
        return self._found[on].get((measure, unit), _NOTHING)

    def _compute(self, day: date) -> Mapping[tuple[str, str], Parts]:
        self._say(day)
        found: dict[tuple[str, str], dict[str | None, int]] = {}
        for measure, query in self._program.amounts.items():
            for _, code, part, amount in self._connection.execute(query).fetchall():
                if amount:
                    found.setdefault((measure, code), {})[part] = amount
        return found

    def _say(self, day: date) -> None:
        """Write down what is asked, and at which units the places there are count."""
        counting = [(unit, park, code) for unit, park in self._places for code in self._roster.counts_at(unit, park, day)]
        units, parks, codes = (pa.array(column, pa.string()) for column in (zip(*counting, strict=True) if counting else ((), (), ())))
        counts_at = pa.table({"on_day": pa.array([day] * len(counting), pa.date32()), "at_unit": units, "at_park": parks, "code": codes})
        for name, table in ((DAYS, pa.table({"as_of": [day], "county": [self._county]})), (COUNTS_AT, counts_at)):
            self._connection.register("said", table)
            self._connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name.get_name()}" AS SELECT * FROM said')  # noqa: S608
            self._connection.unregister("said")


@dataclass(frozen=True, slots=True)
class KnownOnOneDay:
    """The units as known on one day, whichever is asked about."""

    tree: UnitTree

    def at(self, known: int) -> UnitTree:
        """The units."""
        del known
        return self.tree


AsKnown = Callable[[date], Snapshot]
"""Gives what boards are read from, as known on a day."""


def recompute(history: History, plan: Plan, engine: Engine) -> AsKnown:
    """Takes records into an engine, which computes anew what boards are read from, as known on any day."""
    return _by_duckdb(history, plan) if engine == "duckdb" else _by_live_fold(history, plan)


def _by_duckdb(history: History, plan: Plan) -> AsKnown:
    connection = duckdb.connect()
    take_in(connection, batches(history.readable))

    def as_known(known: date) -> Snapshot:
        recomputed = Recomputed(connection, read_catalogue(), plan.county, known)
        tree = UnitTree(plan.county, map(_unit, recomputed.units))
        return Snapshot(
            plan, windows_of(plan), recomputed, KnownOnOneDay(tree), history.positions, history.closed, tuple(history.unreadable)
        )  # fmt: skip

    return as_known


def _by_live_fold(history: History, plan: Plan) -> AsKnown:
    projection, balances = Projection(plan.county, FOLDINGS), Balances()
    balances.add_all(projection.fold(history.records).entries)
    found = Snapshot(plan, windows_of(plan), balances, projection.trees, history.positions, history.closed, tuple(history.unreadable))
    return lambda _: found


def batches(records: Sequence[Record]) -> Iterator[pa.RecordBatch]:
    """Records as the second engine takes them in."""
    for start in range(0, len(records), BATCH):
        yield batch(records[start : start + BATCH])


def batch(records: Iterable[Record]) -> pa.RecordBatch:
    """Some records, as the second engine takes them in."""
    rows = [(SERVICES.index(record.service), record.position, record.raw) for record in records]
    services, positions, raw = zip(*rows, strict=True)
    return pa.RecordBatch.from_pydict({"service": services, "position": positions, "raw": raw}, schema=RECORDS)


def _unit(unit: ListedUnit) -> Unit:
    ended = FOREVER if unit.ended is None else unit.ended.toordinal()
    return Unit(unit.code, unit.name, unit_kind(unit.code), unit.urban_rural_class, unit.listed.toordinal(), ended, unit.successor)
