"""Each kind of dirt is what it says, and as frequent as it says."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from deploy.simulator import SimulatedReport
from deploy.simulator.rates import DIRT_RATES, MENDED_SHARE, UNDATED_SHARE, VOIDED_BEFORE_SHARE, Dirt
from services.indicators.evaluation.county import County
from shared.contracts import Fact, parse_fact
from shared.contracts.base import natural_key_of
from shared.contracts.common import FactCorrected, FactVoided
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


def natural(report: SimulatedReport) -> str:
    occurred, data = content(report)
    fact: Fact = parse_fact(report.type, 1, data)
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


@pytest.mark.parametrize("dirt", ["late", "overtaken", "confirming", "voiding", "malformed", "future_day"])
def test_dirt_that_strikes_any_report_is_as_frequent_as_its_rate(of: OfDirt, full_size: Sequence[SimulatedReport], dirt: Dirt) -> None:
    expected = DIRT_RATES[dirt] * len(full_size)
    assert 0.7 * expected < len(of(dirt)) < 1.15 * expected + 25


@pytest.mark.parametrize("dirt", ["conflicting", "contradicting", "correcting", "wrong_check", "unknown_unit", "foreign_source"])
def test_dirt_that_strikes_some_reports_is_not_more_frequent_than_its_rate(
    of: OfDirt, full_size: Sequence[SimulatedReport], dirt: Dirt
) -> None:
    expected = DIRT_RATES[dirt] * len(full_size)
    assert 0.25 * expected < len(of(dirt)) < 1.15 * expected + 25


def test_what_cannot_be_struck_otherwise_is_sent_again(of: OfDirt, full_size: Sequence[SimulatedReport]) -> None:
    assert DIRT_RATES["resent"] * 0.9 < len(of("resent")) / len(full_size) < DIRT_RATES["resent"] * 2


def test_late_reports_come_weeks_after_their_day(of: OfDirt) -> None:
    for report in of("late"):
        assert 14 <= (day_of(report.instant) - date.fromisoformat(body(report)["occurred"])).days <= 200


def test_late_and_overtaken_reports_are_right_in_themselves(of: OfDirt) -> None:
    for report in of("late") + of("overtaken"):
        assert parse_fact(report.type, 1, body(report)["data"]).type == report.type


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
    assert 1 <= anew < len(voided)


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
            parse_fact(report.type, 1, body(report)["data"])


def test_unknown_units_are_on_no_roster(of: OfDirt, county: County) -> None:
    for report in of("unknown_unit"):
        fact = parse_fact(report.type, 1, body(report)["data"])
        assert fact.unit is not None
        assert fact.unit not in county.units


def test_future_days_are_after_the_day_of_the_report(of: OfDirt) -> None:
    for report in of("future_day"):
        assert date.fromisoformat(body(report)["occurred"]) > day_of(report.instant)


def test_foreign_sources_name_another_department(of: OfDirt) -> None:
    for report in of("foreign_source"):
        assert body(report)["source"].split("/")[2] != report.department


def test_most_spoiled_reports_are_sent_again_properly(of: OfDirt, by_key: dict[Key, list[SimulatedReport]]) -> None:
    spoiled = of("malformed") + of("wrong_check") + of("future_day") + of("foreign_source")
    mended = sum(any(later.dirt == "clean" and later.instant > report.instant for later in by_key[key(report)]) for report in spoiled)
    assert MENDED_SHARE - 0.12 < mended / len(spoiled) < MENDED_SHARE + 0.09


def test_undated_disbursements_stand_on_the_day_of_their_report(of: OfDirt, full_size: Sequence[SimulatedReport]) -> None:
    disbursed = sum(report.type == "finance.loan_disbursed" for report in full_size)
    assert 0.3 * UNDATED_SHARE < len(of("undated")) / disbursed < 2.5 * UNDATED_SHARE
    dated_later = {(body(report)["data"]["source"], body(report)["data"]["id"]) for report in of("correcting")}
    for report in of("undated"):
        assert body(report)["data"]["undated"] is True
        assert body(report)["occurred"] == day_of(report.instant).isoformat()
    assert any((body(report)["source"], report.id) in dated_later for report in of("undated"))
