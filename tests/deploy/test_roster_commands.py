"""`kaiye roster rename|merge|dissolve|move` on a running system: what becomes of units; figures of earlier days stay as they were."""

import json
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.envelope import Source, report_bytes
from tests.deploy.test_cli import county_runs, run_kaiye

COUNTY, TOWN, TOWN_B = "330127000000", "330127100000", "330127101000"
VILLAGE, VILLAGE_2, MOVED, MOVED_TO = "330127100200", "330127100201", "330127100202", "330127101398"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder on which `kaiye up` runs; somebody was guided in each of the villages."""
    data = tmp_path_factory.mktemp("up") / "data"
    with county_runs(data):
        reports = "".join(guided(number, unit) for number, unit in enumerate((VILLAGE, VILLAGE_2, MOVED)))
        done = run_kaiye("report", "-", "--data", data, stdin=reports)
        assert done.returncode == 0, done.stderr
        yield data


def guided(number: int, unit: str) -> str:
    fact = {"unit": unit, "person": f"P{number:016}", "guidance_kind": "policy"}
    source = Source(COUNTY, "rensheju", "jiuye")
    return (
        report_bytes(source=source, id=f"g-{number}", type="training.guidance_given", occurred=date(2025, 3, 3), data=fact).decode() + "\n"
    )


def roster(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run_kaiye("roster", *words, "--data", folder)


def listing(code: str, like: dict[str, Any], day: str) -> str:
    fact = {"code": code, "name": like["name"], "urban_rural_class": like["urban_rural_class"]}
    source = Source(COUNTY, "chuangjianban", "roster")
    id = f"unit_listed-{code}-{day}"
    return report_bytes(source=source, id=id, type="registry.unit_listed", occurred=date.fromisoformat(day), data=fact).decode() + "\n"


def units(folder: Path, *words: str) -> dict[str, dict[str, Any]]:
    done = run_kaiye("units", "--json", *words, "--data", folder)
    assert done.returncode == 0, done.stderr
    return {unit["code"]: unit for unit in json.loads(done.stdout)["units"]}


def guided_in(folder: Path, unit: str, as_of: str) -> int:
    done = run_kaiye("indicator", "guided", "--unit", unit, "--as-of", as_of, "--json", "--data", folder)
    assert done.returncode == 0, done.stderr
    (row,) = (row for row in json.loads(done.stdout)["indicators"] if row["variant"] == "default" and row["part"] is None)
    return int(row["numerator"])


def test_a_unit_gets_another_name(folder: Path) -> None:
    done = roster(folder, "rename", VILLAGE, "新桥村", "--on", "2025-06-01")
    assert (done.returncode, done.stdout) == (0, f"单位更名 {VILLAGE} 2025-06-01  已记录 recorded\n"), done.stderr
    assert units(folder, "--unit", VILLAGE)[VILLAGE]["name"] == "新桥村"


def test_a_merged_village_is_answered_for_by_the_other_from_the_next_day_on(folder: Path) -> None:
    done = roster(folder, "merge", VILLAGE_2, "--into", VILLAGE, "--last-day", "2025-06-30")
    assert done.returncode == 0, done.stderr
    assert [guided_in(folder, VILLAGE, as_of) for as_of in ("2025-06-30", "2025-07-01")] == [1, 2]
    assert guided_in(folder, VILLAGE_2, "2025-06-30") == 1
    again = roster(folder, "merge", VILLAGE_2, "--into", VILLAGE, "--last-day", "2025-06-30")
    assert again.returncode == 0, "the same again changes nothing"
    otherwise = roster(folder, "merge", VILLAGE_2, "--into", VILLAGE, "--last-day", "2025-07-31")
    assert (otherwise.returncode, "contradiction" in otherwise.stdout) == (0, True), otherwise.stdout


def test_a_village_moves_below_another_township_and_earlier_figures_stay(folder: Path) -> None:
    before = units(folder)[MOVED]
    done = roster(folder, "move", MOVED, "--to", MOVED_TO, "--on", "2025-08-01")
    assert done.stdout.splitlines() == [
        f"单位列入名册 {MOVED_TO} 2025-08-01  已记录 recorded",
        f"单位撤销 {MOVED} 2025-07-31  已记录 recorded",
    ]
    there = units(folder)
    assert (there[MOVED]["ended"], there[MOVED]["successor"]) == ("2025-08-01", MOVED_TO)
    for same in ("name", "urban_rural_class", "kind"):
        assert there[MOVED_TO][same] == before[same]
    assert there[MOVED_TO]["parent"] == TOWN_B
    assert [guided_in(folder, unit, "2025-07-31") for unit in (TOWN, TOWN_B)] == [3, 0]
    assert [guided_in(folder, unit, "2025-08-01") for unit in (TOWN, TOWN_B, MOVED_TO, COUNTY)] == [2, 1, 1, 3]


def test_a_move_of_which_half_was_recorded_is_finished_by_the_same_command(folder: Path) -> None:
    moved, to = "330127100204", "330127101397"
    listed = run_kaiye("report", "-", "--data", folder, stdin=listing(to, units(folder)[moved], "2025-08-01"))
    assert listed.returncode == 0, listed.stderr
    done = roster(folder, "move", moved, "--to", to, "--on", "2025-08-01")
    assert (done.returncode, units(folder)[moved]["successor"]) == (0, to), done.stdout + done.stderr
    assert roster(folder, "move", moved, "--to", to, "--on", "2025-08-01").returncode == 0, "the same again changes nothing"


def test_what_is_left_of_a_change_is_told_when_its_beginning_is_not_recorded(folder: Path) -> None:
    done = roster(folder, "move", VILLAGE, "--to", "330127101395", "--on", "2999-01-01")
    assert (done.returncode, f"尚未报送：单位撤销 {VILLAGE} 2998-12-31" in done.stderr) == (1, True), done.stdout + done.stderr
    assert units(folder)[VILLAGE]["ended"] is None


def test_a_village_does_not_move_onto_another_one(folder: Path) -> None:
    """A slip in the new code would have merged the two."""
    other = "330127101201"
    before = units(folder)
    done = roster(folder, "move", VILLAGE, "--to", other, "--on", "2025-08-01")
    assert (done.returncode, f"{other} 已是{before[other]['name']}" in done.stderr) == (2, True), done.stdout + done.stderr
    assert units(folder) == before


def test_a_village_becomes_a_community(folder: Path) -> None:
    village, community = "330127100203", "330127100001"
    done = run_kaiye(
        "roster", "dissolve", village, "--successor", community, "--last-day", "2025-05-31", "--json", "--data", folder
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {key: json.loads(done.stdout)[key] for key in ("type", "outcome")} == {"type": "registry.unit_dissolved", "outcome": "recorded"}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("rename", "123", "名", "--on", "2025-06-01"), 2, "字段 code 格式不符"),
        (("rename", VILLAGE, " ", "--on", "2025-06-01"), 2, "字段 name"),
        (("rename", VILLAGE, "名", "--on", "1 June"), 2, "--on 应写作 YYYY-MM-DD：1 June"),
        (("move", VILLAGE, "--to", MOVED_TO, "--on", "0001-01-01"), 2, "日期不得早于 1949-10-01"),
        (("move", "330127100299", "--to", MOVED_TO, "--on", "2025-08-01"), 2, "名册中没有 330127100299"),
        (("move", VILLAGE, "--to", "330127101010", "--on", "2025-08-01"), 2, "不是同类的村或社区"),
        (("move", TOWN, "--to", "330127109000", "--on", "2025-08-01"), 2, "不是同类的村或社区"),
        (("dissolve", COUNTY, "--last-day", "2025-06-30"), 1, "county_cannot_end"),
        (("merge", VILLAGE, "--into", TOWN, "--last-day", "2025-06-30"), 1, "into_another_kind"),
    ],
)
def test_what_cannot_become_of_a_unit_is_refused_with_the_reason(folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    done = roster(folder, *words)
    assert done.returncode == code
    assert says in done.stdout + done.stderr
