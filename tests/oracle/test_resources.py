"""Money, bases, associations, policies, platforms, projects, trainings and follow-ups, worked out by hand."""

from fractions import Fraction

from shared.contracts.finance import (
    GraduateFundGranted,
    GraduateFundRaised,
    GuaranteeFundContributed,
    GuaranteeFundWithdrawn,
    SubsidyPaid,
    SupportFundPaid,
    SupportFundRaised,
    TaxReliefGranted,
)
from shared.contracts.registry import (
    AssociationDissolved,
    AssociationFounded,
    AssociationMemberJoined,
    EntityFollowedUp,
    PolicyIssued,
    PolicyRepealed,
    ProjectCollected,
    ProjectDisplayed,
    ProjectMatched,
    ServicePlatformChanged,
    ServicePlatformOpened,
    VenueClosed,
)
from shared.contracts.training import InternshipCompleted, InternshipStarted, TraineeEnrolled
from tests.oracle.history import COUNTY, PARK, TOWN, TOWN_B, VILLAGE, VILLAGE_B, History, entity, person, whole


def test_the_guarantee_fund_is_what_was_put_in_less_what_was_taken_out_by_source() -> None:
    history = History()
    history.add("2009-12-31", GuaranteeFundContributed(fund="G", voucher="1", origin="county_budget", amount_fen=500))
    history.add("2010-01-01", GuaranteeFundContributed(fund="G", voucher="2", origin="bank", amount_fen=300))
    history.add("2010-06-30", GuaranteeFundWithdrawn(fund="G", voucher="3", origin="bank", amount_fen=100))
    assert [history.ask("guarantee_fund", part=part).value for part in (None, "county_budget", "bank", "donation")] == [700, 500, 200, 0]
    assert history.ask("guarantee_fund", as_of="2010-06-29").value == 800


def test_grants_do_not_reduce_what_was_raised_for_graduates_but_its_balance() -> None:
    history = History()
    history.add("2009-12-31", GraduateFundRaised(fund="B", voucher="1", origin="donation", amount_fen=1000))
    history.add("2010-01-01", GraduateFundRaised(fund="B", voucher="2", origin="donation", amount_fen=400))
    history.add("2010-03-01", GraduateFundGranted(fund="B", voucher="3", person=person(1), amount_fen=150, unit=VILLAGE))
    assert [history.ask("graduate_fund", variant).value for variant in ("default", "balance")] == [400, 1250]
    assert history.ask("graduate_fund", "balance", as_of="2010-02-28").value == 1400


def test_support_is_raised_for_the_county_and_paid_at_a_place() -> None:
    history = History()
    history.add("2010-01-01", SupportFundRaised(fund="F", voucher="1", origin="higher_budget", amount_fen=900))
    history.add("2010-12-31", SupportFundPaid(fund="F", voucher="2", person=person(1), amount_fen=200, unit=VILLAGE, park=PARK))
    assert history.ask("support_fund").value == 900
    assert [history.ask("support_fund", "paid", unit=unit).value for unit in (COUNTY, TOWN, PARK, TOWN_B)] == [200, 200, 200, 0]


def test_tax_relief_is_what_was_granted_in_the_year() -> None:
    history = History()
    for number, day in enumerate(("2009-12-31", "2010-01-01", "2010-12-31")):
        history.add(day, TaxReliefGranted(relief=f"J{number}", person=person(1), levy="营业税", amount_fen=100, unit=VILLAGE))
    assert [history.ask("tax_relief", unit=unit).value for unit in (COUNTY, VILLAGE_B)] == [200, 0]


def test_subsidies_by_kind_and_the_persons_they_were_paid_for_once() -> None:
    history = History()
    history.add("2010-03-01", SubsidyPaid(
        payment="1", subsidy_kind="training", persons=(person(1), person(2)), amount_fen=160, unit=TOWN,
    ))  # fmt: skip
    history.add("2010-04-01", SubsidyPaid(payment="2", subsidy_kind="start_up", persons=(person(1),), amount_fen=500, unit=VILLAGE))
    history.add("2010-05-01", SubsidyPaid(payment="3", subsidy_kind="start_up", persons=(person(1),), amount_fen=40, unit=VILLAGE))
    parts = {None: [700, 2], "training": [160, 2], "start_up": [540, 1], "interest": [0, 0]}
    found = {part: [history.ask("subsidies", variant, part).value for variant in ("default", "persons")] for part in parts}
    assert found == parts
    assert history.ask("subsidies", unit=VILLAGE).value == 540


