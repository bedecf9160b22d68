"""Child processes: each with a log file, in a session of its own (Ctrl-C is for the parent), and never outliving its parent."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 20.0

_PR_SET_PDEATHSIG = 1
_LOG_LINES_SHOWN = 12


class PartFailed(Exception):
    """A server or service could not be started; the message says why, in Chinese and English."""


def dies_with_parent(signal_number: int) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends this signal to the child once the thread that started it is gone (Linux only).

    Start children from the main thread: a worker thread that ends would take its children with it.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None
    parent = os.getpid()

    def ask_the_kernel() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal_number)
            if os.getppid() != parent:  # it died between the fork and the request
                os._exit(1)

    return ask_the_kernel


class Part(ABC):
    """One child process that can be started again after it ended, and knows when it serves."""

    name: str
    """What people call it."""
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    """What it gets when its parent is gone."""
    start_seconds_max: float = START_SECONDS_MAX
    """How long it may take until it serves for the first time."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line, to run in the foreground."""

    @abstractmethod
    def accepts(self) -> bool:
        """Whether whoever depends on it would be served now."""

    def prepare(self) -> None:
        """What must be so before it starts. Raises PartFailed when it cannot be."""
        self.log.parent.mkdir(parents=True, exist_ok=True)

    def environment(self) -> Mapping[str, str] | None:
        """Its environment variables; None for the parent's."""
        return None

    def working_folder(self) -> Path | None:
        """Where it runs; None for the parent's folder."""
        return None

    def launch_and_wait(self) -> None:
        """Start and wait until it serves. Raises PartFailed."""
        self.launch()
        deadline = time.monotonic() + self.start_seconds_max
        while not self.ready():
            if time.monotonic() > deadline:
                self.stop()
                raise self.not_ready()
            time.sleep(0.02)

    def launch(self) -> None:
        """Start without waiting; `ready` tells when it serves. Raises PartFailed."""
        if self.pid is not None:
            raise PartFailed(f"{self.name} 已在运行 / {self.name} is running already (pid {self.pid})")
        self.prepare()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(), cwd=self.working_folder(),
                start_new_session=True, preexec_fn=dies_with_parent(self.orphan_signal),  # noqa: PLW1509 - it calls nothing but the kernel
            )  # fmt: skip

    def ready(self) -> bool:
        """Whether it serves. Raises PartFailed, with the end of its log, when it has exited instead."""
        if self._process is None:
            return False
        if self._process.poll() is not None:
            raise self.failed(f"启动后退出（{self._process.returncode}）", f"exited with {self._process.returncode}")
        return self.accepts()

    def exit_code(self) -> int | None:
        """How it ended, once it was started and is gone, for whatever reason; a negative number is a signal's."""
        return None if self._process is None else self._process.poll()

    def ask_to_stop(self) -> None:
        """Send it the signal to end; `exit_code` tells when it has."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask it to end, wait, and end it by force if it does not. Nothing happens when it does not run."""
        self.ask_to_stop()
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End it by force and wait."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def not_ready(self) -> PartFailed:
        """The error for one that runs but never served."""
        return self.failed(f"在 {self.start_seconds_max:.0f} 秒内未就绪", f"was not ready within {self.start_seconds_max:.0f} s")

    def failed(self, zh: str, en: str) -> PartFailed:
        """An error with the end of the log."""
        tail = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:] if self.log.exists() else []
        return PartFailed("\n".join([f"{self.name} {zh} / {self.name} {en}; {self.log}:", *tail]))
