"""Rulings that look at the fact alone: statistics, benchmarks, policy checks, follow-ups of persons. Plan 二, 三(四)3."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, assert_never

from shared.contracts.outcomes import Accept, Decision, Reason, Refuse
from shared.contracts.registry import (
    BenchmarkPublished,
    PersonFollowedUp,
    PolicyImplementationChecked,
    StandaloneFact,
    StatisticPublished,
)


@dataclass(frozen=True, slots=True)
class NoHistory:
    """Nothing to remember: later values supersede earlier ones by their natural key alone."""

    kind: Literal["statistic", "benchmark", "checklist_item", "person"]
    state: Literal["no_history"] = "no_history"


PERIOD_NOT_OVER = Reason("period_not_over", "统计期末晚于发布日", "the period ends after the day of publication")
MORE_POINTS_THAN_POSSIBLE = Reason("more_points_than_possible", "得分高于满分", "more points than the item can be given")


def decide(fact: StandaloneFact, day: date) -> Decision:
    """Rule on a fact of this day."""
    match fact:
        case StatisticPublished() | BenchmarkPublished():
            return Refuse(PERIOD_NOT_OVER) if fact.period_end > day else Accept()
        case PolicyImplementationChecked():
            return Refuse(MORE_POINTS_THAN_POSSIBLE) if fact.points > fact.possible else Accept()
        case PersonFollowedUp():
            return Accept()
        case _:
            assert_never(fact)
