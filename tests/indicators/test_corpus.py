"""No measure posts anything else for the frozen histories unless its definition says so: a running system would never notice."""

import pytest

from services.indicators.catalog import MEASURES
from tests.indicators.corpus import Frozen, Histories, changed, computed, read_histories, read_measures, stale
from tests.indicators.corpus.__main__ import scenes_of
from tests.indicators.histories import SCENES

ANEW = "then run `python -m tests.indicators.corpus`"


@pytest.fixture(scope="module")
def frozen() -> dict[str, Frozen]:
    return read_measures()


@pytest.fixture(scope="module")
def histories() -> Histories:
    return read_histories()


@pytest.fixture(scope="module")
def now(histories: Histories) -> dict[str, Frozen]:
    return computed(histories)


def test_what_a_measure_posts_changes_only_with_its_definition(frozen: dict[str, Frozen], now: dict[str, Frozen]) -> None:
    assert not changed(frozen, now), f"raise the revision of the relation or kind of these, {ANEW}"


def test_the_corpus_holds_every_measure_as_it_is_defined(frozen: dict[str, Frozen], now: dict[str, Frozen]) -> None:
    assert not stale(frozen, now), f"these are new, gone or defined otherwise: see that the change is meant, {ANEW}"


def test_every_scene_of_small_histories_is_in_the_corpus(histories: Histories) -> None:
    assert scenes_of(histories) == set(SCENES), ANEW


def test_every_measure_posts_something_somewhere(histories: Histories, now: dict[str, Frozen]) -> None:
    nothing = computed({})[next(iter(MEASURES))].entries
    assert [name for name, each in now.items() if each.entries == nothing] == []


def test_other_entries_under_the_same_definition_are_told_apart_from_another_definition() -> None:
    frozen = {"a": Frozen("1", "x"), "b": Frozen("1", "x"), "gone": Frozen("1", "x")}
    now = {"a": Frozen("1", "y"), "b": Frozen("2", "y"), "new": Frozen("1", "x")}
    assert changed(frozen, now) == ["a"]
    assert stale(frozen, now) == ["b", "gone", "new"]
