"""An evaluation as an answer: what each item scored and why, sums, gaps, evidence and what is to be put right.

A contract that other programs and published documents rely on: field order is the order of the JSON, and the same inputs give the same
bytes. Nothing in it tells when or where it was made.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from services.indicators.answers import DecimalText
from services.indicators.evaluation.duties import State
from services.indicators.evaluation.plan import System
from services.indicators.evaluation.rules import Outcome
from services.indicators.evaluation.sheet import Rule
from services.indicators.evaluation.status import Op, Status

SCHEMA: Literal["kaiye.evaluation/1"] = "kaiye.evaluation/1"
"""Rises whenever the same inputs would give other bytes."""

Verdict = Literal["passed", "not_passed", "vetoed", "undecided"]
"""达标, 未达标, 一票否决, 未定 (nothing can be scored yet, or a veto is unknown)."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Part):
    """A file the evaluation stands on: its name and the SHA-256 of its bytes."""

    name: str
    digest: str


class FigureScored(_Part):
    """The row of the board an item is about, as of the evaluation's day; `kaiye indicator` asks for the same."""

    indicator: str
    variant: str
    part: str | None
    definition: str
    effective_as_of: date | None
    value: DecimalText | None
    op: Op | None
    reach: DecimalText | None
    benchmark: DecimalText | None
    baseline: DecimalText | None
    status: Status | None
    incomplete: int


class DutyScored(_Part):
    """Those who owe the duty an item is about, and how many of them had it accepted by its day, had not, or still may."""

    duty: str
    owing: int
    in_time: int
    late: int
    open: int


class ScoredItem(_Part):
    """One item. `points` is null for a veto; `lost` is what counts as lost, and nothing for what is left out, a bonus or a veto."""

    id: str
    system: System
    clause: str
    zh: str
    en: str
    rule: Rule
    points: DecimalText | None
    outcome: Outcome
    score: DecimalText
    lost: DecimalText
    reason_zh: str
    reason_en: str
    figure: FigureScored | None
    duty: DutyScored | None


class SystemScore(_Part):
    """One of the plan's five systems: points = attainable + not_due + not_applicable, attainable = score + lost, bonuses apart."""

    system: System
    name: str
    points: DecimalText
    attainable: DecimalText
    score: DecimalText
    lost: DecimalText
    bonus: DecimalText
    not_due: DecimalText
    not_applicable: DecimalText


class Gap(_Part):
    """查漏补缺: an item that lost points."""

    item: str
    system: System
    zh: str
    en: str
    outcome: Outcome
    lost: DecimalText
    reason_zh: str
    reason_en: str


class Reference(_Part):
    """A document that was shown: its number and, where it was given, the SHA-256 of its file."""

    document: str
    sha256: str | None


class DutyShown(_Part):
    """Who owes a duty, how far it has come, and the documents shown for it."""

    party: str
    name: str
    state: State
    since: date | None
    late: bool
    references: list[Reference]


class EvidenceItem(_Part):
    """What is to be shown for an item, and where it is found: the figure's row, or who showed the duty."""

    item: str
    zh: str
    en: str
    wanted: str
    indicator: str | None
    variant: str | None
    part: str | None
    duty: str | None
    shown: list[DutyShown]


class EvidenceOfSystem(_Part):
    """佐证材料 of one of the plan's five systems."""

    system: System
    name: str
    items: list[EvidenceItem]


class Rectification(_Part):
    """整改: what was missed, is behind or unknown, who answers for it, and by when it has to be put right."""

    item: str
    system: System
    clause: str
    zh: str
    en: str
    state: Literal["missed", "behind", "unknown"]
    party: str
    name: str
    by: date
    lost: DecimalText
    reason_zh: str
    reason_en: str


class Evaluation(_Part):
    """考评结果: a rehearsal (模拟考评) or the evaluation itself (考评验收).

    `points` is the sheet's total; attainable is what is left of it without what is not due or does not apply. `share` is (score + bonus)
    ÷ attainable, null when nothing is attainable. `gaps` are in the order of the points lost, everything else in that of the sheet.
    """

    document: Literal["kaiye.evaluation/1"]
    rehearsal: bool
    county: str
    unit: str
    as_of: date
    known_at: date
    final: bool
    positions: dict[str, int]
    plan: Source
    sheet: Source
    definitions: str
    verdict: Verdict
    pass_share: DecimalText
    share: DecimalText | None
    points: DecimalText
    attainable: DecimalText
    score: DecimalText
    lost: DecimalText
    bonus: DecimalText
    not_due: DecimalText
    not_applicable: DecimalText
    vetoes: list[str]
    systems: list[SystemScore]
    items: list[ScoredItem]
    gaps: list[Gap]
    evidence: list[EvidenceOfSystem]
    rectifications: list[Rectification]


def evaluation_bytes(evaluation: Evaluation) -> bytes:
    """The evaluation as it is answered, published and kept: fields in the order of their declaration, no blanks, UTF-8."""
    return to_json(evaluation, by_alias=True)
