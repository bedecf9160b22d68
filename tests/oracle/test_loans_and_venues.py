"""Loans, their recovery, and venues, worked out by hand."""

from datetime import date
from fractions import Fraction

from shared.contracts.finance import (
    LoanApplied,
    LoanCompensated,
    LoanDisbursed,
    LoanExtended,
    LoanSettled,
    LoanWrittenOff,
)
from shared.contracts.registry import UnitDissolved, UnitMerged, VenueClosed, VenueResized
from tests.oracle.history import COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, VILLAGE_2, History, entity, person, whole


def loan_figures(history: History, *, as_of: str = "2010-12-31", unit: str = COUNTY) -> list[int]:
    """人次, persons, amount in yuan, enterprise loans."""
    values = [history.ask("loans", variant, as_of=as_of, unit=unit).value for variant in ("default", "persons", "amount", "enterprise")]
    assert all(value is not None for value in values)
    return [int(value or 0) // (100 if place == 2 else 1) for place, value in enumerate(values)]


def test_a_loan_counts_at_its_first_disbursement_each_co_borrower_once() -> None:
    history = History()
    history.lends("2010-03-01", "L1", [1, 2], 100)
    history.lends("2010-04-01", "L2", [1], 50)
    history.lends("2009-12-31", "L3", [3], 70)
    history.add("2010-05-01", LoanDisbursed(loan="L3", tranche=2, amount_fen=3000))
    assert loan_figures(history) == [3, 2, 180, 0]
    assert loan_figures(history, as_of="2010-03-31") == [2, 2, 100, 0]
    assert loan_figures(history, unit=TOWN_B) == [0, 0, 0, 0]


def test_a_disbursement_without_a_day_counts_once_it_is_dated() -> None:
    history = History()
    history.add("2010-02-01", LoanApplied(loan="L1", loan_kind="personal", borrowers=(), amount_fen=500, unit=VILLAGE))
    history.add("2010-02-01", LoanApplied(loan="L2", loan_kind="enterprise", borrowers=(person(1),), amount_fen=500, unit=VILLAGE))
    paid = history.add("2010-06-01", LoanDisbursed(loan="L2", tranche=1, amount_fen=50000, undated=True))
    assert loan_figures(history) == [0, 0, 0, 0]
    assert [history.ask("loans", variant).incomplete for variant in ("default", "persons", "amount", "enterprise")] == [0, 0, 0, 1]
    assert [history.ask("loan_recovery", variant).incomplete for variant in ("default", "overdue", "compensated")] == [0, 1, 1]
    history.correct(paid, "2010-05-20", LoanDisbursed(loan="L2", tranche=1, amount_fen=50000), known="2010-07-01")
    assert loan_figures(history) == [0, 0, 0, 1]
    assert loan_figures(history, as_of="2010-05-19") == [0, 0, 0, 0]


def test_loans_count_at_the_place_of_the_application() -> None:
    history = History()
    history.lends("2010-03-01", "L1", [1], 100, unit=TOWN, park=PARK)
    assert [loan_figures(history, unit=unit)[0] for unit in (COUNTY, TOWN, PARK, VILLAGE)] == [1, 1, 1, 0]


def recovery(history: History, as_of: str = "2010-12-31", variant: str = "default") -> tuple[object, object]:
    """Numerator and denominator in yuan."""
    figure = history.ask("loan_recovery", variant, as_of=as_of)
    assert figure.numerator is not None
    assert figure.denominator is not None
    return figure.numerator / 100, figure.denominator / 100


def test_recovery_is_what_was_repaid_to_the_instalments_due_up_to_their_principal() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    for number, due in enumerate(("2010-03-01", "2010-06-01", "2011-03-01"), start=1):
        history.owes("2009-01-02", "L1", number, due, 100)
    history.repays("2010-02-01", "L1", "a", 130, instalment=1)  # 30 too much, all to the first
    history.repays("2010-06-10", "L1", "b", 60)  # unnamed: the oldest not full is the second
    history.repays("2010-07-01", "L1", "c", 70)  # 40 fill the second, 30 go to the third, not due yet
    days = {"2010-02-28": (0, 0), "2010-03-01": (100, 100), "2010-06-01": (100, 200), "2010-06-10": (160, 200), "2010-07-01": (200, 200)}
    assert {day: recovery(history, day) for day in days} == days
    assert recovery(history, "2010-07-01", "overdue") == (0, 40)
    assert recovery(history, "2010-06-10", "overdue") == (40, 110)
    assert history.ask("loan_recovery", as_of="2011-03-01", year=2011).value == Fraction(230, 300)


def test_recovery_of_a_unit_is_that_of_the_loans_applied_for_there() -> None:
    history = History()
    for loan, unit, repaid in (("L1", VILLAGE, 100), ("L2", VILLAGE_2, 20)):
        history.lends("2009-01-01", loan, [1], 100, unit=unit)
        history.owes("2009-01-02", loan, 1, "2010-03-01", 100)
        history.repays("2010-02-01", loan, "a", repaid, instalment=1)
    asked = {unit: history.ask("loan_recovery", unit=unit).value for unit in (COUNTY, VILLAGE, VILLAGE_2, TOWN_B)}
    assert asked == {COUNTY: Fraction(120, 200), VILLAGE: 1, VILLAGE_2: Fraction(20, 100), TOWN_B: None}


def test_an_unnamed_repayment_fills_the_instalments_notified_up_to_its_day_and_its_rest_those_notified_later() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    history.owes("2009-01-02", "L1", 1, "2010-03-01", 100)
    history.repays("2010-02-01", "L1", "a", 150)
    assert recovery(history, "2010-03-01") == (100, 100)
    history.owes("2010-04-02", "L1", 3, "2010-06-15", 100)
    history.owes("2010-04-02", "L1", 2, "2010-05-15", 40)  # of two notified on one day the older is filled first
    assert recovery(history, "2010-05-15") == (140, 140)
    assert recovery(history, "2010-06-15") == (150, 240)
    history.repays("2010-04-02", "L1", "b", 30)  # the third was notified on this very day
    assert recovery(history, "2010-06-15") == (180, 240)
    assert recovery(history, "2010-06-15", variant="overdue") == (60, 120)


def test_a_repayment_made_before_any_instalment_was_notified_is_not_lost() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    history.repays("2010-01-10", "L1", "a", 120)
    history.owes("2010-01-20", "L1", 1, "2010-03-01", 100)
    assert recovery(history, "2010-03-01") == (100, 100)
    history.repays("2010-01-20", "L1", "b", 50, instalment=1)  # what was in hand was there first: this is 50 too much
    history.owes("2010-02-01", "L1", 2, "2010-04-01", 100)
    assert recovery(history, "2010-04-01") == (120, 200)


def test_the_oldest_instalment_is_the_one_due_first_then_the_lowest_number() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    history.owes("2009-01-02", "L1", 3, "2010-03-01", 100)
    history.owes("2009-01-02", "L1", 2, "2010-03-01", 100)
    history.owes("2009-01-02", "L1", 1, "2010-09-01", 100)
    history.repays("2010-01-01", "L1", "a", 150)  # 100 to number 2, 50 to number 3
    history.add("2010-02-01", LoanExtended(loan="L1", instalment=3, due=date(2010, 12, 1)))
    assert recovery(history, "2010-08-31") == (100, 100)
    history.repays("2010-02-02", "L1", "b", 20)  # now number 1 is due before number 3
    assert recovery(history, "2010-09-01") == (120, 200)
    assert recovery(history, "2010-12-01") == (170, 300)


def test_an_extension_moves_the_due_day_from_its_own_day_on_and_the_last_one_holds() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 100)
    history.owes("2009-01-02", "L1", 1, "2010-03-01", 100)
    history.add("2010-02-10", LoanExtended(loan="L1", instalment=7, due=date(2010, 9, 1)))  # of no instalment
    history.add("2010-03-10", LoanExtended(loan="L1", instalment=1, due=date(2010, 9, 1)))
    history.add("2010-04-10", LoanExtended(loan="L1", instalment=1, due=date(2010, 6, 1)))
    days = {"2010-03-01": (0, 100), "2010-03-10": (0, 0), "2010-04-10": (0, 0), "2010-06-01": (0, 100)}
    assert {day: recovery(history, day) for day in days} == days


