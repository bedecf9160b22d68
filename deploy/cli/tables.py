"""Board, units, flags, duties and reports as tables for people: Chinese first, then English, numbers aligned. Pure: JSON in, table out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from services.indicators.evaluation.display import grouped, measure_words, number_text, share_text, yuan_text
from services.indicators.words import OPERATORS, PART_SEPARATOR, STATUS_ZH, SYSTEMS_ZH, UNIT_KINDS_ZH, part_zh
from shared.contracts import FACTS
from shared.days import SHANGHAI

_STATUS_STYLES: Final = {
    "met": "green", "on_schedule": "green", "behind": "yellow", "missed": "bold red", "not_due": "dim", "unknown": "magenta",
    "shown": "dim", "no_benchmark": "dim",
}  # fmt: skip
STATUS: Final = {status: (STATUS_ZH[status], style) for status, style in _STATUS_STYLES.items()}
COMPARED: Final = {"met": ("✓", "green"), "behind": ("✗", "yellow"), "missed": ("✗", "bold red")}
"""How a comparison with the national average or an earlier year reads (达到或超过)."""
COMPARED_LEGEND: Final = "✓ 达到或超过 reached or exceeded · ✗ 未达到 not reached"
EXPECTED_LEGEND: Final = (
    "应达为进度线或节点上的数；为空的没有进度线：限期事项以所注限期为准，其余直接对照目标 / expected: where the line or the milestone "
    "stands; blank where there is no line: what is due goes by the day in its note, else the target itself is compared"
)
BENCHMARK_WORDS: Final = "全国平均 benchmark"

NAME, VALUE, MEASURE, TARGET, EXPECTED, STATE, BENCHMARK, BASELINE, COUNTED, NOTE = range(10)

Json = Mapping[str, Any]
Cell = Text | str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, where its cells stand, and whether a long cell may go on in the next line."""

    zh: str
    en: str
    right: bool = False
    wraps: bool = False
    widest: int | None = None
    """Where it wraps even when the table may be as wide as what it holds."""

    @property
    def heading(self) -> str:
        """In two lines, so that a heading seldom makes a column wider."""
        return f"{self.zh}\n{self.en}"


MEASURED: Final = Column("计量", "in")
BOARD_COLUMNS: Final = (
    Column("指标", "indicator", wraps=True), Column("数值", "value", right=True), MEASURED, Column("目标", "target", right=True),
    Column("应达", "expected", right=True), Column("状态", "status", wraps=True), Column("全国", "benchmark", right=True),
    Column("上年", "baseline", right=True), Column("n · 分子/分母", "n · of", right=True), Column("说明", "note", wraps=True),
)  # fmt: skip
BOARD_ORDER: Final = (NAME, VALUE, TARGET, STATE, EXPECTED, MEASURE, BENCHMARK, BASELINE, COUNTED, NOTE)
"""Which columns are shown first where there is not room for all."""
UNIT_COLUMNS: Final = (
    Column("代码", "code"), Column("名称", "name", wraps=True), Column("类型", "kind"), Column("上级", "parent"), Column("设立", "listed"),
    Column("撤并", "ended"), Column("承继", "successor"),
)  # fmt: skip
UNIT_ORDER: Final = (0, 1, 2, 4, 5, 6, 3)
"""The unit above it follows from the code."""
FLAG_COLUMNS: Final = (
    Column("疑点", "flag", wraps=True, widest=36), Column("状态", "state"), Column("日期", "day"), Column("自", "since"),
    Column("部门", "department"), Column("单位", "unit"), Column("事实", "fact", wraps=True, widest=20),
    Column("另见", "others", wraps=True, widest=20), Column("所涉", "about", wraps=True, widest=20),
    Column("认定", "ruling", wraps=True, widest=20),
)  # fmt: skip
FLAG_ORDER: Final = (0, 4, 6, 1, 2, 7, 8, 5, 3, 9)
FLAG_STATES: Final = {"open": ("待核", "yellow"), "confirmed": ("属实", "red"), "dismissed": ("排除", "dim")}
DUTY_COLUMNS: Final = (
    Column("任务", "duty", wraps=True), Column("到期", "due"), Column("责任", "owed by", wraps=True), Column("状态", "state"),
    Column("自", "since"), Column("逾期", "late"), Column("体系", "system"), Column("条款", "clause"),
    Column("佐证", "evidence", wraps=True),
)  # fmt: skip
DUTY_ORDER: Final = (0, 2, 3, 1, 5, 4, 7, 8, 6)
"""How far a duty has come says more than its day."""
DUTY_STATES: Final = {
    "not_due": ("未到期", "dim"), "due": ("到期未报", "yellow"), "evidenced": ("佐证已报", "cyan"), "accepted": ("已验收", "green"),
    "returned": ("已退回", "red"), "late": ("逾期验收", "yellow"),
}  # fmt: skip
REPORT_COLUMNS: Final = (
    Column("报送", "report"), Column("状态", "state"), Column("类型", "type"), Column("报到（北京时间）", "arrived"),
    Column("服务", "service"), Column("原因", "why", wraps=True, widest=60),
)  # fmt: skip
REPORT_ORDER: Final = (0, 1, 5, 3, 2, 4)
REPORT_STATES: Final = {
    "recorded": ("已记录", "green"), "waiting": ("等待", "yellow"), "refused": ("退回", "red"), "dismissed": ("不处理", "dim"),
    "corrected": ("已补正", "dim"),
}  # fmt: skip
TYPES_ZH: Final = {fact.type: fact.zh for fact in FACTS}
GAP: Final = 2
"""Between two columns."""
CHINESE_WIDTH_MIN: Final = 16
"""A column of text is never squeezed below this."""


