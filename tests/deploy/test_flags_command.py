"""`kaiye flags` on a running service: all pages as one, for programs and for people at any width."""

import asyncio
import re
from typing import Any

import orjson
import pytest
from rich.cells import cell_len

from deploy.cli import flags as flags_command
from deploy.cli.board import ask
from deploy.cli.tables import FLAG_COLUMNS, FLAG_STATES, flags_table, reports_table
from services.indicators.api.examples import EXAMPLE_FLAGS
from services.indicators.api.flags import STATES
from shared.contracts.registry import StaffReported
from tests.deploy.test_query_commands import Kaiye, kaiye, printed, running
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import VILLAGE, Recorded, System
from tests.indicators.api.test_flags import ENTITY, KIND, odd

(FLAG,) = EXAMPLE_FLAGS["flags"]
MANY_FLAGS: dict[str, Any] = {
    **EXAMPLE_FLAGS,
    "kinds": [*EXAMPLE_FLAGS["kinds"], *({**EXAMPLE_FLAGS["kinds"][0], "kind": kind} for kind in ("undated", "second_one_off_subsidy"))],
    "flags": [
        FLAG, {**FLAG, "fact": {**FLAG["fact"], "id": "xindai-00000253"}}, {**FLAG, "kind": "second_one_off_subsidy"},
        {**FLAG, "kind": "undated", "others": [], "fact": {**FLAG["fact"], "id": "taizhang-00000001"}},
    ],
}  # fmt: skip

NAMES = {f"{flag['kind']}:{flag['fact']['id']}" for flag in MANY_FLAGS["flags"]}

__all__ = ["dsn", "kaiye", "recorded", "running", "system"]


