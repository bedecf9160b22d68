"""The supervisor, with small real processes."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import SubprocessError

import pytest

from deploy import supervisor as module
from deploy.cli.common import run_until_stopped
from deploy.processes import Part, PartFailed
from deploy.supervisor import supervised
from shared import tasks


class Script(Part):
    """A process that runs a line of Python and serves once it has said so in its log."""

    def __init__(self, name: str, folder: Path, before: str = "", after: str = "time.sleep(60)") -> None:
        super().__init__(folder / f"{name}.log")
        self.name = name
        self.launches = 0
        self._script = f"import os, signal, sys, time\n{before}\nprint('serving', os.getpid(), flush=True)\n{after}"

    def command(self) -> Sequence[str]:
        return (sys.executable, "-c", self._script)

    def prepare(self) -> None:
        super().prepare()
        self.launches += 1

    def accepts(self) -> bool:
        return f"serving {self.pid}" in self.log.read_text()


async def _until(condition: Callable[[], bool], seconds_max: float = 10.0) -> None:
    deadline = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


async def test_what_dies_is_started_again(tmp_path: Path) -> None:
    part = Script("part", tmp_path)
    async with supervised() as supervisor:
        await supervisor.start([part])
        first = part.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await _until(lambda: part.pid not in (None, first))
        await _until(part.ready)
    assert part.pid is None


async def test_it_backs_off_from_what_keeps_dying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF_SECONDS_MAX", 0.8)
    flag = tmp_path / "ran"
    part = Script("part", tmp_path, before=f"open({str(flag)!r}, 'a').write('x')", after="time.sleep(0.3)")
    async with supervised() as supervisor:
        await supervisor.start([part])
        await asyncio.sleep(3.0)
        restarts = part.launches - 1
    # each run lasts over 0.3 s and the pauses are 0.1, 0.2, 0.4, 0.8 …: without them there would be about nine
    assert 2 <= restarts <= 5


async def test_a_part_that_does_not_come_up_the_first_time_is_an_error_and_the_rest_is_stopped(tmp_path: Path) -> None:
    good = Script("good", tmp_path)
    bad = Script("bad", tmp_path, before="sys.exit('no such setting')")
    with pytest.raises(PartFailed, match=r"bad 启动后退出（1） / bad exited with 1[\s\S]*no such setting"):
        async with supervised() as supervisor:
            await supervisor.start([good])
            await supervisor.start([bad])
    assert good.pid is None


def test_a_stop_is_heard_where_it_was_lost_and_does_not_cut_the_shutdown_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "CANCEL_AGAIN_SECONDS", 0.05)
    flag = tmp_path / "ended"
    ends = f"signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), open({str(flag)!r}, 'w').close(), os._exit(0)))"
    part = Script("slow to end", tmp_path, before=ends)
    lost = False

    async def answer(asking: "asyncio.Task[None] | None", reply: asyncio.Future[None]) -> None:
        while asking is not None and not asking.cancelling():
            await asyncio.sleep(0)
        reply.set_result(None)  # the reply and the end come together: `wait_for` then drops the cancellation

    async def work() -> None:
        nonlocal lost
        async with supervised() as supervisor:
            await supervisor.start([part])
            reply: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            answering = asyncio.create_task(answer(asyncio.current_task(), reply))
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.wait_for(reply, 20)
            lost = answering.done()
            async with asyncio.timeout(5):
                await asyncio.Event().wait()

    assert run_until_stopped(work()) is False
    assert lost, "the cancellation was not dropped: this test shows nothing"
    assert (part.exit_code(), flag.exists()) == (0, True)


async def test_parts_that_started_beside_a_failing_one_are_stopped_too(tmp_path: Path) -> None:
    good = Script("good", tmp_path)
    bad = Script("bad", tmp_path, before="sys.exit(1)")
    with pytest.raises(PartFailed):
        async with supervised() as supervisor:
            await supervisor.start([bad, good])
    assert good.pid is None


async def test_later_stages_end_before_earlier_ones(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    catch = "signal.signal(signal.SIGTERM, lambda *_: (open({path!r}, 'a').write({name!r}), time.sleep(0.2), sys.exit()))"
    parts = [Script(name, tmp_path, before=catch.format(path=str(ended), name=name)) for name in "abc"]
    async with supervised() as supervisor:
        for part in parts:
            await supervisor.start([part])
    assert ended.read_text() == "cba"


async def test_what_does_not_end_is_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_SECONDS_MAX", 0.2)
    part = Script("deaf", tmp_path, before="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    async with supervised() as supervisor:
        await supervisor.start([part])
        pid = part.pid
    assert pid is not None
    assert part.exit_code() == -signal.SIGKILL


async def test_everything_is_stopped_when_the_body_fails(tmp_path: Path) -> None:
    part = Script("part", tmp_path)
    with pytest.raises(ZeroDivisionError):
        async with supervised() as supervisor:
            await supervisor.start([part])
            _ = 1 / 0
    assert part.pid is None


@pytest.mark.parametrize("trouble", [PartFailed("not yet"), OSError("no space left"), SubprocessError("no process")])
async def test_a_part_that_cannot_start_again_is_tried_until_it_can(tmp_path: Path, trouble: Exception) -> None:
    class Reluctant(Script):
        def prepare(self) -> None:
            super().prepare()
            if self.launches == 2:
                raise trouble

    part = Reluctant("part", tmp_path)
    async with supervised() as supervisor:
        await supervisor.start([part])
        assert part.pid is not None
        os.kill(part.pid, signal.SIGKILL)
        await _until(lambda: part.launches == 3 and part.pid is not None)
