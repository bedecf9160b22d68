"""A plan beside the roster and beside the catalogue: names that do not exist, promises that a row cannot be judged by."""

import pytest

from services.indicators.catalog import JUDGED
from services.indicators.evaluation.county import checked_plan, parse_county
from services.indicators.evaluation.plan_check import Judged, check_names, check_rows, check_units
from services.indicators.evaluation.problems import FileProblems, Problem
from services.indicators.evaluation.toml_file import locate
from tests.indicators.evaluation.support import target, written

ROWS = {
    ("loans", "default"): Judged("line"), ("loans", "persons"): Judged("line"), ("survival_1y", "default"): Judged("level"),
    ("plans_submitted", "default"): Judged("deadline"), ("loan_recovery", "default"): Judged("shown"),
    ("created_share", "default"): Judged("line", "two_years"), ("rehearsals", "default"): Judged("line", window_by_plan=True),
}  # fmt: skip
REFERENCE = '[[references]]\nindicator = "loan_recovery"\nop = ">="\nvalue = "0.95"\nsource = "惯用参考线"\n'


AUTUMN = '[windows.autumn]\nzh = "期"\nfrom = 2025-09-01\nto = 2025-11-30\n'


def beside_rows(*sections: str) -> tuple[Problem, ...]:
    text = written(*sections)
    return locate((*check_names(checked_plan(text), ROWS), *check_rows(checked_plan(text), ROWS)), text)


def test_rows_that_exist_and_can_be_judged_have_no_problems() -> None:
    milestones = '[{ day = 2025-06-30, value = "200" }]'
    assert beside_rows(
        target("loans", 500, milestones=milestones), target("survival_1y", "0.80"),
        target("plans_submitted", 24, deadline="2025-03-15"), target("loan_recovery", "0.95"), REFERENCE,
        target("created_share", "0.95", window="two_years"), target("created_share", "0.90", clause="二(五)"),
        target("plans_submitted", 24, deadline="2025-04-15", effective="2025-03-01"),
        target("rehearsals", 1, window="autumn"), target("rehearsals", 2, window="autumn", clause="五(三)"), AUTUMN,
    ) == ()  # fmt: skip


@pytest.mark.parametrize(("section", "zh", "en"), [
    (target("loan", 500), "没有 loan.default", "as the indicator"),
    (target("loans", 500, variant="person"), "variant 改为 persons 之一", "write one of persons as the variant"),
    (target("loans", 500) + REFERENCE.replace("loan_recovery", "loan_recover"), "loan_recovery", "loan_recovery"),
    (target("survival_1y", "0.80", milestones='[{ day = 2025-06-30, value = "0.5" }]'), "不按进度线考核", "milestones have no effect"),
    (target("loans", 500, deadline="2025-03-15"), "不是限期完成的事项", "is not something due on a day"),
    (target("loans", 500, window="two_years"), "不能按 two_years 考核", "counted in plan_year (2025-01-01 to 2025-12-31)"),
    (target("created_share", "0.95", window="plan_year"), "删去 window", "delete the window"),
    (target("plans_submitted", 24), "deadline = 2025-03-15", "no day is written"),
    (target("plans_submitted", 24, deadline="2025-03-15") + target("plans_submitted", 20, deadline="2025-03-16", clause="六(二)"),
     "写了两个限期：2025-03-15 和 2025-03-16", "due on two days, 2025-03-15 and 2025-03-16: it is counted by one"),
    (AUTUMN + target("rehearsals", 1, window="autumn") + target("rehearsals", 2, clause="五(三)"),
     "写了两个窗口：autumn 和 plan_year", "name two windows, autumn and plan_year: it is counted in one"),
    (AUTUMN + target("loans", 500, window="autumn"), "不能按 autumn 考核", "cannot be judged in autumn"),
])  # fmt: skip
def test_what_the_catalogue_cannot_judge_is_named(section: str, zh: str, en: str) -> None:
    (problem,) = beside_rows(section)
    assert zh in problem.text_zh
    assert en in problem.text_en
    assert problem.line is not None


def test_units_that_no_roster_lists_are_named() -> None:
    letters = (
        '[[decomposition]]\nindicator = "loans"\nover = "townships"\nkind = "additive"\n[decomposition.parts]\n330127100000 = "300"\n'
        '330127101000 = "200"\n'
    )
    text = written(target("loans", 500), letters)
    problems = locate(check_units(checked_plan(text), {"330127100000"}), text)
    assert [(problem.key, problem.line) for problem in problems] == [
        ("county", 1), ("decomposition[1].parts.330127101000", len(text.splitlines())),
    ]  # fmt: skip
    assert check_units(checked_plan(text), {"330127000000", "330127100000", "330127101000"}) == ()


def test_a_problem_without_its_text_is_named_by_its_key() -> None:
    problem = check_names(checked_plan(written(target("loan", 500))), ROWS)[0]
    assert problem.text_en.startswith("targets[1].indicator: ")


def test_a_target_in_another_window_is_refused_with_its_line_its_clause_and_the_fix() -> None:
    text = written(target("loans", 500, window="two_years"))
    county = "code,name,kind,urban_rural_class\n330127000000,安岭县,county,\n"
    with pytest.raises(FileProblems) as refused:
        parse_county(text, county, JUDGED)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if each.startswith("window"))
    assert f"line {line} (clause 四(七)): loans.default is counted in plan_year" in str(refused.value)
    assert parse_county(text, county).plan.targets[0].window == "two_years"  # where nothing is judged, it does no harm


def test_a_target_of_a_row_that_the_catalogue_lacks_is_refused_with_its_line_its_clause_and_the_fix() -> None:
    text = written(target("loan", 500))
    with pytest.raises(FileProblems) as refused:
        parse_county(text, "code,name,kind,urban_rural_class\n330127000000,安岭县,county,\n", JUDGED)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if each.startswith("indicator"))
    assert f"line {line} (clause 四(七)): the catalogue has no loan.default. Fix: write one of loans" in str(refused.value)
