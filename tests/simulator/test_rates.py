"""Every kind of dirt is as frequent as `rates.py` says, measured over a history large enough to tell."""

import math
from collections import Counter, defaultdict
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import pytest

from deploy.simulator import rates, simulate
from deploy.simulator.alterations import Alterations
from deploy.simulator.rates import DIRT_RATES, Dirt
from services.indicators.evaluation.county import County
from tests.simulator.conftest import SEED
from tests.simulator.telling import RIGHT, Telling, duty_histories
from tests.support.counties import of_kind

FACTS = 200_000
CLOSINGS = ("registry.entity_deregistered", "registry.entity_licence_revoked")
TOLD = frozenset({
    "training.course_opened", "training.course_closed", "training.trainee_enrolled", "training.survey_opened", "training.survey_answered",
    "registry.entity_registered", "registry.employment_started", "registry.employment_ended", *CLOSINGS,
    "registry.entity_restored", "registry.survival_checked", "registry.statistic_published",
    "finance.loan_applied", "finance.loan_disbursed", "finance.loan_settled", "finance.loan_written_off", "finance.subsidy_paid",
})  # fmt: skip


@pytest.fixture(scope="module")
def telling(county: County) -> Telling:
    return Telling.of(simulate(county.roster, county.plan, SEED, FACTS), TOLD)


@pytest.fixture(scope="module")
def strikable(county: County) -> dict[Dirt, float]:
    """The share of reports that each kind of dirt can strike, where that is not every report."""
    reports = [report for report in simulate(county.roster, county.plan, SEED + 1, 20_000) if report.dirt == "clean"]
    merged = min(report.instant for report in reports if report.type == "registry.unit_merged").date().isoformat()
    alterations = Alterations(Random(1), [unit.code for unit in county.roster])
    found = Counter[Dirt]()
    for report in reports:
        body = orjson.loads(report.raw)
        data: dict[str, Any] = body["data"]
        found["wrong_check"] += len(data.get("entity") or "") == 18
        found["unknown_unit"] += "unit" in data
        found["gone_unit"] += "unit" in data and body["occurred"] > merged
        altered = alterations.of(report.type, report.instant.date().toordinal(), data) is not None
        found.update(dict.fromkeys(("conflicting", "contradicting", "correcting"), int(altered)))
    return {dirt: count / len(reports) for dirt, count in found.items()}


def near(share: float, stated: float, of: int) -> bool:
    """Whether a share found among so many things is the stated one, up to four standard deviations of chance and a tenth."""
    return abs(share - stated) <= 4 * math.sqrt(stated * (1 - stated) / of) + 0.1 * stated


@pytest.mark.parametrize("dirt", [dirt for dirt in DIRT_RATES if dirt != "resent"])
def test_dirt_strikes_as_often_as_its_rate_says(telling: Telling, strikable: dict[Dirt, float], dirt: Dirt) -> None:
    stated = DIRT_RATES[dirt] * strikable.get(dirt, 1.0)
    found = telling.dirt[dirt] + (-telling.dirt["undated"] * rates.DATED_LATER_SHARE if dirt == "correcting" else 0)
    assert near(found / FACTS, stated, FACTS)


def test_what_cannot_be_struck_otherwise_is_sent_again(telling: Telling, strikable: dict[Dirt, float]) -> None:
    stated = DIRT_RATES["resent"] + sum(DIRT_RATES[dirt] * (1 - share) for dirt, share in strikable.items())
    assert near(telling.dirt["resent"] / FACTS, stated, FACTS)


def test_most_of_a_history_is_right(telling: Telling) -> None:
    assert telling.dirt.total() == FACTS
    assert sum(telling.dirt[dirt] for dirt in RIGHT) > 0.95 * FACTS


def test_some_are_trained_in_two_courses_at_once_and_some_again_later(telling: Telling) -> None:
    opened = {data["course"]: day for day, data in telling.facts["training.course_opened"]}
    closed = {data["course"]: day for day, data in telling.facts["training.course_closed"]}
    courses = defaultdict(set)
    for _, data in telling.facts["training.trainee_enrolled"]:
        if data["course"] in opened and data["course"] in closed:
            courses[data["person"]].add(data["course"])
    overlapping = again = 0
    for attended in courses.values():
        by_opening = sorted(attended, key=opened.__getitem__)
        for earlier, later in pairwise(by_opening):
            at_once = opened[later] <= closed[earlier]
            overlapping, again = overlapping + at_once, again + (not at_once)
    enrolled = sum(map(len, courses.values()))
    assert 0.6 * rates.OVERLAPPING_SHARE < overlapping / enrolled < 1.6 * rates.OVERLAPPING_SHARE
    assert again / enrolled > 0.1 * rates.TRAINEE_MET_SHARE


def test_some_are_trained_after_they_founded(telling: Telling) -> None:
    founded = {founder["person"]: day for day, data in telling.facts["registry.entity_registered"] for founder in data["founders"]}
    enrolled = telling.facts["training.trainee_enrolled"]
    after = sum(founded.get(data["person"], "9") < day for day, data in enrolled)
    assert 0.1 * rates.TRAINEE_MET_SHARE < after / len(enrolled) < rates.TRAINEE_MET_SHARE


def test_some_jobs_are_claimed_by_two_entities(telling: Telling) -> None:
    jobs = jobs_of(telling)
    double = sum(any(start <= other < end for other, _ in held[n + 1 :]) for held in jobs.values() for n, (start, end) in enumerate(held))
    assert 0.7 * rates.CLAIMED_TWICE_SHARE < double / sum(map(len, jobs.values())) < 1.4 * rates.CLAIMED_TWICE_SHARE


