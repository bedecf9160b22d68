"""Figures: how measures combine into what a row of the board shows. All of it is data; the read side evaluates it in exact arithmetic."""

from dataclasses import dataclass
from typing import Literal

from services.indicators.evaluation.status import Behaviour, Op
from services.indicators.measures.kinds import Distribution, Matured, Measure, Published
from shared.units import UnitKind


@dataclass(frozen=True, slots=True)
class Sum:
    """`sum`: measures added up."""

    of: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class Less:
    """One measure less another."""

    of: Measure
    less: Measure


Expression = Measure | Sum | Less


@dataclass(frozen=True, slots=True)
class Amount:
    """A count or an amount."""

    of: Expression


@dataclass(frozen=True, slots=True)
class SinceStart:
    """What there is of the window's years, per plan year begun (平均每年). The measure's parts are calendar years."""

    of: Measure


@dataclass(frozen=True, slots=True)
class Share:
    """`share` and `mean`: one sum over another. Where a cohort is the denominator and has no member it is not yet due; without any other
    denominator the ratio is unknown.
    """

    of: Expression
    over: Expression
    parts: Matured | None = None
    """The cohort whose parts are shown beside the whole: each that has a member."""


@dataclass(frozen=True, slots=True)
class StatisticShare:
    """A sum over the latest published statistic of the unit itself. For a cumulative series the numerator is cut at its period end too."""

    of: Expression
    over: Published
    cumulative: bool = False


@dataclass(frozen=True, slots=True)
class SurveyShare:
    """Satisfied over valid answers of the latest closed survey; both have the survey as part, and so has `latest`."""

    of: Measure
    over: Measure
    latest: Measure


@dataclass(frozen=True, slots=True)
class Quantiles:
    """`distribution`: nearest-rank quantiles, each a part: the value at rank ⌈p·n⌉."""

    of: Distribution
    quantiles: tuple[tuple[str, int], ...]
    """(part, p in hundredths)."""


@dataclass(frozen=True, slots=True)
class Least:
    """`least`: the smallest figure among the units of a kind that exist on the day."""

    of: Expression
    over: UnitKind


@dataclass(frozen=True, slots=True)
class HowMany:
    """How many units of a kind that exist on the day have any."""

    of: Expression
    over: UnitKind


@dataclass(frozen=True, slots=True)
class InTime:
    """What was done by the deadline that the county's plan file gives the row; all of it where it gives none.

    The measure's parts are the days (YYYY-MM-DD) on which it was done.
    """

    of: Measure


Figure = Amount | InTime | SinceStart | Share | StatisticShare | SurveyShare | Quantiles | Least | HowMany

UnitOfMeasure = Literal["persons", "person_times", "entities", "jobs", "units", "venues", "m2", "fen", "ratio", "days", "cases"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One reading of an indicator. `incomplete` counts the facts its definition could not take in."""

    name: str
    figure: Figure
    unit_of_measure: UnitOfMeasure
    meaning: str
    note: str = ""
    noted_for: Expression | None = None
    """Where given, the note is shown only when this comes to something."""
    incomplete: Expression | None = None
    behaviour: Behaviour | None = None
    """Where it is judged unlike the indicator's default."""
    better: Op = ">="
    """Which way is better, for the comparison with the year before and with others (`<=`: overdue shares, days taken)."""
    window: str | None = None
    """Where it is counted in another window than the indicator's."""
    units: tuple[UnitKind, ...] | None = None
    """Where it applies to fewer kinds of unit than the indicator."""


EVERYWHERE: tuple[UnitKind, ...] = ("county", "township", "park", "community", "village")
COUNTY_ONLY: tuple[UnitKind, ...] = ("county",)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator: its names, the plan's clause and sentence, its window, how it is judged, its variants, and the units it applies to."""

    id: str
    zh: str
    en: str
    clause: str
    quote: str
    behaviour: Behaviour
    variants: tuple[Variant, ...]
    window: str = "plan_year"
    starts_from_eve: bool = False
    """A stock: its line starts from the value on the eve of the window."""
    units: tuple[UnitKind, ...] = EVERYWHERE
    benchmarked: bool = False
    """One of the five main indicators: judged against the national average and its own value a year earlier as well."""
