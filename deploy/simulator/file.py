"""Simulated reports as a file: what `kaiye simulate` writes."""

from collections.abc import Iterable
from pathlib import Path

import orjson

from deploy.simulator.report import SimulatedReport
from shared.days import instant_text


def report_line(county: str, report: SimulatedReport) -> bytes:
    """One line of JSON: where the report comes from, when, and the report itself (as text where it is not JSON)."""
    try:
        orjson.loads(report.raw)
        body: object = orjson.Fragment(report.raw)
    except orjson.JSONDecodeError:
        body = report.raw.decode("utf-8", "backslashreplace")
    return orjson.dumps(
        {
            "county": county, "department": report.department, "system": report.system, "type": report.type,
            "instant": instant_text(report.instant), "report": body,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )  # fmt: skip


def write_reports(path: Path, county: str, reports: Iterable[SimulatedReport]) -> int:
    """Write one report per line, in their order; returns how many. These are reports, not records: no position, no hash.

    Raises OSError when the file cannot be written.
    """
    written = 0
    with path.open("wb") as out:
        for report in reports:
            out.write(report_line(county, report))
            written += 1
    return written
