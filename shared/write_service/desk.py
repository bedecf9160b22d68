"""What lies on the desk while one batch is decided: everything loaded and everything changed. Pure memory, no I/O.

`loading` puts things here before they are needed, `deciding` only looks, and `record`, `wait`, `refuse` … write down what was decided,
for the reports that follow in the batch and for the one commit at its end.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from shared.answers import Answer, answer_bytes
from shared.contracts.base import Subject, about_of
from shared.contracts.common import (
    COMMON_VERSION,
    DayClosed,
    FactCorrected,
    common_class,
    common_type,
    day_closed_id,
    read_common,
    system_source,
)
from shared.contracts.envelope import Record, Source, record_bytes
from shared.contracts.outcomes import Outcome, Reason
from shared.days import day_of
from shared.event_store.interface import (
    ActRow,
    AsideRow,
    AttemptRow,
    Changes,
    Head,
    OutgoingAnswer,
    RecordRow,
    ReportKey,
    ReportRow,
    StateRow,
)
from shared.rules import Rules
from shared.unit_directory import UNIT_TYPES
from shared.write_service import reasons
from shared.write_service.history import History
from shared.write_service.masking import mask, mask_text
from shared.write_service.memory import Memory
from shared.write_service.parsing import Broken, Readable, Unfit
from shared.write_service.verdicts import Recording, opening_need, report_need

INTERNAL_NEED = "internal"
"""What a report that met a bug waits for: the next start of the service, which may bring better code."""
TRACEBACK_MAX = 20_000
"""Characters kept of a traceback."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What one key of a source may report; None: everything."""

    types: frozenset[str] | None = None
    """Types of facts, voids and corrections among them."""
    units: frozenset[str] | None = None
    """Units of whose facts it may, and of those below them."""

    def takes(self, types: Iterable[str]) -> bool:
        """Whether all these types are among its own."""
        return self.types is None or self.types.issuperset(types)


Limits = Mapping[str, tuple[Limit, ...]]
"""By source, a limit for each of its keys, of which one has to admit the whole report; a source that is not named may report everything."""
NO_LIMIT = Limit()
NO_LIMITS: Limits = MappingProxyType({})

Candidate = Readable | Unfit | Broken


def openable_kinds(rules: Rules[Any]) -> frozenset[str]:
    """The kinds of thing that exist only once a fact has opened them."""
    return frozenset(about_of(fact.model_validate(fact.example)).partition(":")[0] for fact in rules.facts if fact.opens)


