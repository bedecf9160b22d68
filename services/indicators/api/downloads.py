"""Long downloads: a few at once, in chunks, and none held open by a reader who stands still."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from shared.logs import logger

CHUNK_BYTES: Final = 64 * 1024
DOWNLOADS_MAX: Final = 2
"""So many at once; each holds one of the store's few connections, and the projector needs one."""
STALLED_SECONDS_MAX: Final = 60.0
"""A reader who takes nothing for so long is cut off, so that the next one has a turn."""

log = logger(__name__)


class Stalled(Exception):
    """The reader has taken nothing for `STALLED_SECONDS_MAX`."""


class Download(StreamingResponse):
    """A stream of bytes. One that is cut off ends without the closing chunk, and what it reads from is let go at once."""

    body_iterator: AsyncGenerator[bytes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. A reader who stands still is no fault of the service: it is told in the log."""
        try:
            await super().__call__(scope, receive, send)
        except Stalled:
            log.warning("下载停滞，已中断 / a stalled download was cut off", path=scope["path"], seconds=STALLED_SECONDS_MAX)

    async def stream_response(self, send: Send) -> None:
        """Send chunk by chunk. Raises Stalled."""

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(STALLED_SECONDS_MAX):
                    await send(message)
            except TimeoutError:
                raise Stalled from None

        async with aclosing(self.body_iterator):
            await super().stream_response(send_in_time)


class Downloads:
    """Whose turn it is to download."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(DOWNLOADS_MAX)

    async def lines(self, records: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
        """The records, one per line, in chunks; whoever comes when there are enough of them waits."""
        async with self._turns, aclosing(records):
            chunk: list[bytes] = []
            size = 0
            async for record in records:
                chunk += (record, b"\n")
                size += len(record) + 1
                if size >= CHUNK_BYTES:
                    yield b"".join(chunk)
                    chunk, size = [], 0
            yield b"".join(chunk)
