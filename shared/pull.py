"""Drawing messages from a consumer: what is there at once, or the first to come. Never a wait for a number of messages to be reached.

Beneath FastStream and the client library's `fetch`, for three reasons met in practice: `fetch` collects a batch through a task per
message; idle, it raises an error FastStream does not know, which restarts (and keeps) a task several times a second; and without a
consumer both ask again without a pause.
"""

import asyncio
from types import TracebackType
from typing import Self

import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import Header

ANSWER_SECONDS_MAX = 2.0
"""How much later than the end of a request its answer may come; then the consumer counts as lost."""


class ConsumerLost(Exception):
    """The consumer, its stream or the connection is gone, or did not answer."""


class Puller:
    """Use within `async with`. One request at a time."""

    def __init__(self, nc: Client) -> None:
        self._nc = nc
        self._inbox = nc.new_inbox()
        self._requests = 0
        self._subscription: Subscription | None = None
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=self._arrived.put)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._subscription is not None and not (self._nc.is_closed or self._nc.is_draining):
            await self._subscription.unsubscribe()

    async def now(self, stream: str, consumer: str, limit: int) -> list[Msg]:
        """What the consumer has ready, at most `limit`. Raises ConsumerLost."""
        return await self._request(stream, consumer, limit, 0)

    async def within(self, stream: str, consumer: str, limit: int, seconds: float) -> list[Msg]:
        """What comes within a time, at most `limit`, and sooner than that once `limit` have come. Raises ConsumerLost."""
        return await self._request(stream, consumer, limit, seconds)

    def left(self) -> list[Msg]:
        """What has come since, for a request that was cancelled."""
        left: list[Msg] = []
        while not self._arrived.empty():
            message = self._arrived.get_nowait()
            if message.reply:
                left.append(message)
        return left

    async def _request(self, stream: str, consumer: str, limit: int, seconds: float) -> list[Msg]:
        if not self._nc.is_connected:
            raise ConsumerLost("not connected")
        self._requests += 1
        inbox = f"{self._inbox}.{self._requests}"
        request = {"batch": limit, "expires": int(seconds * 1e9)} if seconds else {"batch": limit, "no_wait": True}
        await self._nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}", orjson.dumps(request), reply=inbox)
        messages: list[Msg] = []
        while len(messages) < limit:
            message = await self._next(seconds + ANSWER_SECONDS_MAX)
            if message is not None and message.reply:
                messages.append(message)
                continue
            if message is not None and message.subject != inbox:  # the late status of an earlier request
                continue
            status = (message.headers or {}).get(Header.STATUS) if message is not None else None
            if status not in {"404", "408"} and not messages:  # neither "nothing there" nor "nothing more in time"
                raise ConsumerLost(f"{status} {(message.headers or {}).get(Header.DESCRIPTION)}" if message is not None else "no answer")
            break  # what came is good; the next request meets the trouble again
        return messages

    async def _next(self, seconds: float) -> Msg | None:
        if not self._arrived.empty():
            return self._arrived.get_nowait()
        try:
            async with asyncio.timeout(seconds):
                return await self._arrived.get()
        except TimeoutError:
            return None
