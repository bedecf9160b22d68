"""Every mistake a county can make in its plan file is answered with the line, the clause and the fix, in Chinese and English."""

import pytest

from services.indicators.evaluation.county import checked_plan
from services.indicators.evaluation.plan_file import read_plan
from services.indicators.evaluation.problems import FileProblems, Problem
from services.indicators.evaluation.toml_file import lines_of
from tests.indicators.evaluation.support import target, written

LOANS = target("loans", 500)
PERIOD = '[[periods]]\nperiod = "2025-Q1"\nfrom = 2025-01-01\nto = 2025-03-31\ndue = 2025-04-10\nunits = "parks"\nclause = "六(一)"\n'
PHASE = '[[phases]]\nname = "publicity"\nzh = "宣传发动阶段"\nclause = "五(一)"\nfrom = 2025-01-01\nto = 2025-02-28\n'
DUTY = (
    '[[duties]]\nid = "site_rules"\nclause = "四(九)"\nquote = "出台具体使用办法"\ndepartment = "gsj"\ndue = 2025-08-31\n'
    'evidence = "使用办法"\nsystem = "policy"\n'
)
LETTERS = (
    '[[decomposition]]\nindicator = "loans"\nover = "townships"\nkind = "additive"\n[decomposition.parts]\n'
    '330127100000 = "300"\n330127101000 = "200"\n'
)


def only(text: str) -> Problem:
    _, problems = read_plan(text)
    (problem,) = problems
    return problem


def line_of(text: str, words: str) -> int:
    (number,) = (number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(words))
    return number


def test_a_plan_without_mistakes_has_no_problems() -> None:
    plan, problems = read_plan(written(LOANS, PHASE, PERIOD, DUTY, LETTERS))
    assert problems == ()
    assert plan is not None
    assert plan.duties[0].id == "site_rules"


