"""Import: rows are read, their persons identified, every row reported, and what became of each is told by its sheet and row.

Rows are read and reported a batch at a time; what is remembered is which were not recorded, and a digest of each: a file may be as long as
it likes. A row that says the same as another one before is not reported again: it is the same fact.
Whenever the import is cut off, importing the same file again goes on: a row is the same report again, and gets the same answer again.
"""

import asyncio
import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.reports import go_with
from deploy.spreadsheets.cells import Understood
from deploy.spreadsheets.drafts import Draft, Fault, Filed, draft_of, filed, refused_persons, report_of
from deploy.spreadsheets.rows import Place, Sheet, opened
from shared.answers import Answer
from shared.client import BusForbids, OutgoingReport
from shared.contracts import AnyFact
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason

BATCH_ROWS: Final = 500
NAMED_MAX: Final = 5
"""So many rows of a kind are named, the first ones; the others are counted."""

_DIGEST_BYTES: Final = 16
"""So much of a digest is remembered of every row, to know another one that says the same."""

Identify = Callable[[Sequence[str]], Awaitable[Mapping[str, str | Reason]]]
"""Exchanges resident ids for pseudonyms, or says of each why not."""
Send = Callable[[AsyncIterator[OutgoingReport], Callable[[Answer], None], Callable[[OutgoingReport, BusForbids], None]], Awaitable[None]]
"""Sends all and returns once each is answered; every answer is told, and of every report that the broker does not let through."""


@dataclass(slots=True)
class Imported:
    """What became of a file's rows."""

    rows: int = 0
    recorded: int = 0
    waiting: int = 0
    faults: dict[str, dict[int, tuple[Fault, ...]]] = field(default_factory=lambda: defaultdict(dict))
    """Of the rows that are not recorded, by sheet and row number; what waits stands here too, until it is answered anew."""
    positions: dict[str, int] = field(default_factory=dict)
    """Up to where each service recorded them."""
    understood: Counter[Understood] = field(default_factory=Counter)
    """How many rows were read otherwise than they stand there, by the way."""
    understood_first: dict[Understood, list[Place]] = field(default_factory=lambda: defaultdict(list))
    repeated: int = 0
    """Rows that say the same as another one before: one fact, reported once."""
    repeated_first: list[tuple[Place, Place]] = field(default_factory=list)
    """The first of them, each with the row that it repeats."""

    @property
    def refused(self) -> int:
        """How many rows were refused, here or by the service that decides."""
        return sum(map(len, self.faults.values())) - self.waiting

    @property
    def heard(self) -> int:
        """Of how many rows it is known what became of them."""
        return self.recorded + self.waiting + self.refused + self.repeated

    def understands(self, place: Place, ways: Iterable[Understood]) -> None:
        """A row was read otherwise than it stands there."""
        for way in ways:
            self.understood[way] += 1
            if len(first := self.understood_first[way]) < NAMED_MAX:
                first.append(place)

    def repeats(self, place: Place, first: Place) -> None:
        """A row says the same as another one before."""
        self.repeated += 1
        if len(self.repeated_first) < NAMED_MAX:
            self.repeated_first.append((place, first))


async def import_file(
    path: Path, fact: type[AnyFact] | None, *, imported: Imported, source: Source, identify: Identify, send: Send
) -> None:
    """Import every sheet of a file, keeping `imported` up to date. Raises BadSheetFile, and what `identify` and `send` raise."""
    under_way: defaultdict[str, deque[Filed]] = defaultdict(deque)
    sent: dict[bytes, Place] = {}

    def row_of(id: str) -> Filed | None:
        rows = under_way.get(id)
        row = rows.popleft() if rows else None
        if not rows:
            under_way.pop(id, None)
        return row

    def forbidden(report: OutgoingReport, error: BusForbids) -> None:
        if (row := row_of(report.id)) is not None:
            imported.faults[row.sheet.title][row.row] = (Fault(None, error.reason.zh, error.reason.en),)

    def answered(answer: Answer) -> None:
        if (row := row_of(answer.id)) is None:
            return  # a later answer to a row that waited: whoever looks at the repair list sees it
        if answer.outcome == "recorded":
            imported.recorded += 1
        else:
            imported.waiting += answer.outcome == "waiting"
            imported.faults[row.sheet.title][row.row] = (row.fault(answer),)
        go_with(imported.positions, answer)

    async def reports() -> AsyncIterator[OutgoingReport]:
        with opened(path, fact) as sheets:
            while (sheet := await asyncio.to_thread(next, sheets, None)) is not None:
                while batch := await asyncio.to_thread(_drafts, sheet, source.county):
                    imported.rows += len(batch)
                    faulty = {row: found for row, found in batch if not isinstance(found, Draft)}
                    imported.faults[sheet.title] |= faulty
                    drafts = [draft for _, draft in batch if isinstance(draft, Draft)]
                    found = await _identified(drafts, identify)
                    pseudonyms = {id: each for id, each in found.items() if isinstance(each, str)}
                    for draft in drafts:
                        report = refused_persons(sheet, draft, found) or report_of(sheet, draft, source, pseudonyms)
                        if not isinstance(report, OutgoingReport):
                            imported.faults[sheet.title][draft.row] = report
                            continue
                        place = Place(sheet.title, draft.row)
                        imported.understands(place, draft.understood)
                        said = hashlib.sha256(report.raw).digest()[:_DIGEST_BYTES]
                        if (first := sent.setdefault(said, place)) is not place:
                            imported.repeats(place, first)
                            continue
                        under_way[report.id].append(filed(sheet, draft, pseudonyms))
                        yield report

    await send(reports(), answered, forbidden)


def _drafts(sheet: Sheet, county: str) -> list[tuple[int, Draft | tuple[Fault, ...]]]:
    return [(row, draft_of(sheet, row, cells, county)) for row, cells in islice(sheet.rows, BATCH_ROWS)]


async def _identified(drafts: Sequence[Draft], identify: Identify) -> Mapping[str, str | Reason]:
    wanted = list(dict.fromkeys(person for draft in drafts for person in draft.persons))
    return await identify(wanted) if wanted else {}
