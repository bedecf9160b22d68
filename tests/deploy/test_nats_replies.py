"""Where replies go: whoever asks says where to, and a service, or a stream that acknowledges, replies there with all its own rights."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.embedded import HOST
from deploy.nats.accounts import ADMINISTRATOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed, public_key
from shared import subjects
from shared.bus import ensure_stream, recorded_config, reported_config
from shared.users import DepartmentUser
from tests.support.admission import lets_in
from tests.support.nats import KeyedBroker, county_users

COUNTY = "330127000000"
SEEDS = {
    name: new_seed()
    for name in ("registry", "training", "finance", "indicators", ADMINISTRATOR, "bank", "school", "schools_next", "watcher")
}
QUERY = subjects.query("board")
OWN = subjects.reported(COUNTY, "bank", "core", "finance.loan_applied")


@asynccontextmanager
async def _as(server: str, *names: str) -> AsyncIterator[Client]:
    async with await nats.connect(server, nkeys_seed_str=SEEDS[names[0]], inbox_prefix=inbox_of(*names)) as client:
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    users = county_users(
        SEEDS,
        *(
            DepartmentUser(department=name, system="core", nkey=public_key(SEEDS[key]))
            for name, key in (("bank", "bank"), ("school", "school"), ("school", "schools_next"))
        ),
        DepartmentUser(department="watcher", system="core", nkey=public_key(SEEDS["watcher"]), role="administrator"),
    )
    server = KeyedBroker(tmp_path, accounts_conf({COUNTY: users}, date(2026, 3, 2)))
    yield server.start()
    server.stop()


@pytest.mark.parametrize("said", [QUERY, OWN], ids=["a service replies", "a stream acknowledges"])
async def test_nobody_has_others_speak_where_they_may_not_speak_themselves(server: str, said: str) -> None:
    async with (
        _as(server, "registry") as registry,
        _as(server, "indicators") as indicators,
        _as(server, "school", "core") as school,
        _as(server, ADMINISTRATOR) as administrator,
    ):
        for config in (reported_config(COUNTY), recorded_config(COUNTY, "registry")):
            await ensure_stream(registry.jetstream(), config)

        async def answer(message: Msg) -> None:
            await message.respond(b'{"id": "1"}')

        await indicators.subscribe(QUERY, cb=answer)
        await indicators.flush()
        answered = subjects.answered(COUNTY, "school", "core", "1")
        heard = await school.subscribe(answered)
        await school.flush()
        async with _as(server, "bank", "core") as bank:
            for place in (
                subjects.recorded(COUNTY, "registry.entity_registered"), answered, f"{inbox_of('school', 'core')}.x",
                subjects.reported(COUNTY, "school", "core", "finance.loan_applied"),
            ):  # fmt: skip
                await bank.publish(said, b"{}", reply=place)
            assert (await bank.request(said, b"{}", timeout=5)).data, "a reply to whoever asks comes back, behind all those"
        await school.flush()
        assert heard.pending_msgs == 0
        assert await _messages(administrator, subjects.recorded_stream(COUNTY, "registry")) == {}
        assert (await _messages(administrator, subjects.reported_stream(COUNTY))).keys() <= {OWN}


@pytest.mark.parametrize("user", [(ADMINISTRATOR,), ("watcher", "core")], ids=lambda user: user[0])
async def test_who_looks_into_the_streams_has_nothing_said_by_what_it_asks(server: str, user: tuple[str, ...]) -> None:
    async with _as(server, "registry") as registry, _as(server, *user) as operator:
        for config in (reported_config(COUNTY), recorded_config(COUNTY, "registry")):
            await ensure_stream(registry.jetstream(), config)
        await registry.jetstream().publish(subjects.recorded(COUNTY, "registry.entity_registered"), b"{}")
        stream = subjects.recorded_stream(COUNTY, "registry")
        for call, said in (("STREAM.INFO", b""), ("STREAM.MSG.GET", b'{"seq":1}')):
            await operator.publish(f"$JS.API.{call}.{stream}", said, reply=OWN)
            assert (await operator.request(f"$JS.API.{call}.{stream}", said, timeout=5)).data, "it does answer"
        assert await _messages(operator, subjects.reported_stream(COUNTY)) == {}


def test_a_system_has_two_keys_while_it_changes_from_one_to_the_other(server: str) -> None:
    port = int(server.rpartition(":")[2])
    assert [lets_in(HOST, port, SEEDS[name]) for name in ("school", "schools_next", "bank")] == [True, True, True]


async def _messages(client: Client, stream: str) -> dict[str, int]:
    """How many messages a stream has of each subject."""
    return (await client.jetstream().stream_info(stream, subjects_filter=">")).state.subjects or {}
