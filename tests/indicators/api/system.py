"""The indicators service started inside the test, on real servers, and the records of the three services it follows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson
from nats.aio.client import Client

from deploy.embedded import free_port
from services.indicators.app import IndicatorsApp, create_app
from services.indicators.archiving import Archiving
from services.indicators.settings import IndicatorsSettings
from shared import subjects
from shared.bus import ensure_stream, recorded_config
from shared.contracts.base import SERVICES, Fact, Service, service_of
from shared.contracts.common import COMMON_VERSION, DayClosed, FactCorrected, FactVoided, common_type, day_closed_id, system_source
from shared.contracts.envelope import NO_HASH, Record, parse_record, record_bytes
from shared.contracts.registry import EntityRegistered, Founder, UnitListed
from shared.contracts.training import CourseOpened, GuidanceGiven, TraineeCompleted

COUNTY = "330127000000"
COUNTY_FOLDER = Path(__file__).parents[3] / "deploy" / "counties" / "example"
TOWN, TOWN_B = "330127100000", "330127101000"
COMMUNITY, VILLAGE = "330127100001", "330127100201"
PARK = "330127401000"
UNITS = {COUNTY: "安岭县", TOWN: "云溪镇", TOWN_B: "石门镇", COMMUNITY: "东门社区", VILLAGE: "王家村", PARK: "安岭经济开发区"}
SOURCE = f"/{COUNTY}/employment/hr"
YEAR = 2025
SECONDS_MAX = 20.0


def person(number: int) -> str:
    return f"P{number:016d}"


def _service(fact: Fact) -> Service:
    return next(service for service in SERVICES if service == service_of(fact))


class Recorded:
    """What the three services have recorded: dense positions, each record naming the one before it."""

    def __init__(self) -> None:
        self.records: dict[Service, list[Record]] = {service: [] for service in SERVICES}
        self.published = dict.fromkeys(SERVICES, 0)
        self._ids = 0

    def add(self, on: str, fact: Fact, *, known: str | None = None) -> Record:
        """Record a fact; without a known day on the day on which it occurred."""
        self._ids += 1
        return self._record(
            _service(fact), SOURCE, f"r-{self._ids}", fact.type, fact.version, date.fromisoformat(on),
            date.fromisoformat(known or on), fact.model_dump(mode="json", exclude_none=True),
        )  # fmt: skip

    def close(self, day: str) -> None:
        """Every service closes a day, on the morning of the next."""
        closed = date.fromisoformat(day)
        for service in SERVICES:
            self._record(
                service, str(system_source(COUNTY, service)), day_closed_id(closed), common_type(DayClosed, service), COMMON_VERSION,
                closed, closed + timedelta(days=1), {"day": day},
            )  # fmt: skip

    def raw(self, service: Service, type: str, data: dict[str, Any], *, on: str = "2025-03-01", version: int = 1) -> Record:
        """Record something of whatever type."""
        self._ids += 1
        day = date.fromisoformat(on)
        return self._record(service, SOURCE, f"r-{self._ids}", type, version, day, day, data)

    def _record(
        self, service: Service, source: str, id: str, type: str, version: int, occurred: date, known: date, data: dict[str, Any]
    ) -> Record:
        chain = self.records[service]
        record = parse_record(
            record_bytes(
                source=source, id=id, type=type, version=version, occurred=occurred,
                recorded=datetime(known.year, known.month, known.day, 4, tzinfo=UTC) + timedelta(microseconds=len(chain)),
                position=len(chain) + 1, prevhash=chain[-1].hash if chain else NO_HASH, data=data,
            )
        )  # fmt: skip
        chain.append(record)
        return record

    async def publish(self, nc: Client) -> None:
        """What is not in the streams yet goes into them, at the sequence that is its position."""
        js = nc.jetstream()
        for service in SERVICES:
            await ensure_stream(js, recorded_config(COUNTY, service))
            for record in self.records[service][self.published[service] :]:
                sequence = (await js.publish(subjects.recorded(COUNTY, record.type), record.raw)).seq
                assert sequence == record.position
            self.published[service] = len(self.records[service])

    @property
    def positions(self) -> dict[str, int]:
        return {service: len(self.records[service]) for service in SERVICES}

    @property
    def lines(self) -> bytes:
        """All records by service and position, one per line."""
        return b"".join(record.raw + b"\n" for record in self.all)

    @property
    def all(self) -> list[Record]:
        """All records by service and position."""
        return [record for service in SERVICES for record in self.records[service]]

    # ── facts that many tests need ────────────────────────────────────────────────────────────────────────────────────────────────

    def lists_units(self) -> None:
        for code, name in UNITS.items():
            self.add("2020-01-01", UnitListed(code=code, name=name, urban_rural_class=None))

    def founds(self, on: str, number: int, *, unit: str = VILLAGE, known: str | None = None) -> Record:
        """A person founds an enterprise."""
        fact = EntityRegistered(
            entity=f"330127{number:09d}", unit=unit, name="甲", entity_kind="enterprise", industry="C20",
            founders=(Founder(person=person(number)),),
        )  # fmt: skip
        return self.add(on, fact, known=known)

    def corrects(self, record: Record, data: dict[str, Any], *, on: str = "2025-07-02") -> Record:
        """The registry corrects what a record says."""
        occurred = record.occurred.isoformat()
        correction = {"source": record.source, "id": record.id, "reason": "录错", "occurred": occurred, "version": 1, "data": data}
        return self.raw("registry", common_type(FactCorrected, "registry"), correction, on=on)

    def voids(self, record: Record, *, on: str = "2025-07-02") -> Record:
        """The registry voids a record."""
        return self.raw(
            "registry", common_type(FactVoided, "registry"), {"source": record.source, "id": record.id, "reason": "重复"}, on=on
        )

    def guides(self, on: str, who: int, *, unit: str = VILLAGE) -> None:
        self.add(on, GuidanceGiven(person=person(who), guidance_kind="policy", unit=unit))

    def course(self) -> None:
        self.add("2024-06-01", CourseOpened(course="C1", name="班", course_kind="start_up", institution="中心"))

    def passes(self, on: str, who: int, *, unit: str = VILLAGE) -> None:
        self.add(on, TraineeCompleted(course="C1", person=person(who), passed=True, unit=unit))


def a_year() -> Recorded:
    """Six units, two enterprises in the village and one in the other township, some training and guidance: all closed up to 30 June."""
    recorded = Recorded()
    recorded.lists_units()
    recorded.course()
    for number in range(10):
        recorded.guides(f"{YEAR}-02-{number + 1:02d}", number)
        recorded.passes(f"{YEAR}-03-{number + 1:02d}", number, unit=COMMUNITY)
    recorded.founds(f"{YEAR}-04-01", 1)
    recorded.founds(f"{YEAR}-04-02", 2)
    recorded.founds(f"{YEAR}-05-01", 3, unit=TOWN_B, known=f"{YEAR}-06-20")
    recorded.close(f"{YEAR}-06-30")
    return recorded


def settings(nats_url: str, dsn: str, **changes: Any) -> IndicatorsSettings:
    given = {
        "county": COUNTY, "county_folder": COUNTY_FOLDER, "nats_url": nats_url, "database_url": dsn, "simulated_clock": True,
        "http_port": free_port(), "insecure": True,
    }  # fmt: skip
    return IndicatorsSettings(**{**given, **changes})


class System:
    """A running service, a connection to the bus and an HTTP client of its door."""

    def __init__(self, app: IndicatorsApp, nc: Client, http: httpx.AsyncClient) -> None:
        self.app = app
        self.nc = nc
        self.http = http

    @property
    def archiving(self) -> Archiving:
        """What keeps the archive."""
        assert self.app.archiving is not None, "no archive is asked for"
        return self.app.archiving

    async def get(self, path: str, **parameters: str) -> Any:
        """The JSON of a page that must be there."""
        answer = await self.http.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def request(self, query: str, question: dict[str, Any] | bytes = b"") -> tuple[bytes, str]:
        """The reply on the bus, and the code in its header."""
        body = question if isinstance(question, bytes) else orjson.dumps(question)
        reply = await self.nc.request(subjects.query(query), body, timeout=SECONDS_MAX)
        return reply.data, (reply.headers or {}).get("Kaiye-Error", "")

    async def followed(self, recorded: Recorded) -> None:
        """Wait until the figures follow from everything that is published."""
        await until(lambda: self.app.questions.ready and self.app.questions.live.snapshot().positions == recorded.positions)

    async def figure(self, id: str, **parameters: str) -> str | None:
        """The default figure of an indicator."""
        (row, *_) = (await self.get(f"/indicators/{id}", **parameters))["indicators"]
        value: str | None = row["value"]
        return value


@asynccontextmanager
async def serving(nats_url: str, dsn: str, *, ask: str | None = None, **changes: Any) -> AsyncIterator[System]:
    """The service from start to stop. Whatever ended it early is raised at the end. `ask` is the seed of who asks on the bus."""
    app = create_app(settings(nats_url, dsn, **changes))
    await app.start()
    try:
        async with (
            connected(nats_url, seed=ask) as nc,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{app.http_port}", timeout=SECONDS_MAX) as http,
        ):
            yield System(app, nc, http)
    finally:
        await app.stop()
    assert app.failure is None, app.failure


@asynccontextmanager
async def connected(nats_url: str, *, seed: str | None = None) -> AsyncIterator[Client]:
    async def quiet(error: Exception) -> None:
        """Brokers are killed on purpose."""

    options: dict[str, Any] = {"reconnect_time_wait": 0.05, "max_reconnect_attempts": -1}
    client = await nats.connect(nats_url, error_cb=quiet, nkeys_seed_str=seed, **options)
    try:
        yield client
    finally:
        await client.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            await asyncio.sleep(0.01)
