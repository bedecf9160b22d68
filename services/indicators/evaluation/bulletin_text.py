"""The words of a bulletin (通报): Markdown that reads as plain text too. Pure.

What is missed or behind stands first, then what is unknown, then every target by the plan's clauses beside the plan's own words, then how
the townships and parks stand, and at the end what all of it follows from.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Final

from services.indicators.evaluation.display import SHARE_PLACES, VALUE_PLACES, decimal_text, grouped, number_text, quantity, share_text
from services.indicators.evaluation.plan import BENCHMARK, Plan
from services.indicators.evaluation.promises import Promise
from services.indicators.evaluation.status import Status, reaches
from services.indicators.words import STATUS_ZH
from shared.contracts.base import SERVICES
from shared.contracts.common import OFFICE

SCHEMA: Final = "kaiye.bulletin/1"
"""Rises whenever the same inputs would give other words; it stands in the last line."""

STATES: Final[tuple[Status, ...]] = ("missed", "behind", "unknown", "on_schedule", "met", "not_due")
"""In the order in which they are counted."""
_SERVICES_ZH: Final = {"registry": "登记", "training": "培训", "finance": "金融"}
_MEASURES: Final = {"jobs": "人", "m2": "平方米", "parties": "家"}
"""The measure words that are others here than on a board."""
_FEN_OF_WAN: Final = 1_000_000
_NUMERALS: Final = "一二三四五"
_INNER: Final = str.maketrans("“”", "‘’")
"""Quotation marks within quotation marks."""
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>|~]|^[#+-]")
"""What Markdown takes for more than the sign it is, within a line and at its beginning."""


@dataclass(frozen=True, slots=True)
class UnitStanding:
    """A township or park, and what it promised in its letter."""

    name: str
    promises: Sequence[Promise]


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a bulletin tells. `last_day`: the day it is answered at, which is the unit's own last where it ended before."""

    unit: str
    is_county: bool
    as_of: date
    last_day: date
    known_at: date
    final: bool
    positions: Mapping[str, int]
    plan: Plan
    plan_digest: str
    definitions: str
    promises: Sequence[Promise]
    units: Sequence[UnitStanding]


def text_of(contents: Contents) -> str:
    """The whole text, with one newline at its end."""
    return "\n".join(_lines(contents)) + "\n"


def is_bulletin(document: bytes) -> bool:
    """Whether a document is a bulletin in these words: those of another release cannot be made anew here."""
    return document.endswith(f"{_last_line()}\n".encode())


def _last_line() -> str:
    return f"- 文本格式：{SCHEMA}"


def _lines(contents: Contents) -> Iterator[str]:
    unit = _plain(contents.unit)
    who = "全县" if contents.is_county else unit
    yield f"# {unit}创建创业型城市工作进展情况通报"
    yield ""
    yield f"（截至{_day(contents.as_of)}，以{_day(contents.known_at)}所知）"
    yield ""
    yield f"按照《{_plain(contents.plan.title)}》，现将截至{_day(contents.as_of)}{who}创建工作的进展情况通报如下。"
    sections = (
        ("总体进展", _overall(contents, who)), ("未完成和落后的目标", _numbered(contents, "missed", "behind")),
        ("情况不明的目标", _numbered(contents, "unknown")), ("各项目标进展", _by_clause(contents.promises)),
        ("乡镇、园区进展", _units(contents.units)),
    )  # fmt: skip
    told = [(title, lines) for title, section in sections if (lines := list(section))]
    for number, (title, lines) in zip(_NUMERALS, told, strict=False):
        yield from ("", f"## {number}、{title}", "", *lines)
    yield from _signed(contents)
    yield from _basis(contents)


# ---- sections


def _overall(contents: Contents, who: str) -> Iterator[str]:
    counts = Counter(each.stands.status for each in contents.promises)
    states = "、".join(f"{STATUS_ZH[state]} {counts[state]} 项" for state in STATES if counts[state])
    yield f"{who}共有目标 {len(contents.promises)} 项：{states}。"
    if contents.last_day < contents.as_of:
        yield from ("", f"{_plain(contents.unit)}的最后一日是{_day(contents.last_day)}，所列为该日的数。")
    over = dict.fromkeys(
        f"{_plain(each.window)}目标于{_day(each.row.window.last)}期满"
        for each in contents.promises
        if each.row.window.last < contents.last_day
    )
    if over:
        yield from ("", f"{'，'.join(over)}，所列为期满日的数。")


