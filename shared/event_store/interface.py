"""What an event store promises, whoever keeps it: PostgreSQL in operation, memory in tests. Both pass one suite.

One store holds the truth of one write service in one county: records, answers, the waiting list and the state of each thing facts are
about. Everything is written in one commit under the lock on its *head*, which hands out positions: they are dense, and position
order is commit order.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from shared.contracts.base import Service, Subject
from shared.contracts.outcomes import Outcome, Reason


class Recorded(NamedTuple):
    """One record as the relay publishes it."""

    position: int
    hash: str
    type: str
    """Without its version: `registry.entity_registered`."""
    raw: bytes


class OutgoingAnswer(NamedTuple):
    """The newest answer to one report that still has to be published to `answered.<county>.<department>.<system>.<id>`."""

    number: int
    """Name it to `mark_sent`. A later answer to the same report has a greater number: publish them in this order."""
    department: str
    system: str
    id: str
    body: bytes
    """The answer's JSON, see `shared.answers`."""


class ReportKey(NamedTuple):
    """A report: who reported (the CloudEvents source) and under which id."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Head:
    """The one row that everything is serialised on."""

    position: int
    """The last position handed out; 0 when nothing is recorded."""
    hash: str
    recorded: datetime | None
    """When the last record was recorded; no later record has an earlier time."""
    closed: date | None
    """The last known day that is closed."""
    followed: int
    """The registry position up to which unit facts were taken over."""
    arrivals: int
    """Reports seen so far; numbers the next one."""
    answers: int
    """Answers given so far; numbers the next one."""
    commits: int
    """Commits so far: what a process remembers holds only while this is what it last wrote."""
    simulated: datetime | None
    """Where a simulated clock stands; None with the wall clock."""
    key: bytes = field(repr=False)
    """The secret key of this store's content digests (HMAC): the plain hash of a resident id could be guessed."""


class ReportRow(NamedTuple):
    """What became of one content reported under (source, id). At most one content of an id is recorded or waiting."""

    source: str
    id: str
    digest: bytes
    """HMAC of the content (or of the bytes, where they could not be read)."""
    arrival: int
    type: str
    outcome: Outcome
    revision: int
    """Grows with every answer about this id."""
    reason: Reason | None
    """Why it waits or was refused; None once recorded."""
    position: int | None
    flags: tuple[Reason, ...]
    kept: bytes | None
    """The report's bytes while it waits, and (resident ids masked) when it was refused; None once recorded."""
    arrived: datetime | None = None
    """When it was first answered; None for what came before this was kept."""

    @property
    def key(self) -> ReportKey:
        """Source and id."""
        return ReportKey(self.source, self.id)


class RecordRow(NamedTuple):
    """One record with the columns derived from its bytes."""

    position: int
    hash: str
    type: str
    source: str
    id: str
    occurred: date
    recorded: datetime
    about: Subject | None
    """The subject of the fact, or of the fact that is voided or corrected; None for a closed day."""
    natural: int | None
    """A 63-bit digest of the natural key of the content this record carries: equal keys have equal digests."""
    raw: bytes

    @property
    def wire_type(self) -> str:
        """The type with its version, as its bytes have it; envelopes are written with who reports before it, which holds no quotes."""
        return self.raw.partition(b'"type":"')[2].partition(b'"')[0].decode()


class StateRow(NamedTuple):
    """The state of one thing, folded from its effective facts."""

    subject: Subject
    state: bytes
    """JSON."""
    opened: bool
    occurred: date | None
    """The last day among its effective facts."""
    position: int
    """The last position that touched it."""


class AsideRow(NamedTuple):
    """A report that met a bug: its bytes (masked) and the traceback, for whoever mends it."""

    source: str
    id: str
    arrival: int
    at: datetime
    kept: bytes
    traceback: str


class AttemptRow(NamedTuple):
    """One answer about a report that was not simply recorded at once: each time that something new became of it."""

    source: str
    id: str
    revision: int
    digest: bytes
    """Of which content."""
    at: datetime
    outcome: Outcome
    reason: Reason | None
    position: int | None


ActKind = Literal["resubmitted", "corrected", "dismissed"]
KeptState = Literal["waiting", "refused", "dismissed", "corrected"]
"""What a kept report is: of the refused, those that somebody at the repair desk has dealt with are told apart by their reason's code."""


class ActRow(NamedTuple):
    """What somebody did about a report at the repair desk."""

    act: str
    """Named by whoever acts: the same act twice is done once."""
    at: datetime
    kind: ActKind
    source: str
    id: str
    who: str
    """As the bus knows who it was: role, department and system."""
    why: str
    changes: str | None
    """What a correction set, as JSON, resident ids masked."""
    copy: str | None
    """The id under which the corrected content is reported."""
    outcome: Outcome
    """What became of the report, or of the corrected copy."""
    reason: Reason | None
    revision: int | None
    """Of the answer it brought; None where nobody was answered."""
    position: int | None


class KeptQuery(NamedTuple):
    """Which kept reports are asked for; None and nothing leave out the condition."""

    after: int = 0
    """The arrival behind which the page begins."""
    limit: int = 100
    states: tuple[KeptState, ...] = ("waiting", "refused")
    type: str | None = None
    department: str | None = None
    system: str | None = None
    since: datetime | None = None
    """Arrived at that time or later."""
    before: datetime | None = None
    """Arrived before that time, or before that was kept."""
    text: str | None = None
    """Stands in its id, in its reason or in its bytes."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything kept about one report."""

    reports: tuple[ReportRow, ...]
    """Its contents, the newest answered first."""
    attempts: tuple[AttemptRow, ...]
    acts: tuple[ActRow, ...]
    """What was done about it, and what it came from if it is a corrected copy; the oldest first."""
    needs: tuple[str, ...]
    aside: tuple["AsideRow", ...]


