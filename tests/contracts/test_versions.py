"""A type in two versions: both are reported and read, as facts of the newest; what was published stays."""

from copy import deepcopy
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, StringConstraints, ValidationError, model_validator

from shared.contracts import FACTS, UnknownFactTypeError, parse_fact, read_fact
from shared.contracts.base import Category, Fact, Names, told_otherwise, wire_types
from shared.contracts.common import DayClosed, common_type, read_common
from shared.contracts.published import changed, main, problems, published_now
from shared.contracts.reference import Event, events, events_page, schema_of
from shared.contracts.training import GuidanceGiven
from shared.contracts.versions import Dropped, Earlier, Given, Renamed, Reworded, Step, upcast
from shared.write_app.messages import types_of
from tests.support.versions import STEPS, GuidanceGivenV1, declare_the_earlier_one_alone, declare_two_versions

EARLIER: dict[str, Any] = dict(GuidanceGivenV1.example)
TYPE = GuidanceGiven.type


@pytest.fixture
def two_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_two_versions(monkeypatch)


def test_a_payload_goes_through_its_steps_in_their_order() -> None:
    steps = (Renamed("a", "b"), Reworded("b", (("x", "y"),)), Given("c", 1), Dropped("d"))
    assert upcast({"a": "x", "d": 2, "e": 3}, steps) == {"b": "y", "c": 1, "e": 3}
    assert upcast({"a": "z"}, steps) == {"b": "z", "c": 1}
    assert upcast({}, steps) == {"c": 1}
    assert upcast({"b": ["y", "x", "z"], "c": 1}, (Reworded("b", (("x", "w"),)), Reworded("c", (("1", "2"),)))) == {
        "b": ["y", "w", "z"],
        "c": 1,
    }


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_the_versions_of_every_type_are_declared_one_by_one(fact: type[Fact]) -> None:
    shapes = [earlier.shape for earlier in fact.earlier]
    assert [shape.version for shape in shapes if issubclass(shape, Fact) and shape.type == fact.type] == list(range(1, fact.version))
    assert len(shapes) == fact.version - 1 == len(wire_types(fact)) - 1


class SameKeyV1(GuidanceGiven):
    """Guidance as it is told today, before there was another version of it."""

    version = 1


