from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from deploy.simulator import SimulatedReport, simulate, write_reports
from services.indicators.evaluation.county import County
from shared.contracts.envelope import parse_record
from shared.days import instant_from
from tests.simulator.conftest import SEED


def test_one_report_a_line_with_where_it_comes_from_and_when(county: County, tmp_path: Path) -> None:
    reports = list(simulate(county.roster, county.plan, SEED, 2_000))
    path = tmp_path / "reports.jsonl"
    assert write_reports(path, county.code, reports) == 2_000
    lines = path.read_bytes().splitlines()
    assert len(lines) == 2_000
    for line, report in zip(lines, reports, strict=True):
        read = orjson.loads(line)
        assert (read["county"], read["department"], read["system"]) == (county.code, report.department, report.system)
        assert read["type"] == report.type
        assert instant_from(read["instant"]) == report.instant
        if report.dirt != "malformed":
            assert orjson.dumps(read["report"]) == report.raw


def test_what_is_not_json_is_written_as_text(tmp_path: Path) -> None:
    broken = SimulatedReport("gsj", "dengji", "r-1", "registry.entity_moved", b'{"id": \xff', datetime(2025, 1, 1, tzinfo=UTC), "malformed")
    path = tmp_path / "reports.jsonl"
    write_reports(path, "330127000000", [broken])
    assert orjson.loads(path.read_bytes())["report"] == '{"id": \\xff'


def test_no_line_passes_for_a_record(county: County, tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    write_reports(path, county.code, simulate(county.roster, county.plan, SEED, 20))
    for line in path.read_bytes().splitlines():
        with pytest.raises(ValueError, match="not a recorded fact"):
            parse_record(line)
