"""How far the reporting is: how many reports are where, by their newest answer."""

from dataclasses import dataclass, field

from shared.answers import Answer
from shared.contracts.outcomes import Outcome


@dataclass(slots=True)
class _Unsettled:
    revision: int
    outcome: Outcome
    reports: int


@dataclass(slots=True)
class Progress:
    """How many reports are where. `recorded`, `waiting` and `refused` count reports by their newest answer."""

    sent: int = 0
    """Reports sent for the first time."""
    taken_over: int = 0
    """Reports that an outbox held when it was opened."""
    sent_again: int = 0
    recorded: int = 0
    waiting: int = 0
    refused: int = 0
    forbidden: int = 0
    """Reports that the broker does not let the user report."""
    _unsettled: "dict[tuple[str, str], _Unsettled]" = field(default_factory=dict, repr=False)
    """Reports that were waiting once, by source and id."""

    @property
    def answered(self) -> int:
        """Reports with an answer, whatever it is."""
        return self.recorded + self.waiting + self.refused

    @property
    def heard(self) -> int:
        """Reports of which it is known what became of them, the forbidden ones too."""
        return self.answered + self.forbidden

    def settle(self, answer: Answer) -> None:
        """One more report is answered."""
        self._count(answer.outcome, 1)
        key = (answer.source, answer.id)
        before = self._unsettled.get(key)
        if answer.outcome == "waiting":
            self._unsettled[key] = _Unsettled(answer.revision, "waiting", before.reports + 1 if before else 1)
        elif answer.outcome == "recorded" and before is not None:  # what waited under this id was recorded meanwhile
            self.revise(answer)

    def revise(self, answer: Answer) -> bool:
        """A later answer to a report that waited before; False when it is no news."""
        before = self._unsettled.get((answer.source, answer.id))
        if before is None or answer.revision <= before.revision:
            return False
        self._count(before.outcome, -before.reports)
        self._count(answer.outcome, before.reports)
        before.revision, before.outcome = answer.revision, answer.outcome
        return True

    def _count(self, outcome: Outcome, by: int) -> None:
        match outcome:
            case "recorded":
                self.recorded += by
            case "waiting":
                self.waiting += by
            case "refused":
                self.refused += by