def board_table(
    board: Json, catalogue: Json, unit: str, *, width: int | None = None, units: Mapping[str, str] | None = None
) -> Table:  # fmt: skip
    """The board of one unit; `catalogue` gives the Chinese names, `unit` the unit's own, `units` those of units below it by their codes.

    Columns that have no room in `width` are left out and named below the table; without a width there is room for all. Parts that split by
    several things at once are hundreds: beside other indicators they are left out and counted below, asked for alone all are shown. What
    is to be known about a row is said below the table, once for all rows that have its number.
    """
    words = _Words(catalogue, units or {})
    rows = board["indicators"]
    alone = len({row["id"] for row in rows}) == 1
    finer = Counter(row["id"] for row in rows if not alone and PART_SEPARATOR in (row["part"] or ""))
    sections: list[list[tuple[Cell, ...]]] = []
    previous = None
    for row in rows:
        if row["id"] in finer and PART_SEPARATOR in (row["part"] or ""):
            continue
        if row["id"] != previous:
            sections.append([])
        sections[-1] += _rows(row, words, first=row["id"] != previous)
        previous = row["id"]
    below = [
        *(f"[{number}] {note}" for note, number in words.notes.items()),
        *([EXPECTED_LEGEND] if any(row["targets"] for row in rows) else []),
        *([COMPARED_LEGEND] if any(_is_compared(row[other]) for row in rows for other in ("benchmark", "baseline")) else []),
        _caption(board),
        *(f"另有 {count} 个细分项 / finer parts: kaiye indicator {id}" for id, count in finer.items()),
    ]
    return fitted(BOARD_COLUMNS, BOARD_ORDER, sections, width, title=_title(board, unit), caption="\n".join(below))


class _Words:
    """What people call things on one board, and the notes that are said below it."""

    def __init__(self, catalogue: Json, units: Mapping[str, str]) -> None:
        self.indicators = {each["id"]: each["zh"] for each in catalogue["indicators"]}
        self.variants: dict[tuple[str, str], Json] = {
            (each["id"], variant["name"]): variant for each in catalogue["indicators"] for variant in each["variants"]
        }
        self.windows = {each["name"]: each["zh"] for each in catalogue["windows"]}
        self.codes = {**units, **{each["code"]: each["name"] for each in (*catalogue["departments"], *catalogue["documents"])}}
        self.notes: dict[str, int] = {}
        """Each note and its number, in the order of the rows."""

    def variant(self, row: Json) -> Json:
        """How the row's indicator is read there; nothing where the catalogue is of another release."""
        return self.variants.get((row["id"], row["variant"]), {})

    def part(self, row: Json) -> str | None:
        """What people call its part; None for a year or a text from a report."""
        return part_zh(row["part"], row["variant"]) or self.codes.get(row["part"])

    def numbers(self, row: Json) -> str:
        """The numbers of the notes about it."""
        return "".join(f" [{self.notes.setdefault(note, len(self.notes) + 1)}]" for note in row["note"].split("；") if note)


def units_table(units: Json, *, width: int | None = None) -> Table:
    """The units, each below the unit it lies in by its code. Columns without room are left out and named below the table."""
    rows = [
        tuple(
            Text(cell, style="dim" if unit["ended"] else "")
            for cell in (
                unit["code"], unit["name"], f"{UNIT_KINDS_ZH[unit['kind']]} {unit['kind']}", unit["parent"] or "", unit["listed"],
                unit["ended"] or "", unit["successor"] or "",
            )
        )
        for unit in units["units"]
    ]  # fmt: skip
    return fitted(UNIT_COLUMNS, UNIT_ORDER, [rows], width, title=_list_title("单位 units", units, len(rows)), caption=None)


