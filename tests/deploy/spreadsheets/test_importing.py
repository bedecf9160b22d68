"""Import on a running system: every row recorded once, or given back with its reason; the repaired file records only what was missing."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deploy.spreadsheets.columns import columns_of
from deploy.spreadsheets.returned import REASON
from shared.contracts import fact_class
from tests.deploy.spreadsheets.filled import save, save_biff
from tests.deploy.test_cli import KAIYE, county_runs, run_kaiye
from tests.registry.persons.ids import files_holding, resident_id

VILLAGE = "330127101205"
GIVEN = fact_class("training.guidance_given", 1)
HEADER = [column.zh for column in columns_of(GIVEN)]
AT = {column.key: place for place, column in enumerate(columns_of(GIVEN))}
ROWS = 3000
BAD_EVERY = 20


def person(number: int) -> str:
    return resident_id(number % 1000, born=f"{1960 + number // 1000}0412")


def row(number: int, *, bad: bool) -> list[Any]:
    cells: list[Any] = [None] * len(HEADER)
    day = f"2025-{1 + number % 12:02}-{1 + number % 28:02}"
    cells[AT["occurred"]], cells[AT["person"]], cells[AT["guidance_kind"]] = day, person(number), "政策咨询"
    cells[AT["unit"]] = "330127999999" if bad else VILLAGE
    cells[AT["id"]] = f"row-{number}"
    return cells


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A county that runs."""
    data = tmp_path_factory.mktemp("imported") / "data"
    with county_runs(data):
        yield data


def registered(folder: Path) -> int:
    """How far the training service's records go."""
    done = run_kaiye("board", "--data", folder, "--json")
    assert done.returncode == 0, done.stderr
    position: int = json.loads(done.stdout)["positions"]["training"]
    return position


