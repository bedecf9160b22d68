"""What the system answers to a report: recorded, waiting or refused, and why, in Chinese and English."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["recorded", "waiting", "refused"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A code for programs and the same sentence twice for people."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The fact is recorded. Flags name what is odd about it without keeping it out (contradictions, closed yet operating …)."""

    flags: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """The fact is kept and decided again by itself once something is recorded about any of the subjects it needs."""

    needs: frozenset[str]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Refuse:
    """The fact is not recorded; its bytes are kept beside the reason."""

    reason: Reason


Decision = Accept | Wait | Refuse


Odd = Reason | Literal[False]
"""A flag that may hold: `day > closed and CLOSED_YET_OPERATING`."""


def accept(*odd: Odd) -> Accept:
    """Accept with the flags that hold."""
    return Accept(tuple(flag for flag in odd if flag))
