"""Evaluations and bulletins published on a running system: once, kept with what they follow from, made anew after all that came since."""

import asyncio
import json
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deploy.cli.common import EXAMPLE_COUNTY
from deploy.data_folder import DataFolder
from deploy.evaluation_documents import NAMES, documents_of
from deploy.publishing import Basis, digest_of, publish_document, publish_evaluation
from services.indicators.audit.definitions import definitions
from services.indicators.evaluation.evaluation import Evaluation
from shared.answers import Answer
from shared.contracts.envelope import Source, report_bytes
from tests.deploy.test_cli import SECONDS_MAX, kaiye_runs, run_kaiye

COUNTY = "330127000000"
OFFICE = Source(COUNTY, "chuangjianban", "taizhang")
PLAN, SHEET = EXAMPLE_COUNTY / "plan.toml", EXAMPLE_COUNTY / "sheet.toml"
AS_OF = ("--sheet", SHEET, "--as-of", "2025-12-31", "--rehearsal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder on which `kaiye up` runs, and the leading group's duty was accepted in time."""
    data = tmp_path_factory.mktemp("published") / "data"
    with kaiye_runs("up", "--data", data) as up:
        tell(data, ("d-1", "registry.duty_evidenced", "2025-02-10", {"duty": "leading_group", "department": "rsj"}),
             ("d-2", "registry.duty_accepted", "2025-02-20", {"duty": "leading_group", "department": "rsj"}))  # fmt: skip
        yield data
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=SECONDS_MAX)


def tell(data: Path, *facts: tuple[str, str, str, dict[str, Any]]) -> None:
    file = data.parent / "reports.ndjson"
    file.write_bytes(b"\n".join(
        report_bytes(source=OFFICE, id=id, type=type_, occurred=date.fromisoformat(day), data=said) for id, type_, day, said in facts
    ))  # fmt: skip
    done = run_kaiye("report", file, "--data", data)
    assert done.returncode == 0, done.stdout


def evaluated(data: Path, *words: str | Path) -> tuple[int, str, str]:
    done = run_kaiye("evaluate", *words, "--data", data)
    return done.returncode, done.stdout, done.stderr


def records(data: Path, type_: str) -> list[dict[str, Any]]:
    lines = run_kaiye("facts", "--data", data).stdout.splitlines()
    return [record for record in map(json.loads, lines) if record["type"].startswith(type_)]


def test_an_evaluation_is_published_once_and_computed_anew_whatever_came_since(folder: Path) -> None:
    lists = folder.parent / "lists"
    code, document, said = evaluated(folder, *AS_OF, "--publish", "KP-2025-1", "--documents", lists, "--json")
    assert code == 0, said
    raw, found = document.rstrip("\n").encode(), json.loads(document)
    (record,) = records(folder, "registry.evaluation_published")
    digests = {"digest": digest_of(raw), "plan_digest": digest_of(PLAN.read_bytes()), "sheet_digest": digest_of(SHEET.read_bytes())}
    for name, digest in digests.items():
        assert record["data"][name] == digest
        assert digest_of((folder / "published" / digest).read_bytes()) == digest
    assert record["source"] == f"/{COUNTY}/chuangjianban/kaiye"
    assert [record["data"][key] for key in ("positions", "definitions", "rehearsal")] == [found["positions"], found["definitions"], True]
    assert int(record["position"]) == found["positions"]["registry"] + 1

    documents = {record["data"]["document"]: record["data"] for record in records(folder, "registry.document_published")}
    for kind, content in documents_of(Evaluation.model_validate_json(raw)).items():
        assert documents[f"KP-2025-1-{kind}"]["digest"] == digest_of(content)
        assert (lists / f"{COUNTY}_{NAMES[kind]}_2025-12-31.csv").read_bytes() == content

    same, outcome, _ = evaluated(folder, "--reproduce", "KP-2025-1", "--json")
    assert (same, json.loads(outcome)["outcome"]) == (0, "same")

    again = publish(folder, "KP-2025-1", raw)
    assert (again.outcome, again.position) == ("recorded", int(record["position"]))
    code, _, said = evaluated(folder, *AS_OF, "--publish", "KP-2025-1", "--json")  # the publication itself has moved the positions on
    assert code == 1
    assert "(refused: " in said
    assert len(records(folder, "registry.evaluation_published")) == 1

    meeting = {"unit": COUNTY, "meeting": "m1", "title": "会", "meeting_kind": "leading_group"}
    tell(folder, ("m-1", "registry.meeting_held", "2025-06-01", meeting),
         ("v-1", "registry.fact_voided", "2025-02-20", {"source": str(OFFICE), "id": "d-2", "reason": "验收有误"}))  # fmt: skip
    now = json.loads(evaluated(folder, *AS_OF, "--json")[1])
    assert [item["outcome"] for item in (found["items"][0], now["items"][0])] == ["full", "none"]
    assert evaluated(folder, "--reproduce", "KP-2025-1")[:2] == (0, "KP-2025-1：逐字节相同 / the same, bit for bit\n")

    facts = folder.parent / "facts.jsonl"
    assert run_kaiye("facts", "--export", facts, "--data", folder).returncode == 0
    code, told, said = evaluated(folder, "--reproduce", "KP-2025-1", "--facts", facts)
    assert (code, told, said.count("the records go up to")) == (0, "KP-2025-1：逐字节相同 / the same, bit for bit\n", 1)

    kept = folder / "published" / digests["sheet_digest"]
    whole = kept.read_bytes()
    kept.write_bytes(whole.replace(b"1000", b"1001"))
    code, told, _ = evaluated(folder, "--reproduce", "KP-2025-1")
    assert code == 1
    assert f"the kept file {digests['sheet_digest']} (sheet.toml) was changed" in told
    kept.write_bytes(whole)