def flags_table(flags: Json, *, width: int | None = None) -> Table:
    """Flags below their kinds, each by a name it is ruled on by, which is short unless another one shown is called so, with what becomes of
    each kind in the figures below. Columns without room are left out and named below the table.
    """
    kinds = {each["kind"]: each for each in flags["kinds"]}
    called = Counter(map(flag_name, flags["flags"]))
    sections: dict[str, list[tuple[Cell, ...]]] = {}
    for flag in flags["flags"]:
        rows = sections.setdefault(flag["kind"], [])
        if not rows:
            name = Text(f"{kinds[flag['kind']]['zh']} {flag['kind']}", style="bold")
            rows.append((name, *("" for _ in FLAG_COLUMNS[1:])))
        short = flag_name(flag)
        rows.append(_flag_row(flag, short if called[short] == 1 else flag["flag"]))
    title = _list_title(f"疑点 flags {flags['unit']}", flags, flags["total"])
    caption = "\n".join(
        f"{kind['zh']} {kind['kind']} {_counts(kind)}：{kind['ruling']}" for code, kind in kinds.items() if code in sections
    )
    return fitted(FLAG_COLUMNS, FLAG_ORDER, list(sections.values()), width, title=title, caption=caption)


def duties_table(duties: Json, *, width: int | None = None) -> Table:
    """Duties in the plan file's order, each of those who owe it in a line. Columns without room are left out and named below the table."""
    title = _list_title(f"工作任务 duties {duties['unit']}", duties, duties["total"])
    counts = " · ".join(f"{DUTY_STATES[state][0]} {state} {count}" for state, count in duties["states"].items() if count)
    caption = "\n".join((f"{counts}；逾期 late {duties['late']}", *_rates(duties["rates"])))
    return fitted(DUTY_COLUMNS, DUTY_ORDER, duty_sections(duties["duties"]), width, title=title, caption=caption)


def reports_table(reports: Sequence[Json], *, width: int | None = None) -> Table:
    """Reports that are kept, each by the name under which it is dealt with. Columns without room are left out and named below the table."""
    rows = [
        (
            f"{each['source'].partition('/')[2].partition('/')[2]}/{each['id']}", _word(REPORT_STATES, each["state"]), each["type"],
            _local_time(each["arrived"]), each["service"], _why(each["reason"]),
        )
        for each in reports
    ]  # fmt: skip
    return fitted(REPORT_COLUMNS, REPORT_ORDER, [rows], width, title="报送 reports", caption=None)


def _local_time(instant: str | None) -> str:
    """An instant to the second as clocks in the county have it."""
    return "—" if instant is None else f"{datetime.fromisoformat(instant).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _why(reason: Json | None) -> str:
    return "" if reason is None else f"{reason['code']} {reason['zh']} / {reason['en']}"


def duty_sections(duties: Iterable[Json]) -> list[list[tuple[Cell, ...]]]:
    """The cells of `DUTY_COLUMNS`, duty by duty."""
    sections: dict[str, list[tuple[Cell, ...]]] = {}
    for duty in duties:
        rows = sections.setdefault(duty["duty"], [])
        name = "" if rows else Text(duty["quote"]) + Text(f" {duty['duty']}", style="dim")
        rows.append((
            name, duty["due"], f"{duty['name']} {duty['party']}", _word(DUTY_STATES, duty["state"]), duty["since"] or "",
            Text("逾期 late", style="bold red") if duty["late"] else "", f"{SYSTEMS_ZH[duty['system']]} {duty['system']}", duty["clause"],
            duty["evidence"],
        ))  # fmt: skip
    return list(sections.values())


def _rates(rates: Sequence[Json]) -> Iterator[str]:
    """How the counts of duties lead to the rate on the board: the same rule, at the end of its window and as of a later day."""
    for number, rate in enumerate(rates):
        zh, en = ("截至日同口径", "the same as of the day asked for") if number else ("工作任务完成率", "rate, kaiye indicator duties")
        share = number_text(rate["value"], "ratio")
        accepted, due = rate["accepted"], rate["due"]
        yield (
            f"{zh} {accepted}/{due} = {share}：{rate['on']} 已到期 {due} 项，当日已验收（含逾期） {accepted} 项 / "
            f"{en}: of {due} due by {rate['on']} accepted by then, late or not, {accepted}"
        )


