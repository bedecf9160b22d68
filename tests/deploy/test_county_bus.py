"""The embedded bus of a county: a key per user from its first start, and folders from before there were keys."""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import nats
import pytest
from nats.aio.client import Client
from structlog.testing import capture_logs

from deploy.county_bus import CountyBus
from deploy.credentials import OURS, RENEWED_DAYS, Credentials
from deploy.data_folder import BadFolder, DataFolder, Running
from deploy.embedded import HOST, EmbeddedNats
from deploy.local import keep_credentials
from deploy.nats.accounts import ADMINISTRATOR, inbox_of
from deploy.nats.keys import new_seed, public_key
from deploy.processes import PartFailed
from shared import subjects
from shared.bus import ensure_stream, reported_config
from shared.tasks import end
from shared.tokens import TOKEN_DAYS, digest_of, last_day
from shared.users import CountyUsers, DepartmentUser, users_toml
from tests.support.admission import lets_in

COUNTY = "330127000000"
Start = Callable[..., CountyBus]
SECONDS_MAX = 10.0


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


@pytest.fixture
def start(folder: DataFolder) -> Iterator[Start]:
    started = []

    def start(*, insecure: bool = False) -> CountyBus:
        credentials = Credentials(folder, COUNTY)
        credentials.prepare()
        bus = CountyBus(folder.nats, folder.log("nats"), county=COUNTY, users=credentials.users, insecure=insecure)
        started.append(bus)
        bus.start()
        return bus

    yield start
    for bus in started:
        bus.stop()


def test_nobody_gets_in_without_a_key_that_is_listed(start: Start, folder: DataFolder) -> None:
    bus = start()
    assert lets_in(HOST, bus.port, Credentials(folder, COUNTY).prepare()["registry"])
    assert not lets_in(HOST, bus.port, new_seed())
    assert not lets_in(HOST, bus.port, None)


def test_insecure_lets_anybody_in_and_only_as_long_as_it_is_asked_for(start: Start) -> None:
    bus = start(insecure=True)
    assert lets_in(HOST, bus.port, None)
    bus.stop()
    assert not lets_in(HOST, start().port, None)


async def test_a_folder_with_a_password_gets_keys_and_keeps_its_streams(start: Start, folder: DataFolder) -> None:
    older = EmbeddedNats(folder.nats)
    connection = await nats.connect(older.start())
    await connection.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await connection.jetstream().add_consumer("KEPT", durable_name="reader")
    await connection.jetstream().publish("kept", b"1")
    await connection.close()
    older.stop()

    seed = Credentials(folder, COUNTY).prepare()[ADMINISTRATOR]
    connection = await nats.connect(start().address, nkeys_seed_str=seed, inbox_prefix=inbox_of(ADMINISTRATOR))
    assert (await connection.jetstream().stream_info("KEPT")).state.messages == 1
    assert (await connection.jetstream().consumer_info("KEPT", "reader")).num_pending == 1
    await connection.close()
    assert not (folder.nats / "password").exists()


def test_seeds_are_for_the_owner_alone_and_for_life(folder: DataFolder) -> None:
    seeds = Credentials(folder, COUNTY).prepare()
    assert Credentials(folder, COUNTY).prepare() == seeds
    assert len(set(seeds.values())) == len(OURS)
    token = Credentials(folder, COUNTY).token
    assert Credentials(folder, COUNTY).token == token
    assert token not in folder.departments.read_text()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.credentials.iterdir()}
    assert (modes, stat.S_IMODE(folder.credentials.stat().st_mode)) == ({0o600}, 0o700)
    assert not any(seed in folder.departments.read_text() for seed in seeds.values())


