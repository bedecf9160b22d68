"""Plan files by chance: small promises about every kind of row, so that small histories keep and break them."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from services.indicators.catalog import JUDGED
from services.indicators.evaluation.plan import Decomposition, Plan, PlanMilestone, Target, UnitGroup, windows_of
from services.indicators.evaluation.status import Op
from tests.indicators.comparing import DECLARED, window_of
from tests.support.records import PARK, PARK_2, TOWN, TOWN_B

UNITS: dict[UnitGroup, tuple[str, ...]] = {"townships_and_parks": (TOWN, TOWN_B, PARK, PARK_2), "townships": (TOWN, TOWN_B)}


def promised(plan: Plan, by: Random) -> Plan:
    """The same county with other promises: changed on the way, with milestones, from above and below, split over its units.

    What the plan says of the day by which plans are owed stays. Whatever is counted by one day, or in one window, has one for all its
    targets: another day, another window (that of the year included).
    """
    first, last = sorted(_day(date(plan.year, 1, 1), date(plan.year, 12, 31), by) for _ in range(2))
    plan = plan.model_copy(update={"windows": {name: window_of(first, last) for name in plan.windows}})
    kept = [target for target in plan.targets if target.indicator == "plans_submitted"]
    own = [target for target in plan.targets if target not in kept]
    targets = [target for target in own if by.random() < 0.2]
    for row in sorted(JUDGED):
        if row != ("plans_submitted", "default") and by.random() < 0.4:
            alike = JUDGED[row].behaviour == "deadline" or JUDGED[row].window_by_plan
            targets = [target for target in targets if not alike or target.row[:2] != row]
            targets += _targets(plan, row, by)
    whole = [target for target in targets if target.value != "benchmark"]
    letters = [letter for target in by.sample(whole, 15) for letter in _letters(plan, target, by)]
    same = {name: getattr(plan, name) for name in Plan.model_fields}
    return Plan(**(same | {"targets": tuple(by.sample(targets, len(targets)) + kept), "decomposition": tuple(letters)}))


def _targets(plan: Plan, row: tuple[str, str], by: Random) -> Iterator[Target]:
    behaviour, own, window_by_plan = JUDGED[row][:3]
    window = by.choice((own, *plan.windows)) if window_by_plan else own
    first, last = (span := windows_of(plan)[window]).first, span.last
    deadline = _day(first, last, by) if behaviour == "deadline" else None
    op: Op = by.choice((">=", ">=", ">=", "<="))
    for clause in by.choice((("一",), ("一",), ("一", "二"))):
        for effective in by.choice(((None,), (None,), (None, _day(first, last, by)), (_day(first, last, by),))):
            average = DECLARED[row].benchmarked and by.random() < 0.3
            milestones = sorted({_day(first, last, by) for _ in range(by.choice((0, 0, 2)))}) if behaviour == "line" and not average else ()
            yield Target(
                indicator=row[0], variant=row[1], op=op, value="benchmark" if average else _number(by), clause=clause, quote="诺",
                department="rsj", effective=effective, deadline=deadline, window=window if window_by_plan else None,
                milestones=tuple(PlanMilestone(day=day, value=_number(by)) for day in milestones),
            )  # fmt: skip


def _letters(plan: Plan, target: Target, by: Random) -> Iterator[Decomposition]:
    for over, units in by.sample(sorted(UNITS.items()), by.choice((1, 1, 2))):
        for effective in by.choice(((None,), (None, date(plan.year, by.randint(1, 12), 1)))):
            yield Decomposition(
                indicator=target.indicator, variant=target.variant, over=over, kind="additive", effective=effective,
                parts={unit: _number(by) for unit in units if by.random() < 0.8},
            )  # fmt: skip


def _number(by: Random) -> Decimal:
    return Decimal(by.choice(("0.2", "0.25", "0.5", "0.95", "1", "1", "2", "3", "4", "7", "300", "20000")))


def _day(first: date, last: date, by: Random) -> date:
    return first + timedelta(days=by.choice((0, 59, 60, by.randint(0, 364), (last - first).days)))
