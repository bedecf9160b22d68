"""A figure's declaration in words: which measures it combines and how, and which rows each measure reads. Pure: no I/O."""

from collections.abc import Callable, Iterator
from typing import Final, assert_never

from services.indicators.figures import (
    Amount,
    ByUnit,
    DocumentsAccepted,
    DutiesAccepted,
    Expression,
    Figure,
    HowMany,
    InTime,
    Least,
    Less,
    OverStart,
    PartShares,
    PartsHeld,
    Quantiles,
    Share,
    SinceStart,
    Split,
    StatisticShare,
    Sum,
    SurveyShare,
)
from services.indicators.measures.kinds import (
    Counted,
    Distribution,
    Happened,
    Holding,
    Level,
    Matured,
    Measure,
    Members,
    Published,
    UnitsWhere,
)
from services.indicators.measures.rows import Predicate, Select
from services.indicators.words import OPERATORS, UNIT_KINDS_ZH, part_zh

NAMES_MAX: Final = 3
"""So many parts of the same making are spelled out; of more, the first and that there are others."""


def formula(figure: Figure) -> str:
    """How a figure is made of its measures, each by its name."""
    match figure:
        case Amount():
            return _words(figure.of)
        case InTime():
            distinct = "，各计一次 / each counted once" if figure.distinct else ""
            return f"{_words(figure.of)} 中窗口内、限期前完成的 / of these, done in the window and by the deadline{distinct}"
        case SinceStart():
            return f"{_words(figure.of)}（方案年起 / since the plan year） ÷ 已开始的方案年数 / plan years begun"
        case Share():
            cohort = (
                "" if figure.parts is None else f"；按 {_name(figure.parts)} 的 {figure.parts.part} 分列 / and by its {figure.parts.part}"
            )
            return f"{_grouped(figure.of)} ÷ {_grouped(figure.over)}{cohort}"
        case StatisticShare():
            cut = "，分子也截至该期末 / the numerator cut at its period end too" if figure.cumulative else ""
            return f"{_grouped(figure.of)} ÷ {_name(figure.over)}（最近一期公布值 / as last published{cut}）"
        case OverStart():
            facts = f"{_grouped(figure.facts)}（上年末 / on the eve of the window）"
            series = "" if figure.series is None else f"{_name(figure.series)}（上年末公布值，未公布则 / as published for the eve, else）"
            return f"{_grouped(figure.of)} ÷ {series}{facts}"
        case SurveyShare():
            split = "，逐部分 / each part" if figure.split else ""
            return f"{_name(figure.of)} ÷ {_name(figure.over)}（仅 {_name(figure.latest)} / of that survey only{split}）"
        case Quantiles():
            ranks = "、".join(f"{part_zh(part)} {part} p = {hundredths} %" for part, hundredths in figure.quantiles)
            return f"{_name(figure.of)} 的最近秩分位 / nearest-rank quantiles ⌈p·n⌉: {ranks}"
        case Least():
            return f"各{UNIT_KINDS_ZH[figure.over]} {_grouped(figure.of)} 的最小值 / the least among every {figure.over}"
        case HowMany():
            return f"{_grouped(figure.of)} > 0 的{UNIT_KINDS_ZH[figure.over]}个数 / how many of every {figure.over}"
        case Split():
            return _split(figure)
        case PartShares():
            whole = figure.whole
            return f"{formula(whole)}；逐部分 / and for each part: {_words(figure.of)} ÷ {_grouped(whole.over)}"
        case ByUnit():
            return f"{_grouped(figure.of)}，逐个{UNIT_KINDS_ZH[figure.over]} / of every {figure.over}"
        case DutiesAccepted():
            by = {"system": "，按体系分列 / by system", "department": "，按部门分列 / by department", None: ""}[figure.by]
            return f"方案文件的任务（进展见 {_name(figure.of)}）：到期且验收的 ÷ 到期的 / of the plan file's duties, accepted ÷ due{by}"
        case DocumentsAccepted():
            return (
                f"方案文件的每份文件（进展见 {_name(figure.of)}）：限期前验收为 1 / each document of the plan file: 1 if accepted in time"
            )
        case _:
            assert_never(figure)


def _split(figure: Split) -> str:
    shown, more = figure.parts[:NAMES_MAX], figure.parts[NAMES_MAX:]
    parts = [f"{part}: {formula(each)}" for part, each in shown]
    parts += [f"同法 / likewise {', '.join(part for part, _ in more)}"] if more else []
    whole = [] if figure.whole is None else [formula(figure.whole)]
    beside = [] if figure.beside is None else [f"{_name(figure.beside)} 逐部分 / each part"]
    return "；".join([*whole, *parts, *beside])


