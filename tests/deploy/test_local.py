"""Where what runs on one machine is reached, and what its services are told by their environment."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy import local
from deploy.data_folder import BadFolder, DataFolder, Ports, Running
from deploy.embedded import HOST, LASTING, free_port
from deploy.local import ServiceProcess, ports_for, service_settings
from deploy.processes import PartFailed


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port somebody listens on."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        yield listening


async def test_the_ports_of_the_last_start_are_those_of_the_next_unless_others_are_asked_for() -> None:
    first = await ports_for(None, None, None)
    assert first.nats in LASTING
    assert first.http in LASTING
    assert await ports_for(first, None, None) == first
    own = free_port()
    assert await ports_for(first, own, None) == Ports(nats=own, http=first.http)
    assert (await ports_for(None, None, own)).http == own
    with pytest.raises(PartFailed, match=f"port {own}"):
        await ports_for(None, own, own)


async def test_a_port_that_is_chosen_is_not_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = free_port(), free_port()
    last = Ports(nats=first, http=second)
    for drawn, (kept, nats, http), found in (
        ([first, first, second], (None, None, None), Ports(nats=first, http=second)),
        ([second, first], (None, None, second), Ports(nats=first, http=second)),
        ([second, second], (None, first, None), Ports(nats=first, http=second)),
        ([second, first], (last, 0, None), Ports(nats=first, http=second)),
        ([first, second], (last, None, 0), Ports(nats=first, http=second)),
        ([second, second, first], (last, 0, 0), Ports(nats=second, http=first)),
    ):
        monkeypatch.setattr(local, "lasting_port", iter(drawn).__next__)
        assert await ports_for(kept, nats, http) == found


async def test_a_port_of_the_last_start_that_stays_taken_is_named_and_no_other_is_chosen(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "STOP_SECONDS_MAX", 0.3)
    port = taken.getsockname()[1]
    for last, option in ((Ports(nats=port, http=free_port()), "--nats-port"), (Ports(nats=free_port(), http=port), "--http-port")):
        with (
            capture_logs() as logged,
            pytest.raises(PartFailed, match=f"端口 {port} 已被占用.*{option}.* / port {port} of the last start is already taken.*{option}"),
        ):
            await ports_for(last, None, None)
        assert ["waiting until it is free" in each["event"] for each in logged] == [True]


async def test_what_was_killed_may_take_a_moment_to_let_go_of_its_port(taken: socket.socket) -> None:
    last = Ports(nats=taken.getsockname()[1], http=free_port())
    asyncio.get_running_loop().call_later(0.3, taken.close)
    assert await ports_for(last, None, None) == last


def test_ports_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{}")
    with pytest.raises(BadFolder, match=r"ports.json 无法读取.* / .*cannot be read"):
        DataFolder(tmp_path).ports()


def test_how_services_are_watched_is_handed_on_and_nothing_that_is_meant_for_another_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("KAIYE_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("KAIYE_LOG_FORMAT", "json")
    monkeypatch.setenv("KAIYE_DATABASE_URL", "postgresql://another/system")
    monkeypatch.setenv("KAIYE_NATS_REPLICAS", "3")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    running = Running(
        pid=1, county="330127000000", county_folder=tmp_path, simulated_clock=False, nats_url="nats://127.0.0.1:1",
        databases={"registry": "postgresql://ours"}, http_url="http://127.0.0.1:1",
    )  # fmt: skip
    told = ServiceProcess("registry", service_settings(DataFolder(tmp_path), running, "registry", 1), tmp_path / "log").environment()
    assert (told["KAIYE_OTLP_ENDPOINT"], told["KAIYE_LOG_FORMAT"], told["LANG"]) == ("http://127.0.0.1:4318", "json", "zh_CN.UTF-8")
    assert told["KAIYE_DATABASE_URL"] == "postgresql://ours"
    assert "KAIYE_NATS_REPLICAS" not in told
