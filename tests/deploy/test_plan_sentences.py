"""Every sentence of the example county's plan has something that answers for it, or a reason why nothing has to."""

import pytest

from deploy.indicators_page import COUNTY_FOLDER
from deploy.plan_page import answered_sentences, plan_page
from deploy.plan_sentences import Noted, Quote, answer, names_of, noted_in, places_of, quotes_of, sentences_of
from services.indicators.catalog import CATALOG
from services.indicators.evaluation.county import load_county

SENTENCES = sentences_of((COUNTY_FOLDER / "plan.txt").read_text("utf-8"))
NOTED = noted_in((COUNTY_FOLDER / "sentences.toml").read_text("utf-8"))
PLAN = load_county(COUNTY_FOLDER).plan

SMALL = """特制定如下方案：
二、工作目标
具体目标为：
（一）指数：到年底，指数达到20%。培训500人；指导1000人。
以上指标，要求达到全国平均水平。
三、工作任务
（一）建立体系。
1.成立机构。各乡镇建立机构。
（二）完善政策。
放宽准入。
"""


def test_every_sentence_is_answered_for() -> None:
    assert [each.sentence for each in answered_sentences() if each.is_open] == []


def test_every_quote_stands_in_the_clause_it_names() -> None:
    assert [quote for quote in quotes_of(CATALOG, PLAN) if not places_of(SENTENCES, quote.clause, quote.text)] == []


def test_what_is_noted_names_what_exists_and_says_either_by_what_or_why_not() -> None:
    names = set(names_of(CATALOG, PLAN))
    assert [name for noted in NOTED for name in noted.by if name not in names] == []
    assert [noted for noted in NOTED if bool(noted.by) == bool(noted.why)] == []
    assert [noted for noted in NOTED if noted.why and " / " not in noted.why] == []


def test_only_what_nobody_quotes_is_noted() -> None:
    not_quoted = {each.sentence for each in answer(SENTENCES, quotes_of(CATALOG, PLAN), ()) if each.is_open}
    noted_of = {noted: {place.sentence for place in places_of(SENTENCES, noted.clause, noted.quote)} for noted in NOTED}
    assert [noted for noted, sentences in noted_of.items() if not sentences & not_quoted] == []


def test_sentences_know_their_clause_and_headings_are_told_from_what_they_head() -> None:
    found = [(each.clause, each.text, each.heading) for each in sentences_of(SMALL)]
    assert found == [
        ("序", "特制定如下方案：", False),
        ("二", "二、工作目标", True),
        ("二", "具体目标为：", False),
        ("二(一)", "（一）指数：到年底，指数达到20%。", False),
        ("二(一)", "培训500人；", False),
        ("二(一)", "指导1000人。", False),
        ("二(一)", "以上指标，要求达到全国平均水平。", False),
        ("三", "三、工作任务", True),
        ("三(一)", "（一）建立体系。", True),
        ("三(一)1", "1.成立机构。", True),
        ("三(一)1", "各乡镇建立机构。", False),
        ("三(二)", "（二）完善政策。", True),
        ("三(二)", "放宽准入。", False),
    ]


@pytest.mark.parametrize(
    ("clause", "quote", "places"),
    [
        ("二(一)", "培训５００人", ["培训500人；"]),  # full width
        ("二(一)", "指数达到 20%。培训500人", ["（一）指数：到年底，指数达到20%。", "培训500人；"]),  # over two sentences
        ("二", "指导1000人", ["指导1000人。"]),  # below the clause
        ("三", "指导1000人", []),  # of another clause
        ("二(一)", "培训600人", []),
    ],
)
def test_words_are_found_in_their_clause_whatever_their_width(clause: str, quote: str, places: list[str]) -> None:
    assert [each.sentence.text for each in places_of(sentences_of(SMALL), clause, quote)] == places


def test_a_sentence_that_nobody_answers_for_is_open_until_it_is_quoted_or_noted() -> None:
    sentences = sentences_of("一、目标\n培训500人；指导1000人；贷款500人次。")
    noted = [Noted(clause="一", quote="贷款500人次", why="不需要 / not needed")]
    found = answer(sentences, [Quote("target:trained.default", "一", "培训500人")], noted)
    assert [each.sentence.text for each in found if each.is_open] == ["指导1000人；"]


def test_a_sentence_is_open_while_a_number_in_it_stands_in_no_quote() -> None:
    sentences = sentences_of("一、目标\n1.在18个乡镇中，按照45%的比例，确定8个乡镇。")
    quote = Quote("target:campaign_townships.default", "一", "确定8个乡镇")
    (found,) = (each for each in answer(sentences, [quote], ()) if not each.sentence.heading)
    assert (found.open_numbers, found.is_open) == (("18", "45"), True)
    for noted in (
        Noted(clause="一", quote="18个乡镇中，按照45%的比例", by=("indicator:campaign_townships",)),
        Noted(clause="一", quote="比例", why="…"),
    ):
        assert not any(each.is_open for each in answer(sentences, [quote], [noted]))


def test_the_page_shows_every_sentence_once_with_links_to_the_indicators() -> None:
    page = plan_page()
    assert page.count("\n| ") == len(SENTENCES) + 1
    assert all(sentence.text in page for sentence in SENTENCES)
    (index,) = (line for line in page.splitlines() if "到年底，全县全员创业活动指数达到20%" in line)
    place = "(indicators.md#activity_index)"
    assert index.endswith(f"| 指标 indicator [`activity_index`]{place}<br>目标 target [`activity_index.default`]{place} |")
