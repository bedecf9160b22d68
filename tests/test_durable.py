"""Files that are whole or not there."""

import stat
from pathlib import Path

import pytest

from shared.durable import put, put_once_written, write_new


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "said.json"
    put(file, b"before", mode=0o600)
    return file


def test_what_could_not_be_written_to_its_end_leaves_the_file_as_it_was(file: Path) -> None:
    with pytest.raises(ValueError, match="half"), put_once_written(file) as aside:
        aside.write_bytes(b"hal")
        raise ValueError("half")
    assert {path: path.read_bytes() for path in file.parent.iterdir()} == {file: b"before"}


def test_a_mode_holds_whatever_the_umask(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    put(file, b"after", mode=0o666)
    assert (stat.S_IMODE(file.stat().st_mode), file.read_bytes()) == (0o666, b"after")


def test_a_new_file_takes_no_other_ones_place(file: Path) -> None:
    with pytest.raises(FileExistsError):
        write_new(file, b"after")
    with pytest.raises(FileExistsError), put_once_written(file, in_place=False) as aside:
        aside.write_bytes(b"after")
    assert list(file.parent.iterdir()) == [file]
    assert file.read_bytes() == b"before"
