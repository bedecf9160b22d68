"""`kaiye up` on a new folder, `kaiye report`, `kaiye roster import` and the README's program, on one running system."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from deploy.data_folder import DataFolder, Running
from deploy.examples import report as example
from deploy.report_file import BadReportFile, check, outgoing_report
from shared.client import Outbox
from shared.contracts.envelope import Source, report_bytes
from tests.deploy.test_cli import KAIYE, SECONDS_MAX, county_runs, run_kaiye

COUNTY = "330127000000"
VILLAGE = "330127100201"
ROOT = Path(__file__).parents[2]
EXAMPLE_COUNTY = ROOT / "deploy" / "counties" / "example"
OFFICE = Source(COUNTY, "gsj", "dengji")
TRAINING_DESK = Source(COUNTY, "rensheju", "peixun")
UNITS = 566


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder on which `kaiye up` runs."""
    data = tmp_path_factory.mktemp("up") / "data"
    with county_runs(data):
        yield data


def _registration(id: str, *, unit: str = VILLAGE, entity: str = "91330127MA2KX0001H", occurred: date = date(2025, 3, 3)) -> bytes:
    data = {
        "unit": unit, "entity": entity, "name": "甲厂", "entity_kind": "enterprise", "founders": [], "industry": "C2041",
    }  # fmt: skip
    return report_bytes(source=OFFICE, id=id, type="registry.entity_registered", occurred=occurred, data=data)


def _positions(folder: Path) -> dict[str, int]:
    done = run_kaiye("board", "--json", "--data", folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)["positions"]
    return found


def _units(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run_kaiye("units", "--json", "--data", folder).stdout)["units"]
    return found


def test_a_new_folder_has_the_units_of_the_countys_roster(folder: Path) -> None:
    units = _units(folder)
    assert len(units) == UNITS
    assert {unit["listed"] for unit in units} == {"2000-01-01"}


def test_importing_what_is_listed_changes_nothing(folder: Path) -> None:
    before = _positions(folder)
    done = run_kaiye("roster", "import", EXAMPLE_COUNTY / "roster.csv", "--data", folder)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"记录 {UNITS}、等待 0、退回 0 / {UNITS} recorded, 0 waiting, 0 refused" in done.stderr
    assert _positions(folder) == before


def test_a_roster_from_excel_lists_what_can_be_read_and_names_the_rest(folder: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("代码", "名称"), (330127100390, "新设村"), ("33012710039", "缺位村"), (VILLAGE, "改了名的村")):
        sheet.append(row)
    book.save(tmp_path / "新增.xlsx")
    words = ("roster", "import", tmp_path / "新增.xlsx", "--since", "2024-01-01", "--data", folder)
    done = run_kaiye(*words)
    assert done.returncode == 1, done.stderr
    unreadable, renamed = done.stdout.splitlines()
    assert unreadable.startswith("第 3 行 A3：不能确定代码 '33012710039' 原来的 12 位数字。 / row 3, A3: ")
    assert renamed.startswith(f"第 4 行 row 4  /{COUNTY}/chuangjianban/roster unit-{VILLAGE}  退回 refused ")
    assert {unit["code"]: unit["listed"] for unit in _units(folder)}["330127100390"] == "2024-01-01"
    before = _positions(folder)
    again = run_kaiye(*words, "--json")
    assert again.returncode == 1
    assert [(line["row"], line["outcome"]) for line in map(json.loads, again.stdout.splitlines())] == [
        (3, "refused"), (2, "recorded"), (4, "refused"),
    ]  # fmt: skip
    assert _positions(folder) == before


