"""What an .ods says that its reader does not tell: from which day its days are counted, and which cells hold an error, or a formula of
which no value was kept (OpenDocument 1.3, part 3).

Its content is walked through and not kept. LibreOffice marks an error by an attribute of its own, others only show it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import IO, Final
from xml.parsers.expat import ExpatError, ParserCreate, errors

from deploy.sheet_errors import Unreadable, is_error, require_few

CONTENT: Final = "content.xml"
"""The part that holds the sheets."""
_OFFICE, _TABLE, _TEXT = (f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0 " for name in ("office", "table", "text"))
_ERROR: Final = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type", "error"
_CELLS: Final = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_PARAGRAPH: Final = f"{_TEXT}p"
_COMMENT: Final = f"{_OFFICE}annotation"
_NO_MEMORY: Final = errors.codes[errors.XML_ERROR_NO_MEMORY]
_CHUNK_BYTES: Final = 1 << 20
_SHOWN_MAX: Final = 32
_TAG_BYTES_MAX: Final = 16 * 1024 * 1024
"""So long may a tag be with all its attributes: the parser begins it anew with every chunk."""


def null_date(content: IO[bytes]) -> date | None:
    """The day from which it counts its days; None where it does not say (9.4.2). Raises Unreadable."""
    walk = _Walk("")
    walk.through(content, only_beginning=True)
    try:
        return date.fromisoformat(walk.null_date)
    except ValueError:
        return None


def without_value(content: IO[bytes], sheet: str) -> frozenset[tuple[int, int]]:
    """Row (from 1) and place (from 0) of every cell of a sheet that holds an error, or a formula of which no value was kept. Raises
    Unreadable, TooManyWithoutValue.
    """
    walk = _Walk(sheet)
    walk.through(content)
    return frozenset(walk.found)


class _Walk:
    """Through the elements, one after the other."""

    def __init__(self, sheet: str) -> None:
        self.null_date = ""
        self.found: set[tuple[int, int]] = set()
        self._sheet = sheet
        self._tables: list[bool] = []
        """Of each table around where it is, whether it is the sheet."""
        self._row = self._rows = self._place = self._repeated = 0
        self._in_row: list[range] = []
        """The places without a value in this row."""
        self._lacking = 0
        """How many they are in all the rows that this one stands for."""
        self._lacks = self._has_begun = False
        self._shown: str | None = None
        """What the cell shows, while that has to be known."""
        self._within: list[str] = []
        """The elements of that cell around where it is."""

    def through(self, content: IO[bytes], *, only_beginning: bool = False) -> None:
        """All of it, or up to the first sheet; what is damaged only up to there, whoever reads it says so. Raises Unreadable for what is
        in an encoding of which nothing can be read, and for a tag of any length.
        """
        given = 0
        parser = ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self._begin, self._end, self._say
        try:
            while chunk := content.read(_CHUNK_BYTES):
                parser.Parse(chunk)
                given += len(chunk)
                if given - parser.CurrentByteIndex > _TAG_BYTES_MAX:
                    raise Unreadable(f"one of its tags is longer than {_TAG_BYTES_MAX >> 20} MiB")
                if only_beginning and self._tables:
                    return
        except ExpatError as error:
            if error.code == _NO_MEMORY:
                raise MemoryError from error
        except (LookupError, ValueError) as error:
            if self._has_begun:
                raise
            raise Unreadable(f"its encoding is not supported ({error})") from error

    @property
    def _is_inside(self) -> bool:
        return self._tables == [True]

    def _begin(self, tag: str, said: Mapping[str, str]) -> None:
        self._has_begun = True
        if self._shown is not None:
            self._within.append(tag)
        elif tag == f"{_TABLE}table":
            self._tables.append(said.get(f"{_TABLE}name") == self._sheet)
            if len(self._tables) == 1:  # a cell may hold another table, in whose rows the sheet's are not counted
                self._row = 1
        elif tag == f"{_TABLE}null-date":
            self.null_date = said.get(f"{_TABLE}date-value", "")
        elif not self._is_inside:
            return
        elif tag == f"{_TABLE}table-row":
            self._rows, self._place, self._in_row, self._lacking = _times(said, "rows"), 0, [], 0
        elif tag in _CELLS:
            kind, has_formula = said.get(f"{_OFFICE}value-type"), f"{_TABLE}formula" in said
            self._repeated = _times(said, "columns")
            self._lacks = said.get(_ERROR[0]) == _ERROR[1] or (has_formula and kind is None)
            self._shown = "" if has_formula and kind == "string" else None

    def _say(self, text: str) -> None:
        if self._shown is not None and self._within[:1] == [_PARAGRAPH] and _COMMENT not in self._within and len(self._shown) < _SHOWN_MAX:
            self._shown += text

    def _end(self, tag: str) -> None:
        if self._within:
            self._within.pop()
        elif tag == f"{_TABLE}table":
            self._tables.pop()
        elif not self._is_inside:
            return
        elif tag == f"{_TABLE}table-row":
            self.found.update(self._cells())
            self._row += self._rows
        elif tag in _CELLS:
            if self._lacks or (self._shown is not None and is_error(self._shown)):
                self._lacking += self._rows * self._repeated
                require_few(len(self.found) + self._lacking)
                self._in_row.append(range(self._place, self._place + self._repeated))
            self._place, self._shown = self._place + self._repeated, None

    def _cells(self) -> Iterator[tuple[int, int]]:
        return ((row, at) for row in range(self._row, self._row + self._rows) for places in self._in_row for at in places)


def _times(said: Mapping[str, str], what: str) -> int:
    """How many rows or columns an element stands for."""
    number = said.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 1
