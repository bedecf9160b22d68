"""What a department's system uses to report: `ReportingClient` keeps every report until its answer has come."""

from shared.client.outbox import Outbox, OutboxDamaged, OutboxError, OutboxFull, OutboxInUse, OutboxNewer
from shared.client.outgoing import OutgoingReport, Reportable, outgoing
from shared.client.progress import Progress
from shared.client.reporting import ReportingClient

__all__ = [
    "Outbox", "OutboxDamaged", "OutboxError", "OutboxFull", "OutboxInUse", "OutboxNewer", "OutgoingReport", "Progress", "Reportable",
    "ReportingClient", "outgoing",
]  # fmt: skip
