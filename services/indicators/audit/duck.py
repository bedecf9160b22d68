"""Records into typed tables, by DuckDB: what the second engine reads.

The exact bytes of records are read as JSON once, by vectors; corrections are written out as revisions of what they correct, so that a table
of facts can be read by itself. Nothing of the contracts' Python code takes part, only what they declare.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, assert_never

import duckdb
import pyarrow as pa

from services.indicators.audit.archive.sets import AMENDMENT, CORRECTION, OWN, common_set
from services.indicators.audit.columns import (
    ASKED,
    CONTESTED,
    ENVELOPE,
    UNREAD,
    ColumnType,
    Listed,
    Structure,
    column_name,
    columns_read,
    defaults,
    payload,
    table_name,
)
from shared.contracts import FACTS
from shared.contracts.base import SERVICES, Fact, Service, service_of, shape_in, wire_types
from shared.contracts.common import COMMON_FACTS, COMMON_VERSION, CommonFact, DayClosed, FactCorrected, FactVoided, common_type
from shared.contracts.versions import Dropped, Given, Renamed, Reworded, Step

RECORDS = pa.schema([("service", pa.int8()), ("position", pa.int64()), ("raw", pa.binary())])
"""The records as they arrive: which service's (by its number), at which position, and the exact bytes."""

SCALAR = {"text": "VARCHAR", "whole": "BIGINT", "flag": "BOOLEAN", "day": "DATE", "instant": "TIMESTAMP", "decimal": "DECIMAL(38,18)"}
_IN_JSON = {**SCALAR, "decimal": "VARCHAR"}
"""How a value is read out of JSON. The digits of a decimal are taken as they are written: a float would round them."""
_ENVELOPE = {
    "source": "VARCHAR", "id": "VARCHAR", "type": "VARCHAR", "time": "VARCHAR", "occurred": "DATE", "position": "VARCHAR",
    "prevhash": "VARCHAR", "data": "JSON",
}  # fmt: skip
VOIDS = tuple(common_set(FactVoided, service) for service in SERVICES)
CORRECTIONS = tuple(common_set(FactCorrected, service) for service in SERVICES)


def record_batch(rows: Sequence[tuple[int, int, bytes]]) -> pa.RecordBatch:
    """Records by the number of their service, their position and their exact bytes, in the schema of `RECORDS`."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(RECORDS)
    return pa.RecordBatch.from_arrays(list(map(pa.array, columns, RECORDS.types)), schema=RECORDS)


def take_in(connection: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch]) -> None:
    """Add records, in any order, to the tables of a database, which are made where there are none. Others may follow: each of a service
    beyond all those that are there. The table `record` has those taken in last.
    """
    there = connection.execute("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'main' AND table_name = 'record'").fetchall()
    connection.register("arriving", pa.RecordBatchReader.from_batches(RECORDS, batches))
    connection.execute(f"CREATE OR REPLACE TABLE record AS {envelopes('arriving')}")
    connection.unregister("arriving")
    if not there:
        make_tables(connection)
    types = {type_ for (type_,) in connection.execute("SELECT DISTINCT type FROM record").fetchall()}
    changed: set[type[Fact]] = {fact for fact in FACTS if not types.isdisjoint(wire_types(fact))}
    for fact in changed:
        query = f"SELECT * EXCLUDE ({UNREAD}), position AS revision FROM ({said(fact, 'record')})"  # noqa: S608
        connection.execute(f"INSERT INTO {table_name(fact)} BY NAME {query}")
    amending = False
    for service, voids, corrections in zip(SERVICES, VOIDS, CORRECTIONS, strict=True):
        for shape, table in ((FactVoided, voids), (FactCorrected, corrections)):
            if f"{common_type(shape, service)}.v{COMMON_VERSION}" in types:
                connection.execute(f"INSERT INTO {table} BY NAME {said_in_common(shape, service, 'record')}")
                amending = True
    if amending or not there:
        changed |= amend(connection, "(service, revision) IN (SELECT (service, position) FROM record)")
    contest(connection, changed)


def envelopes(records: str, *more: str, unchecked: bool = False) -> str:
    """A query for the envelope and the payload (`data`, as JSON) of records (see `RECORDS`), and more columns of theirs.

    What cannot be read is an error, but nulls where the records are unchecked: whoever asks for that looks for them.
    """
    body = f"from_json_strict(decode(raw), '{json.dumps(_ENVELOPE)}')"
    columns = (
        "service", "position", "body.source", "body.id", "body.type", "replace(body.time, 'Z', '')::TIMESTAMP AS recorded",
        "(recorded + INTERVAL 8 HOUR)::DATE AS known", "body.occurred", "body.data", *more,
    )  # fmt: skip
    return (
        f"SELECT {', '.join(columns)} "  # noqa: S608
        f"FROM (SELECT *, {f'TRY({body})' if unchecked else body} AS body FROM {records})"
    )


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of facts, voids and corrections, and of what is told twice, without a row."""
    for fact in FACTS:
        _make(connection, table_name(fact), columns_read(fact))
    for table in VOIDS:
        _make(connection, table, OWN | AMENDMENT)
    for table in CORRECTIONS:
        _make(connection, table, OWN | CORRECTION)
    _make(connection, "contested", CONTESTED)


