"""No resident id is in any table, file, stream or log of the registry or its servers, whatever was asked and whatever went wrong."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from nats.aio.client import Client

from services.registry.persons.keys import KeyFile
from shared import subjects
from shared.client import identify
from shared.client.identify import SILENCE_SECONDS_MAX
from shared.identification import ErasePerson
from tests.registry.persons.conftest import COUNTY
from tests.registry.persons.ids import files_holding, old_form, resident_id
from tests.registry.persons.test_identify import BANK, OFFICE, command, rotate
from tests.support.nats import Broker
from tests.support.servers import servers_come_from

ROOT = Path(__file__).parents[3]
IDS = [resident_id(number, region="810000", born="19761203") for number in range(20)]
WRONG = [id[:-1] + ("0" if id[-1] != "0" else "1") for id in IDS]


@contextmanager
def registry(settings: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m services.registry` with these settings and no others, and everything it says in a file."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("KAIYE_")}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.registry"], cwd=ROOT, env={**inherited, **settings}, stdout=written, stderr=written
        )  # fmt: skip
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


async def test_no_id_is_kept_anywhere(broker: Broker, dsn: str, key_file: KeyFile, nc: Client, tables: Any, tmp_path: Path) -> None:
    settings = {
        "KAIYE_COUNTY": COUNTY, "KAIYE_NATS_URL": broker.address, "KAIYE_DATABASE_URL": dsn, "KAIYE_PERSON_KEYS": str(key_file.path),
        "KAIYE_LOG_LEVEL": "DEBUG", "KAIYE_LOG_FORMAT": "json",
    }  # fmt: skip
    log = tmp_path / "registry.log"
    with registry(settings, log):
        persons = await identify(nc, IDS + WRONG, **BANK, silence_seconds_max=2 * SILENCE_SECONDS_MAX)
        assert await identify(nc, [old_form(id) for id in IDS], **BANK) == persons[: len(IDS)]
        await rotate(nc)
        await command(nc, "erase_person", ErasePerson(person=IDS[0], **OFFICE))
        assert (await command(nc, "erase_person", ErasePerson(person=IDS[0], **OFFICE)))["code"] == "unknown_person"
        said = ErasePerson(person=IDS[1], who=IDS[1], reason=WRONG[1])
        assert (await command(nc, "erase_person", said))["code"] == "resident_id_in_words"
        own = subjects.identify(**BANK)
        for body in (IDS[2].encode(), *(orjson.dumps(each) for each in ({"ids": IDS[2]}, {"ids": [int(IDS[2][:17])]}, {IDS[2]: IDS[2]}))):
            assert await _code(nc, own, body) == "unreadable"
        assert await _code(nc, f"identify.registry.{IDS[3]}X.core", orjson.dumps({"ids": [IDS[3]]})) == "unknown_asker"
        await tables.execute("ALTER TABLE person_link RENAME TO elsewhere")
        assert await _code(nc, own, orjson.dumps({"ids": IDS})) == "internal"
        assert (await command(nc, "erase_person", ErasePerson(person=IDS[3], **OFFICE)))["code"] == "internal"
        await tables.execute("ALTER TABLE elsewhere RENAME TO person_link")
        assert (await identify(nc, IDS, **BANK))[1:] == persons[1 : len(IDS)]
    told = log.read_bytes()
    assert b'"event": "identified"' in told
    assert b"UndefinedTableError" in told
    rows = await _rows(tables)
    assert sum(b"P" in row for row in rows) >= len(IDS), "pseudonyms are found"
    sought = [form.encode() for id in IDS + WRONG for form in (id, id[:17], old_form(id))]
    assert not any(each in text for each in sought for text in (*rows, told))
    await tables.execute("CHECKPOINT")
    places = [broker.folder, key_file.path]
    if servers_come_from() == "embedded":  # a container's files are not ours to read
        cluster = Path(await tables.fetchval("SHOW data_directory")).parent
        assert files_holding([str(persons[1]).encode()], [cluster]), "what is in a table is found in the files"
        places.append(cluster)
    assert not files_holding(sought, places)


async def _rows(tables: Any) -> list[bytes]:
    """Every row of every table as text; what is kept as bytes is there as such too."""
    rows: list[bytes] = []
    for (name,) in await tables.fetch("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"):
        for row in await tables.fetch(f"SELECT * FROM {name}"):
            rows += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
    return rows


async def _code(nc: Client, subject: str, body: bytes) -> str:
    reply = await nc.request(subject, body, timeout=10)
    assert reply.headers is not None
    assert reply.headers[subjects.ERROR_HEADER] == orjson.loads(reply.data)["code"]
    return reply.headers[subjects.ERROR_HEADER]