def test_rows_are_recorded_once_although_the_import_is_killed_twice_and_what_was_refused_comes_back(folder: Path, tmp_path: Path) -> None:
    seed = random.Random(5)
    bad = set(range(0, ROWS, BAD_EVERY))
    file = save(tmp_path / "指导.xlsx", {GIVEN.zh: [["创业指导台账"], HEADER, *(row(number, bad=number in bad) for number in range(ROWS))]})
    command = ("import", file, "--department", "employment", "--data", folder)
    before = registered(folder)
    for _ in range(2):
        with subprocess.Popen((*KAIYE, *command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(seed.uniform(3.0, 6.0))
            os.kill(process.pid, signal.SIGKILL)
    done = run_kaiye(*command)
    assert done.returncode == 1, done.stderr
    assert f"{ROWS} 行：记录 {ROWS - len(bad)}、等待 0、退回 {len(bad)}" in done.stderr
    assert registered(folder) == before + ROWS - len(bad)

    page = openpyxl.load_workbook(tmp_path / "指导-退回.xlsx")[GIVEN.zh]
    head, *back = [list(cells) for cells in page.iter_rows(values_only=True)]
    assert head == [*HEADER, REASON]
    assert [cells[AT["id"]] for cells in back] == [f"row-{number}" for number in sorted(bad)]
    assert all(cells[-1] for cells in back)

    for cells in back:
        cells[AT["unit"]] = VILLAGE
    repaired = save(tmp_path / "改好.xlsx", {GIVEN.zh: [head, *back]})
    done = run_kaiye("import", repaired, "--department", "employment", "--data", folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert registered(folder) == before + ROWS
    assert not (tmp_path / "改好-退回.xlsx").exists(), "nothing came back"


@pytest.mark.parametrize(("suffix", "born"), [("xls", 1941), ("et", 1942)])
def test_workbooks_of_excel_97_and_of_wps_are_imported_and_what_comes_back_mended_records_only_what_was_missing(
    suffix: str, born: int, folder: Path, tmp_path: Path
) -> None:
    rows, bad = 300, set(range(0, 300, BAD_EVERY))
    there = [row(number, bad=number in bad) for number in range(rows)]
    for number, cells in enumerate(there):
        cells[AT["id"]], cells[AT["person"]] = f"{suffix}-{number}", resident_id(number, born=f"{born}0412")
        if number % 2:
            cells[AT["occurred"]], cells[AT["unit"]] = date(2025, 1 + number % 12, 1 + number % 28), int(cells[AT["unit"]])
    file = save_biff(tmp_path / f"指导.{suffix}", {"说明": [["请勿改动"]], GIVEN.zh: [["创业指导台账"], HEADER, *there]})
    before = registered(folder)
    done = run_kaiye("import", file, "--department", "employment", "--data", folder)
    assert done.returncode == 1, done.stderr
    assert f"{rows} 行：记录 {rows - len(bad)}、等待 0、退回 {len(bad)}" in done.stderr
    assert registered(folder) == before + rows - len(bad)

    page = openpyxl.load_workbook(tmp_path / "指导-退回.xlsx")[GIVEN.zh]
    _, *back = [list(cells) for cells in page.iter_rows(values_only=True)]
    assert [cells[AT["id"]] for cells in back] == [f"{suffix}-{number}" for number in sorted(bad)]
    for cells in back[1:]:
        cells[AT["unit"]] = VILLAGE
    repaired = save_biff(tmp_path / f"改好.{suffix}", {GIVEN.zh: [HEADER, *(cells[: len(HEADER)] for cells in [*there, *back])]})
    for returned in ("改好-退回.xlsx", "改好-退回-2.xlsx"):
        done = run_kaiye("import", repaired, "--department", "employment", "--data", folder)
        assert (done.returncode, str(tmp_path / returned) in done.stderr.replace("\n", "")) == (1, True), done.stderr
        assert registered(folder) == before + rows - 1
    sheets = [openpyxl.load_workbook(tmp_path / f"改好-退回{number}.xlsx")[GIVEN.zh] for number in ("", "-2")]
    assert len({tuple(page.iter_rows(values_only=True)) for page in sheets}) == 1, "the second did not touch the first"


def test_an_import_killed_while_it_gives_back_leaves_nothing_that_the_next_one_does_not_remove(folder: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    aside.mkdir()
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, *(row(number, bad=True) for number in range(20_000))]})
    file.chmod(0o600)
    command = ("import", file, "--department", "employment", "--data", folder)
    with subprocess.Popen(
        (*KAIYE, *command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(aside)}
    ) as process:
        while not (left := list(tmp_path.glob(".x-退回.xlsx.*.part"))):
            assert process.poll() is None
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert left[0].stat().st_mode & 0o777 == 0o600, "as private as what was imported"
    assert list(aside.iterdir()) == [], "and nowhere else"
    assert not (tmp_path / "x-退回.xlsx").exists()
    assert run_kaiye(*command).returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aside", "x-退回.xlsx", "x.xlsx"]


def test_no_resident_id_stays_anywhere_in_the_data_folder(folder: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, row(7, bad=True), row(8, bad=False)]})
    done = run_kaiye("import", file, "--department", "employment", "--data", folder)
    ids = [person(number).encode() for number in (7, 8)]
    assert files_holding([GIVEN.type.encode()], [folder]), "what is recorded is found"
    assert files_holding(ids, [folder]) == []
    assert not any(id.decode() in done.stdout + done.stderr for id in ids)


def test_a_file_that_is_none_and_a_type_there_is_not_are_named(folder: Path, tmp_path: Path) -> None:
    done = run_kaiye("import", tmp_path / "none.xlsx", "--department", "employment", "--data", folder)
    assert (done.returncode, "无法读取" in done.stderr) == (2, True), done.stderr
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, row(9, bad=True)]})
    there = file.read_bytes()
    for returned, sentence in ((file, "is there already"), (tmp_path / "nowhere" / "x.xlsx", "there is no folder")):
        done = run_kaiye("import", file, "--department", "employment", "--returned", returned, "--data", folder)
        assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr
    assert file.read_bytes() == there
    done = run_kaiye("template", "创业指导书", "--out", tmp_path / "x.xlsx")
    assert (done.returncode, "kaiye template" in done.stderr) == (2, True), done.stderr
