"""A green-channel case's rows: when it was promised and when it was completed (绿色通道)."""

from collections.abc import Iterator

from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.registry import GreenChannelCaseAccepted, GreenChannelCaseCompleted


def _accepted(rows: Rows) -> Iterator[tuple[GreenChannelCaseAccepted, int, int | None]]:
    completed = min((case.day for case in rows.context.view.of(GreenChannelCaseCompleted)), default=None)
    for case in rows.context.view.of(GreenChannelCaseAccepted)[:1]:
        yield case.fact, case.day, completed


def _promises(rows: Rows) -> Iterator[Row]:
    for fact, _, completed in _accepted(rows):
        promised = fact.promised.toordinal()
        yield Row(promised, fact.unit, fact.park, {"on_time": completed is not None and completed <= promised})


def _completions(rows: Rows) -> Iterator[Row]:
    for fact, accepted, completed in _accepted(rows):
        if completed is not None:
            yield Row(completed, fact.unit, fact.park, {"days": completed - accepted})


_CASE = (GreenChannelCaseAccepted, GreenChannelCaseCompleted)

CASE_RELATIONS = (
    Relation(
        "case_promised",
        "case",
        "event",
        {"on_time": "completed by the promised day"},
        _promises,
        1,
        "The day a case was promised for (承诺办结日).",
        _CASE,
        (GreenChannelCaseAccepted,),
    ),
    Relation(
        "case_completed",
        "case",
        "event",
        {"days": "calendar days from accepted to completed"},
        _completions,
        1,
        "Completed (办结).",
        _CASE,
        (GreenChannelCaseCompleted,),
    ),
)
