"""二(五) 创建: units that entered the campaign and units that hold the title."""

from services.indicators.figures import Amount, Indicator, Share, UnitOfMeasure, Variant
from services.indicators.measures.kinds import UnitsWhere
from services.indicators.measures.rows import Select
from shared.units import UnitKind

_ABOVE: dict[UnitKind, tuple[UnitKind, ...]] = {
    "township": ("county", "township"), "park": ("county", "park"),
    "community": ("county", "township", "community"), "village": ("county", "township", "village"),
}  # fmt: skip
"""The units a share of units of a kind is asked for."""


def existing(*kinds: UnitKind) -> UnitsWhere:
    """The units of these kinds that exist."""
    return UnitsWhere("units." + "_".join(kinds), Select("unit"), kinds)


def entered(*kinds: UnitKind) -> UnitsWhere:
    """The units of these kinds that entered the campaign."""
    return UnitsWhere("entered." + "_".join(kinds), Select("entered_campaign"), kinds)


def designated(*kinds: UnitKind) -> UnitsWhere:
    """The units of these kinds that hold the title."""
    return UnitsWhere("designated." + "_".join(kinds), Select("designated"), kinds)


_COUNT: UnitOfMeasure = "units"


def _campaign(plural: str, kind: UnitKind, zh: str, quote: str) -> Indicator:
    return Indicator(
        id=f"campaign_{plural}", zh=f"争创{zh}", en=f"{plural.capitalize()} in the campaign", clause="二(五)", quote=quote,
        behaviour="line", starts_from_eve=True, units=_ABOVE[kind], about=kind,
        variants=(Variant("default", Amount(entered(kind)), _COUNT, f"{plural} that entered the campaign"),),
    )  # fmt: skip


_TOWNSHIP_OR_PARK = Variant(
    "township_or_park", Share(designated("township", "park"), existing("township", "park")), "ratio", "townships and parks together",
    units=("county", "township", "park"),
)  # fmt: skip


def _share(id: str, zh: str, en: str, *kinds: UnitKind) -> Indicator:
    units: tuple[UnitKind, ...] = _ABOVE[kinds[0]] if len(kinds) == 1 else ("county", "township", "park", "community", "village")
    return Indicator(
        id=id, zh=zh, en=en, clause="二(五)", quote="利用两年时间使创建比例达到95%以上", behaviour="line", window="two_years",
        starts_from_eve=True, units=units, about=kinds[0] if len(kinds) == 1 else None, benchmarked=id == "created_share",
        variants=(
            Variant(
                "default", Share(designated(*kinds), existing(*kinds)), "ratio",
                "designated and not withdrawn ÷ units existing on the day",
            ),
            Variant("of_entered", Share(designated(*kinds), entered(*kinds)), "ratio", "÷ units that entered the campaign"),
            *((_TOWNSHIP_OR_PARK,) if id == "created_share" else ()),
        ),
    )  # fmt: skip


CREATION = (
    _campaign("townships", "township", "“创业型乡镇”", "确定8个乡镇、3个园区争创“创业型乡镇(园区)”"),
    _campaign("parks", "park", "“创业型园区”", "确定8个乡镇、3个园区争创“创业型乡镇(园区)”"),
    _campaign("communities", "community", "“创业型社区”", "10个社区争创“创业型社区”"),
    _campaign("villages", "village", "“创业型行政村”", "233个行政村争创“创业型行政村”"),
    _share("created_share", "创建比例", "Created share", "township", "park", "community", "village"),
    _share("created_share_townships", "乡镇创建比例", "Created share of townships", "township"),
    _share("created_share_parks", "园区创建比例", "Created share of parks", "park"),
    _share("created_share_communities", "社区创建比例", "Created share of communities", "community"),
    _share("created_share_villages", "行政村创建比例", "Created share of villages", "village"),
)
