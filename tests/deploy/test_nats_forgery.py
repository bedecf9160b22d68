"""What keys in the wrong hands may do about a running system: nobody has a report made in a department's name, or another's report lost."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
import pytest_asyncio
from nats.aio.client import Client

from deploy.nats.accounts import ADMINISTRATOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed, public_key
from services.finance.rules import RULES as FINANCE
from services.registry.rules import RULES as REGISTRY
from services.training.rules import RULES as TRAINING
from shared import subjects
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import Source, report_bytes
from shared.rules import Rules
from shared.users import DepartmentUser, users_toml
from tests.support.memory_store import MemoryStore
from tests.support.nats import KeyedBroker, county_users, settled
from tests.write_app.system import COUNTY, DAY, recorded_ids, serving

SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", ADMINISTRATOR, "gsj", "xxzx", "employment")}
PLACES = {"gsj": ("gsj", "dengji"), "xxzx": ("xxzx", "ops"), "employment": ("employment", "hr")}
GSJ, EMPLOYMENT = Source(COUNTY, "gsj", "dengji"), Source(COUNTY, "employment", "hr")
ROOT = {"user": "root", "password": "root"}
"""Whoever administers the broker itself, whom no permission holds back."""
PLAN = "registry.unit_plan_submitted"
REFUSED_SECONDS = 0.5
QUEUE = subjects.reported_stream(COUNTY)


class Keyed:
    """A broker with keys and the three write services on it, their stores in memory."""

    def __init__(self, broker: KeyedBroker, stores: Mapping[Service, MemoryStore]) -> None:
        self.broker = broker
        self.stores = stores

    @asynccontextmanager
    async def speaking(self, name: str) -> AsyncIterator[Client]:
        async def forbidden(error: Exception) -> None:
            """It is what these tests are about."""

        inbox = inbox_of(*PLACES.get(name, (name,)))
        async with await nats.connect(self.broker.address, nkeys_seed_str=SEEDS[name], inbox_prefix=inbox, error_cb=forbidden) as client:
            yield client

    def told_of(self, source: Source) -> list[str]:
        """The ids of everything that came to a service in this name."""
        return [row.key.id for store in self.stores.values() for row in store.report_rows.values() if row.key.source == str(source)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KeyedBroker]:
    users = county_users(
        SEEDS,
        DepartmentUser(department="gsj", system="dengji", nkey=public_key(SEEDS["gsj"]), may_report=("registry.entity_registered",)),
        DepartmentUser(department="xxzx", system="ops", nkey=public_key(SEEDS["xxzx"]), role="administrator"),
        DepartmentUser(department="employment", system="hr", nkey=public_key(SEEDS["employment"])),
    )
    (tmp_path / "departments.toml").write_text(users_toml({COUNTY: users}))
    broker = KeyedBroker(tmp_path / "nats", accounts_conf({COUNTY: users}, date(2026, 3, 2), more=(ROOT,)))
    broker.start()
    yield broker
    broker.stop()


@asynccontextmanager
async def _serving(broker: KeyedBroker, departments: Path) -> AsyncIterator[Keyed]:
    """The write services at work, each with its own key."""
    rules: tuple[Rules[Any], ...] = (REGISTRY, TRAINING, FINANCE)
    stores = {each.service: MemoryStore(each.service, COUNTY) for each in rules}
    async with AsyncExitStack() as opened:
        for each in rules:
            own = {"nats_nkey_seed": SEEDS[each.service], "nats_inbox": inbox_of(each.service), "departments": departments}
            await opened.enter_async_context(serving(broker, each, stores[each.service], **own))
        yield Keyed(broker, stores)


@pytest_asyncio.fixture
async def keyed(broker: KeyedBroker, tmp_path: Path) -> AsyncIterator[Keyed]:
    async with _serving(broker, tmp_path / "departments.toml") as keyed:
        yield keyed


@pytest.mark.parametrize(
    ("name", "said"), [("xxzx", "command.registry.zzz"), (ADMINISTRATOR, "command.registry.zzz"), ("indicators", "command.indicators.zzz")]
)
async def test_no_stream_of_theirs_speaks_for_a_department(keyed: Keyed, name: str, said: str) -> None:
    reported = subjects.reported(COUNTY, "gsj", "dengji", PLAN)
    evil: dict[str, Any] = {"name": "EVIL", "subjects": [said], "no_ack": True}
    made: list[dict[str, Any]] = [
        {"republish": {"src": said, "dest": reported}}, {},
        {"subjects": [], "sources": [{"name": QUEUE, "subject_transforms": [{"src": ">", "dest": reported}]}]},
        {"subjects": [], "mirror": {"name": QUEUE}},
    ]  # fmt: skip
    calls: list[tuple[str, dict[str, Any]]] = [("STREAM.CREATE.EVIL", evil | more) for more in made]
    for stream in (QUEUE, subjects.answered_stream(COUNTY), subjects.recorded_stream(COUNTY, "registry")):
        calls.append((f"STREAM.UPDATE.{stream}", evil | made[0] | {"name": stream}))
        calls += [(f"STREAM.{call}.{stream}", {}) for call in ("PURGE", "DELETE")]
        calls.append((f"STREAM.MSG.DELETE.{stream}", {"seq": 1}))
    async with keyed.speaking(name) as client, keyed.speaking("employment") as employment:
        assert await every_one_refused(client, calls)
        await client.publish(said, plan(GSJ, "forged"))
        await client.publish(reported, plan(GSJ, "forged-plainly"))
        await settled(client)
        await answered(employment, PLAN, plan(EMPLOYMENT, "after"))
    assert keyed.told_of(GSJ) == []


async def test_no_service_takes_or_loses_what_is_reported_to_another(keyed: Keyed) -> None:
    loan = report_bytes(source=EMPLOYMENT, id="settled", type="finance.loan_settled", occurred=DAY, data={"loan": "L1"})
    filter_ = subjects.reported_to(COUNTY, "finance")
    drawing: dict[str, Any] = {"stream_name": QUEUE, "config": {"filter_subject": filter_, "ack_policy": "explicit"}}
    named = drawing | {"config": drawing["config"] | {"name": "training", "durable_name": "training"}}
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"CONSUMER.MSG.NEXT.{QUEUE}.finance", {"batch": 1, "no_wait": True}), (f"CONSUMER.DELETE.{QUEUE}.finance", {}),
        (f"CONSUMER.CREATE.{QUEUE}", drawing), (f"CONSUMER.CREATE.{QUEUE}.training.{filter_}", named),
        (f"CONSUMER.DURABLE.CREATE.{QUEUE}.training", named), (f"STREAM.PURGE.{QUEUE}", {}), (f"STREAM.DELETE.{QUEUE}", {}),
        (f"STREAM.DELETE.{subjects.answered_stream(COUNTY)}", {}), (f"STREAM.DELETE.{subjects.recorded_stream(COUNTY, 'finance')}", {}),
    ]  # fmt: skip
    async with keyed.speaking("training") as training, keyed.speaking("employment") as employment:
        assert await every_one_refused(training, calls)
        assert (await answered(employment, "finance.loan_settled", loan))["outcome"] == "waiting"


async def test_a_type_that_the_list_does_not_have_is_refused_although_the_bus_lets_it_through(keyed: Keyed) -> None:
    async with keyed.speaking("gsj") as gsj, await nats.connect(keyed.broker.address, **ROOT) as root:
        answer = await answered(gsj, PLAN, plan(GSJ, "let-through"), through=root)
    assert (answer["outcome"], answer["code"]) == ("refused", "outside_types")
    assert recorded_ids(keyed.stores["registry"]) == []


def plan(source: Source, id: str) -> bytes:
    return report_bytes(source=source, id=id, type=PLAN, occurred=DAY, data={"code": "990101100000"})


async def every_one_refused(client: Client, calls: list[tuple[str, dict[str, Any]]]) -> bool:
    """Whether the broker itself lets none of these calls through."""
    return all(await asyncio.gather(*(_refused(client, *call) for call in calls)))


async def _refused(client: Client, call: str, said: dict[str, Any]) -> bool:
    try:
        await client.request(f"$JS.API.{call}", json.dumps(said).encode(), timeout=REFUSED_SECONDS)
    except nats.errors.TimeoutError:
        return True
    return False


async def answered(client: Client, type: str, raw: bytes, *, through: Client | None = None) -> dict[str, Any]:
    """Reported, and what was answered. What a service was told before is decided by then: it decides in order."""
    _, county, department, system = json.loads(raw)["source"].split("/")
    answers = await client.subscribe(f"answered.{county}.{department}.{system}.>")
    await settled(client)
    await (through or client).publish(subjects.reported(county, department, system, type), raw)
    return dict(json.loads((await answers.next_msg(timeout=20)).data))
