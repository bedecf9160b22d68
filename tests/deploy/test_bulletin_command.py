"""`kaiye bulletin` on a running service and from its facts: the text, the file, and what cannot be asked or published."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from deploy import publishing
from deploy.cli.common import EXAMPLE_COUNTY
from deploy.data_folder import DataFolder, Running
from services.indicators.evaluation.bulletin import Bulletin
from services.indicators.evaluation.county import file_digest
from shared.answers import Answer
from shared.client import OutgoingReport
from shared.write_service.reasons import conflict
from tests.deploy.test_query_commands import Kaiye, kaiye, running, unfinished
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import PARK, TOWN, VILLAGE, Recorded, System

__all__ = ["dsn", "kaiye", "recorded", "running", "system"]


@pytest.mark.parametrize("asked", [
    ("--known-at", "2025-07-01"), ("--as-of", "2025-03-15", "--known-at", "2025-07-01", "--unit", TOWN), ("--unit", PARK),
])  # fmt: skip
async def test_a_running_system_and_both_engines_on_its_facts_give_the_same_bytes(
    running: System, recorded: Recorded, kaiye: Kaiye, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    code, live, said = await kaiye("bulletin", *asked)
    assert (code, said) == (0, "")
    answer = (await kaiye("bulletin", *asked, "--json"))[1]
    facts = tmp_path / "facts.jsonl"
    assert (await kaiye("facts", "--export", str(facts)))[0] == 0
    known = () if "--known-at" in asked else ("--known-at", orjson.loads(answer)["known_at"])
    for engine in ("duckdb", "live"):
        source = ("--facts", str(facts), "--plan", str(EXAMPLE_COUNTY), "--engine", engine)
        assert (await kaiye("bulletin", *source, *asked, *known))[:2] == (0, live)
        assert (await kaiye("bulletin", *source, *asked, *known, "--json"))[:2] == (0, answer)
    found = Bulletin.model_validate_json(answer)
    assert found.text.encode() == live
    assert found.positions == recorded.positions
    assert found.plan.digest == file_digest((EXAMPLE_COUNTY / "plan.toml").read_text("utf-8"))


async def test_people_read_what_is_behind_and_by_how_much(running: System, kaiye: Kaiye) -> None:
    code, out, _ = await kaiye("bulletin", "--as-of", "2025-06-30", "--known-at", "2025-07-01")
    lines = out.decode().splitlines()
    assert (code, lines[0]) == (0, "# 安岭县创建创业型城市工作进展情况通报")
    assert "- 创业培训人数：完成 10 人，完成全年目标任务 500 人的 2.0%，落后（当日应达 247 人；差 237 人）。" in lines
    assert "- 新增创业企业：完成 3 家，完成全年目标任务 130 家的 2.3%，落后（当日应达 64 家；差 61 家）。" in lines
    assert [line for line in lines if line.startswith("| 云溪镇 |")]


async def test_it_is_written_to_a_file_whole_or_not_at_all(running: System, kaiye: Kaiye, tmp_path: Path) -> None:
    asked = ("bulletin", "--as-of", "2025-06-30", "--known-at", "2025-07-01")
    _, text, _ = await kaiye(*asked)
    file = tmp_path / "通报.md"
    code, out, said = await kaiye(*asked, "--out", str(file))
    assert (code, out, file.read_bytes()) == (0, b"", text)
    assert f"the bulletin is written to {file}" in said
    code, out, said = await kaiye(*asked, "--out", str(tmp_path / "nowhere" / "通报.md"))
    assert (code, out) == (2, b"")
    assert "cannot be written" in said
    assert unfinished(tmp_path) == []


async def test_what_cannot_be_asked_or_published_is_bad_input(running: System, kaiye: Kaiye, tmp_path: Path) -> None:
    facts = tmp_path / "facts.jsonl"
    assert (await kaiye("facts", "--export", str(facts)))[0] == 0
    source = ("--facts", str(facts), "--plan", str(EXAMPLE_COUNTY))
    for words, hint in (
        (("--unit", "330127999000"), "there is no unit 330127999000 (kaiye units lists them)"),
        ((*source, "--unit", "330127999000"), "there is no unit 330127999000 (the registry.unit_listed facts list them"),
        (("--unit", VILLAGE), "there is nothing to report on"),
        ((*source, "--unit", VILLAGE), "there is nothing to report on"),
        (("--as-of", "2025-07-02", "--known-at", "2025-07-01"), "as-of 2025-07-02 lies after known-at 2025-07-01"),
        ((*source, "--as-of", "2025-06-02", "--known-at", "2025-06-01"), "as-of 2025-06-02 lies after known-at 2025-06-01"),
        (("--as-of", "2025-6-1"), "as_of is a day written YYYY-MM-DD"),
        ((*source, "--as-of", "2025-6-1"), "--as-of is written YYYY-MM-DD"),
        (("--plan", str(EXAMPLE_COUNTY)), "--plan goes with --facts only"),
        (("--facts", str(facts)), "--plan is missing"),
        (("--publish", "通报一号"), "a number has letters, digits"),
        (("--publish", "TB 1"), "a number has letters, digits"),
        (("--publish", "TB-1", *source), "not with --facts"),
        (("--reproduce", "TB-1", "--publish", "TB-2"), "give nothing with it but --facts"),
        (("--reproduce", "TB-1", "--unit", TOWN), "give nothing with it but --facts"),
    ):
        code, out, error = await kaiye("bulletin", *words)
        assert (code, out) == (2, b""), words
        assert hint in error, words


async def test_a_number_that_was_published_already_is_told_as_such(
    running: System, kaiye: Kaiye, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    async def answered(_: Running, reports: Sequence[OutgoingReport], by: object) -> list[Answer]:
        (report,), reason = reports, conflict(12)
        return [Answer(str(report.source), report.id, report.type, 1, "refused", reason.code, reason.zh, reason.en, None)]

    monkeypatch.setattr(publishing, "send", answered)
    for words in (("bulletin",), ("evaluate", "--sheet", str(EXAMPLE_COUNTY))):
        code, out, error = await kaiye(*words, "--publish", "N-1")
        assert (code, out) == (1, b"")
        assert "N-1：该编号已用于另一内容（已记录在第 12 条）" in error
        assert "如 N-1 是此前发布的，重新计算用 --reproduce N-1；再发布请换编号 / if it was published as N-1 before, --reproduce" in error


async def test_a_plan_that_was_changed_since_the_start_is_not_published_with(running: System, kaiye: Kaiye, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    changed = shutil.copytree(EXAMPLE_COUNTY, tmp_path / "county")
    with (changed / "plan.toml").open("a", encoding="utf-8") as plan:
        plan.write("# 改过\n")
    folder.say_running(folder.running().model_copy(update={"county_folder": changed}))
    code, _, error = await kaiye("bulletin", "--publish", "TB-1")
    assert code == 2
    assert f"{changed / 'plan.toml'} was changed since the system was started" in error
    assert not folder.published.exists()
