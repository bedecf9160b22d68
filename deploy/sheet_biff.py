"""What an .xls or .et says that its reader does not tell: from which year its days are counted, and which cells hold an error ([MS-XLS],
inside the compound file of [MS-CFB]).

A formula that was never calculated and one whose text is empty are kept alike, so these cells are empty for us.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deploy.sheet_errors import require_few

_MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_SECTOR_MAX: Final = 0xFFFFFFFA
"""Numbers beyond it name no sector ([MS-CFB] 2.1)."""
_IN_HEADER: Final = 109
"""So many sectors of the FAT the header names itself."""
_ENTRY_BYTES: Final = 128
_STREAM_BYTES_MIN: Final = 4096
"""Shorter ones lie elsewhere; no workbook is."""
_NAMES: Final = ("Workbook", "Book")
"""The stream of a workbook since 1997, and before."""
_BOF, _EOF, _DATE_MODE, _SHEET, _FORMULA, _BOOLEAN_OR_ERROR = 0x0809, 0x000A, 0x0022, 0x0085, 0x0006, 0x0205
_BIFF8: Final = 0x0600
_ERROR_KEPT: Final = 2
"""A formula's value is an error ([MS-XLS] 2.5.133)."""


class Damaged(Exception):
    """What is no workbook of this kind; whoever reads it says so."""


class Biff:
    """An .xls or .et as its records. Raises Damaged, OSError."""

    def __init__(self, path: Path) -> None:
        try:
            self._stream = _stream(path.read_bytes())
        except (struct.error, IndexError) as error:
            raise Damaged from error

    @property
    def counts_from_1904(self) -> bool:
        """Whether it counts its days from 1904 (2.4.77, Date1904)."""
        return any(kind == _DATE_MODE and body[:2] == b"\x01\x00" for kind, body in self._records(0))

    def errors(self, sheet: str) -> frozenset[tuple[int, int]]:
        """Row (from 1) and place (from 0) of every cell of a sheet that holds an error. Raises TooManyWithoutValue."""
        begin = next((at for title, at in self._sheets() if title == sheet), None)
        if begin is None:
            return frozenset()
        found: set[tuple[int, int]] = set()
        for kind, body in self._records(begin):
            if _is_error(kind, body):
                row, column = struct.unpack_from("<HH", body)
                found.add((row + 1, column))
                require_few(len(found))
        return frozenset(found)

    def _sheets(self) -> Iterator[tuple[str, int]]:
        """Title of every sheet, and where its records begin (2.4.28, BoundSheet8)."""
        is_8 = self._stream[4:6] == struct.pack("<H", _BIFF8)
        for kind, body in self._records(0):
            if kind == _SHEET and len(body) > 8:
                begin, length = struct.unpack_from("<I", body)[0], body[6]
                if not is_8:
                    yield body[7 : 7 + length].decode("gb18030", "replace"), begin
                elif body[7] & 1:
                    yield body[8 : 8 + 2 * length].decode("utf-16-le", "replace"), begin
                else:
                    yield body[8 : 8 + length].decode("latin-1"), begin

    def _records(self, at: int) -> Iterator[tuple[int, bytes]]:
        """Kind and body of each record from one BOF to its EOF; what lies inside (a chart) is passed through."""
        depth = 0
        while at + 4 <= len(self._stream):
            kind, size = struct.unpack_from("<HH", self._stream, at)
            depth += (kind == _BOF) - (kind == _EOF)
            if depth <= 0:
                return
            if depth == 1:
                yield kind, self._stream[at + 4 : at + 4 + size]
            at += 4 + size


def _is_error(kind: int, body: bytes) -> bool:
    if kind == _BOOLEAN_OR_ERROR:
        return len(body) > 7 and body[7] == 1
    return kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == _ERROR_KEPT


def _stream(raw: bytes) -> bytes:
    """The records of the workbook. Raises Damaged, struct.error and IndexError."""
    if not raw.startswith(_MAGIC):
        raise Damaged
    (shift,) = struct.unpack_from("<H", raw, 30)
    if shift not in (9, 12):
        raise Damaged
    size = 1 << shift

    def sector(number: int) -> bytes:
        return raw[size * (number + 1) : size * (number + 2)]

    directory_at, more_at = (struct.unpack_from("<I", raw, at)[0] for at in (48, 68))
    named = list(struct.unpack_from(f"<{_IN_HEADER}I", raw, 76))
    while more_at <= _SECTOR_MAX and len(named) <= _IN_HEADER + 2 * len(raw) // (size * size // 4):  # twice what so long a file needs
        *more, more_at = struct.unpack(f"<{size // 4}I", sector(more_at))
        named += more
    fat = [each for number in named if number <= _SECTOR_MAX for each in struct.unpack(f"<{size // 4}I", sector(number))]

    def chain(number: int) -> Iterator[bytes]:
        for _ in fat:
            if number > _SECTOR_MAX:
                return
            yield sector(number)
            number = fat[number]

    directory = b"".join(chain(directory_at))
    entries = {}
    for at in range(0, len(directory), _ENTRY_BYTES):
        (length,) = struct.unpack_from("<H", directory, at + 64)
        name = directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        entries[name] = struct.unpack_from("<IQ", directory, at + 116)
    first, length = next((entries[name] for name in _NAMES if name in entries), (_SECTOR_MAX, 0))
    if (length := length & 0xFFFFFFFF) < _STREAM_BYTES_MIN:
        raise Damaged
    return b"".join(chain(first))[:length]