def _numbered(contents: Contents, *statuses: Status) -> Iterator[str]:
    """The targets that stand so, those of the first status first, with who answers for them."""
    found = [each for status in statuses for each in contents.promises if each.stands.status == status]
    return (f"{number}. {sentence(each)}责任部门：{_plain(each.department)}。" for number, each in enumerate(found, 1))


def _by_clause(promises: Sequence[Promise]) -> Iterator[str]:
    for index, (clause, of_clause) in enumerate(groupby(promises, key=lambda each: each.target.clause)):
        if index:
            yield ""
        yield f"### 方案{_plain(clause)}"
        of_quote: dict[str, list[Promise]] = {}
        for each in of_clause:
            of_quote.setdefault(each.target.quote, []).append(each)
        for quote, promised in of_quote.items():
            yield ""
            yield f"“{_plain(quote.translate(_INNER))}”"
            yield ""
            yield from (f"- {sentence(each)}" for each in promised)


def _units(units: Sequence[UnitStanding]) -> Iterator[str]:
    """Those with the most that is missed or behind first."""
    if not units:
        return
    counted = [(each, Counter(promise.stands.status for promise in each.promises)) for each in units]
    states = [state for state in STATES if any(counts[state] for _, counts in counted)]
    yield from ("按未完成和落后的目标数由多到少排列。", "")
    yield _cells(["单位", "目标", *(STATUS_ZH[state] for state in states)])
    yield _cells(["---", *["---:"] * (len(states) + 1)])
    for unit, counts in sorted(counted, key=lambda each: (-each[1]["missed"] - each[1]["behind"], -each[1]["missed"])):
        yield _cells([_plain(unit.name), str(len(unit.promises)), *(str(counts[state]) for state in states)])


