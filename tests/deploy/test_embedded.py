"""The embedded servers, for real: what is written survives any end, and nobody else gets in."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from deploy.embedded import EmbeddedNats, EmbeddedPostgres, EmbeddedServer
from deploy.processes import PartFailed


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[EmbeddedNats]:
    server = EmbeddedNats(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


def _end(server: EmbeddedServer, how: str) -> None:
    if how == "stopped":
        server.stop()
    else:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        while server.exit_code() is None:
            time.sleep(0.01)


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_postgres_keeps_what_was_committed(postgres_server: EmbeddedPostgres, how: str) -> None:
    first = postgres_server.address
    connection = await asyncpg.connect(first)
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    assert await connection.fetchval("SHOW fsync") == "on"
    await connection.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('开业')")
    if how == "stopped":
        await connection.close()
    _end(postgres_server, how)
    connection.terminate()

    assert postgres_server.start() == first
    connection = await asyncpg.connect(first)
    assert await connection.fetchval("SELECT word FROM kept") == "开业"
    await connection.close()


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_nats_keeps_what_was_acknowledged(nats_server: EmbeddedNats, how: str) -> None:
    first = nats_server.address
    connection = await nats.connect(first)
    await connection.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await connection.jetstream().publish("kept", b"1")
    await connection.close()
    _end(nats_server, how)

    assert nats_server.start() == first
    connection = await nats.connect(first)
    assert (await connection.jetstream().stream_info("KEPT")).state.messages == 1
    await connection.close()


async def test_postgres_asks_for_the_password(postgres_server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.address, password="guessed")


def test_nats_asks_for_the_password(nats_server: EmbeddedNats) -> None:
    with socket.create_connection(("127.0.0.1", nats_server.port), timeout=5) as connection:
        connection.sendall(b'CONNECT {"user":"kaiye","pass":"guessed"}\r\nPING\r\n')
        said = b""
        while chunk := connection.recv(4096):
            said += chunk
    assert b"-ERR 'Authorization Violation'" in said
    assert b"PONG" not in said


@pytest.mark.parametrize("kind", [EmbeddedNats, EmbeddedPostgres])
def test_a_taken_port_is_named(kind: type[EmbeddedServer], nats_server: EmbeddedNats, tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match=rf"端口 {nats_server.port} 已被占用 / port {nats_server.port} is already taken"):
        kind(tmp_path / "second", nats_server.port).start()


def test_a_server_that_cannot_start_says_why_with_the_end_of_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "nats"
    folder.mkdir()
    (folder / "jetstream").write_text("a file where the folder should be")
    with pytest.raises(PartFailed, match=r"启动后退出[\s\S]*JetStream: storage directory is not a directory"):
        EmbeddedNats(folder).start()


def test_a_cluster_half_made_is_made_anew(tmp_path: Path) -> None:
    left_over = tmp_path / "postgres" / "data.new"
    left_over.mkdir(parents=True)
    (left_over / "half").touch()
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    server.stop()
    assert not left_over.exists()


@pytest.mark.parametrize("kind", ["EmbeddedNats", "EmbeddedPostgres"])
def test_servers_die_with_what_started_them(kind: str, tmp_path: Path) -> None:
    script = (
        f"import time; from pathlib import Path; from deploy.embedded import {kind} as Server\n"
        f"server = Server(Path({str(tmp_path)!r})); server.start(); print(server.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _runs(pid)
        parent.kill()
    deadline = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