MISTAKES: list[tuple[str, str, str | None, str | None, str, str]] = [
    # What it is, the file, how the line named begins (None where that is said twice in it), its clause, words of the answer.
    ("float", written(LOANS.replace('"500"', "500.5")), "value = 500.5", "四(七)", "数值请加引号", "write the number in quotes"),
    ("words", written(LOANS.replace('"500"', '"五百"')), "value = ", "四(七)", '写成加引号的数值，如 "0.95"', "a number in quotes"),
    ("not finite", written(LOANS.replace('"500"', '"NaN"')), "value = ", "四(七)", '写成加引号的数值，如 "0.95"', "a number in quotes"),
    ("zero", written(LOANS.replace('"500"', '"0"')), "value = ", "四(七)", "大于 0", "above 0"),
    ("below zero", written(LOANS.replace('"500"', '"-3"')), "value = ", "四(七)", "大于 0", "above 0"),
    ("comparison", written(LOANS.replace(">=", ">")), "op = ", "四(七)", "'>=' or '<=' 之一", "one of '>=' or '<='"),
    ("misspelt key", written(LOANS + "effectiv = 2025-07-01\n"), "effectiv = ", "四(七)", "改为 effective", "write effective"),
    ("stray key", written(LOANS + "xyz = 1\n"), "xyz = ", "四(七)", "删去这一行", "delete this line"),
    ("no clause", written(LOANS.replace('clause = "四(七)"\n', "")), "[[targets]]", None, "缺少“clause”", '"clause" is missing'),
    ("department", written(LOANS.replace('"rsj"', '"rsjj"')), "department = ", "四(七)", "改为 rsj，或", "write rsj, or"),
    ("strange department", written(LOANS.replace('"rsj"', '"zzzzz"')), "department = ", "四(七)", "补上", "add it under"),
    ("window", written(LOANS + 'window = "autumn"\n'), "window = ", "四(七)", "[windows.autumn]", "zh, from and to under"),
    ("deadline", written(LOANS + "deadline = 2026-03-15\n"), "deadline = ", "四(七)", "2025-01-01 至 2025-12-31", "from 2025-01-01 to"),
    ("day in words", written(LOANS + 'deadline = "3月15日"\n'), "deadline = ", "四(七)", "不加引号的日期", "without quotes"),
    (
        "milestones out of order",
        written(LOANS + 'milestones = [{ day = 2025-06-30, value = "9" }, { day = 2025-06-30, value = "10" }]\n'),
        "milestones = ",
        "四(七)",
        "不在前一节点之后",
        "is not after",
    ),
    (
        "milestone outside the window",
        written(LOANS + 'milestones = [{ day = 2024-12-31, value = "9" }]\n'),
        "milestones = ",
        "四(七)",
        "不在时间窗口",
        "lies outside",
    ),
    (
        "benchmark with milestones",
        written(target("loans", "benchmark", milestones='[{ day = 2025-06-30, value = "9" }]')),
        "milestones = ",
        "四(七)",
        "不设节点目标",
        "has no milestones",
    ),
    ("target twice", written(LOANS, LOANS.replace("rsj", "gsj")), None, "四(七)", "effective", "effective day"),
    (
        "plan year rewritten",
        written(LOANS, '[windows.plan_year]\nzh = "期"\nfrom = 2025-02-01\nto = 2025-12-31\n'),
        "[windows.plan_year]",
        None,
        "由年度 2025 推出",
        "follows from the year",
    ),
    (
        "window ends first",
        written(LOANS, '[windows.odd]\nzh = "期"\nfrom = 2025-02-01\nto = 2025-01-31\n'),
        "to = ",
        None,
        "早于起日",
        "before it starts",
    ),
    ("phases overlap", written(LOANS, PHASE, PHASE.replace("五(一)", "五(二)")), None, "五(二)", "2025-02-28 之后", "after 2025-02-28"),
    ("period twice", written(LOANS, PERIOD, PERIOD.replace("六(一)", "六(四)")), None, "六(四)", "写了两次", "stands twice"),
    (
        "period due early",
        written(LOANS, PERIOD.replace("04-10", "03-10")),
        "due = ",
        "六(一)",
        "尚未结束就要报告",
        "due before it is over",
    ),
    ("duty of nobody", written(LOANS, DUTY.replace('department = "gsj"\n', "")), "[[duties]]", "四(九)", "只写一个", "one of"),
    (
        "duty of two",
        written(LOANS, DUTY + 'units = "parks"\n'),
        "[[duties]]",
        "四(九)",
        "只写一个",
        "write one of department, departments and units",
    ),
    (
        "duty of several departments and a stranger",
        written(LOANS, DUTY.replace('department = "gsj"', 'departments = ["rsj", "gs"]')),
        "departments = ",
        "四(九)",
        "改为 gsj",
        "write gsj",
    ),
    (
        "duty of one department twice",
        written(LOANS, DUTY.replace('department = "gsj"', 'departments = ["gsj", "gsj"]')),
        "departments = ",
        "四(九)",
        "gsj 写了两次",
        "gsj stands twice",
    ),
    (
        "document of units",
        written(LOANS, DUTY.replace('department = "gsj"', 'units = "parks"').replace('id = "', 'id = "documents_owed.')),
        "[[duties]]",
        "四(九)",
        "应由一个部门负责",
        "owed by one department",
    ),
    ("duty of a stranger", written(LOANS, DUTY.replace('"gsj"', '"gs"')), None, "四(九)", "改为 gsj", "write gsj"),
    ("duty twice", written(LOANS, DUTY, DUTY.replace("四(九)", "四(八)")), None, "四(八)", "写了两次", "stands twice"),
    ("duty due late", written(LOANS, DUTY.replace("2025-08-31", "2027-01-01")), "due = ", "四(九)", "two_years", "two_years"),
    (
        "department twice",
        written(LOANS, '[[departments]]\ncode = "rsj"\nname = "人社局"\n'),
        None,
        None,
        "rsj 写了两次",
        "rsj stands twice",
    ),
    (
        "department ends first",
        written(LOANS, '[[departments]]\ncode = "old"\nname = "旧局"\nsince = 2025-05-01\nuntil = 2025-04-30\n'),
        "until = ",
        None,
        "早于起日",
        "ends before",
    ),
    ("not a county", written(LOANS).replace("330127000000", "330127100000"), "county = ", None, "000000", "six digits"),
    ("county code short", written(LOANS).replace("330127000000", "33012700000"), "county = ", None, "格式应为", "it must read"),
    ("year", written(LOANS).replace("year = 2025", 'year = "Y"'), "year = ", None, "改正", "Fix"),
    ("no title", written(LOANS).replace("title = ", "titel = ").replace('titel = "实施方案"\n', ""), "county", None, "title", "title"),
    (
        "letters fall short",
        written(LOANS, LETTERS.replace('"200"', '"180"')),
        "[decomposition.parts]",
        "四(七)",
        "相差 20",
        "20 away from the whole of 500",
    ),
    (
        "level parts",
        written(LOANS, LETTERS.replace("additive", "level")),
        None,
        "四(七)",
        "低于全县要求 500",
        "falls short of the whole's 500",
    ),
    ("park", written(LOANS, LETTERS.replace("330127101000", "330127401000")), "330127401000", None, "不属于", "is not one of"),
    ("short code", written(LOANS, LETTERS.replace("330127101000", "3301")), "3301 ", None, "不属于", "is not one of"),
    ("letters without a target", written(target("trained", 5), LETTERS), None, None, "全县没有这项目标", "has no such target"),
    (
        "letters that would credit the park alone",
        written(LOANS, LETTERS.replace("[decomposition.parts]", "park_only = true\n[decomposition.parts]")),
        "park_only = ",
        None,
        "删去这一行",
        "delete this line",
    ),
    (
        "letters of a benchmark",
        written(target("loans", "benchmark"), LETTERS),
        "[[decomposition]]",
        "四(七)",
        "不能分解",
        "cannot be split",
    ),
    (
        "letters to a strange department",
        written(LOANS, LETTERS.replace('"townships"', '"departments"').replace("330127100000", "rsj").replace("330127101000", "ghj")),
        "ghj",
        None,
        "部门名录中没有 ghj",
        "no department ghj",
    ),
]


