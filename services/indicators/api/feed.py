"""The change feed: which indicators and units moved, and up to which positions the figures follow now.

It tells when to ask again, it is no log: whoever was away or slow is told once that everything may have changed.
"""

import asyncio
from collections.abc import AsyncIterator

from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict, Field

from services.indicators.api.questions import answer_bytes
from services.indicators.catalog import BENCHMARKS, CATALOG, measures_in
from services.indicators.live import Change, Live
from shared import subjects

PING_SECONDS = 15.0
"""How often a listener to whom nothing is to be said is shown that the connection lives."""


class Changed(BaseModel):
    """A change of the figures. `indicators` and `units` are null when anything may have changed."""

    model_config = ConfigDict(frozen=True)
    county: str
    positions: dict[str, int] = Field(description="已取用的记录 / up to where the figures follow, by service")
    indicators: list[str] | None = Field(description="变动的指标 / indicators whose figures may differ, in catalogue order")
    units: list[str] | None = Field(description="变动的单位 / units whose figures may differ")


def _indicators_by_measure() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for indicator in CATALOG:
        for measure in measures_in(indicator.variants):
            found.setdefault(measure.name, set()).add(indicator.id)
        if indicator.benchmarked:
            found.setdefault(BENCHMARKS.name, set()).add(indicator.id)
    return {name: frozenset(ids) for name, ids in found.items()}


_INDICATORS = _indicators_by_measure()


def changed(county: str, change: Change) -> Changed:
    """What a page changed, as listeners are told."""
    if change.measures is None or change.units is None:
        return Changed(county=county, positions=change.positions, indicators=None, units=None)
    moved = {id for measure in change.measures for id in _INDICATORS.get(measure, ())}
    return Changed(
        county=county, positions=change.positions, indicators=[each.id for each in CATALOG if each.id in moved],
        units=sorted(change.units),
    )  # fmt: skip


class Feed:
    """The change feed of one county, to the bus and to whoever listens over HTTP."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._stopping = asyncio.Event()
        self._missed = False

    def stop(self) -> None:
        """End every listener's stream: they come back to the next process."""
        self._stopping.set()

    async def publish(self, nc: Client) -> None:
        """Tell the bus of every change. While it is away nothing is said; afterwards once, that anything may have changed."""
        subject = subjects.changed(self._live.plan.county)
        async for change in self._live.changes():
            if not nc.is_connected:
                self._missed = True
                continue
            await nc.publish(subject, answer_bytes(self._told(change)))

    def _told(self, change: Change) -> Changed:
        missed, self._missed = self._missed, False
        return self.now() if missed else changed(self._live.plan.county, change)

    def now(self) -> Changed:
        """Where the figures stand; anything may have changed."""
        return Changed(county=self._live.plan.county, positions=dict(self._live.snapshot().positions), indicators=None, units=None)

    async def listen(self) -> AsyncIterator[Changed | None]:
        """Where the figures stand, then every change; None every `PING_SECONDS` in between. Ends when the service stops."""
        changes = self._live.changes()
        following = asyncio.ensure_future(anext(changes))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.sleep(0)  # it listens from before the first word on, so that nothing falls in between
            yield self.now()
            while not self._stopping.is_set():
                done, _ = await asyncio.wait({following, stopping}, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if following in done:
                    change = following.result()
                    following = asyncio.ensure_future(anext(changes))
                    yield changed(self._live.plan.county, change)
                elif not done:
                    yield None
        finally:
            following.cancel()
            stopping.cancel()
            await asyncio.gather(following, stopping, return_exceptions=True)