def _make(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, ColumnType]) -> None:
    named = ", ".join(f'"{name}" {sql_type(of)}' for name, of in columns.items())
    connection.execute(f"CREATE TABLE {table} ({named})")


def said(fact: type[Fact], records: str) -> str:
    """A query for the facts of a type that records (as `envelopes` gives them) say, corrections left aside.

    What is read has passed its contract: null stands only where a field was left out.
    """
    return _of_every_version(fact, OWN, records, "data")


def _of_every_version(fact: type[Fact], beside: Iterable[str], records: str, data: str) -> str:
    """A query for the facts of a type among records of any types, whichever version each was written in."""
    queries = []
    for version, type_ in enumerate(wire_types(fact), 1):
        of_version = f"(SELECT * FROM {records} WHERE type = '{type_}')"  # noqa: S608
        queries.append(f"SELECT {', '.join(beside)}, {_payload(fact, version, of_version, data)}")
    return " UNION ALL ".join(queries)


def _payload(fact: type[Fact], version: int, records: str, data: str) -> str:
    """The columns of a type's payload out of a column of JSON that a version of it has, and what they are read from.

    What a version says is then read as the next one would, until the newest: of its types, and with its defaults for what is not said.
    """
    written = shape_in(fact, version)
    there = dict(zip(written.model_fields, payload(written).values(), strict=True))
    given = dict(zip(written.model_fields, map(defaults(written).get, payload(written)), strict=True))
    found = {field: _read(f"body.{field}", of, given[field]) for field, of in there.items()}
    types = dict(there)
    for number, earlier in enumerate(fact.earlier[version - 1 :], version + 1):
        for step in earlier.steps:
            _take_step(found, types, step)
        later = shape_in(fact, number)
        columns = dict(zip(later.model_fields, payload(later).items(), strict=True))
        found = {
            field: _read(f"({found.get(field, 'NULL')})::{sql_type(of)}", of, defaults(later).get(name))
            for field, (name, of) in columns.items()
        }
        types = {field: of for field, (_, of) in columns.items()}
    read = ", ".join(f"{found[field]} AS {column_name(field)}" for field in fact.model_fields)
    shape = json.dumps({field: _shape(of) for field, of in there.items()})
    return f"{read} FROM (SELECT *, from_json({data}, '{shape}') AS body FROM {records})"  # noqa: S608


def _take_step(found: dict[str, str], types: dict[str, ColumnType], step: Step) -> None:
    """What a version's fields are read by, and as what, becomes what the next version's are read by."""
    match step:
        case Renamed():
            found[step.to], types[step.to] = found.pop(step.field), types.pop(step.field)
        case Given():
            found[step.field] = _literal(step.value)
            types[step.field] = "text" if isinstance(step.value, str) else "whole"
        case Reworded():
            words = " ".join(f"WHEN {_literal(word)} THEN {_literal(now)}" for word, now in step.words)
            read = found[step.field]
            if isinstance(types[step.field], Listed):
                found[step.field] = f"list_transform({read}, lambda each: CASE each {words} ELSE each END)"
            else:
                found[step.field] = f"CASE {read} {words} ELSE {read} END"
        case Dropped():
            del found[step.field]
        case _:
            assert_never(step)


def said_in_common(shape: type[CommonFact], service: Service, records: str) -> str:
    """A query for the voids, corrections or closed days that a service's records say."""
    of = "data->>'source' AS of_source, data->>'id' AS of_id, data->>'reason' AS reason"
    read = {
        FactVoided: of,
        FactCorrected: f"{of}, (data->>'occurred')::DATE AS of_occurred, coalesce(data->>'version', '1')::BIGINT AS version, "
        "(data->'data')::VARCHAR AS data",
        DayClosed: "(data->>'day')::DATE AS day",
    }[shape]
    return f"SELECT {', '.join(OWN)}, {read} FROM {records} WHERE type = '{common_type(shape, service)}.v{COMMON_VERSION}'"  # noqa: S608


def derived(records: str) -> dict[str, str]:
    """Of every set, a query for what records say of it."""
    found = {table_name(fact): said(fact, records) for fact in FACTS}
    for service in SERVICES:
        found |= {common_set(shape, service): said_in_common(shape, service, records) for shape in COMMON_FACTS}
    return found


