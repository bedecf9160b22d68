"""The streams have exactly the settings they must have, and a connection says where it could not connect."""

import asyncio

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError
from nats.js.api import RetentionPolicy
from nats.js.errors import APIError, NoStreamResponseError

from deploy.embedded import free_port
from shared import subjects
from shared.bus import (
    BadAddress,
    BusUnreachable,
    answered_config,
    connect,
    ensure_reporting,
    ensure_stream,
    recorded_config,
    reported_config,
)
from shared.contracts.base import SERVICES
from shared.settings import Settings
from tests.relay.chain import COUNTY


async def test_reports_are_a_work_queue_of_the_three_services_and_of_nobody_else(nc: Client) -> None:
    await ensure_stream(nc.jetstream(), reported_config(COUNTY))
    config = (await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))).config
    assert (config.retention, config.max_msg_size, config.max_age) == (RetentionPolicy.WORK_QUEUE, subjects.REPORT_BYTES_MAX, 0)
    for service in SERVICES:
        assert (await nc.jetstream().publish(f"reported.{COUNTY}.employment.hr.{service}.anything", b"{}")).stream == config.name
    with pytest.raises(NoStreamResponseError):
        await nc.jetstream().publish(f"reported.{COUNTY}.employment.hr.kitchen.anything", b"{}")


async def test_the_broker_refuses_a_report_that_is_too_large(nc: Client) -> None:
    await ensure_stream(nc.jetstream(), reported_config(COUNTY))
    subject = subjects.reported(COUNTY, "employment", "hr", "training.course_opened")
    await nc.jetstream().publish(subject, b" " * subjects.REPORT_BYTES_MAX)
    with pytest.raises(APIError, match="message size exceeds"):
        await nc.jetstream().publish(subject, b" " * (subjects.REPORT_BYTES_MAX + 1))


async def test_a_repeated_message_id_is_swallowed_only_for_a_moment(nc: Client) -> None:
    """Clients send none; should one do so all the same, sending again after its time-out still works."""
    await ensure_stream(nc.jetstream(), reported_config(COUNTY))
    subject = subjects.reported(COUNTY, "employment", "hr", "training.course_opened")
    for _ in range(2):
        ack = await nc.jetstream().publish(subject, b"{}", headers={"Nats-Msg-Id": "r-1"})
        assert not ack.duplicate
        await asyncio.sleep(0.5)


async def test_the_newest_answer_to_a_report_is_kept_for_thirty_days(nc: Client) -> None:
    await ensure_stream(nc.jetstream(), answered_config(COUNTY))
    subject = subjects.answered(COUNTY, "employment", "hr", "r-1")
    for text in (b"waiting", b"recorded"):
        await nc.jetstream().publish(subject, text)
    info = await nc.jetstream().stream_info(subjects.answered_stream(COUNTY))
    assert (info.state.messages, info.config.max_msgs_per_subject, info.config.max_age) == (1, 1, 30 * 24 * 3600)
    assert (await nc.jetstream().get_last_msg(subjects.answered_stream(COUNTY), subject)).data == b"recorded"


async def test_records_have_no_limit_and_cannot_be_taken_out(nc: Client) -> None:
    await ensure_stream(nc.jetstream(), recorded_config(COUNTY, "finance"))
    config = (await nc.jetstream().stream_info(f"RECORDED_{COUNTY}_FINANCE")).config
    assert (config.deny_delete, config.deny_purge, config.retention) == (True, True, RetentionPolicy.LIMITS)
    assert (config.max_age, config.max_msgs, config.max_bytes, config.max_msgs_per_subject, config.max_msg_size) == (0, -1, -1, -1, -1)
    assert config.subjects == [f"recorded.{COUNTY}.finance.>"]


async def test_making_everything_twice_changes_nothing_and_keeps_what_is_queued(nc: Client) -> None:
    jetstream = nc.jetstream()
    await ensure_reporting(jetstream, COUNTY, "training", batch_size=10)
    await jetstream.publish(subjects.reported(COUNTY, "employment", "hr", "training.course_opened"), b"{}")
    await ensure_reporting(jetstream, COUNTY, "training", batch_size=10)
    consumer = await jetstream.consumer_info(subjects.reported_stream(COUNTY), "training")
    assert (consumer.num_pending, consumer.config.max_deliver, consumer.config.filter_subject) == (
        1,
        -1,
        f"reported.{COUNTY}.*.*.training.>",
    )


async def test_a_bus_that_does_not_answer_is_named_without_its_password() -> None:
    port = free_port()
    settings = Settings(
        county=COUNTY, database_url="postgresql://none", nats_url=f"nats://kaiye:secret@127.0.0.1:{port}", nats_connect_seconds_max=0.5
    )
    with pytest.raises(BusUnreachable, match=f"the bus cannot be reached: 127.0.0.1:{port}") as raised:
        await connect(settings, name="test")
    assert "secret" not in str(raised.value)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", "not left empty"), (" , ", "not left empty"),
        ("nats://h:abc", "nats://h:abc"), ("nats://h:99999", "nats://h:99999"), ("nats://", "nats://"),
        ("http://h:4222", "http://h:4222"), ("nats://[::1", r"nats://\[::1"), ("nats://kaiye:secret@h:0", "not h:0"),
        ("nats://h:4222,http://h:4222", "nats://h:4222, http://h:4222"),
    ],
)  # fmt: skip
async def test_an_address_where_no_bus_can_be_is_named_at_once(address: str, shown: str) -> None:
    settings = Settings(county=COUNTY, database_url="postgresql://none", nats_url=address)
    async with asyncio.timeout(1):
        with pytest.raises(BadAddress, match=f"应写作 nats://主机:端口.* / .*{shown}") as raised:
            await connect(settings, name="test")
    assert "secret" not in str(raised.value)


async def test_a_connection_answers_under_the_prefix_it_was_given(nc: Client) -> None:
    assert nc.connected_url is not None
    settings = Settings(county=COUNTY, database_url="postgresql://none", nats_url=nc.connected_url.geturl(), nats_inbox="_INBOX_hr")
    client = await connect(settings, name="test")
    try:
        assert client.new_inbox().startswith("_INBOX_hr.")
        with pytest.raises(NoRespondersError):
            await client.request("nobody", timeout=2)
    finally:
        await client.close()
