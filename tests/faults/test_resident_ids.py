"""No valid resident id is anywhere after a demonstration and all that people do with ids: rows, files, streams, logs, lists, exports.

Ids made up here are looked for in every byte; any other that is valid, in every text, by python-stdnum and not by our own code.
"""

import asyncio
import json
import re
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import duckdb
import httpx
import pytest
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from deploy.data_folder import DataFolder, Running
from deploy.embedded import EmbeddedPostgres
from deploy.reaching import bus
from deploy.spreadsheets.columns import columns_of
from services.indicators.audit.archive.index import INDEX
from shared import subjects
from shared.client import ReportingClient
from shared.contracts import fact_class
from shared.contracts.envelope import Source, report_bytes
from shared.contracts.registry import MeetingHeld
from tests.deploy.spreadsheets.filled import save
from tests.faults.machine import Machine
from tests.registry.persons.ids import files_holding, resident_id

COUNTY = "330127000000"
DAY = "2025-03-03"
GIVEN = fact_class("training.guidance_given", 1)
HEADER = [column.zh for column in columns_of(GIVEN)]
IDS = [resident_id(number, region="330127", born="19790817") for number in range(30)]
SOUGHT = [form.encode() for id in IDS for form in (id, id[:17])]
FOREIGN, UNREADABLE, CLIENT, FILE, WORDS = IDS[20:25]
_EIGHTEEN = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx](?![0-9A-Za-z])")


def sheet(path: Path) -> Path:
    """Twenty rows about twenty persons; every fourth cannot be recorded. Then one for each column, in which an id stands that may not."""
    at = {column.key: place for place, column in enumerate(columns_of(GIVEN))}
    rows: list[list[str | None]] = []
    for number, id in enumerate(IDS[:20]):
        cells: list[str | None] = [None] * len(HEADER)
        told = {"occurred": DAY, "person": id, "unit": "330127101205" if number % 4 else "330127999999", "guidance_kind": "政策咨询"}
        for column, value in told.items():
            cells[at[column]] = value
        rows.append(cells)
    for place in range(len(HEADER)):
        if place != at["person"]:
            rows.append([*rows[1][:place], IDS[25], *rows[1][place + 1 :]])
    return save(path, {GIVEN.zh: [HEADER, *rows]})


def meeting(id: str, title: str) -> bytes:
    data = {"unit": COUNTY, "meeting": id, "title": title, "meeting_kind": "leading_group"}
    return report_bytes(
        source=Source(COUNTY, "rsj", "bangong"), id=id, type="registry.meeting_held", occurred=date.fromisoformat(DAY), data=data
    )


async def past_our_client(running: Running) -> None:
    """A foreign client reports ids, readable and not; ours refuses to."""
    subject = subjects.reported(COUNTY, "rsj", "bangong", "registry.meeting_held")
    async with bus(running) as nc:
        heard = await nc.subscribe(subjects.answered(COUNTY, "rsj", "bangong", "*"))
        for raw in (meeting("foreign-1", f"记录人身份证{FOREIGN}"), meeting("foreign-2", "x").replace(b"}", UNREADABLE.encode())):
            await nc.jetstream().publish(subject, raw)
            answer = json.loads((await heard.next_msg(30)).data)
            assert answer["outcome"] == "refused"


async def by_our_client(running: Running, outbox: Path) -> None:
    async with (
        bus(running) as nc,
        ReportingClient(nc, county=COUNTY, department="rsj", system="bangong", outbox=outbox) as client,
    ):
        fact = MeetingHeld(unit=COUNTY, meeting="M1", title=f"见{CLIENT}", meeting_kind="leading_group")
        answer = await asyncio.wait_for(client.report(fact, id="client-1", day=date.fromisoformat(DAY)), 30)
        assert (answer.outcome, answer.code) == ("refused", "resident_id")


