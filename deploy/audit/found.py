"""What an audit is asked for, and what it finds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from shared.contracts.base import Service
from shared.contracts.envelope import Record

Check = Literal["stream", "facts", "archive", "ledger", "board", "published"]
"""Event stores and streams, the facts of the indicators service, the archive, its ledger, its boards over HTTP, and what was published."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How much is to be compared: at so many (as of, known at) pairs, boards of so many units at each (None: all there are)."""

    pairs: int
    units: int | None
    seed: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What was compared and found the same: so many records, figures of the ledger, boards, or documents."""

    check: Check
    service: Service | None
    compared: int


@dataclass(frozen=True, slots=True)
class NotCompared:
    """What was left out of a comparison, how much of it, and why; in Chinese and English."""

    check: Check
    count: int
    zh: str
    en: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference: which fact of which service, or which measure of which unit on which days; in Chinese and English."""

    check: Check
    zh: str
    en: str
    service: Service | None = None
    position: int | None = None
    unit: str | None = None
    measure: str | None = None
    as_of: date | None = None
    known_at: date | None = None


class Different(Exception):
    """A difference was found."""

    def __init__(self, found: Difference) -> None:
        super().__init__(f"{found.zh} / {found.en}")
        self.found = found


@dataclass(slots=True)
class Audited:
    """What has been compared so far."""

    asked: Asked
    progress: Callable[[str, int, int], None]
    """Told what is going on, how far it is and how far it goes."""
    positions: dict[str, int] = field(default_factory=dict)
    """Up to where figures are compared."""
    being_rebuilt: frozenset[str] = frozenset()
    """The measures whose figures by today's definition are still being derived: neither they nor the rows read off them are compared."""
    checked: list[Checked] = field(default_factory=list)
    not_compared: list[NotCompared] = field(default_factory=list)
    pairs: int = 0
    """At how many (as of, known at) pairs figures were compared."""
    hashes: dict[Service, list[bytes]] = field(default_factory=dict)
    """Of every service's records as its stream has them, by position from 1."""
    unit_facts: dict[int, bytes] = field(default_factory=dict)
    """The registry's records about units, which every service keeps, by position."""

    @property
    def nothing(self) -> Check | None:
        """Of what there was nothing to compare, figures of the ledger or boards: then nobody can say that all is the same."""
        there = {each.check for each in self.checked if each.compared}
        return next((check for check in _PROVING if check not in there), None)


_PROVING: Final[tuple[Check, ...]] = ("ledger", "board")


def of_record(check: Check, service: Service, position: int, zh: str, en: str, record: Record | None = None) -> Different:
    """That a record is not what it must be."""
    named = "" if record is None else f" ({record.type} {record.source} {record.id})"
    return Different(Difference(
        check, f"{service} 第 {position} 条{named}{zh}", f"{service}'s position {position}{named} {en}", service=service, position=position
    ))  # fmt: skip
