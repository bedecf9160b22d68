"""The evaluation (模拟考评 and 考评验收 are one function): a scoring sheet held against the answers of one moment. Pure, in exact decimals.

How a single item scores: `rules`. Here points are given out, added up, and what they say is listed: gaps, evidence, rectifications.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from math import floor
from typing import Final, Literal, NamedTuple

from services.indicators.answers import Board, Row
from services.indicators.api.duties import DutyRow
from services.indicators.catalog import Release, digest_of
from services.indicators.catalog.duties import DUTY_STANDINGS
from services.indicators.evaluation.display import value_text
from services.indicators.evaluation.evaluation import (
    SCHEMA,
    DutyScored,
    DutyShown,
    Evaluation,
    EvidenceItem,
    EvidenceOfSystem,
    FigureScored,
    Gap,
    Rectification,
    Reference,
    ScoredItem,
    Source,
    SystemScore,
    Verdict,
)
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.rules import Asked, Outcome, Standing, stand, target_of
from services.indicators.evaluation.sheet import APART, POINT_PLACES, Item, Sheet
from services.indicators.evaluation.shown import Shown

_STEP: Final = Decimal(1).scaleb(-POINT_PLACES)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything an evaluation follows from: answers of one moment about one unit, the plan they were judged by, and the sheet.

    `plan_digest` and `sheet_digest` are the SHA-256 of the files' bytes.
    """

    board: Board
    duties: Sequence[DutyRow]
    plan: Plan
    plan_digest: str
    sheet: Sheet
    sheet_digest: str
    rehearsal: bool
    shown: Shown
    """The documents shown for duties."""
    release: Release
    """By whose declarations the answers are."""

    @property
    def asked(self) -> Asked:
        """What items are held against."""
        return Asked(self.board, self.duties, self.plan, self.release.judged)


class Scored(NamedTuple):
    """An item, where it stands, and the points it earned."""

    item: Item
    row: Row | None
    owing: Sequence[DutyRow]
    standing: Standing
    score: Decimal

    @property
    def points(self) -> Decimal:
        """What the item is worth."""
        return self.item.points or _ZERO

    @property
    def counts(self) -> bool:
        """Whether its points are among those that can be attained now."""
        return self.item.rule not in APART and self.standing.outcome not in ("not_due", "not_applicable")

    @property
    def lost(self) -> Decimal:
        """The points lost."""
        return self.points - self.score if self.counts else _ZERO


def evaluate(inputs: Inputs) -> Evaluation:
    """The evaluation. The same inputs give the same bytes."""
    sheet, board = inputs.sheet, inputs.board
    scored = list(_scored(inputs))
    total = _sums(scored)
    share = Fraction(total.score + total.bonus) / Fraction(total.attainable) if total.attainable else None
    return Evaluation(
        document=SCHEMA, rehearsal=inputs.rehearsal, county=board.county, unit=board.unit, as_of=board.as_of, known_at=board.known_at,
        final=board.final, positions=board.positions, plan=Source(name=inputs.plan.title, digest=inputs.plan_digest),
        sheet=Source(name=sheet.name, digest=inputs.sheet_digest), definitions=_definitions(scored, inputs.release),
        verdict=_verdict(scored, share, Fraction(sheet.pass_share)), pass_share=value_text(Fraction(sheet.pass_share)),
        share=None if share is None else value_text(share), points=points_text(sheet.points), **total.texts(),
        vetoes=[each.item.id for each in scored if each.item.rule == "veto" and each.standing.outcome == "none"],
        systems=list(_systems(sheet, scored)), items=[_item(each) for each in scored],
        gaps=list(_gaps(scored)), evidence=list(_evidence(inputs, scored)), rectifications=list(_rectifications(inputs, scored)),
    )  # fmt: skip


