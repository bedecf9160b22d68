"""Reports are kept until they are answered, whatever happens to the bus, the answers or the service."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime

import orjson
import pytest
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.js.errors import APIError

from shared import subjects
from shared.answers import Answer
from shared.bus import ensure_stream, reported_config
from shared.client import OutgoingReport, ReportingClient
from shared.contracts.envelope import Source, report_bytes
from tests.client.desk import COUNTY, answer, deciding
from tests.support.nats import Broker, connected

SOURCE = Source(COUNTY, "employment", "hr")
TYPE = "training.course_closed"
SECONDS_MAX = 20.0


def outgoing(id: str, *, course: str = "C1", instant: datetime | None = None) -> OutgoingReport:
    raw = report_bytes(source=SOURCE, id=id, type=TYPE, occurred=date(2009, 3, 1), data={"course": course})
    return OutgoingReport(SOURCE, TYPE, raw, id, instant)


async def each(reports: Iterable[OutgoingReport]) -> AsyncIterator[OutgoingReport]:
    for report in reports:
        yield report


def id_of(message: Msg) -> str:
    return str(orjson.loads(message.data)["id"])


def recorded(message: Msg, times: int) -> Answer:
    return answer(message, id_of(message))


async def test_every_report_is_answered_and_counted_by_its_outcome(broker: Broker) -> None:
    def ruling(message: Msg, times: int) -> Answer:
        id_ = id_of(message)
        return answer(message, id_, "refused" if id_.endswith("7") else "waiting" if id_.endswith("3") else "recorded")

    async with connected(broker) as nc, deciding(nc, ruling) as desk, ReportingClient(nc, county=COUNTY) as client:
        progress = await asyncio.wait_for(client.report_many(each(outgoing(f"r-{n}") for n in range(100))), SECONDS_MAX)
    assert (progress.sent, progress.answered, progress.sent_again) == (100, 100, 0)
    assert (progress.recorded, progress.waiting, progress.refused) == (80, 10, 10)
    assert [id_of(message) for message in desk.received] == [f"r-{n}" for n in range(100)]


async def test_a_report_goes_to_the_subject_of_its_source_and_type_and_names_no_message_id(broker: Broker) -> None:
    instant = datetime(2009, 3, 1, 8, tzinfo=UTC)
    async with connected(broker) as nc, deciding(nc, recorded) as desk, ReportingClient(nc, county=COUNTY) as client:
        await asyncio.wait_for(client.report(outgoing("r-1", instant=instant)), SECONDS_MAX)
        await asyncio.wait_for(client.report(outgoing("r-2")), SECONDS_MAX)
    simulated, real = desk.received
    assert simulated.subject == f"reported.{COUNTY}.employment.hr.training.course_closed"
    assert simulated.headers == {subjects.INSTANT_HEADER: "2009-03-01T08:00:00.000000Z"}
    assert real.headers is None
    assert real.data == outgoing("r-2").raw


async def test_a_report_whose_answer_does_not_come_is_sent_again_until_it_does(broker: Broker) -> None:
    async with (
        connected(broker) as nc,
        deciding(nc, lambda message, times: recorded(message, times) if times == 3 else None) as desk,
        ReportingClient(nc, county=COUNTY, resend_seconds=0.1) as client,
    ):
        said = await asyncio.wait_for(client.report(outgoing("r-1")), SECONDS_MAX)
        await asyncio.sleep(0.5)
    assert said.outcome == "recorded"
    assert client.progress.sent_again == 2
    assert [message.data for message in desk.received] == [outgoing("r-1").raw] * 3


async def test_waits_for_an_answer_grow_only_up_to_their_maximum(broker: Broker) -> None:
    async with (
        connected(broker) as nc,
        deciding(nc, lambda message, times: recorded(message, times) if times == 6 else None),
        ReportingClient(nc, county=COUNTY, resend_seconds=0.1, resend_seconds_max=0.1) as client,
    ):
        await asyncio.wait_for(client.report(outgoing("r-1")), 5)
    assert client.progress.sent_again == 5


async def test_only_so_many_reports_are_under_way_at_a_time(broker: Broker) -> None:
    async with (
        connected(broker) as nc,
        deciding(nc, lambda message, times: None) as desk,
        ReportingClient(nc, county=COUNTY, under_way_max=10) as client,
    ):
        reporting = asyncio.create_task(client.report_many(each(outgoing(f"r-{n}") for n in range(25))))
        answered = 0
        while answered < 25:
            await asyncio.sleep(0.1)
            assert len(desk.received) == min(25, answered + 10)
            await desk.give(answer(desk.received[answered], id_of(desk.received[answered])))
            answered += 1
        assert (await asyncio.wait_for(reporting, SECONDS_MAX)).recorded == 25


async def test_reports_under_one_id_are_sent_one_after_the_other(broker: Broker) -> None:
    async with connected(broker) as nc, deciding(nc, lambda message, times: None) as desk, ReportingClient(nc, county=COUNTY) as client:
        reports = [outgoing("r-1"), outgoing("r-1", course="C2"), outgoing("r-2")]
        reporting = asyncio.create_task(client.report_many(each(reports)))
        await asyncio.sleep(0.2)
        assert [message.data for message in desk.received] == [reports[0].raw, reports[2].raw]
        await desk.give(answer(desk.received[0], "r-1"))
        await desk.give(answer(desk.received[1], "r-2"))
        await asyncio.sleep(0.2)
        assert [message.data for message in desk.received] == [reports[0].raw, reports[2].raw, reports[1].raw]
        await desk.give(answer(desk.received[0], "r-1", "refused", revision=2))
        progress = await asyncio.wait_for(reporting, SECONDS_MAX)
    assert (progress.sent, progress.recorded, progress.refused) == (3, 2, 1)


async def test_a_later_answer_to_a_waiting_report_moves_it_and_a_repeated_one_does_not(broker: Broker) -> None:
    told: list[Answer] = []
    async with (
        connected(broker) as nc,
        deciding(nc, lambda message, times: answer(message, id_of(message), "waiting")) as desk,
        ReportingClient(nc, county=COUNTY, on_answer=told.append) as client,
    ):
        await asyncio.wait_for(client.report_many(each([outgoing("r-1"), outgoing("r-2")])), SECONDS_MAX)
        assert client.progress.waiting == 2
        for said in (answer(desk.received[0], "r-1", "waiting"), *[answer(desk.received[0], "r-1", "recorded", revision=2)] * 2):
            await desk.give(said)
        await asyncio.sleep(0.2)
    assert (client.progress.waiting, client.progress.recorded, client.progress.sent) == (1, 1, 2)
    assert [(said.id, said.outcome) for said in told] == [("r-1", "waiting"), ("r-2", "waiting"), ("r-1", "recorded")]


async def test_a_report_larger_than_the_broker_takes_is_refused_without_being_sent(broker: Broker) -> None:
    async with connected(broker) as nc, deciding(nc, recorded) as desk, ReportingClient(nc, county=COUNTY) as client:
        large = outgoing("r-1")._replace(raw=b" " * subjects.REPORT_BYTES_MAX)
        said = await asyncio.wait_for(client.report(large), SECONDS_MAX)
        await asyncio.wait_for(client.report(outgoing("r-2")), SECONDS_MAX)
    assert (said.outcome, said.code, said.revision) == ("refused", "too_large", 0)
    assert [id_of(message) for message in desk.received] == ["r-2"]


async def test_a_report_with_a_resident_id_never_reaches_the_bus(broker: Broker) -> None:
    async with connected(broker) as nc, deciding(nc, recorded) as desk, ReportingClient(nc, county=COUNTY) as client:
        said = await asyncio.wait_for(client.report(outgoing("r-1", course="11010519491231002X")), SECONDS_MAX)
        escaped = outgoing("r-3", course="@")
        escaped = escaped._replace(raw=escaped.raw.replace(b"@", rb"11010519491231002\u0058"))
        assert (await asyncio.wait_for(client.report(escaped), SECONDS_MAX)).code == "resident_id"
        await asyncio.wait_for(client.report(outgoing("r-2", course="110105194912310021")), SECONDS_MAX)
    assert (said.outcome, said.code, said.revision) == ("refused", "resident_id", 0)
    assert [id_of(message) for message in desk.received] == ["r-2"]


async def test_bytes_without_a_readable_id_are_matched_with_the_answer_under_their_digest(broker: Broker) -> None:
    digests = {b"{": "a" * 64, b"[1]": "b" * 64, b'{"id": "no good"}': "c" * 64}

    def ruling(message: Msg, times: int) -> Answer:
        id_ = digests.get(message.data)
        return recorded(message, times) if id_ is None else answer(message, id_, "refused")

    async with connected(broker) as nc, deciding(nc, ruling), ReportingClient(nc, county=COUNTY, resend_seconds=0.2) as client:
        reports = [OutgoingReport(SOURCE, TYPE, raw, f"r-{n}") for n, raw in enumerate([*digests, b"{"])]
        progress = await asyncio.wait_for(client.report_many(each([*reports, outgoing("r-9"), *reports])), SECONDS_MAX)
    assert (progress.sent, progress.refused, progress.recorded) == (9, 8, 1)


async def test_everything_is_answered_although_the_broker_is_killed_again_and_again(broker: Broker) -> None:
    async with (
        connected(broker) as nc,
        connected(broker) as service,
        deciding(service, recorded) as desk,
        ReportingClient(nc, county=COUNTY, resend_seconds=0.5, under_way_max=200) as client,
    ):
        reporting = asyncio.create_task(client.report_many(each(outgoing(f"r-{n}") for n in range(20_000))))
        for _ in range(3):
            await asyncio.sleep(0.15)
            broker.kill()
            await asyncio.sleep(0.05)
            broker.start()
        progress = await asyncio.wait_for(reporting, 60)
    assert (progress.sent, progress.recorded) == (20_000, 20_000)
    assert {id_of(message) for message in desk.received} == {f"r-{n}" for n in range(20_000)}


async def test_whoever_waits_for_an_answer_is_told_when_the_connection_is_closed_for_good(broker: Broker) -> None:
    async with connected(broker) as nc, ReportingClient(nc, county=COUNTY) as client:
        one = asyncio.create_task(client.report(outgoing("r-1")))
        many = asyncio.create_task(client.report_many(each([outgoing("r-2")])))
        await asyncio.sleep(0.1)
        await nc.close()
        for waiting in (one, many):
            with pytest.raises(ConnectionClosedError):
                await asyncio.wait_for(waiting, SECONDS_MAX)


async def test_a_busy_service_is_not_made_busier_by_sending_again(broker: Broker) -> None:
    """Answers take 0.3 s here: waiting no longer than that would send everything twice."""
    later: set[asyncio.Task[None]] = set()

    async with connected(broker) as nc:

        def ruling(message: Msg, times: int) -> None:
            async def answer_late() -> None:
                await asyncio.sleep(0.3)
                await desk.give(answer(message, id_of(message)))

            later.add(asyncio.create_task(answer_late()))

        async with deciding(nc, ruling) as desk, ReportingClient(nc, county=COUNTY, resend_seconds=0.2, under_way_max=100) as client:
            progress = await asyncio.wait_for(client.report_many(each(outgoing(f"r-{n}") for n in range(2000))), SECONDS_MAX)
        await asyncio.gather(*later)
    assert progress.recorded == 2000
    assert progress.sent_again < 1000  # the first few hundred, before the client knows


async def test_a_full_queue_takes_nothing_says_so_and_the_report_is_kept_until_there_is_room(
    broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    config = reported_config(COUNTY)
    async with connected(broker) as nc:
        js = nc.jetstream()
        await js.add_stream(config, max_bytes=600)
        filling = 0
        with pytest.raises(APIError, match="maximum bytes exceeded"):
            while True:
                await js.publish(f"reported.{COUNTY}.employment.hr.{TYPE}", outgoing(f"before-{filling}").raw)
                filling += 1
        assert filling > 0
        async with ReportingClient(nc, county=COUNTY, resend_seconds=0.1, resend_seconds_max=0.2) as client:
            waiting = asyncio.create_task(client.report(outgoing("r-1")))
            said = ""
            async with asyncio.timeout(SECONDS_MAX):
                while "maximum bytes exceeded" not in said:
                    await asyncio.sleep(0.05)
                    said += "".join(capsys.readouterr())
            assert "已保留" in said
            assert (await js.stream_info(subjects.reported_stream(COUNTY))).state.messages == filling
            await ensure_stream(js, config)
            async with deciding(nc, recorded):
                assert (await asyncio.wait_for(waiting, SECONDS_MAX)).outcome == "recorded"


@pytest.mark.parametrize(
    ("raw", "headers"),
    [(b" " * (subjects.REPORT_BYTES_MAX + 1), None), (b"{}", {"Nats-Rollup": "all"}), (b"{}", {"Nats-TTL": "1h"})],
    ids=["over the limit", "rollup", "ttl"],
)
async def test_what_the_broker_itself_refuses_gets_its_error_and_no_answer(
    broker: Broker, raw: bytes, headers: dict[str, str] | None
) -> None:
    async with connected(broker) as nc:
        await ensure_stream(nc.jetstream(), reported_config(COUNTY))
        with pytest.raises(APIError) as told:
            await nc.jetstream().publish(f"reported.{COUNTY}.employment.hr.{TYPE}", raw, headers=headers)
        assert told.value.code in (400, 500)
        assert (await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))).state.messages == 0
