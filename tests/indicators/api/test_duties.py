"""Duties through real servers: who owes what by when, how far each has come, as of any day, as known on any day."""

from typing import Any

import orjson
import pytest

from services.indicators.api.examples import EXAMPLE_DUTIES
from shared.contracts.registry import DutyAccepted, DutyEvidenced, DutyReturned
from tests.indicators.api.system import COUNTY, TOWN, VILLAGE, Recorded, System

GROUP, PLANS = "leading_group", "plans_submitted"


async def tell(system: System, recorded: Recorded) -> None:
    """The leading group is shown in time and accepted late; a township's plan is shown, accepted, and taken back."""
    recorded.add("2025-02-20", DutyEvidenced(duty=GROUP, department="rsj"), known="2025-07-01")
    recorded.add("2025-03-05", DutyAccepted(duty=GROUP, department="rsj"), known="2025-07-01")
    recorded.add("2025-03-10", DutyEvidenced(duty=PLANS, unit=TOWN), known="2025-07-01")
    recorded.add("2025-03-15", DutyAccepted(duty=PLANS, unit=TOWN), known="2025-07-01")
    recorded.add("2025-04-01", DutyReturned(duty=PLANS, unit=TOWN, reason="缺少分工"), known="2025-07-01")
    await recorded.publish(system.nc)
    await system.followed(recorded)


async def standing(system: System, duty: str, party: str, **asked: str) -> tuple[str, str | None, bool]:
    answer = await system.get("/duties", **asked)
    (row,) = (row for row in answer["duties"] if (row["duty"], row["party"]) == (duty, party))
    return row["state"], row["since"], row["late"]


async def test_each_of_those_who_owe_a_duty_has_a_line_that_names_it_in_the_plans_words(system: System) -> None:
    answer = await system.get("/duties")
    assert list(answer) == list(EXAMPLE_DUTIES)
    assert list(answer["duties"][0]) == list(EXAMPLE_DUTIES["duties"][0])
    first = answer["duties"][0]
    assert (first["duty"], first["clause"], first["party"], first["due"]) == (GROUP, "三(一)1", "rsj", "2025-02-28")
    assert first["name"].endswith("人力资源和社会保障局")
    assert answer["total"] == len(answer["duties"]) == sum(answer["states"].values())
    assert {row["party"] for row in answer["duties"] if row["duty"] == PLANS} >= {TOWN}


async def test_a_duty_is_not_due_then_due_then_late_and_stays_late(system: System, recorded: Recorded) -> None:
    await tell(system, recorded)
    for day, expected in (
        ("2025-02-19", ("not_due", None, False)), ("2025-02-20", ("evidenced", "2025-02-20", False)),
        ("2025-02-28", ("evidenced", "2025-02-20", False)), ("2025-03-01", ("evidenced", "2025-02-20", True)),
        ("2025-03-05", ("late", "2025-03-05", True)), ("2025-07-01", ("late", "2025-03-05", True)),
    ):  # fmt: skip
        assert await standing(system, GROUP, "rsj", as_of=day) == expected, day
    assert await standing(system, PLANS, TOWN, as_of="2025-03-15") == ("accepted", "2025-03-15", False)
    assert await standing(system, PLANS, TOWN, as_of="2025-04-01") == ("returned", "2025-04-01", True)
    assert await standing(system, GROUP, "rsj", as_of="2025-03-05", known_at="2025-06-30") == ("due", None, True)


async def test_the_list_says_the_rate_that_the_board_has_and_how_far_things_have_come_since(system: System, recorded: Recorded) -> None:
    await tell(system, recorded)
    recorded.add("2026-01-05", DutyEvidenced(duty="publicity", department="xcb"))
    recorded.add("2026-01-10", DutyAccepted(duty="publicity", department="xcb"))
    await recorded.publish(system.nc)
    await system.followed(recorded)

    async def told(as_of: str, **asked: str) -> list[tuple[str, int, int]]:
        """The rates, of which the first is the board's."""
        rates = (await system.get("/duties", as_of=as_of, **asked))["rates"]
        rows = (await system.get("/indicators/duties", as_of=as_of))["indicators"]
        part = asked.get("department") or asked.get("system")
        (row,) = (row for row in rows if row["part"] == part)
        first = rates[0] if rates else {"value": None}
        assert (row["effective_as_of"], row["value"]) == (first.get("on"), first["value"])
        return [(rate["on"], rate["accepted"], rate["due"]) for rate in rates]

    assert await told("2024-12-31") == []
    assert await told("2025-02-27") == [("2025-02-27", 0, 0)]
    in_march, at_end, later = [await told(day) for day in ("2025-03-14", "2025-12-31", "2026-01-10")]
    assert in_march[0][:2] == ("2025-03-14", 1), "the township's plan is not due yet"
    assert later == [*at_end, ("2026-01-10", at_end[0][1] + 1, at_end[0][2])]
    assert (await system.get("/duties", as_of="2026-01-10", late="true", state="due"))["rates"][0]["accepted"] == at_end[0][1]
    assert await told("2026-01-10", department="xcb") == [("2025-12-31", 0, 1), ("2026-01-10", 1, 1)]
    assert (await told("2025-12-31", system="organisation"))[0][1] == 1


async def test_what_is_wanted_narrows_what_is_listed_and_counted(system: System, recorded: Recorded) -> None:
    await tell(system, recorded)
    late = await system.get("/duties", late="true")
    assert late["total"] == late["late"] > 0
    assert all(row["late"] for row in late["duties"])
    (row,) = (await system.get("/duties", state="late"))["duties"]
    assert row["duty"] == GROUP
    own = await system.get("/duties", unit=TOWN)
    assert {row["party"] for row in own["duties"]} == {TOWN}
    assert (await system.get("/duties", unit=VILLAGE))["duties"] == []
    of_department = await system.get("/duties", department="rsj", system="organisation")
    assert {(row["party"], row["system"]) for row in of_department["duties"]} == {("rsj", "organisation")}


async def test_the_bus_replies_with_the_bytes_of_http(system: System) -> None:
    asked: dict[str, Any] = {"unit": COUNTY, "as_of": "2025-03-16", "late": True}
    answer = await system.http.get("/duties", params={**asked, "late": "true"})
    assert await system.request("duties", asked) == (answer.content, "")


@pytest.mark.parametrize(("asked", "status", "said"), [
    ({"department": "nobody"}, 404, "the plan file has no department nobody"),
    ({"state": "done"}, 422, "state is one of not_due, due, evidenced, accepted, returned, late, not done"),
    ({"late": "perhaps"}, 422, "late is true or false, not perhaps"), ({"unit": "330127199000"}, 404, "there is no unit 330127199000"),
])  # fmt: skip
async def test_what_cannot_be_asked_is_told_why(system: System, asked: dict[str, Any], status: int, said: str) -> None:
    answer = await system.http.get("/duties", params=asked)
    assert (answer.status_code, orjson.loads(answer.content)["en"]) == (status, said)
