"""Duties and documents of the plan file, worked out by hand: what is due on a day, what is accepted, and what came late."""

from datetime import date
from fractions import Fraction
from typing import Any

from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyReturned, UnitListed, UnitMerged
from tests.oracle.history import COUNTY, PARK, PARK_2, TOWN, TOWN_B, VILLAGE, History, whole
from tests.support.oracle import Figure, Promised

FEBRUARY, MARCH, AUGUST = date(2010, 2, 28), date(2010, 3, 15), date(2010, 8, 31)
GROUP = Promised("leading_group", FEBRUARY, "organisation", departments=("rsj",))
TAXES = Promised("tax_relief", AUGUST, "policy", departments=("guoshui", "dsj"))
PLANS = Promised("plans_submitted", MARCH, "organisation", kinds=("township", "park"))
RULES = Promised("documents_owed.site_rules", AUGUST, "policy", departments=("ghj",))
PROMISED = (GROUP, TAXES, PLANS, RULES)
"""One for the labour office, one for each of two tax offices, one for each of two townships and two parks, and a document: eight in all."""


def evidence(history: History, on: str, duty: str, **party: Any) -> None:
    history.add(on, DutyEvidenced(duty=duty, **party))


def accept(history: History, on: str, duty: str, **party: Any) -> None:
    history.add(on, DutyAccepted(duty=duty, **party))


def returned(history: History, on: str, duty: str, **party: Any) -> None:
    history.add(on, DutyReturned(duty=duty, reason="材料不齐", **party))


def ask(history: History, as_of: str, variant: str = "default", part: str | None = None, *, unit: str = COUNTY, year: int = 2010) -> Figure:
    return history.ask("duties", variant, part, unit=unit, as_of=as_of, promised=PROMISED, year=year)


def document(history: History, as_of: str) -> object:
    return history.ask("documents_owed", part="site_rules", as_of=as_of, promised=PROMISED).value


def test_a_duty_counts_from_its_due_day_on_the_last_of_february_and_15_march_included() -> None:
    history = History()
    days = {
        "2010-01-01": (0, 0, None), "2010-02-27": (0, 0, None), "2010-02-28": (0, 1, 0),  # the leading group
        "2010-03-14": (0, 1, 0), "2010-03-15": (0, 5, 0), "2010-03-16": (0, 5, 0),  # and four plans
        "2010-08-30": (0, 5, 0), "2010-08-31": (0, 8, 0), "2010-12-31": (0, 8, 0),  # and two tax offices and the document
    }  # fmt: skip
    assert {day: whole(ask(history, day)) for day in days} == days


def test_what_is_accepted_early_counts_once_it_is_due_and_what_is_accepted_late_counts_too() -> None:
    history = History()
    evidence(history, "2010-02-20", "leading_group", department="rsj")
    accept(history, "2010-02-26", "leading_group", department="rsj")
    evidence(history, "2010-03-16", "plans_submitted", unit=TOWN)
    accept(history, "2010-03-16", "plans_submitted", unit=TOWN)  # a day late
    days = {"2010-02-27": (0, 0, None), "2010-02-28": (1, 1, 1), "2010-03-15": (1, 5, Fraction(1, 5)), "2010-03-16": (2, 5, Fraction(2, 5))}
    assert {day: whole(ask(history, day)) for day in days} == days


def test_evidence_alone_is_not_enough_and_what_is_sent_back_is_open_until_it_is_accepted_again() -> None:
    history = History()
    accept(history, "2010-01-10", "leading_group", department="rsj")  # of nothing shown: counts for nothing
    evidence(history, "2010-01-20", "leading_group", department="rsj")
    accept(history, "2010-03-01", "leading_group", department="rsj")
    evidence(history, "2010-03-05", "leading_group", department="rsj")  # more of it: still accepted
    returned(history, "2010-04-01", "leading_group", department="rsj")
    accept(history, "2010-05-01", "leading_group", department="rsj")
    days = {"2010-02-28": 0, "2010-03-01": 1, "2010-03-14": 1}
    assert {day: ask(history, day).numerator for day in days} == days
    assert [ask(history, day).numerator for day in ("2010-03-31", "2010-04-01", "2010-04-30", "2010-05-01")] == [1, 0, 0, 1]


