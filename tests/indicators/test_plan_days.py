"""By when and from when to when things count is the county's own: the same facts come to another figure by another plan file."""

from datetime import date

import pytest

from services.indicators.answers import Row, ask, board
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.plan import Plan
from services.indicators.live import Live
from shared.contracts.base import Fact
from shared.contracts.registry import CountyPlanIssued, EvaluationPublished, ResponsibilityLetterSigned, UnitPlanSubmitted
from tests.indicators.comparing import FAR, Asked, differences, example_county, live, oracle_of, rows_read
from tests.indicators.evaluation.support import target, written
from tests.support.records import COUNTY, PARK, TOWN, TOWN_B, Records

ROWS = ("letters_signed", "county_plan_issued", "plans_submitted", "rehearsals")
KNOWN = date(2026, 1, 31)


def told() -> Records:
    """Three letters, the county's plan, two units' plans and four rehearsals, each a while after the other; a rehearsal a year earlier."""
    records = Records()

    def letter(number: int, units: tuple[str, ...], *departments: str) -> Fact:
        return ResponsibilityLetterSigned(letter=f"Z{number}", units=units, departments=departments, unit=COUNTY)

    def rehearsal(number: int) -> Fact:
        asked = date(2024, 9, 1)
        return EvaluationPublished(evaluation=f"K{number}", rehearsal=True, sheet="标准", as_of=asked, known_at=asked, digest="3f" * 32)

    for day, fact in (
        ("2024-10-01", rehearsal(0)), ("2025-02-20", letter(1, (TOWN,))), ("2025-02-25", CountyPlanIssued(code=COUNTY)),
        ("2025-02-28", letter(2, (TOWN, PARK), "rsj")), ("2025-03-15", UnitPlanSubmitted(code=TOWN)),
        ("2025-03-16", UnitPlanSubmitted(code=PARK)), ("2025-03-25", CountyPlanIssued(code=COUNTY)),
        ("2025-04-01", letter(3, (TOWN_B,), "rsj", "gsj")), ("2025-05-31", rehearsal(1)), ("2025-08-31", rehearsal(2)),
        ("2025-09-01", rehearsal(3)), ("2025-12-31", rehearsal(4)),
    ):  # fmt: skip
        records.add(day, fact)
    return records


def promising(february: str, march: str, window: str | None) -> Plan:
    """A county that wants letters and its plan by a day, units' plans by another, and rehearsals in a window."""
    rehearsals = target("rehearsals", 3, **({"window": "own"} if window else {}))
    return checked_plan(written(
        *([f'[windows.own]\nzh = "期"\n{window}\n'] if window else []),
        target("letters_signed", 3, deadline=february), target("county_plan_issued", 1, deadline=february),
        target("plans_submitted", 2, deadline=march), rehearsals,
    ))  # fmt: skip


async def answering(plan: Plan) -> tuple[Live, Records]:
    """A service of the county that has taken everything in, and what it took."""
    records = told()
    return await live(plan, [list(records)]), records


def row(service: Live, id: str, as_of: date) -> Row:
    snapshot = service.snapshot()
    (found,) = board(snapshot, ask(snapshot, FAR, COUNTY, as_of, KNOWN), only=id).indicators
    return found


@pytest.mark.parametrize(("plan", "values"), [
    (promising("2025-02-28", "2025-03-15", "from = 2025-09-01\nto = 2025-12-31"), (3, 1, 1, 2)),
    (promising("2025-02-20", "2025-03-14", "from = 2025-09-01\nto = 2025-11-30"), (1, 0, 0, 1)),
    (promising("2025-02-24", "2025-03-16", "from = 2025-05-31\nto = 2025-08-31"), (1, 0, 2, 2)),
    (promising("2025-04-01", "2025-12-31", None), (5, 1, 2, 4)),
    (checked_plan(written()), (5, 1, 2, 4)),  # nothing is promised: nothing of the year is late
], ids=["example's days", "earlier", "other", "later", "none"])  # fmt: skip
async def test_the_same_facts_count_by_the_days_of_the_countys_own_file(plan: Plan, values: tuple[int, ...]) -> None:
    service, records = await answering(plan)
    asked, oracle = Asked(COUNTY, date(2025, 12, 31), KNOWN), oracle_of(plan, records.json)
    rows = rows_read(service.snapshot(), asked)
    assert rows is not None
    assert tuple(rows[id, "default", None]["value"] for id in ROWS) == values
    for unit in (COUNTY, TOWN, TOWN_B, PARK):
        for day in (date(2024, 12, 31), date(2025, 2, 20), date(2025, 8, 31), date(2025, 11, 30), date(2025, 12, 31)):
            assert differences(service.snapshot(), oracle, Asked(unit, day, KNOWN), by_board=True) == []


async def test_rehearsals_are_judged_in_the_window_that_the_plan_names() -> None:
    service, _ = await answering(promising("2025-02-28", "2025-03-15", "from = 2025-09-01\nto = 2025-11-30"))
    judged = {
        date(2025, 8, 31): (None, "not_due"), date(2025, 9, 1): ("1", "on_schedule"), date(2025, 11, 29): ("1", "behind"),
        date(2025, 11, 30): ("1", "missed"), date(2025, 12, 31): ("1", "missed"),
    }  # fmt: skip
    found = {day: row(service, "rehearsals", day) for day in judged}
    assert {day: (each.value, each.status) for day, each in found.items()} == judged
    last = found[date(2025, 12, 31)]
    assert (last.window.name, last.window.first, last.window.last) == ("own", date(2025, 9, 1), date(2025, 11, 30))
    assert last.effective_as_of == date(2025, 11, 30)
    assert last.baseline is not None
    assert last.baseline.value == "1"  # the one of autumn 2024


async def test_a_deadline_that_is_put_off_holds_from_its_effective_day_on() -> None:
    put_off = target("letters_signed", 3, deadline="2025-04-30", effective="2025-03-01")
    plan = checked_plan(written(target("letters_signed", 3, deadline="2025-02-20"), put_off))
    service, records = await answering(plan)
    days = {date(2025, 2, 28): "1", date(2025, 3, 1): "3", date(2025, 4, 1): "5"}
    assert {day: row(service, "letters_signed", day).value for day in days} == days
    for day in days:
        assert differences(service.snapshot(), oracle_of(plan, records.json), Asked(COUNTY, day, KNOWN), by_board=True) == []


async def test_a_letter_that_turns_out_to_be_a_day_late_is_late_from_then_on() -> None:
    plan = promising("2025-02-28", "2025-03-15", None)
    records = Records()
    letter = ResponsibilityLetterSigned(letter="Z1", units=(TOWN,), unit=COUNTY)
    signed = records.add("2025-02-28", letter)
    records.correct(signed, "2025-03-01", letter, known="2025-06-01")
    service = await live(plan, [list(records)])
    for known_at, value in ((date(2025, 5, 31), 1), (date(2025, 6, 1), 0)):
        rows = rows_read(service.snapshot(), Asked(COUNTY, date(2025, 5, 31), known_at))
        assert rows is not None
        assert rows["letters_signed", "default", None]["value"] == value


def test_the_example_county_s_days_are_its_files() -> None:
    plan = example_county().plan
    days = {target.indicator: target.deadline or target.window for target in plan.targets if target.indicator in ROWS}
    february, march = date(2025, 2, 28), date(2025, 3, 15)
    assert days == {
        "letters_signed": february, "county_plan_issued": february, "plans_submitted": march, "rehearsals": "rehearsals",
    }  # fmt: skip
