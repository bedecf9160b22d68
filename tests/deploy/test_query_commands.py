"""`kaiye board`, `indicator`, `units` and `facts` on a running service: exact results on stdout, and the exit codes."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from deploy.cli import main
from deploy.cli.board import WIDTH_WITHOUT_TERMINAL
from deploy.cli.tables import board_table, units_table
from deploy.data_folder import DataFolder, Running
from deploy.embedded import free_port
from services.indicators.api.examples import EXAMPLE_BOARD
from services.indicators.catalog import CATALOG
from services.indicators.evaluation.display import UNITS_OF_MEASURE, measure_words, number_text
from services.indicators.figures import fixed_parts
from services.indicators.words import VARIANTS_ZH, part_zh
from shared.contracts.envelope import NO_HASH
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import COUNTY, COUNTY_FOLDER, VILLAGE, Recorded, System

__all__ = ["dsn", "recorded", "system"]

Kaiye = Callable[..., Awaitable[tuple[int, bytes, str]]]
"""Runs a command on the folder: its exit code, what it printed to stdout, and what it said on stderr."""


def says_running(folder: Path, http_url: str, nats_url: str = "nats://none") -> DataFolder:
    data = DataFolder(folder)
    folder.mkdir(exist_ok=True)
    data.say_running(Running(
        pid=os.getpid(), county=COUNTY, county_folder=COUNTY_FOLDER, simulated_clock=True, nats_url=nats_url, databases={},
        http_url=http_url,
    ))  # fmt: skip
    return data


def unfinished(folder: Path) -> list[Path]:
    """Downloads that were begun and left there."""
    return list(folder.glob("*.part"))


@pytest.fixture
def kaiye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Kaiye:
    def run() -> int:
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    async def command(*words: str) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["kaiye", *words, "--data", str(tmp_path / "data")])
        capsysbinary.readouterr()
        code = await asyncio.to_thread(run)
        said = capsysbinary.readouterr()
        return code, said.out, said.err.decode()

    return command


@pytest.fixture
def running(system: System, tmp_path: Path) -> System:
    """The service, known to the data folder."""
    says_running(tmp_path / "data", f"http://127.0.0.1:{system.app.http_port}")
    return system


async def test_json_is_printed_exactly_as_the_service_gave_it(running: System, kaiye: Kaiye) -> None:
    asked = {"unit": VILLAGE, "as_of": "2025-05-31", "known_at": "2025-06-19"}
    options = ("--unit", VILLAGE, "--as-of", "2025-05-31", "--known-at", "2025-06-19", "--json")
    for words, path, parameters in (
        (("board", "--json"), "/board", {}),
        (("board", *options), "/board", asked),
        (("indicator", "new_enterprises", *options), "/indicators/new_enterprises", asked),
        (("units", "--json"), "/units", {}),
        (("units", *options), "/units", asked),
    ):
        answer = await running.http.get(path, params=parameters)
        assert await kaiye(*words) == (0, answer.content + b"\n", "")


async def test_people_get_the_board_with_names_and_words_in_chinese(running: System, kaiye: Kaiye) -> None:
    code, printed, said = await kaiye("board")
    text = printed.decode()
    assert (code, said) == (0, "")
    assert "安岭县 330127000000\n截至 2025-07-01 as of · 已知 2025-07-01 known at" in text
    line = next(line for line in text.splitlines() if "new_enterprises" in line)
    assert re.search(r"新增创业企业 new_enterprises +3 +家 entities +≥ 130 +64 +落后 behind", line)


async def test_people_get_the_units_with_what_they_lie_in(running: System, kaiye: Kaiye) -> None:
    code, printed, _ = await kaiye("units")
    assert code == 0
    assert re.search(r"330127100201 +王家村 +行政村 village +330127100000 +2020-01-01", printed.decode())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("board", "--as-of", "2025-06-02", "--known-at", "2025-06-01"), "as-of 2025-06-02 lies after known-at 2025-06-01"),
        (("board", "--known-at", "2025-07-02"), "known-at 2025-07-02 lies after today"),
        (("board", "--unit", "330127199000"), "there is no unit 330127199000"),
        (("board", "--as-of", "yesterday"), "as_of is a day written YYYY-MM-DD, not yesterday"),
        (("units", "--known-at", "2025-07-02"), "known-at 2025-07-02 lies after today"),
        (("board", "--known-at", "2019-12-31"), "as known on 2019-12-31 there is no unit at all: nothing was known then"),
        (("facts", "--known-at", "2025-07-02"), "known-at 2025-07-02 lies after today"),
        (("facts", "--unit", "330127199000"), "there is no unit 330127199000"),
        (("indicator", "happiness"), "there is no indicator happiness"),
        (("indicator", "activity_indx"), "there is no indicator activity_indx, did you mean activity_index?"),
        (("indicator", "../units"), "there is no indicator ../units"),
        (("board", "--unti", VILLAGE), "No such option"),
    ],
    ids=str,
)
async def test_a_question_without_an_answer_exits_with_2(running: System, kaiye: Kaiye, words: tuple[str, ...], said: str) -> None:
    code, printed, error = await kaiye(*words)
    assert (code, printed) == (2, b"")
    assert said in error


async def test_nothing_running_exits_with_3(kaiye: Kaiye) -> None:
    for words in (("board",), ("indicator", "loans"), ("units",), ("facts",)):
        code, printed, error = await kaiye(*words)
        assert (code, printed) == (3, b"")
        assert re.search(r"no kaiye runs on (\S+): kaiye up --data \1 starts one", error)


async def test_a_service_that_does_not_answer_exits_with_3(kaiye: Kaiye, tmp_path: Path) -> None:
    says_running(tmp_path / "data", f"http://127.0.0.1:{free_port()}")
    code, printed, error = await kaiye("board", "--json")
    assert (code, printed) == (3, b"")
    assert "cannot be reached" in error


async def test_a_proxy_in_the_environment_is_not_asked(running: System, kaiye: Kaiye, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert (await kaiye("units", "--json"))[0] == 0


async def test_facts_are_exported_exactly_as_published(running: System, kaiye: Kaiye, recorded: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "facts.ndjson"
    code, printed, said = await kaiye("facts", "--export", str(file))
    assert (code, printed) == (0, b"")
    assert f"{sum(recorded.positions.values())} 条记录已写入" in said
    assert file.read_bytes() == recorded.lines
    assert await kaiye("facts") == (0, recorded.lines, "")
    heads = tmp_path / "heads.json"
    assert (await kaiye("facts", "--export", str(file), "--heads", str(heads)))[0] == 0
    assert orjson.loads(heads.read_bytes()) == {
        service: {"position": len(chain), "hash": chain[-1].hash if chain else NO_HASH} for service, chain in recorded.records.items()
    }
    assert (await kaiye("facts", "--heads", str(heads)))[0] == 2
    assert unfinished(tmp_path) == []


async def test_facts_of_a_unit_and_days_are_exported(running: System, kaiye: Kaiye, tmp_path: Path) -> None:
    asked = {"unit": VILLAGE, "as_of": "2025-04-01", "known_at": "2025-06-19"}
    lines = (await running.http.get("/facts", params=asked)).content
    assert b"330127000000001" in lines
    assert b"330127000000002" not in lines
    file = tmp_path / "facts.ndjson"
    options = ("--unit", VILLAGE, "--as-of", "2025-04-01", "--known-at", "2025-06-19")
    assert (await kaiye("facts", "--export", str(file), *options))[0] == 0
    assert file.read_bytes() == lines
    assert await kaiye("facts", *options) == (0, lines, "")


async def test_facts_that_cannot_be_written_exit_with_2(running: System, kaiye: Kaiye, tmp_path: Path) -> None:
    code, _, error = await kaiye("facts", "--export", str(tmp_path / "nowhere" / "facts.ndjson"))
    assert code == 2
    assert "cannot be written" in error


async def test_a_download_that_breaks_off_leaves_no_file(
    running: System, kaiye: Kaiye, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    async def breaks_off() -> Any:
        yield b"{}"
        raise OSError("the disk is gone")

    monkeypatch.setattr(running.app.questions.live.store, "export", breaks_off)
    file = tmp_path / "facts.ndjson"
    code, _, error = await kaiye("facts", "--export", str(file))
    assert (code, "的应答中途断开 / the answer of http" in error) == (3, True), error
    assert not file.exists()
    assert unfinished(tmp_path) == []


@pytest.mark.parametrize(
    ("value", "unit_of_measure", "shown"),
    [
        ("832", "persons", "832 人 persons"), ("1500", "person_times", "1,500 人次 person-times"), (None, "persons", "— 人 persons"),
        ("0.312500", "ratio", "31.3% "), ("100000050", "fen", "1,000,000.50 元 yuan"), ("20900", "m2", "20,900 m²"),
        ("2.500000", "days", "2.5 天 days"), ("12", "cases", "12 件 cases"),
    ],
)  # fmt: skip
def test_figures_read_as_people_write_them(value: str | None, unit_of_measure: str, shown: str) -> None:
    assert f"{number_text(value, unit_of_measure)} {measure_words(unit_of_measure)}" == shown


def test_a_ratio_above_one_reads_as_a_multiple() -> None:
    assert number_text("5.996000", "ratio", multiple=True) == "6.00"
    assert measure_words("ratio", multiple=True) == "倍 times"


def printed(make: Callable[[int | None], Table], width: int | None) -> list[str]:
    console = Console(width=width or WIDTH_WITHOUT_TERMINAL)
    with console.capture() as lines:
        console.print(make(width))
    return [line.rstrip() for line in lines.get().splitlines()]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_a_narrow_terminal_gets_fewer_columns_and_is_told_which(running: System, width: int) -> None:
    board, catalogue = [orjson.loads((await running.http.get(path)).content) for path in ("/board", "/indicators")]
    lines = printed(lambda width: board_table(board, catalogue, "安岭县", width=width), width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    assert {row["id"] for row in board["indicators"]} <= set(text.split())
    head = next(line for line in lines if line.startswith("指标"))
    named = "".join(text.partition("未显示")[2].split())
    assert all((heading in head) != (heading in named) for heading in ("数值", "目标", "状态", "应达", "全国", "上年", "分子/分母", "说明"))


async def test_without_a_terminal_every_column_is_there_and_no_cell_goes_on_below(running: System, kaiye: Kaiye) -> None:
    code, out, _ = await kaiye("board")
    text = out.decode()
    assert code == 0
    assert "未显示" not in text
    assert all(heading in text.splitlines()[2] for heading in ("数值", "目标", "状态", "应达", "全国", "上年", "说明"))
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert re.search(r"· 年均 yearly_average +3 +家 entities", text)


async def test_the_figure_of_a_part_stands_beside_the_part_where_an_indicator_has_no_whole(running: System, kaiye: Kaiye) -> None:
    _, out, _ = await kaiye("indicator", "documents_owed")
    lines = out.decode().splitlines()
    name = lines.index("应出台文件 documents_owed")
    assert re.fullmatch(r" · 毕业前政策宣传 campus_briefings \[1\] +0 +份 documents +≥ 1 .*", lines[name + 1])


async def test_codes_of_units_are_never_cut(running: System) -> None:
    units = orjson.loads((await running.http.get("/units")).content)
    text = "\n".join(printed(lambda width: units_table(units, width=width), 40))
    assert {unit["code"] for unit in units["units"]} <= set(text.split())
    assert "未显示（终端宽 40 列）" in text


def test_every_variant_has_a_name_in_chinese() -> None:
    assert {variant.name for indicator in CATALOG for variant in indicator.variants} - VARIANTS_ZH.keys() == set()


def test_every_part_a_figure_always_has_and_every_unit_of_measure_has_one_too() -> None:
    variants = [variant for indicator in CATALOG for variant in indicator.variants]
    assert [part for variant in variants for part in fixed_parts(variant.figure) if part is not None and part_zh(part) is None] == []
    assert {variant.unit_of_measure for variant in variants} - {"ratio", "fen"} - UNITS_OF_MEASURE.keys() == set()
    assert part_zh("enrolled|start_up|care|woman") == "报名·创业·关爱就业·妇女"


def test_what_money_is_made_of_is_shown_in_yuan(example_row: dict[str, Any]) -> None:
    catalogue = a_catalogue("loan_recovery", "贷款回收率", {"default": "fen", "other": None})
    rows = [example_row | {"id": "loan_recovery", "variant": variant, "numerator": "34900050", "denominator": "35050000"} for variant in
            ("default", "other")]  # fmt: skip
    board = EXAMPLE_BOARD | {"indicators": rows}
    text = "\n".join(printed(lambda width: board_table(board, catalogue, "安岭县", width=width), None))
    assert "349,000.50/350,500.00 元 yuan" in text
    assert "34,900,050/35,050,000" in text


def test_parts_that_split_by_several_things_are_shown_when_asked_for_alone(example_row: dict[str, Any]) -> None:
    trainings = [example_row | {"id": "trainings", "variant": "default", "part": part} for part in ("passed", "passed|skill|care|woman")]
    catalogue = a_catalogue("trainings", "各类培训", {"default": None})

    def shown(rows: list[dict[str, Any]]) -> str:
        return "\n".join(printed(lambda width: board_table(EXAMPLE_BOARD | {"indicators": rows}, catalogue, "安岭县", width=width), None))

    assert "合格·技能·关爱就业·妇女 passed|skill|care|woman" in shown(trainings)
    on_a_board = shown([*trainings, example_row])
    assert "合格 passed" in on_a_board
    assert "passed|skill" not in on_a_board
    assert "另有 1 个细分项 / finer parts: kaiye indicator trainings" in on_a_board


def a_catalogue(id: str, zh: str, counted_in: dict[str, str | None]) -> dict[str, Any]:
    """A catalogue of one indicator; `counted_in` for each of its variants."""
    variants = [{"name": name, "zh": "", "counted_in": given} for name, given in counted_in.items()]
    return {
        "windows": [{"name": "autumn", "zh": "秋季考评期"}], "departments": [{"code": "gsj", "name": "工商局"}], "documents": [],
        "indicators": [{"id": id, "zh": zh, "variants": variants}],
    }  # fmt: skip


def test_a_row_is_told_in_both_languages_and_its_notes_once_below_the_table(example_row: dict[str, Any]) -> None:
    promised = {"op": ">=", "value": "1", "clause": "四", "expected": None, "status": "missed"}
    window = {"name": "autumn", "from": "2024-09-01", "to": "2024-11-30"}
    note = "参考线 95% / reference line 95 %；未报发放日期的不计 / without a date"
    rows = [
        example_row | {"id": "loans", "unit_of_measure": "cases", "value": "0", "targets": [promised], "window": window, "note": note},
        example_row | {"id": "loans", "part": "gsj", "note": note.partition("；")[2], "incomplete": 2},
        example_row | {"id": "loans", "part": VILLAGE, "benchmark": {"value": "0.2", "status": "behind"}},
    ]
    told = a_catalogue("loans", "贷款", {"default": None})
    lines = printed(
        lambda width: board_table(EXAMPLE_BOARD | {"indicators": rows}, told, "安岭县", width=width, units={VILLAGE: "王家村"}), None
    )
    text = "\n".join(lines)
    assert re.search(
        r"贷款 loans \[1\] \[2\] +0 +件 cases +≥ 1 +未完成 missed .* 秋季考评期 autumn 2024-09-01—2024-11-30$", text, re.MULTILINE
    )
    assert re.search(r" · 工商局 gsj \[2\] .* 不完整 incomplete 2$", text, re.MULTILINE)
    assert re.search(r" · 王家村 330127100201 .* 20.0% ✗ ", text)
    assert lines.count("[1] 参考线 95% / reference line 95 %") == lines.count("[2] 未报发放日期的不计 / without a date") == 1


def test_every_note_of_the_catalogue_is_said_in_both_languages() -> None:
    notes = [note for indicator in CATALOG for variant in indicator.variants for note in variant.note.split("；") if note]
    assert [note for note in notes if note.count(" / ") != 1] == []


@pytest.fixture
def example_row() -> dict[str, Any]:
    (row,) = EXAMPLE_BOARD["indicators"]
    return dict(row)