def _words(of: Expression) -> str:
    match of:
        case Sum():
            return " + ".join(_name(measure) for measure in of.of)
        case Less():
            return f"{_name(of.of)} − {_name(of.less)}"
        case PartsHeld():
            units = "（存续单位，已合并的计其承继单位 / existing units, for those merged their successors）" if of.units else ""
            return f"{_name(of.of)} 有数的部分个数 / its parts with any{units}"
        case _:
            return _name(of)


def _grouped(of: Expression) -> str:
    return f"({_words(of)})" if isinstance(of, Sum | Less) else _words(of)


def _name(measure: Measure) -> str:
    return f"`{measure.name}`"


Named = Callable[[str], str]
"""How a relation is called, by its name."""


def measure_words(measure: Measure, named: Named) -> str:
    """What a measure counts: its kind, the rows it selects and how they are held against the day."""

    def select_words(select: Select) -> str:
        return _select_words(select, named)

    match measure:
        case Counted():
            window = "历年 / ever" if measure.window == "ever" else "当年 / dated in the calendar year"
            kind = "计数 count" if measure.amount is None else f"合计 total of `{measure.amount}`"
            return f"{kind}，{window}：{select_words(measure.rows)}{_by(measure.part)}"
        case Level():
            kind = "存量 level" if measure.amount is None else f"存量合计 level, total of `{measure.amount}`"
            return f"{kind}，当日 / that hold on the day：{select_words(measure.rows)}{_by(measure.part)}"
        case Members():
            rows = " 或 / or ".join(map(select_words, measure.any_of))
            meanwhile = "" if measure.meanwhile is None else f"，且当日 / and on the day: {select_words(measure.meanwhile)}"
            return f"去重 distinct：{rows}{meanwhile}{_by(measure.part)}"
        case Matured():
            return f"队列 cohort：{'；'.join(_cohort(measure, select_words))}{_by(measure.part)}"
        case Distribution():
            return f"分布 distribution，当年 / dated in the calendar year：{select_words(measure.rows)}，`{measure.value}`"
        case Published():
            key = f"，按 / by {', '.join(measure.key)}" if measure.key else ""
            return f"最近公布值 latest published：{select_words(measure.rows)}{key}"
        case UnitsWhere():
            kinds = "、".join(f"{UNIT_KINDS_ZH[kind]} {kind}" for kind in measure.kinds)
            return f"单位个数 units（{kinds}）：{select_words(measure.rows)}{_by(measure.part)}"
        case _:
            assert_never(measure)


def _cohort(measure: Matured, select_words: Callable[[Select], str]) -> Iterator[str]:
    member = "首次 / first" if measure.member is None else f"每个 {measure.member} 的首次 / first of each {measure.member}"
    yield f"{member} {select_words(measure.start)}"
    due = f"{measure.lag_months} 个月后到期 / due {measure.lag_months} months later" if measure.lag_months else "当日起 / from that day"
    yield f"{due}，计入 {measure.stays_months} 个月 / stays {measure.stays_months} months"
    if measure.unless is not None:
        yield f"起始日已有的除外 / unless it held on that first day: {select_words(measure.unless)}"
    if measure.left is not None:
        yield f"到期前已有的退出 / left when it held before the due day: {select_words(measure.left)}"
    match measure.outcome:
        case None:
            return
        case Happened(rows):
            yield f"其后至到期日有 / and from then to the due day: {select_words(rows)}"
        case Holding(rows, on):
            day = "到期日 / on the due day" if on == "due" else "所问日 / on the day asked about"
            yield f"且{day}: {select_words(rows)}"
        case _:
            assert_never(measure.outcome)


def _select_words(select: Select, named: Named) -> str:
    """The rows of a relation, and which of them."""
    among = "，".join(map(_predicate, select.where))
    return named(select.relation) + (f"（{among}）" if among else "")


def _predicate(predicate: Predicate) -> str:
    operator = {"=": "=", "!=": "≠", "in": "∈", **OPERATORS}[predicate.operator]
    return f"{predicate.field} {operator} {_value(predicate.value)}"


def _value(value: object) -> str:
    if value is None:
        return "空 / none"
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _by(part: str | None) -> str:
    return "" if part is None else f"；按 {part} 分 / by {part}"
