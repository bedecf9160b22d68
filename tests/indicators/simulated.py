"""Records as simulated departments would bring them about, without the write services."""

from datetime import date

import orjson

from deploy.simulator import simulate, unit_reports
from services.indicators.evaluation.county import County
from shared.contracts import UnknownFactTypeError, parse_fact
from shared.contracts.common import common_class
from shared.contracts.envelope import NO_HASH, TYPE_PATTERN, Record, parse_record, record_bytes
from shared.days import day_of
from tests.indicators.comparing import example_county


def simulated(seed: int, facts: int, county: County | None = None) -> list[Record]:
    """What simulated departments of a county, else the example, report, taken down in order.

    Readable reports only, the first of each id, amendments of what is there.
    """
    county = county or example_county()
    records: list[Record] = []
    told: dict[tuple[str, str], str] = {}
    position: dict[str, int] = {}
    last_hash: dict[str, str] = {}
    for report in [*unit_reports(county), *simulate(county.roster, county.plan, seed, facts)]:
        try:
            body = orjson.loads(report.raw)
            match = TYPE_PATTERN.fullmatch(body["type"])
            occurred = date.fromisoformat(body["occurred"])
        except (ValueError, KeyError, TypeError):
            continue
        if match is None or (body["source"], body["id"]) in told or occurred > day_of(report.instant):
            continue
        service, type_ = match[1], f"{match[1]}.{match[2]}"
        if common_class(type_) is None:
            try:
                parse_fact(type_, int(match[3]), body["data"])
            except (ValueError, UnknownFactTypeError):
                continue
            told[body["source"], body["id"]] = service
        elif told.get((body["data"].get("source"), body["data"].get("id"))) != service:
            continue
        position[service] = position.get(service, 0) + 1
        record = parse_record(record_bytes(
            source=body["source"], id=body["id"], type=type_, version=int(match[3]), occurred=occurred, recorded=report.instant,
            position=position[service], prevhash=last_hash.get(service, NO_HASH), data=body["data"],
        ))  # fmt: skip
        last_hash[service] = record.hash
        records.append(record)
    return records
