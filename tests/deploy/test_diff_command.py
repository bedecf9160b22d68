"""`kaiye diff` on a running service and on a file: exact results for programs, words for people."""

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from deploy.cli.explain_tables import CHANGES, REASONS, changed_measures_table, changes_table
from services.indicators.api.examples import EXAMPLE_DIFFERENCE
from services.indicators.api.persons import masked_answer
from tests.deploy.test_query_commands import Kaiye, kaiye, printed, running
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import COUNTY_FOLDER, Recorded, System

__all__ = ["dsn", "kaiye", "recorded", "running", "system"]

ASKED = {"from": "2025-05-31@2025-06-19", "to": "2025-06-01@2025-06-20"}
OPTIONS = [word for name, value in ASKED.items() for word in (f"--{name}", value)]


async def test_json_is_that_of_the_service_from_the_running_system_and_from_a_file(
    running: System, kaiye: Kaiye, recorded: Recorded, tmp_path: Path
) -> None:  # fmt: skip
    answer = (await running.http.get("/diff/new_enterprises", params=ASKED)).content
    assert await kaiye("diff", "new_enterprises", *OPTIONS, "--json") == (0, answer + b"\n", "")
    file = tmp_path / "facts.ndjson"
    file.write_bytes(recorded.lines)
    code, out, _ = await kaiye("diff", "new_enterprises", *OPTIONS, "--json", "--facts", str(file), "--plan", str(COUNTY_FOLDER))
    assert (code, masked_answer(out)) == (0, answer + b"\n")


async def test_people_get_both_figures_who_came_and_the_fact_that_did_it(running: System, kaiye: Kaiye) -> None:
    code, out, said = await kaiye("diff", "new_enterprises", *OPTIONS)
    text = out.decode()
    assert (code, said) == (0, "")
    assert "截至 2025-05-31 as of · 已知 2025-06-19 known at · 已定案 final\n  2 家 entities" in text
    assert "截至 2025-06-01 as of · 已知 2025-06-20 known at · 已定案 final\n  3 家 entities" in text
    assert re.search(r"经营主体 330127000000003 +新计入 came +0 → 1 +330127101000 +新知事实 facts +\S+ +2025-05-01 +2025-06-20", text)


async def test_subjects_that_do_not_come_to_the_figure_exit_with_1(running: System, kaiye: Kaiye) -> None:
    running.app.questions.live.balances.add(("new_enterprises", "330127000000", None), 739_000, 739_000, 1)
    code, _, said = await kaiye("diff", "new_enterprises", *OPTIONS)
    assert (code, "do not come to the ledger's figure: new_enterprises\n" in said) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("happiness", *OPTIONS), "there is no indicator happiness"),
        (("trained", "--from", "2025-06-31", "--to", "2025-06-30"), "--from is written YYYY-MM-DD[@YYYY-MM-DD], not 2025-06-31"),
        (("trained", "--from", "2025-06-30", "--to", "2025-05-30"), "(the days are those of --from and --to; without"),
        (("trained", "--from", "2025-06-30"), "Missing option"),
    ],
    ids=str,
)
async def test_a_question_without_an_answer_exits_with_2(running: System, kaiye: Kaiye, words: tuple[str, ...], said: str) -> None:
    code, out, error = await kaiye("diff", *words)
    assert (code, out) == (2, b"")
    assert said in error


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_narrow_terminal_gets_fewer_columns_and_nothing_cut(width: int) -> None:
    for make in (changed_measures_table, changes_table):
        lines = printed(lambda width, make=make: make(EXAMPLE_DIFFERENCE, width=width), width)  # type: ignore[misc]
        assert max(map(cell_len, lines)) <= width
        assert "…" not in "\n".join(lines)


def test_every_change_and_reason_has_a_word() -> None:
    assert CHANGES.keys() == {"came", "left", "changed"}
    assert REASONS.keys() == {"day", "facts", "input"}
