"""Whose history a fact belongs to, and through which one-hop links others' facts belong to it too.

A subject's history is its own facts plus those of linked subjects. A fact touches its own subjects and everyone any revision of it ever
linked, because a registration corrected to other founders must still undo the first. Links always lead along things a fact names.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, assert_never, cast, get_args

from services.indicators.history import Chain, Content
from services.indicators.ledger import History
from services.indicators.measures.rows import SubjectKind
from services.indicators.relations.funds import FUND_FACTS
from services.indicators.relations.lives import LIFE_CYCLE
from services.indicators.relations.persons import EMPLOYMENT_FACTS, FOUNDING_FACTS, FoundedWithHelp
from services.indicators.relations.units import UNIT_FACTS
from shared.contracts.base import Fact, Subject, subject_of
from shared.contracts.finance import LoanApplied, LoanDisbursed, SubsidyPaid
from shared.contracts.registry import (
    BenchmarkPublished,
    EntityCodeReplaced,
    EntityRegistered,
    ProjectCollected,
    ProjectMatched,
    StaffReported,
    StatisticPublished,
    TenantAdmitted,
    UnitDissolved,
    UnitMerged,
    VenueClosed,
    VenueOpened,
    VenueResized,
)
from shared.contracts.training import CourseOpened, SurveyAnswered, SurveyClosed, SurveyOpened, TraineeCompleted, TraineeEnrolled

SURVEYS: Subject = "surveys:all"
"""All surveys of a county, as one subject: which of them is the latest closed one."""

Types = frozenset[type[Fact]]
Chains = dict[tuple[int, int], Chain]
"""Chains by (service, position)."""

_SUBJECT_KINDS = frozenset(get_args(SubjectKind))
_EMPLOYMENT: Types = frozenset(EMPLOYMENT_FACTS)
FOUNDING: Types = frozenset(FOUNDING_FACTS)
"""What decides whether an entity was founded with help."""
_OF_ENTITIES: Types = frozenset((*LIFE_CYCLE, TenantAdmitted))
_STAFF_REPORTS: Types = frozenset({StaffReported})
_REGISTRATIONS: Types = frozenset({EntityRegistered})
_OPENINGS: Types = frozenset({VenueOpened})
_VENUE_FACTS: Types = frozenset({VenueOpened, VenueResized, VenueClosed})
_TENANCIES: Types = frozenset({TenantAdmitted})
_COURSES: Types = frozenset({CourseOpened})
_PROJECTS: Types = frozenset({ProjectCollected})
_MATCHES: Types = frozenset({ProjectMatched})
_TRAINEES: Types = frozenset({TraineeEnrolled, TraineeCompleted})
_APPLICATIONS: Types = frozenset({LoanApplied})
_PAYMENTS: Types = frozenset({SubsidyPaid})
_LENDING: Types = frozenset({LoanApplied, LoanDisbursed})
_LINKING: Types = frozenset((*LIFE_CYCLE, TenantAdmitted, StaffReported))
"""The facts about an entity that are part of its founders' and employees' histories."""
_LINKED: Types = _LINKING | _LENDING | _PAYMENTS | {CourseOpened, VenueOpened, ProjectCollected}
_STAFF: Types = frozenset((EntityRegistered, *EMPLOYMENT_FACTS))
"""The facts that link persons to an entity."""


def own_subjects(content: Content[Fact]) -> Iterator[Subject]:
    """The subjects whose own history a fact belongs to, whether or not any measure reads them; its places are named `place:code`."""
    fact = content.fact
    if fact.unit is not None:
        yield f"place:{fact.unit}"
    if fact.park is not None:
        yield f"place:{fact.park}"
    special = _SPECIAL.get(type(fact))
    if special is not None:
        yield special(fact)
        return
    for named in content.names.values():
        yield from named


_SPECIAL: dict[type[Fact], Callable[[Any], Subject]] = {
    SurveyAnswered: lambda fact: f"answer:{fact.survey}|{fact.respondent}",
    SurveyOpened: lambda _: SURVEYS,
    SurveyClosed: lambda _: SURVEYS,
    StatisticPublished: lambda fact: f"statistic:{fact.series}|{fact.unit or ''}|{fact.park or ''}",
    BenchmarkPublished: lambda fact: f"benchmark:{fact.indicator}|{fact.variant}|{fact.peer_group}",
    **dict.fromkeys(FUND_FACTS, lambda fact: f"voucher:{fact.fund}|{fact.voucher}"),
}
"""The facts whose subject in the ledger is not simply what they name."""


def kind_of(subject: Subject) -> SubjectKind:
    """The kind of a subject that measures may read."""
    return cast(SubjectKind, subject.partition(":")[0])


class Index:
    """Every chain of a county by the subjects any of its revisions names and by its type, and the links that follow."""

    def __init__(self) -> None:
        self._chains: dict[Subject, dict[type[Fact], Chains]] = {}
        self._by_report: dict[tuple[int, str, str], Chain] = {}
        self._codes: dict[Subject, set[Subject]] = {}
        self._successions: set[tuple[str, str]] = set()
        self.units: Chains = {}

    def add(self, chain: Chain) -> None:
        """Take in a chain, or what a new revision of it names."""
        self._by_report[chain.service, chain.source, chain.id] = chain
        place, type_ = (chain.service, chain.position), type(chain.first.fact)
        if type_ in UNIT_FACTS:
            self.units[place] = chain
            self._successions.update(_successions(chain))
        for content in chain.contents():
            if type_ is EntityCodeReplaced and isinstance(content.fact, EntityCodeReplaced):
                self._join(subject_of("entity", content.fact.entity), subject_of("entity", content.fact.new_code))
            for subject in own_subjects(content):
                self._chains.setdefault(subject, {}).setdefault(type_, {})[place] = chain

    def _join(self, one: Subject, other: Subject) -> None:
        """Remember that two codes were ever said to be one entity's."""
        codes = self._codes.get(one, {one}) | self._codes.get(other, {other})
        for code in codes:
            self._codes[code] = codes

    def report(self, service: int, source: str, id: str) -> Chain | None:
        """The chain a report began. Ids are unique per source within a service: only its own voids and corrections reach a fact."""
        return self._by_report.get((service, source, id))

    def chains(self) -> Iterable[Chain]:
        """Every chain, as they were recorded."""
        return self._by_report.values()

    def canonical(self, subject: Subject) -> Subject:
        """One key for all codes of an entity."""
        codes = self._codes.get(subject)
        return min(codes) if codes else subject

    def codes(self, subject: Subject) -> frozenset[str]:
        """Every identifier a subject was ever known by."""
        return frozenset(code.partition(":")[2] for code in self._codes.get(subject, (subject,)))

    def of(self, subject: Subject, types: Types) -> Iterator[Chain]:
        """The chains of these types that name a subject (an entity under any of its codes)."""
        for code in self._codes.get(subject, (subject,)):
            by_type = self._chains.get(code)
            if by_type is not None:
                for type_, chains in by_type.items():
                    if type_ in types:
                        yield from chains.values()

    def types(self, subject: Subject) -> frozenset[type[Fact]]:
        """The types of the chains that name a subject."""
        codes = self._codes.get(subject)
        if codes is None:
            return frozenset(self._chains.get(subject, ()))
        return frozenset(type_ for code in codes for type_ in self._chains.get(code, ()))

    def subjects(self) -> Iterator[Subject]:
        """Every subject that measures may read, each once."""
        for subject in self._chains:
            if kind_of(subject) in _SUBJECT_KINDS and self.canonical(subject) == subject:
                yield subject

    def answered_by(self, code: str) -> set[str]:
        """A unit and every unit whose facts any report ever made it, one below it, or one of those that follow answer with."""
        found = {code}
        while True:
            below = tuple(_at_or_below(each) for each in found)
            more = {before for before, successor in self._successions if successor.startswith(below)} - found
            if not more:
                return found
            found |= more

    def at_units(self, codes: AbstractSet[str]) -> Iterable[Chain]:
        """Every chain placed at or about one of these units or one below it; the county's own facts are its own only."""
        found: Chains = {}
        for subject, by_type in self._chains.items():
            kind, _, code = subject.partition(":")
            if kind in ("place", "unit") and (code in codes or f"{code[:9]}000" in codes):
                for chains in by_type.values():
                    found.update(chains)
        return found.values()


