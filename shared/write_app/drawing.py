"""FastStream's batch subscriber with another way to draw: prompt when there is little, full batches when there is much.

FastStream 0.7.8 itself waits for a full batch or the end of its time-out, and, on top of nats-py 2.16, does so at the cost of an
error and a new task every time nothing comes (see `shared.pull`). Everything around the drawing stays FastStream's.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import nats.errors
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.msg import Msg

from shared.logs import logger
from shared.pull import ConsumerLost, Puller

LINGER_SECONDS = 1.0
"""How long one request waits at the broker: a connection lost meanwhile is noticed that much later."""
RETRY_SECONDS = 0.25

log = logger(__name__)


async def give_back(batch: Iterable[Msg]) -> None:
    """Let somebody else have these at once. Where that cannot be said any more, the broker notices by itself, later."""
    with suppress(nats.errors.Error):
        for message in batch:
            if not message.is_acked:
                await message.nak()


class PromptBatches(BatchPullStreamSubscriber):
    """Draws what is there; a batch that is not full is given `pull_sub.timeout` seconds to grow, counted from its first message."""

    __slots__ = ()

    async def _consume_pull(self) -> None:
        durable = self.extra_options["durable"]
        async with Puller(self.connection) as puller:
            try:
                while self.running:
                    try:
                        batch = await self._draw(puller, durable)
                    except ConsumerLost as error:
                        log.debug("reports cannot be drawn", stream=self.stream.name, because=str(error))
                        await asyncio.sleep(RETRY_SECONDS)
                        continue
                    if batch and self.running:
                        await self.consume(batch)
                    else:
                        await give_back(batch)
            finally:
                await give_back(puller.left())

    async def _draw(self, puller: Puller, durable: str) -> list[Msg]:
        size, wait_seconds = self.pull_sub.batch_size, self.pull_sub.timeout
        assert wait_seconds is not None
        batch = await puller.now(self.stream.name, durable, size) or await puller.within(self.stream.name, durable, 1, LINGER_SECONDS)
        if batch and len(batch) < size:
            batch += await puller.within(self.stream.name, durable, size - len(batch), wait_seconds)
        return batch
