"""What people's spreadsheets hold, before anybody knows what it means: workbooks of every age, and CSV in UTF-8 or GBK."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

EXCEL_SUFFIXES: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".et"})
UTF_8: Final = "utf-8-sig"
GBK: Final = "gb18030"


class BadSheetFile(Exception):
    """A file that cannot be used at all; the message says why, in Chinese and English."""


@contextmanager
def workbook(path: Path) -> Iterator[CalamineWorkbook]:
    """A workbook of Excel, WPS or OpenDocument, open for as long as the block lasts. Raises BadSheetFile."""
    try:
        book = CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        raise BadSheetFile(f"无法读取 {path} / {path} cannot be read: {error}") from error
    try:
        yield book
    finally:
        book.close()


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
