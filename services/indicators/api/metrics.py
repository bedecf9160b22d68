"""What is measured about the indicators service, beside what FastStream's own middleware measures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.indicators.answers import BadQuestionError
from services.indicators.api.health import Health
from services.indicators.api.responses import Refused

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
    """How questions are answered, and where the figures stand."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "kaiye_query_seconds", "Seconds to answer a question", ["door", "query"], buckets=SECONDS, registry=registry
        )  # fmt: skip
        self._answers = Counter("kaiye_query_answers", "Questions answered", ["door", "query", "code"], registry=registry)
        self._position = Gauge("kaiye_position", "Position up to which the figures follow", ["service"], registry=registry)
        self._lag = Gauge("kaiye_lag_records", "Records in the stream that the figures do not follow yet", ["service"], registry=registry)
        self._entries = Gauge("kaiye_ledger_entries", "Entries of the ledger in memory", registry=registry)
        self._unreadable = Gauge("kaiye_records_unreadable", "Records no contract of this release describes", registry=registry)
        self._well = Gauge("kaiye_well", "1 while the figures follow the records, 0 while they cannot", registry=registry)
        self._final = Gauge("kaiye_final_day", "Last day all services have closed, in days since 1970-01-01", registry=registry)

    def answered(self, door: str, query: str, code: str, seconds: float) -> None:
        """A question was answered; `code` is `ok` or the code of the error."""
        self._answers.labels(door, query, code).inc()
        self._seconds.labels(door, query).observe(seconds)

    @contextmanager
    def measured(self, query: str) -> Iterator[None]:
        """Counts a question over HTTP, with how it was answered and how long that took."""
        started = time.perf_counter()
        code = "internal"
        try:
            yield
            code = "ok"
        except BadQuestionError as error:
            code = error.code
            raise
        except Refused as error:
            code = error.problem.code
            raise
        finally:
            self.answered("http", query, code, time.perf_counter() - started)

    def health(self, found: Health, *, well: bool) -> None:
        """Where the figures stand. What is not known is NaN, not 0."""
        for service, position in found.positions.items():
            self._position.labels(service).set(position)
        for service, behind in found.lag.items():
            self._lag.labels(service).set(float("nan") if behind is None else behind)
        self._entries.set(found.entries)
        self._unreadable.set(found.unreadable)
        self._well.set(well)
        self._final.set(float("nan") if found.final is None else (found.final - date(1970, 1, 1)).days)
