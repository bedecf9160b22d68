"""The relay against a real broker that is killed, wiped, purged and rolled back: the stream ends dense and exact every time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig
from nats.js.errors import APIError

from shared import subjects
from shared.bus import recorded_config
from shared.relay import AdoptionRefused, Forked, Healthy, Refilled, Relay, RelayFinding, StoreBehind, adopt
from shared.relay.relay import EXPECTED_LAST_SEQUENCE
from shared.tasks import end
from shared.window import PublishFailed, Window
from tests.relay.chain import COUNTY, Chain
from tests.support.nats import Broker, connected, read_stream

STREAM = subjects.recorded_stream(COUNTY, "training")
SECONDS_MAX = 20.0


@asynccontextmanager
async def relaying(broker: Broker, store: Chain) -> AsyncIterator[Relay]:
    """A running relay on its own connection, told of disconnects as a service tells it."""
    relays: list[Relay] = []

    async def disconnected() -> None:
        await relays[0].disconnected()

    async def reconnected() -> None:
        await relays[0].reconnected()

    async with connected(broker, disconnected_cb=disconnected, reconnected_cb=reconnected) as client:
        relay = Relay(client, store, county=COUNTY, service="training", check_seconds=0.3)
        relays.append(relay)
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            relays[0] = Relay(client, store, county=COUNTY, service="training")  # closing the connection is no news for a stopped relay
            await end([task])
            assert task.cancelled(), task.exception()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not condition():
            await asyncio.sleep(0.01)


async def found(relay: Relay) -> RelayFinding:
    """What the relay's last comparison found, waiting for the first."""
    await until(lambda: relay.finding is not None)
    assert relay.finding is not None
    return relay.finding


async def published(relay: Relay, store: Chain) -> None:
    """Wait until the relay has published everything the store holds."""
    relay.wake()
    await until(lambda: relay.published == len(store.all))


async def assert_exact(nc: Client, store: Chain) -> None:
    """Sequence equals position and the bytes are the record's, for every record and nothing else."""
    messages = await read_stream(nc, STREAM)
    assert [message.sequence for message in messages] == [record.position for record in store.all]
    assert [message.data for message in messages] == [record.raw for record in store.all]
    assert {message.subject for message in messages} <= {f"recorded.{COUNTY}.training.course_closed"}
    state = (await nc.jetstream().stream_info(STREAM)).state
    assert (state.messages, state.last_seq) == (len(store.all), len(store.all))


async def loosened(nc: Client, store: Chain) -> None:
    """The stream filled from the store, but without its guards, so that a test can do damage to it."""
    config: StreamConfig = recorded_config(COUNTY, "training").evolve(deny_delete=False, deny_purge=False)
    await nc.jetstream().add_stream(config)
    for record in store.all:
        ack = await nc.jetstream().publish(subjects.recorded(COUNTY, record.type), record.raw)
        assert ack.seq == record.position


