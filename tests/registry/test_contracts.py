"""The registry's contracts: what a payload may and may not hold, apart from any history."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.base import about_of, natural_key_of
from shared.contracts.registry import (
    REGISTRY_FACTS,
    AssociationMemberJoined,
    BenchmarkPublished,
    CommendationIssued,
    DutyAccepted,
    EntityMoved,
    EntityRegistered,
    Founder,
    ResponsibilityLetterSigned,
    StaffReported,
    StatisticPublished,
    UnitDesignated,
    UnitListed,
)

ENTITY, ANN, BO = "91330127MA2B1C0D18", "P0123456789ABCDEG", "P0123456789ABCDEH"
NEEDS_NO_OPENING = {"person", "statistic", "benchmark", "duty", "checklist_item", "occasion"}


def test_each_kind_of_thing_has_one_beginning_or_needs_none() -> None:
    openers: dict[str, list[str]] = {}
    for fact in REGISTRY_FACTS:
        kind = about_of(fact.model_validate(fact.example)).partition(":")[0]
        openers.setdefault(kind, []).extend([fact.type] if fact.opens else [])
    assert {kind for kind, types in openers.items() if not types} == NEEDS_NO_OPENING
    assert all(len(types) == 1 for kind, types in openers.items() if kind not in NEEDS_NO_OPENING)


def registration(**changes: Any) -> EntityRegistered:
    return EntityRegistered.model_validate({**EntityRegistered.example, **changes})


def test_founders_and_categories_are_sets() -> None:
    founders = [{"person": BO, "categories": ["youth", "graduate", "youth"]}, {"person": ANN}]
    assert registration(founders=founders).founders == (Founder(person=ANN), Founder(person=BO, categories=("graduate", "youth")))
    with pytest.raises(ValidationError, match="创业者重复"):
        registration(founders=[{"person": ANN}, {"person": ANN, "categories": ["woman"]}])


def test_persons_on_a_list_of_staff_are_a_set() -> None:
    assert StaffReported(entity=ENTITY, employees=2, persons=(BO, ANN)).persons == (ANN, BO)
    with pytest.raises(ValidationError, match="人员重复"):
        StaffReported(entity=ENTITY, employees=2, persons=(ANN, ANN))


@pytest.mark.parametrize("code", ["91330127MA2B1C0D19", "91330127MA2B1C0D1", "9133012700012345", "91330127ma2b1c0d18"])
def test_a_wrong_code_is_unreadable(code: str) -> None:
    with pytest.raises(ValidationError, match="entity"):
        registration(entity=code)


@pytest.mark.parametrize("code", ["91330127MA2B1C0D18", "N2330127MF12345672", "330127600012345"])
def test_rural_collectives_and_older_numbers_are_codes_too(code: str) -> None:
    assert registration(entity=code).entity == code


def test_a_registration_says_where() -> None:
    with pytest.raises(ValidationError, match="必须填写单位或园区"):
        registration(unit=None, park=None)


@pytest.mark.parametrize("where", [{}, {"unit": "330127102000", "out_of_county": True}])
def test_a_move_leads_to_one_place_or_away(where: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="迁入"):
        EntityMoved.model_validate({"entity": ENTITY, **where})


def test_a_fact_about_a_unit_names_no_second_place() -> None:
    with pytest.raises(ValidationError, match="code"):
        UnitDesignated(code="330127101205", unit="330127101205")


@pytest.mark.parametrize("code", ["330127101999", "330127000101", "33012710120", "３３０１２７１０１２０５"])
def test_a_code_that_no_unit_can_have_is_unreadable(code: str) -> None:
    with pytest.raises(ValidationError, match="code"):
        UnitListed(code=code, name="某地")


@pytest.mark.parametrize("party", [{}, {"unit": "330127100000", "department": "finance"}, {"unit": "330127100000", "park": "330127401000"}])
def test_a_duty_is_owed_by_exactly_one(party: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="责任主体"):
        DutyAccepted.model_validate({"duty": "D-1", **party})


@pytest.mark.parametrize("member", [{}, {"person": ANN, "entity": ENTITY}])
def test_a_member_is_one_person_or_one_entity(member: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="会员"):
        AssociationMemberJoined.model_validate({"association": "XH-03", **member})


def test_a_letter_and_a_commendation_are_someones() -> None:
    with pytest.raises(ValidationError, match="责任单位"):
        ResponsibilityLetterSigned(unit="330127000000", letter="ZR-1")
    with pytest.raises(ValidationError, match="所涉单位"):
        CommendationIssued(unit="330127000000", occasion="BZ-1", reason="任务提前完成")


@pytest.mark.parametrize("place", [{}, {"unit": "330127100000", "park": "330127401000"}])
def test_a_statistic_is_of_one_place(place: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="单位"):
        StatisticPublished.model_validate({**StatisticPublished.example, "unit": None, **place})


def test_statistics_of_two_places_are_two_facts() -> None:
    county = StatisticPublished.model_validate(StatisticPublished.example)
    park = StatisticPublished.model_validate({**StatisticPublished.example, "unit": None, "park": "330127401000"})
    assert natural_key_of(county, date(2010, 4, 8)) != natural_key_of(park, date(2010, 4, 8))
    assert natural_key_of(county, date(2010, 4, 8)) == natural_key_of(county, date(2010, 5, 8))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0.1234567"])
def test_a_benchmark_is_an_exact_decimal(value: str) -> None:
    with pytest.raises(ValidationError, match="value"):
        BenchmarkPublished.model_validate({**BenchmarkPublished.example, "value": value})
