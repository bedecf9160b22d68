"""Files row by row: Excel of every age, WPS's .et, OpenDocument, and CSV in UTF-8 or GBK. Titles above the header are passed over."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.sheet_files import EXCEL_SUFFIXES, BadSheetFile, OpenWorkbook, csv_rows, workbook
from deploy.spreadsheets.cells import Cell
from deploy.spreadsheets.columns import Column, named, reportable, version_of
from shared.contracts import AnyFact
from shared.contracts.base import Fact, shape_in

HEADER_ROWS_MAX: Final = 20
"""So many rows may stand above the header: titles, who filled it in, when."""
TEXTS: Final = frozenset({".csv", ".txt"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of facts of one type."""

    title: str
    fact: type[Fact]
    """In the version whose columns it has."""
    header_row: int
    """Counted from 1, as spreadsheets show it."""
    header: tuple[str, ...]
    columns: dict[int, Column]
    """By place, from 0."""
    rows: Iterator[tuple[int, Sequence[Cell]]]
    """Number and cells of what stands below the header and is not empty. To be read once."""


@contextmanager
def opened(path: Path, fact: type[AnyFact] | None) -> Iterator[Iterator[Sheet]]:
    """The sheets of a file one after the other; `fact` says of what type they are where their titles do not.

    A sheet whose title names no type is passed over if another does. Raises BadSheetFile.
    """
    if path.suffix.lower() in TEXTS:
        yield iter((_sheet(path, path.stem, csv_rows(path), fact),))
    elif path.suffix.lower() in EXCEL_SUFFIXES:
        with workbook(path) as book:
            yield _sheets(path, book, fact)
    else:
        wanted = "、".join(sorted(EXCEL_SUFFIXES | TEXTS))
        raise BadSheetFile(f"{path} 不是表格文件（{wanted}）/ {path} is no spreadsheet ({wanted})")


def fact_titled(title: str) -> type[AnyFact] | None:
    """The type whose Chinese name a sheet bears."""
    return next((fact for fact in reportable() if title.strip() == fact.zh), None)


def _sheets(path: Path, book: OpenWorkbook, fact: type[AnyFact] | None) -> Iterator[Sheet]:
    titles = book.sheet_names
    known = {title: found for title in titles if (found := fact_titled(title)) is not None}
    if not known and fact is not None and titles:
        known = {titles[0]: fact}
    if not known:
        raise BadSheetFile(
            f"{path} 的工作表名称都不是事实类型，请用 --type 指明 / no sheet of {path} is named after a type of fact: say it with --type"
        )
    for title, found in known.items():
        yield _sheet(path, title, book.rows(title), found)


def _sheet(path: Path, title: str, rows: Iterator[Sequence[Cell]], fact: type[AnyFact] | None) -> Sheet:
    if fact is None:
        raise BadSheetFile(f"请用 --type 指明 {path} 的事实类型 / say with --type of what type {path} is")
    numbered = enumerate(rows, start=1)
    for number, row in islice(numbered, HEADER_ROWS_MAX):
        header = tuple("" if cell is None else str(cell).strip() for cell in row)
        shape = shape_in(fact, version_of(fact, header))
        columns = named(shape, header)
        if any(column.field == "occurred" for column in columns.values()):
            return Sheet(title, shape, number, header, columns, _filled(numbered))
    raise BadSheetFile(
        f"{path} 的「{title}」前 {HEADER_ROWS_MAX} 行中没有表头（须有“日期”等列名，见 kaiye template {fact.type}）/ "
        f"no header with the columns of {fact.type} in the first {HEADER_ROWS_MAX} rows of sheet {title} of {path}"
    )


def _filled(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    for number, row in rows:
        if any(cell is not None and str(cell).strip() for cell in row):
            yield number, row
