"""Published evaluations computed anew: from what was kept with them and the facts up to the positions they name, bit for bit.

An evaluation is published as a record (`registry.evaluation_published`) that names what it follows from: the document itself, the plan and
the sheet by the SHA-256 of their bytes, the positions up to which facts counted, and the definitions, with the file of the declarations
behind them. Whoever has the facts and these files can compute it anew, whatever arrived, was voided or corrected since, and by another
release too, as long as that can follow the declarations of then.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import zip_longest
from typing import Any, Final, Literal, TypeVar

from services.indicators.answers import Question, Snapshot
from services.indicators.audit.definitions import Declared, read_declarations
from services.indicators.audit.folded import Recorded
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import BadRecords, End, Ends
from services.indicators.catalog import BENCHMARKS, TODAY, measures_in
from services.indicators.catalog.duties import DUTY_STANDINGS
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.evaluating import evaluation, read_given
from services.indicators.evaluation.evaluation import Evaluation, ScoredItem, evaluation_bytes
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.plan_file import PLAN_FILE
from services.indicators.evaluation.problems import FileProblems
from services.indicators.evaluation.scoring import definitions_of
from services.indicators.evaluation.sheet import SHEET_FILE
from services.indicators.evaluation.shown import showing
from services.indicators.reading import Amounts
from shared.contracts import read_fact
from shared.contracts.base import SERVICES, Fact
from shared.contracts.common import CommonFact, FactCorrected, FactVoided, common_class, read_common
from shared.contracts.envelope import Record
from shared.contracts.registry import EvaluationPublished

F = TypeVar("F", bound=Fact)

OTHERS_NAMED_MAX: Final = 10
"""So many definitions are named at most."""

KeptFiles = Callable[[str], bytes | None]
"""Gives a kept file by the SHA-256 it was kept under, None where there is none. Whether it is still the same is looked at here."""
KeptEntries = Callable[[Mapping[str, str], Mapping[str, int]], Amounts | None]
"""Gives the entries of measures that a ledger keeps by the definitions they had, of all records up to some positions at least; None where
it does not keep them.
"""
UpTo = Callable[[Ends], Recorded]
"""Gives what was recorded up to the ends. Raises BadRecords where it does not go so far."""


class BadKept(Exception):
    """A file that was kept with what was published is gone or was changed. In Chinese and English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")
        self.zh, self.en = zh, en


@dataclass(frozen=True, slots=True)
class Publication:
    """One published evaluation, as it was recorded."""

    position: int
    fact: EvaluationPublished

    @property
    def number(self) -> str:
        """The number it was published under."""
        return self.fact.evaluation


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of computing a published evaluation anew.

    `same`: bit for bit, by the declarations kept with it. `different`: a kept file, or what follows from the facts, is another; `item` is
    the first item of the sheet that differs, where one does. `other_definitions`: items are defined otherwise by this release, which cannot
    follow what they were computed by; the others are the same, as far as they could be compared. `kept_entries`: so it is, but read off the
    entries that the ledger keeps of then it comes out the same. `unreproducible`: the record does not say what it follows from, so that
    nobody can compute it anew.
    """

    number: str
    outcome: Literal["same", "different", "other_definitions", "kept_entries", "unreproducible"]
    zh: str
    en: str
    item: str | None = None
    evaluation: Evaluation | None = None
    """As it was published, where it came out the same."""
    others: tuple[str, ...] = ()
    """The definitions by which it came out the same and which are not today's: whether they are right is for people to say."""


def publications(records: Iterable[Record]) -> list[Publication]:
    """The published evaluations among records, as last corrected, those that were voided left out, in the order of their recording.

    Of several under one number the first counts, as it does for every fact.
    """
    first: dict[str, Publication] = {}
    for position, fact in in_force(records, EvaluationPublished):
        first.setdefault(fact.evaluation, Publication(position, fact))
    return list(first.values())


def in_force(records: Iterable[Record], of: type[F]) -> list[tuple[int, F]]:
    """The registry's facts of one type with their positions, as last corrected, those that were voided left out, and those that no contract
    here describes.
    """
    found: dict[tuple[str, str], tuple[int, F]] = {}
    for record in records:
        if record.service != "registry":
            continue
        try:
            if record.type == of.type:
                found[record.source, record.id] = record.position, _read(of, record.version, record.data)
            elif common_class(record.type) is not None:
                _amend(found, read_common(record.type, record.version, record.data), of)
        except (LookupError, ValueError):
            continue
    return list(found.values())


