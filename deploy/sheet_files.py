"""What people's spreadsheets hold, before anybody knows what it means: workbooks of every age, and CSV in UTF-8 or GBK."""

import csv
import re
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from deploy.sheet_reading import MEMORY_BYTES_MAX, ReaderEnded, Row, Unreadable, Workbook

EXCEL_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".et"})
UTF_8: Final = "utf-8-sig"
GBK: Final = "gb18030"
PART_BYTES_MAX: Final = 512 * 1024 * 1024
"""So long a part of a workbook may be once it is unpacked: a million rows are a quarter of it."""
CELLS_MAX: Final = 30_000_000
"""So many cells may lie between the first and the last that is filled, empty ones among them: a sheet is read as a whole."""
_SHEETS: Final = "xl/worksheets/"
_FILLED: Final = re.compile(rb'<(?:[a-z]+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>/]*>')
_CHUNK_BYTES, _TAG_BYTES_MAX = 1 << 20, 1 << 10


class BadSheetFile(Exception):
    """A file that cannot be used at all; the message says why, in Chinese and English."""


class OpenWorkbook:
    """A workbook of Excel, WPS or OpenDocument. What it is asked raises BadSheetFile."""

    def __init__(self, path: Path, read: Workbook) -> None:
        self._path = path
        self._read = read

    @property
    def sheet_names(self) -> list[str]:
        """Of all its sheets."""
        with self._named():
            return self._read.sheet_names

    def rows(self, sheet: str) -> Iterator[Row]:
        """All rows from the first of the sheet on, empty ones too. To be read once."""
        with self._named():
            yield from self._read.rows(sheet)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except Unreadable as error:
            raise BadSheetFile(f"无法读取 {self._path} / {self._path} cannot be read: {error}") from error
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


def csv_rows(path: Path, encoding: str | None = None) -> Iterator[list[str]]:
    """The rows of a text, whose encoding is found out unless it is told. Raises BadSheetFile once it is read."""
    try:
        with path.open(encoding=encoding or encoding_of(path)) as file:
            yield from csv.reader(file)
    except OSError as error:
        raise _unreadable(path, error) from error
    except csv.Error as error:
        raise BadSheetFile(f"{path} 不是可读的 CSV / {path} is no CSV that can be read: {error}") from error


def encoding_of(path: Path) -> str:
    """UTF-8 if all of the text is, else GBK. Raises BadSheetFile when it is neither."""
    for encoding in (UTF_8, GBK):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(1 << 20):
                    pass
        except OSError as error:
            raise _unreadable(path, error) from error
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadSheetFile(f"{path} 既不是 UTF-8 也不是 GBK 文本 / {path} is neither UTF-8 nor GBK text")


def _unreadable(path: Path, error: OSError) -> BadSheetFile:
    return BadSheetFile(f"无法读取 {path} / {path} cannot be read: {error.strerror}")
