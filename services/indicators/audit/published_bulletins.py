"""Published bulletins (通报) made anew: from what was kept with them and the facts up to the positions they name, bit for bit.

A bulletin is published as a record (`registry.document_published`) that names the unit and what its text follows from. Text, plan and
declarations are kept; whoever has them and the facts can make it anew, whatever arrived, was voided or corrected since, and by another
release too, as long as that can follow the declarations of then.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import zip_longest

from services.indicators.answers import Question, require_unit
from services.indicators.audit.definitions import Declared, read_declarations
from services.indicators.audit.published import BadKept, Finding, KeptFiles, UpTo, in_force, kept_files, told_others, unreadable
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import BadRecords, End, Ends
from services.indicators.catalog import Release
from services.indicators.evaluation.bulletin import Bulletin, bulletin, definitions_of
from services.indicators.evaluation.bulletin_text import SCHEMA, is_bulletin
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.plan_file import PLAN_FILE
from services.indicators.evaluation.problems import FileProblems
from services.indicators.evaluation.promises import Naming
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from shared.contracts.registry import DocumentPublished
from shared.contracts.registry.office import StoodAt


@dataclass(frozen=True, slots=True)
class PublishedBulletin:
    """One published bulletin, as it was recorded."""

    position: int
    fact: DocumentPublished

    @property
    def number(self) -> str:
        """The number it was published under."""
        return self.fact.document


@dataclass(frozen=True, slots=True)
class BulletinFinding(Finding):
    """What came of making a published bulletin anew, as of an evaluation; `line` is the first of its text that differs, from 1 on.

    `other_definitions`: it follows definitions that this release cannot follow.
    `unreproducible`: also where its text is none that this release makes.
    """

    line: int | None = None


def published_bulletins(records: Iterable[Record]) -> list[PublishedBulletin]:
    """The published bulletins among records, as last corrected, those that were voided left out; of several under one number the first."""
    first: dict[str, PublishedBulletin] = {}
    for position, fact in in_force(records, DocumentPublished):
        if fact.document_kind == "bulletin":
            first.setdefault(fact.document, PublishedBulletin(position, fact))
    return list(first.values())


def reproduce_bulletin(publication: PublishedBulletin, kept: KeptFiles, up_to: UpTo, engine: Engine = "duckdb") -> BulletinFinding:
    """Make a published bulletin anew and compare it, bit for bit, with what was published and kept."""
    number, fact = publication.number, publication.fact
    if fact.positions is None or None in (fact.plan_digest, fact.definitions, fact.declarations_digest):
        return BulletinFinding(
            number, "unreproducible", "发布记录没有写明位置、方案和指标定义，无从重新生成",
            "its record does not say by which positions, plan and declarations it can be made anew",
        )  # fmt: skip
    wanted = (
        (fact.digest, "通报", "the bulletin"), (fact.plan_digest, PLAN_FILE, PLAN_FILE),
        (fact.declarations_digest, "指标定义", "the declarations"),
    )  # fmt: skip
    try:
        document, plan, declarations = kept_files(kept, wanted)
    except BadKept as error:
        return BulletinFinding(number, "different", error.zh, error.en)
    if not is_bulletin(document):
        return BulletinFinding(
            number, "unreproducible", f"留存的不是 {SCHEMA} 格式的通报，本版本无从重新生成",
            f"what is kept of it is no bulletin in the form {SCHEMA}, which this release makes",
        )  # fmt: skip
    try:
        by = read_declarations(declarations)
    except ValueError as error:
        return _of(unreadable(number, error))
    try:
        judged_by = checked_plan(plan.decode(), by.release.judged)
        if fact.definitions != definitions_of(judged_by, Naming(judged_by, by.written), by.rows):
            return BulletinFinding(
                number,
                "different",
                "定义摘要不是留存的指标定义的",
                "its digest of definitions is not that of the declarations that were kept",
            )
        return _compared(number, document, _anew(fact, fact.positions, judged_by, plan, up_to, engine, by.release), judged_by, by)
    except BadRecords as error:
        return BulletinFinding(number, "different", error.zh, error.en)
    except Exception as error:
        if by.others:
            return _of(unreadable(number, error))
        if not isinstance(error, FileProblems | ValueError):
            raise
        return BulletinFinding(
            number, "different", "按留存的文件无法重新生成，原因见英文", f"it cannot be made anew from what was kept: {error}"
        )


def _of(found: Finding) -> BulletinFinding:
    return BulletinFinding(found.number, found.outcome, found.zh, found.en)


def _anew(
    fact: DocumentPublished, positions: StoodAt, plan: Plan, plan_text: bytes, up_to: UpTo, engine: Engine, release: Release
) -> Bulletin:  # fmt: skip
    """The same bulletin from the facts, by what a release declares. Raises BadRecords, BadQuestionError."""
    ends: Ends = {service: End(getattr(positions, service)) for service in SERVICES}
    snapshot = recompute(up_to(ends), plan, engine, release)(fact.known_at)
    question = Question(fact.park or fact.unit or plan.county, fact.as_of, fact.known_at)
    require_unit(snapshot, question)
    return bulletin(snapshot, question, sha256(plan_text).hexdigest())


def _compared(number: str, document: bytes, anew: Bulletin, plan: Plan, by: Declared) -> BulletinFinding:
    text = document.decode()
    line = first_difference(text, anew.text)
    if line is None:
        zh, en = told_others(by)
        return BulletinFinding(number, "same", f"逐字节相同{zh}", f"the same, bit for bit{en}", others=by.others)
    if any(row[:2] in by.unfollowed for row in plan.targets_by_row):
        return BulletinFinding(
            number, "other_definitions", f"有指标在本版本中另有定义且无法按当时的定义计算，自第 {line} 行起不同，须由发布时的版本生成",
            f"it follows definitions that this release cannot follow, and differs from line {line} on: the release that published it can "
            "make it anew", line=line,
        )  # fmt: skip
    published, again = (_line(each, line) for each in (text, anew.text))
    return BulletinFinding(
        number, "different", f"第 {line} 行：公布“{published}”；重新生成“{again}”",
        f'line {line}: published "{published}"; made anew "{again}"', line=line,
    )  # fmt: skip


def first_difference(one: str, other: str) -> int | None:
    """The first line, from 1 on, in which two texts differ; None where they are the same."""
    lines = zip_longest(one.split("\n"), other.split("\n"))
    return next((number for number, (first, second) in enumerate(lines, 1) if first != second), None)


def _line(text: str, number: int) -> str:
    """A line of a text, nothing where it has not so many."""
    return dict(enumerate(text.split("\n"), 1)).get(number, "")
