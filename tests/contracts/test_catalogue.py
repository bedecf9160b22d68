"""The catalogue: every declaration of every fact holds, and what is generic over facts finds what it should."""

import re
from datetime import date
from typing import get_args

import pytest
from pydantic import ValidationError

from shared import contracts
from shared.contracts import FACTS, FINANCE_FACTS, REGISTRY_FACTS, TRAINING_FACTS, UnknownFactTypeError, fact_class, parse_fact
from shared.contracts.base import SERVICES, Fact, Placed, about_of, names_of, natural_key_of, service_of, shape_in
from shared.contracts.common import COMMON_FACTS, DayClosed, common_class, common_type, day_closed_id, system_source
from shared.contracts.envelope import TYPE_PATTERN, Source, parse_record, report_bytes

DAY = date(2010, 5, 20)
every_fact = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)


def example(fact: type[Fact]) -> Fact:
    return parse_fact(fact.type, fact.version, fact.example)


@every_fact
def test_a_type_is_its_service_and_the_name_of_its_class(fact: type[Fact]) -> None:
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", fact.__name__).lower()
    assert fact.type == f"{service_of(fact)}.{snake}"
    assert TYPE_PATTERN.match(f"{fact.type}.v{fact.version}")


@every_fact
def test_the_catalogue_finds_the_class_and_the_example_is_valid(fact: type[Fact]) -> None:
    assert fact_class(fact.type, fact.version) is fact
    assert type(example(fact)) is fact


@every_fact
def test_the_declared_fields_exist(fact: type[Fact]) -> None:
    assert fact.about in fact.model_fields
    assert fact.natural_key
    assert set(fact.natural_key) <= {*fact.model_fields, "occurred"}
    assert len(set(fact.natural_key)) == len(fact.natural_key)
    assert fact.repeat in ("confirms", "supersedes")


@every_fact
def test_the_thing_a_fact_is_about_is_required_and_among_what_it_names(fact: type[Fact]) -> None:
    assert fact.model_fields[fact.about].is_required()
    assert about_of(example(fact)) in names_of(example(fact))


@every_fact
def test_the_natural_key_of_an_opening_fact_is_the_thing_it_opens(fact: type[Fact]) -> None:
    """Otherwise one thing could be opened twice by two facts that nobody compares."""
    if fact.opens:
        assert fact.natural_key == (fact.about,)
        assert fact.repeat == "confirms"


@every_fact
def test_an_unknown_field_is_refused(fact: type[Fact]) -> None:
    with pytest.raises(ValidationError, match="cow"):
        parse_fact(fact.type, fact.version, {**fact.example, "cow": 1})


@pytest.mark.parametrize("fact", [fact for fact in FACTS if issubclass(fact, Placed)], ids=lambda fact: fact.type)
def test_a_placed_fact_needs_a_unit_or_a_park(fact: type[Fact]) -> None:
    nowhere = {name: value for name, value in fact.example.items() if name not in ("unit", "park")}
    with pytest.raises(ValidationError, match="unit or park is required"):
        parse_fact(fact.type, fact.version, nowhere)


@every_fact
def test_a_fact_has_a_chinese_name_of_its_own(fact: type[Fact]) -> None:
    assert re.search(r"[\u4e00-\u9fff]", fact.zh)
    assert [one.zh for one in FACTS].count(fact.zh) == 1


def test_every_class_and_its_service_are_listed_once() -> None:
    assert len({fact.type for fact in FACTS}) == len(FACTS) == len(REGISTRY_FACTS) + len(TRAINING_FACTS) + len(FINANCE_FACTS)
    for service, facts in zip(SERVICES, (REGISTRY_FACTS, TRAINING_FACTS, FINANCE_FACTS), strict=True):
        assert {service_of(fact) for fact in facts} == {service}


def test_each_union_holds_exactly_the_listed_classes() -> None:
    """The type checker sees the union, the running program the tuple."""
    assert set(get_args(contracts.RegistryFact)) == set(REGISTRY_FACTS)
    assert set(get_args(contracts.TrainingFact)) == set(TRAINING_FACTS)
    assert set(get_args(contracts.FinanceFact)) == set(FINANCE_FACTS)


def test_no_class_of_fact_is_forgotten() -> None:
    defined = set(_subclasses(Fact))
    assert {fact for fact in defined if "type" in vars(fact)} == {
        shape_in(fact, version) for fact in FACTS for version in range(1, fact.version + 1)
    }


