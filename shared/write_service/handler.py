"""A write service: a batch of reports is decided and recorded in one commit. (The interface; the inside follows.)"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IncomingReport:
    """One report as it came off the bus. Who reported and what is read from its subject, which the broker vouches for."""

    department: str
    system: str
    type: str
    """`<service>.<event>` from the subject, without a version."""
    raw: bytes
    instant: datetime | None = None
    """The simulated instant of its header, honoured only by a simulated clock."""
