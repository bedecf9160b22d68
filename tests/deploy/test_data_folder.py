"""A data folder keeps its purpose for life and has one user at a time."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.data_folder import FORMAT, BadFolder, DataFolder, Demonstration, NothingRuns, Purpose, Running

COUNTY = "330182000000"
REAL = Purpose(county=COUNTY, county_folder=Path("/counties/example"))
PLAYED = Purpose(county=COUNTY, county_folder=Path("/counties/example"), demonstration=Demonstration(seed=7, facts=1000))
RUNNING = Running(
    pid=1, county=COUNTY, county_folder=Path("/counties/example"), simulated_clock=False, nats_url="nats://kaiye:secret@127.0.0.1:1",
    databases={"registry": "postgresql://kaiye:secret@127.0.0.1:2/registry"}, http_url="http://127.0.0.1:3",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    with folder.locked():
        """Makes it."""
    return folder


def test_a_new_folder_has_no_purpose_and_takes_the_first(folder: DataFolder) -> None:
    assert folder.purpose() is None
    folder.dedicate(PLAYED)
    assert folder.purpose() == PLAYED


def test_a_folder_carries_on_with_the_same_purpose(folder: DataFolder) -> None:
    folder.dedicate(PLAYED)
    assert folder.dedicate(PLAYED) == PLAYED


def test_a_county_folder_may_move(folder: DataFolder) -> None:
    folder.dedicate(REAL)
    moved = REAL.model_copy(update={"county_folder": Path("/elsewhere")})
    folder.dedicate(moved)
    assert folder.purpose() == moved


def test_another_county_is_refused(folder: DataFolder) -> None:
    folder.dedicate(REAL)
    with pytest.raises(BadFolder, match=f"属于县 {COUNTY}，不是 330183000000 / .* belongs to county {COUNTY}"):
        folder.dedicate(REAL.model_copy(update={"county": "330183000000"}))


def test_real_data_never_become_a_demonstration(folder: DataFolder) -> None:
    folder.dedicate(REAL)
    with pytest.raises(BadFolder, match="holds real data"):
        folder.dedicate(PLAYED)


def test_another_demonstration_is_refused_by_name(folder: DataFolder) -> None:
    folder.dedicate(PLAYED)
    other = PLAYED.model_copy(update={"demonstration": Demonstration(seed=8, facts=1000)})
    with pytest.raises(BadFolder, match="demonstrates --seed 7 --facts 1000: choose another --data for --seed 8 --facts 1000"):
        folder.dedicate(other)
    assert folder.purpose() == PLAYED


def test_a_folder_of_a_newer_version_is_refused_before_it_is_understood(folder: DataFolder) -> None:
    (folder.path / "folder.json").write_text(json.dumps({"format": FORMAT + 1, "unheard_of": True}))
    with pytest.raises(BadFolder, match=rf"更新版本的 kaiye 写入（格式 {FORMAT + 1}[\s\S]*written by a newer kaiye \(format {FORMAT + 1}"):
        folder.dedicate(REAL)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}'])
def test_an_unreadable_purpose_is_not_overwritten(folder: DataFolder, text: str) -> None:
    file = folder.path / "folder.json"
    file.write_text(text)
    with pytest.raises(BadFolder, match="cannot be read"):
        folder.dedicate(REAL)
    assert file.read_text() == text


def test_servers_without_a_purpose_are_somebody_elses(folder: DataFolder) -> None:
    folder.postgres.mkdir()
    with pytest.raises(BadFolder, match="not a data folder"):
        folder.purpose()


def test_one_at_a_time(folder: DataFolder) -> None:
    with folder.locked(), pytest.raises(BadFolder, match="另一个 kaiye 正在使用"), DataFolder(folder.path).locked():
        raise AssertionError("locked twice")
    with DataFolder(folder.path).locked():
        """Free again."""


def test_the_lock_of_a_killed_process_is_free(folder: DataFolder) -> None:
    script = (
        f"import time; from pathlib import Path; from deploy.data_folder import DataFolder\n"
        f"with DataFolder(Path({str(folder.path)!r})).locked(): print('locked', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(BadFolder), folder.locked():
            raise AssertionError("locked twice")
        other.kill()
    with folder.locked():
        """Free again."""


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadFolder, match="cannot be used"), DataFolder(tmp_path / "file").locked():
        raise AssertionError("locked a file")


def test_what_runs_is_told_to_the_owner_only(folder: DataFolder) -> None:
    with pytest.raises(NothingRuns):
        folder.running()
    folder.say_running(RUNNING)
    assert folder.running() == RUNNING
    assert stat.S_IMODE((folder.path / "kaiye.json").stat().st_mode) == 0o600
    assert "secret" not in repr(RUNNING)
    folder.say_stopped()
    with pytest.raises(NothingRuns):
        folder.running()


def test_addresses_of_a_process_that_is_gone_are_not_given_out(folder: DataFolder) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        """Wait for its end."""
    folder.say_running(RUNNING.model_copy(update={"pid": gone.pid}))
    with pytest.raises(NothingRuns):
        folder.running()
