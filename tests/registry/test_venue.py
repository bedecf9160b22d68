"""Venues: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

import pytest

from services.registry.reasons import NOT_OPENED_YET, after_its_end, before_its_beginning, begins_after_its_end
from services.registry.rules import RULES, RegistryState
from services.registry.venue import (
    ALREADY_LEFT,
    ALREADY_OPENED,
    ALREADY_TENANT,
    BEFORE_OPENING,
    NO_AREA,
    NOT_ADMITTED_YET,
    WITHIN_ITSELF,
)
from shared.contracts.registry import TenantAdmitted, TenantLeft, VenueClosed, VenueFact, VenueOpened, VenueResized
from tests.support.given import Dated, Given, recorded, refused, waits_for

JANUARY, MARCH, JUNE, JULY, DECEMBER = (date(2010, month, 10) for month in (1, 3, 6, 7, 12))
OPENED = VenueOpened(park="330127401000", venue="FH-01", name="城东创业孵化基地", venue_kind="incubator", area_m2=1200)
RESIZED, CLOSED = VenueResized(venue="FH-01", area_m2=1500), VenueClosed(venue="FH-01")
ADMITTED, LEFT = (kind(venue="FH-01", entity="91330127MA2B1C0D18") for kind in (TenantAdmitted, TenantLeft))
FACTS: list[VenueFact] = [RESIZED, CLOSED, ADMITTED, LEFT]


def given(*history: Dated) -> Given[RegistryState]:
    """An incubator opened in March, and then this."""
    return Given(RULES, [(OPENED, MARCH), *history])


def test_a_venue_opens() -> None:
    assert Given(RULES).when(OPENED, MARCH) == recorded()
    assert Given(RULES).when(OPENED.model_copy(update={"within": "CYY-02"}), MARCH) == recorded()


def test_a_venue_does_not_lie_within_itself() -> None:
    assert Given(RULES).when(OPENED.model_copy(update={"within": "FH-01"}), MARCH) == refused(WITHIN_ITSELF)


def test_a_venue_without_area_is_flagged_except_an_internship_base() -> None:
    assert Given(RULES).when(OPENED.model_copy(update={"area_m2": 0}), MARCH) == recorded(NO_AREA)
    assert Given(RULES).when(OPENED.model_copy(update={"area_m2": 0, "venue_kind": "internship_base"}), MARCH) == recorded()


def test_opening_twice_is_refused() -> None:
    assert given().when(OPENED, JUNE) == refused(ALREADY_OPENED)


def test_opening_after_the_closing_on_record_is_refused() -> None:
    assert Given(RULES, [(CLOSED, MARCH)]).when(OPENED, JUNE) == refused(begins_after_its_end(MARCH))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_anything_else_waits_for_the_opening(fact: VenueFact) -> None:
    assert Given(RULES).when(fact, JUNE) == waits_for("venue:FH-01", NOT_OPENED_YET)


@pytest.mark.parametrize("fact", [RESIZED, CLOSED, ADMITTED], ids=lambda fact: fact.type)
def test_an_open_venue_is_resized_closed_and_let(fact: VenueFact) -> None:
    assert given().when(fact, JUNE) == recorded()


@pytest.mark.parametrize("fact", [RESIZED, CLOSED], ids=lambda fact: fact.type)
def test_nothing_is_resized_or_closed_before_it_opens(fact: VenueFact) -> None:
    assert given().when(fact, JANUARY) == refused(before_its_beginning(MARCH))


def test_a_tenant_before_the_opening_is_flagged() -> None:
    assert given().when(ADMITTED, JANUARY) == recorded(BEFORE_OPENING)


@pytest.mark.parametrize("fact", [RESIZED, ADMITTED], ids=lambda fact: fact.type)
def test_resizing_or_letting_after_the_closing_is_flagged(fact: VenueFact) -> None:
    assert given((CLOSED, JUNE)).when(fact, JULY) == recorded(after_its_end(JUNE))
    assert given((CLOSED, JUNE)).when(fact, JUNE) == recorded()


def test_a_tenant_leaves_and_returns() -> None:
    assert given((ADMITTED, MARCH)).when(LEFT, JUNE) == recorded()
    assert given((ADMITTED, MARCH), (LEFT, JUNE)).when(ADMITTED, JULY) == recorded()
    assert given((ADMITTED, MARCH), (CLOSED, JUNE)).when(LEFT, JULY) == recorded()


def test_admitting_a_tenant_twice_is_flagged() -> None:
    assert given((ADMITTED, MARCH)).when(ADMITTED, JUNE) == recorded(ALREADY_TENANT)


def test_leaving_waits_for_the_admission() -> None:
    assert given().when(LEFT, JUNE) == waits_for("venue:FH-01", NOT_ADMITTED_YET)
    assert given((ADMITTED, JULY)).when(LEFT, JUNE) == waits_for("venue:FH-01", NOT_ADMITTED_YET)


def test_one_tenants_leaving_is_not_anothers() -> None:
    other = TenantLeft(venue="FH-01", entity="92330127MA2KX0022K")
    assert given((ADMITTED, MARCH)).when(other, JUNE) == waits_for("venue:FH-01", NOT_ADMITTED_YET)


def test_leaving_twice_is_flagged() -> None:
    assert given((ADMITTED, MARCH), (LEFT, JUNE)).when(LEFT, JULY) == recorded(ALREADY_LEFT)
