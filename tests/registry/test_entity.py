"""Entities: given what is recorded of one, what becomes of the next report about it."""

from datetime import date

import pytest

from services.registry.entity import (
    ALREADY_EMPLOYED,
    ALREADY_LEFT,
    ALREADY_OPERATING,
    ALREADY_REGISTERED,
    BEFORE_REGISTRATION,
    CLOSED,
    CLOSED_YET_OPERATING,
    CODE_REPLACED_BEFORE,
    FOUNDER_AMONG_STAFF,
    HEAD_COUNT_DIFFERS,
    LISTED_THOUGH_LEFT,
    NO_FOUNDER,
    NOT_CLOSED_YET,
    NOT_EMPLOYED_YET,
    OLD_NUMBER_AS_NEW_CODE,
    OUT_OF_COUNTY,
    REPLACED_BY_ITSELF,
)
from services.registry.reasons import NOT_OPENED_YET, before_its_beginning, begins_after_its_end
from services.registry.rules import RULES, RegistryState
from shared.contracts.registry import (
    EmploymentEnded,
    EmploymentStarted,
    EntityCodeReplaced,
    EntityDeregistered,
    EntityFact,
    EntityFollowedUp,
    EntityLicenceRevoked,
    EntityMoved,
    EntityRegistered,
    EntityRestored,
    EntitySuspended,
    Founder,
    StaffReported,
    SurvivalChecked,
)
from tests.support.given import Dated, Given, recorded, refused, waits_for

CODE, OLD_NUMBER, OTHER_CODE = "91330127MA2B1C0D18", "330127600012345", "92330127MA2KX0022K"
FOUNDER, ANN, BO = "P0123456789ABCDEF", "P0123456789ABCDEG", "P0123456789ABCDEH"
ABOUT = f"entity:{CODE}"
JANUARY, MARCH, APRIL, JUNE, JULY, DECEMBER = (date(2010, month, 10) for month in (1, 3, 4, 6, 7, 12))

REGISTERED = EntityRegistered(
    unit="330127101205",
    entity=CODE,
    name="临江竹木制品有限公司",
    entity_kind="enterprise",
    founders=(Founder(person=FOUNDER),),
    industry="C2041",
)
SUSPENDED, REVOKED = EntitySuspended(entity=CODE), EntityLicenceRevoked(entity=CODE)
DEREGISTERED, RESTORED = EntityDeregistered(entity=CODE), EntityRestored(entity=CODE)
MOVED, MOVED_AWAY = EntityMoved(entity=CODE, unit="330127102000"), EntityMoved(entity=CODE, out_of_county=True)
TWO_STAFF = StaffReported(entity=CODE, employees=2)
NO_STAFF = StaffReported(entity=CODE, employees=0)
ANN_AND_BO = StaffReported(entity=CODE, employees=2, persons=(ANN, BO))
OPERATES, STANDS_STILL = SurvivalChecked(entity=CODE, operating=True), SurvivalChecked(entity=CODE, operating=False)
ANN_STARTED, ANN_ENDED = EmploymentStarted(entity=CODE, person=ANN), EmploymentEnded(entity=CODE, person=ANN)
FOLLOWED_UP = EntityFollowedUp(entity=CODE, need="流动资金", outcome="已转小额担保贷款")

CLOSINGS: list[EntityFact] = [SUSPENDED, REVOKED, DEREGISTERED]


def given(*history: Dated) -> Given[RegistryState]:
    """An entity registered in March, and then this."""
    return Given(RULES, [(REGISTERED, MARCH), *history])


def test_a_registration_is_recorded() -> None:
    assert Given(RULES).when(REGISTERED, MARCH) == recorded()


def test_an_individual_business_without_its_owner_is_flagged() -> None:
    ownerless = REGISTERED.model_copy(update={"founders": (), "entity_kind": "individual_business"})
    assert Given(RULES).when(ownerless, MARCH) == recorded(NO_FOUNDER)
    assert Given(RULES).when(REGISTERED.model_copy(update={"founders": ()}), MARCH) == recorded()


@pytest.mark.parametrize(
    "fact", [DEREGISTERED, RESTORED, TWO_STAFF, ANN_STARTED, ANN_ENDED, MOVED, OPERATES, FOLLOWED_UP], ids=lambda fact: fact.type
)
def test_anything_else_waits_for_the_registration(fact: EntityFact) -> None:
    assert Given(RULES).when(fact, JUNE) == waits_for(ABOUT, NOT_OPENED_YET)


def test_a_second_registration_under_a_replaced_code_is_refused() -> None:
    assert given().when(REGISTERED, JUNE) == refused(ALREADY_REGISTERED)


def test_a_registration_reported_anew_after_a_void_keeps_what_is_known() -> None:
    kept = Given(RULES, [(ANN_STARTED, APRIL), (DEREGISTERED, JULY)])
    assert kept.when(REGISTERED, MARCH) == recorded()
    assert Given(RULES, [*kept.history, (REGISTERED, MARCH)]).when(ANN_ENDED, JUNE) == recorded()
    assert Given(RULES, [*kept.history, (REGISTERED, MARCH)]).when(TWO_STAFF, DECEMBER) == recorded(CLOSED_YET_OPERATING)


