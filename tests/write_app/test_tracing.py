"""Traces reach an OpenTelemetry collector where a setting names one, and a collector that is away holds nothing up."""

import asyncio
import socket

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import ValidationError

from services.training.rules import RULES as TRAINING
from tests.support.collector import collector
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected
from tests.write_app.system import COUNTY, SECONDS_MAX, course, department, each, recorded_ids, serving, settings, until


async def test_each_batch_of_reports_is_a_trace_sent_to_the_collector(broker: Broker) -> None:
    exported: list[ExportTraceServiceRequest] = []
    async with collector(exported) as address:
        async with serving(broker, TRAINING, MemoryStore("training", COUNTY), otlp_endpoint=address), department(broker) as client:
            await asyncio.wait_for(client.report_many(each([course(n) for n in range(30)])), SECONDS_MAX)
        sent = [resource for request in exported for resource in request.resource_spans]
    about = {(each.key, each.value.string_value) for resource in sent for each in resource.resource.attributes}
    assert about == {("service.name", "kaiye-training"), ("kaiye.county", COUNTY)}
    spans = [span for resource in sent for scope in resource.scope_spans for span in scope.spans if span.name == "reported process"]
    counts = [each.value.int_value for span in spans for each in span.attributes if each.key == "messaging.batch.message_count"]
    assert sum(counts) == 30


@pytest.mark.parametrize("traceparent", ["", "00-" + "f" * 32 + "-" + "f" * 16 + "-01", "no trace"])
async def test_what_a_report_says_of_its_own_trace_cannot_make_the_service_deaf(broker: Broker, traceparent: str) -> None:
    store, headers = MemoryStore("training", COUNTY), {"traceparent": traceparent, "baggage": "=,;%ff", "correlation_id": "1"}
    async with collector([]) as address, serving(broker, TRAINING, store, otlp_endpoint=address), connected(broker) as nc:
        for number in (1, 2):
            await nc.jetstream().publish(f"reported.{COUNTY}.employment.hr.training.course_opened", course(number).raw, headers=headers)
        await until(lambda: recorded_ids(store) == ["c-1", "c-2"])


async def test_a_collector_that_is_away_holds_nothing_up(broker: Broker) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        async with asyncio.timeout(SECONDS_MAX):
            async with serving(broker, TRAINING, MemoryStore("training", COUNTY), otlp_endpoint=address), department(broker) as client:
                assert (await client.report(course(1))).outcome == "recorded"


def test_a_collector_is_an_address(broker: Broker) -> None:
    for address in ("127.0.0.1:4318", "http://", "http://collector:4318/v1/traces"):
        with pytest.raises(ValidationError, match="otlp_endpoint"):
            settings(broker, otlp_endpoint=address)
