"""A write service as a FastStream app: connected, started, watched and stopped.

Reports are drawn from the bus in batches; a batch is acknowledged once it is committed, so whatever dies in between only makes it
come again, and it gets the same answers again. What a reconnect cannot mend ends the process: its supervisor starts it anew, and the
start begins with the comparison of stream and store.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

from faststream import AckPolicy, Context
from faststream.nats import JStream, PullSub
from faststream.nats.message import NatsBatchMessage
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from shared import subjects
from shared.contracts.base import Service
from shared.documented import Documented
from shared.event_store.interface import EventStore
from shared.logs import logger
from shared.rules import Rules
from shared.service_app import ServiceApp
from shared.settings import Settings
from shared.write_app.drawing import PromptBatches, give_back
from shared.write_app.http import HealthServer
from shared.write_app.messages import answer_schema, record_schemas, report_schema, types_of
from shared.write_app.metrics import ServiceMetrics, report_metrics
from shared.write_app.repairs import answer_repairs
from shared.write_app.work import Work

OpenStore = Callable[[Settings, Service], AbstractAsyncContextManager[EventStore]]
"""Opens the service's event store and closes it again."""

log = logger(__name__)


class WriteApp(ServiceApp):
    """One write service in one process."""

    def __init__(self, settings: Settings, rules: Rules[Any], open_store: OpenStore) -> None:
        self.rules = rules
        self.health_port = 0
        """Where /health and /metrics are served; 0 when they are not."""
        self._open_store = open_store
        self._work: Work | None = None
        self._registry = CollectorRegistry()
        self._metrics = ServiceMetrics(self._registry, rules.service)
        super().__init__(
            settings, rules.service, watched_by=report_metrics(self._registry, rules.service),
            description="Reports in; records and answers out. A department *reports*, the system *records*.",
        )  # fmt: skip
        self._subscriber = self._subscribe()
        answer_repairs(self._nats, rules.service, lambda: self.work)
        self._document()

    @property
    def work(self) -> Work:
        """The service at work; only after the start."""
        assert self._work is not None, "the service is not started"
        return self._work

    def _subscribe(self) -> Any:
        """The one subscriber: batches of reports as they are, acknowledged by hand after the commit."""
        settings, service = self.settings, self.rules.service

        async def undecoded(batch: NatsBatchMessage) -> list[bytes]:
            return [message.data for message in batch.raw_message]

        subscriber = self._nats.subscriber(
            subjects.reported_to(settings.county, service),
            stream=JStream(subjects.reported_stream(settings.county), declare=False),
            durable=service,
            pull_sub=PullSub(batch=True, batch_size=settings.batch_size, timeout=settings.batch_wait_seconds),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            decoder=undecoded,
            inbox_prefix=f"{settings.nats_inbox}.".encode(),
            title="reported",
            description="Reports for this service, from all departments.",
        )

        subscriber.__class__ = PromptBatches

        async def reported(
            reports: Annotated[Any, Documented(report_schema(service))],  # noqa: ARG001 - the documented shape; `batch` holds the same bytes
            batch: Annotated[NatsBatchMessage, Context("message")],
        ) -> None:
            await self._decide(batch)

        subscriber(reported)
        return subscriber

    def _document(self) -> None:
        """Name what is published, for the AsyncAPI document; relay and sender publish beneath FastStream, for speed."""
        county, service = self.settings.county, self.rules.service
        answers = subjects.answered(county, "*", "*", "*")
        self._nats.publisher(answers, title="answered", schema=answer_schema(), description="The newest answer to each report.")
        names = {type_: data.zh for type_, _, data in types_of(service)}
        for type_, schema in record_schemas(service).items():
            self._nats.publisher(subjects.recorded(county, type_), title=f"recorded.{type_}", schema=schema, description=names[type_])

    async def _open(self, nc: Client) -> None:
        """Open the store and put the parts together. Raises what the store raises."""
        store = await self._opened.enter_async_context(self._open_store(self.settings, self.rules.service))
        self._work = await Work.prepare(self.settings, self.rules, nc, store)

    async def _begin(self) -> None:
        """Start what goes on beside the reports."""
        for duty in self.work.duties():
            self._start(duty)
        if self.settings.http_port:
            server = HealthServer(self.settings.http_host, self.settings.http_port, health=self._health, registry=self._registry)
            self.health_port = server.port
            self._start(server.run())
        log.info("service started", service=self.rules.service, county=self.settings.county)

    async def _finish(self) -> None:
        """Let the batch under way end, publish what can be published."""
        await self._subscriber.stop()
        if self._work is not None and self.failure is None:
            await self._work.finish()

    async def _decide(self, batch: NatsBatchMessage) -> None:
        """Decide a batch, erase what must not stay in the broker's files, acknowledge the rest. A bug in a rule is dealt with inside; any
        other error ends the service.
        """
        if not await self._may_record():
            await give_back(batch.raw_message)
            return
        try:
            await self.work.handle(batch.raw_message)
            await self.work.erase(batch.raw_message)
            await batch.ack()
        except Exception as error:  # noqa: BLE001 - FastStream would log it and go on with the next batch
            self._fail(error)
            self._subscriber.running = False  # draw no more
            await give_back(batch.raw_message)

    async def _may_record(self) -> bool:
        """Wait until recording is allowed; False when the service stops first."""
        waits = [asyncio.create_task(event.wait()) for event in (self.work.service.recording, self._stopping)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return not self._stopping.is_set() and self.failure is None

    async def _health(self) -> tuple[bool, dict[str, Any]]:
        return await self.work.health(self._metrics)

    async def _disconnected(self) -> None:
        if self._work is not None:
            await self._work.disconnected()

    async def _reconnected(self) -> None:
        if self._work is not None:
            await self._work.reconnected()


def create_write_app(settings: Settings, rules: Rules[Any], open_store: OpenStore) -> WriteApp:
    """The app of one write service. Nothing is connected before it is started."""
    return WriteApp(settings, rules, open_store)
