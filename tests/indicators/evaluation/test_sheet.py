"""Every mistake in a scoring sheet is answered with the line, the item and the fix, in Chinese and English."""

import pytest

from deploy.cli.common import EXAMPLE_COUNTY
from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.plan_file import read_plan
from services.indicators.evaluation.problems import FileProblems
from services.indicators.evaluation.sheet import Sheet
from services.indicators.evaluation.sheet_file import checked_sheet
from tests.indicators.evaluation.support import item, sheet, target, written

DUTY = (
    '[[duties]]\nid = "site_rules"\nclause = "四(九)"\nquote = "出台具体使用办法"\ndepartment = "gsj"\ndue = 2025-08-31\n'
    'evidence = "使用办法"\nsystem = "policy"\n'
)
PLAN = checked_plan(
    written(target("loans", 500), target("survival_1y", "0.80"), target("loan_recovery", "0.05", variant="overdue", op="<="), DUTY), JUDGED
)  # fmt: skip
WHOLE = sheet(
    item("proportional"), item("deduct", 4, id="two", each="0.25"), item("tiered", 3, id="three", indicator="survival_1y", half="0.70"),
    item("threshold", "2.50", id="four", duty="site_rules"), item("bonus", 5, id="five", reach="600"), item("veto", None, id="six"),
    item("benchmark", "0.5", id="seven", indicator="activity_index", department="rsj"), item("baseline", 1, id="eight"),
    item("tiered", 2, id="nine", indicator="loan_recovery", variant="overdue", half="0.10"),
    item("threshold", 1, id="ten", indicator="associations", variant="by_township", part="330127100000", reach="1", department="gsj"),
    points=24,
)  # fmt: skip


def read(text: str) -> Sheet:
    return checked_sheet(text, PLAN, JUDGED)


def test_a_sheet_without_mistakes_is_read_whatever_its_line_ends() -> None:
    assert len(read(WHOLE).items) == 10
    assert read("\ufeff" + WHOLE.replace("\n", "\r\n")) == read(WHOLE)


