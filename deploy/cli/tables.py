"""The board and the units as tables for people: Chinese first, numbers aligned, states in words and colours. Pure: JSON in, table out."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from services.indicators.evaluation.display import decimal_text, share_text

STATUS: Final = {
    "met": ("完成", "green"),
    "on_schedule": ("达到进度", "green"),
    "behind": ("落后", "yellow"),
    "missed": ("未完成", "bold red"),
    "not_due": ("未到期", "dim"),
    "unknown": ("不明", "magenta"),
    "shown": ("列示", "dim"),
    "no_benchmark": ("未公布", "dim"),
}
COMPARED: Final = {"met": ("达到", "green"), "behind": ("未达到", "yellow"), "missed": ("未达到", "bold red")}
"""How a comparison with the national average or an earlier year reads (达到或超过)."""
UNITS_OF_MEASURE: Final = {
    "persons": "人", "person_times": "人次", "entities": "家", "jobs": "个", "units": "个", "venues": "个", "cases": "件",
    "m2": "m²", "days": "天",
}  # fmt: skip
KINDS: Final = {"county": "县", "township": "乡镇", "park": "园区", "community": "社区", "village": "行政村"}
WINDOWS: Final = {"plan_year": "年度", "two_years": "两年"}
OPERATORS: Final = {">=": "≥", "<=": "≤"}
NOTHING: Final = "—"
FEN: Final = 100

_NOTE: Final = "说明 note"
_COLUMNS: Final = (
    ("指标 indicator", False), ("数值 value", True), ("目标 target", True), ("应达 expected", True), ("状态 status", False),
    ("全国 benchmark", True), ("上年 baseline", True), ("n · 分子/分母", True), (_NOTE, False),
)  # fmt: skip
NARROW: Final = 5
"""So many columns stay in a narrow table."""

Json = Mapping[str, Any]


def board_table(board: Json, names: Mapping[str, str], unit: str, *, wide: bool = True) -> Table:
    """The board of one unit. `names` gives each indicator's Chinese name, `unit` the unit's own.

    A table that is not wide leaves out what a small terminal has no room for: comparisons, numbers and notes.
    """
    table = Table(title=_title(board, unit), title_justify="left", caption=_caption(board), caption_justify="left", box=box.SIMPLE_HEAD)
    columns = _COLUMNS if wide else _COLUMNS[:NARROW]
    for name, right in columns:
        table.add_column(
            name, justify="right" if right else "left", no_wrap=wide and name != _NOTE, min_width=24 if name == _NOTE else None
        )
    previous = None
    for row in board["indicators"]:
        if row["id"] != previous and previous is not None:
            table.add_section()
        for cells in _rows(row, names, first=row["id"] != previous):
            table.add_row(*cells[: len(columns)])
        previous = row["id"]
    return table


def units_table(units: Json) -> Table:
    """The units, each below the unit it lies in by its code."""
    table = Table(
        title=f"单位 units · 已知 known at {units['known_at']} · 共 {len(units['units'])}", title_justify="left", box=box.SIMPLE_HEAD
    )
    for name in ("代码 code", "名称 name", "类型 kind", "上级 parent", "设立 listed", "撤并 ended", "承继 successor"):
        table.add_column(name, no_wrap=True)
    for unit in units["units"]:
        style = "dim" if unit["ended"] else ""
        table.add_row(
            unit["code"], unit["name"], KINDS[unit["kind"]], unit["parent"] or "", unit["listed"], unit["ended"] or "",
            unit["successor"] or "", style=style,
        )  # fmt: skip
    return table


def _title(board: Json, unit: str) -> str:
    final = "，已定案 / final" if board["final"] else ""
    return f"{unit} {board['unit']}  截至 {board['as_of']} as of · 已知 {board['known_at']} known at{final}"


def _caption(board: Json) -> str:
    positions = "  ".join(f"{service} {position}" for service, position in board["positions"].items())
    return f"记录位置 / positions: {positions}"


def _rows(row: Json, names: Mapping[str, str], *, first: bool) -> Iterator[tuple[Text | str, ...]]:
    """A row, and below it a line for each further target."""
    multiple = _is_multiple(row)

    def shown(value: str | None) -> str:
        return number_text(value, row["unit_of_measure"], multiple=multiple)

    for number, target in enumerate(row["targets"] or [None]):
        goal = f"{OPERATORS[target['op']]} {shown(target['value']) if target['value'] else '全国平均'}" if target else ""
        line = shown(target["expected"]) if target and target["expected"] else ""
        status = _word(STATUS, target["status"] if target else row["status"])
        if number:
            yield "", "", goal, line, status, "", "", "", target["clause"]
            continue
        yield (
            _name(row, names, first=first), shown(row["value"]), goal, line, status,
            _comparison(row["benchmark"], shown), _comparison(row["baseline"], shown), _counted(row), _note(row),
        )  # fmt: skip


def _name(row: Json, names: Mapping[str, str], *, first: bool) -> Text:
    text = Text(f"{names.get(row['id'], row['id'])} ", style="bold") + Text(row["id"], style="dim") if first else Text("")
    reading = " ".join(word for word in (row["variant"] if row["variant"] != "default" else "", row["part"] or "") if word)
    if reading:
        text.append(("\n" if first else "") + f"  · {reading}")
    return text


def _comparison(compared: Json | None, shown: Callable[[str], str]) -> Text | str:
    """The national average or the year before, coloured by whether the value reaches it."""
    if compared is None or compared["value"] is None:
        return ""
    word, style = COMPARED.get(compared["status"] or "", ("", ""))
    return Text(f"{shown(compared['value'])} {word}".rstrip(), style=style)


def _counted(row: Json) -> str:
    """What a share is made of, or how many stand behind a figure; an amount of money is no number of anything."""
    if row["denominator"] is not None:
        return f"{_grouped(row['numerator'] or '0')}/{_grouped(row['denominator'])}"
    return "" if row["unit_of_measure"] == "fen" else f"{row['n']:,}"


def _note(row: Json) -> str:
    """What should be known about a row, in Chinese; the JSON says it in English too."""
    said = [f"不完整，{row['incomplete']} 条未计入"] if row["incomplete"] else []
    if margin := row.get("margin"):
        said.append(f"±{share_text(Fraction(margin))}")
    if period_end := row.get("period_end"):
        said.append(f"统计截至 {period_end}")
    if row["window"]["name"] != "plan_year":
        said.append(f"{WINDOWS.get(row['window']['name'], row['window']['name'])} {row['window']['from']}—{row['window']['to']}")
    return "；".join(said + [note.partition(" / ")[0] for note in row["note"].split("；") if note])


def _is_multiple(row: Json) -> bool:
    """Whether a ratio is read as so many times (1 : 6) rather than as a percentage."""
    if row["unit_of_measure"] != "ratio":
        return False
    return any(value is not None and Fraction(value) > 1 for value in (row["value"], *(target["value"] for target in row["targets"])))


def number_text(value: str | None, unit_of_measure: str, *, multiple: bool = False) -> str:
    """A figure as people read it: shares as percentages to one place, money in yuan, everything with its measure word."""
    if value is None:
        return NOTHING
    exact = Fraction(value)
    if unit_of_measure == "ratio":
        return f"{decimal_text(exact, 2)} 倍" if multiple else share_text(exact)
    if unit_of_measure == "fen":
        return f"{_grouped(decimal_text(exact / FEN, 2))} 元"
    return f"{_grouped(decimal_text(exact, 0 if exact.denominator == 1 else 1))} {UNITS_OF_MEASURE[unit_of_measure]}"


def _grouped(number: str) -> str:
    """Thousands set apart."""
    whole, point, rest = number.partition(".")
    return f"{int(whole):,}{point}{rest}"


def _word(words: Mapping[str, tuple[str, str]], status: str) -> Text:
    word, style = words[status]
    return Text(f"{word} {status}", style=style)
