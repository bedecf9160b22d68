"""Each kind of flag as a story: what is odd, on which fact it is raised, and what beside it is not odd at all."""

from datetime import date
from pathlib import Path

from services.indicators.flags.catalogue import FLAG_KINDS
from shared.contracts.base import Evidence
from shared.contracts.finance import (
    InstalmentDue,
    LoanApplied,
    LoanDisbursed,
    LoanRepaid,
    LoanSettled,
    LoanWrittenOff,
    SubsidyPaid,
)
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityMoved,
    EntityRestored,
    EntitySuspended,
    StaffReported,
    StatisticPublished,
    SurvivalChecked,
    VenueOpened,
)
from shared.contracts.training import (
    CourseClosed,
    GuidanceGiven,
    InternshipStarted,
    Score,
    SurveyAnswered,
    SurveyClosed,
    SurveyOpened,
    TraineeWithdrew,
)
from tests.indicators.flags.telling import BANK, GSJ, Flag, Story
from tests.support.records import COUNTY, VILLAGE, VILLAGE_2, entity, person

SECOND_SYSTEM = f"/{COUNTY}/shuiwu/zhengshou"


# The same fact again


def test_a_second_system_that_says_the_same_confirms() -> None:
    story = Story()
    first = story.registers("2025-03-01", 1, 1, known="2025-03-02")
    again = story.registers("2025-03-01", 1, 1, known="2025-03-09", source=SECOND_SYSTEM)
    assert story.flags() == [Flag("confirmation", again.id, (first.id,), "2025-03-01", "2025-03-09")]


def test_other_evidence_is_no_other_content() -> None:
    story = Story()
    story.add("2025-03-01", GuidanceGiven(person=person(1), guidance_kind="policy", unit=VILLAGE))
    evidence = (Evidence(document="登记表〔2025〕3号"),)
    story.add("2025-03-01", GuidanceGiven(person=person(1), guidance_kind="policy", unit=VILLAGE, evidence=evidence), source=SECOND_SYSTEM)
    assert [flag.kind for flag in story.flags()] == ["confirmation"]


def test_a_second_system_that_says_something_else_contradicts_until_one_of_them_is_corrected() -> None:
    story = Story()
    first = story.registers("2025-03-01", 1, 1)
    other = story.registers("2025-03-03", 1, 1, known="2025-03-05", source=SECOND_SYSTEM)
    assert story.flags() == [Flag("contradiction", other.id, (first.id,), "2025-03-03", "2025-03-05")]
    story.correct(other, "2025-03-01", first.fact, known="2025-04-01")
    assert story.flags("2025-03-31") == [Flag("contradiction", other.id, (first.id,), "2025-03-03", "2025-03-05")]
    assert story.flags() == [Flag("confirmation", other.id, (first.id,), "2025-03-01", "2025-04-01")]


def test_a_report_that_stands_in_for_a_voided_one_is_odd_no_longer() -> None:
    story = Story()
    first = story.registers("2025-03-01", 1, 1)
    story.registers("2025-03-01", 1, 1, known="2025-03-02", source=SECOND_SYSTEM)
    story.void(first, known="2025-03-10")
    assert [flag.kind for flag in story.flags("2025-03-09")] == ["confirmation"]
    assert story.flags() == []


def test_a_confirmation_that_stands_in_is_what_an_earlier_contradiction_contradicts() -> None:
    story = Story()
    first = story.registers("2025-03-01", 1, 1)
    other = story.registers("2025-03-03", 1, 1, known="2025-03-04", source=SECOND_SYSTEM)
    same = story.registers("2025-03-01", 1, 1, known="2025-03-05", source=BANK)
    story.void(first, known="2025-04-01")
    assert story.flags("2025-03-31") == [
        Flag("confirmation", same.id, (first.id,), "2025-03-01", "2025-03-05"),
        Flag("contradiction", other.id, (first.id,), "2025-03-03", "2025-03-04"),
    ]
    assert story.flags() == [Flag("contradiction", other.id, (same.id,), "2025-03-03", "2025-03-04")]


