"""The frame every service stands in: a FastStream app that is connected, started, watched and stopped.

What a reconnect cannot mend ends the process: its supervisor starts it anew. Nothing is logged and passed over.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import nats.errors
from faststream import FastStream
from faststream.nats import NatsBroker
from faststream.nats.security import NatsCredentials, NatsNKey, NatsSecurity
from faststream.opentelemetry import TelemetryMiddleware
from faststream.prometheus import PrometheusMiddleware
from faststream.specification import AsyncAPI
from nats.aio.client import Client

from shared.bus import connect, connection_options, hear_any_subject, unreachable
from shared.encryption import encrypt_as_asked, tls_context
from shared.logs import logger
from shared.settings import Settings
from shared.tasks import end
from shared.tracing import Tracing

log = logger(__name__)


class _Broker(NatsBroker):
    """FastStream's, on a client that encrypts as settings ask it to."""

    settings: Settings

    async def _connect(self) -> Client:
        nc = Client()
        encrypt_as_asked(nc, self.settings)
        await nc.connect(**self._connection_kwargs)
        self.config.connect(nc)
        return nc


class ServiceApp(FastStream):
    """One service in one process. `run` serves until a signal, or raises what ended it; `start` and `stop` are for tests.

    A service says what it does in `_open`, `_begin` and `_finish`, and subscribes on `self._nats` while it is constructed.
    """

    def __init__(self, settings: Settings, name: str, *, description: str, watched_by: PrometheusMiddleware[Any, Any]) -> None:
        self.settings = settings
        self.name = name
        self.failure: BaseException | None = None
        """What ended the service."""
        self._opened = AsyncExitStack()
        """What is let go of at the end, the last thing opened first."""
        self._connection: Client | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._nats = self._make_broker(watched_by)
        super().__init__(
            self._nats,
            logger=logging.getLogger("faststream"),
            on_startup=[self._connect_and_open],
            after_startup=[self._begin],
            on_shutdown=[self._end],
            after_shutdown=[self._opened.aclose],
            specification=AsyncAPI(title=f"kaiye {name}", version="1.0.0", schema_version="3.0.0", description=description),
        )

    async def _open(self, nc: Client) -> None:
        """Open what the service needs, once the bus is connected and before anything is heard."""

    async def _begin(self) -> None:
        """Start what goes on beside what is heard."""

    async def _finish(self) -> None:
        """Finish what is under way, before everything started is cancelled."""

    async def _disconnected(self) -> None:
        """The bus is gone."""

    async def _reconnected(self) -> None:
        """The bus is back, perhaps another one."""

    @property
    def nc(self) -> Client:
        """The connection beneath FastStream; only after the start."""
        assert self._connection is not None, "the service is not started"
        return self._connection

    async def run(self, log_level: int = logging.INFO, run_extra_options: dict[str, Any] | None = None, sleep_time: float = 0.1) -> None:
        """Serve until SIGINT or SIGTERM. Raises what a reconnect cannot mend, at the start or later."""
        try:
            await super().run(log_level, run_extra_options, sleep_time)
        finally:  # after a start that failed nothing else lets go of what was started and opened
            await self._cancel()
            await self._opened.aclose()
            if self._connection is not None:
                await self._connection.close()
        if self.failure is not None:
            raise self.failure

    async def stop(self) -> None:
        """Finish what is under way, and let go of everything."""
        try:
            await super().stop()
        except (nats.errors.ConnectionClosedError, nats.errors.ConnectionReconnectingError):
            log.info("stopped while the bus was away", service=self.name)
            await self._opened.aclose()

    def _make_broker(self, watched_by: PrometheusMiddleware[Any, Any]) -> NatsBroker:
        settings = self.settings
        certificates = tls_context(settings)
        security: NatsSecurity | None = None
        if settings.nats_nkey_seed is not None:
            security = NatsNKey.from_seed(settings.nats_nkey_seed, ssl_context=certificates)
        elif settings.nats_credentials is not None:
            security = NatsCredentials.from_file(str(settings.nats_credentials), ssl_context=certificates)
        elif certificates is not None:
            security = NatsSecurity(ssl_context=certificates)
        broker = _Broker(
            **connection_options(settings, name=f"kaiye-{self.name}"),
            security=security,
            disconnected_cb=self._disconnected,
            reconnected_cb=self._reconnected,
            closed_cb=self._closed,
            middlewares=(watched_by, *self._traced()),
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
        )
        broker.settings = settings
        return broker

    def _traced(self) -> tuple[TelemetryMiddleware[Any], ...]:
        settings = self.settings
        if settings.otlp_endpoint is None:
            return ()
        tracing = Tracing(settings.otlp_endpoint, self.name, settings.county)
        self._opened.push_async_callback(asyncio.to_thread, tracing.close)
        return (tracing.middleware,)

    async def _connect_and_open(self) -> None:
        """Raises BusUnreachable, and what the service raises."""
        # FastStream gives up at the first refusal and leaves its socket open: whoever is not let in hears it here.
        await (await connect(self.settings, name=f"kaiye-{self.name}")).close()
        try:
            async with asyncio.timeout(self.settings.nats_connect_seconds_max):
                self._connection = await self._nats.connect()
        except (TimeoutError, nats.errors.NoServersError) as error:
            raise unreachable(self.settings) from error
        hear_any_subject(self.nc)
        await self._open(self.nc)

    async def _end(self) -> None:
        self._stopping.set()
        await self._finish()
        await self._cancel()

    async def _cancel(self) -> None:
        await end(self._tasks)  # an error among them is in `failure` already

    async def _closed(self) -> None:
        """The client gave up for good: wrong credentials, or a protocol error."""
        self._fail(nats.errors.ConnectionClosedError())

    def _start(self, duty: Coroutine[Any, Any, None]) -> None:
        """Run something for as long as the service runs; its end is the service's."""
        task = asyncio.create_task(duty)
        task.add_done_callback(self._duty_ended)
        self._tasks.append(task)

    def _duty_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._fail(task.exception() or RuntimeError(f"{task.get_name()} ended"))

    def _fail(self, error: BaseException) -> None:
        """End the service with this error, unless it is ending already."""
        if self.failure is None and not self._stopping.is_set():
            log.critical("the service ends", service=self.name, error=repr(error))
            self.failure = error
            self.exit()
