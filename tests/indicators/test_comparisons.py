"""The national average and the year before beside a figure: nothing of a later day than the question's is ever read."""

from datetime import date
from decimal import Decimal

from services.indicators.answers import BaselineAnswer, BenchmarkAnswer, Row, ask, board
from shared.contracts.registry import BenchmarkPublished, EntityRegistered
from tests.indicators.comparing import FAR, example_county, live
from tests.support.records import COUNTY, VILLAGE, Records, entity

YEAR = example_county().plan.year
WITHOUT = BaselineAnswer(value=None, status=None)
NO_BENCHMARK = BenchmarkAnswer(value=None, status=None)


async def row(records: Records, id: str, as_of: date, known_at: date) -> Row:
    service = await live(example_county().plan, [list(records)])
    asked = ask(service.snapshot(), FAR, COUNTY, as_of, known_at)
    return board(service.snapshot(), asked, id).indicators[0]


def enterprise(records: Records, on: date, number: int) -> None:
    records.add(on.isoformat(), EntityRegistered(
        entity=entity(number), name="甲", industry="C20", entity_kind="enterprise", founders=(), unit=VILLAGE,
    ))  # fmt: skip


async def test_as_of_a_day_before_the_year_has_ended_there_is_no_baseline() -> None:
    records = Records()
    enterprise(records, date(YEAR - 1, 3, 1), 1)
    enterprise(records, date(YEAR - 1, 9, 1), 2)
    late = date(YEAR, 6, 30)
    for as_of, known_at in ((date(YEAR - 1, 6, 30), date(YEAR - 1, 6, 30)), (date(YEAR - 1, 12, 30), late)):
        found = await row(records, "new_enterprises", as_of, known_at)
        assert (found.effective_as_of, found.status, found.baseline) == (None, "not_due", WITHOUT)
    found = await row(records, "new_enterprises", date(YEAR - 1, 12, 31), late)
    assert (found.effective_as_of, found.baseline) == (None, BaselineAnswer(value="2", status=None))
    found = await row(records, "new_enterprises", date(YEAR, 1, 1), late)
    assert found.baseline == BaselineAnswer(value="2", status="behind")


async def test_as_of_a_day_before_the_window_there_is_no_benchmark() -> None:
    records = Records()
    records.add(f"{YEAR - 1}-05-20", BenchmarkPublished(
        indicator="activity_index", peer_group="national", period_end=date(YEAR - 2, 12, 31), value=Decimal("0.182"), publisher="部",
    ))  # fmt: skip
    late = date(YEAR, 6, 30)
    assert (await row(records, "activity_index", date(YEAR - 1, 6, 30), late)).benchmark == NO_BENCHMARK
    assert (await row(records, "activity_index", date(YEAR - 1, 12, 31), late)).benchmark == NO_BENCHMARK
    found = (await row(records, "activity_index", date(YEAR, 1, 1), late)).benchmark
    assert found is not None
    assert found.value == "0.182000"
