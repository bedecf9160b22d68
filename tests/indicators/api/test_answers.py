"""The same question gets the same answer at every door, and every question without an answer is told why in both languages."""

from typing import Any

import pytest

from services.indicators.catalog import CATALOG
from shared.contracts.registry import UnitMerged
from tests.indicators.api.system import COMMUNITY, COUNTY, PARK, TOWN, TOWN_B, UNITS, VILLAGE, Recorded, System

LAST_DAY = "2025-07-01"


async def test_the_board_is_of_the_county_today_when_nothing_is_said(system: System, recorded: Recorded) -> None:
    board = await system.get("/board")
    assert (board["county"], board["unit"], board["as_of"], board["known_at"]) == (COUNTY, COUNTY, LAST_DAY, LAST_DAY)
    assert board["positions"] == recorded.positions
    assert list(board) == ["county", "unit", "as_of", "known_at", "final", "positions", "indicators"]
    ids = list(dict.fromkeys(row["id"] for row in board["indicators"]))
    assert ids == [indicator.id for indicator in CATALOG]


@pytest.mark.parametrize(("unit", "founded"), [(COUNTY, "3"), (TOWN, "2"), (VILLAGE, "2"), (TOWN_B, "1"), (COMMUNITY, "0"), (PARK, "0")])
async def test_a_unit_is_answered_with_its_own_figures(system: System, unit: str, founded: str) -> None:
    assert await system.figure("new_enterprises", unit=unit) == founded


async def test_a_figure_is_as_of_a_day_and_as_known_on_a_day(system: System) -> None:
    assert await system.figure("new_enterprises", as_of="2025-04-01") == "1"
    assert await system.figure("new_enterprises", as_of="2025-05-31") == "3"
    assert await system.figure("new_enterprises", as_of="2025-05-31", known_at="2025-06-19") == "2"
    assert await system.figure("new_enterprises", known_at="2025-06-19") == "2"


async def test_a_known_day_that_all_services_have_closed_is_final(system: System) -> None:
    assert (await system.get("/board", known_at="2025-06-30"))["final"] is True
    assert (await system.get("/board", known_at="2025-07-01"))["final"] is False


async def test_a_row_has_the_fields_others_rely_on(system: System) -> None:
    (row, *_) = (await system.get("/indicators/new_enterprises"))["indicators"]
    assert list(row) == [
        "id", "variant", "part", "clause", "unit_of_measure", "window", "effective_as_of", "numerator", "denominator", "value", "expected",
        "targets", "status", "benchmark", "baseline", "n", "incomplete", "note", "definition",
    ]  # fmt: skip
    assert row["window"] == {"name": "plan_year", "from": "2025-01-01", "to": "2025-12-31"}
    assert list(row["targets"][0]) == ["op", "value", "clause", "expected", "status"]
    assert (row["value"], row["denominator"], row["n"]) == ("3", None, 3)
    (due, *_) = (await system.get("/indicators/plans_submitted"))["indicators"]
    assert (due["targets"][0]["expected"], due["status"]) == (None, "missed")
    assert due["note"] == "限 2025-03-15，含当日 / due by 2025-03-15, that day included"


async def test_the_catalogue_names_the_windows_and_departments_that_rows_name(system: System) -> None:
    found = await system.get("/indicators")
    assert list(found) == ["county", "windows", "departments", "documents", "indicators"]
    assert {"name": "rehearsals", "zh": "模拟考评期", "from": "2025-09-01", "to": "2025-12-31"} in found["windows"]
    assert {variant["window"] for each in found["indicators"] for variant in each["variants"]} <= {
        each["name"] for each in found["windows"]
    }
    assert {"code": "gsj", "name": "工商局"} in found["departments"]
    assert {"code": "internship_pilot", "name": "启动创业模拟运作项目试点工作"} in found["documents"]


