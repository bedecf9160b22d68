"""Whose history a fact belongs to, and through which one-hop links others' facts belong to it too.

A subject's history is its own facts plus those of linked subjects. A fact touches its own subjects and everyone any revision of it ever
linked, because a registration corrected to other founders must still undo the first. Links always lead along things a fact names.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never, cast, get_args

from services.indicators.history import Chain, Content
from services.indicators.ledger import History
from services.indicators.measures.rows import SubjectKind
from services.indicators.relations.lives import LIFE_CYCLE
from shared.contracts.base import Fact, Subject, names_of, subject_of
from shared.contracts.finance import LoanApplied, LoanDisbursed
from shared.contracts.registry import (
    BenchmarkPublished,
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityRegistered,
    ProjectMatched,
    StaffReported,
    StatisticPublished,
    TenantAdmitted,
    UnitDissolved,
    UnitListed,
    UnitMerged,
    UnitRenamed,
    VenueOpened,
)
from shared.contracts.training import (
    CourseOpened,
    GuidanceGiven,
    SurveyAnswered,
    SurveyClosed,
    SurveyOpened,
    TraineeCompleted,
    TraineeEnrolled,
)

UNIT_FACTS: tuple[type[Fact], ...] = (UnitListed, UnitRenamed, UnitMerged, UnitDissolved)
"""The facts that make the unit tree; they touch every subject with a fact at such a unit."""
SURVEYS: Subject = "surveys:all"
"""All surveys of a county, as one subject: which of them is the latest closed one."""

_HELP: tuple[type[Fact], ...] = (
    TraineeCompleted,
    GuidanceGiven,
    ProjectMatched,
    TenantAdmitted,
    LoanApplied,
    LoanDisbursed,
    EntityRegistered,
)
_SUBJECT_KINDS = frozenset(get_args(SubjectKind))


def own_subjects(content: Content) -> Iterator[Subject]:
    """The subjects whose own history a fact belongs to, whether or not any measure reads them; its places are named `place:code`."""
    fact = content.fact
    for code in (fact.unit, fact.park):
        if code is not None:
            yield f"place:{code}"
    match fact:
        case SurveyAnswered():
            yield f"answer:{fact.survey}|{fact.respondent}"
        case SurveyOpened() | SurveyClosed():
            yield SURVEYS
        case StatisticPublished():
            yield f"statistic:{fact.series}|{fact.unit or ''}|{fact.park or ''}"
        case BenchmarkPublished():
            yield f"benchmark:{fact.indicator}|{fact.variant}|{fact.peer_group}"
        case _:
            yield from names_of(fact)


def kind_of(subject: Subject) -> SubjectKind:
    """The kind of a subject that measures may read."""
    return cast(SubjectKind, subject.partition(":")[0])


Chains = dict[tuple[int, int], Chain]
"""Chains by (service, position)."""


class Index:
    """Every chain of a county by the subjects any of its revisions names, and the links that follow."""

    def __init__(self) -> None:
        self._chains: dict[Subject, dict[tuple[int, int], Chain]] = {}
        self._by_report: dict[tuple[str, str], Chain] = {}
        self._codes: dict[Subject, set[Subject]] = {}
        self.units: dict[tuple[int, int], Chain] = {}

    def add(self, chain: Chain) -> None:
        """Take in a chain, or what a new revision of it names."""
        self._by_report[chain.source, chain.id] = chain
        place = chain.service, chain.position
        for content in chain.contents():
            if isinstance(content.fact, UNIT_FACTS):
                self.units[place] = chain
            if isinstance(content.fact, EntityCodeReplaced):
                self._join(subject_of("entity", content.fact.entity), subject_of("entity", content.fact.new_code))
            for subject in own_subjects(content):
                self._chains.setdefault(subject, {})[place] = chain

    def _join(self, one: Subject, other: Subject) -> None:
        """Remember that two codes were ever said to be one entity's."""
        codes = self._codes.get(one, {one}) | self._codes.get(other, {other})
        for code in codes:
            self._codes[code] = codes

    def report(self, source: str, id: str) -> Chain | None:
        """The chain a report began."""
        return self._by_report.get((source, id))

    def canonical(self, subject: Subject) -> Subject:
        """One key for all codes of an entity."""
        codes = self._codes.get(subject)
        return min(codes) if codes else subject

    def codes(self, subject: Subject) -> frozenset[str]:
        """Every identifier a subject was ever known by."""
        return frozenset(code.partition(":")[2] for code in self._codes.get(subject, (subject,)))

    def of(self, subject: Subject, *types: type[Fact]) -> list[Chain]:
        """The chains that name a subject (an entity under any of its codes), of these types only if any are given."""
        found: dict[tuple[int, int], Chain] = {}
        for code in self._codes.get(subject, (subject,)):
            found.update(self._chains.get(code, {}))
        if not types:
            return list(found.values())
        return [chain for chain in found.values() if isinstance(chain.first.fact, types)]

    def subjects(self) -> Iterator[Subject]:
        """Every subject that measures may read, each once."""
        for subject in self._chains:
            if kind_of(subject) in _SUBJECT_KINDS and self.canonical(subject) == subject:
                yield subject

    def at_unit(self, code: str) -> list[Chain]:
        """Every chain placed at or about a unit or one below it."""
        prefix = code[:9] if code.endswith("000") and not code.endswith("000000") else code
        prefixes = f"place:{prefix}", f"unit:{prefix}"
        return [chain for subject, chains in self._chains.items() if subject.startswith(prefixes) for chain in chains.values()]


def history(index: Index, subject: Subject) -> History:
    """All chains a subject's figures follow from: its own, and those its links reach."""
    return History(subject, index.codes(subject), list(_reach(index, subject).values()))


