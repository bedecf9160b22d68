"""What people's spreadsheets hold, before anybody knows what it means: workbooks of every age, and texts in UTF-8, UTF-16 or GBK whose
cells are parted by commas, semicolons or tabs.
"""

import csv
import errno
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from deploy.sheet_errors import TooManyWithoutValue, Unreadable
from deploy.sheet_parts import CHUNK_BYTES, DAMAGED, column_number
from deploy.sheet_reading import CPU_SECONDS_MAX, MEMORY_BYTES_MAX, ReaderEnded, ReaderFailed, Row, Workbook
from shared.write_service.masking import mask_text

EXCEL_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".et"})
UTF_8: Final = "utf-8-sig"
GBK: Final = "gb18030"
UTF_16: Final = "utf-16"
DELIMITERS: Final = ",;\t"
_DELIMITED_LINES: Final = 20
PART_BYTES_MAX: Final = 512 * 1024 * 1024
"""So long a part of a workbook may be once it is unpacked: a million rows are a quarter of it."""
CELLS_MAX: Final = 30_000_000
"""So many cells may lie between the first and the last that is filled, empty ones among them: a sheet is read as a whole."""
_SHEETS: Final = "xl/worksheets/"
_SAID_ZH: Final[Mapping[int | None, str]] = {
    errno.ENOENT: "没有这个文件", errno.EISDIR: "这是文件夹", errno.EACCES: "没有读取权限", errno.EPERM: "没有读取权限",
}  # fmt: skip
_FILLED: Final = re.compile(rb'<(?:[a-z]+:)?c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>/]*>')
_TAG_BYTES_MAX: Final = 1 << 10


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
        """From which day the numbers of its days are counted."""
        with self._named():
            return self._read.epoch

    def uncomputed(self, sheet: str) -> frozenset[tuple[int, int]]:
        """Row (from 1) and place (from 0) of every cell that holds an error, or a formula of which no value was kept."""
        try:
            with self._named():
                return self._read.uncomputed(sheet)
        except TooManyWithoutValue as error:
            raise BadSheetFile(
                f"{self._path} 的「{sheet}」中公式没有算出值的单元格过多，请打开重新计算后保存 / "
                f"in too many cells of sheet {sheet} of {self._path} the formula has no value: open it, calculate it and save it"
            ) from error

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
            gib, minutes = MEMORY_BYTES_MAX >> 30, CPU_SECONDS_MAX // 60
            raise BadSheetFile(
                f"{self._path} 读取时所需内存超过 {gib} GiB 或处理器时间超过 {minutes} 分钟，或已损坏：请将填有内容的行复制到新文件，或分成"
                f"几个文件 / reading {self._path} takes more than {gib} GiB of memory or {minutes} minutes of processor time, or it is "
                "damaged: copy the rows that are filled into a new file, or split it"
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
    except (BadZipFile, *DAMAGED):
        return  # no workbook of this kind, or a damaged one: whoever reads it says so


def _extent(book: ZipFile, sheet: str) -> tuple[int, int]:
    """How many rows and columns lie between the first and the last filled cell."""
    rows: set[int] = set()
    columns: set[int] = set()
    with book.open(sheet) as file:
        kept = b""
        while chunk := file.read(CHUNK_BYTES):
            kept = kept[-_TAG_BYTES_MAX:] + chunk
            found = _FILLED.findall(kept)
            rows = _ends(rows | {int(row) for _, row in found})
            columns = _ends(columns | {column_number(letters) for letters in {letters for letters, _ in found}})
    return (max(rows) - min(rows) + 1, max(columns) - min(columns) + 1) if rows else (0, 0)


def _ends(numbers: set[int]) -> set[int]:
    return {min(numbers), max(numbers)} if numbers else numbers


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
