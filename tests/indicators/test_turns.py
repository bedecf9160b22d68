"""Questions have their turns while a page that moves units is folded, which concerns everybody there and may take long, and while a
bulletin is made of many boards.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import date

import pytest

from services.indicators.answers import ask, board
from services.indicators.api.questions import BoardQuestion, Questions
from services.indicators.evaluation.bulletin import bulletin
from services.indicators.projection import Page, Projection
from shared.contracts.base import Subject
from shared.contracts.envelope import Record
from shared.contracts.registry import UnitMerged
from tests.indicators.comparing import FAR, example_county, live, plan_of
from tests.indicators.histories import YEAR
from tests.indicators.simulated import simulated
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


async def test_a_bulletin_lets_others_have_their_turns_and_is_of_one_moment_nevertheless() -> None:
    county = example_county()
    records = simulated(5, 600, county)
    half = len(records) // 2
    service = await live(county.plan, [records[:half]])
    questions = Questions()
    questions.answer_from(service, county.plan_digest)
    questions.ready = True
    shown = service.snapshot()
    asked = ask(shown, service.today())
    before = bulletin(shown, asked, county.plan_digest)
    making = asyncio.create_task(questions.bulletin(BoardQuestion(as_of=asked.as_of, known_at=asked.known_at)))
    await asyncio.sleep(0)
    taking = asyncio.create_task(service.take(records[half:]))
    turns = 0
    while not making.done():
        assert service.snapshot() is shown
        turns += 1
        await asyncio.sleep(0)
    assert turns >= sum(unit.kind in ("county", "township", "park") for unit in county.roster)
    assert await making == before
    await taking
    assert sum(service.snapshot().positions.values()) == len(records)
    assert bulletin(service.snapshot(), asked, county.plan_digest).text != before.text