def test_each_system_and_each_department_has_its_own_share_and_so_has_each_unit() -> None:
    history = History()
    for department in ("guoshui", "ghj"):
        duty = "tax_relief" if department == "guoshui" else "documents_owed.site_rules"
        evidence(history, "2010-05-01", duty, department=department)
        accept(history, "2010-05-02", duty, department=department)
    evidence(history, "2010-03-01", "plans_submitted", park=PARK)
    accept(history, "2010-03-02", "plans_submitted", park=PARK)
    end = "2010-12-31"
    assert whole(ask(history, end)) == (3, 8, Fraction(3, 8))
    assert whole(ask(history, end, "by_system", "organisation")) == (1, 5, Fraction(1, 5))  # the group and four plans
    assert whole(ask(history, end, "by_system", "policy")) == (2, 3, Fraction(2, 3))
    by_department = {code: ask(history, end, "by_department", code).value for code in ("rsj", "guoshui", "dsj", "ghj")}
    assert by_department == {"rsj": 0, "guoshui": 1, "dsj": 0, "ghj": 1}
    assert whole(ask(history, "2010-08-30", "by_department", "ghj")) == (0, 0, None)  # nothing due yet
    assert [whole(ask(history, end, unit=unit)) for unit in (TOWN, PARK)] == [(0, 1, 0), (1, 1, 1)]


def test_a_document_counts_when_it_is_accepted_by_its_day_and_never_when_it_comes_later() -> None:
    history, late = History(), History()
    for told, on in ((history, "2010-08-31"), (late, "2010-09-01")):
        evidence(told, "2010-08-20", "documents_owed.site_rules", department="ghj")
        accept(told, on, "documents_owed.site_rules", department="ghj")
    assert [document(history, day) for day in ("2010-08-30", "2010-08-31", "2010-12-31")] == [0, 1, 1]
    assert [document(late, day) for day in ("2010-08-31", "2010-09-01", "2010-12-31")] == [0, 0, 0]
    assert ask(late, "2010-12-31", "by_department", "ghj").value == 1  # though as a duty it is accepted
    returned(history, "2010-10-01", "documents_owed.site_rules", department="ghj")
    accept(history, "2010-10-09", "documents_owed.site_rules", department="ghj")
    assert [document(history, day) for day in ("2010-09-30", "2010-10-01", "2010-10-09")] == [1, 0, 0]


def test_units_that_are_gone_owe_nothing_and_nor_does_who_came_after_the_day() -> None:
    history = History()
    evidence(history, "2010-03-01", "plans_submitted", park=PARK)
    accept(history, "2010-03-01", "plans_submitted", park=PARK)
    history.add("2010-06-30", UnitMerged(code=PARK, into=PARK_2))
    history.add("2010-07-01", UnitListed(code="330127103000", name="新镇"))
    assert whole(ask(history, "2010-06-30")) == (1, 5, Fraction(1, 5))
    assert whole(ask(history, "2010-07-01")) == (0, 4, 0)
    assert [whole(ask(history, "2010-12-31", unit=unit)) for unit in (PARK, PARK_2)] == [(1, 1, 1), (0, 1, 0)]


def test_what_the_plan_file_does_not_have_is_counted_as_left_out() -> None:
    history = History()
    evidence(history, "2010-03-01", "no_such_duty", department="rsj")
    evidence(history, "2010-03-02", "leading_group", department="czj")  # another's
    evidence(history, "2010-03-02", "plans_submitted", unit=VILLAGE)  # villages owe none
    evidence(history, "2010-03-03", "no_such_duty", unit=TOWN_B)
    assert [ask(history, day).incomplete for day in ("2010-02-28", "2010-03-01", "2010-03-02", "2010-12-31")] == [0, 1, 3, 4]
    assert [ask(history, "2010-12-31", unit=unit).incomplete for unit in (TOWN, TOWN_B)] == [0, 1]


def test_before_its_year_nothing_is_due_and_a_leap_year_has_its_own_last_of_february() -> None:
    assert whole(ask(History(), "2009-12-31")) == (None, None, None)
    leap = (Promised("leading_group", date(2008, 2, 29), "organisation", departments=("rsj",)),)
    days = ("2008-02-28", "2008-02-29", "2008-03-01")
    assert [History().ask("duties", as_of=day, year=2008, promised=leap).denominator for day in days] == [0, 1, 1]
