"""What the broker does not let a user report, ask or hear is told to whoever waits for it, and nothing of it is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.nats.accounts import ADMINISTRATOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed, public_key
from shared import bus
from shared.answers import Answer
from shared.bus import BusUnreachable, connect
from shared.client import BusForbids, HearingForbidden, OutgoingReport, PublishForbidden, ReportForbidden, ReportingClient, identify
from shared.client.forbidden import Forbidden
from shared.client.outbox import Outbox
from shared.client.repair import RepairDesks
from shared.clock import today
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Source, report_bytes
from shared.repair import Asker, ListKept
from shared.settings import Settings
from shared.tasks import end
from shared.users import DepartmentUser
from tests.client.desk import COUNTY, deciding
from tests.client.test_reporting import SECONDS_MAX, id_of, recorded
from tests.support.nats import KeyedBroker, county_users

SOURCE = Source(COUNTY, "employment", "hr")
MAY, MAY_NOT = "training.course_closed", "training.course_opened"
SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", ADMINISTRATOR, "narrow", "wide", "other")}
DESK = {"user": "desk", "password": "desk"}


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[KeyedBroker]:
    """A bus that knows two keys of one system, of which one may report one type alone, and one of another system."""
    narrow = DepartmentUser(department="employment", system="hr", nkey=public_key(SEEDS["narrow"]), may_report=(MAY,))
    wide = DepartmentUser(department="employment", system="hr", nkey=public_key(SEEDS["wide"]))
    other = DepartmentUser(department="other", system="hr", nkey=public_key(SEEDS["other"]))
    broker = KeyedBroker(tmp_path / "nats", accounts_conf({COUNTY: county_users(SEEDS, narrow, wide, other)}, today(), more=(DESK,)))
    broker.start()
    yield broker
    broker.stop()


@asynccontextmanager
async def _as(broker: KeyedBroker, name: str, *, inbox: str = inbox_of("employment", "hr")) -> AsyncIterator[tuple[Client, list[str]]]:
    """Connected with somebody's key, and what the connection's own callback hears."""
    heard: list[str] = []

    async def hear(error: Exception) -> None:
        heard.append(str(error))

    nc = await nats.connect(broker.address, nkeys_seed_str=SEEDS[name], inbox_prefix=inbox, error_cb=hear)
    try:
        yield nc, heard
    finally:
        await nc.close()


@asynccontextmanager
async def _desk(broker: KeyedBroker) -> AsyncIterator[list[str]]:
    """Whoever records all that is reported: the ids of what arrived."""
    nc = await nats.connect(broker.address, **DESK)
    arrived: list[str] = []

    def ruling(message: Msg, times: int) -> Answer:
        arrived.append(id_of(message))
        return recorded(message, times)

    try:
        async with deciding(nc, ruling):
            yield arrived
    finally:
        await nc.close()


def _report(id: str, type: str = MAY) -> OutgoingReport:
    return OutgoingReport(SOURCE, type, report_bytes(source=SOURCE, id=id, type=type, occurred=date(2009, 3, 1), data={"course": "C1"}), id)


def _mixed(count: int) -> list[OutgoingReport]:
    return [_report(f"r-{number}", MAY_NOT if number % 2 else MAY) for number in range(count)]


async def _left(outbox: Path) -> list[str]:
    kept = await Outbox.open(outbox)
    await kept.close()
    return [each.report.id for each in kept.left]


async def test_whoever_reports_what_the_key_may_not_is_told_and_a_better_key_sends_it(keyed: KeyedBroker, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    async with _desk(keyed) as arrived:
        async with (
            _as(keyed, "narrow") as (nc, heard),
            ReportingClient(nc, county=COUNTY, department="employment", system="hr", outbox=outbox) as client,
        ):
            async with asyncio.timeout(SECONDS_MAX):
                with pytest.raises(
                    ReportForbidden, match=f"不允许本密钥报送：{MAY_NOT} 1 条.*does not let this key report: 1 of {MAY_NOT}"
                ) as told:
                    await client.report(_report("r-1", MAY_NOT))
                assert (await client.report(_report("r-2"))).outcome == "recorded"
        assert str(outbox) in str(told.value)
        assert [MAY_NOT in each for each in heard] == [True], "the connection's own callback hears it as before"
        assert (client.progress.forbidden, client.progress.recorded, client.progress.sent_again) == (1, 1, 0)
        assert (arrived, await _left(outbox)) == (["r-2"], ["r-1"])
        async with (
            _as(keyed, "wide") as (nc, _),
            ReportingClient(nc, county=COUNTY, department="employment", system="hr", outbox=outbox) as client,
        ):
            progress = await asyncio.wait_for(client.report_many([]), SECONDS_MAX)
    assert (progress.taken_over, progress.recorded, arrived) == (1, 1, ["r-2", "r-1"])
    assert await _left(outbox) == []


async def test_of_many_all_that_may_be_reported_are_answered_before_the_others_are_named(keyed: KeyedBroker, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    async with (
        _desk(keyed) as arrived,
        _as(keyed, "narrow") as (nc, _),
        ReportingClient(nc, county=COUNTY, department="employment", system="hr", outbox=outbox, under_way_max=10) as client,
    ):
        with pytest.raises(ReportForbidden) as told:
            await asyncio.wait_for(client.report_many(_mixed(100)), SECONDS_MAX)
        assert (await asyncio.wait_for(client.report_many([_report("r-100")]), SECONDS_MAX)).recorded == 51
    assert told.value.reports == {MAY_NOT: 50}
    assert len(arrived) == 51
    assert await _left(outbox) == [f"r-{number}" for number in range(1, 100, 2)]


async def test_who_asked_for_it_hears_of_each_report_that_is_forbidden(keyed: KeyedBroker) -> None:
    told: list[tuple[str, str]] = []
    async with (
        _desk(keyed),
        _as(keyed, "narrow") as (nc, _),
        ReportingClient(
            nc, county=COUNTY, department="employment", system="hr",
            on_forbidden=lambda report, error: told.append((report.id, error.reason.code)),
        ) as client,
    ):  # fmt: skip
        progress = await asyncio.wait_for(client.report_many(_mixed(10)), SECONDS_MAX)
    assert (progress.recorded, progress.forbidden, progress.heard) == (5, 5, 10)
    assert told == [(f"r-{number}", "forbidden") for number in range(1, 10, 2)]


async def test_what_is_raised_by_whoever_hears_of_it_ends_the_client_and_not_the_connection(keyed: KeyedBroker) -> None:
    asked: list[str] = []

    def fail(report: OutgoingReport, _: ReportForbidden) -> None:
        asked.append(report.id)
        raise KeyError(report.id)

    async with _desk(keyed), _as(keyed, "narrow") as (nc, heard):
        async with ReportingClient(nc, county=COUNTY, department="employment", system="hr", on_forbidden=fail) as client:
            for _ in range(2):
                with pytest.raises(KeyError, match="r-1"):
                    await asyncio.wait_for(client.report_many(_mixed(10)), SECONDS_MAX)
        assert asked == ["r-1"]

        def listen(error: BusForbids) -> None:
            raise KeyError(error.reason.code)

        with Forbidden.of(nc).told_to(listen):
            heard.clear()
            await nc.publish(f"reported.{COUNTY}.employment.hr.{MAY_NOT}", b"{}")
            async with asyncio.timeout(SECONDS_MAX):
                while len(heard) < 2:
                    await asyncio.sleep(0.01)
        assert (MAY_NOT in heard[0], heard[1:]) == (True, ["'forbidden'"])
        async with ReportingClient(nc, county=COUNTY, department="employment", system="hr") as client:
            assert (await asyncio.wait_for(client.report(_report("r-2")), SECONDS_MAX)).outcome == "recorded"


async def test_each_call_of_several_is_told_of_its_own_and_a_later_one_of_those_of_a_call_that_was_cut_short(keyed: KeyedBroker) -> None:
    async with (
        _desk(keyed),
        _as(keyed, "narrow") as (nc, _),
        ReportingClient(nc, county=COUNTY, department="employment", system="hr") as client,
    ):
        own, well, other = await asyncio.wait_for(
            asyncio.gather(
                client.report_many([_report("a-1", MAY_NOT), _report("a-2")]),
                client.report_many([_report("b-1")]),
                client.report_many([_report("c-1", MAY_NOT), _report("c-2", MAY_NOT)]),
                return_exceptions=True,
            ),
            SECONDS_MAX,
        )
        assert well is client.progress
        assert [each.reports for each in (own, other) if isinstance(each, ReportForbidden)] == [{MAY_NOT: 1}, {MAY_NOT: 2}]
        cut_short = asyncio.create_task(client.report_many([_report("d-1", MAY_NOT)]))
        await asyncio.sleep(0)
        await end([cut_short])
        with pytest.raises(ReportForbidden, match=f"1 of {MAY_NOT}"):
            await asyncio.wait_for(client.report_many([]), SECONDS_MAX)
        assert await client.report_many([]) is client.progress


async def test_whoever_stops_waiting_in_the_same_moment_counts_as_nobody(keyed: KeyedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    set_aside = ReportingClient._set_aside
    async with _as(keyed, "narrow") as (nc, _), ReportingClient(nc, county=COUNTY, department="employment", system="hr") as client:
        reporting = asyncio.create_task(client.report(_report("r-1", MAY_NOT)))

        def and_stop(*args: Any) -> None:
            set_aside(*args)
            reporting.cancel()

        monkeypatch.setattr(ReportingClient, "_set_aside", and_stop)
        with pytest.raises(asyncio.CancelledError):
            await reporting
        with pytest.raises(ReportForbidden, match=f"1 of {MAY_NOT}"):
            await asyncio.wait_for(client.report_many([]), SECONDS_MAX)


async def test_what_is_forbidden_however_often_stands_in_the_outbox_once(keyed: KeyedBroker, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    for _ in range(2):
        async with (
            _as(keyed, "narrow") as (nc, _),
            ReportingClient(nc, county=COUNTY, department="employment", system="hr", outbox=outbox) as client,
        ):
            for _ in range(3):
                for again in (client.report(_report("r-1", MAY_NOT)), client.report_many([_report("r-1", MAY_NOT)] * 2)):
                    with pytest.raises(ReportForbidden):
                        await asyncio.wait_for(again, SECONDS_MAX)
        assert await _left(outbox) == ["r-1"]


async def test_what_is_reported_under_the_same_id_is_sent_after_what_is_forbidden(keyed: KeyedBroker) -> None:
    async with (
        _desk(keyed),
        _as(keyed, "narrow") as (nc, _),
        ReportingClient(nc, county=COUNTY, department="employment", system="hr") as client,
    ):
        forbidden, again, said = await asyncio.wait_for(
            asyncio.gather(*(client.report(_report("r-1", type)) for type in (MAY_NOT, MAY_NOT, MAY)), return_exceptions=True), SECONDS_MAX
        )
    assert [type(each) for each in (forbidden, again)] == [ReportForbidden] * 2
    assert not isinstance(said, BaseException)
    assert said.outcome == "recorded"


async def test_without_answers_nobody_waits_for_ever(keyed: KeyedBroker, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    async with _desk(keyed), _as(keyed, "narrow") as (nc, _):
        async with ReportingClient(nc, county=COUNTY, outbox=outbox) as client:  # which listens to what all departments are answered
            for _ in range(2):
                with pytest.raises(HearingForbidden, match=r"得不到答复.* / .*nothing is answered"):
                    await asyncio.wait_for(client.report(_report("r-1")), SECONDS_MAX)
            with pytest.raises(HearingForbidden):
                await asyncio.wait_for(client.report_many(_mixed(10)), SECONDS_MAX)
        async with ReportingClient(nc, county=COUNTY, department="employment", system="hr", outbox=outbox) as client:
            assert (await asyncio.wait_for(client.report_many([]), SECONDS_MAX)).recorded == client.progress.taken_over == 1


def _for_pseudonyms(nc: Client) -> Coroutine[Any, Any, object]:
    return identify(nc, ["33012719870412001X"], department="employment", system="hr")


def _a_repair_desk(nc: Client) -> Coroutine[Any, Any, object]:
    return RepairDesks(nc, Asker("department", "employment", "hr")).list("training", ListKept())


@pytest.mark.parametrize(
    ("ask", "key", "inbox", "error", "named"),
    [
        (_for_pseudonyms, "other", inbox_of("other", "hr"), PublishForbidden, "identify.registry.employment.hr"),
        (_for_pseudonyms, "narrow", "_INBOX", HearingForbidden, "_inbox."),
        (_a_repair_desk, "other", inbox_of("other", "hr"), PublishForbidden, "repair.training.list.department.employment.hr"),
        (_a_repair_desk, "narrow", "_INBOX", HearingForbidden, "_inbox."),
    ],
)
async def test_whoever_may_not_ask_or_hear_what_is_replied_is_told_at_once(
    keyed: KeyedBroker, ask: Callable[[Client], Coroutine[Any, Any, object]], key: str, inbox: str, error: type[BusForbids], named: str
) -> None:
    async with _as(keyed, key, inbox=inbox) as (nc, _):
        for _ in range(2):
            with pytest.raises(error, match=named):
                await asyncio.wait_for(ask(nc), 4)


async def test_whom_the_bus_does_not_know_is_told_so_before_long_and_not_that_there_is_no_bus(
    keyed: KeyedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "KEPT_OUT_SECONDS_MAX", 0.5)

    def as_whom(seed: str | None, **more: Any) -> Settings:
        return Settings(county=COUNTY, database_url="postgresql://none", nats_url=keyed.address, nats_nkey_seed=seed, **more)

    for settings in (as_whom(new_seed()), as_whom(None), as_whom(new_seed(), nats_connect_seconds_max=0.4)):
        async with asyncio.timeout(SECONDS_MAX):
            with pytest.raises(
                BusUnreachable, match=r"不接受本用户.* / the bus at .* does not let this user in: its key or password is missing"
            ):
                await connect(settings, name="test")


async def test_a_key_that_the_bus_learns_of_in_a_moment_is_let_in(keyed: KeyedBroker) -> None:
    seed = new_seed()
    connecting = asyncio.create_task(
        connect(Settings(county=COUNTY, database_url="postgresql://none", nats_url=keyed.address, nats_nkey_seed=seed), name="test")
    )
    await asyncio.sleep(0.5)
    assert not connecting.done()
    late = DepartmentUser(department="late", system="hr", nkey=public_key(seed))
    keyed.admit(accounts_conf({COUNTY: county_users(SEEDS, late)}, today(), more=(DESK,)))
    await (await asyncio.wait_for(connecting, SECONDS_MAX)).close()
