"""Green channels and their cases, platforms, associations, policies, projects, rectifications: what begins, changes and ends."""

from datetime import date

import pytest

from services.registry import association, green_channel, green_channel_case, platform, policy, project, rectification
from services.registry.reasons import NOT_OPENED_YET, after_its_end, before_its_beginning, begins_after_its_end
from services.registry.rules import RULES
from shared.contracts.base import about_of
from shared.contracts.outcomes import Reason
from shared.contracts.registry import (
    AssociationDissolved,
    AssociationFounded,
    AssociationMemberJoined,
    GreenChannelCaseAccepted,
    GreenChannelCaseCompleted,
    GreenChannelClosed,
    GreenChannelOpened,
    PolicyIssued,
    PolicyRepealed,
    ProjectCollected,
    ProjectDisplayed,
    ProjectMatched,
    RectificationClosed,
    RectificationOpened,
    RegistryFact,
    ServicePlatformChanged,
    ServicePlatformOpened,
)
from tests.support.given import Given, recorded, refused, waits_for

JANUARY, MARCH, JUNE, JULY, DECEMBER = (date(2010, month, 10) for month in (1, 3, 6, 7, 12))
TOWNSHIP, PERSON = "330127100000", "P0123456789ABCDEF"

CHANNEL, CHANNEL_CLOSED = GreenChannelOpened(unit=TOWNSHIP, channel="LT-01"), GreenChannelClosed(channel="LT-01")
CASE, COMPLETED = GreenChannelCaseAccepted(unit=TOWNSHIP, case="LS-31", promised=JUNE), GreenChannelCaseCompleted(case="LS-31")
FOUNDED, DISSOLVED = AssociationFounded(unit=TOWNSHIP, association="XH-03", name="创业者协会"), AssociationDissolved(association="XH-03")
JOINED = AssociationMemberJoined(association="XH-03", person=PERSON)
ISSUED, REPEALED = PolicyIssued(unit=TOWNSHIP, policy="ZC-12", title="若干意见", policy_kind="venues"), PolicyRepealed(policy="ZC-12")
OPENED = RectificationOpened(unit=TOWNSHIP, rectification="ZG-11", matter="孵化基地面积不足", due=JULY)
CLOSED = RectificationClosed(rectification="ZG-11")
EQUIPMENT = {"full_time_staff": 3, "networked": True, "budgeted": False, "guidance_window": True}
PLATFORM = ServicePlatformOpened.model_validate({"unit": TOWNSHIP, "platform": "PT-1", "name": "服务所", "level": "township", **EQUIPMENT})
CHANGED = ServicePlatformChanged.model_validate({"platform": "PT-1", **EQUIPMENT})
COLLECTED = ProjectCollected(unit=TOWNSHIP, project="XM-42", name="山核桃初加工", high_tech=False)
DISPLAYED, MATCHED = ProjectDisplayed(project="XM-42"), ProjectMatched(unit=TOWNSHIP, project="XM-42", person=PERSON)

ENDS = [(CHANNEL, CHANNEL_CLOSED), (CASE, COMPLETED), (FOUNDED, DISSOLVED), (ISSUED, REPEALED), (OPENED, CLOSED)]
CHANGES = [(PLATFORM, CHANGED), (FOUNDED, JOINED)]
ODDITIES = [(COLLECTED, DISPLAYED), (COLLECTED, MATCHED)]
TWICE = [
    (CHANNEL, green_channel.ALREADY_OPENED), (CASE, green_channel_case.ALREADY_ACCEPTED), (FOUNDED, association.ALREADY_FOUNDED),
    (ISSUED, policy.ALREADY_ISSUED), (OPENED, rectification.ALREADY_OPENED), (PLATFORM, platform.ALREADY_OPENED),
    (COLLECTED, project.ALREADY_COLLECTED),
]  # fmt: skip


def types(value: object) -> str:
    return str(getattr(value, "type", getattr(value, "code", "")))


@pytest.mark.parametrize(("beginning", "later"), [*ENDS, *CHANGES, *ODDITIES], ids=types)
def test_it_begins_and_goes_on(beginning: RegistryFact, later: RegistryFact) -> None:
    assert Given(RULES).when(beginning, MARCH) == recorded()
    assert Given(RULES, [(beginning, MARCH)]).when(later, MARCH) == recorded()
    assert Given(RULES, [(beginning, MARCH)]).when(later, JUNE) == recorded()


