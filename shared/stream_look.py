"""Reading what stands in a stream by asking for message after message: for whoever operates the system, who may set up no consumer.

A consumer delivers to whatever subject it is told to, with the broker's own rights (`deploy/nats/accounts.py`). Asking costs more (it gives
less than half as many messages a second), and nobody waits at the broker for what is still to come: whoever follows a stream reads by
`StreamReader`.

Each question is for the first message at a sequence or after it, so that what is gone, however much it is, costs one question. Several
are on their way at once, for the sequences that follow each other; answers are taken in their order. As many are on their way as gaps
between the messages make worth it.
"""

import asyncio
import base64

import nats.errors
import orjson
from nats.aio.client import NO_RESPONDERS_STATUS, Client
from nats.aio.msg import Msg
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from shared.bus import BusUnreachable
from shared.stream_reader import RETRY_SECONDS, StreamMessage

SILENCE_SECONDS_MAX = 3.0
"""How long the broker may give no answer at all; then what it was asked counts as lost, and is asked again."""
AHEAD_MAX = 256
"""So many questions are on their way at once where messages stand close together: more make it no faster."""
_WORTH = 4
"""A message is worth so many questions: each answers in less time than it would take to wait for the one before it."""
_NO_MESSAGE_FOUND = 10037


class StreamLook:
    """`page` gives the next messages in order; sequences that hold none are passed over. `after` is the last sequence passed."""

    def __init__(self, nc: Client, stream: str, *, after: int = 0) -> None:
        self._nc = nc
        self._js = nc.jetstream()
        self._stream = stream
        self._call = f"$JS.API.STREAM.MSG.GET.{stream}"
        self._ahead = 1
        self.after = after

    async def page(self, limit: int, *, wait_seconds: float) -> list[StreamMessage]:
        """The next messages, at most `limit`: what came within `wait_seconds`. Empty only at the end of the stream (or where there is no
        stream), when nothing was added meanwhile, or when all that followed is gone.

        While the broker is away it tries again. Raises BusUnreachable where nothing came and it is not known to be the end, and nats'
        errors that trying again cannot mend.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        began, page = self.after, list[StreamMessage]()
        unknown: Exception | None = TimeoutError()
        while (left := deadline - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._read(page, limit)
                    unknown = None
            except NotFoundError:
                unknown = None
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError, ServiceUnavailableError) as error:
                unknown = error
            except TimeoutError:
                pass  # what was last known still is
            if page or self.after > began:
                return page
            await asyncio.sleep(min(RETRY_SECONDS, max(0.0, deadline - loop.time())))
        if unknown is not None:
            raise BusUnreachable(
                f"消息总线在 {wait_seconds:g} 秒内没有给出 {self._stream} 第 {self.after} 条之后的内容：总线不可用或过慢，请稍后重试 / "
                f"the bus gave nothing of {self._stream} after {self.after} within {wait_seconds:g} seconds: "
                "it is away or too slow, try again later"
            ) from unknown
        return page

    async def _read(self, page: list[StreamMessage], limit: int) -> None:
        """Add to the page what comes next, until it is full or the stream ends. What was added stays when this is cut short."""
        inbox, arrived = self._nc.new_inbox(), asyncio.Queue[Msg]()
        subscription = await self._nc.subscribe(f"{inbox}.*", cb=arrived.put)
        answers: dict[int, Msg] = {}
        asked = self.after
        try:
            while len(page) < limit:
                while asked - self.after < min(self._ahead, limit - len(page)):
                    asked += 1
                    await self._ask(asked, f"{inbox}.{asked}")
                while (answer := answers.pop(self.after + 1, None)) is None:
                    message = await _next(arrived)
                    answers[int(message.subject.rpartition(".")[2])] = message
                found = _message(answer)
                if found is None:
                    self._ahead = 1
                    break
                in_vain = range(self.after + 2, min(found.sequence, asked) + 1)  # their answers are this message too
                for sequence in in_vain:
                    answers.pop(sequence, None)
                self._ahead = max(1, min(AHEAD_MAX, self._ahead + _WORTH - len(in_vain)))
                page.append(found)
                self.after = found.sequence
                asked = max(asked, self.after)
        finally:
            if not self._nc.is_closed:
                await subscription.unsubscribe()
        if not page:
            await self._pass_what_is_gone()

    async def _ask(self, sequence: int, inbox: str) -> None:
        """For the first message at a sequence or after it."""
        if not self._nc.is_connected:
            raise nats.errors.NoRespondersError
        await self._nc.publish(self._call, _question(sequence), reply=inbox)

    async def _pass_what_is_gone(self) -> None:
        """The last messages of a stream may be gone, and its last sequence is theirs all the same."""
        last = (await self._js.stream_info(self._stream)).state.last_seq
        if last > self.after:
            answer = await self._nc.request(self._call, _question(self.after + 1), timeout=SILENCE_SECONDS_MAX)
            if _message(answer) is None:
                self.after = last


def _question(sequence: int) -> bytes:
    """For the first message at a sequence or after it, whatever its subject."""
    return b'{"seq":%d,"next_by_subj":">"}' % sequence


async def _next(arrived: "asyncio.Queue[Msg]") -> Msg:
    """The next answer. Raises nats' TimeoutError and NoRespondersError."""
    if not arrived.empty():
        return arrived.get_nowait()
    try:
        async with asyncio.timeout(SILENCE_SECONDS_MAX):
            return await arrived.get()
    except TimeoutError:
        raise nats.errors.TimeoutError from None


def _message(answer: Msg) -> StreamMessage | None:
    """What was answered; None: there is no such message. (The client library's own call spends most of its time on headers.)"""
    if answer.headers is not None and answer.headers.get(Header.STATUS) == NO_RESPONDERS_STATUS:
        raise nats.errors.NoRespondersError
    said = orjson.loads(answer.data)
    if (error := said.get("error")) is not None:
        if error["err_code"] == _NO_MESSAGE_FOUND:
            return None
        raise APIError.from_error(error)
    message = said["message"]
    return StreamMessage(message["seq"], message["subject"], base64.b64decode(message.get("data", "")))
