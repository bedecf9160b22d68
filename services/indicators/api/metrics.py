"""What is measured about the indicators service, beside what FastStream's own middleware measures."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class ProjectorMetrics:
    """How pages are taken in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Counter("kaiye_projector_records", "Records taken in by this process", registry=registry)
        self._seconds = Histogram("kaiye_projector_page_seconds", "Seconds to take in a page", buckets=SECONDS, registry=registry)

    def page(self, records: int, seconds: float) -> None:
        """A page was taken in."""
        self._records.inc(records)
        self._seconds.observe(seconds)


class QueryMetrics:
    """How questions are answered, and what /metrics reads when it is asked."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "kaiye_query_seconds", "Seconds to answer a question", ["door", "query"], buckets=SECONDS, registry=registry
        )  # fmt: skip
        self._answers = Counter("kaiye_query_answers", "Questions answered", ["door", "query", "code"], registry=registry)
        self._position = Gauge("kaiye_position", "Position up to which the figures follow", ["service"], registry=registry)
        self._lag = Gauge("kaiye_lag_records", "Records in the stream that the figures do not follow yet", ["service"], registry=registry)
        self.entries = Gauge("kaiye_ledger_entries", "Entries of the ledger in memory", registry=registry)
        self.unreadable = Gauge("kaiye_records_unreadable", "Records no contract of this release describes", registry=registry)
        self.well = Gauge("kaiye_well", "1 while the figures follow the records, 0 while they cannot", registry=registry)
        self.final_day = Gauge("kaiye_final_day", "Last day all services have closed, as days since 1970-01-01", registry=registry)

    def answered(self, door: str, query: str, code: str, seconds: float) -> None:
        """A question was answered; `code` is `ok` or the code of the error."""
        self._answers.labels(door, query, code).inc()
        self._seconds.labels(door, query).observe(seconds)

    def positions(self, positions: Mapping[str, int], lag: Mapping[str, int | None]) -> None:
        """Where the figures stand; a lag that is not known is not shown as one."""
        for service, position in positions.items():
            self._position.labels(service).set(position)
        for service, behind in lag.items():
            self._lag.labels(service).set(float("nan") if behind is None else behind)
