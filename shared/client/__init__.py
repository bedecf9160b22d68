"""What a department's system uses to report: `ReportingClient` keeps every report until its answer has come.

Persons are reported by pseudonym: `identify` exchanges their resident ids for those first.
"""

from shared.client.forbidden import BusForbids, HearingForbidden, PublishForbidden
from shared.client.identify import IdentifyRefused, NobodyIdentifies, identify
from shared.client.outbox import Outbox, OutboxDamaged, OutboxError, OutboxFull, OutboxInUse, OutboxNewer
from shared.client.outgoing import OutgoingReport, Reportable, outgoing
from shared.client.progress import Progress
from shared.client.reporting import ReportForbidden, ReportingClient

__all__ = [
    "BusForbids", "HearingForbidden", "IdentifyRefused", "NobodyIdentifies", "Outbox", "OutboxDamaged", "OutboxError", "OutboxFull",
    "OutboxInUse", "OutboxNewer", "OutgoingReport", "Progress", "PublishForbidden", "ReportForbidden", "Reportable", "ReportingClient",
    "identify", "outgoing",
]  # fmt: skip
