"""Units: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

import pytest

from services.registry.reasons import NOT_OPENED_YET, before_its_beginning, begins_after_its_end
from services.registry.rules import RULES, RegistryState
from services.registry.unit import (
    ALREADY_DESIGNATED,
    ALREADY_ENDED,
    ALREADY_LISTED,
    ALREADY_WITHDRAWN,
    COUNTY_CANNOT_END,
    COUNTY_ONLY,
    ENTERED_BEFORE,
    INTO_ANOTHER_KIND,
    INTO_ITSELF,
    NO_CAMPAIGN_FOR_COUNTY,
    NOT_DESIGNATED_YET,
    NOT_THE_COUNTY,
    End,
    ended,
)
from shared.contracts.registry import (
    CountyPlanIssued,
    LeadingBodyEstablished,
    ProgressReportSubmitted,
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitDissolved,
    UnitEnteredCampaign,
    UnitFact,
    UnitListed,
    UnitMerged,
    UnitPlanSubmitted,
    UnitRenamed,
)
from tests.support.given import Dated, Given, recorded, refused, waits_for

COUNTY, TOWNSHIP, PARK = "330127000000", "330127100000", "330127401000"
COMMUNITY, VILLAGE, NEXT_VILLAGE = "330127101003", "330127101205", "330127101206"
JANUARY, MARCH, JUNE, JULY, DECEMBER = (date(2010, month, 10) for month in (1, 3, 6, 7, 12))

ENTERED, DESIGNATED, WITHDRAWN = UnitEnteredCampaign(code=VILLAGE), UnitDesignated(code=VILLAGE), UnitDesignationWithdrawn(code=VILLAGE)
MERGED, DISSOLVED = UnitMerged(code=VILLAGE, into=NEXT_VILLAGE), UnitDissolved(code=VILLAGE)
RENAMED, REPORTED = UnitRenamed(code=VILLAGE, name="王家新村"), ProgressReportSubmitted(code=VILLAGE, period="2010-Q2")


def given(code: str, *history: Dated) -> Given[RegistryState]:
    """A unit listed in March, and then this."""
    return Given(RULES, [(UnitListed(code=code, name="某地"), MARCH), *history])


def test_a_unit_is_listed() -> None:
    assert Given(RULES).when(UnitListed(code=VILLAGE, name="王家村"), MARCH) == recorded()


def test_listing_a_unit_twice_is_refused() -> None:
    assert given(VILLAGE).when(UnitListed(code=VILLAGE, name="李家村"), JUNE) == refused(ALREADY_LISTED)


def test_listing_a_unit_after_its_end_is_refused() -> None:
    assert Given(RULES, [(DISSOLVED, MARCH)]).when(UnitListed(code=VILLAGE, name="王家村"), JUNE) == refused(begins_after_its_end(MARCH))


@pytest.mark.parametrize("fact", [RENAMED, MERGED, DISSOLVED, ENTERED, DESIGNATED, WITHDRAWN, REPORTED], ids=lambda fact: fact.type)
def test_anything_else_waits_for_the_listing(fact: UnitFact) -> None:
    assert Given(RULES).when(fact, JUNE) == waits_for(f"unit:{VILLAGE}", NOT_OPENED_YET)


@pytest.mark.parametrize("fact", [RENAMED, MERGED, DISSOLVED, ENTERED, DESIGNATED, WITHDRAWN, REPORTED], ids=lambda fact: fact.type)
def test_nothing_happens_to_a_unit_before_it_exists(fact: UnitFact) -> None:
    assert given(VILLAGE).when(fact, JANUARY) == refused(before_its_beginning(MARCH))


@pytest.mark.parametrize("fact", [RENAMED, ENTERED, DESIGNATED, REPORTED], ids=lambda fact: fact.type)
def test_after_its_last_day_a_unit_is_refused_and_its_successor_named(fact: UnitFact) -> None:
    reason = ended(End(JUNE, NEXT_VILLAGE))
    assert NEXT_VILLAGE in reason.zh
    assert NEXT_VILLAGE in reason.en
    assert given(VILLAGE, (MERGED, JUNE)).when(fact, JULY) == refused(reason)
    assert given(VILLAGE, (MERGED, JUNE)).when(fact, JUNE) == recorded()


def test_a_dissolved_unit_without_successor_says_so() -> None:
    assert given(VILLAGE, (DISSOLVED, JUNE)).when(REPORTED, JULY) == refused(ended(End(JUNE, None)))


def test_a_unit_is_merged_into_one_of_its_kind() -> None:
    assert given(VILLAGE).when(MERGED, JUNE) == recorded()


def test_a_unit_is_not_merged_into_another_kind() -> None:
    assert given(VILLAGE).when(UnitMerged(code=VILLAGE, into=COMMUNITY), JUNE) == refused(INTO_ANOTHER_KIND)


@pytest.mark.parametrize("fact", [UnitMerged(code=VILLAGE, into=VILLAGE), UnitDissolved(code=VILLAGE, successor=VILLAGE)])
def test_a_unit_cannot_succeed_itself(fact: UnitFact) -> None:
    assert given(VILLAGE).when(fact, JUNE) == refused(INTO_ITSELF)


def test_a_village_that_becomes_a_community_is_dissolved_with_it_as_successor() -> None:
    assert given(VILLAGE).when(UnitDissolved(code=VILLAGE, successor=COMMUNITY), JUNE) == recorded()


def test_a_unit_ends_only_once() -> None:
    assert given(VILLAGE, (DISSOLVED, JULY)).when(MERGED, JUNE) == refused(ALREADY_ENDED)


@pytest.mark.parametrize("fact", [UnitMerged(code=COUNTY, into="330128000000"), UnitDissolved(code=COUNTY)], ids=lambda fact: fact.type)
def test_the_county_does_not_end(fact: UnitFact) -> None:
    assert given(COUNTY).when(fact, JUNE) == refused(COUNTY_CANNOT_END)


@pytest.mark.parametrize("code", [TOWNSHIP, PARK, COMMUNITY, VILLAGE])
def test_a_unit_enters_the_campaign_and_is_designated(code: str) -> None:
    assert given(code).when(UnitEnteredCampaign(code=code), JUNE) == recorded()
    assert given(code).when(UnitDesignated(code=code), JUNE) == recorded()


@pytest.mark.parametrize("fact", [UnitEnteredCampaign(code=COUNTY), UnitDesignated(code=COUNTY)], ids=lambda fact: fact.type)
def test_the_county_itself_neither_enters_nor_is_designated(fact: UnitFact) -> None:
    assert given(COUNTY).when(fact, JUNE) == refused(NO_CAMPAIGN_FOR_COUNTY)


def test_entering_again_is_flagged() -> None:
    assert given(VILLAGE, (ENTERED, MARCH)).when(ENTERED, JUNE) == recorded(ENTERED_BEFORE)
    assert given(VILLAGE, (ENTERED, JULY)).when(ENTERED, JUNE) == recorded()


def test_designating_again_is_flagged() -> None:
    assert given(VILLAGE, (DESIGNATED, MARCH)).when(DESIGNATED, JUNE) == recorded(ALREADY_DESIGNATED)


def test_a_unit_is_designated_again_after_a_withdrawal() -> None:
    assert given(VILLAGE, (DESIGNATED, MARCH), (WITHDRAWN, JUNE)).when(DESIGNATED, DECEMBER) == recorded()


def test_a_designation_is_withdrawn() -> None:
    assert given(VILLAGE, (DESIGNATED, MARCH)).when(WITHDRAWN, JUNE) == recorded()


def test_a_withdrawal_waits_for_the_designation() -> None:
    assert given(VILLAGE).when(WITHDRAWN, JUNE) == waits_for(f"unit:{VILLAGE}", NOT_DESIGNATED_YET)
    assert given(VILLAGE, (DESIGNATED, JULY)).when(WITHDRAWN, JUNE) == waits_for(f"unit:{VILLAGE}", NOT_DESIGNATED_YET)


def test_withdrawing_twice_is_flagged() -> None:
    assert given(VILLAGE, (DESIGNATED, MARCH), (WITHDRAWN, JUNE)).when(WITHDRAWN, JULY) == recorded(ALREADY_WITHDRAWN)


def test_the_county_issues_its_plan_and_the_others_submit_theirs() -> None:
    assert given(COUNTY).when(CountyPlanIssued(code=COUNTY), JUNE) == recorded()
    assert given(TOWNSHIP).when(CountyPlanIssued(code=TOWNSHIP), JUNE) == refused(COUNTY_ONLY)
    assert given(PARK).when(UnitPlanSubmitted(code=PARK), JUNE) == recorded()
    assert given(COUNTY).when(UnitPlanSubmitted(code=COUNTY), JUNE) == refused(NOT_THE_COUNTY)


@pytest.mark.parametrize("code", [COUNTY, TOWNSHIP, PARK])
def test_a_leading_body_is_established(code: str) -> None:
    assert given(code).when(LeadingBodyEstablished(code=code), JUNE) == recorded()


def test_a_unit_is_renamed_and_reports_its_progress() -> None:
    assert given(VILLAGE).when(RENAMED, JUNE) == recorded()
    assert given(VILLAGE).when(REPORTED, JULY) == recorded()
