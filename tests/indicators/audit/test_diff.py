"""What changed between two answers, told as a story: who came and left, by which facts, and what merely passed."""

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from services.indicators.answers import BadQuestionError
from services.indicators.api.diff import ChangeRow, Difference, WantedChanges
from services.indicators.api.explainer import At, Explainer
from services.indicators.audit.folded import Folded
from services.indicators.audit.records import check_history
from shared.contracts.registry import EntityDeregistered, EntityRegistered, Founder, UnitMerged
from shared.contracts.training import SurveyAnswered, SurveyClosed, SurveyOpened
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.comparing import example_county
from tests.support.records import COMMUNITY, COUNTY, VILLAGE, VILLAGE_2, VILLAGE_B, Records, entity, person

YEAR = 2025


def founded(number: int, unit: str = VILLAGE) -> EntityRegistered:
    return EntityRegistered(
        entity=entity(number), unit=unit, name="甲", entity_kind="enterprise", industry="C20", founders=(Founder(person=person(number)),)
    )  # fmt: skip


class Story:
    """Six enterprises of 2024 and 2025, and what became of them."""

    def __init__(self) -> None:
        records = self.records = Records()
        self.old = records.add("2024-05-10", founded(1))
        self.gone = records.add("2024-05-11", founded(2))
        records.add("2025-02-01", EntityDeregistered(entity=entity(2)))
        self.first = records.add("2025-03-01", founded(3))
        self.twice = records.add("2025-03-05", founded(4))
        self.moved = records.add("2025-03-31", founded(5))
        self.late = records.add("2025-03-20", founded(6, VILLAGE_B), known="2025-04-10")
        records.void(self.twice, known=date(2025, 4, 12))
        records.correct(self.moved, "2025-04-02", founded(5), known=date(2025, 4, 15))
        self.village_ends = records.add("2025-05-01", UnitMerged(code=VILLAGE_B, into=VILLAGE_2))
        self._survey("S1", "2025-03-10", 4)
        self._survey("S2", "2025-05-20", 2)

    def _survey(self, survey: str, closed: str, score: int) -> None:
        self.records.add(closed, SurveyOpened(survey=survey, title="问卷", population="public"))
        self.records.add(closed, SurveyAnswered(
            survey=survey, respondent=person(9), unit=COMMUNITY, scores=({"question": "overall", "score": score},),  # type: ignore[arg-type]
        ))  # fmt: skip
        self.records.add(closed, SurveyClosed(survey=survey))


@pytest.fixture(scope="module")
def story() -> Story:
    return Story()


@pytest.fixture(scope="module")
def explainer(story: Story) -> Iterator[Explainer]:
    history = check_history(in_order(list(story.records)), COUNTY)
    found = Explainer(Folded(history, example_county().plan, today=date(2025, 12, 31)))
    yield found
    found.close()


def at(text: str) -> At:
    as_of, _, known = text.partition("@")
    return At(date.fromisoformat(as_of), date.fromisoformat(known) if known else None)


def diff(explainer: Explainer, id: str, from_: str, to: str, *, unit: str | None = None, **wanted: Any) -> Difference:
    found = asyncio.run(explainer.diff(id, WantedChanges(**wanted), unit, at(from_), at(to)))
    assert found.agrees
    return found


def told(found: Difference) -> dict[str, tuple[str, list[str], list[tuple[str, str]]]]:
    """Subject → change, reasons, and the facts that did it with why."""
    return {each.subject: (each.change, list(each.reasons), [(fact.id, fact.why) for fact in each.facts]) for each in found.changes}


def values(found: Difference) -> tuple[str | None, str | None]:
    return found.before.rows[0].value, found.after.rows[0].value