SURVIVAL = {"indicator": "survival_1y"}
COST = {"indicator": "start_up_cost", "reach": "1", "department": "gsj"}
DAYS = {"indicator": "green_channel_on_time", "variant": "days", "part": "median", "reach": "3", "department": "gsj"}
MISTAKES: dict[str, tuple[str, str, str | None, str, str]] = {
    # What it is: the sheet, how the line named begins, the item, words of the answer.
    "items do not add up": (sheet(item("threshold", 9)), 'points = "10"', None, "合计 9，写明的是 10，少 1", "1 too few"),
    "no toml": (sheet(item("threshold")) + "points = \n", "points = ", None, "不是合法的 TOML", "not valid TOML"),
    "pass share": (sheet(item("threshold")).replace('"0.85"', '"85"'), "pass_share", None, "达标线 85", "above 0 and up to 1"),
    "misspelt key": (sheet(item("threshold", reech="9")), "reech", "one", "改为 reach", "write reach"),
    "float": (sheet(item("threshold")).replace('rule = "threshold"\npoints = "10"', 'rule = "threshold"\npoints = 10.5'),
              "points = 10.5", "one", "数值请加引号", "write the number in quotes"),
    "three decimals": (sheet(item("threshold", "10.001"), points="10.001"), 'points = "10.001"', "one", "至多 2 位小数", "up to 2"),
    "no points": (sheet(item("threshold"), item("baseline", None, id="two")), "[[items]]", "two", '补写 points', "add points"),
    "no such rule": (sheet(item("maybe")), "rule", "one", "改为 'threshold'", "write one of 'threshold'"),
    "the same id": (sheet(item("threshold", 5), item("baseline", 5)), "id", "one", "one 写了两次", "one stands twice"),
    "another system": (sheet(item("threshold"), item("baseline", 1, id="two", system="policy")), 'system = "policy"', "two",
                       "没有体系 policy", "no system policy"),
    "both": (sheet(item("threshold", duty="site_rules", indicator="loans")), "[[items]]", "one", "只写一个", "an indicator or a duty"),
    "neither": (sheet(item("threshold", indicator=None)), "[[items]]", "one", "只写一个", "either an indicator or a duty"),
    "unknown indicator": (sheet(item("threshold", indicator="loan")), "indicator", "one", "没有 loan.default", "as the indicator"),
    "unknown variant": (sheet(item("threshold", variant="person")), "variant", "one", "variant 改为 persons", "persons as the variant"),
    "unknown part": (sheet(item("threshold", indicator="meetings", part="leading", reach="1", department="rsj")), "part", "one",
                     "没有分项 leading", "write one of leading_group"),
    "part of what has none": (sheet(item("threshold", part="x")), "part", "one", "没有分项", "has no parts"),
    "no whole": (sheet(item("threshold", indicator="trainings", reach="1", department="rsj")), "[[items]]", "one",
                 "没有合计，只有分项", "add a part: enrolled, completed, passed"),
    "unknown document": (sheet(item("threshold", indicator="documents_owed", part="ybc", reach="1", department="rsj")), "part", "one",
                         "没有分项", "has no parts"),
    "unknown duty": (sheet(item("threshold", duty="site_rule")), "duty", "one", "没有工作任务 site_rule", "site_rules as the duty"),
    "unknown department": (sheet(item("threshold", department="gs")), "department", "one", "没有 gs", "write gsj"),
    "a target where there is none": (sheet(item("threshold", indicator="guided", department="gsj")), "[[items]]", "one",
                                     "没有给 guided.default 定目标，无从得知达到多少", "what earns the points is not said"),
    "nobody to answer for it": (sheet(item("threshold", indicator="guided", reach="9")), "[[items]]", "one",
                                "无从得知由谁负责", "who answers for it is not said"),
    "bonus without reach": (sheet(item("threshold"), item("bonus", 1, id="two")), "[[items]]", "two", "补写 reach", "add reach"),
    "deduct without each": (sheet(item("deduct")), "[[items]]", "one", "补写 each", "add each"),
    "more than there is": (sheet(item("deduct", each="11")), "each", "one", "改为 10 或更少", "write 10 or less"),
    "deduct from a share": (sheet(item("deduct", each="1", **SURVIVAL)), "rule", "one", "不是计数", "counts no things"),
    "tiered without half": (sheet(item("tiered", **SURVIVAL)), "[[items]]", "one", "补写 half", "add half"),
    "half above all": (sheet(item("tiered", half="0.80", **SURVIVAL)), "half", "one", "小于 0.80", "below 0.80"),
    "half of a ceiling": (sheet(item("tiered", indicator="loan_recovery", variant="overdue", half="0.05")), "half", "one",
                          "大于 0.05", "above 0.05"),
    "half without tiers": (sheet(item("threshold", half="250")), "half", "one", "用不到“half”", "delete half"),
    "proportion of a ceiling": (sheet(item("proportional", **DAYS)), "rule", "one", "越小越好", "better when smaller"),
    "reach nothing": (sheet(item("threshold", reach="0")), "reach", "one", "大于 0", "above 0"),
    "reach beside a comparison": (sheet(item("baseline", reach="9")), "reach", "one", "用不到“reach”", "delete reach"),
    "no benchmark": (sheet(item("benchmark")), "rule", "one", "不与全国平均水平比较", "not compared with the national average"),
    "no baseline": (sheet(item("baseline", indicator="duties", department="gsj")), "rule", "one", "没有上年基数", "has no baseline"),
    "a veto with points": (sheet(item("threshold"), item("veto", 1, id="two")), "points", "two", "没有分值", "has no points"),
    "a bonus of a duty": (sheet(item("threshold"), item("bonus", 1, id="two", duty="site_rules", reach=None)), "rule", "two",
                          "不能按 bonus", "cannot be scored by bonus"),
    "a duty with a number": (sheet(item("threshold", duty="site_rules", reach="1")), "reach", "one", "没有 reach", "has no reach"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_item_and_fix(name: str) -> None:
    text, begins, about, zh, en = MISTAKES[name]
    with pytest.raises(FileProblems) as caught:
        read(text)
    problem = next(each for each in caught.value.problems if zh in each.text_zh)
    assert en in problem.text_en
    assert problem.item == about
    assert problem.line is not None
    assert text.splitlines()[problem.line - 1].startswith(begins)
    assert f"第 {problem.line} 行" in problem.text_zh
    if about:
        assert f"项目 {about}" in problem.text_zh
        assert f"item {about}" in problem.text_en


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(FileProblems) as caught:
        read(sheet(item("threshold", 4, indicator="nothing"), item("threshold", 4, id="two", duty="nothing")))
    assert {problem.item for problem in caught.value.problems} == {None, "one", "two"}


def test_a_plan_in_place_of_a_sheet_is_told_as_such_and_the_other_way_round() -> None:
    plan = (EXAMPLE_COUNTY / "plan.toml").read_text()
    with pytest.raises(FileProblems) as caught:
        read(plan)
    (problem,) = caught.value.problems
    assert "这是方案文件，不是评分表" in problem.text_zh
    assert "this is a plan, not a scoring sheet" in problem.text_en
    _, (problem,) = read_plan(WHOLE)
    assert "this is a scoring sheet, not a plan" in problem.text_en
