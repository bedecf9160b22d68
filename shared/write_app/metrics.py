"""What is measured about a write service, beside what FastStream's own middleware measures."""

from collections.abc import Sequence
from typing import Any

from faststream.message import StreamMessage
from faststream.nats.prometheus.provider import BatchNatsMetricsSettingsProvider, NatsMetricsSettingsProvider
from faststream.prometheus import ConsumeAttrs, PrometheusMiddleware
from nats.aio.msg import Msg
from prometheus_client import CollectorRegistry, Counter, Gauge


class _Batches(BatchNatsMetricsSettingsProvider):
    """Batches mix subjects: they are counted under one name, and their size is that of all their bytes."""

    def get_consume_attrs_from_message(self, msg: StreamMessage[list[Msg]]) -> ConsumeAttrs:
        """One line per batch, whatever it holds."""
        return {
            "destination_name": "reported",
            "message_size": sum(len(message.data) for message in msg.raw_message),
            "messages_count": len(msg.raw_message),
        }


def report_metrics(registry: CollectorRegistry, service: str) -> PrometheusMiddleware[Any, Any]:
    """FastStream's middleware, counting reports by service."""

    def provider(message: Msg | Sequence[Msg] | None) -> _Batches | NatsMetricsSettingsProvider:
        return _Batches() if isinstance(message, Sequence) else NatsMetricsSettingsProvider()

    return PrometheusMiddleware(settings_provider_factory=provider, registry=registry, app_name=service)


class ServiceMetrics:
    """The numbers behind /metrics that are read when they are asked for."""

    def __init__(self, registry: CollectorRegistry, service: str) -> None:
        def gauge(name: str, meaning: str) -> Gauge:
            return Gauge(f"kaiye_{name}", meaning, ["service"], registry=registry).labels(service)

        self.recorded = gauge("recorded", "Position of the last record in the store")
        self.published = gauge("published", "Position of the last record known to be in the stream")
        self.recording = gauge("recording_allowed", "1 while stream and store agree, 0 while recording is held")
        self.waiting = gauge("reports_waiting", "Reports that wait for something else to be recorded")
        self.oldest_waiting = gauge("oldest_waiting_seconds", "How long what has waited longest has waited; 0 where nothing waits")
        self.aside = gauge("reports_set_aside", "Reports that met a bug and were set aside")
        self.unsent = gauge("answers_unsent", "Answers not published yet")
        self.refills = gauge("relay_refills", "How often this process made its stream anew")
        self._answers = Counter("kaiye_answers", "Answers given by this process", ["service", "outcome"], registry=registry)
        self._service = service
        self._counted: dict[str, int] = {}

    def answers(self, outcomes: dict[str, int]) -> None:
        """Bring the counter to these totals."""
        for outcome, total in outcomes.items():
            self._answers.labels(self._service, outcome).inc(total - self._counted.get(outcome, 0))
            self._counted[outcome] = total
