"""The tables a program reads: revisions of facts by type, which of them are voided or superseded since when and which tell of the same, and
what is asked.
"""

import ibis
from ibis.expr.types import Table

from services.indicators.audit.columns import ASKED, CONTESTED, ColumnType, Listed, Structure, columns_read, table_name
from shared.contracts import FACTS

_SCALAR = {"text": "string", "whole": "int64", "flag": "boolean", "day": "date", "instant": "timestamp(6)", "decimal": "decimal(38, 18)"}


def archive_tables() -> dict[str, Table]:
    """Every table, by name."""
    found = {
        "void": ibis.table({"service": "int8", "position": "int64", "voided": "int64", "known": "date"}, name="void"),
        "superseded": ibis.table({"service": "int8", "position": "int64", "revision": "int64", "known": "date"}, name="superseded"),
        "contested": ibis.table({name: _type(of) for name, of in CONTESTED.items()}, name="contested"),
        ASKED: ibis.table({"known": "date"}, name=ASKED),
    }
    for fact in FACTS:
        name = table_name(fact)
        found[name] = ibis.table({column: _type(of) for column, of in columns_read(fact).items()}, name=name)
    return found


def _type(of: ColumnType) -> str:
    match of:
        case Listed(of=member):
            return f"array<{_type(member)}>"
        case Structure(fields=fields):
            return "struct<" + ", ".join(f"{name}: {_type(field)}" for name, field in fields) + ">"
        case _:
            return _SCALAR[of]
