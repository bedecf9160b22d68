"""What an .ods says that its reader does not tell: from which day its days are counted, and which cells hold an error, or a formula of
which no value was kept (OpenDocument 1.3, part 3).

Its content is walked through and not kept. LibreOffice marks an error by an attribute of its own, others only show it.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import IO, Final
from xml.parsers.expat import ExpatError, ParserCreate

from deploy.sheet_reading import is_error

CONTENT: Final = "content.xml"
"""The part that holds the sheets."""
WITHOUT_VALUE_MAX: Final = 1_000_000
"""So many cells without a value are told; where more are, telling any is of no use."""
_OFFICE, _TABLE = (f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0 " for name in ("office", "table"))
_ERROR: Final = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type", "error"
_CELLS: Final = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_CHUNK_BYTES: Final = 1 << 20
_SHOWN_MAX: Final = 32


class TooManyWithoutValue(Exception):
    """More cells than can be told have no value."""


def null_date(content: IO[bytes]) -> date | None:
    """The day from which it counts its days; None where it does not say (9.4.2)."""
    walk = _Walk("")
    walk.through(content, only_beginning=True)
    try:
        return date.fromisoformat(walk.null_date)
    except ValueError:
        return None


def without_value(content: IO[bytes], sheet: str) -> frozenset[tuple[int, int]]:
    """Row (from 1) and place (from 0) of every cell of a sheet that holds an error, or a formula of which no value was kept. Raises
    TooManyWithoutValue.
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
        self._lacks = False
        self._shown: str | None = None
        """What the cell shows, while that has to be known."""

    def through(self, content: IO[bytes], *, only_beginning: bool = False) -> None:
        """All of it, or up to the first sheet; what is damaged only up to there, whoever reads it says so."""
        parser = ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self._begin, self._end, self._say
        try:
            while chunk := content.read(_CHUNK_BYTES):
                parser.Parse(chunk)
                if only_beginning and self._tables:
                    return
        except ExpatError:
            return

    @property
    def _is_inside(self) -> bool:
        return self._tables == [True]

    def _begin(self, tag: str, said: Mapping[str, str]) -> None:
        if tag == f"{_TABLE}table":
            self._tables.append(said.get(f"{_TABLE}name") == self._sheet)
            self._row = 1
        elif tag == f"{_TABLE}null-date":
            self.null_date = said.get(f"{_TABLE}date-value", "")
        elif not self._is_inside:
            return
        elif tag == f"{_TABLE}table-row":
            self._rows, self._place, self._in_row = _times(said, "rows"), 0, []
        elif tag in _CELLS:
            kind, has_formula = said.get(f"{_OFFICE}value-type"), f"{_TABLE}formula" in said
            self._repeated = _times(said, "columns")
            self._lacks = said.get(_ERROR[0]) == _ERROR[1] or (has_formula and kind is None)
            self._shown = "" if has_formula and kind == "string" else None

    def _say(self, text: str) -> None:
        if self._shown is not None and len(self._shown) < _SHOWN_MAX:
            self._shown += text

    def _end(self, tag: str) -> None:
        if tag == f"{_TABLE}table":
            self._tables.pop()
        elif not self._is_inside:
            return
        elif tag == f"{_TABLE}table-row":
            if len(self.found) + self._rows * sum(map(len, self._in_row)) > WITHOUT_VALUE_MAX:
                raise TooManyWithoutValue
            self.found.update(self._cells())
            self._row += self._rows
        elif tag in _CELLS:
            if self._lacks or (self._shown is not None and is_error(self._shown)):
                self._in_row.append(range(self._place, self._place + self._repeated))
            self._place, self._shown = self._place + self._repeated, None

    def _cells(self) -> Iterator[tuple[int, int]]:
        return ((row, at) for row in range(self._row, self._row + self._rows) for places in self._in_row for at in places)


def _times(said: Mapping[str, str], what: str) -> int:
    """How many rows or columns an element stands for."""
    number = said.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 1
