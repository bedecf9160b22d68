"""Reports through a running service: drawn, decided, acknowledged, answered and published, whatever happens to the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import orjson
import pytest
from nats.aio.msg import Msg

from services.registry.rules import RULES as REGISTRY
from services.training.rules import RULES as TRAINING
from shared import subjects
from shared.answers import Answer, parse_answer
from shared.clock import WallClock
from shared.contracts.common import OFFICE
from shared.contracts.envelope import Source
from shared.days import day_of, instant_text
from shared.write_service import reasons
from shared.write_service.handler import IncomingReport, WriteService
from tests.registry.persons.ids import files_holding, resident_id
from tests.support.memory_store import MemoryStore, MemoryWriting, wall_time
from tests.support.nats import Broker, connected, read_stream
from tests.write_app.system import (
    COUNTY,
    SECONDS_MAX,
    SOURCE,
    assert_chained,
    course,
    department,
    each,
    instant,
    recorded_ids,
    report,
    serving,
    until,
)

STREAM = subjects.recorded_stream(COUNTY, "training")
RESIDENT_ID = "330127198001010011"


async def assert_published(broker: Broker, store: MemoryStore) -> None:
    """The stream holds exactly the store's bytes, sequence by position."""
    async with connected(broker) as nc:
        messages = await read_stream(nc, STREAM)
    assert [(message.sequence, message.data) for message in messages] == [(row.position, row.raw) for row in store.record_rows]


async def until_published(broker: Broker, store: MemoryStore) -> None:
    """Wait until the stream holds as many records as the store: a relay whose broker went away publishes on when it is back."""
    async with asyncio.timeout(SECONDS_MAX), connected(broker) as nc:
        while (await nc.jetstream().stream_info(STREAM)).state.last_seq < len(store.record_rows):
            await asyncio.sleep(0.02)


async def test_a_report_is_recorded_answered_and_published(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client:
        answer = await asyncio.wait_for(client.report(course(1)), SECONDS_MAX)
        assert (answer.outcome, answer.revision) == ("recorded", 1)
        assert answer.position is not None
        assert store.record_rows[answer.position - 1].id == "c-1"
    await assert_published(broker, store)
    async with connected(broker) as nc:
        kept = await nc.jetstream().get_last_msg(subjects.answered_stream(COUNTY), subjects.answered(COUNTY, "employment", "hr", "c-1"))
        assert orjson.loads(kept.data or b"")["outcome"] == "recorded"
        queue = await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))
        assert queue.state.messages == 0


async def test_a_subject_that_is_no_text_makes_the_service_deaf_to_nothing(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client, connected(broker) as nc:
        address = urlsplit(broker.address)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)  # by hand: the client publishes only text
        await reader.readline()
        writer.write(b"CONNECT %b\r\n" % orjson.dumps({"user": address.username, "pass": address.password, "verbose": False}))
        writer.write(b"PUB reported.%b.employment.hr.training.\xff\xfe 2\r\n{}\r\nPING\r\n" % COUNTY.encode())
        async with asyncio.timeout(SECONDS_MAX):
            assert await reader.readline() == b"PONG\r\n"
        answer = await asyncio.wait_for(client.report(course(1)), SECONDS_MAX)
        assert answer.outcome == "recorded"
        async with asyncio.timeout(SECONDS_MAX):  # it is acknowledged like any other, not delivered again and again
            while (await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))).state.messages:
                await asyncio.sleep(0.01)
        writer.close()


@pytest.mark.parametrize(
    "subject",
    [
        f"{'d' * 65}.hr.training.course_opened", f"employment.hr.training.{'t' * 201}", "a*b.hr.training.x", "a/b.hr.training.x",
        f"employment.{RESIDENT_ID}.training.x",
    ],
)  # fmt: skip
async def test_a_report_nobody_can_be_answered_for_is_refused_and_kept(broker: Broker, subject: str) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), connected(broker) as nc:
        for raw in (course(1).raw, RESIDENT_ID.encode()):
            await nc.jetstream().publish(f"reported.{COUNTY}.{subject}", raw)
        await until(lambda: len(store.report_rows) == 2)
        readable, unreadable = sorted(store.report_rows.values(), key=lambda row: row.arrival)
        assert (readable.source, readable.id, readable.type) == (f"/{COUNTY}/!/!", "c-1", "training.!")
        assert (readable.outcome, readable.reason, readable.kept) == ("refused", reasons.NO_SUCH_REPORTER, course(1).raw)
        assert (unreadable.source, unreadable.outcome) == (readable.source, "refused")
        assert unreadable.kept == b"330127************"
        async with asyncio.timeout(SECONDS_MAX):
            while (await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))).state.messages:
                await asyncio.sleep(0.01)
        answered = await nc.jetstream().get_last_msg(subjects.answered_stream(COUNTY), subjects.answered(COUNTY, "!", "!", "c-1"))
        assert parse_answer(answered.data or b"").code == reasons.NO_SUCH_REPORTER.code


