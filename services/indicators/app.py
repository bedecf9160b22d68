"""The indicators service as an app: the projector, and the doors at which the figures are asked for.

Everything runs in one event loop: pages are taken in and questions are answered in turn, so an answer is of one moment. Whatever ends
the projector or a door ends the process; its supervisor starts it anew from the store's checkpoint.
"""

from datetime import UTC, datetime
from typing import Final

from fastapi import FastAPI
from faststream.nats.prometheus import NatsPrometheusMiddleware
from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from services.indicators.api.access import Access
from services.indicators.api.bus import answer_questions, take_commands
from services.indicators.api.counter import Counter
from services.indicators.api.feed import Changed, Feed
from services.indicators.api.http import Doors, make_http
from services.indicators.api.metrics import ProjectorMetrics, QueryMetrics
from services.indicators.api.questions import Questions
from services.indicators.api.rebuilds import Rebuilds
from services.indicators.archiving import Archiving
from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import load_county
from services.indicators.live import Live
from services.indicators.opening import opened_store
from services.indicators.projector import Projector
from services.indicators.rebuild import Rebuilder
from services.indicators.settings import IndicatorsSettings
from shared import subjects
from shared.bus import connect
from shared.clock import Clock, SimulatedClock, WallClock
from shared.http_server import HttpServer
from shared.limits import listed_tokens
from shared.logs import logger
from shared.service_app import ServiceApp

SERVICE: Final = "indicators"
SIMULATION_STARTS: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = logger(__name__)


class WrongCounty(Exception):
    """The county's folder is that of another county; the message says so in Chinese and English."""


class IndicatorsApp(ServiceApp):
    """The indicators service in one process."""

    settings: IndicatorsSettings

    def __init__(self, settings: IndicatorsSettings) -> None:
        self.questions = Questions()
        self.http_port = 0
        """Where figures are served over HTTP; 0 when they are not."""
        self.http: FastAPI | None = None
        """What is served there."""
        self._feed: Feed | None = None
        self._rebuilder: Rebuilder | None = None
        self.archiving: Archiving | None = None
        """What keeps the archive; None when none is asked for, and before the start."""
        self._registry = CollectorRegistry()
        self._query_metrics = QueryMetrics(self._registry)
        super().__init__(
            settings, SERVICE, description="Records in; questions answered by request and reply, and a change feed.",
            watched_by=NatsPrometheusMiddleware(registry=self._registry, app_name=SERVICE),
        )  # fmt: skip
        answer_questions(self._nats, self.questions, self._query_metrics)
        take_commands(self._nats, self.questions, self._query_metrics)
        self._nats.publisher(
            subjects.changed(settings.county), title="changed", schema=Changed, description="变动通知 / which figures moved: ask again"
        )

    async def _open(self, nc: Client) -> None:
        """Open county, store and the door. Raises FileProblems, OSError, WrongCounty, PortTaken and what the store raises."""
        settings = self.settings
        county = load_county(settings.county_folder, JUDGED)
        if county.code != settings.county:
            raise WrongCounty(
                f"{settings.county_folder} 属于县 {county.code}，不是 {settings.county} / "
                f"{settings.county_folder} is the folder of {county.code}, not of {settings.county}"
            )
        store = await self._opened.enter_async_context(opened_store(settings))
        clock: Clock = SimulatedClock(SIMULATION_STARTS) if settings.simulated_clock else WallClock()
        live = Live(county.plan, store, clock)
        self._rebuilder = Rebuilder(live)
        self.questions.answer_from(live, county.plan_digest, Rebuilds(live, self._rebuilder))
        self._opened.callback(self.questions.explainer.close)
        self._feed = Feed(live)
        if settings.archive is not None:
            self.archiving = Archiving(settings.archive, live, settings.database_url, seconds=settings.archive_seconds)
        if settings.http_port:
            users = listed_tokens(settings.departments, settings.county) if settings.departments is not None else None
            access = Access(users, open=settings.insecure)
            counter = await self._open_counter(nc)
            doors = Doors(self.questions, self._feed, nc, self._query_metrics, self._registry, access, counter, self.archiving)
            self.http = make_http(doors)
            server = HttpServer(settings.http_host, settings.http_port, self.http)
            self.http_port = server.port
            self._opened.callback(server.close)
            self._start(server.run())

    async def _open_counter(self, nc: Client) -> Counter:
        """Where reports are handed in over HTTP, on a connection of its own. Raises BusUnreachable."""
        settings = self.settings
        if settings.door_nkey_seed is not None:
            own = {"nats_nkey_seed": settings.door_nkey_seed, "nats_inbox": settings.door_inbox, "nats_credentials": None}
            settings = settings.model_copy(update=own)
        door = await connect(settings, name="kaiye-door", closed=self._closed)
        self._opened.push_async_callback(door.close)
        return Counter(door, nc, settings.county)

    async def _begin(self) -> None:
        """Read the store, then follow the records. The doors are open meanwhile and say that nothing can be answered yet."""
        assert self._feed is not None
        self._start(self._feed.publish(self.nc))
        self._start(self._follow())

    async def _follow(self) -> None:
        live = self.questions.live
        await live.open()
        self.questions.ready = True
        assert self._rebuilder is not None
        self._start(self._rebuilder.run())
        if self.archiving is not None:
            self._start(self.archiving.run())
        log.info("service started", service=SERVICE, county=self.settings.county, positions=live.snapshot().positions)
        await Projector(self.nc, live, ProjectorMetrics(self._registry)).run()

    async def _finish(self) -> None:
        """Listeners are let go."""
        if self._feed is not None:
            self._feed.stop()


def create_app(settings: IndicatorsSettings) -> IndicatorsApp:
    """The indicators service. Nothing is connected or read before it is started."""
    return IndicatorsApp(settings)