async def test_every_record_is_published_once_in_order(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(1500)
    async with relaying(broker, store) as relay:
        await published(relay, store)
        await assert_exact(nc, store)
        for _ in range(20):
            store.record(7)
            relay.wake()
            await asyncio.sleep(0.005)
        await published(relay, store)
    await assert_exact(nc, store)


async def test_a_record_that_is_not_accepted_unheard_fails_the_next_that_is_heard(nc: Client) -> None:
    store = Chain()
    store.record(3)
    await nc.jetstream().add_stream(recorded_config(COUNTY, "training"))
    first, second, third = (subjects.recorded(COUNTY, record.type) for record in store.all)
    async with Window(nc) as window:
        await window.publish_unheard(first, store.all[0].raw, headers={EXPECTED_LAST_SEQUENCE: "0"})
        await window.publish_unheard(second, store.all[1].raw, headers={EXPECTED_LAST_SEQUENCE: "9"})  # somebody else was faster
        await window.publish(third, store.all[2].raw, headers={EXPECTED_LAST_SEQUENCE: "2"}, sequence=3)
        with pytest.raises(PublishFailed, match="wrong last sequence"):
            await window.drain()
        with pytest.raises(PublishFailed):
            await window.publish_unheard(third, store.all[2].raw, headers={EXPECTED_LAST_SEQUENCE: "2"})
    assert [message.data for message in await read_stream(nc, STREAM)] == [store.all[0].raw]


async def test_what_is_recorded_without_a_word_is_published_at_the_next_comparison(broker: Broker, nc: Client) -> None:
    store = Chain()
    async with relaying(broker, store) as relay:
        await relay.recording_allowed()
        store.record(3)
        await until(lambda: relay.published == 3)
    await assert_exact(nc, store)


async def test_the_stream_can_neither_be_purged_nor_have_a_message_deleted(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(3)
    async with relaying(broker, store) as relay:
        await published(relay, store)
    jetstream = nc.jetstream()
    with pytest.raises(APIError, match="purge"):
        await jetstream.purge_stream(STREAM)
    with pytest.raises(APIError, match="delete"):
        await jetstream.delete_msg(STREAM, 2)
    config = (await jetstream.stream_info(STREAM)).config
    assert (config.max_age, config.max_bytes, config.max_msgs, config.max_msgs_per_subject) == (0, -1, -1, -1)


async def test_a_broker_killed_again_and_again_ends_with_a_dense_and_exact_stream(broker: Broker, nc: Client) -> None:
    store = Chain()
    async with relaying(broker, store) as relay:
        for _ in range(4):
            for _ in range(10):
                store.record(200)
                relay.wake()
                await asyncio.sleep(0.01)
            broker.kill()
            store.record(100)
            relay.wake()
            await asyncio.sleep(0.05)
            broker.start()
        await published(relay, store)
        await assert_exact(nc, store)


async def test_a_wiped_broker_is_refilled_while_the_relay_runs(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(700)
    async with relaying(broker, store) as relay:
        await published(relay, store)
        broker.kill()
        broker.wipe()
        broker.start()
        store.record(50)
        await until(lambda: relay.refills == 2)  # once when it was new, once now
        await published(relay, store)
        await assert_exact(nc, store)


async def test_a_purged_stream_is_refilled(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(300)
    await loosened(nc, store)
    await nc.jetstream().purge_stream(STREAM)
    async with relaying(broker, store) as relay:
        await until(lambda: relay.refills == 1)
        await published(relay, store)
    await assert_exact(nc, store)
    assert (await nc.jetstream().stream_info(STREAM)).config.deny_purge


async def test_a_stream_with_a_hole_is_refilled(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(300)
    await loosened(nc, store)
    await nc.jetstream().delete_msg(STREAM, 150)
    async with relaying(broker, store) as relay:
        await until(lambda: relay.refills == 1)
        await published(relay, store)
    await assert_exact(nc, store)


async def test_a_stream_damaged_while_the_relay_runs_is_noticed_and_refilled(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(300)
    await loosened(nc, store)
    async with relaying(broker, store) as relay:
        await published(relay, store)
        await nc.jetstream().delete_stream(STREAM)
        await until(lambda: relay.refills == 1)
        await published(relay, store)
    await assert_exact(nc, store)


async def test_settings_loosened_by_hand_are_brought_back_at_the_start(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(3)
    await loosened(nc, store)
    async with relaying(broker, store) as relay:
        await published(relay, store)
    config = (await nc.jetstream().stream_info(STREAM)).config
    assert (config.deny_delete, config.deny_purge) == (True, True)


async def test_recording_is_held_until_the_first_comparison_and_while_the_bus_is_away(broker: Broker) -> None:
    store = Chain()
    async with connected(broker) as client:
        relay = Relay(client, store, county=COUNTY, service="training")
        assert relay.finding is None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(relay.recording_allowed(), 0.1)
    async with relaying(broker, store) as relay:
        await asyncio.wait_for(relay.recording_allowed(), SECONDS_MAX)
        broker.kill()
        await until(lambda: relay.finding is None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(relay.recording_allowed(), 0.1)
        broker.start()
        await asyncio.wait_for(relay.recording_allowed(), SECONDS_MAX)


async def test_an_older_backup_of_the_store_stops_recording_and_is_restored_by_adoption(broker: Broker, nc: Client) -> None:
    whole = Chain()
    whole.record(1300)
    async with relaying(broker, whole) as relay:
        await published(relay, whole)
    older = whole.backup(40)
    async with relaying(broker, older) as relay:
        assert await found(relay) == StoreBehind("training", in_stream=1300, in_store=40)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(relay.recording_allowed(), 0.5)
        adopted = await adopt(nc, older, older.append_adopted, county=COUNTY, service="training")
        assert (adopted.first, adopted.last) == (41, 1300)
        await asyncio.wait_for(relay.recording_allowed(), SECONDS_MAX)
        assert await found(relay) == Healthy("training", 1300, 1300)
        older.record(5)
        await published(relay, older)
    assert [record.raw for record in older.all[:1300]] == [record.raw for record in whole.all]
    await assert_exact(nc, older)


async def test_an_emptied_store_is_restored_whole_by_adoption(broker: Broker, nc: Client) -> None:
    whole = Chain()
    whole.record(20)
    async with relaying(broker, whole) as relay:
        await published(relay, whole)
    emptied = Chain()
    await adopt(nc, emptied, emptied.append_adopted, county=COUNTY, service="training")
    assert [record.raw for record in emptied.all] == [record.raw for record in whole.all]


async def test_a_fork_stops_recording_and_leaves_both_histories_as_they_are(broker: Broker, nc: Client) -> None:
    one = Chain()
    one.record(60)
    async with relaying(broker, one) as relay:
        await published(relay, one)
    other = one.backup(50)
    other.record(30, note="second history")
    async with relaying(broker, other) as relay:
        assert await found(relay) == Forked("training", 60, in_stream=one.all[59].hash, in_store=other.all[59].hash)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(relay.recording_allowed(), 0.5)
        with pytest.raises(AdoptionRefused, match="a person must decide"):
            await adopt(nc, other, other.append_adopted, county=COUNTY, service="training")
    await assert_exact(nc, one)
    assert len(other.all) == 80


async def test_nothing_is_adopted_from_a_tail_whose_chain_is_broken(broker: Broker, nc: Client) -> None:
    whole = Chain()
    whole.record(40)
    await loosened(nc, whole.backup(30))
    foreign = Chain()
    foreign.record(40, note="second history")
    for record in foreign.all[30:]:
        await nc.jetstream().publish(subjects.recorded(COUNTY, record.type), record.raw)
    store = whole.backup(20)
    with pytest.raises(AdoptionRefused, match="record 31 does not link"):
        await adopt(nc, store, store.append_adopted, county=COUNTY, service="training")
    assert len(store.all) == 20


async def test_adoption_is_refused_where_stream_and_store_agree(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(3)
    async with relaying(broker, store) as relay:
        await published(relay, store)
    with pytest.raises(AdoptionRefused, match="nothing to adopt"):
        await adopt(nc, store, store.append_adopted, county=COUNTY, service="training")


async def test_two_relays_at_once_do_no_harm(broker: Broker, nc: Client) -> None:
    store = Chain()
    async with relaying(broker, store) as one, relaying(broker, store) as other:
        for _ in range(30):
            store.record(60)
            one.wake()
            other.wake()
            await asyncio.sleep(0.01)
        broker.kill()
        broker.start()
        store.record(500)
        await published(one, store)
        await published(other, store)
        await assert_exact(nc, store)


async def test_two_relays_mend_a_purged_stream_together(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(2000)
    await loosened(nc, store)
    await nc.jetstream().purge_stream(STREAM)
    async with relaying(broker, store) as one, relaying(broker, store) as other:
        await published(one, store)
        await published(other, store)
    await assert_exact(nc, store)


async def test_a_store_that_skips_a_position_ends_the_relay(broker: Broker) -> None:
    store = Chain()
    store.record(5)
    del store.all[2]
    async with connected(broker) as client:
        with pytest.raises(AssertionError, match="the store gave position 4 after 2"):
            await asyncio.wait_for(Relay(client, store, county=COUNTY, service="training").run(), SECONDS_MAX)


async def test_a_check_alone_changes_nothing(broker: Broker, nc: Client) -> None:
    store = Chain()
    store.record(5)
    assert await Relay(nc, store, county=COUNTY, service="training").check() == Refilled("training", 0, 5, "missing")
    assert await nc.jetstream().streams_info() == []
