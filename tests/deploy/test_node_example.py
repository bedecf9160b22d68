"""A system that is not written in Python reports, with nothing but the bus: `deploy/examples/node`, with the packages of its lock file."""

import asyncio
import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from services.training.rules import RULES
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker
from tests.write_app.system import COUNTY, course, recorded_ids, serving

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "node"
SECONDS_MAX = 120


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its packages installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("没有 Node，未运行 Node 示例 / no Node here: the Node example is NOT tested (apt-get install nodejs npm)")
    folder = tmp_path_factory.mktemp("node") / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
    if subprocess.run(("npm", "ping"), cwd=folder, capture_output=True, timeout=SECONDS_MAX, check=False).returncode != 0:
        pytest.skip("无法访问 npm 软件源，未运行 Node 示例 / npm's registry cannot be reached: the Node example is NOT tested")
    subprocess.run(("npm", "ci", "--no-audit", "--no-fund"), cwd=folder, check=True, timeout=SECONDS_MAX)
    return folder


async def test_it_reports_and_reads_its_answers_although_the_broker_is_killed(example: Path, tmp_path: Path) -> None:
    future = course(3, occurred=date(2999, 1, 1))
    file = tmp_path / "reports.jsonl"
    file.write_bytes(b"\n".join([course(1).raw, course(2).raw, future.raw, b""]))
    broker = Broker(tmp_path / "nats")
    broker.start()
    store = MemoryStore("training", COUNTY)
    try:
        async with serving(broker, RULES, store):
            code, first = await _run(example, broker, file)
            assert (code, sorted(first)) == (1, ["c-1 recorded", "c-2 recorded", "c-3 refused"])
            file.write_bytes(b"\n".join(course(number).raw for number in range(1, 2000)))
            running = asyncio.create_task(_run(example, broker, file))
            async with asyncio.timeout(SECONDS_MAX):
                while len(store.record_rows) < 200:
                    await asyncio.sleep(0.02)
            broker.kill()
            broker.start()
            code, lines = await running
    finally:
        broker.stop()
    assert (code, len(lines)) == (0, 1999)
    assert sorted(recorded_ids(store)) == sorted(f"c-{number}" for number in range(1, 2000))


async def _run(example: Path, broker: Broker, file: Path) -> tuple[int, list[str]]:
    """How it ended, and the id and outcome of every line it printed."""
    process = await asyncio.create_subprocess_exec(
        "node", "report.mjs", file, cwd=example, env={**os.environ, "KAIYE_NATS_URL": broker.address}, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS_MAX):
        shown, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [" ".join(line.split(" ")[:2]).rstrip(":") for line in shown.decode().splitlines()]
