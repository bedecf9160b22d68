"""Duties of the plan file (plan 三(一), 三(五), 四, 五, 六): accepted ÷ due, and the documents among them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyReturned
from shared.units import unit_kind
from tests.support.oracle.figure import Variants, count, of_cohort
from tests.support.oracle.once import once
from tests.support.oracle.world import Promised, World


@dataclass(frozen=True)
class Owing:
    """A promised duty and one of those who owe it; when it was accepted, if it still is."""

    promised: Promised
    party: str
    accepted: date | None


@once
def _accepted(world: World) -> dict[tuple[str, str], date | None]:
    """Every duty that somebody has shown, by its name and who showed it, with the day of the acceptance that stands at E.

    Who has shown nothing yet cannot be accepted or sent back. An acceptance stands until the duty is sent back.
    """
    found: dict[tuple[str, str], date | None] = {}
    for dated in world.of(DutyEvidenced, DutyAccepted, DutyReturned):
        fact = dated.fact
        owing = fact.duty, fact.unit or fact.park or fact.department or ""
        if isinstance(fact, DutyEvidenced):
            found.setdefault(owing, None)
        elif owing in found and isinstance(fact, DutyReturned):
            found[owing] = None
        elif owing in found and found[owing] is None:
            found[owing] = dated.occurred
    return found


def _owing(world: World, unit: str) -> list[Owing]:
    """What the unit owes; the county answers for everybody."""
    return _all_owing(world) if unit == world.units.county else [each for each in _all_owing(world) if each.party == unit]


@once
def _all_owing(world: World) -> list[Owing]:
    """What anybody owes. Units that exist at E owe what was not due before they were listed."""
    accepted = _accepted(world)
    found = []
    for promised in world.promised:
        units = [code for code in world.units.existing(world.units.county, *promised.kinds) if world.units.listed_by(code, promised.due)]
        found += [Owing(promised, party, accepted.get((promised.id, party))) for party in (*promised.departments, *units)]
    return found


@once
def _strange(world: World) -> list[str]:
    """Who has shown duties that the plan file does not have, or not of that party, as often as there are such."""
    strange = []
    for id, party in _accepted(world):
        promised = next((each for each in world.promised if each.id == id), None)
        of_unit = party.isdigit() and promised is not None and unit_kind(party) in promised.kinds
        if not (of_unit or (promised is not None and party in promised.departments)):
            strange.append(party)
    return strange


def duties(world: World, unit: str) -> Variants:
    """Accepted, late or not ÷ due by E in the plan year. `by_department`, `by_system`: a part for each that owes any, due or not."""
    owing = _owing(world, unit)
    if not owing:
        return {}
    groups: dict[tuple[str, str | None], list[Owing]] = defaultdict(list)
    for each in owing:
        groups["default", None].append(each)
        groups["by_system", each.promised.system].append(each)
        if unit == world.units.county and each.party in each.promised.departments:
            groups["by_department", each.party].append(each)
    rows: Variants = {}
    for key, group in groups.items():
        due = [each for each in group if each.promised.due <= world.day]
        strange = len([party for party in _strange(world) if unit in (world.units.county, party)]) if key == ("default", None) else 0
        rows[key] = of_cohort(len([each for each in due if each.accepted is not None]), len(due), len(due), incomplete=strange)
    return rows


def documents_owed(world: World, unit: str) -> Variants:
    """Each document the plan file asks for: 1 when its acceptance stands and came by the due day."""
    if unit != world.units.county:
        return {}
    return {
        ("default", each.promised.id.removeprefix("documents_owed.")): count(
            1 if each.accepted is not None and each.accepted <= each.promised.due else 0
        )
        for each in _owing(world, unit)
        if each.promised.id.startswith("documents_owed.")
    }
