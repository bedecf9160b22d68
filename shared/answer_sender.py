"""The sender of answers: whatever the deciding transaction left to say is published, at least once, to the stream of answers.

Every message repeats the whole newest answer to one report and the stream keeps one message per subject, so sending twice is harmless.
"""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Protocol

import nats.errors
from nats.aio.client import Client

from shared import subjects
from shared.event_store.interface import OutgoingAnswer
from shared.logs import logger
from shared.relay.relay import PASSING_ERRORS
from shared.window import Window

POLL_SECONDS = 2.0
"""How soon answers are noticed that another copy of the service left behind; one's own are sent at once."""
RETRY_SECONDS = 0.2
PAGE = 1000

log = logger(__name__)


class AnswerStore(Protocol):
    """What the sender needs from an event store."""

    async def unsent_answers(self, limit: int, /) -> Sequence[OutgoingAnswer]:
        """Answers to publish, oldest first."""
        ...

    async def mark_sent(self, numbers: Sequence[int], /) -> None:
        """These were published; one replaced by a newer answer meanwhile stays unsent."""
        ...


class AnswerSender:
    """One service's sender. `run` works until cancelled."""

    def __init__(self, nc: Client, store: AnswerStore, *, county: str) -> None:
        self._nc = nc
        self._store = store
        self._county = county
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._window: Window | None = None
        self.sent = 0
        """Answers published by this process, repetitions included."""

    async def run(self) -> None:
        """Send, wait to be woken, send. Raises what trying again cannot mend."""
        while True:
            self._woken.clear()
            try:
                async with Window(self._nc) as self._window:
                    while await self._send_page(self._window):
                        pass
            except PASSING_ERRORS as error:
                if self._nc.is_closed:
                    raise nats.errors.ConnectionClosedError from error
                log.info("answers are sent again", county=self._county, because=str(error) or repr(error))
                await asyncio.sleep(RETRY_SECONDS * (0.5 + secrets.randbelow(100) / 100))
                continue
            if not self._woken.is_set():
                self._idle.set()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Something was decided: send its answers now."""
        self._idle.clear()
        self._woken.set()

    async def reconnected(self) -> None:
        """The bus is back: acknowledgements of before will never come."""
        if self._window is not None:
            self._window.give_up("reconnected")

    async def flush(self, seconds_max: float) -> bool:
        """Wait until every answer given so far is sent; False when that took too long (the next start goes on)."""
        self.wake()
        try:
            async with asyncio.timeout(seconds_max):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _send_page(self, window: Window) -> bool:
        """Send some; False when there was nothing to send."""
        answers = await self._store.unsent_answers(PAGE)
        for answer in answers:
            await window.publish(subjects.answered(self._county, answer.department, answer.system, answer.id), answer.body)
        await window.drain()
        if answers:
            await self._store.mark_sent([answer.number for answer in answers])
            self.sent += len(answers)
        return bool(answers)
