"""The facts of a database as known at the end of one day: what the second engine's program makes of them, in a schema of its own, so that
several known days can be had side by side.
"""

from collections.abc import Collection
from datetime import date
from itertools import count

import duckdb
import pyarrow as pa

from services.indicators.audit.duck import ask
from services.indicators.audit.relational.catalogue import Catalogue
from services.indicators.audit.relational.units import ListedUnit, Roster
from services.indicators.audit.running import run

_SCHEMAS = count()


class KnownDay:
    """One known day. What it raises is duckdb's."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, program: Catalogue, county: str, known: date, queries: int, tables: Collection[str] = ()
    ) -> None:
        """`queries`: so many run at the same time; `tables`: made at once, as `make` makes others."""
        self._program = program
        self._schema = f"known_{known:%Y%m%d}_{next(_SCHEMAS)}"
        database.execute(f'CREATE SCHEMA "{self._schema}"')
        self.connections = [database.cursor() for _ in range(queries)]
        """All see the tables of facts and what was made of them."""
        for each in self.connections:
            each.execute(f"SET search_path = '{self._schema},main'")
        self.connection = self.connections[0]
        self._made: set[int] = set()
        """Which steps of the program were run."""
        ask(self.connection, known)
        self.make({program.units, *tables})
        listed = self.connection.sql(f'SELECT * FROM "{program.units}"').to_arrow_table().to_pylist()  # noqa: S608
        self.units = [ListedUnit(**unit) for unit in listed]
        self.roster = Roster(county, self.units)

    def make(self, tables: Collection[str]) -> None:
        """Make tables of the program, as far as they are not there: only the steps that lead to them are run."""
        needed, places = set(tables), []
        for place, (_, makes, reads, *_) in reversed(list(enumerate(self._program.relations))):
            if not needed.isdisjoint(makes):
                needed.update(reads)
                places.append(place)
        new = [place for place in reversed(places) if place not in self._made]
        run(self.connections, [self._program.relations[place] for place in new])
        self._made.update(new)

    def say(self, name: str, table: pa.Table) -> None:
        """Write down what is asked, in place of what was."""
        self.connection.register("said", table)
        self.connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS SELECT * FROM said')  # noqa: S608
        self.connection.unregister("said")

    def close(self) -> None:
        """Let go of all that was made, which takes up memory; nothing can be asked afterwards."""
        self.connection.execute(f'DROP SCHEMA "{self._schema}" CASCADE')
        for each in self.connections:
            each.close()
