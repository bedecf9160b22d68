"""What the services of one machine are told by their environment."""

from pathlib import Path

import pytest

from deploy.data_folder import DataFolder, Running
from deploy.local import ServiceProcess, service_settings


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
