"""Spreadsheets as a clerk fills them in: a fact's data written into the columns of its template."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import xlwt
from openpyxl.worksheet.worksheet import Worksheet

from deploy.spreadsheets.columns import Column


def cell_of(column: Column, occurred: str, data: Mapping[str, Any]) -> Any:
    """What a clerk types into this column for this fact; None leaves it empty."""
    if column.field == "occurred":
        return occurred
    value = data.get(column.field)
    if column.number:
        things = value or ()
        value = things[column.number - 1].get(column.part) if column.number <= len(things) else None
    if value is None:
        return None
    if column.field == "evidence":
        value = [each["document"] for each in value]
    return "；".join(str(_one(column, each)) for each in value) if column.many else _one(column, value)


def _one(column: Column, value: Any) -> Any:
    match column.kind:
        case "choice":
            return next(zh for zh, contracts in column.choices if contracts == value)
        case "flag":
            return "是" if value else "否"
        case "money":
            return value / 100
        case _:
            return value


def save(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """Write a workbook."""
    book = openpyxl.Workbook()
    first = book.active
    assert isinstance(first, Worksheet)
    book.remove(first)
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(list(row))
    book.save(path)
    return path


def save_biff(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """Write a workbook as Excel did until 2003, and as WPS still does for its .et."""
    book = xlwt.Workbook(encoding="utf-8")
    for title, rows in sheets.items():
        page = book.add_sheet(title)
        for number, row in enumerate(rows):
            for at, value in enumerate(row):
                if value is not None:
                    page.write(number, at, value)
    book.save(str(path))
    return path


def save_open_document(path: Path, sheets: Mapping[str, str], settings: str = "", *, encoding: str = "utf-8", called: str = "") -> Path:
    """Write an .ods whose sheets consist of these rows; `settings` stand before them. It says that its encoding is `called` so."""
    spaces = "".join(f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text"))
    spaces += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    tables = "".join(f'<table:table table:name="{title}">{rows}</table:table>' for title, rows in sheets.items())
    with ZipFile(path, "w", ZIP_DEFLATED) as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("META-INF/manifest.xml", '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>')
        body = f"<office:body><office:spreadsheet>{settings}{tables}</office:spreadsheet></office:body>"
        content = f'<?xml version="1.0" encoding="{called or encoding}"?><office:document-content{spaces}>{body}</office:document-content>'
        parts.writestr("content.xml", content.encode(encoding))
    return path
