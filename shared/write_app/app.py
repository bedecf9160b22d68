"""A write service as a FastStream app: connected, started, watched and stopped.

Reports are drawn from the bus in batches; a batch is acknowledged once it is committed, so whatever dies in between only makes it
come again, and it gets the same answers again. What a reconnect cannot mend ends the process: its supervisor starts it anew, and the
start begins with the comparison of stream and store.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Annotated, Any

import nats.errors
from faststream import AckPolicy, Context, FastStream
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.message import NatsBatchMessage
from faststream.nats.security import NatsCredentials, NatsNKey, NatsSecurity
from faststream.specification import AsyncAPI
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from shared import subjects
from shared.bus import connection_options, tls_context, unreachable
from shared.contracts.base import Service
from shared.event_store.interface import EventStore
from shared.logs import logger
from shared.rules import Rules
from shared.settings import Settings
from shared.write_app.drawing import PromptBatches
from shared.write_app.http import HealthServer
from shared.write_app.messages import Documented, answer_schema, record_schema, report_schema, types_of
from shared.write_app.metrics import ServiceMetrics, report_metrics
from shared.write_app.work import Work

OpenStore = Callable[[Settings, Service], AbstractAsyncContextManager[EventStore]]
"""Opens the service's event store and closes it again."""

log = logger(__name__)


class WriteApp(FastStream):
    """One write service in one process. `run` serves until a signal, or raises what ended it; `start` and `stop` are for tests."""

    def __init__(self, settings: Settings, rules: Rules[Any], open_store: OpenStore) -> None:
        self.settings = settings
        self.rules = rules
        self.failure: BaseException | None = None
        """What ended the service."""
        self.health_port = 0
        """Where /health and /metrics are served; 0 when they are not."""
        self._open_store = open_store
        self._opened = AsyncExitStack()
        self._connection: Client | None = None
        self._work: Work | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._registry = CollectorRegistry()
        self._metrics = ServiceMetrics(self._registry, rules.service)
        self._nats = self._make_broker()
        self._subscriber = self._subscribe()
        self._document()
        super().__init__(
            self._nats,
            logger=logging.getLogger("faststream"),
            on_startup=[self._open],
            after_startup=[self._begin],
            on_shutdown=[self._finish],
            after_shutdown=[self._close],
            specification=AsyncAPI(
                title=f"kaiye {rules.service}", version="1.0.0", schema_version="3.0.0",
                description="Reports in; records and answers out. A department *reports*, the system *records*.",
            ),
        )  # fmt: skip

    @property
    def work(self) -> Work:
        """The service at work; only after the start."""
        assert self._work is not None, "the service is not started"
        return self._work

    async def run(self, log_level: int = logging.INFO, run_extra_options: dict[str, Any] | None = None, sleep_time: float = 0.1) -> None:
        """Serve until SIGINT or SIGTERM. Raises what a reconnect cannot mend, at the start or later."""
        try:
            await super().run(log_level, run_extra_options, sleep_time)
        finally:  # after a start that failed nothing else lets go of bus and store
            await self._close()
            if self._connection is not None:
                await self._connection.close()
        if self.failure is not None:
            raise self.failure

    async def stop(self) -> None:
        """Finish the batch under way, publish what is recorded and answered, let go of bus and store."""
        try:
            await super().stop()
        except (nats.errors.ConnectionClosedError, nats.errors.ConnectionReconnectingError):
            log.info("stopped while the bus was away", service=self.rules.service)
            await self._close()

    def _make_broker(self) -> NatsBroker:
        settings = self.settings
        certificates = tls_context(settings)
        security: NatsSecurity | None = None
        if settings.nats_nkey_seed is not None:
            security = NatsNKey.from_seed(settings.nats_nkey_seed, ssl_context=certificates)
        elif settings.nats_credentials is not None:
            security = NatsCredentials.from_file(str(settings.nats_credentials), ssl_context=certificates)
        elif certificates is not None:
            security = NatsSecurity(ssl_context=certificates)
        return NatsBroker(
            **connection_options(settings, name=f"kaiye-{self.rules.service}"),
            security=security,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            closed_cb=self._closed,
            middlewares=(report_metrics(self._registry, self.rules.service),),
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
        )

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
        for type_, version, data in types_of(service):
            subject, schema = subjects.recorded(county, type_), record_schema(type_, version, data)
            self._nats.publisher(subject, title=f"recorded.{type_}", schema=schema, description=data.zh)

    async def _open(self) -> None:
        """Connect bus and store and put the parts together. Raises BusUnreachable and what the store raises."""
        settings = self.settings
        try:
            async with asyncio.timeout(settings.nats_connect_seconds_max):
                self._connection = nc = await self._nats.connect()
        except (TimeoutError, nats.errors.NoServersError) as error:
            raise unreachable(settings) from error
        store = await self._opened.enter_async_context(self._open_store(settings, self.rules.service))
        self._work = await Work.prepare(settings, self.rules, nc, store)

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
        """Let the batch under way end, publish what can be published, stop the rest."""
        self._stopping.set()
        await self._subscriber.stop()
        if self._work is not None and self.failure is None:
            await self._work.finish()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # an error among them is in `failure` already

    async def _close(self) -> None:
        await self._opened.aclose()

    async def _decide(self, batch: NatsBatchMessage) -> None:
        """Decide a batch, then acknowledge it. A bug in a rule is dealt with inside; any other error ends the service."""
        if not await self._may_record():
            return  # it comes again
        try:
            await self.work.handle(batch.raw_message)
            await batch.ack()
        except Exception as error:  # noqa: BLE001 - FastStream would log it and go on with the next batch
            self._fail(error)

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

    async def _closed(self) -> None:
        """The client gave up for good: wrong credentials, or a protocol error."""
        if not self._stopping.is_set():
            self._fail(nats.errors.ConnectionClosedError())

    def _start(self, duty: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(duty)
        task.add_done_callback(self._duty_ended)
        self._tasks.append(task)

    def _duty_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._fail(task.exception() or RuntimeError(f"{task.get_name()} ended"))

    def _fail(self, error: BaseException) -> None:
        """End the service with this error, unless it is ending already."""
        if self.failure is None and not self._stopping.is_set():
            log.critical("the service ends", service=self.rules.service, error=repr(error))
            self.failure = error
            self.exit()


def create_write_app(settings: Settings, rules: Rules[Any], open_store: OpenStore) -> WriteApp:
    """The app of one write service. Nothing is connected before it is started."""
    return WriteApp(settings, rules, open_store)
