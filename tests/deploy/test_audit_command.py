"""`kaiye audit` on a running system: all is the same, and whatever is tampered with is found and named."""

import asyncio
import json
import random
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

import asyncpg
import httpx
import orjson
import pytest

from deploy.audit.figures import same_board
from deploy.audit.found import Asked, Audited, Checked, Different
from deploy.audit.records import compare_facts, compare_stream
from deploy.audit.system import archived_up_to
from deploy.audit.system import audit as audit_system
from deploy.cli.audit import told
from deploy.cli.board import ask
from deploy.cli.common import EXAMPLE_COUNTY
from deploy.data_folder import DataFolder, Running
from deploy.kept_documents import KeptDocuments
from deploy.local import INDICATORS
from deploy.publishing import (
    SYSTEM,
    Basis,
    digest_of,
    publish_bulletin,
    publish_document,
    publish_evaluation,
    report_as_office,
)
from deploy.reaching import bus
from services.indicators.audit.archive.index import INDEX, read_index
from services.indicators.audit.archive.writer import ArchiveWriter
from services.indicators.audit.definitions import definitions
from services.indicators.evaluation.bulletin import Bulletin
from services.indicators.evaluation.evaluation import Evaluation, evaluation_bytes
from services.indicators.store import LedgerStore, Moment
from shared.bus import BusUnreachable
from shared.contracts.base import SERVICES, Service
from shared.contracts.common import OFFICE, FactVoided, common_type
from shared.contracts.envelope import parse_record
from shared.contracts.registry import EvaluationPublished
from shared.county_schema import county_schema
from shared.pools import close_pool
from tests.deploy.test_cli import KAIYE, kaiye_runs, run_kaiye
from tests.indicators.audit.archives import arriving

