"""`kaiye reports …` on a running system: seen and dealt with by whom it concerns and nobody else, and done once whatever is killed."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from deploy.cli.repairs import _outcome
from deploy.data_folder import DataFolder, Running
from shared.contracts.envelope import Source, report_bytes
from shared.county_schema import county_schema
from shared.days import SHANGHAI
from shared.repair import Done
from tests.deploy.test_cli import KAIYE, SECONDS_MAX, county_runs, run_kaiye

COUNTY, VILLAGE, ELSEWHERE = "330127000000", "330127100201", "110101001001"
CODES = ("91330127MA2KX0001H", "91330127MA2KX0002L", "91330127MA2B1C0D18")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder on which `kaiye up` runs, with three users and what they have reported."""
    data = tmp_path_factory.mktemp("up") / "data"
    with county_runs(data):
        for department, role in (("gsj", "department"), ("jiuyeju", "department"), ("kaoping", "evaluator")):
            words = ("department", "add", department, "--system", "core", "--role", role, "--out", seed_of(data, department))
            added = run_kaiye(*words, "--data", data)
            assert added.returncode == 0, added.stderr
        sent = run_kaiye("report", "-", "--data", data, stdin="\n".join([
            *(registered(f"far-{number}", code, ELSEWHERE) for number, code in enumerate(CODES)),
            reported("gsj", "waits-1", "registry.entity_suspended", {"entity": CODES[0]}),
            reported("jiuyeju", "waits-1", "training.course_closed", {"course": "C1"}),
            registered("here-1", "92330127MA2KX0022K", VILLAGE),
        ]))  # fmt: skip
        assert sent.returncode == 1, sent.stderr
        yield data


def reported(department: str, id: str, type: str, data: dict[str, Any]) -> str:
    return report_bytes(source=Source(COUNTY, department, "core"), id=id, type=type, occurred=date(2025, 3, 3), data=data).decode()


def registered(id: str, entity: str, unit: str) -> str:
    data = {
        "unit": unit,
        "entity": entity,
        "name": "甲厂",
        "entity_kind": "enterprise",
        "founders": [{"person": "P0123456789ABCDEF"}],
        "industry": "C2041",
    }
    return reported("gsj", id, "registry.entity_registered", data)


def seed_of(data: Path, department: str) -> Path:
    return data.parent / f"{department}.seed"


def reports(data: Path, *words: str | Path, by: str | None = None) -> subprocess.CompletedProcess[str]:
    seed = () if by is None else ("--seed", seed_of(data, by))
    return run_kaiye("reports", *words, *seed, "--data", data)


def listed(data: Path, *words: str | Path, by: str | None = None) -> list[str]:
    done = reports(data, "list", "--json", *words, by=by)
    assert done.returncode == 0, done.stderr
    return [f"{each['source'].split('/')[2]}/{each['id']}" for each in json.loads(done.stdout)["reports"]]


def shown(data: Path, *words: str) -> dict[str, Any]:
    done = reports(data, "show", *words, "--json")
    assert done.returncode == 0, done.stderr
    whole: dict[str, Any] = json.loads(done.stdout)
    return whole


KEPT = ["gsj/far-0", "gsj/far-1", "gsj/far-2", "gsj/waits-1", "jiuyeju/waits-1"]


def test_what_waits_or_was_refused_is_listed_to_whom_it_concerns(folder: Path) -> None:
    assert [each for each in listed(folder) if "far" in each or "waits" in each] == KEPT
    assert listed(folder, by="gsj") == KEPT[:4]
    assert listed(folder, by="jiuyeju") == KEPT[4:]
    assert listed(folder, by="kaoping") == KEPT
    assert listed(folder, "--state", "waiting", "--by", "gsj/core") == ["gsj/waits-1"]
    assert listed(folder, "--service", "training") == ["jiuyeju/waits-1"]
    assert listed(folder, "--type", "registry.entity_registered", "--search", CODES[1]) == ["gsj/far-1"]
    assert listed(folder, "--older-than", "1") == []
    first = json.loads(reports(folder, "list", "--limit", "4", "--json").stdout)
    assert first["next"] == "training:0"
    assert listed(folder, "--limit", "4", "--after", first["next"]) == KEPT[4:]
    for_people = reports(folder, "list", "--limit", "1")
    (first, *_) = json.loads(reports(folder, "list", "--limit", "1", "--json").stdout)["reports"]
    arrived = datetime.fromisoformat(first["arrived"]).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    line = next(line for line in for_people.stdout.splitlines() if line.startswith(f"gsj/core/{first['id']} "))
    assert all(words in line for words in ("退回 refused", "registry.entity_registered", f" {arrived} ", "other_county 单位 110101001001"))
    assert "报到（北京时间）" in for_people.stdout
    assert re.fullmatch(r"1 条 / 1 reports\n下一页 / next page: --after registry:\d+\n", for_people.stderr)
    nothing = reports(folder, "list", "--older-than", "1")
    assert (nothing.stdout, nothing.stderr) == ("", "没有 / none\n")


