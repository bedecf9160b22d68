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
from deploy.spreadsheets.words import REASON
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
    command = ("import", file, "--department", "jyj", "--data", folder)
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
    done = run_kaiye("import", repaired, "--department", "jyj", "--data", folder)
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
    done = run_kaiye("import", file, "--department", "jyj", "--data", folder)
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
        done = run_kaiye("import", repaired, "--department", "jyj", "--data", folder)
        assert (done.returncode, str(tmp_path / returned) in done.stderr.replace("\n", "")) == (1, True), done.stderr
        assert registered(folder) == before + rows - 1
    sheets = [openpyxl.load_workbook(tmp_path / f"改好-退回{number}.xlsx")[GIVEN.zh] for number in ("", "-2")]
    assert len({tuple(page.iter_rows(values_only=True)) for page in sheets}) == 1, "the second did not touch the first"


def test_an_import_killed_while_it_gives_back_leaves_nothing_that_the_next_one_does_not_remove(folder: Path, tmp_path: Path) -> None:
    aside = tmp_path / "aside"
    aside.mkdir()
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, *(row(number, bad=True) for number in range(20_000))]})
    file.chmod(0o600)
    command = ("import", file, "--department", "jyj", "--data", folder)
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
    done = run_kaiye("import", file, "--department", "jyj", "--data", folder)
    ids = [person(number).encode() for number in (7, 8)]
    assert files_holding([GIVEN.type.encode()], [folder]), "what is recorded is found"
    assert files_holding(ids, [folder]) == []
    assert not any(id.decode() in done.stdout + done.stderr for id in ids)


def test_a_file_that_is_none_and_a_type_there_is_not_are_named(folder: Path, tmp_path: Path) -> None:
    done = run_kaiye("import", tmp_path / "none.xlsx", "--department", "jyj", "--data", folder)
    assert (done.returncode, "无法读取" in done.stderr) == (2, True), done.stderr
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, row(9, bad=True)]})
    there = file.read_bytes()
    for returned, sentence in ((file, "is there already"), (tmp_path / "nowhere" / "x.xlsx", "there is no folder")):
        done = run_kaiye("import", file, "--department", "jyj", "--returned", returned, "--data", folder)
        assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr
    assert file.read_bytes() == there
    done = run_kaiye("template", "创业指导书", "--out", tmp_path / "x.xlsx")
    said = "创业指导书，是否应为 创业指导（全部见 kaiye template）/ no type 创业指导书 can be reported, did you mean 创业指导?"
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_no_id_in_any_column_is_printed_or_written_as_a_reason(folder: Path, tmp_path: Path) -> None:
    id = person(11)
    rows = [row(5000 + number, bad=False) for number in range(4)]
    rows[0][AT["guidance_kind"]], rows[1][AT["occurred"]], rows[2][AT["unit"]], rows[3][AT["evidence"]] = id, id, id, f"见{id}"
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, *rows]})
    for json_ in ((), ("--json",)):
        done = run_kaiye("import", file, "--department", "jyj", "--data", folder, *json_)
        assert done.returncode == 1, done.stderr
        assert id[:10] not in done.stdout + done.stderr
    assert "「佐证材料文号」中有身份证号，请删去" in done.stdout
    back = openpyxl.load_workbook(tmp_path / "x-退回.xlsx")[GIVEN.zh]
    assert not any(id[:10] in str(cells[-1]) for cells in back.iter_rows(values_only=True))