async def test_an_indicator_is_its_rows_of_the_board(system: System) -> None:
    board = await system.get("/board", unit=VILLAGE, as_of="2025-05-01")
    rows = await system.get("/indicators/trained", unit=VILLAGE, as_of="2025-05-01") if "trained" in _ids(board) else None
    assert rows is None or rows["indicators"] == [row for row in board["indicators"] if row["id"] == "trained"]
    for id in _ids(board)[:3]:
        found = await system.get(f"/indicators/{id}", unit=VILLAGE, as_of="2025-05-01")
        assert found == {**board, "indicators": [row for row in board["indicators"] if row["id"] == id]}


def _ids(board: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(row["id"] for row in board["indicators"]))


async def test_the_bus_replies_with_the_bytes_of_http(system: System) -> None:
    question = {"unit": TOWN, "as_of": "2025-05-31", "known_at": "2025-06-19"}
    for query, path, asked in (
        ("board", "/board", question),
        ("indicator", "/indicators/new_enterprises", question),
        ("units", "/units", {}),
        ("units", "/units", question),
        ("catalogue", "/indicators", {}),
    ):
        answer = await system.http.get(path, params=asked)
        more = {"id": "new_enterprises"} if query == "indicator" else {}
        assert await system.request(query, {**asked, **more}) == (answer.content, "")
    assert await system.request("board") == ((await system.http.get("/board")).content, "")
    assert await system.request("board", {"unit": None}) == ((await system.http.get("/board")).content, "")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"as_of": "2025-06-02", "known_at": "2025-06-01"}, 400, "as_of_after_known_at"),
        ({"known_at": "2025-07-02"}, 400, "future_known_at"),
        ({"as_of": "2025-07-02"}, 400, "as_of_after_known_at"),
        ({"as_of": "2019-12-31"}, 400, "unit_not_yet"),
        ({"unit": "330127199000"}, 404, "unknown_unit"),
        ({"unit": "village"}, 404, "unknown_unit"),
        ({"as_of": "2025-6-1"}, 422, "bad_question"),
        ({"as_of": "20250601"}, 422, "bad_question"),
        ({"known_at": "1751328000"}, 422, "bad_question"),
        ({"known_at": "2025-02-30"}, 422, "bad_question"),
        ({"asof": "2025-06-01"}, 422, "bad_question"),
    ],
    ids=str,
)
async def test_a_question_without_an_answer_is_told_why_at_every_door(
    system: System, asked: dict[str, str], status: int, code: str
) -> None:  # fmt: skip
    for query in ("board", "units"):
        if (query, asked) == ("units", {"as_of": "2019-12-31"}):
            continue  # before the first unit there is a list of none
        answer = await system.http.get(f"/{query}", params=asked)
        problem = answer.json()
        assert (answer.status_code, problem["code"], list(problem)) == (status, code, ["code", "zh", "en"])
        assert _has_chinese(problem["zh"])
        assert not _has_chinese(problem["en"])
        assert await system.request(query, asked) == (answer.content, code)
        if query == "units":
            facts = await system.http.get("/facts", params=asked)
            assert (facts.status_code, facts.content) == (status, answer.content)


@pytest.mark.parametrize(("name", "codes"), [
    ("云溪镇", [TOWN]), ("镇", [f"{TOWN} 云溪镇", f"{TOWN_B} 石门镇"]), ("无此镇", []), ("yunxi", None),
])  # fmt: skip
async def test_whoever_asks_for_a_unit_by_its_name_is_told_the_codes(system: System, name: str, codes: list[str] | None) -> None:
    problem = (await system.http.get("/board", params={"unit": name})).json()
    by_code = ("", "") if codes is None else ("，单位以代码为准", ": a unit is asked for by its code")
    named = (f"，名称相符的有 {'、'.join(codes)}", f"; of that name: {', '.join(codes)}") if codes else ("", "")
    assert problem["zh"] == f"没有这个单位：{name}{by_code[0]}{named[0]}"
    assert problem["en"] == f"there is no unit {name}{by_code[1]}{named[1]}"