def test_many_have_several_jobs_one_after_the_other(telling: Telling) -> None:
    after = Counter(len(held) for held in jobs_of(telling).values() if all(a[1] <= b[0] for a, b in pairwise(held)))
    assert (after.total() - after[1]) / after.total() > 0.05
    assert after[3] > 20


def jobs_of(telling: Telling) -> dict[str, list[tuple[str, str]]]:
    """First and last day of each person's jobs, by first day."""
    ends = {(data["entity"], data["person"]): day for day, data in telling.facts["registry.employment_ended"]}
    ceased = closed_of(telling)
    jobs: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for day, data in telling.facts["registry.employment_started"]:
        jobs[data["person"]].append((day, ends.get((data["entity"], data["person"]), ceased.get(data["entity"], "9"))))
    return {person: sorted(held) for person, held in jobs.items()}


def closed_of(telling: Telling) -> dict[str, str]:
    """The day on which each closed entity was deregistered or lost its licence."""
    return {data["entity"]: day for type_ in CLOSINGS for day, data in telling.facts[type_]}


def test_some_closed_entities_are_found_operating_and_some_are_restored(telling: Telling) -> None:
    closed = closed_of(telling)
    restored = {data["entity"] for day, data in telling.facts["registry.entity_restored"] if closed.get(data["entity"], "9") <= day}
    operating = {
        data["entity"]
        for day, data in telling.facts["registry.survival_checked"]
        if data["operating"] and closed.get(data["entity"], "9") < day and data["entity"] not in restored
    }
    assert near(len(operating) / len(closed), rates.CLOSED_YET_OPERATING_SHARE, len(closed))
    assert near(len(restored) / len(closed), rates.RESTORED_SHARE, len(closed))


def test_some_loans_name_no_entity_and_some_are_written_off_when_they_are_paid(telling: Telling) -> None:
    founders = {founder["person"] for _, data in telling.facts["registry.entity_registered"] for founder in data["founders"]}
    personal = [data for _, data in telling.facts["finance.loan_applied"] if data["loan_kind"] == "personal"]
    nameless = sum("entity" not in data for data in personal if data["borrowers"][0] in founders)
    assert rates.LOAN_WITHOUT_ENTITY_SHARE * 0.8 < nameless / len(personal) < rates.LOAN_WITHOUT_ENTITY_SHARE * 1.5
    settled = {data["loan"]: day for day, data in telling.facts["finance.loan_settled"]}
    written_off = sum(settled.get(data["loan"], "9") < day for day, data in telling.facts["finance.loan_written_off"])
    assert near(written_off / len(settled), rates.CHARGED_OFF_AFTER_SETTLED_SHARE, len(settled))
    assert near(telling.dirt["undated"] / len(telling.facts["finance.loan_disbursed"]), rates.UNDATED_SHARE, len(settled))


def test_some_subsidies_are_paid_twice(telling: Telling) -> None:
    paid = Counter(data["persons"][0] for _, data in telling.facts["finance.subsidy_paid"] if data["subsidy_kind"] == "start_up")
    assert near(sum(times > 1 for times in paid.values()) / len(paid), rates.PAID_TWICE_SHARE, len(paid))


def test_some_figures_are_published_again_with_another_value(telling: Telling, county: County) -> None:
    published = defaultdict(list)
    for _, data in telling.facts["registry.statistic_published"]:
        if data["series"] == "new_employment":
            published[data.get("unit"), data["period_end"]].append(data["value"])
    again = sum(len(set(values)) > 1 for values in published.values())
    assert near(again / len(published), rates.REPUBLISHED_SHARE, len(published))


def test_some_answer_a_survey_twice(telling: Telling) -> None:
    public = {data["survey"] for _, data in telling.facts["training.survey_opened"] if data["population"] == "public"}
    answered = [data for _, data in telling.facts["training.survey_answered"] if data["survey"] in public]
    answers = Counter((data["survey"], data["respondent"]) for data in answered)
    assert near(sum(times - 1 for times in answers.values()) / answers.total(), rates.ANSWERED_TWICE_SHARE, answers.total())


def test_duties_are_accepted_late_or_never_or_returned_first_as_often_as_the_rates_say(county: County) -> None:
    duty = next(duty for duty in county.plan.duties if duty.id == "statistics_and_reports")
    named = (f"books_{n}" for n in range(4))
    books = tuple(duty.model_copy(update={"id": id, "department": None, "units": "villages"}) for id in named)
    plan = county.plan.model_copy(update={"duties": books})
    owed = len(books) * len(of_kind(county, "village"))
    histories = duty_histories(Telling.of(simulate(county.roster, plan, SEED, 20_000)))
    accepted = [history for history in histories.values() if history[-1][1] == "accepted"]
    late = sum(history[-1][0] > duty.due.isoformat() for history in accepted)
    returned = sum(what == "returned" for history in accepted for _, what in history)
    assert near(late / owed, rates.DUTY_LATE_SHARE, owed)
    assert near(returned / len(accepted), rates.DUTY_RETURNED_SHARE, owed)
    unanswered = sum(history[-1][1] == "returned" for history in histories.values())
    assert near(unanswered / owed, rates.DUTY_NEVER_SHARE / 2, owed)
    assert near(1 - len(histories) / owed, rates.DUTY_NEVER_SHARE / 2, owed)
