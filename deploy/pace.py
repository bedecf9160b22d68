"""How far the figures may be behind what is reported: a demonstration's departments hold back, so that its board stays live.

Real departments know nothing of it. Simulated ones report four years in half a minute on the machine that also works the figures out.
"""

import asyncio
from typing import Any

import orjson

from shared.answers import Answer

RECORDS_BEHIND_MAX = 4_000
UNHEARD_SECONDS_MAX = 10.0
"""When nothing was heard of the figures for so long nobody waits for them: their service is being started again."""


class Pace:
    """Knows by answers and change feed what was recorded and up to where the figures follow."""

    def __init__(self) -> None:
        self._recorded: dict[str, int] = {}
        self._followed: dict[str, int] = {}
        """Empty while nothing is known of the figures."""
        self._heard = asyncio.Event()

    def answered(self, answer: Answer) -> None:
        """A report was answered."""
        if answer.position is not None:
            service = answer.type.partition(".")[0]
            self._recorded[service] = max(self._recorded.get(service, 0), answer.position)

    async def changed(self, message: Any) -> None:
        """The change feed spoke."""
        self._followed = orjson.loads(message.data)["positions"]
        self._heard.set()

    @property
    def behind(self) -> int:
        """By how many records the figures are behind, as far as is known."""
        return sum(max(0, self._recorded.get(service, 0) - position) for service, position in self._followed.items())

    async def hold_back(self) -> None:
        """Return once the figures are near enough, or unheard of."""
        while self.behind > RECORDS_BEHIND_MAX:
            self._heard.clear()
            try:
                async with asyncio.timeout(UNHEARD_SECONDS_MAX):
                    await self._heard.wait()
            except TimeoutError:
                self._followed = {}
