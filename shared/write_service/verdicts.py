"""What can become of one report."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.contracts.base import Subject
from shared.contracts.outcomes import Reason
from shared.event_store.interface import ReportRow
from shared.write_service.aliases import Regrouped
from shared.write_service.history import Step


@dataclass(frozen=True, slots=True)
class Again:
    """The same content was reported under this id before: the same answer again."""

    row: ReportRow


@dataclass(frozen=True, slots=True)
class Refused:
    """Not recorded; the bytes are kept."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Waiting:
    """Kept, and decided again once something is recorded about any of its needs."""

    needs: frozenset[str]
    """Subjects about which something must be recorded, units, `opening:<subject>` or `report:<source>/<id>`."""
    reason: Reason


class Recording(NamedTuple):
    """To be recorded."""

    flags: tuple[Reason, ...]
    about: Subject
    """What the fact (or the fact that is voided or corrected) names as its subject."""
    natural: int | None
    """The digest of the natural key of the content that the record carries; a void carries none."""
    step: Step[Any]
    """What it does to the history of its subject …"""
    regrouped: Regrouped | None = None
    """… unless it changes which codes belong to one history."""


Verdict = Again | Refused | Waiting | Recording


def opening_need(subject: Subject) -> str:
    """The need of a fact that names something not opened yet: to hear when that is opened, or no longer is."""
    return f"opening:{subject}"


def report_need(source: str, id: str) -> str:
    """The need of a void or correction whose original has not come yet."""
    return f"report:{source}/{id}"
