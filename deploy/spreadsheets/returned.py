"""What was not recorded, given back: the same sheets and columns, the cells that are wrong marked, and one more column with the reason.

It holds what was typed, resident ids too: whoever may not read the file that was imported may not read this one. And it is where people
mend what was wrong: it never takes the place of another file.
"""

import errno
import fcntl
import glob
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from deploy.spreadsheets.cells import Cell
from deploy.spreadsheets.drafts import Fault
from deploy.spreadsheets.rows import Sheet, opened
from deploy.spreadsheets.words import REASON
from deploy.spreadsheets.writing import Said, WorkbookWriter
from shared.contracts import AnyFact
from shared.durable import UNFINISHED, put_once_written

_WIDTH, _REASON_WIDTH = 20, 60
Faults = Mapping[int, Sequence[Fault]]
"""By row number."""


def write_returned(source: Path, fact: type[AnyFact] | None, faults: Mapping[str, Faults], out: Path) -> None:
    """Write the rows of `source` that have faults, by sheet. The source is read once more, so that its rows need not be kept.

    Raises FileExistsError where there is such a file, OSError: then nothing is there, or what was.
    """
    mode = stat.S_IMODE(source.stat().st_mode) | stat.S_IRUSR | stat.S_IWUSR
    with put_once_written(out, mode=mode, in_place=False) as aside, aside.open("r+b") as held:
        with suppress(OSError):  # a folder of a kind that knows no locks: there nothing is forgotten
            fcntl.flock(held, fcntl.LOCK_EX)
        if not _is_at(aside, held):
            raise FileNotFoundError(errno.ENOENT, "another import of this file took it for a leftover", str(aside))
        with WorkbookWriter.into(held) as book, opened(source, fact) as sheets:
            for sheet in sheets:
                book.sheet(
                    sheet.title, [*(_WIDTH for name in sheet.header if name != REASON), _REASON_WIDTH],
                    _rows(sheet, faults.get(sheet.title, {})),
                )  # fmt: skip


def forget_unfinished(out: Path) -> None:
    """Remove what a writer of this file that was killed has left of it, and only that."""
    for left in out.parent.glob(UNFINISHED.replace("*", f"{glob.escape(out.name)}.*", 1)):
        with suppress(OSError), left.open("r+b") as file:  # else another import is at it, has done with it, or it is somebody else's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(left, file):
                left.unlink()


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Whether an open file still stands under its name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _rows(sheet: Sheet, wrong: Faults) -> Iterator[list[Said]]:
    kept = [at for at, name in enumerate(sheet.header) if name != REASON]  # given back before: the reason is another now
    yield [*(Said(sheet.header[at], "header") for at in kept), Said(REASON, "header")]
    for number, cells in sheet.rows:
        if number in wrong:
            yield list(_row(sheet, cells, kept, wrong[number]))


def _row(sheet: Sheet, cells: Sequence[Cell], kept: Sequence[int], faults: Sequence[Fault]) -> Iterator[Said]:
    marked = {fault.at for fault in faults}
    for at in kept:
        yield Said(sheet.as_of_1900(at, cells[at]) if at < len(cells) else None, "wrong" if at in marked else "plain")
    yield Said("；".join(fault.zh for fault in faults) + " / " + "; ".join(fault.en for fault in faults))