def test_a_subsidy_corrected_to_another_person_was_paid_for_that_one_alone() -> None:
    history = History()
    paid = history.add("2010-03-01", SubsidyPaid(payment="1", subsidy_kind="training", persons=(person(1),), amount_fen=80, unit=TOWN))
    corrected = SubsidyPaid(payment="1", subsidy_kind="training", persons=(person(2),), amount_fen=80, unit=TOWN)
    history.correct(paid, "2010-03-01", corrected, known="2010-04-01")
    assert history.ask("subsidies", "persons").value == 1


def test_internship_bases_are_open_ones_and_retention_counts_where_the_internship_began() -> None:
    history = History()
    history.opens_venue("2009-03-01", "V1", 100, kind="internship_base", unit=VILLAGE)
    history.opens_venue("2010-03-01", "V2", 100, kind="internship_base", unit=VILLAGE_B)
    history.opens_venue("2010-03-01", "V3", 100, kind="start_up_street", unit=VILLAGE_B)
    history.add("2010-06-30", VenueClosed(venue="V1"))
    days = {"2010-02-28": 1, "2010-03-01": 2, "2010-06-30": 1}
    assert {day: history.ask("internship_bases", as_of=day).value for day in days} == days
    for number, retained in enumerate((True, False, True)):
        history.add("2009-10-01", InternshipStarted(internship=f"I{number}", person=person(number), venue="V1", unit=VILLAGE))
        history.add("2010-03-01", InternshipCompleted(internship=f"I{number}", retained=retained))
    history.add("2010-03-01", InternshipCompleted(internship="I9", retained=True))  # never started
    assert whole(history.ask("internship_bases", "retention")) == (2, 3, Fraction(2, 3))
    assert history.ask("internship_bases", "retention", unit=VILLAGE_B).value is None


def test_associations_exist_until_dissolved_and_so_do_their_members() -> None:
    history = History()
    for name, unit in (("A1", TOWN), ("A2", VILLAGE_B)):
        history.add("2009-05-01", AssociationFounded(association=name, name="创业者协会", unit=unit))
    history.add("2010-01-10", AssociationMemberJoined(association="A1", person=person(1)))
    history.add("2010-01-11", AssociationMemberJoined(association="A1", entity=entity(1)))
    history.add("2010-01-12", AssociationMemberJoined(association="A2", person=person(1)))
    assert [history.ask("associations", variant).value for variant in ("default", "members")] == [2, 3]
    assert [history.ask("associations", "by_township", unit).value for unit in (TOWN, TOWN_B)] == [1, 1]
    history.add("2010-06-30", AssociationDissolved(association="A1"))
    assert [history.ask("associations", variant).value for variant in ("default", "members")] == [1, 1]
    assert history.ask("associations", as_of="2010-06-29").value == 2


def test_policies_count_kinds_with_one_in_force() -> None:
    history = History()
    history.add("2009-01-01", PolicyIssued(policy="P1", title="办法", policy_kind="finance", unit=COUNTY))
    history.add("2010-03-01", PolicyIssued(policy="P2", title="办法", policy_kind="finance", unit=COUNTY))
    history.add("2010-03-01", PolicyIssued(policy="P3", title="办法", policy_kind="venues", unit=COUNTY))
    assert [history.ask("policies", as_of=day).value for day in ("2010-02-28", "2010-03-01")] == [1, 2]
    history.add("2010-05-01", PolicyRepealed(policy="P1"))
    assert history.ask("policies").value == 2
    history.add("2010-06-01", PolicyRepealed(policy="P2"))
    assert history.ask("policies").value == 1


