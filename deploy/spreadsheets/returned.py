"""What was not recorded, given back: the same sheets and columns, the cells that are wrong marked, and one more column with the reason.

It holds what was typed, resident ids too: whoever may not read the file that was imported may not read this one. And it is where people
mend what was wrong: it never takes the place of another file.
"""

import fcntl
import glob
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from openpyxl.workbook.child import INVALID_TITLE_REGEX

from deploy.spreadsheets.cells import Cell
from deploy.spreadsheets.drafts import Fault
from deploy.spreadsheets.rows import Sheet, opened
from deploy.spreadsheets.words import REASON
from deploy.spreadsheets.writing import Said, WorkbookWriter
from shared.contracts import AnyFact
from shared.durable import UNFINISHED, put_once_written

_TITLE_MAX: Final = 31
"""So long a sheet's title may be, says Excel."""
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
        with WorkbookWriter.into(aside) as book, opened(source, fact) as sheets:
            for sheet in sheets:
                title = INVALID_TITLE_REGEX.sub("_", sheet.title)[:_TITLE_MAX]
                book.sheet(
                    title, [*(_WIDTH for name in sheet.header if name != REASON), _REASON_WIDTH], _rows(sheet, faults.get(sheet.title, {}))
                )


def forget_unfinished(out: Path) -> None:
    """Remove what a writer of this file that was killed has left of it, and only that."""
    for left in out.parent.glob(UNFINISHED.replace("*", f"{glob.escape(out.name)}.*", 1)):
        with left.open("r+b") as file, suppress(OSError):  # else another import is at it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink(missing_ok=True)


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
