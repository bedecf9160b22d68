"""A green-channel case's rows: when it was promised and when it was completed (绿色通道)."""

from ibis import _
from ibis.expr.types import Table

from services.indicators.audit.relational.facts import Facts, Rows
from services.indicators.audit.relational.shape import rows, truly
from shared.contracts.registry import GreenChannelCaseAccepted, GreenChannelCaseCompleted


def _cases(facts: Facts) -> Table:
    completed = facts.of(GreenChannelCaseCompleted).group_by("case").agg(completed=_.day.min())
    accepted = facts.of(GreenChannelCaseAccepted).select("case", "unit", "park", "promised", accepted=_.day)
    return accepted.left_join(completed, "case").drop("case_right")


def _case_promised(facts: Facts) -> Table:
    """The day a case was promised for, and whether it was completed by then (承诺办结日)."""
    on_time = truly(_.completed <= _.promised)
    return rows(facts.shared(_cases).mutate(on_time=on_time), "case", "on_time", day="promised")


def _case_completed(facts: Facts) -> Table:
    """Completed, calendar days after it was accepted (办结)."""
    done = facts.shared(_cases).filter(_.completed.notnull())
    return rows(done, "case", day="completed", days=_.completed.delta(_.accepted, unit="day"))


CASE_ROWS: dict[str, Rows] = {"case_promised": _case_promised, "case_completed": _case_completed}