def flag_name(flag: Json) -> str:
    """The short name of a flag: its kind and the id of its fact, which several systems may have given."""
    return f"{flag['kind']}:{flag['fact']['id']}"


def _flag_row(flag: Json, name: str) -> tuple[Cell, ...]:
    """Its fact is named without the id: that stands in the flag's name."""
    ruling, fact = flag["ruling"], flag["fact"]
    return (
        name, _word(FLAG_STATES, flag["state"]), flag["day"], flag["since"], flag["department"], flag["unit"] or flag["park"] or "",
        _fact_of_day(fact), "\n".join(f"{_fact_of_day(each)} {each['id']}" for each in flag["others"]), "\n".join(flag["about"]),
        f"{ruling['note']} {ruling['by'].partition('/')[2].partition('/')[2]} {ruling['occurred']} {ruling['ruling']}" if ruling else "",
    )  # fmt: skip


def _fact_of_day(fact: Json) -> str:
    return f"{TYPES_ZH[fact['type']]} {fact['type'].partition('.')[2]} {fact['occurred']}"


def _counts(kind: Json) -> str:
    return " · ".join(f"{word} {state} {kind[state]}" for state, (word, _) in FLAG_STATES.items() if kind[state])


def fitted(
    columns: Sequence[Column], order: Sequence[int], sections: Sequence[Sequence[Sequence[Cell]]], width: int | None, *,
    title: str, caption: str | None,
) -> Table:  # fmt: skip
    """A table of as many columns of `order` as have room, the first of them first. Nothing in a cell is ever cut, and texts are shown as
    they are: whoever wrote them marks nothing up.
    """
    cells = [[row[at] for rows in sections for row in rows] for at in range(len(columns))]
    wanted = [_least_width(column, cells[at], squeezed=False) for at, column in enumerate(columns)]
    least = [_least_width(column, cells[at], squeezed=True) for at, column in enumerate(columns)]
    widths = least if width is not None else [
        wide if column.widest is None else min(wide, max(column.widest, narrow))
        for column, wide, narrow in zip(columns, wanted, least, strict=True)
    ]  # fmt: skip
    shown: set[int] = set()
    taken = -GAP
    for at in order:
        if width is not None and shown and taken + GAP + widths[at] > width:
            break
        taken += GAP + widths[at]
        shown.add(at)
    if width is not None:
        _widen(widths, wanted, shown, width - taken)
    missing = [columns[at] for at in sorted(order) if at not in shown]
    below = [caption] if caption else []
    if missing:
        names = "、".join(f"{column.zh} {column.en}" for column in missing)
        below.append(f"未显示（终端宽 {width} 列）/ no room for: {names}；全部见 --json / --json has all")
    table = Table(
        title=escape(title), title_justify="left", caption=escape("\n".join(below)), caption_justify="left", box=box.SIMPLE_HEAD,
        show_edge=False, padding=(0, 1, 0, 0), pad_edge=False,
    )  # fmt: skip
    for at in sorted(shown):
        column = columns[at]
        goes_on = column.wraps and (width is not None or column.widest is not None)
        table.add_column(
            column.heading, justify="right" if column.right else "left", no_wrap=not goes_on, overflow="fold", width=widths[at],
        )  # fmt: skip
    for number, rows in enumerate(sections):
        if number:
            table.add_section()
        for row in rows:
            table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in (row[at] for at in sorted(shown))))
    return table


def _widen(widths: list[int], wanted: Sequence[int], shown: Iterable[int], left: int) -> None:
    """Give out the room that is left, always to the narrowest of the columns that can use it."""
    for _ in range(left):
        growing = [at for at in shown if widths[at] < wanted[at]]
        if not growing:
            return
        widths[min(growing, key=lambda at: (widths[at], at))] += 1


def _least_width(column: Column, cells: Sequence[Cell], *, squeezed: bool) -> int:
    """How narrow a column may get: the longest line, or where it may wrap the longest word that is not Chinese (an id is never cut)."""
    lines = [line for cell in (column.heading, *cells) for line in str(cell).splitlines()]
    if not (column.wraps and squeezed):
        return max(map(cell_len, lines))
    words = [word for line in lines for word in line.split() if word.isascii()]
    return max(min(CHINESE_WIDTH_MIN, max(map(cell_len, lines))), max(map(cell_len, words), default=0))


def _title(board: Json, unit: str) -> str:
    return f"{unit} {board['unit']}{' · 已定案 final' if board['final'] else ''}\n{_days(board)}"


