"""Keeps the archive behind the figures: what the store holds and the archive does not yet is written there, a batch at a time.

Reading is a query like any other and writing happens beside the event loop, so neither records nor questions wait. Trouble with the
archive stops nothing else: it is told, and tried again until somebody has mended it.
"""

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from services.indicators.audit.archive.index import BadArchive
from services.indicators.audit.archive.writer import ARRIVING, ArchiveBusy, ArchiveWriter, BrokenHistory
from services.indicators.live import Live
from shared.contracts.base import SERVICES
from shared.logs import logger

BATCH_RECORDS_MAX: Final = 20_000
"""So many records are written without waiting for more. Larger batches are quicker per record and take more memory meanwhile."""
LOOK_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 30.0

log = logger(__name__)


class Archiving:
    """One county's archive in a running service. `run` goes on until it is cancelled."""

    def __init__(self, folder: Path, live: Live, *, seconds: float) -> None:
        """Fewer records than a batch wait so many seconds since the last were written, for others to come."""
        self._folder = folder
        self._live = live
        self._seconds = seconds
        self.positions: dict[str, int] = dict.fromkeys(SERVICES, 0)
        """Up to where the archive goes."""
        self.trouble: str | None = None
        """Why nothing can be written, in Chinese and English."""

    async def run(self) -> None:
        """Follow the figures, from where the archive stands."""
        while True:
            try:
                with ExitStack() as opened:
                    writer = await asyncio.to_thread(opened.enter_context, ArchiveWriter.opened(self._folder, self._live.plan.county))
                    await self._follow(writer)
            except (ArchiveBusy, BadArchive, BrokenHistory, OSError, duckdb.Error) as error:
                if str(error) != self.trouble:
                    log.critical("归档停写 / the archive is not written", folder=str(self._folder), error=repr(error))
                self.trouble = str(error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self, writer: ArchiveWriter) -> None:
        written = float("-inf")
        while True:
            self.positions = {service: writer.index.heads[service].position for service in SERVICES}
            waiting = sum(max(0, position - self.positions[service]) for service, position in self._live.snapshot().positions.items())
            if waiting >= BATCH_RECORDS_MAX or (waiting and time.monotonic() - written >= self._seconds):
                await asyncio.to_thread(writer.append, await self._batch())
                written = time.monotonic()
            else:
                await asyncio.sleep(LOOK_SECONDS)
            self.trouble = None

    async def _batch(self) -> pa.Table:
        """The next records, in the schema of `ARRIVING`."""
        positions, unreadable = self._live.snapshot().positions, self._live.projection.unreadable
        undescribed = {(record.service, record.position) for record in unreadable}
        columns: list[list[object]] = [[], [], [], []]
        for number, service in enumerate(SERVICES):
            limit = BATCH_RECORDS_MAX - len(columns[0])
            rows = await self._live.store.raws(service, self.positions[service], positions[service], limit)
            for position, raw in rows:
                for column, value in zip(columns, (number, position, raw, (service, position) not in undescribed), strict=True):
                    column.append(value)
        return pa.Table.from_arrays([pa.array(column, of) for column, of in zip(columns, ARRIVING.types, strict=True)], schema=ARRIVING)