class Desk:
    """One batch, under the lock on the head."""

    def __init__(
        self, rules: Rules[Any], county: str, openable: frozenset[str], head: Head, memory: Memory, limits: Limits = NO_LIMITS
    ) -> None:  # fmt: skip
        self.rules = rules
        self.limits = limits
        self.county = county
        self.openable = openable
        self.memory = memory
        self.reports: dict[ReportKey, dict[bytes, ReportRow]] = {}
        self.candidates: dict[ReportKey, Candidate] = {}
        """The reports that wait, as read anew."""
        self.about_position: dict[int, Subject | None] = {}
        self.naturals: dict[int, bool] = {}
        """Whether some record carries this natural key."""
        self.waiting: dict[str, set[ReportKey]] = {}
        self.asked: set[str] = set()
        """The needs about which the store was asked who waits for them."""
        self.used: set[Subject] = set()
        """The subjects whose histories were loaded or changed."""
        self.moved: set[str] = set()
        """What something happened to since it was last asked: see `take_moved`."""
        self._head = head
        self._position, self._hash, self._recorded, self._closed = head.position, head.hash, head.recorded, head.closed
        self._now: datetime | None = None
        self._today: date | None = None
        self._arrivals, self._answers, self._followed = head.arrivals, head.answers, head.followed
        self._changes = Changes(head)
        self._touched: dict[Subject, int] = {}

    # What deciding looks at

    @property
    def today(self) -> date:
        """The day in Asia/Shanghai on which anything decided now is recorded."""
        assert self._today is not None
        return self._today

    @property
    def instant(self) -> datetime:
        """When what is decided now is decided; while existing records are taken back, when the last of them was recorded."""
        instant = self._now or self._recorded
        assert instant is not None
        return instant

    @property
    def next_position(self) -> int:
        """The position that the next record will have."""
        return self._position + 1

    def history(self, subject: Subject) -> History[Any]:
        """The history in which facts about the subject belong; it must have been loaded."""
        return self.memory.histories[self.memory.aliases.canonical(subject)]

    def opened(self, subject: Subject) -> bool:
        """Whether the thing exists: kinds that nothing opens always do."""
        return not self.openable_thing(subject) or self.history(subject).opened

    def openable_thing(self, subject: Subject) -> bool:
        """Whether it exists only once a fact of this service has opened it."""
        return subject.partition(":")[0] in self.openable

    def bound(self, key: ReportKey) -> ReportRow | None:
        """The content that stands for this id: recorded or waiting."""
        return next((row for row in self.reports[key].values() if row.outcome != "refused"), None)

    def expecting(self) -> set[ReportKey]:
        """Whoever is known to wait for something that this batch may bring."""
        return {key for keys in self.waiting.values() for key in keys}

    def follows(self, record: Record) -> bool:
        """Whether an existing record continues the chain: position, hash, time, county, and bytes exactly as this code makes them."""
        again = record_bytes(
            source=record.source, id=record.id, type=record.type, version=record.version, occurred=record.occurred,
            recorded=record.recorded, position=self.next_position, prevhash=self._hash, data=record.data,
        )  # fmt: skip
        on_time = self._recorded is None or record.recorded >= self._recorded
        linked = (record.position, record.prevhash) == (self.next_position, self._hash)
        return linked and again == record.raw and on_time and Source.parse(record.source).county == self.county

    # What happens

    def at(self, instant: datetime) -> None:
        """Time passes, and never back behind the last record; on a new day the one before is closed first."""
        now = instant if self._recorded is None else max(instant, self._recorded)
        if now != self._now:
            self._now, self._today = now, day_of(now)
        yesterday = self.today - timedelta(days=1)
        if self._closed is None or self._closed < yesterday:
            data = DayClosed(day=yesterday).model_dump(mode="json")
            source = str(system_source(self.county, self.rules.service))
            type_ = common_type(DayClosed, self.rules.service)
            self._append(source, day_closed_id(yesterday), type_, COMMON_VERSION, yesterday, data, None, None)
            self._closed = yesterday

    def again(self, row: ReportRow) -> None:
        """Answer as before; newer than what was answered about other contents of the id meanwhile."""
        newest = max(other.revision for other in self.reports[row.key].values())
        if row.revision < newest:
            row = row._replace(revision=newest + 1)
            self._keep(row)
        self._answer(row)

    def refuse(self, candidate: Candidate, reason: Reason) -> None:
        """Not recorded; whoever waits for this report is told."""
        self._rule(candidate, "refused", reason, kept=mask(candidate.raw))
        self.moved.add(report_need(*candidate.key))

    def wait(self, candidate: Candidate, needs: frozenset[str], reason: Reason) -> None:
        """Kept until something happens to what it needs; answered again only if there is something new to say."""
        known = self.reports[candidate.key].get(candidate.digest)
        if known is None or known.outcome != "waiting" or known.reason != reason:
            self._rule(candidate, "waiting", reason, kept=candidate.raw)
        self._changes.waiting[candidate.key] = needs
        for need in needs:
            self.waiting.setdefault(need, set()).add(candidate.key)

    def put_aside(self, candidate: Candidate, traceback: str) -> None:
        """A bug was met: kept masked, with the traceback, until the service starts anew."""
        kept = mask(candidate.raw)
        self.wait(candidate._replace(raw=kept), frozenset((INTERNAL_NEED,)), reasons.INTERNAL)
        arrival = self.reports[candidate.key][candidate.digest].arrival
        assert self._now is not None
        trace = mask_text(traceback.replace("\x00", "")[-TRACEBACK_MAX:])
        self._changes.aside.append(AsideRow(candidate.key.source, candidate.key.id, arrival, self._now, kept, trace))

    def record(self, report: Readable, verdict: Recording, adopted: Record | None = None) -> None:
        """Append it, and let its subject's history and everything derived follow. `adopted` is the record where it exists already."""
        source, id_ = report.key
        if adopted is None:
            row = self._append(source, id_, report.type, report.version, report.occurred, report.data, verdict.about, verdict.natural)
        else:
            row = self._adopt(adopted, verdict.about, verdict.natural)
        if isinstance(report.content, FactCorrected):
            self._changes.stated.add(f"{verdict.step.after.fact.type}.v{report.content.version}")
        aliases, histories = self.memory.aliases, self.memory.histories
        group, history = aliases.group(verdict.about), histories[aliases.canonical(verdict.about)]
        opened = history.opened
        self.moved |= {report_need(source, id_), *group}
        if verdict.step.before is not None:
            self.moved.add(report_need(*verdict.step.before.key))
        if verdict.regrouped is None:
            history.take(verdict.step)
            if history.opened != opened:
                self.moved |= {opening_need(subject) for subject in group}
        else:
            aliases.take(verdict.regrouped.oldest)
            self._changes.aliases.update(verdict.regrouped.oldest)
            histories.update(cast("Mapping[Subject, History[Any]]", verdict.regrouped.histories))
            self._touched.update(dict.fromkeys(verdict.regrouped.histories, row.position))
            joined = group | verdict.regrouped.histories.keys() | aliases.group(verdict.about)
            self.moved |= joined | {opening_need(subject) for subject in joined}
        self._touched[aliases.canonical(verdict.about)] = row.position
        self._rule(report, "recorded", None, position=row.position, flags=verdict.flags)

    def displace(self, row: ReportRow, position: int) -> None:
        """A waiting content gives way to another one of its id that turns out to be recorded."""
        self.give_up(row, reasons.conflict(position))

    def give_up(self, row: ReportRow, reason: Reason) -> None:
        """What is kept will not be recorded, for another reason than the one before."""
        assert row.kept is not None
        self.refuse(Unfit(row.key, row.digest, row.type, reason, row.kept), reason)

    def acted(self, act: ActRow) -> None:
        """Somebody did something about a report."""
        self._changes.acts.append(act)

    def adopt_day_closed(self, record: Record) -> None:
        """Append a closed day that exists already."""
        self._adopt(record, None, None)
        closed = read_common(record.type, record.version, record.data)
        assert isinstance(closed, DayClosed)
        self._closed = closed.day

    def follow(self, record: Record) -> bool:
        """Take over a unit fact of the registry. Whether it could be read, if it concerns units."""
        assert record.position > self._followed
        self._followed = record.position
        return self._take_unit(record)

    def release(self, moved: Collection[str]) -> set[ReportKey]:
        """Who waited for any of these; they wait for it no more unless told to again."""
        found = {(need, key) for need in moved for key in self.waiting.pop(need, ())}
        return {key for need, key in found if need in self._changes.waiting.get(key, (need,))}

    def take_moved(self) -> set[str]:
        """What something happened to since this was last asked."""
        moved, self.moved = self.moved, set()
        return moved

    # What was loaded

    def put_reports(self, asked: Iterable[ReportKey], rows: Iterable[ReportRow]) -> None:
        """Rows from the store; what changed since in this batch stays."""
        for key in asked:
            self.reports.setdefault(key, {})
        for row in rows:
            self.reports[row.key].setdefault(row.digest, row)

    def put_waiting(self, asked: Iterable[str], pairs: Iterable[tuple[str, ReportKey]]) -> None:
        """Who waits for what, from the store."""
        self.asked.update(asked)
        for need, key in pairs:
            self.waiting.setdefault(need, set()).add(key)

    # The commit

    @property
    def idle(self) -> bool:
        """Whether there is nothing to write."""
        changes = self._changes
        written = (changes.records, changes.reports, changes.answers, changes.waiting, changes.acts)
        return not any(written) and self._followed == self._head.followed

    def changes(self, simulated: datetime | None) -> Changes:
        """Everything to write. `simulated` is where a simulated clock stands."""
        self._changes.head = replace(
            self._head, position=self._position, hash=self._hash, recorded=self._recorded, closed=self._closed,
            followed=self._followed, arrivals=self._arrivals, answers=self._answers, commits=self._head.commits + 1, simulated=simulated,
        )  # fmt: skip
        for subject, position in self._touched.items():
            history = self.memory.histories[subject]
            state = self.rules.states.dump_json(history.state)
            self.used.add(subject)
            self._changes.states[subject] = StateRow(subject, state, history.opened, history.occurred, position)
        return self._changes

    # Inside

    def _append(
        self,
        source: str,
        id_: str,
        type_: str,
        version: int,
        occurred: date,
        data: dict[str, Any],
        about: Subject | None,
        natural: int | None,
    ) -> RecordRow:
        assert self._now is not None
        raw = record_bytes(
            source=source, id=id_, type=type_, version=version, occurred=occurred, recorded=self._now, position=self.next_position,
            prevhash=self._hash, data=data,
        )  # fmt: skip
        row = RecordRow(self.next_position, hashlib.sha256(raw).hexdigest(), type_, source, id_, occurred, self._now, about, natural, raw)
        self._place(row, lambda: Record(source, id_, type_, version, occurred, row.recorded, row.position, self._hash, data, raw))
        return row

    def _adopt(self, record: Record, about: Subject | None, natural: int | None) -> RecordRow:
        assert record.position == self.next_position
        assert record.prevhash == self._hash
        assert self._recorded is None or record.recorded >= self._recorded
        row = RecordRow(
            record.position,
            record.hash,
            record.type,
            record.source,
            record.id,
            record.occurred,
            record.recorded,
            about,
            natural,
            record.raw,
        )
        self._place(row, lambda: record)
        return row

    def _place(self, row: RecordRow, record: Callable[[], Record]) -> None:
        """The record is the last one from now on; the directory hears of it if it may concern units."""
        self._changes.records.append(row)
        if self.rules.service == "registry" and (row.type in UNIT_TYPES or common_class(row.type) is not None):
            self._take_unit(record())
        self._position, self._hash, self._recorded = row.position, row.hash, row.recorded
        self.about_position[row.position] = row.about
        if row.natural is not None:
            self.naturals[row.natural] = True

    def _take_unit(self, record: Record) -> bool:
        """Keep what concerns units, read or not: a newer release reads what this one cannot. Whether this one did."""
        code = self.memory.units.take(record)
        concerned = self.memory.units.concerns(record)
        if concerned:
            self._changes.units.append((record.position, record.raw))
        if code is not None:
            self.moved.add(f"unit:{code}")
        return code is not None or not concerned

    def _rule(
        self, candidate: Candidate, outcome: Outcome, reason: Reason | None, *, position: int | None = None, flags: tuple[Reason, ...] = (),
        kept: bytes | None = None,
    ) -> None:  # fmt: skip
        """A new or later answer to this content."""
        key, digest = candidate.key, candidate.digest
        rows = self.reports[key]
        known = rows.get(digest)
        if known is None:
            self._arrivals += 1
        arrival = self._arrivals if known is None else known.arrival
        revision = 1 + max((row.revision for row in rows.values()), default=0) if rows else 1
        arrived = self.instant if known is None else known.arrived
        row = ReportRow(key.source, key.id, digest, arrival, candidate.type, outcome, revision, reason, position, flags, kept, arrived)
        if rows or outcome != "recorded":
            self._changes.attempts.append(AttemptRow(*key, revision, digest, self.instant, outcome, reason, position))
        if known is not None and known.outcome == "waiting" and outcome != "waiting":
            self._changes.waiting[key] = frozenset()
        self._keep(row)
        self._answer(row)

    def _keep(self, row: ReportRow) -> None:
        self.reports[row.key][row.digest] = row
        self._changes.reports[row.key, row.digest] = row

    def _answer(self, row: ReportRow) -> None:
        self._answers += 1
        said = row.reason or reasons.RECORDED
        _, _, department, system = row.source.split("/")
        answer = Answer(row.source, row.id, row.type, row.revision, row.outcome, said.code, said.zh, said.en, row.position, row.flags)
        self._changes.answers[row.key] = OutgoingAnswer(self._answers, department, system, row.id, answer_bytes(answer))
