"""The indicators service as a FastStream app: the projector, and the doors at which the figures are asked for.

Everything runs in one event loop: pages are taken in and questions are answered in turn, so an answer is of one moment. Whatever ends
the projector or a door ends the process; its supervisor starts it anew from the store's checkpoint.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import nats.errors
from faststream import FastStream
from faststream.nats import NatsBroker
from faststream.nats.prometheus import NatsPrometheusMiddleware
from faststream.nats.security import NatsCredentials, NatsNKey, NatsSecurity
from faststream.specification import AsyncAPI
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.indicators.api.bus import answer_questions
from services.indicators.api.feed import Changed, Feed
from services.indicators.api.http import Doors, make_http
from services.indicators.api.metrics import ProjectorMetrics, QueryMetrics
from services.indicators.api.questions import Questions
from services.indicators.evaluation.county import load_county
from services.indicators.live import Live
from services.indicators.opening import opened_store
from services.indicators.projector import Projector
from services.indicators.settings import IndicatorsSettings
from shared import subjects
from shared.bus import connection_options, tls_context, unreachable
from shared.clock import Clock, SimulatedClock, WallClock
from shared.http_server import HttpServer
from shared.logs import logger

SIMULATION_STARTS = datetime(1970, 1, 1, tzinfo=UTC)
SERVICE = "indicators"

log = logger(__name__)


class WrongCounty(Exception):
    """The county's folder is that of another county; the message says so in Chinese and English."""


class IndicatorsApp(FastStream):
    """The indicators service in one process. `run` serves until a signal, or raises what ended it; `start` and `stop` are for tests."""

    def __init__(self, settings: IndicatorsSettings) -> None:
        self.settings = settings
        self.failure: BaseException | None = None
        """What ended the service."""
        self.http_port = 0
        """Where figures are served over HTTP; 0 when they are not."""
        self.questions = Questions()
        self._opened = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._feed: Feed | None = None
        self._registry = CollectorRegistry()
        self._query_metrics = QueryMetrics(self._registry)
        self._projector_metrics = ProjectorMetrics(self._registry)
        self._nats = self._make_broker()
        answer_questions(self._nats, self.questions, self._query_metrics)
        self._nats.publisher(
            subjects.changed(settings.county), title="changed", schema=Changed, description="变动通知 / which figures moved: ask again"
        )
        super().__init__(
            self._nats,
            logger=logging.getLogger("faststream"),
            on_startup=[self._open],
            after_startup=[self._begin],
            on_shutdown=[self._finish],
            after_shutdown=[self._opened.aclose],
            specification=AsyncAPI(
                title="kaiye indicators", version="1.0.0", schema_version="3.0.0",
                description="Records in; questions answered by request and reply, and a change feed.",
            ),
        )  # fmt: skip

    async def run(self, log_level: int = logging.INFO, run_extra_options: dict[str, Any] | None = None, sleep_time: float = 0.1) -> None:
        """Serve until SIGINT or SIGTERM. Raises what a reconnect cannot mend, at the start or later."""
        await super().run(log_level, run_extra_options, sleep_time)
        if self.failure is not None:
            raise self.failure

    async def stop(self) -> None:
        """Let a page under way be taken in or given up, and let go of bus and store."""
        try:
            await super().stop()
        except (nats.errors.ConnectionClosedError, nats.errors.ConnectionReconnectingError):
            log.info("stopped while the bus was away", service=SERVICE)
            await self._opened.aclose()

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
            **connection_options(settings, name=f"kaiye-{SERVICE}"),
            security=security,
            closed_cb=self._closed,
            middlewares=(NatsPrometheusMiddleware(registry=self._registry, app_name=SERVICE),),
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
        )

    async def _open(self) -> None:
        """Connect bus and store. Raises BusUnreachable, FileProblems, WrongCounty, PortTaken and what the store raises."""
        settings = self.settings
        county = load_county(settings.county_folder)
        if county.code != settings.county:
            raise WrongCounty(
                f"{settings.county_folder} 属于县 {county.code}，不是 {settings.county} / "
                f"{settings.county_folder} is the folder of {county.code}, not of {settings.county}"
            )
        try:
            async with asyncio.timeout(settings.nats_connect_seconds_max):
                nc = await self._nats.connect()
        except (TimeoutError, nats.errors.NoServersError) as error:
            raise unreachable(settings) from error
        store = await self._opened.enter_async_context(opened_store(settings))
        clock: Clock = SimulatedClock(SIMULATION_STARTS) if settings.simulated_clock else WallClock()
        live = Live(county.plan, store, clock)
        self.questions.answer_from(live)
        self._feed = Feed(live)
        if settings.http_port:
            doors = Doors(self.questions, self._feed, nc, self._query_metrics, self._registry)
            server = HttpServer(settings.http_host, settings.http_port, make_http(doors))
            self.http_port = server.port
            self._opened.callback(server.close)
            self._start(server.run())

    async def _begin(self) -> None:
        """Read the store, then follow the records. The doors are open meanwhile and say that nothing can be answered yet."""
        nc = await self._nats.connect()
        assert self._feed is not None
        self._start(self._feed.publish(nc))
        self._start(self._follow(nc))

    async def _follow(self, nc: Client) -> None:
        live = self.questions.live
        await live.open()
        self.questions.ready = True
        log.info("service started", service=SERVICE, county=self.settings.county, positions=live.snapshot().positions)
        await Projector(nc, live, self._projector_metrics).run()

    async def _finish(self) -> None:
        self._stopping = True
        if self._feed is not None:
            self._feed.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # an error among them is in `failure` already

    async def _closed(self) -> None:
        """The client gave up for good: wrong credentials, or a protocol error."""
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
        if self.failure is None and not self._stopping:
            log.critical("the service ends", service=SERVICE, error=repr(error))
            self.failure = error
            self.exit()


def create_app(settings: IndicatorsSettings) -> IndicatorsApp:
    """The indicators service. Nothing is connected or read before it is started."""
    return IndicatorsApp(settings)
