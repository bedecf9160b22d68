"""A county's units by their kinds."""

from services.indicators.evaluation.county import County, RosterUnit
from shared.units import UnitKind


def of_kind(county: County, *kinds: UnitKind) -> list[RosterUnit]:
    """The units of these kinds, in the roster's order."""
    return [unit for unit in county.roster if unit.kind in kinds]
