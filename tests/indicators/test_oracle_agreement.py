"""Every figure equals the independent oracle's to the last digit, and stands where the oracle says it stands: over troublesome small
histories and simulated counties, whatever the interleaving of the services, the split into pages and the redeliveries, at many
(as of, known at) pairs.

The same examples every time; `KAIYE_HYPOTHESIS=thorough` looks for longer, and elsewhere each time.
"""

import os
import random
from datetime import date, timedelta

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.indicators.evaluation.county import County
from tests.indicators.comparing import (
    Asked,
    differences,
    example_county,
    interleaved,
    live,
    missing_in_oracle,
    oracle_of,
    paged,
    plan_of,
    second_county,
)
from tests.indicators.histories import YEAR, History, histories, questions
from tests.indicators.promising import promised
from tests.indicators.simulated import simulated
from tests.support.counties import of_kind

THOROUGH = os.environ.get("KAIYE_HYPOTHESIS") == "thorough"
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
PAGES = (1, 3, 40)


def test_the_oracle_knows_every_row_of_the_catalogue() -> None:
    assert missing_in_oracle() == set()


@settings(max_examples=4000 if THOROUGH else 500, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(histories())
async def test_small_troublesome_histories_are_answered_like_the_oracle(history: History) -> None:
    by = random.Random(history.seed)
    pages = paged(interleaved(history.records, by), by, page_max=by.choice(PAGES))
    due = by.choice((None, *history.days))
    service = await live(promised(plan_of(YEAR, due if due and due.year == YEAR else None), by), pages)
    oracle = oracle_of(service.plan, history.records.json)
    asked = questions(history, by, 6)
    found = [each for question in asked for each in differences(service.snapshot(), oracle, question, by_board=by.random() < 0.25)]
    assert not found, "\n".join(found)


@settings(max_examples=40 if THOROUGH else 3, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(st.integers(0, 10_000))
async def test_simulated_counties_are_answered_like_the_oracle(seed: int) -> None:
    await agrees(example_county(), seed)


@settings(max_examples=20 if THOROUGH else 2, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(st.integers(0, 10_000))
async def test_a_simulated_county_without_parks_is_answered_like_the_oracle(seed: int) -> None:
    assert not of_kind(second_county(), "park")
    await agrees(second_county(), seed)


async def agrees(county: County, seed: int) -> None:
    """The figures of a simulated county equal the oracle's, at some units and days."""
    rng = random.Random(seed)
    records = simulated(seed, 1500, county)
    plan = county.plan
    service = await live(plan, paged(interleaved(records, rng), rng, page_max=600))
    oracle = oracle_of(plan, [orjson.loads(record.raw) for record in records])
    edges = [date(plan.year, 1, 1), date(plan.year, 3, 15), date(plan.year, 3, 16), date(plan.year, 12, 31), date(plan.year + 1, 1, 1)]
    last = max(record.known_day for record in records)
    codes = [county.code, *(unit.code for unit in rng.sample(county.roster, 4))]
    for _ in range(4):
        known_at = min(last, rng.choice(edges) + timedelta(days=rng.choice([0, 1, 30, 90])))
        as_of = min(known_at, rng.choice(edges))
        for code in codes:
            asked = Asked(code, as_of, known_at)
            assert differences(service.snapshot(), oracle, asked, by_board=rng.random() < 0.5) == []
