"""Which records a question about facts asks for. Pure: no I/O, no clock.

A record is of a unit when it names that unit or one below it by its code, as unit, as park, or as what the fact is about; a void or
a correction also when what it amends, as amended up to then, is. Every record is of the county. What comes later changes nothing:
the records of a unit that were known on a day that is final stay the same for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.indicators.answers import Question
from services.indicators.history import Chain, Content, read_chain
from services.indicators.subjects import Index
from shared.contracts.base import SERVICES, Fact
from shared.contracts.common import FactCorrected, FactVoided, common_class
from shared.contracts.envelope import Record
from shared.units import county_of, lineage


@dataclass(frozen=True, slots=True)
class Selection:
    """The records asked for: recorded up to the end of the known day, occurred up to the as-of day, of the unit."""

    question: Question

    def holds(self, record: Record, index: Index) -> bool:
        """Whether the record is among them; `index` has at least the facts recorded before it."""
        asked = self.question
        if record.known_day > asked.known_at or record.occurred > asked.as_of:
            return False
        return asked.unit == county_of(asked.unit) or any(asked.unit in lineage(code) for code in _units(record, index))


def _units(record: Record, index: Index) -> Iterator[str]:
    """The codes of the units by which a record belongs anywhere."""
    chain = _chain(record, index)
    if chain is None:  # no contract of this version of the program describes it: what every fact has can still be read
        yield from (code for name in ("unit", "park") if isinstance(code := record.data.get(name), str))
        return
    yield from _named(chain.first)
    for amendment in chain.amendments:
        if amendment.content is not None and amendment.position <= record.position:
            yield from _named(amendment.content)


def _chain(record: Record, index: Index) -> Chain | None:
    """The chain that the record begins or amends, as far as it is known; None where no contract describes it."""
    service, shape = SERVICES.index(record.service), common_class(record.type)
    if shape is FactVoided or shape is FactCorrected:
        return index.report(service, str(record.data.get("source")), str(record.data.get("id")))
    try:
        return index.report(service, record.source, record.id) or read_chain(record)
    except (LookupError, ValueError):
        return None


def _named(content: Content[Fact]) -> Iterator[str]:
    yield from (code for code in (content.fact.unit, content.fact.park) if code is not None)
    yield from (subject.partition(":")[2] for subject in content.names.get("unit", ()))
