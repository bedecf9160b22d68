"""The oracle as a whole: what it answers, and that neither arrival order nor asking matters."""

import random
from datetime import date

from tests.oracle.history import COUNTY, PARK, TOWN, VILLAGE, History
from tests.support.oracle import INDICATORS, NOT_DUE, VARIANTS, Oracle, Promised, figures

PROMISED = (Promised("documents_owed.site_rules", date(2010, 8, 31), "policy", departments=("ghj",)),)


def answers(history: History, unit: str, as_of: date = date(2010, 12, 31)) -> set[tuple[str, str]]:
    found = Oracle(history.records, promised=PROMISED).figures(unit=unit, as_of=as_of, known_at=date(2012, 12, 31), year=2010)
    return {(id, variant) for id, variant, _ in found}


def test_every_indicator_answers_with_exactly_its_declared_variants() -> None:
    history = History()
    never_split = {("environment_satisfaction", "by_group"), ("service_satisfaction", "by_service")}
    assert answers(history, COUNTY) == VARIANTS - never_split
    for unit in (TOWN, VILLAGE, PARK):
        assert answers(history, unit) < VARIANTS
        assert ("incubator_area", "each") not in answers(history, unit)
    assert len(VARIANTS) == sum(len(indicator.variants) for indicator in INDICATORS)


def test_before_the_window_nothing_is_due() -> None:
    found = figures(History().records, unit=COUNTY, as_of=date(2009, 12, 31), known_at=date(2010, 1, 31), year=2010)
    assert set(found.values()) == {NOT_DUE}


def test_the_order_in_which_records_are_given_plays_no_part() -> None:
    history = History()
    history.course()
    history.passes("2010-02-01", 1)
    history.guides("2010-02-02", 2)
    history.founds("2010-03-01", [1, 2], 1, unit=None, park=PARK)
    history.lends("2010-04-01", "L1", [1], 100)
    expected = figures(history.records, unit=COUNTY, as_of=date(2010, 12, 31), known_at=date(2010, 12, 31), year=2010)
    assert expected["successful_starts", "default", None].value == 2
    shuffled = random.Random(1).sample(history.records, len(history.records))
    oracle = Oracle(shuffled)
    for _ in range(2):
        assert oracle.figures(unit=COUNTY, as_of=date(2010, 12, 31), known_at=date(2010, 12, 31), year=2010) == expected