def test_a_late_fact_a_void_and_a_correction_of_the_day_change_what_was_known(explainer: Explainer, story: Story) -> None:
    """The same day as known on two: nothing happened meanwhile, all of it became known."""
    found = diff(explainer, "new_enterprises", "2025-03-31@2025-03-31", "2025-03-31@2025-04-30")
    assert values(found) == ("3", "2")
    assert told(found) == {
        entity(4): ("left", ["facts"], [(story.twice.id, "known")]),
        entity(5): ("left", ["facts"], [(story.moved.id, "known")]),
        entity(6): ("came", ["facts"], [(story.late.id, "known")]),
    }
    (measure,) = found.measures
    assert (measure.before, measure.after, measure.came, measure.left, measure.changed) == (3, 2, 1, 2, 0)
    void, correction, _ = (change.facts[0] for change in found.changes)
    assert (void.state, [each.what for each in void.amendments]) == ("voided", ["void"])
    assert (correction.state, correction.occurred, [each.reason for each in correction.amendments]) == (
        "in_force", date(2025, 4, 2), ["录错"],
    )  # fmt: skip


def test_what_happened_between_two_days_that_are_known_alike_is_the_days_doing(explainer: Explainer, story: Story) -> None:
    found = diff(explainer, "new_enterprises", "2025-03-31@2025-12-31", "2025-04-30@2025-12-31")
    assert told(found) == {entity(5): ("came", ["day"], [(story.moved.id, "day")])}


def test_an_anniversary_that_merely_passed_brings_its_enterprise_into_the_cohort(explainer: Explainer, story: Story) -> None:
    found = diff(explainer, "survival_1y", "2025-05-09@2025-05-20", "2025-05-11@2025-05-20")
    assert values(found) == (None, "0.500000")
    by_measure: dict[str, list[ChangeRow]] = {}
    for change in found.changes:
        by_measure.setdefault(change.measure, []).append(change)
    cohort = [(each.subject, each.change, each.reasons) for each in by_measure["survival_1y.cohort"]]
    assert cohort == [(entity(1), "came", ["day"]), (entity(2), "came", ["day"])]
    (alive,) = by_measure["survival_1y.alive"]
    assert (alive.subject, [(fact.id, fact.why) for fact in alive.facts]) == (entity(1), [(story.old.id, "day")])


def test_a_village_that_was_merged_counts_at_its_successor(explainer: Explainer, story: Story) -> None:
    """As known before the merger its enterprise would have stayed where it was; the unit's own fact moved it."""
    found = diff(explainer, "new_enterprises", "2025-04-30@2025-04-30", "2025-05-31@2025-05-31", unit=VILLAGE_2)
    (change,) = found.changes
    assert (change.subject, change.change, change.reasons) == (entity(6), "came", ["facts"])
    assert [(fact.id, fact.type) for fact in change.facts] == [(story.village_ends.id, "registry.unit_merged")]


def test_answers_to_another_survey_are_read_because_it_was_closed(explainer: Explainer) -> None:
    found = diff(explainer, "environment_satisfaction", "2025-04-30@2025-04-30", "2025-05-31@2025-05-31")
    assert values(found) == ("1.000000", "0.000000")
    changes = {(each.measure, each.subject): (each.change, each.reasons) for each in found.changes}
    assert changes["answers.overall", f"S1|{person(9)}"] == ("left", ["input"])
    assert changes["answers.overall", f"S2|{person(9)}"] == ("came", ["facts"])
    assert changes["latest_survey.public", "all"] == ("changed", ["facts"])


def test_pages_add_up_and_the_first_answer_is_the_earlier_one(explainer: Explainer) -> None:
    whole = diff(explainer, "new_enterprises", "2025-03-31@2025-03-31", "2025-03-31@2025-04-30").changes
    seen: list[ChangeRow] = []
    after = None
    while True:
        page = diff(explainer, "new_enterprises", "2025-03-31@2025-03-31", "2025-03-31@2025-04-30", limit=1, after=after)
        assert page.total == 3
        seen += page.changes
        if (after := page.next) is None:
            break
    assert seen == whole
    for from_, to in (("2025-03-31@2025-04-30", "2025-03-31@2025-03-31"), ("2025-04-01@2025-05-01", "2025-03-31@2025-05-01")):
        with pytest.raises(BadQuestionError, match="after that of `to`"):
            diff(explainer, "new_enterprises", from_, to)
