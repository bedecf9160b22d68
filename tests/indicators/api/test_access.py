"""Who is let in at the HTTP door and for what: every role against every endpoint, refused by the server itself."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from starlette.routing import Route
from structlog.testing import capture_logs

from services.indicators.api.access import Access
from services.indicators.api.login import FORM_BYTES_MAX
from services.indicators.api.sessions import SESSION_SECONDS, TICKET_SECONDS, Secrets
from services.indicators.settings import IndicatorsSettings
from shared.clock import today
from shared.durable import put
from shared.tokens import digest_of, new_token
from shared.users import AdministratorUser, CountyUsers, DepartmentUser, Role, User, users_toml
from tests.indicators.api.system import COUNTY, SECONDS_MAX, Recorded, System, serving, settings

NKEY = "U" + "A" * 55
TOKENS = {name: new_token() for name in ("operator", "bank", "chuangjianban", "auditor", "watcher", "lapsed")}
ROLES: dict[str, Role] = {
    "bank": "department", "chuangjianban": "office", "auditor": "evaluator", "watcher": "administrator", "lapsed": "department",
}  # fmt: skip
DEPARTMENTS = {
    name: DepartmentUser(
        department=name, system="core", nkey=NKEY, token=digest_of(TOKENS[name]), role=role,
        until=today() - timedelta(days=1) if name == "lapsed" else None,
    )
    for name, role in ROLES.items()
}  # fmt: skip
ASKERS = ("operator", "bank", "chuangjianban", "auditor", "watcher")
NOBODY = ("lapsed", "stranger", "nothing")

FOR_WHOEVER_ASKS = {
    "GET /", "GET /docs", "GET /openapi.json", "GET /board", "GET /indicators", "GET /indicators/{id}", "GET /units", "GET /flags",
    "GET /duties", "GET /bulletin", "GET /rebuild", "POST /evaluation", "GET /explain/{id}", "GET /diff/{id}", "GET /changes",
    "POST /login/ticket", "GET /repairs/{service}", "GET /repairs/{service}/{id}",
}  # fmt: skip
FOR_WHOEVER_RECOMPUTES = {"GET /facts"}
FOR_WHOEVER_REPORTS = {"POST /reports", "GET /reports/{id}", "POST /identify"}
FOR_WHOEVER_REPAIRS = {f"POST /repairs/{{service}}/acts/{call}" for call in ("resubmit", "correct", "dismiss")}
FOR_ANYBODY = {"GET /login", "POST /login", "POST /logout", "GET /health", "GET /metrics"}
"""By the rules as people know them, not by the table the door goes by."""


def _let_in(name: str) -> set[str]:
    """Departments and the office report, everybody who has a token asks, all but evaluators deal with what was refused, and all but
    departments take the recorded facts, which hold everybody's pseudonyms.
    """
    asks = FOR_WHOEVER_ASKS if name in ASKERS else set()
    repairs = FOR_WHOEVER_REPAIRS if name in ASKERS and name != "auditor" else set()
    facts = FOR_WHOEVER_RECOMPUTES if name in ASKERS and name != "bank" else set()
    return FOR_ANYBODY | asks | facts | repairs | (FOR_WHOEVER_REPORTS if name in ("bank", "chuangjianban") else set())


def write_users(file: Path, *departments: DepartmentUser, operator_until: date | None = None) -> None:
    users = CountyUsers(
        registry=NKEY, training=NKEY, finance=NKEY, indicators=NKEY,
        administrator=AdministratorUser(nkey=NKEY, token=digest_of(TOKENS["operator"]), until=operator_until), departments=departments,
    )  # fmt: skip
    put(file, users_toml({COUNTY: users}).encode(), mode=0o600)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    file = tmp_path / "departments.toml"
    write_users(file, *DEPARTMENTS.values())
    return file


@pytest_asyncio.fixture
async def door(clean_nats_url: str, dsn: str, recorded: Recorded, users: Path) -> AsyncIterator[System]:
    async with serving(clean_nats_url, dsn, insecure=False, departments=users) as running:
        await running.followed(recorded)
        yield running


def bearer(name: str) -> dict[str, str]:
    return {} if name == "nothing" else {"Authorization": f"Bearer {TOKENS.get(name, 'kaiye_unknown')}"}


async def _status(http: httpx.AsyncClient, endpoint: str, headers: dict[str, str]) -> int:
    """What it is answered with; of an answer without end only the beginning."""
    method, _, path = endpoint.partition(" ")
    async with http.stream(method, path.replace("{id}", "new_enterprises"), headers=headers) as answer:
        return answer.status_code


def endpoints(system: System) -> set[str]:
    """All there are, whether described or not."""
    assert system.app.http is not None
    routes = system.app.http.routes
    assert all(isinstance(route, Route) for route in routes)
    return {
        f"{method} {route.path}" for route in routes if isinstance(route, Route) for method in (route.methods or ()) if method != "HEAD"
    }


@pytest.mark.parametrize("name", [*ASKERS, *NOBODY])
async def test_everybody_is_let_in_where_they_may_and_nowhere_else(door: System, name: str) -> None:
    everything = FOR_WHOEVER_ASKS | FOR_WHOEVER_RECOMPUTES | FOR_WHOEVER_REPORTS | FOR_WHOEVER_REPAIRS | FOR_ANYBODY
    assert endpoints(door) == everything, "an endpoint without a row"
    for endpoint in sorted(endpoints(door)):
        status = await _status(door.http, endpoint, bearer(name))
        assert (status not in (401, 403)) == (endpoint in _let_in(name) and endpoint != "POST /login"), (endpoint, status)
        assert status != 403 or name in ASKERS, "who is nobody has no role"
    # who signs in without a token is told so by the page itself
    assert await _status(door.http, "POST /login", bearer(name)) == 401


async def test_without_a_token_not_even_what_there_is_is_told(door: System) -> None:
    for path in ("/board", "/nowhere", "/board/more"):
        answer = await door.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "no_token")
        assert answer.headers["www-authenticate"] == 'Bearer realm="kaiye"'
    assert (await door.http.get("/nowhere", headers=bearer("bank"))).status_code == 404
    unsupported = await door.http.put("/board", headers=bearer("bank"))
    assert (unsupported.status_code, unsupported.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize(("headers", "code"), [
    ({"Authorization": "Basic YTpi"}, "no_token"),
    ({"Authorization": "Bearer"}, "bad_token"),
    ({"Authorization": "Bearer kaiye_unknown"}, "bad_token"),
    (bearer("lapsed"), "lapsed_token"),
    ({"Cookie": "kaiye=unknown"}, "no_token"),
])  # fmt: skip
async def test_why_somebody_is_not_let_in_is_said(door: System, headers: dict[str, str], code: str) -> None:
    answer = await door.http.get("/board", headers=headers)
    assert answer.status_code == 401
    said = answer.json()
    assert said["code"] == code
    assert all(said[language] for language in ("zh", "en"))


async def test_the_administrators_token_opens_nothing_after_its_last_day(door: System, users: Path) -> None:
    write_users(users, *DEPARTMENTS.values(), operator_until=today())
    assert (await door.http.get("/board", headers=bearer("operator"))).status_code == 200
    write_users(users, *DEPARTMENTS.values(), operator_until=today() - timedelta(days=1))
    answer = await door.http.get("/board", headers=bearer("operator"))
    assert (answer.status_code, answer.json()["code"]) == (401, "lapsed_token")


async def test_who_takes_the_recorded_facts_is_told_in_the_log(door: System) -> None:
    with capture_logs() as logged:
        for name, asked in (("auditor", {"as_of": "2025-05-01"}), ("operator", {}), ("bank", {})):
            await door.http.get("/facts", params=asked, headers=bearer(name))
    told = [{key: each.get(key) for key in ("who", "role", "as_of")} for each in logged if "facts are taken" in each["event"]]
    assert told == [
        {"who": "auditor/core", "role": "evaluator", "as_of": "2025-05-01"},
        {"who": "administrator", "role": "administrator", "as_of": None},
    ], "the bank did not get them"


async def test_what_is_sent_without_a_token_is_not_read(door: System) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.app.http_port)
    writer.write(b"POST /evaluation HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{")
    async with asyncio.timeout(SECONDS_MAX):
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
    writer.close()
    await writer.wait_closed()


async def test_who_wants_to_speak_another_protocol_is_answered_in_this_one(door: System) -> None:
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    assert (await door.http.get("/board", headers=upgrade)).status_code == 401
    assert (await door.http.get("/board", headers={**upgrade, **bearer("bank")})).status_code == 200


async def test_who_is_revoked_or_given_another_token_is_out_at_once(door: System, users: Path) -> None:
    assert (await door.http.get("/board", headers=bearer("bank"))).status_code == 200
    write_users(users, DEPARTMENTS["auditor"])
    assert (await door.http.get("/board", headers=bearer("bank"))).json()["code"] == "bad_token"
    assert (await door.http.get("/board", headers=bearer("auditor"))).status_code == 200
    fresh = new_token()
    write_users(users, DEPARTMENTS["bank"].model_copy(update={"token": digest_of(fresh)}))
    assert (await door.http.get("/board", headers=bearer("bank"))).status_code == 401
    assert (await door.http.get("/board", headers={"Authorization": f"bearer {fresh}"})).status_code == 200


async def test_who_is_revoked_while_listening_is_cut_off(door: System, users: Path, recorded: Recorded) -> None:
    async with asyncio.timeout(SECONDS_MAX), door.http.stream("GET", "/changes", headers=bearer("bank")) as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "event: changed"
        write_users(users, DEPARTMENTS["auditor"])
        recorded.founds("2025-07-02", 77)
        await recorded.publish(door.nc)
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in lines:
                pass


async def test_a_list_that_cannot_be_read_lets_nobody_in_and_the_watching_goes_on(door: System, users: Path) -> None:
    put(users, b"not toml", mode=0o600)
    answer = await door.http.get("/board", headers=bearer("bank"))
    assert (answer.status_code, answer.json()["code"]) == (503, "users_unreadable")
    assert (await door.http.get("/health")).status_code == 200
    write_users(users, DEPARTMENTS["bank"])
    assert (await door.http.get("/board", headers=bearer("bank"))).status_code == 200


async def test_a_browser_is_asked_for_a_token_and_then_goes_where_it_wanted(door: System) -> None:
    asked = await door.http.get("/board?unit=330127100000", headers={"Accept": "text/html,*/*"})
    assert asked.status_code == 401
    assert "name='to' type='hidden' value='/board?unit=330127100000'" in asked.text
    wrong = await door.http.post("/login", data={"token": "kaiye_wrong", "to": "/board"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert "令牌无效" in wrong.text
    entered = await door.http.post("/login", data={"token": TOKENS["auditor"], "to": "/board?unit=330127100000"})
    assert entered.status_code == 200
    assert "content='0;url=/board?unit=330127100000'" in entered.text
    cookie = entered.headers["set-cookie"]
    assert TOKENS["auditor"] not in cookie
    assert all(word in cookie.lower() for word in ("httponly", "samesite=strict", "max-age=43200", "path=/"))
    assert (await door.http.get("/board?unit=330127100000")).status_code == 200
    await door.http.post("/logout")
    assert (await door.http.get("/board")).status_code == 401
    stolen = cookie.partition(";")[0]
    assert (await door.http.get("/board", headers={"Cookie": stolen})).status_code == 401, "it is over for the server too"


async def test_a_browser_reports_nothing(door: System) -> None:
    await door.http.post("/login", data={"token": TOKENS["bank"]})
    for endpoint in sorted(FOR_WHOEVER_REPORTS):
        method, _, path = endpoint.partition(" ")
        answer = await door.http.request(method, path.replace("{id}", "r-1"), json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_by_cookie")


async def test_whose_token_is_revoked_is_signed_out_too(door: System, users: Path) -> None:
    await door.http.post("/login", data={"token": TOKENS["bank"]})
    assert (await door.http.get("/board")).status_code == 200
    write_users(users, DEPARTMENTS["auditor"])
    assert (await door.http.get("/board")).json()["code"] == "bad_token"


async def test_a_link_signs_in_once_without_holding_the_token(door: System) -> None:
    ticket = (await door.http.post("/login/ticket", headers=bearer("operator"))).json()
    assert TOKENS["operator"] not in ticket["path"]
    assert (await door.http.get(ticket["path"])).status_code == 200
    assert (await door.http.get("/board")).status_code == 200
    assert (await door.http.post("/login/ticket")).status_code == 401, "a browser cannot stay signed in for ever by itself"
    async with httpx.AsyncClient(base_url=door.http.base_url) as another:
        again = await another.get(ticket["path"])
    assert (again.status_code, "登录链接已用过" in again.text, "set-cookie" in again.headers) == (401, True, False)


@pytest.mark.parametrize("to", ["//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example", "javascript:alert(1)", "/\n"])
async def test_nobody_is_sent_elsewhere_after_signing_in(door: System, to: str) -> None:
    entered = await door.http.post("/login", data={"token": TOKENS["bank"], "to": to})
    assert "content='0;url=/'" in entered.text


async def test_a_form_that_is_too_long_for_a_token_is_not_taken_apart(door: System) -> None:
    entered = await door.http.post(
        "/login", content=b"a&" * FORM_BYTES_MAX + f"token={TOKENS['bank']}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert (entered.status_code, "set-cookie" in entered.headers) == (401, False)


def test_words_that_open_the_door_are_over_after_a_while_and_not_without_number() -> None:
    now = 0.0
    words = Secrets(TICKET_SECONDS, kept_max=2, clock=lambda: now)
    first, second = words.give("a"), words.give("b")
    assert [words.whose(word) for word in (first, second, "never")] == ["a", "b", None]
    assert words.give("c") not in (first, second)
    assert words.whose(first) is None, "the oldest gives way"
    now = TICKET_SECONDS
    assert words.take(second) is None
    assert SESSION_SECONDS > TICKET_SECONDS


async def test_where_no_token_is_needed_everybody_may_ask_and_a_wrong_one_is_still_told(clean_nats_url: str, dsn: str, users: Path) -> None:
    async with serving(clean_nats_url, dsn, departments=users) as system:
        assert (await system.http.get("/indicators")).status_code == 200
        assert (await system.http.get("/indicators", headers=bearer("bank"))).status_code == 200
        assert (await system.http.get("/indicators", headers=bearer("stranger"))).status_code == 401
        assert (await system.http.post("/login/ticket")).status_code == 401
        assert (await system.http.post("/reports", json={})).json()["code"] == "no_token", "reports are somebody's"
        assert (await system.http.post("/login/ticket", headers=bearer("bank"))).status_code == 200


@pytest.mark.parametrize(("changes", "said"), [
    ({"insecure": False}, "KAIYE_DEPARTMENTS"),
    ({"http_host": "0.0.0.0"}, "is for loopback addresses"),
    ({"http_host": "office"}, "is for loopback addresses"),
])  # fmt: skip
def test_a_door_is_not_left_open_by_mistake(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        settings("nats://none", "postgresql://none", **changes)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_trial_may_be_open_on_this_machine(host: str) -> None:
    assert isinstance(settings("nats://none", "postgresql://none", http_host=host), IndicatorsSettings)


def test_nobody_has_an_empty_token() -> None:
    everybody: dict[str, User] = CountyUsers(registry=NKEY, training=NKEY, finance=NKEY, indicators=NKEY).by_token
    assert everybody == {}
    assert Access(lambda: everybody, open=False).open is False
