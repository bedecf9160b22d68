"""The projection: a county's histories in memory and the entries that each page of records adds to the ledger. Pure: no I/O, no clock.

For every subject a page touches the projector posts `entries(after) − entries(before)`. When nothing the page brings was known earlier than
what the subject already held, that is one difference per known day; otherwise all entries of the subject are derived anew.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from services.indicators.history import FOREVER, Chain, amend, read_chain
from services.indicators.ledger import Entries, Folding, History, Postings, Trees, add_difference, add_entries
from services.indicators.measures.kinds import Jumps
from services.indicators.measures.rows import SubjectKind
from services.indicators.relations.units import UNIT_FACTS
from services.indicators.subjects import Index, history, kind_of, touched
from shared.contracts.base import SERVICES, Fact
from shared.contracts.common import DayClosed, FactCorrected, FactVoided, common_class
from shared.contracts.envelope import Record
from shared.contracts.registry import EntityCodeReplaced

CACHED_SUBJECTS_MAX = 50_000
"""So many subjects keep what they post at latest knowledge in memory; the others derive it again when touched."""


Seen = dict[int, int]
"""Service → its position before the page."""


@dataclass(slots=True)
class Page:
    """What a page of records does: the entries it adds, and the records no definition can take in, by service."""

    entries: Entries = field(default_factory=dict)
    unreadable: list[Record] = field(default_factory=list)


class Projection:
    """The histories of one county and what its subjects post."""

    def __init__(self, county: str, foldings: dict[SubjectKind, Folding]) -> None:
        self.county = county
        self.foldings = foldings
        self.index = Index()
        self.trees = Trees(county)
        self._trees_before = self.trees
        self.unreadable: list[Record] = []
        """Records that no contract of this version of the program describes."""
        self.closed: dict[str, date] = {}
        """The last closed day of each service: a known day is final once all three have closed it."""
        self.positions: dict[str, int] = dict.fromkeys(SERVICES, 0)
        self._posted: OrderedDict[str, Postings] = OrderedDict()
        """What subjects post at latest knowledge, by measure: the measures that any page ever affected."""
        self._kept_all = True
        """Whether that was kept of every subject since its first fact, so that what is not there is nothing."""

    def load(self, records: Iterable[Record]) -> None:
        """Take in records whose entries are in the ledger already."""
        for record in records:
            self._take(record, Page())
            self._kept_all = False
        self.trees = Trees(self.county, self.index.units.values())

    def fold(self, records: Sequence[Record]) -> Page:
        """Take in a page of records (each service's in order of position) and derive what it adds to the ledger."""
        page = Page()
        seen = dict(enumerate(self.positions[service] for service in SERVICES))
        chains: dict[tuple[int, int], Chain] = {}
        for record in records:
            chain = self._take(record, page)
            if chain is not None:
                chains[chain.service, chain.position] = chain
        anew = self._moved_units(chains.values())
        touching: dict[str, set[type[Fact]]] = {}
        for chain in chains.values():
            for subject in touched(self.index, chain):
                touching.setdefault(subject, set()).add(type(chain.first.fact))
        for subject in sorted(anew):
            self._post_anew(subject, page, seen)
        for subject in sorted(touching.keys() - anew):
            self._post(subject, frozenset(touching[subject]), page, seen)
        return page

    def entries(self, subjects: Iterable[str], foldings: dict[SubjectKind, Folding]) -> Entries:
        """All entries of these subjects under these measures: how a new or changed definition is backfilled."""
        found: Entries = {}
        for subject in subjects:
            folding = foldings.get(kind_of(subject))
            if folding is not None:
                add_entries(found, folding.entries(history(self.index, subject, folding.all.reads), self.trees))
        return found

    def _post(self, subject: str, types: frozenset[type[Fact]], page: Page, seen: Seen) -> None:
        """Post what the page's facts, which are of these types, change for a subject."""
        folding = self.foldings.get(kind_of(subject))
        if folding is None:
            return
        affected = folding.affected(types, self.index.types(subject))
        if not affected.measures:
            return
        whole = history(self.index, subject, affected.reads)
        new_days, old_days = _known_days(whole, seen)
        if not new_days:
            return
        latest = max((*old_days, *self.trees.days[-1:]), default=0)
        kept = self._kept(subject)
        if old_days and not self._kept_all and any(measure.name not in kept for measure in affected.measures):
            held = folding.postings(_as_of(whole, seen), self.trees, FOREVER, affected)
        else:
            held = {measure.name: kept.get(measure.name, _NOTHING) for measure in affected.measures}
        # Entries change by what the page adds on each known day less what it added on the one before: from the first day it speaks of,
        # over every later day on which something was known already, of the subject or of the units (another service was ahead).
        first = min(new_days)
        after_before: tuple[Postings, Postings] = {}, {}
        for known in sorted(new_days | {day for day in (*old_days, *self.trees.since(first)) if day > first}):
            after = folding.postings(whole, self.trees, known, affected)
            ahead = old_days and known < latest
            before = folding.postings(_as_of(whole, seen), self.trees, known, affected) if ahead else held
            if before is after_before[1]:
                add_difference(page.entries, after, after_before[0], known)
            else:
                add_difference(page.entries, after, before, known)
                add_difference(page.entries, after_before[1], after_before[0], known)
            after_before = after, before
        for measure in affected.measures:
            kept[measure.name] = after_before[0].get(measure.name, _NOTHING)

    def _post_anew(self, subject: str, page: Page, seen: Seen) -> None:
        """Post the difference between all entries of a subject after the page and all before it."""
        folding = self.foldings.get(kind_of(subject))
        if folding is None:
            return
        whole = history(self.index, subject, folding.all.reads)
        add_entries(page.entries, folding.entries(whole, self.trees))
        add_entries(page.entries, folding.entries(_as_of(whole, seen), self._trees_before), sign=-1)
        kept = self._kept(subject)
        kept.clear()
        kept.update(dict.fromkeys((measure.name for measure in folding.measures), _NOTHING))
        kept.update(folding.postings(whole, self.trees, FOREVER, folding.all))

    def _kept(self, subject: str) -> Postings:
        """What is kept of a subject's postings, to be brought up to date."""
        kept = self._posted.setdefault(subject, {})
        self._posted.move_to_end(subject)
        if len(self._posted) > CACHED_SUBJECTS_MAX:
            self._posted.popitem(last=False)
            self._kept_all = False
        return kept

    def _moved_units(self, chains: Iterable[Chain]) -> set[str]:
        """Take unit facts and replaced codes into account: the subjects that must be derived anew because of them."""
        self._trees_before = self.trees
        changed = [chain for chain in chains if isinstance(chain.first.fact, (*UNIT_FACTS, EntityCodeReplaced))]
        if not changed:
            return set()
        self.trees = Trees(self.county, self.index.units.values())
        found: set[str] = set()
        for chain in changed:
            for content in chain.contents():
                for name in content.names.get("unit", ()):
                    for code in self.index.answered_by(name.partition(":")[2]):
                        found |= {subject for there in self.index.at_unit(code) for subject in touched(self.index, there)}
                for name in content.names.get("entity", ()):
                    found.add(self.index.canonical(name))
                    self._posted.pop(name, None)
        return found

    def _take(self, record: Record, page: Page) -> Chain | None:
        service = record.service
        if record.position != self.positions[service] + 1:
            raise ValueError(f"{service}: position {record.position} follows {self.positions[service]}")
        self.positions[service] = record.position
        shape = common_class(record.type)
        if shape is DayClosed:
            self.closed[service] = DayClosed.model_validate(record.data).day
            return None
        try:
            chain = read_chain(record) if shape is None else self._amended(record)
        except (LookupError, ValueError):
            # A type, version or amendment that this version of the program does not know: it marks what reads the service.
            page.unreadable.append(record)
            self.unreadable.append(record)
            return None
        self.index.add(chain)
        return chain

    def _amended(self, record: Record) -> Chain:
        """The chain that a void or a correction amends."""
        shape = common_class(record.type)
        amendment = (FactVoided if shape is FactVoided else FactCorrected).model_validate(record.data)
        chain = self.index.report(SERVICES.index(record.service), amendment.source, amendment.id)
        if chain is None:
            raise LookupError(f"{record.source} {record.id} amends an unknown fact")
        correction = amendment if isinstance(amendment, FactCorrected) else None
        amend(chain, record.known_day.toordinal(), record.position, correction)
        return chain


_NOTHING: Jumps = {}


def _known_days(whole: History, seen: Seen) -> tuple[set[int], set[int]]:
    """The known days of what lies beyond these positions, and of what does not."""
    new_days: set[int] = set()
    old_days: set[int] = set()
    for chain in whole.chains:
        before = seen[chain.service]
        (new_days if chain.position > before else old_days).add(chain.known)
        for amendment in chain.amendments:
            (new_days if amendment.position > before else old_days).add(amendment.known)
    return new_days, old_days


def _as_of(whole: History, seen: Seen) -> History:
    """A history without what lies beyond these positions."""
    chains = []
    for chain in whole.chains:
        before = seen[chain.service]
        if chain.position > before:
            continue
        kept = [amendment for amendment in chain.amendments if amendment.position <= before]
        chains.append(chain if len(kept) == len(chain.amendments) else replace(chain, amendments=kept))
    return History(whole.subject, whole.codes, chains)
