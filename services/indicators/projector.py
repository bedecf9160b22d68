"""The projector: brings the records of the three streams into the live figures, page by page, each page one commit.

A page is whatever is there: a single record when facts trickle in, up to `PAGE_RECORDS_MAX` while catching up. It never waits for a
page to fill. Its place is the store's checkpoint, so nothing is lost or taken twice whatever dies; a second projector on the same
store does no harm, because each leaves out what the other has taken in.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from nats.aio.client import Client

from services.indicators.api.metrics import ProjectorMetrics
from services.indicators.live import BrokenChain, Live
from shared import subjects
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import Record, parse_record
from shared.logs import logger
from shared.stream_reader import StreamMessage, StreamOutOfOrder, StreamReader
from shared.tasks import end

FETCH_RECORDS_MAX = 250
"""So many records are drawn from one stream at a time: the grain pages are made of."""
PAGE_RECORDS_MAX = 500
"""Taking in a page keeps the event loop busy, and queries wait meanwhile. Measured on two cores with 24,000 records: a page of 500 takes
0.15 s, and larger pages are no quicker per record."""
READ_WAIT_SECONDS = 30.0

log = logger(__name__)


class Projector:
    """One county's projector. `run` goes on until something breaks that reading again cannot mend."""

    def __init__(self, nc: Client, live: Live, metrics: ProjectorMetrics) -> None:
        self._nc = nc
        self._live = live
        self._metrics = metrics
        self._county = live.plan.county
        self._arrived: asyncio.Queue[list[Record]] = asyncio.Queue(maxsize=2 * PAGE_RECORDS_MAX // FETCH_RECORDS_MAX)

    async def run(self) -> None:
        """Follow the streams from the checkpoint on. `Live.open` comes before it.

        Raises BrokenChain and StreamOutOfOrder when streams and store do not belong together, and what bus and store raise.
        """
        after = {service: self._live.checkpoint[service][0] for service in SERVICES}
        log.info("following the records", after=after)
        parts: list[Coroutine[Any, Any, None]] = [self._read(service, after[service]) for service in SERVICES]
        tasks = [asyncio.create_task(part) for part in (*parts, self._fold())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        except (BrokenChain, StreamOutOfOrder) as error:
            log.critical(
                "记录不连续，停止取用：消息流与指标库不是同一份历史 / records do not follow: streams and ledger are not of one history",
                county=self._county, error=str(error),
            )  # fmt: skip
            raise
        finally:
            await end(tasks)

    async def _read(self, service: Service, after: int) -> None:
        """Draw one service's records in order, as fast as they are taken in."""
        async with StreamReader(self._nc, subjects.recorded_stream(self._county, service), after=after) as reader:
            while True:
                if messages := await reader.page(FETCH_RECORDS_MAX, wait_seconds=READ_WAIT_SECONDS):
                    await self._arrived.put([_record(service, message) for message in messages])

    async def _fold(self) -> None:
        """Take in what has arrived, all of it up to a page."""
        while True:
            page = await self._arrived.get()
            while not self._arrived.empty() and len(page) + FETCH_RECORDS_MAX <= PAGE_RECORDS_MAX:
                page += self._arrived.get_nowait()
            started = time.perf_counter()
            await self._live.take(page)
            self._metrics.page(len(page), time.perf_counter() - started)
            await asyncio.sleep(0)  # queries that waited come first


def _record(service: Service, message: StreamMessage) -> Record:
    """The record in a message. Raises BrokenChain when it is none of this service's, or not at the sequence that is its position."""
    try:
        record = parse_record(message.data)
    except ValueError as error:
        raise BrokenChain(f"{service} {message.sequence}: {error}") from error
    if record.service != service or record.position != message.sequence:
        raise BrokenChain(f"{service} {message.sequence}: holds record {record.service} {record.position}")
    return record