def test_compensation_is_no_repayment_and_lowers_the_balance_as_writing_off_does() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    history.owes("2009-01-02", "L1", 1, "2010-03-01", 100)
    history.add("2009-12-31", LoanCompensated(loan="L1", amount_fen=2000))
    history.add("2010-04-01", LoanCompensated(loan="L1", amount_fen=5000))
    history.add("2010-05-01", LoanWrittenOff(loan="L1", amount_fen=3000))
    assert recovery(history) == (0, 100)
    assert recovery(history, variant="compensated") == (50, 200)
    assert recovery(history, "2010-04-30", "compensated") == (50, 230)
    history.add("2010-01-01", LoanCompensated(loan="L1", amount_fen=1000))
    assert recovery(history, variant="compensated") == (60, 190)


def test_what_was_compensated_or_written_off_is_no_longer_overdue_the_oldest_due_first() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    for number, due in ((1, "2010-03-01"), (2, "2010-09-01"), (3, "2011-03-01")):
        history.owes("2009-01-02", "L1", number, due, 100)
    history.repays("2010-03-01", "L1", "a", 10)
    history.add("2010-04-01", LoanCompensated(loan="L1", amount_fen=6000))
    history.add("2010-05-01", LoanWrittenOff(loan="L1", amount_fen=5000))  # 30 for the first instalment, 20 for the second, not due yet
    days = {"2010-03-31": (90, 290), "2010-04-30": (30, 230), "2010-05-01": (0, 180), "2010-09-01": (80, 180)}
    assert {day: recovery(history, day, "overdue") for day in days} == days
    history.lends("2009-01-01", "L2", [2], 300)  # another's compensation covers nothing of this one
    history.owes("2009-01-02", "L2", 1, "2010-03-01", 100)
    assert recovery(history, "2010-05-01", "overdue") == (100, 480)


