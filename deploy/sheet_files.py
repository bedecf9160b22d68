"""What people's spreadsheets hold, before anybody knows what it means: workbooks of every age, and texts in UTF-8, UTF-16 or GBK whose
cells are parted by commas, semicolons or tabs.
"""

import csv
import errno
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from functools import cached_property
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from deploy.sheet_biff import Biff, Damaged
from deploy.sheet_opendocument import CONTENT, TooManyWithoutValue, null_date, without_value
from deploy.sheet_reading import MEMORY_BYTES_MAX, ReaderEnded, ReaderFailed, Row, Unreadable, Workbook
from shared.write_service.masking import mask_text

EXCEL_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".et"})
UTF_8: Final = "utf-8-sig"
GBK: Final = "gb18030"
UTF_16: Final = "utf-16"
EPOCH: Final = date(1899, 12, 30)
"""From which day's numbers are counted, unless a workbook says that it counts from 1904."""
EPOCH_1904: Final = EPOCH + timedelta(days=1462)
DELIMITERS: Final = ",;\t"
_DELIMITED_LINES: Final = 20
PART_BYTES_MAX: Final = 512 * 1024 * 1024
"""So long a part of a workbook may be once it is unpacked: a million rows are a quarter of it."""
CELLS_MAX: Final = 30_000_000
"""So many cells may lie between the first and the last that is filled, empty ones among them: a sheet is read as a whole."""
_SHEETS: Final = "xl/worksheets/"
_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_SMALL_BYTES_MAX: Final = 16 * 1024 * 1024
"""So long may be what a workbook says of itself."""
_EMPTY: Final = re.compile(
    rb'<(?:[a-z]+:)?c\b(?![^>]*\bt="str")[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*'
    rb"<(?:[a-z]+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:[a-z]+:)?f>)\s*(?:<(?:[a-z]+:)?v\s*/>|<(?:[a-z]+:)?v></(?:[a-z]+:)?v>)?\s*</"
)
"""A cell with a formula and no value; a text may well be empty."""
_ERROR: Final = re.compile(rb'<(?:[a-z]+:)?c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_FORMULA_BYTES_MAX: Final = 1 << 14
_SAID_ZH: Final[Mapping[int | None, str]] = {
    errno.ENOENT: "没有这个文件", errno.EISDIR: "这是文件夹", errno.EACCES: "没有读取权限", errno.EPERM: "没有读取权限",
}  # fmt: skip
_FILLED: Final = re.compile(rb'<(?:[a-z]+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>/]*>')
_CHUNK_BYTES, _TAG_BYTES_MAX = 1 << 20, 1 << 10


_DAMAGED: Final = (OSError, zlib.error, EOFError, RuntimeError)


class BadSheetFile(Exception):
    """A file that cannot be used at all; the message says why, in Chinese and English, and repeats no resident id."""

    def __init__(self, message: str) -> None:
        super().__init__(mask_text(message))


class OpenWorkbook:
    """A workbook of Excel, WPS or OpenDocument. What it is asked raises BadSheetFile."""

    def __init__(self, path: Path, read: Workbook) -> None:
        self._path = path
        self._read = read

    @property
    def sheets(self) -> list[tuple[str, bool]]:
        """The titles of all its sheets, and whether each is hidden."""
        with self._named():
            return self._read.sheets

    def rows(self, sheet: str) -> Iterator[Row]:
        """All rows from the first of the sheet on, empty ones too, from its first column on. To be read once."""
        with self._named():
            yield from self._read.rows(sheet)

    @cached_property
    def epoch(self) -> date:
        """From which day the numbers of its days are counted: from 1900, or from 1904 as old workbooks of the Macintosh do, or from
        whichever an .ods names.
        """
        try:
            with ZipFile(self._path) as book:
                if CONTENT in book.namelist():
                    with book.open(CONTENT) as content:
                        return null_date(content) or EPOCH
                properties = _attributes("workbookPr", _small(book, _BOOK))
                counts_from_1904 = any(each.get("date1904") in {"1", "true"} for each in properties)
        except (BadZipFile, *_DAMAGED):
            counts_from_1904 = self._biff is not None and self._biff.counts_from_1904
        return EPOCH_1904 if counts_from_1904 else EPOCH

    def uncomputed(self, sheet: str) -> frozenset[tuple[int, int]]:
        """Row (from 1) and place (from 0) of every cell that holds an error, or a formula of which no value was kept: that an .xls tells
        no more than an empty text.
        """
        try:
            with ZipFile(self._path) as book:
                if CONTENT in book.namelist():
                    with book.open(CONTENT) as content:
                        return without_value(content, sheet)
                part = _part_of(book, sheet)
                return frozenset() if part is None else _without_value(book, part)
        except (BadZipFile, *_DAMAGED):
            return frozenset() if self._biff is None else self._biff.errors(sheet)
        except TooManyWithoutValue as error:
            raise BadSheetFile(
                f"{self._path} 的「{sheet}」中公式没有算出值的单元格过多，请打开重新计算后保存 / "
                f"in too many cells of sheet {sheet} of {self._path} the formula has no value: open it, calculate it and save it"
            ) from error

    @cached_property
    def _biff(self) -> Biff | None:
        """Its records if it is an .xls or .et; None if it is of another kind, or damaged: whoever reads it says so."""
        try:
            return Biff(self._path)
        except Damaged:
            return None
        except OSError as error:
            raise _unreadable(self._path, error) from error

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except Unreadable as error:
            raise BadSheetFile(
                f"无法读取 {self._path}：不是完好的表格文件，请用 Excel 或 WPS 打开后另存为 .xlsx / "
                f"{self._path} cannot be read: {error}; open it in Excel or WPS and save it as .xlsx"
            ) from error
        except ReaderFailed as error:
            raise BadSheetFile(
                f"无法读取 {self._path}：读取程序出错（{error}），请用 Excel 或 WPS 打开后另存为 .xlsx / "
                f"{self._path} cannot be read: what reads it failed ({error}); open it in Excel or WPS and save it as .xlsx"
            ) from error
        except ReaderEnded as error:
            gib = MEMORY_BYTES_MAX >> 30
            raise BadSheetFile(
                f"{self._path} 读取时所需内存超过 {gib} GiB，或已损坏：请将填有内容的行复制到新文件，或分成几个文件 / "
                f"reading {self._path} takes more than {gib} GiB of memory, or it is damaged: copy the rows that are filled into a new "
                "file, or split it"
            ) from error


@contextmanager
def workbook(path: Path) -> Iterator[OpenWorkbook]:
    """A workbook, open for as long as the block lasts. Raises BadSheetFile."""
    _require_modest(path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(path, error) from error
    with closing(Workbook(path)) as read:
        yield OpenWorkbook(path, read)


def _require_modest(path: Path) -> None:
    """What unpacks to more than there is memory is not opened. Raises BadSheetFile."""
    try:
        with ZipFile(path) as book:
            for part in book.infolist():
                if part.file_size > PART_BYTES_MAX:
                    raise BadSheetFile(
                        f"{path} 解压后过大（{part.filename} {part.file_size} 字节），请分成几个文件 / "
                        f"{path} is too large once unpacked ({part.filename}: {part.file_size} bytes): split it into several files"
                    )
                if part.filename.startswith(_SHEETS) and part.filename.endswith(".xml"):
                    rows, columns = _extent(book, part.filename)
                    if rows * columns > CELLS_MAX:
                        raise BadSheetFile(
                            f"{path} 的 {part.filename} 跨 {rows} 行 {columns} 列，远处有多余的内容，请删去后再导入 / "
                            f"{part.filename} of {path} spans {rows} rows and {columns} columns: something stands far off, delete it"
                        )
    except (BadZipFile, OSError, zlib.error, EOFError, RuntimeError):
        return  # no workbook of this kind, or a damaged one: whoever reads it says so


def _extent(book: ZipFile, sheet: str) -> tuple[int, int]:
    """How many rows and columns lie between the first and the last filled cell."""
    rows: set[int] = set()
    columns: set[int] = set()
    with book.open(sheet) as file:
        kept = b""
        while chunk := file.read(_CHUNK_BYTES):
            kept = kept[-_TAG_BYTES_MAX:] + chunk
            found = _FILLED.findall(kept)
            rows = _ends(rows | {int(row) for _, row in found})
            columns = _ends(columns | {_column(letters) for letters in {letters for letters, _ in found}})
    return (max(rows) - min(rows) + 1, max(columns) - min(columns) + 1) if rows else (0, 0)


def _ends(numbers: set[int]) -> set[int]:
    return {min(numbers), max(numbers)} if numbers else numbers


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def csv_rows(path: Path, columns: Callable[[Sequence[str]], int], encoding: str | None = None) -> Iterator[list[str]]:
    """The rows of a text. `columns` counts the columns that a header names, 0 for a row that is none: by it the delimiter is known. The
    encoding is found out unless it is told. Raises BadSheetFile once it is read.
    """
    try:
        with path.open(encoding=encoding or encoding_of(path), newline="") as file:
            delimiter = _delimiter(list(islice(file, _DELIMITED_LINES)), columns)
            file.seek(0)
            yield from csv.reader(file, delimiter=delimiter)
    except OSError as error:
        raise _unreadable(path, error) from error
    except csv.Error as error:
        raise BadSheetFile(
            f"{path} 不是可读的 CSV，请另存为 CSV（逗号分隔）或 .xlsx / {path} is no CSV that can be read: {error}"
        ) from error


def _delimiter(lines: Sequence[str], columns: Callable[[Sequence[str]], int]) -> str:
    """What parts the cells of a text: what makes the first header of a line, else whatever stands most often; commas before others."""
    headers = [
        (row, -named, DELIMITERS.index(delimiter))
        for delimiter in DELIMITERS
        for row, cells in enumerate(csv.reader(lines, delimiter=delimiter)) if (named := columns(cells))
    ]  # fmt: skip
    if headers:
        return DELIMITERS[min(headers)[2]]
    return max(DELIMITERS, key="".join(lines).count)


def encoding_of(path: Path) -> str:
    """UTF-16 if it says so, UTF-8 if all of the text is, else GBK. Raises BadSheetFile when it is none of them."""
    for encoding in (UTF_16, UTF_8, GBK):
        try:
            if encoding == UTF_16 and not _begins_as_utf_16(path):
                continue
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except OSError as error:
            raise _unreadable(path, error) from error
        except UnicodeError:
            continue
        return encoding
    raise BadSheetFile(f"{path} 既不是 UTF-8、UTF-16，也不是 GBK 文本 / {path} is no text in UTF-8, UTF-16 or GBK")


def _begins_as_utf_16(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) in {b"\xff\xfe", b"\xfe\xff"}


def _unreadable(path: Path, error: OSError) -> BadSheetFile:
    zh = _SAID_ZH.get(error.errno)
    return BadSheetFile(f"无法读取 {path}{f'：{zh}' if zh else ''} / {path} cannot be read: {error.strerror}")


def _small(book: ZipFile, part: str) -> str:
    """A part in which a workbook says something of itself; nothing where there is none of a sane length."""
    if part not in book.namelist() or book.getinfo(part).file_size > _SMALL_BYTES_MAX:
        return ""
    return book.read(part).decode("utf-8", "replace")


def _attributes(tag: str, text: str) -> Iterator[dict[str, str]]:
    """Those of every tag of this name, without their prefixes."""
    for found in re.finditer(rf"<(?:\w+:)?{tag}\b([^>]*)>", text):
        yield {name: unescape(value) for name, _, value in re.findall(r"(?:\w+:)?(\w+)\s*=\s*(['\"])(.*?)\2", found[1])}


def _part_of(book: ZipFile, sheet: str) -> str | None:
    """The part of an .xlsx that holds the sheet of this title."""
    targets = {each.get("Id"): each.get("Target", "") for each in _attributes("Relationship", _small(book, _RELATIONS))}
    for each in _attributes("sheet", _small(book, _BOOK)):
        if each.get("name") == sheet:
            target = targets.get(each.get("id"), "")
            part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            return part if part in book.namelist() else None
    return None


def _without_value(book: ZipFile, part: str) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    with book.open(part) as file:
        kept = b""
        while chunk := file.read(_CHUNK_BYTES):
            kept = kept[-_FORMULA_BYTES_MAX:] + chunk
            for pattern in (_ERROR, _EMPTY):
                found |= {(int(row), _column(letters) - 1) for letters, row in pattern.findall(kept)}
    return frozenset(found)
