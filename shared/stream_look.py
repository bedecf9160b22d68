"""Reading what stands in a stream by asking for message after message: for whoever operates the system, who may set up no consumer.

A consumer delivers to whatever subject it is told to, with the broker's own rights (`deploy/nats/accounts.py`). Asking costs more, and
nobody waits at the broker for what is still to come: whoever follows a stream reads by `StreamReader`.
"""

import asyncio
import base64

import nats.errors
import orjson
from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from shared.stream_reader import RETRY_SECONDS, StreamMessage

ANSWER_SECONDS_MAX = 10.0
"""How long the broker may take to give one message."""
_NO_MESSAGE_FOUND = 10037


class StreamLook:
    """`page` gives the next messages in order; sequences that hold none are passed over. `after` is the last sequence passed."""

    def __init__(self, nc: Client, stream: str, *, after: int = 0) -> None:
        self._nc = nc
        self._js = nc.jetstream()
        self._stream = stream
        self.after = after

    async def page(self, limit: int, *, wait_seconds: float) -> list[StreamMessage]:
        """The next messages, at most `limit`; empty when none came within `wait_seconds`.

        While the broker or the stream is away it tries again. Raises nats' errors that trying again cannot mend.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while (left := deadline - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    if page := await self._page(limit):
                        return page
            except (TimeoutError, nats.errors.TimeoutError, nats.errors.NoRespondersError, ServiceUnavailableError, NotFoundError):
                left = deadline - loop.time()
            await asyncio.sleep(min(RETRY_SECONDS, max(0.0, left)))
        return []

    async def _page(self, limit: int) -> list[StreamMessage]:
        """What the next sequences hold, past those that hold nothing; empty at the end of the stream."""
        state = (await self._js.stream_info(self._stream)).state
        while self.after < state.last_seq:
            first = max(self.after + 1, state.first_seq)
            last = min(state.last_seq, first + limit - 1)
            found = await asyncio.gather(*(self._message(sequence) for sequence in range(first, last + 1)))
            self.after = last
            if page := [message for message in found if message is not None]:
                return page
        return []

    async def _message(self, sequence: int) -> StreamMessage | None:
        """One message; None where the sequence holds none. (The client library's own call spends most of its time on headers.)"""
        reply = await self._nc.request(f"$JS.API.STREAM.MSG.GET.{self._stream}", b'{"seq":%d}' % sequence, timeout=ANSWER_SECONDS_MAX)
        said = orjson.loads(reply.data)
        if (error := said.get("error")) is not None:
            if error["err_code"] == _NO_MESSAGE_FOUND:
                return None
            raise APIError.from_error(error)
        message = said["message"]
        return StreamMessage(message["seq"], message["subject"], base64.b64decode(message.get("data", "")))