SECONDS_MAX = 60.0
FACTS = ("--facts", "300", "--seed", "5")
DAY = "2025-11-01"
TOWN = "330127100000"
SMALL = ("--pairs", "2", "--units", "3", "--json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on which a small history was played, running, and archived."""
    folder = tmp_path_factory.mktemp("audited") / "data"
    played = run_kaiye("demo", "--once", *FACTS, "--json", "--data", folder)
    assert played.returncode == 0, played.stderr
    with kaiye_runs("up", "--data", folder) as process:
        http_url, until = DataFolder(folder).running().http_url, time.monotonic() + SECONDS_MAX
        while (health := httpx.get(f"{http_url}/health", trust_env=False).json())["archived"] != health["positions"]:
            assert time.monotonic() < until, health
            time.sleep(0.2)
        yield folder
        process.terminate()
        process.wait(SECONDS_MAX)


@pytest.fixture
def running(folder: Path) -> Running:
    return DataFolder(folder).running()


def audit(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what is printed."""
    done = subprocess.run(
        (*KAIYE, "audit", *SMALL, *words, "--data", folder), capture_output=True, text=True, timeout=SECONDS_MAX * 5, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


@asynccontextmanager
async def connected(running: Running, service: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(running.databases[service], server_settings={"search_path": county_schema(running.county)})
    try:
        yield connection
    finally:
        await connection.close()


async def execute(running: Running, service: str, *statements: str) -> None:
    async with connected(running, service) as connection:
        for statement in statements:
            await connection.execute(statement)


def test_a_system_that_nobody_tampered_with_is_the_same_throughout(folder: Path) -> None:
    code, found = audit(folder)
    assert (code, found["difference"]) == (0, None)
    compared = {(each["check"], each["service"]): each["compared"] for each in found["checked"]}
    for service, position in found["positions"].items():
        assert compared["stream", service] == compared["facts", service] == position
    assert compared["archive", None] == sum(found["positions"].values())
    assert compared["ledger", None] > 100
    assert compared["board", None] > 1


async def test_the_archive_of_a_large_history_is_waited_for(running: Running) -> None:
    there = orjson.loads(await ask(running, "/health"))["archived"]
    assert await archived_up_to(running, there, from_store_max=0) == there
    further = there | {"training": there["training"] + 1}
    assert await archived_up_to(running, further) == there
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(archived_up_to(running, further, from_store_max=0), 3)


def test_a_board_that_lacks_a_row_is_a_difference_like_any_other() -> None:
    rows = [{"id": "trained", "variant": name, "part": None, "value": "5"} for name in ("default", "enrolled")]
    days = {"unit": "330127000000", "as_of": "2025-06-30", "known_at": "2025-07-01"}
    anew = {**days, "final": True, "positions": {"training": 5}, "indicators": rows}
    assert same_board({**anew}, {**anew}, stable=False) == 1
    later = {**anew, "final": False, "positions": {"training": 6}}
    assert (same_board({**later}, {**anew}, stable=False), same_board({**later}, {**anew}, stable=True)) == (0, 1)
    with pytest.raises(Different, match=r"trained enrolled of 330127000000 as of 2025-06-30 .*: id is None live, trained recomputed"):
        same_board({**anew, "indicators": rows[:1]}, anew, stable=True)


@pytest.mark.parametrize(
    ("service", "tamper", "mend", "says"),
    [
        (
            "training", "UPDATE record SET raw = raw || ' '::bytea WHERE position = 9",
            "UPDATE record SET raw = substring(raw FOR octet_length(raw) - 1) WHERE position = 9",
            {"check": "stream", "service": "training", "position": 9},
        ),
        (
            "finance", "UPDATE record SET occurred = occurred - 1 WHERE position = 4",
            "UPDATE record SET occurred = occurred + 1 WHERE position = 4", {"check": "stream", "service": "finance", "position": 4},
        ),
        (
            "indicators", "UPDATE fact SET raw = raw || ' '::bytea WHERE service = 1 AND position = 7",
            "UPDATE fact SET raw = substring(raw FOR octet_length(raw) - 1) WHERE service = 1 AND position = 7",
            {"check": "facts", "service": "training", "position": 7},
        ),
        (
            "indicators", "UPDATE checkpoint SET hash = reverse(hash) WHERE service = 'finance'",
            "UPDATE checkpoint SET hash = reverse(hash) WHERE service = 'finance'", {"check": "facts", "service": "finance"},
        ),
    ],
)  # fmt: skip
async def test_a_record_that_was_tampered_with_is_named(
    folder: Path, running: Running, service: str, tamper: str, mend: str, says: dict[str, Any]
) -> None:
    await execute(running, service, tamper)
    try:
        code, found = audit(folder)
    finally:
        await execute(running, service, mend)
    assert code == 1
    assert says.items() <= found["difference"].items()


STORED = (
    *((service, table) for service in SERVICES for table in ("record", "unit_fact")), *(("indicators", "fact") for _ in SERVICES)
)  # fmt: skip
"""Where facts are stored, by database and table."""


async def flip_stored_bits(running: Running, places: int, seed: int) -> None:
    """Change one bit at so many places of what is stored of facts, in any row and column of any table, one after the other: each is told
    by its service and position.
    """
    by = random.Random(seed)
    async with AsyncExitStack() as opened:
        nc = await opened.enter_async_context(bus(running))
        stores = {name: await opened.enter_async_context(connected(running, name)) for name in (*SERVICES, INDICATORS)}
        pool = await asyncpg.create_pool(
            running.databases[INDICATORS], min_size=1, max_size=1, server_settings={"search_path": county_schema(running.county)}
        )
        opened.push_async_callback(close_pool, pool)
        ledger = LedgerStore(pool, running.county)

        async def compare(name: str, audited: Audited) -> None:
            if name == INDICATORS:
                async with ledger.moment() as moment:
                    await compare_facts(moment, audited)
            else:
                await compare_stream(nc, running, cast("Service", name), audited)

        sound = Audited(Asked(2, 3, 1), lambda *_: None)
        for name in stores:
            await compare(name, sound)
        for _ in range(places):
            name, table = by.choice(STORED)
            key = ("service", "position") if table == "fact" else ("position",)
            rows = await stores[name].fetch(f"SELECT {', '.join(key)} FROM {table} ORDER BY {', '.join(key)}")
            place = by.choice(rows)
            where = " AND ".join(f'"{column}" = {place[column]}' for column in key)
            row = await stores[name].fetchrow(f"SELECT * FROM {table} WHERE {where}")
            column = by.choice(("raw", *row.keys()))
            changed = _bit_changed(row[column], by, column)
            await stores[name].execute(f'UPDATE {table} SET "{column}" = $1 WHERE {where}', changed)
            try:
                with pytest.raises(Different) as caught:
                    await compare(name, replace(sound, unit_facts={**sound.unit_facts}, hashes={**sound.hashes}))
            finally:
                there = " AND ".join(f'"{each}" = {changed if each == column else place[each]}' for each in key)
                await stores[name].execute(f'UPDATE {table} SET "{column}" = $1 WHERE {there}', row[column])
            service = SERVICES[place["service"]] if table == "fact" else "registry" if table == "unit_fact" else name
            found = caught.value.found
            assert (found.service, found.position) == (service, place["position"]), f"{name} {table} {place} {column}: {found}"
        for name in stores:
            await compare(name, sound)


def _bit_changed(value: Any, by: random.Random, column: str) -> Any:
    match value:
        case bytes():
            at = by.randrange(len(value))
            return value[:at] + bytes([value[at] ^ 1 << by.randrange(8)]) + value[at + 1 :]
        case str():
            at = by.randrange(len(value))
            return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        case int():
            return value ^ (1 << (by.randrange(2, 8) if column == "service" else by.randrange(40, 60)))
        case datetime():
            return value + timedelta(microseconds=1 << by.randrange(30))
        case date():
            return value + timedelta(days=1 << by.randrange(8))
        case _:
            assert value is None
            return 7 if column == "natural" else "entity:7"


async def test_a_bit_changed_anywhere_in_what_is_stored_of_facts_is_located(running: Running) -> None:
    await flip_stored_bits(running, 40, seed=1)


async def test_a_stream_that_is_only_slow_lacks_nothing(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.audit.records.STREAM_SECONDS_MAX", 1e-4)
    async with bus(running) as nc:
        with pytest.raises(BusUnreachable, match="too slow"):
            await compare_stream(nc, running, "finance", Audited(Asked(2, 3, 1), lambda *_: None))


async def test_an_audit_cannot_write(running: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    async def writes(moment: Moment, _: Audited) -> None:
        for statement in ("DELETE FROM ledger", "UPDATE checkpoint SET position = 0", "CREATE TABLE mine ()"):
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                async with moment.connection.transaction():
                    await moment.connection.execute(statement)
            tried.append(statement)

    monkeypatch.setattr("deploy.audit.system.compare_facts", writes)
    await audit_system(running, DataFolder(folder), Audited(Asked(2, 1, 1), lambda *_: None))
    assert len(tried) == 3


async def test_a_ledger_entry_that_was_changed_is_named_by_its_measure_and_unit(folder: Path, running: Running) -> None:
    connection = await asyncpg.connect(running.databases["indicators"], server_settings={"search_path": county_schema(running.county)})
    cell, unit, measure = await connection.fetchrow(
        "SELECT cell.id, cell.unit, measure.name FROM cell JOIN measure ON measure.number = cell.version "
        "JOIN ledger ON ledger.cell = cell.id WHERE cell.unit LIKE '%000000' "
        "AND measure.state = 'serving' AND ledger.amount > 0 ORDER BY ledger.known DESC, cell.id LIMIT 1"
    )
    await connection.close()
    await execute(running, "indicators", f"UPDATE ledger SET amount = amount + 1 WHERE cell = {cell}")
    try:
        code, found = audit(folder)
    finally:
        await execute(running, "indicators", f"UPDATE ledger SET amount = amount - 1 WHERE cell = {cell}")
    difference = found["difference"]
    assert (code, difference["check"], difference["unit"], difference["measure"].split()[0]) == (1, "ledger", unit, measure)
    assert "by the ledger" in difference["en"]


async def test_what_is_being_rebuilt_is_said_and_makes_no_difference(folder: Path, running: Running) -> None:
    """Of a measure only a previous definition's figures serve, which are others: neither they nor the rows read off them are compared."""
    of = "(SELECT id FROM cell WHERE version IN (SELECT number FROM measure WHERE name = 'new_enterprises'))"
    await execute(
        running, "indicators", "UPDATE measure SET definition = reverse(definition) WHERE name = 'new_enterprises'",
        f"UPDATE ledger SET amount = amount + 1 WHERE cell IN {of}",
    )  # fmt: skip
    try:
        code, found = audit(folder)
    finally:
        await execute(
            running, "indicators", "UPDATE measure SET definition = reverse(definition) WHERE name = 'new_enterprises'",
            f"UPDATE ledger SET amount = amount - 1 WHERE cell IN {of}",
        )  # fmt: skip
    assert (code, found["difference"], found["being_rebuilt"]) == (0, None, ["new_enterprises"])


def test_rows_that_are_set_aside_are_compared_on_neither_board() -> None:
    rows = [{"id": "trained", "variant": name, "part": None, "value": "5"} for name in ("default", "enrolled")]
    days = {"unit": "330127000000", "as_of": "2025-06-30", "known_at": "2025-07-01", "final": True, "positions": {"training": 5}}
    live, anew = ({**days, "indicators": [{**rows[0], "value": value}, rows[1]]} for value in (None, "5"))
    assert same_board({**live}, {**anew}, frozenset({("trained", "default")}), stable=True) == 1
    with pytest.raises(Different, match="trained default"):
        same_board({**live}, {**anew}, frozenset({("trained", "enrolled")}), stable=True)


def test_an_archive_that_was_tampered_with_is_named_by_its_file(folder: Path) -> None:
    archive = DataFolder(folder).archive
    file = read_index((archive / INDEX).read_bytes()).files[-1]
    raw = (archive / file.path).read_bytes()
    (archive / file.path).write_bytes(raw[:-1] + b"?")
    try:
        code, found = audit(folder)
    finally:
        (archive / file.path).write_bytes(raw)
    assert (code, found["difference"]["check"]) == (1, "archive")
    assert file.path in found["difference"]["en"]


def short_archive(folder: Path, into: Path) -> None:
    """A valid archive of the first records of each service only."""
    exported = into.parent / "facts.jsonl"
    done = run_kaiye("facts", "--export", exported, "--data", folder)
    assert done.returncode == 0, done.stderr
    records = [parse_record(line) for line in exported.read_bytes().splitlines()]
    with ArchiveWriter.opened(into, DataFolder(folder).running().county) as writer:
        writer.append(arriving([record for record in records if record.position <= 20]))


async def test_an_archive_that_stops_early_or_is_gone_is_a_difference_and_hides_nothing(
    folder: Path, running: Running, tmp_path: Path
) -> None:
    archive = DataFolder(folder).archive
    short_archive(folder, tmp_path / "short")
    aside = archive.rename(folder / "aside")
    try:
        gone, missing = audit(folder)
        shutil.copytree(tmp_path / "short", archive)
        stopped, early = audit(folder)
    finally:
        shutil.rmtree(archive, ignore_errors=True)
        aside.rename(archive)
    assert (gone, missing["difference"]["check"], missing["difference"]["position"]) == (1, "archive", 1)
    assert (stopped, early["difference"]["check"], early["difference"]["position"]) == (1, "archive", 21)
    assert "says the service, and is not in the archive's folder" in early["difference"]["en"]
    assert not early["all_the_same"]


async def test_figures_are_compared_on_all_facts_however_far_the_archive_goes(
    folder: Path, running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive is a short one, and so the service says: it is due to be written to later. What was changed is found all the same."""
    short_archive(folder, tmp_path / "archive")
    health = json.loads(await ask(running, "/health"))
    health["archived"] = {service: min(position, 20) for service, position in health["archived"].items()}

    async def says(*_: object) -> bytes:
        return json.dumps(health).encode()

    monkeypatch.setattr("deploy.audit.system.ask", says)
    monkeypatch.setattr(DataFolder, "archive", tmp_path / "archive")
    audited = Audited(Asked(2, 3, 1), lambda *_: None)
    await audit_system(running, DataFolder(folder), audited)
    (left,) = (each for each in audited.not_compared if each.check == "archive")
    assert left.count == sum(audited.positions.values()) - sum(health["archived"].values())
    assert audited.nothing is None
    await execute(running, "indicators", "UPDATE ledger SET amount = amount + 7")
    try:
        with pytest.raises(Different, match="by the ledger"):
            await audit_system(running, DataFolder(folder), Audited(Asked(2, 3, 1), lambda *_: None))
    finally:
        await execute(running, "indicators", "UPDATE ledger SET amount = amount - 7")


@pytest.mark.parametrize(
    ("compared", "nothing"),
    [({}, "ledger"), ({"ledger": 5}, "board"), ({"ledger": 5, "board": 0}, "board"), ({"ledger": 5, "board": 1}, None)],
)
def test_where_nothing_could_be_compared_nothing_is_said_to_be_the_same(
    compared: dict[Literal["ledger", "board"], int], nothing: str | None
) -> None:
    audited = Audited(Asked(2, 3, 1), lambda *_: None)
    audited.checked += [Checked(check, None, count) for check, count in compared.items()]
    assert audited.nothing == nothing
    assert ("all the same" in told(audited, None)) == (nothing is None)


def test_published_files_that_were_changed_or_lost_are_named(folder: Path, tmp_path: Path) -> None:
    """What was published just now is audited too, before the archive has it."""
    data = DataFolder(folder)
    evaluated = ("evaluate", "--sheet", str(EXAMPLE_COUNTY), "--as-of", DAY, "--known-at", DAY)
    done = run_kaiye(*evaluated, "--publish", "KP-1", "--documents", str(tmp_path), "--data", folder)
    assert done.returncode == 0, done.stderr
    (evaluation,) = (kept for kept in data.published.iterdir() if b'"items"' in kept.read_bytes())
    (sheet,) = tmp_path.glob("*_评分表_*.csv")
    document = data.published / digest_of(sheet.read_bytes())
    raw, lost = evaluation.read_bytes(), document.read_bytes()
    try:
        code, found = audit(folder)
        assert (code, found["difference"], found["all_the_same"]) == (0, None, True)
        assert (found["checked"][-1]["check"], found["checked"][-1]["compared"]) == ("published", 4)
        document.unlink()
        without, missing = audit(folder)
        evaluation.write_bytes(raw.replace(b'"items"', b'"Items"'))
        code, found = audit(folder)
    finally:
        evaluation.write_bytes(raw)
        document.write_bytes(lost)
    assert (without, missing["difference"]["check"]) == (1, "published")
    assert f"published KP-1-scoring_sheet (registry's position {missing['difference']['position']})" in missing["difference"]["en"]
    assert f"the kept file {document.name} is not there" in missing["difference"]["en"]
    assert (code, found["difference"]["check"]) == (1, "published")
    assert "published KP-1 " in found["difference"]["en"]


async def test_published_bulletins_are_made_anew_and_the_first_line_that_differs_is_named(
    folder: Path, running: Running, tmp_path: Path
) -> None:
    data, plan = DataFolder(folder), (EXAMPLE_COUNTY / "plan.toml").read_bytes()
    _, before = audit(folder)
    asked = ("bulletin", "--as-of", DAY, "--known-at", DAY)
    done = run_kaiye(*asked, "--publish", "TB-1", "--json", "--data", folder)
    assert done.returncode == 0, done.stderr
    again = run_kaiye(*asked, "--publish", "TB-1", "--data", folder)
    assert (again.returncode, again.stdout, "if it was published as TB-1 before" in again.stderr) == (1, "", True), again.stderr
    made = Bulletin.model_validate_json(done.stdout)
    code, found = audit(folder)
    assert (code, found["difference"]) == (0, None)
    assert found["checked"][-1]["compared"] == before["checked"][-1]["compared"] + 1
    assert not any("TB-1" in each["names"] for each in found["not_compared"])

    basis = Basis(made.as_of, made.known_at, made.positions, made.definitions, plan, definitions())
    assert (await publish_document(running, data, "TB-3", "bulletin", "另行排版".encode(), basis, TOWN)).outcome == "recorded"
    code, found = audit(folder)
    assert (code, found["difference"]) == (0, None)
    why = {name: each["en"] for each in found["not_compared"] for name in each["names"]}
    assert "only the digest of what is kept was compared" in why["TB-3"]

    lines = made.text.split("\n")
    wrong = next(number for number, line in enumerate(lines) if line.startswith("- 创业培训人数：完成 "))
    lines[wrong] = lines[wrong].replace("完成 ", "完成 9", 1)
    forged = made.model_copy(update={"text": "\n".join(lines)})
    assert (await publish_bulletin(running, data, "TB-4", forged, plan)).outcome == "recorded"
    code, found = audit(folder)
    assert (code, found["difference"]["check"]) == (1, "published")
    assert f"published TB-4 (registry's position {found['difference']['position']}): line {wrong + 1}: " in found["difference"]["en"]
    assert lines[wrong] in found["difference"]["zh"]
    void = {"source": f"/{running.county}/{OFFICE}/{SYSTEM}", "id": "TB-4", "reason": "误发"}
    assert (await report_as_office(running, "v-TB-4", common_type(FactVoided, "registry"), void, made.known_at)).outcome == "recorded"
    assert audit(folder)[0] == 0


async def test_what_cannot_be_computed_anew_is_named_and_a_document_that_does_not_follow_is_a_difference(
    folder: Path, running: Running, tmp_path: Path
) -> None:
    """The last test here: what is published stays."""
    data, number = DataFolder(folder), "KP-EARLIER"
    plan, sheet = ((EXAMPLE_COUNTY / name).read_bytes() for name in ("plan.toml", "sheet.toml"))
    done = run_kaiye("evaluate", "--sheet", EXAMPLE_COUNTY, "--as-of", DAY, "--known-at", DAY, "--json", "--data", folder)
    evaluation = Evaluation.model_validate_json(done.stdout)
    (item, *_) = (each for each in evaluation.items if each.figure is not None)
    assert item.figure is not None
    earlier = item.model_copy(update={"figure": item.figure.model_copy(update={"definition": "0" * 64}), "reason_en": "otherwise"})
    items = [earlier if each is item else each for each in evaluation.items]
    document = evaluation_bytes(evaluation.model_copy(update={"items": items, "definitions": "1" * 64}))
    basis = Basis(evaluation.as_of, evaluation.known_at, evaluation.positions, "1" * 64, plan, definitions(), sheet)
    said = {name: value for name, value in basis.recorded.items() if name != "declarations_digest"}
    digest, *_ = map(KeptDocuments(data.published).keep, (document, plan, sheet))
    said |= {"evaluation": number, "rehearsal": False, "sheet": evaluation.sheet.name, "digest": digest}
    assert (await report_as_office(running, number, EvaluationPublished.type, said, evaluation.known_at)).outcome == "recorded"
    code, found = audit(folder)
    (left,) = (each for each in found["not_compared"] if number in each["names"])
    assert (code, found["difference"]) == (0, None)
    assert "defined otherwise by this release" in left["en"]
    reproduced = run_kaiye("evaluate", "--reproduce", number, "--json", "--data", folder)
    assert json.loads(reproduced.stdout)["outcome"] == "other_definitions"
    assert json.loads(reproduced.stdout)["item"] == item.id

    sound = evaluation_bytes(evaluation)
    assert (await publish_evaluation(running, data, "KP-3", sound, plan, sheet)).outcome == "recorded"
    basis = replace(basis, definitions=evaluation.definitions)
    answer = await publish_document(running, data, "KP-3-scoring_sheet", "scoring_sheet", b"another", basis)
    assert answer.outcome == "recorded"
    code, found = audit(folder)
    assert (code, found["difference"]["check"]) == (1, "published")
    assert "published KP-3-scoring_sheet " in found["difference"]["en"]
    assert "is not what follows from the evaluation" in found["difference"]["en"]
