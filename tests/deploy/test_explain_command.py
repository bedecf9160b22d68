"""`kaiye explain` on a running service and on a file: exact results for programs, words for people, files for spreadsheets."""

import asyncio
import csv
import io
import re
import shutil
from pathlib import Path
from typing import TextIO

import orjson
import pytest
from rich.cells import cell_len

from deploy.cli import explain as explain_command
from deploy.cli.board import show_lines
from deploy.cli.common import BadInput
from deploy.cli.explain_file import COLUMNS, cell, write_lines
from deploy.cli.explain_tables import FACT_STATES, ROLES, SUBJECTS_ZH, counting_text, meaning, measures_table, owed_table, subjects_table
from deploy.cli.tables import Json
from deploy.cli.whole_file import whole_file
from deploy.data_folder import DataFolder
from services.indicators.api import persons
from services.indicators.api.examples import EXAMPLE_EXPLANATION
from services.indicators.api.persons import Places, masked_answer
from services.indicators.audit.behind import subject_kind
from services.indicators.catalog import MEASURES, indicator
from services.indicators.formula_words import formula, measure_words
from services.indicators.meanings import relation_words
from shared.contracts.common import FactVoided, common_type
from shared.contracts.training import GuidanceGiven
from tests.deploy.test_query_commands import Kaiye, kaiye, printed, running, unfinished
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import COUNTY_FOLDER, SECONDS_MAX, SOURCE, VILLAGE, Recorded, System, person

__all__ = ["dsn", "kaiye", "recorded", "running", "system"]


async def test_json_is_that_of_the_service_from_the_running_system_and_from_a_file(
    running: System, kaiye: Kaiye, recorded: Recorded, tmp_path: Path
) -> None:  # fmt: skip
    asked = {"unit": VILLAGE, "as_of": "2025-05-31", "known_at": "2025-06-19", "variant": "person_times", "limit": "3"}
    options = [word for name, value in asked.items() for word in (f"--{name.replace('_', '-')}", value)]
    answer = (await running.http.get("/explain/guided", params=asked)).content
    question = f"{VILLAGE}|guided|person_times|2025-05-31|2025-06-19"
    assert orjson.loads(answer)["next"] == f"0:{Places().of(person(2), question)}" != f"0:{person(2)}"
    assert await kaiye("explain", "guided", *options, "--json") == (0, answer + b"\n", "")
    file = tmp_path / "facts.ndjson"
    file.write_bytes(recorded.lines)
    offline = ("--facts", str(file), "--plan", str(COUNTY_FOLDER))
    code, out, _ = await kaiye("explain", "guided", *options, "--json", *offline)
    assert (code, masked_answer(out)) == (0, answer + b"\n")
    assert person(1) in out.decode(), "whoever has the file has the facts"
    code, out, _ = await kaiye("explain", "guided", "--json", *offline)
    assert orjson.loads(masked_answer(out)) == (await running.get("/explain/guided", known_at="2025-07-01"))


async def test_people_get_the_formula_the_measures_and_the_facts(running: System, kaiye: Kaiye) -> None:
    code, out, said = await kaiye("explain", "trained_and_guided", "--limit", "1")
    text = out.decode()
    assert (code, said) == (0, "")
    assert text.startswith("创业培训和指导人数 trained_and_guided\n二(二) “创业培训和指导1500人”\n公式 formula: `trained` + `guided`")
    assert "  20 人 persons（截至 as of 2025-07-01） 落后 behind\n" in text
    assert re.search(r"trained +分子 numerator +10 +10 +10 +330127000000 +2025-07-01", text)
    assert "\n口径 reading: 创业培训合格的人数与接受创业指导的人数之和，各自去重 / distinct persons trained plus" in text
    assert re.search(r"^  trained: 去重 distinct：创业培训合格 / Passed start-up training$", text, re.MULTILINE)
    assert re.search(r"人 P000\*\*\*\w{6} +1 +330127100001 自 2025-03-01 +\S+ +2024-06-01", text)
    assert re.search(r"1 / 20；下一页 next page: --after '0:~[0-9a-f]{24}'", text)
    assert person(0) not in text


