"""The service keeps an archive behind its figures; trouble with the archive is told and stops nothing else."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.embedded import free_port
from services.indicators import archiving
from services.indicators.audit.archive.index import INDEX, read_index
from services.indicators.audit.archive.reader import opened_archive
from tests.indicators.api.system import COUNTY, Recorded, System, a_year, connected, serving, until
from tests.indicators.api.test_process import ended, given, indicators
from tests.indicators.audit.archives import write


async def archived(system: System, recorded: Recorded) -> None:
    """Wait until the archive goes as far as what is recorded."""
    await recorded.publish(system.nc)
    await system.followed(recorded)
    await until(lambda: system.archiving.positions == recorded.positions)


async def findings(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await system.get("/health"))["findings"]
    return found


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(archiving, name, 0.05)


async def test_what_is_recorded_is_archived_and_a_restart_goes_on(clean_nats_url: str, dsn: str, tmp_path: Path) -> None:
    folder, recorded = tmp_path / "archive", a_year()
    async with serving(clean_nats_url, dsn, archive=folder, archive_seconds=0.1) as system:
        await archived(system, recorded)
        assert (await system.get("/health"))["archived"] == recorded.positions
    recorded.founds("2025-07-01", 4)
    recorded.raw("registry", "registry.meeting_streamed", {"seen": "nothing"}, on="2025-07-02")
    async with serving(clean_nats_url, dsn, archive=folder, archive_seconds=0.1) as system:
        await archived(system, recorded)
    with opened_archive(folder, COUNTY) as archive:
        assert list(archive.raws()) == [record.raw for record in recorded.all]
        assert [service for service, _ in archive.unreadable] == ["registry"]
        assert len(archive.closed) == 3
        archive.database()


async def test_an_archive_of_another_history_is_told_and_mended_by_its_removal(clean_nats_url: str, dsn: str, tmp_path: Path) -> None:
    folder, other = tmp_path / "archive", Recorded()
    other.founds("2025-01-01", 9)
    write(folder, COUNTY, other.all)
    recorded = a_year()
    async with serving(clean_nats_url, dsn, archive=folder, archive_seconds=0.1) as system:
        await recorded.publish(system.nc)
        await system.followed(recorded)
        await until(lambda: system.archiving.trouble)
        (finding,) = await findings(system)
        assert finding["code"] == "archive_stopped"
        assert "registry's position 2: does not follow the one before it" in finding["en"]
        shutil.rmtree(folder)
        await archived(system, recorded)
        assert await findings(system) == []
    with opened_archive(folder, COUNTY) as archive:
        assert list(archive.raws()) == [record.raw for record in recorded.all]


async def test_another_process_goes_on_where_one_that_wrote_was_killed(clean_nats_url: str, dsn: str, tmp_path: Path) -> None:
    folder, recorded = tmp_path / "archive", a_year()
    async with serving(clean_nats_url, dsn, archive=folder, archive_seconds=0.1) as system:
        await archived(system, recorded)
        assert system.archiving.process is not None
        os.kill(system.archiving.process, signal.SIGKILL)
        await until(lambda: system.archiving.trouble)
        (finding,) = await findings(system)
        assert "ended unexpectedly (-9)" in finding["en"]
        recorded.founds("2025-07-01", 4)
        await archived(system, recorded)
        await until(lambda: system.archiving.trouble is None)
    with opened_archive(folder, COUNTY) as archive:
        assert list(archive.raws()) == [record.raw for record in recorded.all]


async def test_a_service_that_is_killed_takes_the_process_that_writes_with_it(clean_nats_url: str, dsn: str, tmp_path: Path) -> None:
    folder, recorded, port = tmp_path / "archive", a_year(), free_port()
    async with connected(clean_nats_url) as nc:
        await recorded.publish(nc)
    given_here = given(
        clean_nats_url, dsn, KAIYE_HTTP_PORT=str(port), KAIYE_ARCHIVE=str(folder), KAIYE_ARCHIVE_SECONDS="0.1", KAIYE_LOG_LEVEL="WARNING"
    )
    with indicators(**given_here) as process:
        await until((folder / INDEX).exists)
        (writing,) = psutil.Process(process.pid).children()
        mapped = {Path(mapped.path).name.partition(".")[0] for mapped in psutil.Process(process.pid).memory_maps()}
        assert mapped.isdisjoint({"_duckdb", "libarrow"}), "the service itself needs neither"
        process.kill()
        await until(lambda: not writing.is_running() or writing.status() == psutil.STATUS_ZOMBIE)
    with indicators(**given_here) as process:
        async with connected(clean_nats_url) as nc:
            recorded.founds("2025-07-01", 4)
            await recorded.publish(nc)
        await until(lambda: sum(head.position for head in read_index((folder / INDEX).read_bytes()).heads.values()) == len(recorded.all))
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == (0, "")
