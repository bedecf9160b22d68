"""The links between resident ids and pseudonyms, in tables of the registry's own schema. The ids themselves are not among what is stored.

Whatever changes links (new ones, re-tagging, erasing, another key) locks the table against other changes first, so that two who ask for
one person at once get one pseudonym, whatever process answers them. Who only asks for persons that are known waits for nobody.

A key is on the disk before the database knows its version; whoever dies in between leaves a key that the next rotation takes up.

An act says who did what, when and why, and never whom it concerned. Of a person erased this matters most: the pseudonym goes on
standing in facts, bundles and proofs, and beside the account, the moment and the reason of its erasing (`张三申请`) it would tell whose it
was, which is what erasing takes away. Whoever asked for it is told the pseudonym once, in the reply.
"""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.registry.persons.keys import KeyFile, KeysUnusable, PersonKeys
from shared.county_schema import county_schema
from shared.days import instant_text
from shared.identification import ListPersonActs, PersonAct, PersonActs, Rotated
from shared.pools import close_pool

CONNECTIONS_MAX = 3
COMMAND_SECONDS_MAX = 30.0
REWRITE_SECONDS_MAX = 600.0
REWRITE_WAIT_SECONDS_MAX = 5.0
"""So long an erasure waits for those who read the table: whoever comes meanwhile to read it waits behind the erasure."""
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32."""
_DIGITS_OF_80_BITS = 16

_LOCK = "LOCK TABLE person_link IN SHARE ROW EXCLUSIVE MODE"
_NEWEST = "SELECT max(version) FROM person_key"
_KNOWN = """
SELECT link.key_version, link.tag, link.person
FROM person_link AS link JOIN unnest($1::smallint[], $2::bytea[]) AS asked (key_version, tag) USING (key_version, tag)
"""
_RETAG = """
UPDATE person_link AS link SET key_version = $3, tag = seen.tag
FROM unnest($1::text[], $2::bytea[]) AS seen (person, tag) WHERE link.person = seen.person
"""
_REWRITE = "ALTER TABLE person_link ALTER COLUMN person TYPE text USING person || ''"
"""Writes the rows that this transaction sees into a new file, and drops the old one when it is committed. VACUUM FULL does not run in a
transaction, and keeps deleted rows that an older snapshot (a backup's, a long query's) may still see.
"""
_BOUND_WAIT = "SELECT set_config('lock_timeout', $1, true)"
_ACT = "INSERT INTO person_act (act, who, reason, key_version, persons) VALUES ($1, $2, $3, $4, $5)"
_EXCHANGED = """
INSERT INTO person_act (act, who, reason, persons, day)
VALUES ('ids_exchanged', $1, $2, $3, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date)
ON CONFLICT (who, day) WHERE act = 'ids_exchanged' DO UPDATE SET persons = person_act.persons + excluded.persons, "at" = clock_timestamp()
"""
_ACTS = """
SELECT number, "at", act, who, reason, key_version, persons FROM person_act
WHERE number > $1 AND ($3::text IS NULL OR act = $3) ORDER BY number LIMIT $2
"""

Connection = Any
"""A connection of the pool: asyncpg gives a proxy of its own."""


class TableInUse(Exception):
    """Somebody else has been reading the links for longer than an erasure waits, such as a backup. Nothing was done."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """The pseudonyms of those asked for, and how many of them are new."""

    persons: dict[str, str]
    """Pseudonyms by resident id."""
    new: int


class PersonLinks:
    """The links of one county. Open them with `opened_links`."""

    def __init__(self, pool: Any, key_file: KeyFile) -> None:
        self._pool = pool
        self._key_file = key_file
        self._keys: PersonKeys | None = None

    async def prepare(self) -> None:
        """Make the first key, unless there are keys; then they are compared with the links. Raises KeysUnusable."""
        async with self._changing() as connection:
            await self._current_keys(connection)

    async def exchange(self, ids: Sequence[str]) -> Exchanged:
        """The pseudonym of each resident id (in its canonical form); whoever has none gets one. Raises KeysUnusable.

        Persons who are tagged with an older key are re-tagged with the newest.
        """
        if (keys := self._keys) is not None and await self._pool.fetchval(_NEWEST) == keys.newest:  # another copy may have a newer one
            found = await self._known(self._pool, keys, ids)
            if all(id in found and found[id][0] == keys.newest for id in ids):
                return Exchanged({id: person for id, (_, person) in found.items()}, 0)
        async with self._changing() as connection:
            keys = await self._current_keys(connection)
            found = await self._known(connection, keys, ids)
            old = [(person, keys.tag(keys.newest, id)) for id, (version, person) in found.items() if version != keys.newest]
            await connection.execute(_RETAG, [person for person, _ in old], [tag for _, tag in old], keys.newest)
            new = {id: _pseudonym() for id in ids if id not in found}
            rows = [(keys.newest, keys.tag(keys.newest, id), person) for id, person in new.items()]
            await connection.executemany("INSERT INTO person_link (key_version, tag, person) VALUES ($1, $2, $3)", rows)
        return Exchanged({id: person for id, (_, person) in found.items()} | new, len(new))

    async def erase(self, *, id: str | None = None, person: str | None = None, who: str, reason: str) -> str | None:
        """Delete the link of one person, known by resident id or by pseudonym: the pseudonym it was; None when there is no such link.

        The table is written anew with it: a deleted row stays in its file otherwise, and the same id is tagged alike when it comes again,
        which would tell whose the old pseudonym was. Either both are done or neither, so that it can be asked for again. Raises
        KeysUnusable, TableInUse.
        """
        try:
            async with self._changing() as connection:
                if id is not None:
                    found = await self._known(connection, await self._current_keys(connection), [id])
                    person = found[id][1] if id in found else None
                erased: str | None = await connection.fetchval("DELETE FROM person_link WHERE person = $1 RETURNING person", person)
                if erased is not None:
                    await connection.execute(_ACT, "person_erased", who, reason, None, 1)
                    await connection.execute(_BOUND_WAIT, f"{REWRITE_WAIT_SECONDS_MAX * 1000:.0f}ms")
                    await connection.execute(_REWRITE, timeout=REWRITE_SECONDS_MAX)
        except asyncpg.LockNotAvailableError as error:
            raise TableInUse from error
        return erased

    async def rotate(self, *, who: str, reason: str) -> Rotated:
        """Take a new key into use: one that somebody put into the file under a newer version, otherwise a fresh one.

        Keys with which nobody is tagged any more are dropped. Raises KeysUnusable.
        """
        async with self._changing() as connection:
            used = await self._current_keys(connection)
            there = PersonKeys({**self._key_file.read().by_version, **used.by_version})
            keys = there if there.newest > used.newest else there.with_new(used.newest + 1)
            left = dict(await connection.fetch("SELECT key_version, count(*) FROM person_link GROUP BY key_version"))
            dropped = frozenset(used.by_version) - left.keys()
            self._key_file.write(keys)
            await connection.execute("DELETE FROM person_key WHERE version = ANY($1)", list(dropped))
            await self._take_into_use(connection, keys, "key_rotated", who, reason)
        self._key_file.write(keys.only({*left, keys.newest}))  # only now: before the commit the database still asks for the others
        return Rotated(version=keys.newest, left=left, dropped=tuple(sorted(dropped)))

    async def note_exchange(self, who: str, persons: int) -> None:
        """Keep of how many persons somebody asked to have ids exchanged, request by request, in one row for each day in Asia/Shanghai.

        Attempts are counted, before each of them, so that no exchange goes unnoted: one that fails and is asked for again counts twice.
        """
        await self._pool.execute(_EXCHANGED, who, "换取人员代码 / ids exchanged", persons)

    async def note_export(self, who: str, reason: str, persons: int) -> None:
        """Keep that a roster of so many persons was taken out of the system."""
        await self._pool.execute(_ACT, "roster_exported", who, reason, None, persons)

    async def acts(self, asked: ListPersonActs) -> PersonActs:
        """A page of what was done, the oldest first. Whom it concerned is not told."""
        rows = await self._pool.fetch(_ACTS, asked.after, asked.limit + 1, asked.act)
        page = [
            PersonAct(
                number=row["number"], at=instant_text(row["at"]), act=row["act"], who=row["who"], reason=row["reason"],
                key_version=row["key_version"], persons=row["persons"],
            )
            for row in rows[: asked.limit]
        ]  # fmt: skip
        return PersonActs(acts=tuple(page), next=page[-1].number if len(rows) > len(page) else None)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[Connection]:
        """A transaction that nobody else changes links beside."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_LOCK)
            yield connection

    async def _known(self, connection: Connection, keys: PersonKeys, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
        """For each resident id that has a link, the version of its key and its pseudonym."""
        asked = {(version, keys.tag(version, id)): id for id in ids for version in keys.by_version}
        rows = await connection.fetch(_KNOWN, [version for version, _ in asked], [tag for _, tag in asked])
        return {asked[version, tag]: (version, person) for version, tag, person in rows}

    async def _current_keys(self, connection: Connection) -> PersonKeys:
        """The keys in use, which the database knows by version and fingerprint. Raises KeysUnusable when they are not all there."""
        used: dict[int, bytes] = dict(await connection.fetch("SELECT version, fingerprint FROM person_key"))
        if self._keys is None or used.keys() != self._keys.by_version.keys():
            there = self._key_file.read()
            if not used:
                if not there.by_version:
                    there = there.with_new(1)
                    self._key_file.write(there)
                await self._take_into_use(connection, there, "key_made", "kaiye", "首次使用 / first use")
                used = {there.newest: there.fingerprint(there.newest)}
            lacking = sorted(
                version for version, fingerprint in used.items()
                if version not in there.by_version or there.fingerprint(version) != fingerprint
            )  # fmt: skip
            if lacking:
                versions = ", ".join(map(str, lacking))
                raise KeysUnusable(
                    f"密钥文件 {self._key_file.path} 缺少或不符第 {versions} 版密钥，请从备份恢复该文件（另用新密钥会把每个人都当成新人）/ "
                    f"the key file {self._key_file.path} lacks the right key of version {versions}: restore it from its backup "
                    "(with another key everybody would be taken for somebody new)"
                )
            self._keys = there.only(used)
        return self._keys

    async def _take_into_use(self, connection: Connection, keys: PersonKeys, act: str, who: str, reason: str) -> None:
        """Let the database know the newest key, and who took it into use."""
        version = keys.newest
        await connection.execute("INSERT INTO person_key (version, fingerprint) VALUES ($1, $2)", version, keys.fingerprint(version))
        await connection.execute(_ACT, act, who, reason, version, None)


@asynccontextmanager
async def opened_links(dsn: str, county: str, key_file: KeyFile) -> AsyncIterator[PersonLinks]:
    """The links in a migrated database. Raises what asyncpg raises."""
    settings = {"search_path": county_schema(county), "synchronous_commit": "on", "application_name": "kaiye-persons"}
    pool = await asyncpg.create_pool(
        dsn, min_size=1, max_size=CONNECTIONS_MAX, command_timeout=COMMAND_SECONDS_MAX, server_settings=settings
    )  # fmt: skip
    try:
        yield PersonLinks(pool, key_file)
    finally:
        await close_pool(pool)


def _pseudonym() -> str:
    """A fresh one: 80 random bits."""
    return "P" + "".join(secrets.choice(_DIGITS) for _ in range(_DIGITS_OF_80_BITS))
