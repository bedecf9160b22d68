"""Duties (工作任务): who owes which one on a day, and where each stands. Plan 三(一), 三(五), 五, 六.

What is owed, by whom and by when stands in the plan file; how far it has come follows from facts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.indicators.evaluation.letters import GROUP_KINDS, is_of
from services.indicators.evaluation.plan import Duty
from services.indicators.places import UnitTree
from services.indicators.relations.duties import Progress
from shared.units import UNIT_KINDS, UnitKind

State = Literal["not_due", "due", "evidenced", "accepted", "returned", "late"]
"""未到期, 到期未报, 佐证已报, 已验收, 已退回, 逾期验收."""

Reached = Mapping[tuple[str, str], tuple[Progress, date]]
"""(duty, who owes it) → how far it has come, and since which day."""


@dataclass(frozen=True, slots=True)
class Owed:
    """A duty of one of those who owe it (a unit's code or a department) at the end of a day: how far it has come, and since when."""

    duty: Duty
    party: str
    on: date
    progress: Progress | None = None
    since: date | None = None

    @property
    def is_due(self) -> bool:
        """Whether its due day has come."""
        return self.duty.due <= self.on

    @property
    def accepted(self) -> bool:
        """Whether it is accepted, late or not."""
        return self.progress == "accepted"

    @property
    def in_time(self) -> bool:
        """Whether it is accepted and was so by its due day."""
        return self.accepted and self.since is not None and self.since <= self.duty.due

    @property
    def late(self) -> bool:
        """Whether its due day has passed without its acceptance; who was late stays so."""
        return self.duty.due < self.on and not self.in_time

    @property
    def state(self) -> State:
        """Where it stands, in a word: `late` is what was accepted after its due day; what is still open then is `late` beside its state."""
        if self.progress is None:
            return "due" if self.is_due else "not_due"
        return "late" if self.accepted and not self.in_time else self.progress


def owed(duties: Iterable[Duty], tree: UnitTree, on: date, reached: Reached) -> Iterator[Owed]:
    """Every duty of everyone who owes it at the end of a day, in the plan file's order, units by kind and code.

    Units owe what fell due while they existed, as long as they exist.
    """
    for duty in duties:
        for party in (*duty.owing_departments, *_owing_units(duty, tree, on)):
            yield Owed(duty, party, on, *reached.get((duty.id, party), ()))


def accepted_and_due(owed: Iterable[Owed]) -> tuple[int, int]:
    """How many of them are due, and how many of those are accepted, late or not: (accepted, due), the rate that the plan asks for."""
    due = [each for each in owed if each.is_due]
    return sum(each.accepted for each in due), len(due)


def _owing_units(duty: Duty, tree: UnitTree, on: date) -> Iterator[str]:
    if duty.units is not None:
        by = min(duty.due, on).toordinal()
        for kind in UNIT_KINDS:
            if kind in GROUP_KINDS[duty.units]:
                yield from (unit.code for unit in tree.existing(on.toordinal(), kind) if unit.exists(by))


def owed_by_kind(duty: Duty, kind: UnitKind) -> bool:
    """Whether units of a kind owe the duty."""
    return duty.units is not None and kind in GROUP_KINDS[duty.units]


def is_registered(duties: Iterable[Duty], id: str, party: str) -> bool:
    """Whether the plan file has this duty and names who is said to owe it, a unit or a department."""
    for duty in duties:
        if duty.id == id:
            return party in duty.owing_departments or (duty.units is not None and is_of(party, duty.units))
    return False
