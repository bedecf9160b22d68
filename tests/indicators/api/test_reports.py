"""Reporting over HTTP: in one's own name, with the answer the bus gives, and nothing claimed that is not so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import nats
import orjson
import pytest
from nats.aio.client import Client

from deploy.nats.accounts import ADMINISTRATOR, DOOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed, public_key
from services.indicators.api import counter
from services.indicators.api.bodies import BODY_BYTES_MAX
from services.indicators.api.posted import REPORTS_MAX
from services.training.rules import RULES
from shared import subjects
from shared.bus import ensure_reporting, reported_config
from shared.contracts.base import SERVICES, Service
from shared.event_store.interface import EventStore
from shared.settings import Settings
from shared.subjects import REPORT_BYTES_MAX
from shared.tokens import digest_of, new_token
from shared.users import DepartmentUser, users_toml
from shared.write_app import WriteApp, create_write_app
from tests.indicators.api.system import COUNTY, SECONDS_MAX, serving
from tests.registry.persons.ids import resident_id
from tests.support.memory_store import MemoryStore
from tests.support.nats import KeyedBroker, county_users

SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", DOOR, ADMINISTRATOR, "bank", "school", "narrow")}
TOKENS = {name: new_token() for name in ("bank", "school", "narrow")}
KEYS = {name: public_key(seed) for name, seed in SEEDS.items()}
USERS = county_users(
    SEEDS,
    *(
        DepartmentUser(
            department=name, system="core", nkey=KEYS[name], token=digest_of(TOKENS[name]),
            may_report=("training.course_opened",) if name == "narrow" else (),
        )
        for name in TOKENS
    ),
).model_copy(update={"door": KEYS[DOOR]})  # fmt: skip
IN_TIME = {"wait": str(SECONDS_MAX)}


def event(number: int = 1, *, by: str = "bank", **more: Any) -> dict[str, Any]:
    """A course that opens: recorded whatever else there is."""
    data = {"course": f"C{number}", "name": "创业培训班", "course_kind": "start_up", "institution": "县就业训练中心"}
    return {
        "specversion": "1.0", "id": f"r-{number}", "source": f"/{COUNTY}/{by}/core", "type": "training.course_opened.v1",
        "occurred": "2020-03-02", "data": data, **more,
    }  # fmt: skip


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[KeyedBroker]:
    server = KeyedBroker(tmp_path / "nats", accounts_conf({COUNTY: USERS}, date(2026, 3, 2)))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "departments.toml"
    file.write_text(users_toml({COUNTY: USERS}))
    return file


class Desk:
    """The door at which a department reports, and the bus behind it."""

    def __init__(self, http: httpx.AsyncClient, broker: KeyedBroker) -> None:
        self.http = http
        self.broker = broker

    async def post(self, body: Any, *, by: str = "bank", kind: str = "application/json", **query: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"Authorization": f"Bearer {TOKENS[by]}", "Content-Type": kind}
        return await self.http.post("/reports", content=content, headers=headers, params={**IN_TIME, **query})

    async def get(self, path: str, *, by: str = "bank") -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {TOKENS[by]}"})

    async def identify(self, body: Any) -> httpx.Response:
        return await self.http.post("/identify", content=orjson.dumps(body), headers={"Authorization": f"Bearer {TOKENS['bank']}"})

    async def reported(self) -> int:
        """How many reports ever stood in the queue."""
        async with self._as(ADMINISTRATOR) as nc:
            state = (await nc.jetstream().stream_info(subjects.reported_stream(COUNTY))).state
            return int(state.last_seq)

    @asynccontextmanager
    async def _as(self, name: str) -> AsyncIterator[Client]:
        async with await nats.connect(self.broker.address, nkeys_seed_str=SEEDS[name], inbox_prefix=inbox_of(name)) as nc:
            yield nc

    async def make_queue(self, **changes: int) -> None:
        """The streams, without the service that answers."""
        async with self._as("training") as nc:
            if changes:
                await nc.jetstream().add_stream(reported_config(COUNTY), **changes)
            await ensure_reporting(nc.jetstream(), COUNTY, "training", batch_size=10)


@asynccontextmanager
async def door(broker: KeyedBroker, dsn: str, listed: Path, **changes: Any) -> AsyncIterator[Desk]:
    """The indicators service with its own key, and the door's."""
    keys = {
        "nats_nkey_seed": SEEDS["indicators"], "nats_inbox": inbox_of("indicators"), "door_nkey_seed": SEEDS[DOOR],
        "door_inbox": inbox_of(DOOR), "insecure": False, "departments": listed,
    }  # fmt: skip
    async with serving(broker.address, dsn, ask=SEEDS["school"], **{**keys, **changes}) as system:
        yield Desk(system.http, broker)


