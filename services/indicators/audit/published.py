"""Published evaluations computed anew: from what was kept with them and the facts up to the positions they name, bit for bit.

An evaluation is published as a record (`registry.evaluation_published`) that names what it follows from: the document itself, the plan and
the sheet by the SHA-256 of their bytes, the positions up to which facts counted, and the definitions, with the file of the declarations
behind them. Whoever has the facts and these files can compute it anew, whatever arrived, was voided or corrected since, and by another
release too, as long as that can follow the declarations of then.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, TypeVar

from services.indicators.answers import Question
from services.indicators.audit.definitions import other_definitions, release_as_written, release_of
from services.indicators.audit.folded import Recorded
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import BadRecords, End, Ends
from services.indicators.catalog import BENCHMARKS, TODAY, Release, measures_in
from services.indicators.catalog.duties import DUTY_STANDINGS
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.evaluating import evaluation, read_given
from services.indicators.evaluation.evaluation import Evaluation, ScoredItem, evaluation_bytes
from services.indicators.evaluation.plan_file import PLAN_FILE
from services.indicators.evaluation.problems import FileProblems
from services.indicators.evaluation.sheet import SHEET_FILE
from services.indicators.evaluation.shown import showing
from services.indicators.reading import Amounts
from shared.contracts import read_fact
from shared.contracts.base import SERVICES, Fact
from shared.contracts.common import CommonFact, FactCorrected, FactVoided, common_class, read_common
from shared.contracts.envelope import Record
from shared.contracts.registry import EvaluationPublished

F = TypeVar("F", bound=Fact)

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
    except BadKept as error:
        return Finding(number, "different", error.zh, error.en)
    ends: dict[str, End] = {service: End(getattr(fact.positions, service)) for service in SERVICES}
    try:
        published = Evaluation.model_validate_json(document)
        release = release_of(declarations[0]) if declarations else TODAY
        if gone := [item.id for item in published.items if _row(item) not in (None, *release.judged)]:
            return _otherwise(number, gone, "其余项目未比较", "the other items were not compared")
        anew = _anew(published, plan.decode(), sheet.decode(), up_to(ends), engine, release)
    except BadRecords as error:
        return Finding(number, "different", error.zh, error.en)
    except (FileProblems, ValueError) as error:
        return Finding(
            number, "different", "留存的文件无法按本版本读取，原因见英文", f"what was kept cannot be read by this version: {error}"
        )
    followed = bool(declarations) and not other_definitions(declarations[0], release)
    found = _compared(number, fact, document, published, anew, followed=followed)
    if found.outcome == "other_definitions" and declarations and entries is not None and published.final:
        return _read_off(found, published, plan.decode(), sheet.decode(), up_to(ends), declarations[0], entries)
    return found


def _read_off(
    found: Finding, published: Evaluation, plan: str, sheet: str, recorded: Recorded, declarations: bytes, entries: KeptEntries
) -> Finding:  # fmt: skip
    """The same evaluation read off the entries that a ledger keeps of then; what was found without, where it keeps none."""
    release, digests = release_as_written(declarations)
    rows = {_row(item) for item in published.items}
    figures = [variant for each in release.indicators for variant in each.variants if (each.id, variant.name) in rows]
    names = {measure.name for measure in measures_in(tuple(figures))} | {BENCHMARKS.name, DUTY_STANDINGS.name}
    amounts = entries({name: digests[name] for name in names}, published.positions)
    if amounts is None:
        return found
    judged_by = checked_plan(plan, release.judged)
    given = read_given(judged_by, sha256(plan.encode()).hexdigest(), sheet, rehearsal=published.rehearsal, release=release)
    snapshot = replace(recompute(recorded, judged_by, "duckdb")(published.known_at), balances=amounts, release=release)
    again = evaluation(snapshot, Question(published.unit, published.as_of, published.known_at), given, showing(recorded.records))
    again = again.model_copy(update={
        "items": [_defined_as(then, item) for then, item in zip(published.items, again.items, strict=True)],
        "definitions": published.definitions,
    })  # fmt: skip
    if evaluation_bytes(again) == evaluation_bytes(published):
        return replace(
            found, outcome="kept_entries", zh=f"{found.zh}；由账本留存的当时账目读出，逐字节相同",
            en=f"{found.en}; read off the entries that the ledger keeps of then it is the same, bit for bit",
        )  # fmt: skip
    differing = (then.id for then, item in zip(published.items, again.items, strict=True) if then != item)
    item = next(differing, None)
    named = item or ", ".join(_differing(published, again))
    return Finding(
        found.number, "different", f"由账本留存的当时账目读出的 {named} 不同", f"read off the entries that the ledger keeps of then, "
        f"{named} is not the same", item,
    )  # fmt: skip


def _defined_as(then: ScoredItem, item: ScoredItem) -> ScoredItem:
    """An item with the digest that its definition had then: it was read off the entries of then."""
    if then.figure is None or item.figure is None:
        return item
    return item.model_copy(update={"figure": item.figure.model_copy(update={"definition": then.figure.definition})})


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


def _row(item: ScoredItem) -> tuple[str, str] | None:
    return None if item.figure is None else (item.figure.indicator, item.figure.variant)


def _anew(published: Evaluation, plan: str, sheet: str, recorded: Recorded, engine: Engine, release: Release) -> Evaluation:
    """The same evaluation from the facts, by what a release declares. Raises FileProblems, BadQuestionError."""
    judged_by = checked_plan(plan, release.judged)
    given = read_given(judged_by, sha256(plan.encode()).hexdigest(), sheet, rehearsal=published.rehearsal, release=release)
    snapshot = recompute(recorded, judged_by, engine, release)(published.known_at)
    return evaluation(snapshot, Question(published.unit, published.as_of, published.known_at), given, showing(recorded.records))


def _compared(
    number: str, fact: EvaluationPublished, document: bytes, published: Evaluation, anew: Evaluation, *, followed: bool
) -> Finding:  # fmt: skip
    """`followed`: it was computed anew by all that it was computed by, so that no other definition excuses a difference."""
    if evaluation_bytes(anew) == document and fact.definitions in (None, anew.definitions):
        return Finding(number, "same", "逐字节相同", "the same, bit for bit", evaluation=published)
    redefined = []
    for item, again in zip(published.items, anew.items, strict=False):
        if item == again:
            continue
        now, then = (each.figure.definition if each.figure else None for each in (again, item))
        if now != then and not followed:
            redefined.append(item.id)
            continue
        return Finding(
            number, "different",
            f"项目 {item.id}：公布 {item.score} 分，{item.reason_zh}；重算 {again.score} 分，{again.reason_zh}",
            f"item {item.id}: published {item.score}, {item.reason_en}; computed anew {again.score}, {again.reason_en}", item.id,
        )  # fmt: skip
    if redefined and fact.definitions in (None, published.definitions):
        return _otherwise(number, redefined, "其余项目逐项相同", "the other items are the same")
    named = ", ".join(_differing(published, anew)) or "definitions"
    return Finding(number, "different", f"各项目相同，但 {named} 不同", f"the items are the same, but not {named}")


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
