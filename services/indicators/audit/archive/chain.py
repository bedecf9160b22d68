"""Whether records follow one another: checked by vectors, over any relation that holds their exact bytes."""

from dataclasses import dataclass

import duckdb

from services.indicators.audit.archive.index import Head
from shared.contracts.base import SERVICES, Service


@dataclass(frozen=True, slots=True)
class Fault:
    """The first record of a service that is not what follows the one before it, and what is wrong, in Chinese and English."""

    service: Service
    position: int
    zh: str
    en: str


def told(records: str) -> str:
    """A query for what records (`service` by its number, `position`, `raw`, and beside it `hash`, `type` and `known`) say of themselves."""
    return (
        "SELECT service, position, own_hash, says[1] AS own_position, says[2] AS own_type, says[3] AS source, says[4] AS prevhash, "  # noqa: S608
        "hash IS NOT DISTINCT FROM own_hash AND type IS NOT DISTINCT FROM says[2] AND "
        "known IS NOT DISTINCT FROM TRY((replace(says[5], 'Z', '')::TIMESTAMP + INTERVAL 8 HOUR)::DATE) AS beside "
        "FROM (SELECT *, sha256(raw) AS own_hash, "
        "TRY(json_extract_string(decode(raw), ['$.position', '$.type', '$.source', '$.prevhash', '$.time'])) AS says "
        f"FROM {records})"
    )


def first_fault(connection: duckdb.DuckDBPyConnection, told: str, heads: dict[Service, Head], county: str) -> Fault | None:
    """Check records to be of the county, and to follow dense and chained from heads.

    `told` is a table or query with `service` (by its number), `position`, what the record says of itself (`own_hash`, `own_position`,
    `own_type`, `source`, `prevhash`), and `beside`: whether the columns beside it say the same.
    """
    befores = ", ".join(f"({number}, {heads[service].position}, '{heads[service].hash}')" for number, service in enumerate(SERVICES))
    names = ", ".join(f"'{service}'" for service in SERVICES)
    found = connection.execute(
        f"WITH head(service, position, hash) AS (VALUES {befores}), "  # noqa: S608
        "placed AS (SELECT r.*, coalesce(lag(r.position) OVER w, head.position) AS before, "
        "coalesce(lag(r.own_hash) OVER w, head.hash) AS chained "
        f"FROM (FROM ({told})) r JOIN head USING (service) WINDOW w AS (PARTITION BY service ORDER BY r.position)), "
        "judged AS (SELECT service, position, before, own_position, "
        "own_position IS NOT DISTINCT FROM position::VARCHAR "
        f"AND split_part(own_type, '.', 1) IS NOT DISTINCT FROM list_extract([{names}], service + 1) AS itself, "
        "split_part(source, '/', 2) AS county, prevhash IS NOT DISTINCT FROM chained AS follows, beside FROM placed) "
        "SELECT * FROM judged WHERE position <> before + 1 OR NOT itself OR county IS DISTINCT FROM $county OR NOT follows OR NOT beside "
        "ORDER BY service, position LIMIT 1",
        {"county": county},
    ).fetchone()
    if found is None:
        return None
    number, position, before, own, itself, its_county, follows, _ = found
    service = SERVICES[number]
    if position > before + 1:
        return Fault(service, before + 1, f"缺少，下一条为第 {position} 条", f"is missing: the next one is {position}")
    if position <= before:
        return Fault(service, position, "重复", "comes twice")
    if own is None:
        return Fault(service, position, "不是已记录的事实", "is no record")
    if not itself:
        return Fault(service, position, f"此处的记录自称为另一条（第 {own} 条）", f"the record there says that it is another ({own})")
    if its_county != county:
        return Fault(service, position, f"属于县 {its_county}", f"is of county {its_county}")
    if not follows:
        return Fault(
            service, position, "与前一条不相接，前一条或本条被改动", "does not follow the one before it: one of the two was changed"
        )
    return Fault(service, position, "旁列内容与记录不符", "the columns beside the record do not say what it says")
