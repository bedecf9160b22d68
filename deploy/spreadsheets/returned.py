"""What was not recorded, given back: the same sheets and columns, the cells that are wrong marked, and one more column with the reason.

It holds what was typed, resident ids too: whoever may not read the file that was imported may not read this one.
"""

import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook.child import INVALID_TITLE_REGEX

from deploy.spreadsheets.cells import Cell
from deploy.spreadsheets.drafts import Fault
from deploy.spreadsheets.rows import opened
from shared.contracts import AnyFact
from shared.durable import put_once_written

REASON: Final = "退回原因 reason"
_WRONG: Final = PatternFill("solid", fgColor="FFC7CE")
_TITLE_MAX: Final = 31
"""So long a sheet's title may be, says Excel."""
Faults = Mapping[int, Sequence[Fault]]
"""By row number."""


def write_returned(source: Path, fact: type[AnyFact] | None, faults: Mapping[str, Faults], out: Path) -> None:
    """Write the rows of `source` that have faults, by sheet. The source is read once more, so that its rows need not be kept.

    Raises OSError: then nothing is there, or what was.
    """
    book = Workbook(write_only=True)
    with opened(source, fact) as sheets:
        for sheet in sheets:
            wrong = faults.get(sheet.title, {})
            page: Any = book.create_sheet(
                INVALID_TITLE_REGEX.sub("_", sheet.title)[:_TITLE_MAX]
            )  # the stubs know no columns of a sheet that is only written
            width = len(sheet.header)
            for place in range(1, width + 1):
                page.column_dimensions[get_column_letter(place)].width = 20
            page.column_dimensions[get_column_letter(width + 1)].width = 60
            page.freeze_panes = "A2"
            page.append([_cell(page, name, bold=True) for name in (*sheet.header, REASON)])
            for number, cells in sheet.rows:
                if number in wrong:
                    page.append(list(_row(page, cells, width, wrong[number])))
    with put_once_written(out, mode=stat.S_IMODE(source.stat().st_mode)) as aside:
        book.save(aside)


def _row(page: Any, cells: Sequence[Cell], width: int, faults: Sequence[Fault]) -> Iterator[Any]:
    marked = {fault.at for fault in faults}
    for at in range(width):
        yield _cell(page, cells[at] if at < len(cells) else None, wrong=at in marked)
    yield _cell(page, "；".join(fault.zh for fault in faults) + " / " + "; ".join(fault.en for fault in faults))


def _cell(page: Any, value: Any, *, bold: bool = False, wrong: bool = False) -> Any:
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value)  # characters that show nothing and that no workbook can hold
    cell = WriteOnlyCell(page, value)
    if isinstance(value, str):
        cell.data_type = "s"  # text that begins with = is no formula
        cell.number_format = "@"
    if bold:
        cell.font = Font(bold=True)
    if wrong:
        cell.fill = _WRONG
    return cell
