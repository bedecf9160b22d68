"""What changed between two answers to the same question, and what did it. Field order is the order of the JSON.

Three answers are compared: before, after, and in between what the later day would have brought had nothing more become known. What differs
before and in between happened, fell due or lapsed as the day passed; what differs in between and after follows from what became known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from services.indicators import answers
from services.indicators.answers import BadQuestionError, Question, Snapshot
from services.indicators.api.explain import (
    SUBJECTS_PER_PAGE,
    MeasureRow,
    Opened,
    Said,
    UseRow,
    Way,
    measure_row,
    open_row,
    require_part,
)
from services.indicators.api.persons import Places
from services.indicators.audit.behind import Behind, FactRow, subject_kind
from services.indicators.audit.inputs import Changed, Input, Thing, Use, row_of
from services.indicators.catalog import MEASURES
from services.indicators.measures.kinds import Members, UnitsWhere

if TYPE_CHECKING:
    from services.indicators.audit.counting import Asked, Changes, Held

Change = Literal["came", "left", "changed"]
"""新计入, 不再计入, 计入方式改变."""
Reason = Literal["day", "facts", "input"]
"""因日期推移而发生、到期或失效, 因新知道的事实, 因所用的另一项输入改变（如最近一次调查）."""
Why = Literal["day", "known"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Standing(_Answer):
    """One of the two answers."""

    as_of: date
    known_at: date
    final: bool
    rows: list[answers.Row]


class ThingRow(_Answer):
    """As what a subject counts: which part of the measure, where, and how much."""

    part: str | None
    unit: str | None
    park: str | None
    amount: int


class ReasonFactRow(FactRow):
    """A fact that did it. `known`: it was recorded, voided or corrected between the known days; `day`: the day made it count, or not."""

    why: Why


class MeasureChangeRow(_Answer):
    """A measure before and after; `came`, `left` and `changed` count subjects. `agrees`: both times they come to what the ledger has."""

    measure: str
    words: str
    uses: list[UseRow]
    unit: str
    of: str = Field(description="对象种类 / the kind of its subjects")
    distinct: bool
    day_before: date | None
    day_after: date | None
    before: int
    after: int
    came: int
    left: int
    changed: int
    agrees: bool


class ChangeRow(_Answer):
    """A subject that counts otherwise, why, and the facts that did it."""

    measure: str
    at: str = Field(description="计入的单位 / the unit at which it counts")
    kind: str
    subject: str
    change: Change
    amount_before: int
    amount_after: int
    before: list[ThingRow]
    after: list[ThingRow]
    reasons: list[Reason]
    facts: list[ReasonFactRow]


class Difference(Said):
    """What changed between two answers. `total` counts the subjects that changed, of all measures; `next` is given where more follow."""

    county: str
    unit: str
    positions: dict[str, int]
    before: Standing
    after: Standing
    agrees: bool
    measures: list[MeasureChangeRow]
    total: int
    changes: list[ChangeRow]
    next: str | None = Field(description="下一页从此之后开始 / ask for those after this one")


@dataclass(frozen=True, slots=True)
class WantedChanges:
    """Which row of an indicator, and which page of its changes. `after` is an earlier `next`."""

    variant: str = "default"
    part: str | None = None
    after: str | None = None
    limit: int = SUBJECTS_PER_PAGE


@dataclass(frozen=True, slots=True)
class Between:
    """A row of the board before and after, and what it would be read from had only the day passed: all of one moment."""

    before: Opened
    after: Opened
    by_day: Sequence[Input]

    @property
    def known(self) -> tuple[date, date]:
        """The two known days."""
        return self.before.question.known_at, self.after.question.known_at


def open_between(snapshot: Snapshot, first: Question, last: Question, id: str, wanted: WantedChanges) -> Between:
    """A row before and after. Raises BadQuestionError when there is no such row, or the first answer is the later one."""
    if first.as_of > last.as_of or first.known_at > last.known_at:
        raise BadQuestionError("from_after_to", "from 的日期晚于 to", "a day of `from` lies after that of `to`")
    before, after = (open_row(snapshot, question, id, wanted.variant, wanted.part) for question in (first, last))
    require_part(before, after)
    passed = Question(last.unit, last.as_of, first.known_at)
    return Between(before, after, row_of(snapshot, passed, after.row.indicator, after.row.variant, wanted.part).inputs())


class Key(NamedTuple):
    """What makes inputs of two answers the same one."""

    measure: str
    unit: str
    uses: tuple[Use, ...]


class Turns:
    """The way through the changes of a row's measures, a few at a time. Raises BadQuestionError for a place there is not."""

    def __init__(self, between: Between, after: str | None, places: Places) -> None:
        self.between = between
        self._inputs = [{Key(each.measure, each.unit, each.uses): each for each in inputs} for inputs in (
            between.before.inputs, between.by_day, between.after.inputs,
        )]  # fmt: skip
        self._keys = list(dict.fromkeys((*self._inputs[0], *self._inputs[2])))
        self.way = Way(after, len(self._keys), f"{between.before.asked}|{between.after.asked}", places)
        self._current: tuple[int, Changes] | None = None

    def measures(self, held: "Held") -> list[MeasureChangeRow]:
        """Every measure before and after, with how many subjects changed."""
        return [self._measure(held, number) for number in range(len(self._keys))]

    def reads_otherwise(self, key: Key) -> bool:
        """Whether what became known has other parts of a measure read, or at the end of another day: another survey is the latest."""
        passed, after = self._inputs[1].get(key), self._inputs[2].get(key)
        return passed is None or after is None or (passed.parts, passed.day) != (after.parts, after.day)

    def following(self, held: "Held", limit: int) -> tuple[Key, list[Changed]] | None:
        """The next changes, of one measure; None when there are no more."""
        while self.way.number < len(self._keys):
            changes = self._changes(held, self.way.number)
            found = changes.page(self.way.last(changes.page), limit)
            if found:
                self.way.given(found[-1].name)
                return self._keys[self.way.number], found
            self.way.next_measure()
        return None

    def _asked(self, held: "Held", number: int) -> list["Asked | None"]:
        before, after = self.between.known
        inputs = [by_key.get(self._keys[number]) for by_key in self._inputs]
        return [
            None if each is None else held.as_known(known).of(each) for each, known in zip(inputs, (before, before, after), strict=True)
        ]

    def _changes(self, held: "Held", number: int) -> "Changes":
        if self._current is None or self._current[0] != number:
            self._current = number, held.changes(*self._asked(held, number))
        return self._current[1]

    def _measure(self, held: "Held", number: int) -> MeasureChangeRow:
        key, (before, _, after) = self._keys[number], self._asked(held, number)
        was, is_ = (_measure(opened, key, asked) for opened, asked in ((self.between.before, before), (self.between.after, after)))
        told = was or is_
        assert told is not None, "a measure is read before or after"
        came, left, changed = self._changes(held, number).counts()
        return MeasureChangeRow(
            measure=key.measure, words=told.words, uses=told.uses, unit=key.unit, of=told.of, distinct=told.distinct,
            day_before=was.day if was else None, day_after=is_.day if is_ else None, before=was.amount if was else 0,
            after=is_.amount if is_ else 0, came=came, left=left, changed=changed, agrees=all(each.agrees for each in (was, is_) if each),
        )  # fmt: skip


