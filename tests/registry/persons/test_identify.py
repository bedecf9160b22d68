"""Resident ids exchanged for pseudonyms by the real registry: one per person, whoever asks, however the id is spelt, whatever the key."""

import asyncio
import random
import shutil
import time
from pathlib import Path
from typing import Any, TypedDict

import asyncpg
import orjson
import pytest
from nats.aio.client import Client
from pydantic import BaseModel

from services.registry.persons import links
from services.registry.persons.keys import KeyFile, KeysUnusable
from shared import migrate as migrating
from shared import subjects
from shared.client import IdentifyRefused, NobodyIdentifies, identify
from shared.contracts.outcomes import Reason
from shared.county_schema import county_schema
from shared.identification import IDS_MAX, Erased, ErasePerson, Rotated, RotateKey
from tests.registry.persons.conftest import COUNTY, Serve
from tests.registry.persons.ids import old_form, resident_id

Tables = Any
"""A connection to the registry's schema."""


class Asker(TypedDict):
    """A department's system, as `identify` is told of it."""

    department: str
    system: str


BANK: Asker = {"department": "bank", "system": "core"}
SCHOOL: Asker = {"department": "school", "system": "core"}
OFFICE = {"who": "office-07", "reason": "本人申请"}
EXCHANGE = [resident_id(number) for number in range(40)]


async def command(nc: Client, name: str, told: BaseModel) -> dict[str, Any]:
    reply = await nc.request(subjects.registry_command(name), told.model_dump_json().encode(), timeout=10)
    found: dict[str, Any] = orjson.loads(reply.data)
    assert (reply.headers or {}).get(subjects.ERROR_HEADER) == found.get("code")
    return found


async def rotate(nc: Client) -> Rotated:
    return Rotated.model_validate(await command(nc, "rotate_person_key", RotateKey(**OFFICE)))


async def acts(tables: Tables) -> list[tuple[Any, ...]]:
    told = "SELECT act, who, reason, key_version FROM person_act WHERE act <> 'ids_exchanged' ORDER BY number"
    return [tuple(row) for row in await tables.fetch(told)]


async def versions(tables: Tables) -> dict[int, int]:
    """How many persons are tagged with which key."""
    return dict(await tables.fetch("SELECT key_version, count(*) FROM person_link GROUP BY key_version"))


async def test_a_person_has_one_pseudonym_and_what_is_no_id_is_refused_in_its_place(serve: Serve, nc: Client, tables: Tables) -> None:
    mine, other = EXCHANGE[:2]
    async with serve():
        first, second, bad, third, fourth = await identify(nc, [mine, other, mine[:-1], old_form(mine), f" {mine.lower()}"], **BANK)
        assert isinstance(first, str)
        assert (first, first) == (third, fourth)
        assert first != second
        assert isinstance(bad, Reason)
        assert bad.code == "not_a_resident_id"
        assert await identify(nc, [other, mine], **SCHOOL) == [second, first]
        counted = "SELECT who, persons FROM person_act WHERE act = 'ids_exchanged'"
        assert {tuple(row) for row in await tables.fetch(counted)} == {("bank/core", 2), ("school/core", 2)}, "persons, not lines"
    async with serve():
        assert await identify(nc, [mine], **SCHOOL) == [first], "also after a restart"


async def test_two_who_ask_for_a_person_at_once_get_one_pseudonym(serve: Serve, nc: Client, tables: Tables) -> None:
    by = random.Random(3)
    async with serve(), serve():  # two copies of the service answer by turns

        async def asked() -> dict[str, object]:
            ids = by.sample(EXCHANGE, 30)
            return dict(zip(ids, await identify(nc, ids, **BANK), strict=True))

        answers = await asyncio.gather(*(asked() for _ in range(25)), rotate(nc), *(asked() for _ in range(25)), rotate(nc))
    said: dict[str, set[object]] = {}
    for answer in answers:
        for id, person in answer.items() if isinstance(answer, dict) else ():
            said.setdefault(id, set()).add(person)
    assert said.keys() == set(EXCHANGE)
    assert {len(persons) for persons in said.values()} == {1}
    assert len(set.union(*said.values())) == len(EXCHANGE) == await tables.fetchval("SELECT count(*) FROM person_link")


