"""Files row by row: Excel of every age, WPS's .et, OpenDocument, and CSV in UTF-8, UTF-16 or GBK. Titles above the header are passed over.

Of what type a sheet is, its title says, or whoever imports it, or its header, if that is the header of one type only. A sheet of which
nothing is read is named.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from deploy.sheet_files import EPOCH, EXCEL_SUFFIXES, BadSheetFile, OpenWorkbook, csv_rows, workbook
from deploy.spreadsheets.cells import Cell, is_day_number
from deploy.spreadsheets.columns import Column, alike, read_header, reportable, version_of
from deploy.spreadsheets.words import CHOICES, INSTRUCTIONS
from shared.contracts import AnyFact
from shared.contracts.base import Fact, shape_in
from shared.write_service.reasons import shown

HEADER_ROWS_MAX: Final = 20
"""So many rows may stand above the header: titles, who filled it in, when."""
TEXTS: Final = frozenset({".csv", ".txt"})
_COPY: Final = re.compile(r"\s*[(（][0-9]+[)）]\s*$")
"""What a spreadsheet adds to the title of a sheet that is copied."""


class Place(NamedTuple):
    """A row of a file."""

    title: str
    row: int


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
    unknown: tuple[str, ...]
    """Names in the header that are no column of the type."""
    rows: Iterator[tuple[int, Sequence[Cell]]]
    """Number and cells of what stands below the header and is not empty. To be read once."""
    epoch: date = EPOCH
    """From which day its numbers of days are counted."""
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    """Row and place of the cells that hold a formula without a value, or an error."""

    def as_of_1900(self, at: int, cell: Cell) -> Cell:
        """A cell as it would stand in a workbook that counts its days from 1900."""
        column = self.columns.get(at)
        if self.epoch == EPOCH or column is None or column.kind != "day" or not is_day_number(cell):
            return cell
        return self.epoch + timedelta(days=int(float(str(cell))))


class Unread(NamedTuple):
    """A sheet of which nothing is read, though it is not empty."""

    title: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What of a file would not be read."""

    types: frozenset[str]
    """Of what it holds facts."""
    sheets: tuple[Unread, ...]
    columns: tuple[tuple[str, str, str | None], ...]
    """The title of a sheet that is read, a name in its header that is no column, and the column that may be meant."""


@contextmanager
def opened(path: Path, fact: type[AnyFact] | None) -> Iterator[Iterator[Sheet]]:
    """The sheets of a file one after the other; `fact` says of what type they are where their titles do not. Raises BadSheetFile."""
    with _pages(path, fact) as pages:
        yield (page for page in pages if isinstance(page, Sheet))


def survey(path: Path, fact: type[AnyFact] | None) -> Survey:
    """Look through a file before anything of it is reported. Raises BadSheetFile, also when no sheet of it can be read."""
    sheets, columns, types = list[Unread](), list[tuple[str, str, str | None]](), set[str]()
    with _pages(path, fact) as pages:
        for page in pages:
            if isinstance(page, Unread):
                sheets.append(page)
            else:
                types.add(page.fact.type)
                columns += [(page.title, name, alike(page.fact, name)) for name in page.unknown]
    if not types:
        zh = "；".join(f"「{shown(each.title)}」{each.zh}" for each in sheets) or "没有内容"
        en = "; ".join(f"{shown(each.title)} {each.en}" for each in sheets) or "it is empty"
        raise BadSheetFile(f"{path} 中没有可读的工作表：{zh} / no sheet of {path} can be read: {en}")
    return Survey(frozenset(types), tuple(sheets), tuple(columns))


def fact_titled(title: str) -> type[AnyFact] | None:
    """The type whose Chinese name a sheet bears, a copied sheet too."""
    return next((fact for fact in reportable() if _COPY.sub("", title).strip() == fact.zh), None)


