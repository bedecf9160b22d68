"""Questions have their turns while a page that moves units is folded: that concerns everybody there and may take long."""

import asyncio
import time
from collections.abc import Sequence
from datetime import date

import pytest

from services.indicators.answers import ask, board
from services.indicators.projection import Page, Projection
from shared.contracts.base import Subject
from shared.contracts.envelope import Record
from shared.contracts.registry import UnitMerged
from tests.indicators.comparing import FAR, live, plan_of
from tests.indicators.histories import YEAR
from tests.support.records import Records

SLOW_SECONDS = 0.4


async def test_a_merger_lets_questions_have_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    records = Records()
    service = await live(plan_of(YEAR, None), [list(records)])
    known = len(list(records))
    records.add("2024-06-30", UnitMerged(code="330127101201", into="330127101202"))
    fold = Projection.fold

    def slow(self: Projection, page: Sequence[Record], folded: Subject) -> Page:
        time.sleep(SLOW_SECONDS)
        return fold(self, page, folded)

    monkeypatch.setattr(Projection, "fold", slow)
    taking = asyncio.create_task(service.take(list(records)[known:]))
    turns = 0
    while not taking.done():
        snapshot = service.snapshot()
        assert snapshot.positions["registry"] == known
        assert board(snapshot, ask(snapshot, FAR, "330127101201", date(2024, 12, 31), date(2024, 12, 31))).indicators
        turns += 1
        await asyncio.sleep(0.01)
    await taking
    assert turns > 3
    assert service.snapshot().positions["registry"] == known + 1
