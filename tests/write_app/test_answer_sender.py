"""Answers are published at least once, in order, by one process per store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_asyncio
from nats.aio.client import Client

from shared import subjects
from shared.answer_sender import AnswerSender
from shared.bus import answered_config, ensure_stream
from shared.event_store.interface import OutgoingAnswer
from shared.stream_reader import StreamMessage, StreamReader
from shared.tasks import end
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected
from tests.write_app.system import COUNTY, SECONDS_MAX, until

STREAM = subjects.answered_stream(COUNTY)


@pytest_asyncio.fixture
async def nc(broker: Broker) -> AsyncIterator[Client]:
    async with connected(broker) as client:
        await ensure_stream(client.jetstream(), answered_config(COUNTY))
        yield client


async def kept(nc: Client) -> list[StreamMessage]:
    """What the stream holds: replaced answers leave gaps in its sequences."""
    messages: list[StreamMessage] = []
    async with StreamReader(nc, STREAM, only=[f"answered.{COUNTY}.>"]) as reader:
        while page := await reader.page(1000, wait_seconds=0.5):
            messages += page
    return messages


@asynccontextmanager
async def sending(nc: Client, store: MemoryStore) -> AsyncIterator[AnswerSender]:
    sender = AnswerSender(nc, store, county=COUNTY, poll_seconds=0.1)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        await end([task])
        assert task.cancelled(), task.exception()


def leave(store: MemoryStore, number: int, id: str) -> None:
    """An answer to publish, as the deciding transaction leaves it: the newest one per report."""
    store.outbox[number] = OutgoingAnswer(number, "employment", "hr", id, b'{"answer": %d}' % number)


async def test_every_answer_is_published_under_its_report_and_then_forgotten(nc: Client) -> None:
    store = MemoryStore("training", COUNTY)
    for number in range(1, 2501):
        leave(store, number, f"r-{number}")
    async with sending(nc, store) as sender:
        await until(lambda: not store.outbox)
        assert sender.sent == 2500
    published = {message.subject: message.data for message in await kept(nc)}
    assert published == {f"answered.{COUNTY}.employment.hr.r-{n}": b'{"answer": %d}' % n for n in range(1, 2501)}


async def test_a_newer_answer_replaces_the_older_one_in_the_stream(nc: Client) -> None:
    store = MemoryStore("training", COUNTY)
    async with sending(nc, store) as sender:
        for number in (1, 2, 3):
            leave(store, number, "r-1")
            sender.wake()
            await until(lambda: not store.outbox)
    assert [message.data for message in await kept(nc)] == [b'{"answer": 3}']


async def test_answers_wait_for_the_broker_and_none_is_lost(broker: Broker, nc: Client) -> None:
    store = MemoryStore("training", COUNTY)
    async with sending(nc, store) as sender:
        broker.kill()
        for number in range(1, 301):
            leave(store, number, f"r-{number}")
        sender.wake()
        await asyncio.sleep(0.3)
        assert len(store.outbox) == 300
        broker.start()
        await until(lambda: not store.outbox)
    assert len(await kept(nc)) == 300


async def test_nothing_counts_as_sent_while_there_is_no_stream(broker: Broker, nc: Client) -> None:
    store = MemoryStore("training", COUNTY)
    await nc.jetstream().delete_stream(STREAM)
    leave(store, 1, "r-1")
    async with sending(nc, store):
        await asyncio.sleep(0.5)
        assert len(store.outbox) == 1
        await ensure_stream(nc.jetstream(), answered_config(COUNTY))
        await until(lambda: not store.outbox)


async def test_one_of_two_copies_sends_and_the_other_takes_over_when_it_ends(nc: Client) -> None:
    store = MemoryStore("training", COUNTY)
    async with sending(nc, store) as other:
        async with sending(nc, store) as one:
            leave(store, 1, "r-1")
            await until(lambda: not store.outbox)
            assert sorted((one.sent, other.sent)) == [0, 1]
            silent = one if other.sent else other
            assert await asyncio.wait_for(silent.flush(SECONDS_MAX), SECONDS_MAX)
        leave(store, 2, "r-2")
        await until(lambda: not store.outbox)
    assert one.sent + other.sent == 2


async def test_a_sender_that_lost_its_turn_with_its_connection_sends_nothing_until_it_has_it_again(nc: Client) -> None:
    store = MemoryStore("training", COUNTY)
    async with sending(nc, store) as sender:
        leave(store, 1, "r-1")
        await until(lambda: not store.outbox)
        store._sender = another = object()
        leave(store, 2, "r-2")
        sender.wake()
        await asyncio.sleep(0.4)
        assert sender.sent == 1
        assert store._sender is another
        store._sender = None
        await until(lambda: not store.outbox)
    assert sender.sent == 2
