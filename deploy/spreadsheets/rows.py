"""Files row by row: Excel of every age, WPS's .et, OpenDocument, and CSV in UTF-8 or GBK. Titles above the header are passed over."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from deploy.roster_file import EXCEL_SUFFIXES
from deploy.spreadsheets.cells import Cell
from deploy.spreadsheets.columns import Column, named, reportable
from shared.contracts import AnyFact

HEADER_ROWS_MAX: Final = 20
"""So many rows may stand above the header: titles, who filled it in, when."""
TEXTS: Final = frozenset({".csv", ".txt"})


class BadSheetFile(Exception):
    """A file that cannot be imported at all; the message says why, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of facts of one type."""

    title: str
    fact: type[AnyFact]
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
        yield iter((_sheet(path, path.stem, _csv(path), fact),))
    elif path.suffix.lower() in EXCEL_SUFFIXES:
        with _workbook(path) as book:
            yield _sheets(path, book, fact)
    else:
        wanted = "、".join(sorted(EXCEL_SUFFIXES | TEXTS))
        raise BadSheetFile(f"{path} 不是表格文件（{wanted}）/ {path} is no spreadsheet ({wanted})")


def fact_titled(title: str) -> type[AnyFact] | None:
    """The type whose Chinese name a sheet bears."""
    return next((fact for fact in reportable() if title.strip() == fact.zh), None)


@contextmanager
def _workbook(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise BadSheetFile(f"无法读取 {path} / {path} cannot be read: {error}") from error
    try:
        yield book
    finally:
        book.close()


def _sheets(path: Path, book: CalamineWorkbook, fact: type[AnyFact] | None) -> Iterator[Sheet]:
    titles = book.sheet_names
    known = {title: found for title in titles if (found := fact_titled(title)) is not None}
    if not known and fact is not None and titles:
        known = {titles[0]: fact}
    if not known:
        raise BadSheetFile(
            f"{path} 的工作表名称都不是事实类型，请用 --type 指明 / no sheet of {path} is named after a type of fact: say it with --type"
        )
    for title, found in known.items():
        rows = book.get_sheet_by_name(title).iter_rows()
        yield _sheet(path, title, (tuple(row) for row in rows), found)


def _csv(path: Path) -> Iterator[Sequence[Cell]]:
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as file:
            yield from csv.reader(file)
    except OSError as error:
        raise BadSheetFile(f"无法读取 {path} / {path} cannot be read: {error.strerror}") from error
    except csv.Error as error:
        raise BadSheetFile(f"{path} 不是可读的 CSV / {path} is no CSV that can be read: {error}") from error


def _encoding(path: Path) -> str:
    """UTF-8 if all of it is, else GBK. Raises BadSheetFile when it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadSheetFile(f"{path} 既不是 UTF-8 也不是 GBK 文本 / {path} is neither UTF-8 nor GBK text")


def _sheet(path: Path, title: str, rows: Iterator[Sequence[Cell]], fact: type[AnyFact] | None) -> Sheet:
    if fact is None:
        raise BadSheetFile(f"请用 --type 指明 {path} 的事实类型 / say with --type of what type {path} is")
    numbered = enumerate(rows, start=1)
    for number, row in islice(numbered, HEADER_ROWS_MAX):
        header = tuple("" if cell is None else str(cell).strip() for cell in row)
        columns = named(fact, header)
        if any(column.field == "occurred" for column in columns.values()):
            return Sheet(title, fact, number, header, columns, _filled(numbered))
    raise BadSheetFile(
        f"{path} 的「{title}」前 {HEADER_ROWS_MAX} 行中没有表头（须有“日期”等列名，见 kaiye template {fact.type}）/ "
        f"no header with the columns of {fact.type} in the first {HEADER_ROWS_MAX} rows of sheet {title} of {path}"
    )


def _filled(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    for number, row in rows:
        if any(cell is not None and str(cell).strip() for cell in row):
            yield number, row