def test_a_file_of_reports_is_sent_and_only_what_is_not_recorded_is_listed(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "reports.ndjson"
    closed = report_bytes(
        source=OFFICE, id="r-2", type="registry.entity_deregistered", occurred=date(2025, 5, 1), data={"entity": "91330127MA2KX0002L"}
    )  # fmt: skip
    file.write_bytes(b"\n".join([_registration("r-1"), b"", closed, _registration("r-3", unit="330127199201"), b""]))
    done = run_kaiye("report", file, "--data", folder)
    assert done.returncode == 0, done.stdout
    assert [line.split("  ")[:3] for line in done.stdout.splitlines()] == [
        ["第 3 行 line 3", f"{OFFICE} r-2", done.stdout.splitlines()[0].split("  ")[2]],
        ["第 4 行 line 4", f"{OFFICE} r-3", done.stdout.splitlines()[1].split("  ")[2]],
    ]
    assert done.stdout.count("等待 waiting") == 2
    assert "3 条：记录 1、等待 2、退回 0" in done.stderr
    before = _positions(folder)
    file.write_bytes(_registration("r-4", occurred=date(2999, 1, 1)) + b"\n" + _registration("r-1"))
    refused = run_kaiye("report", file, "--data", folder, "--json")
    assert refused.returncode == 1
    assert [(line["line"], line["id"], line["outcome"]) for line in map(json.loads, refused.stdout.splitlines())] == [
        (1, "r-4", "refused"), (2, "r-1", "recorded"),
    ]  # fmt: skip
    assert _positions(folder) == before


def test_a_department_sends_its_own_reports_with_its_own_key_and_an_empty_file_is_named(folder: Path, tmp_path: Path) -> None:
    words = ("department", "add", "gsj", "--system", "own", "--units", "330127102000", "--out", tmp_path / "own.seed")
    added = run_kaiye(*words, "--data", folder)
    assert added.returncode == 0, added.stderr
    command = ("--seed", tmp_path / "own.seed", "--data", folder)
    done = run_kaiye("report", "-", *command, stdin=_registration("s-1").decode())
    assert (done.returncode, "种子属于" in done.stderr) == (2, True), done.stderr
    own = _registration("s-2").replace(str(OFFICE).encode(), f"/{COUNTY}/gsj/own".encode())
    done = run_kaiye("report", "-", *command, stdin=own.decode())
    assert (done.returncode, "outside_units" in done.stdout) == (1, True), done.stdout + done.stderr
    done = run_kaiye("report", "-", "--data", folder, stdin="\n \n")
    assert (done.returncode, "没有报告 / it holds no report" in done.stderr) == (2, True), done.stderr


def test_from_another_machine_it_takes_the_address_the_county_and_a_seed_and_a_better_seed_sends_what_another_might_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, nats = Source(COUNTY, "zhen08", "taizhang"), DataFolder(folder).running().nats_url
    file, seed = tmp_path / "reports.jsonl", tmp_path / "own.seed"
    course = _course(9001).replace(str(TRAINING_DESK).encode(), str(source).encode())
    file.write_bytes(b"\n".join([_plan(source, "p-1"), course]))
    outboxes = tmp_path / "kaiye-data" / "outboxes"
    _key(folder, source, seed, "--may-report", "registry.unit_plan_submitted")
    done = run_kaiye("report", file, "--nats", nats, "--county", COUNTY, "--seed", seed, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "消息总线不允许本密钥报送：training.course_opened 1 条" in done.stderr
    assert "1 条：记录 1、等待 0、退回 0" in done.stderr
    assert len(list(outboxes.glob("*.sqlite"))) == 1
    _key(folder, source, seed)
    monkeypatch.setenv("KAIYE_NATS_NKEY_SEED", seed.read_text())
    monkeypatch.setenv("KAIYE_COUNTY", COUNTY)
    done = run_kaiye("report", file, "--nats", nats.replace("//", "//own:secret@"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"报送至消息总线 {nats.removeprefix('nats://')} / reports go to the bus at" in done.stderr
    assert "secret" not in done.stderr
    assert "2 条：记录 2、等待 0、退回 0" in done.stderr
    assert list(outboxes.iterdir()) == []


def test_the_environment_alone_leads_nowhere_but_to_the_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    for name, value in (("NATS_URL", "nats://127.0.0.1:1"), ("COUNTY", "990101000000"), ("NATS_NKEY_SEED", "none")):
        monkeypatch.setenv(f"KAIYE_{name}", value)
    done = run_kaiye("report", "-", "--data", folder, stdin=_registration("r-1").decode())
    assert (done.returncode, "报送至" in done.stderr) == (0, False), done.stderr
    done = run_kaiye("report", "-", cwd=tmp_path, stdin=_registration("r-1").decode())
    assert (done.returncode, "没有运行中的 kaiye" in done.stderr) == (3, True), done.stderr


def _key(folder: Path, source: Source, seed: Path, *more: str) -> None:
    """The one key of a system from now on."""
    run_kaiye("department", "revoke", source.department, "--data", folder)
    added = run_kaiye("department", "add", source.department, "--system", source.system, *more, "--data", folder)
    assert added.returncode == 0, added.stderr
    seed.write_text(added.stdout.split()[0])


def test_a_sheet_from_another_machine_comes_back_with_what_the_key_may_not_report(folder: Path, tmp_path: Path) -> None:
    _key(folder, Source(COUNTY, "zhen09", "biao"), tmp_path / "own.seed", "--may-report", "registry.unit_plan_submitted")
    there = ("--nats", DataFolder(folder).running().nats_url, "--county", COUNTY, "--seed", tmp_path / "own.seed")
    (tmp_path / "plans.csv").write_text("单位代码,日期\n330127101000,2025-03-10\n", "utf-8")
    (tmp_path / "meetings.csv").write_text(
        "会议编号,标题,会议类型,日期,所在单位代码\nH-1,创建工作例会,办公室会议,2025-03-10,330127101000\n", "utf-8"
    )
    for file, type_, code in (("plans.csv", "registry.unit_plan_submitted", 0), ("meetings.csv", "registry.meeting_held", 1)):
        done = run_kaiye(
            "import", file, "--type", type_, "--department", "zhen09", "--system", "biao", *there, "--ignore-columns", cwd=tmp_path
        )
        assert done.returncode == code, done.stdout + done.stderr
    assert "does not let this key report: 1 of registry.meeting_held" in done.stdout
    assert (tmp_path / "meetings-退回.xlsx").exists()


NOBODY_THERE = "nats://127.0.0.1:1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--nats", NOBODY_THERE), "有 --nats 时须用 --county"),
        (("--nats", NOBODY_THERE, "--county", COUNTY), "有 --nats 时须用 --seed"),
        (("--nats", NOBODY_THERE, "--county", "33"), "--county 应为 12 位县代码，如 330127000000：33 / --county (KAIYE_COUNTY) is"),
        (("--nats", NOBODY_THERE, "--county", VILLAGE), f"of a county's code, such as 330127000000, not {VILLAGE}"),
        (("--nats", NOBODY_THERE, "--county", COUNTY, "--seed", "none.seed"), "none.seed is no readable file"),
        (("--nats", "nats://h:abc", "--county", COUNTY), "--nats：消息总线地址应写作 nats://主机:端口"),
        (("--nats", "", "--county", COUNTY), "tls://HOST:PORT, not left empty"),
    ],
)  # fmt: skip
def test_what_it_takes_from_another_machine_is_asked_for(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run_kaiye("report", "-", *words, cwd=tmp_path, stdin=_registration("r-1").decode())
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_county_without_an_address_is_the_one_that_runs_here(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, report = "331003000000", _registration("r-here").decode()
    done = run_kaiye("report", "-", "--county", there, "--data", folder, stdin=report)
    said = f"the county that runs here is {COUNTY}, not {there} of --county; --nats reports to another machine"
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    monkeypatch.setenv("KAIYE_COUNTY", there)
    for words in (("--county", COUNTY), ()):
        done = run_kaiye("report", "-", *words, "--data", folder, stdin=report)
        assert done.returncode == 0, done.stderr
    monkeypatch.setenv("KAIYE_NATS_CERTIFICATES", str(tmp_path / "none.pem"))
    assert run_kaiye("report", "-", "--data", folder, stdin=report).returncode == 0
    done = run_kaiye("report", "-", "--nats", "tls://127.0.0.1:1", "--seed", "x", "--data", folder, stdin=report)
    named = f"KAIYE_NATS_CERTIFICATES（{tmp_path / 'none.pem'} 无法读取） / these settings of the environment cannot be used: "
    assert (done.returncode, named in done.stderr) == (2, True), done.stderr
    done = run_kaiye("report", "-", "--data", tmp_path / "empty", stdin=report)
    assert (done.returncode, "; --nats reports to another machine" in done.stderr) == (3, True), done.stderr


def test_whose_sheet_it_is_has_to_be_said_where_no_list_tells_whose_the_seed_is(tmp_path: Path) -> None:
    done = run_kaiye("import", "plans.csv", "--nats", NOBODY_THERE, "--county", COUNTY, "--seed", "own.seed", cwd=tmp_path)
    assert (done.returncode, "有 --nats 时须用 --department" in done.stderr, "or give its --seed" in done.stderr) == (2, True, False)


def test_a_seed_is_of_one_system(tmp_path: Path) -> None:
    lines = _registration("r-1").decode() + "\n" + _course(1).decode()
    done = run_kaiye("report", "-", "--nats", "nats://127.0.0.1:1", "--county", COUNTY, "--seed", "x", cwd=tmp_path, stdin=lines)
    assert (done.returncode, f"- holds reports of {OFFICE}, {TRAINING_DESK} and so on" in done.stderr) == (2, True), done.stderr


def _plan(source: Source, id: str) -> bytes:
    data = {"code": "330127100000"}
    return report_bytes(source=source, id=id, type="registry.unit_plan_submitted", occurred=date(2025, 3, 10), data=data)


def test_a_killed_report_goes_on_with_what_is_left_and_tells_of_every_line(folder: Path, tmp_path: Path) -> None:
    file, count = tmp_path / "many.ndjson", 5000
    lines = [_course(number) for number in range(count)]
    lines[10] = _registration("k-10", occurred=date(2999, 1, 1))
    lines[20] = _registration("k-20", unit="330127199201", entity="91330127MA2KX0002L")
    file.write_bytes(b"\n".join(lines))
    before = _followed(folder)
    for share in (5, 2):
        with subprocess.Popen((*KAIYE, "report", file, "--data", folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sending:
            while _followed(folder) - before < count // share:
                assert sending.poll() is None, sending.communicate()
            sending.kill()
        assert _followed(folder) - before < count - 2, "it was not killed in the midst"
    outbox = DataFolder(folder).outbox(sha256(file.read_bytes()).hexdigest())
    with asyncio.Runner() as runner:
        other = runner.run(Outbox.open(outbox))
        second = run_kaiye("report", file, "--data", folder)
        runner.run(other.close())
    assert (second.returncode, second.stdout) == (2, "")
    assert "正被另一程序使用" in second.stderr
    done = run_kaiye("report", file, "--data", folder)
    assert done.returncode == 1, done.stderr
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == ["第 11 行 line 11", "第 21 行 line 21"]
    assert f"{count} 条：记录 {count - 2}、等待 1、退回 1" in done.stderr
    assert _followed(folder) - before == count - 2
    assert not outbox.exists()


def _followed(folder: Path) -> int:
    """Up to which record of training the figures follow."""
    time.sleep(0.02)
    health = httpx.get(f"{DataFolder(folder).running().http_url}/health", trust_env=False, timeout=SECONDS_MAX)
    return int(health.json()["positions"].get("training", 0))


def _course(number: int) -> bytes:
    data = {"course": f"K{number}", "name": "创业培训班", "course_kind": "start_up", "institution": "县就业训练中心"}
    return report_bytes(source=TRAINING_DESK, id=f"k-{number}", type="training.course_opened", occurred=date(2025, 3, 3), data=data)


def test_records_are_not_sent_as_reports(folder: Path, tmp_path: Path) -> None:
    assert run_kaiye("facts", "--export", tmp_path / "facts.jsonl", "--data", folder).returncode == 0
    before = _positions(folder)
    done = run_kaiye("report", tmp_path / "facts.jsonl", "--data", folder)
    assert (done.returncode, done.stdout, _positions(folder)) == (2, "", before)
    assert "第 1 行是已记录的事实，不是上报的报告；第 2 行" in done.stderr
    assert "line 1 is a record, not a report; line 2 is" in done.stderr
    assert done.stderr.endswith(": nothing was sent\n")


def test_what_kaiye_simulate_writes_can_be_reported_from_stdin(folder: Path, tmp_path: Path) -> None:
    assert run_kaiye("simulate", "--facts", "200", "--seed", "3", "--out", tmp_path / "simulated").returncode == 0
    done = run_kaiye("report", "-", "--json", "--data", folder, stdin=(tmp_path / "simulated").read_text())
    assert done.returncode in (0, 1), done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["line"] for answer in answers] == list(range(1, 201))
    assert [answer["outcome"] for answer in answers].count("recorded") > 150


def test_the_readmes_program_reports_a_fact(folder: Path) -> None:
    for _ in range(2):
        done = subprocess.run(
            (sys.executable, "-m", "deploy.examples.report", folder), capture_output=True, text=True, timeout=SECONDS_MAX, check=False,
            cwd=ROOT,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("recorded ")


def test_the_readme_shows_that_program_word_for_word() -> None:
    program = Path(example.__file__).read_text("utf-8")
    body = program[program.index("import asyncio") :].rstrip()
    assert f"```python\n{body}\n```" in (ROOT / "README.md").read_text("utf-8")


RUNNING = Running(
    pid=1, county=COUNTY, county_folder=EXAMPLE_COUNTY, simulated_clock=True, nats_url="nats://none", databases={}, http_url="http://none"
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2 is not JSON"), (b"[]", "line 2 is no JSON object"), (b'{"id":"a"}', "line 2 has no usable source"),
        (b'{"source":"gsj","type":"registry.entity_registered.v1"}', "line 2 has no usable source"),
        (b'{"source":"/330127000000/gsj/dengji","type":"registration"}', "line 2 has no usable source"),
        (b'{"source":"/990101000000/gsj/dengji","type":"registry.entity_registered.v1"}', "line 2 is of county 990101000000"),
        (b" " * 3_000_000, "line 2 is longer than 2048 KiB"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_sent_is_named_before_anything_is_sent(line: bytes, said: str) -> None:
    with pytest.raises(BadReportFile, match=said):
        check(BytesIO(_registration("r-1") + b"\n" + line), RUNNING)


def test_all_lines_that_cannot_be_sent_are_named_and_of_very_many_the_first() -> None:
    good, long = _registration("r-1"), b" " * 5_000_000
    with pytest.raises(BadReportFile) as told:
        check(BytesIO(b"\n".join([b"{", good, long, good, b"[]"])), RUNNING)
    assert str(told.value) == (
        "第 1 行不是 JSON；第 3 行超过 2048 KiB；第 5 行不是 JSON 对象，未发送任何报告 / "
        "line 1 is not JSON; line 3 is longer than 2048 KiB; line 5 is no JSON object: nothing was sent"
    )
    with pytest.raises(
        BadReportFile, match=r"第 20 行不是 JSON；另有 80 行，未发送.* / .*line 20 is not JSON; 80 more lines: nothing was sent"
    ):
        check(BytesIO(b"{\n" * 100), RUNNING)


def test_an_instant_is_for_a_simulated_clock_only() -> None:
    line = json.dumps({
        "county": COUNTY, "department": "gsj", "system": "dengji", "type": "registry.entity_registered",
        "instant": "2025-01-02T03:04:05.000000Z", "report": "not JSON",
    }).encode()  # fmt: skip
    simulated = outgoing_report(1, line, RUNNING)
    real = outgoing_report(1, line, RUNNING.model_copy(update={"simulated_clock": False}))
    assert simulated.instant is not None
    assert real.instant is None
    assert (real.number, real.raw, real.id, real.source) == (1, b"not JSON", "", OFFICE)


def test_nothing_running_is_unreachable_and_a_missing_file_is_bad_input(folder: Path, tmp_path: Path) -> None:
    for words in (("report", "none"), ("roster", "import", "none.csv")):
        assert run_kaiye(*words, "--data", tmp_path).returncode == 3
        assert run_kaiye(*words, "--data", folder, cwd=tmp_path).returncode == 2
    assert DataFolder(folder).running().county == COUNTY