def _at_or_below(code: str) -> str:
    """How the codes of a unit and of those below it begin; the county's own facts are its own only, for nothing can end it."""
    return code[:9] if code.endswith("000") and not code.endswith("000000") else code


def _successions(chain: Chain) -> Iterator[tuple[str, str]]:
    """Every (unit, successor) that any revision of a unit fact ever named."""
    for content in chain.contents():
        match content.fact:
            case UnitMerged(code=code, into=into):
                yield code, into
            case UnitDissolved(code=code, successor=str(successor)):
                yield code, successor
            case _:
                pass


def history(index: Index, subject: Subject, types: Types) -> History:
    """All chains of these types that a subject's figures follow from: its own, and those its links reach."""
    entities: Iterable[Subject] = ()
    if FoundedWithHelp in types:
        entities = employers(index, subject) if kind_of(subject) == "person" else (subject,)
    return History(subject, index.codes(subject), list(_reach(index, subject, types).values()), entities)


def _reach(index: Index, subject: Subject, types: Types) -> Chains:
    kind = kind_of(subject)
    match kind:
        case "person":
            found = _base(index, subject, types)
            if StaffReported in types:
                for employer in named(index.of(subject, _EMPLOYMENT), "entity"):
                    _take(found, staff_lists(index, employer))
            return found
        case "venue":
            found = {}
            waiting, seen = [subject], {subject}
            while waiting:
                around = waiting.pop()
                _take(found, index.of(around, types))
                for other in named(index.of(around, _OPENINGS), "venue") - seen:
                    seen.add(other)
                    waiting.append(other)
            return found
        case (
            "entity" | "loan" | "case" | "unit" | "surveys" | "answer" | "statistic" | "benchmark" | "occasion" | "voucher" | "internship"
            | "green_channel" | "platform" | "policy" | "project" | "rectification" | "association" | "checklist_item" | "duty"
        ):  # fmt: skip
            found = {}
            _take(found, index.of(subject, types))
            return found
        case _:
            assert_never(kind)