def test_a_newer_value_of_a_statistic_is_nothing_odd() -> None:
    story = Story()
    for value, source in ((20_000, GSJ), (20_100, SECOND_SYSTEM)):
        fact = StatisticPublished(
            series="urban_workers", unit=COUNTY, period_end=date(2024, 12, 31), value=value, publisher="县统计局"
        )  # fmt: skip
        story.add("2025-03-01", fact, source=source)
    assert story.flags() == []


# What is depended on


def test_what_depends_on_a_voided_registration_is_orphaned_until_it_is_registered_anew() -> None:
    story = Story()
    registered = story.registers("2025-03-01", 1, 1)
    hired = story.add("2025-03-05", EmploymentStarted(entity=entity(1), person=person(2)))
    story.void(registered, known="2025-03-10")
    anew = story.registers("2025-03-02", 1, 1, known="2025-04-01")
    orphaned = Flag("orphaned", hired.id, (registered.id,), "2025-03-05", "2025-03-10")
    assert [story.flags(day) for day in ("2025-03-09", "2025-03-10", "2025-03-31", "2025-04-01")] == [[], [orphaned], [orphaned], []]
    story.void(anew, known="2025-05-01")
    assert story.flags("2025-05-01") == [Flag("orphaned", hired.id, (registered.id, anew.id), "2025-03-05", "2025-05-01")]


def test_one_report_of_an_opening_is_enough() -> None:
    story = Story()
    first = story.registers("2025-03-01", 1, 1)
    story.registers("2025-03-01", 1, 1, known="2025-03-02", source=SECOND_SYSTEM)
    story.add("2025-03-05", EmploymentStarted(entity=entity(1), person=person(2)))
    story.void(first, known="2025-03-10")
    assert story.flags() == []


def test_facts_under_a_new_code_depend_on_the_registration_under_the_old_one() -> None:
    story = Story()
    registered = story.registers("2025-03-01", 1, 1)
    replaced = story.add("2025-04-01", EntityCodeReplaced(entity=entity(1), new_code="92330127MA2KX0022K"))
    moved = story.add("2025-04-02", EntityMoved(entity="92330127MA2KX0022K", unit=VILLAGE_2))
    assert story.flags() == []
    story.void(registered, known="2025-05-01")
    assert [flag.on for flag in story.flags() if flag.kind == "orphaned"] == [replaced.id, moved.id]


def test_a_venue_lies_within_another_that_was_voided() -> None:
    story = Story()
    outer = story.add("2025-01-01", VenueOpened(venue="V1", name="园", venue_kind="incubator", area_m2=900, unit=VILLAGE))
    inner = story.add("2025-01-02", VenueOpened(venue="V2", name="楼", venue_kind="incubator", area_m2=100, unit=VILLAGE, within="V1"))
    assert story.flags() == []
    story.void(outer, known="2025-02-01")
    assert story.flags() == [Flag("orphaned", inner.id, (outer.id,), "2025-01-02", "2025-02-01")]


def test_answers_to_a_voided_survey_are_orphaned() -> None:
    story = Story()
    opened = story.add("2025-05-01", SurveyOpened(survey="S1", title="满意度调查", population="public"))
    answer = SurveyAnswered(survey="S1", respondent=person(1), scores=(Score(question="overall", score=5),))
    answered = story.add("2025-05-02", answer)
    closed = story.add("2025-05-31", SurveyClosed(survey="S1"))
    assert story.flags() == []
    story.void(opened, known="2025-06-01")
    assert {flag.on for flag in story.flags() if flag.kind == "orphaned"} == {answered.id, closed.id}


