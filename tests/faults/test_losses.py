"""Data that are lost or older than they should be: the broker refills itself, an older database is noticed and restored."""

import asyncio
import json
import shutil
import signal
import time
from pathlib import Path

import httpx
import pytest

from deploy.data_folder import Running
from deploy.reaching import bus
from shared import subjects
from shared.contracts.base import SERVICES
from shared.event_store.postgres import PostgresStore
from tests.faults.machine import Board, Machine, figures, require_same

FACTS, SEED = 3000, 12
REFILL_SECONDS_MAX = 60.0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, facts=FACTS, seed=SEED)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Board]:
    """A folder on which a demonstration was played to its end, and its board. Copy it."""
    folder = tmp_path_factory.mktemp("played")
    with Machine(folder, facts=FACTS, seed=SEED).demo() as demo:
        return folder, demo.board()


def _copy(folder: Path, to: Path) -> Machine:
    shutil.copytree(folder / "data", to / "data", copy_function=shutil.copy2)
    _give_back(folder / "data" / "postgres" / "data", to / "data" / "postgres" / "data")
    return Machine(to, facts=FACTS, seed=SEED)


def _give_back(original: Path, copy: Path) -> None:
    """Copies belong to their owner again: PostgreSQL accepts no other."""
    owner = original.stat()
    for path in (copy, *copy.rglob("*")):
        shutil.chown(path, owner.st_uid, owner.st_gid)


def _board(running: Running, like: Board) -> Board:
    days = {"as_of": like["as_of"], "known_at": like["known_at"]}
    answer = httpx.get(f"{running.http_url}/board", params=days, headers=running.http_headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return figures(answer.json())


async def _published_and_stored(running: Running) -> list[tuple[int, int]]:
    """For each service: the records in its stream and those in its store."""
    found = []
    async with bus(running) as nc:
        for service in SERVICES:
            store = await PostgresStore.open(running.databases[service], service, running.county)
            state = (await nc.jetstream().stream_info(subjects.recorded_stream(running.county, service))).state
            assert state.messages == state.last_seq
            found.append((state.last_seq, (await store.head()).position))
            await store.close()
    return found


def test_a_broker_whose_folder_is_deleted_refills_itself(played: tuple[Path, Board], tmp_path: Path) -> None:
    machine = _copy(played[0], tmp_path)
    shutil.rmtree(machine.data.nats / "jetstream")
    with machine.up() as running:
        deadline = time.monotonic() + REFILL_SECONDS_MAX
        found = asyncio.run(_published_and_stored(running))
        while any(published != stored for published, stored in found):
            assert time.monotonic() < deadline, f"{found}\n{machine.said}"
            time.sleep(0.2)
            found = asyncio.run(_published_and_stored(running))
        assert min(stored for _, stored in found) > 0
        require_same(_board(running, played[1]), played[1])


def test_a_broker_whose_folder_is_deleted_under_way_changes_no_figure(machine: Machine, played: tuple[Path, Board]) -> None:
    with machine.demo() as demo:
        demo.running()
        time.sleep(1)
        demo.kill("nats-server")
        shutil.rmtree(machine.data.nats / "jetstream")
        require_same(demo.board(), played[1], machine.said)


def test_an_older_database_is_noticed_and_restored_from_the_streams(machine: Machine, played: tuple[Path, Board], tmp_path: Path) -> None:
    with machine.demo() as demo:
        demo.running()
        time.sleep(0.5)
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(60) == 130, machine.said
    backup = tmp_path / "backup"
    shutil.copytree(machine.data.postgres, backup)
    with machine.demo() as demo:
        require_same(demo.board(), played[1], machine.said)
    _give_back(machine.data.postgres / "data", backup / "data")
    shutil.rmtree(machine.data.postgres)
    backup.rename(machine.data.postgres)

    with machine.up() as running:
        code, said = machine.doctor("--json")
        findings = [json.loads(line) for line in said.splitlines()]
        assert (code, {finding["state"] for finding in findings}) == (1, {"store_behind"}), machine.said
        code, said = machine.doctor("--adopt", "--json")
        assert code == 0, said + machine.said
        told = [json.loads(line) for line in said.splitlines()]
        assert {each["state"] for each in told} == {"adopted", "healthy", "forgotten"}, said
        assert {each["answer"]["outcome"] for each in told if each["state"] == "forgotten"} <= {"waiting", "refused"}
        assert all(published == stored for published, stored in asyncio.run(_published_and_stored(running)))
        code, said = machine.doctor("--adopt")
        assert code == 0
        assert said.count("must be reported again") == sum(each["state"] == "forgotten" for each in told)
    with machine.demo() as demo:
        require_same(demo.board(), played[1], machine.said)
