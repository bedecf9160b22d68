"""The flags (疑点) of one unit: which stand as of a day, as known on a day, and in which state, page by page.

Field order is the order of the JSON.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.indicators.answers import BadQuestionError, Question, Snapshot
from services.indicators.api.persons import PSEUDONYM_SHOWN, masked_text
from services.indicators.flags.book import FlagBook, Ruling
from services.indicators.flags.catalogue import FLAG_KINDS, KINDS_BY_CODE
from services.indicators.flags.kinds import FlagKind, Place
from services.indicators.flags.timeline import Raised
from services.indicators.history import Chain
from services.indicators.places import UnitTree
from shared.contracts.base import SERVICES, Subject
from shared.contracts.envelope import Source
from shared.contracts.registry import FlagConfirmed

State = Literal["open", "confirmed", "dismissed"]
STATES: Final[tuple[State, ...]] = ("open", "confirmed", "dismissed")
FLAGS_PER_PAGE: Final = 100
FLAGS_PER_PAGE_MAX: Final = 1_000


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KindRow(_Table):
    """A kind of flag: what is odd, what becomes of such facts in the figures, and how many are in each state over all pages."""

    kind: str
    zh: str
    en: str
    ruling: str = Field(description="对指标的处理 / what becomes of the fact in the figures")
    open: int = 0
    confirmed: int = 0
    dismissed: int = 0


class DepartmentRow(_Table):
    """A department, and how many flags in each state are raised on facts that it reported."""

    department: str
    open: int = 0
    confirmed: int = 0
    dismissed: int = 0


class FactName(_Table):
    """A recorded fact, by its service, source and id; its day is the one it reads now."""

    service: str
    source: str
    id: str
    position: int
    type: str
    occurred: date


class RulingRow(_Table):
    """The office's last word on a flag: what was said, when, by which of its systems, and why."""

    ruling: str
    occurred: date
    recorded: str = Field(description="记录时刻 / when it was recorded")
    by: str = Field(description="认定者：总线所认的来源 / who ruled, as the bus knew them: /county/department/system")
    note: str


class FlagRow(_Table):
    """A flag, raised on one fact. `flag` is its name for good: the kind, and the fact's service, source and id."""

    flag: str
    kind: str
    state: State
    since: date = Field(description="起始已知日 / the known day from which it stands")
    day: date = Field(description="有关事实中最晚的一日 / the last day of the facts concerned")
    department: str = Field(description="报送部门 / who reported the fact")
    unit: str | None
    park: str | None
    fact: FactName
    others: list[FactName] = Field(description="使其存疑的其他事实 / the facts that make it odd")
    about: list[str] = Field(description="所涉对象，人员已脱敏 / the things concerned; persons are masked")
    ruling: RulingRow | None = Field(description="创建办的认定 / the office's ruling")


