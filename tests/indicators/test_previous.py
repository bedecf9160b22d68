"""Declarations as text, and which of an earlier release's can be followed still."""

from dataclasses import replace

import pytest

from services.indicators.catalog import DEFINITIONS, MEASURES, definition_of, figure_digest, indicator, with_measures
from services.indicators.measures.declarations import read, written
from services.indicators.measures.kinds import Counted, Level, Measure
from services.indicators.measures.rows import Select, where
from services.indicators.previous import followable
from services.indicators.versions import Definition, Version, Versions


def test_what_is_written_is_read_again() -> None:
    for measure in MEASURES.values():
        assert read(written(measure)) == measure
        assert definition_of(read(written(measure))) == DEFINITIONS[measure.name]


@pytest.mark.parametrize("text", ['{"kind":"Guessed","name":"a"}', '{"kind":"Counted","nom":"a"}', '{"name":"a"}', "[]", "nothing"])
def test_what_this_release_does_not_know_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


def serving(measure: Measure, *, digest: str | None = None) -> Versions:
    there = definition_of(measure)
    return Versions({7: Version(7, measure.name, digest or there.digest, "serving", declaration=there.declaration)}, 7)


TODAY = Counted("a", Select("registration"))


def follows(before: Measure, today: Measure = TODAY, *, digest: str | None = None) -> bool:
    found = followable(serving(before, digest=digest), {today.name: definition_of(today)})
    assert found in ({}, {7: before})
    return bool(found)


def test_other_rows_can_be_followed() -> None:
    assert follows(replace(TODAY, rows=Select("registration", where(entity_kind="enterprise"))))


def test_today_is_no_previous_definition() -> None:
    assert not follows(TODAY)


def test_what_figures_would_read_otherwise_cannot_be_followed() -> None:
    for before in (Level("a", TODAY.rows), replace(TODAY, part="entity_kind"), replace(TODAY, window="ever")):
        assert not follows(before)


def test_what_more_than_the_declaration_decided_cannot_be_followed() -> None:
    """Another revision of a kind, a relation or the rulings shows in the digest."""
    assert not follows(replace(TODAY, rows=Select("registration", where(entity_kind="enterprise"))), digest="0" * 64)


def test_what_is_no_measure_any_more_or_was_not_written_down_cannot_be_followed() -> None:
    before = replace(TODAY, rows=Select("registration", where(entity_kind="enterprise")))
    assert not followable(serving(before), {"b": Definition("b", written(TODAY))})
    unwritten = Versions({7: replace(serving(before).of[7], declaration=None)}, 7)
    assert not followable(unwritten, {"a": definition_of(TODAY)})


def test_a_row_by_a_previous_definition_has_the_digest_it_had() -> None:
    figure = indicator("new_enterprises").variants[0].figure
    before = replace(MEASURES["new_enterprises"], name="new_enterprises")
    assert with_measures(figure, {"new_enterprises": before}) == figure
    other = replace(MEASURES["new_individual_businesses"], name="new_enterprises")
    assert figure_digest(with_measures(figure, {"new_enterprises": other})) != figure_digest(figure)