def _list_title(of: str, answer: Json, count: int) -> str:
    return f"{of} · 共 {count} in all\n{_days(answer)}"


def _days(answer: Json) -> str:
    """On a line of its own: a title wider than its table would be broken anywhere."""
    return f"截至 {answer['as_of']} as of · 已知 {answer['known_at']} known at"


def _caption(board: Json) -> str:
    positions = "  ".join(f"{service} {position}" for service, position in board["positions"].items())
    return f"记录位置 / positions: {positions}"


def _rows(row: Json, words: _Words, *, first: bool) -> Iterator[tuple[Cell, ...]]:
    """A row, and below it a line for each further target. The first of an indicator without a row for its whole has a line for its name."""
    multiple = _is_multiple(row)
    variant = words.variant(row)
    name, reading, notes = _heading(row, words), _reading(row, variant, words), Text(words.numbers(row), style="dim")
    if first and reading:
        yield name, *("" for _ in BOARD_COLUMNS[1:])

    def shown(value: str | None) -> str:
        return number_text(value, row["unit_of_measure"], multiple=multiple)

    for number, target in enumerate(row["targets"] or [None]):
        goal = f"{OPERATORS[target['op']]} {shown(target['value']) if target['value'] else BENCHMARK_WORDS}" if target else ""
        line = shown(target["expected"]) if target and target["expected"] else ""
        status = _word(STATUS, target["status"] if target else row["status"])
        if number:
            yield "", "", "", goal, line, status, "", "", "", target["clause"]
            continue
        yield (
            (reading or name) + notes, shown(row["value"]), measure_words(row["unit_of_measure"], multiple=multiple), goal, line, status,
            _comparison(row["benchmark"], shown), _comparison(row["baseline"], shown), _counted(row, variant), _remarks(row, words),
        )  # fmt: skip


def _heading(row: Json, words: _Words) -> Text:
    return Text(f"{words.indicators.get(row['id'], row['id'])} ", style="bold") + Text(row["id"], style="dim")


def _reading(row: Json, variant: Json, words: _Words) -> Text:
    """Which variant and part a row is, below its indicator's name; empty for the indicator as a whole."""
    part = row["part"] or ""
    called = words.part(row) if part else ""
    zh = [variant.get("zh", ""), part if called is None else called]
    ids = [row["variant"] if row["variant"] != "default" else "", part if called else ""]
    reading = " ".join(word for word in (*zh, *ids) if word)
    return Text(f" · {reading}" if reading else "")


def _is_compared(compared: Json | None) -> bool:
    return compared is not None and compared["value"] is not None and compared["status"] in COMPARED


def _comparison(compared: Json | None, shown: Callable[[str], str]) -> Text | str:
    """The national average or the year before, coloured by whether the value reaches it."""
    if compared is None or compared["value"] is None:
        return ""
    mark, style = COMPARED.get(compared["status"] or "", ("", ""))
    return Text(f"{shown(compared['value'])} {mark}".rstrip(), style=style)


def _counted(row: Json, variant: Json) -> str:
    """What a share is made of, or how many stand behind a figure; an amount of money is no number of anything."""
    if row["denominator"] is not None:
        numerator, denominator = row["numerator"] or "0", row["denominator"]
        if variant.get("counted_in") == "fen":
            return f"{yuan_text(numerator)}/{yuan_text(denominator)} {measure_words('fen')}"
        return f"{grouped(numerator)}/{grouped(denominator)}"
    return "" if row["unit_of_measure"] == "fen" else f"{row['n']:,}"


def _remarks(row: Json, words: _Words) -> str:
    """What is true of this row alone: what was left out, how sure a survey is, what a statistic covers, another window than the year."""
    said = [f"不完整 incomplete {row['incomplete']}"] if row["incomplete"] else []
    if margin := row.get("margin"):
        said.append(f"±{share_text(Fraction(margin))}")
    if period_end := row.get("period_end"):
        said.append(f"统计截至 statistic to {period_end}")
    if (window := row["window"])["name"] != "plan_year":
        said.append(f"{words.windows.get(window['name'], '')} {window['name']} {window['from']}—{window['to']}".lstrip())
    return "；".join(said)


def _is_multiple(row: Json) -> bool:
    """Whether a ratio is read as so many times (1 : 6) rather than as a percentage."""
    if row["unit_of_measure"] != "ratio":
        return False
    return any(value is not None and Fraction(value) > 1 for value in (row["value"], *(target["value"] for target in row["targets"])))


def _word(words: Mapping[str, tuple[str, str]], status: str) -> Text:
    word, style = words[status]
    return Text(f"{word} {status}", style=style)
