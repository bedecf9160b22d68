"""Reading a stream in order, page by page, through an ephemeral consumer that is made anew whenever it or its stream is gone.

The reader's place is its own (`after`), never the broker's: a consumer lost to a restart, a wiped folder or idleness is replaced
by one that starts at the next sequence, and what is delivered twice is left out. A page is what is there, up to a limit: the reader
never waits for a page to fill.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, Header
from nats.js.errors import NotFoundError, ServiceUnavailableError

from shared.logs import logger

CONSUMER_IDLE_SECONDS_MAX = 60.0
"""How long the broker keeps a consumer nobody asks."""
RETRY_SECONDS = 0.25
LINGER_SECONDS = 1.0
"""How long one request waits at the broker: a connection lost meanwhile is noticed that much later."""
_REQUEST_MARGIN_SECONDS = 2.0

log = logger(__name__)


class StreamOutOfOrder(Exception):
    """A stream that should hold every sequence once delivered another: sequence and position no longer agree."""


class _ConsumerLost(Exception):
    """The consumer, its stream or the connection is gone; a new consumer carries on."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of a stream: its sequence, subject and exact bytes."""

    sequence: int
    subject: str
    data: bytes


class StreamReader:
    """`page` gives the next messages. Without `only`, every sequence is asserted to follow the one before.

    `after` is the last sequence already seen; `only` limits the reader to some subjects, and sequences then leave gaps.
    """

    def __init__(self, nc: Client, stream: str, *, after: int = 0, only: Sequence[str] = ()) -> None:
        self._nc = nc
        self._js = nc.jetstream()
        self._stream = stream
        self._only = list(only)
        self._after = after
        self._inbox = nc.new_inbox()
        self._requests = 0
        self._subscription: Subscription | None = None
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._consumer: str | None = None
        self._delivered = 0

    @property
    def after(self) -> int:
        """The last sequence given out."""
        return self._after

    async def __aenter__(self) -> Self:
        self._subscription = await self._nc.subscribe(f"{self._inbox}.*", cb=self._arrived.put)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._subscription is not None and not (self._nc.is_closed or self._nc.is_draining):
            await self._subscription.unsubscribe()

    async def page(self, limit: int, *, wait_seconds: float) -> list[StreamMessage]:
        """The next messages, at most `limit`; empty when none came within `wait_seconds`.

        While the broker or the stream is away it waits and tries again. Raises StreamOutOfOrder, nats' ConnectionClosedError,
        and nats' errors that trying again cannot mend.
        """
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            try:
                await self._ensure_consumer()
                if page := await self._pull(limit, expires_seconds=0):
                    return page
                if page := await self._pull(1, expires_seconds=min(max(left, 0.01), LINGER_SECONDS)):
                    return page
            except (_ConsumerLost, nats.errors.TimeoutError, ServiceUnavailableError, NotFoundError) as error:
                log.debug("reading again", stream=self._stream, after=self._after, because=repr(error))
                self._consumer = None
                await asyncio.sleep(min(RETRY_SECONDS, max(left, 0)))
        return []

    async def _ensure_consumer(self) -> None:
        if self._nc.is_closed:
            raise nats.errors.ConnectionClosedError
        if not self._nc.is_connected:
            raise _ConsumerLost("not connected")
        if self._consumer is not None:
            return
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._after + 1, ack_policy=AckPolicy.NONE,
            filter_subjects=self._only or None, inactive_threshold=CONSUMER_IDLE_SECONDS_MAX, mem_storage=True, num_replicas=1,
        )  # fmt: skip
        info = await self._js.add_consumer(self._stream, config)
        self._consumer, self._delivered = info.name, 0

    async def _pull(self, limit: int, *, expires_seconds: float) -> list[StreamMessage]:
        """One request: what is there now (expires 0), or the first to come within a time."""
        self._requests += 1
        inbox = f"{self._inbox}.{self._requests}"
        request = {"batch": limit, "no_wait": True} if not expires_seconds else {"batch": limit, "expires": int(expires_seconds * 1e9)}
        await self._nc.publish(f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}", orjson.dumps(request), reply=inbox)
        page: list[StreamMessage] = []
        try:
            await self._fill(page, limit, inbox, expires_seconds + _REQUEST_MARGIN_SECONDS)
        except _ConsumerLost:
            if not page:
                raise
            self._consumer = None  # what came is good and counted in `after`; a new consumer goes on behind it
        return page

    async def _fill(self, page: list[StreamMessage], limit: int, inbox: str, seconds_max: float) -> None:
        delivered = 0
        while delivered < limit:
            message = await self._next(seconds_max)
            if not message.reply:  # a status, sent to the inbox of the request it ends
                status = (message.headers or {}).get(Header.STATUS)
                if message.subject != inbox:
                    continue
                if status in {"404", "408"}:  # nothing there; nothing came in time
                    return
                raise _ConsumerLost(f"{status} {(message.headers or {}).get(Header.DESCRIPTION)}")
            consumer, sequence, delivery = _delivery(message.reply)
            if consumer != self._consumer:
                continue  # sent to a consumer given up
            if delivery != self._delivered + 1:
                raise _ConsumerLost(f"delivery {delivery} after {self._delivered}")
            self._delivered = delivery
            delivered += 1
            if sequence <= self._after:  # a stream being refilled begins again
                continue
            if not self._only and sequence != self._after + 1:
                raise StreamOutOfOrder(f"{self._stream}: sequence {sequence} after {self._after}")
            self._after = sequence
            page.append(StreamMessage(sequence, message.subject, message.data))

    async def _next(self, seconds_max: float) -> Msg:
        if not self._arrived.empty():
            return self._arrived.get_nowait()
        try:
            async with asyncio.timeout(seconds_max):
                return await self._arrived.get()
        except TimeoutError as error:
            raise _ConsumerLost("no answer") from error


def _delivery(reply: str) -> tuple[str, int, int]:
    """Consumer, stream sequence and delivery number out of `$JS.ACK.[domain.account.]stream.consumer.tries.sequence.delivery.…`."""
    tokens = reply.split(".")
    first = 2 if len(tokens) == 9 else 4
    return tokens[first + 1], int(tokens[first + 3]), int(tokens[first + 4])