def _scored(inputs: Inputs) -> Iterator[Scored]:
    rows = {(row.id, row.variant, row.part): row for row in inputs.board.indicators}
    asked = inputs.asked
    for item in inputs.sheet.items:
        row = None if item.indicator is None else rows.get((item.indicator, item.variant, item.part))
        owing = [duty for duty in inputs.duties if duty.duty == item.duty]
        standing = stand(item, row, owing, asked)
        steps = Fraction(item.points or 0) * standing.share / Fraction(_STEP)
        yield Scored(item, row, owing, standing, floor(steps) * _STEP)


# ---- sums


class Total(NamedTuple):
    """Points added up: attainable = score + lost, and what is left out of it."""

    attainable: Decimal
    score: Decimal
    lost: Decimal
    bonus: Decimal
    not_due: Decimal
    not_applicable: Decimal

    def texts(self) -> dict[str, str]:
        """The same as they stand in JSON."""
        return {name: points_text(points) for name, points in self._asdict().items()}


def points_text(points: Decimal) -> str:
    """Points as they stand in JSON."""
    return str(points.quantize(_STEP))


def _sums(scored: Iterable[Scored]) -> Total:
    each = list(scored)
    main = [one for one in each if one.item.rule not in APART]

    def of(outcome: Outcome) -> Decimal:
        return sum((one.points for one in main if one.standing.outcome == outcome), _ZERO)

    return Total(
        attainable=sum((one.points for one in each if one.counts), _ZERO), score=sum((one.score for one in main), _ZERO),
        lost=sum((one.lost for one in each), _ZERO), bonus=sum((one.score for one in each if one.item.rule == "bonus"), _ZERO),
        not_due=of("not_due"), not_applicable=of("not_applicable"),
    )  # fmt: skip


def _systems(sheet: Sheet, scored: Sequence[Scored]) -> Iterator[SystemScore]:
    for system in sheet.systems:
        total = _sums(each for each in scored if each.item.system == system.system)
        yield SystemScore(system=system.system, name=system.name, points=points_text(system.points), **total.texts())


def _verdict(scored: Iterable[Scored], share: Fraction | None, pass_share: Fraction) -> Verdict:
    """A veto decides before any sum; one that cannot be told lets nothing pass."""
    vetoes = {each.standing.outcome for each in scored if each.item.rule == "veto"}
    if "none" in vetoes:
        return "vetoed"
    if share is None:
        return "undecided"
    if share < pass_share:
        return "not_passed"
    return "undecided" if "unknown" in vetoes else "passed"


def _definitions(scored: Sequence[Scored], release: Release) -> str:
    """One digest over what every figure and duty here was computed by."""
    rows = [(each.row.id, each.row.variant, each.row.definition) for each in scored if each.row is not None]
    with_duties = any(each.item.duty is not None for each in scored)
    return definitions_of(rows, digest_of(release.measures[DUTY_STANDINGS.name]) if with_duties else None)


def definitions_of(rows: Iterable[tuple[str, str, str]], duties: str | None) -> str:
    """One digest over the definitions of rows, as (indicator, variant, definition), and that of how duties stand where one is scored."""
    used = {" ".join(row) for row in rows} | ({f"duties {duties}"} if duties is not None else set())
    return sha256("\n".join(sorted(used)).encode()).hexdigest()


# ---- items and lists


def _item(scored: Scored) -> ScoredItem:
    item, standing = scored.item, scored.standing
    return ScoredItem(
        id=item.id, system=item.system, clause=item.clause, zh=item.zh, en=item.en, rule=item.rule,
        points=None if item.points is None else points_text(item.points), outcome=standing.outcome, score=points_text(scored.score),
        lost=points_text(scored.lost), reason_zh=standing.zh, reason_en=standing.en,
        figure=None if scored.row is None else _figure(scored.row, standing), duty=_duty(scored) if item.duty else None,
    )  # fmt: skip


def _figure(row: Row, standing: Standing) -> FigureScored:
    op, reach = standing.goal or (None, None)
    return FigureScored(
        indicator=row.id, variant=row.variant, part=row.part, definition=row.definition, effective_as_of=row.effective_as_of,
        value=row.value, op=op, reach=reach, benchmark=row.benchmark.value if row.benchmark else None,
        baseline=row.baseline.value if row.baseline else None, status=standing.status, incomplete=row.incomplete,
    )  # fmt: skip


