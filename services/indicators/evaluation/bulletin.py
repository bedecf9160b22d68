"""A bulletin (通报): how far a county or one of its units has come with what was promised, as readable text. Pure.

It follows from the answers of one moment, the plan they were judged by and the definitions: the same give the same bytes. What it says, and
in which words: `bulletin_text`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import sha256
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from services.indicators.answers import BEING_REBUILT, BadQuestionError, Question, Snapshot, board, last_day_of
from services.indicators.catalog import Release, figure_digest
from services.indicators.evaluation.bulletin_text import SCHEMA, Contents, UnitStanding, text_of
from services.indicators.evaluation.evaluation import Source
from services.indicators.evaluation.plan import Plan
from services.indicators.evaluation.promises import Naming, promises

OF_UNITS: Final = ("township", "park")
"""The kinds of units whose own standing is told in the county's bulletin: those that have letters (目标责任书)."""


class Bulletin(BaseModel):
    """通报 as an answer: the text, and what it follows from. `text` is what is published, kept and handed out, in UTF-8."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    document: Literal["kaiye.bulletin/1"]
    county: str
    unit: str
    as_of: date
    known_at: date
    final: bool
    positions: dict[str, int]
    plan: Source
    definitions: str
    text: str


def bulletin(snapshot: Snapshot, question: Question, plan_digest: str) -> Bulletin:
    """The bulletin of a unit at the end of a day, as known on a day; `plan_digest` is the SHA-256 of the plan file's bytes.

    Raises BadQuestionError of a unit to which nothing was split, and while figures are being rebuilt: nobody is reported on by half.
    """
    return next(made for made in bulletin_in_turns(snapshot, question, plan_digest) if made is not None)


def bulletin_in_turns(snapshot: Snapshot, question: Question, plan_digest: str) -> Iterator[Bulletin | None]:
    """The same with a break after each board, of which the county's has 25: None at each, the bulletin last. Raises the same."""
    if snapshot.being_rebuilt:
        raise BadQuestionError("being_rebuilt", *BEING_REBUILT)
    plan, tree = snapshot.plan, snapshot.trees.at(question.known_at.toordinal())
    unit = tree.units[question.unit]
    answered = board(snapshot, question)
    yield None
    naming = Naming(plan, snapshot.release)
    promised = promises(answered, plan, naming)
    if not promised:
        raise BadQuestionError(
            "nothing_promised", f"截至 {question.as_of}，方案没有给{unit.name}分解目标，无可通报",
            f"as of {question.as_of} the plan has split no target over {unit.name}: there is nothing to report on",
        )  # fmt: skip
    units: list[UnitStanding] = []
    for standing in _units(snapshot, question, naming) if question.unit == plan.county else ():
        yield None
        if standing.promises:
            units.append(standing)
    definitions = _definitions(plan, snapshot.release, naming)
    source = Source(name=plan.title, digest=plan_digest)
    contents = Contents(
        unit=unit.name, is_county=question.unit == plan.county, as_of=question.as_of, last_day=last_day_of(unit, question.as_of),
        known_at=question.known_at, final=answered.final, positions=answered.positions, plan=plan, plan_digest=plan_digest,
        definitions=definitions, promises=promised, units=units,
    )  # fmt: skip
    yield Bulletin(
        document=SCHEMA, county=answered.county, unit=answered.unit, as_of=answered.as_of, known_at=answered.known_at,
        final=answered.final, positions=answered.positions, plan=source, definitions=definitions, text=text_of(contents),
    )  # fmt: skip


def bulletin_bytes(bulletin: Bulletin) -> bytes:
    """The bulletin as it is published and kept: its text alone."""
    return bulletin.text.encode()


def _units(snapshot: Snapshot, question: Question, naming: Naming) -> Iterator[UnitStanding]:
    """The townships and parks that exist on the day, by code, with what was split to them."""
    tree = snapshot.trees.at(question.known_at.toordinal())
    for code in sorted(tree.units):
        unit = tree.units[code]
        if unit.kind in OF_UNITS and unit.exists(question.as_of.toordinal()):
            answered = board(snapshot, Question(code, question.as_of, question.known_at))
            yield UnitStanding(unit.name, promises(answered, snapshot.plan, naming))


def _definitions(plan: Plan, release: Release, naming: Naming) -> str:
    digests = {(each.id, variant.name): figure_digest(variant.figure) for each in release.indicators for variant in each.variants}
    return definitions_of(plan, naming, digests)


def definitions_of(plan: Plan, naming: Naming, digests: Mapping[tuple[str, str], str]) -> str:
    """One digest over what every row with a target in the plan is computed by, as (indicator, variant) has it, and what it is called,
    whoever is asked about and when. Raises KeyError for a row that there is not.
    """
    used = sorted(" ".join((*map(str, row), digests[row[0], row[1]], naming.row(row))) for row in plan.targets_by_row)
    return sha256("\n".join(used).encode()).hexdigest()