@asynccontextmanager
async def training(broker: KeyedBroker, store: MemoryStore | None = None) -> AsyncIterator[WriteApp]:
    """The real write service on a store in memory."""
    kept = store or MemoryStore("training", COUNTY)

    @asynccontextmanager
    async def open_store(_: Settings, service: Service) -> AsyncIterator[EventStore]:
        assert service == kept.service
        yield kept

    settings = Settings(
        county=COUNTY, nats_url=broker.address, database_url="postgresql://none", nats_nkey_seed=SEEDS["training"],
        nats_inbox=inbox_of("training"),
    )  # fmt: skip
    app = create_write_app(settings, RULES, open_store)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()
    assert app.failure is None, app.failure


@pytest.fixture
def open_door(keyed: KeyedBroker, dsn: str, listed: Path) -> "AbstractAsyncContextManager[Desk]":
    return door(keyed, dsn, listed)


async def test_a_fact_is_recorded_and_sent_again_it_is_the_same_one(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk, training(desk.broker):
        first = await desk.post(event())
        assert first.status_code == 200, first.text
        (answer,) = first.json()["reports"]
        assert (answer["id"], answer["outcome"], answer["code"], answer["revision"]) == ("r-1", "recorded", "recorded", 1)
        assert answer["position"] > 0
        assert (await desk.post(event())).json() == first.json()
        assert (await desk.get("/reports/r-1")).json() == answer
        (conflict,) = (await desk.post(event() | {"occurred": "2020-03-03"})).json()["reports"]
        assert (conflict["outcome"], conflict["code"]) == ("refused", "conflict")
        told = {name: conflict[name] for name in ("code", "zh", "en")}
        assert (await desk.get("/reports/r-1")).json() == answer | {"later_refused": told}, "the fact is recorded, whatever came later"


async def test_what_waits_is_told_to_wait_although_another_content_came_under_its_id(open_door: AbstractAsyncContextManager[Desk]) -> None:
    unopened = event(2) | {"type": "training.course_closed.v1", "data": {"course": "C1"}}
    async with open_door as desk:
        async with training(desk.broker):
            (waiting,) = (await desk.post(unopened)).json()["reports"]
            (conflict,) = (await desk.post(event(2))).json()["reports"]
            assert (waiting["outcome"], conflict["code"]) == ("waiting", "conflict")
            told = (await desk.get("/reports/r-2")).json()
            assert told.pop("later_refused")["code"] == "conflict"
            assert told == {name: value for name, value in waiting.items() if name != "later_refused"}
            await desk.post(event(1))
            assert (await desk.get("/reports/r-2")).json()["outcome"] == "recorded"
            await desk.post(event(2))
        away = await desk.get("/reports/r-2")
        assert (away.status_code, away.json()["code"]) == (503, "nobody_answers"), "nobody is told that it is refused"


async def test_many_are_answered_in_their_order_however_they_are_written(open_door: AbstractAsyncContextManager[Desk]) -> None:
    unopened = event(2) | {"type": "training.course_closed.v1", "data": {"course": "C9"}}
    unfit = event(3) | {"data": {"course": "C3"}}
    async with open_door as desk, training(desk.broker):
        listed = await desk.post([unfit, event(1), unopened])
        assert listed.status_code == 200, listed.text
        answers = listed.json()["reports"]
        assert [(each["id"], each["outcome"]) for each in answers] == [("r-3", "refused"), ("r-1", "recorded"), ("r-2", "waiting")]
        lines = b"\n".join(orjson.dumps(each) for each in (unfit, event(1), unopened)) + b"\n\n"
        again = await desk.post(lines, kind="application/x-ndjson; charset=utf-8")
        assert [(each["id"], each["outcome"]) for each in again.json()["reports"]] == [(each["id"], each["outcome"]) for each in answers]
        many = [event(number) for number in range(10, 10 + REPORTS_MAX)]
        answered = (await desk.post(many, kind="application/cloudevents-batch+json")).json()["reports"]
        assert [each["id"] for each in answered] == [each["id"] for each in many]
        assert {each["outcome"] for each in answered} == {"recorded"}


async def test_nobody_reports_in_anothers_name_or_what_it_may_not(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk:
        await desk.make_queue()
        for report, by, code in (
            (event(by="school"), "bank", "other_source"),
            (event() | {"source": f"/{COUNTY}/bank/other"}, "bank", "other_source"),
            (event() | {"source": "/990101000000/bank/core"}, "bank", "other_source"),
            (event(by="narrow") | {"type": "training.course_closed.v1"}, "narrow", "type_not_allowed"),
        ):
            answer = await desk.post([event(7, by=by), report], by=by)
            assert (answer.status_code, answer.json()["code"]) == (403, code)
            assert answer.json()["en"].startswith("report 2: ")
        assert await desk.reported() == 0, "not even those of the same request that were well"


async def test_the_answer_to_anothers_report_is_not_told(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk, training(desk.broker):
        assert (await desk.post(event())).json()["reports"][0]["outcome"] == "recorded"
        answer = await desk.get("/reports/r-1", by="school")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_answer")
        assert (await desk.get("/reports/r-1")).status_code == 200


async def test_what_holds_a_resident_id_or_is_too_large_never_reaches_the_bus(open_door: AbstractAsyncContextManager[Desk]) -> None:
    id = resident_id(7)
    named = event(1) | {"data": {"course": "C1", "name": f"班 {id[:6]} {id[6:]}"}}
    large = event(2) | {"data": {"course": "C1", "name": "长" * REPORT_BYTES_MAX}}
    async with open_door as desk:
        await desk.make_queue()
        answer = await desk.post([named, large])
        assert answer.status_code == 200
        assert [(each["outcome"], each["code"], each["revision"]) for each in answer.json()["reports"]] == [
            ("refused", "resident_id", 0), ("refused", "too_large", 0),
        ]  # fmt: skip
        assert await desk.reported() == 0
        in_its_day = await desk.post(event() | {"occurred": id})
        assert in_its_day.status_code == 422
        assert id not in in_its_day.text


@pytest.mark.parametrize(("body", "kind", "status", "code"), [
    (b"{", "application/json", 400, "not_json"),
    (b"\xff", "application/json", 400, "not_json"),
    (b'{"id": "a"}\n{"id"', "application/x-ndjson", 422, "invalid"),
    (b"{\n", "application/x-ndjson", 400, "not_json"),
    (b"a=b", "application/x-www-form-urlencoded", 415, "bad_content_type"),
    (b"3", "application/json", 422, "not_an_object"),
    (b"[3]", "application/json", 422, "not_an_object"),
    (b"[]", "application/json", 422, "no_reports"),
    (b"", "application/x-ndjson", 422, "no_reports"),
    (orjson.dumps(event() | {"id": "a b"}), "application/json", 422, "invalid"),
    (orjson.dumps(event() | {"type": f"training.{'a' * 5000}.v1"}), "application/json", 422, "invalid"),
    (orjson.dumps([event(), event()]), "application/json", 422, "repeated_id"),
    (orjson.dumps([event(number) for number in range(REPORTS_MAX + 1)]), "application/json", 422, "too_many_reports"),
    (b"[" + orjson.dumps(event()).replace(b'"C1"', b"[" * 400 + b"]" * 400) + b"]", "application/json", 422, "too_deep"),
    (b"[" * 5000, "application/json", 400, "not_json"),
    (b" " * (BODY_BYTES_MAX + 1), "application/json", 413, "body_too_long"),
])  # fmt: skip
async def test_what_is_no_report_is_named_and_nothing_is_sent(
    open_door: AbstractAsyncContextManager[Desk], body: bytes, kind: str, status: int, code: str
) -> None:
    async with open_door as desk:
        await desk.make_queue()
        answer = await desk.post(body, kind=kind)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert all(answer.json()[language] for language in ("zh", "en"))
        assert await desk.reported() == 0


async def test_who_is_not_answered_in_time_is_told_where_to_look(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk:
        await desk.make_queue()
        answer = await desk.post([event(1), event(2)], wait="0.1")
        assert (answer.status_code, answer.headers["location"], answer.headers["retry-after"]) == (202, "/reports/r-1", "1")
        assert [each["outcome"] for each in answer.json()["reports"]] == ["unanswered", "unanswered"]
        assert await desk.reported() == 2, "what is said to be in the queue is there"
        assert (await desk.get("/reports/r-1")).status_code == 404
        async with training(desk.broker):
            async with asyncio.timeout(SECONDS_MAX):
                while (later := await desk.get(answer.headers["location"])).status_code == 404:
                    await asyncio.sleep(0.02)
            assert later.json()["outcome"] == "recorded"


async def test_two_who_report_under_one_id_at_once_get_each_their_own_answer(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk, training(desk.broker):
        others = [event() | {"occurred": f"2020-03-{day:02d}"} for day in range(3, 9)]
        answers = await asyncio.gather(*(desk.post(each) for each in (event(), *others)))
        outcomes = [answer.json()["reports"][0]["outcome"] for answer in answers]
        assert sorted(outcomes) == ["recorded", *["refused"] * len(others)]


async def test_who_reports_what_is_under_way_is_told_that_nothing_was_sent(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk:
        await desk.make_queue()
        first = asyncio.create_task(desk.post(event(), wait="10"))
        async with asyncio.timeout(SECONDS_MAX):
            while not await desk.reported():
                await asyncio.sleep(0.02)
        second = await desk.post([event(2), event()])
        assert (second.status_code, second.json()["code"]) == (503, "busy")
        assert await desk.reported() == 1
        assert (await first).status_code == 202
        assert (await desk.post(event(), wait="0")).status_code == 202, "it may be reported again afterwards"


async def test_while_the_bus_is_away_nothing_is_claimed(open_door: AbstractAsyncContextManager[Desk]) -> None:
    store = MemoryStore("training", COUNTY)
    async with open_door as desk:
        async with training(desk.broker, store):
            assert (await desk.post(event(1))).status_code == 200
        desk.broker.kill()
        async with asyncio.timeout(SECONDS_MAX):
            answer = await desk.post(event(2), wait="0.1")
        assert (answer.status_code, answer.json()["code"]) == (503, "bus_away")
        assert int(answer.headers["retry-after"]) > 0
        assert (await desk.get("/reports/r-1")).status_code == 503
        assert (await desk.identify({"ids": [resident_id(1)]})).status_code == 503
        desk.broker.start()
        async with asyncio.timeout(SECONDS_MAX), training(desk.broker, store):
            while (answer := await desk.post(event(2))).status_code == 503:
                await asyncio.sleep(0.05)
        assert answer.json()["reports"][0]["outcome"] == "recorded"


async def test_a_full_queue_takes_nothing_and_says_so(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk:
        await desk.make_queue(max_bytes=1_000)
        answers = [await desk.post(event(number), wait="0") for number in range(1, 6)]
        taken = sum(answer.status_code == 202 for answer in answers)
        assert 0 < taken < len(answers)
        assert {(answer.status_code, answer.json()["code"]) for answer in answers[taken:]} == {(503, "queue_full")}
        assert await desk.reported() == taken


async def test_without_a_queue_nothing_is_said_to_be_in_it(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk:
        answer = await desk.post(event(), wait="0")
        assert (answer.status_code, answer.json()["code"]) == (503, "bus_away")


async def test_what_the_broker_forbids_the_door_is_told_as_such(keyed: KeyedBroker, dsn: str, listed: Path) -> None:
    own = {"door_nkey_seed": None}  # the service's own user may not report
    async with door(keyed, dsn, listed, **own) as desk:
        await desk.make_queue()
        for answer in (await desk.post(event(), wait="0"), await desk.identify({"ids": [resident_id(1)]})):
            assert (answer.status_code, answer.json()["code"]) == (502, "bus_refuses")
        assert await desk.reported() == 0


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": [3]}, {"ids": ["1" * 65]}, [], {"ids": [resident_id(1)], "more": 1}])
async def test_a_list_of_ids_that_cannot_be_read_is_not_repeated(open_door: AbstractAsyncContextManager[Desk], body: Any) -> None:
    async with open_door as desk:
        answer = await desk.identify(body)
        assert (answer.status_code, answer.json()["code"]) == (422, "unreadable")
        assert resident_id(1) not in answer.text


async def test_where_nobody_exchanges_ids_it_is_said(open_door: AbstractAsyncContextManager[Desk]) -> None:
    async with open_door as desk:
        answer = await desk.identify({"ids": [resident_id(1)]})
        assert (answer.status_code, answer.json()["code"]) == (503, "nobody_answers")
        assert "retry-after" in answer.headers


async def test_a_service_that_answers_nothing_holds_nobody_up_at_the_others_and_no_system_takes_every_turn(
    keyed: KeyedBroker, dsn: str, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing answers for finance; four times as many of its reports as one request may hold come from one department."""
    monkeypatch.setattr(counter, "TURN_SECONDS_MAX", 1.0)
    applied = [[event(REPORTS_MAX * batch + number, type="finance.loan_applied.v1") for number in range(REPORTS_MAX)] for batch in range(4)]
    async with door(keyed, dsn, listed) as desk, training(keyed):
        stopped = [asyncio.create_task(desk.post(batch, wait="12")) for batch in applied]
        while len(done := {task for task in stopped if task.done()}) < 3:
            await asyncio.wait(set(stopped) - done, return_when=asyncio.FIRST_COMPLETED)
        refused = [task.result() for task in done]
        assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "busy")}
        said = refused[0].json()
        assert "本系统已有 1000 条报送在等待 finance 服务的答复" in said["zh"]
        assert "this system has 1000 reports waiting for the service finance" in said["en"]
        for by in ("school", "bank"):
            answer = await desk.post(event(9001, by=by) | {"data": {**event()["data"], "course": f"C-{by}"}}, by=by)
            assert (answer.status_code, answer.json()["reports"][0]["outcome"]) == (200, "recorded"), answer.text
        other = await desk.post(event(9002, by="school", type="finance.loan_applied.v1"), by="school", wait="0")
        assert other.status_code == 202, "another system has its own share of the turns at finance too"
        assert sorted(answer.status_code for answer in await asyncio.gather(*stopped)) == [202, 503, 503, 503]


async def test_who_is_answered_or_gives_up_gives_the_turns_back(
    keyed: KeyedBroker, dsn: str, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(counter, "TURN_SECONDS_MAX", 0.5)
    monkeypatch.setattr(counter, "SHARE_MAX", 3)
    monkeypatch.setattr(counter, "UNDER_WAY_MAX", 4)
    loans = [event(number, type="finance.loan_applied.v1") for number in range(3)]
    async with door(keyed, dsn, listed) as desk:
        await desk.make_queue()
        for _ in range(3):
            assert (await desk.post(loans, wait="0")).status_code == 202
        mixed = [event(7, type="training.course_closed.v1"), event(8, type="registry.venue_opened.v1")]
        both = asyncio.gather(desk.post(loans, wait="4"), desk.post(mixed, wait="4"))
        async with asyncio.timeout(SECONDS_MAX):
            while await desk.reported() < 9 + 3 + 2:
                await asyncio.sleep(0.02)
        others = [event(number, by="school", type="finance.loan_applied.v1") for number in range(2)]
        busy = await desk.post(others, by="school", wait="0")
        assert (busy.status_code, busy.json()["code"]) == (503, "busy")
        assert "the service finance is behind: 4 reports" in busy.json()["en"]
        assert (await desk.post(others[:1], by="school", wait="0")).status_code == 202, "the fourth of finance"
        assert [answer.status_code for answer in await both] == [202, 202]
        assert (await desk.post(others, by="school", wait="0")).status_code == 202
