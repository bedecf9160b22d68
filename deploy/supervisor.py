"""Keeps parts running: starts them in order, starts again whatever dies, stops them in the opposite order."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from subprocess import SubprocessError

from deploy.processes import STOP_SECONDS_MAX, Part, PartFailed
from shared.logs import logger
from shared.tasks import end, finish

LOOK_SECONDS = 0.05
"""How often it looks whether a part has died."""
BACK_OFF_SECONDS_MIN = 0.1
BACK_OFF_SECONDS_MAX = 5.0
STEADY_SECONDS = 30.0
"""A part that ran this long has recovered: its next restart is quick again."""

log = logger(__name__)

Stage = Sequence[Part]
"""Parts that may start and stop at the same time, because none needs another."""


@dataclass(slots=True)
class _Watched:
    part: Part
    started: float
    back_off: float = BACK_OFF_SECONDS_MIN
    again_at: float | None = None


class Supervisor:
    """Runs stages of parts: `async with Supervisor() as supervisor: await supervisor.start(stage)`.

    Use it in the main thread, whose end would end the parts.
    """

    def __init__(self) -> None:
        self._stages: list[Stage] = []
        self._watched: list[_Watched] = []

    async def start(self, stage: Stage) -> None:
        """Start parts together and wait until all serve; from then on they are kept running.

        Raises PartFailed when one does not come up: what fails the first time will not mend itself.
        """
        self._stages.append(stage)
        for part in stage:
            part.launch()
        launched = time.monotonic()
        for part in stage:
            while not await asyncio.to_thread(part.ready):
                if time.monotonic() - launched > part.start_seconds_max:
                    raise part.not_ready()
                await asyncio.sleep(LOOK_SECONDS)
            self._watched.append(_Watched(part, time.monotonic()))

    async def watch(self) -> None:
        """Start again whatever dies, for ever."""
        while True:
            for watched in self._watched:
                _look_at(watched, time.monotonic())
            await asyncio.sleep(LOOK_SECONDS)

    async def stop(self) -> None:
        """Stop every part, the last stage first; what does not end by itself is ended by force."""
        self._watched.clear()
        while self._stages:
            stage = self._stages.pop()
            for part in stage:
                part.ask_to_stop()
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while any(part.pid for part in stage) and time.monotonic() < deadline:
                await asyncio.sleep(LOOK_SECONDS)
            for part in stage:
                if part.pid is not None:
                    log.error("未按时结束，已强制结束 / did not end in time and was killed", part=part.name, log=str(part.log))
                    part.kill()


def _look_at(watched: _Watched, now: float) -> None:
    part = watched.part
    if watched.again_at is None:
        code = part.exit_code()
        if code is None:
            return
        if now - watched.started > STEADY_SECONDS:
            watched.back_off = BACK_OFF_SECONDS_MIN
        log.error("意外结束，即将重启 / died and will be started again", part=part.name, code=code, log=str(part.log))
        _later(watched, now)
    elif now >= watched.again_at:
        try:
            part.launch()
        except (PartFailed, OSError, SubprocessError) as error:  # a full disk, too many processes: nothing that ends the watch
            log.error("重启失败 / could not be started again", part=part.name, error=str(error))
            _later(watched, now)
        else:
            watched.started, watched.again_at = now, None
            log.warning("已重启 / is started again", part=part.name, pid=part.pid)


def _later(watched: _Watched, now: float) -> None:
    watched.again_at = now + watched.back_off
    watched.back_off = min(watched.back_off * 2, BACK_OFF_SECONDS_MAX)


@asynccontextmanager
async def supervised() -> AsyncIterator[Supervisor]:
    """A supervisor at work; everything it started is stopped at the end, however the end came and however often."""
    supervisor = Supervisor()
    watch = asyncio.create_task(supervisor.watch())
    try:
        yield supervisor
    finally:
        await finish(_stopped(supervisor, watch))


async def _stopped(supervisor: Supervisor, watch: asyncio.Task[None]) -> None:
    await end([watch])
    await supervisor.stop()
    if not watch.cancelled():
        watch.result()  # a bug in watching is not passed over
