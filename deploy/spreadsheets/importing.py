"""Import: rows are read, their persons identified, every row reported, and what became of each is told by its sheet and row.

Rows are read and reported a batch at a time, and only those that were not recorded are remembered: a file may be as long as it likes.
Whenever the import is cut off, importing the same file again goes on: a row is the same report again, and gets the same answer again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.reports import go_with
from deploy.spreadsheets.drafts import Draft, Fault, draft_of, report_of
from deploy.spreadsheets.rows import Sheet, opened
from shared.answers import Answer
from shared.client import OutgoingReport
from shared.contracts import AnyFact
from shared.contracts.envelope import Source
from shared.contracts.outcomes import Reason

BATCH_ROWS: Final = 500

Identify = Callable[[Sequence[str]], Awaitable[Mapping[str, str | Reason]]]
"""Exchanges resident ids for pseudonyms, or says of each why not."""
Send = Callable[[AsyncIterator[OutgoingReport], Callable[[Answer], None]], Awaitable[None]]
"""Sends all and returns once each is answered; every answer is told."""


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

    @property
    def refused(self) -> int:
        """How many rows were refused, here or by the service that decides."""
        return sum(map(len, self.faults.values())) - self.waiting

    @property
    def answered(self) -> int:
        """Of how many rows it is known what became of them."""
        return self.recorded + self.waiting + self.refused


async def import_file(
    path: Path, fact: type[AnyFact] | None, *, imported: Imported, source: Source, identify: Identify, send: Send
) -> None:
    """Import every sheet of a file, keeping `imported` up to date. Raises BadSheetFile, and what `identify` and `send` raise."""
    under_way: defaultdict[str, deque[tuple[str, int]]] = defaultdict(deque)

    def answered(answer: Answer) -> None:
        if not (rows := under_way.get(answer.id)):
            return  # a later answer to a row that waited: whoever looks at the repair list sees it
        title, row = rows.popleft()
        if not rows:
            del under_way[answer.id]
        if answer.outcome == "recorded":
            imported.recorded += 1
        else:
            imported.waiting += answer.outcome == "waiting"
            imported.faults[title][row] = (Fault(None, f"{answer.code}：{answer.zh}", f"{answer.code}: {answer.en}"),)
        go_with(imported.positions, answer)

    async def reports() -> AsyncIterator[OutgoingReport]:
        with opened(path, fact) as sheets:
            while (sheet := await asyncio.to_thread(next, sheets, None)) is not None:
                while batch := await asyncio.to_thread(_drafts, sheet, source.county):
                    imported.rows += len(batch)
                    faulty = {row: found for row, found in batch if not isinstance(found, Draft)}
                    imported.faults[sheet.title] |= faulty
                    for row, report in await _identified(
                        sheet, [draft for _, draft in batch if isinstance(draft, Draft)], source, identify
                    ):
                        if isinstance(report, OutgoingReport):
                            under_way[report.id].append((sheet.title, row))
                            yield report
                        else:
                            imported.faults[sheet.title][row] = report

    await send(reports(), answered)


def _drafts(sheet: Sheet, county: str) -> list[tuple[int, Draft | tuple[Fault, ...]]]:
    return [(row, draft_of(sheet, row, cells, county)) for row, cells in islice(sheet.rows, BATCH_ROWS)]


async def _identified(
    sheet: Sheet, drafts: Sequence[Draft], source: Source, identify: Identify
) -> list[tuple[int, OutgoingReport | tuple[Fault, ...]]]:
    wanted = list(dict.fromkeys(person for draft in drafts for person in draft.persons))
    found = await identify(wanted) if wanted else {}
    pseudonyms = {id: each for id, each in found.items() if isinstance(each, str)}
    reports: list[tuple[int, OutgoingReport | tuple[Fault, ...]]] = []
    for draft in drafts:
        refused = [(at, reason) for id, at in draft.persons.items() if isinstance(reason := found[id], Reason)]
        faults = tuple(Fault(at, reason.zh, reason.en) for at, reason in refused)
        reports.append((draft.row, faults or report_of(sheet, draft, source, pseudonyms)))
    return reports
