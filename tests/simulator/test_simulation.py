import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice, pairwise
from pathlib import Path

import orjson
import pytest

from deploy.simulator import SimulatedReport, dirt, simulate, unit_reports
from deploy.simulator import outbox as outboxes
from deploy.simulator.desks import Desk
from deploy.simulator.outbox import Outbox, Outgoing, day_of_us, midnight_us
from services.indicators.evaluation.county import County
from shared.contracts import FACTS, parse_fact
from shared.contracts.base import SERVICES
from shared.contracts.common import COMMON_FACTS, common_type
from shared.contracts.envelope import ReportEnvelope, Source, report_bytes
from shared.contracts.finance import LoanRepaid
from shared.days import day_of
from tests.simulator.conftest import SEED, YEAR

NOT_IN_A_HISTORY = (
    ("registry.unit_listed", "the office lists the units once, years before any history: unit_reports"),
    ("registry.day_closed", "recorded by the service itself; a report of it is refused"),
    ("training.day_closed", "recorded by the service itself; a report of it is refused"),
    ("finance.day_closed", "recorded by the service itself; a report of it is refused"),
)
PEAK_MB_MAX = 130


@dataclass(frozen=True)
class Unit:
    code: str
    name: str
    urban_rural_class: str | None = None


def digest(reports: Sequence[SimulatedReport]) -> str:
    whole = hashlib.sha256()
    for report in reports:
        whole.update(repr(report).encode())
    return whole.hexdigest()


