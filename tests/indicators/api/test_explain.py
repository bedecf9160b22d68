"""Figures opened over HTTP, through real servers: subjects and facts page by page, chosen by either, of the moment of the ledger."""

import asyncio
from typing import Any

import pytest

from services.indicators.api import explainer
from services.indicators.api.examples import EXAMPLE_EXPLANATION
from services.indicators.api.explain import parts_there_are
from shared.contracts.registry import EntityRegistered, Founder
from tests.indicators.api.system import COMMUNITY, COUNTY, SOURCE, TOWN, TOWN_B, VILLAGE, Recorded, System, person


async def explain(system: System, id: str, **asked: str) -> Any:
    return await system.get(f"/explain/{id}", **asked)


async def test_a_figure_opens_to_its_formula_measures_subjects_and_facts(system: System, recorded: Recorded) -> None:
    answer = await explain(system, "trained_and_guided", unit=COUNTY)
    assert list(answer) == list(EXAMPLE_EXPLANATION)
    assert (answer["clause"], answer["quote"], answer["formula"]) == ("二(二)", "创业培训和指导1500人", "`trained` + `guided`")
    assert answer["positions"] == recorded.positions
    assert answer["agrees"] is True
    (row,) = answer["rows"]
    assert row["value"] == "20"
    assert row == (await system.get("/indicators/trained_and_guided", unit=COUNTY))["indicators"][0]
    assert [(each["measure"], each["amount"], each["counted"], each["subjects"], each["uses"]) for each in answer["measures"]] == [
        ("trained", 10, 10, 10, [{"role": "numerator", "sign": 1}]), ("guided", 10, 10, 10, [{"role": "numerator", "sign": 1}]),
    ]  # fmt: skip
    assert answer["measures"][0]["words"] == "去重 distinct：创业培训合格 / Passed start-up training"
    assert (answer["total"], len(answer["subjects"]), answer["next"]) == (20, 20, None)
    subject = answer["subjects"][3]
    assert list(subject) == list(EXAMPLE_EXPLANATION["subjects"][0])
    assert (subject["measure"], subject["kind"], subject["subject"][:7], subject["amount"]) == ("trained", "person", "P000***", 1)
    assert person(3) not in str(answer)
    assert subject["counting"] == [{"part": None, "since": "2025-03-04", "unit": COMMUNITY, "park": None, "amount": 1}]
    opened, passed = subject["facts"]
    assert (opened["type"], passed["type"], passed["zh"]) == ("training.course_opened", "training.trainee_completed", "学员结业")
    assert (passed["occurred"], passed["known"], passed["source"], passed["department"], passed["state"]) == (
        "2025-03-04", "2025-03-04", SOURCE, "employment", "in_force",
    )  # fmt: skip
    assert passed["data"]["passed"] is True


async def test_pages_add_up_and_every_choice_narrows(system: System) -> None:
    whole = (await explain(system, "trained_and_guided"))["subjects"]
    seen, after = [], None
    while True:
        page = await explain(system, "trained_and_guided", limit="7", **({"after": after} if after else {}))
        seen += page["subjects"]
        assert (page["total"], page["agrees"]) == (20, True)
        if (after := page["next"]) is None:
            break
    assert seen == whole
    for asked, subjects in (
        ({"measure": "guided"}, 10), ({"subject": person(3)}, 2), ({"subject": f"person:{person(3)}"}, 2), ({"subject": "entity:1"}, 0),
        ({"department": "employment"}, 20), ({"department": "gsj"}, 0), ({"fact": "training.guidance_given"}, 10),
        ({"fact": "training.course_opened", "subject": person(3)}, 1), ({"unit": TOWN_B}, 0), ({"unit": VILLAGE}, 10),
        ({"as_of": "2025-03-04"}, 14),
    ):  # fmt: skip
        assert len((await explain(system, "trained_and_guided", **asked))["subjects"]) == subjects, asked