def change_row(key: Key, changed: Changed, behind: Behind, turns: Turns) -> ChangeRow:
    """A subject that counts otherwise, and the facts that did it."""
    measure = MEASURES[key.measure]
    distinct = isinstance(measure, Members | UnitsWhere)
    facts = list(_facts(key, changed, behind, turns))
    return ChangeRow(
        measure=key.measure, at=key.unit, kind=subject_kind(measure), subject=changed.name,
        change="came" if not changed.before else "left" if not changed.after else "changed",
        amount_before=_amount(changed.before, distinct=distinct), amount_after=_amount(changed.after, distinct=distinct),
        before=list(map(_thing, changed.before)), after=list(map(_thing, changed.after)),
        reasons=list(_reasons(changed, facts)), facts=facts,
    )  # fmt: skip


def _reasons(changed: Changed, facts: Sequence[ReasonFactRow]) -> Iterator[Reason]:
    if changed.before != changed.by_day:
        yield "day"
    if changed.by_day != changed.after:
        yield "facts" if any(fact.why == "known" for fact in facts) else "input"


def _facts(key: Key, changed: Changed, behind: Behind, turns: Turns) -> Iterator[ReasonFactRow]:
    """The facts that became known between the known days, where they changed anything (its own, else those about units); and those that
    the day made count or not.
    """
    known_before, known_after = turns.between.known
    first, last = turns.between.before.question.as_of, turns.between.after.question.as_of
    history = behind.facts(MEASURES[key.measure], changed.name, known_after)
    new = [fact for fact in history if _became_known(fact, known_before)]
    if changed.by_day != changed.after:
        of_units = [] if new or turns.reads_otherwise(key) else behind.unit_facts(known_after)
        found = new or [fact for fact in of_units if _became_known(fact, known_before)]
        yield from (ReasonFactRow(**dict(fact), why="known") for fact in found)
    if changed.before != changed.by_day:
        there = [fact for fact in history if fact.state == "in_force" and fact not in new]
        happened = [fact for fact in there if first < fact.occurred <= last]
        yield from (ReasonFactRow(**dict(fact), why="day") for fact in happened or there)


def _became_known(fact: FactRow, before: date) -> bool:
    return fact.known > before or any(each.known > before for each in fact.amendments)


def _measure(opened: Opened, key: Key, asked: "Asked | None") -> MeasureRow | None:
    for each, ledger in zip(opened.inputs, opened.ledger, strict=True):
        if asked is not None and Key(each.measure, each.unit, each.uses) == key:
            return measure_row(each, ledger, asked.amounts(), 0)
    return None


def _amount(things: Sequence[Thing], *, distinct: bool) -> int:
    return len({each.part for each in things}) if distinct else sum(each.amount for each in things)


def _thing(thing: Thing) -> ThingRow:
    return ThingRow(part=thing.part, unit=thing.unit, park=thing.park, amount=thing.amount)
