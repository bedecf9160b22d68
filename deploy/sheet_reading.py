"""Workbooks read in a process of its own, whose memory is bounded.

A workbook says how far its sheets reach, and whoever reads it believes that before a single cell is there: a few bytes of an old .xls can
ask for more memory than any machine has, and a reader that gets none ends at once, with whatever it was part of. So what reads is a part
of nothing: where it ends, the file is refused, and nobody else noticed.
"""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

MEMORY_BYTES_MAX: Final = 2 << 30
"""So much memory may reading one workbook take: a million filled rows take two thirds of it."""
ROWS_AT_ONCE: Final = 500

Row = tuple[Any, ...]

_ERROR: Final = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)|(?:Err|错误):[0-9]{3}")


class ReaderEnded(Exception):
    """What reads the workbook is gone: it was given no more memory, or met a bug in a damaged file."""


class ReaderFailed(Exception):
    """What reads the workbook failed for another reason; the message is its own."""


class Unreadable(Exception):
    """The file is no workbook that can be read; the message says why."""


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
        sheets: list[tuple[str, bool]] = self._ask(None)
        return sheets

    def rows(self, sheet: str) -> Iterator[Row]:
        """All rows from the first of the sheet on, empty ones too, from its first column on. To be read once."""
        while rows := self._ask(sheet):
            yield from rows

    def close(self) -> None:
        """Done with it; whatever is being read is left."""
        self._asked.close()
        with self._reader:
            self._reader.kill()

    def _ask(self, sheet: str | None) -> list[Any]:
        try:
            self._asked.send(sheet)
            found = self._asked.recv()
        except (EOFError, OSError) as error:
            _, told = self._reader.communicate()
            last = (told.decode("utf-8", "replace").strip().splitlines() or [""])[-1]
            if self._reader.returncode < 0 or last.startswith(MemoryError.__name__):
                raise ReaderEnded from error
            raise ReaderFailed(last or f"exit {self._reader.returncode}") from error
        if isinstance(found, str):
            raise Unreadable(found)
        assert isinstance(found, list)
        return found


def is_error(text: str) -> bool:
    """Whether it is what spreadsheets show in a cell whose formula has no value; texts made from them hold it too."""
    return _ERROR.fullmatch(text.strip()) is not None


def _serve(asked: Connection, path: str) -> None:
    """Answer as long as somebody asks: with the sheets, and with the next rows of one."""
    _bounded()
    book: CalamineWorkbook | None = None
    reading: tuple[str, Iterator[Row]] | None = None
    while True:
        try:
            sheet = asked.recv()
        except EOFError:
            return
        try:
            book = book or CalamineWorkbook.from_path(path)
            if sheet is None:
                asked.send([(each.name, each.visible != SheetVisibleEnum.Visible) for each in book.sheets_metadata])
                continue
            if reading is None or reading[0] != sheet:
                reading = None  # only one sheet is in memory
                reading = sheet, _rows(book.get_sheet_by_name(sheet))
            asked.send(list(islice(reading[1], ROWS_AT_ONCE)))
        except CalamineError as error:
            asked.send(str(error))


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    """Its rows with the empty columns before the first that is filled, which the library leaves out (but not the rows above it)."""
    before = ("",) * (sheet.start[1] if sheet.start is not None else 0)
    return ((*before, *row) for row in sheet.iter_rows())


def _bounded() -> None:
    """From here on memory is given up to the limit, and what is in it when there is no more is written nowhere."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES_MAX if most == resource.RLIM_INFINITY else min(MEMORY_BYTES_MAX, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as parent:
        _serve(parent, sys.argv[2])
