"""The sets of an archive and their columns."""

from functools import cache
from hashlib import sha256

import orjson

from services.indicators.audit.columns import ENVELOPE, ColumnType, defaults, payload, table_name
from shared.contracts import FACTS
from shared.contracts.base import SERVICES, wire_types
from shared.contracts.common import COMMON_FACTS, COMMON_VERSION, CommonFact, DayClosed, FactCorrected, FactVoided, common_type

RECORDS_SET = "records"
RECORDS_COLUMNS: dict[str, ColumnType] = {
    "service": "text", "position": "whole", "known": "day", "type": "text", "described": "flag", "hash": "text",
}  # fmt: skip
"""Of every record: `type` as on the wire, with its version; `described`: a contract describes it, so that it stands in the set of its type
too; what none describes stands here only. `hash`: SHA-256 of `raw`, in hex; `raw`, the column after these, is the record's exact bytes.
"""

OWN: dict[str, ColumnType] = {name: of for name, of in ENVELOPE.items() if name != "revision"}
"""What every row of a set of facts begins with: the record's own position, recorded time, known day, source, id and occurred day."""

AMENDMENT: dict[str, ColumnType] = {"of_source": "text", "of_id": "text", "reason": "text"}
"""Which fact a void or a correction is of, and why."""
CORRECTION: dict[str, ColumnType] = {**AMENDMENT, "of_occurred": "day", "version": "whole", "data": "text"}
"""What a correction says instead: the day, the version of the fact's type, and the payload as JSON."""
_COMMON: dict[type[CommonFact], dict[str, ColumnType]] = {FactVoided: AMENDMENT, FactCorrected: CORRECTION, DayClosed: {"day": "day"}}


def common_set(shape: type[CommonFact], service: str) -> str:
    """The name of the set of a service's voids, corrections or closed days."""
    return f"{service}_{shape.name}"


def wire_sets() -> dict[str, str]:
    """The set of every type as it stands on the wire, with its version."""
    found = {type_: table_name(fact) for fact in FACTS for type_ in wire_types(fact)}
    for service in SERVICES:
        found |= {f"{common_type(shape, service)}.v{COMMON_VERSION}": common_set(shape, service) for shape in COMMON_FACTS}
    return found


@cache
def sets() -> dict[str, dict[str, ColumnType]]:
    """The columns of every set of facts, by the set's name."""
    found = {table_name(fact): OWN | payload(fact) for fact in FACTS}
    for service in SERVICES:
        found |= {common_set(shape, service): OWN | columns for shape, columns in _COMMON.items()}
    return found


@cache
def contracts_digest() -> str:
    """What the rows of sets follow from besides the records: every contract, and how its fields become columns. Hex."""
    said = [[fact.type, fact.version, fact.model_json_schema(), repr(payload(fact)), repr(defaults(fact))] for fact in FACTS]
    said += [[fact.type, repr(earlier.steps), repr(payload(earlier.shape)), repr(defaults(earlier.shape))]
             for fact in FACTS for earlier in fact.earlier]  # fmt: skip
    said += [[shape.name, COMMON_VERSION, shape.model_json_schema(), repr(columns), ""] for shape, columns in _COMMON.items()]
    return sha256(orjson.dumps([repr(OWN), repr(RECORDS_COLUMNS), said], option=orjson.OPT_SORT_KEYS)).hexdigest()
