"""A duty's rows: how far each has come who owes it (任务佐证提交、验收、退回)."""

from collections.abc import Iterator
from datetime import date
from typing import Literal, assert_never, cast

from services.indicators.measures.kinds import until_next
from services.indicators.measures.rows import Relation, Row, Rows
from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyFact, DutyReturned

Progress = Literal["evidenced", "accepted", "returned"]
"""佐证已报, 已验收, 已退回."""


def _progress(before: Progress | None, fact: DutyFact) -> Progress | None:
    """What a fact makes of it: nothing is accepted or returned before it was shown, and what is accepted stays so until it is returned."""
    match fact:
        case DutyEvidenced():
            return "accepted" if before == "accepted" else "evidenced"
        case DutyAccepted():
            return None if before is None else "accepted"
        case DutyReturned():
            return None if before is None else "returned"
        case _:
            assert_never(fact)


def _standings(rows: Rows) -> Iterator[Row]:
    """A span for each who owes it from the day on which it came so far (again, once it was returned) until it changed."""
    turns: dict[str, list[tuple[Progress, int, DutyFact]]] = {}
    for each in rows.context.view.of(DutyEvidenced, DutyAccepted, DutyReturned):
        fact = cast(DutyFact, each.fact)
        party = fact.unit or fact.park or fact.department
        assert party is not None, "the contract names exactly one"
        of_party = turns.setdefault(party, [])
        before = of_party[-1][0] if of_party else None
        after = _progress(before, fact)
        if after is not None and after != before:
            of_party.append((after, each.day, fact))
    for party, of_party in turns.items():
        for (progress, day, owing), until in until_next(of_party, lambda later: later[1]):
            standing = "|".join((rows.context.subject, party, progress, str(day)))
            yield Row(day, owing.unit, owing.park, {"standing": standing}, until)


def read_standing(part: str) -> tuple[str, str, Progress, date]:
    """The duty, who owes it, how far it has come and since which day, from what a row says."""
    duty, party, progress, since = part.split("|")
    return duty, party, cast(Progress, progress), date.fromordinal(int(since))


DUTY_RELATIONS = (
    Relation(
        "duty_standing", "duty", "span", {"standing": "duty|who owes it|how far|since (ordinal day)"}, _standings, 1,
        "How far a duty has come (任务进展).", (DutyEvidenced, DutyAccepted, DutyReturned), (DutyEvidenced,)),
)  # fmt: skip
