"""What a department's system uses to report: `ReportingClient` keeps every report until its answer has come."""

from shared.client.progress import Progress
from shared.client.reporting import OutgoingReport, ReportingClient

__all__ = ["OutgoingReport", "Progress", "ReportingClient"]
