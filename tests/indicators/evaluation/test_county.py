"""A county's folder: the roster line by line, and both files together."""

from collections import Counter
from pathlib import Path

import pytest

from services.indicators.evaluation.county import RosterUnit, load_county, parse_county, parse_roster
from services.indicators.evaluation.problems import FileProblems, Problem
from tests.indicators.evaluation.support import target, written
from tests.support.counties import of_kind

ROSTER = """code,name,kind,urban_rural_class
330127000000,安岭县,county,
330127100000,云溪镇,township,
330127401000,开发区,park,123
330127100001,东门社区,community,111
330127100200,新建村,village,220
330127100201,新建村,village,220
"""


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(FileProblems) as refused:
        parse_roster(text)
    return refused.value.problems


def test_units_are_read_in_the_files_order_and_may_share_a_name() -> None:
    roster = parse_roster(ROSTER)
    assert roster[0] == RosterUnit("330127000000", "安岭县", "county", None)
    assert roster[3] == RosterUnit("330127100001", "东门社区", "community", "111")
    assert [unit.code for unit in roster if unit.name == "新建村"] == ["330127100200", "330127100201"]
    assert Counter(unit.kind for unit in roster) == {"county": 1, "township": 1, "park": 1, "community": 1, "village": 2}


def test_a_unit_is_urban_by_its_class() -> None:
    assert [unit.name for unit in parse_roster(ROSTER) if unit.urban] == ["开发区", "东门社区"]


def test_blank_lines_and_spaces_around_cells_are_nothing() -> None:
    assert parse_roster(ROSTER.replace("330127100000,云溪镇", " 330127100000 , 云溪镇 ") + ",,,\n\n") == parse_roster(ROSTER)


@pytest.mark.parametrize(("old", "new", "line", "zh", "en"), [
    ("code,name", "代码,name", 1, "表头不对", "the header is wrong"),
    (",township,", ",township", 3, "应有 4 列", "3 columns instead of 4"),
    ("330127100001,", "3.30127E+11,", 5, "文本格式", "as text"),
    ("330127100001,", "330127100400,", 5, "既不是社区也不是行政村", "neither a community nor a village"),
    ("东门社区,community", "东门社区,village", 5, "改为 community", "write community"),
    ("东门社区", "", 5, "没有名称", "has no name"),
    (",111", ",113", 5, "没有城乡分类代码 113", "no urban–rural class 113"),
    ("330127100201", "330127100200", 7, "与第 6 行重复", "stands on line 6 already"),
    ("330127100201,", "330127101201,", 7, "上级 330127101000 不在名册中", "lies in 330127101000, which is not listed"),
    ("330127401000,开发区,park,123", "330128000000,邻县,county,", 4, "只列一个县", "lists one county"),
])  # fmt: skip
def test_a_wrong_line_is_named_with_the_fix(old: str, new: str, line: int, zh: str, en: str) -> None:
    (problem,) = problems_of(ROSTER.replace(old, new))
    assert problem.line == line
    assert zh in problem.text_zh
    assert en in problem.text_en


def test_every_wrong_line_is_named_at_once() -> None:
    assert [problem.line for problem in problems_of(ROSTER.replace("220", "99").replace(",111", ",112x"))] == [5, 6, 7]


def test_an_empty_roster_has_no_header() -> None:
    assert "the header is wrong" in problems_of("")[0].text_en


def test_the_plan_may_name_only_units_of_the_roster() -> None:
    letters = '[[decomposition]]\nindicator = "loans"\nover = "townships"\nkind = "additive"\n[decomposition.parts]\n330127109000 = "500"\n'
    plan = written(target("loans", 500), letters)
    with pytest.raises(FileProblems) as refused:
        parse_county(plan, ROSTER)
    (problem,) = refused.value.problems
    assert (refused.value.file, problem.line) == ("plan.toml", len(plan.splitlines()))


def test_a_folder_is_a_county_with_or_without_byte_order_marks(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / "plan.toml").write_text(written(target("loans", 500)), encoding)
        (tmp_path / "roster.csv").write_text(ROSTER, encoding)
        county = load_county(tmp_path)
        assert county.code == "330127000000"
        assert county.units["330127401000"].name == "开发区"
        assert [unit.code for unit in of_kind(county, "township", "park")] == ["330127100000", "330127401000"]


def test_a_folder_without_a_roster_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(written(target("loans", 500)), "utf-8")
    with pytest.raises(FileNotFoundError, match=r"roster\.csv"):
        load_county(tmp_path)


def test_a_file_in_another_encoding_is_named_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(written(target("loans", 500)), "utf-8")
    (tmp_path / "roster.csv").write_text(ROSTER, "gb18030")
    with pytest.raises(FileProblems) as raised:
        load_county(tmp_path)
    (problem,) = raised.value.problems
    assert (raised.value.file, problem.line, problem.en) == ("roster.csv", 2, "the file is not UTF-8 text.")
