"""What a department does over HTTP, on a county that runs: the token that `kaiye department add` issued, facts, answers, persons."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.data_folder import DataFolder, Running
from tests.deploy.test_cli import SECONDS_MAX, county_runs, run_kaiye
from tests.registry.persons.ids import files_holding, resident_id

COUNTY = "330127000000"
TOWN, OTHER_TOWN = "330127100000", "330127101000"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder on which `kaiye up` runs."""
    data = tmp_path_factory.mktemp("up") / "data"
    with county_runs(data):
        yield data


def _running(folder: Path) -> Running:
    return DataFolder(folder).running()


def _token(folder: Path, department: str, *more: str) -> str:
    done = run_kaiye("department", "add", department, "--system", "web", *more, "--data", folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[1]


def _http(folder: Path, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=_running(folder).http_url, headers=headers, timeout=SECONDS_MAX, trust_env=False)


def _plan(id: str, department: str, unit: str) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": id, "source": f"/{COUNTY}/{department}/web", "type": "registry.unit_plan_submitted.v1",
        "occurred": "2025-03-10", "data": {"code": unit},
    }  # fmt: skip


def test_what_is_reported_counts_within_the_units_of_the_token_and_only_once(folder: Path) -> None:
    with _http(folder, _token(folder, "zhen01", "--units", TOWN)) as http:
        before = _submitted(http)
        answers = [http.post("/reports", json=[_plan("p-1", "zhen01", TOWN), _plan("p-2", "zhen01", OTHER_TOWN)]) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        first, second = (answer.json()["reports"] for answer in answers)
        assert first == second
        assert [(each["outcome"], each["code"]) for each in first] == [("recorded", "recorded"), ("refused", "outside_units")]
        assert http.get("/reports/p-2").json() == first[1]
        while http.get("/health").json()["positions"]["registry"] < first[0]["position"]:
            pass
        assert _submitted(http) == before + 1


def test_a_bounded_key_amends_no_fact_of_its_department_that_it_may_not_report_itself(folder: Path) -> None:
    bounds = {
        "types": ("--may-report", "registry.meeting_held,registry.fact_voided"), "units": ("--units", OTHER_TOWN),
        "both": ("--may-report", "registry.unit_plan_submitted,registry.fact_voided", "--units", TOWN), "office": ("--role", "office"),
    }  # fmt: skip
    done = run_kaiye("department", "add", "zhen02", "--system", "web", "--data", folder)
    with _http(folder, done.stdout.split()[1]) as http:
        for name in bounds:
            assert http.post("/reports", json=_plan(f"of-{name}", "zhen02", TOWN)).json()["reports"][0]["outcome"] == "recorded"
    codes = {}
    for name, more in bounds.items():
        department = "chuangjianban" if name == "office" else "zhen02"
        done = run_kaiye("department", "add", department, "--system", f"key-{name}", *more, "--data", folder)
        assert done.returncode == 0, done.stderr
        voids = {
            "specversion": "1.0", "id": "v-1", "source": f"/{COUNTY}/{department}/key-{name}", "type": "registry.fact_voided.v1",
            "occurred": "2025-03-10", "data": {"source": f"/{COUNTY}/zhen02/web", "id": f"of-{name}", "reason": "录入错误"},
        }  # fmt: skip
        with _http(folder, done.stdout.split()[1]) as http:
            codes[name] = http.post("/reports", json=voids).json()["reports"][0]["code"]
    assert codes == {"types": "outside_types", "units": "outside_units", "both": "recorded", "office": "recorded"}


def _submitted(http: httpx.Client) -> int:
    rows = http.get("/indicators/plans_submitted", params={"as_of": "2025-12-31"}).json()["indicators"]
    return int(rows[0]["value"] or 0)


def test_ids_are_exchanged_and_nothing_of_them_is_kept(folder: Path) -> None:
    ids = [resident_id(801), resident_id(802)]
    token = _token(folder, "jiuyeju")
    with _http(folder, token) as http:
        answer = http.post("/identify", json={"ids": [*ids, ids[0], ids[1][:-1]]})
        assert answer.status_code == 200, answer.text
        first, second, again, bad = answer.json()["persons"]
        assert (first, bad["code"]) == (again, "not_a_resident_id")
        assert first["person"].startswith("P")
        assert first != second
        held = http.post("/reports", json=_plan("p-9", "jiuyeju", TOWN) | {"data": {"code": ids[0]}}).json()["reports"]
        assert (held[0]["outcome"], held[0]["code"]) == ("refused", "resident_id")
    assert files_holding([*(id.encode() for id in ids), token.encode()], [folder]) == []


def test_a_key_and_a_token_are_gone_together_at_once(folder: Path) -> None:
    with _http(folder, _token(folder, "gongshang", "--days", "2")) as http:
        assert http.get("/board").status_code == 200
        assert run_kaiye("department", "revoke", "gongshang", "--data", folder).returncode == 0
        assert http.get("/board").json()["code"] == "bad_token"
        assert http.post("/reports", json=_plan("p-1", "gongshang", TOWN)).status_code == 401


def test_only_who_has_a_role_that_reports_reports(folder: Path) -> None:
    with _http(folder, _token(folder, "tongjiju", "--role", "evaluator")) as http:
        assert http.get("/board").status_code == 200
        refused = http.post("/reports", json=_plan("p-1", "tongjiju", TOWN))
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    with _http(folder, _running(folder).http_token) as http:
        assert http.post("/identify", json={"ids": [resident_id(1)]}).status_code == 403


def test_a_link_signs_a_browser_in_once(folder: Path) -> None:
    done = run_kaiye("login", "--data", folder)
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip()
    with httpx.Client(timeout=SECONDS_MAX, trust_env=False) as browser:
        assert browser.get(link).status_code == 200
        board = browser.get(f"{_running(folder).http_url}/board", headers={"Accept": "text/html"})
        assert json.loads(board.content)["county"] == COUNTY
    assert httpx.get(link, trust_env=False).status_code == 401
