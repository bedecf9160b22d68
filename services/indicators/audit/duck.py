"""Records into typed tables, by DuckDB: what the second engine reads.

The exact bytes of records are read as JSON once, by vectors; corrections are written out as revisions of what they correct, so that a table
of facts can be read by itself. Nothing of the contracts' Python code takes part, only what they declare.
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from services.indicators.audit.columns import ENVELOPE, ColumnType, Listed, Structure, defaults, payload, table_name
from services.indicators.audit.relational.facts import ASKED
from shared.contracts import FACTS
from shared.contracts.base import SERVICES, Fact
from shared.contracts.common import FactCorrected, FactVoided, common_type

RECORDS = pa.schema([("service", pa.int8()), ("position", pa.int64()), ("raw", pa.binary())])
"""The records as they arrive: which service's (by its number), at which position, and the exact bytes."""

_SCALAR = {"text": "VARCHAR", "whole": "BIGINT", "flag": "BOOLEAN", "day": "DATE", "instant": "TIMESTAMP", "decimal": "DECIMAL(38,18)"}
_IN_JSON = {**_SCALAR, "decimal": "VARCHAR"}
"""How a value is read out of JSON. The digits of a decimal are taken as they are written: a float would round them."""


def take_in(connection: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch]) -> None:
    """Make the tables of a database without any from records, in any order."""
    reader = pa.RecordBatchReader.from_batches(RECORDS, batches)
    connection.register("arriving", reader)
    shape = {
        "source": "VARCHAR", "id": "VARCHAR", "type": "VARCHAR", "time": "VARCHAR", "occurred": "DATE", "data": "JSON",
    }  # fmt: skip
    connection.execute(
        "CREATE TABLE record AS WITH said AS (SELECT service, position, from_json_strict(decode(raw)::JSON, ?) AS body FROM arriving) "
        "SELECT service, position, body.source, body.id, body.type, replace(body.time, 'Z', '')::TIMESTAMP AS recorded, "
        "(recorded + INTERVAL 8 HOUR)::DATE AS known, body.occurred, body.data FROM said",
        [json.dumps(shape)],
    )
    connection.unregister("arriving")
    _amendments(connection)
    for fact in FACTS:
        connection.execute(_typed(fact))


def _amendments(connection: duckdb.DuckDBPyConnection) -> None:
    """The voids, the first of each fact (it is final), what was said: a correction is a revision of what it corrects, until a void; and on
    which day each revision was superseded by the next.
    """
    voids = ", ".join(f"'{common_type(FactVoided, service)}.v1'" for service in SERVICES)
    corrections = ", ".join(f"'{common_type(FactCorrected, service)}.v1'" for service in SERVICES)
    connection.execute(
        "CREATE TABLE void AS SELECT o.service, o.position, min(r.position) AS voided, min_by(r.known, r.position) AS known "  # noqa: S608
        f"FROM record r JOIN record o ON o.service = r.service AND o.source = r.data->>'source' AND o.id = r.data->>'id' "
        f"WHERE r.type IN ({voids}) GROUP BY ALL"
    )
    connection.execute(
        "CREATE TABLE said AS SELECT type, service, position, position AS revision, recorded, known, source, id, occurred, data "  # noqa: S608
        f"FROM record WHERE type NOT IN ({voids}, {corrections}) UNION ALL BY NAME "
        "SELECT regexp_replace(o.type, '[0-9]+$', coalesce(r.data->>'version', '1')) AS type, o.service, o.position, "
        "r.position AS revision, o.recorded, r.known, o.source, o.id, (r.data->>'occurred')::DATE AS occurred, r.data->'data' AS data "
        "FROM record r JOIN record o ON o.service = r.service AND o.source = r.data->>'source' AND o.id = r.data->>'id' "
        f"WHERE r.type IN ({corrections}) AND NOT EXISTS "
        "(FROM void v WHERE v.service = o.service AND v.position = o.position AND v.voided < r.position)"
    )
    connection.execute(
        "CREATE TABLE superseded AS SELECT service, position, revision, later AS known FROM (SELECT service, position, revision, "
        "lead(known) OVER (PARTITION BY service, position ORDER BY revision) AS later FROM said WHERE (service, position) IN "
        "(SELECT (service, position) FROM said WHERE revision <> position)) WHERE later IS NOT NULL"
    )


def _typed(fact: type[Fact]) -> str:
    """Makes the table of a type. What is read has passed its contract: null stands only where a field was left out."""
    columns = payload(fact)
    given = defaults(fact)
    read = ", ".join(f"{_read(f'body.{name}', of, given.get(name))} AS {name}" for name, of in columns.items())
    shape = json.dumps({name: _shape(of) for name, of in columns.items()})
    return (
        f"CREATE TABLE {table_name(fact)} AS SELECT {', '.join(ENVELOPE)}, {read} FROM "  # noqa: S608
        f"(SELECT * EXCLUDE data, from_json(data, '{shape}') AS body FROM said WHERE type = '{fact.type}.v{fact.version}')"
    )


def _read(value: str, of: ColumnType, default: object) -> str:
    """A payload field, with the default it stands for where it is left out; the members of lists in order, each once."""
    match of:
        case Listed(of=member):
            inner = f"list_sort(list_distinct(list_transform({value}, lambda each: {_read('each', member, None)})))"
            return inner if default is None else f"coalesce({inner}, [])"
        case Structure(fields=fields):
            given = dict(of.defaults)
            parts = ", ".join(f"'{name}': {_read(f'{value}.{name}', field, given.get(name))}" for name, field in fields)
            return f"{{{parts}}}"
        case _:
            read = value if of != "decimal" else f"{value}::{_SCALAR['decimal']}"
            return read if default is None else f"coalesce({read}, {_literal(default)})"


def _literal(value: object) -> str:
    return str(value).upper() if isinstance(value, bool) else f"'{value}'"


def _shape(of: ColumnType) -> Any:
    """What a value looks like in JSON, as DuckDB wants it told."""
    match of:
        case Listed(of=member):
            return [_shape(member)]
        case Structure(fields=fields):
            return {name: _shape(field) for name, field in fields}
        case _:
            return _IN_JSON[of]


def ask(connection: duckdb.DuckDBPyConnection, known: date) -> None:
    """Say as known on which day facts are to be in force."""
    connection.execute(f"CREATE OR REPLACE TABLE {ASKED} AS SELECT ?::DATE AS known", [known])