async def test_a_new_key_tags_who_is_seen_and_the_old_one_stays_until_all_are(
    serve: Serve, nc: Client, key_file: KeyFile, tables: Tables
) -> None:
    async with serve(), serve():
        before = await identify(nc, EXCHANGE, **BANK)
        assert await rotate(nc) == Rotated(version=2, left={1: 40}, dropped=())
        for _ in range(4):  # whichever copy answers, the one too that was not told
            assert await identify(nc, EXCHANGE[:10], **BANK) == before[:10]
        assert await versions(tables) == {1: 30, 2: 10}
        assert await rotate(nc) == Rotated(version=3, left={1: 30, 2: 10}, dropped=())
        assert await identify(nc, EXCHANGE, **BANK) == before
        assert await versions(tables) == {3: 40}
        assert set(key_file.read().by_version) == {1, 2, 3}
        assert await rotate(nc) == Rotated(version=4, left={3: 40}, dropped=(1, 2))
        assert set(key_file.read().by_version) == {3, 4}
        for _ in range(4):
            assert await identify(nc, EXCHANGE, **BANK) == before
    assert await acts(tables) == [
        ("key_made", "kaiye", "首次使用 / first use", 1),
        *(("key_rotated", OFFICE["who"], OFFICE["reason"], version) for version in (2, 3, 4)),
    ]


async def test_a_key_that_an_administrator_put_into_the_file_is_taken_up_by_the_next_rotation(
    serve: Serve, nc: Client, key_file: KeyFile
) -> None:
    async with serve():
        before = await identify(nc, EXCHANGE, **BANK)
        given = key_file.read().with_new(7)
        key_file.write(given)
        assert await identify(nc, EXCHANGE, **BANK) == before
        assert (await rotate(nc)).version == 7
        assert key_file.read() == given
        assert await identify(nc, EXCHANGE, **BANK) == before


async def test_an_erased_persons_next_pseudonym_is_another_one(serve: Serve, nc: Client, tables: Tables) -> None:
    async with serve():
        first, second, third = await identify(nc, EXCHANGE[:3], **BANK)
        assert isinstance(second, str)
        by_id = await command(nc, "erase_person", ErasePerson(person=old_form(EXCHANGE[0]), **OFFICE))
        by_pseudonym = await command(nc, "erase_person", ErasePerson(person=second, **OFFICE))
        assert (by_id, by_pseudonym) == (Erased(person=str(first)).model_dump(), Erased(person=second).model_dump())
        assert [row["person"] for row in await tables.fetch("SELECT person FROM person_link")] == [third]
        again = await identify(nc, EXCHANGE[:3], **BANK)
        assert len({first, second, third, *again}) == 5
        assert again[2] == third
        refused = await command(nc, "erase_person", ErasePerson(person=second, **OFFICE))
        assert refused["code"] == "unknown_person"
        refused = await command(nc, "erase_person", ErasePerson(person=EXCHANGE[2], who="office-07", reason=f"本人 {EXCHANGE[2]} 申请"))
        assert refused["code"] == "resident_id_in_words"
    assert (await acts(tables))[1:] == [("person_erased", *OFFICE.values(), None)] * 2
    rows = await tables.fetch("SELECT * FROM person_act")
    assert not any(str(person) in str(row) for row in rows for person in (first, second)), "no act says whom it concerned"


async def kept(tables: Tables, table: str) -> bytes:
    """The file of a table."""
    await tables.execute("CHECKPOINT")
    file: bytes = await tables.fetchval("SELECT pg_read_binary_file(pg_relation_filepath($1::text::regclass))", table)
    return file