def test_a_policy_of_a_township_or_a_park_is_none_of_the_county() -> None:
    history = History()
    history.add("2010-03-01", PolicyIssued(policy="P1", title="办法", policy_kind="finance", unit=TOWN))
    history.add("2010-03-01", PolicyIssued(policy="P2", title="办法", policy_kind="venues", park=PARK))
    assert history.ask("policies").value == 0
    history.add("2010-04-01", PolicyIssued(policy="P3", title="办法", policy_kind="venues", unit=COUNTY, park=PARK))
    assert history.ask("policies").value == 1  # the county's, for a park


def test_trainings_of_every_kind_by_stage_and_each_category() -> None:
    history = History()
    history.course("C1")
    history.course("C2", "skill")
    history.add("2010-01-01", TraineeEnrolled(course="C1", person=person(1), categories=("woman", "youth"), unit=VILLAGE))
    history.add("2009-12-31", TraineeEnrolled(course="C2", person=person(1), unit=VILLAGE))
    history.passes("2010-02-01", 1, course="C1")
    history.passes("2010-02-01", 1, course="C2", passed=False)
    assert [history.ask("trainings", part=part).value for part in ("enrolled", "completed", "passed")] == [1, 2, 1]
    parts = ("passed|start_up|none|woman", "passed|start_up|none|youth", "completed|skill|none|none")
    assert [history.ask("trainings", part=part).value for part in parts] == [1, 1, 1]


def test_platforms_are_shares_of_units_by_level_with_what_their_latest_change_says() -> None:
    history = History()
    has = {"full_time_staff": 2, "networked": True, "budgeted": False, "guidance_window": False}
    for platform in ("T1", "T2"):
        history.add("2009-03-01", ServicePlatformOpened.model_validate(
            {"platform": platform, "name": "服务所", "level": "township", "unit": TOWN, **has}
        ))  # fmt: skip
    history.add("2010-06-01", ServicePlatformChanged.model_validate({"platform": "T1", **has, "budgeted": True, "full_time_staff": 0}))
    assert whole(history.ask("platforms", part="township")) == (1, 4, Fraction(1, 4))  # one township, twice, of 2 and 2 parks
    assert whole(history.ask("platforms", part="county")) == (0, 1, 0)
    assert [history.ask("platforms", "budgeted", "township", as_of=day).numerator for day in ("2010-05-31", "2010-06-01")] == [0, 1]
    assert history.ask("platforms", "staffed", "township").numerator == 1  # the other one has staff
    for platform in ("T1", "T2"):
        history.add("2010-09-01", ServicePlatformChanged.model_validate({"platform": platform, **has, "in_service": False}))
    assert history.ask("platforms", part="township").numerator == 0


def test_projects_collected_displayed_and_matched() -> None:
    history = History()
    for number, high_tech in enumerate((True, False)):
        history.add("2010-01-01", ProjectCollected(project=f"X{number}", name="项目", high_tech=high_tech, unit=TOWN))
    history.add("2010-02-01", ProjectDisplayed(project="X0"))
    history.add("2010-02-02", ProjectDisplayed(project="X0"))
    history.add("2010-03-01", ProjectMatched(project="X1", person=person(1), unit=VILLAGE_B))
    stages = ("collected", "displayed", "matched")
    assert [history.ask("projects", part=part).value for part in stages] == [2, 2, 1]
    assert [history.ask("projects", "high_tech", part).value for part in stages] == [1, 2, 0]
    assert [history.ask("projects", part=part, unit=TOWN_B).value for part in stages] == [0, 0, 1]


def test_follow_up_is_of_entities_under_one_year_old() -> None:
    history = History()
    history.founds("2010-02-28", [1], 1)
    history.founds("2010-06-01", [2], 2)
    history.add("2010-03-01", EntityFollowedUp(entity=entity(1), need="资金", outcome="已转贷款"))
    assert whole(history.ask("follow_up")) == (1, 2, Fraction(1, 2))
    assert whole(history.ask("follow_up", as_of="2010-02-28")) == (0, 1, 0)
    assert whole(history.ask("follow_up", as_of="2011-02-27", year=2011)) == (1, 2, Fraction(1, 2))
    assert whole(history.ask("follow_up", as_of="2011-02-28", year=2011)) == (0, 1, 0)
