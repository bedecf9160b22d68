"""`kaiye recompute`: the same board from an export, from stdin and from an archive, up to any positions; the exit codes."""

import gzip
import shutil
import sys
from io import BufferedReader, BytesIO, TextIOWrapper
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from deploy.cli import main
from deploy.cli.common import EXAMPLE_COUNTY
from tests.indicators.audit.archives import write
from tests.indicators.audit.test_archive import forge, index_of
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same records as an export and as an archive, and the heads of the export."""
    folder, records = tmp_path_factory.mktemp("facts"), simulated(31, 900)
    (folder / "facts.jsonl").write_bytes(b"".join(raw + b"\n" for raw in in_order(records)))
    write(folder / "archive", COUNTY, records)
    heads = {record.service: {"position": record.position, "hash": record.hash} for record in records}
    (folder / "heads.json").write_bytes(orjson.dumps(heads))
    return folder


class Ran:
    """What a command came to."""

    def __init__(self, code: int, out: bytes, said: str) -> None:
        self.code, self.out, self.said = code, out, said


@pytest.fixture
def recompute(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> "Recompute":
    return Recompute(monkeypatch, capsysbinary)


class Recompute:
    """Runs the command."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[bytes]) -> None:
        self._monkeypatch, self._captured = monkeypatch, captured

    def __call__(self, *words: str | Path, stdin: bytes = b"") -> Ran:
        self._monkeypatch.setattr(sys, "argv", ["kaiye", "recompute", *map(str, words), "--plan", str(EXAMPLE_COUNTY), "--json"])
        self._monkeypatch.setattr(sys, "stdin", TextIOWrapper(BufferedReader(BytesIO(stdin))))
        self._captured.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = self._captured.readouterr()
        return Ran(int(end.value.code or 0), said.out, said.err.decode())


def test_an_export_stdin_and_an_archive_give_the_same_board(kept: Path, recompute: Recompute) -> None:
    export, archive = (recompute(kept / name, "--engine", engine) for name, engine in (("facts.jsonl", "live"), ("archive", "duckdb")))
    piped = recompute("-", "--engine", "live", stdin=gzip.compress((kept / "facts.jsonl").read_bytes()))
    assert (export.code, archive.code, piped.code) == (0, 0, 0)
    assert export.out == archive.out == piped.out
    assert "没有结尾凭据" in export.said
    assert archive.said == ""


def test_the_heads_of_an_export_vouch_for_its_end(kept: Path, recompute: Recompute, tmp_path: Path) -> None:
    heads = ("--heads", kept / "heads.json", "--engine", "live")
    assert recompute(kept / "facts.jsonl", *heads).said == ""
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(b"".join((kept / "facts.jsonl").read_bytes().splitlines(keepends=True)[:-1]))
    found = recompute(cut, *heads)
    assert (found.code, found.out) == (2, b"")
    assert "its end was cut off" in found.said


def test_what_an_archive_makes_of_its_records_is_compared_with_them(kept: Path, recompute: Recompute, tmp_path: Path) -> None:
    heads, sound = ("--heads", kept / "heads.json"), recompute(kept / "archive")
    assert recompute(kept / "archive", *heads).out == sound.out
    folder = shutil.copytree(kept / "archive", tmp_path / "archive")
    file = next(file for file in index_of(folder).files if file.set == "registry_entity_registered")
    forge(folder, file, lambda rows: rows.set_column(
        rows.column_names.index("entity_kind"), "entity_kind", pa.array(["enterprise"] * rows.num_rows)
    ))  # fmt: skip
    for words in (heads, (), ("--engine", "live")):
        found = recompute(folder, *words)
        assert (found.code, found.out) == (2, b"")
        assert "is not what the record says" in found.said


def test_the_answer_as_of_exactly_some_positions(kept: Path, recompute: Recompute) -> None:
    at = ("--positions", "registry=650,training=20,finance=10")
    export, archive = recompute(kept / "facts.jsonl", *at, "--engine", "live"), recompute(kept / "archive", *at)
    assert export.out == archive.out
    assert orjson.loads(archive.out)["positions"] == {"registry": 650, "training": 20, "finance": 10}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("facts.jsonl", "--positions", "finance=100000"), "finance ends at position"),
        (("archive", "--positions", "finance=100000"), "finance ends at position"),
        (("facts.jsonl", "--positions", "money=3"), "--positions is written registry=N"),
        (("facts.jsonl", "--heads", "facts.jsonl"), "is not what kaiye facts --heads wrote"),
        (("facts.jsonl", "--heads", "heads.json", "--positions", "finance=1"), "not both"),
        (("facts.jsonl", "--known-at", "2099-01-01"), "known-at 2099-01-01 lies after the day of the last record"),
        (("facts.jsonl", "--known-at", "1970-01-01"), "known-at 1970-01-01 lies before the day on which the first fact was recorded, 2"),
        (("archive", "--known-at", "1970-01-01"), "known-at 1970-01-01 lies before the day on which the first fact was recorded, 2"),
        (("facts.jsonl", "--unit", "330127199000"), "there is no unit 330127199000 (the registry.unit_listed facts list them"),
        (("heads.json",), "line 1 is no record: it lacks id, source"),
        (("nothing.jsonl",), "cannot be read"),
        ((".",), "it holds no index.jsonl"),
    ],
)
def test_bad_input_exits_with_2(
    kept: Path, recompute: Recompute, words: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(kept)
    found = recompute(*words)
    assert (found.code, found.out) == (2, b"")
    assert says in found.said
