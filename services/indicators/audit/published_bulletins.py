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
from services.indicators.audit.definitions import other_definitions, release_of
from services.indicators.audit.published import BadKept, Finding, KeptFiles, UpTo, in_force, kept_files
from services.indicators.audit.recompute import Engine, recompute
from services.indicators.audit.records import BadRecords, End, Ends
from services.indicators.catalog import TODAY, Release
from services.indicators.evaluation.bulletin import Bulletin, bulletin, bulletin_bytes
from services.indicators.evaluation.bulletin_text import SCHEMA, is_bulletin
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.plan_file import PLAN_FILE
from services.indicators.evaluation.problems import FileProblems
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

    `other_definitions`: it follows other definitions, or calls them otherwise, than this release, which cannot follow those of then.
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
    if fact.positions is None or fact.plan_digest is None or fact.definitions is None:
        return BulletinFinding(
            number, "unreproducible", "发布记录没有写明位置、方案和定义，无从重新生成",
            "its record does not say by which positions, plan and definitions it can be made anew",
        )  # fmt: skip
    wanted = (
        (fact.digest, "通报", "the bulletin"), (fact.plan_digest, PLAN_FILE, PLAN_FILE),
        (fact.declarations_digest, "指标定义", "the declarations"),
    )  # fmt: skip
    try:
        document, plan, *declarations = kept_files(kept, wanted)
    except BadKept as error:
        return BulletinFinding(number, "different", error.zh, error.en)
    if not is_bulletin(document):
        return BulletinFinding(
            number, "unreproducible", f"留存的不是 {SCHEMA} 格式的通报，本版本无从重新生成",
            f"what is kept of it is no bulletin in the form {SCHEMA}, which this release makes",
        )  # fmt: skip
    try:
        release = release_of(declarations[0]) if declarations else TODAY
        followed = bool(declarations) and not other_definitions(declarations[0], release)
        anew = _anew(fact, fact.positions, plan.decode(), up_to, engine, release)
        return _compared(number, fact.definitions, document, anew, followed=followed)
    except BadRecords as error:
        return BulletinFinding(number, "different", error.zh, error.en)
    except (FileProblems, ValueError) as error:
        return BulletinFinding(
            number, "different", "按留存的文件无法重新生成，原因见英文", f"it cannot be made anew from what was kept: {error}"
        )


def _anew(fact: DocumentPublished, positions: StoodAt, plan: str, up_to: UpTo, engine: Engine, release: Release) -> Bulletin:
    """The same bulletin from the facts, by what a release declares. Raises BadRecords, FileProblems, BadQuestionError."""
    judged_by = checked_plan(plan, release.judged)
    ends: Ends = {service: End(getattr(positions, service)) for service in SERVICES}
    snapshot = recompute(up_to(ends), judged_by, engine, release)(fact.known_at)
    question = Question(fact.park or fact.unit or judged_by.county, fact.as_of, fact.known_at)
    require_unit(snapshot, question)
    return bulletin(snapshot, question, sha256(plan.encode()).hexdigest())


def _compared(number: str, definitions: str, document: bytes, anew: Bulletin, *, followed: bool) -> BulletinFinding:
    """`followed`: it was made anew by all that it was made by, so that no other definition excuses a difference."""
    text = document.decode()
    line = first_difference(text, anew.text)
    if bulletin_bytes(anew) == document and definitions == anew.definitions:
        return BulletinFinding(number, "same", "逐字节相同", "the same, bit for bit")
    if definitions != anew.definitions and definitions in text and not followed:
        return BulletinFinding(
            number, "other_definitions", f"按另外的定义或名称生成，自第 {line} 行起不同，须由发布时的版本重新生成",
            f"it follows other definitions or names than this release has and differs from line {line} on: the release that published it "
            "can make it anew", line=line,
        )  # fmt: skip
    if line is None:
        return BulletinFinding(
            number, "different", "发布记录的定义摘要不是通报所写的", "its record names another digest of definitions than its text"
        )
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
