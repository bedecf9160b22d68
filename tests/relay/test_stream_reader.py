"""A reader gives every message of a stream once and in order, whatever becomes of the broker, the stream or its consumer."""

import asyncio

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from shared.stream_reader import StreamMessage, StreamOutOfOrder, StreamReader
from tests.support.nats import Broker

STREAM = "NUMBERS"
SECONDS_MAX = 20.0


async def publish(nc: Client, first: int, last: int) -> None:
    for number in range(first, last + 1):
        ack = await nc.jetstream().publish("number.even" if number % 2 == 0 else "number.odd", b"%d" % number)
        assert ack.seq == number


async def stream(nc: Client) -> None:
    await nc.jetstream().add_stream(StreamConfig(name=STREAM, subjects=["number.*"]))


async def read(reader: StreamReader, last: int, page: int = 7) -> list[StreamMessage]:
    messages: list[StreamMessage] = []
    async with asyncio.timeout(SECONDS_MAX):
        while reader.after < last:
            taken = await reader.page(page, wait_seconds=1)
            assert len(taken) <= page
            messages += taken
    return messages


def numbers(messages: list[StreamMessage]) -> list[int]:
    assert [int(message.data) for message in messages] == [message.sequence for message in messages]
    return [message.sequence for message in messages]


async def test_pages_hold_what_is_there_and_no_page_waits_to_be_full(nc: Client) -> None:
    await stream(nc)
    await publish(nc, 1, 10)
    async with StreamReader(nc, STREAM) as reader:
        assert numbers(await reader.page(7, wait_seconds=1)) == [1, 2, 3, 4, 5, 6, 7]
        assert numbers(await reader.page(7, wait_seconds=1)) == [8, 9, 10]
        assert await reader.page(7, wait_seconds=0.2) == []
        waiting = asyncio.create_task(reader.page(7, wait_seconds=SECONDS_MAX))
        await asyncio.sleep(0.1)
        await publish(nc, 11, 11)
        assert numbers(await asyncio.wait_for(waiting, 2)) == [11]


async def test_a_reader_begins_behind_what_it_has_seen(nc: Client) -> None:
    await stream(nc)
    await publish(nc, 1, 10)
    async with StreamReader(nc, STREAM, after=8) as reader:
        assert numbers(await read(reader, 10)) == [9, 10]


async def test_a_reader_of_some_subjects_gets_those_and_passes_over_the_rest(nc: Client) -> None:
    await stream(nc)
    await publish(nc, 1, 10)
    async with StreamReader(nc, STREAM, after=2, only=["number.even"]) as reader:
        assert numbers(await read(reader, 10)) == [4, 6, 8, 10]


async def test_a_reader_waits_for_a_stream_that_is_not_there_yet(nc: Client) -> None:
    async with StreamReader(nc, STREAM) as reader:
        reading = asyncio.create_task(read(reader, 3))
        await asyncio.sleep(0.5)
        await stream(nc)
        await publish(nc, 1, 3)
        assert numbers(await reading) == [1, 2, 3]


async def test_a_killed_broker_interrupts_a_reader_and_nothing_else(broker: Broker, nc: Client) -> None:
    await stream(nc)
    await publish(nc, 1, 300)
    async with StreamReader(nc, STREAM) as reader:
        messages = await read(reader, 100)
        broker.kill()
        broker.start()
        messages += await read(reader, 300)
    assert numbers(messages) == list(range(1, 301))


async def test_a_stream_made_anew_and_refilled_is_read_on_where_the_reader_was(broker: Broker, nc: Client) -> None:
    await stream(nc)
    await publish(nc, 1, 50)
    async with StreamReader(nc, STREAM) as reader:
        messages = await read(reader, 50)
        broker.kill()
        broker.wipe()
        broker.start()
        async with asyncio.timeout(SECONDS_MAX):
            while not nc.stats["reconnects"]:
                await asyncio.sleep(0.01)
        await stream(nc)
        await publish(nc, 1, 30)
        assert await reader.page(7, wait_seconds=0.5) == []
        await publish(nc, 31, 60)
        messages += await read(reader, 60)
    assert numbers(messages) == list(range(1, 61))


async def test_a_stream_with_a_hole_is_not_read_over(nc: Client) -> None:
    await stream(nc)
    await publish(nc, 1, 10)
    await nc.jetstream().delete_msg(STREAM, 5)
    async with StreamReader(nc, STREAM) as reader:
        with pytest.raises(StreamOutOfOrder, match="sequence 6 after 4"):
            await reader.page(20, wait_seconds=1)
