"""The embedded bus of a county: a key per user from its first start, and folders from before there were keys."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import nats
import pytest

from deploy.county_bus import CountyBus
from deploy.credentials import OURS, Credentials
from deploy.data_folder import BadFolder, DataFolder
from deploy.embedded import HOST, EmbeddedNats
from deploy.nats.accounts import inbox_of
from deploy.nats.keys import new_seed, public_key
from shared.users import CountyUsers, DepartmentUser, users_toml
from tests.support.admission import lets_in

COUNTY = "330127000000"
Start = Callable[..., CountyBus]


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

    seed = Credentials(folder, COUNTY).prepare()["registry"]
    connection = await nats.connect(start().address, nkeys_seed_str=seed, inbox_prefix=inbox_of("registry"))
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
