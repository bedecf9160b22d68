"""The duties (工作任务) of one unit, for the county everyone's: who owes which, by when, and how far each has come.

What is owed stands in the plan file, how far it has come follows from facts. Field order is the order of the JSON.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field

from services.indicators.answers import BEING_REBUILT, BadQuestionError, DecimalText, Question, Snapshot, last_day_of, window_named
from services.indicators.catalog.duties import DUTY_RATE, DUTY_STANDINGS
from services.indicators.evaluation.display import value_text
from services.indicators.evaluation.duties import Owed, State, accepted_and_due
from services.indicators.evaluation.plan import Plan, System
from services.indicators.places import UnitTree
from services.indicators.reading import Reader

STATES: tuple[State, ...] = get_args(State)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DutyRow(_Answer):
    """A duty of one of those who owe it. `late`: its due day has passed without its acceptance; who was late stays so."""

    duty: str
    clause: str
    quote: str
    system: System = Field(description="五大体系 / which of the plan's five systems")
    evidence: str = Field(description="应有佐证 / the evidence wanted")
    party: str = Field(description="责任单位代码或部门 / who owes it: a unit's code, or a department")
    name: str
    due: date
    state: State
    since: date | None = Field(description="进展自该日起 / since when it stands there")
    late: bool


class DutyRate(_Answer):
    """Of the duties due on a day those accepted by its end, late or not."""

    on: date
    accepted: int
    due: int
    value: DecimalText | None = Field(description="验收数除以到期数，六位小数 / accepted ÷ due; null while nothing is due")


class Duties(_Answer):
    """Duties in the plan file's order, units by kind and code. `states` and `late` count those listed.

    `rates` are accepted ÷ due of all duties of those asked for, in whatever state: first the figure of the indicator `duties`, which is
    answered at the end of its window at the latest; where the as-of day lies behind that, the same as of that day; none before the window.
    """

    county: str
    unit: str
    as_of: date
    known_at: date
    final: bool
    positions: dict[str, int]
    total: int
    late: int
    states: dict[State, int]
    rates: list[DutyRate] = Field(description="工作任务完成率（指标 duties）及截至日的同口径数 / accepted ÷ due, as `duties` has it")
    duties: list[DutyRow]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which duties; None narrows nothing."""

    department: str | None = None
    system: System | None = None
    state: State | None = None
    late: bool | None = None

    def of_those(self, owed: Owed) -> bool:
        """Whether a duty is of the department and the system wanted, whatever its state."""
        return self.department in (None, owed.party) and self.system in (None, owed.duty.system)

    def holds(self, owed: Owed) -> bool:
        """Whether a duty is wanted."""
        return self.of_those(owed) and self.state in (None, owed.state) and self.late in (None, owed.late)


def duties(snapshot: Snapshot, question: Question, wanted: Wanted) -> Duties:
    """The duties of a unit at the end of a day. Raises BadQuestionError for a department that the plan file does not have, and while their
    measure is being rebuilt.
    """
    if wanted.department is not None and wanted.department not in {department.code for department in snapshot.plan.departments}:
        raise BadQuestionError(
            "unknown_department", f"方案中没有部门 {wanted.department}", f"the plan file has no department {wanted.department}"
        )
    if DUTY_STANDINGS.name in snapshot.unbuilt:
        raise BadQuestionError("being_rebuilt", *BEING_REBUILT)
    known = question.known_at.toordinal()
    tree = snapshot.trees.at(known)
    reader = Reader(snapshot.balances, tree, question.unit, known, snapshot.plan)
    chosen = [owed for owed in reader.owed(DUTY_STANDINGS, question.as_of) if wanted.holds(owed)]

    counts = Counter(owed.state for owed in chosen)
    return Duties(
        county=snapshot.plan.county, unit=question.unit, as_of=question.as_of, known_at=question.known_at,
        final=snapshot.final(question.known_at), positions=dict(snapshot.positions),
        total=len(chosen), late=sum(owed.late for owed in chosen), states={state: counts[state] for state in STATES},
        rates=[*_rates(snapshot, question, reader, wanted)],
        duties=[duty_row(each, snapshot.plan, tree) for each in chosen],
    )  # fmt: skip


def duty_row(owed: Owed, plan: Plan, tree: UnitTree) -> DutyRow:
    """A duty of one of those who owe it, as it is shown."""
    duty, unit = owed.duty, tree.units.get(owed.party)
    name = unit.name if unit is not None else next(each.name for each in plan.departments if each.code == owed.party)
    return DutyRow(
        duty=duty.id, clause=duty.clause, quote=duty.quote, system=duty.system, evidence=duty.evidence, party=owed.party, name=name,
        due=duty.due, state=owed.state, since=owed.since, late=owed.late,
    )  # fmt: skip


def _rates(snapshot: Snapshot, question: Question, reader: Reader, wanted: Wanted) -> Iterator[DutyRate]:
    last_day = last_day_of(reader.tree.units[question.unit], question.as_of)
    effective = snapshot.windows[window_named(snapshot.plan, DUTY_RATE, DUTY_RATE.variants[0])].effective(last_day)
    for day in (effective,) if effective in (None, last_day) else (effective, last_day):
        if day is not None:
            accepted, due = accepted_and_due(owed for owed in reader.owed(DUTY_STANDINGS, day) if wanted.of_those(owed))
            yield DutyRate(on=day, accepted=accepted, due=due, value=value_text(Fraction(accepted, due)) if due else None)