@pytest.mark.parametrize(("until", "renewed"), [
    (last_day(TOKEN_DAYS), False), (last_day(RENEWED_DAYS + 1), False), (last_day(RENEWED_DAYS), True), (last_day(0), True), (None, True),
    (last_day(TOKEN_DAYS + 1), True),
], ids=["new", "holds for a while", "ends soon", "over", "of an older kaiye", "made when the clock was wrong"])  # fmt: skip
def test_the_administrators_token_has_a_last_day_and_is_renewed_at_a_start_before_it(
    folder: DataFolder, until: date | None, *, renewed: bool
) -> None:
    credentials = Credentials(folder, COUNTY)
    seeds = credentials.prepare()
    users, token = credentials.users(), credentials.token
    assert users.administrator is not None
    assert users.administrator.until == last_day(TOKEN_DAYS)
    before = users.model_copy(update={"administrator": users.administrator.model_copy(update={"until": until})})
    folder.departments.write_text(users_toml({COUNTY: before}))
    assert credentials.prepare() == seeds
    assert (credentials.token != token) == renewed
    users = credentials.users()
    assert users.administrator is not None
    assert users.administrator.until == (last_day(TOKEN_DAYS) if renewed else until)
    assert list(users.by_token) == [digest_of(credentials.token)], "the one before opens nothing any more"


@pytest.mark.parametrize(("broken", "told"), [
    (None, set()), (BadFolder("the list cannot be used"), {("the list cannot be used", None)}), (RuntimeError("a bug"), {(None, True)}),
], ids=["sound", "damaged", "bug"])  # fmt: skip
async def test_while_it_runs_a_token_that_is_gone_is_replaced_and_our_commands_hear_of_it(
    start: Start, folder: DataFolder, monkeypatch: pytest.MonkeyPatch, broken: Exception | None, told: set[object]
) -> None:
    """Also when the bus never hears of the list, which is told."""
    monkeypatch.setattr("deploy.local.LAPSE_SECONDS", 0.01)

    def users() -> CountyUsers:
        if broken is not None:
            raise broken
        return credentials.users()

    started, credentials = start(), Credentials(folder, COUNTY)
    bus = CountyBus(folder.nats, folder.log("nats"), county=COUNTY, users=users)
    before = credentials.token
    running = Running(
        pid=os.getpid(), county=COUNTY, county_folder=folder.path, simulated_clock=False, nats_url=started.address, databases={},
        http_url="http://none", http_token=before,
    )  # fmt: skip
    folder.say_running(running)
    with capture_logs() as logged:
        keeping = asyncio.create_task(keep_credentials(bus, credentials, folder, running))
        try:
            (folder.credentials / "administrator.token").unlink()
            async with asyncio.timeout(SECONDS_MAX):
                while folder.running().http_token == before:
                    await asyncio.sleep(0.01)
        finally:
            await end([keeping])
    assert {(each.get("error"), each.get("exc_info")) for each in logged if "list of users" in each["event"]} == told
    assert folder.running().http_token == credentials.token
    assert list(credentials.users().by_token) == [digest_of(credentials.token)]


def test_a_damaged_token_is_named(folder: DataFolder) -> None:
    Credentials(folder, COUNTY).prepare()
    (folder.credentials / "administrator.token").write_text("kaiye_short")
    with pytest.raises(BadFolder, match="not a token"):
        Credentials(folder, COUNTY).prepare()


def test_a_lost_seed_is_made_anew_and_the_departments_stay_listed(folder: DataFolder) -> None:
    credentials = Credentials(folder, COUNTY)
    credentials.prepare()
    bank = DepartmentUser(department="bank", system="core", nkey=public_key(new_seed()))
    folder.departments.write_text(users_toml({COUNTY: credentials.users().model_copy(update={"departments": (bank,)})}))
    (folder.credentials / "finance.seed").unlink()
    seeds = credentials.prepare()
    listed = credentials.users()
    assert (listed.finance, listed.departments) == (public_key(seeds["finance"]), (bank,))


@pytest.mark.parametrize("said", ["not toml", '["330182000000"]\nregistry = "U"', ""])
def test_a_list_that_cannot_be_used_is_named(folder: DataFolder, said: str) -> None:
    folder.departments.write_text(said)
    with pytest.raises(BadFolder, match=r"departments\.toml"):
        Credentials(folder, COUNTY).prepare()