def test_what_another_service_has_not_recorded_yet_is_an_unknown_reference() -> None:
    story = Story()
    story.lends("2025-03-01", "L1")
    started = story.add("2025-03-01", InternshipStarted(internship="I1", person=person(3), venue="B1", unit=VILLAGE))
    story.registers("2025-02-01", 1, 1, known="2025-03-20")
    before = story.flags("2025-03-19")
    assert [(flag.kind, flag.on, flag.since) for flag in before] == [
        ("unknown_reference", started.id, "2025-03-01"), ("unknown_reference", "r-1", "2025-03-01"),
    ]  # fmt: skip
    assert [flag.on for flag in story.flags()] == [started.id]


def test_a_code_is_unknown_until_it_is_known_to_be_another_ones() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    applied = LoanApplied(loan="L1", loan_kind="enterprise", entity="92330127MA2KX0022K", amount_fen=100, unit=VILLAGE)
    story.add("2025-03-01", applied)
    story.add("2025-02-01", EntityCodeReplaced(entity=entity(1), new_code="92330127MA2KX0022K"), known="2025-03-20")
    assert [[flag.kind for flag in story.flags(day)] for day in ("2025-03-01", "2025-03-19", "2025-03-20")] == [
        ["unknown_reference"], ["unknown_reference"], [],
    ]  # fmt: skip


# Persons


def test_a_course_begun_before_another_was_left_overlaps() -> None:
    story = Story()
    for course in ("A", "B", "C"):
        story.course("2025-01-01", course)
    first = story.enrols("2025-03-01", "A", 1)
    second = story.enrols("2025-03-05", "B", 1, known="2025-03-06")
    story.completes("2025-03-10", "A", 1)
    story.enrols("2025-03-10", "C", 2)
    story.add("2025-03-15", TraineeWithdrew(course="B", person=person(1)))
    story.enrols("2025-03-15", "C", 1)
    assert story.flags() == [Flag("overlapping_courses", second.id, (first.id,), "2025-03-05", "2025-03-06")]


def test_a_course_that_nobody_says_was_left_runs_until_it_is_closed() -> None:
    story = Story()
    story.course("2025-01-01", "A")
    story.course("2025-01-01", "B")
    story.enrols("2025-03-01", "A", 1)
    second = story.enrols("2025-03-20", "B", 1)
    story.add("2025-03-10", CourseClosed(course="A"), known="2025-03-25")
    assert [flag.on for flag in story.flags("2025-03-24")] == [second.id]
    assert story.flags() == []


def test_two_courses_of_one_day_overlap() -> None:
    story = Story()
    story.course("2025-01-01", "A")
    story.course("2025-01-01", "B")
    for course in ("A", "B"):
        story.enrols("2025-03-01", course, 1)
        story.completes("2025-03-01", course, 1)
    assert [flag.kind for flag in story.flags()] == ["overlapping_courses"]


def test_a_job_begun_while_another_entity_claims_the_person_is_claimed_twice() -> None:
    story = Story()
    for number in (1, 2, 3):
        story.registers("2025-01-01", number, number)
    first = story.add("2025-02-01", EmploymentStarted(entity=entity(1), person=person(9)))
    listed = StaffReported(entity=entity(2), employees=2, persons=(person(8), person(9)))
    second = story.add("2025-03-01", listed, known="2025-03-02")
    story.add("2025-04-01", EmploymentEnded(entity=entity(1), person=person(9)))
    story.add("2025-04-01", StaffReported(entity=entity(2), employees=0, persons=()))
    story.add("2025-04-01", EmploymentStarted(entity=entity(3), person=person(9)))
    assert story.flags() == [Flag("job_claimed_twice", second.id, (first.id,), "2025-03-01", "2025-03-02")]


def test_a_closed_entity_and_the_founder_of_one_claim_no_job() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.registers("2025-01-01", 2, 2)
    story.add("2025-02-01", EmploymentStarted(entity=entity(1), person=person(9)))
    story.add("2025-02-01", EmploymentStarted(entity=entity(1), person=person(2)))
    story.add("2025-03-01", EntityDeregistered(entity=entity(1)))
    story.add("2025-03-01", EmploymentStarted(entity=entity(2), person=person(9)))
    assert story.flags() == []