@pytest.mark.parametrize(("text", "line", "clause", "zh", "en"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_named_with_its_line_its_clause_and_the_fix(text: str, line: str | None, clause: str | None, zh: str, en: str) -> None:
    _, problems = read_plan(text)
    problem = problems[0]
    assert zh in problem.text_zh
    assert en in problem.text_en
    assert problem.clause == clause
    assert problem.line is not None
    if line is not None:
        assert problem.line == line_of(text, line)
    assert problem.text_zh.startswith(f"第 {problem.line} 行")
    assert problem.text_en.startswith(f"line {problem.line}")


def test_the_second_of_two_sections_is_told_from_the_first_by_its_line() -> None:
    text = written(LOANS, LOANS.replace("rsj", "gsj"))
    assert only(text).line == 1 + text[: text.rindex("[[targets]]")].count("\n")


def test_a_file_that_is_not_toml_is_named_with_its_line() -> None:
    text = written(LOANS).replace('name = "安岭县"', "name = 安岭县")
    problem = only(text)
    assert problem.line == line_of(text, "name = 安岭县")
    assert "不是合法的 TOML" in problem.text_zh
    assert "not valid TOML" in problem.text_en


def test_a_file_that_breaks_off_is_named_with_its_last_line() -> None:
    text = written(LOANS) + 'quote = "'
    assert only(text).line == len(text.splitlines())


def test_every_problem_is_named_at_once_in_the_files_order() -> None:
    text = written(LOANS.replace('"rsj"', '"zz"') + 'window = "autumn"\n', DUTY.replace('"gsj"', '"xx"'))
    with pytest.raises(FileProblems) as refused:
        checked_plan(text)
    lines = [problem.line for problem in refused.value.problems]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert len(lines) == 3
    assert str(refused.value).count("plan.toml 第") == 3
    assert str(refused.value).count("plan.toml line") == 3


def test_a_target_raised_later_makes_letters_that_held_fall_short() -> None:
    raised = target("loans", 600, effective="2025-07-01")
    assert "相差 100" in only(written(LOANS, raised, LETTERS)).zh


def test_letters_replaced_before_a_target_is_raised_need_not_reach_it() -> None:
    raised = target("loans", 600, effective="2025-07-01")
    new = LETTERS.replace("[decomposition.parts]", "effective = 2025-07-01\n[decomposition.parts]").replace('"300"', '"400"')
    _, problems = read_plan(written(LOANS, raised, LETTERS, new))
    assert problems == ()


def test_letters_of_a_target_not_to_be_exceeded_may_not_add_up_to_more() -> None:
    at_most = target("loans", 400, op="<=")
    assert "相差 100" in only(written(at_most, LETTERS)).zh


def test_lines_are_found_through_comments_strings_over_lines_and_arrays_over_lines() -> None:
    text = (
        '# a = 1\na = """\nb = 2\n[c]\n"""\nd = [\n  { day = 1 },\n]\n[e]\nf.g = 1\n[[h]]\ni = 1\n  [[h.j]]\n  k = 1\n'
        '[[h]]\n"l m" = 1\n[h.n]\no = 1\n'
    )
    assert lines_of(text) == {
        ("a",): 2, ("d",): 6, ("e",): 9, ("e", "f", "g"): 10, ("h", 0): 11, ("h", 0, "i"): 12, ("h", 0, "j", 0): 13,
        ("h", 0, "j", 0, "k"): 14, ("h", 1): 15, ("h", 1, "l m"): 16, ("h", 1, "n"): 17, ("h", 1, "n", "o"): 18,
    }  # fmt: skip