async def test_whoever_leaves_out_the_closing_zeros_of_a_code_is_told_the_whole_one(system: System) -> None:
    problem = (await system.http.get("/board", params={"unit": TOWN[:9]})).json()
    assert problem["en"] == f"there is no unit {TOWN[:9]}, did you mean {TOWN} 云溪镇?"


def _has_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


async def test_an_unknown_indicator_is_not_found(system: System) -> None:
    answer = await system.http.get("/indicators/happiness")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_indicator")
    assert await system.request("indicator", {"id": "happiness"}) == (answer.content, "unknown_indicator")


@pytest.mark.parametrize("said", [b"{", b"[]", b'"board"', b"\xff", b'{"unit":1}'])
async def test_a_request_that_is_no_question_is_told_so(system: System, said: bytes) -> None:
    body, code = await system.request("board", said)
    assert code == "bad_question"
    assert _has_chinese(body.decode())


async def test_an_indicator_is_asked_for_by_its_id(system: System) -> None:
    body, code = await system.request("indicator", {})
    assert code == "bad_question"
    assert "the parameter id is missing" in body.decode()


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/board", 405), ("GET", "/units/1", 404)])
async def test_every_error_has_the_same_shape(system: System, method: str, path: str, status: int) -> None:
    answer = await system.http.request(method, path)
    assert answer.status_code == status
    assert list(answer.json()) == ["code", "zh", "en"]


async def test_the_catalogue_names_every_indicator_in_both_languages(system: System) -> None:
    catalogue = await system.get("/indicators")
    assert [each["id"] for each in catalogue["indicators"]] == [indicator.id for indicator in CATALOG]
    for each in catalogue["indicators"]:
        assert _has_chinese(each["zh"])
        assert each["en"]
        assert each["clause"]
        assert each["variants"][0]["name"] == "default"
        assert all(variant["meaning"] for variant in each["variants"])
    board = await system.get("/board")
    definitions = {(each["id"], v["name"]): v["definition"] for each in catalogue["indicators"] for v in each["variants"]}
    assert all(definitions[row["id"], row["variant"]] == row["definition"] for row in board["indicators"])


async def test_units_are_listed_with_what_became_of_them(system: System, recorded: Recorded) -> None:
    units = await system.get("/units")
    assert (units["county"], units["known_at"]) == (COUNTY, LAST_DAY)
    assert [unit["code"] for unit in units["units"]] == sorted(UNITS)
    found = {unit["code"]: unit for unit in units["units"]}
    assert found[VILLAGE] == {
        "code": VILLAGE, "name": "王家村", "kind": "village", "urban_rural_class": None, "parent": TOWN, "listed": "2020-01-01",
        "ended": None, "successor": None,
    }  # fmt: skip
    assert (found[COUNTY]["parent"], found[TOWN]["parent"], found[PARK]["parent"]) == (None, COUNTY, COUNTY)
    recorded.add("2025-07-01", UnitMerged(code=TOWN_B, into=TOWN))
    await recorded.publish(system.nc)
    await system.followed(recorded)
    (merged,) = (unit for unit in (await system.get("/units"))["units"] if unit["code"] == TOWN_B)
    assert (merged["ended"], merged["successor"]) == ("2025-07-02", TOWN)
    for earlier in ({"as_of": "2025-06-30"}, {"known_at": "2025-06-30"}):
        (before,) = (await system.get("/units", unit=TOWN_B, **earlier))["units"]
        assert (before["ended"], before["successor"]) == (None, None)


async def test_units_are_those_that_lie_in_a_unit_on_a_day(system: System) -> None:
    units = await system.get("/units", unit=TOWN, as_of="2025-05-31", known_at="2025-06-19")
    assert [units[name] for name in ("county", "unit", "as_of", "known_at")] == [COUNTY, TOWN, "2025-05-31", "2025-06-19"]
    assert [unit["code"] for unit in units["units"]] == sorted(code for code in UNITS if code[:9] == TOWN[:9])
    assert (await system.get("/units", as_of="2019-12-31"))["units"] == []
    answer = await system.http.get("/units", params={"unit": TOWN, "as_of": "2019-12-31"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unit_not_yet")
