"""Two answers compared over HTTP, through real servers."""

from typing import Any

import pytest

from services.indicators.api.examples import EXAMPLE_DIFFERENCE
from tests.indicators.api.system import COUNTY, TOWN_B, Recorded, System


async def test_a_late_fact_and_a_void_change_what_was_known_of_a_day(system: System, recorded: Recorded) -> None:
    twice = next(record for record in recorded.records["registry"] if record.data.get("entity") == "330127000000001")
    recorded.voids(twice, on="2025-07-03")
    await recorded.publish(system.nc)
    await system.followed(recorded)
    answer = await system.get("/diff/new_enterprises", **{"from": "2025-05-31@2025-06-01", "to": "2025-05-31@2025-07-03"})
    assert list(answer) == list(EXAMPLE_DIFFERENCE)
    assert (answer["agrees"], answer["total"], answer["next"]) == (True, 2, None)
    assert [answer[side]["rows"][0]["value"] for side in ("before", "after")] == ["2", "2"]
    assert (answer["before"]["final"], answer["after"]["final"]) == (True, False)
    left, came = answer["changes"]
    assert list(left) == list(EXAMPLE_DIFFERENCE["changes"][0])
    assert (left["change"], left["reasons"], left["facts"][0]["amendments"][0]["reason"]) == ("left", ["facts"], "重复")
    assert (came["change"], came["reasons"], came["facts"][0]["known"]) == ("came", ["facts"], "2025-06-20")
    (measure,) = answer["measures"]
    assert (measure["before"], measure["after"], measure["came"], measure["left"]) == (2, 2, 1, 1)


async def test_without_a_known_day_both_are_known_today(system: System) -> None:
    answer = await system.get("/diff/new_enterprises", **{"from": "2025-04-30", "to": "2025-05-31", "unit": TOWN_B})
    assert (answer["before"]["known_at"], answer["after"]["known_at"]) == ("2025-07-01", "2025-07-01")
    assert [(change["subject"], change["reasons"]) for change in answer["changes"]] == [("330127000000003", ["day"])]


@pytest.mark.parametrize(
    ("id", "asked", "status", "code"),
    [
        ("happiness", {}, 404, "unknown_indicator"),
        ("trained", {"variant": "happy"}, 404, "unknown_variant"),
        ("survival_1y", {"part": "1999"}, 404, "unknown_part"),
        ("trained", {"unit": "330127199000"}, 404, "unknown_unit"),
        ("policies", {"unit": TOWN_B}, 400, "not_for_unit"),
        ("trained", {"from": "2025-06-01@2025-05-01"}, 400, "as_of_after_known_at"),
        ("trained", {"to": "2025-06-01@2025-07-02"}, 400, "future_known_at"),
        ("trained", {"from": "2025-05-01@2025-07-01", "to": "2025-05-01@2025-06-30"}, 400, "from_after_to"),
        ("trained", {"after": "x"}, 400, "unknown_place"),
        ("trained", {"from": "yesterday"}, 422, "bad_question"),
        ("trained", {"to": "2025-02-30"}, 422, "bad_question"),
        ("trained", {"limit": "0"}, 422, "bad_question"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_question_without_an_answer_says_why(system: System, id: str, asked: dict[str, str], status: int, code: str) -> None:
    given: dict[str, Any] = {"from": "2025-04-30", "to": "2025-06-30", "unit": COUNTY, **asked}
    answer = await system.http.get(f"/diff/{id}", params=given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "None" not in answer.json()["zh"] + answer.json()["en"]


async def test_what_is_missing_is_named(system: System) -> None:
    answer = (await system.http.get("/diff/trained", params={"from": "2025-04-30"})).json()
    assert (answer["zh"], answer["en"]) == ("缺少参数 to", "the parameter to is missing")
