"""From a row to a report: every cell read, persons left to be identified, then checked against the contract before anything is sent."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
from pydantic import ValidationError

from deploy.sheet_errors import is_error
from deploy.spreadsheets.cells import BadCell, Cell, Person, Understood, read_cell, understood
from deploy.spreadsheets.columns import Column, columns_of
from deploy.spreadsheets.rows import Sheet
from deploy.spreadsheets.told import Groups, codes_in, in_columns_words, place_named, told_of
from shared.answers import Answer
from shared.client import OutgoingReport
from shared.contracts import parse_fact
from shared.contracts.base import Evidence
from shared.contracts.envelope import Source, report_bytes
from shared.contracts.outcomes import Reason
from shared.write_service.masking import has_resident_id, mask_text
from shared.write_service.reasons import unfit

TOTALS: Final = frozenset({"合计", "总计", "小计", "累计", "共计", "本页合计", "本页小计"})
"""What stands in a row that adds up others."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row: at which place of the row (from 0), or with the row as a whole. A resident id is never repeated in it."""

    at: int | None
    zh: str
    en: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "zh", mask_text(self.zh))
        object.__setattr__(self, "en", mask_text(self.en))


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that could be read; its persons are not identified yet."""

    row: int
    occurred: str
    data: Mapping[str, Any]
    id: str | None
    persons: Mapping[str, int]
    """Every resident id in it, and the place of its cell."""
    values: Mapping[int, Any]
    """What was read, by the places of the cells."""
    groups: Groups
    understood: frozenset[Understood]
    """How cells of it were read otherwise than they stand there."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A row that is reported, as it takes to tell its answer."""

    sheet: Sheet
    row: int
    groups: Groups
    codes: Mapping[int, tuple[str, ...]]
    """The codes that stand in its cells, persons by their pseudonyms."""

    def fault(self, answer: Answer) -> Fault:
        """What is wrong with it, says the service that decided."""
        return Fault(*told_of(self.sheet.fact, self.sheet.columns, self.groups, self.codes, answer))


def draft_of(sheet: Sheet, row: int, cells: Sequence[Cell], county: str) -> Draft | tuple[Fault, ...]:
    """Read a row's cells; all that is wrong with them, else the draft."""
    faults: list[Fault] = []
    values: dict[int, Any] = {}
    persons: dict[str, int] = {}
    ways: set[Understood] = set()
    for at, column in sheet.columns.items():
        cell = cells[at] if at < len(cells) else None
        try:
            value = read_cell(column, cell, county, sheet.epoch)
        except BadCell as error:
            faults.append(Fault(at, f"{column.zh}：{error.zh}", f"{column.key}: {error.en}"))
            continue
        if (row, at) in sheet.uncomputed or (isinstance(cell, str) and is_error(cell)):
            faults.append(_uncomputed(at, column))
        elif value is not None:
            values[at] = value
            ways |= set(understood(column, cell))
            found = [each.resident_id for each in (value if isinstance(value, list) else [value]) if isinstance(each, Person)]
            persons |= dict.fromkeys(found, at)
            if not found and _holds_resident_id(column, value):
                faults.append(Fault(at, f"「{column.zh}」中有身份证号，请删去", f"{column.key} holds a resident id: delete it"))
    filled = {sheet.columns[at]: value for at, value in values.items()}
    faults += _missing(sheet, filled, {fault.at for fault in faults})
    if faults:
        return _as_a_whole(sheet, cells) or tuple(faults)
    beside = {column.field: value for column, value in filled.items() if column.field in {"occurred", "id"}}
    groups = _groups(filled)
    return Draft(row, beside["occurred"], _data(filled, groups), beside.get("id"), persons, values, groups, frozenset(ways))


def refused_persons(sheet: Sheet, draft: Draft, found: Mapping[str, str | Reason]) -> tuple[Fault, ...]:
    """What `identify` says of the resident ids in a row that are none."""
    return tuple(
        Fault(at, f"{sheet.columns[at].zh}：{reason.zh}", f"{sheet.columns[at].key}: {reason.en}")
        for id, at in draft.persons.items() if isinstance(reason := found[id], Reason)
    )  # fmt: skip


def filed(sheet: Sheet, draft: Draft, pseudonyms: Mapping[str, str]) -> Filed:
    """What is kept of a row until it is answered."""
    return Filed(sheet, draft.row, draft.groups, dict(codes_in(sheet.columns, _identified(draft.values, pseudonyms))))


def report_of(sheet: Sheet, draft: Draft, source: Source, pseudonyms: Mapping[str, str]) -> OutgoingReport | tuple[Fault, ...]:
    """The report of a row whose persons are identified, or why the contract refuses it.

    Without an id of its own a row is reported under the digest of what it says: importing it again gives the same answer again.
    """
    data = _identified(draft.data, pseudonyms)
    try:
        parse_fact(sheet.fact.type, sheet.fact.version, data)
    except ValidationError as error:
        return _faults(sheet, draft.groups, error)
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


def _holds_resident_id(column: Column, value: Any) -> bool:
    """Whether a service would refuse a report for what stands in this column."""
    return has_resident_id(json.dumps({column.part or column.field: value}, ensure_ascii=False).encode("utf-8", "replace"))


def _uncomputed(at: int, column: Column) -> Fault:
    return Fault(
        at,
        f"「{column.zh}」的公式没有算出值（如 #N/A），请改填数值或文字",
        f"the formula in {column.key} has no value (such as #N/A): type one",
    )


def _as_a_whole(sheet: Sheet, cells: Sequence[Cell]) -> tuple[Fault, ...]:
    """The one thing that is wrong with a row which is none of the facts."""
    texts = [re.sub(r"\s", "", str(cell)) for cell in cells if cell is not None]
    if {sheet.header[at] for at in sheet.columns} <= {str(cell).strip() for cell in cells if cell is not None}:
        return (Fault(None, "这一行又是表头，请删去", "this row is the header again: delete it"),)
    if not TOTALS.isdisjoint(text.rstrip(":：") for text in texts):
        return (Fault(None, "这一行是合计，不是事实，请删去", "this row is a total and no fact: delete it"),)
    return ()


def _groups(values: Mapping[Column, Any]) -> dict[str, tuple[int, ...]]:
    numbers: dict[str, set[int]] = {}
    for column in values:
        if column.part:
            numbers.setdefault(column.field, set()).add(column.number)
    return {field: tuple(sorted(found)) for field, found in numbers.items()}


def _data(values: Mapping[Column, Any], groups: Groups) -> dict[str, Any]:
    data: dict[str, Any] = {}
    things: dict[str, list[dict[str, Any]]] = {field: [{} for _ in numbers] for field, numbers in groups.items()}
    for column, value in values.items():
        if column.part:
            things[column.field][groups[column.field].index(column.number)][column.part] = value
        elif column.field == "evidence":
            data["evidence"] = [Evidence(document=each).model_dump(exclude_none=True) for each in value]
        elif column.field not in {"occurred", "id"}:
            data[column.field] = value
    return data | things


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


def _faults(sheet: Sheet, groups: Groups, error: ValidationError) -> tuple[Fault, ...]:
    reason = unfit(error)
    location = error.errors(include_url=False, include_context=False)[0]["loc"]
    return (Fault(place_named(sheet.columns, location, groups), in_columns_words(sheet.fact, reason.zh, groups)[0], reason.en),)