def test_a_settled_loan_owes_nothing_and_no_balance_falls_below_zero() -> None:
    history = History()
    history.lends("2009-01-01", "L1", [1], 300)
    history.owes("2009-01-02", "L1", 1, "2010-03-01", 100)
    history.lends("2009-01-01", "L2", [2], 50)
    history.repays("2010-02-01", "L2", "a", 80)
    history.add("2009-01-01", LoanApplied(loan="L3", loan_kind="enterprise", entity=entity(1), amount_fen=4000, unit=VILLAGE))
    history.add("2009-02-01", LoanDisbursed(loan="L3", tranche=1, amount_fen=4000))
    assert recovery(history, variant="overdue") == (100, 340)
    history.add("2010-06-01", LoanSettled(loan="L1"))
    assert recovery(history, "2010-05-31", "overdue") == (100, 340)
    assert recovery(history, "2010-06-01", "overdue") == (0, 40)
    assert recovery(history) == (0, 100)
    history.add("2010-07-01", LoanSettled(loan="L3"))
    assert history.ask("loan_recovery", "overdue").value is None


def test_incubator_area_is_what_is_open_in_the_parks_as_last_resized() -> None:
    history = History()
    history.opens_venue("2009-03-01", "V1", 1000, unit=TOWN, park=PARK)
    history.opens_venue("2010-04-01", "V2", 500, park=PARK)
    history.opens_venue("2010-04-01", "V3", 700, unit=VILLAGE)  # in no park
    history.opens_venue("2010-04-01", "V4", 900, park=PARK_2, kind="start_up_street")
    history.add("2010-05-01", VenueResized(venue="V2", area_m2=800))
    history.add("2010-07-01", VenueClosed(venue="V1"))
    days = {"2010-03-31": 1000, "2010-04-01": 1500, "2010-05-01": 1800, "2010-07-01": 800}
    assert {day: history.ask("incubator_area", as_of=day).value for day in days} == days
    assert [history.ask("incubator_area", unit=unit, as_of="2010-06-30").value for unit in (PARK, PARK_2, TOWN, VILLAGE)] == [
        1800,
        0,
        1000,
        0,
    ]