async def test_all_subjects_go_to_a_file_page_by_page(
    running: System, kaiye: Kaiye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(explain_command, "EXPORTED_AT_ONCE", "7")
    lines, table = tmp_path / "subjects.jsonl", tmp_path / "subjects.csv"
    assert (await kaiye("explain", "trained_and_guided", "--export", str(lines)))[:2] == (0, b"")
    whole = (await running.get("/explain/trained_and_guided"))["subjects"]
    assert [orjson.loads(line) for line in lines.read_bytes().splitlines()] == whole
    code, out, said = await kaiye("explain", "trained_and_guided", "--export", str(table))
    assert (code, out) == (0, b"")
    assert "20 个对象已写入" in said
    raw = table.read_bytes()
    assert raw.startswith("\ufeff度量 measure,".encode())
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 1 + sum(len(subject["facts"]) for subject in whole)
    assert unfinished(tmp_path) == []
    code, _, error = await kaiye("explain", "trained", "--export", str(tmp_path / "subjects.xlsx"))
    assert (code, "should end in .csv or .jsonl" in error) == (2, True)


@pytest.fixture
async def swapping(running: System, recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the first page of an export is written another person is guided instead of two."""
    loop = asyncio.get_running_loop()

    async def swap() -> None:
        for gone in (person(9), person(3)):  # the last of a page among them
            voided = next(record for record in recorded.records["training"] if record.data.get("person") == gone)
            void = {"source": SOURCE, "id": voided.id, "reason": "重复"}
            recorded.raw("training", common_type(FactVoided, "training"), void, on="2025-07-01")
        recorded.add("2025-02-10", GuidanceGiven(person=person(10), guidance_kind="policy", unit=VILLAGE), known="2025-07-01")
        await recorded.publish(running.nc)
        await running.followed(recorded)

    def write(opened: TextIO, subjects: list[Json]) -> None:
        if opened.tell() == 0:
            asyncio.run_coroutine_threadsafe(swap(), loop).result(SECONDS_MAX)
        write_lines(opened, subjects)

    monkeypatch.setattr(explain_command, "EXPORTED_AT_ONCE", "4")
    monkeypatch.setitem(explain_command._WRITERS, ".jsonl", (lambda _: None, write))


@pytest.mark.usefixtures("swapping")
@pytest.mark.parametrize("remembered", [1_000, 0])
@pytest.mark.parametrize(("known_at", "final"), [("2025-07-01", False), ("2025-06-30", True)])
async def test_an_export_is_of_one_moment_though_more_is_recorded_meanwhile(
    running: System, kaiye: Kaiye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_at: str, *, final: bool, remembered: int
) -> None:  # fmt: skip
    monkeypatch.setattr(persons, "PLACES_KEPT", remembered)
    before = (await running.get("/explain/guided", known_at=known_at))["subjects"]
    file = tmp_path / "subjects.jsonl"
    code, _, said = await kaiye("explain", "guided", "--known-at", known_at, "--export", str(file))
    assert (code, "the facts of the first page's moment" in said) == (0, not final), said
    assert [orjson.loads(line) for line in file.read_bytes().splitlines()] == before
    now = (await running.get("/explain/guided", known_at=known_at))["subjects"]
    assert (len(now), now == before) == (len(before) - (not final), final)
    assert unfinished(tmp_path) == []


@pytest.mark.usefixtures("swapping")
async def test_pages_that_cannot_be_made_of_one_moment_are_not_written(
    running: System, kaiye: Kaiye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The plan file was edited after the system had read it."""
    county = shutil.copytree(COUNTY_FOLDER, tmp_path / "county")
    plan = (county / "plan.toml").read_text()
    (county / "plan.toml").write_text(plan.replace('value = "1000"\nclause = "二(二)"', 'value = "999"\nclause = "二(二)"'))
    data = DataFolder(tmp_path / "data")
    data.say_running(data.running().model_copy(update={"county_folder": county}))
    code, _, said = await kaiye("explain", "guided", "--export", str(tmp_path / "subjects.jsonl"))
    assert (code, "was the plan file edited after the system had read it?" in said) == (2, True), said
    assert not (tmp_path / "subjects.jsonl").exists()


def test_two_exports_to_one_file_do_not_touch_each_other(tmp_path: Path) -> None:
    file = tmp_path / "subjects.csv"
    with whole_file(file) as one, whole_file(file) as other:
        one.write_text("one")
        other.write_text("other")
    assert file.read_text() == "one"
    with pytest.raises(ValueError, match="half"), whole_file(file) as broken:
        broken.write_text("bro")
        raise ValueError("half")
    with pytest.raises(BadInput, match="cannot be written"), whole_file(tmp_path / "none" / "subjects.csv"):
        pass
    assert file.read_text() == "one"
    assert unfinished(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "written"), [("=1+1", "'=1+1"), ("-卡", "'-卡"), ("@x", "'@x"), ("+86", "'+86"), ("甲-1", "甲-1"), (-5, -5)]
)
def test_no_cell_is_taken_for_a_formula(text: str | int, written: str | int) -> None:
    assert cell(text) == written


async def test_subjects_that_do_not_come_to_the_figure_exit_with_1_and_are_named(running: System, kaiye: Kaiye) -> None:
    balances = running.app.questions.live.balances
    balances.add(("guided", VILLAGE, None), 739_000, 739_000, 1)
    code, out, said = await kaiye("explain", "trained_and_guided", "--unit", VILLAGE, "--json")
    assert (code, "do not come to the ledger's figure: guided\n" in said) == (1, True)
    (trained, guided) = orjson.loads(out)["measures"]
    assert (trained["agrees"], guided["agrees"]) == (True, False)
    assert guided["differences"] == [{"part": None, "ledger": 11, "counted": 10}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("happiness",), "there is no indicator happiness (kaiye board lists them)"),
        (("../units",), "there is no indicator ../units"),
        (("trained", "--variant", "happy"), "trained has no variant happy, but default"),
        (("trained", "--part", "2024"), "trained default has no part 2024, nor any other"),
        (("trained", "--unit", "330127199000"), "there is no unit 330127199000 (kaiye units lists them)"),
        (("trained", "--as-of", "2025-06-02", "--known-at", "2025-06-01"), "as-of 2025-06-02 lies after known-at 2025-06-01"),
        (("trained", "--known-at", "2025-07-02"), "known-at 2025-07-02 lies after today"),
        (("trained", "--limit", "0"), "limit is a whole number from 1 to 1000, not 0"),
        (("trained", "--plan", str(COUNTY_FOLDER)), "--plan goes with --facts only"),
        (("trained", "--measure", "guided"), "this figure is not read from the measure guided; it is read from trained"),
    ],
    ids=str,
)
async def test_a_question_without_an_answer_exits_with_2(running: System, kaiye: Kaiye, words: tuple[str, ...], said: str) -> None:
    code, out, error = await kaiye("explain", *words)
    assert (code, out) == (2, b"")
    assert said in error