def test_a_registration_after_the_deregistration_is_refused() -> None:
    assert Given(RULES, [(DEREGISTERED, APRIL)]).when(REGISTERED, JUNE) == refused(begins_after_its_end(APRIL))


# life cycle


@pytest.mark.parametrize("closing", CLOSINGS, ids=lambda fact: fact.type)
def test_an_operating_entity_is_closed(closing: EntityFact) -> None:
    assert given().when(closing, JUNE) == recorded()


@pytest.mark.parametrize("fact", [*CLOSINGS, RESTORED, MOVED, MOVED_AWAY], ids=lambda fact: fact.type)
def test_its_life_cannot_run_before_its_registration(fact: EntityFact) -> None:
    assert given().when(fact, JANUARY) == refused(before_its_beginning(MARCH))


def test_a_code_cannot_be_replaced_before_the_registration() -> None:
    assert given().when(EntityCodeReplaced(entity=CODE, new_code=OTHER_CODE), JANUARY) == refused(before_its_beginning(MARCH))


@pytest.mark.parametrize(
    ("earlier", "later"), [(SUSPENDED, REVOKED), (SUSPENDED, DEREGISTERED), (REVOKED, DEREGISTERED)], ids=lambda fact: fact.type
)
def test_a_closed_entity_may_be_closed_for_good(earlier: EntityFact, later: EntityFact) -> None:
    assert given((earlier, JUNE)).when(later, JULY) == recorded()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (SUSPENDED, SUSPENDED), (REVOKED, SUSPENDED), (REVOKED, REVOKED), (DEREGISTERED, SUSPENDED), (DEREGISTERED, REVOKED),
        (DEREGISTERED, DEREGISTERED),
    ],
    ids=lambda fact: fact.type,
)  # fmt: skip
def test_closing_what_is_already_closed_is_flagged(earlier: EntityFact, later: EntityFact) -> None:
    assert given((earlier, JUNE)).when(later, JULY) == recorded(CLOSED)


def test_a_late_closing_is_judged_by_its_own_day() -> None:
    assert given((DEREGISTERED, JULY)).when(SUSPENDED, JUNE) == recorded()


@pytest.mark.parametrize("closing", CLOSINGS, ids=lambda fact: fact.type)
def test_a_closed_entity_is_restored(closing: EntityFact) -> None:
    assert given((closing, JUNE)).when(RESTORED, JULY) == recorded()


def test_a_restoration_waits_for_the_closing() -> None:
    assert given().when(RESTORED, JULY) == waits_for(ABOUT, NOT_CLOSED_YET)
    assert given((SUSPENDED, DECEMBER)).when(RESTORED, JULY) == waits_for(ABOUT, NOT_CLOSED_YET)


def test_restoring_twice_is_flagged() -> None:
    assert given((SUSPENDED, APRIL), (RESTORED, JUNE)).when(RESTORED, JULY) == recorded(ALREADY_OPERATING)


def test_a_restored_entity_operates() -> None:
    assert given((DEREGISTERED, APRIL), (RESTORED, JUNE)).when(TWO_STAFF, JULY) == recorded()


def test_an_entity_moves_and_comes_back() -> None:
    assert given().when(MOVED, JUNE) == recorded()
    assert given((MOVED_AWAY, JUNE)).when(MOVED, JULY) == recorded()


def test_leaving_the_county_twice_is_flagged() -> None:
    assert given((MOVED_AWAY, JUNE)).when(MOVED_AWAY, JULY) == recorded(OUT_OF_COUNTY)


def test_moving_a_deregistered_entity_is_flagged() -> None:
    assert given((DEREGISTERED, JUNE)).when(MOVED, JULY) == recorded(CLOSED)


def test_an_old_number_is_replaced_by_a_code() -> None:
    old = REGISTERED.model_copy(update={"entity": OLD_NUMBER})
    assert Given(RULES, [(old, MARCH)]).when(EntityCodeReplaced(entity=OLD_NUMBER, new_code=CODE), JUNE) == recorded()


def test_a_code_cannot_replace_itself() -> None:
    assert given().when(EntityCodeReplaced(entity=CODE, new_code=CODE), JUNE) == refused(REPLACED_BY_ITSELF)


def test_an_old_number_cannot_replace_a_code() -> None:
    assert given().when(EntityCodeReplaced(entity=CODE, new_code=OLD_NUMBER), JUNE) == refused(OLD_NUMBER_AS_NEW_CODE)


def test_replacing_the_code_once_more_is_flagged() -> None:
    replaced = EntityCodeReplaced(entity=CODE, new_code=OTHER_CODE)
    again = EntityCodeReplaced(entity=CODE, new_code="N2330127MF12345672")
    assert given((replaced, JUNE)).when(again, JULY) == recorded(CODE_REPLACED_BEFORE)


# staff and employment


