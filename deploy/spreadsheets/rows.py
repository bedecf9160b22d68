"""Files row by row: Excel of every age, WPS's .et, OpenDocument, and CSV in UTF-8, UTF-16 or GBK. Titles above the header are passed over.

Of what type a sheet is, its title says, or whoever imports it (of the first sheet whose title does not), or its header, if all its names
are columns of one type and of no other. A sheet of which nothing is read, a hidden one too, is named.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from deploy.roster_file import cell_name
from deploy.sheet_files import EXCEL_SUFFIXES, BadSheetFile, OpenWorkbook, csv_rows, workbook
from deploy.sheet_parts import EPOCH
from deploy.spreadsheets.cells import Cell, day_number
from deploy.spreadsheets.columns import DAY_COLUMN, Column, alike, read_header, reportable, version_of
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
    by_header: bool = False
    """Whether only its header told the type."""

    def as_of_1900(self, at: int, cell: Cell) -> Cell:
        """A cell as it would stand in a workbook that counts its days from 1900."""
        column = self.columns.get(at)
        if self.epoch == EPOCH or column is None or column.kind != "day" or (days := day_number(cell)) is None:
            return cell
        return self.epoch + timedelta(days=days)


class Unread(NamedTuple):
    """A sheet of which nothing is read, though it is not empty."""

    title: str
    zh: str
    en: str


class UnknownColumn(NamedTuple):
    """A name in a header that is no column, or a column that has none."""

    title: str
    """Of the sheet, which is read."""
    fact: type[Fact]
    """As which it is read."""
    name: str
    """Empty where none stands above what is filled in."""
    meant: str | None = None
    """The column that may be meant."""
    first: str = ""
    """Of a column without a name, the first cell in which something stands."""


_HIDDEN: Final = Unread("", "是隐藏的工作表，要上报请先取消隐藏", "is hidden: show it if it is to be reported")
_UNFILLED: Final = Unread("", "表头下面没有填写任何行", "has a header and no row that is filled in")
_FURTHER: Final = Unread(
    "", "名称不是事实类型，而 --type 只指第一张这样的工作表，要上报请以事实类型命名",
    "is named after no type of fact, and --type is said of the first such sheet only: name it after its type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survey:
    """What of a file would not be read."""

    types: frozenset[str]
    """Of what it holds facts."""
    sheets: tuple[Unread, ...]
    columns: tuple["UnknownColumn", ...]
    assumed: tuple[tuple[str, type[Fact]], ...]
    """The title of a sheet of which only the header told the type, and that type."""


@contextmanager
def opened(path: Path, fact: type[AnyFact] | None) -> Iterator[Iterator[Sheet]]:
    """The sheets of a file one after the other; `fact` says of what type the first is whose title does not. Raises BadSheetFile."""
    with _pages(path, fact) as pages:
        yield (page for page in pages if isinstance(page, Sheet))


def survey(path: Path, fact: type[AnyFact] | None) -> Survey:
    """Look through a file before anything of it is reported. Raises BadSheetFile, also when no sheet of it can be read."""
    sheets, columns, types, assumed = list[Unread](), list[UnknownColumn](), set[str](), list[tuple[str, type[Fact]]]()
    unfilled, rows = list[Unread](), 0
    with _pages(path, fact) as pages:
        for page in pages:
            if isinstance(page, Unread):
                sheets.append(page)
            else:
                types.add(page.fact.type)
                columns += [UnknownColumn(page.title, page.fact, name, alike(page.fact, name)) for name in page.unknown]
                nameless, filled = _nameless(page)
                columns += [UnknownColumn(page.title, page.fact, "", first=first) for first in nameless]
                if not filled:
                    unfilled.append(_UNFILLED._replace(title=page.title))
                rows += filled
                assumed += [(page.title, page.fact)] if page.by_header else []
    if not rows:
        sheets += unfilled
        zh = "；".join(f"「{shown(each.title)}」{each.zh}" for each in sheets) or "没有内容"
        en = "; ".join(f"{shown(each.title)} {each.en}" for each in sheets) or "it is empty"
        raise BadSheetFile(f"{path} 中没有可读的工作表：{zh} / no sheet of {path} can be read: {en}")
    return Survey(frozenset(types), tuple(sheets), tuple(columns), tuple(assumed))


def _nameless(sheet: Sheet) -> tuple[list[str], int]:
    """Of every column in which something stands, but no name above it: its first cell. And how many rows there are. Reads them."""
    rows = 0
    named = {at for at, name in enumerate(sheet.header) if name}
    found: dict[int, str] = {}
    for row, cells in sheet.rows:
        rows += 1
        for at, cell in enumerate(cells):
            if at not in named and at not in found and cell is not None and str(cell).strip():
                found[at] = cell_name(at, row)
    return [found[at] for at in sorted(found)], rows


def fact_titled(title: str) -> type[AnyFact] | None:
    """The type whose Chinese name a sheet bears, a copied sheet too."""
    return next((fact for fact in reportable() if _COPY.sub("", title).strip() == fact.zh), None)


@contextmanager
def _pages(path: Path, fact: type[AnyFact] | None) -> Iterator[Iterator[Sheet | Unread]]:
    if path.suffix.lower() in TEXTS:
        page = _page(path, path.stem, csv_rows(path, _columns_named), fact or fact_titled(path.stem))
        yield iter(() if page is None else (page,))
    elif path.suffix.lower() in EXCEL_SUFFIXES:
        with workbook(path) as book:
            yield _of_workbook(path, book, fact)
    else:
        wanted = "、".join(sorted(EXCEL_SUFFIXES | TEXTS))
        raise BadSheetFile(f"{path} 不是表格文件（{wanted}）/ {path} is no spreadsheet ({wanted})")


def _of_workbook(path: Path, book: OpenWorkbook, fact: type[AnyFact] | None) -> Iterator[Sheet | Unread]:
    wanted = fact  # of one sheet only: the first that is not titled after a type and has a header
    for title, is_hidden in book.sheets:
        if title.strip() in {INSTRUCTIONS, CHOICES}:
            continue
        titled = fact_titled(title)
        page: Sheet | Unread | None
        if is_hidden or (titled is None and fact is not None and wanted is None):
            page = (_HIDDEN if is_hidden else _FURTHER)._replace(title=title) if any(map(_is_filled, book.rows(title))) else None
        else:
            page = _page(path, title, book.rows(title), titled or wanted, book.epoch, book.uncomputed(title))
            if titled is None and isinstance(page, Sheet):
                wanted = None
        if page is not None:
            yield page


def _page(
    path: Path, title: str, rows: Iterator[Sequence[Cell]], fact: type[AnyFact] | None, epoch: date = EPOCH,
    uncomputed: frozenset[tuple[int, int]] = frozenset(),
) -> Sheet | Unread | None:  # fmt: skip
    """What a sheet is; None for an empty one. Raises BadSheetFile for one that has a column twice."""
    by_header = fact is None
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
        if DAY_COLUMN in found.columns.values():
            if found.twice:
                raise BadSheetFile(
                    f"{path} 的「{title}」有两列「{shown(found.twice[0])}」，请删去或改名 / "
                    f"sheet {title} of {path} has the column {shown(found.twice[0])} twice: delete or rename one"
                )
            below = _filled(enumerate(chain(first[number:], rows), start=number + 1))
            return Sheet(title, shape, number, header, found.columns, found.unknown, below, epoch, uncomputed, by_header)
    if not any(_is_filled(row) for row in chain(first, rows)):
        return None
    return Unread(
        title, f"前 {HEADER_ROWS_MAX} 行中没有表头（须有“日期”等列名，见 kaiye template {fact.type}）",
        f"has no header with the columns of {fact.type} in its first {HEADER_ROWS_MAX} rows",
    )  # fmt: skip


def _type_by_header(rows: Sequence[Sequence[str]]) -> type[AnyFact] | Unread:
    """The one type whose columns a header names, and names nothing else: a column left over may be what tells it from another type."""
    for names in rows:
        found = [(fact, read_header(shape_in(fact, version_of(fact, names)), names)) for fact in reportable()]
        fitting = [fact for fact, header in found if header.missing == 0 and not header.unknown]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            kinds_zh, kinds_en = "、".join(fact.zh for fact in fitting), ", ".join(fact.type for fact in fitting)
            return Unread(
                "", f"列名符合几类事实（{kinds_zh}），请以其一命名，或用 --type 指明",
                f"may be of several types ({kinds_en}): name it after one, or say it with --type",
            )  # fmt: skip
    return Unread(
        "", "名称不是事实类型，列名也不全是某一类的列名，请改名，或用 --type 指明",
        "is named after no type of fact and its columns are not those of one: rename it, or say it with --type",
    )  # fmt: skip


def _columns_named(names: Sequence[str]) -> int:
    """How many columns of a type a header names; 0 for what is no header."""
    first, *others = reportable()
    header = read_header(first, names)
    if DAY_COLUMN not in header.columns.values():  # which every type has
        return 0
    return max(len(each.columns) for each in (header, *(read_header(shape_in(fact, version_of(fact, names)), names) for fact in others)))


def _filled(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    return ((number, row) for number, row in rows if _is_filled(row))


def _is_filled(row: Sequence[Cell]) -> bool:
    return any(cell is not None and str(cell).strip() for cell in row)