def _reach(index: Index, subject: Subject) -> Chains:
    kind = kind_of(subject)
    match kind:
        case "person":
            found = _base(index, subject)
            for employer in _named(found.values(), "entity", EmploymentStarted, EmploymentEnded, StaffReported):
                found.update(_keyed(_staff_lists(index, employer)))
                found.update(_founders_base(index, employer))
            return found
        case "entity":
            return _keyed(index.of(subject)) | _founders_base(index, subject)
        case "venue":
            found = {}
            waiting, seen = [subject], {subject}
            while waiting:
                openings = index.of(waiting.pop())
                found.update(_keyed(openings))
                for around in _named(openings, "venue") - seen:
                    seen.add(around)
                    waiting.append(around)
            return found
        case "loan" | "case" | "unit" | "surveys" | "answer" | "statistic" | "benchmark":
            return _keyed(index.of(subject))
        case _:
            assert_never(kind)


def _founders_base(index: Index, entity: Subject) -> Chains:
    """What tells whether an entity was founded with help: everything its founders' help and foundings follow from."""
    found: Chains = {}
    for founder in _named(index.of(entity, EntityRegistered), "person"):
        found.update(_base(index, founder))
    return found


def _base(index: Index, person: Subject) -> Chains:
    """A person's own facts with the courses, loans, entities (their life and tenancies) and venues these name."""
    own = index.of(person)
    found = _keyed(own)
    for course in _named(own, "course"):
        found.update(_keyed(index.of(course, CourseOpened)))
    for loan in _named(own, "loan"):
        found.update(_keyed(index.of(loan, LoanDisbursed)))
    for entity in _named(own, "entity"):
        tenancies = index.of(entity, TenantAdmitted)
        found.update(_keyed(index.of(entity, *LIFE_CYCLE)))
        found.update(_keyed(tenancies))
        for venue in _named(tenancies, "venue"):
            found.update(_keyed(index.of(venue, VenueOpened)))
    return found


def _staff_lists(index: Index, entity: Subject) -> list[Chain]:
    """The staff reports that list persons: one that leaves a person out ends that person's employment."""
    return [chain for chain in index.of(entity, StaffReported) if any(_lists_persons(content.fact) for content in chain.contents())]


def _lists_persons(fact: Fact) -> bool:
    return isinstance(fact, StaffReported) and fact.persons is not None


def _keyed(chains: Iterable[Chain]) -> Chains:
    return {(chain.service, chain.position): chain for chain in chains}


def _named(chains: Iterable[Chain], kind: str, *types: type[Fact]) -> set[Subject]:
    """Every subject of a kind that any revision of these chains names."""
    return {
        subject
        for chain in chains
        if not types or isinstance(chain.first.fact, types)
        for content in chain.contents()
        for subject in names_of(content.fact)
        if subject.startswith(kind + ":")
    }


def touched(index: Index, chain: Chain) -> set[Subject]:
    """Every subject whose figures a chain may change, by any of its revisions. The chain must be in the index already."""
    found: set[Subject] = set()
    persons: set[Subject] = set()
    for content in chain.contents():
        for subject in own_subjects(content):
            kind = subject.partition(":")[0]
            if kind == "person":
                persons.add(subject)
            elif kind != "place":
                found.add(index.canonical(subject))
        persons |= _linked_persons(index, content)
        if isinstance(content.fact, VenueOpened | TenantAdmitted) or type(content.fact).type.startswith("registry.venue"):
            found |= _inner_venues(index, content)
    found |= persons
    if isinstance(chain.first.fact, (*_HELP, *LIFE_CYCLE, CourseOpened, VenueOpened)):
        found |= _employees_and_entities(index, persons)
    return {subject for subject in found if kind_of(subject) in _SUBJECT_KINDS}


def _linked_persons(index: Index, content: Content) -> set[Subject]:
    """The persons whose history holds this fact through an entity, a course, a loan or a venue."""
    fact = content.fact
    names = names_of(fact)
    found: set[Subject] = set()
    if isinstance(fact, (*LIFE_CYCLE, TenantAdmitted)) or _lists_persons(fact):
        for entity in names:
            if entity.startswith("entity:"):
                found |= _persons_of(index, entity)
    if isinstance(fact, CourseOpened):
        found |= _named(index.of(subject_of("course", fact.course), TraineeEnrolled, TraineeCompleted), "person")
    if isinstance(fact, LoanDisbursed):
        found |= _named(index.of(subject_of("loan", fact.loan), LoanApplied), "person")
    if isinstance(fact, VenueOpened):
        for entity in _named(index.of(subject_of("venue", fact.venue), TenantAdmitted), "entity"):
            found |= _persons_of(index, entity)
    return found


def _persons_of(index: Index, entity: Subject) -> set[Subject]:
    return _named(index.of(entity, EntityRegistered, EmploymentStarted, EmploymentEnded, StaffReported), "person")


def _employees_and_entities(index: Index, persons: Iterable[Subject]) -> set[Subject]:
    """The entities these persons founded and everyone employed there: whether an entity was founded with help counts for its jobs."""
    found: set[Subject] = set()
    for person in persons:
        for entity in _named(index.of(person, EntityRegistered), "entity"):
            found.add(index.canonical(entity))
            found |= _named(index.of(entity, EmploymentStarted, EmploymentEnded, StaffReported), "person")
    return found


def _inner_venues(index: Index, content: Content) -> set[Subject]:
    """The venues that lie, at any depth, within the one a fact is about."""
    found: set[Subject] = set()
    waiting = [subject for subject in names_of(content.fact) if subject.startswith("venue:")]
    while waiting:
        for inner in _named(index.of(waiting.pop(), VenueOpened), "venue"):
            if inner not in found:
                found.add(inner)
                waiting.append(inner)
    return found