def _cells(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _signed(contents: Contents) -> Iterator[str]:
    offices = [each.name for each in contents.plan.departments if each.code == OFFICE]
    yield ""
    yield from (f"{_plain(contents.plan.name)}{_plain(name)}  " for name in offices)
    yield _day(contents.known_at)


def _basis(contents: Contents) -> Iterator[str]:
    ended = "报送已截止" if contents.final else "报送还未全部截止，数字还可能变动"
    yield ""
    yield "---"
    yield ""
    yield f"- 截至日：{contents.as_of}；已知日：{contents.known_at}（{ended}）"
    yield "- 事实计至：" + "、".join(f"{_SERVICES_ZH[service]}第 {contents.positions[service]} 条" for service in SERVICES)
    yield f"- 方案文件 SHA-256：{contents.plan_digest}"
    yield f"- 指标定义摘要：{contents.definitions}"
    yield _last_line()


# ---- one target


def sentence(promise: Promise) -> str:
    """One target: what is done, what of the whole that is, where it stands and why."""
    word, notes = _standing(promise)
    said = "；".join(filter(None, (*notes, *_remarks(promise))))
    return f"{_plain(promise.name)}：{'，'.join([*_done(promise), word])}{f'（{said}）' if said else ''}。"


def _done(promise: Promise) -> Iterator[str]:
    """What is done, and of what; of one thing due on a day it is enough to say whether it is."""
    value, goal = promise.value, promise.goal
    if promise.target.deadline is not None and goal == 1 and promise.stands.op == ">=" and promise.row.denominator is None:
        return
    if value is not None and goal is not None and goal > 0 and _is_amount(promise):
        yield f"完成 {_quantity(promise, value)}"
        yield f"完成{_plain(promise.window)}目标任务 {_quantity(promise, goal)}的 {_share(value, goal)}"
        return
    if value is not None:
        yield f"为 {_quantity(promise, value)}"
    yield _asked(promise)


def _is_amount(promise: Promise) -> bool:
    """Whether it is done bit by bit: no share, and nothing of which there should be little."""
    return promise.row.unit_of_measure != "ratio" and promise.stands.op == ">="


def _asked(promise: Promise) -> str:
    window = _plain(promise.window)
    if promise.goal is None:
        return f"{window}目标为全国平均水平"
    goal = _quantity(promise, promise.goal)
    if _is_amount(promise):
        return f"{window}目标任务 {goal}"
    average = "全国平均水平" if promise.target.value == BENCHMARK else ""
    return f"{window}目标{'不低于' if promise.stands.op == '>=' else '不高于'}{average} {goal}"


def _standing(promise: Promise) -> tuple[str, list[str]]:
    """Where it stands in a word, and why: what is due, by how much it falls short of that or exceeds it."""
    deadline = promise.target.deadline
    due = [] if deadline is None else [f"期限 {_day(deadline)}"]
    match promise.stands.status:
        case "met":
            return ("已按期完成" if due else "已完成" if _is_amount(promise) else "已达到"), due
        case "missed":
            return ("未按期完成" if due else "未完成"), due or _short(promise, promise.goal)
        case "behind":
            return "落后", _line(promise)
        case "on_schedule":
            return "达到进度", _line(promise)
        case "not_due":
            return "未到期", due or _why_not_due(promise)
        case "unknown":
            return "情况不明", _why_unknown(promise)
        case "shown":
            raise AssertionError("what has a target is judged")


def _line(promise: Promise) -> list[str]:
    """What the line or the milestone asks for by now, where there is one, and what is missing to it or too much."""
    if promise.expected is None:
        return _short(promise, promise.goal)
    asks = "应达" if promise.stands.op == ">=" else "应不高于"
    return [f"当日{asks} {_quantity(promise, promise.expected)}", *_short(promise, promise.expected)]


def _short(promise: Promise, wanted: Fraction | None) -> list[str]:
    """What is missing, of that of which there should be little what is too much: of shares in percentage points."""
    if promise.value is None or wanted is None or reaches(promise.value, promise.stands.op, wanted):
        return []
    word, by = "差" if promise.stands.op == ">=" else "超出", abs(wanted - promise.value)
    if promise.row.unit_of_measure != "ratio" or _is_multiple(promise):
        return [f"{word} {_quantity(promise, by)}"]
    points = decimal_text(by * 100, SHARE_PLACES)
    return [f"{word} {points} 个百分点" if Fraction(points) else f"{word}不足 0.1 个百分点"]


def _why_not_due(promise: Promise) -> list[str]:
    if promise.row.effective_as_of is None:
        return [f"自{_day(promise.row.window.first)}起计"]
    return ["尚无可考核的对象"] if promise.value is None else []


def _why_unknown(promise: Promise) -> list[str]:
    if promise.value is None:
        return ["没有分母" if promise.row.denominator == "0" else "缺少计算所需的数据"]
    return ["全国平均水平尚未公布"] if promise.goal is None else []


def _remarks(promise: Promise) -> Iterator[str]:
    row = promise.row
    if row.period_end is not None:
        yield f"统计数据截至{_day(row.period_end)}"
    if row.margin is not None and Fraction(row.margin):
        yield f"抽样误差 ±{decimal_text(Fraction(row.margin) * 100, SHARE_PLACES)} 个百分点"
    if row.incomplete:
        yield f"另有 {row.incomplete} 条事实无法计入"


# ---- words and numbers


def _plain(words: str) -> str:
    """Words of the plan or the roster as themselves, whatever Markdown would make of them: a name may hold `|` or `*`."""
    return _MARKUP.sub(r"\\\g<0>", words)


def _is_multiple(promise: Promise) -> bool:
    """Whether a ratio is read as so many times (1 : 6) rather than as a percentage."""
    return promise.row.unit_of_measure == "ratio" and any(number is not None and number > 1 for number in (promise.value, promise.goal))


def _quantity(promise: Promise, number: Fraction) -> str:
    """A number with what it is measured in, as such a document has it: 平方米, from 10,000 yuan on in 万元."""
    measure, multiple = promise.row.unit_of_measure, _is_multiple(promise)
    if measure == "fen" and abs(number) >= _FEN_OF_WAN:
        return f"{grouped(decimal_text(number / _FEN_OF_WAN, 2)).removesuffix('.00')} 万元"
    words = _MEASURES.get(measure)
    if words is None:
        return quantity(str(number), measure, multiple=multiple)[0]
    return f"{number_text(str(number), measure)} {words}"


def _share(value: Fraction, goal: Fraction) -> str:
    """What part of what was promised is done; what falls short by less than one place shows has more, and is not called the whole."""
    done = value / goal
    shown = (share_text(done, places) for places in range(SHARE_PLACES, VALUE_PLACES))
    return next((said for said in shown if done >= 1 or Fraction(said.removesuffix("%")) < 100), share_text(done))


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