def _base(index: Index, person: Subject, types: Types) -> Chains:
    """A person's own facts with the courses, projects, payments, loans, entities (their life and tenancies) and venues these name."""
    found: Chains = {}
    _take(found, index.of(person, types))
    if CourseOpened in types:
        for course in named(index.of(person, _TRAINEES), "course"):
            _take(found, index.of(course, _COURSES))
    if ProjectCollected in types:
        for project in named(index.of(person, _MATCHES), "project"):
            _take(found, index.of(project, _PROJECTS))
    if SubsidyPaid in types:
        for payment in named(index.of(person, _PAYMENTS), "occasion"):
            _take(found, index.of(payment, _PAYMENTS))  # other reports of it too: the first of them counts, whoever it names
    lending = types & _LENDING
    if lending:
        for loan in named(index.of(person, _APPLICATIONS), "loan"):
            _take(found, index.of(loan, lending))  # other reports of the application too
    of_entities = types & _OF_ENTITIES
    if of_entities:
        for entity in named(index.of(person, _STAFF), "entity"):
            _take(found, index.of(entity, of_entities))
            if VenueOpened in types:
                for venue in named(index.of(entity, _TENANCIES), "venue"):
                    _take(found, index.of(venue, _OPENINGS))
    return found


def founding(index: Index, entity: Subject) -> Sequence[Chain]:
    """What tells whether an entity was founded with help: everything its founders' help and foundings follow from."""
    found: Chains = {}
    for founder in named(index.of(entity, _REGISTRATIONS), "person"):
        found.update(_base(index, founder, FOUNDING))
    return list(found.values())


