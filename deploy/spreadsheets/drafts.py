"""From a row to a report: every cell read, persons left to be identified, then checked against the contract before anything is sent."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from pydantic import ValidationError

from deploy.spreadsheets.cells import BadCell, Cell, Person, read_cell
from deploy.spreadsheets.columns import Column, columns_of
from deploy.spreadsheets.rows import Sheet
from shared.client import OutgoingReport
from shared.contracts import parse_fact
from shared.contracts.base import Evidence
from shared.contracts.envelope import Source, report_bytes
from shared.write_service.reasons import unfit


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row: at which place of the row (from 0), or with the row as a whole."""

    at: int | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that could be read; its persons are not identified yet."""

    row: int
    occurred: str
    data: Mapping[str, Any]
    id: str | None
    persons: Mapping[str, int]
    """Every resident id in it, and the place of its cell."""


def draft_of(sheet: Sheet, row: int, cells: Sequence[Cell], county: str) -> Draft | tuple[Fault, ...]:
    """Read a row's cells; all that is wrong with them, else the draft."""
    faults: list[Fault] = []
    values: dict[Column, Any] = {}
    persons: dict[str, int] = {}
    for at, column in sheet.columns.items():
        try:
            value = read_cell(column, cells[at] if at < len(cells) else None, county)
        except BadCell as error:
            faults.append(Fault(at, f"{column.zh}：{error.zh}", f"{column.key}: {error.en}"))
            continue
        if value is not None:
            values[column] = value
            persons |= {each.resident_id: at for each in (value if isinstance(value, list) else [value]) if isinstance(each, Person)}
    faults += _missing(sheet, values, {fault.at for fault in faults})
    if faults:
        return tuple(faults)
    beside = {column.field: value for column, value in values.items() if column.field in {"occurred", "id"}}
    return Draft(row, beside["occurred"], _data(values), beside.get("id"), persons)


def report_of(sheet: Sheet, draft: Draft, source: Source, pseudonyms: Mapping[str, str]) -> OutgoingReport | tuple[Fault, ...]:
    """The report of a row whose persons are identified, or why the contract refuses it.

    Without an id of its own a row is reported under the digest of what it says: importing it again gives the same answer again.
    """
    data = _identified(draft.data, pseudonyms)
    try:
        parse_fact(sheet.fact.type, sheet.fact.version, data)
    except ValidationError as error:
        return _faults(sheet, error)
    named = orjson.dumps([sheet.fact.type, draft.occurred, data], option=orjson.OPT_SORT_KEYS)
    id = draft.id or f"sheet-{hashlib.sha256(named).hexdigest()[:40]}"
    raw = report_bytes(
        source=source, id=id, type=sheet.fact.type, version=sheet.fact.version, occurred=date.fromisoformat(draft.occurred), data=data
    )  # fmt: skip
    return OutgoingReport(source, sheet.fact.type, raw, id)


def _missing(sheet: Sheet, values: Mapping[Column, Any], faulty: set[int | None]) -> Iterator[Fault]:
    places = {column.key: at for at, column in sheet.columns.items()}
    filled = {column.key for column in values}
    for column in columns_of(sheet.fact, 1):
        if column.required and column.key not in filled and places.get(column.key) not in faulty:
            yield Fault(places.get(column.key), f"缺少{column.zh}", f"{column.key} is missing")


def _data(values: Mapping[Column, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    groups: dict[str, dict[int, dict[str, Any]]] = {}
    for column, value in values.items():
        if column.part:
            groups.setdefault(column.field, {}).setdefault(column.number, {})[column.part] = value
        elif column.field == "evidence":
            data["evidence"] = [Evidence(document=each).model_dump(exclude_none=True) for each in value]
        elif column.field not in {"occurred", "id"}:
            data[column.field] = value
    return data | {field: [things[number] for number in sorted(things)] for field, things in groups.items()}


def _identified(value: Any, pseudonyms: Mapping[str, str]) -> Any:
    match value:
        case Person(resident_id):
            return pseudonyms[resident_id]
        case dict():
            return {key: _identified(each, pseudonyms) for key, each in value.items()}
        case list():
            return [_identified(each, pseudonyms) for each in value]
        case _:
            return value


def _faults(sheet: Sheet, error: ValidationError) -> tuple[Fault, ...]:
    reason = unfit(error)
    found = error.errors(include_url=False, include_context=False)[0]["loc"]
    return (Fault(_place(sheet, found), reason.zh, reason.en),)


def _place(sheet: Sheet, location: tuple[int | str, ...]) -> int | None:
    """The cell in which a contract's field stands. A list's place counts from 0, groups from 1, and empty groups are left out."""
    if not location:
        return None
    of_field = [(at, column) for at, column in sheet.columns.items() if column.field == location[0]]
    if len(of_field) > 1 and len(location) > 2:
        return next((at for at, column in of_field if column.part == location[2] and column.number == int(location[1]) + 1), None)
    return of_field[0][0] if of_field else None
