"""`kaiye plan check` and `kaiye plan show`: with nothing running, for the example county, for a plan with mistakes, for none at all."""

import json
import shutil
from pathlib import Path

import pytest
from rich.cells import cell_len

from deploy.cli.common import EXAMPLE_COUNTY
from deploy.cli.plan_tables import duties_of_plan_table, letters_table, phases_table, targets_table
from services.indicators.evaluation.county import load_county
from tests.deploy.test_cli import run_kaiye
from tests.deploy.test_query_commands import printed


def test_the_example_plan_has_nothing_wrong_by_file_and_by_folder() -> None:
    for path in (EXAMPLE_COUNTY, EXAMPLE_COUNTY / "plan.toml"):
        done = run_kaiye("plan", "check", path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "没有问题：47 项目标" in done.stdout
    assert json.loads(run_kaiye("plan", "check", EXAMPLE_COUNTY, "--json").stdout) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A county's folder of one's own."""
    shutil.copy(EXAMPLE_COUNTY / "plan.toml", tmp_path)
    shutil.copy(EXAMPLE_COUNTY / "roster.csv", tmp_path)
    return tmp_path


def rewrite(folder: Path, old: str, new: str) -> int:
    """Put a mistake into the plan: the line on which it stands."""
    plan = folder / "plan.toml"
    text = plan.read_text("utf-8")
    assert old in text
    plan.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_each_mistake_is_told_with_its_line_clause_and_fix(folder: Path) -> None:
    row = rewrite(folder, 'indicator = "jobs_brought"', 'indicator = "jobs_bought"')
    done = run_kaiye("plan", "check", folder)
    assert done.returncode == 2
    assert f"plan.toml 第 {row} 行（条款 二(二)）：" in done.stdout
    assert "改为 jobs_brought" in done.stdout
    (problem, *_) = (each for each in json.loads(run_kaiye("plan", "check", folder, "--json").stdout) if each["line"] == row)
    assert list(problem) == ["file", "line", "item", "clause", "key", "zh", "en", "fix_zh", "fix_en"]


def test_the_file_is_called_by_its_own_name(folder: Path) -> None:
    (folder / "plan.toml").rename(folder / "draft.toml")
    (folder / "draft.toml").write_text("no plan")
    done = run_kaiye("plan", "check", folder / "draft.toml")
    assert (done.returncode, done.stdout.startswith("draft.toml 第 1 行：")) == (2, True)


def test_a_unit_that_the_roster_beside_it_lacks_is_told(folder: Path) -> None:
    roster = folder / "roster.csv"
    roster.write_text("".join(line for line in roster.read_text("utf-8").splitlines(keepends=True) if "330127404000" not in line), "utf-8")
    done = run_kaiye("plan", "check", folder / "plan.toml")
    assert (done.returncode, "名册中没有单位 330127404000" in done.stdout) == (2, True)
    roster.unlink()
    assert run_kaiye("plan", "check", folder / "plan.toml").returncode == 0


@pytest.mark.parametrize(("content", "said"), [
    (b"county = ", "plan.toml"), ("县".encode("gbk"), "must be UTF-8"), (None, "plan.toml"),
])  # fmt: skip
def test_what_cannot_be_read_exits_with_2(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "plan.toml").write_bytes(content)
    done = run_kaiye("plan", "check", tmp_path)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_is_shown_for_people_and_for_programs() -> None:
    text = run_kaiye("plan", "show").stdout
    assert "宣传发动阶段" in text
    assert "二(二)   创业带动就业人数 jobs_brought" in text
    assert "≥ 3,000  个 jobs" in text
    assert "各乡镇、园区于3月15日前" in text
    plan = json.loads(run_kaiye("plan", "show", EXAMPLE_COUNTY, "--json").stdout)
    assert (plan["county"], len(plan["targets"]), plan["phases"][0]["from"]) == ("330127000000", 47, "2025-01-01")


def test_a_changed_target_and_its_parts_say_from_which_day_each_version_holds() -> None:
    lines = [line.split() for line in run_kaiye("plan", "show", EXAMPLE_COUNTY.parent / "second").stdout.splitlines()]
    told = [line[2:] for line in lines if "successful_starts" in line]
    assert [line[1:6] for line in told[:2]] == [["≥", "90", "人", "persons", "—2024-06-30"], ["≥", "110", "人", "persons", "2024-07-01—"]]
    letters = [line[1:] for line in lines if line[:2] == ["成功创业人数", "successful_starts"]]
    assert letters == [
        ["successful_starts", "各乡镇", "townships", "—2024-06-30", "7", "90", "≥", "90", "人", "persons"],
        ["successful_starts", "各乡镇", "townships", "2024-07-01—", "7", "110", "≥", "110", "人", "persons"],
    ]
    assert "施行" not in run_kaiye("plan", "show").stdout, "nothing changes there"


@pytest.mark.parametrize("width", [60, 100, 160])
def test_its_tables_fit_any_terminal(width: int) -> None:
    plan = load_county(EXAMPLE_COUNTY).plan
    for table in (phases_table, targets_table, duties_of_plan_table, letters_table):
        lines = printed(lambda width, table=table: table(plan, width), width)  # type: ignore[misc]
        assert max(map(cell_len, lines)) <= width
        assert "…" not in "\n".join(lines)
