"""`kaiye rebuild` on a running service: what it prints, and the exit codes."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from services.indicators.audit import agreement
from services.indicators.audit.relational.compiled import read_catalogue
from services.indicators.versions import Definition, opened
from tests.deploy.test_query_commands import Kaiye, kaiye, says_running
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import System, until

__all__ = ["dsn", "kaiye", "recorded", "system"]


@pytest.fixture
def running(system: System, tmp_path: Path, clean_nats_url: str, monkeypatch: pytest.MonkeyPatch) -> System:
    monkeypatch.setattr(agreement, "KNOWN_DAYS", 1)
    says_running(tmp_path / "data", f"http://127.0.0.1:{system.app.http_port}", clean_nats_url)
    return system


async def test_an_indicator_is_rebuilt_and_nothing_on_the_board_moves(running: System, kaiye: Kaiye) -> None:
    before = (await running.http.get("/board")).content
    code, out, said = await kaiye("rebuild", "--indicator", "trained", "--json")
    found = orjson.loads(out)
    assert (code, found["stage"], found["number"]) == (0, "switched", 1), said
    assert "trained" in found["indicators"]
    assert (await running.http.get("/board")).content == before
    code, out, _ = await kaiye("rebuild", "--status")
    assert (code, "第 1 次重算在 2 对日期上与第二引擎一致" in out.decode(), "保留" in out.decode()) == (0, True, False)


async def test_what_has_retired_is_kept_until_it_is_forgotten(running: System, kaiye: Kaiye) -> None:
    live = running.app.questions.live
    other = {**live.definitions, "trained": Definition("0" * 64, live.definitions["trained"].declaration)}
    async with live.between_pages() as writing:
        await live.store.set_versions(writing, opened(writing.versions, other, live.snapshot().positions))
        await live.store.set_versions(writing, opened(writing.versions, live.definitions, live.snapshot().positions))
    code, out, _ = await kaiye("rebuild")
    assert (code, "1 versions kept for evaluations of the past" in out.decode()) == (0, True)
    code, out, _ = await kaiye("rebuild", "--forget-retired")
    assert (code, "are kept no more" in out.decode()) == (0, True)
    assert orjson.loads((await kaiye("rebuild", "--status", "--json"))[1])["retired"] == 0


async def test_where_the_engines_disagree_it_says_where_and_exits_with_1(running: System, kaiye: Kaiye) -> None:
    there = read_catalogue()
    twisted = replace(there, contributions=there.contributions | {"new_enterprises": there.contributions["new_individual_businesses"]})
    assert running.app._rebuilder is not None
    running.app._rebuilder._program = lambda: twisted
    code, out, _ = await kaiye("rebuild", "--indicator", "new_enterprises")
    assert code == 1
    assert "new_enterprises  330127000000  " in out.decode()
    assert "重算 built 3 ≠ 第二引擎 recomputed 0" in out.decode()
    assert await running.figure("new_enterprises") == "3"
    assert [each["code"] for each in (await running.get("/health"))["findings"]] == ["rebuild_disagrees"]
    assert (await kaiye("rebuild", "--status"))[0] == 1
    code, out, _ = await kaiye("rebuild", "--cancel")
    assert (code, "已取消" in out.decode()) == (0, True)
    await until(lambda: not list(running.app.questions.live.versions.in_state("dropped")))
    assert (await running.get("/health"))["findings"] == []


async def test_what_makes_no_sense_is_bad_input(running: System, kaiye: Kaiye) -> None:
    for words, said in (
        (("--indicator", "nonsense"), "there is no indicator nonsense (kaiye board lists them)"),
        (("--cancel",), "there is no rebuild to cancel"),
        (("--cancel", "--status"), "choose one of these options"),
    ):
        code, out, errors = await kaiye("rebuild", *words)
        assert (code, out) == (2, b"")
        assert said in errors


async def test_a_service_that_is_away_cannot_be_reached(system: System, tmp_path: Path, kaiye: Kaiye, clean_nats_url: str) -> None:
    says_running(tmp_path / "data", "http://127.0.0.1:1", clean_nats_url)
    assert (await kaiye("rebuild"))[0] == 3
