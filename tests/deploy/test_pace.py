"""Simulated departments hold back while the figures are far behind, and never for good."""

import asyncio
from types import SimpleNamespace

import orjson
import pytest

from deploy import pace
from deploy.pace import RECORDS_BEHIND_MAX, Pace
from shared.answers import Answer


def recorded(position: int, service: str = "registry") -> Answer:
    return Answer("/c/d/s", f"r{position}", f"{service}.x_done", 1, "recorded", "recorded", "", "", position)


async def follows(of: Pace, **positions: int) -> None:
    await of.changed(SimpleNamespace(data=orjson.dumps({"positions": positions})))


async def test_nobody_waits_for_figures_that_are_near_or_unknown() -> None:
    unknown, near = Pace(), Pace()
    unknown.answered(recorded(10**6))
    near.answered(recorded(RECORDS_BEHIND_MAX + 3))
    await follows(near, registry=3, training=0, finance=0)
    async with asyncio.timeout(0.5):
        await unknown.hold_back()
        await near.hold_back()


async def test_who_is_far_ahead_waits_until_the_figures_follow() -> None:
    far = Pace()
    await follows(far, registry=1, training=1, finance=0)
    far.answered(recorded(RECORDS_BEHIND_MAX))
    far.answered(recorded(RECORDS_BEHIND_MAX, "training"))
    waiting = asyncio.create_task(far.hold_back())
    await asyncio.sleep(0.02)
    await follows(far, registry=2, training=1, finance=0)
    await asyncio.sleep(0.02)
    assert not waiting.done()
    await follows(far, registry=RECORDS_BEHIND_MAX, training=1, finance=0)
    await asyncio.wait_for(waiting, 0.5)


async def test_figures_that_nothing_is_heard_of_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "UNHEARD_SECONDS_MAX", 0.05)
    silent = Pace()
    await follows(silent, registry=0)
    silent.answered(recorded(RECORDS_BEHIND_MAX + 1))
    await asyncio.wait_for(silent.hold_back(), 1)
    assert silent.behind == 0
