"""The repair desk over HTTP: in the name of whoever has the token, refused as on the bus."""

from pathlib import Path
from typing import Any

import orjson

from tests.indicators.api.system import COUNTY
from tests.indicators.api.test_reports import TOKENS, Desk, door, event, keyed, listed, training
from tests.support.memory_store import MemoryStore
from tests.support.nats import KeyedBroker

__all__ = ["keyed", "listed"]

SOURCE = f"/{COUNTY}/bank/core"


async def post(desk: Desk, call: str, id: str, *, by: str = "bank", **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"act": f"{call}-{by}-{id}", "source": SOURCE, "id": id, "why": "核对后处理", **more}
    headers = {"Authorization": f"Bearer {TOKENS[by]}", "Content-Type": "application/json"}
    done = await desk.http.post(f"/repairs/training/acts/{call}", content=orjson.dumps(body), headers=headers)
    return done.status_code, done.json()


async def test_what_was_refused_is_seen_and_dealt_with_by_whose_it_is(keyed: KeyedBroker, dsn: str, listed: Path) -> None:
    store = MemoryStore("training", COUNTY)
    async with door(keyed, dsn, listed) as desk, training(desk.broker, store):
        unfit = event(1) | {"data": {**event(1)["data"], "course_kind": "dancing"}}
        assert (await desk.post([unfit, event(2)])).status_code == 200

        page = (await desk.get("/repairs/training?state=refused&limit=1")).json()
        assert ([(each["id"], each["state"], each["reason"]["code"]) for each in page["reports"]], page["next"]) == (
            [("r-1", "refused", "invalid")], None,
        )  # fmt: skip
        assert (await desk.get("/repairs/training", by="school")).json()["reports"] == []
        refused = await desk.get("/repairs/training?department=bank", by="school")
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_report")
        for asked in ("department=ABC", "system=%E7%94%B2", "type=a%0Ab", "search=a%0Ab", "since=1900-01-01"):
            unfit_question = await desk.get(f"/repairs/training?{asked}")
            assert (unfit_question.status_code, asked.partition("=")[0] in unfit_question.json()["en"]) == (422, True)
        whole = (await desk.get("/repairs/training/r-1")).json()["reports"][0]
        assert whole["contents"][0]["report"]["data"]["course_kind"] == "dancing"

        changes = [{"path": "data.course_kind", "value": "start_up"}]
        assert (await post(desk, "correct", "r-1", by="school", changes=changes))[1]["code"] == "not_your_report"
        assert store.act_rows == {}
        code, done = await post(desk, "correct", "r-1", changes=changes)
        assert (code, done["outcome"], done["who"], done["again"]) == (200, "recorded", "department bank/core", False)
        assert (await post(desk, "correct", "r-1", changes=changes))[1] == {**done, "again": True}
        for call, id, status, why in (
            ("resubmit", "r-2", 409, "recorded_already"), ("dismiss", "r-9", 404, "unknown_report"), ("resubmit", "r-1", 409, "corrected"),
        ):  # fmt: skip
            code, said = await post(desk, call, id)
            assert (code, said["code"]) == (status, why)
        assert (await post(desk, "dismiss", "r-1", why=""))[0] == 422
        assert (await desk.http.post("/repairs/training/acts/dismiss", content=b"{}")).status_code == 401


async def test_what_the_broker_forbids_the_door_is_told_as_such(keyed: KeyedBroker, dsn: str, listed: Path) -> None:
    async with door(keyed, dsn, listed, door_nkey_seed=None) as desk:  # the service's own user may not ask
        page = await desk.get("/repairs/training")
        code, said = await post(desk, "dismiss", "r-1")
        assert {(page.status_code, page.json()["code"]), (code, said["code"])} == {(502, "bus_refuses")}


async def test_where_the_service_is_away_it_is_said_and_nothing_is_done(keyed: KeyedBroker, dsn: str, listed: Path) -> None:
    async with door(keyed, dsn, listed) as desk:
        code, said = await post(desk, "dismiss", "r-1")
        assert (code, said["code"]) == (503, "no_answer")
