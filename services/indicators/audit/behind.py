"""The facts behind a subject: those of its history that a measure reads, and what became of each.

Pure: no I/O, no clock. Field order is the order of the JSON.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.indicators.history import Chain, Content, in_force
from services.indicators.ledger import Seen, as_of
from services.indicators.measures.kinds import Measure, selections
from services.indicators.relations import RELATIONS
from services.indicators.subjects import Index, founding, history
from shared.contracts.base import SERVICES, Fact
from shared.contracts.envelope import Source
from shared.contracts.registry import EntityCodeReplaced

FactState = Literal["in_force", "voided", "rival", "superseded"]
"""有效, 作废, 同一事实的另一份报告（不计）, 已被较新的值取代."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EvidenceRow(_Answer):
    """A reference to a document that proves a fact."""

    document: str
    sha256: str | None


class AmendmentRow(_Answer):
    """A void or a correction of a fact: who reported it, when it became known, and why."""

    what: Literal["void", "correction"]
    position: int
    known: date
    source: str
    id: str
    reason: str


class FactPlace(_Answer):
    """Where a record stands."""

    service: str
    position: int


class FactRow(_Answer):
    """A recorded fact as it reads on the known day, who reported it, and what became of it since."""

    service: str
    position: int
    type: str
    zh: str = Field(description="事实名称 / what people call such a fact")
    occurred: date
    known: date = Field(description="记录日 / the day on which it was recorded")
    department: str
    source: str
    id: str
    unit: str | None
    park: str | None
    state: FactState
    instead: FactPlace | None = Field(description="代之计入的报告 / the report that counts in its place")
    evidence: list[EvidenceRow]
    amendments: list[AmendmentRow] = Field(description="作废与更正 / voids and corrections of it")
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Behind:
    """Finds the facts behind subjects in a county's histories, without whatever lies beyond some positions."""

    index: Index
    seen: Seen
    _of_units: dict[date, list[FactRow]] = field(default_factory=dict)

    def codes(self, measure: Measure, subject: str, known: date) -> frozenset[str]:
        """Every identifier of the subject of a measure, as far as it was known at the end of a day that they are of the same one."""
        whole = f"{subject_kind(measure)}:{subject}"
        later = self._codes_known_later(whole, known.toordinal())
        return frozenset(code for code in self.index.codes(whole) if f"entity:{code}" not in later)

    def facts(self, measure: Measure, subject: str, known: date) -> list[FactRow]:
        """The facts of a subject's history that a measure reads, as known at the end of a day, in history order."""
        on = known.toordinal()
        found: dict[tuple[int, int], tuple[Content[Fact], FactRow]] = {}
        for chains in self._histories(measure, subject, on):
            there = [chain for chain in chains if chain.known <= on]
            counting = {content.key: content for content in in_force(there, on)}
            for chain in there:
                content, void = chain.said(on)
                found.setdefault((chain.service, chain.position), (content, _row(chain, content, void, counting, on)))
        return [row for _, row in sorted(found.values(), key=lambda each: each[0].order)]

    def unit_facts(self, known: date) -> list[FactRow]:
        """The facts that made the units what they are, as known at the end of a day. Many subjects may follow from them: read once."""
        found = self._of_units.get(known)
        if found is None:
            found = self._of_units[known] = self._unit_facts(known.toordinal())
        return found

    def _unit_facts(self, on: int) -> list[FactRow]:
        there = [chain for chain in as_of(self.index.units.values(), self.seen) if chain.known <= on]
        counting = {content.key: content for content in in_force(there, on)}
        return [_row(chain, *chain.said(on), counting, on) for chain in there]

    def _codes_known_later(self, subject: str, on: int) -> AbstractSet[str]:
        """The codes of an entity of which nobody knew yet, at the end of a day, that they are of the same one."""
        codes = {f"entity:{code}" for code in self.index.codes(subject)}
        if len(codes) == 1:
            return frozenset()
        replaced = as_of(self.index.of(subject, frozenset({EntityCodeReplaced})), self.seen)
        pairs = [content.names["entity"] for content in in_force([chain for chain in replaced if chain.known <= on], on)]
        known = {subject}
        while joined := {code for pair in pairs if not known.isdisjoint(pair) for code in pair} - known:
            known |= joined
        return codes - known

    def _histories(self, measure: Measure, subject: str, on: int) -> Iterator[Sequence[Chain]]:
        """Its own, and those of the foundings that it follows from."""
        later = self._codes_known_later(f"{subject_kind(measure)}:{subject}", on)
        types = frozenset(type_ for select in selections(measure) for type_ in RELATIONS[select.relation].reads)
        whole = history(self.index, self.index.canonical(f"{subject_kind(measure)}:{subject}"), types)
        yield [chain for chain in as_of(whole.chains, self.seen) if later.isdisjoint(chain.said(on)[0].names.get("entity", ()))]
        for entity in whole.entities:
            yield as_of(founding(self.index, entity), self.seen)


def subject_kind(measure: Measure) -> str:
    """Whose histories a measure reads."""
    return RELATIONS[selections(measure)[0].relation].subject


def reported_by(fact: FactRow) -> Iterable[str]:
    """The departments that reported a fact or an amendment of it."""
    return (fact.department, *(Source.parse(each.source).department for each in fact.amendments))


def _row(chain: Chain, content: Content[Fact], void: int | None, counting: Mapping[str, Content[Fact]], on: int) -> FactRow:
    counts = counting.get(content.key)
    instead = None if counts is None or counts.order[2:] == content.order[2:] else counts
    fact = content.fact
    if void is not None:
        state: FactState = "voided"
    else:
        state = "in_force" if instead is None else "superseded" if content.supersedes else "rival"
    return FactRow(
        service=SERVICES[chain.service], position=chain.position, type=fact.type, zh=fact.zh, occurred=date.fromordinal(content.day),
        known=date.fromordinal(chain.known), department=Source.parse(chain.source).department, source=chain.source, id=chain.id,
        unit=fact.unit, park=fact.park, state=state,
        instead=None if instead is None else FactPlace(service=SERVICES[instead.order[2]], position=instead.order[3]),
        evidence=[EvidenceRow(document=each.document, sha256=each.sha256) for each in fact.evidence],
        amendments=list(_amendments(chain, on)), data=fact.model_dump(mode="json", exclude={"unit", "park", "evidence"}, exclude_none=True),
    )  # fmt: skip


def _amendments(chain: Chain, on: int) -> Iterator[AmendmentRow]:
    for each in chain.amendments:
        if each.known <= on:
            yield AmendmentRow(
                what="void" if each.content is None else "correction", position=each.position, known=date.fromordinal(each.known),
                source=each.source, id=each.id, reason=each.reason,
            )  # fmt: skip