def test_what_is_not_read_is_named_before_anything_is_sent_and_repeated_rows_are_one_fact(folder: Path, tmp_path: Path) -> None:
    own = row(5100, bad=False)
    own[AT["id"]] = None
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [[*HEADER, "指导内容"], *([*cells, "x"] for cells in (own, own, row(5101, bad=False)))],
                                      "联系人": [["姓名"], ["张三"]], "五月": [HEADER, row(5102, bad=False)]})  # fmt: skip
    command = ("import", file, "--department", "jyj", "--data", folder)
    before = registered(folder)
    done = run_kaiye(*command)
    assert (done.returncode, f"{GIVEN.zh}（按创业指导读取）「指导内容」" in done.stderr, registered(folder)) == (2, True, before), (
        done.stderr
    )
    done = run_kaiye(*command, "--ignore-columns", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout) == {
        "rows": 4, "recorded": 3, "waiting": 0, "refused": 0, "repeated": 1, "understood": {},
        "unread_columns": ["「指导内容」"], "unread_sheets": ["联系人"],
        "types_by_header": {"五月": GIVEN.type},
    }  # fmt: skip
    assert f"{GIVEN.zh} 第 3 行同{GIVEN.zh} 第 2 行" in done.stderr
    assert "没有读「联系人」" in done.stderr
    assert "「五月」依列名按创业指导读取" in done.stderr
    assert registered(folder) == before + 3


def test_cells_that_the_service_refuses_are_marked_and_days_that_were_understood_are_said(folder: Path, tmp_path: Path) -> None:
    rows = [row(5200 + number, bad=number == 1) for number in range(3)]
    rows[0][AT["occurred"]], rows[2][AT["occurred"]] = "2999-01-01", 45000
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, *rows]})
    done = run_kaiye("import", file, "--department", "jyj", "--data", folder)
    assert done.returncode == 1, done.stderr
    assert f"读作日期：1 行，{GIVEN.zh} 第 4 行" in done.stderr
    future, gone = [cells for number, cells in enumerate(openpyxl.load_workbook(tmp_path / "x-退回.xlsx")[GIVEN.zh].iter_rows()) if number]
    marked = [[at for at, cell in enumerate(cells) if cell.fill.fgColor.rgb == "FFFFC7CE"] for cells in (future, gone)]
    assert marked == [[AT["occurred"]], [AT["unit"]]]
    assert "「日期」晚于今天" in str(future[-1].value)


def test_a_department_there_is_not_is_refused_and_one_with_its_own_key_reports_within_its_bounds(folder: Path, tmp_path: Path) -> None:
    file = save(tmp_path / "x.xlsx", {GIVEN.zh: [HEADER, row(5300, bad=False)]})
    before = registered(folder)
    for wrong, near in (("nosuchdept", ""), ("gsjj", "gsj 工商局")):
        done = run_kaiye("import", file, "--department", wrong, "--data", folder)
        assert (done.returncode, near in done.stderr, f"没有部门 {wrong}" in done.stderr) == (2, True, True), done.stderr
    for name, bounds in (("wide", ()), ("elsewhere", ("--units", "330127102000")), ("other", ("--may-report", "finance.loan_applied"))):
        words = ("department", "add", "jyj", "--system", name, "--out", tmp_path / f"{name}.seed", *bounds)
        added = run_kaiye(*words, "--data", folder)
        assert added.returncode == 0, added.stderr
    done = run_kaiye("import", file, "--seed", tmp_path / "other.seed", "--data", folder)
    assert (done.returncode, "不可报送" in done.stderr) == (2, True), done.stderr
    done = run_kaiye("import", file, "--seed", tmp_path / "wide.seed", "--department", "gsj", "--data", folder)
    assert (done.returncode, "种子属于 jyj" in done.stderr) == (2, True), done.stderr
    assert registered(folder) == before
    done = run_kaiye("import", file, "--seed", tmp_path / "elsewhere.seed", "--data", folder)
    assert (done.returncode, "单位不在本系统的报送范围内" in done.stdout) == (1, True), done.stdout + done.stderr
    done = run_kaiye("import", file, "--seed", tmp_path / "wide.seed", "--data", folder)
    assert (done.returncode, registered(folder)) == (0, before + 1), done.stderr


def test_a_template_takes_no_files_place_and_needs_a_type(tmp_path: Path) -> None:
    out = tmp_path / "x.xlsx"
    out.write_text("filled in")
    for words, sentence in (((GIVEN.zh, "--out", out), "已经存在"), (("--out", tmp_path / "y.xlsx"), "请写明哪一类事实")):
        done = run_kaiye("template", *words)
        assert (done.returncode, sentence in done.stderr, done.stdout) == (2, True, ""), done.stderr
    assert out.read_text() == "filled in"
    assert sorted(tmp_path.iterdir()) == [out]