async def test_voids_corrections_and_rivals_are_told_with_who_and_why_as_known_on_each_day(system: System, recorded: Recorded) -> None:
    first, second = recorded.founds("2025-07-01", 5), recorded.founds("2025-07-01", 6)
    fact = EntityRegistered(
        entity="330127000000005", unit=TOWN, name="乙", entity_kind="enterprise", industry="C20", founders=(Founder(person=person(5)),)
    )  # fmt: skip
    rival = recorded.add("2025-07-02", fact, known="2025-07-02")
    recorded.corrects(second, {**second.data, "entity_kind": "individual_business"}, on="2025-07-03")
    recorded.voids(first, on="2025-07-04")
    await recorded.publish(system.nc)
    await system.followed(recorded)

    async def facts(subject: str, known: str) -> list[tuple[str, Any, list[tuple[str, str, str]]]]:
        answer = await explain(system, "enterprise_growth", variant="with_businesses", subject=subject, known_at=known)
        assert answer["agrees"] is True
        return [
            (each["id"], each["state"], [(a["what"], a["known"], a["reason"]) for a in each["amendments"]])
            for each in answer["subjects"][0]["facts"]
        ]  # fmt: skip

    assert await facts("330127000000005", "2025-07-03") == [(first.id, "in_force", []), (rival.id, "rival", [])]
    assert await facts("330127000000005", "2025-07-04") == [
        (first.id, "voided", [("void", "2025-07-04", "重复")]), (rival.id, "in_force", []),
    ]  # fmt: skip
    assert await facts("330127000000006", "2025-07-02") == [(second.id, "in_force", [])]
    assert await facts("330127000000006", "2025-07-03") == [(second.id, "in_force", [("correction", "2025-07-03", "录错")])]
    before = await explain(system, "new_enterprises", subject="330127000000005", known_at="2025-07-03")
    assert before["subjects"][0]["facts"][1]["instead"] == {"service": "registry", "position": first.position}


async def test_what_arrives_meanwhile_is_in_the_figure_and_in_its_subjects_or_in_neither(system: System, recorded: Recorded) -> None:
    async def report() -> None:
        for number in range(20, 80):
            recorded.founds("2025-07-01", number)
            await recorded.publish(system.nc)
            await asyncio.sleep(0.02)

    answers = [await explain(system, "new_enterprises")]
    reporting = asyncio.create_task(report())
    while not reporting.done():
        answers.append(await explain(system, "new_enterprises", limit="1000"))
    await system.followed(recorded)
    answers.append(await explain(system, "new_enterprises", limit="1000"))
    for answer in answers:
        assert answer["agrees"] is True
        assert answer["rows"][0]["value"] == str(len(answer["subjects"]))
    assert len(answers[-1]["subjects"]) == 63
    assert len({answer["positions"]["registry"] for answer in answers}) > 2


async def test_facts_are_let_go_of_after_some_time_and_read_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explainer, "IDLE_SECONDS", 0.05)
    first = await explain(system, "trained")
    opener = system.app.questions.explainer
    async with asyncio.timeout(5):
        while opener._held is not None:
            await asyncio.sleep(0.01)
    assert await explain(system, "trained") == first


@pytest.mark.parametrize(
    ("id", "asked", "status", "code"),
    [
        ("happiness", {}, 404, "unknown_indicator"),
        ("trained", {"variant": "happy"}, 404, "unknown_variant"),
        ("survival_1y", {"part": "1999"}, 404, "unknown_part"),
        ("trained", {"measure": "guided"}, 404, "unknown_measure"),
        ("trained", {"fact": "registry.entity_eaten"}, 404, "unknown_fact_type"),
        ("trained", {"unit": "330127199000"}, 404, "unknown_unit"),
        ("policies", {"unit": VILLAGE}, 400, "not_for_unit"),
        ("trained", {"as_of": "2025-06-02", "known_at": "2025-06-01"}, 400, "as_of_after_known_at"),
        ("trained", {"known_at": "2025-07-02"}, 400, "future_known_at"),
        ("trained", {"after": "7:P1"}, 400, "unknown_place"),
        ("trained", {"limit": "1001"}, 422, "bad_question"),
        ("trained", {"unti": VILLAGE}, 422, "bad_question"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_question_without_an_answer_says_why(system: System, id: str, asked: dict[str, str], status: int, code: str) -> None:
    answer = await system.http.get(f"/explain/{id}", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "zh", "en"}


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "nor any other"), (2, "but 2015, 2016"), (12, "but 2015, 2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024 and 2 more")],
)
def test_who_asks_for_a_part_there_is_not_is_told_up_to_ten_that_there_are(count: int, said: str) -> None:
    assert parts_there_are([str(2015 + number) for number in range(count)])[1] == said