async def test_a_resident_id_in_place_of_a_type_is_masked_wherever_it_comes_to_stand(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client:
        slip = course(1)._replace(type=f"training.{RESIDENT_ID}")
        answer = await asyncio.wait_for(client.report(slip), SECONDS_MAX)
    assert (answer.code, answer.type) == (reasons.other_type("").code, "training.330127************")
    assert RESIDENT_ID not in repr(store) + repr(answer) + "".join(capsys.readouterr())


async def test_the_bytes_of_a_resident_id_do_not_stay_in_the_brokers_files(broker: Broker) -> None:
    store, person = MemoryStore("training", COUNTY), resident_id(7)
    queue, subject = subjects.reported_stream(COUNTY), f"reported.{COUNTY}.employment.hr"
    async with serving(broker, TRAINING, store), connected(broker) as nc:
        jetstream = nc.jetstream()
        await jetstream.publish(f"{subject}.registry.entity_registered", b"{}")  # nobody draws it: the broker's block of bytes stands
        await jetstream.publish(f"{subject}.training.course_opened", b'{"id":"c-9","data":"this may stay"}')
        for type_, raw, headers in (
            ("course_opened", b'{"id":"c-1","data":{"name":"%s"}}' % person.encode(), None),
            ("course_opened", b"\xff" + person.encode(), None),
            ("course_opened", b"{}", {"who": person}), (person, b"[]", None),
        ):  # fmt: skip
            await jetstream.publish(f"{subject}.training.{type_}", raw, headers=headers)
        await until(lambda: len(store.report_rows) == 5)
        async with asyncio.timeout(SECONDS_MAX):
            while (await jetstream.stream_info(queue)).state.messages > 1:
                await asyncio.sleep(0.01)
        assert files_holding([b"this may stay"], [broker.folder]), "acknowledged, and still in the file"
        assert files_holding([person.encode()], [broker.folder]) == []
    assert person not in repr(store)


async def test_an_unreadable_report_is_refused_and_the_rest_of_the_batch_goes_on(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client:
        garbage = course(1)._replace(raw=b"\xff{not json")
        progress = await asyncio.wait_for(client.report_many(each([garbage, course(2), course(3)])), SECONDS_MAX)
    assert (progress.refused, progress.recorded) == (1, 2)
    assert recorded_ids(store) == ["c-2", "c-3"]


async def test_many_reports_are_recorded_once_each_in_the_order_they_came(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store, batch_size=50), department(broker) as client:
        progress = await asyncio.wait_for(client.report_many(each([course(n) for n in range(1500)])), SECONDS_MAX)
    assert (progress.recorded, progress.answered) == (1500, progress.sent)
    assert recorded_ids(store) == [f"c-{n}" for n in range(1500)]
    assert_chained(store)
    await assert_published(broker, store)


async def test_a_single_report_does_not_wait_for_its_batch_to_fill(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store, batch_size=500), department(broker) as client:
        await asyncio.wait_for(client.report(course(0)), SECONDS_MAX)
        started = asyncio.get_running_loop().time()
        for n in range(1, 6):
            await client.report(course(n))
        assert asyncio.get_running_loop().time() - started < 3


async def test_a_report_sent_again_gets_the_same_answer_and_is_recorded_once(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client:
        answers = [await asyncio.wait_for(client.report(course(1)), SECONDS_MAX) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert recorded_ids(store) == ["c-1"]


async def test_two_copies_of_a_service_record_every_report_once(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    reports = [course(n) for n in range(1200)]
    async with (
        serving(broker, TRAINING, store, batch_size=20),
        serving(broker, TRAINING, store, batch_size=20),
        department(broker) as client,
    ):
        progress = await asyncio.wait_for(client.report_many(each(reports)), 2 * SECONDS_MAX)
        assert (progress.recorded, progress.answered) == (1200, progress.sent)
    assert sorted(recorded_ids(store)) == sorted(one.id for one in reports)
    assert_chained(store)
    await assert_published(broker, store)


async def test_a_broker_killed_under_load_changes_nothing_but_the_time_it_takes(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store, batch_size=50), department(broker, under_way_max=300) as client:
        reporting = asyncio.create_task(client.report_many(each([course(n) for n in range(3000)])))
        for _ in range(2):
            await asyncio.sleep(0.4)
            broker.kill()
            await asyncio.sleep(0.1)
            broker.start()
        progress = await asyncio.wait_for(reporting, 3 * SECONDS_MAX)
        await until_published(broker, store)
    assert (progress.recorded, progress.answered) == (3000, progress.sent)
    assert sorted(recorded_ids(store)) == sorted(f"c-{n}" for n in range(3000))
    await assert_published(broker, store)


async def test_a_wiped_broker_gets_its_streams_back_and_reports_flow_again(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client:
        await asyncio.wait_for(client.report_many(each([course(n) for n in range(300)])), SECONDS_MAX)
        broker.kill()
        broker.wipe()
        broker.start()
        progress = await asyncio.wait_for(client.report_many(each([course(n) for n in range(300, 600)])), 2 * SECONDS_MAX)
        assert progress.recorded == 600
    assert recorded_ids(store) == [f"c-{n}" for n in range(600)]
    await assert_published(broker, store)


async def test_a_consumer_deleted_by_hand_is_made_anew(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client, connected(broker) as nc:
        await asyncio.wait_for(client.report(course(1)), SECONDS_MAX)
        await nc.jetstream().delete_consumer(subjects.reported_stream(COUNTY), "training")
        await asyncio.wait_for(client.report(course(2)), SECONDS_MAX)
    assert recorded_ids(store) == ["c-1", "c-2"]


async def test_nobody_can_make_the_service_publish_where_he_says(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), connected(broker) as nc:
        heard = await nc.subscribe("elsewhere")
        one = course(1)
        await nc.publish(subjects.reported(COUNTY, "employment", "hr", one.type), one.raw, headers={"reply_to": "elsewhere"})
        await until(lambda: recorded_ids(store) == ["c-1"])
        await asyncio.sleep(0.2)
        assert heard.pending_msgs == 0


class BrokenStore(MemoryStore):
    """A store that cannot be written to."""

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[MemoryWriting]:
        async with super().writing() as writing:
            disk_is_full()
            yield writing


def disk_is_full() -> None:
    raise OSError("the disk is full")


async def test_what_a_failing_service_did_not_commit_is_decided_by_the_next(broker: Broker) -> None:
    failing, store = BrokenStore("training", COUNTY), MemoryStore("training", COUNTY)
    async with connected(broker) as nc:
        with pytest.raises(AssertionError, match="the disk is full"):
            async with serving(broker, TRAINING, failing, simulated_clock=True) as app:
                await until(lambda: app.work.relay.finding is not None)
                one = course(1, instant=instant("2020-03-02T08:00:00"))
                await nc.publish(subjects.reported(COUNTY, "employment", "hr", one.type), one.raw)  # once, and never again
                await until(lambda: app.failure is not None)
        queue = subjects.reported_stream(COUNTY)
        assert (await nc.jetstream().stream_info(queue)).state.messages == 1
        async with serving(broker, TRAINING, store):
            await asyncio.wait_for(until(lambda: recorded_ids(store) == ["c-1"]), 5)
        assert (await nc.jetstream().stream_info(queue)).state.messages == 0


async def test_answers_left_behind_are_sent_by_the_next_start(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    service = WriteService(TRAINING, store, COUNTY, WallClock())
    service.recording.set()
    await service.handle([IncomingReport("employment", "hr", course(1).type, course(1).raw)])
    assert (await store.counts()).unsent == 1
    heard: list[Answer] = []
    async with connected(broker) as nc:

        async def hear(message: Msg) -> None:
            heard.append(parse_answer(message.data))

        await nc.subscribe(f"answered.{COUNTY}.>", cb=hear)
        async with serving(broker, TRAINING, store):
            await until(lambda: heard and not store.outbox)  # heard before it is marked as sent
    assert [(answer.id, answer.outcome) for answer in heard] == [("c-1", "recorded")]
    assert (await store.counts()).unsent == 0


async def test_the_training_service_waits_for_the_roster_and_follows_it(broker: Broker) -> None:
    registry, training = MemoryStore("registry", COUNTY), MemoryStore("training", COUNTY)
    placed = report(
        "g-1", "training.guidance_given",
        {"unit": "990101001001", "person": "P0123456789ABCDEF", "categories": [], "guidance_kind": "policy"},
    )  # fmt: skip
    told: list[Answer] = []
    async with (
        serving(broker, REGISTRY, registry),
        serving(broker, TRAINING, training),
        department(broker, on_answer=told.append) as client,
    ):
        first = await asyncio.wait_for(client.report(placed), SECONDS_MAX)
        assert (first.outcome, first.code) == ("waiting", "unit_unknown")
        office = Source(COUNTY, OFFICE, "roster")
        for number, code in enumerate((COUNTY, "990101001000", "990101001001")):
            data = {"code": code, "name": "示例", "urban_rural_class": None}
            listed = report(f"u-{number}", "registry.unit_listed", data, source=office)
            assert (await asyncio.wait_for(client.report(listed), SECONDS_MAX)).outcome == "recorded"
        await until(lambda: client.progress.waiting == 0)
    assert [(answer.outcome, answer.revision) for answer in told if answer.id == "g-1"] == [("waiting", 1), ("recorded", 2)]
    assert recorded_ids(training) == ["g-1"]
    followed = [row.position for row in registry.record_rows if row.type == "registry.unit_listed"]
    assert training.head_row.followed == followed[-1]


async def test_days_are_closed_without_any_report(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store):
        await until(lambda: store.head_row.closed is not None)
    assert store.head_row.closed == day_of(wall_time()) - timedelta(days=1)


async def test_a_simulated_clock_is_where_the_reports_say_and_stands_still_otherwise(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store, simulated_clock=True), department(broker) as client:
        for number, at in enumerate(("2020-03-02T08:00:00", "2020-03-05T09:30:00", "2020-03-04T00:00:00")):
            await asyncio.wait_for(client.report(course(number, instant=instant(at))), SECONDS_MAX)
        assert (await store.head()).recorded == instant("2020-03-05T09:30:00")
    async with serving(broker, TRAINING, store, simulated_clock=True), department(broker) as client:
        await asyncio.wait_for(client.report(course(7)), SECONDS_MAX)
    assert (await store.head()).recorded == instant("2020-03-05T09:30:00")


@pytest.mark.parametrize("at", ["9999-12-31T20:00:00Z", "0001-01-01T00:00:00+14:00", "tomorrow"])
async def test_an_instant_that_has_no_day_leaves_a_simulated_clock_where_it_stands(broker: Broker, at: str) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store, simulated_clock=True), department(broker) as client, connected(broker) as nc:
        await asyncio.wait_for(client.report(course(1, instant=instant("2020-03-02T08:00:00"))), SECONDS_MAX)
        sent = course(2)
        subject = subjects.reported(COUNTY, SOURCE.department, SOURCE.system, sent.type)
        await nc.jetstream().publish(subject, sent.raw, headers={subjects.INSTANT_HEADER: at})
        await until(lambda: recorded_ids(store) == ["c-1", "c-2"])
    assert (await store.head()).recorded == instant("2020-03-02T08:00:00")


async def test_the_wall_clock_does_not_listen_to_reports(broker: Broker) -> None:
    store = MemoryStore("training", COUNTY)
    async with serving(broker, TRAINING, store), department(broker) as client:
        await asyncio.wait_for(client.report(course(1, instant=instant("2020-03-02T08:00:00"))), SECONDS_MAX)
    recorded = (await store.head()).recorded
    assert recorded is not None
    assert abs(recorded - wall_time()) < timedelta(minutes=1), instant_text(recorded)
