"""The command line as a program: what it prints where, and how it exits."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from deploy import reports
from deploy.cli import run
from deploy.cli.common import EXAMPLE_COUNTY, EXIT_BAD_INPUT, EXIT_BUG
from deploy.data_folder import FORMAT, DataFolder, Purpose, Running
from deploy.embedded import free_port
from services.indicators.evaluation.county import County
from shared.answers import Answer
from shared.contracts.envelope import parse_record

KAIYE = (str(Path(sys.executable).with_name("kaiye")),)
SECONDS_MAX = 120.0
FACTS = ("--facts", "300", "--seed", "5")


def run_kaiye(
    *words: str | Path, cwd: Path | None = None, stdin: str | None = None, preexec_fn: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*KAIYE, *words), capture_output=True, text=True, timeout=SECONDS_MAX, check=False, cwd=cwd, input=stdin, preexec_fn=preexec_fn
    )


@contextmanager
def kaiye_runs(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A command under way, once it says that it runs, and where; it is ended by force if it has not ended by itself."""
    with subprocess.Popen((*KAIYE, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if "Ctrl-C 结束 / ends" in line:
                    break
            assert any("  总线 / bus       nats://127.0.0.1:" in line for line in said), said
            yield process
        finally:
            process.kill()


@contextmanager
def county_runs(data: Path) -> Iterator[Path]:
    """`kaiye up` on a folder, ended as Ctrl-C ends it."""
    with kaiye_runs("up", "--data", data) as up:
        yield data
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=SECONDS_MAX)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder on which a small demonstration was played, and the board it printed."""
    folder = tmp_path_factory.mktemp("played") / "data"
    done = run_kaiye("demo", "--once", *FACTS, "--json", "--data", folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_a_demonstration_prints_only_the_board(played: tuple[Path, dict[str, Any]]) -> None:
    _, board = played
    assert board["unit"] == board["county"]
    assert board["as_of"] == min("2025-12-31", board["known_at"])
    assert min(board["positions"].values()) > 0
    assert {"activity_index", "loans", "survival_1y"} <= {row["id"] for row in board["indicators"]}


def test_playing_it_again_on_its_folder_changes_nothing(played: tuple[Path, dict[str, Any]]) -> None:
    folder, board = played
    again = run_kaiye("demo", "--once", *FACTS, "--json", "--data", folder)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == board


@pytest.mark.parametrize("example", [True, False])
async def test_whose_units_are_listed_is_said_and_that_the_example_is_invented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], example: bool
) -> None:  # fmt: skip
    async def nothing_listed(*_: object) -> bytes:
        return b'{"units": []}'

    async def recorded(_: Running, county: County) -> dict[str, Answer]:
        return {
            code: Answer("/330127000000/a/b", code, "registry.unit_listed", 1, "recorded", "recorded", "", "", 1) for code in county.units
        }

    async def followed(*_: object) -> None:
        pass

    monkeypatch.setattr(run, "ask", nothing_listed)
    monkeypatch.setattr(reports, "list_units", recorded)
    monkeypatch.setattr(reports, "figures_follow", followed)
    county = run.read_county(EXAMPLE_COUNTY)
    await run._list_units(Running(
        pid=1, county=county.code, county_folder=EXAMPLE_COUNTY if example else tmp_path, simulated_clock=False, nats_url="nats://none",
        databases={}, http_url="http://none",
    ), county)  # fmt: skip
    (line,) = capsys.readouterr().err.splitlines()
    assert f"units are listed, as the roster of 安岭县 330127000000{', the fictional example' if example else ' says'}" in line
    assert ("虚构的示例县" in line, "--county FOLDER, on a new data folder" in line) == (example, example)


def test_the_folder_is_a_demonstration_for_life(played: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = played
    other = run_kaiye("demo", "--once", "--facts", "300", "--seed", "6", "--data", folder)
    assert (other.returncode, other.stdout) == (2, "")
    assert "--seed 5 --facts 300" in other.stderr


def test_up_carries_on_alone_and_ends_well_on_ctrl_c(played: tuple[Path, dict[str, Any]]) -> None:
    folder, board = played
    ports = DataFolder(folder).ports()
    assert ports is not None
    with kaiye_runs("up", "--data", folder) as up:
        running = DataFolder(folder).running()
        assert (running.nats_url, running.http_url) == (f"nats://127.0.0.1:{ports.nats}", f"http://127.0.0.1:{ports.http}")
        second = run_kaiye("up", "--data", folder)
        assert (second.returncode, second.stdout) == (2, "")
        assert "另一个 kaiye 正在使用" in second.stderr
        examined = run_kaiye("doctor", "--json", "--data", folder)
        assert examined.returncode == 0, examined.stderr
        findings = [json.loads(line) for line in examined.stdout.splitlines()]
        assert [(finding["service"], finding["state"]) for finding in findings] == [
            (service, "healthy") for service in ("registry", "training", "finance")
        ]
        assert {finding["service"]: finding["in_store"] for finding in findings} == board["positions"]
        up.send_signal(signal.SIGINT)
        out, said = up.communicate(timeout=SECONDS_MAX)
    assert (up.returncode, out) == (0, "")
    assert said.endswith("正在结束 / ending …\n")
    assert not (folder / "kaiye.json").exists()
    assert run_kaiye("doctor", "--data", folder).returncode == 3


def test_ctrl_c_during_the_start_ends_well_too(tmp_path: Path) -> None:
    with subprocess.Popen((*KAIYE, "up", "--data", tmp_path / "data"), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as up:
        while not (tmp_path / "data" / "postgres").exists():
            time.sleep(0.01)
        up.send_signal(signal.SIGTERM)
        out, said = up.communicate(timeout=SECONDS_MAX)
    assert (up.returncode, out) == (0, b""), said.decode()
    time.sleep(0.2)
    assert _lingering(tmp_path) == []
    assert DataFolder(tmp_path / "data").purpose() is None


def _lingering(folder: Path) -> list[str]:
    """Processes that still work inside a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append((entry / "comm").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("command", [("up",), ("demo", "--once", "--facts", "1")])
def test_a_folder_of_a_newer_version_is_left_alone(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "folder.json").write_text(json.dumps({"format": FORMAT + 1}))
    done = run_kaiye(*command, "--data", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "更新版本" in done.stderr
    assert "newer kaiye" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) in (["folder.json"], ["folder.json", "lock"])


def test_a_demonstration_never_touches_real_data(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.locked():
        folder.dedicate(Purpose(county="330127000000", county_folder=tmp_path))
    done = run_kaiye("demo", "--once", "--facts", "1", "--data", tmp_path, "--county", EXAMPLE_COUNTY)
    assert done.returncode == 2
    assert "holds real data" in done.stderr


def _no_large_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))


@pytest.mark.parametrize("command", [("up",), ("demo", "--once", *FACTS)])
def test_a_start_that_failed_binds_a_new_folder_to_nothing(command: tuple[str, ...], tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    done = run_kaiye(*command, "--data", folder.path, preexec_fn=_no_large_files)
    assert (done.returncode, done.stdout) == (3, "")
    assert "PostgreSQL 初始化失败" in done.stderr
    assert folder.purpose() is None
    assert sorted(path.name for path in folder.path.iterdir()) == ["lock", "logs"]


def test_a_start_that_failed_leaves_a_folder_that_was_something_what_it_was(tmp_path: Path) -> None:
    folder, real = DataFolder(tmp_path), Purpose(county="330127000000", county_folder=EXAMPLE_COUNTY)
    with folder.locked():
        folder.dedicate(real)
    folder.nats.mkdir()
    (folder.nats / "kept").touch()
    assert run_kaiye("up", "--data", folder.path, preexec_fn=_no_large_files).returncode == 3
    assert folder.purpose() == real
    assert (folder.nats / "kept").exists()


@pytest.mark.parametrize("option", ["--http-port", "--nats-port"])
@pytest.mark.parametrize("command", [("up",), ("demo", "--once", *FACTS)])
def test_a_taken_port_is_named_before_anything_starts_and_binds_the_folder_to_nothing(
    command: tuple[str, ...], option: str, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_kaiye(*command, "--data", tmp_path / "data", option, str(port))
    assert (done.returncode, done.stdout) == (3, "")
    assert f"端口 {port} 已被占用 / port {port} is already taken" in done.stderr
    assert DataFolder(tmp_path / "data").purpose() is None


def test_asking_where_nothing_runs_is_unreachable(tmp_path: Path) -> None:
    done = run_kaiye("doctor", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "没有运行中的 kaiye" in done.stderr


def test_a_database_out_of_reach_is_named_by_the_doctor(clean_nats_url: str, tmp_path: Path) -> None:
    databases = {name: f"postgresql://kaiye@127.0.0.1:{free_port()}/{name}" for name in ("registry", "training", "finance", "indicators")}
    DataFolder(tmp_path).say_running(Running(
        pid=os.getpid(), county="330127000000", county_folder=tmp_path, simulated_clock=False, nats_url=clean_nats_url,
        databases=databases, http_url="http://127.0.0.1:1",
    ))  # fmt: skip
    done = run_kaiye("doctor", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "数据库无法连接 / the database cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


def test_of_two_doctors_who_take_back_records_at_once_the_second_is_told_to_wait(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.say_running(Running(
        pid=os.getpid(), county="330127000000", county_folder=tmp_path, simulated_clock=False, nats_url="nats://127.0.0.1:1",
        databases={}, http_url="http://127.0.0.1:1",
    ))  # fmt: skip
    with folder.adopting():
        done = run_kaiye("doctor", "--adopt", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert "请待其结束 / another kaiye doctor --adopt is taking back records" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_county_folder_without_a_plan_is_bad_input(tmp_path: Path) -> None:
    for words in (("up", "--data", tmp_path / "data"), ("simulate", "--out", tmp_path / "out")):
        done = run_kaiye(*words, "--county", tmp_path)
        assert done.returncode == 2
        missing = tmp_path / "plan.toml"
        assert f"无法读取县文件夹中的 {missing} / {missing} in the county's folder cannot be read: No such file" in done.stderr


@pytest.mark.parametrize(
    ("words", "zh", "en"),
    [
        (("up", "--facts", "3"), "没有选项 --facts", "No such option: --facts"),
        (("board", "--unti", "3"), "没有选项 --unti", "No such option: --unti (Possible options: --unit)"),
        (("demo", "--facts", "-1"), "--facts 不得小于 0", "Input should be greater than or equal to 0"),
        (("demo", "--facts", "many"), "--facts 应为整数", "Input should be a valid integer"),
        (("up", "--http-port", "70000"), "--http-port 不得大于 65535", "Input should be less than or equal to 65535"),
        (("up", "--county", "/nowhere"), "--county：/nowhere 不存在", "does not exist"),
        (("unheard-of",), "没有命令 unheard-of", "No such command 'unheard-of'"), (("simulate",), "缺少 --out", "Missing option '--out'"),
        (("report",), "缺少 FILE", "Missing argument 'FILE'"), (("board", "--unit"), "选项 --unit 后缺少值", "requires an argument"),
        (("board", "--json=3"), "选项 --json 不带值", "does not take a value"),
        (
            ("recompute", "-", "--engine", "foo"), "--engine 应为 duckdb、live 之一，而不是 foo",
            "/ Invalid value for '--engine': 'foo' is not one of 'duckdb', 'live'.",
        ),
        (("units", "3"), "多余的参数 3", "Got unexpected extra argument"),
        (("roster", "import", "none.csv", "--since", "soon"), "--since 应写作 YYYY-MM-DD：soon", "--since is written YYYY-MM-DD, not soon"),
        (
            ("roster", "import", "none.csv", "--since", "2025/3/1"), "--since 应写作 YYYY-MM-DD：2025/3/1（是否应为 2025-03-01）",
            "--since is written YYYY-MM-DD, not 2025/3/1 (2025-03-01?)",
        ),
        (("roster", "import", "none.csv", "--since", "20250231"), "--since 应写作 YYYY-MM-DD：20250231 /", "YYYY-MM-DD, not 20250231"),
    ],
    ids=str,
)  # fmt: skip
def test_words_it_does_not_know_are_bad_input_in_both_languages(words: tuple[str, ...], zh: str, en: str) -> None:
    done = run_kaiye(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"错误 / error: {zh}" in done.stderr
    assert en in done.stderr


@pytest.mark.parametrize("words", [(), ("roster",)])
def test_no_words_are_answered_with_the_help(words: tuple[str, ...]) -> None:
    done = run_kaiye(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Commands:" in done.stderr


def test_the_help_lists_every_command_in_both_languages_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words, command, zh, en in (
        ((), "doctor", "核对各服务的数据库与记录流", "Compare each service's database with its stream."),
        (
            ("plan",),
            "check",
            "核对方案文件：逐条列出行号、条款、问题和改法，有问题以 2 退出",
            "What is wrong in a plan file, by line and clause, with the fix.",
        ),
    ):
        listed = run_kaiye(*words, "--help").stdout.partition("Commands:")[2]
        assert re.search(rf"  {command} +{zh}\n +{en}\n", listed)
        assert "..." not in listed
        assert max(map(cell_len, listed.splitlines())) <= 80


def program(doing: str) -> tuple[str, ...]:
    """The command line with one command more, which does this."""
    script = f"""
import socket, subprocess
import deploy.cli as cli
from deploy.cli.common import BadInput
app = cli.make_app()
@app.command("much")
def much() -> None:
    {doing}
cli.make_app = lambda: app
cli.main()
"""
    return (sys.executable, "-c", script, "much")


def test_whoever_stops_reading_is_not_told_of_a_broken_pipe() -> None:
    doing = "[cli.typer.echo('x' * 99) for _ in range(9999)]"
    with subprocess.Popen(program(doing), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.stderr.read(), process.wait(SECONDS_MAX)) == (b"", 0)


def test_an_output_without_room_is_told_so() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(program("cli.typer.echo('x')"), stdout=full, stderr=subprocess.PIPE, timeout=SECONDS_MAX, check=False)
    said = done.stderr.decode()
    assert (done.returncode, said.count("\n")) == (EXIT_BAD_INPUT, 1), said
    assert "空间已满，没有写完整 / no space is left, not all was written" in said


@pytest.mark.parametrize("doing", [
    "ours, theirs = socket.socketpair(); theirs.close(); ours.sendall(b'x')",
    "cat = subprocess.Popen(('true',), stdin=subprocess.PIPE, bufsize=0); cat.wait(); cat.stdin.write(b'x')",
], ids=["socket", "program"])  # fmt: skip
def test_what_was_spoken_to_and_went_away_is_an_error(doing: str) -> None:
    done = subprocess.run(program(doing), capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert (done.returncode, done.stdout) == (EXIT_BUG, "")
    assert "BrokenPipeError" in done.stderr


@pytest.mark.parametrize(("doing", "code"), [
    ("[cli.said.print('x' * 99) for _ in range(9999)]", EXIT_BUG),
    ("raise BadInput('x')", EXIT_BAD_INPUT),
    ("raise RuntimeError('x')", EXIT_BUG),
    ("raise cli.typer.BadParameter('x')", EXIT_BAD_INPUT),
], ids=["said", "bad input", "bug", "usage"])  # fmt: skip
def test_whoever_does_not_read_stderr_is_told_by_the_exit_code(doing: str, code: int) -> None:
    """Neither that all is well, nor of a difference."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(program(doing), stdout=subprocess.PIPE, stderr=write, timeout=SECONDS_MAX, check=False)
    finally:
        os.close(write)
    assert (done.returncode, done.stdout) == (code, b"")


def test_simulated_reports_are_the_same_for_the_same_seed_and_are_no_records(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first", "again", "other")]
    for file, seed in zip(files, ("3", "3", "4"), strict=True):
        done = run_kaiye("simulate", "--seed", seed, "--facts", "200", "--out", file)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    first, again, other = (file.read_bytes() for file in files)
    assert first == again != other
    lines = first.splitlines()
    assert len(lines) == 200
    with pytest.raises(ValueError, match="not a recorded fact"):
        parse_record(lines[0])


def test_simulated_reports_that_cannot_be_written_are_bad_input(tmp_path: Path) -> None:
    done = run_kaiye("simulate", "--facts", "1", "--out", tmp_path / "missing" / "file")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_a_bug_is_not_taken_for_a_difference(tmp_path: Path) -> None:
    script = "import deploy.cli as cli\ncli.make_app = lambda: (lambda **_: 1 / 0)\ncli.main()"
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=False, cwd=tmp_path, env=os.environ)
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr
