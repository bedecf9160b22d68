"""The whole catalogue as one program: the rows of every relation, the places they are at, and every measure at every unit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache

import ibis

from services.indicators.audit.relational.archive import archive_tables
from services.indicators.audit.relational.facts import Facts
from services.indicators.audit.relational.kinds import CONTRIBUTIONS, amounts, contributions
from services.indicators.audit.relational.program import Compiled, Writing, compiled, sql
from services.indicators.audit.relational.relations import RELATIONAL
from services.indicators.audit.relational.units import units
from services.indicators.catalog import MEASURES
from services.indicators.measures.kinds import Measure, selections
from services.indicators.relations import RELATIONS

DAYS = ibis.table({"as_of": "date", "county": "string"}, name="days")
"""The days at whose end measures are asked for."""
COUNTS_AT = ibis.table({"on_day": "date", "at_unit": "string", "at_park": "string", "code": "string"}, name="counts_at")
"""At which units what happened at a unit and park counts at the end of each of these days."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue's program in some dialect of SQL."""

    relations: Compiled
    """Makes the rows of every relation, as known on the day asked about."""
    tables: dict[str, str]
    """The table that each relation's rows are in."""
    units: str
    """The table of units."""
    contributions: dict[str, str]
    """Of each measure, a query for what counts on the days asked about, row by row."""
    kinds: dict[str, list[str]]
    """The measures of each kind."""
    adding: dict[str, str]
    """Of each kind, the query for what its measures come to at every unit, from a table of what counts (`contribution`)."""

    def amounts(self, kind: str) -> str:
        """A query for what all measures of a kind come to: `measure`, `as_of`, `code`, `part`, `amount`. They share their scans."""
        counting = " UNION ALL ".join(
            f"SELECT {_quoted(name)} AS measure, * FROM ({self.contributions[name]}) AS one"  # noqa: S608
            for name in self.kinds[kind]
        )
        return f"WITH {CONTRIBUTION} AS ({counting}) SELECT * FROM ({self.adding[kind]}) AS added"  # noqa: S608

    def tables_of(self, measure: str) -> Collection[str]:
        """The tables of the relations that a measure reads."""
        return {self.tables[select.relation] for select in selections(MEASURES[measure])}

    def of(self, measures: Collection[str]) -> "Catalogue":
        """The same for some measures. Raises KeyError for a name that is none of a measure."""
        read = {table for name in measures for table in self.tables_of(name)}
        kinds = {kind: [name for name in names if name in measures] for kind, names in self.kinds.items()}
        return replace(
            self, tables={name: table for name, table in self.tables.items() if table in read},
            kinds={kind: names for kind, names in kinds.items() if names},
        )  # fmt: skip

    @property
    def places(self) -> str:
        """A query for every place (`unit`, `park`) there are rows at."""
        return " UNION ".join(f'SELECT DISTINCT unit, park FROM "{table}"' for table in self.tables.values())  # noqa: S608


CONTRIBUTION = "contribution"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@cache
def catalogue(dialect: str = "duckdb") -> Catalogue:
    """Every measure's program. It takes a quarter of a minute to compile and depends on nothing but the declarations."""
    return program(MEASURES, dialect)


def program(measures: Mapping[str, Measure], dialect: str = "duckdb") -> Catalogue:
    """The program of some measures, by their names."""
    relations = {select.relation: None for measure in measures.values() for select in selections(measure)}
    facts = Facts(Writing(archive_tables()))
    rows = {name: facts.relation(name, RELATIONAL[name]) for name in relations}
    known_units = facts.shared(units)
    kinds: dict[str, list[str]] = {}
    for name, measure in measures.items():
        kinds.setdefault(type(measure).__name__, []).append(name)
    counting = ibis.table({"measure": "string"} | CONTRIBUTIONS, name=CONTRIBUTION)
    return Catalogue(
        relations=compiled(facts.writing.steps, dialect),
        tables={name: table.get_name() for name, table in rows.items()},
        units=known_units.get_name(),
        contributions={
            name: sql(contributions(measure, RELATIONS, rows.__getitem__, DAYS), dialect) for name, measure in measures.items()
        },
        kinds=kinds,
        adding={kind: sql(amounts(kind, counting, COUNTS_AT), dialect) for kind in kinds},
    )  # fmt: skip