async def test_nothing_of_an_erased_link_is_left_in_the_file_of_the_table(serve: Serve, nc: Client, dsn: str, tables: Tables) -> None:
    backup = await asyncpg.connect(dsn)
    async with serve():
        erased, other = map(str, await identify(nc, EXCHANGE[:2], **BANK))
        tag = await tables.fetchval("SELECT tag FROM person_link WHERE person = $1", erased)
        before = await kept(tables, "person_link")
        assert [each in before for each in (tag, erased.encode())] == [True, True]
        async with backup.transaction(isolation="repeatable_read"):
            await backup.fetchval("SELECT count(*) FROM pg_class")  # it may see what there was before the erasing
            await command(nc, "erase_person", ErasePerson(person=erased, **OFFICE))
            after = await kept(tables, "person_link")
        assert [each in after for each in (tag, erased.encode(), other.encode())] == [False, False, True]
    await backup.close()


async def test_who_could_not_be_erased_is_erased_when_asked_for_again(
    serve: Serve, nc: Client, dsn: str, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = await asyncpg.connect(dsn, server_settings={"search_path": county_schema(COUNTY)})
    async with serve():
        erased, other = map(str, await identify(nc, EXCHANGE[:2], **BANK))
        told = ErasePerson(person=EXCHANGE[0], **OFFICE)
        async with reader.transaction():
            await reader.fetchval("SELECT count(*) FROM person_link")  # nobody may write the table anew meanwhile
            with monkeypatch.context() as patched:
                patched.setattr(links, "REWRITE_SECONDS_MAX", 0.5)
                assert (await command(nc, "erase_person", told))["code"] == "internal"
            with monkeypatch.context() as patched:
                patched.setattr(links, "REWRITE_WAIT_SECONDS_MAX", 0.5)
                erasing, asking = await asyncio.gather(command(nc, "erase_person", told), identify(nc, EXCHANGE[:2], **BANK))
                assert erasing["code"] == "table_in_use"
                assert asking == [erased, other]
        assert await identify(nc, EXCHANGE[:2], **BANK) == [erased, other], "nothing was done by halves"
        assert "person_erased" not in {act for act, *_ in await acts(tables)}
        assert await command(nc, "erase_person", told) == {"person": erased}
        after = await kept(tables, "person_link")
        assert [each.encode() in after for each in (erased, other)] == [False, True]
    await reader.close()


async def test_what_an_earlier_release_left_of_persons_erased_is_gone_once_it_is_migrated(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = await asyncpg.connect(database, server_settings={"search_path": county_schema(COUNTY)})
    earlier = shutil.copytree(migrating.MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("0003_*"))
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "MIGRATIONS", earlier)
        await migrating.migrate(database, COUNTY, "persons")
    erased = "P0123456789ABCDEF"
    await tables.execute("INSERT INTO person_key VALUES (1, '')")
    await tables.execute("INSERT INTO person_link VALUES (1, sha256('x'), $1)", erased)
    await tables.execute("DELETE FROM person_link")
    await tables.execute("INSERT INTO person_act (act, who, reason, person, persons) VALUES ('person_erased', 'w', 'r', $1, 1)", erased)
    for table in ("person_link", "person_act"):
        assert erased.encode() in await kept(tables, table)
    await migrating.migrate(database, COUNTY, "persons")
    for table in ("person_link", "person_act"):
        assert erased.encode() not in await kept(tables, table)
    assert [tuple(row) for row in await tables.fetch("SELECT act, who, reason, persons FROM person_act")] == [
        ("person_erased", "w", "r", 1)
    ]
    await tables.close()


async def test_who_asks_for_too_many_waits_and_nobody_else_does(serve: Serve, nc: Client) -> None:
    many = [resident_id(number) for number in range(1000)]
    async with serve(identify_per_minute=IDS_MAX):
        persons = await identify(nc, many, **BANK)
        assert len(set(persons)) == IDS_MAX
        body = orjson.dumps({"ids": many[:50]})
        refused = await nc.request(subjects.identify(**BANK), body, timeout=10)
        assert refused.headers is not None
        assert refused.headers[subjects.ERROR_HEADER] == "rate_limited"
        started = time.monotonic()
        assert await identify(nc, many[:10], **SCHOOL) == persons[:10]
        assert time.monotonic() - started < 0.5
        assert await identify(nc, many[:50], **BANK) == persons[:50], "the client waits as long as it is told"
        assert time.monotonic() - started > 1.0


async def test_who_tries_out_one_id_after_the_other_is_stopped_for_the_day(serve: Serve, nc: Client) -> None:
    async with serve(identify_per_day=IDS_MAX):
        await identify(nc, [resident_id(number) for number in range(IDS_MAX)], **BANK)
        with pytest.raises(IdentifyRefused, match=r"in 24\.0 hours"):
            await identify(nc, [resident_id(number) for number in range(IDS_MAX)], **BANK)
        assert len(await identify(nc, EXCHANGE[:3], **SCHOOL)) == 3


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"ids": []}', b'{"ids": [7]}', b'{"ids": ["1"], "names": []}', b"\xff"])
async def test_what_cannot_be_read_is_refused_and_not_repeated(body: bytes, serve: Serve, nc: Client) -> None:
    async with serve():
        reply = await nc.request(subjects.identify(**BANK), body, timeout=10)
    assert orjson.loads(reply.data)["code"] == "unreadable"


