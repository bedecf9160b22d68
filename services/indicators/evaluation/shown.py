"""The evidence references (佐证材料) that were given for duties: which documents, as known on a day. Pure.

A reference is a document's number and, where it was given, the SHA-256 of its file; the document itself is never in the system.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from services.indicators.history import Chain, amend, in_force, read_chain
from shared.contracts.base import SERVICES, Evidence, Fact
from shared.contracts.common import FactCorrected, FactVoided, common_class, read_common
from shared.contracts.envelope import Record
from shared.contracts.registry import DutyEvidenced

Shown = Mapping[tuple[str, str], tuple[Evidence, ...]]
"""(duty, who owes it) → the documents they showed, in the order of the days, each once."""
SHOWN_BY: frozenset[type[Fact]] = frozenset({DutyEvidenced})
"""The types of facts by which a duty is shown."""


def showing(records: Iterable[Record]) -> list[Chain]:
    """The chains by which duties were shown, among records in the order of their positions.

    What no contract describes shows nothing: the figures it may have changed are marked as incomplete.
    """
    found: dict[tuple[str, str], Chain] = {}
    for record in records:
        if record.service != SERVICES[0]:
            continue
        shape = common_class(record.type)
        try:
            if record.type == DutyEvidenced.type:
                found[record.source, record.id] = read_chain(record)
            elif shape is FactVoided or shape is FactCorrected:
                _amend(found, record)
        except (LookupError, ValueError):
            continue
    return list(found.values())


def _amend(found: Mapping[tuple[str, str], Chain], record: Record) -> None:
    amendment = read_common(record.type, record.version, record.data)
    assert isinstance(amendment, FactVoided | FactCorrected)
    chain = found.get((amendment.source, amendment.id))
    if chain is not None:
        amend(chain, record, amendment)


def shown(chains: Iterable[Chain], as_of: date, known_at: date, position: int) -> Shown:
    """What had been shown at the end of a day, as known on another, by what was recorded up to a position."""
    found: dict[tuple[str, str], dict[Evidence, None]] = {}
    recorded = [
        replace(chain, amendments=[each for each in chain.amendments if each.position <= position])
        for chain in chains if chain.position <= position
    ]  # fmt: skip
    for content in in_force(recorded, known_at.toordinal()):
        if isinstance(content.fact, DutyEvidenced) and content.day <= as_of.toordinal():
            party = content.fact.unit or content.fact.park or content.fact.department or ""
            found.setdefault((content.fact.duty, party), {}).update(dict.fromkeys(content.fact.evidence))
    return {key: tuple(evidence) for key, evidence in found.items()}
