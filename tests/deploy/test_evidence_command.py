"""`kaiye evidence`: bundles of a running system and of a file, checked with nothing running, and the exit codes."""

import asyncio
import shutil
import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest

from deploy.cli import main
from deploy.cli.bundles import told
from deploy.data_folder import DataFolder, Purpose
from services.indicators.audit.bundle import put_together, write_bundle
from services.indicators.audit.manifest import DEFINITIONS, LISTED
from services.indicators.audit.signing import read_private_key
from services.indicators.catalog import figure_digest, indicator
from services.indicators.versions import Definition, opened
from tests.deploy.test_query_commands import says_running
from tests.indicators.api.conftest import dsn, recorded, system
from tests.indicators.api.system import COUNTY, COUNTY_FOLDER, Recorded, System

__all__ = ["dsn", "recorded", "system"]

Kaiye = Callable[..., Awaitable[tuple[int, bytes, str]]]
"""Runs a command: its exit code, what it printed to stdout, and what it said on stderr."""


@pytest.fixture
def kaiye(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Kaiye:
    def run() -> int:
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    async def command(*words: str | Path) -> tuple[int, bytes, str]:
        monkeypatch.setattr(sys, "argv", ["kaiye", *map(str, words)])
        capsysbinary.readouterr()
        code = await asyncio.to_thread(run)
        said = capsysbinary.readouterr()
        return code, said.out, said.err.decode()

    return command


@pytest.fixture
def running(system: System, tmp_path: Path) -> Path:
    """The data folder of the running service."""
    data = says_running(tmp_path / "data", f"http://127.0.0.1:{system.app.http_port}")
    data.dedicate(Purpose(county=COUNTY, county_folder=COUNTY_FOLDER))
    return data.path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_running_systems_bundle_is_the_same_as_that_of_its_exported_facts(
    running: Path, kaiye: Kaiye, recorded: Recorded, tmp_path: Path
) -> None:  # fmt: skip
    days = ("--as-of", "2025-05-31", "--known-at", "2025-06-19")
    bundle, again, facts = tmp_path / "bundle", tmp_path / "again", tmp_path / "facts.jsonl"
    code, printed, said = await kaiye("evidence", "export", bundle, *days, "--data", running)
    assert (code, printed) == (0, b""), said
    assert "已新建签名密钥" in said
    assert "与运行中的系统一致：12 份答复 / the running system gives the same 12 answers" in said
    assert stat.S_IMODE((running / "evidence.key").stat().st_mode) == 0o600
    assert (await kaiye("facts", "--export", facts, "--data", running))[0] == 0
    offline = ("--facts", facts, "--plan", COUNTY_FOLDER, "--key", running / "evidence.key")
    code, _, said = await kaiye("evidence", "export", again, *days, *offline)
    assert code == 0, said
    assert content(again) == content(bundle)
    code, printed, said = await kaiye("evidence", "verify", bundle, "--key", running / "evidence.pub", "--json")
    verdict = orjson.loads(printed)
    assert (code, verdict["ok"], verdict["pinned"], verdict["units"]) == (0, True, True, 6), said
    assert verdict["manifest"]["as_of"] == "2025-05-31"
    code, printed, _ = await kaiye("evidence", "verify", bundle)
    assert code == 0
    assert "未钉定" in printed.decode()


async def test_nothing_is_written_where_the_running_system_answers_otherwise(running: Path, kaiye: Kaiye, tmp_path: Path) -> None:
    """The plan file was edited after the system had read it."""
    county = shutil.copytree(COUNTY_FOLDER, tmp_path / "county")
    plan = (county / "plan.toml").read_text()
    (county / "plan.toml").write_text(plan.replace('value = "0.20"', 'value = "0.21"', 1))
    data = DataFolder(running)
    data.say_running(data.running().model_copy(update={"county_folder": county}))
    code, printed, said = await kaiye("evidence", "export", tmp_path / "bundle", "--data", running)
    assert (code, printed) == (1, b""), said
    assert "not what the running system answers" in said
    assert "330127000000 activity_index/default" in said
    assert not (tmp_path / "bundle").exists()


async def test_what_is_being_rebuilt_is_named_and_not_compared(running: Path, system: System, kaiye: Kaiye, tmp_path: Path) -> None:
    """The duties and a measure of the board have no figures: another process has them to build, and takes its time."""
    live = system.app.questions.live
    retiring = {name: Definition("0" * 64, live.definitions[name].declaration) for name in ("trained", "duties")}
    async with live.store.rebuilding() as ours:
        assert ours
        async with live.between_pages() as writing:
            for definitions in ({**live.definitions, **retiring}, live.definitions):
                await live.store.set_versions(writing, opened(writing.versions, definitions, live.snapshot().positions))
        await live.open()
        assert orjson.loads((await system.http.get("/rebuild")).content)["being_rebuilt"] == ["duties", "trained"]
        code, _, said = await kaiye("evidence", "export", tmp_path / "bundle", "--data", running)
        assert (code, "being rebuilt, not compared: duties、trained\n" in said) == (0, True), said
        assert "the running system gives the same 6 answers" in said
        live.balances.add(("guided", COUNTY, None), 739_000, 739_000, 1)
        code, _, said = await kaiye("evidence", "export", tmp_path / "another", "--data", running)
        assert (code, "330127000000 guided/default" in said, (tmp_path / "another").exists()) == (1, True, False), said
    code, printed, said = await kaiye("evidence", "verify", tmp_path / "bundle", "--json")
    assert (code, orjson.loads(printed)["ok"]) == (0, True), said


@pytest.fixture
async def made(kaiye: Kaiye, recorded: Recorded, tmp_path: Path) -> Path:
    """A bundle made of a file."""
    (tmp_path / "facts.jsonl").write_bytes(recorded.lines)
    assert (await kaiye("evidence", "key", "--out", tmp_path / "keys"))[0] == 0
    code, _, said = await kaiye(
        "evidence", "export", tmp_path / "bundle", "--facts", tmp_path / "facts.jsonl", "--plan", COUNTY_FOLDER,
        "--key", tmp_path / "keys" / "evidence.key",
    )  # fmt: skip
    assert code == 0, said
    return tmp_path / "bundle"


async def test_with_nothing_running_it_says_so_and_exits_with_3(kaiye: Kaiye, tmp_path: Path) -> None:
    stopped = DataFolder(tmp_path / "stopped")
    stopped.path.mkdir()
    stopped.dedicate(Purpose(county=COUNTY, county_folder=COUNTY_FOLDER))
    for folder in (tmp_path / "nowhere", stopped.path):
        code, printed, said = await kaiye("evidence", "export", tmp_path / "bundle", "--data", folder)
        assert (code, printed) == (3, b"")
        assert f"no kaiye runs on {folder}: kaiye up --data {folder} starts one" in said
    assert not (stopped.path / "evidence.key").exists()


async def test_a_private_key_that_was_left_alone_gets_its_public_key(kaiye: Kaiye, tmp_path: Path) -> None:
    assert (await kaiye("evidence", "key", "--out", tmp_path))[0] == 0
    private, public = ((tmp_path / name).read_bytes() for name in ("evidence.key", "evidence.pub"))
    (tmp_path / "evidence.pub").unlink()
    assert (await kaiye("evidence", "key", "--out", tmp_path))[0] == 0
    assert [(tmp_path / name).read_bytes() for name in ("evidence.key", "evidence.pub")] == [private, public]
    (tmp_path / "evidence.key").unlink()
    code, _, said = await kaiye("evidence", "key", "--out", tmp_path)
    assert (code, "move it away first" in said, (tmp_path / "evidence.key").exists()) == (2, True, False)


async def test_an_altered_bundle_exits_with_1_and_what_cannot_be_judged_with_2(made: Path, kaiye: Kaiye, tmp_path: Path) -> None:
    facts = made / "facts-registry.jsonl"
    facts.write_bytes(facts.read_bytes().replace("王家村".encode(), "李家村".encode(), 1))
    code, printed, _ = await kaiye("evidence", "verify", made, "--json")
    fault = orjson.loads(printed)["fault"]
    assert (code, fault["file"], fault["line"]) == (1, "facts-registry.jsonl", 5)
    code, printed, _ = await kaiye("evidence", "verify", made)
    assert code == 1
    assert "已被改动 / altered: facts-registry.jsonl 第 5 行：记录的 SHA-256 应为" in printed.decode()
    key = ("--key", tmp_path / "keys" / "evidence.key")
    for words, said in (
        (("export", made, "--facts", tmp_path / "facts.jsonl", "--plan", COUNTY_FOLDER), "exists already: choose another name"),
        (
            ("export", tmp_path / "new", "--facts", tmp_path / "facts.jsonl", "--plan", COUNTY_FOLDER, "--data", tmp_path / "none"),
            "is no data folder: give a private key with --key",
        ),
        (("export", tmp_path / "new", "--facts", tmp_path / "facts.jsonl", *key), "--plan is missing"),
        (("export", tmp_path / "new", "--plan", COUNTY_FOLDER), "--plan goes with --facts only"),
        (("export", tmp_path / "new", "--facts", made, *key), "facts-registry.jsonl"),
        (("verify", made, "--key", tmp_path / "keys" / "evidence.key"), "is no public key in PEM format"),
        (("key", "--out", tmp_path / "keys"), "a key is never overwritten"),
        (("verify", tmp_path / "nowhere"), "does not exist"),
        (("verify", COUNTY_FOLDER), "is no evidence bundle"),
    ):
        code, printed, error = await kaiye("evidence", *words)
        assert (code, printed) == (2, b""), error
        assert said in error


def test_who_has_read_enough_of_a_proof_is_not_told_of_bad_input() -> None:
    with pytest.raises(BrokenPipeError), told():
        raise BrokenPipeError


async def test_a_bundle_supplies_its_own_plan_and_days_to_recompute(made: Path, kaiye: Kaiye) -> None:
    code, printed, said = await kaiye("recompute", made, "--json")
    assert (code, printed) == (0, (made / "boards.jsonl").read_bytes().splitlines(keepends=True)[0]), said
    code, printed, said = await kaiye("recompute", made, "--unit", "330127100201", "--known-at", "2025-06-19", "--json")
    assert (code, orjson.loads(printed)["as_of"]) == (0, "2025-06-19"), said
    for words, wanted in (
        ((made, "--plan", COUNTY_FOLDER), "a bundle brings its own plan and ends"),
        ((made / "facts-registry.jsonl",), "--plan is missing"),
        ((made, "--known-at", "2025-07-02"), "lies after that of the bundle, 2025-07-01"),
    ):
        code, _, error = await kaiye("recompute", *words)
        assert code == 2
        assert wanted in error
    (made / "duties.jsonl").write_bytes(b"")
    code, _, error = await kaiye("recompute", made)
    assert code == 2
    assert "duties.jsonl: SHA-256" in error


DIFF = ("diff", "new_enterprises", "--from", "2025-05-31@2025-06-18", "--to", "2025-05-31@2025-06-19")


async def test_a_bundle_is_evaluated_and_opened_as_the_facts_it_was_made_of(made: Path, kaiye: Kaiye, tmp_path: Path) -> None:
    facts, days = ("--facts", tmp_path / "facts.jsonl", "--plan", COUNTY_FOLDER), ("--as-of", "2025-05-31", "--known-at", "2025-06-19")
    bundle = tmp_path / "earlier"
    assert (await kaiye("evidence", "export", bundle, *days, *facts, "--key", tmp_path / "keys" / "evidence.key"))[0] == 0
    for words, own in (
        (("evaluate", "--sheet", COUNTY_FOLDER / "sheet.toml"), days), (("explain", "guided", "--limit", "3"), days), (DIFF, ()),
    ):  # fmt: skip
        code, of_facts, said = await kaiye(*words, *own, "--json", *facts)
        assert code == 0, said
        code, of_bundle, said = await kaiye(*words, "--json", "--facts", bundle)
        ours, theirs = orjson.loads(of_bundle), orjson.loads(of_facts)
        for each in (ours, theirs):  # those of a bundle of an earlier day end earlier
            del each["positions"]
        assert (code, ours) == (0, theirs), said
    code, printed, _ = await kaiye("explain", "guided", "--known-at", "2025-06-01", "--json", "--facts", bundle)
    assert (code, orjson.loads(printed)["as_of"]) == (0, "2025-06-01")


@pytest.mark.parametrize("words", [("evaluate", "--sheet", COUNTY_FOLDER / "sheet.toml"), ("explain", "guided"), DIFF], ids=str)
async def test_a_bundle_that_is_evaluated_or_opened_is_checked_and_brings_its_own_plan(
    made: Path, kaiye: Kaiye, words: tuple[str | Path, ...]
) -> None:
    later = [str(word).replace("06-19", "07-02") for word in words] if words == DIFF else [*words, "--known-at", "2025-07-02"]
    nowhere = "there is no unit 330127199000 (the registry.unit_listed facts list them, as does roster.csv in the county's folder)"
    for asked, wanted in (
        ([*words, "--facts", made, "--unit", "330127199000"], nowhere),
        ([*words, "--facts", made, "--plan", COUNTY_FOLDER], "a bundle brings its own plan and ends"),
        ([*words, "--facts", made / "facts-registry.jsonl"], "--plan is missing"),
        ([*words, "--plan", COUNTY_FOLDER], "--plan goes with --facts only"),
        ([*later, "--facts", made], "known-at 2025-07-02 lies after that of the bundle, 2025-07-01"),
    ):
        code, printed, error = await kaiye(*asked)
        assert (code, printed) == (2, b"")
        assert wanted in error
    (made / "duties.jsonl").write_bytes(b"")
    code, _, error = await kaiye(*words, "--facts", made)
    assert (code, "duties.jsonl: SHA-256" in error) == (2, True)


async def test_a_bundle_of_other_definitions_is_refused_by_name_by_every_command(made: Path, kaiye: Kaiye, tmp_path: Path) -> None:
    """Signed as it should be: it is the release that is another."""
    private = tmp_path / "keys" / "evidence.key"
    files = {name: (made / name).read_bytes() for name in LISTED}
    digest = figure_digest(indicator("trained").variants[0].figure)
    assert digest.encode() in files[DEFINITIONS]
    files[DEFINITIONS] = files[DEFINITIONS].replace(digest.encode(), b"0" * len(digest))
    write_bundle(tmp_path / "other", put_together(files, read_private_key(private)))
    for words in (
        ("recompute", tmp_path / "other"),
        ("explain", "guided", "--facts", tmp_path / "other"),
        (*DIFF, "--facts", tmp_path / "other"),
        ("evaluate", "--sheet", COUNTY_FOLDER / "sheet.toml", "--facts", tmp_path / "other"),
        ("evidence", "export", tmp_path / "none", "--facts", tmp_path / "other", "--key", private),
        ("evidence", "verify", tmp_path / "other"),
    ):
        code, printed, said = await kaiye(*words)
        assert (code, printed) == (2, b""), words
        assert "this kaiye lacks these definitions and cannot evaluate: trained/" in said, words
    code, _, said = await kaiye("recompute", made, "--json")
    assert (code, "unpinned" in said) == (0, True)
    (made / "manifest.json").unlink()
    for words in (("recompute", made), ("evidence", "verify", made)):
        _, printed, said = await kaiye(*words)
        assert "manifest.json" in printed.decode() + said
        assert "--plan" not in said


async def test_a_bundle_is_made_of_another_bundle(made: Path, kaiye: Kaiye, tmp_path: Path) -> None:
    """Of its own days the same to the last byte, of earlier ones what its facts would give."""
    key = ("--key", tmp_path / "keys" / "evidence.key")
    days = ("--as-of", "2025-05-31", "--known-at", "2025-06-19")
    offline = ("--facts", tmp_path / "facts.jsonl", "--plan", COUNTY_FOLDER)
    for name, given in (("of-facts", offline), ("of-bundle", ("--facts", made))):
        code, _, said = await kaiye("evidence", "export", tmp_path / name, *days, *given, *key)
        assert code == 0, said
    assert content(tmp_path / "of-bundle") == content(tmp_path / "of-facts")
    assert (await kaiye("evidence", "export", tmp_path / "again", "--facts", tmp_path / "of-facts", *key))[0] == 0
    assert content(tmp_path / "again") == content(tmp_path / "of-facts")
    for words, wanted in (
        (("--plan", COUNTY_FOLDER), "a bundle brings its own plan and ends"),
        (("--known-at", "2025-06-20"), "known-at 2025-06-20 lies after that of the bundle, 2025-06-19"),
    ):
        code, _, said = await kaiye("evidence", "export", tmp_path / "none", "--facts", tmp_path / "of-facts", *words, *key)
        assert (code, wanted in said, (tmp_path / "none").exists()) == (2, True, False), said


async def test_one_fact_is_proved_and_two_bundles_compared(made: Path, kaiye: Kaiye, tmp_path: Path, recorded: Recorded) -> None:
    proof, key = tmp_path / "proof.json", tmp_path / "keys" / "evidence.pub"
    code, printed, said = await kaiye("evidence", "prove", made, "registry", "7")
    assert code == 0, said
    proof.write_bytes(printed)
    head = orjson.loads((made / "manifest.json").read_bytes())["heads"]["registry"]
    pinned = f"{head['position']}:{head['root']}"
    for options in ((), ("--key", key), ("--bundle", made), ("--head", pinned)):
        code, printed, said = await kaiye("evidence", "check-proof", proof, *options, "--json")
        found = orjson.loads(printed)
        assert (code, found["ok"], found["pinned"]) == (0, True, options[:1] == ("--key",)), said
        assert orjson.dumps(found["record"]) + b"\n" == (made / "facts-registry.jsonl").read_bytes().splitlines(keepends=True)[6]
    code, printed, _ = await kaiye("evidence", "check-proof", proof, "--head", f"{head['position'] - 1}:{head['root']}")
    assert code == 1
    assert "证明不成立" in printed.decode()
    code, _, error = await kaiye("evidence", "check-proof", proof, "--head", "7")
    assert code == 2
    assert "--head is written SIZE:ROOT" in error

    lines = recorded.lines.splitlines(keepends=True)
    lines.remove(recorded.records["registry"][-1].raw + b"\n")
    (tmp_path / "earlier.jsonl").write_bytes(b"".join(lines))
    earlier = ("--facts", tmp_path / "earlier.jsonl", "--plan", COUNTY_FOLDER, "--key", tmp_path / "keys" / "evidence.key")
    assert (await kaiye("evidence", "export", tmp_path / "earlier", *earlier))[0] == 0
    code, printed, said = await kaiye("evidence", "consistency", tmp_path / "earlier", made, "--key", key)
    assert code == 0, said
    assert "unpinned" not in printed.decode()
    code, printed, _ = await kaiye("evidence", "consistency", made, tmp_path / "earlier")
    assert (code, "or the two are given in the wrong order" in printed.decode()) == (1, True)
    code, printed, _ = await kaiye("evidence", "consistency", made, tmp_path / "earlier", "--json")
    found = orjson.loads(printed)
    assert (code, found["ok"]) == (1, False)
    assert [each["service"] for each in found["services"] if each["consistency"] is None] == ["registry"]
