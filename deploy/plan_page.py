"""The reference page of the example county's plan: every sentence and what answers for it."""

from collections.abc import Iterator
from functools import cache
from typing import Final

from deploy.indicators_page import COUNTY_FOLDER
from deploy.plan_sentences import PREAMBLE, Answered, answer, noted_in, quotes_of, sentences_of
from services.indicators.catalog import CATALOG
from services.indicators.evaluation.county import load_county

PLAN_TEXT: Final = "plan.txt"
NOTES: Final = "sentences.toml"
INTRODUCTION_ZH: Final = (
    "示例县方案的每一句、每个数由什么落实：引用它的指标、目标、任务；其余写在 `deploy/counties/example/sentences.toml`，"
    "注明由什么落实，或为什么不需要。没有着落的句子和数字通不过测试。"
)
INTRODUCTION_EN: Final = (
    "What answers for every sentence, and every number, of the example county's plan: the indicators, targets and duties that quote it; "
    "for the others `deploy/counties/example/sentences.toml` says what does, or why nothing has to. What has neither fails a test."
)
KINDS: Final = {"indicator": "指标", "target": "目标", "duty": "任务", "phase": "阶段", "window": "窗口"}


@cache
def answered_sentences() -> tuple[Answered, ...]:
    """Every sentence of the example county's plan with what answers for it."""
    quotes = quotes_of(CATALOG, load_county(COUNTY_FOLDER).plan)
    text, notes = ((COUNTY_FOLDER / name).read_text("utf-8") for name in (PLAN_TEXT, NOTES))
    return answer(sentences_of(text), quotes, noted_in(notes))


def plan_page() -> str:
    """The plan as a table, clause by clause."""
    lines = [
        "# 方案逐句 The plan, sentence by sentence", "",
        "由代码生成，请勿手改 / Generated from the code: `python -m deploy.reference_pages`.", "", INTRODUCTION_ZH, INTRODUCTION_EN, "",
        "| 条款 clause | 原文 sentence | 由此落实 answered by |", "|---|---|---|", *map(_row, answered_sentences()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _row(answered: Answered) -> str:
    sentence = answered.sentence
    heading = sentence.heading and not answered.quotes and not answered.noted
    text = f"**{sentence.text}**" if heading else sentence.text
    clause = "" if sentence.clause == PREAMBLE else sentence.clause
    return f"| {clause} | {text} | {'<br>'.join(_answers(answered))} |"


def _answers(answered: Answered) -> Iterator[str]:
    names = [quote.name for quote in answered.quotes] + [name for noted in answered.noted for name in noted.by]
    yield from (_name(name) for name in dict.fromkeys(names))
    yield from (noted.why for noted in answered.noted if noted.why)


def _name(name: str) -> str:
    kind, _, own = name.partition(":")
    words = f"[`{own}`](indicators.md#{own.partition('.')[0]})" if kind in ("indicator", "target") else f"`{own}`"
    return f"{KINDS[kind]} {kind} {words}"
