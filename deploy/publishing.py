"""Publishing evaluations and documents: kept as files first, then reported to the registry by the office (创建办) itself.

The event id is the number a thing is published under: the same bytes again get the same answer, other bytes are refused as a conflict.
"""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from deploy.data_folder import DataFolder, Running
from deploy.evaluation_documents import documents_of
from deploy.kept_documents import KeptDocuments
from deploy.reports import figures_follow, send
from deploy.seeds import User
from services.indicators.evaluation.bulletin import Bulletin, bulletin_bytes
from services.indicators.evaluation.evaluation import Evaluation
from shared.answers import Answer
from shared.client import OutgoingReport
from shared.contracts.common import OFFICE
from shared.contracts.envelope import Source, report_bytes
from shared.contracts.registry import DocumentKind, DocumentPublished, EvaluationPublished, RosterExported
from shared.days import closing_instant
from shared.units import unit_kind

SYSTEM = "kaiye"
"""The office's own system, as which kaiye reports what the office publishes with it."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a published document follows from: the evaluation or the figures, and the files they were judged by."""

    as_of: date
    known_at: date
    positions: dict[str, int]
    definitions: str
    plan: bytes
    declarations: bytes
    """Every indicator and measure as it is declared, as data: they can be computed anew when a later release declares them otherwise."""
    sheet: bytes | None = None

    @property
    def recorded(self) -> dict[str, Any]:
        """The same as it stands in the record."""
        sheet = {} if self.sheet is None else {"sheet_digest": digest_of(self.sheet)}
        return {
            "as_of": str(self.as_of), "known_at": str(self.known_at), "positions": self.positions, "definitions": self.definitions,
            "plan_digest": digest_of(self.plan), "declarations_digest": digest_of(self.declarations), **sheet,
        }  # fmt: skip


def digest_of(content: bytes) -> str:
    """SHA-256, in hex: what a document is kept under and recorded by."""
    return sha256(content).hexdigest()


async def publish_evaluation(running: Running, data: DataFolder, number: str, document: bytes, plan: bytes, sheet: bytes) -> Answer:
    """Publish an evaluation of the county, as `kaiye evaluate --json` has it, with its plan and sheet: the registry's answer.

    It is dated by the day as known on which it was made. Raises BadFolder, and what `send` raises.
    """
    evaluation = Evaluation.model_validate_json(document)
    basis = _basis(evaluation, plan, sheet)
    told = {"evaluation": number, "rehearsal": evaluation.rehearsal, "sheet": evaluation.sheet.name}
    return await _publish(running, data, number, EvaluationPublished.type, told, document, basis)


async def publish_with_documents(
    running: Running, data: DataFolder, number: str, document: bytes, plan: bytes, sheet: bytes
) -> list[tuple[str, Answer]]:  # fmt: skip
    """The same, and when it is recorded the documents that people are handed after it, as NUMBER-KIND: the answers by the numbers."""
    answers = [(number, await publish_evaluation(running, data, number, document, plan, sheet))]
    if answers[0][1].outcome == "recorded":
        evaluation = Evaluation.model_validate_json(document)
        basis = _basis(evaluation, plan, sheet)
        for kind, content in documents_of(evaluation).items():
            each = numbered(number, kind)
            answers.append((each, await publish_document(running, data, each, kind, content, basis)))
    return answers


def numbered(number: str, kind: str) -> str:
    """The number of a document that follows from the evaluation published under a number."""
    return f"{number}-{kind}"


def _basis(made: Evaluation | Bulletin, plan: bytes, sheet: bytes | None = None) -> Basis:
    from services.indicators.audit.definitions import definitions  # noqa: PLC0415 - it brings the second engine

    return Basis(made.as_of, made.known_at, made.positions, made.definitions, plan, definitions(), sheet)


async def publish_document(
    running: Running, data: DataFolder, number: str, kind: DocumentKind, document: bytes, basis: Basis, unit: str | None = None
) -> Answer:  # fmt: skip
    """Publish a document made from figures or an evaluation, about a unit where one is given: the registry's answer.

    Raises BadFolder, and what `send` raises.
    """
    place = {} if unit is None else {"park" if unit_kind(unit) == "park" else "unit": unit}
    told = {**place, "document": number, "document_kind": kind}
    return await _publish(running, data, number, DocumentPublished.type, told, document, basis)


async def publish_bulletin(running: Running, data: DataFolder, number: str, bulletin: Bulletin, plan: bytes) -> Answer:
    """Publish a bulletin with its plan: the registry's answer. It is dated by the day as known on which it was made, and what is kept of
    it is its text. Raises BadFolder, and what `send` raises.
    """
    basis = _basis(bulletin, plan)
    return await publish_document(running, data, number, "bulletin", bulletin_bytes(bulletin), basis, bulletin.unit)


async def publish_roster(
    running: Running, number: str, *, unit: str, roster: str, who: str, reason: str, masked: bool, persons: int, day: date
) -> Answer:  # fmt: skip
    """Have it recorded that a roster is taken out of the system, before it is: the registry's answer. Raises what `send` raises."""
    data = {"unit": unit, "export": number, "roster": roster, "who": who, "reason": reason, "masked": masked, "persons": persons}
    return await report_as_office(running, number, RosterExported.type, data, day)


async def _publish(
    running: Running, data: DataFolder, number: str, type_: str, said: dict[str, Any], document: bytes, basis: Basis
) -> Answer:  # fmt: skip
    kept = KeptDocuments(data.published)
    digest = kept.keep(document)
    for content in (basis.plan, basis.declarations, basis.sheet):
        if content is not None:
            kept.keep(content)
    return await report_as_office(running, number, type_, {**said, **basis.recorded, "digest": digest}, basis.known_at)


async def report_as_office(running: Running, id: str, type_: str, said: dict[str, Any], day: date, *, by: User | str = SYSTEM) -> Answer:
    """Report an act of the office on a day: the registry's answer, once the figures follow. Raises what `send` raises.

    `by`: the user of the bus as which it is reported, or the name of the office's system for which the administrator does.
    """
    source = Source(running.county, OFFICE, by if isinstance(by, str) else by.asker.system)
    raw = report_bytes(source=source, id=id, type=type_, occurred=day, data=said)
    instant = closing_instant(day) if running.simulated_clock else None
    (answer,) = await send(running, [OutgoingReport(source, type_, raw, id, instant)], None if isinstance(by, str) else by)
    await figures_follow(running, [answer])
    return answer
