"""What counts behind a figure, subject by subject, by the second engine.

The facts of a county are held in DuckDB, in memory up to a limit, up to some position of each service. Relations are made as known on a
day when a measure that reads them is first asked about; those of the last few known days asked about are kept.
"""

import os
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import count, groupby
from operator import itemgetter
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import duckdb
import pyarrow as pa

from services.indicators.audit.duck import record_batch, take_in
from services.indicators.audit.inputs import Amounts, Changed, Counting, Input, Parts, Subject, Thing
from services.indicators.audit.known import KnownDay
from services.indicators.audit.relational.catalogue import DAYS, Catalogue
from services.indicators.catalog import MEASURES
from services.indicators.measures.kinds import Members, Published, UnitsWhere
from shared.contracts.base import SERVICES

KNOWN_DAYS_MAX: Final = 3
"""So many known days are kept."""
COUNTED_MAX: Final = 12
"""So many measures, each at the end of a day, are kept of each known day."""
MEMORY_MAX: Final = "1GB"
"""What DuckDB may take; what goes beyond it goes to disk."""
THREADS: Final = 2
"""The service beside it has other things to do."""


class Held:
    """The second engine with the facts of a county. Not to be used by two threads at once. What it raises is duckdb's."""

    def __init__(self, county: str, program: Catalogue) -> None:
        self._county = county
        self._program = program
        self._spill = TemporaryDirectory(prefix="kaiye-explain-")
        self._connection = duckdb.connect(
            config={"memory_limit": MEMORY_MAX, "temp_directory": self._spill.name, "threads": min(THREADS, os.cpu_count() or 1)}
        )
        take_in(self._connection, [record_batch([])])
        self._known: OrderedDict[date, KnownCounts] = OrderedDict()
        self.positions: dict[str, int] = dict.fromkeys(SERVICES, 0)
        """Up to where facts were taken in."""

    def take(self, records: Sequence[tuple[int, int, bytes]]) -> None:
        """Take in records that follow (number of the service, position, exact bytes), a service's in order. Known days that are kept and
        of which they say something are made anew.
        """
        take_in(self._connection, [record_batch(records)])
        said = self._connection.execute("SELECT DISTINCT known FROM record").fetchall()
        first = min((known for (known,) in said), default=date.max)
        for known in [known for known in self._known if known >= first]:
            self._known.pop(known).close()
        self.positions |= {SERVICES[service]: position for service, position, _ in records}

    def as_known(self, known: date) -> "KnownCounts":
        """What counts as known at the end of a day."""
        found = self._known.get(known)
        if found is None:
            found = self._known[known] = KnownCounts(self._connection, self._program, self._county, known)
        self._known.move_to_end(known)
        if len(self._known) > KNOWN_DAYS_MAX:
            self._known.popitem(last=False)[1].close()
        return found

    def changes(self, before: "Asked | None", by_day: "Asked | None", after: "Asked | None") -> "Changes":
        """Which subjects count otherwise after than before; None: nothing was read. Until the next such question."""
        named = {"was": before, "passed": by_day, "is": after}
        for name, asked in named.items():
            self._connection.register(f"it_{name}", _NOBODY if asked is None else asked.grouped())
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE changed AS SELECT coalesce(w.subject, i.subject) AS subject, w.counting AS before, "
            "p.counting AS by_day, i.counting AS after FROM it_was w FULL JOIN it_is i ON w.subject = i.subject "
            "LEFT JOIN it_passed p ON p.subject = coalesce(w.subject, i.subject) WHERE w.counting IS DISTINCT FROM i.counting"
        )
        for name in named:
            self._connection.unregister(f"it_{name}")
        return Changes(self._connection)

    def close(self) -> None:
        """Let go of everything."""
        for known in self._known.values():
            known.close()
        self._connection.close()
        self._spill.cleanup()


class KnownCounts:
    """The facts held, as known at the end of a day."""

    def __init__(self, database: duckdb.DuckDBPyConnection, program: Catalogue, county: str, known: date) -> None:
        self._day = KnownDay(database, program, county, known, THREADS)
        self._connection = self._day.connection
        self._program = program
        self._county = county
        self._counted: OrderedDict[tuple[str, date], str] = OrderedDict()
        """Of a measure at the end of a day, the table of what counts in the whole county."""
        self._tables = count()

    def of(self, asked: Input) -> "Asked":
        """What counts of a measure at a unit at the end of a day."""
        day, measure = date.fromordinal(asked.day), MEASURES[asked.measure]
        table = self._counted.get((asked.measure, day)) or self._count(asked.measure, day)
        self._counted.move_to_end((asked.measure, day))
        places = self._connection.execute(f"SELECT DISTINCT unit, park FROM {table}").fetchall()  # noqa: S608
        if isinstance(measure, Published):
            there = [(unit, park) for unit, park in places if asked.unit == (park or unit or self._county)]
        else:
            there = [(unit, park) for unit, park in places if asked.unit in self._day.roster.counts_at(unit, park, day)]
        return Asked(self._connection, table, there, asked.parts, distinct=isinstance(measure, Members | UnitsWhere))

    def close(self) -> None:
        """Let go of all tables."""
        self._day.close()

    def _count(self, measure: str, day: date) -> str:
        query = self._program.contributions[measure]
        self._day.make(self._program.tables_of(measure))
        self._day.say(DAYS.get_name(), pa.table({"as_of": [day], "county": [self._county]}))
        table = self._counted[measure, day] = f"counted_{next(self._tables)}"
        self._connection.execute(f"CREATE TABLE {table} AS {query}")
        if len(self._counted) > COUNTED_MAX:
            self._connection.execute(f"DROP TABLE {self._counted.popitem(last=False)[1]}")
        return table