@contextmanager
def _pages(path: Path, fact: type[AnyFact] | None) -> Iterator[Iterator[Sheet | Unread]]:
    if path.suffix.lower() in TEXTS:
        page = _page(path, path.stem, csv_rows(path), fact or fact_titled(path.stem))
        yield iter(() if page is None else (page,))
    elif path.suffix.lower() in EXCEL_SUFFIXES:
        with workbook(path) as book:
            yield _of_workbook(path, book, fact)
    else:
        wanted = "、".join(sorted(EXCEL_SUFFIXES | TEXTS))
        raise BadSheetFile(f"{path} 不是表格文件（{wanted}）/ {path} is no spreadsheet ({wanted})")


def _of_workbook(path: Path, book: OpenWorkbook, fact: type[AnyFact] | None) -> Iterator[Sheet | Unread]:
    for title in book.sheet_names:
        if title.strip() not in {INSTRUCTIONS, CHOICES}:
            page = _page(path, title, book.rows(title), fact_titled(title) or fact, book.epoch, book.uncomputed(title))
            if page is not None:
                yield page


def _page(
    path: Path, title: str, rows: Iterator[Sequence[Cell]], fact: type[AnyFact] | None, epoch: date = EPOCH,
    uncomputed: frozenset[tuple[int, int]] = frozenset(),
) -> Sheet | Unread | None:  # fmt: skip
    """What a sheet is; None for an empty one. Raises BadSheetFile for one that has a column twice."""
    first = list(islice(rows, HEADER_ROWS_MAX))
    names = [tuple("" if cell is None else str(cell).strip() for cell in row) for row in first]
    if fact is None:
        told = _type_by_header(names)
        if isinstance(told, Unread):
            return told._replace(title=title) if any(_is_filled(row) for row in chain(first, rows)) else None
        fact = told
    for number, header in enumerate(names, start=1):
        shape = shape_in(fact, version_of(fact, header))
        found = read_header(shape, header)
        if any(column.field == "occurred" for column in found.columns.values()):
            if found.twice:
                raise BadSheetFile(
                    f"{path} 的「{title}」有两列「{shown(found.twice[0])}」，请删去或改名 / "
                    f"sheet {title} of {path} has the column {shown(found.twice[0])} twice: delete or rename one"
                )
            below = _filled(enumerate(chain(first[number:], rows), start=number + 1))
            return Sheet(title, shape, number, header, found.columns, found.unknown, below, epoch, uncomputed)
    if not any(_is_filled(row) for row in chain(first, rows)):
        return None
    return Unread(
        title, f"前 {HEADER_ROWS_MAX} 行中没有表头（须有“日期”等列名，见 kaiye template {fact.type}）",
        f"has no header with the columns of {fact.type} in its first {HEADER_ROWS_MAX} rows",
    )  # fmt: skip


def _type_by_header(rows: Sequence[Sequence[str]]) -> type[AnyFact] | Unread:
    """The one type whose columns a header names."""
    for names in rows:
        found = [(fact, read_header(shape_in(fact, version_of(fact, names)), names)) for fact in reportable()]
        fitting = [(len(header.unknown), fact) for fact, header in found if header.missing == 0]
        best = [fact for unknown, fact in fitting if unknown == min(fitting, key=lambda each: each[0])[0]]
        if len(best) == 1:
            return best[0]
        if best:
            kinds_zh, kinds_en = "、".join(fact.zh for fact in best), ", ".join(fact.type for fact in best)
            return Unread(
                "", f"列名符合几类事实（{kinds_zh}），请以其一命名，或用 --type 指明",
                f"may be of several types ({kinds_en}): name it after one, or say it with --type",
            )  # fmt: skip
    return Unread(
        "", "名称不是事实类型，列名也不符合哪一类，请改名，或用 --type 指明",
        "is named after no type of fact and has the columns of none: rename it, or say it with --type",
    )  # fmt: skip


def _filled(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    return ((number, row) for number, row in rows if _is_filled(row))


def _is_filled(row: Sequence[Cell]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)
