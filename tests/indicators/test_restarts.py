"""A projector that is stopped and started again at any page holds what one that never stopped holds: only the store is carried over."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings

from services.indicators.answers import BadQuestionError, ask, board
from services.indicators.evaluation.plan import Plan
from services.indicators.ledger import Cell
from services.indicators.live import Live
from shared.clock import SimulatedClock
from shared.contracts.envelope import Record
from tests.indicators.comparing import FAR, LONG_AGO, Asked, example_county, interleaved, live, paged, plan_of
from tests.indicators.histories import YEAR, History, histories, questions
from tests.indicators.simulated import simulated
from tests.indicators.test_oracle_agreement import PAGES, SLOW, THOROUGH


@settings(max_examples=1000 if THOROUGH else 20, derandomize=not THOROUGH, deadline=None, suppress_health_check=SLOW)
@given(histories())
async def test_small_troublesome_histories_outlast_restarts(history: History) -> None:
    by = random.Random(history.seed)
    records = interleaved(history.records, by)
    await _outlasts_restarts(plan_of(YEAR, None), records, by, by.choice(PAGES), 0.4, questions(history, by, 4))


@pytest.mark.parametrize("seed", [1, 2])
async def test_simulated_counties_outlast_restarts(seed: int) -> None:
    by = random.Random(seed)
    records = interleaved(simulated(seed, 600), by)
    days = [date(YEAR, 6, 30), date(YEAR, 12, 31), date(YEAR + 1, 3, 1)]
    codes = [example_county().code, *(unit.code for unit in by.sample(example_county().roster, 4))]
    asked = [Asked(code, day, by.choice([known for known in days if known >= day])) for code in codes for day in days]
    await _outlasts_restarts(example_county().plan, records, by, 80, 0.3, asked)


async def _outlasts_restarts(
    plan: Plan, records: Sequence[Record], by: random.Random, page_max: int, likely: float, asked: Sequence[Asked]
) -> None:
    pages = list(paged(records, by, page_max=page_max))
    never = await live(plan, pages)
    service = await live(plan, ())
    for page in pages:
        if by.random() < likely:
            service = await _started_again(service)
        await service.take(page)
    for each in (service, await _started_again(service)):
        assert each.checkpoint == never.checkpoint
        assert _sums(each) == _sums(never)
        for question in asked:
            assert _board(each, question) == _board(never, question)


async def _started_again(stopped: Live) -> Live:
    """Another process on the same store."""
    service = Live(stopped.plan, stopped.store, SimulatedClock(LONG_AGO))
    await service.open()
    return service


def _sums(service: Live) -> dict[tuple[Cell, int, int], int]:
    """What is posted in all to each cell on each day as known on each day, however it was split into entries."""
    sums: Counter[tuple[Cell, int, int]] = Counter()
    for cell, day, known, amount in service.balances:
        sums[cell, day, known] += amount
    return {key: amount for key, amount in sums.items() if amount}


def _board(service: Live, asked: Asked) -> object:
    """What is answered, and None for a question that is refused."""
    snapshot = service.snapshot()
    try:
        return board(snapshot, ask(snapshot, FAR, asked.unit, asked.as_of, asked.known_at))
    except BadQuestionError:
        return None
