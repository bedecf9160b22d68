"""Plays a simulated county on a running system: its departments report through the bus, on the clock of the history.

Nothing here is known to the services: reports go out under the departments' subjects and come back answered, like anybody's. The
history is a function of county, seed and number of facts, so playing it again on the same folder carries on where it was left.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date

import httpx
import orjson
from nats.aio.client import Client
from rich.progress import Progress, TaskID

from deploy.data_folder import Demonstration, Running
from deploy.pace import Pace
from deploy.reaching import DATABASE_AWAY, bus
from deploy.simulator import SimulatedReport, simulate, unit_reports
from deploy.turns import Turns
from services.indicators.evaluation.county import County
from shared import subjects
from shared.answers import Answer
from shared.client import OutgoingReport, ReportingClient
from shared.client import Progress as Fared
from shared.contracts.base import SERVICES, Service
from shared.contracts.common import FactCorrected, FactVoided, common_type
from shared.contracts.envelope import Source
from shared.contracts.registry import UnitDissolved, UnitMerged
from shared.days import day_of
from shared.event_store.interface import Head
from shared.event_store.postgres import PostgresStore
from shared.tasks import end

LOOK_SECONDS = 0.1
QUIET_LOOKS = 3
"""How many looks in a row nothing may move before everything counts as taken in: services also wake each other."""
QUERY_SECONDS_MAX = 30.0
UNIT_MOVES = frozenset({UnitMerged.type, UnitDissolved.type})
AMENDMENTS = frozenset({common_type(FactVoided, "registry"), common_type(FactCorrected, "registry")})
HELD_REPORTS_MAX = 2_000
"""So many reports may wait for their turn before no more are read of the history."""

Stores = tuple[PostgresStore, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """What a demonstration came to."""

    as_of: date
    """31 December of the plan year, or the last simulated day where that is earlier."""
    known_at: date
    """The last simulated day."""
    fared: Fared
    """How many of the history's reports were recorded, wait or were refused."""
    reporting_seconds: float
    """From the first report of the history to the last answer."""
    settling_seconds: float
    """From the last answer until every figure followed."""


async def play(running: Running, county: County, demonstration: Demonstration, progress: Progress) -> Played:
    """Report the county's units, then its history, and wait until every figure follows from all of it.

    It waits as long as that takes, through restarts of servers and services. Raises BusUnreachable when the bus does not answer at first.
    """
    async with _stores(running) as stores, bus(running) as nc:
        player = _Player(running.county, nc, stores, progress)
        listing = list(unit_reports(county))
        await player.report("名册 / units", listing, len(listing))
        await _until(lambda: _units_followed(stores, player.last_position))
        started = time.monotonic()
        history = simulate(county.roster, county.plan, demonstration.seed, demonstration.facts)
        fared = await player.report("部门上报 / departments report", history, demonstration.facts)
        answered = time.monotonic()
        bar = progress.add_task("指标更新 / figures follow", total=None)
        await _settled(running, stores, lambda done, total: progress.update(bar, completed=done, total=total))
        return Played(
            as_of=min(date(county.plan.year, 12, 31), player.last_day), known_at=player.last_day, fared=fared,
            reporting_seconds=answered - started, settling_seconds=time.monotonic() - answered,
        )  # fmt: skip


