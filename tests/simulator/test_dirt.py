"""Each kind of dirt is what it says (how frequent it is: `test_rates.py`)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from deploy.simulator import SimulatedReport
from deploy.simulator.codes import full_width
from deploy.simulator.rates import MENDED_SHARE, VOIDED_BEFORE_SHARE, Dirt
from services.indicators.evaluation.county import County
from shared.contracts import Fact, parse_fact
from shared.contracts.base import natural_key_of
from shared.contracts.common import FactCorrected, FactVoided
from shared.contracts.envelope import ReportEnvelope
from shared.days import day_of

Key = tuple[str, str]
OfDirt = Callable[[Dirt], list[SimulatedReport]]


def body(report: SimulatedReport) -> dict[str, Any]:
    read: dict[str, Any] = orjson.loads(report.raw)
    return read


def key(report: SimulatedReport) -> Key:
    return (f"{report.department}/{report.system}", report.id)


def content(report: SimulatedReport) -> tuple[str, Any]:
    read = body(report)
    return read["occurred"], read["data"]


def told(report: SimulatedReport) -> Fact:
    read = body(report)
    type_, _, version = read["type"].rpartition(".v")
    return parse_fact(type_, int(version), read["data"])


def natural(report: SimulatedReport) -> str:
    occurred, _ = content(report)
    fact = told(report)
    return natural_key_of(fact, date.fromisoformat(occurred))


@pytest.fixture(scope="module")
def of(full_size: Sequence[SimulatedReport]) -> OfDirt:
    by_dirt: defaultdict[Dirt, list[SimulatedReport]] = defaultdict(list)
    for report in full_size:
        by_dirt[report.dirt].append(report)
    return lambda dirt: by_dirt[dirt]


@pytest.fixture(scope="module")
def by_key(full_size: Sequence[SimulatedReport]) -> dict[Key, list[SimulatedReport]]:
    found: defaultdict[Key, list[SimulatedReport]] = defaultdict(list)
    for report in full_size:
        found[key(report)].append(report)
    return found


def test_late_reports_come_weeks_after_their_day(of: OfDirt) -> None:
    for report in of("late"):
        assert 14 <= (day_of(report.instant) - date.fromisoformat(body(report)["occurred"])).days <= 200


def test_late_and_overtaken_reports_are_right_in_themselves(of: OfDirt) -> None:
    for report in of("late") + of("overtaken"):
        assert told(report).type == report.type


def test_some_openings_are_overtaken_by_what_needs_them(full_size: Sequence[SimulatedReport]) -> None:
    opened: set[str] = set()
    before = Counter[str]()
    for report in full_size:
        if report.dirt in ("clean", "late", "overtaken") and report.type.startswith(("registry.", "finance.loan", "training.")):
            data = body(report)["data"]
            for name, opener in (
                ("entity", "registry.entity_registered"), ("loan", "finance.loan_applied"), ("course", "training.course_opened"),
            ):  # fmt: skip
                if report.type == opener:
                    opened.add(data[name])
                elif data.get(name) is not None and data[name] not in opened and report.type.startswith(opener.partition(".")[0]):
                    before[name] += 1
    assert before["entity"] > 20
    assert before["loan"] > 1
    assert sum(before.values()) < 0.03 * len(full_size)


def test_a_report_sent_again_is_the_same_to_the_byte(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    for report in of("resent"):
        first = by_key[key(report)][0]
        assert first.raw == report.raw
        assert first.instant < report.instant


def test_a_conflicting_report_has_the_id_of_another_and_says_something_else(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    for report in of("conflicting"):
        first = by_key[key(report)][0]
        assert first.type == report.type
        assert first.instant < report.instant
        assert content(first) != content(report)


@pytest.mark.parametrize(("dirt", "same"), [("confirming", True), ("contradicting", False)])
def test_a_second_system_reports_the_same_fact(of: OfDirt, full_size: Sequence[SimulatedReport], dirt: Dirt, same: bool) -> None:
    wanted = {natural(report) for report in of(dirt)}
    first: dict[str, SimulatedReport] = {}
    types = {report.type for report in of(dirt)}
    for report in full_size:
        if report.type in types and report.dirt in ("clean", "late", "overtaken"):
            name = natural(report)
            if name in wanted:
                first.setdefault(name, report)
    agreeing = 0
    for report in of(dirt):
        original = first[natural(report)]
        assert (original.department, original.id) != (report.department, report.id)
        agreeing += content(original) == content(report)
    assert agreeing >= 0.9 * len(of(dirt)) if same else agreeing <= 0.1 * len(of(dirt))


def test_voids_and_corrections_name_an_earlier_report_of_the_same_service_by_its_department_or_the_office(
    of: OfDirt, by_key: dict[Key, list[SimulatedReport]]
) -> None:
    offices = 0
    for report in of("voiding") + of("correcting"):
        read = body(report)
        shape = FactVoided if report.type.endswith("voided") else FactCorrected
        amendment = shape.model_validate(read["data"])
        target = by_key[(amendment.source.partition("/")[2].partition("/")[2], amendment.id)][0]
        assert target.instant < report.instant
        assert target.type.partition(".")[0] == report.type.partition(".")[0]
        offices += report.department == "chuangjianban"
        assert report.department in (target.department, "chuangjianban")
        if isinstance(amendment, FactCorrected):
            assert parse_fact(target.type, amendment.version, amendment.data).type == target.type
            assert amendment.occurred <= day_of(report.instant)
            assert (amendment.occurred.isoformat(), amendment.data) != content(target)
    assert offices > 50


def test_some_registrations_get_other_founders_and_some_are_voided_with_dependents(
    of: OfDirt, by_key: dict[Key, list[SimulatedReport]], full_size: Sequence[SimulatedReport]
) -> None:
    other_founders = 0
    voided: dict[str, SimulatedReport] = {}
    for report in of("correcting") + of("voiding"):
        data = body(report)["data"]
        target = by_key[(data["source"].partition("/")[2].partition("/")[2], data["id"])][0]
        if target.type == "registry.entity_registered":
            was = body(target)["data"]
            if report.type == "registry.fact_voided":
                voided[was["entity"]] = report
            else:
                other_founders += was["founders"] != data["data"]["founders"]
    dependents, anew = Counter[str](), 0
    for report in full_size:
        if report.dirt == "clean" and report.type.startswith("registry."):
            data = body(report)["data"]
            entity = data.get("entity")
            if entity in voided:
                anew += report.type == "registry.entity_registered" and report.instant > voided[entity].instant
                dependents[entity] += 1
    assert other_founders >= 2
    assert len(dependents) >= 3
    assert anew >= 1


def test_some_voids_meet_what_is_void_already(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    again = of("voided_before")
    assert 0.3 * VOIDED_BEFORE_SHARE < len(again) / len(of("voiding")) < 2 * VOIDED_BEFORE_SHARE
    targets = Counter[str]()
    for report in again:
        data = body(report)["data"]
        target = by_key[(data["source"].partition("/")[2].partition("/")[2], data["id"])][0]
        targets["a void" if target.type.endswith("fact_voided") else report.type.partition(".")[2]] += 1
    assert set(targets) == {"a void", "fact_voided", "fact_corrected"}


def test_malformed_reports_are_not_json(of: OfDirt) -> None:
    for report in of("malformed"):
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(report.raw)


def test_a_wrong_check_character_fails_the_contract(of: OfDirt) -> None:
    for report in of("wrong_check"):
        with pytest.raises(ValidationError, match="check character"):
            told(report)


def test_unknown_units_are_on_no_roster(of: OfDirt, county: County) -> None:
    for report in of("unknown_unit"):
        fact = told(report)
        assert fact.unit is not None
        assert fact.unit not in county.units


def test_future_days_are_after_the_day_of_the_report(of: OfDirt) -> None:
    for report in of("future_day"):
        assert date.fromisoformat(body(report)["occurred"]) > day_of(report.instant)


def test_what_a_spreadsheet_mistypes_fails_the_contract(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    ways = Counter[str]()
    for report in of("mistyped"):
        read = body(report)
        unit = read["data"].get("unit")
        if isinstance(read["occurred"], int):
            way = "day"
            assert date(1899, 12, 30) + timedelta(days=read["occurred"]) <= day_of(report.instant)
        else:
            way = "number" if isinstance(unit, int) else "full width"
            right = [content(later)[1]["unit"] for later in by_key[key(report)] if later.dirt == "clean"]
            assert all(unit in (int(code), full_width(code)) for code in right)
        ways[way] += 1
        with pytest.raises(ValidationError):
            ReportEnvelope.model_validate(read)
            told(report)
    assert min(ways[way] for way in ("day", "number", "full width")) >= 2


def test_a_number_without_its_zeros_is_another_id_for_the_same_fact(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    for report in of("lost_zeros"):
        system, _, number = report.id.rpartition("-")
        assert not number.startswith("0")
        first = by_key[(f"{report.department}/{report.system}", f"{system}-{number:>08}")][0]
        assert first.instant < report.instant
        assert content(first) == content(report)


def test_units_that_are_gone_were_merged_or_dissolved_before_that_day(of: OfDirt, full_size: Sequence[SimulatedReport]) -> None:
    ended: dict[str, str] = {}
    for report in full_size:
        if report.type in ("registry.unit_merged", "registry.unit_dissolved"):
            ended[body(report)["data"]["code"]] = body(report)["occurred"]
    assert len(ended) == 4
    for report in of("gone_unit"):
        occurred, data = content(report)
        assert ended[data["unit"]] < occurred


def test_nobody_else_may_void_what_a_department_reported(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    for report in of("unauthorised"):
        void = FactVoided.model_validate(body(report)["data"])
        _, _, department, system = void.source.split("/")
        assert by_key[(f"{department}/{system}", void.id)][0].instant < report.instant
        assert report.department not in (department, "chuangjianban")


def test_foreign_sources_name_another_department(of: OfDirt) -> None:
    for report in of("foreign_source"):
        assert body(report)["source"].split("/")[2] != report.department


def test_most_spoiled_reports_are_sent_again_properly(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    spoiled = of("malformed") + of("mistyped") + of("wrong_check") + of("gone_unit") + of("future_day") + of("foreign_source")
    mended = sum(any(later.dirt == "clean" and later.instant > report.instant for later in by_key[key(report)]) for report in spoiled)
    assert MENDED_SHARE - 0.12 < mended / len(spoiled) < MENDED_SHARE + 0.09


def test_undated_disbursements_stand_on_the_day_of_their_report(of: OfDirt) -> None:
    dated_later = {(body(report)["data"]["source"], body(report)["data"]["id"]) for report in of("correcting")}
    for report in of("undated"):
        assert body(report)["data"]["undated"] is True
        assert body(report)["occurred"] == day_of(report.instant).isoformat()
    assert any((body(report)["source"], report.id) in dated_later for report in of("undated"))
