"""The reference page of the indicators, from their declarations, the example county's plan file and the worked examples."""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from deploy.worked_examples import EXAMPLES
from deploy.worked_examples.example import PLACES, Answer, Example, Given, parse
from services.indicators.catalog import CATALOG, measures_in
from services.indicators.evaluation.county import County, load_county
from services.indicators.evaluation.display import UNITS_OF_MEASURE, decimal_text, share_text
from services.indicators.evaluation.plan import Duty, Plan, Target
from services.indicators.evaluation.status import Behaviour
from services.indicators.figures import Indicator, UnitOfMeasure, Variant
from services.indicators.formula_words import formula, measure_words
from services.indicators.meanings import relation_words, variant_zh
from services.indicators.measures.rows import Relation
from services.indicators.relations import RELATIONS
from services.indicators.words import OPERATORS, UNIT_KINDS_ZH, VARIANTS_ZH, WINDOWS_ZH
from shared.contracts.base import Fact

COUNTY_FOLDER = Path(__file__).parent / "counties" / "example"
RULES: Final[Mapping[Behaviour, str]] = {
    "line": "按日均摊的进度线：达到为达到进度，否则落后 / on the line of its window: on_schedule, else behind",
    "level": "水平：窗口结束前未达到为落后 / a level: behind until its window ends",
    "deadline": "限期：当日前未到期，次日起未完成 / due on a day: not_due before it ends, missed after",
    "shown": "列示，方案没有目标 / shown, without a target in the plan",
}
"""How a row without a verdict of its own is judged before its window ends."""
INTRODUCTION_ZH: Final = (
    "每个指标：方案条款与原文、判定规则、适用单位、各口径的公式和度量、示例县的目标、手算例"
    "（测试用实时账本和独立核算各算一遍，须完全一致）。"
)
INTRODUCTION_EN: Final = (
    "Every indicator: the plan's clause and sentence, how it is judged, the units it applies to, the formula and measures of each "
    "variant, the example county's targets, and examples counted by hand, which the tests count again by the live ledger and by an "
    "independent oracle, to the last digit."
)
ALWAYS: Final = (
    "判定依次为 / the first rule that applies: 窗口前 `not_due`；缺输入 `unknown`；没有目标 `shown`；比较成立 `met`；"
    "窗口末日 `missed`；其余按各指标的规则 / else by the indicator's rule."
)
UNIT_NAMES: Final = {**UNITS_OF_MEASURE, "fen": "分", "ratio": "比例"}
NOISE: Final = frozenset({
    "name", "title", "industry", "publisher", "institution", "reason", "matter", "sheet", "digest", "as_of", "known_at", "fund", "voucher",
    "levy", "need", "outcome", "guidance_kind", "lending_fen",
})  # fmt: skip
"""Fields that no example turns on."""


@cache
def indicators_page() -> str:
    """Every indicator: its sentence, rule, units, variants, measures, targets and worked examples; then the relations they read."""
    county = load_county(COUNTY_FOLDER)
    lines = [
        "# 指标 Indicators", "", "由代码生成，请勿手改 / Generated from the code: `python -m deploy.reference_pages`.", "",
        INTRODUCTION_ZH, INTRODUCTION_EN, "", ALWAYS, "",
        f"手算例都在同一个小县 / all examples happen in one small county: {_places()}。", "",
        "| 编号 id | 指标 indicator | 条款 clause |", "|---|---|---|",
        *(f"| [`{each.id}`](#{each.id}) | {each.zh} {each.en} | {each.clause} |" for each in CATALOG),
    ]  # fmt: skip
    for indicator in CATALOG:
        lines += ["", *_indicator(indicator, county)]
    return "\n".join([*lines, "", *_relations()]) + "\n"


def _places() -> str:
    urban = {code for code, place in PLACES.items() if (place.urban_rural_class or "").startswith("1")}
    units = "、".join(f"{place.zh} {place.en}{'（城镇 urban）' if code in urban else ''}" for code, place in PLACES.items())
    return f"{units}；P 是人，E 是企业或个体工商户 / P is a person, E an entity"