@pytest.mark.parametrize("facts", [0, 1, 50, 1_000, 7_777])
def test_exactly_as_many_reports_as_asked_for(county: County, facts: int) -> None:
    assert sum(1 for _ in simulate(county.roster, county.plan, SEED, facts)) == facts


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(county: County) -> None:
    first, again, other = (digest(list(simulate(county.roster, county.plan, seed, 3_000))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_bytes_do_not_depend_on_the_process(county: County) -> None:
    program = (
        "import sys, hashlib; from pathlib import Path; from deploy.simulator import simulate;"
        "from services.indicators.evaluation.county import load_county;"
        "county = load_county(Path('deploy/counties/example'));"
        f"reports = simulate(county.roster, county.plan, {SEED}, 1_000);"
        "print(hashlib.sha256(b''.join(repr(report).encode() for report in reports)).hexdigest())"
    )
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        found = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60)
        assert found.stdout.strip() == digest(list(simulate(county.roster, county.plan, SEED, 1_000)))


def test_instants_never_decrease_and_lie_within_the_story(full_size: Sequence[SimulatedReport]) -> None:
    assert all(earlier.instant <= later.instant for earlier, later in pairwise(full_size))
    assert all(report.instant.tzinfo is UTC for report in full_size)
    assert day_of(full_size[0].instant) < date(YEAR - 3, 2, 1)
    assert date(YEAR + 1, 3, 20) < day_of(full_size[-1].instant) <= date(YEAR + 1, 3, 31)


def test_the_plan_year_is_dense_and_the_history_thinner(full_size: Sequence[SimulatedReport]) -> None:
    by_year = Counter(day_of(report.instant).year for report in full_size)
    assert by_year[YEAR - 3] < by_year[YEAR - 2] < by_year[YEAR - 1] < by_year[YEAR] / 2
    assert by_year[YEAR + 1] > 5_000  # within its first quarter


def test_every_type_of_fact_occurs(full_size: Sequence[SimulatedReport]) -> None:
    every = {fact.type for fact in FACTS} | {common_type(shape, service) for shape in COMMON_FACTS for service in SERVICES}
    assert {type_ for type_, _ in NOT_IN_A_HISTORY} < every
    assert {report.type for report in full_size} == every - {type_ for type_, _ in NOT_IN_A_HISTORY}


def test_every_clean_report_is_a_fact_of_its_contract(full_size: Sequence[SimulatedReport], county: County) -> None:
    clean = [report for report in full_size if report.dirt == "clean"]
    assert len(clean) > 50_000
    for report in clean:
        body = orjson.loads(report.raw)
        envelope = ReportEnvelope.model_validate(body)
        assert envelope.source == f"/{county.code}/{report.department}/{report.system}"
        assert envelope.id == report.id
        type_, _, version = envelope.type.rpartition(".v")
        assert type_ == report.type
        assert envelope.occurred <= day_of(report.instant)
        fact = parse_fact(report.type, int(version), body["data"])
        assert fact.unit is None or fact.unit in county.units
        assert fact.park is None or fact.park in county.units


def test_what_is_told_does_not_depend_on_which_systems_were_renewed(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report is there, of the same day and instant, and says the same: but for the interest, which only a renewed one states."""
    mixed = list(simulate(county.roster, county.plan, SEED, 20_000))
    with monkeypatch.context() as patch:
        for module in (outboxes, dirt):
            patch.setattr(module, "as_sent", lambda _, data: (1, data))
        plain = list(simulate(county.roster, county.plan, SEED, 20_000))
    assert len(mixed) == len(plain)
    versions, corrections = Counter[int](), Counter[int]()
    for now, then in zip(mixed, plain, strict=True):
        assert now._replace(raw=b"") == then._replace(raw=b"")
        if now.raw == then.raw and now.type != LoanRepaid.type:
            continue
        said, before = orjson.loads(now.raw), orjson.loads(then.raw)
        if now.type == LoanRepaid.type:
            version = int(said["type"].rpartition(".v")[2])
            versions[version] += 1
        else:
            assert now.type == "finance.fact_corrected"
            said, before = said["data"], before["data"]
            version = said["version"]
            corrections[version] += 1
        if now.dirt not in ("malformed", "mistyped"):
            told, told_before = (parse_fact(LoanRepaid.type, of, each["data"]) for of, each in ((version, said), (1, before)))
            assert told.model_copy(update={"interest_fen": None}) == told_before
            assert said["occurred"] == before["occurred"]
    assert min(versions[1], versions[2]) > 0.3 * versions.total() > 30, versions
    assert corrections[2] > 0, corrections


def test_no_clean_report_is_sent_twice(full_size: Sequence[SimulatedReport]) -> None:
    keys = Counter((report.department, report.system, report.id) for report in full_size if report.dirt == "clean")
    assert max(keys.values()) == 1


def test_reports_come_lazily(county: County) -> None:
    started = time.monotonic()
    first = list(islice(simulate(county.roster, county.plan, SEED, 10_000_000), 100))
    assert len(first) == 100
    assert time.monotonic() - started < 20  # ten million would take minutes


def test_memory_is_bounded_by_what_goes_on_and_not_by_what_was_sent(tmp_path: Path) -> None:
    program = (
        "import re, sys; from pathlib import Path; from deploy.simulator import simulate, write_reports;"
        "from services.indicators.evaluation.county import load_county;"
        "county = load_county(Path('deploy/counties/example'));"
        f"write_reports(Path(sys.argv[1]), county.code, simulate(county.roster, county.plan, {SEED}, 300_000));"
        "print(int(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "reports.jsonl")]
    peak_mb = int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)
    assert peak_mb < PEAK_MB_MAX
    assert (tmp_path / "reports.jsonl").stat().st_size > PEAK_MB_MAX * 900_000


def test_a_county_without_parks_communities_and_villages_has_a_story_too(county: County) -> None:
    units = [Unit("330999000000", "小县"), Unit("330999100000", "一镇"), Unit("330999101000", "二镇")]
    reports = list(simulate(units, county.plan, SEED, 2_000))
    assert len(reports) == 2_000
    named = {orjson.loads(report.raw)["data"].get("unit") for report in reports if report.dirt == "clean"}
    assert named - {None} <= {unit.code for unit in units}


def test_a_county_without_townships_has_no_departments(county: County) -> None:
    with pytest.raises(ValueError, match="without townships"):
        next(simulate([Unit("330999000000", "小县")], county.plan, SEED, 10))


def test_a_small_story_keeps_to_the_calendar_as_well(county: County) -> None:
    reports = list(simulate(county.roster, county.plan, SEED, 1_000))
    by_year = Counter(day_of(report.instant).year for report in reports)
    assert by_year[YEAR] > 400
    assert by_year[YEAR + 1] > 50
    types = {report.type for report in reports}
    assert {
        "registry.entity_registered", "registry.employment_started", "training.trainee_completed", "training.survey_answered",
        "finance.loan_disbursed", "finance.loan_repaid", "registry.statistic_published", "registry.unit_designated",
    } <= types  # fmt: skip


def test_every_unit_is_listed_once_years_before_higher_ones_first(county: County) -> None:
    listed = list(unit_reports(county))
    facts = [parse_fact(report.type, 1, orjson.loads(report.raw)["data"]) for report in listed]
    assert sorted(fact.code for fact in facts) == sorted(county.units)  # type: ignore[union-attr]
    assert orjson.loads(listed[0].raw)["data"]["code"] == county.code
    assert all(earlier.instant < later.instant for earlier, later in pairwise(listed))
    assert day_of(listed[-1].instant) < date(YEAR - 3, 1, 1)
    assert {orjson.loads(report.raw)["occurred"] for report in listed} == {"2000-01-01"}
    assert {report.type for report in listed} == {"registry.unit_listed"}


def test_units_are_listed_at_the_instant_one_asks_for(county: County) -> None:
    at = datetime(2021, 12, 31, tzinfo=UTC)
    assert next(unit_reports(county, instant=at)).instant == at


def test_reports_are_written_as_clients_write_them() -> None:
    outbox = Outbox(date(2025, 1, 1).toordinal(), date(2025, 1, 3).toordinal())
    desk = Desk("330127000000", "gsj", "dengji")
    day = date(2025, 1, 2).toordinal()
    outbox.send(Outgoing(midnight_us(day) + 1, desk, "r-1", "registry.entity_suspended", day, {"entity": "330127600000001"}))
    (report,) = outbox.take(day)
    assert report.raw == report_bytes(
        source=Source("330127000000", "gsj", "dengji"), id="r-1", type="registry.entity_suspended", occurred=date(2025, 1, 2),
        data={"entity": "330127600000001"},
    )  # fmt: skip
    assert report.instant == datetime(2025, 1, 1, 16, 0, 0, 1, tzinfo=UTC)


def test_midnight_is_shanghais() -> None:
    day = date(2025, 7, 1).toordinal()
    assert day_of_us(midnight_us(day)) == day
    assert day_of_us(midnight_us(day) - 1) == day - 1


def test_nothing_is_kept_for_days_after_the_last() -> None:
    day = date(2025, 1, 1).toordinal()
    outbox = Outbox(day, day)
    outbox.send(Outgoing(midnight_us(day + 1), Desk("330127000000", "gsj", "dengji"), "r-1", "registry.entity_suspended", day, {}))
    assert outbox.waiting(day + 1) == 0


@pytest.mark.parametrize("year", [2010, 2024])
def test_any_plan_year_has_its_story_leap_years_too(county: County, year: int) -> None:
    reports = list(simulate(county.roster, county.plan.model_copy(update={"year": year}), SEED, 4_000))
    assert len(reports) == 4_000
    assert next(unit_reports(county)).instant < reports[0].instant
    assert day_of(reports[0].instant).year == year - 3
    assert day_of(reports[-1].instant).year == year + 1