def _amend(found: dict[tuple[str, str], tuple[int, F]], amendment: CommonFact, of: type[F]) -> None:
    if isinstance(amendment, FactVoided):
        found.pop((amendment.source, amendment.id), None)
    elif isinstance(amendment, FactCorrected) and (amendment.source, amendment.id) in found:
        position, _ = found[amendment.source, amendment.id]
        found[amendment.source, amendment.id] = position, _read(of, amendment.version, amendment.data)


def _read(of: type[F], version: int, data: Mapping[str, Any]) -> F:
    fact = read_fact(of.type, version, data)
    assert isinstance(fact, of)
    return fact


def reproduce(
    publication: Publication, kept: KeptFiles, up_to: UpTo, engine: Engine = "duckdb", entries: KeptEntries | None = None
) -> Finding:  # fmt: skip
    """Compute a published evaluation anew and compare it, bit for bit, with what was published and kept.

    `entries`: where its definitions cannot be followed any more, it is read off the entries of then, which show all there was to know if
    the known day was final.
    """
    number, fact = publication.number, publication.fact
    if fact.positions is None or fact.plan_digest is None or fact.sheet_digest is None:
        return Finding(
            number, "unreproducible", "发布记录没有写明位置、方案和考评标准，无从重算",
            "its record does not say by which positions, plan and sheet it can be computed anew",
        )  # fmt: skip
    wanted = (
        (fact.digest, "考评结果", "the evaluation"), (fact.plan_digest, PLAN_FILE, PLAN_FILE), (fact.sheet_digest, SHEET_FILE, SHEET_FILE),
        (fact.declarations_digest, "指标定义", "the declarations"),
    )  # fmt: skip
    try:
        document, plan, sheet, *declarations = kept_files(kept, wanted)
        published = Evaluation.model_validate_json(document)
    except BadKept as error:
        return Finding(number, "different", error.zh, error.en)
    except ValueError as error:
        return Finding(number, "different", "留存的考评结果无法读取，原因见英文", f"the evaluation that was kept cannot be read: {error}")
    try:
        by = read_declarations(declarations[0]) if declarations else None
    except ValueError as error:
        return unreadable(number, error)
    if untrue := _untrue(fact, document, published, by):
        return Finding(number, "different", *untrue)
    ends: dict[str, End] = {service: End(getattr(fact.positions, service)) for service in SERVICES}
    try:
        given = _Published(published, document, plan.decode(), sheet.decode(), up_to(ends), by)
        found = _reproduced(number, given, engine)
        if found.outcome == "other_definitions" and by is not None and entries is not None and published.final:
            return _read_off(found, given, by, entries)
    except BadRecords as error:
        return Finding(number, "different", error.zh, error.en)
    except Exception as error:
        if by is not None and by.others:
            return unreadable(number, error)
        if not isinstance(error, FileProblems | ValueError):
            raise
        return Finding(
            number, "different", "留存的文件无法按本版本读取，原因见英文", f"what was kept cannot be read by this version: {error}"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Published:
    """An evaluation as it was published, with what it follows from."""

    evaluation: Evaluation
    document: bytes
    plan: str
    sheet: str
    recorded: Recorded
    by: Declared | None
    """The declarations of then; None where they were not kept."""


def unreadable(number: str, error: Exception) -> Finding:
    """What was published by declarations that lead to nothing here."""
    return Finding(
        number, "unreproducible", "本版本无法按留存的指标定义计算，没有核对，原因见英文",
        f"this release cannot compute by the declarations that were kept, nothing was compared: {error!r}",
    )  # fmt: skip


def _untrue(fact: EvaluationPublished, document: bytes, published: Evaluation, by: Declared | None) -> tuple[str, str] | None:
    """What the record and the document say of each other, and of their definitions, that is not so; in Chinese and English."""
    if evaluation_bytes(published) != document:
        return "留存的考评结果不是发布时的写法", "the evaluation that was kept is not written as evaluations are"
    said = {
        "as_of": fact.as_of, "known_at": fact.known_at, "rehearsal": fact.rehearsal, "sheet": fact.sheet,
        "positions": None if fact.positions is None else fact.positions.model_dump(),
    }  # fmt: skip
    holds = {
        "as_of": published.as_of, "known_at": published.known_at, "rehearsal": published.rehearsal, "sheet": published.sheet.name,
        "positions": published.positions,
    }  # fmt: skip
    differing = [name for name in said if said[name] != holds[name]]
    if fact.definitions not in (None, published.definitions):
        differing.append("definitions")
    if differing:
        named = ", ".join(differing)
        return f"发布记录与考评结果的 {named} 不同", f"its record does not name the {named} that stands in the evaluation"
    if by is None:
        return None
    for item in published.items:
        row = _row(item)
        if row is not None and item.figure is not None and item.figure.definition != by.rows.get(row):
            return (
                f"项目 {item.id} 的定义不在留存的指标定义中",
                f"the definition of item {item.id} is not among the declarations that were kept",
            )
    if published.definitions != _definitions(published, by):
        return "定义摘要不是留存的指标定义的", "its digest of definitions is not that of the declarations that were kept"
    return None


def _definitions(published: Evaluation, by: Declared) -> str:
    rows = [(*row, by.rows[row]) for row in map(_row, published.items) if row is not None]
    return definitions_of(rows, by.measures.get(DUTY_STANDINGS.name) if any(item.duty for item in published.items) else None)


def _row(item: ScoredItem) -> tuple[str, str] | None:
    return None if item.figure is None else (item.figure.indicator, item.figure.variant)


def _reproduced(number: str, given: _Published, engine: Engine) -> Finding:
    """What comes of computing it anew by the declarations of then, as far as they can be followed. Raises FileProblems and
    BadQuestionError.
    """
    published, by = given.evaluation, given.by
    release = TODAY if by is None else by.release
    if gone := [item.id for item in published.items if _row(item) not in (None, *release.judged)]:
        return _otherwise(number, gone, "其余项目和合计、结论没有核对", "neither the other items nor sums and verdict were compared")
    judged_by = checked_plan(given.plan, release.judged)
    snapshot = recompute(given.recorded, judged_by, engine, release)(published.known_at)
    anew = _evaluated(given, judged_by, snapshot)
    if evaluation_bytes(anew) == given.document:
        zh, en = told_others(by)
        return Finding(
            number, "same", f"逐字节相同{zh}", f"the same, bit for bit{en}", evaluation=published, others=by.others if by else ()
        )
    if [item.id for item in published.items] != [item.id for item in anew.items]:
        return Finding(number, "different", "项目与考评标准的不同", "its items are not those of the sheet")
    redefined = []
    for item, again in zip(published.items, anew.items, strict=True):
        if item == again:
            continue
        if not _excused(item, again, by):
            return Finding(
                number, "different",
                f"项目 {item.id}：公布 {item.score} 分，{item.reason_zh}；重算 {again.score} 分，{again.reason_zh}",
                f"item {item.id}: published {item.score}, {item.reason_en}; computed anew {again.score}, {again.reason_en}", item.id,
            )  # fmt: skip
        redefined.append(item.id)
    differing = [name for name in _differing(published, anew) if not redefined or name in _WHATEVER_THE_SCORES]
    if differing or not redefined:
        named = ", ".join(differing)
        return Finding(number, "different", f"各项目相同，但 {named} 不同", f"the items are the same, but not {named}")
    return _otherwise(
        number, redefined, "其余项目逐项相同，合计和结论没有核对", "the other items are the same; sums and verdict were not compared"
    )


_WHATEVER_THE_SCORES: Final = frozenset({
    "document", "rehearsal", "county", "unit", "as_of", "known_at", "final", "positions", "plan", "sheet", "pass_share", "points",
})  # fmt: skip
"""What of an evaluation does not depend on how items score."""


def _excused(item: ScoredItem, again: ScoredItem, by: Declared | None) -> bool:
    """Whether an item may come out otherwise because this release cannot follow what it was computed by."""
    if by is None:
        return item.figure is not None and again.figure is not None and item.figure.definition != again.figure.definition
    row = _row(item)
    return row in by.unfollowed if row is not None else item.duty is not None and not by.duties_followed


def told_others(by: Declared | None) -> tuple[str, str]:
    """That something was computed by declarations that are not today's: in Chinese and English, nothing where all are."""
    if by is None or not by.others:
        return "", ""
    named = ", ".join(by.others[:OTHERS_NAMED_MAX]) + (" …" if len(by.others) > OTHERS_NAMED_MAX else "")
    count = len(by.others)
    return (
        f"，按发布时留存的定义，其中 {count} 项与本版本不同：{named}",
        f", by the definitions kept with it, {count} of which are not today's: {named}",
    )


def _read_off(found: Finding, given: _Published, by: Declared, entries: KeptEntries) -> Finding:
    """The same evaluation read off the entries that a ledger keeps of then; what was found without, where it keeps none."""
    published, release = given.evaluation, by.written
    rows = {_row(item) for item in published.items} - {None}
    if not rows <= release.judged.keys() or DUTY_STANDINGS.name not in release.measures:
        return found
    figures = tuple(variant for each in release.indicators for variant in each.variants if (each.id, variant.name) in rows)
    names = {measure.name for measure in measures_in(figures)} | {BENCHMARKS.name, DUTY_STANDINGS.name}
    amounts = entries({name: by.measures[name] for name in names}, published.positions) if names <= by.measures.keys() else None
    if amounts is None:
        return found
    judged_by = checked_plan(given.plan, release.judged)
    snapshot = replace(recompute(given.recorded, judged_by, "duckdb")(published.known_at), balances=amounts, release=release)
    again = _evaluated(given, judged_by, snapshot)
    again = again.model_copy(update={"items": [_defined(item, by) for item in again.items], "definitions": published.definitions})
    if evaluation_bytes(again) == given.document:
        return replace(
            found, outcome="kept_entries", zh=f"{found.zh}；由账本留存的当时账目读出，逐字节相同",
            en=f"{found.en}; read off the entries that the ledger keeps of then it is the same, bit for bit",
        )  # fmt: skip
    differing = (then.id for then, item in zip_longest(published.items, again.items) if then is not None and then != item)
    item = next(differing, None)
    named = item or ", ".join(_differing(published, again))
    return Finding(
        found.number, "different", f"由账本留存的当时账目读出的 {named} 不同", f"read off the entries that the ledger keeps of then, "
        f"{named} is not the same", item,
    )  # fmt: skip


def _defined(item: ScoredItem, by: Declared) -> ScoredItem:
    """An item that was read off entries of then, with the digest that its definition had then."""
    row = _row(item)
    if item.figure is None or row is None:
        return item
    return item.model_copy(update={"figure": item.figure.model_copy(update={"definition": by.rows[row]})})


def _evaluated(given: _Published, plan: Plan, snapshot: Snapshot) -> Evaluation:
    """What a snapshot makes of it. Raises FileProblems, BadQuestionError."""
    published = given.evaluation
    digest = sha256(given.plan.encode()).hexdigest()
    by = read_given(plan, digest, given.sheet, rehearsal=published.rehearsal, release=snapshot.release)
    question = Question(published.unit, published.as_of, published.known_at)
    return evaluation(snapshot, question, by, showing(given.recorded.records))


def _otherwise(number: str, redefined: Sequence[str], rest_zh: str, rest_en: str) -> Finding:
    named = ", ".join(redefined)
    return Finding(
        number, "other_definitions",
        f"{len(redefined)} 个项目在本版本中另有定义（{named}），本版本无法按发布时的定义重算，须由发布时的版本重算；{rest_zh}",
        f"{len(redefined)} items are defined otherwise by this release ({named}), which cannot follow their definitions of then: the "
        f"release that published it can compute them anew; {rest_en}", redefined[0],
    )  # fmt: skip


def _differing(published: Evaluation, anew: Evaluation) -> Iterator[str]:
    return (name for name in Evaluation.model_fields if getattr(published, name) != getattr(anew, name))


def kept_files(kept: KeptFiles, wanted: Iterable[tuple[str | None, str, str]]) -> list[bytes]:
    """The kept files of some digests, each with its name in both languages, without those that no digest is given of. Raises BadKept."""
    files: list[bytes] = []
    for digest, zh, en in wanted:
        if digest is None:
            continue
        content = kept(digest)
        if content is None:
            raise BadKept(f"没有留存的文件 {digest}（{zh}）", f"the kept file {digest} ({en}) is not there")
        if sha256(content).hexdigest() != digest:
            raise BadKept(f"留存的文件 {digest}（{zh}）被改动", f"the kept file {digest} ({en}) was changed")
        files.append(content)
    return files
