"""Duties and documents on the board: due by the plan file, accepted by facts, judged on the edges of their days."""

from datetime import date

import pytest

from services.indicators.answers import Row, ask, board
from services.indicators.evaluation.plan import Duty
from services.indicators.live import Live
from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyReturned
from tests.indicators.comparing import FAR, live, plan_of
from tests.support.records import COUNTY, PARK, TOWN, TOWN_B, VILLAGE, Records

FEBRUARY, MARCH, AUGUST = date(2024, 2, 29), date(2024, 3, 15), date(2024, 8, 31)


def duty(id: str, due: date, system: str, **owing: object) -> Duty:
    return Duty.model_validate({"id": id, "clause": "三(一)1", "quote": "原文", "due": due, "evidence": "文件", "system": system, **owing})


DUTIES = (
    duty("leading_group", FEBRUARY, "organisation", department="rsj"),
    duty("tax_relief", AUGUST, "policy", departments=("guoshui", "dsj")),
    duty("plans_submitted", MARCH, "organisation", units="townships_and_parks"),
    duty("documents_owed.site_rules", AUGUST, "policy", department="ghj"),
    duty("documents_owed.ybc", date(2024, 12, 31), "services", department="txw"),
)


async def service(records: Records, duties: tuple[Duty, ...] = DUTIES) -> Live:
    plan = plan_of(2024, None)
    same = {name: getattr(plan, name) for name in type(plan).model_fields}
    return await live(type(plan)(**(same | {"duties": duties})), [list(records)])


async def rows(records: Records, as_of: str, unit: str = COUNTY, duties: tuple[Duty, ...] = DUTIES) -> dict[tuple[str, str | None], Row]:
    snapshot = (await service(records, duties)).snapshot()
    found = board(snapshot, ask(snapshot, FAR, unit, date.fromisoformat(as_of), date(2025, 6, 30))).indicators
    return {(f"{row.id}.{row.variant}", row.part): row for row in found if row.id in ("duties", "documents_owed")}


def accepted(records: Records, on: str, **owing: str) -> None:
    records.add(on, DutyEvidenced.model_validate(owing))
    records.add(on, DutyAccepted.model_validate(owing))


async def test_duties_are_not_due_until_the_first_is_and_then_a_level_until_the_end_of_the_year() -> None:
    records = Records()
    accepted(records, "2024-02-28", duty="leading_group", department="rsj")
    accepted(records, "2024-03-16", duty="plans_submitted", unit=TOWN)
    found = {day: (await rows(records, day))["duties.default", None] for day in (
        "2023-12-31", "2024-02-28", "2024-02-29", "2024-03-15", "2024-03-16", "2024-12-31", "2025-03-01",
    )}  # fmt: skip
    assert {day: (row.numerator, row.denominator, row.status) for day, row in found.items()} == {
        "2023-12-31": (None, None, "not_due"), "2024-02-28": ("0", "0", "not_due"), "2024-02-29": ("1", "1", "met"),
        "2024-03-15": ("1", "5", "behind"), "2024-03-16": ("2", "5", "behind"), "2024-12-31": ("2", "9", "missed"),
        "2025-03-01": ("2", "9", "missed"),
    }  # fmt: skip
    assert found["2024-03-16"].value == "0.400000"
    assert found["2024-03-16"].baseline is None  # nobody owed any of it a year before
    assert [(target.value, target.clause) for target in found["2024-03-16"].targets] == [("1.000000", "五(三)")]


async def test_a_document_is_not_due_up_to_its_day_and_missed_from_the_next_however_late_it_comes() -> None:
    in_time, late = Records(), Records()
    accepted(in_time, "2024-08-31", duty="documents_owed.site_rules", department="ghj")
    accepted(late, "2024-09-01", duty="documents_owed.site_rules", department="ghj")
    row = "documents_owed.default", "site_rules"
    days = ("2023-12-31", "2024-08-30", "2024-08-31", "2024-09-01", "2024-12-31")
    assert [(await rows(in_time, day))[row].status for day in days] == ["not_due", "not_due", "met", "met", "met"]
    assert [(await rows(late, day))[row].status for day in days] == ["not_due", "not_due", "not_due", "missed", "missed"]
    found = await rows(late, "2024-09-01")
    assert (found[row].value, found[row].targets[0].value, found[row].targets[0].clause) == ("0", "1", "三(一)1")
    assert found["documents_owed.default", "ybc"].status == "not_due"
    assert found["duties.by_department", "ghj"].status == "shown"
    assert found["duties.by_department", "ghj"].value == "1.000000"


async def test_an_acceptance_that_is_taken_back_is_missed_too_and_a_voided_one_never_was() -> None:
    records = Records()
    accepted(records, "2024-08-01", duty="documents_owed.site_rules", department="ghj")
    accepted(records, "2024-09-01", duty="leading_group", department="rsj")
    told = records.add("2024-09-02", DutyReturned(duty="documents_owed.site_rules", department="ghj", reason="缺附件"))
    row = "documents_owed.default", "site_rules"
    assert [(await rows(records, day))[row].status for day in ("2024-09-01", "2024-09-02")] == ["met", "missed"]
    records.void(told, known="2024-10-01")
    assert (await rows(records, "2024-09-02"))[row].status == "met"


async def test_parts_are_those_who_owe_and_every_unit_answers_for_itself() -> None:
    records = Records()
    accepted(records, "2024-03-15", duty="plans_submitted", park=PARK)
    found = await rows(records, "2024-03-15")
    assert [key for key in found if key[0] != "duties.default"] == [
        *(("duties.by_department", code) for code in ("rsj", "ghj", "dsj", "guoshui", "txw")),
        *(("duties.by_system", system) for system in ("organisation", "policy", "services")),
        ("documents_owed.default", "site_rules"), ("documents_owed.default", "ybc"),
    ]  # fmt: skip
    assert (found["duties.by_system", "organisation"].numerator, found["duties.by_system", "organisation"].denominator) == ("1", "5")
    assert found["duties.by_system", "policy"].status == "not_due"
    town, park = (await rows(records, "2024-03-16", TOWN)), (await rows(records, "2024-03-16", PARK))
    assert list(town) == list(park) == [("duties.default", None), ("duties.by_system", "organisation")]
    assert [each["duties.default", None].value for each in (town, park)] == ["0.000000", "1.000000"]
    assert await rows(records, "2024-03-16", VILLAGE) == {}


async def test_what_the_plan_file_does_not_have_makes_the_figure_incomplete() -> None:
    records = Records()
    records.add("2024-03-01", DutyEvidenced(duty="unheard_of", department="rsj"))
    records.add("2024-03-01", DutyEvidenced(duty="plans_submitted", unit=VILLAGE))
    found = {unit: (await rows(records, "2024-12-31", unit))["duties.default", None].incomplete for unit in (COUNTY, TOWN, TOWN_B)}
    assert found == {COUNTY: 2, TOWN: 0, TOWN_B: 0}


@pytest.mark.parametrize("as_of", ["2023-12-31", "2024-12-31"])
async def test_a_plan_without_duties_has_no_such_rows(as_of: str) -> None:
    assert await rows(Records(), as_of, duties=()) == {}
