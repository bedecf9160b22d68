"""Every variant and every relation is explained in Chinese."""

import re

import pytest

from services.indicators.catalog import CATALOG
from services.indicators.figures import Indicator
from services.indicators.meanings import RELATION_MEANINGS_ZH, VARIANT_MEANINGS_ZH, relation_words, variant_zh
from services.indicators.relations import RELATIONS

CHINESE = re.compile(r"[\u4e00-\u9fff0-9 ÷%：；，、（）()]+")
"""Chinese words, and what stands between them: no other letters."""


def test_what_is_explained_is_what_there_is() -> None:
    assert {id: list(meanings) for id, meanings in VARIANT_MEANINGS_ZH.items()} == {
        each.id: [variant.name for variant in each.variants] for each in CATALOG
    }
    assert list(RELATION_MEANINGS_ZH) == list(RELATIONS)


@pytest.mark.parametrize("indicator", CATALOG, ids=lambda each: each.id)
def test_every_variant_is_explained_in_chinese_each_otherwise(indicator: Indicator) -> None:
    meanings = [variant_zh(indicator, variant) for variant in indicator.variants]
    assert all(CHINESE.fullmatch(meaning) for meaning in meanings), meanings
    assert len(set(meanings)) == len(meanings)


@pytest.mark.parametrize("name", RELATIONS)
def test_every_relation_is_explained_in_chinese_and_then_in_english(name: str) -> None:
    zh, _, en = relation_words(name).partition(" / ")
    assert CHINESE.fullmatch(zh), zh
    assert en
    assert en.isascii()