def _take(found: Chains, chains: Iterable[Chain]) -> None:
    for chain in chains:
        found[chain.service, chain.position] = chain


def named(chains: Iterable[Chain], kind: str) -> set[Subject]:
    """Every subject of a kind that any revision of these chains names."""
    return {subject for chain in chains for content in chain.contents() for subject in content.names.get(kind, ())}


def staff_lists(index: Index, entity: Subject) -> Iterator[Chain]:
    """The staff reports that list persons (one that leaves a person out ends that person's employment), and the head-counts of the same
    days, which may supersede them.
    """
    reports = list(index.of(entity, _STAFF_REPORTS))
    days = {content.key for chain in reports if _lists_persons(chain) for content in chain.contents()}
    return (chain for chain in reports if any(content.key in days for content in chain.contents()))


def _lists_persons(chain: Chain) -> bool:
    return any(isinstance(content.fact, StaffReported) and content.fact.persons is not None for content in chain.contents())


def _supersedes_a_list(index: Index, entity: str, content: Content[Fact]) -> bool:
    lists = staff_lists(index, subject_of("entity", entity))
    return any(each.key == content.key for chain in lists for each in chain.contents())


def touched(index: Index, chain: Chain) -> set[Subject]:
    """Every subject whose figures a chain may change, by any of its revisions. The chain must be in the index already."""
    found: set[Subject] = set()
    type_ = type(chain.first.fact)
    for content in chain.contents():
        for subject in own_subjects(content):
            if kind_of(subject) in _SUBJECT_KINDS:
                found.add(index.canonical(subject))
        found |= _linked_persons(index, content)
        if type_ in _VENUE_FACTS:
            found |= _inner_venues(index, content)
    return found


def _linked_persons(index: Index, content: Content[Fact]) -> set[Subject]:
    """The persons whose history holds this fact through an entity, a course, a project, a payment, a loan or a venue."""
    if type(content.fact) not in _LINKED:
        return set()
    match content.fact:
        case CourseOpened(course=course):
            return named(index.of(subject_of("course", course), _TRAINEES), "person")
        case ProjectCollected(project=project):
            return named(index.of(subject_of("project", project), _MATCHES), "person")
        case LoanApplied(loan=loan) | LoanDisbursed(loan=loan):
            return named(index.of(subject_of("loan", loan), _APPLICATIONS), "person")
        case SubsidyPaid(payment=payment):
            return named(index.of(subject_of("occasion", payment), _PAYMENTS), "person")
        case VenueOpened(venue=venue):
            tenants = named(index.of(subject_of("venue", venue), _TENANCIES), "entity")
            return {person for entity in tenants for person in named(index.of(entity, _STAFF), "person")}
        case StaffReported(persons=None, entity=entity) if not _supersedes_a_list(index, entity, content):
            return set()
        case fact if type(fact) in _LINKING:
            return {person for entity in content.names.get("entity", ()) for person in named(index.of(entity, _STAFF), "person")}
        case _:
            return set()


def founded_by(index: Index, person: Subject) -> set[Subject]:
    """The entities a person founded."""
    return {index.canonical(entity) for entity in named(index.of(person, _REGISTRATIONS), "entity")}


def employed_in(index: Index, entity: Subject) -> set[Subject]:
    """Everyone ever said to be employed in an entity."""
    return named(index.of(entity, _EMPLOYMENT), "person")


def employers(index: Index, person: Subject) -> set[Subject]:
    """Every entity a person was ever said to be employed in."""
    return {index.canonical(entity) for entity in named(index.of(person, _EMPLOYMENT), "entity")}


def _inner_venues(index: Index, content: Content[Fact]) -> set[Subject]:
    """The venues that lie, at any depth, within the one a fact is about."""
    found: set[Subject] = set()
    waiting = list(content.names.get("venue", ()))
    while waiting:
        for inner in named(index.of(waiting.pop(), _OPENINGS), "venue"):
            if inner not in found:
                found.add(inner)
                waiting.append(inner)
    return found