async def rows_of(running: Running) -> list[str]:
    """Every row of every table of every database, as text; no number can be an id, for none is kept as one."""
    found = []
    for dsn in sorted(set(running.databases.values())):
        connection = await asyncpg.connect(dsn)
        try:
            tables = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            assert tables
            for schema, table in tables:
                for row in await connection.fetch(f'SELECT * FROM "{schema}"."{table}"'):
                    values = (value for value in row.values() if not isinstance(value, int))
                    found += [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
        finally:
            await connection.close()
    return found


async def write_all(data: DataFolder, running: Running) -> None:
    """Have the database write what it holds in memory: no service's role may."""
    port = urlsplit(next(iter(running.databases.values()))).port
    assert port is not None
    connection = await asyncpg.connect(EmbeddedPostgres(data.postgres, port).address)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def rows_of_archive(folder: Path) -> list[str]:
    """Every cell of the Parquet files."""
    found: list[str] = []
    with duckdb.connect() as connection:
        for file in sorted(folder.rglob("*.parquet")):
            found += (str(value) for row in connection.execute("SELECT * FROM read_parquet(?)", [str(file)]).fetchall() for value in row)
    return found


def valid_ids(texts: list[str]) -> set[str]:
    """Whatever reads as a resident id in these texts."""
    return {match for text in texts for match in _EIGHTEEN.findall(text) if _is_valid(match)}


def _is_valid(id: str) -> bool:
    try:
        ric.get_birth_date(id)
    except ValidationError:
        return False
    return bool(ric.calc_check_digit(id) == id[17].upper())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("played"), facts=300, seed=8)
    with machine.demo() as demo:
        demo.board()
    return machine


def test_no_resident_id_is_anywhere_whatever_people_did_with_them(played: Machine, tmp_path: Path) -> None:
    made, outbox, told = tmp_path / "made", tmp_path / "rsj.outbox", []
    made.mkdir()

    def kaiye(*words: str | Path, code: int = 0) -> None:
        done, out = played.kaiye(*map(str, words))
        assert done == code, f"{words}: {out}\n{played.said}"
        told.append(out)

    (tmp_path / "ids").write_text("\n".join([*IDS, IDS[0][:-1] + "0"]))
    (tmp_path / "reports").write_bytes(meeting("file-1", FILE) + b"\n" + meeting("file-2", "工作例会"))
    with played.up() as running:
        kaiye("person", "identify", tmp_path / "ids", "--as", "rsj/bangong", code=1)
        kaiye("import", sheet(tmp_path / "指导.xlsx"), "--department", "rsj", code=1)
        kaiye("report", tmp_path / "reports", code=1)
        asyncio.run(by_our_client(running, outbox))
        asyncio.run(past_our_client(running))
        kaiye("reports", "list")
        kaiye("reports", "show", "rsj/bangong/foreign-1")
        kaiye("reports", "dismiss", "rsj/bangong/foreign-1", "--why", f"与{WORDS}有关", code=2)
        kaiye("facts", "--export", made / "facts.jsonl", "--heads", made / "heads.json")
        kaiye("evidence", "export", made / "bundle")
        for words in (("board", "--json"), ("flags", "--json"), ("duties", "--json")):
            kaiye(*words)
        told.append(httpx.get(f"{running.http_url}/metrics", timeout=30).text)
        rows = asyncio.run(rows_of(running))
        asyncio.run(write_all(played.data, running))
        data = played.data.path
        assert any("foreign-1" in row for row in rows), "what was refused is kept"
        assert any("330127************" in row for row in rows), "and its ids masked"
        assert (data / "archive" / INDEX).exists()
        archived = rows_of_archive(data / "archive")
        assert any("guidance_given" in cell for cell in archived), "what was recorded is found"
        assert files_holding([b"file-2"], [data / "nats"])
        assert files_holding(SOUGHT, [data, made, outbox]) == []
    assert files_holding(SOUGHT, [data, made, outbox]) == [], "and nothing was left to be written at the end"
    texts = [*told, *rows, *archived, played.said]
    texts += [file.read_text("utf-8", "replace") for place in (data / "logs", made) for file in place.rglob("*") if file.is_file()]
    assert not any(sought.decode() in text for sought in SOUGHT for text in texts)
    assert valid_ids(texts) == set()
