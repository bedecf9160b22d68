"""What is in memory is what the store holds, whatever becomes of a commit and whoever else writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.indicators.live import Live
from services.indicators.store import Writing
from shared.clock import SimulatedClock
from tests.indicators.comparing import LONG_AGO, example_county
from tests.indicators.flags.telling import Story
from tests.indicators.memory_ledger import MemoryLedger
from tests.support.records import COUNTY


class Commits(MemoryLedger):
    """A store that loses the connection at a commit, once: before the commit takes effect, or after it did and nobody was told."""

    loses: str | None = None

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Writing]:
        kept = self.kept
        async with super().page() as writing:
            yield writing
        when, self.loses = self.loses, None
        if when == "before":
            self.kept = kept
        if when is not None:
            raise ConnectionError(when)


async def opened(store: MemoryLedger) -> Live:
    live = Live(example_county().plan, store, SimulatedClock(LONG_AGO))
    await live.open()
    return live


def told() -> tuple[Story, Story]:
    """A story, and the same with an oddity more: somebody completes a course that nobody opened."""
    story, longer = Story(), Story()
    for each in (story, longer):
        each.registers("2025-03-01", 1, 1)
    longer.completes("2025-03-03", "never-opened", 2)
    return story, longer


async def look(live: Live) -> set[str]:
    """The kinds of flag that stand."""
    await live.look_into_flags()
    return {flag.kind.code for flag in live.flags.standing(10**6)}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_page_whose_commit_was_lost_is_taken_in_when_it_comes_again(when: str) -> None:
    store = Commits(COUNTY)
    live = await opened(store)
    records = list(told()[1])
    await live.take(records[:5])
    shown, store.loses = live.snapshot(), when
    with pytest.raises(ConnectionError, match=when):
        await live.take(records)
    assert live.snapshot() is shown
    await live.take(records)
    again = await opened(store)
    assert live.checkpoint == again.checkpoint == store.at
    assert sorted(live.balances, key=str) == sorted(again.balances, key=str)
    assert await look(live) == await look(again)


async def test_what_another_projector_took_in_raises_flags_here_too() -> None:
    store = Commits(COUNTY)
    story, longer = told()
    one, other = await opened(store), await opened(store)
    await one.take(list(story))
    await other.take(list(story))
    assert await look(one) == await look(other) == set()
    await other.take(list(longer))
    await one.take(list(longer))
    assert await look(one) == await look(other) != set()