@pytest.mark.parametrize("fact", [TWO_STAFF, ANN_AND_BO, OPERATES, STANDS_STILL, ANN_STARTED, FOLLOWED_UP], ids=lambda fact: fact.type)
def test_daily_business_of_an_operating_entity_is_recorded(fact: EntityFact) -> None:
    assert given().when(fact, JUNE) == recorded()


@pytest.mark.parametrize("fact", [TWO_STAFF, OPERATES, ANN_STARTED, FOLLOWED_UP], ids=lambda fact: fact.type)
def test_daily_business_before_the_registration_is_flagged(fact: EntityFact) -> None:
    assert given().when(fact, JANUARY) == recorded(BEFORE_REGISTRATION)


@pytest.mark.parametrize("fact", [TWO_STAFF, OPERATES, ANN_STARTED, FOLLOWED_UP], ids=lambda fact: fact.type)
def test_daily_business_outside_the_county_is_flagged(fact: EntityFact) -> None:
    assert given((MOVED_AWAY, APRIL)).when(fact, JUNE) == recorded(OUT_OF_COUNTY)


@pytest.mark.parametrize("closing", CLOSINGS, ids=lambda fact: fact.type)
@pytest.mark.parametrize("fact", [TWO_STAFF, OPERATES, ANN_STARTED], ids=lambda fact: fact.type)
def test_closed_yet_operating_is_recorded_and_flagged(closing: EntityFact, fact: EntityFact) -> None:
    assert given((closing, APRIL)).when(fact, JUNE) == recorded(CLOSED_YET_OPERATING)
    assert given((closing, JULY)).when(fact, JUNE) == recorded()


@pytest.mark.parametrize("fact", [NO_STAFF, STANDS_STILL], ids=lambda fact: fact.type)
def test_a_closed_entity_without_staff_is_as_expected(fact: EntityFact) -> None:
    assert given((DEREGISTERED, APRIL)).when(fact, JUNE) == recorded()


def test_following_up_a_deregistered_entity_is_flagged() -> None:
    assert given((DEREGISTERED, APRIL)).when(FOLLOWED_UP, JUNE) == recorded(CLOSED)
    assert given((SUSPENDED, APRIL)).when(FOLLOWED_UP, JUNE) == recorded()


def test_a_head_count_unlike_its_list_is_flagged() -> None:
    assert given().when(StaffReported(entity=CODE, employees=3, persons=(ANN, BO)), JUNE) == recorded(HEAD_COUNT_DIFFERS)


def test_a_founder_among_the_employees_is_flagged() -> None:
    assert given().when(StaffReported(entity=CODE, employees=2, persons=(ANN, FOUNDER)), JUNE) == recorded(FOUNDER_AMONG_STAFF)
    assert given().when(EmploymentStarted(entity=CODE, person=FOUNDER), JUNE) == recorded(FOUNDER_AMONG_STAFF)


def test_listing_someone_who_has_left_is_flagged() -> None:
    assert given((ANN_STARTED, MARCH), (ANN_ENDED, APRIL)).when(ANN_AND_BO, JUNE) == recorded(LISTED_THOUGH_LEFT)
    assert given((ANN_STARTED, MARCH), (ANN_ENDED, JULY)).when(ANN_AND_BO, JUNE) == recorded()


def test_starting_twice_is_flagged() -> None:
    assert given((ANN_STARTED, APRIL)).when(ANN_STARTED, JUNE) == recorded(ALREADY_EMPLOYED)


def test_starting_again_after_leaving_is_recorded() -> None:
    assert given((ANN_STARTED, MARCH), (ANN_ENDED, APRIL)).when(ANN_STARTED, JUNE) == recorded()


def test_an_employment_fact_wins_over_a_list() -> None:
    assert given((ANN_AND_BO, APRIL)).when(ANN_STARTED, JUNE) == recorded()


def test_an_employment_ends() -> None:
    assert given((ANN_STARTED, APRIL)).when(ANN_ENDED, JUNE) == recorded()
    assert given((ANN_STARTED, APRIL), (DEREGISTERED, APRIL)).when(ANN_ENDED, JUNE) == recorded()


def test_an_employment_known_from_a_list_ends() -> None:
    assert given((ANN_AND_BO, APRIL)).when(ANN_ENDED, JUNE) == recorded()
    only_bo = StaffReported(entity=CODE, employees=1, persons=(BO,))
    assert given((ANN_AND_BO, APRIL), (only_bo, JUNE)).when(ANN_ENDED, JULY) == recorded()


def test_an_end_waits_for_the_start() -> None:
    assert given().when(ANN_ENDED, JUNE) == waits_for(ABOUT, NOT_EMPLOYED_YET)
    assert given((ANN_STARTED, JULY)).when(ANN_ENDED, JUNE) == waits_for(ABOUT, NOT_EMPLOYED_YET)


def test_leaving_twice_is_flagged() -> None:
    assert given((ANN_STARTED, MARCH), (ANN_ENDED, APRIL)).when(ANN_ENDED, JUNE) == recorded(ALREADY_LEFT)