def test_a_report_is_shown_whole(folder: Path) -> None:
    done = reports(folder, "show", "gsj/core/waits-1", by="gsj")
    assert done.returncode == 0, done.stderr
    for words in (f"等待 waits for：opening:entity:{CODES[0]}", f'"entity": "{CODES[0]}"', "not_opened：", "答复 answer 1"):
        assert words in done.stdout


def test_what_was_recorded_at_once_is_shown_by_its_whole_name(folder: Path) -> None:
    assert shown(folder, "gsj/core/here-1")["contents"][0]["state"] == "recorded"


def test_nobody_deals_with_what_is_not_theirs(folder: Path) -> None:
    for words, by, says in (
        (("show", "gsj/core/far-0"), "jiuyeju", "another department reported this"),
        (("dismiss", "gsj/core/far-0", "--why", "x"), "jiuyeju", "another department reported this"),
        (("resubmit", "far-0"), "jiuyeju", "no report far-0 is kept"),
        (("dismiss", "far-0", "--why", "x"), "kaoping", "an evaluator may look"),
        (("show", "waits-1"), None, "several are called so"),
        (("resubmit", "nobody-1"), None, "no report nobody-1 is kept"),
        (("show", "here-1"), None, "it is found by DEPARTMENT/SYSTEM/ID, and kaiye facts exports it"),
        (("resubmit", "gsj/core/here-1"), None, "it is recorded at position"),
        (("correct", "far-0", "--set", "data.unit", "--why", "x"), None, "PATH=VALUE"),
        (("correct", "far-0", "--set", "id=1", "--why", "x"), None, "id cannot be set"),
        (("dismiss", "far-0", "--why", " "), None, "why"),
        (("list", "--state", "lost"), None, "there is no state lost"),
        (("list", "--after", "x"), None, "what the page before said"),
    ):
        done = reports(folder, *words, by=by)
        assert (done.returncode, done.stdout) == (2, ""), (words, done.stderr)
        assert says in done.stderr
    assert listed(folder) == KEPT
    assert not shown(folder, "far-0")["acts"]


@pytest.mark.parametrize("again", [False, True])
def test_a_copy_that_is_refused_corrects_nothing_whether_or_not_the_first_reply_was_heard(*, again: bool) -> None:
    done = Done(
        act="a", kind="corrected", service="registry", at="2025-03-01T00:00:00Z", who="gsj/core", why="改", source=f"/{COUNTY}/gsj/core",
        id="far-1", changes=(), copy_id="far-1-c0ffee", outcome="refused", reason=None, position=None, again=again,
    )  # fmt: skip
    assert "未补正，原报送不变" in _outcome(done)
    assert "c0ffee" not in _outcome(done)