class Flags(_Table):
    """Flags by kind and in the order of recording, with counts over all pages. `next` is given where more follow."""

    county: str
    unit: str
    as_of: date
    known_at: date
    final: bool
    positions: dict[str, int]
    total: int
    kinds: list[KindRow]
    departments: list[DepartmentRow]
    flags: list[FlagRow]
    next: str | None = Field(
        description="下一页从此之后开始；若该页的 positions 有变而已知日未 final，列表可能已变，应从头再取 / "
        "ask for those after this one; where the `positions` of that page are others and the known day is not final, begin again"
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flags. `after` names the last flag of the page before."""

    kind: str | None = None
    department: str | None = None
    state: State | None = None
    after: str | None = None
    limit: int = FLAGS_PER_PAGE


@dataclass(frozen=True, slots=True)
class _Flag:
    raised: Raised
    ruling: Ruling | None

    @property
    def state(self) -> State:
        if self.ruling is None:
            return "open"
        return "confirmed" if isinstance(self.ruling.fact, FlagConfirmed) else "dismissed"

    @property
    def department(self) -> str:
        return Source.parse(self.raised.on.source).department


def flags(book: FlagBook, snapshot: Snapshot, question: Question, wanted: Wanted) -> Flags:
    """One page of a unit's flags. Raises BadQuestionError for a kind, or a flag to go on after, that there is not."""
    if wanted.kind is not None and wanted.kind not in KINDS_BY_CODE:
        raise BadQuestionError(
            "unknown_flag_kind", f"没有这类疑点：{wanted.kind}，应为 {'、'.join(KINDS_BY_CODE)} 之一",
            f"there is no kind of flag {wanted.kind}: one of {', '.join(KINDS_BY_CODE)}",
        )  # fmt: skip
    known = question.known_at.toordinal()
    tree = snapshot.trees.at(known)
    day = min(question.as_of.toordinal(), tree.units[question.unit].ended - 1)
    here = [
        _Flag(each, book.ruling(each, day, known)) for each in _united(book.standing(known)) if each.day <= day
        and wanted.kind in (None, each.kind.code) and _counts(tree, each, question.unit, day)
    ]  # fmt: skip
    chosen = [
        each for each in here if wanted.department in (None, each.department) and wanted.state in (None, each.state)
    ]  # fmt: skip
    chosen.sort(key=lambda each: _order(each.raised.kind, each.raised.place))
    start = 0 if wanted.after is None else _count_up_to(chosen, _place_of(book, wanted.after))
    page = chosen[start : start + wanted.limit]
    return Flags(
        county=snapshot.plan.county, unit=question.unit, as_of=question.as_of, known_at=question.known_at,
        final=snapshot.final(question.known_at), positions=dict(snapshot.positions), total=len(chosen), kinds=list(_by_kind(chosen)),
        departments=list(_by_department(chosen)), flags=[_row(each, known) for each in page],
        next=name_of(page[-1].raised) if start + len(page) < len(chosen) else None,
    )  # fmt: skip


def name_of(flag: Raised) -> str:
    """The name of a flag: kind, service, source and id of the fact, which never change."""
    return f"{flag.kind.code}:{SERVICES[flag.on.service]}:{flag.on.source}:{flag.on.id}"


def _united(flags: Iterable[Raised]) -> Iterator[Raised]:
    """One flag per fact: a fact about several people may be odd for each."""
    by_fact: dict[tuple[str, Place], list[Raised]] = {}
    for flag in flags:
        by_fact.setdefault((flag.kind.code, flag.place), []).append(flag)
    for found in by_fact.values():
        found.sort(key=lambda flag: flag.about)  # in whichever order the histories were looked into
        yield reduce(_together, found)


def _together(flag: Raised, other: Raised) -> Raised:
    return replace(
        flag, others=_all((*flag.others, *other.others)), about=tuple(dict.fromkeys((*flag.about, *other.about))),
        day=max(flag.day, other.day), since=min(flag.since, other.since),
    )  # fmt: skip


def _all(chains: Iterable[Chain]) -> tuple[Chain, ...]:
    by_place = {(chain.service, chain.position): chain for chain in chains}
    return tuple(by_place[place] for place in sorted(by_place))


def _counts(tree: UnitTree, flag: Raised, unit: str, day: int) -> bool:
    """Whether what it is about counts for a unit at the end of a day; without a place it counts for the county."""
    return unit == tree.county or any(piece.start <= day < piece.end and unit in piece.codes for piece in tree.places(flag.unit, flag.park))


def _order(kind: FlagKind, place: Place) -> tuple[int, Place]:
    return FLAG_KINDS.index(kind), place


def _place_of(book: FlagBook, name: str) -> tuple[int, Place]:
    """Where a flag stands in the order, whether or not it still does."""
    kind, _, rest = name.partition(":")
    service, _, rest = rest.partition(":")
    source, _, id = rest.partition(":")
    chain = book.report(SERVICES.index(service), source, id) if service in SERVICES else None
    if kind not in KINDS_BY_CODE or chain is None:
        raise BadQuestionError("unknown_flag", f"没有这个疑点：{name}", f"there is no flag {name}")
    return _order(KINDS_BY_CODE[kind], (chain.service, chain.position))


def _count_up_to(chosen: Sequence[_Flag], last: tuple[int, Place]) -> int:
    return sum(_order(each.raised.kind, each.raised.place) <= last for each in chosen)


def _by_kind(chosen: Sequence[_Flag]) -> Iterator[KindRow]:
    counts = Counter((each.raised.kind.code, each.state) for each in chosen)
    for kind in FLAG_KINDS:
        states = {state: counts[kind.code, state] for state in STATES}
        yield KindRow(kind=kind.code, zh=kind.zh, en=kind.en, ruling=f"{kind.ruling_zh} / {kind.ruling_en}", **states)


def _by_department(chosen: Sequence[_Flag]) -> Iterator[DepartmentRow]:
    counts = Counter((each.department, each.state) for each in chosen)
    for department in sorted({department for department, _ in counts}):
        yield DepartmentRow(department=department, **{state: counts[department, state] for state in STATES})


def _row(flag: _Flag, known: int) -> FlagRow:
    raised, ruling = flag.raised, flag.ruling
    return FlagRow(
        flag=name_of(raised), kind=raised.kind.code, state=flag.state, since=date.fromordinal(raised.since),
        day=date.fromordinal(raised.day), department=flag.department, unit=raised.unit, park=raised.park, fact=_fact(raised.on, known),
        others=[_fact(other, known) for other in raised.others], about=[masked(subject) for subject in raised.about],
        ruling=None if ruling is None else RulingRow(
            ruling=ruling.fact.ruling, occurred=date.fromordinal(ruling.day), recorded=ruling.recorded, by=ruling.source,
            note=masked_text(ruling.fact.note),
        ),
    )  # fmt: skip


def _fact(chain: Chain, known: int) -> FactName:
    content = chain.at(known) or chain.first
    return FactName(
        service=SERVICES[chain.service], source=chain.source, id=chain.id, position=chain.position, type=content.fact.type,
        occurred=date.fromordinal(content.day),
    )  # fmt: skip


def masked(subject: Subject) -> str:
    """A subject as lists show it: of a person only the first characters of the pseudonym."""
    kind, _, identifier = subject.partition(":")
    return f"{kind}:{identifier[:PSEUDONYM_SHOWN]}***" if kind == "person" else subject
