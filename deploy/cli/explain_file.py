"""Subjects and their facts as a file: a table for spreadsheets (CSV), or one subject per line (JSON). Pure but for the file it is given."""

import csv
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import orjson

from deploy.cli.explain_tables import FACT_STATES, amendment_text
from deploy.cli.tables import TYPES_ZH, Json

BOM: Final = "\ufeff"
"""By which WPS and Excel read the file as UTF-8."""
COLUMNS: Final = (
    "度量 measure", "计入单位 at", "截至 as of", "对象种类 kind", "对象 subject", "数额 amount", "部分 parts", "自 since",
    "计入地点 places", "事实 fact", "类型 type", "发生 occurred", "记录 known", "部门 department",
    "来源 source", "编号 id", "服务 service", "位置 position",
    "单位 unit", "园区 park", "状态 state", "代之计入 instead", "佐证 evidence", "作废与更正 amendments",
)  # fmt: skip
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


class Writer(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> object:
        """Take more of it."""
        ...


def begin_table(file: Writer) -> None:
    """Write the headings of a table."""
    file.write(BOM)
    csv.writer(file).writerow(COLUMNS)


def write_table(file: Writer, subjects: Iterable[Json]) -> None:
    """Write subjects as a table with a line for each of their facts."""
    writer = csv.writer(file)
    for subject in subjects:
        writer.writerows(map(cell, row) for row in _rows(subject))


def write_lines(file: Writer, subjects: Iterable[Json]) -> None:
    """Write subjects, each with its facts, one per line."""
    for subject in subjects:
        file.write(f"{orjson.dumps(subject).decode()}\n")


def cell(value: str | int | None) -> str | int | None:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _rows(subject: Json) -> Iterator[tuple[str | int | None, ...]]:
    counting = subject["counting"]
    first = (
        subject["measure"], subject["at"], subject["day"], subject["kind"], subject["subject"], subject["amount"],
        _each(each["part"] for each in counting), _each(each["since"] for each in counting),
        _each(each["park"] or each["unit"] for each in counting),
    )  # fmt: skip
    for fact in subject["facts"] or [None]:
        yield (*first, *(_fact(fact) if fact else (None,) * (len(COLUMNS) - len(first))))


def _fact(fact: Json) -> tuple[str | int | None, ...]:
    instead = fact["instead"]
    return (
        TYPES_ZH[fact["type"]], fact["type"], fact["occurred"], fact["known"], fact["department"], fact["source"], fact["id"],
        fact["service"], fact["position"], fact["unit"], fact["park"], f"{FACT_STATES[fact['state']][0]} {fact['state']}",
        f"{instead['service']} {instead['position']}" if instead else None, _each(each["document"] for each in fact["evidence"]),
        _each(map(amendment_text, fact["amendments"])),
    )  # fmt: skip


def _each(texts: Iterable[str | None]) -> str:
    return "；".join(dict.fromkeys(text for text in texts if text is not None))
