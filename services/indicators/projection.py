"""The projection: a county's histories in memory and the entries that each page of records adds to the ledger. Pure: no I/O, no clock.

For every subject a page touches the projector posts `entries(after) − entries(before)`, by groups of measures that follow from the same
types of fact, and on those known days only on which the page or something after it changed what a group follows from.
"""

from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from services.indicators.differences import add_gained, add_gained_in_order, changes, known_rows
from services.indicators.founding import Foundings
from services.indicators.history import Chain, amend, read_chain
from services.indicators.ledger import Entries, Folding, Group, Postings, Seen, Trees, add_to, as_of, new_days
from services.indicators.measures.kinds import Jumps
from services.indicators.measures.rows import SubjectKind
from services.indicators.relations.persons import FoundedWithHelp
from services.indicators.relations.units import UNIT_FACTS
from services.indicators.subjects import Index, employed_in, history, kind_of, touched
from services.indicators.versions import EVERY_SUBJECT, NO_SUBJECT
from shared.contracts import read_fact
from shared.contracts.base import SERVICES, Fact, Subject, subject_of
from shared.contracts.common import DayClosed, FactCorrected, common_class, read_common
from shared.contracts.envelope import Record
from shared.contracts.registry import EntityCodeReplaced, UnitRenamed

CACHED_SUBJECTS_MAX = 50_000
"""So many subjects keep what they post at latest knowledge in memory; the others derive it again when touched."""


@dataclass(slots=True)
class Page:
    """What a page of records does: the entries it adds, the facts it brings or says more of, and the records no definition can take in, by
    service.
    """

    folded: Subject = NO_SUBJECT
    """During a rebuild: every subject up to this one has its entries in the versions being built as well."""
    entries: Entries = field(default_factory=dict)
    """Those of the subjects beyond it."""
    folded_entries: Entries = field(default_factory=dict)
    """Those of the subjects up to it."""
    overtaken: Entries = field(default_factory=dict)
    """What versions being built still lack of subjects that turn out to be one with a subject up to it: by the facts before this page."""
    subjects: tuple[Subject, ...] = ()
    """Those it touches."""
    chains: tuple[Chain, ...] = ()
    unreadable: list[Record] = field(default_factory=list)

    @property
    def built(self) -> Entries:
        """What it adds to versions being built."""
        found = dict(self.overtaken)
        add_to(found, self.folded_entries)
        return found

    def of(self, subject: Subject) -> Entries:
        """Where a subject's entries go."""
        return self.folded_entries if subject <= self.folded else self.entries


