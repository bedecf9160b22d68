"""Flags across services on a running system: found, ruled on by the office, and told with who, when and why."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.nats.keys import new_seed
from shared.contracts.envelope import Source, report_bytes
from shared.days import day_of, instant_from
from tests.deploy.test_cli import county_runs, run_kaiye

COUNTY = "330127000000"
VILLAGE = "330127101205"
ENTITY = "91330127MA2B1C0D18"
ANNA, BO = "P000000000000000A", "P000000000000000B"
REPORTS: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
    ("gsj", "e-1", "registry.entity_registered", "2025-01-02", {
        "unit": VILLAGE, "entity": ENTITY, "name": "甲", "entity_kind": "enterprise", "industry": "C20", "founders": [{"person": ANNA}],
    }),
    ("gsj", "e-2", "registry.entity_deregistered", "2025-05-06", {"entity": ENTITY}),
    ("jyj", "j-1", "registry.employment_started", "2025-02-03", {"entity": ENTITY, "person": BO}),
    ("jyj", "c-1", "training.course_opened", "2025-03-01", {
        "course": "K1", "name": "班", "course_kind": "start_up", "institution": "中心",
    }),
    ("jyj", "c-2", "training.trainee_enrolled", "2025-03-02", {"unit": VILLAGE, "course": "K1", "person": BO}),
    ("bank", "l-1", "finance.loan_applied", "2025-05-01", {
        "unit": VILLAGE, "loan": "L1", "loan_kind": "enterprise", "entity": ENTITY, "amount_fen": 100,
    }),
    ("bank", "l-2", "finance.loan_disbursed", "2025-05-20", {"loan": "L1", "tranche": 1, "amount_fen": 100}),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    data = tmp_path_factory.mktemp("flags") / "data"
    with county_runs(data):
        code, out = tell(data, *REPORTS)
        assert code == 0, out
        yield data


def tell(data: Path, *reports: tuple[str, str, str, str, dict[str, Any]]) -> tuple[int, str]:
    lines = [
        report_bytes(source=Source(COUNTY, department, "main"), id=id, type=type_, occurred=date.fromisoformat(day), data=said)
        for department, id, type_, day, said in reports
    ]
    done = run_kaiye("report", "-", "--data", data, stdin=b"\n".join(lines).decode())
    return done.returncode, done.stdout


def listed(data: Path) -> dict[str, Any]:
    done = run_kaiye("flags", "--json", "--data", data)
    assert done.returncode == 0, done.stderr
    return {flag["flag"].partition(f":/{COUNTY}/")[0]: flag for flag in json.loads(done.stdout)["flags"]}


def rule(data: Path, *words: str) -> tuple[int, str]:
    done = run_kaiye("flags", *words, "--data", data)
    return done.returncode, done.stdout + done.stderr


def test_what_does_not_fit_across_services_is_listed_with_its_evidence_and_ruled_on(folder: Path) -> None:
    found = listed(folder)
    assert set(found) == {"trained_while_employed:training", "loan_to_closed:finance"}
    loan = found["loan_to_closed:finance"]
    assert (loan["fact"]["id"], [other["id"] for other in loan["others"]], loan["ruling"]) == ("l-2", ["l-1", "e-2"], None)
    assert [other["id"] for other in found["trained_while_employed:training"]["others"]] == ["j-1"]

    code, said = rule(folder, "confirm", loan["flag"], "--reason", "企业已注销，款项须收回", "--system", "jicha")
    assert code == 0, said
    assert "属实 confirmed" in said
    loan = listed(folder)["loan_to_closed:finance"]
    assert (loan["state"], loan["ruling"]["by"], loan["ruling"]["note"]) == (
        "confirmed", f"/{COUNTY}/chuangjianban/jicha", "企业已注销，款项须收回",
    )  # fmt: skip
    assert day_of(instant_from(loan["ruling"]["recorded"])).isoformat() == loan["ruling"]["occurred"]

    code, said = rule(folder, "dismiss", "loan_to_closed:l-2", "--reason", "清算账户，已核实")
    assert code == 0, said
    loan = listed(folder)["loan_to_closed:finance"]
    assert (loan["state"], loan["ruling"]["by"]) == ("dismissed", f"/{COUNTY}/chuangjianban/kaiye")
    code, said = rule(folder, "confirm", "loan_to_closed:l-2", "--reason", "企业已注销，款项须收回", "--system", "jicha")
    assert (code, listed(folder)["loan_to_closed:finance"]["state"]) == (0, "confirmed"), "the same words again are another ruling"
    table = run_kaiye("flags", "--state", "confirmed", "--data", folder).stdout
    assert "向已停业、吊销或注销的实体发放贷款 loan_to_closed" in table


def test_a_ruling_that_was_voided_is_given_again_in_the_same_words(folder: Path) -> None:
    name = "trained_while_employed:c-2"

    def state() -> str:
        return str(listed(folder)["trained_while_employed:training"]["state"])

    words = ("confirm", name, "--reason", "核实属实")
    code, said = rule(folder, *words)
    assert (code, state()) == (0, "confirmed"), said
    ruling = listed(folder)["trained_while_employed:training"]["ruling"]
    void = {"source": ruling["by"], "id": ruling["ruling"], "reason": "误认定"}
    code, said = tell(folder, ("chuangjianban", "void-1", "registry.fact_voided", ruling["occurred"], void))
    assert (code, state()) == (0, "open"), said
    code, said = rule(folder, *words)
    assert (code, state()) == (0, "confirmed"), said


def test_a_department_cannot_rule_on_its_own_flags(folder: Path) -> None:
    ruling = {
        "ruling": "R9",
        "service": "finance",
        "source": f"/{COUNTY}/bank/main",
        "id": "l-2",
        "flag": "loan_to_closed",
        "note": "没有问题",
    }
    code, said = tell(folder, ("bank", "x-1", "registry.flag_dismissed", "2025-06-01", ruling))
    assert (code, "只能由创建办报送" in said) == (1, True), said


@pytest.mark.parametrize(("words", "said"), [
    (("confirm", "loan_to_closed:none", "--reason", "x"), "there is no flag loan_to_closed:none"),
    (("confirm", "loan_to_closed:l-2", "--reason", " "), "visible character"),
    (("dismiss", "no_such_kind:l-2", "--reason", "x"), "no kind of flag no_such_kind"),
    (("dismiss", "loan_to_closed:l-2"), "--reason"),
])  # fmt: skip
def test_what_cannot_be_ruled_on_exits_with_2(folder: Path, words: tuple[str, ...], said: str) -> None:
    code, told = rule(folder, *words)
    assert (code, said in told) == (2, True), told


def test_who_rules_by_a_key_of_its_own_is_recorded_as_who_ruled(folder: Path, tmp_path: Path) -> None:
    office, bank, nobody = (tmp_path / f"{name}.seed" for name in ("office", "bank", "nobody"))
    for department, role, seed in (("chuangjianban", "office", office), ("bank", "department", bank)):
        added = run_kaiye("department", "add", department, "--system", "duban", "--role", role, "--out", seed, "--data", folder)
        assert added.returncode == 0, added.stderr
    nobody.write_text(new_seed())
    flag = listed(folder)["trained_while_employed:training"]["flag"]
    for words, sentence in (
        (("--seed", str(bank)), "only the office"), (("--seed", str(nobody)), "nobody on the list"),
        (("--seed", str(office), "--system", "jicha"), "leave out --system"),
    ):  # fmt: skip
        code, said = rule(folder, "dismiss", flag, "--reason", "脱产培训，已核实", *words)
        assert (code, sentence in said.replace("\n", " ")) == (2, True), said
    code, said = rule(folder, "dismiss", flag, "--reason", "脱产培训，已核实", "--seed", str(office))
    assert code == 0, said
    assert listed(folder)["trained_while_employed:training"]["ruling"]["by"] == f"/{COUNTY}/chuangjianban/duban"