def _subclasses(of: type[Fact]) -> list[type[Fact]]:
    return [one for child in of.__subclasses__() for one in (child, *_subclasses(child)) if one.__module__.startswith("shared.")]


@pytest.mark.parametrize(("type_name", "version"), [("training.cow_milked", 1), ("training.course_opened", 2), ("course_opened", 1)])
def test_an_unknown_type_or_version_is_named(type_name: str, version: int) -> None:
    with pytest.raises(UnknownFactTypeError, match=re.escape(f"{type_name}.v{version}")):
        fact_class(type_name, version)


WEI, LAN = "P0123456789ABCDEF", "P0123456789ABCDEG"
SHOP = "92330127MA2KX0022K"


@pytest.mark.parametrize(
    ("type_name", "data", "names"),
    [
        (
            "registry.entity_registered",
            {
                "unit": "330127101205", "entity": SHOP, "name": "店", "entity_kind": "individual_business", "industry": "F52",
                "founders": [{"person": WEI, "categories": []}, {"person": LAN, "categories": ["woman"]}], "case": "LS-1",
            },
            {f"entity:{SHOP}", f"person:{WEI}", f"person:{LAN}", "case:LS-1"},
        ),
        ("registry.unit_merged", {"code": "330127101205", "into": "330127101206"}, {"unit:330127101205", "unit:330127101206"}),
        (
            "registry.staff_reported", {"entity": SHOP, "employees": 2, "persons": [WEI, LAN]},
            {f"entity:{SHOP}", f"person:{WEI}", f"person:{LAN}"},
        ),
        ("registry.staff_reported", {"entity": SHOP, "employees": 2}, {f"entity:{SHOP}"}),
        ("training.trainee_withdrew", {"course": "C-1", "person": WEI}, {"course:C-1", f"person:{WEI}"}),
        (
            "training.survey_answered", {"survey": "S", "respondent": WEI, "scores": [{"question": "cost", "score": 1}]},
            {"survey:S", f"person:{WEI}"},
        ),
        (
            "finance.loan_applied",
            {
                "park": "330127401000", "loan": "L", "loan_kind": "personal", "borrowers": [WEI, LAN], "entity": SHOP, "amount_fen": 1,
            },
            {"loan:L", f"person:{WEI}", f"person:{LAN}", f"entity:{SHOP}"},
        ),
        (
            "finance.subsidy_paid",
            {"unit": "330127000000", "payment": "B", "subsidy_kind": "interest", "persons": [WEI], "amount_fen": 1},
            {"occasion:B", f"person:{WEI}"},
        ),
        ("finance.credit_rating_lapsed", {"code": "330127101003"}, {"unit:330127101003"}),
    ],
)  # fmt: skip
def test_a_fact_names_everything_its_fields_name_and_no_place(type_name: str, data: dict[str, object], names: set[str]) -> None:
    assert names_of(parse_fact(type_name, 1, data)) == names


def test_a_natural_key_tells_facts_apart_by_its_fields_alone() -> None:
    first = parse_fact("training.guidance_given", 1, {"unit": "330127101003", "person": WEI, "guidance_kind": "law"})
    same = parse_fact("training.guidance_given", 1, {"unit": "330127101205", "person": WEI, "guidance_kind": "law", "programme": "ybc"})
    assert natural_key_of(first, DAY) == natural_key_of(same, DAY) == f"training.guidance_given|{WEI}|2010-05-20|law"
    assert natural_key_of(first, date(2010, 5, 21)) != natural_key_of(first, DAY)


def test_voids_corrections_and_closed_days_have_a_type_in_each_service() -> None:
    types = {common_type(shape, service): shape for shape in COMMON_FACTS for service in SERVICES}
    assert len(types) == 9
    assert types["finance.day_closed"] is DayClosed
    assert all(common_class(type_name) is shape for type_name, shape in types.items())
    assert all(TYPE_PATTERN.match(f"{type_name}.v1") for type_name in types)
    assert not set(types) & {fact.type for fact in FACTS}
    assert common_class("registry.entity_registered") is None


def test_a_closed_day_has_an_id_and_a_source_of_the_service_itself() -> None:
    assert day_closed_id(DAY) == "day-2010-05-20"
    source = system_source("330127000000", "training")
    assert str(source) == "/330127000000/kaiye/training"
    assert Source.parse(str(source)) == source


def test_a_report_is_no_record() -> None:
    raw = report_bytes(source=Source("330127000000", "hr", "oa"), id="r-1", type="registry.unit_listed", occurred=DAY, data={})
    with pytest.raises(ValueError, match="not a recorded fact"):
        parse_record(raw)
