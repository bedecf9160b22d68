"""Compares every service's stream with its database, and takes back from the stream what an older backup of the database lacks.

Reports that were waiting or refused since the backup cannot be taken back: their answers tell who must report them again.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import nats.errors

from deploy.data_folder import Running
from deploy.reaching import DATABASE_AWAY, DatabaseUnreachable, bus
from services.finance.rules import RULES as FINANCE
from services.registry.rules import RULES as REGISTRY
from services.training.rules import RULES as TRAINING
from shared.bus import BusUnreachable
from shared.clock import Clock, SimulatedClock, WallClock
from shared.contracts.base import Service
from shared.event_store.interface import EventStore
from shared.event_store.postgres import PostgresStore
from shared.relay import Adopted, Forgotten, Relay, RelayFinding, StoreBehind, adopt, forgotten
from shared.rules import Rules
from shared.write_app.work import SIMULATION_STARTS
from shared.write_service.handler import WriteService

RULES: tuple[Rules[Any], ...] = (REGISTRY, TRAINING, FINANCE)
AGED_DAYS = 30
"""What has waited longer is pointed out: what it waits for may never come."""


@dataclass(frozen=True, slots=True)
class Aged:
    """Reports of one service wait, and the oldest of them has for longer than `AGED_DAYS`."""

    service: Service
    waiting: int
    since: datetime


async def examine(running: Running, *, adopting: bool) -> AsyncIterator[Adopted | Forgotten | RelayFinding | Aged]:
    """What is found, service by service; where `adopting`, before it what was taken back, and at the end what must be reported again.
    Behind a service's finding, what has waited there for long.

    Raises BusUnreachable, DatabaseUnreachable, and AdoptionRefused when the stream's tail does not follow from the store.
    """
    try:
        async for found in _examine(running, adopting=adopting):
            yield found
    except nats.errors.Error as error:  # some of them are timeouts too, which are no fault of the database
        raise BusUnreachable(f"消息总线没有应答 / the bus does not answer: {error!r}") from error
    except DATABASE_AWAY as error:
        raise DatabaseUnreachable(error) from error


async def _examine(running: Running, *, adopting: bool) -> AsyncIterator[Adopted | Forgotten | RelayFinding | Aged]:
    async with AsyncExitStack() as opened:
        nc = await opened.enter_async_context(bus(running, name="kaiye-doctor"))
        stores = []
        for rules in RULES:
            store = await PostgresStore.open(running.databases[rules.service], rules.service, running.county)
            opened.push_async_callback(store.close)
            stores.append(store)
            relay = Relay(nc, store, county=running.county, service=rules.service)
            finding = await relay.check()
            if adopting and isinstance(finding, StoreBehind):
                service = WriteService(rules, store, running.county, await _clock(store, running))
                yield await adopt(nc, store, service.append_adopted, county=running.county, service=rules.service)
                finding = await relay.check()
            yield finding
            counts, now = await store.counts(), (await _clock(store, running)).now()
            if counts.oldest_waiting is not None and now - counts.oldest_waiting > timedelta(days=AGED_DAYS):
                yield Aged(rules.service, counts.waiting, counts.oldest_waiting)
        if adopting:
            async for report in forgotten(nc, stores, county=running.county):
                yield report


async def _clock(store: EventStore, running: Running) -> Clock:
    """The clock that the store is written by; an emptied one does not say so itself."""
    return SimulatedClock((await store.head()).simulated or SIMULATION_STARTS) if running.simulated_clock else WallClock()