class Projection:
    """The histories of one county and what its subjects post."""

    def __init__(self, county: str, foldings: dict[SubjectKind, Folding]) -> None:
        self.county = county
        self.foldings = foldings
        self.index = Index()
        self.foundings = Foundings(self.index, county)
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

    def fold(self, records: Sequence[Record], folded: Subject = NO_SUBJECT) -> Page:
        """Take in a page of records (each service's in order of position) and derive what it adds to the ledger.

        `folded`: during a rebuild, every subject up to this one is folded already.
        """
        page = Page(folded)
        joining = self._joining(records, folded)
        seen = dict(enumerate(self.positions[service] for service in SERVICES))
        taken: dict[tuple[int, int], Chain] = {}
        for record in records:
            chain = self._take(record, page)
            if chain is not None:
                taken[chain.service, chain.position] = chain
        for subject, posted in joining.items():
            if self.index.canonical(subject) <= folded:
                add_to(page.overtaken, posted)
        chains = page.chains = tuple(taken.values())
        anew, moved = self._moved_units(chains, seen)
        touching: dict[str, set[type[Fact]]] = {}
        for chain in chains:
            for subject in touched(self.index, chain):
                touching.setdefault(subject, set()).add(type(chain.first.fact))
        for entity in self.foundings.take(chains, seen):
            for subject in (entity, *employed_in(self.index, entity)):
                touching.setdefault(subject, set()).add(FoundedWithHelp)
        for subject in sorted(anew):
            self._post_anew(subject, moved, page, seen)
        for subject in sorted(touching.keys() - anew):
            self._post(subject, frozenset(touching[subject]), page, seen)
        page.subjects = (*anew, *touching)
        return page

    def _joining(self, records: Iterable[Record], folded: Subject) -> dict[Subject, Entries]:
        """What subjects not folded yet have posted that a page may find to be others too: of an entity's codes the least stands for all."""
        if folded in (NO_SUBJECT, EVERY_SUBJECT):
            return {}
        codes = {code for fact in self._replacing(records) for code in (fact.entity, fact.new_code)}
        subjects = {self.index.canonical(subject_of("entity", code)) for code in codes}
        return {subject: self.entries([subject], self.foldings) for subject in subjects if subject > folded}

    def _replacing(self, records: Iterable[Record]) -> Iterator[EntityCodeReplaced]:
        """What a page says of replaced codes, in the newest version of the contract. Nothing of it is taken in yet."""
        brought: set[tuple[str, str]] = set()
        for record in records:
            with suppress(LookupError, ValueError):  # `_take` notes what no contract describes
                type_: str | None = record.type
                version, said = record.version, record.data
                if common_class(record.type) is FactCorrected:
                    correction = read_common(record.type, version, said)
                    assert isinstance(correction, FactCorrected)
                    type_, version, said = self._type_of(correction, record, brought), correction.version, correction.data
                elif type_ == EntityCodeReplaced.type:
                    brought.add((record.source, record.id))
                if type_ == EntityCodeReplaced.type:
                    fact: Fact = read_fact(type_, version, said)
                    assert isinstance(fact, EntityCodeReplaced)
                    yield fact

    def _type_of(self, correction: FactCorrected, record: Record, brought: Container[tuple[str, str]]) -> str | None:
        """The type of the fact that is corrected; None where it is neither known nor among the replaced codes that the page brings."""
        if (correction.source, correction.id) in brought:
            return EntityCodeReplaced.type
        chain = self.index.report(SERVICES.index(record.service), correction.source, correction.id)
        return None if chain is None else chain.first.fact.type

    def entries(self, subjects: Iterable[str], foldings: dict[SubjectKind, Folding]) -> Entries:
        """All entries of these subjects under these measures: how a new or changed definition is backfilled."""
        found: Entries = {}
        for subject in subjects:
            folding = foldings.get(kind_of(subject))
            if folding is not None:
                whole = history(self.index, subject, folding.all.reads)
                changed = changes(whole, self.foundings, _NOTHING_SEEN).everything()
                rows = known_rows(whole, whole.chains, self.trees, self.foundings)
                for group in folding.all.groups:
                    add_gained(found, group, changed, self.trees, rows, rows, {})
        return found

    def _post(self, subject: str, types: frozenset[type[Fact]], page: Page, seen: Seen) -> None:
        """Post what the page's facts, which are of these types, change for a subject."""
        folding = self.foldings.get(kind_of(subject))
        if folding is None:
            return
        affected = folding.affected(types, self.index.types(subject))
        if not affected.groups:
            return
        whole = history(self.index, subject, affected.reads)
        changed = changes(whole, self.foundings, seen)
        if not changed.new:
            return
        after = known_rows(whole, whole.chains, self.trees, self.foundings)
        before = known_rows(whole, as_of(whole.chains, seen), self.trees, self.foundings, before=True)
        in_order = changed.in_order(self.trees)
        kept = self._kept(subject)
        for group in affected.groups:
            held = None
            if self._kept_all or all(name in kept for name in group.names):
                held = {name: kept[name] for name in group.names if name in kept}
            if in_order and held is not None:
                _keep(kept, group, add_gained_in_order(page.of(subject), group, changed, after, held))
            else:
                _keep(kept, group, add_gained(page.of(subject), group, changed, self.trees, after, before, held))

    def _post_anew(self, subject: str, moved: frozenset[int], page: Page, seen: Seen) -> None:
        """Post what changes for a subject under which, as known on these days, units or codes changed."""
        folding = self.foldings.get(kind_of(subject))
        if folding is None:
            return
        whole = history(self.index, subject, folding.all.reads)
        changed = changes(whole, self.foundings, seen, moved)
        after = known_rows(whole, whole.chains, self.trees, self.foundings)
        before = known_rows(whole, as_of(whole.chains, seen), self._trees_before, self.foundings, before=True)
        kept = self._kept(subject)
        for group in folding.all.groups:
            _keep(kept, group, add_gained(page.of(subject), group, changed, self.trees, after, before, None))

    def _kept(self, subject: str) -> Postings:
        """What is kept of a subject's postings, to be brought up to date."""
        kept = self._posted.setdefault(subject, {})
        self._posted.move_to_end(subject)
        if len(self._posted) > CACHED_SUBJECTS_MAX:
            self._posted.popitem(last=False)
            self._kept_all = False
        return kept

    def _moved_units(self, chains: Iterable[Chain], seen: Seen) -> tuple[set[str], frozenset[int]]:
        """Take unit facts and replaced codes into account: the subjects under which they change something, and as known on which days."""
        self._trees_before = self.trees
        changed = [chain for chain in chains if isinstance(chain.first.fact, (*UNIT_FACTS, EntityCodeReplaced))]
        if changed:
            self.trees = Trees(self.county, self.index.units.values())
        changed = [chain for chain in changed if not isinstance(chain.first.fact, UnitRenamed)]  # a name moves nothing
        if not changed:
            return set(), frozenset()
        found: set[str] = set()
        codes: set[str] = set()
        for chain in changed:
            for content in chain.contents():
                for name in content.names.get("unit", ()):
                    codes |= self.index.answered_by(name.partition(":")[2])
                for name in content.names.get("entity", ()):
                    found.add(self.index.canonical(name))
                    self._posted.pop(name, None)
                    self.foundings.rename(name)
        if codes:
            found.update(subject for there in self.index.at_units(codes) for subject in touched(self.index, there))
        return found, frozenset(new_days(changed, seen))

    def _take(self, record: Record, page: Page) -> Chain | None:
        service = record.service
        if record.position != self.positions[service] + 1:
            raise ValueError(f"{service}: position {record.position} follows {self.positions[service]}")
        self.positions[service] = record.position
        try:
            chain = read_chain(record) if common_class(record.type) is None else self._amended(record)
        except (LookupError, ValueError):
            # A type, version or amendment that this version of the program does not know: it marks what reads the service.
            page.unreadable.append(record)
            self.unreadable.append(record)
            return None
        if chain is not None:
            self.index.add(chain)
        return chain

    def _amended(self, record: Record) -> Chain | None:
        """The chain that a void or a correction amends; None where it closes a day."""
        amendment = read_common(record.type, record.version, record.data)
        if isinstance(amendment, DayClosed):
            self.closed[record.service] = amendment.day
            return None
        chain = self.index.report(SERVICES.index(record.service), amendment.source, amendment.id)
        if chain is None:
            raise LookupError(f"{record.source} {record.id} amends an unknown fact")
        amend(chain, record, amendment)
        return chain


def _keep(kept: Postings, group: Group, posted: Postings | None) -> None:
    """Bring up to date what is kept of a subject's postings, when a group's are others now."""
    if posted is not None:
        for name in group.names:
            kept[name] = posted.get(name, _NOTHING)


_NOTHING: Jumps = {}
_NOTHING_SEEN: Seen = dict.fromkeys(range(len(SERVICES)), 0)
