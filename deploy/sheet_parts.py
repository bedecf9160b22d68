"""What the parts of a workbook of any kind say that its reader does not tell: from which day its days are counted, and which cells hold
an error, or a formula of which no value was kept.

It belongs into the process whose memory is bounded: see `sheet_reading`.
"""

import re
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from deploy.sheet_biff import Biff, Damaged
from deploy.sheet_errors import require_few
from deploy.sheet_opendocument import CONTENT, null_date, without_value

EPOCH: Final = date(1899, 12, 30)
"""From which day's numbers are counted, unless a workbook says that it counts from 1904."""
EPOCH_1904: Final = EPOCH + timedelta(days=1462)
DAMAGED: Final = (OSError, zlib.error, EOFError, RuntimeError)
"""What comes of a zip archive that is damaged, or closed by a password."""
CHUNK_BYTES: Final = 1 << 20
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


class Parts:
    """The parts of a workbook of Excel, WPS or OpenDocument. What it is asked raises Unreadable, OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
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
        except (BadZipFile, *DAMAGED):
            counts_from_1904 = self._biff is not None and self._biff.counts_from_1904
        return EPOCH_1904 if counts_from_1904 else EPOCH

    def uncomputed(self, sheet: str) -> frozenset[tuple[int, int]]:
        """Row (from 1) and place (from 0) of every cell that holds an error, or a formula of which no value was kept: that an .xls tells
        no more than an empty text. Raises TooManyWithoutValue.
        """
        try:
            with ZipFile(self._path) as book:
                if CONTENT in book.namelist():
                    with book.open(CONTENT) as content:
                        return without_value(content, sheet)
                part = _part_of(book, sheet)
                return frozenset() if part is None else _without_value(book, part)
        except (BadZipFile, *DAMAGED):
            return frozenset() if self._biff is None else self._biff.errors(sheet)

    @cached_property
    def _biff(self) -> Biff | None:
        """Its records if it is an .xls or .et; None if it is of another kind, or damaged: whoever reads it says so."""
        try:
            return Biff(self._path)
        except Damaged:
            return None


def column_number(letters: bytes) -> int:
    """The number, from 1, of the column that has these letters."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


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
        while chunk := file.read(CHUNK_BYTES):
            kept = kept[-_FORMULA_BYTES_MAX:] + chunk
            for pattern in (_ERROR, _EMPTY):
                found |= {(int(row), column_number(letters) - 1) for letters, row in pattern.findall(kept)}
            require_few(len(found))
    return frozenset(found)