def test_an_end_reported_late_clears_a_job_as_known_from_that_day() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.registers("2025-01-01", 2, 2)
    story.add("2025-02-01", EmploymentStarted(entity=entity(1), person=person(9)))
    story.add("2025-03-01", EmploymentStarted(entity=entity(2), person=person(9)))
    story.add("2025-02-20", EmploymentEnded(entity=entity(1), person=person(9)), known="2025-05-01")
    assert [flag.since for flag in story.flags("2025-04-30")] == ["2025-03-01"]
    assert story.flags() == []


def test_start_up_training_after_founding_is_odd_and_founding_during_it_is_not() -> None:
    story = Story()
    story.course("2025-01-01", "A")
    story.course("2025-01-01", "B")
    story.course("2025-01-01", "K", "skill")
    story.enrols("2025-02-01", "A", 1)
    founded = story.registers("2025-02-10", 1, 1)
    story.completes("2025-02-20", "A", 1)
    story.enrols("2025-03-01", "K", 1)
    story.add("2025-03-02", TraineeWithdrew(course="K", person=person(1)))
    late = story.enrols("2025-04-01", "B", 1)
    assert story.flags() == [Flag("trained_after_founding", late.id, (founded.id,), "2025-04-01", "2025-04-01")]


def test_a_founder_corrected_to_another_person_was_not_trained_after_founding() -> None:
    story = Story()
    story.course("2025-01-01", "A")
    founded = story.registers("2025-02-10", 1, 1)
    story.enrols("2025-04-01", "A", 1)
    other = story.registers("2025-02-10", 2, 2).fact
    story.correct(founded, "2025-02-10", other.model_copy(update={"entity": entity(1)}), known="2025-05-01")
    assert [flag.kind for flag in story.flags("2025-04-30")] == ["trained_after_founding"]
    assert story.flags() == []


def test_a_one_off_subsidy_of_a_kind_is_paid_a_person_once() -> None:
    def pays(on: str, payment: str, *persons: int, kind: str = "training", one_off: bool = True) -> str:
        fact = SubsidyPaid.model_validate({
            "payment": payment, "subsidy_kind": kind, "persons": [person(each) for each in persons], "one_off": one_off,
            "amount_fen": 80_000, "unit": VILLAGE,
        })  # fmt: skip
        return story.add(on, fact).id

    story = Story()
    first = pays("2025-03-01", "P1", 1, 2)
    pays("2025-04-01", "P2", 1, kind="start_up")
    pays("2025-04-02", "P3", 1, one_off=False)
    second = pays("2025-05-01", "P4", 1, 2, 3)
    third = pays("2025-06-01", "P5", 3, 1)
    listed = story.listed().flags
    assert {flag.kind for flag in listed} == {"second_one_off_subsidy"}
    assert [(flag.fact.id, [other.id for other in flag.others]) for flag in listed] == [(second, [first]), (third, [first, second])]
    assert listed[0].about == ["person:P000***", "person:P000***"]


def test_a_course_on_days_on_which_another_employs_the_trainee_is_odd() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    for course in ("A", "B", "C"):
        story.course("2025-01-01", course)
    story.course("2025-01-01", "K", "skill")
    story.enrols("2025-01-20", "A", 9)
    story.completes("2025-02-01", "A", 9)
    hired = story.add("2025-02-01", EmploymentStarted(entity=entity(1), person=person(9)))
    during = story.enrols("2025-03-01", "B", 9, known="2025-03-02")
    story.completes("2025-03-10", "B", 9)
    ended = story.add("2025-04-01", EmploymentEnded(entity=entity(1), person=person(9)))
    story.enrols("2025-04-01", "C", 9)
    story.add("2025-04-01", EmploymentStarted(entity=entity(1), person=person(1)))
    story.enrols("2025-05-01", "K", 1)
    odd = Flag("trained_while_employed", during.id, (hired.id,), "2025-03-01", "2025-03-02")
    assert story.flags() == [odd]
    (listed,) = story.listed().flags
    assert listed.about == ["person:P000***", "course:B", f"entity:{entity(1)}"]
    story.correct(ended, "2025-02-20", ended.fact, known="2025-06-01")
    assert (story.flags("2025-05-31"), story.flags()) == ([odd], [])