def test_a_correction_that_is_still_refused_and_one_that_is_recorded(folder: Path) -> None:
    still = reports(folder, "correct", "far-1", "--set", "data.entity_kind=factory", "--why", "试改", by="gsj")
    assert still.returncode == 1, still.stderr
    assert "far-1  未补正，原报送不变 not corrected, the original stays as it was → 退回 refused  invalid：" in still.stdout
    assert shown(folder, "far-1")["contents"][0]["state"] == "refused"
    words = ("correct", "far-1", "--set", f"data.unit={VILLAGE}", "--why", "单位代码录错", "--json")
    first, again = (json.loads(reports(folder, *words, by="gsj").stdout) for _ in range(2))
    assert (first["outcome"], first["again"], first["who"]) == ("recorded", False, "department gsj/core")
    assert (again["copy_id"], again["position"], again["again"]) == (first["copy_id"], first["position"], True)
    original = shown(folder, "far-1")
    assert original["contents"][0]["state"] == "corrected"
    assert [each["outcome"] for each in original["acts"]] == ["refused", "recorded"]
    acts = [line.split("  ")[2] for line in reports(folder, "show", "far-1").stdout.splitlines() if line.startswith("处理 act")]
    assert acts == ["未补正，原报送不变 not corrected, the original stays as it was", "补正 corrected"]
    assert shown(folder, f"gsj/core/{first['copy_id']}")["copy_of"] == "far-1"
    facts = run_kaiye("facts", "--export", folder.parent / "facts.jsonl", "--data", folder)
    assert facts.returncode == 0, facts.stderr
    lines = [line for line in (folder.parent / "facts.jsonl").read_text().splitlines() if CODES[1] in line]
    assert [json.loads(line)["id"] for line in lines] == [first["copy_id"]]


async def test_what_has_waited_for_long_is_found_and_the_doctor_says_so(folder: Path) -> None:
    running = DataFolder(folder).running()
    connection = await asyncpg.connect(running.databases["registry"], server_settings={"search_path": county_schema(COUNTY)})
    try:
        await connection.execute("UPDATE report SET arrived = arrived - interval '40 days' WHERE id = 'waits-1'")
    finally:
        await connection.close()
    assert listed(folder, "--older-than", "30") == ["gsj/waits-1"]
    done = await asyncio.to_thread(run_kaiye, "doctor", "--data", folder)
    assert (done.returncode, "registry：1 条报送在等待，最早的自" in done.stderr, "training" in done.stderr) == (0, True, False), (
        done.stderr
    )


def test_what_waits_resolves_by_itself_and_what_is_dismissed_does_not(folder: Path) -> None:
    gone = reports(folder, "dismiss", "jiuyeju/core/waits-1", "--why", "误报", by="jiuyeju")
    assert gone.returncode == 0, gone.stderr
    twice = reports(folder, "dismiss", "jiuyeju/core/waits-1", "--why", "误报", by="jiuyeju")
    assert (twice.returncode, "已退回不处理：误报" in twice.stderr) == (2, True)
    opened = reports(folder, "correct", "far-0", "--set", f"data.unit={VILLAGE}", "--why", "单位代码录错")
    assert opened.returncode == 0, opened.stderr
    assert shown(folder, "gsj/core/waits-1")["contents"][0]["state"] == "recorded"
    assert listed(folder, "--state", "dismissed") == ["jiuyeju/waits-1"]


async def test_killed_in_the_middle_of_a_resubmission_it_is_done_once(folder: Path) -> None:
    running = DataFolder(folder).running()
    before = shown(folder, "far-2")
    connection = await asyncpg.connect(running.databases["registry"], server_settings={"search_path": county_schema(COUNTY)})
    command = (*KAIYE, "reports", "resubmit", "far-2", "--json", "--data", folder)
    try:
        async with connection.transaction():
            await connection.execute("SELECT position FROM head FOR UPDATE")
            asking = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            async with asyncio.timeout(SECONDS_MAX):
                while not await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kaiye-registry' AND wait_event_type = 'Lock'"
                ):
                    await asyncio.sleep(0.02)
            os.kill(registry_pid(running), signal.SIGKILL)
    finally:
        await connection.close()
    async with asyncio.timeout(SECONDS_MAX):
        out, err = await asking.communicate()
    assert asking.returncode == 1, err
    assert json.loads(out)["reason"]["code"] == "other_county"
    after = shown(folder, "far-2")
    assert [each["revision"] for each in after["attempts"]] == [each["revision"] for each in before["attempts"]] + [2]
    assert len(after["acts"]) == 1
    audited = run_kaiye("audit", "--pairs", "1", "--units", "1", "--data", folder)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def registry_pid(running: Running) -> int:
    (pid,) = (child.pid for child in psutil.Process(running.pid).children() if "services.registry" in child.cmdline())
    return int(pid)
