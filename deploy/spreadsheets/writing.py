"""A workbook written row by row, straight into the one file: what a row says stands nowhere else on the disk, whatever ends the writer.

No more of Office Open XML (ISO/IEC 29500) than that needs: sheets with a frozen header, texts, numbers, days and times, a cell marked.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import chain, count
from typing import IO, Final, Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl.utils import get_column_letter
from openpyxl.workbook.child import INVALID_TITLE_REGEX

from deploy.sheet_parts import EPOCH
from deploy.spreadsheets.cells import EXACT_DIGITS, Cell

TITLE_MAX: Final = 31
"""So many characters a sheet's title may have, says Excel."""
TEXT_MAX: Final = 32_767
"""So many characters a cell may hold, says Excel."""
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that show nothing and that no XML can hold."""
Look = Literal["plain", "header", "wrong"]
_LOOKS: Final[tuple[Look, ...]] = ("plain", "header", "wrong")
_FORMATS: Final = ("General", "@", "yyyy\\-mm\\-dd", "yyyy\\-mm\\-dd\\ h:mm:ss", "h:mm:ss", "[hh]:mm:ss")
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class Said(NamedTuple):
    """What stands in a cell, and how it looks."""

    value: Cell
    look: Look = "plain"


class WorkbookWriter:
    """Writes sheets one after the other; `finish` makes a workbook of them."""

    def __init__(self, file: ZipFile) -> None:
        self._file = file
        self._titles: list[str] = []

    @classmethod
    @contextmanager
    def into(cls, held: IO[bytes]) -> Iterator["WorkbookWriter"]:
        """Into this open and empty file, which is a workbook once the block has ended well. Raises OSError."""
        with ZipFile(held, "w", ZIP_DEFLATED) as file:
            book = cls(file)
            yield book
            book._finish()

    def sheet(self, title: str, widths: Sequence[int], rows: Iterable[Sequence[Said]]) -> None:
        """One more sheet; its first row stays in sight. `widths` are those of its columns, in characters.

        The title is made one that Excel takes: of few characters, without some, and of no other sheet in whatever case.
        """
        self._titles.append(_title(title, frozenset(each.casefold() for each in self._titles)))
        with self._file.open(f"xl/worksheets/sheet{len(self._titles)}.xml", "w", force_zip64=True) as part:
            columns = "".join(f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(widths, start=1))
            pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            view = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
            _write(part, f'{_HEAD}<worksheet xmlns="{_MAIN}">{view}<cols>{columns}</cols><sheetData>')
            for number, row in enumerate(rows, start=1):
                _write(part, f'<row r="{number}">{"".join(_cells(number, row))}</row>')
            _write(part, "</sheetData></worksheet>")

    def _finish(self) -> None:
        places = [f"worksheets/sheet{number}.xml" for number in range(1, len(self._titles) + 1)]
        sheets = "".join(
            f'<sheet name={quoteattr(title)} sheetId="{number}" r:id="rId{number}"/>' for number, title in enumerate(self._titles, start=1)
        )
        self._part("xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>')
        self._part("xl/_rels/workbook.xml.rels", _relations([*(("worksheet", place) for place in places), ("styles", "styles.xml")]))
        self._part("xl/styles.xml", _styles())
        self._part("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        kinds = [("workbook.xml", "sheet.main"), ("styles.xml", "styles"), *((place, "worksheet") for place in places)]
        overrides = "".join(f'<Override PartName="/xl/{place}" ContentType="{_TYPES}.{kind}+xml"/>' for place, kind in kinds)
        plain = f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}'
        self._part("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types">{plain}</Types>')

    def _part(self, name: str, text: str) -> None:
        self._file.writestr(name, _HEAD + text)


def _title(title: str, taken: frozenset[str]) -> str:
    plain = INVALID_TITLE_REGEX.sub("_", title)
    for ending in chain(("",), (f" ({number})" for number in count(2))):
        found = plain[: TITLE_MAX - len(ending)] + ending
        if found.casefold() not in taken:
            return found
    raise AssertionError("there are always more titles")


def _cells(number: int, row: Sequence[Said]) -> Iterator[str]:
    for column, said in enumerate(row, start=1):
        format_, type_, inside = _written(said.value)
        style = _LOOKS.index(said.look) * len(_FORMATS) + format_
        yield f'<c r="{get_column_letter(column)}{number}" s="{style}"{type_}>{inside}</c>' if inside or style else ""


def _written(value: Cell) -> tuple[int, str, str]:
    """In which format, of which type and how a value stands in a cell. Text is text, even if it begins with =."""
    match value:
        case None | "":
            return 0, "", ""
        case str():
            text = escape(_UNSEEN.sub("", value)[:TEXT_MAX])
            return 1, ' t="inlineStr"', f'<is><t xml:space="preserve">{text}</t></is>'
        case bool():
            return 0, ' t="b"', f"<v>{int(value)}</v>"
        case int() | float():
            whole = (
                isinstance(value, float) and value.is_integer() and abs(value) < 10**EXACT_DIGITS
            )  # what was typed as 12 is read as 12.0
            return 0, "", f"<v>{int(value) if whole else value!r}</v>"
        case datetime():
            return 3, "", f"<v>{_serial(value)!r}</v>"
        case date():
            return 2, "", f"<v>{_serial(value)!r}</v>"
        case time():
            return 4, "", f"<v>{_serial(value)!r}</v>"
        case timedelta():
            return 5, "", f"<v>{_serial(value)!r}</v>"


def _serial(moment: date | time | timedelta) -> float:
    """The number that is this day or time in a spreadsheet."""
    match moment:
        case datetime():
            passed = moment.replace(tzinfo=None) - datetime.combine(EPOCH, time())
        case date():
            passed = moment - EPOCH
        case time():
            passed = datetime.combine(EPOCH, moment.replace(tzinfo=None)) - datetime.combine(EPOCH, time())
        case timedelta():
            passed = moment
    return passed / timedelta(days=1)


def _relations(kinds: Iterable[tuple[str, str]]) -> str:
    inside = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{place}"/>' for number, (kind, place) in enumerate(kinds, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _styles() -> str:
    """Every look in every format."""
    first_of_ours = 164  # below it the formats are Excel's own
    formats = "".join(f'<numFmt numFmtId="{first_of_ours + at}" formatCode={quoteattr(each)}/>' for at, each in enumerate(_FORMATS))
    font = '<sz val="11"/><name val="Calibri"/>'
    fills = ('<patternFill patternType="none"/>', '<patternFill patternType="gray125"/>',  # both must be there
             '<patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill>')  # fmt: skip
    cells = "".join(
        f'<xf numFmtId="{first_of_ours + at if at else 0}" fontId="{int(look == "header")}" fillId="{2 * (look == "wrong")}" borderId="0" '
        'xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1"/>'
        for look in _LOOKS for at in range(len(_FORMATS))
    )  # fmt: skip
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_FORMATS)}">{formats}</numFmts>'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        f'<fills count="{len(fills)}">{"".join(f"<fill>{fill}</fill>" for fill in fills)}</fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(_LOOKS) * len(_FORMATS)}">{cells}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _write(part: IO[bytes], text: str) -> None:
    part.write(text.encode())
