"""The bulletin: its sentences one by one, what stands first, and the same bytes by either engine."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha256

import pytest

from services.indicators.answers import BadQuestionError, Row, Snapshot, TargetAnswer, WindowAnswer, ask, board
from services.indicators.api.questions import answer_bytes
from services.indicators.audit.recompute import recompute
from services.indicators.audit.records import History, check_history
from services.indicators.evaluation.bulletin import bulletin, bulletin_bytes
from services.indicators.evaluation.bulletin_text import SCHEMA, Contents, UnitStanding, is_bulletin, sentence, text_of
from services.indicators.evaluation.county import County
from services.indicators.evaluation.plan import Plan, Target
from services.indicators.evaluation.promises import Naming, Promise, clause_order, promises
from services.indicators.evaluation.status import Op, Status
from services.indicators.words import STATUS_ZH
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county, second_county
from tests.indicators.simulated import simulated

COUNTY, TOWN, PARK, VILLAGE = "330127000000", "330127100000", "330127401000", "330127100201"
PLAN = example_county().plan
WORDS = "3b712cb1d5b61d81e6aabb8f8fa7092ce61e401db4e069bc9807af6691a994fa"
"""The digest of a made-up text in the words of SCHEMA."""


@cache
def history() -> History:
    return check_history(in_order(simulated(5, 600, example_county())), COUNTY)


@cache
def live() -> Snapshot:
    return recompute(history(), PLAN, "live")(history().last_known_day)


def text(unit: str | None, as_of: date) -> str:
    return bulletin(live(), ask(live(), history().last_known_day, unit, as_of), example_county().plan_digest).text


def promise(
    status: Status, value: str | None, goal: str | None, expected: str | None = None, *, measure: str = "persons", op: Op = ">=",
    name: str = "创业培训人数", deadline: date | None = None, denominator: str | None = None, began: bool = True, benchmark: bool = False,
    margin: str | None = None, incomplete: int = 0,
) -> Promise:  # fmt: skip
    """What was promised about a row made up for it, and where that stands."""
    stands = TargetAnswer(op=op, value=goal, clause="二(二)", expected=expected, status=status)
    row = Row(
        id="trained", variant="default", part=None, clause="二(二)", unit_of_measure=measure,
        window=WindowAnswer(name="plan_year", first=date(2025, 1, 1), last=date(2025, 12, 31)),
        effective_as_of=date(2025, 6, 30) if began else None, numerator=value, denominator=denominator, value=value, expected=expected,
        targets=[stands], status=status, benchmark=None, baseline=None, n=0, incomplete=incomplete, note="", definition="0" * 64,
        margin=margin,
    )  # fmt: skip
    target = Target(
        indicator="trained", op=op, value="benchmark" if benchmark else Decimal(goal or 0), clause="二(二)", quote="创业培训500人",
        department="jyj", deadline=deadline,
    )  # fmt: skip
    return Promise(name, "全年", "就业服务局", row, target, stands)


@pytest.mark.parametrize(("told", "words"), [
    (promise("met", "260", "0"), "创业培训人数：为 260 人，全年目标任务 0 人，已完成。"),
    (promise("behind", "240", "500", "247.500000"),
     "创业培训人数：完成 240 人，完成全年目标任务 500 人的 48.0%，落后（当日应达 247.5 人；差 7.5 人）。"),
    (promise("on_schedule", "260", "832", "247"),
     "创业培训人数：完成 260 人，完成全年目标任务 832 人的 31.3%，达到进度（当日应达 247 人）。"),
    (promise("behind", "200", "500", "247"),
     "创业培训人数：完成 200 人，完成全年目标任务 500 人的 40.0%，落后（当日应达 247 人；差 47 人）。"),
    (promise("met", "1500", "1000"), "创业培训人数：完成 1,500 人，完成全年目标任务 1,000 人的 150.0%，已完成。"),
    (promise("missed", "9999", "10000"), "创业培训人数：完成 9,999 人，完成全年目标任务 10,000 人的 99.99%，未完成（差 1 人）。"),
    (promise("missed", "48", "50", measure="parties", deadline=date(2025, 2, 28)),
     "创业培训人数：完成 48 家，完成全年目标任务 50 家的 96.0%，未按期完成（期限 2025年2月28日）。"),
    (promise("missed", "0", "1", deadline=date(2025, 2, 28)), "创业培训人数：未按期完成（期限 2025年2月28日）。"),
    (promise("met", "1", "1", deadline=date(2025, 2, 28)), "创业培训人数：已按期完成（期限 2025年2月28日）。"),
    (promise("not_due", None, "1", deadline=date(2025, 2, 28)), "创业培训人数：未到期（期限 2025年2月28日）。"),
    (promise("behind", "0.750000", "0.8", measure="ratio"), "创业培训人数：为 75.0%，全年目标不低于 80.0%，落后（差 5.0 个百分点）。"),
    (promise("behind", "0.799999", "0.8", measure="ratio"), "创业培训人数：为 80.0%，全年目标不低于 80.0%，落后（差不足 0.1 个百分点）。"),
    (promise("met", "0.160000", "0.2", measure="ratio", op="<="), "创业培训人数：为 16.0%，全年目标不高于 20.0%，已达到。"),
    (promise("missed", "0.205000", "0.2", measure="ratio", op="<="),
     "创业培训人数：为 20.5%，全年目标不高于 20.0%，未完成（超出 0.5 个百分点）。"),
    (promise("behind", "0.200001", "0.2", measure="ratio", op="<="),
     "创业培训人数：为 20.0%，全年目标不高于 20.0%，落后（超出不足 0.1 个百分点）。"),
    (promise("behind", "0.500000", "0.42", measure="ratio", op="<=", benchmark=True),
     "创业培训人数：为 50.0%，全年目标不高于全国平均水平 42.0%，落后（超出 8.0 个百分点）。"),
    (promise("missed", "6.500000", "6", measure="ratio", op="<="),
     "创业培训人数：为 6.50 倍，全年目标不高于 6.00 倍，未完成（超出 0.50 倍）。"),
    (promise("behind", "7", "5", measure="days", op="<="), "创业培训人数：为 7 天，全年目标不高于 5 天，落后（超出 2 天）。"),
    (promise("missed", "7", "5", measure="days", op="<="), "创业培训人数：为 7 天，全年目标不高于 5 天，未完成（超出 2 天）。"),
    (promise("behind", "7", "5", "4", measure="cases", op="<="),
     "创业培训人数：为 7 件，全年目标不高于 5 件，落后（当日应不高于 4 件；超出 3 件）。"),
    (promise("on_schedule", "7", "5", "8", measure="cases", op="<="),
     "创业培训人数：为 7 件，全年目标不高于 5 件，达到进度（当日应不高于 8 件）。"),
    (promise("missed", "3", "1", measure="cases", op="<=", deadline=date(2025, 2, 28)),
     "创业培训人数：为 3 件，全年目标不高于 1 件，未按期完成（期限 2025年2月28日）。"),
    (promise("missed", "5.060000", "6", measure="ratio"), "创业培训人数：为 5.06 倍，全年目标不低于 6.00 倍，未完成（差 0.94 倍）。"),
    (promise("behind", "0.162000", "0.42", measure="ratio", benchmark=True),
     "创业培训人数：为 16.2%，全年目标不低于全国平均水平 42.0%，落后（差 25.8 个百分点）。"),
    (promise("unknown", "0.162000", None, measure="ratio", benchmark=True),
     "创业培训人数：为 16.2%，全年目标为全国平均水平，情况不明（全国平均水平尚未公布）。"),
    (promise("unknown", None, "0.2", measure="ratio", denominator="0"), "创业培训人数：全年目标不低于 20.0%，情况不明（没有分母）。"),
    (promise("unknown", None, "0.2", measure="ratio"), "创业培训人数：全年目标不低于 20.0%，情况不明（缺少计算所需的数据）。"),
    (promise("not_due", None, "500", began=False), "创业培训人数：全年目标任务 500 人，未到期（自2025年1月1日起计）。"),
    (promise("not_due", None, "0.8", measure="ratio"), "创业培训人数：全年目标不低于 80.0%，未到期（尚无可考核的对象）。"),
    (promise("on_schedule", "86557294", "100000000", "66575342", measure="fen"),
     "创业培训人数：完成 86.56 万元，完成全年目标任务 100 万元的 86.6%，达到进度（当日应达 66.58 万元）。"),
    (promise("on_schedule", "123450", "100000000", "0", measure="fen"),
     "创业培训人数：完成 1,234.50 元，完成全年目标任务 100 万元的 0.1%，达到进度（当日应达 0.00 元）。"),
    (promise("met", "6530", "5000", measure="m2"), "创业培训人数：完成 6,530 平方米，完成全年目标任务 5,000 平方米的 130.6%，已完成。"),
    (promise("met", "0.900000", "0.9", measure="ratio", margin="0.084000", incomplete=2),
     "创业培训人数：为 90.0%，全年目标不低于 90.0%，已达到（抽样误差 ±8.4 个百分点；另有 2 条事实无法计入）。"),
    (promise("met", "1.000000", "0.9", measure="ratio", margin="0.000000"), "创业培训人数：为 100.0%，全年目标不低于 90.0%，已达到。"),
])  # fmt: skip
def test_one_target_is_one_sentence(told: Promise, words: str) -> None:
    assert sentence(told) == words


def made_up() -> Contents:
    late = promise("missed", "0", "1", deadline=date(2025, 2, 28), name="印发县实施方案")
    told = [promise("met", "600", "500"), promise("behind", "200", "1000", "400", name="创业指导人数"), late]
    return Contents(
        unit="安岭县", is_county=True, as_of=date(2025, 6, 30), last_day=date(2025, 6, 30), known_at=date(2025, 7, 10), final=True,
        positions={"registry": 3, "training": 2, "finance": 1}, plan=PLAN, plan_digest="1" * 64, definitions="2" * 64, promises=told,
        units=[UnitStanding("云溪镇", told[:1]), UnitStanding("石门镇", told[1:])],
    )  # fmt: skip


def test_the_words_are_those_of_the_form_that_the_text_names() -> None:
    """Whoever changes the words raises SCHEMA: earlier bulletins are told from it, and are not taken for altered."""
    assert (SCHEMA, sha256(text_of(made_up()).encode()).hexdigest()) == ("kaiye.bulletin/1", WORDS), text_of(made_up())


def test_what_is_missed_stands_before_what_is_behind_and_the_unit_that_has_most_of_it_first() -> None:
    lines = text_of(made_up()).splitlines()
    assert lines[0] == "# 安岭县创建创业型城市工作进展情况通报"
    assert "全县共有目标 3 项：未完成 1 项、落后 1 项、完成 1 项。" in lines
    assert [line[:12] for line in lines if re.match(r"[0-9]\.", line)] == ["1. 印发县实施方案：未", "2. 创业指导人数：完成"]
    assert all(line.endswith("责任部门：就业服务局。") for line in lines if re.match(r"[0-9]\.", line))
    assert [line for line in lines if re.match("[|] .+镇 ", line)] == ["| 石门镇 | 2 | 1 | 1 | 0 |", "| 云溪镇 | 1 | 0 | 0 | 1 |"]
    assert lines[-1] == "- 文本格式：kaiye.bulletin/1"
    assert "- 事实计至：登记第 3 条、培训第 2 条、金融第 1 条" in lines


def test_what_is_over_is_said_to_be_answered_at_its_last_day() -> None:
    later = replace(made_up(), as_of=date(2026, 3, 1), last_day=date(2026, 3, 1))
    assert "全年目标于2025年12月31日期满，所列为期满日的数。" in text_of(later)
    ended = text_of(replace(made_up(), is_county=False, unit="石门镇", last_day=date(2025, 5, 31)))
    assert "石门镇的最后一日是2025年5月31日，所列为该日的数。" in ended
    assert "石门镇共有目标 3 项" in ended


@pytest.mark.parametrize("unit", [None, TOWN, PARK])
def test_every_target_of_the_board_is_told_once_by_the_plan_s_clauses_and_counted(unit: str | None) -> None:
    as_of = date(2025, 8, 31)
    answered = board(live(), ask(live(), history().last_known_day, unit, as_of))
    statuses = [target.status for row in answered.indicators for target in row.targets]
    said = text(unit, as_of)
    by_clause = said.partition("各项目标进展\n")[2].partition("\n## ")[0].partition("\n安岭县创建")[0]
    assert by_clause.count("\n- ") == len(statuses) > 10
    assert f"共有目标 {len(statuses)} 项" in said
    for status, count in Counter(statuses).items():
        assert f"{STATUS_ZH[status]} {count} 项" in said
    amiss = re.findall(r"^\d+\. ", said.partition("未完成和落后的目标\n")[2].partition("\n## ")[0], re.MULTILINE)
    assert len(amiss) == sum(status in ("missed", "behind") for status in statuses)
    clauses = re.findall(r"^### 方案(\S+)$", said, re.MULTILINE)
    assert len(clauses) == len(set(clauses)) > 3
    assert clauses == sorted(clauses, key=clause_order)
    quotes = {target.quote.translate(str.maketrans("“”", "‘’")) for target in PLAN.targets_by_row["jobs_brought", "default", None]}
    assert all(f"“{quote}”" in said for quote in quotes)
    assert ("乡镇、园区进展" in said) == (unit is None)


def test_clauses_are_sorted_as_a_plan_numbers_them() -> None:
    clauses = ["六(一)", "二(十)", "三(二)1", "二(五)", "三(二)", "二(二十三)", "三(二)10", "三(二)2", "十二", "2.3"]
    assert sorted(clauses, key=clause_order) == [
        "2.3", "二(五)", "二(十)", "二(二十三)", "三(二)", "三(二)1", "三(二)2", "三(二)10", "六(一)", "十二"
    ]  # fmt: skip


@pytest.mark.parametrize("clauses", [
    ["二(九)", "二(九十九)", "二(一百)", "二(一百零一)", "二(一百〇五)", "二(一百一十)", "二(一百一十五)", "二(一百二十)", "二(二百)"],
    ["三（二）１", "三(二)2", "三（二）１０", "三（十一）"],
    ["二(二〇)", "二(二十一)", "二(〇二二)", "二〇二五"],
    ["二(二十三)", "二(一百二)", "二(十十)", "二(百)", "三", "三(一)", "总则", "百", "附则"],
])  # fmt: skip
def test_numbers_are_read_however_they_are_written_and_what_is_none_comes_last(clauses: list[str]) -> None:
    for given in (sorted(clauses), sorted(clauses, reverse=True)):
        assert sorted(given, key=clause_order) == clauses


def test_clauses_that_read_alike_are_told_one_after_the_other() -> None:
    answered = board(live(), ask(live(), history().last_known_day, None, date(2025, 8, 31)))
    names = iter(["二(十十)", "二（十十）"] * len(PLAN.targets))
    targets = tuple(target.model_copy(update={"clause": next(names)}) for target in PLAN.targets)
    plan = Plan.model_validate(PLAN.model_dump(by_alias=True) | {"targets": targets})
    told = promises(answered, plan, Naming(plan, live().release))
    said = text_of(replace(made_up(), promises=told)).splitlines()
    assert [said.count(f"### 方案{clause}") for clause in ("二(十十)", "二（十十）")] == [1, 1]


def test_names_are_told_as_they_are_whatever_markdown_makes_of_their_signs() -> None:
    told = [promise("behind", "200", "1000", "400", name="a|b")]
    said = text_of(replace(
        made_up(), is_county=False, unit="#云*溪*镇", last_day=date(2025, 5, 31), promises=told,
        units=[UnitStanding("石|门_镇_", told), UnitStanding("[东]`湖`镇<b>", told), UnitStanding(r"南\|湾~镇", told)],
    ))  # fmt: skip
    assert r"# \#云\*溪\*镇创建创业型城市工作进展情况通报" in said.splitlines()
    assert r"\#云\*溪\*镇共有目标 1 项：落后 1 项。" in said.splitlines()
    assert r"\#云\*溪\*镇的最后一日是2025年5月31日，所列为该日的数。" in said.splitlines()
    assert r"1. a\|b：完成 200 人" in said
    assert [line for line in said.splitlines() if re.match("[|] .+镇", line)] == [
        r"| 石\|门\_镇\_ | 1 | 1 |", r"| \[东\]\`湖\`镇\<b\> | 1 | 1 |", r"| 南\\\|湾\~镇 | 1 | 1 |"
    ]  # fmt: skip


def test_promises_carry_the_words_and_departments_of_the_plan() -> None:
    answered = board(live(), ask(live(), history().last_known_day, None, date(2025, 8, 31)))
    found = {(each.target.row, each.target.clause): each for each in promises(answered, PLAN, Naming(PLAN, live().release))}
    times = found[("trained", "person_times", None), "四(二)"]
    assert (times.name, times.window, times.department) == ("创业培训人数（人次）", "全年", "就业服务局")
    assert found[("created_share", "default", None), "二(五)"].window == "两年"
    assert found[("rehearsals", "default", None), "五(三)"].window == "模拟考评期"


@pytest.mark.parametrize(("county", "facts"), [(example_county(), 600), (second_county(), 400)])
def test_both_engines_give_the_same_bytes(county: County, facts: int) -> None:
    recorded = check_history(in_order(simulated(7, facts, county)), county.code)
    last, year = recorded.last_known_day, county.plan.year
    town = next(unit.code for unit in county.roster if unit.kind == "township")
    folded, relational = recompute(recorded, county.plan, "live"), recompute(recorded, county.plan, "duckdb")
    for as_of, known in ((date(year, 9, 30), date(year, 10, 8)), (date(year, 12, 31), last)):
        here, there = folded(known), relational(known)
        for unit in (None, town):
            question = ask(here, last, unit, as_of, known)
            found = bulletin(here, question, county.plan_digest)
            again = bulletin(there, question, county.plan_digest)
            assert (answer_bytes(found), bulletin_bytes(found)) == (answer_bytes(again), bulletin_bytes(again))
            assert is_bulletin(bulletin_bytes(found))
            assert (found.positions, found.plan.digest) == (recorded.positions, county.plan_digest)
            assert found.plan.digest in found.text
            assert found.definitions in found.text


def test_a_unit_to_which_nothing_was_split_and_figures_being_rebuilt_are_not_reported_on() -> None:
    last = history().last_known_day
    with pytest.raises(BadQuestionError, match="nothing to report on") as refused:
        text(VILLAGE, date(2025, 8, 31))
    assert refused.value.code == "nothing_promised"
    with pytest.raises(BadQuestionError, match="derived anew"):
        bulletin(replace(live(), unbuilt=frozenset({"any"})), ask(live(), last), example_county().plan_digest)