async def test_json_is_that_of_the_service_with_all_pages_as_one(
    running: System, recorded: Recorded, kaiye: Kaiye, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    await odd(running, recorded, 5)
    whole = (await running.http.get("/flags", params={"limit": "1000"})).content
    assert await kaiye("flags", "--json") == (0, whole + b"\n", "")
    monkeypatch.setattr(flags_command, "FLAGS_AT_ONCE", 2)
    assert await kaiye("flags", "--json") == (0, whole + b"\n", "")


async def test_pages_between_which_more_was_recorded_are_read_again_from_the_first_on(
    running: System, recorded: Recorded, kaiye: Kaiye, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    await odd(running, recorded, 5)
    monkeypatch.setattr(flags_command, "FLAGS_AT_ONCE", 2)
    loop, times = asyncio.get_running_loop(), 0

    async def more() -> None:
        recorded.add("2025-07-03", StaffReported(entity=ENTITY, employees=3 + times), known="2025-07-07")
        await recorded.publish(running.nc)
        await running.followed(recorded)

    async def asked(*words: Any) -> bytes:
        nonlocal times
        if words[-1].get("after") is not None and times < changes:
            times += 1
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(more(), loop))
        return await ask(*words)

    monkeypatch.setattr(flags_command, "ask", asked)
    changes = 2
    code, out, error = await kaiye("flags", "--json")
    assert (code, times) == (0, 2), error
    assert out == (await running.http.get("/flags", params={"limit": "1000"})).content + b"\n"
    changes, times = 1000, 0
    code, out, error = await kaiye("flags", "--json")
    assert (code, out, times, "narrow them" in error.replace("\n", " ")) == (2, b"", flags_command.READ_MAX, True), error


async def test_every_option_narrows_what_is_listed(running: System, recorded: Recorded, kaiye: Kaiye) -> None:
    await odd(running, recorded, 1)
    for words, total in (
        (("--unit", VILLAGE), 1), (("--kind", KIND), 1), (("--kind", "undated"), 0), (("--department", "employment"), 1),
        (("--department", "gsj"), 0), (("--state", "open"), 1), (("--state", "dismissed"), 0), (("--known-at", "2025-07-02"), 0),
        (("--as-of", "2025-07-02"), 0),
    ):  # fmt: skip
        code, out, _ = await kaiye("flags", *words, "--json")
        assert (code, orjson.loads(out)["total"]) == (0, total), words


async def test_people_get_the_flags_in_chinese_with_the_ruling_on_their_kind(running: System, recorded: Recorded, kaiye: Kaiye) -> None:
    (staffed,) = await odd(running, recorded, 1)
    code, out, said = await kaiye("flags")
    text = out.decode()
    assert (code, said) == (0, "")
    assert "疑点 flags 330127000000 · 共 1 in all\n截至 2025-07-03 as of · 已知 2025-07-03 known at\n" in text
    assert re.search(rf"^{KIND}:{staffed} +待核 open +2025-07-03 +2025-07-03 +employment +{VILLAGE} ", text, re.MULTILINE)
    assert all(words in text for words in ("已停业、吊销或注销仍有经营或用工", "用工上报", "staff_reported", "entity_deregistered"))
    assert "待核 open 1：存活、经营、带动就业以登记状态为准" in text


@pytest.mark.parametrize(("words", "said"), [
    (("--kind", "odd"), "there is no kind of flag odd: one of confirmation, contradiction, "),
    (("--state", "closed"), "state is one of open, confirmed, dismissed"),
    (("--as-of", "tomorrow"), "as_of is a day written YYYY-MM-DD"),
])  # fmt: skip
async def test_what_cannot_be_asked_exits_with_2(running: System, kaiye: Kaiye, words: tuple[str, ...], said: str) -> None:
    code, out, error = await kaiye("flags", *words)
    assert (code, out) == (2, b"")
    assert said in error


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
def test_a_narrow_terminal_gets_fewer_columns_and_nothing_cut(width: int) -> None:
    lines = printed(lambda width: flags_table(MANY_FLAGS, width=width), width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    words = set(text.split())
    assert words >= NAMES
    missing = "".join(text.partition("未显示")[2].split())
    head = next(line for line in lines if line.startswith("疑点 ") and "flags" not in line)
    assert all((column.zh in head) != (column.zh in missing) for column in FLAG_COLUMNS if column.zh != "自")


def test_a_ruling_is_shown_with_its_note_and_every_state_has_a_word() -> None:
    text = "\n".join(printed(lambda width: flags_table(EXAMPLE_FLAGS, width=width), None))
    assert "排除 dismissed" in text
    assert all(words in text for words in ("清算期间留用人员", "chuangjianban/kaiye", "2026-06-20", "CL-2026-0104"))
    assert tuple(FLAG_STATES) == STATES


def test_texts_are_shown_as_they_are_whoever_wrote_them() -> None:
    marked = {**FLAG, "ruling": {**FLAG["ruling"], "note": "见 [/x] 与 [a-z]{2} [red]"}}
    text = "\n".join(printed(lambda width: flags_table({**EXAMPLE_FLAGS, "unit": "[/y]", "flags": [marked]}, width=width), None))
    assert {"[/x]", "[a-z]{2}", "[red]"} <= set(text.split())
    assert "疑点 flags [/y]" in text
    refused = {
        "source": "/330127000000/gsj/core", "id": "r-1", "state": "refused", "type": "registry.entity_registered", "arrived": None,
        "service": "registry", "reason": {"code": "invalid", "zh": "收到 [/x]", "en": "got [/x]"},
    }  # fmt: skip
    assert "invalid 收到 [/x] / got [/x]" in "\n".join(printed(lambda width: reports_table([refused], width=width), None))


def test_a_flag_is_named_whole_as_it_is_ruled_on_in_a_list_that_is_not_hundreds_of_columns_wide() -> None:
    other = "/330127000000/jiuyeju/another"
    name = FLAG["flag"].replace(FLAG["fact"]["source"], other)
    twice = {**FLAG, "flag": name, "fact": {**FLAG["fact"], "source": other}}
    lines = printed(lambda width: flags_table(MANY_FLAGS, width=width), None)
    assert {line.split()[0] for line in lines if ":" in line.split(" ")[0]} == NAMES
    assert max(cell_len(line.rstrip()) for line in lines if "─" in line or line.startswith(tuple(NAMES))) <= 200
    lines = printed(lambda width: flags_table({**EXAMPLE_FLAGS, "flags": [FLAG, twice]}, width=width), None)
    assert [line.split()[0] for line in lines if line.startswith(f"{FLAG['kind']}:")] == [FLAG["flag"], name]


def test_a_list_of_no_flags_says_so() -> None:
    none: dict[str, Any] = {**EXAMPLE_FLAGS, "flags": [], "total": 0}
    assert "共 0" in "\n".join(printed(lambda width: flags_table(none, width=width), 80))
