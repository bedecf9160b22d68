"""Keeps the archive behind the figures: what the store holds and the archive does not yet is written there, a batch at a time.

A process of its own reads the store and writes (`python -m services.indicators.audit.archive`): here it is started, and told how far to go.
Trouble with the archive stops nothing else: it is told, and tried again until somebody has mended it.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Final

from services.indicators.audit.archive.orders import Answer, Batch, Opening, line
from services.indicators.live import Live
from shared.contracts.base import SERVICES
from shared.logs import logger
from shared.tasks import finish

BATCH_RECORDS_MAX: Final = 20_000
"""So many records are written without waiting for more. Larger batches are quicker per record and take more memory meanwhile."""
LOOK_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 30.0
"""From one start of the process that writes to the next."""

log = logger(__name__)


class WritingStopped(Exception):
    """Why nothing is written, in Chinese and English."""


class Archiving:
    """One county's archive in a running service. `run` goes on until it is cancelled."""

    def __init__(self, folder: Path, live: Live, store: str, *, seconds: float) -> None:
        """Fewer records than a batch wait so many seconds since the last were written, for others to come. `store`: where Live's is."""
        self._opening = Opening(folder=folder, county=live.plan.county, store=store)
        self._live = live
        self._seconds = seconds
        self.positions: dict[str, int] = dict.fromkeys(SERVICES, 0)
        """Up to where the archive goes."""
        self.trouble: str | None = None
        """Why nothing can be written, in Chinese and English."""
        self.process: int | None = None
        """The number of the process that writes, while there is one."""
        self._even = time.monotonic()
        """When something was written last, or nothing waited to be."""

    @property
    def late(self) -> bool:
        """Whether records wait for longer than they are to, and nothing was written meanwhile."""
        return time.monotonic() - self._even > self._seconds + 2 * RETRY_SECONDS

    async def run(self) -> None:
        """Follow the figures, from where the archive stands."""
        self._even = time.monotonic()
        while True:
            started = time.monotonic()
            try:
                async with self._started() as process:
                    await self._follow(process)
            except (WritingStopped, OSError) as error:
                if str(error) != self.trouble:
                    log.critical("归档停写 / the archive is not written", folder=str(self._opening.folder), error=repr(error))
                self.trouble = str(error)
            await asyncio.sleep(started + RETRY_SECONDS - time.monotonic())

    @asynccontextmanager
    async def _started(self) -> AsyncIterator[Popen[bytes]]:
        """A process that writes, until the end of the block. What it had not finished then is done anew by the next one."""
        with _start() as process:
            self.process = process.pid
            try:
                yield process
            finally:
                self.process = None
                await finish(_end(process))

    async def _follow(self, process: Popen[bytes]) -> None:
        self.positions = await asyncio.to_thread(_ask, process, self._opening)
        self._even = time.monotonic()
        written = float("-inf")
        while process.poll() is None:
            batch = self._batch()
            records = sum(batch.upto.values()) - sum(self.positions.values())
            if records >= BATCH_RECORDS_MAX or (records and time.monotonic() - written >= self._seconds):
                self.positions = await asyncio.to_thread(_ask, process, batch)
                self._even = written = time.monotonic()
            else:
                if not records:
                    self._even = time.monotonic()
                await asyncio.sleep(LOOK_SECONDS)
            self.trouble = None
        raise _gone(process)

    def _batch(self) -> Batch:
        """The next records."""
        there, unreadable = self._live.snapshot().positions, self._live.projection.unreadable
        upto, room = dict(self.positions), BATCH_RECORDS_MAX
        for service, position in self.positions.items():
            upto[service] += min(room, max(0, there[service] - position))
            room -= upto[service] - position
        undescribed: dict[str, list[int]] = {
            service: [record.position for record in unreadable if record.service == service and position < record.position <= upto[service]]
            for service, position in self.positions.items()
        }
        return Batch(upto=upto, undescribed=undescribed)


def _start() -> Popen[bytes]:
    command = (sys.executable, "-m", "services.indicators.audit.archive")
    return Popen(command, bufsize=0, stdin=PIPE, stdout=PIPE, start_new_session=True)


def _ask(process: Popen[bytes], said: Opening | Batch) -> dict[str, int]:
    """Up to where the archive goes once the process has done what it is asked for. Raises WritingStopped."""
    assert process.stdin is not None, "it is a pipe"
    assert process.stdout is not None, "it is a pipe"
    with suppress(BrokenPipeError):  # then there is no answer either
        process.stdin.write(line(said))
    answered = process.stdout.readline()
    if not answered.endswith(b"\n"):
        process.wait()
        raise _gone(process)
    answer = Answer.model_validate_json(answered)
    if answer.trouble is not None:
        raise WritingStopped(answer.trouble)
    return answer.positions


def _gone(process: Popen[bytes]) -> WritingStopped:
    code = process.returncode
    return WritingStopped(
        f"写归档的进程意外结束（{code}），将自动重新启动，原因见日志 / "
        f"the process that writes it ended unexpectedly ({code}): it is started anew by itself; the log says why"
    )


async def _end(process: Popen[bytes]) -> None:
    process.kill()
    await asyncio.to_thread(process.wait)