async def test_nothing_running_exits_with_3(kaiye: Kaiye) -> None:
    assert (await kaiye("explain", "trained"))[0] == 3


async def test_a_choice_that_nothing_fits_is_said(running: System, kaiye: Kaiye) -> None:
    code, _, said = await kaiye("explain", "trained", "--department", "nobody")
    assert (code, said) == (0, "没有符合所选的对象或事实 / no subject or fact is as chosen\n")


def test_the_day_since_which_a_duty_stands_so_is_written_as_a_day() -> None:
    counting = {"part": "publicity|xcb|accepted|739617", "unit": None, "park": None, "amount": 1}
    assert counting_text("duty", counting) == "publicity|xcb|accepted|2026-01-01 全县"


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_narrow_terminal_gets_fewer_columns_and_nothing_cut(width: int) -> None:
    for make in (measures_table, subjects_table):
        lines = printed(lambda width, make=make: make(EXAMPLE_EXPLANATION, width=width), width)  # type: ignore[misc]
        assert max(map(cell_len, lines)) <= width
        assert "…" not in "\n".join(lines)


def test_a_formula_of_parts_has_a_line_for_each() -> None:
    reading = next(each for each in indicator("platforms").variants if each.name == "staffed")
    said = {"meaning": reading.meaning, "formula": formula(reading.figure)}
    lines = list(meaning({**EXAMPLE_EXPLANATION, **said}))
    assert [line.partition(": ")[0] for line in lines[2:]] == ["公式 formula", "  township", "  community_or_village", "口径 reading"]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_is_broken_between_words_where_a_terminal_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, terminal: bool
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "40")
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    line = f"公式 formula: [`one`] {'units with a platform ' * 6}.".replace(" .", ".")
    show_lines([line])
    printed = capsys.readouterr().out.splitlines()
    assert " ".join(each.strip() for each in printed) == line
    assert (max(map(cell_len, printed)) <= 40, len(printed) > 1) == (terminal, terminal)


def test_so_many_duties_are_shown_as_subjects_on_a_page_and_how_many_more_there_are() -> None:
    duties = [
        {"duty": f"d-{number}", "quote": "宣传", "party": "xcb", "name": "宣传部", "due": "2025-06-30", "state": "accepted", "late": False,
         "since": "2025-06-01", "system": "organisation", "clause": "五(一)", "evidence": "报告"} for number in range(78)
    ]  # fmt: skip
    text = "\n".join(printed(lambda width: owed_table({"duties": duties}, 5, width=width), 160))
    assert re.findall(r"d-\d+", text) == [f"d-{number}" for number in range(5)]
    assert "共 78 in all" in text
    assert "另有 73 项，见 kaiye duties / 73 more: kaiye duties" in text
    assert "more" not in "\n".join(printed(lambda width: owed_table({"duties": duties}, width=width), 160))


def test_a_national_average_says_that_it_is_in_millionths() -> None:
    assert counting_text("benchmark", {"part": None, "unit": None, "park": None, "amount": 182_000}) == "全县 × 182,000 ×10⁻⁶"
    assert "同类地区平均水平的最近公布值，以百万分之一计 / The latest benchmark of a peer group, in millionths" in measure_words(
        MEASURES["benchmarks"], relation_words
    )


def test_every_kind_of_subject_state_and_role_has_a_word() -> None:
    assert {subject_kind(measure) for measure in MEASURES.values()} <= SUBJECTS_ZH.keys()
    assert ROLES.keys() == {"numerator", "denominator", "pending", "cohort", "chooses", "left_out", "benchmark"}
    assert FACT_STATES.keys() == {"in_force", "voided", "rival", "superseded"}