def test_a_course_that_nobody_says_was_left_is_odd_on_its_first_day_alone() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.course("2025-01-01", "A")
    enrolled = story.enrols("2025-03-01", "A", 9)
    story.add("2025-06-01", EmploymentStarted(entity=entity(1), person=person(9)))
    assert story.flags() == []
    story.add("2025-07-01", CourseClosed(course="A"))
    assert [(flag.kind, flag.on) for flag in story.flags()] == [("trained_while_employed", enrolled.id)]
    story.add("2025-05-01", EntitySuspended(entity=entity(1)), known="2025-08-01")
    assert [flag.kind for flag in story.flags()] == ["closed_yet_operating"]


def test_a_third_entity_founded_within_a_year_is_odd_as_long_as_nobody_sees_anything_of_the_three() -> None:
    story = Story()
    story.registers("2023-12-31", 5, 1)
    first, second = story.registers("2025-01-01", 1, 1), story.registers("2025-05-01", 2, 1, 2)
    story.registers("2025-06-01", 4, 2)
    third = story.registers("2025-12-31", 3, 1)
    odd = Flag("many_shells", third.id, (first.id, second.id), "2025-12-31", "2025-12-31")
    assert story.flags() == [odd]
    story.add("2026-01-01", StaffReported(entity=entity(1), employees=0))
    assert story.flags() == [odd]
    story.add("2026-02-01", SurvivalChecked(entity=entity(2), operating=True))
    assert (story.flags("2026-01-31"), story.flags()) == ([odd], [])


def test_an_entity_closed_before_the_third_is_founded_and_one_a_year_older_are_no_shells_beside_it() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.registers("2025-01-02", 2, 1)
    closed = story.add("2025-03-01", EntityDeregistered(entity=entity(2)))
    third = story.registers("2025-06-01", 3, 1)
    story.registers("2026-01-01", 4, 1)
    assert story.flags() == []
    story.void(closed, known="2026-03-01")
    assert ("many_shells", third.id) in [(flag.kind, flag.on) for flag in story.flags()]


# Entities


def test_closed_yet_operating() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.add("2025-02-01", SurvivalChecked(entity=entity(1), operating=True))
    suspended = story.add("2025-03-01", EntitySuspended(entity=entity(1)))
    checked = story.add("2025-03-01", SurvivalChecked(entity=entity(1), operating=True))
    story.add("2025-03-10", SurvivalChecked(entity=entity(1), operating=False))
    story.add("2025-04-01", EntityRestored(entity=entity(1)))
    story.add("2025-04-01", StaffReported(entity=entity(1), employees=3))
    closed = story.add("2025-05-01", EntityDeregistered(entity=entity(1)))
    staffed = story.add("2025-06-01", StaffReported(entity=entity(1), employees=2))
    story.add("2025-07-01", StaffReported(entity=entity(1), employees=0))
    hired = story.add("2025-08-01", EmploymentStarted(entity=entity(1), person=person(5)))
    assert story.flags() == [
        Flag("closed_yet_operating", checked.id, (suspended.id,), "2025-03-01", "2025-03-01"),
        Flag("closed_yet_operating", staffed.id, (closed.id,), "2025-06-01", "2025-06-01"),
        Flag("closed_yet_operating", hired.id, (closed.id,), "2025-08-01", "2025-08-01"),
    ]


