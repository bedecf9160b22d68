"""`kaiye evaluate` on a running service and from its facts, `kaiye sheet check`: for programs and for people."""

import asyncio
import re
from pathlib import Path

import orjson
import pytest
from rich.cells import cell_len

from deploy.cli.common import EXAMPLE_COUNTY
from deploy.cli.evaluation_tables import items_table, rectifications_table, systems_table
from services.indicators.answers import BadQuestionError
from services.indicators.api.bodies import BODY_BYTES_MAX
from services.indicators.api.questions import SHEET_LENGTH_MAX, BoardQuestion, EvaluationQuestion
from services.indicators.evaluation.county import file_digest
from tests.deploy.test_cli import run_kaiye
from tests.deploy.test_query_commands import Kaiye, kaiye, printed, running
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import SECONDS_MAX, TOWN, Recorded, System
from tests.indicators.api.test_duties import tell

__all__ = ["dsn", "kaiye", "recorded", "running", "system"]

SHEET = EXAMPLE_COUNTY / "sheet.toml"


@pytest.mark.parametrize("asked", [
    ("--known-at", "2025-07-01", "--rehearsal"), ("--as-of", "2025-03-15", "--known-at", "2025-07-01", "--unit", TOWN),
])  # fmt: skip
async def test_a_running_system_and_both_engines_on_its_facts_give_the_same_bytes(
    running: System, recorded: Recorded, kaiye: Kaiye, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    await tell(running, recorded)
    code, live, said = await kaiye("evaluate", "--sheet", str(EXAMPLE_COUNTY), *asked, "--json")
    assert (code, said) == (0, "")
    facts = tmp_path / "facts.jsonl"
    assert (await kaiye("facts", "--export", str(facts)))[0] == 0
    for engine in ("duckdb", "live"):
        source = ("--facts", str(facts), "--plan", str(EXAMPLE_COUNTY), "--engine", engine)
        assert (await kaiye("evaluate", "--sheet", str(SHEET), *source, *asked, "--json"))[:2] == (0, live)
    found = orjson.loads(live)
    assert found["rehearsal"] == ("--rehearsal" in asked)
    assert found["sheet"]["digest"] == file_digest(SHEET.read_text("utf-8"))
    assert found["plan"]["digest"] == file_digest((EXAMPLE_COUNTY / "plan.toml").read_text("utf-8"))
    assert found["positions"] == recorded.positions


async def test_people_get_sums_items_with_reasons_and_who_has_to_put_what_right(running: System, recorded: Recorded, kaiye: Kaiye) -> None:
    await tell(running, recorded)
    code, out, said = await kaiye("evaluate", "--sheet", str(SHEET), "--rehearsal")
    text = out.decode()
    assert (code, said) == (0, "")
    assert "安岭县创建创业型城市考评标准 · 模拟考评 rehearsal · 330127000000" in text
    assert "一票否决 vetoed" in text
    assert "应完成 1 家，按期验收 0 家，逾期 1 家（其中已补验收 1 家）" in text
    assert "0 of 1 who owes it had it accepted by" in text
    assert re.search(r"to open a score.+: kaiye explain ID --unit 330127000000 --as-of \S+ --known-at \S+", text)
    assert max(cell_len(line) for line in text.splitlines() if "kaiye explain" not in line) < 200
    assert "整改清单 rectifications" in text
    assert "整改清单" in text.partition("评分表 scoring sheet")[2]


async def test_what_is_wrong_in_a_sheet_is_said_by_the_service_and_by_the_check_alike(
    running: System, kaiye: Kaiye, tmp_path: Path
) -> None:
    wrong = tmp_path / "mine.toml"
    wrong.write_text(SHEET.read_text("utf-8").replace('duty = "leading_group"', 'duty = "leading_groups"'), "utf-8")
    code, out, error = await kaiye("evaluate", "--sheet", str(wrong))
    assert (code, out) == (2, b"")
    checked = run_kaiye("sheet", "check", wrong, "--plan", EXAMPLE_COUNTY, "--json")
    (problem,) = orjson.loads(checked.stdout)
    assert checked.returncode == 2
    assert (problem["file"], problem["item"], problem["clause"], problem["key"]) == (
        "mine.toml",
        "leading-group",
        "三(一)1",
        "items[1].duty",
    )
    for said in (problem["zh"], problem["fix_zh"], problem["en"], problem["fix_en"], f"第 {problem['line']} 行（项目 leading-group"):
        assert said in error
    facts = tmp_path / "facts.jsonl"
    assert (await kaiye("facts", "--export", str(facts)))[0] == 0
    for words, hint in (
        (("evaluate", "--sheet", str(SHEET), "--plan", str(EXAMPLE_COUNTY)), "goes with --facts"),
        (("evaluate", "--sheet", str(SHEET), "--facts", str(SHEET)), "--plan is missing"),
        (
            ("evaluate", "--sheet", str(SHEET), "--plan", str(EXAMPLE_COUNTY), "--facts", str(facts), "--known-at", "2025-07-02"),
            "last record",
        ),
        (
            ("evaluate", "--sheet", str(SHEET), "--plan", str(EXAMPLE_COUNTY), "--facts", str(SHEET), "--as-of", "2025-6-1"),
            "--as-of is written YYYY-MM-DD",  # before the facts are read, which these are none
        ),
        (("evaluate", "--sheet", str(SHEET), "--unit", "330127999000"), "there is no unit"),
        (("evaluate", "--sheet", str(SHEET), "--as-of", "2030-01-01"), "lies after known-at"),
    ):
        code, out, error = await kaiye(*words)
        assert (code, out) == (2, b"")
        assert hint in error


async def test_other_questions_are_answered_while_a_sheet_is_read_and_one_too_long_is_not_read(running: System) -> None:
    questions, answered = running.app.questions, 0
    reading = asyncio.create_task(questions.evaluation(EvaluationQuestion(sheet="[[items]]\n" * 4_000)))
    while not reading.done():
        questions.board(BoardQuestion())
        answered += 1
        await asyncio.sleep(0)
    with pytest.raises(BadQuestionError, match="sheet"):
        await reading
    assert answered > 3
    refused = await running.http.post("/evaluation", json={"sheet": "#" * (SHEET_LENGTH_MAX + 1)})
    assert (refused.status_code, refused.json()["en"]) == (422, "sheet has at most 200000 characters")


async def test_a_body_that_is_too_long_is_refused_before_it_has_come_in(running: System) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.app.http_port)
    said = ("POST /evaluation HTTP/1.1", "Host: kaiye", "Content-Type: application/json", f"Content-Length: {10**12}", "", '{"sheet":"')
    writer.write("\r\n".join(said).encode() + b"#" * BODY_BYTES_MAX)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS_MAX)
    writer.close()
    assert head.startswith(b"HTTP/1.1 413 ")
    whole = await running.http.post("/evaluation", json={"sheet": "#" * 2 * BODY_BYTES_MAX})
    assert (whole.status_code, whole.json()["code"]) == (413, "body_too_long")
    assert "考评标准文件至多 200000 个字符" in whole.json()["zh"]
    longest = await running.http.post(
        "/evaluation", content=rb'{"sheet":"' + rb"\ud83d\ude00" * SHEET_LENGTH_MAX + b'"}', headers={"Content-Type": "application/json"}
    )
    assert (longest.status_code, longest.json()["code"]) == (400, "bad_sheet")


def test_the_sheets_of_both_counties_have_nothing_wrong_and_belong_to_the_plan_beside_them(tmp_path: Path) -> None:
    assert "112 个项目、1000 分" in run_kaiye("sheet", "check", EXAMPLE_COUNTY).stdout
    done = run_kaiye("sheet", "check", EXAMPLE_COUNTY.parent / "second" / "sheet.toml", "--json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    alone = tmp_path / "sheet.toml"
    alone.write_bytes(SHEET.read_bytes())
    lost = run_kaiye("sheet", "check", alone)
    assert lost.returncode == 2
    assert "say with --plan" in lost.stderr


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_a_narrow_terminal_gets_fewer_columns(running: System, width: int) -> None:
    body = {"sheet": SHEET.read_text("utf-8")}
    found = orjson.loads((await running.http.post("/evaluation", json=body)).content)
    for table in (systems_table, items_table, rectifications_table):
        lines = printed(lambda width, table=table: table(found, width=width), width)  # type: ignore[misc]
        assert max(map(cell_len, lines)) <= max(width, 76)  # titles stand on lines of their own
        assert "…" not in "\n".join(lines)
