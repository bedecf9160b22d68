"""A system that is not written in Python reports, with nothing but the bus and a key of its own: `deploy/examples/node`, with the packages
of its lock file. A machine with Python alone runs all other tests, and is told that this one was not run.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from deploy.nats.accounts import ADMINISTRATOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed, public_key
from services.training.rules import RULES
from shared.clock import today
from shared.contracts.base import SERVICES
from shared.users import DepartmentUser
from tests.support.memory_store import MemoryStore
from tests.support.nats import KeyedBroker, county_users
from tests.write_app.system import COUNTY, SOURCE, course, recorded_ids, serving

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "node"
SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", ADMINISTRATOR, "department")}
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
    made = subprocess.run(
        ("npm", "ci", "--no-audit", "--no-fund"), cwd=folder, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
    )
    assert made.returncode == 0, f"npm ci：{made.stdout}{made.stderr}"
    return folder


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[KeyedBroker]:
    """A bus that knows the training service and the department's system by their keys."""
    department = DepartmentUser(department=SOURCE.department, system=SOURCE.system, nkey=public_key(SEEDS["department"]))
    broker = KeyedBroker(tmp_path / "nats", accounts_conf({COUNTY: county_users(SEEDS, department)}, today()))
    broker.start()
    yield broker
    broker.stop()


async def test_it_reports_and_reads_its_answers_although_the_broker_is_killed(example: Path, broker: KeyedBroker, tmp_path: Path) -> None:
    future = course(3, occurred=date(2999, 1, 1))
    file = tmp_path / "reports.jsonl"
    file.write_bytes(b"\n".join([course(1).raw, course(2).raw, future.raw, b""]))
    store = MemoryStore("training", COUNTY)
    async with serving(broker, RULES, store, nats_nkey_seed=SEEDS["training"], nats_inbox=inbox_of("training")):
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
    assert (code, len(lines)) == (0, 1999)
    assert sorted(recorded_ids(store)) == sorted(f"c-{number}" for number in range(1, 2000))


async def test_with_anothers_key_it_ends_and_says_what_it_lacks(example: Path, broker: KeyedBroker, tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(course(1).raw)
    process = await asyncio.create_subprocess_exec(
        "node", "report.mjs", file, cwd=example, stderr=subprocess.PIPE,
        env={**os.environ, "KAIYE_NATS_URL": broker.address, "KAIYE_NATS_NKEY_SEED": SEEDS["indicators"], "KAIYE_NATS_INBOX": "_INBOX_x"},
    )  # fmt: skip
    async with asyncio.timeout(SECONDS_MAX):
        _, said = await process.communicate()
    assert process.returncode not in (0, None)
    assert "permissions violation" in said.decode().lower(), said.decode()


async def _run(example: Path, broker: KeyedBroker, file: Path) -> tuple[int, list[str]]:
    """How it ended, and the id and outcome of every line it printed."""
    own = {"KAIYE_NATS_NKEY_SEED": SEEDS["department"], "KAIYE_NATS_INBOX": inbox_of(SOURCE.department, SOURCE.system)}
    process = await asyncio.create_subprocess_exec(
        "node", "report.mjs", file, cwd=example, env={**os.environ, "KAIYE_NATS_URL": broker.address, **own}, stdout=subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS_MAX):
        shown, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, [" ".join(line.split(" ")[:2]).rstrip(":") for line in shown.decode().splitlines()]
