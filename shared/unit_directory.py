"""Which units there are, since when and until when, as every write service knows it: folded from the registry's unit facts.

A unit exists from its listing on; the day on which it was merged or dissolved was its last. Pure.
"""

from dataclasses import dataclass, replace
from datetime import date

from shared.contracts import read_fact
from shared.contracts.base import Fact, natural_key_of
from shared.contracts.common import FactCorrected, FactVoided, common_class, read_common
from shared.contracts.envelope import Record
from shared.contracts.registry import UnitDissolved, UnitListed, UnitMerged
from shared.event_store.interface import ReportKey
from shared.write_service.history import History, Told

UNIT_TYPES = tuple(fact.type for fact in (UnitListed, UnitMerged, UnitDissolved))
"""The facts that say which units there are."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one unit."""

    listed: bool = False
    last_day: date | None = None
    successor: str | None = None


class UnitDirectory:
    """Feed it the registry's records in order of position; what is not about the roster is passed over."""

    def __init__(self) -> None:
        self._histories: dict[str, History[Standing]] = {}
        self._code_of: dict[ReportKey, str] = {}
        self._unread: set[ReportKey] = set()

    def standing(self, code: str) -> Standing:
        """What is known of the unit."""
        history = self._histories.get(code)
        return history.state if history is not None else Standing()

    def successor(self, code: str, day: date) -> str | None:
        """The unit that answers for `code` on a day after its last: the first down the line that still exists then."""
        seen = {code}
        while (standing := self.standing(code)).last_day is not None and day > standing.last_day:
            if standing.successor is None or standing.successor in seen:
                return None
            code = standing.successor
            seen.add(code)
        return code

    def concerns(self, record: Record) -> bool:
        """Whether the record says anything about the roster."""
        shape = common_class(record.type)
        if shape in {FactVoided, FactCorrected}:
            key = ReportKey(record.data["source"], record.data["id"])
            return key in self._code_of or key in self._unread
        return record.type in UNIT_TYPES

    def take(self, record: Record) -> str | None:
        """Take in one record; the code of the unit it is about, or None when it concerns none, or is of a version that only a newer release
        knows: then what it says of the unit, and what amends it, is not known here.
        """
        if not self.concerns(record):
            return None
        key = ReportKey(record.source, record.id)
        try:
            if common_class(record.type) is not None:
                return self._amend(read_common(record.type, record.version, record.data), record.position)
            fact = read_fact(record.type, record.version, record.data)
        except LookupError:
            self._unread.add(key)
            return None
        assert isinstance(fact, UnitListed | UnitMerged | UnitDissolved)
        history = self._histories.setdefault(fact.code, History(Standing(), _evolve))
        history.take(history.step(None, Told(record.position, key, record.occurred, fact, natural_key_of(fact, record.occurred))))
        self._code_of[key] = fact.code
        return fact.code

    def _amend(self, amendment: object, position: int) -> str:
        """Raises LookupError for an amendment that only a newer release can read, or of what only that one can."""
        assert isinstance(amendment, FactVoided | FactCorrected)
        key = ReportKey(amendment.source, amendment.id)
        code = self._code_of[key]
        history = self._histories[code]
        told = history.find(key)
        assert told is not None
        if isinstance(amendment, FactVoided):
            history.take(history.step(told, replace(told, voided_at=told.voided_at or position)))
        elif not told.voided:
            fact = read_fact(told.fact.type, amendment.version, amendment.data)
            natural = natural_key_of(fact, amendment.occurred)
            history.take(history.step(told, replace(told, occurred=amendment.occurred, fact=fact, natural=natural)))
        return code


def _evolve(standing: Standing, fact: Fact, day: date) -> Standing:
    match fact:
        case UnitListed():
            return replace(standing, listed=True)
        case UnitMerged(into=successor) | UnitDissolved(successor=successor):
            return replace(standing, last_day=day, successor=successor)
        case _:
            return standing