def test_a_deregistration_reported_late_makes_what_was_known_odd_from_that_day() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    staffed = story.add("2025-06-01", StaffReported(entity=entity(1), employees=2))
    closed = story.add("2025-05-01", EntityDeregistered(entity=entity(1)), known="2025-07-15")
    assert story.flags("2025-07-14") == []
    assert story.flags() == [Flag("closed_yet_operating", staffed.id, (closed.id,), "2025-06-01", "2025-07-15")]


# Loans


def test_a_loan_without_an_entity() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.lends("2025-03-01", "L1")
    personal = LoanApplied(loan="L2", loan_kind="personal", borrowers=(person(2),), amount_fen=100, unit=VILLAGE)
    applied = story.add("2025-03-02", personal, source=BANK)
    assert story.flags() == [Flag("loan_without_entity", applied.id, (), "2025-03-02", "2025-03-02")]
    story.correct(applied, "2025-03-02", personal.model_copy(update={"entity": entity(1)}), known="2025-04-01")
    assert story.flags() == []


def test_money_lent_to_an_entity_that_is_closed_on_that_day() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    applied, _ = story.lends("2025-03-01", "L1")
    closed = story.add("2025-04-01", EntityDeregistered(entity=entity(1)), known="2025-05-10")
    late = story.add("2025-05-01", LoanDisbursed(loan="L1", tranche=2, amount_fen=100), source=BANK)
    odd = Flag("loan_to_closed", late.id, (applied.id, closed.id), "2025-05-01", "2025-05-10")
    assert (story.flags("2025-05-09"), story.flags("2025-05-10")) == ([], [odd])
    story.add("2025-04-20", EntityRestored(entity=entity(1)), known="2025-06-01")
    assert (story.flags("2025-05-31"), story.flags()) == ([odd], [])


def test_a_disbursement_without_its_day_until_a_correction_dates_it() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.lends("2025-03-01", "L1")
    undated = story.add("2025-03-20", LoanDisbursed(loan="L1", tranche=2, amount_fen=100, undated=True), source=BANK)
    story.correct(undated, "2025-03-11", LoanDisbursed(loan="L1", tranche=2, amount_fen=100), known="2025-04-01")
    assert story.flags("2025-03-31") == [Flag("undated", undated.id, (), "2025-03-20", "2025-03-20")]
    assert story.flags() == []


def test_a_settled_loan_that_is_written_off_or_moves_on() -> None:
    story = Story()
    story.registers("2025-01-01", 1, 1)
    story.lends("2025-03-01", "L1")
    story.add("2025-03-01", InstalmentDue(loan="L1", number=1, due=date(2025, 9, 1), principal_fen=5_000_000))
    story.add("2025-08-30", LoanRepaid(loan="L1", receipt="R1", principal_fen=5_000_000))
    settled = story.add("2025-09-01", LoanSettled(loan="L1"))
    early = story.add("2025-08-01", LoanWrittenOff(loan="L1", amount_fen=100), known="2025-09-02")
    late = story.add("2025-10-01", LoanWrittenOff(loan="L1", amount_fen=100))
    repaid = story.add("2025-10-02", LoanRepaid(loan="L1", receipt="R2", principal_fen=100))
    assert story.flags() == [
        Flag("written_off_yet_settled", early.id, (settled.id,), "2025-09-01", "2025-09-02"),
        Flag("written_off_yet_settled", late.id, (settled.id,), "2025-10-01", "2025-10-01"),
        Flag("after_loan_settled", repaid.id, (settled.id,), "2025-10-02", "2025-10-02"),
    ]
    assert [flag.on for flag in story.flags(as_of="2025-09-01")] == [early.id]


def test_every_kind_has_a_story() -> None:
    told = Path(__file__).read_text("utf-8")
    assert [kind.code for kind in FLAG_KINDS if f'"{kind.code}"' not in told] == []
