"""Persons over HTTP: who sees whole pseudonyms, for which reason, and that it is on record before they are shown."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from pydantic import ValidationError

from deploy.nats.accounts import DOOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed, public_key
from services.indicators.api.questions import Unmasking
from services.registry.rules import RULES
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import parse_record
from shared.event_store.interface import EventStore
from shared.settings import Settings
from shared.tokens import digest_of, new_token
from shared.users import AdministratorUser, CountyUsers, DepartmentUser, Role, users_toml
from shared.write_app import create_write_app
from tests.indicators.api.system import COUNTY, SECONDS_MAX, System, serving, until
from tests.support.memory_store import MemoryStore
from tests.support.nats import KeyedBroker

ROLES: dict[str, Role] = {"bank": "department", "chuangjianban": "office", "auditor": "evaluator"}
SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", DOOR, "operator", *ROLES)}
TOKENS = {name: new_token() for name in ("operator", *ROLES)}
KEYS = {name: public_key(seed) for name, seed in SEEDS.items()}
USERS = CountyUsers(
    registry=KEYS["registry"], training=KEYS["training"], finance=KEYS["finance"], indicators=KEYS["indicators"], door=KEYS[DOOR],
    administrator=AdministratorUser(nkey=KEYS["operator"], token=digest_of(TOKENS["operator"])),
    departments=tuple(
        DepartmentUser(department=name, system="core", nkey=KEYS[name], token=digest_of(TOKENS[name]), role=role)
        for name, role in ROLES.items()
    ),
)  # fmt: skip
PERSONS = tuple(f"P00000000000000{number:02d}" for number in range(5))
EXPLAINED = "/explain/activity_index"
DIFFERENCE = ("/diff/activity_index", {"from": "2025-01-01", "to": "2025-12-31"})
UNMASKED = {"unmasked": "true", "why": "考评验收佐证"}


class Door:
    """The HTTP door, and what the registry behind it has recorded."""

    def __init__(self, system: System, store: MemoryStore) -> None:
        self.system = system
        self._store = store

    async def get(self, path: str, by: str, **asked: str) -> httpx.Response:
        return await self.system.http.get(path, params=asked, headers={"Authorization": f"Bearer {TOKENS[by]}"})

    async def report(
        self, by: str, number: int, type_: str, data: dict[str, Any], day: str = "2025-03-03", outcome: str = "recorded"
    ) -> None:  # fmt: skip
        told = {
            "specversion": "1.0", "id": f"r-{number}", "source": f"/{COUNTY}/{by}/core", "type": f"registry.{type_}.v1", "occurred": day,
            "data": data,
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {TOKENS[by]}"}
        answer = await self.system.http.post("/reports", json=told, headers=headers, params={"wait": str(SECONDS_MAX)})
        assert answer.json()["reports"][0]["outcome"] == outcome, answer.text

    def exports(self) -> list[dict[str, Any]]:
        rows = [parse_record(row.raw) for row in self._store.record_rows]
        return [dict(row.data) for row in rows if row.type == "registry.roster_exported"]

    async def followed(self) -> None:
        live = self.system.app.questions
        await until(lambda: live.ready and live.live.snapshot().positions["registry"] == len(self._store.record_rows))


@asynccontextmanager
async def registry(broker: KeyedBroker, store: MemoryStore) -> AsyncIterator[None]:
    """The real write service on a store in memory, by whose clock it goes on."""

    @asynccontextmanager
    async def open_store(_: Settings, service: Service) -> AsyncIterator[EventStore]:
        assert service == "registry"
        yield store

    settings = Settings(
        county=COUNTY, nats_url=broker.address, database_url="postgresql://none", nats_nkey_seed=SEEDS["registry"],
        nats_inbox=inbox_of("registry"), simulated_clock=store.head_row.simulated is not None,
    )  # fmt: skip
    app = create_write_app(settings, RULES, open_store)
    await app.start()
    try:
        yield
    finally:
        await app.stop()


@asynccontextmanager
async def opened(tmp_path: Path, dsn: str, simulated: datetime | None) -> AsyncIterator[Door]:
    """A county with one firm of five founders; in a demonstration the clock stands at an instant."""
    broker = KeyedBroker(tmp_path / "nats", accounts_conf({COUNTY: USERS}, date(2026, 3, 2)))
    listed, store = tmp_path / "departments.toml", MemoryStore("registry", COUNTY)
    listed.write_text(users_toml({COUNTY: USERS}))
    store.head_row = replace(store.head_row, simulated=simulated)
    keys = {
        "nats_nkey_seed": SEEDS["indicators"], "nats_inbox": inbox_of("indicators"), "door_nkey_seed": SEEDS[DOOR],
        "door_inbox": inbox_of(DOOR), "insecure": False, "departments": listed,
    }  # fmt: skip
    broker.start()
    try:
        async with registry(broker, store), serving(broker.address, dsn, ask=SEEDS["bank"], **keys) as system:
            found = Door(system, store)
            await found.report("chuangjianban", 1, "unit_listed", {"code": COUNTY, "name": "安岭县"}, "2020-01-01")
            await found.report("bank", 2, "entity_registered", {
                "unit": COUNTY, "entity": "330127000000001", "name": "甲", "entity_kind": "enterprise", "industry": "C20",
                "founders": [{"person": person} for person in PERSONS],
            })  # fmt: skip
            await found.followed()
            yield found
    finally:
        broker.stop()


@pytest_asyncio.fixture
async def door(tmp_path: Path, dsn: str) -> AsyncIterator[Door]:
    async with opened(tmp_path, dsn, None) as found:
        yield found


async def test_persons_are_masked_for_everybody_and_told_apart_page_by_page(door: Door) -> None:
    for by in TOKENS:
        answers = [await door.get(EXPLAINED, by, as_of="2025-12-31"), await door.get(DIFFERENCE[0], by, **DIFFERENCE[1])]
        for answer in answers:
            assert answer.status_code == 200, answer.text
            assert not any(person in answer.text for person in PERSONS), by
        whole = [each["subject"] for each in answers[0].json()["subjects"]]
        assert len(set(whole)) == len(PERSONS)
        seen, after = list[str](), dict[str, str]()
        while True:
            page = await door.get(EXPLAINED, by, as_of="2025-12-31", limit="2", **after)
            assert not any(person in page.text for person in PERSONS), "nor in the place to go on after"
            seen += [each["subject"] for each in page.json()["subjects"]]
            if page.json()["next"] is None:
                break
            after = {"after": page.json()["next"]}
        assert seen == whole
    assert door.exports() == []


async def test_whole_pseudonyms_are_for_the_office_and_administrators_with_a_reason_that_is_recorded_first(door: Door) -> None:
    for path, asked in ((EXPLAINED, {"as_of": "2025-12-31"}), DIFFERENCE):
        for by in ("bank", "auditor"):
            refused = await door.get(path, by, **asked, **UNMASKED)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert (await door.get(path, "operator", **asked, unmasked="true")).json()["code"] == "no_reason"
        assert (await door.get(path, "operator", **asked, why="x")).json()["code"] == "needless_reason"
        assert (await door.get(path, "operator", **asked, unmasked="true", why="")).status_code == 422
    assert door.exports() == []
    for number, by in enumerate(("chuangjianban", "operator"), start=1):
        shown = await door.get(EXPLAINED, by, as_of="2025-12-31", **UNMASKED)
        assert shown.status_code == 200, shown.text
        assert all(person in shown.text for person in PERSONS)
        assert len(door.exports()) == number, "it is on record before it is shown"
    assert [(each["who"], each["reason"], each["masked"], each["persons"], each["roster"]) for each in door.exports()] == [
        ("chuangjianban/core", "考评验收佐证", False, 5, "activity_index.default"),
        ("administrator", "考评验收佐证", False, 5, "activity_index.default"),
    ]  # fmt: skip


def test_the_description_tells_which_reasons_are_taken() -> None:
    written = next(each for each in Unmasking.model_json_schema()["properties"]["why"]["anyOf"] if each["type"] == "string")
    for text in ("考评 佐证", "a b", *(f"{before}{chr(code)}{before}" for code in range(0x3000) for before in ("", "一"))):
        try:
            taken = Unmasking(why=text).why is not None
        except ValidationError:
            taken = False
        assert (re.fullmatch(written["pattern"].removesuffix("$"), text) is not None) == taken, repr(text)


async def test_in_a_demonstration_what_is_shown_whole_is_recorded_on_a_day_the_registry_has_not_heard_of(tmp_path: Path, dsn: str) -> None:
    async with opened(tmp_path, dsn, datetime(2025, 12, 31, 10, tzinfo=UTC)) as door:
        door.system.app.questions.live.clock.observe(datetime(2026, 1, 2, 1, tzinfo=UTC))  # another service went on
        shown = await door.get(EXPLAINED, "operator", as_of="2025-12-31", **UNMASKED)
        assert shown.status_code == 200, shown.text
        assert [each["persons"] for each in door.exports()] == [len(PERSONS)]


async def test_a_reason_that_cannot_be_recorded_shows_nobody(door: Door) -> None:
    refused = await door.get(EXPLAINED, "operator", as_of="2025-12-31", unmasked="true", why="查 11010519491231002X")
    assert (refused.status_code, refused.json()["code"]) == (400, "not_recorded")
    assert not any(person in refused.text for person in PERSONS)
    assert door.exports() == []


async def test_an_evaluator_sees_persons_cut_short_at_the_repair_desk_at_the_end_of_a_line_too(door: Door) -> None:
    await door.report(
        "bank", 3, "fact_voided", {"source": f"/{COUNTY}/bank/core", "id": "r-9", "reason": f"见：\n{PERSONS[0]}"}, "2025-03-04", "waiting"
    )
    seen = {by: (await door.get("/repairs/registry/r-3", by)).json()["reports"][0] for by in ("bank", "auditor")}
    reasons = {by: each["contents"][0]["report"]["data"]["reason"] for by, each in seen.items()}
    assert reasons == {"bank": f"见：\n{PERSONS[0]}", "auditor": "见：\nP000***"}


async def test_the_recorded_bytes_are_not_for_departments(door: Door) -> None:
    refused = await door.get("/facts", "bank")
    assert (refused.status_code, json.loads(refused.text)["code"]) == (403, "not_allowed")
    for by in ("auditor", "chuangjianban", "operator"):
        assert PERSONS[0] in (await door.get("/facts", by)).text
