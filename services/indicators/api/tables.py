"""The two tables beside the board: the units, and the catalogue of indicators. Field order is the order of the JSON."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from services.indicators.answers import Question, Snapshot, window_named
from services.indicators.catalog import CATALOG, figure_digest, measures_in
from services.indicators.evaluation.plan import Plan, windows_of
from services.indicators.figures import Indicator, Variant
from services.indicators.meanings import variant_zh
from services.indicators.places import Unit
from services.indicators.words import VARIANTS_ZH, WINDOWS_ZH
from shared.units import UnitKind, lineage


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitRow(_Table):
    """A unit: it exists from `listed` to the day before `ended`; whoever asks about it afterwards is told its `successor`."""

    code: str = Field(description="统计用区划代码 / division code, 12 digits")
    name: str
    kind: UnitKind
    urban_rural_class: str | None = Field(description="城乡分类代码 / urban-rural class; 1xx is urban")
    parent: str | None = Field(description="上级单位 / the unit above it; none for the county")
    listed: date
    ended: date | None
    successor: str | None


class Units(_Table):
    """Every unit listed up to the as-of day, by code, as known on a day: the unit asked for and those below it by their codes."""

    county: str
    unit: str
    as_of: date
    known_at: date
    units: list[UnitRow]


class VariantRow(_Table):
    """One reading of an indicator; `definition` changes whenever what is computed does."""

    name: str
    zh: str = Field(description="读法的中文名，默认读法为空 / what people call it; empty for the default")
    meaning_zh: str
    meaning: str
    note: str
    unit_of_measure: str
    counted_in: str | None = Field(description="分子分母的计量单位，仅限金额（分）/ fen where numerator and denominator are money")
    window: str
    units: list[UnitKind] = Field(description="适用的单位类型 / kinds of unit it applies to")
    definition: str


class IndicatorRow(_Table):
    """An indicator: where the plan asks for it, in whose words, and how it may be read."""

    id: str
    zh: str
    en: str
    clause: str
    quote: str
    benchmarked: bool = Field(description="是否与全国平均水平比较 / whether it is compared with the national average")
    variants: list[VariantRow]


class WindowRow(_Table):
    """A window that rows are counted in; both days belong to it."""

    name: str
    zh: str
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")


class Named(_Table):
    """What parts, duties and sources call by a code: a department, or a document that the plan file makes somebody owe."""

    code: str
    name: str


class Catalogue(_Table):
    """Every indicator, in the order of the plan's sections; the windows, departments and documents that rows name."""

    county: str
    windows: list[WindowRow]
    departments: list[Named]
    documents: list[Named] = Field(description="应出台文件，名称为方案原文 / the documents owed, in the plan's words")
    indicators: list[IndicatorRow]


def units(snapshot: Snapshot, question: Question) -> Units:
    """The units listed up to the as-of day, as known at the end of a day. A unit's name is the latest known."""
    known, day = snapshot.trees.at(question.known_at.toordinal()).units, question.as_of.toordinal()
    chosen = (known[code] for code in sorted(known) if question.unit in (*lineage(code), snapshot.plan.county))
    return Units(
        county=snapshot.plan.county, unit=question.unit, as_of=question.as_of, known_at=question.known_at,
        units=[_unit(unit, day) for unit in chosen if unit.listed <= day],
    )  # fmt: skip


def _unit(unit: Unit, day: int) -> UnitRow:
    """The unit as of the end of a day: an end that comes later has not happened."""
    above = lineage(unit.code)[1:]
    ended = unit.ended - 1 <= day
    return UnitRow(
        code=unit.code, name=unit.name, kind=unit.kind, urban_rural_class=unit.urban_rural_class, parent=above[0] if above else None,
        listed=date.fromordinal(unit.listed),
        ended=date.fromordinal(unit.ended) if ended else None, successor=unit.successor if ended else None,
    )  # fmt: skip


def catalogue(plan: Plan) -> Catalogue:
    """The catalogue this release computes, each row in the window that the county counts it in."""
    zh = WINDOWS_ZH | {name: window.zh for name, window in plan.windows.items()}
    return Catalogue(
        county=plan.county,
        windows=[WindowRow(name=name, zh=zh[name], first=window.first, last=window.last) for name, window in windows_of(plan).items()],
        departments=[Named(code=each.code, name=each.name) for each in plan.departments],
        documents=[Named(code=duty.document, name=duty.quote) for duty in plan.duties if duty.document is not None],
        indicators=[_indicator(each, plan) for each in CATALOG],
    )


def _indicator(indicator: Indicator, plan: Plan) -> IndicatorRow:
    return IndicatorRow(
        id=indicator.id, zh=indicator.zh, en=indicator.en, clause=indicator.clause, quote=indicator.quote,
        benchmarked=indicator.benchmarked, variants=[_variant(indicator, each, plan) for each in indicator.variants],
    )  # fmt: skip


def _variant(indicator: Indicator, variant: Variant, plan: Plan) -> VariantRow:
    return VariantRow(
        name=variant.name, zh=VARIANTS_ZH.get(variant.name, variant.name), meaning_zh=variant_zh(indicator, variant),
        meaning=variant.meaning, note=variant.note, unit_of_measure=variant.unit_of_measure, counted_in=_counted_in(variant),
        window=window_named(plan, indicator, variant), units=list(variant.units or indicator.units),
        definition=figure_digest(variant.figure),
    )  # fmt: skip


def _counted_in(variant: Variant) -> str | None:
    amounts = [getattr(measure, "amount", None) for measure in measures_in(variant.figure)]
    return "fen" if amounts and all(amount is not None and amount.endswith("_fen") for amount in amounts) else None