def _indicator(indicator: Indicator, county: County) -> Iterator[str]:
    yield f'## <a id="{indicator.id}"></a>`{indicator.id}` {indicator.zh} · {indicator.en}'
    yield ""
    yield f"> {indicator.clause} “{indicator.quote}”"
    yield ""
    main = "；五项主要指标之一，另与全国平均水平比 / one of the five main indicators, compared with the national average too"
    yield f"- 判定 judged: {RULES[indicator.behaviour]}{main if indicator.benchmarked else ''}"
    from_eve = "；进度线从窗口前夕的存量起 / its line starts from the stock on the eve" if indicator.starts_from_eve else ""
    by_plan = "，方案文件的目标写明 window 的按其窗口 / or that which the plan file's target names" if indicator.window_by_plan else ""
    yield f"- 窗口 window: {_window(indicator.window)}{by_plan}{from_eve}"
    yield f"- 适用 applies to: {_units(indicator.units)}"
    yield ""
    yield "| 口径 variant | 名称 name | 单位 in | 含义 meaning | 公式 formula |"
    yield "|---|---|---|---|---|"
    yield from (_variant(indicator, variant) for variant in indicator.variants)
    yield ""
    yield "度量 measures:"
    yield ""
    measures = {measure.name: measure for measure in measures_in(indicator)}
    yield from (f"- `{name}`：{measure_words(measure, linked)}" for name, measure in measures.items())
    yield from _targets(indicator, county.plan)
    for example in EXAMPLES:
        if example.indicator == indicator.id:
            yield from _example(example, indicator)


def _variant(indicator: Indicator, variant: Variant) -> str:
    name = VARIANTS_ZH[variant.name] or "默认"
    meaning = [f"{variant_zh(indicator, variant)} / {variant.meaning}", *([variant.note] if variant.note else [])]
    if variant.behaviour is not None and variant.behaviour != indicator.behaviour:
        meaning.append(f"判定 judged: `{variant.behaviour}`")
    if variant.window is not None and variant.window != indicator.window:
        meaning.append(f"窗口 window: {_window(variant.window)}")
    if variant.units is not None and variant.units != indicator.units:
        meaning.append(f"适用 applies to: {_units(variant.units)}")
    if variant.better == "<=":
        meaning.append("越小越好 / less is better")
    unit = f"{UNIT_NAMES[variant.unit_of_measure]} {variant.unit_of_measure}"
    return f"| `{variant.name}` | {name} | {unit} | {_cell('；'.join(meaning))} | {_cell(formula(variant.figure))} |"


def linked(relation: str) -> str:
    """A relation's name, linked to where the page explains it."""
    return f"[{relation}](#rows-{relation})"


def _window(name: str) -> str:
    return f"`{name}` {WINDOWS_ZH[name]}"


def _units(kinds: tuple[str, ...]) -> str:
    return "、".join(f"{UNIT_KINDS_ZH[kind]} {kind}" for kind in kinds)


def _targets(indicator: Indicator, plan: Plan) -> Iterator[str]:
    targets = [target for target in plan.targets if target.indicator == indicator.id]
    if not targets:
        return
    units = {variant.name: variant.unit_of_measure for variant in indicator.variants}
    departments = {department.code: department.name for department in plan.departments}
    yield ""
    yield f"示例县目标 targets of the example county（{plan.name}，{plan.year}）:"
    yield ""
    yield "| 口径 variant | 目标 target | 条款 clause | 原文 sentence | 负责 department |"
    yield "|---|---|---|---|---|"
    for target in targets:
        part = f" `{target.part}`" if target.part else ""
        value = f"{OPERATORS[target.op]} {_target_value(target, units[target.variant])}"
        due = f"，限 {target.deadline} 前 / by that day" if target.deadline else ""
        if target.window in plan.windows:
            span = plan.windows[target.window]
            due += f"，{span.first} 至 {span.last} / from that day to that day"
        since = f"，自 {target.effective} 起 / from that day" if target.effective else ""
        yield (
            f"| `{target.variant}`{part} | {value}{due}{since} | {target.clause} | {_cell(target.quote)} | "
            f"{departments[target.department]} `{target.department}` |"
        )


def _target_value(target: Target, unit: UnitOfMeasure) -> str:
    if isinstance(target.value, str):
        return "全国平均水平 / the national average"
    return _number(Fraction(target.value), unit, whole=False)


def _number(value: Fraction, unit: UnitOfMeasure, *, whole: bool) -> str:
    if unit == "ratio":
        return share_text(value) if value <= 1 else decimal_text(value, 0 if value.denominator == 1 else 2)
    if unit == "fen":
        return f"{decimal_text(value / 100, 2)} 元/yuan"
    places = 0 if whole or value.denominator == 1 else 2
    return f"{decimal_text(value, places)} {UNIT_NAMES[unit]}"


