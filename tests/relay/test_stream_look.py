"""Reading a stream by asking for message after message."""

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from shared.bus import BusUnreachable
from shared.stream_look import AHEAD_MAX, StreamLook
from tests.support.nats import Broker

STREAM = "NUMBERS"


async def fill(nc: Client, count: int) -> None:
    await nc.jetstream().add_stream(StreamConfig(name=STREAM, subjects=["number.*"]))
    for number in range(1, count + 1):
        assert (await nc.jetstream().publish("number.even" if number % 2 == 0 else "number.odd", b"%d" % number)).seq == number


async def fill_newest(nc: Client, subjects: list[str]) -> None:
    """A stream that keeps the newest message of each subject, to which these were published."""
    await nc.jetstream().add_stream(StreamConfig(name=STREAM, subjects=["number.*"], max_msgs_per_subject=1))
    for sequence, subject in enumerate(subjects[:-1], start=1):
        await nc.publish(f"number.{subject}", b"%d" % sequence)
    assert (await nc.jetstream().publish(f"number.{subjects[-1]}", b"%d" % len(subjects), timeout=30)).seq == len(subjects)


async def read(look: StreamLook, limit: int) -> list[list[int]]:
    pages = []
    while page := await look.page(limit, wait_seconds=0.5):
        assert [message.data for message in page] == [b"%d" % message.sequence for message in page]
        pages.append([message.sequence for message in page])
    return pages


async def test_a_stream_is_read_to_its_end_in_pages(nc: Client) -> None:
    await fill(nc, 10)
    assert await read(StreamLook(nc, STREAM), 4) == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert await read(StreamLook(nc, STREAM, after=8), 4) == [[9, 10]]
    first, second = await StreamLook(nc, STREAM).page(2, wait_seconds=5)
    assert (first.subject, second.subject) == ("number.odd", "number.even")


async def test_many_questions_are_on_their_way_and_the_order_stays(nc: Client) -> None:
    count = 4 * AHEAD_MAX
    await fill_newest(nc, [f"s{number}" for number in range(count)])
    assert await read(StreamLook(nc, STREAM), 1000) == [list(range(1, 1001)), list(range(1001, count + 1))]


async def test_what_is_gone_is_passed_over(nc: Client) -> None:
    await fill(nc, 12)
    for sequence in (1, 2, 4, 6, 7, 8):
        await nc.jetstream().delete_msg(STREAM, sequence)
    look = StreamLook(nc, STREAM)
    assert await read(look, 3) == [[3, 5, 9], [10, 11, 12]]
    assert look.after == 12


async def test_a_wide_gap_costs_no_more_than_a_narrow_one(nc: Client) -> None:
    """A report that was answered thirty thousand times, and some that were answered once: there are as many gaps as answers."""
    often = 30_000
    await fill_newest(nc, ["first", *["often"] * often, "last"])
    look = StreamLook(nc, STREAM)
    assert [message.sequence for message in await look.page(1000, wait_seconds=1)] == [1, often + 1, often + 2]


async def test_every_other_message_may_be_gone(nc: Client) -> None:
    subjects = [name for number in range(1, 700) for name in (f"s{number}", *["often"] * (number % 5))]
    await fill_newest(nc, [*subjects, "end"])
    there = [sequence for sequence, subject in enumerate(subjects, start=1) if subject != "often"]
    there += [max(sequence for sequence, subject in enumerate(subjects, start=1) if subject == "often"), len(subjects) + 1]
    assert [sequence for page in await read(StreamLook(nc, STREAM), 100) for sequence in page] == sorted(there)


async def test_a_stream_whose_last_messages_are_gone_is_passed_to_its_end(nc: Client) -> None:
    await fill(nc, 6)
    for sequence in (4, 5, 6):
        await nc.jetstream().delete_msg(STREAM, sequence)
    look = StreamLook(nc, STREAM)
    assert [message.sequence for message in await look.page(10, wait_seconds=5)] == [1, 2, 3]
    assert (await look.page(10, wait_seconds=5), look.after) == ([], 6)


async def test_it_sets_up_no_consumer(nc: Client) -> None:
    await fill(nc, 3)
    await read(StreamLook(nc, STREAM), 10)
    assert (await nc.jetstream().stream_info(STREAM)).state.consumer_count == 0


async def test_it_says_that_the_broker_is_away_and_goes_on_once_it_is_back(nc: Client, broker: Broker) -> None:
    await fill(nc, 4)
    look = StreamLook(nc, STREAM)
    assert [message.sequence for message in await look.page(2, wait_seconds=5)] == [1, 2]
    broker.kill()
    with pytest.raises(BusUnreachable, match="gave nothing of NUMBERS after 2 within"):
        await look.page(2, wait_seconds=0.5)
    broker.start()
    assert [message.sequence for message in await look.page(2, wait_seconds=10)] == [3, 4]


async def test_a_broker_that_does_not_answer_is_not_the_end_of_the_stream(nc: Client, broker: Broker) -> None:
    await fill(nc, 4)
    look = StreamLook(nc, STREAM, after=1)
    with broker.standing_still(), pytest.raises(BusUnreachable, match="第 1 条之后"):
        await look.page(10, wait_seconds=0.5)
    assert [message.sequence for message in await look.page(10, wait_seconds=10)] == [2, 3, 4]


async def test_what_came_in_time_is_given_and_the_next_page_goes_on_there(nc: Client) -> None:
    count = 20_000
    await fill_newest(nc, [f"s{number}" for number in range(count)])
    look = StreamLook(nc, STREAM)
    first = await look.page(count, wait_seconds=0.3)
    assert 0 < len(first) < count, "more than can be asked for meanwhile"
    more = await look.page(100, wait_seconds=60)
    assert [message.sequence for message in first + more] == list(range(1, len(first) + 101))


async def test_a_stream_that_is_not_there_is_waited_for(nc: Client) -> None:
    look = StreamLook(nc, STREAM)
    assert await look.page(1, wait_seconds=0.3) == []
    await fill(nc, 1)
    assert [message.sequence for message in await look.page(1, wait_seconds=5)] == [1]
