"""The sender of answers: whatever the deciding transaction left to say is published, at least once, to the stream of answers.

Every message repeats the whole newest answer to one report and the stream keeps one message per subject, so sending twice is harmless.
Sending in the wrong order is not: the stream would keep the older answer. So one process sends for a store, in the order of answers.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

import nats.errors
from nats.aio.client import Client

from shared import subjects
from shared.event_store.interface import OutgoingAnswer
from shared.logs import logger
from shared.relay.relay import PASSING_ERRORS
from shared.window import Window

POLL_SECONDS = 1.0
"""How soon the answers of another copy of the service are noticed, and the end of the copy that sends; one's own are sent at once."""
RETRY_SECONDS = 0.2
PAGE = 1000

log = logger(__name__)


class AnswerStore(Protocol):
    """What the sender needs from an event store."""

    def sole_sender(self) -> AbstractAsyncContextManager[Callable[[], bool]]:
        """Try to be the one process that publishes answers, until the context ends. What it gives says whether one (still) is."""
        ...

    async def unsent_answers(self, limit: int, /) -> Sequence[OutgoingAnswer]:
        """Answers to publish, oldest first."""
        ...

    async def mark_sent(self, numbers: Sequence[int], /) -> None:
        """These were published; one replaced by a newer answer meanwhile stays unsent."""
        ...


class AnswerSender:
    """One service's sender. `run` works until cancelled; of several copies of a service one sends for all."""

    def __init__(self, nc: Client, store: AnswerStore, *, county: str, poll_seconds: float = POLL_SECONDS) -> None:
        self._nc = nc
        self._store = store
        self._county = county
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()
        self._window: Window | None = None
        self.sent = 0
        """Answers published by this process, repetitions included."""

    async def run(self) -> None:
        """Send whenever there is something to send. Raises what trying again cannot mend."""
        while True:
            async with self._store.sole_sender() as mine:
                while mine():
                    await self._send_and_wait(mine)
            self._idle.set()  # another copy sends; this one looks again whether it still does
            await asyncio.sleep(self._poll_seconds)

    async def _send_and_wait(self, mine: Callable[[], bool]) -> None:
        """Send what there is, then wait for more, or for the time to look for it."""
        self._woken.clear()
        try:
            async with Window(self._nc) as self._window:
                while mine() and await self._send_page(self._window):
                    pass
        except PASSING_ERRORS as error:
            if self._nc.is_closed:
                raise nats.errors.ConnectionClosedError from error
            log.info("answers are sent again", county=self._county, because=str(error) or repr(error))
            await asyncio.sleep(RETRY_SECONDS * (0.5 + secrets.randbelow(100) / 100))
            return
        if not self._woken.is_set():
            self._idle.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_seconds):
                await self._woken.wait()

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