@dataclass(slots=True)
class Changes:
    """Everything one commit writes."""

    head: Head
    records: list[RecordRow] = field(default_factory=list)
    stated: set[str] = field(default_factory=set)
    """The type, with its version, of every fact that a correction among them states."""
    reports: dict[tuple[ReportKey, bytes], ReportRow] = field(default_factory=dict)
    """New rows (their arrival is beyond that of the head before) and new versions of known ones, by key and digest."""
    answers: dict[ReportKey, OutgoingAnswer] = field(default_factory=dict)
    """The newest answer per report; those of earlier commits stay before it until they are sent."""
    waiting: dict[ReportKey, frozenset[str]] = field(default_factory=dict)
    """What each waiting report needs; an empty set for one that no longer waits."""
    states: dict[Subject, StateRow] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    """Entity codes and the oldest code of the same entity; a code that stands for itself is forgotten."""
    units: list[tuple[int, bytes]] = field(default_factory=list)
    """Unit facts (and what amends them) by registry position."""
    aside: list[AsideRow] = field(default_factory=list)
    attempts: list[AttemptRow] = field(default_factory=list)
    acts: list[ActRow] = field(default_factory=list)


class Writing(Protocol):
    """One open transaction that holds the lock on the head."""

    @property
    def head(self) -> Head:
        """The head as locked."""
        ...

    @property
    def database_now(self) -> datetime:
        """The database's clock, read after the lock was had."""
        ...

    async def reports(self, keys: Sequence[ReportKey]) -> list[ReportRow]:
        """All rows of these reports, every content of each."""
        ...

    async def waiting(self, needs: Sequence[str]) -> list[tuple[str, ReportKey]]:
        """Which reports wait for which of these needs."""
        ...

    async def all_waiting(self, after_arrival: int, limit: int) -> list[ReportRow]:
        """Waiting reports in order of arrival, page by page."""
        ...

    async def act(self, act: str) -> ActRow | None:
        """What was done at the repair desk under this name."""
        ...

    async def states(self, subjects: Sequence[Subject]) -> list[StateRow]:
        """The stored states; nothing for subjects without any record."""
        ...

    async def naturals(self, digests: Sequence[int]) -> set[int]:
        """Which of these natural keys some record carries."""
        ...

    async def histories(self, subjects: Sequence[Subject]) -> list[RecordRow]:
        """All records about these subjects by position, what amends them among them."""
        ...

    async def about(self, positions: Sequence[int]) -> dict[int, Subject | None]:
        """What the records at these positions are about."""
        ...

    async def aliases(self) -> Mapping[str, str]:
        """Replaced entity codes and the oldest code of each."""
        ...

    async def units(self) -> list[bytes]:
        """The unit facts taken over or recorded so far, by registry position."""
        ...

    async def commit(self, changes: Changes) -> None:
        """Write everything and end the transaction. Leaving without commit writes nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a store holds, for health and metrics."""

    recorded: int
    waiting: int
    unsent: int
    aside: int
    oldest_waiting: datetime | None = None
    """When what has waited longest arrived, as far as that is kept."""


class EventStore(Protocol):
    """The store of one write service in one county."""

    @property
    def service(self) -> Service:
        """Whose truth it holds."""
        ...

    @property
    def county(self) -> str:
        """Which county's."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Writing]:
        """Open a transaction and lock the head: everybody else who writes waits."""
        ...

    async def head(self) -> Head:
        """The head, not locked."""
        ...

    async def records(self, after_position: int, limit: int) -> list[Recorded]:
        """The records behind a position, in order."""
        ...

    async def wire_types(self) -> set[str]:
        """The type, with its version, of everything recorded, and of every fact that a correction states: `finance.loan_repaid.v2`."""
        ...

    async def record_hash(self, position: int) -> str | None:
        """The hash of one record; None when there is none."""
        ...

    async def rows(self, after_position: int, limit: int) -> list[RecordRow]:
        """The records with their derived columns, for the audit."""
        ...

    def sole_sender(self) -> AbstractAsyncContextManager[Callable[[], bool]]:
        """Try to be the one process that publishes answers, until the context ends. What it gives says whether one (still) is.

        Two at once could publish an older answer to a report after the newer one, and the stream keeps the last it was given.
        """
        ...

    async def unsent_answers(self, limit: int) -> list[OutgoingAnswer]:
        """Answers to publish, oldest first."""
        ...

    async def mark_sent(self, numbers: Sequence[int]) -> None:
        """These answers were published."""
        ...

    async def set_aside(self, limit: int) -> list[AsideRow]:
        """Reports that met a bug, newest first."""
        ...

    async def kept(self, query: KeptQuery) -> list[ReportRow]:
        """A page of reports that wait or were refused, by arrival."""
        ...

    async def sources_of(self, id: str) -> list[str]:
        """Who reported something under this id that was not simply recorded at once."""
        ...

    async def dossier(self, key: ReportKey) -> Dossier:
        """Everything kept about one report; nothing where nothing is."""
        ...

    async def counts(self) -> Counts:
        """How much there is of everything."""
        ...