@pytest.mark.parametrize(("shape", "steps", "otherwise"), [
    (SameKeyV1, (), False),
    (SameKeyV1, (Renamed("by", "programme"), Reworded("programme", (("a", "ybc"),)), Given("categories", ""), Dropped("note")), False),
    (SameKeyV1, (Reworded("guidance_kind", (("legal", "law"),)),), True),
    (SameKeyV1, (Given("guidance_kind", "law"),), True),
    (SameKeyV1, (Renamed("topic", "guidance_kind"),), True),
    (SameKeyV1, (Renamed("person", "adviser"), Renamed("client", "person")), True),
    (SameKeyV1, (Dropped("person"),), True),
    (GuidanceGivenV1, (), True),
])  # fmt: skip
def test_a_fact_may_be_told_under_another_key_only_where_the_key_itself_was_written_otherwise(
    shape: type[Fact], steps: tuple[Step, ...], otherwise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not told_otherwise(GuidanceGiven), "a type of one version"
    monkeypatch.setattr(GuidanceGiven, "earlier", (Earlier(shape, steps),))
    assert told_otherwise(GuidanceGiven) is otherwise


@pytest.mark.usefixtures("two_versions")
def test_both_versions_are_read_as_facts_of_the_newest() -> None:
    newest = GuidanceGiven.model_validate(
        {"unit": EARLIER["unit"], "person": EARLIER["person"], "guidance_kind": "law", "programme": "ybc"}
    )
    assert parse_fact(TYPE, 1, EARLIER) == read_fact(TYPE, 1, EARLIER) == newest
    assert parse_fact(TYPE, 2, newest.model_dump(mode="json")) == newest


def test_what_an_earlier_version_leaves_out_stands_for_what_it_stood_for_then(monkeypatch: pytest.MonkeyPatch) -> None:
    class Defaulted(GuidanceGivenV1):
        scheme: Literal["ybc-1", "none"] = "ybc-1"

    declare_two_versions(monkeypatch)
    steps = (*STEPS[:3], Renamed("scheme", "programme"), Reworded("programme", (("ybc-1", "ybc"),)))
    monkeypatch.setattr(GuidanceGiven, "earlier", (Earlier(Defaulted, steps),))
    fact = parse_fact(TYPE, 1, EARLIER)
    assert isinstance(fact, GuidanceGiven)
    assert fact.programme == "ybc"


@pytest.mark.usefixtures("two_versions")
def test_what_is_reported_in_an_earlier_version_is_held_to_that_versions_contract() -> None:
    for data, where in (({**EARLIER, "topic": "law"}, "topic"), ({**EARLIER, "guidance_kind": "law"}, "guidance_kind")):
        with pytest.raises(ValidationError, match=where):
            parse_fact(TYPE, 1, data)
    with pytest.raises(UnknownFactTypeError, match=r"training\.guidance_given\.v3"):
        parse_fact(TYPE, 3, EARLIER)


@pytest.mark.usefixtures("two_versions")
def test_what_a_newer_release_added_to_a_version_is_passed_over_where_it_is_recorded() -> None:
    more = {**EARLIER, "guidance_kind": "policy", "evidence": [{"document": "签到表", "pages": 3}]}
    with pytest.raises(ValidationError):
        parse_fact(TYPE, 1, more)
    read = read_fact(TYPE, 1, more)
    assert read == parse_fact(TYPE, 1, {**EARLIER, "evidence": [{"document": "签到表"}]})
    assert read_common(common_type(DayClosed, "training"), 1, {"day": "2025-03-01", "by": "timer"}) == DayClosed.model_validate(
        {"day": "2025-03-01"}
    )
    with pytest.raises(LookupError):
        read_common(common_type(DayClosed, "training"), 2, {"day": "2025-03-01"})


def test_the_reference_and_the_channels_have_both_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_two_versions(monkeypatch)
    events.cache_clear()
    try:
        page = events_page()
        assert [event.version for event in events() if event.type_name == TYPE] == [1, 2]
        assert page.count('<a id="training-guidance_given"></a>') == 1
        assert (
            "[`training.guidance_given.v1`](schemas/training.guidance_given.v1.json)，仍可报送 / may be reported still；`topic` 改称"
            in page
        )
        on_the_bus = {version: shape for type_, version, shape in types_of("training") if type_ == TYPE}
        assert (on_the_bus[1], on_the_bus[2], len(on_the_bus)) == (GuidanceGivenV1, GuidanceGiven, 2)
    finally:
        events.cache_clear()


# ── what was published ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_guidance(shape: type[Fact], version: int = 1) -> Event:
    return Event("training", TYPE, version, shape, shape.zh, shape.example)


BEFORE = published_now([of_guidance(GuidanceGivenV1)])
NAME = f"{TYPE}.v1"


def test_what_is_kept_is_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


def test_a_published_version_may_gain_what_can_be_left_out_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_the_earlier_one_alone(monkeypatch)

    class More(GuidanceGivenV1):
        minutes: int | None = None

    class Needed(GuidanceGivenV1):
        minutes: int

    class Otherwise(GuidanceGivenV1):
        natural_key = ("person", "occurred")

    class Words(GuidanceGivenV1):
        topic: str  # type: ignore[assignment]

    assert problems(BEFORE, [of_guidance(More)]) == []
    for shape, at in ((Needed, "schema/required"), (Otherwise, "natural_key"), (Words, "schema/properties/topic/enum")):
        found = problems(BEFORE, [of_guidance(shape)])
        assert any(f"{NAME} was published and its {at} cannot change any more" in problem for problem in found), found
        assert all("make the change a new version beside it" in problem for problem in found if "cannot change" in problem)


def test_whatever_tells_facts_of_a_published_version_apart_or_holds_them_to_more_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One change each: a bound, a pattern, what a field names, its check and what that is made for, and the rules of the type."""
    declare_the_earlier_one_alone(monkeypatch)

    class Longer(GuidanceGivenV1):
        counsellor: Annotated[str, StringConstraints(min_length=1, max_length=30)]

    class Spelled(GuidanceGivenV1):
        counsellor: Annotated[str, StringConstraints(min_length=1, max_length=20, pattern="^第")]

    class Named(GuidanceGivenV1):
        person: Annotated[str, StringConstraints(pattern=r"^P[0-9A-HJKMNP-TV-Z]{16}$"), Names("entity")]

    class Unheld(GuidanceGivenV1):
        categories: tuple[Category, ...] = Field((), max_length=11)

    class Anywhere(GuidanceGivenV1):
        park: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")] | None = None

    class Odd(GuidanceGivenV1):
        @model_validator(mode="after")
        def _odd(self) -> Self:
            return self

    class Supersedes(GuidanceGivenV1):
        repeat = "supersedes"

    class Subject(GuidanceGivenV1):
        about = "counsellor"

    for shape, places in (
        (Longer, ["schema/properties/counsellor/maxLength"]),
        (Spelled, ["schema/properties/counsellor/pattern"]),
        (Named, ["checks/person"]),
        (Unheld, ["checks/categories"]),
        (Anywhere, ["checks/park"]),
        (Odd, ["checks/*"]),
        (Supersedes, ["repeat"]),
        (Subject, ["about"]),
    ):
        now = published_now([of_guidance(shape)])
        assert list(changed(BEFORE[NAME], now[NAME])) == places
        found = [problem for problem in problems(BEFORE, [of_guidance(shape)]) if "cannot change" in problem]
        assert len(found) == 1
        assert f"{NAME} was published and its {places[0]} cannot change any more" in found[0]


@pytest.mark.usefixtures("two_versions")
def test_a_published_version_must_have_a_way_to_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [of_guidance(GuidanceGivenV1), of_guidance(GuidanceGiven, 2)]
    assert problems(BEFORE, both) == []
    assert [f"{NAME} was published and no contract reads it" in each for each in problems(BEFORE, both[1:])] == [True]
    monkeypatch.setattr(GuidanceGiven, "earlier", (GuidanceGiven.earlier[0].__class__(GuidanceGivenV1, ()),))
    assert [f"{NAME} does not read as the newest version" in each for each in problems(BEFORE, both)] == [True]


def test_what_may_be_left_out_of_a_published_version_must_have_a_way_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Optional(GuidanceGivenV1):
        topic: Literal["policy", "legal", "finance"] | None = None  # type: ignore[assignment]

    declare_two_versions(monkeypatch)
    monkeypatch.setattr(GuidanceGiven, "earlier", (Earlier(Optional, STEPS),))
    (problem,) = problems({}, [of_guidance(Optional), of_guidance(GuidanceGiven, 2)])
    assert (f"{NAME} does not read as the newest version" in problem, "guidance_kind" in problem) == (True, True), problem


def test_how_a_published_version_reads_as_the_next_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    declare_two_versions(monkeypatch)
    both = [of_guidance(GuidanceGivenV1), of_guidance(GuidanceGiven, 2)]
    before = published_now(both)
    assert problems(BEFORE, both) == problems(before, both) == [], "a version that was the newest gets steps once there is another"
    other = (Renamed("topic", "guidance_kind"), Reworded("guidance_kind", (("legal", "finance"),)), *STEPS[2:])
    monkeypatch.setattr(GuidanceGiven, "earlier", (Earlier(GuidanceGivenV1, other),))
    assert ["its steps cannot change" in each for each in problems(before, both)] == [True]


def test_a_change_within_what_fields_are_made_of_is_found() -> None:
    schema = schema_of(next(event for event in events() if event.type_name == "registry.entity_registered"))
    other = deepcopy(schema)
    other["$defs"]["Founder"]["properties"]["person"]["pattern"] = "^Q"
    assert list(changed(schema, other)) == ["$defs/Founder/properties/person/pattern"]
    other = deepcopy(schema)
    other["$defs"]["Founder"]["properties"]["share"] = {"type": "integer"}
    assert list(changed(schema, other)) == []


def test_what_is_new_is_to_be_kept(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "published.json"
    assert main(["--check", "--file", str(file)]) == 1
    assert "is not kept yet" in capsys.readouterr().err
    assert (main(["--file", str(file)]), main(["--check", "--file", str(file)])) == (0, 0)
    file.write_text(file.read_text().replace('"opens": true', '"opens": false', 1))
    kept = file.read_bytes()
    assert main(["--file", str(file)]) == 1
    assert (file.read_bytes(), "its opens cannot change" in capsys.readouterr().err) == (kept, True)
