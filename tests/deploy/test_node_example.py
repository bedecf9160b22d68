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
SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", ADMINISTRATOR, "department", "narrow")}
SECONDS_MAX = 120
NAME = "创业培训班".encode()


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
    """A bus that knows the training service and the department's system by their keys, of which one may report but one type."""
    department = DepartmentUser(department=SOURCE.department, system=SOURCE.system, nkey=public_key(SEEDS["department"]))
    narrow = department.model_copy(update={"nkey": public_key(SEEDS["narrow"]), "may_report": ("training.course_closed",)})
    broker = KeyedBroker(tmp_path / "nats", accounts_conf({COUNTY: county_users(SEEDS, department, narrow)}, today()))
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


async def test_a_line_that_stands_there_twice_is_answered_twice(example: Path, broker: KeyedBroker, tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(b"\n".join([course(1).raw, course(1).raw, course(2).raw]))
    store = MemoryStore("training", COUNTY)
    async with serving(broker, RULES, store, nats_nkey_seed=SEEDS["training"], nats_inbox=inbox_of("training")):
        assert await _run(example, broker, file) == (0, ["c-1 recorded", "c-2 recorded", "c-1 recorded"])
    assert recorded_ids(store) == ["c-1", "c-2"]


@pytest.mark.parametrize(
    ("key", "inbox", "named"),
    [
        ("indicators", "_INBOX_x", f"hear answered.{COUNTY}.{SOURCE.department}.{SOURCE.system}."),
        ("narrow", inbox_of(SOURCE.department, SOURCE.system), f"publish to reported.{COUNTY}."),
    ],
)
async def test_with_a_key_that_may_not_it_ends_and_says_what_it_lacks(
    example: Path, broker: KeyedBroker, tmp_path: Path, key: str, inbox: str, named: str
) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(course(1).raw)
    code, said = await _refused(example, broker, file, KAIYE_NATS_NKEY_SEED=SEEDS[key], KAIYE_NATS_INBOX=inbox)
    assert code == 2, said
    assert f"permissions violation: the bus does not let this key {named}".lower() in said.lower()
    assert len(said.splitlines()) == 1, "and not how the program came there"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", ["holds no report"]),
        (course(1).raw + b"\n{", ["line 2 is not JSON"]),
        (b"3\n" + course(1).raw.replace(b'"c-1"', b"7"), ["line 1 has no usable source and type", "line 2 has no usable id"]),
        (course(1).raw.replace(NAME, NAME * 20_000), ["line 1 is larger than 256 KiB"]),
        (b"\n".join([course(1).raw, b"", course(1).raw, course(1).raw.replace(NAME, NAME * 2)]), ["lines 1 and 4 report different"]),
        (b"{\n" * 30, [f"line {number} is not JSON" for number in range(1, 21)] + ["10 more lines cannot be sent"]),
    ],
)  # fmt: skip
async def test_what_cannot_be_sent_is_named_and_nothing_is_sent(
    example: Path, broker: KeyedBroker, tmp_path: Path, content: bytes, named: list[str]
) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(content)
    code, said = await _refused(example, broker, file, KAIYE_NATS_URL="nats://127.0.0.1:1")  # where nobody is
    assert code == 2, said
    assert [part in line for part, line in zip(named, said.splitlines(), strict=True)] == [True] * len(named), said


async def _refused(example: Path, broker: KeyedBroker, file: Path, **settings: str) -> tuple[int | None, str]:
    """How it ended before any answer, and what it said of it."""
    process = await asyncio.create_subprocess_exec(
        "node", "report.mjs", file, cwd=example, stderr=subprocess.PIPE,
        env={**os.environ, "KAIYE_NATS_URL": broker.address, **settings},
    )  # fmt: skip
    async with asyncio.timeout(SECONDS_MAX):
        _, said = await process.communicate()
    return process.returncode, said.decode()


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
