"""Credit communities: given the ratings of one, what becomes of the next report about it."""

from datetime import date
from decimal import Decimal

import pytest

from services.finance.credit_community import NOT_A_COMMUNITY, NOT_RATED
from services.finance.rules import RULES
from shared.contracts.finance import CreditCommunityRated, CreditRatingLapsed
from tests.support.given import Given, recorded, refused, waits_for

MARCH, MAY, JUNE = date(2010, 3, 1), date(2010, 5, 1), date(2010, 6, 1)


def rated(code: str = "330127101003") -> CreditCommunityRated:
    return CreditCommunityRated(code=code, lending_fen=38_000_000, recovery_rate=Decimal("0.972"))


def lapsed(code: str = "330127101003") -> CreditRatingLapsed:
    return CreditRatingLapsed(code=code)


@pytest.mark.parametrize("code", ["330127101003", "330127101205"], ids=["community", "village"])
def test_a_community_or_village_is_rated(code: str) -> None:
    assert Given(RULES).when(rated(code), MAY) == recorded()
    assert Given(RULES, [(rated(code), MARCH)]).when(rated(code), MAY) == recorded()


@pytest.mark.parametrize("code", ["330127000000", "330127101000", "330127401000"], ids=["county", "township", "park"])
def test_no_other_unit_is_rated(code: str) -> None:
    assert Given(RULES).when(rated(code), MAY) == refused(NOT_A_COMMUNITY)
    assert Given(RULES).when(lapsed(code), MAY) == refused(NOT_A_COMMUNITY)


def test_a_rating_lapses() -> None:
    assert Given(RULES, [(rated(), MAY)]).when(lapsed(), JUNE) == recorded()


def test_a_lapse_waits_for_a_rating() -> None:
    assert Given(RULES).when(lapsed(), JUNE) == waits_for("unit:330127101003", NOT_RATED)


def test_a_lapse_waits_for_a_rating_up_to_its_day() -> None:
    assert Given(RULES, [(rated(), JUNE)]).when(lapsed(), MAY) == waits_for("unit:330127101003", NOT_RATED)
    assert Given(RULES, [(rated(), JUNE), (lapsed(), JUNE), (rated(), MARCH)]).when(lapsed(), MAY) == recorded()