class Asked:
    """What counts of one measure at one unit at the end of one day, as known at the end of one day. Only until others are asked for."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, table: str, places: Sequence[tuple[str | None, str | None]], parts: Parts | None, *,
        distinct: bool,
    ) -> None:  # fmt: skip
        self._connection = connection
        self._total = "count(DISTINCT coalesce(part, ''))" if distinct else "sum(amount)"
        self._listed = "list_distinct(list({0}))" if distinct else "list({0})"
        self._amount = "count(DISTINCT subject)" if distinct else "sum(amount)"
        self._everywhere: dict[str, Any] = {"units": [unit for unit, _ in places], "parks": [park for _, park in places]}
        self._all = (
            f"SELECT c.* FROM {table} c JOIN (SELECT unnest($units::VARCHAR[]) AS unit, unnest($parks::VARCHAR[]) AS park) p "  # noqa: S608
            "ON c.unit IS NOT DISTINCT FROM p.unit AND c.park IS NOT DISTINCT FROM p.park"
        )
        self._values, self._chosen = self._everywhere, self._all
        if parts is not None:
            self._values = {**self._everywhere, "parts": sorted(parts)}
            self._chosen = f"SELECT * FROM ({self._all}) WHERE part IN (SELECT unnest($parts::VARCHAR[]))"  # noqa: S608

    def amounts(self) -> Amounts:
        """What it comes to, by part, all parts, where it is not 0."""
        query = f"SELECT part, {self._amount} FROM ({self._all}) GROUP BY part"  # noqa: S608
        found = self._connection.execute(query, self._everywhere).fetchall()
        return MappingProxyType({part: int(amount) for part, amount in found if amount})

    def subjects(self, among: Collection[str] | None = None) -> int:
        """How many subjects count in the chosen parts: of some, or of all."""
        query = f"SELECT count(DISTINCT subject) FROM ({self._chosen}) WHERE {_AMONG}"  # noqa: S608
        return _number(self._connection.execute(query, {**self._values, "among": _listed(among)}))

    def page(self, after: str, limit: int, among: Collection[str] | None) -> list[Subject]:
        """The next subjects that count in the chosen parts, by name: of some, or of all."""
        found = self._connection.execute(
            f"WITH chosen AS ({self._chosen}), page AS (SELECT subject, {self._total} AS amount FROM chosen WHERE subject > $after "  # noqa: S608
            f"AND {_AMONG} GROUP BY subject ORDER BY subject LIMIT $limit) "
            "SELECT p.subject, p.amount, c.part, c.day, c.unit, c.park, c.amount FROM chosen c JOIN page p USING (subject) "
            "ORDER BY p.subject, c.part, c.day, c.unit, c.park, c.amount",
            {**self._values, "after": after, "limit": limit, "among": _listed(among)},
        ).fetchall()
        return [
            Subject(name, int(amount), tuple(Counting(*row[2:]) for row in rows))
            for (name, amount), rows in groupby(found, key=itemgetter(0, 1))
        ]

    def grouped(self) -> pa.Table:
        """Every subject (`subject`) with all that counts of it in the chosen parts (`counting`), in order and without since when."""
        one = "{'part': part, 'unit': unit, 'park': park, 'amount': amount}"
        query = f"SELECT subject, list_sort({self._listed.format(one)}) AS counting FROM ({self._chosen}) GROUP BY subject"  # noqa: S608
        return self._connection.sql(query, params=self._values).to_arrow_table()


class Changes:
    """Which subjects of one measure count otherwise."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def counts(self) -> tuple[int, int, int]:
        """How many came, left, and count otherwise."""
        ((came, left, changed),) = self._connection.execute(
            "SELECT count(*) FILTER (before IS NULL), count(*) FILTER (after IS NULL), "
            "count(*) FILTER (before IS NOT NULL AND after IS NOT NULL) FROM changed"
        ).fetchall()
        return came, left, changed

    def page(self, after: str, limit: int) -> list[Changed]:
        """The next of them, by name."""
        found = self._connection.execute("SELECT * FROM changed WHERE subject > ? ORDER BY subject LIMIT ?", [after, limit]).fetchall()
        return [Changed(name, *map(_things, (before, by_day, after_it))) for name, before, by_day, after_it in found]


def _things(counting: Sequence[Mapping[str, Any]] | None) -> tuple[Thing, ...]:
    return tuple(Thing(**each) for each in counting or ())


_AMONG: Final = "($among::VARCHAR[] IS NULL OR list_contains($among::VARCHAR[], subject))"


def _listed(among: Collection[str] | None) -> list[str] | None:
    return None if among is None else sorted(among)


def _number(answered: duckdb.DuckDBPyConnection) -> int:
    ((number,),) = answered.fetchall()
    return int(number)


_NOBODY = pa.table({
    "subject": pa.array([], pa.string()),
    "counting": pa.array([], pa.list_(pa.struct([(name, pa.string()) for name in ("part", "unit", "park")] + [("amount", pa.int64())]))),
})  # fmt: skip
