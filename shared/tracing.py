"""OpenTelemetry traces of what a service hears and says on the bus, sent by OTLP/HTTP to the collector that a setting names.

Spans are FastStream's, one per batch of reports or per query; what is counted and timed is in `/metrics` without it. They are sent from
a thread of their own, and dropped while no collector answers: nothing waits for them.
"""

from collections.abc import Sequence
from typing import Any

from faststream.message import StreamMessage
from faststream.nats.opentelemetry.provider import NatsBatchTelemetrySettingsProvider, NatsTelemetrySettingsProvider
from faststream.nats.response import NatsPublishCommand
from faststream.opentelemetry import TelemetryMiddleware
from nats.aio.msg import Msg
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

EXPORT_SECONDS_MAX = 5.0
"""How long a batch of spans is tried to be sent, at the end of the service too."""


class _Batches(NatsBatchTelemetrySettingsProvider):
    """Batches mix subjects: they go under one name, as in the metrics."""

    def get_consume_attrs_from_message(self, msg: StreamMessage[list[Msg]]) -> dict[str, Any]:
        """How many reports a batch holds."""
        return {"messaging.system": self.messaging_system, "messaging.batch.message_count": len(msg.raw_message)}

    def get_consume_destination_name(self, msg: StreamMessage[list[Msg]]) -> str:  # noqa: ARG002 - whatever it holds
        """One name for all."""
        return "reported"


def _provider(message: Msg | Sequence[Msg] | None) -> NatsTelemetrySettingsProvider | _Batches:
    return _Batches() if isinstance(message, Sequence) else NatsTelemetrySettingsProvider()


class Tracing:
    """The traces of one service: `middleware` makes them, `close` sends what is left."""

    def __init__(self, collector: str, service: str, county: str) -> None:
        """`collector` is its address without the path, such as `http://127.0.0.1:4318`. Nothing is connected yet."""
        exporter = OTLPSpanExporter(endpoint=f"{collector.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS_MAX)
        self._spans = TracerProvider(
            resource=Resource({"service.name": f"kaiye-{service}", "kaiye.county": county}), shutdown_on_exit=False
        )
        self._spans.add_span_processor(BatchSpanProcessor(exporter))
        self.middleware = TelemetryMiddleware[NatsPublishCommand](settings_provider_factory=_provider, tracer_provider=self._spans)

    def close(self) -> None:
        """Send what is left, within `EXPORT_SECONDS_MAX`, and end the thread. Blocks."""
        self._spans.shutdown()
