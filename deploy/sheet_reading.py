"""Workbooks read in a process of its own, whose memory and time are bounded.

A workbook says how far its sheets reach, and whoever reads it believes that before a single cell is there: a few bytes of an old .xls can
ask for more memory than any machine has, and a reader that gets none ends at once, with whatever it was part of. So what reads is a part
of nothing: where it ends, the file is refused, and nobody else noticed. What of a workbook its library does not tell is read there too.
"""

import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import islice
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Final, Literal, assert_never

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from deploy.sheet_errors import TooManyWithoutValue, Unreadable
from deploy.sheet_parts import Parts

MEMORY_BYTES_MAX: Final = 2 << 30
"""So much memory may reading one workbook take: a million filled rows take two thirds of it."""
CPU_SECONDS_MAX: Final = 600
"""So much processor time may it take."""
ROWS_AT_ONCE: Final = 500

Row = tuple[Any, ...]
Asked = Literal["sheets", "rows", "epoch", "uncomputed"]


class ReaderEnded(Exception):
    """What reads the workbook is gone: it was given no more memory, or met a bug in a damaged file."""


class ReaderFailed(Exception):
    """What reads the workbook failed for another reason; the message is its own."""


class Workbook:
    """A workbook under its reader, until it is closed. What it is asked raises ReaderEnded, ReaderFailed and Unreadable."""

    def __init__(self, path: Path) -> None:
        self._asked, theirs = Pipe()
        with theirs:  # closed here, so that either end hears when the other is gone, however that came
            at = theirs.fileno()
            self._reader = subprocess.Popen(
                (sys.executable, "-P", "-m", __name__, str(at), str(path)),  # -P: nothing is imported from where the user stands
                pass_fds=(at,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip

    @property
    def sheets(self) -> list[tuple[str, bool]]:
        """The titles of all its sheets, and whether each is hidden."""
        sheets: list[tuple[str, bool]] = self._ask("sheets")
        return sheets

    def rows(self, sheet: str) -> Iterator[Row]:
        """All rows from the first of the sheet on, empty ones too, from its first column on. To be read once."""
        while rows := self._ask("rows", sheet):
            yield from rows

    @property
    def epoch(self) -> date:
        """From which day the numbers of its days are counted."""
        epoch: date = self._ask("epoch")
        return epoch

    def uncomputed(self, sheet: str) -> frozenset[tuple[int, int]]:
        """Row (from 1) and place (from 0) of every cell that holds an error, or a formula of which no value was kept. Raises
        TooManyWithoutValue.
        """
        cells: frozenset[tuple[int, int]] = self._ask("uncomputed", sheet)
        return cells

    def close(self) -> None:
        """Done with it; whatever is being read is left."""
        self._asked.close()
        with self._reader:
            self._reader.kill()

    def _ask(self, what: Asked, sheet: str = "") -> Any:
        try:
            self._asked.send((what, sheet))
            found = self._asked.recv()
        except (EOFError, OSError) as error:
            _, told = self._reader.communicate()
            last = (told.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
            if self._reader.returncode < 0 or last.startswith(MemoryError.__name__):
                raise ReaderEnded from error
            raise ReaderFailed(last or f"exit {self._reader.returncode}") from error
        if isinstance(found, Unreadable | TooManyWithoutValue):
            raise found
        return found


class _Open:
    """The workbook as whoever reads it has it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._parts = Parts(Path(path))
        self._reading: tuple[str, Iterator[Row]] | None = None

    def answer(self, what: Asked, sheet: str) -> Any:
        """What is asked: of rows the next. Raises CalamineError, Unreadable, TooManyWithoutValue."""
        match what:
            case "sheets":
                return [(each.name, each.visible != SheetVisibleEnum.Visible) for each in self._book.sheets_metadata]
            case "rows":
                if self._reading is None or self._reading[0] != sheet:
                    self._reading = None  # only one sheet is in memory
                    self._reading = sheet, _rows(self._book.get_sheet_by_name(sheet))
                return list(islice(self._reading[1], ROWS_AT_ONCE))
            case "epoch":
                return self._parts.epoch
            case "uncomputed":
                return self._parts.uncomputed(sheet)
            case _:
                assert_never(what)

    @cached_property
    def _book(self) -> CalamineWorkbook:
        return CalamineWorkbook.from_path(self._path)


def _serve(asked: Connection, path: str) -> None:
    """Answer as long as somebody asks."""
    _bounded()
    book = _Open(path)
    while True:
        try:
            what, sheet = asked.recv()
        except EOFError:
            return
        try:
            asked.send(book.answer(what, sheet))
        except CalamineError as error:
            asked.send(Unreadable(str(error)))
        except (Unreadable, TooManyWithoutValue) as error:
            asked.send(error)


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    """Its rows with the empty columns before the first that is filled, which the library leaves out (but not the rows above it)."""
    before = ("",) * (sheet.start[1] if sheet.start is not None else 0)
    return ((*before, *row) for row in sheet.iter_rows())


def _bounded() -> None:
    """From here on memory and time are given up to their limits, and what is in memory at the end is written nowhere."""
    for what, wanted in ((resource.RLIMIT_AS, MEMORY_BYTES_MAX), (resource.RLIMIT_CPU, CPU_SECONDS_MAX)):
        _, most = resource.getrlimit(what)
        limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(what, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as parent:
        _serve(parent, sys.argv[2])