def _example(example: Example, indicator: Indicator) -> Iterator[str]:
    units = {variant.name: variant.unit_of_measure for variant in indicator.variants}
    yield ""
    yield f"手算例 worked example（方案年 plan year {example.year}）:"
    yield ""
    if example.duties:
        yield from ("| 任务 duty | 限期 due | 体系 system | 负责 owed by |", "|---|---|---|---|", *map(_duty, example.duties), "")
    yield "| 日 day | 事实 fact | 内容 what |"
    yield "|---|---|---|"
    for given in sorted(example.given, key=lambda given: given.on):
        yield f"| {given.on} | {given.fact.zh} `{given.fact.type}` | {_cell(brief(given))} |"
    yield ""
    yield "| 口径 variant | 截至 as of | 单位 unit | 得 comes to | 计入 what counts |"
    yield "|---|---|---|---|---|"
    for answer in example.then:
        part = f" `{_cell(short(answer.part))}`" if answer.part else ""
        left_out = f"；另有 {answer.incomplete} 项不能计入 / {answer.incomplete} more could not be taken in" if answer.incomplete else ""
        yield (
            f"| `{answer.variant}`{part} | {example.as_of(answer)} | {PLACES[answer.unit].zh} | "
            f"{shown(answer, units[answer.variant])} | {answer.because}{left_out} |"
        )


def _duty(duty: Duty) -> str:
    owing = "、".join(duty.owing_departments) or duty.units
    return f"| `{duty.id}` | {duty.due} | {duty.system} | {owing} |"


def shown(answer: Answer, unit: UnitOfMeasure) -> str:
    """An answer as a person reads it: the ratio with what it is made of; what has no value says so."""
    numerator, denominator, value = parse(answer.is_)
    if numerator is None:
        return "无 / none yet"
    if value is None:
        return f"{numerator} ÷ {'未公布 / not published' if denominator is None else denominator} → 无 / none"
    if denominator is None:
        return _number(value, unit, whole=True)
    return f"{numerator} ÷ {denominator} = {_number(value, unit, whole=False)}"


def brief(given: Given) -> str:
    """What a fact says, in short: persons, entities and units by short names, what no example turns on left out."""
    data = given.fact.model_dump(mode="json", exclude_defaults=True)
    return "，".join(f"{name} {_short_value(value)}" for name, value in data.items() if name not in NOISE and value != [])


def _short_value(value: Any) -> str:
    match value:
        case dict():
            return " ".join(short(each) for each in value.values())
        case list():
            return " ".join(map(_short_value, value))
        case bool():
            return str(value).lower()
        case _:
            return short(str(value))


def short(text: Any) -> str:
    """A unit by its name, a person as P and a number, an entity as E and a number; anything else as it is."""
    text = str(text)
    if text in PLACES:
        return PLACES[text].zh
    person, entity = re.fullmatch(r"P0+(\d+)", text), re.fullmatch(r"330127(\d{9})", text)
    if person:
        return f"P{person[1]}"
    return f"E{int(entity[1])}" if entity else text


def _relations() -> Iterator[str]:
    yield "## 关系 Relations"
    yield ""
    yield "度量从关系中选行；关系由一个对象的有效事实得出。事件有日期，区间有起止。"
    yield (
        "Measures select rows of relations, which follow from the facts in force about one subject. An event has a day, a span a first day"
        " and a day from which it no longer holds."
    )
    yield ""
    yield "| 关系 relation | 含义 meaning | 对象 subject | 字段 fields | 读取的事实 facts read |"
    yield "|---|---|---|---|---|"
    yield from map(_relation, RELATIONS.values())


def _relation(relation: Relation) -> str:
    shape = {"event": "事件 event", "span": "区间 span"}[relation.shape]
    fields = "<br>".join(f"`{name}` {what}" for name, what in relation.attributes.items())
    facts = "<br>".join(sorted(map(_fact_link, relation.facts)))
    return (
        f'| <a id="rows-{relation.name}"></a>`{relation.name}` | {_cell(relation_words(relation.name))} | {relation.subject}，{shape} | '
        f"{_cell(fields)} | {facts} |"
    )


def _fact_link(fact: type[Fact]) -> str:
    return f"[`{fact.type}`](events.md#{fact.type.replace('.', '-')}) {fact.zh}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
