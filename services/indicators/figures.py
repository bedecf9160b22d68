"""Figures: how measures combine into what a row of the board shows. All of it is data; the read side evaluates it in exact arithmetic."""

from dataclasses import dataclass
from typing import Literal

from services.indicators.evaluation.plan_check import OtherParts
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


@dataclass(frozen=True, slots=True)
class PartsHeld:
    """How many of a measure's parts have any: distinct things that many subjects post for. With `units` the parts are unit codes, and
    units of these kinds that exist on the day count: where one has ended, the unit that answers with its facts.
    """

    of: Measure
    units: tuple[UnitKind, ...] = ()


Expression = Measure | Sum | Less | PartsHeld


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
class OverStart:
    """A sum over the stock on the eve of the window: the latest published statistic of the unit itself, else (or without a series) what
    the facts say; where they say nothing it is missing.
    """

    of: Expression
    facts: Expression
    series: Published | None = None


@dataclass(frozen=True, slots=True)
class SurveyShare:
    """Satisfied over valid answers of the latest closed survey; both have the survey as part, and so has `latest`.

    With `split` their parts go on after the survey (`survey|group`): each such part, and no whole.
    """

    of: Measure
    over: Measure
    latest: Measure
    split: bool = False


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
    """What was done from the first day of the window to the deadline that the county's plan file gives the row, both inclusive; where it
    gives none nothing is late: all that was done in the window.

    The measure's parts are the days (YYYY-MM-DD) on which it was done.
    """

    of: Measure
    distinct: bool = False
    """Whether the parts go on with what was done or by whom (`day|what`), and each of these counts once, however often it was done."""


@dataclass(frozen=True, slots=True)
class Split:
    """Some figures side by side, each a named part; with a whole before them where they have one."""

    parts: tuple[tuple[str, "Amount | Share"], ...]
    whole: "Amount | Share | None" = None
    beside: Measure | None = None
    """A measure whose own parts follow, each that has any."""


@dataclass(frozen=True, slots=True)
class PartShares:
    """A share of units as a whole, and one for each part, over the same denominator. Their measures' parts are unit codes, before which
    the parts' own measure has the name of the part (`period|unit`).
    """

    whole: Share
    of: PartsHeld


@dataclass(frozen=True, slots=True)
class ByUnit:
    """The amount of each unit of a kind that exists on the day, by code."""

    of: Expression
    over: UnitKind


@dataclass(frozen=True, slots=True)
class DutiesAccepted:
    """Of the duties that fall due by the day, as the county's plan file has it, the share accepted: the unit's, for the county everyone's.

    With `by` a part for each system or department that owes any, and no whole. The measure's parts are `duty|who owes it|how far|since`.
    """

    of: Measure
    by: Literal["system", "department"] | None = None


@dataclass(frozen=True, slots=True)
class DocumentsAccepted:
    """The documents owed by the county's plan file, each a part: 1 where it was accepted by its due day. Of the same measure."""

    of: Measure


Figure = (
    Amount | InTime | SinceStart | Share | StatisticShare | OverStart | SurveyShare
    | Quantiles | Least | HowMany | Split | PartShares | ByUnit | DutiesAccepted | DocumentsAccepted
)  # fmt: skip


def fixed_parts(figure: Figure) -> tuple[str | None, ...]:
    """The parts a figure always has, whatever was recorded and whatever the plan file says; None is the whole."""
    match figure:
        case Quantiles():
            return tuple(part for part, _ in figure.quantiles)
        case Split():
            return (*(() if figure.whole is None else (None,)), *(part for part, _ in figure.parts))
        case SurveyShare(split=True) | ByUnit() | DutiesAccepted() | DocumentsAccepted():
            return ()
        case _:
            return (None,)


def is_whole(figure: Figure) -> bool:
    """Whether its values are whole numbers (counts, amounts)."""
    match figure:
        case Amount() | InTime() | Least() | HowMany() | ByUnit() | DocumentsAccepted():
            return True
        case Split():
            return all(isinstance(part, Amount) for _, part in figure.parts)
        case _:
            return False


def known_parts(figure: Figure) -> tuple[str | None, ...]:
    """The same, and the whole where the plan file only says what it is made of."""
    match figure:
        case DutiesAccepted(by=None):
            return (None,)
        case _:
            return fixed_parts(figure)


def other_parts(figure: Figure) -> OtherParts | None:
    """Where parts come from beside those that are known; None: there are no others."""
    match figure:
        case DutiesAccepted(by="system"):
            return "systems"
        case DutiesAccepted(by="department"):
            return "departments"
        case DocumentsAccepted():
            return "documents"
        case Split():
            return None if figure.beside is None else "facts"
        case Share(parts=Matured()) | SurveyShare(split=True) | PartShares() | ByUnit():
            return "facts"
        case _:
            return None


UnitOfMeasure = Literal[
    "persons", "person_times", "entities", "jobs", "units", "parties", "venues", "associations", "members", "projects", "kinds", "events",
    "m2", "fen", "ratio", "days", "cases", "documents",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variant:
    """One reading of an indicator. `incomplete` counts the facts its definition could not take in."""

    name: str
    figure: Figure
    unit_of_measure: UnitOfMeasure
    meaning: str
    note: str = ""
    noted_for: Expression | None = None
    """Where given, the note is shown only when this comes to something on the day up to which the figure counts."""
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
    window_by_plan: bool = False
    """Whether the county's plan file may name another window with the row's target (say its autumn): it is counted and judged in that."""
    starts_from_eve: bool = False
    """A stock: its line starts from the value on the eve of the window."""
    units: tuple[UnitKind, ...] = EVERYWHERE
    about: UnitKind | None = None
    """The kind of unit it is about, where it is about one: a county that has none of them, say no parks, has no such row."""
    benchmarked: bool = False
    """One of the five main indicators: judged against the national average and its own value a year earlier as well."""


def has_baseline(indicator: Indicator, variant: Variant) -> bool:
    """Whether a row is compared with its own value a year earlier: neither what is due on a day nor duties were owed then."""
    return indicator.behaviour != "deadline" and not isinstance(variant.figure, DutiesAccepted)