def publish(folder: Path, number: str, document: bytes) -> Answer:
    data = DataFolder(folder)
    return asyncio.run(publish_evaluation(data.running(), data, number, document, PLAN.read_bytes(), SHEET.read_bytes()))


def test_a_document_is_published_with_what_it_follows_from(folder: Path) -> None:
    data, found = DataFolder(folder), json.loads(evaluated(folder, *AS_OF, "--json")[1])
    day, plan = date.fromisoformat(found["known_at"]), PLAN.read_bytes()
    basis = Basis(date(2025, 12, 31), day, found["positions"], found["definitions"], plan, definitions())
    answer = asyncio.run(publish_document(data.running(), data, "TB-2025-1", "bulletin", b"bulletin", basis))
    assert answer.outcome == "recorded"
    (record,) = (each for each in records(folder, "registry.document_published") if each["data"]["document"] == "TB-2025-1")
    assert record["data"]["digest"] == digest_of(b"bulletin")
    assert (folder / "published" / digest_of(b"bulletin")).read_bytes() == b"bulletin"


def test_what_cannot_be_published_or_computed_anew_is_bad_input(folder: Path) -> None:
    for words, hint in (
        ((*AS_OF, "--publish", "考评一号"), "letters, digits"),
        ((*AS_OF, "--unit", "330127101000", "--publish", "KP-9"), "the county as a whole"),
        ((*AS_OF, "--reproduce", "KP-2025-1"), "goes by what was kept"),
        (("--reproduce", "KP-9"), "nothing was published as KP-9; published: KP-2025-1"),
        ((), "--sheet is missing"),
    ):
        code, out, error = evaluated(folder, *words)
        assert (code, out) == (2, ""), words
        assert hint in error


def bulletin(data: Path, *words: str | Path) -> tuple[int, str, str]:
    done = run_kaiye("bulletin", *words, "--data", data)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("unit", "place"), [(COUNTY, "unit"), ("330127401000", "park")])
def test_a_bulletin_is_published_once_and_made_anew_whatever_came_since(folder: Path, unit: str, place: str) -> None:
    number, asked = f"TB-{unit}", ("--unit", unit, "--as-of", "2025-12-31")
    code, text, said = bulletin(folder, *asked, "--publish", number)
    assert code == 0, said
    raw = text.encode()
    (record,) = (each for each in records(folder, "registry.document_published") if each["data"]["document"] == number)
    told = record["data"]
    assert (told["document_kind"], told[place], told["as_of"]) == ("bulletin", unit, "2025-12-31")
    assert (told["digest"], told["plan_digest"]) == (digest_of(raw), digest_of(PLAN.read_bytes()))
    assert told["definitions"] in text
    assert f"登记第 {told['positions']['registry']} 条" in text
    assert [(folder / "published" / told[name]).read_bytes() for name in ("digest", "plan_digest")] == [raw, PLAN.read_bytes()]

    code, _, said = bulletin(folder, *asked, "--publish", number)  # the publication itself has moved the positions on
    assert code == 1
    assert "(refused: " in said
    assert len([each for each in records(folder, "registry.document_published") if each["data"]["document"] == number]) == 1

    meeting = {"unit": COUNTY, "meeting": f"m-{unit}", "title": "会", "meeting_kind": "leading_group"}
    tell(folder, (f"m-{unit}", "registry.meeting_held", "2025-06-01", meeting))
    assert bulletin(folder, *asked)[1] != text
    assert bulletin(folder, "--reproduce", number)[:2] == (0, f"{number}：逐字节相同 / the same, bit for bit\n")
    facts = folder.parent / "facts.jsonl"
    assert run_kaiye("facts", "--export", facts, "--data", folder).returncode == 0
    code, outcome, _ = bulletin(folder, "--reproduce", number, "--facts", facts, "--engine", "live", "--json")
    assert (code, json.loads(outcome)["outcome"], json.loads(outcome)["line"]) == (0, "same", None)

    kept = folder / "published" / told["digest"]
    kept.write_bytes(raw.replace(b"2025", b"2026", 1))
    code, said, _ = bulletin(folder, "--reproduce", number)
    kept.write_bytes(raw)
    assert (code, f"the kept file {kept.name} (the bulletin) was changed" in said) == (1, True)


def test_no_bulletin_is_made_anew_that_nobody_published(folder: Path) -> None:
    code, out, error = bulletin(folder, "--reproduce", "KP-2025-1")
    assert (code, out) == (2, "")
    assert f"nothing was published as KP-2025-1; published: TB-2025-1、TB-{COUNTY}" in error
