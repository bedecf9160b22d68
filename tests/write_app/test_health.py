"""What /health and /metrics say, and that a store from an older backup is noticed, held and taken back."""

import asyncio
import socket
from dataclasses import replace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from deploy.embedded import free_port
from services.training.rules import RULES
from shared.clock import WallClock
from shared.http_server import PortTaken
from shared.relay import adopt
from shared.write_app.http import HealthServer
from shared.write_service.handler import WriteService
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected
from tests.write_app.system import COUNTY, SECONDS_MAX, course, department, each, recorded_ids, serving, until


async def get(port: int, page: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://127.0.0.1:{port}/{page}")


def backup(store: MemoryStore) -> MemoryStore:
    """A copy of the store as it is now."""
    copies: dict[str, Any] = {name: type(value)(value) for name, value in vars(store).items() if isinstance(value, list | dict)}
    return replace(store, _lock=asyncio.Lock(), _sender=None, **copies)


async def test_health_and_metrics_say_what_is_recorded_and_published(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, RULES, store, http_port=free_port()) as app, department(broker) as client:
        await asyncio.wait_for(client.report_many(each([course(1), course(2), course(2)._replace(raw=b"[]")])), SECONDS_MAX)
        await until(lambda: app.work.relay.published == 3)
        health = await get(app.health_port, "health")
        metrics = await get(app.health_port, "metrics")
    details = health.json()
    assert health.status_code == 200
    assert (details["service"], details["county"], details["recording"], details["bus_connected"]) == ("training", COUNTY, True, True)
    assert (details["recorded"], details["published"], details["waiting"], details["answers_unsent"]) == (3, 3, 0, 0)
    assert details["oldest_waiting"] is None
    assert details["relay"]["state"] in {"healthy", "refilled"}
    lines = metrics.text.splitlines()
    assert 'kaiye_recorded{service="training"} 3.0' in lines
    assert 'kaiye_answers_total{outcome="recorded",service="training"} 2.0' in lines
    assert 'kaiye_answers_total{outcome="refused",service="training"} 1.0' in lines
    assert 'faststream_received_messages_total{app_name="training",broker="nats",handler="reported"} 3.0' in lines


async def test_a_store_from_an_older_backup_is_held_shown_and_taken_back(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, RULES, store), department(broker) as client:
        await asyncio.wait_for(client.report_many(each([course(n) for n in range(5)])), SECONDS_MAX)
        older = backup(store)
        await asyncio.wait_for(client.report_many(each([course(n) for n in range(5, 40)])), SECONDS_MAX)
    assert len(older.record_rows) < len(store.record_rows)
    async with serving(broker, RULES, older, http_port=free_port()) as app, department(broker) as client:
        await until(lambda: app.work.relay.finding is not None)
        reporting = asyncio.create_task(client.report(course(99)))
        await asyncio.sleep(0.5)
        health = await get(app.health_port, "health")
        assert health.status_code == 503
        assert (health.json()["relay"]["state"], health.json()["recording"]) == ("store_behind", False)
        assert "kaiye doctor --adopt" in health.json()["relay"]["en"]
        assert not reporting.done()
        assert len(older.record_rows) == 6
        async with connected(broker) as nc:
            writer = WriteService(RULES, older, COUNTY, WallClock())
            await adopt(nc, older, writer.append_adopted, county=COUNTY, service="training")
        assert [row.raw for row in older.record_rows] == [row.raw for row in store.record_rows]
        await app.work.relay.reconnected()  # compares at once
        assert (await asyncio.wait_for(reporting, SECONDS_MAX)).outcome == "recorded"
        again = await asyncio.wait_for(client.report(course(30)), SECONDS_MAX)
        assert again.outcome == "recorded"
    assert recorded_ids(older) == [*(f"c-{n}" for n in range(40)), "c-99"]


async def test_a_store_that_goes_back_while_the_service_runs_ends_it_before_anything_is_recorded(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    with pytest.raises(AssertionError, match="the store went back"):
        async with serving(broker, RULES, store) as app, department(broker) as client:
            await asyncio.wait_for(client.report_many(each([course(n) for n in range(5)])), SECONDS_MAX)
            older = backup(store)
            await asyncio.wait_for(client.report_many(each([course(n) for n in range(5, 40)])), SECONDS_MAX)
            vars(store).update(vars(older))
            reporting = asyncio.create_task(client.report(course(99)))
            await until(lambda: app.failure is not None)
            reporting.cancel()
    assert recorded_ids(store) == [f"c-{n}" for n in range(5)]


async def test_health_is_not_well_while_the_bus_is_away(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, RULES, store, http_port=free_port()) as app:
        await until(lambda: app.work.relay.finding is not None)
        broker.kill()
        await until(lambda: app.work.relay.finding is None)
        health = await get(app.health_port, "health")
        assert (health.status_code, health.json()["bus_connected"], health.json()["relay"]) == (503, False, None)
        broker.start()
        await until(lambda: app.work.relay.finding is not None)
        assert (await get(app.health_port, "health")).status_code == 200


async def test_a_service_stops_cleanly_while_the_bus_is_away(broker: Broker) -> None:
    async with serving(broker, RULES, MemoryStore("training", COUNTY)) as app:
        await until(lambda: app.work.relay.finding is not None)
        broker.kill()
        await until(lambda: app.work.relay.finding is None)


async def unasked() -> tuple[bool, dict[str, Any]]:
    raise AssertionError("nobody asks a server that does not serve")


def test_a_port_that_is_taken_is_said_in_both_languages() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"端口 127.0.0.1:{port} 无法使用 / the port 127.0.0.1:{port} cannot be used"):
            HealthServer("127.0.0.1", port, health=unasked, registry=CollectorRegistry())
