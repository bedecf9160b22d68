"""Voids and corrections from end to end: whose they may be, and that live figures, explanations and the second engine all follow."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from deploy.cli.common import EXAMPLE_COUNTY
from shared.contracts.envelope import Source, report_bytes
from tests.deploy.test_cli import county_runs, run_kaiye

COUNTY, VILLAGE = "330127000000", "330127100201"
ASKED = ("--as-of", "2025-12-31")


def reported(department: str, id: str, type: str, data: dict[str, Any]) -> str:
    source = Source(COUNTY, department, "core")
    return report_bytes(source=source, id=id, type=type, occurred=date(2025, 3, 3), data=data).decode()


def registration(entity: str, **more: Any) -> dict[str, Any]:
    founder = {"person": "P0123456789ABCDEF"}
    return {
        "unit": VILLAGE, "entity": entity, "name": "甲厂", "entity_kind": "enterprise", "founders": [founder], "industry": "C2041",
    } | more  # fmt: skip


def void(id: str) -> dict[str, Any]:
    return {"source": f"/{COUNTY}/gsj/core", "id": id, "reason": "重复录入"}


def correction(id: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"source": f"/{COUNTY}/gsj/core", "id": id, "reason": "类别录错", "occurred": "2025-04-01", "data": data}


def amended(data: Path, *reports: str) -> list[tuple[str, str, str]]:
    """What became of each report: its id, the outcome and the code."""
    sent = run_kaiye("report", "-", "--json", "--data", data, stdin="\n".join(reports))
    assert sent.returncode in (0, 1), sent.stderr
    return [(each["id"], each["outcome"], each["code"]) for each in map(json.loads, sent.stdout.splitlines())]


def rows(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["indicators"]
    return found


def value(data: Path, indicator: str) -> str:
    found = run_kaiye("indicator", indicator, *ASKED, "--json", "--data", data)
    assert found.returncode == 0, found.stderr
    return str(next(row["value"] for row in rows(found.stdout) if row["variant"] == "default"))


def test_the_same_department_and_the_office_amend_and_everything_follows(tmp_path: Path) -> None:
    first, second = "91330127MA2KX0001H", "91330127MA2KX0002L"
    corrected = registration(second, entity_kind="individual_business")
    with county_runs(tmp_path / "data") as data:
        amended(
            data, *(reported("gsj", id, "registry.entity_registered", registration(code)) for id, code in (("f-1", first), ("f-2", second)))
        )
        assert value(data, "new_enterprises") == "2"
        others = amended(
            data,
            reported("jiuyeju", "v-1", "registry.fact_voided", void("f-1")),
            reported("jiuyeju", "c-1", "registry.fact_corrected", correction("f-2", corrected)),
        )
        assert others == [("v-1", "refused", "not_yours"), ("c-1", "refused", "not_yours")]
        assert value(data, "new_enterprises") == "2"
        assert amended(
            data,
            reported("gsj", "v-1", "registry.fact_voided", void("f-1")),
            reported("chuangjianban", "c-1", "registry.fact_corrected", correction("f-2", corrected)),
        ) == [("v-1", "recorded", "recorded"), ("c-1", "recorded", "recorded")]
        assert (value(data, "new_enterprises"), value(data, "new_individual_businesses")) == ("0", "1")

        opened = run_kaiye("explain", "new_individual_businesses", *ASKED, "--json", "--data", data)
        assert opened.returncode == 0, opened.stderr
        (subject,) = json.loads(opened.stdout)["subjects"]
        (fact,) = subject["facts"]
        assert (fact["id"], fact["occurred"], fact["state"]) == ("f-2", "2025-04-01", "in_force")
        assert [(each["what"], each["source"], each["id"], each["reason"]) for each in fact["amendments"]] == [
            ("correction", f"/{COUNTY}/chuangjianban/core", "c-1", "类别录错")
        ]
        gone = run_kaiye("explain", "new_enterprises", *ASKED, "--subject", f"entity:{first}", "--json", "--data", data)
        assert gone.returncode == 0, gone.stderr
        assert json.loads(gone.stdout)["subjects"] == []

        facts = tmp_path / "facts.jsonl"
        assert run_kaiye("facts", "--export", facts, "--data", data).returncode == 0
        board = run_kaiye("board", *ASKED, "--json", "--data", data)
        for engine in ("duckdb", "live"):
            again = run_kaiye("recompute", facts, "--plan", EXAMPLE_COUNTY, "--engine", engine, *ASKED, "--json")
            assert again.returncode == 0, again.stderr
            assert rows(again.stdout) == rows(board.stdout)
