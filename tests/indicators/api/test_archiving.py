"""The service keeps an archive behind its figures; trouble with the archive is told and stops nothing else."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from services.indicators import archiving
from services.indicators.audit.archive.reader import opened_archive
from tests.indicators.api.system import COUNTY, Recorded, System, a_year, serving, until
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
