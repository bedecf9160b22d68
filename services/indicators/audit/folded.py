"""A county's records folded in memory by the projector's pure code: what the live system would show, with nothing running."""

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import date

from services.indicators.answers import Snapshot
from services.indicators.audit.archive.reader import Archive
from services.indicators.audit.records import History
from services.indicators.catalog import TODAY, Release
from services.indicators.evaluation.plan import Plan, windows_of
from services.indicators.ledger import Balances
from services.indicators.projection import Projection
from services.indicators.subjects import Index
from shared.contracts.base import SERVICES

Recorded = History | Archive
"""A county's records, checked: of a file or an archive."""


class Folded:
    """A history with the ledger that follows from it, of some measures of a release or of all. Days up to `today` may be asked about: by
    default that of the last record.
    """

    def __init__(
        self, history: Recorded, plan: Plan, today: date | None = None, measures: AbstractSet[str] | None = None, release: Release = TODAY
    ) -> None:  # fmt: skip
        self._history = history
        self._today = today or history.last_known_day
        foldings = release.foldings
        if measures is not None:
            foldings = {kind: folding.only(measures) for kind, folding in foldings.items()}
        self._projection, balances = Projection(plan.county, foldings), Balances()
        balances.add_all(self._projection.fold(history.records).entries)
        self._snapshot = Snapshot(
            plan, windows_of(plan), balances, self._projection.trees, history.positions, history.closed, tuple(history.unreadable),
            release=release,
        )  # fmt: skip

    def snapshot(self) -> Snapshot:
        """What answers are read from."""
        return self._snapshot

    def today(self) -> date:
        """The last day that may be asked about."""
        return self._today

    @asynccontextmanager
    async def histories(self) -> AsyncIterator[Index]:
        """Every fact by whose history it belongs to."""
        yield self._projection.index

    async def readable(self, after: Mapping[str, int], upto: Mapping[str, int]) -> AsyncIterator[list[tuple[int, int, bytes]]]:
        """The records that a contract describes, after some positions up to others, a service's in order: number of the service, position,
        exact bytes.
        """
        unreadable = {(record.service, record.position) for record in self._projection.unreadable}
        found = [
            (SERVICES.index(record.service), record.position, record.raw) for record in self._history.records
            if after[record.service] < record.position <= upto[record.service] and (record.service, record.position) not in unreadable
        ]  # fmt: skip
        if found:
            yield found