async def test_more_ids_than_a_request_holds_go_in_several(serve: Serve, nc: Client) -> None:
    ids = [resident_id(number % 1000, born=f"1987041{number // 1000}") for number in range(2500)]
    async with serve():
        persons = await identify(nc, ids, **BANK)
        body = orjson.dumps({"ids": ids[: IDS_MAX + 1]})
        assert orjson.loads((await nc.request(subjects.identify(**BANK), body, timeout=10)).data)["code"] == "unreadable"
    assert len(set(persons)) == 2500


async def test_with_lost_keys_nobody_is_taken_for_somebody_new(serve: Serve, nc: Client, key_file: KeyFile, tables: Tables) -> None:
    async with serve():
        before = await identify(nc, EXCHANGE, **BANK)
    kept = key_file.read()
    key_file.path.unlink()
    for wrong in (None, kept.only(()).with_new(1)):
        if wrong is not None:
            key_file.write(wrong)
        async with serve():
            with pytest.raises(IdentifyRefused, match="restore it from its backup") as refused:
                await identify(nc, EXCHANGE, **BANK)
            assert refused.value.reason.code == "keys_unusable"
            key_file.write(kept)
            assert await identify(nc, EXCHANGE, **BANK) == before, "as soon as it is restored"
    assert await tables.fetchval("SELECT count(*) FROM person_link") == len(EXCHANGE)


async def test_a_file_lost_while_the_service_runs_is_made_whole_by_a_rotation(serve: Serve, nc: Client, key_file: KeyFile) -> None:
    async with serve():
        before = await identify(nc, EXCHANGE, **BANK)
        key_file.path.unlink()
        await rotate(nc)
        assert set(key_file.read().by_version) == {1, 2}
    async with serve():
        assert await identify(nc, EXCHANGE, **BANK) == before


async def test_without_a_key_file_and_without_a_registry_the_asker_is_told(serve: Serve, nc: Client) -> None:
    async with serve(person_keys=None):
        with pytest.raises(IdentifyRefused, match="KAIYE_PERSON_KEYS"):
            await identify(nc, EXCHANGE, **BANK)
    with pytest.raises(NobodyIdentifies, match=r"identify\.registry\.bank\.core"):
        await identify(nc, EXCHANGE, silence_seconds_max=0.2, **BANK)


def test_the_error_of_unusable_keys_has_both_languages(key_file: KeyFile) -> None:
    key_file.path.mkdir()
    with pytest.raises(KeysUnusable, match=" / the key file"):
        key_file.read()