def amend(connection: duckdb.DuckDBPyConnection, new: str = "true") -> set[type[Fact]]:
    """From voids and corrections make the table of voids, the first of each fact (it is final), the revisions of the facts corrected (a
    correction is a revision of what it corrects, until a void), and the table of the days on which a revision was superseded by the next.

    `new` says which revisions are not in the tables of facts yet: no void that comes later undoes an earlier one. Returns whose they were.
    """
    for name, tables in (("voiding", VOIDS), ("correcting", CORRECTIONS)):
        parts = (f"SELECT {number}::TINYINT AS service, * FROM {table}" for number, table in enumerate(tables))  # noqa: S608
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS {' UNION ALL '.join(parts)}")
    parts = (
        f"SELECT {SERVICES.index(service_of(fact))}::TINYINT AS service, '{fact.type}' AS type, position, recorded, known, source, id "  # noqa: S608
        f"FROM {table_name(fact)} WHERE revision = position"
        for fact in FACTS
    )
    connection.execute(
        f"CREATE OR REPLACE TABLE amended AS SELECT * FROM ({' UNION ALL '.join(parts)}) SEMI JOIN "  # noqa: S608
        "(SELECT service, of_source AS source, of_id AS id FROM voiding UNION SELECT service, of_source, of_id FROM correcting) "
        "USING (service, source, id)"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE void AS SELECT o.service, o.position, min(r.position) AS voided, min_by(r.known, r.position) AS known "
        "FROM voiding r JOIN amended o ON o.service = r.service AND o.source = r.of_source AND o.id = r.of_id GROUP BY ALL"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE revised AS SELECT o.type || '.v' || r.version AS type, o.service, o.position, r.position AS revision, "
        "o.recorded, r.known, o.source, o.id, r.of_occurred AS occurred, r.data "
        "FROM correcting r JOIN amended o ON o.service = r.service AND o.source = r.of_source AND o.id = r.of_id "
        "WHERE NOT EXISTS (FROM void v WHERE v.service = o.service AND v.position = o.position AND v.voided < r.position)"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE superseded AS SELECT service, position, revision, later AS known FROM "
        "(SELECT service, position, revision, lead(known) OVER (PARTITION BY service, position ORDER BY revision) AS later FROM "
        "(SELECT service, position, revision, known "
        "FROM revised UNION ALL SELECT service, position, position, known FROM amended)) WHERE later IS NOT NULL"
    )
    types = {type_ for (type_,) in connection.execute(f"SELECT DISTINCT type FROM revised WHERE {new}").fetchall()}  # noqa: S608
    revised: set[type[Fact]] = {fact for fact in FACTS if not types.isdisjoint(wire_types(fact))}
    for fact in revised:
        read = _of_every_version(fact, ENVELOPE, f"(SELECT * FROM revised WHERE {new})", "data::JSON")  # noqa: S608
        query = f"SELECT * EXCLUDE ({UNREAD}) FROM ({read})"  # noqa: S608
        connection.execute(f"INSERT INTO {table_name(fact)} BY NAME {query}")
    return revised


def contest(connection: duckdb.DuckDBPyConnection, changed: Collection[type[Fact]]) -> None:
    """In the table `contested` write anew what several records tell of the same fact, of the types of which there is something new.

    Which keys and contents are the same is told by numbers: the first revision that has them. What is told twice is looked for by hashes of
    keys: where two have the same one, what is told once stands there too, and nothing stands against it.
    """
    facts = [(number, fact, table_name(fact)) for number, fact in enumerate(FACTS) if fact in changed]
    if not facts:
        return
    keys = {fact: f"hash({_named(fact.natural_key)})" for _, fact, _ in facts}
    parts = (f"SELECT {number}::SMALLINT AS type, {keys[fact]} AS key, position FROM {table}" for number, fact, table in facts)  # noqa: S608
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE told_twice AS SELECT type, key FROM ({' UNION ALL '.join(parts)}) "  # noqa: S608
        "GROUP BY type, key HAVING min(position) <> max(position)"
    )
    connection.execute("DELETE FROM contested WHERE type IN (SELECT unnest(?::VARCHAR[]))", [[fact.type for _, fact, _ in facts]])
    twice = {number for (number,) in connection.execute("SELECT DISTINCT type FROM told_twice").fetchall()}
    for number, fact, table in facts:
        if number in twice:
            key, content = _named(fact.natural_key), _named(("occurred", *(name for name in payload(fact) if name != UNREAD)))
            connection.execute(
                f"INSERT INTO contested BY NAME SELECT {SERVICES.index(service_of(fact))} AS service, '{fact.type}' AS type, "  # noqa: S608
                f"position, revision, known, min(revision) OVER (PARTITION BY {key}) AS key, "
                f"min(revision) OVER (PARTITION BY {key}, {content}) AS content, {fact.repeat == 'supersedes'} AS supersedes "
                f"FROM {table} WHERE {keys[fact]} IN (SELECT key FROM told_twice WHERE type = {number})"
            )
    connection.execute("DROP TABLE told_twice")


def _named(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def sql_type(of: ColumnType) -> str:
    """The type of a column."""
    match of:
        case Listed(of=member):
            return f"{sql_type(member)}[]"
        case Structure(fields=fields):
            return "STRUCT(" + ", ".join(f'"{name}" {sql_type(field)}' for name, field in fields) + ")"
        case _:
            return SCALAR[of]


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
            read = value if of != "decimal" else f"{value}::{SCALAR['decimal']}"
            return read if default is None else f"coalesce({read}, {_literal(default)})"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    text = str(value).replace("'", "''")
    return f"'{text}'"


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
