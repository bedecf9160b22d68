"""A figure opened: its formula, the measures it is read from, of each the subjects that count, and of each subject the facts.

Field order is the order of the JSON.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from services.indicators import answers
from services.indicators.answers import BEING_REBUILT, BadQuestionError, Question, Snapshot, board
from services.indicators.api.duties import DutyRow
from services.indicators.api.persons import UNKNOWN_PLACE, Named, Places
from services.indicators.audit.behind import Behind, FactRow, reported_by, subject_kind
from services.indicators.audit.inputs import Amounts, Input, Role, Row, Subject, row_of, variant_of
from services.indicators.catalog import MEASURES, indicator, measures_in
from services.indicators.formula_words import formula, measure_words
from services.indicators.meanings import relation_words, variant_zh
from services.indicators.measures.kinds import Members, UnitsWhere
from services.indicators.words import VARIANTS_ZH
from shared.contracts import FACTS

if TYPE_CHECKING:
    from services.indicators.audit.counting import Held

SUBJECTS_PER_PAGE: Final = 100
SUBJECTS_PER_PAGE_MAX: Final = 1_000
PARTS_NAMED_MAX: Final = 10
"""Whoever asks for a part that there is not is told so many that there are."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UseRow(_Answer):
    """What a measure is to the figure: above or below the line, duties that are not accepted, the cohort shown by part, what says which
    parts count, what could not be taken in, the national average beside it; and with which sign.
    """

    role: Role
    sign: int


class PartRow(_Answer):
    """What a part of a measure comes to, by the ledger and by its subjects."""

    part: str | None
    ledger: int
    counted: int


class MeasureRow(_Answer):
    """A measure the figure is read from: `amount` is the ledger's, `counted` what its subjects come to; they agree in every part."""

    measure: str
    words: str = Field(description="度量的含义 / what it counts")
    uses: list[UseRow]
    unit: str
    day: date
    of: str = Field(description="对象种类 / the kind of its subjects")
    distinct: bool = Field(description="每个对象只计一次 / each subject counts once")
    parts: list[str] | None = Field(description="计入的部分，空为全部 / the parts that count; none: all of them")
    amount: int
    counted: int
    subjects: int
    agrees: bool
    differences: list[PartRow] = Field(description="两者不符的部分 / the parts in which the two differ")


class CountingRow(_Answer):
    """As what a subject counts: which part of the measure, since which day, where, and how much."""

    part: str | None
    since: date
    unit: str | None
    park: str | None
    amount: int


class SubjectRow(_Answer):
    """A subject that counts, with the facts of its history that the measure reads."""

    measure: str
    at: str = Field(description="计入的单位 / the unit at which it counts")
    day: date
    kind: str
    subject: str
    amount: int
    counting: list[CountingRow]
    facts: list[FactRow]


class Said(_Answer):
    """What an indicator's row means: its names, the plan's clause and sentence, and its formula in words."""

    id: str
    zh: str
    en: str
    clause: str
    quote: str
    variant: str
    variant_zh: str
    part: str | None
    meaning_zh: str
    meaning: str
    formula: str = Field(description="公式 / its formula, in words")


