"""Reading a stream by asking for message after message."""

from nats.aio.client import Client
from nats.js.api import StreamConfig

from shared.stream_look import StreamLook
from tests.support.nats import Broker

STREAM = "NUMBERS"


async def fill(nc: Client, count: int) -> None:
    await nc.jetstream().add_stream(StreamConfig(name=STREAM, subjects=["number.*"]))
    for number in range(1, count + 1):
        assert (await nc.jetstream().publish("number.even" if number % 2 == 0 else "number.odd", b"%d" % number)).seq == number


async def read(look: StreamLook, limit: int) -> list[list[int]]:
    pages = []
    while page := await look.page(limit, wait_seconds=0.5):
        assert [message.data for message in page] == [b"%d" % message.sequence for message in page]
        assert {message.subject for message in page} <= {"number.even", "number.odd"}
        pages.append([message.sequence for message in page])
    return pages


async def test_a_stream_is_read_to_its_end_in_pages(nc: Client) -> None:
    await fill(nc, 10)
    assert await read(StreamLook(nc, STREAM), 4) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert await read(StreamLook(nc, STREAM, after=8), 4) == [[9, 10]]


async def test_what_is_gone_is_passed_over(nc: Client) -> None:
    await fill(nc, 12)
    for sequence in (1, 2, 4, 6, 7, 8):
        await nc.jetstream().delete_msg(STREAM, sequence)
    look = StreamLook(nc, STREAM)
    assert await read(look, 3) == [[3, 5], [9, 10, 11], [12]]
    assert look.after == 12


async def test_it_sets_up_no_consumer(nc: Client) -> None:
    await fill(nc, 3)
    await read(StreamLook(nc, STREAM), 10)
    assert (await nc.jetstream().stream_info(STREAM)).state.consumer_count == 0


async def test_it_goes_on_once_the_broker_is_back_and_gives_up_in_time(nc: Client, broker: Broker) -> None:
    await fill(nc, 4)
    look = StreamLook(nc, STREAM)
    assert [message.sequence for message in await look.page(2, wait_seconds=5)] == [1, 2]
    broker.kill()
    assert await look.page(2, wait_seconds=0.5) == []
    broker.start()
    assert [message.sequence for message in await look.page(2, wait_seconds=10)] == [3, 4]


async def test_a_stream_that_is_not_there_is_waited_for(nc: Client) -> None:
    look = StreamLook(nc, STREAM)
    assert await look.page(1, wait_seconds=0.3) == []
    await fill(nc, 1)
    assert [message.sequence for message in await look.page(1, wait_seconds=5)] == [1]
