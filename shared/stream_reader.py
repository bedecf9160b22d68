"""Reading a stream in order, page by page, through an ephemeral consumer that is made anew whenever it or its stream is gone.

The reader's place is its own (`after`), never the broker's: a consumer lost to a restart, a wiped folder or idleness is replaced
by one that starts at the next sequence, and what is delivered twice is left out. A page is what is there, up to a limit: the reader
never waits for a page to fill.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError, ServiceUnavailableError

from shared.logs import logger
from shared.pull import ConsumerLost, Puller

CONSUMER_IDLE_SECONDS_MAX = 60.0
"""How long the broker keeps a consumer nobody asks."""
RETRY_SECONDS = 0.25
LINGER_SECONDS = 1.0
"""How long one request waits at the broker: a connection lost meanwhile is noticed that much later."""

log = logger(__name__)


class StreamOutOfOrder(Exception):
    """A stream that should hold every sequence once delivered another: sequence and position no longer agree."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """One message of a stream: its sequence, subject and exact bytes."""

    sequence: int
    subject: str
    data: bytes


class StreamReader:
    """`page` gives the next messages; use within `async with`. Without `only`, every sequence is asserted to follow the one before.

    `after` is the last sequence already seen; `only` limits the reader to some subjects, and sequences then leave gaps.
    """

    def __init__(self, nc: Client, stream: str, *, after: int = 0, only: Sequence[str] = ()) -> None:
        self._nc = nc
        self._js = nc.jetstream()
        self._stream = stream
        self._only = list(only)
        self._after = after
        self._puller = Puller(nc)
        self._consumer: str | None = None
        self._delivered = 0

    @property
    def after(self) -> int:
        """The last sequence given out."""
        return self._after

    async def __aenter__(self) -> Self:
        await self._puller.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._puller.__aexit__(kind, error, trace)

    async def page(self, limit: int, *, wait_seconds: float) -> list[StreamMessage]:
        """The next messages, at most `limit`; empty when none came within `wait_seconds`.

        While the broker or the stream is away it waits and tries again. Raises StreamOutOfOrder, nats' ConnectionClosedError,
        and nats' errors that trying again cannot mend.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while (left := deadline - loop.time()) > 0:
            try:
                consumer = await self._ensure_consumer()
                if page := self._take(await self._puller.now(self._stream, consumer, limit)):
                    return page
                if page := self._take(await self._puller.within(self._stream, consumer, 1, min(left, LINGER_SECONDS))):
                    return page
            except (ConsumerLost, nats.errors.TimeoutError, ServiceUnavailableError, NotFoundError) as error:
                log.debug("reading again", stream=self._stream, after=self._after, because=repr(error))
                self._consumer = None
                await asyncio.sleep(min(RETRY_SECONDS, left))
        return []

    async def _ensure_consumer(self) -> str:
        if self._nc.is_closed:
            raise nats.errors.ConnectionClosedError
        if not self._nc.is_connected:
            raise ConsumerLost("not connected")
        if self._consumer is None:
            config = ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self._after + 1, ack_policy=AckPolicy.NONE,
                filter_subjects=self._only or None, inactive_threshold=CONSUMER_IDLE_SECONDS_MAX, mem_storage=True, num_replicas=1,
            )  # fmt: skip
            self._consumer = (await self._js.add_consumer(self._stream, config)).name
            self._delivered = 0
        return self._consumer

    def _take(self, messages: Iterable[Msg]) -> list[StreamMessage]:
        page: list[StreamMessage] = []
        for message in messages:
            consumer, sequence, delivery = _delivery(message.reply)
            if consumer != self._consumer:
                continue  # sent to a consumer given up
            if delivery != self._delivered + 1:  # something was lost on the way: a new consumer starts behind what came
                self._consumer = None
                break
            self._delivered = delivery
            if sequence <= self._after:  # a stream being refilled begins again
                continue
            if not self._only and sequence != self._after + 1:
                raise StreamOutOfOrder(f"{self._stream}: sequence {sequence} after {self._after}")
            self._after = sequence
            page.append(StreamMessage(sequence, message.subject, message.data))
        return page


def _delivery(reply: str) -> tuple[str, int, int]:
    """Consumer, stream sequence and delivery number out of `$JS.ACK.[domain.account.]stream.consumer.tries.sequence.delivery.…`."""
    tokens = reply.split(".")
    first = 2 if len(tokens) == 9 else 4
    return tokens[first + 1], int(tokens[first + 3]), int(tokens[first + 4])
