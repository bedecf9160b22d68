"""The reference page of the indicators: complete, its links lead somewhere, its numbers read as people write them."""

import re
from pathlib import Path

import pytest

from deploy.indicators_page import COUNTY_FOLDER, brief, indicators_page, linked, shown
from deploy.worked_examples import EXAMPLES
from deploy.worked_examples.facts import founds, replies, then
from services.indicators.catalog import CATALOG, MEASURES, indicator, measures_in
from services.indicators.evaluation.county import load_county
from services.indicators.figures import UnitOfMeasure
from services.indicators.formula_words import formula, measure_words
from services.indicators.measures.kinds import selections
from services.indicators.words import OPERATORS

PAGE = indicators_page()
EVENTS = (Path(__file__).parents[2] / "deploy" / "reference" / "events.md").read_text("utf-8")
SECTIONS = dict(zip([each.id for each in CATALOG], PAGE.split("\n## ")[1:-1], strict=True))


def test_every_indicator_has_a_section_with_its_names_sentence_variants_and_measures() -> None:
    for each in CATALOG:
        section = SECTIONS[each.id]
        assert section.startswith(f'<a id="{each.id}"></a>`{each.id}` {each.zh} · {each.en}\n')
        assert f"> {each.clause} “{each.quote}”" in section
        for variant in each.variants:
            assert re.search(rf"^\| `{variant.name}` \| [^|]*[\u4e00-\u9fff]", section, re.MULTILINE), (each.id, variant.name)
        for measure in measures_in(each):
            assert f"\n- `{measure.name}`：{measure_words(measure, linked)}" in section


def test_every_section_shows_all_of_its_worked_examples() -> None:
    for example in EXAMPLES:
        section = SECTIONS[example.indicator]
        assert all(brief(given).replace("|", "\\|") in section for given in example.given)
        assert section.count("手算例 worked example") == sum(each.indicator == example.indicator for each in EXAMPLES)


def test_every_row_of_an_example_says_which_part_on_which_day_at_which_unit() -> None:
    assert "| `by_department` `rsj` | 2025-12-31 | 县 | 1 ÷ 2 = 50.0% |" in SECTIONS["duties"]
    assert r"| `default` `passed\|start_up\|none\|woman` | 2025-12-31 | 县 | 1 人次 |" in SECTIONS["trainings"]
    assert "| `by_township` `乙乡` | 2025-12-31 | 县 | 1 个 | A2 |" in SECTIONS["associations"]
    assert "| `urban` | 2025-12-31 | 县 | 3 ÷ 20 = 15.0% | P2 P4 P5；另有 1 项不能计入" in SECTIONS["activity_index"]


def test_every_target_of_the_example_county_stands_in_its_section() -> None:
    plan = load_county(COUNTY_FOLDER).plan
    for target in plan.targets:
        clause, quote = re.escape(target.clause), re.escape(target.quote)
        row = rf"\| `{target.variant}`[^|]*\| {OPERATORS[target.op]} [^|]*\| {clause} \| {quote} \|"
        assert re.search(row, SECTIONS[target.indicator]), target
    assert "| `default` | ≥ 24 个，限 2025-03-15 前 / by that day | 六(一) |" in SECTIONS["plans_submitted"]
    assert "| `default` | ≥ 1000000.00 元/yuan | 四(八) | 筹集100万元作为高校毕业生创业基金 |" in SECTIONS["graduate_fund"]


def test_every_link_leads_to_a_place_that_exists() -> None:
    places, events = (set(re.findall(r'<a id="([^"]+)">', text)) for text in (PAGE, EVENTS))
    links = re.findall(r"\]\(([^)#]*)#([^)]+)\)", PAGE)
    assert len(links) > len(MEASURES)
    assert {(page, place) for page, place in links if place not in (events if page else places)} == set()
    assert {page for page, _ in links} == {"", "events.md"}


def test_a_measure_is_told_by_all_it_selects() -> None:
    for measure in MEASURES.values():
        words = measure_words(measure, linked)
        for select in selections(measure):
            assert f"[{select.relation}](#rows-{select.relation})" in words
            assert all(f"{predicate.field} " in words for predicate in select.where)


def test_a_formula_says_how_its_measures_are_combined() -> None:
    shares = {variant.name: formula(variant.figure) for variant in indicator("job_multiplier").variants}
    assert shares["default"] == "(`jobs.helped` + `head_counts.helped`) ÷ `successful_starts`"
    assert shares["per_entity"] == "(`jobs` + `head_counts`) ÷ `new_entities`"


@pytest.mark.parametrize(
    ("is_", "unit", "words"),
    [
        ("2/3", "ratio", "2 ÷ 3 = 66.7%"),
        ("6/1", "ratio", "6 ÷ 1 = 6"),
        ("8/3", "ratio", "8 ÷ 3 = 2.67"),
        ("3/2", "entities", "3 ÷ 2 = 1.50 家"),
        ("5", "jobs", "5 个"),
        ("90000", "fen", "900.00 元/yuan"),
        ("4/?", "ratio", "4 ÷ 未公布 / not published → 无 / none"),
        ("0/0", "ratio", "0 ÷ 0 → 无 / none"),
        ("", "ratio", "无 / none yet"),
    ],
)
def test_an_answer_reads_as_people_write_it(is_: str, unit: UnitOfMeasure, words: str) -> None:
    assert shown(then("default", is_), unit) == words


def test_a_fact_is_told_in_short() -> None:
    told = brief(founds("2025-01-01", 12, 1, 2, cost_yuan=300))
    assert told == "unit 甲村，entity E12，entity_kind enterprise，founders P1 P2，start_up_cost_fen 30000"
    assert brief(replies("2025-01-01", "S1", 1, None, ("小额贷款", 4), overall=5)).endswith("scores overall 5 service 小额贷款 4")
