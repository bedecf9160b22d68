"""Flags through real servers: the same answer at every door, brought up to date by asking, page by page."""

from typing import Any

import orjson
import pytest

from services.indicators.api.examples import EXAMPLE_FLAGS
from services.indicators.flags.catalogue import FLAG_KINDS
from shared.contracts.common import FactVoided
from shared.contracts.registry import EntityDeregistered, FlagDismissed, StaffReported
from tests.indicators.api.system import COUNTY, SOURCE, TOWN, TOWN_B, VILLAGE, Recorded, System

ENTITY = "330127000000001"
KIND = "closed_yet_operating"


async def odd(system: System, recorded: Recorded, reports: int) -> list[str]:
    """The enterprise of the village closes, and reports staff all the same: the ids of those reports."""
    recorded.add("2025-07-02", EntityDeregistered(entity=ENTITY))
    ids = [recorded.add(f"2025-07-{3 + day:02d}", StaffReported(entity=ENTITY, employees=2)).id for day in range(reports)]
    await recorded.publish(system.nc)
    await system.followed(recorded)
    return ids


async def flags(system: System, **asked: str) -> Any:
    return await system.get("/flags", **asked)


async def test_nothing_is_odd_in_a_year_without_oddities(system: System, recorded: Recorded) -> None:
    answer = await flags(system)
    assert (answer["total"], answer["flags"], answer["next"], answer["departments"]) == (0, [], None, [])
    assert (answer["unit"], answer["as_of"], answer["known_at"], answer["final"]) == (COUNTY, "2025-07-01", "2025-07-01", False)
    assert answer["positions"] == recorded.positions
    assert [row["kind"] for row in answer["kinds"]] == [kind.code for kind in FLAG_KINDS]
    assert list(answer) == list(EXAMPLE_FLAGS)
    assert list(answer["kinds"][0]) == ["kind", "zh", "en", "ruling", "open", "confirmed", "dismissed"]


async def test_what_became_odd_is_listed_for_its_unit_and_department_as_known_on_each_day(system: System, recorded: Recorded) -> None:
    assert (await flags(system))["total"] == 0
    (staffed,) = await odd(system, recorded, 1)
    answer = await flags(system, unit=VILLAGE)
    (flag,) = answer["flags"]
    assert (flag["flag"], flag["since"], flag["state"]) == (f"{KIND}:registry:{SOURCE}:{staffed}", "2025-07-03", "open")
    assert list(flag) == list(EXAMPLE_FLAGS["flags"][0])
    assert answer["departments"] == [{"department": "employment", "open": 1, "confirmed": 0, "dismissed": 0}]
    totals = {unit: (await flags(system, unit=unit))["total"] for unit in (COUNTY, TOWN, TOWN_B)}
    assert totals == {COUNTY: 1, TOWN: 1, TOWN_B: 0}
    assert (await flags(system, known_at="2025-07-02"))["total"] == 0
    assert (await flags(system, department="gsj"))["total"] == 0


async def test_a_ruling_and_then_a_void_are_told_at_once(system: System, recorded: Recorded) -> None:
    (staffed,) = await odd(system, recorded, 1)
    ruled = FlagDismissed(ruling="R1", service="registry", source=SOURCE, id=staffed, flag=KIND, note="清算期间留用")
    recorded.add("2025-07-04", ruled)
    await recorded.publish(system.nc)
    await system.followed(recorded)
    (flag,) = (await flags(system, state="dismissed"))["flags"]
    ruling = flag["ruling"]
    assert ruling == {"ruling": "R1", "occurred": "2025-07-04", "recorded": ruling["recorded"], "by": SOURCE, "note": "清算期间留用"}
    assert ruling["recorded"].startswith("2025-07-0")
    assert (await flags(system, state="open"))["total"] == 0
    recorded.raw("registry", f"registry.{FactVoided.name}", {"source": SOURCE, "id": staffed, "reason": "重复"}, on="2025-07-05")
    await recorded.publish(system.nc)
    await system.followed(recorded)
    assert (await flags(system))["total"] == 0
    assert (await flags(system, known_at="2025-07-04"))["total"] == 1


async def test_pages_add_up_and_the_bus_replies_with_the_bytes_of_http(system: System, recorded: Recorded) -> None:
    ids = await odd(system, recorded, 5)
    seen, after = [], None
    while True:
        asked = {"limit": "2", "kind": KIND} | ({"after": after} if after else {})
        answer = await system.http.get("/flags", params=asked)
        assert await system.request("flags", {**asked, "limit": 2}) == (answer.content, "")
        page = answer.json()
        assert page["total"] == 5
        assert next(row["open"] for row in page["kinds"] if row["kind"] == KIND) == 5
        seen += [flag["fact"]["id"] for flag in page["flags"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids
    assert await system.request("flags") == ((await system.http.get("/flags")).content, "")


@pytest.mark.parametrize(
    ("asked", "status", "code", "said"),
    [
        ({"kind": "odd"}, 404, "unknown_flag_kind", "there is no kind of flag odd: one of confirmation, contradiction, "),
        ({"after": "odd"}, 404, "unknown_flag", "there is no flag odd"),
        ({"unit": "330127199000"}, 404, "unknown_unit", "there is no unit 330127199000"),
        ({"known_at": "2025-07-02"}, 400, "future_known_at", "lies after today"),
        ({"state": "closed"}, 422, "bad_question", "state is one of open, confirmed, dismissed, not closed"),
        ({"limit": "0"}, 422, "bad_question", "limit is a whole number from 1 to 1000, not 0"),
        ({"limit": "1001"}, 422, "bad_question", "limit is a whole number from 1 to 1000, not 1001"),
        ({"limit": "all"}, 422, "bad_question", "limit is a whole number from 1 to 1000, not all"),
        ({"kinds": "odd"}, 422, "bad_question", "there is no parameter kinds"),
    ],
    ids=str,
)
async def test_a_question_without_an_answer_is_told_why(system: System, asked: dict[str, str], status: int, code: str, said: str) -> None:
    answer = await system.http.get("/flags", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said in answer.json()["en"]
    assert await system.request("flags", orjson.dumps(asked)) == (answer.content, code)


async def test_a_bug_in_a_kind_of_flag_is_told_every_time_and_the_figures_go_on(
    system: System, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("services.indicators.flags.book.raised", breaks)
    await odd(system, recorded, 1)
    for _ in range(2):
        reply, code = await system.request("flags")
        assert (code, orjson.loads(reply)["code"]) == ("internal", "internal")
    assert await system.figure("new_enterprises") == "3"
    monkeypatch.undo()
    assert (await flags(system))["total"] == 1
