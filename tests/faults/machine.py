"""The commands as people run them, on a folder of their own, with a hand on every process behind them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from deploy.data_folder import DataFolder, NothingRuns, Running

KAIYE = (str(Path(sys.executable).with_name("kaiye")),)
SERVERS = ("nats-server", "postgres")
SERVICES = ("registry", "training", "finance", "indicators")
PARTS = (*SERVERS, *SERVICES)
COMMAND_SECONDS_MAX = 240.0
START_SECONDS_MAX = 60.0

Board = dict[str, Any]


class Machine:
    """One data folder and the `kaiye` commands on it. What commands say to people is kept in `said`."""

    def __init__(self, folder: Path, *, facts: int, seed: int) -> None:
        self.data = DataFolder(folder / "data")
        self._said = folder / "said.log"
        self._history = ("--facts", str(facts), "--seed", str(seed))

    @property
    def said(self) -> str:
        """Everything the commands wrote to stderr, and the logs of the parts."""
        logs = sorted((self.data.path / "logs").glob("*.log")) if self.data.path.exists() else []
        return "\n".join(f"== {file.name}\n{file.read_text(errors='replace')[-4000:]}" for file in (self._said, *logs) if file.exists())

    @contextmanager
    def demo(self) -> Iterator["Command"]:
        """`kaiye demo --once --json`, under way."""
        with self._command("demo", "--once", "--json", *self._history) as command:
            yield command

    @contextmanager
    def up(self) -> Iterator[Running]:
        """`kaiye up`, running for as long as the block lasts; it must end well."""
        with self.under_way() as command:
            yield command.running()

    @contextmanager
    def under_way(self) -> Iterator["Command"]:
        """The same, with a hand on its processes."""
        with self._command("up") as command:
            command.running()
            yield command
            command.process.send_signal(signal.SIGINT)
            assert command.process.wait(COMMAND_SECONDS_MAX) == 0, self.said

    def doctor(self, *options: str) -> tuple[int, str]:
        """`kaiye doctor`: its exit code and what it printed."""
        return self.kaiye("doctor", *options)

    def kaiye(self, *words: str) -> tuple[int, str]:
        """Any command that ends by itself: its exit code and what it printed."""
        done = subprocess.run(
            (*KAIYE, *words, "--data", self.data.path), capture_output=True, text=True, timeout=COMMAND_SECONDS_MAX, check=False
        )
        with self._said.open("a") as log:
            log.write(done.stderr)
        return done.returncode, done.stdout

    @contextmanager
    def _command(self, *words: str) -> Iterator["Command"]:
        with self._said.open("ab") as log:
            process = subprocess.Popen((*KAIYE, *words, "--data", self.data.path), stdout=subprocess.PIPE, stderr=log)
        try:
            yield Command(self, process)
        finally:
            process.kill()
            process.communicate()


class Command:
    """One `kaiye` command under way."""

    def __init__(self, machine: Machine, process: subprocess.Popen[bytes]) -> None:
        self._machine = machine
        self.process = process

    def running(self) -> Running:
        """How to reach what it started, once that is up."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                return self._machine.data.running()
            except NothingRuns:
                assert self.process.poll() is None, self._machine.said
                assert time.monotonic() < deadline, f"not up in time\n{self._machine.said}"
                time.sleep(0.02)

    def kill(self, part: str) -> bool:
        """kill −9 of one server or service, once it runs; False when the command has ended already."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while (pid := self._pid(part)) is None:
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < deadline, f"{part} did not come back\n{self._machine.said}"
            time.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        return True

    def pids(self) -> dict[str, int | None]:
        """The process of every server and service; None for one that does not run."""
        return {part: self._pid(part) for part in PARTS}

    def printed(self) -> bytes:
        """What it printed by its end, which must be a good one."""
        out, _ = self.process.communicate(timeout=COMMAND_SECONDS_MAX)
        assert self.process.returncode == 0, f"exit code {self.process.returncode}\n{self._machine.said}"
        return out

    def board(self) -> Board:
        """The board it prints at its end, which must be a good one."""
        return figures(json.loads(self.printed()))

    def parts(self) -> list[psutil.Process]:
        """The processes it has started and what those have started."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def _pid(self, part: str) -> int | None:
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return None
        for child in children:
            try:
                name, arguments = child.name(), child.cmdline()
            except psutil.NoSuchProcess:
                continue
            if name == part or f"services.{part}" in arguments:
                return int(child.pid)
        return None


def figures(board: Board) -> Board:
    """A board without the positions: how many days were closed on the way depends on when the services ran, the figures do not."""
    return {name: value for name, value in board.items() if name != "positions"}


def require_same(found: Board, expected: Board, *context: str) -> None:
    """Fail with what differs, and then with what happened."""
    lines = differences(found, expected)
    assert not lines, "\n".join(("the figures differ:", *lines, *context))


def differences(found: Board, expected: Board) -> list[str]:
    """What differs between two boards, one line each."""
    lines = [f"{name}: {found[name]} != {expected[name]}" for name in expected if name != "indicators" and found[name] != expected[name]]
    ours, theirs = _by_name(found), _by_name(expected)
    for name in dict.fromkeys((*theirs, *ours)):
        row, other = ours.get(name, {}), theirs.get(name, {})
        lines += [f"{name} {field}: {row.get(field)} != {other.get(field)}" for field in row | other if row.get(field) != other.get(field)]
    return lines


def _by_name(board: Board) -> dict[str, Board]:
    return {f"{row['id']}.{row['variant']}.{row['part']}": row for row in board["indicators"]}