def _duty(scored: Scored) -> DutyScored:
    late, in_time = sum(duty.late for duty in scored.owing), sum(duty.state == "accepted" for duty in scored.owing)
    return DutyScored(
        duty=scored.item.duty or "", owing=len(scored.owing), in_time=in_time, late=late, open=len(scored.owing) - in_time - late,
    )  # fmt: skip


def _gaps(scored: Iterable[Scored]) -> Iterator[Gap]:
    """Items that lost points, most first."""
    for each in sorted((each for each in scored if each.lost), key=lambda each: -each.lost):
        item, standing = each.item, each.standing
        yield Gap(
            item=item.id, system=item.system, zh=item.zh, en=item.en, outcome=standing.outcome, lost=points_text(each.lost),
            reason_zh=standing.zh, reason_en=standing.en,
        )  # fmt: skip


def _evidence(inputs: Inputs, scored: Sequence[Scored]) -> Iterator[EvidenceOfSystem]:
    for system in inputs.sheet.systems:
        items = [_evidence_item(each, inputs.shown) for each in scored if each.item.system == system.system]
        yield EvidenceOfSystem(system=system.system, name=system.name, items=items)


def _evidence_item(scored: Scored, shown: Shown) -> EvidenceItem:
    item = scored.item

    def of(duty: DutyRow) -> DutyShown:
        references = [Reference(document=each.document, sha256=each.sha256) for each in shown.get((duty.duty, duty.party), ())]
        return DutyShown(
            party=duty.party, name=duty.name, state=duty.state, since=duty.since, late=duty.late, references=references
        )  # fmt: skip

    return EvidenceItem(
        item=item.id, zh=item.zh, en=item.en, wanted=item.evidence, indicator=item.indicator,
        variant=None if item.indicator is None else item.variant, part=item.part, duty=item.duty,
        shown=[of(duty) for duty in scored.owing],
    )  # fmt: skip


class _Owing(NamedTuple):
    """Who has to put something right, and by when."""

    state: Literal["missed", "behind", "unknown"]
    party: str
    name: str
    by: date


def _rectifications(inputs: Inputs, scored: Iterable[Scored]) -> Iterator[Rectification]:
    for each in scored:
        item, standing = each.item, each.standing
        if item.rule == "bonus" or standing.outcome not in ("part", "none", "unknown"):
            continue
        for owing in _owing(inputs, each):
            yield Rectification(
                item=item.id, system=item.system, clause=item.clause, zh=item.zh, en=item.en, state=owing.state, party=owing.party,
                name=owing.name, by=owing.by, lost=points_text(each.lost), reason_zh=standing.zh, reason_en=standing.en,
            )  # fmt: skip


def _owing(inputs: Inputs, scored: Scored) -> Iterator[_Owing]:
    """Those who owe a duty and are late with it still; or the department that answers for a figure: by the end of the figure's window
    while it lasts, else within the sheet's days.
    """
    soon = inputs.board.as_of + timedelta(days=inputs.sheet.rectify_days)
    yield from (_Owing("missed", duty.party, duty.name, soon) for duty in scored.owing if duty.late and duty.state != "late")
    if scored.item.indicator is None:
        return
    names = {department.code: department.name for department in inputs.plan.departments}
    row, status = scored.row, scored.standing.status
    target = None if row is None else target_of(row, inputs.asked)
    department = scored.item.department or (target.department if target else None)
    if department is None:  # what is not known of a part has no row that would name a target
        item = scored.item
        department = inputs.plan.targets_by_row[item.indicator or "", item.variant, item.part][0].department
    match status:
        case "behind" if row is not None:
            yield _Owing("behind", department, names[department], row.window.last)
        case "missed":
            yield _Owing("missed", department, names[department], soon)
        case _:
            yield _Owing("unknown", department, names[department], soon)