class _Player:
    """Sends simulated reports like the departments' systems would, and shows how they fare."""

    def __init__(self, county: str, nc: Client, stores: Stores, progress: Progress) -> None:
        self._county = county
        self._nc = nc
        self._stores = stores
        self._progress = progress
        self._turns = Turns()
        self._their_turn: asyncio.Queue[OutgoingReport] = asyncio.Queue()
        self._pace = Pace()
        self._moves: dict[tuple[str, str], int | None] = {}
        """The reports by which units change, and at which position each was recorded."""
        self.last_day = date.min
        """The last simulated day so far."""
        self.last_position = 0
        """The last position among the answers to what was reported last."""

    async def report(self, title: str, reports: Iterable[SimulatedReport], total: int) -> Fared:
        """Report and return once the last answer is there: how the reports fared."""
        self.last_position = 0
        bar = self._progress.add_task(title, total=total)
        async with ReportingClient(self._nc, county=self._county, on_answer=self._answered) as client:
            showing = asyncio.create_task(self._show(bar, client))
            feed = await self._nc.subscribe(subjects.changed(self._county), cb=self._pace.changed)
            try:
                fared = await client.report_many(self._outgoing(reports, client))
            finally:
                await end([showing])
                if not self._nc.is_closed:
                    await feed.unsubscribe()
            self._progress.update(bar, completed=total)
            return fared

    def _answered(self, answer: Answer) -> None:
        self.last_position = max(self.last_position, answer.position or 0)
        self._pace.answered(answer)
        if (answer.source, answer.id) in self._moves:
            self._moves[answer.source, answer.id] = answer.position
        for report in self._turns.answered((answer.source, answer.id)):
            self._their_turn.put_nowait(report)

    async def _outgoing(self, reports: Iterable[SimulatedReport], client: ReportingClient) -> AsyncIterator[OutgoingReport]:
        for simulated in reports:
            self.last_day = max(self.last_day, day_of(simulated.instant))
            source = Source(self._county, simulated.department, simulated.system)
            report = OutgoingReport(source, simulated.type, simulated.raw, simulated.id, simulated.instant)
            moves = self._moves_units(report)
            if moves:
                while self._turns or not self._their_turn.empty():
                    yield await self._their_turn.get()
                await _until(lambda: _all_answered(client))
            for one in self._turns.put(report):
                await self._pace.hold_back()
                yield one
            if moves:
                await _until(lambda: _all_answered(client))
                await self._followed(self._moves[str(source), simulated.id] or 0)
            while len(self._turns) > HELD_REPORTS_MAX or not self._their_turn.empty():
                yield await self._their_turn.get()
        while self._turns or not self._their_turn.empty():
            yield await self._their_turn.get()

    async def _followed(self, position: int) -> None:
        await _until(lambda: _units_followed(self._stores, position))

    def _moves_units(self, report: OutgoingReport) -> bool:
        """Whether a report changes units, or amends one that did.

        In life every service knows of it long before the next report about the unit; here years pass in seconds, and what a service that
        was killed meanwhile makes of a unit that is gone must not depend on how late it learns of it. So such a report goes alone.
        """
        key = str(report.source), report.id
        if report.type not in UNIT_MOVES:
            if report.type not in AMENDMENTS:
                return False
            try:
                data = orjson.loads(report.raw)["data"]
                if (data["source"], data["id"]) not in self._moves:
                    return False
            except (orjson.JSONDecodeError, KeyError, TypeError):
                return False
        self._moves[key] = None
        return True

    async def _show(self, bar: TaskID, client: ReportingClient) -> None:
        while True:
            self._progress.update(bar, completed=client.progress.answered)
            await asyncio.sleep(LOOK_SECONDS)


async def _all_answered(client: ReportingClient) -> bool:
    return client.progress.answered >= client.progress.sent


async def _heads(stores: Stores) -> dict[str, Head] | None:
    """The stores' heads; None while the database is being started again."""
    try:
        return {str(store.service): await store.head() for store in stores}
    except DATABASE_AWAY:
        return None


async def _units_followed(stores: Stores, position: int) -> bool:
    """Whether the other services know the units that registry recorded up to a position."""
    heads = await _heads(stores)
    return heads is not None and all(head.followed >= position for service, head in heads.items() if service != "registry")


async def _settled(running: Running, stores: Stores, show: Callable[[int, int], None]) -> None:
    """Wait until the figures follow from everything recorded and nothing more is being recorded."""
    quiet = 0
    seen: dict[str, int] = {}
    async with httpx.AsyncClient(timeout=QUERY_SECONDS_MAX, trust_env=False) as http:
        while quiet < QUIET_LOOKS:
            recorded = {service: head.position for service, head in (await _heads(stores) or {}).items()}
            positions = await _positions(http, running)
            show(sum(positions.values()), sum(recorded.values()))
            quiet = quiet + 1 if recorded and positions == recorded == seen else 0
            seen = recorded
            await asyncio.sleep(LOOK_SECONDS)


async def _positions(http: httpx.AsyncClient, running: Running) -> dict[str, int]:
    """Up to where the figures follow; nothing while the indicators service is being started again."""
    try:
        answer = await http.get(f"{running.http_url}/health")
    except httpx.TransportError:
        return {}
    found: dict[str, int] = answer.json()["positions"]
    return found


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _stores(running: Running) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as opened:
        stores = []
        for service in SERVICES:
            stores.append(await _opened(running, service))
            opened.push_async_callback(stores[-1].close)
        yield tuple(stores)


async def _opened(running: Running, service: Service) -> PostgresStore:
    while True:
        try:
            return await PostgresStore.open(running.databases[service], service, running.county)
        except DATABASE_AWAY:  # its supervisor is starting it again
            await asyncio.sleep(LOOK_SECONDS)
