"""The service as a process of its own: what it needs to start, and how it ends."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import orjson

from deploy.embedded import free_port
from shared.migrate import migrate
from tests.indicators.api.system import COUNTY, COUNTY_FOLDER, Recorded, connected

ROOT = Path(__file__).parents[3]
EXIT_SECONDS_MAX = 30


@contextmanager
def indicators(**settings: str) -> Iterator["subprocess.Popen[str]"]:
    """`python -m services.indicators` with these settings and no others."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("KAIYE_")}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "services.indicators"], cwd=ROOT, env={**inherited, **settings},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def given(nats_url: str, dsn: str, **more: str) -> dict[str, str]:
    return {
        "KAIYE_COUNTY": COUNTY, "KAIYE_COUNTY_FOLDER": str(COUNTY_FOLDER), "KAIYE_NATS_URL": nats_url, "KAIYE_DATABASE_URL": dsn,
        "KAIYE_SIMULATED_CLOCK": "true", "KAIYE_INSECURE": "true", **more,
    }  # fmt: skip


async def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """The exit code and what it wrote to stderr; nothing may have gone to stdout."""
    output, errors = await asyncio.to_thread(process.communicate, timeout=EXIT_SECONDS_MAX)
    assert output == ""
    return process.returncode, errors


async def board_at(port: int, positions: dict[str, int]) -> bytes:
    """The county's board once the figures follow up to these positions."""
    async with asyncio.timeout(EXIT_SECONDS_MAX), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        while True:
            try:
                answer = await http.get("/board")
                if answer.status_code == 200 and answer.json()["positions"] == positions:
                    return answer.content
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def test_killed_while_it_takes_records_in_it_changes_no_figure(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    for number in range(100, 700):
        recorded.founds("2025-06-30", number)
    async with connected(clean_nats_url) as nc:
        await recorded.publish(nc)
    port = free_port()
    settings = given(clean_nats_url, dsn, KAIYE_HTTP_PORT=str(port))
    async with asyncio.timeout(4 * EXIT_SECONDS_MAX):
        for taken in (1, 300):
            with indicators(**settings) as process:
                while await _taken(dsn) < taken:
                    await asyncio.sleep(0.02)
                process.kill()
    with indicators(**settings) as process:
        after_kills = await board_at(port, recorded.positions)
        process.send_signal(signal.SIGTERM)
        code, errors = await ended(process)
        assert code == 0, errors
        assert "Traceback" not in errors
    founded = [row["value"] for row in orjson.loads(after_kills)["indicators"] if row["id"] == "new_enterprises"]
    assert founded[0] == "603"


async def _taken(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval(f"SELECT count(*) FROM c{COUNTY}.fact")
    finally:
        await connection.close()
    return found


async def test_a_lost_database_ends_it_with_an_error(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    port = free_port()
    with indicators(**given(clean_nats_url, dsn, KAIYE_HTTP_PORT=str(port))) as process:
        await board_at(port, recorded.positions)
        async with connected(clean_nats_url) as nc:
            connection = await asyncpg.connect(dsn)
            try:
                await connection.execute(f"ALTER TABLE c{COUNTY}.fact RENAME TO elsewhere")
            finally:
                await connection.close()
            recorded.founds("2025-07-02", 9)
            await recorded.publish(nc)
            code, errors = await ended(process)
    assert code == 1
    assert "the service ends" in errors


async def test_settings_that_cannot_be_used_are_named_and_end_it_with_2() -> None:
    with indicators(KAIYE_COUNTY="990101001000") as process:
        code, errors = await ended(process)
    assert code == 2
    for name in ("KAIYE_COUNTY:", "KAIYE_COUNTY_FOLDER:", "KAIYE_DATABASE_URL:"):
        assert name in errors


async def test_a_database_that_is_not_migrated_is_refused_with_2(clean_nats_url: str, database: str) -> None:
    with indicators(**given(clean_nats_url, database)) as process:
        code, errors = await ended(process)
    assert code == 2
    assert "migrate the database first" in errors
    assert "Traceback" not in errors


async def test_a_database_of_a_later_release_is_refused_with_2(clean_nats_url: str, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"UPDATE c{COUNTY}.migration SET version_num = '9999'")
    finally:
        await connection.close()
    with indicators(**given(clean_nats_url, dsn)) as process:
        code, errors = await ended(process)
    assert code == 2
    assert "9999" in errors


async def test_a_database_of_another_service_is_refused_with_2(clean_nats_url: str, database: str) -> None:
    await migrate(database, COUNTY, "write")
    with indicators(**given(clean_nats_url, database)) as process:
        code, errors = await ended(process)
    assert code == 2, errors


async def test_a_folder_of_another_county_is_refused_with_2(clean_nats_url: str, dsn: str) -> None:
    with indicators(**given(clean_nats_url, dsn, KAIYE_COUNTY="990101000000")) as process:
        code, errors = await ended(process)
    assert code == 2
    assert "is the folder of 330127000000, not of 990101000000" in errors


async def test_a_plan_that_cannot_be_read_is_refused_with_2(clean_nats_url: str, dsn: str, tmp_path: Path) -> None:
    shutil.copytree(COUNTY_FOLDER, tmp_path / "county")
    plan = tmp_path / "county" / "plan.toml"
    plan.write_text(plan.read_text().replace("year = 2025", 'year = "twenty"'))
    with indicators(**given(clean_nats_url, dsn, KAIYE_COUNTY_FOLDER=str(tmp_path / "county"))) as process:
        code, errors = await ended(process)
    assert code == 2
    assert "plan.toml" in errors


async def test_a_folder_that_is_not_there_is_refused_with_2(clean_nats_url: str, dsn: str, tmp_path: Path) -> None:
    with indicators(**given(clean_nats_url, dsn, KAIYE_COUNTY_FOLDER=str(tmp_path / "nowhere"))) as process:
        code, errors = await ended(process)
    assert code == 2
    assert "nowhere" in errors


async def test_a_database_or_a_bus_out_of_reach_ends_it_with_3(clean_nats_url: str, dsn: str) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    for settings in (
        given(clean_nats_url, f"postgresql://kaiye:secret@{nowhere}/kaiye"),
        given(f"nats://kaiye:secret@{nowhere}", dsn, KAIYE_NATS_CONNECT_SECONDS_MAX="1"),
    ):
        with indicators(**settings) as process:
            code, errors = await ended(process)
        assert code == 3, errors
        assert "cannot be reached" in errors
        assert "secret" not in errors


async def test_a_taken_port_ends_it_with_3(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    port = free_port()
    settings = given(clean_nats_url, dsn, KAIYE_HTTP_PORT=str(port))
    with indicators(**settings) as first:
        await board_at(port, recorded.positions)
        with indicators(**settings) as second:
            code, errors = await ended(second)
        assert code == 3
        assert f"127.0.0.1:{port} cannot be used" in errors
        assert first.poll() is None
