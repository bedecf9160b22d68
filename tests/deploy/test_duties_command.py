"""`kaiye duties` on a running service, for programs and for people at any width."""

import re
from typing import get_args

import orjson
import pytest
from rich.cells import cell_len

from deploy.cli.tables import DUTY_COLUMNS, DUTY_STATES, duties_table
from services.indicators.api.duties import STATES
from services.indicators.evaluation import plan
from services.indicators.words import SYSTEMS_ZH
from tests.deploy.test_query_commands import Kaiye, kaiye, printed, running
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import TOWN, Recorded, System
from tests.indicators.api.test_duties import tell

__all__ = ["dsn", "kaiye", "recorded", "running", "system"]


async def test_json_is_that_of_the_service_and_every_option_narrows(running: System, recorded: Recorded, kaiye: Kaiye) -> None:
    await tell(running, recorded)
    whole = (await running.http.get("/duties")).content
    assert await kaiye("duties", "--json") == (0, whole + b"\n", "")
    totals = {}
    for words in (
        ("--unit", TOWN),
        ("--department", "rsj"),
        ("--system", "policy"),
        ("--state", "late"),
        ("--late",),
        ("--known-at", "2025-06-30"),
    ):
        code, out, _ = await kaiye("duties", *words, "--json")
        assert code == 0
        totals[words] = orjson.loads(out)["total"]
    assert totals[("--state", "late")] == 1
    assert 0 < totals[("--unit", TOWN)] < totals[("--late",)] < totals[("--known-at", "2025-06-30")] == orjson.loads(whole)["total"]


async def test_people_get_the_duties_in_chinese_the_late_ones_named(running: System, recorded: Recorded, kaiye: Kaiye) -> None:
    await tell(running, recorded)
    code, out, said = await kaiye("duties")
    text = out.decode()
    assert (code, said) == (0, "")
    assert re.search(r"工作任务 duties 330127000000 · 共 \d+ in all\n截至 2025-07-01 as of", text)
    line = next(line for line in text.splitlines() if "leading_group" in line)
    assert re.search(
        r"leading_group +2025-02-28 +\S*人力资源和社会保障局 rsj +逾期验收 late +2025-03-05 +逾期 late +组织领导 organisation +三\(一\)1 ",
        line,
    )
    assert re.search(r"逾期验收 late 1；逾期 late \d+", text)
    assert re.search(r"工作任务完成率 (1/\d+) = .*%：2025-07-01 已到期 \d+ 项，.* accepted by then, late or not, 1$", text, re.MULTILINE)


async def test_what_cannot_be_asked_exits_with_2(running: System, kaiye: Kaiye) -> None:
    code, out, error = await kaiye("duties", "--system", "sports")
    assert (code, out) == (2, b"")
    assert "system is one of organisation, policy, training, services, assessment, not sports" in error


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_a_narrow_terminal_gets_fewer_columns_and_is_told_which(running: System, recorded: Recorded, width: int) -> None:
    await tell(running, recorded)
    found = orjson.loads((await running.http.get("/duties")).content)
    lines = printed(lambda width: duties_table(found, width=width), width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    assert {row["duty"] for row in found["duties"]} <= set(text.split())
    head = next(line for line in lines if line.startswith("任务"))
    assert width < 80 or ("责任" in head and "状态" in head)
    named = "".join(text.partition("未显示")[2].split())
    assert all((column.zh in head) != (column.zh in named) for column in DUTY_COLUMNS)


def test_every_state_and_system_has_a_word() -> None:
    assert tuple(DUTY_STATES) == STATES
    assert tuple(SYSTEMS_ZH) == get_args(plan.System)
