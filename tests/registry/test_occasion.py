"""What happens once, and what is ruled on by itself: meetings, events, publications; statistics, benchmarks, checks."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.registry.occasion import AS_OF_AFTER_KNOWN_AT, KNOWN_AT_AFTER_PUBLISHED, Happened, number_taken
from services.registry.rules import RULES
from services.registry.standalone import MORE_POINTS_THAN_POSSIBLE, PERIOD_NOT_OVER
from shared.contracts.base import about_of
from shared.contracts.registry import (
    REGISTRY_FACTS,
    BenchmarkPublished,
    DocumentPublished,
    EvaluationPublished,
    InspectionHeld,
    MeetingHeld,
    PersonFollowedUp,
    PolicyImplementationChecked,
    RegistryFact,
    StatisticPublished,
)
from tests.support.given import Given, recorded, refused

DAY = date(2010, 10, 20)
MEETING = MeetingHeld(unit="330127000000", meeting="2010-01", title="第一次会议", meeting_kind="leading_group")
INSPECTION = InspectionHeld(unit="330127100000", inspection="2010-01", matter="政策落实")
EXAMPLES = [fact.model_validate(fact.example) for fact in REGISTRY_FACTS]
EVALUATION = EvaluationPublished.model_validate(EvaluationPublished.example)
DOCUMENT = DocumentPublished.model_validate(DocumentPublished.example)


@pytest.mark.parametrize("fact", [fact for fact in EXAMPLES if about_of(fact).startswith("occasion:")], ids=lambda fact: fact.type)
def test_an_occasion_is_recorded(fact: RegistryFact) -> None:
    assert Given(RULES).when(fact, DAY) == recorded()


def test_one_number_does_not_stand_for_two_kinds_of_happening() -> None:
    reason = number_taken(Happened("registry.meeting_held", "会议召开"))
    assert "会议召开" in reason.zh
    assert Given(RULES, [(MEETING, DAY)]).when(INSPECTION, DAY) == refused(reason)


def test_the_first_happening_keeps_its_number() -> None:
    both = Given(RULES, [(MEETING, DAY), (INSPECTION, DAY)])
    assert both.state(MEETING) == Happened("registry.meeting_held", "会议召开")


@pytest.mark.parametrize("fact", [EVALUATION, DOCUMENT], ids=lambda fact: fact.type)
def test_figures_are_not_published_before_they_are_known(fact: EvaluationPublished | DocumentPublished) -> None:
    assert Given(RULES).when(fact, fact.known_at) == recorded()
    assert Given(RULES).when(fact, fact.known_at - timedelta(days=1)) == refused(KNOWN_AT_AFTER_PUBLISHED)


@pytest.mark.parametrize("fact", [EVALUATION, DOCUMENT], ids=lambda fact: fact.type)
def test_figures_are_not_known_before_their_day(fact: EvaluationPublished | DocumentPublished) -> None:
    early = fact.model_copy(update={"as_of": fact.known_at + timedelta(days=1)})
    assert Given(RULES).when(early, DAY) == refused(AS_OF_AFTER_KNOWN_AT)


STATISTIC = StatisticPublished(unit="330127000000", series="urban_workers", period_end=DAY, value=86_500, publisher="县统计局")
BENCHMARK = BenchmarkPublished(
    indicator="activity_index", peer_group="national", period_end=DAY, value=Decimal("0.182"), publisher="人力资源和社会保障部"
)


@pytest.mark.parametrize("fact", [STATISTIC, BENCHMARK], ids=lambda fact: fact.type)
def test_a_figure_is_published_once_its_period_is_over(fact: RegistryFact) -> None:
    assert Given(RULES).when(fact, DAY) == recorded()
    assert Given(RULES).when(fact, DAY - timedelta(days=1)) == refused(PERIOD_NOT_OVER)


def test_a_statistic_published_again_is_recorded() -> None:
    assert Given(RULES, [(STATISTIC, DAY)]).when(STATISTIC.model_copy(update={"value": 87_000}), DAY) == recorded()


def test_a_policy_check_gives_no_more_points_than_possible() -> None:
    assert Given(RULES).when(PolicyImplementationChecked(item="2.3", points=5, possible=5), DAY) == recorded()
    assert Given(RULES).when(PolicyImplementationChecked(item="2.3", points=6, possible=5), DAY) == refused(MORE_POINTS_THAN_POSSIBLE)


def test_a_person_is_followed_up() -> None:
    fact = PersonFollowedUp(unit="330127101003", person="P0123456789ABCDEF", need="场地", outcome="推荐入驻孵化基地")
    assert Given(RULES, [(fact, DAY)]).when(fact, DAY) == recorded()