def test_the_list_reads_as_it_was_written(folder: DataFolder) -> None:
    Credentials(folder, COUNTY).prepare()
    before = Credentials(folder, COUNTY).users()
    assert isinstance(before, CountyUsers)
    folder.departments.write_text(users_toml({COUNTY: before}))
    assert Credentials(folder, COUNTY).users() == before


def _list(folder: DataFolder, name: str) -> str:
    """A department that may speak from now on: its seed."""
    seed = new_seed()
    Credentials(folder, COUNTY).add(DepartmentUser(department=name, system="core", nkey=public_key(seed)))
    return seed


def test_whoever_is_taken_off_the_list_stays_out_when_somebody_read_it_before(start: Start, folder: DataFolder) -> None:
    bus, credentials = start(), Credentials(folder, COUNTY)
    bank = _list(folder, "bank")
    bus.renew_accounts()
    assert lets_in(HOST, bus.port, bank)
    revoking: list[Thread] = []

    def read_and_be_slow() -> CountyUsers:
        users = credentials.users()
        credentials.revoke("bank", None)
        revoking.append(Thread(target=bus.renew_accounts))
        revoking[-1].start()
        revoking[-1].join(timeout=1)  # it has to wait for who is slow; where it does not, it is done by then
        return users

    school = _list(folder, "school")
    CountyBus(folder.nats, folder.log("nats"), county=COUNTY, users=read_and_be_slow).renew_accounts()
    revoking[-1].join()
    assert not lets_in(HOST, bus.port, bank)
    assert lets_in(HOST, bus.port, school)


def test_what_the_server_did_not_take_is_told_again(start: Start, folder: DataFolder) -> None:
    bus, bank = start(), _list(folder, "bank")
    bus.renew_accounts()
    conf = folder.nats / "nats.conf"
    sound = conf.read_text()
    conf.write_text("{")
    Credentials(folder, COUNTY).revoke("bank", None)
    with pytest.raises(PartFailed):
        bus.renew_accounts()
    assert lets_in(HOST, bus.port, bank)
    conf.write_text(sound)
    assert bus.renew_accounts()
    assert not lets_in(HOST, bus.port, bank)
    assert not bus.renew_accounts()


async def test_who_is_listed_while_it_runs_reports_and_hears_answers_and_nobody_else_notices(start: Start, folder: DataFolder) -> None:
    seeds, banks = Credentials(folder, COUNTY).prepare(), _list(folder, "bank")
    bus = start()

    async def reports_and_hears(speaker: Client, finance: Client, name: str) -> None:
        answers = await speaker.subscribe(answer := subjects.answered(COUNTY, name, "core", "1"))
        await speaker.flush()
        said = await speaker.request(subjects.reported(COUNTY, name, "core", "finance.loan_applied"), b"{}", timeout=5)
        assert b"seq" in said.data
        await finance.publish(answer, b"x")
        assert (await answers.next_msg(timeout=5)).data == b"x"
        await answers.unsubscribe()

    async with (
        await nats.connect(bus.address, nkeys_seed_str=seeds["finance"], inbox_prefix=inbox_of("finance")) as finance,
        await nats.connect(bus.address, nkeys_seed_str=banks, inbox_prefix=inbox_of("bank", "core")) as bank,
        await nats.connect(bus.address, nkeys_seed_str=seeds[ADMINISTRATOR], inbox_prefix=inbox_of(ADMINISTRATOR)) as administrator,
    ):
        await ensure_stream(finance.jetstream(), reported_config(COUNTY), keeps=False)
        await reports_and_hears(bank, finance, "bank")
        seed = _list(folder, "school")
        bus.renew_accounts()
        async with await nats.connect(bus.address, nkeys_seed_str=seed, inbox_prefix=inbox_of("school", "core")) as school:
            await reports_and_hears(school, finance, "school")
            await reports_and_hears(bank, finance, "bank")
        Credentials(folder, COUNTY).revoke("school", None)
        bus.renew_accounts()
        await reports_and_hears(bank, finance, "bank")
        assert (await administrator.jetstream().stream_info(subjects.reported_stream(COUNTY))).state.messages == 4
        assert (finance.stats["reconnects"], bank.stats["reconnects"]) == (0, 0)
