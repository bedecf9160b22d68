"""What becomes of versions and of a rebuild: every step from every stage."""

import pytest

from services.indicators.versions import (
    EVERY_SUBJECT,
    Definition,
    Difference,
    NothingToCancel,
    OtherDefinitions,
    RebuildUnderWay,
    Version,
    Versions,
    begun,
    cancelled,
    disagreed,
    folded,
    forgotten,
    opened,
    swept,
    switched,
)

ANEW, BEFORE = {"registry": 0}, {"registry": 7}
LATER = {"registry": 9}


def defined(*digests: str) -> dict[str, Definition]:
    return {digest[0]: Definition(digest, f"declares {digest}") for digest in digests}


A, B = defined("a1", "b1"), defined("a1", "b2")
DIFFERENCE = Difference("b", "330127000000", None, "2025-03-15", "2025-03-16", 1, 2)


def standing(versions: Versions) -> set[tuple[str, str, str]]:
    return {(each.measure, each.definition, each.state) for each in versions.of.values()}


def fresh() -> Versions:
    return opened(Versions({}), A, ANEW)


def verifying() -> Versions:
    return folded(begun(fresh(), A.keys(), A), EVERY_SUBJECT)


def test_before_the_first_record_every_measure_serves_at_once() -> None:
    assert standing(fresh()) == {("a", "a1", "serving"), ("b", "b1", "serving")}
    assert fresh().rebuild.stage == "none"
    assert opened(fresh(), A, ANEW) == opened(fresh(), A, BEFORE) == fresh()


def test_another_definition_retires_the_version_that_cannot_follow_it_and_is_built() -> None:
    found = opened(fresh(), defined("a1", "b2", "c1"), BEFORE)
    assert standing(found) == {("a", "a1", "serving"), ("b", "b1", "retired"), ("b", "b2", "building"), ("c", "c1", "building")}
    assert (found.rebuild.stage, found.rebuild.measures, found.rebuild.number) == ("folding", ("b", "c"), 1)
    assert next(found.in_state("retired")).upto == BEFORE


def test_a_previous_version_that_can_be_followed_serves_until_its_successor_does() -> None:
    found = opened(fresh(), B, BEFORE, previous={2})
    assert standing(found) == {("a", "a1", "serving"), ("b", "b1", "serving"), ("b", "b2", "building")}
    assert opened(found, B, LATER, previous={2}) == found
    found.require_fit(B, previous={2})
    after = switched(folded(found, EVERY_SUBJECT), LATER)
    assert standing(after) == {("a", "a1", "serving"), ("b", "b1", "retired"), ("b", "b2", "serving")}
    again = opened(cancelled(found), B, LATER, previous={2})
    assert [each.number for each in again.in_state("building")] == [4], "the next start begins anew"


def test_what_is_under_way_goes_on_in_the_next_process() -> None:
    for found in (folded(begun(fresh(), {"b"}, A), "entity:9"), verifying(), disagreed(verifying(), DIFFERENCE)):
        assert opened(found, A, LATER) == found


def test_what_is_under_way_by_another_definition_begins_anew() -> None:
    found = opened(folded(begun(fresh(), A.keys(), A), "entity:9"), B, LATER)
    assert standing(found) == {
        ("a", "a1", "serving"), ("a", "a1", "dropped"), ("a", "a1", "building"),
        ("b", "b1", "retired"), ("b", "b1", "dropped"), ("b", "b2", "building"),
    }  # fmt: skip
    assert (found.rebuild.number, found.rebuild.folded) == (2, "")


def test_a_rebuild_of_what_is_no_measure_any_more_ends() -> None:
    found = opened(begun(fresh(), {"b"}, A), defined("a1"), LATER)
    assert standing(found) == {("a", "a1", "serving"), ("b", "b1", "retired"), ("b", "b1", "dropped")}
    assert found.rebuild.stage == "cancelled"


def test_a_switch_replaces_what_served() -> None:
    found = switched(verifying(), LATER)
    assert standing(found) == {("a", "a1", "serving"), ("b", "b1", "serving"), ("a", "a1", "dropped"), ("b", "b1", "dropped")}
    assert {each.number for each in found.in_state("serving")} == {3, 4}
    assert standing(swept(found, [1, 2])) == standing(fresh())


def test_a_switch_retires_what_served_by_another_definition() -> None:
    building = Versions({1: Version(1, "b", "b1", "serving"), 2: Version(2, "b", "b2", "building")}, 2, verifying().rebuild)
    assert switched(building, LATER).of[1] == Version(1, "b", "b1", "retired", LATER)
    assert [each.state for each in forgotten(switched(building, LATER)).of.values()] == ["dropped", "serving"]


def test_where_the_engines_disagree_nothing_is_switched_and_another_rebuild_may_begin() -> None:
    found = disagreed(verifying(), DIFFERENCE)
    assert standing(found) == standing(verifying())
    assert found.rebuild.difference == DIFFERENCE
    again = begun(found, {"b"}, A)
    assert [each.number for each in again.in_state("building")] == [5]
    assert (again.rebuild.number, again.rebuild.difference) == (2, None)


def test_cancelling_drops_what_was_built_and_nothing_else() -> None:
    for found in (begun(fresh(), {"b"}, A), verifying(), disagreed(verifying(), DIFFERENCE)):
        gone = cancelled(found)
        assert {each for each in gone.of.values() if each.state != "dropped"} == set(fresh().of.values())
        assert gone.folded == ""
        with pytest.raises(NothingToCancel):
            cancelled(gone)


def test_only_one_rebuild_at_a_time() -> None:
    for found in (begun(fresh(), {"b"}, A), verifying()):
        with pytest.raises(RebuildUnderWay):
            begun(found, {"a"}, A)


def test_no_number_is_given_twice() -> None:
    swept_clean = swept(cancelled(begun(fresh(), {"b"}, A)), [3])
    assert [each.number for each in begun(swept_clean, {"b"}, A).in_state("building")] == [4]


def test_a_release_with_other_definitions_must_not_write() -> None:
    fresh().require_fit(A)
    for found, definitions in ((fresh(), B), (opened(fresh(), B, BEFORE), A), (fresh(), defined("a1"))):
        with pytest.raises(OtherDefinitions):
            found.require_fit(definitions)
