"""Creation (plan 二(五)), credit communities (plan 四(七)) and plans submitted (plan 六(一)): facts about units themselves."""

from decimal import Decimal

from shared.contracts.finance import CreditCommunityRated, CreditRatingLapsed
from shared.contracts.registry import UnitDesignated, UnitDesignationWithdrawn, UnitEnteredCampaign, UnitPlanSubmitted
from shared.days import add_months
from shared.units import unit_kind
from tests.support.oracle.figure import Figure, Variants, count, share
from tests.support.oracle.once import once
from tests.support.oracle.world import World


@once
def designated(world: World) -> frozenset[str]:
    """The units designated and not withdrawn on the day."""
    codes: set[str] = set()
    for dated in world.of(UnitDesignated, UnitDesignationWithdrawn):
        match dated.fact:
            case UnitDesignated(code=code):
                codes.add(code)
            case UnitDesignationWithdrawn(code=code):
                codes.discard(code)
            case _:
                pass
    return frozenset(codes)


@once
def entered(world: World) -> frozenset[str]:
    """The units that entered the campaign by E, in any year."""
    return frozenset(dated.fact.code for dated in world.of(UnitEnteredCampaign))


def _created(world: World, unit: str, *kinds: str) -> Variants:
    existing = set(world.units.existing(unit, *kinds))
    titled, taking_part = existing & designated(world), existing & entered(world)
    return {("default", None): share(len(titled), len(existing)), ("of_entered", None): share(len(titled), len(taking_part))}


def created_share(world: World, unit: str) -> Variants:
    """Designated and not withdrawn on the day ÷ units existing on the day; overall: townships, parks, communities and villages.

    `of_entered`: ÷ those of them that entered the campaign. `township_or_park`: townships and parks together, where there can be some.
    """
    rows = _created(world, unit, "township", "park", "community", "village")
    if unit_kind(unit) in {"county", "township", "park"}:
        rows["township_or_park", None] = _created(world, unit, "township", "park")["default", None]
    return rows


def created_share_townships(world: World, unit: str) -> Variants:
    """`created_share` over the townships."""
    return _created(world, unit, "township")


def created_share_parks(world: World, unit: str) -> Variants:
    """`created_share` over the parks."""
    return _created(world, unit, "park")


def created_share_communities(world: World, unit: str) -> Variants:
    """`created_share` over the communities."""
    return _created(world, unit, "community")


def created_share_villages(world: World, unit: str) -> Variants:
    """`created_share` over the villages."""
    return _created(world, unit, "village")


def _entered(world: World, unit: str, kind: str) -> Variants:
    return {("default", None): count(len(entered(world).intersection(world.units.existing(unit, kind))))}


def campaign_townships(world: World, unit: str) -> Variants:
    """Existing townships that entered the campaign by E, in any year."""
    return _entered(world, unit, "township")


def campaign_parks(world: World, unit: str) -> Variants:
    """Existing parks that entered the campaign by E, in any year."""
    return _entered(world, unit, "park")


def campaign_communities(world: World, unit: str) -> Variants:
    """Existing communities that entered the campaign by E, in any year."""
    return _entered(world, unit, "community")


def campaign_villages(world: World, unit: str) -> Variants:
    """Existing villages that entered the campaign by E, in any year."""
    return _entered(world, unit, "village")


@once
def _well_rated(world: World) -> frozenset[str]:
    latest = {dated.fact.code: dated for dated in world.of(CreditCommunityRated, CreditRatingLapsed)}
    return frozenset(
        code for code, dated in latest.items()
        if isinstance(dated.fact, CreditCommunityRated) and dated.fact.recovery_rate >= Decimal("0.95")
        and world.day < add_months(dated.occurred, 12)
    )  # fmt: skip


def credit_communities(world: World, unit: str) -> Variants:
    """Communities whose latest rating is at most 12 months old (until the day before the same day a year later), has not lapsed since,
    and has recovery ≥ 95 % ÷ all existing communities. `with_villages`: communities and villages.
    """

    def rated(*kinds: str) -> Figure:
        existing = world.units.existing(unit, *kinds)
        return share(len(_well_rated(world).intersection(existing)), len(existing))

    return {("default", None): rated("community"), ("with_villages", None): rated("community", "village")}


def plans_submitted(world: World, unit: str) -> Variants:
    """Townships and parks whose plan was submitted in the plan year by the day that the county's plan file sets (where it sets none, nobody
    is late). `with_late`: any day of the year.

    A unit that has submitted and was merged since still counts, at its successor and above: a deadline once met stays met.
    """
    submitted = [
        (dated.fact.code, dated.occurred)
        for dated in world.of(UnitPlanSubmitted)
        if world.in_year(dated.occurred)
        and unit_kind(dated.fact.code) in {"township", "park"}
        and dated.fact.code in world.units.classes
        and unit in world.units.answering(dated.fact.code)
    ]
    in_time = {code for code, day in submitted if world.in_time("plans_submitted", day)}
    return {("default", None): count(len(in_time)), ("with_late", None): count(len({code for code, _ in submitted}))}