def test_an_incubator_within_another_open_one_in_a_park_adds_no_area() -> None:
    history = History()
    history.opens_venue("2010-02-01", "V1", 1000, park=PARK)
    history.opens_venue("2010-02-01", "V2", 300, park=PARK, within="V1")
    history.opens_venue("2010-02-01", "V3", 50, park=PARK, within="V2")
    history.opens_venue("2010-02-01", "V4", 2000, unit=VILLAGE)
    history.opens_venue("2010-02-01", "V5", 70, park=PARK_2, within="V4")  # that one lies in no park
    assert history.ask("incubator_area").value == 1070
    history.add("2010-05-01", VenueClosed(venue="V2"))
    assert history.ask("incubator_area").value == 1070
    history.add("2010-06-01", VenueClosed(venue="V1"))
    assert history.ask("incubator_area").value == 120


def test_facts_of_a_venue_dated_before_its_opening_or_of_none_that_opened_are_ignored() -> None:
    history = History()
    history.opens_venue("2010-02-01", "V1", 1000, park=PARK)
    history.opens_venue("2010-02-01", "V2", 300, park=PARK, within="V9")
    for venue in ("V1", "V8"):
        history.add("2010-01-31", VenueResized(venue=venue, area_m2=1))
        history.add("2010-01-31", VenueClosed(venue=venue))
    assert history.ask("incubator_area").value == 1300
    history.add("2010-02-01", VenueResized(venue="V2", area_m2=400))
    assert history.ask("incubator_area").value == 1400
    history.add("2010-02-01", VenueClosed(venue="V2"))
    assert history.ask("incubator_area").value == 1000


def test_a_venue_is_not_within_itself_by_a_roundabout_way() -> None:
    history = History()
    history.opens_venue("2010-02-01", "V1", 1000, park=PARK, within="V2")
    history.opens_venue("2010-02-01", "V2", 300, park=PARK, within="V1")
    history.add("2010-03-01", VenueClosed(venue="V2"))
    assert history.ask("incubator_area").value == 1000


def test_the_smallest_park_counts_even_with_nothing_and_for_the_county_alone() -> None:
    history = History()
    history.opens_venue("2010-02-01", "V1", 1000, park=PARK)
    assert history.ask("incubator_area", "each").value == 0
    history.opens_venue("2010-03-01", "V2", 400, park=PARK_2)
    assert history.ask("incubator_area", "each").value == 400
    with_each = [unit for unit in (COUNTY, PARK, TOWN) if has_each(history, unit)]
    assert with_each == [COUNTY]
    history.add("2010-05-01", UnitMerged(code=PARK, into=PARK_2))
    assert history.ask("incubator_area", "each").value == 1400


def test_a_county_that_has_no_parks_any_more_has_no_smallest_one_and_one_without_parks_no_such_row() -> None:
    history = History()
    for park in (PARK, PARK_2):
        history.add("2009-12-31", UnitDissolved(code=park))
    assert whole(history.ask("incubator_area", "each")) == (None, None, None)
    assert not has_each(History({COUNTY: None, TOWN: None}), COUNTY)


def has_each(history: History, unit: str) -> bool:
    try:
        history.ask("incubator_area", "each", unit=unit)
    except KeyError:
        return False
    return True


def test_parks_with_an_incubator_are_counted_while_it_is_open() -> None:
    history = History()
    history.opens_venue("2010-02-01", "V1", 1000, park=PARK)
    history.opens_venue("2010-03-01", "V2", 400, park=PARK_2)
    history.add("2010-05-01", VenueClosed(venue="V1"))
    days = {"2010-02-01": 1, "2010-03-01": 2, "2010-05-01": 1}
    assert {day: history.ask("parks_with_incubator", as_of=day).value for day in days} == days
    assert [history.ask("parks_with_incubator", unit=unit).value for unit in (PARK, PARK_2, TOWN)] == [0, 1, 0]


def test_start_up_parks_count_wherever_they_are_and_nested_area_once() -> None:
    history = History()
    history.opens_venue("2010-02-01", "V1", 9000, kind="start_up_park", unit=VILLAGE_2)
    history.opens_venue("2010-02-01", "V2", 1000, kind="start_up_park", unit=VILLAGE_2, within="V1")
    history.opens_venue("2010-02-01", "V3", 500, kind="start_up_park", park=PARK)
    history.opens_venue("2010-02-01", "V4", 800, kind="incubator", park=PARK)
    assert history.ask("start_up_park_area").value == 9500
    assert [history.ask("start_up_park_area", unit=unit).value for unit in (TOWN, PARK)] == [9000, 500]