class Explanation(Said):
    """A row of the board opened. `agrees`: what the subjects of every measure come to is what the ledger has. `total` counts the subjects
    of all measures (or of those asked for); `next` is given where more follow.
    """

    county: str
    unit: str
    as_of: date
    known_at: date
    final: bool
    positions: dict[str, int]
    rows: list[answers.Row]
    agrees: bool
    measures: list[MeasureRow]
    duties: list[DutyRow] = Field(description="所依据的任务 / the duties it is about, where it is about any")
    total: int
    subjects: list[SubjectRow]
    next: str | None = Field(description="下一页从此之后开始 / ask for those after this one")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which row of an indicator, and which of the subjects and facts behind it; None narrows nothing. `after` is an earlier `next`."""

    variant: str = "default"
    part: str | None = None
    measure: str | None = None
    subject: str | None = None
    department: str | None = None
    fact: str | None = None
    after: str | None = None
    limit: int = SUBJECTS_PER_PAGE

    def among(self, facts: Iterable[FactRow]) -> list[FactRow]:
        """The facts that are wanted."""
        return [
            fact for fact in facts
            if self.fact in (None, fact.type) and (self.department is None or self.department in reported_by(fact))
        ]  # fmt: skip

    @property
    def chooses_facts(self) -> bool:
        """Whether only some facts are wanted, and of the subjects only those that have any."""
        return self.fact is not None or self.department is not None


@dataclass(frozen=True, slots=True)
class Opened:
    """A row of the board, what it is read from, and what the ledger has of each: all of one moment."""

    question: Question
    row: Row
    rows: list[answers.Row]
    inputs: list[Input]
    ledger: list[Amounts]
    parts: list[str]
    """All parts that the row has, whichever was asked for."""

    @property
    def asked(self) -> str:
        """What is asked, in one text."""
        question = self.question
        return f"{question.unit}|{self.row.indicator.id}|{self.row.variant.name}|{question.as_of}|{question.known_at}"


def open_row(snapshot: Snapshot, question: Question, id: str, variant: str, part: str | None) -> Opened:
    """A row with what it is read from. Raises BadQuestionError when a unit of its kind has no such row, and while any of its measures is
    being rebuilt. Whether there is such a part is asked by `require_part`.
    """
    shown = board(snapshot, question, only=id).indicators
    chosen = indicator(id)
    reading = variant_of(chosen, variant)
    rows = [row for row in shown if row.variant == variant]
    if not rows:
        raise BadQuestionError(
            "not_for_unit", f"{id} {variant} 不适用于单位 {question.unit}", f"{id} {variant} does not apply to the unit {question.unit}"
        )
    parts = [row.part for row in rows if row.part is not None]
    rows = [row for row in rows if part in (None, row.part)]
    row = row_of(snapshot, question, chosen, reading, part)
    inputs = row.inputs()
    if any(measure.name in snapshot.being_rebuilt for measure in measures_in(reading)):
        raise BadQuestionError("being_rebuilt", *BEING_REBUILT)
    return Opened(question, row, rows, inputs, [read(snapshot, question, each) for each in inputs], parts)


def require_part(*opened: Opened) -> None:
    """Raises BadQuestionError when a part is asked for that none of them has."""
    row = opened[0].row
    if row.part is not None and not any(each.rows for each in opened):
        id, variant = row.indicator.id, row.variant.name
        zh, en = parts_there_are(list(dict.fromkeys(part for each in opened for part in each.parts)))
        raise BadQuestionError("unknown_part", f"{id} {variant} 没有分项 {row.part}，{zh}", f"{id} {variant} has no part {row.part}, {en}")


def parts_there_are(parts: list[str]) -> tuple[str, str]:
    """In Chinese and in English."""
    if not parts:
        return "它不分项", "nor any other"
    shown, more = parts[:PARTS_NAMED_MAX], len(parts) - PARTS_NAMED_MAX
    more_zh, more_en = (f" 等 {len(parts)} 项", f" and {more} more") if more > 0 else ("", "")
    return f"只有 {'、'.join(shown)}{more_zh}", f"but {', '.join(shown)}{more_en}"


def read(snapshot: Snapshot, question: Question, asked: Input) -> Amounts:
    """What the ledger has of an input, part by part."""
    return dict(snapshot.balances.by_part(asked.measure, asked.unit, asked.day, question.known_at.toordinal()))


def said(row: Row) -> dict[str, Any]:
    """What a row means: the fields of `Said`."""
    chosen, variant = row.indicator, row.variant
    return {
        "id": chosen.id, "zh": chosen.zh, "en": chosen.en, "clause": chosen.clause, "quote": chosen.quote, "variant": variant.name,
        "variant_zh": VARIANTS_ZH[variant.name], "part": row.part, "meaning_zh": variant_zh(chosen, variant), "meaning": variant.meaning,
        "formula": formula(variant.figure),
    }  # fmt: skip


def measure_rows(opened: Opened, held: "Held") -> list[MeasureRow]:
    """Every measure of a row, with what its subjects come to beside what the ledger has."""
    known = held.as_known(opened.question.known_at)
    rows = []
    for asked, ledger in zip(opened.inputs, opened.ledger, strict=True):
        there = known.of(asked)
        counted = there.amounts()
        rows.append(measure_row(asked, ledger, counted, there.subjects()))
    return rows


def measure_row(asked: Input, ledger: Amounts, counted: Amounts, subjects: int) -> MeasureRow:
    """A measure with what its subjects come to beside what the ledger has."""
    measure = MEASURES[asked.measure]
    differences = [part for part in sorted({*ledger, *counted}, key=str) if ledger.get(part, 0) != counted.get(part, 0)]
    return MeasureRow(
        measure=asked.measure, words=measure_words(measure, relation_words),
        uses=[UseRow(role=use.role, sign=use.sign) for use in asked.uses],
        unit=asked.unit, day=date.fromordinal(asked.day), of=subject_kind(measure), distinct=isinstance(measure, Members | UnitsWhere),
        parts=None if asked.parts is None else sorted(asked.parts), amount=_of_parts(ledger, asked), counted=_of_parts(counted, asked),
        subjects=subjects, agrees=not differences,
        differences=[PartRow(part=part, ledger=ledger.get(part, 0), counted=counted.get(part, 0)) for part in differences],
    )  # fmt: skip


def _of_parts(amounts: Amounts, asked: Input) -> int:
    return sum(amount for part, amount in amounts.items() if asked.parts is None or part in asked.parts)


def subject_row(asked: Input, subject: Subject, behind: Behind, known: date, wanted: Wanted) -> SubjectRow | None:
    """A subject with the facts wanted of its history; None where facts are wanted of which it has none."""
    measure = MEASURES[asked.measure]
    facts = wanted.among(behind.facts(measure, subject.name, known))
    if wanted.chooses_facts and not facts:
        return None
    return SubjectRow(
        measure=asked.measure, at=asked.unit, day=date.fromordinal(asked.day), kind=subject_kind(measure), subject=subject.name,
        amount=subject.amount, facts=facts,
        counting=[
            CountingRow(part=each.part, since=each.since, unit=each.unit, park=each.park, amount=each.amount) for each in subject.counting
        ],
    )  # fmt: skip


class Way:
    """How far somebody has come through the measures of an answer and the subjects of each; pages begin and end at places of it."""

    def __init__(self, after: str | None, measures: int, asked: str, places: Places) -> None:
        """Raises BadQuestionError for a place there is not."""
        self.number, self._place = _place_after(after, measures)
        """`number`: of the measure whose subjects were given last."""
        self._last: str | None = None
        self._asked = asked
        self._places = places

    def last(self, page: Callable[[str, int], Sequence[Named]]) -> str:
        """After which subject of the measure to go on: one of those that `page` gives after another. Raises BadQuestionError where the
        place is none's any more.
        """
        if self._last is None:
            self._last = self._places.name_at(self._place, self._asked, page)
        return self._last

    def given(self, subject: str) -> None:
        """The last one of the measure that was given."""
        self._last = subject

    def next_measure(self) -> None:
        """Nothing of this one follows."""
        self.number, self._last = self.number + 1, ""

    def place(self, number: int, subject: str) -> str:
        """Where a subject of a measure stands."""
        return f"{number}:{self._places.of(subject, self._asked)}"


def _place_after(after: str | None, measures: int) -> tuple[int, str]:
    if after is None:
        return 0, ""
    number, colon, place = after.partition(":")
    if not colon or not number.isdecimal() or int(number) >= measures:
        raise BadQuestionError(UNKNOWN_PLACE, f"没有这一位置：{after}", f"there is no such place to go on after: {after}")
    return int(number), place


class Paging:
    """The way through the subjects of a row's measures, a few at a time. Raises BadQuestionError for a measure or a place there is not."""

    def __init__(self, opened: Opened, wanted: Wanted, behind: Behind, places: Places) -> None:
        self.wanted = wanted
        self.known = opened.question.known_at
        self.way = Way(wanted.after, len(opened.inputs), opened.asked, places)
        self._inputs = opened.inputs
        if wanted.measure is not None and wanted.measure not in {each.measure for each in opened.inputs}:
            there = ", ".join(dict.fromkeys(each.measure for each in opened.inputs))
            raise BadQuestionError(
                "unknown_measure", f"这一数值不用度量 {wanted.measure}，用到的有：{there}",
                f"this figure is not read from the measure {wanted.measure}; it is read from {there}",
            )  # fmt: skip
        self._among = [_among(each, wanted, behind, self.known) for each in opened.inputs]

    def following(self, held: "Held", limit: int) -> tuple[Input, list[Subject]] | None:
        """The next subjects, of one measure; None when there are no more."""
        while self.way.number < len(self._inputs):
            asked, among = self._inputs[self.way.number], self._among[self.way.number]
            subjects = held.as_known(self.known).of(asked)
            last = self.way.last(partial(subjects.page, among=None))
            found = [] if among == _NOBODY else subjects.page(last, limit, among)
            if found:
                self.way.given(found[-1].name)
                return asked, found
            self.way.next_measure()
        return None

    def total(self, held: "Held") -> int:
        """How many subjects there are, whichever facts are wanted."""
        known = held.as_known(self.known)
        wanted = (pair for pair in zip(self._inputs, self._among, strict=True) if pair[1] != _NOBODY)
        return sum(known.of(asked).subjects(among) for asked, among in wanted)


_NOBODY: frozenset[str] = frozenset()


def _among(asked: Input, wanted: Wanted, behind: Behind, known: date) -> frozenset[str] | None:
    """The subjects wanted of a measure, as known on a day; None: all."""
    if wanted.measure not in (None, asked.measure):
        return _NOBODY
    if wanted.subject is None:
        return None
    kind, colon, name = wanted.subject.partition(":")
    if colon and kind != subject_kind(MEASURES[asked.measure]):
        return _NOBODY
    return behind.codes(MEASURES[asked.measure], name if colon else kind, known)


def require_fact_type(type_: str | None) -> None:
    """Raises BadQuestionError for a type of fact that there is not."""
    if type_ is not None and type_ not in {fact.type for fact in FACTS}:
        raise BadQuestionError("unknown_fact_type", f"没有这类事实：{type_}", f"there is no type of fact {type_}")
