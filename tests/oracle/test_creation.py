"""Campaign, designation, credit communities and plans submitted, worked out by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from shared.contracts.finance import CreditCommunityRated, CreditRatingLapsed
from shared.contracts.registry import (
    UnitDesignated,
    UnitDesignationWithdrawn,
    UnitEnteredCampaign,
    UnitMerged,
    UnitPlanSubmitted,
)
from tests.oracle.history import COMMUNITY, COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, VILLAGE_B, History
from tests.support.oracle import Due

KINDS = ("townships", "parks", "communities", "villages")


def test_created_is_designated_and_not_withdrawn_of_the_units_existing() -> None:
    history = History()
    for code in (TOWN, PARK, COMMUNITY, VILLAGE):
        history.add("2010-03-01", UnitDesignated(code=code))
    history.add("2010-06-01", UnitDesignationWithdrawn(code=VILLAGE))
    history.add("2011-02-01", UnitDesignated(code=VILLAGE))
    assert [history.ask("created_share", as_of=day).value for day in ("2010-05-31", "2010-06-01")] == [Fraction(4, 8), Fraction(3, 8)]
    two_years_on = history.ask("created_share", as_of="2012-01-05")
    assert (two_years_on.value, str(two_years_on.effective_as_of)) == (Fraction(4, 8), "2011-12-31")
    ends = {str(history.ask(f"created_share_{kind}", as_of="2012-01-05").effective_as_of) for kind in KINDS}
    assert ends == {"2011-12-31"}
    shares = {kind: history.ask(f"created_share_{kind}", as_of="2010-06-01").value for kind in KINDS}
    assert shares == {"townships": Fraction(1, 2), "parks": Fraction(1, 2), "communities": 1, "villages": 0}


def test_created_shares_of_a_township_are_those_of_its_own_subtree() -> None:
    history = History()
    history.add("2010-03-01", UnitDesignated(code=VILLAGE))
    overall, villages = history.ask("created_share", unit=TOWN), history.ask("created_share_villages", unit=TOWN)
    assert [overall.numerator, overall.denominator] == [1, 4]  # the township, a community and two villages
    assert villages.value == Fraction(1, 2)
    assert history.ask("created_share_villages", unit=TOWN_B).value == 0
    assert history.ask("created_share_parks", unit=TOWN).value is None
    assert history.ask("created_share", unit=VILLAGE).value == 1


def test_a_merged_unit_is_neither_created_nor_missing() -> None:
    history = History()
    history.add("2010-03-01", UnitDesignated(code=VILLAGE))
    history.add("2010-06-01", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    figure = history.ask("created_share_villages")
    assert [figure.numerator, figure.denominator] == [0, 2]
    assert history.ask("created_share_villages", as_of="2010-05-31").value == Fraction(1, 3)


def test_units_that_entered_the_campaign_are_counted_by_kind_in_any_year() -> None:
    history = History()
    for on, code in (
        ("2009-03-01", TOWN), ("2010-03-01", TOWN), ("2010-03-01", PARK), ("2010-03-02", VILLAGE), ("2010-03-02", VILLAGE_B),
        ("2010-03-02", COMMUNITY),
    ):  # fmt: skip
        history.add(on, UnitEnteredCampaign(code=code))
    asked = {kind: history.ask(f"campaign_{kind}").value for kind in KINDS}
    assert asked == {"townships": 1, "parks": 1, "communities": 1, "villages": 2}
    assert history.ask("campaign_villages", unit=TOWN).value == 1
    assert history.ask("campaign_parks", as_of="2010-02-28").value == 0
    history.add("2010-07-01", UnitMerged(code=VILLAGE, into=VILLAGE_2))
    assert history.ask("campaign_villages").value == 1


def rates(history: History, on: str, rate: str, code: str = COMMUNITY) -> None:
    history.add(on, CreditCommunityRated(code=code, lending_fen=1, recovery_rate=Decimal(rate)))


def test_a_rating_holds_until_the_day_before_it_is_a_year_old() -> None:
    history = History()
    rates(history, "2009-06-01", "0.95")
    days = {"2010-01-01": 1, "2010-05-31": 1, "2010-06-01": 0}
    assert {day: history.ask("credit_communities", as_of=day).value for day in days} == days


def test_only_the_latest_rating_counts_and_only_from_95_percent() -> None:
    history = History()
    rates(history, "2010-01-10", "0.99")
    rates(history, "2010-02-10", "0.9499")
    rates(history, "2010-04-10", "0.95")
    history.add("2010-05-10", CreditRatingLapsed(code=COMMUNITY))
    rates(history, "2010-06-10", "0.96")
    days = {"2010-01-10": 1, "2010-02-10": 0, "2010-04-10": 1, "2010-05-10": 0, "2010-06-10": 1}
    assert {day: history.ask("credit_communities", as_of=day).value for day in days} == days


def test_credit_villages_count_in_the_variant_alone() -> None:
    history = History()
    rates(history, "2010-01-10", "0.99", VILLAGE)
    assert history.ask("credit_communities").value == 0
    assert history.ask("credit_communities", "with_villages").value == Fraction(1, 4)
    assert history.ask("credit_communities", "with_villages", unit=TOWN).value == Fraction(1, 3)
    assert history.ask("credit_communities", unit=TOWN_B).value is None


def test_plans_count_when_submitted_by_the_day_of_the_plan_file() -> None:
    history = History()
    for on, code in (("2010-03-15", TOWN), ("2010-03-16", TOWN_B), ("2009-03-01", PARK), ("2010-01-01", PARK_2), ("2010-02-01", PARK_2)):
        history.add(on, UnitPlanSubmitted(code=code))
    history.add("2010-03-01", UnitPlanSubmitted(code=VILLAGE))  # not asked of a village
    answers = {unit: [history.ask("plans_submitted", variant, unit=unit).value for variant in ("default", "with_late")] for unit in (
        COUNTY, TOWN, TOWN_B, PARK, PARK_2, VILLAGE,
    )}  # fmt: skip
    assert answers == {COUNTY: [2, 3], TOWN: [1, 1], TOWN_B: [0, 1], PARK: [0, 0], PARK_2: [1, 1], VILLAGE: [0, 0]}
    assert history.ask("plans_submitted", as_of="2010-03-14").value == 1
    for due, in_time in ((date(2010, 1, 31), 1), (date(2010, 3, 16), 3)):
        assert history.ask("plans_submitted", due=[Due("plans_submitted", due)]).value == in_time
    assert history.ask("plans_submitted", due=()).value == 3


def test_a_plan_submitted_by_a_unit_merged_since_still_counts() -> None:
    history = History()
    history.add("2010-03-01", UnitPlanSubmitted(code=PARK))
    history.add("2010-06-01", UnitMerged(code=PARK, into=PARK_2))
    assert [history.ask("plans_submitted", unit=unit).value for unit in (COUNTY, PARK_2)] == [1, 1]
