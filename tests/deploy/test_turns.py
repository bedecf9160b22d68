"""Simulated reports keep their order where it decides what comes of them, and only there."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.simulator import simulate
from deploy.turns import Turns
from services.indicators.evaluation.county import load_county
from shared.client import OutgoingReport
from shared.contracts.envelope import Source, report_bytes

COUNTY = "330127000000"
NOON = datetime(2025, 3, 1, 4, tzinfo=UTC)
EXAMPLE = Path(__file__).parent.parent.parent / "deploy" / "counties" / "example"


def _report(id: str, type: str, data: dict[str, Any], *, day: date = date(2025, 3, 1), instant: datetime = NOON) -> OutgoingReport:
    source = Source(COUNTY, "bank", "core")
    return OutgoingReport(source, type, report_bytes(source=source, id=id, type=type, occurred=day, data=data), id, instant)


def _statistic(id: str, value: int, **more: Any) -> OutgoingReport:
    return _report(id, "registry.statistic_published", {"series": "urban_workers", "period_end": "2025-02-28", "value": value}, **more)


def _key(report: OutgoingReport) -> tuple[str, str]:
    return str(report.source), report.id


def _ids(reports: Sequence[OutgoingReport]) -> list[str]:
    return [report.id for report in reports]


def test_what_speaks_of_different_things_is_sent_at_once() -> None:
    turns = Turns()
    first = _report("1", "registry.employment_ended", {"entity": "E", "person": "P"})
    other = _report("2", "registry.employment_ended", {"entity": "E", "person": "Q"})
    assert [*turns.put(first), *turns.put(other)] == [first, other]
    assert len(turns) == 0


def test_what_speaks_of_the_same_thing_waits_for_the_answer() -> None:
    turns = Turns()
    reports = [_statistic("1", 1), _statistic("2", 2), _statistic("3", 3)]
    assert _ids([one for report in reports for one in turns.put(report)]) == ["1"]
    assert len(turns) == 2
    assert _ids([*turns.answered(_key(reports[0]))]) == ["2"]
    assert _ids([*turns.answered(_key(reports[0]))]) == []  # a later answer to the same report
    assert _ids([*turns.answered(_key(reports[1]))]) == ["3"]
    assert _ids([*turns.answered(_key(reports[2]))]) == []
    assert _ids([*turns.put(_statistic("4", 4))]) == ["4"]


def test_a_day_that_is_none_holds_nobody_up_but_keeps_its_place() -> None:
    turns = Turns()
    right = _report("1", "registry.employment_ended", {"entity": "E", "person": "P"})
    number = OutgoingReport(right.source, right.type, right.raw.replace(b'"2025-03-01"', b"45717"), "1", NOON)
    other = _report("2", "registry.employment_ended", {"entity": "E", "person": "Q"}, instant=NOON + timedelta(days=900))
    assert [*turns.put(number), *turns.put(right), *turns.put(other)] == [number, right, other]
    assert [*turns.answered(_key(number)), *turns.answered(_key(right))] == []
    assert len(turns) == 0


def test_amendments_of_one_fact_keep_their_order() -> None:
    turns = Turns()
    target = {"source": f"/{COUNTY}/bank/core", "id": "9", "reason": "录入有误"}
    correction = {**target, "occurred": "2025-02-01", "version": 1, "data": {}}
    first, second = (_report(id, "finance.fact_corrected", correction) for id in "12")
    other = _report("3", "finance.fact_corrected", {**correction, "id": "8"})
    assert _ids([one for report in (first, second, other) for one in turns.put(report)]) == ["1", "3"]


def test_no_report_brings_the_day_of_a_fact_to_come_before_that_is_answered() -> None:
    turns = Turns()
    ahead = _statistic("1", 1, day=date(2025, 3, 2))
    same_day = _report("2", "registry.meeting_held", {"meeting": "M1"}, instant=NOON + timedelta(hours=1))
    next_day = _report("3", "registry.meeting_held", {"meeting": "M2"}, instant=NOON + timedelta(days=1))
    after_it = _report("4", "registry.meeting_held", {"meeting": "M3"}, instant=NOON + timedelta(days=2))
    elsewhere = _report("5", "finance.loan_settled", {"loan": "L"}, instant=NOON + timedelta(days=2))
    assert _ids([one for report in (ahead, same_day, next_day, after_it, elsewhere) for one in turns.put(report)]) == ["1", "2", "5"]
    assert _ids([*turns.answered(_key(same_day))]) == []
    assert _ids([*turns.answered(_key(ahead))]) == ["3", "4"]
    assert len(turns) == 0


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"data": 3, "occurred": "2025-01-01"}', b"{}"])
def test_what_cannot_be_read_is_sent_at_once(raw: bytes) -> None:
    turns = Turns()
    report = _statistic("1", 1)._replace(raw=raw)
    assert [*turns.put(report), *turns.put(report)] == [report, report]


def test_every_report_of_a_history_is_sent_exactly_once_however_answers_come() -> None:
    county = load_county(EXAMPLE)
    turns = Turns()
    asked: list[OutgoingReport] = []
    sent: list[OutgoingReport] = []
    held = 0
    for simulated in simulate(county.roster, county.plan, 3, 4000):
        source = Source(COUNTY, simulated.department, simulated.system)
        asked.append(OutgoingReport(source, simulated.type, simulated.raw, simulated.id, simulated.instant))
        sent += turns.put(asked[-1])
        if len(asked) % 400 == 0:  # answers come late and in bulk, newest first
            held += len(turns)
            for report in reversed(sent[-800:]):
                sent += turns.answered(_key(report))
    assert held > 0
    for report in sent:
        sent += turns.answered(_key(report))
    assert len(turns) == 0
    assert sorted(map(id, sent)) == sorted(map(id, asked))
