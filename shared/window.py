"""Publishing to a stream at full speed: many messages in flight, one reply inbox, every wait bounded.

Where a message is accepted only behind the one before it, an acknowledgement speaks for all before it: most need none of their own.

The client library's own JetStream publish waits for one acknowledgement per call, and its asynchronous one never ends when the server
answers with an error. Here acknowledgements are counted as they come; the first that is late, an error, or names another sequence
than expected ends the window, and whoever publishes looks at the stream again before it goes on.
"""

import asyncio
from types import TracebackType
from typing import Self

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError
from nats.js.api import Header

IN_FLIGHT_MAX = 256
ACKNOWLEDGED_SECONDS_MAX = 5.0


class PublishFailed(Exception):
    """Not everything published was acknowledged as expected: look at the stream before publishing on."""


class Window:
    """Publish within `async with`; `drain` waits until everything is acknowledged. Use a new one after PublishFailed."""

    def __init__(self, nc: Client, *, in_flight_max: int = IN_FLIGHT_MAX, seconds_max: float = ACKNOWLEDGED_SECONDS_MAX) -> None:
        self._nc = nc
        self._in_flight_max = in_flight_max
        self._seconds_max = seconds_max
        self._inbox = nc.new_inbox()
        self._published = 0
        self._in_flight: dict[int, int | None] = {}
        self._failure: PublishFailed | None = None
        self._progress = asyncio.Event()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=self._acknowledged)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._subscription is not None and not (self._nc.is_closed or self._nc.is_draining):
            await self._subscription.unsubscribe()

    async def publish(self, subject: str, payload: bytes, *, headers: dict[str, str] | None = None, sequence: int | None = None) -> None:
        """Publish once there is room. `sequence` is the one the stream must give the message, if that is known.

        Raises PublishFailed when this or an earlier message was not acknowledged as expected, or the bus is not connected.
        """
        await self._until(self._in_flight_max - 1)
        self._must_be_connected()
        self._published += 1
        self._in_flight[self._published] = sequence
        await self._nc.publish(subject, payload, reply=f"{self._inbox}.{self._published}", headers=headers)

    async def publish_unheard(self, subject: str, payload: bytes, *, headers: dict[str, str]) -> None:
        """Publish without asking for an acknowledgement: only where that of a later message cannot come unless this one was accepted.

        Raises PublishFailed when an earlier message was not acknowledged as expected, or the bus is not connected.
        """
        if self._failure is not None:
            raise self._failure
        self._must_be_connected()
        await self._nc.publish(subject, payload, headers=headers)

    async def drain(self) -> None:
        """Wait until everything published is acknowledged. Raises PublishFailed."""
        await self._until(0)

    def give_up(self, why: str) -> None:
        """Whoever waits, now or next, gets PublishFailed: acknowledgements sent over a lost connection never come."""
        self._fail(why)

    def _must_be_connected(self) -> None:
        if not self._nc.is_connected:  # the library would keep it and publish it at an unknown time
            if self._nc.is_closed:
                raise ConnectionClosedError
            raise self._fail("not connected")

    async def _until(self, in_flight: int) -> None:
        while len(self._in_flight) > in_flight and self._failure is None:
            self._progress.clear()
            try:
                async with asyncio.timeout(self._seconds_max):
                    await self._progress.wait()
            except TimeoutError:
                self._fail(f"nothing acknowledged for {self._seconds_max} s, {len(self._in_flight)} in flight")
        if self._failure is not None:
            raise self._failure

    async def _acknowledged(self, message: Msg) -> None:
        number = int(message.subject.rpartition(".")[2])
        if number not in self._in_flight:
            return
        expected = self._in_flight.pop(number)
        self._progress.set()
        if message.headers is not None and message.headers.get(Header.STATUS) == "503":
            self._fail("no stream takes this subject")
            return
        answer = orjson.loads(message.data)
        if "error" in answer:
            self._fail(f"refused by the stream: {answer['error'].get('description')} ({answer['error'].get('err_code')})")
        elif expected is not None and answer["seq"] != expected:
            self._fail(f"the stream gave sequence {answer['seq']} where {expected} was expected")

    def _fail(self, why: str) -> PublishFailed:
        if self._failure is None:
            self._failure = PublishFailed(why)
        self._progress.set()
        return self._failure