@pytest.mark.parametrize(("beginning", "reason"), TWICE, ids=types)
def test_it_does_not_begin_twice(beginning: RegistryFact, reason: Reason) -> None:
    assert Given(RULES, [(beginning, JANUARY)]).when(beginning, MARCH) == refused(reason)


@pytest.mark.parametrize(("beginning", "later"), [*ENDS, *CHANGES, *ODDITIES], ids=types)
def test_what_comes_later_waits_for_the_beginning(beginning: RegistryFact, later: RegistryFact) -> None:
    assert about_of(beginning) == about_of(later)
    assert Given(RULES).when(later, JUNE) == waits_for(about_of(beginning), NOT_OPENED_YET)


@pytest.mark.parametrize(("beginning", "later"), [*ENDS, *CHANGES], ids=types)
def test_what_comes_later_is_refused_before_the_beginning(beginning: RegistryFact, later: RegistryFact) -> None:
    assert Given(RULES, [(beginning, MARCH)]).when(later, JANUARY) == refused(before_its_beginning(MARCH))


@pytest.mark.parametrize(("beginning", "end"), ENDS, ids=types)
def test_a_beginning_after_the_end_on_record_is_refused(beginning: RegistryFact, end: RegistryFact) -> None:
    assert Given(RULES, [(end, JANUARY)]).when(beginning, MARCH) == refused(begins_after_its_end(JANUARY))
    assert Given(RULES, [(end, JANUARY)]).when(beginning, JANUARY) == recorded()


@pytest.mark.parametrize(("beginning", "end"), ENDS, ids=types)
def test_an_end_outlasts_a_voided_beginning(beginning: RegistryFact, end: RegistryFact) -> None:
    assert Given(RULES, [(end, JUNE), (beginning, JULY)]).when(end, MARCH) == refused(before_its_beginning(JULY))


def test_a_case_is_not_promised_for_a_day_before_it_was_accepted() -> None:
    assert Given(RULES).when(CASE, JULY) == refused(green_channel_case.PROMISED_BEFORE_ACCEPTED)
    assert Given(RULES).when(CASE, JUNE) == recorded()


def test_a_case_completed_late_is_recorded_without_a_flag() -> None:
    assert Given(RULES, [(CASE, MARCH)]).when(COMPLETED, DECEMBER) == recorded()


def test_a_member_of_a_dissolved_association_is_flagged() -> None:
    dissolved = Given(RULES, [(FOUNDED, MARCH), (DISSOLVED, JUNE)])
    assert dissolved.when(JOINED, JULY) == recorded(after_its_end(JUNE))
    assert dissolved.when(JOINED, JUNE) == recorded()


@pytest.mark.parametrize(
    ("place", "level"),
    [
        ({"unit": "330127000000"}, "county"), ({"unit": "330127100000"}, "township"), ({"park": "330127401000"}, "township"),
        ({"unit": "330127101003"}, "community_or_village"), ({"unit": "330127101205"}, "community_or_village"),
        ({"unit": "330127101205", "park": "330127401000"}, "township"),
    ],
)  # fmt: skip
def test_a_platforms_level_is_that_of_its_place(place: dict[str, str], level: str) -> None:
    about = {"platform": "PT-1", "name": "服务所", **EQUIPMENT}
    assert Given(RULES).when(ServicePlatformOpened.model_validate({**place, **about, "level": level}), MARCH) == recorded()


def test_a_platform_on_another_level_than_its_unit_is_flagged() -> None:
    assert Given(RULES).when(PLATFORM.model_copy(update={"level": "county"}), MARCH) == recorded(platform.LEVEL_DIFFERS)


@pytest.mark.parametrize("fact", [DISPLAYED, MATCHED], ids=types)
def test_a_project_shown_or_taken_up_before_it_was_collected_is_flagged(fact: RegistryFact) -> None:
    assert Given(RULES, [(COLLECTED, MARCH)]).when(fact, JANUARY) == recorded(project.BEFORE_COLLECTED)


def test_a_rectification_is_not_due_before_it_is_opened() -> None:
    assert Given(RULES).when(OPENED, DECEMBER) == refused(rectification.DUE_BEFORE_OPENED)
    assert Given(RULES, [(OPENED, JUNE)]).when(CLOSED, DECEMBER) == recorded()
